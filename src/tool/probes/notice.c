/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of the use notice. Each writes one of its own, looks at what a stranger, an operator and somebody with a code are answered, and
 * puts back what was there; the finding says when that failed. What was there is accepted again for the owner whose tool this is, so
 * whoever else accepted it has to do nothing either: acceptance goes by the text.
 */
#include "tool/notice.h"
#include "tool/probes/people.h"

#include "base/text.h"

#define NOTICE "/api/v1/notice"
#define ACCEPT "/api/v1/notice-acceptances"
#define CODE_SIZE 24
#define TEXT_SIZE 8192 /* more than any that a device takes */
#define MOST 8000      /* what a device may say that it holds */

/* A text that nobody wrote before. */
static tw_err fresh_text(const struct tw_sys *sys, char ret[96])
{
	uint64_t number = 0;

	if (sys->random(sys, &number, sizeof number) != 0)
		return TW_RAISE_ERRNO("randomness");
	(void)snprintf(ret, 96, "Probe %016llx: this device is being assessed.", (unsigned long long)number);
	return TW_OK;
}

static tw_err agree(struct tw_probe_context *c, const char *text)
{
	char digest[TW_NOTICE_DIGEST + 1];

	TW_TRY(tw_notice_digest(c->sys, text, digest));
	return tw_order_with(c, "POST", ACCEPT, json_pack("{s:s}", "notice", digest), NULL);
}

/* Writes it, and accepts it for the owner, who goes on by it. */
static tw_err put(struct tw_probe_context *c, const char *text)
{
	TW_TRY(tw_order_with(c, "PUT", NOTICE, json_pack("{s:s}", "text", text), NULL));
	return agree(c, text);
}

/* As a stranger is answered. */
static tw_err shown(struct tw_probe_context *c, char ret[TEXT_SIZE])
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	TW_TRY(tw_ask(c, &tw_asker_stranger, "GET", NOTICE, &answer));
	TW_TRY(tw_answer_check(&answer, c->tool->hint, sizeof c->tool->hint));
	(void)snprintf(ret, TEXT_SIZE, "%s", tw_json_text(answer.body, "text"));
	return TW_OK;
}

static tw_err send_as(
	struct tw_probe_context *c, const char *token, const char *method, const char *path, json_t *body, struct tw_answer *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *owned = body;
	const struct tw_call call = { .method = method, .path = path, .body = owned };

	return owned ? tw_person_call(c, token, &call, ret) : TW_RAISE(NOMEM, "a request");
}

/* A code for somebody made up, who has this role. */
static tw_err invite(struct tw_probe_context *c, const char *role, struct tw_person *p, char ret_code[CODE_SIZE])
{
	TW_CLEANUP(tw_answer_done) struct tw_answer code = { 0 };

	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_give(c, p, role));
	TW_TRY(tw_order_with(c, "POST", "/api/v1/session-codes", json_pack("{s:s}", "account", p->id), &code));
	(void)snprintf(ret_code, CODE_SIZE, "%s", tw_json_text(code.body, "code"));
	return TW_OK;
}

/* With the digest of a text, or without one: the answer's status. */
static tw_err enter(struct tw_probe_context *c, struct tw_person *p, const char *code, const char *text, long *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char digest[TW_NOTICE_DIGEST + 1];

	TW_TRY(tw_notice_digest(c->sys, text ? text : "", digest));
	TW_TRY(send_as(c, NULL, "POST", "/api/v1/sessions",
		text ? json_pack("{s:s, s:s}", "code", code, "notice", digest) : json_pack("{s:s}", "code", code), &answer));
	(void)snprintf(p->token, sizeof p->token, "%s", answer.status == 201 && answer.body ? tw_json_text(answer.body, "token") : "");
	*ret = answer.status;
	return TW_OK;
}

static tw_err logged(struct tw_probe_context *c, const char *key, const char *first, const char *second, bool *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	const char *other = !strcmp(key, "after") ? "before" : "account";
	size_t i;
	json_t *r;

	*ret = false;
	TW_TRY(tw_order(c, "GET", "/api/v1/log?limit=50", &answer));
	json_array_foreach(json_object_get(answer.body, "records"), i, r) {
		const json_t *fields = json_object_get(r, "fields");

		*ret |= !strcmp(tw_json_text(fields, key), first) && !strcmp(tw_json_text(fields, other), second);
	}
	return TW_OK;
}

/* @nist LA.SUN.1: a stranger is shown the text whole, before anything was asked of him */
static tw_err shown_first(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	char text[96], got[TEXT_SIZE];

	TW_TRY(fresh_text(c->sys, text));
	TW_TRY(put(c, text));
	TW_TRY(shown(c, got));
	TW_TRY(tw_saw(f, "shown", got));
	return strcmp(got, text)
		? tw_found(f, TW_VERDICT_FAIL, "A stranger is not shown the notice that was written.")
		: tw_found(f, TW_VERDICT_PASS, "A stranger who has proven nothing is shown the notice that was written.");
}

