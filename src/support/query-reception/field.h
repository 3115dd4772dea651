/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of the forms here: written, judged, and written again with what was typed and what is wrong with it. */
#ifndef TW_SUPPORT_QUERY_RECEPTION_FIELD_H
#define TW_SUPPORT_QUERY_RECEPTION_FIELD_H
#include "support/page/page.h"

struct tw_choice {
	const char *value;
	enum tw_word word;
};
struct tw_field {
	const char *key;
	enum tw_word label, hint;        /* hint TW_WORDS: none */
	size_t most;                     /* characters, as browsers count them: two for each that UTF-16 writes so */
	unsigned rows;                   /* of a box of many lines; 0: one line */
	bool needed, plain;              /* plain: nothing for a browser to remember */
	const struct tw_choice *choices; /* ends with value NULL; NULL: text */
	/* type "file": of a form with files, any number of them. */
	const char *type, *remember; /* of one line: what kind of input, and what a browser may fill in; NULL: text, and as plain says */
};
/* What is wrong with the value; TW_WORDS: nothing. */
enum tw_word tw_field_fault(const struct tw_field *f, const char *value);
void tw_field_write(struct tw_html *h, struct tw_look look, const struct tw_field *f, const char *value, enum tw_word fault);
/* A choice whose texts are known only now: label, hint and the opened select, which takes its options and is closed by the caller. */
void tw_field_choose(struct tw_html *h, struct tw_look look, const struct tw_field *f);
void tw_field_option(struct tw_html *h, const char *value, const char *text, bool chosen);
/* What is wrong in all, with links to where, for whoever does not see the page; nothing when nothing is. */
void tw_field_summary(struct tw_html *h, struct tw_look look, const struct tw_field *fields, const enum tw_word *faults, size_t count);

void tw_form_open_files(struct tw_html *h, struct tw_look look, const char *action); /* of which files are a part */
void tw_form_open(struct tw_html *h, struct tw_look look, const char *action);
void tw_form_hidden(struct tw_html *h, const char *name, const char *value);
void tw_form_close(struct tw_html *h, struct tw_look look, enum tw_word button);
#endif
