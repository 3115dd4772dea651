/* SPDX-License-Identifier: Apache-2.0 */
#include "service/scan/scan-inside.h"

#include "base/cursor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define READ_AT_ONCE (64 * 1024)

const char *const tw_scan_kinds[] = { "", "changed", "missing", "unknown-executable" };
const char *const tw_scan_hows[TW_SCAN_HOWS] = { "name", "md5", "sha1", "sha256", "elf", "script", "closed" };
const char *const tw_scan_count_names[TW_SCAN_COUNTS] = { "owned", "checked", "executables", "changed", "missing", "unknown",
	"unread", "skipped", "broken" };

enum phase { COLLECT, CHECK, CHECK_LAST = CHECK + 2, WALK = 16, FINISHED };
struct place {
	uint8_t phase;
	uint32_t number;                     /* CHECK: offset in the list; WALK: which folder */
	char name[TW_FILELIST_PATH_MAX + 1]; /* CHECK: the list; WALK: the entry in that folder */
};
struct tw_scan {
	const struct tw_sys *sys;
	int root, database;
	const struct tw_filelist_row *row;
	tw_err (*found)(void *user, const struct tw_scan_finding *f);
	void *user;
	struct tw_paths folders, ignored;
	struct tw_merged merged;
	struct tw_owned owned;
	struct place place; /* of what is finished */
	uint8_t phase;
	struct tw_scan_lists lists;
	struct tw_scan_counts counts;
	uint64_t total;
	/* The file that is being compared; fd -1: none. */
	int fd;
	struct tw_filelist_entry entry;
	tw_checksum *sum;
	char *bytes;
	/* The folder that is walked; NULL: none. */
	tw_walk *walk;
	int folder;
	unsigned unnamed; /* skipped since the last place, which a later process will meet again */
	char met[TW_MERGED_SIZE], words[120];
};

/* --- Begin and end --- */

static bool valid_place(const struct place *p)
{
	bool phase = p->phase == COLLECT || (p->phase >= CHECK && p->phase <= CHECK_LAST) || p->phase == WALK;

	return phase && (!p->name[0] || tw_filelist_path_valid(tw_slice_of(p->name))) &&
		(p->phase != WALK || p->number <= TW_SCAN_FOLDERS_MAX);
}

static tw_err read_place(struct tw_slice text, struct place *ret)
{
	struct tw_cursor c = tw_cursor_of(text.at, text.size);
	struct tw_slice name;

	if (text.size == 0)
		return TW_OK;
	TW_TRY(tw_cursor_u8(&c, &ret->phase));
	TW_TRY(tw_cursor_u32(&c, &ret->number));
	TW_TRY(tw_cursor_slice(&c, tw_cursor_left(&c), &name));
	if (name.size >= sizeof ret->name || memchr(name.at, '\0', name.size))
		return TW_RAISE(SYNTAX, "the place of a check is not of its form");
	memcpy(ret->name, name.at, name.size);
	return valid_place(ret) ? TW_OK : TW_RAISE(SYNTAX, "the place of a check is not of its form");
}

tw_err tw_scan_place(const tw_scan *s, struct tw_buf *ret)
{
	TW_TRY(tw_buf_u8(ret, s->place.phase));
	TW_TRY(tw_buf_u32(ret, s->place.number));
	return tw_buf_text(ret, s->place.name);
}

tw_err tw_scan_new(const struct tw_sys *sys, int root, int database, const struct tw_scan_order *order,
	tw_err (*found)(void *user, const struct tw_scan_finding *f), tw_scan **ret)
{
	TW_CLEANUP(tw_scan_freep) tw_scan *s = TW_NEW(sys, tw_scan);

	if (!s)
		return TW_RAISE(NOMEM, "a check of files");
	s->sys = sys;
	s->root = root;
	s->database = database;
	s->found = found;
	s->fd = s->folder = -1;
	s->row = tw_filelist_of(order->system);
	if (!s->row)
		return TW_RAISE(UNSUPPORTED, "packages of the kind '%s' have no lists of files", order->system->word);
	TW_TRY(read_place(order->place, &s->place));
	TW_TRY(tw_paths_read(order->folders, TW_SCAN_FOLDERS_MAX, &s->folders));
	TW_TRY(tw_paths_read(order->ignored, TW_SCAN_IGNORED_MAX, &s->ignored));
	TW_TRY(tw_owned_init(&s->owned, sys));
	TW_TRY(tw_merged_look(sys, root, &s->merged));
	TW_TRY(tw_checksum_new(sys, &s->sum));
	s->bytes = sys->alloc(sys, READ_AT_ONCE);
	if (!s->bytes)
		return TW_RAISE(NOMEM, "a piece of a file");
	tw_scan_lists_init(&s->lists, sys, database, s->row);
	*ret = TW_STEAL(s);
	return TW_OK;
}

