/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking the device over: the secret from the label, proven over the device's challenge, the client's nonce, the listener key
 * that the client saw and the key that is to own. Somebody in the middle shows another listener key, so the proof made for him
 * is worth nothing here; a proof heard once is worth nothing twice, since a challenge is good for one attempt.
 */
#include "base/text.h"
#include "device/logical-access/oidc.h"
#include "device/logical-access/state.h"
#include "device/logical-access/takeover.h"
#include "device/platform/presence.h"
#include "device/rows-logical-access.h"

/* A place for a new challenge: the oldest of this source when it has its share, else the oldest of all. A free one is older than any. */
static struct tw_challenge *place(struct tw_access *a, const char *source)
{
	struct tw_challenge *oldest = &a->challenges[0], *own = NULL;
	size_t count = 0;

	for (size_t i = 0; i < TW_CHALLENGES_MAX; i++) {
		struct tw_challenge *c = &a->challenges[i];

		if (strcmp(c->source, source) == 0) {
			count++;
			if (!own || c->expires_ms < own->expires_ms)
				own = c;
		}
		if (c->expires_ms < oldest->expires_ms)
			oldest = c;
	}
	return count >= TW_CHALLENGES_PER_SOURCE ? own : oldest;
}

static tw_err add_challenge(struct tw_device *d, const char *address, json_t *to)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	int64_t now = tw_time_boot_ms(&d->time);
	char source[64];

	tw_throttle_source(address, source);
	struct tw_challenge *c = place(d->access, source);
	tw_buf_init(&text, d->context.sys, 128);
	if (d->context.sys->random(d->context.sys, c->bytes, sizeof c->bytes))
		return TW_RAISE_ERRNO("randomness");
	c->expires_ms = now + TW_CHALLENGE_MS;
	(void)snprintf(c->source, sizeof c->source, "%s", source);
	TW_TRY(tw_buf_base64url(&text, c->bytes, sizeof c->bytes));
	TW_TRY(tw_json_set(to, "challenge", json_string(tw_buf_cstr(&text))));
	TW_TRY(tw_json_set(to, "expires_in_s", json_integer(TW_CHALLENGE_MS / 1000)));
	tw_buf_clear(&text);
	TW_TRY(tw_buf_hex(&text, d->listener_key, sizeof d->listener_key));
	return tw_json_set(to, "listener", json_string(tw_buf_cstr(&text)));
}

tw_err tw_access_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	bool has_owner = d->access->owners.count > 0;
	char provider[TW_OIDC_NAME_MAX + 1] = "";

	if (has_owner)
		TW_TRY(tw_oidc_name(d, provider));
	rp->body = json_object();
	if (*provider)
		TW_TRY(tw_json_set(rp->body, "provider", json_string(provider)));
	TW_TRY(tw_json_set(rp->body, "owned", json_boolean(has_owner)));
	TW_TRY(tw_json_set(rp->body, "methods", has_owner ? json_array() : json_pack("[s, s]", "secret", "secret+console")));
	if (!has_owner && tw_presence_there(d))
		TW_TRY(tw_json_append(tw_json_get(rp->body, "methods"), json_string("secret+button")));
	return has_owner || rq->subject.door != TW_DOOR_HTTPS ? TW_OK : add_challenge(d, rq->subject.source, rp->body);
}

bool tw_takeover_bytes(const json_t *input, const char *key, uint8_t *ret, size_t size)
{
	size_t got = 0;

	tw_ignore(tw_parse_base64url(tw_slice_of(tw_json_text(input, key)), size, ret, &got)); /* what is no base64url has no bytes */
	return got == size;
}

/* Whatever comes of the attempt, its challenge is used up. */
static bool use_challenge(struct tw_device *d, const uint8_t bytes[32])
{
	int64_t now = tw_time_boot_ms(&d->time);

	for (size_t i = 0; i < TW_CHALLENGES_MAX; i++) {
		struct tw_challenge *c = &d->access->challenges[i];

		if (c->expires_ms > now && tw_equal_secret(c->bytes, bytes, 32)) {
			memset(c, 0, sizeof *c);
			return true;
		}
	}
	return false;
}

static tw_err mac(struct tw_device *d, const struct tw_takeover *t, uint8_t ret[32])
{
	uint8_t message[TW_TAKEOVER_MESSAGE];

	tw_takeover_message(t, message);
	return tw_keys_client_secret_mac(d->context.keys, (struct tw_slice){ (const char *)message, sizeof message }, ret);
}

