/*
 * Accounts at the door: who is asking (auth_authorize, auth_identify), and the routes that make, check and change credentials.
 *
 * Each of these routes is a short chain of steps (query, bcrypt, query); what one step leaves for the next is in the
 * request's flow. Whether an e-mail is known never shows, neither in an answer nor in its time.
 */
#ifndef EV_AUTH_H
#define EV_AUTH_H

#include "request.h"

void auth_prepare(void);
bool auth_authorize(struct request *rq);
bool auth_identify(struct request *rq);
bool auth_password_is_fit(struct request *rq, const char *field, const char *password);

void auth_register(struct request *rq);
void auth_login(struct request *rq);
void auth_refresh(struct request *rq);
void auth_logout(struct request *rq);
void auth_change_password(struct request *rq);
void auth_delete_account(struct request *rq);
void auth_admin_register(struct request *rq);
void auth_admin_login(struct request *rq);
void auth_admin_refresh(struct request *rq);

#endif
