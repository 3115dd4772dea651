/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/csr.h"

#include "crypto/hash.h"
#include "sys/real.h"
#include "check.h"
#include "oom.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

static const struct tw_sys *sys;
static tw_key *key, *other, *half; /* half: the public half of key */
static struct tw_digest_signer by_key, by_other;
static const struct tw_csr_names all = { "T-1 0001", "Maker \xc3\xa4", "0001", "urn:dev:ops:32473-T.1-0001", "t1.example" };

static int set_up(void **state)
{
	uint8_t point[TW_POINT_SIZE];
	sys = tw_sys_real();
	tw_crypto_use(sys);
	CHECK_OK(tw_key_generate(sys, &key));
	CHECK_OK(tw_key_generate(sys, &other));
	CHECK_OK(tw_key_point(key, point));
	CHECK_OK(tw_key_of_point(sys, point, &half));
	by_key = tw_digest_signer_of_key(key);
	by_other = tw_digest_signer_of_key(other);
	return 0;
}

static int tear_down(void **state)
{
	key = tw_key_free(key);
	other = tw_key_free(other);
	half = tw_key_free(half);
	return 0;
}

/* The key that signs is elsewhere: only its public half is here. */
static void test_made_and_read(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 }, pem = { 0 };
	TW_CLEANUP(tw_csr_freep) tw_csr *c = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *read = NULL;
	uint8_t is[32], wanted[32];
	tw_buf_init(&der, sys, TW_CSR_MAX);
	tw_buf_init(&pem, sys, TW_CSR_MAX);
	CHECK_OK(tw_csr_make(sys, &all, half, &by_key, &der));
	CHECK_OK(tw_csr_pem(tw_buf_slice(&der), &pem));
	CHECK_OK(tw_csr_load(sys, tw_buf_slice(&pem), &c));
	struct tw_csr_names n = tw_csr_get_names(c);
	CHECK_TEXT(n.common_name, all.common_name);
	CHECK_TEXT(n.organization, all.organization);
	CHECK_TEXT(n.serial_number, all.serial_number);
	CHECK_TEXT(n.uri, all.uri);
	CHECK_TEXT(n.dns, all.dns);
	CHECK_OK(tw_csr_key(c, &read));
	CHECK_OK(tw_key_fingerprint(read, is));
	CHECK_OK(tw_key_fingerprint(key, wanted));
	CHECK_BYTES(is, wanted, sizeof is);
}

/* OpenSSL reads ours from PEM, and finds the proof good. */
static void test_openssl_agrees(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 }, pem = { 0 };
	tw_buf_init(&der, sys, TW_CSR_MAX);
	tw_buf_init(&pem, sys, TW_CSR_MAX);
	CHECK_OK(tw_csr_make(sys, &all, half, &by_key, &der));
	CHECK_OK(tw_csr_pem(tw_buf_slice(&der), &pem));
	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
	X509_REQ *r = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
	CHECK(r && X509_REQ_verify(r, X509_REQ_get0_pubkey(r)) == 1);
	X509_REQ_free(r);
	BIO_free(bio);
}

static void test_no_names_left_out(void **state)
{
	static const struct tw_csr_names some[] = { { .common_name = "x" }, { .serial_number = "1" }, { .uri = "urn:a" },
		{ .dns = "a.example" }, { .organization = "o" } };
	for (size_t i = 0; i < TW_COUNT(some); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
		TW_CLEANUP(tw_csr_freep) tw_csr *c = NULL;
		tw_buf_init(&der, sys, TW_CSR_MAX);
		CHECK_OK(tw_csr_make(sys, &some[i], half, &by_key, &der));
		CHECK_OK(tw_csr_load(sys, tw_buf_slice(&der), &c));
		struct tw_csr_names n = tw_csr_get_names(c);
		CHECK_TEXT(n.common_name, some[i].common_name);
		CHECK_TEXT(n.organization, some[i].organization);
		CHECK_TEXT(n.serial_number, some[i].serial_number);
		CHECK_TEXT(n.uri, some[i].uri);
		CHECK_TEXT(n.dns, some[i].dns);
	}
}

