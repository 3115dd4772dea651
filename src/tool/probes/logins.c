/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of logging in: what the organization's settings ask for counts at the next login (guest.h). What is set for a moment is set back whatever
 * happened (moment.h). A policy that is there is never loosened to try something; lockout.c has the one exception.
 */
#include "tool/probes/guest.h"

#include "base/text.h"

#define PLACE "/api/v1/settings?limit=1"  /* 403 for an account without a role, 401 for whoever is none */
#define ROOTS "/api/v1/identity"          /* of whom the kernel vouches for, and of nobody else there */
#define OWNERS "/api/v1/sessions?limit=1" /* his, whatever feature is off */

static const char min_key[] = "logical-access.password-min", second_key[] = "logical-access.second-factor",
		  methods_key[] = "logical-access.network-methods";

/* --- Length and factor --- */

static tw_err too_short(struct tw_guest *g, bool *ret_good)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer before = { 0 }, begun = { 0 }, still = { 0 }, longer = { 0 };
	char other[TW_GUEST_SECRET + 1], now[12];
	char least[TW_MOMENT_VALUE];

	TW_TRY(tw_moment_read(&g->m, min_key, least));
	uint64_t min = 0;
	if (tw_failed(tw_parse_u64(tw_slice_of(least), 60, &min)) || !min) {
		*ret_good = false;
		return tw_found(g->f, TW_VERDICT_INCONCLUSIVE, "Passwords have to be so long here that no longer one can be asked for.");
	}
	TW_TRY(tw_guest_enrol(g, (size_t)min));
	TW_TRY(tw_guest_try(g, g->password, NULL, &before));
	(void)snprintf(now, sizeof now, "%d", (int)min + 4);
	TW_TRY(tw_moment_set(&g->m, min_key, now));
	TW_TRY(tw_guest_try(g, g->password, NULL, &begun));
	TW_TRY(tw_guest_secret(g->c->sys, (size_t)min + 3, other));
	TW_TRY(tw_guest_chooses(g, &begun, other, &still));
	TW_TRY(tw_guest_secret(g->c->sys, (size_t)min + 4, other));
	TW_TRY(tw_guest_chooses(g, &begun, other, &longer));
	memcpy(g->password, other, sizeof other);
	*ret_good = before.status == 201 && tw_guest_wants(&begun, "new-password") && still.status == 400 && longer.status == 201;
	return *ret_good
		? TW_OK
		: tw_found(g->f, TW_VERDICT_FAIL,
			  "A password of the least length was answered with %ld; when more was asked for with %ld%s, one character too few for "
			  "the new one with %ld, and enough with %ld.",
			  before.status, begun.status, tw_guest_wants(&begun, "new-password") ? "" : " and no new one was asked for",
			  still.status, longer.status);
}

static tw_err factor_asked(struct tw_guest *g, bool *ret_good)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer before = { 0 }, after = { 0 };

	TW_TRY(tw_person_role(g->c, &g->p, "status.read"));
	TW_TRY(tw_person_give(g->c, &g->p, g->p.role));
	TW_TRY(tw_guest_try(g, g->password, NULL, &before));
	char roles[TW_MOMENT_VALUE + 64], was[TW_MOMENT_VALUE];
	TW_TRY(tw_moment_read(&g->m, second_key, was));
	(void)snprintf(roles, sizeof roles, "%s%s%s", was, *was ? " " : "", g->p.role);
	TW_TRY(tw_moment_set(&g->m, second_key, roles));
	TW_TRY(tw_guest_try(g, g->password, NULL, &after));
	*ret_good = before.status == 201 && after.status == 403;
	return *ret_good
		? TW_OK
		: tw_found(g->f, TW_VERDICT_FAIL,
			  "A password alone was answered with %ld, and when a second factor was asked for of its role, with %ld.",
			  before.status, after.status);
}

