/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening: what is there is verified first, by the same verifier that the tool uses.
 *
 * A torn end is what a power cut leaves: it is kept beside the log as NAME.cut, cut off, and the cut is recorded. Anything
 * else that does not verify is not ours to mend: the segments are set aside under other names as evidence, the log begins
 * anew in a later epoch, and both its first record and tw_audit_fault say why.
 */
#include "service/audit/audit-internal.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "sys/durable.h"

#define DIGITS 20

struct found {
	const struct tw_sys *sys;
	uint64_t *seqs;
	size_t count, room;
	size_t passed_over; /* so many were verified before, by a word that is to be believed, and are looked through later */
	bool no_memory;
};

static bool segment_seq(const char *name, uint64_t *ret)
{
	if (strlen(name) != DIGITS + strlen(TW_AUDIT_SUFFIX) || strcmp(name + DIGITS, TW_AUDIT_SUFFIX) != 0)
		return false;
	size_t zeros = strspn(name, "0");
	return !tw_failed(tw_parse_u64((struct tw_slice){ name + zeros, DIGITS - zeros }, UINT64_MAX, ret)); /* no number: zeros alone */
}

static bool note_name(void *user, const char *name)
{
	struct found *f = user;
	uint64_t seq = 0;
	if (!segment_seq(name, &seq))
		return true;
	if (f->count == f->room) {
		size_t more = f->room ? f->room * 2 : 16;
		void *p = f->sys->resize(f->sys, f->seqs, more * sizeof *f->seqs);
		if (!p) {
			f->no_memory = true;
			return false;
		}
		f->seqs = p;
		f->room = more;
	}
	f->seqs[f->count++] = seq;
	return true;
}

