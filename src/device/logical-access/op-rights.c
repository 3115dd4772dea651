/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles, actions and rules by operation: listed, put, removed; and why somebody may or may not. Who changes them holds access.change, and puts
 * into a role no more than he holds himself; the gate is compiled before anything is written, and what it refuses is not kept.
 */
#include "base/text.h"
#include "device/grants.h"
#include "device/logical-access/placed.h"
#include "device/logical-access/rights-edit.h"
#include "device/platform/outputs.h"
#include "device/logical-access/shared.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"
#include "service/path/path-match.h"

static tw_err bad(struct tw_reply *rp, const char *rule, const char *detail)
{
	return tw_reply_problem(rp, 400, "input", rule, "The request is not of the wanted form",
		"See /api/v1/openapi.json for the form.", "%s", detail);
}

/* Nobody makes, or widens, a role beyond what he may himself: else whoever changes roles had every right there is. */
static tw_err check_own(struct tw_rights_edit *e)
{
	int role = tw_gate_role(e->gate, e->name);
	const struct tw_condition always = { .days = 0 };
	struct tw_subject firm = e->rq->subject; /* what he holds under conditions, a role without them would lose */
	const char *permission;
	int64_t id = 0;

	if (firm.kind == TW_SUBJECT_ACCOUNT && tw_account_id_read(tw_slice_of(firm.account), &id))
		TW_TRY(tw_placed_roles(tw_device_of(e->c), e->c->gate, id, &always, &firm.roles));
	for (size_t i = 0; (permission = tw_gate_permission_name(e->gate, i)); i++) {
		const struct tw_ask ask = { .subject = &firm, .permission = permission, .when = TW_WHEN_ALWAYS, .could = true };

		if (tw_gate_role_may(e->gate, role, permission) && tw_gate_authorize(e->c->gate, &ask).verdict != TW_ALLOW)
			return tw_reply_problem(e->rp, 403, "forbidden", "rights.more", "Nobody gives what he does not hold",
				"Ask somebody who holds it.",
				"The role would hold %s, which you do not hold, or hold under conditions.", permission);
	}
	return TW_OK;
}

/* By what a role holds it is known whom a field is withheld from (platform/outputs.h): else whoever may not see it would change his role. */
static tw_err check_withheld(struct tw_rights_edit *e)
{
	bool named = false;

	if (e->rq->subject.kind != TW_SUBJECT_OWNER)
		TW_TRY(tw_outputs_names(e->c, e->name, &named));
	return named ? tw_reply_problem(e->rp, 403, "forbidden", "rights.withheld", "Fields are withheld by this role", "Ask an owner.",
			       "What this role holds says from whom outputs.withheld withholds something: only an owner changes it.")
		     : TW_OK;
}

tw_err tw_access_role_put(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_rights_edit_done) struct tw_rights_edit e = { .c = c, .rq = rq, .rp = rp, .list = "roles" };

	TW_TRY(tw_rights_begin(&e));
	if (!rp->problem[0])
		TW_TRY(check_withheld(&e));
	if (rp->problem[0])
		return TW_OK;
	return tw_rights_put(&e,
		json_pack("{s:s, s:s, s:s, s:s}", "name", e.name, "purpose", tw_json_text(rq->input, "purpose"), "inherits",
			tw_json_text(rq->input, "inherits"), "permissions", tw_json_text(rq->input, "permissions")),
		check_own);
}

/* --- Actions --- */

#define ACTIONS_MAX 32 /* the gate has room for so many beside every permission of device and product */

tw_err tw_access_action_put(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_rights_edit_done) struct tw_rights_edit e = { .c = c, .rq = rq, .rp = rp, .list = "actions" };
	char permission[TW_PERMISSION_NAME_MAX + 1];

	TW_TRY(tw_rights_begin(&e));
	if (!rp->problem[0])
		TW_TRY(tw_action_check(c, rq, rp));
	if (rp->problem[0])
		return TW_OK;
	if (!tw_rights_at(&e) && tw_rights_count(&e) >= ACTIONS_MAX)
		return tw_reply_problem(rp, 409, "full", "rights.limit", "There is no room for more",
			"Remove an action that is not needed.", "There are %d at most.", ACTIONS_MAX);
	(void)snprintf(permission, sizeof permission, "action.%s", e.name);
	return tw_rights_put(&e,
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", e.name, "permission", permission, "purpose",
			tw_json_text(rq->input, "purpose"), "roles", tw_json_text(rq->input, "roles"), "setting",
			tw_json_text(rq->input, "setting"), "value", tw_json_text(rq->input, "value")),
		NULL);
}

/* --- Rules --- */

