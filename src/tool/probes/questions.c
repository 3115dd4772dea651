/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of how the manufacturer's server keeps questions, asked from inside by an analyst. Each notes a question which says that it is a test, and closes
 * it; a reply that is put into the library for it is retired.
 */
#include "tool/probes/portal.h"
#include "tool/probes/talk.h"

#define QUESTIONS "/api/v1/questions"
#define CALLER "TEST"
#define PRODUCT "TEST, a product that there is not"
#define DUE "2099-12-31T00:00:00.000Z" /* as it is answered */

static json_t *question(const char *kind)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "via", "call", "kind", kind, "caller", CALLER, "product", PRODUCT,
		"version", "unknown", "text", TW_TALK_TEST);
}

/* The same with another member. */
static json_t *with(json_t *j, const char *key, const char *text)
{
	if (j && !json_object_set_new(j, key, json_string(text)))
		return j;
	json_decref(j);
	return NULL;
}

static tw_err close_it(struct tw_talk *d)
{
	char path[96];

	return tw_talk_put_away(d, tw_talk_path(d, "/api/v1/question-ends", path), json_pack("{s:s}", "outcome", "it was a test"));
}

static tw_err passes(struct tw_talk *d, const char *why)
{
	return d->goes_on ? tw_found(d->f, TW_VERDICT_PASS, "%s", why) : TW_OK;
}

static tw_err answer_it(struct tw_talk *d, const char *key, const char *text)
{
	char path[96];

	return tw_talk_post(d, tw_talk_path(d, "/api/v1/question-answers", path), json_pack("{s:s}", key, text));
}

static tw_err read_it(struct tw_talk *d)
{
	char path[96];

	return tw_talk_get(d, tw_talk_path(d, QUESTIONS, path));
}

/* @nist QR.2.a.1.1: question, directive, due date and answer, together */
static tw_err directive_tracked(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_talk_done) struct tw_talk d = { .c = c };

	TW_TRY(tw_talk_begin(&d, c, TW_TALK_ANALYST, f));
	TW_TRY(tw_talk_made(&d, QUESTIONS, with(with(question("event"), "directive", "TEST 1"), "due", DUE)));
	TW_TRY(answer_it(&d, "text", "TEST, answered"));
	TW_TRY(read_it(&d));
	TW_TRY(tw_talk_wants(&d, "directive", "TEST 1"));
	TW_TRY(tw_talk_wants(&d, "due", DUE));
	TW_TRY(tw_talk_wants(&d, "state", "answered"));
	TW_TRY(tw_talk_wants(&d, "answers.0.text", "TEST, answered"));
	TW_TRY(passes(&d, "A question about a directive was noted with the directive and its due date, and its answer stands beside them."));
	return close_it(&d);
}

/* A reply of the library, or "" and a verdict. */
static tw_err keep_reply(struct tw_talk *d, char ret[32])
{
	TW_TRY(tw_talk_made(d, "/api/v1/answers",
		json_pack("{s:s, s:s, s:s, s:s}", "title", "TEST", "text", "TEST, the reply to give", "kind", "component",
			"product", PRODUCT)));
	(void)snprintf(ret, 32, "%s", d->id);
	return TW_OK;
}

static tw_err request_answered(struct tw_talk *d, const char *reply)
{
	TW_TRY(tw_talk_made(d, QUESTIONS, question("component")));
	TW_TRY(answer_it(d, "from", reply));
	TW_TRY(read_it(d));
	TW_TRY(tw_talk_wants(d, "kind", "component"));
	TW_TRY(tw_talk_wants(d, "answers.0.from", reply));
	TW_TRY(tw_talk_wants(d, "answers.0.kept_text", "TEST, the reply to give"));
	TW_TRY(close_it(d));
	TW_TRY(read_it(d));
	TW_TRY(tw_talk_wants(d, "outcome", "it was a test"));
	return passes(d, "A request for a component was noted as one, answered with the reply that the library has for it, and closed with its outcome.");
}

/* @nist QR.2.a.2.1: a kind of its own, the reply to give, and what came of it */
static tw_err request_logged(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_talk_done) struct tw_talk d = { .c = c };
	char reply[32] = "", path[96];

	TW_TRY(tw_talk_begin(&d, c, TW_TALK_ANALYST, f));
	TW_TRY(keep_reply(&d, reply));
	TW_TRY(request_answered(&d, reply));
	(void)snprintf(d.id, sizeof d.id, "%s", reply);
	return tw_talk_put_away(&d, tw_talk_path(&d, "/api/v1/answer-retirements", path), json_pack("{s:s}", "reason", "it was a test"));
}

