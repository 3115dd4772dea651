/* SPDX-License-Identifier: Apache-2.0 */
/* Core's side of the cellular modem, with the test in the place of hands and of the cellular role: what is kept and told, believed and recorded. */
#include "one-world.h"

#include "device/interfaces/cellular.h"
#include "device/rows-interfaces.h"
#include "service/errand-line.h"

#include <sys/socket.h>
#include <unistd.h>

#define HEAD 12
#define PIN "/api/v1/cellular/pin"

static struct tw_errands_side side;
static int hands = -1, role = -1; /* their ends */
static const struct tw_channel_row none[] = { { 0 } };
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
	CHECK_OK(tw_errands_new(&side, "cellular,", &device()->errands));
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
	CHECK_OK(tw_cellular_job(context()));
	turn();
}

static void pass(uint32_t ms)
{
	at_ms += ms;
	later(at_ms);
}

static void give_role(void)
{
	const char payload[] = { TW_ERRAND_CELLULAR, 3, 7 };
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

static uint8_t bytes[4096];

/* The role is told: true, and ret borrows from bytes. */
static bool is_put(struct tw_cellular_wish *ret)
{
	const ssize_t size = recv(role, bytes, sizeof bytes, MSG_DONTWAIT);

	if (size < 0)
		return false;
	CHECK(size > HEAD && (bytes[0] << 8 | bytes[1]) == TW_CELLULAR_PUT);
	CHECK_OK(tw_cellular_wish_read((struct tw_slice){ (const char *)bytes + HEAD, (size_t)size - HEAD }, ret));
	return true;
}

static void says(uint16_t type, const void *payload, size_t size)
{
	uint8_t message[1024] = { (uint8_t)(type >> 8), (uint8_t)type, 0, 0, 0, 0, 0, 0, 0, 0, (uint8_t)(size >> 8), (uint8_t)size };

	memcpy(message + HEAD, payload, size);
	CHECK(send(role, message, HEAD + size, 0) == (ssize_t)(HEAD + size));
	turn();
}

static void says_state(const char *state, const char *lock, uint8_t pin, const char *why)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_cellular_state s = { .present = true,
		.settled = !*why,
		.pin = pin,
		.signal = 64,
		.tries = 2,
		.network = "Example net",
		.code = "00101",
		.technology = "4g",
		.registration = "home" };

	(void)snprintf(s.state, sizeof s.state, "%s", state);
	(void)snprintf(s.lock, sizeof s.lock, "%s", lock);
	(void)snprintf(s.why, sizeof s.why, "%s", why);
	tw_buf_init(&b, tw_sys_real(), 1024);
	CHECK_OK(tw_cellular_state_write(&s, &b));
	says(TW_CELLULAR_STATE, b.data, b.size);
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
	const char *why = tw_cellular_unsettled(context(), "cellular.modem");

	if (word ? !why || !strstr(why, word) : why != NULL)
		fail_msg("unsettled: %s, wanted %s", why ? why : "no", word ? word : "no");
	CHECK(!tw_cellular_unsettled(context(), "wifi.network"));
}

static void switch_on(void)
{
	set("cellular.modem", "on");
	CHECK_INT(tw_cellular_due_ms(context()), 0);
	job();
	give_role();
}

static void test_registered_and_lost(void **state)
{
	struct tw_cellular_wish n;

	CHECK_INT(tw_cellular_due_ms(context()), -1);
	check_unsettled(NULL);
	switch_on();
	check_unsettled("being told");
	CHECK(is_put(&n));
	CHECK(n.use == TW_CELLULAR_ON && n.technologies == TW_CELLULAR_NO_2G && !n.roaming && !n.tried && !n.pin.size);
	says(TW_CELLULAR_STATE, "nonsense that is long enough for one", 36);
	check_unsettled("being told");
	says_state("searching", "none", 0, "The modem looks for a network.");
	check_unsettled("looks for a network");
	CHECK_INT(tw_cellular_due_ms(context()), -1);
	says_state("registered", "none", 0, "");
	says_state("connected", "none", 0, "");
	check_unsettled(NULL);
	CHECK_INT(events("cellular.registered"), 1);
	check_as(NULL, "GET", "/api/v1/cellular", NULL, 200, "\"network\":\"Example net\"");
	check_as(NULL, "GET", "/api/v1/cellular", NULL, 200, "\"signal\":64");
	says_state("searching", "none", 0, "The modem looks for a network.");
	CHECK_INT(events("cellular.lost"), 1);

	/* The bus ends: told, and again after pauses that double. */
	says(TW_CELLULAR_FAILED, "the system's bus has gone", 25);
	check_unsettled("has gone");
	CHECK_INT(tw_cellular_due_ms(context()), 1000);
	pass(1000);
	job();
	CHECK(is_put(&n));
	says(TW_CELLULAR_FAILED, "the system's bus has gone", 25);
	CHECK_INT(tw_cellular_due_ms(context()), 2000);
	CHECK_INT(events("cellular.refused"), 1); /* once for each reason */
}

