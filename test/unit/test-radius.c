/* SPDX-License-Identifier: Apache-2.0 */
/* @nist LA.AS.2.1.2: the server says yes, no, or nothing that counts. Passwords that the organization's server judges, and who says which server that is. */
#include "anchors.h"
#include "authenticator.h"
#include "lacking.h"
#include "one-world.h"
#include "played-ask.h"
#include "played-hash.h"

#include "device/logical-access/radius.h"
#include "device/rows-logical-access.h"
#include "spill.h"

#define GOOD "nine quiet herons wade"
#define SECRET "a secret shared with the server"
#define OTHER "the secret of somebody else"
#define LOGINS "/api/v1/logins"

static char token[64], handle[64];
static size_t random_fails; /* asked for so many bytes */

static int settle(int status)
{
	while (played_step())
		;
	return status ? status : tw_unit_later(w.unit);
}

static int ask(const char *method, const char *target, const char *body)
{
	return settle(tw_unit_request(w.unit, method, target, NULL, body));
}

#define SAYS(text)                                                                                \
	do {                                                                                      \
		if (!strstr(tw_unit_body(w.unit), (text)))                                        \
			fail_msg("line %d: %s, want %s", __LINE__, tw_unit_body(w.unit), (text)); \
	} while (0)

static void set(const char *key, const char *version, const char *value, int want)
{
	char target[96], body[128];

	(void)snprintf(target, sizeof target, "/api/v1/settings/%s", key);
	(void)snprintf(body, sizeof body, "{\"value\":\"%s\"}", value);
	CHECK_INT(tw_unit_request(w.unit, "PUT", target, version, body), want);
}

/* The password is sent; 0: the server is asked now, or nobody is any more. */
static int begin(const char *name, const char *password)
{
	char body[1400];

	(void)snprintf(body, sizeof body, "{\"account\":\"%s\",\"password\":\"%s\"}", name, password);
	return settle(tw_unit_request_as(w.unit, NULL, "POST", LOGINS, body));
}

static int end(void)
{
	int status = tw_unit_later(w.unit);

	if (status == 201)
		world_text(&w, "token", token, sizeof token);
	if (status == 200)
		world_text(&w, "login", handle, sizeof handle);
	return status;
}

static int login(const char *name, const char *password, uint8_t says)
{
	CHECK_INT(begin(name, password), 0);
	CHECK(played_says(says, SECRET));
	return end();
}

/* alice, a1, owns the device; bob's password, a2, is the server's, which knows him as robert. */
static int set_up(void **state)
{
	if (set_up_owned(state))
		return -1;
	memset(&played, 0, sizeof played);
	memset(&played_ask_is, 0, sizeof played_ask_is);
	set("logical-access.radius-server", "\"0\"", "192.0.2.9:1812", 200);
	CHECK_INT(ask("PUT", "/api/v1/radius-secret", "{\"secret\":\"" SECRET "\"}"), 204);
	CHECK_INT(ask("POST", "/api/v1/accounts", "{\"name\":\"bob\",\"kind\":\"person\"}"), 201);
	CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" GOOD "\"}"), 204);
	CHECK_INT(ask("PUT", "/api/v1/server-passwords/a2", "{\"user\":\"robert\"}"), 204);
	tw_unit_from(w.unit, "192.0.2.50");
	return 0;
}

