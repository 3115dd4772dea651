/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of logging in: what the organization's settings ask for counts at the next login. Somebody made up is given a password, changes it and logs
 * in with it; so his client is known, and the tool without what it was given is a stranger. Waits are of a second or a few, and what is set for
 * a moment is set back whatever happened (moment.h). A policy that is there is never loosened to try something.
 */
#include "tool/probes/moment.h"
#include "tool/probes/people.h"

#include "base/text.h"

#define LOGINS "/api/v1/logins"
#define PLACE "/api/v1/settings?limit=1"  /* 403 for an account without a role, 401 for whoever is none */
#define OWNERS "/api/v1/sessions?limit=1" /* his, whatever feature is off */
#define SECRET 72                         /* hex digits, more than any length that may be asked for */
#define SLOW_US 3000000
#define WAIT_MOST_S 32 /* a second is enough for a device that answers at once */

static const char min_key[] = "logical-access.password-min", second_key[] = "logical-access.second-factor",
		  methods_key[] = "logical-access.network-methods", attempts_key[] = "logical-access.attempts",
		  wait_key[] = "logical-access.attempts-wait", throttle_key[] = "logical-access.throttle",
		  most_key[] = "logical-access.attempts-wait-most";

/* Somebody made up, and what he logs in with. */
struct guest {
	struct tw_probe_context *c;
	struct tw_finding *f;
	struct tw_moment m;
	struct tw_person p;
	char password[SECRET + 1], client[TW_PERSON_TOKEN_MAX];
};

static tw_err fresh_secret(const struct tw_sys *sys, size_t size, char ret[SECRET + 1])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	uint8_t bytes[SECRET / 2];

	tw_buf_init(&hex, sys, SECRET);
	if (sys->random(sys, bytes, sizeof bytes) != 0)
		return TW_RAISE_ERRNO("randomness");
	TW_TRY(tw_buf_hex(&hex, bytes, sizeof bytes));
	(void)snprintf(ret, SECRET + 1, "%.*s", (int)size, tw_buf_cstr(&hex));
	return TW_OK;
}

static tw_err send_login(struct guest *g, json_t *body, struct tw_answer *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *owned = body;
	const struct tw_call call = { .method = "POST", .path = LOGINS, .body = owned };

	if (!owned)
		return TW_RAISE(NOMEM, "a request");
	TW_TRY(tw_accept_in(g->c, owned));
	return tw_person_call(g->c, NULL, &call, ret);
}

/* Name and password; client: as the known one, or NULL. */
static tw_err try_it(struct guest *g, const char *password, const char *client, struct tw_answer *ret)
{
	json_t *body = json_pack("{s:s, s:s, s:s*}", "account", g->p.name, "password", password, "client", client);

	return send_login(g, body, ret);
}

/* What was asked for behind the password. */
static bool wants(const struct tw_answer *a, const char *what)
{
	const char *first = a->status == 200 ? json_string_value(json_array_get(json_object_get(a->body, "needed"), 0)) : NULL;

	return first && !strcmp(first, what);
}

static tw_err choose(struct guest *g, const struct tw_answer *begun, const char *password, struct tw_answer *ret)
{
	return send_login(g, json_pack("{s:s, s:s}", "login", tw_json_text(begun->body, "login"), "new_password", password), ret);
}

/* The device has to be one where a password alone opens a session: this loosens nothing. false: the finding says so. */
static tw_err passwords_open(struct guest *g, bool *ret)
{
	char methods[TW_MOMENT_VALUE], throttle[TW_MOMENT_VALUE];

	TW_TRY(tw_moment_read(&g->m, methods_key, methods));
	TW_TRY(tw_moment_read(&g->m, throttle_key, throttle));
	*ret = !strcmp(methods, "any") && strcmp(throttle, "off") != 0;
	if (!*ret)
		(void)tw_found(g->f, TW_VERDICT_INCONCLUSIVE,
			"Here %s, and this does not loosen that to try it. Assess again where a password alone opens a session and who fails has to wait.",
			strcmp(methods, "any") != 0 ? "no password alone opens a session over the network" : "nobody waits who fails");
	return TW_OK;
}

