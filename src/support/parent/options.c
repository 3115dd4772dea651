/* SPDX-License-Identifier: Apache-2.0 */
#include "support/parent/places.h"

#include "base/mem.h"

#include <string.h>

const char tw_support_help[] =
	"Usage: thingward-support COMMAND --dir DIR [OPTIONS]\n"
	"\n"
	"The manufacturer's server for product security.\n"
	"\n"
	"  init                 asks whose it is, and writes DIR/app/desk.json; what to do next comes last\n"
	"  check                says what would keep it from starting, or from being reached\n"
	"  certificate import   takes the certificate (--chain) and key (--key) under which the site is known; a running server goes on with it\n"
	"  certificate show     names, fingerprint and end of the present one\n"
	"  certificate reload   has a running server take the one that lies in DIR/keys\n"
	"  backup               a whole copy of a running server (--out), keys and all; says how to restore it\n"
	"  serve                offers it; ends on SIGTERM\n"
	"\n"
	"  --dir DIR            where its database, log and keys live; belongs to who starts it, mode 700\n"
	"  --listen ADDR:PORT   where HTTPS is offered, a numeric address ([::]:8443); port 0: any, DIR/listening says which\n"
	"  --roles FILE         as root: user and group ids of the roles app, front, keys, hash and mail (DIR/roles.tab)\n"
	"  --role-program FILE  the program of the roles\n"
	"  -n                   of serve: look at folders and ids, then end\n"
	"  --from FILE          of init: the answers, as desk.json has them, in place of questions\n"
	"  --store ADDRESS      of init: keep the store in PostgreSQL, postgresql:///DATABASE?host=/DIRECTORY&user=NAME, and not in a file in DIR\n"
	"  --chain FILE         of certificate import: PEM, the site's certificate first, then what vouches for it\n"
	"  --key FILE           of certificate import: PEM, its private key (P-256, PKCS#8, not encrypted)\n"
	"  --out FOLDER         of backup: where it goes; nothing may be there\n"
	"  --help               print this\n"
	"\n"
	"Ends with 0 when it was asked to end or all is well, 1 when it cannot go on or something is wrong, 2 when the command line is wrong.\n";

bool tw_support_sets_up(const char *word)
{
	static const char *const words[] = { "init", "check", "certificate", "backup" };

	for (size_t i = 0; word && i < TW_COUNT(words); i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

static const struct row {
	const char *name;
	size_t offset;
	bool flag;
} rows[] = {
	{ "--dir", offsetof(struct tw_support_options, dir), false },
	{ "--listen", offsetof(struct tw_support_options, listen), false },
	{ "--roles", offsetof(struct tw_support_options, roles), false },
	{ "--role-program", offsetof(struct tw_support_options, role_program), false },
	{ "-n", offsetof(struct tw_support_options, check), true },
	{ "--help", offsetof(struct tw_support_options, help), true },
};

static const struct row *find(const char *name)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (strcmp(name, rows[i].name) == 0)
			return &rows[i];
	return NULL;
}

tw_err tw_support_options_parse(int argc, char *const *argv, struct tw_support_options *ret)
{
	struct tw_support_options o = { .listen = "[::]:8443", .role_program = TW_ROLE_PROGRAM };
	bool serve = argc > 1 && strcmp(argv[1], "serve") == 0;

	for (int i = serve ? 2 : 1; i < argc; i++) {
		const struct row *r = find(argv[i]);

		if (!r)
			return TW_RAISE(SYNTAX, "unknown word '%s'; see thingward-support --help", argv[i]);
		if (r->flag)
			*(bool *)(void *)((char *)&o + r->offset) = true;
		else if (++i < argc)
			*(const char **)(void *)((char *)&o + r->offset) = argv[i];
		else
			return TW_RAISE(SYNTAX, "%s wants a value", r->name);
	}
	if (!o.help && !serve)
		return TW_RAISE(SYNTAX, "say what to do: thingward-support serve --dir DIR");
	if (!o.help && (!o.dir || !*o.dir))
		return TW_RAISE(SYNTAX, "serve wants --dir DIR");
	*ret = o;
	return TW_OK;
}
