/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states of a case, after ISO/IEC 29147:2018 (a report is received and acknowledged) and ISO/IEC 30111:2019, 7.1 (verification, remediation
 * development, release, post-release), and the moves between them. Pure; one table.
 */
#ifndef TW_SUPPORT_CASES_STATES_H
#define TW_SUPPORT_CASES_STATES_H
#include "base/buf.h"

enum tw_case_state {
	TW_CASE_RECEIVED,
	TW_CASE_ACKNOWLEDGED,
	TW_CASE_TRIAGE,
	TW_CASE_VERIFIED,
	TW_CASE_NOT_REPRODUCIBLE,
	TW_CASE_DUPLICATE,
	TW_CASE_NOT_OURS,
	TW_CASE_REMEDIATION,
	TW_CASE_RELEASED,
	TW_CASE_POST_RELEASE,
	TW_CASE_CLOSED,
	TW_CASE_STATES,
};
extern const char *const tw_case_states[TW_CASE_STATES];                /* "not-reproducible" */
bool tw_case_state_find(struct tw_slice name, enum tw_case_state *ret); /* false: no such state */

/* Who has to make a move. */
enum tw_case_by {
	TW_CASE_BY_ANY,      /* whoever may change the case */
	TW_CASE_BY_ASSIGNED, /* the one it is assigned to, or an administrator: somebody has to stand for it */
};
struct tw_case_move {
	enum tw_case_state from, to;
	enum tw_case_by by;
	bool reason;      /* it needs one */
	const char *what; /* in words */
};
extern const struct tw_case_move tw_case_moves[];                                        /* ends with what NULL */
const struct tw_case_move *tw_case_move(enum tw_case_state from, enum tw_case_state to); /* NULL: not allowed */
tw_err tw_case_moves_text(enum tw_case_state from, struct tw_buf *ret); /* "triage, closed": where one can go from here */
#endif
