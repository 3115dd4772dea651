/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A provider of OpenSSL with one kind of key: its public point is here, its private half behind a function of the caller's.
 *
 * What must hold, each found by trying: "default" is loaded by name, because a second provider switches the automatic one off;
 * the default properties prefer it, or everybody's EC keys would land here; export refuses a private half, or the default
 * provider takes the key and fails to sign with it; one-shot signing is there, or OpenSSL fails with an empty error queue.
 * A signature that does not come back fails that one handshake and nothing else.
 */
#include "crypto/remote.h"

#include "crypto/hash.h"
#include "crypto/internal.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#define PROVIDER "tw-remote"
#define PARAM_REMOTE "tw-remote" /* the address of a struct tw_remote, from tw_remote_key to key_import */
#define SIGNATURE_MAX 72

struct key {
	const struct tw_remote *remote;
	uint8_t point[TW_POINT_SIZE];
};

struct signing {
	const struct key *key;
};

/* --- Key management --- */

static void *key_new(void *provider)
{
	return OPENSSL_zalloc(sizeof(struct key));
}

static void key_free(void *key)
{
	OPENSSL_free(key);
}

static int key_has(const void *key, int selection)
{
	return key != NULL;
}

static int key_match(const void *a, const void *b, int selection)
{
	return memcmp(((const struct key *)a)->point, ((const struct key *)b)->point, TW_POINT_SIZE) == 0;
}

static int key_import(void *key, int selection, const OSSL_PARAM params[])
{
	struct key *k = key;
	const OSSL_PARAM *point = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PUB_KEY);
	const OSSL_PARAM *remote = OSSL_PARAM_locate_const(params, PARAM_REMOTE);
	if (!point || point->data_type != OSSL_PARAM_OCTET_STRING || point->data_size != TW_POINT_SIZE)
		return 0;
	memcpy(k->point, point->data, TW_POINT_SIZE);
	if (remote && remote->data_size == sizeof k->remote)
		memcpy(&k->remote, remote->data, sizeof k->remote);
	return 1;
}

static int key_export(void *key, int selection, OSSL_CALLBACK *give, void *user)
{
	struct key *k = key;
	if (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY)
		return 0;
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char[]){ "prime256v1" }, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, k->point, TW_POINT_SIZE), OSSL_PARAM_construct_end() };
	return give(params, user);
}

static const OSSL_PARAM *key_types(int selection)
{
	static const OSSL_PARAM types[] = { OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0), OSSL_PARAM_octet_string(PARAM_REMOTE, NULL, 0), OSSL_PARAM_END };
	return types;
}

static const OSSL_PARAM *key_gettable(void *provider)
{
	static const OSSL_PARAM types[] = { OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL), OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0), OSSL_PARAM_END };
	return types;
}

static int key_get(void *key, OSSL_PARAM params[])
{
	static const struct {
		const char *name;
		int value;
	} numbers[] = { { OSSL_PKEY_PARAM_BITS, 256 }, { OSSL_PKEY_PARAM_SECURITY_BITS, 128 }, { OSSL_PKEY_PARAM_MAX_SIZE, SIGNATURE_MAX } };
	OSSL_PARAM *p;
	for (size_t i = 0; i < TW_COUNT(numbers); i++) {
		p = OSSL_PARAM_locate(params, numbers[i].name);
		if (p && !OSSL_PARAM_set_int(p, numbers[i].value))
			return 0;
	}
	p = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_GROUP_NAME);
	return !p || OSSL_PARAM_set_utf8_string(p, "prime256v1");
}

static const char *key_operation(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? "ECDSA" : NULL;
}

/* --- Signing --- */

static void *signing_new(void *provider, const char *properties)
{
	return OPENSSL_zalloc(sizeof(struct signing));
}

static void signing_free(void *signing)
{
	OPENSSL_free(signing);
}

static int signing_init(void *signing, const char *digest, void *key, const OSSL_PARAM params[])
{
	struct signing *s = signing;
	if (key)
		s->key = key;
	return s->key && s->key->remote && digest && EVP_MD_is_a(EVP_sha256(), digest);
}

static tw_err sign(const struct tw_remote *r, struct tw_slice text, uint8_t der[SIGNATURE_MAX], size_t *ret_size)
{
	uint8_t digest[TW_SHA256_SIZE];
	if (r->sign_text)
		return r->sign_text(r->user, text, der, SIGNATURE_MAX, ret_size);
	TW_TRY(tw_sha256(text.at, text.size, digest));
	return r->sign(r->user, digest, der, SIGNATURE_MAX, ret_size);
}

