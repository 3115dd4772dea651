/* SPDX-License-Identifier: Apache-2.0 */
/* Core's side of interfaces that are off, with the test in the place of hands and of the links role: what is told, kept, believed and tried again. */
#include "one-world.h"

#include "device/interfaces/interfaces.h"
#include "device/rows-interfaces.h"
#include "service/errand-line.h"
#include "service/firewall/links-wire.h"
#include "service/firewall/parts-wire.h"
#include "service/path/change.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD 12

static struct tw_errands_side side;
static int hands = -1, role = -1; /* their ends */
static const struct tw_channel_row none[] = { { 0 } };
static uint32_t tag;  /* of the last PUT */
static uint8_t trial; /* of the last to parts: the change may go back */
static uint32_t at_ms;

static struct tw_context *context(void)
{
	return &device()->context;
}

static void settle(void *user)
{
}

static int begin(void **state)
{
	int pair[2];

	if (set_up_owned(state))
		return -1;
	side = (struct tw_errands_side){ .sys = tw_sys_real(), .loop = event_base_new(), .settle = settle, .context = context() };
	if (!side.loop || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		return -1;
	hands = pair[1];
	at_ms = 0;
	CHECK_OK(tw_channel_new(side.sys, pair[0], none, &side.hands));
	CHECK_OK(tw_errands_new(&side, "links,parts,", &device()->errands));
	device()->own_uid = 4711; /* whoever runs the test may be root, whose core has no role to ask */
	return 0;
}

static int end(void **state)
{
	device()->errands = tw_errands_free(device()->errands);
	side.hands = tw_channel_free(side.hands);
	event_base_free(side.loop);
	(void)close(hands);
	if (role >= 0)
		(void)close(role);
	role = -1;
	return tear_down(state);
}

static void turn(void)
{
	CHECK(event_base_loop(side.loop, EVLOOP_NONBLOCK) >= 0);
}

static void set(const char *key, const char *value)
{
	CHECK_OK(tw_setting_set(context(), tw_setting_find(context(), key), value, -1, "test"));
}

static void job(void)
{
	CHECK_OK(tw_control_job(context()));
	turn();
}

static void give(enum tw_errand which)
{
	const char payload[] = { (char)which, 3, 7 };
	struct tw_message m = { .type = TW_WIRE_HANDS_ERRAND_IS, .payload = { payload, sizeof payload } };
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	if (role >= 0)
		(void)close(role);
	role = pair[1];
	m.fds[m.fd_count++] = pair[0];
	tw_errands_from_hands(device()->errands, &m);
	turn();
}

static void give_role(void)
{
	give(TW_ERRAND_LINKS);
}

/* The role is told so: "off|was", NULL: nothing. */
static void check_put(const char *want)
{
	uint8_t bytes[4096];
	const ssize_t n = recv(role, bytes, sizeof bytes, MSG_DONTWAIT);
	char got[2048] = "";

	if (!want) {
		CHECK(n < 0);
		return;
	}
	CHECK(n > HEAD + 4 && (bytes[0] << 8 | bytes[1]) == TW_LINKS_PUT);
	tag = (uint32_t)bytes[4] << 24 | (uint32_t)bytes[5] << 16 | (uint32_t)bytes[6] << 8 | bytes[7];
	const int off = bytes[HEAD] << 8 | bytes[HEAD + 1];
	const uint8_t *was = bytes + HEAD + 2 + off;
	(void)snprintf(got, sizeof got, "%.*s|%.*s", off, (const char *)bytes + HEAD + 2, was[0] << 8 | was[1], (const char *)was + 2);
	CHECK_TEXT(got, want);
}

/* The same of the parts role: "off|was|stays|taken". */
static void check_put_parts(const char *want)
{
	uint8_t bytes[4096];
	const ssize_t n = recv(role, bytes, sizeof bytes, MSG_DONTWAIT);
	char got[4096] = "";
	const uint8_t *at = bytes + HEAD;

	if (!want) {
		CHECK(n < 0);
		return;
	}
	CHECK(n >= HEAD + 8 && (bytes[0] << 8 | bytes[1]) == TW_PARTS_PUT);
	tag = (uint32_t)bytes[4] << 24 | (uint32_t)bytes[5] << 16 | (uint32_t)bytes[6] << 8 | bytes[7];
	for (int i = 0; i < 4; i++) {
		const int size = at[0] << 8 | at[1];

		(void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s%.*s", i ? "|" : "", size, (const char *)at + 2);
		at += 2 + size;
	}
	CHECK(at + 1 == bytes + n);
	trial = at[0];
	CHECK_TEXT(got, want);
}

static void says(uint16_t type, uint32_t to, const char *bytes, uint8_t size)
{
	uint8_t m[HEAD + 256] = { (uint8_t)(type >> 8), (uint8_t)type, 0, 0, (uint8_t)(to >> 24), (uint8_t)(to >> 16),
		(uint8_t)(to >> 8), (uint8_t)to, 0, 0, 0, size };

	memcpy(m + HEAD, bytes, size);
	CHECK_INT(send(role, m, HEAD + (size_t)size, 0), HEAD + size);
	turn();
}

static void check_kept_as(const char *name, const char *want);

static void check_kept(const char *want)
{
	check_kept_as("interfaces.off", want);
}

static void check_kept_as(const char *name, const char *want)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf kept = { 0 };

	tw_buf_init(&kept, tw_sys_real(), 2048);
	tw_err e = tw_device_kept(device(), name, &kept);
	CHECK(want ? !tw_failed(e) : tw_is(e, TW_CODE_NOTFOUND));
	if (want)
		CHECK_TEXT(tw_buf_cstr(&kept), want);
}

static void check_unsettled(const char *word)
{
	const char *why = tw_control_unsettled(context(), "interfaces.mode");

	if (word ? !why || !strstr(why, word) : why != NULL)
		fail_msg("unsettled: %s, wanted %s", why ? why : "no", word ? word : "no");
}

static json_int_t events(const char *id)
{
	json_int_t count = 0;
	json_t *j = NULL, *one;
	size_t i;

	check_as(NULL, "GET", "/api/v1/log?limit=200", NULL, 200, NULL);
	CHECK_OK(tw_json_parse(tw_slice_of(tw_unit_body(w.unit)), TW_REPLY_MAX, &j));
	json_array_foreach(tw_json_get(j, "records"), i, one)
		count += !strcmp(tw_json_text(one, "event"), id);
	json_decref(j);
	return count;
}

static void pass(uint32_t ms)
{
	at_ms += ms;
	later(at_ms);
}

static void test_nothing_is_asked_while_nothing_is_off(void **state)
{
	CHECK_INT(tw_control_due_ms(context()), -1);
	job();
	check_unsettled(NULL);
	check_kept(NULL);
	check_as(NULL, "GET", "/api/v1/interfaces", NULL, 200, "\"mode\":\"normal\"");
}

static void test_told_kept_and_believed(void **state)
{
	set("interfaces.off-normal", "link:eth1");
	check_unsettled("being switched");
	CHECK_INT(tw_control_due_ms(context()), 0);
	job();
	give_role();
	check_put("link:eth1|link:eth1");
	check_kept("link:eth1"); /* before it can be off */
	says(TW_LINKS_HOLDS, tag + 1, "\0\0\0\7", 4);
	check_unsettled("being switched"); /* to another question */
	says(TW_LINKS_HOLDS, tag, "\0\0\0\1", 4);
	check_unsettled(NULL);
	CHECK_INT(device()->interfaces->control[TW_CONTROL_LINKS].count, 1);
	CHECK_INT(events("interface.policy"), 1);
	says(TW_LINKS_HELD, 0, "link eth1", 9);
	says(TW_LINKS_HELD, 0, "nonsense", 8);
	CHECK_INT(events("interface.held"), 1);
	check_unsettled(NULL);

	/* Another list, whose name begins alike: both are kept until it holds. */
	set("interfaces.off-maintenance", "link:eth10 radio:wlan");
	check_unsettled(NULL);
	set("interfaces.mode", "maintenance");
	check_unsettled("being switched");
	job();
	check_put("link:eth10 radio:wlan|link:eth1 link:eth10 radio:wlan");
	says(TW_LINKS_FAILED, tag, "radio wlan does not go off", 26);
	check_unsettled("radio wlan does not go off");
	CHECK_INT(events("interface.unheld"), 1);
	CHECK(tw_control_due_ms(context()) == 1000);
	job();
	check_put(NULL);
	pass(1000);
	job();
	check_put("link:eth10 radio:wlan|link:eth1 link:eth10 radio:wlan");
	says(TW_LINKS_FAILED, tag, "radio wlan does not go off", 26);
	CHECK_INT(events("interface.unheld"), 1); /* nothing new */
	pass(2000);
	job();
	check_put("link:eth10 radio:wlan|link:eth1 link:eth10 radio:wlan");
	says(TW_LINKS_HOLDS, tag, "\0\0\0\2", 4);
	check_unsettled(NULL);
	check_kept("link:eth10 radio:wlan");
	says(TW_LINKS_FAILED, 0, "the kernel does not answer", 26);
	check_unsettled("does not answer");
	CHECK_INT(events("interface.unheld"), 2);
	CHECK_INT(events("interface.policy"), 2);

	/* It comes and goes: that is told once, and that it holds when it has done so for a minute. */
	for (int i = 0; i < 3; i++) {
		pass(1000);
		job();
		check_put("link:eth10 radio:wlan|link:eth10 radio:wlan");
		says(TW_LINKS_HOLDS, tag, "\0\0\0\2", 4);
		check_unsettled(NULL);
		CHECK(tw_control_due_ms(context()) == 60000);
		if (i < 2)
			says(TW_LINKS_FAILED, 0, "the kernel does not answer", 26);
	}
	CHECK_INT(events("interface.unheld"), 2);
	CHECK_INT(events("interface.policy"), 2);
	pass(60000);
	job();
	check_put(NULL);
	CHECK_INT(events("interface.policy"), 3);
	CHECK_INT(tw_control_due_ms(context()), -1);
	says(TW_LINKS_FAILED, 0, "the kernel does not answer", 26);
	CHECK_INT(events("interface.unheld"), 3);

	/* Nothing more: what was off is on again, and nothing is kept. */
	set("interfaces.off-maintenance", "");
	pass(1000);
	job();
	check_put("|link:eth10 radio:wlan");
	says(TW_LINKS_HOLDS, tag, "\0\0\0\0", 4);
	check_unsettled(NULL);
	check_kept(NULL);
	CHECK_INT(tw_control_due_ms(context()), -1);
}

/* What an earlier start had off, and this one's list has not, is put on again. */
static void test_after_a_start(void **state)
{
	CHECK_OK(tw_device_keep(device(), "interfaces.off", "link:eth7"));
	check_unsettled("being switched");
	job();
	give_role();
	check_put("|link:eth7");
	says(TW_LINKS_HOLDS, tag, "\0\0\0\0", 4);
	check_unsettled(NULL);
	check_kept(NULL);
}

static void test_a_role_that_says_nothing_or_ends(void **state)
{
	set("interfaces.off-normal", "link:eth1");
	job();
	give_role();
	check_put("link:eth1|link:eth1");
	pass(10000);
	job();
	check_unsettled("did not answer in time");
	pass(1000);
	job();
	give_role();
	check_put("link:eth1|link:eth1");
	says(TW_LINKS_HOLDS, tag, "\0\0\0\1", 4);
	check_unsettled(NULL);
	(void)close(role);
	role = -1;
	for (int i = 0; i < 1000 && device()->interfaces->control[TW_CONTROL_LINKS].holds; i++) { /* its end is put off for a moment */
		(void)usleep(5000);
		turn();
	}
	check_unsettled("");
	CHECK(!device()->interfaces->control[TW_CONTROL_LINKS].holds);
}

#define CAMERA "camera:video0=platform/vivid/vivid.0"
#define LINE "serial:ttyS1=pnp/serial/00:05"

static void says_takes(uint32_t to, const char *words)
{
	says(TW_PARTS_TAKES, to, words, (uint8_t)strlen(words));
}

/* Whose driver it takes away is kept before it may, and given back without a word of the role's. */
static void test_drivers_are_kept_before_they_are_taken(void **state)
{
	set("interfaces.off-normal", "link:eth1 usb:* camera:*");
	check_unsettled("being switched");
	job();
	give(TW_ERRAND_PARTS);
	check_put_parts("usb:* camera:*|usb:* camera:*||");
	check_kept_as("interfaces.off-parts", "usb:* camera:*");
	says_takes(tag + 1, CAMERA); /* to another question */
	check_put_parts(NULL);
	says_takes(tag, CAMERA);
	check_kept_as("interfaces.taken", CAMERA);
	check_put_parts("usb:* camera:*|usb:* camera:*||" CAMERA);
	says(TW_PARTS_HOLDS, tag, "\0\0\0\2", 4);
	CHECK_TEXT(tw_control_unsettled_role(context(), TW_CONTROL_PARTS) ? "no" : "held", "held");
	check_unsettled("being switched"); /* links has not been given yet */
	says(TW_PARTS_HELD, 0, "camera video0", 13);
	CHECK_INT(events("interface.held"), 1);
	check_as(NULL, "GET", "/api/v1/interfaces", NULL, 200, "\"taken\":[\"" CAMERA "\"]");

	/* One that comes later; what it has named before, and what is none of its words. */
	says_takes(0, "camera:video1=usb/uvcvideo/1-1:1.0");
	check_kept_as("interfaces.taken", CAMERA " camera:video1=usb/uvcvideo/1-1:1.0");
	check_put_parts("usb:* camera:*|usb:* camera:*||" CAMERA " camera:video1=usb/uvcvideo/1-1:1.0");
	says_takes(tag, CAMERA);
	CHECK(tw_control_unsettled_role(context(), TW_CONTROL_PARTS) != NULL);
	check_put_parts(NULL);
	pass(1000);
	job();
	check_put_parts("usb:* camera:*|usb:* camera:*||" CAMERA " camera:video1=usb/uvcvideo/1-1:1.0");
	says_takes(tag, "camera:video2=../../etc/x");
	CHECK(strstr(tw_control_unsettled_role(context(), TW_CONTROL_PARTS), "does not say whose driver"));
	check_kept_as("interfaces.taken", CAMERA " camera:video1=usb/uvcvideo/1-1:1.0");

	/* The list has no camera any more: they are given back, and forgotten when that holds. */
	set("interfaces.off-normal", "link:eth1 usb:*");
	pass(2000);
	job();
	check_put_parts("usb:*|usb:* camera:*||" CAMERA " camera:video1=usb/uvcvideo/1-1:1.0");
	check_kept_as("interfaces.taken", CAMERA " camera:video1=usb/uvcvideo/1-1:1.0");
	says(TW_PARTS_HOLDS, tag, "\0\0\0\1", 4);
	check_kept_as("interfaces.taken", NULL);
	check_kept_as("interfaces.off-parts", "usb:*");
}

/* What works by a link or a disk is to be spared while the change may go back, and no longer. */
static void test_parts_are_told_that_it_may_go_back(void **state)
{
	const struct tw_subject by = { .name = "test", .door = TW_DOOR_HTTPS, .source = "192.0.2.1" };

	CHECK_OK(tw_change_begin(context(), tw_setting_find(context(), "interfaces.off-normal"), "component:pci/*", -1, &by));
	job();
	give(TW_ERRAND_PARTS);
	check_put_parts("component:pci/*|component:pci/*||");
	CHECK_INT(trial, 1);
	says(TW_PARTS_FAILED, tag, "the link eth0 beneath it is up", 30);
	check_unsettled("eth0");
	tw_change_drop(context());
	pass(1000);
	job();
	check_put_parts("component:pci/*|component:pci/*||");
	CHECK_INT(trial, 0);
}

/* Whoever has taken a role over says that it failed, and always something else. */
static void test_the_log_is_not_filled(void **state)
{
	set("interfaces.off-normal", "link:eth1");
	job();
	give_role();
	check_put("link:eth1|link:eth1");
	says(TW_LINKS_HOLDS, tag, "\0\0\0\1", 4);
	for (int i = 0; i < 200; i++)
		says(TW_LINKS_FAILED, 0, i % 2 ? "one thing" : "and another", i % 2 ? 9 : 11);
	CHECK_INT(events("interface.unheld"), 1);
	CHECK_INT(tw_control_due_ms(context()), 1000); /* nor is what is tried again put off by it */
	check_unsettled("and another");
	const unsigned before = device()->interfaces->told;
	pass(1000);
	job();
	check_put("link:eth1|link:eth1");
	says(TW_LINKS_FAILED, tag, "a third", 7);
	CHECK_INT(device()->interfaces->told, before + 1); /* of the minute's */
}

/* A disk that gives nothing: what is kept there is not written over, and is given back when it can be read. */
static void test_what_cannot_be_read_is_not_written_over(void **state)
{
	struct tw_control *f = &device()->interfaces->control[TW_CONTROL_PARTS];
	uint8_t bytes[4096];
	long n = 1;

	set("interfaces.off-normal", "camera:*");
	job();
	give(TW_ERRAND_PARTS);
	for (bool fired = true; fired; n++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf kept = { 0 };

		if (!f->line) {
			f->asked = false;
			f->again_at_ms = 0;
			job();
			give(TW_ERRAND_PARTS);
		}
		while (recv(role, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
			;
		CHECK_OK(tw_device_keep(device(), "interfaces.off-parts", "serial:ttyS1"));
		CHECK_OK(tw_device_keep(device(), "interfaces.taken", LINE));
		f->looked = f->asked = f->holds = false; /* as at a start */
		f->again_at_ms = 0;
		f->was[0] = '\0';
		tw_buf_clear(&f->taken);
		tw_fake_fail(w.fake, n, EIO, false);
		job();
		fired = tw_fake_fired(w.fake);
		tw_fake_fail(w.fake, 0, 0, false);
		tw_buf_init(&kept, tw_sys_real(), 2048);
		CHECK_OK(tw_device_kept(device(), "interfaces.off-parts", &kept));
		CHECK(!strncmp(tw_buf_cstr(&kept), "serial:ttyS1", 12));
		check_kept_as("interfaces.taken", LINE);
	}
	CHECK(n > 10);
}

/* Re-plugged again and again it would fill what is kept, and the 33rd would stay on for good. */
static void test_what_has_gone_makes_room(void **state)
{
	char full[32 * 40] = "";
	const struct tw_control *f = &device()->interfaces->control[TW_CONTROL_PARTS];

	for (int i = 0; i < 32; i++)
		(void)snprintf(full + strlen(full), sizeof full - strlen(full), "%scamera:video%d=usb/uvcvideo/1-%d:1.0",
			i ? " " : "", i, i);
	CHECK_OK(tw_device_keep(device(), "interfaces.taken", full));
	CHECK_OK(tw_device_keep(device(), "interfaces.off-parts", "camera:*"));
	set("interfaces.off-normal", "camera:*");
	job();
	give(TW_ERRAND_PARTS);
	char put[sizeof full + 64];
	(void)snprintf(put, sizeof put, "camera:*|camera:*||%s", full);
	check_put_parts(put);
	says_takes(tag, "camera:video40=usb/uvcvideo/2-1:1.0");
	CHECK(strstr(tw_control_unsettled_role(context(), TW_CONTROL_PARTS), "more than 32 drivers"));
	pass(1000);
	job();
	check_put_parts(put);
	says(TW_PARTS_GONE, tag + 1, "camera:video0=usb/uvcvideo/1-0:1.0", 34); /* to another question */
	check_kept_as("interfaces.taken", full);
	says(TW_PARTS_GONE, tag, "camera:video0=usb/uvcvideo/1-0:1.0 camera:video90=usb/x/y", 57);
	check_kept_as("interfaces.taken", strchr(full, ' ') + 1);
	says_takes(tag, "camera:video40=usb/uvcvideo/2-1:1.0");
	(void)snprintf(full + strlen(full), sizeof full - strlen(full), " camera:video40=usb/uvcvideo/2-1:1.0");
	check_kept_as("interfaces.taken", strchr(full, ' ') + 1);
	(void)snprintf(put, sizeof put, "camera:*|camera:*||%s", strchr(full, ' ') + 1);
	check_put_parts(put);
	says(TW_PARTS_HOLDS, tag, "\0\0\0\40", 4);
	CHECK(tw_control_unsettled_role(context(), TW_CONTROL_PARTS) == NULL);

	/* A disk that takes no more: it stays kept. */
	tw_fake_fail(w.fake, 1, ENOSPC, true);
	says(TW_PARTS_GONE, 0, "camera:video1=usb/uvcvideo/1-1:1.0", 34);
	CHECK(tw_fake_fired(w.fake));
	tw_fake_fail(w.fake, 0, 0, false);
	check_kept_as("interfaces.taken", strchr(full, ' ') + 1);

	/* Whoever has taken the role over does not fill it with what is not to be off, nor writes without end. */
	says_takes(0, "serial:ttyS1=pnp/serial/00:05");
	CHECK(strstr(tw_control_unsettled_role(context(), TW_CONTROL_PARTS), "not to be off"));
	check_kept_as("interfaces.taken", strchr(full, ' ') + 1);
	pass(4000);
	job();
	check_put_parts(put);
	says(TW_PARTS_HOLDS, tag, "\0\0\0\40", 4);
	for (int i = 0; i < 60 && f->holds; i++) {
		says(TW_PARTS_GONE, 0, "camera:video1=usb/uvcvideo/1-1:1.0", 34);
		CHECK(i > 50 || f->holds);
	}
	CHECK(strstr(tw_control_unsettled_role(context(), TW_CONTROL_PARTS), "more than 60 times a minute"));
}

/* A disk that takes no more: the role is not told that it may, and asks again. */
static void test_nothing_is_taken_that_cannot_be_kept(void **state)
{
	set("interfaces.off-normal", "camera:*");
	job();
	give(TW_ERRAND_PARTS);
	check_put_parts("camera:*|camera:*||");
	tw_fake_fail(w.fake, 1, ENOSPC, true);
	says_takes(tag, CAMERA);
	CHECK(tw_fake_fired(w.fake));
	tw_fake_fail(w.fake, 0, 0, false);
	check_put_parts(NULL);
	check_kept_as("interfaces.taken", NULL);
	CHECK(tw_control_unsettled_role(context(), TW_CONTROL_PARTS) != NULL);
	pass(1000);
	job();
	check_put_parts("camera:*|camera:*||");
	says_takes(tag, CAMERA);
	check_kept_as("interfaces.taken", CAMERA);
	check_put_parts("camera:*|camera:*||" CAMERA);
}

static void test_drivers_are_given_back_after_a_start(void **state)
{
	CHECK_OK(tw_device_keep(device(), "interfaces.taken", LINE));
	CHECK_OK(tw_device_keep(device(), "interfaces.off-parts", "serial:ttyS1"));
	check_unsettled("being switched");
	job();
	give(TW_ERRAND_PARTS);
	check_put_parts("|serial:ttyS1||" LINE);
	says(TW_PARTS_HOLDS, tag, "\0\0\0\0", 4);
	check_unsettled(NULL);
	check_kept_as("interfaces.taken", NULL);
	check_kept_as("interfaces.off-parts", NULL);
	CHECK_INT(tw_control_due_ms(context()), -1);
}

static void test_refused(void **state)
{
	static const struct {
		const char *value;
		enum tw_code want;
	} rows[] = { { "link:lo", TW_CODE_DENIED }, { "usb:1", TW_CODE_SYNTAX }, { "radio:wl*", TW_CODE_SYNTAX } };
	char many[33 * 7 + 1] = "";

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		CHECK_INT(tw_control_apply_off(context(), rows[i].value).code, rows[i].want);
	for (int i = 0; i < 33; i++)
		(void)snprintf(many + strlen(many), sizeof many - strlen(many), "%slink:e", i ? " " : "");
	CHECK_ERR(tw_control_apply_off(context(), many), LIMIT);
	device()->own_uid = 0;
	CHECK_ERR(tw_control_apply_off(context(), "link:eth1"), DENIED);
	CHECK_OK(tw_control_apply_off(context(), ""));
}

CHECK_MAIN(cmocka_unit_test_setup_teardown(test_nothing_is_asked_while_nothing_is_off, begin, end),
	cmocka_unit_test_setup_teardown(test_told_kept_and_believed, begin, end),
	cmocka_unit_test_setup_teardown(test_after_a_start, begin, end),
	cmocka_unit_test_setup_teardown(test_a_role_that_says_nothing_or_ends, begin, end),
	cmocka_unit_test_setup_teardown(test_drivers_are_kept_before_they_are_taken, begin, end),
	cmocka_unit_test_setup_teardown(test_parts_are_told_that_it_may_go_back, begin, end),
	cmocka_unit_test_setup_teardown(test_the_log_is_not_filled, begin, end),
	cmocka_unit_test_setup_teardown(test_what_cannot_be_read_is_not_written_over, begin, end),
	cmocka_unit_test_setup_teardown(test_what_has_gone_makes_room, begin, end),
	cmocka_unit_test_setup_teardown(test_nothing_is_taken_that_cannot_be_kept, begin, end),
	cmocka_unit_test_setup_teardown(test_drivers_are_given_back_after_a_start, begin, end),
	cmocka_unit_test_setup_teardown(test_refused, begin, end))
