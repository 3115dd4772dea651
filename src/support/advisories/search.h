/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advisories in lists: found by what they say (find.h), in an order, and only those that whoever asks may see. What lists are made of is written in the
 * transaction that changes the advisory.
 */
#ifndef TW_SUPPORT_ADVISORIES_SEARCH_H
#define TW_SUPPORT_ADVISORIES_SEARCH_H
#include "base/text.h"
#include "support/advisories/advisories.h"

#define TW_ADVISORY_FILTERS 16    /* of texts */
#define TW_ADVISORY_FILTER_MAX 80 /* bytes of one; the addresses of lists have to hold them all */
#define TW_ADVISORY_DATES 4

/* The filter's key in an operation's query, of each of both kinds. */
extern const char *const tw_advisory_filters[TW_ADVISORY_FILTERS];
extern const char *const tw_advisory_dates[TW_ADVISORY_DATES];

#define TW_ADVISORY_SORTS 12
extern const char *const tw_advisory_sorts[TW_ADVISORY_SORTS]; /* - before it: downwards; the first one is the usual one */

struct tw_advisory_search {
	char text[TW_ADVISORY_FILTERS][TW_ADVISORY_FILTER_MAX + 8], date[TW_ADVISORY_DATES][TW_TIME_TEXT_MAX];
	const char *key; /* who asks; "": sees all */
	int64_t now_ms;
};
/* From a request's input. A problem when something is longer than it may be, or no date. */
tw_err tw_advisory_search_of(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_advisory_search *ret);

struct tw_advisory_place {
	const char *sort; /* of tw_advisory_sorts */
	int64_t most, skip;
};
/* Numbers of advisories, in this order. */
tw_err tw_advisory_search(struct tw_context *c, const struct tw_advisory_search *s, const struct tw_advisory_place *p,
	tw_err (*visit)(void *user, const tw_row *row), void *user);
/* Rows of advisory_look_list, the oldest first, behind a number. */
tw_err tw_advisory_search_list(struct tw_context *c, const struct tw_advisory_search *s, int64_t after, int64_t most,
	tw_err (*visit)(void *user, const tw_row *row), void *user);
/* How many there are of each state, of those that he may see. */
tw_err tw_advisory_search_states(struct tw_context *c, const struct tw_advisory_search *s, int64_t ret[TW_ADVISORY_STATES]);

/* In the transaction that writes the advisory. published: the document that is out then; NULL none. */
tw_err tw_advisory_listed(struct tw_context *c, const struct tw_advisory_row *r, const json_t *published, int64_t now_ms);
/* Before anything else is done with a store: makes what lists are made of where an older build made the store. */
tw_err tw_advisories_prepare(struct tw_context *c);
#endif
