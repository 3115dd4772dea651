/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking the gate: one function, no state, no I/O, so that every combination there is can be tried (test/matrix).
 *
 * Deny is the default at every step. The order is chosen so that an answer says nothing a stranger may not know: whether the
 * unit has an owner is public (commissioning.read tells), what it can do is public (the OpenAPI document), who may do it is not
 * asked before both are settled.
 */
#include "service/path/gate-inside.h"
#include "service/path/path.h"

#define KIND(k) (1u << TW_SUBJECT_##k)

/* @nist LA.AZ.2: which kinds of subject a door can produce at all. A subject from the wrong door is our own fault or an attack: refused. */
static const unsigned door_kinds[] = {
	[TW_DOOR_HTTPS] = KIND(ANYONE) | KIND(OWNER) | KIND(PEER) | KIND(ACCOUNT),
	[TW_DOOR_LOCAL] = KIND(ANYONE) | KIND(OWNER) | KIND(LOCAL) | KIND(APPLICATION) | KIND(ACCOUNT),
	[TW_DOOR_CONSOLE] = KIND(CONSOLE),
	[TW_DOOR_EVENT] = KIND(ANYONE) | KIND(APPLICATION) | KIND(PROVIDER),
	[TW_DOOR_INTERNAL] = KIND(DEVICE),
	[TW_DOOR_BUTTON] = KIND(BUTTON),
};

static bool kind_fits_door(const struct tw_subject *s)
{
	if ((unsigned)s->door >= TW_COUNT(door_kinds) || (unsigned)s->kind >= TW_SUBJECT_KINDS)
		return false;
	return door_kinds[s->door] & (1u << s->kind);
}

int tw_gate_role(const tw_gate *g, const char *name)
{
	for (size_t i = 0; i < g->role_count; i++)
		if (!strcmp(g->roles[i].name, name))
			return (int)i;
	return -1;
}

const char *tw_gate_role_name(const tw_gate *g, int role)
{
	return role >= 0 && (size_t)role < g->role_count ? g->roles[role].name : NULL;
}

size_t tw_gate_role_count(const tw_gate *g)
{
	return g->role_count;
}

bool tw_gate_assignable(const tw_gate *g, int role)
{
	return role >= 0 && (size_t)role < g->role_count && g->roles[role].assignable;
}

bool tw_gate_role_within(const tw_gate *g, int role, int other)
{
	return role >= 0 && (size_t)role < g->role_count && tw_role_set_has(&g->roles[role].within, other);
}

bool tw_gate_covers(const tw_gate *g, const struct tw_role_set *held, int role)
{
	if (role < 0 || (size_t)role >= g->role_count)
		return false;
	for (size_t i = 0; i < g->permission_count; i++)
		if (tw_role_set_has(&g->permissions[i].roles, role) && !tw_role_sets_meet(&g->permissions[i].roles, held))
			return false;
	return true;
}

const char *tw_gate_permission_name(const tw_gate *g, size_t i)
{
	return i < g->permission_count ? g->permissions[i].name : NULL;
}

