/* SPDX-License-Identifier: Apache-2.0 */
/* Closed like all of ours: an unknown member is an error. What follows from another member has to follow from it. */
#include "formats/provisioning.h"

#include "base/text.h"

#include <ctype.h>

static tw_err hex_member(json_t *o, const struct tw_sys *sys, const char *name, const uint8_t bytes[32])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };

	tw_buf_init(&hex, sys, 64);
	TW_TRY(tw_buf_hex(&hex, bytes, 32));
	return tw_json_set(o, name, json_string(tw_buf_cstr(&hex)));
}

tw_err tw_provisioning_sign(const struct tw_sys *sys, const struct tw_provisioning *p, const tw_cert *desk,
	const struct tw_signer *signer, struct tw_buf *ret)
{
	char time[TW_TIME_TEXT_MAX];

	tw_time_text(p->time_ms, time);
	TW_CLEANUP(tw_jsonp)
	json_t *o = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "format", TW_PROVISIONING_FORMAT, "identifier",
		p->identifier, "model", p->model, "serial", p->serial, "physical_id", p->physical_id, "certificate", p->certificate,
		"time", time, "tool", p->tool);
	TW_TRY(hex_member(o, sys, "device_key_sha256", p->device_key));
	TW_TRY(hex_member(o, sys, "ca_sha256", p->ca));
	if (p->has_listener)
		TW_TRY(hex_member(o, sys, "listener_sha256", p->listener));
	return tw_jws_sign(sys, TW_JWS_PROVISIONING, desk, o, signer, ret);
}

static const struct tw_shape shape[] = {
	{ "format", TW_JSON_INT, true, TW_PROVISIONING_FORMAT, TW_PROVISIONING_FORMAT },
	{ "identifier", TW_JSON_TEXT, true, 1, TW_IDENTIFIER_MAX },
	{ "model", TW_JSON_TEXT, true, 1, 63 },
	{ "serial", TW_JSON_TEXT, true, 1, TW_SERIAL_MAX },
	{ "physical_id", TW_JSON_TEXT, true, 3, TW_PHYSICAL_ID_MAX },
	{ "certificate", TW_JSON_TEXT, true, 2, TW_CERT_NUMBER_MAX },
	{ "device_key_sha256", TW_JSON_TEXT, true, 64, 64 },
	{ "ca_sha256", TW_JSON_TEXT, true, 64, 64 },
	{ "listener_sha256", TW_JSON_TEXT, false, 64, 64 },
	{ "time", TW_JSON_TEXT, true, 20, 40 },
	{ "tool", TW_JSON_TEXT, true, 1, 63 },
	{},
};

/* One spelling: lower case. */
static tw_err read_hex(const json_t *o, const char *name, void *ret, size_t size)
{
	const char *text = tw_json_text(o, name);

	for (const char *c = text; *c; c++)
		if (isupper((unsigned char)*c))
			return TW_RAISE(SYNTAX, "'%s' has upper case digits", name);
	if (tw_failed(tw_parse_hex(tw_slice_of(text), ret, size)))
		return TW_RAISE(SYNTAX, "'%s' is not %zu bytes in hex", name, size);
	return TW_OK;
}

static tw_err read_certificate(const json_t *o, struct tw_provisioning *p)
{
	const char *text = tw_json_text(o, "certificate");
	uint8_t number[TW_CERT_NUMBER_MAX / 2];

	TW_TRY(read_hex(o, "certificate", number, strlen(text) / 2));
	(void)snprintf(p->certificate, sizeof(p->certificate), "%s", text);
	return TW_OK;
}

static tw_err read_unit(const json_t *o, struct tw_provisioning *p)
{
	struct tw_identifier id;
	const char *serial = tw_json_text(o, "serial"), *identifier = tw_json_text(o, "identifier");

	TW_TRY(tw_identifier_read(tw_slice_of(identifier), &id));
	if (!tw_slice_is(id.serial, serial))
		return TW_RAISE(SYNTAX, "'serial' is not that of 'identifier'");
	TW_TRY(tw_physical_id(identifier, p->physical_id));
	if (strcmp(p->physical_id, tw_json_text(o, "physical_id")) != 0)
		return TW_RAISE(SYNTAX, "'physical_id' is not that of 'identifier'");
	(void)snprintf(p->identifier, sizeof(p->identifier), "%s", identifier);
	(void)snprintf(p->serial, sizeof(p->serial), "%s", serial);
	return TW_OK;
}

tw_err tw_provisioning_read(const json_t *payload, struct tw_provisioning *ret)
{
	struct tw_provisioning p = { .time_ms = 0 };

	TW_TRY(tw_json_check(payload, shape));
	if (!tw_text_printable(tw_slice_of(tw_json_text(payload, "model"))) ||
		!tw_text_printable(tw_slice_of(tw_json_text(payload, "tool"))))
		return TW_RAISE(SYNTAX, "'model' or 'tool' has control characters");
	TW_TRY(read_unit(payload, &p));
	TW_TRY(read_certificate(payload, &p));
	TW_TRY(read_hex(payload, "device_key_sha256", p.device_key, sizeof(p.device_key)));
	TW_TRY(read_hex(payload, "ca_sha256", p.ca, sizeof(p.ca)));
	p.has_listener = tw_json_get(payload, "listener_sha256") != NULL;
	if (p.has_listener)
		TW_TRY(read_hex(payload, "listener_sha256", p.listener, sizeof(p.listener)));
	if (tw_failed(tw_parse_time(tw_slice_of(tw_json_text(payload, "time")), &p.time_ms)))
		return TW_RAISE(SYNTAX, "'time' is none");
	(void)snprintf(p.model, sizeof(p.model), "%s", tw_json_text(payload, "model"));
	(void)snprintf(p.tool, sizeof(p.tool), "%s", tw_json_text(payload, "tool"));
	*ret = p;
	return TW_OK;
}

tw_err tw_provisioning_verify(
	const struct tw_sys *sys, struct tw_slice text, const tw_cert *anchor, int64_t now_ms, struct tw_provisioning *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *payload = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *desk = NULL;
	struct tw_provisioning p;
	uint8_t ca[32];

	if (text.size > TW_PROVISIONING_MAX)
		return TW_RAISE(LIMIT, "a provisioning record of %zu bytes, limit %d", text.size, TW_PROVISIONING_MAX);
	TW_TRY(tw_jws_verify(sys, TW_JWS_PROVISIONING, text, &payload, &desk));
	TW_TRY(tw_jws_desk(sys, desk, anchor, now_ms));
	TW_TRY(tw_provisioning_read(payload, &p));
	TW_TRY(tw_cert_fingerprint(anchor, ca));
	if (memcmp(ca, p.ca, sizeof(ca)) != 0)
		return TW_RAISE(UNTRUSTED, "'ca_sha256' is not the authority it was checked against");
	*ret = p;
	return TW_OK;
}
