/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/probes/people.h"

#include "base/text.h"
#include "sys/stranger.h"

#define PLACE "/api/v1/settings?limit=1" /* what an operator reads and an account without a role does not */
#define PARTY_S 3600

tw_err tw_person_name(const struct tw_sys *sys, char ret[32])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	uint8_t bytes[6];

	tw_buf_init(&hex, sys, 2 * sizeof bytes);
	if (sys->random(sys, bytes, sizeof bytes) != 0)
		return TW_RAISE_ERRNO("randomness");
	TW_TRY(tw_buf_hex(&hex, bytes, sizeof bytes));
	(void)snprintf(ret, 32, "probe %s", tw_buf_cstr(&hex));
	return TW_OK;
}

tw_err tw_person_make(struct tw_probe_context *c, const char *kind, int lifetime, struct tw_person *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	if (!ret->name[0])
		TW_TRY(tw_person_name(c->sys, ret->name));
	json_t *body = json_pack("{s:s, s:s}", "name", ret->name, "kind", kind);
	if (lifetime && body)
		TW_TRY(tw_json_set(body, "lifetime", json_integer(lifetime)));
	TW_TRY(tw_order_with(c, "POST", "/api/v1/accounts", body, &answer));
	(void)snprintf(ret->id, sizeof ret->id, "%s", tw_json_text(answer.body, "account"));
	return *ret->id ? TW_OK : TW_RAISE(SYNTAX, "an account was made and has no id");
}

tw_err tw_probe_at(struct tw_probe_context *c, const char *method, const char *list, const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof path, "/api/v1/%s/%s", list, name);
	return tw_order(c, method, path, NULL);
}

void tw_probe_take_back(struct tw_probe_context *c, struct tw_finding *f, const char *list, const char *name)
{
	if (*name && tw_failed(tw_probe_at(c, "DELETE", list, name)))
		tw_found_left(f, "%s %s could not be removed again: %s", list, name, tw_err_detail());
}

tw_err tw_person_give(struct tw_probe_context *c, const struct tw_person *p, const char *role)
{
	json_t *body = json_pack("{s:s, s:s}", "account", p->id, "role", role);

	if (body && (!strcmp(role, "emergency") || !strcmp(role, "supporting-party"))) /* which nobody is given for good */
		TW_TRY(tw_json_set(body, "lifetime", json_integer(PARTY_S)));
	return tw_order_with(c, "POST", "/api/v1/role-assignments", body, NULL);
}

tw_err tw_person_role(struct tw_probe_context *c, struct tw_person *p, const char *permissions)
{
	char path[96];

	if (!p->name[0])
		TW_TRY(tw_person_name(c->sys, p->name));
	(void)snprintf(p->role, sizeof p->role, "probe-%s", p->name + strlen("probe "));
	(void)snprintf(path, sizeof path, "/api/v1/roles/%s", p->role);
	return tw_order_with(c, "PUT", path, json_pack("{s:s, s:s}", "purpose", "made by a probe", "permissions", permissions), NULL);
}

tw_err tw_person_client(struct tw_probe_context *c, tw_client **ret)
{
	const struct tw_device *device = &c->target[0].session.device;
	struct tw_place place = { .address = device->address, .has_pin = true };

	memcpy(place.pin, device->listener, sizeof place.pin);
	return tw_client_new(c->sys, &place, ret);
}

tw_err tw_person_call(struct tw_probe_context *c, const char *token, const struct tw_call *what, struct tw_answer *ret)
{
	struct tw_call call = *what;

	call.token = token && *token ? token : NULL;
	tw_answer_done(ret);
	tw_answer_init(ret, c->sys);
	return tw_ask_person(c, &call, ret);
}

/* What opens a session of his, once. */
static tw_err code_for(struct tw_probe_context *c, const struct tw_person *p, json_t **ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer code = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *body = NULL;

	TW_TRY(tw_order_with(c, "POST", "/api/v1/session-codes", json_pack("{s:s}", "account", p->id), &code));
	body = json_pack("{s:s}", "code", tw_json_text(code.body, "code"));
	if (!body)
		return TW_RAISE(NOMEM, "a request");
	TW_TRY(tw_accept_in(c, body));
	*ret = TW_STEAL(body);
	return TW_OK;
}

static void keep_token(struct tw_person *p, const struct tw_answer *a)
{
	(void)snprintf(p->token, sizeof p->token, "%s", a->status == 201 && a->body ? tw_json_text(a->body, "token") : "");
}