/* @nist LA.SUN.2: the owner writes it, an operator does not */
static tw_err written_by_few(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char text[96], other[96], got[TEXT_SIZE], code[CODE_SIZE];
	long entered = 0;

	TW_TRY(fresh_text(c->sys, text));
	TW_TRY(fresh_text(c->sys, other));
	TW_TRY(put(c, text));
	TW_TRY(invite(c, "operator", p, code));
	TW_TRY(enter(c, p, code, text, &entered));
	TW_TRY(send_as(c, p->token, "PUT", NOTICE, json_pack("{s:s}", "text", other), &answer));
	TW_TRY(shown(c, got));
	if (entered != 201 || answer.status != 403 || strcmp(got, text) != 0)
		return tw_found(f, TW_VERDICT_FAIL, "An operator (login %ld) who wrote a notice was answered %ld, and what is shown is %s.",
			entered, answer.status, strcmp(got, text) ? "another one than the owner's" : "the owner's");
	return tw_found(f, TW_VERDICT_PASS, "The owner's notice is shown; an operator who wrote one was refused.");
}

/* --- The product's own displays --- */

#define DISPLAYS "/api/v1/notice-displays"
#define SHOWN_MS 5000 /* a display has put up another text in */
#define LOOK_MS 200

struct shown_there {
	bool told;         /* the device lists them, each with what it shows */
	char late[96];     /* which does not show what counts now, and what it says; "": each does, or there is none */
	char pretends[48]; /* which says of itself that it is simulated; "": none */
};

static bool is_told(const json_t *list)
{
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
		if (!*tw_json_text(one, "display") || !*tw_json_text(one, "shows") || !json_is_boolean(json_object_get(one, "simulated")))
			return false;
	return json_is_array(list);
}

static tw_err look(struct tw_probe_context *c, struct shown_there *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	size_t i;
	json_t *one;

	*ret = (struct shown_there){ .told = false };
	TW_TRY(tw_order(c, "GET", DISPLAYS, &answer));
	const json_t *list = json_object_get(answer.body, "displays");
	ret->told = is_told(list);
	if (!ret->told)
		return TW_OK;
	json_array_foreach(list, i, one) {
		if (strcmp(tw_json_text(one, "shows"), "current") != 0)
			(void)snprintf(ret->late, sizeof ret->late, "%.40s (%.40s)", tw_json_text(one, "display"),
				tw_json_text(one, "shows"));
		if (json_is_true(json_object_get(one, "simulated")))
			(void)snprintf(ret->pretends, sizeof ret->pretends, "%.40s", tw_json_text(one, "display"));
	}
	return TW_OK;
}

static tw_err on_displays(struct tw_probe_context *c, struct tw_finding *f)
{
	struct shown_there now;

	TW_TRY(look(c, &now));
	for (int waited = 0; *now.late && waited < SHOWN_MS; waited += LOOK_MS) {
		(void)c->sys->poll(c->sys, NULL, 0, LOOK_MS);
		TW_TRY(look(c, &now));
	}
	if (!now.told)
		return tw_found(f, TW_VERDICT_FAIL, "The device does not say what the product's displays show.");
	if (*now.late)
		return tw_found(f, TW_VERDICT_FAIL, "%d seconds after an edit a display of the product's does not show it: %s.",
			SHOWN_MS / 1000, now.late);
	if (*now.pretends)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"The product's display %s is simulated, so nobody is shown an edit there.", now.pretends);
	return tw_found(f, TW_VERDICT_PASS, "An edit is shown, and the log names the digests before and after.");
}

/* @nist LA.SUN.2.1: one line of it is edited; it is shown, on each display of the product's too, and the log has both digests */
static tw_err edited(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	char text[96], other[128], got[TEXT_SIZE], before[TW_NOTICE_DIGEST + 1], after[TW_NOTICE_DIGEST + 1];
	bool told = false;

	TW_TRY(fresh_text(c->sys, text));
	(void)snprintf(other, sizeof other, "%s\nSecond line.", text);
	TW_TRY(put(c, text));
	TW_TRY(put(c, other));
	TW_TRY(shown(c, got));
	TW_TRY(tw_notice_digest(c->sys, text, before));
	TW_TRY(tw_notice_digest(c->sys, other, after));
	TW_TRY(logged(c, "after", after, before, &told));
	TW_TRY(tw_saw(f, "before", before));
	TW_TRY(tw_saw(f, "after", after));
	if (strcmp(got, other) != 0 || !told)
		return tw_found(f, TW_VERDICT_FAIL, "After an edit %s.",
			told ? "the former text is shown" : "the newest records of the log do not name the digests before and after");
	return on_displays(c, f);
}

static tw_err put_sized(struct tw_probe_context *c, size_t size, char text[TEXT_SIZE], struct tw_answer *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *body = NULL;

	memset(text, 'x', size);
	text[size] = '\0';
	body = json_pack("{s:s}", "text", text);
	tw_answer_done(ret);
	tw_answer_init(ret, c->sys);
	if (!body)
		return TW_RAISE(NOMEM, "a request");
	const struct tw_call call = { .method = "PUT", .path = NOTICE, .body = body };
	return tw_ask_call(c, &call, ret);
}

