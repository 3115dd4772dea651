/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One-time passwords of RFC 4226 over HMAC-SHA-1, which is what every authenticator makes: its algorithm, not ours to choose. HMAC does not
 * rest on the collision resistance that SHA-1 has lost.
 */
#ifndef TW_CRYPTO_OTP_H
#define TW_CRYPTO_OTP_H
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define TW_OTP_DIGITS_MAX 9 /* more than 31 bits do not fill */
/* The code of a counter: a number below 10 to the power of digits. No branch and no address depends on key or code. */
tw_err tw_otp(const void *key, size_t key_size, uint64_t counter, unsigned digits, uint32_t *ret);
#endif
