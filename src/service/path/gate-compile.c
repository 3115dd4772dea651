/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From rows to a gate: roles get numbers, inheritance is closed, each permission becomes the set of roles that hold it, and each rule
 * stands with its permission. What the product and the organization add is refused where it would give away what is not theirs:
 * a permission that no assignable role but the owner's holds is given to no role that was added.
 */
#include "service/path/gate-inside.h"

#include "base/text.h"

#define PREFIX "application."
#define ACTION "action."
#define SHARE "share."

static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
/* What a product's role may inherit, beside its own: whoever runs a device is for its owner to say. */
static const char *const product_inherits[] = { "guest", "user", "operator" };

static bool is_word(const char *text)
{
	return text[0] && strchr(lower, text[0]) && text[strspn(text, letters)] == '\0' && text[strlen(text) - 1] != '-';
}

/* The product's names have a prefix, so that none can stand for something of the device's or the organization's. */
static bool name_fits(const char *name, bool product, size_t most)
{
	if (strlen(name) > most)
		return false;
	if (!product)
		return is_word(name);
	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		return false;
	name += strlen(PREFIX);
	return name[0] && strchr(lower, name[0]) && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.")] == '\0' &&
		!strchr("-.", name[strlen(name) - 1]);
}

/* "action.NAME", or what a recipient may be given: "share.KIND.NAME". */
static bool given_fits(const char *name)
{
	if (strlen(name) > TW_PERMISSION_NAME_MAX)
		return false;
	if (!strncmp(name, ACTION, strlen(ACTION)))
		return is_word(name + strlen(ACTION));
	if (strncmp(name, SHARE, strlen(SHARE)) != 0)
		return false;
	const char *kind = name + strlen(SHARE), *end = kind + strspn(kind, lower);
	return end > kind && *end == '.' && is_word(end + 1);
}

static size_t built_in_count(const struct tw_gate_source *s)
{
	size_t n = 0;

	if (!s->roles)
		return TW_SUBJECT_KINDS;
	while (s->roles[n].name)
		n++;
	return n;
}

static tw_err add_role(tw_gate *g, const char *name, bool assignable, bool product)
{
	struct tw_gate_role *r = &g->roles[g->role_count];

	if (tw_gate_role(g, name) >= 0)
		return TW_RAISE(EXISTS, "a role '%s' is there already", name);
	(void)snprintf(r->name, sizeof r->name, "%s", name);
	r->assignable = assignable;
	r->product = product;
	g->role_count++;
	return TW_OK;
}

static struct tw_role_set low_bits(unsigned bits)
{
	return (struct tw_role_set){ { bits } };
}

static tw_err add_built_in(tw_gate *g, const struct tw_gate_source *s)
{
	static const char *const kinds[] = { "anyone", "owner", "local", "console", "application", "device", "peer", "account",
		"provider", "button" };

	_Static_assert(TW_COUNT(kinds) == TW_SUBJECT_KINDS, "a name for each kind of subject");
	for (size_t i = 0; i < built_in_count(s); i++) {
		TW_TRY(add_role(g, s->roles ? s->roles[i].name : kinds[i], s->roles && s->roles[i].assignable, false));
		g->roles[i].within = low_bits(s->roles ? s->roles[i].inherits : 0);
	}
	return TW_OK;
}

static bool product_may_inherit(const tw_gate *g, int role)
{
	for (size_t i = 0; i < TW_COUNT(product_inherits); i++)
		if (!strcmp(g->roles[role].name, product_inherits[i]))
			return true;
	return g->roles[role].product;
}

static tw_err inherit(tw_gate *g, const struct tw_role_def *d, struct tw_gate_role *r)
{
	if (d->inherit_count > TW_ROLE_INHERITS_MAX)
		return TW_RAISE(LIMIT, "role '%s' inherits more than %d", d->name, TW_ROLE_INHERITS_MAX);
	for (size_t i = 0; i < d->inherit_count; i++) {
		int other = tw_gate_role(g, d->inherits[i]);

		if (other < 0)
			return TW_RAISE(NOTFOUND, "role '%s' inherits '%.40s', which there is not", d->name, d->inherits[i]);
		if (!g->roles[other].assignable || other == TW_SUBJECT_OWNER || (d->product && !product_may_inherit(g, other)))
			return TW_RAISE(DENIED, "role '%s' may not inherit '%s'", d->name, d->inherits[i]);
		tw_role_set_add(&r->within, other);
	}
	return TW_OK;
}

