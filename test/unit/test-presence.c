/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody at the device confirms by its button, and what a browser may ask for when nobody can come in: each alone does nothing. */
#include "lacking.h"
#include "one-line.h"
#include "one-world.h"

#include "base/text.h"
#include "device/logical-access/state.h"
#include "device/platform/presence.h"
#include "device/rows-logical-access.h"
#include "device/rows-platform.h"

#include <errno.h>

#define BUTTON 64030
#define RECOVERY "/api/v1/recovery"

static int64_t now = WORLD_BOOT;
static char request[24], code[8];

static void pass(int64_t ms)
{
	now += ms;
	world_at(&w, WORLD_WALL + now, now);
}

static int set_up(void **state)
{
	now = WORLD_BOOT;
	if (set_up_unowned(state))
		return -1;
	device()->console_there = true;
	pass(60 * MINUTE);
	CHECK(!join(BUTTON, "button", false));
	return 0;
}

static int end(void **state)
{
	hang_up();
	return tear_down(state);
}

/* The rule that refuses it, "" when it confirmed something. */
static const char *presses_at(int64_t down_ms, int64_t held_ms)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf payload = { 0 };
	static char rule[TW_PROVIDER_RULE];

	tw_buf_init(&payload, tw_sys_real(), 12);
	CHECK_OK(tw_buf_u64(&payload, (uint64_t)down_ms));
	CHECK_OK(tw_buf_u32(&payload, (uint32_t)held_ms));
	tw_err e = tw_presence_report(device(), line.here, tw_buf_slice(&payload), rule);
	return tw_failed(e) ? tw_code_name(e.code) : rule;
}

/* It went down a moment ago, behind whatever was asked before; nobody has pressed it for nothing for a minute. */
static const char *presses(int64_t held_ms)
{
	pass(MINUTE);
	return presses_at(now - held_ms - 1, held_ms);
}

static int asks(void)
{
	int status = tw_unit_request_as(w.unit, NULL, "POST", RECOVERY, NULL);

	if (status == 202) {
		world_text(&w, "request", request, sizeof request);
		world_text(&w, "code", code, sizeof code);
	}
	return status;
}

static int state_of(const char *which)
{
	char body[64];

	(void)snprintf(body, sizeof body, "{\"request\":\"%s\"}", which);
	return tw_unit_request_as(w.unit, NULL, "POST", RECOVERY "/state", body);
}

#define SAYS(text) CHECK(strstr(tw_unit_body(w.unit), text))

static bool find_words(void *user, const struct tw_log_record *r)
{
	const char **words = user;

	if (*words && memmem(r->body.at, r->body.size, *words, strlen(*words)))
		*words = NULL;
	return true;
}

/* Who owns the device has no certificate here. */
static bool logged(const char *words)
{
	CHECK_OK(tw_audit_recent(device()->context.audit, 0, 100, find_words, &words));
	return !words;
}

/* --- Taking over --- */

static void test_a_press_confirms_a_browser(void **state)
{
	CHECK_INT(tw_unit_offer(w.unit, &offer), 200);
	SAYS("\"secret+console\",\"secret+button\"");
	CHECK_INT(begin_browser(), 202);
	CHECK_INT(claim(), 202);
	CHECK_TEXT(presses(0), "");
	CHECK_INT(claim(), 201);
	CHECK(logged("\"door\":\"button\",\"operation\":\"presence.confirm\",\"subject\":\"button\",\"how\":\"peer-credentials\",\"source\":\"button\""));
	CHECK(logged("\"how\":\"secret+button\""));
	CHECK_TEXT(device()->access->guard.sessions[0].how, TW_HOW_BUTTON);
	CHECK_INT(tw_unit_request_as(w.unit, NULL, "GET", "/api/v1/commissioning", NULL), 200);
	SAYS("\"methods\":[]"); /* whoever stands there takes over nothing that is owned */
	hang_up();
	make_unowned();
	CHECK_INT(tw_unit_offer(w.unit, &offer), 200);
	CHECK(!strstr(tw_unit_body(w.unit), "secret+button"));
}

