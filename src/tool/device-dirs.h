/* SPDX-License-Identifier: Apache-2.0 */
/* The two directories of a device, as the workshop leaves them for its first start. */
#ifndef TW_TOOL_DEVICE_DIRS_H
#define TW_TOOL_DEVICE_DIRS_H
#include "tool/unit.h"

struct tw_device_dirs {
	struct tw_tool *t;
	int state, config;
	const char *state_path;
	struct tw_roles roles;
};
void tw_device_dirs_done(struct tw_device_dirs *d);
/* From --state, --config and --roles. */
tw_err tw_device_dirs_open(struct tw_tool *t, const struct tw_args *a, struct tw_device_dirs *ret);
/* EXISTS: another unit lives there, or the label is another's. again: the unit that a run before was cut off at, or NULL. label NULL: not
   looked at. */
tw_err tw_device_dirs_check(const struct tw_device_dirs *d, const char *again, const char *label);
tw_err tw_device_dirs_config(const struct tw_device_dirs *d, struct tw_slice manifest, const tw_cert *anchor);
/* All but the certificate, without which the unit has no identity, and the next run begins anew; the key only when it was made here. */
tw_err tw_device_dirs_state(const struct tw_device_dirs *d, const struct tw_unit *u);
tw_err tw_device_dirs_cert(const struct tw_device_dirs *d, const struct tw_unit *u);
tw_err tw_device_dirs_label(
	const struct tw_device_dirs *d, const struct tw_unit *u, const tw_cert *anchor, const char *path, const char *address);
/* One file of the keys role. */
tw_err tw_device_dirs_keys(const struct tw_device_dirs *d, int *ret_keys);
tw_err tw_device_dirs_key_file(const struct tw_device_dirs *d, int keys, const char *name, struct tw_slice content);
#endif