/* Names first: one may inherit another that comes later. */
static tw_err add_roles(tw_gate *g, const struct tw_gate_source *s)
{
	size_t first;

	TW_TRY(add_built_in(g, s));
	first = g->role_count;
	for (size_t i = 0; i < s->added_count; i++) {
		const struct tw_role_def *d = &s->added[i];

		if (!name_fits(d->name, d->product, TW_ROLE_NAME_MAX))
			return TW_RAISE(SYNTAX, "'%.60s' is not a name for a role of %s", d->name,
				d->product ? "the product" : "the organization");
		TW_TRY(add_role(g, d->name, true, d->product));
	}
	for (size_t i = 0; i < s->added_count; i++)
		TW_TRY(inherit(g, &s->added[i], &g->roles[first + i]));
	return TW_OK;
}

static void merge(struct tw_role_set *to, const struct tw_role_set *from)
{
	for (size_t i = 0; i < TW_COUNT(to->bits); i++)
		to->bits[i] |= from->bits[i];
}

/* What a role inherits it holds, and what that inherits; nothing inherits itself */
static tw_err close_roles(tw_gate *g)
{
	for (size_t k = 0; k < g->role_count; k++)
		for (size_t i = 0; i < g->role_count; i++)
			if (tw_role_set_has(&g->roles[i].within, (int)k))
				merge(&g->roles[i].within, &g->roles[k].within);
	for (size_t i = 0; i < g->role_count; i++) {
		if (tw_role_set_has(&g->roles[i].within, (int)i))
			return TW_RAISE(STATE, "role '%s' inherits itself", g->roles[i].name);
		tw_role_set_add(&g->roles[i].within, (int)i);
	}
	return TW_OK;
}

static void close_permission(const tw_gate *g, struct tw_gate_permission *p)
{
	p->roles = p->listed;
	for (size_t i = 0; i < g->role_count; i++)
		if (tw_role_sets_meet(&g->roles[i].within, &p->listed))
			tw_role_set_add(&p->roles, (int)i);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct tw_gate_permission *)a)->name, ((const struct tw_gate_permission *)b)->name);
}

static tw_err list_product(const tw_gate *g, const struct tw_permission_def *d, struct tw_gate_permission *p)
{
	if (d->action ? !given_fits(d->name) : !name_fits(d->name, true, TW_PERMISSION_NAME_MAX))
		return TW_RAISE(SYNTAX, "'%.80s' is not a name for %s", d->name,
			d->action ? "an action or a recipient" : "a permission of the product");
	(void)snprintf(p->name, sizeof p->name, "%s", d->name);
	p->product = !d->action;
	p->action = d->action;
	if (!d->action)
		tw_role_set_add(&p->listed, TW_SUBJECT_OWNER); /* whose device it is may do with the product what anybody may */
	for (size_t i = 0; i < d->role_count; i++) {
		int role = tw_gate_role(g, d->roles[i]);

		if (role < 0)
			return TW_RAISE(NOTFOUND, "permission '%s' is for '%.40s', which there is not", d->name, d->roles[i]);
		if (d->action && !g->roles[role].assignable)
			return TW_RAISE(DENIED, "'%s' is for '%.40s', which is no role of accounts", d->name, d->roles[i]);
		tw_role_set_add(&p->listed, role);
		if (role == TW_SUBJECT_ANYONE) /* nobody may less for having said who he is */
			p->listed.bits[0] |= (UINT64_C(1) << TW_SUBJECT_KINDS) - 1;
	}
	return TW_OK;
}

static bool has_word(const char *words, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = words; (at = strstr(at, word)) != NULL; at += size)
		if ((at == words || at[-1] == ' ') && (at[size] == ' ' || at[size] == '\0'))
			return true;
	return false;
}

