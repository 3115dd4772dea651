/* SPDX-License-Identifier: Apache-2.0 */
/* What the sign role is told and says, what is armor, and what gpg's words mean. */
#include "base/mem.h"
#include "check.h"
#include "support/sign/gpg-status.h"
#include "support/sign/sign-wire.h"
#include "sys/real.h"

#define KEY "38C906FE614D37714AF90DC74A6B5C18599214A2"
#define NOW 1795433952
#define BEGUN "[GNUPG:] NEWSIG\n"
#define GOOD "[GNUPG:] GOODSIG 4A6B5C18599214A2 A <a@b>\n"
#define VALID(made, digest, class, key) "[GNUPG:] VALIDSIG 11 2026-11-23 " made " 0 4 0 22 " digest " " class " " key "\n"
#define IS_VALID VALID("1795433952", "10", "00", KEY)
#define SIGNATURE "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n"
#define PUBLIC "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n"

static void test_status(void **state)
{
	static const struct {
		const char *text, *why; /* NULL: it is good */
	} rows[] = {
		{ BEGUN GOOD IS_VALID, NULL },
		{ BEGUN "[GNUPG:] KEY_CONSIDERED " KEY " 0\n" GOOD IS_VALID "[GNUPG:] TRUST_UNDEFINED 0 pgp", NULL },
		{ BEGUN GOOD VALID("1795433952", "8", "01", KEY), NULL },
		{ "", "there is not one" },
		{ BEGUN GOOD, "there is not one" },
		{ GOOD IS_VALID, "there is not one" },
		{ BEGUN IS_VALID, "there is not one" },
		{ BEGUN GOOD IS_VALID BEGUN GOOD IS_VALID, "there is not one" },
		{ "gpg: NEWSIG\ngpg: GOODSIG\n" IS_VALID, "there is not one" },
		{ BEGUN GOOD IS_VALID "[GNUPG:] BADSIG 4A6B5C18599214A2 A", "another text" },
		{ BEGUN "[GNUPG:] ERRSIG 4A6B5C18599214A2 22 10 00 1 9\n", "another key" },
		{ BEGUN GOOD "[GNUPG:] EXPKEYSIG 4A6B5C18599214A2 A\n" IS_VALID, "key is expired" },
		{ BEGUN "[GNUPG:] EXPSIG 4A6B5C18599214A2 A\n" IS_VALID, "it is expired" },
		{ BEGUN "[GNUPG:] REVKEYSIG 4A6B5C18599214A2 A\n" IS_VALID, "revoked" },
		{ BEGUN GOOD VALID("1795433952", "2", "00", KEY), "no longer stands" },
		{ BEGUN GOOD VALID("1795433952", "1", "00", KEY), "no longer stands" },
		{ BEGUN GOOD VALID("1795433952", "10", "10", KEY), "not over a document" },
		{ BEGUN GOOD VALID("1795434300", "10", "00", KEY), "of the future" },
		{ BEGUN GOOD VALID("1795433952", "10", "00", "38C906FE614D37714AF90DC74A6B5C18599214A3"), "another key" },
		{ BEGUN GOOD VALID("1795433952", "10", "00", KEY "00"), "another key" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_err e = tw_gpg_status_check(tw_slice_of(rows[i].text), TW_SLICE(KEY), NOW);

		if (!rows[i].why)
			CHECK_OK(e);
		else if (!tw_is(e, TW_CODE_UNTRUSTED) || !strstr(tw_err_detail(), rows[i].why))
			fail_msg("row %zu: %s", i, tw_err_detail());
	}
	CHECK_ERR(tw_gpg_status_check(TW_SLICE(BEGUN GOOD VALID("x", "10", "00", KEY)), TW_SLICE(KEY), NOW), SYNTAX);
	assert_true(tw_gpg_status_made(TW_SLICE("[GNUPG:] BEGIN_SIGNING H10\n[GNUPG:] SIG_CREATED D 22 10 00 1 " KEY "\n")));
	assert_false(tw_gpg_status_made(TW_SLICE("[GNUPG:] SIG_CREATED D\n[GNUPG:] SIG_CREATED D\n")));
	assert_false(tw_gpg_status_made(TW_SLICE("[GNUPG:] SIG_CREATED D\n[GNUPG:] FAILURE sign 17\n")));
}

static void test_armor(void **state)
{
	static const char *const bad[] = { "", "AAAA", "x" SIGNATURE, SIGNATURE "x", SIGNATURE SIGNATURE, PUBLIC,
		"-----BEGIN PGP SIGNATURE-----\n\nA\x01\n-----END PGP SIGNATURE-----\n", "-----BEGIN PGP SIGNATURE-----\n" };

	assert_true(tw_signature_armored(TW_SLICE(SIGNATURE)));
	assert_true(tw_public_key_armored(TW_SLICE(PUBLIC)));
	assert_false(tw_public_key_armored(
		TW_SLICE("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA\n-----END PGP PRIVATE KEY BLOCK-----\n")));
	for (size_t i = 0; i < TW_COUNT(bad); i++)
		if (tw_signature_armored(tw_slice_of(bad[i])))
			fail_msg("taken: %s", bad[i]);
	assert_true(tw_sign_fingerprint(TW_SLICE(KEY)));
	assert_false(tw_sign_fingerprint(TW_SLICE("38c906fe614d37714af90dc74a6b5c18599214a2")));
	assert_false(tw_sign_fingerprint(TW_SLICE("38C906FE")));
}

static tw_err write_job(struct tw_buf *b, enum tw_sign_kind kind, const char *signature)
{
	const struct tw_sign_job j = { kind, 5, TW_SLICE(KEY), TW_SLICE(PUBLIC), tw_slice_of(signature) };

	tw_buf_init(b, tw_sys_real(), TW_CHANNEL_MAX);
	return tw_sign_job_write(&j, b);
}

static void test_wire(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf make = { 0 }, check = { 0 }, without = { 0 }, with = { 0 }, done = { 0 };
	struct tw_sign_job j;
	struct tw_sign_done d;

	CHECK_OK(write_job(&make, TW_SIGN_MAKE, ""));
	CHECK_OK(write_job(&check, TW_SIGN_CHECK, SIGNATURE));
	CHECK_OK(write_job(&without, TW_SIGN_CHECK, ""));
	CHECK_OK(write_job(&with, TW_SIGN_MAKE, SIGNATURE));
	CHECK_OK(tw_sign_job_read(tw_buf_slice(&make), &j));
	CHECK_INT(j.size, 5);
	CHECK_OK(tw_sign_job_read(tw_buf_slice(&check), &j));
	assert_true(tw_slice_is(j.signature, SIGNATURE) && tw_slice_is(j.fingerprint, KEY));
	CHECK_ERR(tw_sign_job_read(tw_buf_slice(&without), &j), SYNTAX);
	CHECK_ERR(tw_sign_job_read(tw_buf_slice(&with), &j), SYNTAX);
	for (size_t cut = 0; cut < make.size; cut++)
		assert_true(tw_failed(tw_sign_job_read((struct tw_slice){ make.data, cut }, &j)));
	tw_buf_init(&done, tw_sys_real(), TW_CHANNEL_MAX);
	CHECK_OK(tw_sign_done_write(&(struct tw_sign_done){ TW_SIGN_GOOD, TW_SLICE(SIGNATURE), TW_SLICE("") }, &done));
	CHECK_OK(tw_sign_done_read(tw_buf_slice(&done), &d));
	done.data[0] = TW_SIGN_REFUSED; /* a signature that is not good is none */
	CHECK_ERR(tw_sign_done_read(tw_buf_slice(&done), &d), SYNTAX);
	done.data[0] = TW_SIGN_ENDS;
	CHECK_ERR(tw_sign_done_read(tw_buf_slice(&done), &d), SYNTAX);
	CHECK_ERR(tw_sign_done_read(TW_SLICE("\2\0\0two\nlines"), &d), SYNTAX);
	CHECK_ERR(tw_sign_done_read(TW_SLICE("\0\0\0"), &d), SYNTAX);
}

CHECK_MAIN(cmocka_unit_test(test_status), cmocka_unit_test(test_armor), cmocka_unit_test(test_wire))
