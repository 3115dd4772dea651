/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passkeys on the device: a second factor beside the password, of the account that enrolled it (service/access/passkey.h).
 *
 * A browser has them for a DNS name alone, and only where it trusts the page's certificate: the site is one of the names that an owner has given the
 * device (names.h), as the request came by it, and the page is that one, port included. A challenge is random, for one login or one enrolment, for
 * five minutes, and used up by the first answer, whatever that is worth.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_PASSKEY_H
#define TW_DEVICE_LOGICAL_ACCESS_PASSKEY_H
#include "device/logical-access/login-factor.h"
#include "service/access/passkey.h"

/* Under which name a request came, and the page that may have sent it. */
struct tw_passkey_site {
	char name[TW_PASSKEY_SITE_MAX + 1], origin[TW_PASSKEY_SITE_MAX + 16];
};
bool tw_passkey_site(const struct tw_device *d, const struct tw_request *rq, struct tw_passkey_site *ret); /* false: under none of the device's names */
tw_err tw_passkey_elsewhere(const struct tw_device *d, struct tw_reply *rp);                               /* the problem of that */

/* An enrolment that waits for the authenticator. */
struct tw_passkey_offer {
	int64_t expires_ms, account; /* boot clock; past: free */
	char challenge[44], site[TW_PASSKEY_SITE_MAX + 1];
};

/* login-passkey.c: the factor. */
tw_err tw_passkey_wanted(struct tw_device *d, int64_t account, bool *ret);
tw_err tw_passkey_begin(const struct tw_factor_step *t);
tw_err tw_passkey_verify(const struct tw_factor_step *t);
#endif
