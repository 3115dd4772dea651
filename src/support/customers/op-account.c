/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page of a customer's account: what happened to his devices, what he sent and what was answered, and the forms that add to it. Each form carries the key
 * that opened the page; a wrong one counts as a guess, as a wrong receipt does.
 */
#include "base/mem.h"
#include "base/text.h"
#include "formats/mailmessage.h"
#include "support/customers/customers.h"
#include "support/platform/app.h"
#include "support/query-reception/field.h"
#include "support/query-reception/progress.h"
#include "support/query-reception/reception.h"
#include "support/questions/questions.h"
#include "support/rows-customers.h"
#include "support/sql-support.h"
#include "support/subscriptions/pages.h"
#include "support/subscriptions/products.h"
#include "support/subscriptions/subscription.h"

#include <stdio.h>
#include <string.h>

#define HERE "/account"
#define NOTICES_SHOWN 5 /* general ones, of each product of his */

static const struct tw_field asked = { "key", TW_W_CUSTOMER_KEY, TW_W_CUSTOMER_KEY_HINT, 80, .needed = true, .plain = true };
static const struct tw_field sent[] = {
	{ "kind", TW_W_KIND, TW_WORDS, .choices = tw_kinds_shown },
	{ "description", TW_W_DESCRIPTION, TW_WORDS, 4500, .rows = 6, .needed = true },
	{ "product", TW_W_PRODUCT, TW_W_PRODUCT_HINT, 100, .plain = true },
	{ "version", TW_W_VERSION, TW_W_VERSION_HINT, 60, .plain = true },
};
static const struct tw_field replied = { "text", TW_W_ANSWER, TW_W_ANSWER_HINT, 4500, .rows = 6, .needed = true };
static const struct tw_field added = { "receipt", TW_W_RECEIPT, TW_WORDS, 80, .needed = true, .plain = true };
static const struct tw_field device = { "serial", TW_W_CUSTOMER_SERIAL, TW_W_CUSTOMER_SERIAL_HINT, TW_SERIAL_MAX, .needed = true,
	.plain = true };

static const struct tw_field address = { "address", TW_W_CUSTOMER_MAIL_ADDRESS, TW_W_CUSTOMER_MAIL_HINT, 254, .needed = true, .plain = true };

struct account {
	struct tw_context *c;
	const struct tw_request *rq;
	struct tw_reply *rp;
	struct tw_look look;
	struct tw_html h;
	struct tw_receipt key;
	int64_t id;
	enum tw_word done, fault; /* TW_WORDS: nothing; fault: of what, below */
	const struct tw_field *wrong;
	size_t rows;
	const char *product; /* whose notices are being written */
	int64_t last;        /* incident whose devices are being written */
};

static void text_line(struct account *a, enum tw_html_element e, const char *class, const char *text)
{
	tw_html_open(&a->h, e);
	if (*class)
		tw_html_attr(&a->h, TW_AT_CLASS, tw_slice_of(class));
	tw_html_text(&a->h, tw_slice_of(text));
	tw_html_close(&a->h);
}

static const char *text_of(const tw_row *row, int column)
{
	struct tw_slice s = tw_row_bytes(row, column);

	return s.size ? s.at : "";
}

static void form(struct account *a, const char *action)
{
	tw_form_open(&a->h, a->look, action);
	tw_form_hidden(&a->h, "key", a->key.text);
}

static const char *typed(const struct account *a, const struct tw_field *f)
{
	return a->wrong == f ? tw_json_text(a->rq->input, f->key) : "";
}

static void field(struct account *a, const struct tw_field *f)
{
	tw_field_write(&a->h, a->look, f, typed(a, f), a->wrong == f ? a->fault : TW_WORDS);
}

static const char *word_of_kind(const struct account *a, const char *kind)
{
	for (const struct tw_choice *k = tw_kinds_shown; k->value; k++)
		if (!strcmp(k->value, kind))
			return tw_word(k->word, a->look.language);
	return kind;
}

/* --- Notices --- */

static void fact(struct account *a, enum tw_word label, const char *value)
{
	tw_page_put(&a->h, a->look, TW_E_DT, label);
	text_line(a, TW_E_DD, "text", value);
}

static void end_incident(struct account *a)
{
	if (a->last) {
		tw_html_close(&a->h);
		tw_html_close(&a->h);
	}
}

