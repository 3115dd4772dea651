/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log that was closed whole says so in the file "closed": how far it was verified, which files it had, as the file system has them, and how each
 * begins. While they are those files still, an open reads the segments behind that place alone, up to the signature of the device key that they end
 * with. That signature covers the chain, and the chain names the end of the segment before: so nobody can have put another log behind it. What older
 * segments hold is not read by then; a look goes over all of them soon after, from the first record on and believing nothing of the word, and then
 * along with those that end. What it finds is what an open would have found: the log is to be closed, and as the word was taken away before anything
 * was written, the next open reads it all, finds the same, and sets the log aside.
 *
 * The word is nobody's proof. Whoever can write here can forge it, and gains the second until the look.
 */
#include "service/audit/audit-internal.h"

#include "base/cursor.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "sys/durable.h"

#include <fcntl.h>

#define WORD_MAX (TW_SHA256_SIZE + TW_LOG_VERIFIER_SAVED_MAX)
#define STEPS_AT_ONCE 16 /* records; a checkpoint costs a signature's verification */

static tw_err verifier(const tw_audit *a, tw_log_verifier **ret)
{
	const struct tw_log_verify how = { .device = a->look.device };
	return tw_log_verifier_new(a->sys, &how, ret);
}

static tw_err copy_of(const struct tw_sys *sys, const tw_key *key, tw_key **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf spki = { 0 };
	tw_buf_init(&spki, sys, 1024);
	TW_TRY(tw_key_spki(key, &spki));
	return tw_key_load_public(sys, tw_buf_slice(&spki), ret);
}

tw_err tw_audit_look_new(tw_audit *a)
{
	tw_buf_init(&a->look.bytes, a->sys, TW_AUDIT_SEGMENT_MAX);
	tw_buf_init(&a->look.state, a->sys, TW_LOG_VERIFIER_SAVED_MAX);
	TW_TRY(copy_of(a->sys, a->o.device_key, &a->look.device));
	a->look.on = true;
	return TW_OK;
}

void tw_audit_look_done(tw_audit *a)
{
	if (!a->look.on)
		return;
	a->look.v = tw_log_verifier_free(a->look.v);
	a->look.device = tw_key_free(a->look.device);
	tw_buf_done(&a->look.bytes);
	tw_buf_done(&a->look.state);
}

/* --- The word --- */

