/* SPDX-License-Identifier: Apache-2.0 */

#include "formats/evidence.h"
#include "formats/identifier.h"
#include "formats/statement.h"
#include "formats/test-maker.h"

#include <openssl/evp.h>

static int set_up(void **state)
{
	make_maker();
	return 0;
}

static int tear_down(void **state)
{
	maker_done();
	return 0;
}

static tw_err verify(const char *typ, struct tw_slice text)
{
	TW_CLEANUP(tw_jsonp) json_t *payload = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *by = NULL;
	tw_err e = tw_jws_verify(sys, typ, text, &payload, &by);
	CHECK(tw_failed(e) == (payload == NULL && by == NULL)); /* nothing comes out of what does not verify */
	return e;
}

static void sign(const char *typ, struct tw_buf *b)
{
	TW_CLEANUP(tw_jsonp) json_t *payload = json_pack("{s:i}", "a", 1);
	tw_buf_init(b, sys, TW_JWS_MAX);
	CHECK_OK(tw_jws_sign(sys, typ, cert, payload, &signer, b));
}

static void test_sign_and_verify(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	sign(TW_JWS_STATEMENT, &b);
	CHECK_OK(verify(TW_JWS_STATEMENT, tw_buf_slice(&b)));
	CHECK_ERR(verify(TW_JWS_MANIFEST, tw_buf_slice(&b)), SYNTAX);
	for (size_t i = 0; i < b.size; i++) { /* every byte, and every end */
		b.data[i] = (char)(b.data[i] ^ 1);
		if (!tw_failed(verify(TW_JWS_STATEMENT, tw_buf_slice(&b))))
			fail_msg("byte %zu may be changed", i);
		b.data[i] = (char)(b.data[i] ^ 1);
		CHECK_ERR(verify(TW_JWS_STATEMENT, (struct tw_slice){ b.data, i }), SYNTAX);
	}
}

/* Builds a JWS from a header and a payload text, rightly signed: only its form is wrong. */
static void build(const char *header, const char *payload, const char *more, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf input = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf body = { 0 };
	uint8_t signature[TW_SIGNATURE_SIZE];
	tw_buf_init(&input, sys, TW_JWS_MAX);
	tw_buf_init(&body, sys, TW_JWS_MAX);
	CHECK_OK(tw_buf_base64url(&input, header, strlen(header)));
	size_t head = input.size;
	CHECK_OK(tw_buf_base64url(&body, payload, strlen(payload)));
	CHECK_OK(tw_buf_format(&input, ".%s", tw_buf_cstr(&body)));
	CHECK_OK(tw_key_sign(key, &(struct tw_slice){ input.data, input.size }, 1, signature));
	tw_buf_clear(ret);
	CHECK_OK(tw_buf_format(ret, "{%s\"payload\":\"%s\",\"protected\":\"%.*s\",\"signature\":\"", more, tw_buf_cstr(&body),
		(int)head, input.data));
	CHECK_OK(tw_buf_base64url(ret, signature, sizeof signature));
	CHECK_OK(tw_buf_text(ret, "\"}"));
}

