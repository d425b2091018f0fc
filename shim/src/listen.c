#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "config.h"
#include "listen.h"

#define WORKERS_MAX 64

static struct kore_server *server;
static int sockets[WORKERS_MAX];
static int family;

static void refuse(const char *why) __attribute__((noreturn));

static void
refuse(const char *why)
{
	fprintf(stderr,
	    "evently: could not listen on %s port %d: %s; choose another with EVENTLY_BIND and EVENTLY_PORT\n",
	    config.bind, config.port, why);
	exit(1);
}

static int
socket_open(const struct addrinfo *address, bool shared)
{
	int fd, on = 1;

	fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1)
		refuse(strerror(errno));
	if (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == -1)
		refuse(strerror(errno));
	if (bind(fd, address->ai_addr, address->ai_addrlen) == -1)
		refuse(strerror(errno));
	if (listen(fd, (int)kore_socket_backlog) == -1)
		refuse(strerror(errno));

	return (fd);
}

void
listen_open(void)
{
	struct addrinfo hints, *address;
	struct kore_domain *domain;
	char port[8];
	int i, error;

	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_STREAM;
	(void)snprintf(port, sizeof(port), "%d", config.port);
	if ((error = getaddrinfo(config.bind, port, &hints, &address)) != 0)
		refuse(gai_strerror(error));
	family = address->ai_family;
	(void)close(socket_open(address, false));
	for (i = 0; i < config.workers; i++)
		sockets[i] = socket_open(address, true);
	freeaddrinfo(address);

	server = kore_server_create("evently");
	server->tls = 0;
	domain = kore_domain_new("*");
	(void)kore_domain_attach(domain, server);
	if (!kore_module_handler_new(domain, "^/", "request_dispatch", NULL, HANDLER_TYPE_DYNAMIC))
		fatal("listen: the dispatcher is not exported");
}

/* In a worker, counted from 1: Kore starts to accept when its loop begins. */
void
listen_attach(int number)
{
	struct listener *listener;

	listener = kore_listener_create(server);
	listener->fd = sockets[number - 1];
	listener->family = family;
}

/*
 * From now on clients are refused at once: closing would not do it, as the parent holds the socket too and the kernel
 * would go on taking connections that nobody accepts.
 */
void
listen_stop(int number)
{
	(void)shutdown(sockets[number - 1], SHUT_RD);
}
