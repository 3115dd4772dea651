/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The claims of a report are one table: name in JSON, label in CBOR, kind. They are made and judged in their JSON form; CBOR is
 * read into it and written from it by the table, so that the two spellings cannot come to mean different things.
 */
#include "formats/report.h"

#include "base/text.h"
#include "formats/cbor.h"
#include "formats/claim.h"
#include "formats/cose.h"
#include "formats/identifier.h"

#include <string.h>

#define HWMODEL_MAX 32 /* RFC 9711 section 4.2.4 */
#define ELEMENT_MAX 32
#define STATUS_MAX 3

static const char *const debug_words[] = { "enabled", "disabled", "disabled-since-boot", "disabled-permanently",
	"disabled-fully-and-permanently" };

enum kind { TEXT, INT, BOOL, BYTES, VERSION, DEBUG, ELEMENTS };
/* In the order of the encoded labels: from 0 up, then from -1 down. */
static const struct claim {
	const char *name;
	int64_t label;
	enum kind kind;
} claims[] = {
	{ "sub", 2, TEXT },
	{ "iat", 6, INT },
	{ "eat_nonce", 10, BYTES },
	{ "oemid", 258, INT },
	{ "hwmodel", 259, BYTES },
	{ "hwversion", 260, VERSION },
	{ "oemboot", 262, BOOL },
	{ "dbgstat", 263, DEBUG },
	{ "eat_profile", 265, TEXT },
	{ "bootcount", 267, INT },
	{ "bootseed", 268, BYTES },
	{ "swname", 270, TEXT },
	{ "swversion", 271, VERSION },
	{ "thingward_time_trusted", -70001, BOOL },
	{ "thingward_exporter", -70002, BYTES },
	{ "thingward_product_version", -70003, TEXT },
	{ "thingward_boot_confirmed", -70004, BOOL },
	{ "thingward_elements", -70005, ELEMENTS },
	{ "thingward_log_epoch", -70006, INT },
	{ "thingward_log_seq", -70007, INT },
	{ "thingward_log_chain", -70008, BYTES },
	{ "thingward_log_checkpoint", -70009, INT },
};

void tw_report_done(struct tw_report *r)
{
	json_decref(r->elements);
	r->elements = NULL;
}

/* --- From a report to its claims --- */

static tw_err set_bytes(const struct tw_sys *sys, json_t *o, const char *key, const void *data, size_t size)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	tw_buf_init(&b, sys, TW_REPORT_MAX);
	TW_TRY(tw_buf_base64url(&b, data, size));
	return tw_json_set(o, key, json_string(tw_buf_cstr(&b)));
}

static tw_err set_text(json_t *o, const char *key, const char *text)
{
	return *text ? tw_json_set(o, key, json_string(text)) : TW_OK;
}

static tw_err set_version(json_t *o, const char *key, const char *text)
{
	return *text ? tw_json_set(o, key, json_pack("[s]", text)) : TW_OK;
}

static tw_err set_hardware(const struct tw_sys *sys, json_t *o, const struct tw_report *r)
{
	struct tw_identifier id;
	size_t model = strlen(r->model);
	TW_TRY(tw_identifier_read(tw_slice_of(r->identifier), &id));
	TW_TRY(tw_json_set(o, "oemid", json_integer(id.pen)));
	if (model > 0 && model <= HWMODEL_MAX)
		TW_TRY(set_bytes(sys, o, "hwmodel", r->model, model));
	TW_TRY(set_version(o, "hwversion", r->hardware));
	if (r->oem_boot >= 0)
		TW_TRY(tw_json_set(o, "oemboot", json_boolean(r->oem_boot)));
	if ((size_t)r->debug_status < TW_COUNT(debug_words)) /* not when it is negative: not known */
		TW_TRY(tw_json_set(o, "dbgstat", json_string(debug_words[r->debug_status])));
	return TW_OK;
}

