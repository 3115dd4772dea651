/* SPDX-License-Identifier: Apache-2.0 */
/* The keystore on a PKCS#11 token: SoftHSM keeps the contract, and a module of the test's own (test/unit/odd-module.c) plays what SoftHSM does not. */
#include "service/keys/vault.h"
#include "sys/durable.h"
#include "oom.h"

#include "service/keys/test-pkcs11.h"

#include <dlfcn.h>
#include <openssl/crypto.h>

static void test_contract(void **state)
{
	need_softhsm();
	keystore_makes_keys(open_token);
	keystore_refuses_names(open_token);
	test_dir_empty(&dir);
	keystore_rotates_keys(open_token);
	test_dir_empty(&dir);
	keystore_seals(open_token);
}

/* --- Gone, slow, broken --- */

static void test_absent_at_start(void **state)
{
	tw_keystore *k = NULL;
	need_softhsm();
	fresh_words(SOFTHSM, "none");
	CHECK_ERR(open_token(&k), CLOSED);
	CHECK(strstr(tw_err_detail(), "none") != NULL);
	fresh_words(SOFTHSM, "unit");
	CHECK_OK(open_token(&k)); /* over what the failed opening left */
	tw_keystore_close(k);
}

/* Each is told by its code, within its time, and over when the cause is: the next call has a new worker. */
static void test_misfortunes_in_use(void **state)
{
	static const struct {
		const char *what;
		enum tw_code want;
	} rows[] = { { "out", TW_CODE_CLOSED }, { "crash", TW_CODE_CLOSED }, { "slow", TW_CODE_TIMEOUT } };
	struct tw_keystore_state s;
	tw_keystore *k = NULL;
	uint8_t point[TW_POINT_SIZE];
	use_odd();
	CHECK_OK(open_token(&k));
	CHECK_OK(tw_keystore_generate(k, "one", point));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		odd(rows[i].what);
		check_sign_is(k, rows[i].want);
		if (i == 0)
			CHECK_ERR(tw_keystore_state(k, &s), CLOSED);
		odd("");
		check_signs(k, "one", point);
	}
	CHECK_OK(tw_keystore_state(k, &s));
	CHECK_TEXT(s.kind, "pkcs11");
	CHECK(!s.hardware && !s.outside && strstr(s.detail, "unit") && strstr(s.detail, "software"));
	tw_keystore_close(k);
}

/* SoftHSM itself, with its files taken away and brought back. */
static void test_token_files_taken_away(void **state)
{
	tw_keystore *k = NULL;
	uint8_t point[TW_POINT_SIZE];
	need_softhsm();
	fresh_words(SOFTHSM, "unit");
	CHECK_OK(open_token(&k));
	CHECK_OK(tw_keystore_generate(k, "one", point));
	CHECK_INT(renameat(tokens.fd, "t", tokens.fd, "away"), 0);
	check_sign_is(k, TW_CODE_CLOSED);
	check_sign_is(k, TW_CODE_CLOSED);
	CHECK_INT(renameat(tokens.fd, "away", tokens.fd, "t"), 0);
	check_signs(k, "one", point);
	tw_keystore_close(k);
}

/* --- One question to the token itself --- */

static tw_err ask(enum tw_token_op op, struct tw_slice handle, struct tw_slice in, struct tw_token_answer *ret)
{
	const struct tw_token_question q = { .op = (uint8_t)op, .owner = "a owner", .handle = handle, .in = in };
	tw_token_answer_done(ret);
	tw_token_answer_init(sys, ret);
	return tw_token_ask(token, &q, ret);
}

static const struct tw_slice nothing = { NULL, 0 };

/* By a worker that begins anew. */
static tw_err describe(struct tw_token_answer *ret)
{
	restart();
	return ask(TW_TOKEN_DESCRIBE, nothing, nothing, ret);
}

static void use_words(const char *words)
{
	int fd = plan.fd;
	CHECK_OK(tw_token_parse(words, &plan));
	plan.fd = fd;
}