static const struct tw_fact_row *fact_of(const struct tw_context *c, const char *name)
{
	for (const struct tw_capability *const *q = c->capabilities; *q; q++)
		for (const struct tw_fact_row *r = (*q)->facts; r && r->name; r++)
			if (!strcmp(r->name, name))
				return r;
	return NULL;
}

/* A rule that compares what cannot be compared would refuse everybody: better that it cannot be made. */
static const char *wrong_rule(const struct tw_context *c, const json_t *input)
{
	const struct tw_fact_row *fact = fact_of(c, tw_json_text(input, "fact"));
	const char *value = tw_json_text(input, "value"), *is = tw_json_text(input, "is"), *effect = tw_json_text(input, "effect");
	bool ordered = !strcmp(is, "less") || !strcmp(is, "greater");
	uint64_t number;

	if (strcmp(effect, "deny") != 0 && strcmp(effect, "require") != 0)
		return "The effect is deny or require.";
	if (!fact)
		return "There is no such fact. The reference of the device lists them.";
	if (ordered && fact->type != TW_FACT_INT)
		return "Only a fact that is a number is less or greater than another.";
	if (fact->type == TW_FACT_BOOL && strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
		return "This fact is on or off.";
	if (fact->type == TW_FACT_INT && tw_failed(tw_parse_u64(tw_slice_of(value + (value[0] == '-')), INT64_MAX, &number)))
		return "This fact is a number.";
	return NULL;
}

tw_err tw_access_rule_put(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	static const char *const keys[] = { "effect", "permission", "role", "fact", "is", "value" };
	TW_CLEANUP(tw_rights_edit_done) struct tw_rights_edit e = { .c = c, .rq = rq, .rp = rp, .list = "rules" };
	TW_CLEANUP(tw_jsonp) json_t *entry = json_object();
	const char *wrong = wrong_rule(c, rq->input);

	if (wrong)
		return bad(rp, "rights.rule", wrong);
	TW_TRY(tw_rights_begin(&e));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_json_set(entry, "name", json_string(e.name)));
	TW_TRY(tw_rights_check_owners(&e));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_json_set(entry, "owners", json_boolean(rq->subject.kind == TW_SUBJECT_OWNER)));
	for (size_t i = 0; i < TW_COUNT(keys); i++)
		TW_TRY(tw_json_set(entry, keys[i], json_string(tw_json_text(rq->input, keys[i]))));
	return tw_rights_put(&e, TW_STEAL(entry), NULL);
}

/* --- Removing --- */

static tw_err take_count(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

/* A role that came again under the name of one that was removed would be everybody's who had the old one. */
static tw_err check_held(struct tw_rights_edit *e)
{
	const struct tw_value v[] = { TW_V_TEXT(e->name) };
	int64_t held = 0;

	TW_TRY(check_withheld(e));
	if (e->rp->problem[0])
		return TW_OK;
	TW_TRY(tw_store_run(e->c->store, tw_sql_role_held, v, TW_COUNT(v), take_count, &held));
	if (held)
		return tw_reply_problem(e->rp, 409, "refused", "rights.held", "Accounts have this role", "Take it from them first.",
			"%lld accounts have it.", (long long)held);
	return TW_OK;
}

tw_err tw_access_role_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_rights_edit_done) struct tw_rights_edit e = { .c = c, .rq = rq, .rp = rp, .list = "roles" };

	return tw_rights_remove(&e, check_held);
}

tw_err tw_access_rule_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_rights_edit_done) struct tw_rights_edit e = { .c = c, .rq = rq, .rp = rp, .list = "rules" };

	return tw_rights_remove(&e, tw_rights_check_owners);
}

tw_err tw_access_action_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_rights_edit_done) struct tw_rights_edit e = { .c = c, .rq = rq, .rp = rp, .list = "actions" };

	return tw_rights_remove(&e, NULL);
}

/* --- Lists --- */

tw_err tw_access_rules(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_rights_list(c, rq, rp, "rules");
}

tw_err tw_access_actions(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_rights_list(c, rq, rp, "actions");
}

static tw_err add_words(json_t *to, const tw_gate *g, int role)
{
	TW_CLEANUP(tw_jsonp) json_t *holds = json_array();
	const char *permission;

	for (size_t i = 0; (permission = tw_gate_permission_name(g, i)); i++)
		if (tw_gate_role_may(g, role, permission))
			TW_TRY(tw_json_append(holds, json_string(permission)));
	return tw_json_set(to, "holds", TW_STEAL(holds));
}