static tw_err set_boot_and_log(const struct tw_sys *sys, json_t *o, const struct tw_report *r)
{
	if (r->has_boot) {
		TW_TRY(tw_json_set(o, "bootcount", json_integer((json_int_t)r->boot_count)));
		TW_TRY(set_bytes(sys, o, "bootseed", r->boot_seed, r->boot_seed_size));
		TW_TRY(tw_json_set(o, "thingward_boot_confirmed", json_boolean(r->boot_confirmed)));
	}
	if (!r->has_log)
		return TW_OK;
	TW_TRY(tw_json_set(o, "thingward_log_epoch", json_integer((json_int_t)r->log_epoch)));
	TW_TRY(tw_json_set(o, "thingward_log_seq", json_integer((json_int_t)r->log_seq)));
	TW_TRY(set_bytes(sys, o, "thingward_log_chain", r->log_chain, sizeof r->log_chain));
	return tw_json_set(o, "thingward_log_checkpoint", json_integer((json_int_t)r->log_checkpoint));
}

tw_err tw_report_claims(const struct tw_sys *sys, const struct tw_report *r, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();
	TW_TRY(tw_json_set(o, "eat_profile", json_string(TW_REPORT_PROFILE)));
	TW_TRY(tw_json_set(o, "sub", json_string(r->identifier)));
	TW_TRY(set_bytes(sys, o, "eat_nonce", r->nonce, r->nonce_size));
	TW_TRY(tw_json_set(o, "iat", json_integer(r->issued_ms / 1000)));
	TW_TRY(tw_json_set(o, "thingward_time_trusted", json_boolean(r->time_trusted)));
	if (r->has_exporter)
		TW_TRY(set_bytes(sys, o, "thingward_exporter", r->exporter, sizeof r->exporter));
	TW_TRY(set_hardware(sys, o, r));
	TW_TRY(set_text(o, "swname", r->software_name));
	TW_TRY(set_version(o, "swversion", r->software));
	TW_TRY(set_text(o, "thingward_product_version", r->product_version));
	TW_TRY(set_boot_and_log(sys, o, r));
	TW_TRY(tw_json_set(o, "thingward_elements", r->elements ? json_incref(r->elements) : json_object()));
	*ret = TW_STEAL(o);
	return TW_OK;
}

/* --- From claims to a report --- */

static tw_err get_text(const json_t *o, const char *key, char *ret, size_t size)
{
	return tw_json_get(o, key) ? tw_claim_text(tw_json_text(o, key), key, ret, size) : TW_OK;
}

static tw_err get_version(const json_t *o, const char *key, char *ret, size_t size)
{
	const json_t *list = tw_json_get(o, key), *version = json_array_get(list, 0);
	if (!list)
		return TW_OK;
	if (json_array_size(list) != 1)
		return TW_RAISE(SYNTAX, "'%s' is not one text in an array", key);
	return tw_claim_text(json_string_value(version), key, ret, size); /* which refuses what is no text */
}

static tw_err read_unit(const json_t *o, struct tw_report *r)
{
	struct tw_identifier id;
	size_t size;
	TW_TRY(get_text(o, "sub", r->identifier, sizeof r->identifier));
	TW_TRY(tw_identifier_read(tw_slice_of(r->identifier), &id));
	if (tw_json_int(o, "oemid") != id.pen)
		return TW_RAISE(SYNTAX, "'oemid' is not the organization of 'sub'");
	if (tw_json_get(o, "hwmodel")) {
		char model[HWMODEL_MAX + 1] = "";
		TW_TRY(tw_claim_bytes(o, "hwmodel", 1, HWMODEL_MAX, model, &size));
		if (memchr(model, '\0', size))
			return TW_RAISE(SYNTAX, "'hwmodel' has a NUL inside");
		TW_TRY(tw_claim_text(model, "hwmodel", r->model, sizeof r->model));
	}
	TW_TRY(get_version(o, "hwversion", r->hardware, sizeof r->hardware));
	r->oem_boot = tw_json_get(o, "oemboot") ? tw_json_bool(o, "oemboot") : -1;
	r->debug_status = -1;
	for (size_t i = 0; i < TW_COUNT(debug_words); i++)
		if (strcmp(tw_json_text(o, "dbgstat"), debug_words[i]) == 0)
			r->debug_status = (int)i;
	if (tw_json_get(o, "dbgstat") && r->debug_status < 0)
		return TW_RAISE(SYNTAX, "'dbgstat' is none of the words");
	TW_TRY(get_text(o, "swname", r->software_name, sizeof r->software_name));
	TW_TRY(get_version(o, "swversion", r->software, sizeof r->software));
	return get_text(o, "thingward_product_version", r->product_version, sizeof r->product_version);
}