/* What is asked has a size, and is something that a token does. */
static void test_questions_have_a_form(void **state)
{
	static const char bytes[200] = { 1 };
	static const struct {
		unsigned op;
		enum tw_code want;
		size_t handle, in;
	} rows[] = {
		{ 0, TW_CODE_INTERNAL, 0, 0 },
		{ TW_TOKEN_OPS, TW_CODE_INTERNAL, 0, 0 },
		{ 255, TW_CODE_INTERNAL, 0, 0 },
		{ TW_TOKEN_MAKE, TW_CODE_INTERNAL, 0, 96 },
		{ TW_TOKEN_MAKE, TW_CODE_INTERNAL, 0, 98 },
		{ TW_TOKEN_WRAP, TW_CODE_INTERNAL, 0, 31 },
		{ TW_TOKEN_WRAP, TW_CODE_INTERNAL, 0, 33 },
		{ TW_TOKEN_SIGN, TW_CODE_SYNTAX, 15, 32 },
		{ TW_TOKEN_SIGN, TW_CODE_STATE, 16, 32 },
		{ TW_TOKEN_UNWRAP, TW_CODE_SYNTAX, 75, 0 },
		{ TW_TOKEN_UNWRAP, TW_CODE_STATE, 76, 0 },
		{ TW_TOKEN_UNWRAP, TW_CODE_SYNTAX, 77, 0 },
		{ TW_TOKEN_DESTROY, TW_CODE_OK, 16, 0 },
	};
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	use_odd();
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_err e = ask((enum tw_token_op)rows[i].op, (struct tw_slice){ bytes, rows[i].handle },
			(struct tw_slice){ bytes, rows[i].in }, &a);
		if (!tw_is(e, rows[i].want))
			fail_msg("row %zu: %s", i, tw_code_name(e.code));
	}
}

/* Which one is meant: by its whole label, its whole serial number or both, however the fields are padded. */
static void test_which_token_is_meant(void **state)
{
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	char serial[17] = "", words[1024];
	use_odd();
	CHECK_OK(describe(&a));
	CHECK_INT(a.out.size, 1 + 32 + 16);
	memcpy(serial, a.out.data + 33, 16);
	serial[strcspn(serial, " ")] = '\0';
	const struct {
		const char *token, *serial, *odd;
		enum tw_code want;
	} rows[] = {
		{ "unit", "", "", TW_CODE_OK },
		{ "uni", "", "", TW_CODE_CLOSED },
		{ "unit", "", "zeros", TW_CODE_OK },
		{ "uni", "", "zeros", TW_CODE_CLOSED },
		{ "", serial, "", TW_CODE_OK },
		{ "unit", serial, "", TW_CODE_OK },
		{ "unit", "0", "", TW_CODE_CLOSED },
		{ "", "0", "", TW_CODE_CLOSED },
		{ "none", serial, "", TW_CODE_CLOSED },
		{ "unit", "", "unready", TW_CODE_CLOSED },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		(void)snprintf(words, sizeof words, "pkcs11:module=%s;env=SOFTHSM2_CONF=%s/conf%s%s%s%s", ODD_MODULE, tokens.path,
			*rows[i].token ? ";token=" : "", rows[i].token, *rows[i].serial ? ";serial=" : "", rows[i].serial);
		use_words(words);
		odd(rows[i].odd);
		tw_err e = describe(&a);
		if (!tw_is(e, rows[i].want))
			fail_msg("row %zu: %s", i, tw_code_name(e.code));
	}
	CHECK_INT(setenv("SOFTHSM2_CONF", strchr(strstr(words, "SOFTHSM2_CONF="), '=') + 1, 1), 0);
	*strchr(getenv("SOFTHSM2_CONF"), ';') = '\0'; /* a module may have all it needs without our words */
	(void)snprintf(words, sizeof words, "pkcs11:module=%s;token=unit", ODD_MODULE);
	use_words(words);
	odd("");
	CHECK_OK(describe(&a));
	CHECK_INT(unsetenv("SOFTHSM2_CONF"), 0);
	fresh_words(SOFTHSM, "unit");
}

/* What it says of itself, without what pads it. */
static void test_what_it_is(void **state)
{
	static const char *const rows[][2] = { { "", "A PKCS#11 token 'unit' (SoftHSM project SoftHSM v2)" },
		{ "zeros", "A PKCS#11 token 'unit' (SoftHSM project SoftHSM v2)" },
		{ "blank", "A PKCS#11 token 'unit' (SoftHSM project )" } };
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	use_odd();
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		odd(rows[i][0]);
		CHECK_OK(describe(&a));
		CHECK_TEXT(tw_buf_cstr(&a.more), rows[i][1]);
	}
}

