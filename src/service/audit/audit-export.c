/* SPDX-License-Identifier: Apache-2.0 */
/* Segments for somebody else: descriptors that can change nothing and show nothing but what was asked for. */
#include "service/audit/audit-internal.h"

#include "sys/parcel.h"

#include <errno.h>
#include <fcntl.h>

#define COPY_AT_ONCE (16 * 1024)

size_t tw_audit_parts(const tw_audit *a, uint64_t from, size_t max, struct tw_audit_part *ret)
{
	size_t n = 0;
	for (size_t i = 0; i < a->segment_count && n < max; i++) {
		const struct tw_audit_segment *s = &a->segments[i];
		if (s->first_seq >= from)
			ret[n++] = (struct tw_audit_part){ s->first_seq, s->epoch, i + 1 == a->segment_count };
	}
	return n;
}

static tw_err closed_file(tw_audit *a, uint64_t first_seq, int *ret_fd, uint64_t *ret_size)
{
	char name[TW_AUDIT_NAME_SIZE];
	struct stat st;
	tw_audit_name(first_seq, name);
	int fd = a->sys->open_beneath(a->sys, a->o.dir, name, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return TW_RAISE_ERRNO("log segment %s", name);
	if (a->sys->fstat(a->sys, fd, &st) < 0 || st.st_size <= 0) {
		a->sys->close(a->sys, fd);
		return TW_RAISE(IO, "log segment %s has no size", name);
	}
	*ret_fd = fd;
	*ret_size = (uint64_t)st.st_size;
	return TW_OK;
}

static tw_err copy(tw_audit *a, char *bytes, struct tw_parcel *p)
{
	while (p->size < a->written) {
		size_t left = a->written - (size_t)p->size;
		ssize_t n = a->sys->pread(a->sys, a->fd, bytes, left < COPY_AT_ONCE ? left : COPY_AT_ONCE, (off_t)p->size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return TW_RAISE_ERRNO("reading the log");
		if (n == 0)
			return TW_RAISE(IO, "the log is shorter than what was written of it");
		TW_TRY(tw_parcel_add(p, bytes, (size_t)n));
	}
	return TW_OK;
}

static tw_err open_copy(tw_audit *a, int *ret_fd, uint64_t *ret_size)
{
	TW_CLEANUP(tw_freep) char *bytes = a->sys->alloc(a->sys, COPY_AT_ONCE);
	struct tw_parcel p;
	if (!bytes)
		return TW_RAISE(NOMEM, "reading the log");
	tw_parcel_init(&p, a->sys, TW_AUDIT_SEGMENT_MAX);
	tw_err e = copy(a, bytes, &p);
	uint64_t size = p.size;
	if (!tw_failed(e))
		e = tw_parcel_seal(&p, ret_fd);
	tw_parcel_done(&p);
	TW_TRY(e);
	*ret_size = size;
	return TW_OK;
}

tw_err tw_audit_part_file(tw_audit *a, uint64_t first_seq, int *ret_fd, uint64_t *ret_size)
{
	if (!a->broken[0])
		TW_TRY(tw_audit_commit(a));
	for (size_t i = 0; i < a->segment_count; i++) {
		if (a->segments[i].first_seq != first_seq)
			continue;
		if (i + 1 < a->segment_count)
			return closed_file(a, first_seq, ret_fd, ret_size);
		/* Nothing durable in it yet, or given up by a failed write. */
		return a->fd >= 0 && a->written > 0 ? open_copy(a, ret_fd, ret_size) : TW_RAISE(NOTFOUND, "nothing is in it yet");
	}
	return TW_RAISE(NOTFOUND, "no segment of the log begins with record %llu", (unsigned long long)first_seq);
}
