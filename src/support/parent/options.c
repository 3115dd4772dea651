/* SPDX-License-Identifier: Apache-2.0 */
#include "support/parent/places.h"

#include "base/mem.h"

#include <string.h>

const char tw_support_help[] =
	"Usage: thingward-support serve --dir DIR [--listen ADDR:PORT]\n"
	"\n"
	"The manufacturer's server for product security. Ends on SIGTERM.\n"
	"\n"
	"  --dir DIR            where its database, log and keys live; belongs to who starts it, mode 700\n"
	"  --listen ADDR:PORT   where HTTPS is offered, a numeric address ([::]:8443); port 0: any, DIR/listening says which\n"
	"  --roles FILE         as root: user and group ids of the roles app, front, keys, hash and mail (DIR/roles.tab)\n"
	"  --role-program FILE  the program of the roles\n"
	"  -n                   check what is configured, then end\n"
	"  --help               print this\n"
	"\n"
	"Ends with 0 when it was asked to end, 1 when it cannot go on, 2 when the command line is wrong.\n";

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
