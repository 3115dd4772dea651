/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/probes/portal.h"

#include "base/text.h"
#include "formats/htmlscan.h"

#include <string.h>

#define FORM_MAX (32 * 1024)
#define IN_ENGLISH "?lang=en"

static tw_err ask(struct tw_probe_context *c, const struct tw_call *call, struct tw_answer *ret)
{
	tw_answer_done(ret);
	tw_answer_init(ret, c->sys);
	return tw_client_call(c->target[0].session.client, call, ret);
}

tw_err tw_portal_get(struct tw_probe_context *c, const char *path, struct tw_answer *ret)
{
	const struct tw_call call = { .method = "GET", .path = path, .page = true };

	return ask(c, &call, ret);
}

tw_err tw_portal_send(struct tw_probe_context *c, const char *path, const struct tw_buf *form, struct tw_answer *ret)
{
	const struct tw_call call = { .method = "POST", .path = path, .form = tw_buf_cstr(form), .page = true };

	return ask(c, &call, ret);
}

tw_err tw_portal_open(struct tw_probe_context *c, const char *path, struct tw_answer *ret, struct tw_finding *f, bool *ret_there)
{
	tw_err e = tw_portal_get(c, path, ret);

	*ret_there = !tw_failed(e) && ret->status == 200;
	if (tw_failed(e))
		return tw_found_trouble(f, path, e);
	return *ret_there ? TW_OK : tw_found(f, TW_VERDICT_FAIL, "%s was answered with %ld.", path, ret->status);
}

tw_err tw_portal_put(struct tw_buf *form, const char *key, const char *value)
{
	TW_TRY(tw_buf_text(form, form->size ? "&" : ""));
	TW_TRY(tw_buf_percent(form, tw_slice_of(key)));
	TW_TRY(tw_buf_text(form, "="));
	return tw_buf_percent(form, tw_slice_of(value));
}

/* --- Reading a page --- */

static struct tw_htmlscan scan(const struct tw_answer *page)
{
	return tw_htmlscan_of(tw_buf_slice(&page->raw));
}

static bool is(const struct tw_htmltag *t, const char *name, const char *value)
{
	struct tw_slice found;

	return tw_htmltag_attribute(t, name, &found) && tw_slice_is(found, value);
}

static void copy(struct tw_slice from, char *ret, size_t size)
{
	(void)snprintf(ret, size, TW_SLICE_FMT, TW_SLICE_ARG(from));
}

static bool is_control(const struct tw_htmltag *t)
{
	return !t->end && (tw_htmltag_is(t, "input") || tw_htmltag_is(t, "textarea") || tw_htmltag_is(t, "select"));
}

/* A browser shows no hidden one, and sends no disabled one. */
static bool is_asked(const struct tw_htmltag *t)
{
	struct tw_slice value;

	if (tw_htmltag_attribute(t, "disabled", &value))
		return false;
	return !tw_htmltag_is(t, "input") || !tw_htmltag_attribute(t, "type", &value) || value.size != 6 ||
		strncasecmp(value.at, "hidden", 6) != 0;
}

/* The options up to the end of the select: the one that is chosen, or else the first. */
static void read_chosen(struct tw_htmlscan *s, struct tw_portal_field *ret)
{
	struct tw_htmltag t;
	struct tw_slice value, selected;
	bool any = false;

	while (tw_htmlscan_next(s, &t) && !(t.end && tw_htmltag_is(&t, "select"))) {
		if (t.end || !tw_htmltag_is(&t, "option") || !tw_htmltag_attribute(&t, "value", &value))
			continue;
		if (!any || tw_htmltag_attribute(&t, "selected", &selected))
			copy(value, ret->value, sizeof ret->value);
		any = true;
	}
}

struct tw_portal_field tw_portal_field(const struct tw_answer *page, const char *name)
{
	struct tw_htmlscan s = scan(page);
	struct tw_portal_field f = { .value = "" };
	struct tw_slice value;
	struct tw_htmltag t;

	while (!f.asked && tw_htmlscan_next(&s, &t)) {
		if (!is_control(&t) || !is(&t, "name", name) || (f.there && !is_asked(&t)))
			continue;
		f = (struct tw_portal_field){ .there = true, .asked = is_asked(&t) };
		f.required = tw_htmltag_attribute(&t, "required", &value);
		if (tw_htmltag_is(&t, "select"))
			read_chosen(&s, &f);
		else if (tw_htmltag_attribute(&t, "value", &value))
			copy(value, f.value, sizeof f.value);
	}
	return f;
}

