/* SPDX-License-Identifier: Apache-2.0 */
/* What the pages of the reception have in common. */
#ifndef TW_SUPPORT_QUERY_RECEPTION_RECEPTION_H
#define TW_SUPPORT_QUERY_RECEPTION_RECEPTION_H
#include "support/query-reception/field.h"

/* Of a refused request: why, and the form with what was typed. */
struct tw_refusal {
	const struct tw_reply *reply;
	uint64_t reference;
};
void tw_reception_why(struct tw_html *h, struct tw_look look, const struct tw_refusal *refusal);
tw_err tw_report_refused(const struct tw_request *rq, const struct tw_refusal *refusal, struct tw_buf *body);
tw_err tw_question_refused(const struct tw_request *rq, const struct tw_refusal *refusal, struct tw_buf *body);
tw_err tw_follow_refused(const struct tw_request *rq, const struct tw_refusal *refusal, struct tw_buf *body);
/* The context's problem_page: a refused form comes back with what was typed, and everything else is said by tw_page_problem. */
tw_err tw_reception_problem(
	struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp, uint64_t reference, struct tw_buf *body);

/* The question with what else was said of it, a line each: so its receipt shows all of it, and what was changed is another question. */
tw_err tw_question_text(const struct tw_request *rq, struct tw_buf *ret);
/* Keeps what a form has asked for and was found to be right, and answers with its receipt: a question is one at the desk too. */
tw_err tw_reception_take(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);

/* kinds: of the report page, of the page for questions, and of both. */
extern const struct tw_choice tw_report_kinds[], tw_question_kinds[], tw_kinds_shown[], tw_report_flaws[], tw_question_breadths[],
	tw_question_depths[];
/* Stores what the request brought; TW_WORDS: done. */
tw_err tw_reception_files_add(struct tw_context *c, const struct tw_request *rq, int64_t report, enum tw_word *ret_fault);
/* Within a transaction of a report that is being stored; user: struct tw_reception_files. An error when they are refused. */
struct tw_reception_files {
	struct tw_context *c;
	const struct tw_request *rq;
	enum tw_word fault;
};
tw_err tw_reception_files_beside(tw_store *s, void *user, int64_t report);
enum tw_word tw_reception_files_fault(const struct tw_request *rq); /* known without looking at the store */
/* What arrived: a list, or nothing when there is none. */
tw_err tw_reception_files_list(struct tw_context *c, struct tw_html *h, struct tw_look look, int64_t report);
#endif
