/* SPDX-License-Identifier: Apache-2.0 */
/* Core's side of Wi-Fi, with the test in the place of hands and of the wifi role: what is taken and kept, what is told, believed, recorded and gone back to. */
#include "one-world.h"

#include "device/interfaces/wifi.h"
#include "device/rows-interfaces.h"
#include "service/errand-line.h"
#include "service/path/change.h"

#include <sys/socket.h>
#include <unistd.h>

#define HEAD 12
#define NETWORKS "/api/v1/wifi/networks"

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
	CHECK_OK(tw_errands_new(&side, "wifi,", &device()->errands));
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
	CHECK_OK(tw_wifi_job(context()));
	turn();
}

static void pass(uint32_t ms)
{
	at_ms += ms;
	later(at_ms);
}

static void give_role(void)
{
	const char payload[] = { TW_ERRAND_WIFI, 3, 7 };
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

static uint8_t bytes[16384];

/* The role is told of this link and this network: true, and n borrows from bytes. No network: n has kind 0. */
static bool is_put(const char *link, struct tw_wifi_network *n)
{
	const ssize_t size = recv(role, bytes, sizeof bytes, MSG_DONTWAIT);

	*n = (struct tw_wifi_network){ 0 };
	if (size < 0)
		return false;
	CHECK(size > HEAD + 4 && (bytes[0] << 8 | bytes[1]) == TW_WIFI_PUT);
	tag = (uint32_t)bytes[4] << 24 | (uint32_t)bytes[5] << 16 | (uint32_t)bytes[6] << 8 | bytes[7];
	const size_t at = (size_t)(bytes[HEAD] << 8 | bytes[HEAD + 1]);
	CHECK(at == strlen(link) && memcmp(bytes + HEAD + 2, link, at) == 0);
	const uint8_t *rest = bytes + HEAD + 2 + at;
	const struct tw_slice network = { (const char *)rest + 2, (size_t)(rest[0] << 8 | rest[1]) };
	if (network.size)
		CHECK_OK(tw_wifi_network_read(network, n));
	return true;
}

static void says(uint16_t type, uint32_t to, const void *payload, size_t size)
{
	uint8_t message[512] = { (uint8_t)(type >> 8), (uint8_t)type, 0, 0, (uint8_t)(to >> 24), (uint8_t)(to >> 16),
		(uint8_t)(to >> 8), (uint8_t)to, 0, 0, (uint8_t)(size >> 8), (uint8_t)size };

	memcpy(message + HEAD, payload, size);
	CHECK(send(role, message, HEAD + size, 0) == (ssize_t)(HEAD + size));
	turn();
}

static void says_state(bool joined)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const struct tw_wifi_state s = { .joined = joined,
		.state = "COMPLETED",
		.bssid = "02:00:00:00:00:00",
		.authentication = "SAE",
		.cipher = "CCMP",
		.protects = 2,
		.mhz = 2412,
		.dbm = -40 };

	tw_buf_init(&b, tw_sys_real(), 256);
	CHECK_OK(tw_wifi_state_write(&s, &b));
	says(TW_WIFI_STATE, 0, b.data, b.size);
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

static void check_unsettled(const char *word)
{
	const char *why = tw_wifi_unsettled(context(), "wifi.network");

	if (word ? !why || !strstr(why, word) : why != NULL)
		fail_msg("unsettled: %s, wanted %s", why ? why : "no", word ? word : "no");
}

static void add(const char *name, const char *secret)
{
	char body[256];

	(void)snprintf(body, sizeof body, "{\"name\":\"%s\",\"kind\":\"wpa3-sae\",\"ssid\":\"deck\",\"secret\":\"%s\"}", name, secret);
	check_as(NULL, "POST", NETWORKS, body, 201, "\"whole\":true");
	CHECK(!strstr(tw_unit_body(w.unit), secret));
}

#define SECRET "correct horse"

/* By the setting as it was never changed. */
static void choose(const char *name, int want, const char *says_what)
{
	char body[64];

	(void)snprintf(body, sizeof body, "{\"value\":\"%s\"}", name);
	CHECK_INT(tw_unit_request(w.unit, "PUT", "/api/v1/settings/wifi.network", "\"0\"", body), want);
	if (says_what)
		CHECK(strstr(tw_unit_body(w.unit), says_what));
}

static void test_joined_lost_and_left(void **state)
{
	struct tw_wifi_network n;

	CHECK_INT(tw_wifi_due_ms(context()), -1);
	check_unsettled(NULL);
	add("deck", SECRET);
	set("wifi.network", "deck");
	check_unsettled("being joined");
	CHECK_INT(tw_wifi_due_ms(context()), 0);
	job();
	give_role();
	CHECK(is_put("wlan0", &n));
	CHECK_INT(n.kind, TW_WIFI_SAE);
	CHECK(tw_slice_is(n.ssid, "deck") && tw_slice_is(n.secret, SECRET));
	says(TW_WIFI_TAKEN, tag + 1, "", 0);
	CHECK(tw_wifi_due_ms(context()) > 0); /* to another question */
	says(TW_WIFI_TAKEN, tag, "", 0);
	CHECK_INT(tw_wifi_due_ms(context()), -1);
	check_unsettled("being joined");
	says(TW_WIFI_EVENT, 0, "\2the passphrase may be wrong", 28);
	says(TW_WIFI_EVENT, 0, "\2the passphrase may be wrong", 28);
	check_unsettled("may be wrong");
	CHECK_INT(events("wifi.refused"), 1); /* once */
	says_state(true);
	check_unsettled(NULL);
	says_state(true);
	CHECK_INT(events("wifi.joined"), 1);
	check_as(NULL, "GET", "/api/v1/wifi", NULL, 200, "\"bssid\":\"02:00:00:00:00:00\"");
	check_as(NULL, "GET", "/api/v1/wifi", NULL, 200, "\"management_frames\":\"protected\"");
	CHECK(tw_wifi_joined(context(), "wlan0") && !tw_wifi_joined(context(), "wlan1"));
	says(TW_WIFI_EVENT, 0, "\1the access point ended it, reason 7", 36);
	check_unsettled("ended it");
	CHECK(!tw_wifi_joined(context(), "wlan0"));
	CHECK_INT(events("wifi.lost"), 1);
	says_state(false);
	CHECK_INT(events("wifi.lost"), 1);
	says_state(true);
	CHECK_INT(events("wifi.joined"), 2);

	/* wpa_supplicant ends: told, and again after pauses that double. */
	says(TW_WIFI_FAILED, 0, "wpa_supplicant has ended", 24);
	check_unsettled("has ended");
	CHECK_INT(events("wifi.lost"), 2);
	CHECK_INT(tw_wifi_due_ms(context()), 1000);
	pass(1000);
	job();
	CHECK(is_put("wlan0", &n));
	says(TW_WIFI_FAILED, tag, "no control socket", 17);
	CHECK_INT(tw_wifi_due_ms(context()), 2000);
	pass(2000);
	job();
	CHECK(is_put("wlan0", &n));
	says(TW_WIFI_TAKEN, tag, "", 0);
	says_state(true);

	set("wifi.network", "");
	check_unsettled("being left");
	job();
	CHECK(is_put("wlan0", &n));
	CHECK_INT(n.kind, 0);
	CHECK_INT(events("wifi.lost"), 3);
	says(TW_WIFI_TAKEN, tag, "", 0);
	check_unsettled(NULL);
	CHECK_INT(tw_wifi_due_ms(context()), -1);
}

static void check_left(const char *link)
{
	struct tw_wifi_network n;

	job();
	CHECK(is_put(link, &n));
	CHECK_INT(n.kind, 0);
	CHECK(!tw_wifi_joined(context(), link));
	says(TW_WIFI_TAKEN, tag, "", 0);
}

static void check_joined(const char *link)
{
	struct tw_wifi_network n;

	job();
	CHECK(is_put(link, &n));
	CHECK_INT(n.kind, TW_WIFI_SAE);
	says(TW_WIFI_TAKEN, tag, "", 0);
	says_state(true);
	check_unsettled(NULL);
	CHECK(tw_wifi_joined(context(), link));
}

/* The link that had the network is told to leave it before another has it: on the way there, on the way back, and after a start. */
static void test_another_link(void **state)
{
	struct tw_wifi_network n;

	add("deck", SECRET);
	set("wifi.network", "deck");
	job();
	give_role();
	CHECK(is_put("wlan0", &n));
	says(TW_WIFI_TAKEN, tag, "", 0);
	says_state(true);

	set("wifi.link", "wlan1");
	check_unsettled("being joined");
	job();
	CHECK(is_put("wlan0", &n));
	CHECK_INT(n.kind, 0);
	CHECK_INT(events("wifi.lost"), 1);
	says(TW_WIFI_FAILED, tag, "wpa_supplicant does not take REMOVE_NETWORK all", 47);
	check_unsettled("does not take");
	CHECK(!is_put("wlan1", &n)); /* not before that one has left it */
	pass(1000);
	check_left("wlan0");
	check_joined("wlan1");
	CHECK_INT(events("wifi.joined"), 2);

	set("wifi.link", "wlan0"); /* taken back */
	check_left("wlan1");
	check_joined("wlan0");

	set("wifi.link", "wlan1");
	check_left("wlan0");
	set("wifi.link", "wlan0"); /* before the other was told */
	check_joined("wlan0");

	/* The end of an ownership, after a start: settings are as delivered, and the link is not the one that they name. */
	set("wifi.link", "wlan1");
	check_left("wlan0");
	check_joined("wlan1");
	tw_errand_finish(device()->errands, TW_ERRAND_WIFI, true);
	tw_wifi_stop(device());
	CHECK_OK(tw_wifi_start(device()));
	set("wifi.network", "");
	set("wifi.link", "wlan0");
	check_unsettled("being left");
	CHECK_INT(tw_wifi_due_ms(context()), 0);
	job();
	give_role();
	CHECK(is_put("wlan1", &n));
	CHECK_INT(n.kind, 0);
	says(TW_WIFI_TAKEN, tag, "", 0);
	check_unsettled(NULL);
	CHECK_INT(tw_wifi_due_ms(context()), -1);
	tw_wifi_stop(device());
	CHECK_OK(tw_wifi_start(device()));
	CHECK_INT(tw_wifi_due_ms(context()), -1); /* which a start knows */
}

/* wpa_supplicant has joined what nobody here told it of. */
static void test_another_network(void **state)
{
	struct tw_wifi_network n;

	add("deck", SECRET);
	set("wifi.network", "deck");
	job();
	give_role();
	CHECK(is_put("wlan0", &n));
	says(TW_WIFI_TAKEN, tag, "", 0);
	says_state(false);
	check_unsettled("another network");
	CHECK(!tw_wifi_joined(context(), "wlan0"));
	CHECK_INT(events("wifi.joined"), 0);
	says_state(true);
	check_unsettled(NULL);
	says_state(false);
	check_unsettled("another network");
	CHECK_INT(events("wifi.lost"), 1);
}

static void test_late_answers_and_lies(void **state)
{
	struct tw_wifi_network n;

	add("deck", SECRET);
	set("wifi.network", "deck");
	job();
	give_role();
	CHECK(is_put("wlan0", &n));
	says(TW_WIFI_STATE, 0, "\1\0\1\n\0\0\0\0\0\0\0\0\0\0", 14); /* no state: nothing comes of it */
	check_unsettled("being joined");
	CHECK(tw_wifi_due_ms(context()) > 0);
	pass(20000);
	job();
	check_unsettled("did not answer in time");
	CHECK_INT(events("wifi.refused"), 1);
}

/* A network that is in use, or that may be gone back to, stays. */
static void test_kept_while_needed(void **state)
{
	add("deck", SECRET);
	add("other", "another secret");
	check_as(NULL, "POST", NETWORKS, "{\"name\":\"deck\",\"kind\":\"wpa3-sae\",\"ssid\":\"x\",\"secret\":\"12345678\"}", 409,
		"wifi.exists");
	choose("nowhere", 409, "no network of that name");
	choose("deck", 200, NULL);
	check_as(NULL, "DELETE", NETWORKS "/deck", NULL, 409, "wifi.used");
	check_as(NULL, "DELETE", NETWORKS "/other", NULL, 409, "wifi.used");
	check_as(NULL, "DELETE", "/api/v1/change", NULL, 200, NULL);
	CHECK(tw_setting_is(context(), "wifi.network", ""));
	check_as(NULL, "DELETE", NETWORKS "/nothing", NULL, 404, "wifi.unknown");
	check_as(NULL, "DELETE", NETWORKS "/deck", NULL, 204, NULL);
	check_as(NULL, "GET", "/api/v1/wifi", NULL, 200, "\"name\":\"other\"");
	CHECK(!strstr(tw_unit_body(w.unit), "another secret"));
	for (int i = 1; i < TW_WIFI_NETWORKS_MAX; i++) {
		char name[16];

		(void)snprintf(name, sizeof name, "n%d", i);
		add(name, SECRET);
	}
	check_as(NULL, "POST", NETWORKS, "{\"name\":\"more\",\"kind\":\"wpa3-sae\",\"ssid\":\"x\",\"secret\":\"12345678\"}", 409,
		"wifi.full");
}

static void test_what_is_no_network(void **state)
{
	static const struct {
		const char *body, *rule;
	} rows[] = {
		{ "{\"name\":\"Deck\",\"kind\":\"wpa3-sae\",\"ssid\":\"x\",\"secret\":\"12345678\"}", "wifi.name" },
		{ "{\"name\":\"a\",\"kind\":\"wpa3-sae\",\"secret\":\"12345678\"}", "wifi.ssid" },
		{ "{\"name\":\"a\",\"kind\":\"wpa3-sae\",\"ssid\":\"x\",\"ssid_hex\":\"78\",\"secret\":\"12345678\"}", "wifi.ssid" },
		{ "{\"name\":\"a\",\"kind\":\"wpa3-sae\",\"ssid_hex\":\"7\\u0020\",\"secret\":\"12345678\"}", "wifi.ssid" },
		{ "{\"name\":\"a\",\"kind\":\"wpa3-sae\",\"ssid\":\"x\",\"secret\":\"1234567\"}", "wifi.field" },
		{ "{\"name\":\"a\",\"kind\":\"wpa2-psk\",\"ssid\":\"x\",\"secret\":\"12345678\\nSET x y\"}", "wifi.field" },
		{ "{\"name\":\"a\",\"kind\":\"wpa2-psk\",\"ssid\":\"x\",\"secret\":\"12345678\",\"identity\":\"x\"}", "wifi.field" },
		{ "{\"name\":\"a\",\"kind\":\"peap\",\"ssid\":\"x\",\"secret\":\"12345678\",\"identity\":\"x\",\"domain\":\"y\"}", "wifi.field" },
		{ "{\"name\":\"a\",\"kind\":\"peap\",\"ssid\":\"x\",\"secret\":\"1\",\"identity\":\"x\",\"domain\":\"y\",\"authority\":\"no\"}",
			"wifi.authority" },
		{ "{\"name\":\"a\",\"kind\":\"open\",\"ssid\":\"x\",\"secret\":\"12345678\"}", "kind" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		check_as(NULL, "POST", NETWORKS, rows[i].body, 400, rows[i].rule);
	check_as(NULL, "GET", "/api/v1/wifi", NULL, 200, "\"networks\":[]");
	check_as(NULL, "PUT", "/api/v1/wifi/certificates/a", "{\"certificate\":\"x\"}", 404, "wifi.unknown");
	add("deck", SECRET);
	check_as(NULL, "PUT", "/api/v1/wifi/certificates/deck", "{\"certificate\":\"x\"}", 409, "wifi.certified");
}

/* Without somebody who could join it, no network is to be joined. */
static void test_without_the_role(void **state)
{
	add("deck", SECRET);
	device()->errands = tw_errands_free(device()->errands);
	CHECK_OK(tw_errands_new(&side, "links,", &device()->errands));
	choose("deck", 409, "roles.tab");
}

CHECK_MAIN(cmocka_unit_test_setup_teardown(test_joined_lost_and_left, begin, end),
	cmocka_unit_test_setup_teardown(test_another_link, begin, end), cmocka_unit_test_setup_teardown(test_another_network, begin, end),
	cmocka_unit_test_setup_teardown(test_late_answers_and_lies, begin, end),
	cmocka_unit_test_setup_teardown(test_kept_while_needed, begin, end),
	cmocka_unit_test_setup_teardown(test_what_is_no_network, begin, end),
	cmocka_unit_test_setup_teardown(test_without_the_role, begin, end))
