/* SPDX-License-Identifier: Apache-2.0 */
/* Probes of account administration: accounts that expire by time and by use, and the report of what was done with accounts. */
#include "tool/probes/people.h"

#define BULK 3
#define WAIT_MS 5000

static tw_err state_of(struct tw_probe_context *c, const char *id, char ret[32])
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char path[64];

	(void)snprintf(path, sizeof path, "/api/v1/accounts/%s", id);
	TW_TRY(tw_ask(c, &tw_asker_owner, "GET", path, &answer));
	(void)snprintf(ret, 32, "%s", answer.status == 404 ? "gone" : tw_json_text(answer.body, "state"));
	return TW_OK;
}

static bool is_over(const char *state)
{
	return !strcmp(state, "gone") || !strcmp(state, "expired");
}

/* --- By time and by use --- */

static tw_err make_for(struct tw_probe_context *c, struct tw_person *p, int lifetime, int uses)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	TW_TRY(tw_person_name(c->sys, p->name));
	TW_TRY(tw_order_with(c, "POST", "/api/v1/accounts",
		json_pack("{s:s, s:s, s:i, s:i}", "name", p->name, "kind", "emergency", "lifetime", lifetime, "uses", uses), &answer));
	(void)snprintf(p->id, sizeof p->id, "%s", tw_json_text(answer.body, "account"));
	if (!*p->id)
		return TW_RAISE(SYNTAX, "an account was made and has no id");
	return tw_person_give(c, p, "emergency");
}

static tw_err used_up(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f, bool *ret_good)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer second = { 0 };
	const struct tw_call close = { .method = "DELETE", .path = "/api/v1/sessions/current" };
	char token[TW_PERSON_TOKEN_MAX], state[32];
	long first = 0, over;

	TW_TRY(make_for(c, p, 60, 1));
	TW_TRY(tw_person_comes(c, p));
	(void)snprintf(token, sizeof token, "%s", p->token);
	TW_TRY(tw_person_look(c, p, f, "the first use", &first));
	TW_TRY(tw_person_enter(c, p, &second));
	over = second.status;
	TW_TRY(tw_person_call(c, token, &close, &second));
	TW_TRY(state_of(c, p->id, state));
	TW_TRY(tw_saw(f, "used up", state));
	*ret_good = first == 200 && over != 201 && is_over(state);
	return *ret_good
		? TW_OK
		: tw_found(f, TW_VERDICT_FAIL,
			  "A privileged account for one use was answered with %ld, a second login with %ld, and then it read as '%s'.",
			  first, over, state);
}

static tw_err time_up(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	int64_t end = tw_probe_now_us(c->sys) + WAIT_MS * INT64_C(1000);
	char state[32] = "";
	long after = 0;

	TW_TRY(make_for(c, p, 1, 9));
	TW_TRY(tw_person_comes(c, p));
	while (!is_over(state) && tw_probe_now_us(c->sys) < end) {
		(void)c->sys->poll(c->sys, NULL, 0, 100);
		TW_TRY(state_of(c, p->id, state));
	}
	TW_TRY(tw_person_look(c, p, f, "its session", &after));
	if (!is_over(state) || after != 401)
		return tw_found(f, TW_VERDICT_FAIL,
			"A privileged account for a second reads as '%s' later; its session was answered with %ld.", state, after);
	return tw_found(f, TW_VERDICT_PASS,
		"A privileged account for one use was refused a second login and was over when its session ended; one for a second was over then, and "
		"its session with it.");
}

/* The account is gone by itself, or is removed. */
static void remove_if_there(struct tw_probe_context *c, struct tw_finding *f, const struct tw_person *p)
{
	char state[32] = "";

	if (*p->id && !tw_failed(state_of(c, p->id, state)) && strcmp(state, "gone") != 0)
		tw_probe_take_back(c, f, "accounts", p->id);
}

/* @nist LA.RSM.6.1: both lose access on the trigger */
static tw_err expires(struct tw_probe_context *c, struct tw_finding *f)
{
	struct tw_person by_use = { .id = "" }, by_time = { .id = "" };
	bool good = false;

	tw_err e = used_up(c, &by_use, f, &good);
	if (!tw_failed(e) && good)
		e = time_up(c, &by_time, f);
	if (tw_failed(e))
		e = tw_found_trouble(f, "What the probe needs of accounts", e);
	remove_if_there(c, f, &by_use);
	remove_if_there(c, f, &by_time);
	tw_wipe(&by_use, sizeof by_use);
	tw_wipe(&by_time, sizeof by_time);
	return e;
}

/* --- The report --- */

static bool reported(const json_t *changes, const char *account, const char *what)
{
	size_t i;
	json_t *one;

	json_array_foreach(changes, i, one)
		if (!strcmp(tw_json_text(one, "account"), account) && !strcmp(tw_json_text(one, "what"), what))
			return *tw_json_text(one, "at") && !strncmp(tw_json_text(one, "by"), "owner:", 6);
	return false;
}

static tw_err check_report(struct tw_probe_context *c, const struct tw_person people[BULK], struct tw_finding *f)
{
	static const char *const steps[] = { "made", "suspended", "resumed" };
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	TW_TRY(tw_order(c, "GET", "/api/v1/account-changes?limit=30", &answer));
	for (size_t i = 0; i < BULK; i++)
		for (size_t k = 0; k < TW_COUNT(steps); k++)
			if (!reported(json_object_get(answer.body, "changes"), people[i].id, steps[k]))
				return tw_found(f, TW_VERDICT_FAIL, "The report does not tell when and by whom account %s was %s.",
					people[i].id, steps[k]);
	return tw_found(f, TW_VERDICT_PASS,
		"%d accounts were made, suspended and resumed by a script; the report has each step, with the account, who did it and when.",
		BULK);
}

static tw_err administer(struct tw_probe_context *c, struct tw_person people[BULK], struct tw_finding *f)
{
	for (size_t i = 0; i < BULK; i++) {
		TW_TRY(tw_person_make(c, "service", 0, &people[i]));
		TW_TRY(tw_probe_at(c, "PUT", "suspensions", people[i].id));
		TW_TRY(tw_probe_at(c, "DELETE", "suspensions", people[i].id));
	}
	return check_report(c, people, f);
}

/* @nist LA.RSM.6.3: in bulk, by script; each change, its actor and its time */
static tw_err report(struct tw_probe_context *c, struct tw_finding *f)
{
	struct tw_person people[BULK] = { { .id = "" } };

	tw_err e = administer(c, people, f);
	if (tw_failed(e))
		e = tw_found_trouble(f, "What the probe needs of accounts", e);
	for (size_t i = 0; i < BULK; i++)
		tw_probe_take_back(c, f, "accounts", people[i].id);
	return e;
}

const struct tw_probe tw_probes_administration[] = {
	{ "LA.RSM.6.1", "expires", TW_SOURCE_OUTSIDE, "Does a privileged account expire by time and by use?", expires, true, true },
	{ "LA.RSM.6.3", "changes-reported", TW_SOURCE_OUTSIDE, "Does a report tell who did what with accounts, and when?", report, true },
	{ .element = NULL },
};
