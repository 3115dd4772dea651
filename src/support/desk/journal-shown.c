/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of a case or of a report: who did what by which operation, and which of its members that changed. */
#include "base/mem.h"
#include "support/desk/desk.h"
#include "support/sql-support.h"

#include <stdio.h>

#define SHOWN 100

struct view {
	struct tw_context *c;
	struct tw_html *h;
	struct tw_look look;
};

static tw_err write_entry(void *user, const tw_row *row)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	const struct view *v = user;
	char name[TW_DESK_NAME_MAX], number[24];
	const json_t *one;
	size_t i;

	TW_TRY(tw_json_parse(tw_row_bytes(row, 1), TW_CASE_DOC_MAX, &j));
	TW_TRY(tw_desk_person(v->c, tw_json_text(j, "who"), name));
	(void)snprintf(number, sizeof number, "%lld", (long long)tw_row_int(row, 0));
	tw_html_open(v->h, TW_E_TR);
	tw_html_open(v->h, TW_E_TH);
	tw_html_attr(v->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_html_text(v->h, tw_slice_of(number));
	tw_html_close(v->h);
	tw_desk_cell(v->h, v->look, TW_W_COLUMN_WHEN);
	tw_desk_when(v->h, tw_json_text(j, "at"));
	tw_html_close(v->h);
	tw_desk_cell(v->h, v->look, TW_W_COLUMN_WHO);
	tw_html_text(v->h, tw_slice_of(name));
	tw_html_close(v->h);
	tw_desk_cell(v->h, v->look, TW_W_COLUMN_WHAT);
	tw_html_put(v->h, TW_E_CODE, tw_json_text(j, "what"));
	tw_html_close(v->h);
	tw_desk_cell(v->h, v->look, TW_W_COLUMN_MEMBERS);
	json_array_foreach(tw_json_get(j, "changed"), i, one) {
		tw_html_text(v->h, tw_slice_of(i ? ", " : ""));
		tw_html_text(v->h, tw_slice_of(json_is_string(one) ? json_string_value(one) : ""));
	}
	tw_html_close(v->h);
	tw_html_close(v->h);
	return TW_OK;
}

tw_err tw_desk_journal(struct tw_context *c, struct tw_html *h, struct tw_look look, const char *about)
{
	static const enum tw_word columns[] = { TW_W_COLUMN_NUMBER, TW_W_COLUMN_WHEN, TW_W_COLUMN_WHO, TW_W_COLUMN_WHAT,
		TW_W_COLUMN_MEMBERS };
	const struct tw_value values[] = { TW_V_TEXT(about), TW_V_INT(SHOWN) };

	tw_page_put(h, look, TW_E_H2, TW_W_JOURNAL);
	tw_page_put(h, look, TW_E_P, TW_W_JOURNAL_LEAD);
	tw_desk_table(h, look, TW_W_JOURNAL, false);
	for (size_t i = 0; i < TW_COUNT(columns); i++)
		tw_desk_head(h, look, columns[i]);
	tw_desk_rows(h);
	TW_TRY(tw_store_run(c->store, tw_sql_desk_journal, values, TW_COUNT(values), write_entry, &(struct view){ c, h, look }));
	tw_html_close(h);
	tw_html_close(h);
	return TW_OK;
}