/* The answer may have been lost: what was collected is collected again, when the press itself has long lapsed. */
static void test_what_was_collected_does_not_lapse(void **state)
{
	make_browser();
	CHECK_TEXT(presses(0), "");
	CHECK_INT(claim(), 201);
	pass(TW_PRESENT_COUNTS_MS);
	CHECK_INT(claim(), 201);
}

/* @nist LA.AS.2: the label's secret and a press are two factors, and no certificate */
static void test_what_a_press_opens_is_of_two_factors(void **state)
{
	static const struct {
		const char *methods;
		bool takes;
	} rows[] = { { "any", true }, { "two-factors", true }, { "certificate", false } };
	struct tw_context *c = &device()->context;

	make_owned();
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_OK(tw_setting_set(c, tw_setting_find(c, "logical-access.network-methods"), rows[i].methods, -1, "test"));
		CHECK(tw_policy_takes(device(), TW_HOW_BUTTON) == rows[i].takes);
	}
}

/* It counts for half a minute, and once: a browser that comes later waits for another. */
static void test_a_press_lapses(void **state)
{
	make_browser();
	CHECK_TEXT(presses(0), "");
	CHECK_TEXT(presses_at(now - 1, 0), "presence.nothing");
	pass(TW_PRESENT_COUNTS_MS);
	CHECK_INT(claim(), 202);
	CHECK_TEXT(presses(0), "presence.old");
	CHECK_INT(claim(), 202);
}

static void test_a_press_counts_until_then(void **state)
{
	make_browser();
	CHECK_TEXT(presses(0), "");
	pass(TW_PRESENT_COUNTS_MS - 1);
	CHECK_INT(claim(), 201);
}

/* What the console confirmed does not lapse so. */
static void test_the_console_counts_longer(void **state)
{
	make_browser();
	CHECK_TEXT(presses(0), "");
	CHECK_INT(confirm(), 200);
	pass(TW_PRESENT_COUNTS_MS);
	CHECK_INT(claim(), 201);
	CHECK(logged("\"how\":\"secret+console\""));
}

static void test_what_a_press_does_not_confirm(void **state)
{
	struct tw_unit_offer second;

	CHECK_TEXT(presses(0), "presence.nothing");
	make_browser();
	CHECK_TEXT(presses_at(now, 0), "presence.often");
	pass(MINUTE);
	CHECK_TEXT(presses_at(now - MINUTE, MINUTE), "presence.before"); /* as old as what was asked */
	pass(MINUTE);
	CHECK_TEXT(presses_at(now, 1), "presence.late"); /* it is not over yet */
	pass(MINUTE);
	CHECK_TEXT(presses_at(now - TW_PRESENT_MS - 1, 0), "presence.late");
	make_browser();
	CHECK_INT(tw_unit_offer(w.unit, &second), 200);
	CHECK_INT(tw_unit_browser(w.unit, &second, "mallory"), 202);
	CHECK_TEXT(presses(0), "presence.several");
	CHECK_INT(claim(), 202);
	CHECK_INT(tw_unit_claim(w.unit, &second), 202);
	CHECK_TEXT(presses(0), "presence.old");
	CHECK_INT(tw_unit_claim(w.unit, &second), 202);
	make_browser();
	pass(MINUTE);
	CHECK_TEXT(presses_at(now - TW_PRESENT_MS, 0), ""); /* the others wait still, and are too old for it */
	CHECK_INT(tw_unit_claim(w.unit, &second), 202);
	CHECK_INT(claim(), 201);
}

static void test_how_old_it_may_be(void **state)
{
	make_browser();
	pass(TW_PRESENT_WITHIN_MS);
	CHECK_TEXT(presses_at(now, 0), "presence.old");
	pass(TW_PRESENCE_WAIT_MS);
	CHECK_TEXT(presses_at(now - TW_PRESENCE_WAIT_MS - 1, 0), "");
}

