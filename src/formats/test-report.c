/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report in both spellings, and the table of what must be refused: each claim and each header absent, twice, of another kind,
 * too long; another chain, name, time, purpose, nonce, connection; spellings that are not deterministic. Nothing is accepted.
 */
#include "formats/report.h"

#include "formats/cbor.h"
#include "formats/claim.h"
#include "formats/cose.h"
#include "formats/identifier.h"
#include "formats/test-maker.h"

static struct tw_report report;
static struct tw_report_expect expect;

static int set_up(void **state)
{
	make_maker();
	report = (struct tw_report){ .identifier = ID,
		.nonce = "0123456789abcdef",
		.nonce_size = 16,
		.has_exporter = true,
		.exporter = { 1, 2, 3 },
		.issued_ms = NOW,
		.time_trusted = true,
		.model = "T-1",
		.hardware = "B2",
		.software_name = "thingward-device",
		.software = "0.1.0",
		.product_version = "1.0",
		.oem_boot = 1,
		.debug_status = 3,
		.has_boot = true,
		.boot_count = 70000,
		.boot_seed = { 7 },
		.boot_seed_size = 16,
		.boot_confirmed = true,
		.has_log = true,
		.log_epoch = 2,
		.log_seq = 300,
		.log_checkpoint = 299,
		.log_chain = { 9 } };
	report.elements = json_pack("{s:i, s:i, s:i}", "DI.IMS.10", 3, "DI.IMS.1", 0, "LA.A.1", 1);
	expect = (struct tw_report_expect){ ca, NOW, { "0123456789abcdef", 16 }, report.exporter, false };
	return 0;
}

static int tear_down(void **state)
{
	tw_report_done(&report);
	maker_done();
	return 0;
}

static tw_err verify(struct tw_slice text)
{
	TW_CLEANUP(tw_report_done) struct tw_report got = { 0 };
	tw_err e = tw_report_verify(sys, text, &expect, &got);
	CHECK(tw_failed(e) == (got.elements == NULL)); /* nothing comes out of what does not verify */
	return e;
}

static void same(const struct tw_report *a, const struct tw_report *b)
{
	TW_CLEANUP(tw_jsonp) json_t *x = NULL;
	TW_CLEANUP(tw_jsonp) json_t *y = NULL;
	CHECK_OK(tw_report_claims(sys, a, &x));
	CHECK_OK(tw_report_claims(sys, b, &y));
	CHECK(json_equal(x, y));
}

static void test_round(void **state)
{
	for (int format = TW_REPORT_CWT; format <= TW_REPORT_JWT; format++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		TW_CLEANUP(tw_report_done) struct tw_report got = { 0 };
		tw_buf_init(&b, sys, TW_REPORT_MAX);
		CHECK_OK(tw_report_sign(sys, &report, (enum tw_report_format)format, cert, &signer, &b));
		CHECK_INT((uint8_t)b.data[0], format == TW_REPORT_CWT ? 0xc0 + TW_COSE_TAG : 'e');
		CHECK_OK(tw_report_verify(sys, tw_buf_slice(&b), &expect, &got));
		same(&report, &got);
		CHECK_INT(got.debug_status, 3);
		CHECK_INT(tw_json_int(got.elements, "DI.IMS.10"), 3);
	}
}

/* Only what a verifier cannot do without; what is not known comes out as not known. */
static void test_unknown_is_absent(void **state)
{
	for (int format = TW_REPORT_CWT; format <= TW_REPORT_JWT; format++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		TW_CLEANUP(tw_report_done) struct tw_report got = { 0 };
		TW_CLEANUP(tw_jsonp) json_t *claims = NULL;
		struct tw_report little = { .identifier = ID,
			.nonce = "0123456789abcdef",
			.nonce_size = 16,
			.software_name = "hub",
			.software = "1",
			.oem_boot = -1,
			.debug_status = -1 };
		memset(little.model, 'm', 33); /* longer than the claim may be */
		expect.exporter = NULL;
		tw_buf_init(&b, sys, TW_REPORT_MAX);
		CHECK_OK(tw_report_sign(sys, &little, (enum tw_report_format)format, cert, &signer, &b));
		CHECK_OK(tw_report_verify(sys, tw_buf_slice(&b), &expect, &got));
		CHECK(got.oem_boot == -1 && got.debug_status == -1 && !got.has_boot && !got.has_log && !got.has_exporter && !*got.model);
		CHECK_OK(tw_report_claims(sys, &got, &claims));
		CHECK_INT(json_object_size(claims), 9);
	}
}

/* Every bit of every byte, every cut, and a byte more. */
static void test_every_byte(void **state)
{
	for (int format = TW_REPORT_CWT; format <= TW_REPORT_JWT; format++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		tw_buf_init(&b, sys, TW_REPORT_MAX);
		CHECK_OK(tw_report_sign(sys, &report, (enum tw_report_format)format, cert, &signer, &b));
		for (size_t i = 0; i < b.size; i++) {
			b.data[i] = (char)(b.data[i] ^ 1 << i % 8);
			if (!tw_failed(verify(tw_buf_slice(&b))))
				fail_msg("byte %zu may be changed", i);
			b.data[i] = (char)(b.data[i] ^ 1 << i % 8);
			CHECK(tw_failed(verify((struct tw_slice){ b.data, i })));
		}
		CHECK_OK(verify(tw_buf_slice(&b)));
		CHECK_OK(tw_buf_u8(&b, 'A'));
		CHECK(tw_failed(verify(tw_buf_slice(&b))));
	}
}

