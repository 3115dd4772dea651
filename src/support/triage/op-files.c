/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of reports, for the staff: whoever may see the report may have them, and nobody else; a report of a case under embargo is seen by those alone who see
 * the case. They go out as bytes to be kept, and are never shown.
 */
#include "base/text.h"
#include "support/attachments/attachments.h"
#include "support/platform/app.h"
#include "support/rows-desk.h"
#include "support/rows-triage.h"
#include "support/sql-support.h"
#include "support/triage/desk-report.h"

#include <stdio.h>
#include <string.h>

#define REPORTS_SHOWN 50 /* of a case: 1000 files, which one answer holds */

/* --- Lists --- */

struct list {
	const struct tw_attachments *a;
	json_t *into;
};

static tw_err describe(const struct tw_attachment_about *about, json_t *j)
{
	char name[24];

	(void)snprintf(name, sizeof name, "f%lld", (long long)about->id);
	TW_TRY(tw_json_set(j, "id", json_string(name)));
	(void)snprintf(name, sizeof name, "r%lld", (long long)about->report);
	TW_TRY(tw_json_set(j, "report", json_string(name)));
	TW_TRY(tw_json_set(j, "name", json_string(about->name)));
	TW_TRY(tw_json_set(j, "type", json_string(about->type)));
	TW_TRY(tw_json_set(j, "size", json_integer((json_int_t)about->size)));
	TW_TRY(tw_json_set(j, "sha256", json_string(about->sha256)));
	return tw_case_set_time(j, "at", about->at_ms);
}

static tw_err add(void *user, const struct tw_attachment_about *about)
{
	const struct list *l = user;
	TW_CLEANUP(tw_jsonp) json_t *j = json_object();

	TW_TRY(describe(about, j));
	return json_array_append(l->into, j) ? TW_RAISE(NOMEM, "a list of files") : TW_OK;
}

static tw_err add_report(void *user, const tw_row *row)
{
	const struct list *l = user;

	return tw_attachments_list(l->a, tw_row_int(row, 0), add, user);
}

/* report 0: of all that belong to the case. */
static tw_err answer(struct tw_context *c, struct tw_reply *rp, int64_t report, int64_t of_case)
{
	TW_CLEANUP(tw_jsonp) json_t *body = json_object();
	const struct tw_attachments a = tw_attachments_of(c);
	struct list l = { &a, json_array() };
	const struct tw_value v[] = { TW_V_INT(of_case), TW_V_INT(REPORTS_SHOWN) };

	TW_TRY(tw_json_set(body, "files", l.into));
	if (report)
		TW_TRY(tw_attachments_list(&a, report, add, &l));
	else
		TW_TRY(tw_store_run(c->store, tw_sql_attachment_reports_of_case, v, TW_COUNT(v), add_report, &l));
	rp->body = TW_STEAL(body);
	return TW_OK;
}

tw_err tw_op_report_files(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_desk_report_done) struct tw_desk_report r = { .id = 0 };

	TW_TRY(tw_desk_report_load(c, rq, rp, &r));
	return r.id ? answer(c, rp, r.id, 0) : TW_OK;
}

tw_err tw_op_case_files(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	int64_t id = 0;

	TW_TRY(tw_case_load(c, rq, rp, &id, &doc));
	return doc ? answer(c, rp, 0, id) : TW_OK;
}

/* --- One --- */

static tw_err unknown(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 404, "not-found", "file.unknown", "There is no such file",
		"List the files of the report: report.files.", "No file of a report that you may see has this name.");
}

/* about->id 0: it is answered. A file of a report that somebody may not see is as unknown to him as one that is not there. */
static tw_err find(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_attachment_about *ret)
{
	TW_CLEANUP(tw_desk_report_done) struct tw_desk_report r = { .id = 0 };
	const struct tw_attachments a = tw_attachments_of(c);
	struct tw_request of = *rq;
	struct tw_reply aside = { 0 };
	uint64_t id = 0;
	char name[24];

	*ret = (struct tw_attachment_about){ .id = 0 };
	if (rq->parameter.size > 1 && rq->parameter.at[0] == 'f' && rq->parameter.at[1] != '0' &&
		!tw_failed(tw_parse_u64((struct tw_slice){ rq->parameter.at + 1, rq->parameter.size - 1 }, INT64_MAX - 1, &id)))
		TW_TRY(tw_attachment_find(&a, (int64_t)id, ret));
	(void)snprintf(name, sizeof name, "r%lld", (long long)ret->report);
	of.parameter = tw_slice_of(name);
	if (ret->id)
		TW_TRY(tw_desk_report_load(c, &of, &aside, &r));
	tw_reply_done(&aside);
	if (!r.id)
		ret->id = 0;
	return r.id ? TW_OK : unknown(rp);
}

