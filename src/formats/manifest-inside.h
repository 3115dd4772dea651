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
struct tw_manifest_surface {
	struct tw_manifest_interface *interfaces;
	struct tw_manifest_flow *flows;
	size_t interface_count, flow_count;
};
/* "access" of the application, NULL when it has none. The arrays are the caller's, also when it fails. SYNTAX, LIMIT. */
tw_err tw_manifest_access_read(const struct tw_sys *sys, const json_t *access, struct tw_manifest_access *ret);
/* "providers" of the application, NULL when it has none; ret: room for TW_MANIFEST_PROVIDERS. SYNTAX, LIMIT. */
tw_err tw_manifest_providers_read(const json_t *list, struct tw_manifest_provider *ret, size_t *ret_count);
/* "remote-access" of the application, NULL when it has none. SYNTAX, LIMIT. */
tw_err tw_manifest_remote_read(const json_t *list);
/* "interfaces" and "flows", NULL when the product declares none. The arrays are the caller's, also when it fails. SYNTAX, LIMIT. */
tw_err tw_manifest_surface_read(const struct tw_sys *sys, const json_t *interfaces, const json_t *flows, struct tw_manifest_surface *ret);
tw_err tw_manifest_surface_write(const struct tw_manifest *m, json_t *payload); /* nothing where nothing is declared */
#endif
