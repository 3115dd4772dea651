/* SPDX-License-Identifier: Apache-2.0 */
/* @nist DI.ABI.1: the owner's rules about devices, one row for each way they can be written; and the gate by itself. The device's grants stand in test/matrix. */
#include "service/path/path.h"

#include "check.h"
#include "sys/real.h"

#define OPS "urn:dev:ops:32473-"
#define A OPS "lamp-A"
#define SELF OPS "thermostat-1"

static const struct {
	const char *pattern, *identifier;
	bool fits;
} patterns[] = {
	{ A, A, true },
	{ A, OPS "lamp-B", false },
	{ A, OPS "lamp-A1", false },
	{ A, OPS "lamp-A-1", false }, /* a serial may hold hyphens: another unit */
	{ OPS "lamp-A-1", OPS "lamp-A-1-2", false },
	{ OPS "lamp", A, true },
	{ OPS "lamp", OPS "lamp2-A", false },
	{ OPS "lam", A, false },
	{ OPS "lamp-", A, false },
	{ "urn:dev:ops:32473", A, false }, /* a maker is no class */
	{ "", A, false },
	{ "*", A, false },
	{ OPS "LAMP", A, false },
};

static void test_patterns(void **state)
{
	for (size_t i = 0; i < TW_COUNT(patterns); i++)
		if (tw_policy_fits(patterns[i].pattern, patterns[i].identifier) != patterns[i].fits)
			fail_msg("'%s' and %s", patterns[i].pattern, patterns[i].identifier);
}

static const struct tw_policy_rule rules[] = {
	{ "a-reads", A, "", "identity.read", true },
	{ "lamps-elsewhere", OPS "lamp", OPS "boiler", "settings.list", true },
	{ "lamps-here", OPS "lamp", SELF, "capabilities.read", true },
	{ "no-b", OPS "lamp-B", OPS "thermostat", "capabilities.read", false },
	{ "all-but-c", OPS "lamp", "", "health.read", true },
	{ "not-c", OPS "lamp-C", "", "health.read", false },
	{ "lamps-read-too", OPS "lamp", "", "identity.read", true },
};

static const struct {
	const char *peer, *operation;
	int decided;
} cases[] = {
	{ A, "identity.read", 0 },
	{ OPS "lamp-B", "identity.read", 6 }, /* A is told the first that admits it */
	{ A, "identity.statement", -1 },      /* one operation, not those that begin alike */
	{ A, "identity", -1 },
	{ A, "settings.list", -1 }, /* counts on boilers */
	{ A, "capabilities.read", 2 },
	{ OPS "lamp-B", "capabilities.read", 3 }, /* admitted by one, forbidden by another */
	{ OPS "lamp-B", "health.read", 4 },
	{ OPS "lamp-C", "health.read", 5 },
	{ "anyone", "health.read", -1 },
	{ "", "health.read", -1 },
};

static void test_rules(void **state)
{
	for (size_t i = 0; i < TW_COUNT(cases); i++)
		CHECK_INT(tw_gate_policy(rules, TW_COUNT(rules), cases[i].peer, SELF, cases[i].operation), cases[i].decided);
	CHECK_INT(tw_gate_policy(NULL, 0, A, SELF, "identity.read"), -1);
	/* A device that does not know who it is, is no rule's target. */
	CHECK_INT(tw_gate_policy(rules, TW_COUNT(rules), A, "", "capabilities.read"), -1);
}

#define BIT(k) (1u << TW_SUBJECT_##k)
static const struct tw_grant_row grants[] = { { "any", BIT(ANYONE) | BIT(OWNER) }, { "own", BIT(OWNER) | BIT(PEER) },
	{ "local", BIT(LOCAL) }, { "console", BIT(CONSOLE) }, { "device", BIT(DEVICE) }, { "account", BIT(ACCOUNT) },
	{ "button", BIT(BUTTON) }, { .permission = NULL } };

