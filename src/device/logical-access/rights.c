/* SPDX-License-Identifier: Apache-2.0 */
/* @nist LA.RSM.4.3: roles and rules, from the product's manifest and the organization's document to the gate. See rights.h. */
#include "device/logical-access/rights.h"

#include "base/log.h"
#include "device/grants.h"
#include "device/logical-access/sharing.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"

static const char *const lists[] = { "roles", "actions", "recipients", "rules" };

/* Words with blanks between, as they stand in the document, cut into a list. */
struct words {
	char *text;
	const char **at;
	size_t count;
};

struct parts {
	struct words *words; /* two of each role of the organization, one of each action, one of each kind of data that a recipient may be given */
	size_t word_count, words_used;
	char (*names)[TW_PERMISSION_NAME_MAX + 1]; /* of the last, as the gate knows them */
	size_t name_count;
	struct tw_role_def *roles; /* the product's, then the organization's */
	struct tw_permission_def *permissions;
	struct tw_rule_def *rules;
	size_t role_count, permission_count, rule_count;
};

static void parts_done(struct parts *p)
{
	for (size_t i = 0; i < p->word_count; i++) {
		free(p->words[i].text);
		free(p->words[i].at);
	}
	free(p->words);
	free(p->names);
	free(p->roles);
	free(p->permissions);
	free(p->rules);
}

static tw_err cut(const struct tw_sys *sys, const char *text, struct words *w)
{
	size_t size = strlen(text), most = 1;
	char *rest = NULL;

	for (const char *c = text; *c; c++)
		most += *c == ' ';
	w->text = tw_alloc_array(sys, size + 1, 1);
	w->at = tw_alloc_array(sys, most, sizeof *w->at);
	if (!w->text || !w->at)
		return TW_RAISE(NOMEM, "a role's words");
	memcpy(w->text, text, size + 1);
	for (char *word = strtok_r(w->text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		w->at[w->count++] = word;
	return TW_OK;
}

static tw_err make_room(const struct tw_device *d, const json_t *document, struct parts *p)
{
	const struct tw_sys *sys = d->context.sys;
	const struct tw_manifest *m = d->manifest;
	size_t roles = json_array_size(json_object_get(document, "roles")),
	       actions = json_array_size(json_object_get(document, "actions")),
	       gifts = json_array_size(json_object_get(document, "recipients")) * TW_SHARED_KINDS;

	p->roles = tw_alloc_array(sys, m->role_count + roles + 1, sizeof *p->roles);
	p->permissions = tw_alloc_array(sys, m->permission_count + actions + gifts + 1, sizeof *p->permissions);
	p->names = tw_alloc_array(sys, gifts + 1, sizeof *p->names);
	p->words = tw_alloc_array(sys, 2 * roles + actions + gifts + 1, sizeof *p->words);
	if (!p->roles || !p->permissions || !p->names || !p->words)
		return TW_RAISE(NOMEM, "roles and rules");
	p->word_count = 2 * roles + actions + gifts;
	return TW_OK;
}

/* The product's: all that has not been left out. */
static void take_product(const struct tw_device *d, struct parts *p)
{
	const struct tw_manifest *m = d->manifest;
	const struct tw_product_out *out = &d->access->product_out;

	for (size_t i = 0; i < m->role_count; i++)
		if (!out->roles[i])
			p->roles[p->role_count++] = (struct tw_role_def){ .name = m->roles[i].name,
				.product = true,
				.inherits = m->roles[i].inherits,
				.inherit_count = m->roles[i].inherit_count };
	for (size_t i = 0; i < m->permission_count; i++)
		if (!out->permissions[i])
			p->permissions[p->permission_count++] = (struct tw_permission_def){ m->permissions[i].name,
				m->permissions[i].roles, m->permissions[i].role_count, false };
}

/* @nist LA.RSM.5.1: a role holds what it names and inherits, nothing besides; so one for a single task can do that alone */
static tw_err take_roles(const struct tw_sys *sys, const json_t *list, struct parts *p)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		struct words *inherits = &p->words[p->words_used++], *permissions = &p->words[p->words_used++];

		TW_TRY(cut(sys, tw_json_text(one, "inherits"), inherits));
		TW_TRY(cut(sys, tw_json_text(one, "permissions"), permissions));
		p->roles[p->role_count++] = (struct tw_role_def){ .name = tw_json_text(one, "name"),
			.inherits = inherits->at,
			.inherit_count = inherits->count,
			.permissions = permissions->at,
			.permission_count = permissions->count };
	}
	return TW_OK;
}

