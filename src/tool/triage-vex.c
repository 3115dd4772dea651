/* SPDX-License-Identifier: Apache-2.0 */
/* `thingward triage vex`: what the last import and the decisions since come to, for customers. A document that is there already is carried on. */
#include "base/text.h"
#include "crypto/hash.h"
#include "product/decisions.h"
#include "product/product.h"
#include "product/triage.h"
#include "product/vex.h"
#include "tool/commands.h"
#include "tool/files.h"
#include "tool/triage.h"

const struct tw_option tw_options_triage_vex[] = {
	{ "out", "FILE", true, "where the document goes; one of the same release that is there is carried on" },
	{ "format", "WORD", false, "csaf (2.0, profile csaf_vex) or openvex (0.2); csaf unless given" },
	{ "version", "VERSION", false, "the product's software version; the newest unless given" },
	{ "decisions", "FILE", false, "DIR/decisions.yaml unless given" },
	{},
};

/* --- Which release --- */

static tw_err product_version(struct tw_tool *t, const char *dir, char ret[1024])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_problems_done) struct tw_problems p = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *product = NULL;
	char path[4096];

	(void)snprintf(path, sizeof path, "%s/" TW_PRODUCT_FILE, dir);
	tw_buf_init(&text, t->sys, TW_PRODUCT_MAX);
	tw_err e = tw_file_read(t->sys, path, TW_PRODUCT_MAX, &text);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	TW_TRY(tw_problems_init(&p, path));
	TW_TRY(tw_product_read(t->sys, tw_buf_slice(&text), &p, &product));
	if (!p.count)
		(void)snprintf(ret, 1024, "%s", tw_product_version(product));
	return TW_OK;
}

tw_err tw_triage_release(struct tw_tool *t, const struct tw_args *a, struct tw_slice inventory, json_t **ret)
{
	uint8_t hash[TW_SHA256_SIZE];
	char text[2 * TW_SHA256_SIZE + 1], version[1024] = "";

	TW_TRY(tw_sha256(inventory.at, inventory.size, hash));
	for (size_t i = 0; i < sizeof hash; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", hash[i]);
	if (tw_arg(a, "version"))
		(void)snprintf(version, sizeof version, "%s", tw_arg(a, "version"));
	else
		TW_TRY(product_version(t, a->rest[0], version));
	tw_utf8_mend(version);
	*ret = json_pack("{s:s, s:s}", "version", version, "sbom", text);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "a release");
}

/* --- The document --- */

struct writing {
	struct tw_tool *t;
	const struct tw_args *a;
	json_t *product, *items, *release, *decisions, *previous, *document;
};

static void writing_done(struct writing *w)
{
	json_decref(w->product);
	json_decref(w->items);
	json_decref(w->release);
	json_decref(w->decisions);
	json_decref(w->previous);
	json_decref(w->document);
}

static tw_err read_items(struct writing *w)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	char path[4096];

	(void)snprintf(path, sizeof path, "%s/" TW_TRIAGE_FILE, w->a->rest[0]);
	tw_buf_init(&text, w->t->sys, TW_TRIAGE_FILE_MAX);
	tw_err e = tw_file_read(w->t->sys, path, TW_TRIAGE_FILE_MAX, &text);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return tw_fail(w->t, TW_EXIT_FAILED, "thingward triage import first: a document says what it found", e);
	TW_TRY(e);
	return tw_file_named(path, tw_triage_state_read(w->t->sys, tw_buf_slice(&text), &w->release, &w->items));
}

static tw_err read_decisions(struct writing *w)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_problems_done) struct tw_problems p = { 0 };
	const char *given = tw_arg(w->a, "decisions");
	char path[4096];

	(void)snprintf(path, sizeof path, "%s%s", given ? given : w->a->rest[0], given ? "" : "/" TW_DECISIONS_FILE);
	tw_buf_init(&text, w->t->sys, TW_DECISIONS_MAX);
	tw_err e = tw_file_read(w->t->sys, path, TW_DECISIONS_MAX, &text);
	if (tw_is(e, TW_CODE_NOTFOUND) && !given)
		return TW_OK;
	TW_TRY(e);
	TW_TRY(tw_problems_init(&p, path));
	TW_TRY(tw_decisions_read(w->t->sys, tw_buf_slice(&text), &p, &w->decisions));
	if (!p.count)
		return TW_OK;
	return tw_fail(w->t, TW_EXIT_USAGE, "thingward triage check names them", TW_RAISE(SYNTAX, "%s has mistakes", path));
}

static tw_err read_previous(struct writing *w)
{
	tw_err e = tw_file_json(w->t->sys, tw_arg(w->a, "out"), &w->previous);

	return tw_is(e, TW_CODE_NOTFOUND) ? TW_OK : tw_file_named(tw_arg(w->a, "out"), e);
}

static tw_err make(struct writing *w, bool openvex)
{
	char now[TW_TIME_TEXT_MAX];
	const char *version = tw_arg(w->a, "version");
	const struct tw_vex_from from = { w->product, version ? version : tw_product_version(w->product), w->items, w->decisions,
		w->previous, now };

	tw_time_text(tw_now_ms(w->t->sys), now);
	if (!*from.version)
		return tw_fail(w->t, TW_EXIT_USAGE, "--version, or a row of software in product.yaml",
			TW_RAISE(STATE, "the product has no version"));
	if (strcmp(tw_json_text(w->release, "version"), from.version) != 0)
		return tw_fail(w->t, TW_EXIT_FAILED,
			"thingward triage import --version with the inventory of that release, or vex --version of the one imported",
			TW_RAISE(STATE, "the last import is of another release: '%.60s', not '%.60s'",
				tw_json_text(w->release, "version"), from.version));
	return openvex ? tw_vex_openvex(w->t->sys, &from, &w->document) : tw_vex_csaf(w->t->sys, &from, &w->document);
}

tw_err tw_cmd_triage_vex(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(writing_done) struct writing w = { .t = t, .a = a };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const char *format = tw_arg(a, "format") ? tw_arg(a, "format") : "csaf", *out = tw_arg(a, "out");
	bool openvex = !strcmp(format, "openvex");

	if (!openvex && strcmp(format, "csaf") != 0)
		return tw_fail(t, TW_EXIT_USAGE, "--format csaf or --format openvex", TW_RAISE(SYNTAX, "'%.40s' is no format", format));
	TW_TRY(tw_product_load(t, a->rest[0], &w.product));
	TW_TRY(read_items(&w));
	TW_TRY(read_decisions(&w));
	TW_TRY(read_previous(&w));
	TW_TRY(make(&w, openvex));
	tw_buf_init(&text, t->sys, TW_FILE_MAX);
	TW_TRY(tw_json_pretty(w.document, &text));
	TW_TRY(tw_file_write(t->sys, out, text.data, text.size, 0644));
	return tw_print_done(t, out, "Wrote %s.\n", out);
}
