/*
 * The program: Kore's hooks, in the order in which they run.
 *
 * Parent: settings, routes, statements, keys and sockets, everything that workers share and never change; then Kore
 * forks. Worker: its own database connections and its own socket. Nothing else is global state.
 *
 * SIGTERM, SIGINT and SIGQUIT stop the server: no new connections, requests under way are answered, then the
 * processes end. A worker whose parent dies stops in the same way.
 */
#include <sys/prctl.h>
#include <sys/resource.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>
#include <kore/hooks.h>
#include <kore/http.h>

#include "account.h"
#include "asset.h"
#include "clientip.h"
#include "config.h"
#include "credential.h"
#include "health.h"
#include "jwt.h"
#include "listen.h"
#include "live.h"
#include "log.h"
#include "metrics.h"
#include "openapi.h"
#include "password.h"
#include "people.h"
#include "pgconnect.h"
#include "pgpipe.h"
#include "reply.h"
#include "request.h"
#include "route.h"
#include "set.h"
#include "tls.h"

#define HEADER_MAX_BYTES 16384
#define FILES_WANTED     65536
#define FILES_SPARE      256 /* of a worker, for everything but clients */
#define KEEPALIVE_S      60
#define DRAIN_MS         15000

static pid_t parent_pid;

static void
usage(void)
{
	printf(
	    "usage: evently [--config | --settings | --version | --help]\n\n"
	    "Serves the REST API of Evently. Settings come from the environment and from .env;\n"
	    "--config prints each of them, its value and where it came from, and ends with 1 and the reason where the\n"
	    "server would not start with them; --settings prints what each is for.\n");
}

/* All that ends the start because of a setting. Nothing is made or opened yet: a server may be running. */
static void
check_settings(void)
{
	config_check_secrets();
	client_ip_prepare();
	pg_connect_check();
	tls_prepare();
	listen_prepare();
}

static void
parse_arguments(int argc, char **argv)
{
	if (argc == 1)
		return;
	if (argc == 2 && strcmp(argv[1], "--config") == 0) {
		config_load();
		config_print();
		check_settings();
		exit(0);
	}
	if (argc == 2 && strcmp(argv[1], "--settings") == 0) {
		config_document();
		exit(0);
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("evently 1.1 (Kore %s, libpq %d)\n", kore_version, PQlibVersion());
		exit(0);
	}
	usage();
	exit(argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2);
}

/*
 * Kore counts open files up to the soft limit and sets its own as the hard one, so both get a bound here. A worker
 * may use what the system allows, and takes no more clients than that.
 */
static void
limit_files(void)
{
	struct rlimit limit;
	rlim_t files;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		fatal("getrlimit: %s", errno_s);
	files = limit.rlim_max < FILES_WANTED ? limit.rlim_max : FILES_WANTED;
	limit.rlim_cur = files;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (files < 2 * FILES_SPARE)
		fatalx("the limit of open files is too low: give at least %d (ulimit -n)", 2 * FILES_SPARE);
	worker_rlimit_nofiles = (u_int32_t)files - FILES_SPARE;
	worker_max_connections = (u_int32_t)config.max_connections;
	if (worker_max_connections > (u_int32_t)files - 2 * FILES_SPARE)
		worker_max_connections = (u_int32_t)files - 2 * FILES_SPARE;
}

static void
configure_kore(void)
{
	kore_foreground = 1;
	kore_quiet = 1;
	skip_chroot = 1;
	skip_runas = 1;
	kore_pidfile = NULL;
	kore_log_writer = log_kore;
	worker_count = (u_int8_t)config.workers;
	worker_set_affinity = 0;
	kore_socket_backlog = 4096;
	http_body_max = (size_t)config.body_max;
	http_header_max = HEADER_MAX_BYTES;
	http_keepalive_time = KEEPALIVE_S;
	http_request_limit = worker_max_connections;
	http_hsts_enable = 0;
	http_error_writer = reply_kore_error;
	http_server_version("evently");
}

void
kore_parent_configure(int argc, char **argv)
{
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	parent_pid = getpid();
	kore_foreground = 1;
	parse_arguments(argc, argv);
	config_load();
	check_settings();
	config_make_secrets();
	limit_files();
	configure_kore();
	rate_limit_prepare();
	jwt_init(config.jwt_secret);
	password_init();
	account_prepare();
	credential_prepare();
	people_prepare();
	health_prepare();
	live_prepare();
	set_prepare();
	route_compile();
	openapi_prepare();
	asset_prepare();
	metrics_prepare();
	listen_open();
	log_line(LEVEL_INFO, "listening on %s://%s:%d with %d worker%s", tls_enabled() ? "https" : "http", config.bind,
	    config.port, config.workers, config.workers == 1 ? "" : "s");
}

/* Once per turn of a worker's loop. */
static void
turn(void)
{
	pg_turn();
	metrics_turn();
	log_flush();
}

void
kore_worker_configure(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGQUIT);
	if (getppid() != parent_pid)
		exit(1); /* it died before it could be told */
	log_gather();
	metrics_attach(worker->id);
	listen_attach(worker->id);
	pg_start();
	kore_worker_turn = turn;
}

static bool
is_sending(void)
{
	struct connection *c;

	TAILQ_FOREACH(c, &connections, list) {
		if (c->proto == CONN_PROTO_HTTP && !TAILQ_EMPTY(&c->send_queue))
			return (true);
	}
	return (false);
}

/*
 * Turns the loop on its own until every request that has arrived is answered and sent. Connections close behind their
 * next answer, so a busy client does not keep the server up.
 */
void
kore_worker_teardown(void)
{
	u_int64_t end = kore_time_ms() + DRAIN_MS;

	http_keepalive_time = 0;
	kore_platform_disable_accept();
	listen_stop(worker->id);
	live_stop();
	while (kore_time_ms() < end && (request_count() > 0 || http_runnable() || pg_pending() > 0 || is_sending())) {
		kore_platform_event_wait(http_runnable() ? 0 : 50);
		kore_timer_run(kore_time_ms());
		http_process();
		turn();
		kore_connection_prune(KORE_CONNECTION_PRUNE_DISCONNECT);
	}
}
