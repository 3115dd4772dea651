/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Argon2id (RFC 9106) by libargon2, in memory from the seam that is wiped after each hash.
 *
 * What the usual hash takes is kept for the next: to give 19 MiB back and be given them anew costs half as much again as the hash.
 */
#ifndef TW_DEVICE_HASH_ARGON_H
#define TW_DEVICE_HASH_ARGON_H
#include "service/hash/phc.h"

struct tw_argon_room {
	const struct tw_sys *sys;
	uint8_t *kept; /* NULL: nothing yet */
};
#define TW_ARGON_KEPT ((size_t)TW_HASH_KIB_MIN * 1024) /* a dearer one has memory of its own, which goes back at once */

/* The tag of a password, by h's cost and salt, into h. LIMIT, NOMEM. */
tw_err tw_argon(struct tw_argon_room *r, struct tw_slice password, struct tw_phc *h);
void tw_argon_room_done(struct tw_argon_room *r);
#endif
