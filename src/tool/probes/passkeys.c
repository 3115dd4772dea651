/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probe of hardware tokens: somebody made up enrols one that this tool plays (webauthn.h), and logs in with it. Passkeys are for a DNS name. A device that
 * has none is given one for the moment, which nobody can resolve, by a certificate of an authority that is thrown away at once; what it has is left as
 * it is. The device is asked at its address all the same, under the name: by Host.
 */
#include "base/text.h"
#include "crypto/cert.h"
#include "crypto/dnsnames.h"
#include "tool/files.h"
#include "tool/probes/guest.h"
#include "tool/probes/webauthn.h"

#define NAMES "/api/v1/names"
#define KEYS "/api/v1/passkeys"
#define CHALLENGES "/api/v1/passkey-challenges"
#define DAY_MS (86400 * INT64_C(1000))
#define CHALLENGE_MAX 64
#define NOT_ASKED "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" /* a challenge that nobody was given */

struct visit {
	struct tw_guest *g;
	bool is_named; /* by this probe */
	char site[TW_DNS_NAME_MAX + 1], host[TW_DNS_NAME_MAX + 8], origin[TW_DNS_NAME_MAX + 16];
	struct tw_played_token token, foreign;
	struct tw_answer answer; /* to the last step of a login */
	char login[64], challenge[CHALLENGE_MAX];
	uint32_t counter;
};

static tw_err wrong(struct visit *v, const char *what)
{
	return tw_found(v->g->f, TW_VERDICT_FAIL, "%s was answered with %ld.", what, v->answer.status);
}

/* --- The name --- */

static tw_err make_certificate(struct tw_probe_context *c, const char *listener, const char *name, struct tw_buf *ret_pem)
{
	const int64_t now = tw_now_ms(c->sys);
	const struct tw_cert_want authority = {
		.common_name = "probe", .is_ca = true, .not_before_ms = now - DAY_MS, .not_after_ms = now + DAY_MS
	};
	const struct tw_cert_want want = {
		.common_name = "probe", .dns = name, .is_server = true, .not_before_ms = now - DAY_MS, .not_after_ms = now + DAY_MS
	};
	TW_CLEANUP(tw_cert_freep) tw_cert *own = NULL, *ca = NULL, *made = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL, *ca_key = NULL;

	TW_TRY(tw_cert_load(c->sys, tw_slice_of(listener), &own));
	TW_TRY(tw_cert_key(own, &key));
	TW_TRY(tw_key_generate(c->sys, &ca_key));
	TW_TRY(tw_cert_make(c->sys, &authority, ca_key, NULL, ca_key, &ca));
	TW_TRY(tw_cert_make(c->sys, &want, key, ca, ca_key, &made));
	return tw_cert_pem(made, ret_pem);
}

/* One below .invalid (RFC 2606), which no name server has. */
static tw_err give_name(struct visit *v, const char *listener)
{
	struct tw_probe_context *c = v->g->c;
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	char name[32];

	tw_buf_init(&pem, c->sys, 8192);
	TW_TRY(tw_person_name(c->sys, name));
	(void)snprintf(v->site, sizeof v->site, "probe-%s.invalid", name + strlen("probe "));
	TW_TRY(make_certificate(c, listener, v->site, &pem));
	v->is_named = true; /* from here on it may have it, whatever is answered */
	return tw_order_with(c, "PUT", NAMES, json_pack("{s:s}", "certificate", tw_buf_cstr(&pem)), NULL);
}

static const char *only_name(const struct tw_answer *a)
{
	const json_t *names = tw_json_get(a->body, "names");
	const char *first = json_string_value(json_array_get(names, 0));

	return json_array_size(names) == 1 && first ? first : "";
}

static tw_err find_name(struct visit *v)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	const char *address = v->g->c->target[0].session.device.address, *port = strrchr(address, ':');

	TW_TRY(tw_order(v->g->c, "GET", NAMES, &answer));
	const char *first = json_string_value(json_array_get(tw_json_get(answer.body, "names"), 0));
	if (first)
		(void)snprintf(v->site, sizeof v->site, "%s", first);
	else
		TW_TRY(give_name(v, tw_json_text(answer.body, "listener")));
	(void)snprintf(v->host, sizeof v->host, "%s%s", v->site, port ? port : "");
	(void)snprintf(v->origin, sizeof v->origin, "https://%s", v->host);
	v->g->host = v->host;
	return TW_OK;
}

