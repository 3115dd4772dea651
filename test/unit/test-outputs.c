/* SPDX-License-Identifier: Apache-2.0 */
/* What an owner withholds: from whom, of which answers; that it goes out by no other way; and that nobody whom it concerns gets rid of it. */
#include "as.h"

#include "device/platform/outputs.h"

#define SETTING "/api/v1/settings/outputs.withheld"

static char olga[64], adam[64], sam[64], pat[64];

static int version;

static int set_up(void **state)
{
	version = 0;
	return set_up_owned(state);
}

static void withhold(const char *words, int want)
{
	char body[640], etag[16];

	(void)snprintf(body, sizeof body, "{\"value\":\"%s\"}", words);
	(void)snprintf(etag, sizeof etag, "\"%d\"", version);
	int status = tw_unit_request(w.unit, "PUT", SETTING, etag, body);
	if (status != want)
		fail_msg("%s: %d, %s", words, status, tw_unit_body(w.unit));
	version += status == 200;
}

/* olga (a2) is an operator, adam (a3) an admin, sam (a4) helps, pat (a5) is nobody yet. */
static void people(void)
{
	check_as(NULL, "PUT", "/api/v1/roles/helper", "{\"permissions\":\"identity.read log.read\"}", 201, NULL);
	make("olga", "operator");
	make("adam", "admin");
	make("sam", "helper");
	make("pat", NULL);
	open_as(NULL, "a2", olga);
	open_as(NULL, "a3", adam);
	open_as(NULL, "a4", sam);
}

static void sees(const char *token, const char *target, const char *field, bool want)
{
	char key[80];

	check_as(token, "GET", target, NULL, 200, NULL);
	(void)snprintf(key, sizeof key, "\"%s\":", field);
	CHECK_INT(strstr(tw_unit_body(w.unit), key) != NULL, want);
}

static const char nonce[] = "{\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAA\"}";
static const char identity[] = "/api/v1/identity", settings[] = "/api/v1/settings?limit=200";

/* @nist LA.IC.12: a field that a role may not see is not in its answers, whichever operation of those gives it; others see it; the answer says so */
static void test_by_role(void **state)
{
	people();
	sees(olga, identity, "physical_id", true);
	withhold("operator:identity:physical_id", 200);
	sees(olga, identity, "physical_id", false);
	CHECK(strstr(tw_unit_body(w.unit), "\"withheld\":[\"physical_id\"]") && strstr(tw_unit_body(w.unit), "\"model\":"));
	sees(NULL, identity, "physical_id", true);
	CHECK(!strstr(tw_unit_body(w.unit), "withheld"));
	sees(adam, identity, "physical_id", true); /* who may do more than an operator is not named */
	withhold("operator:settings:value operator:settings:default", 200);
	sees(olga, settings, "value", false);
	CHECK(strstr(tw_unit_body(w.unit), "\"withheld\":[\"value\",\"default\"]"));
	sees(olga, "/api/v1/settings/change.within", "default", false);
	sees(adam, settings, "value", true);
	withhold("", 200);
	sees(olga, settings, "value", true);
}

/* @nist LA.IC.12: what is signed is whole, so it is refused; so is a search by what may not be seen */
static void test_in_one_piece(void **state)
{
	people();
	check_as(olga, "POST", "/api/v1/identity/statement", nonce, 200, "statement");
	withhold("operator:identity.read:physical_id helper:log.read:account operator:accounts:made_by", 200);
	check_as(olga, "POST", "/api/v1/identity/statement", nonce, 403, "outputs.withheld");
	check_as(adam, "POST", "/api/v1/identity/statement", nonce, 200, NULL);
	sees(sam, "/api/v1/log", "account", false);
	check_as(sam, "GET", "/api/v1/log?account=a2", NULL, 403, "outputs.withheld");
	check_as(sam, "GET", "/api/v1/log?session=abcdefghijklmnop", NULL, 200, NULL);
	sees(sam, identity, "physical_id", true); /* who reads the log may do what no operator may */
}

/* @nist LA.IC.12: whoever may do nothing that the role may not is concerned too, and whoever may do more is not */
static void test_by_another_account(void **state)
{
	char pats[64];

	people();
	withhold("admin:settings:value", 200);
	sees(adam, settings, "value", false);
	sees(olga, settings, "value", false);
	sees(NULL, settings, "value", true);
	/* The admin gives somebody a role that may read settings, and asks by that account. */
	check_as(adam, "PUT", "/api/v1/roles/reader", "{\"permissions\":\"settings.read\"}", 201, NULL);
	give_as(adam, "a5", "reader", NULL, 201, NULL);
	open_as(NULL, "a5", pats);
	sees(pats, settings, "value", false);
	/* A recipient or an action that the admin gives the role makes no more of it. */
	check_as(adam, "PUT", "/api/v1/actions/wink", "{\"purpose\":\"p\",\"roles\":\"reader\"}", 201, NULL);
	sees(pats, settings, "value", false);
	give("a5", "auditor");
	open_as(NULL, "a5", pats);
	sees(pats, settings, "value", true); /* an owner gave him what no admin has */
}