void tw_scan_user(tw_scan *s, void *user)
{
	s->user = user;
}

static void close_it(const tw_scan *s, int *fd)
{
	if (*fd >= 0)
		(void)s->sys->close(s->sys, *fd);
	*fd = -1;
}

tw_scan *tw_scan_free(tw_scan *s)
{
	if (s) {
		close_it(s, &s->fd);
		(void)tw_walk_free(s->walk);
		close_it(s, &s->folder);
		tw_scan_lists_done(&s->lists);
		tw_owned_done(&s->owned);
		(void)tw_checksum_free(s->sum);
		free(s->bytes);
	}
	free(s);
	return NULL;
}

struct tw_scan_counts tw_scan_counts(const tw_scan *s)
{
	return s->counts;
}

uint64_t tw_scan_total(const tw_scan *s)
{
	return s->phase == COLLECT ? 0 : s->total;
}

const char *tw_scan_words(const tw_scan *s)
{
	return s->words;
}

static tw_err tell(tw_scan *s, enum tw_scan_kind kind, enum tw_scan_how how, const char *path)
{
	const struct tw_scan_finding f = { kind, how, path };

	s->counts.changed += kind == TW_SCAN_CHANGED;
	s->counts.missing += kind == TW_SCAN_MISSING;
	s->counts.unknown += kind == TW_SCAN_UNKNOWN;
	return s->found(s->user, &f);
}

/* --- Lists --- */

static bool compared(const tw_scan *s, const struct tw_filelist_entry *e)
{
	return e->how != TW_CHECKSUM_NONE || s->row->of[s->lists.kind].present;
}

static tw_err begin_check(tw_scan *s)
{
	tw_owned_sort(&s->owned);
	s->counts.owned = s->owned.count;
	tw_scan_lists_done(&s->lists);
	tw_scan_lists_init(&s->lists, s->sys, s->database, s->row);
	s->phase = s->place.phase == WALK ? WALK : CHECK;
	if (s->place.phase >= CHECK && s->place.phase <= CHECK_LAST)
		return tw_scan_lists_seek(&s->lists, (size_t)s->place.phase - CHECK, s->place.name, s->place.number);
	return TW_OK;
}

static tw_err collect(tw_scan *s)
{
	struct tw_filelist_entry e;
	bool more = false;

	TW_TRY(tw_scan_lists_next(&s->lists, &e, &more));
	if (!more)
		return begin_check(s);
	(void)snprintf(s->words, sizeof s->words, "reading %.80s", tw_scan_lists_name(&s->lists));
	s->total += compared(s, &e);
	return tw_owned_add(&s->owned, tw_merged_path(&s->merged, e.path, s->met));
}

/* --- Files that a list names --- */

/* The entry is done with: from here a later process would go on. */
static void keep_place(tw_scan *s)
{
	s->place.phase = (uint8_t)(CHECK + s->lists.kind);
	s->place.number = s->lists.offset;
	(void)snprintf(s->place.name, sizeof s->place.name, "%s", tw_scan_lists_name(&s->lists));
}

/*
 * What opening or reading a file of a package said: gone, behind a link, or that it cannot be read, by its mode, by a lease of whoever
 * owns it, by a broken disk. One file never keeps all others from being checked; only a failure of ours does.
 */
static tw_err judge_errno(tw_scan *s, const char *path, int number)
{
	if (number == ENOENT || number == ENOTDIR)
		return tell(s, TW_SCAN_MISSING, TW_SCAN_BY_NAME, path);
	if (number == ELOOP)
		return tell(s, TW_SCAN_CHANGED, TW_SCAN_BY_NAME, path);
	errno = number;
	if (tw_walk_ours(number))
		return TW_RAISE_ERRNO("comparing /%.100s", path);
	s->counts.unread++;
	s->counts.broken += tw_walk_broken(number);
	return TW_OK;
}

