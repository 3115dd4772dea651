/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/known.h"

void tw_known_init(struct tw_known *k, const struct tw_sys *sys, size_t max)
{
	*k = (struct tw_known){ .body = NULL };
	tw_buf_init(&k->raw, sys, max);
}

static void forget(struct tw_known *k)
{
	json_decref(k->body);
	k->body = NULL;
	tw_buf_clear(&k->raw);
}

void tw_known_done(struct tw_known *k)
{
	forget(k);
	tw_buf_done(&k->raw);
}

tw_err tw_known_parse(struct tw_known *k, struct tw_slice raw, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *body = NULL;

	if (!k->body || k->raw.size != raw.size || memcmp(k->raw.data, raw.at, raw.size) != 0) {
		forget(k);
		TW_TRY(tw_json_parse(raw, k->raw.max, &body));
		TW_TRY(tw_buf_add(&k->raw, raw.at, raw.size));
		k->body = TW_STEAL(body);
	}
	*ret = json_incref(k->body);
	return TW_OK;
}
