/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By what names browsers reach the device: which certificates may say so, what becomes of them, and who puts them there. Linked with
 * --wrap=tw_cert_fingerprint.
 */
#include "lacking.h"
#include "not-p256.h"

#include "base/text.h"
#include "crypto/cert.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define NAMES "/api/v1/names"
#define DAY (24 * 3600 * 1000LL)

static bool fails; /* the fingerprint, after it was made */
tw_err __real_tw_cert_fingerprint(const tw_cert *c, uint8_t ret[32]);
tw_err __wrap_tw_cert_fingerprint(const tw_cert *c, uint8_t ret[32]);
tw_err __wrap_tw_cert_fingerprint(const tw_cert *c, uint8_t ret[32])
{
	TW_TRY(__real_tw_cert_fingerprint(c, ret));
	return fails ? TW_RAISE(CRYPTO, "a fingerprint") : TW_OK;
}

static tw_key *ca_key;
static tw_cert *ca;

static int set_up(void **state)
{
	const struct tw_cert_want want = { .common_name = "The organization", .is_ca = true, .not_before_ms = WORLD_WALL - DAY };

	if (set_up_owned(state))
		return -1;
	CHECK_OK(tw_key_generate(tw_sys_real(), &ca_key));
	CHECK_OK(tw_cert_make(tw_sys_real(), &want, ca_key, NULL, ca_key, &ca));
	return 0;
}

static int end(void **state)
{
	ca = tw_cert_free(ca);
	ca_key = tw_key_free(ca_key);
	return tear_down(state);
}

static char body[9000];

/* The body that gives such a certificate over this key; NULL: the listener's. */
static const char *with(const struct tw_cert_want *want, const tw_key *key)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *c = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *listener = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 }, text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	CHECK_OK(tw_cert_key(device()->listener, &listener));
	CHECK_OK(tw_cert_make(tw_sys_real(), want, key ? key : listener, ca, ca_key, &c));
	tw_buf_init(&pem, tw_sys_real(), 8192);
	tw_buf_init(&text, tw_sys_real(), sizeof body - 1);
	CHECK_OK(tw_cert_pem(c, &pem));
	j = json_pack("{s:s}", "certificate", tw_buf_cstr(&pem));
	CHECK_OK(tw_json_write(j, &text));
	(void)snprintf(body, sizeof body, "%s", tw_buf_cstr(&text));
	return body;
}

static void extend(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *one = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	CHECK(one);
	CHECK_INT(X509_add_ext(x, one, -1), 1);
	X509_EXTENSION_free(one);
}

/* The same of one that is made elsewhere: over the listener's key, with these names and that comment (NULL: without one). */
static const char *with_odd(const char *constraints, const char *names, const char *comment)
{
	X509 *x = X509_new();
	EVP_PKEY *by = EVP_EC_gen("P-256");
	BIO *pem = BIO_new(BIO_s_mem());
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	char *at;

	CHECK(X509_set_version(x, X509_VERSION_3) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(x), 7) == 1);
	CHECK_INT(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, (const uint8_t *)"pump", -1, -1, 0), 1);
	CHECK_INT(X509_NAME_add_entry_by_txt(X509_get_issuer_name(x), "CN", MBSTRING_UTF8, (const uint8_t *)"An authority", -1, -1, 0), 1);
	CHECK(ASN1_TIME_set_string(X509_getm_notBefore(x), "20260101000000Z") == 1 &&
		ASN1_TIME_set_string(X509_getm_notAfter(x), "20490101000000Z") == 1);
	CHECK_INT(X509_set_pubkey(x, X509_get0_pubkey(tw_cert_x509(device()->listener))), 1);
	extend(x, NID_basic_constraints, constraints);
	extend(x, NID_ext_key_usage, "serverAuth");
	extend(x, NID_subject_alt_name, names);
	if (comment)
		extend(x, NID_netscape_comment, comment);
	CHECK(X509_sign(x, by, EVP_sha256()) > 0);
	CHECK_INT(PEM_write_bio_X509(pem, x), 1);
	const long size = BIO_get_mem_data(pem, &at);
	j = json_pack("{s:s#}", "certificate", at, (int)size);
	tw_buf_init(&text, tw_sys_real(), sizeof body - 1);
	CHECK_OK(tw_json_write(j, &text));
	(void)snprintf(body, sizeof body, "%s", tw_buf_cstr(&text));
	BIO_free(pem);
	EVP_PKEY_free(by);
	X509_free(x);
	return body;
}

#define EIGHT "DNS:a.example,DNS:b.example,DNS:c.example,DNS:d.example,DNS:e.example,DNS:f.example,DNS:g.example,DNS:h.example"

