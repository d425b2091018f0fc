/* The other half of json.h: text that goes out, and the UTF-8 that comes in. */
#include <stdint.h>
#include <string.h>

#include <kore/kore.h>

#include "json.h"

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool
utf8_valid(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text, *end = p + len;
	uint64_t word;

	while (p < end) {
		if (end - p >= 8) {
			memcpy(&word, p, 8);
			if ((word & 0x8080808080808080ULL) == 0) {
				p += 8;
				continue;
			}
		}
		if (*p < 0x80) {
			p++;
		} else if (*p >= 0xC2 && *p <= 0xDF) {
			if (end - p < 2 || (p[1] & 0xC0) != 0x80)
				return (false);
			p += 2;
		} else if (*p >= 0xE0 && *p <= 0xEF) {
			if (end - p < 3 || (p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80)
				return (false);
			if ((*p == 0xE0 && p[1] < 0xA0) || (*p == 0xED && p[1] > 0x9F))
				return (false);
			p += 3;
		} else if (*p >= 0xF0 && *p <= 0xF4) {
			if (end - p < 4 || (p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80 || (p[3] & 0xC0) != 0x80)
				return (false);
			if ((*p == 0xF0 && p[1] < 0x90) || (*p == 0xF4 && p[1] > 0x8F))
				return (false);
			p += 4;
		} else {
			return (false);
		}
	}
	return (true);
}

/* Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become question marks. */
void
json_escape(struct kore_buf *out, const char *text)
{
	const char *p, *run;
	size_t len = strlen(text);
	bool valid = utf8_valid(text, len);
	unsigned char c;

	kore_buf_append(out, "\"", 1);
	for (run = p = text; *p != '\0'; p++) {
		c = (unsigned char)*p;
		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F && (valid || c < 0x80))
			continue;
		kore_buf_append(out, run, (size_t)(p - run));
		run = p + 1;
		if (c == '"' || c == '\\')
			kore_buf_appendf(out, "\\%c", c);
		else if (c == '\n')
			kore_buf_append(out, "\\n", 2);
		else if (c >= 0x80)
			kore_buf_append(out, "?", 1);
		else
			kore_buf_appendf(out, "\\u%04x", c);
	}
	kore_buf_append(out, run, (size_t)(p - run));
	kore_buf_append(out, "\"", 1);
}
