/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions of supporting parties: of accounts of that kind, and of those with the role supporting-party. An owner grants them, they end by
 * themselves, and owners are told when one begins and when it has ended. Each record of what was done in one names it, as of every session.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_SUPPORT_H
#define TW_DEVICE_LOGICAL_ACCESS_SUPPORT_H
#include "device/logical-access/accounts.h"

#define TW_ROLE_SUPPORTING "supporting-party"

struct tw_session;
/* Says of a session whether it is one, and whose: of one that is opened, or read from the store. */
tw_err tw_support_judge(struct tw_device *d, struct tw_session *s);
/* Inside the transaction that opens it: its event, and that its end is to be told; nothing of other sessions. */
tw_err tw_support_began(struct tw_device *d, const struct tw_session *s);
tw_err tw_support_left(struct tw_device *d); /* at the start: tells of those that have ended, by it or before it, and were not told of */
#endif
