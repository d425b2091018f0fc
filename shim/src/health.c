#include <string.h>

#include "call.h"
#include "health.h"
#include "pgpipe.h"
#include "reply.h"

static int services_statement;

void
health_prepare(void)
{
	/* One row: an object with true or false for each service; $1 tells whether there are connections for those that write. */
	services_statement = pg_statement_add(
	    "SELECT '{' || string_agg(format('\"%s\":%s', s.name, ((NOT s.writes OR ($1 AND "
	    "current_setting('default_transaction_read_only') = 'off' AND NOT pg_is_in_recovery())) AND EXISTS ("
	    "SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace "
	    "WHERE n.nspname = 'evently' AND p.proname = s.needs "
	    "AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')))::text), ',' ORDER BY s.ordinal) || '}' FROM (VALUES "
	    "(1, 'auth', 'get_credentials', true), (2, 'events', 'get_event', false), "
	    "(3, 'inventory', 'place_hold', true), (4, 'bookings', 'confirm_hold', true), "
	    "(5, 'search', 'list_events_page', false)) s (ordinal, name, needs, writes)",
	    1);
}

static void
ask(struct request *rq, bool writes, void (*done)(struct request *rq))
{
	rq->call.values[0] = writes ? "true" : "false";
	call_statement(rq, services_statement, PG_READ, done);
}

static void
reply_constant(struct request *rq, int status, const char *json)
{
	reply_json(rq, status, json, strlen(json));
}

void
health_ok(struct request *rq)
{
	reply_constant(rq, 200, "{\"status\":\"ok\"}");
}

void
health_healthy(struct request *rq)
{
	reply_constant(rq, 200, "{\"status\":\"healthy\"}");
}

static void
services_done(struct request *rq)
{
	const char *services =
	    "{\"auth\":false,\"events\":false,\"inventory\":false,\"bookings\":false,\"search\":false}";
	const char *json;
	bool healthy;

	if (rq->call.outcome == PG_ROWS)
		services = call_take_row(rq);
	else
		PQclear(rq->call.result);
	healthy = strstr(services, "false") == NULL;
	if (!healthy)
		rq->retry_after_s = 1;
	json =
	    arena_printf(&rq->arena, "{\"status\":\"%s\",\"services\":%s}", healthy ? "healthy" : "degraded", services);
	reply_constant(rq, healthy ? 200 : 503, json);
}

void
health_services(struct request *rq)
{
	ask(rq, pg_takes(PG_WRITE), services_done);
}

static void
ready_done(struct request *rq)
{
	if (!call_row(rq))
		return;
	if (strstr(call_take_row(rq), "false") != NULL)
		reply_unavailable(rq,
		    "The database is not ready: it takes no writes, or the extension evently is missing or of another version");
	else if (!pg_takes(PG_WRITE) || !pg_takes(PG_BULK))
		reply_unavailable(
		    rq, "The database is not ready: no connection can be made for writes, or for large reads");
	else
		reply_constant(rq, 200, "{\"status\":\"ready\",\"database\":\"connected\"}");
}

void
health_ready(struct request *rq)
{
	ask(rq, true, ready_done);
}
