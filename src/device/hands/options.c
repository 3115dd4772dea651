/* SPDX-License-Identifier: Apache-2.0 */
#include "device/hands/options.h"

#include "base/mem.h"

#include <string.h>

enum kind { FLAG, TEXT, LISTEN };
struct option_row {
	const char *name, *argument;
	enum kind kind;
	size_t offset;
	const char *default_text, *help;
};
#define AT(field) offsetof(struct tw_hands_options, field)
static const struct option_row rows[] = {
	{ "-f", NULL, FLAG, AT(foreground), NULL, "stay in the foreground" },
	{ "-n", NULL, FLAG, AT(check), NULL, "check what is configured, then end" },
	{ "--help", NULL, FLAG, AT(help), NULL, "print this" },
	{ "--state", "DIR", TEXT, AT(state), "/var/lib/thingward", "where state lives" },
	{ "--run", "DIR", TEXT, AT(run), "/run/thingward", "where the local sockets are made" },
	{ "--config", "DIR", TEXT, AT(config), "/etc/thingward", "product manifest and manufacturer certificate" },
	{ "--roles", "FILE", TEXT, AT(roles), NULL, "user and group ids of the roles (CONFIG/roles.tab)" },
	{ "--listen", "ADDR:PORT", LISTEN, AT(listen), NULL, "where HTTPS is offered; repeatable ([::]:8443)" },
	{ "--console", "TTY", TEXT, AT(console), NULL, "terminal at which a person is present" },
	{ "--role-program", "FILE", TEXT, AT(role_program), TW_ROLE_PROGRAM, "the program of the other roles" },
	{ "--keystore", "KIND", TEXT, AT(keystore), NULL,
		"where private keys live: file (the default), tpm:device:PATH, pkcs11:module=PATH;token=LABEL" },
	{ "--keystore-pin", "FILE", TEXT, AT(keystore_pin), NULL, "with the PIN of a PKCS#11 token, readable by root alone" },
	{ "--root-secret", "FILE", TEXT, AT(root_secret), NULL, "what opens the keystore: a fuse, a cell or a credential off the disk" },
	{ "--packages", "KIND:DIR", TEXT, AT(packages), NULL, "package database: debian, ubuntu, opkg, alpine, image (debian:/var/lib/dpkg)" },
	{ "--inventory-root", "DIR", TEXT, AT(inventory_root), "/", "whose files the inventory is held against" },
	{ "--watchdog", "DEVICE", TEXT, AT(watchdog), NULL, "hardware watchdog to feed while the device is well" },
};

static tw_err take(const struct option_row *row, const char *value, struct tw_hands_options *o)
{
	char *at = (char *)o + row->offset;

	if (row->kind == FLAG) {
		*(bool *)(void *)at = true;
	} else if (row->kind == TEXT) {
		*(const char **)(void *)at = value;
	} else {
		if (o->listen_count == TW_LISTEN_MAX)
			return TW_RAISE(SYNTAX, "%s may be given %d times", row->name, TW_LISTEN_MAX);
		o->listen[o->listen_count++] = value;
	}
	return TW_OK;
}

tw_err tw_hands_options_parse(int argc, char *const *argv, struct tw_hands_options *ret)
{
	struct tw_hands_options o = { 0 };

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (rows[i].default_text)
			TW_TRY(take(&rows[i], rows[i].default_text, &o));
	for (int i = 1; i < argc; i++) {
		size_t row = 0;

		while (row < TW_COUNT(rows) && strcmp(rows[row].name, argv[i]) != 0)
			row++;
		if (row == TW_COUNT(rows))
			return TW_RAISE(SYNTAX, "unknown option '%s'; --help lists them", argv[i]);
		if (rows[row].kind != FLAG && i + 1 == argc)
			return TW_RAISE(SYNTAX, "%s wants %s", rows[row].name, rows[row].argument);
		TW_TRY(take(&rows[row], rows[row].kind == FLAG ? NULL : argv[++i], &o));
	}
	if (o.listen_count == 0)
		o.listen[o.listen_count++] = "[::]:8443";
	*ret = o;
	return TW_OK;
}

tw_err tw_hands_options_help(struct tw_buf *ret)
{
	TW_TRY(tw_buf_text(ret, "usage: thingward-device [option...]\n\n"));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const char *argument = rows[i].argument ? rows[i].argument : "";

		TW_TRY(tw_buf_format(ret, "  %-16s %-10s %s", rows[i].name, argument, rows[i].help));
		TW_TRY(rows[i].default_text ? tw_buf_format(ret, " (%s)\n", rows[i].default_text) : tw_buf_text(ret, "\n"));
	}
	return TW_OK;
}
