/*
 * evently.c
 *		Module entry: magic block and initialisation. Works with or without shared_preload_libraries.
 */
#include "postgres.h"

#include "fmgr.h"

#include "guc.h"
#include "spi.h"
#include "standby.h"
#include "worker.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	ev_guc_define();
	ev_spi_init();
	ev_standby_init();
	ev_worker_register();
}
