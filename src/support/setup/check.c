/* SPDX-License-Identifier: Apache-2.0 */
/* `thingward-support check`: everything that would keep the service from starting or from being reached, each with what to do. */
#include "support/line/files.h"
#include "support/setup/setup.h"

#include "base/text.h"
#include "formats/keydir.h"
#include "service/store/postgresql/where.h"
#include "sys/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

#define DAY_MS (24 * 60 * 60 * 1000LL)
#define SOON_DAYS 30

struct findings {
	unsigned wrong;
};

__attribute__((format(printf, 3, 4))) static void say(struct findings *f, const char *word, const char *format, ...)
{
	va_list words;

	f->wrong += strcmp(word, "wrong") == 0;
	(void)printf("%-6s ", word);
	va_start(words, format);
	(void)vprintf(format, words);
	va_end(words);
	(void)printf("\n");
}

static bool holds(struct findings *f, tw_err e)
{
	if (tw_failed(e))
		say(f, "wrong", "%s", tw_err_detail());
	return !tw_failed(e);
}

static void look_at_end(struct findings *f, const char *what, int64_t ends_ms, int64_t now_ms, const char *next)
{
	char text[TW_TIME_TEXT_MAX];

	tw_time_text(ends_ms, text);
	if (ends_ms <= now_ms)
		say(f, "wrong", "%s ended at %.10s; %s", what, text, next);
	else if (ends_ms - now_ms < SOON_DAYS * DAY_MS)
		say(f, "note", "%s ends in %lld days, at %.10s; %s", what, (long long)((ends_ms - now_ms) / DAY_MS), text, next);
	else
		say(f, "ok", "%s: until %.10s", what, text);
}

static bool check_desk(const struct tw_setup *s, struct findings *f, struct tw_desk *ret)
{
	if (s->places.app < 0) {
		say(f, "wrong", "nothing was set up: thingward-support init --dir %s", s->options.dir);
		return false;
	}
	if (!holds(f, tw_desk_read(s->sys, s->places.app, ret)))
		return false;
	if (!ret->contact_count) {
		say(f, "wrong", "there is no app/%s: thingward-support init --dir %s", TW_DESK_FILE, s->options.dir);
		return false;
	}
	say(f, "ok", "app/%s: %s at %s", TW_DESK_FILE, ret->name, ret->site);
	look_at_end(f, "security.txt", ret->expires_ms, s->now_ms, "put a later date into \"expires\" of app/" TW_DESK_FILE ", and restart");
	return true;
}

static bool is_there(const struct tw_setup *s, int dir, const char *name)
{
	int fd = s->sys->open_beneath(s->sys, dir, name, O_RDONLY | O_CLOEXEC, 0);

	if (fd >= 0)
		(void)s->sys->close(s->sys, fd);
	return fd >= 0 || errno != ENOENT;
}

static void check_listener(const struct tw_setup *s, struct findings *f, const struct tw_desk *desk)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_site_chain_done) struct tw_site_chain chain = { .count = 0 };
	char host[TW_SETUP_HOST_MAX];
	tw_err e = tw_setup_listener(s, &key, &chain);

	tw_setup_host(desk->site, host);
	if (tw_is(e, TW_CODE_NOTFOUND)) {
		say(f, "note", "there is no certificate yet: the first start makes one that knows no name");
		return;
	}
	if (!holds(f, e))
		return;
	if (tw_cert_self_signed(chain.leaf))
		say(f, "note", "the certificate is self-signed; get one for %s, then: thingward-support certificate import", host);
	if (tw_setup_is_name(host) && !holds(f, tw_site_chain_check(&chain, key, host, s->now_ms)))
		return;
	look_at_end(f, "the certificate", tw_cert_not_after_ms(chain.leaf), s->now_ms,
		"ask its authority for a new one, then: thingward-support certificate import");
}

