/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of accounts and sessions: the owner whose tool this is makes accounts with fresh names, comes as them, and removes them
 * whatever happened (people.h).
 */
#include "tool/probes/people.h"

/* @nist LA.RSM.1: a second account of the same name is a conflict, also in other letters */
static tw_err one_name(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char capital[sizeof p->name];

	TW_TRY(tw_person_make(c, "person", 0, p));
	for (size_t i = 0; i < sizeof capital; i++)
		capital[i] = p->name[i] >= 'a' && p->name[i] <= 'z' ? (char)(p->name[i] - 'a' + 'A') : p->name[i];
	for (int k = 0; k < 2; k++) {
		TW_TRY(tw_ask_post(c, "/api/v1/accounts", json_pack("{s:s, s:s}", "name", k ? capital : p->name, "kind", "person"), &answer));
		if (answer.status != 409)
			return tw_found(f, TW_VERDICT_FAIL, "A second account named '%s' was answered with %ld; it should be a conflict.",
				k ? capital : p->name, answer.status);
	}
	return tw_found(f, TW_VERDICT_PASS,
		"An account was made; a second one of its name, in the same letters and in capitals, was a conflict.");
}

/* @nist LA.RSM.2: what somebody may do changes with the next request when a role is given, and when it is taken away */
static tw_err roles_count(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	char assignment[64];
	long without = 0, with = 0, after = 0;

	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_comes(c, p));
	TW_TRY(tw_person_look(c, p, f, "without a role", &without));
	TW_TRY(tw_person_give(c, p, "operator"));
	TW_TRY(tw_person_look(c, p, f, "as operator", &with));
	(void)snprintf(assignment, sizeof assignment, "%s.operator", p->id);
	TW_TRY(tw_probe_at(c, "DELETE", "role-assignments", assignment));
	TW_TRY(tw_person_look(c, p, f, "afterwards", &after));
	if (without != 403 || with != 200 || (after != 401 && after != 403))
		return tw_found(f, TW_VERDICT_FAIL,
			"Without a role the answer was %ld, as operator %ld, afterwards %ld; it should have been refused, answered, refused.",
			without, with, after);
	return tw_found(f, TW_VERDICT_PASS,
		"Without a role an account was refused, as operator it was answered at the next request, afterwards it was refused.");
}

static tw_err logged(struct tw_probe_context *c, const char *id, bool *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	size_t i;
	json_t *r;

	*ret = false;
	TW_TRY(tw_order(c, "GET", "/api/v1/log?limit=50", &answer));
	json_array_foreach(json_object_get(answer.body, "records"), i, r)
		*ret |= !strcmp(tw_json_text(json_object_get(r, "fields"), "account"), id);
	return TW_OK;
}

/* @nist LA.RSM.3: renamed it is the same, removed and made again it is another; the log tells them apart */
static tw_err ids_stay(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char first[sizeof p->id], path[64], other[sizeof p->name];
	bool before = false, behind = false;

	TW_TRY(tw_person_make(c, "person", 0, p));
	(void)snprintf(first, sizeof first, "%s", p->id);
	(void)snprintf(path, sizeof path, "/api/v1/accounts/%s", p->id);
	TW_TRY(tw_person_name(c->sys, other));
	TW_TRY(tw_order_with(c, "PUT", path, json_pack("{s:s}", "name", other), &answer));
	if (strcmp(tw_json_text(answer.body, "account"), first) != 0)
		return tw_found(f, TW_VERDICT_FAIL, "Renamed, the account %s became %s.", first, tw_json_text(answer.body, "account"));
	TW_TRY(tw_probe_at(c, "DELETE", "accounts", first));
	p->id[0] = '\0';
	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_saw(f, "first", first));
	TW_TRY(tw_saw(f, "second", p->id));
	if (!strcmp(p->id, first))
		return tw_found(f, TW_VERDICT_FAIL, "Removed and made again, the account has the same id %s.", first);
	TW_TRY(logged(c, first, &before));
	TW_TRY(logged(c, p->id, &behind));
	if (!before || !behind)
		return tw_found(f, TW_VERDICT_FAIL, "The newest records of the log do not name both ids, %s and %s.", first, p->id);
	return tw_found(f, TW_VERDICT_PASS,
		"Renamed, an account kept its id; removed and made again it has another, and the log names both.");
}