static tw_err is_checked(struct tw_talk *d, const char *result)
{
	char path[96];

	return tw_talk_post(d, tw_talk_path(d, "/api/v1/question-identity-checks", path),
		json_pack("{s:s, s:s}", "how", "TEST, nobody was asked", "result", result));
}

static tw_err not_told(struct tw_talk *d, const char *when)
{
	char tell[96], change[96];

	TW_TRY(tw_talk_refused(d, "POST", tw_talk_path(d, "/api/v1/question-disclosures", tell),
		json_pack("{s:s}", "why", "a test"), "question.identity", when));
	return tw_talk_refused(d, "PUT", tw_talk_path(d, "/api/v1/question-customers", change),
		json_pack("{s:s, s:s}", "customer", "TEST 2", "why", "a test"), "question.identity", when);
}

/* @nist QR.2.a.4.2: opened freely, and closed until somebody has checked who asks */
static tw_err identity_first(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_talk_done) struct tw_talk d = { .c = c };
	char path[96];

	TW_TRY(tw_talk_begin(&d, c, TW_TALK_ANALYST, f));
	TW_TRY(tw_talk_made(&d, QUESTIONS, with(question("other"), "customer", "TEST 1")));
	TW_TRY(not_told(&d, "What is kept of a customer is told or changed though nobody has checked who asks"));
	TW_TRY(is_checked(&d, "failed"));
	TW_TRY(not_told(&d, "What is kept of a customer is told or changed though the check was not passed"));
	TW_TRY(is_checked(&d, "passed"));
	TW_TRY(tw_talk_post(&d, tw_talk_path(&d, "/api/v1/question-disclosures", path), json_pack("{s:s}", "why", "a test")));
	TW_TRY(tw_talk_wants(&d, "customer", "TEST 1"));
	TW_TRY(tw_talk_wants(&d, "disclosures.0.by", NULL));
	TW_TRY(passes(&d,
		"What is kept of a customer was neither told nor changed before an identity check was passed, and each time behind it was noted."));
	return close_it(&d);
}

/* @nist QR.2.a.4.3: caller, topic, answer, follow-up and time */
static tw_err call_documented(struct tw_probe_context *c, struct tw_finding *f)
{
	static const char *const there[] = { "at", "by", "answers.0.at", "answers.0.by" };
	TW_CLEANUP(tw_talk_done) struct tw_talk d = { .c = c };

	TW_TRY(tw_talk_begin(&d, c, TW_TALK_ANALYST, f));
	TW_TRY(tw_talk_made(&d, QUESTIONS, with(question("other"), "follow_up", "TEST, nothing")));
	TW_TRY(answer_it(&d, "text", "TEST, answered"));
	TW_TRY(read_it(&d));
	TW_TRY(tw_talk_wants(&d, "via", "call"));
	TW_TRY(tw_talk_wants(&d, "caller", CALLER));
	TW_TRY(tw_talk_wants(&d, "text", TW_TALK_TEST));
	TW_TRY(tw_talk_wants(&d, "follow_up", "TEST, nothing"));
	TW_TRY(tw_talk_wants(&d, "answers.0.text", "TEST, answered"));
	for (size_t i = 0; i < TW_COUNT(there); i++)
		TW_TRY(tw_talk_wants(&d, there[i], NULL));
	TW_TRY(passes(&d, "A call was noted with who called, about what, the answer, what is still to be done, by whom and when."));
	return close_it(&d);
}

/* --- By form --- */

#define FEEDBACK "/question?kind=documentation&amp;document=" /* as it stands in a page */
#define PRODUCTS_MAX 64                                       /* whose pages are looked at: as many as a server of ours has */

/* It has at least so many links to the form. */
static tw_err leads_there(struct tw_probe_context *c, const char *path, size_t most, struct tw_finding *f, bool *ret_good)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer page = { 0 };

	TW_TRY(tw_portal_open(c, path, &page, f, ret_good));
	if (!*ret_good)
		return TW_OK;
	*ret_good = tw_portal_links_count(&page, FEEDBACK) >= most;
	return *ret_good
		? TW_OK
		: tw_found(f, TW_VERDICT_FAIL, "%s has no link to the form for what its readers think of each document there.", path);
}

static tw_err products_lead_there(struct tw_probe_context *c, struct tw_finding *f, bool *ret_good, char ret_sample[64])
{
	TW_CLEANUP(tw_answer_done) struct tw_answer list = { 0 };
	const json_t *one;
	char path[128];
	size_t i;

	TW_TRY(tw_portal_open(c, "/api/v1/products", &list, f, ret_good));
	json_array_foreach(tw_json_get(list.body, "products"), i, one) {
		if (!*ret_good || i >= PRODUCTS_MAX)
			break;
		(void)snprintf(path, sizeof path, "/products/%.60s?lang=en", tw_json_text(one, "name"));
		TW_TRY(leads_there(c, path, 1 + json_array_size(tw_json_get(one, "documents")), f, ret_good));
	}
	const size_t all = json_array_size(tw_json_get(list.body, "products"));
	(void)snprintf(ret_sample, 64, "%zu of %zu product%s", all < PRODUCTS_MAX ? all : PRODUCTS_MAX, all, all == 1 ? "" : "s");
	return *ret_good ? tw_saw(f, "looked at", ret_sample) : TW_OK;
}

