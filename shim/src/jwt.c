#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <kore/kore.h>

#include "json.h"
#include "jwt.h"
#include "value.h"

#define TOKEN_MAX 4096
#define MAC_LEN   32
#define ISSUER    "evently"

/* {"alg":"HS256","typ":"JWT"} */
#define HEADER "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"

static EVP_MAC_CTX *mac_context;

void
jwt_init(const char *secret)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac;

	mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (mac == NULL || (mac_context = EVP_MAC_CTX_new(mac)) == NULL ||
	    !EVP_MAC_init(mac_context, (const unsigned char *)secret, strlen(secret), params))
		fatal("jwt: OpenSSL has no HMAC with SHA-256");
	EVP_MAC_free(mac);
}

static void
mac_of(const char *text, size_t len, unsigned char mac[MAC_LEN])
{
	size_t mac_len;

	/* Without a key: the one of jwt_init(), already expanded. */
	if (!EVP_MAC_init(mac_context, NULL, 0, NULL) ||
	    !EVP_MAC_update(mac_context, (const unsigned char *)text, len) ||
	    !EVP_MAC_final(mac_context, mac, &mac_len, MAC_LEN))
		fatal("jwt: HMAC failed");
}

char *
base64url_encode(const unsigned char *data, size_t len, struct arena *arena)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	char *text, *p;
	unsigned int bits = 0;
	int count = 0;
	size_t i;

	text = p = arena_alloc(arena, len * 4 / 3 + 3);
	for (i = 0; i < len; i++) {
		bits = bits << 8 | data[i];
		for (count += 8; count >= 6; count -= 6)
			*p++ = digits[bits >> (count - 6) & 63];
	}
	if (count > 0)
		*p++ = digits[bits << (6 - count) & 63];
	*p = '\0';

	return (text);
}

/* The length decoded, or -1: an unknown digit, or bits left over that are not zero. */
static long
base64url_decode(const char *text, size_t len, unsigned char *out)
{
	unsigned int bits = 0;
	int count = 0, c;
	long n = 0;
	size_t i;

	if (len % 4 == 1)
		return (-1);
	for (i = 0; i < len; i++) {
		c = (unsigned char)text[i];
		if (c >= 'A' && c <= 'Z')
			c -= 'A';
		else if (c >= 'a' && c <= 'z')
			c -= 'a' - 26;
		else if (c >= '0' && c <= '9')
			c -= '0' - 52;
		else if (c == '-' || c == '_')
			c = c == '-' ? 62 : 63;
		else
			return (-1);
		bits = bits << 6 | (unsigned int)c;
		count += 6;
		if (count >= 8) {
			count -= 8;
			out[n++] = (unsigned char)(bits >> count);
		}
	}
	return ((bits & ((1U << count) - 1)) == 0 ? n : -1);
}

/* Not time(), which goes by the last tick: a token made elsewhere in this very second would not be valid yet. */
static long long
seconds_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);

	return ((long long)now.tv_sec);
}

char *
jwt_sign(const struct jwt_claims *claims, int ttl_s, struct arena *arena)
{
	unsigned char random[16], mac[MAC_LEN];
	long long now = seconds_now();
	char *payload, *text;

	if (RAND_bytes(random, sizeof(random)) != 1)
		fatal("jwt: no random bytes");
	payload = arena_printf(arena,
	    "{\"iss\":\"" ISSUER "\",\"sub\":\"%s\",\"role\":\"%s\",\"permissions\":%s,\"ver\":%lld,\"typ\":\"access\","
	    "\"jti\":\"%s\",\"iat\":%lld,\"nbf\":%lld,\"exp\":%lld}",
	    claims->user_id, claims->role, claims->permissions, claims->version,
	    base64url_encode(random, sizeof(random), arena), now, now, now + ttl_s);
	text =
	    arena_printf(arena, HEADER ".%s", base64url_encode((const unsigned char *)payload, strlen(payload), arena));
	mac_of(text, strlen(text), mac);

	return (arena_printf(arena, "%s.%s", text, base64url_encode(mac, MAC_LEN, arena)));
}

/* The value of a string claim, or "". */
static const char *
claim_text(const struct json *json, const char *name, struct arena *arena)
{
	int node = json_find(json, 0, name);

	if (node < 0 || json->nodes[node].type != JSON_STRING)
		return ("");
	return (json_string(json, node, arena));
}

/* The value of a claim that is a whole number, or `missing`. */
static long long
claim_number(const struct json *json, const char *name, long long missing)
{
	int node = json_find(json, 0, name);
	size_t i;

	if (node < 0 || json->nodes[node].type != JSON_NUMBER || json->nodes[node].len > 15)
		return (missing);
	for (i = 0; i < json->nodes[node].len; i++) {
		if (json->nodes[node].text[i] < '0' || json->nodes[node].text[i] > '9')
			return (missing);
	}
	return (strtoll(json->nodes[node].text, NULL, 10));
}

static bool
parse_part(struct json *json, const char *text, size_t len, struct arena *arena)
{
	unsigned char *data = arena_alloc(arena, len + 1);
	long n = base64url_decode(text, len, data);

	return (n > 0 && json_parse(json, (const char *)data, (size_t)n, arena) && json->nodes[0].type == JSON_OBJECT);
}

static bool
header_is_good(const char *token, size_t len, struct arena *arena)
{
	struct json json;

	if (len == strlen(HEADER) && memcmp(token, HEADER, len) == 0)
		return (true);
	return (parse_part(&json, token, len, arena) && strcmp(claim_text(&json, "alg", arena), "HS256") == 0 &&
	    json_find(&json, 0, "crit") < 0);
}

static bool
claims_are_good(const struct json *json, struct jwt_claims *claims, struct arena *arena)
{
	long long now = seconds_now();

	claims->user_id = claim_text(json, "sub", arena);
	claims->role = claim_text(json, "role", arena);
	claims->version = claim_number(json, "ver", 0);
	claims->expires = claim_number(json, "exp", 0);

	return (value_is_uuid(claims->user_id) && strcmp(claim_text(json, "iss", arena), ISSUER) == 0 &&
	    strcmp(claim_text(json, "typ", arena), "access") == 0 && claims->expires > now &&
	    claim_number(json, "nbf", now + 1) <= now && claims->version > 0 && claims->version <= INT_MAX &&
	    (strcmp(claims->role, "user") == 0 || strcmp(claims->role, "admin") == 0));
}

bool
jwt_verify(const char *token, struct jwt_claims *claims, struct arena *arena)
{
	const char *payload, *signature;
	unsigned char mac[MAC_LEN], sent[64];
	struct json json;
	size_t len;

	memset(claims, 0, sizeof(*claims));
	if (strlen(token) > TOKEN_MAX || (payload = strchr(token, '.')) == NULL ||
	    (signature = strchr(payload + 1, '.')) == NULL)
		return (false);
	len = strlen(signature + 1);
	if (len > 64 || base64url_decode(signature + 1, len, sent) != MAC_LEN)
		return (false);
	mac_of(token, (size_t)(signature - token), mac);
	if (CRYPTO_memcmp(mac, sent, MAC_LEN) != 0)
		return (false);

	return (header_is_good(token, (size_t)(payload - token), arena) &&
	    parse_part(&json, payload + 1, (size_t)(signature - payload - 1), arena) &&
	    claims_are_good(&json, claims, arena));
}