/* Who presses for nothing waits, twice as long each time and a minute at most; what confirms something ends that. */
static void test_presses_for_nothing_wait(void **state)
{
	for (int64_t wait = TW_PRESENCE_WAIT_MS; wait < TW_PRESENCE_WAIT_MOST_MS; wait *= 2) {
		CHECK_TEXT(presses_at(now - 1, 0), "presence.nothing");
		pass(wait - 1);
		CHECK_TEXT(presses_at(now - 1, 0), "presence.often");
		CHECK(!join(BUTTON, "button", false)); /* coming again earns nothing */
		CHECK_TEXT(presses_at(now - 1, 0), "presence.often");
		pass(1);
	}
	CHECK_TEXT(presses_at(now - 1, 0), "presence.nothing");
	make_browser();
	pass(TW_PRESENCE_WAIT_MOST_MS);
	CHECK_TEXT(presses_at(now - 1, 0), "");
	CHECK_TEXT(presses_at(now - 1, 0), "presence.nothing");
	pass(TW_PRESENCE_WAIT_MS);
	CHECK_TEXT(presses_at(now - 1, 0), "presence.nothing");
}

/* Whoever has let it be for the longest wait begins anew. */
static void test_the_wait_ends(void **state)
{
	for (int i = 0; i < 8; i++)
		CHECK_TEXT(presses(0), "presence.nothing");
	pass(TW_PRESENCE_WAIT_MOST_MS - 1);
	CHECK_TEXT(presses_at(now - 1, 0), "presence.often");
	pass(2);
	CHECK_TEXT(presses_at(now - 1, 0), "presence.nothing");
	pass(TW_PRESENCE_WAIT_MS);
	CHECK_TEXT(presses_at(now - 1, 0), "presence.nothing");
}

/* Who is too early, or lets it go too soon, waits no longer for that each time. */
static void test_clumsy_presses_wait_alike(void **state)
{
	make_owned();
	CHECK_INT(asks(), 202);
	for (int i = 0; i < 3; i++) {
		CHECK_TEXT(presses_at(now - TW_PRESENT_MS, 0), "presence.before");
		pass(TW_PRESENCE_WAIT_MS);
	}
	for (int i = 0; i < 3; i++) {
		CHECK_TEXT(presses_at(now - 1, 0), "presence.hold");
		CHECK_TEXT(presses_at(now - 1, 0), "presence.often");
		pass(TW_PRESENCE_WAIT_MS);
	}
}

/* Whose press it is, the kernel and the manifest say; a login's provider is no button, and a button none of a login's. */
static void test_whose_press(void **state)
{
	static const struct {
		uid_t uid;
		const char *name, *rule;
	} rows[] = { { 64020, "button", "provider.user" }, { 0, "button", "provider.user" }, { BUTTON, "reader", "provider.user" } };

	make_browser();
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_TEXT(join(rows[i].uid, rows[i].name, false), rows[i].rule);
		CHECK_TEXT(presses(0), "presence.user");
	}
	CHECK(!join(64020, "reader", false));
	CHECK_TEXT(presses(0), "presence.user");
	CHECK_INT(claim(), 202);
	make_owned();
	CHECK_INT(tw_unit_request(w.unit, "PUT", "/api/v1/login-providers/a1", NULL, "{\"provider\":\"button\"}"), 400);
	SAYS("provider.unknown");
	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/login-providers", NULL, NULL), 200);
	CHECK(!strstr(tw_unit_body(w.unit), "button"));
	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/access-list", NULL, NULL), 200);
	SAYS("\"kind\":\"button\",\"may\":\"holds application.temperature.read, presence.confirm, provider.join\",\"who\":\"button\"");
	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/access?operation=ownership.recover&kind=button", NULL, NULL), 200);
	SAYS("\"allowed\":false");
	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/access?operation=presence.confirm&kind=button", NULL, NULL), 200);
	SAYS("\"allowed\":true");
}

static void test_a_press_that_cannot_be_read(void **state)
{
	char rule[TW_PROVIDER_RULE];

	CHECK_ERR(tw_presence_report(device(), line.here, TW_SLICE("press"), rule), SYNTAX);
	CHECK(tw_presence_there(device()));
	hang_up();
	CHECK(!tw_presence_there(device()));
}

