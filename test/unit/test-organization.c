/* SPDX-License-Identifier: Apache-2.0 */
/* Roles and rules of the organization: made, changed, removed and refused; what they do to the next request; what stays after a start. */
#include "lacking.h"

#include "device/logical-access/rights.h"
#include "device/rows-logical-access.h"

#include <errno.h>

static void check_ask(const char *method, const char *target, const char *body, int want, const char *says)
{
	int status = tw_unit_request(w.unit, method, target, NULL, body);

	if (status != want || (says && !strstr(tw_unit_body(w.unit), says)))
		fail_msg("%s %s %s: %d, %s", method, target, body ? body : "", status, tw_unit_body(w.unit));
}

/* Whoever asks is an account with these roles; "": the owner's certificate counts again. */
static const char *as;
static tw_err (*authenticate)(struct tw_context *c, struct tw_request *rq);

static tw_err somebody(struct tw_context *c, struct tw_request *rq)
{
	if (!*as)
		return authenticate(c, rq);
	rq->subject.kind = TW_SUBJECT_ACCOUNT;
	(void)snprintf(rq->subject.name, sizeof rq->subject.name, "account:somebody");
	tw_role_set_add(&rq->subject.roles, tw_gate_role(c->gate, as));
	return TW_OK;
}

static void be(const char *role)
{
	if (device()->context.authenticate != somebody)
		authenticate = device()->context.authenticate;
	device()->context.authenticate = somebody;
	as = role;
}

#define ROLE(name) "/api/v1/roles/" name
#define RULE(name) "/api/v1/rules/" name
#define NIGHT "{\"purpose\":\"looks after it at night\",\"inherits\":\"user\",\"permissions\":\"settings.read log.read\"}"
#define LOCK \
	"{\"effect\":\"deny\",\"permission\":\"settings.read\",\"fact\":\"logical-access.mode\",\"is\":\"equal\",\"value\":\"maintenance\"}"

static void test_a_role_of_the_organization(void **state)
{
	be("");
	check_ask("PUT", ROLE("night"), NIGHT, 201, "\"inherits\":\"user\"");
	CHECK(world_log_says(&w, "\"event\":\"access.changed\""));
	be("night");
	check_ask("GET", "/api/v1/settings", NULL, 200, NULL);
	check_ask("GET", "/api/v1/capabilities", NULL, 200, NULL); /* by what it inherits */
	check_ask("GET", "/api/v1/identity", NULL, 403, "gate.permission");
	be("");
	check_ask("PUT", ROLE("night"), "{\"inherits\":\"user\"}", 200, "\"permissions\":\"\"");
	be("night");
	check_ask("GET", "/api/v1/settings", NULL, 403, "gate.permission");
	be("");
	check_ask("GET", "/api/v1/roles?limit=1", NULL, 200, "\"name\":\"account\"");
	check_ask("GET", "/api/v1/roles", NULL, 200, "{\"assignable\":true,\"from\":\"organization\",\"holds\":[");
	check_ask("PUT", ROLE("night"), NIGHT, 200, NULL);
	check_ask("PUT", ROLE("day"), "{}", 201, NULL);
	check_ask("GET", "/api/v1/roles", NULL, 200, "\"name\":\"night\",\"purpose\":\"looks after it at night\"");
	check_ask("GET", "/api/v1/roles", NULL, 200, "\"name\":\"day\",\"purpose\":\"\"");
	check_ask("GET", "/api/v1/roles", NULL, 200, "\"name\":\"guest\",\"purpose\":\"sees that the device is well\"");
	check_ask("DELETE", ROLE("night"), NULL, 204, NULL);
	check_ask("DELETE", ROLE("night"), NULL, 404, "rights.unknown");
	be("night");
	check_ask("GET", "/api/v1/capabilities", NULL, 403, "gate.permission");
}

