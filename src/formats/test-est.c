/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of EST: addresses, what an answer means, and bags of certificates of every wrong form. */
#include "formats/est.h"

#include "base/text.h"
#include "check.h"
#include "lay.h"
#include "crypto/hash.h"
#include "oom.h"
#include "sys/real.h"

#include <openssl/pkcs7.h>
#include <openssl/x509.h>

static const struct tw_sys *sys;
static tw_key *ca_key, *key;
static tw_cert *ca, *cert;

static int set_up(void **state)
{
	const struct tw_cert_want authority = { .common_name = "ca", .is_ca = true, .not_before_ms = 1 };
	const struct tw_cert_want unit = { .common_name = "unit", .is_client = true, .uri = "urn:dev:ops:1-x-1", .not_before_ms = 1 };

	sys = tw_sys_real();
	tw_crypto_use(sys);
	CHECK_OK(tw_key_generate(sys, &ca_key));
	CHECK_OK(tw_key_generate(sys, &key));
	CHECK_OK(tw_cert_make(sys, &authority, ca_key, NULL, ca_key, &ca));
	CHECK_OK(tw_cert_make(sys, &unit, key, ca, ca_key, &cert));
	return 0;
}

static int tear_down(void **state)
{
	(void)tw_cert_free(ca);
	(void)tw_cert_free(cert);
	(void)tw_key_free(ca_key);
	(void)tw_key_free(key);
	return 0;
}

/* What a server sends: so many of them, and that after the end of the DER. */
static void bag_text(const tw_cert *const *all, size_t count, const char *behind, const char *content, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	PKCS7 *p = PKCS7_new();
	uint8_t *at = NULL;

	CHECK(PKCS7_set_type(p, NID_pkcs7_signed) == 1 && PKCS7_content_new(p, NID_pkcs7_data) == 1);
	if (content)
		CHECK(ASN1_OCTET_STRING_set(p->d.sign->contents->d.data, (const uint8_t *)content, (int)strlen(content)) == 1);
	for (size_t i = 0; i < count; i++)
		CHECK(PKCS7_add_certificate(p, tw_cert_x509(all[i])) == 1);
	int size = i2d_PKCS7(p, &at);
	CHECK(size > 0);
	tw_buf_init(&der, sys, 65536);
	tw_buf_init(ret, sys, 65536);
	CHECK_OK(tw_buf_add(&der, at, (size_t)size));
	CHECK_OK(tw_buf_text(&der, behind));
	CHECK_OK(tw_buf_base64(ret, der.data, der.size));
	OPENSSL_free(at);
	PKCS7_free(p);
}

#define TYPE TW_SLICE("application/pkcs7-mime; smime-type=certs-only")

