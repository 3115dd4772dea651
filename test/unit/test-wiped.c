/* SPDX-License-Identifier: Apache-2.0 */
/* What opens the device leaves nothing behind where core had it: neither on the stack nor in memory that was given back. */
#include "world.h"

#include "base/text.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "spill.h"

static struct world w;
static struct tw_sys sys;
static struct tw_reply rp;
static uint8_t drawn[32];                                                                       /* all that randomness gives */
static char token[TW_TOKEN_TEXT + 1], code[TW_CODE_SIZE + 1], shown[TW_CODE_SIZE + 2], hex[33]; /* what is made of it */

static struct tw_device *device(void)
{
	return tw_unit_device(w.unit);
}

static int known_random(const struct tw_sys *s, void *buffer, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((uint8_t *)buffer)[i] = drawn[i % sizeof drawn];
	return 0;
}

static int set_up(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	if (world_make(&w))
		return -1;
	world_start(&w);
	for (size_t i = 0; i < sizeof drawn; i++) /* of no pattern that fresh memory might have */
		drawn[i] = (uint8_t)(0x51 + 37 * i);
	tw_buf_init(&text, tw_sys_real(), 64);
	CHECK_OK(tw_buf_base64url(&text, drawn, sizeof drawn));
	(void)snprintf(token, sizeof token, "%s", tw_buf_cstr(&text));
	tw_buf_clear(&text);
	CHECK_OK(tw_buf_hex(&text, drawn, 16));
	(void)snprintf(hex, sizeof hex, "%s", tw_buf_cstr(&text));
	for (size_t i = 0; i < TW_CODE_SIZE; i++)
		code[i] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[drawn[i] % 32];
	(void)snprintf(shown, sizeof shown, "%.5s-%.5s", code, code + 5);
	rp = (struct tw_reply){ .status = 200 };
	return 0;
}

static int tear_down(void **state)
{
	tw_reply_done(&rp);
	return world_end(&w);
}

static struct tw_context *with_known_random(void)
{
	struct tw_context *c = &device()->context;

	sys = *c->sys;
	sys.random = known_random;
	c->sys = &sys;
	return c;
}

static void test_a_session(void **state)
{
	static char given[TW_TOKEN_TEXT + 1];

	CHECK_INT(tw_unit_takeover(w.unit, "alice"), 201);
	(void)with_known_random();
	spill_watch(token, TW_TOKEN_TEXT);
	spill_clear_stack();
	tw_err e = world_opens(&w, given);
	bool text_left = spill_on_stack(token, TW_TOKEN_TEXT);
	CHECK_INT(spill_seen(), 0);
	CHECK_OK(e);
	CHECK_TEXT(given, token);
	CHECK(!text_left);
}

static void test_the_bytes_of_a_session(void **state)
{
	static char given[TW_TOKEN_TEXT + 1];

	CHECK_INT(tw_unit_takeover(w.unit, "alice"), 201);
	(void)with_known_random();
	spill_watch(drawn, sizeof drawn);
	spill_clear_stack();
	tw_err e = world_opens(&w, given);
	bool left = spill_on_stack(drawn, sizeof drawn);
	CHECK_INT(spill_seen(), 0);
	CHECK_OK(e);
	CHECK(!left);
}

static void test_a_code(void **state)
{
	struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .kind = TW_SUBJECT_OWNER, .name = "owner:alice", .account = "a1" } };

	CHECK_INT(tw_unit_takeover(w.unit, "alice"), 201);
	struct tw_context *c = with_known_random();
	spill_clear_stack();
	tw_err e = tw_access_code(c, &rq, &rp);
	bool code_left = spill_on_stack(code, TW_CODE_SIZE), shown_left = spill_on_stack(shown, TW_CODE_SIZE + 1);
	CHECK_OK(e);
	CHECK_TEXT(tw_json_text(rp.body, "code"), shown);
	CHECK(!code_left && !shown_left);
}

static void test_opening(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *input = NULL;
	char body[64];

	CHECK_INT(tw_unit_takeover(w.unit, "alice"), 201);
	world_code(&w, body);
	CHECK_OK(tw_json_parse(tw_slice_of(body), 64, &input));
	const struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS }, .input = input };
	struct tw_context *c = with_known_random();
	spill_clear_stack();
	tw_err e = tw_access_open(c, &rq, &rp);
	bool left = spill_on_stack(token, TW_TOKEN_TEXT);
	CHECK_OK(e);
	CHECK_TEXT(tw_json_text(rp.body, "token"), token);
	CHECK(!left);
}

