/* SPDX-License-Identifier: Apache-2.0 */
/* The states of an advisory and the moves between them. Pure; one table. */
#ifndef TW_SUPPORT_ADVISORIES_STATES_H
#define TW_SUPPORT_ADVISORIES_STATES_H
#include "base/buf.h"

enum tw_advisory_state {
	TW_ADVISORY_DRAFT,
	TW_ADVISORY_REVIEW,     /* somebody else is to look at it */
	TW_ADVISORY_APPROVED,   /* this content, by somebody who wrote none of it */
	TW_ADVISORY_PUBLISHING, /* its bytes are settled, and on their way into the tree */
	TW_ADVISORY_PUBLISHED,
	TW_ADVISORY_STATES,
};
enum tw_advisory_move {
	TW_ADVISORY_CHANGE, /* a new revision: whatever was approved is not this one */
	TW_ADVISORY_ASK,    /* for review */
	TW_ADVISORY_APPROVE,
	TW_ADVISORY_RETURN,
	TW_ADVISORY_PUBLISH,
	TW_ADVISORY_WITHDRAW, /* a revision that takes back what is published; it is reviewed like any other */
	TW_ADVISORY_MOVES,
};
extern const char *const tw_advisory_states[TW_ADVISORY_STATES]; /* "review" */
bool tw_advisory_state_find(struct tw_slice name, enum tw_advisory_state *ret);
/* False: not from there. */
bool tw_advisory_move(enum tw_advisory_state from, enum tw_advisory_move move, enum tw_advisory_state *ret);
#endif
