/* SPDX-License-Identifier: Apache-2.0 */
#include "device/hands/places.h"

#include "base/mem.h"
#include "service/parent/doors.h"
#include "service/parent/os.h"
#include "device/hands/token.h"
#include "crypto/token-words.h"
#include "sys/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define PACKAGES_DEFAULT "debian:/var/lib/dpkg"
#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

void tw_places_init(struct tw_places *p)
{
	memset(p, 0, sizeof *p);
	p->core = p->log = p->keys = p->boot = p->config = p->run = -1;
	p->null = p->console = p->admin = p->events = p->root = p->token = p->packages = p->inventory = p->kernel = -1;
}

void tw_places_done(struct tw_places *p)
{
	int *const all[] = { &p->core, &p->log, &p->keys, &p->boot, &p->config, &p->run, &p->null, &p->console, &p->admin,
		&p->events, &p->root, &p->token, &p->packages, &p->inventory, &p->kernel };

	for (size_t i = 0; i < TW_COUNT(all); i++)
		tw_closep(all[i]);
	for (size_t i = 0; i < p->tcp_count; i++)
		tw_closep(&p->tcp[i]);
}

static const char *const tab_names[TW_TAB_NAMES] = { "core", "front", "keys", "application", "fetch", "scan", "hash", "watch",
	"firewall", "parts", "wifi", "cellular", "bluetooth" };
static const struct tw_tab_names tab = { tab_names, TW_TAB_NAMES, TW_TAB_NEEDED };

static tw_err read_tab(const struct tw_sys *sys, const struct tw_hands_options *o, struct tw_tab *ret)
{
	char name[4096];

	if (snprintf(name, sizeof name, "%s/roles.tab", o->config) >= (int)sizeof name)
		return TW_RAISE(LIMIT, "--config is too long");
	return tw_tab_read(sys, o->roles ? o->roles : name, &tab, ret);
}

static tw_err find_ids(const struct tw_sys *sys, const struct tw_hands_options *o, struct tw_tab *ret)
{
	if (geteuid() == 0)
		return read_tab(sys, o, ret);
	for (size_t i = 0; i < TW_TAB_NAMES; i++) {
		ret->of[i].uid = geteuid();
		ret->of[i].gid = getegid();
	}
	return TW_OK;
}

static tw_err check_dir(const struct tw_sys *sys, int fd, const char *name, uid_t uid)
{
	struct stat st;

	if (sys->fstat(sys, fd, &st))
		return TW_RAISE_ERRNO("looking at %s", name);
	if (st.st_uid != uid || (st.st_mode & (S_IRWXG | S_IRWXO)))
		return TW_RAISE(DENIED, "directory %s has owner %u and mode %o; it must belong to %u alone", name, st.st_uid,
			st.st_mode & 07777, uid);
	return TW_OK;
}

struct dir_row {
	const char *name;
	size_t offset;
	int of; /* enum tw_tab_name, -1: hands' own */
	bool make;
};
static const struct dir_row dirs[] = {
	{ "core", offsetof(struct tw_places, core), TW_TAB_CORE, true },
	{ "log", offsetof(struct tw_places, log), TW_TAB_CORE, true },
	{ "keys", offsetof(struct tw_places, keys), TW_TAB_KEYS, false },
	{ "boot", offsetof(struct tw_places, boot), -1, true },
};

static tw_err open_dir(const struct tw_sys *sys, int state, const struct dir_row *row, bool make, struct tw_places *p)
{
	uid_t uid = row->of < 0 ? geteuid() : p->tab.of[row->of].uid;
	gid_t gid = row->of < 0 ? getegid() : p->tab.of[row->of].gid;
	int *at = (int *)(void *)((char *)p + row->offset);
	bool made = make && row->make && sys->mkdir(sys, state, row->name, 0700) == 0;

	*at = sys->open_beneath(sys, state, row->name, DIRECTORY, 0);
	if (*at < 0 && errno == ENOENT && row->make && !make)
		return TW_OK;
	if (*at < 0)
		return TW_RAISE_ERRNO("opening the state directory %s%s", row->name, row->make ? "" : " (was the device provisioned?)");
	if (made && (uid != geteuid() || gid != getegid()))
		TW_TRY(tw_os_owner(*at, uid, gid));
	return check_dir(sys, *at, row->name, uid);
}

static tw_err open_dirs(const struct tw_sys *sys, const struct tw_hands_options *o, bool make, struct tw_places *p)
{
	TW_CLEANUP(tw_closep) int state = sys->open_path(sys, o->state, DIRECTORY, 0);

	if (state < 0)
		return TW_RAISE_ERRNO("opening %s", o->state);
	for (size_t i = 0; i < TW_COUNT(dirs); i++)
		TW_TRY(open_dir(sys, state, &dirs[i], make, p));
	p->config = sys->open_path(sys, o->config, DIRECTORY, 0);
	if (p->config < 0)
		return TW_RAISE_ERRNO("opening %s", o->config);
	return TW_OK;
}

/* Where nobody named a database, there may be none; one that was named must be there. */
static tw_err open_packages(const struct tw_sys *sys, const struct tw_hands_options *o, struct tw_places *p)
{
	const char *word = o->packages ? o->packages : PACKAGES_DEFAULT, *colon = strchr(word, ':');

	if (!colon || colon == word || (size_t)(colon - word) >= sizeof p->packages_kind)
		return TW_RAISE(SYNTAX, "--packages wants KIND:DIR, not '%s'", word);
	p->packages = sys->open_path(sys, colon + 1, DIRECTORY, 0);
	if (p->packages < 0 && o->packages)
		return TW_RAISE_ERRNO("opening %s", colon + 1);
	memcpy(p->packages_kind, word, (size_t)(colon - word));
	p->inventory = sys->open_path(sys, o->inventory_root, DIRECTORY, 0);
	return p->inventory < 0 ? TW_RAISE_ERRNO("opening %s", o->inventory_root) : TW_OK;
}

