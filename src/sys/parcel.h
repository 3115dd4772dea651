/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes too many for one message: collected in memory that belongs to no file, sealed, and handed over as a descriptor.
 *
 * A seal holds for everybody, its maker too: what the receiver has checked is what it goes on to read, and a sender that dies or
 * turns hostile can neither change it nor cut it short under a mapping (which would be SIGBUS).
 */
#ifndef TW_SYS_PARCEL_H
#define TW_SYS_PARCEL_H
#include "base/buf.h"
#include "base/err.h"
#include "base/sys.h"

struct tw_parcel {
	const struct tw_sys *sys;
	int fd; /* -1 until the first byte */
	uint64_t size, max;
};
void tw_parcel_init(struct tw_parcel *p, const struct tw_sys *sys, uint64_t max);
void tw_parcel_done(struct tw_parcel *p);
tw_err tw_parcel_add(struct tw_parcel *p, const void *data, size_t size); /* LIMIT: beyond max */
tw_err tw_parcel_seal(struct tw_parcel *p, int *ret_fd); /* gives the descriptor away; the parcel may be used again */

/* The receiver's side. UNTRUSTED: not sealed in every way, or not of that size. Owns fd in every case. */
tw_err tw_parcel_open(const struct tw_sys *sys, int fd, uint64_t size, struct tw_slice *ret);
void tw_parcel_close(const struct tw_sys *sys, struct tw_slice bytes);
#endif
