/* SPDX-License-Identifier: Apache-2.0 */
/* The keystore on a token, against one that is played: what it does not believe, what it owes, and how often it asks. */
#include "service/keys/test-token.h"

#include "service/keys/test-keystore.h"
#include "service/keys/vault.h"
#include "sys/durable.h"
#include "oom.h"

#define HANDLE (PLAYED_ID + 32) /* of a wrapped secret */
enum { KIND_KEY = 1, KIND_STORAGE = 2 };

static const struct tw_sys *sys;
static struct test_dir dir;
static int pin = -1;

static int set_up(void **state)
{
	sys = tw_sys_real();
	tw_crypto_use(sys);
	dir = test_dir_new();
	return 0;
}

static int tear_down(void **state)
{
	played_end();
	test_dir_done(&dir);
	return 0;
}

static tw_err open_over(const struct tw_sys *s, tw_keystore **ret)
{
	return tw_keystore_token(s, dir.fd, pin < 0 ? TW_TOKEN_TPM : TW_TOKEN_PKCS11, played.token, pin, ret);
}

static void begin(tw_keystore **ret)
{
	pin = -1;
	test_dir_empty(&dir);
	played_begin();
	CHECK_OK(open_over(sys, ret));
}

static tw_err list(tw_keystore *k)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf names = { 0 };
	tw_buf_init(&names, sys, 4096);
	return tw_keystore_list(k, &names);
}

static void seal(tw_keystore *k, struct tw_buf *ret)
{
	tw_buf_init(ret, sys, 4096);
	CHECK_OK(tw_keystore_seal(k, TW_SLICE("use"), TW_SLICE("text"), ret));
}

static tw_err unseal(tw_keystore *k, const struct tw_buf *sealed)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *got = NULL;
	TW_TRY(tw_keystore_unseal(k, TW_SLICE("use"), tw_buf_slice(sealed), &got));
	CHECK_BYTES(tw_secret_bytes(got), "text", 4);
	return TW_OK;
}

/* --- What is not believed --- */

/* One question of each kind, whose answer is bent. */
static tw_err bent(tw_keystore *k, enum tw_token_op op)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 };
	const uint8_t digest[32] = { 1 };
	uint8_t point[TW_POINT_SIZE], signature[TW_SIGNATURE_SIZE];
	struct tw_keystore_state s;
	tw_buf_init(&sealed, sys, 4096);
	switch ((int)op) {
	case TW_TOKEN_MAKE:
		return tw_keystore_generate(k, "two", point);
	case TW_TOKEN_SIGN:
		return tw_keystore_sign_digest(k, "one", digest, signature);
	case TW_TOKEN_UNWRAP:
		return tw_keystore_seal(k, TW_SLICE("use"), TW_SLICE("text"), &sealed);
	default:
		return tw_keystore_state(k, &s);
	}
}

/* @nist DP.CKM.2: whatever software speaks to the token, an answer of another size is none */
static void test_sizes_of_answers(void **state)
{
	static const struct {
		enum tw_token_op op;
		int out, more;
		enum tw_code want;
	} rows[] = {
		{ TW_TOKEN_MAKE, -1, -1, TW_CODE_OK },
		{ TW_TOKEN_MAKE, TW_POINT_SIZE - 1, -1, TW_CODE_CRYPTO },
		{ TW_TOKEN_MAKE, TW_POINT_SIZE + 1, -1, TW_CODE_CRYPTO },
		{ TW_TOKEN_MAKE, -1, 0, TW_CODE_CRYPTO },
		{ TW_TOKEN_SIGN, -1, -1, TW_CODE_OK },
		{ TW_TOKEN_SIGN, TW_SIGNATURE_SIZE + 1, -1, TW_CODE_CRYPTO },
		{ TW_TOKEN_SIGN, 0, -1, TW_CODE_CRYPTO },
		{ TW_TOKEN_UNWRAP, -1, -1, TW_CODE_OK },
		{ TW_TOKEN_UNWRAP, 31, -1, TW_CODE_CRYPTO },
		{ TW_TOKEN_UNWRAP, 33, -1, TW_CODE_CRYPTO },
		{ TW_TOKEN_DESCRIBE, -1, -1, TW_CODE_OK },
		{ TW_TOKEN_DESCRIBE, 1, -1, TW_CODE_CLOSED },
		{ TW_TOKEN_DESCRIBE, 2, -1, TW_CODE_OK },
	};
	tw_keystore *k = NULL;
	uint8_t point[TW_POINT_SIZE];
	begin(&k);
	CHECK_OK(tw_keystore_generate(k, "one", point));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		played_bend(rows[i].op, TW_CODE_OK, rows[i].out, rows[i].more);
		tw_err e = bent(k, rows[i].op);
		played_straight();
		if (!tw_is(e, rows[i].want))
			fail_msg("row %zu: %s", i, tw_code_name(e.code));
		if (rows[i].op == TW_TOKEN_MAKE)
			CHECK(tw_is(tw_keystore_remove(k, "two"), tw_failed(e) ? TW_CODE_NOTFOUND : TW_CODE_OK));
	}
	tw_keystore_close(k);
}