/* Nor where the last step fails, at the commit, when the token is made already. */
static void test_opening_that_fails(void **state)
{
	static const char *const broken[] = { "CREATE TABLE bad (x REFERENCES account (id) DEFERRABLE INITIALLY DEFERRED)",
		"CREATE TRIGGER no AFTER INSERT ON session BEGIN INSERT INTO bad VALUES (-1); END" };
	TW_CLEANUP(tw_jsonp) json_t *input = NULL;
	char body[64];

	CHECK_INT(tw_unit_takeover(w.unit, "alice"), 201);
	world_code(&w, body);
	CHECK_OK(tw_json_parse(tw_slice_of(body), 64, &input));
	for (size_t i = 0; i < TW_COUNT(broken); i++)
		CHECK_OK(tw_store_run(device()->context.store, broken[i], NULL, 0, NULL, NULL));
	const struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS }, .input = input };
	struct tw_context *c = with_known_random();
	spill_clear_stack();
	tw_err e = tw_access_open(c, &rq, &rp);
	bool left = spill_on_stack(token, TW_TOKEN_TEXT);
	CHECK(tw_failed(e));
	CHECK(!left);
	CHECK(!device()->access->guard.sessions[0].used);
}

static void test_a_session_that_fails(void **state)
{
	static char given[TW_TOKEN_TEXT + 1];

	CHECK_INT(tw_unit_takeover(w.unit, "alice"), 201);
	CHECK_OK(tw_store_run(device()->context.store,
		"CREATE TRIGGER no BEFORE INSERT ON session BEGIN SELECT RAISE(ABORT, 'no'); END", NULL, 0, NULL, NULL));
	(void)with_known_random();
	spill_clear_stack();
	tw_err e = world_opens(&w, given);
	bool text_left = spill_on_stack(token, TW_TOKEN_TEXT), bytes_left = spill_on_stack(drawn, sizeof drawn);
	CHECK(tw_failed(e));
	CHECK(!text_left && !bytes_left && !given[0]);
}

static void test_claiming(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *input = NULL;
	struct tw_unit_offer o;

	CHECK_INT(tw_unit_offer(w.unit, &o), 200);
	CHECK_INT(tw_unit_browser(w.unit, &o, "alice"), 202);
	CHECK_INT(tw_unit_confirm(w.unit, &o), 200);
	input = json_pack("{s:s, s:s}", "request", o.request, "client_nonce", "AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	const struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS }, .input = input };
	struct tw_context *c = with_known_random();
	spill_clear_stack();
	tw_err e = tw_access_claim(c, &rq, &rp);
	bool left = spill_on_stack(token, TW_TOKEN_TEXT);
	CHECK_OK(e);
	CHECK_TEXT(tw_json_text(rp.body, "token"), token);
	CHECK(!left);
}

/* The person at the console is told; from then on only keys has it. */
static void test_recovering(void **state)
{
	struct tw_request rq = { .subject = { .door = TW_DOOR_CONSOLE, .kind = TW_SUBJECT_CONSOLE } };

	w.unit = tw_unit_stop(w.unit);
	struct tw_sys own = *tw_fake_sys(w.fake);
	own.random = known_random;
	CHECK_OK(tw_unit_start(&own, w.directory, &w.unit));
	spill_watch(hex, sizeof hex - 1);
	tw_err e = tw_access_recover(&device()->context, &rq, &rp);
	CHECK_INT(spill_seen(), 0);
	CHECK_OK(e);
	CHECK_TEXT(tw_json_text(rp.body, "secret"), hex);
	w.unit = tw_unit_stop(w.unit); /* its seam is this function's */
}

static void test_an_end(void **state)
{
	char given[TW_TOKEN_TEXT + 1];
	static uint8_t hash[32];

	CHECK_INT(tw_unit_takeover(w.unit, "alice"), 201);
	CHECK_OK(world_opens(&w, given));
	memcpy(hash, device()->access->guard.sessions[0].hash, sizeof hash);
	spill_watch(hash, sizeof hash);
	tw_access_stop(device());
	CHECK_INT(spill_seen(), 0);
	CHECK(!device()->access);
	tw_access_stop(device()); /* there is nothing more to end */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
CHECK_MAIN(TEST(test_a_session), TEST(test_the_bytes_of_a_session), TEST(test_a_code), TEST(test_opening),
	TEST(test_opening_that_fails), TEST(test_a_session_that_fails), TEST(test_claiming), TEST(test_recovering), TEST(test_an_end))
