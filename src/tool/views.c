/* SPDX-License-Identifier: Apache-2.0 */
/* The pairs are the build's, made from catalog/crosswalk by tools/gen-views.py. */
#include "tool/views.h"

#include "tool/verdict.h"

#include <string.h>

static const char *place_of(const json_t *element)
{
	const char *verdict = tw_json_text(element, "verdict");

	if (!element)
		return "missing";
	if (!strcmp(verdict, "pass"))
		return "for";
	return strcmp(verdict, "fail") ? "open" : "against";
}

static tw_err row_of(const json_t *row, const json_t *elements, json_t *rows)
{
	TW_CLEANUP(tw_jsonp)
	json_t *o = json_pack("{s:s, s:s, s:O, s:[], s:[], s:[], s:[]}", "provision", tw_json_text(row, "provision"), "text",
		tw_json_text(row, "text"), "pairs", tw_json_get(row, "elements"), "for", "against", "open", "missing");
	size_t i;
	json_t *pair;

	if (!o)
		return TW_RAISE(NOMEM, "view");
	json_array_foreach(tw_json_get(row, "elements"), i, pair) {
		const char *id = tw_json_text(pair, "id");

		TW_TRY(tw_json_append(tw_json_get(o, place_of(tw_verdict_of(elements, id))), json_string(id)));
	}
	return tw_json_append(rows, TW_STEAL(o));
}

tw_err tw_view(const char *name, const json_t *elements, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *all = NULL, *rows = json_array();
	const json_t *view;
	size_t i;
	json_t *row;

	TW_TRY(tw_json_parse(tw_slice_of(tw_views_text), 1024 * 1024, &all));
	view = json_object_get(all, name);
	if (!view)
		return TW_RAISE(NOTFOUND, "there is no view '%.32s': %s", name, TW_VIEWS);
	json_array_foreach(tw_json_get(view, "rows"), i, row)
		TW_TRY(row_of(row, elements, rows));
	*ret = json_pack("{s:s, s:s, s:O}", "view", name, "title", tw_json_text(view, "title"), "rows", rows);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "view");
}
