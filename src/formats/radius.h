/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's side of RADIUS (RFC 2865): one question whether a password is somebody's, and what the answer means.
 *
 * Every question carries a Message-Authenticator (RFC 3579 section 3.2) before all else, and an answer without a right one is none:
 * the answer's own authenticator is a bare MD5, which somebody in between can turn from a refusal into a permission
 * (CVE-2024-3596). The password is hidden by MD5 under the shared secret, so the secret must be too long to be guessed; beyond
 * that a network one trusts, or a tunnel, is what keeps it. Nothing of an answer is read before its authenticators hold.
 */
#ifndef TW_FORMATS_RADIUS_H
#define TW_FORMATS_RADIUS_H
#include "base/buf.h"

#define TW_RADIUS_PORT 1812
#define TW_RADIUS_HEAD 20
#define TW_RADIUS_PACKET_MAX 4096  /* RFC 2865 section 3 */
#define TW_RADIUS_AUTHENTICATOR 16 /* bytes; random, new for each question */
#define TW_RADIUS_TEXT_MAX 253     /* of an attribute */
#define TW_RADIUS_PASSWORD_MAX 128 /* section 5.2 */
#define TW_RADIUS_SECRET_MIN 16    /* RFC 2865 section 3; 22 random characters of base64 are 128 bits */
#define TW_RADIUS_SECRET_MAX 128

struct tw_radius_question {
	uint8_t id;
	uint8_t authenticator[TW_RADIUS_AUTHENTICATOR];
	struct tw_slice secret, user, password;
	struct tw_slice device;  /* NAS-Identifier: who asks */
	struct tw_slice station; /* Calling-Station-Id: where the user is; empty: not said */
	struct tw_slice state;   /* of the challenge that this answers; empty: it answers none */
};
enum tw_radius_verdict { TW_RADIUS_ACCEPT = 2, TW_RADIUS_REJECT = 3, TW_RADIUS_CHALLENGE = 11 };
struct tw_radius_answer {
	enum tw_radius_verdict verdict;
	struct tw_slice state; /* of a challenge; it points into the packet, as words does */
	struct tw_slice words; /* Reply-Message, the first one: for people; empty: none, or none that can be shown */
};

/* Appends the packet; ret is a buffer to be wiped. LIMIT: a text is too long, empty where it must not be, or the secret too short. */
tw_err tw_radius_ask(const struct tw_radius_question *q, struct tw_buf *ret);
/* UNTRUSTED: not from who knows the secret, or not to this question. SYNTAX: from him, and no good. */
tw_err tw_radius_read(const struct tw_radius_question *q, struct tw_slice packet, struct tw_radius_answer *ret);
#endif