tw_err tw_takeover_check(
	struct tw_device *d, const struct tw_request *rq, const uint8_t *owner_key, struct tw_takeover *ret, struct tw_reply *rp)
{
	struct tw_takeover t = { 0 };
	uint8_t proof[32], right[32];

	if (!tw_account_name_valid(tw_json_text(rq->input, "owner_name")))
		return tw_reply_problem(rp, 400, "input", "commissioning.name", "This name cannot be used",
			"Choose a name of 1 to 48 printable characters.", "An owner's name is printable text without blanks at its ends.");
	if (!tw_takeover_bytes(rq->input, "challenge", t.challenge, 32) ||
		!tw_takeover_bytes(rq->input, "client_nonce", t.client_nonce, 32) || !tw_takeover_bytes(rq->input, "proof", proof, 32))
		return tw_reply_problem(rp, 400, "input", "commissioning.form", "The proof is not of the wanted form",
			"See /api/v1/openapi.json for the form.", "challenge, client_nonce and proof are 32 bytes in base64url.");
	if (!use_challenge(d, t.challenge))
		return tw_reply_problem(rp, 409, "challenge", "commissioning.challenge", "This challenge is not open",
			"Read a new challenge and make a new proof.",
			"It was used before, is older than two minutes, or was never given.");
	memcpy(t.listener, d->listener_key, sizeof t.listener);
	if (owner_key)
		memcpy(t.owner, owner_key, sizeof t.owner);
	TW_TRY(mac(d, &t, right));
	if (!tw_equal_secret(proof, right, sizeof right))
		return tw_reply_problem(rp, 403, "proof", "commissioning.proof", "The proof is wrong",
			"Check the secret on the label. If it is right, somebody may be between you and the device.",
			"It was not made with this device's secret for this connection's listener key.");
	*ret = t;
	return TW_OK;
}

static tw_err add_hex(const struct tw_sys *sys, json_t *to, const char *key, const uint8_t bytes[32])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, sys, 64);
	TW_TRY(tw_buf_hex(&text, bytes, 32));
	return tw_json_set(to, key, json_string(tw_buf_cstr(&text)));
}

static tw_err enrol(struct tw_device *d, const struct tw_request *rq, const uint8_t key[32], struct tw_takeover *t, struct tw_reply *rp)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const struct tw_new_owner owner = { tw_json_text(rq->input, "owner_name"), "secret", key, tw_json_text(rq->input, "certificate") };
	uint8_t proof[32];

	/* All that can fail without a trace is done before there is an owner. */
	tw_buf_init(&text, d->context.sys, 64);
	t->from_device = true;
	TW_TRY(mac(d, t, proof));
	TW_TRY(tw_buf_base64url(&text, proof, sizeof proof));
	rp->body = json_pack("{s:s, s:s}", "owner", owner.name, "proof", tw_buf_cstr(&text));
	if (!rp->body)
		return TW_RAISE(NOMEM, "reply");
	TW_TRY(tw_access_own(d, &owner));
	TW_TRY(add_hex(d->context.sys, rp->body, "listener", d->listener_key));
	(void)snprintf(rp->note, sizeof rp->note, "owner %s", owner.name);
	rp->status = 201;
	rp->close_connections = true;
	return TW_OK;
}

tw_err tw_access_take(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	struct tw_takeover t;
	uint8_t key[32];

	tw_err e = tw_cert_load(c->sys, tw_slice_of(tw_json_text(rq->input, "certificate")), &cert);
	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	if (tw_failed(e))
		return tw_reply_problem(rp, 400, "input", "commissioning.certificate", "The certificate cannot be read",
			"Send one PEM certificate with a P-256 key.", "%s", tw_err_detail());
	TW_TRY(tw_cert_fingerprint(cert, key));
	if (!rq->has_client_key || !tw_equal_secret(key, rq->client_key, sizeof key))
		return tw_reply_problem(rp, 403, "client-key", "commissioning.client-key", "You have not proven that you hold this key",
			"Use the same certificate as TLS client certificate of this connection.",
			"The connection was not made with the key of the certificate that is to be enrolled.");
	TW_TRY(tw_takeover_check(d, rq, key, &t, rp));
	return rp->problem[0] ? TW_OK : enrol(d, rq, key, &t, rp);
}
