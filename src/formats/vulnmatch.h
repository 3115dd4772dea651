/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a vulnerability record mean a component? Every entry of the record that may mean it is told, with what ties both together, the
 * verdict over its version, the place in the record that decided, and a sentence for a person. Entries that name another package are
 * passed over in silence; withdrawn and rejected records too.
 *
 * A name alone ties nothing: what has only that in common is told as TW_VULN_BY_NAME, and says so. What cannot be decided is told as
 * such, with the reason, and never as unaffected.
 */
#ifndef TW_FORMATS_VULNMATCH_H
#define TW_FORMATS_VULNMATCH_H
#include "formats/cpe.h"
#include "formats/purl.h"
#include "formats/vulnfeed.h"

/* As an inventory has it. Absent is NULL or "". */
struct tw_vuln_component {
	const char *name, *version, *purl, *cpe;
};
/* Made once of each, and matched with many records. */
struct tw_vuln_subject {
	const struct tw_sys *sys;
	const char *name, *version; /* "" when absent. The version: the component's, else its purl's, else its CPE name's */
	const char *upstream; /* of a distribution's package: without epoch, revision, and what stands behind '+' (but "+really"); else as version */
	bool has_purl, has_cpe;
	struct tw_purl purl;
	struct tw_cpe cpe; /* borrows the component's text */
	struct tw_buf own_version, own_upstream;
};
/* SYNTAX, LIMIT: of its purl or CPE name, which comes first in the detail. The component's texts have to stay. */
tw_err tw_vuln_subject_init(const struct tw_sys *sys, const struct tw_vuln_component *c, struct tw_vuln_subject *ret);
void tw_vuln_subject_done(struct tw_vuln_subject *s); /* of a zeroed one too */
/* The package that a distribution's package was built from, by its purl's `upstream`; empty: it does not say. */
struct tw_slice tw_vuln_source(const struct tw_vuln_subject *s);

enum tw_vuln_by {
	TW_VULN_BY_PURL,    /* the record's purl */
	TW_VULN_BY_PACKAGE, /* an ecosystem's package, which has one purl */
	TW_VULN_BY_CPE,     /* a CPE name that includes the component's */
	TW_VULN_BY_VENDOR,  /* vendor and product, as the component's CPE name has them */
	TW_VULN_BY_NAME,    /* nothing but the name */
};
const char *tw_vuln_by_name(enum tw_vuln_by by); /* "purl", "package", "cpe", "vendor", "name" */
enum tw_vuln_verdict { TW_VULN_AFFECTED, TW_VULN_UNAFFECTED, TW_VULN_UNDECIDED };

/* Borrowed for the call; of others' words, not for a terminal as they are. */
struct tw_vuln_match {
	enum tw_vuln_by by;
	enum tw_vuln_verdict verdict;
	const char *identifier; /* the record's, that ties both: "pkg:deb/debian/curl", "Debian:12 curl", "cpe:2.3:a:haxx:curl:..." */
	const char *place;      /* JSON pointer to the range or the version that decided, or to the entry */
	const char *reason;
};
typedef tw_err (*tw_vuln_tell)(void *user, const struct tw_vuln_match *m); /* an error ends the matching and comes out of it */

/*
 * Of records that tw_osv_read and tw_cve_read made. OK also where nothing was told. OSV: a record of a distribution's release is passed over where the
 * component's purl names another one (`distro`); where either does not say, what it calls unaffected is undecided.
 */
tw_err tw_vuln_match_osv(const struct tw_vuln_subject *s, const json_t *record, tw_vuln_tell tell, void *user);
tw_err tw_vuln_match_cve(const struct tw_vuln_subject *s, const json_t *record, tw_vuln_tell tell, void *user);
#endif
