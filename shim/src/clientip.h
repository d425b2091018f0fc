/*
 * The client's address, as far as it can be known.
 *
 * It is the peer of the connection, unless that is one of EVENTLY_TRUSTED_PROXIES (addresses and networks, separated
 * by commas). Then X-Forwarded-For is read from its end: each trusted proxy has appended the address that it saw, so
 * the first address that is not a trusted proxy's is the client's. What stands before it anybody may have written.
 *
 * All addresses are kept as IPv6; an IPv4 address is mapped (::ffff:a.b.c.d).
 */
#ifndef EV_CLIENTIP_H
#define EV_CLIENTIP_H

#include <netinet/in.h>

#define CLIENT_IP_MAX 46

struct http_request;
struct connection;

void client_ip_prepare(void);
struct in6_addr client_ip_of_peer(const struct connection *c);
struct in6_addr client_ip_of_request(const struct http_request *http);
struct in6_addr client_ip_network(const struct in6_addr *address);
void client_ip_text(const struct in6_addr *address, char text[CLIENT_IP_MAX]);

#endif
