/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate: who may do what now. Compiled once from rows, then asked by every door; pure, so that every answer can be enumerated.
 *
 * A subject holds a set of roles. A permission is granted by one role that is held as a whole: what two roles have is never added
 * up, nor what one role has under another's conditions. What no row grants is refused; there are no wildcards.
 *
 * Who proves to be an account (kind ACCOUNT, or OWNER) brings its roles in tw_subject.roles: whoever authenticates sets them anew at
 * every request, from the account's assignments whose conditions hold at that moment:
 *
 *     for each assignment of the account
 *             if (!tw_condition_fails(&assignment.condition, &moment))
 *                     tw_role_set_add(&rq->subject.roles, tw_gate_role(c->gate, assignment.role));
 *
 * A session remembers its account and never its roles. A role that is gone is -1 and adds nothing. Everybody else holds one role,
 * which the kind of subject is by itself; an account holds "account" beside those it was assigned.
 *
 * Roles have numbers: first the kinds of subjects, then the built-in ones of grants.yaml, then the product's, then the organization's.
 * A number counts for the gate it came from and is kept nowhere.
 */
#ifndef TW_SERVICE_GATE_H
#define TW_SERVICE_GATE_H
#include "service/path/request.h"

#define TW_ROLE_NAME_MAX 40         /* of any role, in bytes */
#define TW_ROLE_PERMISSIONS_MAX 64  /* that one added role names itself; more it inherits */
#define TW_ROLE_INHERITS_MAX 8      /* that one role names */
#define TW_GATE_RULES_MAX 128       /* each is looked at by whoever asks for its permission */
#define TW_PERMISSION_NAME_MAX 64   /* of any permission, in bytes */
#define TW_GATE_PERMISSIONS_MAX 256 /* the device's own, the product's, actions and what may be shared */

static inline void tw_role_set_add(struct tw_role_set *s, int role) /* -1, no role, adds nothing */
{
	if (role >= 0 && role < TW_ROLES_MAX)
		s->bits[role / 64] |= UINT64_C(1) << (role % 64);
}
static inline bool tw_role_set_has(const struct tw_role_set *s, int role)
{
	return role >= 0 && role < TW_ROLES_MAX && (s->bits[role / 64] >> (role % 64) & 1);
}
static inline bool tw_role_sets_meet(const struct tw_role_set *a, const struct tw_role_set *b)
{
	return (a->bits[0] & b->bits[0]) | (a->bits[1] & b->bits[1]);
}

/* A role that the product (signed with its manifest) or the organization (by operation) adds. Texts are borrowed while compiling. */
struct tw_role_def {
	const char *name; /* the product's begin with "application.", the organization's have no dot */
	bool product;
	const char *const *inherits; /* roles of accounts: never owner; the product's: guest, user, operator and its own */
	size_t inherit_count;
	const char *const *permissions; /* none that only the owner holds; the product's: its own */
	size_t permission_count;
};
/* A permission of the product's: "application.setpoint", and which roles hold it. Or an action of the organization's, "action.night", or what it lets
   be shared with a recipient, "share.log.insurer", which these roles of accounts hold and no other, the owner's neither. */
struct tw_permission_def {
	const char *name;
	const char *const *roles;
	size_t role_count;
	bool action;
};
/* A rule of the organization: one fact decides. A rule only takes away; one that concerns a subject and says no wins over every role. */
enum tw_rule_test { TW_RULE_EQUAL, TW_RULE_NOT_EQUAL, TW_RULE_LESS, TW_RULE_GREATER };
struct tw_rule_def {
	const char *name;
	bool require;           /* refused unless the fact is so; else: refused when it is */
	const char *permission; /* exactly this one */
	const char *role;       /* whom it concerns: who holds this role, assigned to it; "": everybody */
	const char *fact;
	enum tw_rule_test is;
	const char *value;  /* "on" or "off", a number, or a text, as the fact is */
	bool spares_owners; /* it does not concern who holds the role owner */
};
struct tw_gate_source {
	const struct tw_built_in_role *roles; /* ends with name NULL; NULL: the kinds of subjects alone */
	const struct tw_grant_row *grants;    /* ends with permission NULL */
	const struct tw_role_def *added;
	size_t added_count;
	const struct tw_permission_def *permissions; /* the product's */
	size_t permission_count;
	const struct tw_rule_def *rules;
	size_t rule_count;
	/* Permissions with blanks between that are held without login, of those that the rows let be free; other words give nothing. NULL: as the
	   rows say. */
	const char *without_login;
};

typedef struct tw_gate tw_gate;
/*
 * All or nothing. The detail names what does not fit: SYNTAX a name, EXISTS a role, permission or rule twice, NOTFOUND a role or
 * permission that is not there, DENIED what may not be added, STATE a role that inherits itself, LIMIT too many.
 */
tw_err tw_gate_compile(const struct tw_sys *sys, const struct tw_gate_source *s, tw_gate **ret);
tw_gate *tw_gate_free(tw_gate *g);
TW_DEFINE_FREEP(tw_gate, tw_gate_free)

int tw_gate_role(const tw_gate *g, const char *name);      /* its number; -1: there is none */
const char *tw_gate_role_name(const tw_gate *g, int role); /* NULL: there is none */
size_t tw_gate_role_count(const tw_gate *g);
bool tw_gate_assignable(const tw_gate *g, int role);             /* to an account; what a door makes of somebody is not */
bool tw_gate_role_within(const tw_gate *g, int role, int other); /* is it the other, or inherits it? */
/* Does one who holds these roles hold every permission that role has? Nobody gives, or makes, what he does not hold. */
bool tw_gate_covers(const tw_gate *g, const struct tw_role_set *held, int role);
const char *tw_gate_permission_name(const tw_gate *g, size_t i);           /* in the order of their names; NULL: no more */
bool tw_gate_may_be_free(const tw_gate *g, const char *permission);        /* could the organization permit it without login? */
bool tw_gate_unruled(const tw_gate *g, const char *permission);            /* can no rule of the organization stand before it? */
bool tw_gate_role_may(const tw_gate *g, int role, const char *permission); /* by itself or what it inherits; rules apart */
struct tw_role_set tw_subject_roles(const struct tw_subject *s);           /* what it holds: its kind's, and an account's */

enum tw_verdict { TW_ALLOW, TW_DENY_ANONYMOUS, TW_DENY_PERMISSION, TW_DENY_UNOWNED, TW_DENY_OWNED, TW_DENY_RULE };
struct tw_decision {
	enum tw_verdict verdict;
	const char *rule; /* "gate.permission" */
	const char *by; /* the role that grants it, or the organization's rule that refuses; NULL: neither. Borrowed from the gate */
};
struct tw_ask {
	const struct tw_subject *subject;
	const char *permission;
	enum tw_when when;
	bool owned;
	bool could;          /* whether it could ever be: rules of the organization are taken to let it pass */
	const json_t *facts; /* an object, what tw_gate_fact names; one that is not there refuses */
};
struct tw_decision tw_gate_authorize(const tw_gate *g, const struct tw_ask *a);
/* The i-th fact that a rule about this permission reads; NULL: no more. One may come twice. */
const char *tw_gate_fact(const tw_gate *g, const char *permission, size_t i);
#endif
