/* SPDX-License-Identifier: Apache-2.0 */
/* What a person signs elsewhere: the bytes go out, the signature comes back. */
#include "base/text.h"
#include "formats/csaf-site.h"
#include "support/advisories/signing.h"
#include "support/platform/app.h"
#include "support/rows-advisories.h"
#include "support/sign/sign-wire.h"

#include <string.h>

static tw_err nothing_to_sign(struct tw_reply *rp)
{
	return tw_advisory_refuse(rp, 409, "advisory.unsigned", "There is nothing to sign",
		"Publish it first, once it is approved.", "Nothing of it waits for a signature.");
}

/* Empty, and a problem, when nothing of it lacks one. */
static tw_err load(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_advisory_row *row, struct tw_buf *bytes)
{
	bool there = false, needed = false, is_public = false;

	TW_TRY(tw_advisory_load(c, rq, rp, row, &there));
	if (!there)
		return TW_OK;
	TW_TRY(tw_signing_needed(c, &needed));
	if (needed && tw_app_of(c)->desk.signing_key[0])
		TW_TRY(tw_signing_lacks(c, row, bytes, &is_public));
	return bytes->size ? TW_OK : nothing_to_sign(rp);
}

tw_err tw_op_advisory_unsigned(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf bytes = { 0 };
	char name[TW_CSAF_NAME_MAX + 1], digest[65];

	TW_TRY(load(c, rq, rp, &row, &bytes));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_csaf_file_name(row.name, name));
	TW_TRY(tw_signing_digest(tw_buf_slice(&bytes), digest));
	rp->body = json_pack("{s:s, s:s, s:s, s:s}", "id", row.name, "file", name, "sha256", digest, "key", tw_app_of(c)->desk.signing_key);
	return tw_json_set(rp->body, "document", json_stringn(bytes.data, bytes.size));
}

tw_err tw_op_advisory_sign(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf bytes = { 0 };
	const struct tw_slice signature = tw_slice_of(tw_json_text(rq->input, "signature"));

	TW_TRY(load(c, rq, rp, &row, &bytes));
	if (rp->problem[0])
		return TW_OK;
	if (!tw_signature_armored(signature))
		return tw_advisory_refuse(rp, 422, "advisory.signature", "That is no signature", "gpg --armor --detach-sign FILE makes one.",
			"It is not one detached signature in ASCII armor, with nothing before or behind it.");
	if (row.pending.size) { /* whoever took back his approval meanwhile is heard first */
		TW_TRY(tw_advisory_ask_again(c, rp, &row, tw_subject_key(&rq->subject)));
		if (rp->problem[0])
			return TW_OK;
	}
	tw_err e = tw_signing_offer(tw_app_of(c), row.name, signature);
	if (tw_is(e, TW_CODE_STATE))
		return tw_reply_problem(rp, 503, "busy", "advisory.signing", "Another signature is being looked at",
			"Try again in a moment.", "One at a time is checked.");
	TW_TRY(e);
	rp->status = 202;
	return tw_advisory_short(&row, &rp->body);
}
