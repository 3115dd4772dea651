/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the gate everything there is to ask and prints each answer: operation, kind of subject, door, owned or not, verdict; of an
 * account with each role that can be assigned ("account:admin"), and with each two of them ("account:admin+auditor"). The
 * rows and grants are the device's own, and what the example product adds; what the answers should be stands in oracle.tsv, and `run`
 * compares.
 */
#include "base/err.h"
#include "device/grants.h"
#include "device/platform/device.h"
#include "product/compile.h"
#include "product/product.h"
#include "sys/real.h"

#include <stdio.h>

static const char *const kinds[] = { "anyone", "owner", "local", "console", "application", "device", "peer", "account", "provider",
	"button", "no-such-kind" };
static const char *const doors[] = { "https", "local", "console", "event", "internal", "button", "no-such-door" };
static const char *const verdicts[] = {
	[TW_ALLOW] = "allow", [TW_DENY_ANONYMOUS] = "deny-anonymous", [TW_DENY_PERMISSION] = "deny-permission", [TW_DENY_UNOWNED] = "deny-unowned", [TW_DENY_OWNED] = "deny-owned", [TW_DENY_RULE] = "deny-rule"
};

static tw_gate *gate;

static void ask(const char *name, const char *permission, enum tw_when when)
{
	for (unsigned kind = 0; kind < TW_COUNT(kinds); kind++) {
		for (unsigned door = 0; door < TW_COUNT(doors); door++) {
			for (int owned = 0; owned < 2; owned++) {
				struct tw_subject s = { .door = (enum tw_door)door, .kind = (enum tw_subject_kind)kind };
				struct tw_decision d = tw_gate_authorize(gate,
					&(struct tw_ask){ .subject = &s, .permission = permission, .when = when, .owned = owned });
				printf("%s\t%s\t%s\t%s\t%s\t%s\n", name, kinds[kind], doors[door], owned ? "owned" : "unowned",
					verdicts[d.verdict], d.rule);
			}
		}
	}
}

static void ask_as(const char *name, const char *permission, enum tw_when when, int first, int second)
{
	struct tw_subject s = { .kind = TW_SUBJECT_ACCOUNT };
	bool two = first != second;

	tw_role_set_add(&s.roles, first);
	tw_role_set_add(&s.roles, second);
	for (unsigned door = 0; door < (two ? 1 : TW_COUNT(doors)); door++) {
		for (int owned = 0; owned < 2; owned++) {
			s.door = (enum tw_door)door;
			struct tw_decision d = tw_gate_authorize(
				gate, &(struct tw_ask){ .subject = &s, .permission = permission, .when = when, .owned = owned });
			printf("%s\taccount:%s%s%s\t%s\t%s\t%s\t%s\n", name, tw_gate_role_name(gate, first), two ? "+" : "",
				two ? tw_gate_role_name(gate, second) : "", doors[door], owned ? "owned" : "unowned",
				verdicts[d.verdict], d.rule);
		}
	}
}

static void ask_accounts(const char *name, const char *permission, enum tw_when when)
{
	int count = (int)tw_gate_role_count(gate);

	for (int first = 0; first < count; first++)
		for (int second = first; second < count; second++)
			if (tw_gate_assignable(gate, first) && tw_gate_assignable(gate, second))
				ask_as(name, permission, when, first, second);
}

static tw_err read_product(const struct tw_sys *sys, tw_manifest_doc **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *product = NULL;
	TW_CLEANUP(tw_jsonp) json_t *payload = NULL;
	struct tw_problems problems;

	TW_TRY(tw_problems_init(&problems, TW_PRODUCT_FILE));
	tw_err e = tw_product_read(sys, tw_slice_of(tw_product_example), &problems, &product);
	tw_problems_done(&problems);
	TW_TRY(e);
	TW_TRY(tw_product_compile(sys, product, &(struct tw_product_choice){ 0 }, &payload));
	return tw_manifest_read(sys, payload, ret);
}

static tw_err compile(const struct tw_sys *sys, const struct tw_manifest *m)
{
	struct tw_role_def roles[TW_MANIFEST_ROLES];
	struct tw_permission_def permissions[TW_MANIFEST_PERMISSIONS];

	for (size_t i = 0; i < m->role_count; i++)
		roles[i] = (struct tw_role_def){ m->roles[i].name, true, m->roles[i].inherits, m->roles[i].inherit_count, NULL, 0 };
	for (size_t i = 0; i < m->permission_count; i++)
		permissions[i] = (struct tw_permission_def){ m->permissions[i].name, m->permissions[i].roles, m->permissions[i].role_count };
	const struct tw_gate_source source = { .roles = tw_built_in_roles,
		.grants = tw_grants,
		.added = roles,
		.added_count = m->role_count,
		.permissions = permissions,
		.permission_count = m->permission_count };
	return tw_gate_compile(sys, &source, &gate);
}

int main(void)
{
	TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *product = NULL;

	tw_json_use(tw_sys_real());
	if (tw_failed(read_product(tw_sys_real(), &product)) || tw_failed(compile(tw_sys_real(), tw_manifest_of(product))))
		return 1;
	for (const struct tw_part *p = tw_parts; p->capability; p++) {
		for (const struct tw_operation_row *o = p->capability->operations; o->name; o++) {
			ask(o->name, o->permission, o->when);
			ask_accounts(o->name, o->permission, o->when);
		}
	}
	/* The event door has no operations: it asks for these by name. */
	ask("application.event", "application.event", TW_WHEN_ALWAYS);
	ask("application.health", "application.health", TW_WHEN_ALWAYS);
	ask("application.setting", "application.setting", TW_WHEN_ALWAYS);
	ask("application.crypto", "application.crypto", TW_WHEN_ALWAYS);
	ask("application.authorize", "application.authorize", TW_WHEN_ALWAYS);
	ask("provider.answer", "provider.answer", TW_WHEN_ALWAYS);
	ask("provider.join", "provider.join", TW_WHEN_ALWAYS);
	ask("provider.show", "provider.show", TW_WHEN_ALWAYS);
	ask("provider.link", "provider.link", TW_WHEN_ALWAYS);
	ask("provider.services", "provider.services", TW_WHEN_ALWAYS);
	for (size_t i = 0; i < tw_manifest_of(product)->permission_count; i++) {
		const char *name = tw_manifest_of(product)->permissions[i].name;

		ask(name, name, TW_WHEN_ALWAYS);
		ask_accounts(name, name, TW_WHEN_ALWAYS);
	}
	/* What nobody was ever granted. */
	ask("no.such.permission", "no.such.permission", TW_WHEN_ALWAYS);
	ask("no.permission.at.all", NULL, TW_WHEN_ALWAYS);
	ask("no.such.state", "health.read", (enum tw_when)7);
	(void)tw_gate_free(gate);
	return 0;
}
