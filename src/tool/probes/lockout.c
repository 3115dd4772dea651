/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of waiting for one's failures: how long, after how many, and that an admin switches it. Waits are of a second or a few. The last of them is the
 * one probe that loosens what is there: for its five logins nobody waits, since what is asked is whether that can be switched off.
 */
#include "tool/probes/guest.h"

#include "base/text.h"

#define OWNERS "/api/v1/sessions?limit=1" /* his, whatever feature is off */
#define SLOW_US 3000000
#define MOST 3         /* failures, the fewest that can be set */
#define WAIT_MOST_S 32 /* a second is enough for a device that answers at once */

static const char attempts_key[] = "logical-access.attempts", wait_key[] = "logical-access.attempts-wait",
		  throttle_key[] = "logical-access.throttle", most_key[] = "logical-access.attempts-wait-most";

/* A lockout that is tried: of so long, after so many failures. */
struct lock {
	int wait_s, times;
	int64_t us[2]; /* when the last failure was sent, and when it was answered */
	bool good, seen;
};

static bool before_end(const struct tw_guest *g, const struct lock *k)
{
	return tw_probe_now_us(g->c->sys) < k->us[0] + k->wait_s * INT64_C(1000000);
}

/* So many wrong ones, each refused as wrong. */
static tw_err fail_times(struct tw_guest *g, struct lock *k)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char wrong[TW_GUEST_SECRET + 1];

	for (int i = 0; k->good && i < k->times; i++) {
		TW_TRY(tw_guest_secret(g->c->sys, TW_GUEST_SECRET, wrong));
		k->us[0] = tw_probe_now_us(g->c->sys);
		TW_TRY(tw_guest_try(g, wrong, NULL, &answer));
		k->us[1] = tw_probe_now_us(g->c->sys);
		k->good = answer.status == 403;
	}
	return k->good ? TW_OK
		       : tw_found(g->f, TW_VERDICT_FAIL, "A wrong password, where %d may be tried, was answered with %ld.",
				 k->times, answer.status);
}

/* The stranger waits though his password is right; who is known, an owner with his key and root at the local socket come in meanwhile. */
static tw_err look_inside(struct tw_guest *g, struct lock *k)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer stranger = { 0 }, known = { 0 }, owner = { 0 }, local = { 0 };

	TW_TRY(tw_guest_try(g, g->password, NULL, &stranger));
	bool waits = before_end(g, k);
	TW_TRY(tw_guest_try(g, g->password, g->client, &known));
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
static tw_err until_over(struct tw_guest *g, struct lock *k)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	while (k->good && before_end(g, k)) {
		tw_probe_pause_ms(g->c, k->wait_s * INT64_C(200));
		TW_TRY(tw_guest_try(g, g->password, NULL, &answer));
		if (before_end(g, k) && answer.status != 429) {
			k->good = false;
			return tw_found(g->f, TW_VERDICT_FAIL,
				"Before the wait was over the right password of a stranger was answered with %ld.", answer.status);
		}
	}
	return TW_OK;
}

/* The right password, once it is over, counted from when it can have come at the latest. It ends what is counted against whoever tries. */
static tw_err after(struct tw_guest *g, const struct lock *k, struct tw_answer *ret)
{
	int64_t over_us = k->us[1] + k->wait_s * INT64_C(1000000), now = tw_probe_now_us(g->c->sys);

	if (now < over_us)
		tw_probe_pause_ms(g->c, (over_us - now) / 1000 + 1);
	return tw_guest_try(g, g->password, NULL, ret);
}

/* And accepted then. */
static tw_err behind(struct tw_guest *g, struct lock *k)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	TW_TRY(after(g, k, &answer));
	k->good = answer.status == 201;
	return k->good ? TW_OK
		       : tw_found(g->f, TW_VERDICT_FAIL, "Behind a wait of %d seconds the right password was answered with %ld.",
				 k->wait_s, answer.status);
}

static tw_err lock_once(struct tw_guest *g, struct lock *k)
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
static tw_err first_wait(struct tw_guest *g, int *ret_s)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	int64_t before = tw_probe_now_us(g->c->sys);

	TW_TRY(tw_guest_try(g, g->password, g->client, &answer));
	int64_t took_us = tw_probe_now_us(g->c->sys) - before;
	*ret_s = took_us > SLOW_US ? WAIT_MOST_S : 1 + (int)(8 * took_us / 1000000);
	return TW_OK;
}

/* A device that answers too slowly for it to be seen is tried with a longer wait. */
tw_err tw_guest_locked_out(struct tw_guest *g, int times, bool *ret_good)
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

static tw_err lock_for(struct tw_guest *g, int times, bool *ret_good)
{
	TW_TRY(tw_guest_waits(g, ret_good));
	if (!*ret_good)
		return TW_OK;
	TW_TRY(tw_guest_enrol(g, TW_GUEST_SECRET));
	return tw_guest_locked_out(g, times, ret_good);
}

/* @nist LA.AC.1.1: how long the wait is */
static tw_err waits(struct tw_guest *g)
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
static tw_err counts(struct tw_guest *g)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	struct lock less = { .times = 3, .good = true };
	bool good = false;

	TW_TRY(lock_for(g, 4, &good));
	if (good)
		TW_TRY(fail_times(g, &less));
	if (!good || !less.good)
		return TW_OK;
	TW_TRY(tw_guest_try(g, g->password, NULL, &answer));
	if (answer.status != 201)
		return tw_found(g->f, TW_VERDICT_FAIL,
			"With four failures as the most, the right password behind three was answered with %ld.", answer.status);
	return tw_found(g->f, TW_VERDICT_PASS,
		"Behind as many failures as were set a stranger was refused, also with the right password, and behind one less he was let in; a known "
		"client and the owner%s came in meanwhile.",
		g->c->local ? ", and root at the local socket," : "");
}

