/* SPDX-License-Identifier: Apache-2.0 */
/* Names of accounts: what may be one, and when two are the same. Pure. */
#ifndef TW_SERVICE_ACCESS_NAME_H
#define TW_SERVICE_ACCESS_NAME_H
#include "base/buf.h"
#include "base/mem.h"

#define TW_ACCOUNT_NAME_MAX 48

/* What people can read back and tell apart: printable, no blank at either end, and nothing that does not show or changes how the
   letter before it looks. */
bool tw_account_name_valid(const char *name);
/* The name without regard to case (Latin, Greek, Cyrillic and Armenian letters; other scripts have none, or hardly anybody's name). It does
   not grow by that. */
void tw_account_name_fold(const char *name, char ret[TW_ACCOUNT_NAME_MAX + 1]);
/* Of roles and groups, which stand in paths: 1 to 32 small letters, digits and hyphens, a letter first. */
bool tw_account_word_valid(const char *word);
#endif
