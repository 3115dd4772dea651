/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of Data Protection.
 *
 * They use the device as its owner would: keys of their own are made, used, replaced and destroyed again, and what was left by
 * an assessment that was cut short is destroyed first. What a probe concludes it concludes from signatures that it verified, not from
 * what the device says of itself.
 */
#include "tool/probes/probe.h"

#include "base/text.h"
#include "formats/keyproof.h"

#define ONE "assess-one"
#define OTHER "assess-other"
#define NONCE_SIZE 32
#define PATH_SIZE 128

static tw_client *client_of(struct tw_probe_context *c)
{
	return c->target[0].session.client;
}

/* A public half as the device shows it. */
struct shown {
	tw_key *key;
	char fingerprint[65];
};

static void shown_done(struct shown *s)
{
	(void)tw_key_free(s->key);
}

static tw_err call(struct tw_probe_context *c, const char *method, const char *path, const json_t *body, struct tw_answer *ret)
{
	const struct tw_call what = { .method = method, .path = path, .body = body };

	TW_TRY(tw_client_call(client_of(c), &what, ret));
	return tw_answer_check(ret, c->tool->hint, sizeof c->tool->hint);
}

/* Exactly a public half: what is longer, or has another field, could carry more. */
static tw_err read_shown(struct tw_probe_context *c, const json_t *said, struct shown *ret)
{
	TW_CLEANUP(shown_done) struct shown s = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	uint8_t spki[128], fingerprint[32];
	size_t size = 0;

	tw_buf_init(&hex, c->sys, 64);
	if (json_object_size(said) != 3)
		return TW_RAISE(UNTRUSTED, "the answer has %zu fields and not the three that a public half needs", json_object_size(said));
	TW_TRY(tw_parse_base64url(tw_slice_of(tw_json_text(said, "public")), sizeof spki, spki, &size));
	TW_TRY(tw_key_load_public(c->sys, (struct tw_slice){ (char *)spki, size }, &s.key));
	TW_TRY(tw_key_fingerprint(s.key, fingerprint));
	TW_TRY(tw_buf_hex(&hex, fingerprint, sizeof fingerprint));
	if (strcmp(tw_buf_cstr(&hex), tw_json_text(said, "fingerprint")) != 0)
		return TW_RAISE(UNTRUSTED, "the fingerprint is not that of the public half");
	(void)snprintf(ret->fingerprint, sizeof ret->fingerprint, "%s", tw_buf_cstr(&hex));
	ret->key = TW_STEAL(s.key);
	return TW_OK;
}

static void destroy(struct tw_probe_context *c, const char *name)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char path[PATH_SIZE];

	tw_answer_init(&answer, c->sys);
	(void)snprintf(path, sizeof path, "/api/v1/keys/%s", name);
	tw_ignore(call(c, "DELETE", path, NULL, &answer)); /* there may be none */
}

static tw_err make(struct tw_probe_context *c, const char *name, struct shown *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *body = json_pack("{s:s}", "name", name);

	destroy(c, name);
	tw_answer_init(&answer, c->sys);
	TW_TRY(call(c, "POST", "/api/v1/keys", body, &answer));
	return read_shown(c, answer.body, ret);
}

/* The key of that name signs a fresh nonce, and the signature verifies under the public half shown. DENIED: the device refused. */
static tw_err prove(struct tw_probe_context *c, const char *name, const struct shown *key)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, message = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *body = NULL;
	uint8_t nonce[NONCE_SIZE], signature[TW_SIGNATURE_SIZE];
	size_t size = 0;

	tw_buf_init(&text, c->sys, 128);
	tw_buf_init(&message, c->sys, 256);
	tw_answer_init(&answer, c->sys);
	if (c->sys->random(c->sys, nonce, sizeof nonce) != 0)
		return TW_RAISE_ERRNO("randomness");
	TW_TRY(tw_buf_base64url(&text, nonce, sizeof nonce));
	body = json_pack("{s:s, s:s, s:s}", "name", name, "fingerprint", key->fingerprint, "nonce", tw_buf_cstr(&text));
	TW_TRY(call(c, "POST", "/api/v1/key-proofs", body, &answer));
	TW_TRY(tw_key_proof_message(name, nonce, sizeof nonce, &message));
	TW_TRY(tw_parse_base64url(tw_slice_of(tw_json_text(answer.body, "signature")), sizeof signature, signature, &size));
	if (size != sizeof signature)
		return TW_RAISE(SYNTAX, "a signature of %zu bytes", size);
	const struct tw_slice signed_text = tw_buf_slice(&message);
	return tw_key_verify(key->key, &signed_text, 1, signature);
}

