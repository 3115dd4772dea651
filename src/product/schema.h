/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that people write, checked against rows.
 *
 * One walk over the YAML tree checks every node against its row, notes every problem with its place (what is wrong, what
 * would be right) and builds the JSON object that the rest of the program reads. A problem does not end the walk: an author
 * wants to see all of them at once. What the rows cannot say (an end before a start, a name used twice) is said afterwards,
 * by code that knows the meaning, through the same list of problems.
 */
#ifndef TW_PRODUCT_SCHEMA_H
#define TW_PRODUCT_SCHEMA_H

#include "base/json.h"
#include "base/yaml.h"

#define TW_PROBLEMS_MAX 50 /* beyond this, the file is a different thing than its author thinks */

struct tw_problems {
	const char *file;
	json_t *list; /* of {file, line, column, what, wanted} */
	size_t count; /* may be larger than the list is long: TW_PROBLEMS_MAX are kept */
};
tw_err tw_problems_init(struct tw_problems *p, const char *file);
void tw_problems_done(struct tw_problems *p);
tw_err tw_problem_at(struct tw_problems *p, unsigned line, unsigned column, const char *what, const char *wanted);
tw_err tw_problem(struct tw_problems *p, const tw_yaml *where, const char *wanted, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* "FILE:LINE:COLUMN: WHAT; WANTED" lines. */
tw_err tw_problems_text(const struct tw_problems *p, struct tw_buf *ret);

enum tw_field_kind {
	TW_FIELD_TEXT,   /* printable, min..max bytes */
	TW_FIELD_PROSE,  /* the same, with line breaks */
	TW_FIELD_WORD,   /* letters, digits and the characters of `also`; min..max bytes */
	TW_FIELD_INT,    /* min..max */
	TW_FIELD_YES,    /* yes or no */
	TW_FIELD_CHOICE, /* one of `also`, separated by | */
	TW_FIELD_DATE,   /* YYYY-MM-DD */
	TW_FIELD_URL,    /* https:// */
	TW_FIELD_EMAIL,
	TW_FIELD_MAP,   /* of `fields` */
	TW_FIELD_LIST,  /* of maps of `fields`, min..max entries */
	TW_FIELD_WORDS, /* list of WORD, at most TW_WORDS_MAX */
};
#define TW_WORDS_MAX 256

struct tw_field {
	const char *key; /* NULL ends the table */
	enum tw_field_kind kind;
	bool required;
	int64_t min, max;
	const char *also;
	const struct tw_field *fields;
	const char *help; /* what it is, with an example: shown with every problem, and in the documents */
};

/* Builds the object for as much as is right; look at p->count before using it. */
tw_err tw_schema_read(const tw_yaml *map, const struct tw_field *fields, struct tw_problems *p, json_t **ret);
bool tw_date_valid(struct tw_slice s); /* YYYY-MM-DD, a day of the calendar, 2000 to 9999 */

#endif
