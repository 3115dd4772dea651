/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the application asks on behalf of somebody: may he do this with the product now? The one gate answers, asked anew each time, and
 * only about permissions of the product. Pure but for the log and what authenticating reads.
 *
 * A refusal is recorded as any refused request is, within the share of whoever it was. What an account was permitted is recorded once in
 * five minutes for each permission, and nothing of what anyone may; so neither an application that asks in a loop nor somebody who asks it
 * can fill the log.
 */
#ifndef TW_DEVICE_PLATFORM_APP_AUTHORIZE_H
#define TW_DEVICE_PLATFORM_APP_AUTHORIZE_H
#include "device/platform/device.h"

#define TW_APP_TOLD 256 /* accounts times permissions that are in use at a time; more are recorded more often, within the budget */
#define TW_APP_TOLD_MS 300000 /* the life of a pass */

struct tw_app_told {
	struct {
		int64_t until_ms; /* boot clock; 0: free */
		char account[24];
		size_t permission; /* its place in the manifest */
	} of[TW_APP_TOLD];
	size_t next;
};
struct tw_app_asking {
	struct tw_app_told *told;
	bool (*affords)(void *user); /* one more record */
	void *user;
	struct tw_slice permission, pass; /* pass empty: anyone */
};
struct tw_app_answer {
	bool allowed;
	char account[24];       /* allowed: whose pass it was; "": anyone may */
	const char *rule, *why; /* not allowed: static texts */
};
/* NOMEM, and failures of the store: nothing is allowed. */
tw_err tw_app_authorize(struct tw_context *c, const struct tw_app_asking *a, struct tw_app_answer *ret);
#endif