static const struct {
	const char *method, *target, *body;
	int status;
	const char *rule;
} refused[] = {
	{ "PUT", ROLE("Night"), "{}", 400, "rights.form" },
	{ "PUT", ROLE("application.night"), "{}", 400, "rights.form" },
	{ "PUT", ROLE("a2345678901234567890123456789012345678901"), "{}", 400, "rights.name" },
	{ "PUT", ROLE("admin"), "{}", 409, "rights.exists" },
	{ "PUT", ROLE("night"), "{\"inherits\":\"owner\"}", 403, "rights.reserved" },
	{ "PUT", ROLE("night"), "{\"inherits\":\"peer\"}", 403, "rights.reserved" },
	{ "PUT", ROLE("night"), "{\"inherits\":\"nobody\"}", 409, "rights.missing" },
	{ "PUT", ROLE("night"), "{\"inherits\":\"night\"}", 409, "rights.ring" },
	{ "PUT", ROLE("night"), "{\"inherits\":\"user user user user user user user user user\"}", 409, "rights.limit" },
	{ "PUT", ROLE("night"), "{\"permissions\":\"keys.change\"}", 403, "rights.reserved" },
	{ "PUT", ROLE("night"), "{\"permissions\":\"commissioning.take\"}", 403, "rights.reserved" },
	{ "PUT", ROLE("night"), "{\"permissions\":\"settings.*\"}", 409, "rights.missing" },
	{ "PUT", ROLE("night"), "{\"permissions\":[\"settings.read\"]}", 400, "path.input" },
	{ "PUT", ROLE("night"), "{\"owner\":true}", 400, "path.input" },
	{ "DELETE", ROLE("admin"), NULL, 404, "rights.unknown" },
	{ "DELETE", ROLE("base"), NULL, 409, "rights.missing" },  /* which another inherits */
	{ "DELETE", ROLE("ruled"), NULL, 409, "rights.missing" }, /* which a rule names */
	{ "PUT", RULE("Lock"), LOCK, 400, "rights.form" },
	{ "PUT", RULE("lock"), "{}", 400, "path.input" },
	{ "PUT", RULE("lock"), "{\"effect\":\"allow\",\"permission\":\"settings.read\",\"fact\":\"time.trusted\",\"is\":\"equal\",\"value\":\"on\"}",
		400, "rights.rule" },
	{ "PUT", RULE("lock"), "{\"effect\":\"deny\",\"permission\":\"settings.read\",\"fact\":\"the.moon\",\"is\":\"equal\",\"value\":\"on\"}",
		400, "rights.rule" },
	{ "PUT", RULE("lock"), "{\"effect\":\"deny\",\"permission\":\"settings.read\",\"fact\":\"time.trusted\",\"is\":\"equal\",\"value\":\"yes\"}",
		400, "rights.rule" },
	{ "PUT", RULE("lock"), "{\"effect\":\"deny\",\"permission\":\"settings.read\",\"fact\":\"time.trusted\",\"is\":\"less\",\"value\":\"1\"}",
		400, "rights.rule" },
	{ "PUT", RULE("lock"), "{\"effect\":\"deny\",\"permission\":\"settings.read\",\"fact\":\"owner.since\",\"is\":\"less\",\"value\":\"soon\"}",
		400, "rights.rule" },
	{ "PUT", RULE("lock"), "{\"effect\":\"deny\",\"permission\":\"settings.read\",\"fact\":\"time.trusted\",\"is\":\"like\",\"value\":\"on\"}",
		400, "rights.form" },
	{ "PUT", RULE("lock"), "{\"effect\":\"deny\",\"permission\":\"settings\",\"fact\":\"time.trusted\",\"is\":\"equal\",\"value\":\"on\"}",
		409, "rights.missing" },
	{ "PUT", RULE("lock"), "{\"effect\":\"deny\",\"permission\":\"access.change\",\"fact\":\"time.trusted\",\"is\":\"equal\",\"value\":\"on\"}",
		403, "rights.reserved" },
	{ "PUT", RULE("lock"), "{\"effect\":\"deny\",\"permission\":\"ownership.recover\",\"fact\":\"time.trusted\",\"is\":\"equal\",\"value\":\"on\"}",
		403, "rights.reserved" },
	{ "PUT", RULE("lock"), "{\"effect\":\"deny\",\"permission\":\"settings.read\",\"fact\":\"time.trusted\",\"is\":\"less\",\"value\":\"on\"}",
		400, "rights.rule" },
	{ "PUT", RULE("lock"), "{\"effect\":\"deny\",\"permission\":\"settings.read\",\"fact\":\"time.trusted\",\"is\":\"greater\",\"value\":\"off\"}",
		400, "rights.rule" },
	{ "PUT", RULE("lock"), "{\"effect\":\"deny\",\"permission\":\"settings.read\",\"fact\":\"logical-access.mode\",\"is\":\"less\",\"value\":\"7\"}",
		400, "rights.rule" },
	{ "PUT", RULE("lock"), "{\"effect\":\"deny\",\"permission\":\"settings.read\",\"fact\":\"logical-access.mode\",\"is\":\"greater\",\"value\":\"7\"}",
		400, "rights.rule" },
	{ "PUT", RULE("a2345678901234567890123456789012345678901"), LOCK, 400, "rights.name" },
	{ "DELETE", RULE("a2345678901234567890123456789012345678901"), NULL, 400, "rights.name" },
	{ "DELETE", RULE("lock"), NULL, 404, "rights.unknown" },
	{ "GET", "/api/v1/access?operation=settings", NULL, 400, "access.operation" },
	{ "GET", "/api/v1/access?operation=settings.list&account=a2&kind=local", NULL, 400, "access.subject" },
	{ "GET", "/api/v1/access?operation=settings.list&kind=peer", NULL, 400, "access.subject" },
	{ "GET", "/api/v1/access?operation=application.door.open", NULL, 400, "access.operation" },
	{ "PUT", ROLE("application.resident"), "{}", 400, "rights.form" },
	{ "DELETE", ROLE("application.resident"), NULL, 404, "rights.unknown" },
};