static tw_err check_file(const struct tw_sys *sys, int dir, const char *name)
{
	TW_CLEANUP(tw_closep) int fd = sys->open_beneath(sys, dir, name, O_RDONLY | O_CLOEXEC, 0);

	return fd < 0 ? TW_RAISE_ERRNO("opening %s", name) : TW_OK;
}

/* Whoever else could read it could open a copy of the keystore. */
static tw_err open_root(const struct tw_sys *sys, const struct tw_hands_options *o, struct tw_places *p)
{
	struct stat st;

	if (o->keystore && strlen(o->keystore) > TW_TOKEN_WORDS_MAX)
		return TW_RAISE(SYNTAX, "--keystore has at most %d characters", TW_TOKEN_WORDS_MAX);
	p->keystore = o->keystore;
	p->has_root = o->root_secret != NULL;
	p->root = sys->open_path(sys, p->has_root ? o->root_secret : "/dev/null", O_RDONLY | O_CLOEXEC, 0);
	if (p->root < 0 || sys->fstat(sys, p->root, &st))
		return TW_RAISE_ERRNO("opening the root secret %s", p->has_root ? o->root_secret : "/dev/null");
	if (p->has_root && ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & (S_IRWXG | S_IRWXO))))
		return TW_RAISE(DENIED, "the root secret %s has owner %u and mode %o; only root may read it", o->root_secret,
			st.st_uid, st.st_mode & 07777);
	return TW_OK;
}

tw_err tw_places_check(const struct tw_sys *sys, const struct tw_hands_options *o, struct tw_places *p)
{
	struct sockaddr_storage a;
	socklen_t size;

	TW_TRY(find_ids(sys, o, &p->tab));
	TW_TRY(open_dirs(sys, o, false, p));
	TW_TRY(open_packages(sys, o, p));
	TW_TRY(check_file(sys, p->config, "product.manifest"));
	TW_TRY(check_file(sys, p->config, "manufacturer.crt"));
	TW_TRY(open_root(sys, o, p));
	TW_TRY(tw_hands_token_open(sys, o, &p->token));
	TW_CLEANUP(tw_closep) int program = sys->open_path(sys, o->role_program, O_PATH | O_CLOEXEC, 0);
	if (program < 0)
		return TW_RAISE_ERRNO("opening %s", o->role_program);
	for (size_t i = 0; i < o->listen_count; i++)
		TW_TRY(tw_listen_parse(o->listen[i], &a, &size));
	return TW_OK;
}

tw_err tw_places_say_where(const struct tw_sys *sys, const struct tw_places *p, const int *fds, size_t count)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, sys, 1024);
	for (size_t i = 0; i < count; i++) {
		struct sockaddr_storage a;

		TW_TRY(tw_os_port(fds[i], &a));
		TW_TRY(tw_listen_text(&a, &text));
		TW_TRY(tw_buf_text(&text, "\n"));
	}
	return tw_durable_replace(sys, p->run, "listening", text.data, text.size, 0644);
}

static tw_err open_doors(const struct tw_sys *sys, const struct tw_hands_options *o, struct tw_places *p)
{
	p->run = sys->open_path(sys, o->run, DIRECTORY, 0);
	if (p->run < 0 && errno == ENOENT) {
		(void)tw_os_mkdir(o->run, 0755);
		p->run = sys->open_path(sys, o->run, DIRECTORY, 0);
	}
	if (p->run < 0)
		return TW_RAISE_ERRNO("opening %s", o->run);
	/* Without root nobody puts rules that they had to wait for, and a kernel may refuse a filter to others. */
	for (size_t i = 0; i < o->listen_count; i++) {
		TW_TRY(tw_door_tcp(sys, o->listen[i], geteuid() == 0, &p->tcp[i]));
		p->tcp_count++;
	}
	TW_TRY(tw_places_say_where(sys, p, p->tcp, p->tcp_count));
	TW_TRY(tw_door_local(sys, p->run, o->run, "admin.sock", SOCK_STREAM, &p->admin));
	return tw_door_local(sys, p->run, o->run, "events.sock", SOCK_SEQPACKET, &p->events);
}

tw_err tw_places_open(const struct tw_sys *sys, const struct tw_hands_options *o, struct tw_places *p)
{
	TW_TRY(find_ids(sys, o, &p->tab));
	TW_TRY(open_dirs(sys, o, true, p));
	TW_TRY(open_packages(sys, o, p));
	p->null = sys->open_path(sys, "/dev/null", O_RDWR | O_CLOEXEC, 0);
	/* A console is a person's presence only if nobody else can speak through it: no controlling terminal is made of it. */
	p->console = sys->open_path(sys, o->console ? o->console : "/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
	p->has_console = o->console != NULL;
	if (p->null < 0 || p->console < 0)
		return TW_RAISE_ERRNO("opening %s", p->null < 0 || !o->console ? "/dev/null" : o->console);
	p->kernel = sys->open_path(sys, "/sys", DIRECTORY, 0);
	TW_TRY(open_root(sys, o, p));
	TW_TRY(tw_hands_token_open(sys, o, &p->token));
	return open_doors(sys, o, p);
}
