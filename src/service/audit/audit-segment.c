/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments as files. The next one waits as "spare", full of zeros and synced. It gets its header and its first records, is
 * synced, and only then renamed: a file with a segment's name always begins with a whole header and a record. The spare is
 * also the reserve: as long as it is there, a change that has begun can be recorded to its end.
 */
#include "service/audit/audit-internal.h"

#include "sys/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#define ZEROS (32 * 1024)

void tw_audit_name(uint64_t first_seq, char ret[TW_AUDIT_NAME_SIZE])
{
	snprintf(ret, TW_AUDIT_NAME_SIZE, "%020" PRIu64 TW_AUDIT_SUFFIX, first_seq);
}

static tw_err fill(tw_audit *a, int fd)
{
	TW_CLEANUP(tw_freep) char *zeros = a->sys->alloc(a->sys, ZEROS);
	if (!zeros)
		return TW_RAISE(NOMEM, "a log segment");
	if (a->sys->allocate(a->sys, fd, 0, a->o.segment_size) < 0 && errno != EOPNOTSUPP && errno != EINVAL)
		return TW_RAISE_ERRNO("room for a log segment of %u bytes", a->o.segment_size);
	for (uint32_t at = 0; at < a->o.segment_size; at += ZEROS) {
		uint32_t left = a->o.segment_size - at;
		TW_TRY(tw_durable_write_at(a->sys, fd, zeros, left < ZEROS ? left : ZEROS, at));
	}
	return tw_durable_sync(a->sys, fd);
}

/* One left by an earlier start serves again when it is whole and nothing but zeros. */
static bool blank(tw_audit *a, int fd)
{
	struct stat st;
	if (a->sys->fstat(a->sys, fd, &st) < 0 || st.st_size != (off_t)a->o.segment_size)
		return false;
	TW_CLEANUP(tw_freep) char *bytes = a->sys->alloc(a->sys, ZEROS);
	if (!bytes)
		return false;
	for (off_t at = 0; at < st.st_size;) {
		ssize_t n = a->sys->pread(a->sys, fd, bytes, ZEROS, at);
		if (n <= 0)
			return false;
		if (bytes[0] || memcmp(bytes, bytes + 1, (size_t)n - 1) != 0)
			return false;
		at += n;
	}
	return true;
}