/* @nist LA.RSM.4.2: state and sessions follow each change */
static tw_err kept(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char path[64];
	long active = 0, suspended = 0, resumed = 0;

	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_give(c, p, "operator"));
	TW_TRY(tw_person_comes(c, p));
	TW_TRY(tw_person_look(c, p, f, "active", &active));
	TW_TRY(tw_probe_at(c, "PUT", "suspensions", p->id));
	TW_TRY(tw_person_look(c, p, f, "suspended", &suspended));
	TW_TRY(tw_probe_at(c, "DELETE", "suspensions", p->id));
	TW_TRY(tw_person_comes(c, p));
	TW_TRY(tw_person_look(c, p, f, "resumed", &resumed));
	(void)snprintf(path, sizeof path, "/api/v1/accounts/%s", p->id);
	TW_TRY(tw_probe_at(c, "DELETE", "accounts", p->id));
	p->id[0] = '\0';
	TW_TRY(tw_ask(c, &tw_asker_owner, "GET", path, &answer));
	if (active != 200 || suspended != 401 || resumed != 200 || answer.status != 404)
		return tw_found(f, TW_VERDICT_FAIL,
			"Active %ld, suspended %ld, resumed %ld, removed %ld; it should have been 200, 401, 200, 404.", active,
			suspended, resumed, answer.status);
	return tw_found(f, TW_VERDICT_PASS,
		"An open session ended when its account was suspended; resumed it came in again; removed it was gone.");
}

/* @nist LA.AC.1.3: the second login carries the first one's time */
static tw_err previous(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer first = { 0 }, second = { 0 }, account = { 0 };
	char path[64];
	const char *told;

	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_enter(c, p, &first));
	(void)snprintf(path, sizeof path, "/api/v1/accounts/%s", p->id);
	TW_TRY(tw_order(c, "GET", path, &account));
	TW_TRY(tw_person_enter(c, p, &second));
	told = tw_json_text(second.body, "previous");
	TW_TRY(tw_saw(f, "told", told));
	if (first.status != 201 || second.status != 201)
		return tw_found(f, TW_VERDICT_FAIL, "Two logins were answered with %ld and %ld.", first.status, second.status);
	if (*tw_json_text(first.body, "previous"))
		return tw_found(f, TW_VERDICT_FAIL, "The first login of a new account was told of one before.");
	if (!*told || strcmp(told, tw_json_text(account.body, "login")) != 0)
		return tw_found(f, TW_VERDICT_FAIL, "The second login was told '%s'; the first one was at '%s'.", told,
			tw_json_text(account.body, "login"));
	return tw_found(f, TW_VERDICT_PASS, "The second login was told when the first one was: %s.", told);
}

#define LIFE_S 2

/* @nist LA.AC.1.4.2: an emergency account whose time is up is gone, and its session with it */
static tw_err ends(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char path[64];
	long before = 0, after = 0;

	TW_TRY(tw_person_make(c, "emergency", LIFE_S, p));
	int64_t made = tw_probe_now_us(c->sys);
	TW_TRY(tw_person_give(c, p, "operator"));
	TW_TRY(tw_person_comes(c, p));
	TW_TRY(tw_person_look(c, p, f, "before", &before));
	(void)snprintf(path, sizeof path, "/api/v1/accounts/%s", p->id);
	for (answer.status = 200; answer.status == 200 && tw_probe_now_us(c->sys) - made < 3 * LIFE_S * INT64_C(1000000);) {
		(void)c->sys->poll(c->sys, NULL, 0, 200);
		TW_TRY(tw_ask(c, &tw_asker_owner, "GET", path, &answer));
	}
	TW_TRY(tw_person_look(c, p, f, "afterwards", &after));
	if (answer.status != 404)
		return tw_found(f, TW_VERDICT_FAIL, "An emergency account of %d s was there three times as long: %ld.", LIFE_S,
			answer.status);
	p->id[0] = '\0';
	if (after != 401)
		return tw_found(f, TW_VERDICT_FAIL, "The session of an account that has ended was answered with %ld.", after);
	return tw_found(f, TW_VERDICT_PASS, "An emergency account of %d s was gone when its time was up, and its session with it.", LIFE_S);
}

