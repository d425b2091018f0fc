#include "digits.h"

/* Inlined: dividing by a base that the compiler knows takes a fraction of the time. */
static inline __attribute__((always_inline)) char *
write_digits(char *to, uint64_t number, unsigned int base, int count)
{
	char *p;

	for (p = to + count; p > to; number /= base)
		*--p = "0123456789abcdef"[number % base];
	return (to + count);
}

static inline __attribute__((always_inline)) int
count_digits(uint64_t number, unsigned int base)
{
	int count = 1;

	while ((number /= base) > 0)
		count++;
	return (count);
}

char *
digits_decimal(char *to, uint64_t number)
{
	return (write_digits(to, number, 10, count_digits(number, 10)));
}

/* The last `count` of them, with zeros in front. */
char *
digits_padded(char *to, uint64_t number, int count)
{
	return (write_digits(to, number, 10, count));
}

char *
digits_hex(char *to, uint64_t number)
{
	return (write_digits(to, number, 16, count_digits(number, 16)));
}
