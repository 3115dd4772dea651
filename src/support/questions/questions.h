/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions of customers and others, however they came, and the library of answers. Each is a document, changed together with its entry of the journal
 * in one transaction (cases/document.h).
 *
 * What is known of a customer beside the name he gave stands apart from the document. It is read and changed only while an identity check that
 * was passed is fresh, and each time is noted in the document.
 */
#ifndef TW_SUPPORT_QUESTIONS_QUESTIONS_H
#define TW_SUPPORT_QUESTIONS_QUESTIONS_H
#include "support/cases/document.h"
#include "support/query-reception/report.h"

#define TW_QUESTION_LIST_MAX 64
#define TW_QUESTION_NOBODY "-"          /* in place of an account */
#define TW_QUESTION_IDENTITY_MS 3600000 /* a check belongs to the call it was made in: an hour */

/* The two kinds of documents here. */
struct tw_question_kept {
	char letter; /* of its names: "q12" */
	const char *one, *number, *list, *put;
	const char *unknown, *title; /* the rule and the words when there is none */
};
extern const struct tw_question_kept tw_question_kept, tw_answer_kept;

/* NULL in *ret, and a problem, when there is none. */
tw_err tw_question_load(
	struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, const struct tw_question_kept *k, json_t **ret);
const char *tw_question_reader(const struct tw_request *rq); /* as statements ask for him; "": he sees all */
struct tw_question_edit {
	struct tw_context *c;
	const struct tw_request *rq;
	struct tw_reply *rp; /* a refusal goes there, and nothing is changed */
	const struct tw_question_kept *kept;
	int64_t id, now_ms;
	json_t *doc;          /* to be changed */
	const char *customer; /* set by edit: what is kept of the customer from now on; NULL: as it is */
	tw_err (*beside)(tw_store *s, const struct tw_question_edit *e); /* set by edit: in the same transaction; NULL: nothing */
	const char *tell[2]; /* set by edit: what whoever sent the question reads with his receipt; NULL or "": nothing */
};
tw_err tw_question_edit(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, const struct tw_question_kept *k,
	tw_err (*edit)(struct tw_question_edit *e));
/* A new one, empty but for its name, its salt, who made it and when. The answer's status is 201. */
tw_err tw_question_new(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, const struct tw_question_kept *k,
	tw_err (*edit)(struct tw_question_edit *e));
/* The newest first; state, kind, product and search of the query. */
tw_err tw_question_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, const struct tw_question_kept *k);
/* A member of the input, when it is there. */
tw_err tw_question_copy(struct tw_question_edit *e, const char *key);
bool tw_question_kind(const char *text); /* event, noncompliance, configuration, component, documentation or other */
/* Its row, with what lists ask of it; within the caller's transaction, after tw_document_prepare. */
tw_err tw_question_put(tw_store *s, const struct tw_question_kept *k, int64_t id, const struct tw_document *d);
/* Who and when, for an entry of a list. */
tw_err tw_question_note(const struct tw_question_edit *e, json_t **ret);
/* Appends to a list of the document; too many: a problem. entry is consumed. */
tw_err tw_question_append(struct tw_question_edit *e, const char *list, json_t *entry);
/* What a customer sent by a form: a report under his receipt, and a question that names it. OTHER, FULL: neither is there. */
bool tw_question_is(const char *kind);                /* of what the forms offer: it is a question, and no report of a fault */
bool tw_question_day(const char *text, int64_t *ret); /* "" or a day; ret: its end, UTC */
tw_err tw_question_settings(json_t *doc, const json_t *products); /* of a question about settings: where its product's are explained */
tw_err tw_question_receive(struct tw_context *c, const struct tw_request *rq, const struct tw_receipt *receipt,
	const struct tw_report *r, const struct tw_report_beside *beside, enum tw_kept *ret); /* beside: as of tw_report_add_with; NULL: nothing */
/* Until when something of it is still to be done: an answer, or what was left to do with it; INT64_MAX: nothing is promised. */
int64_t tw_question_due(const json_t *doc);
bool tw_question_identified(const json_t *doc, int64_t now_ms);
#endif