static void test_not_meant_for_us(void **state)
{
	static const uint8_t other[32] = { 4 };
	const struct tw_cert_want want = { .common_name = "X", .is_ca = true, .not_before_ms = LONG_AGO };
	TW_CLEANUP(tw_key_freep) tw_key *another = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *another_ca = NULL;
	CHECK_OK(tw_key_generate(sys, &another));
	CHECK_OK(tw_cert_make(sys, &want, another, NULL, another, &another_ca));
	const struct tw_report_expect good = expect;
	const struct tw_report_expect rows[] = {
		{ another_ca, NOW, good.nonce, good.exporter, false },
		{ cert, NOW, good.nonce, good.exporter, false },         /* not an authority */
		{ ca, 1600000000000, good.nonce, good.exporter, false }, /* before the certificate */
		{ ca, NOW - TW_REPORT_AHEAD_MS - 1, good.nonce, good.exporter, false },
		{ ca, NOW, { "0123456789abcdeg", 16 }, good.exporter, false },
		{ ca, NOW, { "0123456789abcdef", 15 }, good.exporter, false },
		{ ca, NOW, { "0123456789abcdef", 17 }, good.exporter, false },
		{ ca, NOW, { "", 0 }, good.exporter, false },
		{ ca, NOW, good.nonce, other, false },
		{ ca, NOW, good.nonce, NULL, false },
	};
	for (int format = TW_REPORT_CWT; format <= TW_REPORT_JWT; format++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		tw_buf_init(&b, sys, TW_REPORT_MAX);
		CHECK_OK(tw_report_sign(sys, &report, (enum tw_report_format)format, cert, &signer, &b));
		for (size_t i = 0; i < TW_COUNT(rows); i++) {
			expect = rows[i];
			tw_err e = verify(tw_buf_slice(&b));
			if (!tw_is(e, TW_CODE_UNTRUSTED))
				fail_msg("row %zu: %s", i, tw_code_name(e.code));
		}
		expect = good;
		expect.exporter = NULL;
		expect.any_exporter = true;
		CHECK_OK(verify(tw_buf_slice(&b)));
		expect = good;
		expect.now_ms = NOW - TW_REPORT_AHEAD_MS;
		CHECK_OK(verify(tw_buf_slice(&b)));
		expect = good;
	}
}

/* Signed by a unit of the same maker, under a name that is not its own. */
static void test_another_unit(void **state)
{
	const struct tw_cert_want wants[] = { { .common_name = "T", .uri = "urn:dev:ops:32473-T.1-0002", .not_before_ms = LONG_AGO },
		{ .common_name = "T", .not_before_ms = LONG_AGO },
		{ .common_name = "T", .uri = ID, .not_before_ms = LONG_AGO, .not_after_ms = NOW - 1 },
		{ .common_name = "T", .uri = ID, .is_ca = true, .not_before_ms = LONG_AGO } };
	for (size_t i = 0; i < TW_COUNT(wants) * 2; i++) {
		TW_CLEANUP(tw_cert_freep) tw_cert *other = NULL;
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		tw_buf_init(&b, sys, TW_REPORT_MAX);
		CHECK_OK(tw_cert_make(sys, &wants[i / 2], key, ca, ca_key, &other));
		CHECK_OK(tw_report_sign(sys, &report, i % 2 ? TW_REPORT_JWT : TW_REPORT_CWT, other, &signer, &b));
		CHECK_ERR(verify(tw_buf_slice(&b)), UNTRUSTED);
	}
}

/* --- Claims in JSON: absent, of another kind --- */

static tw_err verify_json(const json_t *claims)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf t = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *jws = NULL;
	tw_buf_init(&b, sys, TW_REPORT_MAX);
	tw_buf_init(&t, sys, TW_REPORT_MAX);
	CHECK_OK(tw_jws_sign(sys, TW_REPORT_JWT_TYP, cert, claims, &signer, &b));
	CHECK_OK(tw_json_parse(tw_buf_slice(&b), TW_REPORT_MAX, &jws));
	CHECK_OK(tw_buf_format(
		&t, "%s.%s.%s", tw_json_text(jws, "protected"), tw_json_text(jws, "payload"), tw_json_text(jws, "signature")));
	return verify(tw_buf_slice(&t));
}

static void test_json_claims(void **state)
{
	static const char *const optional[] = { "hwmodel", "hwversion", "oemboot", "dbgstat", "thingward_product_version" };
	static const char *const bad[] = { "0", "-1", "1.5", "\"\"", "\"=\"", "\"A\"", "\"\\u0001\"", "null", "[]", "[1]",
		"[\"a\",\"b\"]", "[\"\"]", "{\"a\":1}", "{\"DI.IMS.1\":4}", "{\"DI.IMS.1\":-1}", "{\"DI.IMS.1\":true}",
		"{\"di\":1}", "{\"\":0}", "9223372036854775807" };
	TW_CLEANUP(tw_jsonp) json_t *claims = NULL;
	const char *name;
	json_t *value;
	size_t accepted = 0;
	CHECK_OK(tw_report_claims(sys, &report, &claims));
	CHECK_INT(json_object_size(claims), 22);
	CHECK_OK(verify_json(claims));
	json_object_foreach(claims, name, value) {
		TW_CLEANUP(tw_jsonp) json_t *less = json_copy(claims);
		bool may = false;
		for (size_t i = 0; i < TW_COUNT(optional); i++)
			may |= strcmp(optional[i], name) == 0;
		CHECK_INT(json_object_del(less, name), 0);
		if (tw_failed(verify_json(less)) == may)
			fail_msg("without %s: %s", name, may ? tw_err_detail() : "accepted");
		for (size_t i = 0; i < TW_COUNT(bad); i++) {
			TW_CLEANUP(tw_jsonp) json_t *changed = json_copy(claims);
			json_object_set_new(changed, name, json_loads(bad[i], JSON_DECODE_ANY, NULL));
			tw_err e = verify_json(changed);
			if (tw_failed(e) && !tw_is(e, TW_CODE_SYNTAX) && !tw_is(e, TW_CODE_LIMIT) && !tw_is(e, TW_CODE_UNTRUSTED))
				fail_msg("%s = %s: %s", name, bad[i], tw_code_name(e.code));
			bool number = strcmp(name, "bootcount") == 0 || strncmp(name, "thingward_log_", 14) == 0;
			bool good = (strcmp(name, "iat") == 0 && strcmp(bad[i], "0") == 0) || /* time zero is a time */
				(number && (strcmp(bad[i], "0") == 0 || i == TW_COUNT(bad) - 1)) ||
				((strcmp(name, "swname") == 0 || strcmp(name, "thingward_product_version") == 0) &&
					(strcmp(bad[i], "\"=\"") == 0 || strcmp(bad[i], "\"A\"") == 0));
			if (tw_failed(e))
				continue;
			if (!good)
				fail_msg("%s = %s: accepted", name, bad[i]);
			accepted++;
		}
	}
	/* iat 0; bootcount 0 and the largest; the largest of epoch and seq; checkpoint 0; two names for two texts */
	CHECK_INT(accepted, 10);
	CHECK_INT(json_object_set_new(claims, "new", json_integer(1)), 0);
	CHECK_ERR(verify_json(claims), SYNTAX);
}

/* --- Claims in CBOR --- */

static tw_err verify_cbor(struct tw_slice payload)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	tw_buf_init(&b, sys, 2 * TW_REPORT_MAX);
	CHECK_OK(tw_cose_sign(sys, TW_REPORT_CWT_TYP, cert, payload, &signer, &b));
	return verify(tw_buf_slice(&b));
}