static void test_yes(void **state)
{
	unsigned before = played.verified;
	struct tw_place place;

	CHECK_OK(tw_place_read("192.0.2.9:1812", &place));
	CHECK_INT(login("bob", GOOD, TW_RADIUS_ACCEPT), 201);
	SAYS("\"account\":\"a2\"");
	CHECK_INT(played.verified, before + 1); /* it costs a hash as well */
	CHECK(world_log_says(&w, "session of a2 bob by password") && world_log_says(&w, "\"verdict\":\"yes\""));
	CHECK(!world_log_says(&w, GOOD) && !world_log_says(&w, SECRET));
	CHECK(tw_slice_is(played_attribute(1), "robert"));
	CHECK_INT(played_attribute(2).size, 32);
	CHECK(memcmp(played_attribute(2).at, GOOD, 16) != 0);
	CHECK(tw_slice_is(played_attribute(31), "192.0.2.50") && played_attribute(32).size > 0);
	CHECK_INT(played_ask_is.packet[TW_RADIUS_HEAD], 80); /* the Message-Authenticator is first */
	CHECK_INT(played_ask_is.want.ask.deadline_ms, 10000);
	CHECK_INT(played_ask_is.want.ask.again_ms, TW_RADIUS_AGAIN_MS);
	CHECK(memcmp(&played_ask_is.want.ask.to.address, &place.address, 16) == 0 && played_ask_is.want.ask.to.port == 1812);
	CHECK_INT(ask("GET", "/api/v1/credentials", NULL), 200);
	SAYS("\"kind\":\"server\"");
	SAYS("\"label\":\"robert\"");
	CHECK_INT(ask("GET", "/api/v1/access-list", NULL), 200);
	SAYS("192.0.2.9:1812");
}

/* No two questions have the same authenticator, which hides the password and binds the answer. */
static void test_each_question_is_another(void **state)
{
	uint8_t first[TW_RADIUS_AUTHENTICATOR], answer[64];

	CHECK_INT(begin("bob", GOOD), 0);
	memcpy(first, played_ask_is.packet + 4, sizeof first);
	const size_t size = played_reply(TW_RADIUS_ACCEPT, SECRET, answer);
	played_ends(TW_ASK_SILENT);
	CHECK_INT(end(), 503);
	CHECK_INT(begin("bob", GOOD), 0);
	CHECK(memcmp(first, played_ask_is.packet + 4, sizeof first) != 0);
	answer[1] = played_ask_is.packet[1];
	/* A yes of before, late or taken from the wire, is no answer now. */
	CHECK(!played_ask_is.want.heard(played_ask_is.want.user, (struct tw_slice){ (const char *)answer, size }));
	played_ends(TW_ASK_SILENT);
	CHECK_INT(end(), 503);
	SAYS("radius.untrusted");
}

/* Told in the words in which it is told of everybody, and counted likewise. */
static void test_no(void **state)
{
	char words[600];

	CHECK_INT(begin("nobody", GOOD), 403);
	(void)snprintf(words, sizeof words, "%s", tw_unit_body(w.unit));
	CHECK_INT(played_ask_is.asked, 0);
	tw_unit_from(w.unit, "192.0.2.60");
	CHECK_INT(login("bob", GOOD, TW_RADIUS_REJECT), 403);
	CHECK_TEXT(tw_unit_body(w.unit), words);
	CHECK(world_log_says(&w, "\"verdict\":\"no\""));
	for (int i = 0; i < 4; i++)
		CHECK_INT(login("bob", GOOD, TW_RADIUS_REJECT), 403);
	CHECK_INT(begin("bob", GOOD), 429);
	CHECK_INT(played_ask_is.asked, 5);
}

/* Nothing that is no verdict lets anybody in, nor does it count against him. */
static void test_no_verdict(void **state)
{
	for (int i = 0; i < 7; i++) {
		CHECK_INT(begin("bob", GOOD), 0);
		played_ends(i % 2 ? TW_ASK_SILENT : TW_ASK_UNREACHABLE);
		CHECK_INT(end(), 503);
		SAYS("radius.silent");
	}
	CHECK(world_log_says(&w, "\"rule\":\"radius.silent\"") && world_log_says(&w, "\"verdict\":\"none\""));
	CHECK_INT(begin("bob", GOOD), 0);
	CHECK(!played_says(TW_RADIUS_ACCEPT, OTHER));
	played_ends(TW_ASK_SILENT);
	CHECK_INT(end(), 503);
	SAYS("radius.untrusted");
	CHECK(world_log_says(&w, "\"rule\":\"radius.untrusted\""));
	CHECK_INT(login("bob", GOOD, TW_RADIUS_CHALLENGE), 403);
	SAYS("radius.challenge");
	CHECK(world_log_says(&w, "\"rule\":\"radius.challenge\""));
	CHECK_INT(login("bob", GOOD, TW_RADIUS_ACCEPT), 201);
}

