/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read a manifest share. */
#ifndef TW_FORMATS_MANIFEST_INSIDE_H
#define TW_FORMATS_MANIFEST_INSIDE_H
#include "formats/manifest.h"

#define TW_MANIFEST_HELP_MAX 1024

struct tw_manifest_access {
	struct tw_manifest_permission *permissions;
	struct tw_manifest_role *roles;
	size_t permission_count, role_count;
};
/* "access" of the application, NULL when it has none. The arrays are the caller's, also when it fails. SYNTAX, LIMIT. */
tw_err tw_manifest_access_read(const struct tw_sys *sys, const json_t *access, struct tw_manifest_access *ret);
/* "providers" of the application, NULL when it has none; ret: room for TW_MANIFEST_PROVIDERS. SYNTAX, LIMIT. */
tw_err tw_manifest_providers_read(const json_t *list, struct tw_manifest_provider *ret, size_t *ret_count);
#endif
