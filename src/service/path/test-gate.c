/* SPDX-License-Identifier: Apache-2.0 */
/* @nist DI.ABI.1: the owner's rules about devices, one row for each way they can be written. The grants stand in test/matrix. */
#include "service/path/path.h"

#include "check.h"

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
};

static const struct {
	const char *peer, *operation;
	int decided;
} cases[] = {
	{ A, "identity.read", 0 },
	{ OPS "lamp-B", "identity.read", -1 },
	{ A, "identity.statement", -1 }, /* one operation, not those that begin alike */
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

CHECK_MAIN(cmocka_unit_test(test_patterns), cmocka_unit_test(test_rules))