/* All of these claims or none of them. */
static tw_err all_or_none(const json_t *o, const char *const *names, size_t count, bool *ret)
{
	size_t seen = 0;
	for (size_t i = 0; i < count; i++)
		seen += tw_json_get(o, names[i]) != NULL;
	if (seen != 0 && seen != count)
		return TW_RAISE(SYNTAX, "only some of the claims that belong to '%s'", names[0]);
	*ret = seen != 0;
	return TW_OK;
}

static tw_err read_boot_and_log(const json_t *o, struct tw_report *r)
{
	static const char *const boot[] = { "bootcount", "bootseed", "thingward_boot_confirmed" };
	static const char *const log[] = { "thingward_log_seq", "thingward_log_epoch", "thingward_log_chain", "thingward_log_checkpoint" };
	size_t size;
	TW_TRY(all_or_none(o, boot, TW_COUNT(boot), &r->has_boot));
	TW_TRY(all_or_none(o, log, TW_COUNT(log), &r->has_log));
	if (r->has_boot)
		TW_TRY(tw_claim_bytes(o, "bootseed", 16, sizeof r->boot_seed, r->boot_seed, &r->boot_seed_size));
	r->boot_count = (uint64_t)tw_json_int(o, "bootcount");
	r->boot_confirmed = tw_json_bool(o, "thingward_boot_confirmed");
	r->log_epoch = (uint64_t)tw_json_int(o, "thingward_log_epoch");
	r->log_seq = (uint64_t)tw_json_int(o, "thingward_log_seq");
	r->log_checkpoint = (uint64_t)tw_json_int(o, "thingward_log_checkpoint");
	if (r->log_checkpoint > r->log_seq)
		return TW_RAISE(SYNTAX, "the last checkpoint lies behind the log's end");
	return r->has_log ? tw_claim_bytes(o, "thingward_log_chain", 32, 32, r->log_chain, &size) : TW_OK;
}

static bool element_valid(const char *id)
{
	size_t size = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.");
	return size > 0 && size <= ELEMENT_MAX && id[size] == '\0';
}

static tw_err read_elements(const json_t *o, struct tw_report *r)
{
	json_t *list = tw_json_get(o, "thingward_elements"), *status;
	const char *id;
	if (json_object_size(list) > TW_REPORT_ELEMENTS_MAX)
		return TW_RAISE(LIMIT, "more than %d elements", TW_REPORT_ELEMENTS_MAX);
	json_object_foreach(list, id, status)
		if (!element_valid(id) || !json_is_integer(status) || json_integer_value(status) < 0 || json_integer_value(status) > STATUS_MAX)
			return TW_RAISE(SYNTAX, "'thingward_elements' holds what is no element with its status");
	r->elements = json_incref(list);
	return TW_OK;
}

