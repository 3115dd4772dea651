/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward provision request`, `sign`, `install`: the unit's key is made where the unit is and never leaves it.
 *
 *   request  on the unit: makes the key (once), and asks for a certificate
 *   sign     at the desk, offline: looks at what is asked, enters the unit in the registry, answers with a directory
 *   install  on the unit: looks at the answer, makes the other secrets and the label; the certificate is last, and ends it
 *
 * @nist DI.IMS.1: the desk says which unit it is, and does so once
 */
#include "crypto/csr.h"
#include "formats/keydir.h"
#include "formats/manifest.h"
#include "sys/durable.h"
#include "tool/commands.h"
#include "tool/device-dirs.h"
#include "tool/files.h"

#include "base/text.h"
#include "crypto/hash.h"

#define ANSWER_CERT "device.crt"
#define ANSWER_ANCHOR "manufacturer.crt"
#define ANSWER_MANIFEST "product.manifest"
#define ANSWER_RECORD "record.json"

#define OPTIONS_UNIT                                                                                            \
	{ "state", "DIR", true, "the device's state directory (/var/lib/thingward)" },                          \
		{ "config", "DIR", true, "the device's configuration directory (/etc/thingward)" },             \
	{                                                                                                       \
		"roles", "FILE", false, "`name uid gid` lines; as root needed unless CONFIG/roles.tab is there" \
	}

const struct tw_option tw_options_provision_request[] = {
	OPTIONS_UNIT,
	{ "serial", "SERIAL", true, "the unit's serial number" },
	{ "out", "FILE", true, "where the request goes (PKCS#10, PEM)" },
	{},
};
const struct tw_option tw_options_provision_sign[] = {
	TW_OPTIONS_DESK,
	{ "serial", "SERIAL", true, "which unit this is: what the request says must agree" },
	{ "out", "DIR", true, "where the answer goes" },
	{},
};
const struct tw_option tw_options_provision_install[] = {
	OPTIONS_UNIT,
	{ "anchor", "FILE", false,
		"the manufacturer's ca.crt, which came here another way than the answer; CONFIG/manufacturer.crt unless given" },
	{ "label", "FILE", true, "where the label goes; it holds the take-over secret" },
	{ "address", "HOST:PORT", false, "noted on the label" },
	{},
};

/* --- On the unit: asking --- */

/* The key of a request before, or a new one: asking twice must not make the first answer worthless. */
static tw_err own_key(const struct tw_device_dirs *d, int keys, tw_key **ret)
{
	const struct tw_sys *sys = d->t->sys;
	TW_CLEANUP(tw_buf_wipe) struct tw_buf pem = { 0 };
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;

	if (tw_file_exists(sys, keys, TW_KEYS_IDENTITY_KEY))
		return tw_key_fetch(sys, keys, TW_KEYS_IDENTITY_KEY, ret);
	tw_buf_init(&pem, sys, TW_KEYS_FILE_MAX);
	TW_TRY(tw_buf_reserve(&pem, TW_KEYS_FILE_MAX));
	TW_TRY(tw_key_generate(sys, &key));
	TW_TRY(tw_key_save(key, &pem));
	TW_TRY(tw_device_dirs_key_file(d, keys, TW_KEYS_IDENTITY_KEY, tw_buf_slice(&pem)));
	*ret = TW_STEAL(key);
	return TW_OK;
}

tw_err tw_cmd_provision_request(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_device_dirs_done) struct tw_device_dirs dirs = { .state = -1, .config = -1 };
	TW_CLEANUP(tw_closep) int keys = -1;
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 }, pem = { 0 };
	const char *serial = tw_arg(a, "serial"), *out = tw_arg(a, "out");
	struct tw_csr_names names = { .common_name = serial, .serial_number = serial };

	tw_buf_init(&der, t->sys, TW_CSR_MAX);
	tw_buf_init(&pem, t->sys, TW_CSR_MAX);
	if (!tw_serial_valid(tw_slice_of(serial)))
		return tw_fail(t, TW_EXIT_USAGE, "a serial number of letters, digits, '.' and '-'",
			TW_RAISE(SYNTAX, "'%.64s' is no serial number", serial));
	TW_TRY(tw_device_dirs_open(t, a, &dirs));
	TW_TRY(tw_device_dirs_check(&dirs, NULL, NULL));
	TW_TRY(tw_device_dirs_keys(&dirs, &keys));
	TW_TRY(own_key(&dirs, keys, &key));
	struct tw_digest_signer signer = tw_digest_signer_of_key(key);
	TW_TRY(tw_csr_make(t->sys, &names, key, &signer, &der));
	TW_TRY(tw_csr_pem(tw_buf_slice(&der), &pem));
	TW_TRY(tw_file_write(t->sys, out, pem.data, pem.size, 0644));
	return tw_print_done(t, out, "%s asks for a certificate for %s. The key stays here, in %s.\n", out, serial, tw_arg(a, "state"));
}

/* --- At the desk --- */

static tw_err agrees(const tw_csr *csr, const struct tw_unit *u)
{
	struct tw_csr_names names = tw_csr_get_names(csr);

	if (!names.serial_number || strcmp(names.serial_number, u->serial) != 0)
		return TW_RAISE(UNTRUSTED, "'serialNumber' is %s, and --serial %s",
			names.serial_number ? names.serial_number : "not there", u->serial);
	if (names.uri && strcmp(names.uri, u->record.identifier) != 0)
		return TW_RAISE(UNTRUSTED, "'subjectAltName' asks to be %.200s, and this unit is %s", names.uri, u->record.identifier);
	if (names.dns)
		return TW_RAISE(UNTRUSTED, "'subjectAltName' asks for the DNS name %.200s; units have none", names.dns);
	return TW_OK;
}

static tw_err read_request(const struct tw_desk *d, const char *path, const struct tw_unit *u, tw_key **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_csr_freep) tw_csr *csr = NULL;

	tw_buf_init(&text, d->sys, TW_CSR_MAX);
	tw_err e = tw_file_read(d->sys, path, TW_CSR_MAX, &text);
	if (!tw_failed(e))
		e = tw_csr_load(d->sys, tw_buf_slice(&text), &csr);
	if (!tw_failed(e))
		e = agrees(csr, u);
	if (tw_failed(e))
		return tw_fail(d->t, TW_EXIT_FAILED, "the request as `thingward provision request` wrote it on this unit",
			tw_file_named(path, e));
	return tw_csr_key(csr, ret);
}

/* Two units with one key could not be told apart. This unit may ask again: a run that was cut off knew its key already. */
static tw_err key_is_new(const struct tw_desk *d, const char *path, const tw_key *key, struct tw_unit *u)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	size_t i;
	json_t *line;

	tw_buf_init(&hex, d->sys, 64);
	TW_TRY(tw_key_fingerprint(key, u->record.device_key));
	u->knows_key = true;
	TW_TRY(tw_buf_hex(&hex, u->record.device_key, sizeof(u->record.device_key)));
	json_array_foreach(tw_registry_lines(d->registry), i, line)
		if (!strcmp(tw_json_text(line, "device_key_sha256"), tw_buf_cstr(&hex)) &&
			strcmp(tw_json_text(line, "identifier"), u->record.identifier) != 0)
			return tw_fail(d->t, TW_EXIT_FAILED, "a request made on this unit, and not on a copy of another",
				TW_RAISE(EXISTS, "%s: its key is that of %s", path, tw_json_text(line, "identifier")));
	return TW_OK;
}

static tw_err write_answer(const struct tw_desk *d, const struct tw_unit *u, const char *path)
{
	TW_CLEANUP(tw_closep) int dir = -1;
	TW_CLEANUP(tw_buf_done) struct tw_buf record = { 0 };

	tw_buf_init(&record, d->sys, TW_PROVISIONING_MAX);
	TW_TRY(tw_unit_record(d, u, &record));
	TW_TRY(tw_dir_make(d->sys, path, 0755, &dir));
	TW_TRY(tw_durable_replace(d->sys, dir, ANSWER_MANIFEST, d->manifest.data, d->manifest.size, 0644));
	TW_TRY(tw_cert_store(d->sys, dir, ANSWER_ANCHOR, d->anchor, 0644));
	TW_TRY(tw_durable_replace(d->sys, dir, ANSWER_RECORD, record.data, record.size, 0644));
	return tw_durable_replace(d->sys, dir, ANSWER_CERT, u->cert.data, u->cert.size, 0644);
}

tw_err tw_cmd_provision_sign(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_desk_done) struct tw_desk d = { .ca = -1 };
	TW_CLEANUP(tw_unit_done) struct tw_unit u = { 0 };
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	const char *out = tw_arg(a, "out");

	TW_TRY(tw_desk_open(t, a, &d));
	tw_unit_init(t->sys, &u);
	TW_TRY(tw_unit_name(&d, tw_arg(a, "serial"), &u));
	TW_TRY(tw_unit_refuse_complete(&d, &u));
	TW_TRY(read_request(&d, a->rest[0], &u, &key));
	TW_TRY(key_is_new(&d, a->rest[0], key, &u));
	TW_TRY(tw_unit_note(&d, &u, "begun"));
	TW_TRY(tw_registry_sync(d.registry));
	TW_TRY(tw_unit_certify(&d, &u, key));
	TW_TRY(write_answer(&d, &u, out));
	TW_TRY(tw_unit_note(&d, &u, "complete"));
	TW_TRY(tw_registry_sync(d.registry));
	return tw_print_done(t, out, "%s: the answer for %s. Nothing in it is secret.\n", out, u.record.identifier);
}

/* --- On the unit: the answer --- */

struct answer {
	int dir;
	struct tw_buf manifest, record;
	tw_cert *anchor, *cert;
};

static void answer_done(struct answer *n)
{
	tw_closep(&n->dir);
	tw_buf_done(&n->manifest);
	tw_buf_done(&n->record);
	tw_cert_free(n->anchor);
	tw_cert_free(n->cert);
}

static tw_err read_answer(const struct tw_sys *sys, const char *path, struct answer *n)
{
	tw_buf_init(&n->manifest, sys, TW_MANIFEST_MAX);
	tw_buf_init(&n->record, sys, TW_PROVISIONING_MAX);
	TW_TRY(tw_dir_open(sys, path, &n->dir));
	TW_TRY(tw_durable_read(sys, n->dir, ANSWER_MANIFEST, TW_MANIFEST_MAX, &n->manifest));
	TW_TRY(tw_durable_read(sys, n->dir, ANSWER_RECORD, TW_PROVISIONING_MAX, &n->record));
	TW_TRY(tw_file_named(ANSWER_ANCHOR, tw_cert_fetch(sys, n->dir, ANSWER_ANCHOR, &n->anchor)));
	return tw_file_named(ANSWER_CERT, tw_cert_fetch(sys, n->dir, ANSWER_CERT, &n->cert));
}

/* A unit in the workshop may have no clock yet: it is then as late as its certificate says. */
static int64_t now_or_later(const struct tw_sys *sys, const tw_cert *cert)
{
	int64_t now = tw_now_ms(sys), made = tw_cert_not_before_ms(cert);

	return now > made ? now : made;
}

/* All parts are of one unit, by one manufacturer, and for the key that is here. */
static tw_err judge(const struct tw_sys *sys, const struct answer *n, const tw_key *key, struct tw_unit *u)
{
	TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *manifest = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf uri = { 0 };
	struct tw_slice record = tw_buf_slice(&n->record);
	uint8_t ours[32], theirs[32];
	int64_t now = now_or_later(sys, n->cert);

	tw_buf_init(&uri, sys, 300);
	if (record.size && record.at[record.size - 1] == '\n')
		record.size--;
	TW_TRY(tw_file_named(ANSWER_CERT, tw_cert_verify(n->cert, n->anchor, now)));
	TW_TRY(tw_cert_uri(n->cert, &uri));
	TW_TRY(tw_file_named(ANSWER_RECORD, tw_provisioning_verify(sys, record, n->anchor, now, &u->record)));
	TW_TRY(tw_file_named(ANSWER_MANIFEST, tw_manifest_verify(sys, tw_buf_slice(&n->manifest), n->anchor, now, &manifest)));
	TW_TRY(tw_key_fingerprint(key, ours));
	TW_TRY(tw_cert_fingerprint(n->cert, theirs));
	if (memcmp(ours, theirs, sizeof(ours)) != 0 || memcmp(ours, u->record.device_key, sizeof(ours)) != 0)
		return TW_RAISE(UNTRUSTED, ANSWER_CERT " is for another key than the one that is here");
	if (strcmp(tw_buf_cstr(&uri), u->record.identifier) != 0)
		return TW_RAISE(UNTRUSTED, ANSWER_CERT " and " ANSWER_RECORD " are of different units");
	if (strcmp(tw_manifest_of(manifest)->model, u->record.model) != 0)
		return TW_RAISE(UNTRUSTED, ANSWER_MANIFEST " and " ANSWER_RECORD " are of different models");
	return TW_OK;
}

/* The answer brings its own anchor, so all it shows by itself is that its parts agree. What is known here already decides whose it is. */
static tw_err anchor_is_known(const struct tw_device_dirs *dirs, const struct answer *n, const char *path)
{
	const struct tw_sys *sys = dirs->t->sys;
	TW_CLEANUP(tw_cert_freep) tw_cert *known = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf theirs = { 0 }, ours = { 0 };

	tw_buf_init(&theirs, sys, TW_KEYS_FILE_MAX);
	tw_buf_init(&ours, sys, TW_KEYS_FILE_MAX);
	if (path)
		TW_TRY(tw_file_cert(sys, path, &known));
	else if (tw_file_exists(sys, dirs->config, ANSWER_ANCHOR))
		TW_TRY(tw_file_named("CONFIG/" ANSWER_ANCHOR, tw_cert_fetch(sys, dirs->config, ANSWER_ANCHOR, &known)));
	else
		return TW_OK;
	TW_TRY(tw_cert_der(known, &ours));
	TW_TRY(tw_cert_der(n->anchor, &theirs));
	if (ours.size != theirs.size || memcmp(ours.data, theirs.data, ours.size) != 0)
		return TW_RAISE(UNTRUSTED, ANSWER_ANCHOR " is another one than %s", path ? path : "this unit's");
	return TW_OK;
}

static tw_err install(struct tw_device_dirs *dirs, const struct answer *n, struct tw_unit *u, const struct tw_args *a)
{
	TW_TRY(tw_unit_secrets(dirs->t->sys, u));
	TW_TRY(tw_cert_pem(n->cert, &u->cert));
	TW_TRY(tw_device_dirs_config(dirs, tw_buf_slice(&n->manifest), n->anchor));
	TW_TRY(tw_device_dirs_state(dirs, u));
	TW_TRY(tw_device_dirs_label(dirs, u, n->anchor, tw_arg(a, "label"), tw_arg(a, "address")));
	return tw_device_dirs_cert(dirs, u);
}

tw_err tw_cmd_provision_install(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_device_dirs_done) struct tw_device_dirs dirs = { .state = -1, .config = -1 };
	TW_CLEANUP(answer_done) struct answer n = { .dir = -1 };
	TW_CLEANUP(tw_unit_done) struct tw_unit u = { 0 };
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_closep) int keys = -1;
	const char *path = a->rest[0];

	tw_unit_init(t->sys, &u);
	tw_err e = read_answer(t->sys, path, &n);
	if (tw_failed(e))
		return tw_fail(t, TW_EXIT_FAILED, "the directory that `thingward provision sign` wrote", tw_file_named(path, e));
	TW_TRY(tw_device_dirs_open(t, a, &dirs));
	TW_TRY(tw_device_dirs_check(&dirs, NULL, NULL));
	TW_TRY(tw_device_dirs_keys(&dirs, &keys));
	e = tw_key_fetch(t->sys, keys, TW_KEYS_IDENTITY_KEY, &key);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return tw_fail(t, TW_EXIT_FAILED, "thingward provision request, on this unit",
			TW_RAISE(NOTFOUND, "%s has no key yet", dirs.state_path));
	TW_TRY(e);
	e = anchor_is_known(&dirs, &n, tw_arg(a, "anchor"));
	if (!tw_failed(e))
		e = judge(t->sys, &n, key, &u);
	if (tw_failed(e))
		return tw_fail(t, TW_EXIT_FAILED, "the answer to this unit's own request, by its own manufacturer",
			tw_file_named(path, e));
	u.serial = u.record.serial;
	TW_TRY(tw_device_dirs_check(&dirs, u.record.identifier, tw_arg(a, "label")));
	TW_TRY(install(&dirs, &n, &u, a));
	return tw_print_done(t, tw_arg(a, "label"), "This is %s now.\nLabel: %s. It holds the take-over secret: keep it with the unit.\n",
		u.record.identifier, tw_arg(a, "label"));
}