static const struct tw_cert_want good = { .common_name = "pump", .is_server = true, .dns = "Pump.example", .not_before_ms = WORLD_WALL - DAY };

static void check_names(const char *names)
{
	check_as(NULL, "GET", NAMES, NULL, 200, names);
}

static void test_given_kept_and_taken_back(void **state)
{
	uint32_t generation = device()->named_generation;

	check_names("\"names\":[]");
	check_as(NULL, "GET", NAMES, NULL, 200, "\"listener\":\"-----BEGIN CERTIFICATE-----");
	CHECK(!strstr(tw_unit_body(w.unit), "\"until\""));
	check_as(NULL, "PUT", NAMES, with(&good, NULL), 204, NULL);
	CHECK(device()->named_generation > generation);
	check_names("\"names\":[\"pump.example\"]");
	check_as(NULL, "GET", NAMES, NULL, 200, "\"until\":\"9999-12-31");
	check_as(NULL, "GET", NAMES, NULL, 200, "\"certificate\":\"-----BEGIN");
	CHECK(world_log_says(&w, "pump.example"));
	world_start(&w);
	check_names("\"names\":[\"pump.example\"]");
	generation = device()->named_generation;
	check_as(NULL, "DELETE", NAMES, NULL, 204, NULL);
	CHECK(device()->named_generation > generation && !device()->named);
	check_names("\"names\":[]");
	world_start(&w);
	check_names("\"names\":[]");
}

static void test_refused(void **state)
{
	static const struct {
		const char *rule;
		struct tw_cert_want want;
	} rows[] = {
		{ "names.purpose", { .common_name = "pump", .is_client = true, .dns = "pump.example" } },
		{ "names.purpose", { .common_name = "pump", .is_ca = true, .dns = "pump.example" } },
		{ "names.purpose", { .common_name = "pump", .is_ca = true, .is_server = true, .dns = "pump.example" } },
		{ "names.dates", { .common_name = "pump", .is_server = true, .dns = "pump.example", .not_after_ms = WORLD_WALL - 1000 } },
		{ "names.dates", { .common_name = "pump", .is_server = true, .dns = "pump.example", .not_before_ms = WORLD_WALL + DAY } },
		{ "names.name", { .common_name = "pump", .is_server = true } },
		{ "names.name", { .common_name = "pump", .is_server = true, .dns = "localhost" } },
	};
	TW_CLEANUP(tw_key_freep) tw_key *other = NULL;

	CHECK_OK(tw_key_generate(tw_sys_real(), &other));
	check_as(NULL, "PUT", NAMES, with(&good, NULL), 204, NULL);
	check_as(NULL, "PUT", NAMES, "{\"certificate\":\"no certificate\"}", 400, "names.certificate");
	(void)snprintf(body, sizeof body, "{\"certificate\":\"%s\"}", not_p256);
	check_as(NULL, "PUT", NAMES, body, 400, "names.certificate");
	check_as(NULL, "PUT", NAMES, with(&good, other), 400, "names.key");
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		check_as(NULL, "PUT", NAMES, with(&rows[i].want, NULL), 400, rows[i].rule);
	check_names("\"names\":[\"pump.example\"]"); /* the one that is there stays */
}

static void test_refused_of_elsewhere(void **state)
{
	static char comment[3900];

	check_as(NULL, "PUT", NAMES, with_odd("CA:FALSE", EIGHT, NULL), 204, NULL);
	check_as(NULL, "PUT", NAMES, with_odd("CA:TRUE", EIGHT, NULL), 400, "names.purpose"); /* an authority that may be a server's too */
	check_as(NULL, "PUT", NAMES, with_odd("CA:FALSE", EIGHT ",DNS:i.example", NULL), 400, "names.name");
	memset(comment, 'x', sizeof comment - 1);
	check_as(NULL, "PUT", NAMES, with_odd("CA:FALSE", EIGHT, comment), 400, "names.size");
	check_names("\"h.example\"");
}

/* Whose key cannot be told is nobody's. */
static void test_of_no_key(void **state)
{
	const char *what = with(&good, NULL);

	fails = true;
	int status = tw_unit_request(w.unit, "PUT", NAMES, NULL, what);
	fails = false;
	CHECK_INT(status, 400);
	CHECK(strstr(tw_unit_body(w.unit), "names.key"));
}

/* Until the clock can be trusted nothing can be said of dates. */
static void test_dates_want_a_clock(void **state)
{
	const struct tw_cert_want over = { .common_name = "pump", .is_server = true, .dns = "pump.example", .not_after_ms = WORLD_WALL - 1000 };

	check_as(NULL, "PUT", NAMES, with(&over, NULL), 400, "names.dates");
	world_at(&w, 1000, WORLD_BOOT);
	CHECK(!tw_time_trusted(&device()->time));
	check_as(NULL, "PUT", NAMES, body, 204, NULL);
}