/* With a password of his own of so many characters, and a client that is known. The device's own words when it lets him in nowhere. */
static tw_err enrol(struct guest *g, size_t size)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 }, chosen = { 0 };
	char given[SECRET + 1], path[64];

	TW_TRY(tw_person_make(g->c, "person", 0, &g->p));
	TW_TRY(fresh_secret(g->c->sys, SECRET, given));
	TW_TRY(fresh_secret(g->c->sys, size, g->password));
	(void)snprintf(path, sizeof path, "/api/v1/passwords/%s", g->p.id);
	TW_TRY(tw_order_with(g->c, "PUT", path, json_pack("{s:s}", "password", given), NULL));
	TW_TRY(try_it(g, given, NULL, &answer));
	TW_TRY(tw_answer_check(&answer, g->c->tool->hint, sizeof g->c->tool->hint));
	if (wants(&answer, "new-password"))
		TW_TRY(choose(g, &answer, g->password, &chosen));
	const struct tw_answer *last = chosen.status ? &chosen : &answer;
	TW_TRY(tw_answer_check(last, g->c->tool->hint, sizeof g->c->tool->hint));
	(void)snprintf(g->client, sizeof g->client, "%s", tw_json_text(last->body, "client"));
	(void)snprintf(g->p.token, sizeof g->p.token, "%s", tw_json_text(last->body, "token"));
	return g->client[0] ? TW_OK : TW_RAISE(SYNTAX, "a login told the client nothing that it is known by");
}

/* --- Who fails waits --- */

/* A lockout that is tried: of so long, after so many failures. */
struct lock {
	int wait_s, times;
	int64_t us[2]; /* when the last failure was sent, and when it was answered */
	bool good, seen;
};

static bool before_end(const struct guest *g, const struct lock *k)
{
	return tw_probe_now_us(g->c->sys) < k->us[0] + k->wait_s * INT64_C(1000000);
}

/* So many wrong ones, each refused as wrong. */
static tw_err fail_times(struct guest *g, struct lock *k)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char wrong[SECRET + 1];

	for (int i = 0; k->good && i < k->times; i++) {
		TW_TRY(fresh_secret(g->c->sys, SECRET, wrong));
		k->us[0] = tw_probe_now_us(g->c->sys);
		TW_TRY(try_it(g, wrong, NULL, &answer));
		k->us[1] = tw_probe_now_us(g->c->sys);
		k->good = answer.status == 403;
	}
	return k->good ? TW_OK
		       : tw_found(g->f, TW_VERDICT_FAIL, "A wrong password, where %d failures were too many, was answered with %ld.",
				 k->times, answer.status);
}

/* The stranger waits though his password is right; who is known, an owner with his key and root at the local socket come in meanwhile. */
static tw_err look_inside(struct guest *g, struct lock *k)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer stranger = { 0 }, known = { 0 }, owner = { 0 }, local = { 0 };

	TW_TRY(try_it(g, g->password, NULL, &stranger));
	bool waits = before_end(g, k);
	TW_TRY(try_it(g, g->password, g->client, &known));
	TW_TRY(tw_ask(g->c, &tw_asker_owner, "GET", OWNERS, &owner));
	if (g->c->local)
		TW_TRY(tw_ask(g->c, &tw_asker_local, "GET", "/api/v1/health", &local));
	k->seen = before_end(g, k);
	if (known.status != 201 || owner.status != 200 || (g->c->local && local.status != 200) || (waits && stranger.status != 429)) {
		k->good = false;
		return tw_found(g->f, TW_VERDICT_FAIL,
			"After %d failures a stranger with the right password was answered with %ld, a known client with it with %ld, the owner with %ld%s.",
			k->times, stranger.status, known.status, owner.status,
			g->c->local && local.status != 200 ? ", and the local socket refused" : "");
	}
	return TW_OK;
}

/* Until it is over, counted from when the failure can have come at the earliest. */
static tw_err until_over(struct guest *g, struct lock *k)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	while (k->good && before_end(g, k)) {
		tw_probe_pause_ms(g->c, k->wait_s * INT64_C(200));
		TW_TRY(try_it(g, g->password, NULL, &answer));
		if (before_end(g, k) && answer.status != 429) {
			k->good = false;
			return tw_found(g->f, TW_VERDICT_FAIL,
				"Before the wait was over the right password of a stranger was answered with %ld.", answer.status);
		}
	}
	return TW_OK;
}