/* What somebody else sends first does not keep the right answer from counting. */
static void test_the_right_one_may_come_yet(void **state)
{
	CHECK_INT(begin("bob", GOOD), 0);
	CHECK(!played_says(TW_RADIUS_REJECT, OTHER));
	CHECK(!played_ask_is.want.heard(played_ask_is.want.user, TW_SLICE("")));
	CHECK(!played_says(5, SECRET)); /* of a kind that is no answer to this */
	CHECK(played_says(TW_RADIUS_ACCEPT, SECRET));
	CHECK_INT(end(), 201);
}

/* The password of the device's went when the server's came. */
static void test_nothing_to_fall_back_to(void **state)
{
	CHECK_INT(login("bob", GOOD, TW_RADIUS_REJECT), 403); /* which was the device's own before */
	CHECK_INT(begin("bob", GOOD), 0);
	played_ends(TW_ASK_SILENT);
	CHECK_INT(end(), 503);
	CHECK_INT(ask("DELETE", "/api/v1/passwords/a2", NULL), 204);
	tw_unit_from(w.unit, "192.0.2.61");
	CHECK_INT(begin("bob", GOOD), 403);
	CHECK_INT(played_ask_is.asked, 2);
	CHECK_INT(ask("PUT", "/api/v1/server-passwords/a2", "{}"), 204);
	CHECK_INT(login("bob", GOOD, TW_RADIUS_ACCEPT), 201);
	CHECK(tw_slice_is(played_attribute(1), "bob")); /* by its name of then */
	CHECK_INT(ask("PUT", "/api/v1/accounts/a2", "{\"name\":\"carl\"}"), 200);
	CHECK_INT(login("carl", GOOD, TW_RADIUS_ACCEPT), 201);
	CHECK(tw_slice_is(played_attribute(1), "bob"));
	CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" GOOD "\"}"), 204);
	CHECK_INT(begin("carl", GOOD), 200); /* the device's again, to be changed */
	CHECK_INT(played_ask_is.asked, 4);
}

static void test_not_set_up(void **state)
{
	CHECK_INT(ask("GET", "/api/v1/radius-secret", NULL), 200);
	SAYS("true");
	CHECK_INT(ask("DELETE", "/api/v1/radius-secret", NULL), 204);
	CHECK_INT(ask("DELETE", "/api/v1/radius-secret", NULL), 204);
	CHECK_INT(ask("GET", "/api/v1/radius-secret", NULL), 200);
	SAYS("false");
	CHECK_INT(begin("bob", GOOD), 503);
	SAYS("radius.off");
	CHECK_INT(ask("PUT", "/api/v1/radius-secret", "{\"secret\":\"" SECRET "\"}"), 204);
	set("logical-access.radius-server", "\"1\"", "", 200);
	CHECK_INT(begin("bob", GOOD), 503);
	SAYS("radius.off");
	CHECK_INT(played_ask_is.asked, 0);
	CHECK(world_log_says(&w, "\"rule\":\"radius.off\""));
	CHECK(!world_log_says(&w, SECRET));
}

