/* SPDX-License-Identifier: Apache-2.0 */
/* From a draft to what is public: review, approval by somebody else, return, publishing. */
#include "base/text.h"
#include "formats/csaf-site.h"
#include "formats/csaf.h"
#include "support/advisories/signing.h"
#include "support/platform/app.h"
#include "support/rows-advisories.h"
#include "support/sign/sign-wire.h"
#include "support/sql-support.h"

#include <stdio.h>
#include <string.h>

/* An advisory whose state lets it move there; false, and a problem, when not. */
static tw_err load_for(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, enum tw_advisory_move move,
	struct tw_advisory_row *row, bool *ret)
{
	bool there = false;

	*ret = false;
	TW_TRY(tw_advisory_load(c, rq, rp, row, &there));
	if (!there)
		return TW_OK;
	*ret = tw_advisory_move(row->state, move, &row->state);
	return *ret ? TW_OK : tw_advisory_not_now(rp, row);
}

static tw_err write_step(
	struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_advisory_row *row, const char *what)
{
	struct tw_advisory_change h = { .c = c, .row = row, .by = tw_subject_key(&rq->subject), .what = what, .text = row->comment };

	TW_TRY(tw_advisory_short(row, &rp->body)); /* behind the transaction nothing may fail */
	return tw_advisory_write(&h);
}

/* What could not be published is not worth anybody's time. False: a problem. */
static tw_err fit(struct tw_context *c, struct tw_reply *rp, const struct tw_advisory_row *row, bool *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();

	TW_TRY(list ? tw_advisory_findings(c, row, list) : TW_RAISE(NOMEM, "findings"));
	*ret = json_array_size(list) == 0;
	if (*ret)
		return TW_OK;
	const json_t *first = json_array_get(list, 0);
	return tw_reply_problem(rp, 409, "advisory", "advisory.findings", "It could not be published as it is",
		"advisory.findings says all that is wrong; mend it first.", "%s %s: %s", tw_json_text(first, "test"),
		tw_json_text(first, "path"), tw_json_text(first, "message"));
}

tw_err tw_op_advisory_review(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };
	bool good = false;

	TW_TRY(load_for(c, rq, rp, TW_ADVISORY_ASK, &row, &good));
	if (good)
		TW_TRY(fit(c, rp, &row, &good));
	if (!good)
		return TW_OK;
	row.comment[0] = '\0';
	return write_step(c, rq, rp, &row, "review");
}

static tw_err is_author(struct tw_context *c, const struct tw_advisory_row *row, const char *who, bool *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *authors = json_array();
	const json_t *one;
	size_t i;

	*ret = true; /* whoever cannot be told from an author is one */
	TW_TRY(authors ? tw_advisory_authors(c, row, authors) : TW_RAISE(NOMEM, "authors"));
	*ret = json_array_size(authors) == 0;
	json_array_foreach(authors, i, one)
		*ret = *ret || !strcmp(json_string_value(one), who);
	return TW_OK;
}

static tw_err two_persons(struct tw_reply *rp)
{
	return tw_advisory_refuse(rp, 403, "advisory.two-persons", "Somebody else has to approve it", "Ask a colleague who wrote none of it.",
		"Whoever wrote a part of what is not published yet does not approve it, nor does anybody at the server's socket.");
}

tw_err tw_op_advisory_approve(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };
	const char *who = tw_subject_key(&rq->subject);
	bool good = false, author = true;

	TW_TRY(load_for(c, rq, rp, TW_ADVISORY_APPROVE, &row, &good));
	if (!good)
		return TW_OK;
	if (strcmp(tw_json_text(rq->input, "hash"), row.hash) != 0)
		return tw_advisory_refuse(rp, 412, "advisory.changed", "That is not what it says now",
			"Read it again, and decide again.", "An approval names the hash of the content that was read.");
	TW_TRY(is_author(c, &row, who, &author));
	if (author || rq->subject.kind == TW_SUBJECT_LOCAL) /* an author may sit at the socket too, where nobody is told from another */
		return two_persons(rp);
	(void)snprintf(row.approved_by, sizeof row.approved_by, "%s", who);
	(void)snprintf(row.approved_hash, sizeof row.approved_hash, "%s", row.hash);
	row.comment[0] = '\0';
	return write_step(c, rq, rp, &row, "approve");
}

