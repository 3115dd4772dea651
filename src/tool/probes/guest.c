/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/probes/guest.h"

#include "base/text.h"

#define LOGINS "/api/v1/logins"
#define GUEST_S 3600

tw_err tw_guest_secret(const struct tw_sys *sys, size_t size, char ret[TW_GUEST_SECRET + 1])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	uint8_t bytes[TW_GUEST_SECRET / 2];

	tw_buf_init(&hex, sys, TW_GUEST_SECRET);
	if (sys->random(sys, bytes, sizeof bytes) != 0)
		return TW_RAISE_ERRNO("randomness");
	TW_TRY(tw_buf_hex(&hex, bytes, sizeof bytes));
	(void)snprintf(ret, TW_GUEST_SECRET + 1, "%.*s", (int)size, tw_buf_cstr(&hex));
	return TW_OK;
}

tw_err tw_guest_send(struct tw_guest *g, json_t *body, struct tw_answer *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *owned = body;
	const struct tw_call call = { .method = "POST", .path = LOGINS, .body = owned, .host = g->host };

	if (!owned)
		return TW_RAISE(NOMEM, "a request");
	TW_TRY(tw_accept_in(g->c, owned));
	return tw_person_call(g->c, NULL, &call, ret);
}

tw_err tw_guest_try(struct tw_guest *g, const char *password, const char *client, struct tw_answer *ret)
{
	json_t *body = json_pack("{s:s, s:s, s:s*}", "account", g->p.name, "password", password, "client", client);

	return tw_guest_send(g, body, ret);
}

bool tw_guest_wants(const struct tw_answer *a, const char *what)
{
	const char *first = a->status == 200 ? json_string_value(json_array_get(json_object_get(a->body, "needed"), 0)) : NULL;

	return first && !strcmp(first, what);
}

tw_err tw_guest_chooses(struct tw_guest *g, const struct tw_answer *begun, const char *password, struct tw_answer *ret)
{
	return tw_guest_send(g, json_pack("{s:s, s:s}", "login", tw_json_text(begun->body, "login"), "new_password", password), ret);
}

/* A policy that is there is not loosened to try something. */
static tw_err not_here(struct tw_guest *g, const char *what)
{
	return tw_found(g->f, TW_VERDICT_INCONCLUSIVE,
		"Here %s, and this does not loosen that to try it. Assess again where a password alone opens a session and who fails has to wait.",
		what);
}

tw_err tw_guest_opens(struct tw_guest *g, bool *ret)
{
	char methods[TW_MOMENT_VALUE];

	TW_TRY(tw_moment_read(&g->m, "logical-access.network-methods", methods));
	*ret = !strcmp(methods, "any");
	return *ret ? TW_OK : not_here(g, "no password alone opens a session over the network");
}

tw_err tw_guest_waits(struct tw_guest *g, bool *ret)
{
	char throttle[TW_MOMENT_VALUE];

	TW_TRY(tw_guest_opens(g, ret));
	if (!*ret)
		return TW_OK;
	TW_TRY(tw_moment_read(&g->m, "logical-access.throttle", throttle));
	*ret = strcmp(throttle, "off") != 0;
	return *ret ? TW_OK : not_here(g, "nobody waits who fails");
}

tw_err tw_guest_enrol(struct tw_guest *g, size_t size)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 }, chosen = { 0 };
	char given[TW_GUEST_SECRET + 1], path[64];

	TW_TRY(tw_person_make(g->c, "temporary", GUEST_S, &g->p)); /* ends by itself where the tool is killed before it takes it back */
	TW_TRY(tw_guest_secret(g->c->sys, TW_GUEST_SECRET, given));
	TW_TRY(tw_guest_secret(g->c->sys, size, g->password));
	(void)snprintf(path, sizeof path, "/api/v1/passwords/%s", g->p.id);
	TW_TRY(tw_order_with(g->c, "PUT", path, json_pack("{s:s}", "password", given), NULL));
	TW_TRY(tw_guest_try(g, given, NULL, &answer));
	TW_TRY(tw_answer_check(&answer, g->c->tool->hint, sizeof g->c->tool->hint));
	if (tw_guest_wants(&answer, "new-password"))
		TW_TRY(tw_guest_chooses(g, &answer, g->password, &chosen));
	const struct tw_answer *last = chosen.status ? &chosen : &answer;
	TW_TRY(tw_answer_check(last, g->c->tool->hint, sizeof g->c->tool->hint));
	(void)snprintf(g->client, sizeof g->client, "%s", tw_json_text(last->body, "client"));
	(void)snprintf(g->p.token, sizeof g->p.token, "%s", tw_json_text(last->body, "token"));
	return g->client[0] ? TW_OK : TW_RAISE(SYNTAX, "a login told the client nothing that it is known by");
}

tw_err tw_guest_with(struct tw_probe_context *c, struct tw_finding *f, tw_err (*ask)(struct tw_guest *g))
{
	struct tw_guest g = { .c = c, .f = f };

	tw_err e = tw_moment_begin(&g.m, c, f);
	if (!tw_failed(e))
		e = ask(&g);
	if (tw_failed(e))
		e = tw_found_trouble(f, "What the probe needs of logins", e);
	tw_moment_back(&g.m);
	tw_probe_take_back(c, f, "accounts", g.p.id);
	tw_probe_take_back(c, f, "roles", g.p.role);
	tw_moment_end(&g.m);
	tw_wipe(&g, sizeof g);
	return e;
}
