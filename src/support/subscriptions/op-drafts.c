/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices while they are written: a draft is a document of the desk, changed by whoever may, with its entry of the journal, and told by a publisher. What makes
 * a notice whole is asked when it is told, as of one that a program tells at once (op-notices.c); the notice and the draft's end are one transaction.
 */
#include "support/platform/app.h"
#include "support/rows-subscriptions.h"
#include "support/sql-support.h"
#include "support/subscriptions/pages.h"
#include "support/subscriptions/products.h"

#include <string.h>

const struct tw_question_kept tw_notice_draft_kept = { 'n', tw_sql_notice_draft_one, tw_sql_notice_draft_number,
	tw_sql_notice_draft_list, tw_sql_notice_draft_put, "notices.draft-unknown", "There is no such draft" };

static tw_err refuse(struct tw_reply *rp, int status, const char *rule, const char *title, const char *next, const char *why)
{
	return tw_reply_problem(rp, status, "input", rule, title, next, "%s", why);
}

tw_err tw_op_notice_drafts(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *input = rq->input ? json_deep_copy(rq->input) : json_object();
	struct tw_request inner = *rq;

	TW_TRY(tw_json_set(input, "state", json_string("draft")));
	inner.input = input;
	return tw_question_list(c, &inner, rp, &tw_notice_draft_kept);
}

tw_err tw_op_notice_draft_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;

	TW_TRY(tw_question_load(c, rq, rp, &tw_notice_draft_kept, &doc));
	return doc ? tw_document_shown(c, doc, &rp->body) : TW_OK;
}

static tw_err over(struct tw_question_edit *e)
{
	return strcmp(tw_json_text(e->doc, "state"), "draft") != 0
		? refuse(e->rp, 409, "notices.draft-over", "It is no draft any more", "Write another one.", "It was told, or dropped.")
		: TW_OK;
}

/* A draft may lack anything but what would be no notice at all; what is said is what is kept, and the rest is gone. */
static tw_err put_texts(struct tw_question_edit *e)
{
	static const char *const keys[] = { "kind", "product", "versions", "severity", "title", "text", "link", "data",
		"install_by", "needs", "review" };
	enum tw_notice_kind kind = TW_NOTICE_ADVISORY;

	TW_TRY(over(e));
	if (e->rp->problem[0])
		return TW_OK;
	if (!tw_notice_kind_find(tw_json_text(e->rq->input, "kind"), &kind) || kind == TW_NOTICE_ADVISORY)
		return refuse(e->rp, 422, "notices.kind", "There is no such kind", "Choose another.",
			"It is update, maintenance, change or end-of-support. An advisory is told when it is published.");
	for (size_t i = 0; i < TW_COUNT(keys); i++) {
		(void)json_object_del(e->doc, keys[i]);
		TW_TRY(tw_question_copy(e, keys[i]));
	}
	return TW_OK;
}

static tw_err begin(struct tw_question_edit *e)
{
	TW_TRY(tw_json_set(e->doc, "state", json_string("draft")));
	return put_texts(e);
}

tw_err tw_op_notice_draft(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_question_new(c, rq, rp, &tw_notice_draft_kept, begin);
}

tw_err tw_op_notice_draft_change(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_question_edit(c, rq, rp, &tw_notice_draft_kept, put_texts);
}

static tw_err drop(struct tw_question_edit *e)
{
	TW_TRY(over(e));
	return e->rp->problem[0] ? TW_OK : tw_json_set(e->doc, "state", json_string("dropped"));
}

tw_err tw_op_notice_draft_drop(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_question_edit(c, rq, rp, &tw_notice_draft_kept, drop);
}

/* --- Telling it --- */

static tw_err tell(tw_store *s, const struct tw_question_edit *e)
{
	const json_t *doc = e->doc;
	const struct tw_notice_product of = { tw_json_text(doc, "product"), tw_json_text(doc, "versions") };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	char id[TW_NOTICE_ID_MAX + 1];
	struct tw_notice n = {
		.id = id, .title = tw_json_text(doc, "title"), .link = tw_json_text(doc, "link"), .products = &of, .product_count = 1
	};

	(void)tw_notice_kind_find(tw_json_text(doc, "kind"), &n.kind); /* as judged before */
	(void)tw_notice_severity_find(tw_json_text(doc, "severity"), &n.severity);
	(void)snprintf(id, sizeof id, TW_NOTICE_OF_DRAFT "%s", tw_json_text(doc, "id"));
	tw_buf_init(&text, e->c->sys, TW_NOTICE_TEXT_MAX);
	TW_TRY(tw_notice_said(doc, &text));
	n.text = tw_buf_cstr(&text);
	return tw_subscriptions_tell(s, &n, e->now_ms);
}

/* @nist IN.1.a.1.3 IN.1.a.2.3 IN.1.c.1.2: a draft is told as any notice is, or not at all; and as it was when whoever tells it looked */
static tw_err publish(struct tw_question_edit *e)
{
	const char *hash = tw_json_text(e->rq->input, "hash");
	TW_CLEANUP(tw_jsonp) json_t *shown = NULL;
	struct tw_notice n = { 0 };

	TW_TRY(over(e));
	if (e->rp->problem[0])
		return TW_OK;
	TW_TRY(tw_document_shown(e->c, e->doc, &shown));
	if (strcmp(hash, tw_json_text(shown, "hash")) != 0)
		return refuse(e->rp, 409, "notices.changed", "Somebody has changed it", "Look at it once more.",
			"It is not what you looked at.");
	TW_TRY(tw_notice_judge(e->c, e->doc, &n, e->rp));
	if (e->rp->problem[0])
		return TW_OK;
	e->beside = tell;
	return tw_json_set(e->doc, "state", json_string("published"));
}

tw_err tw_op_notice_draft_publish(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	tw_err e = tw_question_edit(c, rq, rp, &tw_notice_draft_kept, publish);
	char why[TW_DETAIL_MAX];

	if (!tw_is(e, TW_CODE_SYNTAX))
		return e;
	(void)snprintf(why, sizeof why, "%s", tw_err_detail());
	return refuse(rp, 422, "notices.form", "This notice would not help its readers", "Put that right.", why);
}
