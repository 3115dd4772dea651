/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of shared accounts: that their conditions read back, change at once and are asked at every use. Two people are made up, one of whom is
 * a member, and an account that they would share. A window of hours that is now stays so for the next hour, so that nothing ends while this asks.
 */
#include "tool/probes/people.h"

struct cast {
	struct tw_person shared, member, other;
	char inside[16], outside[16]; /* windows of hours: now, and not now */
	char session[TW_PERSON_TOKEN_MAX];
};

static tw_err window(struct tw_probe_context *c, struct cast *k)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char path[64];

	(void)snprintf(path, sizeof path, "/api/v1/accounts/%s", k->shared.id);
	TW_TRY(tw_order(c, "GET", path, &answer));
	const char *now = tw_json_text(answer.body, "made"); /* "2026-12-24T08:30:00.000Z", just now */
	if (strlen(now) < 16)
		return TW_RAISE(SYNTAX, "the device does not say when an account was made");
	unsigned hour = ((unsigned)(now[11] - '0') * 10 + (unsigned)(now[12] - '0')) % 24;
	(void)snprintf(k->inside, sizeof k->inside, "%02u:00-%02u:00", hour, (hour + 2) % 24);
	(void)snprintf(k->outside, sizeof k->outside, "%02u:00-%02u:00", (hour + 3) % 24, (hour + 4) % 24);
	return TW_OK;
}

static tw_err begin(struct tw_probe_context *c, struct cast *k)
{
	TW_TRY(tw_person_make(c, "shared", 0, &k->shared));
	TW_TRY(tw_person_give(c, &k->shared, "operator"));
	TW_TRY(tw_person_make(c, "person", 0, &k->member));
	TW_TRY(tw_person_make(c, "person", 0, &k->other));
	TW_TRY(tw_person_comes(c, &k->member));
	TW_TRY(tw_person_comes(c, &k->other));
	return window(c, k);
}

static tw_err say(struct tw_probe_context *c, const struct cast *k, const char *member, const char *hours, struct tw_answer *ret)
{
	char path[80];

	(void)snprintf(path, sizeof path, "/api/v1/shared-accounts/%s", k->shared.id);
	return tw_order_with(c, "PUT", path,
		json_pack("{s:s, s:{s:[s], s:i}}", "members", member, "conditions", "hours", hours, "sessions", 3), ret);
}

/* What somebody who wants to use it is answered; opened: the session is kept. */
static tw_err enter(struct tw_probe_context *c, struct cast *k, const struct tw_person *who, struct tw_answer *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *body = json_pack("{s:s}", "account", k->shared.id);
	const struct tw_call call = { .method = "POST", .path = "/api/v1/shared-sessions", .body = body };

	if (!body)
		return TW_RAISE(NOMEM, "a request");
	TW_TRY(tw_accept_in(c, body));
	TW_TRY(tw_person_call(c, who->token, &call, ret));
	if (ret->status == 201 && ret->body)
		(void)snprintf(k->session, sizeof k->session, "%s", tw_json_text(ret->body, "token"));
	return TW_OK;
}

static tw_err look(struct tw_probe_context *c, const struct cast *k, struct tw_finding *f, const char *when, long *ret)
{
	struct tw_person p = k->shared;

	(void)snprintf(p.token, sizeof p.token, "%s", k->session);
	tw_err e = tw_person_look(c, &p, f, when, ret);
	tw_wipe(&p, sizeof p);
	return e;
}

static bool names(const struct tw_answer *a, const char *rule)
{
	return a->status == 403 && a->body && !strcmp(tw_json_text(a->body, "rule"), rule);
}

/* --- Set and read back --- */

static bool holds_one(const json_t *list, const char *word)
{
	const json_t *one = json_array_get(list, 0);

	return json_array_size(list) == 1 && json_is_string(one) && !strcmp(json_string_value(one), word);
}

static tw_err reads_back(struct tw_probe_context *c, struct cast *k, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char path[80];

	TW_TRY(say(c, k, k->member.id, k->inside, NULL));
	(void)snprintf(path, sizeof path, "/api/v1/shared-accounts/%s", k->shared.id);
	TW_TRY(tw_order(c, "GET", path, &answer));
	const json_t *conditions = json_object_get(answer.body, "conditions");
	bool good = holds_one(json_object_get(answer.body, "members"), k->member.id) &&
		holds_one(json_object_get(conditions, "hours"), k->inside) && tw_json_int(conditions, "sessions") == 3;
	return good
		? tw_found(f, TW_VERDICT_PASS, "A shared account was given a member, hours and a limit of sessions, and all three read back.")
		: tw_found(f, TW_VERDICT_FAIL, "The member, the hours or the limit of a shared account do not read back as they were set.");
}

/* --- Changed later --- */

static bool reported(const json_t *changes, const struct cast *k, const char *word)
{
	size_t i;
	json_t *one;

	json_array_foreach(changes, i, one)
		if (!strcmp(tw_json_text(one, "account"), k->shared.id) && strstr(tw_json_text(one, "what"), word) &&
			*tw_json_text(one, "by"))
			return true;
	return false;
}

