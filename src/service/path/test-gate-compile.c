/* SPDX-License-Identifier: Apache-2.0 */
/* Roles, permissions and rules become a gate; each way to refuse one, and what the gate then says. */
#include "service/path/path.h"

#include "check.h"

#include <errno.h>
#include "sys/fake.h"
#include "sys/real.h"

#define BIT(k) (1u << (k))
enum { GUEST = TW_SUBJECT_KINDS, USER, OPERATOR, ADMIN };
static const struct tw_built_in_role built_in[] = { { "anyone", 0, false }, { "owner", BIT(ADMIN), true }, { "local" },
	{ "console" }, { "application" }, { "device" }, { "peer" }, { "account" }, { "provider" }, { "button" }, { "guest", 0, true },
	{ "user", BIT(GUEST), true }, { "operator", BIT(USER), true }, { "admin", BIT(OPERATOR), true }, { .name = NULL } };
static const struct tw_grant_row grants[] = { { "see", BIT(GUEST) | BIT(TW_SUBJECT_ANYONE) }, { "use", BIT(USER) },
	{ "operate", BIT(OPERATOR) }, { "administer", BIT(ADMIN) }, { "own", BIT(TW_SUBJECT_OWNER) },
	{ "log.in", BIT(TW_SUBJECT_ANYONE), true }, { "own-session", BIT(TW_SUBJECT_ACCOUNT) },
	{ "press", BIT(TW_SUBJECT_CONSOLE) }, { .permission = NULL } };

#define WORDS(...) ((const char *const[]){ __VA_ARGS__ }), TW_COUNT(((const char *const[]){ __VA_ARGS__ }))
#define NONE NULL, 0

static tw_err compile(const struct tw_role_def *d, size_t count, tw_gate **ret)
{
	static const char *const residents[] = { "application.resident", "anyone" };
	static const struct tw_permission_def own[] = { { "application.setpoint", residents, 1 },
		{ "application.temperature", residents + 1, 1 } };
	struct tw_role_def all[TW_ROLES_MAX] = { { "application.resident", true, NONE, NONE } };

	memcpy(all + 1, d, count * sizeof *d);
	return tw_gate_compile(tw_sys_real(),
		&(struct tw_gate_source){
			.roles = built_in, .grants = grants, .added = all, .added_count = count + 1, .permissions = own, .permission_count = 2 },
		ret);
}

static const char *may(const tw_gate *g, const char *role, const char *permission)
{
	struct tw_subject s = { .kind = TW_SUBJECT_ACCOUNT };

	tw_role_set_add(&s.roles, tw_gate_role(g, role));
	const struct tw_decision d = tw_gate_authorize(
		g, &(struct tw_ask){ .subject = &s, .permission = permission, .when = TW_WHEN_ALWAYS });
	return d.verdict == TW_ALLOW ? d.by : NULL;
}

static const struct {
	const char *role, *permission;
	bool may;
} hierarchy[] = {
	{ "guest", "see", true },
	{ "guest", "use", false },
	{ "user", "see", true },
	{ "user", "operate", false },
	{ "operator", "use", true },
	{ "admin", "see", true },
	{ "admin", "administer", true },
	{ "admin", "own", false },
	{ "admin", "press", false },
	{ "owner", "own", true },
	{ "owner", "see", true },
	{ "owner", "press", false },
	{ "owner", "application.setpoint", true },
	{ "admin", "application.setpoint", false },
	{ "no-such-role", "application.temperature", true }, /* what anyone may, whoever is logged in may, too */
	{ "no-such-role", "application.setpoint", false },
	{ "application.resident", "application.setpoint", true },
	{ "application.resident", "see", false },
	{ "night", "use", true },
	{ "night", "see", true },
	{ "night", "administer", true },
	{ "night", "operate", false },
	{ "deep-night", "application.setpoint", true },
	{ "deep-night", "administer", true },
	{ "no-such-role", "own-session", true }, /* whoever is logged in may end his session, whatever else he lost */
	{ "no-such-role", "see", false },
	{ "admin", "adm", false },
	{ "admin", "", false },
	{ "anyone", "log.in", false }, /* no account brings along what a door makes of somebody */
	{ "console", "press", false },
};