/* The claims' map as items: their places in the payload of a good report. */
struct items {
	struct tw_buf whole;
	struct tw_slice payload, key[32], value[32];
	size_t count;
};

static void pass_over(struct tw_cursor *c)
{
	enum tw_cbor_major major;
	uint64_t n, left = 1;
	struct tw_slice s;
	while (left--) {
		CHECK_OK(tw_cbor_head(c, &major, &n));
		if (major == TW_CBOR_BYTES || major == TW_CBOR_TEXT)
			CHECK_OK(tw_cursor_slice(c, (size_t)n, &s));
		left += major == TW_CBOR_ARRAY ? n : major == TW_CBOR_MAP ? 2 * n : 0;
	}
}

static struct tw_slice between(const struct tw_cursor *a, const struct tw_cursor *b)
{
	return (struct tw_slice){ (const char *)a->at, (size_t)(b->at - a->at) };
}

static void take_apart(struct items *r)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *by = NULL;
	uint64_t count;
	*r = (struct items){ .count = 0 };
	tw_buf_init(&r->whole, sys, TW_REPORT_MAX);
	CHECK_OK(tw_report_sign(sys, &report, TW_REPORT_CWT, cert, &signer, &r->whole));
	CHECK_OK(tw_cose_verify(sys, TW_REPORT_CWT_TYP, tw_buf_slice(&r->whole), &r->payload, &by));
	struct tw_cursor c = tw_cursor_of(r->payload.at, r->payload.size);
	CHECK_OK(tw_cbor_map(&c, &count));
	for (; r->count < count; r->count++) {
		struct tw_cursor k = c;
		pass_over(&c);
		struct tw_cursor v = c;
		pass_over(&c);
		r->key[r->count] = between(&k, &v);
		r->value[r->count] = between(&v, &c);
	}
	CHECK_OK(tw_cursor_end(&c));
}

/* The map again, with item i left out, twice, or of another value. */
enum change { SAME, LEFT_OUT, TWICE, OTHER_VALUE, SWAPPED, LONG_KEY };
static void put_together(const struct items *r, size_t at, enum change change, struct tw_slice other, struct tw_buf *b)
{
	tw_buf_clear(b);
	CHECK_OK(tw_cbor_put_head(b, TW_CBOR_MAP, r->count + (change == TWICE) - (change == LEFT_OUT)));
	for (size_t k = 0; k < r->count; k++) {
		size_t i = change == SWAPPED && k == at ? k + 1 : change == SWAPPED && k == at + 1 ? at : k;
		if (change == LEFT_OUT && i == at)
			continue;
		for (int n = change == TWICE && i == at ? 2 : 1; n; n--) {
			struct tw_slice v = change == OTHER_VALUE && i == at ? other : r->value[i];
			if (change == LONG_KEY && i == at)
				CHECK_OK(tw_buf_add(b, "\x1b\0\0\0\0\0\0\0", 8));
			CHECK_OK(tw_buf_add(b, r->key[i].at, r->key[i].size));
			CHECK_OK(tw_buf_add(b, v.at, v.size));
		}
	}
}

static void test_cbor_claims(void **state)
{
	static const struct tw_slice others[] = { { "\x20", 1 }, { "\x40", 1 }, { "\x60", 1 }, { "\x80", 1 }, { "\xa1\x00\x00", 3 },
		{ "\x81\x00", 2 }, { "\xc1\x00", 2 }, { "\xf6", 1 }, { "\xf9\x3c\x00", 3 }, { "\x1b\x80\0\0\0\0\0\0\0", 9 },
		{ "\x18\x05", 2 }, { "\x61\x01", 2 }, { "\x61\xff", 2 }, { "\x5f\x40\xff", 3 } };
	static const char *const optional = "\x19\x01\x03 \x19\x01\x04 \x19\x01\x06 \x19\x01\x07 "; /* hwmodel to dbgstat */
	struct items r;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	tw_buf_init(&b, sys, TW_REPORT_MAX);
	take_apart(&r);
	CHECK_INT(r.count, 22);
	put_together(&r, 0, SAME, (struct tw_slice){ 0 }, &b);
	CHECK_OK(verify_cbor(tw_buf_slice(&b)));
	for (size_t i = 0; i < r.count; i++) {
		bool may = i == 15; /* the product's version */
		for (const char *o = optional; r.key[i].size == 3 && *o; o += 4)
			may |= memcmp(o, r.key[i].at, 3) == 0;
		put_together(&r, i, LEFT_OUT, (struct tw_slice){ 0 }, &b);
		if (tw_failed(verify_cbor(tw_buf_slice(&b))) == may)
			fail_msg("without item %zu: %s", i, may ? tw_err_detail() : "accepted");
		put_together(&r, i, TWICE, (struct tw_slice){ 0 }, &b);
		CHECK(tw_failed(verify_cbor(tw_buf_slice(&b))));
		put_together(&r, i, LONG_KEY, (struct tw_slice){ 0 }, &b);
		CHECK(tw_failed(verify_cbor(tw_buf_slice(&b))));
		if (i + 1 < r.count) {
			put_together(&r, i, SWAPPED, (struct tw_slice){ 0 }, &b);
			CHECK(tw_failed(verify_cbor(tw_buf_slice(&b))));
		}
		for (size_t k = 0; k < TW_COUNT(others); k++) {
			put_together(&r, i, OTHER_VALUE, others[k], &b);
			tw_err e = verify_cbor(tw_buf_slice(&b));
			if (!tw_is(e, TW_CODE_SYNTAX))
				fail_msg("item %zu with value %zu: %s, %s", i, k, tw_code_name(e.code), tw_err_detail());
		}
		put_together(&r, i, SAME, (struct tw_slice){ 0 }, &b);
		b.data[0]++; /* a claim more than there are */
		CHECK(tw_failed(verify_cbor(tw_buf_slice(&b))));
		CHECK_OK(tw_buf_add(&b, "\x3a\x00\x01\x2a\x2b\x00", 6)); /* and one nobody knows */
		CHECK_ERR(verify_cbor(tw_buf_slice(&b)), SYNTAX);
	}
	tw_buf_done(&r.whole);
}

/* --- A byte more than a claim may have, in both spellings; and a claim of JSON twice --- */

