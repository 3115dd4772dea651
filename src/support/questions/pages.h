/* SPDX-License-Identifier: Apache-2.0 */
/* What the staff's pages of questions and of the library share with the forms that they lead to. */
#ifndef TW_SUPPORT_QUESTIONS_PAGES_H
#define TW_SUPPORT_QUESTIONS_PAGES_H
#include "support/desk/desk.h"

#define TW_DESK_QUESTIONS "/desk/questions"
#define TW_DESK_ANSWERS "/desk/answers"

extern const struct tw_choice tw_question_words[]; /* each kind of a question by its name; ends with value NULL */
extern const struct tw_choice tw_question_vias[];
enum tw_word tw_question_word(const struct tw_choice *choices, const char *value); /* TW_WORDS: none of these */
/* How many wait, where whoever comes in sees it; nothing when none does, or when they are none of his. */
tw_err tw_questions_waiting(struct tw_context *c, const struct tw_request *rq, struct tw_html *h);
/* Answers of the library that fit a question, each a link to the form that begins with it. */
tw_err tw_answers_offered(struct tw_context *c, struct tw_html *h, struct tw_look look, const json_t *question);
/* What was answered last: whoever's answer was overtaken by it sees it. */
void tw_question_last(struct tw_html *h, struct tw_look look, const json_t *question);
/* The answer to the form that asks for it: what is kept of a customer, in no address and no log. */
tw_err tw_question_disclosed(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
/* An answer of the library by its name; NULL: it is none that is given. */
tw_err tw_answer_current(struct tw_context *c, const char *name, json_t **ret);
#endif
