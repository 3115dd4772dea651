/* SPDX-License-Identifier: Apache-2.0 */
/* Every file is durable when the call returns, so that the registry's "complete" after the last one is true. */
#include "tool/device-dirs.h"

#include "formats/keydir.h"
#include "sys/durable.h"
#include "tool/files.h"

#include <fcntl.h>

void tw_device_dirs_done(struct tw_device_dirs *d)
{
	tw_closep(&d->state);
	tw_closep(&d->config);
}

tw_err tw_device_dirs_open(struct tw_tool *t, const struct tw_args *a, struct tw_device_dirs *ret)
{
	TW_CLEANUP(tw_device_dirs_done)
	struct tw_device_dirs d = { .t = t, .state = -1, .config = -1, .state_path = tw_arg(a, "state") };

	TW_TRY(tw_dir_make(t->sys, tw_arg(a, "config"), 0755, &d.config));
	TW_TRY(tw_dir_make(t->sys, d.state_path, 0755, &d.state));
	TW_TRY(tw_unit_roles(t, a, d.config, &d.roles));
	*ret = d;
	d.state = d.config = -1; /* handed over: the cleanup finds nothing */
	return TW_OK;
}

/* The state directory must be empty of another unit's identity. */
static tw_err check_state(const struct tw_device_dirs *d, const char *again)
{
	const struct tw_sys *sys = d->t->sys;
	TW_CLEANUP(tw_cert_freep) tw_cert *old = NULL;
	TW_CLEANUP(tw_closep) int keys = sys->open_beneath(sys, d->state, "keys", O_RDONLY | O_DIRECTORY, 0);
	TW_CLEANUP(tw_buf_done) struct tw_buf uri = { 0 };

	tw_buf_init(&uri, sys, TW_IDENTIFIER_MAX);
	if (keys < 0 || !tw_file_exists(sys, keys, TW_KEYS_IDENTITY_CERT))
		return TW_OK;
	TW_TRY(tw_cert_fetch(sys, keys, TW_KEYS_IDENTITY_CERT, &old));
	TW_TRY(tw_cert_uri(old, &uri));
	if (again && !strcmp(tw_buf_cstr(&uri), again))
		return TW_OK;
	return tw_fail(d->t, TW_EXIT_FAILED, "an empty state directory; a unit keeps its identity for life",
		TW_RAISE(EXISTS, "%s is provisioned already, as %s", d->state_path, tw_buf_cstr(&uri)));
}

tw_err tw_device_dirs_check(const struct tw_device_dirs *d, const char *again, const char *label)
{
	const struct tw_label_claim claim = { .identifier = again };

	TW_TRY(check_state(d, again));
	return label ? tw_unit_label_check(d->t, label, &claim) : TW_OK;
}

/* As root, what a role reads belongs to the role; otherwise everything is the developer's anyway. */
static tw_err give(const struct tw_device_dirs *d, int dir, const char *name, int flags, enum tw_role_name role)
{
	const struct tw_sys *sys = d->t->sys;
	const struct tw_role_ids *ids = &d->roles.row[role];

	if (geteuid() != 0)
		return TW_OK;
	TW_CLEANUP(tw_closep) int fd = sys->open_beneath(sys, dir, name, O_RDONLY | flags, 0);
	if (fd < 0 || sys->fchown(sys, fd, ids->uid, ids->gid) != 0)
		return TW_RAISE_ERRNO("giving %s to its role", name);
	return tw_durable_sync_dir(sys, fd);
}

tw_err tw_device_dirs_key_file(const struct tw_device_dirs *d, int keys, const char *name, struct tw_slice content)
{
	TW_TRY(tw_durable_replace(d->t->sys, keys, name, content.at, content.size, 0600));
	return give(d, keys, name, 0, TW_ROLE_KEYS);
}

static tw_err secret_file(const struct tw_device_dirs *d, int keys, const char *name, const tw_secret *s)
{
	return tw_device_dirs_key_file(d, keys, name, (struct tw_slice){ (const char *)tw_secret_bytes(s), tw_secret_size(s) });
}

tw_err tw_device_dirs_keys(const struct tw_device_dirs *d, int *ret_keys)
{
	TW_TRY(tw_dir_beneath(d->t->sys, d->state, "keys", 0700, ret_keys));
	return give(d, d->state, "keys", O_DIRECTORY, TW_ROLE_KEYS);
}

static tw_err other_dirs(const struct tw_device_dirs *d)
{
	TW_CLEANUP(tw_closep) int core = -1, log = -1, boot = -1;

	TW_TRY(tw_dir_beneath(d->t->sys, d->state, "core", 0700, &core));
	TW_TRY(give(d, d->state, "core", O_DIRECTORY, TW_ROLE_CORE));
	TW_TRY(tw_dir_beneath(d->t->sys, d->state, "log", 0700, &log));
	TW_TRY(give(d, d->state, "log", O_DIRECTORY, TW_ROLE_CORE));
	return tw_dir_beneath(d->t->sys, d->state, "boot", 0700, &boot);
}

tw_err tw_device_dirs_state(const struct tw_device_dirs *d, const struct tw_unit *u)
{
	TW_CLEANUP(tw_closep) int keys = -1;

	TW_TRY(other_dirs(d));
	TW_TRY(tw_device_dirs_keys(d, &keys));
	TW_TRY(tw_durable_remove(d->t->sys, keys, TW_KEYS_IDENTITY_CERT));
	TW_TRY(secret_file(d, keys, TW_KEYS_SECRET, u->secret));
	TW_TRY(secret_file(d, keys, TW_KEYS_LOG_MASTER, u->master));
	TW_TRY(tw_device_dirs_key_file(d, keys, TW_KEYS_LISTENER, tw_buf_slice(&u->listener)));
	return u->key.size ? tw_device_dirs_key_file(d, keys, TW_KEYS_IDENTITY_KEY, tw_buf_slice(&u->key)) : TW_OK;
}

tw_err tw_device_dirs_cert(const struct tw_device_dirs *d, const struct tw_unit *u)
{
	TW_CLEANUP(tw_closep) int keys = -1;

	TW_TRY(tw_device_dirs_keys(d, &keys));
	return tw_device_dirs_key_file(d, keys, TW_KEYS_IDENTITY_CERT, tw_buf_slice(&u->cert));
}

tw_err tw_device_dirs_config(const struct tw_device_dirs *d, struct tw_slice manifest, const tw_cert *anchor)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf roles = { 0 };
	const struct tw_sys *sys = d->t->sys;

	tw_buf_init(&roles, sys, TW_ROLES_MAX);
	TW_TRY(tw_roles_write(&d->roles, &roles));
	TW_TRY(tw_durable_replace(sys, d->config, "product.manifest", manifest.at, manifest.size, 0644));
	TW_TRY(tw_cert_store(sys, d->config, "manufacturer.crt", anchor, 0644));
	return tw_durable_replace(sys, d->config, TW_ROLES_FILE, roles.data, roles.size, 0644);
}

tw_err tw_device_dirs_label(
	const struct tw_device_dirs *d, const struct tw_unit *u, const tw_cert *anchor, const char *path, const char *address)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };

	tw_buf_init(&b, d->t->sys, TW_UNIT_LABEL_MAX);
	TW_TRY(tw_buf_reserve(&b, TW_UNIT_LABEL_MAX));
	TW_TRY(tw_unit_label(u, anchor, address, &b));
	return tw_file_write(d->t->sys, path, b.data, b.size, 0600);
}
