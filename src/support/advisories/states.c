/* SPDX-License-Identifier: Apache-2.0 */
#include "support/advisories/states.h"

#include "base/mem.h"

const char *const tw_advisory_states[TW_ADVISORY_STATES] = { "draft", "review", "approved", "publishing", "published" };

#define FROM(state) (1u << TW_ADVISORY_##state)
/* What is on its way out moves nowhere but there: nobody could say what of it has been seen. */
static const struct {
	unsigned from;
	enum tw_advisory_state to;
} moves[TW_ADVISORY_MOVES] = {
	[TW_ADVISORY_CHANGE] = { FROM(DRAFT) | FROM(REVIEW) | FROM(APPROVED) | FROM(PUBLISHED), TW_ADVISORY_DRAFT },
	[TW_ADVISORY_ASK] = { FROM(DRAFT), TW_ADVISORY_REVIEW },
	[TW_ADVISORY_APPROVE] = { FROM(REVIEW), TW_ADVISORY_APPROVED },
	[TW_ADVISORY_RETURN] = { FROM(REVIEW) | FROM(APPROVED), TW_ADVISORY_DRAFT },
	[TW_ADVISORY_PUBLISH] = { FROM(APPROVED) | FROM(PUBLISHING), TW_ADVISORY_PUBLISHING },
	[TW_ADVISORY_WITHDRAW] = { FROM(DRAFT) | FROM(REVIEW) | FROM(APPROVED) | FROM(PUBLISHED), TW_ADVISORY_DRAFT },
};

bool tw_advisory_state_find(struct tw_slice name, enum tw_advisory_state *ret)
{
	for (enum tw_advisory_state s = TW_ADVISORY_DRAFT; s < TW_ADVISORY_STATES; s++)
		if (tw_slice_is(name, tw_advisory_states[s])) {
			*ret = s;
			return true;
		}
	return false;
}

bool tw_advisory_move(enum tw_advisory_state from, enum tw_advisory_move move, enum tw_advisory_state *ret)
{
	if (!(moves[move].from & (1u << from)))
		return false;
	*ret = moves[move].to;
	return true;
}
