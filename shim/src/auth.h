/*
 * Who is asking: the caller behind an access token, or a service of ours with its key.
 *
 * Where a function returns false the request has been answered.
 */
#ifndef EV_AUTH_H
#define EV_AUTH_H

#include "request.h"

/* May the caller use the route? */
bool auth_authorize(struct request *rq);
/* For routes that strangers may use too. A token that counts no more is refused all the same: its owner means to be known. */
bool auth_identify(struct request *rq);
/* Answers nothing. */
bool auth_is_internal(const struct request *rq);

#endif