tw_err tw_person_enter(struct tw_probe_context *c, struct tw_person *p, struct tw_answer *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *body = NULL;
	struct tw_call call = { .method = "POST", .path = "/api/v1/sessions" };

	TW_TRY(code_for(c, p, &body));
	call.body = body;
	TW_TRY(tw_person_call(c, NULL, &call, ret));
	keep_token(p, ret);
	return TW_OK;
}

tw_err tw_person_comes_here(struct tw_probe_context *c, struct tw_person *p)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *body = NULL;
	struct tw_call call = { .method = "POST", .path = "/api/v1/sessions" };

	TW_TRY(code_for(c, p, &body));
	call.body = body;
	tw_answer_init(&answer, c->sys);
	TW_TRY(tw_client_call(c->local, &call, &answer));
	keep_token(p, &answer);
	return tw_answer_check(&answer, c->tool->hint, sizeof c->tool->hint);
}

tw_err tw_person_comes(struct tw_probe_context *c, struct tw_person *p)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	TW_TRY(tw_person_enter(c, p, &answer));
	return tw_answer_check(&answer, c->tool->hint, sizeof c->tool->hint);
}

tw_err tw_person_asks(struct tw_probe_context *c, const struct tw_person *p, const char *method, const char *path, long *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	const struct tw_call call = { .method = method, .path = path };

	TW_TRY(tw_person_call(c, p->token, &call, &answer));
	*ret = answer.status;
	return TW_OK;
}

struct passer {
	struct tw_probe_context *c;
	const char *path;
	long status;
};

static tw_err pass_by(void *user)
{
	struct passer *p = user;
	const struct tw_place place = { .socket = p->c->local_path };
	const struct tw_call call = { .method = "GET", .path = p->path };
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_client_freep) tw_client *client = NULL;

	tw_answer_init(&answer, p->c->sys);
	TW_TRY(tw_client_new(p->c->sys, &place, &client));
	TW_TRY(tw_client_call(client, &call, &answer));
	p->status = answer.status;
	return TW_OK;
}

tw_err tw_person_stranger_asks(struct tw_probe_context *c, const char *path, long *ret)
{
	struct passer p = { .c = c, .path = path };

	TW_TRY(tw_as_stranger(pass_by, &p));
	*ret = p.status;
	return TW_OK;
}

tw_err tw_person_look(struct tw_probe_context *c, const struct tw_person *p, struct tw_finding *f, const char *when, long *ret)
{
	char text[24];

	TW_TRY(tw_person_asks(c, p, "GET", PLACE, ret));
	(void)snprintf(text, sizeof text, "%ld", *ret);
	return tw_saw(f, when, text);
}

tw_err tw_person_with(struct tw_probe_context *c, struct tw_finding *f,
	tw_err (*ask)(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f))
{
	struct tw_person p = { .id = "" };

	tw_err e = ask(c, &p, f);
	if (tw_failed(e))
		e = tw_found_trouble(f, "What the probe needs of accounts", e);
	tw_probe_take_back(c, f, "accounts", p.id);
	tw_probe_take_back(c, f, "rules", p.rule);
	tw_probe_take_back(c, f, "roles", p.role);
	tw_wipe(&p, sizeof p);
	return e;
}

tw_err tw_probe_setting_read(struct tw_probe_context *c, const char *key, struct tw_probe_setting *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	(void)snprintf(ret->path, sizeof ret->path, "/api/v1/settings/%s", key);
	TW_TRY(tw_order(c, "GET", ret->path, &answer));
	(void)snprintf(ret->value, sizeof ret->value, "%s", tw_json_text(answer.body, "value"));
	(void)snprintf(ret->etag, sizeof ret->etag, "%s", answer.etag);
	return TW_OK;
}

tw_err tw_probe_set(struct tw_probe_context *c, const char *key, const char *value)
{
	TW_CLEANUP(tw_jsonp) json_t *body = json_pack("{s:s}", "value", value);
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	struct tw_probe_setting now;

	if (!body)
		return TW_RAISE(NOMEM, "a request");
	TW_TRY(tw_probe_setting_read(c, key, &now));
	if (!strcmp(now.value, value))
		return TW_OK;
	const struct tw_call call = { .method = "PUT", .path = now.path, .body = body, .if_match = now.etag };
	tw_answer_init(&answer, c->sys);
	TW_TRY(tw_ask_call(c, &call, &answer));
	return tw_answer_check(&answer, c->tool->hint, sizeof c->tool->hint);
}

void tw_probe_set_back(struct tw_probe_context *c, const char *key, const char *value, struct tw_finding *f)
{
	if (*value && tw_failed(tw_probe_set(c, key, value)))
		tw_found_left(f, "%s could not be set back to '%s': %s", key, value, tw_err_detail());
}
