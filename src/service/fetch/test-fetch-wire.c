/* SPDX-License-Identifier: Apache-2.0 */
/* What core and fetch say to one another: goes round, and every other form is refused. */
#include "service/fetch/fetch-wire.h"

#include "base/mem.h"
#include "check.h"
#include "sys/real.h"

static const char home_bytes[TW_DEMAND_HOME_SIZE] = { 4, 8, 10 };
static const char key_bytes[2 * TW_DEMAND_KEY_SIZE] = "k", attester_bytes[TW_DEMAND_ATTESTER_SIZE] = "\4";

static struct tw_fetch_job good(void)
{
	return (struct tw_fetch_job){ .method = TW_FETCH_POST,
		.deadline_s = 60,
		.answer_max = TW_FETCH_ANSWER_MAX,
		.body_size = TW_FETCH_BODY_MAX,
		.now_ms = 1795219200000,
		.url = TW_SLICE("https://est.example/.well-known/est/simpleenroll"),
		.type = TW_SLICE("application/pkcs10"),
		.accept = TW_SLICE("application/pkcs7-mime"),
		.authorization = TW_SLICE("Basic eDp5"),
		.anchors = TW_SLICE("PEM\n"),
		.certificate = TW_SLICE("PEM\nPEM\n"),
		.demand = { .tls = TW_DEMAND_TLS_1_3,
			.suites = 5,
			.groups = 2,
			.keys = { key_bytes, sizeof key_bytes },
			.posture = TW_SLICE("/.well-known/posture"),
			.attester = { attester_bytes, sizeof attester_bytes },
			.claims = TW_SLICE("oemboot=true"),
			.home = { home_bytes, sizeof home_bytes } },
		.link = TW_SLICE("eth0") };
}

static tw_err round_trip(const struct tw_fetch_job *j, struct tw_buf *b, struct tw_fetch_job *ret)
{
	tw_buf_done(b);
	tw_buf_init(b, tw_sys_real(), TW_CHANNEL_MAX);
	CHECK_OK(tw_fetch_job_write(j, b));
	return tw_fetch_job_read(tw_buf_slice(b), ret);
}

static void test_job_goes_round(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_fetch_job j = good(), got;

	CHECK_OK(round_trip(&j, &b, &got));
	CHECK_INT(got.method, TW_FETCH_POST);
	CHECK_INT(got.deadline_s, 60);
	CHECK_INT(got.answer_max, TW_FETCH_ANSWER_MAX);
	CHECK_INT(got.body_size, TW_FETCH_BODY_MAX);
	CHECK(got.now_ms == j.now_ms);
	CHECK(tw_slice_is(got.url, j.url.at) && tw_slice_is(got.type, j.type.at) && tw_slice_is(got.accept, j.accept.at));
	CHECK(tw_slice_is(got.authorization, j.authorization.at) && tw_slice_is(got.anchors, "PEM\n") &&
		tw_slice_is(got.certificate, "PEM\nPEM\n"));
	CHECK_INT(got.demand.tls, TW_DEMAND_TLS_1_3);
	CHECK_INT(got.demand.suites, 5);
	CHECK(tw_slice_is(got.link, "eth0") && !got.by_key && got.demand.home.size == sizeof home_bytes && got.demand.home.at[2] == 10);
	CHECK_INT(got.demand.groups, 2);
	CHECK(got.demand.keys.size == sizeof key_bytes && !memcmp(got.demand.keys.at, key_bytes, sizeof key_bytes));
	CHECK(tw_slice_is(got.demand.posture, j.demand.posture.at) && tw_slice_is(got.demand.claims, j.demand.claims.at));
	CHECK(got.demand.attester.size == sizeof attester_bytes && !memcmp(got.demand.attester.at, attester_bytes, sizeof attester_bytes));
	for (size_t size = 0; size < b.size; size++)
		CHECK(tw_failed(tw_fetch_job_read((struct tw_slice){ b.data, size }, &got)));
	CHECK_OK(tw_buf_u8(&b, 0));
	CHECK_ERR(tw_fetch_job_read(tw_buf_slice(&b), &got), SYNTAX);
}

