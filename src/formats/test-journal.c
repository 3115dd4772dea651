/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a journal: every byte of it is signed; what is no head, no proof and no entry is refused. */
#include "formats/journal.h"

#include "base/text.h"
#include "check.h"
#include "oom.h"

static tw_cert *made(tw_key **ret_key)
{
	static const struct tw_cert_want want = { .common_name = "thingward-support", .not_before_ms = 1735689600000 };
	tw_cert *cert = NULL;

	CHECK_OK(tw_key_generate(tw_sys_real(), ret_key));
	CHECK_OK(tw_cert_make(tw_sys_real(), &want, *ret_key, NULL, *ret_key, &cert));
	return cert;
}

static void signed_head(const tw_cert *cert, const tw_key *key, json_t **ret)
{
	struct tw_journal_head h = { .size = 7, .at_ms = 1789128900123, .root = { 1, 2, 3 } };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	uint8_t signature[TW_SIGNATURE_SIZE];

	CHECK_OK(tw_cert_fingerprint(cert, h.service));
	tw_buf_init(&b, tw_sys_real(), TW_JOURNAL_MESSAGE);
	CHECK_OK(tw_journal_message(&h, &b));
	const struct tw_slice message = tw_buf_slice(&b);
	CHECK_OK(tw_key_sign(key, &message, 1, signature));
	CHECK_OK(tw_journal_head_json(tw_sys_real(), &h, signature, ret));
}

static void test_a_head(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL, *other_key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = made(&key), *other = made(&other_key);
	TW_CLEANUP(tw_jsonp) json_t *j = NULL, *forged = NULL;
	struct tw_journal_head h;

	signed_head(cert, key, &j);
	CHECK_OK(tw_journal_head_check(tw_sys_real(), j, cert, &h));
	CHECK(h.size == 7 && h.at_ms == 1789128900123 && h.root[2] == 3);
	CHECK_ERR(tw_journal_head_check(tw_sys_real(), j, other, &h), UNTRUSTED);
	signed_head(cert, other_key, &forged);
	CHECK_ERR(tw_journal_head_check(tw_sys_real(), forged, cert, &h), UNTRUSTED);
}

static void test_a_changed_head(void **state)
{
	static const struct {
		const char *key, *value; /* NULL: the member goes */
		enum tw_code want;
	} rows[] = {
		{ "format", "\"thingward-case-journal-2\"", TW_CODE_SYNTAX },
		{ "size", "8", TW_CODE_UNTRUSTED },
		{ "size", "-1", TW_CODE_SYNTAX },
		{ "at", "\"2026-09-11T12:15:00.124Z\"", TW_CODE_UNTRUSTED },
		{ "at", "\"2026-09-11 12:15:00.123Z\"", TW_CODE_SYNTAX },
		{ "root", "\"0101030000000000000000000000000000000000000000000000000000000000\"", TW_CODE_UNTRUSTED },
		{ "root", "\"x101030000000000000000000000000000000000000000000000000000000000\"", TW_CODE_SYNTAX },
		{ "service", "\"0101030000000000000000000000000000000000000000000000000000000000\"", TW_CODE_UNTRUSTED },
		{ "more", "1", TW_CODE_SYNTAX },
		{ "root", NULL, TW_CODE_SYNTAX },
		{ "signature", "\"00\"", TW_CODE_SYNTAX },
	};
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = made(&key);
	struct tw_journal_head h;

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *j = NULL, *v = NULL;

		signed_head(cert, key, &j);
		if (rows[i].value) {
			char text[128];

			(void)snprintf(text, sizeof text, "[%s]", rows[i].value);
			CHECK_OK(tw_json_parse(tw_slice_of(text), sizeof text, &v));
			CHECK_OK(tw_json_set(j, rows[i].key, json_incref(json_array_get(v, 0))));
		} else {
			(void)json_object_del(j, rows[i].key);
		}
		CHECK_INT(tw_journal_head_check(tw_sys_real(), j, cert, &h).code, rows[i].want);
	}
}

