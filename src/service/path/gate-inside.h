/* SPDX-License-Identifier: Apache-2.0 */
/* What a compiled gate is, for the file that makes it and the one that asks it. */
#ifndef TW_SERVICE_GATE_INSIDE_H
#define TW_SERVICE_GATE_INSIDE_H
#include "service/path/gate.h"

#define TW_RULE_NAME_MAX 32
#define TW_RULE_VALUE_MAX 64

struct tw_gate_role {
	char name[TW_ROLE_NAME_MAX + 1];
	bool assignable, product;
	struct tw_role_set within; /* itself, and all it inherits */
};
struct tw_gate_permission {
	char name[TW_PERMISSION_NAME_MAX + 1];
	bool product, unruled, free;
	bool action;               /* of the organization */
	struct tw_role_set listed; /* by name */
	struct tw_role_set roles;  /* and those that inherit one of them */
	size_t first_rule, rule_count;
};
struct tw_gate_rule {
	char name[TW_RULE_NAME_MAX + 1], fact[TW_PERMISSION_NAME_MAX + 1], value[TW_RULE_VALUE_MAX + 1];
	bool require, has_number, spares_owners;
	int64_t number;
	int role; /* -1: everybody */
	size_t permission;
	enum tw_rule_test is;
};
struct tw_gate {
	struct tw_gate_role *roles;
	struct tw_gate_permission *permissions; /* by name */
	struct tw_gate_rule *rules;             /* by permission */
	size_t role_count, permission_count, rule_count;
};
const struct tw_gate_permission *tw_gate_permission_find(const tw_gate *g, const char *name); /* NULL: nobody holds it */
#endif