static tw_err claims_read(const json_t *o, struct tw_report *r)
{
	static const struct tw_shape shape[] = { { "eat_profile", TW_JSON_TEXT, true, 1, 64 },
		{ "sub", TW_JSON_TEXT, true, 1, TW_IDENTIFIER_MAX }, { "eat_nonce", TW_JSON_TEXT, true, 22, 86 },
		{ "iat", TW_JSON_INT, true, 0, 253402300799 }, { "oemid", TW_JSON_INT, true, 1, UINT32_MAX },
		{ "hwmodel", TW_JSON_TEXT, false, 1, 44 }, { "hwversion", TW_JSON_ARRAY, false, 0, 0 },
		{ "oemboot", TW_JSON_BOOL, false, 0, 0 }, { "dbgstat", TW_JSON_TEXT, false, 1, 32 },
		{ "bootcount", TW_JSON_INT, false, 0, INT64_MAX }, { "bootseed", TW_JSON_TEXT, false, 22, 86 },
		{ "swname", TW_JSON_TEXT, true, 1, 63 }, { "swversion", TW_JSON_ARRAY, true, 0, 0 },
		{ "thingward_time_trusted", TW_JSON_BOOL, true, 0, 0 }, { "thingward_exporter", TW_JSON_TEXT, false, 43, 43 },
		{ "thingward_product_version", TW_JSON_TEXT, false, 1, 63 }, { "thingward_boot_confirmed", TW_JSON_BOOL, false, 0, 0 },
		{ "thingward_elements", TW_JSON_OBJECT, true, 0, 0 }, { "thingward_log_epoch", TW_JSON_INT, false, 1, INT64_MAX },
		{ "thingward_log_seq", TW_JSON_INT, false, 1, INT64_MAX }, { "thingward_log_chain", TW_JSON_TEXT, false, 43, 43 },
		{ "thingward_log_checkpoint", TW_JSON_INT, false, 0, INT64_MAX }, { 0 } };
	size_t size;
	TW_TRY(tw_json_check(o, shape));
	if (strcmp(tw_json_text(o, "eat_profile"), TW_REPORT_PROFILE) != 0)
		return TW_RAISE(SYNTAX, "not a report of this profile");
	TW_TRY(tw_claim_bytes(o, "eat_nonce", TW_REPORT_NONCE_MIN, TW_REPORT_NONCE_MAX, r->nonce, &r->nonce_size));
	r->issued_ms = tw_json_int(o, "iat") * 1000;
	r->time_trusted = tw_json_bool(o, "thingward_time_trusted");
	r->has_exporter = tw_json_get(o, "thingward_exporter") != NULL;
	if (r->has_exporter)
		TW_TRY(tw_claim_bytes(o, "thingward_exporter", sizeof r->exporter, sizeof r->exporter, r->exporter, &size));
	TW_TRY(read_unit(o, r));
	TW_TRY(read_boot_and_log(o, r));
	return read_elements(o, r);
}

/* --- Claims as CBOR --- */

static int by_encoding(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	size_t m = strlen(x), n = strlen(y);
	return m != n ? (m < n ? -1 : 1) : strcmp(x, y);
}

static tw_err put_elements(const struct tw_sys *sys, struct tw_buf *b, json_t *list)
{
	size_t count = json_object_size(list), i = 0;
	TW_CLEANUP(tw_freep) const char **ids = NULL;
	const char *id;
	json_t *status;
	TW_TRY(tw_cbor_put_head(b, TW_CBOR_MAP, count));
	ids = tw_alloc_array(sys, count, sizeof *ids);
	if (!ids)
		return TW_RAISE(NOMEM, "elements");
	json_object_foreach(list, id, status)
		ids[i++] = id;
	qsort(ids, count, sizeof *ids, by_encoding);
	for (i = 0; i < count; i++) {
		TW_TRY(tw_cbor_put_text(b, tw_slice_of(ids[i])));
		TW_TRY(tw_cbor_put_int(b, tw_json_int(list, ids[i])));
	}
	return TW_OK;
}

static tw_err put_bytes(struct tw_buf *b, const char *text)
{
	uint8_t data[64]; /* the longest of them */
	size_t size;
	TW_TRY(tw_parse_base64url(tw_slice_of(text), sizeof data, data, &size));
	return tw_cbor_put_bytes(b, data, size);
}

static int64_t debug_code(const char *word)
{
	int64_t code = 0;
	while (strcmp(word, debug_words[code]) != 0)
		code++;
	return code;
}

static tw_err put_claim(const struct tw_sys *sys, struct tw_buf *b, const struct claim *c, json_t *value)
{
	TW_TRY(tw_cbor_put_int(b, c->label));
	switch (c->kind) {
	case TEXT:
		return tw_cbor_put_text(b, tw_slice_of(json_string_value(value)));
	case INT:
		return tw_cbor_put_int(b, json_integer_value(value));
	case BOOL:
		return tw_cbor_put_bool(b, json_is_true(value));
	case BYTES:
		return put_bytes(b, json_string_value(value));
	case VERSION:
		TW_TRY(tw_cbor_put_head(b, TW_CBOR_ARRAY, 1));
		return tw_cbor_put_text(b, tw_slice_of(json_string_value(json_array_get(value, 0))));
	case DEBUG:
		return tw_cbor_put_int(b, debug_code(json_string_value(value)));
	case ELEMENTS:
		return put_elements(sys, b, value);
	}
	return TW_RAISE(INTERNAL, "a claim of no kind");
}

