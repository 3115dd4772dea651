/* SPDX-License-Identifier: Apache-2.0 */
/* Actions that the organization names: for their roles and nobody else, at once, with the rules before them; and nobody hands on more than he holds. */
#include "as.h"

#include "device/logical-access/rights.h"

#define NIGHT "/api/v1/actions/night"
#define ECO "{\"purpose\":\"p\",\"roles\":\"guard\",\"setting\":\"application.mode\",\"value\":\"eco\"}"

static char bob[64], carol[64];

/* bob (a2) is a guard, carol (a3) an admin. */
static void people(void)
{
	check_as(NULL, "PUT", "/api/v1/roles/guard", "{\"permissions\":\"settings.read\"}", 201, NULL);
	make("bob", "guard");
	make("carol", "admin");
	open_as(NULL, "a2", bob);
	open_as(NULL, "a3", carol);
}

static void reads(const char *value)
{
	char says[64];

	(void)snprintf(says, sizeof says, "\"value\":\"%s\"", value);
	check_as(NULL, "GET", "/api/v1/settings/application.mode", NULL, 200, says);
}

/* @nist LA.RSM.6: done for its role; refused to everybody else, the owner among them; the log says who */
static void test_for_its_roles_only(void **state)
{
	people();
	check_as(NULL, "PUT", NIGHT, ECO, 201, "\"permission\":\"action.night\"");
	reads("comfort");
	check_as(carol, "POST", NIGHT, NULL, 403, "gate.permission");
	check_as(NULL, "POST", NIGHT, NULL, 403, "gate.permission");
	reads("comfort");
	check_as(bob, "PUT", "/api/v1/settings/application.mode", "{\"value\":\"eco\"}", 403, "gate.permission");
	check_as(bob, "POST", NIGHT, NULL, 200, "\"setting\":\"application.mode\",\"value\":\"eco\"");
	reads("eco");
	CHECK(world_log_says(&w, "night: application.mode eco"));
	check_as(NULL, "GET", "/api/v1/roles", NULL, 200, "\"action.night\"");
	check_as(NULL, "GET", "/api/v1/access?operation=action.night&account=a2", NULL, 200, "\"allowed\":true");
	check_as(NULL, "GET", "/api/v1/access?operation=action.night&account=a3", NULL, 200, "\"allowed\":false");
}

/* @nist LA.RSM.6.2: from the next request on, also across a start */
static void test_there_and_gone(void **state)
{
	people();
	check_as(bob, "POST", NIGHT, NULL, 404, "rights.unknown");
	check_as(NULL, "PUT", NIGHT, "{\"roles\":\"guard\"}", 201, "\"setting\":\"\"");
	check_as(bob, "POST", NIGHT, NULL, 200, "\"setting\":\"\"");
	check_as(bob, "POST", "/api/v1/actions/nigh", NULL, 404, NULL);
	check_as(NULL, "PUT", NIGHT, "{\"roles\":\"admin\"}", 200, NULL);
	check_as(bob, "POST", NIGHT, NULL, 403, "gate.permission");
	check_as(carol, "POST", NIGHT, NULL, 200, NULL);
	world_start(&w);
	check_as(carol, "POST", NIGHT, NULL, 200, NULL);
	check_as(NULL, "GET", "/api/v1/actions", NULL, 200, "\"roles\":\"admin\"");
	check_as(NULL, "DELETE", NIGHT, NULL, 204, NULL);
	check_as(carol, "POST", NIGHT, NULL, 404, NULL);
	check_as(NULL, "DELETE", NIGHT, NULL, 404, "rights.unknown");
}

