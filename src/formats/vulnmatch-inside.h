/* SPDX-License-Identifier: Apache-2.0 */
/* Among the files vulnmatch*.c: one matching on its way, and what is told of an entry. */
#ifndef TW_FORMATS_VULNMATCH_INSIDE_H
#define TW_FORMATS_VULNMATCH_INSIDE_H
#include "formats/range.h"
#include "formats/vulnmatch.h"

struct tw_vuln_run {
	const struct tw_vuln_subject *s;
	tw_vuln_tell tell;
	void *user;
	const char *version; /* of OSV: the component's, or of the package that it was built from */
	bool other_release;  /* of OSV: the record may be of another release of the distribution */
	struct tw_vuln_match m;
	char identifier[TW_CPE_MAX + 1], place[160], reason[512];
};
void tw_vuln_place(struct tw_vuln_run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tw_vuln_identify(struct tw_vuln_run *r, enum tw_vuln_by by, const char *format, ...) __attribute__((format(printf, 3, 4)));
tw_err tw_vuln_say(struct tw_vuln_run *r, enum tw_vuln_verdict verdict, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool tw_vuln_later_by_apk(const struct tw_vuln_subject *s, const char *version); /* has a suffix that comes after its version with apk alone */
/* cpeApplicability of a CVE record's container: what it comes to for a component with a CPE name is told once. */
tw_err tw_vuln_applies(struct tw_vuln_run *r, const json_t *container, const char *place);
/* Whether the record's CPE name includes the component's, by what says which product it is: versions and updates count where versioned. A component of any
   part is of the record's: that is how Yocto writes CPE names, and vendor and product still have to be said. */
bool tw_vuln_names(const struct tw_cpe *record, const struct tw_cpe *component, bool versioned);
bool tw_vuln_kernel(const json_t *product); /* of a CVE record: what the kernel's CNA calls Linux, and CPE names linux_kernel */
bool tw_vuln_undecidable(tw_err e);         /* no fault of ours: of the versions or the record */
#endif
