/* Any bytes: refused, or parsed into nodes that lie in the document, whose strings come back as what they were. */
#include <kore/kore.h>

#include "json.h"

#define REQUIRE(condition) do { if (!(condition)) abort(); } while (0)

/* A decoded string, escaped and parsed again, is the same; json_escape() tells DEL and control characters its own way. */
static void
require_same_again(const char *string, struct arena *arena)
{
	struct kore_buf out;
	struct json again;

	kore_buf_init(&out, 64);
	json_escape(&out, string);
	REQUIRE(json_parse(&again, (const char *)out.data, out.offset, arena));
	REQUIRE(again.count == 1 && again.nodes[0].type == JSON_STRING);
	REQUIRE(strcmp(json_string(&again, 0, arena), string) == 0);
	kore_buf_cleanup(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena arena = { 0 };
	struct json json;
	char *document = malloc(len);
	int i;

	memcpy(document, data, len);
	if (json_parse(&json, document, len, &arena)) {
		REQUIRE(json.count > 0 && json.nodes[0].next == json.count);
		for (i = 0; i < json.count; i++) {
			REQUIRE(json.nodes[i].text >= document && json.nodes[i].text + json.nodes[i].len <= document + len);
			REQUIRE(json.nodes[i].next > i && json.nodes[i].next <= json.count);
			(void)json_text(&json, i, &arena);
			if (json.nodes[i].type == JSON_STRING)
				require_same_again(json_string(&json, i, &arena), &arena);
			if (json.nodes[i].type == JSON_OBJECT && i + 1 < json.nodes[i].next)
				REQUIRE(json_find(&json, i, json.nodes[i + 1].key) == i + 1);
		}
	} else {
		REQUIRE(json.error != NULL && json.error_at <= len);
	}
	arena_free(&arena);
	free(document);

	return (0);
}