#define A64 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
static void test_refused_forms(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	char x5c[2048], header[4096];
	static const struct {
		const char *header, *payload, *more;
		enum tw_code code;
	} rows[] = {
		{ "{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"%s\"]}", "{}", "", TW_CODE_OK },
		{ "{\"typ\":\"t\",\"x5c\":[\"%s\"],\"alg\":\"ES256\"}", "{}", "", TW_CODE_OK },
		{ "{\"alg\":\"none\",\"typ\":\"t\",\"x5c\":[\"%s\"]}", "{}", "", TW_CODE_SYNTAX },
		{ "{\"alg\":\"HS256\",\"typ\":\"t\",\"x5c\":[\"%s\"]}", "{}", "", TW_CODE_SYNTAX },
		{ "{\"alg\":\"ES384\",\"typ\":\"t\",\"x5c\":[\"%s\"]}", "{}", "", TW_CODE_SYNTAX },
		{ "{\"alg\":\"es256\",\"typ\":\"t\",\"x5c\":[\"%s\"]}", "{}", "", TW_CODE_SYNTAX },
		{ "{\"alg\":[\"ES256\"],\"typ\":\"t\",\"x5c\":[\"%s\"]}", "{}", "", TW_CODE_SYNTAX },
		{ "{\"alg\":\"ES256\",\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"%s\"]}", "{}", "", TW_CODE_SYNTAX },
		{ "{\"alg\":\"ES256\",\"typ\":\"T\",\"x5c\":[\"%s\"]}", "{}", "", TW_CODE_SYNTAX },
		{ "{\"alg\":\"ES256\",\"typ\":\"t \",\"x5c\":[\"%s\"]}", "{}", "", TW_CODE_SYNTAX },
		{ "{\"alg\":\"ES256\",\"x5c\":[\"%s\"]}", "{}", "", TW_CODE_SYNTAX },
		{ "{\"alg\":\"ES256\",\"typ\":\"t\"}", "{}", "", TW_CODE_SYNTAX },
		{ "{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[]}", "{}", "", TW_CODE_SYNTAX },
		{ "{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"%s\",\"%s\"]}", "{}", "", TW_CODE_SYNTAX },
		{ "{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":\"%s\"}", "{}", "", TW_CODE_SYNTAX },
		{ "{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"\"]}", "{}", "", TW_CODE_SYNTAX },
		{ "{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"AAAA\"]}", "{}", "", TW_CODE_SYNTAX },
		{ "{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[1]}", "{}", "", TW_CODE_SYNTAX },
		{ "{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"%s\"],\"crit\":[\"b64\"]}", "{}", "", TW_CODE_SYNTAX },
		{ "{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"%s\"],\"jwk\":{}}", "{}", "", TW_CODE_SYNTAX },
		{ "{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"%s\"],\"kid\":\"k\"}", "{}", "", TW_CODE_SYNTAX },
		{ "{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"%s\"],\"x5u\":\"https://a\"}", "{}", "", TW_CODE_SYNTAX },
		{ "{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"%s\"]}", "{}", "\"header\":{},", TW_CODE_SYNTAX },
		{ "{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"%s\"]}", "{}", "\"signatures\":[],", TW_CODE_SYNTAX },
		{ "{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"%s\"]}", "{}", "\"payload\":\"e30\",", TW_CODE_SYNTAX },
		{ "{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"%s\"]}", "{} ", "", TW_CODE_OK },
		{ "{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"%s\"]}", "{}x", "", TW_CODE_SYNTAX },
		{ "{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"%s\"]}", "1", "", TW_CODE_SYNTAX },
		{ "{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"%s\"]}", "{\"a\":1,\"a\":2}", "", TW_CODE_SYNTAX },
		{ "[]", "{}", "", TW_CODE_SYNTAX },
		{ "{}", "{}", "", TW_CODE_SYNTAX },
		{ "x", "{}", "", TW_CODE_SYNTAX },
	};
	tw_buf_init(&b, sys, TW_JWS_MAX);
	tw_buf_init(&der, sys, 4096);
	CHECK_OK(tw_cert_der(cert, &der));
	(void)EVP_EncodeBlock((uint8_t *)x5c, (uint8_t *)der.data, (int)der.size);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		/* Every %s of the row becomes the certificate. */
		size_t n = 0;
		for (const char *p = rows[i].header; *p; p++) {
			if (p[0] == '%' && p[1] == 's') {
				n += (size_t)snprintf(header + n, sizeof header - n, "%s", x5c);
				p++;
			} else {
				header[n++] = *p;
			}
		}
		header[n] = '\0';
		build(header, rows[i].payload, rows[i].more, &b);
		tw_err e = verify("t", tw_buf_slice(&b));
		if (e.code != rows[i].code)
			fail_msg("row %zu: %s, %s", i, tw_code_name(e.code), tw_err_detail());
	}
}

static void test_sizes(void **state)
{
	static const char *const signatures[] = { "", "AAAA", A64 "AAAAAAAAAAAAAAAAAAAAA", A64 "AAAAAAAAAAAAAAAAAAAAAAA", A64 A64 };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *jws = NULL;
	char header[9000];
	sign("t", &b);
	CHECK_OK(tw_json_parse(tw_buf_slice(&b), TW_JWS_MAX, &jws));
	for (size_t i = 0; i < TW_COUNT(signatures); i++) { /* 86 characters are 64 bytes */
		tw_buf_clear(&b);
		CHECK_OK(tw_json_set(jws, "signature", json_string(signatures[i])));
		CHECK_OK(tw_json_write(jws, &b));
		CHECK_ERR(verify("t", tw_buf_slice(&b)), SYNTAX);
	}
	memset(header, ' ', sizeof header - 1);
	header[sizeof header - 1] = '\0';
	build(header, "{}", "", &b);
	CHECK_ERR(verify("t", tw_buf_slice(&b)), SYNTAX);
	CHECK(strstr(tw_err_detail(), "the JWS header has 11999 characters"));
}

/* The last character of base64url carries bits that no decoder may ignore. */
static void test_base64url_is_canonical(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	sign(TW_JWS_STATEMENT, &b);
	char *end = b.data + b.size - 3; /* the last character of the signature: 64 bytes leave four bits over */
	CHECK(*end == 'A' || *end == 'Q' || *end == 'g' || *end == 'w');
	*end = (char)(*end + 1);
	CHECK(tw_failed(verify(TW_JWS_STATEMENT, tw_buf_slice(&b))));
	*end = (char)(*end - 1);
	end[1] = '=';
	CHECK(tw_failed(verify(TW_JWS_STATEMENT, tw_buf_slice(&b))));
}

static tw_err jws_round(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_jsonp) json_t *in = json_object();
	TW_CLEANUP(tw_jsonp) json_t *out = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *by = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	tw_buf_init(&b, s, TW_JWS_MAX);
	TW_TRY(tw_json_set(in, "a", json_integer(1)));
	TW_TRY(tw_jws_sign(s, TW_JWS_MANIFEST, cert, in, &signer, &b));
	return tw_jws_verify(s, TW_JWS_MANIFEST, tw_buf_slice(&b), &out, &by);
}