enum form { TEXT, BYTES, VERSION, ELEMENT, OTHER };
/* In the order of the labels. Whole numbers, booleans and words have no length: there a long text is another kind. */
static const struct limit {
	const char *name;
	size_t max;
	enum form form;
	bool any; /* whatever is not too long is taken */
} limits[] = {
	{ "sub", 255, TEXT, false },
	{ "iat", 255, OTHER, false },
	{ "eat_nonce", 64, BYTES, false },
	{ "oemid", 255, OTHER, false },
	{ "hwmodel", 32, BYTES, true },
	{ "hwversion", 63, VERSION, true },
	{ "oemboot", 255, OTHER, false },
	{ "dbgstat", 32, OTHER, false },
	{ "eat_profile", 64, TEXT, false },
	{ "bootcount", 255, OTHER, false },
	{ "bootseed", 64, BYTES, true },
	{ "swname", 63, TEXT, true },
	{ "swversion", 63, VERSION, true },
	{ "thingward_time_trusted", 255, OTHER, false },
	{ "thingward_exporter", 32, BYTES, false },
	{ "thingward_product_version", 63, TEXT, true },
	{ "thingward_boot_confirmed", 255, OTHER, false },
	{ "thingward_elements", 32, ELEMENT, true },
	{ "thingward_log_epoch", 255, OTHER, false },
	{ "thingward_log_seq", 255, OTHER, false },
	{ "thingward_log_chain", 32, BYTES, true },
	{ "thingward_log_checkpoint", 255, OTHER, false },
};
#define FAR_TOO_LONG 5000

static struct tw_slice filled(size_t size)
{
	static char text[FAR_TOO_LONG];
	CHECK(size <= sizeof text);
	memset(text, 'A', sizeof text);
	return (struct tw_slice){ text, size };
}

static json_t *long_json(const struct limit *l, size_t size)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_slice text = filled(size);
	tw_buf_init(&b, sys, 2 * FAR_TOO_LONG);
	switch (l->form) {
	case BYTES:
		CHECK_OK(tw_buf_base64url(&b, text.at, text.size));
		return json_string(tw_buf_cstr(&b));
	case VERSION:
		return json_pack("[s%]", text.at, text.size);
	case ELEMENT:
		CHECK_OK(tw_buf_add(&b, text.at, text.size));
		return json_pack("{s:i}", tw_buf_cstr(&b), 0);
	case TEXT:
	case OTHER:
		break;
	}
	return json_stringn(text.at, text.size);
}

static void put_long_cbor(const struct limit *l, size_t size, struct tw_buf *b)
{
	struct tw_slice text = filled(size);
	tw_buf_clear(b);
	if (l->form == BYTES) {
		CHECK_OK(tw_cbor_put_bytes(b, text.at, text.size));
		return;
	}
	if (l->form == VERSION || l->form == ELEMENT)
		CHECK_OK(tw_cbor_put_head(b, l->form == VERSION ? TW_CBOR_ARRAY : TW_CBOR_MAP, 1));
	CHECK_OK(tw_cbor_put_text(b, text));
	if (l->form == ELEMENT)
		CHECK_OK(tw_cbor_put_int(b, 0));
}

/* For its length or kind, and not because it is another than was asked for. */
static void too_long(const struct limit *l, const char *spelling, size_t size, tw_err e)
{
	bool may = l->any && size <= l->max;
	if (may ? tw_failed(e) : !tw_is(e, TW_CODE_SYNTAX) && !tw_is(e, TW_CODE_LIMIT))
		fail_msg("%s of %zu bytes in %s: %s", l->name, size, spelling, tw_failed(e) ? tw_err_detail() : "accepted");
}

static void test_claims_that_are_too_long(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *claims = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf value = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct items r;
	CHECK_OK(tw_report_claims(sys, &report, &claims));
	take_apart(&r);
	CHECK_INT(json_object_size(claims), TW_COUNT(limits));
	CHECK_INT(r.count, TW_COUNT(limits));
	tw_buf_init(&value, sys, TW_REPORT_MAX);
	tw_buf_init(&b, sys, TW_REPORT_MAX);
	for (size_t i = 0; i < TW_COUNT(limits); i++) {
		const struct limit *l = &limits[i];
		const size_t sizes[] = { l->max, l->max + 1, FAR_TOO_LONG };
		CHECK(tw_json_get(claims, l->name) != NULL);
		for (size_t k = l->any ? 0 : 1; k < TW_COUNT(sizes); k++) {
			TW_CLEANUP(tw_jsonp) json_t *changed = json_copy(claims);
			CHECK_OK(tw_json_set(changed, l->name, long_json(l, sizes[k])));
			too_long(l, "JSON", sizes[k], verify_json(changed));
			put_long_cbor(l, sizes[k], &value);
			put_together(&r, i, OTHER_VALUE, tw_buf_slice(&value), &b);
			too_long(l, "CBOR", sizes[k], verify_cbor(tw_buf_slice(&b)));
		}
	}
	tw_buf_done(&r.whole);
}

/* The JWT of these bytes, whatever they are. */
static tw_err verify_text(const struct tw_buf *claims)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf head = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf body = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf t = { 0 };
	uint8_t signature[TW_SIGNATURE_SIZE];
	tw_buf_init(&head, sys, TW_REPORT_MAX);
	tw_buf_init(&body, sys, TW_REPORT_MAX);
	tw_buf_init(&t, sys, TW_REPORT_MAX);
	CHECK_OK(tw_jws_protected(sys, TW_REPORT_JWT_TYP, cert, &head));
	CHECK_OK(tw_buf_base64url(&body, claims->data, claims->size));
	const struct tw_slice input[] = { tw_buf_slice(&head), TW_SLICE("."), tw_buf_slice(&body) };
	CHECK_OK(tw_key_sign(key, input, TW_COUNT(input), signature));
	CHECK_OK(tw_buf_format(&t, "%s.%s.", tw_buf_cstr(&head), tw_buf_cstr(&body)));
	CHECK_OK(tw_buf_base64url(&t, signature, sizeof signature));
	return verify(tw_buf_slice(&t));
}