static void test_sizes_at_the_opening(void **state)
{
	tw_keystore *k = NULL;
	begin(&k);
	k = tw_keystore_close(k);
	played_bend(TW_TOKEN_UNWRAP, TW_CODE_OK, 33, -1); /* the root */
	CHECK_ERR(open_over(sys, &k), CRYPTO);
	test_dir_empty(&dir);
	played_bend(TW_TOKEN_DESCRIBE, TW_CODE_OK, 1 + 129, -1);
	CHECK_ERR(open_over(sys, &k), CRYPTO);
	played_bend(TW_TOKEN_DESCRIBE, TW_CODE_OK, 1 + 128, -1);
	CHECK_OK(open_over(sys, &k));
	tw_keystore_close(k);
}

/* Hardware is what says exactly that. */
static void test_what_it_is(void **state)
{
	struct tw_keystore_state s;
	tw_keystore *k = NULL;
	begin(&k);
	for (uint8_t hardware = 0; hardware < 3; hardware++) {
		played.hardware = hardware;
		CHECK_OK(tw_keystore_state(k, &s));
		CHECK(s.hardware == (hardware == 1) && s.outside == s.hardware);
		CHECK((strstr(s.detail, "software") == NULL) == s.hardware);
	}
	tw_keystore_close(k);
}

/* Another token is told as that, whatever it says of what the first one wrapped; what says nothing of the token stays as it is. */
static void test_blames_another_token(void **state)
{
	static const struct {
		enum tw_code says;
		const char *name;
		enum tw_code want;
		int described;
	} rows[] = {
		{ TW_CODE_STATE, "one", TW_CODE_STATE, 1 },
		{ TW_CODE_STATE, NULL, TW_CODE_STATE, 1 },
		{ TW_CODE_STATE, "two", TW_CODE_UNTRUSTED, 1 },
		{ TW_CODE_STATE, "on", TW_CODE_UNTRUSTED, 1 },
		{ TW_CODE_STATE, "one of the same make", TW_CODE_UNTRUSTED, 1 },
		{ TW_CODE_CRYPTO, "one", TW_CODE_CRYPTO, 1 },
		{ TW_CODE_CRYPTO, "two", TW_CODE_UNTRUSTED, 1 },
		{ TW_CODE_CLOSED, "one", TW_CODE_CLOSED, 1 },
		{ TW_CODE_CLOSED, "two", TW_CODE_UNTRUSTED, 1 },
		{ TW_CODE_TIMEOUT, "two", TW_CODE_TIMEOUT, 0 },
		{ TW_CODE_UNSUPPORTED, "two", TW_CODE_UNSUPPORTED, 0 },
	};
	tw_keystore *k = NULL;
	begin(&k);
	k = tw_keystore_close(k);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		played_bend(TW_TOKEN_UNWRAP, rows[i].says, -1, -1);
		played.name = rows[i].name;
		played.asked[TW_TOKEN_DESCRIBE] = 0;
		tw_err e = open_over(sys, &k);
		if (!tw_is(e, rows[i].want) || played.asked[TW_TOKEN_DESCRIBE] != rows[i].described)
			fail_msg("row %zu: %s", i, tw_code_name(e.code));
		CHECK((strstr(tw_err_detail(), "another tpm") != NULL) == (rows[i].want == TW_CODE_UNTRUSTED));
		CHECK(k == NULL);
	}
	played.name = "two"; /* a slow one is not asked who it is in the same turn */
	played_bend(TW_TOKEN_UNWRAP, TW_CODE_STATE, -1, -1);
	played.asked[TW_TOKEN_DESCRIBE] = 0;
	played.lag_ms = 300;
	tw_token_turn(played.token);
	CHECK_ERR(open_over(sys, &k), STATE);
	CHECK_INT(played.asked[TW_TOKEN_DESCRIBE], 0);
	tw_token_turn_end(played.token);
}