/* @nist LA.AC.1: length, factor and lockout, each from the next login on */
static tw_err obeyed(struct tw_guest *g)
{
	char was[TW_MOMENT_VALUE];
	bool good = false;

	TW_TRY(tw_guest_waits(g, &good));
	if (good)
		TW_TRY(too_short(g, &good));
	if (good)
		TW_TRY(tw_moment_read(&g->m, second_key, was));
	if (good)
		TW_TRY(factor_asked(g, &good));
	if (!good)
		return TW_OK;
	TW_TRY(tw_moment_set(&g->m, second_key, was));
	TW_TRY(tw_guest_locked_out(g, 3, &good));
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
static tw_err try_each(struct tw_guest *g, const char *session, struct tries *t)
{
	const struct tw_call look = { .method = "GET", .path = PLACE };

	TW_TRY(tw_guest_try(g, g->password, g->client, &t->password));
	TW_TRY(tw_person_enter(g->c, &g->p, &t->code));
	TW_TRY(tw_person_call(g->c, session, &look, &t->session));
	return tw_ask(g->c, &tw_asker_owner, "GET", OWNERS, &t->owner);
}

static tw_err others_in(struct tw_guest *g, bool *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	TW_TRY(tw_order(g->c, "GET", "/api/v1/sessions?limit=1", &answer));
	*ret = json_array_size(json_object_get(answer.body, "sessions")) > 0;
	return *ret ? tw_found(g->f, TW_VERDICT_INCONCLUSIVE,
			      "Sessions are open, which a stronger policy would refuse meanwhile. Assess again when nobody is logged in.")
		    : TW_OK;
}

static tw_err insist(struct tw_guest *g, const char *session, const char *policy, bool *ret_good)
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
static tw_err network(struct tw_guest *g)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char session[TW_PERSON_TOKEN_MAX];
	bool open = false, good = false;
	long before = 0;

	TW_TRY(tw_guest_waits(g, &good));
	if (good)
		TW_TRY(others_in(g, &open));
	if (!good || open)
		return TW_OK;
	TW_TRY(tw_guest_enrol(g, TW_GUEST_SECRET));
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
	TW_TRY(tw_guest_try(g, g->password, NULL, &answer)); /* whoever was let in begins anew with his failures */
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
static tw_err read_log(struct tw_guest *g, const char *other, size_t *ret_tries, bool *ret_told)
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
static tw_err masked(struct tw_guest *g)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer refused = { 0 }, opened = { 0 };
	char other[TW_GUEST_SECRET + 1];
	bool open = false, told = false;
	size_t tries = 0;

	TW_TRY(tw_guest_waits(g, &open));
	if (!open)
		return TW_OK;
	TW_TRY(tw_guest_enrol(g, TW_GUEST_SECRET));
	TW_TRY(tw_guest_secret(g->c->sys, TW_GUEST_SECRET, other));
	TW_TRY(tw_guest_try(g, other, g->client, &refused));
	TW_TRY(tw_guest_try(g, g->password, g->client, &opened));
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

/* @nist LA.AS.2: on the device, whoever is not root is a stranger whatever he shows */
static tw_err local(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer root = { 0 };
	long status = 0;

	if (!c->local)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "It takes root on the device itself: assess there with --local.");
	tw_err e = tw_person_stranger_asks(c, ROOTS, &status);
	if (tw_is(e, TW_CODE_DENIED))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "It takes root on the device itself to become somebody without rights there.");
	if (!tw_failed(e))
		e = tw_ask(c, &tw_asker_local, "GET", ROOTS, &root);
	if (tw_failed(e))
		return tw_found_trouble(f, "The local socket", e);
	if (status != 401 || root.status != 200)
		return tw_found(f, TW_VERDICT_FAIL,
			"At the local socket a process without rights was answered with %ld, and root with %ld.", status, root.status);
	return tw_found(f, TW_VERDICT_PASS,
		"At the local socket a process without rights was refused, and root was not: there the kernel says who asks.");
}

#define ASK(name)                                                                    \
	static tw_err ask_##name(struct tw_probe_context *c, struct tw_finding *ret) \
	{                                                                            \
		return tw_guest_with(c, ret, name);                                  \
	}
ASK(obeyed)
ASK(network)
ASK(masked)

const struct tw_probe tw_probes_logins[] = {
	{ "LA.AC.1", "login-rules", TW_SOURCE_OUTSIDE, "Does the next login obey new settings of length, factor and lockout?",
		ask_obeyed, true, true },
	{ "LA.AS.2", "network-methods", TW_SOURCE_OUTSIDE, "Is a weaker method than the policy names refused over the network?",
		ask_network, true },
	{ "LA.AS.2", "local-methods", TW_SOURCE_INSIDE, "Is whoever has no rights refused at the local socket?", local },
	{ "LA.AS.3", "login-masked", TW_SOURCE_OUTSIDE, "Does what is typed at a login stand in no answer and not in the log?",
		ask_masked, true },
	{ .element = NULL },
};
