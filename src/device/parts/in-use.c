/* SPDX-License-Identifier: Apache-2.0 */
#include "device/parts/in-use.h"

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define ABOVE_MAX 32 /* folders from a disk behind hubs up to the root of the tree */
#define MOUNTS_MAX (1 << 20)

/* By number: the same folder goes by many names, and this role may read no links. */
struct place {
	dev_t dev;
	ino_t ino;
};
struct asked {
	const struct tw_in_use *use;
	const char *bus, *device;
	struct place at, root;
	struct tw_buf mounts;
	bool has_mounts;
};

static struct tw_tree_names names, holders; /* not on the stack, which would stay as large */

static bool place_of(const struct tw_watch_look *t, const char *path, struct place *ret)
{
	char all[512];
	struct stat st;

	if (snprintf(all, sizeof all, "%s/%s", t->tree, path) >= (int)sizeof all)
		return false;
	TW_CLEANUP(tw_closep) int fd = t->sys->open_path(t->sys, all, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0 || t->sys->fstat(t->sys, fd, &st))
		return false;
	*ret = (struct place){ st.st_dev, st.st_ino };
	return true;
}

static bool is_same(const struct place *a, const struct place *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

/* Above a folder of a class are the devices that it is beneath. */
static bool is_beneath(const struct asked *a, const char *folder, const char *name)
{
	char path[TW_TREE_NAME_MAX + 32 + 3 * ABOVE_MAX];
	size_t size = (size_t)snprintf(path, sizeof path, "class/%s/%s", folder, name);
	struct place at;

	for (int i = 0; i < ABOVE_MAX && place_of(a->use->tree, path, &at) && !is_same(&at, &a->root); i++) {
		if (is_same(&at, &a->at))
			return true;
		size += (size_t)snprintf(path + size, sizeof path - size, "/..");
	}
	return false;
}

/* --- Which are in use --- */

static bool is_up(struct asked *a, const char *name)
{
	char state[TW_WATCH_TEXT], flags[TW_WATCH_TEXT];

	tw_watch_text(a->use->tree, state, "class/net/%s/operstate", name);
	if (strcmp(state, "unknown") != 0)
		return strcmp(state, "up") == 0;
	tw_watch_text(a->use->tree, flags, "class/net/%s/flags", name);
	return flags[0] && strchr("13579bdf", flags[strlen(flags) - 1]); /* IFF_UP: its driver says nothing of a carrier */
}

static void read_mounts(struct asked *a)
{
	const struct tw_sys *sys = a->use->tree->sys;
	char part[4096];
	ssize_t n;

	tw_buf_init(&a->mounts, sys, MOUNTS_MAX);
	while ((n = sys->pread(sys, a->use->mounts, part, sizeof part, (off_t)a->mounts.size)) > 0)
		if (tw_failed(tw_buf_add(&a->mounts, part, (size_t)n)))
			return;
	a->has_mounts = n == 0 && a->mounts.size > 0;
}

/* "36 35 98:0 / /mnt rw - ext4 /dev/sda2 rw": by its number, or, where a file system has one of its own, by its name. */
static bool has_mount(const char *line, const char *number, const char *name)
{
	char word[TW_WATCH_TEXT + 8];
	const char *end = strchr(line, '\n'), *source;
	const size_t size = end ? (size_t)(end - line) : strlen(line);

	(void)snprintf(word, sizeof word, " %s ", number);
	if (memmem(line, size, word, strlen(word)))
		return true;
	(void)snprintf(word, sizeof word, "/%s ", name);
	source = memmem(line, size, " - ", 3);
	return source && memmem(source, size - (size_t)(source - line), word, strlen(word));
}

static bool is_mounted(struct asked *a, const char *name)
{
	char number[TW_WATCH_TEXT];

	tw_watch_text(a->use->tree, number, "class/block/%s/dev", name);
	if (tw_failed(tw_tree_list(a->use->tree, &holders, "class/block/%s/holders", name)) || holders.count)
		return true; /* encrypted, of several disks, or not to be seen */
	if (!a->has_mounts || !number[0])
		return true;
	for (const char *line = tw_buf_cstr(&a->mounts); *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (has_mount(line, number, name))
			return true;
	return false;
}

static bool is_there(struct asked *a, const char *name)
{
	return true;
}

static const struct {
	const char *folder;
	bool (*used)(struct asked *a, const char *name);
	const char *what, *is;
} rows[] = { { "net", is_up, "link", "is up" }, { "block", is_mounted, "disk", "is in use" }, { "tpm", is_there, "TPM", "is there" } };

static tw_err refuse(const struct asked *a, size_t row, const char *name)
{
	return TW_RAISE(STATE,
		"%s %s is not switched off while the change may go back: the %s %s beneath it %s and would not come back as it was",
		a->bus, a->device, rows[row].what, name, rows[row].is);
}

tw_err tw_in_use(const struct tw_in_use *u, const char *bus, const char *device)
{
	struct asked a = { .use = u, .bus = bus, .device = device };
	char path[3 * (TW_TREE_NAME_MAX + 1) + 16];
	tw_err e = TW_OK;

	(void)snprintf(path, sizeof path, "bus/%s/devices/%s", bus, device);
	if (!place_of(u->tree, path, &a.at))
		return TW_OK; /* it has gone */
	if (!place_of(u->tree, ".", &a.root))
		return TW_RAISE(IO, "the kernel's tree is not to be seen");
	read_mounts(&a);
	for (size_t row = 0; row < TW_COUNT(rows) && !tw_failed(e); row++) {
		e = tw_tree_list(u->tree, &names, "class/%s", rows[row].folder);
		for (size_t i = 0; i < names.count && (!tw_failed(e) || tw_is(e, TW_CODE_LIMIT)); i++)
			if (is_beneath(&a, rows[row].folder, names.of[i]) && rows[row].used(&a, names.of[i]))
				e = refuse(&a, row, names.of[i]);
	}
	tw_buf_done(&a.mounts);
	return e;
}
