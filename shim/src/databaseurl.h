/*
 * EVENTLY_DATABASE_URL as other systems write it.
 *
 * Not given: made of DB_HOST, DB_PORT, DB_NAME, DB_USER and DB_PASSWORD, where one of them is there. Given as
 * SQLAlchemy's postgresql+driver://: the driver is left out.
 */
#ifndef EV_DATABASEURL_H
#define EV_DATABASEURL_H

void database_url_derive(const char **value, const char **origin);

#endif
