/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of limits: how many sessions there may be on a date, at hours, at a place and while a parameter of the product has a value; how
 * long an account and a session may be left unused; how much a search may ask for. What is set for a moment is set back whatever
 * happened, or the finding says that it could not be. Caps that are there are not touched, and where a cap or a limit would shut somebody
 * else out nothing is set and the finding says so. While searches are tried, every list of the device is answered in pages of two.
 */
#include "tool/probes/people.h"

#define WAIT_MS 5000
#define IDLE_MS 1300 /* more than a second of any clock */

static void pause_ms(const struct tw_probe_context *c, int ms)
{
	int64_t end = tw_probe_now_us(c->sys) + ms * INT64_C(1000);

	for (int64_t now; (now = tw_probe_now_us(c->sys)) < end;)
		(void)c->sys->poll(c->sys, NULL, 0, (int)((end - now) / 1000) + 1);
}

static bool knows_time(const struct tw_probe_context *c)
{
	return !json_is_false(json_object_get(json_object_get(c->target[0].capabilities.body, "time"), "trusted"));
}

static tw_err no_time(struct tw_finding *f)
{
	return tw_found(f, TW_VERDICT_INCONCLUSIVE, "The device does not know the time. Assess again when it does.");
}

/* --- Settings for a moment --- */

static tw_err read_setting(struct tw_probe_context *c, const char *key, char ret_value[128], char ret_etag[80])
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char path[128];

	(void)snprintf(path, sizeof path, "/api/v1/settings/%s", key);
	TW_TRY(tw_order(c, "GET", path, &answer));
	(void)snprintf(ret_value, 128, "%s", tw_json_text(answer.body, "value"));
	(void)snprintf(ret_etag, 80, "%s", answer.etag);
	return TW_OK;
}

static tw_err set_setting(struct tw_probe_context *c, const char *key, const char *value, char ret_before[128])
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *body = json_pack("{s:s}", "value", value);
	char path[128], etag[80];

	TW_TRY(read_setting(c, key, ret_before, etag));
	(void)snprintf(path, sizeof path, "/api/v1/settings/%s", key);
	if (!body)
		return TW_RAISE(NOMEM, "a request");
	const struct tw_call call = { .method = "PUT", .path = path, .body = body, .if_match = etag };
	tw_answer_init(&answer, c->sys);
	TW_TRY(tw_ask_call(c, &call, &answer));
	return tw_answer_check(&answer, c->tool->hint, sizeof c->tool->hint);
}

static void set_back(struct tw_probe_context *c, const char *key, const char *value, struct tw_finding *f)
{
	char unused[128];

	if (tw_failed(set_setting(c, key, value, unused)))
		tw_found_left(f, "%s could not be set back to '%s': %s", key, value, tw_err_detail());
}

/* --- Caps --- */

/* As it stands in a path. */
static void encode(const char *name, char ret[256])
{
	size_t n = 0;

	for (; *name && n + 4 < 256; name++) {
		bool plain = (*name >= '0' && *name <= '9') || (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
			strchr("-._", *name);
		n += (size_t)snprintf(ret + n, 256 - n, plain ? "%c" : "%%%02X", (unsigned char)*name);
	}
	ret[n] = '\0';
}

/* One that may count for an account that a probe makes: of it, or of all. */
static bool may_count(const char *cap)
{
	static const char *const kinds[] = { "account.each", "date.", "hours.", "place.", "parameter." };

	for (size_t i = 0; i < TW_COUNT(kinds); i++)
		if (!strncmp(cap, kinds[i], strlen(kinds[i])))
			return true;
	return false;
}

/* Sessions or caps of others, which a cap of all would concern or be mistaken for. */
static tw_err others_in(struct tw_probe_context *c, struct tw_finding *f, bool *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	size_t i;
	json_t *one;

	*ret = true;
	TW_TRY(tw_order_all(c, "/api/v1/session-caps", "caps", &answer));
	json_array_foreach(json_object_get(answer.body, "caps"), i, one)
		if (may_count(tw_json_text(one, "cap")))
			return tw_found(f, TW_VERDICT_INCONCLUSIVE,
				"There is a cap for %s, which may count too and which this does not touch. Clear it and assess again.",
				tw_json_text(one, "cap"));
	TW_TRY(tw_order(c, "GET", "/api/v1/sessions?limit=1", &answer));
	*ret = json_array_size(json_object_get(answer.body, "sessions")) > 0;
	return *ret ? tw_found(f, TW_VERDICT_INCONCLUSIVE,
			      "Sessions are open, which this cap would count too. Assess again when nobody is logged in.")
		    : TW_OK;
}

struct pair {
	char now[96], other[96]; /* a cap that counts now, and one of the same kind that does not */
	const char *rule;
};

static tw_err three_in(struct tw_probe_context *c, struct tw_person *p, const struct pair *caps, struct tw_finding *f, bool *ret_good)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	*ret_good = true;
	for (int i = 0; *ret_good && i < 3; i++) {
		TW_TRY(tw_person_enter(c, p, &answer));
		*ret_good = answer.status == 201;
	}
	return *ret_good
		? tw_probe_at(c, "DELETE", "account-sessions", p->id)
		: tw_found(f, TW_VERDICT_FAIL, "With room for one session under %s, which is not now, another was answered with %ld.",
			  caps->other, answer.status);
}