/* As the account is when it would be let in. */
static void test_changed_meanwhile(void **state)
{
	static const struct {
		const char *method, *target, *body;
		int status;
	} rows[] = {
		{ "PUT", "/api/v1/suspensions/a2", NULL, 204 },
		{ "DELETE", "/api/v1/suspensions/a2", NULL, 204 },
		{ "PUT", "/api/v1/server-passwords/a2", "{\"user\":\"another\"}", 204 },
		{ "DELETE", "/api/v1/passwords/a2", NULL, 204 },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_INT(begin("bob", GOOD), i == 1 ? 403 : 0); /* suspended, the server is not asked */
		CHECK_INT(ask(rows[i].method, rows[i].target, rows[i].body), rows[i].status);
		if (i == 1)
			continue;
		CHECK(played_says(TW_RADIUS_ACCEPT, SECRET));
		CHECK_INT(end(), 403);
	}
	CHECK_INT(played_ask_is.asked, 3);
}

static const char *code_of(const uint8_t secret[TW_TOTP_SECRET], int64_t step)
{
	world_at(&w, step * TW_TOTP_STEP_MS, tw_time_boot_ms(&device()->time));
	return code_at(secret, step);
}

/* And as it is when the server would be asked: it hears of nobody's password that is not its own to judge. */
static void test_changed_before_it_is_asked(void **state)
{
	static const struct {
		const char *method, *target;
	} rows[] = { { "PUT", "/api/v1/suspensions/a2" }, { "DELETE", "/api/v1/suspensions/a2" },
		{ "DELETE", "/api/v1/passwords/a2" }, { "DELETE", "/api/v1/accounts/a2" } };
	static const char body[] = "{\"account\":\"bob\",\"password\":\"" GOOD "\"}";

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const bool asks = i != 1;

		CHECK_INT(tw_unit_request_as(w.unit, NULL, "POST", LOGINS, body), 0);
		if (asks)
			CHECK_INT(tw_unit_request(w.unit, rows[i].method, rows[i].target, NULL, NULL), 204);
		CHECK_INT(settle(0), 403);
		if (!asks)
			CHECK_INT(tw_unit_request(w.unit, rows[i].method, rows[i].target, NULL, NULL), 204);
		if (i == 2)
			CHECK_INT(ask("PUT", "/api/v1/server-passwords/a2", "{}"), 204);
	}
	CHECK_INT(played_ask_is.asked, 0);
}

/* Without randomness nothing is sent: it hides the password and binds the answer. */
static int no_random(const struct tw_sys *s, void *buffer, size_t size)
{
	return size == random_fails ? -1 : memory.own->random(memory.own, buffer, size);
}

static void test_no_randomness_no_question(void **state)
{
	static const size_t sizes[] = { 1, TW_RADIUS_AUTHENTICATOR };
	struct tw_context *c = &device()->context;

	for (size_t i = 0; i < TW_COUNT(sizes); i++) {
		CHECK_INT(tw_unit_request_as(w.unit, NULL, "POST", LOGINS, "{\"account\":\"bob\",\"password\":\"" GOOD "\"}"), 0);
		random_fails = sizes[i];
		memory.own = c->sys;
		memory.sys = *c->sys;
		memory.sys.random = no_random;
		c->sys = &memory.sys;
		int status = settle(0);
		c->sys = memory.own;
		CHECK_INT(status, 500);
		CHECK_INT(played_ask_is.asked, 0);
	}
}

static int put_secret(size_t size)
{
	static char text[TW_RADIUS_SECRET_MAX + 2];
	struct tw_reply rp = { .status = 200 };

	memset(text, 'x', sizeof text);
	text[size] = '\0';
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s}", "secret", text);
	const struct tw_request rq = { .input = input };
	CHECK_OK(tw_access_radius_secret(&device()->context, &rq, &rp));
	int status = rp.status;
	tw_reply_done(&rp);
	return status;
}

static void test_how_long_a_secret_is(void **state)
{
	CHECK_INT(put_secret(TW_RADIUS_SECRET_MIN - 1), 400);
	CHECK_INT(put_secret(TW_RADIUS_SECRET_MIN), 204);
	CHECK_INT(put_secret(TW_RADIUS_SECRET_MAX), 204);
	CHECK_INT(put_secret(TW_RADIUS_SECRET_MAX + 1), 400);
}