/* @nist LA.AIM.1: what the organization lists, within what the rows let be free, and nothing else */
static void free_it(const struct tw_gate_source *s, struct tw_gate_permission *p)
{
	if (!s->without_login || !p->free)
		return;
	if (!has_word(s->without_login, p->name))
		p->listed.bits[0] &= ~(UINT64_C(1) << TW_SUBJECT_ANYONE);
	else if (!tw_role_set_has(&p->listed, TW_SUBJECT_ANYONE)) /* nobody may less for having said who he is */
		p->listed.bits[0] |= (UINT64_C(1) << TW_SUBJECT_KINDS) - 1;
}

static tw_err add_permissions(tw_gate *g, const struct tw_gate_source *s)
{
	for (const struct tw_grant_row *row = s->grants; row->permission; row++) {
		struct tw_gate_permission *p = &g->permissions[g->permission_count++];

		(void)snprintf(p->name, sizeof p->name, "%s", row->permission);
		p->listed = low_bits(row->roles);
		p->unruled = row->unruled;
		p->free = row->free;
		free_it(s, p);
	}
	for (size_t i = 0; i < s->permission_count; i++)
		TW_TRY(list_product(g, &s->permissions[i], &g->permissions[g->permission_count++]));
	qsort(g->permissions, g->permission_count, sizeof *g->permissions, by_name);
	for (size_t i = 0; i < g->permission_count; i++) {
		if (i > 0 && !strcmp(g->permissions[i].name, g->permissions[i - 1].name))
			return TW_RAISE(EXISTS, "a permission '%s' is there already", g->permissions[i].name);
		close_permission(g, &g->permissions[i]);
	}
	return TW_OK;
}

/* Some account may hold it that is not the owner's: only so may a role that was added have it too. */
static bool may_be_given(const tw_gate *g, const struct tw_gate_permission *p, size_t built_in)
{
	for (size_t i = 0; i < built_in; i++)
		if (g->roles[i].assignable && i != TW_SUBJECT_OWNER && tw_role_set_has(&p->roles, (int)i))
			return true;
	return p->product;
}

static tw_err give(tw_gate *g, const struct tw_role_def *d, size_t built_in)
{
	int role = tw_gate_role(g, d->name);

	if (d->permission_count > TW_ROLE_PERMISSIONS_MAX)
		return TW_RAISE(LIMIT, "role '%s' names more than %d permissions", d->name, TW_ROLE_PERMISSIONS_MAX);
	for (size_t i = 0; i < d->permission_count; i++) {
		const struct tw_gate_permission *p = tw_gate_permission_find(g, d->permissions[i]);

		if (!p)
			return TW_RAISE(
				NOTFOUND, "role '%s' names the permission '%.64s', which there is not", d->name, d->permissions[i]);
		if (p->action || (d->product ? !p->product : !may_be_given(g, p, built_in)))
			return TW_RAISE(DENIED, "role '%s' may not have the permission '%s'", d->name, p->name);
		tw_role_set_add(&g->permissions[p - g->permissions].listed, role);
	}
	return TW_OK;
}

static tw_err read_rule(tw_gate *g, const struct tw_rule_def *d, struct tw_gate_rule *r)
{
	const struct tw_gate_permission *p = tw_gate_permission_find(g, d->permission);
	bool ordered = d->is == TW_RULE_LESS || d->is == TW_RULE_GREATER, negative = d->value[0] == '-';
	uint64_t number = 0;

	if (!is_word(d->name) || strlen(d->name) > TW_RULE_NAME_MAX || strlen(d->fact) > TW_PERMISSION_NAME_MAX || !d->fact[0] ||
		strlen(d->value) > TW_RULE_VALUE_MAX || (unsigned)d->is > TW_RULE_GREATER)
		return TW_RAISE(SYNTAX, "rule '%.32s' is not of the form of a rule", d->name);
	r->has_number = !tw_failed(tw_parse_u64(tw_slice_of(d->value + negative), INT64_MAX, &number));
	r->number = negative ? -(int64_t)number : (int64_t)number;
	if (ordered && !r->has_number)
		return TW_RAISE(SYNTAX, "rule '%s' compares by size with what is no number", d->name);
	r->role = d->role[0] ? tw_gate_role(g, d->role) : -1;
	if (!p || (d->role[0] && r->role < 0))
		return TW_RAISE(NOTFOUND, "rule '%s' names a %s that there is not", d->name, p ? "role" : "permission");
	if (p->unruled)
		return TW_RAISE(DENIED, "no rule can stand before '%s': it could not be taken back", p->name);
	r->permission = (size_t)(p - g->permissions);
	r->require = d->require;
	r->spares_owners = d->spares_owners;
	r->is = d->is;
	(void)snprintf(r->name, sizeof r->name, "%s", d->name);
	(void)snprintf(r->fact, sizeof r->fact, "%s", d->fact);
	(void)snprintf(r->value, sizeof r->value, "%s", d->value);
	return TW_OK;
}