static tw_err one_in(struct tw_probe_context *c, struct tw_person *p, const struct pair *caps, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	TW_TRY(tw_person_comes(c, p));
	TW_TRY(tw_person_enter(c, p, &answer));
	const char *got = answer.body ? tw_json_text(answer.body, "rule") : "";
	TW_TRY(tw_saw(f, "second session", *got ? got : "opened"));
	if (answer.status != 409 || strcmp(got, caps->rule) != 0)
		return tw_found(f, TW_VERDICT_FAIL,
			"With room for one session under %s, which is now, a second was answered with %ld.", caps->now, answer.status);
	TW_TRY(tw_probe_at(c, "DELETE", "account-sessions", p->id));
	TW_TRY(tw_person_comes(c, p));
	return tw_found(f, TW_VERDICT_PASS,
		"With room for one session under %s, a second was refused, and one was opened when the first had ended; under %s three were opened.",
		caps->now, caps->other);
}

static tw_err under(struct tw_probe_context *c, const char *cap, struct tw_person *p, const struct pair *caps, struct tw_finding *f,
	bool *ret_good)
{
	char path[300], name[256];

	encode(cap, name);
	(void)snprintf(path, sizeof path, "/api/v1/session-caps/%s", name);
	TW_TRY(tw_order_with(c, "PUT", path, json_pack("{s:i}", "most", 1), NULL));
	tw_err e = cap == caps->other ? three_in(c, p, caps, f, ret_good) : one_in(c, p, caps, f);
	tw_probe_take_back(c, f, "session-caps", name);
	return e;
}

static tw_err capped(struct tw_probe_context *c, struct tw_person *p, const struct pair *caps, struct tw_finding *f)
{
	bool good = false, others = false;

	TW_TRY(others_in(c, f, &others));
	if (others)
		return TW_OK;
	if (!*p->id)
		TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(under(c, caps->other, p, caps, f, &good));
	return good ? under(c, caps->now, p, caps, f, &good) : TW_OK;
}

/* The device's time, as it says when the account was made: "2026-12-24T08:30:00.000Z". */
static tw_err time_of(struct tw_probe_context *c, struct tw_person *p, char ret[40])
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char path[64];

	TW_TRY(tw_person_make(c, "person", 0, p));
	(void)snprintf(path, sizeof path, "/api/v1/accounts/%s", p->id);
	TW_TRY(tw_order(c, "GET", path, &answer));
	(void)snprintf(ret, 40, "%s", tw_json_text(answer.body, "made"));
	return strlen(ret) > 16 ? TW_OK : TW_RAISE(SYNTAX, "the device does not say when an account was made");
}

