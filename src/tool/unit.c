/* SPDX-License-Identifier: Apache-2.0 */
/*
 * @nist DI.IMS.1: the identifier and the certificate that carries it are made here.
 */
#include "tool/unit.h"

#include "base/release.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "formats/identifier.h"
#include "formats/keydir.h"
#include "product/product.h"
#include "sys/durable.h"
#include "tool/commands.h"
#include "tool/files.h"
#include "tool/session.h"

#define SECRET_SIZE 16
#define MASTER_SIZE 32

void tw_desk_done(struct tw_desk *d)
{
	tw_closep(&d->ca);
	tw_ca_keys_free(d->keys);
	json_decref(d->product);
	tw_registry_free(d->registry);
	tw_cert_free(d->anchor);
	tw_buf_done(&d->manifest);
}

static tw_err open_desk(const struct tw_args *a, struct tw_desk *d)
{
	struct tw_product_choice choice = { .model = tw_arg(a, "model") };
	const json_t *model;

	TW_TRY(tw_product_load(d->t, tw_arg(a, "product"), &d->product));
	model = choice.model ? tw_product_model(d->product, choice.model) : json_array_get(tw_json_get(d->product, "models"), 0);
	d->model = model ? tw_json_text(model, "model") : "";
	TW_TRY(tw_ca_open(d->t, tw_arg(a, "ca"), &d->ca));
	TW_TRY(tw_ca_keys_new(d->t, a, d->ca, tw_arg(a, "ca"), &d->keys));
	TW_TRY(tw_ca_manifest(d->t, d->keys, d->product, &choice, &d->manifest));
	TW_TRY(tw_cert_fetch(d->sys, d->ca, TW_CA_CERT, &d->anchor));
	return tw_registry_open(d->sys, d->ca, &d->registry);
}

tw_err tw_desk_open(struct tw_tool *t, const struct tw_args *a, struct tw_desk *ret)
{
	struct tw_desk d = { .t = t, .sys = t->sys, .ca = -1 };

	tw_buf_init(&d.manifest, t->sys, TW_JWS_MAX);
	tw_err e = open_desk(a, &d);
	if (tw_failed(e))
		tw_desk_done(&d);
	else
		*ret = d;
	return e;
}

void tw_unit_init(const struct tw_sys *sys, struct tw_unit *u)
{
	*u = (struct tw_unit){ .is = TW_UNIT_NEW };
	tw_buf_init(&u->listener, sys, TW_KEYS_FILE_MAX);
	tw_buf_init(&u->key, sys, TW_KEYS_FILE_MAX);
	tw_buf_init(&u->cert, sys, TW_KEYS_FILE_MAX);
}

static void wipe_done(struct tw_buf *b)
{
	if (b->data)
		tw_buf_wipe(b);
}

void tw_unit_done(struct tw_unit *u)
{
	tw_secret_free(u->secret);
	tw_secret_free(u->master);
	wipe_done(&u->listener);
	wipe_done(&u->key);
	tw_buf_done(&u->cert);
	*u = (struct tw_unit){ .is = TW_UNIT_NEW };
}

tw_err tw_unit_name(const struct tw_desk *d, const char *serial, struct tw_unit *u)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const json_t *organization = tw_json_get(d->product, "organization"), *line;

	tw_buf_init(&text, d->sys, TW_IDENTIFIER_MAX);
	tw_err e = tw_identifier_write((uint32_t)tw_json_int(organization, "pen"),
		tw_json_text(tw_json_get(d->product, "product"), "code"), serial, &text);
	if (tw_failed(e))
		return tw_fail(d->t, TW_EXIT_USAGE, "a serial number of letters, digits, '.' and '-'", e);
	u->serial = serial;
	(void)snprintf(u->record.identifier, sizeof(u->record.identifier), "%s", tw_buf_cstr(&text));
	(void)snprintf(u->record.serial, sizeof(u->record.serial), "%s", serial);
	(void)snprintf(u->record.model, sizeof(u->record.model), "%s", d->model);
	(void)snprintf(u->record.tool, sizeof(u->record.tool), "thingward %s", TW_VERSION);
	TW_TRY(tw_physical_id(u->record.identifier, u->record.physical_id));
	line = tw_registry_find(d->registry, u->record.identifier);
	if (line)
		u->is = !strcmp(tw_json_text(line, "state"), "begun") ? TW_UNIT_BEGUN : TW_UNIT_COMPLETE;
	return TW_OK;
}

