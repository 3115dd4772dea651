/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward-support backup`: what makes this service this service, as a folder that is a DIR again: database and log of one moment, keys, and
 * what the operator wrote. The service runs meanwhile. Nothing has the name that was asked for before all of it is on the disk.
 *
 * Left out: the tree of advisories (made again from the database), the address, the sockets, the locks.
 */
#include "support/setup/setup.h"

#include "base/json.h"
#include "base/text.h"
#include "support/mail/files.h"
#include "support/platform/app.h"
#include "sys/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define STEPS "/api/v1/backups"
#define STEPS_MAX 100000 /* of at least a page each: far more than a store of any size here */
#define NAME_MOST 200
#define DEPTH_MAX 4                       /* folders in DIR/sign */
#define LOCK "backup.lock"                /* of two at once each would take the other's copy of the database away */
#define MARK "thingward-backup-not-whole" /* beside a copy that is being made: it may be removed */
#define COPY "copy"
#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

/* --- What the running service does --- */

static tw_err step(const struct tw_setup *s, bool first, bool *ret_done, uint64_t *ret_before)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	tw_buf_init(&body, s->sys, 4096);
	tw_err e = tw_setup_post(s, STEPS, first ? "{\"begin\":true}" : "{\"begin\":false}", &body);
	if (tw_is(e, TW_CODE_CLOSED))
		return TW_RAISE(CLOSED,
			"the service does not run, so nothing of %s changes: a copy of it with its owners is a backup (cp -a)",
			s->options.dir);
	TW_TRY(e);
	TW_TRY(tw_json_parse(tw_buf_slice(&body), 4096, &j));
	*ret_done = tw_json_bool(j, "done");
	*ret_before = (uint64_t)tw_json_int(j, "before");
	return TW_OK;
}

static tw_err all_steps(const struct tw_setup *s, uint64_t *ret_before)
{
	bool done = false;

	for (long i = 0; !done; i++) {
		if (i == STEPS_MAX)
			return TW_RAISE(LIMIT, "the copy of the database does not come to its end");
		TW_TRY(step(s, i == 0, &done, ret_before));
	}
	return TW_OK;
}

/* --- Copying --- */

struct copying {
	const struct tw_setup *s;
	int from, to;
	uint64_t before;                                              /* of the log: segments that begin before it */
	const char *(*as)(const struct copying *c, const char *name); /* the name it gets; NULL: it is left out */
	tw_err failed;
	bool store;  /* the database was copied */
	int folders; /* so deep folders are copied too */
};

/* *ret 0: neither a file nor a folder, but a socket. What cannot be opened is not passed over: the copy would lack it. */
static tw_err kind_of(const struct copying *c, const char *name, mode_t *ret)
{
	TW_CLEANUP(tw_closep) int fd = c->s->sys->open_beneath(c->s->sys, c->from, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	struct stat st;

	*ret = 0;
	if (fd < 0)
		return errno == ENXIO ? TW_OK : TW_RAISE_ERRNO("opening %s", name);
	if (c->s->sys->fstat(c->s->sys, fd, &st) != 0)
		return TW_RAISE_ERRNO("looking at %s", name);
	*ret = S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ? st.st_mode : 0;
	return TW_OK;
}

static bool ends(const char *name, const char *with)
{
	const size_t size = strlen(name), more = strlen(with);

	return size >= more && strcmp(name + size - more, with) == 0;
}

static const char *as_app(const struct copying *c, const char *name)
{
	if (strcmp(name, TW_APP_BACKUP) == 0)
		return TW_APP_STORE;
	return strncmp(name, "support.", 8) == 0 || ends(name, ".new") ? NULL : name;
}

static const char *as_log(const struct copying *c, const char *name)
{
	uint64_t first = 0;

	if (!ends(name, ".twlog") || tw_failed(tw_parse_u64((struct tw_slice){ name, strlen(name) - 6 }, INT64_MAX, &first)))
		return NULL;
	return first < c->before ? name : NULL;
}

static const char *as_it_is(const struct copying *c, const char *name)
{
	return ends(name, ".new") ? NULL : name;
}

static const char *as_operator(const struct copying *c, const char *name)
{
	static const char *const names[] = { "roles.tab", TW_MAIL_CONFIG_FILE, TW_MAIL_PASSWORD_FILE, TW_MAIL_TRUST_FILE,
		TW_INMAIL_CONFIG_FILE, TW_INMAIL_PASSWORD_FILE };

	for (size_t i = 0; i < TW_COUNT(names); i++)
		if (strcmp(names[i], name) == 0)
			return name;
	return NULL;
}

/* gpg's home, without what gpg writes for a moment alone. */
static const char *as_sign(const struct copying *c, const char *name)
{
	return ends(name, ".lock") || ends(name, ".tmp") || strncmp(name, ".#lk", 4) == 0 ? NULL : name;
}

static tw_err copy_all(struct copying *c);

/* The user is that of the folder around it already. */
static tw_err copy_inner(const struct copying *c, const char *name)
{
	TW_CLEANUP(tw_closep) int from = c->s->sys->open_beneath(c->s->sys, c->from, name, DIRECTORY, 0);
	TW_CLEANUP(tw_closep) int to = -1;
	struct copying inner = { c->s, from, -1, c->before, c->as, .folders = c->folders - 1 };

	if (from < 0)
		return TW_RAISE_ERRNO("opening %s", name);
	if (!c->folders)
		return TW_RAISE(LIMIT, "%s lies too deep in its folder for a backup", name);
	TW_TRY(tw_durable_dir(c->s->sys, c->to, name, 0700, &to));
	inner.to = to;
	return copy_all(&inner);
}

static tw_err copy_named(struct copying *c, const char *name, const char *as)
{
	mode_t mode = 0;

	TW_TRY(kind_of(c, name, &mode));
	if (S_ISDIR(mode) && c->as == as_sign)
		return copy_inner(c, name);
	if (!S_ISREG(mode))
		return TW_OK;
	TW_TRY(tw_durable_copy_to(c->s->sys, c->from, name, c->to, as, 0600));
	c->store = c->store || strcmp(as, TW_APP_STORE) == 0;
	return TW_OK;
}

static bool copy_one(void *user, const char *name)
{
	struct copying *c = user;
	const char *as = strlen(name) < NAME_MOST ? c->as(c, name) : NULL;

	if (as)
		c->failed = copy_named(c, name, as);
	return !tw_failed(c->failed);
}

/* As the user whose the folder is, so that nothing in it is another's. */
static tw_err copy_all(struct copying *c)
{
	const struct tw_sys *sys = c->s->sys;
	const uid_t uid = geteuid();
	const gid_t gid = getegid();
	struct stat st;

	if (sys->fstat(sys, c->from, &st))
		return TW_RAISE_ERRNO("looking at a folder");
	if (uid == 0 && sys->fchown(sys, c->to, st.st_uid, st.st_gid))
		return TW_RAISE_ERRNO("giving a folder to user %u", st.st_uid);
	if (uid == 0 && (setegid(st.st_gid) != 0 || seteuid(st.st_uid) != 0))
		return TW_RAISE_ERRNO("copying as user %u", st.st_uid);
	c->failed = TW_OK;
	if (sys->list(sys, c->from, copy_one, c) != 0 && !tw_failed(c->failed))
		c->failed = TW_RAISE_ERRNO("listing a folder");
	if (!tw_failed(c->failed))
		c->failed = tw_durable_sync_dir(sys, c->to);
	if (uid == 0 && (seteuid(uid) != 0 || setegid(gid) != 0))
		abort(); /* as whom we would go on nobody knows */
	return c->failed;
}

static tw_err copy_folder(struct copying *c, int into, const char *name)
{
	TW_CLEANUP(tw_closep) int to = -1;

	TW_TRY(tw_durable_dir(c->s->sys, into, name, 0700, &to));
	c->to = to;
	return copy_all(c);
}

/* Who signs elsewhere has none. */
static tw_err copy_sign(const struct tw_setup *s, int into)
{
	TW_CLEANUP(tw_closep) int from = s->sys->open_beneath(s->sys, s->places.dir, "sign", DIRECTORY, 0);
	struct copying sign = { s, from, -1, 0, as_sign, .folders = DEPTH_MAX };

	if (from < 0)
		return errno == ENOENT ? TW_OK : TW_RAISE_ERRNO("opening %s/sign", s->options.dir);
	return copy_folder(&sign, into, "sign");
}

/* keys last: what they count may only be ahead of the log. */
static tw_err copy_everything(const struct tw_setup *s, int into, uint64_t before)
{
	struct copying app = { s, s->places.app, -1, before, as_app }, log = { s, s->places.log, -1, before, as_log },
		       keys = { s, s->places.keys, -1, before, as_it_is }, top = { s, s->places.dir, into, before, as_operator };

	TW_TRY(copy_folder(&app, into, "app"));
	if (!app.store)
		return TW_RAISE(NOTFOUND, "the copy of the database was gone before it was taken");
	TW_TRY(copy_folder(&log, into, "log"));
	TW_TRY(copy_sign(s, into));
	TW_TRY(copy_folder(&keys, into, "keys"));
	return copy_all(&top);
}

/* --- Where it goes --- */

static tw_err split(const char *path, char parent[4096], char name[NAME_MOST])
{
	const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;

	if (!*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0 || strlen(last) >= NAME_MOST - 8 || strlen(path) >= 4096)
		return TW_RAISE(SYNTAX, "--out wants the name of a folder that is not there yet");
	(void)snprintf(parent, 4096, "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
	(void)snprintf(name, NAME_MOST, "%s", last);
	return TW_OK;
}

static tw_err is_new(const struct tw_setup *s, int parent, const char *name)
{
	TW_CLEANUP(tw_closep) int fd = s->sys->open_beneath(s->sys, parent, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);

	return fd < 0 && errno == ENOENT ? TW_OK : TW_RAISE(EXISTS, "%s is there already", s->out);
}

struct inside {
	bool mark, copy, more; /* more: what no backup puts there */
};

static bool note_inside(void *user, const char *name)
{
	struct inside *i = user;

	if (strcmp(name, MARK) == 0)
		i->mark = true;
	else if (strcmp(name, COPY) == 0)
		i->copy = true;
	else
		i->more = true;
	return true;
}

/* *ret -1: there is none. A link is none of ours, nor what another user could have made or filled. */
static tw_err open_old(const struct tw_setup *s, int parent, const char *part, int *ret)
{
	struct stat st;

	*ret = s->sys->open_beneath(s->sys, parent, part, DIRECTORY | O_NOFOLLOW, 0);
	if (*ret < 0)
		return errno == ENOENT ? TW_OK : TW_RAISE(EXISTS, "%s.part is there, and no folder of a backup; move it away", s->out);
	if (s->sys->fstat(s->sys, *ret, &st) != 0)
		return TW_RAISE_ERRNO("looking at %s.part", s->out);
	if (st.st_uid != geteuid() || st.st_mode & (S_IRWXG | S_IRWXO))
		return TW_RAISE(EXISTS, "%s.part is there, and is another user's or open to others; move it away", s->out);
	return TW_OK;
}

/* What a backup that was cut has left, and nothing else, whatever its name. While anything lies in it, its mark does; so what is cut here too is removed by
   the next one. */
static tw_err remove_old(const struct tw_setup *s, int parent, const char *part)
{
	TW_CLEANUP(tw_closep) int old = -1;
	struct inside in = { .mark = false };

	TW_TRY(open_old(s, parent, part, &old));
	if (old < 0)
		return TW_OK;
	if (s->sys->list(s->sys, old, note_inside, &in) != 0)
		return TW_RAISE_ERRNO("listing %s.part", s->out);
	if (in.more || (in.copy && !in.mark))
		return TW_RAISE(EXISTS, "%s.part is there, and holds what no backup has put there; move it away", s->out);
	if (in.copy)
		TW_TRY(tw_durable_remove_tree(s->sys, old, COPY));
	if (in.mark)
		TW_TRY(tw_durable_remove(s->sys, old, MARK));
	if (s->sys->rmdir(s->sys, parent, part) != 0)
		return TW_RAISE_ERRNO("removing %s.part", s->out);
	return tw_durable_sync_dir(s->sys, parent);
}

static tw_err lock(const struct tw_setup *s, int *ret)
{
	*ret = s->sys->open_beneath(s->sys, s->places.dir, LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*ret < 0)
		return TW_RAISE_ERRNO("opening %s/" LOCK, s->options.dir);
	if (s->sys->lock(s->sys, *ret) != 0)
		return errno == EWOULDBLOCK ? TW_RAISE(STATE, "another backup of %s is being made", s->options.dir)
					    : TW_RAISE_ERRNO("locking %s/" LOCK, s->options.dir);
	return TW_OK;
}

/* In one step, since it has nothing in it. */
static tw_err put_mark(const struct tw_setup *s, int around)
{
	TW_CLEANUP(tw_closep) int fd = s->sys->open_beneath(s->sys, around, MARK, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 ? TW_RAISE_ERRNO("writing " MARK) : tw_durable_sync_dir(s->sys, around);
}

/* Its mark is there before anything else is, and as long as the copy is: the copy leaves it in one step, under the name that was asked for. */
static tw_err make(const struct tw_setup *s, int parent, const char *part, const char *name)
{
	TW_CLEANUP(tw_closep) int around = -1;
	TW_CLEANUP(tw_closep) int into = -1;
	uint64_t before = 0;

	TW_TRY(tw_durable_dir(s->sys, parent, part, 0700, &around));
	TW_TRY(put_mark(s, around));
	TW_TRY(tw_durable_dir(s->sys, around, COPY, 0700, &into));
	TW_TRY(all_steps(s, &before));
	TW_TRY(copy_everything(s, into, before));
	TW_TRY(tw_durable_sync_dir(s->sys, into));
	if (s->sys->rename(s->sys, around, COPY, parent, name) != 0)
		return TW_RAISE_ERRNO("giving the copy its name");
	TW_TRY(tw_durable_sync_dir(s->sys, parent));
	return tw_durable_sync_dir(s->sys, around);
}

tw_err tw_setup_backup(struct tw_setup *s)
{
	TW_CLEANUP(tw_closep) int parent = -1;
	TW_CLEANUP(tw_closep) int alone = -1;
	char path[4096], name[NAME_MOST], part[NAME_MOST + 8], why[TW_DETAIL_MAX];

	TW_TRY(split(s->out, path, name));
	(void)snprintf(part, sizeof part, "%s.part", name);
	TW_TRY(tw_support_places_dirs(s->sys, &s->options, &s->places));
	parent = s->sys->open_path(s->sys, path, DIRECTORY, 0);
	if (parent < 0)
		return TW_RAISE_ERRNO("opening %s", path);
	TW_TRY(lock(s, &alone));
	TW_TRY(remove_old(s, parent, part)); /* also when the one that was cut had given its copy the name */
	TW_TRY(is_new(s, parent, name));
	tw_err e = make(s, parent, part, name);
	(void)snprintf(why, sizeof why, "%s", tw_err_detail());
	tw_ignore(tw_durable_remove(s->sys, s->places.app, TW_APP_BACKUP)); /* the next one begins by removing it */
	tw_ignore(remove_old(s, parent, part));
	if (tw_failed(e))
		return tw_raise(e.code, __func__, __LINE__, "%s", why);
	(void)printf("%s is a whole copy, with the keys in it: keep it as you keep them.\n"
		     "To restore: stop the service, move %s away, put this copy in its place with its owners (cp -a), look at it with\n"
		     "thingward-support check --dir %s, and start. What came after this moment is not in it.\n",
		s->out, s->options.dir, s->options.dir);
	return TW_OK;
}