/* @nist QR.2.a.2.2: each document leads to the form, which asks for both */
static tw_err documents_ask(struct tw_probe_context *c, struct tw_finding *f)
{
	static const char *const pages[] = { "/policy?lang=en", "/advisories?lang=en" }, *const asked[] = { "document", "breadth", "depth" };
	TW_CLEANUP(tw_answer_done) struct tw_answer form = { 0 };
	char sample[64] = "";
	bool good = true;

	for (size_t i = 0; good && i < TW_COUNT(pages); i++)
		TW_TRY(leads_there(c, pages[i], 1, f, &good));
	if (good)
		TW_TRY(products_lead_there(c, f, &good, sample));
	if (good)
		TW_TRY(tw_portal_open(c, "/question?kind=documentation&document=/policy&lang=en", &form, f, &good));
	for (size_t i = 0; good && i < TW_COUNT(asked); i++) {
		good = tw_portal_field(&form, asked[i]).asked;
		if (!good)
			TW_TRY(tw_found(f, TW_VERDICT_FAIL,
				"The form for what readers think of a document does not ask for its %s.", asked[i]));
	}
	return good ? tw_found(f, TW_VERDICT_PASS,
			      "Policy, advisories and the pages of %s lead to a form for each document there, which asks how broad and how deep it is.",
			      sample)
		    : TW_OK;
}

/* Sends it as a stranger, and reads it in the list of its kind as an analyst: the answer, and its id, are in d then. */
static tw_err send_and_list(struct tw_talk *d, struct tw_test_report *r)
{
	char path[96];

	if (!d->goes_on)
		return TW_OK;
	d->goes_on = false;
	tw_err e = tw_test_report_send(d->c, r);
	if (tw_failed(e))
		return tw_found_trouble(d->f, "What the probe sent", e);
	if (!r->receipt[0])
		return tw_test_report_refused(r, d->f);
	d->goes_on = true;
	(void)snprintf(path, sizeof path, QUESTIONS "?kind=%s&search=%s", r->kind, r->mark);
	TW_TRY(tw_talk_get(d, path));
	TW_TRY(tw_talk_wants(d, "questions.0.id", NULL));
	(void)snprintf(d->id, sizeof d->id, "%s", tw_talk_text(d, "questions.0.id"));
	TW_TRY(tw_talk_wants(d, "questions.0.kind", r->kind));
	return tw_talk_wants(d, "questions.0.via", "form");
}

/* @nist QR.2.a.2.2: and what they think arrives in a list */
static tw_err view_arrives(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_talk_done) struct tw_talk d = { .c = c };
	struct tw_test_report r = { .question = true,
		.kind = "documentation",
		.more = { { "document", "/policy" }, { "breadth", "missing" }, { "depth", "too-little" } } };

	TW_TRY(tw_talk_begin(&d, c, TW_TALK_ANALYST, f));
	TW_TRY(send_and_list(&d, &r));
	for (size_t i = 0; i < TW_COUNT(r.more); i++) {
		char place[32];

		(void)snprintf(place, sizeof place, "questions.0.%s", r.more[i][0]);
		TW_TRY(tw_talk_wants(&d, place, r.more[i][1]));
	}
	TW_TRY(passes(&d,
		"What a reader thinks of a document arrived in the list of such views, with the document, its breadth and its depth."));
	return close_it(&d);
}

/* The first product whose settings are explained somewhere, and where; borrowed. */
static const char *settings_of(const json_t *products, size_t *from, const char **ret_name)
{
	const json_t *document;
	size_t i;

	for (; *from < json_array_size(products); (*from)++) {
		const json_t *one = json_array_get(products, *from);

		json_array_foreach(tw_json_get(one, "documents"), i, document)
			if (!strcmp(tw_json_text(document, "kind"), "settings")) {
				*ret_name = tw_json_text(one, "name");
				return tw_json_text(document, "url");
			}
	}
	return NULL;
}

