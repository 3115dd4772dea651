/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files the installed packages own, and with what content: a line of dpkg's *.list and *.md5sums, of opkg's *.list, of apk's
 * installed file, or of the manufacturer's files.sha256.
 *
 * Line by line, so that a list of any length is read in little memory and can be left and taken up again at a line's beginning.
 * Pure. A path is taken without its leading "/" and never has a component that is empty, "." or ".."; beside that it is any bytes,
 * because file names are.
 */
#ifndef TW_FORMATS_FILELIST_H
#define TW_FORMATS_FILELIST_H
#include "base/buf.h"
#include "crypto/checksum.h"
#include "formats/packages.h"

#define TW_FILELIST_LINE_MAX 4096
#define TW_FILELIST_PATH_MAX 1023

enum tw_filelist_form { TW_FILELIST_PATHS, TW_FILELIST_MD5SUMS, TW_FILELIST_APK, TW_FILELIST_SHA256 };
struct tw_filelist_kind {
	enum tw_filelist_form form;
	const char *file, *suffix; /* one file of the database, or every file of `folder` that ends so */
	bool present;              /* what it names without a digest must be there */
};
/* Of which lists a package system consists, in a row that ends with file and suffix NULL. NULL: of none. */
struct tw_filelist_row {
	const char *word, *folder; /* folder NULL: the database's own directory */
	struct tw_filelist_kind of[3];
};
const struct tw_filelist_row *tw_filelist_of(const struct tw_package_system *system);

struct tw_filelist { /* where in one list; all zero at its beginning */
	size_t line;
	char folder[TW_FILELIST_PATH_MAX + 1]; /* apk: of the files that follow */
	char path[TW_FILELIST_PATH_MAX + 1];   /* of the last entry */
};
struct tw_filelist_entry {
	bool is;          /* the line names a file; the rest is only then */
	const char *path; /* in the struct tw_filelist, until the next line */
	enum tw_checksum_kind how;
	uint8_t digest[TW_CHECKSUM_MAX];
};
/* line: without its line feed. SYNTAX, LIMIT: with the line's number. */
tw_err tw_filelist_line(struct tw_filelist *l, enum tw_filelist_form form, struct tw_slice line, struct tw_filelist_entry *ret);
/* Whether a path is of the form above: relative, and not out of its directory. */
bool tw_filelist_path_valid(struct tw_slice path);
#endif
