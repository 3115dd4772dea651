/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks a device, core and keys as they ship, through every state of its ownership that the events below lead to, and prints each
 * transition once, to be held against the model (doc/model/ownership.pml):
 *
 *   OWNER CHALLENGE BROWSER SESSION | EVENT | STATUS | OWNER CHALLENGE BROWSER SESSION | LISTENER
 *
 * A state is come to by the shortest way, from a device whose ownership was just ended at the console. One browser waits at a time.
 */
#include "one-world.h"

#include "device/logical-access/state.h"
#include "device/platform/device.h"
#include "service/role.h"
#include "service/wire.h"

#include <errno.h>

#define STATES_MAX 64
#define WAY_MAX 16

static char token[64];
static int64_t now = WORLD_BOOT;
static bool broken; /* something that a transition does not say went wrong */

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
	broken |= tw_failed(tw_unit_start(&line.sys, w.directory, &w.unit));
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
	broken |= ask() < 500; /* it was answered: this cut is none */
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

struct state {
	const char *owner, *browser;
	bool challenge, session;
};

static bool kept(const char *name)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, tw_sys_real(), 64);
	return !tw_failed(tw_device_kept(device(), name, &text));
}

static struct state observe(void)
{
	const struct tw_access *a = device()->access;
	struct state s = { "nobody", "none", false, false };

	if (a->owners.count)
		s.owner = a->owners.of[0].has_key ? "key" : kept(TW_KEPT_UNCOLLECTED) ? "uncollected" : "browser";
	for (size_t i = 0; i < TW_CHALLENGES_MAX; i++)
		s.challenge |= a->challenges[i].expires_ms > now;
	for (size_t i = 0; i < TW_BROWSER_MAX; i++) {
		const struct tw_browser *b = &a->browsers[i];

		if (b->expires_ms > now)
			s.browser = b->collected ? "collected" : b->confirmed ? "confirmed" : "waits";
	}
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++)
		s.session |= a->sessions[i].used && a->sessions[i].expires_ms > now;
	broken |= kept(TW_KEPT_LISTENER); /* after each event nothing is owed */
	return s;
}

static bool same(struct state a, struct state b)
{
	return strcmp(a.owner, b.owner) == 0 && strcmp(a.browser, b.browser) == 0 && a.challenge == b.challenge && a.session == b.session;
}

static void say(struct state s)
{
	printf("%s %d %s %d", s.owner, s.challenge, s.browser, s.session);
}

/* --- The walk --- */

static bool no_browser(struct state s)
{
	return strcmp(s.browser, "none") == 0;
}

static bool may_be_taken(struct state s)
{
	return strcmp(s.owner, "nobody") == 0 && s.challenge;
}

static bool may_be_collected(struct state s)
{
	return strcmp(s.browser, "confirmed") == 0;
}

static const struct event {
	const char *name;
	int (*happens)(void);
	bool (*when)(struct state s); /* NULL: always */
} events[] = {
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

struct way {
	struct state to;
	size_t length;
	const struct event *steps[WAY_MAX];
};

/* A device that nobody owns and nobody has asked anything; what failed before is forgotten. */
static void begin_anew(void)
{
	static const char nothing[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

	broken |= recover() != 200;
	(void)power_cut();
	(void)wait_ms(2 * MINUTE);
	offer = (struct tw_unit_offer){ .code = "999999" };
	(void)snprintf(offer.challenge, sizeof offer.challenge, "%s", nothing);
	(void)snprintf(offer.request, sizeof offer.request, "%.22s", nothing);
	(void)snprintf(token, sizeof token, "%s", nothing);
}

static void step(const struct way *way, const struct event *e, struct state *ret)
{
	uint8_t before[32];

	begin_anew();
	for (size_t i = 0; i < way->length; i++)
		(void)way->steps[i]->happens();
	struct state from = observe();
	broken |= !same(from, way->to);
	memcpy(before, device()->listener_key, sizeof before);
	int status = e->happens();
	*ret = observe();
	say(from);
	printf(" | %s | %d | ", e->name, status);
	say(*ret);
	printf(" | %s\n", memcmp(before, device()->listener_key, sizeof before) == 0 ? "same" : "new");
}

static bool known(const struct way *ways, size_t count, struct state s)
{
	for (size_t i = 0; i < count; i++)
		if (same(ways[i].to, s))
			return true;
	return false;
}

static bool walk(void)
{
	static struct way ways[STATES_MAX];
	size_t count = 1;

	begin_anew();
	ways[0].to = observe();
	for (size_t i = 0; i < count; i++) {
		for (size_t e = 0; e < TW_COUNT(events); e++) {
			struct state to;

			if (events[e].when && !events[e].when(ways[i].to))
				continue;
			step(&ways[i], &events[e], &to);
			if (known(ways, count, to))
				continue;
			if (count == STATES_MAX || ways[i].length == WAY_MAX)
				return false;
			ways[count] = ways[i];
			ways[count].to = to;
			ways[count].steps[ways[count].length++] = &events[e];
			count++;
		}
	}
	return !broken;
}

int main(void)
{
	if (world_make(&w))
		return 2;
	bool well = !restart() && walk();
	(void)world_end(&w);
	if (!well)
		(void)fprintf(stderr, "walk: the device did not go the way that its transitions say, or too many ways\n");
	return well ? 0 : 1;
}
