/*
 * Numbers as text, for what is written at each request: printf() takes ten times as long.
 *
 * All return the end of what they wrote, without a NUL behind it.
 */
#ifndef EV_DIGITS_H
#define EV_DIGITS_H

#include <stdint.h>

#define DIGITS_MAX 20 /* of any number */

char *digits_decimal(char *to, uint64_t number);
char *digits_padded(char *to, uint64_t number, int count);
char *digits_hex(char *to, uint64_t number);

#endif
