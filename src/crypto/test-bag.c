/* SPDX-License-Identifier: Apache-2.0 */
/* Bags of certificates: as writers in use write them, and with every value, every byte and every length of the wrapping another. */
#include "crypto/bag.h"

#include "check.h"
#include "crypto/hash.h"
#include "oom.h"
#include "sys/real.h"

#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#define COUNT 3
#define MADE (TW_ANCHORS_MAX + 1) /* more than there is room for */

static const struct tw_sys *sys;
static tw_key *key;
static tw_cert *certs[MADE];
static struct tw_buf ders[MADE]; /* the first two have one size */

static int set_up(void **state)
{
	const struct tw_cert_want want = { .common_name = "ca", .is_ca = true, .not_before_ms = 1 };

	sys = tw_sys_real();
	tw_crypto_use(sys);
	CHECK_OK(tw_key_generate(sys, &key));
	for (size_t i = 0; i < MADE; i++) {
		tw_buf_init(&ders[i], sys, 4096);
		do { /* a signature has 70 to 72 bytes */
			certs[i] = tw_cert_free(certs[i]);
			tw_buf_clear(&ders[i]);
			CHECK_OK(tw_cert_make(sys, &want, key, NULL, key, &certs[i]));
			CHECK_OK(tw_cert_der(certs[i], &ders[i]));
		} while (i == 1 && ders[1].size != ders[0].size);
	}
	return 0;
}

static int tear_down(void **state)
{
	for (size_t i = 0; i < MADE; i++) {
		certs[i] = tw_cert_free(certs[i]);
		tw_buf_done(&ders[i]);
	}
	key = tw_key_free(key);
	return 0;
}

/* What lies before and behind the certificates; NULL: as OpenSSL writes it. */
struct form {
	struct tw_slice version, digests, said, lists, signers;
	struct tw_slice among;  /* the certificates, as the first */
	struct tw_slice behind; /* what is signed, in the wrapping around it */
	size_t repeated;        /* of the first certificate, at the end */
	size_t count;           /* certificates */
	bool is_open;           /* wrappings of indefinite length */
	bool is_bare;           /* no wrapping around the certificates, but a byte in front of them */
	int is_long;            /* which wrapping has a length of three bytes where two are enough; 1: the outermost */
	const char *after;      /* behind the end, two zeros if is_open */
};

#define BYTES(text)                    \
	(struct tw_slice)              \
	{                              \
		text, sizeof(text) - 1 \
	}
#define ID_DATA "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
#define ID_SIGNED "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"

static void add(struct tw_buf *to, struct tw_slice s, struct tw_slice otherwise)
{
	CHECK_OK(tw_buf_add(to, s.at ? s.at : otherwise.at, s.at ? s.size : otherwise.size));
}

/* What is in it so far becomes the content of this. */
static void wrap(struct tw_buf *b, uint8_t tag, int which, const struct form *f)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf inner = *b;
	const uint8_t open[] = { tag, 0x80 }, normal[] = { tag, 0x82, (uint8_t)(b->size >> 8), (uint8_t)b->size };
	const uint8_t longer[] = { tag, 0x83, 0, (uint8_t)(b->size >> 8), (uint8_t)b->size };

	CHECK(b->size >= 256 && b->size < 65536);
	tw_buf_init(b, sys, TW_BAG_MAX);
	if (f->is_open)
		CHECK_OK(tw_buf_add(b, open, sizeof open));
	else
		CHECK_OK(f->is_long == which ? tw_buf_add(b, longer, sizeof longer) : tw_buf_add(b, normal, sizeof normal));
	CHECK_OK(tw_buf_add(b, inner.data, inner.size));
	CHECK_OK(tw_buf_add(b, "\0", f->is_open ? 2 : 0));
}

static void bag(const struct form *f, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf inner = { 0 };

	tw_buf_init(&inner, sys, TW_BAG_MAX);
	CHECK_OK(tw_buf_add(&inner, "\x04", f->is_bare));
	add(&inner, f->among, BYTES(""));
	for (size_t i = 0; i < f->count + f->repeated; i++) {
		const struct tw_buf *one = &ders[i < f->count ? i : 0];
		CHECK_OK(tw_buf_add(&inner, one->data, one->size));
	}
	if (!f->is_bare)
		wrap(&inner, 0xa0, 4, f);
	tw_buf_init(ret, sys, TW_BAG_MAX);
	add(ret, f->version, BYTES("\x02\x01\x01"));
	add(ret, f->digests, BYTES("\x31\x00"));
	add(ret, f->said, BYTES("\x30\x0b" ID_DATA));
	CHECK_OK(tw_buf_add(ret, inner.data, inner.size));
	add(ret, f->lists, BYTES(""));
	add(ret, f->signers, BYTES("\x31\x00"));
	wrap(ret, 0x30, 3, f);
	add(ret, f->behind, BYTES(""));
	wrap(ret, 0xa0, 2, f);
	inner.size = 0;
	CHECK_OK(tw_buf_add(&inner, ID_SIGNED, sizeof ID_SIGNED - 1));
	CHECK_OK(tw_buf_add(&inner, ret->data, ret->size));
	wrap(&inner, 0x30, 1, f);
	ret->size = 0;
	CHECK_OK(tw_buf_add(ret, inner.data, inner.size));
	CHECK_OK(tw_buf_text(ret, f->after ? f->after : ""));
}

