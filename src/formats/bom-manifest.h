/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `make legal-info` of Buildroot lists: manifest.csv of what it built for the target, host-manifest.csv of what it built for the machine that builds.
 * Both become one document of the form that `make show-info` has, with type, name and version of each package, so that it is read as that is
 * (bom.h). It names no package by a CPE name and says nothing of vulnerabilities: where there is the choice, show-info says more.
 *
 * Columns go by their names, since Buildroot added to them. Which of the two files it is, its rows say: in the host's Buildroot lists itself, and packages of
 * the machine that builds ("host-...") are named in no other's column of dependencies.
 */
#ifndef TW_FORMATS_BOM_MANIFEST_H
#define TW_FORMATS_BOM_MANIFEST_H
#include "base/json.h"

#define TW_MANIFEST_ROWS_MAX 20000 /* Buildroot has some 3,000 packages */

bool tw_bom_is_manifest(struct tw_slice text); /* by the name of its first column */
/* Adds its packages to the document. SYNTAX, LIMIT: "line 3: ...". */
tw_err tw_bom_manifest(const struct tw_sys *sys, struct tw_slice text, json_t *document);
#endif