/* Once more in front or at the end, with the same value. */
static void test_a_json_claim_twice(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *claims = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf good = { 0 };
	const char *name;
	json_t *value;
	CHECK_OK(tw_report_claims(sys, &report, &claims));
	CHECK_INT(json_object_size(claims), TW_COUNT(limits));
	tw_buf_init(&good, sys, TW_REPORT_MAX);
	CHECK_OK(tw_json_write(claims, &good));
	CHECK_OK(verify_text(&good));
	json_object_foreach(claims, name, value) {
		TW_CLEANUP(tw_jsonp) json_t *one = json_pack("{s:O}", name, value);
		TW_CLEANUP(tw_buf_done) struct tw_buf more = { 0 };
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		int size = (int)good.size - 1;
		tw_buf_init(&more, sys, TW_REPORT_MAX);
		tw_buf_init(&b, sys, TW_REPORT_MAX);
		CHECK_OK(tw_json_write(one, &more));
		CHECK_OK(tw_buf_format(&b, "%.*s,%s", (int)more.size - 1, more.data, good.data + 1));
		CHECK_ERR(verify_text(&b), SYNTAX);
		tw_buf_clear(&b);
		CHECK_OK(tw_buf_format(&b, "%.*s,%s", size, good.data, tw_buf_cstr(&more) + 1));
		CHECK_ERR(verify_text(&b), SYNTAX);
	}
}

/* --- The COSE envelope --- */

struct parts {
	const char *hex_before; /* of the whole: tag and array */
	int64_t alg;
	const char *typ;
	/* 1: typ before alg; 2: a header more; 3: alg missing; 4: an array of certificates; 5: no certificate; 6: not DER; 7: PEM of the
	   right one; 8: a byte behind it; 9: empty */
	int64_t order;
	const char *unprotected; /* as bytes */
	size_t signature;
	enum tw_code code;
};

static void put_certificate(struct tw_buf *h, int64_t order, const struct tw_buf *der)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	tw_buf_init(&pem, sys, TW_REPORT_MAX);
	CHECK_OK(tw_cert_pem(cert, &pem));
	if (order == 6)
		CHECK_OK(tw_cbor_put_bytes(h, "PEM", 3));
	else if (order == 7)
		CHECK_OK(tw_cbor_put_bytes(h, pem.data, pem.size));
	else
		CHECK_OK(tw_cbor_put_bytes(h, der->data, order == 9 ? 0 : der->size));
}

static void put_header(struct tw_buf *h, const struct parts *p, const struct tw_buf *der)
{
	CHECK_OK(tw_cbor_put_head(h, TW_CBOR_MAP, p->order == 2 ? 4 : p->order == 3 || p->order == 5 ? 2 : 3));
	for (int i = 0; i < 2; i++) {
		bool alg = (i == 0) != (p->order == 1);
		if (alg && p->order == 3)
			continue;
		CHECK_OK(tw_cbor_put_int(h, alg ? 1 : 16));
		CHECK_OK(alg ? tw_cbor_put_int(h, p->alg) : tw_cbor_put_text(h, tw_slice_of(p->typ)));
	}
	if (p->order != 5)
		CHECK_OK(tw_cbor_put_int(h, 33));
	if (p->order == 4)
		CHECK_OK(tw_cbor_put_head(h, TW_CBOR_ARRAY, 1));
	if (p->order != 5)
		put_certificate(h, p->order, der);
	if (p->order == 8)
		CHECK_OK(tw_buf_u8(h, 0));
	if (p->order == 2) {
		CHECK_OK(tw_cbor_put_int(h, 34));
		CHECK_OK(tw_cbor_put_int(h, 0));
	}
}

static void test_envelope(void **state)
{
	static const struct parts rows[] = {
		{ "\xd2\x84", -7, TW_REPORT_CWT_TYP, 0, "\xa0", 64, TW_CODE_OK },
		{ "\xd1\x84", -7, TW_REPORT_CWT_TYP, 0, "\xa0", 64, TW_CODE_SYNTAX }, /* COSE_Mac0 */
		{ "\x84", -7, TW_REPORT_CWT_TYP, 0, "\xa0", 64, TW_CODE_SYNTAX },
		{ "\xd2\x98\x04", -7, TW_REPORT_CWT_TYP, 0, "\xa0", 64, TW_CODE_SYNTAX },
		{ "\xd8\x3d\xd2\x84", -7, TW_REPORT_CWT_TYP, 0, "\xa0", 64, TW_CODE_SYNTAX }, /* a second spelling of the same token */
		{ "\xd2\x85", -7, TW_REPORT_CWT_TYP, 0, "\xa0", 64, TW_CODE_SYNTAX },
		{ "\xd2\x83", -7, TW_REPORT_CWT_TYP, 0, "\xa0", 64, TW_CODE_SYNTAX },
		{ "\xd2\x84", -35, TW_REPORT_CWT_TYP, 0, "\xa0", 64, TW_CODE_SYNTAX },
		{ "\xd2\x84", 7, TW_REPORT_CWT_TYP, 0, "\xa0", 64, TW_CODE_SYNTAX },
		{ "\xd2\x84", -7, "application/eat+cwt", 0, "\xa0", 64, TW_CODE_SYNTAX },
		{ "\xd2\x84", -7, "", 0, "\xa0", 64, TW_CODE_SYNTAX },
		{ "\xd2\x84", -7, TW_REPORT_CWT_TYP, 1, "\xa0", 64, TW_CODE_SYNTAX },
		{ "\xd2\x84", -7, TW_REPORT_CWT_TYP, 2, "\xa0", 64, TW_CODE_SYNTAX },
		{ "\xd2\x84", -7, TW_REPORT_CWT_TYP, 3, "\xa0", 64, TW_CODE_SYNTAX },
		{ "\xd2\x84", -7, TW_REPORT_CWT_TYP, 4, "\xa0", 64, TW_CODE_SYNTAX },
		{ "\xd2\x84", -7, TW_REPORT_CWT_TYP, 5, "\xa0", 64, TW_CODE_SYNTAX },
		{ "\xd2\x84", -7, TW_REPORT_CWT_TYP, 6, "\xa0", 64, TW_CODE_SYNTAX },
		{ "\xd2\x84", -7, TW_REPORT_CWT_TYP, 7, "\xa0", 64, TW_CODE_SYNTAX },
		{ "\xd2\x84", -7, TW_REPORT_CWT_TYP, 8, "\xa0", 64, TW_CODE_SYNTAX },
		{ "\xd2\x84", -7, TW_REPORT_CWT_TYP, 9, "\xa0", 64, TW_CODE_SYNTAX },
		{ "\xd2\x84", -7, TW_REPORT_CWT_TYP, 0, "\xa1\x01\x26", 64, TW_CODE_SYNTAX },
		{ "\xd2\x84", -7, TW_REPORT_CWT_TYP, 0, "\xa0", 63, TW_CODE_SYNTAX },
		{ "\xd2\x84", -7, TW_REPORT_CWT_TYP, 0, "\xa0", 65, TW_CODE_SYNTAX },
		{ "\xd2\x84", -7, TW_REPORT_CWT_TYP, 0, "\xa0", 0, TW_CODE_SYNTAX },
	};
	struct items r;
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	tw_buf_init(&der, sys, TW_REPORT_MAX);
	CHECK_OK(tw_cert_der(cert, &der));
	take_apart(&r);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf h = { 0 };
		TW_CLEANUP(tw_buf_done) struct tw_buf in = { 0 };
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		uint8_t signature[TW_SIGNATURE_SIZE + 1] = { 0 };
		tw_buf_init(&h, sys, TW_REPORT_MAX);
		tw_buf_init(&in, sys, TW_REPORT_MAX);
		tw_buf_init(&b, sys, TW_REPORT_MAX);
		put_header(&h, &rows[i], &der);
		CHECK_OK(tw_buf_text(&in, "\x84\x6aSignature1"));
		CHECK_OK(tw_cbor_put_bytes(&in, h.data, h.size));
		CHECK_OK(tw_cbor_put_bytes(&in, "", 0));
		CHECK_OK(tw_cbor_put_bytes(&in, r.payload.at, r.payload.size));
		CHECK_OK(tw_key_sign(key, &(struct tw_slice){ in.data, in.size }, 1, signature));
		CHECK_OK(tw_buf_text(&b, rows[i].hex_before));
		CHECK_OK(tw_cbor_put_bytes(&b, h.data, h.size));
		CHECK_OK(tw_buf_text(&b, rows[i].unprotected));
		CHECK_OK(tw_cbor_put_bytes(&b, r.payload.at, r.payload.size));
		CHECK_OK(tw_cbor_put_bytes(&b, signature, rows[i].signature));
		if (rows[i].hex_before[1] == '\x85')
			CHECK_OK(tw_cbor_put_int(&b, 0));
		tw_err e = verify(tw_buf_slice(&b));
		if (e.code != rows[i].code)
			fail_msg("row %zu: %s, %s", i, tw_code_name(e.code), tw_err_detail());
		CHECK(rows[i].unprotected[0] == '\xa0' || strstr(tw_err_detail(), "has unprotected headers"));
	}
	tw_buf_done(&r.whole);
}