/* @nist IN.2.b.1.2: the facts, and which of his devices */
static tw_err write_incident(void *user, const tw_row *row)
{
	struct account *a = user;

	if (a->last == tw_row_int(row, 0)) {
		tw_html_text(&a->h, TW_SLICE(", "));
		tw_html_text(&a->h, tw_row_bytes(row, 8));
		return TW_OK;
	}
	end_incident(a);
	a->last = tw_row_int(row, 0);
	a->rows++;
	text_line(a, TW_E_H3, "", text_of(row, 2));
	tw_html_open(&a->h, TW_E_DL);
	tw_page_put(&a->h, a->look, TW_E_DT, TW_W_ARRIVED);
	tw_html_open(&a->h, TW_E_DD);
	tw_page_time(&a->h, tw_row_int(row, 7));
	tw_html_close(&a->h);
	fact(a, TW_W_INCIDENT_HAPPENED, text_of(row, 3));
	fact(a, TW_W_INCIDENT_CONCERNED, text_of(row, 4));
	fact(a, TW_W_INCIDENT_DONE, text_of(row, 5));
	fact(a, TW_W_INCIDENT_TODO, text_of(row, 6));
	fact(a, TW_W_PRODUCT, text_of(row, 1));
	tw_page_put(&a->h, a->look, TW_E_DT, TW_W_INCIDENT_DEVICES);
	tw_html_open(&a->h, TW_E_DD);
	if (a->rows == 1) /* programs find those of the newest by it */
		tw_html_attr(&a->h, TW_AT_ID, TW_SLICE("incident-devices"));
	tw_html_text(&a->h, tw_row_bytes(row, 8));
	return TW_OK;
}

static tw_err write_notice(void *user, const struct tw_notice_kept *n)
{
	struct account *a = user;
	char path[48];

	if (a->rows++ == 0) {
		text_line(a, TW_E_H3, "", a->product);
		tw_html_open(&a->h, TW_E_UL);
	}
	(void)snprintf(path, sizeof path, "/notices/%lld", (long long)n->number);
	tw_html_open(&a->h, TW_E_LI);
	tw_page_link_text(&a->h, a->look, path, n->notice.title);
	tw_html_close(&a->h);
	return TW_OK;
}

struct names {
	char at[TW_CUSTOMER_DEVICES_MAX][TW_PRODUCT_NAME_MAX + 1];
	size_t count;
};

static tw_err take_product(void *user, const tw_row *row)
{
	struct names *n = user;

	for (size_t i = 0; i < n->count; i++)
		if (!strcmp(n->at[i], text_of(row, 1)))
			return TW_OK;
	if (n->count < TW_COUNT(n->at))
		(void)snprintf(n->at[n->count++], sizeof n->at[0], "%s", text_of(row, 1));
	return TW_OK;
}

static tw_err write_notices(struct account *a)
{
	const struct tw_value v[] = { TW_V_INT(a->id), TW_V_INT(TW_CUSTOMER_SHOWN_MAX) };
	struct names of = { .count = 0 };

	tw_page_put(&a->h, a->look, TW_E_H2, TW_W_CUSTOMER_NOTICES);
	a->rows = 0;
	TW_TRY(tw_store_run(a->c->store, tw_sql_incidents_of, v, TW_COUNT(v), write_incident, a));
	end_incident(a);
	if (!a->rows)
		tw_page_put(&a->h, a->look, TW_E_P, TW_W_CUSTOMER_NOTICES_NONE);
	TW_TRY(tw_store_run(a->c->store, tw_sql_customer_devices, v, TW_COUNT(v), take_product, &of));
	for (size_t i = 0; i < of.count; i++) {
		const json_t *p = tw_products_find(tw_app_of(a->c)->products, tw_slice_of(of.at[i]));

		a->product = p ? tw_json_text(p, "title") : of.at[i];
		a->rows = 0;
		TW_TRY(tw_notices(a->c->store, of.at[i], INT64_MAX, NOTICES_SHOWN, write_notice, a));
		if (a->rows)
			tw_html_close(&a->h);
	}
	return TW_OK;
}

/* --- Cases --- */

static void open_case(struct account *a, int64_t report)
{
	char name[24];

	(void)snprintf(name, sizeof name, "r%lld", (long long)report);
	form(a, HERE "/case");
	tw_form_hidden(&a->h, "case", name);
	tw_form_close(&a->h, a->look, TW_W_SHOW);
}