/* @nist LA.IC.12: who is concerned by a role of the organization's cannot change or remove it, nor what it is built on */
static void test_role_that_is_named(void **state)
{
	people();
	check_as(NULL, "PUT", "/api/v1/roles/base", "{\"permissions\":\"settings.read access.read\"}", 201, NULL);
	check_as(NULL, "PUT", "/api/v1/roles/steward",
		"{\"inherits\":\"base\",\"permissions\":\"access.change accounts.change accounts.read\"}", 201, NULL);
	give("a5", "steward");
	open_as(NULL, "a5", pat);
	withhold("steward:settings:value", 200);
	sees(pat, settings, "value", false);
	check_as(pat, "PUT", "/api/v1/roles/steward", "{\"permissions\":\"access.change\"}", 403, "rights.withheld");
	check_as(pat, "PUT", "/api/v1/roles/base", "{\"permissions\":\"access.read\"}", 403, "rights.withheld");
	check_as(pat, "DELETE", "/api/v1/roles/steward", NULL, 403, "rights.withheld");
	check_as(pat, "PUT", "/api/v1/roles/other", "{\"permissions\":\"settings.read\"}", 201, NULL);
	check_as(NULL, "PUT", "/api/v1/roles/base", "{\"permissions\":\"settings.read access.read accounts.read\"}", 200, NULL);
	check_as(pat, "PUT", SETTING, "{\"value\":\"\"}", 403, "gate.permission");
	check_as(adam, "PUT", SETTING, "{\"value\":\"\"}", 403, "gate.permission");
	/* Where the role is gone, everybody but owners is concerned. */
	check_as(NULL, "DELETE", "/api/v1/role-assignments/a5.steward", NULL, 204, NULL);
	check_as(NULL, "DELETE", "/api/v1/roles/steward", NULL, 204, NULL);
	sees(adam, settings, "value", false);
	sees(NULL, settings, "value", true);
	check_as(NULL, "GET", "/api/v1/outputs", NULL, 200, "\"everybody\":true");
}

/* @nist LA.IC.12: what would withhold nothing, or from an owner, is refused and nothing of it is kept */
static void test_words(void **state)
{
	static const char *const wrong[] = { "operator:settings:worth", "operator:seats:value", "operand:settings:value",
		"owner:settings:value", "device:settings:value", "application:settings:value", "anyone:settings:value",
		"operator:session.open:token", "operator:login:token", "@insurer:settings:value", "@insurer:identity:value",
		"operator:settings:value operator:settings:value", "*:health.read:nothing" };
	static const char *const right[] = { "local:settings:value", "peer:identity:physical_id", "account:log:source",
		"*:*:made_by", "@insurer:log.read:source", "@*:identity:assigned_to", "operator:log:party", "operator:tasks:result",
		"user:capabilities:reason" };

	for (size_t i = 0; i < TW_COUNT(wrong); i++)
		withhold(wrong[i], 409);
	withhold("operator", 400);
	withhold("operator:settings:value ", 400);
	check_as(NULL, "GET", SETTING, NULL, 200, "\"value\":\"\"");
	for (size_t i = 0; i < TW_COUNT(right); i++)
		withhold(right[i], 200);
}

/* @nist LA.IC.12: what was withheld is counted, for each word, and where else a field of that name is given is said */
static void test_counted(void **state)
{
	people();
	withhold("operator:settings:value operator:identity:physical_id", 200);
	check_as(olga, "GET", settings, NULL, 200, NULL);
	check_as(olga, "GET", settings, NULL, 200, NULL);
	check_as(olga, "POST", "/api/v1/identity/statement", nonce, 403, NULL);
	check_as(NULL, "GET", "/api/v1/outputs", NULL, 200, "\"narrowed\":2,\"operations\":\"settings\",\"refused\":0");
	CHECK(strstr(tw_unit_body(w.unit), "\"telemetry.read\"") &&
		strstr(tw_unit_body(w.unit), "\"narrowed\":0,\"operations\":\"identity\",\"refused\":1"));
	CHECK(strstr(tw_unit_body(w.unit), "\"destinations\":false"));
	check_as(NULL, "GET", "/api/v1/capabilities?limit=300", NULL, 200,
		"Fields withheld by outputs.withheld: 2; answers without them 2, refused 1.");
	check_as(olga, "GET", "/api/v1/outputs", NULL, 403, NULL);
	withhold("operator:identity:physical_id", 200);
	check_as(NULL, "GET", "/api/v1/outputs", NULL, 200, "\"narrowed\":0,\"operations\":\"identity\",\"refused\":0");
	world_start(&w); /* it is kept across starts, and its counts are not */
	open_as(NULL, "a2", olga);
	sees(olga, identity, "physical_id", false);
}