static void test_how_long_an_envelope_may_be(void **state)
{
	static const char zeros[TW_COSE_MAX + 1];
	struct tw_slice payload;
	tw_cert *by = NULL;

	CHECK_ERR(tw_cose_verify(sys, TW_REPORT_CWT_TYP, (struct tw_slice){ zeros, sizeof zeros }, &payload, &by), LIMIT);
	CHECK_ERR(tw_cose_verify(sys, TW_REPORT_CWT_TYP, (struct tw_slice){ zeros, sizeof zeros - 1 }, &payload, &by), SYNTAX);
}

/* What was signed for another use, or is no report at all. */
static void test_other_things(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *claims = NULL;
	TW_CLEANUP(tw_jsonp) json_t *jws = NULL;
	static const char *const texts[] = { "", ".", "..", "...", "a.b.c", "a.b.c.d", "eyJ9.e30.", "\xd2", "\xa0", "\xff" };
	for (size_t i = 0; i < TW_COUNT(texts); i++)
		CHECK(tw_failed(verify(tw_slice_of(texts[i]))));
	tw_buf_init(&b, sys, TW_REPORT_MAX);
	CHECK_OK(tw_report_claims(sys, &report, &claims));
	CHECK_OK(tw_jws_sign(sys, TW_JWS_STATEMENT, cert, claims, &signer, &b));
	CHECK_ERR(verify(tw_buf_slice(&b)), SYNTAX);
	CHECK_OK(tw_json_parse(tw_buf_slice(&b), TW_REPORT_MAX, &jws));
	tw_buf_clear(&b);
	CHECK_OK(tw_buf_format(
		&b, "%s.%s.%s", tw_json_text(jws, "protected"), tw_json_text(jws, "payload"), tw_json_text(jws, "signature")));
	CHECK_ERR(verify(tw_buf_slice(&b)), SYNTAX);
}

/* Nothing is signed that a verifier would refuse. */
static void test_not_signed(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const struct tw_report good = report;
	tw_buf_init(&b, sys, TW_REPORT_MAX);
	for (int i = 0; i < 6; i++) {
		report = good;
		report.nonce_size = i == 0 ? 15 : report.nonce_size;
		report.identifier[0] = i == 1 ? 'x' : report.identifier[0];
		report.log_checkpoint = i == 2 ? report.log_seq + 1 : report.log_checkpoint;
		report.boot_seed_size = i == 3 ? 15 : report.boot_seed_size;
		report.software[0] = i == 4 ? '\0' : report.software[0];
		report.software_name[0] = i == 5 ? '\n' : report.software_name[0];
		CHECK(tw_failed(tw_report_sign(sys, &report, TW_REPORT_CWT, cert, &signer, &b)));
		CHECK_INT(b.size, 0);
	}
	report = good;
}

/* --- What keys asks before it signs --- */

static struct tw_buf seen;
static tw_err see(void *user, struct tw_slice input, uint8_t ret[TW_SIGNATURE_SIZE])
{
	tw_buf_clear(&seen);
	CHECK_OK(tw_buf_add(&seen, input.at, input.size));
	return tw_key_sign(user, &input, 1, ret);
}

static void test_signed_check(void **state)
{
	const struct tw_signer spy = { see, key };
	tw_buf_init(&seen, sys, TW_REPORT_MAX);
	for (int format = TW_REPORT_CWT; format <= TW_REPORT_JWT; format++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		tw_buf_init(&b, sys, TW_REPORT_MAX);
		CHECK_OK(tw_report_sign(sys, &report, (enum tw_report_format)format, cert, &spy, &b));
		CHECK_OK(tw_report_signed_check(sys, cert, tw_buf_slice(&seen)));
		CHECK_ERR(tw_report_signed_check(sys, ca, tw_buf_slice(&seen)), UNTRUSTED);
		seen.data[20] ^= 1;
		CHECK_ERR(tw_report_signed_check(sys, cert, tw_buf_slice(&seen)), UNTRUSTED);
		seen.data[20] ^= 1;
		CHECK_OK(tw_buf_u8(&seen, '.'));
		CHECK_ERR(tw_report_signed_check(sys, cert, tw_buf_slice(&seen)), UNTRUSTED);
		for (size_t i = 0; i < 900; i++)
			CHECK_ERR(tw_report_signed_check(sys, cert, (struct tw_slice){ seen.data, i % seen.size / 2 }), UNTRUSTED);
		seen.data[0] ^= 1;
		CHECK_ERR(tw_report_signed_check(sys, cert, tw_buf_slice(&seen)), UNTRUSTED);
	}
	tw_buf_clear(&seen);
	CHECK_OK(tw_cose_signed_head(sys, TW_REPORT_CWT_TYP, cert, &seen));
	size_t head = seen.size;
	CHECK_OK(tw_cbor_put_bytes(&seen, "\xa0", 1));
	CHECK_OK(tw_report_signed_check(sys, cert, tw_buf_slice(&seen)));
	seen.size = head;
	CHECK_OK(tw_cbor_put_bytes(&seen, "\xff", 1)); /* bytes that are no CBOR */
	CHECK_ERR(tw_report_signed_check(sys, cert, tw_buf_slice(&seen)), UNTRUSTED);
	tw_buf_done(&seen);
}