/* One session, as many as the cap admits; the next one is refused by this rule; without the cap it is not. */
static tw_err capped(struct tw_probe_context *c, struct tw_person *p, const char *cap, const char *rule, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char path[96];

	(void)snprintf(path, sizeof path, "/api/v1/session-caps/%s", cap);
	TW_TRY(tw_order_with(c, "PUT", path, json_pack("{s:i}", "most", 1), NULL));
	tw_err e = tw_person_comes(c, p);
	if (!tw_failed(e))
		e = tw_person_enter(c, p, &answer);
	tw_probe_take_back(c, f, "session-caps", cap);
	TW_TRY(e);
	const char *got = answer.body ? tw_json_text(answer.body, "rule") : "";
	TW_TRY(tw_saw(f, "second session", *got ? got : "opened"));
	if (answer.status != 409 || strcmp(got, rule) != 0)
		return tw_found(f, TW_VERDICT_FAIL, "With room for one session for %s, a second one was answered with %ld.", cap,
			answer.status);
	e = tw_person_comes(c, p);
	if (tw_failed(e))
		return tw_found(f, TW_VERDICT_FAIL, "Without the cap, a second session was refused: %s.", tw_err_detail());
	return tw_found(f, TW_VERDICT_PASS,
		"With room for one session for %s, the second was refused by %s; without the cap it was opened.", cap, rule);
}

static tw_err cap_refusal_logged(struct tw_probe_context *c, bool *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	size_t i;
	json_t *r;

	*ret = false;
	TW_TRY(tw_order(c, "GET", "/api/v1/log?limit=20", &answer));
	json_array_foreach(json_object_get(answer.body, "records"), i, r)
		*ret |= !strcmp(tw_json_text(r, "result"), "refused") && !strcmp(tw_json_text(r, "rule"), "LA.LDU.2.1");
	return TW_OK;
}

static tw_err fill_and_free(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer over = { 0 };
	const struct tw_call close = { .method = "DELETE", .path = "/api/v1/sessions/current" };
	char first[TW_PERSON_TOKEN_MAX];
	bool logged = false;

	TW_TRY(tw_person_comes(c, p));
	(void)snprintf(first, sizeof first, "%s", p->token);
	TW_TRY(tw_person_comes(c, p));
	TW_TRY(tw_person_enter(c, p, &over));
	if (over.status != 409)
		return tw_found(f, TW_VERDICT_FAIL, "With room for two sessions, a third was answered with %ld.", over.status);
	TW_TRY(cap_refusal_logged(c, &logged));
	if (!logged)
		return tw_found(f, TW_VERDICT_FAIL, "A session too many was refused, and the newest records of the log do not say so.");
	TW_TRY(tw_person_call(c, first, &close, &over));
	TW_TRY(tw_person_comes(c, p));
	return tw_found(f, TW_VERDICT_PASS,
		"With room for two sessions, a third was refused and logged; when one had been closed, another was opened.");
}

/* @nist LA.LDU.2: up to the cap, one more, and one more when one has ended */
static tw_err freed(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	char cap[64], path[96];

	TW_TRY(tw_person_make(c, "person", 0, p));
	(void)snprintf(cap, sizeof cap, "account.%s", p->id);
	(void)snprintf(path, sizeof path, "/api/v1/session-caps/%s", cap);
	TW_TRY(tw_order_with(c, "PUT", path, json_pack("{s:i}", "most", 2), NULL));
	tw_err e = fill_and_free(c, p, f);
	tw_probe_take_back(c, f, "session-caps", cap);
	return e;
}

