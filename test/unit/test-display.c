/* SPDX-License-Identifier: Apache-2.0 */
/* The use notice on a display of the product's own: who may be one, what it is sent and when, and what its word is believed of. */
#include "lacking.h"
#include "one-line.h"
#include "one-world.h"

#include "crypto/hash.h"
#include "device/platform/display.h"
#include "device/logical-access/state.h"
#include "device/rows-platform.h"

#include <errno.h>
#include <sys/socket.h>

#define PANEL 64023
#define NOTICE "/api/v1/notice"
#define SAYS(text) CHECK(strstr(tw_unit_body(w.unit), text))

static struct tw_manifest manifest;
static struct tw_manifest_provider providers[4];
static char text[TW_APP_NOTICE_MAX + 1]; /* as it was sent last */
static uint8_t id[TW_APP_NOTICE_ID];
static int64_t now;

/* The harness's product, with a display in the place of its badge reader. */
static void give_display(void)
{
	manifest = *device()->manifest;
	memcpy(providers, manifest.providers, sizeof providers);
	providers[2] = (struct tw_manifest_provider){ "panel", "The display on its front.", TW_MANIFEST_DISPLAY, PANEL };
	manifest.providers = providers;
	device()->manifest = &manifest;
}

static const char *sized(unsigned columns, unsigned lines)
{
	const char payload[] = { (char)(columns >> 8), (char)columns, (char)(lines >> 8), (char)lines };
	static char rule[TW_PROVIDER_RULE];

	tw_err e = tw_display_screen(device(), line.here, (struct tw_slice){ payload, sizeof payload }, rule);
	return tw_failed(e) ? tw_code_name(e.code) : rule;
}

static const char *shows(const uint8_t which[TW_APP_NOTICE_ID], int accepted)
{
	static char rule[TW_PROVIDER_RULE];
	char payload[TW_APP_NOTICE_ID + 1];

	memcpy(payload, which, TW_APP_NOTICE_ID);
	payload[TW_APP_NOTICE_ID] = (char)accepted;
	tw_err e = tw_display_shows(device(), line.here, (struct tw_slice){ payload, sizeof payload }, rule);
	return tw_failed(e) ? tw_code_name(e.code) : rule;
}

/* Whether it was sent a notice since; the last is kept. */
static bool told(void)
{
	struct tw_message m;
	bool any = false;

	while (!tw_failed(tw_channel_receive(line.there, &m))) {
		CHECK_INT(m.type, TW_APP_NOTICE);
		memcpy(id, m.payload.at, sizeof id);
		(void)snprintf(text, sizeof text, "%.*s", (int)(m.payload.size - sizeof id), m.payload.at + sizeof id);
		any = true;
	}
	return any;
}

/* These tests are about others: the owner has accepted it. */
static void owner_agrees(void)
{
	device()->access->accepted[0] = (struct tw_accepted){ .account = 1 };
	memcpy(device()->access->accepted[0].digest, device()->access->notice.digest, 32);
}

static int write_notice(const char *what)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body = { 0 };

	tw_buf_init(&body, tw_sys_real(), 20000);
	CHECK_OK(tw_buf_text(&body, "{\"text\":"));
	CHECK_OK(tw_buf_json_string(&body, tw_slice_of(what)));
	CHECK_OK(tw_buf_text(&body, "}"));
	int status = tw_unit_request(w.unit, "PUT", NOTICE, NULL, tw_buf_cstr(&body));
	owner_agrees();
	return status;
}

static void check_listed(const char *says)
{
	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/notice-displays", NULL, NULL), 200);
	if (!strstr(tw_unit_body(w.unit), says))
		fail_msg("%s: %s", says, tw_unit_body(w.unit));
}

static void check_status(const char *says)
{
	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/capabilities?limit=300", NULL, NULL), 200);
	const char *at = strstr(tw_unit_body(w.unit), "\"LA.SUN.2.1\"");
	CHECK(at);
	char row[400];
	(void)snprintf(row, sizeof row, "%.*s", (int)strcspn(at, "}"), at); /* of this element alone */
	if (!strstr(row, says))
		fail_msg("%s: %s", says, row);
}

