/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate: one function, no state, no I/O, so that every combination there is can be tried (test/matrix).
 *
 * Deny is the default at every step. The order is chosen so that an answer says nothing a stranger may not know: whether the
 * unit has an owner is public (commissioning.read tells), what it can do is public (the OpenAPI document), who may do it is not
 * asked before both are settled.
 */
#include "service/path/path.h"

#define KIND(k) (1u << TW_SUBJECT_##k)

/* Which kinds of subject a door can produce at all. A subject from the wrong door is our own fault or an attack: refused. */
static const unsigned door_kinds[] = {
	[TW_DOOR_HTTPS] = KIND(ANYONE) | KIND(OWNER) | KIND(PEER),
	[TW_DOOR_LOCAL] = KIND(ANYONE) | KIND(OWNER) | KIND(LOCAL) | KIND(APPLICATION),
	[TW_DOOR_CONSOLE] = KIND(CONSOLE),
	[TW_DOOR_EVENT] = KIND(ANYONE) | KIND(APPLICATION),
	[TW_DOOR_INTERNAL] = KIND(DEVICE),
};

static bool kind_fits_door(const struct tw_subject *s)
{
	if ((unsigned)s->door >= TW_COUNT(door_kinds) || (unsigned)s->kind >= TW_SUBJECT_KINDS)
		return false;
	return door_kinds[s->door] & (1u << s->kind);
}

static bool granted(const struct tw_grant_row *grants, enum tw_subject_kind kind, const char *permission)
{
	for (const struct tw_grant_row *g = grants; permission && g->permission; g++) {
		if (strcmp(g->permission, permission) == 0)
			return g->kinds & (1u << kind);
	}
	return false;
}

struct tw_decision tw_gate_authorize(
	const struct tw_grant_row *grants, const struct tw_subject *s, const char *permission, enum tw_when when, bool owned)
{
	if (!kind_fits_door(s))
		return (struct tw_decision){ TW_DENY_PERMISSION, "gate.door" };
	switch (when) {
	case TW_WHEN_OWNED:
		if (!owned)
			return (struct tw_decision){ TW_DENY_UNOWNED, "gate.not-owned" };
		break;
	case TW_WHEN_UNOWNED:
		if (owned)
			return (struct tw_decision){ TW_DENY_OWNED, "gate.owned" };
		break;
	case TW_WHEN_ALWAYS:
		break;
	default:
		return (struct tw_decision){ TW_DENY_PERMISSION, "gate.permission" };
	}
	if (granted(grants, s->kind, permission))
		return (struct tw_decision){ TW_ALLOW, "gate.granted" };
	if (s->kind == TW_SUBJECT_ANYONE)
		return (struct tw_decision){ TW_DENY_ANONYMOUS, "gate.anonymous" };
	return (struct tw_decision){ TW_DENY_PERMISSION, "gate.permission" };
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
