/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inventory against the files that are there: the task that has it done by the scan role, and what came of the last one.
 *
 * It is kept as one fact of the owner's and goes with him: what lies on a disk says how it was used.
 */
#ifndef TW_DEVICE_IDENTIFICATION_FILES_H
#define TW_DEVICE_IDENTIFICATION_FILES_H
#include "device/platform/device.h"
#include "formats/sbom.h"
#include "service/scan/scan-wire.h"

/* Of each kind so many are listed, and of the rest it is said how many there are: no kind can crowd out another. */
#define TW_FILES_LISTED_MAX 128
#define TW_FILES_LISTED_BYTES (12 * 1024) /* of their paths, as they are shown */
#define TW_FILES_TOLD_MAX 16              /* events of each kind in one check */
#define TW_FILES_STATE_MAX (56 * 1024)    /* all of it as JSON: it must fit into what a task keeps */

struct tw_files {
	const struct tw_sys *sys;
	uint64_t counts[TW_SCAN_COUNTS]; /* struct tw_scan_counts, in its order */
	int64_t ended_ms;                /* 0: not yet */
	json_t *list;                    /* "KIND HOW PATH", the path as it is shown */
	size_t listed[TW_SCAN_UNKNOWN + 1], bytes[TW_SCAN_UNKNOWN + 1];
};
enum {
	TW_FILES_OWNED,
	TW_FILES_CHECKED,
	TW_FILES_EXECUTABLES,
	TW_FILES_CHANGED,
	TW_FILES_MISSING,
	TW_FILES_UNKNOWN,
	TW_FILES_UNREAD,
	TW_FILES_SKIPPED,
	TW_FILES_BROKEN
};
tw_err tw_files_new(const struct tw_sys *sys, struct tw_files *ret);
void tw_files_done(struct tw_files *f);
/* ret_shown: the path as text of no control character; its buffer is the caller's. */
tw_err tw_files_add(struct tw_files *f, enum tw_scan_kind kind, enum tw_scan_how how, struct tw_slice path, struct tw_buf *ret_shown);
tw_err tw_files_write(const struct tw_files *f, struct tw_buf *ret);
tw_err tw_files_read(const struct tw_sys *sys, struct tw_slice text, struct tw_files *ret); /* SYNTAX */
/* "changed", "md5" and the path of one entry of the list; borrowed. */
tw_err tw_files_entry(const json_t *entry, enum tw_scan_kind *ret_kind, enum tw_scan_how *ret_how, const char **ret_path);

tw_err tw_files_keep(struct tw_device *d, const struct tw_files *f);
tw_err tw_files_kept(struct tw_device *d, struct tw_files *ret); /* NOTFOUND: there was no check under this owner */
/* Counts and time alone, for statuses and documents. NOTFOUND. */
tw_err tw_files_summary(struct tw_device *d, struct tw_sbom_files *ret);
/* What a check comes to. What a failing disk does not give is not as it was installed, nor another: nobody knows. */
const char *tw_files_verdict(const struct tw_files *f);
/* "" when files can be checked; else why not, a sentence. */
const char *tw_files_unavailable(struct tw_device *d);
#endif