static tw_err claims_cbor(const struct tw_sys *sys, json_t *o, struct tw_buf *ret)
{
	TW_TRY(tw_cbor_put_head(ret, TW_CBOR_MAP, json_object_size(o)));
	for (size_t i = 0; i < TW_COUNT(claims); i++) {
		json_t *value = tw_json_get(o, claims[i].name);
		if (value)
			TW_TRY(put_claim(sys, ret, &claims[i], value));
	}
	return TW_OK;
}

static tw_err take_text(struct tw_cursor *c, json_t **ret)
{
	struct tw_slice s;
	TW_TRY(tw_cbor_text(c, &s));
	*ret = json_stringn(s.at, s.size);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "a claim");
}

static tw_err take_int(struct tw_cursor *c, json_t **ret)
{
	int64_t v;
	TW_TRY(tw_cbor_int(c, &v));
	*ret = json_integer(v);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "a claim");
}

static tw_err take_version(struct tw_cursor *c, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	json_t *text = NULL;
	uint64_t count;
	TW_TRY(tw_cbor_array(c, &count));
	if (count != 1)
		return TW_RAISE(SYNTAX, "a version is not one text in an array");
	TW_TRY(take_text(c, &text));
	TW_TRY(tw_json_append(list, text));
	*ret = TW_STEAL(list);
	return TW_OK;
}

static tw_err take_debug(struct tw_cursor *c, json_t **ret)
{
	int64_t code;
	TW_TRY(tw_cbor_int(c, &code));
	if ((uint64_t)code >= TW_COUNT(debug_words)) /* also when it is negative */
		return TW_RAISE(SYNTAX, "'dbgstat' is %lld", (long long)code);
	*ret = json_string(debug_words[code]);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "a claim");
}

static tw_err take_elements(struct tw_cursor *c, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_object();
	uint64_t count;
	TW_TRY(tw_cbor_map(c, &count));
	for (uint64_t i = 0; i < count; i++) {
		struct tw_slice id;
		json_t *status = NULL;
		char name[ELEMENT_MAX + 1] = "";
		TW_TRY(tw_cbor_text(c, &id));
		if (id.size > ELEMENT_MAX)
			return TW_RAISE(SYNTAX, "'thingward_elements' holds what is no element with its status");
		memcpy(name, id.at, id.size);
		TW_TRY(take_int(c, &status));
		TW_TRY(tw_json_set(list, name, status));
	}
	*ret = TW_STEAL(list);
	return TW_OK;
}

static tw_err take_bool(struct tw_cursor *c, json_t **ret)
{
	bool v;
	TW_TRY(tw_cbor_bool(c, &v));
	*ret = json_boolean(v);
	return TW_OK;
}

static tw_err take_claim(const struct tw_sys *sys, struct tw_cursor *c, const struct claim *claim, json_t *o)
{
	json_t *value = NULL;
	struct tw_slice s;
	switch (claim->kind) {
	case BYTES:
		TW_TRY(tw_cbor_bytes(c, &s));
		return set_bytes(sys, o, claim->name, s.at, s.size);
	case TEXT:
		TW_TRY(take_text(c, &value));
		break;
	case INT:
		TW_TRY(take_int(c, &value));
		break;
	case BOOL:
		TW_TRY(take_bool(c, &value));
		break;
	case VERSION:
		TW_TRY(take_version(c, &value));
		break;
	case DEBUG:
		TW_TRY(take_debug(c, &value));
		break;
	case ELEMENTS:
		TW_TRY(take_elements(c, &value));
		break;
	}
	return tw_json_set(o, claim->name, value);
}

