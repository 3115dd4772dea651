/* SPDX-License-Identifier: Apache-2.0 */
/* Incidents on the desk: what customers were told of, the newest first; and one with its facts, how many it reached and how many it did not. */
#include "base/mem.h"
#include "base/text.h"
#include "support/customers/customers.h"
#include "support/customers/desk.h"
#include "support/rows-customers.h"
#include "support/sql-support.h"

struct list {
	struct tw_context *c;
	struct tw_html h;
	struct tw_look look;
	size_t rows;
	int64_t below;
	bool more;
};

static const char *text_of(const tw_row *row, int column)
{
	struct tw_slice s = tw_row_bytes(row, column);

	return s.size ? s.at : ""; /* the store ends its texts with NUL */
}

static void begin_table(struct list *l)
{
	static const enum tw_word columns[] = { TW_W_COLUMN_NUMBER, TW_W_PRODUCT, TW_W_CASE_TITLE, TW_W_COLUMN_WHEN };

	tw_desk_table(&l->h, l->look, TW_W_INCIDENTS, false);
	for (size_t i = 0; i < TW_COUNT(columns); i++)
		tw_desk_head(&l->h, l->look, columns[i]);
	tw_desk_rows(&l->h);
}

static void cell(struct list *l, enum tw_word column, const char *text)
{
	tw_desk_cell(&l->h, l->look, column);
	tw_html_text(&l->h, tw_slice_of(text));
	tw_html_close(&l->h);
}

