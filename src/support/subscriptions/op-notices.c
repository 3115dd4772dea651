/* SPDX-License-Identifier: Apache-2.0 */
/* What the staff tells subscribers by hand, and the list of what they were told. Advisories come from where they are published. */
#include "base/mem.h"
#include "base/text.h"
#include "service/path/page.h"
#include "support/platform/app.h"
#include "support/rows-subscriptions.h"
#include "support/sql-support.h"
#include "support/subscriptions/pages.h"
#include "support/subscriptions/products.h"

#include <string.h>

#define BY_HAND "staff:" /* before an id of theirs, so that it meets none of another kind */

static tw_err refuse(struct tw_reply *rp, const char *rule, const char *why)
{
	return tw_reply_problem(rp, 422, "input", rule, "This notice would not help its readers", "Put that right.", "%s", why);
}

/* "" or a day. */
static bool is_day(const char *text)
{
	char whole[TW_TIME_TEXT_MAX];
	int64_t ms;

	(void)snprintf(whole, sizeof whole, "%.10sT00:00:00Z", text);
	return !*text || !tw_failed(tw_parse_time(tw_slice_of(whole), &ms));
}

/* Whatever an update is announced with, in the order in which it is asked for. */
static const struct {
	const char *key, *rule, *why;
} of_updates[] = {
	{ "data", "IN.1.a.1.3", "Of an update it has to be said what it does to data that is on the device: data." },
	{ "severity", "IN.1.a.2.3", "Of an update it has to be said how severe is what it mends: severity." },
	{ "install_by", "IN.1.a.2.3", "Of an update it has to be said until which day it should be installed: install_by." },
	{ "needs", "IN.1.a.2.3", "Of an update it has to be said what has to be there before, or that nothing has: needs." },
	{ "review", "IN.1.c.1.2", "Of an update it has to be said what customers should review, or that it is nothing: review." },
};

/* @nist IN.1.a.1.3 IN.1.a.2.3 IN.1.c.1.2: an update is not announced without what customers need to decide about it. True: it is all there. */
static bool update_is_whole(const json_t *in, struct tw_reply *rp)
{
	for (size_t i = 0; i < TW_COUNT(of_updates); i++)
		if (!*tw_json_text(in, of_updates[i].key)) {
			(void)refuse(rp, of_updates[i].rule, of_updates[i].why);
			return false;
		}
	return true;
}

static bool is_of_updates(const json_t *in)
{
	return *tw_json_text(in, "data") || *tw_json_text(in, "install_by") || *tw_json_text(in, "needs");
}

tw_err tw_notice_judge(struct tw_context *c, const json_t *in, struct tw_notice *n, struct tw_reply *rp)
{
	const char *kind = tw_json_text(in, "kind"), *product = tw_json_text(in, "product");

	if (!tw_notice_kind_find(kind, &n->kind) || n->kind == TW_NOTICE_ADVISORY)
		return refuse(rp, "notices.kind",
			"It is update, maintenance, change or end-of-support. An advisory is told when it is published.");
	if (!tw_notice_severity_find(tw_json_text(in, "severity"), &n->severity))
		return refuse(rp, "notices.severity", "It is low, medium, high or critical.");
	if (n->kind == TW_NOTICE_UPDATE && !update_is_whole(in, rp))
		return TW_OK;
	if (*product && !tw_products_find(tw_app_of(c)->products, tw_slice_of(product)))
		return refuse(rp, "notices.product", "There is no such product in products.json.");
	if (*tw_json_text(in, "versions") && !*product)
		return refuse(rp, "notices.versions", "Versions are those of one product.");
	if (n->kind != TW_NOTICE_UPDATE && is_of_updates(in))
		return refuse(rp, "notices.kind", "data, install_by and needs are for updates.");
	return is_day(tw_json_text(in, "install_by")) ? TW_OK : refuse(rp, "notices.install-by", "install_by is a day, as in 2033-11-01.");
}

/* Lines that a program finds again: "Data: ...". */
tw_err tw_notice_said(const json_t *in, struct tw_buf *b)
{
	static const char *const more[][2] = { { "data", "Data on the device" }, { "install_by", "Install by" },
		{ "needs", "Needed before" }, { "review", TW_NOTICE_REVIEW } };

	TW_TRY(tw_buf_text(b, tw_json_text(in, "text")));
	for (size_t i = 0; i < TW_COUNT(more); i++)
		if (*tw_json_text(in, more[i][0]))
			TW_TRY(tw_buf_format(b, "\n\n%s: %s", more[i][1], tw_json_text(in, more[i][0])));
	return TW_OK;
}

struct telling {
	const struct tw_notice *notice;
	int64_t now_ms, number;
};

