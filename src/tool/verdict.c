/* SPDX-License-Identifier: Apache-2.0 */
/* The judgement is kept small and in one place, so that terminal, page and JSON cannot differ. */
#include "tool/verdict.h"

#include "formats/catalog.h"
#include "tool/probes/probe.h"

/* The worst first: what decides over what. */
static const enum tw_verdict order[] = { TW_VERDICT_FAIL, TW_VERDICT_INCONCLUSIVE, TW_VERDICT_PASS, TW_VERDICT_NOT_APPLICABLE };

json_t *tw_verdict_of(const json_t *elements, const char *id)
{
	size_t i;
	json_t *e;

	json_array_foreach(elements, i, e)
		if (!strcmp(tw_json_text(e, "element"), id))
			return e;
	return NULL;
}

static tw_err group(const json_t *evidence, json_t *elements)
{
	size_t i;
	json_t *r;

	json_array_foreach(json_object_get(evidence, "results"), i, r) {
		const char *id = tw_json_text(r, "element");
		json_t *e = tw_verdict_of(elements, id);

		if (!e) {
			const struct tw_catalog_row *row = tw_catalog_find(id) ? tw_catalog_find(id) : tw_supporting_find(id);

			e = json_pack("{s:s, s:s, s:s, s:b, s:[]}", "element", id, "text", row ? row->text : "", "status",
				tw_json_text(r, "status"), "claimed", (int)tw_json_bool(r, "claimed"), "results");
			TW_TRY(tw_json_append(elements, e));
		}
		TW_TRY(tw_json_append(json_object_get(e, "results"), json_incref(r)));
	}
	return TW_OK;
}

static const char *claim_word(bool claimed, enum tw_verdict v)
{
	static const char *const words[TW_VERDICTS] = {
		[TW_VERDICT_PASS] = "holds",
		[TW_VERDICT_FAIL] = "contradicted",
		[TW_VERDICT_INCONCLUSIVE] = "not decided",
		[TW_VERDICT_NOT_APPLICABLE] = "not decided",
	};

	return claimed ? words[v] : "not claimed";
}

static tw_err judge(json_t *element)
{
	json_t *results = json_object_get(element, "results"), *r;
	size_t i;

	for (size_t o = 0; o < TW_COUNT(order); o++)
		json_array_foreach(results, i, r) {
			if (strcmp(tw_json_text(r, "verdict"), tw_verdict_words[order[o]]) != 0)
				continue;
			TW_TRY(tw_json_set(element, "verdict", json_string(tw_json_text(r, "verdict"))));
			TW_TRY(tw_json_set(element, "claim", json_string(claim_word(tw_json_bool(element, "claimed"), order[o]))));
			return tw_json_set(element, "reason",
				order[o] == TW_VERDICT_PASS
					? json_sprintf("%zu of %zu checks passed", json_array_size(results), json_array_size(results))
					: json_string(tw_json_text(r, "reason")));
		}
	return TW_OK;
}

tw_err tw_verdict_elements(const json_t *evidence, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *elements = json_array();
	size_t i;
	json_t *e;

	if (!elements)
		return TW_RAISE(NOMEM, "elements");
	TW_TRY(group(evidence, elements));
	json_array_foreach(elements, i, e)
		TW_TRY(judge(e));
	*ret = TW_STEAL(elements);
	return TW_OK;
}
