/* SPDX-License-Identifier: Apache-2.0 */
/* A cap of sessions: for whom or when, how many, and whose word it is. */
#ifndef TW_DEVICE_LOGICAL_ACCESS_CAPS_H
#define TW_DEVICE_LOGICAL_ACCESS_CAPS_H
#include "device/logical-access/state.h"

#define TW_CAP_NAME_MAX 88 /* with its kind a place in a page */

struct tw_cap {
	char kind[16], name[TW_CAP_NAME_MAX];
	int64_t most;
	bool by_owner;
};
bool tw_cap_read(struct tw_slice text, struct tw_cap *ret);        /* kind and name; true does not say that there is such a one */
bool tw_cap_valid(struct tw_context *c, const struct tw_cap *cap); /* it can be set */
bool tw_cap_conditional(const struct tw_cap *cap);                 /* it does not always count, and counts all sessions */
tw_err tw_cap_counts_now(struct tw_device *d, const struct tw_cap *cap, bool *ret); /* of a conditional one */
#endif
