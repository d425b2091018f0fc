/*
 * Any bytes as a token: refused. Any bytes as the claims of a token with a right signature: refused, or whole; what an
 * attacker can't reach, but a mistake of ours in signing could.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <kore/kore.h>

#include "jwt.h"

#define SECRET "a secret of at least thirty-two bytes"
#define HEADER "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	jwt_init(SECRET);

	return (0);
}

static char *
signed_token(const uint8_t *claims, size_t len, struct arena *arena)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int mac_len;
	char *text = arena_printf(arena, HEADER ".%s", base64url_encode(claims, len, arena));

	HMAC(EVP_sha256(), SECRET, sizeof(SECRET) - 1, (unsigned char *)text, strlen(text), mac, &mac_len);

	return (arena_printf(arena, "%s.%s", text, base64url_encode(mac, mac_len, arena)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena arena = { 0 };
	struct jwt_claims claims;

	if (jwt_verify(arena_copy(&arena, (const char *)data, len), &claims, &arena))
		abort();
	if (jwt_verify(signed_token(data, len, &arena), &claims, &arena) && (claims.user_id == NULL || claims.role == NULL))
		abort();
	arena_free(&arena);

	return (0);
}