/* What these roles hold and no other. */
static tw_err take_given(const struct tw_sys *sys, const char *permission, const char *roles, struct parts *p)
{
	struct words *words = &p->words[p->words_used++];

	TW_TRY(cut(sys, roles, words));
	p->permissions[p->permission_count++] = (struct tw_permission_def){ permission, words->at, words->count, true };
	return TW_OK;
}

static tw_err take_actions(const struct tw_sys *sys, const json_t *list, struct parts *p)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);

		TW_TRY(take_given(sys, tw_json_text(one, "permission"), tw_json_text(one, "roles"), p));
	}
	return TW_OK;
}

/* @nist LA.RSM.8: each kind of data for each recipient is a permission of the gate, held by the roles that the organization names */
static tw_err take_recipients(const struct tw_sys *sys, const json_t *list, struct parts *p)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);

		for (size_t kind = 0; kind < TW_SHARED_KINDS; kind++) {
			const char *roles = tw_json_text(one, tw_shared_kinds[kind].word);

			if (*roles && !tw_shared_permission(kind, tw_json_text(one, "name"), p->names[p->name_count]))
				return TW_RAISE(SYNTAX, "'%.60s' is no name for a recipient", tw_json_text(one, "name"));
			if (*roles)
				TW_TRY(take_given(sys, p->names[p->name_count++], roles, p));
		}
	}
	return TW_OK;
}

static enum tw_rule_test test_of(const char *word)
{
	static const char *const words[] = { "equal", "not-equal", "less", "greater" };
	unsigned i = 0;

	while (i < TW_COUNT(words) && strcmp(words[i], word) != 0)
		i++;
	return (enum tw_rule_test)i; /* one beyond is none, and the gate refuses it */
}

static tw_err take_rules(const struct tw_sys *sys, const json_t *list, struct parts *p)
{
	p->rule_count = json_array_size(list);
	p->rules = tw_alloc_array(sys, p->rule_count + 1, sizeof *p->rules);
	if (!p->rules)
		return TW_RAISE(NOMEM, "the organization's rules");
	for (size_t i = 0; i < p->rule_count; i++) {
		const json_t *one = json_array_get(list, i);

		p->rules[i] = (struct tw_rule_def){ .name = tw_json_text(one, "name"),
			.require = !strcmp(tw_json_text(one, "effect"), "require"),
			.spares_owners = !json_is_true(json_object_get(one, "owners")),
			.permission = tw_json_text(one, "permission"),
			.role = tw_json_text(one, "role"),
			.fact = tw_json_text(one, "fact"),
			.is = test_of(tw_json_text(one, "is")),
			.value = tw_json_text(one, "value") };
	}
	return TW_OK;
}

#define FREE_KEY "logical-access.without-login"

/* What is to be, or as the setting has it; one that cannot be read frees nothing. Without a document nobody owns the device. */
static const char *without_login(struct tw_device *d, const json_t *document, struct tw_setting_state *state)
{
	const json_t *next = json_object_get(document, FREE_KEY);

	if (!document || next)
		return json_string_value(next);
	return tw_failed(tw_setting_state(&d->context, tw_setting_find(&d->context, FREE_KEY), state)) ? "" : state->value;
}

/* Each word is something that may be free: one that is not would look like leave that nobody has. */
tw_err tw_access_apply_free(struct tw_context *c, const char *value)
{
	struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	TW_CLEANUP(tw_gate_freep) tw_gate *g = NULL;
	char words[sizeof((struct tw_setting_state *)NULL)->value] = "", *at, *save = NULL;

	(void)snprintf(words, sizeof words, "%s", value);
	for (at = strtok_r(words, " ", &save); at; at = strtok_r(NULL, " ", &save))
		if (!tw_gate_may_be_free(c->gate, at))
			return TW_RAISE(DENIED, "%s is nothing that may be permitted without login", at);
	TW_TRY(tw_rights_read(d, &document));
	TW_TRY(tw_json_set(document, FREE_KEY, json_string(value)));
	TW_TRY(tw_rights_compile(d, document, &g));
	tw_rights_use(d, &g);
	return TW_OK;
}

