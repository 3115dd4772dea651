/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device report: what a unit is and how it stands, signed by its own key over the caller's nonce and, over TLS, the
 * exporter of the connection. An Entity Attestation Token (RFC 9711) in two spellings of the same claims: a CWT in COSE_Sign1 for
 * small devices and their hubs, a JWT for everybody else. doc/spec/device-report.md is its page.
 *
 * What is not known is absent, never guessed. It says what the device says of itself: as true as the software that wrote it.
 */
#ifndef TW_FORMATS_REPORT_H
#define TW_FORMATS_REPORT_H
#include "formats/jws.h"

#define TW_REPORT_PROFILE "urn:thingward:report:1"
#define TW_REPORT_JWT_TYP "thingward-report+jwt"
#define TW_REPORT_CWT_TYP "application/eat+cwt; eat_profile=\"" TW_REPORT_PROFILE "\""
#define TW_REPORT_NONCE_MIN 16
#define TW_REPORT_NONCE_MAX 64
#define TW_REPORT_ELEMENTS_MAX 256
#define TW_REPORT_MAX (64 * 1024)                  /* either spelling */
#define TW_REPORT_AHEAD_MS (24 * 60 * 60 * 1000LL) /* a clock that says it is trusted may be so far ahead of the verifier's */

enum tw_report_format { TW_REPORT_CWT, TW_REPORT_JWT };
struct tw_report {
	char identifier[256]; /* RFC 9039 DEV URN; oemid is its organization */
	uint8_t nonce[TW_REPORT_NONCE_MAX];
	size_t nonce_size;
	bool has_exporter;
	uint8_t exporter[32];
	int64_t issued_ms;
	bool time_trusted;
	char model[64], hardware[64]; /* "": not known */
	char software_name[64], software[64];
	char product_version[64]; /* "": not known */
	int oem_boot;             /* 0, 1; -1: not known */
	int debug_status;         /* RFC 9711 section 4.2.9, 0 to 4; -1: not known */
	bool has_boot;
	uint64_t boot_count;
	uint8_t boot_seed[64];
	size_t boot_seed_size; /* 16 to 64 */
	bool boot_confirmed;
	bool has_log;
	uint64_t log_epoch, log_seq, log_checkpoint; /* checkpoint: the last record that is a signed one; 0: none yet */
	uint8_t log_chain[32];                       /* of record log_seq */
	json_t *elements;                            /* owned: element id of the map -> enum tw_status */
};
void tw_report_done(struct tw_report *r);

/* The claims under their JSON names. */
tw_err tw_report_claims(const struct tw_sys *sys, const struct tw_report *r, json_t **ret);
tw_err tw_report_sign(const struct tw_sys *sys, const struct tw_report *r, enum tw_report_format format, const tw_cert *device,
	const struct tw_signer *signer, struct tw_buf *ret);
/* What everything signed as a report of this device begins with; keys compares it. UNTRUSTED: input is none. */
tw_err tw_report_signed_check(const struct tw_sys *sys, const tw_cert *device, struct tw_slice input);

struct tw_report_expect {
	const tw_cert *anchor;
	int64_t now_ms;
	struct tw_slice nonce;
	const uint8_t *exporter; /* NULL: must not have one */
	bool any_exporter;       /* whoever verifies was not at the connection: it is read, and not compared */
};
/* One function that asks everything. Which spelling it is, the first byte says. SYNTAX, LIMIT; UNTRUSTED names what differs. */
tw_err tw_report_verify(const struct tw_sys *sys, struct tw_slice text, const struct tw_report_expect *expect, struct tw_report *ret);
#endif
