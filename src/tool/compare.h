/* SPDX-License-Identifier: Apache-2.0 */
/* What became of each element between two runs, and whether a run is as a policy wants it. */
#ifndef TW_TOOL_COMPARE_H
#define TW_TOOL_COMPARE_H
#include "base/buf.h"
#include "base/json.h"
#include "product/schema.h"

/*
 * before, after: as tw_verdict_elements gives them. Array of {element, change, before, after, reason}; change: "better", "worse",
 * "other" (to or from not applicable), "same", "new", "gone", which an element also is when one of its checks is and it got no worse.
 * before is missing for what is new, after for an element that is gone.
 */
tw_err tw_compare(const json_t *before, const json_t *after, json_t **ret);

#define TW_POLICY_MAX (256 * 1024)
/* A policy as its rows have it (doc/spec/policy.md); p->count is 0 exactly when it may be used. */
tw_err tw_policy_read(const struct tw_sys *sys, struct tw_slice text, struct tw_problems *p, json_t **ret);
/*
 * Array of {rule, element, verdict, why}, one for each rule and element that are not as wanted; empty: the gate is open. changes: of
 * tw_compare, or NULL where there is one run only; a rule that needs two then does not hold.
 */
tw_err tw_policy_judge(const json_t *policy, const json_t *elements, const json_t *changes, json_t **ret);
/* Adds to broken what the notes of this evidence say that it lacks; nothing where the policy says `may-be-partial: yes`. */
tw_err tw_policy_whole(const json_t *policy, const json_t *payload, json_t *broken);
#endif
