/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drafts of what Article 14 asks for, filled from a case: text to paste into a form, and JSON (doc/spec/article14-draft.md). Pure.
 *
 * The single reporting platform takes a person's input; nothing is sent anywhere. What the Regulation names and the case does not have is listed as
 * missing, and stands in the text as such, so that nobody takes an empty line for an answer.
 */
#ifndef TW_SUPPORT_CASES_DRAFT_H
#define TW_SUPPORT_CASES_DRAFT_H
#include "base/json.h"
#include "support/cases/clocks.h"

#define TW_A14_DRAFT_FORMAT "thingward-article14-draft-1"
#define TW_A14_DRAFT_MAX (256 * 1024)
/* One thing to be said: a member of the case, what it is called, and where the Regulation asks for it. */
struct tw_a14_field {
	const char *key; /* NULL ends the list */
	const char *heading;
	unsigned kinds, steps; /* bits of 1u << kind, 1u << step: where it is said */
	unsigned needed; /* bits of 1u << step: where the Regulation wants it in any event; elsewhere "where applicable" or "as available" */
};
extern const struct tw_a14_field tw_a14_fields[];

struct tw_a14_draft {
	const json_t *of; /* the case */
	const struct tw_a14 *a14;
	const struct tw_clock *clock; /* of the step that is drafted */
	const char *ground, *why;     /* for a delayed dissemination; "" none */
	bool intermediate; /* 14(6): what the authority asked for between the others; drafted with the notification's fields */
};
tw_err tw_a14_draft_json(const struct tw_a14_draft *d, json_t **ret);
tw_err tw_a14_draft_text(const struct tw_a14_draft *d, struct tw_buf *ret);
#endif
