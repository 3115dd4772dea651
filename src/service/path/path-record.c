/* SPDX-License-Identifier: Apache-2.0 */
#include "service/path/path-record.h"

#include "base/text.h"

static const char *const doors[] = { "https", "local", "console", "event", "internal", "button" };

static tw_err member(struct tw_buf *b, const char *key, struct tw_slice value)
{
	if (value.size == 0)
		return TW_OK;
	TW_TRY(tw_buf_format(b, ",\"%s\":", key));
	return tw_buf_json_string(b, value);
}

/* Notes and details are cut by bytes, values of settings in them; the log takes only whole characters, and must take these. */
static tw_err text(struct tw_buf *b, const char *key, const char *value)
{
	char whole[TW_DETAIL_MAX];
	snprintf(whole, sizeof whole, "%s", value);
	tw_utf8_mend(whole);
	return member(b, key, tw_slice_of(whole));
}

/* @nist LA.RSM.6.3.3: who, from where, what; of whoever reads the log too. The body of a request is left out: it may hold secrets.
   @nist LA.AS.3: so that no record shows what somebody typed */
static tw_err who(struct tw_buf *b, const struct tw_request *rq)
{
	TW_TRY(tw_buf_format(b, "\"door\":\"%s\"", doors[rq->subject.door]));
	TW_TRY(text(b, "operation", rq->operation ? rq->operation->name : ""));
	TW_TRY(member(b, "parameter", rq->parameter));
	TW_TRY(text(b, "subject", rq->subject.name));
	TW_TRY(text(b, "account", rq->subject.account));
	TW_TRY(text(b, "member", rq->subject.member));
	TW_TRY(text(b, "session", rq->subject.session));
	TW_TRY(text(b, "how", rq->subject.how));
	return text(b, "source", rq->subject.source);
}

static tw_err append(struct tw_context *c, enum tw_log_type type, struct tw_buf *b, tw_err formed, uint64_t *ret_seq)
{
	tw_err e = tw_failed(formed) ? formed : tw_buf_text(b, "}");
	if (!tw_failed(e))
		e = tw_audit_append_text(c->audit, type, tw_buf_slice(b), ret_seq);
	tw_buf_done(b);
	return e;
}

static tw_err begin(struct tw_context *c, struct tw_buf *b, const char *start)
{
	tw_buf_init(b, c->sys, TW_LOG_BODY_MAX);
	return tw_buf_text(b, start);
}

tw_err tw_record_intent(struct tw_context *c, const struct tw_request *rq, uint64_t *ret_seq)
{
	struct tw_buf b;
	tw_err e = begin(c, &b, "{");
	if (!tw_failed(e))
		e = who(&b, rq);
	TW_TRY(append(c, TW_LOG_INTENT, &b, e, ret_seq));
	return tw_audit_commit(c->audit);
}

static tw_err outcome(struct tw_buf *b, const struct tw_request *rq, const struct tw_reply *rp, bool failed)
{
	const char *result = failed ? "failed" : rp->problem[0] ? "refused" : "done";
	TW_TRY(tw_buf_format(b, "\"intent\":%llu,\"result\":\"%s\",\"status\":%d", (unsigned long long)rq->intent, result, rp->status));
	TW_TRY(text(b, "rule", rp->rule));
	TW_TRY(text(b, "detail", rp->note[0] ? rp->note : rp->detail));
	TW_TRY(text(b, "account", rq->subject.account));
	TW_TRY(text(b, "session", rq->subject.session));
	/* The handler may have found out who it was: a take-over makes its owner. */
	return text(b, "subject", rq->subject.name);
}

tw_err tw_record_outcome(struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp, bool failed)
{
	struct tw_buf b;
	tw_err e = begin(c, &b, "{");
	if (!tw_failed(e))
		e = outcome(&b, rq, rp, failed);
	TW_TRY(append(c, TW_LOG_OUTCOME, &b, e, NULL));
	return tw_audit_commit(c->audit);
}

tw_err tw_record_read(struct tw_context *c, const struct tw_request *rq, int status)
{
	struct tw_buf b;
	tw_err e = begin(c, &b, "{");
	if (!tw_failed(e))
		e = who(&b, rq);
	if (!tw_failed(e))
		e = tw_buf_format(&b, ",\"status\":%d", status);
	return append(c, TW_LOG_READ, &b, e, NULL);
}

/* A known device, and whoever has logged in, has a share of its own, whoever else comes from its address. */
static const char *share_of(const struct tw_subject *s)
{
	if (s->kind == TW_SUBJECT_PEER)
		return s->name;
	return s->account[0] ? s->account : s->source;
}

tw_err tw_record_refused(struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp)
{
	struct tw_buf b;
	tw_err e = begin(c, &b, "{\"event\":\"request.refused\",");
	if (!tw_failed(e))
		e = who(&b, rq);
	if (!tw_failed(e))
		e = text(&b, "rule", rp->rule);
	if (!tw_failed(e))
		e = text(&b, "by", rp->note);
	if (!tw_failed(e))
		e = tw_buf_format(&b, ",\"status\":%d}", rp->status);
	if (!tw_failed(e))
		e = tw_audit_refused(c->audit, share_of(&rq->subject), tw_buf_slice(&b));
	tw_buf_done(&b);
	return e;
}

tw_err tw_record_failure(struct tw_context *c, const struct tw_request *rq, tw_err failure, uint64_t *ret_seq)
{
	char place[96], detail[TW_DETAIL_MAX];
	snprintf(place, sizeof place, "%s", tw_err_place());
	snprintf(detail, sizeof detail, "%s", tw_err_detail());
	struct tw_buf b;
	tw_err e = begin(c, &b, "{\"event\":\"request.failed\",");
	if (!tw_failed(e))
		e = who(&b, rq);
	if (!tw_failed(e))
		e = tw_buf_format(&b, ",\"code\":\"%s\"", tw_code_name(failure.code));
	if (!tw_failed(e))
		e = text(&b, "place", place);
	if (!tw_failed(e))
		e = text(&b, "detail", detail);
	return append(c, TW_LOG_EVENT, &b, e, ret_seq);
}