static void test_what_is_refused(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *before = NULL, *after = NULL;

	be("");
	check_ask("PUT", ROLE("base"), "{}", 201, NULL);
	check_ask("PUT", ROLE("upon"), "{\"inherits\":\"base\"}", 201, NULL);
	check_ask("PUT", ROLE("ruled"), "{}", 201, NULL);
	check_ask("PUT", RULE("of-ruled"),
		"{\"role\":\"ruled\",\"effect\":\"deny\",\"permission\":\"log.read\",\"fact\":\"owner.since\",\"is\":\"less\",\"value\":\"1\"}",
		201, NULL);
	CHECK_OK(tw_rights_read(device(), &before));
	const tw_gate *gate = device()->context.gate;
	for (size_t i = 0; i < TW_COUNT(refused); i++)
		check_ask(refused[i].method, refused[i].target, refused[i].body, refused[i].status, refused[i].rule);
	CHECK_OK(tw_rights_read(device(), &after));
	CHECK(json_equal(before, after) && device()->context.gate == gate);
	check_ask("PUT", RULE("dark"),
		"{\"effect\":\"deny\",\"permission\":\"settings.read\",\"fact\":\"time.trusted\",\"is\":\"equal\",\"value\":\"off\"}",
		201, NULL);
}

/* A name as no path brings it, for there a part is never empty and holds no NUL. */
static void test_names_that_no_path_brings(void **state)
{
	static const char with_nul[] = "night\0shift";
	const struct tw_slice names[] = { { with_nul, 0 }, { with_nul, 6 }, { with_nul, sizeof with_nul - 1 } };
	TW_CLEANUP(tw_jsonp) json_t *input = json_object();

	for (size_t i = 0; i < TW_COUNT(names); i++) {
		const struct tw_request rq = { .subject = { .kind = TW_SUBJECT_OWNER }, .parameter = names[i], .input = input };
		struct tw_reply rp = { .status = 200 };

		CHECK_OK(tw_access_role_put(&device()->context, &rq, &rp));
		CHECK_TEXT(rp.rule, "rights.name");
		tw_reply_done(&rp);
	}
}

/* Who administers makes no role that holds more than he does, and widens none, not even his own. */
static void test_nobody_gives_what_he_has_not(void **state)
{
	be("");
	check_ask("PUT", ROLE("team"), "{\"inherits\":\"admin\"}", 201, NULL);
	be("admin");
	check_ask("PUT", ROLE("night"), "{\"permissions\":\"settings.change\"}", 201, NULL);
	check_ask("PUT", ROLE("night"), NIGHT, 403, "rights.more");
	check_ask("PUT", ROLE("night"), "{\"inherits\":\"auditor\"}", 403, "rights.more");
	be("team");
	check_ask("PUT", ROLE("team"), "{\"inherits\":\"admin auditor\"}", 403, "rights.more");
	check_ask("PUT", ROLE("team"), "{\"inherits\":\"admin\"}", 200, NULL);
	check_ask("PUT", RULE("auditor"), LOCK, 201, NULL); /* a rule gives nothing, whatever it is called */
	check_ask("DELETE", RULE("auditor"), NULL, 204, NULL);
	be("auditor");
	check_ask("PUT", ROLE("night"), "{}", 403, "gate.permission");
	check_ask("DELETE", ROLE("night"), NULL, 403, "gate.permission");
	check_ask("PUT", RULE("lock"), LOCK, 403, "gate.permission");
	check_ask("GET", "/api/v1/roles", NULL, 200, "\"team\"");
	be("operator");
	check_ask("GET", "/api/v1/roles", NULL, 403, "gate.permission");
	check_ask("GET", "/api/v1/rules", NULL, 403, "gate.permission");
	check_ask("GET", "/api/v1/access?operation=settings.list", NULL, 403, "gate.permission");
}

static void set_mode(const char *value)
{
	const struct tw_setting_row *row = tw_setting_find(&device()->context, "logical-access.mode");

	CHECK_OK(tw_setting_set(&device()->context, row, value, -1, "test"));
}

/* A rule is asked at each use: as the fact changes, so does the answer, without anybody logging in anew. */
static void test_a_rule_reads_its_fact_each_time(void **state)
{
	be("");
	check_ask("PUT", RULE("lock"), LOCK, 201, "\"role\":\"\"");
	check_ask("GET", "/api/v1/settings", NULL, 200, NULL);
	set_mode("maintenance");
	check_ask("GET", "/api/v1/settings", NULL, 403, "gate.rule");
	CHECK(world_log_says(&w, "\"by\":\"lock\""));
	check_ask("GET", "/api/v1/access?operation=settings.list", NULL, 200, "\"allowed\":false,\"by\":\"lock\"");
	be("auditor");
	check_ask("GET", "/api/v1/settings", NULL, 403, "gate.rule");
	be("");
	check_ask("PUT", RULE("lock"),
		"{\"role\":\"auditor\",\"effect\":\"require\",\"permission\":\"settings.read\",\"fact\":\"logical-access.mode\",\"is\":\"equal\",\"value\":\"normal\"}",
		200, "require");
	check_ask("GET", "/api/v1/settings", NULL, 200, NULL);
	be("auditor");
	check_ask("GET", "/api/v1/settings", NULL, 403, "gate.rule");
	set_mode("normal");
	check_ask("GET", "/api/v1/settings", NULL, 200, NULL);
	be("");
	check_ask("GET", "/api/v1/rules", NULL, 200, "\"name\":\"lock\"");
	check_ask("DELETE", RULE("lock"), NULL, 204, NULL);
	check_ask("GET", "/api/v1/rules", NULL, 200, "\"rules\":[]");
}

