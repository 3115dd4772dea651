/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state is made in memory by running through the journal, and then written out: names are assignments ("this name now stands
 * for that object"), so any subset of them makes sense.
 */
#include "sys/fake.h"
#include "sys/fake-journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEAR 512

/* An object as it is in the state being made. Names point into the journal. */
struct made {
	unsigned char *data;
	size_t size;
	struct made_entry {
		const char *name;
		size_t object;
	} * entries;
	size_t entry_count;
};

struct state {
	const struct tw_journal *j;
	struct made *objects;
	uint64_t random;
};

/* xorshift64*: the same state for the same point and variant, on every machine. */
static unsigned draw(struct state *s, unsigned below)
{
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return (unsigned)((s->random * UINT64_C(2685821657736338717)) >> 33) % below;
}

static void set_entry(struct made *dir, const char *name, size_t object)
{
	for (size_t i = 0; i < dir->entry_count; i++)
		if (strcmp(dir->entries[i].name, name) == 0) {
			dir->entries[i].object = object;
			return;
		}
	dir->entries = tw_journal_grow(dir->entries, dir->entry_count + 1, sizeof *dir->entries);
	dir->entries[dir->entry_count++] = (struct made_entry){ name, object };
}

static void set_size(struct made *file, size_t size)
{
	if (size > file->size) {
		file->data = tw_journal_grow(file->data, size, 1);
		memset(file->data + file->size, 0, size - file->size);
	}
	file->size = size;
}

static void begin(struct state *s)
{
	s->objects = tw_journal_grow(NULL, s->j->object_count, sizeof *s->objects);
	memset(s->objects, 0, s->j->object_count * sizeof *s->objects);
	for (size_t i = 0; i < s->j->object_count; i++) {
		const struct tw_object *o = &s->j->objects[i];

		set_size(&s->objects[i], o->size);
		if (o->size)
			memcpy(s->objects[i].data, o->data, o->size);
		for (size_t k = 0; k < o->entry_count; k++)
			set_entry(&s->objects[i], o->entries[k].name, o->entries[k].object);
	}
}

static void end(struct state *s)
{
	for (size_t i = 0; i < s->j->object_count; i++) {
		free(s->objects[i].data);
		free(s->objects[i].entries);
	}
	free(s->objects);
}

static void apply_write(struct made *file, const struct tw_op *op, size_t size)
{
	size_t from = (size_t)op->offset;

	if (from + size > file->size)
		set_size(file, from + size);
	if (size)
		memcpy(file->data + from, op->data, size);
}

static void apply(struct state *s, const struct tw_op *op)
{
	switch (op->kind) {
	case TW_OP_NAME:
		set_entry(&s->objects[op->dir], op->name, op->object);
		break;
	case TW_OP_MOVE:
		set_entry(&s->objects[op->dir], op->name, TW_NOTHING);
		set_entry(&s->objects[op->to_dir], op->to_name, op->object);
		break;
	case TW_OP_WRITE:
		apply_write(&s->objects[op->object], op, (size_t)op->size);
		break;
	case TW_OP_SIZE:
		set_size(&s->objects[op->object], (size_t)op->size);
		break;
	case TW_OP_GROW:
		if ((size_t)op->size > s->objects[op->object].size)
			set_size(&s->objects[op->object], (size_t)op->size);
		break;
	case TW_OP_SYNC:
	case TW_OP_MARK:
		break;
	}
}

/* An operation that nothing had covered: gone, there, torn, or only its length there. */
static void apply_perhaps(struct state *s, const struct tw_op *op)
{
	unsigned fate = draw(s, 6);
	struct made *file;

	if (fate < 2)
		return;
	if (op->kind != TW_OP_WRITE || fate < 4) {
		apply(s, op);
		return;
	}
	file = &s->objects[op->object];
	if (fate == 4)
		apply_write(file, op, draw(s, (unsigned)(op->size / TEAR) + 1) * TEAR);
	else if ((size_t)(op->offset + op->size) > file->size)
		set_size(file, (size_t)(op->offset + op->size));
}

static bool covered(const struct tw_op *op, size_t point)
{
	if (op->kind == TW_OP_MOVE && op->dir != op->to_dir)
		return op->covered < point && op->covered_too < point;
	return op->covered < point;
}

size_t tw_fake_pending(const tw_fake *f, size_t point)
{
	const struct tw_journal *j = tw_fake_journal(f);
	size_t n = 0;

	for (size_t i = 0; i < point; i++)
		n += j->ops[i].kind < TW_OP_SYNC && !covered(&j->ops[i], point);
	return n;
}

static tw_err empty(int dir);

static tw_err remove_entry(int dir, const char *name)
{
	int child = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (child < 0)
		return unlinkat(dir, name, 0) == 0 ? TW_OK : TW_RAISE_ERRNO("removing %s", name);
	TW_TRY(empty(child));
	return unlinkat(dir, name, AT_REMOVEDIR) == 0 ? TW_OK : TW_RAISE_ERRNO("removing %s", name);
}

/* Takes dir. */
static tw_err empty(int dir)
{
	DIR *d = fdopendir(dir);
	const struct dirent *e;
	tw_err err = TW_OK;

	if (!d)
		return TW_RAISE_ERRNO("listing a directory");
	while (!tw_failed(err) && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			err = remove_entry(dir, e->d_name);
	(void)closedir(d);
	return err;
}

static tw_err write_object(const struct state *s, size_t object, int dir, const char *name);

/* Takes fd. */
static tw_err write_entries(const struct state *s, size_t object, int fd)
{
	tw_err e = fd < 0 ? TW_RAISE_ERRNO("opening a directory") : TW_OK;

	for (size_t i = 0; !tw_failed(e) && i < s->objects[object].entry_count; i++)
		if (s->objects[object].entries[i].object != TW_NOTHING)
			e = write_object(s, s->objects[object].entries[i].object, fd, s->objects[object].entries[i].name);
	if (fd >= 0)
		(void)close(fd);
	return e;
}

static tw_err write_file(const struct state *s, size_t object, int dir, const char *name)
{
	const struct made *file = &s->objects[object];
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, s->j->objects[object].mode);
	bool good;

	if (fd < 0)
		return TW_RAISE_ERRNO("making %s", name);
	good = file->size == 0 || write(fd, file->data, file->size) == (ssize_t)file->size;
	(void)close(fd);
	return good ? TW_OK : TW_RAISE_ERRNO("writing %s", name);
}

static tw_err write_object(const struct state *s, size_t object, int dir, const char *name)
{
	if (!s->j->objects[object].is_dir)
		return write_file(s, object, dir, name);
	if (mkdirat(dir, name, s->j->objects[object].mode) != 0)
		return TW_RAISE_ERRNO("making %s", name);
	return write_entries(s, object, openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

tw_err tw_fake_rebuild(const tw_fake *f, size_t point, unsigned variant, const char *directory)
{
	struct state s = { .j = tw_fake_journal(f), .random = ((uint64_t)point + 1) * UINT64_C(0x9e3779b97f4a7c15) + variant };
	int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tw_err e;

	if (dir < 0)
		return TW_RAISE_ERRNO("opening %s", directory);
	TW_TRY(empty(dir));
	begin(&s);
	for (size_t i = 0; i < point; i++) {
		if (variant == 0 || covered(&s.j->ops[i], point))
			apply(&s, &s.j->ops[i]);
		else if (variant > 1)
			apply_perhaps(&s, &s.j->ops[i]);
	}
	e = write_entries(&s, 0, open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	end(&s);
	return e;
}
