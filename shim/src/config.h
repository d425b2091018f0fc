/*
 * Settings: the values for everybody; names, defaults and bounds are in the one table, settings.def.
 *
 * A value comes from the environment, then from a file .env in the working directory, then from the default.
 * Each setting has one name, EVENTLY_X, which wins over the aliases that other systems use. config_load() runs
 * once, before any fork; afterwards the values never change. A value that cannot be used ends the start with
 * a message that says which setting, where it came from and what to do.
 */
#ifndef EV_CONFIG_H
#define EV_CONFIG_H

#include <stdbool.h>

#include "ratelimit.h"

/* Kept as a position, and given to the database by name. */
#define ADMIN_REGISTRATION_WORDS "bootstrap closed open"

#define SWITCH_WORDS "off on"

#define SET_MAX 128 /* what evently's ..._many functions take */

struct config {
	int port;
	char *extra_ports; /* separated by commas */
	char *bind;
	int workers;
	int max_connections;
	int body_max;
	char *tls_cert, *tls_key; /* files */
	char *cors_origins; /* separated by commas, *, or none */
	char *database_url;
	int db_pool;
	int db_queue;
	int set_max;
	int set_queue;
	int keep_answers; /* MiB */
	int statement_timeout_ms;
	int lock_timeout_ms;
	int request_timeout_ms;
	int live_interval_ms;
	int live_connections;
	int live_per_client;
	char *env;
	bool development;
	char *home;
	char *jwt_secret;
	int jwt_algorithm;
	int access_ttl_s;
	int refresh_ttl_s;
	int bcrypt_cost;
	int password_min;
	int admin_registration;
	int mock_payments;
	int require_idempotency_key;
	int strict_fields;
	int rate_limit;
	struct rate rate_public, rate_user, rate_auth, rate_login_failure, rate_booking, rate_admin;
	char *trusted_proxies; /* addresses and networks, separated by commas */
	char *internal_api_key;
	char *metrics_token; /* empty: everybody may read /metrics */
	int log_level;
};

extern struct config config;

void config_load(void);
void config_check_secrets(void); /* a missing or weak one ends the start, but for development */
void config_make_secrets(void); /* missing ones, in development */
void config_print(void);
void config_document(void);

#endif