/* --- Recovery --- */

static const char *notice(void)
{
	return device()->console_notice;
}

#define TOLD "Ownership was ended by the button; type recover for a new secret."

static void read_secret(uint8_t ret[16])
{
	char path[128];
	uint8_t known[17];

	(void)snprintf(path, sizeof path, "%s/keys/%s", w.directory, TW_KEYS_SECRET);
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	CHECK_INT(fread(known, 1, sizeof known, f), 16);
	(void)fclose(f);
	memcpy(ret, known, 16);
}

/* The button shows none, and the one before has ended; what the console tells whoever asks there is what the device knows. */
static void check_way(const uint8_t before[16])
{
	uint8_t unseen[16], known[16], told[16];

	CHECK_TEXT(notice(), TOLD);
	read_secret(unseen);
	CHECK(memcmp(unseen, before, 16) != 0);
	CHECK_INT(tw_unit_recover(w.unit, told), 200);
	read_secret(known);
	CHECK_BYTES(told, known, 16);
	CHECK(memcmp(unseen, known, 16) != 0);
}

static void test_a_held_button_ends_what_a_browser_asked(void **state)
{
	uint8_t before[16];

	make_owned();
	read_secret(before);
	CHECK_INT(asks(), 202);
	SAYS("\"button\":true");
	SAYS("\"console\":true");
	CHECK(strstr(notice(), code) && strstr(notice(), "recover"));
	CHECK(logged("ownership.recovery-asked"));
	CHECK_INT(state_of(request), 200);
	SAYS("\"state\":\"waiting\"");
	CHECK(tw_unit_owned(w.unit));
	CHECK_TEXT(presses(TW_HOLD_MS), "");
	CHECK(!tw_unit_owned(w.unit));
	CHECK(logged("\"event\":\"ownership.ended\""));
	CHECK(logged("\"operation\":\"presence.confirm\""));
	CHECK(logged("recovery asked for from 192.0.2.7"));
	CHECK_INT(state_of(request), 200);
	SAYS("\"state\":\"recovered\"");
	check_way(before);
	pass(TW_RECOVERY_MS);
	CHECK_INT(state_of(request), 404);
	CHECK_INT(tw_unit_takeover(w.unit, "bob"), 201);
}

/* Neither alone does anything, nor both in the wrong order, nor a press that was not held. */
static void test_what_does_not_end_it(void **state)
{
	make_owned();
	CHECK_TEXT(presses(TW_HOLD_MS), "presence.nothing");
	pass(MINUTE);
	CHECK_INT(asks(), 202);
	CHECK_TEXT(presses_at(now - TW_HOLD_MS, TW_HOLD_MS), "presence.before");
	pass(TW_PRESENT_WITHIN_MS / 3);
	CHECK_TEXT(presses_at(now - TW_HOLD_MS, TW_HOLD_MS - 1), "presence.hold");
	device()->console_there = false;
	pass(TW_PRESENT_WITHIN_MS / 3);
	CHECK_TEXT(presses_at(now - TW_HOLD_MS, TW_HOLD_MS), "presence.console");
	device()->console_there = true;
	pass(TW_PRESENT_WITHIN_MS / 3 + TW_HOLD_MS);
	CHECK_TEXT(presses_at(now - TW_HOLD_MS, TW_HOLD_MS), "presence.old"); /* a stranger may keep one standing */
	pass(4 * MINUTE);
	CHECK_TEXT(presses_at(now - 2 * TW_HOLD_MS, TW_HOLD_MS), "presence.nothing"); /* lapsed, five minutes behind it */
	CHECK_INT(state_of(request), 404);
	CHECK(tw_unit_owned(w.unit));
	CHECK(!strstr(notice(), TOLD));
}

