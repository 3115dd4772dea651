/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Administrators control an interface: on, off and its rate, by HTTPS and at the device itself. What is tried is a link that the list of the mode has off
 * already, so that nobody's way in is touched. Each change waits to be confirmed and is taken back here; were this tool to end in between, the device
 * takes it back by itself.
 */
#include "tool/probes/people.h"

#define LIST "/api/v1/interfaces?limit=300"
#define WAIT_MS 15000
#define SAID_MS 2000
#define TURN_MS 200
#define LIMIT "packets=100000/200000" /* more than any link that is off has */

struct control {
	struct tw_probe_context *c;
	struct tw_person *p;
	struct tw_finding *f;
	const char *link; /* behind "link:" */
	bool local;       /* by the local socket, as the person, who is logged in there; else as the owner by HTTPS */
	char without[512], mode[16];
};

static const char *door(const struct control *k)
{
	return k->local ? "At the local socket" : "By HTTPS";
}

/* Any status is an answer. */
static tw_err call(const struct control *k, const struct tw_call *what, struct tw_answer *ret)
{
	struct tw_call mine = *what;

	tw_answer_init(ret, k->c->sys);
	if (!k->local)
		return tw_ask_call(k->c, what, ret);
	mine.token = k->p->token;
	return tw_session_call(k->c->tool, k->c->local, &mine, ret);
}

static tw_err get(const struct control *k, const char *path, struct tw_answer *ret)
{
	TW_TRY(call(k, &(struct tw_call){ .method = "GET", .path = path }, ret));
	return tw_answer_check(ret, k->c->tool->hint, sizeof k->c->tool->hint);
}

static tw_err put(const struct control *k, const char *key, const char *value)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer before = { 0 }, after = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *body = json_pack("{s:s}", "value", value);
	char path[128];

	if (!body)
		return TW_RAISE(NOMEM, "a request");
	(void)snprintf(path, sizeof path, "/api/v1/settings/%s%s", key, k->mode);
	TW_TRY(get(k, path, &before));
	TW_TRY(call(k, &(struct tw_call){ .method = "PUT", .path = path, .body = body, .if_match = before.etag }, &after));
	return tw_answer_check(&after, k->c->tool->hint, sizeof k->c->tool->hint);
}

static tw_err take_back(const struct control *k)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	TW_TRY(call(k, &(struct tw_call){ .method = "DELETE", .path = "/api/v1/change" }, &answer));
	return tw_answer_check(&answer, k->c->tool->hint, sizeof k->c->tool->hint);
}

/* The link is off, or not, and the device holds what its list says. */
static tw_err is_off(const struct control *k, bool *ret_off, bool *ret_held)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	size_t i;
	json_t *one;

	TW_TRY(get(k, LIST, &answer));
	*ret_held = tw_json_bool(answer.body, "held");
	json_array_foreach(json_object_get(answer.body, "interfaces"), i, one)
		if (tw_json_bool(one, "present") && !strcmp(tw_json_text(one, "kind"), "link") &&
			!strcmp(tw_json_text(one, "name"), k->link)) {
			*ret_off = !strcmp(tw_json_text(one, "state"), "off");
			return TW_OK;
		}
	return TW_RAISE(NOTFOUND, "the device lists no link %.40s", k->link);
}

static tw_err is_limited(const struct control *k, bool *ret_limited, bool *ret_holds)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char want[96];
	size_t i;
	json_t *one;

	(void)snprintf(want, sizeof want, "%.60s:packets", k->c->off);
	TW_TRY(get(k, "/api/v1/firewall", &answer));
	*ret_holds = tw_json_bool(answer.body, "holds") && !strcmp(tw_json_text(answer.body, "mode"), "enforce");
	*ret_limited = false;
	json_array_foreach(json_object_get(answer.body, "rates"), i, one)
		*ret_limited = *ret_limited || (!strcmp(tw_json_text(one, "what"), want) && tw_json_int(one, "rate") == 100000);
	return TW_OK;
}

/* Until it is so and the device says that it holds; one that says so for a while, and it is not so, is not waited for any more. */
static tw_err becomes(const struct control *k, tw_err (*is)(const struct control *, bool *, bool *), bool want, bool *ret)
{
	const int64_t until = tw_probe_now_us(k->c->sys) + WAIT_MS * INT64_C(1000);
	int64_t said_ms = 0;

	for (;;) {
		bool so = !want, holds = false;

		TW_TRY(is(k, &so, &holds));
		*ret = so == want && holds;
		if (*ret || said_ms >= SAID_MS || tw_probe_now_us(k->c->sys) > until)
			return TW_OK;
		said_ms = holds ? said_ms + TURN_MS : 0;
		(void)k->c->sys->poll(k->c->sys, NULL, 0, TURN_MS);
	}
}

