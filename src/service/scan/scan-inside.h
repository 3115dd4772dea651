/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share. */
#ifndef TW_SERVICE_SCAN_INSIDE_H
#define TW_SERVICE_SCAN_INSIDE_H
#include "service/scan/scan.h"

/* --- Lists of a database, line by line (scan-lists.c) --- */

#define TW_LISTS_READ (64 * 1024)
struct tw_scan_lists {
	const struct tw_sys *sys;
	int database, folder, fd; /* -1: not open */
	const struct tw_filelist_row *row;
	size_t kind;         /* of row->of */
	struct tw_buf names; /* of the files of this kind, each with its NUL, in order */
	const char **sorted;
	size_t count, at;     /* the file that is open is sorted[at] */
	struct tw_buf window; /* what has been read and not been taken */
	size_t taken;
	bool ended;      /* the file has given all it has */
	uint32_t offset; /* of the line that comes next, in its file */
	struct tw_filelist list;
};
void tw_scan_lists_init(struct tw_scan_lists *l, const struct tw_sys *sys, int database, const struct tw_filelist_row *row);
void tw_scan_lists_done(struct tw_scan_lists *l);
/* The next entry of any list; ret_more false: there is none. The kind it came by is l->row->of[l->kind]. */
tw_err tw_scan_lists_next(struct tw_scan_lists *l, struct tw_filelist_entry *ret, bool *ret_more);
/* To a place that was l->kind, l->sorted[l->at] and l->offset; what is gone is passed over. Directly behind tw_scan_lists_init. */
tw_err tw_scan_lists_seek(struct tw_scan_lists *l, size_t kind, const char *name, uint32_t offset);
const char *tw_scan_lists_name(const struct tw_scan_lists *l); /* of the file that is open; "" */

/* --- Paths (scan-paths.c) --- */

struct tw_paths {
	char text[TW_SCAN_WORDS_MAX + 1]; /* the paths, without their first slash, each with its NUL */
	const char *of[TW_SCAN_IGNORED_MAX];
	size_t count;
};
tw_err tw_paths_read(struct tw_slice text, size_t max, struct tw_paths *ret);

/* Folders at the top that are links to the one of that name in usr, as on most systems today: "bin/sh" is "usr/bin/sh" there. */
#define TW_MERGED_MAX 6
struct tw_merged {
	bool of[TW_MERGED_MAX];
};
tw_err tw_merged_look(const struct tw_sys *sys, int root, struct tw_merged *ret);
/* The path by which a file is met; ret has TW_FILELIST_PATH_MAX + 5 bytes. */
const char *tw_merged_path(const struct tw_merged *m, const char *path, char *ret);
#define TW_MERGED_SIZE (TW_FILELIST_PATH_MAX + 5)
/* path, as a file is met: it is one of them, or beneath one of them, each as it would be met. */
bool tw_paths_hold(const struct tw_paths *p, const struct tw_merged *m, const char *path);

/* A set of paths by keyed fingerprints of 64 bits: nobody can choose a name that passes for another without the key. */
struct tw_owned {
	const struct tw_sys *sys;
	uint8_t key[16];
	uint64_t *of;
	size_t count, capacity;
};
tw_err tw_owned_init(struct tw_owned *o, const struct tw_sys *sys);
void tw_owned_done(struct tw_owned *o);
tw_err tw_owned_add(struct tw_owned *o, const char *path); /* LIMIT */
void tw_owned_sort(struct tw_owned *o);                    /* then, and not before, it can be asked; doubles are gone */
tw_err tw_owned_has(const struct tw_owned *o, const char *path, bool *ret);
#endif
