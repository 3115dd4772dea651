/* SPDX-License-Identifier: Apache-2.0 */
#include "support/advisories/advisories.h"

#include "base/mem.h"
#include "base/text.h"
#include "formats/csaf-site.h"
#include "formats/csaf.h"
#include "support/advisories/plan.h"
#include "support/advisories/search.h"
#include "support/cases/cases.h"
#include "support/platform/app.h"
#include "support/sql-support.h"

#include <stdio.h>
#include <string.h>

void tw_advisory_row_done(struct tw_advisory_row *r)
{
	tw_jsonp(&r->content);
	tw_jsonp(&r->published);
	tw_buf_done(&r->pending);
}

tw_err tw_advisory_refuse(struct tw_reply *rp, int status, const char *rule, const char *title, const char *next, const char *detail)
{
	return tw_reply_problem(rp, status, "advisory", rule, title, next, "%s", detail);
}

tw_err tw_advisory_not_now(struct tw_reply *rp, const struct tw_advisory_row *row)
{
	return tw_reply_problem(rp, 409, "advisory", "advisory.state", "Not in this state",
		"Read it to see what has to come first.", "The advisory is %s.", tw_advisory_states[row->state]);
}

/* --- Reading --- */

struct loading {
	const struct tw_sys *sys;
	struct tw_advisory_row *row;
	bool found;
};

static void take_text(const tw_row *row, int column, char *ret, size_t size)
{
	struct tw_slice s = tw_row_bytes(row, column);

	(void)snprintf(ret, size, "%.*s", (int)(s.size < size ? s.size : size - 1), s.size ? s.at : "");
}

static tw_err take_row(void *user, const tw_row *row)
{
	struct loading *l = user;
	struct tw_advisory_row *r = l->row;
	struct tw_slice published = tw_row_bytes(row, 8), pending = tw_row_bytes(row, 9);

	l->found = true;
	r->id = tw_row_int(row, 0);
	r->case_id = tw_row_int(row, 1);
	if (!tw_advisory_state_find(tw_row_bytes(row, 2), &r->state))
		return TW_RAISE(INTERNAL, "an advisory in no state");
	r->revision = tw_row_int(row, 3);
	r->released = tw_row_int(row, 4);
	take_text(row, 5, r->approved_by, sizeof r->approved_by);
	take_text(row, 6, r->approved_hash, sizeof r->approved_hash);
	take_text(row, 7, r->comment, sizeof r->comment);
	if (published.size)
		TW_TRY(tw_json_parse_deep(published, TW_CSAF_MAX, TW_ADVISORY_DEEPEST, &r->published));
	tw_buf_init(&r->pending, l->sys, TW_CSAF_MAX);
	TW_TRY(tw_buf_add(&r->pending, pending.at, pending.size));
	take_text(row, 10, r->hash, sizeof r->hash);
	r->changed_ms = tw_row_int(row, 12);
	return tw_json_parse_deep(tw_row_bytes(row, 11), TW_CSAF_MAX, TW_ADVISORY_DEEPEST + 1, &r->content);
}

tw_err tw_advisory_load_name(struct tw_context *c, const char *name, struct tw_advisory_row *ret)
{
	struct loading l = { c->sys, ret, false };
	const struct tw_value v = TW_V_TEXT(name);

	*ret = (struct tw_advisory_row){ 0 };
	TW_TRY(tw_store_run(c->store, tw_sql_advisory_one, &v, 1, take_row, &l));
	if (!l.found)
		return TW_RAISE(NOTFOUND, "no advisory %s", name);
	(void)snprintf(ret->name, sizeof ret->name, "%s", name);
	return TW_OK;
}

tw_err tw_advisory_seen(struct tw_context *c, const struct tw_subject *s, int64_t case_id, bool *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	char name[24];
	int64_t id = 0;

	*ret = true;
	if (!case_id)
		return TW_OK;
	*ret = false;
	(void)snprintf(name, sizeof name, "c%lld", (long long)case_id);
	TW_TRY(tw_case_named(c, s, tw_slice_of(name), &id, &doc));
	*ret = doc != NULL;
	return TW_OK;
}

static tw_err no_such(struct tw_reply *rp)
{
	return tw_advisory_refuse(rp, 404, "advisory.unknown", "There is no such advisory",
		"List the advisories to see those there are.", "No advisory that you may see has this id.");
}

tw_err tw_advisory_load(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_advisory_row *ret, bool *ret_there)
{
	char name[TW_ADVISORY_NAME_MAX];

	*ret_there = false;
	*ret = (struct tw_advisory_row){ 0 };
	if (!rq->parameter.size || rq->parameter.size >= sizeof name)
		return no_such(rp);
	(void)snprintf(name, sizeof name, TW_SLICE_FMT, TW_SLICE_ARG(rq->parameter));
	tw_err e = tw_advisory_load_name(c, name, ret);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return no_such(rp);
	TW_TRY(e);
	TW_TRY(tw_advisory_seen(c, &rq->subject, ret->case_id, ret_there));
	return *ret_there ? TW_OK : no_such(rp);
}