static void test_why(void **state)
{
	be("");
	check_ask("POST", "/api/v1/accounts", "{\"name\":\"bob\",\"kind\":\"person\"}", 201, "\"a2\"");
	CHECK_OK(tw_store_run(device()->context.store, "INSERT INTO account_role VALUES (2, 'operator', NULL, 0, 'x')", NULL, 0, NULL, NULL));
	check_ask("GET", "/api/v1/access?operation=settings.list&account=a2", NULL, 200, "\"allowed\":true,\"by\":\"operator\"");
	check_ask("GET", "/api/v1/access?operation=settings.change&account=a2", NULL, 200, "\"allowed\":false");
	check_ask("GET", "/api/v1/access?operation=settings.change&account=a2", NULL, 200, "\"needs\":[\"owner\",\"admin\",\"emergency\"]");
	check_ask("GET", "/api/v1/access?operation=settings.change&account=a2", NULL, 200, "\"roles\":[\"account\",\"operator\"]");
	check_ask("PUT", "/api/v1/suspensions/a2", NULL, 204, NULL);
	check_ask("GET", "/api/v1/access?operation=settings.list&account=a2", NULL, 200, "\"rule\":\"account.state\"");
	check_ask("GET", "/api/v1/access?operation=settings.list&account=a2", NULL, 200, "\"allowed\":false");
	check_ask("GET", "/api/v1/access?operation=keys.list", NULL, 200, "\"allowed\":true,\"by\":\"owner\"");
}

/* @nist LA.AZ.1: of processes and of whoever is not known here too */
static void test_why_of_others(void **state)
{
	static const struct {
		const char *query;
		bool allowed;
		const char *rule;
	} rows[] = {
		{ "operation=settings.list&kind=anyone", false, "gate.anonymous" },
		{ "operation=health.read&kind=anyone", true, "gate.granted" },
		{ "operation=settings.list&kind=local", true, "gate.granted" },
		{ "operation=settings.change&kind=local", false, "gate.permission" },
		{ "operation=ownership.recover&kind=console", true, "gate.granted" },
		{ "operation=settings.list&kind=console", false, "gate.permission" },
		{ "operation=application.event&kind=application", true, "gate.granted" },
		{ "operation=application.event&kind=local", false, "gate.permission" },
		{ "operation=local-identity.renew&kind=device", true, "gate.granted" },
		{ "operation=settings.list&account=a99", false, "account.unknown" },
		{ "operation=health.read&account=a99", false, "account.unknown" },
		{ "operation=settings.list&account=99", false, "account.unknown" },
	};
	char target[96], want[48];

	be("");
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		(void)snprintf(target, sizeof target, "/api/v1/access?%s", rows[i].query);
		(void)snprintf(want, sizeof want, "\"rule\":\"%s\"", rows[i].rule);
		check_ask("GET", target, NULL, 200, rows[i].allowed ? "\"allowed\":true" : "\"allowed\":false");
		check_ask("GET", target, NULL, 200, want);
	}
}

/* @nist LA.LDU.1: however much is asked for, an answer holds no more than the organization says, from the next one on and after a start */
static void test_searches_are_limited(void **state)
{
	struct tw_context *c = &device()->context;

	be("");
	CHECK_OK(tw_setting_set(c, tw_setting_find(c, "logical-access.list-max"), "2", -1, "test"));
	for (int i = 0; i < 2; i++) {
		check_ask("GET", "/api/v1/settings?limit=50", NULL, 200, "\"next\"");
		const char *second = strstr(strstr(tw_unit_body(w.unit), "\"key\"") + 1, "\"key\"");
		CHECK(second && !strstr(second + 1, "\"key\""));
		check_ask("GET", "/api/v1/settings?limit=1", NULL, 200, "\"next\"");
		CHECK(!strstr(strstr(tw_unit_body(w.unit), "\"key\"") + 1, "\"key\""));
		check_ask("GET", "/api/v1/settings?limit=1001", NULL, 400, "path.input");
		world_start(&w);
	}
	be("");
	c = &device()->context;
	CHECK_OK(tw_setting_set(c, tw_setting_find(c, "logical-access.list-max"), "300", -1, "test"));
	check_ask("GET", "/api/v1/roles?limit=130", NULL, 200, "supporting-party");
	CHECK(!strstr(tw_unit_body(w.unit), "\"next\""));
}