static int by_seq(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static tw_err find_segments(tw_audit *a, struct found *f)
{
	if (a->sys->list(a->sys, a->o.dir, note_name, f) < 0)
		return TW_RAISE_ERRNO("listing the log");
	if (f->no_memory)
		return TW_RAISE(NOMEM, "the list of log segments");
	if (f->count)
		qsort(f->seqs, f->count, sizeof *f->seqs, by_seq);
	return TW_OK;
}

/* What does not verify; LIMIT and STATE: a file that is longer than any segment, and what is none. */
static bool is_finding(tw_err e)
{
	return tw_is(e, TW_CODE_UNTRUSTED) || tw_is(e, TW_CODE_LIMIT) || tw_is(e, TW_CODE_STATE);
}

/* The verifier lets a torn end pass, and finds whatever stands behind one. A segment never had its name before its first record. */
tw_err tw_audit_segment_sound(tw_log_verifier *v, struct tw_slice bytes, uint64_t first_seq, const char *name)
{
	struct tw_log_header h;
	struct tw_log_report r;
	tw_log_verifier_report(v, &r);
	if (r.tail == TW_LOG_HEADER_SIZE)
		return TW_RAISE(UNTRUSTED, "%s has no whole record", name);
	TW_TRY(tw_log_header_read(bytes, &h));
	if (h.first_seq != first_seq)
		return TW_RAISE(UNTRUSTED, "%s begins with record %llu", name, (unsigned long long)h.first_seq);
	return TW_OK;
}

static tw_err verify_one(tw_audit *a, tw_log_verifier *v, uint64_t seq, struct tw_buf *bytes)
{
	char name[TW_AUDIT_NAME_SIZE];
	struct tw_log_report r;
	tw_audit_name(seq, name);
	tw_buf_clear(bytes);
	TW_TRY(tw_durable_read(a->sys, a->o.dir, name, TW_AUDIT_SEGMENT_MAX, bytes));
	TW_TRY(tw_log_verifier_segment(v, tw_buf_slice(bytes), name));
	TW_TRY(tw_audit_segment_sound(v, tw_buf_slice(bytes), seq, name));
	tw_log_verifier_report(v, &r);
	return tw_audit_segment_note(a, seq, r.last_epoch);
}

/* A finding ends the run and is kept as the fault; what fails on our side fails the opening. */
static tw_err verify_all(tw_audit *a, tw_log_verifier *v, const struct found *f, struct tw_buf *last)
{
	for (size_t i = f->passed_over; i < f->count; i++) {
		tw_err e = verify_one(a, v, f->seqs[i], last);
		if (tw_failed(e) && !is_finding(e))
			return e;
		if (tw_failed(e)) {
			snprintf(a->fault, sizeof a->fault, "%s", tw_err_detail());
			return TW_OK;
		}
	}
	return TW_OK;
}

static tw_err set_aside(tw_audit *a, const struct found *f)
{
	uint8_t mark[4];
	char name[TW_AUDIT_NAME_SIZE], to[TW_AUDIT_NAME_SIZE + 24];
	if (a->sys->random(a->sys, mark, sizeof mark) < 0)
		return TW_RAISE_ERRNO("random bytes");
	for (size_t i = 0; i < f->count; i++) {
		tw_audit_name(f->seqs[i], name);
		snprintf(to, sizeof to, "%s.aside-%02x%02x%02x%02x", name, mark[0], mark[1], mark[2], mark[3]);
		TW_TRY(tw_durable_rename(a->sys, a->o.dir, name, to));
	}
	a->segment_count = 0;
	return TW_OK;
}

/* Ends the last segment where its good part ends. What is cut is kept, and ret_cut says what it was. */
static tw_err end_last(tw_audit *a, const struct tw_log_report *r, const struct tw_buf *bytes, json_t *open)
{
	uint64_t seq = a->segments[a->segment_count - 1].first_seq;
	if (r->leftover > 0) {
		char name[TW_AUDIT_NAME_SIZE + 8], hash[2 * TW_SHA256_SIZE + 1];
		uint8_t digest[TW_SHA256_SIZE];
		const char *at = bytes->data + r->tail;
		tw_audit_name(seq, name);
		TW_TRY(tw_sha256(at, r->leftover, digest));
		for (size_t i = 0; i < sizeof digest; i++)
			snprintf(hash + 2 * i, 3, "%02x", digest[i]);
		snprintf(name + strlen(name), 8, ".cut");
		TW_TRY(tw_durable_replace(a->sys, a->o.dir, name, at, r->leftover, 0600));
		TW_TRY(tw_json_set(open, "cut_bytes", json_integer((json_int_t)r->leftover)));
		TW_TRY(tw_json_set(open, "cut_sha256", json_string(hash)));
		TW_TRY(tw_json_set(open, "cut_after", json_integer((json_int_t)r->last_seq)));
	}
	return tw_audit_segment_cut(a, seq, r->tail);
}

/* Is this epoch below the last one whose key was given out? */
static tw_err is_past(tw_audit *a, uint64_t epoch, bool *ret)
{
	uint8_t key[32];
	tw_err e = a->keys.old_key(a->keys.user, epoch, key);
	tw_wipe(key, sizeof key);
	*ret = !tw_failed(e);
	return tw_is(e, TW_CODE_DENIED) ? TW_OK : e;
}

/*
 * The keys role gives out each epoch's key once, and it may be ahead of the log: it answered and then the power went, or somebody
 * removed the log. Asking for keys that are past costs nothing, so the last one given is found by doubling and halving.
 */
static tw_err last_epoch_given(tw_audit *a, uint64_t *ret)
{
	uint64_t low = a->epoch, step = 1; /* low is past or zero; low + step is not, once the doubling ends */
	bool past = true;
	for (; past && step < UINT64_MAX / 4; step *= past ? 2 : 1)
		TW_TRY(is_past(a, a->epoch + step, &past));
	uint64_t high = a->epoch + step;
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;
		TW_TRY(is_past(a, middle, &past));
		*(past ? &low : &high) = middle;
	}
	*ret = high;
	return TW_OK;
}

static tw_err next_epoch_key(tw_audit *a, uint8_t key[32])
{
	uint64_t last = 0;
	tw_err e = a->keys.epoch_key(a->keys.user, a->epoch + 1, key);
	if (!tw_is(e, TW_CODE_STATE)) {
		a->epoch += !tw_failed(e);
		return e;
	}
	TW_TRY(last_epoch_given(a, &last));
	TW_TRY(a->keys.epoch_key(a->keys.user, last + 1, key));
	a->epoch = last + 1; /* the gap that stays is true, and visible */
	return TW_OK;
}

tw_err tw_audit_epoch_begin(tw_audit *a)
{
	uint8_t key[32];
	TW_TRY(tw_audit_spare_ready(a)); /* first: a full disk must not use up an epoch at each start */
	TW_TRY(next_epoch_key(a, key));
	tw_log_epoch_begin(&a->state, key);
	tw_wipe(key, sizeof key);
	return tw_audit_segment_begin(a);
}

tw_err tw_audit_closed_key(const tw_audit *a, uint64_t epoch, uint8_t ret[32])
{
	tw_err e = a->keys.old_key(a->keys.user, epoch, ret);
	return tw_is(e, TW_CODE_DENIED) ? TW_RAISE(NOTFOUND, "the key of epoch %llu", (unsigned long long)epoch) : e;
}

