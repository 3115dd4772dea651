/* SPDX-License-Identifier: Apache-2.0 */
/* The provisioning record: what was signed reads back; each member absent, of another kind, too long, doubled or contradicted is refused. */
#include "formats/provisioning.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "sys/real.h"
#include "check.h"
#include "oom.h"

#define NOW INT64_C(1790000000000)

static const struct tw_sys *sys;
static tw_key *ca_key, *desk_key, *unit_key;
static tw_cert *ca, *desk, *unit;

static const struct tw_provisioning good = {
	.identifier = "urn:dev:ops:32473-thermostat-0001",
	.model = "TH-100",
	.serial = "0001",
	.physical_id = "0001/T",
	.certificate = "40a1b2c3d4e5f60718293a4b5c6d7e8f",
	.device_key = { 1, 2, 3 },
	.has_listener = true,
	.listener = { 4, 5, 6 },
	.time_ms = NOW,
	.tool = "thingward 0.1.0",
};

static int set_up(void **state)
{
	sys = tw_sys_real();
	tw_crypto_use(sys);
	tw_json_use(sys);
	struct tw_cert_want want = { .common_name = "CA", .is_ca = true, .not_before_ms = NOW };
	CHECK_OK(tw_key_generate(sys, &ca_key));
	CHECK_OK(tw_key_generate(sys, &desk_key));
	CHECK_OK(tw_key_generate(sys, &unit_key));
	CHECK_OK(tw_cert_make(sys, &want, ca_key, NULL, ca_key, &ca));
	want = (struct tw_cert_want){ .common_name = "Desk", .not_before_ms = NOW };
	CHECK_OK(tw_cert_make(sys, &want, desk_key, ca, ca_key, &desk));
	want.uri = "urn:dev:ops:32473-thermostat-0002";
	CHECK_OK(tw_cert_make(sys, &want, unit_key, ca, ca_key, &unit));
	return 0;
}

static int tear_down(void **state)
{
	tw_key_free(ca_key);
	tw_key_free(desk_key);
	tw_key_free(unit_key);
	tw_cert_free(ca);
	tw_cert_free(desk);
	tw_cert_free(unit);
	return 0;
}

static struct tw_provisioning of_ca(void)
{
	struct tw_provisioning p = good;

	CHECK_OK(tw_cert_fingerprint(ca, p.ca));
	return p;
}

static tw_err sign(const struct tw_sys *s, const struct tw_provisioning *p, const tw_cert *cert, const tw_key *key, struct tw_buf *ret)
{
	struct tw_signer signer = tw_signer_of_key(key);

	tw_buf_init(ret, s, TW_JWS_MAX);
	return tw_provisioning_sign(s, p, cert, &signer, ret);
}

static void test_round(void **state)
{
	for (int i = 0; i < 2; i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		struct tw_provisioning p = of_ca(), got;

		p.has_listener = i == 0;
		CHECK_OK(sign(sys, &p, desk, desk_key, &b));
		CHECK_OK(tw_provisioning_verify(sys, tw_buf_slice(&b), ca, NOW, &got));
		CHECK_TEXT(got.identifier, p.identifier);
		CHECK_TEXT(got.serial, p.serial);
		CHECK_TEXT(got.physical_id, p.physical_id);
		CHECK_TEXT(got.model, p.model);
		CHECK_TEXT(got.certificate, p.certificate);
		CHECK_TEXT(got.tool, p.tool);
		CHECK_BYTES(got.device_key, p.device_key, 32);
		CHECK_BYTES(got.ca, p.ca, 32);
		CHECK_INT(got.has_listener, p.has_listener);
		if (p.has_listener)
			CHECK_BYTES(got.listener, p.listener, 32);
		CHECK_INT(got.time_ms, p.time_ms);
	}
}

/* A unit's certificate comes from the same authority; its word about another unit is worth nothing. */
static void test_who_signed(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 }, by_unit = { 0 }, other = { 0 };
	struct tw_provisioning p = of_ca(), got;

	CHECK_OK(sign(sys, &p, desk, desk_key, &b));
	CHECK_OK(sign(sys, &p, unit, unit_key, &by_unit));
	CHECK_ERR(tw_provisioning_verify(sys, tw_buf_slice(&by_unit), ca, NOW, &got), UNTRUSTED);
	CHECK_ERR(tw_provisioning_verify(sys, tw_buf_slice(&b), desk, NOW, &got), UNTRUSTED);
	CHECK_ERR(tw_provisioning_verify(sys, tw_buf_slice(&b), ca, NOW - 1, &got), UNTRUSTED);
	b.data[b.size / 2] = b.data[b.size / 2] == 'A' ? 'B' : 'A';
	CHECK(tw_failed(tw_provisioning_verify(sys, tw_buf_slice(&b), ca, NOW, &got)));
	p.ca[0] ^= 1;
	CHECK_OK(sign(sys, &p, desk, desk_key, &other));
	CHECK_ERR(tw_provisioning_verify(sys, tw_buf_slice(&other), ca, NOW, &got), UNTRUSTED);
}

