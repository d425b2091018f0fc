/*
 * A bare Kore handler: GET /NAME answers the file NAME of a directory, kept in memory, and does nothing else. What a web app on
 * Kore without a database could reach with the same bytes.
 *
 * From the environment: PEER_PORT on 127.0.0.1, PEER_WORKERS, PEER_BODIES (the directory).
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>
#include <kore/http.h>

#define BODIES_MAX  16
#define CONNECTIONS 4096

static struct {
	char *path;
	struct kore_buf *bytes;
} bodies[BODIES_MAX];
static int body_count;

int peer_serve(struct http_request *);

static void
body_load(const char *directory, const char *name)
{
	char path[1024], block[65536];
	FILE *file;
	size_t n;

	if (body_count == BODIES_MAX)
		fatal("peer: more than %d bodies", BODIES_MAX);
	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	if ((file = fopen(path, "r")) == NULL)
		fatal("peer: cannot read %s", path);
	bodies[body_count].bytes = kore_buf_alloc(sizeof(block));
	while ((n = fread(block, 1, sizeof(block), file)) > 0)
		kore_buf_append(bodies[body_count].bytes, block, n);
	(void)fclose(file);
	(void)snprintf(path, sizeof(path), "/%s", name);
	bodies[body_count++].path = kore_strdup(path);
}

void
kore_parent_configure(int argc, char *argv[])
{
	const char *directory = getenv("PEER_BODIES"), *port = getenv("PEER_PORT"), *workers = getenv("PEER_WORKERS");
	struct kore_server *server = kore_server_create("peer");
	struct kore_domain *domain = kore_domain_new("*");
	struct dirent *entry;
	DIR *listing;

	(void)argc;
	(void)argv;
	if (directory == NULL || port == NULL || workers == NULL || (listing = opendir(directory)) == NULL)
		fatal("peer: PEER_BODIES, PEER_PORT, PEER_WORKERS?");
	while ((entry = readdir(listing)) != NULL) {
		if (entry->d_name[0] != '.')
			body_load(directory, entry->d_name);
	}
	(void)closedir(listing);

	worker_count = (u_int8_t)atoi(workers);
	worker_set_affinity = 0;
	worker_max_connections = CONNECTIONS;
	worker_rlimit_nofiles = 2 * CONNECTIONS;
	http_request_limit = CONNECTIONS;
	http_keepalive_time = 60;

	server->tls = 0;
	if (!kore_server_bind(server, "127.0.0.1", port, NULL))
		fatal("peer: cannot listen on port %s", port);
	kore_server_finalize(server);
	(void)kore_domain_attach(domain, server);
	if (!kore_module_handler_new(domain, "^/", "peer_serve", NULL, HANDLER_TYPE_DYNAMIC))
		fatal("peer: no handler");
}

int
peer_serve(struct http_request *req)
{
	int i;

	for (i = 0; i < body_count; i++) {
		if (strcmp(req->path, bodies[i].path) == 0) {
			http_response_header(req, "content-type", "application/json");
			http_response(req, 200, bodies[i].bytes->data, bodies[i].bytes->offset);
			return (KORE_RESULT_OK);
		}
	}
	http_response(req, 404, NULL, 0);
	return (KORE_RESULT_OK);
}
