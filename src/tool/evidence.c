/* SPDX-License-Identifier: Apache-2.0 */
/* `thingward evidence verify`: form, signature, and where the manufacturer's certificate is at hand, the device's own statement. */
#include "tool/evidence.h"

#include "base/text.h"
#include "formats/statement.h"
#include "tool/commands.h"
#include "tool/files.h"
#include "tool/transcript.h"

const struct tw_option tw_options_evidence_verify[] = {
	{ "anchor", "FILE", false, "the manufacturer's certificate (ca.crt): verifies the device's statement inside" },
	{ "signer", "FILE", false, "the certificate that must have signed it (owner.crt)" },
	{ "device", "IDENTIFIER", false, "the device that it must be of" },
	{ "nonce", "TEXT", false, "the nonce of the run that it must be of" },
	{ "transcript", "FILE", false, "what was said while each check ran (the evidence's name and .transcript): verifies each line" },
	{},
};

const char *tw_evidence_thing(const json_t *payload)
{
	return strcmp(tw_json_text(tw_json_get(payload, "device"), "kind"), "service") ? "device" : "service";
}

void tw_evidence_file_done(struct tw_evidence_file *f)
{
	json_decref(f->payload);
	f->payload = NULL;
}

tw_err tw_evidence_file_read(struct tw_tool *t, const char *path, struct tw_evidence_file *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, name = { 0 }, hex = { 0 };
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	uint8_t key[32];

	tw_buf_init(&text, t->sys, TW_EVIDENCE_MAX);
	tw_buf_init(&name, t->sys, 255);
	tw_buf_init(&hex, t->sys, 64);
	TW_TRY(tw_file_read(t->sys, path, TW_EVIDENCE_MAX, &text));
	struct tw_slice s = tw_buf_slice(&text);
	if (s.size && s.at[s.size - 1] == '\n')
		s.size--;
	tw_err e = tw_evidence_verify(t->sys, s, &ret->payload, &cert);
	if (tw_is(e, TW_CODE_UNTRUSTED) || tw_is(e, TW_CODE_SYNTAX))
		return tw_fail(t, TW_EXIT_FAILED, "the original file from whoever made the assessment", e);
	TW_TRY(e);
	TW_TRY(tw_cert_name(cert, &name));
	TW_TRY(tw_cert_fingerprint(cert, key));
	TW_TRY(tw_buf_hex(&hex, key, sizeof(key)));
	(void)snprintf(ret->signer, sizeof(ret->signer), "%s", tw_buf_cstr(&name));
	(void)snprintf(ret->signer_sha256, sizeof(ret->signer_sha256), "%s", tw_buf_cstr(&hex));
	return TW_OK;
}

/* The exporter is the one value that only the assessor's connection knew; it is taken from the statement itself. */
static tw_err own_exporter(const struct tw_sys *sys, struct tw_slice statement, uint8_t ret[32], bool *ret_has)
{
	TW_CLEANUP(tw_jsonp) json_t *claims = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	size_t size = 0;

	TW_TRY(tw_jws_verify(sys, TW_JWS_STATEMENT, statement, &claims, &cert));
	const char *exporter = tw_json_text(claims, "thingward_exporter");
	*ret_has = *exporter != '\0';
	if (!*ret_has)
		return TW_OK;
	TW_TRY(tw_parse_base64url(tw_slice_of(exporter), 32, ret, &size));
	return size == 32 ? TW_OK : TW_RAISE(SYNTAX, "the statement's exporter has %zu bytes", size);
}

/* One run's statement: over its nonce, of its time, of this device. */
static tw_err check_run(struct tw_tool *t, const tw_cert *anchor, const json_t *run, const json_t *statement, struct tw_statement *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	uint8_t nonce[TW_STATEMENT_NONCE_MAX], exporter[32];
	size_t nonce_size = 0;
	int64_t created = 0;
	bool bound = false;

	tw_buf_init(&text, t->sys, TW_JWS_MAX);
	TW_TRY(tw_json_write(statement, &text));
	TW_TRY(tw_parse_base64url(tw_slice_of(tw_json_text(run, "nonce")), sizeof(nonce), nonce, &nonce_size));
	TW_TRY(tw_parse_time(tw_slice_of(tw_json_text(run, "created")), &created));
	TW_TRY(own_exporter(t->sys, tw_buf_slice(&text), exporter, &bound));
	return tw_statement_verify(t->sys, tw_buf_slice(&text), anchor, created, nonce, nonce_size, bound ? exporter : NULL, ret);
}

static tw_err check_identifier(const struct tw_statement *s, const json_t *device)
{
	if (strcmp(s->identifier, tw_json_text(device, "identifier")) != 0)
		return TW_RAISE(UNTRUSTED, "a statement inside is of another device, %.100s", s->identifier);
	return TW_OK;
}

