/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward assess support`: the same for the manufacturer's server. What it claims is what it lists at /api/v1/elements; the probes ask it as a stranger's
 * browser does, and from inside with sessions of its staff (--staff). It is known by its address: by a certificate that this machine's authorities vouch
 * for, or those of a file, or by its key.
 */
#include "tool/assess-inside.h"
#include "tool/commands.h"
#include "product/product.h"
#include "tool/files.h"
#include "tool/pages.h"

#include "base/text.h"

#define ELEMENTS "/api/v1/elements"
#define SERVICE "thingward-support"
#define PORT "443"

const struct tw_option tw_options_assess_support[] = {
	{ "owner", "DIR", true, "your directory, whose key signs the evidence; it is made when there is none" },
	{ "out", "FILE", true, "where the evidence goes" },
	{ "product", "DIR", false,
		"the directory with product.yaml, for its support-claims; without it the server's own list is what is claimed" },
	{ "listener", "SHA256", false, "of the key that the server's certificate has to have; then nobody else has to vouch for it" },
	{ "authorities", "FILE", false, "the certificates that may vouch for the server's, in place of those that this machine trusts" },
	{ "staff", "FILE", false,
		"a session of the manufacturer's own people: what the server answered to a login; again for another role (analyst, manager, publisher)" },
	{ "element", "ID[/CHECK]", false, "try only this element, or one check of it, as the evidence names them; again for more" },
	{ "into", "EVIDENCE", false, "an earlier run of yours: what --element names is tried again, all else is taken over from it" },
	{ "resume", NULL, false, "go on with the run that was cut off while it wrote to --out" },
	{ "not-intrusive", NULL, false, "leave out the checks that send a report or note a question, which says that it is a test" },
	{ "setup", "TEXT", false, "how it was set up" },
	{},
};

static const struct tw_probe *const tables[] = { tw_probes_reception, tw_probes_questions, tw_probes_customers, tw_probes_remedies,
	tw_probes_news, tw_probes_bulletins, NULL };

/* "https://host[:port][/]" or "host:port" as HOST:PORT, and as an origin. */
static tw_err place_of(const char *url, struct tw_device *ret)
{
	const char *host = strncmp(url, "https://", 8) ? url : url + 8, *colon = strrchr(host, ':');
	const size_t size = strcspn(host, "/?#");
	const bool port = colon && colon < host + size && !memchr(colon, ']', (size_t)(host + size - colon));

	if (!size || size > 240 || (host[size] && strcmp(host + size, "/") != 0) || strstr(host, "://"))
		return TW_RAISE(SYNTAX, "'%.80s' is no https://HOST or HOST:PORT", url);
	(void)snprintf(ret->address, sizeof ret->address, "%.*s%s", (int)size, host, port ? "" : ":" PORT);
	const size_t whole = strlen(ret->address);
	const bool usual = whole > strlen(":" PORT) && !strcmp(ret->address + whole - strlen(":" PORT), ":" PORT);
	(void)snprintf(ret->identifier, sizeof ret->identifier, "https://%.*s", (int)(usual ? whole - strlen(":" PORT) : whole),
		ret->address);
	(void)snprintf(ret->name, sizeof ret->name, "server");
	return TW_OK;
}

static tw_err connect_to(struct assessment *a, struct tw_session *s)
{
	const char *pin = tw_arg(a->args, "listener");
	struct tw_place place = {
		.address = s->device.address, .has_pin = pin != NULL, .trust = !pin, .authorities = tw_arg(a->args, "authorities")
	};

	if (pin && tw_failed(tw_parse_hex(tw_slice_of(pin), place.pin, sizeof place.pin)))
		return tw_fail(a->t, TW_EXIT_USAGE, "the SHA-256 of its public key, as 64 hexadecimal digits",
			TW_RAISE(SYNTAX, "--listener '%.80s' is no digest", pin));
	return tw_client_new(a->sys, &place, &s->client);
}

static tw_err is_service(struct assessment *a, const struct tw_answer *answer)
{
	if (answer->status == 200 && json_is_array(tw_json_get(answer->body, "elements")) &&
		!strcmp(tw_json_text(answer->body, "service"), SERVICE) && strlen(tw_json_text(answer->body, "software")) <= 64)
		return TW_OK;
	return tw_fail(a->t, TW_EXIT_FAILED, "thingward assess --device NAME, when it is a device",
		TW_RAISE(STATE, "what answers there with %ld is no support service: " ELEMENTS " does not say so", answer->status));
}

/* Refused or cut off, it is told as it is; a certificate that does not hold has its own hint. */
static tw_err ask_elements(struct assessment *a, struct tw_target *g)
{
	static const struct tw_pages pages = { .method = "GET", .path = ELEMENTS, .list = "elements" };
	const struct tw_call call = { .method = "GET", .path = ELEMENTS };
	tw_err e = tw_client_call(g->session.client, &call, &g->capabilities);

	if (tw_is(e, TW_CODE_CLOSED))
		return tw_fail(a->t, TW_EXIT_UNREACHABLE, "is the server on, and the address right?", e);
	if (tw_is(e, TW_CODE_UNTRUSTED))
		return tw_fail(a->t, TW_EXIT_UNREACHABLE,
			"--listener SHA256 of its key, or --authorities FILE, from somebody who knows; or somebody stands between", e);
	TW_TRY(e);
	TW_TRY(is_service(a, &g->capabilities));
	return tw_pages_rest(a->t, g->session.client, &pages, &g->capabilities);
}

/* What it lists it claims, unless the product's description says it: who runs it has said so in public. */
static tw_err take_claims(struct assessment *a)
{
	size_t i;
	json_t *one;

	if (tw_arg(a->args, "product")) {
		TW_TRY(tw_product_load(a->t, tw_arg(a->args, "product"), &a->product));
		a->claims = json_incref(tw_json_get(a->product, "support-claims"));
		return TW_OK;
	}
	a->claims = json_array();
	json_array_foreach(tw_json_get(a->c.target[0].capabilities.body, "elements"), i, one)
		if (*tw_json_text(one, "id"))
			TW_TRY(tw_json_append(a->claims, json_string(tw_json_text(one, "id"))));
	return a->claims ? TW_OK : TW_RAISE(NOMEM, "claims");
}

/* Whose session it is the server says. */
static tw_err take_one_of_staff(struct assessment *a, const char *path)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *file = NULL;
	const size_t n = a->c.staff_count;

	if (n == TW_STAFF_MAX)
		return tw_fail(a->t, TW_EXIT_USAGE, "one for each role", TW_RAISE(LIMIT, "more than %d --staff", TW_STAFF_MAX));
	TW_TRY(tw_file_json(a->sys, path, &file));
	const char *token = tw_json_text(file, "token");
	if (!*token || strlen(token) >= sizeof a->c.staff[n].token)
		return tw_fail(a->t, TW_EXIT_USAGE, "what POST /api/v1/logins answered",
			TW_RAISE(SYNTAX, "%s holds no token of a session", path));
	const struct tw_call call = { .method = "GET", .path = "/api/v1/staff-self", .token = token };
	tw_answer_init(&answer, a->sys);
	TW_TRY(tw_client_call(a->c.target[0].session.client, &call, &answer));
	const char *role = json_string_value(json_array_get(tw_json_get(answer.body, "roles"), 0));
	if (answer.status != 200 || !role)
		return tw_fail(a->t, TW_EXIT_REFUSED, "log in anew: a session ends by itself",
			TW_RAISE(DENIED, "the session of %s is none of this server's: it answered with %ld", path, answer.status));
	(void)snprintf(a->c.staff[n].token, sizeof a->c.staff[n].token, "%s", token);
	(void)snprintf(a->c.staff[n].role, sizeof a->c.staff[n].role, "%s", role);
	a->c.staff_count++;
	return TW_OK;
}

static tw_err take_staff(struct assessment *a)
{
	const char *path;

	for (size_t i = 0; (path = tw_arg_nth(a->args, "staff", i)); i++)
		TW_TRY(take_one_of_staff(a, path));
	return TW_OK;
}

static tw_err gather(struct assessment *a)
{
	struct tw_target *g = &a->c.target[0];

	tw_answer_init(&g->identity, a->sys);
	tw_answer_init(&g->capabilities, a->sys);
	a->c.target_count = 1;
	a->support = true;
	tw_err e = place_of(a->args->rest[0], &g->session.device);
	if (tw_failed(e))
		return tw_fail(a->t, TW_EXIT_USAGE, "https://security.example.com", e);
	TW_TRY(tw_owner_make(a->t, tw_arg(a->args, "owner"), "assessor", &g->session.owner));
	TW_TRY(connect_to(a, &g->session));
	tw_progress(a->t, "asking %s", g->session.device.identifier);
	TW_TRY(ask_elements(a, g));
	TW_TRY(take_staff(a));
	return take_claims(a);
}

tw_err tw_cmd_assess_support(struct tw_tool *t, const struct tw_args *args)
{
	TW_CLEANUP(tw_assess_done) struct assessment a = { .t = NULL };

	TW_TRY(tw_assess_begin(t, args, &a));
	TW_TRY(tw_assess_over(&a, tables));
	TW_TRY(gather(&a));
	return tw_assess_run(&a);
}
