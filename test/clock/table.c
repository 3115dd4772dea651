/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every clock there may be, at every stage of a device's life.
 *
 * A row of `clocks` is how both clocks stand before a stage and after something has happened to them; a row of `stages` is what
 * the device does in between, by core's real code over the seam. Each pair is a test of its own. What must hold is written in the
 * rows where it differs (whether the time is trusted), and in the stage where it is a rule: whatever has a term ends by boot time, to
 * the millisecond; the wall clock ends nothing and revives nothing; the log verifies; nobody waits for a clock.
 */
#include "world.h"

#include "device/platform/start.h"

#define SECOND 1000LL
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define YEAR (365 * DAY)
#define WALL WORLD_WALL
#define BOOT WORLD_BOOT
#define NTP_ERA 2085978496000LL      /* 2036-02-07: 32 bits of seconds since 1900 */
#define END_OF_32 2147483647000LL    /* 2038-01-19 */
#define BEFORE_BUILD 1704067200000LL /* 2024 */
#define YEAR_1900 (-2208988800000LL)
#define KERNEL_LAST 9223372036854LL  /* 2262: 63 bits of nanoseconds */
#define YEAR_10000 253402300800000LL /* later than a certificate can say */

#define POLLS_MAX 300 /* of one test: a device that waits for a clock would do it many thousand times */

struct clock {
	const char *name;
	int64_t wall[2], passed; /* before, after; boot time between them */
	int64_t boot;            /* before; 0: BOOT */
	bool trusted[2];         /* with nothing known but the build */
	bool kept;               /* after, when the time before was kept as the floor if it was trusted */
};

#define YES true, true
#define NO false, false
static const struct clock clocks[] = {
	{ "steady", { WALL, WALL + SECOND }, SECOND, 0, { YES }, true },
	{ "nothing passes", { WALL, WALL }, 0, 0, { YES }, true },
	{ "no clock outlives power", { 0, SECOND }, SECOND, 0, { NO }, false },
	{ "no clock, then set", { 5 * SECOND, WALL }, SECOND, 0, { false, true }, true },
	{ "set, then lost", { WALL, 0 }, SECOND, 0, { true, false }, false },
	{ "a millisecond before 1970", { -1, 0 }, 1, 0, { NO }, false },
	{ "before the build", { BEFORE_BUILD, BEFORE_BUILD + SECOND }, SECOND, 0, { NO }, false },
	{ "set before the build", { WALL, BEFORE_BUILD }, SECOND, 0, { true, false }, false },
	{ "over the NTP era", { NTP_ERA - SECOND, NTP_ERA + SECOND }, 2 * SECOND, 0, { YES }, true },
	{ "wrapped with the NTP era", { NTP_ERA - SECOND, YEAR_1900 }, SECOND, 0, { true, false }, false },
	{ "over 2038", { END_OF_32 - SECOND, END_OF_32 + SECOND }, 2 * SECOND, 0, { YES }, true },
	{ "wrapped in 2038", { END_OF_32, -END_OF_32 - SECOND }, SECOND, 0, { true, false }, false },
	{ "after 2106", { 2 * END_OF_32, 2 * END_OF_32 + 3 * SECOND }, 3 * SECOND, 0, { YES }, true },
	{ "ten years back", { WALL, WALL - 10 * YEAR }, SECOND, 0, { true, false }, false },
	{ "ten years back, and after the build", { WALL + 10 * YEAR, WALL }, SECOND, 0, { YES }, false },
	{ "thirty years ahead", { WALL, WALL + 30 * YEAR }, SECOND, 0, { YES }, true },
	{ "thirty years ahead and back again", { WALL + 30 * YEAR, WALL }, SECOND, 0, { YES }, false },
	{ "an hour forward", { WALL, WALL + HOUR }, 1, 0, { YES }, true },
	{ "an hour back", { WALL, WALL - HOUR }, 1, 0, { YES }, false },
	{ "a millisecond back", { WALL, WALL - 1 }, 1, 0, { YES }, false },
	{ "a leap second repeated", { WALL + 999, WALL }, 1, 0, { YES }, false },
	{ "a leap second left out", { WALL, WALL + SECOND + 1 }, 1, 0, { YES }, true },
	{ "wall frozen", { WALL, WALL }, 3 * MINUTE, 0, { YES }, true },
	{ "wall slow", { WALL, WALL + MINUTE }, 31 * MINUTE, 0, { YES }, true },
	{ "wall fast", { WALL, WALL + 31 * MINUTE }, SECOND, 0, { YES }, true },
	{ "boot time frozen", { WALL, WALL + DAY }, 0, 0, { YES }, true },
	{ "a minute less a millisecond", { WALL, WALL + MINUTE }, MINUTE - 1, 0, { YES }, true },
	{ "a minute", { WALL, WALL + MINUTE }, MINUTE, 0, { YES }, true },
	{ "two minutes less a millisecond", { WALL, WALL + 2 * MINUTE }, 2 * MINUTE - 1, 0, { YES }, true },
	{ "two minutes", { WALL, WALL + 2 * MINUTE }, 2 * MINUTE, 0, { YES }, true },
	{ "five minutes less a millisecond", { WALL, WALL + 5 * MINUTE }, 5 * MINUTE - 1, 0, { YES }, true },
	{ "five minutes", { WALL, WALL + 5 * MINUTE }, 5 * MINUTE, 0, { YES }, true },
	{ "half an hour less a millisecond", { WALL, WALL + 30 * MINUTE }, 30 * MINUTE - 1, 0, { YES }, true },
	{ "half an hour", { WALL, WALL + 30 * MINUTE }, 30 * MINUTE, 0, { YES }, true },
	{ "suspended for eight hours", { WALL, WALL + 8 * HOUR }, 8 * HOUR, 0, { YES }, true },
	{ "suspended, and the clock lost", { WALL, SECOND }, DAY, 0, { true, false }, false },
	{ "up for fifty days", { WALL, WALL + SECOND }, SECOND, 4294967295LL - 500, { YES }, true },
	{ "just started", { WALL, WALL + SECOND }, SECOND, 1, { YES }, true },
	{ "just started, and no clock", { 0, 10 }, 10, 1, { NO }, false },
	{ "the kernel's last second", { KERNEL_LAST - SECOND, KERNEL_LAST }, SECOND, 0, { YES }, true },
	{ "the kernel's longest boot", { WALL, WALL + SECOND }, SECOND, KERNEL_LAST - SECOND, { YES }, true },
	{ "64 bits of boot time", { WALL, WALL + SECOND }, SECOND, INT64_MAX - DAY, { YES }, true },
	{ "the year 10000", { YEAR_10000 - SECOND, YEAR_10000 }, SECOND, 0, { true, false }, false },
	{ "the end of 64 bits", { INT64_MAX - SECOND, INT64_MAX }, SECOND, 0, { NO }, false },
	{ "the end of 64 bits, then set", { INT64_MAX - SECOND, WALL }, SECOND, 0, { false, true }, true },
	{ "the begin of 64 bits", { INT64_MIN, INT64_MIN + SECOND }, SECOND, 0, { NO }, false },
};