tw_err tw_unit_refuse_complete(const struct tw_desk *d, const struct tw_unit *u)
{
	const json_t *line = tw_registry_find(d->registry, u->record.identifier);

	if (u->is != TW_UNIT_COMPLETE)
		return TW_OK;
	return tw_fail(d->t, TW_EXIT_FAILED, "the next free serial number",
		TW_RAISE(EXISTS, "serial number %s was given to a unit on %s", u->serial, tw_json_text(line, "time")));
}

tw_err tw_unit_secrets(const struct tw_sys *sys, struct tw_unit *u)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;

	TW_TRY(tw_secret_random(sys, SECRET_SIZE, &u->secret));
	TW_TRY(tw_secret_random(sys, MASTER_SIZE, &u->master));
	TW_TRY(tw_listener_make(sys, &key, &cert));
	TW_TRY(tw_buf_reserve(&u->listener, TW_KEYS_FILE_MAX));
	TW_TRY(tw_listener_write(key, cert, &u->listener));
	TW_TRY(tw_key_fingerprint(key, u->record.listener));
	u->record.has_listener = true;
	return TW_OK;
}

tw_err tw_unit_certify(const struct tw_desk *d, struct tw_unit *u, const tw_key *key)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf number = { 0 };
	const tw_key *ca_key;
	const tw_cert *ca;
	char name[64];
	struct tw_cert_want want = {
		.common_name = name,
		.organization = tw_json_text(tw_json_get(d->product, "organization"), "name"),
		.serial_number = u->serial,
		.uri = u->record.identifier,
		.is_client = true,
		.not_before_ms = tw_now_ms(d->sys),
	};

	(void)snprintf(name, sizeof(name), "%s %.31s", d->model, u->serial);
	tw_buf_init(&number, d->sys, TW_CERT_NUMBER_MAX);
	TW_TRY(tw_ca_keys_root(d->keys, &ca_key, &ca));
	TW_TRY(tw_cert_make(d->sys, &want, key, ca, ca_key, &cert));
	/* A token signs with the key it has, whatever the certificate beside it says. */
	TW_TRY(tw_cert_verify(cert, ca, want.not_before_ms));
	TW_TRY(tw_cert_pem(cert, &u->cert));
	TW_TRY(tw_cert_serial(cert, &number));
	TW_TRY(tw_cert_fingerprint(cert, u->record.device_key));
	TW_TRY(tw_cert_fingerprint(ca, u->record.ca));
	(void)snprintf(u->record.certificate, sizeof(u->record.certificate), "%s", tw_buf_cstr(&number));
	u->record.time_ms = tw_now_ms(d->sys);
	return TW_OK;
}

tw_err tw_unit_identity(const struct tw_desk *d, struct tw_unit *u)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;

	TW_TRY(tw_key_generate(d->sys, &key));
	TW_TRY(tw_buf_reserve(&u->key, TW_KEYS_FILE_MAX));
	TW_TRY(tw_key_save(key, &u->key));
	return tw_unit_certify(d, u, key);
}

/* By hand, not by Jansson, so that every copy of the secret is wiped. All other texts were checked to need no escape, or get one. */
tw_err tw_unit_label(const struct tw_unit *u, const tw_cert *anchor, const char *address, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };

	tw_buf_init(&pem, ret->sys, TW_KEYS_FILE_MAX);
	TW_TRY(tw_cert_pem(anchor, &pem));
	TW_TRY(tw_buf_format(ret, "{\n\t\"format\": 1,\n\t\"identifier\": \"%s\",\n\t\"model\": \"%s\",\n\t\"serial\": \"%s\",\n\t\"secret\": \"",
		u->record.identifier, u->record.model, u->record.serial));
	TW_TRY(tw_buf_hex(ret, tw_secret_bytes(u->secret), SECRET_SIZE));
	TW_TRY(tw_buf_text(ret, "\",\n\t\"listener_sha256\": \""));
	TW_TRY(tw_buf_hex(ret, u->record.listener, sizeof(u->record.listener)));
	TW_TRY(tw_buf_text(ret, "\",\n\t\"anchor\": "));
	TW_TRY(tw_buf_json_string(ret, tw_buf_slice(&pem)));
	if (address) {
		TW_TRY(tw_buf_text(ret, ",\n\t\"address\": "));
		TW_TRY(tw_buf_json_string(ret, tw_slice_of(address)));
	}
	return tw_buf_text(ret, "\n}\n");
}

