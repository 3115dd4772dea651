/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a password may be. Pure: text in, verdict out.
 *
 * Long enough, and not what others guess first: no rules of how many digits or signs, which only make people choose what everybody
 * chooses. Characters are counted, not bytes, and any printable one will do, blanks too. Nothing is normalized: a password is the bytes that came, so
 * that the same word typed by another kind of keyboard may be another password; whoever is in doubt keeps to ASCII.
 */
#ifndef TW_SERVICE_ACCESS_PASSWORD_H
#define TW_SERVICE_ACCESS_PASSWORD_H
#include "base/buf.h"

#define TW_PASSWORD_MIN 15       /* characters, where a password is all that is asked for (NIST SP 800-63B-4, 3.1.1.1) */
#define TW_PASSWORD_MIN_SECOND 8 /* the least where a second factor is asked for too */
#define TW_PASSWORD_MAX 1024     /* bytes */
#define TW_PASSWORD_BESIDE 8     /* so many characters must be left when names are taken out */

enum tw_password_fault {
	TW_PASSWORD_GOOD,
	TW_PASSWORD_SHORT,
	TW_PASSWORD_LONG,
	TW_PASSWORD_NOT_TEXT, /* not UTF-8, or a control character */
	TW_PASSWORD_COMMON,   /* in the list, or the list's with digits and signs around it */
	TW_PASSWORD_SIMPLE,   /* one thing again and again, or a row such as 123456 */
	TW_PASSWORD_NAMED,    /* little more than the names of account or product */
	TW_PASSWORD_FAULTS,
};
struct tw_password_rules {
	size_t min;               /* characters */
	const char *const *names; /* of account, product, maker; shorter ones than three characters count for nothing */
	size_t name_count;
};
enum tw_password_fault tw_password_judge(const struct tw_password_rules *r, struct tw_slice password);
/* What to do about it, as a sentence; NULL: nothing. */
const char *tw_password_advice(enum tw_password_fault fault);

extern const uint32_t tw_common_passwords[]; /* in order: FNV-1a of each */
extern const size_t tw_common_passwords_count;
#endif