/* The key is made new with the owner, so a certificate of before vouches for nobody. */
static void test_ends_with_the_ownership(void **state)
{
	check_as(NULL, "PUT", NAMES, with(&good, NULL), 204, NULL);
	CHECK_INT(recover(), 200);
	CHECK(!device()->named && device()->names.count == 0);
	make_owned();
	check_names("\"names\":[]");
	world_start(&w);
	check_names("\"names\":[]");
}

/* A store that was put back, or a key that was replaced behind its back: it counts for nothing, and the device starts. */
static void test_of_another_key_counts_for_nothing(void **state)
{
	check_as(NULL, "PUT", NAMES, with(&good, NULL), 204, NULL);
	CHECK_OK(tw_device_listener(device(), true));
	CHECK(!device()->named);
	world_start(&w);
	check_names("\"names\":[]");
	CHECK_OK(tw_device_keep(device(), "owner.names", "what an older release took"));
	world_start(&w);
	check_names("\"names\":[]");
}

/* As it was kept by a release that takes more: the device starts without it. */
static void test_kept_and_not_taken(void **state)
{
	const struct tw_cert_want nameless = { .common_name = "pump", .is_server = true, .not_before_ms = WORLD_WALL - DAY };
	TW_CLEANUP(tw_key_freep) tw_key *other = NULL;

	CHECK_OK(tw_key_generate(tw_sys_real(), &other));
	for (size_t i = 0; i < 4; i++) {
		TW_CLEANUP(tw_jsonp) json_t *j = NULL;

		if (i == 0)
			(void)with(&nameless, NULL);
		else if (i == 1)
			(void)with(&good, other); /* good, and for another key than the listener's */
		else if (i == 2)
			(void)with_odd("CA:FALSE", EIGHT ",DNS:i.example", NULL);
		else
			(void)snprintf(body, sizeof body, "{\"certificate\":\"%s\"}", not_p256);
		CHECK_OK(tw_json_parse(tw_slice_of(body), sizeof body, &j));
		CHECK_OK(tw_device_keep(device(), "owner.names", tw_json_text(j, "certificate")));
		world_start(&w);
		check_names("\"names\":[]");
	}
}

static void test_only_an_owner_says(void **state)
{
	char token[64];

	check_as(NULL, "POST", "/api/v1/accounts", "{\"name\":\"bob\",\"kind\":\"person\"}", 201, NULL);
	check_as(NULL, "POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"admin\"}", 201, NULL);
	CHECK_INT(open_for("a2", token), 201);
	check_as(token, "PUT", NAMES, with(&good, NULL), 403, NULL);
	check_as(token, "DELETE", NAMES, NULL, 403, NULL);
	check_as(token, "GET", NAMES, NULL, 200, "\"names\":[]");
}

static int put(const void *what)
{
	return tw_unit_request(w.unit, "PUT", NAMES, NULL, what);
}

static int get(const void *what)
{
	return tw_unit_request(w.unit, "GET", NAMES, NULL, NULL);
}

static bool is_kept(void)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };

	tw_buf_init(&pem, tw_sys_real(), 8192);
	return !tw_failed(tw_device_kept(device(), "owner.names", &pem));
}

/* Without a block of memory nothing is half done: what is told is so, and what is kept counts. */
static void test_without_memory(void **state)
{
	const char *what = with(&good, NULL);
	int status = 0;

	for (long n = 1; n == 1 || memory.fired; n++) {
		status = ask_without(put, what, n);
		CHECK(status == 204 || status >= 500);
		CHECK(status != 204 || is_kept());
		CHECK(is_kept() == (device()->named != NULL));
		if (is_kept() && memory.fired)
			check_as(NULL, "DELETE", NAMES, NULL, 204, NULL);
	}
	CHECK_INT(status, 204);
	for (long n = 1; n == 1 || memory.fired; n++) {
		status = ask_without(get, NULL, n);
		CHECK(status >= 500 || strstr(tw_unit_body(w.unit), "\"certificate\":\"-----BEGIN"));
	}
	CHECK_INT(status, 200);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, end)
CHECK_MAIN(T(test_given_kept_and_taken_back), T(test_refused), T(test_refused_of_elsewhere), T(test_of_no_key),
	T(test_dates_want_a_clock), T(test_ends_with_the_ownership), T(test_of_another_key_counts_for_nothing),
	T(test_kept_and_not_taken), T(test_only_an_owner_says), T(test_without_memory))
