/* SPDX-License-Identifier: Apache-2.0 */
/* Parsed once; looked up by name. */
#include "tool/rows.h"

#include "formats/device-rows.h"

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

tw_err tw_rows_new(const struct tw_sys *sys, tw_rows **ret)
{
	TW_CLEANUP(tw_rows_freep) tw_rows *r = TW_NEW(sys, tw_rows);

	if (!r)
		return TW_RAISE(NOMEM, "rows");
	TW_TRY(tw_json_parse((struct tw_slice){ (const char *)tw_device_rows, tw_device_rows_size }, tw_device_rows_size, &r->all));
	*ret = TW_STEAL(r);
	return TW_OK;
}

const json_t *tw_rows_capabilities(const tw_rows *r)
{
	return json_object_get(r->all, "capabilities");
}

/* The row of a capability's table with this value under this key. */
static const json_t *find(const tw_rows *r, const char *table, const char *key, const char *value, const json_t **ret_capability)
{
	size_t i, k;
	json_t *capability, *row;

	json_array_foreach(tw_rows_capabilities(r), i, capability)
		json_array_foreach(json_object_get(capability, table), k, row)
			if (!strcmp(tw_json_text(row, key), value)) {
				if (ret_capability)
					*ret_capability = capability;
				return row;
			}
	return NULL;
}

const json_t *tw_rows_operation(const tw_rows *r, const char *name)
{
	return find(r, "operations", "name", name, NULL);
}

const json_t *tw_rows_element(const tw_rows *r, const char *id, const json_t **ret_capability)
{
	return find(r, "elements", "id", id, ret_capability);
}