static tw_err write_case(void *user, const tw_row *row)
{
	struct account *a = user;
	enum tw_word state = TW_W_ARRIVED;
	char replies[80];

	if (a->rows++ == 0)
		tw_html_open(&a->h, TW_E_OL);
	TW_TRY(tw_report_progress(a->c->store, tw_row_int(row, 0), tw_time_wall_ms(a->c->time), &state));
	tw_page_counted(tw_word(TW_W_CUSTOMER_REPLIES, a->look.language), (int)tw_row_int(row, 4), replies, sizeof replies);
	tw_html_open(&a->h, TW_E_LI);
	tw_html_open(&a->h, TW_E_P);
	tw_html_put(&a->h, TW_E_STRONG, word_of_kind(a, text_of(row, 2)));
	tw_html_text(&a->h, TW_SLICE(", "));
	tw_page_time(&a->h, tw_row_int(row, 1));
	tw_html_text(&a->h, TW_SLICE(". "));
	tw_html_text(&a->h, tw_slice_of(tw_word(state, a->look.language)));
	tw_html_text(&a->h, TW_SLICE(". "));
	tw_html_text(&a->h, tw_slice_of(replies));
	tw_html_close(&a->h);
	text_line(a, TW_E_P, "text", text_of(row, 3));
	open_case(a, tw_row_int(row, 0));
	tw_html_close(&a->h);
	return TW_OK;
}

static tw_err write_cases(struct account *a)
{
	const struct tw_value v[] = { TW_V_INT(a->id), TW_V_INT(TW_CUSTOMER_SHOWN_MAX) };
	struct tw_receipt receipt;

	tw_page_put(&a->h, a->look, TW_E_H2, TW_W_CUSTOMER_CASES);
	a->rows = 0;
	TW_TRY(tw_store_run(a->c->store, tw_sql_customer_cases, v, TW_COUNT(v), write_case, a));
	if (a->rows)
		tw_html_close(&a->h);
	else
		tw_page_put(&a->h, a->look, TW_E_P, TW_W_CUSTOMER_CASES_NONE);
	TW_TRY(tw_receipt_make(a->c->sys, &receipt));
	tw_page_put(&a->h, a->look, TW_E_H2, TW_W_CUSTOMER_SEND);
	form(a, HERE "/send");
	tw_form_hidden(&a->h, "receipt", receipt.text);
	for (size_t i = 0; i < TW_COUNT(sent); i++)
		field(a, &sent[i]);
	tw_form_close(&a->h, a->look, TW_W_SEND);
	tw_page_put(&a->h, a->look, TW_E_H2, TW_W_CUSTOMER_ADD);
	form(a, HERE "/add");
	field(a, &added);
	tw_form_close(&a->h, a->look, TW_W_CUSTOMER_ADD);
	return TW_OK;
}

/* --- Devices --- */

static enum tw_word word_of_state(const char *state)
{
	return !strcmp(state, "confirmed")  ? TW_W_DEVICE_CONFIRMED
		: !strcmp(state, "refused") ? TW_W_DEVICE_REFUSED
					    : TW_W_DEVICE_SAID;
}

static tw_err write_device(void *user, const tw_row *row)
{
	struct account *a = user;
	const json_t *p = tw_products_find(tw_app_of(a->c)->products, tw_row_bytes(row, 1));
	char id[24];

	if (a->rows++ == 0)
		tw_html_open(&a->h, TW_E_UL);
	(void)snprintf(id, sizeof id, "%lld", (long long)tw_row_int(row, 0));
	tw_html_open(&a->h, TW_E_LI);
	tw_html_open(&a->h, TW_E_P);
	tw_html_text(&a->h, tw_slice_of(p ? tw_json_text(p, "title") : text_of(row, 1)));
	tw_html_text(&a->h, TW_SLICE(" "));
	tw_html_put(&a->h, TW_E_CODE, text_of(row, 2));
	tw_html_text(&a->h, TW_SLICE(": "));
	tw_html_text(&a->h, tw_slice_of(tw_word(word_of_state(text_of(row, 3)), a->look.language)));
	tw_html_close(&a->h);
	form(a, HERE "/device-removal");
	tw_form_hidden(&a->h, "device", id);
	tw_form_close(&a->h, a->look, TW_W_CUSTOMER_REMOVE);
	tw_html_close(&a->h);
	return TW_OK;
}

