/* SPDX-License-Identifier: Apache-2.0 */
/* The evidence report's form, signature and exactness: see evidence.h and doc/spec/evidence.md. */
#include "formats/evidence.h"

#include "base/text.h"

#include <string.h>

static const char *const verdicts[] = TW_EVIDENCE_VERDICTS;
static const char *const sources[] = TW_EVIDENCE_SOURCES;

static bool one_of(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(word, words[i]) == 0)
			return true;
	}
	return false;
}

static tw_err check_time(const json_t *o, const char *key)
{
	int64_t ms;
	struct tw_slice text = tw_slice_of(tw_json_text(o, key));
	if (tw_failed(tw_parse_time(text, &ms)) || text.at[text.size - 1] != 'Z')
		return TW_RAISE(SYNTAX, "'%s' is not a UTC time of RFC 3339", key);
	return TW_OK;
}

/* Of 22 to 86 characters, as its shape has it: 16 to 64 bytes. */
static tw_err check_nonce(const json_t *o)
{
	uint8_t bytes[64];
	size_t size;
	if (tw_failed(tw_parse_base64url(tw_slice_of(tw_json_text(o, "nonce")), sizeof bytes, bytes, &size)))
		return TW_RAISE(SYNTAX, "'nonce' is not base64url of 16 to 64 bytes");
	return TW_OK;
}

static tw_err check_tool(const json_t *tool)
{
	static const struct tw_shape shape[] = { { "name", TW_JSON_TEXT, true, 1, 64 }, { "version", TW_JSON_TEXT, true, 1, 64 },
		{ "sha256", TW_JSON_TEXT, true, 64, 64 }, { 0 } };
	uint8_t digest[32];
	TW_TRY(tw_json_check(tool, shape));
	return tw_parse_hex(tw_slice_of(tw_json_text(tool, "sha256")), digest, sizeof digest);
}

static tw_err check_device(const json_t *device)
{
	static const struct tw_shape shape[] = { { "identifier", TW_JSON_TEXT, true, 0, 255 },
		{ "model", TW_JSON_TEXT, true, 0, 64 }, { "software", TW_JSON_TEXT, true, 0, 64 },
		{ "product_version", TW_JSON_TEXT, true, 0, 64 }, { "address", TW_JSON_TEXT, false, 0, 256 },
		{ "kind", TW_JSON_TEXT, false, 1, 32 }, { "statement", TW_JSON_OBJECT, false, 0, 0 }, { 0 } };
	TW_TRY(tw_json_check(device, shape));
	if (tw_json_get(device, "kind") && strcmp(tw_json_text(device, "kind"), "service") != 0)
		return TW_RAISE(SYNTAX, "'%.32s' is no kind of what is assessed", tw_json_text(device, "kind"));
	return TW_OK;
}

static tw_err check_result(const json_t *r)
{
	static const struct tw_shape shape[] = { { "element", TW_JSON_TEXT, true, 1, 64 }, { "probe", TW_JSON_TEXT, true, 1, 128 },
		{ "title", TW_JSON_TEXT, false, 0, 1024 }, { "claimed", TW_JSON_BOOL, true, 0, 0 },
		{ "status", TW_JSON_TEXT, false, 0, 64 }, { "verdict", TW_JSON_TEXT, true, 1, 32 },
		{ "source", TW_JSON_TEXT, true, 1, 32 }, { "reason", TW_JSON_TEXT, true, 1, 2048 },
		{ "time", TW_JSON_TEXT, true, 1, TW_TIME_TEXT_MAX }, { "seen", TW_JSON_OBJECT, false, 0, 0 },
		{ "intrusive", TW_JSON_BOOL, false, 0, 0 }, { "calls", TW_JSON_INT, false, 1, INT32_MAX },
		{ "transcript", TW_JSON_TEXT, false, 64, 64 }, { "run", TW_JSON_TEXT, false, 22, 86 }, { 0 } };
	uint8_t digest[32];
	TW_TRY(tw_json_check(r, shape));
	if (tw_json_get(r, "transcript"))
		TW_TRY(tw_parse_hex(tw_slice_of(tw_json_text(r, "transcript")), digest, sizeof digest));
	if (!one_of(tw_json_text(r, "verdict"), verdicts, TW_COUNT(verdicts)))
		return TW_RAISE(SYNTAX, "'%.32s' is no verdict", tw_json_text(r, "verdict"));
	if (!one_of(tw_json_text(r, "source"), sources, TW_COUNT(sources)))
		return TW_RAISE(SYNTAX, "'%.32s' is no source of a verdict", tw_json_text(r, "source"));
	return check_time(r, "time");
}

