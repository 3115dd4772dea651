/* SPDX-License-Identifier: Apache-2.0 */
/* Reading back what was written lately, for people. Segments are read from the newest; nothing is kept in memory for it. */
#include "service/audit/audit-internal.h"

#include "sys/durable.h"

struct tail {
	struct tw_log_record *ring;
	size_t room, next, held;
	uint64_t before; /* records from this one on are left out; 0: none */
};

/* Keeps the last `room` records of one segment. It was verified when this start opened it or written by us: a damaged one raises. */
static tw_err collect(struct tw_slice bytes, struct tail *t)
{
	struct tw_log_header h;
	TW_TRY(tw_log_header_read((struct tw_slice){ bytes.at, bytes.size < TW_LOG_HEADER_SIZE ? bytes.size : TW_LOG_HEADER_SIZE }, &h));
	struct tw_log_state s = { .next_seq = h.first_seq, .key_index = h.key_index };
	memcpy(s.chain, h.start, sizeof s.chain);
	struct tw_cursor c = tw_cursor_of(bytes.at + TW_LOG_HEADER_SIZE, bytes.size - TW_LOG_HEADER_SIZE);
	t->next = t->held = 0;
	while (tw_cursor_left(&c) > 0) {
		TW_TRY(tw_log_record_read(&s, &c, &t->ring[t->next]));
		if (t->before && t->ring[t->next].seq >= t->before)
			return TW_OK;
		t->next = (t->next + 1) % t->room;
		t->held += t->held < t->room;
	}
	return TW_OK;
}

static tw_err read_segment(tw_audit *a, size_t i, struct tw_buf *bytes, struct tail *t)
{
	char name[TW_AUDIT_NAME_SIZE];
	tw_audit_name(a->segments[i].first_seq, name);
	tw_buf_clear(bytes);
	TW_TRY(tw_durable_read(a->sys, a->o.dir, name, TW_AUDIT_SEGMENT_MAX, bytes));
	struct tw_slice s = tw_buf_slice(bytes);
	if (i + 1 < a->segment_count)
		return collect(s, t);
	if (s.size < a->written)
		return TW_RAISE(IO, "log segment %s is shorter than what was written of it", name);
	s.size = a->written; /* the rest is zeros */
	return collect(s, t);
}

static tw_err visit_back(tw_audit *a, size_t count, struct tail *t, bool (*visit)(void *user, const struct tw_log_record *r), void *user)
{
	struct tw_buf bytes;
	tw_buf_init(&bytes, a->sys, TW_AUDIT_SEGMENT_MAX);
	tw_err e = TW_OK;
	bool more = true;
	for (size_t i = a->segment_count; i > 0 && count > 0 && more; i--) {
		if (t->before && a->segments[i - 1].first_seq >= t->before)
			continue;
		e = read_segment(a, i - 1, &bytes, t);
		if (tw_failed(e))
			break;
		for (size_t k = 0; k < t->held && count > 0 && more; k++, count--)
			more = visit(user, &t->ring[(t->next + t->room - 1 - k) % t->room]);
	}
	tw_buf_done(&bytes);
	return e;
}

tw_err tw_audit_recent(tw_audit *a, uint64_t before, size_t count, bool (*visit)(void *user, const struct tw_log_record *r), void *user)
{
	if (count > TW_AUDIT_RECENT_MAX)
		return TW_RAISE(LIMIT, "%zu records, limit %d", count, TW_AUDIT_RECENT_MAX);
	if (count == 0)
		return TW_OK;
	if (!a->broken[0])
		TW_TRY(tw_audit_commit(a));
	TW_CLEANUP(tw_freep) struct tw_log_record *ring = tw_alloc_array(a->sys, count, sizeof *ring);
	if (!ring)
		return TW_RAISE(NOMEM, "reading the log");
	struct tail t = { .ring = ring, .room = count, .before = before };
	return visit_back(a, count, &t, visit, user);
}
