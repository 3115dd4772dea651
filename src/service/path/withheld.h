/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields that are withheld, as words: WHO:OPERATIONS:FIELD, with one blank between. WHO is a role, * (everybody but owners), or @NAME and @* (parties
 * outside that are sent something). OPERATIONS is an operation (log.read), all whose names begin so (log), or *. FIELD is the name of a
 * member of their answers, at whatever depth. Pure.
 */
#ifndef TW_SERVICE_WITHHELD_H
#define TW_SERVICE_WITHHELD_H
#include "base/json.h"
#include "base/text.h"

#define TW_WITHHELD_MAX 16
#define TW_WITHHELD_NAME_MAX 64 /* of each part of a word */

struct tw_withheld_word {
	struct tw_slice text; /* all of it */
	bool party;           /* who begins with @, which is not part of it */
	struct tw_slice who, operations, field;
};
struct tw_withheld {
	size_t count;
	struct tw_withheld_word words[TW_WITHHELD_MAX]; /* which borrow from the text */
};
/* "": none. SYNTAX: what is wrong with which word; LIMIT: too many; EXISTS: one that stands there twice. */
tw_err tw_withheld_read(struct tw_slice text, struct tw_withheld *ret);
bool tw_withheld_about(const struct tw_withheld_word *w, const char *operation);
/* Takes each member of that name out of j and whatever is in it. ret_taken: so many more. LIMIT: it is deeper than any answer may be. */
tw_err tw_withheld_take(json_t *j, struct tw_slice field, size_t *ret_taken);
#endif