static void test_out_of_memory(void **state)
{
	(void)oom_sweep(jws_round, NULL);
}

/* --- The device statement --- */

static const struct tw_statement statement = { .identifier = ID,
	.nonce = "0123456789abcdef",
	.nonce_size = 16,
	.has_exporter = true,
	.exporter = { 1, 2, 3 },
	.issued_ms = NOW,
	.time_trusted = true,
	.software = "0.1.0",
	.model = "T\xc3\xa4-1",
	.product_version = "1.0.0" };

static tw_err state_it(const struct tw_statement *s, struct tw_buf *b)
{
	tw_buf_init(b, sys, TW_JWS_MAX);
	return tw_statement_sign(sys, s, cert, &signer, b);
}

/* @nist DI.IMS.2 */
static void test_statement(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_statement got = { 0 };
	uint8_t other[32] = { 9 };
	CHECK_OK(state_it(&statement, &b));
	CHECK_OK(tw_statement_verify(sys, tw_buf_slice(&b), ca, NOW, statement.nonce, 16, statement.exporter, &got));
	CHECK_TEXT(got.identifier, ID);
	CHECK_TEXT(got.model, statement.model);
	CHECK_TEXT(got.software, "0.1.0");
	CHECK_TEXT(got.product_version, "1.0.0");
	CHECK(got.issued_ms == NOW && got.time_trusted && got.has_exporter);
	CHECK_ERR(tw_statement_verify(sys, tw_buf_slice(&b), ca, NOW, "0123456789abcdeF", 16, statement.exporter, &got), UNTRUSTED);
	CHECK_ERR(tw_statement_verify(sys, tw_buf_slice(&b), ca, NOW, statement.nonce, 15, statement.exporter, &got), UNTRUSTED);
	CHECK_ERR(tw_statement_verify(sys, tw_buf_slice(&b), ca, NOW, statement.nonce, 16, other, &got), UNTRUSTED);
	CHECK_ERR(tw_statement_verify(sys, tw_buf_slice(&b), ca, NOW, statement.nonce, 16, NULL, &got), UNTRUSTED);
	CHECK_ERR(tw_statement_verify(sys, tw_buf_slice(&b), cert, NOW, statement.nonce, 16, statement.exporter, &got), UNTRUSTED);
	CHECK_ERR(tw_statement_verify(sys, tw_buf_slice(&b), ca, 0, statement.nonce, 16, statement.exporter, &got), UNTRUSTED);
}

/* @nist DI.IMS.1 @nist DI.IMS.2 */
static void test_statement_of_another(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_statement s = statement, got = { 0 };
	(void)snprintf(s.identifier, sizeof s.identifier, "urn:dev:ops:32473-T.1-0002");
	CHECK_OK(state_it(&s, &b)); /* a device that claims its neighbour's identifier */
	CHECK_ERR(tw_statement_verify(sys, tw_buf_slice(&b), ca, NOW, s.nonce, 16, s.exporter, &got), UNTRUSTED);
	CHECK_INT(got.nonce_size, 0);
}

static void test_statement_without_exporter(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_statement s = statement, got = { 0 };
	s.has_exporter = false;
	s.nonce_size = 15;
	CHECK_ERR(state_it(&s, &b), LIMIT);
	s.nonce_size = 64;
	CHECK_OK(state_it(&s, &b));
	CHECK_OK(tw_statement_verify(sys, tw_buf_slice(&b), ca, NOW, s.nonce, 64, NULL, &got));
	CHECK(!got.has_exporter);
	CHECK_ERR(tw_statement_verify(sys, tw_buf_slice(&b), ca, NOW, s.nonce, 64, statement.exporter, &got), UNTRUSTED);
}