/* @nist LA.RSM.7.2: a rule before it counts at the next request, and keeps it from being removed */
static void test_with_a_rule(void **state)
{
	static const char rule[] =
		"{\"effect\":\"deny\",\"permission\":\"action.night\",\"fact\":\"logical-access.mode\",\"is\":\"equal\",\"value\":\"emergency\"}";
	struct tw_context *c = &device()->context;

	people();
	check_as(NULL, "PUT", "/api/v1/rules/calm", rule, 409, "rights.missing");
	check_as(NULL, "PUT", NIGHT, ECO, 201, NULL);
	check_as(NULL, "PUT", "/api/v1/rules/calm", rule, 201, NULL);
	check_as(bob, "POST", NIGHT, NULL, 200, NULL);
	CHECK_OK(tw_setting_set(c, tw_setting_find(c, "logical-access.mode"), "emergency", -1, "test"));
	check_as(bob, "POST", NIGHT, NULL, 403, "gate.rule");
	check_as(NULL, "DELETE", NIGHT, NULL, 409, "rights.missing");
	check_as(NULL, "DELETE", "/api/v1/rules/calm", NULL, 204, NULL);
	check_as(bob, "POST", NIGHT, NULL, 200, NULL);
}

/* @nist LA.RSM.7: the same request of the same session, when the device does not know the time any more */
static void test_a_worse_state(void **state)
{
	people();
	check_as(NULL, "PUT", "/api/v1/rules/timed",
		"{\"effect\":\"require\",\"permission\":\"settings.read\",\"role\":\"guard\",\"fact\":\"time.trusted\",\"is\":\"equal\",\"value\":\"on\"}",
		201, NULL);
	check_as(bob, "GET", "/api/v1/settings?limit=1", NULL, 200, NULL);
	world_at(&w, 0, WORLD_BOOT);
	check_as(bob, "GET", "/api/v1/settings?limit=1", NULL, 403, "gate.rule");
	world_at(&w, WORLD_WALL, WORLD_BOOT);
	check_as(bob, "GET", "/api/v1/settings?limit=1", NULL, 200, NULL);
}

static void test_what_is_none(void **state)
{
	static const struct {
		const char *target, *body;
		int want;
		const char *rule;
	} rows[] = {
		{ NIGHT, "{\"roles\":\"nobody\"}", 409, "rights.missing" },
		{ NIGHT, "{\"roles\":\"account\"}", 403, "rights.reserved" },
		{ NIGHT, "{\"roles\":\"anyone\"}", 403, "rights.reserved" },
		{ NIGHT, "{\"roles\":\"guard\",\"value\":\"eco\"}", 400, "rights.action" },
		{ NIGHT, "{\"roles\":\"guard\",\"setting\":\"no.such\",\"value\":\"eco\"}", 400, "rights.action" },
		{ NIGHT, "{\"roles\":\"guard\",\"setting\":\"application.mode\",\"value\":\"warm\"}", 400, "rights.action" },
		{ NIGHT, "{\"roles\":\"guard\",\"setting\":\"application.level\",\"value\":\"99999999\"}", 400, "rights.action" },
		{ "/api/v1/actions/Night", "{\"roles\":\"guard\"}", 400, "rights.form" },
		{ "/api/v1/actions/call-", "{\"roles\":\"guard\"}", 400, "rights.form" },
		{ "/api/v1/roles/day", "{\"permissions\":\"action.dusk\"}", 403, "rights.reserved" },
	};

	people();
	check_as(NULL, "PUT", "/api/v1/actions/dusk", "{\"roles\":\"admin\"}", 201, NULL);
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		check_as(NULL, "PUT", rows[i].target, rows[i].body, rows[i].want, rows[i].rule);
	check_as(NULL, "DELETE", "/api/v1/accounts/a2", NULL, 204, NULL);
	check_as(NULL, "PUT", NIGHT, ECO, 201, NULL);
	check_as(NULL, "DELETE", "/api/v1/roles/guard", NULL, 409, "rights.missing");
}