/* --- The edges of single claims, in both spellings --- */

static void check_round(const struct tw_report *r, bool good)
{
	for (int format = TW_REPORT_CWT; format <= TW_REPORT_JWT; format++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		TW_CLEANUP(tw_report_done) struct tw_report got = { 0 };
		tw_buf_init(&b, sys, TW_REPORT_MAX);
		tw_err e = tw_report_sign(sys, r, (enum tw_report_format)format, cert, &signer, &b);
		CHECK_INT(tw_failed(e), !good);
		if (!good)
			continue;
		CHECK_OK(tw_report_verify(sys, tw_buf_slice(&b), &expect, &got));
		same(r, &got);
		CHECK_TEXT(got.model, r->model);
		CHECK_INT(got.debug_status, r->debug_status);
		CHECK_INT(got.oem_boot, r->oem_boot);
		CHECK_INT(json_object_size(got.elements), json_object_size(r->elements));
	}
}

static void test_the_edges_of_claims(void **state)
{
	struct tw_report r = report;

	r.oem_boot = 0;
	for (r.debug_status = 0; r.debug_status < 5; r.debug_status++)
		check_round(&r, true);
	r = report;
	memset(r.model, 'm', 32); /* as long as the claim may be */
	r.model[32] = '\0';
	check_round(&r, true);
	r = report;
	memset(r.software, '1', sizeof r.software - 1);
	memset(r.hardware, '1', sizeof r.hardware - 1);
	check_round(&r, true);
	r.log_checkpoint = r.log_seq;
	check_round(&r, true);
	r.debug_status = 5; /* no such status: not said, rather than something else */
	TW_CLEANUP(tw_jsonp) json_t *claims = NULL;
	CHECK_OK(tw_report_claims(sys, &r, &claims));
	CHECK(!tw_json_get(claims, "dbgstat"));
}

static void test_how_many_elements(void **state)
{
	static const char *const names[] = { "DI.IMS.1x", "di", "", "DI IMS", "123456789012345678901234567890123" };
	struct tw_report r = report;
	char name[32];

	r.elements = json_object();
	for (int i = 0; i < TW_REPORT_ELEMENTS_MAX; i++) {
		(void)snprintf(name, sizeof name, "A.%d", i);
		CHECK_OK(tw_json_set(r.elements, name, json_integer(i % 4)));
	}
	check_round(&r, true);
	CHECK_OK(tw_json_set(r.elements, "ONE.MORE", json_integer(0)));
	check_round(&r, false);
	json_object_clear(r.elements);
	CHECK_OK(tw_json_set(r.elements, "12345678901234567890123456789012", json_integer(0)));
	check_round(&r, true);
	for (size_t i = 0; i < TW_COUNT(names); i++) {
		json_object_clear(r.elements);
		CHECK_OK(tw_json_set(r.elements, names[i], json_integer(0)));
		check_round(&r, false);
	}
	json_decref(r.elements);
}

/* Claims that are well formed by themselves. */
static void test_claims_that_disagree(void **state)
{
	static const struct {
		const char *name, *value, *words;
	} rows[] = {
		{ "oemid", "1", "is not the organization" },
		{ "hwmodel", "\"AQ\"", "is not a printable text" },
		{ "hwmodel", "\"QQBB\"", "has a NUL inside" },
		{ "hwversion", "[\"a\",\"b\"]", "is not one text in an array" },
		{ "dbgstat", "\"off\"", "is none of the words" },
		{ "eat_profile", "\"tag:example.org,2026:x\"", "not a report of this profile" },
		{ "thingward_log_checkpoint", "301", "lies behind the log's end" },
	};
	TW_CLEANUP(tw_jsonp) json_t *claims = NULL;

	CHECK_OK(tw_report_claims(sys, &report, &claims));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *changed = json_copy(claims);
		CHECK_OK(tw_json_set(changed, rows[i].name, json_loads(rows[i].value, JSON_DECODE_ANY, NULL)));
		CHECK_ERR(verify_json(changed), SYNTAX);
		if (!strstr(tw_err_detail(), rows[i].words))
			fail_msg("%s: %s", rows[i].name, tw_err_detail());
	}
}

/* The same where only CBOR can say it: place of the claim among the good ones, its value. */
static void test_cbor_claims_that_disagree(void **state)
{
	static const struct {
		size_t item;
		const char *value;
		size_t size;
		const char *words;
	} rows[] = {
		{ 5, "\x82\x61\x61\x61\x62", 5, "is not one text in an array" },
		{ 5, "\x80", 1, "is not one text in an array" },
		{ 7, "\x05", 1, "'dbgstat' is 5" },
		{ 7, "\x20", 1, "'dbgstat' is -1" },
		{ 17, "\xa1\x78\x21xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\x00", 37, "what is no element" },
		{ 17, "\xa1\x61x\x00", 4, "what is no element" },
	};
	struct items r;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, TW_REPORT_MAX);
	take_apart(&r);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		put_together(&r, rows[i].item, OTHER_VALUE, (struct tw_slice){ rows[i].value, rows[i].size }, &b);
		CHECK_ERR(verify_cbor(tw_buf_slice(&b)), SYNTAX);
		if (!strstr(tw_err_detail(), rows[i].words))
			fail_msg("row %zu: %s", i, tw_err_detail());
	}
	tw_buf_done(&r.whole);
}

/* A clock that nobody trusts is not held against the report; a trusted one is. */
static void test_a_time_that_is_not_trusted(void **state)
{
	struct tw_report r = report;

	r.issued_ms = NOW + 10 * TW_REPORT_AHEAD_MS;
	r.time_trusted = false;
	check_round(&r, true);
}