static tw_err take_row(void *user, const tw_row *row)
{
	struct list *l = user;
	char path[TW_DESK_PATH_MAX];

	if (l->rows == TW_DESK_PAGE) {
		l->more = true;
		return TW_OK;
	}
	if (l->rows++ == 0)
		begin_table(l);
	l->below = tw_row_int(row, 0);
	(void)snprintf(path, sizeof path, TW_DESK_INCIDENTS "/%lld", (long long)l->below);
	tw_html_open(&l->h, TW_E_TR);
	tw_html_open(&l->h, TW_E_TH);
	tw_html_attr(&l->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_page_link_text(&l->h, l->look, path, path + sizeof TW_DESK_INCIDENTS);
	tw_html_close(&l->h);
	cell(l, TW_W_PRODUCT, tw_desk_product(l->c, text_of(row, 1)));
	cell(l, TW_W_CASE_TITLE, text_of(row, 2));
	tw_desk_cell(&l->h, l->look, TW_W_COLUMN_WHEN);
	tw_page_time(&l->h, tw_row_int(row, 3));
	tw_html_close(&l->h);
	tw_html_close(&l->h);
	return TW_OK;
}

tw_err tw_desk_incidents(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct list l = { .c = c, .look = tw_look_of(rq) };
	const int64_t below = tw_json_int(rq->input, "below");
	const struct tw_value v[] = { TW_V_INT(below > 0 ? below : INT64_MAX), TW_V_INT(TW_DESK_PAGE + 1) };
	const struct tw_staff_frame f = { c, rq, TW_DESK_INCIDENTS, tw_word(TW_W_INCIDENTS, l.look.language) };
	char path[TW_DESK_PATH_MAX];

	tw_staff_frame_open(&f, &l.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_desk_done(&l.h, rq, l.look);
	tw_html_open(&l.h, TW_E_P);
	tw_page_link(&l.h, l.look, TW_DESK_CUSTOMERS, TW_W_CUSTOMERS);
	tw_html_close(&l.h);
	tw_desk_actions(c, rq, &l.h, TW_ABOUT_INCIDENTS, NULL);
	TW_TRY(tw_store_run(c->store, tw_sql_incident_list, v, TW_COUNT(v), take_row, &l));
	if (l.rows) {
		tw_html_close(&l.h);
		tw_html_close(&l.h);
	} else {
		tw_page_put(&l.h, l.look, TW_E_P, TW_W_INCIDENTS_NONE);
	}
	if (l.more) {
		(void)snprintf(path, sizeof path, TW_DESK_INCIDENTS "?below=%lld", (long long)l.below);
		tw_page_class(&l.h, TW_E_P, "pages");
		tw_page_link(&l.h, l.look, path, TW_W_PAGE_BEHIND);
		tw_html_close(&l.h);
	}
	return tw_page_close(&l.h);
}

/* --- One --- */

struct one {
	struct tw_context *c;
	const struct tw_request *rq;
	struct tw_reply *rp;
	struct tw_html h;
	struct tw_look look;
	int64_t counts[2];
	bool there;
};

static tw_err take_two(void *user, const tw_row *row)
{
	struct one *o = user;

	o->counts[0] = tw_row_int(row, 0);
	o->counts[1] = tw_row_int(row, 1);
	return TW_OK;
}

static void write_count(struct one *o, enum tw_word label, int64_t count)
{
	char number[24];

	(void)snprintf(number, sizeof number, "%lld", (long long)count);
	tw_desk_pair(&o->h, o->look, label, number);
}

/* As it is now: who is confirmed later is told later. */
static tw_err write_reach(struct one *o, const struct tw_value v[2])
{
	TW_TRY(tw_store_run(o->c->store, tw_sql_incident_counts, v, 1, take_two, o));
	write_count(o, TW_W_INCIDENT_CUSTOMERS, o->counts[0]);
	write_count(o, TW_W_INCIDENT_REACHED, o->counts[1]);
	TW_TRY(tw_store_run(o->c->store, tw_sql_incident_untold, v, 2, take_two, o));
	write_count(o, TW_W_INCIDENT_WAITING, o->counts[0]);
	write_count(o, TW_W_INCIDENT_UNKNOWN, o->counts[1]);
	return TW_OK;
}

static tw_err take_one(void *user, const tw_row *row)
{
	static const enum tw_word labels[] = { TW_W_PRODUCT, TW_W_CASE_TITLE, TW_W_INCIDENT_HAPPENED, TW_W_INCIDENT_CONCERNED,
		TW_W_INCIDENT_DONE, TW_W_INCIDENT_TODO_HIS };
	struct one *o = user;
	char here[TW_DESK_PATH_MAX], title[120], name[TW_DESK_NAME_MAX];

	o->there = true;
	(void)snprintf(here, sizeof here, TW_DESK_INCIDENTS "/%lld", (long long)tw_row_int(row, 0));
	(void)snprintf(title, sizeof title, "%s %lld", tw_word(TW_W_INCIDENT_ONE, o->look.language), (long long)tw_row_int(row, 0));
	const struct tw_staff_frame f = { o->c, o->rq, here, title };
	tw_staff_frame_open(&f, &o->h, tw_reply_text(o->rp, o->c->sys, TW_PAGE_TYPE));
	tw_desk_done(&o->h, o->rq, o->look);
	tw_html_open(&o->h, TW_E_P);
	tw_page_link(&o->h, o->look, TW_DESK_INCIDENTS, TW_W_INCIDENTS);
	tw_html_close(&o->h);
	tw_page_class(&o->h, TW_E_DL, "facts");
	for (int i = 0; i < (int)TW_COUNT(labels); i++)
		tw_desk_pair(&o->h, o->look, labels[i], i ? text_of(row, i + 1) : tw_desk_product(o->c, text_of(row, 1)));
	tw_page_put(&o->h, o->look, TW_E_DT, TW_W_COLUMN_WHEN);
	tw_html_open(&o->h, TW_E_DD);
	tw_page_time(&o->h, tw_row_int(row, 7));
	tw_html_close(&o->h);
	TW_TRY(tw_desk_person(o->c, text_of(row, 8), name));
	tw_desk_pair(&o->h, o->look, TW_W_COLUMN_WHO, name);
	const struct tw_value v[] = { TW_V_INT(tw_row_int(row, 0)), TW_V_TEXT(text_of(row, 1)) };
	TW_TRY(write_reach(o, v));
	tw_html_close(&o->h);
	return TW_OK;
}

tw_err tw_desk_incident(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct one o = { .c = c, .rq = rq, .rp = rp, .look = tw_look_of(rq) };
	uint64_t id = 0;

	if (!tw_failed(tw_parse_u64(rq->parameter, INT64_MAX, &id)))
		TW_TRY(tw_store_run(c->store, tw_sql_incident_one, &TW_V_INT((int64_t)id), 1, take_one, &o));
	return o.there ? tw_page_close(&o.h)
		       : tw_reply_problem(rp, 404, "not-found", "incident.unknown", "There is no such incident",
				 "Look at the list.", "None has this number.");
}