/* @nist LA.SUN.2.2: a notice of exactly what it says it holds is stored, one byte more is not */
static tw_err bounded(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer said = { 0 }, more = { 0 }, exact = { 0 };
	static char text[TEXT_SIZE], got[TEXT_SIZE];

	TW_TRY(tw_order(c, "GET", NOTICE, &said));
	int64_t most = tw_json_int(said.body, "most_bytes");
	if (most < 1 || most > MOST)
		return tw_found(f, TW_VERDICT_FAIL, "The device does not say how long a notice may be, or %lld bytes.", (long long)most);
	TW_TRY(put_sized(c, (size_t)most + 1, text, &more));
	TW_TRY(put_sized(c, (size_t)most, text, &exact));
	if (exact.status == 200)
		TW_TRY(agree(c, text));
	TW_TRY(shown(c, got));
	if (more.status != 400 || strcmp(tw_json_text(more.body, "rule"), "LA.SUN.2.2") != 0 || exact.status != 200 ||
		strcmp(got, text) != 0)
		return tw_found(f, TW_VERDICT_FAIL, "It says it holds %lld bytes; a notice of so many was answered %ld%s, one byte more %ld.",
			(long long)most, exact.status, strcmp(got, text) ? " and is not shown" : "", more.status);
	return tw_found(f, TW_VERDICT_PASS,
		"A notice of %lld bytes, as many as it says it holds, is shown whole; one byte more was refused.", (long long)most);
}

/* @nist LA.SUN.3: without accepting it nobody gets in, and acceptance is logged */
static tw_err held(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	char text[96], another[96], digest[TW_NOTICE_DIGEST + 1], code[CODE_SIZE];
	long without = 0, other = 0, with = 0;
	bool told = false;

	TW_TRY(fresh_text(c->sys, text));
	TW_TRY(fresh_text(c->sys, another));
	TW_TRY(put(c, text));
	TW_TRY(invite(c, "guest", p, code));
	TW_TRY(enter(c, p, code, NULL, &without));
	TW_TRY(enter(c, p, code, another, &other));
	TW_TRY(enter(c, p, code, text, &with));
	TW_TRY(tw_notice_digest(c->sys, text, digest));
	TW_TRY(logged(c, "notice", digest, p->id, &told));
	if (without != 409 || other != 409 || with != 201 || !told)
		return tw_found(f, TW_VERDICT_FAIL,
			"Without accepting the notice a login was answered %ld, with another one's digest %ld, with its own %ld, and the log %s it.",
			without, other, with, told ? "names" : "does not name");
	return tw_found(f, TW_VERDICT_PASS,
		"A login that did not accept the notice was refused, also with another one's digest; with its own it succeeded, and the log names it.");
}

/* What was there before, also when there was none. */
static void put_back(struct tw_probe_context *c, struct tw_finding *f, const char *before)
{
	tw_err e = *before ? put(c, before) : tw_order(c, "DELETE", NOTICE, NULL);

	if (tw_failed(e) && f->verdict == TW_VERDICT_PASS)
		tw_ignore(tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"All was as it should be, but the notice could not be put back as it was: %s.", tw_err_detail()));
}

static tw_err with_notice(struct tw_probe_context *c, struct tw_finding *f,
	tw_err (*ask)(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f))
{
	char before[TEXT_SIZE];

	tw_err e = shown(c, before);
	if (tw_failed(e))
		return tw_found_trouble(f, "The use notice", e);
	e = tw_person_with(c, f, ask);
	put_back(c, f, before);
	return e;
}

#define ASK(name)                                                                    \
	static tw_err ask_##name(struct tw_probe_context *c, struct tw_finding *ret) \
	{                                                                            \
		return with_notice(c, ret, name);                                    \
	}
ASK(shown_first)
ASK(written_by_few)
ASK(edited)
ASK(bounded)
ASK(held)

const struct tw_probe tw_probes_notice[] = {
	{ "LA.SUN.1", "notice-shown", TW_SOURCE_OUTSIDE, "Is the use notice shown before anybody logs in?", ask_shown_first, true },
	{ "LA.SUN.2", "notice-written", TW_SOURCE_OUTSIDE, "Do those write it who may, and nobody else?", ask_written_by_few, true },
	{ "LA.SUN.2.1", "notice-edited", TW_SOURCE_OUTSIDE,
		"Is an edit shown, also on displays, and does the log have both digests?", ask_edited, true },
	{ "LA.SUN.2.2", "notice-bounded", TW_SOURCE_OUTSIDE, "Does it hold what it says it holds, and no byte more?", ask_bounded, true },
	{ "LA.SUN.3", "notice-held", TW_SOURCE_OUTSIDE, "Is nobody let in who has not accepted it?", ask_held, true },
	{ .element = NULL },
};
