/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether bytes are DER (ITU-T X.690), and nothing else, before OpenSSL is asked what they say.
 *
 * OpenSSL reads BER in places, keeps names and attributes as they came, and does not mind what follows an extension's value: two
 * readers could then see two certificates in one. What passes here has one spelling. It knows no type of X.509, but what all of
 * them have in common: BOOLEANs are there only to be TRUE (each has FALSE as its default), times are UTC in whole seconds.
 */
#ifndef TW_CRYPTO_DER_H
#define TW_CRYPTO_DER_H
#include "base/buf.h"

#define TW_DER_DEPTH 16 /* a certificate has 8; every level beyond is somebody's trick */

/* One value, whole, and nothing behind it. SYNTAX says at which byte; LIMIT: too deep. */
tw_err tw_der_exact(struct tw_slice der);
/* The length at *at, in its one form, and moves behind it. Whether as much follows, the caller looks. */
bool tw_der_length(const uint8_t **at, const uint8_t *end, size_t *ret);
#endif