/* Its refusals as they are, and each PIN that it does not take is said once. */
static void test_logins(void **state)
{
	static const struct {
		const char *odd;
		enum tw_code want;
		int logins;
	} rows[] = {
		{ "Login=100", TW_CODE_OK, 1 },    /* CKR_USER_ALREADY_LOGGED_IN */
		{ "Login=a0", TW_CODE_DENIED, 1 }, /* CKR_PIN_INCORRECT */
		{ "Login=a1", TW_CODE_DENIED, 1 }, /* CKR_PIN_INVALID */
		{ "Login=a2", TW_CODE_DENIED, 1 }, /* CKR_PIN_LEN_RANGE */
		{ "Login=a3", TW_CODE_STATE, 2 },  /* CKR_PIN_EXPIRED: a person may put that right */
	};
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		use_odd();
		odd(rows[i].odd);
		for (int n = 0; n < 2; n++) {
			tw_err e = ask(TW_TOKEN_DESCRIBE, nothing, nothing, &a);
			if (!tw_is(e, rows[i].want))
				fail_msg("%s: %s", rows[i].odd, tw_code_name(e.code));
		}
		CHECK_INT(counted("login"), rows[i].logins);
	}
}

/* A token that is gone before the first question is that, and not one without the key. */
static void test_gone_before_it_was_asked(void **state)
{
	static const char id[16] = { 1 };
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	use_odd();
	odd("out");
	CHECK_ERR(ask(TW_TOKEN_SIGN, (struct tw_slice){ id, 16 }, (struct tw_slice){ id, 16 }, &a), CLOSED);
	CHECK_INT(counted("login"), 0);
}

static void test_no_functions(void **state)
{
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	Dl_info of_openssl;
	use_odd();
	odd("no-list");
	CHECK_ERR(describe(&a), UNSUPPORTED);
	odd("null-list");
	CHECK_ERR(describe(&a), UNSUPPORTED);
	CHECK(strstr(tw_err_detail(), "is no PKCS#11 module") != NULL);
	CHECK(dladdr((void *)(uintptr_t)OpenSSL_version_num, &of_openssl) != 0);
	CHECK(of_openssl.dli_fname[0] == '/' && strstr(of_openssl.dli_fname, "libcrypto.so")); /* a library, and none of these */
	fresh_words(of_openssl.dli_fname, "unit");
	CHECK_ERR(describe(&a), UNSUPPORTED);
	CHECK(strstr(tw_err_detail(), "is no PKCS#11 module") != NULL);
	fresh_words(SOFTHSM, "unit");
}

/* A public half comes in one of two forms, and in no other. */
static void test_forms_of_a_point(void **state)
{
	static const struct {
		const char *odd;
		enum tw_code want;
	} rows[] = { { "", TW_CODE_OK }, { "point-bare", TW_CODE_OK }, { "point-long", TW_CODE_CRYPTO },
		{ "point-head", TW_CODE_CRYPTO }, { "point-size", TW_CODE_CRYPTO } };
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	use_odd();
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		odd(rows[i].odd);
		tw_err e = ask(TW_TOKEN_MAKE, nothing, nothing, &a);
		if (!tw_is(e, rows[i].want))
			fail_msg("%s: %s", rows[i].odd, tw_code_name(e.code));
		if (tw_failed(e))
			continue;
		CHECK_INT(a.out.size, TW_POINT_SIZE);
		key = tw_key_free(key);
		CHECK_OK(tw_key_of_point(sys, (const uint8_t *)a.out.data, &key));
	}
	odd("");
	CHECK_OK(ask(TW_TOKEN_SWEEP, nothing, nothing, &a));
}

/* @nist DP.CKM.2: what the token does not say to be kept inside is not kept at all */
static void test_kept_inside(void **state)
{
	static const char *const rows[] = { "leaky", "bare", "GetAttributeValue=11" }; /* CKR_ATTRIBUTE_SENSITIVE, with values all the same */
	static const char secret[32] = { 1 };
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	use_odd();
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		odd(rows[i]);
		const int before = counted("destroy");
		CHECK_ERR(ask(TW_TOKEN_MAKE, nothing, nothing, &a), UNSUPPORTED);
		CHECK_ERR(ask(TW_TOKEN_WRAP, nothing, (struct tw_slice){ secret, 32 }, &a), UNSUPPORTED);
		CHECK_INT(counted("destroy"), before + 2);
	}
}

static int fail_random_of;

static int random_fails(const struct tw_sys *s, void *buffer, size_t size)
{
	if (size != (size_t)fail_random_of)
		return tw_sys_real()->random(s, buffer, size);
	errno = EIO;
	return -1;
}