tw_err tw_rights_compile(struct tw_device *d, const json_t *document, tw_gate **ret)
{
	const struct tw_sys *sys = d->context.sys;
	struct tw_setting_state state;
	TW_CLEANUP(parts_done) struct parts p = { .role_count = 0 };

	TW_TRY(make_room(d, document, &p));
	take_product(d, &p);
	TW_TRY(take_roles(sys, json_object_get(document, "roles"), &p));
	TW_TRY(take_actions(sys, json_object_get(document, "actions"), &p));
	TW_TRY(take_recipients(sys, json_object_get(document, "recipients"), &p));
	TW_TRY(take_rules(sys, json_object_get(document, "rules"), &p));
	return tw_gate_compile(sys,
		&(struct tw_gate_source){ .roles = tw_built_in_roles,
			.grants = tw_grants,
			.added = p.roles,
			.added_count = p.role_count,
			.permissions = p.permissions,
			.permission_count = p.permission_count,
			.rules = p.rules,
			.rule_count = p.rule_count,
			.without_login = without_login(d, document, &state) },
		ret);
}

tw_err tw_rights_plain(struct tw_device *d, tw_gate **ret)
{
	return tw_rights_compile(d, NULL, ret);
}

tw_err tw_rights_read(struct tw_device *d, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	tw_buf_init(&text, d->context.sys, TW_RIGHTS_MAX);
	tw_err e = tw_device_kept(d, TW_KEPT_RIGHTS, &text);
	if (tw_is(e, TW_CODE_NOTFOUND))
		j = json_object();
	else if (!tw_failed(e))
		e = tw_json_parse(tw_buf_slice(&text), TW_RIGHTS_MAX, &j);
	if (!j)
		return tw_failed(e) && !tw_is(e, TW_CODE_NOTFOUND) ? e : TW_RAISE(NOMEM, "roles and rules");
	for (size_t i = 0; i < TW_COUNT(lists); i++)
		if (!json_is_array(json_object_get(j, lists[i])))
			TW_TRY(tw_json_set(j, lists[i], json_array()));
	*ret = TW_STEAL(j);
	return TW_OK;
}

void tw_rights_use(struct tw_device *d, tw_gate **gate)
{
	(void)tw_gate_free(d->context.gate);
	d->context.gate = TW_STEAL(*gate);
}

struct change {
	struct tw_device *device;
	const char *text;
	json_t *fields;
	const tw_gate *gate;
	struct tw_placed placed;
};

static void change_done(struct change *c)
{
	json_decref(c->fields);
	tw_placed_done(&c->placed);
}

static tw_err write_change(tw_store *s, void *user)
{
	struct change *c = user;

	TW_TRY(tw_device_keep(c->device, TW_KEPT_RIGHTS, c->text));
	TW_TRY(tw_placed_end(c->device, c->gate, 0, &c->placed));
	return tw_event(&c->device->context, "access.changed", TW_STEAL(c->fields));
}

tw_err tw_rights_change(struct tw_device *d, const json_t *document, json_t *fields, tw_gate **gate)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *owned = fields;

	if (!owned)
		return TW_RAISE(NOMEM, "an event");
	tw_buf_init(&text, d->context.sys, TW_RIGHTS_MAX);
	TW_TRY(tw_json_write(document, &text));
	TW_CLEANUP(change_done) struct change c = { d, tw_buf_cstr(&text), TW_STEAL(owned), *gate };
	tw_placed_init(&c.placed, d->context.sys);
	TW_TRY(tw_store_transaction(d->context.store, write_change, &c));
	tw_rights_use(d, gate);
	tw_placed_forget(d, &c.placed);
	return TW_OK;
}

