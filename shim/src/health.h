/*
 * Health: is the process alive (no database asked), which services work, can requests be served.
 *
 * A service works when the functions of the extension that carry it are there and the shim's role may call them.
 */
#ifndef EV_HEALTH_H
#define EV_HEALTH_H

#include "request.h"

void health_prepare(void);
void health_ok(struct request *rq);
void health_healthy(struct request *rq);
void health_services(struct request *rq);
void health_ready(struct request *rq);

#endif