static tw_err changes(struct tw_probe_context *c, struct cast *k, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	long before = 0, other_hours = 0, same_again = 0, other_member = 0;

	TW_TRY(say(c, k, k->member.id, k->inside, NULL));
	TW_TRY(enter(c, k, &k->member, &answer));
	TW_TRY(look(c, k, f, "a member, in the hours", &before));
	TW_TRY(say(c, k, k->member.id, k->outside, NULL));
	TW_TRY(look(c, k, f, "other hours", &other_hours));
	TW_TRY(say(c, k, k->member.id, k->inside, NULL));
	TW_TRY(look(c, k, f, "the hours of before", &same_again));
	TW_TRY(say(c, k, k->other.id, k->inside, NULL));
	TW_TRY(look(c, k, f, "another member", &other_member));
	if (before != 200 || other_hours != 401 || same_again != 200 || other_member != 401)
		return tw_found(f, TW_VERDICT_FAIL,
			"A session of a shared account was answered with %ld, with %ld when its hours changed, %ld when they changed back and %ld when "
			"its member was one no more; it should have been 200, 401, 200, 401.",
			before, other_hours, same_again, other_member);
	TW_TRY(tw_order(c, "GET", "/api/v1/account-changes?limit=30", &answer));
	const json_t *list = json_object_get(answer.body, "changes");
	if (!reported(list, k, k->outside) || !reported(list, k, k->other.id))
		return tw_found(f, TW_VERDICT_FAIL,
			"The report of changes does not tell that the hours and the members of a shared account changed.");
	return tw_found(f, TW_VERDICT_PASS,
		"When the hours of a shared account changed, and its members, the next request in a session that was open followed; the report tells both.");
}

/* --- At every use --- */

static tw_err refusals(struct tw_probe_context *c, struct cast *k, struct tw_finding *f, bool *ret_good)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer unsaid = { 0 }, other = { 0 }, late = { 0 }, code = { 0 };

	TW_TRY(enter(c, k, &k->member, &unsaid));
	TW_TRY(say(c, k, k->member.id, k->inside, NULL));
	TW_TRY(enter(c, k, &k->other, &other));
	TW_TRY(tw_ask_post(c, "/api/v1/session-codes", json_pack("{s:s}", "account", k->shared.id), &code));
	TW_TRY(say(c, k, k->member.id, k->outside, NULL));
	TW_TRY(enter(c, k, &k->member, &late));
	*ret_good = names(&unsaid, "shared.conditions") && names(&other, "shared.members") && names(&late, "condition.hours") &&
		code.status == 409;
	if (*ret_good)
		return TW_OK;
	return tw_found(f, TW_VERDICT_FAIL,
		"Without conditions a shared account was answered with %ld, for whoever is no member with %ld, outside its hours with %ld, and a "
		"code of its own with %ld; all should have been refused, by the rule that says no.",
		unsaid.status, other.status, late.status, code.status);
}

static tw_err every_use(struct tw_probe_context *c, struct cast *k, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	long inside = 0, outside = 0;
	bool good = false;

	TW_TRY(refusals(c, k, f, &good));
	if (!good)
		return TW_OK;
	TW_TRY(say(c, k, k->member.id, k->inside, NULL));
	TW_TRY(enter(c, k, &k->member, &answer));
	TW_TRY(look(c, k, f, "a member, in the hours", &inside));
	TW_TRY(say(c, k, k->member.id, k->outside, NULL));
	TW_TRY(look(c, k, f, "the same session, outside", &outside));
	if (inside != 200 || outside != 401)
		return tw_found(f, TW_VERDICT_FAIL,
			"A member's session of a shared account was answered with %ld in its hours and with %ld outside of them.",
			inside, outside);
	return tw_found(f, TW_VERDICT_PASS,
		"A shared account opened for its member in its hours, and for nobody else, not outside of them, not without conditions, and by no code of its "
		"own; a session that was open was refused when its hours were over.");
}

static tw_err with(struct tw_probe_context *c, struct tw_finding *f,
	tw_err (*ask)(struct tw_probe_context *c, struct cast *k, struct tw_finding *f))
{
	struct cast k = { .session = "" };

	tw_err e = begin(c, &k);
	if (!tw_failed(e))
		e = ask(c, &k, f);
	if (tw_failed(e))
		e = tw_found_trouble(f, "What the probe needs of accounts", e);
	tw_probe_take_back(c, f, "accounts", k.shared.id);
	tw_probe_take_back(c, f, "accounts", k.member.id);
	tw_probe_take_back(c, f, "accounts", k.other.id);
	tw_wipe(&k, sizeof k);
	return e;
}

#define ASK(name)                                                                    \
	static tw_err ask_##name(struct tw_probe_context *c, struct tw_finding *ret) \
	{                                                                            \
		return with(c, ret, name);                                           \
	}
/* @nist LA.RSM.6.4 */
ASK(reads_back)
/* @nist LA.RSM.6.5 */
ASK(changes)
/* @nist LA.RSM.6.6 */
ASK(every_use)

const struct tw_probe tw_probes_shared[] = {
	{ "LA.RSM.6.4", "shared-set", TW_SOURCE_OUTSIDE, "Do members, hours and limits of a shared account read back?", ask_reads_back, true },
	{ "LA.RSM.6.5", "shared-changed", TW_SOURCE_OUTSIDE, "Do changed members and hours of a shared account count at once?",
		ask_changes, true },
	{ "LA.RSM.6.6", "shared-enforced", TW_SOURCE_OUTSIDE, "Is a shared account refused outside its hours and members?",
		ask_every_use, true },
	{ .element = NULL },
};