/* Takes what compiles into `to`, one by one, until nothing more does: one may rest on another that comes later. */
static tw_err sift(struct tw_device *d, json_t *from, const char *list, json_t *to)
{
	json_t *rest = json_object_get(from, list), *kept = json_object_get(to, list);
	size_t before;

	do {
		before = json_array_size(rest);
		for (size_t i = 0; i < json_array_size(rest);) {
			TW_CLEANUP(tw_gate_freep) tw_gate *g = NULL;

			TW_TRY(tw_json_append(kept, json_incref(json_array_get(rest, i))));
			tw_err e = tw_rights_compile(d, to, &g);
			if (tw_is(e, TW_CODE_NOMEM))
				return e;
			if (tw_failed(e))
				(void)json_array_remove(kept, json_array_size(kept) - 1);
			else
				(void)json_array_remove(rest, i);
			i += tw_failed(e);
		}
	} while (json_array_size(rest) < before);
	for (size_t i = 0; i < json_array_size(rest); i++)
		TW_TRY(tw_event(&d->context, "access.left-out",
			json_pack("{s:s, s:s}", "list", list, "name", tw_json_text(json_array_get(rest, i), "name"))));
	return TW_OK;
}

static tw_err compile_what_fits(struct tw_device *d, json_t *document, tw_gate **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *fitting = json_object();

	for (size_t i = 0; i < TW_COUNT(lists); i++)
		TW_TRY(tw_json_set(fitting, lists[i], json_array()));
	for (size_t i = 0; i < TW_COUNT(lists); i++)
		TW_TRY(sift(d, document, lists[i], fitting));
	return tw_rights_compile(d, fitting, ret);
}

/* --- What of the product fits this release --- */

static tw_err try_product(struct tw_device *d)
{
	TW_CLEANUP(tw_gate_freep) tw_gate *g = NULL;

	return tw_rights_compile(d, NULL, &g);
}

/* Takes rows in, one by one, until nothing more compiles; a row that stays out permits nothing. ret_moved: one came in. */
static tw_err sift_product(struct tw_device *d, bool *out, size_t count, bool *ret_moved)
{
	for (size_t i = 0; i < count; i++) {
		if (!out[i])
			continue;
		out[i] = false;
		tw_err e = try_product(d);
		out[i] = tw_failed(e);
		*ret_moved |= !tw_failed(e);
		if (tw_is(e, TW_CODE_NOMEM))
			return e;
	}
	return TW_OK;
}

static tw_err tell_product(struct tw_device *d)
{
	const struct tw_manifest *m = d->manifest;
	const struct tw_product_out *out = &d->access->product_out;

	for (size_t i = 0; i < m->role_count; i++)
		if (out->roles[i])
			TW_TRY(tw_event(&d->context, "access.left-out",
				json_pack("{s:s, s:s}", "list", "product-roles", "name", m->roles[i].name)));
	for (size_t i = 0; i < m->permission_count; i++)
		if (out->permissions[i])
			TW_TRY(tw_event(&d->context, "access.left-out",
				json_pack("{s:s, s:s}", "list", "product-permissions", "name", m->permissions[i].name)));
	return TW_OK;
}

tw_err tw_rights_fit_product(struct tw_device *d)
{
	struct tw_product_out *out = &d->access->product_out;
	bool moved = true;

	*out = (struct tw_product_out){ .roles = { false } };
	tw_err e = try_product(d);
	if (!tw_failed(e) || tw_is(e, TW_CODE_NOMEM))
		return e;
	tw_log_err(e, "roles and permissions of the product; what still fits is in force");
	memset(out, true, sizeof *out);
	while (moved) {
		moved = false;
		TW_TRY(sift_product(d, out->roles, d->manifest->role_count, &moved));
		TW_TRY(sift_product(d, out->permissions, d->manifest->permission_count, &moved));
	}
	return tell_product(d);
}

tw_err tw_rights_load(struct tw_device *d)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	TW_CLEANUP(tw_gate_freep) tw_gate *g = NULL;

	TW_TRY(tw_rights_read(d, &document));
	tw_err e = tw_rights_compile(d, document, &g);
	if (tw_failed(e) && !tw_is(e, TW_CODE_NOMEM)) {
		tw_log_err(e, "roles and rules of the organization; what still fits stays in force");
		e = compile_what_fits(d, document, &g);
	}
	TW_TRY(e);
	tw_rights_use(d, &g);
	return TW_OK;
}