static void write_device_form(struct account *a)
{
	static const struct tw_field of = { "model", TW_W_PRODUCT, TW_WORDS }; /* the page has another product */
	const json_t *products = tw_app_of(a->c)->products, *one;
	size_t i;

	if (!json_array_size(products))
		return;
	form(a, HERE "/device");
	tw_field_choose(&a->h, a->look, &of);
	json_array_foreach(products, i, one)
		tw_field_option(&a->h, tw_json_text(one, "name"), tw_json_text(one, "title"), false);
	tw_html_close(&a->h);
	field(a, &device);
	tw_form_close(&a->h, a->look, TW_W_CUSTOMER_DEVICE);
}

static tw_err write_devices(struct account *a)
{
	const struct tw_value v[] = { TW_V_INT(a->id), TW_V_INT(TW_CUSTOMER_DEVICES_MAX) };

	tw_page_put(&a->h, a->look, TW_E_H2, TW_W_CUSTOMER_DEVICES);
	tw_page_put(&a->h, a->look, TW_E_P, TW_W_CUSTOMER_DEVICES_LEAD);
	a->rows = 0;
	TW_TRY(tw_store_run(a->c->store, tw_sql_customer_devices, v, TW_COUNT(v), write_device, a));
	if (a->rows)
		tw_html_close(&a->h);
	write_device_form(a);
	return TW_OK;
}

/* --- Mail --- */

static tw_err write_address(void *user, const char *recipient, bool confirmed)
{
	struct account *a = user;

	if (a->rows++ == 0)
		tw_html_open(&a->h, TW_E_UL);
	tw_html_open(&a->h, TW_E_LI);
	tw_html_text(&a->h, tw_slice_of(recipient));
	tw_html_text(&a->h, TW_SLICE(": "));
	tw_html_text(&a->h, tw_slice_of(tw_word(confirmed ? TW_W_CUSTOMER_MAIL_CONFIRMED : TW_W_CUSTOMER_MAIL_ASKED, a->look.language)));
	tw_html_close(&a->h);
	return TW_OK;
}

/* Not where the site's address is unknown: no link could be sent. */
static tw_err write_mail(struct account *a)
{
	if (!tw_app_of(a->c)->desk.site[0])
		return TW_OK;
	tw_page_put(&a->h, a->look, TW_E_H2, TW_W_CUSTOMER_MAIL);
	tw_page_put(&a->h, a->look, TW_E_P, TW_W_CUSTOMER_MAIL_LEAD);
	a->rows = 0;
	TW_TRY(tw_subscription_account_list(a->c->store, a->id, write_address, a));
	if (a->rows) {
		tw_html_close(&a->h);
		form(a, HERE "/mail");
		tw_form_hidden(&a->h, "end", "yes");
		tw_form_close(&a->h, a->look, TW_W_CUSTOMER_MAIL_END);
	}
	form(a, HERE "/mail");
	field(a, &address);
	tw_form_close(&a->h, a->look, TW_W_CUSTOMER_MAIL_SEND);
	return TW_OK;
}

/* --- The page --- */

static void say_done(struct account *a)
{
	if (a->done == TW_WORDS)
		return;
	tw_html_open(&a->h, TW_E_P);
	tw_html_attr(&a->h, TW_AT_ROLE, TW_SLICE("status"));
	tw_html_text(&a->h, tw_slice_of(tw_word(a->done, a->look.language)));
	tw_html_close(&a->h);
}

/* @nist QR.2.a.4.4: cases, messages, devices and notices of one customer, in one place */
static tw_err account_page(struct account *a)
{
	a->last = 0;
	tw_page_open(&a->h, tw_reply_text(a->rp, a->c->sys, TW_PAGE_TYPE), a->look, HERE, TW_W_CUSTOMER);
	if (a->wrong)
		tw_field_summary(&a->h, a->look, a->wrong, &a->fault, 1);
	say_done(a);
	TW_TRY(write_notices(a));
	TW_TRY(write_cases(a));
	TW_TRY(write_devices(a));
	TW_TRY(write_mail(a));
	TW_TRY(tw_subscription_account_seen(a->c->store, a->id));
	a->rp->status = a->wrong ? 422 : 200;
	return tw_page_close(&a->h);
}

