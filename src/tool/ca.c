/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward ca init`. The certificate is written last: a directory without it is a start that was cut off, and may be begun
 * again; a directory with it is never overwritten, because every unit out there rests on it.
 */
#include "tool/ca.h"

#include "formats/jws.h"
#include "tool/commands.h"
#include "tool/files.h"

const struct tw_option tw_options_ca_init[] = {
	{ "name", "NAME", false, "the manufacturer's name in the certificates" },
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

static tw_err make_root(struct tw_tool *t, int dir, const char *name, int64_t now, tw_key **ret_key, tw_cert **ret_cert)
{
	struct tw_cert_want want = { .common_name = "Device CA", .organization = name, .is_ca = true, .not_before_ms = now };

	TW_TRY(tw_key_generate(t->sys, ret_key));
	TW_TRY(tw_cert_make(t->sys, &want, *ret_key, NULL, *ret_key, ret_cert));
	return tw_key_store(t->sys, dir, TW_CA_KEY, *ret_key);
}

static tw_err make_manifest_signer(struct tw_tool *t, int dir, const char *name, int64_t now, const tw_key *ca_key, const tw_cert *ca)
{
	struct tw_cert_want want = { .common_name = "Product manifest signer", .organization = name, .not_before_ms = now };
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;

	TW_TRY(tw_key_generate(t->sys, &key));
	TW_TRY(tw_cert_make(t->sys, &want, key, ca, ca_key, &cert));
	TW_TRY(tw_key_store(t->sys, dir, TW_CA_MANIFEST_KEY, key));
	return tw_cert_store(t->sys, dir, TW_CA_MANIFEST_CERT, cert, 0644);
}

tw_err tw_cmd_ca_init(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_closep) int dir = -1;
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	const char *name = tw_arg(a, "name");
	int64_t now = tw_now_ms(t->sys);

	TW_TRY(tw_dir_make(t->sys, a->rest[0], 0700, &dir));
	if (tw_file_exists(t->sys, dir, TW_CA_CERT))
		return tw_fail(t, TW_EXIT_FAILED, "another directory; this one is in use",
			TW_RAISE(EXISTS, "%s holds a certificate authority already; it is never overwritten", a->rest[0]));
	TW_TRY(make_root(t, dir, name, now, &key, &cert));
	TW_TRY(make_manifest_signer(t, dir, name, now, key, cert));
	TW_TRY(tw_cert_store(t->sys, dir, TW_CA_CERT, cert, 0644));
	return tw_print_done(t, a->rest[0],
		"Made the certificate authority in %s. Keep ca.key and manifest.key off every network;\n"
		"give ca.crt to whoever is to verify devices.\n",
		a->rest[0]);
}

tw_err tw_ca_manifest(struct tw_tool *t, int ca, const json_t *product, const struct tw_product_choice *choice, struct tw_buf *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *payload = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;

	tw_err e = tw_product_compile(t->sys, product, choice, &payload);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return tw_fail(t, TW_EXIT_FAILED, "one of the models in product.yaml", e);
	TW_TRY(e);
	TW_TRY(tw_key_fetch(t->sys, ca, TW_CA_MANIFEST_KEY, &key));
	TW_TRY(tw_cert_fetch(t->sys, ca, TW_CA_MANIFEST_CERT, &cert));
	struct tw_signer signer = tw_signer_of_key(key);
	return tw_jws_sign(t->sys, TW_JWS_MANIFEST, cert, payload, &signer, ret);
}