static void test_a_certificate_with_a_long_name(void **state)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *other = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	char uri[TW_IDENTIFIER_MAX + 2];

	memset(uri, 'x', sizeof uri - 1);
	memcpy(uri, "urn:", 4);
	uri[sizeof uri - 1] = '\0';
	other = make_cert(uri);
	tw_buf_init(&b, sys, TW_REPORT_MAX);
	CHECK_OK(tw_report_sign(sys, &report, TW_REPORT_CWT, other, &signer, &b));
	CHECK_ERR(verify(tw_buf_slice(&b)), UNTRUSTED);
	CHECK(strstr(tw_err_detail(), "names no device"));
}

/* How long the whole may be, and what is neither of the two spellings. */
static void test_what_is_no_report(void **state)
{
	static const char *const texts[] = { "a b.c.d", "a.b.c=", "a\"b.c.d", "a.b.\"", "a.b", "\x7f.b.c", "a..c", "a.b.c.d", "a.b.c." };
	static char big[TW_REPORT_MAX + 1];

	for (size_t i = 0; i < TW_COUNT(texts); i++) {
		CHECK_ERR(verify(tw_slice_of(texts[i])), SYNTAX);
		CHECK(strstr(tw_err_detail(), "neither a CWT nor a JWT of three parts"));
	}
	memset(big, 'a', sizeof big);
	CHECK_ERR(verify((struct tw_slice){ big, 0 }), LIMIT);
	CHECK_ERR(verify((struct tw_slice){ big, sizeof big }), LIMIT);
	CHECK_ERR(verify((struct tw_slice){ big, sizeof big - 1 }), SYNTAX);
}

static void test_binding_is_said(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 }, loose = { 0 };
	struct tw_report r = report;

	tw_buf_init(&b, sys, TW_REPORT_MAX);
	tw_buf_init(&loose, sys, TW_REPORT_MAX);
	CHECK_OK(tw_report_sign(sys, &r, TW_REPORT_CWT, cert, &signer, &b));
	r.has_exporter = false;
	CHECK_OK(tw_report_sign(sys, &r, TW_REPORT_CWT, cert, &signer, &loose));
	CHECK_ERR(verify(tw_buf_slice(&loose)), UNTRUSTED);
	CHECK(strstr(tw_err_detail(), "is not bound to a TLS connection"));
	expect.exporter = NULL;
	CHECK_OK(verify(tw_buf_slice(&loose)));
	CHECK_ERR(verify(tw_buf_slice(&b)), UNTRUSTED);
	CHECK(strstr(tw_err_detail(), "is bound to a TLS connection"));
}

/* Without memory for the claims it is not the report that is wrong, not even one that has none. */
static void test_no_memory_for_claims(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	tw_fake *f = tw_fake_new();

	tw_buf_init(&b, sys, TW_REPORT_MAX);
	CHECK_OK(tw_cose_sign(sys, TW_REPORT_CWT_TYP, cert, TW_SLICE("\xa0"), &signer, &b));
	CHECK_ERR(verify(tw_buf_slice(&b)), SYNTAX);
	tw_json_use(tw_fake_sys(f));
	tw_fake_fail(f, 1, ENOMEM, false);
	CHECK_ERR(verify(tw_buf_slice(&b)), NOMEM);
	tw_json_use(sys);
	tw_fake_free(f);
}

/* Whatever the shape says of the text: bytes have their own bounds. */
static void test_how_many_bytes_a_claim_has(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *o = json_pack("{s:s}", "a", "AAAA"); /* three bytes */
	uint8_t bytes[4];
	size_t size = 0;

	CHECK_OK(tw_claim_bytes(o, "a", 3, 3, bytes, &size));
	CHECK_INT(size, 3);
	CHECK_ERR(tw_claim_bytes(o, "a", 4, 4, bytes, &size), SYNTAX);
	CHECK_ERR(tw_claim_bytes(o, "a", 1, 2, bytes, &size), LIMIT);
}

static void test_without_a_model(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *claims = NULL;
	struct tw_report r = report;

	r.model[0] = '\0';
	CHECK_OK(tw_report_claims(sys, &r, &claims));
	CHECK(!tw_json_get(claims, "hwmodel"));
	check_round(&r, true);
}

static tw_err sign_either(struct tw_buf *b, void *user)
{
	return tw_report_sign(b->sys, &report, *(enum tw_report_format *)user, cert, &signer, b);
}

static void test_signing_without_memory(void **state)
{
	for (enum tw_report_format format = TW_REPORT_CWT; format <= TW_REPORT_JWT; format++)
		write_sweep(sign_either, &format);
}

static tw_err round_of(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_report_done) struct tw_report got = { 0 };
	struct tw_report r = report;
	tw_buf_init(&b, s, TW_REPORT_MAX);
	r.elements = json_pack("{s:i, s:i}", "DI.IMS.1", 0, "LA.A.1", 1);
	tw_err e = r.elements ? tw_report_sign(s, &r, *(enum tw_report_format *)user, cert, &signer, &b) : TW_RAISE(NOMEM, "elements");
	tw_report_done(&r);
	TW_TRY(e);
	return tw_report_verify(s, tw_buf_slice(&b), &expect, &got);
}

static void test_out_of_memory(void **state)
{
	for (enum tw_report_format format = TW_REPORT_CWT; format <= TW_REPORT_JWT; format++)
		(void)oom_sweep(round_of, &format);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_round), TEST(test_unknown_is_absent), TEST(test_every_byte), TEST(test_not_meant_for_us), TEST(test_another_unit),
	TEST(test_json_claims), TEST(test_cbor_claims), TEST(test_claims_that_are_too_long), TEST(test_a_json_claim_twice),
	TEST(test_envelope), TEST(test_how_long_an_envelope_may_be), TEST(test_other_things), TEST(test_not_signed),
	TEST(test_signed_check), TEST(test_the_edges_of_claims), TEST(test_how_many_elements), TEST(test_claims_that_disagree),
	TEST(test_cbor_claims_that_disagree), TEST(test_a_time_that_is_not_trusted), TEST(test_a_certificate_with_a_long_name),
	TEST(test_what_is_no_report), TEST(test_binding_is_said), TEST(test_no_memory_for_claims),
	TEST(test_how_many_bytes_a_claim_has), TEST(test_without_a_model), TEST(test_signing_without_memory), TEST(test_out_of_memory))