/* @nist LA.RSM.5.3: what governs rights is shown to who may read it, and to nobody else */
static void test_what_governs_rights(void **state)
{
	static const struct {
		const char *role;
		int status;
	} rows[] = { { "operator", 403 }, { "emergency", 403 }, { "supporting-party", 403 }, { "auditor", 200 }, { "admin", 200 },
		{ "", 200 } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		be(rows[i].role);
		check_ask("GET", "/api/v1/settings/logical-access.mode", NULL, rows[i].status,
			rows[i].status == 403 ? "gate.permission" : "normal");
		check_ask("GET", "/api/v1/settings?limit=100", NULL, 200, "identification.remote-read");
		CHECK_INT(strstr(tw_unit_body(w.unit), "logical-access.") != NULL, rows[i].status == 200);
		check_ask("GET", "/api/v1/settings/no.such", NULL, 404, "setting.unknown");
	}
	be("operator");
	check_ask("GET", "/api/v1/settings?limit=1", NULL, 200, "\"next\"");
}

/* A condition of a role may name the mode and the place that the organization set; where one does not hold, the role does not count. */
static void test_mode_and_place(void **state)
{
	const struct tw_proof proof = { .account = 2 };
	struct tw_context *c = &device()->context;

	be("");
	check_ask("POST", "/api/v1/accounts", "{\"name\":\"bob\",\"kind\":\"person\"}", 201, "\"a2\"");
	CHECK_OK(tw_store_run(c->store,
		"INSERT INTO account_role VALUES (2, 'operator', '{\"modes\":[\"maintenance\"],\"places\":[\"hall 3\"]}', 0, 'x')",
		NULL, 0, NULL, NULL));
	for (int i = 0; i < 4; i++) {
		struct tw_subject s = { .door = TW_DOOR_HTTPS };

		set_mode(i & 1 ? "maintenance" : "normal");
		CHECK_OK(tw_setting_set(c, tw_setting_find(c, "logical-access.place"), i & 2 ? "hall 3" : "hall 2", -1, "test"));
		CHECK_OK(tw_access_become(device(), &s, &proof));
		CHECK_INT(tw_role_set_has(&s.roles, tw_gate_role(c->gate, "operator")), i == 3);
	}
}

/* An account that has a role keeps the name from being given to another. */
static void test_a_role_that_is_held(void **state)
{
	be("");
	check_ask("PUT", ROLE("night"), NIGHT, 201, NULL);
	CHECK_OK(tw_store_run(device()->context.store, "INSERT INTO account_role VALUES (1, 'night', NULL, 0, 'x')", NULL, 0, NULL, NULL));
	check_ask("PUT", RULE("night"), LOCK, 201, NULL);
	check_ask("DELETE", RULE("night"), NULL, 204, NULL); /* a rule of that name is not what the account has */
	check_ask("DELETE", ROLE("night"), NULL, 409, "rights.held");
	check_ask("PUT", ROLE("upon"), "{\"inherits\":\"night\"}", 201, NULL);
	check_ask("DELETE", ROLE("night"), NULL, 409, "rights.held"); /* who has it is said before what rests on it */
	check_ask("DELETE", ROLE("upon"), NULL, 204, NULL);
	CHECK_OK(tw_store_run(device()->context.store, "DELETE FROM account_role WHERE role = 'night'", NULL, 0, NULL, NULL));
	check_ask("DELETE", ROLE("night"), NULL, 204, NULL);
}

/* What was put is there after a start; what fits no more is left out and said; with the owner it is gone. */
static void test_starts_and_owners(void **state)
{
	uint8_t secret[16];
	static const char stale[] =
		"{\"roles\":[{\"inherits\":\"second\",\"name\":\"first\"},{\"inherits\":\"gone\",\"name\":\"third\"},"
		"{\"name\":\"second\",\"permissions\":\"log.read\"}],\"rules\":[{\"effect\":\"deny\",\"fact\":\"time.trusted\",\"is\":\"equal\","
		"\"name\":\"lock\",\"permission\":\"no.more\",\"role\":\"\",\"value\":\"on\"}]}";

	be("");
	check_ask("PUT", ROLE("night"), NIGHT, 201, NULL);
	world_start(&w);
	CHECK(tw_gate_role_may(device()->context.gate, tw_gate_role(device()->context.gate, "night"), "log.read"));
	CHECK_OK(tw_device_keep(device(), TW_KEPT_RIGHTS, stale));
	world_start(&w);
	const tw_gate *g = device()->context.gate;
	CHECK(tw_gate_role(g, "third") < 0 && tw_gate_role_may(g, tw_gate_role(g, "first"), "log.read"));
	CHECK(world_log_says(&w, "\"list\":\"roles\",\"name\":\"third\"") && world_log_says(&w, "\"list\":\"rules\",\"name\":\"lock\""));
	CHECK_INT(tw_unit_recover(w.unit, secret), 200);
	CHECK(tw_gate_role(device()->context.gate, "first") < 0);
	CHECK_OK(tw_device_keep(device(), TW_KEPT_RIGHTS, "not JSON"));
	CHECK_ERR(tw_rights_load(device()), SYNTAX);
}

