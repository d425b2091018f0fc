/*
 * X-Request-Id: the client's own when it is sane (letters, digits, "-_.:", at most REQUEST_ID_MAX), or a new one.
 */
#ifndef EV_REQUESTID_H
#define EV_REQUESTID_H

#include "request.h"

void request_id_make(char id[REQUEST_ID_MAX + 1]);
void request_id_take(char id[REQUEST_ID_MAX + 1], const char *sent);

#endif