static const struct {
	enum tw_door door;
	enum tw_subject_kind kind;
	const char *permission;
	int when; /* enum tw_when, or none of it */
	bool owned;
	enum tw_verdict verdict;
	const char *rule;
} gates[] = {
	{ TW_DOOR_HTTPS, TW_SUBJECT_ANYONE, "any", TW_WHEN_ALWAYS, false, TW_ALLOW, "gate.granted" },
	{ TW_DOOR_HTTPS, TW_SUBJECT_ANYONE, "own", TW_WHEN_ALWAYS, true, TW_DENY_ANONYMOUS, "gate.anonymous" },
	{ TW_DOOR_HTTPS, TW_SUBJECT_PEER, "any", TW_WHEN_ALWAYS, true, TW_DENY_PERMISSION, "gate.permission" },
	{ TW_DOOR_HTTPS, TW_SUBJECT_OWNER, "own", TW_WHEN_ALWAYS, true, TW_ALLOW, "gate.granted" },
	{ TW_DOOR_HTTPS, TW_SUBJECT_OWNER, "ow", TW_WHEN_ALWAYS, true, TW_DENY_PERMISSION, "gate.permission" },
	{ TW_DOOR_HTTPS, TW_SUBJECT_OWNER, "", TW_WHEN_ALWAYS, true, TW_DENY_PERMISSION, "gate.permission" },
	{ TW_DOOR_HTTPS, TW_SUBJECT_OWNER, NULL, TW_WHEN_ALWAYS, true, TW_DENY_PERMISSION, "gate.permission" }, /* a row without one */
	{ TW_DOOR_HTTPS, TW_SUBJECT_OWNER, "own", TW_WHEN_OWNED, true, TW_ALLOW, "gate.granted" },
	{ TW_DOOR_HTTPS, TW_SUBJECT_OWNER, "own", TW_WHEN_OWNED, false, TW_DENY_UNOWNED, "gate.not-owned" },
	{ TW_DOOR_HTTPS, TW_SUBJECT_OWNER, "own", TW_WHEN_UNOWNED, false, TW_ALLOW, "gate.granted" },
	{ TW_DOOR_HTTPS, TW_SUBJECT_OWNER, "own", TW_WHEN_UNOWNED, true, TW_DENY_OWNED, "gate.owned" },
	{ TW_DOOR_HTTPS, TW_SUBJECT_ANYONE, "none", TW_WHEN_OWNED, false, TW_DENY_UNOWNED, "gate.not-owned" }, /* public goes first */
	{ TW_DOOR_HTTPS, TW_SUBJECT_OWNER, "own", 77, true, TW_DENY_PERMISSION, "gate.permission" },
	{ TW_DOOR_LOCAL, TW_SUBJECT_LOCAL, "local", TW_WHEN_ALWAYS, true, TW_ALLOW, "gate.granted" },
	{ TW_DOOR_HTTPS, TW_SUBJECT_LOCAL, "local", TW_WHEN_ALWAYS, true, TW_DENY_PERMISSION, "gate.door" },
	{ TW_DOOR_CONSOLE, TW_SUBJECT_CONSOLE, "console", TW_WHEN_ALWAYS, true, TW_ALLOW, "gate.granted" },
	{ TW_DOOR_LOCAL, TW_SUBJECT_CONSOLE, "console", TW_WHEN_ALWAYS, true, TW_DENY_PERMISSION, "gate.door" },
	{ TW_DOOR_CONSOLE, TW_SUBJECT_ANYONE, "any", TW_WHEN_ALWAYS, true, TW_DENY_PERMISSION, "gate.door" },
	{ TW_DOOR_INTERNAL, TW_SUBJECT_DEVICE, "device", TW_WHEN_ALWAYS, true, TW_ALLOW, "gate.granted" },
	{ TW_DOOR_HTTPS, TW_SUBJECT_DEVICE, "device", TW_WHEN_ALWAYS, true, TW_DENY_PERMISSION, "gate.door" },
	{ TW_DOOR_BUTTON, TW_SUBJECT_BUTTON, "button", TW_WHEN_ALWAYS, true, TW_ALLOW, "gate.granted" },
	{ TW_DOOR_EVENT, TW_SUBJECT_BUTTON, "button", TW_WHEN_ALWAYS, true, TW_DENY_PERMISSION, "gate.door" },
	{ TW_DOOR_BUTTON, TW_SUBJECT_PROVIDER, "any", TW_WHEN_ALWAYS, true, TW_DENY_PERMISSION, "gate.door" },
	{ TW_DOOR_BUTTON, TW_SUBJECT_BUTTON, "console", TW_WHEN_ALWAYS, true, TW_DENY_PERMISSION, "gate.permission" },
	{ (enum tw_door)(TW_DOOR_BUTTON + 1), TW_SUBJECT_DEVICE, "device", TW_WHEN_ALWAYS, true, TW_DENY_PERMISSION, "gate.door" },
	{ TW_DOOR_HTTPS, TW_SUBJECT_ACCOUNT, "account", TW_WHEN_OWNED, true, TW_ALLOW, "gate.granted" },
	{ TW_DOOR_LOCAL, TW_SUBJECT_ACCOUNT, "account", TW_WHEN_OWNED, true, TW_ALLOW, "gate.granted" },
	{ TW_DOOR_HTTPS, TW_SUBJECT_ACCOUNT, "any", TW_WHEN_OWNED, true, TW_DENY_PERMISSION, "gate.permission" },
	{ TW_DOOR_HTTPS, TW_SUBJECT_ACCOUNT, "account", TW_WHEN_OWNED, false, TW_DENY_UNOWNED, "gate.not-owned" },
	{ TW_DOOR_CONSOLE, TW_SUBJECT_ACCOUNT, "account", TW_WHEN_ALWAYS, true, TW_DENY_PERMISSION, "gate.door" },
	{ TW_DOOR_EVENT, TW_SUBJECT_ACCOUNT, "account", TW_WHEN_ALWAYS, true, TW_DENY_PERMISSION, "gate.door" },
	{ TW_DOOR_INTERNAL, TW_SUBJECT_ACCOUNT, "account", TW_WHEN_ALWAYS, true, TW_DENY_PERMISSION, "gate.door" },
	{ TW_DOOR_HTTPS, TW_SUBJECT_KINDS, "any", TW_WHEN_ALWAYS, true, TW_DENY_PERMISSION, "gate.door" },
};