/* What wraps has an id and a nonce that nobody can foresee, or is not made. */
static void test_no_random_numbers(void **state)
{
	static const int rows[] = { 16, 12 };
	static const char secret[32] = { 1 };
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	struct tw_sys failing = *tw_sys_real();
	failing.random = random_fails;
	use_odd();
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		fail_random_of = rows[i];
		token = tw_token_free(token);
		CHECK_OK(tw_token_start(&failing, &plan, &token));
		CHECK_ERR(ask(TW_TOKEN_WRAP, nothing, (struct tw_slice){ secret, 32 }, &a), IO);
	}
	restart();
}

/* What another token sealed is told apart from a token that fails; no module has a code of its own for it. */
static void test_what_does_not_open(void **state)
{
	static const struct {
		const char *odd;
		enum tw_code want;
	} rows[] = { { "Decrypt=5", TW_CODE_STATE }, { "Decrypt=6", TW_CODE_STATE }, { "Decrypt=40", TW_CODE_STATE },
		{ "Decrypt=30", TW_CODE_CLOSED }, { "FindObjects=30", TW_CODE_CLOSED }, { "", TW_CODE_OK } };
	static const char secret[32] = { 1 };
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer made = { 0 }, a = { 0 };
	use_odd();
	CHECK_OK(ask(TW_TOKEN_WRAP, nothing, (struct tw_slice){ secret, 32 }, &made));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		odd(rows[i].odd);
		tw_err e = ask(TW_TOKEN_UNWRAP, tw_buf_slice(&made.out), nothing, &a);
		if (!tw_is(e, rows[i].want))
			fail_msg("%s: %s", rows[i].odd, tw_code_name(e.code));
	}
	CHECK_BYTES(a.out.data, secret, 32);
	CHECK_OK(ask(TW_TOKEN_SWEEP, nothing, nothing, &a));
}

/* What is swept is whatever has not the whole id of a handle that counts. */
static void test_what_is_swept(void **state)
{
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer made = { 0 }, a = { 0 };
	char known[18] = { 0, 16 };
	int before;
	use_odd();
	CHECK_OK(ask(TW_TOKEN_MAKE, nothing, nothing, &made));
	memcpy(known + 2, made.more.data, 16);
	before = counted("destroy");
	CHECK_OK(ask(TW_TOKEN_SWEEP, nothing, (struct tw_slice){ known, 18 }, &a));
	CHECK_INT(counted("destroy"), before);
	odd("many"); /* as many as one question finds, and all of them known: there are no more */
	CHECK_OK(ask(TW_TOKEN_SWEEP, nothing, (struct tw_slice){ known, 18 }, &a));
	CHECK_INT(a.out.size, 0);
	odd("");
	known[1] = 15; /* a handle that is too short is nobody's, though the id's last byte stands behind it */
	CHECK_OK(ask(TW_TOKEN_SWEEP, nothing, (struct tw_slice){ known, 18 }, &a));
	CHECK_INT(counted("destroy"), before + 1);
	CHECK_INT(a.out.size, 0);
	CHECK_OK(ask(TW_TOKEN_MAKE, nothing, nothing, &made));
	memcpy(known + 2, made.more.data, 16);
	known[1] = 16;
	odd("short-id"); /* not an id of ours */
	before = counted("destroy");
	CHECK_OK(ask(TW_TOKEN_SWEEP, nothing, (struct tw_slice){ known, 18 }, &a));
	CHECK_INT(counted("destroy"), before + 1);
}

/* --- What is not believed --- */

static void test_another_token(void **state)
{
	tw_keystore *k = NULL;
	need_softhsm();
	CHECK_OK(open_token(&k));
	k = tw_keystore_close(k);
	make_token("other");
	fresh_words(SOFTHSM, "other");
	CHECK_ERR(open_token(&k), UNTRUSTED);
	CHECK(strstr(tw_err_detail(), "another pkcs11") != NULL);
	fresh_words(SOFTHSM, "unit");
	CHECK_OK(open_token(&k));
	tw_keystore_close(k);
}

static void test_two_alike(void **state)
{
	tw_keystore *k = NULL;
	need_softhsm();
	make_token("twin");
	make_token("twin");
	fresh_words(SOFTHSM, "twin");
	CHECK_ERR(open_token(&k), STATE);
	fresh_words(SOFTHSM, "unit");
}

