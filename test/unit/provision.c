/* SPDX-License-Identifier: Apache-2.0 */
/* What `thingward provision` leaves, in the few lines a harness needs; and an owner's key and certificate beside it. */
#include "unit.h"
#include "unit-files.h"

#include "crypto/cert.h"
#include "formats/keydir.h"
#include "formats/manifest.h"
#include "formats/takeover.h"
#include "sys/durable.h"
#include "sys/real.h"

#include <fcntl.h>
#include <sys/stat.h>

#define MASTER_SIZE 32
#define YEAR_2020_MS INT64_C(1577836800000)

static const struct tw_manifest_permission permissions[] = {
	{ "application.temperature.read", "See how warm it is.", { "anyone" }, 1 },
	{ "application.setpoint.change", "Say how warm it shall be.", { "application.resident" }, 1 },
	{ "application.sensor.calibrate", "Say what the sensor is off by.", { "application.installer" }, 1 },
};
static const struct tw_manifest_role roles[] = {
	{ "application.installer", "Who put it up.", { "application.resident" }, 1 },
	{ "application.resident", "Who lives there.", { "user" }, 1 },
};
static const struct tw_manifest_setting settings[] = {
	{ .key = "application.mode",
		.type = TW_MANIFEST_CHOICE,
		.unit = "",
		.choices = "comfort|eco",
		.default_value = "comfort",
		.baseline = "eco",
		.help = "how it works" },
	{ .key = "application.level", .type = TW_MANIFEST_INT, .unit = "%", .max = 100, .choices = "", .default_value = "50", .baseline = "50", .help = "how full the battery is" },
};
static const struct tw_manifest_event events[] = {
	{ .id = "application.warm", .severity = "info", .help = "It is warm." },
};
static const struct tw_manifest_provider providers[] = {
	{ "reader", "Reads fingers.", TW_MANIFEST_BIOMETRIC, 64020 },
	{ "keyswitch", "The key switch beside the door.", TW_MANIFEST_AUTH_PLUGIN, 64021 },
	{ "badge", "Reads badges.", TW_MANIFEST_AUTH_PLUGIN, 64022 },
	{ "button", "The button on its front.", TW_MANIFEST_BUTTON, 64030 },
};
static const struct tw_manifest manifest = {
	.organization = "Example",
	.pen = 32473,
	.product = "Harness",
	.product_class = "HARNESS",
	.model = "H1",
	.hardware = "",
	.version = "1.0.0",
	.support_start = "2026-01-01",
	.support_end = "2036-01-01",
	.permissions = permissions,
	.permission_count = TW_COUNT(permissions),
	.roles = roles,
	.role_count = TW_COUNT(roles),
	.events = events,
	.event_count = TW_COUNT(events),
	.providers = providers,
	.provider_count = TW_COUNT(providers),
	.settings = settings,
	.setting_count = TW_COUNT(settings),
};

struct maker {
	const struct tw_sys *sys;
	int top, keys, config;
	tw_key *ca_key;
	tw_cert *ca;
};

static void maker_done(struct maker *m)
{
	tw_closep(&m->top);
	tw_closep(&m->keys);
	tw_closep(&m->config);
	(void)tw_key_free(m->ca_key);
	(void)tw_cert_free(m->ca);
}

static tw_err make_dir(struct maker *m, const char *name, int *ret)
{
	if (m->sys->mkdir(m->sys, m->top, name, 0700) != 0)
		return TW_RAISE_ERRNO("making %s", name);
	*ret = m->sys->open_beneath(m->sys, m->top, name, O_RDONLY | O_DIRECTORY, 0);
	return *ret < 0 ? TW_RAISE_ERRNO("opening %s", name) : TW_OK;
}

static tw_err write_key(struct maker *m, int dir, const char *name, const tw_key *key)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b;

	tw_buf_init(&b, m->sys, TW_KEYS_FILE_MAX);
	TW_TRY(tw_key_save(key, &b));
	return tw_durable_replace(m->sys, dir, name, b.data, b.size, 0600);
}

static tw_err write_cert(struct maker *m, int dir, const char *name, const tw_cert *cert)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b;

	tw_buf_init(&b, m->sys, TW_KEYS_FILE_MAX);
	TW_TRY(tw_cert_pem(cert, &b));
	return tw_durable_replace(m->sys, dir, name, b.data, b.size, 0600);
}

/* A key and its certificate by the CA, or by itself when there is none yet. */
static tw_err make_pair(struct maker *m, struct tw_cert_want want, tw_key **ret_key, tw_cert **ret)
{
	want.not_before_ms = YEAR_2020_MS;
	TW_TRY(tw_key_generate(m->sys, ret_key));
	return tw_cert_make(m->sys, &want, *ret_key, m->ca, m->ca ? m->ca_key : *ret_key, ret);
}