static void test_addresses(void **state)
{
	static const struct {
		const char *url, *place; /* NULL: refused */
	} rows[] = {
		{ "https://est.example", "https://est.example/.well-known/est/cacerts" },
		{ "https://[::1]:8443", "https://[::1]:8443/.well-known/est/cacerts" },
		{ "https://est.example/.well-known/est", "https://est.example/.well-known/est/cacerts" },
		{ "https://est.example/.well-known/est/line-7", "https://est.example/.well-known/est/line-7/cacerts" },
		{ "https://EST.AZaz09/.well-known/est/AZaz09-._~", "https://EST.AZaz09/.well-known/est/AZaz09-._~/cacerts" },
		{ "", NULL },
		{ "http://est.example", NULL },
		{ "https://", NULL },
		{ "https:///x", NULL },
		{ "https://user@est.example", NULL },
		{ "https://est.example/", NULL },
		{ "https://est.example/other", NULL },
		{ "https://est.example?x", NULL },
		{ "https://est.example#x", NULL },
		{ "https://est.example/.well-known/est/", NULL },
		{ "https://est.example/.well-known/est/a/b", NULL },
		{ "https://est.example/.well-known/est/a?b", NULL },
		{ "https://est example", NULL },
		{ "https://est.example\r\nX: y", NULL },
		{ "est.example", NULL },
		{ "https://est_example", NULL },
		{ "https://est{example", NULL },
		{ "https://est.example/.well-known/est/a^b", NULL },
		{ "https://est.example/.well-known/est/a{b", NULL },
		{ "https://est.example/.well-known/estate", NULL },
	};
	struct tw_est e = { 0 };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		CHECK_INT(tw_est_url_valid(tw_slice_of(rows[i].url)), rows[i].place != NULL);
		tw_buf_init(&b, sys, 1024);
		if (!rows[i].place)
			continue;
		CHECK_OK(tw_est_place(tw_slice_of(rows[i].url), &e, &b));
		CHECK_TEXT(tw_buf_cstr(&b), rows[i].place);
	}
	TW_CLEANUP(tw_buf_done) struct tw_buf enrol = { 0 };
	tw_buf_init(&enrol, sys, 1024);
	e.stage = TW_EST_ENROL;
	CHECK_OK(tw_est_place(TW_SLICE("https://a"), &e, &enrol));
	e.again = true;
	CHECK_OK(tw_est_place(TW_SLICE(" https://a"), &e, &enrol));
	CHECK_TEXT(tw_buf_cstr(&enrol), "https://a/.well-known/est/simpleenroll https://a/.well-known/est/simplereenroll");
}

/* An address is its bytes: what stands behind them does not count, a NUL among them is no end, and there may be 512. */
static void test_where_an_address_ends(void **state)
{
	char longest[TW_EST_URL_MAX + 2];

	memset(longest, 'a', sizeof longest);
	lay_text(longest, "https://");
	CHECK(tw_est_url_valid((struct tw_slice){ longest, TW_EST_URL_MAX }));
	CHECK(!tw_est_url_valid((struct tw_slice){ longest, TW_EST_URL_MAX + 1 }));
	CHECK(tw_est_url_valid((struct tw_slice){ "https://est.example", 15 }));
	CHECK(!tw_est_url_valid(TW_SLICE("https://est\0.example")));
	CHECK(!tw_est_url_valid(TW_SLICE("https://est.example/.well-known/est/a\0b")));
}

static void test_what_is_sent(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 }, basic = { 0 }, der = { 0 };
	TW_CLEANUP(tw_csr_freep) tw_csr *csr = NULL;
	const struct tw_csr_names names = { .common_name = "X-1", .uri = "urn:dev:ops:1-x-1" };
	const struct tw_digest_signer signer = tw_digest_signer_of_key(key);
	uint8_t point[TW_POINT_SIZE];
	size_t size = 0;

	tw_buf_init(&b, sys, 8192);
	tw_buf_init(&basic, sys, 100);
	tw_buf_init(&der, sys, 8192);
	CHECK_OK(tw_est_basic(TW_SLICE("unit:s3cret"), &basic));
	CHECK_TEXT(tw_buf_cstr(&basic), "Basic dW5pdDpzM2NyZXQ=");
	CHECK_OK(tw_key_point(key, point));
	CHECK_OK(tw_est_request(sys, &names, point, &signer, &b));
	CHECK_OK(tw_buf_reserve(&der, b.size));
	CHECK_OK(tw_parse_base64(tw_buf_slice(&b), b.size, der.data, &size));
	der.size = size;
	CHECK_OK(tw_csr_load(sys, tw_buf_slice(&der), &csr));
	CHECK_TEXT(tw_csr_get_names(csr).uri, "urn:dev:ops:1-x-1");
	CHECK_TEXT(tw_csr_get_names(csr).common_name, "X-1");
}