const struct tw_gate_permission *tw_gate_permission_find(const tw_gate *g, const char *name)
{
	size_t low = 0, high = name ? g->permission_count : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(g->permissions[middle].name, name);

		if (order == 0)
			return &g->permissions[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool tw_gate_may_be_free(const tw_gate *g, const char *permission)
{
	const struct tw_gate_permission *p = tw_gate_permission_find(g, permission);

	return p && p->free;
}

bool tw_gate_unruled(const tw_gate *g, const char *permission)
{
	const struct tw_gate_permission *p = tw_gate_permission_find(g, permission);

	return p && p->unruled;
}

bool tw_gate_role_may(const tw_gate *g, int role, const char *permission)
{
	const struct tw_gate_permission *p = tw_gate_permission_find(g, permission);

	return p && tw_role_set_has(&p->roles, role);
}

/*
 * What a door makes of somebody, no account can bring along: only what is assigned counts of an account's.
 * @nist LA.RSM.4.4: so a process keeps the level of its kind, and a person that of his roles
 */
struct tw_role_set tw_subject_roles(const struct tw_subject *s)
{
	const uint64_t doors = (UINT64_C(1) << TW_SUBJECT_KINDS) - 1;
	struct tw_role_set held = { .bits = { 0 } };

	if (s->kind == TW_SUBJECT_ACCOUNT || s->kind == TW_SUBJECT_OWNER) {
		held = s->roles;
		held.bits[0] &= ~doors | KIND(OWNER);
	}
	tw_role_set_add(&held, (int)s->kind);
	return held;
}

/* @nist LA.RSM.4: the role that grants it as a whole: the first of those held. */
static const char *granting(const tw_gate *g, const struct tw_gate_permission *p, const struct tw_role_set *held)
{
	for (size_t i = 0; i < TW_COUNT(held->bits); i++) {
		uint64_t both = p->roles.bits[i] & held->bits[i];

		if (both)
			return tw_gate_role_name(g, (int)(i * 64) + __builtin_ctzll(both));
	}
	return NULL;
}

enum so { NO, YES, UNKNOWN };

static enum so compare(const struct tw_gate_rule *r, int order)
{
	switch (r->is) {
	case TW_RULE_EQUAL:
		return order == 0 ? YES : NO;
	case TW_RULE_NOT_EQUAL:
		return order != 0 ? YES : NO;
	case TW_RULE_LESS:
		return order < 0 ? YES : NO;
	case TW_RULE_GREATER:
		return order > 0 ? YES : NO;
	}
	return UNKNOWN;
}

static enum so judge(const struct tw_gate_rule *r, const json_t *fact)
{
	bool on = !strcmp(r->value, "on"), ordered = r->is == TW_RULE_LESS || r->is == TW_RULE_GREATER;

	if (json_is_integer(fact) && r->has_number)
		return compare(r, json_integer_value(fact) < r->number ? -1 : json_integer_value(fact) > r->number);
	if (json_is_boolean(fact) && !ordered && (on || !strcmp(r->value, "off")))
		return compare(r, json_is_true(fact) != on);
	if (json_is_string(fact) && !ordered)
		return compare(r, strcmp(json_string_value(fact), r->value));
	return UNKNOWN;
}

/*
 * What the organization's rules say of this permission now; what cannot be known refuses
 * @nist LA.RSM.7: the facts are those of this request, so what was granted a moment ago may be refused
 */
static const struct tw_gate_rule *refusing(const tw_gate *g, const struct tw_gate_permission *p, const struct tw_role_set *held,
	const struct tw_role_set *given, const json_t *facts)
{
	for (size_t i = 0; i < p->rule_count; i++) {
		const struct tw_gate_rule *r = &g->rules[p->first_rule + i];

		if (r->role >= 0 && !tw_role_set_has(held, r->role) && !tw_role_set_has(given, r->role))
			continue;
		if (r->spares_owners && tw_role_set_has(held, TW_SUBJECT_OWNER))
			continue;
		enum so so = judge(r, facts ? json_object_get(facts, r->fact) : NULL);
		if (so == UNKNOWN || (so == YES) != r->require)
			return r;
	}
	return NULL;
}

const char *tw_gate_fact(const tw_gate *g, const char *permission, size_t i)
{
	const struct tw_gate_permission *p = tw_gate_permission_find(g, permission);

	return p && i < p->rule_count ? g->rules[p->first_rule + i].fact : NULL;
}

static struct tw_decision decide(const tw_gate *g, const struct tw_ask *a)
{
	const struct tw_gate_permission *p = tw_gate_permission_find(g, a->permission);
	struct tw_role_set held = tw_subject_roles(a->subject);
	const char *role = p ? granting(g, p, &held) : NULL;

	/* @nist LA.AS.1: whoever has proven nothing is told to log in, whatever it is, unless it is granted to anyone */
	if (!role && a->subject->kind == TW_SUBJECT_ANYONE)
		return (struct tw_decision){ TW_DENY_ANONYMOUS, "gate.anonymous", NULL };
	/* @nist LA.RSM.5: what no role of his grants he may not, so who was given none may nothing */
	if (!role)
		return (struct tw_decision){ TW_DENY_PERMISSION, "gate.permission", NULL };
	const struct tw_gate_rule *r = a->could ? NULL : refusing(g, p, &held, &a->subject->given, a->facts);
	if (r)
		return (struct tw_decision){ TW_DENY_RULE, "gate.rule", r->name };
	return (struct tw_decision){ TW_ALLOW, "gate.granted", role };
}

/* @nist LA.RSM.9: one place knows who is authorized, and is asked at every use */
struct tw_decision tw_gate_authorize(const tw_gate *g, const struct tw_ask *a)
{
	if (!kind_fits_door(a->subject))
		return (struct tw_decision){ TW_DENY_PERMISSION, "gate.door", NULL };
	switch (a->when) {
	case TW_WHEN_OWNED:
		if (!a->owned)
			return (struct tw_decision){ TW_DENY_UNOWNED, "gate.not-owned", NULL };
		break;
	case TW_WHEN_UNOWNED:
		if (a->owned)
			return (struct tw_decision){ TW_DENY_OWNED, "gate.owned", NULL };
		break;
	case TW_WHEN_ALWAYS:
		break;
	default:
		return (struct tw_decision){ TW_DENY_PERMISSION, "gate.permission", NULL };
	}
	return decide(g, a);
}

/* A class has no hyphen of its own, a serial may: so a pattern with one hyphen is a class, and any other is a whole identifier. */
bool tw_policy_fits(const char *pattern, const char *identifier)
{
	size_t size = strlen(pattern);
	const char *hyphen = strchr(pattern, '-');

	if (strncmp(pattern, identifier, size) != 0)
		return false;
	return identifier[size] == '\0' || (identifier[size] == '-' && hyphen && !strchr(hyphen + 1, '-'));
}

/* @nist DI.ABI.1: rules name device identities, as subject and as target; what no rule admits is refused */
int tw_gate_policy(const struct tw_policy_rule *rules, size_t count, const char *peer, const char *self, const char *operation)
{
	int admitted = -1;

	for (size_t i = 0; i < count; i++) {
		const struct tw_policy_rule *r = &rules[i];

		if (strcmp(r->operation, operation) != 0 || !tw_policy_fits(r->subject, peer) ||
			(r->target[0] && !tw_policy_fits(r->target, self)))
			continue;
		if (!r->allow)
			return (int)i;
		if (admitted < 0)
			admitted = (int)i;
	}
	return admitted;
}