static int by_permission(const void *a, const void *b)
{
	size_t x = ((const struct tw_gate_rule *)a)->permission, y = ((const struct tw_gate_rule *)b)->permission;

	return x == y ? strcmp(((const struct tw_gate_rule *)a)->name, ((const struct tw_gate_rule *)b)->name) : x < y ? -1 : 1;
}

static tw_err add_rules(tw_gate *g, const struct tw_gate_source *s)
{
	for (size_t i = 0; i < s->rule_count; i++) {
		for (size_t j = 0; j < i; j++)
			if (!strcmp(s->rules[i].name, s->rules[j].name))
				return TW_RAISE(EXISTS, "a rule '%.32s' is there already", s->rules[i].name);
		TW_TRY(read_rule(g, &s->rules[i], &g->rules[g->rule_count++]));
	}
	if (g->rule_count)
		qsort(g->rules, g->rule_count, sizeof *g->rules, by_permission);
	for (size_t i = g->rule_count; i-- > 0;) {
		g->permissions[g->rules[i].permission].first_rule = i;
		g->permissions[g->rules[i].permission].rule_count++;
	}
	return TW_OK;
}

static tw_err make_room(const struct tw_sys *sys, tw_gate *g, const struct tw_gate_source *s)
{
	size_t roles = built_in_count(s) + s->added_count, permissions = s->permission_count;

	for (const struct tw_grant_row *row = s->grants; row->permission; row++)
		permissions++;
	if (roles > TW_ROLES_MAX)
		return TW_RAISE(LIMIT, "%zu roles, limit %d", roles, TW_ROLES_MAX);
	if (permissions > TW_GATE_PERMISSIONS_MAX)
		return TW_RAISE(LIMIT, "%zu permissions, limit %d", permissions, TW_GATE_PERMISSIONS_MAX);
	if (s->rule_count > TW_GATE_RULES_MAX)
		return TW_RAISE(LIMIT, "%zu rules, limit %d", s->rule_count, TW_GATE_RULES_MAX);
	g->roles = tw_alloc_array(sys, roles, sizeof *g->roles);
	g->permissions = tw_alloc_array(sys, permissions + 1, sizeof *g->permissions);
	g->rules = tw_alloc_array(sys, s->rule_count + 1, sizeof *g->rules);
	return g->roles && g->permissions && g->rules ? TW_OK : TW_RAISE(NOMEM, "a gate");
}

tw_err tw_gate_compile(const struct tw_sys *sys, const struct tw_gate_source *s, tw_gate **ret)
{
	TW_CLEANUP(tw_gate_freep) tw_gate *g = TW_NEW(sys, tw_gate);
	size_t built_in = built_in_count(s);

	if (!g)
		return TW_RAISE(NOMEM, "a gate");
	TW_TRY(make_room(sys, g, s));
	TW_TRY(add_roles(g, s));
	TW_TRY(close_roles(g));
	TW_TRY(add_permissions(g, s));
	for (size_t i = 0; i < s->added_count; i++)
		TW_TRY(give(g, &s->added[i], built_in));
	for (size_t i = 0; i < g->permission_count; i++)
		close_permission(g, &g->permissions[i]);
	TW_TRY(add_rules(g, s));
	*ret = TW_STEAL(g);
	return TW_OK;
}

tw_gate *tw_gate_free(tw_gate *g)
{
	if (g) {
		free(g->roles);
		free(g->permissions);
		free(g->rules);
	}
	free(g);
	return NULL;
}
