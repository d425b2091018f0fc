#include <arpa/inet.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "clientip.h"
#include "config.h"
#include "digits.h"

#define PROXIES_MAX  64
#define V4_BITS      96 /* before the address in a mapped one */
#define V6_SITE_BITS 64 /* what one customer has at the least */

struct network {
	struct in6_addr address;
	int bits;
};

static struct network proxies[PROXIES_MAX];
static int proxy_count;

static struct in6_addr
mapped(struct in_addr v4)
{
	struct in6_addr address;

	memset(&address, 0, sizeof(address));
	address.s6_addr[10] = address.s6_addr[11] = 0xFF;
	memcpy(&address.s6_addr[12], &v4, sizeof(v4));

	return (address);
}

static bool
parse_address(const char *text, struct in6_addr *address)
{
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		*address = mapped(v4);
		return (true);
	}
	return (inet_pton(AF_INET6, text, address) == 1);
}

static bool
parse_network(char *text, struct network *network)
{
	char *slash = strchr(text, '/'), *end;
	long most, bits;

	if (slash != NULL)
		*slash++ = '\0';
	if (!parse_address(text, &network->address))
		return (false);
	network->bits = 128;
	if (slash == NULL)
		return (true);
	most = strchr(text, ':') == NULL ? 32 : 128;
	bits = strtol(slash, &end, 10);
	if (!isdigit((unsigned char)*slash) || *end != '\0' || bits > most)
		return (false);
	network->bits = (int)(128 - most + bits);

	return (true);
}

void
client_ip_prepare(void)
{
	char *rest = kore_strdup(config.trusted_proxies), *text;

	while ((text = strsep(&rest, ", ")) != NULL) {
		if (*text == '\0')
			continue;
		if (proxy_count == PROXIES_MAX || !parse_network(text, &proxies[proxy_count++])) {
			(void)fprintf(stderr,
			    "evently: setting EVENTLY_TRUSTED_PROXIES: give up to %d addresses or networks such as "
			    "10.0.0.0/8, separated by commas\n",
			    PROXIES_MAX);
			exit(1);
		}
	}
}

static bool
is_within(const struct in6_addr *address, const struct network *network)
{
	int whole = network->bits / 8, rest = network->bits % 8;
	unsigned char mask = (unsigned char)(0xFF00 >> rest);

	return (memcmp(address->s6_addr, network->address.s6_addr, (size_t)whole) == 0 &&
	    (rest == 0 || ((address->s6_addr[whole] ^ network->address.s6_addr[whole]) & mask) == 0));
}

static bool
is_trusted(const struct in6_addr *address)
{
	int i;

	for (i = 0; i < proxy_count; i++) {
		if (is_within(address, &proxies[i]))
			return (true);
	}
	return (false);
}

struct in6_addr
client_ip_of_peer(const struct connection *c)
{
	if (c->family == AF_INET)
		return (mapped(c->addr.ipv4.sin_addr));
	return (c->addr.ipv6.sin6_addr);
}

/* One element of the header: an address, with or without a port ("192.0.2.7:80", "[2001:db8::7]:80"). */
static bool
parse_element(const char *start, const char *end, struct in6_addr *address)
{
	char text[64];
	char *colon;

	while (start < end && (*start == ' ' || *start == '\t'))
		start++;
	while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (end == start || (size_t)(end - start) >= sizeof(text))
		return (false);
	memcpy(text, start, (size_t)(end - start));
	text[end - start] = '\0';
	if (*text == '[' && (colon = strchr(text, ']')) != NULL) {
		*colon = '\0';
		return (parse_address(text + 1, address));
	}
	if ((colon = strchr(text, ':')) != NULL && strchr(colon + 1, ':') == NULL)
		*colon = '\0';

	return (parse_address(text, address));
}

/* Goes back through one header line; false when the client has been found, or nothing more can be believed. */
static bool
walk_back(const char *value, struct in6_addr *address)
{
	const char *end = value + strlen(value), *start;
	struct in6_addr before;

	for (;; end = start - 1) {
		for (start = end; start > value && start[-1] != ','; start--)
			;
		if (!parse_element(start, end, &before))
			return (false);
		*address = before;
		if (!is_trusted(address))
			return (false);
		if (start == value)
			return (true);
	}
}

struct in6_addr
client_ip_of_request(const struct http_request *http)
{
	struct in6_addr address = client_ip_of_peer(http->owner);
	const char *lines[HTTP_REQ_HEADER_MAX];
	const struct http_header *header;
	int count = 0;

	if (!is_trusted(&address))
		return (address);
	TAILQ_FOREACH(header, &http->req_headers, list) {
		if (strcasecmp(header->header, "x-forwarded-for") == 0)
			lines[count++] = header->value;
	}
	while (count > 0 && walk_back(lines[count - 1], &address))
		count--;

	return (address);
}

/* Whose doings are counted together: an IPv4 address, or the /64 network of an IPv6 one. */
struct in6_addr
client_ip_network(const struct in6_addr *address)
{
	struct in6_addr network = *address;

	if (!IN6_IS_ADDR_V4MAPPED(address))
		memset(&network.s6_addr[V6_SITE_BITS / 8], 0, 16 - V6_SITE_BITS / 8);
	return (network);
}

void
client_ip_text(const struct in6_addr *address, char text[CLIENT_IP_MAX])
{
	int i;

	if (!IN6_IS_ADDR_V4MAPPED(address)) {
		(void)inet_ntop(AF_INET6, address, text, CLIENT_IP_MAX);
		return;
	}
	for (i = V4_BITS / 8; i < 16; i++) {
		text = digits_decimal(text, address->s6_addr[i]);
		*text++ = i < 15 ? '.' : '\0';
	}
}