static tw_err closed_key(void *user, uint64_t epoch, uint8_t ret[32])
{
	return tw_audit_closed_key(user, epoch, ret);
}

static tw_err with_keys(tw_audit *a, tw_log_verifier **ret)
{
	const struct tw_log_verify how = { .device = a->o.device_key, .epoch_key = closed_key, .user = a };
	return tw_log_verifier_new(a->sys, &how, ret);
}

/*
 * A cut may have torn off nothing but the last record's seal, which the chain does not cover. The key of the log's last epoch is
 * to be had now that a later one has begun, so the last segment is looked at again with it.
 */
static tw_err seals_hold(tw_audit *a, uint64_t seq, const struct tw_buf *last, size_t tail, bool *ret)
{
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = NULL;
	char name[TW_AUDIT_NAME_SIZE];
	struct tw_log_report r;
	TW_TRY(with_keys(a, &v));
	tw_audit_name(seq, name);
	tw_err e = tw_log_verifier_segment(v, tw_buf_slice(last), name);
	if (tw_failed(e) && !is_finding(e))
		return e;
	tw_log_verifier_report(v, &r);
	*ret = r.tail == tail;
	return TW_OK;
}

static tw_err close_intents(tw_audit *a, const tw_log_verifier *v)
{
	uint64_t seq = 0;
	for (size_t i = 0; tw_log_verifier_open_intent(v, i, &seq); i++) {
		if (a->o.keeps && a->o.keeps(a->o.keeps_user, seq))
			continue;
		json_t *body = json_pack("{s:I, s:s, s:s}", "intent", (json_int_t)seq, "result", "unknown", "detail",
			"the process ended before the outcome was recorded");
		TW_TRY(tw_audit_append(a, TW_LOG_OUTCOME, body, NULL));
	}
	return TW_OK;
}

static tw_err describe(tw_audit *a, const struct found *f, const struct tw_log_report *r, json_t *open)
{
	TW_TRY(tw_json_set(open, "why", json_string("start")));
	TW_TRY(tw_json_set(open, "boot_count", json_integer((json_int_t)a->o.boot_count)));
	TW_TRY(tw_json_set(open, "records_found", json_integer((json_int_t)r->records)));
	TW_TRY(tw_json_set(open, "proven_to", json_integer((json_int_t)r->proven_seq)));
	TW_TRY(tw_json_set(open, "open_intents", json_integer((json_int_t)r->open_intents)));
	if (f->passed_over > 0) /* what lies before is looked through later, and that is said nowhere else */
		TW_TRY(tw_json_set(open, "read_from", json_integer((json_int_t)f->seqs[f->passed_over])));
	if (a->fault[0])
		TW_TRY(tw_json_set(open, "fault", json_string(a->fault)));
	return TW_OK;
}

static void begin_again(tw_audit *a, struct found *f)
{
	a->segment_count = f->passed_over = 0;
	a->fault[0] = '\0';
}

/* By the word of a close, when what lies behind its place holds to the last record, and that is our own signature: else the word counts for nothing. */
static tw_err verify_by_word(tw_audit *a, tw_log_verifier **v, struct found *f, struct tw_buf *last)
{
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *behind = NULL;
	struct tw_log_report r;
	TW_TRY(tw_audit_word_take(a, f->seqs, f->count, &behind));
	if (!behind)
		return TW_OK;
	f->passed_over = a->segment_count;
	TW_TRY(verify_all(a, behind, f, last));
	tw_log_verifier_report(behind, &r);
	if (a->fault[0] || r.leftover > 0 || r.proven_seq + 1 != r.last_seq) {
		begin_again(a, f);
		return TW_OK;
	}
	(void)tw_log_verifier_free(*v);
	*v = TW_STEAL(behind);
	return TW_OK;
}

static tw_err verify_found(tw_audit *a, tw_log_verifier **v, struct found *f, struct tw_buf *last)
{
	if (a->look.on)
		TW_TRY(verify_by_word(a, v, f, last));
	return f->passed_over > 0 ? TW_OK : verify_all(a, *v, f, last);
}

