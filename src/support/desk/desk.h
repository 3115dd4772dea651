/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The staff's pages of cases and reports: what is shown in more than one of them. Nothing is decided here: cases are read and changed by the functions
 * of support/cases, as programs do it, so that an embargo, a rule or a limit is the same wherever somebody comes from.
 */
#ifndef TW_SUPPORT_DESK_DESK_H
#define TW_SUPPORT_DESK_DESK_H
#include "support/cases/cases.h"
#include "support/page/staff-frame.h"
#include "support/query-reception/field.h"

#define TW_DESK_BOARD "/desk/cases"
#define TW_DESK_CASES TW_DESK_BOARD "/"
#define TW_DESK_REPORTS "/desk/reports"
#define TW_DESK_PEOPLE "/desk/people"
#define TW_DESK_ALARMS "/desk/alarms"
#define TW_DESK_ME "/desk/me"
#define TW_DESK_DRAFTS "/desk/drafts/"
#define TW_DESK_ADVISORIES "/desk/advisories"
#define TW_DESK_REVISION "/desk/advisory-revision/"
#define TW_DESK_DIFFERENCES "/desk/advisory-differences/"
#define TW_DESK_PAGE 50      /* rows of a table; the next ones are a link away */
#define TW_DESK_PATH_MAX 960 /* what front takes, with a language behind it */
#define TW_DESK_NAME_MAX 96

/* Words of what cases have in English names; TW_WORDS: none of these. */
enum tw_word tw_desk_state_word(const char *state);
enum tw_word tw_desk_kind_word(enum tw_a14_kind k);
enum tw_word tw_desk_step_word(enum tw_a14_step s);
enum tw_word tw_desk_member_word(const char *member); /* of a case's document */
extern const char *const tw_desk_members[];           /* those that are said with case.change; ends with NULL */

/* A word that is marked by shape and colour too: the class is "mark" and what it is. */
void tw_desk_mark(struct tw_html *h, const char *class, const char *text);
void tw_desk_state(struct tw_html *h, struct tw_look look, const char *state);
/* How much of its time is left: in words, and as a bar. */
void tw_desk_left(struct tw_html *h, struct tw_look look, const struct tw_clock *c, int64_t now_ms);
/* "Ann (a17)"; an id of nobody who is there stays as it is. */
tw_err tw_desk_person(struct tw_context *c, const char *id, char ret[TW_DESK_NAME_MAX]);
/* A time of a document as people read it; what is none is shown as it is. */
void tw_desk_when(struct tw_html *h, const char *text);
/* A product of products.json by its title; any other as somebody wrote it. */
const char *tw_desk_product(struct tw_context *c, const char *name);
/* Behind a time of a clock: the same where the clock was started. */
void tw_desk_local(struct tw_html *h, const struct tw_zone *zone, int64_t ms);
/* That it is invented, where it is. */
void tw_desk_drill(struct tw_html *h, struct tw_look look, const json_t *doc);
/* The last entries of the journal about a case or a report, by its id. */
tw_err tw_desk_journal(struct tw_context *c, struct tw_html *h, struct tw_look look, const char *about);
/* dt and dd; nothing when there is no value. */
void tw_desk_pair(struct tw_html *h, struct tw_look look, enum tw_word label, const char *value);
void tw_desk_done(struct tw_html *h, const struct tw_request *rq, struct tw_look look); /* a form has just done what it is for */
/* A table that turns into cards where there is little room, up to its head's row, which the caller fills; closed by two tw_html_close each. */
void tw_desk_table(struct tw_html *h, struct tw_look look, enum tw_word name, bool shown);
void tw_desk_rows(struct tw_html *h);                                      /* ends the head, begins the body */
void tw_desk_cell(struct tw_html *h, struct tw_look look, enum tw_word w); /* a td, whose column is named where the head is not seen */
void tw_desk_head(struct tw_html *h, struct tw_look look, enum tw_word w); /* of a column */

