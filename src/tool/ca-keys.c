/* SPDX-License-Identifier: Apache-2.0 */
/* A plain key still opens, with a warning: a maker's line does not stop because the tool was renewed. */
#include "tool/ca-keys.h"

#include "crypto/keyfile.h"
#include "sys/durable.h"
#include "tool/ca.h"
#include "tool/files.h"
#include "tool/passphrase.h"

#define FILE_MAX 4096

struct pair {
	tw_key *key;
	tw_cert *cert;
};
struct tw_ca_keys {
	struct tw_tool *t;
	const char *path, *file, *pin_file;
	int ca;
	bool warned;
	tw_secret *passphrase;
	tw_ca_token *token; /* holds the root's key, where it is in one */
	struct pair root, manifest;
};

tw_ca_keys *tw_ca_keys_free(tw_ca_keys *k)
{
	if (!k)
		return NULL;
	tw_secret_free(k->passphrase);
	tw_key_free(k->root.key);
	tw_cert_free(k->root.cert);
	tw_key_free(k->manifest.key);
	tw_cert_free(k->manifest.cert);
	tw_ca_token_free(k->token);
	free(k);
	return NULL;
}

tw_err tw_ca_keys_new(struct tw_tool *t, const struct tw_args *a, int ca, const char *path, tw_ca_keys **ret)
{
	tw_ca_keys *k = TW_NEW(t->sys, tw_ca_keys);

	if (!k)
		return TW_RAISE(NOMEM, "a certificate authority");
	*k = (tw_ca_keys){ .t = t, .path = path, .file = tw_arg(a, "passphrase-file"), .pin_file = tw_arg(a, "pin-file"), .ca = ca };
	*ret = k;
	return TW_OK;
}

tw_err tw_ca_keys_write(struct tw_tool *t, int ca, const char *name, const tw_key *key, const tw_secret *passphrase)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const struct tw_key_cost *cost = &tw_key_cost;

	if (!passphrase)
		return tw_key_store(t->sys, ca, name, key);
	tw_buf_init(&b, t->sys, FILE_MAX);
	TW_TRY(tw_key_protect(key, (struct tw_slice){ (const char *)tw_secret_bytes(passphrase), tw_secret_size(passphrase) }, cost, &b));
	return tw_durable_replace(t->sys, ca, name, b.data, b.size, 0600);
}

static tw_err try_each(struct tw_tool *t, struct tw_slice text, const struct tw_ca_key_try *with, tw_key **ret)
{
	tw_err e = TW_RAISE(UNTRUSTED, "the key is under a passphrase, and there is none");

	for (size_t i = 0; i < TW_COUNT(with->passphrase); i++) {
		const tw_secret *p = with->passphrase[i];

		if (!p)
			continue;
		e = tw_key_unprotect(t->sys, text, (struct tw_slice){ (const char *)tw_secret_bytes(p), tw_secret_size(p) }, ret);
		if (!tw_is(e, TW_CODE_UNTRUSTED))
			return e;
	}
	return e;
}

tw_err tw_ca_keys_read(struct tw_tool *t, int ca, const char *name, const struct tw_ca_key_try *with, tw_key **ret, bool *ret_plain)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };

	tw_buf_init(&b, t->sys, FILE_MAX);
	TW_TRY(tw_buf_reserve(&b, FILE_MAX));
	TW_TRY(tw_durable_read(t->sys, ca, name, FILE_MAX, &b));
	*ret_plain = !tw_key_is_protected(tw_buf_slice(&b));
	tw_err e = *ret_plain ? tw_key_load(t->sys, tw_buf_slice(&b), ret) : try_each(t, tw_buf_slice(&b), with, ret);
	if (tw_is(e, TW_CODE_UNTRUSTED) && !*ret_plain)
		return tw_fail(t, TW_EXIT_FAILED, "the passphrase that `thingward ca init` or `ca protect` was given; nobody can recover it",
			TW_RAISE(UNTRUSTED, "%s: the passphrase is wrong", name));
	if (!tw_is(e, TW_CODE_SYNTAX) && !tw_is(e, TW_CODE_UNSUPPORTED))
		return e;
	return tw_fail(t, TW_EXIT_FAILED, "your copy of this file", tw_file_named(name, e));
}

