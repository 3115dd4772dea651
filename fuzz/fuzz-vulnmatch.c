/* SPDX-License-Identifier: Apache-2.0 */
/* A component (name, version, purl and CPE name, a line each) and a record, OSV or CVE: whatever is told has a place in the record, and
   text for the rest. */
#include "base/text.h"
#include "formats/vulnmatch.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static tw_err on_match(void *user, const struct tw_vuln_match *m)
{
	if (*m->place != '/' || !*m->reason || !tw_utf8_valid(tw_slice_of(m->reason)) || !tw_utf8_valid(tw_slice_of(m->identifier)) ||
		m->verdict > TW_VULN_UNDECIDED || (m->by == TW_VULN_BY_NAME && strncmp(m->reason, "only the name", 13) != 0))
		abort();
	return TW_OK;
}

static const char *take_line(struct tw_slice *s, char ret[600])
{
	const char *end = s->size ? memchr(s->at, '\n', s->size) : NULL;
	size_t size = end ? (size_t)(end - s->at) : s->size;

	(void)snprintf(ret, 600, "%.*s", (int)(size < 599 ? size : 599), s->size ? s->at : "");
	*s = (struct tw_slice){ s->at + size + !!end, s->size - size - !!end };
	return ret;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_slice text = { (const char *)data, size };
	char lines[4][600];
	struct tw_vuln_component c = { 0 };
	struct tw_vuln_subject s;
	json_t *record = NULL;

	tw_json_use(tw_sys_real());
	c.name = take_line(&text, lines[0]);
	c.version = take_line(&text, lines[1]);
	c.purl = take_line(&text, lines[2]);
	c.cpe = take_line(&text, lines[3]);
	if (tw_failed(tw_vuln_subject_init(tw_sys_real(), &c, &s)))
		return 0;
	if (!tw_failed(tw_osv_read(text, &record)) && tw_failed(tw_vuln_match_osv(&s, record, on_match, NULL)))
		abort();
	json_decref(record);
	record = NULL;
	if (!tw_failed(tw_cve_read(text, &record)) && tw_failed(tw_vuln_match_cve(&s, record, on_match, NULL)))
		abort();
	json_decref(record);
	tw_vuln_subject_done(&s);
	return 0;
}