tw_err tw_op_file_keep(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_parcel_done) struct tw_parcel parcel;
	TW_CLEANUP(tw_buf_done) struct tw_buf name = { 0 };
	const struct tw_attachments a = tw_attachments_of(c);
	struct tw_attachment_about about;

	tw_parcel_init(&parcel, c->sys, TW_ATTACHMENT_SIZE);
	tw_buf_init(&name, c->sys, TW_FILE_NAME_MAX - 1);
	TW_TRY(find(c, rq, rp, &about));
	if (!about.id)
		return TW_OK;
	TW_TRY(tw_buf_percent(&name, tw_slice_of(about.name)));
	(void)snprintf(rp->file_name, sizeof rp->file_name, "%s", tw_buf_cstr(&name));
	if (!about.size) {
		(void)tw_reply_text(rp, c->sys, "application/octet-stream"); /* of nothing there is no memory to hand over */
		return TW_OK;
	}
	TW_TRY(tw_attachment_read(&a, &about, &parcel));
	rp->file_size = parcel.size;
	TW_TRY(tw_parcel_seal(&parcel, &rp->file));
	rp->has_file = true;
	rp->file_type = "application/octet-stream"; /* whatever it was said to be */
	return TW_OK;
}

/* In pieces, for doors that carry no files. */
tw_err tw_op_file_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf bytes = { 0 };
	TW_CLEANUP(tw_buf_wipe) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *body = json_object();
	const struct tw_attachments a = tw_attachments_of(c);
	struct tw_attachment_about about;

	tw_buf_init(&bytes, c->sys, TW_ATTACHMENT_PIECE);
	tw_buf_init(&text, c->sys, TW_ATTACHMENT_PIECE / 3 * 4 + 8);
	TW_TRY(find(c, rq, rp, &about));
	if (!about.id)
		return TW_OK;
	TW_TRY(describe(&about, body));
	tw_err e = tw_attachment_piece(&a, &about, (uint32_t)tw_json_int(rq->input, "piece"), &bytes);
	if (tw_failed(e) && !tw_is(e, TW_CODE_NOTFOUND)) /* behind its end there is nothing more */
		return e;
	TW_TRY(tw_buf_base64(&text, tw_buf_cstr(&bytes), bytes.size));
	TW_TRY(tw_json_set(body, "data", json_string(tw_buf_cstr(&text))));
	rp->body = TW_STEAL(body);
	return TW_OK;
}

/* --- For ever --- */

static tw_err destroy(tw_store *s, struct tw_desk_change *h)
{
	return tw_attachments_destroy(s, h->report->id);
}

static tw_err take_count(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static tw_err to_destroy(struct tw_desk_change *h)
{
	json_t *j = json_object();
	int64_t there = 0;

	TW_TRY(tw_json_set(h->doc, "files_destroyed", j));
	/* Nothing of them is read: what cannot be any more is to be destroyed like the rest. */
	TW_TRY(tw_store_run(h->c->store, tw_sql_attachments_count, &TW_V_INT(h->report->id), 1, take_count, &there));
	if (!there)
		return tw_reply_problem(h->rp, 409, "conflict", "report.no-files", "The report has no files",
			"There is nothing to be destroyed.", "None came with it, or they were destroyed before.");
	TW_TRY(tw_case_set_time(j, "at", h->now_ms));
	TW_TRY(tw_json_set(j, "by", json_string(tw_subject_key(&h->rq->subject))));
	TW_TRY(tw_json_set(j, "count", json_integer(there)));
	TW_TRY(tw_json_set(j, "reason", json_string(tw_json_text(h->rq->input, "reason"))));
	h->beside = destroy;
	return TW_OK;
}

/* Done as soon as the transaction is; that the log of the database is emptied behind it is tried, and said when it failed. */
tw_err tw_op_report_destroy(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	tw_err begun = tw_store_wipe_begin(c->store);

	if (tw_is(begun, TW_CODE_UNSUPPORTED))
		return tw_reply_problem(rp, 409, "conflict", "report.files-stay", "This store cannot destroy files",
			"PostgreSQL keeps what was deleted until its files and its log are written over.", "Nothing was destroyed.");
	TW_TRY(begun);
	tw_err e = tw_desk_report_change(c, rq, rp, to_destroy, NULL);
	tw_err wiped = tw_store_wipe_end(c->store);
	TW_TRY(e);
	tw_app_of(c)->files_changed = true;
	return wiped;
}
