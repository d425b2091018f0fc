/*
 * Accounts seen from above: administrators make them, and other services ask whose an access token is.
 */
#ifndef EV_PEOPLE_H
#define EV_PEOPLE_H

struct request;

void people_prepare(void);
void people_create(struct request *rq);
void people_verify(struct request *rq);

#endif