/* One at a time; whoever asked last lets others have their turn; no browser guesses another's request. */
static void test_asking(void **state)
{
	CHECK_INT(asks(), 403);
	SAYS("gate.not-owned");
	make_owned();
	CHECK_INT(tw_unit_request(w.unit, "POST", RECOVERY, NULL, NULL), 403); /* an owner needs none */
	CHECK_INT(asks(), 202);
	CHECK_INT(asks(), 409);
	SAYS("recovery.pending");
	CHECK_INT(state_of("AAAAAAAAAAAAAAAAAAAAAA"), 404);
	CHECK_INT(state_of("?AAAAAAAAAAAAAAAAAAAAA"), 404);
	pass(TW_RECOVERY_MS);
	CHECK_INT(asks(), 429);
	SAYS("recovery.again");
	tw_unit_from(w.unit, "198.51.100.7");
	CHECK_INT(asks(), 202);
	pass(TW_RECOVERY_MS);
	tw_unit_from(w.unit, NULL);
	CHECK_INT(asks(), 202);
	pass(2 * TW_RECOVERY_MS);
	CHECK_INT(asks(), 202);
	world_start(&w);
	CHECK_INT(state_of(request), 404);
	CHECK_INT(asks(), 202);
}

/* Soon after the start nobody has asked before, wherever the first is from. */
static void test_the_first(void **state)
{
	make_owned();
	world_at(&w, WORLD_WALL, MINUTE);
	tw_unit_from(w.unit, "");
	CHECK_INT(asks(), 202);
	tw_unit_from(w.unit, NULL);
}

/* To ask in vain is no guess; and programs of the device's own do not ask. */
static void test_turns(void **state)
{
	static const struct tw_unit_way local = { .local = true };

	make_owned();
	CHECK_INT(asks(), 202);
	for (int i = 0; i < 10; i++) {
		CHECK_INT(asks(), 409);
		SAYS("recovery.pending");
	}
	pass(TW_RECOVERY_MS);
	for (int i = 0; i < 10; i++) {
		CHECK_INT(asks(), 429);
		SAYS("recovery.again");
	}
	CHECK_INT(world_open(&w, "{\"code\":\"00000-00000\"}"), 403);
	tw_unit_by(w.unit, &local);
	tw_unit_from(w.unit, "pid 71");
	CHECK_INT(asks(), 403);
	SAYS("recovery.door");
	tw_unit_by(w.unit, NULL);
	tw_unit_from(w.unit, NULL);
}

/* Whoever was shown the code at the console and does not type it ends that request, and no other. */
static void test_declined_at_the_console(void **state)
{
	make_owned();
	CHECK_INT(tw_unit_decline(w.unit, "000000"), 204);
	CHECK_INT(asks(), 202);
	CHECK_INT(tw_unit_decline(w.unit, strcmp(code, "000000") ? "000000" : "000001"), 204);
	CHECK(tw_recovery_waits(device()));
	CHECK_INT(tw_unit_decline(w.unit, code), 204);
	CHECK(logged("\"operation\":\"recovery.decline\""));
	CHECK_TEXT(presses(TW_HOLD_MS), "presence.nothing");
	CHECK_INT(state_of(request), 404);
	CHECK_INT(tw_unit_waiting(w.unit), 200);
	CHECK_TEXT(tw_unit_body(w.unit), "{}");
	CHECK(tw_unit_owned(w.unit));
	CHECK_INT(asks(), 429);
	tw_unit_from(w.unit, "198.51.100.7");
	CHECK_INT(asks(), 202);
	tw_unit_from(w.unit, NULL);
}

static void decline(const char *typed)
{
	TW_CLEANUP(tw_reply_done) struct tw_reply rp = { .status = 204 };
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s}", "code", typed);
	const struct tw_request rq = { .input = input };

	CHECK_OK(tw_access_recovery_decline(&device()->context, &rq, &rp));
	CHECK_TEXT(rp.note, "");
}

