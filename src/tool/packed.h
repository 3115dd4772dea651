/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that came packed: by gzip, xz or zstd, one file or a tar of several. libarchive unpacks them into memory; it is loaded when the first such file
 * comes, as libcurl is (curl-late.h).
 *
 * Whoever packed it may be a stranger: what comes out has limits in bytes, in files and in how many times its size it may become, names of files are
 * names and no paths, and what is no regular file is refused. No program is started for what libarchive itself cannot unpack.
 */
#ifndef TW_TOOL_PACKED_H
#define TW_TOOL_PACKED_H
#include "base/json.h"

#define TW_UNPACKED_FILES_MAX 100000            /* Yocto writes some ten for each package of an image */
#define TW_UNPACKED_MAX (1024UL * 1024 * 1024)  /* bytes of all files, in memory; what has more is unpacked by hand */
#define TW_UNPACKED_TIMES 200                   /* SPDX documents become a tenth of their size or a thirtieth, not a thousandth */
#define TW_UNPACKED_FREELY (16UL * 1024 * 1024) /* bytes from which on that counts */

struct tw_unpacked_file {
	char *name; /* "" of a file that was packed alone */
	struct tw_buf text;
};
struct tw_unpacked {
	struct tw_unpacked_file *of;
	size_t count, capacity, bytes;
	json_t *names; /* of each: its number */
	bool many;     /* a tar */
};
bool tw_is_packed(struct tw_slice text); /* by its first bytes; a tar that nothing packed too */
/* SYNTAX: what is wrong, and of which file. LIMIT: too much comes out. UNSUPPORTED: libarchive is not on this machine. */
tw_err tw_unpack(const struct tw_sys *sys, struct tw_slice packed, size_t file_max, struct tw_unpacked *ret);
void tw_unpacked_done(struct tw_unpacked *u);                                                    /* of a zeroed one too */
const struct tw_unpacked_file *tw_unpacked_named(const struct tw_unpacked *u, const char *name); /* NULL: there is none */
#endif
