/* SPDX-License-Identifier: Apache-2.0 */
#include "teller.h"

#include "service/access/throttle-store.h"
#include "service/access/totp.h"
#include "device/platform/device.h"
#include "device/rows-logical-access.h"

#include <stdio.h>
#include <string.h>

#define GUESSES 5    /* before somebody waits, as settings come */
#define WAIT_S 60    /* then, and twice as long with each more */
#define AT_ONCE 6000 /* within a step of the authenticator, this far in */

void teller_later(struct teller *t, int64_t ms)
{
	t->ahead_ms += ms;
	t->story->ahead(t->story, t->ahead_ms);
}

/* To where an authenticator's next code has only just come up. */
static void next_step(struct teller *t)
{
	int64_t now = tw_time_wall_ms(&tw_unit_device(t->unit)->time);

	teller_later(t, TW_TOTP_STEP_MS - now % TW_TOTP_STEP_MS + AT_ONCE);
}

static struct side now_of(const struct teller *t)
{
	return t->story->now.now;
}

static void give_password(struct teller *t, int which, const char *body)
{
	struct side next = now_of(t);

	next.ways.password = which;
	teller_begin(t, "password", next);
	teller_must(ways_ask(t->unit, "PUT", "/api/v1/password", body) == 204, "the password", t->unit);
	teller_end(t);
}

static struct ways_login begun(struct teller *t, const char *password, int want)
{
	struct ways_login l = { .password = password, .client = t->story->now.ways.client };

	teller_must(ways_begin(t->unit, &l) == want, "beginning to log in", t->unit);
	return l;
}

/* From here on the client is known; what it is told is a promise once it has it. */
static void come_first(struct teller *t)
{
	struct promise *p = &t->story->now;

	teller_begin(t, "first login", now_of(t));
	struct ways_login l = begun(t, WAYS_FIRST, 201);
	memcpy(p->ways.client, l.fresh, sizeof l.fresh);
	p->next.ways.known = true;
	teller_end(t);
}

static void enrol_authenticator(struct teller *t)
{
	char uri[512], body[32];
	struct side next = now_of(t);
	uint8_t *secret = t->story->now.ways.secret;

	teller_begin(t, "authenticator", next);
	teller_must(ways_ask(t->unit, "POST", "/api/v1/authenticator", "{}") == 201, "an authenticator", t->unit);
	teller_text(t, "uri", uri, sizeof uri);
	ways_secret(uri, secret);
	teller_end(t);
	next_step(t);
	next.ways.step = ways_step(t->unit);
	teller_begin(t, "its first code", next);
	(void)snprintf(body, sizeof body, "{\"code\":\"%s\"}", ways_code_text(secret, next.ways.step));
	teller_must(ways_ask(t->unit, "PUT", "/api/v1/authenticator", body) == 204, "confirming it", t->unit);
	teller_end(t);
}

static void come_by_code(struct teller *t, const char *password)
{
	struct side next = now_of(t);

	next_step(t);
	next.ways.step = ways_step(t->unit);
	teller_begin(t, "password", now_of(t));
	struct ways_login l = begun(t, password, 200);
	teller_end(t);
	teller_begin(t, "code", next);
	teller_must(ways_code(t->unit, &l, t->story->now.ways.secret, next.ways.step) == 201, "a code", t->unit);
	teller_end(t);
}

static void enrol_passkey(struct teller *t, uint32_t counter)
{
	struct side next = now_of(t);

	next.ways.counter = counter;
	teller_begin(t, "passkey", next);
	teller_must(ways_enrol(t->unit, counter) == 201, "a passkey", t->unit);
	teller_end(t);
}

static void come_by_passkey(struct teller *t, const char *password, uint32_t counter)
{
	struct side next = now_of(t);

	next.ways.counter = counter;
	teller_begin(t, "password", now_of(t));
	struct ways_login l = begun(t, password, 200);
	teller_end(t);
	teller_begin(t, "passkey's login", next);
	teller_must(ways_passkey(t->unit, &l, counter, t->story->now.ways.shown) == 201, "a passkey", t->unit);
	teller_end(t);
}

/* What a timer would do when it is due; until then nothing of it lasts. */
static void keep_waits(struct teller *t, const char *what)
{
	struct tw_context *c = &tw_unit_device(t->unit)->context;

	teller_must(tw_access_throttle_due_ms(c) == 0, what, NULL);
	teller_must(!tw_failed(tw_access_job_throttle(c)), what, NULL);
	teller_end(t);
}

static void guess_at_account(struct teller *t, int times)
{
	for (int i = 0; i < times; i++) {
		struct ways_login l = { .password = "not the owner's word", .from = WAYS_GUESSER };
		teller_must(ways_begin(t->unit, &l) == 403, "guessing at the owner's account", t->unit);
	}
}

/* One guesses at the account and another at codes; each waits, from ten seconds on at the latest whatever comes. */
static void guesses(struct teller *t)
{
	struct side next = now_of(t);

	next.ways.waits[WAYS_OF_GUESSER] = next.ways.waits[WAYS_OF_ACCOUNT] = WAIT_S;
	teller_begin(t, "guesses", next);
	guess_at_account(t, GUESSES);
	keep_waits(t, "keeping waits");
	next.ways.waits[WAYS_OF_OTHER] = WAIT_S;
	teller_later(t, 1000);
	teller_begin(t, "another's guesses", next);
	for (int i = 0; i < GUESSES; i++)
		teller_must(ways_guess(t->unit, WAYS_OTHER) == 403, "guessing at codes", t->unit);
	teller_later(t, TW_THROTTLE_WRITE_MS);
	keep_waits(t, "keeping another's wait");
	next.ways.waits[WAYS_OF_GUESSER] = next.ways.waits[WAYS_OF_ACCOUNT] = 2 * WAIT_S;
	teller_later(t, WAIT_S * 1000);
	teller_begin(t, "one guess more", next);
	guess_at_account(t, 1);
	keep_waits(t, "keeping a longer wait");
}

/* An hour of quiet ends it, and no start may bring it back. */
static void quiet(struct teller *t)
{
	struct side next = now_of(t);

	memset(next.ways.waits, 0, sizeof next.ways.waits);
	teller_later(t, 2 * WAIT_S * 1000 + TW_THROTTLE_MEMORY_MS);
	teller_begin(t, "quiet", next);
	keep_waits(t, "ending waits");
}

void teller_ways(struct teller *t)
{
	give_password(t, 1, "{\"password\":\"" WAYS_FIRST "\"}");
	come_first(t);
	enrol_authenticator(t);
	come_by_code(t, WAYS_FIRST);
	enrol_passkey(t, 5);
	come_by_passkey(t, WAYS_FIRST, 9);
	guesses(t);
	come_by_code(t, WAYS_FIRST); /* nobody's guesses keep the owner out */
	give_password(t, 2, "{\"old\":\"" WAYS_FIRST "\",\"password\":\"" WAYS_SECOND "\"}");
	come_by_passkey(t, WAYS_SECOND, 10);
	quiet(t);
}
