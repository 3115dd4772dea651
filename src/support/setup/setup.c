/* SPDX-License-Identifier: Apache-2.0 */
/* The command line, and what the commands share. */
#include "support/setup/setup.h"

#include "crypto/dnsnames.h"
#include "formats/keydir.h"
#include "base/log.h"
#include "sys/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static const struct {
	const char *first, *second; /* second: NULL: none */
	tw_setup_run *run;
} commands[] = {
	{ "init", NULL, tw_setup_init },
	{ "check", NULL, tw_setup_check },
	{ "certificate", "import", tw_setup_import },
	{ "certificate", "show", tw_setup_show },
	{ "certificate", "reload", tw_setup_reload },
	{ "backup", NULL, tw_setup_backup },
};

static const char **value_of(struct tw_setup *s, const char *name)
{
	const struct {
		const char *name, **value;
	} rows[] = {
		{ "--dir", &s->options.dir },
		{ "--roles", &s->options.roles },
		{ "--role-program", &s->options.role_program },
		{ "--from", &s->from },
		{ "--store", &s->store },
		{ "--chain", &s->chain },
		{ "--key", &s->key },
		{ "--out", &s->out },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].value;
	return NULL;
}

static tw_err find(int argc, char *const *argv, int *ret_at, tw_setup_run **ret)
{
	for (size_t i = 0; argc > 1 && i < TW_COUNT(commands); i++) {
		const bool two = commands[i].second;

		if (strcmp(argv[1], commands[i].first) != 0 || (two && (argc < 3 || strcmp(argv[2], commands[i].second) != 0)))
			continue;
		*ret_at = two ? 3 : 2;
		*ret = commands[i].run;
		return TW_OK;
	}
	return TW_RAISE(SYNTAX, "say what to do: init, check, certificate import, certificate show, certificate reload or backup");
}

tw_err tw_setup_parse(int argc, char *const *argv, struct tw_setup *ret, tw_setup_run **ret_run)
{
	struct tw_setup s = *ret;
	int at = 0;

	TW_TRY(find(argc, argv, &at, ret_run));
	for (int i = at; i < argc; i++) {
		const char **value = value_of(&s, argv[i]);

		if (!value)
			return TW_RAISE(SYNTAX, "unknown word '%s'; see thingward-support --help", argv[i]);
		if (++i >= argc)
			return TW_RAISE(SYNTAX, "%s wants a value", argv[i - 1]);
		*value = argv[i];
	}
	if (!s.options.dir || !*s.options.dir)
		return TW_RAISE(SYNTAX, "say which directory: --dir DIR");
	if (*ret_run == tw_setup_import && (!s.chain || !s.key))
		return TW_RAISE(SYNTAX, "certificate import wants --chain FILE and --key FILE");
	if (s.store && *ret_run != tw_setup_init)
		return TW_RAISE(SYNTAX, "--store is a word of init: a store is not changed for another later");
	if (*ret_run == tw_setup_backup && (!s.out || !*s.out))
		return TW_RAISE(SYNTAX, "backup wants --out FOLDER");
	*ret = s;
	return TW_OK;
}

/* --- Files --- */

tw_err tw_setup_write(const struct tw_setup *s, int dir, const char *name, const struct tw_buf *content)
{
	struct stat st;

	if (s->sys->fstat(s->sys, dir, &st))
		return TW_RAISE_ERRNO("looking at the folder of %s", name);
	const uid_t uid = geteuid();
	const gid_t gid = getegid();
	if (uid == 0 && (setegid(st.st_gid) != 0 || seteuid(st.st_uid) != 0))
		return TW_RAISE_ERRNO("writing %s as user %u", name, st.st_uid);
	tw_err e = tw_durable_replace(s->sys, dir, name, content->data, content->size, 0600);
	if (uid == 0 && (seteuid(uid) != 0 || setegid(gid) != 0))
		abort(); /* as whom we would go on nobody knows */
	return e;
}

tw_err tw_setup_read(const struct tw_sys *sys, const char *path, size_t max, struct tw_buf *ret)
{
	TW_CLEANUP(tw_closep) int fd = sys->open_path(sys, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	ssize_t n = 0;
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return TW_RAISE(NOTFOUND, "there is no file %s", path);
	if (fd < 0 || sys->fstat(sys, fd, &st))
		return TW_RAISE_ERRNO("reading %s", path);
	if (!S_ISREG(st.st_mode) || st.st_size > (off_t)max)
		return TW_RAISE(LIMIT, "%s is no file of at most %zu bytes", path, max);
	TW_TRY(tw_buf_reserve(ret, max + 1));
	while (ret->size <= max && (n = sys->read(sys, fd, ret->data + ret->size, max + 1 - ret->size)) > 0)
		ret->size += (size_t)n;
	if (n < 0)
		return TW_RAISE_ERRNO("reading %s", path);
	ret->data[ret->size] = '\0'; /* as every buffer ends */
	return ret->size > max ? TW_RAISE(LIMIT, "%s has more than %zu bytes", path, max) : TW_OK;
}

/* --- The site and its certificate --- */

void tw_setup_host(const char *site, char ret[TW_SETUP_HOST_MAX])
{
	const char *at = strncmp(site, "https://", 8) == 0 ? site + 8 : site;
	const bool six = *at == '[';
	size_t size = strcspn(at + six, six ? "]" : ":/");

	(void)snprintf(ret, TW_SETUP_HOST_MAX, "%.*s", (int)size, at + six);
}

bool tw_setup_is_name(const char *host)
{
	const char *last = strrchr(host, '.');
	const char *label = last ? last + 1 : host;

	return *label && strcmp(host, "localhost") != 0 && !strchr(host, ':') && label[strspn(label, "0123456789")];
}

tw_err tw_setup_listener(const struct tw_setup *s, tw_key **ret_key, struct tw_site_chain *ret)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf text = { 0 };

	tw_buf_init(&text, s->sys, TW_KEYS_FILE_MAX);
	TW_TRY(tw_buf_reserve(&text, TW_KEYS_FILE_MAX));
	TW_TRY(tw_durable_read(s->sys, s->places.keys, TW_KEYS_LISTENER, TW_KEYS_FILE_MAX, &text));
	return tw_listener_read_chain(s->sys, tw_buf_slice(&text), ret_key, ret);
}

tw_err tw_setup_make_listener(const struct tw_setup *s, const char *host)
{
	const struct tw_cert_want want = {
		.common_name = strlen(host) <= 64 ? host : "thingward-support", .dns = host, .is_server = true, .not_before_ms = s->now_ms
	};
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;

	if (tw_setup_is_name(host)) {
		TW_TRY(tw_key_generate(s->sys, &key));
		TW_TRY(tw_cert_make(s->sys, &want, key, NULL, key, &cert));
	} else {
		TW_TRY(tw_listener_make(s->sys, &key, &cert));
	}
	tw_buf_init(&b, s->sys, TW_KEYS_FILE_MAX);
	TW_TRY(tw_listener_write(key, cert, &b));
	return tw_setup_write(s, s->places.keys, TW_KEYS_LISTENER, &b);
}