static void test_hierarchy(void **state)
{
	const struct tw_role_def added[] = { { "deep-night", false, WORDS("night", "application.resident"), NONE },
		{ "night", false, WORDS("user"), WORDS("administer") } };
	TW_CLEANUP(tw_gate_freep) tw_gate *g = NULL;

	CHECK_OK(compile(added, TW_COUNT(added), &g));
	for (size_t i = 0; i < TW_COUNT(hierarchy); i++)
		if (!may(g, hierarchy[i].role, hierarchy[i].permission) == hierarchy[i].may)
			fail_msg("%s, %s", hierarchy[i].role, hierarchy[i].permission);
	CHECK_TEXT(may(g, "night", "see"), "night"); /* one role, as it is held */
	CHECK(!may(g, "admin", NULL));
	CHECK_INT(tw_gate_role_count(g), 17);
	CHECK_TEXT(tw_gate_role_name(g, tw_gate_role(g, "night")), "night");
	CHECK(!tw_gate_role_name(g, -1) && !tw_gate_role_name(g, 17));
	CHECK(tw_gate_assignable(g, tw_gate_role(g, "night")) && tw_gate_assignable(g, TW_SUBJECT_OWNER));
	CHECK(!tw_gate_assignable(g, TW_SUBJECT_ANYONE) && !tw_gate_assignable(g, -1) && !tw_gate_assignable(g, 17));
	CHECK(tw_gate_role_may(g, USER, "see") && !tw_gate_role_may(g, USER, "own") && !tw_gate_role_may(g, USER, "none") &&
		!tw_gate_role_may(g, -1, "see"));
	CHECK_TEXT(tw_gate_permission_name(g, 0), "administer");
	CHECK_TEXT(tw_gate_permission_name(g, 9), "use");
	CHECK(!tw_gate_permission_name(g, 10));
}

/* Two halves are not a whole: what two roles have is never added up, because each permission is held by one of them or by none. */
static void test_covers(void **state)
{
	const struct tw_role_def added[] = { { "both", false, NONE, WORDS("use", "administer") },
		{ "one", false, NONE, WORDS("use") }, { "none", false, NONE, NONE } };
	TW_CLEANUP(tw_gate_freep) tw_gate *g = NULL;
	struct tw_role_set owner = { { 0 } }, admin = owner, user = owner;

	CHECK_OK(compile(added, TW_COUNT(added), &g));
	tw_role_set_add(&owner, TW_SUBJECT_OWNER);
	tw_role_set_add(&admin, ADMIN);
	tw_role_set_add(&user, USER);
	for (int i = 0; i < (int)tw_gate_role_count(g); i++)
		CHECK(!tw_gate_assignable(g, i) || tw_gate_covers(g, &owner, i));
	CHECK(tw_gate_covers(g, &admin, tw_gate_role(g, "both")) && tw_gate_covers(g, &admin, USER));
	CHECK(!tw_gate_covers(g, &admin, TW_SUBJECT_OWNER) && !tw_gate_covers(g, &admin, tw_gate_role(g, "application.resident")));
	CHECK(tw_gate_covers(g, &user, tw_gate_role(g, "one")) && !tw_gate_covers(g, &user, tw_gate_role(g, "both")));
	CHECK(tw_gate_covers(g, &user, tw_gate_role(g, "none")));
	CHECK(!tw_gate_covers(g, &owner, -1) && !tw_gate_covers(g, &owner, (int)tw_gate_role_count(g)));
}