tw_err tw_audit_spare_ready(tw_audit *a)
{
	if (a->spare >= 0)
		return TW_OK;
	if (a->fresh) { /* what has the spare's name is in use until it gets its own, and that makes the next spare */
		TW_TRY(tw_audit_commit(a));
		return a->spare >= 0 ? TW_OK : TW_RAISE(LIMIT, "no room for another log segment");
	}
	int fd = a->sys->open_beneath(a->sys, a->o.dir, TW_AUDIT_SPARE, O_RDWR | O_CLOEXEC, 0);
	if (fd >= 0) {
		if (blank(a, fd)) {
			a->spare = fd;
			return TW_OK;
		}
		a->sys->close(a->sys, fd);
	}
	TW_TRY(tw_durable_remove(a->sys, a->o.dir, TW_AUDIT_SPARE));
	fd = a->sys->open_beneath(a->sys, a->o.dir, TW_AUDIT_SPARE, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return TW_RAISE_ERRNO("a new log segment");
	tw_err e = fill(a, fd);
	if (tw_failed(e)) {
		a->sys->close(a->sys, fd);
		a->sys->unlink(a->sys, a->o.dir, TW_AUDIT_SPARE); /* gives back what a full disk lacks; else the next try removes it */
		return e;
	}
	a->spare = fd;
	return TW_OK;
}

tw_err tw_audit_segment_note(tw_audit *a, uint64_t first_seq, uint64_t epoch)
{
	if (a->segment_count == a->segment_room) {
		size_t more = a->segment_room ? a->segment_room * 2 : 16;
		void *p = a->sys->resize(a->sys, a->segments, more * sizeof *a->segments);
		if (!p)
			return TW_RAISE(NOMEM, "the list of log segments");
		a->segments = p;
		a->segment_room = more;
	}
	a->segments[a->segment_count++] = (struct tw_audit_segment){ first_seq, epoch };
	return TW_OK;
}

/* Gives the unused end of a segment back. Done before the next one has its name, so that only the last may have a tail. */
tw_err tw_audit_segment_cut(tw_audit *a, uint64_t first_seq, size_t size)
{
	char name[TW_AUDIT_NAME_SIZE];
	tw_audit_name(first_seq, name);
	int fd = a->sys->open_beneath(a->sys, a->o.dir, name, O_RDWR | O_CLOEXEC, 0);
	if (fd < 0)
		return TW_RAISE_ERRNO("ending log segment %s", name);
	tw_err e = TW_OK;
	if (a->sys->ftruncate(a->sys, fd, (off_t)size) < 0)
		e = TW_RAISE_ERRNO("ending log segment %s", name);
	if (!tw_failed(e))
		e = tw_durable_sync(a->sys, fd);
	a->sys->close(a->sys, fd);
	return e;
}

static tw_err end_present(tw_audit *a)
{
	if (a->fd < 0)
		return TW_OK;
	TW_TRY(tw_audit_segment_cut(a, a->segments[a->segment_count - 1].first_seq, a->written));
	a->sys->close(a->sys, a->fd);
	a->fd = -1;
	return TW_OK;
}

static tw_err begin(tw_audit *a)
{
	TW_TRY(end_present(a));
	TW_TRY(tw_audit_segment_note(a, a->state.next_seq, a->epoch));
	struct tw_log_header h = {
		.epoch = a->epoch,
		.boot_count = a->o.boot_count,
		.segment_size = a->o.segment_size,
		.created_ms = tw_time_wall_ms(a->o.time),
	};
	memcpy(h.boot_id, a->o.boot_id, sizeof h.boot_id);
	memcpy(h.device, a->o.device, sizeof h.device);
	uint8_t bytes[TW_LOG_HEADER_SIZE];
	TW_TRY(tw_log_segment_begin(&a->state, &h, bytes));
	TW_TRY(tw_buf_add(&a->batch, bytes, sizeof bytes));
	a->fd = a->spare;
	a->spare = -1;
	a->written = 0;
	a->fresh = true;
	return TW_OK;
}

tw_err tw_audit_segment_begin(tw_audit *a)
{
	TW_TRY(tw_audit_spare_ready(a));
	tw_err e = begin(a);
	return tw_failed(e) ? tw_audit_break(a, e) : TW_OK; /* half begun: the chain may have moved on */
}

tw_err tw_audit_segment_name(tw_audit *a)
{
	char name[TW_AUDIT_NAME_SIZE];
	tw_audit_name(a->segments[a->segment_count - 1].first_seq, name);
	TW_TRY(tw_durable_rename(a->sys, a->o.dir, TW_AUDIT_SPARE, name));
	a->fresh = false;
	tw_ignore(tw_audit_spare_ready(a)); /* at once while there is room; without one, changes are refused */
	return TW_OK;
}

size_t tw_audit_segments(const tw_audit *a)
{
	return a->segment_count;
}

bool tw_audit_segment(const tw_audit *a, size_t i, char ret_name[32], uint64_t *ret_first_seq, uint64_t *ret_written)
{
	_Static_assert(TW_AUDIT_NAME_SIZE == 32, "as audit.h says");
	if (i >= a->segment_count)
		return false;
	tw_audit_name(a->segments[i].first_seq, ret_name);
	*ret_first_seq = a->segments[i].first_seq;
	*ret_written = i + 1 == a->segment_count ? a->written : 0;
	return true;
}

tw_err tw_audit_segment_open(const tw_audit *a, size_t i, int *ret_fd)
{
	char name[TW_AUDIT_NAME_SIZE];
	tw_audit_name(a->segments[i].first_seq, name);
	int fd = a->sys->open_beneath(a->sys, a->o.dir, name, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0 && errno == ENOENT)
		return TW_RAISE(NOTFOUND, "segment %s is gone", name);
	if (fd < 0)
		return TW_RAISE_ERRNO("log segment %s", name);
	*ret_fd = fd;
	return TW_OK;
}
