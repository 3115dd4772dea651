/* SPDX-License-Identifier: Apache-2.0 */
#include "service/scan/scan-inside.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define NAMES_MAX (1024 * 1024) /* of one folder of lists */

void tw_scan_lists_init(struct tw_scan_lists *l, const struct tw_sys *sys, int database, const struct tw_filelist_row *row)
{
	*l = (struct tw_scan_lists){ .sys = sys, .database = database, .folder = -1, .fd = -1, .row = row };
	tw_buf_init(&l->names, sys, NAMES_MAX);
	tw_buf_init(&l->window, sys, TW_LISTS_READ + TW_FILELIST_LINE_MAX + 1);
}

static void close_file(struct tw_scan_lists *l)
{
	if (l->fd >= 0)
		(void)l->sys->close(l->sys, l->fd);
	l->fd = -1;
	l->taken = 0;
	l->ended = false;
	l->offset = 0;
	tw_buf_clear(&l->window);
	l->list = (struct tw_filelist){ .line = 0 };
}

static void forget_names(struct tw_scan_lists *l)
{
	if (l->folder >= 0)
		(void)l->sys->close(l->sys, l->folder);
	l->folder = -1;
	free(l->sorted);
	l->sorted = NULL;
	l->count = l->at = 0;
	tw_buf_clear(&l->names);
}

void tw_scan_lists_done(struct tw_scan_lists *l)
{
	if (!l->sys)
		return;
	close_file(l);
	forget_names(l);
	tw_buf_done(&l->names);
	tw_buf_done(&l->window);
}

const char *tw_scan_lists_name(const struct tw_scan_lists *l)
{
	return l->at < l->count ? l->sorted[l->at] : "";
}

/* --- Which files there are --- */

struct gathering {
	struct tw_scan_lists *l;
	const char *suffix;
	tw_err failed;
};