static void check_keys(const struct tw_setup *s, struct findings *f, const struct tw_desk *desk)
{
	if (s->places.keys < 0)
		return;
	if (is_there(s, s->places.keys, TW_KEYS_EPOCH) && !is_there(s, s->places.keys, TW_KEYS_IDENTITY_KEY))
		say(f, "wrong", "keys/%s is missing though the log has begun; put it back from a copy", TW_KEYS_IDENTITY_KEY);
	if (desk)
		check_listener(s, f, desk);
}

static void check_program(const struct tw_setup *s, struct findings *f, const char *name, const char *package)
{
	const char *role = s->options.role_program, *slash = strrchr(role, '/');
	char path[4096];

	(void)snprintf(path, sizeof path, "%.*s%s", name && slash ? (int)(slash + 1 - role) : 0, role, name ? name : role);
	if (access(path, X_OK) != 0)
		say(f, "wrong", "%s cannot be run: %s; install the package %s again", path, strerror(errno), package);
}

static void check_programs(const struct tw_setup *s, struct findings *f)
{
	check_program(s, f, NULL, "thingward-support");
	check_program(s, f, "thingward-hash", "thingward-support");
}

static void check_socket(const struct tw_setup *s, struct findings *f)
{
	const struct tw_pg_where *where = &s->places.where;
	char path[sizeof where->host + sizeof where->port + 16];
	struct stat st;

	(void)snprintf(path, sizeof path, "%s/.s.PGSQL.%s", where->host, where->port);
	TW_CLEANUP(tw_closep) int fd = s->sys->open_path(s->sys, path, O_PATH | O_CLOEXEC, 0);
	if (fd < 0 || s->sys->fstat(s->sys, fd, &st) || !S_ISSOCK(st.st_mode))
		say(f, "wrong", "there is no socket %s; start PostgreSQL, or put the right host into " TW_PG_WHERE_FILE, path);
	else
		say(f, "ok", "the store is in PostgreSQL, database %s at %s", where->database, path);
}

/* Whether the server answers, and to whom, a start tells: from here nobody asks it. */
static void check_line(const struct tw_setup *s, struct findings *f)
{
	const struct tw_pg_where *where = &s->places.where;

	check_program(s, f, "thingward-store", "thingward-support-postgresql");
	if (!is_there(s, s->places.dir, TW_LINE_PASSWORD_FILE))
		say(f, "wrong",
			"store.password: there is no " TW_LINE_PASSWORD_FILE
			" (mode 600), and PostgreSQL over the network lets nobody in without");
	if (!is_there(s, s->places.dir, TW_LINE_TRUST_FILE))
		say(f, "wrong", "store.tls: there is no " TW_LINE_TRUST_FILE " with the authority of the certificate of %s", where->host);
	say(f, "ok", "the store is in PostgreSQL, database %s at %s, port %s, over TLS", where->database, where->host, where->port);
}

/* What is said of PostgreSQL, and whether it is at its place; whether it lets app in, a start tells. */
static void check_store(const struct tw_setup *s, struct findings *f)
{
	if (!s->places.crew[TW_CREW_CORE].program)
		return;
	check_program(s, f, TW_SUPPORT_POSTGRESQL_PROGRAM, "thingward-support-postgresql");
	if (s->places.where.network)
		check_line(s, f);
	else
		check_socket(s, f);
}

tw_err tw_setup_check(struct tw_setup *s)
{
	struct findings f = { 0 };
	struct tw_desk desk;

	s->options.check = true; /* what is missing is not made */
	check_programs(s, &f);
	if (holds(&f, tw_support_places_dirs(s->sys, &s->options, &s->places))) {
		say(&f, "ok", "folders and users");
		const bool known = check_desk(s, &f, &desk);
		check_store(s, &f);
		check_keys(s, &f, known ? &desk : NULL);
	}
	if (f.wrong)
		return TW_RAISE(STATE, "%u of it wrong", f.wrong);
	return TW_OK;
}
