/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inventory against the files that are really there, a small piece at a time.
 *
 * First the lists of the package database are read, and of every path that a package owns a keyed fingerprint is kept. Then each file
 * for which a list has a digest is read and compared. Last the folders that should hold nothing but packages' executables are walked:
 * a program (ELF, or "#!") with an execute bit that no package owns is told.
 *
 * It runs in a process that may read what everybody may read and change nothing. It looks at names and bytes and never follows a link;
 * files that it cannot read are counted, not passed over, and what nobody has closed but a failing disk is counted apart: a disk on which
 * nothing can be read any more is not one as it was installed. What can only be read by root can therefore be checked for being there
 * and not for its content.
 *
 * A check can be left at any time and taken up at its place by another process: the lists are read again, since the table is made of
 * them, and files and folders only behind the place.
 */
#ifndef TW_SERVICE_SCAN_H
#define TW_SERVICE_SCAN_H
#include "formats/filelist.h"
#include "sys/walk.h"

#define TW_SCAN_FOLDERS_MAX 16
#define TW_SCAN_IGNORED_MAX 32
#define TW_SCAN_WORDS_MAX 1024                           /* of either list, with its blanks */
#define TW_SCAN_PLACE_MAX (1 + 4 + TW_FILELIST_PATH_MAX) /* enum, number, name */
#define TW_SCAN_OWNED_MAX (1024 * 1024)                  /* paths: 8 MiB, ten times a server's */

enum tw_scan_kind { TW_SCAN_CHANGED = 1, TW_SCAN_MISSING, TW_SCAN_UNKNOWN };
/* By what it was told: a digest's kind, or of an unknown executable what it is. */
enum tw_scan_how {
	TW_SCAN_BY_NAME = 0, /* = TW_CHECKSUM_NONE: no file of its own stands there any more */
	TW_SCAN_BY_MD5,
	TW_SCAN_BY_SHA1,
	TW_SCAN_BY_SHA256,
	TW_SCAN_ELF,
	TW_SCAN_SCRIPT,
	TW_SCAN_CLOSED, /* it has an execute bit, and cannot be read */
	TW_SCAN_HOWS
};
extern const char *const tw_scan_kinds[TW_SCAN_UNKNOWN + 1], *const tw_scan_hows[TW_SCAN_HOWS];

struct tw_scan_counts {
	uint64_t owned;       /* paths that a package owns */
	uint64_t checked;     /* files that were looked at because a list names them */
	uint64_t executables; /* files with an execute bit that were met in the folders */
	uint64_t changed, missing, unknown;
	uint64_t unread;  /* files of packages that cannot be read */
	uint64_t skipped; /* folders that cannot be looked into, or are too large or too deep */
	uint64_t broken;  /* of unread, skipped and unknown: closed by nobody, but the disk or a mount fails there */
};
#define TW_SCAN_COUNTS 9
/* As an array, for what is the same for all of them. */
extern const char *const tw_scan_count_names[TW_SCAN_COUNTS];

struct tw_scan_order {
	const struct tw_package_system *system;
	struct tw_slice folders, ignored; /* absolute paths with a blank between */
	struct tw_slice place;            /* where to go on; empty: at the beginning */
};
struct tw_scan_finding {
	enum tw_scan_kind kind;
	enum tw_scan_how how;
	const char *path; /* from the root, without its first slash; any bytes */
};
typedef struct tw_scan tw_scan;
/* root and database are directories and stay the caller's. found is told of each finding, once. SYNTAX: of the order. */
tw_err tw_scan_new(const struct tw_sys *sys, int root, int database, const struct tw_scan_order *order,
	tw_err (*found)(void *user, const struct tw_scan_finding *f), tw_scan **ret);
void tw_scan_user(tw_scan *s, void *user); /* for found */
tw_scan *tw_scan_free(tw_scan *s);
TW_DEFINE_FREEP(tw_scan, tw_scan_free)
/* A piece: some lines of a list, 64 KiB of a file, an entry of a folder. SYNTAX, LIMIT: of a list, which is named. */
tw_err tw_scan_step(tw_scan *s, bool *ret_finished);
struct tw_scan_counts tw_scan_counts(const tw_scan *s); /* since it was made; owned is always of all */
uint64_t tw_scan_total(const tw_scan *s);               /* files to be compared; 0 while they are not counted */
tw_err tw_scan_place(const tw_scan *s, struct tw_buf *ret);
const char *tw_scan_words(const tw_scan *s); /* what it is at, for people */
/* Of a setting: absolute paths with one blank between, none twice, none that leaves. SYNTAX, LIMIT. */
tw_err tw_scan_paths_check(struct tw_slice text, size_t max);
#endif
