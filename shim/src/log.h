/*
 * The log: one JSON object per line, written whole, to stdout (debug, info) or stderr (warn, error).
 *
 * A worker gathers the lines to stdout and writes them at the end of each turn of its loop, before a warning, and when it
 * ends. So one that crashes loses those of a turn at the most.
 *
 * Never logged: tokens, passwords, bodies, query strings, settings that are secret. A request's line names its
 * route by pattern, so no id gets in either. It has the client's address, the milliseconds from the arrival to the
 * answer (ms) and those of them spent waiting for the database (db_ms), and the bytes of the body that was sent.
 */
#ifndef EV_LOG_H
#define EV_LOG_H

#include <netinet/in.h>

#include <stdbool.h>

#define LOG_LEVEL_WORDS "debug info warn error"

struct request;

/* Not named after syslog's levels, which <syslog.h> defines as macros. */
enum log_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR };

bool log_enabled(enum log_level level);
void log_gather(void);
void log_flush(void);
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_request(const struct request *rq, int status, const char *code);
void log_rejected(const char *request_id, const struct in6_addr *client, int status, const char *code);
void log_kore(int priority, const char *who, const char *text);

#endif
