/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The evidence report: what one run of an assessment saw, in a form that cannot be changed afterwards unnoticed.
 *
 * The tool fills a JSON payload (doc/spec/evidence.md), has it checked here, and signs it as a JWS of type TW_JWS_EVIDENCE with
 * the assessor's key. Every verdict says where it comes from: seen from outside, seen from inside, stated by the device, the
 * manufacturer's service or a person, or simulated. Verification insists on the exact bytes written: no other spelling of the same JSON passes.
 */
#ifndef TW_FORMATS_EVIDENCE_H
#define TW_FORMATS_EVIDENCE_H
#include "formats/jws.h"

#define TW_EVIDENCE_FORMAT 1
#define TW_EVIDENCE_MAX TW_JWS_MAX
#define TW_EVIDENCE_RESULTS 1024
#define TW_EVIDENCE_RUNS 64

#define TW_EVIDENCE_VERDICTS                                     \
	{                                                        \
		"pass", "fail", "inconclusive", "not applicable" \
	}
#define TW_EVIDENCE_SOURCES                                                                                                     \
	{                                                                                                                       \
		"observed outside", "observed inside", "stated by device", "stated by person", "stated by service", "simulated" \
	}

/* Form only: members, words, times, one result per element and probe, totals that add up. SYNTAX names the member. */
tw_err tw_evidence_check(const json_t *payload);
/* Checks, signs. cert is the assessor's; ret is the report's text, no newline at its end. */
tw_err tw_evidence_sign(
	const struct tw_sys *sys, const json_t *payload, const tw_cert *cert, const struct tw_signer *signer, struct tw_buf *ret);
/* Exact form, signature, tw_evidence_check. The certificate is the caller's to judge: who signed, and is that person trusted? */
tw_err tw_evidence_verify(const struct tw_sys *sys, struct tw_slice text, json_t **ret_payload, tw_cert **ret_cert);
#endif
