/* SPDX-License-Identifier: Apache-2.0 */
/* The advisories that are to be published at a set time, and those that were not at theirs: why, and what to do. */
#include "base/mem.h"
#include "base/text.h"
#include "support/desk/desk.h"
#include "support/sql-support.h"

#include <string.h>

struct plans {
	struct tw_context *c;
	struct tw_html *h;
	struct tw_look look;
	int64_t now_ms;
	size_t rows;
	enum tw_word name;
};

static void begin(struct plans *p)
{
	static const enum tw_word heads[] = { TW_W_ADVISORY, TW_W_PLAN_FOR, TW_W_PLAN_BY, TW_W_STATE, TW_W_PLAN_WHY };

	tw_page_put(p->h, p->look, TW_E_H2, p->name);
	tw_desk_table(p->h, p->look, p->name, false);
	for (size_t i = 0; i < TW_COUNT(heads); i++)
		tw_desk_head(p->h, p->look, heads[i]);
	tw_desk_rows(p->h);
}

static void write_name(struct plans *p, struct tw_slice name)
{
	char path[TW_DESK_PATH_MAX], id[64];

	(void)snprintf(id, sizeof id, TW_SLICE_FMT, TW_SLICE_ARG(name));
	(void)snprintf(path, sizeof path, TW_DESK_ADVISORIES "/%s", id);
	tw_html_open(p->h, TW_E_TH);
	tw_html_attr(p->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_page_link_text(p->h, p->look, path, id);
	tw_html_close(p->h);
}

/* What keeps it back comes from a rule, and is English. */
static void write_why(struct plans *p, struct tw_slice why, bool late)
{
	tw_desk_cell(p->h, p->look, TW_W_STATE);
	tw_desk_mark(p->h, late ? "late" : "waiting", tw_word(late ? TW_W_PLAN_LATE : TW_W_PLAN_WAITS, p->look.language));
	tw_html_close(p->h);
	tw_desk_cell(p->h, p->look, TW_W_PLAN_WHY);
	tw_html_open(p->h, TW_E_SPAN);
	tw_html_attr(p->h, TW_AT_LANG, TW_SLICE("en"));
	tw_html_text(p->h, why);
	tw_html_close(p->h);
	tw_html_close(p->h);
}

static tw_err write_row(void *user, const tw_row *row)
{
	char name[TW_DESK_NAME_MAX], id[64];
	struct plans *p = user;
	const struct tw_slice who = tw_row_bytes(row, 2);

	if (p->rows++ == 0)
		begin(p);
	(void)snprintf(id, sizeof id, TW_SLICE_FMT, TW_SLICE_ARG(who));
	TW_TRY(tw_desk_person(p->c, id, name));
	tw_html_open(p->h, TW_E_TR);
	write_name(p, tw_row_bytes(row, 0));
	tw_desk_cell(p->h, p->look, TW_W_PLAN_FOR);
	tw_page_time(p->h, tw_row_int(row, 1));
	tw_html_close(p->h);
	tw_desk_cell(p->h, p->look, TW_W_PLAN_BY);
	tw_html_text(p->h, tw_slice_of(name));
	tw_html_close(p->h);
	write_why(p, tw_row_bytes(row, 3), tw_row_bytes(row, 3).size || tw_row_int(row, 1) <= p->now_ms);
	tw_html_close(p->h);
	return TW_OK;
}

tw_err tw_desk_plans(struct tw_context *c, const struct tw_request *rq, struct tw_html *h, struct tw_look look, bool late)
{
	struct plans p = { c, h, look, tw_time_wall_ms(c->time), 0, late ? TW_W_PLANS_LATE : TW_W_PLANS };
	const struct tw_value v[] = { TW_V_INT(p.now_ms),
		TW_V_TEXT(rq->subject.kind == TW_SUBJECT_LOCAL ? "" : tw_subject_key(&rq->subject)),
		TW_V_INT(late ? p.now_ms : INT64_MAX), TW_V_INT(TW_DESK_PAGE) };

	TW_TRY(tw_store_run(c->store, tw_sql_desk_plans, v, TW_COUNT(v), write_row, &p));
	if (p.rows) {
		tw_html_close(h);
		tw_html_close(h);
	}
	return TW_OK;
}
