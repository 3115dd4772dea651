/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inventories that others wrote: CycloneDX 1.4 to 1.6, SPDX 2.2, 2.3 and 3.0, and what `make show-info` of Buildroot says, all in JSON, as one
 * list of components to match (vulnmatch.h). Only what identifies a component is checked and read; what our devices write of themselves is
 * checked in full by sbom.h.
 *
 * Of CycloneDX: components, and those inside components (ECMA-424, 5.1 and 5.2). Of SPDX 2: packages with their external references of
 * type purl, cpe23Type and cpe22Type (SPDX 2.3, 7 and annex F). Of SPDX 3: the elements software_Package of @graph with package URL and
 * external identifiers; not what a build took in of purpose source, patch or archive and without any of these: the sources of packages, and the
 * image itself, as Yocto writes them. Of Buildroot's packages those of the target that are not virtual; those of the machine that builds are left out of its
 * CycloneDX too (BR_TYPE). Whether a purl or a CPE name is one is left to tw_vuln_subject_init(), so that one that is wrong does not cost the
 * other components.
 */
#ifndef TW_FORMATS_BOM_H
#define TW_FORMATS_BOM_H
#include "base/json.h"
#include "formats/vulnmatch.h"

#define TW_BOM_MAX (256 * 1024 * 1024) /* bytes; a distribution's image with all its files has a tenth of it */
#define TW_BOM_REF_MAX 1024            /* bytes of a component's id */
#define TW_BOM_PARTS_MAX 200000        /* packages of a whole distribution */

struct tw_bom_part {
	struct tw_vuln_component c;
	const char *id;   /* bom-ref, SPDXID, spdxId, Buildroot's name; "" when absent */
	const char *kind; /* type or purpose as the document spells it; "" when absent */
	bool again;       /* the component before it once more, with another of its purls or CPE names */
	/* Where it stands: for tw_bom_place(). */
	const json_t *object;
	size_t up, index;
};
enum tw_bom_kind { TW_BOM_UNKNOWN, TW_BOM_CYCLONEDX, TW_BOM_SPDX2, TW_BOM_SPDX3, TW_BOM_BUILDROOT };
/* By the members that only one of them has; its version is not looked at. */
enum tw_bom_kind tw_bom_kind_of(const json_t *document);

struct tw_bom {
	enum tw_bom_kind kind;
	json_t *document; /* owns all texts */
	struct tw_bom_part *of;
	size_t count, capacity;
	size_t left_out; /* of SPDX 3: what builds took in that is no component */
	size_t of_host;  /* of Buildroot: packages of the machine that builds, which are on no device */
};
/* SYNTAX begins with the JSON pointer (RFC 6901) of what is wrong. UNSUPPORTED: another format or version. LIMIT: too much. */
tw_err tw_bom_read(const struct tw_sys *sys, struct tw_slice text, struct tw_bom *ret);
/* The same of a document that was parsed already, of which *ret keeps a reference. */
tw_err tw_bom_of(const struct tw_sys *sys, json_t *document, struct tw_bom *ret);
void tw_bom_done(struct tw_bom *i); /* of a zeroed one too */
/* Adds the JSON pointer of a part: "/components/3/components/0". */
tw_err tw_bom_place(const struct tw_bom *i, size_t part, struct tw_buf *ret);
#endif
