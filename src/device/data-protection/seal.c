/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short texts of the owner's, encrypted so that only this unit opens them, and only for the owner of that name in that ownership: who
 * comes to own the unit later and takes the same name is somebody else. The key never leaves the keys role; core passes text in and
 * out and keeps none of it.
 */
#include "base/text.h"
#include "crypto/aead.h"
#include "device/platform/device.h"
#include "device/rows-data-protection.h"

#include <string.h>

/* Bytes of base64url of at most max; false: they are not. */
static tw_err read_text(struct tw_context *c, const struct tw_request *rq, const char *key, size_t max, struct tw_buf *ret, bool *ret_good)
{
	const struct tw_slice text = tw_slice_of(tw_json_text(rq->input, key));
	size_t size = 0;

	tw_buf_init(ret, c->sys, max + 1);
	TW_TRY(tw_buf_reserve(ret, max + 1));
	*ret_good = !tw_failed(tw_parse_base64url(text, max, ret->data, &size));
	ret->size = *ret_good ? size : 0;
	return TW_OK;
}

static tw_err answer(struct tw_context *c, const char *key, const struct tw_buf *bytes, struct tw_reply *rp)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, c->sys, 2 * bytes->size + 8);
	TW_TRY(tw_buf_base64url(&text, bytes->data, bytes->size));
	rp->body = json_pack("{s:s}", key, tw_buf_cstr(&text));
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

/* For whom it is: an account by its id, which stays when it is renamed.
   The ownership stands first and has no blank, so that no name can be taken for another ownership's. */
static tw_err whose(struct tw_context *c, const struct tw_request *rq, char ret[TW_KEYS_WHOSE_MAX + 1])
{
	int64_t since = 0;

	TW_TRY(tw_fact_int(c, "owner.since", &since));
	int n = snprintf(ret, TW_KEYS_WHOSE_MAX + 1, "%lld %s", (long long)since, tw_subject_key(&rq->subject));
	return n <= TW_KEYS_WHOSE_MAX ? TW_OK : TW_RAISE(INTERNAL, "the name of whom it is sealed for has %d bytes", n);
}

/* @nist DP.CCS.5 */
tw_err tw_crypto_seal(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf plain = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 };
	char owner[TW_KEYS_WHOSE_MAX + 1];
	bool good = false;

	TW_TRY(whose(c, rq, owner));
	TW_TRY(read_text(c, rq, "data", TW_KEYS_SEAL_MAX, &plain, &good));
	if (!good)
		return tw_reply_problem(rp, 400, "input", "crypto.form", "The data is not of the wanted form",
			"Send it in base64url, without padding.", "'data' must be canonical base64url of at most %d bytes.",
			TW_KEYS_SEAL_MAX);
	tw_buf_init(&sealed, c->sys, TW_KEYS_SEAL_MAX + TW_AEAD_OVERHEAD + 1);
	TW_TRY(tw_keys_client_seal(c->keys, owner, tw_buf_slice(&plain), &sealed));
	return answer(c, "sealed", &sealed, rp);
}

/* @nist DP.CCS.5: one answer for all that does not open */
tw_err tw_crypto_unseal(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 };
	TW_CLEANUP(tw_buf_wipe) struct tw_buf plain = { 0 };
	char owner[TW_KEYS_WHOSE_MAX + 1];
	bool good = false;

	TW_TRY(whose(c, rq, owner));
	TW_TRY(read_text(c, rq, "sealed", TW_KEYS_SEAL_MAX + TW_AEAD_OVERHEAD, &sealed, &good));
	tw_buf_init(&plain, c->sys, TW_KEYS_SEAL_MAX + 1);
	tw_err e = good ? tw_keys_client_unseal(c->keys, owner, tw_buf_slice(&sealed), &plain) : TW_RAISE(SYNTAX, "not base64url");
	if (tw_is(e, TW_CODE_SYNTAX))
		return tw_reply_problem(rp, 422, "sealed", "crypto.sealed", "This does not open",
			"Do not use it; look for where it was changed.", "It was changed, or was not sealed by this device for you.");
	TW_TRY(e);
	return answer(c, "data", &plain, rp);
}

/* Sealed and opened again, and not opened with its last bit changed. */
static tw_err try_it(struct tw_context *c)
{
	static const struct tw_slice text = { "known", 5 };
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 }, plain = { 0 };

	tw_buf_init(&sealed, c->sys, 256);
	tw_buf_init(&plain, c->sys, 256);
	TW_TRY(tw_keys_client_seal(c->keys, "", text, &sealed));
	TW_TRY(tw_keys_client_unseal(c->keys, "", tw_buf_slice(&sealed), &plain));
	if (!tw_slice_is(tw_buf_slice(&plain), text.at))
		return TW_RAISE(CRYPTO, "what was sealed opens to something else");
	sealed.data[sealed.size - 1] ^= 1;
	tw_err e = tw_keys_client_unseal(c->keys, "", tw_buf_slice(&sealed), &plain);
	if (!tw_failed(e))
		return TW_RAISE(CRYPTO, "a changed text opens");
	return tw_is(e, TW_CODE_SYNTAX) ? TW_OK : e;
}

/* @nist DP.CCS.5 */
tw_err tw_protection_status_seal(struct tw_context *c, struct tw_element_status *ret)
{
	tw_err e = try_it(c);

	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	ret->status = tw_failed(e) ? TW_STATUS_NOT_PROVIDED : TW_STATUS_PROVIDED;
	if (tw_failed(e))
		(void)snprintf(ret->reason, sizeof ret->reason, "Sealing fails its own test: %.180s.", tw_err_detail());
	else
		(void)snprintf(ret->reason, sizeof ret->reason,
			"Texts are sealed by AES-256-GCM in the keys role; one was just now, opened, and refused with one bit changed.");
	return TW_OK;
}
