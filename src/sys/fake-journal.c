/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is who is told by device and inode number, asked anew at each call, so that no bookkeeping of descriptors can go wrong. A
 * number whose last name went is forgotten, since the file system hands it out again.
 */
#include "sys/fake-journal.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static _Noreturn void give_up(const char *what)
{
	perror(what);
	abort();
}

static void must(bool good, const char *what)
{
	if (!good)
		give_up(what);
}

void *tw_journal_grow(void *p, size_t count, size_t size)
{
	void *q = reallocarray(p, count ? count : 1, size);

	must(q != NULL, "the test instance of the seam");
	return q;
}

static char *copy_text(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(tw_journal_grow(NULL, size, 1), text, size);
}

static size_t add_object(struct tw_journal *j, const struct stat *st)
{
	j->objects = tw_journal_grow(j->objects, j->object_count + 1, sizeof *j->objects);
	j->objects[j->object_count] =
		(struct tw_object){ .dev = st->st_dev, .ino = st->st_ino, .is_dir = S_ISDIR(st->st_mode), .mode = st->st_mode & 07777 };
	return j->object_count++;
}

static void read_file(struct tw_object *o, int fd, size_t size)
{
	o->data = tw_journal_grow(NULL, size, 1);
	o->size = size;
	must(pread(fd, o->data, size, 0) == (ssize_t)size, "reading what is there");
}

