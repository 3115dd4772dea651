/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward ca init` and `ca protect`. The certificate is written last: a directory without it is a start that was cut off, and may be
 * begun again; a directory with it is never overwritten, because every unit out there rests on it.
 */
#include "tool/ca.h"

#include "formats/jws.h"
#include "sys/durable.h"
#include "tool/commands.h"
#include "tool/files.h"
#include "tool/passphrase.h"

#include <fcntl.h>

const struct tw_option tw_options_ca_init[] = {
	{ "name", "NAME", false, "the manufacturer's name in the certificates" },
	{ "passphrase-file", "FILE", false, "the passphrase for the new keys; asked at the terminal unless given" },
	{ "unprotected", NULL, false, "write plain keys, for tests and examples" },
	{ "pkcs11", "WORDS", false, "make the root key in a token: module=PATH;token=LABEL" },
	TW_OPTION_PIN,
	{},
};
const struct tw_option tw_options_ca_protect[] = {
	{ "passphrase-file", "FILE", false, "the new passphrase; asked at the terminal unless given" },
	{ "old-passphrase-file", "FILE", false, "the one the keys are under now; asked when needed" },
	{},
};

tw_err tw_ca_open(struct tw_tool *t, const char *path, int *ret_dir)
{
	TW_CLEANUP(tw_closep) int dir = -1;
	tw_err e = tw_dir_open(t->sys, path, &dir);

	if (!tw_failed(e) && !tw_file_exists(t->sys, dir, TW_CA_CERT))
		e = TW_RAISE(NOTFOUND, "%s holds no certificate authority", path);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return tw_fail(t, TW_EXIT_FAILED, "thingward ca init DIR", e);
	TW_TRY(e);
	*ret_dir = dir;
	dir = -1;
	return TW_OK;
}

struct making {
	struct tw_tool *t;
	int dir;
	const char *name;
	int64_t now;
	tw_secret *passphrase; /* NULL: plain keys were asked for */
	const char *token_words, *pin_file;
	tw_ca_token *token; /* outlives key */
	tw_key *key;
	tw_cert *cert;
};

static void making_done(struct making *m)
{
	tw_closep(&m->dir);
	tw_secret_free(m->passphrase);
	tw_key_free(m->key);
	tw_cert_free(m->cert);
	tw_ca_token_free(m->token);
}

static tw_err make_root_in_token(struct making *m, const struct tw_cert_want *want)
{
	TW_CLEANUP(tw_key_freep) tw_key *public = NULL;

	TW_TRY(tw_ca_token_make(m->t, m->token_words, m->pin_file, &m->token, &public));
	TW_TRY(tw_ca_token_key(m->token, public, &m->key));
	TW_TRY(tw_cert_make(m->t->sys, want, public, NULL, m->key, &m->cert));
	return tw_ca_token_write(m->token, m->dir);
}

/* What a run before was cut off at may be of the other kind, and where both are, the token is believed. */
static tw_err make_root(struct making *m)
{
	struct tw_cert_want want = { .common_name = "Device CA", .organization = m->name, .is_ca = true, .not_before_ms = m->now };

	TW_TRY(tw_durable_remove(m->t->sys, m->dir, TW_CA_TOKEN));
	TW_TRY(tw_durable_remove(m->t->sys, m->dir, TW_CA_KEY));
	if (m->token_words)
		return make_root_in_token(m, &want);
	TW_TRY(tw_key_generate(m->t->sys, &m->key));
	TW_TRY(tw_cert_make(m->t->sys, &want, m->key, NULL, m->key, &m->cert));
	return tw_ca_keys_write(m->t, m->dir, TW_CA_KEY, m->key, m->passphrase);
}

static tw_err make_manifest_signer(struct making *m)
{
	struct tw_cert_want want = { .common_name = "Product manifest signer", .organization = m->name, .not_before_ms = m->now };
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;

	TW_TRY(tw_key_generate(m->t->sys, &key));
	TW_TRY(tw_cert_make(m->t->sys, &want, key, m->cert, m->key, &cert));
	TW_TRY(tw_ca_keys_write(m->t, m->dir, TW_CA_MANIFEST_KEY, key, m->passphrase));
	return tw_cert_store(m->t->sys, m->dir, TW_CA_MANIFEST_CERT, cert, 0644);
}

static tw_err new_passphrase(struct tw_tool *t, const struct tw_args *a, tw_secret **ret)
{
	struct tw_passphrase_ask ask = { .file = tw_arg(a, "passphrase-file"),
		.option = "--passphrase-file",
		.fresh = true,
		.prompt = "New passphrase for the keys of the certificate authority" };

	return tw_passphrase_get(t, &ask, ret);
}

tw_err tw_cmd_ca_init(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(making_done)
	struct making m = { .t = t,
		.dir = -1,
		.name = tw_arg(a, "name"),
		.now = tw_now_ms(t->sys),
		.token_words = tw_arg(a, "pkcs11"),
		.pin_file = tw_arg(a, "pin-file") };
	bool plain = tw_arg(a, "unprotected") != NULL;

	if (plain && tw_arg(a, "passphrase-file"))
		return tw_fail(t, TW_EXIT_USAGE, "one of the two", TW_RAISE(SYNTAX, "--unprotected keys have no passphrase"));
	TW_TRY(tw_dir_make(t->sys, a->rest[0], 0700, &m.dir));
	if (tw_file_exists(t->sys, m.dir, TW_CA_CERT))
		return tw_fail(t, TW_EXIT_FAILED, "another directory; this one is in use",
			TW_RAISE(EXISTS, "%s holds a certificate authority already; it is never overwritten", a->rest[0]));
	if (!plain)
		TW_TRY(new_passphrase(t, a, &m.passphrase));
	TW_TRY(make_root(&m));
	TW_TRY(make_manifest_signer(&m));
	TW_TRY(tw_cert_store(t->sys, m.dir, TW_CA_CERT, m.cert, 0644));
	return tw_print_done(t, a->rest[0],
		"Made the certificate authority in %s. Keep %s and manifest.key off every network%s;\n"
		"give ca.crt to whoever is to verify devices.\n",
		a->rest[0], m.token_words ? "the token" : "ca.key", plain ? "" : ", and the passphrase apart from them");
}

/* The plain key's bytes are overwritten where they lie. How far that reaches is the medium's affair (a flash keeps copies). */
static tw_err replace_key(struct tw_tool *t, int ca, const char *name, const tw_key *key, const tw_secret *passphrase)
{
	static const char zeros[1024];
	TW_CLEANUP(tw_closep) int old = t->sys->open_beneath(t->sys, ca, name, O_RDWR, 0);

	if (old < 0)
		return TW_RAISE_ERRNO("opening %s", name);
	TW_TRY(tw_ca_keys_write(t, ca, name, key, passphrase));
	TW_TRY(tw_durable_write_at(t->sys, old, zeros, sizeof(zeros), 0));
	return tw_durable_sync(t->sys, old);
}

/* A root key in a token has no file, and the token protects it. */
static size_t first_file(struct tw_tool *t, int ca)
{
	return tw_file_exists(t->sys, ca, TW_CA_TOKEN) ? 1 : 0;
}

static tw_err is_encrypted(struct tw_tool *t, int ca, bool *ret)
{
	static const char *const names[] = { TW_CA_KEY, TW_CA_MANIFEST_KEY };

	*ret = false;
	for (size_t i = first_file(t, ca); i < TW_COUNT(names); i++) {
		TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
		bool plain = true;
		struct tw_ca_key_try nothing = { { NULL, NULL } };
		tw_err e = tw_ca_keys_read(t, ca, names[i], &nothing, &key, &plain);

		if (tw_failed(e) && plain)
			return e;
		*ret = *ret || !plain;
	}
	t->hint[0] = '\0';
	return TW_OK;
}

/* A run that was cut off between the two keys is finished by the next one: each key opens by the old passphrase, the new one or none. */
tw_err tw_cmd_ca_protect(struct tw_tool *t, const struct tw_args *a)
{
	static const char *const names[] = { TW_CA_KEY, TW_CA_MANIFEST_KEY };
	TW_CLEANUP(tw_closep) int dir = -1;
	TW_CLEANUP(tw_secret_freep) tw_secret *fresh = NULL, *old = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *root = NULL, *manifest = NULL;
	tw_key **keys[] = { &root, &manifest };
	struct tw_passphrase_ask ask = { .file = tw_arg(a, "old-passphrase-file"),
		.option = "--old-passphrase-file",
		.prompt = "The passphrase the keys are under now" };
	bool encrypted = false, plain;

	TW_TRY(tw_ca_open(t, a->rest[0], &dir));
	TW_TRY(is_encrypted(t, dir, &encrypted));
	if (encrypted)
		TW_TRY(tw_passphrase_get(t, &ask, &old));
	TW_TRY(new_passphrase(t, a, &fresh));
	struct tw_ca_key_try with = { { old, fresh } };
	for (size_t i = first_file(t, dir); i < TW_COUNT(names); i++)
		TW_TRY(tw_ca_keys_read(t, dir, names[i], &with, keys[i], &plain));
	for (size_t i = first_file(t, dir); i < TW_COUNT(names); i++)
		TW_TRY(replace_key(t, dir, names[i], *keys[i], fresh));
	return tw_print_done(t, a->rest[0],
		"The keys in %s are encrypted. Destroy plain copies of them, and try the passphrase before you do.\n", a->rest[0]);
}

tw_err tw_ca_manifest(struct tw_tool *t, tw_ca_keys *keys, const json_t *product, const struct tw_product_choice *choice, struct tw_buf *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *payload = NULL;
	const tw_key *key;
	const tw_cert *cert;

	tw_err e = tw_product_compile(t->sys, product, choice, &payload);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return tw_fail(t, TW_EXIT_FAILED, "one of the models in product.yaml", e);
	TW_TRY(e);
	TW_TRY(tw_ca_keys_manifest(keys, &key, &cert));
	struct tw_signer signer = tw_signer_of_key(key);
	return tw_jws_sign(t->sys, TW_JWS_MANIFEST, cert, payload, &signer, ret);
}
