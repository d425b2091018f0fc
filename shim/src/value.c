#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "value.h"

#define NUMERIC_MAX 64 /* characters; money has fewer */

bool
value_is_uuid(const char *text)
{
	int i;

	for (i = 0; i < 36; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text[i] != '-')
				return (false);
		} else if (!isxdigit((unsigned char)text[i])) {
			return (false);
		}
	}
	return (text[36] == '\0');
}

/* Of ASCII. */
char *
value_lower(const char *text, struct arena *arena)
{
	char *lower = arena_copy(arena, text, strlen(text)), *p;

	for (p = lower; *p != '\0'; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p | 32);
	}
	return (lower);
}

/* A UUID as PostgreSQL writes it; NULL for anything else. */
const char *
value_uuid(const char *text, struct arena *arena)
{
	return (value_is_uuid(text) ? value_lower(text, arena) : NULL);
}

/* Of a text that is a UUID. */
void
value_uuid_bytes(const char *uuid, unsigned char bytes[16])
{
	static const char hex[] = "0123456789abcdef";
	int i, digit;

	for (i = 0; i < 32; uuid++) {
		if (*uuid == '-')
			continue;
		digit = (int)(strchr(hex, tolower((unsigned char)*uuid)) - hex);
		bytes[i / 2] = (unsigned char)(i % 2 == 0 ? digit << 4 : bytes[i / 2] | digit);
		i++;
	}
}

/* A whole number that fits PostgreSQL's integer. */
bool
value_is_int(const char *text)
{
	const char *digits = text + (*text == '-');
	long long n;
	char *end;

	if (!isdigit((unsigned char)*digits) || strlen(digits) > 11)
		return (false);
	n = strtoll(text, &end, 10);

	return (*end == '\0' && n >= INT_MIN && n <= INT_MAX);
}

static const char *
skip_digits(const char *p)
{
	while (isdigit((unsigned char)*p))
		p++;
	return (p);
}

/* -12.50; no exponent of any size that matters, no NaN, no infinity. */
bool
value_is_numeric(const char *text)
{
	const char *p = text + (*text == '-'), *q;

	if (strlen(text) > NUMERIC_MAX || (q = skip_digits(p)) == p)
		return (false);
	if (*q == '.') {
		p = q + 1;
		if ((q = skip_digits(p)) == p)
			return (false);
	}
	if ((*q | 32) == 'e') {
		p = q + 1 + (q[1] == '+' || q[1] == '-');
		q = skip_digits(p);
		if (q == p || q - p > 2)
			return (false);
	}
	return (*q == '\0');
}

static bool
two_digits(const char **p, int min, int max, int *out)
{
	if (!isdigit((unsigned char)(*p)[0]) || !isdigit((unsigned char)(*p)[1]))
		return (false);
	*out = ((*p)[0] - '0') * 10 + (*p)[1] - '0';
	*p += 2;
	return (*out >= min && *out <= max);
}

static bool
is_date(const char **p)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int century, years, year, month, day;

	if (!two_digits(p, 0, 99, &century) || !two_digits(p, 0, 99, &years) || *(*p)++ != '-' ||
	    !two_digits(p, 1, 12, &month) || *(*p)++ != '-' || !two_digits(p, 1, 31, &day))
		return (false);
	year = century * 100 + years;
	if (month == 2 && day == 29)
		return (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
	return (year > 0 && day <= days[month - 1]);
}

/* RFC 3339; seconds, fractions and the offset may be missing (then UTC), and so may the time. */
bool
value_is_time(const char *text)
{
	const char *p = text, *q;
	int n;

	if (strlen(text) > 40 || !is_date(&p))
		return (false);
	if (*p == '\0')
		return (true);
	if (*p != 'T' && *p != 't' && *p != ' ')
		return (false);
	p++;
	if (!two_digits(&p, 0, 23, &n) || *p++ != ':' || !two_digits(&p, 0, 59, &n))
		return (false);
	if (*p == ':') {
		p++;
		if (!two_digits(&p, 0, 60, &n))
			return (false);
		if (*p == '.') {
			q = skip_digits(++p);
			if (q == p)
				return (false);
			p = q;
		}
	}
	if (*p == '\0' || ((*p == 'Z' || *p == 'z') && p[1] == '\0'))
		return (true);
	if (*p != '+' && *p != '-')
		return (false);
	p++;
	if (!two_digits(&p, 0, 15, &n))
		return (false);
	if (*p == ':')
		p++;
	return (*p == '\0' || (two_digits(&p, 0, 59, &n) && *p == '\0'));
}

/* "true" or "false" for the ways to say so in a query; NULL for anything else. */
const char *
value_bool(const char *text)
{
	if (strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0)
		return ("true");
	if (strcasecmp(text, "false") == 0 || strcmp(text, "0") == 0)
		return ("false");
	return (NULL);
}

static int
hex_digit(int c)
{
	return (isdigit(c) ? c - '0' : (c | 32) - 'a' + 10);
}

/* In place. False for a broken sequence, a NUL, or bytes that are not UTF-8. */
bool
value_percent_decode(char *text, bool plus_is_blank)
{
	char *in = text, *out = text;

	while (*in != '\0') {
		if (*in == '%') {
			if (!isxdigit((unsigned char)in[1]) || !isxdigit((unsigned char)in[2]))
				return (false);
			*out = (char)(hex_digit((unsigned char)in[1]) * 16 + hex_digit((unsigned char)in[2]));
			if (*out++ == '\0')
				return (false);
			in += 3;
		} else {
			*out++ = *in == '+' && plus_is_blank ? ' ' : *in;
			in++;
		}
	}
	*out = '\0';

	return (utf8_valid(text, (size_t)(out - text)));
}

/* PostgreSQL's array literal, every element quoted; NULL is null. */
char *
value_array(const char *const *elements, int count, struct arena *arena)
{
	size_t len = 3;
	const char *p;
	char *array, *out;
	int i;

	for (i = 0; i < count; i++)
		len += elements[i] != NULL ? 2 * strlen(elements[i]) + 3 : 5;
	array = out = arena_alloc(arena, len);
	*out++ = '{';
	for (i = 0; i < count; i++) {
		if (i > 0)
			*out++ = ',';
		if (elements[i] == NULL) {
			out = mempcpy(out, "NULL", 4);
			continue;
		}
		*out++ = '"';
		for (p = elements[i]; *p != '\0'; p++) {
			if (*p == '"' || *p == '\\')
				*out++ = '\\';
			*out++ = *p;
		}
		*out++ = '"';
	}
	*out++ = '}';
	*out = '\0';

	return (array);
}
