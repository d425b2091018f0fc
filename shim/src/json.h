/*
 * JSON in and out.
 *
 * The parser keeps the text of every value: a number reaches PostgreSQL as it was written, never through a
 * double, and a nested object can be passed on as it stands. That is why it is not jansson. It is strict
 * (RFC 8259): one value, valid UTF-8, no lone surrogates, no NUL (PostgreSQL's text cannot hold one), no key
 * twice in an object, bounded depth and size.
 *
 * Nodes are an array in document order; node 0 is the root. A node's children follow it; `next` is the node
 * behind all of them. Everything lives in the arena given, except `text`, which points into the document.
 */
#ifndef EV_JSON_H
#define EV_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"

#define JSON_DEPTH_MAX 32
#define JSON_NODES_MAX 262144

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json_node {
	enum json_type type;
	int next;
	const char *key; /* decoded; NULL outside objects */
	const char *text; /* as written; a string with its quotes */
	size_t len;
};

struct json {
	struct json_node *nodes;
	int count;
	const char *error; /* why parsing failed, for the client */
	size_t error_at;
};

struct kore_buf;

bool json_parse(struct json *json, const char *text, size_t len, struct arena *arena);
int json_find(const struct json *json, int object, const char *key);
char *json_string(const struct json *json, int node, struct arena *arena);
char *json_text(const struct json *json, int node, struct arena *arena);

bool utf8_valid(const char *text, size_t len);
void json_escape(struct kore_buf *out, const char *text);

#endif