/* The right password, once it is over, counted from when it can have come at the latest. It ends what is counted against whoever tries. */
static tw_err after(struct guest *g, const struct lock *k, struct tw_answer *ret)
{
	int64_t over_us = k->us[1] + k->wait_s * INT64_C(1000000), now = tw_probe_now_us(g->c->sys);

	if (now < over_us)
		tw_probe_pause_ms(g->c, (over_us - now) / 1000 + 1);
	return try_it(g, g->password, NULL, ret);
}

/* And accepted then. */
static tw_err behind(struct guest *g, struct lock *k)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	TW_TRY(after(g, k, &answer));
	k->good = answer.status == 201;
	return k->good ? TW_OK
		       : tw_found(g->f, TW_VERDICT_FAIL, "Behind a wait of %d seconds the right password was answered with %ld.",
				 k->wait_s, answer.status);
}

static tw_err lock_once(struct guest *g, struct lock *k)
{
	char wait[12];

	(void)snprintf(wait, sizeof wait, "%d", k->wait_s);
	TW_TRY(tw_moment_set(&g->m, wait_key, wait));
	TW_TRY(fail_times(g, k));
	if (k->good)
		TW_TRY(look_inside(g, k));
	if (k->good)
		TW_TRY(until_over(g, k));
	return k->good ? behind(g, k) : TW_OK;
}

/* Long enough for what has to be seen meanwhile, by how long one login takes now. */
static tw_err first_wait(struct guest *g, int *ret_s)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	int64_t before = tw_probe_now_us(g->c->sys);

	TW_TRY(try_it(g, g->password, g->client, &answer));
	int64_t took_us = tw_probe_now_us(g->c->sys) - before;
	*ret_s = took_us > SLOW_US ? WAIT_MOST_S : 1 + (int)(8 * took_us / 1000000);
	return TW_OK;
}

/* A device that answers too slowly for it to be seen is tried with a longer wait. */
static tw_err lock_out(struct guest *g, int times, bool *ret_good)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	struct lock k = { .times = times, .good = true };
	char count[12], longest[TW_MOMENT_VALUE];
	uint64_t most = WAIT_MOST_S;

	(void)snprintf(count, sizeof count, "%d", times);
	TW_TRY(tw_moment_set(&g->m, attempts_key, count));
	TW_TRY(tw_moment_read(&g->m, most_key, longest));
	if (tw_failed(tw_parse_u64(tw_slice_of(longest), WAIT_MOST_S, &most)))
		most = WAIT_MOST_S;
	TW_TRY(first_wait(g, &k.wait_s));
	k.wait_s = k.wait_s < (int)most ? k.wait_s : (int)most;
	for (; k.good && !k.seen && k.wait_s <= (int)most; k.wait_s *= 2)
		TW_TRY(lock_once(g, &k));
	if (!k.good)
		TW_TRY(after(g, &k, &answer)); /* what failed leaves no wait to the probes behind it */
	*ret_good = k.good && k.seen;
	return k.good && !k.seen
		? tw_found(g->f, TW_VERDICT_INCONCLUSIVE, "The device answers so slowly that the wait was over before it could be seen.")
		: TW_OK;
}

static tw_err lock_for(struct guest *g, int times, bool *ret_good)
{
	TW_TRY(passwords_open(g, ret_good));
	if (!*ret_good)
		return TW_OK;
	TW_TRY(enrol(g, SECRET));
	return lock_out(g, times, ret_good);
}

/* @nist LA.AC.1.1: how long the wait is */
static tw_err waits(struct guest *g)
{
	bool good = false;

	TW_TRY(lock_for(g, 3, &good));
	return good ? tw_found(g->f, TW_VERDICT_PASS,
			      "A stranger who had failed was refused, also with the right password, for as long as was set, and let in behind it; a "
			      "known client and the owner%s came in meanwhile.",
			      g->c->local ? ", and root at the local socket," : "")
		    : TW_OK;
}

