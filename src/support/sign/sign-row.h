/* SPDX-License-Identifier: Apache-2.0 */
/* What the sign role may do, for its program, and for the test that tries every call in a role (test/sandbox). */
#ifndef TW_SUPPORT_SIGN_ROW_H
#define TW_SUPPORT_SIGN_ROW_H
#include "service/role.h"

/* name, wants, own descriptors (DIR/sign, gpg's home), directories, of these read-only */
#define TW_SIGN_ROLE_ROW "sign", TW_WANT_FILES | TW_WANT_MEMFD | TW_WANT_OPENPGP, 1, 1, 0
#endif