/* *ret: the setting made it so, and taken back it is as it was. */
static tw_err tries(const struct control *k, const char *key, const char *value, bool *ret)
{
	const bool rate = strncmp(key, "firewall.", 9) == 0;
	bool there = false, back = false;

	TW_TRY(put(k, key, value));
	tw_err e = becomes(k, rate ? is_limited : is_off, rate, &there);
	tw_err undone = take_back(k);
	TW_TRY(e);
	TW_TRY(undone);
	if (there)
		TW_TRY(becomes(k, rate ? is_limited : is_off, !rate, &back));
	*ret = there && back;
	if (!there || !back)
		return tw_found(k->f, TW_VERDICT_FAIL, "%s %s%s was changed, and %s.", door(k), key, k->mode,
			there ? "the interface was not as before when that was taken back" : "the interface did not follow");
	return TW_OK;
}

static tw_err rates_with(const struct control *k, char *ret, size_t size)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char path[96];

	(void)snprintf(path, sizeof path, "/api/v1/settings/firewall.rates-%s", k->mode);
	TW_TRY(get(k, path, &answer));
	const char *now = tw_json_text(answer.body, "value");
	(void)snprintf(ret, size, "%.380s%s%.60s:" LIMIT, now, *now ? " " : "", k->c->off);
	return TW_OK;
}

static tw_err by_one_door(struct control *k, bool *ret)
{
	char rates[512];

	TW_TRY(tries(k, "interfaces.off-", k->without, ret));
	if (!*ret)
		return TW_OK;
	TW_TRY(rates_with(k, rates, sizeof rates));
	return tries(k, "firewall.rates-", rates, ret);
}

/* The list without the word of this link; false: it does not have that. */
static bool cut(struct control *k, const char *policy)
{
	const size_t size = strlen(k->c->off);
	bool found = false;

	for (const char *at = policy; *at; at += strspn(at, " ")) {
		const size_t n = strcspn(at, " "), used = strlen(k->without);

		if (n == size && !memcmp(at, k->c->off, n))
			found = true;
		else
			(void)snprintf(k->without + used, sizeof k->without - used, "%s%.*s", used ? " " : "", (int)n, at);
		at += n;
	}
	return found;
}

static tw_err controls(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer list = { 0 }, wall = { 0 };
	struct control k = { .c = c, .p = p, .f = f, .link = c->off + strlen("link:") };
	bool good = false;

	TW_TRY(tw_order(c, "GET", LIST, &list));
	(void)snprintf(k.mode, sizeof k.mode, "%s", tw_json_text(list.body, "mode"));
	if (!cut(&k, tw_json_text(list.body, "policy")))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "The list of the device's mode does not have %.60s by that word.", c->off);
	TW_TRY(tw_order(c, "GET", "/api/v1/firewall", &wall));
	if (strcmp(tw_json_text(wall.body, "mode"), "enforce") != 0)
		return tw_found(f, TW_VERDICT_FAIL, "No rate of an interface is limited: firewall.mode is %.20s.",
			tw_json_text(wall.body, "mode"));
	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_give(c, p, "admin"));
	TW_TRY(tw_person_comes_here(c, p));
	for (int i = 0; i < 2; i++) {
		k.local = i == 1;
		tw_err e = by_one_door(&k, &good);
		if (tw_failed(e))
			return tw_found_trouble(f, door(&k), e);
		if (!good)
			return TW_OK;
	}
	return tw_found(f, TW_VERDICT_PASS,
		"An administrator switched %.60s on and off and limited its rate, by HTTPS and at the local socket; "
		"the device did so each time, and took it back.",
		c->off);
}

/* @nist LA.IC.9: on, off and rate, at the device itself and from afar */
static tw_err admins_control(struct tw_probe_context *c, struct tw_finding *f)
{
	if (!c->local || !c->off || strncmp(c->off, "link:", 5) != 0)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"It takes both ways in and a link: assess on the device itself with --local, and name with --off link:NAME one "
			"that the list of the mode has off.");
	return tw_person_with(c, f, controls);
}

const struct tw_probe tw_probes_control[] = {
	{ "LA.IC.9", "admins-control", TW_SOURCE_INSIDE, "Do administrators switch an interface and limit its rate, here and from afar?",
		admins_control, .intrusive = true, .waits = true },
	{},
};
