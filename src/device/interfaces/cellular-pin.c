/* SPDX-License-Identifier: Apache-2.0 */
/* The SIM's PIN as it is kept: the owner's, gone with him, sealed by the keys role, and whether a SIM was told it of which nobody knows what became. */
#include "device/interfaces/cellular.h"

#include "base/mem.h"
#include "base/text.h"

#define KEPT TW_KEPT_OF_OWNER "cellular"
#define WHOSE "cellular"
#define SEALED_MAX (TW_KEYS_SEAL_MAX + 64)
#define SEALED_TEXT_MAX 1600 /* as base64url */

static const struct tw_shape kept_shape[] = {
	{ "pin", TW_JSON_TEXT, true, 1, SEALED_TEXT_MAX }, /* sealed */
	{ "tried", TW_JSON_BOOL, true, 0, 0 },
	{},
};

static tw_err kept(struct tw_device *d, json_t **ret)
{
	tw_err e = tw_device_kept_json(d, KEPT, kept_shape, ret);

	if (tw_is(e, TW_CODE_NOTFOUND)) {
		*ret = NULL;
		return TW_OK;
	}
	return e;
}

tw_err tw_cellular_pin_keep(struct tw_device *d, struct tw_slice pin)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 }, text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	tw_buf_init(&sealed, d->context.sys, SEALED_MAX);
	tw_buf_init(&text, d->context.sys, SEALED_TEXT_MAX);
	TW_TRY(tw_keys_client_seal(d->context.keys, WHOSE, pin, &sealed));
	TW_TRY(tw_buf_base64url(&text, sealed.data, sealed.size));
	j = json_pack("{s:s, s:b}", "pin", tw_buf_cstr(&text), "tried", 0);
	return j ? tw_device_keep_json(d, KEPT, j) : TW_RAISE(NOMEM, "a PIN");
}

tw_err tw_cellular_pin_forget(struct tw_device *d)
{
	tw_err e = tw_device_forget(d, KEPT);

	return tw_is(e, TW_CODE_NOTFOUND) ? TW_OK : e;
}

tw_err tw_cellular_pin_is_known(struct tw_device *d, bool *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	TW_TRY(kept(d, &j));
	*ret = j != NULL;
	return TW_OK;
}

tw_err tw_cellular_pin_open(struct tw_device *d, struct tw_buf *ret, bool *ret_tried)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	uint8_t sealed[SEALED_MAX];
	size_t size = 0;

	*ret_tried = false;
	TW_TRY(kept(d, &j));
	if (!j)
		return TW_OK;
	*ret_tried = json_is_true(json_object_get(j, "tried"));
	TW_TRY(tw_buf_reserve(ret, TW_KEYS_SEAL_MAX));
	TW_TRY(tw_parse_base64url(tw_slice_of(tw_json_text(j, "pin")), sizeof sealed, sealed, &size));
	TW_TRY(tw_keys_client_unseal(d->context.keys, WHOSE, (struct tw_slice){ (const char *)sealed, size }, ret));
	return tw_cellular_pin_check(tw_buf_slice(ret));
}

tw_err tw_cellular_pin_mark(struct tw_device *d, bool tried)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	TW_TRY(kept(d, &j));
	if (!j || json_is_true(json_object_get(j, "tried")) == tried)
		return TW_OK;
	TW_TRY(tw_json_set(j, "tried", json_boolean(tried)));
	return tw_device_keep_json(d, KEPT, j);
}