static tw_err door_page(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, enum tw_word fault)
{
	const struct tw_look look = tw_look_of(rq);
	struct tw_html h;

	tw_page_open(&h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), look, HERE, TW_W_CUSTOMER);
	tw_field_summary(&h, look, &asked, &fault, 1);
	tw_page_put(&h, look, TW_E_P, TW_W_CUSTOMER_LEAD);
	tw_form_open(&h, look, HERE);
	tw_field_write(&h, look, &asked, fault == TW_WORDS ? "" : tw_json_text(rq->input, "key"), fault);
	tw_form_close(&h, look, TW_W_CUSTOMER_OPEN);
	tw_page_put(&h, look, TW_E_H2, TW_W_CUSTOMER_MAKE);
	tw_page_put(&h, look, TW_E_P, TW_W_CUSTOMER_MAKE_LEAD);
	tw_form_open(&h, look, HERE "/new");
	tw_form_close(&h, look, TW_W_CUSTOMER_MAKE);
	return tw_page_close(&h);
}

tw_err tw_account_door(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return door_page(c, rq, rp, TW_WORDS);
}

tw_err tw_account_make(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_look look = tw_look_of(rq);
	struct tw_receipt key;
	struct tw_html h;
	int64_t id = 0;

	TW_TRY(tw_customer_make(c->store, c->sys, tw_time_wall_ms(c->time), &key, &id));
	if (!id)
		return tw_reply_problem(rp, 503, "storage-full", "customers.most", "No more accounts are made",
			"Send it by /report or /question.", "There are %d, which is the most.", TW_CUSTOMERS_MAX);
	(void)snprintf(rp->note, sizeof rp->note, "k%lld", (long long)id);
	tw_page_open(&h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), look, HERE, TW_W_CUSTOMER_MADE);
	tw_page_put(&h, look, TW_E_P, TW_W_CUSTOMER_MADE_LEAD);
	tw_html_open(&h, TW_E_P);
	tw_html_attr(&h, TW_AT_CLASS, TW_SLICE("receipt"));
	tw_html_put(&h, TW_E_CODE, key.text);
	tw_html_close(&h);
	tw_form_open(&h, look, HERE);
	tw_form_hidden(&h, "key", key.text);
	tw_form_close(&h, look, TW_W_CUSTOMER_OPEN);
	return tw_page_close(&h);
}

/* *ret false: it is answered already. */
static tw_err enter(struct account *a, bool *ret)
{
	const char *text = tw_json_text(a->rq->input, "key");
	int wait = 0;

	*ret = false;
	const tw_err e = tw_receipt_parse(tw_slice_of(text), &a->key);
	if (tw_is(e, TW_CODE_SYNTAX)) {
		a->rp->status = 422;
		return door_page(a->c, a->rq, a->rp, *text ? TW_W_CUSTOMER_KEY_WRONG : TW_W_NEEDED);
	}
	TW_TRY(e);
	TW_TRY(tw_customer_find(a->c->store, &a->key, &a->id));
	*ret = a->id != 0;
	if (*ret)
		return TW_OK;
	TW_TRY(tw_admission_guess(&tw_app_of(a->c)->admission, a->rq->subject.source, tw_time_boot_ms(a->c->time), &wait));
	if (wait)
		return tw_admission_refuse(a->rp, wait);
	a->rp->status = 422;
	return door_page(a->c, a->rq, a->rp, TW_W_CUSTOMER_KEY_UNKNOWN);
}

static struct account account_of(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return (struct account){ .c = c, .rq = rq, .rp = rp, .look = tw_look_of(rq), .done = TW_WORDS, .fault = TW_WORDS };
}

tw_err tw_account_open(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct account a = account_of(c, rq, rp);
	bool in;

	TW_TRY(enter(&a, &in));
	return in ? account_page(&a) : TW_OK;
}

/* --- What he sends --- */

static tw_err beside(tw_store *s, void *user, int64_t report)
{
	return tw_customer_case_add(s, ((struct account *)user)->id, report);
}

static tw_err keep(struct account *a, enum tw_kept *ret)
{
	const json_t *in = a->rq->input;
	const char *kind = tw_json_text(in, "kind");
	const struct tw_report_beside with = { beside, a };
	struct tw_receipt receipt;
	const struct tw_report r = { .received_ms = tw_time_wall_ms(a->c->time),
		.language = tw_language_tag(a->look.language),
		.kind = *kind ? kind : "flaw",
		.description = tw_json_text(in, "description"),
		.product = tw_json_text(in, "product"),
		.version = tw_json_text(in, "version"),
		.flaw = "",
		.traits = "",
		.fix = "",
		.contact = "",
		.credit = "" };

	if (tw_failed(tw_receipt_parse(tw_slice_of(tw_json_text(in, "receipt")), &receipt)))
		TW_TRY(tw_receipt_make(a->c->sys, &receipt));
	*ret = TW_KEPT_OTHER;
	for (int i = 0; i < 2 && *ret == TW_KEPT_OTHER; i++) {
		if (i) /* he went back and wrote another one */
			TW_TRY(tw_receipt_make(a->c->sys, &receipt));
		TW_TRY(tw_question_is(r.kind) ? tw_question_receive(a->c, a->rq, &receipt, &r, &with, ret)
					      : tw_report_add_with(a->c->store, &receipt, &r, &with, ret));
	}
	return TW_OK;
}

