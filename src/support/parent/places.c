/* SPDX-License-Identifier: Apache-2.0 */
#include "support/parent/places.h"

#include "base/log.h"
#include "base/mem.h"
#include "service/parent/doors.h"
#include "service/parent/os.h"
#include "service/parent/tab.h"
#include "service/store/postgresql/where.h"
#include "support/line/files.h"
#include "support/mail/files.h"
#include "sys/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define SYSTEM_TRUST "/etc/ssl/certs/ca-certificates.crt"
#define FILE_STORE "support.db" /* in app's folder, where no PostgreSQL is named */
#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

enum { APP, FRONT, KEYS, HASH, MAIL, SIGN, STORE, NAMES };
static const char *const tab_names[NAMES] = { "app", "front", "keys", "hash", "mail", "sign", "store" };
/* Without hash nobody of the staff logs in; without mail nothing goes out; without sign no advisory has a signature; without store PostgreSQL is of this
   machine. */
static const struct tw_tab_names names = { tab_names, NAMES, HASH };

void tw_support_places_init(struct tw_support_places *p)
{
	memset(p, 0, sizeof *p);
	p->dir = p->app = p->log = p->keys = p->sign = p->null = p->tcp = p->desk = p->lock = p->line = -1;
}

void tw_support_places_done(struct tw_support_places *p)
{
	int *const all[] = { &p->dir, &p->app, &p->log, &p->keys, &p->sign, &p->null, &p->tcp, &p->desk, &p->lock, &p->line };

	for (size_t i = 0; i < TW_COUNT(all); i++)
		tw_closep(all[i]);
}

static tw_err find_ids(const struct tw_sys *sys, const struct tw_support_options *o, struct tw_tab *ret)
{
	char path[4096];

	if (geteuid() == 0) {
		if (snprintf(path, sizeof path, "%s/roles.tab", o->dir) >= (int)sizeof path)
			return TW_RAISE(LIMIT, "--dir is too long");
		return tw_tab_read(sys, o->roles ? o->roles : path, &names, ret);
	}
	for (size_t i = 0; i < NAMES; i++) {
		ret->of[i].uid = geteuid();
		ret->of[i].gid = getegid();
	}
	return TW_OK;
}

static tw_err check_dir(const struct tw_sys *sys, int fd, const char *dir, const char *name, uid_t uid)
{
	struct stat st;

	if (sys->fstat(sys, fd, &st))
		return TW_RAISE_ERRNO("looking at %s%s", dir, name);
	if (st.st_uid != uid)
		return TW_RAISE(DENIED, "%s%s belongs to user %u and not to %u; look who made it, then: chown %u %s%s", dir, name,
			st.st_uid, uid, uid, dir, name);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return TW_RAISE(DENIED, "%s%s has mode %o, open to others; look what they did there, then: chmod 700 %s%s", dir,
			name, st.st_mode & 07777, dir, name);
	return TW_OK;
}

static tw_err open_top(const struct tw_sys *sys, const struct tw_support_options *o, struct tw_support_places *p)
{
	p->dir = sys->open_path(sys, o->dir, DIRECTORY, 0);
	if (p->dir < 0 && errno == ENOENT)
		return TW_RAISE(NOTFOUND, "%s is not there; make it: mkdir -m 700 %s", o->dir, o->dir);
	if (p->dir < 0)
		return TW_RAISE_ERRNO("opening %s", o->dir);
	return check_dir(sys, p->dir, o->dir, "", geteuid());
}

static tw_err open_one(const struct tw_sys *sys, const struct tw_support_options *o, const char *name, const struct tw_tab_ids *of,
	int dir, int *ret)
{
	bool made = !o->check && sys->mkdir(sys, dir, name + 1, 0700) == 0;

	*ret = sys->open_beneath(sys, dir, name + 1, DIRECTORY, 0);
	if (*ret < 0 && errno == ENOENT && o->check)
		return TW_OK;
	if (*ret < 0)
		return TW_RAISE_ERRNO("opening %s%s", o->dir, name);
	if (made && of->uid != geteuid())
		TW_TRY(tw_os_owner(*ret, of->uid, of->gid));
	return check_dir(sys, *ret, o->dir, name, of->uid);
}

static void plan(const struct tw_tab *tab, struct tw_support_places *p)
{
	static const int of[TW_CREW_SIZE] = { [TW_CREW_FRONT] = FRONT, [TW_CREW_CORE] = APP, [TW_CREW_KEYS] = KEYS };

	for (size_t i = 0; i < TW_CREW_SIZE; i++) {
		p->crew[i].name = tab_names[of[i]];
		p->crew[i].uid = tab->of[of[i]].uid;
		p->crew[i].gid = tab->of[of[i]].gid;
	}
}