static void test_missing_module(void **state)
{
	tw_keystore *k = NULL;
	test_dir_empty(&dir);
	fresh_words("/nonexistent/module.so", "unit");
	CHECK_ERR(open_token(&k), UNSUPPORTED);
	CHECK(strstr(tw_err_detail(), "install") != NULL);
	fresh_words("/proc/self/exe", "unit");
	CHECK_ERR(open_token(&k), UNSUPPORTED);
	fresh_words(SOFTHSM, "unit");
}

/* --- The vault --- */

#define COPY_MAX (64 * 1024)
static const char *const copies[] = { "pkcs11.a", "pkcs11.b" };

static void read_vault(struct tw_buf *ret)
{
	tw_buf_init(ret, sys, COPY_MAX);
	CHECK_OK(tw_durable_read(sys, dir.fd, copies[0], COPY_MAX, ret));
}

static void put_vault(const struct tw_buf *b, size_t size)
{
	for (size_t i = 0; i < TW_COUNT(copies); i++)
		CHECK_OK(tw_durable_replace(sys, dir.fd, copies[i], b->data, size, 0600));
}

static void refused_vault(void)
{
	tw_keystore *k = NULL;
	tw_err e = open_token(&k);
	CHECK(tw_is(e, TW_CODE_UNTRUSTED) || tw_is(e, TW_CODE_STATE));
	CHECK(k == NULL);
}

/* @nist DP.CKM.2: whoever writes to the disk can neither read nor change nor exchange names and handles */
static void test_vault_is_sealed(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf vault = { 0 };
	uint8_t one[TW_POINT_SIZE], two[TW_POINT_SIZE];
	tw_keystore *k = NULL;
	need_softhsm();
	fresh_words(SOFTHSM, "unit");
	CHECK_OK(open_token(&k));
	CHECK_OK(tw_keystore_generate(k, "name-one", one));
	CHECK_OK(tw_keystore_generate(k, "name-two", two));
	tw_keystore_close(k);
	read_vault(&vault);
	CHECK(!memmem(vault.data, vault.size, "name-one", 8) && !memmem(vault.data, vault.size, one, sizeof one));
	for (size_t i = 0; i < vault.size; i += i < 40 ? 3 : 17) { /* the head, the note and what is sealed, in both copies alike */
		vault.data[i] ^= 1;
		put_vault(&vault, vault.size);
		refused_vault();
		vault.data[i] ^= 1;
	}
	for (size_t cut = 1; cut < vault.size; cut += cut < 40 ? 5 : 61) {
		put_vault(&vault, vault.size - cut);
		refused_vault();
	}
	put_vault(&vault, vault.size);
	CHECK_OK(open_token(&k));
	check_signs(k, "name-one", one);
	check_signs(k, "name-two", two);
	tw_keystore_close(k);
}

/* @nist DP.CKM.3: a vault of before the last rotation of the storage key is refused, and one older copy is written again */
static void test_vault_of_an_old_generation(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf old = { 0 }, now = { 0 };
	uint8_t point[TW_POINT_SIZE];
	tw_keystore *k = NULL;
	use_odd();
	CHECK_OK(open_token(&k));
	CHECK_OK(tw_keystore_generate(k, "one", point));
	read_vault(&old);
	CHECK_OK(tw_keystore_rotate(k));
	int before = counted("destroy");
	CHECK_OK(tw_keystore_forget(k));
	CHECK_INT(counted("destroy"), before + 2); /* what wrapped the storage key, and what wrapped the vault's root */
	CHECK_OK(tw_keystore_forget(k));
	CHECK_INT(counted("destroy"), before + 2);
	k = tw_keystore_close(k);
	read_vault(&now);
	CHECK_OK(tw_durable_replace(sys, dir.fd, copies[0], old.data, old.size, 0600));
	CHECK_OK(open_token(&k)); /* by the other copy */
	check_signs(k, "one", point);
	k = tw_keystore_close(k);
	put_vault(&old, old.size);
	refused_vault();
	CHECK(strstr(tw_err_detail(), "does not hold the key any more") != NULL);
	put_vault(&now, now.size);
	CHECK_OK(open_token(&k));
	check_signs(k, "one", point);
	tw_keystore_close(k);
}