static const char *help_of(const struct tw_manifest *product, const json_t *own, const char *name)
{
	size_t i;
	json_t *one;

	for (i = 0; i < product->role_count; i++)
		if (!strcmp(product->roles[i].name, name))
			return product->roles[i].help;
	for (const struct tw_built_in_role *r = tw_built_in_roles; r->name; r++)
		if (!strcmp(r->name, name))
			return r->help;
	json_array_foreach(own, i, one)
		if (!strcmp(tw_json_text(one, "name"), name))
			return tw_json_text(one, "purpose");
	return "";
}

static tw_err describe(struct tw_context *c, int role, const json_t *own, json_t **ret)
{
	const char *name = tw_gate_role_name(c->gate, role);
	size_t built_in = 0;

	while (tw_built_in_roles[built_in].name)
		built_in++;
	const char *from = (size_t)role < built_in ? "device" : strchr(name, '.') ? "product" : "organization";
	TW_CLEANUP(tw_jsonp)
	json_t *one = json_pack("{s:s, s:s, s:s, s:b}", "name", name, "from", from, "purpose",
		help_of(tw_device_of(c)->manifest, own, name), "assignable", tw_gate_assignable(c->gate, role));
	if (!one)
		return TW_RAISE(NOMEM, "a role");
	TW_TRY(add_words(one, c->gate, role));
	*ret = TW_STEAL(one);
	return TW_OK;
}

tw_err tw_access_roles(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL, *all = json_array();
	struct tw_page p;

	TW_TRY(tw_page_begin(c, rq, rp, &p));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_rights_read(tw_device_of(c), &document));
	for (size_t i = 0; i < tw_gate_role_count(c->gate); i++) {
		json_t *one = NULL;

		TW_TRY(describe(c, (int)i, json_object_get(document, "roles"), &one));
		TW_TRY(tw_json_append(all, one));
	}
	TW_TRY(tw_rights_list_add(&p, all));
	return tw_page_end(&p, rp);
}

/* --- Why --- */

/* The subject that the account would be, all conditions of its roles holding; an account that cannot come in has none. */
static tw_err imagine(struct tw_context *c, const struct tw_account *a, struct tw_subject *ret)
{
	char words[TW_ACCOUNT_WORDS_MAX], *rest = NULL;

	*ret = (struct tw_subject){ .door = TW_DOOR_HTTPS, .kind = TW_SUBJECT_ACCOUNT };
	(void)snprintf(words, sizeof words, "%s", a->roles);
	for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		tw_role_set_add(&ret->roles, tw_gate_role(c->gate, word));
	return TW_OK;
}

static tw_err add_roles(struct tw_context *c, const struct tw_subject *s, const char *permission, json_t *to)
{
	TW_CLEANUP(tw_jsonp) json_t *held = json_array(), *needed = json_array();
	struct tw_role_set roles = tw_subject_roles(s);

	for (int i = 0; i < (int)tw_gate_role_count(c->gate); i++) {
		if (tw_role_set_has(&roles, i))
			TW_TRY(tw_json_append(held, json_string(tw_gate_role_name(c->gate, i))));
		if (tw_gate_role_may(c->gate, i, permission))
			TW_TRY(tw_json_append(needed, json_string(tw_gate_role_name(c->gate, i))));
	}
	TW_TRY(tw_json_set(to, "roles", TW_STEAL(held)));
	return tw_json_set(to, "needs", TW_STEAL(needed));
}

/* In the product's words, when it is a permission of the product. */
static const char *permits_of(const struct tw_manifest *product, const char *permission)
{
	for (size_t i = 0; i < product->permission_count; i++)
		if (!strcmp(product->permissions[i].name, permission))
			return product->permissions[i].help;
	return NULL;
}

static tw_err explain(struct tw_context *c, const struct tw_subject *s, const struct tw_operation_row *o, struct tw_reply *rp)
{
	const char *permits = permits_of(tw_device_of(c)->manifest, o->permission);
	struct tw_decision d;

	TW_TRY(tw_path_decide(c, s, o->permission, o->when, &d));
	rp->body = json_pack("{s:s, s:s, s:b, s:s}", "operation", o->name, "permission", o->permission, "allowed",
		d.verdict == TW_ALLOW, "rule", d.rule);
	if (!rp->body)
		return TW_RAISE(NOMEM, "an explanation");
	if (permits)
		TW_TRY(tw_json_set(rp->body, "permits", json_string(permits)));
	if (d.by)
		TW_TRY(tw_json_set(rp->body, "by", json_string(d.by)));
	return add_roles(c, s, o->permission, rp->body);
}