/* Signed by the right key, and still no statement. */
static void test_statement_forms(void **state)
{
	static const struct {
		const char *key, *value;
	} rows[] = {
		{ "eat_profile", "\"urn:thingward:statement:2\"" },
		{ "sub", "\"urn:dev:ops:0-T-1\"" },
		{ "sub", "\"T-1\"" },
		{ "sub", "1" },
		{ "eat_nonce", "\"\"" },
		{ "eat_nonce", "\"AAAAAAAAAAAAAAAAAAAAA=\"" },
		{ "iat", "-1" },
		{ "iat", "1.5" },
		{ "iat", "\"1\"" },
		{ "thingward_time_trusted", "1" },
		{ "thingward_exporter", "\"\"" },
		{ "thingward_exporter", "null" },
		{ "hwmodel", "\"\"" },
		{ "hwmodel", "\"AA\"" },
		{ "hwmodel", "\"AQ\"" },   /* a control character */
		{ "hwmodel", "\"VAAx\"" }, /* a NUL inside */
		{ "hwmodel", "\"=\"" },
		{ "thingward_product_version", "\"1\\u0001\"" },
		{ "swversion", "[\"\"]" },
		{ "swversion", "[\"0123456789012345678901234567890123456789012345678901234567890123\"]" }, /* 64 */
		{ "eat_nonce", "\"AAAAAAAAAAAAAAAAAAAAAA==\"" },
		{ "swname", "\"other\"" },
		{ "swversion", "[]" },
		{ "swversion", "[1]" },
		{ "swversion", "[\"1\",\"2\"]" },
		{ "swversion", "\"1\"" },
		{ "thingward_product_version", "\"\"" },
		{ "new", "1" },
	};
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_statement got = { 0 };
	CHECK_OK(state_it(&statement, &b));
	for (size_t i = 0; i < TW_COUNT(rows) * 2; i++) {
		TW_CLEANUP(tw_jsonp) json_t *claims = NULL;
		TW_CLEANUP(tw_cert_freep) tw_cert *by = NULL;
		TW_CLEANUP(tw_buf_done) struct tw_buf changed = { 0 };
		CHECK_OK(tw_jws_verify(sys, TW_JWS_STATEMENT, tw_buf_slice(&b), &claims, &by));
		const char *name = rows[i / 2].key;
		if (i % 2) { /* the member left out */
			if (json_object_del(claims, name) != 0 || strcmp(name, "thingward_exporter") == 0)
				continue;
		} else {
			CHECK_INT(json_object_set_new(claims, name, json_loads(rows[i / 2].value, JSON_DECODE_ANY, NULL)), 0);
		}
		tw_buf_init(&changed, sys, TW_JWS_MAX);
		CHECK_OK(tw_jws_sign(sys, TW_JWS_STATEMENT, cert, claims, &signer, &changed));
		tw_err e = tw_statement_verify(sys, tw_buf_slice(&changed), ca, NOW, statement.nonce, 16, statement.exporter, &got);
		if (!tw_is(e, TW_CODE_SYNTAX))
			fail_msg("%s %s: %s", name, i % 2 ? "left out" : rows[i / 2].value, tw_code_name(e.code));
	}
}

static tw_err statement_round(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_statement got;
	tw_buf_init(&b, s, TW_JWS_MAX);
	TW_TRY(tw_statement_sign(s, &statement, cert, &signer, &b));
	return tw_statement_verify(s, tw_buf_slice(&b), ca, NOW, statement.nonce, 16, statement.exporter, &got);
}

static void test_statement_out_of_memory(void **state)
{
	(void)oom_sweep(statement_round, NULL);
}

/* --- The evidence report --- */

#define RESULT(element, verdict)                                                                                                     \
	"{\"element\":\"" element "\",\"probe\":\"p\",\"claimed\":true,\"verdict\":\"" verdict "\",\"source\":\"observed outside\"," \
	"\"reason\":\"because\",\"time\":\"2026-11-21T12:00:00Z\"}"
#define REPORT(results, totals)                                                                                                          \
	"{\"format\":1,\"created\":\"2026-11-21T12:00:00.000Z\",\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"tool\":{\"name\":\"thingward\","  \
	"\"version\":\"0.1.0\",\"sha256\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"},\"catalog\":\"1\","      \
	"\"device\":{\"identifier\":\"" ID "\",\"model\":\"T-1\",\"software\":\"0.1.0\",\"product_version\":\"1\"},\"assessor\":\"me\"," \
	"\"results\":[" results "],\"totals\":{" totals "}}"
#define TOTALS(pass, fail) "\"pass\":" pass ",\"fail\":" fail ",\"inconclusive\":0,\"not applicable\":0"
static const char REPORT_TEXT[] = REPORT(RESULT("DI.IMS.1", "pass") "," RESULT("DI.IMS.2", "fail"), TOTALS("1", "1"));

static void test_evidence_forms(void **state)
{
	static const struct {
		const char *text;
		enum tw_code code;
	} rows[] = {
		{ REPORT_TEXT, TW_CODE_OK },
		{ REPORT("", TOTALS("0", "0")), TW_CODE_OK },
		{ REPORT("", TOTALS("1", "0")), TW_CODE_SYNTAX },
		{ REPORT(RESULT("DI.IMS.1", "pass"), TOTALS("0", "1")), TW_CODE_SYNTAX },
		{ REPORT(RESULT("DI.IMS.1", "passed"), TOTALS("0", "0")), TW_CODE_SYNTAX },
		{ REPORT(RESULT("DI.IMS.1", "pass") "," RESULT("DI.IMS.1", "fail"), TOTALS("1", "1")), TW_CODE_SYNTAX },
		{ REPORT("1", TOTALS("0", "0")), TW_CODE_SYNTAX },
		{ "{}", TW_CODE_SYNTAX },
		{ "[]", TW_CODE_SYNTAX },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *j = NULL;
		CHECK_OK(tw_json_parse(tw_slice_of(rows[i].text), TW_EVIDENCE_MAX, &j));
		tw_err e = tw_evidence_check(j);
		if (e.code != rows[i].code)
			fail_msg("row %zu: %s, %s", i, tw_code_name(e.code), tw_err_detail());
	}
}