static tw_err begin_file(tw_scan *s, const char *path)
{
	struct stat st;
	int fd = s->sys->open_beneath(s->sys, s->root, path, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0), number = 0;

	if (fd < 0 || s->sys->fstat(s->sys, fd, &st) < 0)
		number = errno;
	close_it(s, &fd);
	if (number)
		return judge_errno(s, path, number);
	if (s->entry.how == TW_CHECKSUM_NONE)
		return TW_OK;
	/* apk's list has digests of links too: of where they lead, which a role cannot read. */
	if (S_ISLNK(st.st_mode) && s->row->of[s->lists.kind].form == TW_FILELIST_APK)
		return TW_OK;
	if (!S_ISREG(st.st_mode))
		return tell(s, TW_SCAN_CHANGED, TW_SCAN_BY_NAME, path);
	s->fd = s->sys->open_beneath(s->sys, s->root, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
	return s->fd < 0 ? judge_errno(s, path, errno) : tw_checksum_begin(s->sum, s->entry.how);
}

static tw_err end_file(tw_scan *s)
{
	uint8_t digest[TW_CHECKSUM_MAX];

	close_it(s, &s->fd);
	TW_TRY(tw_checksum_end(s->sum, digest));
	if (memcmp(digest, s->entry.digest, tw_checksum_sizes[s->entry.how]) == 0)
		return TW_OK;
	return tell(s, TW_SCAN_CHANGED, (enum tw_scan_how)s->entry.how, tw_merged_path(&s->merged, s->entry.path, s->met));
}

static tw_err compare_some(tw_scan *s)
{
	ssize_t n = s->sys->read(s->sys, s->fd, s->bytes, READ_AT_ONCE);

	if (n > 0)
		return tw_checksum_add(s->sum, s->bytes, (size_t)n);
	if (n < 0 && errno == EINTR)
		return TW_OK;
	if (n < 0) {
		int number = errno;

		close_it(s, &s->fd);
		TW_TRY(judge_errno(s, tw_merged_path(&s->merged, s->entry.path, s->met), number));
	} else {
		TW_TRY(end_file(s));
	}
	keep_place(s);
	return TW_OK;
}

static tw_err check(tw_scan *s)
{
	bool more = false;

	if (s->fd >= 0)
		return compare_some(s);
	TW_TRY(tw_scan_lists_next(&s->lists, &s->entry, &more));
	if (!more) {
		s->phase = WALK;
		s->place = (struct place){ .phase = WALK };
		return TW_OK;
	}
	const char *path = tw_merged_path(&s->merged, s->entry.path, s->met);
	if (compared(s, &s->entry) && !tw_paths_hold(&s->ignored, &s->merged, path)) {
		s->counts.checked++;
		(void)snprintf(s->words, sizeof s->words, "comparing the files of %.60s", tw_scan_lists_name(&s->lists));
		TW_TRY(begin_file(s, path));
	}
	if (s->fd < 0)
		keep_place(s);
	return TW_OK;
}

/* --- Executables that no list names --- */

/* Whether another of the folders holds this one, or is the same one earlier. */
static bool covered(const tw_scan *s, size_t i, const char *path)
{
	for (size_t k = 0; k < s->folders.count; k++) {
		char met[TW_MERGED_SIZE];
		const char *other = tw_merged_path(&s->merged, s->folders.of[k], met);
		size_t size = strlen(other);

		if (k != i && strncmp(path, other, size) == 0 && (path[size] == '/' || (path[size] == '\0' && k < i)))
			return true;
	}
	return false;
}

static tw_err begin_folder(tw_scan *s)
{
	const char *path = tw_merged_path(&s->merged, s->folders.of[s->place.number], s->met);

	if (covered(s, s->place.number, path)) {
		s->place = (struct place){ .phase = WALK, .number = s->place.number + 1 };
		return TW_OK;
	}
	s->folder = s->sys->open_beneath(s->sys, s->root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (s->folder < 0 && tw_walk_ours(errno))
		return TW_RAISE_ERRNO("opening /%.100s", path);
	int number = s->folder < 0 ? errno : 0;
	if (number) {
		s->counts.skipped += number != ENOENT;
		s->counts.broken += tw_walk_broken(number);
	} else {
		tw_err e = tw_walk_new(s->sys, s->folder, s->place.name, &s->walk);

		if (!tw_is(e, TW_CODE_DENIED) && !tw_is(e, TW_CODE_IO))
			return e;
		close_it(s, &s->folder);
		s->counts.skipped++;
		s->counts.broken += tw_is(e, TW_CODE_IO);
	}
	s->place = (struct place){ .phase = WALK, .number = s->place.number + 1 };
	return TW_OK;
}

/* 0: neither of the two that the kernel starts, or gone. What cannot be read, for whatever reason, may be either. */
static tw_err looks_like(tw_scan *s, const struct tw_walk_entry *e, enum tw_scan_how *ret)
{
	char head[4] = "";
	int fd = s->sys->open_beneath(s->sys, e->dir, e->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);

	ssize_t n = fd < 0 ? -1 : s->sys->read(s->sys, fd, head, sizeof head);
	int number = n < 0 ? errno : 0;

	close_it(s, &fd);
	errno = number;
	if (tw_walk_ours(number))
		return TW_RAISE_ERRNO("looking into %.100s", e->path);
	*ret = !number || number == ENOENT || number == ELOOP ? TW_SCAN_BY_NAME : TW_SCAN_CLOSED;
	s->counts.broken += tw_walk_broken(number);
	if (n == 4 && memcmp(head, "\177ELF", 4) == 0)
		*ret = TW_SCAN_ELF;
	else if (n >= 2 && head[0] == '#' && head[1] == '!')
		*ret = TW_SCAN_SCRIPT;
	return TW_OK;
}

static tw_err judge_executable(tw_scan *s, const struct tw_walk_entry *e, const char *folder)
{
	char path[TW_FILELIST_PATH_MAX + TW_WALK_PATH_MAX + 2];
	enum tw_scan_how how = TW_SCAN_BY_NAME;
	bool owned = false;

	(void)snprintf(path, sizeof path, "%s/%s", folder, e->path);
	s->counts.executables++;
	TW_TRY(tw_owned_has(&s->owned, path, &owned));
	if (owned || tw_paths_hold(&s->ignored, &s->merged, path))
		return TW_OK;
	TW_TRY(looks_like(s, e, &how));
	return how == TW_SCAN_BY_NAME ? TW_OK : tell(s, TW_SCAN_UNKNOWN, how, path);
}

static tw_err walk(tw_scan *s, bool *ret_finished)
{
	struct tw_walk_entry e;

	if (s->place.number >= s->folders.count) {
		*ret_finished = true;
		s->phase = FINISHED;
		return TW_OK;
	}
	if (!s->walk)
		return begin_folder(s);
	TW_TRY(tw_walk_next(s->walk, &e));
	if (e.kind == TW_WALK_LONG) {
		s->unnamed++;
		return TW_OK;
	}
	s->counts.skipped += s->unnamed;
	s->unnamed = 0;
	if (e.kind == TW_WALK_END) {
		s->walk = tw_walk_free(s->walk);
		close_it(s, &s->folder);
		s->place = (struct place){ .phase = WALK, .number = s->place.number + 1 };
		return TW_OK;
	}
	const char *folder = tw_merged_path(&s->merged, s->folders.of[s->place.number], s->met);
	s->counts.skipped += e.kind == TW_WALK_SKIPPED;
	s->counts.broken += e.kind == TW_WALK_SKIPPED && e.broken;
	if (e.kind == TW_WALK_FOLDER)
		(void)snprintf(s->words, sizeof s->words, "looking through /%.30s/%.50s", folder, e.path);
	if (e.kind == TW_WALK_FILE && e.st.st_mode & 0111)
		TW_TRY(judge_executable(s, &e, folder));
	(void)snprintf(s->place.name, sizeof s->place.name, "%s", e.path);
	return TW_OK;
}

/* @nist DI.ABI.3: what is installed is held against what is there */
tw_err tw_scan_step(tw_scan *s, bool *ret_finished)
{
	*ret_finished = s->phase == FINISHED;
	if (s->phase == COLLECT)
		return collect(s);
	if (s->phase == WALK)
		return walk(s, ret_finished);
	return *ret_finished ? TW_OK : check(s);
}
