/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report as the desk has it: what came, which stays as it came or is erased, and one document of what the staff said of it. The document changes together
 * with its entry of the journal, and with whatever belongs to the change (a case, a message, the name in the public thanks), in one transaction.
 *
 * Whoever may not see the case that a report belongs to sees no such report.
 */
#ifndef TW_SUPPORT_TRIAGE_DESK_REPORT_H
#define TW_SUPPORT_TRIAGE_DESK_REPORT_H
#include "support/cases/cases.h"
#include "support/query-reception/report.h"
#include "support/triage/verdict.h"

struct tw_desk_report {
	int64_t id, case_id; /* case_id 0: it belongs to none */
	int64_t published_ms, embargo_ms;
	int64_t erased_ms, contact_erased_ms; /* 0: it is as it came */
	bool closed;                          /* its case is; it has one */
	enum tw_triage_verdict verdict;
	bool thanks;   /* its reporter gave a name to be thanked by */
	json_t *shown; /* owned: what came, for the staff */
	json_t *doc;   /* owned: NULL when nobody has done anything yet */
};
void tw_desk_report_done(struct tw_desk_report *r);
bool tw_report_id_read(struct tw_slice name, int64_t *ret); /* "r17" */
/* The report of the request's parameter; a problem, and id 0, when there is none for this subject. */
tw_err tw_desk_report_load(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_desk_report *ret);

struct tw_desk_change {
	struct tw_context *c;
	const struct tw_request *rq;
	struct tw_reply *rp; /* a refusal goes there, and nothing is changed */
	const struct tw_desk_report *report;
	int64_t now_ms;
	json_t *doc; /* to be changed */
	void *user;
	/* Set by edit: done within the transaction, before the document. NULL: nothing. */
	tw_err (*beside)(tw_store *s, struct tw_desk_change *h);
	/* Set by edit: a case to be opened with it, whose texts outlive edit. NULL: none. */
	struct tw_case_report *open;
};
/* Loads the report, which is not erased, lets edit change the document and writes it. The answer's body is the document, or the case that was opened. */
tw_err tw_desk_report_change(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp,
	tw_err (*edit)(struct tw_desk_change *h), void *user);
#endif