static void test_the_whole_way(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf cas = { 0 }, one = { 0 };
	TW_CLEANUP(tw_est_done) struct tw_est e = { 0 };
	struct tw_est_answer a = { 200, 0, TYPE, { 0 } };

	bag_text((const tw_cert *const[]){ ca }, 1, "", NULL, &cas);
	bag_text((const tw_cert *const[]){ cert }, 1, "", NULL, &one);
	a.body = tw_buf_slice(&cas);
	CHECK_OK(tw_est_take(sys, &e, &a));
	CHECK(e.stage == TW_EST_ENROL && e.authorities.count == 1 && e.wait_s == 0);
	CHECK_OK(tw_est_take(sys, &e, &(struct tw_est_answer){ 202, 7, TYPE, { 0 } }));
	CHECK(e.stage == TW_EST_ENROL && e.wait_s == 7);
	CHECK_OK(tw_est_take(sys, &e, &(struct tw_est_answer){ 202, 0, TYPE, { 0 } }));
	CHECK_INT(e.wait_s, TW_EST_WAIT_MIN_S);
	CHECK_OK(tw_est_take(sys, &e, &(struct tw_est_answer){ 202, 1 << 30, TYPE, { 0 } }));
	CHECK_INT(e.wait_s, TW_EST_WAIT_MAX_S);
	a.body = tw_buf_slice(&one);
	CHECK_OK(tw_est_take(sys, &e, &a));
	CHECK(e.stage == TW_EST_HAS && e.issued.count == 1 && e.wait_s == 0);
}

/* The one certificate as other servers send it: with another spelling of the type, and in lines. */
static void test_other_spellings(void **state)
{
	static const struct tw_slice types[] = { TW_SLICE("application/pkcs7-mime"), TW_SLICE("Application/PKCS7-MIME"),
		TW_SLICE("application/pkcs7-mime ; smime-type=certs-only"), TW_SLICE("application/pkcs7-mime;x") };
	TW_CLEANUP(tw_buf_done) struct tw_buf one = { 0 }, lines = { 0 };

	bag_text((const tw_cert *const[]){ cert }, 1, "", NULL, &one);
	tw_buf_init(&lines, sys, (size_t)2 * TW_BAG_MAX + 1);
	for (size_t at = 0; at < one.size; at += 64)
		CHECK_OK(tw_buf_format(&lines, "%.64s\r\n", tw_buf_cstr(&one) + at));
	for (size_t i = 0; i < TW_COUNT(types); i++) {
		TW_CLEANUP(tw_est_done) struct tw_est e = { .stage = TW_EST_ENROL };
		CHECK_OK(tw_est_take(sys, &e, &(struct tw_est_answer){ 200, 0, types[i], tw_buf_slice(&lines) }));
		CHECK_INT(e.stage, TW_EST_HAS);
	}
	for (size_t more = 0; more < 2; more++) { /* as long as a bag may be in base64, and a byte more */
		TW_CLEANUP(tw_est_done) struct tw_est e = { .stage = TW_EST_ENROL };
		while (lines.size < (size_t)2 * TW_BAG_MAX + more)
			CHECK_OK(tw_buf_u8(&lines, '\n'));
		CHECK_OK(tw_est_take(sys, &e, &(struct tw_est_answer){ 200, 0, TYPE, tw_buf_slice(&lines) }));
		CHECK_INT(e.stage, more ? TW_EST_REFUSED : TW_EST_HAS);
	}
}

/* One answer at one stage, and the rule by which it is refused. */
static void refused(enum tw_est_stage stage, struct tw_est_answer a, const char *rule)
{
	TW_CLEANUP(tw_est_done) struct tw_est e = { .stage = stage };

	CHECK_OK(tw_est_take(sys, &e, &a));
	CHECK(e.stage == TW_EST_REFUSED && e.words[0]);
	CHECK_TEXT(e.rule, rule);
}

