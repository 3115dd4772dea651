/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probe of reaching privileged settings: an admin who is made up, with a password, logs in, is asked for a fresh proof before he changes one, gives it
 * and has changed it; the log tells. A login that is too old is none. What was set for a moment is set back.
 */
#include "tool/probes/people.h"

#define KEY "logical-access.attempts-wait-most"
#define AGE "logical-access.step-up-age"
#define OLD_MS 1100 /* more than the second that a login counts for meanwhile */

/* --- Logging in --- */

static tw_err log_in(struct tw_probe_context *c, struct tw_person *p, json_t *body, struct tw_answer *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *held = body;
	const struct tw_call call = { .method = "POST", .path = "/api/v1/logins", .body = held };

	if (!held)
		return TW_RAISE(NOMEM, "a request");
	TW_TRY(tw_accept_in(c, held));
	TW_TRY(tw_person_call(c, NULL, &call, ret));
	TW_TRY(tw_answer_check(ret, c->tool->hint, sizeof c->tool->hint));
	(void)snprintf(p->token, sizeof p->token, "%s", tw_json_text(ret->body, "token"));
	return TW_OK;
}

/* By the password that the owner gave, and one of his own in its place. Nobody knows it: it is random. */
static tw_err comes_by_password(struct tw_probe_context *c, struct tw_person *p)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char path[64], given[48], own[48];

	TW_TRY(tw_person_name(c->sys, given));
	TW_TRY(tw_person_name(c->sys, own));
	(void)snprintf(path, sizeof path, "/api/v1/passwords/%s", p->id);
	TW_TRY(tw_order_with(c, "PUT", path, json_pack("{s:s}", "password", given), NULL));
	TW_TRY(log_in(c, p, json_pack("{s:s, s:s}", "account", p->name, "password", given), &answer));
	if (!*p->token)
		TW_TRY(log_in(c, p, json_pack("{s:s, s:s}", "login", tw_json_text(answer.body, "login"), "new_password", own), &answer));
	return *p->token ? TW_OK : TW_RAISE(SYNTAX, "somebody logged in and got no session");
}

/* --- What is tried --- */

static bool logged(const json_t *records, const struct tw_person *p)
{
	size_t i;
	json_t *one;

	json_array_foreach(records, i, one)
		if (!strcmp(tw_json_text(one, "operation"), "settings.change") && !strcmp(tw_json_text(one, "account"), p->id) &&
			!strcmp(tw_json_text(one, "type"), "intent") && !strcmp(tw_json_text(one, "parameter"), KEY))
			return true;
	return false;
}

static tw_err done(struct tw_probe_context *c, const struct tw_person *p, const struct tw_call *change, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 }, log = { 0 };
	TW_CLEANUP(tw_client_freep) tw_client *client = NULL;
	struct tw_probe_setting now;
	char wanted[32];

	(void)snprintf(wanted, sizeof wanted, "%s", tw_json_text(change->body, "value"));
	tw_answer_init(&answer, c->sys);
	TW_TRY(tw_person_client(c, &client));
	TW_TRY(tw_session_call(c->tool, client, change, &answer));
	TW_TRY(tw_probe_setting_read(c, KEY, &now));
	TW_TRY(tw_order(c, "GET", "/api/v1/log?limit=50", &log));
	if (strcmp(now.value, wanted) != 0 || !logged(json_object_get(log.body, "records"), p))
		return tw_found(f, TW_VERDICT_FAIL,
			"An admin who had just logged in changed a privileged setting to %s; it reads %s, and the log %s.", wanted,
			now.value, logged(json_object_get(log.body, "records"), p) ? "tells" : "does not tell who did it");
	return tw_found(f, TW_VERDICT_PASS,
		"An admin's session read a privileged setting, was refused when it changed it, and changed it with a proof of a login of a moment ago; a "
		"login that was too old was no proof, and the log tells of the change.");
}

/* Once more, when the login of before counts for a second: nothing may be changed. */
static tw_err too_old(struct tw_probe_context *c, const struct tw_call *change, struct tw_finding *f, bool *ret_good)
{
	int64_t end = tw_probe_now_us(c->sys) + OLD_MS * INT64_C(1000);
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_client_freep) tw_client *client = NULL;
	struct tw_probe_setting age;

	TW_TRY(tw_probe_setting_read(c, AGE, &age));
	TW_TRY(tw_probe_set(c, AGE, "1"));
	for (int64_t now; (now = tw_probe_now_us(c->sys)) < end;)
		(void)c->sys->poll(c->sys, NULL, 0, (int)((end - now) / 1000) + 1);
	tw_answer_init(&answer, c->sys);
	tw_err e = tw_person_client(c, &client);
	if (!tw_failed(e))
		*ret_good = tw_failed(tw_session_call(c->tool, client, change, &answer)) && answer.status == 403;
	c->tool->exit = TW_EXIT_OK;
	tw_probe_set_back(c, AGE, age.value, f);
	TW_TRY(e);
	return *ret_good
		? TW_OK
		: tw_found(f, TW_VERDICT_FAIL,
			  "A login that was too old to prove anything was good for changing a privileged setting: %ld.", answer.status);
}

static tw_err try_change(struct tw_probe_context *c, struct tw_person *p, const struct tw_probe_setting *before, struct tw_finding *f)
{
	TW_CLEANUP(tw_jsonp) json_t *body = json_pack("{s:s}", "value", strcmp(before->value, "901") ? "901" : "902");
	const struct tw_call read = { .method = "GET", .path = before->path },
			     change = { .method = "PUT", .path = before->path, .body = body, .if_match = before->etag, .token = p->token };
	TW_CLEANUP(tw_answer_done) struct tw_answer shown = { 0 }, plain = { 0 };
	bool good = false;

	if (!body)
		return TW_RAISE(NOMEM, "a request");
	TW_TRY(tw_person_call(c, p->token, &read, &shown));
	TW_TRY(tw_person_call(c, p->token, &change, &plain));
	if (shown.status != 200 || plain.status != 403 || !plain.body || strcmp(tw_json_text(plain.body, "rule"), "step-up") != 0)
		return tw_found(f, TW_VERDICT_FAIL,
			"An admin who asked for a privileged setting was answered with %ld, and with %ld when he changed it without a fresh proof.",
			shown.status, plain.status);
	TW_TRY(too_old(c, &change, f, &good));
	if (!good)
		return TW_OK;
	return done(c, p, &change, f);
}

/* @nist LA.RSM.5.4: an admin reads and changes a privileged setting after a step-up login; the change is in the log */
static tw_err step_up(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	struct tw_probe_setting before = { .value = "" };

	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_give(c, p, "admin"));
	TW_TRY(comes_by_password(c, p));
	TW_TRY(tw_probe_setting_read(c, KEY, &before));
	tw_err e = try_change(c, p, &before, f);
	tw_probe_set_back(c, KEY, before.value, f);
	return e;
}

static tw_err ask_step_up(struct tw_probe_context *c, struct tw_finding *ret)
{
	return tw_person_with(c, ret, step_up);
}

const struct tw_probe tw_probes_step_up[] = {
	{ "LA.RSM.5.4", "step-up", TW_SOURCE_OUTSIDE,
		"Does changing a privileged setting want a fresh proof, and is it done with one?", ask_step_up, true, true },
	{ .element = NULL },
};