static void test_the_gate(void **state)
{
	TW_CLEANUP(tw_gate_freep) tw_gate *g = NULL;

	CHECK_OK(tw_gate_compile(tw_sys_real(), &(struct tw_gate_source){ .grants = grants }, &g));
	for (size_t i = 0; i < TW_COUNT(gates); i++) {
		const struct tw_subject s = { .door = gates[i].door, .kind = gates[i].kind };
		const struct tw_decision d = tw_gate_authorize(g,
			&(struct tw_ask){ .subject = &s,
				.permission = gates[i].permission,
				.when = (enum tw_when)gates[i].when,
				.owned = gates[i].owned });
		if (d.verdict != gates[i].verdict || strcmp(d.rule, gates[i].rule) != 0)
			fail_msg("row %zu: %d, %s", i, d.verdict, d.rule);
	}
}

/* What is no role is within none. */
static void test_a_role_that_is_none(void **state)
{
	TW_CLEANUP(tw_gate_freep) tw_gate *g = NULL;

	CHECK_OK(tw_gate_compile(tw_sys_real(), &(struct tw_gate_source){ .grants = grants }, &g));
	const int count = (int)tw_gate_role_count(g);
	CHECK(count > 0 && tw_gate_role_within(g, count - 1, count - 1));
	CHECK(!tw_gate_role_within(g, count, 0) && !tw_gate_role_within(g, 100000, 0) && !tw_gate_role_within(g, -1, 0));
}

CHECK_MAIN(cmocka_unit_test(test_the_gate), cmocka_unit_test(test_a_role_that_is_none), cmocka_unit_test(test_patterns),
	cmocka_unit_test(test_rules))