/* @nist LA.AC.1.2: after how many failures it begins: not after one less */
static tw_err counts(struct guest *g)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	struct lock less = { .times = 3, .good = true };
	bool good = false;

	TW_TRY(lock_for(g, 4, &good));
	if (good)
		TW_TRY(fail_times(g, &less));
	if (!good || !less.good)
		return TW_OK;
	TW_TRY(try_it(g, g->password, NULL, &answer));
	if (answer.status != 201)
		return tw_found(g->f, TW_VERDICT_FAIL,
			"With four failures as the most, the right password behind three was answered with %ld.", answer.status);
	return tw_found(g->f, TW_VERDICT_PASS,
		"Behind as many failures as were set a stranger was refused, also with the right password, and behind one less he was let in; a known "
		"client and the owner%s came in meanwhile.",
		g->c->local ? ", and root at the local socket," : "");
}

/* --- Length and factor --- */

static tw_err too_short(struct guest *g, bool *ret_good)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer before = { 0 }, begun = { 0 }, still = { 0 }, longer = { 0 };
	char other[SECRET + 1], now[12];
	char least[TW_MOMENT_VALUE];

	TW_TRY(tw_moment_read(&g->m, min_key, least));
	uint64_t min = 0;
	if (tw_failed(tw_parse_u64(tw_slice_of(least), 60, &min)) || !min) {
		*ret_good = false;
		return tw_found(g->f, TW_VERDICT_INCONCLUSIVE, "Passwords have to be so long here that no longer one can be asked for.");
	}
	TW_TRY(enrol(g, (size_t)min));
	TW_TRY(try_it(g, g->password, NULL, &before));
	(void)snprintf(now, sizeof now, "%d", (int)min + 4);
	TW_TRY(tw_moment_set(&g->m, min_key, now));
	TW_TRY(try_it(g, g->password, NULL, &begun));
	TW_TRY(fresh_secret(g->c->sys, (size_t)min + 3, other));
	TW_TRY(choose(g, &begun, other, &still));
	TW_TRY(fresh_secret(g->c->sys, (size_t)min + 4, other));
	TW_TRY(choose(g, &begun, other, &longer));
	memcpy(g->password, other, sizeof other);
	*ret_good = before.status == 201 && wants(&begun, "new-password") && still.status == 400 && longer.status == 201;
	return *ret_good ? TW_OK
			 : tw_found(g->f, TW_VERDICT_FAIL,
				   "A password of the least length was answered with %ld; when more was asked for with %ld%s, one character too few for "
				   "the new one with %ld, and enough with %ld.",
				   before.status, begun.status, wants(&begun, "new-password") ? "" : " and no new one was asked for",
				   still.status, longer.status);
}

static tw_err factor_asked(struct guest *g, bool *ret_good)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer before = { 0 }, after = { 0 };

	TW_TRY(tw_person_role(g->c, &g->p, "status.read"));
	TW_TRY(tw_person_give(g->c, &g->p, g->p.role));
	TW_TRY(try_it(g, g->password, NULL, &before));
	char roles[TW_MOMENT_VALUE + 64], was[TW_MOMENT_VALUE];
	TW_TRY(tw_moment_read(&g->m, second_key, was));
	(void)snprintf(roles, sizeof roles, "%s%s%s", was, *was ? " " : "", g->p.role);
	TW_TRY(tw_moment_set(&g->m, second_key, roles));
	TW_TRY(try_it(g, g->password, NULL, &after));
	*ret_good = before.status == 201 && after.status == 403;
	return *ret_good
		? TW_OK
		: tw_found(g->f, TW_VERDICT_FAIL,
			  "A password alone was answered with %ld, and when a second factor was asked for of its role, with %ld.",
			  before.status, after.status);
}

/* @nist LA.AC.1: length, factor and lockout, each from the next login on */
static tw_err obeyed(struct guest *g)
{
	char was[TW_MOMENT_VALUE];
	bool good = false;

	TW_TRY(passwords_open(g, &good));
	if (good)
		TW_TRY(too_short(g, &good));
	if (good)
		TW_TRY(tw_moment_read(&g->m, second_key, was));
	if (good)
		TW_TRY(factor_asked(g, &good));
	if (!good)
		return TW_OK;
	TW_TRY(tw_moment_set(&g->m, second_key, was));
	TW_TRY(lock_out(g, 3, &good));
	return good ? tw_found(g->f, TW_VERDICT_PASS,
			      "The next login obeyed a greater least length, a second factor for a role, and another number of failures and length of the "
			      "wait.")
		    : TW_OK;
}

/* --- What is strong enough --- */

struct tries {
	struct tw_answer password, code, session, owner;
};

