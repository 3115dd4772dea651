/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every word that a page says, in each of its languages: a page names a row, so nothing can be there in one language alone. test-words.c
 * refuses a row that is not translated, and a page source with a text of its own.
 */
#ifndef TW_SUPPORT_PAGE_WORDS_H
#define TW_SUPPORT_PAGE_WORDS_H
#include "base/buf.h"

enum tw_language { TW_ENGLISH, TW_GERMAN, TW_LANGUAGES };
enum tw_word {
#define X(name, english, german) TW_W_##name,
#include "support/page/words.def"
#include "support/page/words-questions.def"
#undef X
	TW_WORDS
};
const char *tw_word(enum tw_word w, enum tw_language l);
const char *tw_language_tag(enum tw_language l); /* "en" */
/* By its tag; false: none of ours. */
bool tw_language_find(struct tw_slice tag, enum tw_language *ret);
/* What Accept-Language wants most of ours (RFC 9110 12.5.4); English when it wants none, or is malformed. */
enum tw_language tw_language_wanted(struct tw_slice accepted);
#endif
