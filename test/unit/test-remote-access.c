/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of access on a device: said, waiting, confirmed and taken back; what they refuse at each door, and what becomes of sessions. */
#include "lacking.h"

#include "device/logical-access/accounts.h"
#include "device/logical-access/remote.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "service/path/change.h"

#define PATH "/api/v1/remote-access"
#define OWNERS "{\"name\":\"owners\",\"doors\":[\"management\",\"elsewhere\"],\"roles\":[\"owner\"]}"
#define OWNERS_FAR "{\"name\":\"owners\",\"doors\":[\"elsewhere\"],\"roles\":[\"owner\"]}"
#define POLICY(who, session, connection, product) \
	"{\"policy\":{\"who\":[" OWNERS who "],\"session\":[" session "],\"connection\":[" connection "],\"product\":[" product "]}}"
#define HANDS(more) ",{\"name\":\"hands\",\"doors\":[\"elsewhere\"],\"roles\":[\"operator\"]" more "}"
#define ADMINS ",{\"name\":\"admins\",\"doors\":[\"management\",\"elsewhere\"],\"roles\":[\"admin\"]}"
#define FAR "192.0.2.7" /* as the world has it at first */
#define NEAR "10.1.2.3" /* in firewall.management */

static void set(const char *policy)
{
	check_as(NULL, "PUT", PATH, policy, 200, "\"waits\":true");
}

static void revert(void)
{
	check_as(NULL, "DELETE", "/api/v1/change", NULL, 200, NULL);
}

/* The word is told to whoever may read it; whether he may also confirm is another matter. */
static void confirm_as(const char *token, int want, const char *says)
{
	char word[40], body[64];

	check_as(token, "GET", "/api/v1/change", NULL, 200, "\"holds\":true");
	world_text(&w, "word", word, sizeof word);
	(void)snprintf(body, sizeof body, "{\"word\":\"%s\"}", word);
	check_as(token, "POST", "/api/v1/change/confirm", body, want, says);
}

static void stay(const char *policy)
{
	set(policy);
	confirm_as(NULL, 200, NULL);
}

static void somebody_comes(const char *role, char token[64])
{
	char body[64];

	(void)snprintf(body, sizeof body, "{\"account\":\"a2\",\"role\":\"%s\"}", role);
	check_as(NULL, "POST", "/api/v1/accounts", "{\"name\":\"bob\",\"kind\":\"person\"}", 201, NULL);
	check_as(NULL, "POST", "/api/v1/role-assignments", body, 201, NULL);
	CHECK_INT(open_for("a2", token), 201);
}

static void operator_comes(char token[64])
{
	somebody_comes("operator", token);
}