#define LONG40 "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd"
static const struct {
	struct tw_role_def d;
	enum tw_code code;
} roles[] = {
	{ { "night", false, NONE, NONE }, TW_CODE_OK },
	{ { LONG40, false, NONE, NONE }, TW_CODE_OK },
	{ { LONG40 "e", false, NONE, NONE }, TW_CODE_SYNTAX },
	{ { "", false, NONE, NONE }, TW_CODE_SYNTAX },
	{ { "Night", false, NONE, NONE }, TW_CODE_SYNTAX },
	{ { "7night", false, NONE, NONE }, TW_CODE_SYNTAX },
	{ { "night-", false, NONE, NONE }, TW_CODE_SYNTAX },
	{ { "ni ght", false, NONE, NONE }, TW_CODE_SYNTAX },
	{ { "*", false, NONE, NONE }, TW_CODE_SYNTAX },
	{ { "application.night", false, NONE, NONE }, TW_CODE_SYNTAX },
	{ { "night", true, NONE, NONE }, TW_CODE_SYNTAX },
	{ { "application.", true, NONE, NONE }, TW_CODE_SYNTAX },
	{ { "application.7", true, NONE, NONE }, TW_CODE_SYNTAX },
	{ { "application.n*", true, NONE, NONE }, TW_CODE_SYNTAX },
	{ { "application.night.", true, NONE, NONE }, TW_CODE_SYNTAX },
	{ { "application.night-", true, NONE, NONE }, TW_CODE_SYNTAX },
	{ { "application.night", true, NONE, NONE }, TW_CODE_OK },
	{ { "admin", false, NONE, NONE }, TW_CODE_EXISTS },
	{ { "application.resident", true, NONE, NONE }, TW_CODE_EXISTS },
	{ { "night", false, WORDS("admin", "guest"), NONE }, TW_CODE_OK },
	{ { "night", false, WORDS("application.resident"), NONE }, TW_CODE_OK },
	{ { "night", false, WORDS("owner"), NONE }, TW_CODE_DENIED },
	{ { "night", false, WORDS("anyone"), NONE }, TW_CODE_DENIED },
	{ { "night", false, WORDS("account"), NONE }, TW_CODE_DENIED },
	{ { "night", false, WORDS("nobody"), NONE }, TW_CODE_NOTFOUND },
	{ { "night", false, WORDS("night"), NONE }, TW_CODE_STATE },
	{ { "night", false, WORDS("user", "user", "user", "user", "user", "user", "user", "user"), NONE }, TW_CODE_OK },
	{ { "night", false, WORDS("user", "user", "user", "user", "user", "user", "user", "user", "user"), NONE }, TW_CODE_LIMIT },
	{ { "application.night", true, WORDS("user", "application.resident"), NONE }, TW_CODE_OK },
	{ { "application.night", true, WORDS("operator"), NONE }, TW_CODE_OK },
	{ { "application.night", true, WORDS("guest"), NONE }, TW_CODE_OK },
	{ { "application.night", true, WORDS("admin"), NONE }, TW_CODE_DENIED },
	{ { "night", false, NONE, WORDS("see", "use", "administer", "application.setpoint") }, TW_CODE_OK },
	{ { "night", false, NONE, WORDS("own") }, TW_CODE_DENIED },
	{ { "night", false, NONE, WORDS("press") }, TW_CODE_DENIED },
	{ { "night", false, NONE, WORDS("log.in") }, TW_CODE_DENIED },
	{ { "night", false, NONE, WORDS("nothing") }, TW_CODE_NOTFOUND },
	{ { "application.night", true, NONE, WORDS("application.setpoint") }, TW_CODE_OK },
	{ { "application.night", true, NONE, WORDS("use") }, TW_CODE_DENIED },
	{ { "night", false, NONE, (const char *const[]){ [0 ... 63] = "use" }, 64 }, TW_CODE_OK },
	{ { "night", false, NONE, (const char *const[]){ [0 ... 64] = "use" }, 65 }, TW_CODE_LIMIT },
};

static void test_roles(void **state)
{
	for (size_t i = 0; i < TW_COUNT(roles); i++) {
		TW_CLEANUP(tw_gate_freep) tw_gate *g = NULL;
		tw_err e = compile(&roles[i].d, 1, &g);

		if (e.code != roles[i].code)
			fail_msg("row %zu, %s: %s: %s", i, roles[i].d.name, tw_code_name(e.code), tw_err_detail());
		CHECK(tw_failed(e) == !g);
	}
}

