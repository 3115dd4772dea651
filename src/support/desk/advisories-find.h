/* SPDX-License-Identifier: Apache-2.0 */
/* What the list of advisories is asked for by its address, and the form that makes such an address: no script, and each page is a link. */
#ifndef TW_SUPPORT_DESK_ADVISORIES_FIND_H
#define TW_SUPPORT_DESK_ADVISORIES_FIND_H
#include "support/advisories/search.h"
#include "support/desk/desk.h"

struct tw_advisories_query {
	struct tw_desk_query q; /* sort, page, then all that is looked for */
	char typed[TW_ADVISORY_FILTERS + TW_ADVISORY_DATES][TW_ADVISORY_FILTER_MAX + 1];
	struct tw_advisory_search search;
	struct tw_advisory_place place;
	int64_t page;
	bool any; /* something is looked for, apart from a state */
};
/* A problem when a date is none. ret stays where it is: the query points into it. */
tw_err tw_advisories_query(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_advisories_query *ret);
/* How many there are of each state, as links; ret_all: of all. */
tw_err tw_advisories_states(
	struct tw_context *c, struct tw_html *h, struct tw_look look, const struct tw_advisories_query *q, int64_t *ret_all);
tw_err tw_advisories_form(struct tw_context *c, struct tw_html *h, struct tw_look look, const struct tw_advisories_query *q);
enum tw_word tw_advisories_severity(const char *severity); /* "unrated" too */
extern const char *const tw_advisories_severities[];       /* by their rating; ends with NULL */
#endif