/* @nist LA.LDU.2.1 */
static tw_err account_cap(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	char cap[64];

	TW_TRY(tw_person_make(c, "person", 0, p));
	(void)snprintf(cap, sizeof cap, "account.%s", p->id);
	return capped(c, p, cap, "LA.LDU.2.1", f);
}

/* @nist LA.LDU.2.2: of a role that others may hold, so a cap that is there is left alone */
static tw_err role_cap(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	size_t i;
	json_t *one;

	TW_TRY(tw_order_all(c, "/api/v1/session-caps", "caps", &answer));
	json_array_foreach(json_object_get(answer.body, "caps"), i, one)
		if (!strcmp(tw_json_text(one, "cap"), "role.supporting-party"))
			return tw_found(f, TW_VERDICT_INCONCLUSIVE,
				"There is a cap for role.supporting-party, which this does not touch. Clear it and assess again.");
	TW_TRY(tw_order(c, "GET", "/api/v1/sessions?limit=1", &answer));
	if (json_array_size(json_object_get(answer.body, "sessions")) > 0)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"Sessions are open that a cap of a role could concern. Assess again when nobody is logged in.");
	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_give(c, p, "supporting-party"));
	return capped(c, p, "role.supporting-party", "LA.LDU.2.2", f);
}

/* @nist LA.LDU.2.3 */
static tw_err group_cap(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	char group[32], cap[64];

	TW_TRY(tw_person_make(c, "person", 0, p));
	(void)snprintf(group, sizeof group, "probe-%s", p->name + strlen("probe "));
	TW_TRY(tw_order_with(c, "POST", "/api/v1/group-members", json_pack("{s:s, s:s}", "account", p->id, "group", group), NULL));
	(void)snprintf(cap, sizeof cap, "group.%s", group);
	return capped(c, p, cap, "LA.LDU.2.3", f);
}

#define ASK(name)                                                                    \
	static tw_err ask_##name(struct tw_probe_context *c, struct tw_finding *ret) \
	{                                                                            \
		return tw_person_with(c, ret, name);                                 \
	}
ASK(one_name)
ASK(roles_count)
ASK(ids_stay)
ASK(kept)
ASK(previous)
ASK(ends)
ASK(freed)
ASK(account_cap)
ASK(role_cap)
ASK(group_cap)

const struct tw_probe tw_probes_accounts[] = {
	{ "LA.AC.1.3", "login-before-told", TW_SOURCE_OUTSIDE, "Does a login tell when the one before was?", ask_previous, true },
	{ "LA.AC.1.4.2", "emergency-ends", TW_SOURCE_OUTSIDE, "Is an emergency account gone when its time is up?", ask_ends, true, true },
	{ "LA.RSM.1", "one-name", TW_SOURCE_OUTSIDE, "Is a second account of one name a conflict?", ask_one_name, true },
	{ "LA.RSM.2", "roles-count", TW_SOURCE_OUTSIDE, "Do a role given and a role taken count at the next request?", ask_roles_count, true },
	{ "LA.RSM.3", "ids-stay", TW_SOURCE_OUTSIDE, "Does an id stay, and is it never given again?", ask_ids_stay, true },
	{ "LA.RSM.4.2", "state-follows", TW_SOURCE_OUTSIDE, "Do state and sessions follow suspending, resuming and removing?",
		ask_kept, true },
	{ "LA.LDU.2", "capped-and-freed", TW_SOURCE_OUTSIDE,
		"Is one session too many refused and logged, and does an end make room?", ask_freed, true },
	{ "LA.LDU.2.1", "account-capped", TW_SOURCE_OUTSIDE, "Is one session too many of an account refused?", ask_account_cap, true },
	{ "LA.LDU.2.2", "role-capped", TW_SOURCE_OUTSIDE, "Is one session too many of a role refused?", ask_role_cap, true },
	{ "LA.LDU.2.3", "group-capped", TW_SOURCE_OUTSIDE, "Is one session too many of a group refused?", ask_group_cap, true },
	{ .element = NULL },
};
