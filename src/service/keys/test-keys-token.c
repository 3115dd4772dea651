/* SPDX-License-Identifier: Apache-2.0 */
/* The keys role over a token that is played: what may be wrong with the token at its start, and what pausing must not forget. */
#include "service/keys/test-keys.h"

#include "service/keys/test-token.h"

static char word[] = "keystore=tpm:device:/dev/tpm0";
static char *words[] = { word };
static struct tw_role_start start;

static int set_up_token(void **state)
{
	int r = set_up(state);
	played_begin();
	start = (struct tw_role_start){ .word_count = 1, .words = words, .token = played.token };
	return r;
}

static int tear_down_token(void **state)
{
	played_end();
	return tear_down(state);
}

static void bench_over(struct bench *b, const struct tw_sys *s)
{
	int pair[2];
	*b = (struct bench){ 0 };
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	CHECK_OK(tw_keys_open(s, dir.fd, NULL, &start, &b->keys));
	CHECK_OK(tw_channel_new(sys, pair[0], tw_rows_core_from_keys, &b->mine));
	CHECK_OK(tw_channel_new(sys, pair[1], tw_rows_keys_from_core, &b->theirs));
}

/* A token that may yet come or answer is waited for, as long as the unit's own keys are in plain files; whatever else is wrong ends the start. */
static void test_starts_without_its_token(void **state)
{
	static const struct {
		enum tw_code code;
		bool starts;
	} rows[] = { { TW_CODE_CLOSED, true }, { TW_CODE_DENIED, true }, { TW_CODE_STATE, true }, { TW_CODE_TIMEOUT, true },
		{ TW_CODE_CRYPTO, false }, { TW_CODE_UNSUPPORTED, false }, { TW_CODE_NOMEM, false }, { TW_CODE_IO, false } };
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_keys *k = NULL;
		played_bend(TW_TOKEN_DESCRIBE, rows[i].code, -1, -1);
		tw_err e = tw_keys_open(sys, dir.fd, NULL, &start, &k);
		if (!tw_is(e, rows[i].starts ? TW_CODE_OK : rows[i].code))
			fail_msg("row %zu: %s", i, tw_code_name(e.code));
		CHECK((k != NULL) == rows[i].starts);
		tw_keys_free(k);
	}
	struct bench b;
	struct tw_message m;
	played_bend(TW_TOKEN_DESCRIBE, TW_CODE_CLOSED, -1, -1);
	bench_over(&b, sys);
	CHECK(b.keys->store == NULL);
	CHECK_OK(ask(&b, TW_WIRE_KEYS_STATE, NULL, 0, &m));
	CHECK_INT(failed_with(&m), TW_CODE_CLOSED | TW_KEYS_OF_TOKEN);
	played_straight();
	CHECK_OK(ask(&b, TW_WIRE_KEYS_STATE, NULL, 0, &m)); /* when it is there, it is used */
	CHECK_INT(m.type, TW_WIRE_KEYS_STATE_IS);
	bench_done(&b);
	bench_over(&b, sys);
	CHECK(b.keys->store != NULL); /* what is configured is opened at the start */
	bench_done(&b);
}

/* Where nothing was started that speaks to a token there is nothing to wait for; nor where the root is another one. */
static void test_does_not_start(void **state)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *one = NULL, *other = NULL;
	tw_keystore *store = NULL;
	tw_keys *k = NULL;
	start.token = NULL;
	CHECK_ERR(tw_keys_open(sys, dir.fd, NULL, &start, &k), STATE);
	CHECK_OK(tw_secret_random(sys, 32, &one));
	CHECK_OK(tw_secret_random(sys, 32, &other));
	CHECK_OK(tw_keystore_file(sys, dir.fd, one, &store));
	tw_keystore_close(store);
	CHECK_ERR(tw_keys_open(sys, dir.fd, other, NULL, &k), UNTRUSTED);
	CHECK(k == NULL);
	CHECK_OK(tw_keys_open(sys, dir.fd, one, NULL, &k));
	tw_keys_free(k);
}