/* Each length and each letter at the edge of what may be. */
static void test_names_at_the_edge(void **state)
{
	static const char sign[4] = { '\xf0', '\x9f', '\x94', '\x91' };
	static char sixty_five[66], sixty_four[65], wide[257], uri[257] = "xurn:", dns[255];
	memset(sixty_five, 'a', sizeof sixty_five - 1);
	memset(sixty_four, 'a', sizeof sixty_four - 1);
	for (size_t i = 0; i < 64; i++)
		memcpy(wide + 4 * i, sign, sizeof sign);
	memset(uri + 5, 'a', sizeof uri - 6);
	for (size_t i = 0; i < sizeof dns - 1; i++)
		dns[i] = i && i % 2 == 0 ? '.' : 'a';
	const struct tw_csr_names bad[] = { { 0 }, { .common_name = "" }, { .common_name = sixty_five }, { .common_name = "a\nb" },
		{ .common_name = "\xff" }, { .uri = uri }, { .uri = "no-scheme" }, { .uri = ":x" }, { .uri = "urn:a b" },
		{ .uri = "urn:\x7f" }, { .uri = "" }, { .dns = "*.example" }, { .dns = "a..b" }, { .dns = ".a" }, { .dns = "a." },
		{ .dns = "-a" }, { .dns = "a-" }, { .dns = "a-.b" }, { .dns = "a.-b" }, { .dns = "a b" }, { .dns = "" },
		{ .dns = sixty_four }, { .dns = dns }, { .dns = "a`" }, { .dns = "a{" }, { .dns = "a@" }, { .dns = "a[" },
		{ .dns = "a/" }, { .dns = "a:" } };
	const struct tw_csr_names good[] = { { .common_name = sixty_four, .dns = sixty_four + 1 }, { .common_name = wide, .uri = uri + 1 },
		{ .uri = "urn:!~" }, { .dns = dns + 1 }, { .dns = dns + 3 }, { .dns = "a-b.azAZ09" } };
	for (size_t i = 0; i < TW_COUNT(bad); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
		tw_buf_init(&der, sys, TW_CSR_MAX);
		tw_err e = tw_csr_make(sys, &bad[i], half, &by_key, &der);
		if (!tw_is(e, TW_CODE_SYNTAX) || der.size)
			fail_msg("bad %zu: %s", i, tw_failed(e) ? tw_err_detail() : "taken");
	}
	for (size_t i = 0; i < TW_COUNT(good); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
		tw_buf_init(&der, sys, TW_CSR_MAX);
		tw_err e = tw_csr_make(sys, &good[i], half, &by_key, &der);
		if (tw_failed(e))
			fail_msg("good %zu: %s", i, tw_err_detail());
	}
}

static tw_err nonsense(void *user, const uint8_t digest[32], uint8_t ret[TW_SIGNATURE_SIZE])
{
	memset(ret, 0x5a, TW_SIGNATURE_SIZE);
	return TW_OK;
}

static tw_err gone(void *user, const uint8_t digest[32], uint8_t ret[TW_SIGNATURE_SIZE])
{
	return TW_RAISE(CLOSED, "nobody signs");
}

static void test_signers_that_fail(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	const struct tw_digest_signer liar = { nonsense, NULL }, away = { gone, NULL };
	tw_buf_init(&der, sys, TW_CSR_MAX);
	CHECK_ERR(tw_csr_make(sys, &all, half, &by_other, &der), UNTRUSTED);
	CHECK_ERR(tw_csr_make(sys, &all, half, &liar, &der), UNTRUSTED);
	CHECK_ERR(tw_csr_make(sys, &all, half, &away, &der), CLOSED);
	CHECK_INT(der.size, 0);
}