static void test_a_ring_of_roles(void **state)
{
	const struct tw_role_def ring[] = { { "a", false, WORDS("b"), NONE }, { "b", false, WORDS("c"), NONE },
		{ "c", false, WORDS("a"), NONE } };
	TW_CLEANUP(tw_gate_freep) tw_gate *g = NULL;

	CHECK_ERR(compile(ring, 3, &g), STATE);
	CHECK_ERR(compile(ring, 2, &g), NOTFOUND);
	CHECK_OK(compile((const struct tw_role_def[]){ ring[0], ring[1], { "c", false, NONE, NONE } }, 3, &g));
}

static void test_limits(void **state)
{
	static char names[TW_ROLES_MAX][8];
	static struct tw_role_def added[TW_ROLES_MAX];
	static struct tw_rule_def rules[TW_GATE_RULES_MAX + 1];
	static struct tw_permission_def permissions[TW_GATE_PERMISSIONS_MAX];
	static char words[TW_GATE_PERMISSIONS_MAX + 1][24];
	struct tw_gate_source s = { .roles = built_in, .grants = grants, .added = added };
	tw_gate *g = NULL;

	for (size_t i = 0; i < TW_ROLES_MAX; i++) {
		(void)snprintf(names[i], sizeof names[i], "r%zu", i);
		added[i] = (struct tw_role_def){ .name = names[i] };
	}
	s.added_count = TW_ROLES_MAX - 14;
	CHECK_OK(tw_gate_compile(tw_sys_real(), &s, &g));
	CHECK(may(g, names[113], "own-session") && tw_gate_role(g, names[113]) == 127);
	g = tw_gate_free(g);
	s.added_count++;
	CHECK_ERR(tw_gate_compile(tw_sys_real(), &s, &g), LIMIT);
	s.added_count = 0;
	for (size_t i = 0; i <= TW_GATE_RULES_MAX; i++) {
		(void)snprintf(words[i], sizeof words[i], "r%zu", i);
		rules[i] = (struct tw_rule_def){ words[i], false, "use", "", "a.fact", TW_RULE_EQUAL, "on" };
	}
	s.rules = rules;
	s.rule_count = TW_GATE_RULES_MAX;
	CHECK_OK(tw_gate_compile(tw_sys_real(), &s, &g));
	g = tw_gate_free(g);
	s.rule_count++;
	CHECK_ERR(tw_gate_compile(tw_sys_real(), &s, &g), LIMIT);
	s.rule_count = 0;
	for (size_t i = 0; i < TW_GATE_PERMISSIONS_MAX; i++) {
		(void)snprintf(words[i], sizeof words[i], "application.p%zu", i);
		permissions[i] = (struct tw_permission_def){ words[i], NULL, 0 };
	}
	s.permissions = permissions;
	s.permission_count = TW_GATE_PERMISSIONS_MAX - 8;
	CHECK_OK(tw_gate_compile(tw_sys_real(), &s, &g));
	g = tw_gate_free(g);
	s.permission_count++;
	CHECK_ERR(tw_gate_compile(tw_sys_real(), &s, &g), LIMIT);
}

