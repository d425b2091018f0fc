/*
 * The log: one JSON object per line, written whole, to stdout (debug, info) or stderr (warn, error).
 *
 * Never logged: tokens, passwords, bodies, query strings, settings that are secret. A request's line names its
 * route by pattern, so no id gets in either.
 */
#ifndef EV_LOG_H
#define EV_LOG_H

#include <stdbool.h>

#define LOG_LEVEL_WORDS "debug info warn error"

/* Not named after syslog's levels, which <syslog.h> defines as macros. */
enum log_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR };

bool log_enabled(enum log_level level);
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_request(
    const char *request_id, const char *method, const char *route, int status, double ms, const char *code);
void log_kore(int priority, const char *who, const char *text);

#endif