/* Goes through what is there, at first without keys, which need a new epoch; key is that epoch's. */
static tw_err look(tw_audit *a, struct found *f, tw_log_verifier **v, struct tw_buf *bytes, uint8_t key[32], struct tw_log_report *ret)
{
	bool hold = true;
	TW_TRY(verify_found(a, v, f, bytes));
	tw_log_verifier_report(*v, ret);
	a->epoch = ret->last_epoch;
	bool whole = f->count && !a->fault[0];
	if (whole) /* zeros: gives a full disk the room for a spare */
		TW_TRY(tw_audit_segment_cut(a, f->seqs[f->count - 1], ret->tail + ret->leftover));
	TW_TRY(tw_audit_spare_ready(a)); /* first: a full disk must not use up an epoch at each start */
	TW_TRY(next_epoch_key(a, key));
	if (whole)
		TW_TRY(seals_hold(a, f->seqs[f->count - 1], bytes, ret->tail, &hold));
	if (hold)
		return TW_OK;
	*v = tw_log_verifier_free(*v);
	begin_again(a, f);
	TW_TRY(with_keys(a, v));
	TW_TRY(verify_all(a, *v, f, bytes));
	tw_log_verifier_report(*v, ret);
	return TW_OK;
}

static tw_err recover_with(tw_audit *a, struct found *f, tw_log_verifier **v, struct tw_buf *bytes, uint8_t key[32])
{
	TW_CLEANUP(tw_jsonp) json_t *open = json_object();
	struct tw_log_report r;
	TW_TRY(find_segments(a, f));
	TW_TRY(look(a, f, v, bytes, key, &r));
	a->state.next_seq = 1;
	if (a->fault[0]) {
		TW_TRY(set_aside(a, f));
	} else if (f->count) {
		TW_TRY(end_last(a, &r, bytes, open));
		a->state.next_seq = r.last_seq + 1;
		memcpy(a->state.chain, r.chain, sizeof a->state.chain);
	}
	TW_TRY(describe(a, f, &r, open));
	tw_buf_done(bytes);
	tw_log_epoch_begin(&a->state, key);
	TW_TRY(tw_audit_segment_begin(a));
	TW_TRY(tw_json_set(open, "epoch", json_integer((json_int_t)a->epoch)));
	TW_TRY(tw_audit_append(a, TW_LOG_OPEN, TW_STEAL(open), NULL));
	if (!a->fault[0])
		TW_TRY(close_intents(a, *v));
	if (a->look.on)
		TW_TRY(tw_audit_look_begin(a, v, f->passed_over, f->count));
	return tw_audit_checkpoint(a);
}

static tw_err recover(tw_audit *a, struct found *f, tw_log_verifier **v, struct tw_buf *bytes)
{
	uint8_t key[32] = { 0 };
	tw_err e = recover_with(a, f, v, bytes, key);
	tw_wipe(key, sizeof key);
	return e;
}

tw_err tw_audit_open(const struct tw_sys *sys, const struct tw_audit_options *o, tw_audit **ret)
{
	if (o->segment_size < TW_AUDIT_SEGMENT_MIN || o->segment_size > TW_AUDIT_SEGMENT_MAX)
		return TW_RAISE(LIMIT, "log segments of %u bytes", o->segment_size);
	TW_CLEANUP(tw_audit_freep) tw_audit *a = TW_NEW(sys, tw_audit);
	if (!a)
		return TW_RAISE(NOMEM, "the audit log");
	a->sys = sys;
	a->o = *o;
	a->keys = *o->keys;
	a->fd = a->spare = -1;
	tw_buf_init(&a->batch, sys, TW_LOG_HEADER_SIZE + TW_AUDIT_BATCH_MAX + TW_LOG_RECORD_MAX);
	if (o->later) {
		TW_TRY(tw_audit_look_new(a));
		a->o.device_key = a->look.device;
	}
	struct tw_log_verify how = { .device = a->o.device_key };
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = NULL;
	TW_TRY(tw_log_verifier_new(sys, &how, &v));
	struct found f = { .sys = sys };
	struct tw_buf bytes;
	tw_buf_init(&bytes, sys, TW_AUDIT_SEGMENT_MAX);
	tw_err e = recover(a, &f, &v, &bytes);
	a->o.device_key = NULL; /* the caller's, and only for this */
	a->o.keeps = NULL;
	tw_buf_done(&bytes);
	free(f.seqs);
	TW_TRY(e);
	*ret = TW_STEAL(a);
	return TW_OK;
}

tw_err tw_audit_epoch_next(tw_audit *a, const char *why)
{
	TW_TRY(tw_audit_checkpoint(a)); /* and with it, all is on the disk */
	uint64_t before = a->epoch;
	TW_TRY(tw_audit_epoch_begin(a));
	json_t *body = json_pack("{s:s, s:I, s:I}", "why", why, "epoch", (json_int_t)a->epoch, "after", (json_int_t)before);
	tw_err e = tw_audit_append(a, TW_LOG_OPEN, body, NULL);
	if (!tw_failed(e))
		return tw_audit_commit(a);
	return tw_audit_break(a, e); /* a segment without its first record must not be written */
}