static int set_up(void **state)
{
	if (set_up_owned(state))
		return -1;
	give_display();
	now = WORLD_BOOT + 60 * MINUTE;
	world_at(&w, WORLD_WALL + now, now);
	return join(PANEL, "panel", false) ? -1 : 0;
}

static int end(void **state)
{
	hang_up();
	return tear_down(state);
}

/* @nist LA.SUN.2.1: it is sent the notice at once, at each change, and that there is none; what it says it shows is believed of what counts now alone */
static void test_what_counts_now(void **state)
{
	static const uint8_t none[TW_APP_NOTICE_ID];
	uint8_t first[TW_APP_NOTICE_ID], want[TW_APP_NOTICE_ID];

	check_listed("\"columns\":0,\"display\":\"panel\"");
	check_listed("\"shows\":\"silent\"");
	CHECK_TEXT(shows(none, 0), "display.size"); /* who was told nothing shows nothing of ours */
	CHECK_TEXT(sized(20, 4), "");
	CHECK(told() && !*text && memcmp(id, none, sizeof none) == 0);
	check_status("has not said what it shows");
	CHECK_TEXT(shows(id, 0), "");
	check_listed("\"shows\":\"current\"");
	check_status("\"provided\"");

	CHECK_INT(write_notice("Only for staff. What is done here is recorded and looked at.\nAsk the porter."), 200);
	check_listed("\"shows\":\"former\"");
	check_status("shows another notice than counts now");
	CHECK(told());
	CHECK_TEXT(text, "Only for staff. What\nis done here is\nrecorded and looked\nat.\fAsk the porter.");
	CHECK_OK(tw_sha256(device()->access->notice.text, strlen(device()->access->notice.text), want));
	CHECK_BYTES(id, want, sizeof want);
	CHECK_TEXT(shows(none, 0), "display.former");
	check_listed("\"shows\":\"former\"");
	CHECK_TEXT(shows(id, 0), "");
	check_listed("\"shows\":\"current\"");
	check_listed("\"columns\":20,\"display\":\"panel\",\"help\":\"The display on its front.\",\"lines\":4,\"pages\":2");
	memcpy(first, id, sizeof first);

	CHECK_INT(write_notice("Only for staff, and guests."), 200);
	CHECK(told());
	CHECK_TEXT(shows(first, 0), "display.former");
	CHECK_TEXT(shows(first, 1), "display.former");
	CHECK_TEXT(shows(id, 0), "");
	CHECK_INT(tw_unit_request(w.unit, "DELETE", NOTICE, NULL, NULL), 204);
	CHECK(told() && !*text);
	check_listed("\"shows\":\"former\"");
	CHECK_TEXT(shows(id, 0), "");
	check_listed("\"shows\":\"current\"");
	CHECK_TEXT(shows(id, 1), "notice.none");
	CHECK(!world_log_says(&w, "\"operation\":\"notice.accept\"")); /* so that one may press for nothing as often as he likes */
}

/* @nist LA.SUN.2.1: the notice ends with the ownership that it was written in, on displays too */
static void test_recovery(void **state)
{
	static const uint8_t none[TW_APP_NOTICE_ID];

	CHECK_TEXT(sized(20, 4), "");
	CHECK_INT(write_notice("Only for staff."), 200);
	CHECK(told());
	CHECK_TEXT(shows(id, 0), "");
	CHECK_INT(tw_display_state(device(), 2), TW_DISPLAY_CURRENT);
	CHECK_INT(recover(), 200);
	CHECK(told() && !*text);
	CHECK_BYTES(id, none, sizeof none);
	CHECK_INT(tw_display_state(device(), 2), TW_DISPLAY_FORMER);
	CHECK_TEXT(shows(id, 0), "");
	CHECK_INT(tw_display_state(device(), 2), TW_DISPLAY_CURRENT);
}