tw_err tw_account_send(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct account a = account_of(c, rq, rp);
	enum tw_kept kept = TW_KEPT;
	bool in;

	TW_TRY(enter(&a, &in));
	for (size_t i = 0; in && i < TW_COUNT(sent) && !a.wrong; i++) {
		a.fault = tw_field_fault(&sent[i], tw_json_text(rq->input, sent[i].key));
		a.wrong = a.fault == TW_WORDS ? NULL : &sent[i];
	}
	if (!in)
		return TW_OK;
	if (a.wrong)
		return account_page(&a);
	const tw_err e = keep(&a, &kept);
	if (tw_is(e, TW_CODE_LIMIT) && tw_store_fault(c->store) == TW_STORE_WELL)
		return tw_reply_problem(rp, 413, "size", "question.size", "This is more than is kept of a question",
			"Say it in fewer words.", "Nothing was kept.");
	TW_TRY(e);
	if (kept == TW_KEPT_FULL)
		return tw_reply_problem(rp, 503, "storage-full", "reception.most", "No more reports are taken",
			"Write to the contact that /.well-known/security.txt names.", "There are %d, which is the most.", TW_REPORTS_MAX);
	tw_app_of(c)->reports_changed = true;
	a.done = TW_W_SENT;
	(void)snprintf(rp->note, sizeof rp->note, "k%lld", (long long)a.id);
	return account_page(&a);
}

/* --- One case --- */

static tw_err write_message(void *user, const struct tw_report_message *m)
{
	struct account *a = user;

	if (a->rows++ == 0)
		tw_html_open(&a->h, TW_E_OL);
	tw_html_open(&a->h, TW_E_LI);
	tw_page_class(&a->h, TW_E_P, "quiet");
	tw_html_text(&a->h, tw_slice_of(tw_word(m->ours ? TW_W_FROM_US : TW_W_FROM_YOU, a->look.language)));
	tw_html_text(&a->h, TW_SLICE(", "));
	tw_page_time(&a->h, m->at_ms);
	tw_html_close(&a->h);
	tw_html_open(&a->h, TW_E_P);
	tw_html_attr(&a->h, TW_AT_CLASS, TW_SLICE("text"));
	tw_html_text(&a->h, m->text);
	tw_html_close(&a->h);
	tw_html_close(&a->h);
	return TW_OK;
}

struct one {
	struct account *a;
	int64_t report;
	bool erased; /* nothing of it is kept, and no more is taken */
};

static tw_err take_one(void *user, const tw_row *row)
{
	struct one *o = user;

	o->report = tw_row_int(row, 0);
	o->erased = tw_row_int(row, 6) != 0;
	return TW_OK;
}

static void pair(struct account *a, enum tw_word label, const char *value)
{
	if (*value)
		fact(a, label, value);
}

static tw_err write_one(void *user, const tw_row *row)
{
	struct one *o = user;
	struct account *a = o->a;
	enum tw_word state = TW_W_ARRIVED;

	TW_TRY(tw_report_progress(a->c->store, o->report, tw_time_wall_ms(a->c->time), &state));
	tw_html_open(&a->h, TW_E_DL);
	fact(a, TW_W_STATE, tw_word(state, a->look.language));
	tw_page_put(&a->h, a->look, TW_E_DT, TW_W_ARRIVED);
	tw_html_open(&a->h, TW_E_DD);
	tw_page_time(&a->h, tw_row_int(row, 1));
	tw_html_close(&a->h);
	fact(a, TW_W_KIND, word_of_kind(a, text_of(row, 2)));
	pair(a, TW_W_PRODUCT, text_of(row, 4));
	pair(a, TW_W_VERSION, text_of(row, 5));
	pair(a, TW_W_DESCRIPTION, text_of(row, 3));
	tw_html_close(&a->h);
	return TW_OK;
}

