/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The asking side of the hash role (core, app): questions about passwords, and their answers from the loop.
 *
 * Two are computed at a time, the second by a process of its own; TW_HASH_WAITING more wait their turn, those first that whoever asks prefers
 * (tw_hash_prefer), and what comes beyond that is refused at once: better than a queue that no login survives. Nothing here waits. Whatever goes
 * wrong with a question (its role dies, is late, makes no sense or cannot be started) answers it with REFUSED, which is never a yes.
 */
#ifndef TW_SERVICE_HASH_HASHING_H
#define TW_SERVICE_HASH_HASHING_H
#include "service/errand-line.h"
#include "service/hash/passkey-wire.h"

#define TW_HASH_WAITING 8
#define TW_HASH_DEADLINE_MS \
	10000 /* with the start of the role: many times what the slowest device needs for the most that a hash may cost */

typedef struct tw_hashing tw_hashing;
enum tw_hash_outcome { TW_HASH_REFUSED, TW_HASH_NO, TW_HASH_YES };
struct tw_hash_answer {
	enum tw_hash_outcome outcome;        /* YES: made, or verified; NO: it is another password */
	struct tw_slice phc;                 /* what was made */
	struct tw_passkey_enrolled enrolled; /* of a passkey that is new */
	const char *why;                     /* REFUSED: a sentence */
};
/* Once for each question that was not cancelled; never before the call that asked has returned. What it is given lasts until it returns. */
typedef void tw_hash_done(void *user, const struct tw_hash_answer *a);

tw_err tw_hashing_new(const struct tw_errands_side *side, tw_errands *errands, tw_hashing **ret);
tw_hashing *tw_hashing_free(tw_hashing *h);       /* nobody is told any more */
const char *tw_hash_missing(const tw_hashing *h); /* NULL: it could be started; else why not, as a sentence for a status */
/* LIMIT: too many at once, or too long. STATE: tw_hash_missing says why. SYNTAX: an empty password. */
tw_err tw_hash_make(tw_hashing *h, struct tw_hash_cost cost, struct tw_slice password, tw_hash_done *done, void *user);
tw_err tw_hash_verify(tw_hashing *h, const struct tw_phc *hash, struct tw_slice password, tw_hash_done *done, void *user);
/* His questions, while they wait, come before those that are not preferred. */
void tw_hash_prefer(tw_hashing *h, const void *user);
/* Of passkeys: YES or NO. By the second process alone, which ends behind it: it has parsed what a stranger's authenticator said. LIMIT, STATE. */
tw_err tw_hash_enrol(tw_hashing *h, const struct tw_passkey_enrol *q, tw_hash_done *done, void *user);
tw_err tw_hash_assert(tw_hashing *h, const struct tw_passkey_assert *q, tw_hash_done *done, void *user);
void tw_hash_cancel(tw_hashing *h, const void *user); /* his questions: the answers are not wanted any more */
#endif