/* --- What a vault may say --- */

static tw_err root_of_note(void *user, struct tw_slice note, tw_secret **ret)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf root = { 0 };
	tw_buf_init(&root, sys, 64);
	played_mask((struct tw_slice){ note.at + note.size - 32, 32 }, &root);
	return tw_secret_new(sys, root.data, root.size, ret);
}

/* As one that knows the root would change it. */
static void plant(const struct tw_vault_edit *edits, size_t count)
{
	tw_vault *v = NULL;
	CHECK_OK(tw_vault_open_noted(sys, dir.fd, "tpm", root_of_note, NULL, &v));
	CHECK_OK(tw_vault_change(v, edits, count));
	tw_vault_free(v);
}

static void test_entries_are_checked(void **state)
{
	static const char data[4096] = { 4 };
	static const struct {
		struct tw_vault_edit edit;
		enum tw_code want;
	} rows[] = {
		{ { KIND_KEY, "x", { data, TW_POINT_SIZE } }, TW_CODE_SYNTAX },
		{ { KIND_KEY, "x", { data, TW_POINT_SIZE + 1 } }, TW_CODE_OK },
		{ { KIND_KEY, "x", { data, TW_POINT_SIZE + TW_TOKEN_HANDLE_MAX } }, TW_CODE_OK },
		{ { KIND_KEY, "x", { data, TW_POINT_SIZE + TW_TOKEN_HANDLE_MAX + 1 } }, TW_CODE_SYNTAX },
		{ { KIND_STORAGE, "0", { data, 48 } }, TW_CODE_SYNTAX }, { { KIND_STORAGE, "x", { data, 48 } }, TW_CODE_SYNTAX },
		{ { KIND_STORAGE, "4294967296", { data, 48 } }, TW_CODE_LIMIT }, { { KIND_STORAGE, "7", { data, 0 } }, TW_CODE_SYNTAX },
		{ { KIND_STORAGE, "7", { data, 1 } }, TW_CODE_OK }, { { KIND_STORAGE, "7", { data, TW_TOKEN_HANDLE_MAX } }, TW_CODE_OK },
		{ { KIND_STORAGE, "7", { data, TW_TOKEN_HANDLE_MAX + 1 } }, TW_CODE_SYNTAX },
		{ { 3, "x", { data, 1 } }, TW_CODE_OK }, /* of a release after this one */
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_keystore *k = NULL;
		begin(&k);
		k = tw_keystore_close(k);
		plant(&rows[i].edit, 1);
		tw_err e = open_over(sys, &k);
		if (!tw_is(e, rows[i].want))
			fail_msg("row %zu: %s", i, tw_code_name(e.code));
		CHECK((k == NULL) == tw_failed(e));
		tw_keystore_close(k);
	}
}

/* In whatever order they stand; the last number is the last. */
static void test_generations(void **state)
{
	static const char handle[HANDLE];
	const struct tw_vault_edit order[] = { { KIND_STORAGE, "1", { NULL, 0 } }, { KIND_STORAGE, "4", { handle, HANDLE } },
		{ KIND_STORAGE, "2", { handle, HANDLE } } };
	const struct tw_vault_edit last = { KIND_STORAGE, "4294967295", { handle, HANDLE } };
	tw_keystore *k = NULL;
	uint32_t oldest, newest;
	begin(&k);
	k = tw_keystore_close(k);
	plant(order, TW_COUNT(order));
	CHECK_OK(open_over(sys, &k));
	tw_keystore_generations(k, &oldest, &newest);
	CHECK(oldest == 2 && newest == 4);
	CHECK_OK(tw_keystore_forget(k)); /* there is no third, and that is no fault */
	tw_keystore_generations(k, &oldest, &newest);
	CHECK(oldest == 4 && newest == 4);
	k = tw_keystore_close(k);
	plant(&last, 1);
	CHECK_OK(open_over(sys, &k));
	int wrapped = played.asked[TW_TOKEN_WRAP];
	CHECK_ERR(tw_keystore_rotate(k), LIMIT);
	CHECK_INT(played.asked[TW_TOKEN_WRAP], wrapped);
	tw_keystore_close(k);
}