static void tries_done(struct tries *t)
{
	tw_answer_done(&t->password);
	tw_answer_done(&t->code);
	tw_answer_done(&t->session);
	tw_answer_done(&t->owner);
}

/* By a password alone, by a code, with the session of before, and by a client certificate. */
static tw_err try_each(struct guest *g, const char *session, struct tries *t)
{
	const struct tw_call look = { .method = "GET", .path = PLACE };

	TW_TRY(try_it(g, g->password, g->client, &t->password));
	TW_TRY(tw_person_enter(g->c, &g->p, &t->code));
	TW_TRY(tw_person_call(g->c, session, &look, &t->session));
	return tw_ask(g->c, &tw_asker_owner, "GET", OWNERS, &t->owner);
}

static tw_err others_in(struct guest *g, bool *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	TW_TRY(tw_order(g->c, "GET", "/api/v1/sessions?limit=1", &answer));
	*ret = json_array_size(json_object_get(answer.body, "sessions")) > 0;
	return *ret ? tw_found(g->f, TW_VERDICT_INCONCLUSIVE,
			      "Sessions are open, which a stronger policy would refuse meanwhile. Assess again when nobody is logged in.")
		    : TW_OK;
}

static tw_err insist(struct guest *g, const char *session, const char *policy, bool *ret_good)
{
	TW_CLEANUP(tries_done) struct tries t = { .password = { 0 } };

	TW_TRY(tw_moment_set(&g->m, methods_key, policy));
	TW_TRY(try_each(g, session, &t));
	*ret_good = t.password.status == 403 && t.code.status == 403 && t.session.status == 401 && t.owner.status == 200;
	return *ret_good ? TW_OK
			 : tw_found(g->f, TW_VERDICT_FAIL,
				   "With %s as what is strong enough, a password alone was answered with %ld, a code with %ld, the session of before "
				   "with %ld and the owner's certificate with %ld.",
				   policy, t.password.status, t.code.status, t.session.status, t.owner.status);
}

/* @nist LA.AS.2: over the network */
static tw_err network(struct guest *g)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char session[TW_PERSON_TOKEN_MAX];
	bool open = false, good = false;
	long before = 0;

	TW_TRY(passwords_open(g, &good));
	if (good)
		TW_TRY(others_in(g, &open));
	if (!good || open)
		return TW_OK;
	TW_TRY(enrol(g, SECRET));
	(void)snprintf(session, sizeof session, "%s", g->p.token);
	TW_TRY(tw_person_asks(g->c, &g->p, "GET", PLACE, &before));
	if (before != 403)
		return tw_found(g->f, TW_VERDICT_FAIL,
			"A session that a password opened was answered with %ld, where it may do nothing.", before);
	TW_TRY(insist(g, session, "two-factors", &good));
	if (good)
		TW_TRY(insist(g, session, "certificate", &good));
	if (!good)
		return TW_OK;
	TW_TRY(tw_moment_set(&g->m, methods_key, "any"));
	TW_TRY(try_it(g, g->password, NULL, &answer)); /* whoever was let in begins anew with his failures */
	if (answer.status != 201)
		return tw_found(g->f, TW_VERDICT_FAIL, "When a password alone was strong enough again it was answered with %ld.",
			answer.status);
	return tw_found(g->f, TW_VERDICT_PASS,
		"With two factors, and with a certificate, as what is strong enough over the network, a password alone, a code and the session of before "
		"were refused; the owner's certificate was not.");
}

/* What was typed, as it was typed. */
static bool holds(const struct tw_answer *a, const char *secret)
{
	return memmem(a->raw.data, a->raw.size, secret, strlen(secret)) || memmem(a->head.data, a->head.size, secret, strlen(secret));
}

/* How many tries at logging in the log tells of this one, and whether it tells what was typed. */
static tw_err read_log(struct guest *g, const char *other, size_t *ret_tries, bool *ret_told)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer log = { 0 };
	size_t i;
	json_t *r;

	*ret_tries = 0;
	TW_TRY(tw_order(g->c, "GET", "/api/v1/log?limit=100", &log));
	json_array_foreach(json_object_get(log.body, "records"), i, r)
		*ret_tries += !strcmp(tw_json_text(r, "operation"), "login.open");
	*ret_told = holds(&log, g->password) || holds(&log, other);
	return TW_OK;
}

