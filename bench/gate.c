/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a decision costs on a device with many: 10,000 accounts, each assigned three of 100 roles, two of them under conditions; 60
 * permissions, 40 rules of the organization about them, and facts. Each decision is of another account and permission, so that little
 * of it is in the cache from the time before. Prints microseconds of processor time, the best of nine rounds: a decision as a whole
 * (which roles count now, then the gate), the gate alone, and compiling it.
 */
#include "service/path/condition.h"
#include "service/path/gate.h"
#include "sys/real.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ACCOUNTS 10000
#define ROLES 100 /* with the eight kinds of subjects and the built-in ones that the device has */
#define BUILT_IN 15
#define PERMISSIONS 60
#define RULES 40
#define ASSIGNED 3
#define ROUNDS 9
#define DECISIONS 200000

static char role_names[ROLES][16], permission_names[PERMISSIONS][16], rule_names[RULES][16];
static struct tw_built_in_role built_in[BUILT_IN + 1];
static struct tw_grant_row grants[PERMISSIONS + 1];
static struct tw_role_def added[ROLES - BUILT_IN];
static const char *inherits[ROLES - BUILT_IN][2], *permissions[ROLES - BUILT_IN][8];
static struct tw_rule_def rules[RULES];
static struct account {
	int role[ASSIGNED];
	struct tw_condition condition[ASSIGNED];
} accounts[ACCOUNTS];

static void must(tw_err e)
{
	if (!tw_failed(e))
		return;
	(void)fprintf(stderr, "%s: %s\n", tw_code_name(e.code), tw_err_detail());
	exit(1);
}

static unsigned draw(unsigned below)
{
	static uint64_t x = 88172645463325252ULL;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (unsigned)(x % below);
}

static void make_roles(void)
{
	static const char *const kinds[] = { "anyone", "owner", "local", "console", "application", "device", "peer", "account" };

	for (unsigned i = 0; i < BUILT_IN; i++) {
		(void)snprintf(role_names[i], sizeof role_names[i], "role-%u", i);
		built_in[i] = (struct tw_built_in_role){ i < TW_SUBJECT_KINDS ? kinds[i] : role_names[i],
			i > TW_SUBJECT_KINDS ? 1u << (i - 1) : 0, i >= TW_SUBJECT_KINDS, "" };
	}
	for (unsigned i = 0; i < PERMISSIONS; i++) {
		(void)snprintf(permission_names[i], sizeof permission_names[i], "thing-%u.change", i);
		grants[i] = (struct tw_grant_row){ permission_names[i], 1u << (TW_SUBJECT_KINDS + draw(BUILT_IN - TW_SUBJECT_KINDS)), false };
	}
	for (unsigned i = 0; i < ROLES - BUILT_IN; i++) {
		(void)snprintf(role_names[BUILT_IN + i], sizeof role_names[0], "team-%u", i);
		inherits[i][0] = role_names[TW_SUBJECT_KINDS + draw(BUILT_IN - TW_SUBJECT_KINDS)];
		inherits[i][1] = role_names[BUILT_IN + (i > 1 ? (i - 1) / 2 : 0)];
		for (unsigned k = 0; k < 8; k++)
			permissions[i][k] = permission_names[draw(PERMISSIONS)];
		added[i] = (struct tw_role_def){ role_names[BUILT_IN + i], false, inherits[i], i > 1 ? 2 : 1, permissions[i], 8 };
	}
	for (unsigned i = 0; i < RULES; i++) {
		(void)snprintf(rule_names[i], sizeof rule_names[i], "rule-%u", i);
		rules[i] = (struct tw_rule_def){ rule_names[i], true, permission_names[draw(PERMISSIONS)], "", "device.mode",
			TW_RULE_EQUAL, "normal" };
	}
}

static void make_accounts(void)
{
	static const char hours[] = "{\"days\":[\"mon\",\"tue\",\"wed\"],\"hours\":[\"06:00-12:00\",\"13:00-19:00\"],\"zone\":\"+01:00\"}";
	static const char networks[] = "{\"networks\":[\"192.0.2.0/24\",\"198.51.100.0/24\",\"2001:db8::/32\"],\"methods\":[\"password\"]}";
	struct tw_condition read[2];
	const char *const texts[] = { hours, networks };

	for (size_t i = 0; i < 2; i++) {
		json_t *j = NULL;

		must(tw_json_parse(tw_slice_of(texts[i]), 1000, &j));
		must(tw_condition_read(j, &read[i]));
		json_decref(j);
	}
	for (size_t i = 0; i < ACCOUNTS; i++) {
		for (size_t k = 0; k < ASSIGNED; k++)
			accounts[i].role[k] = TW_SUBJECT_KINDS + (int)draw(ROLES - TW_SUBJECT_KINDS);
		accounts[i].condition[1] = read[0];
		accounts[i].condition[2] = read[1];
	}
}

static double cpu_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static unsigned allowed;

static void decide(const tw_gate *g, const struct tw_moment *m, const json_t *facts, bool with_conditions)
{
	const struct account *a = &accounts[draw(ACCOUNTS)];
	struct tw_subject s = { .kind = TW_SUBJECT_ACCOUNT, .roles = { { 0 } } };

	for (size_t k = 0; k < ASSIGNED; k++)
		if (!with_conditions || !tw_condition_fails(&a->condition[k], m))
			tw_role_set_add(&s.roles, a->role[k]);
	const struct tw_ask ask = {
		.subject = &s, .permission = permission_names[draw(PERMISSIONS)], .when = TW_WHEN_OWNED, .owned = true, .facts = facts
	};
	allowed += tw_gate_authorize(g, &ask).verdict == TW_ALLOW;
}

static double round_of(const tw_gate *g, const json_t *facts, bool with_conditions)
{
	struct tw_moment m = { .wall_ms = INT64_C(1795428000000), .time_trusted = true, .methods = 1u << TW_METHOD_PASSWORD, .factors = 1 };
	double begun = cpu_us();

	must(tw_net_read("198.51.100.9", &m.source));
	for (unsigned i = 0; i < DECISIONS; i++)
		decide(g, &m, facts, with_conditions);
	return (cpu_us() - begun) / DECISIONS;
}

static double least(double a, double b)
{
	return a == 0 || b < a ? b : a;
}

int main(void)
{
	double whole = 0, alone = 0, compiling = 0;
	json_t *facts = json_pack("{s:s, s:b}", "device.mode", "normal", "time.trusted", 1);

	tw_json_use(tw_sys_real());
	make_roles();
	make_accounts();
	const struct tw_gate_source source = {
		.roles = built_in, .grants = grants, .added = added, .added_count = ROLES - BUILT_IN, .rules = rules, .rule_count = RULES
	};
	for (int i = 0; i < ROUNDS; i++) {
		tw_gate *g = NULL;
		double begun = cpu_us();

		must(tw_gate_compile(tw_sys_real(), &source, &g));
		compiling = least(compiling, cpu_us() - begun);
		whole = least(whole, round_of(g, facts, true));
		alone = least(alone, round_of(g, facts, false));
		(void)tw_gate_free(g);
	}
	if (!allowed || allowed == 2 * ROUNDS * DECISIONS)
		must(TW_RAISE(INTERNAL, "%u of all decisions allow: nothing was decided", allowed));
	json_decref(facts);
	(void)printf("%f %f %f\n", whole, alone, compiling);
	return 0;
}