/* A handle that is none is not asked for. */
static void test_note_has_a_handle(void **state)
{
	static const struct {
		size_t size;
		bool asked;
	} rows[] = { { 0, false }, { 1, true }, { TW_TOKEN_HANDLE_MAX, true }, { TW_TOKEN_HANDLE_MAX + 1, false } };
	TW_CLEANUP(tw_secret_freep) tw_secret *root = NULL;
	CHECK_OK(tw_secret_random(sys, 32, &root));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		static char note[4 + TW_TOKEN_OWNER + 2 + 3 + TW_TOKEN_HANDLE_MAX + 1] = "\0\0\0\1owner...\0\3one";
		tw_vault *v = NULL;
		tw_keystore *k = NULL;
		begin(&k);
		k = tw_keystore_close(k);
		test_dir_empty(&dir);
		CHECK_OK(tw_vault_create_noted(sys, dir.fd, "tpm", root, (struct tw_slice){ note, 17 + rows[i].size }, &v));
		tw_vault_free(v);
		played_bend(TW_TOKEN_UNWRAP, TW_CODE_UNSUPPORTED, -1, -1);
		played.asked[TW_TOKEN_UNWRAP] = 0;
		CHECK(tw_is(open_over(sys, &k), rows[i].asked ? TW_CODE_UNSUPPORTED : TW_CODE_UNTRUSTED));
		CHECK_INT(played.asked[TW_TOKEN_UNWRAP], rows[i].asked);
	}
}

/* Each copy is opened by its own note: an older first copy, as somebody may have put it back, does not win. */
static void test_each_copy_has_its_note(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf old = { 0 };
	tw_keystore *k = NULL;
	uint32_t oldest, newest;
	uint8_t point[TW_POINT_SIZE];
	begin(&k);
	tw_buf_init(&old, sys, 64 * 1024);
	CHECK_OK(tw_durable_read(sys, dir.fd, "tpm.a", old.max, &old));
	CHECK_OK(tw_keystore_generate(k, "one", point));
	CHECK_OK(tw_keystore_rotate(k));
	CHECK_OK(tw_keystore_forget(k));
	k = tw_keystore_close(k);
	CHECK_OK(tw_durable_replace(sys, dir.fd, "tpm.a", old.data, old.size, 0600));
	CHECK_OK(open_over(sys, &k));
	tw_keystore_generations(k, &oldest, &newest);
	CHECK(oldest == 2 && newest == 2);
	check_signs(k, "one", point);
	tw_keystore_close(k);
}

/* --- What it owes the token --- */

static void stuck_rename(tw_keystore *k, const char *from, const char *to)
{
	played_bend(TW_TOKEN_DESTROY, TW_CODE_CLOSED, -1, -1);
	CHECK_OK(tw_keystore_rename(k, from, to));
	played_straight();
}

/* What the token still holds stays due, whatever succeeds in between; then one sweep is enough. */
static void test_what_is_due_stays_due(void **state)
{
	uint8_t of[3][TW_POINT_SIZE];
	tw_keystore *k = NULL;
	for (int how = 0; how < 2; how++) {
		begin(&k);
		CHECK_OK(tw_keystore_generate(k, "one", of[0]));
		CHECK_OK(tw_keystore_generate(k, "two", of[1]));
		CHECK_OK(tw_keystore_generate(k, "three", of[2]));
		stuck_rename(k, "two", "one");
		int swept = played.asked[TW_TOKEN_SWEEP];
		if (how == 0)
			CHECK_OK(tw_keystore_rename(k, "three", "one")); /* destroys */
		else
			CHECK_OK(tw_keystore_rotate(k)); /* makes */
		CHECK_INT(played.asked[TW_TOKEN_SWEEP], swept);
		CHECK_OK(list(k));
		CHECK_INT(played.asked[TW_TOKEN_SWEEP], swept + 1);
		CHECK_OK(list(k));
		CHECK_INT(played.asked[TW_TOKEN_SWEEP], swept + 1);
		check_signs(k, "one", of[how == 0 ? 2 : 1]);
		k = tw_keystore_close(k);
	}
}

static void test_state_in_a_slow_turn(void **state)
{
	struct tw_keystore_state s;
	uint8_t point[TW_POINT_SIZE];
	tw_keystore *k = NULL;
	begin(&k);
	CHECK_OK(tw_keystore_generate(k, "one", point));
	CHECK_OK(tw_keystore_generate(k, "two", point));
	stuck_rename(k, "two", "one");
	int swept = played.asked[TW_TOKEN_SWEEP];
	played.lag_ms = 300;
	tw_token_turn(played.token);
	CHECK_OK(tw_keystore_state(k, &s));
	tw_token_turn_end(played.token);
	CHECK_INT(played.asked[TW_TOKEN_SWEEP], swept); /* one question is all that fits */
	played.lag_ms = 0;
	CHECK_OK(tw_keystore_state(k, &s));
	CHECK_INT(played.asked[TW_TOKEN_SWEEP], swept + 1);
	CHECK_OK(tw_keystore_state(k, &s));
	CHECK_INT(played.asked[TW_TOKEN_SWEEP], swept + 1);
	tw_keystore_close(k);
}