/* @nist LA.LDU.2.4 */
static tw_err date_cap(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	struct pair caps = { .other = "date.1999-12-31", .rule = "LA.LDU.2.4" };
	char now[40];

	if (!knows_time(c))
		return no_time(f);
	TW_TRY(time_of(c, p, now));
	if (!strncmp(now + 11, "23:59", 5))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "The day is about to end on the device. Assess again in a minute.");
	(void)snprintf(caps.now, sizeof caps.now, "date.%.10s", now);
	return capped(c, p, &caps, f);
}

/* @nist LA.LDU.2.5: this hour and the next, so that it stays so while this asks */
static tw_err hours_cap(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	struct pair caps = { .rule = "LA.LDU.2.5" };
	char now[40];

	if (!knows_time(c))
		return no_time(f);
	TW_TRY(time_of(c, p, now));
	unsigned hour = ((unsigned)(now[11] - '0') * 10 + (unsigned)(now[12] - '0')) % 24;
	(void)snprintf(caps.now, sizeof caps.now, "hours.%02u:00-%02u:00", hour, (hour + 2) % 24);
	(void)snprintf(caps.other, sizeof caps.other, "hours.%02u:00-%02u:00", (hour + 3) % 24, (hour + 4) % 24);
	return capped(c, p, &caps, f);
}

/* @nist LA.LDU.2.6: a device that has no place gets one for a moment */
static tw_err place_cap(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	static const char key[] = "logical-access.place";
	struct pair caps = { .other = "place.probe elsewhere", .rule = "LA.LDU.2.6" };
	char place[128], etag[80], unused[128];
	bool others = false;

	TW_TRY(others_in(c, f, &others));
	if (others)
		return TW_OK;
	TW_TRY(read_setting(c, key, place, etag));
	(void)snprintf(caps.now, sizeof caps.now, "place.%.80s", *place ? place : "probe here");
	if (!*place)
		TW_TRY(set_setting(c, key, "probe here", unused));
	tw_err e = capped(c, p, &caps, f);
	if (!*place)
		set_back(c, key, "", f);
	return e;
}

/* What this parameter is not now, and could be: a number is never below itself. False: it can be nothing else. */
static bool is_not(const json_t *setting, char ret[96])
{
	const char *key = tw_json_text(setting, "key"), *value = tw_json_text(setting, "value"),
		   *type = tw_json_text(setting, "type"), *choices = tw_json_text(setting, "choices");
	size_t size = strcspn(choices, "|");

	if (!strcmp(type, "int"))
		return snprintf(ret, 96, "parameter.%s<%s", key, value) > 0;
	if (!strcmp(type, "bool"))
		return snprintf(ret, 96, "parameter.%s=%s", key, !strcmp(value, "on") ? "off" : "on") > 0;
	if (strcmp(type, "choice") != 0)
		return snprintf(ret, 96, "parameter.%s=%s", key, !strcmp(value, "probe") ? "other" : "probe") > 0;
	if (size == strlen(value) && !strncmp(choices, value, size)) {
		choices += size + (choices[size] == '|');
		size = strcspn(choices, "|");
	}
	return snprintf(ret, 96, "parameter.%s=%.*s", key, (int)size, choices) > 0 && size > 0;
}

/* @nist LA.LDU.2.7: the first parameter that the product has and that can be something else */
static tw_err parameter_cap(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	struct pair caps = { .rule = "LA.LDU.2.7" };
	size_t i;
	json_t *one;

	TW_TRY(tw_order_all(c, "/api/v1/settings", "settings", &answer));
	json_array_foreach(json_object_get(answer.body, "settings"), i, one) {
		const char *key = tw_json_text(one, "key");

		if (strncmp(key, "application.", 12) != 0 || strlen(key) + strlen(tw_json_text(one, "value")) > 70 ||
			!is_not(one, caps.other))
			continue;
		(void)snprintf(caps.now, sizeof caps.now, "parameter.%s=%s", key, tw_json_text(one, "value"));
		return capped(c, p, &caps, f);
	}
	return tw_found(f, TW_VERDICT_NOT_APPLICABLE, "The product has no parameter of its own that a cap could follow.");
}

/* --- What is left unused --- */

