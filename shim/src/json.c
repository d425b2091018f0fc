#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>

#include "json.h"

struct parser {
	struct json *json;
	struct arena *arena;
	const char *start, *p, *end;
	int room, depth;
};

static int parse_value(struct parser *ps, const char *key);

static int
fail(struct parser *ps, const char *error)
{
	if (ps->json->error == NULL) {
		ps->json->error = error;
		ps->json->error_at = (size_t)(ps->p - ps->start);
	}
	return (-1);
}

static void
skip_blanks(struct parser *ps)
{
	while (ps->p < ps->end && (*ps->p == ' ' || *ps->p == '\t' || *ps->p == '\n' || *ps->p == '\r'))
		ps->p++;
}

static int
add_node(struct parser *ps, const char *key)
{
	struct json_node *nodes;

	if (ps->json->count == JSON_NODES_MAX)
		return (fail(ps, "The JSON document has too many values"));
	if (ps->json->count == ps->room) {
		nodes = arena_alloc(ps->arena, sizeof(*nodes) * 2 * (size_t)ps->room);
		memcpy(nodes, ps->json->nodes, sizeof(*nodes) * (size_t)ps->room);
		ps->json->nodes = nodes;
		ps->room *= 2;
	}
	ps->json->nodes[ps->json->count].key = key;
	ps->json->nodes[ps->json->count].text = ps->p;

	return (ps->json->count++);
}

static int
hex4(const char *p, const char *end)
{
	int i, v, c;

	if (end - p < 4)
		return (-1);
	for (v = 0, i = 0; i < 4; i++) {
		c = (unsigned char)p[i];
		if (c >= '0' && c <= '9')
			c -= '0';
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			c = (c | 32) - 'a' + 10;
		else
			return (-1);
		v = v * 16 + c;
	}
	return (v);
}

/* Walks over an escape sequence behind the backslash. */
static int
scan_escape(struct parser *ps)
{
	int v;

	if (ps->p == ps->end)
		return (fail(ps, "The JSON document ends inside a string"));
	if (*ps->p != 'u') {
		if (*ps->p == '\0' || strchr("\"\\/bfnrt", *ps->p) == NULL)
			return (fail(ps, "The JSON document has an unknown escape sequence"));
		ps->p++;
		return (0);
	}

	v = hex4(ps->p + 1, ps->end);
	if (v < 0)
		return (fail(ps, "The JSON document has a broken \\u sequence"));
	if (v == 0)
		return (fail(ps, "A text in the JSON document holds a NUL character"));
	if (v >= 0xDC00 && v <= 0xDFFF)
		return (fail(ps, "The JSON document has half of a surrogate pair"));
	ps->p += 5;
	if (v >= 0xD800 && v <= 0xDBFF) {
		if (ps->end - ps->p < 6 || ps->p[0] != '\\' || ps->p[1] != 'u')
			return (fail(ps, "The JSON document has half of a surrogate pair"));
		v = hex4(ps->p + 2, ps->end);
		if (v < 0xDC00 || v > 0xDFFF)
			return (fail(ps, "The JSON document has half of a surrogate pair"));
		ps->p += 6;
	}
	return (0);
}

static int
scan_string(struct parser *ps)
{
	unsigned char c;

	for (ps->p++; ps->p < ps->end;) {
		c = (unsigned char)*ps->p;
		if (c == '"') {
			ps->p++;
			return (0);
		}
		if (c < 0x20)
			return (fail(ps, "A string in the JSON document holds a bare control character"));
		ps->p++;
		if (c == '\\' && scan_escape(ps) != 0)
			return (-1);
	}
	return (fail(ps, "The JSON document ends inside a string"));
}