/* @nist QR.2.a.3.1: the form leads to where each product's settings are explained */
static tw_err settings_linked(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer list = { 0 }, form = { 0 };
	const char *name = "", *url;
	size_t from = 0, count = 0;
	bool good, linked;

	TW_TRY(tw_portal_open(c, "/api/v1/products", &list, f, &good));
	if (good)
		TW_TRY(tw_portal_open(c, "/question?kind=configuration&lang=en", &form, f, &good));
	if (!good)
		return TW_OK;
	for (; (url = settings_of(tw_json_get(list.body, "products"), &from, &name)); from++, count++) {
		TW_TRY(tw_portal_links_to(c, &form, url, &linked));
		if (!linked)
			return tw_found(f, TW_VERDICT_FAIL,
				"The form for questions about settings does not lead to where those of %s are explained.", name);
	}
	if (!count)
		return tw_found(f, TW_VERDICT_FAIL, "No product names a document in which its settings are explained.");
	if (!tw_portal_field(&form, "description").required || !tw_portal_field(&form, "product").asked)
		return tw_found(f, TW_VERDICT_FAIL, "The form for questions about settings does not ask for the question and the product.");
	return tw_found(f, TW_VERDICT_PASS, "The form for questions about settings leads to where they are explained, of %zu product%s.",
		count, count == 1 ? "" : "s");
}

/* What was answered has to stand behind the receipt. */
static tw_err answer_arrives(struct tw_talk *d, const struct tw_test_report *r)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer page = { 0 };
	bool there = false;
	char words[64];

	(void)snprintf(words, sizeof words, "TEST, the answer to %s", r->mark);
	TW_TRY(answer_it(d, "text", words));
	if (!d->goes_on)
		return TW_OK;
	tw_err e = tw_test_report_follow(d->c, r, &page);
	if (!tw_failed(e))
		e = tw_portal_says(d->c, &page, words, &there);
	d->goes_on = !tw_failed(e) && there;
	if (tw_failed(e))
		return tw_found_trouble(d->f, "The page behind the receipt", e);
	return there ? TW_OK : tw_found(d->f, TW_VERDICT_FAIL, "What was answered does not stand behind the receipt of whoever asked.");
}

/* @nist QR.2.a.3.1: a list of its own, with the reference of that product, and the answer goes back */
static tw_err settings_queued(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer list = { 0 };
	TW_CLEANUP(tw_talk_done) struct tw_talk d = { .c = c };
	struct tw_test_report r = { .question = true, .kind = "configuration" };
	const char *url;
	size_t from = 0;

	TW_TRY(tw_talk_begin(&d, c, TW_TALK_ANALYST, f));
	if (d.goes_on)
		TW_TRY(tw_portal_open(c, "/api/v1/products", &list, f, &d.goes_on));
	if (!d.goes_on)
		return TW_OK;
	r.more[0][0] = "product";
	url = settings_of(tw_json_get(list.body, "products"), &from, &r.more[0][1]);
	if (!url)
		return tw_found(f, TW_VERDICT_FAIL, "No product names a document in which its settings are explained.");
	TW_TRY(send_and_list(&d, &r));
	TW_TRY(tw_talk_wants(&d, "questions.0.settings", url));
	TW_TRY(answer_arrives(&d, &r));
	TW_TRY(passes(&d,
		"A question about settings arrived in the list of such questions, with where they are explained, and its answer stood behind the receipt."));
	return close_it(&d);
}

const struct tw_probe tw_probes_questions[] = {
	{ "QR.2.a.1.1", "directive-tracked", TW_SOURCE_INSIDE,
		"Are a question, its directive, its due date and the answer kept together?", directive_tracked, true },
	{ "QR.2.a.2.1", "request-logged", TW_SOURCE_INSIDE,
		"Are requests for components and documents kept as such, with the reply to give and what came of it?", request_logged, true },
	{ "QR.2.a.2.2", "documents-ask", TW_SOURCE_OUTSIDE,
		"Does each published document ask its readers how broad and how deep it is?", documents_ask, false },
	{ "QR.2.a.2.2", "view-arrives", TW_SOURCE_INSIDE, "Does what a reader thinks of a document arrive in a list?", view_arrives, true },
	{ "QR.2.a.3.1", "settings-linked", TW_SOURCE_OUTSIDE,
		"Is there a form for questions about settings, which leads to where they are explained?", settings_linked, false },
	{ "QR.2.a.3.1", "settings-queued", TW_SOURCE_INSIDE,
		"Does a question about settings arrive in a list of its own, and its answer behind the receipt?", settings_queued, true },
	{ "QR.2.a.4.2", "identity-first", TW_SOURCE_INSIDE,
		"Is what is kept of a customer told and changed only behind an identity check that was passed?", identity_first, true },
	{ "QR.2.a.4.3", "call-documented", TW_SOURCE_INSIDE, "Is a call kept with caller, topic, answer, follow-up and time?",
		call_documented, true },
	{ .element = NULL },
};