static tw_err read_of(const void *data, size_t size, size_t most, size_t *ret_count)
{
	TW_CLEANUP(tw_certs_done) struct tw_certs read = { 0 };

	TW_TRY(tw_bag_read(sys, (struct tw_slice){ data, size }, most, &read));
	for (size_t i = 0; i < read.count; i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };

		tw_buf_init(&der, sys, 4096);
		CHECK_OK(tw_cert_der(read.of[i], &der));
		CHECK(i < MADE && der.size == ders[i].size && memcmp(der.data, ders[i].data, der.size) == 0);
	}
	*ret_count = read.count;
	return TW_OK;
}

/* Each form, and how many certificates come out of it; 0: SYNTAX. */
static void test_forms(void **state)
{
	static const struct {
		struct form form;
		size_t count;
	} rows[] = {
		{ { .count = 1 }, 1 },
		{ { .count = 3 }, 3 },
		{ { .count = 2, .said = BYTES("\x30\x0f" ID_DATA "\xa0\x02\x04\x00") }, 2 }, /* PKCS7_content_new */
		{ { .count = 2, .lists = BYTES("\xa1\x00") }, 2 },                           /* Go */
		{ { .count = 2, .is_open = true }, 2 },                                      /* BouncyCastle */
		{ { .count = 2, .is_open = true, .said = BYTES("\x30\x80" ID_DATA "\x00\x00") }, 2 },
		{ { .count = 1, .repeated = 1 }, 0 },
		{ { .count = 2, .repeated = 1 }, 0 },
		{ { .count = 1, .is_long = 1 }, 0 },
		{ { .count = 1, .is_long = 2 }, 0 },
		{ { .count = 1, .is_long = 3 }, 0 },
		{ { .count = 1, .is_long = 4 }, 0 },
		{ { .count = 1, .after = "x" }, 0 },
		{ { .count = 1, .is_open = true, .after = "x" }, 0 },
		{ { .count = 1, .version = BYTES("\x02\x01\x00") }, 0 },
		{ { .count = 1, .version = BYTES("\x02\x01\x03") }, 0 },
		{ { .count = 1, .version = BYTES("\x02\x02\x00\x01") }, 0 },
		{ { .count = 1, .version = BYTES("") }, 0 },
		{ { .count = 1, .digests = BYTES("") }, 0 },
		{ { .count = 1, .digests = BYTES("\x31\x80\x00\x00") }, 0 },
		{ { .count = 1, .digests = BYTES("\x31\x0d\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01") }, 0 }, /* SHA-256 */
		{ { .count = 1, .said = BYTES("\x30\x10" ID_DATA "\xa0\x03\x04\x01x") }, 0 },
		{ { .count = 1, .said = BYTES("\x30\x0d" ID_DATA "\xa0\x00") }, 0 },
		{ { .count = 1, .said = BYTES("\x30\x81\x0b" ID_DATA) }, 0 },
		{ { .count = 1, .said = BYTES("\x30\x0b" ID_SIGNED) }, 0 },
		{ { .count = 1, .said = BYTES("") }, 0 },
		{ { .count = 1, .is_open = true, .said = BYTES("\x04" ID_DATA "\x00\x00") }, 0 }, /* ends where what is around it would */
		{ { .count = 1, .is_bare = true, .signers = BYTES(""), .behind = BYTES("\x31\x00") }, 0 }, /* the same */
		{ { .count = 1, .lists = BYTES("\xa1\x02\x30\x00") }, 0 },
		{ { .count = 1, .lists = BYTES("\xa1\x00\xa1\x00") }, 0 },
		{ { .count = 1, .signers = BYTES("\x31\x02\x30\x00") }, 0 },
		{ { .count = 1, .signers = BYTES("") }, 0 },
		{ { .count = 1, .signers = BYTES("\x31\x00\x31\x00") }, 0 },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		size_t count = 0;

		bag(&rows[i].form, &b);
		tw_err e = read_of(b.data, b.size, COUNT, &count);
		if (count != rows[i].count || (count == 0 && !tw_is(e, TW_CODE_SYNTAX)))
			fail_msg("row %zu: %zu certificates, %s", i, count, tw_failed(e) ? tw_err_detail() : "taken");
	}
}

