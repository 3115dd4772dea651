/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `assess` share. */
#ifndef TW_TOOL_ASSESS_INSIDE_H
#define TW_TOOL_ASSESS_INSIDE_H
#include "tool/ca.h"
#include "tool/probes/probe.h"
#include "tool/rows.h"
#include "tool/transcript.h"

#include "base/text.h"

#define ASSESS_PART ".part" /* behind the name of the evidence: what a run that still goes on has so far */

struct assessment {
	struct tw_tool *t;
	const struct tw_sys *sys;
	const struct tw_args *args;
	struct tw_probe_context c;
	const struct tw_probe *const *tables; /* what can be tried; ends with NULL */
	bool support;                         /* the manufacturer's server is assessed, and not a device */
	json_t *claims;                       /* ids, or NULL */
	json_t *product, *before;
	tw_registry *registry;
	struct tw_buf scan;
	tw_rows *rows;
	json_t *results;
	json_t *into;  /* payload of the evidence that is gone on with, or NULL */
	json_t *about; /* this program, once it was looked at */
	struct tw_transcript transcript;
	struct tw_buf earlier_lines; /* the transcript of what is gone on with */
	int64_t kept_ms;             /* when the part was written last */
	char created[TW_TIME_TEXT_MAX];
};

tw_err tw_assess_begin(struct tw_tool *t, const struct tw_args *args, struct assessment *ret); /* ret is done with also after a failure */
void tw_assess_done(struct assessment *a);
/* intrusive: of a check that ran; what was not asked changed nothing. */
tw_err tw_assess_result(
	struct assessment *a, const char *element, const char *probe, const char *title, bool intrusive, struct tw_finding *f);
/* The words of --element are of checks in these tables, and --into and --resume go together with what else is asked for. */
tw_err tw_assess_over(struct assessment *a, const struct tw_probe *const *tables);
tw_err tw_assess_run(struct assessment *a); /* tries, signs, writes, tells; STATE: a claim is contradicted */
tw_err tw_assess_tell(struct assessment *a, const json_t *evidence); /* prints the verdicts, and where the evidence is */
tw_err tw_assess_into(struct assessment *a);                         /* reads what --into or --resume names, if either does */
const json_t *tw_assess_kept(const struct assessment *a, const char *element, const char *probe); /* NULL: it has none */
tw_err tw_assess_keep(struct assessment *a, const json_t *result);    /* takes over a result as it was */
tw_err tw_assess_part(struct assessment *a);                          /* writes what there is so far, now and then */
tw_err tw_assess_finish(struct assessment *a, json_t **ret_evidence); /* signs and writes all; the part is removed */
#endif
