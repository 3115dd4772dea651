/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What core and the hash role say to one another: one question, one answer with its tag. Integers big-endian, blocks length-prefixed.
 *
 * core -> hash  MAKE, with what it shall cost; VERIFY, with the hash, which says what it cost itself. Of passkeys: passkey-wire.h.
 * hash -> core  MADE, VERIFIED; FAILED instead when it could not be computed, which is a refusal whatever was asked.
 */
#ifndef TW_SERVICE_HASH_WIRE_H
#define TW_SERVICE_HASH_WIRE_H
#include "service/hash/phc.h"
#include "sys/channel.h"

enum tw_hash_wire {
	TW_HASH_MAKE = 0x0901, /* u32 KiB, u32 passes, block16 password */
	TW_HASH_VERIFY,        /* block16 PHC text, block16 password */
	TW_HASH_ENROL,         /* of a passkey (passkey-wire.h), likewise ASSERT */
	TW_HASH_ASSERT,
	TW_HASH_MADE = 0x0911, /* PHC text */
	TW_HASH_VERIFIED,      /* u8 1: that was the password, or the passkey; 0: it was not */
	TW_HASH_FAILED,        /* words */
	TW_HASH_ENROLLED,      /* the new passkey's key and id */
};
#define TW_HASH_PASSWORD_MAX 1024 /* bytes; Argon2id takes each into account, so there is no length that makes it slow */
#define TW_HASH_WORDS_MAX 160
#define TW_HASH_QUESTION_MAX (2 + TW_PHC_SIZE + 2 + TW_HASH_PASSWORD_MAX)
extern const struct tw_channel_row tw_rows_hash_from_core[], tw_rows_core_from_hash[];

struct tw_hash_make {
	struct tw_hash_cost cost;
	struct tw_slice password;
};
struct tw_hash_verify {
	struct tw_phc hash;
	struct tw_slice password;
};
/* What is read borrows from the payload. An empty password is none. SYNTAX, LIMIT. */
tw_err tw_hash_make_write(const struct tw_hash_make *m, struct tw_buf *ret);
tw_err tw_hash_make_read(struct tw_slice payload, struct tw_hash_make *ret);
tw_err tw_hash_verify_write(const struct tw_hash_verify *v, struct tw_buf *ret);
tw_err tw_hash_verify_read(struct tw_slice payload, struct tw_hash_verify *ret);
#endif
