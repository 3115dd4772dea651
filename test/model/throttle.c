/* SPDX-License-Identifier: Apache-2.0 */
/* Walks a device through every state of who has to wait for logging in to one account (doc/model/throttle.pml). */
#include "played-hash.h"
#include "walk.h"

#include "service/access/throttle-store.h"
#include "device/rows-logical-access.h"

#define GOOD "nine quiet herons wade"
#define GUESS "guess number one"
#define HERE "192.0.2.50"
#define LOGINS "/api/v1/logins"

static char client[64];          /* what the known client is known by */
static int64_t now = WORLD_BOOT; /* of the boot clock; the wall clock goes with it */
static unsigned boot, fresh;     /* of addresses and names that nobody has had before */
static bool waited;              /* the last answer was that somebody has to wait for a minute */
static struct tw_throttle empty, of[WALK_STATES];
static int64_t of_ms[WALK_STATES];

static int answered(int status)
{
	while (played_step())
		;
	status = status ? status : tw_unit_later(w.unit);
	waited = status == 429 && strstr(tw_unit_body(w.unit), "have to wait 60 seconds");
	return status;
}

static int login(const char *account, const char *password, bool known)
{
	char body[256];

	(void)snprintf(body, sizeof body, "{\"account\":\"%s\",\"password\":\"%s\"%s%s%s}", account, password,
		known ? ",\"client\":\"" : "", known ? client : "", known ? "\"" : "");
	return answered(tw_unit_request_as(w.unit, NULL, "POST", LOGINS, body));
}

static int from_here(const char *account, const char *password, bool known)
{
	tw_unit_from(w.unit, HERE);
	return login(account, password, known);
}

static int from_anywhere(const char *password)
{
	char source[24];

	fresh++;
	(void)snprintf(source, sizeof source, "198.51.%u.%u", fresh / 200, fresh % 200 + 1);
	tw_unit_from(w.unit, source);
	int status = login("alice", password, false);
	tw_unit_from(w.unit, HERE);
	return status;
}

/* --- Events --- */

static int guess_anywhere(void)
{
	return from_anywhere(GUESS);
}

static int guess_here(void)
{
	return from_here("alice", GUESS, false);
}

static int guess_other(void)
{
	char name[24];

	(void)snprintf(name, sizeof name, "nobody%u", ++fresh);
	return from_here(name, GUESS, false);
}

static int guess_code(void)
{
	tw_unit_from(w.unit, HERE);
	return answered(world_open(&w, "{\"code\":\"00000-00000\"}"));
}

static int guess_client(void)
{
	return from_here("alice", GUESS, true);
}

static int right_anywhere(void)
{
	return from_anywhere(GOOD);
}

static int right_here(void)
{
	return from_here("alice", GOOD, false);
}

/* From where others guess. */
static int right_client(void)
{
	return from_here("alice", GOOD, true);
}

static int later_by(int64_t ms)
{
	now += ms;
	world_at(&w, WORLD_WALL + now, now);
	waited = false;
	return 0;
}

static int minute(void)
{
	return later_by(MINUTE);
}

static int hours(void)
{
	return later_by(MINUTE + TW_THROTTLE_MEMORY_MS);
}

static void write_down(void)
{
	device()->access->guard.throttle.changed = true;
	device()->access->guard.throttle_written_ms = INT64_MIN;
	CHECK_OK(tw_access_job_throttle(&device()->context));
}

static int start_again(void)
{
	tw_unit_boot(++boot);
	world_start(&w);
	waited = false;
	return 0;
}

static int power_cut(void)
{
	write_down();
	return start_again();
}

static int guess_cut(void)
{
	write_down();
	walk_broken |= guess_anywhere() != 403;
	return start_again();
}

/* --- States --- */

