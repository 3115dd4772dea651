/* SPDX-License-Identifier: Apache-2.0 */
/* `thingward triage`: one run over an inventory and a directory of feeds. */
#ifndef TW_TOOL_TRIAGE_H
#define TW_TOOL_TRIAGE_H
#include "product/triage.h"
#include "tool/tool.h"

#define TW_OF_HOST "Packages of the machine that builds, which are not on the device: %zu.\n"

struct tw_feeds {
	size_t files;   /* that were read */
	json_t *unread; /* texts: which could not be, and why; the first of them */
	size_t unread_count;
};
/* Every record, statement and list beneath the directory, one file in memory at a time: records first, then the rest. */
tw_err tw_feeds_read(struct tw_tool *t, const char *dir, tw_triage *triage, struct tw_feeds *ret);
/*
 * The inventory of a file, or of a directory: with documents of SPDX 2 that refer to one another (then *ret_image), or the lists of Buildroot's
 * legal-info. The text of a directory's is that of one document with all of it, the same each time. NOTFOUND, SYNTAX, LIMIT, UNTRUSTED: of
 * which document, and why.
 */
tw_err tw_release_read(struct tw_tool *t, const char *path, struct tw_buf *text, bool *ret_image, json_t **ret);
/* What triage.yaml says its items are of: {version, sbom}: --version, or the newest of DIR/product.yaml ("" without one), and the inventory's SHA-256. */
tw_err tw_triage_release(struct tw_tool *t, const struct tw_args *a, struct tw_slice inventory, json_t **ret);
#endif
