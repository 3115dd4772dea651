/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What gpg says on --status-fd (doc/DETAILS of GnuPG), as far as a decision hangs on it. Pure. Lines that are not known say nothing;
 * what is known and not as it should be is refused.
 */
#ifndef TW_SUPPORT_SIGN_GPG_STATUS_H
#define TW_SUPPORT_SIGN_GPG_STATUS_H
#include "base/buf.h"

#define TW_GPG_STATUS_MAX (64 * 1024)
#define TW_GPG_SIGNED_EARLY_S 300 /* a signer's clock may be ahead of ours by as much */

/*
 * Whether it is one good signature, over a document, by a key that is neither expired nor revoked, with a digest that still stands for one
 * text, of the primary key with this fingerprint. UNTRUSTED: which of it is not so. SYNTAX: no such lines.
 */
tw_err tw_gpg_status_check(struct tw_slice status, struct tw_slice fingerprint, int64_t now_s);
bool tw_gpg_status_made(struct tw_slice status); /* exactly one signature was made */
#endif
