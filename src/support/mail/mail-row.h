/* SPDX-License-Identifier: Apache-2.0 */
/* What the mail role may do, for its program and for the test that tries every call in it. */
#ifndef TW_SUPPORT_MAIL_ROW_H
#define TW_SUPPORT_MAIL_ROW_H
#include "service/role.h"

/* name, wants, own descriptors (the resolver's configuration, the system's authorities, mail.json, the password, authorities of the operator's),
   directories, of these read-only */
#define TW_MAIL_ROLE_ROW "mail", TW_WANT_CONNECT, 5, 0, 0
/* Another process of the same program, with inmail.json and its password in place of those; what it fetched it hands over as sealed memory. */
#define TW_MAIL_IN_ROLE_ROW "mail-in", TW_WANT_CONNECT | TW_WANT_MEMFD, 5, 0, 0
/* And one that is a stranger to the form: mail.json says which private networks the site may be in, and there is no password. */
#define TW_CANARY_ROLE_ROW "canary", TW_WANT_CONNECT, 5, 0, 0
#endif
