/* SPDX-License-Identifier: Apache-2.0 */
/* Pure: two lists of elements in, a list of what differs out. */
#include "tool/compare.h"

#include "tool/verdict.h"

#include <string.h>

/* How much was shown, the least first; what is not applicable stands beside the scale. */
static const char *const scale[] = { "fail", "inconclusive", "pass" };

static int rank(const char *verdict)
{
	for (int i = 0; i < (int)TW_COUNT(scale); i++)
		if (!strcmp(scale[i], verdict))
			return i;
	return -1;
}

static bool has_check(const json_t *element, const char *probe)
{
	size_t i;
	json_t *r;

	json_array_foreach(tw_json_get(element, "results"), i, r)
		if (!strcmp(tw_json_text(r, "probe"), probe))
			return true;
	return false;
}

/* The first check of before that after lacks, or NULL. "none" says that there was no check: it may give way to one. */
static const char *lost_check(const json_t *before, const json_t *after)
{
	size_t i;
	json_t *r;

	json_array_foreach(tw_json_get(before, "results"), i, r)
		if (strcmp(tw_json_text(r, "probe"), "none") != 0 && !has_check(after, tw_json_text(r, "probe")))
			return tw_json_text(r, "probe");
	return NULL;
}

/* An element of which fewer checks were made may look better for it. */
static const char *change_of(const json_t *before, const json_t *after)
{
	const char *one = tw_json_text(before, "verdict"), *other = tw_json_text(after, "verdict");
	bool ranked = rank(one) >= 0 && rank(other) >= 0;

	if (!before || !after)
		return before ? "gone" : "new";
	if (ranked && rank(one) > rank(other))
		return "worse";
	if (lost_check(before, after))
		return "gone";
	if (!strcmp(one, other))
		return "same";
	return ranked ? "better" : "other";
}

static tw_err add(json_t *list, const json_t *before, const json_t *after)
{
	const json_t *here = after ? after : before;
	TW_CLEANUP(tw_jsonp)
	json_t *o = json_pack("{s:s, s:s, s:s}", "element", tw_json_text(here, "element"), "change", change_of(before, after),
		"reason", tw_json_text(here, "reason"));

	if (!o)
		return TW_RAISE(NOMEM, "comparison");
	if (before && after && !strcmp(tw_json_text(o, "change"), "gone"))
		TW_TRY(tw_json_set(o, "reason", json_sprintf("The check %s was not made again.", lost_check(before, after))));
	if (before)
		TW_TRY(tw_json_set(o, "before", json_string(tw_json_text(before, "verdict"))));
	if (after)
		TW_TRY(tw_json_set(o, "after", json_string(tw_json_text(after, "verdict"))));
	return tw_json_append(list, TW_STEAL(o));
}

tw_err tw_compare(const json_t *before, const json_t *after, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	size_t i;
	json_t *e;

	json_array_foreach(after, i, e)
		TW_TRY(add(list, tw_verdict_of(before, tw_json_text(e, "element")), e));
	json_array_foreach(before, i, e)
		if (!tw_verdict_of(after, tw_json_text(e, "element")))
			TW_TRY(add(list, e, NULL));
	*ret = TW_STEAL(list);
	return TW_OK;
}