#define PERMISSION(name) "/api/v1/access?operation=application." name

/* The product's roles are given like any other, are listed, and hold what the manifest says; the organization builds on them. */
static void test_the_product_has_roles(void **state)
{
	be("");
	check_ask("GET", "/api/v1/roles", NULL, 200,
		"\"from\":\"product\",\"holds\":[\"application.sensor.calibrate\",\"application.setpoint.change\",\"");
	check_ask("GET", "/api/v1/roles", NULL, 200, "\"purpose\":\"Who lives there.\"");
	check_ask("POST", "/api/v1/accounts", "{\"name\":\"bob\",\"kind\":\"person\"}", 201, "\"a2\"");
	check_ask("GET", PERMISSION("setpoint.change&account=a2"), NULL, 200, "\"allowed\":false");
	check_ask("GET", PERMISSION("temperature.read&account=a2"), NULL, 200, "\"allowed\":true,\"by\":\"account\"");
	check_ask("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"application.resident\"}", 201,
		"\"application.resident\"");
	check_ask("GET", PERMISSION("setpoint.change&account=a2"), NULL, 200, "\"allowed\":true,\"by\":\"application.resident\"");
	check_ask("GET", PERMISSION("setpoint.change&account=a2"), NULL, 200, "\"permits\":\"Say how warm it shall be.\"");
	check_ask("GET", PERMISSION("sensor.calibrate&account=a2"), NULL, 200, "\"needs\":[\"owner\",\"application.installer\"]");
	check_ask("GET", PERMISSION("sensor.calibrate"), NULL, 200, "\"allowed\":true,\"by\":\"owner\"");
	check_ask("GET", "/api/v1/access?operation=health.read&account=a2", NULL, 200, "\"operation\":\"health.read\"");
	check_ask("PUT", ROLE("house"), "{\"inherits\":\"application.resident\",\"permissions\":\"application.sensor.calibrate\"}",
		201, NULL);
	check_ask("PUT", RULE("away"),
		"{\"effect\":\"deny\",\"permission\":\"application.setpoint.change\",\"fact\":\"logical-access.mode\",\"is\":\"equal\",\"value\":\"maintenance\"}",
		201, NULL);
	set_mode("maintenance");
	check_ask("GET", PERMISSION("setpoint.change&account=a2"), NULL, 200, "\"allowed\":false,\"by\":\"away\"");
	be("admin");
	check_ask("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"application.installer\"}", 403, "account.cover");
}

/* Each role that the manifest lets a product name is one of this release's: else it would be left out on every device. */
static void test_the_roles_a_manifest_may_name(void **state)
{
	static const struct tw_manifest_permission permission = { "application.door.open", "x",
		{ "anyone", "account", "guest", "user", "operator", "admin", "auditor", "emergency" }, 8 };
	static const struct tw_manifest_permission more = { "application.door.close", "x",
		{ "supporting-party", "application.porter" }, 2 };
	const struct tw_manifest_permission both[] = { permission, more };
	static const struct tw_manifest_role role = { "application.porter", "x", { "guest", "user", "operator" }, 3 };
	struct tw_manifest m = *device()->manifest;

	m.permissions = both;
	m.permission_count = 2;
	m.roles = &role;
	m.role_count = 1;
	device()->manifest = &m;
	CHECK_OK(tw_rights_fit_product(device()));
	CHECK_OK(tw_rights_load(device()));
	CHECK(!device()->access->product_out.roles[0] && !device()->access->product_out.permissions[0] &&
		!device()->access->product_out.permissions[1]);
}

/* What of the product does not fit this release is left out and said, and so is what names it; the rest is in force. */
static void test_what_of_the_product_does_not_fit(void **state)
{
	static const struct tw_manifest_permission permissions[] = { { "application.door.open", "x", { "application.porter" }, 1 },
		{ "application.door.close", "x", { "application.guard" }, 1 }, { "application.event", "x", { "user" }, 1 } };
	static const struct tw_manifest_role roles[] = { { "application.chief", "x", { "application.porter" }, 1 },
		{ "application.guard", "x", { "janitor" }, 1 }, { "application.porter", "x", { "user" }, 1 } };
	struct tw_manifest m = *device()->manifest;

	be("");
	m.permissions = permissions;
	m.permission_count = TW_COUNT(permissions);
	m.roles = roles;
	m.role_count = TW_COUNT(roles);
	device()->manifest = &m;
	CHECK_OK(tw_rights_fit_product(device()));
	CHECK_OK(tw_rights_load(device()));
	const tw_gate *g = device()->context.gate;
	CHECK(tw_gate_role_may(g, tw_gate_role(g, "application.chief"), "application.door.open"));
	CHECK(tw_gate_role(g, "application.guard") < 0 && !tw_gate_role_may(g, TW_SUBJECT_OWNER, "application.door.close"));
	CHECK(!tw_gate_role_may(g, tw_gate_role(g, "user"), "application.event"));
	CHECK(world_log_says(&w, "\"list\":\"product-roles\",\"name\":\"application.guard\""));
	CHECK(world_log_says(&w, "\"list\":\"product-permissions\",\"name\":\"application.door.close\""));
	CHECK(world_log_says(&w, "\"list\":\"product-permissions\",\"name\":\"application.event\""));
	CHECK(!world_log_says(&w, "application.porter"));
}