static void test_a_message(void **state)
{
	const struct tw_journal_head h = { .service = { 9 }, .size = UINT64_C(1) << 39, .at_ms = -5, .root = { 8 } };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_journal_head back;

	tw_buf_init(&b, tw_sys_real(), TW_JOURNAL_MESSAGE);
	CHECK_OK(tw_journal_message(&h, &b));
	CHECK_OK(tw_journal_message_parse(tw_buf_slice(&b), &back));
	CHECK(back.service[0] == 9 && back.size == h.size && back.at_ms == -5 && back.root[0] == 8);
	for (size_t i = 0; i < b.size; i++)
		CHECK_ERR(tw_journal_message_parse((struct tw_slice){ b.data, i }, &back), SYNTAX);
	CHECK_OK(tw_buf_u8(&b, 0));
	CHECK_ERR(tw_journal_message_parse(tw_buf_slice(&b), &back), SYNTAX);
	b.data[3] ^= 1;
	CHECK_ERR(tw_journal_message_parse((struct tw_slice){ b.data, b.size - 1 }, &back), SYNTAX);
}

static void test_proofs(void **state)
{
	struct tw_merkle_proof p = { .count = 3, .of = { { 1 }, { 2 }, { 3 } } }, back = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	CHECK_OK(tw_journal_proof_json(tw_sys_real(), &p, &j));
	CHECK_OK(tw_journal_proof_read(j, &back));
	CHECK(back.count == 3 && back.of[2][0] == 3);
	CHECK_OK(tw_json_append(j, json_string("00")));
	CHECK_ERR(tw_journal_proof_read(j, &back), SYNTAX);
	CHECK_OK(tw_json_append(j, json_integer(1)));
	CHECK_ERR(tw_journal_proof_read(j, &back), SYNTAX);
	for (int i = 0; i < TW_MERKLE_PROOF_MAX; i++)
		CHECK_OK(tw_json_append(j, json_null()));
	CHECK_ERR(tw_journal_proof_read(j, &back), LIMIT);
	CHECK_ERR(tw_journal_proof_read(NULL, &back), SYNTAX);
}

#define HASH "0101030000000000000000000000000000000000000000000000000000000000"
static const char entry[] = "{\"after\":\"" HASH
			    "\",\"at\":\"2026-09-11T12:15:00.123Z\",\"before\":\"\",\"case\":\"c1\",\"changed\":[\"title\"],"
			    "\"drill\":false,\"number\":3,\"what\":\"case.create\",\"who\":\"uid:0\"}";

static void test_entries(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL, *none = NULL;

	CHECK_OK(tw_journal_entry_read(tw_slice_of(entry), 3, &j));
	CHECK_TEXT(tw_json_text(j, "who"), "uid:0");
	CHECK_ERR(tw_journal_entry_read(tw_slice_of(entry), 4, &none), SYNTAX);
	CHECK_ERR(tw_journal_entry_read(TW_SLICE("{}"), 0, &none), SYNTAX);
	CHECK_ERR(tw_journal_entry_read(TW_SLICE(""), 0, &none), SYNTAX);
}

static tw_err write_and_read(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL, *of = NULL, *again = NULL;
	struct tw_merkle_proof p = { .count = 2 };
	const struct tw_journal_head h = { .size = 1, .at_ms = 1789128900123 };
	const uint8_t signature[TW_SIGNATURE_SIZE] = { 0 };

	TW_TRY(tw_journal_proof_json(sys, &p, &j));
	TW_TRY(tw_journal_head_json(sys, &h, signature, &again));
	return tw_journal_entry_read(tw_slice_of(entry), 3, &of);
}

static void test_without_memory(void **state)
{
	(void)oom_sweep(write_and_read, NULL);
}

CHECK_MAIN(cmocka_unit_test(test_a_head), cmocka_unit_test(test_a_changed_head), cmocka_unit_test(test_a_message),
	cmocka_unit_test(test_proofs), cmocka_unit_test(test_entries), cmocka_unit_test(test_without_memory))
