/*
 * money.c
 *		Exact money.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "money.h"

PG_FUNCTION_INFO_V1(evently_round_money);

/* ISO 4217, List One: the currencies whose minor unit is not a hundredth. */
static const struct
{
	const char *codes;
	int digits;
} exceptions[] = {
	{"BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF", 0},
	{"BHD IQD JOD KWD LYD OMR TND", 3},
	{"CLF UYW", 4},
};

int
ev_money_digits(const char *currency)
{
	for (int i = 0; i < lengthof(exceptions); i++)
	{
		if (strlen(currency) == 3 && strstr(exceptions[i].codes, currency) != NULL)
			return exceptions[i].digits;
	}
	return 2;
}

/* numeric's round() rounds half away from zero. */
Numeric
ev_money_round(Numeric amount, const char *currency)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_round, NumericGetDatum(amount),
											   Int32GetDatum(ev_money_digits(currency))));
}

bool
ev_money_is_round(Numeric amount, const char *currency)
{
	return DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(amount),
											NumericGetDatum(ev_money_round(amount, currency))));
}

Numeric
ev_money_add(Numeric a, Numeric b)
{
	return numeric_add_opt_error(a, b, NULL);
}

Numeric
ev_money_subtract(Numeric a, Numeric b)
{
	return numeric_sub_opt_error(a, b, NULL);
}

Datum
evently_round_money(PG_FUNCTION_ARGS)
{
	PG_RETURN_NUMERIC(ev_money_round(PG_GETARG_NUMERIC(0), text_to_cstring(PG_GETARG_TEXT_PP(1))));
}
