/* SPDX-License-Identifier: Apache-2.0 */
/* An evidence file that was read and verified, and who signed it. */
#ifndef TW_TOOL_EVIDENCE_H
#define TW_TOOL_EVIDENCE_H
#include "formats/evidence.h"
#include "tool/tool.h"

struct tw_evidence_file {
	json_t *payload;
	char signer[256], signer_sha256[65];
};
/* What the evidence is of: "device", or "service", the manufacturer's server. */
const char *tw_evidence_thing(const json_t *payload);
void tw_evidence_file_done(struct tw_evidence_file *f);
tw_err tw_evidence_file_read(struct tw_tool *t, const char *path, struct tw_evidence_file *ret);
/* From whom --signer says; with --anchor, the device's statements inside hold, and say what stands beside them. UNTRUSTED names what is not so. */
tw_err tw_evidence_from(struct tw_tool *t, const struct tw_args *a, const struct tw_evidence_file *f);
tw_err tw_evidence_wanted(const struct tw_args *a, const struct tw_evidence_file *f); /* of the --device and the run (--nonce) that are named */
#endif