static void before(struct world *w, const struct clock *c)
{
	world_at(w, c->wall[0], c->boot ? c->boot : BOOT);
}

static void after(struct world *w, const struct clock *c)
{
	world_at(w, c->wall[1], (c->boot ? c->boot : BOOT) + c->passed);
}

static bool trusted(struct world *w)
{
	return tw_time_trusted(&tw_unit_device(w->unit)->time);
}

/* --- Stages --- */

static void first_start(struct world *w, const struct clock *c)
{
	after(w, c);
	world_start(w);
	CHECK(trusted(w) == c->trusted[1]);
	CHECK_INT(tw_unit_request(w->unit, "GET", "/api/v1/commissioning", NULL, NULL), 200);
	CHECK_INT(tw_unit_takeover(w->unit, "alice"), 201);
}

static void take_over(struct world *w, const struct clock *c)
{
	struct tw_unit_offer o;

	before(w, c);
	world_start(w);
	CHECK(trusted(w) == c->trusted[0]);
	CHECK_INT(tw_unit_offer(w->unit, &o), 200);
	after(w, c);
	CHECK(trusted(w) == c->trusted[1]);
	CHECK_INT(tw_unit_take(w->unit, &o, "alice"), c->passed < 2 * MINUTE ? 201 : 409);
	if (c->passed >= 2 * MINUTE)
		CHECK_INT(tw_unit_takeover(w->unit, "alice"), 201);
	CHECK(tw_unit_owned(w->unit));
}

static void session(struct world *w, const struct clock *c)
{
	char token[64], again[64];

	before(w, c);
	world_start_owned(w);
	world_session(w, token);
	after(w, c);
	CHECK_INT(world_reads(w, token), c->passed < 30 * MINUTE ? 200 : 401);
	before(w, c); /* no clock that comes back does what the device would regret */
	world_session(w, again);
	after(w, c);
	CHECK_INT(world_reads(w, again), c->passed < 30 * MINUTE ? 200 : 401);
}

static void session_code(struct world *w, const struct clock *c)
{
	char body[64];

	before(w, c);
	world_start_owned(w);
	world_code(w, body);
	after(w, c);
	CHECK_INT(world_open(w, body), c->passed < 5 * MINUTE ? 201 : 403);
	world_code(w, body);
	CHECK_INT(world_open(w, body), 201);
}