/* What begins as the code does is another; and what is done is declined no more, so that whoever asked comes to know. */
static void test_what_declines_nothing(void **state)
{
	char longer[16];

	make_owned();
	CHECK_INT(asks(), 202);
	(void)snprintf(longer, sizeof longer, "%s0", code);
	decline(longer);
	longer[5] = '\0';
	decline(longer);
	CHECK(tw_recovery_waits(device()));
	CHECK_INT(recover(), 200);
	decline(code);
	CHECK_INT(state_of(request), 200);
	SAYS("\"state\":\"recovered\"");
}

/* What cannot be read is no request, not even where a request is all zeros. */
static void test_a_request_that_cannot_be_read(void **state)
{
	make_owned();
	CHECK_INT(asks(), 202);
	memset(device()->access->recovery.request, 0, sizeof device()->access->recovery.request);
	CHECK_INT(state_of("?AAAAAAAAAAAAAAAAAAAAA"), 404);
	CHECK_INT(state_of("AAAAAAAAAAAAAAAAAAAAAA"), 200);
}

/* Whoever asks is told by what it can be confirmed here. */
static void test_how_it_can_be_confirmed(void **state)
{
	static const struct {
		bool console, button;
		const char *says;
	} rows[] = {
		{ true, true, "\"button\":true" },
		{ false, true, "\"button\":false" }, /* it ends ownership only where a console tells the new secret */
		{ true, false, "\"button\":false" },
		{ false, false, "\"button\":false" },
	};

	make_owned();
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		device()->access->recovery = (struct tw_recovery){ .expires_ms = 0 };
		device()->console_there = rows[i].console;
		if (rows[i].button)
			CHECK(!join(BUTTON, "button", false));
		else
			hang_up();
		CHECK_INT(asks(), 202);
		SAYS(rows[i].says);
		SAYS(rows[i].console ? "\"console\":true" : "\"console\":false");
	}
}

/* What waits then is stopped, too. */
static void test_the_owner_switches_it_off(void **state)
{
	make_owned();
	CHECK_INT(asks(), 202);
	CHECK_INT(tw_unit_request(w.unit, "PUT", "/api/v1/settings/" TW_RECOVERY_SETTING, "\"0\"", "{\"value\":\"off\"}"), 200);
	CHECK_TEXT(presses(TW_HOLD_MS), "presence.nothing");
	CHECK_INT(tw_unit_waiting(w.unit), 200);
	CHECK_TEXT(tw_unit_body(w.unit), "{}");
	CHECK_INT(state_of(request), 404);
	CHECK_INT(asks(), 403);
	SAYS("recovery.off");
	CHECK_INT(recover(), 200);
	make_owned();
	CHECK_INT(asks(), 202); /* it ended with him */
}

/* The console sees the same code, and ends it for whoever asked. */
static void test_the_console_ends_what_a_browser_asked(void **state)
{
	make_owned();
	CHECK_INT(tw_unit_waiting(w.unit), 200);
	CHECK_TEXT(tw_unit_body(w.unit), "{}");
	CHECK_INT(asks(), 202);
	CHECK_INT(tw_unit_waiting(w.unit), 200);
	SAYS(code);
	SAYS("\"source\"");
	CHECK_INT(recover(), 200);
	CHECK_INT(state_of(request), 200);
	SAYS("\"state\":\"recovered\"");
	CHECK_INT(tw_unit_waiting(w.unit), 200);
	CHECK_TEXT(tw_unit_body(w.unit), "{}");
	make_owned();
	CHECK_TEXT(presses(TW_HOLD_MS), "presence.nothing"); /* it is done once */
	CHECK(tw_unit_owned(w.unit));
	CHECK_INT(asks(), 202); /* and in nobody's way */
}

/* --- Without randomness, without memory, and with a failing disk --- */

static long draws; /* that one fails, the first being 1; 0: none */

static int draw(const struct tw_sys *s, void *p, size_t size)
{
	if (draws > 0 && --draws == 0) {
		errno = EIO;
		return -1;
	}
	return memory.own->random(memory.own, p, size);
}