static void test_settings_are_told(void **state)
{
	struct tw_cellular_wish n;

	switch_on();
	CHECK(is_put(&n));
	says_state("registered", "none", 0, "");
	check_unsettled(NULL);
	set("cellular.technologies", "4g-up");
	set("cellular.roaming", "on");
	check_unsettled("being told");
	CHECK_INT(tw_cellular_due_ms(context()), 0);
	job();
	CHECK(is_put(&n));
	CHECK(n.technologies == TW_CELLULAR_4G_UP && n.roaming);
	CHECK(tw_cellular_due_ms(context()) > 0); /* until an answer is late */
	pass(60000);
	job();
	check_unsettled("did not answer in time");
	set("cellular.modem", "left");
	CHECK_INT(tw_cellular_due_ms(context()), -1);
	check_unsettled(NULL);
	CHECK(!tw_cellular_known(context()));
}

/* @nist LA.IC.14: that a PIN is told is kept before it is, and taken back when the SIM has taken it */
static void test_pin(void **state)
{
	struct tw_cellular_wish n;

	check_as(NULL, "PUT", PIN, "{\"pin\":\"12a4\"}", 400, "cellular.pin");
	check_as(NULL, "GET", "/api/v1/cellular", NULL, 200, "\"pin_known\":false");
	check_as(NULL, "PUT", PIN, "{\"pin\":\"48151\"}", 204, NULL);
	check_as(NULL, "GET", "/api/v1/cellular", NULL, 200, "\"pin_known\":true");
	CHECK(!strstr(tw_unit_body(w.unit), "48151"));
	switch_on();
	CHECK(is_put(&n));
	CHECK(tw_slice_is(n.pin, "48151") && !n.tried);

	/* The role ends before it has said what became of it. */
	says(TW_CELLULAR_FAILED, "the system's bus has gone", 25);
	pass(1000);
	job();
	CHECK(is_put(&n) && tw_slice_is(n.pin, "48151") && n.tried);
	says_state("locked", "sim-pin", TW_CELLULAR_PIN_REFUSED, "The SIM has refused the PIN.");
	check_unsettled("refused the PIN");
	CHECK_INT(events("cellular.refused"), 2);

	/* Another one was not tried; the SIM takes it, so that the next start may tell it. */
	check_as(NULL, "PUT", PIN, "{\"pin\":\"62342\"}", 204, NULL);
	job();
	CHECK(is_put(&n) && tw_slice_is(n.pin, "62342") && !n.tried);
	says_state("registered", "none", 0, "");
	set("cellular.roaming", "on");
	job();
	CHECK(is_put(&n) && !n.tried);
	says_state("registered", "none", 0, "");
	check_as(NULL, "DELETE", PIN, NULL, 204, NULL);
	job();
	CHECK(is_put(&n) && !n.pin.size && !n.tried);
	check_as(NULL, "GET", "/api/v1/cellular", NULL, 200, "\"pin_known\":false");
}

static void test_without_a_role(void **state)
{
	device()->own_uid = 0;
	CHECK(!tw_cellular_is_listed(device()));
	CHECK_ERR(tw_cellular_apply(context(), "on"), DENIED);
	CHECK_OK(tw_cellular_apply(context(), "left"));
}

CHECK_MAIN(cmocka_unit_test_setup_teardown(test_registered_and_lost, begin, end),
	cmocka_unit_test_setup_teardown(test_settings_are_told, begin, end), cmocka_unit_test_setup_teardown(test_pin, begin, end),
	cmocka_unit_test_setup_teardown(test_without_a_role, begin, end))