static tw_err only_owners(struct tw_probe_context *c, bool *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	size_t i, k;
	json_t *one, *role;

	TW_TRY(tw_order_all(c, "/api/v1/accounts", "accounts", &answer));
	*ret = json_array_size(json_object_get(answer.body, "accounts")) > 0; /* the owner at least: a list without him is cut */
	json_array_foreach(json_object_get(answer.body, "accounts"), i, one) {
		bool owner = false;

		json_array_foreach(json_object_get(one, "roles"), k, role)
			owner |= json_is_string(role) && !strcmp(json_string_value(role), "owner");
		*ret &= owner;
	}
	return TW_OK;
}

static tw_err becomes_disabled(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer account = { 0 }, code = { 0 };
	int64_t end = tw_probe_now_us(c->sys) + WAIT_MS * INT64_C(1000);
	char path[64];
	long session = 0;

	(void)snprintf(path, sizeof path, "/api/v1/accounts/%s", p->id);
	do {
		pause_ms(c, 100);
		TW_TRY(tw_order(c, "GET", path, &account));
	} while (strcmp(tw_json_text(account.body, "state"), "disabled") != 0 && tw_probe_now_us(c->sys) < end);
	TW_TRY(tw_saw(f, "state", tw_json_text(account.body, "state")));
	TW_TRY(tw_person_look(c, p, f, "its session", &session));
	TW_TRY(tw_ask_post(c, "/api/v1/session-codes", json_pack("{s:s}", "account", p->id), &code));
	if (strcmp(tw_json_text(account.body, "state"), "disabled") != 0 || session != 401 || code.status != 409)
		return tw_found(f, TW_VERDICT_FAIL,
			"An account that nobody had used for longer than the limit of a second reads as '%s'; its session was answered with %ld, a new "
			"login with %ld.",
			tw_json_text(account.body, "state"), session, code.status);
	return tw_found(f, TW_VERDICT_PASS,
		"With a limit of a second, an account that nobody used read as disabled, its session was refused, and it could not log in.");
}

/* @nist LA.AC.1.4: with a limit of a second, which would disable whoever else has an account, so only when nobody has */
static tw_err unused_account(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	static const char key[] = "logical-access.inactive";
	char before[128];
	bool alone = false;

	if (!knows_time(c))
		return no_time(f);
	TW_TRY(only_owners(c, &alone));
	if (!alone)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"Trying it would disable the accounts that others have here. It can be tried on a device that only owners have accounts on.");
	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_comes(c, p));
	TW_TRY(set_setting(c, key, "1", before));
	tw_err e = becomes_disabled(c, p, f);
	set_back(c, key, before, f);
	return e;
}

static tw_err enter_for(struct tw_probe_context *c, struct tw_person *p, int idle)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer code = { 0 }, answer = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *body = NULL;

	TW_TRY(tw_order_with(c, "POST", "/api/v1/session-codes", json_pack("{s:s}", "account", p->id), &code));
	body = json_pack("{s:s, s:i}", "code", tw_json_text(code.body, "code"), "idle", idle);
	if (!body)
		return TW_RAISE(NOMEM, "a request");
	TW_TRY(tw_accept_in(c, body));
	const struct tw_call call = { .method = "POST", .path = "/api/v1/sessions", .body = body };
	TW_TRY(tw_person_call(c, NULL, &call, &answer));
	TW_TRY(tw_answer_check(&answer, c->tool->hint, sizeof c->tool->hint));
	(void)snprintf(p->token, sizeof p->token, "%s", tw_json_text(answer.body, "token"));
	return TW_OK;
}

/* @nist LA.AC.1.4.1: of two sessions, the one that may be idle for a second is over behind it, and the other is not */
static tw_err idle_session(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	struct tw_person longer;
	long before = 0, after = 0, other = 0;

	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_give(c, p, "operator"));
	TW_TRY(tw_person_comes(c, p));
	longer = *p;
	TW_TRY(enter_for(c, p, 1));
	TW_TRY(tw_person_look(c, p, f, "at once", &before));
	pause_ms(c, IDLE_MS);
	TW_TRY(tw_person_look(c, p, f, "idle for longer", &after));
	TW_TRY(tw_person_look(c, &longer, f, "a session that may be idle as long", &other));
	tw_wipe(&longer, sizeof longer);
	if (before != 200 || after != 401 || other != 200)
		return tw_found(f, TW_VERDICT_FAIL,
			"A session that may be idle for a second was answered with %ld, and after longer with %ld; one that may be idle for longer, with %ld.",
			before, after, other);
	return tw_found(f, TW_VERDICT_PASS,
		"A session that may be idle for a second was refused after longer; another of the same account, which may be idle for longer, was not.");
}

