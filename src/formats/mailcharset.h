/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What strangers write mail in, as UTF-8. UTF-8, ASCII and the sets of one byte for each character, by tables of ours. Not iconv: it loads code by the name
 * that the mail gives, out of files that the role which reads mail cannot open, and its converters of several bytes have been taken over by what they
 * convert (CVE-2024-2961). What is written in another set shows its ASCII, and a mark for each byte that is none.
 */
#ifndef TW_FORMATS_MAILCHARSET_H
#define TW_FORMATS_MAILCHARSET_H
#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

struct tw_mail_charset {
	const char *name;
	uint16_t upper[128];
};
extern const struct tw_mail_charset tw_mail_charsets[]; /* ends with name NULL */

/*
 * As UTF-8 into ret, lines ending in \n, without any control character but \n and \t; what has no meaning becomes U+FFFD, and *lossy true. Stops, and says so
 * in *cut, when ret has no room for the next character.
 */
tw_err tw_mail_to_utf8(struct tw_slice charset, struct tw_slice bytes, struct tw_buf *ret, bool *lossy, bool *cut);
#endif