/* A request by OpenSSL alone, with one thing about it changed. */
static tw_err loaded(void (*change)(X509_REQ *r), EVP_PKEY *signer, const EVP_MD *hash)
{
	TW_CLEANUP(tw_csr_freep) tw_csr *c = NULL;
	X509_REQ *r = X509_REQ_new();
	uint8_t *der = NULL;
	CHECK_INT(X509_REQ_set_version(r, X509_REQ_VERSION_1), 1);
	CHECK_INT(X509_REQ_set_pubkey(r, tw_key_evp(key)), 1);
	CHECK_INT(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(r), "CN", MBSTRING_ASC, (const uint8_t *)"x", -1, -1, 0), 1);
	change(r);
	CHECK(X509_REQ_sign(r, signer, hash) > 0);
	int n = i2d_X509_REQ(r, &der);
	tw_err e = tw_csr_load(sys, (struct tw_slice){ (char *)der, (size_t)n }, &c);
	OPENSSL_free(der);
	X509_REQ_free(r);
	return e;
}

static void nothing(X509_REQ *r)
{
}

static void version_2(X509_REQ *r)
{
	CHECK_INT(X509_REQ_set_version(r, 1), 1);
}

static void country(X509_REQ *r)
{
	CHECK_INT(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(r), "C", MBSTRING_ASC, (const uint8_t *)"DE", -1, -1, 0), 1);
}

static void two_names(X509_REQ *r)
{
	CHECK_INT(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(r), "CN", MBSTRING_ASC, (const uint8_t *)"y", -1, -1, 0), 1);
}

static void many_valued(X509_REQ *r)
{
	CHECK_INT(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(r), "O", MBSTRING_ASC, (const uint8_t *)"y", -1, -1, -1), 1);
}

static void teletex(X509_REQ *r)
{
	CHECK_INT(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(r), "O", V_ASN1_T61STRING, (const uint8_t *)"y", -1, -1, 0), 1);
}

static void password(X509_REQ *r)
{
	CHECK_INT(X509_REQ_add1_attr_by_NID(r, NID_pkcs9_challengePassword, MBSTRING_ASC, (const uint8_t *)"secret", -1), 1);
}

static void rsa_key(X509_REQ *r)
{
	EVP_PKEY *rsa = EVP_RSA_gen(2048);
	CHECK_INT(X509_REQ_set_pubkey(r, rsa), 1);
	EVP_PKEY_free(rsa);
}

static void extensions(X509_REQ *r, int nid, const char *value, int times)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	STACK_OF(X509_EXTENSION) *all_of = NULL;
	CHECK(e != NULL);
	for (int i = 0; i < times; i++)
		CHECK(X509v3_add_ext(&all_of, e, -1) != NULL);
	CHECK_INT(X509_REQ_add_extensions(r, all_of), 1);
	sk_X509_EXTENSION_pop_free(all_of, X509_EXTENSION_free);
	X509_EXTENSION_free(e);
}

static void extension(X509_REQ *r, int nid, const char *value)
{
	extensions(r, nid, value, 1);
}

static void authority(X509_REQ *r)
{
	extension(r, NID_basic_constraints, "CA:TRUE");
}

static void address(X509_REQ *r)
{
	extension(r, NID_subject_alt_name, "IP:127.0.0.1");
}

static void wildcard(X509_REQ *r)
{
	extension(r, NID_subject_alt_name, "DNS:*.example");
}

static void two_hosts(X509_REQ *r)
{
	extension(r, NID_subject_alt_name, "DNS:a.example,DNS:b.example");
}

static void one_host(X509_REQ *r)
{
	extension(r, NID_subject_alt_name, "DNS:a.example");
}

static void nobody(X509_REQ *r)
{
	X509_NAME_ENTRY_free(X509_NAME_delete_entry(X509_REQ_get_subject_name(r), 0));
}

static void printable(X509_REQ *r)
{
	CHECK_INT(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(r), "O", V_ASN1_PRINTABLESTRING, (const uint8_t *)"y", -1, -1, 0), 1);
}

static void no_extensions(X509_REQ *r)
{
	CHECK_INT(X509_REQ_add1_attr_by_NID(r, NID_ext_req, MBSTRING_ASC, (const uint8_t *)"x", -1), 1);
}