static int questions(void)
{
	int n = 0;
	for (size_t i = 0; i < TW_TOKEN_OPS; i++)
		n += played.asked[i];
	return n;
}

/* A name that nobody had costs no question, now or later. */
static void test_rename_to_a_free_name(void **state)
{
	uint8_t point[TW_POINT_SIZE];
	tw_keystore *k = NULL;
	begin(&k);
	CHECK_OK(tw_keystore_generate(k, "one", point));
	const int before = questions();
	CHECK_ERR(tw_keystore_rename(k, "one", "one"), STATE);
	CHECK_OK(tw_keystore_rename(k, "one", "two"));
	CHECK_OK(list(k));
	CHECK_INT(questions(), before);
	check_signs(k, "two", point);
	tw_keystore_close(k);
}

static size_t there(void)
{
	size_t n = 0;
	for (size_t i = 0; i < PLAYED_MAX; i++)
		n += played.of[i].there;
	return n;
}

/* @nist DP.CKM.3: whatever fails in a rename, either both names have their keys, or the old key is destroyed. */
static void test_rename_faults(void **state)
{
	static const int errors[] = { ENOMEM, EIO };
	for (size_t i = 0; i < TW_COUNT(errors); i++) {
		bool fired = true;
		for (long n = 1; fired; n++) {
			uint8_t one[TW_POINT_SIZE], two[TW_POINT_SIZE], now[TW_POINT_SIZE];
			tw_fake *f = tw_fake_new();
			tw_keystore *k = NULL;
			begin(&k);
			tw_keystore_close(k);
			CHECK_OK(open_over(tw_fake_sys(f), &k));
			CHECK_OK(tw_keystore_generate(k, "one", one));
			CHECK_OK(tw_keystore_generate(k, "two", two));
			tw_fake_fail(f, n, errors[i], false);
			tw_err e = tw_keystore_rename(k, "two", "one");
			fired = tw_fake_fired(f);
			tw_fake_fail(f, 0, 0, false);
			CHECK(fired || !tw_failed(e));
			CHECK_OK(list(k));
			CHECK_INT(there(), tw_failed(e) ? 4 : 3); /* root, storage key, and keys */
			CHECK_OK(tw_keystore_point(k, "one", now));
			CHECK_BYTES(now, tw_failed(e) ? one : two, sizeof now);
			tw_keystore_close(k);
			tw_fake_free(f);
		}
	}
}

static bool disk_is_full;

static int rename_if_room(const struct tw_sys *s, int from_dir, const char *from, int to_dir, const char *to)
{
	if (!disk_is_full)
		return tw_sys_real()->rename(s, from_dir, from, to_dir, to);
	errno = ENOSPC;
	return -1;
}

/* A storage key, a root or a key whose name could not be written down is none, and what was made for it goes. */
static void test_what_could_not_be_named(void **state)
{
	struct tw_sys full = *sys;
	uint32_t oldest, newest;
	uint8_t point[TW_POINT_SIZE];
	tw_keystore *k = NULL;
	full.rename = rename_if_room;
	begin(&k);
	tw_keystore_close(k);
	CHECK_OK(open_over(&full, &k));
	for (int how = 0; how < 3; how++) {
		const size_t before = there();
		disk_is_full = how != 2;
		if (how == 0)
			CHECK_ERR(tw_keystore_generate(k, "one", point), LIMIT);
		else if (how == 1)
			CHECK_ERR(tw_keystore_rotate(k), LIMIT);
		disk_is_full = false;
		if (how == 2) {
			CHECK_OK(tw_keystore_rotate(k));
			disk_is_full = true;
			CHECK_ERR(tw_keystore_forget(k), LIMIT);
			disk_is_full = false;
		}
		CHECK_INT(there(), before + 1 + (how == 2));
		CHECK_OK(list(k));
		CHECK_INT(there(), before + (how == 2));
		tw_keystore_generations(k, &oldest, &newest);
		CHECK(oldest == 1 && newest == (how == 2 ? 2 : 1));
	}
	tw_keystore_close(k);
}

/* --- How often it asks --- */

