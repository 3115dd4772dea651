/* SPDX-License-Identifier: Apache-2.0 */
/* Walks a device through every state of what waits for somebody to be there: two browsers, or a request for recovery (doc/model/presence.pml). */
#include "walk.h"

#include "device/logical-access/state.h"

#define PRESS_MS 10
#define LATER_MS 1000 /* so that no press goes down with what was asked for before it */
#define A "alice"
#define B "bob"
#define RECOVERY "/api/v1/recovery"

static int64_t now = WORLD_BOOT;
static struct tw_unit_offer of_a, of_b;
static char request[24], code[8]; /* of recovery, the last that was asked for */
static char said[48];

static void pass(int64_t ms)
{
	now += ms;
	world_at(&w, WORLD_WALL + now, now);
}

/* What is said of it: the rule, where it is one of those that the model speaks of. */
static int told(int status)
{
	if (status >= 400)
		world_text(&w, "rule", said, sizeof said);
	if (status < 400 || (strncmp(said, "presence.", 9) != 0 && strncmp(said, "recovery.", 9) != 0))
		(void)snprintf(said, sizeof said, "-");
	return status;
}

/* --- Events --- */

static int ask_by(struct tw_unit_offer *o, const char *name)
{
	struct tw_unit_offer next = { .challenge = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }; /* an owned device offers none */

	if (!tw_unit_owned(w.unit))
		walk_broken |= tw_unit_offer(w.unit, &next) != 200;
	int status = tw_unit_browser(w.unit, &next, name);
	if (status == 202)
		*o = next;
	return told(status);
}

static int ask_a(void)
{
	return ask_by(&of_a, A);
}

static int ask_b(void)
{
	return ask_by(&of_b, B);
}

static int press_for(int64_t held_ms)
{
	pass(TW_HOLD_MS + LATER_MS);
	return told(tw_unit_press(w.unit, held_ms));
}

static int press(void)
{
	return press_for(PRESS_MS);
}

static int hold(void)
{
	return press_for(TW_HOLD_MS);
}

static int held_before(void)
{
	return press_for(MINUTE);
}

static int confirm_a(void)
{
	return told(tw_unit_confirm(w.unit, &of_a));
}

static int claim_by(const struct tw_unit_offer *o)
{
	char token[64];
	int status = told(tw_unit_claim(w.unit, o));

	if (status != 201)
		return status;
	world_text(&w, "token", token, sizeof token);
	walk_broken |= world_reads(&w, token) != 200;
	return status;
}

static int claim_a(void)
{
	return claim_by(&of_a);
}

static int claim_b(void)
{
	return claim_by(&of_b);
}

static int ask(void)
{
	device()->console_there = true;
	int status = tw_unit_request_as(w.unit, NULL, "POST", RECOVERY, NULL);

	if (status == 202) {
		world_text(&w, "request", request, sizeof request);
		world_text(&w, "code", code, sizeof code);
	}
	return told(status);
}

static int how(void)
{
	char body[64];

	(void)snprintf(body, sizeof body, "{\"request\":\"%s\"}", request);
	int status = told(tw_unit_request_as(w.unit, NULL, "POST", RECOVERY "/state", body));
	if (status == 200)
		world_text(&w, "state", said, sizeof said);
	return status;
}

static int decline(void)
{
	return told(tw_unit_decline(w.unit, code));
}

static int recover_there(void)
{
	return told(recover());
}

static int two_minutes(void)
{
	pass(2 * MINUTE + LATER_MS);
	return told(0);
}

static int lapse(void)
{
	const struct tw_recovery *r = &device()->access->recovery;

	pass(tw_recovery_stands(device()) ? r->expires_ms - now + LATER_MS : 6 * MINUTE);
	return told(0);
}

static int restart(void)
{
	w.unit = tw_unit_stop(w.unit);
	walk_broken |= tw_failed(tw_unit_start(tw_fake_sys(w.fake), w.directory, &w.unit));
	return told(0);
}

/* --- States --- */

static const char *waits(int64_t began_ms)
{
	return began_ms > now - TW_PRESENT_WITHIN_MS ? "fresh" : "old";
}

static const char *browser_of(const char *name)
{
	for (size_t i = 0; i < TW_BROWSER_MAX; i++) {
		const struct tw_browser *b = &device()->access->browsers[i];

		if (b->expires_ms <= now || strcmp(b->owner, name) != 0)
			continue;
		walk_broken |= b->collected;
		if (b->confirmed && (!b->pressed_until_ms || b->pressed_until_ms > now))
			return b->pressed_until_ms ? "pressed" : "typed";
		return waits(b->began_ms);
	}
	return "none";
}

static const char *recovery(void)
{
	const struct tw_recovery *r = &device()->access->recovery;

	if (r->expires_ms > now)
		return r->done ? "done" : waits(r->began_ms);
	return !r->done && r->expires_ms && r->expires_ms + TW_RECOVERY_MS > now ? "turn" : "none";
}

static void observe(char ret[WALK_TEXT])
{
	(void)snprintf(ret, WALK_TEXT, "%s %s %s %s", tw_unit_owned(w.unit) ? "owned" : "nobody", browser_of(A), browser_of(B),
		recovery());
}

static const char *what(void)
{
	return said;
}

/* --- The walk --- */

static bool a_is_none(const char *state)
{
	return strncmp(strchr(state, ' '), " none ", 6) == 0;
}

static bool b_is_none(const char *state)
{
	return strncmp(strchr(strchr(state, ' ') + 1, ' '), " none ", 6) == 0;
}

static bool something_is_fresh(const char *state)
{
	return strstr(state, "fresh") || strstr(state, "pressed");
}

static const struct walk_event events[] = {
	{ "ask-a", ask_a, a_is_none },
	{ "ask-b", ask_b, b_is_none },
	{ "press", press, NULL },
	{ "hold", hold, NULL },
	{ "held-before", held_before, NULL },
	{ "confirm-a", confirm_a, NULL },
	{ "claim-a", claim_a, NULL },
	{ "claim-b", claim_b, NULL },
	{ "ask", ask, NULL },
	{ "how", how, NULL },
	{ "decline", decline, NULL },
	{ "recover", recover_there, NULL },
	{ "two-minutes", two_minutes, something_is_fresh },
	{ "lapse", lapse, NULL },
	{ "restart", restart, NULL },
};

/* Nobody owns it, and all of this is in memory: what waits is forgotten, and what failed before, and nothing of it is on the disk. */
static void begin(void)
{
	struct tw_access *a = device()->access;

	if (tw_unit_owned(w.unit))
		walk_broken |= recover() != 200;
	memset(a->browsers, 0, sizeof a->browsers);
	memset(&a->recovery, 0, sizeof a->recovery);
	memset(&a->guard.throttle, 0, sizeof a->guard.throttle);
	pass(MINUTE);
	of_a = of_b = (struct tw_unit_offer){ .code = "999999", .request = "AAAAAAAAAAAAAAAAAAAAAA" };
	(void)snprintf(request, sizeof request, "AAAAAAAAAAAAAAAAAAAAAA");
	(void)snprintf(code, sizeof code, "999999");
}

int main(void)
{
	const struct walk walk = { .events = events, .count = TW_COUNT(events), .begin = begin, .observe = observe, .what = what };

	return walk_main(&walk, begin);
}
