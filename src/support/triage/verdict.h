/* SPDX-License-Identifier: Apache-2.0 */
/* What the desk says a report is, and from what to what that may change. Pure; one table. */
#ifndef TW_SUPPORT_TRIAGE_VERDICT_H
#define TW_SUPPORT_TRIAGE_VERDICT_H
#include "base/buf.h"

enum tw_triage_verdict {
	TW_TRIAGE_NEW,               /* nobody has said anything */
	TW_TRIAGE_CASE,              /* a case was opened from it, and goes on by itself */
	TW_TRIAGE_DUPLICATE,         /* a case that is there has it */
	TW_TRIAGE_NOT_VULNERABILITY, /* nothing of ours is weak there */
	TW_TRIAGE_VERDICTS,
};
extern const char *const tw_triage_verdicts[TW_TRIAGE_VERDICTS];        /* "not-vulnerability" */
bool tw_triage_find(struct tw_slice name, enum tw_triage_verdict *ret); /* false: no such */
bool tw_triage_may(enum tw_triage_verdict from, enum tw_triage_verdict to);
#endif
