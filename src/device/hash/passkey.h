/* SPDX-License-Identifier: Apache-2.0 */
/* Passkeys, judged by libfido2: what a new one says of itself, and whether one has signed. */
#ifndef TW_DEVICE_HASH_PASSKEY_H
#define TW_DEVICE_HASH_PASSKEY_H
#include "service/hash/passkey-wire.h"

/*
 * Of an authenticator that was asked for no attestation: nothing vouches for what it is, and who asked in a session of his own vouches for it being his.
 * DENIED: it is not of this site, nobody was there to touch it, or it has no key of a kind that is taken. The answer is written to ret. NOMEM.
 */
tw_err tw_passkey_enrol(const struct tw_passkey_enrol *q, struct tw_buf *ret);
tw_err tw_passkey_assert(const struct tw_passkey_assert *q); /* likewise; DENIED also: another key signed, or something else */
#endif
