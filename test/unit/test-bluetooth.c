/* SPDX-License-Identifier: Apache-2.0 */
/* Core's side of Bluetooth, with the test in the place of hands and of the bluetooth role: what is told, believed, kept, recorded and forgotten. */
#include "one-world.h"

#include "device/interfaces/bluetooth.h"
#include "device/rows-interfaces.h"
#include "service/errand-line.h"

#include <sys/socket.h>
#include <unistd.h>

#define HEAD 12
#define PLACE "/api/v1/bluetooth"
#define DEVICE "00:AA:01:00:00:01"
#define A "\x01\x00\x00\x01\xaa\x00" /* the same, as it is in the air */

static struct tw_errands_side side;
static int hands = -1, role = -1; /* their ends */
static const struct tw_channel_row none[] = { { 0 } };
static uint32_t tag; /* of the last PUT */
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
	CHECK_OK(tw_errands_new(&side, "bluetooth,", &device()->errands));
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
	CHECK_OK(tw_bluetooth_job(context()));
	turn();
}

static void pass(uint32_t ms)
{
	at_ms += ms;
	later(at_ms);
}

static void give_role(void)
{
	const char payload[] = { TW_ERRAND_BLUETOOTH, 3, 7 };
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

/* What the role is told: its payload, which is of that type. */
static struct tw_slice told(uint16_t type)
{
	static uint8_t bytes[4096];
	const ssize_t size = recv(role, bytes, sizeof bytes, MSG_DONTWAIT);

	CHECK(size >= HEAD);
	CHECK_INT(bytes[0] << 8 | bytes[1], type);
	tag = (uint32_t)bytes[4] << 24 | (uint32_t)bytes[5] << 16 | (uint32_t)bytes[6] << 8 | bytes[7];
	return (struct tw_slice){ (const char *)bytes + HEAD, (size_t)size - HEAD };
}

static bool is_told_nothing(void)
{
	char byte;

	return recv(role, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0;
}

static struct tw_bt_order order(void)
{
	struct tw_bt_order o;

	CHECK_OK(tw_bt_order_read(told(TW_BT_PUT), &o));
	return o;
}

static void says(uint16_t type, uint32_t to, const void *payload, size_t size)
{
	uint8_t message[512] = { (uint8_t)(type >> 8), (uint8_t)type, 0, 0, (uint8_t)(to >> 24), (uint8_t)(to >> 16),
		(uint8_t)(to >> 8), (uint8_t)to, 0, 0, (uint8_t)(size >> 8), (uint8_t)size };

	memcpy(message + HEAD, payload, size);
	CHECK(send(role, message, HEAD + size, 0) == (ssize_t)(HEAD + size));
	turn();
}

static void says_state(bool window)
{
	says(TW_BT_STATE, 0, window ? "\0\0\x0a\x91" A "\1" : "\0\0\x0a\x01" A "\0", 11);
}

static void says_event(enum tw_bt_event_of event, const char *address, uint32_t number)
{
	char payload[12] = { (char)event };

	memcpy(payload + 1, address, 6);
	payload[7] = TW_BT_PUBLIC;
	for (int i = 0; i < 4; i++)
		payload[8 + i] = (char)(number >> (24 - 8 * i));
	says(TW_BT_EVENT, 0, payload, sizeof payload);
}

static void says_paired(char last)
{
	char payload[40] = A "\1"
			     "0123456789abcdef"
			     "\1"
			     "fedcba9876543210";

	payload[0] = last;
	says(TW_BT_PAIRED, 0, payload, sizeof payload);
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

static void check_why(const char *word)
{
	const char *why = "";
	const bool holds = tw_bluetooth_holds(context(), &why) != NULL;

	if (word ? holds || !strstr(why, word) : !holds)
		fail_msg("holds: %d, %s, wanted %s", holds, why, word ? word : "that it does");
}

static void switch_on(void)
{
	set("bluetooth.on", "on");
	job();
	give_role();
	CHECK(order().on);
	says(TW_BT_TAKEN, tag, "", 0);
	says_state(false);
	check_why(NULL);
}

static void let_pair(const char *seconds)
{
	char body[32];

	(void)snprintf(body, sizeof body, "{\"seconds\":%s}", seconds);
	check_as(NULL, "POST", PLACE "/pairing", body, 200, seconds);
	turn();
	(void)order();
	says(TW_BT_TAKEN, tag, "", 0);
	says_state(strcmp(seconds, "0") != 0);
}

static void test_on_and_off(void **state)
{
	CHECK_INT(tw_bluetooth_due_ms(context()), -1);
	check_why("");
	check_as(NULL, "POST", PLACE "/pairing", "{\"seconds\":60}", 409, "bluetooth.off");
	set("bluetooth.on", "on");
	CHECK_INT(tw_bluetooth_due_ms(context()), 0);
	check_why("being set");
	job();
	give_role();
	struct tw_bt_order o = order();
	CHECK(o.on && o.index == 0 && o.window_s == 0 && o.count == 0);
	says(TW_BT_TAKEN, tag + 1, "", 0);
	CHECK(tw_bluetooth_due_ms(context()) > 0); /* to another question */
	says(TW_BT_TAKEN, tag, "", 0);
	check_why("being set"); /* it has not said how it is */
	says_state(false);
	says_state(false);
	check_why(NULL);
	CHECK_INT(tw_bluetooth_due_ms(context()), -1);
	CHECK_INT(events("bluetooth.held"), 1);
	check_as(NULL, "GET", PLACE, NULL, 200, "\"address\":\"" DEVICE "\"");

	/* Somebody else sets it otherwise: told once, and again after pauses that double. */
	says(TW_BT_FAILED, 0, "somebody else", 13);
	check_why("somebody else");
	CHECK_INT(events("bluetooth.failed"), 1);
	CHECK_INT(tw_bluetooth_due_ms(context()), 1000);
	pass(1000);
	job();
	CHECK(order().on);
	says(TW_BT_FAILED, tag, "somebody else", 13);
	CHECK_INT(events("bluetooth.failed"), 1);
	CHECK_INT(tw_bluetooth_due_ms(context()), 2000);
	pass(2000);
	job();
	CHECK(order().on);
	says(TW_BT_TAKEN, tag, "", 0);
	says_state(false);
	CHECK_INT(events("bluetooth.held"), 2);

	/* Another controller: the one before is switched off first. */
	set("bluetooth.controller", "hci7");
	job();
	o = order();
	CHECK(!o.on && o.index == 0);
	says(TW_BT_TAKEN, tag, "", 0);
	job();
	o = order();
	CHECK(o.on && o.index == 7);
	says(TW_BT_TAKEN, tag, "", 0);
	says_state(false);
	check_why(NULL);
	set("bluetooth.on", "off");
	check_why("being switched off");
	job();
	o = order();
	CHECK(!o.on && o.index == 7);
	says(TW_BT_TAKEN, tag, "", 0);
	CHECK_INT(tw_bluetooth_due_ms(context()), -1);
	check_why("");
}

/* @nist LA.IC.14.2: nobody pairs but while one may, by the number that the other device shows */
static void test_pairs_by_its_number(void **state)
{
	switch_on();
	check_as(NULL, "POST", PLACE "/confirmations", "{\"number\":\"000042\"}", 409, "bluetooth.none");
	let_pair("120");
	CHECK_INT(tw_bluetooth_window_s(context()), 120);
	says_event(TW_BT_ASKS, A, 42);
	check_as(NULL, "GET", PLACE, NULL, 200, "\"asks\":\"" DEVICE "\"");
	CHECK(!strstr(tw_unit_body(w.unit), "42"));
	/* Another that asks meanwhile does not take its place. */
	says_event(TW_BT_ASKS, "\x09\x00\x00\x01\xaa\x00", 43);
	check_as(NULL, "POST", PLACE "/confirmations", "{\"number\":\"000043\"}", 409, "bluetooth.number");
	turn();
	CHECK(memcmp(told(TW_BT_ANSWER).at, A "\1\0", 8) == 0);
	check_as(NULL, "POST", PLACE "/confirmations", "{\"number\":\"000042\"}", 409, "bluetooth.none"); /* once */
	says_event(TW_BT_REFUSED, A, 5);
	CHECK_INT(events("bluetooth.refused"), 1);
	says_event(TW_BT_ASKS, A, 999999);
	check_as(NULL, "POST", PLACE "/confirmations", "{\"number\":\"999999\"}", 200, DEVICE);
	turn();
	CHECK(memcmp(told(TW_BT_ANSWER).at, A "\1\1", 8) == 0);
	check_as(NULL, "GET", PLACE, NULL, 200, "\"devices\":[]"); /* not before there is a key */
	says_paired(1);
	check_as(NULL, "GET", PLACE, NULL, 200, "\"device\":\"" DEVICE "\"");
	CHECK(!strstr(tw_unit_body(w.unit), "keys") && strstr(tw_unit_body(w.unit), "\"pairable\":0"));
	CHECK_INT(events("bluetooth.paired"), 1);
	CHECK(is_told_nothing());

	/* Nobody may any more: one that pairs all the same is forgotten. */
	says_paired(2);
	CHECK(memcmp(told(TW_BT_DROP).at, "\x02\x00\x00\x01\xaa\x00\1", 7) == 0);
	CHECK_INT(events("bluetooth.refused"), 2);
	CHECK_INT(events("bluetooth.paired"), 1);

	/* A role that begins again is told the keys. */
	says(TW_BT_FAILED, 0, "gone", 4);
	pass(1000);
	job();
	const struct tw_bt_order o = order();
	CHECK(o.count == 1 && memcmp(o.of[0].key, "0123456789abcdef", 16) == 0 && o.of[0].has_irk &&
		memcmp(o.of[0].irk, "fedcba9876543210", 16) == 0);
	CHECK(memcmp(o.of[0].address.of, A, 6) == 0 && o.of[0].address.kind == TW_BT_PUBLIC);
	says(TW_BT_TAKEN, tag, "", 0);
	says_state(false);
	check_as(NULL, "DELETE", PLACE "/devices/00:AA:01:00:00:02", NULL, 404, "bluetooth.unknown");
	check_as(NULL, "DELETE", PLACE "/devices/nobody", NULL, 404, "bluetooth.unknown");
	check_as(NULL, "DELETE", PLACE "/devices/" DEVICE, NULL, 204, NULL);
	turn();
	CHECK(memcmp(told(TW_BT_DROP).at, A "\1", 7) == 0);
	check_as(NULL, "GET", PLACE, NULL, 200, "\"devices\":[]");
}

static void test_times_and_bounds(void **state)
{
	switch_on();
	let_pair("60");
	says_event(TW_BT_SHOWS, A, 7);
	check_as(NULL, "GET", PLACE, NULL, 200, "\"type\":\"000007\"");
	check_as(NULL, "POST", PLACE "/confirmations", "{\"number\":\"000007\"}", 409, "bluetooth.none"); /* it is typed there */
	says_event(TW_BT_DISCONNECTED, A, 3);
	check_as(NULL, "GET", PLACE, NULL, 200, "\"pairable\":60");
	CHECK(!strstr(tw_unit_body(w.unit), "asks"));
	says_event(TW_BT_ASKS, A, 7);
	pass(30000);
	check_as(NULL, "POST", PLACE "/confirmations", "{\"number\":\"000007\"}", 409, "bluetooth.none");
	check_as(NULL, "GET", PLACE, NULL, 200, "\"pairable\":30");
	let_pair("0");
	check_as(NULL, "GET", PLACE, NULL, 200, "\"pairable\":0");
	check_as(NULL, "POST", PLACE "/pairing", "{\"seconds\":301}", 400, "seconds");
	check_as(NULL, "POST", PLACE "/confirmations", "{\"number\":\"12345\"}", 400, "number");
	for (char i = 1; i <= TW_BT_PEERS_MAX; i++) {
		let_pair("60");
		says_paired(i);
	}
	CHECK_INT(events("bluetooth.paired"), TW_BT_PEERS_MAX);
	check_as(NULL, "POST", PLACE "/pairing", "{\"seconds\":60}", 409, "bluetooth.full");
	says(TW_BT_FAILED, 0, "gone", 4);
	check_why("gone");
}

static void test_without_the_role(void **state)
{
	device()->errands = tw_errands_free(device()->errands);
	CHECK_OK(tw_errands_new(&side, "links,", &device()->errands));
	CHECK_INT(tw_unit_request(w.unit, "PUT", "/api/v1/settings/bluetooth.on", "\"0\"", "{\"value\":\"on\"}"), 409);
	CHECK(strstr(tw_unit_body(w.unit), "roles.tab"));
	CHECK(tw_unit_request(w.unit, "PUT", "/api/v1/settings/bluetooth.controller", "\"0\"", "{\"value\":\"hci256\"}") >= 400);
	CHECK(tw_unit_request(w.unit, "PUT", "/api/v1/settings/bluetooth.controller", "\"0\"", "{\"value\":\"eth0\"}") >= 400);
}

CHECK_MAIN(cmocka_unit_test_setup_teardown(test_on_and_off, begin, end),
	cmocka_unit_test_setup_teardown(test_pairs_by_its_number, begin, end),
	cmocka_unit_test_setup_teardown(test_times_and_bounds, begin, end),
	cmocka_unit_test_setup_teardown(test_without_the_role, begin, end))
