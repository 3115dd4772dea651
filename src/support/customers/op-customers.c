/* SPDX-License-Identifier: Apache-2.0 */
/* What the staff does for customers' accounts: whose a device is, and what happened to devices, told to each who has one. */
#include "base/mem.h"
#include "base/text.h"
#include "service/path/page.h"
#include "support/customers/customers.h"
#include "support/platform/app.h"
#include "support/rows-customers.h"
#include "support/sql-support.h"
#include "support/subscriptions/products.h"

#include <stdio.h>
#include <string.h>

static const char *text_of(const tw_row *row, int column)
{
	struct tw_slice s = tw_row_bytes(row, column);

	return s.size ? s.at : ""; /* the store ends its texts with NUL */
}

static tw_err list_device(void *user, const tw_row *row)
{
	struct tw_page *p = user;
	char at[TW_TIME_TEXT_MAX], place[24], customer[24];
	json_t *j;

	if (!tw_page_takes(p))
		return TW_OK;
	tw_time_text(tw_row_int(row, 5), at);
	(void)snprintf(place, sizeof place, "%lld", (long long)tw_row_int(row, 0));
	(void)snprintf(customer, sizeof customer, "k%lld", (long long)tw_row_int(row, 1));
	j = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "device", (json_int_t)tw_row_int(row, 0), "customer", customer, "product",
		text_of(row, 2), "serial", text_of(row, 3), "state", text_of(row, 4), "at", at);
	if (j && *text_of(row, 6))
		TW_TRY(tw_json_set(j, "how", json_string(text_of(row, 6))));
	return tw_page_add(p, place, j);
}

tw_err tw_op_customer_devices(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_page p;
	uint64_t before = 0;

	TW_TRY(tw_page_begin(c, rq, rp, &p));
	if (!rp->problem[0])
		TW_TRY(tw_page_after(&p, rp, &before));
	if (rp->problem[0])
		return TW_OK;
	const struct tw_value v[] = { TW_V_INT(before ? (int64_t)before : INT64_MAX), TW_V_TEXT(tw_json_text(rq->input, "state")),
		TW_V_TEXT(tw_json_text(rq->input, "serial")), TW_V_INT((int64_t)p.limit + 1) };
	TW_TRY(tw_store_run(c->store, tw_sql_customer_device_list, v, TW_COUNT(v), list_device, &p));
	return tw_page_end(&p, rp);
}

/* @nist IN.2.b.1.2: nobody is told of a device that is not his */
tw_err tw_op_customer_device_judge(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *state = tw_json_text(rq->input, "state");
	struct tw_device_verdict v = { .now_ms = tw_time_wall_ms(c->time),
		.confirmed = !strcmp(state, "confirmed"),
		.by = tw_subject_key(&rq->subject),
		.how = tw_json_text(rq->input, "how") };
	enum tw_device_judged said = TW_DEVICE_UNKNOWN;
	uint64_t id = 0;

	if (!v.confirmed && strcmp(state, "refused") != 0)
		return tw_reply_problem(rp, 422, "input", "customer.state", "That is no state", "Say confirmed or refused.",
			"It is '%.20s'.", state);
	if (!tw_failed(tw_parse_u64(rq->parameter, INT64_MAX, &id))) {
		v.id = (int64_t)id;
		TW_TRY(tw_customer_device_judge(c->store, &v, &said));
	}
	if (said == TW_DEVICE_UNKNOWN)
		return tw_reply_problem(rp, 404, "not-found", "customer.device", "There is no such device", "List them.",
			"Devices of customers have numbers.");
	if (said == TW_DEVICE_OF_ANOTHER)
		return tw_reply_problem(rp, 409, "conflict", "customer.device-of-another", "It is another customer's",
			"Look who has it: customer-devices list with its serial. When it has changed hands, refuse it to the one before first.",
			"A device is confirmed to be one customer's at a time.");
	(void)snprintf(rp->note, sizeof rp->note, "%s", state);
	rp->status = 204;
	return TW_OK;
}

