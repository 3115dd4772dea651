/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What app and the sign role say to one another: one document to sign, or one signature to check, and what came of it. Integers big-endian,
 * blocks length-prefixed.
 *
 * app -> sign  JOB; the document is beside it, as sealed memory
 * sign -> app  DONE: u8 enum tw_sign_end, the signature as block16, then words
 * Both sides read what the other writes as if it were hostile.
 */
#ifndef TW_SUPPORT_SIGN_WIRE_H
#define TW_SUPPORT_SIGN_WIRE_H
#include "base/buf.h"
#include "sys/channel.h"

#define TW_SIGN_KEY_MAX \
	(32 * 1024) /* of a public key, armored; with photographs and a hundred certifications it is another one that should be published */
#define TW_SIGNATURE_MAX (8 * 1024) /* of a detached signature, armored; RSA of 8192 bits makes 1.5 KiB */
#define TW_SIGN_WORDS_MAX 200
#define TW_SIGN_DEADLINE_MS 20000 /* of one job; gpg takes a tenth of a second */
#define TW_SIGN_FINGERPRINT_MAX 64

enum tw_sign_wire { TW_SIGN_JOB = 0x0d01, TW_SIGN_DONE = 0x0d11 };
extern const struct tw_channel_row tw_rows_sign_from_app[], tw_rows_app_from_sign[];

enum tw_sign_kind {
	TW_SIGN_MAKE,  /* with the secret key; what was made is checked as below */
	TW_SIGN_CHECK, /* of somebody else's making, by the public key */
	TW_SIGN_KINDS
};
struct tw_sign_job {
	enum tw_sign_kind kind;
	uint32_t size;               /* of the document */
	struct tw_slice fingerprint; /* of the primary key, in capitals */
	struct tw_slice key;         /* the public key that is published, armored */
	struct tw_slice signature;   /* of CHECK alone */
};
tw_err tw_sign_job_write(const struct tw_sign_job *j, struct tw_buf *b);
tw_err tw_sign_job_read(struct tw_slice payload, struct tw_sign_job *ret); /* SYNTAX, LIMIT; slices point into payload */

enum tw_sign_end {
	TW_SIGN_GOOD,    /* signature is one over the document, by the key */
	TW_SIGN_REFUSED, /* CHECK: it is none */
	TW_SIGN_UNABLE,  /* gpg, the key, or what is configured */
	TW_SIGN_ENDS
};
struct tw_sign_done {
	enum tw_sign_end end;
	struct tw_slice signature; /* of GOOD alone */
	struct tw_slice words;     /* one line, printable */
};
tw_err tw_sign_done_write(const struct tw_sign_done *d, struct tw_buf *b);
tw_err tw_sign_done_read(struct tw_slice payload, struct tw_sign_done *ret);
/* ASCII armor of one detached signature, nothing before or behind it: what may be published as NAME.json.asc. */
bool tw_signature_armored(struct tw_slice text);
bool tw_public_key_armored(struct tw_slice text); /* the same of one public key */
bool tw_sign_fingerprint(struct tw_slice text);   /* 40 or 64 hexadecimal digits, in capitals */
#endif
