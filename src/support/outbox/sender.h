/* SPDX-License-Identifier: Apache-2.0 */
/*
 * App's side of sending: the next message that is due goes to the mail role, one at a time, and what came of it into the store.
 *
 * When the server, the way there or the login is at fault, no other mail is tried for a while; webhooks go on. What is not configured is looked at again every
 * five minutes, and when an administrator asks for a try.
 */
#ifndef TW_SUPPORT_OUTBOX_SENDER_H
#define TW_SUPPORT_OUTBOX_SENDER_H
#include "support/platform/app.h"

#define TW_SENDER_LOOK_MS 300000
#define TW_SENDER_HOLD_MAX_MS 1800000

struct tw_sender;
tw_err tw_sender_new(struct tw_app *a);
struct tw_sender *tw_sender_free(struct tw_sender *s);
void tw_sender_due(struct tw_app *a);                  /* after whatever may have added something */
void tw_sender_hurry(struct tw_app *a);                /* what held it is looked at anew */
const char *tw_sender_missing(const struct tw_app *a); /* why no mail goes out now, as a phrase; NULL: it does */
#endif
