/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader that goes along with the log: it remembers where it stands and what the chain was there, so that each step reads a
 * little of one segment and nothing is kept for it in between. Only what is durable is given: nobody hears of a record that a
 * power cut could still take back.
 */
#include "service/audit/audit-internal.h"

#include <errno.h>
#include <fcntl.h>

#define STEP (16 * 1024) /* several records of any size */

uint64_t tw_audit_durable(const tw_audit *a)
{
	return a->durable_seq;
}

tw_err tw_audit_follow(const tw_audit *a, uint64_t after, struct tw_audit_follow *ret)
{
	if (after > tw_audit_last(a))
		return TW_RAISE(NOTFOUND, "the log ends with record %llu", (unsigned long long)tw_audit_last(a));
	if (a->segment_count == 0 || after + 1 < a->segments[0].first_seq)
		return TW_RAISE(NOTFOUND, "record %llu is not on this device any more", (unsigned long long)after + 1);
	*ret = (struct tw_audit_follow){ .after = after };
	for (size_t i = 0; i < a->segment_count && a->segments[i].first_seq <= after + 1; i++)
		ret->segment = a->segments[i].first_seq;
	return TW_OK;
}

bool tw_audit_follow_behind(const tw_audit *a, const struct tw_audit_follow *f)
{
	return f->state.next_seq <= a->durable_seq; /* 0: not begun yet */
}

static const struct tw_audit_segment *segment_of(const tw_audit *a, uint64_t first_seq)
{
	for (size_t i = 0; i < a->segment_count; i++)
		if (a->segments[i].first_seq == first_seq)
			return &a->segments[i];
	return NULL;
}

static ssize_t read_again(const tw_audit *a, int fd, char *bytes, size_t size, size_t offset)
{
	ssize_t n;
	do
		n = a->sys->pread(a->sys, fd, bytes, size, (off_t)offset);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Up to STEP bytes of the segment from the reader's place on; 0 at its present end. */
static tw_err read_step(tw_audit *a, const struct tw_audit_follow *f, bool present, char *bytes, size_t *ret_size)
{
	size_t want = STEP;
	char name[TW_AUDIT_NAME_SIZE];
	int fd = a->fd;
	if (present && f->offset + want > a->written)
		want = f->offset < a->written ? a->written - f->offset : 0;
	*ret_size = 0;
	if (want == 0)
		return TW_OK;
	tw_audit_name(f->segment, name);
	if (!present)
		fd = a->sys->open_beneath(a->sys, a->o.dir, name, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return TW_RAISE_ERRNO("log segment %s", name);
	ssize_t n = read_again(a, fd, bytes, want, f->offset);
	tw_err e = n < 0 ? TW_RAISE_ERRNO("log segment %s", name) : TW_OK;
	if (!present)
		a->sys->close(a->sys, fd);
	*ret_size = n > 0 ? (size_t)n : 0;
	return e;
}

static tw_err begin_segment(struct tw_audit_follow *f, struct tw_slice bytes)
{
	struct tw_log_header h;
	if (bytes.size < TW_LOG_HEADER_SIZE)
		return TW_RAISE(IO, "a log segment without a header");
	TW_TRY(tw_log_header_read((struct tw_slice){ bytes.at, TW_LOG_HEADER_SIZE }, &h));
	f->state = (struct tw_log_state){ .next_seq = h.first_seq, .key_index = h.key_index };
	memcpy(f->state.chain, h.start, sizeof f->state.chain);
	f->offset = TW_LOG_HEADER_SIZE;
	return TW_OK;
}

/* Whole records only. One that is not whole is what the next step begins with: there it is, or it never was. */
static tw_err give(struct tw_audit_follow *f, struct tw_cursor *c, bool (*visit)(void *user, const struct tw_log_record *r), void *user)
{
	struct tw_log_record r;
	while (tw_cursor_left(c) > 0) {
		struct tw_log_state before = f->state;
		size_t at = tw_cursor_offset(c);
		tw_err e = tw_log_record_read(&f->state, c, &r);
		if (tw_failed(e)) {
			f->state = before;
			return at > 0 ? TW_OK : e;
		}
		if (r.seq > f->after && !visit(user, &r)) {
			f->state = before;
			return TW_OK;
		}
		f->offset += r.size;
	}
	return TW_OK;
}

/* The segment that begins where this one has ended. */
static tw_err go_on(const tw_audit *a, struct tw_audit_follow *f)
{
	const struct tw_audit_segment *next = segment_of(a, f->state.next_seq);
	if (!next || next->first_seq == f->segment)
		return TW_RAISE(UNTRUSTED, "the log segment of record %llu is shorter than it was", (unsigned long long)f->segment);
	f->segment = next->first_seq;
	f->offset = 0;
	return TW_OK;
}

tw_err tw_audit_follow_step(tw_audit *a, struct tw_audit_follow *f, bool (*visit)(void *user, const struct tw_log_record *r), void *user)
{
	bool present = a->segment_count > 0 && f->segment == a->segments[a->segment_count - 1].first_seq;
	size_t size = 0;
	if (!segment_of(a, f->segment))
		return TW_RAISE(NOTFOUND, "the log was begun anew");
	TW_CLEANUP(tw_freep) char *bytes = a->sys->alloc(a->sys, STEP);
	if (!bytes)
		return TW_RAISE(NOMEM, "reading the log");
	TW_TRY(read_step(a, f, present, bytes, &size));
	if (size == 0)
		return present ? TW_OK : go_on(a, f);
	size_t skip = 0;
	if (f->offset == 0) {
		TW_TRY(begin_segment(f, (struct tw_slice){ bytes, size }));
		skip = TW_LOG_HEADER_SIZE;
	}
	struct tw_cursor c = tw_cursor_of(bytes + skip, size - skip);
	return give(f, &c, visit, user);
}
