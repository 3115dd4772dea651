/* SPDX-License-Identifier: Apache-2.0 */
#include "support/query-reception/progress.h"

#include "support/cases/states.h"
#include "support/sql-support.h"
#include "support/triage/verdict.h"

/* What the desk calls it, in the words of whoever reported. A case that is closed has been told before. */
static const enum tw_word of_states[TW_CASE_STATES] = {
	[TW_CASE_RECEIVED] = TW_W_PROGRESS_LOOKED,
	[TW_CASE_ACKNOWLEDGED] = TW_W_PROGRESS_LOOKED,
	[TW_CASE_TRIAGE] = TW_W_PROGRESS_LOOKED,
	[TW_CASE_VERIFIED] = TW_W_PROGRESS_VERIFIED,
	[TW_CASE_NOT_REPRODUCIBLE] = TW_W_PROGRESS_NOT_SEEN,
	[TW_CASE_DUPLICATE] = TW_W_PROGRESS_KNOWN,
	[TW_CASE_NOT_OURS] = TW_W_PROGRESS_NOT_OURS,
	[TW_CASE_REMEDIATION] = TW_W_PROGRESS_REMEDY,
	[TW_CASE_RELEASED] = TW_W_PROGRESS_RELEASED,
	[TW_CASE_POST_RELEASE] = TW_W_PROGRESS_RELEASED,
	[TW_CASE_CLOSED] = TW_W_PROGRESS_CLOSED,
};

enum tw_word tw_progress_of(const struct tw_progress *p)
{
	enum tw_triage_verdict verdict = TW_TRIAGE_NEW;
	enum tw_case_state state = TW_CASE_RECEIVED;

	if (p->erased)
		return TW_W_PROGRESS_ERASED;
	if (p->published)
		return TW_W_STATE_PUBLISHED;
	(void)tw_triage_find(p->verdict, &verdict);
	if (verdict == TW_TRIAGE_NEW)
		return TW_W_STATE_RECEIVED;
	if (verdict == TW_TRIAGE_NOT_VULNERABILITY)
		return TW_W_PROGRESS_NOTHING;
	if (p->embargo)
		return TW_W_PROGRESS_LOOKED; /* how far it is would tell others' secret to whoever reported the same */
	return tw_case_state_find(p->state, &state) ? of_states[state] : TW_W_PROGRESS_LOOKED;
}

struct looking {
	int64_t now_ms;
	enum tw_word word;
};

static tw_err take(void *user, const tw_row *row)
{
	struct looking *l = user;
	const struct tw_progress p = { .published = !tw_row_null(row, 0),
		.verdict = tw_row_bytes(row, 1),
		.state = tw_row_bytes(row, 2),
		.embargo = tw_row_int(row, 3) > l->now_ms,
		.erased = tw_row_int(row, 4) != 0 };

	l->word = tw_progress_of(&p);
	return TW_OK;
}

tw_err tw_report_progress(tw_store *s, int64_t report, int64_t now_ms, enum tw_word *ret)
{
	struct looking l = { .now_ms = now_ms, .word = TW_W_STATE_RECEIVED };

	TW_TRY(tw_store_run(s, tw_sql_triage_progress, &TW_V_INT(report), 1, take, &l));
	*ret = l.word;
	return TW_OK;
}
