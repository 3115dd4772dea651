/* SPDX-License-Identifier: Apache-2.0 */
#include "service/path/elements.h"

#include "base/log.h"
#include "base/text.h"
#include "service/path/path.h"

#include <string.h>

static const char *const words[] = TW_STATUS_WORDS;

/* A handler that fails is not left out: the element is then not provided. What stood against it is for the log: anybody may ask a server this. */
static tw_err describe(struct tw_context *c, const struct tw_element_row *row, const char *text, struct tw_page *p)
{
	struct tw_element_status status = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *j = json_object();
	char since[TW_TIME_TEXT_MAX];

	tw_err e = row->status(c, &status);
	if (tw_failed(e)) {
		status = (struct tw_element_status){ .status = TW_STATUS_NOT_PROVIDED };
		(void)snprintf(status.reason, sizeof status.reason, "The check itself failed; the program's own log says why.");
		tw_log_err(e, "the status of %s", row->id);
	}
	TW_TRY(tw_json_set(j, "id", json_string(row->id)));
	TW_TRY(tw_json_set(j, "text", json_string(text)));
	TW_TRY(tw_json_set(j, "status", json_string(words[status.status])));
	TW_TRY(tw_json_set(j, "reason", json_string(status.reason)));
	if (status.since_ms) {
		tw_time_text(status.since_ms, since);
		TW_TRY(tw_json_set(j, "since", json_string(since)));
	}
	if (status.changed_by[0])
		TW_TRY(tw_json_set(j, "changed_by", json_string(status.changed_by)));
	if (status.setting[0])
		TW_TRY(tw_json_set(j, "setting", json_string(status.setting)));
	return tw_page_add(p, row->id, TW_STEAL(j));
}

tw_err tw_elements_list(
	struct tw_context *c, const struct tw_catalog_row *(*find)(const char *id), struct tw_page *page, struct tw_reply *rp)
{
	bool skip = page->after[0] != '\0';

	for (const struct tw_capability *const *p = c->capabilities; *p; p++)
		for (const struct tw_element_row *row = (*p)->elements; row && row->id; row++) {
			const struct tw_catalog_row *known = find(row->id);

			if (skip)
				skip = strcmp(row->id, page->after) != 0;
			else if (tw_page_takes(page))
				TW_TRY(describe(c, row, known ? known->text : "", page));
		}
	return skip ? tw_page_refuse(rp) : tw_page_end(page, rp);
}