/* One segment as it lies there now, put behind the digest of those before it. */
static tw_err file_of(const tw_audit *a, uint64_t first_seq, uint8_t digest[TW_SHA256_SIZE], struct tw_log_header *ret)
{
	char name[TW_AUDIT_NAME_SIZE], line[160], bytes[TW_LOG_HEADER_SIZE];
	struct stat st;
	tw_audit_name(first_seq, name);
	TW_CLEANUP(tw_closep) int fd = a->sys->open_beneath(a->sys, a->o.dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
	if (fd < 0 || a->sys->fstat(a->sys, fd, &st) < 0)
		return TW_RAISE_ERRNO("log segment %s", name);
	if (a->sys->pread(a->sys, fd, bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		return TW_RAISE(STATE, "log segment %s has no header", name);
	TW_TRY(tw_log_header_read((struct tw_slice){ bytes, sizeof bytes }, ret));
	if (ret->first_seq != first_seq)
		return TW_RAISE(STATE, "log segment %s has another name than its header says", name);
	int n = snprintf(line, sizeof line, "%s %llu %lld %lld.%09ld %lld.%09ld\n", name, (unsigned long long)st.st_ino,
		(long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
	const struct tw_slice parts[] = { { (const char *)digest, TW_SHA256_SIZE }, { line, (size_t)n }, { bytes, sizeof bytes } };
	return tw_sha256_of(parts, TW_COUNT(parts), digest);
}

/* All segments that are noted; their epochs are noted too. */
tw_err tw_audit_word_digest(tw_audit *a, struct tw_slice state, uint8_t ret[TW_SHA256_SIZE])
{
	struct tw_log_header h;
	TW_TRY(tw_sha256(state.at, state.size, ret));
	for (size_t i = 0; i < a->segment_count; i++) {
		TW_TRY(file_of(a, a->segments[i].first_seq, ret, &h));
		a->segments[i].epoch = h.epoch;
	}
	return TW_OK;
}

/* STATE: it says nothing of what is here. */
static tw_err believe(tw_audit *a, struct tw_slice word, tw_log_verifier *v)
{
	struct tw_cursor c = tw_cursor_of(word.at, word.size);
	uint8_t said[TW_SHA256_SIZE], is[TW_SHA256_SIZE];
	struct tw_slice state;
	TW_TRY(tw_cursor_bytes(&c, said, sizeof said));
	TW_TRY(tw_cursor_slice(&c, tw_cursor_left(&c), &state));
	TW_TRY(tw_audit_word_digest(a, state, is));
	if (memcmp(said, is, sizeof is) != 0)
		return TW_RAISE(STATE, "the log is not as it was closed");
	return tw_log_verifier_restore(v, state);
}

/* How many segments it lets an open pass over, all but the last at most; they stay noted. */
static tw_err follow_word(tw_audit *a, struct tw_slice word, const uint64_t *seqs, size_t count, tw_log_verifier *v)
{
	struct tw_log_report r;
	for (size_t i = 0; i < count; i++)
		TW_TRY(tw_audit_segment_note(a, seqs[i], 0));
	TW_TRY(believe(a, word, v));
	tw_log_verifier_report(v, &r);
	size_t first = 0;
	while (first < count && seqs[first] <= r.last_seq)
		first++;
	if (first == 0 || first == count)
		return TW_RAISE(STATE, "the log is not as it was closed");
	a->segment_count = first;
	return TW_OK;
}

tw_err tw_audit_word_take(tw_audit *a, const uint64_t *seqs, size_t count, tw_log_verifier **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf word = { 0 };
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = NULL;
	tw_buf_init(&word, a->sys, WORD_MAX);
	tw_err e = tw_durable_read(a->sys, a->o.dir, TW_AUDIT_CLOSED, WORD_MAX, &word);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(tw_durable_remove(a->sys, a->o.dir, TW_AUDIT_CLOSED));
	TW_TRY(verifier(a, &v));
	if (!tw_failed(e))
		e = follow_word(a, tw_buf_slice(&word), seqs, count, v);
	if (tw_failed(e))
		a->segment_count = 0;
	else
		*ret = TW_STEAL(v);
	return TW_OK;
}

/* Everything that the next open passes over or reads again was signed, and nothing was found. */
tw_err tw_audit_close(tw_audit *a)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf word = { 0 };
	uint8_t digest[TW_SHA256_SIZE];
	if (!a->look.on || a->look.doubtful || a->look.state.size == 0)
		return TW_OK;
	if (a->broken[0] || a->batch.size > 0 || tw_audit_last(a) != a->checkpointed)
		return TW_OK;
	tw_buf_init(&word, a->sys, WORD_MAX);
	TW_TRY(tw_audit_word_digest(a, tw_buf_slice(&a->look.state), digest));
	TW_TRY(tw_buf_add(&word, digest, sizeof digest));
	TW_TRY(tw_buf_add(&word, a->look.state.data, a->look.state.size));
	return tw_durable_replace(a->sys, a->o.dir, TW_AUDIT_CLOSED, word.data, word.size, 0600);
}

/* --- The look --- */

/* Keeps how far all is verified, for the next word. */
static tw_err keep(tw_audit *a, const tw_log_verifier *v, size_t segments)
{
	struct tw_buf state;
	tw_buf_init(&state, a->sys, TW_LOG_VERIFIER_SAVED_MAX);
	tw_err e = tw_log_verifier_save(v, &state);
	if (tw_failed(e)) {
		tw_buf_done(&state);
		return e;
	}
	tw_buf_done(&a->look.state);
	a->look.state = state;
	a->look.state_at = segments;
	return TW_OK;
}

tw_err tw_audit_look_begin(tw_audit *a, tw_log_verifier **v, size_t passed_over, size_t segments)
{
	struct tw_log_report r;
	tw_log_verifier_report(*v, &r);
	if (!a->fault[0] && segments > 0 && r.leftover == 0)
		TW_TRY(keep(a, *v, segments));
	if (a->look.state.size > 0 && passed_over == 0) { /* all was read: it goes on from there */
		a->look.v = TW_STEAL(*v);
		a->look.next = segments;
	}
	return TW_OK;
}

bool tw_audit_owes(const tw_audit *a)
{
	return a->look.on && !a->broken[0] && a->look.next + 1 < a->segment_count; /* the last one is written to */
}

static tw_err look_enter(tw_audit *a, const char *name)
{
	tw_buf_clear(&a->look.bytes);
	tw_err e = tw_durable_read(a->sys, a->o.dir, name, TW_AUDIT_SEGMENT_MAX, &a->look.bytes);
	if (tw_is(e, TW_CODE_NOTFOUND) || tw_is(e, TW_CODE_LIMIT) || tw_is(e, TW_CODE_STATE))
		return TW_RAISE(UNTRUSTED, "log segment %s is gone, or is none any more", name);
	TW_TRY(e);
	TW_TRY(tw_log_verifier_begin(a->look.v, tw_buf_slice(&a->look.bytes), name));
	a->look.inside = true;
	return TW_OK;
}

static tw_err look_leave(tw_audit *a, const char *name)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf state = { 0 };
	TW_TRY(tw_audit_segment_sound(a->look.v, tw_buf_slice(&a->look.bytes), a->segments[a->look.next].first_seq, name));
	a->look.inside = false;
	tw_buf_done(&a->look.bytes);
	tw_buf_init(&a->look.bytes, a->sys, TW_AUDIT_SEGMENT_MAX);
	tw_buf_init(&state, a->sys, TW_LOG_VERIFIER_SAVED_MAX);
	const size_t behind = a->look.next + 1;
	if (behind > a->look.state_at) {
		TW_TRY(keep(a, a->look.v, behind));
	} else if (behind == a->look.state_at) {
		TW_TRY(tw_log_verifier_save(a->look.v, &state));
		if (state.size != a->look.state.size || memcmp(state.data, a->look.state.data, state.size) != 0)
			return TW_RAISE(UNTRUSTED, "the word with which the log was closed does not fit the log up to %s", name);
	}
	a->look.next = behind;
	return TW_OK;
}

/* What is not the log's fault may have stopped the run in the middle of a record. */
static void look_anew(tw_audit *a)
{
	a->look.v = tw_log_verifier_free(a->look.v);
	a->look.next = 0;
	a->look.inside = false;
}

static tw_err look_some(tw_audit *a, int64_t until_ms)
{
	char name[TW_AUDIT_NAME_SIZE];
	bool end = false;
	if (!a->look.v)
		TW_TRY(verifier(a, &a->look.v));
	tw_audit_name(a->segments[a->look.next].first_seq, name);
	if (!a->look.inside)
		TW_TRY(look_enter(a, name));
	do
		TW_TRY(tw_log_verifier_some(a->look.v, tw_buf_slice(&a->look.bytes), STEPS_AT_ONCE, &end));
	while (!end && tw_time_boot_ms(a->o.time) < until_ms);
	return end ? look_leave(a, name) : TW_OK;
}

tw_err tw_audit_look(tw_audit *a, unsigned ms, bool *ret_more)
{
	const int64_t until_ms = tw_time_boot_ms(a->o.time) + ms;
	tw_err e = TW_OK;
	*ret_more = tw_audit_owes(a);
	while (*ret_more) {
		e = look_some(a, until_ms);
		*ret_more = !tw_failed(e) && tw_audit_owes(a);
		if (tw_time_boot_ms(a->o.time) >= until_ms)
			break;
	}
	a->look.doubtful = tw_failed(e);
	if (tw_failed(e) && !tw_is(e, TW_CODE_UNTRUSTED))
		look_anew(a);
	return e;
}
