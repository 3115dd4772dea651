/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state is made in memory by running through the journal, and then written out: names are assignments ("this name now stands
 * for that object"), so any subset of them makes sense.
 */
#include "sys/fake.h"
#include "sys/fake-journal.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512
#define PAGE 4096

/* An object as it is in the state being made. Names point into the journal. */
struct made {
	unsigned char *data;
	size_t size;
	struct made_entry {
		const char *name;
		size_t object;
	} * entries;
	size_t entry_count;
	bool borrowed; /* data and entries are the base's */
	uint64_t hash; /* 0: not known */
};

struct tw_state {
	const struct tw_journal *j;
	struct made *base; /* what is there whatever is lost: the operations before base_end, all of them covered */
	size_t base_end;
	struct made *objects;
	size_t object_count;
	uint64_t random;
};

/* xorshift64*: the same state for the same point and variant, on every machine. */
static unsigned draw(struct tw_state *s, unsigned below)
{
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return (unsigned)((s->random * UINT64_C(2685821657736338717)) >> 33) % below;
}

/* Before a change: a copy of its own. */
static struct made *own(struct made *o)
{
	o->hash = 0;
	if (!o->borrowed)
		return o;
	o->borrowed = false;
	if (o->data)
		o->data = memcpy(tw_journal_grow(NULL, o->size, 1), o->data, o->size);
	if (o->entries)
		o->entries = memcpy(
			tw_journal_grow(NULL, o->entry_count, sizeof *o->entries), o->entries, o->entry_count * sizeof *o->entries);
	return o;
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

static void apply_write(struct made *file, const struct tw_op *op, size_t from, size_t size)
{
	size_t at = (size_t)op->offset + from;

	if (size && at + size > file->size)
		set_size(file, at + size);
	if (size)
		memcpy(file->data + at, op->data + from, size);
}

static void apply(struct made *objects, const struct tw_op *op)
{
	switch (op->kind) {
	case TW_OP_NAME:
		set_entry(own(&objects[op->dir]), op->name, op->object);
		break;
	case TW_OP_MOVE:
		set_entry(own(&objects[op->dir]), op->name, TW_NOTHING);
		set_entry(own(&objects[op->to_dir]), op->to_name, op->object);
		break;
	case TW_OP_SWAP: /* one change of one directory: both or none */
		set_entry(own(&objects[op->dir]), op->name, op->other);
		set_entry(own(&objects[op->dir]), op->to_name, op->object);
		break;
	case TW_OP_WRITE:
		apply_write(own(&objects[op->object]), op, 0, (size_t)op->size);
		break;
	case TW_OP_SIZE:
		set_size(own(&objects[op->object]), (size_t)op->size);
		break;
	case TW_OP_GROW:
		if ((size_t)op->size > objects[op->object].size)
			set_size(own(&objects[op->object]), (size_t)op->size);
		break;
	case TW_OP_SYNC:
	case TW_OP_MARK:
		break;
	}
}

/* The first bytes of it, up to the end of a sector; or each of its sectors or not. */
static void apply_torn(struct tw_state *s, struct made *file, const struct tw_op *op, bool prefix)
{
	size_t size = (size_t)op->size, keep = draw(s, (unsigned)(size / SECTOR) + 1);

	for (size_t at = 0, n = 0; at < size; n++) {
		size_t end = at + SECTOR - ((size_t)op->offset + at) % SECTOR;

		if (prefix ? n < keep : draw(s, 2))
			apply_write(file, op, at, (end < size ? end : size) - at);
		at = end;
	}
}

/* An operation that nothing had covered: gone, there, torn, or only its length there. */
static void apply_perhaps(struct tw_state *s, const struct tw_op *op)
{
	unsigned fate = draw(s, 7);
	struct made *file;

	if (fate < 2)
		return;
	if (op->kind != TW_OP_WRITE || fate < 4) {
		apply(s->objects, op);
		return;
	}
	file = own(&s->objects[op->object]);
	if (fate < 6)
		apply_torn(s, file, op, fate == 4);
	else if ((size_t)(op->offset + op->size) > file->size)
		set_size(file, (size_t)(op->offset + op->size));
}

static bool covered(const struct tw_op *op, size_t point)
{
	if (op->kind >= TW_OP_SYNC)
		return true;
	if (op->kind == TW_OP_MOVE && op->dir != op->to_dir)
		return op->covered < point && op->covered_too < point;
	return op->covered < point;
}

size_t tw_fake_pending(const tw_fake *f, size_t point)
{
	const struct tw_journal *j = tw_fake_journal(f);
	size_t n = 0;

	for (size_t i = 0; i < point; i++)
		n += !covered(&j->ops[i], point);
	return n;
}

static void free_objects(struct made *objects, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!objects[i].borrowed) {
			free(objects[i].data);
			free(objects[i].entries);
		}
	free(objects);
}

/* Everything as it was when recording began. */
static void begin(struct tw_state *s)
{
	if (s->base)
		free_objects(s->base, s->object_count);
	s->object_count = s->j->object_count;
	s->base = tw_journal_grow(NULL, s->object_count, sizeof *s->base);
	memset(s->base, 0, s->object_count * sizeof *s->base);
	s->base_end = 0;
	for (size_t i = 0; i < s->object_count; i++) {
		const struct tw_object *o = &s->j->objects[i];

		set_size(&s->base[i], o->size);
		if (o->size)
			memcpy(s->base[i].data, o->data, o->size);
		for (size_t k = 0; k < o->entry_count; k++)
			set_entry(&s->base[i], o->entries[k].name, o->entries[k].object);
	}
}

/* Takes into the base what can no longer be lost at this point, up to the first operation that can. */
static void advance(struct tw_state *s, size_t point)
{
	if (!s->base || s->base_end > point)
		begin(s);
	for (; s->base_end < point && covered(&s->j->ops[s->base_end], point); s->base_end++)
		apply(s->base, &s->j->ops[s->base_end]);
}

tw_state *tw_state_new(const tw_fake *f)
{
	tw_state *s = tw_journal_grow(NULL, 1, sizeof *s);

	*s = (tw_state){ .j = tw_fake_journal(f) };
	return s;
}

tw_state *tw_state_free(tw_state *s)
{
	if (s && s->objects)
		free_objects(s->objects, s->object_count);
	if (s && s->base)
		free_objects(s->base, s->object_count);
	free(s);
	return NULL;
}

void tw_state_make(tw_state *s, size_t point, unsigned variant)
{
	unsigned subset = 0, pending = 0, nth = 0;

	assert(point <= s->j->op_count);
	if (s->objects)
		free_objects(s->objects, s->object_count);
	advance(s, point);
	s->random = ((uint64_t)point + 1) * UINT64_C(0x9e3779b97f4a7c15) + variant;
	s->objects = memcpy(tw_journal_grow(NULL, s->object_count, sizeof *s->objects), s->base, s->object_count * sizeof *s->objects);
	for (size_t i = 0; i < s->object_count; i++)
		s->objects[i].borrowed = true;
	for (size_t i = s->base_end; i < point; i++)
		pending += !covered(&s->j->ops[i], point);
	if (variant > 1 && pending <= TW_FAKE_EXACT && variant - 2 < 1U << pending)
		subset = variant - 2;
	else if (variant > 1)
		pending = TW_FAKE_EXACT + 1;
	for (size_t i = s->base_end; i < point; i++) {
		const struct tw_op *op = &s->j->ops[i];

		if (covered(op, point) || variant == 0)
			apply(s->objects, op);
		else if (variant > 1 && pending > TW_FAKE_EXACT)
			apply_perhaps(s, op);
		else if (variant > 1 && subset >> nth++ & 1)
			apply(s->objects, op);
	}
}

static uint64_t mix_word(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

/* Four lanes, since each waits for its own multiplication. */
static uint64_t mix_lanes(uint64_t hash, const unsigned char *at, size_t size)
{
	uint64_t lane[4] = { hash, hash + 1, hash + 2, hash + 3 }, word[4];

	for (; size >= sizeof word; size -= sizeof word, at += sizeof word) {
		memcpy(word, at, sizeof word);
		for (size_t i = 0; i < 4; i++)
			lane[i] = mix_word(lane[i], word[i]);
	}
	for (size_t i = 0; i < 4; i++)
		hash = mix_word(hash, lane[i]);
	for (; size > 0; size--)
		hash = (hash ^ *at++) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 32;
}

/* Most of what is hashed are log segments, and most of those are zeros. */
static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
	static const unsigned char zeros[PAGE];
	const unsigned char *at = data;

	for (; size >= PAGE; size -= PAGE, at += PAGE)
		hash = memcmp(at, zeros, PAGE) == 0 ? mix_word(hash, PAGE) : mix_lanes(hash, at, PAGE);
	return mix_lanes(hash, at, size);
}

static uint64_t hash_of(struct tw_state *s, size_t object)
{
	struct made *o = &s->objects[object];

	if (!o->hash) {
		o->hash = mix(o->size + 1, o->data, o->size) | 1;
		if (o->borrowed)
			s->base[object].hash = o->hash;
	}
	return o->hash;
}

/* Directories one below the other are all there is to a unit's tree, so this goes as deep as the tree. */
static uint64_t hash_tree(struct tw_state *s, size_t dir)
{
	uint64_t sum = 1; /* a sum: the order of names means nothing */

	for (size_t i = 0; i < s->objects[dir].entry_count; i++) {
		const struct made_entry *e = &s->objects[dir].entries[i];
		uint64_t of;

		if (e->object == TW_NOTHING)
			continue;
		of = s->j->objects[e->object].is_dir ? hash_tree(s, e->object) : hash_of(s, e->object);
		sum += mix(mix(7, e->name, strlen(e->name)), &of, sizeof of);
	}
	return mix(11, &sum, sizeof sum);
}

uint64_t tw_state_hash(tw_state *s)
{
	return hash_tree(s, 0);
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

static tw_err write_object(const struct tw_state *s, size_t object, int dir, const char *name);

/* Takes fd. */
static tw_err write_entries(const struct tw_state *s, size_t object, int fd)
{
	tw_err e = fd < 0 ? TW_RAISE_ERRNO("opening a directory") : TW_OK;

	for (size_t i = 0; !tw_failed(e) && i < s->objects[object].entry_count; i++)
		if (s->objects[object].entries[i].object != TW_NOTHING)
			e = write_object(s, s->objects[object].entries[i].object, fd, s->objects[object].entries[i].name);
	if (fd >= 0)
		(void)close(fd);
	return e;
}

/* Zeros at the end are left to the file system. */
static tw_err write_file(const struct tw_state *s, size_t object, int dir, const char *name)
{
	const struct made *file = &s->objects[object];
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, s->j->objects[object].mode);
	size_t size = file->size;
	bool good;

	if (fd < 0)
		return TW_RAISE_ERRNO("making %s", name);
	while (size > 0 && file->data[size - 1] == 0)
		size--;
	good = (size == 0 || write(fd, file->data, size) == (ssize_t)size) && ftruncate(fd, (off_t)file->size) == 0;
	(void)close(fd);
	return good ? TW_OK : TW_RAISE_ERRNO("writing %s", name);
}

static tw_err write_object(const struct tw_state *s, size_t object, int dir, const char *name)
{
	if (!s->j->objects[object].is_dir)
		return write_file(s, object, dir, name);
	if (mkdirat(dir, name, s->j->objects[object].mode) != 0)
		return TW_RAISE_ERRNO("making %s", name);
	return write_entries(s, object, openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

tw_err tw_state_write(const tw_state *s, const char *directory)
{
	int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return TW_RAISE_ERRNO("opening %s", directory);
	TW_TRY(empty(dir));
	return write_entries(s, 0, open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

tw_err tw_fake_rebuild(const tw_fake *f, size_t point, unsigned variant, const char *directory)
{
	tw_state *s = tw_state_new(f);
	tw_err e;

	tw_state_make(s, point, variant);
	e = tw_state_write(s, directory);
	(void)tw_state_free(s);
	return e;
}