/* One result per element and probe: two would let a reader see whichever suits. */
static tw_err check_unique(const json_t *results, size_t i)
{
	const json_t *r = json_array_get(results, i);
	for (size_t j = 0; j < i; j++) {
		const json_t *other = json_array_get(results, j);
		if (strcmp(tw_json_text(r, "element"), tw_json_text(other, "element")) == 0 &&
			strcmp(tw_json_text(r, "probe"), tw_json_text(other, "probe")) == 0)
			return TW_RAISE(SYNTAX, "%s has two results of probe %s", tw_json_text(r, "element"), tw_json_text(r, "probe"));
	}
	return TW_OK;
}

static tw_err check_totals(const json_t *payload)
{
	static const struct tw_shape shape[] = { { "pass", TW_JSON_INT, true, 0, TW_EVIDENCE_RESULTS },
		{ "fail", TW_JSON_INT, true, 0, TW_EVIDENCE_RESULTS }, { "inconclusive", TW_JSON_INT, true, 0, TW_EVIDENCE_RESULTS },
		{ "not applicable", TW_JSON_INT, true, 0, TW_EVIDENCE_RESULTS }, { 0 } };
	const json_t *results = tw_json_get(payload, "results"), *totals = tw_json_get(payload, "totals");
	TW_TRY(tw_json_check(totals, shape));
	for (size_t v = 0; v < TW_COUNT(verdicts); v++) {
		int64_t count = 0;
		for (size_t i = 0; i < json_array_size(results); i++)
			count += strcmp(tw_json_text(json_array_get(results, i), "verdict"), verdicts[v]) == 0;
		if (count != tw_json_int(totals, verdicts[v]))
			return TW_RAISE(SYNTAX, "the total of '%s' is %lld, the results say %lld", verdicts[v],
				(long long)tw_json_int(totals, verdicts[v]), (long long)count);
	}
	return TW_OK;
}

static tw_err check_notes(const json_t *notes)
{
	for (size_t i = 0; i < json_array_size(notes); i++) {
		if (!json_is_string(json_array_get(notes, i)))
			return TW_RAISE(SYNTAX, "note %zu is no text", i + 1);
	}
	return TW_OK;
}

static tw_err check_setup(const json_t *setup)
{
	static const struct tw_shape shape[] = { { "source", TW_JSON_TEXT, true, 1, 32 }, { "sample", TW_JSON_TEXT, false, 1, 128 },
		{ "hardware", TW_JSON_TEXT, false, 1, 128 }, { "firmware_sha256", TW_JSON_TEXT, false, 64, 64 },
		{ "words", TW_JSON_TEXT, false, 1, 2048 }, { 0 } };
	uint8_t digest[32];
	if (!setup)
		return TW_OK;
	TW_TRY(tw_json_check(setup, shape));
	if (!one_of(tw_json_text(setup, "source"), sources, TW_COUNT(sources)))
		return TW_RAISE(SYNTAX, "'%.32s' is no source of a set-up", tw_json_text(setup, "source"));
	if (!tw_json_get(setup, "firmware_sha256"))
		return TW_OK;
	return tw_parse_hex(tw_slice_of(tw_json_text(setup, "firmware_sha256")), digest, sizeof digest);
}

static tw_err check_earlier(const json_t *earlier)
{
	static const struct tw_shape shape[] = { { "nonce", TW_JSON_TEXT, true, 22, 86 },
		{ "created", TW_JSON_TEXT, true, 1, TW_TIME_TEXT_MAX }, { "tool", TW_JSON_OBJECT, true, 0, 0 },
		{ "statement", TW_JSON_OBJECT, false, 0, 0 }, { 0 } };
	TW_TRY(tw_json_check_each(earlier, shape, TW_EVIDENCE_RUNS));
	for (size_t i = 0; i < json_array_size(earlier); i++) {
		const json_t *run = json_array_get(earlier, i);
		TW_TRY(check_nonce(run));
		TW_TRY(check_time(run, "created"));
		TW_TRY(check_tool(tw_json_get(run, "tool")));
	}
	return TW_OK;
}

