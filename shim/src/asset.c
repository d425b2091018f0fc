#include <stdbool.h>
#include <string.h>

#include <kore/kore.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "asset.h"
#include "gzip.h"
#include "reply.h"

#define DOCS_POLICY \
	"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " \
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* The bytes of a file, and a NUL behind them. */
#define EMBED(symbol, file) \
	__asm__(".pushsection .rodata\n.global " #symbol "\n.global " #symbol "_end\n" #symbol ":\n.incbin \"" file \
		"\"\n" #symbol "_end:\n.byte 0\n.popsection\n"); \
	extern const char symbol[], symbol##_end[]

#define EMBED_BOTH(symbol, directory, file) \
	EMBED(symbol, "assets/" directory file); \
	EMBED(symbol##_gz, BUILD "/assets/" directory file ".gz")

EMBED(asset_openapi_sql, "assets/openapi.sql");
EMBED_BOTH(docs_html, "", "docs.html");
EMBED_BOTH(init_js, "", "init.js");
EMBED_BOTH(swagger_ui_css, "swagger-ui/", "swagger-ui.css");
EMBED_BOTH(swagger_ui_js, "swagger-ui/", "swagger-ui-bundle.js");

#define ASSET(n, type, symbol) \
	{ \
		n, type, { symbol, symbol##_end }, { symbol##_gz, symbol##_gz_end }, "" \
	}

static struct asset {
	const char *name;
	const char *type;
	const char *plain[2], *packed[2]; /* from, to */
	char tag[17];
} assets[] = {
	ASSET("docs.html", "text/html; charset=utf-8", docs_html),
	ASSET("init.js", "text/javascript; charset=utf-8", init_js),
	ASSET("swagger-ui.css", "text/css; charset=utf-8", swagger_ui_css),
	ASSET("swagger-ui-bundle.js", "text/javascript; charset=utf-8", swagger_ui_js),
};

#define ASSETS (sizeof(assets) / sizeof(assets[0]))

void
asset_prepare(void)
{
	struct asset *a;

	for (a = assets; a < assets + ASSETS; a++)
		(void)snprintf(a->tag, sizeof(a->tag), "%016llx",
		    (unsigned long long)XXH3_64bits(a->plain[0], (size_t)(a->plain[1] - a->plain[0])));
}

static void
serve(struct request *rq, const struct asset *a)
{
	const char *const *bytes = a->plain;

	rq->content_type = a->type;
	rq->content_policy = DOCS_POLICY;
	rq->etag = a->tag;
	if (gzip_accepted(rq)) {
		bytes = a->packed;
		rq->encoded = true;
	}
	reply_json(rq, 200, bytes[0], (size_t)(bytes[1] - bytes[0]));
}

void
asset_page(struct request *rq)
{
	serve(rq, &assets[0]);
}

void
asset_file(struct request *rq)
{
	const struct asset *a;

	for (a = assets + 1; a < assets + ASSETS; a++) {
		if (strcmp(a->name, rq->match.params[0]) == 0) {
			serve(rq, a);
			return;
		}
	}
	reply_error(rq, 404, "ROUTE_NOT_FOUND", NULL, "There is nothing at this address");
}
