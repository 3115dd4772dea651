/* SPDX-License-Identifier: Apache-2.0 */
/* What whoever reported is told of each state, and that an embargo is kept. */
#include "support/query-reception/progress.h"

#include "support/cases/states.h"
#include "check.h"

/* @nist QR.1.a.1.4: the words follow the state */
static void test_each_state_has_its_words(void **state)
{
	static const struct {
		const char *verdict, *state;
		enum tw_word word;
		bool published, embargo, erased;
	} rows[] = {
		{ "new", "", TW_W_STATE_RECEIVED, false, false },
		{ "not-vulnerability", "", TW_W_PROGRESS_NOTHING, false, false },
		{ "case", "received", TW_W_PROGRESS_LOOKED, false, false },
		{ "case", "verified", TW_W_PROGRESS_VERIFIED, false, false },
		{ "case", "not-reproducible", TW_W_PROGRESS_NOT_SEEN, false, false },
		{ "duplicate", "remediation", TW_W_PROGRESS_REMEDY, false, false },
		{ "duplicate", "remediation", TW_W_PROGRESS_LOOKED, false, true },
		{ "case", "released", TW_W_PROGRESS_LOOKED, false, true },
		{ "case", "post-release", TW_W_PROGRESS_RELEASED, false, false },
		{ "case", "closed", TW_W_PROGRESS_CLOSED, false, false },
		{ "case", "no such state", TW_W_PROGRESS_LOOKED, false, false },
		{ "case", "verified", TW_W_STATE_PUBLISHED, true, true },
		{ "case", "closed", TW_W_PROGRESS_ERASED, true, false, true },
		{ "not-vulnerability", "", TW_W_PROGRESS_ERASED, false, false, true },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const struct tw_progress p = { rows[i].published, rows[i].embargo, rows[i].erased, tw_slice_of(rows[i].verdict),
			tw_slice_of(rows[i].state) };

		if (tw_progress_of(&p) != rows[i].word)
			fail_msg("row %zu: %s", i, tw_word(tw_progress_of(&p), TW_ENGLISH));
	}
	for (enum tw_case_state s = TW_CASE_RECEIVED; s < TW_CASE_STATES; s++) {
		const struct tw_progress p = { .verdict = TW_SLICE("case"), .state = tw_slice_of(tw_case_states[s]) };

		CHECK(tw_progress_of(&p) != TW_W_STATE_RECEIVED && tw_progress_of(&p) != TW_W_PORTAL); /* none is forgotten */
	}
}

CHECK_MAIN(cmocka_unit_test(test_each_state_has_its_words))
