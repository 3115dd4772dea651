/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolment over Secure Transport (RFC 7030), the client's side, pure: what to ask for next, and what an answer means. Nothing here
 * connects, waits or keeps: whoever drives it carries each question over HTTPS and brings the answer back.
 *
 *     CACERTS -> ENROL -> (202: WAIT, ENROL again) ... -> HAS: certificate and what the server named beside it
 */
#ifndef TW_FORMATS_EST_H
#define TW_FORMATS_EST_H
#include "base/buf.h"
#include "crypto/bag.h"
#include "crypto/csr.h"

#define TW_EST_URL_MAX 512
#define TW_EST_WAIT_MIN_S 1
#define TW_EST_WAIT_MAX_S (24 * 3600) /* a server that says "later" for longer is asked anyway */
#define TW_EST_TRIES_MAX 100          /* answers of "later" to one request */

enum tw_est_stage { TW_EST_CACERTS, TW_EST_ENROL, TW_EST_HAS, TW_EST_REFUSED };
struct tw_est {
	enum tw_est_stage stage;
	bool again; /* there is a certificate already: simplereenroll */
	unsigned tries;
	unsigned wait_s;             /* before the next question; 0: at once */
	const char *rule;            /* REFUSED: which */
	char words[160];             /* REFUSED: a sentence */
	struct tw_certs authorities; /* what cacerts named: only a way from the certificate to an anchor, never trusted by itself */
	struct tw_certs issued;      /* HAS: one */
};
struct tw_est_answer {
	unsigned status, retry_after_s;
	struct tw_slice type, body;
};
/* https, a host, no query or fragment, no blank; its path may hold a label behind /.well-known/est (RFC 7030 section 3.2.2), or nothing. */
bool tw_est_url_valid(struct tw_slice url);
tw_err tw_est_place(struct tw_slice url, const struct tw_est *e, struct tw_buf *ret); /* the address of the next question */
/* A request (RFC 2986) over the key with that point, as EST carries it. */
tw_err tw_est_request(const struct tw_sys *sys, const struct tw_csr_names *names, const uint8_t point[TW_POINT_SIZE],
	const struct tw_digest_signer *signer, struct tw_buf *ret);
tw_err tw_est_basic(struct tw_slice secret, struct tw_buf *ret); /* "name:password" as an Authorization; wipe it */
tw_err tw_est_take(const struct tw_sys *sys, struct tw_est *e, const struct tw_est_answer *a); /* fails without memory only */
void tw_est_done(struct tw_est *e);
#endif