static tw_err take_author(void *user, const tw_row *row)
{
	struct tw_slice who = tw_row_bytes(row, 0);

	return tw_json_append(user, json_stringn(who.at, who.size));
}

tw_err tw_advisory_authors(struct tw_context *c, const struct tw_advisory_row *r, json_t *list)
{
	const struct tw_value v[] = { TW_V_INT(r->id), TW_V_INT(r->released) };

	return tw_store_run(c->store, tw_sql_advisory_authors, v, TW_COUNT(v), take_author, list);
}

tw_err tw_advisory_short(const struct tw_advisory_row *r, json_t **ret)
{
	*ret = json_pack("{s:s, s:s, s:I, s:s}", "id", r->name, "state", tw_advisory_states[r->state], "revision",
		(json_int_t)r->revision, "hash", r->hash);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "an advisory");
}

/* --- Writing --- */

static const char *title_of(const json_t *content)
{
	return tw_json_text(tw_json_get(tw_json_get(content, "document"), "document"), "title");
}

static tw_err add_revision(const struct tw_advisory_change *h, struct tw_slice text, int64_t now_ms)
{
	const struct tw_value v[] = { TW_V_INT(h->row->id), TW_V_INT(h->row->revision), TW_V_INT(now_ms), TW_V_TEXT(h->by),
		TW_V_TEXT(h->row->hash), TW_V_SLICE(text) };

	return tw_store_run(h->c->store, tw_sql_advisory_revision_add, v, TW_COUNT(v), NULL, NULL);
}

static tw_err add_step(const struct tw_advisory_change *h, int64_t now_ms)
{
	const struct tw_value v[] = { TW_V_INT(h->row->id), TW_V_INT(h->row->revision), TW_V_INT(now_ms), TW_V_TEXT(h->by),
		TW_V_TEXT(h->what), TW_V_TEXT(h->text ? h->text : "") };

	return tw_store_run(h->c->store, tw_sql_advisory_step_add, v, TW_COUNT(v), NULL, NULL);
}

tw_err tw_advisory_step(struct tw_context *c, struct tw_advisory_row *row, const char *by, const char *what, const char *text)
{
	const struct tw_advisory_change h = { .c = c, .row = row, .by = by, .what = what, .text = text };

	return add_step(&h, tw_time_wall_ms(c->time));
}

struct writing {
	struct tw_advisory_change *h;
	struct tw_slice text; /* of the content */
	int64_t now_ms;
	bool is_new;
};

static tw_err write_all(tw_store *s, void *user)
{
	const struct writing *w = user;
	const struct tw_advisory_row *r = w->h->row;
	const struct tw_value v[] = { TW_V_INT(r->id), TW_V_TEXT(tw_advisory_states[r->state]), TW_V_INT(r->revision),
		TW_V_TEXT(title_of(r->content)), TW_V_INT(w->now_ms), TW_V_TEXT(r->approved_by), TW_V_TEXT(r->approved_hash),
		TW_V_TEXT(r->comment) };

	if (w->h->content)
		TW_TRY(add_revision(w->h, w->text, w->now_ms));
	TW_TRY(tw_store_run(s, tw_sql_advisory_put, v, TW_COUNT(v), NULL, NULL));
	TW_TRY(add_step(w->h, w->now_ms));
	TW_TRY(tw_advisory_listed(w->h->c, r, w->h->out ? w->h->out : r->published, w->now_ms));
	TW_TRY(tw_plan_again(s, r->id));
	return w->h->beside ? w->h->beside(s, w->h->user) : TW_OK;
}

static tw_err content_text(struct tw_context *c, const json_t *content, struct tw_buf *ret)
{
	tw_buf_init(ret, c->sys, 2 * (size_t)TW_ADVISORY_MAX);
	return tw_json_write(content, ret);
}

/* What was approved was another content. */
static tw_err take_content(struct tw_advisory_change *h)
{
	struct tw_advisory_row *r = h->row;

	r->approved_by[0] = r->approved_hash[0] = r->comment[0] = '\0';
	r->revision++;
	TW_TRY(tw_advisory_content_hash(h->c->sys, r->name, h->content, r->hash));
	tw_jsonp(&r->content);
	r->content = json_incref((json_t *)(uintptr_t)h->content);
	return TW_OK;
}

tw_err tw_advisory_write(struct tw_advisory_change *h)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	if (h->content) {
		TW_TRY(take_content(h));
		TW_TRY(content_text(h->c, h->content, &text));
	}
	struct writing w = { h, tw_buf_slice(&text), tw_time_wall_ms(h->c->time), false };
	return tw_store_transaction(h->c->store, write_all, &w);
}

/* --- A new one --- */

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

