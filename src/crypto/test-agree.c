/* SPDX-License-Identifier: Apache-2.0 */
/* Both sides come to one key, the published keys to the one that another implementation derives, and nobody else to it. */
#include "crypto/agree.h"

#include "base/text.h"
#include "sys/real.h"
#include "check.h"
#include "oom.h"

/* The keys of RFC 7518 appendix C, as PKCS#8. */
#define HEAD "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420"
static const char alice_hex[] = HEAD
	"d3f3716913d4310a0026de741b3f18893afc8114f0c84682ba677e313a13988aa144034200"
	"04808d060082c176eed3e776a4ac598cc8672c1779f974eecc9b03411ca5b9495d48b5bfc527dfce53d6ac7115237d031ccff87a0570b77350a9e503ee7305a69b";
static const char bob_hex[] = HEAD
	"5449836690d75caf29f0dd029ddb31b3ddb8aba9d2d515c5012465e817d4a9dca144034200"
	"04c1e349cb61ec70248ce801034c3834e1b88ebe1161cb25af38741f785fcfc4c47bc96708ef80952b53f8d2555fe72b841ed04588628b1d378a594939500ec9c9";
/* For A256GCM and two parties without names: pyca/cryptography derives it, with ECDH and ConcatKDFHash. */
static const char key_hex[] = "b27e1ae45b86035f70ffd584b87a3553bd5f156ec0b754cd4d0f74f6562d3535";

static const struct tw_sys *sys;

static int set_up(void **state)
{
	sys = tw_sys_real();
	tw_crypto_use(sys);
	return 0;
}

static tw_err load(const struct tw_sys *s, const char *hex, tw_key **ret)
{
	uint8_t der[138];

	CHECK_OK(tw_parse_hex(tw_slice_of(hex), der, sizeof der));
	return tw_key_load(s, (struct tw_slice){ (const char *)der, sizeof der }, ret);
}

static void test_published_keys(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *alice = NULL, *bob = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *one = NULL, *two = NULL;
	uint8_t want[32];

	CHECK_OK(tw_parse_hex(tw_slice_of(key_hex), want, sizeof want));
	CHECK_OK(load(sys, alice_hex, &alice));
	CHECK_OK(load(sys, bob_hex, &bob));
	CHECK_OK(tw_key_agree(alice, bob, &one));
	CHECK_OK(tw_key_agree(bob, alice, &two));
	CHECK_INT(tw_secret_size(one), sizeof want);
	CHECK_BYTES(tw_secret_bytes(one), want, sizeof want);
	CHECK_BYTES(tw_secret_bytes(two), want, sizeof want);
}

static void test_others_come_to_another(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *alice = NULL, *bob = NULL, *carol = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *one = NULL, *two = NULL;

	CHECK_OK(tw_key_generate(sys, &alice));
	CHECK_OK(tw_key_generate(sys, &bob));
	CHECK_OK(tw_key_generate(sys, &carol));
	CHECK_OK(tw_key_agree(alice, bob, &one));
	CHECK_OK(tw_key_agree(carol, bob, &two));
	CHECK(memcmp(tw_secret_bytes(one), tw_secret_bytes(two), tw_secret_size(one)) != 0);
}

static void test_needs_a_private_half(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *alice = NULL, *bob = NULL, *public = NULL;
	uint8_t point[TW_POINT_SIZE];
	tw_secret *got = NULL;

	CHECK_OK(tw_key_generate(sys, &alice));
	CHECK_OK(tw_key_generate(sys, &bob));
	CHECK_OK(tw_key_point(alice, point));
	CHECK_OK(tw_key_of_point(sys, point, &public));
	CHECK_ERR(tw_key_agree(public, bob, &got), CRYPTO);
	CHECK(got == NULL);
}

static tw_err agree(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_key_freep) tw_key *alice = NULL, *bob = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *got = NULL;
	uint8_t want[32];

	CHECK_OK(tw_parse_hex(tw_slice_of(key_hex), want, sizeof want));
	TW_TRY(load(s, alice_hex, &alice));
	TW_TRY(load(s, bob_hex, &bob));
	TW_TRY(tw_key_agree(alice, bob, &got));
	CHECK_BYTES(tw_secret_bytes(got), want, sizeof want);
	return TW_OK;
}

static void test_out_of_memory(void **state)
{
	(void)oom_sweep(agree, NULL);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)
CHECK_MAIN(TEST(test_published_keys), TEST(test_others_come_to_another), TEST(test_needs_a_private_half), TEST(test_out_of_memory))
