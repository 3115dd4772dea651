/* SPDX-License-Identifier: Apache-2.0 */
/* The small formats around one unit and its owner: identifier, take-over, the keys directory. */
#include "formats/identifier.h"
#include "formats/keydir.h"
#include "formats/keyproof.h"
#include "formats/takeover.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "sys/real.h"
#include "check.h"
#include "oom.h"

static const struct tw_sys *sys;

static int set_up(void **state)
{
	sys = tw_sys_real();
	tw_crypto_use(sys);
	return 0;
}

/* @nist DI.IMS.1 */
static void test_identifier(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "urn:dev:ops:32473-thermostat-0001", true },
		{ "urn:dev:ops:1-a-b", true },
		{ "urn:dev:ops:4294967295-A.1-x-y-z.", true },
		{ "urn:dev:ops:1-a--", true },
		{ "", false },
		{ "urn:dev:ops:", false },
		{ "urn:dev:ops:1", false },
		{ "urn:dev:ops:1-a", false },
		{ "urn:dev:ops:1-a-", false },
		{ "urn:dev:ops:1--b", false },
		{ "urn:dev:ops:-a-b", false },
		{ "urn:dev:ops:0-a-b", false },
		{ "urn:dev:ops:01-a-b", false },
		{ "urn:dev:ops:4294967296-a-b", false },
		{ "urn:dev:ops:+1-a-b", false },
		{ "urn:dev:ops:1-a-b_c", false },
		{ "urn:dev:ops:1-a-b:c", false },
		{ "urn:dev:ops:1-a-b{", false },
		{ "urn:dev:ops:1-a-%41", false },
		{ "urn:dev:ops:1-a-b ", false },
		{ "URN:dev:ops:1-a-b", false },
		{ "urn:dev:os:1-a-b", false },
		{ "urn:dev:ops:1-a-b\n", false },
		{ "urn:dev:ops:1-a-\xc3\xa4", false },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_identifier id;
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		char product[80], serial[80];
		tw_err e = tw_identifier_read(tw_slice_of(rows[i].text), &id);
		if (tw_failed(e) == rows[i].good)
			fail_msg("%s: %s", rows[i].text, tw_code_name(e.code));
		if (tw_failed(e))
			continue;
		tw_buf_init(&b, sys, TW_IDENTIFIER_MAX);
		(void)snprintf(product, sizeof product, TW_SLICE_FMT, TW_SLICE_ARG(id.product_class));
		(void)snprintf(serial, sizeof serial, TW_SLICE_FMT, TW_SLICE_ARG(id.serial));
		CHECK_OK(tw_identifier_write(id.pen, product, serial, &b)); /* one spelling only */
		CHECK_TEXT(tw_buf_cstr(&b), rows[i].text);
	}
}

static void test_identifier_refusals(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	char long_text[80];
	memset(long_text, 'a', sizeof long_text);
	long_text[TW_SERIAL_MAX + 1] = '\0';
	tw_buf_init(&b, sys, TW_IDENTIFIER_MAX);
	CHECK_ERR(tw_identifier_write(0, "a", "b", &b), SYNTAX);
	CHECK_ERR(tw_identifier_write(1, "a-b", "b", &b), SYNTAX);
	CHECK_ERR(tw_identifier_write(1, "", "b", &b), SYNTAX);
	CHECK_ERR(tw_identifier_write(1, "a", "", &b), SYNTAX);
	CHECK_ERR(tw_identifier_write(1, "a", "b/c", &b), SYNTAX);
	CHECK_ERR(tw_identifier_write(1, long_text, "b", &b), SYNTAX);
	CHECK_ERR(tw_identifier_write(1, "a", long_text, &b), SYNTAX);
	CHECK_INT(b.size, 0);
}