/* A storage key is kept for the turns of one call and no longer. */
static void test_storage_key_is_held_for_a_call(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 };
	tw_keystore *k = NULL;
	begin(&k);
	seal(k, &sealed);
	played.asked[TW_TOKEN_UNWRAP] = 0;
	for (int i = 1; i <= 3; i++) { /* outside of a turn it is not kept at all */
		CHECK_OK(unseal(k, &sealed));
		CHECK_INT(played.asked[TW_TOKEN_UNWRAP], i);
	}
	for (int i = 1; i <= 3; i++) {
		played.asked[TW_TOKEN_UNWRAP] = 0;
		tw_token_turn(played.token);
		for (int n = 0; n < 3; n++)
			CHECK_OK(unseal(k, &sealed));
		CHECK_INT(played.asked[TW_TOKEN_UNWRAP], 1);
		tw_token_turn_end(played.token);
		tw_keystore_rest(k);
	}
	tw_keystore_close(k);
}

/* --- The PIN --- */

static void write_at(const char *name, const char *text)
{
	CHECK_OK(tw_durable_replace(sys, dir.fd, name, text, strlen(text), 0600));
}

static void read_refused(struct tw_buf *ret)
{
	tw_buf_done(ret);
	tw_buf_init(ret, sys, 64);
	CHECK_OK(tw_durable_read(sys, dir.fd, "pin.refused", 64, ret));
}

static bool fstat_fails;

static int fstat_of_pin(const struct tw_sys *s, int fd, struct stat *ret)
{
	if (fd != pin || !fstat_fails)
		return tw_sys_real()->fstat(s, fd, ret);
	errno = EIO;
	return -1;
}

/* Which PIN it was that the token refused is written down once for each, and nothing is asked where that cannot be told. */
static void test_refused_pin(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf first = { 0 }, second = { 0 };
	struct tw_sys failing = *sys;
	struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct tw_keystore_state s;
	tw_keystore *k = NULL;
	begin(&k);
	k = tw_keystore_close(k);
	test_dir_empty(&dir);
	write_at("pin", "314159");
	pin = openat(dir.fd, "pin", O_RDWR | O_CLOEXEC);
	CHECK(pin >= 0);
	failing.fstat = fstat_of_pin;
	CHECK_OK(open_over(&failing, &k));
	played_bend(TW_TOKEN_DESCRIBE, TW_CODE_DENIED, -1, -1);
	fstat_fails = true;
	CHECK_ERR(tw_keystore_state(k, &s), DENIED);
	CHECK(faccessat(dir.fd, "pin.refused", F_OK, 0) != 0);
	fstat_fails = false;
	CHECK_ERR(tw_keystore_state(k, &s), DENIED);
	read_refused(&first);
	CHECK_INT(futimens(pin, times), 0); /* another PIN, written into the same file */
	fstat_fails = true;
	CHECK_ERR(tw_keystore_state(k, &s), DENIED);
	fstat_fails = false;
	read_refused(&second);
	CHECK(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
	CHECK_ERR(tw_keystore_state(k, &s), DENIED);
	read_refused(&second);
	CHECK(first.size != second.size || memcmp(first.data, second.data, first.size) != 0);
	k = tw_keystore_close(k);
	const int before = questions();
	fstat_fails = true;
	CHECK_ERR(open_over(&failing, &k), IO);
	fstat_fails = false;
	CHECK_ERR(open_over(&failing, &k), DENIED);
	CHECK_INT(questions(), before);
	played_straight();
	close(pin);
	pin = -1;
	CHECK_OK(open_over(&failing, &k)); /* a TPM has no PIN, whatever lies there */
	tw_keystore_close(k);
}

CHECK_MAIN_IN(set_up, tear_down, cmocka_unit_test(test_sizes_of_answers), cmocka_unit_test(test_sizes_at_the_opening),
	cmocka_unit_test(test_what_it_is), cmocka_unit_test(test_blames_another_token), cmocka_unit_test(test_entries_are_checked),
	cmocka_unit_test(test_generations), cmocka_unit_test(test_note_has_a_handle), cmocka_unit_test(test_each_copy_has_its_note),
	cmocka_unit_test(test_what_is_due_stays_due), cmocka_unit_test(test_state_in_a_slow_turn),
	cmocka_unit_test(test_rename_to_a_free_name), cmocka_unit_test(test_rename_faults), cmocka_unit_test(test_what_could_not_be_named),
	cmocka_unit_test(test_storage_key_is_held_for_a_call), cmocka_unit_test(test_refused_pin))