/* What the assessor wrote beside the statement of his run; in an earlier run the device may have had other software. */
static tw_err check_said(const struct tw_statement *s, const json_t *device)
{
	const struct {
		const char *member, *said;
	} rows[] = { { "model", s->model }, { "software", s->software }, { "product_version", s->product_version } };

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (strcmp(tw_json_text(device, rows[i].member), rows[i].said) != 0)
			return TW_RAISE(UNTRUSTED, "its device's %s is '%.64s', and the device itself signed '%.64s'",
				rows[i].member, tw_json_text(device, rows[i].member), rows[i].said);
	return check_identifier(s, device);
}

/* Of this run, and of each earlier one whose results stand here. Who names an anchor wants the device's own word. */
static tw_err check_statement(struct tw_tool *t, const json_t *payload, const char *anchor_path)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *anchor = NULL;
	const json_t *device = tw_json_get(payload, "device"), *statement = tw_json_get(device, "statement");
	struct tw_statement s;
	size_t i;
	json_t *run;

	if (!anchor_path)
		return TW_OK;
	if (!statement)
		return TW_RAISE(UNTRUSTED, "the device signed nothing in this run: there is no statement inside");
	TW_TRY(tw_file_cert(t->sys, anchor_path, &anchor));
	TW_TRY(check_run(t, anchor, payload, statement, &s));
	TW_TRY(check_said(&s, device));
	json_array_foreach(tw_json_get(payload, "earlier"), i, run) {
		if (!tw_json_get(run, "statement"))
			return TW_RAISE(UNTRUSTED, "the device signed nothing in the earlier run of %s", tw_json_text(run, "created"));
		TW_TRY(check_run(t, anchor, run, tw_json_get(run, "statement"), &s));
		TW_TRY(check_identifier(&s, device));
	}
	return TW_OK;
}

static tw_err check_signer(struct tw_tool *t, const struct tw_evidence_file *f, const char *path)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	uint8_t key[32];

	if (!path)
		return TW_OK;
	tw_buf_init(&hex, t->sys, 64);
	TW_TRY(tw_file_cert(t->sys, path, &cert));
	TW_TRY(tw_cert_fingerprint(cert, key));
	TW_TRY(tw_buf_hex(&hex, key, sizeof(key)));
	if (strcmp(tw_buf_cstr(&hex), f->signer_sha256) != 0)
		return TW_RAISE(UNTRUSTED, "it was signed by another key, %s", f->signer_sha256);
	return TW_OK;
}

tw_err tw_evidence_from(struct tw_tool *t, const struct tw_args *a, const struct tw_evidence_file *f)
{
	TW_TRY(check_signer(t, f, tw_arg(a, "signer")));
	return check_statement(t, f->payload, tw_arg(a, "anchor"));
}

tw_err tw_evidence_wanted(const struct tw_args *a, const struct tw_evidence_file *f)
{
	const char *device = tw_arg(a, "device"), *nonce = tw_arg(a, "nonce");
	const char *of = tw_json_text(tw_json_get(f->payload, "device"), "identifier");

	if (device && strcmp(device, of) != 0)
		return TW_RAISE(UNTRUSTED, "it is of another device, %.100s", of);
	if (nonce && strcmp(nonce, tw_json_text(f->payload, "nonce")) != 0)
		return TW_RAISE(UNTRUSTED, "it is of another run, with the nonce %.100s", tw_json_text(f->payload, "nonce"));
	return TW_OK;
}

static tw_err check_transcript(struct tw_tool *t, const char *path, const json_t *payload)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	if (!path)
		return TW_OK;
	tw_buf_init(&text, t->sys, TW_TRANSCRIPT_MAX);
	TW_TRY(tw_file_read(t->sys, path, TW_TRANSCRIPT_MAX, &text));
	return tw_transcript_check(t->sys, tw_buf_slice(&text), tw_json_get(payload, "results"));
}

tw_err tw_cmd_evidence_verify(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_evidence_file_done) struct tw_evidence_file f = { 0 };

	TW_TRY(tw_evidence_file_read(t, a->rest[0], &f));
	TW_TRY(tw_evidence_wanted(a, &f));
	TW_TRY(tw_evidence_from(t, a, &f));
	TW_TRY(check_transcript(t, tw_arg(a, "transcript"), f.payload));
	TW_CLEANUP(tw_jsonp)
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s}", "signer", f.signer, "signer_sha256", f.signer_sha256, "created",
		tw_json_text(f.payload, "created"), "device", tw_json_text(tw_json_get(f.payload, "device"), "identifier"), "statement",
		tw_arg(a, "anchor") ? "verified: the device itself signed this run's nonce" : "not looked at; --anchor FILE verifies it");
	if (!o)
		return TW_RAISE(NOMEM, "answer");
	if (json_array_size(tw_json_get(f.payload, "notes")))
		TW_TRY(tw_json_set(o, "notes", json_incref(tw_json_get(f.payload, "notes"))));
	TW_TRY(tw_json_set(o, "nonce", json_string(tw_json_text(f.payload, "nonce"))));
	if (tw_json_get(f.payload, "setup"))
		TW_TRY(tw_json_set(o, "setup", json_incref(tw_json_get(f.payload, "setup"))));
	TW_TRY(tw_print_value(t, o));
	return tw_print(t, "\nForm and signature hold. Whether you trust that signer is yours to decide.\n");
}
