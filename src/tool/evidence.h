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
void tw_evidence_file_done(struct tw_evidence_file *f);
tw_err tw_evidence_file_read(struct tw_tool *t, const char *path, struct tw_evidence_file *ret);
#endif
