/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cases/states.h"

#include "base/mem.h"

const char *const tw_case_states[TW_CASE_STATES] = { "received", "acknowledged", "triage", "verified", "not-reproducible",
	"duplicate", "not-ours", "remediation", "released", "post-release", "closed" };

#define MOVE(from, to, by, reason, what)                                    \
	{                                                                   \
		TW_CASE_##from, TW_CASE_##to, TW_CASE_BY_##by, reason, what \
	}
/* A verdict needs its reason, and so does every step back: whoever reported will ask. Only what went the whole way closes without one. */
const struct tw_case_move tw_case_moves[] = {
	MOVE(RECEIVED, ACKNOWLEDGED, ANY, false, "the reporter has been answered"),
	MOVE(RECEIVED, CLOSED, ANY, true, "it is no report"),
	MOVE(ACKNOWLEDGED, TRIAGE, ANY, false, "somebody looks into it"),
	MOVE(TRIAGE, VERIFIED, ASSIGNED, false, "it is so"),
	MOVE(TRIAGE, NOT_REPRODUCIBLE, ASSIGNED, true, "it could not be made to happen"),
	MOVE(TRIAGE, DUPLICATE, ASSIGNED, true, "another case has it"),
	MOVE(TRIAGE, NOT_OURS, ASSIGNED, true, "it is in what somebody else makes"),
	MOVE(VERIFIED, REMEDIATION, ANY, false, "a remedy is being made"),
	MOVE(VERIFIED, TRIAGE, ASSIGNED, true, "it has to be looked at again"),
	MOVE(VERIFIED, CLOSED, ASSIGNED, true, "no remedy is made"),
	MOVE(NOT_REPRODUCIBLE, TRIAGE, ANY, true, "more is known"),
	MOVE(NOT_REPRODUCIBLE, CLOSED, ANY, false, "the reporter has been told"),
	MOVE(DUPLICATE, TRIAGE, ANY, true, "it is another one after all"),
	MOVE(DUPLICATE, CLOSED, ANY, false, "the reporter has been told"),
	MOVE(NOT_OURS, TRIAGE, ANY, true, "it is ours after all"),
	MOVE(NOT_OURS, CLOSED, ANY, false, "whose it is has been told"),
	MOVE(REMEDIATION, RELEASED, ASSIGNED, false, "the remedy is out"),
	MOVE(REMEDIATION, VERIFIED, ASSIGNED, true, "the remedy was given up"),
	MOVE(RELEASED, POST_RELEASE, ANY, false, "how it is taken up is watched"),
	MOVE(RELEASED, REMEDIATION, ASSIGNED, true, "the remedy is not enough"),
	MOVE(POST_RELEASE, REMEDIATION, ASSIGNED, true, "the remedy is not enough"),
	MOVE(POST_RELEASE, CLOSED, ASSIGNED, false, "nothing is left to do"),
	MOVE(CLOSED, TRIAGE, ASSIGNED, true, "it is taken up again"),
	{ .what = NULL },
};

bool tw_case_state_find(struct tw_slice name, enum tw_case_state *ret)
{
	for (enum tw_case_state s = TW_CASE_RECEIVED; s < TW_CASE_STATES; s++)
		if (tw_slice_is(name, tw_case_states[s])) {
			*ret = s;
			return true;
		}
	return false;
}

const struct tw_case_move *tw_case_move(enum tw_case_state from, enum tw_case_state to)
{
	for (const struct tw_case_move *m = tw_case_moves; m->what; m++)
		if (m->from == from && m->to == to)
			return m;
	return NULL;
}

tw_err tw_case_moves_text(enum tw_case_state from, struct tw_buf *ret)
{
	for (const struct tw_case_move *m = tw_case_moves; m->what; m++)
		if (m->from == from)
			TW_TRY(tw_buf_format(ret, "%s%s", ret->size ? ", " : "", tw_case_states[m->to]));
	return TW_OK;
}