static tw_err check_password(
	const struct tw_sys *sys, const struct tw_support_options *o, const struct tw_support_places *p, const char *name)
{
	TW_CLEANUP(tw_closep) int fd = sys->open_beneath(sys, p->dir, name + 1, O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return errno == ENOENT ? TW_OK : TW_RAISE_ERRNO("opening %s%s", o->dir, name);
	return check_dir(sys, fd, o->dir, name, geteuid());
}

/* The parent alone reads DIR. What is written into it counts from the next start of the role. */
static tw_err find_mail(const struct tw_sys *sys, const struct tw_support_options *o, struct tw_support_places *p)
{
	static const char *const files[TW_SUPPORT_MAIL_FILES] = { TW_MAIL_CONFIG_FILE, TW_MAIL_PASSWORD_FILE, TW_MAIL_TRUST_FILE,
		TW_INMAIL_CONFIG_FILE, TW_INMAIL_PASSWORD_FILE };

	for (size_t i = 0; i < TW_SUPPORT_MAIL_FILES; i++)
		if (snprintf(p->mail[i], sizeof p->mail[i], "%s/%s", o->dir, files[i]) >= (int)sizeof p->mail[i])
			return TW_RAISE(LIMIT, "--dir is too long");
	TW_TRY(check_password(sys, o, p, "/" TW_MAIL_PASSWORD_FILE));
	return check_password(sys, o, p, "/" TW_INMAIL_PASSWORD_FILE);
}

/* Of hash two at most, as on the device; it has nothing but its channels. */
static void plan_errands(const struct tw_tab *tab, struct tw_support_places *p)
{
	const struct tw_errand_row hash = { .uid = tab->of[HASH].uid, .gid = tab->of[HASH].gid, .program = "thingward-hash" };
	struct tw_crew_plan *app = &p->crew[TW_CREW_CORE];

	p->errands[TW_ERRAND_HASH] = p->errands[TW_ERRAND_HASH_2] = hash;
	p->errands[TW_ERRAND_MAIL] = (struct tw_errand_row){ .uid = tab->of[MAIL].uid,
		.gid = tab->of[MAIL].gid,
		.program = "thingward-mail",
		.file = "/etc/resolv.conf",
		.more = { SYSTEM_TRUST, p->mail[0], p->mail[1], p->mail[2] },
		.more_count = 4 };
	p->errands[TW_ERRAND_MAIL_IN] = p->errands[TW_ERRAND_MAIL];
	p->errands[TW_ERRAND_MAIL_IN].more[1] = p->mail[3];
	p->errands[TW_ERRAND_MAIL_IN].more[2] = p->mail[4];
	p->errands[TW_ERRAND_CANARY] = p->errands[TW_ERRAND_MAIL];
	p->errands[TW_ERRAND_CANARY].more[2] = "/dev/null"; /* it has no password */
	(void)snprintf(p->errand_names, sizeof p->errand_names, "errands=%s%s%s%s", hash.uid ? "hash,hash-2," : "",
		tab->of[MAIL].uid ? "mail,mail-in,canary," : "", tab->of[SIGN].uid ? "sign," : "", p->where.network ? "store," : "");
	app->words[app->word_count++] = p->errand_names;
}

/* Its directory is gpg's home: it is there for whoever has a line for the role. */
static tw_err plan_sign(
	const struct tw_sys *sys, const struct tw_support_options *o, const struct tw_tab_ids *of, struct tw_support_places *p)
{
	if (!of->uid)
		return TW_OK;
	TW_TRY(open_one(sys, o, "/sign", of, p->dir, &p->sign));
	p->errands[TW_ERRAND_SIGN] = (struct tw_errand_row){
		.uid = p->sign < 0 ? 0 : of->uid, .gid = of->gid, .program = "thingward-sign", .dirs = { p->sign }, .dir_count = 1
	};
	return TW_OK;
}

/* What each is born with, as roles.c expects it: keys in the places of a root secret and a token, of which there are none. */
static void give(struct tw_support_places *p)
{
	const int front[] = { p->tcp }, app[] = { p->app, p->log, p->desk }, keys[] = { p->keys, p->null, p->null };

	memcpy(p->crew[TW_CREW_FRONT].own, front, sizeof front);
	memcpy(p->crew[TW_CREW_CORE].own, app, sizeof app);
	memcpy(p->crew[TW_CREW_KEYS].own, keys, sizeof keys);
	p->crew[TW_CREW_FRONT].own_count = TW_COUNT(front);
	p->crew[TW_CREW_CORE].own_count = TW_COUNT(app);
	p->crew[TW_CREW_KEYS].own_count = TW_COUNT(keys);
}

/* For whoever is let into DIR. It is named by our descriptor of DIR, since the name of a socket may be no longer than 107 bytes, and that of DIR may. */
static tw_err open_desk(const struct tw_sys *sys, struct tw_support_places *p)
{
	char path[32];

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", p->dir);
	return tw_door_local(sys, p->dir, path, "desk.sock", SOCK_STREAM, &p->desk);
}

/* Where TCP is offered in truth: port 0 lets the kernel choose, and somebody must be told. */
static tw_err say_where(const struct tw_sys *sys, const struct tw_support_places *p)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct sockaddr_storage a;

	tw_buf_init(&text, sys, 128);
	TW_TRY(tw_os_port(p->tcp, &a));
	TW_TRY(tw_listen_text(&a, &text));
	TW_TRY(tw_buf_text(&text, "\n"));
	return tw_durable_replace(sys, p->dir, "listening", text.data, text.size, 0644);
}

