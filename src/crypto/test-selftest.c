/* SPDX-License-Identifier: Apache-2.0 */
/* @nist DP.CCS.1: each approved algorithm gives what its standard publishes, and one that does not is noticed. */
#include "crypto/selftest.h"

#include "base/text.h"
#include "check.h"
#include "oom.h"

static const struct tw_sys *sys;

static int set_up(void **state)
{
	sys = tw_sys_real();
	tw_crypto_use(sys);
	return 0;
}

static void test_published(void **state)
{
	const struct tw_algorithm *found = NULL;

	for (const struct tw_algorithm *row = tw_algorithms; row->name; row++) {
		CHECK_OK(tw_algorithm_try(sys, row));
		CHECK_OK(tw_algorithm_find(tw_slice_of(row->name), &found));
		CHECK(found == row);
		CHECK(strlen(row->name) <= TW_ALGORITHM_NAME_MAX);
	}
}

static void test_others_are_refused(void **state)
{
	static const char *const names[] = { "", "md5", "sha-1", "SHA-256", "sha-2566", "aes-256-cbc", "aes-256-gc", "ecdsa-p256",
		"rsa", "null" };
	const struct tw_algorithm *found = NULL;

	for (size_t i = 0; i < TW_COUNT(names); i++)
		CHECK_ERR(tw_algorithm_find(tw_slice_of(names[i]), &found), UNSUPPORTED);
	CHECK_ERR(tw_algorithm_find((struct tw_slice){ "sha-256\0", 8 }, &found), UNSUPPORTED);
	CHECK(found == NULL);
}

/* The text with one digit changed: with the bit in its middle or its end. */
static const char *changed(const char *hex, size_t at, char ret[512])
{
	(void)snprintf(ret, 512, "%s", hex);
	ret[at] = ret[at] == '0' ? '1' : '0';
	return ret;
}

static void check_every_digit(const struct tw_algorithm *other, const char *from, const char **to)
{
	char text[512];

	for (size_t at = 0; at < strlen(from); at++) {
		*to = changed(from, at, text);
		CHECK(tw_failed(tw_algorithm_try(sys, other)));
	}
	*to = from;
}

/* Every digit of what is wanted, of data, key, nonce and associated data decides. */
static void test_a_wrong_one_is_noticed(void **state)
{
	for (const struct tw_algorithm *row = tw_algorithms; row->name; row++) {
		struct tw_algorithm other = *row;
		const struct {
			const char *from, **to;
		} parts[] = { { row->wanted, &other.wanted }, { row->data, &other.data }, { row->key, &other.key },
			{ row->nonce, &other.nonce }, { row->aad, &other.aad } };

		for (size_t p = 0; p < TW_COUNT(parts); p++) /* whatever a signature is over, it verifies; key and point are compared */
			if (row->kind != TW_ALGORITHM_SIGN || p != 1)
				check_every_digit(&other, parts[p].from, parts[p].to);
		CHECK_OK(tw_algorithm_try(sys, &other));
	}
}

static tw_err deaf(const struct tw_sys *s, const struct tw_algorithm_vector *v, struct tw_slice data, struct tw_buf *ret)
{
	static const uint8_t same[] = { 0xab };

	return tw_buf_add(ret, same, sizeof same);
}

static tw_err unable(const struct tw_sys *s, const struct tw_algorithm_vector *v, struct tw_slice data, struct tw_buf *ret)
{
	return TW_RAISE(CRYPTO, "no such algorithm in this library");
}

/* One that gives what is wanted whatever it is asked, and one that does not answer. */
static void test_a_stand_in_is_noticed(void **state)
{
	struct tw_algorithm row = tw_algorithms[0];
	uint64_t rate = 7;

	row.work = deaf;
	row.wanted = "ab";
	CHECK_ERR(tw_algorithm_try(sys, &row), CRYPTO);
	assert_non_null(strstr(tw_err_detail(), "the same for something else"));
	row.work = unable;
	CHECK_ERR(tw_algorithm_try(sys, &row), CRYPTO);
	CHECK_ERR(tw_algorithm_rate(sys, &row, &rate), CRYPTO);
	CHECK_INT(rate, 7);
}

/* An algorithm that gives these bytes whatever it is asked. */
static struct tw_buf given;

static tw_err stubborn(const struct tw_sys *s, const struct tw_algorithm_vector *v, struct tw_slice data, struct tw_buf *ret)
{
	return tw_buf_add(ret, given.data, given.size);
}

static void give(const char *hex)
{
	uint8_t bytes[144];

	tw_buf_clear(&given);
	CHECK_OK(tw_parse_hex(tw_slice_of(hex), bytes, strlen(hex) / 2));
	CHECK_OK(tw_buf_add(&given, bytes, strlen(hex) / 2));
}

static void check_wrong(const struct tw_algorithm *row, const char *how)
{
	CHECK_ERR(tw_algorithm_try(sys, row), CRYPTO);
	if (!strstr(tw_err_detail(), how))
		fail_msg("%s, not %s", tw_err_detail(), how);
}

/* Of this key -(e1 + e2) / 2r is the private half, so that one signature, with r of the base point, is good for both: for the digest of
   the published example, and for the same with its eighth bit changed. */
#define TWICE_KEY                                                                                                                          \
	"308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420a7cfff54a9915b600738cb43de5d9eae044935f28496fff848594df4" \
	"3f446b4da14403420004ecfabb32b716d99896dcd6597fcffdf8efc97fb0dc8f0dad1cc2d01ea36d5e1b304b5e8111ac2e83b5270f77dcd4a4e604b15289a952" \
	"06d7a80a354aad2386ab"