/* No byte of the wrapping may be another, and no byte may be missing at the end. */
static void test_each_byte(void **state)
{
	for (int open = 0; open < 2; open++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		size_t count = 0;

		bag(&(struct form){ .count = 1, .is_open = open }, &b);
		CHECK_OK(read_of(b.data, b.size, COUNT, &count));
		size_t behind = open ? 10 : 2, before = b.size - behind - ders[0].size;
		for (size_t at = 0; at < b.size; at = at + 1 == before ? b.size - behind : at + 1)
			for (unsigned flip = 1; flip < 256; flip++) {
				b.data[at] ^= (char)flip;
				if (!tw_failed(read_of(b.data, b.size, COUNT, &count)))
					fail_msg("byte %zu as 0x%02x", at, (unsigned)(uint8_t)b.data[at]);
				b.data[at] ^= (char)flip;
			}
		for (size_t size = 0; size < b.size; size++) {
			char *exact = malloc(1 + size); /* AddressSanitizer sees what is read behind it */

			CHECK(exact);
			memcpy(exact + 1, b.data, size);
			CHECK(tw_failed(read_of(exact + 1, size, COUNT, &count)));
			free(exact);
		}
	}
}

static void test_limits(void **state)
{
	static char large[TW_BAG_MAX + 1];
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const char none[] = "\x30\x25" ID_SIGNED "\xa0\x18\x30\x16\x02\x01\x01\x31\x00\x30\x0b" ID_DATA "\xa0\x00\x31\x00";
	size_t count = 0;

	CHECK_ERR(read_of(large, sizeof large, COUNT, &count), LIMIT);
	CHECK_ERR(read_of(large, sizeof large - 1, COUNT, &count), SYNTAX);
	CHECK_ERR(read_of(large, 0, COUNT, &count), LIMIT);
	CHECK_ERR(read_of(none, sizeof none - 1, COUNT, &count), LIMIT);
	bag(&(struct form){ .count = 3 }, &b);
	CHECK_OK(read_of(b.data, b.size, 3, &count));
	CHECK_ERR(read_of(b.data, b.size, 2, &count), LIMIT);
	for (size_t n = TW_ANCHORS_MAX; n <= MADE; n++) {
		tw_buf_done(&b);
		bag(&(struct form){ .count = n }, &b);
		CHECK_INT(read_of(b.data, b.size, 99, &count).code, n > TW_ANCHORS_MAX ? TW_CODE_LIMIT : TW_CODE_OK);
	}
	CHECK_INT(count, TW_ANCHORS_MAX);
}

/* In a wrapping that looks like a comment before it, so that a reader of PEM would find it. */
static void test_pem_among_them(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 }, b = { 0 };
	const char head[] = { '#', '\x82', 0, 0, '\n' };
	size_t count = 0;

	tw_buf_init(&pem, sys, 4096);
	CHECK_OK(tw_buf_add(&pem, head, sizeof head));
	CHECK_OK(tw_cert_pem(certs[2], &pem));
	pem.data[2] = (char)((pem.size - 4) >> 8);
	pem.data[3] = (char)(pem.size - 4);
	bag(&(struct form){ .count = 1, .among = tw_buf_slice(&pem) }, &b);
	CHECK_ERR(read_of(b.data, b.size, COUNT, &count), SYNTAX);
}

/* Who writes it with OpenSSL: PKCS7_content_new or not. */
static void test_openssl(void **state)
{
	for (int with_content = 0; with_content < 2; with_content++) {
		PKCS7 *p = PKCS7_new();
		uint8_t *at = NULL;
		size_t count = 0;

		CHECK(PKCS7_set_type(p, NID_pkcs7_signed) == 1);
		if (with_content)
			CHECK(PKCS7_content_new(p, NID_pkcs7_data) == 1);
		else
			p->d.sign->contents->type = OBJ_nid2obj(NID_pkcs7_data);
		for (size_t i = 0; i < COUNT; i++)
			CHECK(PKCS7_add_certificate(p, tw_cert_x509(certs[i])) == 1);
		int size = i2d_PKCS7(p, &at);
		CHECK(size > 0);
		CHECK_OK(read_of(at, (size_t)size, COUNT, &count));
		CHECK_INT(count, COUNT);
		OPENSSL_free(at);
		PKCS7_free(p);
	}
}

static tw_err read_it(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_certs_done) struct tw_certs read = { 0 };

	return tw_bag_read(s, tw_buf_slice(user), COUNT, &read);
}

static void test_out_of_memory(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	bag(&(struct form){ .count = 2 }, &b);
	(void)oom_sweep(read_it, &b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_forms), TEST(test_each_byte), TEST(test_limits), TEST(test_pem_among_them), TEST(test_openssl), TEST(test_out_of_memory))
