/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending and committing. A record is formed at once, in the batch, because the chain goes through it; it is on disk only
 * after the commit, which is one write and one sync for however many there are. The segment was written full of zeros
 * before, so that the sync changes no metadata.
 */
#include "service/audit/audit-internal.h"

#include "crypto/key.h"
#include "sys/durable.h"

tw_err tw_audit_break(tw_audit *a, tw_err why)
{
	if (!a->broken[0])
		snprintf(a->broken, sizeof a->broken, "%s", tw_err_detail()[0] ? tw_err_detail() : tw_code_text(why.code));
	return why;
}

static tw_err usable(const tw_audit *a)
{
	if (a->broken[0])
		return TW_RAISE(IO, "the audit log refuses until a restart: %s", a->broken);
	return TW_OK;
}

/* Is there room for one more record, and may this type take it? */
static tw_err room(tw_audit *a, enum tw_log_type type)
{
	size_t left = a->o.segment_size - a->written - a->batch.size;
	/* A full disk is asked again only when the answer matters: looking costs more than a record. */
	bool asked = type == TW_LOG_INTENT || left < TW_LOG_RECORD_MAX + TW_AUDIT_RESERVE;
	bool spare = asked && !tw_failed(tw_audit_spare_ready(a));
	if (type == TW_LOG_INTENT && !spare)
		return TW_RAISE(LIMIT, "audit.space: no room for another log segment; changes are refused, reads go on");
	bool ours = type != TW_LOG_READ && type != TW_LOG_REFUSALS;
	size_t needed = TW_LOG_RECORD_MAX + (spare || ours ? 0 : TW_AUDIT_RESERVE);
	if (left < needed && !spare)
		return TW_RAISE(LIMIT, "audit.space: the log is full");
	if (left < needed) {
		TW_TRY(tw_audit_commit(a));
		TW_TRY(tw_audit_segment_begin(a));
	} else if (a->batch.size > TW_AUDIT_BATCH_MAX - TW_LOG_RECORD_MAX) {
		TW_TRY(tw_audit_commit(a));
	}
	return TW_OK;
}

/* Random bytes for thirty-two records at a time: one system call less per record. */
static tw_err salt(tw_audit *a, uint8_t ret[TW_LOG_SALT])
{
	if (a->salts_left == 0) {
		if (a->sys->random(a->sys, a->salts, sizeof a->salts) < 0)
			return TW_RAISE_ERRNO("random bytes");
		a->salts_left = sizeof a->salts / TW_LOG_SALT;
	}
	memcpy(ret, a->salts + --a->salts_left * TW_LOG_SALT, TW_LOG_SALT);
	return TW_OK;
}

tw_err tw_audit_append_text(tw_audit *a, enum tw_log_type type, struct tw_slice body, uint64_t *ret_seq)
{
	TW_TRY(usable(a));
	TW_TRY(room(a, type));
	struct tw_log_record r = { .type = type, .body = body };
	r.wall_ms = tw_time_wall_ms(a->o.time);
	r.boot_ms = tw_time_boot_ms(a->o.time);
	TW_TRY(salt(a, r.salt));
	TW_TRY(tw_log_record_write(&a->state, &r, &a->batch));
	if (ret_seq)
		*ret_seq = r.seq;
	return TW_OK;
}

tw_err tw_audit_append(tw_audit *a, enum tw_log_type type, json_t *body, uint64_t *ret_seq)
{
	TW_CLEANUP(tw_jsonp) json_t *owned = body;
	if (!owned)
		return TW_RAISE(NOMEM, "a log record");
	struct tw_buf text;
	tw_buf_init(&text, a->sys, TW_LOG_BODY_MAX);
	tw_err e = tw_json_write(owned, &text);
	if (!tw_failed(e))
		e = tw_audit_append_text(a, type, tw_buf_slice(&text), ret_seq);
	tw_buf_done(&text);
	return e;
}

bool tw_audit_pending(const tw_audit *a)
{
	return a->batch.size > 0;
}

tw_err tw_audit_commit(tw_audit *a)
{
	TW_TRY(usable(a));
	if (a->batch.size == 0)
		return TW_OK;
	tw_err e = tw_durable_write_at(a->sys, a->fd, a->batch.data, a->batch.size, (off_t)a->written);
	if (!tw_failed(e))
		e = tw_durable_sync(a->sys, a->fd);
	if (!tw_failed(e) && a->fresh)
		e = tw_audit_segment_name(a);
	if (tw_failed(e))
		return tw_audit_break(a, e);
	a->written += a->batch.size;
	a->durable_seq = a->state.next_seq - 1;
	tw_buf_clear(&a->batch);
	return TW_OK;
}

tw_err tw_audit_checkpoint(tw_audit *a)
{
	TW_TRY(usable(a));
	uint64_t head = tw_audit_last(a);
	if (head == a->checkpointed)
		return TW_OK;
	TW_TRY(tw_audit_refusals_seal(a, false));
	TW_TRY(room(a, TW_LOG_CHECKPOINT)); /* first: a new segment would change the chain that is signed */
	head = tw_audit_last(a);
	uint8_t signature[TW_SIGNATURE_SIZE];
	struct tw_buf message, body;
	tw_buf_init(&message, a->sys, TW_LOG_CHECKPOINT_MESSAGE);
	tw_buf_init(&body, a->sys, TW_LOG_BODY_MAX);
	tw_err e = tw_log_checkpoint_message(a->o.device, a->epoch, head, a->state.chain, &message);
	if (!tw_failed(e))
		e = a->keys.sign(a->keys.user, tw_buf_slice(&message), signature);
	if (!tw_failed(e))
		e = tw_log_checkpoint_body(a->epoch, head, a->state.chain, signature, &body);
	if (!tw_failed(e))
		e = tw_audit_append_text(a, TW_LOG_CHECKPOINT, tw_buf_slice(&body), &a->checkpointed);
	tw_buf_done(&message);
	tw_buf_done(&body);
	TW_TRY(e);
	return tw_audit_commit(a);
}

uint64_t tw_audit_last(const tw_audit *a)
{
	return a->state.next_seq - 1;
}

uint64_t tw_audit_epoch(const tw_audit *a)
{
	return a->epoch;
}

tw_err tw_audit_head(tw_audit *a, struct tw_audit_head *ret)
{
	TW_TRY(tw_audit_commit(a));
	*ret = (struct tw_audit_head){ .epoch = a->epoch, .seq = a->state.next_seq - 1, .checkpoint = a->checkpointed };
	memcpy(ret->chain, a->state.chain, sizeof ret->chain);
	return TW_OK;
}

uint64_t tw_audit_epoch_after(const tw_audit *a, uint64_t epoch)
{
	size_t low = 0, high = a->segment_count; /* epochs rise from segment to segment */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (a->segments[middle].epoch > epoch)
			high = middle;
		else
			low = middle + 1;
	}
	return low < a->segment_count ? a->segments[low].epoch : 0;
}

const uint8_t *tw_audit_device(const tw_audit *a)
{
	return a->o.device;
}

const char *tw_audit_fault(const tw_audit *a)
{
	return a->fault;
}

const char *tw_audit_broken(const tw_audit *a)
{
	return a->broken;
}

tw_audit *tw_audit_free(tw_audit *a)
{
	if (!a)
		return NULL;
	if (a->fd >= 0)
		a->sys->close(a->sys, a->fd);
	if (a->spare >= 0)
		a->sys->close(a->sys, a->spare);
	tw_buf_done(&a->batch);
	tw_audit_look_done(a);
	tw_wipe(&a->state, sizeof a->state);
	free(a->segments);
	free(a);
	return NULL;
}
