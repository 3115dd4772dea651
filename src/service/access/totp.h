/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codes of an authenticator (RFC 6238): six digits that change every thirty seconds, by a secret that account and device share.
 *
 * A code counts in its own step and the one before and behind it, for clocks that differ. A step that was used, and each before it, is never
 * accepted again: that is written before anybody is let in, so no power cut brings a used code back. Without a clock that can be trusted no code is
 * good. The secret lies sealed by keys, for this account, so that the store alone makes no codes.
 */
#ifndef TW_SERVICE_ACCESS_TOTP_H
#define TW_SERVICE_ACCESS_TOTP_H
#include "service/path/path.h"

#define TW_TOTP_SECRET 20 /* bytes, as RFC 4226 recommends */
#define TW_TOTP_STEP_MS 30000
#define TW_TOTP_DIGITS 6
#define TW_TOTP_URI_MAX 1024

/* DENIED: not the code of a step around now that is behind `used`. */
tw_err tw_totp_match(const uint8_t secret[TW_TOTP_SECRET], int64_t now_ms, int64_t used, struct tw_slice code, int64_t *ret_step);
/* What an authenticator reads as a QR code: otpauth://totp/ISSUER:ACCOUNT?secret=... */
tw_err tw_totp_uri(const uint8_t secret[TW_TOTP_SECRET], const char *issuer, const char *account, struct tw_buf *ret);

/* A new secret for an account. Until it is confirmed by a code of it, the one before goes on to count. The text for the QR code is a secret. */
tw_err tw_totp_enrol(struct tw_context *c, int64_t account, const char *issuer, const char *name, struct tw_buf *ret_uri);
/* As tw_totp_use, of the new secret, which takes the place of the one before. NOTFOUND: none waits. */
tw_err tw_totp_confirm(struct tw_context *c, int64_t account, struct tw_slice code);
/* Whether a code is asked for at a login: a secret is there that was confirmed. */
tw_err tw_totp_wanted(struct tw_context *c, int64_t account, bool *ret);
/* Takes a code; OK: it was good, and never will be again. DENIED. NOTFOUND: no secret. STATE: the clock cannot be trusted. */
tw_err tw_totp_use(struct tw_context *c, int64_t account, struct tw_slice code);
tw_err tw_totp_remove(struct tw_context *c, int64_t account); /* also one that waits; none there: OK */
#endif
