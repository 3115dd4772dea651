/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns what on the device: the root-owned roles.tab, as provisioning writes it. */
#ifndef TW_TOOL_ROLES_H
#define TW_TOOL_ROLES_H
#include "base/buf.h"

#define TW_ROLES_FILE "roles.tab"
#define TW_ROLES_MAX 4096
enum tw_role_name {
	TW_ROLE_CORE,
	TW_ROLE_FRONT,
	TW_ROLE_KEYS,
	TW_ROLE_APPLICATION,
	TW_ROLE_FETCH,
	TW_ROLE_SCAN,
	TW_ROLE_HASH,
	TW_ROLE_WATCH,
	TW_ROLE_FIREWALL,
	TW_ROLE_PARTS,
	TW_ROLE_WIFI,
	TW_ROLE_CELLULAR,
	TW_ROLE_BLUETOOTH,
	TW_ROLE_COUNT
};
#define TW_ROLE_NEEDED TW_ROLE_FETCH /* those before it must be given */
struct tw_role_ids {
	uint32_t uid, gid;
	bool given;
};
struct tw_roles {
	struct tw_role_ids row[TW_ROLE_COUNT];
};
void tw_roles_all(struct tw_roles *r, uint32_t uid, uint32_t gid); /* a developer's desk: one id serves all */
tw_err tw_roles_read(struct tw_slice text, struct tw_roles *ret);  /* SYNTAX names the line */
tw_err tw_roles_write(const struct tw_roles *r, struct tw_buf *ret);
#endif
