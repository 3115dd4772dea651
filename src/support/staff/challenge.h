/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Challenges for passkeys: what is signed once, for one purpose, within five minutes.
 *
 * A challenge stands in a page that any stranger may open, so nothing is kept of one that was made: it says itself until when it is good, and carries a
 * code under a key of this process. What is kept is that one was used, by a passkey that opened something; there strangers come to nothing. A restart
 * ends all that were made before.
 */
#ifndef TW_SUPPORT_STAFF_CHALLENGE_H
#define TW_SUPPORT_STAFF_CHALLENGE_H
#include "base/err.h"
#include "base/sys.h"

#include <stddef.h>
#include <stdint.h>

#define TW_CHALLENGE_TEXT 54   /* 40 bytes in base64url: end, 16 random bytes, 16 of the code */
#define TW_CHALLENGES_USED 256 /* within five minutes, by people of the staff */
#define TW_CHALLENGES_OWN 16   /* of these, by one of them: whoever proves himself again and again bars nobody else */
struct tw_challenges {
	uint8_t key[32];
	struct {
		uint8_t code[16];
		int64_t account;
		int64_t ends_ms; /* boot clock; past: free */
	} used[TW_CHALLENGES_USED];
};
tw_err tw_challenges_begin(const struct tw_sys *sys, struct tw_challenges *ret);
/* purpose: for what and for whom, in words that no other has. */
tw_err tw_challenge_make(const struct tw_challenges *g, const struct tw_sys *sys, int64_t now_ms, const char *purpose,
	char ret[TW_CHALLENGE_TEXT + 1]);
/* DENIED: none of ours, for something else, too old or used. */
tw_err tw_challenge_check(const struct tw_challenges *g, int64_t now_ms, const char *purpose, const char *text);
/* The same, and it is used from now on; LIMIT: too many were used just now, by this account or by all. */
struct tw_challenge_used {
	int64_t account;
	const char *purpose, *text;
};
tw_err tw_challenge_use(struct tw_challenges *g, int64_t now_ms, const struct tw_challenge_used *u);
#endif