/* A link of a table's head, its filters and its pages: the address of the page with its parameters. One that does not fit whole is left out. */
struct tw_desk_query {
	const char *path;
	struct {
		const char *key, *value; /* "" is left out */
	} pairs[26];
};
void tw_desk_address(const struct tw_desk_query *q, char ret[TW_DESK_PATH_MAX]);
/* The head of a column that sorts: by it, and once more the other way round. now: what sorts, with - before it for downwards. */
void tw_desk_sorted(struct tw_html *h, struct tw_look look, const struct tw_desk_query *q, const char *by, const char *now, enum tw_word w);
/* Links that choose one value of a parameter, in the order of its choices. */
void tw_desk_filters(struct tw_html *h, struct tw_look look, const struct tw_desk_query *q, size_t which, const struct tw_choice *choices);
/* Links to the page before and behind; page counts from 1. */
void tw_desk_pages(struct tw_html *h, struct tw_look look, const struct tw_desk_query *q, int64_t page, bool more);
/* Alarms of the ways that reports come by, under a heading of its own (ways.c). */
tw_err tw_desk_ways(struct tw_context *c, struct tw_html *h, struct tw_look look);

/* Advisories that are to be published at a set time; late: only those whose time is over. Nothing where there are none (plans.c). */
tw_err tw_desk_plans(struct tw_context *c, const struct tw_request *rq, struct tw_html *h, struct tw_look look, bool late);

/* The files of a report; report 0: of all reports of the case. */
tw_err tw_desk_files(struct tw_context *c, struct tw_html *h, struct tw_look look, int64_t report, int64_t of_case);
/* What a form is about, and the page that leads to it. */
enum tw_form_about {
	TW_ABOUT_CASE,
	TW_ABOUT_NOTHING, /* it begins a case */
	TW_ABOUT_REPORT,
	TW_ABOUT_REPORTS, /* all of them */
	TW_ABOUT_ALARM,
	TW_ABOUT_FINDING,  /* of triage */
	TW_ABOUT_FINDINGS, /* all of them */
	TW_ABOUT_ACCOUNT,
	TW_ABOUT_PEOPLE, /* it makes an account */
	TW_ABOUT_SELF,   /* the account of whoever sends it */
	TW_ABOUT_ADVISORY,
	TW_ABOUT_ADVISORIES, /* it begins one */
	TW_ABOUT_QUESTION,
	TW_ABOUT_QUESTIONS, /* it notes one */
	TW_ABOUT_ANSWER,    /* of the library */
	TW_ABOUT_ANSWERS,   /* it puts one into it */
	TW_ABOUT_NOTICE,    /* a draft */
	TW_ABOUT_NOTICES,   /* it begins one */
	TW_ABOUT_TOLD,      /* one that was told */
	TW_ABOUT_DEVICE,    /* of a customer */
	TW_ABOUT_INCIDENTS, /* it tells of one */
};
void tw_desk_doing(struct tw_html *h, struct tw_look look); /* the heading over what can be done, which paper leaves out */
/* The forms that the page of such a thing leads to (forms.c); doc: what is known of it, with its id; NULL: there is none yet. False: to none. */
bool tw_desk_actions(struct tw_context *c, const struct tw_request *rq, struct tw_html *h, enum tw_form_about about, const json_t *doc);
/* An advisory as its page has it: as advisory.read, and what it says in texts (support/advisories/describe.h) in "described", where it fits these. A problem
   when there is none. */
tw_err tw_desk_advisory_of(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, json_t **ret);
tw_err tw_desk_advisory_said(struct tw_context *c, struct tw_html *h, struct tw_look look, const json_t *doc); /* as customers will read it */
tw_err tw_desk_advisory_whole(struct tw_context *c, struct tw_html *h, struct tw_look look, const json_t *doc); /* and all that its revision is besides */
void tw_desk_advisory_state(struct tw_html *h, struct tw_look look, struct tw_slice name);
/* Answers that tell something once, and never again: an invitation, the secret of an authenticator. */
tw_err tw_desk_invited(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
tw_err tw_desk_secret(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
/* What a form sent and was refused: the form with why, and what was typed. False: it is not of these. */
bool tw_desk_refused_here(const struct tw_request *rq, const struct tw_reply *rp);
tw_err tw_desk_problem(
	struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp, uint64_t reference, struct tw_buf *body);
#endif