static void not_names(X509_REQ *r)
{
	STACK_OF(X509_EXTENSION) *all_of = NULL;
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	CHECK_INT(ASN1_OCTET_STRING_set(value, (const uint8_t *)"\x05\x00", 2), 1);
	X509_EXTENSION *e = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, value);
	CHECK(e && X509v3_add_ext(&all_of, e, -1) != NULL);
	CHECK_INT(X509_REQ_add_extensions(r, all_of), 1);
	sk_X509_EXTENSION_pop_free(all_of, X509_EXTENSION_free);
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(value);
}

static void no_alt_names(X509_REQ *r)
{
	STACK_OF(X509_EXTENSION) *all_of = NULL;
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	CHECK_INT(X509V3_add1_i2d(&all_of, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT), 1);
	CHECK_INT(X509_REQ_add_extensions(r, all_of), 1);
	sk_X509_EXTENSION_pop_free(all_of, X509_EXTENSION_free);
	GENERAL_NAMES_free(names);
}

/* By an attribute of Microsoft's, which OpenSSL reads as well. */
static void otherwise_asked(X509_REQ *r)
{
	STACK_OF(X509_EXTENSION) *all_of = NULL;
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:a.example");
	CHECK(e && X509v3_add_ext(&all_of, e, -1) != NULL);
	CHECK_INT(X509_REQ_add_extensions_nid(r, all_of, NID_ms_ext_req), 1);
	sk_X509_EXTENSION_pop_free(all_of, X509_EXTENSION_free);
	X509_EXTENSION_free(e);
}

/* The attribute has another value beside the names, and OpenSSL looks at one of them only. */
static void two_values(X509_REQ *r)
{
	static const uint8_t more[] = { 0x7f, 0x7f };
	one_host(r);
	X509_ATTRIBUTE *a = X509_REQ_get_attr(r, 0);
	CHECK_INT(X509_ATTRIBUTE_set1_data(a, V_ASN1_OCTET_STRING, more, sizeof more), 1);
}

static void twice(X509_REQ *r)
{
	extensions(r, NID_subject_alt_name, "DNS:a.example", 2);
}

static void test_each_refusal(void **state)
{
	static const struct {
		void (*change)(X509_REQ *r);
		enum tw_code code;
	} cases[] = { { nothing, TW_CODE_OK }, { one_host, TW_CODE_OK }, { version_2, TW_CODE_UNSUPPORTED },
		{ country, TW_CODE_UNSUPPORTED }, { two_names, TW_CODE_UNSUPPORTED }, { many_valued, TW_CODE_UNSUPPORTED },
		{ teletex, TW_CODE_UNSUPPORTED }, { password, TW_CODE_UNSUPPORTED }, { rsa_key, TW_CODE_UNSUPPORTED },
		{ authority, TW_CODE_UNSUPPORTED }, { address, TW_CODE_UNSUPPORTED }, { wildcard, TW_CODE_SYNTAX },
		{ two_hosts, TW_CODE_UNSUPPORTED }, { twice, TW_CODE_UNSUPPORTED }, { nobody, TW_CODE_UNSUPPORTED },
		{ printable, TW_CODE_OK }, { no_extensions, TW_CODE_SYNTAX }, { not_names, TW_CODE_SYNTAX },
		{ no_alt_names, TW_CODE_SYNTAX }, { otherwise_asked, TW_CODE_UNSUPPORTED }, { two_values, TW_CODE_UNSUPPORTED } };
	for (size_t i = 0; i < TW_COUNT(cases); i++) {
		tw_err e = loaded(cases[i].change, tw_key_evp(key), EVP_sha256());
		if (e.code != cases[i].code)
			fail_msg("case %zu: %s, %s", i, tw_code_name(e.code), tw_failed(e) ? tw_err_detail() : "");
	}
	CHECK_ERR(loaded(nothing, tw_key_evp(other), EVP_sha256()), UNTRUSTED);
	CHECK_ERR(loaded(nothing, tw_key_evp(key), EVP_sha384()), UNSUPPORTED);
}

