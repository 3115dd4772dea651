/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was said between the tool and the device while each check ran, kept beside the evidence: a line of JSON for each check, whose
 * SHA-256 stands in its result. Values that open something (passwords, tokens, codes) are left out, so that the file can be handed on.
 */
#ifndef TW_TOOL_TRANSCRIPT_H
#define TW_TOOL_TRANSCRIPT_H
#include "base/buf.h"
#include "base/json.h"

#define TW_TRANSCRIPT_MAX (16 * 1024 * 1024)
#define TW_TRANSCRIPT_SUFFIX ".transcript"
struct tw_transcript {
	const struct tw_sys *sys;
	json_t *calls;       /* of the check that runs; NULL: none does */
	size_t left_out;     /* how many of its calls had no room */
	tw_err failed;       /* listening went wrong; told when the check ends */
	struct tw_buf lines; /* of the checks that have run */
};
void tw_transcript_init(struct tw_transcript *t, const struct tw_sys *sys); /* listens to all clients from now on; one at a time */
void tw_transcript_done(struct tw_transcript *t);
tw_err tw_transcript_begin(struct tw_transcript *t);
/* What was said by other means than a client's, as an object with the same members; another reference is kept. Beyond the limit it is only counted. */
tw_err tw_transcript_add(struct tw_transcript *t, json_t *call);
/* Puts into result: `calls`, how many there were, and `transcript`, the SHA-256 of the line. Nothing where there were none. */
tw_err tw_transcript_end(struct tw_transcript *t, json_t *result);
/* Of an earlier transcript, the lines of these results; the others are left. */
tw_err tw_transcript_keep(struct tw_transcript *t, struct tw_slice earlier, const json_t *results);
/* Every line is of one result, and every result that names one has it. UNTRUSTED says which is not so. */
tw_err tw_transcript_check(const struct tw_sys *sys, struct tw_slice text, const json_t *results);
/* Checks it so, and reads it: {digest: line}. SYNTAX: a line of it is no transcript, whatever its digest. */
tw_err tw_transcript_read(const struct tw_sys *sys, struct tw_slice text, const json_t *results, json_t **ret);
#endif