/* What a word names is opened as that, and is never another kind. */
static void test_kinds(void **state)
{
	static const struct {
		const char *word;
		enum tw_code want;
		const char *vault;
	} rows[] = {
		{ "keystore=file", TW_CODE_OK, "keystore.a" },
		{ "keystore=tpm:device:/dev/tpm0", TW_CODE_OK, "tpm.a" },
		{ "keystore=pkcs11:module=/m.so;token=A", TW_CODE_OK, "pkcs11.a" },
		{ "keystore=tpm:", TW_CODE_SYNTAX, NULL },
		{ "keystore=files", TW_CODE_UNSUPPORTED, NULL },
		{ "keystore=fil", TW_CODE_UNSUPPORTED, NULL },
		{ "keystore=tpm", TW_CODE_UNSUPPORTED, NULL },
		{ "keystore=", TW_CODE_UNSUPPORTED, NULL },
		{ "other=tpm:", TW_CODE_OK, "keystore.a" },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		char text[64], *list[] = { text };
		struct tw_role_start said = { .word_count = 1, .words = list, .token = played.token };
		tw_keystore *k = NULL;
		test_dir_empty(&dir);
		(void)snprintf(text, sizeof text, "%s", rows[i].word);
		tw_err e = tw_keystore_open(sys, dir.fd, NULL, &said, &k);
		if (!tw_is(e, rows[i].want))
			fail_msg("%s: %s", rows[i].word, tw_code_name(e.code));
		if (rows[i].vault)
			CHECK_INT(faccessat(dir.fd, rows[i].vault, F_OK, 0), 0);
		tw_keystore_close(k);
		said.token = NULL;
		k = NULL;
		if (strstr(rows[i].word, "keystore=tpm:d") || strstr(rows[i].word, "pkcs11"))
			CHECK_ERR(tw_keystore_open(sys, dir.fd, NULL, &said, &k), STATE);
	}
}

/* A token that does not answer in time has failed; that is no pause, after which it would go on. */
static void test_late_is_no_pause(void **state)
{
	struct bench b;
	struct tw_message m;
	bench_over(&b, sys);
	played_bend(TW_TOKEN_DESCRIBE, TW_CODE_TIMEOUT, -1, -1);
	CHECK_OK(ask(&b, TW_WIRE_KEYS_STATE, NULL, 0, &m));
	CHECK_INT(failed_with(&m), TW_CODE_TIMEOUT | TW_KEYS_OF_TOKEN);
	bench_done(&b);
}

/* What pauses is noted whole, or it has failed: nobody goes on with half a question. */
static void test_a_pause_without_memory(void **state)
{
	bool fired = true, refused = false;
	for (long n = 1; fired; n++) {
		tw_fake *f = tw_fake_new();
		struct bench b;
		struct tw_message m;
		played_begin();
		start.token = played.token;
		provision();
		bench_over(&b, tw_fake_sys(f));
		CHECK_OK(ask(&b, TW_WIRE_KEYS_SLOT_NEW, "owner.one", 9, &m));
		played.lag_ms = 300;
		tw_fake_fail(f, n, ENOMEM, false);
		CHECK_OK(ask(&b, TW_WIRE_KEYS_SLOT_ROTATE, "owner.one", 9, &m));
		fired = tw_fake_fired(f);
		refused = refused || (fired && m.type == TW_WIRE_KEYS_FAILED);
		tw_fake_fail(f, 0, 0, false);
		while (m.type == TW_WIRE_KEYS_MORE)
			CHECK_OK(ask(&b, TW_WIRE_KEYS_GO_ON, NULL, 0, &m));
		CHECK(m.type == TW_WIRE_KEYS_POINT_IS || (fired && m.type == TW_WIRE_KEYS_FAILED));
		bench_done(&b);
		tw_fake_free(f);
	}
	CHECK(refused);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_token, tear_down_token)
CHECK_MAIN(TEST(test_starts_without_its_token), TEST(test_does_not_start), TEST(test_kinds), TEST(test_late_is_no_pause),
	TEST(test_a_pause_without_memory))
