/* SPDX-License-Identifier: Apache-2.0 */
/* Which cases a page of the board has, and in which order. Found along the indexes of cases.sql, so that a page costs about the same with many cases. */
#ifndef TW_SUPPORT_DESK_BOARD_ORDER_H
#define TW_SUPPORT_DESK_BOARD_ORDER_H
#include "service/store/store.h"
#include "support/desk/desk.h"

#define TW_BOARD_SORTS 10
extern const char *const tw_board_sorts[TW_BOARD_SORTS]; /* what they are sorted by, - before it: downwards; the first one is the usual one */

struct tw_board_query {
	const char *state; /* of cases/states.h, or "": all */
	const char *whose; /* an account's id, "-": nobody's, "": all */
	const char *key;   /* who asks; "": sees all */
	const char *sort;  /* of tw_board_sorts */
	int64_t now_ms, skip;
};
struct tw_board_found {
	int64_t ids[TW_DESK_PAGE + 1]; /* one more than is shown, so that it is known whether there are more */
	size_t count, most;            /* most: no more than these are looked for */
};
tw_err tw_board_find(tw_store *s, const struct tw_board_query *q, struct tw_board_found *f);
#endif
