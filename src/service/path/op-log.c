/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log over the API: recent records for people, and the keys of ended epochs, with which an owner verifies everything. */
#include "service/path/operations.h"

#include "base/text.h"
#include "service/keys/keys.h"
#include "service/path/page.h"

#include <inttypes.h>

static const char *const types[TW_LOG_TYPE_USED] = {
	[TW_LOG_INTENT] = "intent",
	[TW_LOG_OUTCOME] = "outcome",
	[TW_LOG_EVENT] = "event",
	[TW_LOG_READ] = "read",
	[TW_LOG_REFUSALS] = "refusals",
	[TW_LOG_CHECKPOINT] = "checkpoint",
	[TW_LOG_OPEN] = "open",
};

#define SCAN TW_AUDIT_RECENT_MAX /* records that one answer looks at, where not all are wanted */

struct listing {
	struct tw_page page;
	tw_err result;
	const char *session, *account; /* whose records are wanted; "": anybody's */
	uint64_t seen;                 /* the last record that was looked at */
};

tw_err tw_op_log_record(const struct tw_log_record *r, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *body = NULL;
	char when[TW_TIME_TEXT_MAX];
	TW_TRY(tw_json_parse(r->body, TW_LOG_BODY_MAX, &body));
	tw_time_text(r->wall_ms, when);
	TW_TRY(tw_json_set(body, "seq", json_integer((json_int_t)r->seq)));
	TW_TRY(tw_json_set(body, "type", json_string(types[r->type])));
	TW_TRY(tw_json_set(body, "time", json_string(when)));
	*ret = TW_STEAL(body);
	return TW_OK;
}

static tw_err add_record(struct tw_page *p, const struct tw_log_record *r)
{
	json_t *body = NULL;
	TW_TRY(tw_op_log_record(r, &body));
	return tw_page_add_at(p, r->seq, body);
}

static bool filters(const struct listing *l)
{
	return *l->session || *l->account;
}

static bool is_named(const json_t *in, const char *key, const char *want)
{
	return !strcmp(tw_json_text(in, key), want);
}

/* What was done in a session, and the events that tell of it; of an account what it did, also as a member of a shared one, and not what befell it. */
static bool is_wanted(const struct listing *l, const json_t *body)
{
	return (!*l->session || is_named(body, "session", l->session) || is_named(json_object_get(body, "fields"), "session", l->session)) &&
		(!*l->account || is_named(body, "account", l->account) || is_named(body, "member", l->account));
}

static tw_err add_wanted(struct listing *l, const struct tw_log_record *r)
{
	TW_CLEANUP(tw_jsonp) json_t *body = NULL;

	TW_TRY(tw_op_log_record(r, &body));
	return is_wanted(l, body) ? tw_page_add_at(&l->page, r->seq, TW_STEAL(body)) : TW_OK;
}

static bool take_record(void *user, const struct tw_log_record *r)
{
	struct listing *l = user;
	if (!tw_page_takes(&l->page))
		return false;
	l->result = filters(l) ? add_wanted(l, r) : add_record(&l->page, r);
	l->seen = l->page.more ? l->seen : r->seq;
	return !tw_failed(l->result); /* full, it is asked once more, and says so */
}

/* @nist LA.RSM.6.3.2: whoever comes here holds log.read, and the path records that he came, or that he was refused */
tw_err tw_op_log_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct listing l = { .result = TW_OK };
	uint64_t before = 0;
	l.session = rq->input ? tw_json_text(rq->input, "session") : "";
	l.account = rq->input ? tw_json_text(rq->input, "account") : "";
	TW_TRY(tw_page_begin(c, rq, rp, &l.page));
	TW_TRY(tw_page_after(&l.page, rp, &before));
	if (rp->problem[0])
		return TW_OK;
	size_t count = filters(&l) ? SCAN : l.page.limit + 1; /* one more, to know whether there is one */
	TW_TRY(tw_audit_recent(c->audit, before, count, take_record, &l));
	TW_TRY(l.result);
	if (filters(&l) && l.seen > 1) { /* older ones were not looked at, or had no room */
		l.page.more = true;
		(void)snprintf(l.page.last, sizeof l.page.last, "%" PRIu64, l.seen);
	}
	return tw_page_end(&l.page, rp);
}

static tw_err add_key(struct tw_context *c, uint64_t epoch, struct tw_page *p)
{
	uint8_t key[32];
	struct tw_buf hex;
	tw_err e = tw_keys_client_old_epoch(c->keys, epoch, key);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK; /* of another life of this log; the verifier does without it */
	TW_TRY(e);
	tw_buf_init(&hex, c->sys, 2 * sizeof key);
	e = tw_buf_hex(&hex, key, sizeof key);
	if (!tw_failed(e))
		e = tw_page_add_at(p, epoch, json_pack("{s:I, s:s}", "epoch", (json_int_t)epoch, "key", tw_buf_cstr(&hex)));
	if (hex.size)
		tw_wipe(hex.data, hex.size);
	tw_buf_done(&hex);
	tw_wipe(key, sizeof key);
	return e;
}

/* A full disk is nothing that this software did wrong: it says what to do. Everything else it fails with goes up. */
static tw_err close_epoch(struct tw_context *c, struct tw_reply *rp)
{
	tw_err e = tw_audit_epoch_next(c->audit, "the owner was given the keys");
	if (tw_is(e, TW_CODE_LIMIT) && !tw_audit_broken(c->audit)[0])
		return tw_reply_problem(rp, 503, "log-full", "audit.space", "The audit log has no room",
			"Free space on the device's disk.", "The present part of the log cannot be closed, since no other can be begun.");
	return e;
}

/* The first page closes the epoch; those that follow it hand out what was closed then. */
tw_err tw_op_log_keys(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_page p;
	uint64_t epoch = 0;
	TW_TRY(tw_page_begin(c, rq, rp, &p));
	TW_TRY(tw_page_after(&p, rp, &epoch));
	if (rp->problem[0])
		return TW_OK;
	if (!p.after[0])
		TW_TRY(close_epoch(c, rp));
	if (rp->problem[0])
		return TW_OK;
	while ((epoch = tw_audit_epoch_after(c->audit, epoch)) && epoch != tw_audit_epoch(c->audit) && tw_page_takes(&p))
		TW_TRY(add_key(c, epoch, &p));
	snprintf(rp->note, sizeof rp->note, "keys of %zu epochs", p.count);
	return tw_page_end(&p, rp);
}