/* data passed tw_cbor_check: no label comes twice, nothing follows. */
static tw_err claims_of_cbor(const struct tw_sys *sys, struct tw_slice data, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();
	struct tw_cursor c = tw_cursor_of(data.at, data.size);
	uint64_t count;
	if (!o)
		return TW_RAISE(NOMEM, "a report");
	TW_TRY(tw_cbor_map(&c, &count));
	for (uint64_t i = 0; i < count; i++) {
		const struct claim *claim = NULL;
		int64_t label;
		TW_TRY(tw_cbor_int(&c, &label));
		for (size_t k = 0; k < TW_COUNT(claims) && !claim; k++)
			claim = claims[k].label == label ? &claims[k] : NULL;
		if (!claim)
			return TW_RAISE(SYNTAX, "claim %lld is unknown", (long long)label);
		TW_TRY(take_claim(sys, &c, claim, o));
	}
	*ret = TW_STEAL(o);
	return TW_OK;
}

/* --- Signing --- */

/* A JWT is the compact serialization of the same JWS. */
static tw_err sign_jwt(const struct tw_sys *sys, const json_t *o, const tw_cert *device, const struct tw_signer *signer, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *jws = NULL;
	tw_buf_init(&text, sys, TW_REPORT_MAX);
	TW_TRY(tw_jws_sign(sys, TW_REPORT_JWT_TYP, device, o, signer, &text));
	TW_TRY(tw_json_parse(tw_buf_slice(&text), TW_REPORT_MAX, &jws));
	TW_TRY(tw_buf_text(ret, tw_json_text(jws, "protected")));
	TW_TRY(tw_buf_u8(ret, '.'));
	TW_TRY(tw_buf_text(ret, tw_json_text(jws, "payload")));
	TW_TRY(tw_buf_u8(ret, '.'));
	return tw_buf_text(ret, tw_json_text(jws, "signature"));
}

/* What it writes it could read: a report that a verifier would refuse is a fault of ours, and is not signed. */
static tw_err claims_ready(const struct tw_sys *sys, const struct tw_report *r, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;
	TW_CLEANUP(tw_report_done) struct tw_report back = { 0 };
	TW_TRY(tw_report_claims(sys, r, &o));
	TW_TRY(claims_read(o, &back));
	*ret = TW_STEAL(o);
	return TW_OK;
}

/* @nist DI.IMS.2: identifier, state, caller's nonce and connection under one signature of the device key */
tw_err tw_report_sign(const struct tw_sys *sys, const struct tw_report *r, enum tw_report_format format, const tw_cert *device,
	const struct tw_signer *signer, struct tw_buf *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf payload = { 0 };
	TW_TRY(claims_ready(sys, r, &o));
	if (format == TW_REPORT_JWT)
		return sign_jwt(sys, o, device, signer, ret);
	tw_buf_init(&payload, sys, TW_REPORT_MAX);
	TW_TRY(claims_cbor(sys, o, &payload));
	return tw_cose_sign(sys, TW_REPORT_CWT_TYP, device, tw_buf_slice(&payload), signer, ret);
}

static bool base64url_only(struct tw_slice s)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	for (size_t i = 0; i < s.size; i++)
		if (!memchr(digits, s.at[i], sizeof digits - 1))
			return false;
	return s.size > 0;
}

static bool follows(struct tw_slice input, const struct tw_buf *head, struct tw_slice *ret_rest)
{
	if (input.size <= head->size || memcmp(input.at, head->data, head->size) != 0)
		return false;
	*ret_rest = (struct tw_slice){ input.at + head->size, input.size - head->size };
	return true;
}

tw_err tw_report_signed_check(const struct tw_sys *sys, const tw_cert *device, struct tw_slice input)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf head = { 0 };
	struct tw_slice rest, payload;
	tw_buf_init(&head, sys, TW_REPORT_MAX);
	TW_TRY(tw_jws_protected(sys, TW_REPORT_JWT_TYP, device, &head));
	TW_TRY(tw_buf_u8(&head, '.'));
	if (follows(input, &head, &rest) && base64url_only(rest))
		return TW_OK;
	tw_buf_clear(&head);
	TW_TRY(tw_cose_signed_head(sys, TW_REPORT_CWT_TYP, device, &head));
	if (follows(input, &head, &rest)) {
		struct tw_cursor c = tw_cursor_of(rest.at, rest.size);
		if (!tw_failed(tw_cbor_bytes(&c, &payload)) && !tw_failed(tw_cursor_end(&c)) && !tw_failed(tw_cbor_check(payload)))
			return TW_OK;
	}
	return TW_RAISE(UNTRUSTED, "what is to be signed is no report of this device");
}

