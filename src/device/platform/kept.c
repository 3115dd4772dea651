/* SPDX-License-Identifier: Apache-2.0 */
/* Documents among the facts that are kept by name. */
#include "device/platform/device.h"

#define KEPT_JSON_MAX (64 * 1024)

tw_err tw_device_keep_json(struct tw_device *d, const char *name, const json_t *j)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, d->context.sys, KEPT_JSON_MAX);
	TW_TRY(tw_json_write(j, &text));
	return tw_device_keep(d, name, tw_buf_cstr(&text));
}

tw_err tw_device_kept_json(struct tw_device *d, const char *name, const struct tw_shape *shape, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	tw_buf_init(&text, d->context.sys, KEPT_JSON_MAX);
	TW_TRY(tw_device_kept(d, name, &text));
	TW_TRY(tw_json_parse(tw_buf_slice(&text), KEPT_JSON_MAX, &j));
	TW_TRY(tw_json_check(j, shape));
	*ret = TW_STEAL(j);
	return TW_OK;
}
