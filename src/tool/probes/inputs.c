/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probe of inputs. Every operation that the device publishes with a body is sent bodies of another form than it publishes: fields that there
 * are not, values of another kind, texts that are too long, and lists of another shape. Each has to be refused by a rule, nothing may have changed
 * afterwards, and the device has to answer as before. No body is right in anything, so a sound device does nothing.
 */
#include "tool/probes/people.h"

#define DESCRIPTION "/api/v1/openapi.json"
#define UNKNOWN "no-such-field"
#define TEXT_MAX 9000 /* longer than what most fields take, and short enough for any body */

struct feeding {
	struct tw_probe_context *c;
	struct tw_finding *f;
	char *text; /* of TEXT_MAX letters */
	size_t operations, sent;
	bool good;
};

/* With a word in the place of a parameter. */
static void target_of(const char *path, char ret[160])
{
	const char *brace = strchr(path, '{');

	(void)snprintf(ret, 160, "%.*s%s", (int)(brace ? (size_t)(brace - path) : strlen(path)), path, brace ? "probe" : "");
}

static bool is_refusal(const struct tw_answer *a)
{
	return a->status >= 400 && a->status < 500 && *tw_json_text(a->body, "rule");
}

/* Takes body over. */
static tw_err feed(struct feeding *g, const char *method, const char *path, json_t *body)
{
	TW_CLEANUP(tw_jsonp) json_t *owned = body;
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char target[160];

	if (!owned)
		return TW_RAISE(NOMEM, "a body");
	target_of(path, target);
	tw_answer_init(&answer, g->c->sys);
	const struct tw_call call = { .method = method, .path = target, .body = owned };
	TW_TRY(tw_client_call(g->c->target[0].session.client, &call, &answer));
	g->sent++;
	g->good = is_refusal(&answer);
	return g->good ? TW_OK
		       : tw_found(g->f, TW_VERDICT_FAIL, "%s %s took what is not of its form: it was answered with %ld%s.", method,
				 target, answer.status, answer.status >= 400 && answer.status < 500 ? " and no rule" : "");
}

/* Of another kind than the field's. */
static json_t *other_kind(const char *type)
{
	return !strcmp(type, "object") ? json_string("probe") : json_pack("{s:[i]}", UNKNOWN, 1);
}

static tw_err feed_field(struct feeding *g, const char *method, const char *path, const char *key, const json_t *schema)
{
	const char *type = tw_json_text(schema, "type");

	TW_TRY(feed(g, method, path, json_pack("{s:o, s:i}", key, other_kind(type), UNKNOWN, 1)));
	if (!g->good || strcmp(type, "string") != 0)
		return TW_OK;
	return feed(g, method, path, json_pack("{s:s, s:i}", key, g->text, UNKNOWN, 1));
}

static const json_t *schema_of(const json_t *operation)
{
	const json_t *content = json_object_get(json_object_get(operation, "requestBody"), "content");

	return json_object_get(json_object_get(content, "application/json"), "schema");
}

static tw_err feed_operation(struct feeding *g, const char *path, const char *name, const json_t *operation)
{
	const json_t *schema = schema_of(operation);
	const char *key;
	json_t *field;
	char method[8];

	if (!schema)
		return TW_OK;
	g->operations++;
	for (size_t i = 0; i < sizeof method; i++)
		method[i] = name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 'a' + 'A') : '\0';
	method[sizeof method - 1] = '\0';
	TW_TRY(feed(g, method, path, json_pack("{s:s}", UNKNOWN, "probe")));
	if (g->good)
		TW_TRY(feed(g, method, path, json_pack("[s]", "probe")));
	json_object_foreach(json_object_get(schema, "properties"), key, field)
		if (g->good)
			TW_TRY(feed_field(g, method, path, key, field));
	return TW_OK;
}

static tw_err feed_all(struct feeding *g, json_t *paths)
{
	const char *path, *name;
	json_t *methods, *operation;

	json_object_foreach(paths, path, methods)
		json_object_foreach(methods, name, operation)
			if (g->good)
				TW_TRY(feed_operation(g, path, name, operation));
	return TW_OK;
}

/* What an input could have changed, as far as an owner sees it. */
static tw_err look(struct tw_probe_context *c, json_t **ret)
{
	static const char *const lists[][2] = { { "/api/v1/settings", "settings" }, { "/api/v1/accounts", "accounts" },
		{ "/api/v1/roles", "roles" }, { "/api/v1/rules", "rules" }, { "/api/v1/peers", "peers" }, { "/api/v1/keys", "keys" } };
	TW_CLEANUP(tw_jsonp) json_t *all = json_object();

	for (size_t i = 0; i < TW_COUNT(lists); i++) {
		TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

		TW_TRY(tw_order_all(c, lists[i][0], lists[i][1], &answer));
		if (!json_is_array(json_object_get(answer.body, lists[i][1])))
			return TW_RAISE(SYNTAX, "%s shows no list", lists[i][0]);
		TW_TRY(tw_json_set(all, lists[i][1], json_incref(json_object_get(answer.body, lists[i][1]))));
	}
	*ret = TW_STEAL(all);
	return TW_OK;
}

static tw_err try_inputs(struct feeding *g)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer description = { 0 }, health = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *before = NULL, *after = NULL;

	TW_TRY(tw_order(g->c, "GET", DESCRIPTION, &description));
	TW_TRY(look(g->c, &before));
	TW_TRY(feed_all(g, json_object_get(description.body, "paths")));
	if (!g->good)
		return TW_OK;
	if (!g->operations)
		return tw_found(g->f, TW_VERDICT_FAIL, "The device publishes no operation that takes a body.");
	TW_TRY(look(g->c, &after));
	TW_TRY(tw_ask(g->c, &tw_asker_owner, "GET", "/api/v1/health", &health));
	if (!json_equal(before, after))
		return tw_found(g->f, TW_VERDICT_FAIL,
			"Behind inputs that were refused, settings, accounts, roles, rules, devices or keys are others.");
	if (health.status != 200)
		return tw_found(g->f, TW_VERDICT_FAIL, "Behind inputs that were refused the device answered with %ld.", health.status);
	return tw_found(g->f, TW_VERDICT_PASS,
		"%zu inputs of a wrong form to %zu operations were each refused by a rule; settings, accounts, roles, rules, devices and keys are as "
		"before, and the device answers.",
		g->sent, g->operations);
}

/* @nist LA.IC.11: each input is fed with what is none, and each gives a defined error and no effect */
static tw_err ask_refused(struct tw_probe_context *c, struct tw_finding *f)
{
	struct feeding g = { .c = c, .f = f, .text = tw_alloc_array(c->sys, TEXT_MAX + 1, 1), .good = true };

	if (!g.text)
		return TW_RAISE(NOMEM, "a long text");
	memset(g.text, 'x', TEXT_MAX);
	tw_err e = try_inputs(&g);
	free(g.text);
	return tw_failed(e) ? tw_found_trouble(f, "What the device publishes of itself", e) : TW_OK;
}

const struct tw_probe tw_probes_inputs[] = {
	{ "LA.IC.11", "invalid-refused", TW_SOURCE_OUTSIDE, "Is every input of a wrong form refused, without an effect?", ask_refused, true },
	{ .element = NULL },
};
