/* SPDX-License-Identifier: Apache-2.0 */
/* The journal behind tw_fake_record: for fake*.c only. Out of memory ends the test. */
#ifndef TW_SYS_FAKE_JOURNAL_H
#define TW_SYS_FAKE_JOURNAL_H
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum tw_op_kind { TW_OP_NAME, TW_OP_MOVE, TW_OP_SWAP, TW_OP_WRITE, TW_OP_SIZE, TW_OP_GROW, TW_OP_SYNC, TW_OP_MARK };

#define TW_NOTHING SIZE_MAX /* the object of a name that is taken away */

struct tw_op {
	enum tw_op_kind kind;
	size_t object; /* WRITE, SIZE, GROW, SYNC: of what; a SYNC of TW_NOTHING is one of all. NAME: what the name stands for from now on. MARK: the number */
	size_t dir, to_dir; /* NAME, MOVE; SWAP has dir alone */
	size_t other;       /* SWAP: what name stands for from now on; object is what to_name does */
	size_t victim;      /* NAME, MOVE: what loses its name by it; TW_NOTHING */
	char *name, *to_name;
	char *kind_name;     /* SYNC, MOVE: the call and what it is for, "fdatasync log/N.twlog" */
	size_t spoilt;       /* a planted fault, 0: none. Of a MOVE: how many places its sync stood before it */
	off_t offset, size;  /* WRITE, SIZE, GROW */
	unsigned char *data; /* WRITE */
	size_t covered;      /* the first sync that makes it durable; SIZE_MAX: none */
	size_t covered_too;  /* MOVE between directories: the other one's */
};

struct tw_entry {
	char *name;
	size_t object;
};

/* A file or a directory, as it was when recording began (nothing, if it was made later). */
struct tw_object {
	dev_t dev;
	ino_t ino; /* 0: gone, and the number may come again */
	bool is_dir;
	mode_t mode;
	unsigned char *data;
	size_t size;
	struct tw_entry *entries;
	size_t entry_count;
};

struct tw_journal {
	char *directory;
	struct tw_object *objects; /* 0 is the directory itself */
	size_t object_count;
	struct tw_op *ops;
	size_t op_count, op_capacity;
};

struct tw_journal *tw_journal_new(const char *directory);
struct tw_journal *tw_journal_free(struct tw_journal *j);
void *tw_journal_grow(void *p, size_t count, size_t size); /* realloc, or the end of the test */
/* Each is called after the call itself has worked. Things outside the directory are passed over. */
struct tw_before_open {
	size_t dir;
	const char *name;
	bool known, existed;
};
struct tw_before_open tw_journal_before_open(const struct tw_journal *j, int dir, const char *path);
void tw_journal_open(struct tw_journal *j, const struct tw_before_open *before, int fd, int flags);
void tw_journal_write(struct tw_journal *j, int fd, const void *data, size_t size, off_t offset); /* offset -1: up to the position */
void tw_journal_size(struct tw_journal *j, int fd, off_t size);
void tw_journal_grow_file(struct tw_journal *j, int fd, off_t end);
void tw_journal_sync(struct tw_journal *j, int fd, const char *call);
void tw_journal_sync_all(struct tw_journal *j);           /* syncfs: what is recorded lies on one file system */
void tw_journal_cover(struct tw_journal *j, size_t sync); /* marks what the sync at this place makes durable */
size_t tw_journal_victim(const struct tw_journal *j, int dir, const char *name); /* before the call: what the name stands for */
void tw_journal_rename(struct tw_journal *j, int from_dir, const char *from, int to_dir, const char *to, size_t victim);
void tw_journal_exchange(struct tw_journal *j, int dir, const char *a, const char *b);
void tw_journal_unlink(struct tw_journal *j, int dir, const char *name, size_t victim);
void tw_journal_mkdir(struct tw_journal *j, int dir, const char *name);
void tw_journal_mark(struct tw_journal *j, uint64_t acknowledged);
struct tw_fake;
const struct tw_journal *tw_fake_journal(const struct tw_fake *f);
#endif
