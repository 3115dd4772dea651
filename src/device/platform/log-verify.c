/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifying the whole log, by the same verifier that the tool uses, a piece at a time: the chain, the checkpoints' signatures, and
 * the seals of every epoch that has ended. The present epoch's seals are checked by whoever is given its key when it is over; core
 * has only the key of the next record.
 *
 * It goes as far as the log was durable when it began, so that it comes to an end however fast the log grows; records that it causes
 * itself are not among them. A run is kept between two segments.
 */
#include "device/platform/log-verify.h"

#include "base/cursor.h"
#include "device/platform/device.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>

#define READ_AT_ONCE (64 * 1024) /* a slow flash gives this within a slice */
#define STEPS_AT_ONCE 4          /* checkpoints cost a signature's verification each: a few ms on a small machine */

enum phase { MEASURING, NEXT_SEGMENT, READING, VERIFYING };
struct verify {
	struct tw_context *c;
	tw_key *device;
	tw_log_verifier *v;
	enum phase phase;
	uint64_t next_seq;          /* of the segment to look at next */
	uint64_t end_seq, end_size; /* the last segment, and how much of it */
	uint64_t done_before;       /* bytes of the segments before the present one */
	uint64_t sealed_seq;        /* seals were checked up to here */
	bool has_key;               /* of the present epoch in the log */
	char name[32];
	int fd;
	size_t i, measured; /* of the segment to look at next; how many were measured */
	uint64_t total;
	size_t wanted; /* bytes of the present segment */
	struct tw_buf bytes;
	char fault[TW_DETAIL_MAX];
};

static struct verify *free_verify(struct verify *y)
{
	if (y) {
		if (y->fd >= 0)
			(void)y->c->sys->close(y->c->sys, y->fd);
		(void)tw_log_verifier_free(y->v);
		(void)tw_key_free(y->device);
		tw_buf_done(&y->bytes);
	}
	free(y);
	return NULL;
}
TW_DEFINE_FREEP(struct verify, free_verify)

static tw_err closed_key(void *user, uint64_t epoch, uint8_t ret[32])
{
	struct verify *y = user;
	tw_err e = tw_audit_closed_key(y->c->audit, epoch, ret);

	y->has_key = !tw_failed(e);
	return e;
}

static void on_record(void *user, const struct tw_log_header *h, const struct tw_log_record *r)
{
	struct verify *y = user;

	if (y->has_key)
		y->sealed_seq = r->seq;
}

static size_t index_of(const struct verify *y, uint64_t first_seq)
{
	uint64_t seq = 0, written = 0;
	char name[32];
	size_t i = 0;

	while (tw_audit_segment(y->c->audit, i, name, &seq, &written) && seq < first_seq)
		i++;
	return i;
}

static tw_err size_of(const struct verify *y, int fd, uint64_t first_seq, uint64_t *ret)
{
	struct stat st;

	if (y->c->sys->fstat(y->c->sys, fd, &st) < 0)
		return TW_RAISE_ERRNO("a log segment");
	*ret = first_seq == y->end_seq ? y->end_size : (uint64_t)st.st_size;
	if (*ret > (uint64_t)st.st_size)
		return TW_RAISE(UNTRUSTED, "segment %s is shorter than what was written", y->name);
	if (*ret > TW_AUDIT_SEGMENT_MAX)
		return TW_RAISE(UNTRUSTED, "segment %s has %" PRIu64 " bytes", y->name, *ret);
	return TW_OK;
}

/* What is there now, for people: a segment that is gone counts as nothing, and is found when its turn comes. */
static tw_err measure_one(struct verify *y, struct tw_task *t)
{
	char name[32];
	uint64_t seq = 0, written = 0, size = 0;
	int fd = -1;

	if (!tw_audit_segment(y->c->audit, y->measured, name, &seq, &written) || seq > y->end_seq) {
		t->total = y->total;
		y->phase = NEXT_SEGMENT;
		return TW_OK;
	}
	tw_err e = tw_audit_segment_open(y->c->audit, y->measured++, &fd);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	e = size_of(y, fd, seq, &size);
	(void)y->c->sys->close(y->c->sys, fd);
	y->total += tw_failed(e) ? 0 : size;
	return TW_OK;
}

#define SAVED_VERSION 1

