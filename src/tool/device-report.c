/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward device report verify`: a device's report, judged at this desk by the manufacturer's certificate and the nonce that
 * was asked with. It takes what `identity report` printed (text or JSON), a JWT, or the bytes of a CWT.
 *
 * That a report verifies says that this very unit said so after the nonce was chosen; what it says of itself is as true as its
 * software. With the exporter of the connection it also says that nobody stood between.
 */
#include "base/text.h"
#include "formats/report.h"
#include "tool/commands.h"
#include "tool/files.h"

static const struct tw_option verify_options[] = {
	{ "anchor", "FILE", true, "the manufacturer's certificate (ca.crt)" },
	{ "nonce", "VALUE", true, "what the report was asked with, base64url" },
	{ "exporter", "HEX|none", false, "of the connection it came by (RFC 9266); none: by the local socket (read, and not compared)" },
	{},
};

static struct tw_slice trimmed(struct tw_slice s)
{
	while (s.size && strchr(" \r\n", s.at[s.size - 1]))
		s.size--;
	return s;
}

/* The report inside what a person saved: CBOR and JWT stay as they are, base64url of CBOR is decoded, JSON is looked into. */
static tw_err unwrap(const struct tw_sys *sys, struct tw_slice file, struct tw_buf *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *json = NULL;
	TW_CLEANUP(tw_freep) char *bytes = NULL;
	struct tw_slice s = trimmed(file);
	size_t size = 0;

	if (file.size && (uint8_t)file.at[0] >= 0x80)
		return tw_buf_add(ret, file.at, file.size);
	if (s.size && s.at[0] == '{') {
		TW_TRY(tw_json_parse(s, 2 * TW_REPORT_MAX, &json));
		s = tw_slice_of(tw_json_text(json, "report"));
	}
	if (s.size == 0)
		return TW_RAISE(SYNTAX, "there is no report in it");
	if (memchr(s.at, '.', s.size))
		return tw_buf_add(ret, s.at, s.size);
	bytes = sys->alloc(sys, s.size);
	if (!bytes)
		return TW_RAISE(NOMEM, "the report");
	TW_TRY(tw_parse_base64url(s, s.size, bytes, &size));
	return tw_buf_add(ret, bytes, size);
}

static tw_err expected(struct tw_tool *t, const struct tw_args *a, uint8_t nonce[TW_REPORT_NONCE_MAX], uint8_t exporter[32],
	struct tw_report_expect *ret)
{
	const char *bound = tw_arg(a, "exporter");
	size_t size = 0;

	*ret = (struct tw_report_expect){ .now_ms = tw_now_ms(t->sys), .any_exporter = bound == NULL };
	if (tw_failed(tw_parse_base64url(tw_slice_of(tw_arg(a, "nonce")), TW_REPORT_NONCE_MAX, nonce, &size)))
		return tw_fail(t, TW_EXIT_USAGE, "16 to 64 bytes as base64url, without padding", TW_RAISE(SYNTAX, "the nonce is none"));
	ret->nonce = (struct tw_slice){ (const char *)nonce, size };
	if (!bound || !strcmp(bound, "none"))
		return TW_OK;
	if (tw_failed(tw_parse_hex(tw_slice_of(bound), exporter, 32)))
		return tw_fail(t, TW_EXIT_USAGE, "32 bytes as hexadecimal digits, or none", TW_RAISE(SYNTAX, "the exporter is none"));
	ret->exporter = exporter;
	return TW_OK;
}

static const char *connection_words(const struct tw_report *r, const struct tw_report_expect *x)
{
	if (!x->any_exporter)
		return "compared";
	return r->has_exporter ? "bound to one, not compared; --exporter compares it" : "not bound to one";
}

static tw_err say(struct tw_tool *t, const struct tw_report *r, const struct tw_report_expect *x)
{
	TW_CLEANUP(tw_jsonp) json_t *claims = NULL, *o = NULL;

	TW_TRY(tw_report_claims(t->sys, r, &claims));
	o = json_pack("{s:s, s:s, s:s, s:O}", "device", r->identifier, "verified", "signature, certificate, nonce", "connection",
		connection_words(r, x), "claims", claims);
	if (!o)
		return TW_RAISE(NOMEM, "answer");
	TW_TRY(tw_print_value(t, o));
	return tw_print(t, "\nThis unit said so, after the nonce was chosen. What it says of itself is as true as its software.\n");
}

static tw_err cmd_verify(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf file = { 0 }, text = { 0 };
	TW_CLEANUP(tw_cert_freep) tw_cert *anchor = NULL;
	TW_CLEANUP(tw_report_done) struct tw_report r = { 0 };
	struct tw_report_expect expect;
	uint8_t nonce[TW_REPORT_NONCE_MAX], exporter[32];

	tw_buf_init(&file, t->sys, 2 * TW_REPORT_MAX);
	tw_buf_init(&text, t->sys, 2 * TW_REPORT_MAX);
	TW_TRY(expected(t, a, nonce, exporter, &expect));
	TW_TRY(tw_file_cert(t->sys, tw_arg(a, "anchor"), &anchor));
	expect.anchor = anchor;
	if (!strcmp(a->rest[0], "-"))
		TW_TRY(tw_input_read(t->sys, 2 * TW_REPORT_MAX, &file));
	else
		TW_TRY(tw_file_read(t->sys, a->rest[0], 2 * TW_REPORT_MAX, &file));
	tw_err e = unwrap(t->sys, tw_buf_slice(&file), &text);
	if (!tw_failed(e))
		e = tw_report_verify(t->sys, tw_buf_slice(&text), &expect, &r);
	if (tw_is(e, TW_CODE_UNTRUSTED) || tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT))
		return tw_fail(t, TW_EXIT_FAILED, "ask the device again, with a nonce of your own", e);
	TW_TRY(e);
	return say(t, &r, &expect);
}

const struct tw_command tw_commands_device_report[] = {
	{ "device report verify", "FILE", 1, 1, verify_options, cmd_verify, "judge the report that a device signed",
		"thingward device report verify report.json --anchor ca.crt --nonce AAAAAAAAAAAAAAAAAAAAAA" },
	{},
};
