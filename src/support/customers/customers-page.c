/* SPDX-License-Identifier: Apache-2.0 */
/* Customers on the desk: the devices that they say are theirs, those that wait for a check first; and one account with all that the staff may see of it: an
   account has neither name nor address, so that is its devices, what came in by it and which incidents it was told of. */
#include "base/mem.h"
#include "base/text.h"
#include "support/customers/customers.h"
#include "support/customers/desk.h"
#include "support/rows-customers.h"
#include "support/sql-support.h"

#include <string.h>

#define SERIAL_MAX 64

struct list {
	struct tw_context *c;
	struct tw_html h;
	struct tw_look look;
	struct tw_desk_query q;
	const char *serial;
	size_t rows;
	int64_t below;
	bool more, may; /* may: say whose a device is */
};
enum { STATE };

static const struct device_state {
	const char *name, *class;
	enum tw_word word;
} states[] = { { "said", "waiting", TW_W_DEVICE_SAID }, { "confirmed", "done", TW_W_DEVICE_CONFIRMED },
	{ "refused", "over", TW_W_DEVICE_REFUSED } };

const struct tw_choice tw_device_verdicts[] = { { "refused", TW_W_DEVICE_IS_NOT }, { "confirmed", TW_W_DEVICE_IS }, { .value = NULL } };

static const char *text_of(const tw_row *row, int column)
{
	struct tw_slice s = tw_row_bytes(row, column);

	return s.size ? s.at : ""; /* the store ends its texts with NUL */
}

static void write_columns(struct list *l, enum tw_word name, const enum tw_word *columns, size_t count)
{
	tw_desk_table(&l->h, l->look, name, false);
	for (size_t i = 0; i < count; i++)
		tw_desk_head(&l->h, l->look, columns[i]);
	tw_desk_rows(&l->h);
}

static void cell(struct list *l, enum tw_word column, const char *text)
{
	tw_desk_cell(&l->h, l->look, column);
	tw_html_text(&l->h, tw_slice_of(text));
	tw_html_close(&l->h);
}

static void end_table(struct list *l, enum tw_word none)
{
	if (l->rows) {
		tw_html_close(&l->h);
		tw_html_close(&l->h);
	} else {
		tw_page_put(&l->h, l->look, TW_E_P, none);
	}
	l->rows = 0;
}

/* How it was found out stands behind the word; and whoever may says it, also anew. */
static void write_state(struct list *l, int64_t device, const char *state, const char *how)
{
	char path[TW_DESK_PATH_MAX];

	tw_desk_cell(&l->h, l->look, TW_W_STATE);
	for (size_t i = 0; i < TW_COUNT(states); i++)
		if (strcmp(states[i].name, state) == 0)
			tw_desk_mark(&l->h, states[i].class, tw_word(states[i].word, l->look.language));
	if (l->may) {
		(void)snprintf(path, sizeof path, "/desk/device-judge/%lld", (long long)device);
		tw_html_text(&l->h, TW_SLICE(" "));
		tw_page_link(&l->h, l->look, path, TW_W_DO_DEVICE_JUDGE);
	}
	if (*how)
		tw_html_put(&l->h, TW_E_P, how);
	tw_html_close(&l->h);
}

/* --- The devices --- */

static tw_err take_device(void *user, const tw_row *row)
{
	static const enum tw_word columns[] = { TW_W_COLUMN_NUMBER, TW_W_CUSTOMER_ONE, TW_W_PRODUCT, TW_W_CUSTOMER_SERIAL,
		TW_W_COLUMN_WHEN, TW_W_STATE };
	struct list *l = user;
	char number[24], path[TW_DESK_PATH_MAX];

	if (l->rows == TW_DESK_PAGE) {
		l->more = true;
		return TW_OK;
	}
	if (l->rows++ == 0)
		write_columns(l, TW_W_CUSTOMERS, columns, TW_COUNT(columns));
	l->below = tw_row_int(row, 0);
	(void)snprintf(number, sizeof number, "%lld", (long long)l->below);
	(void)snprintf(path, sizeof path, TW_DESK_CUSTOMERS "/k%lld", (long long)tw_row_int(row, 1));
	tw_html_open(&l->h, TW_E_TR);
	tw_html_open(&l->h, TW_E_TH);
	tw_html_attr(&l->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_html_text(&l->h, tw_slice_of(number));
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_CUSTOMER_ONE);
	tw_page_link_text(&l->h, l->look, path, path + sizeof TW_DESK_CUSTOMERS);
	tw_html_close(&l->h);
	cell(l, TW_W_PRODUCT, tw_desk_product(l->c, text_of(row, 2)));
	cell(l, TW_W_CUSTOMER_SERIAL, text_of(row, 3));
	tw_desk_cell(&l->h, l->look, TW_W_COLUMN_WHEN);
	tw_page_time(&l->h, tw_row_int(row, 5));
	tw_html_close(&l->h);
	write_state(l, tw_row_int(row, 0), text_of(row, 4), text_of(row, 6));
	tw_html_close(&l->h);
	return TW_OK;
}

