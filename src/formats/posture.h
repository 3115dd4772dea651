/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What another system says of its own state, signed: an entity attestation token (RFC 9711) as a JWT by ES256, pure.
 *
 * It counts only as the answer to what was asked (eat_nonce), and for the TLS connection over which it came: its cnf names that server's
 * certificate (x5t#S256, RFC 8705 section 3.1), so that nobody can pass on another one's good answer as his own.
 */
#ifndef TW_FORMATS_POSTURE_H
#define TW_FORMATS_POSTURE_H
#include "base/json.h"
#include "crypto/key.h"

#define TW_POSTURE_TOKEN_MAX (16 * 1024)
#define TW_POSTURE_CLAIMS_MAX 255 /* what is demanded, as text */
#define TW_POSTURE_NONCE 43       /* 32 bytes in base64url */
#define TW_POSTURE_WORDS_MAX 120

enum tw_posture_fault {
	TW_POSTURE_GOOD,
	TW_POSTURE_FORM,
	TW_POSTURE_SIGNATURE,
	TW_POSTURE_NONCE_OTHER,
	TW_POSTURE_BOUND, /* to another certificate, or to none */
	TW_POSTURE_TIME,
	TW_POSTURE_CLAIM,
	TW_POSTURE_FAULTS
};
extern const char *const tw_posture_faults[TW_POSTURE_FAULTS]; /* in the words of a refusal */
struct tw_posture_expected {
	const uint8_t *point; /* TW_POINT_SIZE: whose signature counts */
	const char *nonce;
	const uint8_t *certificate; /* 32 bytes: SHA-256 of the server's, in DER */
	struct tw_slice claims; /* "oemboot=true swversion=4.2", each of which has to be so; "": it is enough that it was signed */
	int64_t now_s;
};
/* Whether this can be demanded at all: name=value with one blank between, names as claims have them. */
bool tw_posture_claims_valid(struct tw_slice claims);
/* Fails without memory only. TW_POSTURE_CLAIM: ret_words has the first that is not so. */
tw_err tw_posture_judge(const struct tw_sys *sys, struct tw_slice token, const struct tw_posture_expected *x,
	enum tw_posture_fault *ret, char ret_words[TW_POSTURE_WORDS_MAX + 1]);
#endif
