#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "config.h"
#include "listen.h"
#include "tls.h"

#define WORKERS_MAX 64
#define PORTS_MAX   8

static struct kore_server *server;
static struct kore_domain *domain;
static int sockets[PORTS_MAX][WORKERS_MAX];
static int port_count;
static int family;

static void refuse(int port, const char *why) __attribute__((noreturn));

static void
refuse(int port, const char *why)
{
	(void)fprintf(stderr,
	    "evently: could not listen on %s port %d: %s; choose another with EVENTLY_BIND and EVENTLY_PORT "
	    "(or EVENTLY_EXTRA_PORTS)\n",
	    config.bind, port, why);
	exit(1);
}

static int
socket_open(int port, const struct addrinfo *address, bool shared)
{
	int fd, on = 1;

	fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1)
		refuse(port, strerror(errno));
	if (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == -1)
		refuse(port, strerror(errno));
	if (bind(fd, address->ai_addr, address->ai_addrlen) == -1)
		refuse(port, strerror(errno));
	if (listen(fd, (int)kore_socket_backlog) == -1)
		refuse(port, strerror(errno));

	return (fd);
}

static void
port_open(int port)
{
	struct addrinfo hints, *address;
	char text[8];
	int i, error;

	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_STREAM;
	(void)snprintf(text, sizeof(text), "%d", port);
	if ((error = getaddrinfo(config.bind, text, &hints, &address)) != 0)
		refuse(port, gai_strerror(error));
	family = address->ai_family;
	(void)close(socket_open(port, address, false));
	for (i = 0; i < config.workers; i++)
		sockets[port_count][i] = socket_open(port, address, true);
	port_count++;
	freeaddrinfo(address);
}

static void
extra_ports_open(void)
{
	char *rest = config.extra_ports, *text;
	int port, good;

	while ((text = strsep(&rest, ", ")) != NULL) {
		if (*text == '\0')
			continue;
		port = (int)kore_strtonum64(text, 0, &good);
		if (good != KORE_RESULT_OK || port < 1 || port > 65535 || port_count == PORTS_MAX) {
			(void)fprintf(stderr,
			    "evently: setting EVENTLY_EXTRA_PORTS: give up to %d port numbers, separated by commas\n",
			    PORTS_MAX - 1);
			exit(1);
		}
		port_open(port);
	}
}

void
listen_open(void)
{
	port_open(config.port);
	extra_ports_open();

	server = kore_server_create("evently");
	server->tls = 0;
	domain = kore_domain_new("*");
	(void)kore_domain_attach(domain, server);
	if (!kore_module_handler_new(domain, "/", "request_dispatch", NULL, HANDLER_TYPE_STATIC))
		fatal("listen: the dispatcher is not exported");
}

/* In a worker, counted from 1: Kore starts to accept when its loop begins. */
void
listen_attach(int number)
{
	struct listener *listener;
	int i;

	tls_attach(server, domain);
	for (i = 0; i < port_count; i++) {
		listener = kore_listener_create(server);
		listener->fd = sockets[i][number - 1];
		listener->family = family;
	}
}

/*
 * From now on clients are refused at once: closing would not do it, as the parent holds the socket too and the kernel
 * would go on taking connections that nobody accepts.
 */
void
listen_stop(int number)
{
	int i;

	for (i = 0; i < port_count; i++)
		(void)shutdown(sockets[i][number - 1], SHUT_RD);
}
