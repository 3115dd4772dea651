/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/known.h"

void tw_known_init(struct tw_known *k, size_t max, void (*slim)(json_t *body))
{
	*k = (struct tw_known){ .max = max, .slim = slim };
}

void tw_known_done(struct tw_known *k)
{
	json_decref(k->body);
	k->body = NULL;
}

tw_err tw_known_parse(struct tw_known *k, struct tw_slice raw, json_t **ret)
{
	uint8_t digest[TW_SHA256_SIZE];

	TW_TRY(tw_sha256(raw.at, raw.size, digest));
	if (!k->body || memcmp(k->digest, digest, sizeof digest) != 0) {
		tw_known_done(k);
		TW_TRY(tw_json_parse(raw, k->max, &k->body));
		memcpy(k->digest, digest, sizeof digest);
		if (k->slim)
			k->slim(k->body);
	}
	*ret = json_incref(k->body);
	return TW_OK;
}