tw_err tw_op_advisory_return(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };
	bool good = false;

	TW_TRY(load_for(c, rq, rp, TW_ADVISORY_RETURN, &row, &good));
	if (!good)
		return TW_OK;
	row.approved_by[0] = row.approved_hash[0] = '\0';
	(void)snprintf(row.comment, sizeof row.comment, "%s", tw_json_text(rq->input, "comment"));
	return write_step(c, rq, rp, &row, "return");
}

/* --- Publishing --- */

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

/* Under an embargo nothing of a case is public, its advisory least of all. */
static tw_err check_embargo(struct tw_context *c, struct tw_reply *rp, const struct tw_advisory_row *row, int64_t at_ms)
{
	const struct tw_value v = TW_V_INT(row->case_id);
	int64_t until = 0;

	if (!row->case_id)
		return TW_OK;
	TW_TRY(tw_store_run(c->store, tw_sql_advisory_embargo, &v, 1, take_number, &until));
	if (until <= at_ms)
		return TW_OK;
	return tw_advisory_refuse(rp, 409, "advisory.embargo", "Its case is under embargo", "End the embargo first: case.embargo.",
		"Nothing of a case is published before its embargo ends.");
}

/* Once more what approval asked: the store may hold what no operation of ours wrote. */
static tw_err check_approval(struct tw_context *c, struct tw_reply *rp, const struct tw_advisory_row *row)
{
	char hash[65];
	bool author = true;

	TW_TRY(tw_advisory_content_hash(c->sys, row->name, row->content, hash));
	if (strcmp(hash, row->approved_hash) != 0 || strcmp(hash, row->hash) != 0)
		return tw_advisory_refuse(rp, 409, "advisory.changed", "That is not what was approved", "Have it approved anew.",
			"The approval is of another content.");
	TW_TRY(is_author(c, row, row->approved_by, &author));
	return author ? two_persons(rp) : TW_OK;
}

/* The bytes that wait are what was approved, with the tracking that publishing gave them. */
static tw_err check_bytes(struct tw_context *c, struct tw_reply *rp, const struct tw_advisory_row *row)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL, *content = NULL;
	char hash[65] = "";
	tw_err e = tw_json_parse_deep(tw_buf_slice(&row->pending), TW_CSAF_MAX, TW_ADVISORY_DEEPEST, &document);

	if (!tw_failed(e))
		e = tw_advisory_content_of(document, tw_json_text(row->content, "status"), tw_json_text(row->content, "summary"), &content);
	if (!tw_failed(e))
		e = tw_advisory_content_hash(c->sys, row->name, content, hash);
	if (tw_failed(e) && !tw_is(e, TW_CODE_SYNTAX))
		return e;
	if (!strcmp(hash, row->hash))
		return TW_OK;
	return tw_advisory_refuse(rp, 409, "advisory.changed", "That is not what was approved", "Publish it again.",
		"The bytes that waited are of another content.");
}

tw_err tw_advisory_may_go(struct tw_context *c, struct tw_reply *rp, const struct tw_advisory_row *row)
{
	TW_TRY(check_approval(c, rp, row));
	if (!rp->problem[0])
		TW_TRY(check_embargo(c, rp, row, tw_time_wall_ms(c->time)));
	return rp->problem[0] || !row->pending.size ? TW_OK : check_bytes(c, rp, row);
}

