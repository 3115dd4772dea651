/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log over the API: recent records for people, and the keys of ended epochs, with which an owner verifies everything. */
#include "service/path/operations.h"

#include "base/text.h"
#include "service/keys/keys.h"

#define COUNT_DEFAULT 50
/* In one answer: 512 keys are 46 KiB, and the channel to front carries 64. Older ones belong to logs read long ago. */
#define EPOCHS_MAX 512

static const char *const types[TW_LOG_TYPE_USED] = {
	[TW_LOG_INTENT] = "intent",
	[TW_LOG_OUTCOME] = "outcome",
	[TW_LOG_EVENT] = "event",
	[TW_LOG_READ] = "read",
	[TW_LOG_REFUSALS] = "refusals",
	[TW_LOG_CHECKPOINT] = "checkpoint",
	[TW_LOG_OPEN] = "open",
};

struct listing {
	json_t *records;
	size_t bytes;
	tw_err result;
};

static tw_err add_record(struct listing *l, const struct tw_log_record *r)
{
	TW_CLEANUP(tw_jsonp) json_t *body = NULL;
	char when[TW_TIME_TEXT_MAX];
	TW_TRY(tw_json_parse(r->body, TW_LOG_BODY_MAX, &body));
	tw_time_text(r->wall_ms, when);
	TW_TRY(tw_json_set(body, "seq", json_integer((json_int_t)r->seq)));
	TW_TRY(tw_json_set(body, "type", json_string(types[r->type])));
	TW_TRY(tw_json_set(body, "time", json_string(when)));
	return tw_json_append(l->records, TW_STEAL(body));
}

/* Stops before the answer outgrows what the channel carries. */
static bool take_record(void *user, const struct tw_log_record *r)
{
	struct listing *l = user;
	l->bytes += r->body.size + 96;
	if (l->bytes > TW_BODY_MAX - 1024)
		return false;
	l->result = add_record(l, r);
	return !tw_failed(l->result);
}

tw_err tw_op_log_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	int64_t count = rq->input ? tw_json_int(rq->input, "count") : 0;
	struct listing l = { .records = json_array() };
	rp->body = json_object();
	TW_TRY(tw_json_set(rp->body, "records", l.records)); /* the body owns it; we go on filling it */
	TW_TRY(tw_audit_recent(c->audit, count > 0 ? (size_t)count : COUNT_DEFAULT, take_record, &l));
	return l.result;
}

static tw_err add_key(struct tw_context *c, uint64_t epoch, json_t *list)
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
		e = tw_json_append(list, json_pack("{s:I, s:s}", "epoch", (json_int_t)epoch, "key", tw_buf_cstr(&hex)));
	tw_buf_done(&hex);
	tw_wipe(key, sizeof key);
	return e;
}

tw_err tw_op_log_keys(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_freep) uint64_t *epochs = tw_alloc_array(c->sys, EPOCHS_MAX, sizeof *epochs);
	json_t *list = json_array();
	rp->body = json_object();
	TW_TRY(tw_json_set(rp->body, "epochs", list));
	if (!epochs)
		return TW_RAISE(NOMEM, "epochs");
	TW_TRY(tw_audit_epoch_next(c->audit, "the owner was given the keys"));
	size_t n = tw_audit_epochs(c->audit, EPOCHS_MAX, epochs);
	for (size_t i = 0; i < n; i++) {
		if (epochs[i] != tw_audit_epoch(c->audit))
			TW_TRY(add_key(c, epochs[i], list));
	}
	snprintf(rp->note, sizeof rp->note, "keys of %zu epochs", json_array_size(list));
	return TW_OK;
}
