/*
 * Accounts at the door: the routes that make, check and change credentials.
 *
 * Each of them is a short chain of steps (query, bcrypt, query); what one step leaves for the next is in the request's flow.
 */
#ifndef EV_ACCOUNT_H
#define EV_ACCOUNT_H

#include "request.h"

void account_prepare(void);

void account_register(struct request *rq);
void account_login(struct request *rq);
void account_refresh(struct request *rq);
void account_logout(struct request *rq);
void account_change_password(struct request *rq);
void account_delete(struct request *rq);
void account_admin_register(struct request *rq);
void account_admin_login(struct request *rq);
void account_admin_refresh(struct request *rq);

#endif