/* --- Searches --- */

static tw_err policy_counts(struct tw_probe_context *c, struct tw_finding *f)
{
	static const char key[] = "logical-access.list-max";
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char before[128];

	TW_TRY(set_setting(c, key, "2", before));
	tw_err e = tw_order(c, "GET", "/api/v1/log?limit=50", &answer);
	set_back(c, key, before, f);
	TW_TRY(e);
	size_t n = json_array_size(json_object_get(answer.body, "records"));
	if (n != 2 || !*tw_json_text(answer.body, "next"))
		return tw_found(f, TW_VERDICT_FAIL, "With two entries as the most, a search for 50 was answered with %zu.", n);
	return tw_found(f, TW_VERDICT_PASS,
		"Searches for more entries than there may be, for unknown fields and from a made-up place were rejected; with two entries as the "
		"most, a search for 50 got two.");
}

/* @nist LA.LDU.1: what a search may ask, and how much it is answered */
static tw_err searches(struct tw_probe_context *c, struct tw_finding *f)
{
	static const char *const wrong[] = { "/api/v1/log?limit=1000000", "/api/v1/log?everything=1",
		"/api/v1/log?cursor=AAAAAAAAAAAAAAAA", "/api/v1/accounts?limit=1000000", "/api/v1/accounts?password=alice",
		"/api/v1/settings?limit=1000000", "/api/v1/inventory?limit=1000000" };
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	for (size_t i = 0; i < TW_COUNT(wrong); i++) {
		tw_err e = tw_ask(c, &tw_asker_owner, "GET", wrong[i], &answer);
		if (tw_failed(e))
			return tw_found_trouble(f, "A search", e);
		if (answer.status != 400)
			return tw_found(f, TW_VERDICT_FAIL, "%s was answered with %ld.", wrong[i], answer.status);
	}
	tw_err e = policy_counts(c, f);
	return tw_failed(e) ? tw_found_trouble(f, "A search", e) : TW_OK;
}

#define ASK(name)                                                                    \
	static tw_err ask_##name(struct tw_probe_context *c, struct tw_finding *ret) \
	{                                                                            \
		return tw_person_with(c, ret, name);                                 \
	}
ASK(date_cap)
ASK(hours_cap)
ASK(place_cap)
ASK(parameter_cap)
ASK(unused_account)
ASK(idle_session)

const struct tw_probe tw_probes_limits[] = {
	{ "LA.LDU.1", "searches", TW_SOURCE_OUTSIDE, "Is a search for too much refused or cut short?", searches, true },
	{ "LA.LDU.2.4", "date-capped", TW_SOURCE_OUTSIDE, "Is one session too many on a date refused?", ask_date_cap, true },
	{ "LA.LDU.2.5", "hours-capped", TW_SOURCE_OUTSIDE, "Is one session too many at an hour refused?", ask_hours_cap, true },
	{ "LA.LDU.2.6", "place-capped", TW_SOURCE_OUTSIDE, "Is one session too many at a place refused?", ask_place_cap, true },
	{ "LA.LDU.2.7", "parameter-capped", TW_SOURCE_OUTSIDE, "Does a cap follow a parameter of the product?", ask_parameter_cap, true },
	{ "LA.AC.1.4", "unused-disabled", TW_SOURCE_OUTSIDE, "Is an account that nobody uses disabled?", ask_unused_account, true, true },
	{ "LA.AC.1.4.1", "idle-logged-out", TW_SOURCE_OUTSIDE, "Is an idle session refused?", ask_idle_session, true, true },
	{ .element = NULL },
};
