/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward device takeover`: from a label to ownership.
 *
 * The pin on the label makes sure of the device before anything is sent; the secret, proven by HMAC and never sent, makes sure
 * of the person; the device's own proof shows that it holds the secret too. Only when a signed statement over the new
 * connection names the identifier on the label, under the manufacturer's certificate, does the tool say "yours".
 */
#include "formats/labelcode.h"
#include "formats/takeover.h"
#include "tool/commands.h"
#include "tool/files.h"
#include "tool/session.h"

#include "base/text.h"

const struct tw_option tw_options_takeover[] = {
	{ "label", "FILE|TEXT", true, "the unit's label, or what a scanner read off it (TW1:...); - reads either from standard input" },
	{ "owner", "DIR", true, "your directory; made when it is not there" },
	{ "device", "HOST:PORT", false, "where it is; needed unless the label says" },
	{ "name", "NAME", false, "your name on the device (owner)" },
	{ "as", "NAME", false, "what you will call the device; its serial number unless given" },
	{ "anchor", "FILE", false, "the manufacturer's certificate; the one on the label unless given" },
	{},
};

struct takeover {
	struct tw_tool *t;
	const struct tw_sys *sys;
	struct tw_label label;
	tw_owner *owner;
	tw_client *client;
	const char *address, *owner_name, *device_name;
	struct tw_takeover proof;
	uint8_t listener[32]; /* the new one */
};

static void takeover_done(struct takeover *k)
{
	tw_label_done(&k->label);
	tw_client_free(k->client);
	tw_owner_free(k->owner);
}

static tw_err prepare(struct takeover *k, const struct tw_args *a)
{
	const char *anchor = tw_arg(a, "anchor");

	TW_TRY(tw_label_read(k->sys, tw_arg(a, "label"), &k->label));
	if (anchor) {
		k->label.anchor = tw_cert_free(k->label.anchor);
		TW_TRY(tw_file_cert(k->sys, anchor, &k->label.anchor));
	}
	if (!k->label.anchor)
		return tw_fail(k->t, TW_EXIT_USAGE, "--anchor FILE with the manufacturer's certificate (its ca.crt)",
			TW_RAISE(NOTFOUND, "nothing says whose signature on the device counts"));
	k->address = tw_arg(a, "device") ? tw_arg(a, "device") : k->label.address;
	if (!*k->address)
		return tw_fail(k->t, TW_EXIT_USAGE, "--device HOST:PORT", TW_RAISE(NOTFOUND, "the label does not say where the device is"));
	k->owner_name = tw_arg(a, "name") ? tw_arg(a, "name") : "owner";
	k->device_name = tw_arg(a, "as") ? tw_arg(a, "as") : k->label.serial;
	if (!tw_device_name_valid(k->device_name))
		return tw_fail(k->t, TW_EXIT_USAGE, "--as NAME of letters, digits, '.', '_', '-'",
			TW_RAISE(SYNTAX, "'%.64s' is no name for a device", k->device_name));
	return tw_owner_make(k->t, tw_arg(a, "owner"), k->owner_name, &k->owner);
}

static tw_err connect_to(struct takeover *k, const uint8_t pin[32])
{
	struct tw_place place = { .address = k->address, .has_pin = true };

	k->client = tw_client_free(k->client);
	memcpy(place.pin, pin, sizeof(place.pin));
	tw_owner_place(k->owner, &place);
	return tw_client_new(k->sys, &place, &k->client);
}

static tw_err take_bytes(const json_t *o, const char *key, uint8_t ret[32])
{
	size_t size = 0;

	if (tw_failed(tw_parse_base64url(tw_slice_of(tw_json_text(o, key)), 32, ret, &size)) || size != 32)
		return TW_RAISE(SYNTAX, "the device's answer has no usable '%s'", key);
	return TW_OK;
}

static tw_err challenge(struct takeover *k)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	struct tw_call call = { .method = "GET", .path = "/api/v1/commissioning" };

	tw_answer_init(&answer, k->sys);
	TW_TRY(tw_session_call(k->t, k->client, &call, &answer));
	if (tw_json_bool(answer.body, "owned"))
		return tw_fail(k->t, TW_EXIT_REFUSED, "its owner; or `recover` at its console, which purges it",
			TW_RAISE(STATE, "the device has an owner already"));
	TW_TRY(take_bytes(answer.body, "challenge", k->proof.challenge));
	if (k->sys->random(k->sys, k->proof.client_nonce, sizeof(k->proof.client_nonce)) != 0)
		return TW_RAISE_ERRNO("randomness");
	memcpy(k->proof.listener, k->label.listener, sizeof(k->proof.listener));
	return tw_cert_fingerprint(tw_owner_cert(k->owner), k->proof.owner);
}

static tw_err set_bytes(struct takeover *k, json_t *o, const char *key, const uint8_t *bytes)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, k->sys, 64);
	TW_TRY(tw_buf_base64url(&text, bytes, 32));
	return tw_json_set(o, key, json_string(tw_buf_cstr(&text)));
}

static tw_err request(struct takeover *k, json_t *body)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	uint8_t proof[32];

	tw_buf_init(&pem, k->sys, 16384);
	TW_TRY(tw_takeover_proof(&k->proof, tw_secret_bytes(k->label.secret), proof));
	TW_TRY(tw_cert_pem(tw_owner_cert(k->owner), &pem));
	TW_TRY(set_bytes(k, body, "challenge", k->proof.challenge));
	TW_TRY(set_bytes(k, body, "client_nonce", k->proof.client_nonce));
	TW_TRY(set_bytes(k, body, "proof", proof));
	TW_TRY(tw_json_set(body, "owner_name", json_string(k->owner_name)));
	return tw_json_set(body, "certificate", json_string(tw_buf_cstr(&pem)));
}

static tw_err take(struct takeover *k)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *body = json_object();
	struct tw_call call = { .method = "POST", .path = "/api/v1/commissioning", .body = body };
	uint8_t got[32], wanted[32];

	tw_answer_init(&answer, k->sys);
	if (!body)
		return TW_RAISE(NOMEM, "request");
	TW_TRY(request(k, body));
	TW_TRY(tw_session_call(k->t, k->client, &call, &answer));
	TW_TRY(take_bytes(answer.body, "proof", got));
	k->proof.from_device = true;
	TW_TRY(tw_takeover_proof(&k->proof, tw_secret_bytes(k->label.secret), wanted));
	if (!tw_equal_secret(got, wanted, sizeof(got)))
		return tw_fail(k->t, TW_EXIT_FAILED, "the device's console: somebody stands between you and it, or the label is not its own",
			TW_RAISE(UNTRUSTED, "the device does not prove that it holds the label's secret"));
	return tw_parse_hex(tw_slice_of(tw_json_text(answer.body, "listener")), k->listener, sizeof(k->listener));
}

static tw_err keep(struct takeover *k)
{
	TW_CLEANUP(tw_jsonp) json_t *data = json_object();
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 }, pem = { 0 };

	if (!data)
		return TW_RAISE(NOMEM, "device");
	tw_buf_init(&hex, k->sys, 64);
	tw_buf_init(&pem, k->sys, 16384);
	TW_TRY(tw_buf_hex(&hex, k->listener, sizeof(k->listener)));
	TW_TRY(tw_cert_pem(k->label.anchor, &pem));
	TW_TRY(tw_json_set(data, "address", json_string(k->address)));
	TW_TRY(tw_json_set(data, "listener_sha256", json_string(tw_buf_cstr(&hex))));
	TW_TRY(tw_json_set(data, "identifier", json_string(k->label.identifier)));
	TW_TRY(tw_json_set(data, "model", json_string(k->label.model)));
	TW_TRY(tw_json_set(data, "owner", json_string(k->owner_name)));
	TW_TRY(tw_json_set(data, "anchor", json_string(tw_buf_cstr(&pem))));
	return tw_owner_keep(k->owner, k->device_name, data);
}

/* The device's word, signed, on a connection to its new key. */
static tw_err prove(struct takeover *k)
{
	TW_CLEANUP(tw_stated_done) struct tw_stated s = { 0 };

	TW_TRY(connect_to(k, k->listener));
	tw_err e = tw_session_statement(k->t, k->client, k->label.anchor, &s);
	if (tw_is(e, TW_CODE_UNTRUSTED) && k->t->exit == TW_EXIT_FAILED)
		return tw_fail(k->t, TW_EXIT_FAILED, "the manufacturer; do not use this device", e);
	TW_TRY(e);
	if (strcmp(s.statement.identifier, k->label.identifier) != 0)
		return tw_fail(k->t, TW_EXIT_FAILED, "the label of this very unit",
			TW_RAISE(UNTRUSTED, "the device says it is %.80s, its label says %.80s", s.statement.identifier, k->label.identifier));
	return TW_OK;
}

/*
 * The label's key is gone. Either somebody else owns the device, or an earlier take-over of ours was cut short after the device
 * had changed its key and before we heard of it. The device can tell us: a statement under the manufacturer's certificate that
 * is bound to this very connection says whose key this is, so it may be pinned. Only an owner gets one.
 */
static tw_err resume(struct takeover *k)
{
	TW_CLEANUP(tw_stated_done) struct tw_stated s = { 0 };
	struct tw_place place = { .address = k->address };

	tw_progress(k->t, "it has another key than its label says; asking whether it is yours already");
	k->client = tw_client_free(k->client);
	tw_owner_place(k->owner, &place);
	TW_TRY(tw_client_new(k->sys, &place, &k->client));
	tw_err e = tw_session_statement(k->t, k->client, k->label.anchor, &s);
	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	if (tw_failed(e) || strcmp(s.statement.identifier, k->label.identifier) != 0)
		return tw_fail(k->t, TW_EXIT_UNREACHABLE,
			"its label and console: somebody else may own it now, or stands between; `recover` at the console purges it",
			TW_RAISE(UNTRUSTED, "whoever answers at %s does not hold the key on the label", k->address));
	memcpy(k->listener, s.listener, sizeof(k->listener));
	return keep(k);
}

/* The device learns that it carries its mark: the code was scanned, and it is its own. Sent without the secret. */
static tw_err show_label(struct takeover *k)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct tw_labelcode code = { 0 };

	tw_answer_init(&answer, k->sys);
	tw_buf_init(&text, k->sys, TW_LABELCODE_MAX);
	(void)snprintf(code.identifier, sizeof(code.identifier), "%s", k->label.identifier);
	TW_TRY(tw_labelcode_write(&code, &text));
	TW_CLEANUP(tw_jsonp) json_t *body = json_pack("{s:s}", "code", tw_buf_cstr(&text));
	if (!body)
		return TW_RAISE(NOMEM, "request");
	struct tw_call call = { .method = "POST", .path = "/api/v1/identity/label", .body = body };
	return tw_session_call(k->t, k->client, &call, &answer);
}

static tw_err tell(struct takeover *k)
{
	if (k->t->json) {
		TW_CLEANUP(tw_jsonp)
		json_t *o = json_pack("{s:s, s:s, s:s, s:s}", "device", k->device_name, "identifier", k->label.identifier,
			"address", k->address, "owner", k->owner_name);

		return o ? tw_print_value(k->t, o) : TW_RAISE(NOMEM, "answer");
	}
	return tw_print(k->t,
		"%s is yours. It proved to be %s.\nYou call it %s: thingward device capabilities read --device %s --owner DIR\n",
		k->address, k->label.identifier, k->device_name, k->device_name);
}

tw_err tw_cmd_takeover(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(takeover_done) struct takeover k = { .t = t, .sys = t->sys };

	TW_TRY(prepare(&k, a));
	tw_progress(t, "asking %s for a challenge", k.address);
	TW_TRY(connect_to(&k, k.label.listener));
	tw_err e = challenge(&k);
	if (tw_is(e, TW_CODE_UNTRUSTED)) {
		TW_TRY(resume(&k));
		return tell(&k);
	}
	TW_TRY(e);
	tw_progress(t, "proving the secret on the label");
	TW_TRY(take(&k));
	TW_TRY(keep(&k)); /* before the check: whatever it finds, the key that owns the device now must not be lost */
	tw_progress(t, "checking the device's signed statement");
	TW_TRY(prove(&k));
	if (k.label.scanned)
		TW_TRY(show_label(&k));
	return tell(&k);
}