/* Who names one may do it himself, whatever the time is. */
static void test_nobody_hands_on_more(void **state)
{
	char dave[64];

	people();
	check_as(bob, "PUT", NIGHT, ECO, 403, "gate.permission");
	check_as(NULL, "PUT", "/api/v1/roles/clerk", "{\"permissions\":\"access.change access.read\"}", 201, NULL);
	make("dave", "clerk");
	open_as(NULL, "a4", dave);
	check_as(dave, "PUT", NIGHT, ECO, 403, "rights.more");
	check_as(dave, "PUT", NIGHT, "{\"roles\":\"guard\"}", 201, NULL);
	check_as(carol, "PUT", NIGHT, ECO, 200, NULL);
	check_as(dave, "PUT", NIGHT, "{\"roles\":\"clerk\",\"setting\":\"logical-access.mode\",\"value\":\"emergency\"}", 403, "rights.more");
	give_as(NULL, "a4", "admin", "{\"hours\":[\"00:00-23:59\"]}", 201, NULL);
	check_as(dave, "PUT", NIGHT, ECO, 403, "rights.more");
	check_as(carol, "PUT", NIGHT, "{\"roles\":\"guard\",\"setting\":\"logical-access.mode\",\"value\":\"maintenance\"}", 200, NULL);
	check_as(carol, "PUT", NIGHT, "{\"roles\":\"guard\",\"setting\":\"logical-access.unrecorded-reads\",\"value\":\"settings.list\"}",
		403, "rights.more"); /* an auditor's */
}

static void test_no_more_than_32(void **state)
{
	char target[64];

	people();
	for (int i = 0; i < 32; i++) {
		(void)snprintf(target, sizeof target, "/api/v1/actions/n%d", i);
		check_as(NULL, "PUT", target, "{\"roles\":\"guard\"}", 201, NULL);
	}
	check_as(NULL, "PUT", NIGHT, "{\"roles\":\"guard\"}", 409, "rights.limit");
	check_as(NULL, "PUT", NIGHT, "{\"roles\":\"guard\",\"value\":\"eco\"}", 400, "rights.action"); /* what is no action is told first */
	check_as(NULL, "PUT", "/api/v1/actions/n7", "{\"roles\":\"admin\"}", 200, NULL);
	check_as(NULL, "GET", "/api/v1/actions?limit=40", NULL, 200, "\"n9\"");
}

/* As an older release or product took the one action that there is. */
static void put_as_before(const char *setting, const char *value)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	TW_CLEANUP(tw_gate_freep) tw_gate *g = NULL;

	CHECK_OK(tw_rights_read(device(), &document));
	json_t *action = json_array_get(json_object_get(document, "actions"), 0);
	CHECK(!json_object_set_new(action, "setting", json_string(setting)) && !json_object_set_new(action, "value", json_string(value)));
	CHECK_OK(tw_rights_compile(device(), document, &g));
	CHECK_OK(tw_rights_change(device(), document,
		json_pack("{s:s, s:s, s:s, s:s}", "list", "actions", "name", "night", "what", "changed", "key", ""), &g));
}

/* One that a release or product does not take any more: its setting is gone, or the device cannot have the value. */
static void test_what_cannot_be_done(void **state)
{
	people();
	check_as(NULL, "PUT", NIGHT,
		"{\"roles\":\"guard\",\"setting\":\"logical-access.network-methods\",\"value\":\"certificate\"}", 201, NULL);
	device()->access->owners.of[0].has_key = false;
	check_as(bob, "POST", NIGHT, NULL, 409, "setting.apply");
	device()->access->owners.of[0].has_key = true;
	put_as_before("application.mode", "warm");
	check_as(bob, "POST", NIGHT, NULL, 409, "setting.apply");
	put_as_before("application.level", "99999999"); /* which was in its range then */
	check_as(bob, "POST", NIGHT, NULL, 409, "setting.apply");
	put_as_before("no.such", "eco");
	check_as(bob, "POST", NIGHT, NULL, 409, "rights.action");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_owned, tear_down)
CHECK_MAIN(TEST(test_for_its_roles_only), TEST(test_there_and_gone), TEST(test_with_a_rule), TEST(test_a_worse_state),
	TEST(test_what_is_none), TEST(test_nobody_hands_on_more), TEST(test_no_more_than_32), TEST(test_what_cannot_be_done))