static void test_refusals(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf one = { 0 }, two = { 0 }, none = { 0 }, more = { 0 }, said = { 0 };
	const tw_cert *const all[] = { cert, ca };

	bag_text(all, 1, "", NULL, &one);
	bag_text(all, 2, "", NULL, &two);
	bag_text(all, 0, "", NULL, &none);
	bag_text(all, 1, "x", NULL, &more);
	bag_text(all, 1, "", "content", &said);
	refused(TW_EST_ENROL, (struct tw_est_answer){ 200, 0, TYPE, tw_buf_slice(&two) }, "est.answer");
	refused(TW_EST_ENROL, (struct tw_est_answer){ 200, 0, TYPE, tw_buf_slice(&none) }, "est.answer");
	refused(TW_EST_CACERTS, (struct tw_est_answer){ 200, 0, TYPE, tw_buf_slice(&none) }, "est.answer");
	refused(TW_EST_ENROL, (struct tw_est_answer){ 200, 0, TYPE, tw_buf_slice(&more) }, "est.answer");
	refused(TW_EST_ENROL, (struct tw_est_answer){ 200, 0, TYPE, tw_buf_slice(&said) }, "est.answer");
	refused(TW_EST_ENROL, (struct tw_est_answer){ 200, 0, TYPE, { 0 } }, "est.answer");
	refused(TW_EST_ENROL, (struct tw_est_answer){ 200, 0, TYPE, TW_SLICE("!!!!") }, "est.answer");
	refused(TW_EST_ENROL, (struct tw_est_answer){ 200, 0, TW_SLICE("text/html"), tw_buf_slice(&one) }, "est.answer");
	refused(TW_EST_ENROL, (struct tw_est_answer){ 200, 0, TW_SLICE("application/pkcs7-mimes"), tw_buf_slice(&one) }, "est.answer");
	refused(TW_EST_ENROL, (struct tw_est_answer){ 200, 0, TW_SLICE("application/pkcs8-mime"), tw_buf_slice(&one) }, "est.answer");
	refused(TW_EST_ENROL, (struct tw_est_answer){ 200, 0, { TYPE.at, 21 }, tw_buf_slice(&one) }, "est.answer");
	refused(TW_EST_ENROL, (struct tw_est_answer){ 401, 0, TYPE, { 0 } }, "est.credentials");
	refused(TW_EST_ENROL, (struct tw_est_answer){ 403, 0, TYPE, { 0 } }, "est.refused");
	refused(TW_EST_ENROL, (struct tw_est_answer){ 204, 0, TYPE, { 0 } }, "est.refused");
	refused(TW_EST_CACERTS, (struct tw_est_answer){ 202, 1, TYPE, { 0 } }, "est.refused");
	TW_CLEANUP(tw_est_done) struct tw_est e = { .stage = TW_EST_ENROL, .tries = TW_EST_TRIES_MAX };
	CHECK_OK(tw_est_take(sys, &e, &(struct tw_est_answer){ 202, 1, TYPE, { 0 } }));
	CHECK_TEXT(e.rule, "est.later");
	for (size_t size = 0; size < one.size; size += 4) /* each cut of it */
		refused(TW_EST_ENROL, (struct tw_est_answer){ 200, 0, TYPE, { one.data, size } }, "est.answer");
}

static tw_err take(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_est_done) struct tw_est e = { .stage = TW_EST_ENROL };

	TW_TRY(tw_est_take(s, &e, user));
	return e.stage == TW_EST_HAS ? TW_OK : TW_RAISE(SYNTAX, "the server was blamed: %s", e.words);
}

static void test_out_of_memory(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf one = { 0 };
	struct tw_est_answer a = { 200, 0, TYPE, { 0 } };

	bag_text((const tw_cert *const[]){ cert }, 1, "", NULL, &one);
	a.body = tw_buf_slice(&one);
	CHECK_OK(take(sys, &a));
	(void)oom_sweep(take, &a);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_addresses), TEST(test_where_an_address_ends), TEST(test_what_is_sent), TEST(test_the_whole_way),
	TEST(test_other_spellings), TEST(test_refusals), TEST(test_out_of_memory))
