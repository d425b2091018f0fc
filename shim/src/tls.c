#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <kore/kore.h>

#include "config.h"
#include "tls.h"

static SSL_CTX *context;

static void refuse(const char *setting, const char *what) __attribute__((noreturn));

static void
refuse(const char *setting, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_get_error());

	(void)fprintf(
	    stderr, "evently: setting %s: %s: %s\n", setting, what, reason != NULL ? reason : "unknown reason");
	exit(1);
}

bool
tls_enabled(void)
{
	return (*config.tls_cert != '\0');
}

void
tls_prepare(void)
{
	if ((*config.tls_cert == '\0') != (*config.tls_key == '\0')) {
		(void)fprintf(stderr, "evently: settings EVENTLY_TLS_CERT and EVENTLY_TLS_KEY: give both or neither\n");
		exit(1);
	}
	if (!tls_enabled())
		return;
	if ((context = SSL_CTX_new(TLS_server_method())) == NULL ||
	    !SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION))
		refuse("EVENTLY_TLS_CERT", "OpenSSL cannot be set up");
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	if (SSL_CTX_use_certificate_chain_file(context, config.tls_cert) != 1)
		refuse("EVENTLY_TLS_CERT", config.tls_cert);
	if (SSL_CTX_use_PrivateKey_file(context, config.tls_key, SSL_FILETYPE_PEM) != 1)
		refuse("EVENTLY_TLS_KEY", config.tls_key);
	if (SSL_CTX_check_private_key(context) != 1)
		refuse("EVENTLY_TLS_KEY", "it is not the key of the certificate");
}

/* In a worker, before it takes connections. */
void
tls_attach(struct kore_server *server, struct kore_domain *domain)
{
	if (context == NULL)
		return;
	domain->ssl_ctx = context;
	server->tls = 1;
	primary_dom = domain;
}
