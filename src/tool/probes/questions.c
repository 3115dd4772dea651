/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of how the manufacturer's server keeps questions, asked from inside by an analyst. Each notes a question which says that it is a test, and closes
 * it; a reply that is put into the library for it is retired.
 */
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

const struct tw_probe tw_probes_questions[] = {
	{ "QR.2.a.1.1", "directive-tracked", TW_SOURCE_INSIDE,
		"Are a question, its directive, its due date and the answer kept together?", directive_tracked, true },
	{ "QR.2.a.2.1", "request-logged", TW_SOURCE_INSIDE,
		"Are requests for components and documents kept as such, with the reply to give and what came of it?", request_logged, true },
	{ "QR.2.a.4.2", "identity-first", TW_SOURCE_INSIDE,
		"Is what is kept of a customer told and changed only behind an identity check that was passed?", identity_first, true },
	{ "QR.2.a.4.3", "call-documented", TW_SOURCE_INSIDE, "Is a call kept with caller, topic, answer, follow-up and time?",
		call_documented, true },
	{ .element = NULL },
};
