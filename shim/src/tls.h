/*
 * TLS, where EVENTLY_TLS_CERT and EVENTLY_TLS_KEY name a certificate chain and its key (PEM).
 *
 * Kore would have a process of its own keep the key, which does not work with OpenSSL 3. So the context is made in the
 * parent (which can refuse a bad file before anything listens) and handed to Kore in the workers.
 * TLS 1.2 and later, OpenSSL's own choice of ciphers. All ports speak it or none does.
 */
#ifndef EV_TLS_H
#define EV_TLS_H

#include <stdbool.h>

struct kore_server;
struct kore_domain;

bool tls_enabled(void);
void tls_prepare(void);
void tls_attach(struct kore_server *server, struct kore_domain *domain);

#endif