/* Short of memory it fails as a whole: nothing is taken for what does not fit. */
static void test_memory_for_the_product(void **state)
{
	static const struct tw_manifest_role roles[] = { { "application.guard", "x", { "janitor" }, 1 },
		{ "application.porter", "x", { "user" }, 1 } };
	const struct tw_product_out *out = &device()->access->product_out;
	struct tw_manifest m = *device()->manifest;
	bool fired = true;
	int short_of = 0;
	long nth;

	m.permission_count = 0;
	m.roles = roles;
	m.role_count = TW_COUNT(roles);
	device()->manifest = &m;
	for (nth = 1; fired; nth++) {
		tw_fake_fail(w.fake, nth, ENOMEM, false);
		tw_err e = tw_rights_fit_product(device());
		fired = tw_fake_fired(w.fake);
		tw_fake_fail(w.fake, 0, 0, false);
		if (tw_failed(e))
			CHECK(fired && tw_is(e, TW_CODE_NOMEM));
		else
			CHECK(out->roles[0] && !out->roles[1]);
		short_of += tw_failed(e);
	}
	CHECK(short_of > 10);
}

static int end_ownership(const void *what)
{
	uint8_t secret[16];

	return tw_unit_recover(w.unit, secret);
}

/* Ownership ended is ended: without memory behind its commit too, nothing that the owner had set counts any more. */
static void test_recovery_without_memory(void **state)
{
	long nth = 0;
	int ended = 0;

	do {
		CHECK_INT(tear_down(NULL), 0);
		CHECK_INT(set_up_owned(NULL), 0);
		be("");
		check_ask("PUT", ROLE("night"), NIGHT, 201, NULL);
		CHECK_INT(tw_unit_request(w.unit, "PUT", "/api/v1/settings/logical-access.session-idle", "\"0\"", "{\"value\":\"60\"}"), 200);
		(void)ask_without(end_ownership, NULL, ++nth);
		bool owned = tw_unit_owned(w.unit);
		TW_CLEANUP(tw_buf_done) struct tw_buf idle = { 0 };
		tw_buf_init(&idle, tw_sys_real(), 16);
		CHECK_OK(tw_setting_get(&device()->context, "logical-access.session-idle", &idle));
		if ((tw_gate_role(device()->context.gate, "night") >= 0) != owned || (!strcmp(tw_buf_cstr(&idle), "60")) != owned ||
			(device()->access->guard.idle_ms == 60000) != owned)
			fail_msg("block %ld: owned %d, and the rest says another thing", nth, owned);
		if (!owned && memory.fired) {
			CHECK_OK(tw_access_mend(device())); /* as core does by itself */
			CHECK(!device()->listener_owed);
			ended++;
		}
	} while (memory.fired);
	CHECK(ended > 3);
}

/* All roles and rules together have a limit, and the one too many changes nothing. */
static void test_room(void **state)
{
	char target[40];
	int status = 201, made;

	be("");
	for (made = 0; status == 201; made++) {
		(void)snprintf(target, sizeof target, "/api/v1/roles/r%d", made);
		status = tw_unit_request(w.unit, "PUT", target, NULL, "{}");
	}
	CHECK_INT(status, 409);
	CHECK(strstr(tw_unit_body(w.unit), "rights.limit"));
	CHECK_INT(made - 1, TW_ROLES_MAX - 17 - (int)device()->manifest->role_count);
}

/* A role whose name begins with that of another, and one that the store has too long, are not that other. */
static void test_a_name_that_is_cut(void **state)
{
	static const char statement[] = "INSERT INTO account_role VALUES (2, 'a234567890123456789012345678901234567890x', NULL, 0, 'x')";
	struct tw_subject s = { .door = TW_DOOR_HTTPS, .kind = TW_SUBJECT_ACCOUNT, .account = "a2" };
	struct tw_context *c = &device()->context;

	be("");
	check_ask("PUT", ROLE("a234567890123456789012345678901234567890"), NIGHT, 201, NULL);
	check_ask("POST", "/api/v1/accounts", "{\"name\":\"bob\",\"kind\":\"person\"}", 201, "\"a2\"");
	CHECK_OK(tw_store_run(c->store, statement, NULL, 0, NULL, NULL));
	CHECK(c->known(c, &s));
	CHECK(!tw_role_set_has(&s.roles, tw_gate_role(c->gate, "a234567890123456789012345678901234567890")));
	CHECK(!tw_role_set_has(&s.given, tw_gate_role(c->gate, "a234567890123456789012345678901234567890")));
}

