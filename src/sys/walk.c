/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

struct level {
	int fd;
	struct tw_buf names; /* each with its NUL */
	const char **sorted;
	size_t count, at;
	size_t path_size; /* of the path of this folder, with its slash */
};
struct tw_walk {
	const struct tw_sys *sys;
	struct level *of;
	size_t depth;
	dev_t device;
	char path[TW_WALK_PATH_MAX + 2], after[TW_WALK_PATH_MAX + 1];
	const char *to_find; /* what is left of after; NULL: everything from here on is new */
	int kept_out_by;     /* of the last folder that could not be entered, an errno; 0: a bound of ours */
	struct tw_walk_entry entry;
};

static void leave(struct tw_walk *w)
{
	struct level *l = &w->of[--w->depth];

	(void)w->sys->close(w->sys, l->fd);
	tw_buf_done(&l->names);
	free(l->sorted);
	*l = (struct level){ .fd = -1 };
}

tw_walk *tw_walk_free(tw_walk *w)
{
	while (w && w->depth)
		leave(w);
	if (w)
		free(w->of);
	free(w);
	return NULL;
}

struct names {
	struct tw_buf *to;
	size_t count;
	tw_err failed;
};

static bool add_name(void *user, const char *name)
{
	struct names *n = user;

	n->failed = tw_buf_add(n->to, name, strlen(name) + 1);
	n->count++;
	return !tw_failed(n->failed);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static tw_err sort(struct tw_walk *w, struct level *l, size_t count)
{
	const char *at = l->names.data;

	if (!count)
		return TW_OK;
	l->sorted = tw_alloc_array(w->sys, count, sizeof *l->sorted);
	if (!l->sorted)
		return TW_RAISE(NOMEM, "the names of a folder");
	for (l->count = 0; l->count < count; at += strlen(at) + 1)
		l->sorted[l->count++] = at;
	qsort(l->sorted, l->count, sizeof *l->sorted, compare);
	return TW_OK;
}

bool tw_walk_ours(int number)
{
	return number == ENOMEM || number == EMFILE || number == ENFILE;
}

bool tw_walk_closed(int number)
{
	return number == EACCES || number == EPERM || number == EAGAIN;
}

/* Takes fd. ret_entered false: it cannot be listed, or has more names than are held; fd is closed then, and when it fails. */
static tw_err enter(struct tw_walk *w, int fd, size_t path_size, bool *ret_entered)
{
	struct level *l = &w->of[w->depth++];
	struct names n = { .to = &l->names };

	*ret_entered = true;
	w->kept_out_by = 0;
	*l = (struct level){ .fd = fd, .path_size = path_size };
	tw_buf_init(&l->names, w->sys, TW_WALK_NAMES_MAX);
	if (w->sys->list(w->sys, fd, add_name, &n) < 0) {
		w->kept_out_by = errno;
		*ret_entered = tw_walk_ours(errno);
		n.failed = TW_RAISE_ERRNO("listing a folder");
	} else if (tw_is(n.failed, TW_CODE_LIMIT)) {
		*ret_entered = false;
	}
	if (!tw_failed(n.failed))
		n.failed = sort(w, l, n.count);
	if (tw_failed(n.failed))
		leave(w);
	return *ret_entered ? n.failed : TW_OK;
}

static tw_err not_begun(int number)
{
	errno = number;
	return number && !tw_walk_closed(number) ? TW_RAISE_ERRNO("opening a folder")
						 : TW_RAISE(DENIED, "the folder may not be looked into");
}

tw_err tw_walk_new(const struct tw_sys *sys, int dir, const char *after, tw_walk **ret)
{
	TW_CLEANUP(tw_walk_freep) tw_walk *w = TW_NEW(sys, tw_walk);
	struct stat st;
	bool entered = false;

	if (w)
		w->of = tw_alloc_array(sys, TW_WALK_DEPTH_MAX, sizeof *w->of);
	if (!w || !w->of)
		return TW_RAISE(NOMEM, "a walk through folders");
	w->sys = sys;
	if (snprintf(w->after, sizeof w->after, "%s", after) >= (int)sizeof w->after)
		return TW_RAISE(LIMIT, "a path to go on behind of more than %d bytes", TW_WALK_PATH_MAX);
	w->to_find = w->after[0] ? w->after : NULL;
	if (sys->fstat(sys, dir, &st) < 0)
		return not_begun(errno);
	w->device = st.st_dev;
	int fd = sys->open_beneath(sys, dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0)
		return not_begun(errno);
	TW_TRY(enter(w, fd, 0, &entered));
	if (!entered)
		return not_begun(w->kept_out_by);
	*ret = TW_STEAL(w);
	return TW_OK;
}

/* --- Behind a place --- */

enum found { NEW, BEFORE, THIS, WITHIN };

/* Where a name of the present level stands to the place that is looked for; when it is found, nothing is looked for any more. */
static enum found stand(struct tw_walk *w, const char *name)
{
	if (!w->to_find)
		return NEW;
	size_t size = strcspn(w->to_find, "/");
	int order = strncmp(name, w->to_find, size);
	if (order == 0 && name[size])
		order = 1;
	if (order < 0)
		return BEFORE;
	if (order > 0 || !w->to_find[size]) {
		w->to_find = NULL;
		return order > 0 ? NEW : THIS;
	}
	w->to_find += size + 1;
	return WITHIN;
}

/* --- Entries --- */

static bool gone(int number)
{
	return number == ENOENT || number == ENOTDIR;
}

bool tw_walk_broken(int number)
{
	return number && !tw_walk_closed(number) && !gone(number) && number != ELOOP;
}

static tw_err descend(struct tw_walk *w, size_t path_size)
{
	struct tw_walk_entry *e = &w->entry;
	bool entered = false;

	e->kind = TW_WALK_SKIPPED;
	if (w->depth == TW_WALK_DEPTH_MAX || path_size > TW_WALK_PATH_MAX || e->st.st_dev != w->device)
		return TW_OK;
	int fd = w->sys->open_beneath(w->sys, e->dir, e->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	int number = fd < 0 ? errno : 0;
	if (fd < 0 && tw_walk_ours(number))
		return TW_RAISE_ERRNO("opening a folder");
	if (!number)
		TW_TRY(enter(w, fd, path_size, &entered));
	if (entered)
		e->kind = TW_WALK_FOLDER;
	else
		e->broken = tw_walk_broken(number ? number : w->kept_out_by);
	return TW_OK;
}

enum seen { GONE, SEEN, CLOSED };

/* GONE: since its name was read. CLOSED: it is there and says nothing of itself, as a mount whose server is dead. */
static tw_err look(struct tw_walk *w, enum seen *ret)
{
	struct tw_walk_entry *e = &w->entry;
	int fd = w->sys->open_beneath(w->sys, e->dir, e->name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0), number = 0;

	if (fd < 0 || w->sys->fstat(w->sys, fd, &e->st) < 0)
		number = errno;
	if (fd >= 0)
		(void)w->sys->close(w->sys, fd);
	*ret = !number ? SEEN : gone(number) ? GONE : CLOSED;
	e->broken = tw_walk_broken(number);
	errno = number;
	return tw_walk_ours(number) ? TW_RAISE_ERRNO("looking at a file") : TW_OK;
}

/* What is not entered holds no place to go on behind. One that was told before, and is this very place, is not told again. */
static void not_entered(struct tw_walk *w, enum found place, bool *ret_given)
{
	w->to_find = NULL;
	*ret_given = place != THIS;
}

static tw_err take(struct tw_walk *w, struct level *l, const char *name, bool *ret_given)
{
	struct tw_walk_entry *e = &w->entry;
	enum found place = stand(w, name);
	size_t size = strlen(name);
	enum seen seen = GONE;

	if (place == BEFORE)
		return TW_OK;
	*e = (struct tw_walk_entry){ .path = w->path, .dir = l->fd, .name = name, .kind = TW_WALK_SKIPPED };
	if (l->path_size + size > TW_WALK_PATH_MAX) {
		w->path[l->path_size ? l->path_size - 1 : 0] = '\0';
		e->kind = TW_WALK_LONG;
		*ret_given = true;
		return TW_OK;
	}
	memcpy(w->path + l->path_size, name, size + 1);
	TW_TRY(look(w, &seen));
	*ret_given = place == NEW && seen == SEEN;
	if (seen == GONE)
		w->to_find = NULL;
	else if (seen == CLOSED)
		not_entered(w, place, ret_given);
	else if (!S_ISDIR(e->st.st_mode)) {
		e->kind = S_ISREG(e->st.st_mode) ? TW_WALK_FILE : TW_WALK_OTHER;
		w->to_find = NULL;
	} else {
		TW_TRY(descend(w, l->path_size + size + 1));
		if (e->kind == TW_WALK_FOLDER)
			w->path[l->path_size + size] = '\0';
		else
			not_entered(w, place, ret_given);
	}
	return TW_OK;
}

tw_err tw_walk_next(tw_walk *w, struct tw_walk_entry *ret)
{
	bool given = false;

	while (w->depth && !given) {
		struct level *l = &w->of[w->depth - 1];

		if (l->at == l->count) {
			w->to_find = NULL;
			leave(w);
			continue;
		}
		if (l->path_size)
			w->path[l->path_size - 1] = '/';
		TW_TRY(take(w, l, l->sorted[l->at++], &given));
	}
	if (!given)
		w->entry = (struct tw_walk_entry){ .kind = TW_WALK_END, .path = "" };
	*ret = w->entry;
	return TW_OK;
}