/* A vault that is not sealed, as anybody can write it: with the owner that the sealed one's note has, and the token's own name. */
static void plant_vault(const struct tw_buf *sealed, const struct tw_vault_edit *more)
{
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer is = { 0 };
	struct tw_token_question q = { .op = TW_TOKEN_DESCRIBE };
	struct tw_vault_file f;
	tw_vault *v = NULL;
	CHECK_OK(tw_vault_file_parse(tw_buf_slice(sealed), &f));
	const struct tw_slice owner = { f.note.at + 4, TW_TOKEN_OWNER };
	tw_token_answer_init(sys, &is);
	CHECK_OK(tw_token_ask(token, &q, &is));
	test_dir_empty(&dir);
	CHECK_OK(tw_vault_create(sys, dir.fd, "pkcs11", NULL, &v));
	const struct tw_vault_edit edits[] = { { 3, "token", { is.out.data + 1, is.out.size - 1 } }, { 3, "owner", owner },
		more ? *more : (struct tw_vault_edit){ 3, "none", { NULL, 0 } } };
	for (int i = 0; i < 20; i++) /* of a higher generation than the sealed one */
		CHECK_OK(tw_vault_change(v, edits, TW_COUNT(edits)));
	tw_vault_free(v);
}

/* @nist DP.CKM.2: whoever writes to the disk undoes no sealing: what is not sealed is refused, and destroys nothing on the token */
static void test_planted_vault_is_refused(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 }, mended = { 0 };
	static const char data[TW_POINT_SIZE + 16] = { 4 };
	const struct tw_vault_edit key = { 1, "one", { data, sizeof data } };
	const struct tw_vault_edit *const rows[] = { NULL, &key };
	uint8_t point[TW_POINT_SIZE];
	tw_keystore *k = NULL;
	use_odd();
	CHECK_OK(open_token(&k));
	CHECK_OK(tw_keystore_generate(k, "one", point));
	k = tw_keystore_close(k);
	read_vault(&sealed);
	const int before = counted("destroy");
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		plant_vault(&sealed, rows[i]);
		CHECK_ERR(open_token(&k), UNTRUSTED);
		CHECK_OK(tw_durable_remove(sys, dir.fd, copies[i]));
		CHECK_ERR(open_token(&k), UNTRUSTED);
	}
	CHECK_INT(counted("destroy"), before);
	/* Beside a sealed one it counts for nothing, although it says that it is newer; nor beside a sealed one that is damaged. */
	CHECK_OK(tw_durable_replace(sys, dir.fd, copies[1], sealed.data, sealed.size - 1, 0600));
	CHECK_ERR(open_token(&k), UNTRUSTED);
	CHECK_OK(tw_durable_replace(sys, dir.fd, copies[1], sealed.data, sealed.size, 0600));
	CHECK_OK(open_token(&k));
	check_signs(k, "one", point);
	CHECK_INT(counted("destroy"), before);
	k = tw_keystore_close(k);
	read_vault(&mended);
	CHECK_BYTES(mended.data, sealed.data, 9);
	CHECK_OK(tw_durable_remove(sys, dir.fd, copies[1]));
	CHECK_OK(open_token(&k));
	check_signs(k, "one", point);
	tw_keystore_close(k);
}

/* @nist DP.CKM.2: a token that would give keys out gets none */
static void test_leaky_token(void **state)
{
	tw_keystore *k = NULL;
	uint8_t point[TW_POINT_SIZE];
	use_odd();
	CHECK_OK(open_token(&k));
	odd("leaky");
	CHECK_ERR(tw_keystore_generate(k, "one", point), UNSUPPORTED);
	odd("");
	CHECK_ERR(tw_keystore_point(k, "one", point), NOTFOUND);
	tw_keystore_close(k);
}

static void test_import(void **state)
{
	need_softhsm();
	keystore_imports(open_token);
}

/* --- Cuts and faults --- */

/*
 * @nist DP.CKM.3: The token keeps everything here: it cannot be set back with the disk, and what a cut leaves on it is more than the
 * vault names, never less.
 */
static void test_power_cut(void **state)
{
	use_odd();
	odd("keep");
	keystore_survives_cuts(open_token_in, &dir, 0);
}