static tw_err find_case(struct account *a, struct one *ret)
{
	const char *name = tw_json_text(a->rq->input, "case");
	uint64_t report = 0;

	*ret = (struct one){ a, 0, false };
	if (*name != 'r' || tw_failed(tw_parse_u64(tw_slice_of(name + 1), INT64_MAX, &report)))
		return TW_OK;
	const struct tw_value v[] = { TW_V_INT(a->id), TW_V_INT((int64_t)report) };
	return tw_store_run(a->c->store, tw_sql_customer_case_one, v, TW_COUNT(v), take_one, ret);
}

/* Messages, and the form for one more. */
static tw_err write_talk(struct one *o)
{
	struct account *a = o->a;
	char name[24];

	tw_page_put(&a->h, a->look, TW_E_H2, TW_W_MESSAGES);
	a->rows = 0;
	TW_TRY(tw_report_messages(a->c->store, o->report, write_message, a));
	if (a->rows)
		tw_html_close(&a->h);
	else
		tw_page_put(&a->h, a->look, TW_E_P, TW_W_NO_MESSAGES);
	form(a, HERE "/reply");
	(void)snprintf(name, sizeof name, "r%lld", (long long)o->report);
	tw_form_hidden(&a->h, "case", name);
	field(a, &replied);
	tw_form_close(&a->h, a->look, TW_W_ANSWER_SEND);
	return TW_OK;
}

static tw_err case_page(struct one *o)
{
	struct account *a = o->a;
	const struct tw_value v[] = { TW_V_INT(a->id), TW_V_INT(o->report) };

	tw_page_open(&a->h, tw_reply_text(a->rp, a->c->sys, TW_PAGE_TYPE), a->look, HERE, TW_W_CUSTOMER_CASE);
	if (a->wrong)
		tw_field_summary(&a->h, a->look, a->wrong, &a->fault, 1);
	say_done(a);
	TW_TRY(tw_store_run(a->c->store, tw_sql_customer_case_one, v, TW_COUNT(v), write_one, o));
	if (!o->erased)
		TW_TRY(write_talk(o));
	form(a, HERE);
	tw_form_close(&a->h, a->look, TW_W_CUSTOMER_BACK);
	a->rp->status = a->wrong ? 422 : 200;
	return tw_page_close(&a->h);
}

static tw_err no_case(struct account *a)
{
	return tw_reply_problem(a->rp, 404, "not-found", "customer.case", "There is no such case",
		"Open your account: it lists yours.", "It is none of this account's.");
}

tw_err tw_account_case(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct account a = account_of(c, rq, rp);
	struct one o;
	bool in;

	TW_TRY(enter(&a, &in));
	if (!in)
		return TW_OK;
	TW_TRY(find_case(&a, &o));
	return o.report ? case_page(&o) : no_case(&a);
}

tw_err tw_account_reply(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct account a = account_of(c, rq, rp);
	const char *text = tw_json_text(rq->input, "text");
	const struct tw_report_message m = { .at_ms = tw_time_wall_ms(c->time), .text = tw_slice_of(text) };
	enum tw_kept kept = TW_KEPT;
	struct one o;
	bool in;

	TW_TRY(enter(&a, &in));
	if (!in)
		return TW_OK;
	TW_TRY(find_case(&a, &o));
	if (!o.report)
		return no_case(&a);
	if (o.erased) /* as the page says */
		return case_page(&o);
	a.fault = tw_field_fault(&replied, text);
	if (a.fault == TW_WORDS)
		TW_TRY(tw_report_message_add(c->store, o.report, &m, &kept));
	if (kept == TW_KEPT_FULL)
		a.fault = TW_W_ANSWERS_MANY;
	a.wrong = a.fault == TW_WORDS ? NULL : &replied;
	a.done = a.wrong ? TW_WORDS : TW_W_ANSWER_DONE;
	return case_page(&o);
}

/* --- What else he adds --- */

static tw_err note_report(void *user, const struct tw_report *r)
{
	*(int64_t *)user = r->id;
	return TW_OK;
}

