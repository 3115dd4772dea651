/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashing for the application: one digest at a time on a connection, in steps as long as one message, so that a file of any size
 * costs the other doors no more than a turn of events does.
 */
#ifndef TW_DEVICE_PLATFORM_APP_HASH_H
#define TW_DEVICE_PLATFORM_APP_HASH_H
#include "crypto/digest.h"

struct tw_app_hash {
	tw_digest *running;
	const char *rule, *why; /* why there is none */
};
void tw_app_hash_done(struct tw_app_hash *h);
/* What was begun before is forgotten. That it could not begin is said at the end. NOMEM, SYNTAX: the message is none. */
tw_err tw_app_hash_begin(const struct tw_sys *sys, struct tw_app_hash *h, struct tw_slice payload);
tw_err tw_app_hash_add(struct tw_app_hash *h, struct tw_slice data);
/* DENIED: there is no digest; rule and why say the reason. */
tw_err tw_app_hash_end(struct tw_app_hash *h, uint8_t ret[TW_DIGEST_MAX], size_t *ret_size);
/* DENIED also when the reference is of another length. */
tw_err tw_app_hash_check(struct tw_app_hash *h, struct tw_slice reference, bool *ret_match);
/* DENIED also when the hash is not a SHA-256, or the key is none. */
tw_err tw_app_hash_verify(const struct tw_sys *sys, struct tw_app_hash *h, struct tw_slice payload, bool *ret_verified);
#endif