/* What is there when recording begins. Takes fd. */
static size_t snapshot(struct tw_journal *j, int fd)
{
	struct stat st;
	const struct dirent *e;
	size_t object;
	DIR *d;

	must(fd >= 0 && fstat(fd, &st) == 0, "looking at what is there");
	object = add_object(j, &st);
	if (!S_ISDIR(st.st_mode)) {
		read_file(&j->objects[object], fd, (size_t)st.st_size);
		(void)close(fd);
		return object;
	}
	d = fdopendir(fd);
	if (!d)
		give_up("listing what is there");
	while ((e = readdir(d))) {
		struct tw_entry entry = { 0 };
		struct tw_object *o;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		entry.name = copy_text(e->d_name);
		entry.object = snapshot(j, openat(fd, e->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
		o = &j->objects[object];
		o->entries = tw_journal_grow(o->entries, o->entry_count + 1, sizeof *o->entries);
		o->entries[o->entry_count++] = entry;
	}
	(void)closedir(d);
	return object;
}

struct tw_journal *tw_journal_new(const char *directory)
{
	struct tw_journal *j = tw_journal_grow(NULL, 1, sizeof *j);

	*j = (struct tw_journal){ .directory = realpath(directory, NULL) };
	must(j->directory != NULL, directory);
	(void)snapshot(j, open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	return j;
}

struct tw_journal *tw_journal_free(struct tw_journal *j)
{
	for (size_t i = 0; j && i < j->object_count; i++) {
		for (size_t k = 0; k < j->objects[i].entry_count; k++)
			free(j->objects[i].entries[k].name);
		free(j->objects[i].entries);
		free(j->objects[i].data);
	}
	for (size_t i = 0; j && i < j->op_count; i++) {
		free(j->ops[i].name);
		free(j->ops[i].to_name);
		free(j->ops[i].kind_name);
		free(j->ops[i].data);
	}
	if (j) {
		free(j->directory);
		free(j->objects);
		free(j->ops);
	}
	free(j);
	return NULL;
}

static size_t find(const struct tw_journal *j, const struct stat *st)
{
	for (size_t i = 0; i < j->object_count; i++)
		if (j->objects[i].ino == st->st_ino && j->objects[i].dev == st->st_dev)
			return i;
	return TW_NOTHING;
}

static size_t find_fd(const struct tw_journal *j, int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? find(j, &st) : TW_NOTHING;
}

static struct tw_op *add(struct tw_journal *j, enum tw_op_kind kind, size_t object)
{
	if (j->op_count == j->op_capacity) {
		j->op_capacity = j->op_capacity ? j->op_capacity * 2 : 256;
		j->ops = tw_journal_grow(j->ops, j->op_capacity, sizeof *j->ops);
	}
	j->ops[j->op_count] =
		(struct tw_op){ .kind = kind, .object = object, .victim = TW_NOTHING, .covered = SIZE_MAX, .covered_too = SIZE_MAX };
	return &j->ops[j->op_count++];
}

static void add_name(struct tw_journal *j, size_t dir, const char *name, size_t object)
{
	struct tw_op *op = add(j, TW_OP_NAME, object);

	op->dir = dir;
	op->name = copy_text(name);
}

/* The directory a path's last part stands in. */
static size_t parent_of(const struct tw_journal *j, int dir, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char parent[4096] = ".";
	size_t object;
	int fd;

	*ret_name = slash ? slash + 1 : path;
	if (slash)
		(void)snprintf(parent, sizeof parent, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	fd = openat(dir, parent, O_PATH | O_CLOEXEC);
	object = fd >= 0 ? find_fd(j, fd) : TW_NOTHING;
	if (fd >= 0)
		(void)close(fd);
	return object;
}

struct tw_before_open tw_journal_before_open(const struct tw_journal *j, int dir, const char *path)
{
	struct tw_before_open b = { 0 };
	struct stat st;

	b.dir = parent_of(j, dir, path, &b.name);
	b.known = b.dir != TW_NOTHING;
	b.existed = b.known && fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
	return b;
}

void tw_journal_open(struct tw_journal *j, const struct tw_before_open *before, int fd, int flags)
{
	struct stat st;
	size_t object;

	if (!before->known || !(flags & (O_CREAT | O_TRUNC)) || fstat(fd, &st) != 0)
		return;
	if (!before->existed) {
		object = find(j, &st); /* an old owner of the number that nobody missed */
		if (object != TW_NOTHING)
			j->objects[object].ino = 0;
		add_name(j, before->dir, before->name, add_object(j, &st));
	} else if (flags & O_TRUNC) {
		tw_journal_size(j, fd, 0);
	}
}

void tw_journal_write(struct tw_journal *j, int fd, const void *data, size_t size, off_t offset)
{
	size_t object = find_fd(j, fd);
	struct tw_op *op;

	if (object == TW_NOTHING)
		return;
	op = add(j, TW_OP_WRITE, object);
	op->offset = offset >= 0 ? offset : lseek(fd, 0, SEEK_CUR) - (off_t)size;
	op->size = (off_t)size;
	op->data = memcpy(tw_journal_grow(NULL, size, 1), data, size);
}

void tw_journal_size(struct tw_journal *j, int fd, off_t size)
{
	size_t object = find_fd(j, fd);

	if (object != TW_NOTHING)
		add(j, TW_OP_SIZE, object)->size = size;
}

void tw_journal_grow_file(struct tw_journal *j, int fd, off_t end)
{
	size_t object = find_fd(j, fd);

	if (object != TW_NOTHING)
		add(j, TW_OP_GROW, object)->size = end;
}

static bool covers(const struct tw_op *op, size_t object, bool is_dir)
{
	switch (op->kind) {
	case TW_OP_NAME:
	case TW_OP_SWAP:
		return is_dir && op->dir == object;
	case TW_OP_WRITE:
	case TW_OP_SIZE:
	case TW_OP_GROW:
		return op->object == object;
	case TW_OP_MOVE: /* has two directories, and is asked about each */
	case TW_OP_SYNC:
	case TW_OP_MARK:
		return false;
	}
	return false;
}

/* What has lost its name for good: whether its bytes were ever synced makes no difference to any state. */
static void bury(struct tw_journal *j, size_t object, size_t sync)
{
	for (size_t i = 0; i < sync; i++)
		if (j->ops[i].covered == SIZE_MAX && j->ops[i].object == object && covers(&j->ops[i], object, false))
			j->ops[i].covered = sync;
}

static void cover_all(struct tw_journal *j, size_t sync)
{
	for (size_t i = 0; i < sync; i++) {
		j->ops[i].covered = j->ops[i].covered == SIZE_MAX ? sync : j->ops[i].covered;
		j->ops[i].covered_too = j->ops[i].covered_too == SIZE_MAX ? sync : j->ops[i].covered_too;
	}
}

void tw_journal_cover(struct tw_journal *j, size_t sync)
{
	size_t object = j->ops[sync].object;

	if (object == TW_NOTHING) {
		cover_all(j, sync);
		return;
	}
	for (size_t i = 0; i < sync; i++) {
		struct tw_op *op = &j->ops[i];

		if (op->covered == SIZE_MAX &&
			(covers(op, object, j->objects[object].is_dir) || (op->kind == TW_OP_MOVE && op->dir == object)))
			op->covered = sync;
		if (op->covered_too == SIZE_MAX && op->kind == TW_OP_MOVE && op->to_dir == object)
			op->covered_too = sync;
		if (op->victim != TW_NOTHING && (op->kind == TW_OP_MOVE ? op->covered_too : op->covered) == sync)
			bury(j, op->victim, sync);
	}
}

struct text {
	char at[400];
	size_t size;
};

/* "N" for each long number: files of one purpose have one name. */
static void add_text(struct text *t, const char *more)
{
	while (*more && t->size < sizeof t->at - 1) {
		size_t digits = strspn(more, "0123456789");

		t->at[t->size++] = digits > 2 ? 'N' : *more;
		more += digits > 2 ? digits : 1;
	}
	t->at[t->size] = '\0';
}

/* What a descriptor stands for, beneath the directory. */
static void add_place(struct text *t, const struct tw_journal *j, int fd)
{
	char link[32], path[4096];
	size_t skip = strlen(j->directory);
	ssize_t n;

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	must(n >= (ssize_t)skip, "the name of what is synced");
	path[n] = '\0';
	add_text(t, path + skip + (path[skip] == '/'));
}

void tw_journal_sync(struct tw_journal *j, int fd, const char *call)
{
	size_t object = find_fd(j, fd), at = j->op_count;
	struct text kind = { .size = 0 };

	if (object == TW_NOTHING)
		return;
	add_text(&kind, call);
	add_text(&kind, " ");
	add_place(&kind, j, fd);
	add(j, TW_OP_SYNC, object)->kind_name = copy_text(kind.at);
	tw_journal_cover(j, at);
}

void tw_journal_sync_all(struct tw_journal *j)
{
	size_t at = j->op_count;

	add(j, TW_OP_SYNC, TW_NOTHING)->kind_name = copy_text("syncfs");
	tw_journal_cover(j, at);
}

static size_t find_name(const struct tw_journal *j, int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? find(j, &st) : TW_NOTHING;
}

size_t tw_journal_victim(const struct tw_journal *j, int dir, const char *name)
{
	return find_name(j, dir, name);
}

void tw_journal_rename(struct tw_journal *j, int from_dir, const char *from, int to_dir, const char *to, size_t victim)
{
	size_t object = find_name(j, to_dir, to);
	struct text kind = { .size = 0 };
	struct tw_op *op;

	if (object == TW_NOTHING)
		return;
	op = add(j, TW_OP_MOVE, object);
	op->victim = victim == object ? TW_NOTHING : victim;
	op->dir = find_fd(j, from_dir);
	op->to_dir = find_fd(j, to_dir);
	op->name = copy_text(from);
	op->to_name = copy_text(to);
	add_text(&kind, "rename ");
	add_place(&kind, j, from_dir);
	add_text(&kind, "/");
	add_text(&kind, from);
	op->kind_name = copy_text(kind.at);
	must(op->dir != TW_NOTHING && op->to_dir != TW_NOTHING, "a rename across the border of what is recorded");
}

void tw_journal_exchange(struct tw_journal *j, int dir, const char *a, const char *b)
{
	size_t object = find_name(j, dir, b), other = find_name(j, dir, a);
	struct tw_op *op;

	if (object == TW_NOTHING || other == TW_NOTHING)
		return;
	op = add(j, TW_OP_SWAP, object);
	op->other = other;
	op->dir = find_fd(j, dir);
	op->name = copy_text(a);
	op->to_name = copy_text(b);
	must(op->dir != TW_NOTHING, "an exchange outside of what is recorded");
}

void tw_journal_unlink(struct tw_journal *j, int dir, const char *name, size_t victim)
{
	size_t object = find_fd(j, dir);

	if (object == TW_NOTHING)
		return;
	add_name(j, object, name, TW_NOTHING);
	j->ops[j->op_count - 1].victim = victim;
}

void tw_journal_mkdir(struct tw_journal *j, int dir, const char *name)
{
	size_t parent = find_fd(j, dir);
	struct stat st;

	if (parent != TW_NOTHING && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		add_name(j, parent, name, add_object(j, &st));
}

void tw_journal_mark(struct tw_journal *j, uint64_t acknowledged)
{
	(void)add(j, TW_OP_MARK, (size_t)acknowledged);
}