static enum tw_status status_now(void)
{
	struct tw_element_status s = { .status = TW_STATUS_NOT_PROVIDED };

	CHECK_OK(tw_access_status_server(&device()->context, &s));
	CHECK_TEXT(s.setting, "logical-access.radius-server");
	CHECK(s.reason[0]);
	return s.status;
}

/* One that this device has nothing to ask by. */
static void name_provider(void)
{
	char body[6000];

	find_anchors();
	(void)snprintf(body, sizeof body,
		"{\"issuer\":\"https://login.example/realm\",\"client\":\"device-7\",\"address\":\"https://device.example\","
		"\"name\":\"Example Works\",\"anchors\":\"%s\"}",
		anchors);
	CHECK_INT(ask("PUT", "/api/v1/oidc", body), 204);
}

static void test_status(void **state)
{
	CHECK_INT(status_now(), TW_STATUS_PROVIDED);
	played_ask_is.missing = true;
	CHECK_INT(status_now(), TW_STATUS_NEEDS_PART);
	played_ask_is.missing = false;
	CHECK_INT(ask("DELETE", "/api/v1/radius-secret", NULL), 204);
	CHECK_INT(status_now(), TW_STATUS_OFF);
	CHECK_INT(put_secret(TW_RADIUS_SECRET_MIN), 204);
	name_provider();
	CHECK_INT(status_now(), TW_STATUS_PROVIDED); /* the server is enough, whatever keeps the device from asking the provider */
	set("logical-access.radius-server", "\"1\"", "", 200);
	CHECK_INT(status_now(), TW_STATUS_NEEDS_PART);
}

static void test_a_second_factor_is_the_devices(void **state)
{
	const int64_t step = WORLD_WALL / TW_TOTP_STEP_MS;
	uint8_t secret[TW_TOTP_SECRET];
	char body[128], uri[512];

	set("logical-access.second-factor", "\"0\"", "operator", 200);
	CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"operator\"}"), 201);
	CHECK_INT(login("bob", GOOD, TW_RADIUS_ACCEPT), 403);
	SAYS("LA.AS.2.1");
	set("logical-access.second-factor", "\"1\"", "", 200);
	CHECK_INT(login("bob", "short", TW_RADIUS_ACCEPT), 201); /* how long it is, is the server's affair */
	CHECK_INT(tw_unit_request_as(w.unit, token, "PUT", "/api/v1/password", "{\"old\":\"" GOOD "\",\"password\":\"" GOOD "s\"}"), 409);
	SAYS("password.server");
	CHECK_INT(tw_unit_request_as(w.unit, token, "GET", "/api/v1/settings/logical-access.session-limit", NULL), 403); /* an operator reads no */
	CHECK_INT(tw_unit_request_as(w.unit, token, "GET", "/api/v1/settings/logical-access.radius-server", NULL), 403); /* rights */
	CHECK_INT(tw_unit_request_as(w.unit, token, "POST", "/api/v1/authenticator", "{}"), 201);
	world_text(&w, "uri", uri, sizeof uri);
	secret_in(uri, secret);
	(void)snprintf(body, sizeof body, "{\"code\":\"%s\"}", code_of(secret, step));
	CHECK_INT(tw_unit_request_as(w.unit, token, "PUT", "/api/v1/authenticator", body), 204);
	CHECK_INT(login("bob", GOOD, TW_RADIUS_ACCEPT), 200);
	SAYS("\"totp\"");
	(void)snprintf(body, sizeof body, "{\"login\":\"%s\",\"code\":\"%s\"}", handle, code_of(secret, step + 1));
	CHECK_INT(tw_unit_request_as(w.unit, NULL, "POST", LOGINS, body), 201);
	CHECK(world_log_says(&w, "session of a2 bob by password+totp"));
}