#define REFUSED(change, code)                              \
	do {                                               \
		struct tw_fetch_job j = good(), got;       \
		change;                                    \
		CHECK_ERR(round_trip(&j, &b, &got), code); \
	} while (0)

static void test_job_refused(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	static char big[TW_FETCH_ANCHORS_MAX + 1];

	memset(big, 'x', sizeof big);
	REFUSED(j.method = 0, SYNTAX);
	REFUSED(j.method = 3, SYNTAX);
	REFUSED(j.method = TW_FETCH_GET, SYNTAX); /* with a body */
	REFUSED(j.deadline_s = 0, SYNTAX);
	REFUSED(j.deadline_s = 61, SYNTAX);
	REFUSED(j.answer_max = 0, SYNTAX);
	REFUSED(j.answer_max++, SYNTAX);
	REFUSED(j.body_size++, SYNTAX);
	REFUSED(j.now_ms = -1, SYNTAX);
	REFUSED(j.url = TW_SLICE(""), SYNTAX);
	REFUSED(j.anchors = TW_SLICE(""), SYNTAX);
	REFUSED(j.url = TW_SLICE("https://a/\r\nX: y"), SYNTAX);
	REFUSED(j.type = TW_SLICE("a\tb"), SYNTAX);
	REFUSED(j.accept = TW_SLICE("a\x7f"), SYNTAX);
	REFUSED(j.authorization = TW_SLICE("Basic \xc3\xa4"), SYNTAX);
	REFUSED(j.url = ((struct tw_slice){ big, TW_FETCH_URL_MAX + 1 }), LIMIT);
	REFUSED(j.type = ((struct tw_slice){ big, TW_FETCH_TYPE_MAX + 1 }), LIMIT);
	REFUSED(j.accept = ((struct tw_slice){ big, TW_FETCH_TYPE_MAX + 1 }), LIMIT);
	REFUSED(j.authorization = ((struct tw_slice){ big, TW_FETCH_AUTHORIZATION_MAX + 1 }), LIMIT);
	REFUSED(j.anchors = ((struct tw_slice){ big, TW_FETCH_ANCHORS_MAX + 1 }), LIMIT);
	REFUSED(j.by_key = true, SYNTAX); /* and anchors */
	REFUSED((j.by_key = true, j.anchors = TW_SLICE(""), j.demand.keys = TW_SLICE("")), SYNTAX);
	REFUSED(j.link = TW_SLICE("a-link-with-16-c"), LIMIT);
	REFUSED(j.demand.home.size--, SYNTAX);
	REFUSED(j.demand.home = ((struct tw_slice){ "\5\10\12\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", TW_DEMAND_HOME_SIZE }), SYNTAX);
	REFUSED(j.demand.home = ((struct tw_slice){ "\4\10\12\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0", TW_DEMAND_HOME_SIZE }), SYNTAX);
	REFUSED(j.demand.home = ((struct tw_slice){ big, (TW_DEMAND_HOME_MAX + 1) * TW_DEMAND_HOME_SIZE }), LIMIT);
	REFUSED(j.demand.tls = 1, SYNTAX);
	REFUSED(j.demand.tls = 4, SYNTAX);
	REFUSED(j.demand.suites = TW_DEMAND_ALL_SUITES + 1, SYNTAX);
	REFUSED(j.demand.groups = TW_DEMAND_ALL_GROUPS + 1, SYNTAX);
	REFUSED(j.demand.keys.size--, SYNTAX);
	REFUSED(j.demand.keys = ((struct tw_slice){ big, (TW_DEMAND_KEYS_MAX + 1) * TW_DEMAND_KEY_SIZE }), LIMIT);
	REFUSED(j.demand.posture = TW_SLICE("posture"), SYNTAX);
	REFUSED(j.demand.posture = TW_SLICE("/\r\nX: y"), SYNTAX);
	REFUSED(j.demand.posture = TW_SLICE(""), SYNTAX); /* and somebody to sign it */
	REFUSED(j.demand.posture = ((struct tw_slice){ big, TW_DEMAND_PATH_MAX + 1 }), LIMIT);
	REFUSED(j.demand.attester.size--, SYNTAX);
	REFUSED(j.demand.claims = TW_SLICE("a=\n"), SYNTAX);
	REFUSED(j.demand.claims = ((struct tw_slice){ big, TW_DEMAND_CLAIMS_MAX + 1 }), LIMIT);
	REFUSED(j.certificate = ((struct tw_slice){ big, TW_FETCH_CERTIFICATE_MAX + 1 }), LIMIT);
}