static void browser(struct world *w, const struct clock *c)
{
	struct tw_unit_offer o;

	before(w, c);
	world_start(w);
	CHECK_INT(tw_unit_offer(w->unit, &o), 200);
	CHECK_INT(tw_unit_browser(w->unit, &o, "alice"), 202);
	after(w, c);
	CHECK_INT(tw_unit_confirm(w->unit, &o), c->passed < 5 * MINUTE ? 200 : 404);
	CHECK_INT(tw_unit_claim(w->unit, &o), c->passed < 5 * MINUTE ? 201 : 404);
	CHECK(tw_unit_owned(w->unit) == (c->passed < 5 * MINUTE));
	before(w, c);
	after(w, c);
	if (!tw_unit_owned(w->unit))
		CHECK_INT(tw_unit_takeover(w->unit, "alice"), 201);
}

/* Manifest and certificates are checked at each start; the statement says whether the time is trusted. */
static void certificates(struct world *w, const struct clock *c)
{
	before(w, c);
	world_start_owned(w);
	after(w, c);
	world_start(w);
	CHECK(trusted(w) == c->trusted[1]);
	CHECK_INT(tw_unit_request(w->unit, "POST", "/api/v1/identity/statement", NULL,
			  "{\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"),
		200);
	CHECK_INT(tw_unit_request(w->unit, "GET", "/api/v1/capabilities", NULL, NULL), 200);
	CHECK(strstr(tw_unit_body(w->unit), c->trusted[1] ? "\"trusted\":true" : "\"trusted\":false") != NULL);
}

/* Records stand in their order whatever the clock says, and none has a time before the build. */
static void records(struct world *w, const struct clock *c)
{
	before(w, c);
	world_start_owned(w);
	CHECK_OK(tw_unit_settle(w->unit));
	after(w, c);
	CHECK_INT(world_reads(w, NULL), 401);
	CHECK_INT(tw_unit_request(w->unit, "GET", "/api/v1/identity", NULL, NULL), 200);
	CHECK_OK(tw_unit_settle(w->unit));
	CHECK(!world_log_says(w, "\"time\":\"19") && !world_log_says(w, "\"time\":\"00") && !world_log_says(w, "\"time\":\"-"));
	CHECK(!world_log_says(w, "\"time\":\"200") && !world_log_says(w, "\"time\":\"201") && !world_log_says(w, "\"time\":\"2024"));
	before(w, c);
	CHECK_OK(tw_unit_settle(w->unit));
	world_start(w);
}

static void change(struct world *w, const struct clock *c)
{
	static const char setting[] = "/api/v1/settings/identification.remote-read";

	before(w, c);
	world_start_owned(w);
	CHECK_INT(tw_unit_request(w->unit, "PUT", setting, "\"0\"", "{\"value\":\"off\"}"), 200);
	after(w, c);
	CHECK_INT(tw_unit_request(w->unit, "PUT", setting, "\"0\"", "{\"value\":\"on\"}"), 412); /* versions count, times do not */
	CHECK_INT(tw_unit_request(w->unit, "PUT", setting, "\"1\"", "{\"value\":\"on\"}"), 200);
	world_start(w);
	CHECK_INT(tw_unit_request(w->unit, "GET", setting, NULL, NULL), 200);
	CHECK(strstr(tw_unit_body(w->unit), "\"version\":2") != NULL);
}

/* The floor outlives a start of the roles, and so does a session. */
static void restart(struct world *w, const struct clock *c)
{
	char token[64];

	before(w, c);
	world_start_owned(w);
	world_session(w, token);
	CHECK_OK(tw_start_keep_time(tw_unit_device(w->unit)));
	CHECK_OK(tw_unit_settle(w->unit));
	after(w, c);
	CHECK(trusted(w) == c->kept);
	world_start(w);
	CHECK(trusted(w) == c->kept);
	CHECK_INT(world_reads(w, token), c->passed < 30 * MINUTE ? 200 : 401);
	CHECK(!c->trusted[0] || !world_log_says(w, "time.untrusted"));
	CHECK_OK(tw_start_keep_time(tw_unit_device(w->unit)));
	CHECK(world_log_says(w, "\"time.untrusted\"") == (!c->kept || !c->trusted[0]));
}

/* Another boot: boot time begins anew, the wall clock is what came out of it. */
static void reboot(struct world *w, const struct clock *c)
{
	char token[64];

	before(w, c);
	world_start_owned(w);
	world_session(w, token);
	CHECK_OK(tw_unit_end(w->unit));
	world_at(w, c->wall[1], 5 * SECOND);
	tw_unit_boot(2);
	world_start(w);
	CHECK_INT((int64_t)tw_unit_device(w->unit)->boot_count, 2);
	CHECK(trusted(w) == c->kept);
	CHECK_INT(world_reads(w, token), 401);
	CHECK(tw_unit_owned(w->unit));
	world_session(w, token);
	CHECK_INT(world_reads(w, token), 200);
	world_at(w, WALL + 40 * YEAR, 6 * SECOND); /* set right at last */
	CHECK(trusted(w) == (!c->trusted[0] || c->wall[0] <= WALL + 40 * YEAR));
	CHECK_INT(world_reads(w, token), 200);
}