static tw_err save(const struct verify *y, struct tw_task *t)
{
	const uint64_t numbers[] = { y->next_seq, y->end_seq, y->end_size, y->done_before, y->sealed_seq };

	tw_buf_clear(&t->saved);
	TW_TRY(tw_buf_u8(&t->saved, SAVED_VERSION));
	for (size_t i = 0; i < TW_COUNT(numbers); i++)
		TW_TRY(tw_buf_u64(&t->saved, numbers[i]));
	TW_TRY(tw_log_verifier_save(y->v, &t->saved));
	t->moved = true;
	return TW_OK;
}

static tw_err restore(struct verify *y, const struct tw_task *t)
{
	uint64_t *const numbers[] = { &y->next_seq, &y->end_seq, &y->end_size, &y->done_before, &y->sealed_seq };
	struct tw_cursor c = tw_cursor_of(t->saved.data, t->saved.size);
	struct tw_slice rest;
	uint8_t version = 0;

	TW_TRY(tw_cursor_u8(&c, &version));
	if (version != SAVED_VERSION)
		return TW_RAISE(SYNTAX, "a kept verification of version %u", version);
	for (size_t i = 0; i < TW_COUNT(numbers); i++)
		TW_TRY(tw_cursor_u64(&c, numbers[i]));
	TW_TRY(tw_cursor_slice(&c, tw_cursor_left(&c), &rest));
	return tw_log_verifier_restore(y->v, rest);
}

/* The end is where the log is durable now. */
static tw_err set_out(struct verify *y)
{
	char name[32];

	TW_TRY(tw_audit_commit(y->c->audit));
	if (!tw_audit_segment(y->c->audit, tw_audit_segments(y->c->audit) - 1, name, &y->end_seq, &y->end_size))
		return TW_RAISE(INTERNAL, "a log without segments");
	(void)tw_audit_segment(y->c->audit, 0, name, &y->next_seq, &(uint64_t){ 0 });
	return TW_OK;
}

static tw_err begin(struct tw_context *c, struct tw_task *t)
{
	TW_CLEANUP(free_verifyp) struct verify *y = TW_NEW(c->sys, struct verify);
	struct tw_log_verify how = { .epoch_key = closed_key, .record = on_record, .user = y };

	if (!y)
		return TW_RAISE(NOMEM, "verifying the log");
	y->c = c;
	y->fd = -1;
	tw_buf_init(&y->bytes, c->sys, TW_AUDIT_SEGMENT_MAX);
	TW_TRY(tw_cert_key(tw_device_of(c)->certificate, &y->device));
	how.device = y->device;
	TW_TRY(tw_log_verifier_new(c->sys, &how, &y->v));
	TW_TRY(t->saved.size ? restore(y, t) : set_out(y));
	y->i = index_of(y, y->next_seq);
	t->total = 0; /* until all are measured */
	t->work = TW_STEAL(y);
	return TW_OK;
}

static void end(struct tw_context *c, struct tw_task *t)
{
	(void)free_verify(t->work);
}

/* --- Steps --- */

static tw_err enter(struct verify *y)
{
	uint64_t seq = 0, written = 0, size = 0;

	if (!tw_audit_segment(y->c->audit, y->i, y->name, &seq, &written))
		return TW_RAISE(UNTRUSTED, "no segment begins with record %" PRIu64, y->next_seq);
	tw_err e = tw_audit_segment_open(y->c->audit, y->i, &y->fd);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_RAISE(UNTRUSTED, "segment %s is gone", y->name);
	TW_TRY(e);
	TW_TRY(size_of(y, y->fd, seq, &size));
	y->next_seq = seq;
	y->wanted = (size_t)size;
	tw_buf_clear(&y->bytes);
	TW_TRY(tw_buf_reserve(&y->bytes, y->wanted));
	y->phase = READING;
	return TW_OK;
}

static tw_err read_some(struct verify *y)
{
	const struct tw_sys *sys = y->c->sys;
	size_t left = y->wanted - y->bytes.size, piece = left < READ_AT_ONCE ? left : READ_AT_ONCE;
	ssize_t n = piece ? sys->pread(sys, y->fd, y->bytes.data + y->bytes.size, piece, (off_t)y->bytes.size) : 0;

	if (n < 0 && errno != EINTR)
		return TW_RAISE_ERRNO("reading log segment %s", y->name);
	if (n == 0 && left)
		return TW_RAISE(UNTRUSTED, "segment %s ends early", y->name);
	y->bytes.size += n > 0 ? (size_t)n : 0;
	if (y->bytes.size < y->wanted)
		return TW_OK;
	(void)sys->close(sys, y->fd);
	y->fd = -1;
	y->phase = VERIFYING;
	return tw_log_verifier_begin(y->v, tw_buf_slice(&y->bytes), y->name);
}