static size_t
put_utf8(char *out, unsigned int v)
{
	if (v < 0x80) {
		out[0] = (char)v;
		return (1);
	}
	if (v < 0x800) {
		out[0] = (char)(0xC0 | v >> 6);
		out[1] = (char)(0x80 | (v & 63));
		return (2);
	}
	if (v < 0x10000) {
		out[0] = (char)(0xE0 | v >> 12);
		out[1] = (char)(0x80 | (v >> 6 & 63));
		out[2] = (char)(0x80 | (v & 63));
		return (3);
	}
	out[0] = (char)(0xF0 | v >> 18);
	out[1] = (char)(0x80 | (v >> 12 & 63));
	out[2] = (char)(0x80 | (v >> 6 & 63));
	out[3] = (char)(0x80 | (v & 63));
	return (4);
}

/* Decodes a string that scan_string() has passed; `text` begins behind the quote. */
static char *
decode_string(struct arena *arena, const char *text, size_t len)
{
	static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
	const char *end = text + len, *name;
	char *out, *p;
	unsigned int v;

	out = p = arena_alloc(arena, len + 1);
	while (text < end) {
		if (*text != '\\') {
			*p++ = *text++;
			continue;
		}
		text++;
		if (*text != 'u') {
			name = strchr(names, *text);
			*p++ = name != NULL ? values[name - names] : *text;
			text++;
			continue;
		}
		v = (unsigned int)hex4(text + 1, end);
		text += 5;
		if (v >= 0xD800 && v <= 0xDBFF) {
			v = 0x10000 + ((v - 0xD800) << 10) + ((unsigned int)hex4(text + 2, end) - 0xDC00);
			text += 6;
		}
		p += put_utf8(p, v);
	}
	*p = '\0';

	return (out);
}

static int
scan_digits(struct parser *ps)
{
	const char *first = ps->p;

	while (ps->p < ps->end && *ps->p >= '0' && *ps->p <= '9')
		ps->p++;
	return (ps->p > first ? 0 : fail(ps, "The JSON document has a malformed number"));
}

static int
scan_number(struct parser *ps)
{
	if (*ps->p == '-')
		ps->p++;
	if (ps->p < ps->end && *ps->p == '0')
		ps->p++;
	else if (scan_digits(ps) != 0)
		return (-1);
	if (ps->p < ps->end && *ps->p == '.') {
		ps->p++;
		if (scan_digits(ps) != 0)
			return (-1);
	}
	if (ps->p < ps->end && (*ps->p | 32) == 'e') {
		ps->p++;
		if (ps->p < ps->end && (*ps->p == '+' || *ps->p == '-'))
			ps->p++;
		if (scan_digits(ps) != 0)
			return (-1);
	}
	return (0);
}

static int
scan_word(struct parser *ps, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(ps->end - ps->p) < len || memcmp(ps->p, word, len) != 0)
		return (fail(ps, "The request body is not valid JSON"));
	ps->p += len;
	return (0);
}

static int
compare_keys(const void *a, const void *b)
{
	return (strcmp(*(const char *const *)a, *(const char *const *)b));
}

static int
check_keys(struct parser *ps, int object, int count)
{
	const char **keys;
	int i, n;

	if (count < 2)
		return (0);
	keys = arena_alloc(ps->arena, sizeof(*keys) * (size_t)count);
	for (n = 0, i = object + 1; i < ps->json->count; i = ps->json->nodes[i].next)
		keys[n++] = ps->json->nodes[i].key;
	qsort(keys, (size_t)n, sizeof(*keys), compare_keys);
	for (i = 1; i < n; i++) {
		if (strcmp(keys[i - 1], keys[i]) == 0)
			return (fail(ps, "A field stands twice in one JSON object"));
	}
	return (0);
}