static void test_head(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_fetch_head h = { 202, 1 << 30, 5, TW_SLICE("text/plain") }, got;
	uint8_t bytes[] = { 0, 200, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 'x' };

	tw_buf_init(&b, tw_sys_real(), 1000);
	CHECK_OK(tw_fetch_head_write(&h, &b));
	CHECK_OK(tw_fetch_head_read(tw_buf_slice(&b), &got));
	CHECK_INT(got.status, 202);
	CHECK_INT(got.retry_after_s, 7 * 24 * 3600);
	CHECK_INT(got.size, 5);
	CHECK(tw_slice_is(got.type, "text/plain"));
	for (size_t size = 0; size < b.size; size++)
		CHECK(tw_failed(tw_fetch_head_read((struct tw_slice){ b.data, size }, &got)));
#define HEAD_READS() tw_fetch_head_read((struct tw_slice){ (const char *)bytes, sizeof bytes }, &got)
	CHECK_OK(HEAD_READS());
	bytes[1] = 199;
	CHECK_ERR(HEAD_READS(), SYNTAX);
	bytes[0] = 2;
	bytes[1] = 88; /* 600 */
	CHECK_ERR(HEAD_READS(), SYNTAX);
	bytes[1] = 0;
	bytes[2] = 1; /* a wait of half a year */
	CHECK_ERR(HEAD_READS(), SYNTAX);
	bytes[2] = 0;
	bytes[7] = 5; /* 327681 bytes */
	CHECK_ERR(HEAD_READS(), SYNTAX);
	bytes[7] = 0;
	bytes[12] = '\n';
	CHECK_ERR(HEAD_READS(), SYNTAX);
}

static void test_only_a_tls_client_signs(void **state)
{
	char text[TW_FETCH_SIGN_MAX + 1];

	memset(text, ' ', sizeof text);
	memcpy(text + 64, "TLS 1.3, client CertificateVerify", 34);
	CHECK(tw_fetch_sign_valid((struct tw_slice){ text, TW_FETCH_SIGN_MIN }));
	CHECK(tw_fetch_sign_valid((struct tw_slice){ text, TW_FETCH_SIGN_MAX }));
	CHECK(!tw_fetch_sign_valid((struct tw_slice){ text, TW_FETCH_SIGN_MIN - 1 }));
	CHECK(!tw_fetch_sign_valid((struct tw_slice){ text, TW_FETCH_SIGN_MIN + 1 }));
	CHECK(!tw_fetch_sign_valid((struct tw_slice){ text, TW_FETCH_SIGN_MAX + 1 }));
	CHECK(!tw_fetch_sign_valid((struct tw_slice){ text, 0 }));
	for (size_t i = 0; i < 64 + 34; i++) {
		text[i] ^= 1;
		CHECK(!tw_fetch_sign_valid((struct tw_slice){ text, TW_FETCH_SIGN_MIN }));
		text[i] ^= 1;
	}
	memcpy(text + 64, "TLS 1.3, server CertificateVerify", 34);
	CHECK(!tw_fetch_sign_valid((struct tw_slice){ text, TW_FETCH_SIGN_MIN }));
}

static void test_failures_have_names(void **state)
{
	for (int i = 0; i < TW_FETCH_FAILURES; i++)
		CHECK(tw_fetch_failure_names[i] && *tw_fetch_failure_names[i]);
}

CHECK_MAIN(cmocka_unit_test(test_job_goes_round), cmocka_unit_test(test_job_refused), cmocka_unit_test(test_head),
	cmocka_unit_test(test_only_a_tls_client_signs), cmocka_unit_test(test_failures_have_names))
