/* SPDX-License-Identifier: Apache-2.0 */
/* Parsed once, from what the build put into the program. */
#include "tool/rows.h"

#include "formats/device-rows.h"
#include "tool/support-rows.h"

struct tw_rows {
	json_t *all;
};

tw_rows *tw_rows_free(tw_rows *r)
{
	if (!r)
		return NULL;
	json_decref(r->all);
	free(r);
	return NULL;
}

static tw_err parse(const struct tw_sys *sys, const unsigned char *text, size_t size, tw_rows **ret)
{
	TW_CLEANUP(tw_rows_freep) tw_rows *r = TW_NEW(sys, tw_rows);

	if (!r)
		return TW_RAISE(NOMEM, "rows");
	TW_TRY(tw_json_parse((struct tw_slice){ (const char *)text, size }, size, &r->all));
	*ret = TW_STEAL(r);
	return TW_OK;
}

tw_err tw_rows_new(const struct tw_sys *sys, tw_rows **ret)
{
	return parse(sys, tw_device_rows, tw_device_rows_size, ret);
}

tw_err tw_rows_support(const struct tw_sys *sys, tw_rows **ret)
{
	return parse(sys, tw_support_rows, tw_support_rows_size, ret);
}

const json_t *tw_rows_capabilities(const tw_rows *r)
{
	return json_object_get(r->all, "capabilities");
}
