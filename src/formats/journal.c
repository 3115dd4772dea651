/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/journal.h"

#include "base/cursor.h"
#include "base/text.h"

#include <string.h>

static const char label[] = "thingward-case-journal-1";

tw_err tw_journal_message(const struct tw_journal_head *h, struct tw_buf *ret)
{
	TW_TRY(tw_buf_add(ret, label, sizeof label));
	TW_TRY(tw_buf_add(ret, h->service, sizeof h->service));
	TW_TRY(tw_buf_u64(ret, h->size));
	TW_TRY(tw_buf_u64(ret, (uint64_t)h->at_ms));
	return tw_buf_add(ret, h->root, sizeof h->root);
}

tw_err tw_journal_message_parse(struct tw_slice message, struct tw_journal_head *ret)
{
	struct tw_cursor c = tw_cursor_of(message.at, message.size);
	uint8_t begins[sizeof label];
	struct tw_journal_head h;
	uint64_t at = 0;

	TW_TRY(tw_cursor_bytes(&c, begins, sizeof begins));
	if (memcmp(begins, label, sizeof label) != 0)
		return TW_RAISE(SYNTAX, "not the head of a journal");
	TW_TRY(tw_cursor_bytes(&c, h.service, sizeof h.service));
	TW_TRY(tw_cursor_u64(&c, &h.size));
	TW_TRY(tw_cursor_u64(&c, &at));
	TW_TRY(tw_cursor_bytes(&c, h.root, sizeof h.root));
	h.at_ms = (int64_t)at;
	*ret = h;
	return tw_cursor_end(&c);
}

static tw_err set_bytes(json_t *j, const struct tw_sys *sys, const char *key, const void *bytes, size_t size)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };

	tw_buf_init(&hex, sys, 2 * size);
	TW_TRY(tw_buf_hex(&hex, bytes, size));
	return tw_json_set(j, key, json_string(tw_buf_cstr(&hex)));
}

tw_err tw_journal_head_json(
	const struct tw_sys *sys, const struct tw_journal_head *h, const uint8_t signature[TW_SIGNATURE_SIZE], json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = json_object();
	char at[TW_TIME_TEXT_MAX];

	tw_time_text(h->at_ms, at);
	TW_TRY(tw_json_set(j, "format", json_string(TW_JOURNAL_FORMAT)));
	TW_TRY(set_bytes(j, sys, "service", h->service, sizeof h->service));
	TW_TRY(tw_json_set(j, "size", json_integer((json_int_t)h->size)));
	TW_TRY(tw_json_set(j, "at", json_string(at)));
	TW_TRY(set_bytes(j, sys, "root", h->root, sizeof h->root));
	TW_TRY(set_bytes(j, sys, "signature", signature, TW_SIGNATURE_SIZE));
	*ret = TW_STEAL(j);
	return TW_OK;
}

static const struct tw_shape head_shape[] = {
	{ "format", TW_JSON_TEXT, true, 1, 64 },
	{ "service", TW_JSON_TEXT, true, 64, 64 },
	{ "size", TW_JSON_INT, true, 0, (int64_t)TW_MERKLE_LEAVES_MAX },
	{ "at", TW_JSON_TEXT, true, 20, 32 },
	{ "root", TW_JSON_TEXT, true, 64, 64 },
	{ "signature", TW_JSON_TEXT, true, (int64_t)2 * TW_SIGNATURE_SIZE, (int64_t)2 * TW_SIGNATURE_SIZE },
	{ NULL },
};

tw_err tw_journal_head_check(const struct tw_sys *sys, const json_t *head, const tw_cert *service, struct tw_journal_head *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf message = { 0 };
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	uint8_t signature[TW_SIGNATURE_SIZE], own[32];
	struct tw_journal_head h;

	TW_TRY(tw_json_check(head, head_shape));
	if (strcmp(tw_json_text(head, "format"), TW_JOURNAL_FORMAT) != 0)
		return TW_RAISE(SYNTAX, "the format is not " TW_JOURNAL_FORMAT);
	TW_TRY(tw_parse_hex(tw_slice_of(tw_json_text(head, "service")), h.service, sizeof h.service));
	TW_TRY(tw_parse_hex(tw_slice_of(tw_json_text(head, "root")), h.root, sizeof h.root));
	TW_TRY(tw_parse_hex(tw_slice_of(tw_json_text(head, "signature")), signature, sizeof signature));
	TW_TRY(tw_parse_time(tw_slice_of(tw_json_text(head, "at")), &h.at_ms));
	h.size = (uint64_t)tw_json_int(head, "size");
	TW_TRY(tw_cert_fingerprint(service, own));
	if (memcmp(own, h.service, sizeof own) != 0)
		return TW_RAISE(UNTRUSTED, "the head of another service's journal");
	tw_buf_init(&message, sys, TW_JOURNAL_MESSAGE);
	TW_TRY(tw_journal_message(&h, &message));
	TW_TRY(tw_cert_key(service, &key));
	const struct tw_slice signed_text = tw_buf_slice(&message);
	TW_TRY(tw_key_verify(key, &signed_text, 1, signature));
	*ret = h;
	return TW_OK;
}

tw_err tw_journal_proof_json(const struct tw_sys *sys, const struct tw_merkle_proof *p, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();

	for (size_t i = 0; i < p->count; i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };

		tw_buf_init(&hex, sys, (size_t)2 * TW_MERKLE_HASH);
		TW_TRY(tw_buf_hex(&hex, p->of[i], TW_MERKLE_HASH));
		TW_TRY(tw_json_append(list, json_string(tw_buf_cstr(&hex))));
	}
	*ret = TW_STEAL(list);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "a proof");
}

tw_err tw_journal_proof_read(const json_t *array, struct tw_merkle_proof *ret)
{
	size_t i;
	json_t *one;

	if (!json_is_array(array))
		return TW_RAISE(SYNTAX, "a proof is a list of hashes");
	if (json_array_size(array) > TW_MERKLE_PROOF_MAX)
		return TW_RAISE(LIMIT, "a proof of more than %d hashes", TW_MERKLE_PROOF_MAX);
	ret->count = json_array_size(array);
	json_array_foreach(array, i, one) {
		const char *text = json_string_value(one);

		TW_TRY(tw_parse_hex(tw_slice_of(text ? text : ""), ret->of[i], TW_MERKLE_HASH));
	}
	return TW_OK;
}

static const struct tw_shape entry_shape[] = {
	{ "number", TW_JSON_INT, true, 0, (int64_t)TW_MERKLE_LEAVES_MAX },
	{ "at", TW_JSON_TEXT, true, 20, 32 },
	{ "who", TW_JSON_TEXT, true, 1, 64 },
	{ "what", TW_JSON_TEXT, true, 1, 64 },
	{ "case", TW_JSON_TEXT, true, 2, 24 },
	{ "drill", TW_JSON_BOOL, true },
	{ "before", TW_JSON_TEXT, true, 0, 64 }, /* "" of a case that was not there */
	{ "after", TW_JSON_TEXT, true, 64, 64 },
	{ "changed", TW_JSON_ARRAY, true },
	{ NULL },
};

tw_err tw_journal_entry_read(struct tw_slice text, uint64_t number, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	TW_TRY(tw_json_parse(text, TW_JOURNAL_ENTRY_MAX, &j));
	TW_TRY(tw_json_check(j, entry_shape));
	if ((uint64_t)tw_json_int(j, "number") != number)
		return TW_RAISE(SYNTAX, "the entry says that it is number %lld", (long long)tw_json_int(j, "number"));
	*ret = TW_STEAL(j);
	return TW_OK;
}