static void throttle(struct world *w, const struct clock *c)
{
	before(w, c);
	world_start_owned(w);
	for (int i = 0; i < 5; i++)
		CHECK_INT(world_open(w, "{\"code\":\"00000-00000\"}"), 403);
	CHECK_INT(world_open(w, "{\"code\":\"00000-00000\"}"), 429);
	after(w, c);
	CHECK_INT(world_open(w, "{\"code\":\"00000-00000\"}"), c->passed < MINUTE ? 429 : 403);
}

/* The one timer of core that is armed for a moment: never in the past, never further away than its minute. */
static void refusals(struct world *w, const struct clock *c)
{
	int64_t due, now;
	tw_audit *a;

	before(w, c);
	world_start_owned(w);
	a = tw_unit_device(w->unit)->context.audit;
	CHECK_INT(tw_audit_refusals_due_ms(a), -1);
	for (int i = 0; i < 15; i++)
		CHECK_OK(tw_audit_refused(a, "192.0.2.9", TW_SLICE("{\"event\":\"test\"}")));
	now = tw_time_boot_ms(&tw_unit_device(w->unit)->time);
	due = tw_audit_refusals_due_ms(a);
	CHECK(due > now && due - now <= MINUTE);
	after(w, c);
	now = tw_time_boot_ms(&tw_unit_device(w->unit)->time);
	CHECK_OK(tw_audit_refusals_seal(a, false));
	if (c->passed < MINUTE)
		CHECK(tw_audit_refusals_due_ms(a) == due && due > now);
	else
		CHECK_INT(tw_audit_refusals_due_ms(a), -1);
	CHECK(world_log_says(w, "\"refusals\"") == (c->passed >= MINUTE));
}

static void recovery(struct world *w, const struct clock *c)
{
	uint8_t secret[16];
	char token[64];

	before(w, c);
	world_start_owned(w);
	world_session(w, token);
	after(w, c);
	CHECK_INT(tw_unit_recover(w->unit, secret), 200);
	CHECK(!tw_unit_owned(w->unit));
	CHECK_INT(tw_unit_takeover(w->unit, "bob"), 201);
	before(w, c);
	CHECK_INT(world_reads(w, token), 401);
}

static const struct stage {
	const char *name;
	void (*run)(struct world *w, const struct clock *c);
} stages[] = {
	{ "first start", first_start },
	{ "take-over and its challenge", take_over },
	{ "browser take-over", browser },
	{ "session", session },
	{ "session code", session_code },
	{ "certificates", certificates },
	{ "records and checkpoints", records },
	{ "change", change },
	{ "restart", restart },
	{ "reboot", reboot },
	{ "throttle", throttle },
	{ "refusals' timer", refusals },
	{ "recovery", recovery },
};

struct row {
	const struct clock *clock;
	const struct stage *stage;
	char name[120];
};

static long polls(const tw_fake *f)
{
	long n = 0;

	for (long i = 1; i <= tw_fake_calls(f); i++)
		n += strcmp(tw_fake_name(f, i), "poll") == 0;
	return n;
}

static struct world world; /* a row that fails is left at once: its unit must not stay for the next */

static int set_up(void **state)
{
	tw_unit_boot(1);
	return world_make(&world);
}

static int tear_down(void **state)
{
	return world_end(&world);
}

static void run_row(void **state)
{
	const struct row *r = *state;
	struct tw_unit_log log;

	r->stage->run(&world, r->clock);
	CHECK_OK(tw_unit_settle(world.unit));
	CHECK_OK(tw_unit_verify_log(world.unit, &log));
	CHECK_INT(log.open_intents, 0);
	CHECK(polls(world.fake) < POLLS_MAX);
}

int main(void)
{
	static struct row rows[TW_COUNT(clocks) * TW_COUNT(stages)];
	static struct CMUnitTest tests[TW_COUNT(rows)];
	const char *filter = getenv("CMOCKA_TEST_FILTER");

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		rows[i].clock = &clocks[i / TW_COUNT(stages)];
		rows[i].stage = &stages[i % TW_COUNT(stages)];
		(void)snprintf(rows[i].name, sizeof rows[i].name, "%s: %s", rows[i].clock->name, rows[i].stage->name);
		tests[i] = (struct CMUnitTest){ rows[i].name, run_row, set_up, tear_down, &rows[i] };
	}
	if (filter)
		cmocka_set_test_filter(filter);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("clocks", tests, TW_COUNT(tests), NULL, NULL);
}