static tw_err write_pair(struct maker *m, const struct tw_cert_want *want, int dir, const char *key_name, const char *cert_name)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;

	TW_TRY(make_pair(m, *want, &key, &cert));
	TW_TRY(write_key(m, dir, key_name, key));
	return write_cert(m, dir, cert_name, cert);
}

/* Rules of access: one that counts where a policy names it. */
static tw_err remote_rules(json_t **ret)
{
	*ret = json_pack("[{s:s, s:s, s:[s], s:[s, s], s:b}, {s:s, s:s, s:[s], s:[s], s:b}, {s:s, s:s, s:[s], s:[s], s:b}]", "name",
		"near", "help", "Calibrated at the device alone.", "doors", "elsewhere", "permissions",
		"application.sensor.calibrate", "keys.read", "optional", 1, "name", "still", "help", "Not set anew from afar.",
		"doors", "elsewhere", "permissions", "settings.change", "optional", 1, "name", "fixed", "help",
		"Its rules are not said from afar.", "doors", "elsewhere", "permissions", "access.remote", "optional", 1);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "rules of access");
}

static tw_err write_manifest(struct maker *m)
{
	struct tw_manifest whole = manifest;
	TW_CLEANUP(tw_jsonp) json_t *remote = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(tw_jsonp) json_t *payload = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf text;
	struct tw_signer signer;

	tw_buf_init(&text, m->sys, TW_MANIFEST_MAX);
	TW_TRY(make_pair(m, (struct tw_cert_want){ .common_name = "Example manifests", .is_client = true }, &key, &cert));
	TW_TRY(remote_rules(&remote));
	whole.remote = remote;
	TW_TRY(tw_manifest_write(&whole, &payload));
	signer = tw_signer_of_key(key);
	TW_TRY(tw_jws_sign(m->sys, TW_JWS_MANIFEST, cert, payload, &signer, &text));
	TW_TRY(tw_durable_replace(m->sys, m->config, "product.manifest", text.data, text.size, 0644));
	return write_cert(m, m->config, "manufacturer.crt", m->ca);
}

static tw_err write_secrets(struct maker *m)
{
	uint8_t bytes[MASTER_SIZE];

	if (m->sys->random(m->sys, bytes, sizeof bytes) != 0)
		return TW_RAISE_ERRNO("randomness");
	TW_TRY(tw_durable_replace(m->sys, m->keys, TW_KEYS_LOG_MASTER, bytes, MASTER_SIZE, 0600));
	return tw_durable_replace(m->sys, m->keys, TW_KEYS_SECRET, bytes, TW_TAKEOVER_SECRET, 0600);
}

static tw_err write_listener(struct maker *m)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b;

	tw_buf_init(&b, m->sys, TW_KEYS_FILE_MAX);
	TW_TRY(tw_listener_make(m->sys, &key, &cert));
	TW_TRY(tw_listener_write(key, cert, &b));
	return tw_durable_replace(m->sys, m->keys, TW_KEYS_LISTENER, b.data, b.size, 0600);
}

static tw_err fill(struct maker *m)
{
	static const struct tw_cert_want identity = {
		.common_name = "H1 0001", .serial_number = "0001", .uri = "urn:dev:ops:32473-HARNESS-0001", .is_client = true
	};
	static const struct tw_cert_want owner = { .common_name = "owner", .is_client = true };
	TW_CLEANUP(tw_closep) int core = -1, log = -1;

	TW_TRY(make_dir(m, "core", &core));
	TW_TRY(make_dir(m, "log", &log));
	TW_TRY(make_dir(m, "keys", &m->keys));
	TW_TRY(make_dir(m, "config", &m->config));
	TW_TRY(make_pair(m, (struct tw_cert_want){ .common_name = "Example CA", .is_ca = true }, &m->ca_key, &m->ca));
	TW_TRY(write_manifest(m));
	TW_TRY(write_pair(m, &identity, m->keys, TW_KEYS_IDENTITY_KEY, TW_KEYS_IDENTITY_CERT));
	TW_TRY(write_pair(m, &owner, m->config, TW_UNIT_OWNER_KEY, TW_UNIT_OWNER_CERT));
	TW_TRY(write_secrets(m));
	TW_TRY(write_listener(m));
	return tw_durable_sync_dir(m->sys, m->top);
}

tw_err tw_unit_provision(const char *directory)
{
	TW_CLEANUP(maker_done) struct maker m = { .sys = tw_sys_real(), .top = -1, .keys = -1, .config = -1 };

	m.top = m.sys->open_path(m.sys, directory, O_RDONLY | O_DIRECTORY, 0);
	if (m.top < 0)
		return TW_RAISE_ERRNO("opening %s", directory);
	return fill(&m);
}
