/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of customers' accounts at the portal: two accounts are made, a question is sent into one and answered by an analyst, and a manager tells of an
 * incident of a device that there is not, which the other is confirmed to have. What is sent says that it is a test.
 */
#include "tool/probes/portal.h"
#include "tool/probes/talk.h"

#include "base/text.h"

#include <string.h>

#define FORM_MAX (16 * 1024)
#define DEVICES "/api/v1/customer-devices"
#define INCIDENTS "/api/v1/incidents"

struct account {
	struct tw_talk d;
	char key[TW_RECEIPT_TEXT], mark[17];
	struct tw_answer page; /* the last one */
};

static void account_done(struct account *a)
{
	tw_talk_done(&a->d);
	tw_answer_done(&a->page);
}

/* Fields: a NULL key ends them. Anything but 200 is a verdict. */
static tw_err post(struct account *a, const char *path, const char *const fields[][2])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf form = { 0 };

	if (!a->d.goes_on)
		return TW_OK;
	tw_buf_init(&form, a->d.c->sys, FORM_MAX);
	TW_TRY(tw_portal_put(&form, "lang", "en"));
	for (size_t i = 0; fields && fields[i][0]; i++)
		TW_TRY(tw_portal_put(&form, fields[i][0], fields[i][1]));
	const tw_err e = tw_portal_send(a->d.c, path, &form, &a->page);
	a->d.goes_on = !tw_failed(e) && a->page.status == 200;
	if (tw_failed(e))
		return tw_found_trouble(a->d.f, path, e);
	if (a->page.status == 429)
		return tw_found(a->d.f, TW_VERDICT_INCONCLUSIVE,
			"Too much came from this network a moment ago, or from all. Try again in some minutes.");
	return a->d.goes_on ? TW_OK : tw_found(a->d.f, TW_VERDICT_FAIL, "%s was answered with %ld.", path, a->page.status);
}

static tw_err make(struct account *a)
{
	TW_TRY(post(a, "/account/new", NULL));
	if (!a->d.goes_on)
		return TW_OK;
	const struct tw_portal_field key = tw_portal_field(&a->page, "key");
	(void)snprintf(a->key, sizeof a->key, "%.34s", key.value);
	a->d.goes_on = strlen(a->key) == TW_RECEIPT_TEXT - 1;
	return a->d.goes_on ? tw_test_mark(a->d.c, a->mark)
			    : tw_found(a->d.f, TW_VERDICT_FAIL, "An account was made, and no key for it was shown.");
}

static tw_err open_it(struct account *a)
{
	const char *const fields[][2] = { { "key", a->key }, { NULL } };

	return post(a, "/account", fields);
}

static tw_err says(struct account *a, const char *text, const char *else_what)
{
	bool there = false;

	if (!a->d.goes_on)
		return TW_OK;
	TW_TRY(tw_portal_says(a->d.c, &a->page, text, &there));
	a->d.goes_on = there;
	return there ? TW_OK : tw_found(a->d.f, TW_VERDICT_FAIL, "%s", else_what);
}

/* --- Questions and replies --- */

static tw_err answer(struct account *a, const char *reply)
{
	char path[96];

	(void)snprintf(path, sizeof path, "/api/v1/questions?search=%s", a->mark);
	TW_TRY(tw_talk_get(&a->d, path));
	TW_TRY(tw_talk_wants(&a->d, "questions.0.id", NULL));
	(void)snprintf(a->d.id, sizeof a->d.id, "%s", tw_talk_text(&a->d, "questions.0.id"));
	return tw_talk_post(&a->d, tw_talk_path(&a->d, "/api/v1/question-answers", path), json_pack("{s:s}", "text", reply));
}

static tw_err sent_and_answered(struct account *a)
{
	char text[200], reply[64], name[32];

	(void)snprintf(text, sizeof text, "%s Mark: %s", TW_TALK_TEST, a->mark);
	(void)snprintf(reply, sizeof reply, "TEST, the answer to %s", a->mark);
	const char *const fields[][2] = { { "key", a->key }, { "kind", "other" }, { "description", text }, { NULL } };
	TW_TRY(post(a, "/account/send", fields));
	TW_TRY(says(a, a->mark, "What was sent into an account does not stand in it."));
	if (a->d.goes_on)
		(void)snprintf(name, sizeof name, "%.20s", tw_portal_field(&a->page, "case").value);
	TW_TRY(answer(a, reply));
	if (!a->d.goes_on)
		return TW_OK;
	const char *const one[][2] = { { "key", a->key }, { "case", name }, { NULL } };
	TW_TRY(post(a, "/account/case", one));
	TW_TRY(says(a, reply, "What was answered does not stand in the account of whoever asked."));
	const char *const more[][2] = { { "key", a->key }, { "case", name }, { "text", "TEST, and thanks" }, { NULL } };
	TW_TRY(post(a, "/account/reply", more));
	return says(a, "TEST, and thanks", "What the customer replied does not stand in his account.");
}