/* @nist LA.IC.1: a policy that lacks a kind, names what there is not, or leaves nobody who could take it back, is none */
static void test_what_is_no_policy(void **state)
{
	static const struct {
		const char *body;
		int status;
		const char *says;
	} rows[] = {
		{ "{}", 400, "path.input" },
		{ "{\"policy\":{\"session\":[],\"connection\":[],\"product\":[]}}", 400, "who" },
		{ "{\"policy\":{\"who\":[" OWNERS "],\"connection\":[],\"product\":[]}}", 400, "session" },
		{ "{\"policy\":{\"who\":[" OWNERS "],\"session\":[],\"product\":[]}}", 400, "connection" },
		{ "{\"policy\":{\"who\":[" OWNERS "],\"session\":[],\"connection\":[]}}", 400, "product" },
		{ "{\"policy\":{\"who\":[],\"session\":[],\"connection\":[],\"product\":[]}}", 409, "could take this back" },
		{ POLICY(HANDS(",\"roles\":[\"nobody\"]"), "", "", ""), 400, NULL }, /* a key twice */
		{ POLICY(",{\"name\":\"x\",\"doors\":[\"local\"],\"roles\":[\"nobody\"]}", "", "", ""), 409, "there is no role nobody" },
		{ POLICY(HANDS(",\"permissions\":[\"see.all\"]"), "", "", ""), 409, "there is no permission see.all" },
		{ POLICY("", "", "", "\"far\""), 409, "no optional rule" },
		{ "{\"policy\":{\"who\":[" OWNERS_FAR "],\"session\":[],\"connection\":[],\"product\":[\"fixed\"]}}", 409,
			"the manufacturer's rules let nobody change this" },
		{ POLICY("", "{\"name\":\"x\",\"doors\":[\"elsewhere\"]}", "", ""), 400, "asks for nothing" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		check_as(NULL, "PUT", PATH, rows[i].body, rows[i].status, rows[i].says);
	check_as(NULL, "GET", PATH, NULL, 200, "\"digest\":\"off\"");
	CHECK_INT(tw_unit_request(w.unit, "PUT", "/api/v1/settings/" TW_REMOTE_KEY, "\"0\"", "{\"value\":\"0123\"}"), 409);
}

/* It counts at once, and is gone when nobody confirms it: by time, by hand, by a restart. */
static void test_it_waits(void **state)
{
	static const char policy[] = POLICY("", "", "{\"name\":\"x\",\"doors\":[\"management\"],\"networks\":[\"10.0.0.0/8\"]}", "");
	char token[64];

	operator_comes(token);
	set(policy);
	check_as(token, "GET", "/api/v1/identity", NULL, 403, "remote.who");
	check_as(NULL, "PUT", PATH, policy, 409, "change.waits");
	revert();
	check_as(token, "GET", "/api/v1/identity", NULL, 200, NULL);
	set(policy);
	check_as(token, "GET", "/api/v1/identity", NULL, 403, "remote.who");
	later(121 * 1000);
	CHECK_OK(tw_change_job(&device()->context));
	check_as(token, "GET", "/api/v1/identity", NULL, 200, NULL);
	set(policy);
	world_start(&w);
	check_as(token, "GET", "/api/v1/identity", NULL, 200, NULL);
	check_as(NULL, "GET", PATH, NULL, 200, "\"digest\":\"off\"");
	stay(policy);
	world_start(&w);
	check_as(token, "GET", "/api/v1/identity", NULL, 403, "remote.who");
	check_as(NULL, "GET", PATH, NULL, 200, "\"waits\":false");
	set(POLICY(HANDS(""), "", "", "")); /* another, not confirmed: back to the one before */
	check_as(token, "GET", "/api/v1/identity", NULL, 200, NULL);
	world_start(&w);
	check_as(token, "GET", "/api/v1/identity", NULL, 403, "remote.who");
}

/* @nist LA.IC.1.1: who, when and for what */
static void test_who(void **state)
{
	char token[64];

	operator_comes(token);
	stay(POLICY(HANDS(",\"hours\":[\"17:30-18:00\"],\"permissions\":[\"identity.read\"]"), "", "", ""));
	check_as(token, "GET", "/api/v1/identity", NULL, 200, NULL); /* it is 17:46 */
	check_as(token, "GET", "/api/v1/settings", NULL, 403, "remote.who");
	tw_unit_from(w.unit, NEAR);
	check_as(token, "GET", "/api/v1/identity", NULL, 403, "remote.who"); /* no row of that door names him */
	check_as(NULL, "GET", "/api/v1/settings", NULL, 200, NULL);
	tw_unit_from(w.unit, NULL);
	world_at(&w, WORLD_WALL + 15 * MINUTE, WORLD_BOOT + 15 * MINUTE);
	check_as(token, "GET", "/api/v1/identity", NULL, 403, "remote.who");
	check_as(NULL, "GET", "/api/v1/identity", NULL, 200, NULL); /* owners at any time */
	world_at(&w, 0, WORLD_BOOT);
	check_as(token, "GET", "/api/v1/identity", NULL, 403, "remote.who"); /* and nobody else while nobody knows the time */
	world_at(&w, WORLD_WALL, WORLD_BOOT);
	check_as(token, "GET", "/api/v1/identity", NULL, 200, NULL);
	CHECK(world_log_says(&w, "condition.hours"));
}

/* @nist LA.IC.1.2: of a session, and of whoever is about to open one */
static void test_session(void **state)
{
	struct tw_unit_way way = { .suite = 0x1302, .group = 0x1d };
	char token[64];

	operator_comes(token);
	stay(POLICY(HANDS(""),
		"{\"name\":\"tls\",\"doors\":[\"management\"],\"suites\":[\"TLS_AES_256_GCM_SHA384\"],\"groups\":[\"X25519\"]},"
		"{\"name\":\"two\",\"doors\":[\"management\"],\"factors\":1},"
		"{\"name\":\"key\",\"doors\":[\"elsewhere\"],\"certificate\":true}",
		"", ""));
	check_as(token, "GET", "/api/v1/identity", NULL, 403, "remote.session:key");
	check_as(NULL, "GET", "/api/v1/identity", NULL, 200, NULL);
	CHECK_INT(tw_unit_request_as(w.unit, NULL, "POST", "/api/v1/sessions", "{\"code\":\"AAAAA-AAAAA\"}"), 403);
	CHECK_INT(tw_unit_request_as(w.unit, NULL, "GET", "/api/v1/health", NULL), 200); /* which core asks of itself */
	tw_unit_from(w.unit, NEAR);
	tw_unit_by(w.unit, &way);
	CHECK_INT(tw_unit_request_as(w.unit, NULL, "GET", "/api/v1/commissioning", NULL), 200);
	way.suite = 0x1301;
	CHECK_INT(tw_unit_request_as(w.unit, NULL, "GET", "/api/v1/commissioning", NULL), 403);
	CHECK(strstr(tw_unit_body(w.unit), "remote.session:tls"));
	way = (struct tw_unit_way){ .suite = 0x1302, .group = 0x17 };
	CHECK_INT(tw_unit_request_as(w.unit, NULL, "GET", "/api/v1/commissioning", NULL), 403);
	tw_unit_by(w.unit, NULL);
	tw_unit_from(w.unit, NULL);
}

/* @nist LA.IC.1.2: a certificate that nobody here knows shows nothing but that somebody can make one */
static void test_a_certificate_is_somebodys(void **state)
{
	struct tw_unit_way way = { .has_key = true, .key = { 7 } };
	char token[64], bound[64];

	operator_comes(token);
	tw_unit_by(w.unit, &way);
	CHECK_INT(open_for("a2", bound), 201); /* and the session is one of that key */
	tw_unit_by(w.unit, NULL);
	set(POLICY(HANDS(""), "{\"name\":\"key\",\"doors\":[\"elsewhere\"],\"certificate\":true}", "", ""));
	check_as(token, "GET", "/api/v1/identity", NULL, 403, "remote.session:key");
	tw_unit_by(w.unit, &way);
	check_as(token, "GET", "/api/v1/identity", NULL, 403, "remote.session:key");
	check_as(bound, "GET", "/api/v1/identity", NULL, 403, "remote.session:key");
	CHECK_INT(tw_unit_request_as(w.unit, NULL, "GET", "/api/v1/commissioning", NULL), 200); /* whoever has yet to say who he is */
	confirm_as(NULL, 200, NULL);
	CHECK_OK(tw_access_job_remote(&device()->context));
	CHECK_INT(tw_unit_request_as(w.unit, bound, "GET", "/api/v1/health", NULL), 401);
	check_as(NULL, "GET", "/api/v1/identity", NULL, 200, NULL);
	tw_unit_by(w.unit, NULL);
}

/* @nist LA.IC.1.3: from where, and under which name and port */
static void test_connection(void **state)
{
	stay(POLICY("", "",
		"{\"name\":\"office\",\"doors\":[\"elsewhere\"],\"networks\":[\"" FAR "/32\"]},"
		"{\"name\":\"name\",\"doors\":[\"elsewhere\",\"management\"],\"hosts\":[\"[::1]\",\"lamp.example:8443\"]}",
		""));
	check_as(NULL, "GET", "/api/v1/identity", NULL, 200, NULL);
	tw_unit_from(w.unit, "192.0.2.8");
	check_as(NULL, "GET", "/api/v1/identity", NULL, 403, "remote.connection:office");
	CHECK_INT(tw_unit_request_as(w.unit, NULL, "GET", "/api/v1/commissioning", NULL), 403);
	tw_unit_from(w.unit, NEAR);
	check_as(NULL, "GET", "/api/v1/identity", NULL, 200, NULL);
	tw_unit_under(w.unit, "lamp.example");
	check_as(NULL, "GET", "/api/v1/identity", NULL, 403, "remote.connection:name");
	tw_unit_under(w.unit, "lamp.example:8443");
	check_as(NULL, "GET", "/api/v1/identity", NULL, 200, NULL);
	tw_unit_under(w.unit, NULL);
	tw_unit_from(w.unit, NULL);
}

/* @nist LA.IC.1.4: an optional rule of the product's counts where the policy names it */
static void test_product(void **state)
{
	check_as(NULL, "GET", "/api/v1/keys", NULL, 200, NULL);
	check_as(NULL, "GET", PATH, NULL, 200, "\"counts\":false");
	stay(POLICY("", "", "", ""));
	check_as(NULL, "GET", "/api/v1/keys", NULL, 200, NULL);
	stay(POLICY("", "", "", "\"near\""));
	check_as(NULL, "GET", "/api/v1/keys", NULL, 403, "remote.product:near");
	tw_unit_from(w.unit, NEAR);
	check_as(NULL, "GET", "/api/v1/keys", NULL, 200, NULL);
	tw_unit_from(w.unit, NULL);
	check_as(NULL, "GET", PATH, NULL, 200, "\"permissions\":[\"application.sensor.calibrate\",\"keys.read\"]");
}

/* An action is a way round no rule: what stands before the change stands before the action that makes it. */
static void test_an_action_is_no_way_round(void **state)
{
	static const char eco[] = "{\"roles\":\"operator\",\"setting\":\"application.mode\",\"value\":\"eco\"}";
	char token[64];

	operator_comes(token);
	check_as(NULL, "PUT", "/api/v1/actions/night", eco, 201, NULL);
	check_as(NULL, "PUT", "/api/v1/actions/told", "{\"roles\":\"operator\"}", 201, NULL);
	stay(POLICY(HANDS(""), "", "", ""));
	check_as(token, "POST", "/api/v1/actions/night", NULL, 200, NULL);
	stay(POLICY(HANDS(""), "", "", "\"still\""));
	check_as(NULL, "PUT", "/api/v1/settings/application.mode", "{\"value\":\"comfort\"}", 403, "remote.product:still");
	check_as(token, "POST", "/api/v1/actions/night", NULL, 403, "remote.product:still");
	check_as(token, "POST", "/api/v1/actions/told", NULL, 200, NULL); /* it changes nothing */
	stay(POLICY(HANDS(",\"permissions\":[\"actions.call\",\"action.night\"]"), "", "", ""));
	check_as(token, "POST", "/api/v1/actions/night", NULL, 403, "remote.who");
	stay(POLICY(HANDS(",\"permissions\":[\"actions.call\",\"action.night\",\"settings.change\"]"), "", "", ""));
	check_as(token, "POST", "/api/v1/actions/night", NULL, 200, NULL);
	check_as(token, "PUT", "/api/v1/settings/application.mode", "{\"value\":\"comfort\"}", 403, "gate.permission");
}

/* A rule that lets nobody say a policy from elsewhere is fine while owners come by the management's networks too. */
static void test_what_can_be_taken_back(void **state)
{
	tw_unit_from(w.unit, NEAR);
	stay(POLICY("", "", "", "\"fixed\""));
	tw_unit_from(w.unit, NULL);
	check_as(NULL, "PUT", PATH, POLICY("", "", "", ""), 403, "remote.product:fixed");
	tw_unit_from(w.unit, NEAR);
	stay(POLICY("", "", "", ""));
	tw_unit_from(w.unit, NULL);
}

/* A task of an owner's goes on after a start, which forgets where he was: one door that is open to him will do, and none will not. */
static void test_who_goes_on_from_nowhere(void **state)
{
	struct tw_subject owner = { .door = TW_DOOR_HTTPS, .kind = TW_SUBJECT_OWNER, .name = "owner:alice" };
	struct tw_decision said;

	tw_unit_from(w.unit, NEAR);
	stay("{\"policy\":{\"who\":[{\"name\":\"owners\",\"doors\":[\"management\"],\"roles\":[\"owner\"]}],"
	     "\"session\":[],\"connection\":[],\"product\":[]}}");
	tw_unit_from(w.unit, NULL);
	CHECK_OK(tw_path_decide(&device()->context, &owner, "log.verify", TW_WHEN_OWNED, &said));
	CHECK_INT(said.verdict, TW_ALLOW);
	(void)snprintf(owner.source, sizeof owner.source, FAR);
	CHECK_OK(tw_path_decide(&device()->context, &owner, "log.verify", TW_WHEN_OWNED, &said));
	CHECK_INT(said.verdict, TW_DENY_RULE);
	owner = (struct tw_subject){ .door = TW_DOOR_HTTPS, .kind = TW_SUBJECT_ACCOUNT, .name = "account:bob" };
	tw_role_set_add(&owner.roles, tw_gate_role(device()->context.gate, "auditor"));
	CHECK_OK(tw_path_decide(&device()->context, &owner, "log.verify", TW_WHEN_OWNED, &said));
	CHECK_INT(said.verdict, TW_DENY_RULE);
}

/* Whoever may confirm changes does not thereby say how owners have to come. */
static void test_whose_word_counts(void **state)
{
	char token[64];

	somebody_comes("admin", token);
	set(POLICY(ADMINS, "", "", ""));
	confirm_as(token, 403, "gate.permission");
	check_as(token, "DELETE", "/api/v1/change", NULL, 403, "gate.permission"); /* nor does he undo what they say */
	check_as(NULL, "GET", PATH, NULL, 200, "\"waits\":true");
	confirm_as(NULL, 200, NULL);
	check_as(NULL, "GET", PATH, NULL, 200, "\"waits\":false");
}

#define WALL "/api/v1/settings/firewall.management"

/* Nor does whoever may change settings: whose rows count for whom, the networks of the management say. */
static void test_the_doors_are_the_owners(void **state)
{
	static const char near[] = "{\"roles\":\"operator\",\"setting\":\"firewall.management\",\"value\":\"192.0.2.0/24\"}";
	char token[64], hand[64];

	somebody_comes("admin", token);
	check_as(NULL, "POST", "/api/v1/accounts", "{\"name\":\"carol\",\"kind\":\"person\"}", 201, NULL);
	check_as(NULL, "POST", "/api/v1/role-assignments", "{\"account\":\"a3\",\"role\":\"operator\"}", 201, NULL);
	CHECK_INT(open_for("a3", hand), 201);
	check_as(token, "PUT", "/api/v1/actions/near", near, 201, NULL);
	check_as(token, "PUT", WALL, "{\"value\":\"192.0.2.0/24\"}", 428, NULL); /* he may, if he says which version */
	check_as(hand, "POST", "/api/v1/actions/near", NULL, 200, NULL);
	confirm_as(token, 200, NULL);
	CHECK_INT(tw_unit_request(w.unit, "PUT", WALL, "\"1\"", "{\"value\":\"10.0.0.0/8\"}"), 200);
	confirm_as(token, 200, NULL);
	stay(POLICY(ADMINS HANDS(""), "", "", ""));
	check_as(token, "PUT", WALL, "{\"value\":\"192.0.2.0/24\"}", 403, "gate.permission");
	check_as(hand, "POST", "/api/v1/actions/near", NULL, 403, "gate.permission");
	check_as(token, "PUT", "/api/v1/settings/change.within", "{\"value\":\"60\"}", 428, NULL);
	CHECK_INT(tw_unit_request(w.unit, "PUT", WALL, "\"2\"", "{\"value\":\"192.0.2.0/24\"}"), 200);
	confirm_as(token, 403, "gate.permission");
	check_as(token, "DELETE", "/api/v1/change", NULL, 403, "gate.permission");
	confirm_as(NULL, 200, NULL);
	CHECK_INT(tw_unit_request(w.unit, "PUT", "/api/v1/settings/firewall.declined", "\"0\"", "{\"value\":\"\"}"), 200);
	check_as(token, "DELETE", "/api/v1/change", NULL, 200, NULL); /* what he may change himself he takes back, whoever changed it */
}

static bool session_lives(const char *token)
{
	return tw_unit_request_as(w.unit, token, "GET", "/api/v1/health", NULL) == 200;
}

/* @nist LA.IC.7: what fits no more ends, with an event; not while the policy may still be taken back */
static void test_sessions_end(void **state)
{
	char token[64];

	operator_comes(token);
	set(POLICY("", "", "", ""));
	CHECK_INT(tw_access_remote_due_ms(&device()->context), -1);
	CHECK_OK(tw_access_job_remote(&device()->context));
	CHECK(session_lives(token));
	confirm_as(NULL, 200, NULL);
	CHECK_INT(tw_access_remote_due_ms(&device()->context), 0);
	CHECK_OK(tw_access_job_remote(&device()->context));
	CHECK(!session_lives(token));
	CHECK_INT(tw_access_remote_due_ms(&device()->context), -1);
	CHECK(world_log_says(&w, "remote-access.session-ended") && world_log_says(&w, "remote.who"));
	stay(POLICY(HANDS(",\"hours\":[\"17:30-18:00\"]"), "", "", ""));
	CHECK_INT(open_for("a2", token), 201);
	CHECK_OK(tw_access_job_remote(&device()->context));
	CHECK(session_lives(token));
	world_at(&w, WORLD_WALL + 15 * MINUTE, WORLD_BOOT + 15 * MINUTE); /* the window is over */
	CHECK_OK(tw_access_job_remote(&device()->context));
	CHECK(!session_lives(token));
}

static int64_t used_ms(void)
{
	struct tw_account bob;

	CHECK_OK(tw_account_get(&device()->context, 2, &bob));
	return bob.active_ms;
}

/* Looking at somebody's session is no use of his account. */
static void test_a_look_is_no_use(void **state)
{
	char token[64];

	operator_comes(token);
	stay(POLICY(HANDS(""), "", "", ""));
	device()->access->guard.inactive_ms = 8 * MINUTE; /* use is noted each two */
	check_as(token, "GET", "/api/v1/identity", NULL, 200, NULL);
	int64_t before = used_ms();
	world_at(&w, WORLD_WALL + 5 * MINUTE, WORLD_BOOT + 5 * MINUTE);
	CHECK_OK(tw_access_job_remote(&device()->context));
	CHECK_INT(used_ms(), before);
	check_as(token, "GET", "/api/v1/identity", NULL, 200, NULL);
	CHECK_INT(used_ms(), WORLD_WALL + 5 * MINUTE);
}

/* @nist LA.IC.7: at the device's own socket and console too; but what only presence proves is always possible there */
static void test_at_the_device(void **state)
{
	struct tw_device *d = device();
	struct tw_subject local = { .door = TW_DOOR_LOCAL, .kind = TW_SUBJECT_LOCAL, .name = "uid:0" },
			  console = { .door = TW_DOOR_CONSOLE, .kind = TW_SUBJECT_CONSOLE, .name = "console" };
	struct tw_decision said;

	CHECK_OK(tw_path_decide(&d->context, &local, "settings.read", TW_WHEN_OWNED, &said));
	CHECK_INT(said.verdict, TW_ALLOW);
	stay(POLICY(",{\"name\":\"nobody\",\"doors\":[\"local\",\"console\"],\"roles\":[\"owner\"]}", "", "", ""));
	CHECK_OK(tw_path_decide(&d->context, &local, "settings.read", TW_WHEN_OWNED, &said));
	CHECK_INT(said.verdict, TW_DENY_RULE);
	CHECK_TEXT(said.rule, "remote.who");
	CHECK_OK(tw_path_decide(&d->context, &console, "status.read", TW_WHEN_OWNED, &said));
	CHECK_INT(said.verdict, TW_DENY_RULE);
	CHECK_OK(tw_path_decide(&d->context, &console, "ownership.recover", TW_WHEN_ALWAYS, &said));
	CHECK_INT(said.verdict, TW_ALLOW);
	uint8_t secret[16];
	CHECK_INT(tw_unit_recover(w.unit, secret), 200);
	CHECK_OK(tw_path_decide(&d->context, &local, "settings.read", TW_WHEN_ALWAYS, &said)); /* with the owner his rules are gone */
	CHECK_INT(said.verdict, TW_ALLOW);
}

/* A policy that cannot be read is no leave. */
static void test_lost(void **state)
{
	struct tw_element_status s = { .reason = "" };

	stay(POLICY("", "", "", ""));
	CHECK_OK(tw_access_status_remote(&device()->context, &s));
	CHECK_INT(s.status, TW_STATUS_PROVIDED);
	CHECK_OK(tw_device_keep(device(), TW_KEPT_REMOTE, "{}"));
	world_start(&w);
	check_as(NULL, "GET", "/api/v1/identity", NULL, 403, "remote.lost");
	s = (struct tw_element_status){ .reason = "" };
	CHECK_OK(tw_access_status_remote(&device()->context, &s));
	CHECK_INT(s.status, TW_STATUS_NOT_PROVIDED);
}

static int set_policy(const void *what)
{
	return tw_unit_request(w.unit, "PUT", PATH, NULL, what);
}

/* Without memory nothing is changed, or all of it is, and waits. */
static void test_without_memory(void **state)
{
	static const char policy[] = POLICY(HANDS(""), "", "", "");
	int failed = 0;

	for (long nth = 1; nth == 1 || memory.fired; nth++) {
		int64_t left = 0;
		int status = ask_without(set_policy, policy, nth);

		failed += status != 200;
		CHECK(tw_setting_is(&device()->context, TW_REMOTE_KEY, TW_REMOTE_OFF) ||
			tw_change_waits(&device()->context, TW_REMOTE_KEY, &left));
		if (tw_change_waits(&device()->context, TW_REMOTE_KEY, &left))
			revert();
	}
	CHECK(failed > 5);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_owned, tear_down)
CHECK_MAIN(TEST(test_what_is_no_policy), TEST(test_it_waits), TEST(test_who), TEST(test_session), TEST(test_a_certificate_is_somebodys),
	TEST(test_connection), TEST(test_product), TEST(test_an_action_is_no_way_round), TEST(test_what_can_be_taken_back),
	TEST(test_who_goes_on_from_nowhere), TEST(test_whose_word_counts), TEST(test_the_doors_are_the_owners),
	TEST(test_sessions_end), TEST(test_a_look_is_no_use), TEST(test_at_the_device), TEST(test_lost), TEST(test_without_memory))