static const char GOOD[] =
	"{\"ca_sha256\":\"0000000000000000000000000000000000000000000000000000000000000001\",\"certificate\":\"40a1\","
	"\"device_key_sha256\":\"0000000000000000000000000000000000000000000000000000000000000002\",\"format\":1,"
	"\"identifier\":\"urn:dev:ops:32473-thermostat-0001\",\"listener_sha256\":\"0000000000000000000000000000000000000000000000000000000000000003\","
	"\"model\":\"TH-100\",\"physical_id\":\"0001/T\",\"serial\":\"0001\",\"time\":\"2026-11-21T09:30:00.000Z\",\"tool\":\"thingward 0.1.0\"}";

static tw_err read_text(const char *text, struct tw_provisioning *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	TW_TRY(tw_json_parse(tw_slice_of(text), TW_PROVISIONING_MAX, &j));
	return tw_provisioning_read(j, ret);
}

static void refused(const char *from, const char *to)
{
	char text[2048];
	struct tw_provisioning got;
	const char *at = strstr(GOOD, from);

	CHECK(at != NULL);
	(void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - GOOD), GOOD, to, at + strlen(from));
	tw_err e = read_text(text, &got);
	if (!tw_is(e, TW_CODE_SYNTAX) && !tw_is(e, TW_CODE_LIMIT))
		fail_msg("%s -> %s: %s", from, to, tw_code_name(e.code));
}

static const char *const names[] = { "ca_sha256", "certificate", "device_key_sha256", "format", "identifier", "model",
	"physical_id", "serial", "time", "tool" };

static void test_each_member(void **state)
{
	struct tw_provisioning got;
	char from[64], to[400];

	CHECK_OK(read_text(GOOD, &got));
	for (size_t i = 0; i < TW_COUNT(names); i++) {
		(void)snprintf(from, sizeof from, "\"%s\":", names[i]);
		(void)snprintf(to, sizeof to, "\"x%s\":", names[i]); /* absent, and unknown beside it */
		refused(from, to);
		(void)snprintf(to, sizeof to, "\"%s\":[],\"%s\":", names[i], names[i]); /* twice */
		refused(from, to);
		(void)snprintf(to, sizeof to, "\"%s\":{},\"x\":", names[i]); /* of another kind */
		refused(from, to);
		(void)snprintf(to, sizeof to, "\"%s\":\"%0300d\",\"x\":", names[i], 1); /* too long */
		refused(from, to);
	}
	refused("\"listener_sha256\":\"00", "\"listener_sha256\":\"");
}

static void test_values(void **state)
{
	refused("\"format\":1", "\"format\":2");
	refused("0001\",\"time", "0002\",\"time");
	refused("0001/T", "0001/U");
	refused("thermostat-0001\"", "thermostat-0002\"");
	refused("urn:dev:ops:32473", "urn:dev:ops:0");
	refused("40a1", "40A1");
	refused("40a1", "40a");
	refused("40a1", "40ax");
	refused("0000000002\"", "000000000g\"");
	refused("0000000002\"", "000000000F\"");
	refused("2026-11-21T", "2026-13-21T");
	refused("TH-100", "TH\\u001b");
	refused("thingward 0.1.0", "thingward\\u001b");
	refused("0.1.0\"}", "0.1.0\"}x");
	refused("0.1.0\"}", "0.1.0\",\"more\":1}");
}

static void test_how_long_a_record_may_be(void **state)
{
	static char text[TW_PROVISIONING_MAX + 1];
	struct tw_provisioning got;

	memset(text, ' ', sizeof text);
	CHECK_ERR(tw_provisioning_verify(sys, (struct tw_slice){ text, sizeof text }, ca, NOW, &got), LIMIT);
	CHECK_ERR(tw_provisioning_verify(sys, (struct tw_slice){ text, sizeof text - 1 }, ca, NOW, &got), SYNTAX);
}

static tw_err both(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_provisioning got, *p = user;

	TW_TRY(sign(s, p, desk, desk_key, &b));
	return tw_provisioning_verify(s, tw_buf_slice(&b), ca, NOW, &got);
}

static void test_out_of_memory(void **state)
{
	struct tw_provisioning p = of_ca();

	oom_sweep(both, &p);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_round), cmocka_unit_test(test_who_signed),
		cmocka_unit_test(test_each_member), cmocka_unit_test(test_values), cmocka_unit_test(test_how_long_a_record_may_be),
		cmocka_unit_test(test_out_of_memory) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
