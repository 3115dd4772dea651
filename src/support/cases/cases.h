/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cases in the store. A case is one JSON document; every change of it is one transaction, which writes the document and the journal's entry
 * together, so that neither is ever there without the other.
 */
#ifndef TW_SUPPORT_CASES_CASES_H
#define TW_SUPPORT_CASES_CASES_H
#include "formats/journal.h"
#include "support/cases/clocks.h"
#include "support/cases/document.h"
#include "support/cases/states.h"

#define TW_CASE_LIST_MAX 64            /* entries of any list within a case */
#define TW_CASE_BEGIN_MS 1577836800000 /* 2020-01-01: what is said to be before is a slip of the pen */
#define TW_CASE_NO_CLOCK INT64_MAX
#define TW_CASE_NOBODY "-" /* whose a case is in the store, when it is nobody's */

/* Gives a store that an older build made the columns that lists go by; at each start, before anything else of cases. */
tw_err tw_cases_settle(tw_store *s);

/* Written in the case's transaction, behind it; id: "c12". It must not change the answer. */
struct tw_case_beside {
	tw_err (*write)(tw_store *s, void *user, const char *id);
	void *user;
};
/* What the intake knows of a report when it becomes a case. */
struct tw_case_report {
	const char *title, *product, *versions, *description;
	const char *report;                  /* its reference there: "r17" */
	const struct tw_case_beside *beside; /* NULL: nothing */
	const char *cve;                     /* NULL: none is known */
	const char *what;                    /* the journal's word for it; NULL: that it was opened from a report */
};
/* Opens a case of a report. by: who does; ret: the case as answers have it, NULL: it is not shown */
tw_err tw_case_open_from_report(struct tw_context *c, const struct tw_case_report *r, const char *by, json_t **ret);

struct tw_case_edit {
	struct tw_context *c;
	const struct tw_request *rq;
	struct tw_reply *rp; /* a refusal goes there, and nothing is changed */
	int64_t id;
	json_t *doc; /* to be changed */
	int64_t now_ms;
	struct tw_case_beside beside; /* set by edit: written with it; write NULL: nothing */
};
/* Loads the case that the request's parameter names, lets edit change it, and writes both. An unknown case, and one that the subject
   may not see, is answered with 404. The answer's body is the case. */
tw_err tw_case_edit(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, tw_err (*edit)(struct tw_case_edit *e));
/* The same for a new one: doc has what it begins with. */
tw_err tw_case_new(struct tw_context *c, const struct tw_request *rq, json_t *doc, json_t **ret);
/* With which case the same subject has done something by the request's key (tw_request.once) in the last week; 0: with none. */
tw_err tw_case_done_once(struct tw_context *c, const struct tw_request *rq, int64_t *ret_id);
/* The case of that name, "c12", as it stands for this subject; NULL: there is none for it. */
tw_err tw_case_named(struct tw_context *c, const struct tw_subject *s, struct tw_slice name, int64_t *ret_id, json_t **ret);
/* NULL in *ret, and a problem, when there is none for this subject. */
tw_err tw_case_load(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, int64_t *ret_id, json_t **ret);
bool tw_case_sees(const json_t *doc, const struct tw_subject *s, int64_t now_ms);
bool tw_case_stands_for(const json_t *doc, const struct tw_subject *s); /* it is assigned to him, or he is an administrator */

/* What Article 14 knows of a case; false: nothing of this kind. */
bool tw_case_a14(const json_t *doc, enum tw_a14_kind kind, struct tw_a14 *ret);
json_t *tw_case_a14_of(const json_t *doc, enum tw_a14_kind kind); /* borrowed; NULL */
int64_t tw_case_next(const json_t *doc);                          /* TW_CASE_NO_CLOCK */
tw_err tw_case_clocks(const json_t *doc, enum tw_a14_kind kind, int64_t now_ms, json_t **ret);

/* Helpers of the operations. */
tw_err tw_case_set_time(json_t *j, const char *key, int64_t ms);
/* The field of the input, else now. A time that is none, or later than now, or before `from`: a problem. */
tw_err tw_case_moment(const struct tw_case_edit *e, const char *key, int64_t from, int64_t *ret);
/* Somebody as cases know people: an account that is there ("a17"), or, named at the socket alone, a user of the machine ("uid:0"). Nobody: a problem. */
tw_err tw_case_person(const struct tw_case_edit *e, struct tw_slice who);
/* Appends to a list of the case, which is made when there is none; too many: a problem. entry is consumed. */
tw_err tw_case_append(struct tw_case_edit *e, json_t *in, const char *list, json_t *entry);

/* The journal. */
tw_err tw_journal_append(struct tw_context *c, json_t *entry); /* within the caller's transaction; the entry gets its number */
tw_err tw_journal_length(struct tw_context *c, uint64_t *ret);
struct tw_merkle_nodes tw_journal_nodes(struct tw_context *c);
#endif
