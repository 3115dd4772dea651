/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hashed password as text, in the PHC string form: $argon2id$v=19$m=19456,t=2,p=1$SALT$TAG, base64 without padding.
 *
 * What it cost to make stands in it, so that a later release may ask for more and still verify what is there. The text lies in a
 * store that somebody may have written to, so each number has a floor, which keeps a hash from being made cheap, and a ceiling, which
 * keeps a device from giving 4 GiB for one question. One lane: a device that hashes has something else for its other processors.
 * A hash has one text and a text one hash. Pure.
 */
#ifndef TW_SERVICE_HASH_PHC_H
#define TW_SERVICE_HASH_PHC_H
#include "base/buf.h"

struct tw_hash_cost {
	uint32_t memory_kib, passes;
};
#define TW_HASH_KIB_MIN 19456u /* 19 MiB: the floor that OWASP's password storage page names for two passes */
#define TW_HASH_KIB_MAX 65536u /* two at once are then an eighth of a small device's gigabyte */
#define TW_HASH_PASSES_MIN 2u
#define TW_HASH_PASSES_MAX 8u /* with the most memory still within the time a verification is given */
#define TW_HASH_SALT_SIZE 16
#define TW_HASH_TAG_SIZE 32
#define TW_PHC_SIZE 97               /* characters, whatever it cost within these bounds */
#define TW_PHC_MAX (TW_PHC_SIZE + 1) /* room for it while it is written */

struct tw_phc {
	struct tw_hash_cost cost;
	uint8_t salt[TW_HASH_SALT_SIZE], tag[TW_HASH_TAG_SIZE];
};
bool tw_hash_cost_valid(struct tw_hash_cost c);
tw_err tw_phc_read(struct tw_slice text, struct tw_phc *ret);     /* SYNTAX; LIMIT: a cost beyond the bounds */
bool tw_phc_same(const struct tw_phc *a, const struct tw_phc *b); /* of the tags, in constant time */
tw_err tw_phc_write(const struct tw_phc *h, struct tw_buf *ret);
#endif