/* Unless an owner has given it another meanwhile, which is his. */
static void take_name_back(struct visit *v)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	if (!v->is_named)
		return;
	tw_err e = tw_order(v->g->c, "GET", NAMES, &answer);
	if (!tw_failed(e) && strcmp(only_name(&answer), v->site) != 0)
		return;
	if (!tw_failed(e))
		e = tw_order(v->g->c, "DELETE", NAMES, NULL);
	if (tw_failed(e))
		tw_found_left(v->g->f, "the name %s could not be taken back: %s", v->site, tw_err_detail());
}

/* --- Enrolling --- */

static struct tw_played_page page_of(const struct visit *v, const char *challenge)
{
	return (struct tw_played_page){ v->site, v->origin, challenge };
}

/* In the session of his login, which is fresh enough to prove him anew. */
static tw_err enrol(struct visit *v, bool *ret_good)
{
	struct tw_probe_context *c = v->g->c;
	const struct tw_call begin = { .method = "POST", .path = CHALLENGES, .host = v->host };
	TW_CLEANUP(tw_jsonp) json_t *body = NULL;
	TW_CLEANUP(tw_client_freep) tw_client *client = NULL;

	*ret_good = false;
	TW_TRY(tw_person_call(c, v->g->p.token, &begin, &v->answer));
	if (v->answer.status != 201 || !v->answer.body || strcmp(tw_json_text(v->answer.body, "site"), v->site) != 0)
		return wrong(v, "Beginning to enrol a token, under the device's name,");
	const struct tw_played_page page = page_of(v, tw_json_text(v->answer.body, "challenge"));
	TW_TRY(tw_played_made(&v->token, &page, ++v->counter, &body));
	TW_TRY(tw_json_set(body, "label", json_string("probe")));
	const struct tw_call add = { .method = "POST", .path = KEYS, .body = body, .token = v->g->p.token, .host = v->host };
	TW_TRY(tw_person_client(c, &client));
	TW_TRY(tw_session_call(c->tool, client, &add, &v->answer));
	*ret_good = v->answer.status == 201;
	return *ret_good ? TW_OK : wrong(v, "Enrolling a token");
}

/* --- Logging in --- */

static bool is_in(const struct visit *v)
{
	return v->answer.status == 201 && v->answer.body && *tw_json_text(v->answer.body, "token");
}

/* By the password, which is not enough; then the device says by which challenge. */
static tw_err begin(struct visit *v, bool *ret_good)
{
	TW_TRY(tw_guest_try(v->g, v->g->password, v->g->client, &v->answer));
	*ret_good = tw_guest_wants(&v->answer, "passkey") && !is_in(v);
	if (!*ret_good)
		return wrong(v, "The password alone, where a token is enrolled,");
	(void)snprintf(v->login, sizeof v->login, "%s", tw_json_text(v->answer.body, "login"));
	return TW_OK;
}

static tw_err take_challenge(struct visit *v, bool *ret_good)
{
	TW_TRY(tw_guest_send(v->g, json_pack("{s:s, s:s}", "login", v->login, "factor", "passkey"), &v->answer));
	const char *challenge = v->answer.status == 200 ? tw_json_text(tw_json_get(v->answer.body, "passkey"), "challenge") : "";
	*ret_good = *challenge && strlen(challenge) < sizeof v->challenge;
	if (!*ret_good)
		return wrong(v, "Asking what a token has to sign");
	(void)snprintf(v->challenge, sizeof v->challenge, "%s", challenge);
	return TW_OK;
}

static tw_err show(struct visit *v, json_t *passkey)
{
	return tw_guest_send(v->g, json_pack("{s:s, s:s, s:O}", "login", v->login, "factor", "passkey", "passkey", passkey), &v->answer);
}

/* One answer to a fresh challenge of the login. */
struct lie {
	const char *what;
	bool is_foreign, is_other, is_stale; /* whose key signs; which challenge; what it counts */
};

static tw_err answer_with(struct visit *v, const struct lie *l, json_t **ret_passkey)
{
	const struct tw_played_page page = page_of(v, l->is_other ? NOT_ASKED : v->challenge);
	TW_CLEANUP(tw_jsonp) json_t *passkey = NULL;

	v->counter += !l->is_stale;
	TW_TRY(tw_played_signs(&v->token, l->is_foreign ? v->foreign.key : v->token.key, &page, v->counter, &passkey));
	TW_TRY(show(v, passkey));
	*ret_passkey = TW_STEAL(passkey);
	return TW_OK;
}