bool tw_portal_offers(const struct tw_answer *page, const char *name, const char *value)
{
	struct tw_htmlscan s = scan(page);
	struct tw_htmltag t;
	bool inside = false;

	while (tw_htmlscan_next(&s, &t)) {
		if (tw_htmltag_is(&t, "select"))
			inside = !t.end && is(&t, "name", name);
		else if (inside && !t.end && tw_htmltag_is(&t, "option") && is(&t, "value", value))
			return true;
	}
	return false;
}

/* What begins so, and is not merely a longer name: "/news" is not where "/newsletter" leads. */
static bool begins(struct tw_slice to, const char *begin)
{
	const size_t size = strlen(begin);

	if (to.size < size || memcmp(to.at, begin, size) != 0)
		return false;
	return to.size == size || memchr(":/=", begin[size - 1], 3) || memchr("?&#", to.at[size], 3);
}

bool tw_portal_links(const struct tw_answer *page, const char *begin, char *ret, size_t size)
{
	struct tw_htmlscan s = scan(page);
	struct tw_htmltag t;
	struct tw_slice to;

	while (tw_htmlscan_next(&s, &t)) {
		if (t.end || !tw_htmltag_is(&t, "a") || !tw_htmltag_attribute(&t, "href", &to))
			continue;
		if (to.size < size && begins(to, begin)) {
			copy(to, ret, size);
			return true;
		}
	}
	return false;
}

size_t tw_portal_links_count(const struct tw_answer *page, const char *begin)
{
	struct tw_htmlscan s = scan(page);
	struct tw_htmltag t;
	struct tw_slice to;
	size_t n = 0;

	while (tw_htmlscan_next(&s, &t))
		n += !t.end && tw_htmltag_is(&t, "a") && tw_htmltag_attribute(&t, "href", &to) && begins(to, begin);
	return n;
}

tw_err tw_portal_links_to(struct tw_probe_context *c, const struct tw_answer *page, const char *address, bool *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf whole = { 0 };
	struct tw_htmlscan s = scan(page);
	struct tw_htmltag t;
	struct tw_slice to;

	tw_buf_init(&whole, c->sys, TW_ANSWER_MAX);
	*ret = false;
	while (!*ret && tw_htmlscan_next(&s, &t)) {
		if (t.end || !tw_htmltag_is(&t, "a") || !tw_htmltag_attribute(&t, "href", &to))
			continue;
		tw_buf_clear(&whole);
		TW_TRY(tw_html_resolve(to, &whole));
		*ret = tw_slice_is(tw_buf_slice(&whole), address);
	}
	return TW_OK;
}

static bool holds_no_text(const struct tw_htmltag *t)
{
	return tw_htmltag_is(t, "script") || tw_htmltag_is(t, "style") || tw_htmltag_is(t, "title");
}

tw_err tw_portal_text(struct tw_probe_context *c, const struct tw_answer *page, struct tw_buf *ret)
{
	struct tw_htmlscan s = scan(page);
	struct tw_htmltag t;

	tw_buf_init(ret, c->sys, TW_ANSWER_MAX);
	while (tw_htmlscan_next(&s, &t)) {
		if (!(t.end && holds_no_text(&t)))
			TW_TRY(tw_html_resolve(t.before, ret));
		TW_TRY(tw_buf_text(ret, " "));
	}
	return TW_OK;
}

tw_err tw_portal_by_id(struct tw_probe_context *c, const struct tw_answer *page, const char *id, struct tw_buf *ret)
{
	struct tw_htmlscan s = scan(page);
	struct tw_slice name = { NULL, 0 };
	struct tw_htmltag t;

	tw_buf_init(ret, c->sys, TW_ANSWER_MAX);
	while (tw_htmlscan_next(&s, &t)) {
		if (name.at)
			TW_TRY(tw_html_resolve(t.before, ret));
		if (name.at && t.end && t.name.size == name.size && !memcmp(t.name.at, name.at, name.size))
			break;
		if (!name.at && !t.end && is(&t, "id", id))
			name = t.name;
	}
	return TW_OK;
}