/* Nobody opens it without its key. */
static tw_err is_closed(struct account *a)
{
	char other[TW_RECEIPT_TEXT];
	TW_CLEANUP(tw_buf_done) struct tw_buf form = { 0 };

	if (!a->d.goes_on)
		return TW_OK;
	(void)snprintf(other, sizeof other, "%s", a->key);
	other[0] = other[0] == 'A' ? 'B' : 'A'; /* its check does not fit any more */
	tw_buf_init(&form, a->d.c->sys, FORM_MAX);
	TW_TRY(tw_portal_put(&form, "key", other));
	const tw_err e = tw_portal_send(a->d.c, "/account", &form, &a->page);
	if (tw_failed(e))
		return tw_found_trouble(a->d.f, "/account", e);
	bool shown = false;
	TW_TRY(tw_portal_says(a->d.c, &a->page, a->mark, &shown));
	a->d.goes_on = a->page.status != 200 && !shown;
	return a->d.goes_on ? TW_OK : tw_found(a->d.f, TW_VERDICT_FAIL, "An account was opened by a key that is not its own.");
}

/* @nist QR.2.a.4.4: questions and replies of one customer in one place, his alone */
static tw_err account_keeps(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(account_done) struct account a = { .d = { .c = c } };
	char path[96];

	TW_TRY(tw_talk_begin(&a.d, c, TW_TALK_ANALYST, f));
	TW_TRY(make(&a));
	TW_TRY(sent_and_answered(&a));
	TW_TRY(is_closed(&a));
	if (a.d.goes_on)
		TW_TRY(tw_found(f, TW_VERDICT_PASS,
			"A customer's account was made; it shows what was sent into it and what was answered, takes a reply, and opens by its own key alone."));
	return tw_talk_put_away(&a.d, tw_talk_path(&a.d, "/api/v1/question-ends", path), json_pack("{s:s}", "outcome", "it was a test"));
}

/* @nist QR.2.a.4.4: it is found */
static tw_err account_offered(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer page = { 0 };
	char to[64];
	bool there;

	TW_TRY(tw_portal_open(c, "/?lang=en", &page, f, &there));
	if (there && !tw_portal_links(&page, "/account", to, sizeof to))
		return tw_found(f, TW_VERDICT_FAIL, "The portal's first page does not lead to the accounts of customers.");
	if (there)
		TW_TRY(tw_portal_open(c, "/account?lang=en", &page, f, &there));
	if (there && !tw_portal_field(&page, "key").asked)
		return tw_found(f, TW_VERDICT_FAIL, "The page of accounts does not ask for a key.");
	return there ? tw_found(f, TW_VERDICT_PASS, "The portal leads to the accounts of customers.") : TW_OK;
}

/* --- Incidents --- */

static tw_err first_product(struct tw_talk *d, char ret[64])
{
	TW_CLEANUP(tw_answer_done) struct tw_answer list = { 0 };

	if (!d->goes_on)
		return TW_OK;
	TW_TRY(tw_portal_open(d->c, "/api/v1/products", &list, d->f, &d->goes_on));
	(void)snprintf(ret, 64, "%.60s", tw_json_text(json_array_get(tw_json_get(list.body, "products"), 0), "name"));
	if (d->goes_on && !*ret) {
		d->goes_on = false;
		return tw_found(d->f, TW_VERDICT_FAIL, "There is no product whose devices a customer could name.");
	}
	return TW_OK;
}

static tw_err name_device(struct account *a, const char *product, const char *serial)
{
	const char *const fields[][2] = { { "key", a->key }, { "model", product }, { "serial", serial }, { NULL } };

	TW_TRY(post(a, "/account/device", fields));
	return says(a, serial, "A device that was named does not stand in the account.");
}

static tw_err confirm(struct account *a, const char *serial)
{
	char path[160];

	(void)snprintf(path, sizeof path, DEVICES "?serial=%s", serial);
	TW_TRY(tw_talk_get(&a->d, path));
	if (!a->d.goes_on)
		return TW_OK;
	const json_t *one = json_array_get(tw_json_get(a->d.answer.body, "devices"), 0);
	if (!one) {
		a->d.goes_on = false;
		return tw_found(a->d.f, TW_VERDICT_FAIL, "A device that a customer named is not in the list of those to be confirmed.");
	}
	(void)snprintf(path, sizeof path, DEVICES "/%lld", (long long)tw_json_int(one, "device"));
	return tw_talk_send(&a->d, "PUT", path, json_pack("{s:s, s:s}", "state", "confirmed", "how", "TEST, nobody was asked"));
}