static void test_permissions(void **state)
{
	static const char *const nobody[] = { "nobody" }, *const peer[] = { "peer" }, *const user[] = { "user" };
	static const struct {
		struct tw_permission_def d;
		enum tw_code code;
	} rows[] = {
		{ { "application.x", peer, 1 }, TW_CODE_OK },
		{ { "application.x", NULL, 0 }, TW_CODE_OK },
		{ { "application.x", nobody, 1 }, TW_CODE_NOTFOUND },
		{ { "use", peer, 1 }, TW_CODE_SYNTAX },
		{ { "application.*", peer, 1 }, TW_CODE_SYNTAX },
		{ { "application.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", peer, 1 }, TW_CODE_SYNTAX },
		{ { "action.x", NULL, 0, true }, TW_CODE_OK },
		{ { "share.log.x", NULL, 0, true }, TW_CODE_OK },
		{ { "share.log.x", NULL, 0, false }, TW_CODE_SYNTAX },
		{ { "share.log.x-", NULL, 0, true }, TW_CODE_SYNTAX },
		{ { "share.log.", NULL, 0, true }, TW_CODE_SYNTAX },
		{ { "share.log", NULL, 0, true }, TW_CODE_SYNTAX },
		{ { "share..x", NULL, 0, true }, TW_CODE_SYNTAX },
		{ { "share.l0g.x", NULL, 0, true }, TW_CODE_SYNTAX },
		{ { "sharp.log.x", NULL, 0, true }, TW_CODE_SYNTAX },
		{ { "share.log.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL, 0, true }, TW_CODE_SYNTAX },
		{ { "action.night", user, 1, true }, TW_CODE_OK },
		{ { "action.n", peer, 1, true }, TW_CODE_DENIED },
		{ { "device-night", user, 1, true }, TW_CODE_SYNTAX },
		{ { "action.Night", user, 1, true }, TW_CODE_SYNTAX },
		{ { "action." LONG40 "aaaaaaaaaaaaaaaaa", user, 1, true }, TW_CODE_OK },
		{ { "action." LONG40 "aaaaaaaaaaaaaaaaaa", user, 1, true }, TW_CODE_SYNTAX },
	};
	static const struct tw_grant_row twice[] = { { "a", 1 }, { "b", 1 }, { "a", 2 }, { .permission = NULL } };
	tw_gate *g = NULL;

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const struct tw_gate_source s = { .roles = built_in, .grants = grants, .permissions = &rows[i].d, .permission_count = 1 };
		tw_err e = tw_gate_compile(tw_sys_real(), &s, &g);

		if (e.code != rows[i].code)
			fail_msg("row %zu: %s: %s", i, tw_code_name(e.code), tw_err_detail());
		g = tw_gate_free(g);
	}
	CHECK_ERR(tw_gate_compile(tw_sys_real(), &(struct tw_gate_source){ .grants = twice }, &g), EXISTS);
}

static tw_err rule_gate(const struct tw_rule_def *rules, size_t count, tw_gate **ret)
{
	return tw_gate_compile(tw_sys_real(),
		&(struct tw_gate_source){ .roles = built_in, .grants = grants, .rules = rules, .rule_count = count }, ret);
}

static const struct {
	struct tw_rule_def d;
	enum tw_code code;
} rules[] = {
	{ { "lock", false, "use", "", "a.fact", TW_RULE_EQUAL, "on" }, TW_CODE_OK },
	{ { "lock", true, "own", "owner", "a.fact", TW_RULE_LESS, "-3" }, TW_CODE_OK },
	{ { "lock", true, "see", "anyone", "a.fact", TW_RULE_EQUAL, "" }, TW_CODE_OK },
	{ { "lock", true, "use", "", "a.fact", TW_RULE_GREATER, "many" }, TW_CODE_SYNTAX },
	{ { "lock", true, "use", "", "a.fact", TW_RULE_LESS, "" }, TW_CODE_SYNTAX },
	{ { "lock", true, "use", "", "a.fact", (enum tw_rule_test)4, "1" }, TW_CODE_SYNTAX },
	{ { "Lock", false, "use", "", "a.fact", TW_RULE_EQUAL, "on" }, TW_CODE_SYNTAX },
	{ { "a23456789012345678901234567890123", false, "use", "", "a.fact", TW_RULE_EQUAL, "on" }, TW_CODE_SYNTAX },
	{ { "lock", false, "use", "", "", TW_RULE_EQUAL, "on" }, TW_CODE_SYNTAX },
	{ { "lock", false, "use", "", "a.fact", TW_RULE_EQUAL, LONG40 LONG40 }, TW_CODE_SYNTAX },
	{ { "lock", false, "use", "", LONG40 LONG40, TW_RULE_EQUAL, "on" }, TW_CODE_SYNTAX },
	{ { "lock", false, "us", "", "a.fact", TW_RULE_EQUAL, "on" }, TW_CODE_NOTFOUND },
	{ { "lock", false, "use", "nobody", "a.fact", TW_RULE_EQUAL, "on" }, TW_CODE_NOTFOUND },
	{ { "lock", false, "log.in", "", "a.fact", TW_RULE_EQUAL, "on" }, TW_CODE_DENIED },
};

static void test_rule_forms(void **state)
{
	const struct tw_rule_def twice[] = { rules[0].d, rules[1].d };
	tw_gate *g = NULL;

	for (size_t i = 0; i < TW_COUNT(rules); i++) {
		tw_err e = rule_gate(&rules[i].d, 1, &g);

		if (e.code != rules[i].code)
			fail_msg("row %zu: %s: %s", i, tw_code_name(e.code), tw_err_detail());
		g = tw_gate_free(g);
	}
	CHECK_ERR(rule_gate(twice, 2, &g), EXISTS);
}

/* One rule about "use", the facts, and who asks: a user, unless it says otherwise. */
static const struct {
	bool require, passes;
	enum tw_rule_test is;
	const char *role, *value, *facts;
} judged[] = {
	{ false, false, TW_RULE_EQUAL, "", "on", "{\"f\":true}" },
	{ false, true, TW_RULE_EQUAL, "", "on", "{\"f\":false}" },
	{ false, false, TW_RULE_EQUAL, "", "off", "{\"f\":false}" },
	{ false, false, TW_RULE_NOT_EQUAL, "", "on", "{\"f\":false}" },
	{ true, true, TW_RULE_EQUAL, "", "on", "{\"f\":true}" },
	{ true, false, TW_RULE_EQUAL, "", "on", "{\"f\":false}" },
	{ true, true, TW_RULE_EQUAL, "", "off", "{\"f\":false}" },
	{ true, false, TW_RULE_EQUAL, "", "off", "{\"f\":true}" },
	{ true, true, TW_RULE_NOT_EQUAL, "", "off", "{\"f\":true}" },
	{ false, false, TW_RULE_EQUAL, "", "yes", "{\"f\":false}" }, /* a word that a switch has not: unknown */
	{ false, false, TW_RULE_EQUAL, "", "yes", "{\"f\":true}" },
	{ false, false, TW_RULE_LESS, "", "1", "{\"f\":true}" },
	{ false, false, TW_RULE_EQUAL, "", "on", "{}" },
	{ true, false, TW_RULE_EQUAL, "", "on", "{}" },
	{ false, false, TW_RULE_EQUAL, "", "on", NULL },
	{ false, false, TW_RULE_EQUAL, "", "on", "{\"f\":null}" },
	{ false, false, TW_RULE_EQUAL, "", "on", "{\"f\":[]}" },
	{ true, true, TW_RULE_EQUAL, "", "7", "{\"f\":7}" },
	{ true, false, TW_RULE_EQUAL, "", "7", "{\"f\":8}" },
	{ true, true, TW_RULE_LESS, "", "7", "{\"f\":6}" },
	{ true, false, TW_RULE_LESS, "", "7", "{\"f\":7}" },
	{ true, true, TW_RULE_GREATER, "", "7", "{\"f\":8}" },
	{ true, false, TW_RULE_GREATER, "", "7", "{\"f\":7}" },
	{ true, true, TW_RULE_GREATER, "", "-7", "{\"f\":-6}" },
	{ true, false, TW_RULE_GREATER, "", "-7", "{\"f\":-8}" },
	{ true, false, TW_RULE_NOT_EQUAL, "", "7", "{\"f\":7}" },
	{ false, false, TW_RULE_EQUAL, "", "seven", "{\"f\":7}" },
	{ true, true, TW_RULE_EQUAL, "", "service", "{\"f\":\"service\"}" },
	{ true, false, TW_RULE_EQUAL, "", "service", "{\"f\":\"services\"}" },
	{ false, false, TW_RULE_NOT_EQUAL, "", "service", "{\"f\":\"normal\"}" },
	{ false, false, TW_RULE_LESS, "", "7", "{\"f\":\"6\"}" },
	{ true, false, TW_RULE_LESS, "", "7", "{\"f\":\"6\"}" }, /* texts have no order */
	{ true, false, TW_RULE_GREATER, "", "7", "{\"f\":\"8\"}" },
	{ false, false, TW_RULE_EQUAL, "user", "on", "{\"f\":true}" },
	{ false, true, TW_RULE_EQUAL, "operator", "on", "{\"f\":true}" }, /* does not concern him */
	{ false, true, TW_RULE_EQUAL, "guest", "on", "{\"f\":true}" },    /* which he is only by what user inherits */
	{ false, false, TW_RULE_EQUAL, "account", "on", "{\"f\":true}" },
};

static void test_rules(void **state)
{
	for (size_t i = 0; i < TW_COUNT(judged); i++) {
		const struct tw_rule_def d = { "lock", judged[i].require, "use", judged[i].role, "f", judged[i].is, judged[i].value };
		TW_CLEANUP(tw_gate_freep) tw_gate *g = NULL;
		TW_CLEANUP(tw_jsonp) json_t *facts = NULL;
		struct tw_subject s = { .kind = TW_SUBJECT_ACCOUNT };
		struct tw_ask ask = { .subject = &s, .permission = "use", .when = TW_WHEN_ALWAYS };

		CHECK_OK(rule_gate(&d, 1, &g));
		if (judged[i].facts)
			CHECK_OK(tw_json_parse(tw_slice_of(judged[i].facts), 100, &facts));
		ask.facts = facts;
		tw_role_set_add(&s.roles, USER);
		struct tw_decision got = tw_gate_authorize(g, &ask);
		if (got.verdict != (judged[i].passes ? TW_ALLOW : TW_DENY_RULE) || strcmp(got.by, judged[i].passes ? "user" : "lock") != 0)
			fail_msg("row %zu: %d, %s", i, got.verdict, got.rule);
		CHECK_TEXT(got.rule, judged[i].passes ? "gate.granted" : "gate.rule");
		ask.could = true;
		CHECK_INT(tw_gate_authorize(g, &ask).verdict, TW_ALLOW);
		s.roles = (struct tw_role_set){ { 0 } }; /* and no rule gives anything */
		CHECK_INT(tw_gate_authorize(g, &ask).verdict, TW_DENY_PERMISSION);
	}
}

static void test_rules_stand_with_their_permission(void **state)
{
	const struct tw_rule_def some[] = { { "c", false, "use", "", "f.c", TW_RULE_EQUAL, "on" },
		{ "z", false, "administer", "", "f.z", TW_RULE_EQUAL, "on" }, { "a", false, "use", "", "f.a", TW_RULE_EQUAL, "on" },
		{ "b", false, "see", "", "f.b", TW_RULE_EQUAL, "on" } };
	TW_CLEANUP(tw_gate_freep) tw_gate *g = NULL;

	CHECK_OK(rule_gate(some, TW_COUNT(some), &g));
	CHECK_TEXT(tw_gate_fact(g, "use", 0), "f.a");
	CHECK_TEXT(tw_gate_fact(g, "use", 1), "f.c");
	CHECK(!tw_gate_fact(g, "use", 2) && !tw_gate_fact(g, "operate", 0) && !tw_gate_fact(g, "nothing", 0) && !tw_gate_fact(g, NULL, 0));
	CHECK_TEXT(tw_gate_fact(g, "administer", 0), "f.z");
	CHECK_TEXT(tw_gate_fact(g, "see", 0), "f.b");
}

/* Only accounts and owners bring roles; the owner's own is his by his kind. */
static void test_subjects(void **state)
{
	struct tw_subject s = { .roles = { { ~UINT64_C(0), ~UINT64_C(0) } } };

	for (int kind = 0; kind < TW_SUBJECT_KINDS; kind++) {
		bool brings = kind == TW_SUBJECT_ACCOUNT || kind == TW_SUBJECT_OWNER;
		s.kind = (enum tw_subject_kind)kind;
		struct tw_role_set held = tw_subject_roles(&s);
		for (int role = 0; role < TW_ROLES_MAX; role++)
			CHECK_INT(tw_role_set_has(&held, role),
				role == kind || (brings && (role == TW_SUBJECT_OWNER || role >= TW_SUBJECT_KINDS)));
	}
	CHECK(!tw_role_set_has(&s.roles, -1) && !tw_role_set_has(&s.roles, TW_ROLES_MAX));
	s.roles = (struct tw_role_set){ { 0 } };
	tw_role_set_add(&s.roles, -1);
	tw_role_set_add(&s.roles, TW_ROLES_MAX);
	tw_role_set_add(&s.roles, 64);
	CHECK(s.roles.bits[0] == 0 && s.roles.bits[1] == 1);
}

static void test_out_of_memory(void **state)
{
	const struct tw_role_def d = { "night", false, WORDS("user"), NONE };
	const struct tw_gate_source s = {
		.roles = built_in, .grants = grants, .added = &d, .added_count = 1, .rules = &rules[0].d, .rule_count = 1
	};

	tw_fake *f = tw_fake_new();
	bool fired = true;
	long k;

	for (k = 1; fired; k++) {
		tw_gate *g = NULL;

		tw_fake_fail(f, k, ENOMEM, false);
		tw_err e = tw_gate_compile(tw_fake_sys(f), &s, &g);
		fired = tw_fake_fired(f);
		CHECK(fired == tw_is(e, TW_CODE_NOMEM) && tw_failed(e) == !g);
		(void)tw_gate_free(g);
	}
	CHECK(k > 4);
	(void)tw_fake_free(f);
}

/* @nist LA.AIM.1: a list frees what the rows let be free, takes that away where it is not on it, and does nothing else */
static void test_without_login(void **state)
{
	static const struct tw_grant_row rows[] = { { "see", BIT(GUEST) | BIT(TW_SUBJECT_ANYONE), false, true },
		{ "see.more", BIT(GUEST) | BIT(TW_SUBJECT_LOCAL), false, true }, { "administer", BIT(ADMIN) },
		{ "log.in", BIT(TW_SUBJECT_ANYONE), true }, { .permission = NULL } };
	static const struct {
		const char *list, *permission;
		enum tw_subject_kind kind;
		bool may;
	} cases[] = {
		{ NULL, "see", TW_SUBJECT_ANYONE, true },
		{ NULL, "see.more", TW_SUBJECT_ANYONE, false },
		{ "", "see", TW_SUBJECT_ANYONE, false },
		{ "see.more", "see", TW_SUBJECT_ANYONE, false },
		{ "see.more", "see.more", TW_SUBJECT_ANYONE, true },
		{ "see.more", "see.more", TW_SUBJECT_ACCOUNT, true },
		{ "", "see.more", TW_SUBJECT_ACCOUNT, false },
		{ "", "see.more", TW_SUBJECT_LOCAL, true },
		{ "administer see", "administer", TW_SUBJECT_ANYONE, false },
		{ "administer see", "see", TW_SUBJECT_ANYONE, true },
		{ "see see.more", "see.more", TW_SUBJECT_ANYONE, true },
		{ "xsee see.morex", "see", TW_SUBJECT_ANYONE, false },
		{ "xsee see.morex", "see.more", TW_SUBJECT_ANYONE, false },
		{ "", "log.in", TW_SUBJECT_ANYONE, true },
	};

	for (size_t i = 0; i < TW_COUNT(cases); i++) {
		TW_CLEANUP(tw_gate_freep) tw_gate *g = NULL;
		const struct tw_subject s = { .door = cases[i].kind == TW_SUBJECT_LOCAL ? TW_DOOR_LOCAL : TW_DOOR_HTTPS,
			.kind = cases[i].kind };

		CHECK_OK(tw_gate_compile(tw_sys_real(),
			&(struct tw_gate_source){ .roles = built_in, .grants = rows, .without_login = cases[i].list }, &g));
		const struct tw_ask ask = { .subject = &s, .permission = cases[i].permission, .when = TW_WHEN_ALWAYS };
		if ((tw_gate_authorize(g, &ask).verdict == TW_ALLOW) != cases[i].may)
			fail_msg("row %zu", i);
		CHECK(tw_gate_may_be_free(g, "see") && !tw_gate_may_be_free(g, "log.in") && !tw_gate_may_be_free(g, "none"));
	}
}

CHECK_MAIN(cmocka_unit_test(test_without_login), cmocka_unit_test(test_hierarchy), cmocka_unit_test(test_covers),
	cmocka_unit_test(test_roles), cmocka_unit_test(test_a_ring_of_roles), cmocka_unit_test(test_limits),
	cmocka_unit_test(test_permissions), cmocka_unit_test(test_rule_forms), cmocka_unit_test(test_rules),
	cmocka_unit_test(test_rules_stand_with_their_permission), cmocka_unit_test(test_subjects), cmocka_unit_test(test_out_of_memory))