/* One that comes again, or with the device, is sent it anew; until it says so it shows nothing. */
static void test_coming_again(void **state)
{
	CHECK_TEXT(sized(20, 4), "");
	CHECK_INT(write_notice("Only for staff."), 200);
	CHECK(told());
	CHECK_TEXT(shows(id, 0), "");
	check_listed("\"shows\":\"current\",\"simulated\":false");
	hang_up();
	check_listed("\"columns\":0,\"display\":\"panel\",\"help\":\"The display on its front.\",\"lines\":0,\"pages\":0,"
		     "\"shows\":\"absent\",\"simulated\":false");
	check_status("is not there");
	CHECK(!join(PANEL, "panel", true));
	check_listed("\"shows\":\"silent\",\"simulated\":true");
	CHECK_TEXT(sized(16, 2), "");
	CHECK(told());
	CHECK_TEXT(text, "Only for staff.");
	CHECK_TEXT(shows(id, 0), "");
	check_status("is simulated");
	hang_up();
	check_listed("\"shows\":\"absent\",\"simulated\":false");
	world_start(&w);
	give_display();
	owner_agrees();
	check_listed("\"shows\":\"absent\"");
	CHECK(!join(PANEL, "panel", false));
	CHECK_TEXT(sized(16, 2), "");
	CHECK(told());
	CHECK_TEXT(text, "Only for staff.");
}

/* What one did not read it is owed, and sent when it speaks again. */
static void test_one_that_does_not_read(void **state)
{
	uint8_t old[TW_APP_NOTICE_ID];
	char what[64];
	int i = 0;

	CHECK_TEXT(sized(20, 4), "");
	CHECK(told());
	memcpy(old, id, sizeof old);
	while (i < 2000 && !device()->providers.of[2].display.owed) {
		(void)snprintf(what, sizeof what, "Number %d.", i++);
		CHECK_INT(write_notice(what), 200);
	}
	CHECK(device()->providers.of[2].display.owed);
	CHECK_TEXT(shows(old, 0), "display.former"); /* nothing that the door would take for no message */
	CHECK_TEXT(sized(20, 4), "");
	CHECK(device()->providers.of[2].display.owed);
	CHECK(told() && strcmp(text, what) != 0);
	CHECK(!told());
	CHECK_TEXT(shows(old, 0), "display.former");
	CHECK(told());
	CHECK_TEXT(text, what);
	CHECK_TEXT(shows(id, 0), "");
	check_listed("\"shows\":\"current\"");
}

