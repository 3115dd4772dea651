/* SPDX-License-Identifier: Apache-2.0 */
/* One key agreed on from a private and a public one: ECDH on P-256 (NIST SP 800-56A), and its derivation for a cipher (RFC 7518 section 4.6.2). */
#ifndef TW_CRYPTO_AGREE_H
#define TW_CRYPTO_AGREE_H
#include "crypto/key.h"

/* The key for AES-256-GCM ("A256GCM") that both sides come to: SHA-256 once over the shared secret and what it is for. CRYPTO: own has no private half. */
tw_err tw_key_agree(const tw_key *own, const tw_key *other, tw_secret **ret);
#endif
