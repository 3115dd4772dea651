/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A proof that a device holds the private half of one of its owner's keys: the key's signature over its name and the asker's nonce.
 *
 * The label comes first, so that what is signed here can be nothing else: no statement, no certificate, no other protocol.
 */
#ifndef TW_FORMATS_KEYPROOF_H
#define TW_FORMATS_KEYPROOF_H
#include "base/buf.h"
#include "base/err.h"

#define TW_KEY_PROOF_NONCE_MIN 16
#define TW_KEY_PROOF_NONCE_MAX 64
/* "thingward-key-proof-1" NUL, name, NUL, nonce. */
tw_err tw_key_proof_message(const char *name, const uint8_t *nonce, size_t nonce_size, struct tw_buf *ret);
#endif