static tw_err pend(tw_store *s, void *user)
{
	const struct tw_advisory_row *row = user;
	const struct tw_value v[] = { TW_V_INT(row->id), TW_V_SLICE(tw_buf_slice(&row->pending)) };

	return tw_store_run(s, tw_sql_advisory_pend, v, TW_COUNT(v), NULL, NULL);
}

/* The bytes, settled: from here on a cut is made good by the start. */
static tw_err settle_bytes(struct tw_context *c, struct tw_advisory_row *row, const struct tw_advisory_by *by)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	struct tw_advisory_change h = { .c = c, .row = row, .by = by->who, .what = "publish", .text = by->text, .beside = pend, .user = row };

	TW_TRY(tw_advisory_document(c, row, &document));
	tw_buf_done(&row->pending);
	tw_buf_init(&row->pending, c->sys, TW_CSAF_LIST_MAX);
	TW_TRY(tw_json_pretty(document, &row->pending));
	return tw_advisory_write(&h);
}

/* A provider whose documents were signed publishes none that is not. */
static tw_err check_signing(struct tw_context *c, struct tw_reply *rp, bool *ret_needed)
{
	TW_TRY(tw_signing_needed(c, ret_needed));
	if (!*ret_needed || tw_app_of(c)->desk.signing_key[0])
		return TW_OK;
	return tw_advisory_refuse(rp, 409, "advisory.signing", "Nobody signs it", "Say in app/desk.json who does: \"signing\", with the key.",
		"This provider's documents are signed (CSAF 2.0 section 7.1.19).");
}

/* With its signature at once; without, as soon as there is one (signing.c), and until then it is "publishing". */
static tw_err go_out(struct tw_context *c, struct tw_advisory_row *row, bool needed, const char *who)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf signature = { 0 };

	tw_buf_init(&signature, c->sys, TW_SIGNATURE_MAX);
	if (needed)
		TW_TRY(tw_signing_signature(c, tw_buf_slice(&row->pending), &signature));
	return !needed || signature.size ? tw_advisory_release(c, row, who) : TW_OK;
}

tw_err tw_advisory_could_go(struct tw_context *c, struct tw_reply *rp, const struct tw_advisory_row *row, int64_t at_ms)
{
	bool needed = false, good = false;

	TW_TRY(check_signing(c, rp, &needed));
	if (!rp->problem[0])
		TW_TRY(check_approval(c, rp, row));
	if (!rp->problem[0])
		TW_TRY(check_embargo(c, rp, row, at_ms));
	return rp->problem[0] ? TW_OK : fit(c, rp, row, &good);
}

tw_err tw_advisory_publish(struct tw_context *c, struct tw_reply *rp, struct tw_advisory_row *row, const struct tw_advisory_by *by)
{
	bool good = false, needed = false;

	if (!tw_advisory_move(row->state, TW_ADVISORY_PUBLISH, &row->state))
		return tw_advisory_not_now(rp, row);
	TW_TRY(check_signing(c, rp, &needed));
	if (rp->problem[0])
		return TW_OK;
	if (row->pending.size) {
		TW_TRY(tw_advisory_ask_again(c, rp, row, by->who));
		return rp->problem[0] ? TW_OK : go_out(c, row, needed, by->who);
	}
	TW_TRY(tw_advisory_may_go(c, rp, row));
	if (!rp->problem[0])
		TW_TRY(fit(c, rp, row, &good));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(settle_bytes(c, row, by));
	return go_out(c, row, needed, by->who);
}

tw_err tw_op_advisory_publish(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };
	bool there = false;

	TW_TRY(tw_advisory_load(c, rq, rp, &row, &there));
	if (there)
		TW_TRY(tw_advisory_publish(c, rp, &row, &(struct tw_advisory_by){ tw_subject_key(&rq->subject), NULL }));
	if (rp->problem[0])
		return TW_OK;
	if (row.state == TW_ADVISORY_PUBLISHING)
		tw_signing_hurry(tw_app_of(c));
	return tw_advisory_short(&row, &rp->body);
}
