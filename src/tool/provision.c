/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward provision`: one unit gets its identity, its keys, its configuration and its label.
 *
 * The registry line "begun" comes before the first file and "complete" after the last, so a run that was cut off is known as
 * such: the same serial number is then provisioned anew, with fresh keys. A complete unit is never touched again, and its
 * serial number is never given out twice.
 *
 * @nist DI.IMS.1: the identifier and the certificate that carries it are made here.
 */
#include "crypto/hash.h"
#include "formats/identifier.h"
#include "formats/keydir.h"
#include "formats/labelcode.h"
#include "product/product.h"
#include "sys/durable.h"
#include "tool/ca.h"
#include "tool/commands.h"
#include "tool/files.h"
#include "tool/roles.h"
#include "tool/session.h"

#include "base/text.h"

#include <fcntl.h>

#define SECRET_SIZE 16
#define MASTER_SIZE 32

const struct tw_option tw_options_provision[] = {
	{ "ca", "DIR", true, "the directory made by `thingward ca init`" },
	TW_OPTION_PASSPHRASE,
	{ "product", "DIR", true, "the directory with product.yaml" },
	{ "serial", "SERIAL", true, "the unit's serial number: letters, digits, '.' and '-'" },
	{ "model", "MODEL", false, "its model; the first one unless given" },
	{ "state", "DIR", true, "the device's state directory (/var/lib/thingward)" },
	{ "config", "DIR", true, "the device's configuration directory (/etc/thingward)" },
	{ "label", "FILE", true, "where the label goes; it holds the take-over secret" },
	{ "address", "HOST:PORT", false, "noted on the label" },
	{ "roles", "FILE", false, "`name uid gid` lines; as root needed unless CONFIG/roles.tab is there" },
	{},
};

struct unit {
	struct tw_tool *t;
	const struct tw_sys *sys;
	const struct tw_args *args;
	int ca, state, config;
	tw_ca_keys *keys;
	json_t *product;
	tw_registry *registry;
	tw_cert *anchor;
	struct tw_roles roles;
	struct tw_buf manifest;
	char identifier[TW_IDENTIFIER_MAX + 1];
	const char *serial, *model;
	tw_secret *secret;
	uint8_t device_key[32], listener[32];
	bool again;
};

static void unit_done(struct unit *u)
{
	tw_closep(&u->ca);
	tw_closep(&u->state);
	tw_closep(&u->config);
	tw_ca_keys_free(u->keys);
	json_decref(u->product);
	tw_registry_free(u->registry);
	tw_cert_free(u->anchor);
	tw_buf_done(&u->manifest);
	tw_secret_free(u->secret);
}

static void wipe_done(struct tw_buf *b)
{
	if (b->data)
		tw_wipe(b->data, b->capacity);
	tw_buf_done(b);
}

/* As root, what a role reads belongs to the role; otherwise everything is the developer's anyway. */
static tw_err give(struct unit *u, int dir, const char *name, int flags, enum tw_role_name role)
{
	const struct tw_role_ids *ids = &u->roles.row[role];

	if (geteuid() != 0)
		return TW_OK;
	TW_CLEANUP(tw_closep) int fd = u->sys->open_beneath(u->sys, dir, name, O_RDONLY | flags, 0);
	if (fd < 0 || u->sys->fchown(u->sys, fd, ids->uid, ids->gid) != 0)
		return TW_RAISE_ERRNO("giving %s to its role", name);
	return tw_durable_sync_dir(u->sys, fd);
}

static tw_err read_roles(struct unit *u)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const char *path = tw_arg(u->args, "roles");
	tw_err e;

	tw_buf_init(&text, u->sys, TW_ROLES_MAX);
	if (path)
		e = tw_file_read(u->sys, path, TW_ROLES_MAX, &text);
	else
		e = tw_durable_read(u->sys, u->config, TW_ROLES_FILE, TW_ROLES_MAX, &text);
	if (!path && tw_is(e, TW_CODE_NOTFOUND) && geteuid() != 0) {
		tw_roles_all(&u->roles, geteuid(), getegid());
		return TW_OK;
	}
	if (!path && tw_is(e, TW_CODE_NOTFOUND))
		return tw_fail(u->t, TW_EXIT_USAGE, "--roles FILE with lines such as `core 991 991`, for core, front, keys, application",
			TW_RAISE(NOTFOUND, "as root, the roles need ids of their own"));
	TW_TRY(e);
	return tw_roles_read(tw_buf_slice(&text), &u->roles);
}

static tw_err make_identifier(struct unit *u)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const json_t *organization = tw_json_get(u->product, "organization");

	tw_buf_init(&text, u->sys, TW_IDENTIFIER_MAX);
	tw_err e = tw_identifier_write((uint32_t)tw_json_int(organization, "pen"),
		tw_json_text(tw_json_get(u->product, "product"), "code"), u->serial, &text);
	if (tw_failed(e))
		return tw_fail(u->t, TW_EXIT_USAGE, "a serial number of letters, digits, '.' and '-'", e);
	(void)snprintf(u->identifier, sizeof(u->identifier), "%s", tw_buf_cstr(&text));
	return TW_OK;
}

static tw_err check_registry(struct unit *u)
{
	const json_t *line = tw_registry_find(u->registry, u->identifier);

	if (!line)
		return TW_OK;
	if (strcmp(tw_json_text(line, "state"), "begun") != 0)
		return tw_fail(u->t, TW_EXIT_FAILED, "the next free serial number",
			TW_RAISE(EXISTS, "serial number %s was given to a unit on %s", u->serial, tw_json_text(line, "time")));
	u->again = true;
	return TW_OK;
}

/* The state directory must be empty of another unit's identity. */
static tw_err check_state(struct unit *u)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *old = NULL;
	TW_CLEANUP(tw_closep) int keys = u->sys->open_beneath(u->sys, u->state, "keys", O_RDONLY | O_DIRECTORY, 0);
	TW_CLEANUP(tw_buf_done) struct tw_buf uri = { 0 };

	tw_buf_init(&uri, u->sys, TW_IDENTIFIER_MAX);
	if (keys < 0 || !tw_file_exists(u->sys, keys, TW_KEYS_IDENTITY_CERT))
		return TW_OK;
	TW_TRY(tw_cert_fetch(u->sys, keys, TW_KEYS_IDENTITY_CERT, &old));
	TW_TRY(tw_cert_uri(old, &uri));
	if (u->again && !strcmp(tw_buf_cstr(&uri), u->identifier))
		return TW_OK;
	return tw_fail(u->t, TW_EXIT_FAILED, "an empty state directory; a unit keeps its identity for life",
		TW_RAISE(EXISTS, "%s is provisioned already, as %s", tw_arg(u->args, "state"), tw_buf_cstr(&uri)));
}

/* A label is the only copy of its unit's secret: it is replaced only by the same unit's. */
static tw_err check_label(struct unit *u)
{
	TW_CLEANUP(tw_label_done) struct tw_label old = { 0 };
	const char *path = tw_arg(u->args, "label");
	tw_err e = tw_label_read(u->sys, path, &old);

	if (tw_is(e, TW_CODE_NOTFOUND) || (!tw_failed(e) && u->again && !strcmp(old.identifier, u->identifier)))
		return TW_OK;
	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	return tw_fail(u->t, TW_EXIT_FAILED, "another file; a label holds the only copy of its unit's secret",
		TW_RAISE(EXISTS, "%s is there already%s%s", path, tw_failed(e) ? "" : ", the label of ", old.identifier));
}

static tw_err prepare(struct unit *u)
{
	struct tw_product_choice choice = { .model = tw_arg(u->args, "model") };
	const json_t *model;

	u->serial = tw_arg(u->args, "serial");
	TW_TRY(tw_product_load(u->t, tw_arg(u->args, "product"), &u->product));
	model = choice.model ? tw_product_model(u->product, choice.model) : json_array_get(tw_json_get(u->product, "models"), 0);
	u->model = model ? tw_json_text(model, "model") : "";
	TW_TRY(make_identifier(u));
	TW_TRY(tw_ca_open(u->t, tw_arg(u->args, "ca"), &u->ca));
	TW_TRY(tw_ca_keys_new(u->t, u->args, u->ca, tw_arg(u->args, "ca"), &u->keys));
	TW_TRY(tw_ca_manifest(u->t, u->keys, u->product, &choice, &u->manifest));
	TW_TRY(tw_cert_fetch(u->sys, u->ca, TW_CA_CERT, &u->anchor));
	TW_TRY(tw_registry_open(u->sys, u->ca, &u->registry));
	TW_TRY(check_registry(u));
	TW_TRY(tw_dir_make(u->sys, tw_arg(u->args, "config"), 0755, &u->config));
	TW_TRY(tw_dir_make(u->sys, tw_arg(u->args, "state"), 0755, &u->state));
	TW_TRY(read_roles(u));
	TW_TRY(check_state(u));
	return check_label(u);
}

static tw_err note(struct unit *u, const char *state)
{
	char time[TW_TIME_TEXT_MAX], physical[TW_PHYSICAL_ID_MAX + 1];
	TW_CLEANUP(tw_buf_done) struct tw_buf device = { 0 }, listener = { 0 };

	tw_buf_init(&device, u->sys, 64);
	tw_buf_init(&listener, u->sys, 64);
	tw_time_text(tw_now_ms(u->sys), time);
	TW_TRY(tw_buf_hex(&device, u->device_key, sizeof(u->device_key)));
	TW_TRY(tw_buf_hex(&listener, u->listener, sizeof(u->listener)));
	TW_CLEANUP(tw_jsonp)
	json_t *line = json_pack("{s:s, s:s, s:s, s:s, s:s}", "state", state, "time", time, "identifier", u->identifier, "model",
		u->model, "serial", u->serial);
	if (!line)
		return TW_RAISE(NOMEM, "registry line");
	if (!strcmp(state, "complete")) {
		TW_TRY(tw_physical_id(u->identifier, physical));
		TW_TRY(tw_json_set(line, "physical_id", json_string(physical)));
		TW_TRY(tw_json_set(line, "device_key_sha256", json_string(tw_buf_cstr(&device))));
		TW_TRY(tw_json_set(line, "listener_sha256", json_string(tw_buf_cstr(&listener))));
	}
	return tw_registry_append(u->registry, line);
}

static tw_err secret_file(struct unit *u, int keys, const char *name, const tw_secret *s)
{
	TW_TRY(tw_durable_replace(u->sys, keys, name, tw_secret_bytes(s), tw_secret_size(s), 0600));
	return give(u, keys, name, 0, TW_ROLE_KEYS);
}

static tw_err make_listener(struct unit *u, int keys)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(wipe_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, u->sys, TW_KEYS_FILE_MAX);
	TW_TRY(tw_listener_make(u->sys, &key, &cert));
	TW_TRY(tw_listener_write(key, cert, &text));
	TW_TRY(tw_key_fingerprint(key, u->listener));
	TW_TRY(tw_durable_replace(u->sys, keys, TW_KEYS_LISTENER, text.data, text.size, 0600));
	return give(u, keys, TW_KEYS_LISTENER, 0, TW_ROLE_KEYS);
}

/* The certificate last: without it the unit has no identity, and the next run begins anew. */
static tw_err make_identity(struct unit *u, int keys)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	const tw_key *ca_key;
	const tw_cert *ca;
	char name[64];
	struct tw_cert_want want = {
		.common_name = name,
		.organization = tw_json_text(tw_json_get(u->product, "organization"), "name"),
		.serial_number = u->serial,
		.uri = u->identifier,
		.is_client = true,
		.not_before_ms = tw_now_ms(u->sys),
	};

	(void)snprintf(name, sizeof(name), "%s %.31s", u->model, u->serial);
	TW_TRY(tw_ca_keys_root(u->keys, &ca_key, &ca));
	TW_TRY(tw_key_generate(u->sys, &key));
	TW_TRY(tw_cert_make(u->sys, &want, key, ca, ca_key, &cert));
	TW_TRY(tw_cert_fingerprint(cert, u->device_key));
	TW_TRY(tw_key_store(u->sys, keys, TW_KEYS_IDENTITY_KEY, key));
	TW_TRY(give(u, keys, TW_KEYS_IDENTITY_KEY, 0, TW_ROLE_KEYS));
	TW_TRY(tw_cert_store(u->sys, keys, TW_KEYS_IDENTITY_CERT, cert, 0600));
	return give(u, keys, TW_KEYS_IDENTITY_CERT, 0, TW_ROLE_KEYS);
}

static tw_err write_state(struct unit *u)
{
	TW_CLEANUP(tw_closep) int keys = -1, core = -1, log = -1, boot = -1;
	TW_CLEANUP(tw_secret_freep) tw_secret *master = NULL;

	TW_TRY(tw_dir_beneath(u->sys, u->state, "core", 0700, &core));
	TW_TRY(give(u, u->state, "core", O_DIRECTORY, TW_ROLE_CORE));
	TW_TRY(tw_dir_beneath(u->sys, u->state, "log", 0700, &log));
	TW_TRY(give(u, u->state, "log", O_DIRECTORY, TW_ROLE_CORE));
	TW_TRY(tw_dir_beneath(u->sys, u->state, "boot", 0700, &boot));
	TW_TRY(tw_dir_beneath(u->sys, u->state, "keys", 0700, &keys));
	TW_TRY(give(u, u->state, "keys", O_DIRECTORY, TW_ROLE_KEYS));
	TW_TRY(tw_durable_remove(u->sys, keys, TW_KEYS_IDENTITY_CERT));
	TW_TRY(tw_secret_random(u->sys, SECRET_SIZE, &u->secret));
	TW_TRY(tw_secret_random(u->sys, MASTER_SIZE, &master));
	TW_TRY(secret_file(u, keys, TW_KEYS_SECRET, u->secret));
	TW_TRY(secret_file(u, keys, TW_KEYS_LOG_MASTER, master));
	TW_TRY(make_listener(u, keys));
	return make_identity(u, keys);
}

static tw_err write_config(struct unit *u)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf roles = { 0 };

	tw_buf_init(&roles, u->sys, TW_ROLES_MAX);
	TW_TRY(tw_roles_write(&u->roles, &roles));
	TW_TRY(tw_durable_replace(u->sys, u->config, "product.manifest", u->manifest.data, u->manifest.size, 0644));
	TW_TRY(tw_cert_store(u->sys, u->config, "manufacturer.crt", u->anchor, 0644));
	return tw_durable_replace(u->sys, u->config, TW_ROLES_FILE, roles.data, roles.size, 0644);
}

/* By hand, not by Jansson, so that every copy of the secret is wiped. All other texts were checked to need no escape, or get one. */
static tw_err write_label(struct unit *u)
{
	TW_CLEANUP(wipe_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	const char *address = tw_arg(u->args, "address");

	tw_buf_init(&b, u->sys, TW_KEYS_FILE_MAX);
	tw_buf_init(&pem, u->sys, TW_KEYS_FILE_MAX);
	TW_TRY(tw_cert_pem(u->anchor, &pem));
	TW_TRY(tw_buf_format(&b, "{\n\t\"format\": 1,\n\t\"identifier\": \"%s\",\n\t\"model\": \"%s\",\n\t\"serial\": \"%s\",\n\t\"secret\": \"",
		u->identifier, u->model, u->serial));
	TW_TRY(tw_buf_hex(&b, tw_secret_bytes(u->secret), SECRET_SIZE));
	TW_TRY(tw_buf_text(&b, "\",\n\t\"listener_sha256\": \""));
	TW_TRY(tw_buf_hex(&b, u->listener, sizeof(u->listener)));
	TW_TRY(tw_buf_text(&b, "\",\n\t\"anchor\": "));
	TW_TRY(tw_buf_json_string(&b, tw_buf_slice(&pem)));
	if (address) {
		TW_TRY(tw_buf_text(&b, ",\n\t\"address\": "));
		TW_TRY(tw_buf_json_string(&b, tw_slice_of(address)));
	}
	TW_TRY(tw_buf_text(&b, "\n}\n"));
	return tw_file_write(u->sys, tw_arg(u->args, "label"), b.data, b.size, 0600);
}

static tw_err tell(struct unit *u)
{
	if (u->t->json) {
		TW_CLEANUP(tw_jsonp)
		json_t *o = json_pack("{s:s, s:s, s:s, s:s}", "identifier", u->identifier, "model", u->model, "serial", u->serial,
			"label", tw_arg(u->args, "label"));

		return o ? tw_print_value(u->t, o) : TW_RAISE(NOMEM, "answer");
	}
	return tw_print(u->t, "%s %s\nLabel: %s. It holds the take-over secret: keep it with the unit.\n",
		u->again ? "Provisioned again, after a run that was cut off:" : "Provisioned", u->identifier, tw_arg(u->args, "label"));
}

tw_err tw_cmd_provision(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(unit_done) struct unit u = { .t = t, .sys = t->sys, .args = a, .ca = -1, .state = -1, .config = -1 };

	tw_buf_init(&u.manifest, t->sys, TW_JWS_MAX);
	TW_TRY(prepare(&u));
	TW_TRY(note(&u, "begun"));
	TW_TRY(write_config(&u));
	TW_TRY(write_state(&u));
	TW_TRY(write_label(&u));
	TW_TRY(note(&u, "complete"));
	return tell(&u);
}