/* --- Incidents --- */

static tw_err refuse(struct tw_reply *rp, const char *rule, const char *why)
{
	return tw_reply_problem(rp, 422, "input", rule, "This notice would not help its readers", "Put that right.", "%s", why);
}

/* @nist IN.2.b.1.2: no notice without the facts */
static tw_err judge(struct tw_context *c, const json_t *in, struct tw_reply *rp)
{
	static const char *const facts[][2] = { { "title", "It has to be said in a line what it is: title." },
		{ "happened", "It has to be said what happened, and when: happened." },
		{ "concerned", "It has to be said which functions and data of the devices are concerned, or that none are: concerned." },
		{ "done", "It has to be said what was done about it: done." },
		{ "todo", "It has to be said what the customer should do, or nothing: todo." } };

	for (size_t i = 0; i < TW_COUNT(facts); i++)
		if (!*tw_json_text(in, facts[i][0]))
			return refuse(rp, "IN.2.b.1.2", facts[i][1]);
	return tw_products_find(tw_app_of(c)->products, tw_slice_of(tw_json_text(in, "product")))
		? TW_OK
		: refuse(rp, "incident.product", "There is no such product in products.json.");
}

tw_err tw_op_incident_tell(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const json_t *in = rq->input;
	const struct tw_incident n = { .product = tw_json_text(in, "product"),
		.title = tw_json_text(in, "title"),
		.happened = tw_json_text(in, "happened"),
		.concerned = tw_json_text(in, "concerned"),
		.done = tw_json_text(in, "done"),
		.todo = tw_json_text(in, "todo"),
		.by = tw_subject_key(&rq->subject),
		.devices = tw_json_text(in, "devices"),
		.made_ms = tw_time_wall_ms(c->time) };
	struct tw_incident_told told;

	TW_TRY(judge(c, in, rp));
	if (rp->problem[0])
		return TW_OK;
	const tw_err e = tw_incident_tell(c->store, &n, &told);
	if ((tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT)) && tw_store_fault(c->store) == TW_STORE_WELL) {
		char why[TW_DETAIL_MAX];

		(void)snprintf(why, sizeof why, "%s", tw_err_detail());
		return refuse(rp, "incident.devices", why);
	}
	TW_TRY(e);
	rp->status = 201;
	(void)snprintf(rp->note, sizeof rp->note, "incident %lld, %lld customers", (long long)told.id, (long long)told.customers);
	rp->body = json_pack("{s:I, s:I, s:I, s:I, s:I}", "incident", (json_int_t)told.id, "customers", (json_int_t)told.customers,
		"devices", (json_int_t)told.devices, "waiting", (json_int_t)told.waiting, "unknown", (json_int_t)told.unknown);
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "an incident");
}

static tw_err list_incident(void *user, const tw_row *row)
{
	struct tw_page *p = user;
	char at[TW_TIME_TEXT_MAX], place[24];

	if (!tw_page_takes(p))
		return TW_OK;
	tw_time_text(tw_row_int(row, 3), at);
	(void)snprintf(place, sizeof place, "%lld", (long long)tw_row_int(row, 0));
	return tw_page_add(p, place,
		json_pack("{s:I, s:s, s:s, s:s}", "incident", (json_int_t)tw_row_int(row, 0), "product", text_of(row, 1), "title",
			text_of(row, 2), "at", at));
}

tw_err tw_op_incidents(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_page p;
	uint64_t before = 0;

	TW_TRY(tw_page_begin(c, rq, rp, &p));
	if (!rp->problem[0])
		TW_TRY(tw_page_after(&p, rp, &before));
	if (rp->problem[0])
		return TW_OK;
	const struct tw_value v[] = { TW_V_INT(before ? (int64_t)before : INT64_MAX), TW_V_INT((int64_t)p.limit + 1) };
	TW_TRY(tw_store_run(c->store, tw_sql_incident_list, v, TW_COUNT(v), list_incident, &p));
	return tw_page_end(&p, rp);
}
