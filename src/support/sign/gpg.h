/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One signature by gpg, and the check of one: gpg is a program of its own, and so is its agent, which alone reads the secret key. Both live as
 * long as one call, and neither outlives the process that calls.
 */
#ifndef TW_SUPPORT_SIGN_GPG_H
#define TW_SUPPORT_SIGN_GPG_H
#include "base/buf.h"

#define TW_GPG_PROGRAM "/usr/bin/gpg"
#define TW_GPG_AGENT_PROGRAM "/usr/bin/gpg-agent"
#define TW_GPG_MS 15000 /* of all that one job starts: below TW_SIGN_DEADLINE_MS */

struct tw_gpg {
	const struct tw_sys *sys;
	int home;                    /* its directory, open; nobody else may enter it */
	const char *program, *agent; /* TW_GPG_PROGRAM and TW_GPG_AGENT_PROGRAM, but for tests */
	int64_t until_ms;            /* of the boot clock: what runs then is ended */
};
int64_t tw_gpg_now_ms(const struct tw_sys *sys); /* the boot clock */
/* A detached signature in ASCII armor over the text, with SHA-512. NOTFOUND: the home has no such secret key. */
tw_err tw_gpg_sign(const struct tw_gpg *g, struct tw_slice fingerprint, struct tw_slice text, struct tw_buf *ret);
/* UNTRUSTED, with a reason: it is none by this key alone. Nothing else of the home counts. */
tw_err tw_gpg_check(const struct tw_gpg *g, struct tw_slice fingerprint, struct tw_slice key, struct tw_slice text,
	struct tw_slice signature, int64_t now_s);
#endif