static void test_no_role_no_login(void **state)
{
	char longer[TW_RADIUS_PASSWORD_MAX + 2];

	CHECK_INT(begin("bob", GOOD), 0);
	played_ends(TW_ASK_FAILED); /* it died in the middle */
	CHECK_INT(end(), 503);
	SAYS("access.hash");
	played_ask_is.missing = true;
	CHECK_INT(begin("bob", GOOD), 503);
	SAYS("access.hash");
	played_ask_is.missing = false;
	played_ask_is.full = true;
	CHECK_INT(begin("bob", GOOD), 503);
	SAYS("access.hash");
	played_ask_is.full = false;
	played.refuses = true;
	CHECK_INT(begin("bob", GOOD), 503);
	played.refuses = false;
	CHECK_INT(played_ask_is.asked, 1);
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	CHECK_INT(begin("bob", longer), 403); /* no server is asked about what RADIUS cannot carry */
	CHECK_INT(played_ask_is.asked, 1);
	longer[TW_RADIUS_PASSWORD_MAX] = '\0';
	CHECK_INT(login("bob", longer, TW_RADIUS_ACCEPT), 201);
}

static void test_stopped_meanwhile(void **state)
{
	CHECK_INT(begin("bob", GOOD), 0);
	w.unit = tw_unit_stop(w.unit);
	CHECK_INT(played_ask_is.cancelled, 1);
	world_start(&w);
	CHECK_INT(login("bob", GOOD, TW_RADIUS_ACCEPT), 201); /* server and secret are there after a restart */
}

/* What was typed, from when the hash has been computed until the answer. */
static void test_nothing_of_it_stays(void **state)
{
	CHECK_INT(tw_unit_request_as(w.unit, NULL, "POST", LOGINS, "{\"account\":\"bob\",\"password\":\"" GOOD "\"}"), 0);
	spill_watch(GOOD, strlen(GOOD));
	spill_clear_stack();
	while (played_step())
		;
	bool left = spill_on_stack(GOOD, strlen(GOOD));
	CHECK_INT(spill_seen(), 0);
	CHECK(!left && played_ask_is.asked == 1);
	spill_watch(SECRET, strlen(SECRET));
	spill_clear_stack();
	CHECK(played_says(TW_RADIUS_ACCEPT, SECRET));
	left = spill_on_stack(SECRET, strlen(SECRET));
	CHECK_INT(spill_seen(), 0);
	CHECK(!left);
	CHECK_INT(end(), 201);
}

/* What is asked of somebody with a password before he gives another a way in: test-step-up.c. */
static void without_step_up(void)
{
	struct tw_context *c = &tw_unit_device(w.unit)->context;

	CHECK_OK(tw_setting_set(c, tw_setting_find(c, "logical-access.step-up"), "off", -1, "test"));
}

