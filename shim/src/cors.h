/*
 * Cross-origin requests from browsers: who may read our answers.
 *
 * EVENTLY_CORS_ORIGINS: origins separated by commas, * for all (the default), or none. Tokens travel in the
 * Authorization header and never in a cookie, so credentials mode is not needed, and * gives a stranger's page nothing
 * that its own server could not fetch.
 */
#ifndef EV_CORS_H
#define EV_CORS_H

#include <stdbool.h>

struct request;

const char *cors_origin(const struct request *rq);
bool cors_depends_on_origin(void);
void cors_headers(struct request *rq);

#endif