static tw_err take_number(void *user, const struct tw_notice_kept *n)
{
	struct telling *w = user;

	if (!strcmp(n->notice.id, w->notice->id))
		w->number = n->number;
	return TW_OK;
}

static tw_err tell(tw_store *s, void *user)
{
	struct telling *w = user;

	TW_TRY(tw_subscriptions_tell(s, w->notice, w->now_ms));
	return tw_notice_find(s, w->notice->id, take_number, w);
}

tw_err tw_op_notice_create(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const json_t *in = rq->input;
	const struct tw_notice_product of = { tw_json_text(in, "product"), tw_json_text(in, "versions") };
	char id[TW_NOTICE_ID_MAX + 1];
	struct tw_notice n = {
		.id = id, .title = tw_json_text(in, "title"), .link = tw_json_text(in, "link"), .products = &of, .product_count = 1
	};
	struct telling w = { .notice = &n, .now_ms = tw_time_wall_ms(c->time) };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	TW_TRY(tw_notice_judge(c, in, &n, rp));
	if (rp->problem[0])
		return TW_OK;
	(void)snprintf(id, sizeof id, BY_HAND "%s", tw_json_text(in, "id"));
	tw_buf_init(&text, c->sys, TW_NOTICE_TEXT_MAX);
	TW_TRY(tw_notice_said(in, &text));
	n.text = tw_buf_cstr(&text);
	tw_err e = tw_store_transaction(c->store, tell, &w);
	if (tw_is(e, TW_CODE_SYNTAX)) {
		char why[TW_DETAIL_MAX];

		(void)snprintf(why, sizeof why, "%s", tw_err_detail());
		return refuse(rp, "notices.form", why);
	}
	TW_TRY(e);
	rp->status = 201;
	(void)snprintf(rp->location, sizeof rp->location, "/notices/%lld", (long long)w.number);
	(void)snprintf(rp->note, sizeof rp->note, "%s", id);
	rp->body = json_pack("{s:I, s:s}", "number", (json_int_t)w.number, "id", tw_json_text(in, "id"));
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "notice");
}

static tw_err list_one(void *user, const struct tw_notice_kept *n)
{
	struct tw_page *p = user;
	char at[TW_TIME_TEXT_MAX], place[24];
	json_t *j;

	if (!tw_page_takes(p))
		return TW_OK;
	tw_time_text(n->at_ms, at);
	(void)snprintf(place, sizeof place, "%lld", (long long)n->number);
	j = json_pack("{s:I, s:s, s:s, s:s, s:s, s:b}", "number", (json_int_t)n->number, "id", n->notice.id, "kind",
		tw_notice_kind_name(n->notice.kind), "title", n->notice.title, "at", at, "told", n->told);
	if (j && n->notice.severity != TW_NOTICE_UNRATED)
		TW_TRY(tw_json_set(j, "severity", json_string(tw_notice_severity_name(n->notice.severity))));
	if (j && n->withdrawn_ms) {
		tw_time_text(n->withdrawn_ms, at);
		TW_TRY(tw_json_set(j, "withdrawn", json_string(at)));
	}
	return tw_page_add(p, place, j);
}

tw_err tw_op_notices_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_page p;
	uint64_t before = 0;

	TW_TRY(tw_page_begin(c, rq, rp, &p));
	if (!rp->problem[0])
		TW_TRY(tw_page_after(&p, rp, &before));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_notices(c->store, NULL, before ? (int64_t)before : INT64_MAX, (int64_t)p.limit + 1, list_one, &p));
	return tw_page_end(&p, rp);
}

/* --- Taking one back --- */

static tw_err take_row(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

/* What advisories and dates tell follows from these; and what was taken back stays so. */
tw_err tw_op_notice_withdraw(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *why = tw_json_text(rq->input, "reason");
	int64_t done = 0;
	uint64_t number = 0;

	if (!why[strspn(why, " \t\r\n")])
		return refuse(rp, "notices.reason", "It has to be said why it no longer holds: reason.");
	if (tw_failed(tw_parse_u64(rq->parameter, INT64_MAX - 1, &number)))
		number = 0;
	const struct tw_value v[] = { TW_V_INT((int64_t)number), TW_V_INT(tw_time_wall_ms(c->time)), TW_V_TEXT(why) };
	TW_TRY(tw_store_run(c->store, tw_sql_notice_withdraw, v, TW_COUNT(v), take_row, &done));
	if (!done)
		return tw_reply_problem(rp, 404, "not-found", "notices.withdraw", "There is no such notice to be withdrawn",
			"An advisory is withdrawn itself; what dates tell follows from products.json.",
			"Only what the staff told by hand is withdrawn, once.");
	(void)snprintf(rp->note, sizeof rp->note, "%lld", (long long)done);
	rp->status = 204;
	return TW_OK;
}
