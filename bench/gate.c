/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a decision costs on a device with many: its own roles, grants and operations, and 100 roles with what an organization added; 10,000
 * accounts, each assigned three of them, two under conditions; 40 rules of the organization, and facts. Each decision is of another
 * account and operation, so that little of it is in the cache from the time before. Prints microseconds of processor time, the best of nine
 * rounds: a decision as a whole (which roles count now, then the gate), the gate alone, and compiling it. What the store takes to tell an
 * account's roles is no part of it.
 */
#include "device/grants.h"
#include "device/platform/device.h"
#include "service/path/condition.h"
#include "service/path/gate.h"
#include "sys/real.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ACCOUNTS 10000
#define ROLES 100 /* with the eight kinds of subjects and the built-in ones */
#define OPERATIONS_MAX 512
#define RULES 40
#define ASSIGNED 3
#define ROUNDS 9
#define DECISIONS 200000

static const struct tw_operation_row *operations[OPERATIONS_MAX];
static unsigned operation_count, added_count;
static char role_names[ROLES][16], rule_names[RULES][16];
static struct tw_role_def added[ROLES];
static const char *inherits[ROLES][2], *permissions[ROLES][8];
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

static void find_operations(void)
{
	for (const struct tw_part *p = tw_parts; p->capability; p++)
		for (const struct tw_operation_row *o = p->capability->operations; o->name; o++)
			if (o->path && *o->path && operation_count < OPERATIONS_MAX)
				operations[operation_count++] = o;
}

/* Whether a role of an organization may have it: one that the device brings has it already, other than the owner's. */
static bool may_be_given(const struct tw_grant_row *g)
{
	for (unsigned i = 0; tw_built_in_roles[i].name; i++)
		if (tw_built_in_roles[i].assignable && strcmp(tw_built_in_roles[i].name, "owner") && (g->roles & 1u << i))
			return true;
	return false;
}

static const char *some_permission(unsigned count)
{
	const struct tw_grant_row *g;

	do
		g = &tw_grants[draw(count)];
	while (g->unruled || !may_be_given(g));
	return g->permission;
}

/* One that can be assigned and inherited, of those the device brings: an owner's rights are nobody else's. */
static const char *some_role(unsigned built_in)
{
	const struct tw_built_in_role *r;

	do
		r = &tw_built_in_roles[draw(built_in)];
	while (!r->assignable || !strcmp(r->name, "owner"));
	return r->name;
}

static void make_roles(void)
{
	unsigned built_in = 0, granted = 0;

	while (tw_grants[granted].permission)
		granted++;
	while (tw_built_in_roles[built_in].name)
		built_in++;
	added_count = ROLES - built_in;
	for (unsigned i = 0; i < added_count; i++) {
		(void)snprintf(role_names[i], sizeof role_names[i], "team-%u", i);
		inherits[i][0] = some_role(built_in);
		inherits[i][1] = role_names[i > 1 ? (i - 1) / 2 : 0];
		for (unsigned k = 0; k < 8; k++)
			permissions[i][k] = some_permission(granted);
		added[i] = (struct tw_role_def){ role_names[i], false, inherits[i], i > 1 ? 2 : 1, permissions[i], 8 };
	}
	for (unsigned i = 0; i < RULES; i++) {
		(void)snprintf(rule_names[i], sizeof rule_names[i], "rule-%u", i);
		rules[i] = (struct tw_rule_def){ rule_names[i], true, some_permission(granted), "", "device.mode", TW_RULE_EQUAL, "normal" };
	}
}

static int assignable(const tw_gate *g)
{
	int role;

	do
		role = (int)draw((unsigned)tw_gate_role_count(g));
	while (!tw_gate_assignable(g, role));
	return role;
}

static void make_accounts(const tw_gate *g)
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
			accounts[i].role[k] = assignable(g);
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
	const struct tw_operation_row *o = operations[draw(operation_count)];
	const struct tw_ask ask = { .subject = &s, .permission = o->permission, .when = o->when, .owned = true, .facts = facts };
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
	find_operations();
	make_roles();
	const struct tw_gate_source source = {
		.roles = tw_built_in_roles, .grants = tw_grants, .added = added, .added_count = added_count, .rules = rules, .rule_count = RULES
	};
	for (int i = 0; i < ROUNDS; i++) {
		tw_gate *g = NULL;
		double begun = cpu_us();

		must(tw_gate_compile(tw_sys_real(), &source, &g));
		compiling = least(compiling, cpu_us() - begun);
		if (i == 0)
			make_accounts(g);
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
