/* SPDX-License-Identifier: Apache-2.0 */
#include "support/triage/verdict.h"

#include "base/mem.h"

const char *const tw_triage_verdicts[TW_TRIAGE_VERDICTS] = { "new", "case", "duplicate", "not-vulnerability" };

/* What was said can be put right, with a reason; but a case that was opened stays, and says itself what becomes of it. */
static const bool may[TW_TRIAGE_VERDICTS][TW_TRIAGE_VERDICTS] = {
	[TW_TRIAGE_NEW] = { false, true, true, true },
	[TW_TRIAGE_CASE] = { false, false, false, false },
	[TW_TRIAGE_DUPLICATE] = { false, true, true, true }, /* of another case too */
	[TW_TRIAGE_NOT_VULNERABILITY] = { false, true, true, false },
};

bool tw_triage_find(struct tw_slice name, enum tw_triage_verdict *ret)
{
	for (enum tw_triage_verdict v = TW_TRIAGE_NEW; v < TW_TRIAGE_VERDICTS; v++)
		if (tw_slice_is(name, tw_triage_verdicts[v])) {
			*ret = v;
			return true;
		}
	return false;
}

bool tw_triage_may(enum tw_triage_verdict from, enum tw_triage_verdict to)
{
	return may[from][to];
}
