/* SPDX-License-Identifier: Apache-2.0 */
/* OpenPGP signatures by thingward-openpgp, a process of its own for each call: bytes go there as sealed memory, and bytes come back. */
#ifndef TW_TOOL_OPENPGP_H
#define TW_TOOL_OPENPGP_H
#include "base/buf.h"

#define TW_OPENPGP_MAX (1024 * 1024) /* of a signature or a key */
struct tw_openpgp {
	const struct tw_sys *sys;
	const char *program; /* NULL: the installed one */
};
/* By the user's gpg, which asks for what it needs: a passphrase, a card. CRYPTO: it did not sign. */
tw_err tw_openpgp_sign(const struct tw_openpgp *o, const char *fingerprint, struct tw_slice text, struct tw_buf *ret);
tw_err tw_openpgp_export(const struct tw_openpgp *o, const char *fingerprint, struct tw_buf *ret);
/* Against public keys that are given here, and no others. UNTRUSTED: it is no good signature of one of them. In capitals. */
tw_err tw_openpgp_verify(const struct tw_openpgp *o, struct tw_slice text, struct tw_slice signature, struct tw_slice keys,
	char ret_fingerprint[65]);
#endif