/* --- The store --- */

/*
 * Until a release moved it, the address lay where app may write: who had taken app over could have put another one there. So a person looks at it and
 * moves it. Where the database is a file there never was one: what app puts there then is not believed, does not stop the start, and is not what a person
 * is told to copy.
 */
static tw_err refuse_old(const struct tw_sys *sys, const struct tw_support_options *o, const struct tw_support_places *p)
{
	struct stat old, file;

	if (p->app < 0)
		return TW_OK;
	if (tw_os_look(p->app, TW_PG_WHERE_FILE, &old))
		return errno == ENOENT ? TW_OK : TW_RAISE_ERRNO("looking at %s/app/" TW_PG_WHERE_FILE, o->dir);
	if (tw_os_look(p->app, FILE_STORE, &file) == 0 && S_ISREG(file.st_mode)) {
		tw_warn("%s/app/" TW_PG_WHERE_FILE " is not looked at: the store is in app/" FILE_STORE
			". If you did not put it there, somebody may have taken app over; remove it",
			o->dir);
		return TW_OK;
	}
	if (!S_ISREG(old.st_mode))
		return TW_RAISE(DENIED, "%s/app/" TW_PG_WHERE_FILE " is no file; look who made it, and remove it", o->dir);
	return TW_RAISE(DENIED,
		"%s/app/" TW_PG_WHERE_FILE " names the store where app may write, and counts no more; look whether it names the right one, then: "
		"install -m 600 %s/app/" TW_PG_WHERE_FILE " %s/" TW_PG_WHERE_FILE " && rm %s/app/" TW_PG_WHERE_FILE,
		o->dir, o->dir, o->dir, o->dir);
}

static tw_err read_where(const struct tw_sys *sys, const struct tw_support_options *o, struct tw_support_places *p)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, sys, TW_PG_WHERE_MAX + 2);
	tw_err e = tw_durable_read(sys, p->dir, TW_PG_WHERE_FILE, TW_PG_WHERE_MAX + 1, &text);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return refuse_old(sys, o, p);
	TW_TRY(e);
	TW_TRY(tw_pg_where_parse(tw_buf_slice(&text), &p->where));
	while (text.size && text.data[text.size - 1] == '\n')
		text.data[--text.size] = '\0';
	(void)snprintf(p->store_word, sizeof p->store_word, "store=%s", tw_buf_cstr(&text));
	return TW_OK;
}

/* What the role for the network is given; the socket by which app comes to it is opened when the service starts. */
static tw_err plan_line(
	const struct tw_sys *sys, const struct tw_support_options *o, const struct tw_tab_ids *of, struct tw_support_places *p)
{
	static const char *const files[TW_SUPPORT_STORE_FILES] = { TW_PG_WHERE_FILE, TW_LINE_PASSWORD_FILE, TW_LINE_TRUST_FILE,
		TW_LINE_CLIENT_FILE };

	if (!of->uid && geteuid() == 0)
		return TW_RAISE(NOTFOUND, "the store is at %s, over the network, and roles.tab has no line for store: add one (name uid gid)",
			p->where.host);
	for (size_t i = 0; i < TW_SUPPORT_STORE_FILES; i++)
		if (snprintf(p->store[i], sizeof p->store[i], "%s/%s", o->dir, files[i]) >= (int)sizeof p->store[i])
			return TW_RAISE(LIMIT, "--dir is too long");
	TW_TRY(check_password(sys, o, p, "/" TW_LINE_PASSWORD_FILE));
	TW_TRY(check_password(sys, o, p, "/" TW_LINE_CLIENT_FILE));
	p->errands[TW_ERRAND_STORE] = (struct tw_errand_row){ .uid = of->uid,
		.gid = of->gid,
		.program = "thingward-store",
		.file = p->store[0],
		.more = { p->store[1], p->store[2], p->store[3], "/etc/resolv.conf" },
		.more_count = 4 };
	return TW_OK;
}