static bool gather(void *user, const char *name)
{
	struct gathering *g = user;
	size_t size = strlen(name), end = strlen(g->suffix);

	if (size < end || strcmp(name + size - end, g->suffix) != 0)
		return true;
	g->failed = tw_buf_add(&g->l->names, name, size + 1);
	g->l->count++;
	return !tw_failed(g->failed);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static tw_err sort(struct tw_scan_lists *l)
{
	const char *at = l->names.data;

	if (!l->count)
		return TW_OK;
	l->sorted = tw_alloc_array(l->sys, l->count, sizeof *l->sorted);
	if (!l->sorted)
		return TW_RAISE(NOMEM, "the names of lists");
	for (size_t i = 0; i < l->count; i++, at += strlen(at) + 1)
		l->sorted[i] = at;
	qsort(l->sorted, l->count, sizeof *l->sorted, compare);
	return TW_OK;
}

static tw_err gather_kind(struct tw_scan_lists *l, const struct tw_filelist_kind *kind)
{
	const char *folder = l->row->folder ? l->row->folder : ".";
	struct gathering g = { .l = l, .suffix = kind->suffix };

	l->folder = l->sys->open_beneath(l->sys, l->database, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (l->folder < 0)
		return TW_RAISE_ERRNO("the package database's folder '%s'", folder);
	if (kind->file) {
		l->count = 1;
		TW_TRY(tw_buf_add(&l->names, kind->file, strlen(kind->file) + 1));
	} else if (l->sys->list(l->sys, l->folder, gather, &g) < 0) {
		return TW_RAISE_ERRNO("listing the package database's folder '%s'", folder);
	}
	TW_TRY(g.failed);
	return sort(l);
}

static bool kind_is(const struct tw_scan_lists *l)
{
	return l->kind < TW_COUNT(l->row->of) && (l->row->of[l->kind].file || l->row->of[l->kind].suffix);
}

/* --- Lines --- */

static tw_err open_file(struct tw_scan_lists *l)
{
	l->fd = l->sys->open_beneath(l->sys, l->folder, l->sorted[l->at], O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
	if (l->fd < 0)
		return TW_RAISE_ERRNO("opening the list %s", l->sorted[l->at]);
	return TW_OK;
}

/* Makes room at the window's front, and reads behind what is there. */
static tw_err fill(struct tw_scan_lists *l)
{
	size_t left = l->window.size - l->taken;
	off_t from = (off_t)l->offset + (off_t)left;

	memmove(l->window.data, l->window.data + l->taken, left);
	l->window.size = left;
	l->taken = 0;
	ssize_t n = l->sys->pread(l->sys, l->fd, l->window.data + left, TW_LISTS_READ - left, from);
	if (n < 0 && errno != EINTR)
		return TW_RAISE_ERRNO("reading the list %s", l->sorted[l->at]);
	l->window.size += n > 0 ? (size_t)n : 0;
	l->ended = n == 0;
	return TW_OK;
}

/* The next whole line, of at most the window; false: the file is at its end. The last one may lack its line feed. */
static tw_err next_line(struct tw_scan_lists *l, struct tw_slice *ret, bool *ret_is)
{
	*ret_is = false;
	for (;;) {
		size_t left = l->window.size - l->taken;
		const char *at = l->window.data + l->taken, *end = left ? memchr(at, '\n', left) : NULL;
		size_t size = end ? (size_t)(end - at) : left;

		if (size > TW_FILELIST_LINE_MAX)
			return TW_RAISE(LIMIT, "a line of %s has more than %d bytes", l->sorted[l->at], TW_FILELIST_LINE_MAX);
		if (end || (l->ended && left)) {
			*ret = (struct tw_slice){ at, size };
			*ret_is = true;
			size += end ? 1 : 0;
			l->taken += size;
			if (__builtin_add_overflow(l->offset, (uint32_t)size, &l->offset))
				return TW_RAISE(LIMIT, "the list %s is longer than 4 GiB", l->sorted[l->at]);
			return TW_OK;
		}
		if (l->ended)
			return TW_OK;
		TW_TRY(fill(l));
	}
}

/* The list's name in front of what the line says. */
static tw_err parse(struct tw_scan_lists *l, struct tw_slice line, struct tw_filelist_entry *ret)
{
	tw_err e = tw_filelist_line(&l->list, l->row->of[l->kind].form, line, ret);
	char why[TW_DETAIL_MAX];

	if (!tw_failed(e))
		return e;
	(void)snprintf(why, sizeof why, "%s", tw_err_detail());
	return tw_is(e, TW_CODE_LIMIT) ? TW_RAISE(LIMIT, "the list %.80s: %.120s", l->sorted[l->at], why)
				       : TW_RAISE(SYNTAX, "the list %.80s: %.120s", l->sorted[l->at], why);
}

/* A file is open, at a line. false: no kind is left. */
static tw_err stand(struct tw_scan_lists *l, bool *ret_more)
{
	*ret_more = true;
	TW_TRY(tw_buf_reserve(&l->window, l->window.max - l->window.size));
	while (l->fd < 0) {
		if (l->folder < 0) {
			*ret_more = kind_is(l);
			if (!*ret_more)
				return TW_OK;
			TW_TRY(gather_kind(l, &l->row->of[l->kind]));
		}
		if (l->at < l->count)
			return open_file(l);
		forget_names(l);
		l->kind++;
	}
	return TW_OK;
}

tw_err tw_scan_lists_next(struct tw_scan_lists *l, struct tw_filelist_entry *ret, bool *ret_more)
{
	struct tw_slice line;
	bool is = false;

	ret->is = false;
	while (!ret->is) {
		TW_TRY(stand(l, ret_more));
		if (!*ret_more)
			return TW_OK;
		TW_TRY(next_line(l, &line, &is));
		if (is) {
			TW_TRY(parse(l, line, ret));
			continue;
		}
		close_file(l);
		l->at++;
	}
	return TW_OK;
}

/* Read again and not jumped to: what a line says may rest on lines before it. */
static tw_err pass_over(struct tw_scan_lists *l, uint32_t offset)
{
	struct tw_filelist_entry entry;
	struct tw_slice line;
	bool is = true;

	TW_TRY(tw_buf_reserve(&l->window, l->window.max - l->window.size));
	TW_TRY(open_file(l));
	while (is && l->offset < offset) {
		TW_TRY(next_line(l, &line, &is));
		if (is)
			TW_TRY(parse(l, line, &entry));
	}
	return TW_OK;
}

tw_err tw_scan_lists_seek(struct tw_scan_lists *l, size_t kind, const char *name, uint32_t offset)
{
	l->kind = kind;
	if (!kind_is(l))
		return TW_OK;
	TW_TRY(gather_kind(l, &l->row->of[kind]));
	while (l->at < l->count && strcmp(l->sorted[l->at], name) < 0)
		l->at++;
	if (l->at == l->count || strcmp(l->sorted[l->at], name) != 0)
		return TW_OK;
	return pass_over(l, offset);
}