/* @nist LA.SUN.3: that somebody accepted it there stands in the log, durably when it is taken; not too often, and it lets nobody in */
static void test_accepting(void **state)
{
	char want[200], hex[65];

	CHECK_TEXT(sized(20, 4), "");
	CHECK_INT(write_notice("Only for staff."), 200);
	CHECK(told());
	for (size_t i = 0; i < sizeof id; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", id[i]);
	(void)snprintf(want, sizeof want, "\"account\":\"\",\"how\":\"display\",\"notice\":\"%s\"", hex);
	CHECK(!world_log_says(&w, want));
	CHECK_TEXT(shows(id, 1), "");
	CHECK(world_log_says(&w, want));
	CHECK(world_log_says(&w, "\"door\":\"event\",\"how\":\"display\",\"operation\":\"notice.accept\""));
	CHECK(world_log_says(&w, "\"source\":\"panel\",\"subject\":\"provider\""));
	check_listed("\"shows\":\"current\"");
	CHECK_TEXT(shows(id, 1), "display.often");
	CHECK_TEXT(shows(id, 0), "");
	now += TW_DISPLAY_PRESS_MS;
	world_at(&w, WORLD_WALL + now, now);
	CHECK(!join(PANEL, "panel", true)); /* coming again earns nothing */
	CHECK_TEXT(sized(20, 4), "");
	CHECK_TEXT(shows(id, 1), "");
	CHECK(world_log_says(&w, "\"how\":\"simulated\""));
	CHECK(!join(PANEL, "panel", false));
	CHECK_TEXT(sized(20, 4), "");
	CHECK_TEXT(shows(id, 1), "display.often");
	memset(device()->access->accepted, 0, sizeof device()->access->accepted);
	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/identity", NULL, NULL), 409); /* of the owner nothing was accepted */
	SAYS("LA.SUN.3");
}

/* Who may be it, and how large: a reader is none, and says nothing of the notice. */
static void test_who_is_one(void **state)
{
	static const struct {
		unsigned columns, lines;
		const char *rule;
	} sizes[] = { { 15, 2, "display.size" }, { 16, 1, "display.size" }, { 0, 0, "display.size" }, { 1001, 2, "display.size" },
		{ 16, 1001, "display.size" }, { 65535, 65535, "display.size" }, { 1000, 1000, "" }, { 16, 2, "" } };
	static const uint8_t none[TW_APP_NOTICE_ID];
	char rule[TW_PROVIDER_RULE];

	for (size_t i = 0; i < TW_COUNT(sizes); i++)
		CHECK_TEXT(sized(sizes[i].columns, sizes[i].lines), sizes[i].rule);
	CHECK_TEXT(join(64020, "panel", false), "provider.user");
	CHECK_TEXT(sized(20, 4), "display.user");
	CHECK(!join(64020, "reader", false));
	CHECK_TEXT(sized(20, 4), "display.user");
	CHECK_TEXT(shows(none, 1), "display.user");
	CHECK(!told());
	check_listed("\"shows\":\"absent\"");
	CHECK(!strstr(tw_unit_body(w.unit), "reader"));
	CHECK(!join(PANEL, "panel", false));
	CHECK_ERR(tw_display_screen(device(), line.here, TW_SLICE("big"), rule), SYNTAX);
	CHECK_ERR(tw_display_shows(device(), line.here, TW_SLICE("yes"), rule), SYNTAX);
	CHECK_TEXT(shows(none, 2), "SYNTAX");
	CHECK_INT(tw_unit_request(w.unit, "PUT", "/api/v1/login-providers/a1", NULL, "{\"provider\":\"panel\"}"), 400);
	SAYS("provider.unknown");
	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/access-list", NULL, NULL), 200);
	SAYS("it is told the use notice, and lets nobody in");
}

/* @nist LA.SUN.2.2: the largest notice goes whole to the smallest display */
static void test_the_largest(void **state)
{
	static char most[TW_NOTICE_MAX + 1];

	CHECK_TEXT(sized(TW_APP_COLUMNS_LEAST, TW_APP_LINES_LEAST), "");
	memset(most, 'x', TW_NOTICE_MAX);
	CHECK_INT(write_notice(most), 200);
	CHECK(told());
	CHECK_INT(strlen(text), TW_NOTICE_MAX + TW_NOTICE_MAX / TW_APP_COLUMNS_LEAST - 1);
	check_listed("\"pages\":55");
	/* 15 columns and then one that wants two: the most breaks there can be. */
	for (size_t at = 0; at + 18 <= TW_NOTICE_MAX; at += 18)
		(void)snprintf(most + at, 19, "xxxxxxxxxxxxxxx\xe8\xaa\x9e");
	CHECK_INT(write_notice(most), 200);
	CHECK(told() && !device()->providers.of[2].display.owed);
}

/* Without memory a display is owed the notice, and sent it when it speaks again. */
static void test_without_memory(void **state)
{
	uint8_t next[TW_APP_NOTICE_ID] = { 0 }, old[TW_APP_NOTICE_ID];
	bool fired = true;
	int owed = 0;

	CHECK_TEXT(sized(20, 4), "");
	CHECK(told());
	for (uint8_t nth = 1; fired; nth++) {
		memcpy(old, id, sizeof old);
		next[0] = nth;
		tw_fake_fail(w.fake, nth, ENOMEM, false);
		tw_display_notice(device(), "Only for staff.", next);
		fired = tw_fake_fired(w.fake);
		tw_fake_fail(w.fake, 0, 0, false);
		const bool is_owed = device()->providers.of[2].display.owed;
		owed += is_owed;
		CHECK(told() != is_owed && (fired || !is_owed));
		if (is_owed)
			CHECK_TEXT(shows(old, 0), "display.former");
		CHECK(!is_owed || told());
		CHECK_BYTES(id, next, sizeof next);
	}
	CHECK(owed > 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, end)
CHECK_MAIN(TEST(test_what_counts_now), TEST(test_coming_again), TEST(test_one_that_does_not_read), TEST(test_accepting),
	TEST(test_who_is_one), TEST(test_the_largest), TEST(test_recovery), TEST(test_without_memory))
