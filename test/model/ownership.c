/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks a device, core and keys as they ship, through every state of its ownership (doc/model/ownership.pml), beginning with one whose
 * ownership was just ended at the console. One browser waits at a time.
 */
#include "walk.h"

#include "device/logical-access/state.h"
#include "device/platform/device.h"
#include "service/role.h"
#include "service/wire.h"

#include <errno.h>

static char token[64];
static int64_t now = WORLD_BOOT;
static uint8_t heard[32], hears[32]; /* the listener key before the event, and behind it */

/* --- A question to keys is never answered, and then the power is cut --- */

static struct {
	struct tw_sys sys;
	uint16_t refused; /* a type of enum tw_wire; 0: all are answered */
	unsigned boot;
} line;

static ssize_t send_or_not(const struct tw_sys *s, int fd, const struct msghdr *m, int flags)
{
	const struct tw_sys *under = tw_fake_sys(w.fake);
	const uint8_t *head = m->msg_iov[0].iov_base;
	bool says = m->msg_iovlen > 1 && m->msg_iov[1].iov_len > 0;

	if (fd == TW_FD_PEER2 && line.refused && (head[0] << 8 | head[1]) == line.refused && (says || line.refused == TW_WIRE_KEYS_PURGE)) {
		errno = EPIPE;
		return -1;
	}
	return under->sendmsg(under, fd, m, flags);
}

static int restart(void)
{
	w.unit = tw_unit_stop(w.unit);
	line.sys = *tw_fake_sys(w.fake);
	line.sys.sendmsg = send_or_not;
	line.refused = 0;
	walk_broken |= tw_failed(tw_unit_start(&line.sys, w.directory, &w.unit));
	return 0;
}

/* What a restart leaves, a session, belongs to another boot. */
static int power_cut(void)
{
	tw_unit_boot(++line.boot);
	return restart();
}

static int cut_at(int (*ask)(void), uint16_t question)
{
	line.refused = question;
	walk_broken |= ask() < 500; /* it was answered: this cut is none */
	return power_cut();
}

/* --- Events --- */

static int challenge(void)
{
	struct tw_unit_offer next;
	int status = tw_unit_offer(w.unit, &next);

	if (next.challenge[0])
		memcpy(offer.challenge, next.challenge, sizeof offer.challenge);
	return status;
}

static int wrongly(int (*ask)(void))
{
	offer.wrong = true;
	int status = ask();
	offer.wrong = false;
	return status;
}

static int take_wrong(void)
{
	return wrongly(take);
}

static int browser_wrong(void)
{
	return wrongly(begin_browser);
}

static int take_cut(void)
{
	return cut_at(take, TW_WIRE_KEYS_LISTENER); /* there is an owner, and his listener key is still the label's */
}

static int confirm_wrong(void)
{
	struct tw_unit_offer other = offer;

	(void)snprintf(other.code, sizeof other.code, "%s", strcmp(offer.code, "000000") == 0 ? "000001" : "000000");
	return tw_unit_confirm(w.unit, &other);
}

static int claim_and_keep(void)
{
	int status = claim();

	if (status == 201)
		world_text(&w, "token", token, sizeof token);
	return status;
}

static int claim_other(void)
{
	struct tw_unit_offer other = offer;

	other.request[0] = other.request[0] == 'A' ? 'B' : 'A';
	return tw_unit_claim(w.unit, &other);
}

static int claim_cut(void)
{
	return cut_at(claim, TW_WIRE_KEYS_LISTENER);
}

static int use_session(void)
{
	return world_reads(&w, token);
}

static int wait_ms(int64_t ms)
{
	now += ms;
	world_at(&w, WORLD_WALL + now, now);
	return 0;
}

static int six_minutes(void)
{
	return wait_ms(6 * MINUTE);
}

static int half_an_hour(void)
{
	return wait_ms(31 * MINUTE);
}

static int recover_cut(void)
{
	return cut_at(recover, TW_WIRE_KEYS_PURGE); /* the secret of the label is another by then, and nothing has gone yet */
}

/* --- States --- */

static bool kept(const char *name)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, tw_sys_real(), 64);
	return !tw_failed(tw_device_kept(device(), name, &text));
}

static const char *browser_state(const struct tw_access *a)
{
	const char *found = "none";

	for (size_t i = 0; i < TW_BROWSER_MAX; i++) {
		const struct tw_browser *b = &a->browsers[i];

		if (b->expires_ms > now)
			found = b->collected ? "collected" : b->confirmed ? "confirmed" : "waits";
	}
	return found;
}

static void observe(char ret[WALK_TEXT])
{
	const struct tw_access *a = device()->access;
	const char *owner = "nobody";
	bool challenged = false, session = false;

	if (a->owners.count)
		owner = a->owners.of[0].has_key ? "key" : kept(TW_KEPT_UNCOLLECTED) ? "uncollected" : "browser";
	for (size_t i = 0; i < TW_CHALLENGES_MAX; i++)
		challenged |= a->challenges[i].expires_ms > now;
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++)
		session |= a->guard.sessions[i].used && a->guard.sessions[i].expires_ms > now;
	walk_broken |= kept(TW_KEPT_LISTENER); /* after each event nothing is owed */
	memcpy(heard, hears, sizeof heard);
	memcpy(hears, device()->listener_key, sizeof hears);
	(void)snprintf(ret, WALK_TEXT, "%s %d %s %d", owner, challenged, browser_state(a), session);
}

static const char *what(void)
{
	return memcmp(heard, hears, sizeof heard) == 0 ? "same" : "new";
}

/* --- The walk --- */

static bool no_browser(const char *state)
{
	return strstr(state, " none ") != NULL;
}

static bool may_be_taken(const char *state)
{
	return strncmp(state, "nobody 1", 8) == 0;
}

static bool may_be_collected(const char *state)
{
	return strstr(state, " confirmed ") != NULL;
}

static const struct walk_event events[] = {
	{ "challenge", challenge, NULL },
	{ "take", take, NULL },
	{ "take-wrong", take_wrong, NULL },
	{ "take-cut", take_cut, may_be_taken },
	{ "browser", begin_browser, no_browser },
	{ "browser-wrong", browser_wrong, NULL },
	{ "confirm", confirm, NULL },
	{ "confirm-wrong", confirm_wrong, NULL },
	{ "claim", claim_and_keep, NULL },
	{ "claim-other", claim_other, NULL },
	{ "claim-cut", claim_cut, may_be_collected },
	{ "use-session", use_session, NULL },
	{ "six-minutes", six_minutes, NULL },
	{ "half-an-hour", half_an_hour, NULL },
	{ "restart", restart, NULL },
	{ "power-cut", power_cut, NULL },
	{ "recover", recover, NULL },
	{ "recover-cut", recover_cut, NULL },
};

/* A device that nobody owns and nobody has asked anything; what failed before is forgotten. */
static void begin_anew(void)
{
	static const char nothing[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

	walk_broken |= recover() != 200;
	(void)power_cut();
	(void)wait_ms(2 * MINUTE);
	offer = (struct tw_unit_offer){ .code = "999999" };
	(void)snprintf(offer.challenge, sizeof offer.challenge, "%s", nothing);
	(void)snprintf(offer.request, sizeof offer.request, "%.22s", nothing);
	(void)snprintf(token, sizeof token, "%s", nothing);
}

int main(void)
{
	const struct walk walk = { .events = events, .count = TW_COUNT(events), .begin = begin_anew, .observe = observe, .what = what };

	return walk_main(&walk, begin_anew);
}