/* Whoever has its receipt may read it, and so may have it here. */
tw_err tw_account_add(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct account a = account_of(c, rq, rp);
	struct tw_receipt receipt;
	int64_t report = 0;
	int wait = 0;
	bool in;

	TW_TRY(enter(&a, &in));
	if (!in)
		return TW_OK;
	if (!tw_failed(tw_receipt_parse(tw_slice_of(tw_json_text(rq->input, "receipt")), &receipt)))
		TW_TRY(tw_report_find(c->store, receipt.hash, note_report, &report));
	if (report) {
		TW_TRY(tw_customer_case_add(c->store, a.id, report));
		a.done = TW_W_CUSTOMER_ADDED;
		return account_page(&a);
	}
	TW_TRY(tw_admission_guess(&tw_app_of(c)->admission, rq->subject.source, tw_time_boot_ms(c->time), &wait));
	if (wait)
		return tw_admission_refuse(rp, wait);
	a.fault = TW_W_RECEIPT_UNKNOWN;
	a.wrong = &added;
	return account_page(&a);
}

tw_err tw_account_device(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct account a = account_of(c, rq, rp);
	const char *product = tw_json_text(rq->input, "model"), *serial = tw_json_text(rq->input, "serial");
	bool in, fits = true;

	TW_TRY(enter(&a, &in));
	if (!in)
		return TW_OK;
	a.fault = tw_field_fault(&device, serial);
	if (a.fault == TW_WORDS && !tw_serial_valid(tw_slice_of(serial)))
		a.fault = TW_W_CUSTOMER_SERIAL_WRONG;
	if (a.fault == TW_WORDS && !tw_products_find(tw_app_of(c)->products, tw_slice_of(product)))
		a.fault = TW_W_NOT_OFFERED;
	if (a.fault == TW_WORDS)
		TW_TRY(tw_customer_device_add(c->store, a.id, product, serial, tw_time_wall_ms(c->time), &fits));
	if (!fits)
		a.fault = TW_W_CUSTOMER_DEVICES_MANY;
	a.wrong = a.fault == TW_WORDS ? NULL : &device;
	a.done = a.wrong ? TW_WORDS : TW_W_CUSTOMER_DEVICE_DONE;
	return account_page(&a);
}

tw_err tw_account_device_removal(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct account a = account_of(c, rq, rp);
	uint64_t id = 0;
	bool in;

	TW_TRY(enter(&a, &in));
	if (!in)
		return TW_OK;
	if (!tw_failed(tw_parse_u64(tw_slice_of(tw_json_text(rq->input, "device")), INT64_MAX, &id))) {
		const struct tw_value v[] = { TW_V_INT((int64_t)id), TW_V_INT(a.id) };

		TW_TRY(tw_store_run(c->store, tw_sql_customer_device_remove, v, TW_COUNT(v), NULL, NULL));
	}
	a.done = TW_W_CUSTOMER_REMOVED;
	return account_page(&a);
}

/* Whatever is there already, and however often it was asked: the same answer, as to any subscriber. */
static tw_err ask_address(struct account *a, const char *text)
{
	const struct tw_subscriptions of = tw_subscriptions_of(a->c);
	const struct tw_subscription s = {
		.channel = TW_OUTBOX_MAIL, .recipient = text, .product = "", .versions = "", .language = a->look.language, .account = a->id
	};
	enum tw_asked said = TW_ASKED_FULL;

	a->fault = tw_field_fault(&address, text);
	if (a->fault == TW_WORDS && !tw_mail_address_valid(tw_slice_of(text)))
		a->fault = TW_W_SUBS_MAIL_WRONG;
	if (a->fault == TW_WORDS && *of.site) {
		const tw_err e = tw_subscription_ask(&of, &s, a->rq->subject.source, &said);

		if (tw_failed(e) && (!tw_is(e, TW_CODE_LIMIT) || tw_store_fault(a->c->store) != TW_STORE_WELL))
			return e;
		said = tw_failed(e) ? TW_ASKED_FULL : said;
	}
	if (a->fault == TW_WORDS && said != TW_ASKED)
		a->fault = TW_W_CUSTOMER_MAIL_LATER;
	a->wrong = a->fault == TW_WORDS ? NULL : &address;
	a->done = a->wrong ? TW_WORDS : TW_W_SUBS_ASKED_TEXT;
	return TW_OK;
}

tw_err tw_account_mail(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct account a = account_of(c, rq, rp);
	bool in;

	TW_TRY(enter(&a, &in));
	if (!in)
		return TW_OK;
	if (*tw_json_text(rq->input, "end")) {
		TW_TRY(tw_subscription_account_end(c->store, a.id));
		a.done = TW_W_CUSTOMER_MAIL_ENDED;
	} else {
		TW_TRY(ask_address(&a, tw_json_text(rq->input, "address")));
	}
	(void)snprintf(rp->note, sizeof rp->note, "k%lld", (long long)a.id);
	return account_page(&a);
}