/* @nist LA.AS.3: what is typed at a login, right or wrong, stands in no answer and not in the log, which tells of the tries */
static tw_err masked(struct guest *g)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer refused = { 0 }, opened = { 0 };
	char other[SECRET + 1];
	bool open = false, told = false;
	size_t tries = 0;

	TW_TRY(passwords_open(g, &open));
	if (!open)
		return TW_OK;
	TW_TRY(enrol(g, SECRET));
	TW_TRY(fresh_secret(g->c->sys, SECRET, other));
	TW_TRY(try_it(g, other, g->client, &refused));
	TW_TRY(try_it(g, g->password, g->client, &opened));
	TW_TRY(read_log(g, other, &tries, &told));
	if (refused.status != 403 || opened.status != 201)
		return tw_found(g->f, TW_VERDICT_FAIL, "A wrong password was answered with %ld, the right one with %ld.",
			refused.status, opened.status);
	if (holds(&refused, other) || holds(&opened, g->password))
		return tw_found(g->f, TW_VERDICT_FAIL, "The answer to a login holds the password that was typed.");
	if (told || tries < 2)
		return tw_found(g->f, TW_VERDICT_FAIL, "%s.",
			told ? "The log holds a password that was typed" : "The newest records of the log do not tell of the logins");
	return tw_found(g->f, TW_VERDICT_PASS,
		"A wrong and a right password stand in no answer, and not in the log, which tells of the logins.");
}

static tw_err with_guest(struct tw_probe_context *c, struct tw_finding *f, tw_err (*ask)(struct guest *g))
{
	struct guest g = { .c = c, .f = f };

	tw_moment_begin(&g.m, c, f);
	tw_err e = ask(&g);
	if (tw_failed(e))
		e = tw_found_trouble(f, "What the probe needs of logins", e);
	tw_moment_back(&g.m);
	tw_probe_take_back(c, f, "accounts", g.p.id);
	tw_probe_take_back(c, f, "roles", g.p.role);
	tw_moment_end(&g.m);
	tw_wipe(&g, sizeof g);
	return e;
}

/* @nist LA.AS.2: on the device, whoever is not root is a stranger whatever he shows */
static tw_err local(struct tw_probe_context *c, struct tw_finding *f)
{
	long status = 0;

	if (!c->local)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "It takes root on the device itself: assess there with --local.");
	tw_err e = tw_person_stranger_asks(c, "/api/v1/identity", &status);
	if (tw_is(e, TW_CODE_DENIED))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "It takes root on the device itself to become somebody without rights there.");
	if (tw_failed(e))
		return tw_found_trouble(f, "The local socket", e);
	return status == 401
		? tw_found(f, TW_VERDICT_PASS, "At the local socket a process without rights was refused: there the kernel says who asks.")
		: tw_found(f, TW_VERDICT_FAIL, "At the local socket a process without rights was answered with %ld.", status);
}

#define ASK(name)                                                                    \
	static tw_err ask_##name(struct tw_probe_context *c, struct tw_finding *ret) \
	{                                                                            \
		return with_guest(c, ret, name);                                     \
	}
ASK(waits)
ASK(counts)
ASK(obeyed)
ASK(network)
ASK(masked)

const struct tw_probe tw_probes_logins[] = {
	{ "LA.AC.1", "login-rules", TW_SOURCE_OUTSIDE, "Does the next login obey new settings of length, factor and lockout?", ask_obeyed },
	{ "LA.AC.1.1", "lockout-length", TW_SOURCE_OUTSIDE, "Does a lockout last as long as the setting says?", ask_waits },
	{ "LA.AC.1.2", "lockout-count", TW_SOURCE_OUTSIDE, "Does a lockout begin after as many failures as the setting says?", ask_counts },
	{ "LA.AS.2", "network-methods", TW_SOURCE_OUTSIDE, "Is a weaker method than the policy names refused over the network?", ask_network },
	{ "LA.AS.2", "local-methods", TW_SOURCE_INSIDE, "Is whoever has no rights refused at the local socket?", local },
	{ "LA.AS.3", "login-masked", TW_SOURCE_OUTSIDE, "Does what is typed at a login stand in no answer and not in the log?", ask_masked },
	{ .element = NULL },
};