/* Somebody who may reach everything but what only owners say. */
static void test_only_owners_say_which_server(void **state)
{
	char body[64];

	without_step_up();
	CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"admin\"}"), 201);
	CHECK_INT(login("bob", GOOD, TW_RADIUS_ACCEPT), 201);
	CHECK_INT(tw_unit_request_as(w.unit, token, "PUT", "/api/v1/radius-secret", "{\"secret\":\"" SECRET "\"}"), 403);
	CHECK_INT(tw_unit_request_as(w.unit, token, "DELETE", "/api/v1/radius-secret", NULL), 403);
	CHECK_INT(tw_unit_request_as(w.unit, token, "GET", "/api/v1/radius-secret", NULL), 403);
	CHECK_INT(tw_unit_request_as(w.unit, token, "GET", "/api/v1/settings/logical-access.radius-server", NULL), 200);
	CHECK_INT(tw_unit_request_as(w.unit, token, "PUT", "/api/v1/server-passwords/a2", "{}"), 409); /* his own */
	CHECK_INT(tw_unit_request_as(w.unit, token, "PUT", "/api/v1/server-passwords/a1", "{}"), 403); /* an owner's */
	CHECK_INT(tw_unit_request_as(w.unit, token, "PUT", "/api/v1/server-passwords/a99", "{}"), 404);
	CHECK_INT(ask("PUT", "/api/v1/server-passwords/a1", "{}"), 409); /* alice's own */
	(void)snprintf(body, sizeof body, "{\"secret\":\"%.15s\"}", SECRET);
	CHECK_INT(ask("PUT", "/api/v1/radius-secret", body), 400);
	CHECK_INT(ask("PUT", "/api/v1/radius-secret", "{\"secret\":\"" SECRET "\\n\"}"), 400);
	SAYS("radius.secret");
	set("logical-access.radius-server", "\"1\"", "radius.example:1812", 409);
	set("logical-access.radius-server", "\"1\"", "192.0.2.9", 409);
	set("logical-access.radius-server", "\"1\"", "[2001:db8::1]:1812", 200);
	set("logical-access.radius-timeout", "\"0\"", "31", 400);
	set("logical-access.radius-timeout", "\"0\"", "1", 200);
	CHECK_INT(begin("bob", GOOD), 0);
	CHECK_INT(played_ask_is.want.ask.deadline_ms, 1000);
	CHECK_INT(played_ask_is.want.ask.again_ms, 1000);
	played_ends(TW_ASK_SILENT);
	CHECK_INT(end(), 503);
}

/* A packet filter that lets no question out to the server would shut out whoever it judges. */
static void test_flows_have_to_reach_it(void **state)
{
	static const struct tw_manifest_interface link = { "lan", TW_MANIFEST_ETHERNET, "eth*", "It.", true };
	static const struct {
		bool out, udp;
		uint16_t from, to;
		uint8_t network;
		int want;
	} rows[] = { { true, true, 1000, 2000, 2, 200 }, { false, true, 1812, 1812, 2, 409 }, { true, false, 1812, 1812, 2, 409 },
		{ true, true, 1813, 2000, 2, 409 }, { true, true, 1812, 1812, 3, 409 } };
	struct tw_manifest m = *device()->manifest;

	m.interfaces = &link;
	m.interface_count = m.flow_count = 1;
	device()->manifest = &m;
	for (size_t i = TW_COUNT(rows); i-- > 0;) {
		const struct tw_manifest_flow flow = { .name = "f",
			.out = rows[i].out,
			.in = !rows[i].out,
			.udp = rows[i].udp,
			.ports = { { rows[i].from, rows[i].to } },
			.networks = { { 4, 24, { 192, 0, rows[i].network } } },
			.port_count = 1,
			.network_count = 1 };

		m.flows = &flow;
		set("firewall.egress", "\"0\"", "enforce", rows[i].want);
	}
}

/* Else the server decided whether the device has an owner who can come in. */
static void test_the_last_owner_has_a_way_of_his_own(void **state)
{
	without_step_up();
	CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"owner\"}"), 201);
	CHECK_INT(ask("PUT", "/api/v1/server-passwords/a2", "{}"), 204); /* alice has a certificate */
	CHECK_INT(login("bob", GOOD, TW_RADIUS_ACCEPT), 201);
	CHECK_INT(tw_unit_request_as(w.unit, token, "PUT", "/api/v1/server-passwords/a1", "{}"), 204); /* alice has a certificate still */
	CHECK_INT(tw_unit_request_as(w.unit, token, "DELETE", "/api/v1/passwords/a1", NULL), 204);
	CHECK_INT(ask("PUT", "/api/v1/password", "{\"password\":\"" GOOD "\"}"), 204);
	CHECK_INT(tw_unit_request_as(w.unit, token, "DELETE", "/api/v1/credentials/c1", NULL), 204);
	CHECK_INT(tw_unit_request_as(w.unit, token, "PUT", "/api/v1/server-passwords/a1", "{}"), 409);
	SAYS("password.last-owner");
	CHECK_INT(begin("alice", GOOD), 201); /* it is hers still */
	world_text(&w, "token", token, sizeof token);
	CHECK_INT(tw_unit_request_as(w.unit, token, "DELETE", "/api/v1/passwords/a2", NULL), 204); /* what the server judges is no way that is left */
	CHECK_INT(tw_unit_request_as(w.unit, token, "POST", "/api/v1/accounts", "{\"name\":\"carol\",\"kind\":\"person\"}"), 201);
	CHECK_INT(tw_unit_request_as(w.unit, token, "POST", "/api/v1/accounts", "{\"name\":\"crew\",\"kind\":\"shared\"}"), 201);
	CHECK_INT(tw_unit_request_as(w.unit, token, "PUT", "/api/v1/server-passwords/a3", "{}"), 204);
	CHECK_INT(tw_unit_request_as(w.unit, token, "PUT", "/api/v1/server-passwords/a4", "{}"), 409); /* a shared one has no password */
}