/* Whatever bit is turned, or however much is missing or too much. */
static void test_every_bit(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	static char large[TW_CSR_MAX + 1];
	tw_csr *none = NULL;
	tw_buf_init(&der, sys, TW_CSR_MAX);
	CHECK_OK(tw_csr_make(sys, &all, half, &by_key, &der));
	for (size_t i = 0; i < 8 * der.size; i++) {
		der.data[i / 8] = (char)(der.data[i / 8] ^ (1 << i % 8));
		if (!tw_failed(tw_csr_load(sys, tw_buf_slice(&der), &none)))
			fail_msg("bit %zu may be turned", i);
		der.data[i / 8] = (char)(der.data[i / 8] ^ (1 << i % 8));
	}
	for (size_t n = 0; n < der.size; n++)
		CHECK_ERR(tw_csr_load(sys, (struct tw_slice){ der.data, n }, &none), SYNTAX);
	CHECK_OK(tw_buf_u8(&der, 0));
	CHECK_ERR(tw_csr_load(sys, tw_buf_slice(&der), &none), SYNTAX);
	large[0] = 0x30;
	CHECK_ERR(tw_csr_load(sys, (struct tw_slice){ large, sizeof large }, &none), LIMIT);
	CHECK_ERR(tw_csr_load(sys, (struct tw_slice){ large, sizeof large - 1 }, &none), SYNTAX);
}

/* The limit is of the file: a request behind any number of comments is refused unread. */
static void test_limit(void **state)
{
	static char large[TW_CSR_MAX + 1];
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 }, pem = { 0 };
	TW_CLEANUP(tw_csr_freep) tw_csr *c = NULL;
	tw_buf_init(&der, sys, TW_CSR_MAX);
	tw_buf_init(&pem, sys, TW_CSR_MAX);
	CHECK_OK(tw_csr_make(sys, &all, half, &by_key, &der));
	CHECK_OK(tw_csr_pem(tw_buf_slice(&der), &pem));
	memset(large, '#', sizeof large);
	memcpy(large + sizeof large - pem.size, pem.data, pem.size);
	CHECK_ERR(tw_csr_load(sys, (struct tw_slice){ large, sizeof large }, &c), LIMIT);
	CHECK_OK(tw_csr_load(sys, (struct tw_slice){ large + 1, sizeof large - 1 }, &c));
}

static tw_err make_one(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	tw_buf_init(&der, s, TW_CSR_MAX);
	return tw_csr_make(s, &all, half, &by_key, &der);
}

static tw_err load_one(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_csr_freep) tw_csr *c = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *k = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	tw_buf_init(&pem, s, TW_CSR_MAX);
	TW_TRY(tw_csr_pem(*(struct tw_slice *)user, &pem));
	TW_TRY(tw_csr_load(s, tw_buf_slice(&pem), &c));
	return tw_csr_key(c, &k);
}

static tw_err make_to_keep(const struct tw_sys *s, void *user)
{
	struct tw_buf *der = user;
	tw_buf_clear(der);
	return tw_csr_make(s, &all, half, &by_key, der);
}

static void judge_made(void *user)
{
	TW_CLEANUP(tw_csr_freep) tw_csr *c = NULL;
	CHECK_OK(tw_csr_load(sys, tw_buf_slice(user), &c));
	struct tw_csr_names n = tw_csr_get_names(c);
	CHECK_TEXT(n.organization, all.organization);
	CHECK_TEXT(n.uri, all.uri);
	CHECK_TEXT(n.dns, all.dns);
}

static void test_out_of_memory(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 }, kept = { 0 };
	tw_buf_init(&der, sys, TW_CSR_MAX);
	tw_buf_init(&kept, sys, TW_CSR_MAX);
	CHECK_OK(tw_csr_make(sys, &all, half, &by_key, &der));
	struct tw_slice made = tw_buf_slice(&der);
	(void)oom_sweep(load_one, &made);
	(void)told_sweep(ENOMEM, make_one, NULL, "");
	judged_sweep(make_to_keep, judge_made, &kept); /* never half a request */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_made_and_read), TEST(test_openssl_agrees), TEST(test_no_names_left_out), TEST(test_names_at_the_edge),
	TEST(test_signers_that_fail), TEST(test_each_refusal), TEST(test_every_bit), TEST(test_limit), TEST(test_out_of_memory))