/* Each member of a report, made wrong in one way; what is right at a bound is taken. */
static void test_evidence_members(void **state)
{
	static const struct {
		const char *part, *instead;
		enum tw_code code;
	} rows[] = {
		{ "12:00:00.000Z", "12:00:00.000+00:00", TW_CODE_SYNTAX },
		{ "2026-11-21T12:00:00.000Z", "Z", TW_CODE_SYNTAX },
		{ "2026-11-21T12:00:00.000Z", "2026-13-21T12:00:00.000Z", TW_CODE_SYNTAX },
		{ "\"created\":\"2026-11-21T12:00:00.000Z\"", "\"created\":\"\"", TW_CODE_SYNTAX },
		{ "12:00:00Z\"}", "12:00:00\"}", TW_CODE_SYNTAX },
		{ "12:00:00Z\"}", "25:00:00Z\"}", TW_CODE_SYNTAX },
		{ "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAA", TW_CODE_SYNTAX }, /* 15 bytes */
		{ "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAA", TW_CODE_OK },  /* 17 */
		{ "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA=", TW_CODE_SYNTAX },
		{ "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
			TW_CODE_OK }, /* 64 */
		{ "\"format\":1", "\"format\":2", TW_CODE_SYNTAX },
		{ "e3b0c442", "e3b0c44x", TW_CODE_SYNTAX },
		{ "e3b0c442", "e3b0c4", TW_CODE_SYNTAX },
		{ "\"name\":\"thingward\"", "\"name\":\"\"", TW_CODE_SYNTAX },
		{ "\"model\":\"T-1\"", "\"model\":1", TW_CODE_SYNTAX },
		{ "\"model\":\"T-1\"", "\"address\":\"\",\"model\":\"T-1\"", TW_CODE_OK },
		{ "\"model\":\"T-1\"", "\"colour\":\"red\",\"model\":\"T-1\"", TW_CODE_SYNTAX },
		{ "observed outside", "observed", TW_CODE_SYNTAX },
		{ "\"reason\":\"because\"", "\"reason\":\"\"", TW_CODE_SYNTAX },
		{ "\"probe\":\"p\"", "\"probe\":\"q\"", TW_CODE_OK },
		{ "\"claimed\":true", "\"claimed\":1", TW_CODE_SYNTAX },
		{ "\"assessor\":\"me\"", "\"assessor\":\"\"", TW_CODE_SYNTAX },
		{ "\"pass\":1", "\"pass\":2", TW_CODE_SYNTAX },
		{ "\"inconclusive\":0", "\"inconclusive\":1", TW_CODE_SYNTAX },
		{ "\"not applicable\":0", "\"not applicable\":-1", TW_CODE_SYNTAX },
		{ "\"fail\":1,", "", TW_CODE_SYNTAX },
		{ "\"inconclusive\":0,", "", TW_CODE_SYNTAX }, /* also when there are none of it */
		{ "\"inconclusive\":0", "\"inconclusive\":0,\"other\":0", TW_CODE_SYNTAX },
		{ "\"element\":\"DI.IMS.2\",\"probe\":\"p\"", "\"element\":\"DI.IMS.1\",\"probe\":\"q\"", TW_CODE_OK }, /* two probes of one */
		{ "\"element\":\"DI.IMS.2\"", "\"element\":\"DI.IMS.1\"", TW_CODE_SYNTAX },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *j = NULL;
		const char *at = strstr(REPORT_TEXT, rows[i].part);
		char text[sizeof REPORT_TEXT + 128];
		CHECK(at != NULL);
		(void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - REPORT_TEXT), REPORT_TEXT, rows[i].instead,
			at + strlen(rows[i].part));
		CHECK_OK(tw_json_parse(tw_slice_of(text), TW_EVIDENCE_MAX, &j));
		tw_err e = tw_evidence_check(j);
		if (e.code != rows[i].code)
			fail_msg("row %zu: %s, %s", i, tw_code_name(e.code), tw_err_detail());
	}
}

static tw_err evidence_verify(struct tw_slice text)
{
	TW_CLEANUP(tw_jsonp) json_t *payload = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *by = NULL;
	return tw_evidence_verify(sys, text, &payload, &by);
}

/* What a run tells besides its verdicts: the set-up, the runs whose results stay, and what each check said. */
#define HEX64 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SETUP                                                                                                                     \
	"\"setup\":{\"source\":\"stated by person\",\"sample\":\"S-7\",\"hardware\":\"rev C\",\"firmware_sha256\":\"" HEX64 "\"," \
	"\"words\":\"on a desk\"}"
#define EARLIER                                                                                              \
	"\"earlier\":[{\"nonce\":\"BBBBBBBBBBBBBBBBBBBBBA\",\"created\":\"2026-11-20T12:00:00Z\",\"tool\":{" \
	"\"name\":\"thingward\",\"version\":\"0.0.9\",\"sha256\":\"" HEX64 "\"}}]"
