/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/dnsnames.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"
#include "sys/real.h"

#include <openssl/x509v3.h>

static const struct tw_sys *sys;
static tw_key *key;

static int set_up(void **state)
{
	sys = tw_sys_real();
	tw_crypto_use(sys);
	CHECK_OK(tw_key_generate(sys, &key));
	return 0;
}

static int tear_down(void **state)
{
	key = tw_key_free(key);
	return 0;
}

/* A certificate with these alternative names in OpenSSL's words; NULL: none. */
static tw_cert *with(const char *names)
{
	const struct tw_cert_want want = { .common_name = "pump", .is_server = true };
	TW_CLEANUP(tw_cert_freep) tw_cert *plain = NULL;
	tw_cert *c = NULL;
	uint8_t *der = NULL;

	CHECK_OK(tw_cert_make(sys, &want, key, NULL, key, &plain));
	X509 *x = X509_dup(tw_cert_x509(plain));
	if (names) {
		X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
		CHECK(e && X509_add_ext(x, e, -1) == 1);
		X509_EXTENSION_free(e);
	}
	int size = X509_sign(x, tw_key_evp(key), EVP_sha256()) > 0 ? i2d_X509(x, &der) : 0;
	CHECK_OK(tw_cert_load(sys, (struct tw_slice){ (const char *)der, (size_t)size }, &c));
	OPENSSL_free(der);
	X509_free(x);
	return c;
}

#define TEN "a1234567890123456789012345678901234567890123456789012345678901."

static void test_names(void **state)
{
	static const struct {
		const char *names;
		enum tw_code want;
		size_t count;
	} rows[] = {
		{ "DNS:pump.example", TW_CODE_OK, 1 },
		{ "DNS:Pump.EXAMPLE,DNS:pump-7,URI:urn:x,IP:192.0.2.1,email:a@b.example", TW_CODE_OK, 2 },
		{ "DNS:a.x,DNS:b.x,DNS:c.x,DNS:d.x,DNS:e.x,DNS:f.x,DNS:g.x,DNS:h.x", TW_CODE_OK, 8 },
		{ "DNS:a.x,DNS:b.x,DNS:c.x,DNS:d.x,DNS:e.x,DNS:f.x,DNS:g.x,DNS:h.x,DNS:i.x", TW_CODE_LIMIT },
		{ "DNS:7.x1", TW_CODE_OK, 1 },
		{ "DNS:pump.7x", TW_CODE_OK, 1 },
		{ "DNS:pump.7-7", TW_CODE_OK, 1 },
		{ NULL, TW_CODE_NOTFOUND },
		{ "IP:192.0.2.1", TW_CODE_NOTFOUND },
		{ "DNS:*.example", TW_CODE_UNSUPPORTED },
		{ "DNS:192.0.2.1", TW_CODE_UNSUPPORTED },
		{ "DNS:7", TW_CODE_UNSUPPORTED },
		{ "DNS:localhost", TW_CODE_UNSUPPORTED },
		{ "DNS:LocalHost", TW_CODE_UNSUPPORTED },
		{ "DNS:pump.example.", TW_CODE_UNSUPPORTED },
		{ "DNS:pump_7.example", TW_CODE_UNSUPPORTED },
		{ "DNS:good.example,DNS:*.example", TW_CODE_UNSUPPORTED },
		{ "DNS:*.example,DNS:good.example", TW_CODE_UNSUPPORTED },
		{ "DNS:" TEN TEN TEN "a12345678901234567890123456789012345678901234567890123456789", TW_CODE_OK, 1 },
		{ "DNS:" TEN TEN TEN TEN "abc", TW_CODE_UNSUPPORTED },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_cert_freep) tw_cert *c = with(rows[i].names);
		struct tw_dns_names n;
		tw_err e = tw_cert_dns_names(c, &n);

		if (e.code != rows[i].want || (e.code == TW_CODE_OK && n.count != rows[i].count))
			fail_msg("%s: %s, %zu names", rows[i].names ? rows[i].names : "none", tw_code_name(e.code), n.count);
	}
}

static void test_have(void **state)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *c = with("DNS:Pump.example,DNS:pump-7");
	struct tw_dns_names n;

	CHECK_OK(tw_cert_dns_names(c, &n));
	CHECK_TEXT(n.of[0], "pump.example");
	CHECK(tw_dns_names_have(&n, TW_SLICE("pump.example")) && tw_dns_names_have(&n, TW_SLICE("PUMP-7")));
	CHECK(!tw_dns_names_have(&n, TW_SLICE("pump")) && !tw_dns_names_have(&n, TW_SLICE("pump.example.")) &&
		!tw_dns_names_have(&n, TW_SLICE("")));
}

struct named {
	tw_cert *certificate;
	struct tw_dns_names names;
};

static tw_err read_names(const struct tw_sys *fake, void *user)
{
	struct named *m = user;

	return tw_cert_dns_names(m->certificate, &m->names);
}

static void judge_names(void *user)
{
	const struct named *m = user;

	CHECK_INT(m->names.count, 2);
	CHECK_TEXT(m->names.of[0], "pump.example");
	CHECK_TEXT(m->names.of[1], "pump-7");
}

static void test_without_memory(void **state)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *c = with("DNS:pump.example,DNS:pump-7");
	struct named m = { .certificate = c };

	CHECK(oom_sweep(read_names, &m) > 1);
	judged_sweep(read_names, judge_names, &m); /* nor is it said of the certificate that it has none */
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
CHECK_MAIN(T(test_names), T(test_have), T(test_without_memory))
