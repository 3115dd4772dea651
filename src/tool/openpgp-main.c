/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingward-openpgp: the one process that touches OpenPGP (gpgme, which drives gpg). `thingward csaf` starts it for one signature, one check or
 * one export at a time; it gets bytes as sealed memory and gives bytes back, so that neither keys nor gpg's home are ever in a process that
 * reads advisories or talks to a network.
 *
 *     sign KEY      standard input is signed by the user's key; the signature comes out, detached and armored
 *     export KEY    the public key comes out, armored
 *     verify        standard input against the signature on descriptor 3 and the public keys on 4, which go into an empty home of their own;
 *                   the fingerprint of whose signature it is comes out
 */
#include "base/mem.h"
#include "sys/durable.h"
#include "sys/real.h"

#include <errno.h>
#include <fcntl.h>
#include <gpgme.h>
#include <stdio.h>
#include <string.h>

enum { SIGNATURE = 3, KEYS = 4 };

static void ctx_done(gpgme_ctx_t *c)
{
	gpgme_release(*c);
}

static void data_done(gpgme_data_t *d)
{
	gpgme_data_release(*d);
}

static void key_done(gpgme_key_t *k)
{
	if (*k)
		gpgme_key_unref(*k);
}

static tw_err told(gpgme_error_t e, const char *what)
{
	return gpgme_err_code(e) == GPG_ERR_NO_ERROR ? TW_OK : TW_RAISE(CRYPTO, "%s: %s", what, gpgme_strerror(e));
}

static tw_err begin(const char *home, gpgme_ctx_t *ret)
{
	(void)gpgme_check_version(NULL);
	TW_TRY(told(gpgme_engine_check_version(GPGME_PROTOCOL_OpenPGP), "gpg"));
	TW_TRY(told(gpgme_new(ret), "gpgme"));
	TW_TRY(told(gpgme_set_protocol(*ret, GPGME_PROTOCOL_OpenPGP), "gpgme"));
	(void)gpgme_set_offline(*ret, 1);
	gpgme_set_armor(*ret, 1);
	return home ? told(gpgme_ctx_set_engine_info(*ret, GPGME_PROTOCOL_OpenPGP, NULL, home), "gpg's home") : TW_OK;
}

/* What we were given, from its beginning: who wrote it left its position at the end. */
static tw_err from_start(int fd, gpgme_data_t *ret)
{
	if (lseek(fd, 0, SEEK_SET) < 0)
		return TW_RAISE_ERRNO("reading descriptor %d", fd);
	return told(gpgme_data_new_from_fd(ret, fd), "reading");
}

/* By its whole fingerprint, so that no other key can be meant. */
static tw_err find_key(gpgme_ctx_t c, const char *name, int secret, gpgme_key_t *ret)
{
	if (gpgme_err_code(gpgme_get_key(c, name, ret, secret)) != GPG_ERR_NO_ERROR)
		return TW_RAISE(NOTFOUND, "gpg has no %s key %s", secret ? "secret" : "public", name);
	if (strcasecmp((*ret)->fpr, name) != 0)
		return TW_RAISE(NOTFOUND, "%s is no fingerprint of a primary key", name);
	return TW_OK;
}

static tw_err sign(const char *name)
{
	TW_CLEANUP(ctx_done) gpgme_ctx_t c = NULL;
	TW_CLEANUP(key_done) gpgme_key_t key = NULL;
	TW_CLEANUP(data_done) gpgme_data_t in = NULL, out = NULL;

	TW_TRY(begin(NULL, &c));
	TW_TRY(find_key(c, name, 1, &key));
	TW_TRY(told(gpgme_signers_add(c, key), "choosing the key"));
	TW_TRY(from_start(STDIN_FILENO, &in));
	TW_TRY(told(gpgme_data_new_from_fd(&out, STDOUT_FILENO), "writing"));
	return told(gpgme_op_sign(c, in, out, GPGME_SIG_MODE_DETACH), "signing");
}