tw_err tw_portal_says(struct tw_probe_context *c, const struct tw_answer *page, const char *text, bool *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf all = { 0 };

	TW_TRY(tw_portal_text(c, page, &all));
	*ret = all.size && memmem(all.data, all.size, text, strlen(text)) != NULL;
	return TW_OK;
}

/* --- A report that is a test --- */

tw_err tw_test_mark(struct tw_probe_context *c, char ret[17])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	uint8_t random[8];

	tw_buf_init(&hex, c->sys, 16);
	if (c->sys->random(c->sys, random, sizeof random))
		return TW_RAISE_ERRNO("randomness");
	TW_TRY(tw_buf_hex(&hex, random, sizeof random));
	(void)snprintf(ret, 17, "%s", tw_buf_cstr(&hex));
	return TW_OK;
}

static tw_err put_marked(struct tw_buf *form, const char *key, const char *mark)
{
	char value[64];

	(void)snprintf(value, sizeof value, "test, %s %s", key, mark);
	return tw_portal_put(form, key, value);
}

static tw_err write_report(const struct tw_test_report *r, const char *receipt, struct tw_buf *form)
{
	char words[256];

	(void)snprintf(words, sizeof words,
		"TEST REPORT, made by thingward assess to see whether reports are taken. It tells of no fault, and nobody has to act on it. Mark: %s",
		r->mark);
	TW_TRY(tw_portal_put(form, "lang", "en"));
	TW_TRY(tw_portal_put(form, "receipt", receipt));
	TW_TRY(tw_portal_put(form, "description", words));
	if (r->kind)
		TW_TRY(tw_portal_put(form, "kind", r->kind));
	if (r->flaw)
		TW_TRY(tw_portal_put(form, "flaw", r->flaw));
	for (size_t i = 0; i < TW_COUNT(r->more) && r->more[i][0]; i++)
		TW_TRY(tw_portal_put(form, r->more[i][0], r->more[i][1]));
	if (!r->whole)
		return TW_OK;
	TW_TRY(put_marked(form, "product", r->mark));
	TW_TRY(put_marked(form, "version", r->mark));
	TW_TRY(put_marked(form, "traits", r->mark));
	return put_marked(form, "fix", r->mark);
}

/* The receipt stands as code on the page that answers. */
static void read_receipt(const struct tw_answer *page, char ret[TW_RECEIPT_TEXT])
{
	struct tw_htmlscan s = scan(page);
	struct tw_htmltag t;

	while (tw_htmlscan_next(&s, &t))
		if (t.end && tw_htmltag_is(&t, "code") && t.before.size == TW_RECEIPT_TEXT - 1)
			copy(t.before, ret, TW_RECEIPT_TEXT);
}

tw_err tw_test_report_send(struct tw_probe_context *c, struct tw_test_report *r)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer page = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf form = { 0 };
	char path[64] = "/report" IN_ENGLISH;

	if (r->question)
		(void)snprintf(path, sizeof path, "/question" IN_ENGLISH "&kind=%s", r->kind);
	tw_buf_init(&form, c->sys, FORM_MAX);
	TW_TRY(tw_test_mark(c, r->mark));
	TW_TRY(tw_portal_get(c, path, &page));
	const struct tw_portal_field receipt = tw_portal_field(&page, "receipt");
	TW_TRY(write_report(r, receipt.value, &form));
	TW_TRY(tw_portal_send(c, r->question ? "/question" : "/report", &form, &page));
	r->status = page.status;
	if (page.status == 200)
		read_receipt(&page, r->receipt);
	return TW_OK;
}

tw_err tw_test_report_follow(struct tw_probe_context *c, const struct tw_test_report *r, struct tw_answer *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf form = { 0 };

	tw_buf_init(&form, c->sys, FORM_MAX);
	TW_TRY(tw_portal_put(&form, "lang", "en"));
	TW_TRY(tw_portal_put(&form, "receipt", r->receipt));
	return tw_portal_send(c, "/report/status", &form, ret);
}

tw_err tw_test_report_refused(const struct tw_test_report *r, struct tw_finding *f)
{
	if (r->status == 429)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"Too much came from this network a moment ago, or from all, so the report was not taken. Try again in some minutes.");
	if (r->status == 200)
		return tw_found(f, TW_VERDICT_FAIL, "The report was answered as taken, and no receipt was given for it.");
	return tw_found(f, TW_VERDICT_FAIL, "A report was answered with %ld, and not taken.", r->status);
}