static void open_form(struct list *l)
{
	tw_html_open(&l->h, TW_E_FORM);
	tw_html_attr(&l->h, TW_AT_METHOD, TW_SLICE("get"));
	tw_html_link(&l->h, TW_SLICE(TW_DESK_CUSTOMERS));
	if (l->look.chosen)
		tw_form_hidden(&l->h, "lang", tw_language_tag(l->look.language));
	if (*l->q.pairs[STATE].value)
		tw_form_hidden(&l->h, "state", l->q.pairs[STATE].value);
}

static void close_form(struct list *l, enum tw_word button)
{
	tw_html_open(&l->h, TW_E_BUTTON);
	tw_html_attr(&l->h, TW_AT_TYPE, TW_SLICE("submit"));
	tw_html_text(&l->h, tw_slice_of(tw_word(button, l->look.language)));
	tw_html_close(&l->h);
	tw_html_close(&l->h);
}

static void write_search(struct list *l)
{
	static const struct tw_field serial = {
		.key = "serial", .label = TW_W_CUSTOMER_SERIAL, .hint = TW_WORDS, .most = SERIAL_MAX, .plain = true
	};

	open_form(l);
	tw_field_write(&l->h, l->look, &serial, l->serial, TW_WORDS);
	close_form(l, TW_W_FILTER);
}

/* A form in place of a link: what was typed stands in no address of ours. */
static void write_next(struct list *l)
{
	char below[24];

	if (!l->more)
		return;
	(void)snprintf(below, sizeof below, "%lld", (long long)l->below);
	open_form(l);
	if (*l->serial)
		tw_form_hidden(&l->h, "serial", l->serial);
	tw_form_hidden(&l->h, "below", below);
	close_form(l, TW_W_PAGE_BEHIND);
}

static const char *one_of(const char *text, const struct tw_choice *choices)
{
	for (; choices->value; choices++)
		if (*text && strcmp(choices->value, text) == 0)
			return choices->value;
	return "";
}