static json_t *incident(const char *product, const char *serial, const char *without)
{
	static const char *const facts[][2] = { { "title", "TEST of thingward assess" }, { "happened", "TEST, nothing happened" },
		{ "concerned", "TEST, nothing is concerned" }, { "done", "TEST, nothing was done" },
		{ "todo", "TEST, nothing is to be done" } };
	json_t *j = json_pack("{s:s, s:s}", "product", product, "devices", serial);

	for (size_t i = 0; j && i < TW_COUNT(facts); i++)
		if (strcmp(facts[i][0], without) != 0 && json_object_set_new(j, facts[i][0], json_string(facts[i][1]))) {
			json_decref(j);
			j = NULL;
		}
	return j;
}

static tw_err shown_to_him(struct account *a, const char *serial)
{
	static const char *const facts[] = { "TEST, nothing happened", "TEST, nothing is concerned", "TEST, nothing was done",
		"TEST, nothing is to be done" };

	TW_TRY(open_it(a));
	for (size_t i = 0; i < TW_COUNT(facts); i++)
		TW_TRY(says(a, facts[i], "The notice of an incident of a customer's device does not hold all of its facts."));
	TW_CLEANUP(tw_buf_done) struct tw_buf devices = { 0 };
	if (a->d.goes_on)
		TW_TRY(tw_portal_by_id(a->d.c, &a->page, "incident-devices", &devices));
	const bool named = devices.size && memmem(devices.data, devices.size, serial, strlen(serial));
	if (!a->d.goes_on || named)
		return TW_OK;
	a->d.goes_on = false;
	return tw_found(a->d.f, TW_VERDICT_FAIL, "The notice of an incident does not say which of the customer's devices is concerned.");
}

/* As long as nobody has confirmed that the device is his. */
static tw_err not_shown(struct account *a)
{
	bool there = false;

	TW_TRY(open_it(a));
	if (!a->d.goes_on)
		return TW_OK;
	TW_TRY(tw_portal_says(a->d.c, &a->page, "TEST, nothing happened", &there));
	a->d.goes_on = !there;
	return there ? tw_found(a->d.f, TW_VERDICT_FAIL, "An incident is shown to a customer whose device nobody has confirmed to be his.")
		     : TW_OK;
}

static tw_err tell(struct account *a, const char *product, const char *serial)
{
	static const char *const needed[] = { "title", "happened", "concerned", "done", "todo" };
	char what[96];

	for (size_t i = 0; i < TW_COUNT(needed); i++) {
		(void)snprintf(what, sizeof what, "An incident may be told without %s", needed[i]);
		TW_TRY(tw_talk_refused(&a->d, "POST", INCIDENTS, incident(product, serial, needed[i]), "IN.2.b.1.2", what));
	}
	return tw_talk_post(&a->d, INCIDENTS, incident(product, serial, ""));
}

/* @nist IN.2.b.1.2: the facts, for his own device, to him alone */
static tw_err incident_told(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(account_done) struct account a = { .d = { .c = c } };
	char product[64] = "", serial[32] = "";

	TW_TRY(tw_talk_begin(&a.d, c, TW_TALK_MANAGER, f));
	TW_TRY(first_product(&a.d, product));
	TW_TRY(make(&a));
	(void)snprintf(serial, sizeof serial, "TEST-%s", a.mark);
	TW_TRY(name_device(&a, product, serial));
	TW_TRY(tell(&a, product, serial));
	TW_TRY(not_shown(&a));
	TW_TRY(confirm(&a, serial));
	TW_TRY(shown_to_him(&a, serial));
	return a.d.goes_on ? tw_found(f, TW_VERDICT_PASS,
				     "An incident is not told without its facts; the account of the customer whose device it concerned showed it with all of "
				     "them, as soon as the device was confirmed to be his, and not before.")
			   : TW_OK;
}

const struct tw_probe tw_probes_customers[] = {
	{ "IN.2.b.1.2", "incident-told", TW_SOURCE_INSIDE,
		"Is a customer told what happened to his own device, with the facts, and nobody else?", incident_told, true },
	{ "QR.2.a.4.4", "account-keeps", TW_SOURCE_INSIDE,
		"Does a customer's account keep what was sent and answered, for him alone?", account_keeps, true },
	{ "QR.2.a.4.4", "account-offered", TW_SOURCE_OUTSIDE, "Does the portal lead to accounts of customers?", account_offered, false },
	{ .element = NULL },
};