/* What a failure left on the token without a name is destroyed when the keystore is opened again; other keystores' keys are not. */
static void test_nameless_keys_are_swept(void **state)
{
	struct test_dir there = test_dir_new();
	tw_keystore *k = NULL, *other = NULL;
	tw_fake *f = tw_fake_new();
	uint8_t point[TW_POINT_SIZE], none[TW_POINT_SIZE];
	bool failed = false;
	use_odd();
	CHECK_OK(open_token_in(sys, there.fd, &other));
	CHECK_OK(tw_keystore_generate(other, "one", point));
	CHECK_OK(open_token_in(tw_fake_sys(f), dir.fd, &k));
	for (long n = 1; !failed; n++) { /* up to the first call that fails after the token has made the key */
		tw_fake_fail(f, n, EIO, false);
		int before = counted("destroy");
		tw_err e = tw_keystore_generate(k, "two", none);
		tw_fake_fail(f, 0, 0, false);
		CHECK(tw_failed(e));
		failed = counted("destroy") == before + 1; /* its public half went, so it was made */
	}
	k = tw_keystore_close(k);
	int before = counted("destroy");
	CHECK_OK(open_token(&k));
	CHECK_INT(counted("destroy"), before + 1);
	k = tw_keystore_close(k);
	CHECK_OK(open_token(&k));
	CHECK_INT(counted("destroy"), before + 1);
	tw_keystore_close(k);
	check_signs(other, "one", point);
	tw_keystore_close(other);
	test_dir_done(&there);
	tw_fake_free(f);
}

/* A key that the token did not destroy is not said to be, whoever asks again and however. */
static void test_what_is_not_destroyed_is_told(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf names = { 0 };
	struct tw_keystore_state s;
	tw_keystore *k = NULL;
	uint8_t point[TW_POINT_SIZE];
	use_odd();
	tw_buf_init(&names, sys, 1024);
	CHECK_OK(open_token(&k));
	CHECK_OK(tw_keystore_generate(k, "one", point));
	CHECK_OK(tw_keystore_generate(k, "two", point));
	odd("stuck");
	CHECK_ERR(tw_keystore_remove(k, "one"), CLOSED);
	CHECK_ERR(tw_keystore_remove(k, "one"), CLOSED);
	CHECK_ERR(tw_keystore_remove(k, "two"), CLOSED);
	CHECK_ERR(tw_keystore_list(k, &names), CLOSED);
	CHECK_OK(tw_keystore_state(k, &s));
	odd("");
	int before = counted("destroy");
	CHECK_OK(tw_keystore_list(k, &names));
	CHECK_TEXT(tw_buf_cstr(&names), "two\n");
	CHECK_INT(counted("destroy"), before + 1);
	CHECK_ERR(tw_keystore_remove(k, "one"), NOTFOUND);
	CHECK_OK(tw_keystore_rotate(k));
	odd("stuck");
	CHECK_ERR(tw_keystore_forget(k), CLOSED);
	CHECK_ERR(tw_keystore_forget(k), CLOSED);
	odd("");
	CHECK_OK(tw_keystore_forget(k));
	CHECK_INT(counted("destroy"), before + 3); /* and the root of the vault of before */
	CHECK_OK(tw_keystore_generate(k, "three", point));
	odd("stuck");
	CHECK_OK(tw_keystore_rename(k, "three", "two"));
	odd("");
	before = counted("destroy");
	CHECK_OK(tw_keystore_state(k, &s));
	CHECK_INT(counted("destroy"), before + 1);
	tw_keystore_close(k);
}

static bool no_room_for_b;

static int rename_but_b(const struct tw_sys *s, int from_dir, const char *from, int to_dir, const char *to)
{
	if (!no_room_for_b || strcmp(to, copies[1]) != 0)
		return tw_sys_real()->rename(s, from_dir, from, to_dir, to);
	errno = ENOSPC;
	return -1;
}

/* @nist DP.CKM.3: as long as the second copy stands under the root of before, the token keeps that root: the first copy may be lost. */
static void test_second_copy_left_behind(void **state)
{
	struct tw_sys full = *tw_sys_real();
	struct tw_keystore_state s;
	tw_keystore *k = NULL;
	uint8_t point[TW_POINT_SIZE];
	use_odd();
	full.rename = rename_but_b;
	no_room_for_b = false;
	CHECK_OK(open_token_in(&full, dir.fd, &k));
	CHECK_OK(tw_keystore_generate(k, "one", point));
	CHECK_OK(tw_keystore_rotate(k));
	no_room_for_b = true;
	CHECK_ERR(tw_keystore_forget(k), IO);
	const int before = counted("destroy");
	CHECK_OK(tw_keystore_state(k, &s));
	CHECK(s.single && s.generation == 2);
	CHECK_INT(counted("destroy"), before);
	k = tw_keystore_close(k);
	CHECK_OK(open_token_in(&full, dir.fd, &k)); /* nor does the next start, while there is no room */
	check_signs(k, "one", point);
	CHECK_INT(counted("destroy"), before);
	k = tw_keystore_close(k);
	CHECK_INT(unlinkat(dir.fd, copies[0], 0), 0);
	CHECK_OK(open_token(&k));
	check_signs(k, "one", point);
	CHECK_OK(tw_keystore_state(k, &s));
	CHECK_INT(s.generation, 2);
	CHECK_OK(tw_keystore_forget(k));
	tw_keystore_close(k);
}