/* The members of an object or the elements of an array, up to and with the closing bracket. */
static int
parse_members(struct parser *ps, int parent, bool object)
{
	const char close = object ? '}' : ']', *text, *key = NULL;
	int count;

	ps->p++;
	skip_blanks(ps);
	if (ps->p < ps->end && *ps->p == close) {
		ps->p++;
		return (0);
	}
	for (count = 1;; count++) {
		if (object) {
			text = ps->p + 1;
			if (ps->p == ps->end || *ps->p != '"')
				return (fail(ps, "The request body is not valid JSON"));
			if (scan_string(ps) != 0)
				return (-1);
			key = decode_string(ps->arena, text, (size_t)(ps->p - text - 1));
			skip_blanks(ps);
			if (ps->p == ps->end || *ps->p != ':')
				return (fail(ps, "The request body is not valid JSON"));
			ps->p++;
			skip_blanks(ps);
		}
		if (parse_value(ps, key) != 0)
			return (-1);
		skip_blanks(ps);
		if (ps->p == ps->end)
			return (fail(ps, "The JSON document ends too early"));
		if (*ps->p == close) {
			ps->p++;
			return (object ? check_keys(ps, parent, count) : 0);
		}
		if (*ps->p++ != ',')
			return (fail(ps, "The request body is not valid JSON"));
		skip_blanks(ps);
	}
}

static int
parse_value(struct parser *ps, const char *key)
{
	enum json_type type;
	int node, error;

	if (ps->p == ps->end)
		return (fail(ps, "The JSON document ends too early"));
	if ((node = add_node(ps, key)) < 0)
		return (-1);

	switch (*ps->p) {
	case '{':
	case '[':
		type = *ps->p == '{' ? JSON_OBJECT : JSON_ARRAY;
		if (++ps->depth > JSON_DEPTH_MAX)
			return (fail(ps, "The JSON document is nested too deeply"));
		error = parse_members(ps, node, type == JSON_OBJECT);
		ps->depth--;
		break;
	case '"':
		type = JSON_STRING;
		error = scan_string(ps);
		break;
	case 't':
	case 'f':
		type = JSON_BOOL;
		error = scan_word(ps, *ps->p == 't' ? "true" : "false");
		break;
	case 'n':
		type = JSON_NULL;
		error = scan_word(ps, "null");
		break;
	default:
		type = JSON_NUMBER;
		if (*ps->p != '-' && (*ps->p < '0' || *ps->p > '9'))
			return (fail(ps, "The request body is not valid JSON"));
		error = scan_number(ps);
	}

	ps->json->nodes[node].type = type;
	ps->json->nodes[node].next = ps->json->count;
	ps->json->nodes[node].len = (size_t)(ps->p - ps->json->nodes[node].text);

	return (error);
}

bool
json_parse(struct json *json, const char *text, size_t len, struct arena *arena)
{
	struct parser ps = { .json = json, .arena = arena, .start = text, .p = text };

	memset(json, 0, sizeof(*json));
	ps.end = text + len;
	ps.room = 32;
	json->nodes = arena_alloc(arena, sizeof(*json->nodes) * (size_t)ps.room);

	if (!utf8_valid(text, len)) {
		json->error = "The request body is not valid UTF-8";
		return (false);
	}
	if (memchr(text, '\0', len) != NULL) {
		json->error = "The request body holds a NUL byte";
		return (false);
	}

	skip_blanks(&ps);
	if (parse_value(&ps, NULL) != 0)
		return (false);
	skip_blanks(&ps);
	if (ps.p != ps.end)
		return (fail(&ps, "Something follows the JSON document") == 0);

	return (true);
}

/* The member of an object, or -1. */
int
json_find(const struct json *json, int object, const char *key)
{
	int i;

	if (object < 0 || json->count == 0 || json->nodes[object].type != JSON_OBJECT)
		return (-1);
	for (i = object + 1; i < json->nodes[object].next; i = json->nodes[i].next) {
		if (strcmp(json->nodes[i].key, key) == 0)
			return (i);
	}
	return (-1);
}

/* The decoded text of a string node. */
char *
json_string(const struct json *json, int node, struct arena *arena)
{
	return (decode_string(arena, json->nodes[node].text + 1, json->nodes[node].len - 2));
}

/* Any node as it was written. */
char *
json_text(const struct json *json, int node, struct arena *arena)
{
	return (arena_copy(arena, json->nodes[node].text, json->nodes[node].len));
}