#define KEPT                                                                                                                            \
	"{\"element\":\"DI.IMS.1\",\"probe\":\"p\",\"claimed\":true,\"verdict\":\"pass\",\"source\":\"observed outside\","              \
	"\"reason\":\"because\",\"time\":\"2026-11-21T12:00:00Z\",\"intrusive\":true,\"calls\":3,\"transcript\":\"" HEX64 "\",\"run\":" \
	"\"BBBBBBBBBBBBBBBBBBBBBA\"}"
static const char RUN_TEXT[] = REPORT(KEPT, TOTALS("1", "0") "}," SETUP "," EARLIER ",\"product\":{");

/* T-EVD: every byte, every cut, every place for one more byte. */
static void test_evidence_every_byte(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	tw_buf_init(&b, sys, TW_EVIDENCE_MAX);
	CHECK_OK(tw_json_parse(tw_slice_of(RUN_TEXT), TW_EVIDENCE_MAX, &j));
	CHECK_OK(tw_evidence_sign(sys, j, cert, &signer, &b));
	CHECK_OK(evidence_verify(tw_buf_slice(&b)));
	TW_CLEANUP(tw_freep) char *longer = sys->alloc(sys, b.size + 1);
	for (size_t i = 0; i <= b.size; i++) {
		if (i < b.size) {
			b.data[i] = (char)(b.data[i] ^ (1 << i % 7));
			if (!tw_failed(evidence_verify(tw_buf_slice(&b))))
				fail_msg("byte %zu may be changed", i);
			b.data[i] = (char)(b.data[i] ^ (1 << i % 7));
			CHECK(tw_failed(evidence_verify((struct tw_slice){ b.data, i })));
		}
		memcpy(longer, b.data, i);
		longer[i] = i % 2 ? ' ' : '\n';
		memcpy(longer + i + 1, b.data + i, b.size - i);
		CHECK(tw_failed(evidence_verify((struct tw_slice){ longer, b.size + 1 })));
	}
	TW_CLEANUP(tw_freep)
	char *blanks = sys->alloc(sys, 4 * b.size); /* more of them than there is room for what is written anew */
	memset(blanks, ' ', 4 * b.size);
	memcpy(blanks, b.data, b.size);
	CHECK_ERR(evidence_verify((struct tw_slice){ blanks, 4 * b.size }), UNTRUSTED);
}

static void test_evidence_of_runs(void **state)
{
	static const struct {
		const char *part, *instead;
		enum tw_code code;
	} rows[] = {
		{ "\"format\":1", "\"format\":1", TW_CODE_OK },
		{ "stated by person", "hearsay", TW_CODE_SYNTAX },
		{ "\"source\":\"stated by person\",", "", TW_CODE_SYNTAX },
		{ "\"sample\":\"S-7\"", "\"sample\":\"\"", TW_CODE_SYNTAX },
		{ "\"sample\":\"S-7\",", "", TW_CODE_OK },
		{ "\"hardware\":\"rev C\"", "\"hardware\":3", TW_CODE_SYNTAX },
		{ "\"firmware_sha256\":\"e3b0", "\"firmware_sha256\":\"e3bx", TW_CODE_SYNTAX },
		{ "\"firmware_sha256\":\"e3b0", "\"firmware_sha256\":\"e3b", TW_CODE_SYNTAX },
		{ "\"words\":", "\"colour\":", TW_CODE_SYNTAX },
		{ "\"setup\":{", "\"setup\":[],\"x\":{", TW_CODE_SYNTAX },
		{ "\"nonce\":\"BBBBBBBBBBBBBBBBBBBBBA", "\"nonce\":\"CBBBBBBBBBBBBBBBBBBBBA", TW_CODE_SYNTAX }, /* nobody's run */
		{ "\"nonce\":\"BBBBBBBBBBBBBBBBBBBBBA", "\"nonce\":\"BBBBBBBBBBBBBBBBBBBBBB", TW_CODE_SYNTAX }, /* no base64url */
		{ "\"run\":\"BBBBBBBBBBBBBBBBBBBBBA", "\"run\":\"CBBBBBBBBBBBBBBBBBBBBA", TW_CODE_SYNTAX },
		{ "\"run\":\"BBBBBBBBBBBBBBBBBBBBBA", "\"run\":\"B", TW_CODE_SYNTAX },
		{ "2026-11-20T12:00:00Z", "2026-11-20T12:00:00", TW_CODE_SYNTAX },
		{ "\"version\":\"0.0.9\",", "", TW_CODE_SYNTAX },
		{ "\"earlier\":[{", "\"earlier\":[{\"statement\":{},", TW_CODE_OK },
		{ "\"earlier\":[{", "\"earlier\":[{\"statement\":1,", TW_CODE_SYNTAX },
		{ "\"earlier\":[{", "\"earlier\":[{\"more\":1,", TW_CODE_SYNTAX },
		{ "\"calls\":3", "\"calls\":0", TW_CODE_SYNTAX },
		{ "\"intrusive\":true", "\"intrusive\":\"yes\"", TW_CODE_SYNTAX },
		{ "\"transcript\":\"e3b0", "\"transcript\":\"e3b", TW_CODE_SYNTAX },
		{ "\"transcript\":\"e3b0", "\"transcript\":\"e3bx", TW_CODE_SYNTAX },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *j = NULL;
		char text[4096];
		const char *at = strstr(RUN_TEXT, rows[i].part);
		CHECK(at);
		(void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - RUN_TEXT), RUN_TEXT, rows[i].instead, at + strlen(rows[i].part));
		CHECK_OK(tw_json_parse(tw_slice_of(text), TW_EVIDENCE_MAX, &j));
		tw_err e = tw_evidence_check(j);
		if (e.code != rows[i].code)
			fail_msg("row %zu: %s, %s", i, tw_code_name(e.code), tw_err_detail());
	}
}