/* --- Switched --- */

/* By this session, of whoever it is; the version is the owner's to read. */
static tw_err asks_for(struct tw_guest *g, const char *token, const char *value, long *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *body = json_pack("{s:s}", "value", value);
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	struct tw_probe_setting now;

	if (!body)
		return TW_RAISE(NOMEM, "a request");
	TW_TRY(tw_probe_setting_read(g->c, throttle_key, &now));
	const struct tw_call call = { .method = "PUT", .path = now.path, .body = body, .if_match = now.etag };
	TW_TRY(tw_person_call(g->c, token, &call, &answer));
	*ret = answer.status;
	return TW_OK;
}

static tw_err switches(struct tw_guest *g, const struct tw_person *admin, const char *value, bool *ret_good)
{
	long status = 0;

	TW_TRY(asks_for(g, admin->token, value, &status));
	*ret_good = status == 200;
	return *ret_good ? TW_OK
			 : tw_found(g->f, TW_VERDICT_FAIL, "An admin who switched waiting %s was answered with %ld.", value, status);
}

/* He has no password, so the session that a code opened is asked for no fresh proof. Whoever has no role is refused before he is let. */
static tw_err admin_comes(struct tw_guest *g, struct tw_person *ret, bool *ret_good)
{
	long status = 0;

	TW_TRY(asks_for(g, g->p.token, "off", &status));
	*ret_good = status == 403;
	if (!*ret_good)
		return tw_found(g->f, TW_VERDICT_FAIL, "Somebody without a role who switched waiting off was answered with %ld.", status);
	TW_TRY(tw_person_make(g->c, "temporary", 600, ret));
	TW_TRY(tw_person_give(g->c, ret, "admin"));
	return tw_person_comes(g->c, ret);
}

/* One more than too many, and the right password of a stranger opens at once. */
static tw_err nobody_waits(struct tw_guest *g, bool *ret_good)
{
	struct lock k = { .times = MOST + 1, .good = true };
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	TW_TRY(fail_times(g, &k));
	*ret_good = k.good;
	if (!k.good)
		return TW_OK;
	TW_TRY(tw_guest_try(g, g->password, NULL, &answer));
	*ret_good = answer.status == 201;
	return *ret_good ? TW_OK
			 : tw_found(g->f, TW_VERDICT_FAIL,
				   "With waiting switched off the right password behind %d failures was answered with %ld.",
				   k.times, answer.status);
}

static tw_err off_and_on(struct tw_guest *g, struct tw_person *admin)
{
	bool good = false;
	char most[12];

	(void)snprintf(most, sizeof most, "%d", MOST);
	TW_TRY(tw_guest_opens(g, &good));
	if (!good)
		return TW_OK;
	TW_TRY(tw_moment_set(&g->m, throttle_key, "on")); /* first: so it is set back, whoever changes it then */
	TW_TRY(tw_moment_set(&g->m, attempts_key, most));
	TW_TRY(tw_guest_enrol(g, TW_GUEST_SECRET));
	TW_TRY(admin_comes(g, admin, &good));
	if (good)
		TW_TRY(switches(g, admin, "off", &good));
	if (good)
		TW_TRY(nobody_waits(g, &good));
	if (good)
		TW_TRY(switches(g, admin, "on", &good));
	if (good)
		TW_TRY(tw_guest_locked_out(g, MOST, &good));
	return good ? tw_found(g->f, TW_VERDICT_PASS,
			      "An admin switched waiting off, and behind %d wrong passwords the right one of a stranger opened a session; he switched it "
			      "on, and behind %d a stranger was refused for as long as was set, while a known client and the owner%s came in. Somebody "
			      "without a role could switch nothing.",
			      MOST + 1, MOST, g->c->local ? ", and root at the local socket," : "")
		    : TW_OK;
}

/* @nist LA.X.1: switched off by an admin nobody waits, and on again who fails does */
static tw_err switched(struct tw_guest *g)
{
	struct tw_person admin = { .id = "" };

	tw_err e = off_and_on(g, &admin);
	tw_probe_take_back(g->c, g->f, "accounts", admin.id);
	tw_wipe(&admin, sizeof admin);
	return e;
}

static tw_err ask_waits(struct tw_probe_context *c, struct tw_finding *ret)
{
	return tw_guest_with(c, ret, waits);
}

static tw_err ask_counts(struct tw_probe_context *c, struct tw_finding *ret)
{
	return tw_guest_with(c, ret, counts);
}

static tw_err ask_switched(struct tw_probe_context *c, struct tw_finding *ret)
{
	return tw_guest_with(c, ret, switched);
}

const struct tw_probe tw_probes_lockout[] = {
	{ "LA.AC.1.1", "lockout-length", TW_SOURCE_OUTSIDE, "Does a lockout last as long as the setting says?", ask_waits, true, true },
	{ "LA.AC.1.2", "lockout-count", TW_SOURCE_OUTSIDE, "Does a lockout begin after as many failures as the setting says?",
		ask_counts, true, true },
	{ "LA.X.1", "lockout-switch", TW_SOURCE_OUTSIDE, "Can an admin switch lockouts off and on, and nobody without a role?",
		ask_switched, true, true },
	{ .element = NULL },
};