/* Plain files need none. */
static tw_err have_passphrase(tw_ca_keys *k, const char *name)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	char prompt[300];

	if (k->passphrase)
		return TW_OK;
	tw_buf_init(&b, k->t->sys, FILE_MAX);
	TW_TRY(tw_buf_reserve(&b, FILE_MAX));
	TW_TRY(tw_durable_read(k->t->sys, k->ca, name, FILE_MAX, &b));
	if (!tw_key_is_protected(tw_buf_slice(&b)))
		return TW_OK;
	(void)snprintf(prompt, sizeof(prompt), "Passphrase of the certificate authority in %.200s", k->path);
	struct tw_passphrase_ask ask = { .file = k->file, .prompt = prompt, .option = "--passphrase-file" };
	return tw_passphrase_get(k->t, &ask, &k->passphrase);
}

static tw_err fits(const char *name, const tw_key *key, const tw_cert *cert)
{
	uint8_t of_key[32], of_cert[32];

	TW_TRY(tw_key_fingerprint(key, of_key));
	TW_TRY(tw_cert_fingerprint(cert, of_cert));
	if (memcmp(of_key, of_cert, sizeof(of_key)) != 0)
		return TW_RAISE(UNTRUSTED, "%s is not the key of the certificate beside it; take both from your copy", name);
	return TW_OK;
}

static tw_err open_pair(tw_ca_keys *k, const char *key_name, const char *cert_name, struct pair *p)
{
	bool plain = false;

	if (p->key)
		return TW_OK;
	TW_TRY(have_passphrase(k, key_name));
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	struct tw_ca_key_try with = { { k->passphrase, NULL } };
	TW_TRY(tw_ca_keys_read(k->t, k->ca, key_name, &with, &key, &plain));
	if (!p->cert)
		TW_TRY(tw_cert_fetch(k->t->sys, k->ca, cert_name, &p->cert));
	TW_TRY(fits(key_name, key, p->cert));
	if (plain && !k->warned)
		tw_progress(k->t, "Warning: the keys in %s are not encrypted; `thingward ca protect %s` encrypts them.", k->path, k->path);
	k->warned = k->warned || plain;
	p->key = TW_STEAL(key);
	return TW_OK;
}

/* The certificate says which key it is; that the token signs with it, every signature shows. */
static tw_err open_root_in_token(tw_ca_keys *k)
{
	TW_CLEANUP(tw_key_freep) tw_key *public = NULL;

	if (k->root.key)
		return TW_OK;
	if (!k->root.cert)
		TW_TRY(tw_cert_fetch(k->t->sys, k->ca, TW_CA_CERT, &k->root.cert));
	TW_TRY(tw_cert_key(k->root.cert, &public));
	if (!k->token)
		TW_TRY(tw_ca_token_open(k->t, k->ca, k->pin_file, &k->token));
	return tw_ca_token_key(k->token, public, &k->root.key);
}

tw_err tw_ca_keys_root(tw_ca_keys *k, const tw_key **ret_key, const tw_cert **ret_cert)
{
	if (tw_file_exists(k->t->sys, k->ca, TW_CA_TOKEN))
		TW_TRY(open_root_in_token(k));
	else
		TW_TRY(open_pair(k, TW_CA_KEY, TW_CA_CERT, &k->root));
	*ret_key = k->root.key;
	*ret_cert = k->root.cert;
	return TW_OK;
}

tw_err tw_ca_keys_manifest(tw_ca_keys *k, const tw_key **ret_key, const tw_cert **ret_cert)
{
	TW_TRY(open_pair(k, TW_CA_MANIFEST_KEY, TW_CA_MANIFEST_CERT, &k->manifest));
	*ret_key = k->manifest.key;
	*ret_cert = k->manifest.cert;
	return TW_OK;
}