static tw_err export_key(const char *name)
{
	TW_CLEANUP(ctx_done) gpgme_ctx_t c = NULL;
	TW_CLEANUP(key_done) gpgme_key_t key = NULL;
	TW_CLEANUP(data_done) gpgme_data_t out = NULL;

	TW_TRY(begin(NULL, &c));
	TW_TRY(find_key(c, name, 0, &key));
	TW_TRY(told(gpgme_data_new_from_fd(&out, STDOUT_FILENO), "writing"));
	return told(gpgme_op_export(c, name, GPGME_EXPORT_MODE_MINIMAL, out), "exporting");
}

/* A signature that gpg takes and that is no weaker than what it stands for. */
static tw_err judge(gpgme_ctx_t c, const struct _gpgme_signature *s)
{
	const unsigned bad = GPGME_SIGSUM_KEY_REVOKED | GPGME_SIGSUM_KEY_EXPIRED | GPGME_SIGSUM_SIG_EXPIRED | GPGME_SIGSUM_RED;
	TW_CLEANUP(key_done) gpgme_key_t key = NULL;

	if (gpgme_err_code(s->status) != GPG_ERR_NO_ERROR)
		return TW_RAISE(UNTRUSTED, "the signature is not good: %s", gpgme_strerror(s->status));
	if ((unsigned)s->summary & bad)
		return TW_RAISE(UNTRUSTED, "the signature or its key is expired or revoked");
	if (s->hash_algo == GPGME_MD_MD5 || s->hash_algo == GPGME_MD_SHA1)
		return TW_RAISE(UNTRUSTED, "the signature is over %s, which no longer stands for one text",
			gpgme_hash_algo_name(s->hash_algo));
	TW_TRY(told(gpgme_get_key(c, s->fpr, &key, 0), "the signature's key"));
	return printf("%s\n", key->fpr) > 0 && fflush(stdout) == 0 ? TW_OK : TW_RAISE(IO, "writing");
}

static tw_err verify_in(const char *home)
{
	TW_CLEANUP(ctx_done) gpgme_ctx_t c = NULL;
	TW_CLEANUP(data_done) gpgme_data_t in = NULL, signature = NULL, keys = NULL;

	TW_TRY(begin(home, &c));
	TW_TRY(from_start(KEYS, &keys));
	TW_TRY(told(gpgme_op_import(c, keys), "reading the public keys"));
	if (!gpgme_op_import_result(c) || gpgme_op_import_result(c)->considered == 0)
		return TW_RAISE(SYNTAX, "there are no public keys");
	TW_TRY(from_start(STDIN_FILENO, &in));
	TW_TRY(from_start(SIGNATURE, &signature));
	if (gpgme_err_code(gpgme_op_verify(c, signature, in, NULL)) != GPG_ERR_NO_ERROR)
		return TW_RAISE(UNTRUSTED, "there is no signature");
	gpgme_verify_result_t result = gpgme_op_verify_result(c);
	if (!result || !result->signatures || result->signatures->next)
		return TW_RAISE(UNTRUSTED, "there is not one signature");
	return judge(c, result->signatures);
}

static tw_err verify(void)
{
	char home[] = "/tmp/thingward-openpgp-XXXXXX";

	if (!mkdtemp(home))
		return TW_RAISE_ERRNO("making %s", home);
	tw_err e = verify_in(home);
	TW_CLEANUP(tw_closep) int dir = tw_sys_real()->open_path(tw_sys_real(), "/tmp", O_RDONLY | O_DIRECTORY, 0);
	if (dir >= 0)
		tw_ignore(tw_durable_remove_tree(tw_sys_real(), dir, home + strlen("/tmp/"))); /* it holds public keys alone */
	return e;
}

int main(int argc, char **argv)
{
	char why[TW_DETAIL_MAX];
	tw_err e = argc == 3 && !strcmp(argv[1], "sign")  ? sign(argv[2])
		: argc == 3 && !strcmp(argv[1], "export") ? export_key(argv[2])
		: argc == 2 && !strcmp(argv[1], "verify")
		? verify()
		: TW_RAISE(SYNTAX, "sign KEY, export KEY or verify; thingward csaf publish starts it");

	if (!tw_failed(e))
		return 0;
	(void)snprintf(why, sizeof(why), "%s", tw_err_detail());
	(void)fprintf(stderr, "thingward-openpgp: %s\n", why);
	return tw_is(e, TW_CODE_UNTRUSTED) ? 3 : 1;
}
