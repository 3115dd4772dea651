/* SPDX-License-Identifier: Apache-2.0 */
#include "support/desk/board-order.h"

#include "support/sql-support.h"

#include <string.h>

const char *const tw_board_sorts[TW_BOARD_SORTS] = { "clock", "-clock", "case", "-case", "title", "-title", "whose", "-whose",
	"state", "-state" };

/* Of each but the last two, which go through the states. */
static const char *const statements[TW_BOARD_SORTS - 2] = { tw_sql_desk_board_clock, tw_sql_desk_board_clock_down,
	tw_sql_desk_board_case, tw_sql_desk_board_case_down, tw_sql_desk_board_title, tw_sql_desk_board_title_down,
	tw_sql_desk_board_whose, tw_sql_desk_board_whose_down };

static tw_err take_id(void *user, const tw_row *row)
{
	struct tw_board_found *f = user;

	if (f->count < f->most)
		f->ids[f->count++] = tw_row_int(row, 0);
	return TW_OK;
}

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static tw_err take(tw_store *s, const char *sql, const struct tw_board_query *q, struct tw_board_found *f)
{
	const struct tw_value v[] = { TW_V_TEXT(q->state), TW_V_TEXT(q->whose), TW_V_INT(q->now_ms), TW_V_TEXT(q->key),
		TW_V_INT((int64_t)(f->most - f->count)), TW_V_INT(q->skip) };

	return tw_store_run(s, sql, v, TW_COUNT(v), take_id, f);
}

/* The states that are wholly before the page are counted and not gone through. */
static tw_err take_state(tw_store *s, struct tw_board_query *q, struct tw_board_found *f)
{
	const struct tw_value v[] = { TW_V_TEXT(q->state), TW_V_TEXT(q->whose), TW_V_INT(q->now_ms), TW_V_TEXT(q->key) };
	int64_t has = 0;

	if (q->skip > 0)
		TW_TRY(tw_store_run(s, tw_sql_desk_board_count, v, TW_COUNT(v), take_number, &has));
	if (q->skip > 0 && q->skip >= has) {
		q->skip -= has;
		return TW_OK;
	}
	TW_TRY(take(s, tw_sql_desk_board_of_state, q, f));
	q->skip = 0;
	return TW_OK;
}

static tw_err by_state(tw_store *s, const struct tw_board_query *q, bool down, struct tw_board_found *f)
{
	struct tw_board_query one = *q;

	for (size_t i = 0; i < TW_CASE_STATES && f->count < f->most; i++) {
		one.state = tw_case_states[down ? TW_CASE_STATES - 1 - i : i];
		if (*q->state == '\0' || strcmp(q->state, one.state) == 0)
			TW_TRY(take_state(s, &one, f));
	}
	return TW_OK;
}

tw_err tw_board_find(tw_store *s, const struct tw_board_query *q, struct tw_board_found *f)
{
	f->count = 0;
	for (size_t i = 0; i < TW_COUNT(statements); i++)
		if (strcmp(q->sort, tw_board_sorts[i]) == 0)
			return take(s, statements[i], q, f);
	return by_state(s, q, *q->sort == '-', f);
}