/* A result that stayed says of which run it is; that run is named with its own nonce. */
static tw_err check_run(const json_t *payload, const json_t *result)
{
	const json_t *earlier = tw_json_get(payload, "earlier");
	const char *run = tw_json_text(result, "run");
	if (!*run)
		return TW_OK;
	for (size_t i = 0; i < json_array_size(earlier); i++) {
		if (strcmp(tw_json_text(json_array_get(earlier, i), "nonce"), run) == 0)
			return TW_OK;
	}
	return TW_RAISE(SYNTAX, "%s has a result of a run that is not named", tw_json_text(result, "element"));
}

tw_err tw_evidence_check(const json_t *payload)
{
	static const struct tw_shape shape[] = { { "format", TW_JSON_INT, true, TW_EVIDENCE_FORMAT, TW_EVIDENCE_FORMAT },
		{ "created", TW_JSON_TEXT, true, 1, TW_TIME_TEXT_MAX }, { "nonce", TW_JSON_TEXT, true, 22, 86 },
		{ "tool", TW_JSON_OBJECT, true, 0, 0 }, { "catalog", TW_JSON_TEXT, true, 1, 128 },
		{ "device", TW_JSON_OBJECT, true, 0, 0 }, { "product", TW_JSON_OBJECT, false, 0, 0 },
		{ "assessor", TW_JSON_TEXT, true, 1, 128 }, { "results", TW_JSON_ARRAY, true, 0, 0 },
		{ "totals", TW_JSON_OBJECT, true, 0, 0 }, { "notes", TW_JSON_ARRAY, false, 0, 0 },
		{ "setup", TW_JSON_OBJECT, false, 0, 0 }, { "earlier", TW_JSON_ARRAY, false, 0, 0 }, { 0 } };
	TW_TRY(tw_json_check(payload, shape));
	TW_TRY(check_time(payload, "created"));
	TW_TRY(check_nonce(payload));
	TW_TRY(check_tool(tw_json_get(payload, "tool")));
	TW_TRY(check_device(tw_json_get(payload, "device")));
	TW_TRY(check_notes(tw_json_get(payload, "notes")));
	TW_TRY(check_setup(tw_json_get(payload, "setup")));
	TW_TRY(check_earlier(tw_json_get(payload, "earlier")));
	const json_t *results = tw_json_get(payload, "results");
	if (json_array_size(results) > TW_EVIDENCE_RESULTS)
		return TW_RAISE(LIMIT, "%zu results, limit %d", json_array_size(results), TW_EVIDENCE_RESULTS);
	for (size_t i = 0; i < json_array_size(results); i++) {
		TW_TRY(check_result(json_array_get(results, i)));
		TW_TRY(check_unique(results, i));
		TW_TRY(check_run(payload, json_array_get(results, i)));
	}
	return check_totals(payload);
}

tw_err tw_evidence_sign(
	const struct tw_sys *sys, const json_t *payload, const tw_cert *cert, const struct tw_signer *signer, struct tw_buf *ret)
{
	TW_TRY(tw_evidence_check(payload));
	return tw_jws_sign(sys, TW_JWS_EVIDENCE, cert, payload, signer, ret);
}

/* The text must be what tw_jws_sign writes for the same members: no blank, escape or order of its own. */
static tw_err exact(const struct tw_sys *sys, struct tw_slice text)
{
	TW_CLEANUP(tw_jsonp) json_t *jws = NULL;
	struct tw_buf again;
	TW_TRY(tw_json_parse(text, TW_EVIDENCE_MAX, &jws));
	tw_buf_init(&again, sys, TW_EVIDENCE_MAX);
	tw_err e = tw_json_write(jws, &again);
	if (!tw_failed(e) && (again.size != text.size || memcmp(again.data, text.at, text.size) != 0))
		e = TW_RAISE(UNTRUSTED, "the report is not in the form it was signed in");
	tw_buf_done(&again);
	return e;
}

tw_err tw_evidence_verify(const struct tw_sys *sys, struct tw_slice text, json_t **ret_payload, tw_cert **ret_cert)
{
	TW_CLEANUP(tw_jsonp) json_t *payload = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_TRY(exact(sys, text));
	TW_TRY(tw_jws_verify(sys, TW_JWS_EVIDENCE, text, &payload, &cert));
	TW_TRY(tw_evidence_check(payload));
	*ret_payload = TW_STEAL(payload);
	*ret_cert = TW_STEAL(cert);
	return TW_OK;
}