#define TWICE_POINT \
	"04ecfabb32b716d99896dcd6597fcffdf8efc97fb0dc8f0dad1cc2d01ea36d5e1b304b5e8111ac2e83b5270f77dcd4a4e604b15289a95206d7a80a354aad2386ab"
#define TWICE_SIGNATURE \
	"6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2960080000000000000000000000000000000000000000000000000000000000000"

static void test_signing_is_tried(void **state)
{
	const struct tw_algorithm *published = NULL;
	char longer[256];

	tw_buf_init(&given, sys, 256);
	CHECK_OK(tw_algorithm_find(TW_SLICE("ecdsa-p256-sign"), &published));
	struct tw_algorithm row = *published;
	(void)snprintf(longer, sizeof longer, "%s00", row.wanted);
	row.wanted = longer;
	check_wrong(&row, "another public half");
	row.wanted = published->wanted;
	row.work = stubborn;
	give(TWICE_SIGNATURE);
	check_wrong(&row, "do not verify");
	row.key = TWICE_KEY;
	row.wanted = TWICE_POINT;
	check_wrong(&row, "verify for something else");
	tw_buf_done(&given);
}

static void test_opening_is_tried(void **state)
{
	const struct tw_algorithm *published = NULL;
	char data[256];

	tw_buf_init(&given, sys, 256);
	CHECK_OK(tw_algorithm_find(TW_SLICE("aes-256-gcm"), &published));
	struct tw_algorithm row = *published;
	give(row.wanted);
	row.work = stubborn;
	check_wrong(&row, "the same for something else"); /* it opens as published */
	(void)snprintf(data, sizeof data, "%s", row.data);
	row.data = data;
	data[strlen(data) - 2] = '\0'; /* a byte less than what opens */
	check_wrong(&row, "does not open");
	(void)snprintf(data, sizeof data, "%s", published->data);
	data[0] = data[0] == '0' ? '1' : '0';
	check_wrong(&row, "does not open");
	tw_buf_done(&given);
}

/* An example has a bound: 144 bytes. */
static void test_long_examples(void **state)
{
	struct tw_algorithm row = tw_algorithms[0];
	char hex[2 * 145 + 1];

	memset(hex, '0', sizeof hex);
	hex[2 * 145] = '\0';
	row.data = hex;
	CHECK_ERR(tw_algorithm_try(sys, &row), INTERNAL);
	hex[2 * 144] = '\0';
	check_wrong(&row, "does not give");
}

/* A clock of the processor's time that goes on by a step each time it is asked. */
static struct timespec shown;
static long step_ns;

static int stepping(const struct tw_sys *s, clockid_t id, struct timespec *ret)
{
	CHECK_INT(id, CLOCK_PROCESS_CPUTIME_ID); /* what others make us wait says nothing of our speed */
	shown.tv_nsec += step_ns;
	while (shown.tv_nsec >= 1000000000) {
		shown.tv_nsec -= 1000000000;
		shown.tv_sec++;
	}
	*ret = shown;
	return 0;
}

static void test_rates(void **state)
{
	struct tw_sys clocked = *sys;
	uint64_t rate = 0;

	clocked.clock = stepping;
	for (const struct tw_algorithm *row = tw_algorithms; row->name; row++) {
		const bool bulk = row->kind == TW_ALGORITHM_HASH || row->kind == TW_ALGORITHM_SEAL;

		CHECK_OK(tw_algorithm_rate(sys, row, &rate));
		CHECK(rate > 0);
		step_ns = 100000; /* five uses in a window, each a tenth of a millisecond */
		CHECK_OK(tw_algorithm_rate(&clocked, row, &rate));
		CHECK_INT(rate, bulk ? 40000 : 10000);
		step_ns = 0; /* it stands: nothing is known, and it ends all the same */
		CHECK_OK(tw_algorithm_rate(&clocked, row, &rate));
		CHECK_INT(rate, 0);
		step_ns = 5000000; /* one use is longer than the window */
		CHECK_OK(tw_algorithm_rate(&clocked, row, &rate));
		CHECK_INT(rate, bulk ? 800 : 200);
	}
}

static tw_err all_of_it(const struct tw_sys *s, void *user)
{
	struct tw_sys clocked = *s;
	uint64_t rate = 0;

	clocked.clock = stepping;
	step_ns = TW_ALGORITHM_WINDOW_NS;
	for (const struct tw_algorithm *row = tw_algorithms; row->name; row++) {
		TW_TRY(tw_algorithm_try(s, row));
		TW_TRY(tw_algorithm_rate(&clocked, row, &rate));
	}
	return TW_OK;
}

static void test_out_of_memory(void **state)
{
	(void)oom_sweep(all_of_it, NULL);
}

CHECK_MAIN(cmocka_unit_test_setup(test_published, set_up), cmocka_unit_test_setup(test_others_are_refused, set_up),
	cmocka_unit_test_setup(test_a_wrong_one_is_noticed, set_up), cmocka_unit_test_setup(test_a_stand_in_is_noticed, set_up),
	cmocka_unit_test_setup(test_signing_is_tried, set_up), cmocka_unit_test_setup(test_opening_is_tried, set_up),
	cmocka_unit_test_setup(test_long_examples, set_up), cmocka_unit_test_setup(test_rates, set_up),
	cmocka_unit_test(test_out_of_memory))
