/*
 * Files that the web app serves: the documentation's page. They are compiled in, as they are and compressed (Makefile), so
 * nothing is read from disk, and no path of a request ever reaches a file system.
 */
#ifndef EV_ASSET_H
#define EV_ASSET_H

struct request;

extern const char asset_openapi_sql[];

void asset_prepare(void);
void asset_page(struct request *rq);
void asset_file(struct request *rq);

#endif