/* More than all may take together is said as that; a disk that is full as what it is. */
static void test_no_room_to_write_it(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf document = { 0 };
	struct tw_device *d = device();
	int status = 201;

	be("");
	CHECK_OK(tw_store_run(d->context.store, "PRAGMA max_page_count = 1", NULL, 0, NULL, NULL)); /* no more than there are */
	for (int i = 0; i < 100 && status < 300; i++) {
		char target[40], body[256];
		(void)snprintf(target, sizeof target, "/api/v1/roles/w%d", i);
		(void)snprintf(body, sizeof body, "{\"purpose\":\"%0160d\"}", i);
		status = tw_unit_request(w.unit, "PUT", target, NULL, body);
	}
	CHECK_INT(status, 503);
	CHECK(strstr(tw_unit_body(w.unit), "store.space"));
	CHECK_OK(tw_store_run(d->context.store, "PRAGMA max_page_count = 1000000", NULL, 0, NULL, NULL));
	tw_buf_init(&document, tw_sys_real(), TW_RIGHTS_MAX);
	CHECK_OK(tw_buf_format(&document, "{\"roles\":[{\"name\":\"wordy\",\"purpose\":\"%0*d\"}],\"rules\":[]}", TW_RIGHTS_MAX - 100, 0));
	CHECK_OK(tw_device_keep(d, TW_KEPT_RIGHTS, tw_buf_cstr(&document)));
	check_ask("PUT", ROLE("night"), NIGHT, 409, "rights.limit");
}

static int read_rights(const void *what)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;

	return (int)tw_rights_read(device(), &document).code;
}

static int load_rights(const void *what)
{
	return (int)tw_rights_load(device()).code;
}

/* Also before anything was put there, and what does not fit any more is not told by a lack of memory. */
static void test_reading_without_memory(void **state)
{
	static const char stale[] = "{\"roles\":[{\"inherits\":\"second\",\"name\":\"first\"},{\"inherits\":\"gone\",\"name\":\"third\"},"
				    "{\"name\":\"second\",\"permissions\":\"log.read\"}],\"rules\":[]}";
	int (*const asked[])(const void *) = { read_rights, load_rights };

	for (size_t i = 0; i < TW_COUNT(asked); i++) {
		long nth = 0;

		CHECK_OK(tw_device_keep(device(), TW_KEPT_RIGHTS, i ? stale : "{}"));
		if (i == 0)
			CHECK_OK(tw_device_forget(device(), TW_KEPT_RIGHTS));
		do {
			int code = ask_without(asked[i], NULL, ++nth);

			if (code != (memory.fired ? TW_CODE_NOMEM : TW_CODE_OK))
				fail_msg("%zu, block %ld: %s", i, nth, tw_code_name((enum tw_code)code));
		} while (memory.fired);
		CHECK(nth > 3);
	}
	CHECK(tw_gate_role_may(device()->context.gate, tw_gate_role(device()->context.gate, "first"), "log.read"));
}

/* Short of memory, a change is done as a whole or not at all. */
static void test_memory(void **state)
{
	bool fired = true;
	long nth;

	for (nth = 1; fired; nth++) {
		TW_CLEANUP(tw_jsonp)
		json_t *document = json_pack("{s:[{s:s, s:s}], s:[]}", "roles", "name", "night", "permissions", "log.read", "rules");
		TW_CLEANUP(tw_gate_freep) tw_gate *g = NULL;

		tw_fake_fail(w.fake, nth, ENOMEM, false);
		tw_err e = tw_rights_compile(device(), document, &g);
		fired = tw_fake_fired(w.fake);
		tw_fake_fail(w.fake, 0, 0, false);
		CHECK(tw_is(e, TW_CODE_NOMEM) == fired && !g == fired);
	}
	CHECK(nth > 10);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_owned, tear_down)
CHECK_MAIN(TEST(test_a_role_of_the_organization), TEST(test_what_is_refused), TEST(test_nobody_gives_what_he_has_not),
	TEST(test_a_rule_reads_its_fact_each_time), TEST(test_why), TEST(test_why_of_others), TEST(test_what_governs_rights),
	TEST(test_searches_are_limited), TEST(test_mode_and_place), TEST(test_a_role_that_is_held), TEST(test_starts_and_owners),
	TEST(test_the_product_has_roles), TEST(test_the_roles_a_manifest_may_name), TEST(test_what_of_the_product_does_not_fit),
	TEST(test_memory_for_the_product), TEST(test_names_that_no_path_brings), TEST(test_a_name_that_is_cut),
	TEST(test_no_room_to_write_it), TEST(test_reading_without_memory), TEST(test_recovery_without_memory), TEST(test_room),
	TEST(test_memory))