/* As many earlier runs as there may be, and one more. */
static void test_evidence_earlier_runs(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	CHECK_OK(tw_json_parse(tw_slice_of(RUN_TEXT), TW_EVIDENCE_MAX, &j));
	json_t *earlier = tw_json_get(j, "earlier");
	while (json_array_size(earlier) < TW_EVIDENCE_RUNS)
		CHECK_OK(tw_json_append(earlier, json_copy(json_array_get(earlier, 0))));
	CHECK_OK(tw_evidence_check(j));
	CHECK_OK(tw_json_append(earlier, json_copy(json_array_get(earlier, 0))));
	CHECK(tw_failed(tw_evidence_check(j)));
}

/* As many results as there may be, and one more. */
static void test_evidence_results(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	CHECK_OK(tw_json_parse(tw_slice_of(REPORT_TEXT), TW_EVIDENCE_MAX, &j));
	json_t *results = tw_json_get(j, "results"), *first = json_array_get(results, 0);
	while (json_array_size(results) < TW_EVIDENCE_RESULTS) {
		char name[16];
		json_t *one = json_copy(first);
		(void)snprintf(name, sizeof name, "E.%zu", json_array_size(results));
		CHECK_OK(tw_json_set(one, "element", json_string(name)));
		CHECK_OK(tw_json_append(results, one));
	}
	CHECK_OK(tw_json_set(tw_json_get(j, "totals"), "pass", json_integer(TW_EVIDENCE_RESULTS - 1)));
	CHECK_OK(tw_evidence_check(j));
	CHECK_OK(tw_json_append(results, json_copy(first)));
	CHECK_ERR(tw_evidence_check(j), LIMIT);
}

static void test_evidence_notes(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	CHECK_OK(tw_json_parse(tw_slice_of(REPORT_TEXT), TW_EVIDENCE_MAX, &j));
	CHECK_OK(tw_json_set(j, "notes", json_pack("[s, s]", "one", "")));
	CHECK_OK(tw_evidence_check(j));
	CHECK_OK(tw_json_set(j, "notes", json_pack("[s, i]", "one", 2)));
	CHECK_ERR(tw_evidence_check(j), SYNTAX);
}

/* Rightly signed, and not what an assessor of ours would have written: in another order, or with another content. */
static void test_evidence_that_is_signed(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 }, turned = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	TW_CLEANUP(tw_jsonp) json_t *jws = NULL;
	tw_buf_init(&b, sys, TW_EVIDENCE_MAX);
	tw_buf_init(&turned, sys, TW_EVIDENCE_MAX);
	CHECK_OK(tw_json_parse(tw_slice_of(REPORT_TEXT), TW_EVIDENCE_MAX, &j));
	CHECK_OK(tw_evidence_sign(sys, j, cert, &signer, &b));
	CHECK_OK(tw_json_parse(tw_buf_slice(&b), TW_EVIDENCE_MAX, &jws));
	CHECK_OK(tw_buf_format(&turned, "{\"protected\":\"%s\",\"payload\":\"%s\",\"signature\":\"%s\"}",
		tw_json_text(jws, "protected"), tw_json_text(jws, "payload"), tw_json_text(jws, "signature")));
	CHECK_INT(turned.size, b.size);
	CHECK_ERR(evidence_verify(tw_buf_slice(&turned)), UNTRUSTED);
	tw_buf_clear(&b);
	CHECK_OK(tw_json_set(tw_json_get(j, "totals"), "pass", json_integer(2)));
	CHECK_ERR(tw_evidence_sign(sys, j, cert, &signer, &b), SYNTAX);
	CHECK_INT(b.size, 0);
	CHECK_OK(tw_jws_sign(sys, TW_JWS_EVIDENCE, cert, j, &signer, &b));
	CHECK_ERR(evidence_verify(tw_buf_slice(&b)), SYNTAX);
	CHECK_ERR(evidence_verify(TW_SLICE("{")), SYNTAX);
}

static tw_err sign_statement(struct tw_buf *b, void *user)
{
	return tw_statement_sign(b->sys, &statement, cert, &signer, b);
}