static void no_owner_has_enrolled(void)
{
	for (size_t i = 0; i < device()->access->owners.count; i++)
		device()->access->owners.of[i].enrolled = false;
}

/* Who is no owner is none of those of whom one has to stay; and what the server judged was no way in of an owner's, so it may go. */
static void test_whose_way_counts(void **state)
{
	CHECK_INT(ask("POST", "/api/v1/accounts", "{\"name\":\"carol\",\"kind\":\"person\"}"), 201);
	no_owner_has_enrolled();
	CHECK_INT(ask("PUT", "/api/v1/server-passwords/a3", "{}"), 204);
	CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"owner\"}"), 201);
	CHECK_INT(ask("PUT", "/api/v1/server-passwords/a2", "{}"), 204);
	no_owner_has_enrolled();
	CHECK_INT(ask("DELETE", "/api/v1/passwords/a2", NULL), 204);
}

/* An admin is told that he may not reach the account, whatever kind it is of. */
static void test_a_shared_one_that_may_do_more(void **state)
{
	static const char *const rows[][2] = { { "/api/v1/passwords/a3", "{\"password\":\"" GOOD "\"}" },
		{ "/api/v1/server-passwords/a3", "{}" } };

	without_step_up();
	CHECK_INT(ask("POST", "/api/v1/accounts", "{\"name\":\"crew\",\"kind\":\"shared\"}"), 201);
	CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a3\",\"role\":\"auditor\"}"), 201);
	CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"admin\"}"), 201);
	CHECK_INT(login("bob", GOOD, TW_RADIUS_ACCEPT), 201);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_INT(tw_unit_request_as(w.unit, token, "PUT", rows[i][0], rows[i][1]), 403);
		SAYS("account.cover");
		CHECK_INT(ask("PUT", rows[i][0], rows[i][1]), 409);
		SAYS("shared.own-proof");
	}
}

static void test_goes_with_the_ownership(void **state)
{
	CHECK_OK(tw_device_forget_owner(tw_unit_device(w.unit)));
	CHECK_INT(ask("GET", "/api/v1/radius-secret", NULL), 200);
	SAYS("false");
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
CHECK_MAIN(WITH(test_yes), WITH(test_each_question_is_another), WITH(test_no), WITH(test_no_verdict),
	WITH(test_the_right_one_may_come_yet), WITH(test_nothing_to_fall_back_to), WITH(test_not_set_up),
	WITH(test_changed_meanwhile), WITH(test_changed_before_it_is_asked), WITH(test_no_randomness_no_question),
	WITH(test_how_long_a_secret_is), WITH(test_status), WITH(test_a_second_factor_is_the_devices), WITH(test_no_role_no_login),
	WITH(test_stopped_meanwhile), WITH(test_nothing_of_it_stays), WITH(test_only_owners_say_which_server),
	WITH(test_flows_have_to_reach_it), WITH(test_the_last_owner_has_a_way_of_his_own), WITH(test_whose_way_counts),
	WITH(test_a_shared_one_that_may_do_more), WITH(test_goes_with_the_ownership))
