/* SPDX-License-Identifier: Apache-2.0 */
/* The half of a take-over that the command line and the browser share. */
#ifndef TW_DEVICE_LOGICAL_ACCESS_TAKEOVER_H
#define TW_DEVICE_LOGICAL_ACCESS_TAKEOVER_H
#include "device/logical-access/access.h"
#include "formats/takeover.h"

/* The bytes of a text in base64url. False: it is none, or of another size. */
bool tw_takeover_bytes(const json_t *input, const char *key, uint8_t *ret, size_t size);
/* Form, challenge and proof, in this order. owner_key: NULL for a browser. Refused: rp holds the problem. */
tw_err tw_takeover_check(
	struct tw_device *d, const struct tw_request *rq, const uint8_t *owner_key, struct tw_takeover *ret, struct tw_reply *rp);
#endif
