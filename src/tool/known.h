/* SPDX-License-Identifier: Apache-2.0 */
/* A document that is read often and seldom another: the same bytes, by their digest, are not parsed again, and what nobody reads is not kept. */
#ifndef TW_TOOL_KNOWN_H
#define TW_TOOL_KNOWN_H
#include "base/buf.h"
#include "base/json.h"
#include "crypto/hash.h"

struct tw_known {
	size_t max;
	void (*slim)(json_t *body); /* takes out what nobody reads; NULL: all is kept */
	uint8_t digest[TW_SHA256_SIZE];
	json_t *body; /* NULL: none yet */
};
void tw_known_init(struct tw_known *k, size_t max, void (*slim)(json_t *body));
void tw_known_done(struct tw_known *k);
/* ret is owned, and to be read only: whoever asks for the same bytes has the same. SYNTAX: it is not JSON. */
tw_err tw_known_parse(struct tw_known *k, struct tw_slice raw, json_t **ret);
#endif