static void test_signing_without_memory(void **state)
{
	write_sweep(sign_statement, NULL);
}

/* What the maker did not certify as a device, or under a name that no device has. */
static void test_statement_of_no_device(void **state)
{
	char longest[TW_IDENTIFIER_MAX + 2] = "urn:";
	memset(longest + 4, 'x', sizeof longest - 5);
	const char *const names[] = { NULL, longest, "urn:dev:ops:32473-T.1-0002" };
	for (size_t i = 0; i < TW_COUNT(names); i++) {
		TW_CLEANUP(tw_cert_freep) tw_cert *other = make_cert(names[i]);
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		struct tw_statement got = { 0 };
		tw_buf_init(&b, sys, TW_JWS_MAX);
		CHECK_OK(tw_statement_sign(sys, &statement, other, &signer, &b));
		CHECK_ERR(tw_statement_verify(sys, tw_buf_slice(&b), ca, NOW, statement.nonce, 16, statement.exporter, &got), UNTRUSTED);
		CHECK(strstr(tw_err_detail(), i < 2 ? "names no device" : "is of urn:dev:ops:32473-T.1-0001, its certificate of"));
		CHECK_TEXT(got.identifier, "");
	}
}

static void test_nonce_sizes(void **state)
{
	static const struct {
		size_t size;
		enum tw_code code;
	} rows[] = { { 15, TW_CODE_LIMIT }, { 16, TW_CODE_OK }, { 64, TW_CODE_OK }, { 65, TW_CODE_LIMIT } };
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		struct tw_statement s = statement;
		s.nonce_size = rows[i].size;
		tw_buf_init(&b, sys, TW_JWS_MAX);
		CHECK_INT(tw_statement_sign(sys, &s, cert, &signer, &b).code, rows[i].code);
	}
}

static void test_statement_says_how_it_is_bound(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 }, loose = { 0 };
	struct tw_statement got, s = statement;
	s.has_exporter = false;
	CHECK_OK(state_it(&statement, &b));
	CHECK_OK(state_it(&s, &loose));
	CHECK_ERR(tw_statement_verify(sys, tw_buf_slice(&b), ca, NOW, s.nonce, 16, NULL, &got), UNTRUSTED);
	CHECK(strstr(tw_err_detail(), "is bound to a TLS connection"));
	CHECK_ERR(tw_statement_verify(sys, tw_buf_slice(&loose), ca, NOW, s.nonce, 16, statement.exporter, &got), UNTRUSTED);
	CHECK(strstr(tw_err_detail(), "is not bound to a TLS connection"));
}

/* A certificate in another spelling than DER has no place in the header: it would be a second name for the same signer. */
static void test_certificate_spellings(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 }, b = { 0 };
	char x5c[4096], header[5000];
	tw_buf_init(&pem, sys, 2048);
	tw_buf_init(&b, sys, TW_JWS_MAX);
	CHECK_OK(tw_cert_pem(cert, &pem));
	CHECK(EVP_EncodeBlock((unsigned char *)x5c, (const unsigned char *)pem.data, (int)pem.size) > 0);
	const char *const rows[][2] = { { x5c, "is not DER" }, { "", "has 0 characters" }, { "A", "" }, { "====", "" } };
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		(void)snprintf(header, sizeof header, "{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"%s\"]}", rows[i][0]);
		build(header, "{}", "", &b);
		CHECK_ERR(verify("t", tw_buf_slice(&b)), SYNTAX);
		if (!strstr(tw_err_detail(), rows[i][1]))
			fail_msg("row %zu: %s", i, tw_err_detail());
	}
}

static tw_err evidence_round(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	TW_CLEANUP(tw_jsonp) json_t *payload = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *by = NULL;
	tw_buf_init(&b, s, TW_EVIDENCE_MAX);
	TW_TRY(tw_json_parse(tw_slice_of(REPORT_TEXT), TW_EVIDENCE_MAX, &j));
	TW_TRY(tw_evidence_sign(s, j, cert, &signer, &b));
	return tw_evidence_verify(s, tw_buf_slice(&b), &payload, &by);
}

static void test_evidence_out_of_memory(void **state)
{
	(void)oom_sweep(evidence_round, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_sign_and_verify), TEST(test_refused_forms), TEST(test_sizes), TEST(test_base64url_is_canonical),
	TEST(test_out_of_memory), TEST(test_statement), TEST(test_statement_of_another), TEST(test_statement_without_exporter),
	TEST(test_statement_forms), TEST(test_statement_out_of_memory), TEST(test_evidence_forms), TEST(test_evidence_members),
	TEST(test_evidence_every_byte), TEST(test_evidence_of_runs), TEST(test_evidence_earlier_runs), TEST(test_evidence_results),
	TEST(test_evidence_notes), TEST(test_evidence_that_is_signed), TEST(test_signing_without_memory),
	TEST(test_statement_of_no_device), TEST(test_nonce_sizes), TEST(test_statement_says_how_it_is_bound),
	TEST(test_certificate_spellings), TEST(test_evidence_out_of_memory))
