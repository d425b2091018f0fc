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
static struct port {
	int number;
	struct addrinfo *address;
	int sockets[WORKERS_MAX];
} ports[PORTS_MAX];
static int port_count;

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
socket_open(const struct port *port, bool shared)
{
	const struct addrinfo *address = port->address;
	int fd, on = 1;

	fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1)
		refuse(port->number, strerror(errno));
	if (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == -1)
		refuse(port->number, strerror(errno));
	if (bind(fd, address->ai_addr, address->ai_addrlen) == -1)
		refuse(port->number, strerror(errno));
	if (listen(fd, (int)kore_socket_backlog) == -1)
		refuse(port->number, strerror(errno));

	return (fd);
}

/* Is there such an address, and may we have the port? One that is taken may be so by the server that this one replaces. */
static void
port_check(const struct port *port)
{
	int fd = socket(port->address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1 || (bind(fd, port->address->ai_addr, port->address->ai_addrlen) == -1 && errno != EADDRINUSE))
		refuse(port->number, strerror(errno));
	(void)close(fd);
}

static void
port_add(int number)
{
	struct port *port = &ports[port_count++];
	struct addrinfo hints;
	char text[8];
	int error;

	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_STREAM;
	(void)snprintf(text, sizeof(text), "%d", number);
	port->number = number;
	if ((error = getaddrinfo(config.bind, text, &hints, &port->address)) != 0)
		refuse(number, gai_strerror(error));
	port_check(port);
}

static bool
is_known(int number)
{
	int i;

	for (i = 0; i < port_count; i++) {
		if (ports[i].number == number)
			return (true);
	}
	return (false);
}

/* Opens nothing. */
void
listen_prepare(void)
{
	char *rest = config.extra_ports, *text;
	int number, good;

	port_add(config.port);
	while ((text = strsep(&rest, ", ")) != NULL) {
		if (*text == '\0')
			continue;
		number = (int)kore_strtonum64(text, 0, &good);
		if (good != KORE_RESULT_OK || number < 1 || number > 65535 || is_known(number) ||
		    port_count == PORTS_MAX) {
			(void)fprintf(stderr,
			    "evently: setting EVENTLY_EXTRA_PORTS: give up to %d other port numbers, separated by commas\n",
			    PORTS_MAX - 1);
			exit(1);
		}
		port_add(number);
	}
}

void
listen_open(void)
{
	struct port *port;
	int i;

	for (port = ports; port < ports + port_count; port++) {
		(void)close(socket_open(port, false));
		for (i = 0; i < config.workers; i++)
			port->sockets[i] = socket_open(port, true);
	}

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
		listener->fd = ports[i].sockets[number - 1];
		listener->family = ports[i].address->ai_family;
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
		(void)shutdown(ports[i].sockets[number - 1], SHUT_RD);
}