static tw_err find_store(
	const struct tw_sys *sys, const struct tw_support_options *o, const struct tw_tab *tab, struct tw_support_places *p)
{
	struct tw_crew_plan *app = &p->crew[TW_CREW_CORE];

	TW_TRY(read_where(sys, o, p));
	if (!*p->where.database)
		return TW_OK;
	app->program = TW_SUPPORT_POSTGRESQL_PROGRAM;
	app->words[app->word_count++] = p->store_word;
	return p->where.network ? plan_line(sys, o, &tab->of[STORE], p) : TW_OK;
}

/* What app has put in the place of its socket must not keep the service from starting. No link is followed; what lies in a directory is not ours to delete. */
static tw_err clear_way(const struct tw_sys *sys, const struct tw_support_options *o, const struct tw_support_places *p)
{
	char aside[sizeof TW_PG_SOCKET + 9];
	uint32_t number;
	struct stat st;

	if (tw_os_look(p->app, TW_PG_SOCKET, &st))
		return errno == ENOENT ? TW_OK : TW_RAISE_ERRNO("looking at %s/app/" TW_PG_SOCKET, o->dir);
	if (S_ISSOCK(st.st_mode) || st.st_uid != p->crew[TW_CREW_CORE].uid)
		return TW_OK;
	tw_warn("%s/app/" TW_PG_SOCKET " is no socket, and app's own: it is put away", o->dir);
	if ((S_ISDIR(st.st_mode) ? sys->rmdir(sys, p->app, TW_PG_SOCKET) : sys->unlink(sys, p->app, TW_PG_SOCKET)) == 0)
		return TW_OK;
	if (!S_ISDIR(st.st_mode) || sys->random(sys, &number, sizeof number))
		return TW_RAISE_ERRNO("removing %s/app/" TW_PG_SOCKET, o->dir);
	(void)snprintf(aside, sizeof aside, TW_PG_SOCKET "-%08x", number);
	return sys->rename(sys, p->app, TW_PG_SOCKET, p->app, aside) ? TW_RAISE_ERRNO("moving %s/app/" TW_PG_SOCKET, o->dir) : TW_OK;
}

/* In app's folder, which app knows by a descriptor: so nobody comes to it who is not let into DIR. Only app is let into the folder. */
static tw_err open_line(const struct tw_sys *sys, const struct tw_support_options *o, struct tw_support_places *p)
{
	char path[32];

	if (!p->where.network)
		return TW_OK;
	TW_TRY(clear_way(sys, o, p));
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", p->app);
	TW_TRY(tw_door_local(sys, p->app, path, TW_PG_SOCKET, SOCK_STREAM, &p->line));
	p->errands[TW_ERRAND_STORE].listener = p->line;
	return TW_OK;
}

tw_err tw_support_places_dirs(const struct tw_sys *sys, const struct tw_support_options *o, struct tw_support_places *p)
{
	struct tw_tab tab = { 0 };

	TW_TRY(open_top(sys, o, p));
	TW_TRY(find_ids(sys, o, &tab));
	TW_TRY(find_mail(sys, o, p));
	plan(&tab, p);
	TW_TRY(open_one(sys, o, "/app", &tab.of[APP], p->dir, &p->app));
	TW_TRY(find_store(sys, o, &tab, p));
	plan_errands(&tab, p);
	TW_TRY(plan_sign(sys, o, &tab.of[SIGN], p));
	TW_TRY(open_one(sys, o, "/log", &tab.of[APP], p->dir, &p->log));
	return open_one(sys, o, "/keys", &tab.of[KEYS], p->dir, &p->keys);
}

tw_err tw_support_places_open(const struct tw_sys *sys, const struct tw_support_options *o, struct tw_support_places *p)
{
	struct sockaddr_storage a;
	socklen_t size;

	TW_TRY(tw_support_places_dirs(sys, o, p));
	if (o->check)
		return tw_listen_parse(o->listen, &a, &size);
	TW_TRY(tw_support_lock(sys, p->dir, o->dir, &p->lock)); /* before anything of a running one is replaced */
	p->null = sys->open_path(sys, "/dev/null", O_RDWR | O_CLOEXEC, 0);
	if (p->null < 0)
		return TW_RAISE_ERRNO("opening /dev/null");
	TW_TRY(tw_door_tcp(sys, o->listen, false, &p->tcp));
	TW_TRY(open_desk(sys, p));
	TW_TRY(open_line(sys, o, p));
	give(p);
	return say_where(sys, p);
}