static tw_err is_claimed(const struct tw_label *old, const struct tw_label_claim *claim, bool *ret)
{
	uint8_t theirs[32], ours[32];

	*ret = claim->identifier && !strcmp(old->identifier, claim->identifier) && (!claim->anchor || old->anchor);
	if (!*ret || !claim->anchor)
		return TW_OK;
	TW_TRY(tw_cert_fingerprint(old->anchor, theirs));
	TW_TRY(tw_cert_fingerprint(claim->anchor, ours));
	*ret = !memcmp(theirs, ours, sizeof(ours));
	return TW_OK;
}

tw_err tw_unit_label_check(struct tw_tool *t, const char *path, const struct tw_label_claim *claim)
{
	TW_CLEANUP(tw_label_done) struct tw_label old = { 0 };
	tw_err e = tw_label_read(t->sys, path, &old);
	bool ours = false;

	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	if (tw_is(e, TW_CODE_NOMEM) || tw_is(e, TW_CODE_IO))
		return e;
	if (tw_failed(e))
		ours = claim->identifier && claim->torn && tw_is(e, TW_CODE_SYNTAX);
	else
		TW_TRY(is_claimed(&old, claim, &ours));
	if (ours)
		return TW_OK;
	return tw_fail(t, TW_EXIT_FAILED,
		"another place, or the registry that knows this unit; a label holds the only copy of its unit's secret",
		TW_RAISE(EXISTS, "%s is there already%s%s", path, tw_failed(e) ? "" : ", the label of ", old.identifier));
}

tw_err tw_unit_record(const struct tw_desk *d, const struct tw_unit *u, struct tw_buf *ret)
{
	const tw_key *key;
	const tw_cert *cert;

	TW_TRY(tw_ca_keys_manifest(d->keys, &key, &cert));
	struct tw_signer signer = tw_signer_of_key(key);
	TW_TRY(tw_provisioning_sign(d->sys, &u->record, cert, &signer, ret));
	return tw_buf_text(ret, "\n");
}

static tw_err add_hex(const struct tw_sys *sys, json_t *line, const char *name, const uint8_t bytes[32])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };

	tw_buf_init(&hex, sys, 64);
	TW_TRY(tw_buf_hex(&hex, bytes, 32));
	return tw_json_set(line, name, json_string(tw_buf_cstr(&hex)));
}

tw_err tw_unit_note(const struct tw_desk *d, const struct tw_unit *u, const char *state)
{
	char time[TW_TIME_TEXT_MAX];

	tw_time_text(tw_now_ms(d->sys), time);
	TW_CLEANUP(tw_jsonp)
	json_t *line = json_pack("{s:s, s:s, s:s, s:s, s:s}", "state", state, "time", time, "identifier", u->record.identifier,
		"model", u->record.model, "serial", u->serial);
	if (!line)
		return TW_RAISE(NOMEM, "registry line");
	bool whole = !strcmp(state, "complete");
	if (whole || u->knows_key)
		TW_TRY(add_hex(d->sys, line, "device_key_sha256", u->record.device_key));
	if (whole) {
		TW_TRY(tw_json_set(line, "physical_id", json_string(u->record.physical_id)));
		TW_TRY(tw_json_set(line, "certificate", json_string(u->record.certificate)));
		if (u->record.has_listener)
			TW_TRY(add_hex(d->sys, line, "listener_sha256", u->record.listener));
	}
	return tw_registry_add(d->registry, line);
}

tw_err tw_unit_roles(struct tw_tool *t, const struct tw_args *a, int config, struct tw_roles *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const char *path = tw_arg(a, "roles");
	tw_err e = TW_RAISE(NOTFOUND, "no roles");

	tw_buf_init(&text, t->sys, TW_ROLES_MAX);
	if (path)
		e = tw_file_read(t->sys, path, TW_ROLES_MAX, &text);
	else if (config >= 0)
		e = tw_durable_read(t->sys, config, TW_ROLES_FILE, TW_ROLES_MAX, &text);
	if (!path && tw_is(e, TW_CODE_NOTFOUND) && geteuid() != 0) {
		tw_roles_all(ret, geteuid(), getegid());
		return TW_OK;
	}
	if (!path && tw_is(e, TW_CODE_NOTFOUND))
		return tw_fail(t, TW_EXIT_USAGE,
			"--roles FILE with lines such as `core 991 991`, for core, front, keys, scan, fetch, hash, application",
			TW_RAISE(NOTFOUND, "as root, the roles need ids of their own"));
	TW_TRY(e);
	e = tw_roles_read(tw_buf_slice(&text), ret);
	return tw_is(e, TW_CODE_SYNTAX) ? tw_file_named(path ? path : TW_ROLES_FILE, e) : e;
}