/* PREFIX-YEAR-NUMBER. The number is given within the transaction that uses it: one that nobody was told of was never given. */
static tw_err next_name(struct tw_context *c, int64_t now_ms, char ret[TW_ADVISORY_NAME_MAX])
{
	const char *prefix = tw_app_of(c)->desk.prefix;
	char now[TW_TIME_TEXT_MAX];
	uint64_t year = 0;
	int64_t number = 0;

	tw_time_text(now_ms, now);
	TW_TRY(tw_parse_u64((struct tw_slice){ now, 4 }, 9999, &year));
	const struct tw_value v[] = { TW_V_TEXT(prefix), TW_V_INT((int64_t)year) };
	TW_TRY(tw_store_run(c->store, tw_sql_advisory_next, v, TW_COUNT(v), take_number, &number));
	(void)snprintf(ret, TW_ADVISORY_NAME_MAX, "%s-%04u-%04lld", prefix, (unsigned)year, (long long)number);
	return TW_OK;
}

static tw_err write_new(tw_store *s, void *user)
{
	const struct writing *w = user;
	struct tw_advisory_row *r = w->h->row;
	int64_t count = 0;

	TW_TRY(tw_store_run(s, tw_sql_advisory_count, NULL, 0, take_number, &count));
	if (count >= TW_ADVISORIES_MAX)
		return TW_RAISE(STATE, "%d advisories are stored, and no more are taken", TW_ADVISORIES_MAX);
	TW_TRY(next_name(w->h->c, w->now_ms, r->name));
	TW_TRY(tw_advisory_content_hash(w->h->c->sys, r->name, w->h->content, r->hash));
	const struct tw_value v[] = { TW_V_TEXT(r->name), TW_V_INT(r->case_id), TW_V_TEXT(tw_advisory_states[r->state]),
		TW_V_TEXT(title_of(w->h->content)), TW_V_INT(w->now_ms) };
	TW_TRY(tw_store_run(s, tw_sql_advisory_add, v, TW_COUNT(v), take_number, &r->id));
	TW_TRY(add_revision(w->h, w->text, w->now_ms));
	TW_TRY(add_step(w->h, w->now_ms));
	return tw_advisory_listed(w->h->c, r, NULL, w->now_ms);
}

tw_err tw_advisory_new(struct tw_context *c, const char *by, int64_t case_id, const json_t *content, struct tw_advisory_row *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct tw_advisory_change h = { .c = c, .row = ret, .by = by, .what = "create", .content = content };

	*ret = (struct tw_advisory_row){
		.case_id = case_id, .revision = 1, .state = TW_ADVISORY_DRAFT, .content = json_incref((json_t *)(uintptr_t)content)
	};
	TW_TRY(content_text(c, content, &text));
	struct writing w = { &h, tw_buf_slice(&text), tw_time_wall_ms(c->time), true };
	return tw_store_transaction(c->store, write_new, &w);
}

/* --- Is it fit to be published? --- */

tw_err tw_advisory_document(struct tw_context *c, const struct tw_advisory_row *r, json_t **ret)
{
	char now[TW_TIME_TEXT_MAX];

	tw_time_text(tw_time_wall_ms(c->time), now);
	return tw_advisory_finish(r->name, r->content, r->published, now, ret);
}

#define FINDINGS_MAX 100

static tw_err add_finding(json_t *list, const char *test, const char *path, const char *message)
{
	if (json_array_size(list) >= FINDINGS_MAX)
		return TW_OK;
	return tw_json_append(list, json_pack("{s:s, s:s, s:s}", "test", test, "path", path, "message", message));
}

static tw_err on_finding(void *user, const struct tw_csaf_finding *f)
{
	return add_finding(user, tw_csaf_test_id(f->test), f->path, f->message);
}

/* What else keeps it back: whoever is affected is told what to do, and nothing is left to be written. ret: there were some. */
static tw_err find_at(const json_t *document, tw_err (*find)(const json_t *, json_t *), const char *test, const char *message,
	json_t *list, bool *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *paths = json_array();
	const json_t *one;
	size_t i;

	if (!paths)
		return TW_RAISE(NOMEM, "findings");
	TW_TRY(find(document, paths));
	json_array_foreach(paths, i, one)
		TW_TRY(add_finding(list, test, json_string_value(one), message));
	*ret = *ret || json_array_size(paths) != 0;
	return TW_OK;
}

tw_err tw_advisory_findings(struct tw_context *c, const struct tw_advisory_row *r, json_t *list)
{
	const struct tw_csaf_check how = { .strict = true, .tell = on_finding, .user = list };
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct tw_csaf_counts counts;
	char why[TW_DETAIL_MAX];
	bool left = false;

	TW_TRY(tw_advisory_document(c, r, &document));
	TW_TRY(tw_csaf_check_json(c->sys, document, &how, &counts));
	TW_TRY(find_at(document, tw_advisory_unanswered, "IN.1.c.1.1",
		"Say in remediations what is to be done with this affected product.", list, &left));
	TW_TRY(find_at(document, tw_advisory_unwritten, "unwritten", "The draft left this to whoever writes it.", list, &left));
	if (counts.all || left)
		return TW_OK;
	tw_buf_init(&text, c->sys, TW_CSAF_MAX);
	TW_TRY(tw_json_pretty(document, &text));
	tw_err e = tw_advisory_tree_takes(c, tw_buf_slice(&text));
	if (!tw_is(e, TW_CODE_DENIED))
		return e;
	(void)snprintf(why, sizeof why, "%s", tw_err_detail());
	return add_finding(list, "tree", "", why);
}