static tw_err refuses(struct visit *v, const struct lie *l, bool *ret_good)
{
	TW_CLEANUP(tw_jsonp) json_t *passkey = NULL;

	TW_TRY(take_challenge(v, ret_good));
	if (!*ret_good)
		return TW_OK;
	TW_TRY(answer_with(v, l, &passkey));
	*ret_good = v->answer.status == 403;
	return *ret_good ? tw_saw(v->g->f, l->what, tw_json_text(v->answer.body, "rule")) : wrong(v, l->what);
}

static tw_err opens(struct visit *v, const char *what, json_t **ret_passkey, bool *ret_good)
{
	static const struct lie none = { .what = "" };

	TW_TRY(take_challenge(v, ret_good));
	if (!*ret_good)
		return TW_OK;
	TW_TRY(answer_with(v, &none, ret_passkey));
	*ret_good = is_in(v);
	return *ret_good ? TW_OK : wrong(v, what);
}

/* In with the token; never by another's signature, nor by its own over something else. */
static tw_err first_login(struct visit *v, json_t **ret_passkey, bool *ret_good)
{
	static const struct lie foreign = { .what = "The signature of another key", .is_foreign = true },
				other = { .what = "A signature over another challenge", .is_other = true };

	TW_TRY(begin(v, ret_good));
	if (*ret_good)
		TW_TRY(refuses(v, &foreign, ret_good));
	if (*ret_good)
		TW_TRY(refuses(v, &other, ret_good));
	return *ret_good ? opens(v, "The token's signature over the challenge", ret_passkey, ret_good) : TW_OK;
}

/* What opened before opens nothing now, nor does one that has counted no further; the token goes on. */
static tw_err second_login(struct visit *v, json_t *used, bool *ret_good)
{
	static const struct lie stale = { .what = "A counter that did not rise", .is_stale = true };
	TW_CLEANUP(tw_jsonp) json_t *unused = NULL;

	TW_TRY(begin(v, ret_good));
	if (*ret_good)
		TW_TRY(take_challenge(v, ret_good));
	if (!*ret_good)
		return TW_OK;
	TW_TRY(show(v, used));
	*ret_good = v->answer.status == 403;
	if (!*ret_good)
		return wrong(v, "What the token had signed for the login before");
	TW_TRY(refuses(v, &stale, ret_good));
	return *ret_good ? opens(v, "The token's signature, behind what was refused,", &unused, ret_good) : TW_OK;
}

static tw_err try_token(struct visit *v)
{
	TW_CLEANUP(tw_jsonp) json_t *used = NULL;
	bool good = false;

	TW_TRY(tw_guest_opens(v->g, &good));
	if (!good)
		return TW_OK;
	TW_TRY(find_name(v));
	TW_TRY(tw_guest_enrol(v->g, TW_GUEST_SECRET));
	TW_TRY(tw_played_token_make(v->g->c->sys, &v->token));
	TW_TRY(tw_played_token_make(v->g->c->sys, &v->foreign));
	TW_TRY(enrol(v, &good));
	if (good)
		TW_TRY(first_login(v, &used, &good));
	if (good)
		TW_TRY(second_login(v, used, &good));
	return good ? tw_found(v->g->f, TW_VERDICT_PASS,
			      "With a token enrolled, which this tool played, the password alone opened nothing. The token's signature over the challenge "
			      "opened a session; it was refused when shown again, and so were another key's signature, one over another challenge, and "
			      "one by a counter that had not risen.")
		    : TW_OK;
}

/* @nist LA.AS.2.1.5: a played token signs the challenge and opens; whatever is replayed or foreign does not */
static tw_err token(struct tw_guest *g)
{
	struct visit v = { .g = g };

	tw_answer_init(&v.answer, g->c->sys);
	tw_err e = try_token(&v);
	take_name_back(&v);
	tw_played_token_done(&v.token);
	tw_played_token_done(&v.foreign);
	tw_answer_done(&v.answer);
	tw_wipe(v.login, sizeof v.login);
	g->host = NULL;
	return e;
}

static tw_err ask_token(struct tw_probe_context *c, struct tw_finding *ret)
{
	return tw_guest_with(c, ret, token);
}

const struct tw_probe tw_probes_passkeys[] = {
	{ "LA.AS.2.1.5", "token-signs", TW_SOURCE_OUTSIDE,
		"Does a login follow what a token signs for it, and nothing replayed or foreign?", ask_token, true },
	{ .element = NULL },
};
