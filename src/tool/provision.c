/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward provision`: one unit gets its identity, its keys, its configuration and its label.
 *
 * The registry line "begun" comes before the first file and "complete" after the last, so a run that was cut off is known as
 * such: the same serial number is then provisioned anew, with fresh keys. A complete unit is never touched again, and its
 * serial number is never given out twice.
 *
 * @nist DI.IMS.1: the unit gets its identifier and the certificate that carries it
 */
#include "formats/keydir.h"
#include "sys/durable.h"
#include "tool/commands.h"
#include "tool/device-dirs.h"
#include "tool/files.h"
#include "tool/session.h"
#include "tool/unit.h"

const struct tw_option tw_options_provision[] = {
	TW_OPTIONS_DESK,
	{ "serial", "SERIAL", true, "the unit's serial number: letters, digits, '.' and '-'" },
	{ "state", "DIR", true, "the device's state directory (/var/lib/thingward)" },
	{ "config", "DIR", true, "the device's configuration directory (/etc/thingward)" },
	{ "label", "FILE", true, "where the label goes; it holds the take-over secret" },
	{ "record", "FILE", false, "where the signed record goes" },
	{ "address", "HOST:PORT", false, "noted on the label" },
	{ "roles", "FILE", false, "`name uid gid` lines; as root needed unless CONFIG/roles.tab is there" },
	{},
};

static tw_err write_record(const struct tw_desk *d, const struct tw_unit *u, const char *path)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	if (!path)
		return TW_OK;
	tw_buf_init(&b, d->sys, TW_PROVISIONING_MAX);
	TW_TRY(tw_unit_record(d, u, &b));
	return tw_file_write(d->sys, path, b.data, b.size, 0644);
}

static tw_err tell(const struct tw_desk *d, const struct tw_unit *u, const char *label)
{
	if (d->t->json) {
		TW_CLEANUP(tw_jsonp)
		json_t *o = json_pack("{s:s, s:s, s:s, s:s}", "identifier", u->record.identifier, "model", u->record.model,
			"serial", u->serial, "label", label);

		return o ? tw_print_value(d->t, o) : TW_RAISE(NOMEM, "answer");
	}
	return tw_print(d->t, "%s %s\nLabel: %s. It holds the take-over secret: keep it with the unit.\n",
		u->is == TW_UNIT_BEGUN ? "Provisioned again, after a run that was cut off:" : "Provisioned", u->record.identifier, label);
}

static tw_err make(const struct tw_desk *d, struct tw_unit *u, struct tw_device_dirs *dirs, const struct tw_args *a)
{
	const char *label = tw_arg(a, "label");

	TW_TRY(tw_unit_note(d, u, "begun"));
	TW_TRY(tw_registry_sync(d->registry));
	TW_TRY(tw_unit_secrets(d->sys, u));
	TW_TRY(tw_unit_identity(d, u));
	TW_TRY(tw_device_dirs_config(dirs, tw_buf_slice(&d->manifest), d->anchor));
	TW_TRY(tw_device_dirs_state(dirs, u));
	TW_TRY(tw_device_dirs_cert(dirs, u));
	TW_TRY(tw_device_dirs_label(dirs, u, d->anchor, label, tw_arg(a, "address")));
	TW_TRY(write_record(d, u, tw_arg(a, "record")));
	TW_TRY(tw_unit_note(d, u, "complete"));
	TW_TRY(tw_registry_sync(d->registry));
	return tell(d, u, label);
}

tw_err tw_cmd_provision(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_desk_done) struct tw_desk d = { .ca = -1 };
	TW_CLEANUP(tw_unit_done) struct tw_unit u = { 0 };
	TW_CLEANUP(tw_device_dirs_done) struct tw_device_dirs dirs = { .state = -1, .config = -1 };

	TW_TRY(tw_desk_open(t, a, &d));
	tw_unit_init(t->sys, &u);
	TW_TRY(tw_unit_name(&d, tw_arg(a, "serial"), &u));
	TW_TRY(tw_unit_refuse_complete(&d, &u));
	TW_TRY(tw_device_dirs_open(t, a, &dirs));
	TW_TRY(tw_device_dirs_check(&dirs, u.is == TW_UNIT_BEGUN ? u.record.identifier : NULL, tw_arg(a, "label")));
	return make(&d, &u, &dirs, a);
}