/* --- Verification --- */

/* The three parts of a JWT, as the flattened JWS that the envelope's reader takes. */
static tw_err open_jwt(const struct tw_sys *sys, struct tw_slice text, json_t **ret_claims, tw_cert **ret_cert)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_slice part[3] = { { text.at, 0 } };
	size_t n = 0;
	for (size_t i = 0; i < text.size; i++) {
		if (text.at[i] != '.')
			part[n].size++;
		else if (++n < TW_COUNT(part))
			part[n].at = text.at + i + 1;
		else
			break;
	}
	if (n != 2 || !base64url_only(part[0]) || !base64url_only(part[1]) || !base64url_only(part[2]))
		return TW_RAISE(SYNTAX, "neither a CWT nor a JWT of three parts");
	tw_buf_init(&b, sys, TW_REPORT_MAX + 64);
	TW_TRY(tw_buf_format(&b, "{\"payload\":\"" TW_SLICE_FMT "\",\"protected\":\"" TW_SLICE_FMT "\",\"signature\":\"" TW_SLICE_FMT "\"}",
		TW_SLICE_ARG(part[1]), TW_SLICE_ARG(part[0]), TW_SLICE_ARG(part[2])));
	return tw_jws_verify(sys, TW_REPORT_JWT_TYP, tw_buf_slice(&b), ret_claims, ret_cert);
}

static tw_err open_report(const struct tw_sys *sys, struct tw_slice text, json_t **ret_claims, tw_cert **ret_cert)
{
	struct tw_slice payload;
	if (text.size == 0 || text.size > TW_REPORT_MAX)
		return TW_RAISE(LIMIT, "a report of %zu bytes, wanted 1 to %d", text.size, TW_REPORT_MAX);
	if ((uint8_t)text.at[0] < 0x80) /* text; CBOR begins with the tag */
		return open_jwt(sys, text, ret_claims, ret_cert);
	TW_TRY(tw_cose_verify(sys, TW_REPORT_CWT_TYP, text, &payload, ret_cert));
	return claims_of_cbor(sys, payload, ret_claims);
}

static tw_err meant_for(const struct tw_report *r, const struct tw_report_expect *x)
{
	if (r->nonce_size != x->nonce.size || memcmp(r->nonce, x->nonce.at, r->nonce_size) != 0)
		return TW_RAISE(UNTRUSTED, "the report answers another nonce");
	if (r->time_trusted && r->issued_ms > x->now_ms + TW_REPORT_AHEAD_MS)
		return TW_RAISE(UNTRUSTED, "the report says it was issued in the future");
	if (x->any_exporter)
		return TW_OK;
	if (r->has_exporter != (x->exporter != NULL))
		return TW_RAISE(UNTRUSTED, "the report is %s a TLS connection", r->has_exporter ? "bound to" : "not bound to");
	if (x->exporter && memcmp(r->exporter, x->exporter, sizeof r->exporter) != 0)
		return TW_RAISE(UNTRUSTED, "the report was made for another TLS connection");
	return TW_OK;
}

/* @nist DI.IMS.2: proves the unit, and what it said of itself, to whoever holds its maker's certificate */
tw_err tw_report_verify(const struct tw_sys *sys, struct tw_slice text, const struct tw_report_expect *expect, struct tw_report *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *device = NULL;
	TW_CLEANUP(tw_report_done) struct tw_report r = { 0 };
	TW_TRY(open_report(sys, text, &o, &device));
	TW_TRY(tw_cert_verify(device, expect->anchor, expect->now_ms));
	TW_TRY(claims_read(o, &r));
	TW_TRY(tw_claim_signer(sys, device, r.identifier, "report"));
	TW_TRY(meant_for(&r, expect));
	*ret = r;
	r.elements = NULL;
	return TW_OK;
}