static const char *count_of(enum tw_throttle_kind kind, const char *who)
{
	static const char *const few[] = { "0", "1", "2" };
	const struct tw_throttled *all = device()->access->guard.throttle.of[kind];

	for (size_t i = 0; i < TW_THROTTLE_PLACES; i++) {
		const struct tw_throttled *s = &all[i];

		if (!s->failures || strncmp(s->who, who, strlen(who)) != 0)
			continue;
		if (now >= (s->until_ms > s->last_ms ? s->until_ms : s->last_ms) + TW_THROTTLE_MEMORY_MS)
			return "0";
		return s->failures < TW_COUNT(few) ? few[s->failures] : s->until_ms > now ? "waits" : "over";
	}
	return "0";
}

static void observe(char ret[WALK_TEXT])
{
	(void)snprintf(ret, WALK_TEXT, "%s %s %s", count_of(TW_THROTTLE_ACCOUNT, "alice"), count_of(TW_THROTTLE_SOURCE, HERE),
		count_of(TW_THROTTLE_CLIENT, "client:"));
}

static const char *what(void)
{
	return waited ? "wait" : "go";
}

static void keep(size_t state)
{
	of[state] = device()->access->guard.throttle;
	of_ms[state] = now;
}

/* As it was, with its times as long ago; and the client is known still, however many have logged in since. */
static void put_back(const struct tw_throttle *was, int64_t was_ms)
{
	struct tw_throttle *t = &device()->access->guard.throttle;
	struct tw_login_who who = { .known = false };

	(void)later_by(1);
	*t = *was;
	for (size_t kind = 0; kind < TW_THROTTLE_KINDS; kind++)
		for (size_t i = 0; i <= TW_THROTTLE_PLACES; i++) {
			t->of[kind][i].last_ms += now - was_ms;
			t->of[kind][i].until_ms += now - was_ms;
		}
	CHECK_OK(tw_client_known(&device()->context, 1, client, &who));
	CHECK(who.known);
	CHECK_OK(tw_client_came(&device()->context, 1, &who, "192.0.2.1", NULL));
}

static void begin(void)
{
	put_back(&empty, now);
}

static void recall(size_t state)
{
	put_back(&of[state], of_ms[state]);
}

static void set(const char *key, const char *value)
{
	char target[96], body[64];

	(void)snprintf(target, sizeof target, "/api/v1/settings/%s", key);
	(void)snprintf(body, sizeof body, "{\"value\":\"%s\"}", value);
	CHECK_INT(tw_unit_request(w.unit, "PUT", target, "\"0\"", body), 200);
}

static void set_up(void)
{
	set("logical-access.attempts", "3");
	set("logical-access.attempts-wait-most", "60");
	CHECK_INT(answered(tw_unit_request(w.unit, "PUT", "/api/v1/password", NULL, "{\"password\":\"" GOOD "\"}")), 204);
	CHECK_INT(from_here("alice", GOOD, false), 201);
	world_text(&w, "client", client, sizeof client);
	empty = device()->access->guard.throttle;
}

/* --- The walk --- */

static bool may_be_cut(const char *state)
{
	return strncmp(state, "waits", 5) != 0 && strcmp(strrchr(state, ' '), " 0") == 0;
}

static const struct walk_event events[] = {
	{ "guess-anywhere", guess_anywhere, NULL },
	{ "guess-here", guess_here, NULL },
	{ "guess-other", guess_other, NULL },
	{ "guess-code", guess_code, NULL },
	{ "guess-client", guess_client, NULL },
	{ "guess-cut", guess_cut, may_be_cut },
	{ "right-anywhere", right_anywhere, NULL },
	{ "right-here", right_here, NULL },
	{ "right-client", right_client, NULL },
	{ "minute", minute, NULL },
	{ "hours", hours, NULL },
	{ "power-cut", power_cut, NULL },
};

int main(void)
{
	const struct walk walk = {
		.events = events, .count = TW_COUNT(events), .begin = begin, .observe = observe, .what = what, .keep = keep, .recall = recall
	};

	return walk_main(&walk, set_up);
}
