/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords as they are kept, and whether a new one may be one. */
#ifndef TW_SERVICE_ACCESS_PASSWORD_STORE_H
#define TW_SERVICE_ACCESS_PASSWORD_STORE_H
#include "formats/radius.h"
#include "service/access/session.h"
#include "service/hash/phc.h"

struct tw_password_kept {
	bool is, must_change;
	struct tw_placer by;
	struct tw_phc hash; /* of nobody's password when there is none */
	char user[TW_RADIUS_TEXT_MAX + 1]; /* as whom the organization's server knows the account, when it judges the password; "": the device does */
};
tw_err tw_password_of(struct tw_context *c, int64_t account, struct tw_password_kept *ret);
struct tw_password_new {
	int64_t account;
	const char *phc, *hands;
	bool must_change;
};
tw_err tw_password_put(struct tw_context *c, const struct tw_password_new *n); /* inside a transaction of the caller's */
bool tw_password_short(struct tw_context *c, struct tw_slice password);        /* by the setting of now */
/* A problem when it may be none of this account's. */
tw_err tw_password_check(struct tw_context *c, const struct tw_account *a, struct tw_slice password, struct tw_reply *rp);
tw_err tw_password_drop(struct tw_context *c, int64_t account);
#endif
