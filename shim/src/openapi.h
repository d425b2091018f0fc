/*
 * GET /openapi.json: this interface as an OpenAPI 3.1 document.
 *
 * Nothing in it is written twice. Paths, methods, access, parameters and bodies come from routes.def; descriptions, errors
 * and the schemas of results from the database's functions and composite types (assets/openapi.sql); error codes from
 * errors.def and codes.def; examples from fields.def; the answers of handlers from answers.def. It is made anew for each
 * request, so it is true of the extension that is installed now.
 */
#ifndef EV_OPENAPI_H
#define EV_OPENAPI_H

struct request;

void openapi_prepare(void);
void openapi_document(struct request *rq);

#endif