/* The test vector of doc/spec/takeover.md. */
static void test_takeover(void **state)
{
	struct tw_takeover t = { 0 };
	uint8_t secret[16], message[TW_TAKEOVER_MESSAGE], want[32], proof[32];
	for (unsigned i = 0; i < 32; i++) {
		t.challenge[i] = (uint8_t)i;
		t.client_nonce[i] = (uint8_t)(0x20 + i);
		t.listener[i] = (uint8_t)(0x40 + i);
		t.owner[i] = (uint8_t)(0x60 + i);
	}
	for (unsigned i = 0; i < sizeof secret; i++)
		secret[i] = (uint8_t)(0xf0 + i);
	CHECK_OK(tw_takeover_proof(&t, secret, proof));
	CHECK_OK(tw_parse_hex(TW_SLICE("04828838c617b8bc8b39102baed6c94ff1e6fd1288c6de9aa988a534caf4941b"), want, sizeof want));
	CHECK_BYTES(proof, want, sizeof want);
	tw_takeover_message(&t, message);
	CHECK(tw_takeover_is_message((struct tw_slice){ (char *)message, sizeof message }));
	t.from_device = true;
	CHECK_OK(tw_takeover_proof(&t, secret, proof));
	CHECK_OK(tw_parse_hex(TW_SLICE("7d880c65f45cb7471b220d073df11289a3d7eb220a810c4c291e7a5299ee144d"), want, sizeof want));
	CHECK_BYTES(proof, want, sizeof want);
	tw_takeover_message(&t, message);
	CHECK(tw_takeover_is_message((struct tw_slice){ (char *)message, sizeof message }));
	CHECK(!tw_takeover_is_message((struct tw_slice){ (char *)message, sizeof message - 1 }));
	CHECK(!tw_takeover_is_message((struct tw_slice){ NULL, 0 }));
	for (size_t i = 0; i < 28; i++) { /* label and role; the rest is free */
		message[i] ^= 1;
		CHECK(!tw_takeover_is_message((struct tw_slice){ (char *)message, sizeof message }));
		message[i] ^= 1;
	}
}

static void test_listener(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *other = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *again = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *other_cert = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert_again = NULL;
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_buf_wipe) struct tw_buf name = { 0 };
	TW_CLEANUP(tw_buf_wipe) struct tw_buf other_name = { 0 };
	tw_buf_init(&b, sys, TW_KEYS_FILE_MAX);
	tw_buf_init(&name, sys, 64);
	tw_buf_init(&other_name, sys, 64);
	CHECK_OK(tw_listener_make(sys, &key, &cert));
	CHECK_OK(tw_listener_make(sys, &other, &other_cert));
	CHECK_OK(tw_cert_name(cert, &name));
	CHECK_OK(tw_cert_name(other_cert, &other_name));
	CHECK_INT(name.size, 18);
	CHECK(strncmp(tw_buf_cstr(&name), "thingward-", 10) == 0 && strcmp(tw_buf_cstr(&name), tw_buf_cstr(&other_name)) != 0);
	CHECK_ERR(tw_cert_uri(cert, &name), NOTFOUND); /* nothing of the unit */
	CHECK_OK(tw_listener_write(key, cert, &b));
	CHECK_OK(tw_listener_read(sys, tw_buf_slice(&b), &again, &cert_again));
	for (size_t i = 0; i < b.size; i++) { /* no cut leaves anything that reads */
		tw_key *k = NULL;
		tw_cert *c = NULL;
		bool whole = i == b.size - 1; /* the last newline says nothing */
		tw_err e = tw_listener_read(sys, (struct tw_slice){ b.data, i }, &k, &c);
		CHECK(tw_failed(e) != whole);
		tw_key_free(k);
		tw_cert_free(c);
	}
	tw_buf_clear(&b);
	CHECK_OK(tw_listener_write(key, other_cert, &b));
	tw_key *k = NULL;
	tw_cert *c = NULL;
	CHECK_ERR(tw_listener_read(sys, tw_buf_slice(&b), &k, &c), UNTRUSTED);
	tw_buf_clear(&b);
	CHECK_OK(tw_key_save(key, &b));
	CHECK_ERR(tw_listener_read(sys, tw_buf_slice(&b), &k, &c), SYNTAX);
	CHECK(strstr(tw_err_detail(), "no certificate in the listener's file"));
}

static tw_err make_and_read(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *again = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert_again = NULL;
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	tw_buf_init(&b, s, TW_KEYS_FILE_MAX);
	TW_TRY(tw_listener_make(s, &key, &cert));
	TW_TRY(tw_listener_write(key, cert, &b));
	return tw_listener_read(s, tw_buf_slice(&b), &again, &cert_again);
}

static void test_out_of_memory(void **state)
{
	(void)oom_sweep(make_and_read, NULL);
}

static tw_err write_proof(struct tw_buf *b, void *user)
{
	return tw_key_proof_message("a key", user, 16, b);
}

/* What is signed to prove a key begins with what it is for, and names the key: it can be taken for nothing else. */
static void test_key_proof(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	tw_buf_init(&b, sys, 100);
	CHECK_OK(tw_key_proof_message("a key", (const uint8_t *)"0123456789abcdef", 16, &b));
	CHECK_INT(b.size, 22 + 6 + 16);
	CHECK_BYTES(b.data,
		"thingward-key-proof-1\0a key\0"
		"0123456789abcdef",
		44);
	write_sweep(write_proof, (void *)(uintptr_t) "0123456789abcdef");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)
CHECK_MAIN(TEST(test_identifier), TEST(test_identifier_refusals), TEST(test_takeover), TEST(test_listener), TEST(test_key_proof),
	TEST(test_out_of_memory))