/* A request that others could guess is never made. */
static void test_without_randomness(void **state)
{
	struct tw_context *c = &device()->context;

	make_owned();
	memory.own = c->sys;
	memory.sys = *c->sys;
	memory.sys.random = draw;
	for (long nth = 1; nth <= 2; nth++) {
		c->sys = &memory.sys;
		draws = nth;
		int status = asks();
		c->sys = memory.own;
		CHECK_INT(status, 500);
		CHECK_INT(draws, 0);
		CHECK(!tw_recovery_waits(device()));
	}
	CHECK_INT(asks(), 202);
}

static int asks_anew(void)
{
	device()->access->recovery = (struct tw_recovery){ .expires_ms = 0 };
	return asks();
}

static int holds(void)
{
	const char *rule = presses(TW_HOLD_MS);

	return !*rule ? 200 : !strcmp(rule, "presence.nothing") ? 409 : 500;
}

/* Cut short anywhere, the device has its owner and no request, or its owner and one that can be confirmed; or it has none, and the console says so. */
static void test_without_memory(void **state)
{
	tw_fake *f = tw_fake_new();
	bool ended = false;
	uint8_t before[16];

	make_owned();
	read_secret(before);
	for (long nth = 1; !ended && nth < 3000; nth++) {
		CHECK_INT(asks_anew(), 202);
		tw_json_use(tw_fake_sys(f));
		tw_fake_fail(f, nth, ENOMEM, false);
		int status = holds();
		tw_fake_fail(f, 0, 0, false);
		tw_json_use(tw_sys_real());
		ended = !tw_unit_owned(w.unit);
		CHECK(ended || status != 200);
		CHECK(ended == (strstr(notice(), TOLD) != NULL));
	}
	CHECK(ended);
	check_way(before);
	tw_fake_free(f);
}

#define REFUSED_ROW(what) "CREATE TRIGGER no BEFORE " what " BEGIN SELECT RAISE(ABORT, 'no'); END"

static void test_a_store_that_fails(void **state)
{
	static const char *const triggers[] = { REFUSED_ROW("DELETE ON account"), REFUSED_ROW("INSERT ON kept") };

	for (size_t i = 0; i < TW_COUNT(triggers); i++) {
		uint8_t before[16];

		make_owned();
		read_secret(before);
		CHECK_INT(asks_anew(), 202);
		CHECK_OK(tw_store_run(device()->context.store, triggers[i], NULL, 0, NULL, NULL));
		CHECK_INT(holds(), 500);
		CHECK(tw_unit_owned(w.unit) && tw_recovery_waits(device()) && !strstr(notice(), TOLD));
		CHECK_OK(tw_store_run(device()->context.store, "DROP TRIGGER no", NULL, 0, NULL, NULL));
		CHECK_INT(asks_anew(), 202);
		CHECK_INT(holds(), 200);
		CHECK(!tw_unit_owned(w.unit));
		check_way(before);
		tw_wipe(device()->console_notice, sizeof device()->console_notice);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, end)
CHECK_MAIN(TEST(test_a_press_confirms_a_browser), TEST(test_a_press_lapses), TEST(test_a_press_counts_until_then),
	TEST(test_what_was_collected_does_not_lapse), TEST(test_what_a_press_opens_is_of_two_factors), TEST(test_how_old_it_may_be),
	TEST(test_the_wait_ends), TEST(test_clumsy_presses_wait_alike), TEST(test_the_first), TEST(test_turns),
	TEST(test_declined_at_the_console), TEST(test_what_declines_nothing), TEST(test_a_request_that_cannot_be_read),
	TEST(test_how_it_can_be_confirmed), TEST(test_without_randomness), TEST(test_the_console_counts_longer),
	TEST(test_what_a_press_does_not_confirm), TEST(test_presses_for_nothing_wait), TEST(test_whose_press),
	TEST(test_a_press_that_cannot_be_read), TEST(test_a_held_button_ends_what_a_browser_asked), TEST(test_what_does_not_end_it),
	TEST(test_asking), TEST(test_the_owner_switches_it_off), TEST(test_the_console_ends_what_a_browser_asked),
	TEST(test_without_memory), TEST(test_a_store_that_fails))
