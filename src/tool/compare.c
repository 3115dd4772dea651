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

static const char *change_of(const json_t *before, const json_t *after)
{
	const char *one = tw_json_text(before, "verdict"), *other = tw_json_text(after, "verdict");

	if (!before || !after)
		return before ? "gone" : "new";
	if (!strcmp(one, other))
		return "same";
	if (rank(one) < 0 || rank(other) < 0)
		return "other";
	return rank(one) < rank(other) ? "better" : "worse";
}

static tw_err add(json_t *list, const json_t *before, const json_t *after)
{
	const json_t *here = after ? after : before;
	TW_CLEANUP(tw_jsonp)
	json_t *o = json_pack("{s:s, s:s, s:s}", "element", tw_json_text(here, "element"), "change", change_of(before, after),
		"reason", tw_json_text(here, "reason"));

	if (!o)
		return TW_RAISE(NOMEM, "comparison");
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
