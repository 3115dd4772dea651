/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receipt of a report: whoever has it may read the report and answer, so it is a secret. 26 letters of Crockford's base32, 130 random bits,
 * and two more that check them, in groups of four: a slip of the pen is told from a receipt that is not known. What is stored is its hash.
 */
#ifndef TW_SUPPORT_QUERY_RECEPTION_RECEIPT_H
#define TW_SUPPORT_QUERY_RECEPTION_RECEIPT_H
#include "base/buf.h"
#include "base/err.h"

#define TW_RECEIPT_LETTERS 28
#define TW_RECEIPT_TEXT 34 /* with a hyphen between groups */
#define TW_RECEIPT_HASH 32
struct tw_receipt {
	char text[TW_RECEIPT_TEXT + 1];
	uint8_t hash[TW_RECEIPT_HASH];
};
tw_err tw_receipt_make(const struct tw_sys *sys, struct tw_receipt *ret);
/* As people write it: either case, I and L for 1, O for 0, hyphens and blanks anywhere. SYNTAX: no receipt, or its check does not fit. */
tw_err tw_receipt_parse(struct tw_slice text, struct tw_receipt *ret);
#endif
