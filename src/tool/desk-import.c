/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward desk release import`, `desk findings import` and `desk decisions export`: what the tool has read and matched, to the server, and what was decided
 * there, back. Documents of strangers and feeds are read here, at the desk, and not by the server; it gets entries (product/entries.h), piece by piece, and
 * counts them when all have come.
 */
#include "base/text.h"
#include "crypto/hash.h"
#include "formats/bom.h"
#include "product/decisions.h"
#include "product/entries.h"
#include "product/product.h"
#include "tool/commands.h"
#include "tool/files.h"
#include "tool/session.h"
#include "tool/triage.h"

#define PIECE_BYTES (40 * 1024) /* of 64 KiB that the socket takes: a next entry still fits */
#define PIECE_ENTRIES 200
#define PAGES_MAX 10000

static const struct tw_option release_options[] = {
	{ "local", "SOCKET", true, "the server's socket: desk.sock in its directory" },
	{ "sbom", "FILE", true,
		"the release's inventory, as thingward triage reads it: CycloneDX, SPDX, Yocto's folder of them, Buildroot's show-info or legal-info" },
	{},
};
static const struct tw_option findings_options[] = {
	{ "local", "SOCKET", true, "the server's socket: desk.sock in its directory" },
	{ "product", "NAME", false, "by its name in products.json; the code of DIR/product.yaml unless given" },
	{},
};
static const struct tw_option export_options[] = {
	{ "local", "SOCKET", true, "the server's socket: desk.sock in its directory" },
	{ "out", "FILE", true, "where decisions.yaml goes; what is there is replaced" },
	{},
};

/* --- An import --- */

struct sending {
	struct tw_tool *t;
	struct tw_session session;
	const char *product, *version, *kind, *source;
	char id[32];
	json_t *piece; /* entries that are not sent yet */
	size_t bytes, sent, count;
};

static void sending_done(struct sending *s)
{
	tw_jsonp(&s->piece);
	tw_session_done(&s->session);
}

/* One call; ret: what was answered, owned by the caller. */
static tw_err call(struct sending *s, const char *method, const char *path, const json_t *body, json_t **ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	const struct tw_call what = { .method = method, .path = path, .body = body };

	tw_answer_init(&answer, s->t->sys);
	TW_TRY(tw_session_call(s->t, s->session.client, &what, &answer));
	*ret = json_incref(answer.body);
	return TW_OK;
}

static tw_err begin(struct sending *s)
{
	TW_CLEANUP(tw_jsonp)
	json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:I}", "product", s->product, "version", s->version, "kind", s->kind,
		"source", s->source, "count", (json_int_t)s->count);
	TW_CLEANUP(tw_jsonp) json_t *answer = NULL;

	s->piece = json_array();
	if (!body || !s->piece)
		return TW_RAISE(NOMEM, "an import");
	TW_TRY(call(s, "POST", "/api/v1/releases", body, &answer));
	const char *id = tw_json_text(answer, "id");
	if (strlen(id) < 2 || strlen(id) >= sizeof s->id || id[1 + strspn(id + 1, "0123456789")])
		return tw_fail(s->t, TW_EXIT_FAILED, "is that the socket of thingward-support?",
			TW_RAISE(SYNTAX, "the server named no import"));
	(void)snprintf(s->id, sizeof s->id, "%s", id);
	return TW_OK;
}

static tw_err flush(struct sending *s)
{
	TW_CLEANUP(tw_jsonp) json_t *body = NULL, *answer = NULL;
	const size_t size = json_array_size(s->piece);
	char path[64];

	if (!size)
		return TW_OK;
	body = json_pack("{s:I, s:O}", "from", (json_int_t)s->sent, "entries", s->piece);
	if (!body)
		return TW_RAISE(NOMEM, "a piece");
	(void)snprintf(path, sizeof path, "/api/v1/release-pieces/%s", s->id);
	TW_TRY(call(s, "POST", path, body, &answer));
	s->sent += size;
	s->bytes = 0;
	(void)json_array_clear(s->piece);
	tw_progress(s->t, "%zu of %zu", s->sent, s->count);
	return TW_OK;
}

/* entry is consumed. */
static tw_err add(struct sending *s, json_t *entry)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, s->t->sys, TW_ENTRY_MAX + 1024);
	tw_err e = tw_json_write(entry, &text);
	if (!tw_failed(e) && (s->bytes + text.size > PIECE_BYTES || json_array_size(s->piece) == PIECE_ENTRIES))
		e = flush(s);
	if (tw_failed(e)) {
		json_decref(entry);
		return e;
	}
	s->bytes += text.size + 1;
	return tw_json_append(s->piece, entry);
}

static tw_err finish(struct sending *s)
{
	TW_CLEANUP(tw_jsonp) json_t *answer = NULL;
	char path[64];

	TW_TRY(flush(s));
	(void)snprintf(path, sizeof path, "/api/v1/release-ends/%s", s->id);
	TW_TRY(call(s, "POST", path, NULL, &answer));
	TW_TRY(tw_print(s->t, "%s %s has %zu %s now.\n", s->product, s->version, s->count, s->kind));
	return s->t->json ? tw_print_value(s->t, answer) : TW_OK;
}

/* --- Components --- */

static tw_err hash_of(struct tw_slice text, char ret[2 * TW_SHA256_SIZE + 1])
{
	uint8_t hash[TW_SHA256_SIZE];

	TW_TRY(tw_sha256(text.at, text.size, hash));
	for (size_t i = 0; i < sizeof hash; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", hash[i]);
	return TW_OK;
}

/* What is wrong with it is told with its place in the inventory. */
static tw_err blame(struct tw_tool *t, const struct tw_bom *bom, size_t part, tw_err e)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf place = { 0 };
	char why[TW_DETAIL_MAX];

	if (!tw_is(e, TW_CODE_SYNTAX) && !tw_is(e, TW_CODE_LIMIT))
		return e;
	(void)snprintf(why, sizeof why, "%s", tw_err_detail());
	tw_buf_init(&place, t->sys, 4096);
	TW_TRY(tw_bom_place(bom, part, &place));
	return tw_fail(t, TW_EXIT_USAGE, "mend the inventory, or make it anew; nothing of it counts",
		TW_RAISE(SYNTAX, "%s: %s", tw_buf_cstr(&place), why));
}

static tw_err send_parts(struct sending *s, const struct tw_bom *bom)
{
	for (size_t i = 0; i < bom->count; i++) {
		json_t *entry = NULL;
		tw_err e = tw_component_entry(s->t->sys, &bom->of[i], &entry);

		if (tw_failed(e))
			return blame(s->t, bom, i, e);
		TW_TRY(add(s, entry));
	}
	return finish(s);
}

static tw_err import_release(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(sending_done)
	struct sending s = { .t = t, .product = a->rest[0], .version = a->rest[1], .kind = "components" };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	struct tw_bom bom = { 0 };
	char source[2 * TW_SHA256_SIZE + 1];
	bool image = false;

	tw_buf_init(&text, t->sys, TW_BOM_MAX);
	TW_TRY(tw_release_read(t, tw_arg(a, "sbom"), &text, &image, &document));
	TW_TRY(hash_of(tw_buf_slice(&text), source));
	TW_TRY(tw_file_named(tw_arg(a, "sbom"), tw_bom_of(t->sys, document, &bom)));
	s.source = source;
	s.count = bom.count;
	tw_err e = tw_session_open(t, a, &s.session);
	if (!tw_failed(e))
		e = begin(&s);
	if (!tw_failed(e))
		e = send_parts(&s, &bom);
	if (!tw_failed(e) && bom.left_out)
		e = tw_print(t, "%zu packages that builds took in (sources, patches, archives without package URL and CPE name) are no components.\n",
			bom.left_out);
	if (!tw_failed(e) && bom.of_host)
		e = tw_print(t, TW_OF_HOST, bom.of_host);
	tw_bom_done(&bom);
	return e;
}

/* --- Findings --- */

static tw_err send_items(struct sending *s, const json_t *items)
{
	const char *key;
	json_t *item;

	json_object_foreach((json_t *)(uintptr_t)items, key, item) {
		json_t *entry = NULL;
		tw_err e = tw_finding_entry(s->t->sys, item, &entry);

		if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT)) {
			char why[TW_DETAIL_MAX];

			(void)snprintf(why, sizeof why, "%s", tw_err_detail());
			return tw_fail(s->t, TW_EXIT_FAILED, "nothing of this import counts", TW_RAISE(SYNTAX, "%.120s: %s", key, why));
		}
		TW_TRY(e);
		TW_TRY(add(s, entry));
	}
	return finish(s);
}

static tw_err import_findings(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(sending_done) struct sending s = { .t = t, .kind = "findings" };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *product = NULL, *release = NULL, *items = NULL;
	char path[4096];

	(void)snprintf(path, sizeof path, "%s/" TW_TRIAGE_FILE, a->rest[0]);
	tw_buf_init(&text, t->sys, TW_TRIAGE_FILE_MAX);
	tw_err e = tw_file_read(t->sys, path, TW_TRIAGE_FILE_MAX, &text);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return tw_fail(t, TW_EXIT_FAILED, "thingward triage import first: this sends what it found", e);
	TW_TRY(e);
	TW_TRY(tw_file_named(path, tw_triage_state_read(t->sys, tw_buf_slice(&text), &release, &items)));
	if (!*tw_json_text(release, "version"))
		return tw_fail(t, TW_EXIT_FAILED, "thingward triage import --version once more",
			TW_RAISE(STATE, "%s does not say of which release it is", path));
	if (!tw_arg(a, "product"))
		TW_TRY(tw_product_load(t, a->rest[0], &product));
	s.product = product ? tw_json_text(json_object_get(product, "product"), "code") : tw_arg(a, "product");
	s.version = tw_json_text(release, "version");
	s.source = tw_json_text(release, "sbom");
	s.count = json_object_size(items);
	TW_TRY(tw_session_open(t, a, &s.session));
	TW_TRY(begin(&s));
	return send_items(&s, items);
}

/* --- Decisions --- */

static tw_err write_page(const json_t *answer, struct tw_buf *text)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(answer, "decisions"), i, one)
		TW_TRY(tw_decision_write(one, text));
	return TW_OK;
}

static tw_err read_pages(struct sending *s, struct tw_buf *text)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf product = { 0 };
	char path[1024], cursor[256] = "";

	tw_buf_init(&product, s->t->sys, 512);
	TW_TRY(tw_buf_percent(&product, tw_slice_of(s->product)));
	for (int i = 0; i < PAGES_MAX; i++) {
		TW_CLEANUP(tw_jsonp) json_t *answer = NULL;

		(void)snprintf(path, sizeof path, "/api/v1/finding-decisions?product=%s%s%s", tw_buf_cstr(&product),
			*cursor ? "&cursor=" : "", cursor);
		TW_TRY(call(s, "GET", path, NULL, &answer));
		TW_TRY(write_page(answer, text));
		(void)snprintf(cursor, sizeof cursor, "%s", tw_json_text(answer, "next"));
		if (!*cursor)
			return TW_OK;
	}
	return TW_RAISE(LIMIT, "more than %d pages of decisions", PAGES_MAX);
}

/* What git would not read is not written. */
static tw_err check(struct tw_tool *t, const char *path, const struct tw_buf *text)
{
	TW_CLEANUP(tw_problems_done) struct tw_problems p = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *decisions = NULL;

	TW_TRY(tw_problems_init(&p, path));
	TW_TRY(tw_decisions_read(t->sys, tw_buf_slice(text), &p, &decisions));
	if (!p.count)
		return TW_OK;
	return tw_fail(t, TW_EXIT_FAILED, "nothing was written",
		TW_RAISE(SYNTAX, "the server's decisions are none that decisions.yaml takes"));
}

static tw_err export_decisions(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(sending_done) struct sending s = { .t = t, .product = a->rest[0] };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const char *out = tw_arg(a, "out");

	tw_buf_init(&text, t->sys, TW_DECISIONS_MAX);
	TW_TRY(tw_buf_text(&text, "format: 1\n"));
	TW_TRY(tw_session_open(t, a, &s.session));
	const size_t head = text.size;
	TW_TRY(tw_buf_text(&text, "decisions:\n"));
	const size_t begins = text.size;
	TW_TRY(read_pages(&s, &text));
	if (text.size == begins)
		text.size = head; /* an empty list is no list in YAML */
	TW_TRY(check(t, out, &text));
	TW_TRY(tw_file_write(t->sys, out, tw_buf_cstr(&text), text.size, 0644));
	return tw_print_done(t, out, "Wrote %s.\n", out);
}

const struct tw_command tw_commands_desk_import[] = {
	{ "desk release import", "PRODUCT VERSION", 2, 2, release_options, import_release, "send the components of a release to the server",
		"thingward desk release import lamp 1.4.2 --sbom image.cdx.json --local ./desk/desk.sock" },
	{ "desk findings import", "DIR", 1, 1, findings_options, import_findings, "send what thingward triage import found to the server",
		"thingward desk findings import ./product --local ./desk/desk.sock" },
	{ "desk decisions export", "PRODUCT", 1, 1, export_options, export_decisions, "write what was decided at the server as decisions.yaml",
		"thingward desk decisions export lamp --out ./product/decisions.yaml --local ./desk/desk.sock" },
	{},
};