tw_err tw_desk_customers(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	static const struct tw_choice choices[] = { { "", TW_W_CUSTOMERS_WAIT }, { "confirmed", TW_W_DEVICE_CONFIRMED },
		{ "refused", TW_W_DEVICE_REFUSED }, { "all", TW_W_CASES_ALL }, { .value = NULL } };
	const char *said = one_of(tw_json_text(rq->input, "state"), choices),
		   *state = !*said         ? "said"
		: strcmp(said, "all") != 0 ? said
					   : "";
	const int64_t below = tw_json_int(rq->input, "below");
	struct list l = { .c = c,
		.look = tw_look_of(rq),
		.q = { TW_DESK_CUSTOMERS, { [STATE] = { "state", said } } },
		.serial = tw_json_text(rq->input, "serial"),
		.may = tw_staff_may(c, rq, "customers.change") };
	const struct tw_value v[] = { TW_V_INT(below > 0 ? below : INT64_MAX), TW_V_TEXT(state), TW_V_TEXT(l.serial),
		TW_V_INT(TW_DESK_PAGE + 1) };
	char here[TW_DESK_PATH_MAX];

	tw_desk_address(&l.q, here);
	const struct tw_staff_frame f = { c, rq, here, tw_word(TW_W_CUSTOMERS, l.look.language) };
	tw_staff_frame_open(&f, &l.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_desk_done(&l.h, rq, l.look);
	tw_page_put(&l.h, l.look, TW_E_P, TW_W_CUSTOMERS_LEAD);
	tw_html_open(&l.h, TW_E_P);
	tw_page_link(&l.h, l.look, TW_DESK_INCIDENTS, TW_W_INCIDENTS);
	tw_html_close(&l.h);
	tw_desk_filters(&l.h, l.look, &l.q, STATE, choices);
	write_search(&l);
	TW_TRY(tw_store_run(c->store, tw_sql_customer_device_list, v, TW_COUNT(v), take_device, &l));
	end_table(&l, TW_W_CUSTOMERS_NONE);
	write_next(&l);
	return tw_page_close(&l.h);
}

/* --- One account --- */

static tw_err take_own(void *user, const tw_row *row)
{
	static const enum tw_word columns[] = { TW_W_CUSTOMER_SERIAL, TW_W_PRODUCT, TW_W_COLUMN_WHEN, TW_W_STATE };
	struct list *l = user;

	if (l->rows++ == 0)
		write_columns(l, TW_W_CUSTOMER_HIS_DEVICES, columns, TW_COUNT(columns));
	tw_html_open(&l->h, TW_E_TR);
	tw_html_open(&l->h, TW_E_TH);
	tw_html_attr(&l->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_html_text(&l->h, tw_row_bytes(row, 2));
	tw_html_close(&l->h);
	cell(l, TW_W_PRODUCT, tw_desk_product(l->c, text_of(row, 1)));
	tw_desk_cell(&l->h, l->look, TW_W_COLUMN_WHEN);
	tw_page_time(&l->h, tw_row_int(row, 4));
	tw_html_close(&l->h);
	write_state(l, tw_row_int(row, 0), text_of(row, 3), "");
	tw_html_close(&l->h);
	return TW_OK;
}

static tw_err take_sent(void *user, const tw_row *row)
{
	static const enum tw_word columns[] = { TW_W_COLUMN_NUMBER, TW_W_ARRIVED, TW_W_DESCRIPTION };
	struct list *l = user;
	char path[TW_DESK_PATH_MAX], line[800];

	if (l->rows++ == 0)
		write_columns(l, TW_W_CUSTOMER_SENT, columns, TW_COUNT(columns));
	(void)snprintf(path, sizeof path, TW_DESK_REPORTS "/r%lld", (long long)tw_row_int(row, 0));
	(void)snprintf(line, sizeof line, "%.*s", (int)strcspn(text_of(row, 3), "\n"), text_of(row, 3));
	tw_utf8_mend(line);
	tw_html_open(&l->h, TW_E_TR);
	tw_html_open(&l->h, TW_E_TH);
	tw_html_attr(&l->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_page_link_text(&l->h, l->look, path, path + sizeof TW_DESK_REPORTS);
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_ARRIVED);
	tw_page_time(&l->h, tw_row_int(row, 1));
	tw_html_close(&l->h);
	cell(l, TW_W_DESCRIPTION, line);
	tw_html_close(&l->h);
	return TW_OK;
}

static tw_err take_incident(void *user, const tw_row *row)
{
	static const enum tw_word columns[] = { TW_W_COLUMN_NUMBER, TW_W_CASE_TITLE, TW_W_CUSTOMER_SERIAL, TW_W_COLUMN_WHEN };
	struct list *l = user;
	char path[TW_DESK_PATH_MAX];

	if (l->rows++ == 0)
		write_columns(l, TW_W_CUSTOMER_TOLD, columns, TW_COUNT(columns));
	(void)snprintf(path, sizeof path, TW_DESK_INCIDENTS "/%lld", (long long)tw_row_int(row, 0));
	tw_html_open(&l->h, TW_E_TR);
	tw_html_open(&l->h, TW_E_TH);
	tw_html_attr(&l->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_page_link_text(&l->h, l->look, path, path + sizeof TW_DESK_INCIDENTS);
	tw_html_close(&l->h);
	cell(l, TW_W_CASE_TITLE, text_of(row, 2));
	cell(l, TW_W_CUSTOMER_SERIAL, text_of(row, 8));
	tw_desk_cell(&l->h, l->look, TW_W_COLUMN_WHEN);
	tw_page_time(&l->h, tw_row_int(row, 7));
	tw_html_close(&l->h);
	tw_html_close(&l->h);
	return TW_OK;
}

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static tw_err write_parts(struct list *l, const struct tw_request *rq, int64_t id)
{
	static const struct {
		enum tw_word title, none;
		const char *sql;
		tw_err (*take)(void *user, const tw_row *row);
		size_t said; /* how many of the values it asks for */
	} parts[] = { { TW_W_CUSTOMER_HIS_DEVICES, TW_W_CUSTOMERS_NONE, tw_sql_customer_devices, take_own, 2 },
		{ TW_W_CUSTOMER_SENT, TW_W_CUSTOMER_CASES_NONE, tw_sql_customer_cases_seen, take_sent, 4 },
		{ TW_W_CUSTOMER_TOLD, TW_W_INCIDENTS_NONE, tw_sql_incidents_of, take_incident, 2 } };
	const struct tw_value v[] = { TW_V_INT(id), TW_V_INT(TW_CUSTOMER_SHOWN_MAX), TW_V_INT(tw_time_wall_ms(l->c->time)),
		TW_V_TEXT(rq->subject.kind == TW_SUBJECT_LOCAL ? "" : tw_subject_key(&rq->subject)) };

	for (size_t i = 0; i < TW_COUNT(parts); i++) {
		tw_page_put(&l->h, l->look, TW_E_H2, parts[i].title);
		TW_TRY(tw_store_run(l->c->store, parts[i].sql, v, parts[i].said, parts[i].take, l));
		end_table(l, parts[i].none);
	}
	return TW_OK;
}

tw_err tw_desk_customer(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct list l = { .c = c, .look = tw_look_of(rq), .may = tw_staff_may(c, rq, "customers.change") };
	const struct tw_slice name = rq->parameter;
	char here[TW_DESK_PATH_MAX], title[120];
	int64_t made = -1;
	uint64_t id = 0;

	if (name.size > 1 && name.at[0] == 'k' && !tw_failed(tw_parse_u64((struct tw_slice){ name.at + 1, name.size - 1 }, INT64_MAX, &id)))
		TW_TRY(tw_store_run(c->store, tw_sql_customer_one, &TW_V_INT((int64_t)id), 1, take_number, &made));
	if (made < 0)
		return tw_reply_problem(rp, 404, "not-found", "customer.unknown", "There is no such account", "Look at the list.",
			"None has this name.");
	(void)snprintf(here, sizeof here, TW_DESK_CUSTOMERS "/k%lld", (long long)id);
	(void)snprintf(title, sizeof title, "%s k%lld", tw_word(TW_W_CUSTOMER_ONE, l.look.language), (long long)id);
	const struct tw_staff_frame f = { c, rq, here, title };
	tw_staff_frame_open(&f, &l.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_html_open(&l.h, TW_E_P);
	tw_page_link(&l.h, l.look, TW_DESK_CUSTOMERS, TW_W_CUSTOMERS);
	tw_html_close(&l.h);
	tw_page_class(&l.h, TW_E_DL, "facts");
	tw_page_put(&l.h, l.look, TW_E_DT, TW_W_ACCOUNT_MADE);
	tw_html_open(&l.h, TW_E_DD);
	tw_page_time(&l.h, made);
	tw_html_close(&l.h);
	tw_html_close(&l.h);
	TW_TRY(write_parts(&l, rq, (int64_t)id));
	return tw_page_close(&l.h);
}

/* --- What a form is about --- */

static tw_err take_shown(void *user, const tw_row *row)
{
	json_t **ret = user;

	*ret = json_pack("{s:o, s:s, s:s, s:s}", "id", json_sprintf("%lld", (long long)tw_row_int(row, 0)), "product",
		text_of(row, 2), "serial", text_of(row, 3), "state", text_of(row, 4));
	return *ret ? TW_OK : TW_RAISE(NOMEM, "a device");
}

tw_err tw_customer_device_shown(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, json_t **ret)
{
	uint64_t id = 0;

	*ret = NULL;
	if (!tw_failed(tw_parse_u64(rq->parameter, INT64_MAX, &id)))
		TW_TRY(tw_store_run(c->store, tw_sql_customer_device_one, &TW_V_INT((int64_t)id), 1, take_shown, ret));
	return *ret ? TW_OK
		    : tw_reply_problem(rp, 404, "not-found", "customer.device", "There is no such device", "List them.",
			      "Devices of customers have numbers.");
}