static tw_err make_two(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(shown_done) struct shown one = { 0 };
	TW_CLEANUP(shown_done) struct shown other = { 0 };
	tw_err e = make(c, ONE, &one);

	if (!tw_failed(e))
		e = make(c, OTHER, &other);
	if (tw_failed(e))
		return tw_found_trouble(f, "Making a key pair", e);
	TW_TRY(tw_saw(f, "first key", one.fingerprint));
	TW_TRY(tw_saw(f, "second key", other.fingerprint));
	if (strcmp(one.fingerprint, other.fingerprint) == 0)
		return tw_found(f, TW_VERDICT_FAIL, "Two key pairs were asked for, and both have the same public half.");
	e = prove(c, ONE, &one);
	if (!tw_failed(e))
		e = prove(c, OTHER, &other);
	if (tw_failed(e))
		return tw_found_trouble(f, "The signature of a new key over a fresh nonce", e);
	return tw_found(f, TW_VERDICT_PASS,
		"The device made two key pairs with different public halves, and each signed a fresh nonce that verifies under its own.");
}

/* @nist DP.CKM.1: two pairs are asked for, differ, and are held by the device. */
static tw_err pairs_differ(struct tw_probe_context *c, struct tw_finding *f)
{
	tw_err e = make_two(c, f);

	destroy(c, ONE);
	destroy(c, OTHER);
	return e;
}

static const char *const ways[] = { "PRIVATE KEY", "private", "\"d\"", "scalar" };

static tw_err look_for_private(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(shown_done) struct shown made = { 0 };
	size_t i;
	json_t *one;
	tw_err e = make(c, ONE, &made);

	if (tw_failed(e))
		return tw_found_trouble(f, "The answer to making a key pair", e);
	tw_answer_init(&answer, c->sys);
	e = call(c, "GET", "/api/v1/keys", NULL, &answer);
	if (tw_failed(e))
		return tw_found_trouble(f, "Listing the keys", e);
	json_array_foreach(json_object_get(answer.body, "keys"), i, one) {
		TW_CLEANUP(shown_done) struct shown s = { 0 };

		e = read_shown(c, one, &s);
		if (tw_failed(e))
			return tw_found_trouble(f, "An entry of the list of keys", e);
	}
	for (size_t k = 0; k < TW_COUNT(ways); k++)
		if (answer.raw.size && memmem(answer.raw.data, answer.raw.size, ways[k], strlen(ways[k])))
			return tw_found(f, TW_VERDICT_FAIL, "The list of keys speaks of %s.", ways[k]);
	return tw_found(f, TW_VERDICT_PASS,
		"Making a key and listing all %zu answers with exactly a name, a P-256 public half and its fingerprint each: "
		"there is no room for a private half.",
		i);
}

/* @nist DP.CKM.1: no call returns a private half. */
static tw_err nothing_private(struct tw_probe_context *c, struct tw_finding *f)
{
	tw_err e = look_for_private(c, f);

	destroy(c, ONE);
	return e;
}

const struct tw_probe tw_probes_data_protection[] = {
	{ "DP.CKM.1", "pairs-differ", TW_SOURCE_INSIDE, "Does the device make key pairs that differ, and hold them?", pairs_differ },
	{ "DP.CKM.1", "nothing-private", TW_SOURCE_INSIDE, "Does no answer carry a private half?", nothing_private },
	{},
};
