/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether this unit carries its mark. Software cannot see a housing, so it does not claim one: somebody who holds the unit scans
 * the code on it and shows the device what was read. From then on it is known, and until then it is said that it is not.
 *
 * That a label was scanned is a fact of the unit, not of its owner: it stays when ownership ends, and names nobody.
 */
#include "base/text.h"
#include "base/log.h"
#include "device/identification/identity.h"
#include "device/rows-identification.h"
#include "formats/labelcode.h"

#define KEPT_CHECKED "label.checked"

static tw_err refuse_code(struct tw_reply *rp, const char *why)
{
	return tw_reply_problem(rp, 400, "input", "label.code", "This is no code of a label",
		"Scan the public label of the unit again; a label with the secret is for taking over.", "%s", why);
}

/* The wrong housing, or the wrong label on it: the one who scanned it is told, and so is the log. */
static tw_err refuse_other(struct tw_context *c, const struct tw_labelcode *code, struct tw_reply *rp)
{
	char scanned[TW_PHYSICAL_ID_MAX + 1];

	TW_TRY(tw_physical_id(code->identifier, scanned));
	TW_TRY(tw_event(c, "identity.label-mismatch", json_pack("{s:s}", "scanned", scanned)));
	return tw_reply_problem(rp, 409, "label", "DI.PI.1", "The label is another unit's",
		"Look which unit you are talking to, and which one you scanned.", "The code on the label names %s.", scanned);
}

static tw_err confirm(struct tw_device *d, struct tw_reply *rp)
{
	char id[TW_PHYSICAL_ID_MAX + 1], now[TW_TIME_TEXT_MAX];

	tw_time_text(tw_time_wall_ms(&d->time), now);
	TW_TRY(tw_physical_id(tw_identity_identifier(d), id));
	TW_TRY(tw_device_keep(d, KEPT_CHECKED, now));
	(void)snprintf(rp->note, sizeof rp->note, "the label names %s", id);
	rp->body = json_pack("{s:s, s:s, s:s}", "identifier", tw_identity_identifier(d), "physical_id", id, "checked", now);
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

/* @nist DI.PI.1: what was scanned off the housing is this unit's physical identifier */
tw_err tw_label_check(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_labelcode code = { 0 };

	TW_TRY(tw_identity_refuse(c, rq, rp));
	if (rp->problem[0])
		return TW_OK;
	tw_err e = tw_labelcode_read(tw_slice_of(tw_json_text(rq->input, "code")), &code);
	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_UNTRUSTED))
		return refuse_code(rp, tw_err_detail());
	TW_TRY(e);
	bool secret = code.has_secret;
	tw_wipe(code.secret, sizeof code.secret);
	if (secret)
		return refuse_code(rp, "It holds the secret for taking over, which is nobody's to send.");
	return strcmp(code.identifier, tw_identity_identifier(d)) ? refuse_other(c, &code, rp) : confirm(d, rp);
}

/* @nist DI.PI.1 */
tw_err tw_label_status(struct tw_context *c, struct tw_element_status *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf when = { 0 };
	char words[160];

	tw_buf_init(&when, c->sys, TW_TIME_TEXT_MAX);
	tw_err e = tw_device_kept(tw_device_of(c), KEPT_CHECKED, &when);
	if (!tw_is(e, TW_CODE_NOTFOUND)) {
		TW_TRY(e);
		(void)snprintf(words, sizeof words, "The code on its label was scanned on %.31s and names this unit.", tw_buf_cstr(&when));
		return tw_identity_status(c, words, ret);
	}
	TW_TRY(tw_identity_status(c, "", ret));
	if (ret->status != TW_STATUS_PROVIDED)
		return TW_OK;
	ret->status = TW_STATUS_NEEDS_PART;
	(void)snprintf(ret->reason, sizeof ret->reason, "Nobody has shown this device the code on its label yet: scan the label.");
	return TW_OK;
}
