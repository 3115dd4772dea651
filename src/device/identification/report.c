/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device report: the statement's sister that also says how the unit stands, in a form that any verifier of Entity
 * Attestation Tokens reads. What the device does not know of itself is left out: hardware revision, secure boot, debug ports.
 */
#include "device/identification/identity.h"
#include "base/release.h"
#include "device/rows-identification.h"
#include "formats/report.h"

static tw_err sign(void *user, struct tw_slice signing_input, uint8_t ret[TW_SIGNATURE_SIZE])
{
	return tw_keys_client_sign(user, TW_SIGN_REPORT, signing_input, ret);
}

/* What each element's own status handler says now; the reasons stay in capabilities.read. */
static tw_err add_elements(struct tw_context *c, json_t *list)
{
	for (const struct tw_capability *const *p = c->capabilities; *p; p++)
		for (const struct tw_element_row *row = (*p)->elements; row && row->id; row++) {
			struct tw_element_status status = { .status = TW_STATUS_NOT_PROVIDED };

			TW_TRY(row->status(c, &status));
			TW_TRY(tw_json_set(list, row->id, json_integer(status.status)));
		}
	return TW_OK;
}

/* A head that could not be made durable is not stated: after a power cut the log might not have it. */
static void add_log(struct tw_context *c, struct tw_report *r)
{
	struct tw_audit_head head;

	if (tw_failed(tw_audit_head(c->audit, &head)))
		return;
	r->has_log = true;
	r->log_epoch = head.epoch;
	r->log_seq = head.seq;
	r->log_checkpoint = head.checkpoint;
	memcpy(r->log_chain, head.chain, sizeof r->log_chain);
}

static void add_unit(const struct tw_device *d, struct tw_report *r)
{
	r->issued_ms = tw_time_wall_ms(&d->time);
	r->time_trusted = tw_time_trusted(&d->time);
	(void)snprintf(r->identifier, sizeof r->identifier, "%s", tw_identity_identifier(d));
	(void)snprintf(r->model, sizeof r->model, "%s", d->manifest->model);
	(void)snprintf(r->product_version, sizeof r->product_version, "%s", d->manifest->version);
	(void)snprintf(r->software_name, sizeof r->software_name, "thingward-device");
	(void)snprintf(r->software, sizeof r->software, "%s", TW_VERSION);
	r->oem_boot = r->debug_status = -1;
	r->has_boot = true;
	r->boot_count = d->boot_count;
	r->boot_seed_size = sizeof d->boot_id;
	memcpy(r->boot_seed, d->boot_id, sizeof d->boot_id);
	r->boot_confirmed = d->boot_confirmed;
}

static tw_err answer(struct tw_context *c, const struct tw_report *r, enum tw_report_format format, struct tw_reply *rp)
{
	const struct tw_device *d = tw_device_of(c);
	const struct tw_signer signer = { sign, c->keys };
	TW_CLEANUP(tw_buf_done) struct tw_buf report = { 0 }, text = { 0 };

	tw_buf_init(&report, c->sys, TW_REPORT_MAX);
	tw_buf_init(&text, c->sys, 2 * TW_REPORT_MAX);
	TW_TRY(tw_report_sign(c->sys, r, format, d->certificate, &signer, &report));
	if (format == TW_REPORT_CWT)
		TW_TRY(tw_buf_base64url(&text, report.data, report.size));
	else
		TW_TRY(tw_buf_add(&text, report.data, report.size));
	rp->body = json_pack("{s:s, s:s}", "format", format == TW_REPORT_CWT ? "cwt" : "jwt", "report", tw_buf_cstr(&text));
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

/* @nist DI.IMS.2: bound to the caller's nonce and, over the network, to this very connection (RFC 9266) */
tw_err tw_identity_report(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_report_done) struct tw_report r = { .has_exporter = rq->has_exporter };
	const char *format = tw_json_text(rq->input, "format");
	const bool jwt = strcmp(format, "jwt") == 0;

	TW_TRY(tw_identity_asked(c, rq, rp, r.nonce, sizeof r.nonce, &r.nonce_size));
	if (rp->problem[0])
		return TW_OK;
	if (*format && !jwt && strcmp(format, "cwt") != 0)
		return tw_reply_problem(rp, 400, "input", "identity.format", "There is no report of this format",
			"Send cwt or jwt.", "The format must be cwt or jwt.");
	if (rq->has_exporter)
		memcpy(r.exporter, rq->exporter, sizeof r.exporter);
	r.elements = json_object();
	if (!r.elements)
		return TW_RAISE(NOMEM, "elements");
	TW_TRY(add_elements(c, r.elements));
	add_log(c, &r);
	add_unit(tw_device_of(c), &r);
	return answer(c, &r, jwt ? TW_REPORT_JWT : TW_REPORT_CWT, rp);
}