/* Made, and the answer lost: it goes with the next question. */
static void test_made_without_an_answer(void **state)
{
	struct tw_keystore_state s;
	tw_keystore *k = NULL;
	uint8_t point[TW_POINT_SIZE];
	use_odd();
	CHECK_OK(open_token(&k));
	odd("made");
	CHECK_ERR(tw_keystore_generate(k, "one", point), CLOSED);
	odd("");
	int before = counted("destroy");
	CHECK_OK(tw_keystore_state(k, &s));
	CHECK_INT(counted("destroy"), before + 1);
	tw_keystore_close(k);
}

/* What makes nothing on the token, so that hundreds of runs do not fill it. */
static tw_err use_it(const struct tw_sys *s, void *user)
{
	static const uint8_t digest[32] = { 1 };
	TW_CLEANUP(tw_keystore_closep) tw_keystore *k = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 };
	TW_CLEANUP(tw_secret_freep) tw_secret *got = NULL;
	uint8_t signature[TW_SIGNATURE_SIZE];
	struct tw_keystore_state state;
	tw_err e = open_token_in(s, dir.fd, &k);
	CHECK(tw_failed(e) == (k == NULL));
	TW_TRY(e);
	TW_TRY(tw_keystore_state(k, &state));
	TW_TRY(tw_keystore_sign_digest(k, "one", digest, signature));
	tw_buf_init(&sealed, s, 4096);
	TW_TRY(tw_keystore_seal(k, TW_SLICE("use"), TW_SLICE("text"), &sealed));
	TW_TRY(tw_keystore_unseal(k, TW_SLICE("use"), tw_buf_slice(&sealed), &got));
	CHECK_BYTES(tw_secret_bytes(got), "text", 4);
	return TW_OK;
}

static void test_every_failure_is_told(void **state)
{
	tw_keystore *k = NULL;
	uint8_t point[TW_POINT_SIZE];
	need_softhsm();
	fresh_words(SOFTHSM, "unit");
	CHECK_OK(open_token(&k));
	CHECK_OK(tw_keystore_generate(k, "one", point));
	tw_keystore_close(k);
	CHECK(told_sweep(ENOMEM, use_it, NULL, "close unlink pin") > 30);
	CHECK(told_sweep(EIO, use_it, NULL, "close unlink pin") > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contract),
		cmocka_unit_test(test_absent_at_start),
		cmocka_unit_test(test_misfortunes_in_use),
		cmocka_unit_test(test_token_files_taken_away),
		cmocka_unit_test(test_another_token),
		cmocka_unit_test(test_two_alike),
		cmocka_unit_test(test_missing_module),
		cmocka_unit_test(test_vault_is_sealed),
		cmocka_unit_test(test_vault_of_an_old_generation),
		cmocka_unit_test(test_planted_vault_is_refused),
		cmocka_unit_test(test_leaky_token),
		cmocka_unit_test(test_import),
		cmocka_unit_test(test_power_cut),
		cmocka_unit_test(test_nameless_keys_are_swept),
		cmocka_unit_test(test_what_is_not_destroyed_is_told),
		cmocka_unit_test(test_second_copy_left_behind),
		cmocka_unit_test(test_made_without_an_answer),
		cmocka_unit_test(test_every_failure_is_told),
		cmocka_unit_test(test_questions_have_a_form),
		cmocka_unit_test(test_which_token_is_meant),
		cmocka_unit_test(test_what_it_is),
		cmocka_unit_test(test_logins),
		cmocka_unit_test(test_gone_before_it_was_asked),
		cmocka_unit_test(test_no_functions),
		cmocka_unit_test(test_forms_of_a_point),
		cmocka_unit_test(test_kept_inside),
		cmocka_unit_test(test_no_random_numbers),
		cmocka_unit_test(test_what_does_not_open),
		cmocka_unit_test(test_what_is_swept),
	};
	const char *filter = getenv("CMOCKA_TEST_FILTER");
	if (filter)
		cmocka_set_test_filter(filter);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
