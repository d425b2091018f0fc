/*
 * id.c
 *		Makes and reads ids.
 */
#include "postgres.h"

#include <sys/time.h>

#include "common/hashfn.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "id.h"

PG_FUNCTION_INFO_V1(evently_new_id);

static int64
now_ms(void)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	return (int64) now.tv_sec * 1000 + now.tv_usec / 1000;
}

/* Random bytes are drawn for many ids at once: to ask for them costs more than all the rest of an id. */
static pg_uuid_t
random_id(void)
{
	static pg_uuid_t drawn[64];
	static int left;

	if (left == 0 && !pg_strong_random(drawn, sizeof(drawn)))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random values")));
	left = left > 0 ? left - 1 : lengthof(drawn) - 1;
	return drawn[left];
}

static pg_uuid_t
new_id_at(const pg_uuid_t *event, int64 ms)
{
	pg_uuid_t id = random_id();

	for (int i = 0; i < 6; i++)
		id.data[i] = (unsigned char) (ms >> (40 - 8 * i));
	if (event != NULL)
	{
		uint32 hash = hash_bytes(event->data, UUID_LEN) & 0xfff;

		id.data[6] = (unsigned char) (hash >> 8);
		id.data[7] = (unsigned char) hash;
	}
	id.data[6] = (id.data[6] & 0x0f) | 0x70;
	id.data[8] = (id.data[8] & 0x3f) | 0x80;
	return id;
}

pg_uuid_t
ev_new_id(const pg_uuid_t *event)
{
	return new_id_at(event, now_ms());
}

static int64
ms_of(const pg_uuid_t *id)
{
	int64 ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id->data[i];
	return ms;
}

pg_uuid_t
ev_new_id_after(const pg_uuid_t *event, const pg_uuid_t *other)
{
	return new_id_at(event, other ? Max(now_ms(), ms_of(other) + 1) : now_ms());
}

static int
compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(pg_uuid_t));
}

pg_uuid_t *
ev_new_ids(const pg_uuid_t *event, int n)
{
	pg_uuid_t *ids = palloc(n * sizeof(pg_uuid_t));

	for (int i = 0; i < n; i++)
		ids[i] = ev_new_id(event);
	qsort(ids, n, sizeof(pg_uuid_t), compare_ids);
	return ids;
}

Datum
evently_new_id(PG_FUNCTION_ARGS)
{
	pg_uuid_t *id = palloc(sizeof(pg_uuid_t));

	*id = ev_new_id(PG_ARGISNULL(0) ? NULL : PG_GETARG_UUID_P(0));
	PG_RETURN_UUID_P(id);
}

char *
ev_id_text(const void *id)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id)));
}

/* The form that uuid_out writes, in either case; anything else is taken for a label. */
bool
ev_parse_uuid(const char *text, pg_uuid_t *id)
{
	if (strlen(text) != 36)
		return false;
	for (int i = 0; i < 36; i++)
	{
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !isxdigit((unsigned char) text[i]))
			return false;
	}
	*id = *DatumGetUUIDP(DirectFunctionCall1(uuid_in, CStringGetDatum(text)));
	return true;
}

bool
ev_same_id(const pg_uuid_t *a, const pg_uuid_t *b)
{
	return memcmp(a->data, b->data, UUID_LEN) == 0;
}

char *
ev_booking_ref(const pg_uuid_t *booking)
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	char *ref = palloc(11);
	uint64 bits = 0;

	for (int i = 9; i < UUID_LEN; i++)
		bits = bits << 8 | booking->data[i];
	for (int i = 0; i < 10; i++)
	{
		ref[i] = digits[bits & 31];
		bits >>= 5;
	}
	ref[10] = '\0';
	return ref;
}