/* Between two segments: the place is kept, and the next one's name is known. */
static tw_err leave(struct verify *y, struct tw_task *t, bool *ret_finished)
{
	uint64_t seq = 0, written = 0;
	char name[32];

	y->done_before += y->wanted;
	y->phase = NEXT_SEGMENT;
	tw_buf_done(&y->bytes);
	tw_buf_init(&y->bytes, y->c->sys, TW_AUDIT_SEGMENT_MAX);
	if (y->next_seq >= y->end_seq) {
		*ret_finished = true;
		return tw_log_verifier_end(y->v);
	}
	if (!tw_audit_segment(y->c->audit, ++y->i, name, &seq, &written))
		return TW_RAISE(INTERNAL, "the log has become shorter");
	y->next_seq = seq;
	return save(y, t);
}

static tw_err verify_some(struct verify *y, struct tw_task *t, bool *ret_finished)
{
	struct tw_log_report r;
	bool over = false;

	TW_TRY(tw_log_verifier_some(y->v, tw_buf_slice(&y->bytes), STEPS_AT_ONCE, &over));
	if (over)
		return leave(y, t, ret_finished);
	tw_log_verifier_report(y->v, &r);
	t->done = y->done_before + tw_log_verifier_at(y->v);
	(void)snprintf(t->words, sizeof t->words, "record %" PRIu64 " of segment %" PRIu64, r.last_seq, r.segments);
	return TW_OK;
}

static tw_err answer(const struct verify *y, const char *fault, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = json_object();
	struct tw_log_report r;

	tw_log_verifier_report(y->v, &r);
	const struct {
		const char *key;
		uint64_t n;
	} numbers[] = { { "segments", r.segments }, { "records", r.records }, { "checkpoints", r.checkpoints },
		{ "first", r.first_seq }, { "last", r.last_seq }, { "proven_to", r.proven_seq }, { "sealed_to", y->sealed_seq },
		{ "open_intents", r.open_intents } };
	TW_TRY(tw_json_set(j, "verdict", json_string(*fault ? "broken" : "whole")));
	for (size_t i = 0; i < TW_COUNT(numbers); i++)
		TW_TRY(tw_json_set(j, numbers[i].key, json_integer((json_int_t)numbers[i].n)));
	TW_TRY(tw_json_set(j, "fault", json_string(fault)));
	*ret = TW_STEAL(j);
	return TW_OK;
}

/* The task has done what it was asked for, and its answer is that the log is broken. */
static tw_err broken(struct verify *y, struct tw_task *t)
{
	char fault[TW_DETAIL_MAX];

	(void)snprintf(fault, sizeof fault, "%s", tw_err_detail());
	TW_TRY(answer(y, fault, &t->result));
	(void)snprintf(t->words, sizeof t->words, "The log is broken: %.120s", fault);
	return tw_event(y->c, "log.broken", json_pack("{s:s}", "fault", fault));
}

static tw_err finish(struct verify *y, struct tw_task *t)
{
	struct tw_log_report r;

	tw_log_verifier_report(y->v, &r);
	t->done = t->total = y->done_before;
	(void)snprintf(t->words, sizeof t->words, "The log is whole: records %" PRIu64 " to %" PRIu64 ".", r.first_seq, r.last_seq);
	return answer(y, "", &t->result);
}

static tw_err piece(struct verify *y, struct tw_task *t, bool *ret_finished)
{
	switch (y->phase) {
	case MEASURING:
		return measure_one(y, t);
	case NEXT_SEGMENT:
		return enter(y);
	case READING:
		return read_some(y);
	case VERIFYING:
		return verify_some(y, t, ret_finished);
	}
	return TW_RAISE(INTERNAL, "no such phase");
}

static tw_err step(struct tw_context *c, struct tw_task *t, bool *ret_finished)
{
	struct verify *y = t->work;
	tw_err e = piece(y, t, ret_finished);

	if (tw_is(e, TW_CODE_UNTRUSTED)) {
		*ret_finished = true;
		return broken(y, t);
	}
	TW_TRY(e);
	return *ret_finished ? finish(y, t) : TW_OK;
}

/* One at a time: a second one would read the same bytes at the same moment. */
const struct tw_task_kind tw_task_log_verify = { .resumable = true, .at_once = 1, .begin = begin, .step = step, .end = end };