static const struct tw_operation_row *row_of(const char *name)
{
	for (const struct tw_capability *const *p = device()->context.capabilities; *p; p++)
		for (const struct tw_operation_row *o = (*p)->operations; o && o->name; o++)
			if (strcmp(o->name, name) == 0)
				return o;
	fail_msg("no operation %s", name);
	return NULL;
}

static bool is_given(const struct tw_subject *s)
{
	TW_CLEANUP(tw_jsonp) json_t *body = json_pack("{s:s, s:s}", "physical_id", "TW-1", "model", "M");
	struct tw_context *c = &device()->context;

	CHECK_OK(c->narrow(c, s, row_of("identity.read"), &body));
	CHECK(json_object_get(body, "model") != NULL);
	return json_object_get(body, "physical_id") != NULL;
}

/* @nist LA.IC.12: whoever comes by whatever door; what an admin may not see he does not get as another device, which he could let in, nor as nobody */
static void test_by_any_door(void **state)
{
	static const struct {
		enum tw_subject_kind kind;
		bool by_admin, by_all; /* is it given while it is withheld from admins, and from all */
	} rows[] = { { TW_SUBJECT_OWNER, true, true }, { TW_SUBJECT_DEVICE, true, true }, { TW_SUBJECT_APPLICATION, true, true },
		{ TW_SUBJECT_PROVIDER, true, true }, { TW_SUBJECT_BUTTON, true, true }, { TW_SUBJECT_LOCAL, true, false },
		{ TW_SUBJECT_CONSOLE, true, false }, { TW_SUBJECT_PEER, false, false }, { TW_SUBJECT_ANYONE, false, false },
		{ TW_SUBJECT_ACCOUNT, false, false } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const struct tw_subject s = { .kind = rows[i].kind };

		withhold("", 200);
		CHECK(is_given(&s));
		withhold("admin:identity:physical_id", 200);
		CHECK_INT(is_given(&s), rows[i].by_admin);
		withhold("*:identity:physical_id", 200);
		CHECK_INT(is_given(&s), rows[i].by_all);
	}
}

/* @nist LA.IC.12: what a task has come to is another operation's, and its fields are withheld as there */
static void test_results_of_tasks(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *body = json_pack("{s:s, s:{s:i, s:i}}", "task", "t1", "result", "changed", 3, "task", 4);
	TW_CLEANUP(tw_jsonp) json_t *list = json_pack("{s:[{s:s, s:{s:i}}]}", "tasks", "changed", "stays", "result", "changed", 3);
	const struct tw_subject s = { .kind = TW_SUBJECT_ACCOUNT };
	struct tw_context *c = &device()->context;

	withhold("*:inventory:changed", 200);
	CHECK_OK(c->narrow(c, &s, row_of("tasks.read"), &body));
	CHECK(!json_object_get(json_object_get(body, "result"), "changed") && json_object_get(json_object_get(body, "result"), "task"));
	CHECK_OK(c->narrow(c, &s, row_of("tasks.list"), &list));
	const json_t *one = json_array_get(json_object_get(list, "tasks"), 0);
	CHECK(json_object_get(one, "changed") && !json_object_get(json_object_get(one, "result"), "changed"));
}

static int ask_identity(const void *token)
{
	return tw_unit_request_as(w.unit, token, "GET", identity, NULL);
}

/* @nist LA.IC.12: whatever memory is missing, what is withheld does not go out */
static void test_short_of_memory(void **state)
{
	int refused = 0;
	long nth = 0;

	people();
	withhold("operator:identity:physical_id", 200);
	do {
		if (ask_without(ask_identity, olga, ++nth) != 200)
			refused++;
		CHECK(!strstr(tw_unit_body(w.unit), "\"physical_id\":"));
	} while (memory.fired);
	CHECK(refused > 5);
	sees(olga, identity, "physical_id", false);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
CHECK_MAIN(TEST(test_by_role), TEST(test_in_one_piece), TEST(test_by_another_account), TEST(test_role_that_is_named),
	TEST(test_words), TEST(test_counted), TEST(test_by_any_door), TEST(test_results_of_tasks), TEST(test_short_of_memory))