/* Those that a door makes of somebody, and where they come in. */
static const struct {
	const char *word;
	enum tw_subject_kind kind;
	enum tw_door door;
} kinds[] = {
	{ "anyone", TW_SUBJECT_ANYONE, TW_DOOR_HTTPS },
	{ "local", TW_SUBJECT_LOCAL, TW_DOOR_LOCAL },
	{ "console", TW_SUBJECT_CONSOLE, TW_DOOR_CONSOLE },
	{ "application", TW_SUBJECT_APPLICATION, TW_DOOR_LOCAL },
	{ "device", TW_SUBJECT_DEVICE, TW_DOOR_INTERNAL },
	{ "button", TW_SUBJECT_BUTTON, TW_DOOR_BUTTON },
};

static bool imagine_kind(const char *word, struct tw_subject *ret)
{
	for (size_t i = 0; i < TW_COUNT(kinds); i++)
		if (!strcmp(kinds[i].word, word)) {
			*ret = (struct tw_subject){ .door = kinds[i].door, .kind = kinds[i].kind };
			return true;
		}
	return false;
}

static tw_err read_account(struct tw_context *c, const char *id, struct tw_account *ret)
{
	int64_t number = 0;

	if (!tw_account_id_read(tw_slice_of(id), &number))
		return TW_RAISE(NOTFOUND, "no id");
	return tw_account_get(c, number, ret);
}

static tw_err refuse_all(struct tw_reply *rp, const char *rule)
{
	TW_TRY(tw_json_set(rp->body, "allowed", json_false()));
	return tw_json_set(rp->body, "rule", json_string(rule));
}

/* In a session of a shared account, what the gate lets pass is looked at once more. */
static tw_err refuse_lasting(struct tw_reply *rp, const struct tw_operation_row *o)
{
	return json_is_true(json_object_get(rp->body, "allowed")) && tw_shared_lasts(o->permission) ? refuse_all(rp, "shared.session")
												    : TW_OK;
}

/* @nist LA.AZ.1: of an account that is not there the answer is no, whatever the operation */
static tw_err explain_account(struct tw_context *c, const char *id, const struct tw_operation_row *o, struct tw_reply *rp)
{
	struct tw_account a = { .state = TW_ACCOUNT_ACTIVE };
	struct tw_subject s;

	tw_err e = read_account(c, id, &a);
	bool unknown = tw_is(e, TW_CODE_NOTFOUND);
	if (!unknown)
		TW_TRY(e);
	TW_TRY(imagine(c, &a, &s));
	TW_TRY(explain(c, &s, o, rp));
	if (unknown)
		return refuse_all(rp, "account.unknown");
	if (a.state != TW_ACCOUNT_ACTIVE)
		return refuse_all(rp, "account.state");
	return a.kind == TW_ACCOUNT_SHARED ? refuse_lasting(rp, o) : TW_OK;
}

/* What is asked for without an operation of the API, as an application's events are, has a permission all the same. */
static const char *permission_of(struct tw_context *c, const char *word)
{
	const char *name;

	for (size_t i = 0; (name = tw_gate_permission_name(c->gate, i)); i++)
		if (!strcmp(name, word))
			return name;
	return NULL;
}

tw_err tw_access_explain(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *word = tw_json_text(rq->input, "operation");
	const struct tw_operation_row *o = tw_operation_find(c->capabilities, tw_slice_of(word));
	struct tw_operation_row bare = { .permission = o ? NULL : permission_of(c, word), .when = TW_WHEN_ALWAYS };
	const char *id = tw_json_text(rq->input, "account"), *kind = tw_json_text(rq->input, "kind");
	struct tw_subject s = rq->subject;

	bare.name = bare.permission;
	if (!o && !bare.permission)
		return bad(rp, "access.operation", "There is no operation of this name, and no permission.");
	o = o ? o : &bare;
	if (*id && *kind)
		return bad(rp, "access.subject", "Name an account or a kind, not both.");
	if (*id)
		return explain_account(c, id, o, rp);
	if (*kind && !imagine_kind(kind, &s))
		return bad(rp, "access.subject", "A kind is anyone, local, console, application or device.");
	TW_TRY(explain(c, &s, o, rp));
	return s.member[0] ? refuse_lasting(rp, o) : TW_OK;
}

static tw_err fact_of_setting(struct tw_context *c, const char *key, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf value = { 0 };

	tw_buf_init(&value, c->sys, 512);
	TW_TRY(tw_setting_get(c, key, &value));
	*ret = json_string(tw_buf_cstr(&value));
	return *ret ? TW_OK : TW_RAISE(NOMEM, "%s", key);
}

tw_err tw_access_fact_mode(struct tw_context *c, json_t **ret)
{
	return fact_of_setting(c, "logical-access.mode", ret);
}

tw_err tw_access_fact_place(struct tw_context *c, json_t **ret)
{
	return fact_of_setting(c, "logical-access.place", ret);
}
