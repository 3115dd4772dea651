/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/parcel.h"

#include <errno.h>

void tw_parcel_init(struct tw_parcel *p, const struct tw_sys *sys, uint64_t max)
{
	*p = (struct tw_parcel){ .sys = sys, .fd = -1, .max = max };
}

void tw_parcel_done(struct tw_parcel *p)
{
	if (p->sys && p->fd >= 0)
		(void)p->sys->close(p->sys, p->fd);
	p->fd = -1;
	p->size = 0;
}

static tw_err begin(struct tw_parcel *p)
{
	if (p->fd < 0)
		p->fd = p->sys->spool(p->sys, "thingward");
	return p->fd < 0 ? TW_RAISE_ERRNO("memory for a body") : TW_OK;
}

tw_err tw_parcel_add(struct tw_parcel *p, const void *data, size_t size)
{
	const char *at = data;

	if (size > p->max - p->size)
		return TW_RAISE(LIMIT, "more than %llu bytes", (unsigned long long)p->max);
	TW_TRY(begin(p));
	while (size > 0) {
		ssize_t n = p->sys->write(p->sys, p->fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return TW_RAISE_ERRNO("memory for a body");
		at += n;
		size -= (size_t)n;
		p->size += (uint64_t)n;
	}
	return TW_OK;
}

tw_err tw_parcel_seal(struct tw_parcel *p, int *ret_fd)
{
	TW_TRY(begin(p));
	if (p->sys->seal(p->sys, p->fd) != 0)
		return TW_RAISE_ERRNO("sealing a body");
	*ret_fd = p->fd;
	p->fd = -1;
	p->size = 0;
	return TW_OK;
}

static tw_err check_and_map(const struct tw_sys *sys, int fd, uint64_t size, struct tw_slice *ret)
{
	uint64_t real = 0;
	int fixed = sys->fixed(sys, fd, &real);

	if (fixed < 0)
		return TW_RAISE_ERRNO("asking about a descriptor");
	if (fixed != TW_FIXED_SEALED || real != size || size == 0)
		return TW_RAISE(UNTRUSTED, "a body of %llu bytes, stated as %llu, %s", (unsigned long long)real,
			(unsigned long long)size, fixed == TW_FIXED_SEALED ? "sealed" : "not sealed");
	void *at = sys->map(sys, fd, (size_t)size);
	if (!at)
		return TW_RAISE(NOMEM, "mapping a body");
	*ret = (struct tw_slice){ at, (size_t)size };
	return TW_OK;
}

tw_err tw_parcel_open(const struct tw_sys *sys, int fd, uint64_t size, struct tw_slice *ret)
{
	tw_err e = check_and_map(sys, fd, size, ret);

	(void)sys->close(sys, fd); /* the mapping stays */
	return e;
}

void tw_parcel_close(const struct tw_sys *sys, struct tw_slice bytes)
{
	if (bytes.size > 0)
		sys->unmap(sys, (void *)(uintptr_t)bytes.at, bytes.size);
}