static int signing_once(void *signing, unsigned char *out, size_t *size, size_t max, const unsigned char *data, size_t n)
{
	const struct key *k = ((struct signing *)signing)->key;
	uint8_t der[SIGNATURE_MAX];
	size_t got = 0;
	if (!out) {
		*size = SIGNATURE_MAX;
		return 1;
	}
	if (tw_failed(sign(k->remote, (struct tw_slice){ (const char *)data, n }, der, &got)) || got == 0 || got > max) {
		ERR_raise(ERR_LIB_USER, ERR_R_OPERATION_FAIL);
		return 0;
	}
	memcpy(out, der, got);
	*size = got;
	return 1;
}

/* What X.509 writes beside a signature, ecdsa-with-SHA256: asked for by X509_sign, which fails without a word where it is not told. */
static int signing_get(void *signing, OSSL_PARAM params[])
{
	static const uint8_t algorithm[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };
	OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
	return !p || OSSL_PARAM_set_octet_string(p, algorithm, sizeof algorithm);
}

static const OSSL_PARAM *signing_gettable(void *signing, void *provider)
{
	static const OSSL_PARAM list[] = { OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0), OSSL_PARAM_END };
	return list;
}

/* --- The provider --- */

#define ROW(id, function)                      \
	{                                      \
		id, (void (*)(void))(function) \
	}
static const OSSL_DISPATCH key_functions[] = {
	ROW(OSSL_FUNC_KEYMGMT_NEW, key_new),
	ROW(OSSL_FUNC_KEYMGMT_FREE, key_free),
	ROW(OSSL_FUNC_KEYMGMT_HAS, key_has),
	ROW(OSSL_FUNC_KEYMGMT_MATCH, key_match),
	ROW(OSSL_FUNC_KEYMGMT_IMPORT, key_import),
	ROW(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, key_types),
	ROW(OSSL_FUNC_KEYMGMT_EXPORT, key_export),
	ROW(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, key_types),
	ROW(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_get),
	ROW(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, key_gettable),
	ROW(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, key_operation),
	{ 0, NULL },
};

static const OSSL_DISPATCH signing_functions[] = {
	ROW(OSSL_FUNC_SIGNATURE_NEWCTX, signing_new),
	ROW(OSSL_FUNC_SIGNATURE_FREECTX, signing_free),
	ROW(OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, signing_get),
	ROW(OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, signing_gettable),
	ROW(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, signing_init),
	ROW(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, signing_once),
	{ 0, NULL },
};

static const OSSL_ALGORITHM keys[] = { { "EC:id-ecPublicKey", "provider=" PROVIDER, key_functions, "" }, { NULL, NULL, NULL, NULL } };
static const OSSL_ALGORITHM signings[] = { { "ECDSA", "provider=" PROVIDER, signing_functions, "" }, { NULL, NULL, NULL, NULL } };

static const OSSL_ALGORITHM *provider_query(void *provider, int operation, int *no_cache)
{
	*no_cache = 0;
	if (operation == OSSL_OP_KEYMGMT)
		return keys;
	return operation == OSSL_OP_SIGNATURE ? signings : NULL;
}

static int provider_init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out, void **ret)
{
	static const OSSL_DISPATCH functions[] = { ROW(OSSL_FUNC_PROVIDER_QUERY_OPERATION, provider_query), { 0, NULL } };
	*out = functions;
	*ret = (void *)core;
	return 1;
}

/* Each step once, and again only when it failed: without the last, everybody's EC keys would land here. All stays until the process ends. */
static tw_err provider_ready(void)
{
	static bool added, ready;
	static OSSL_PROVIDER *standard, *ours;
	if (ready)
		return TW_OK;
	added = added || OSSL_PROVIDER_add_builtin(NULL, PROVIDER, provider_init) == 1;
	if (added && !standard)
		standard = OSSL_PROVIDER_load(NULL, "default");
	if (standard && !ours)
		ours = OSSL_PROVIDER_load(NULL, PROVIDER);
	ready = ours && EVP_set_default_properties(NULL, "?provider=default") == 1;
	return ready ? TW_OK : TW_RAISE_OPENSSL("loading the provider for remote keys");
}

tw_err tw_remote_key(const struct tw_sys *sys, const struct tw_remote *remote, const uint8_t point[TW_POINT_SIZE], tw_key **ret)
{
	TW_CLEANUP(tw_key_freep) tw_key *checked = NULL;
	EVP_PKEY *evp = NULL;
	TW_TRY(tw_key_of_point(sys, point, &checked)); /* on the curve? */
	TW_TRY(provider_ready());
	OSSL_PARAM params[] = { OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point, TW_POINT_SIZE),
		OSSL_PARAM_construct_octet_string(PARAM_REMOTE, (void *)&remote, sizeof remote), OSSL_PARAM_construct_end() };
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", "provider=" PROVIDER);
	bool ok = ctx && EVP_PKEY_fromdata_init(ctx) == 1 && EVP_PKEY_fromdata(ctx, &evp, EVP_PKEY_KEYPAIR, params) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (!ok)
		return TW_RAISE_OPENSSL("a remote key");
	return tw_key_of_evp(sys, evp, point, false, ret);
}
