/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outbox as a queue. A message that is being sent says so in the store before the role has it, so that after a kill it is known which
 * may have gone out: that one is sent again, as the same message (its id comes from its row), since a security notice twice is better than none.
 */
#ifndef TW_SUPPORT_OUTBOX_QUEUE_H
#define TW_SUPPORT_OUTBOX_QUEUE_H
#include "service/path/path.h"
#include "support/mail/mail-wire.h"
#include "support/outbox/outbox.h"

#define TW_OUTBOX_FIRST_MS INT64_C(60000)            /* before the second try; doubling, */
#define TW_OUTBOX_MOST_MS (INT64_C(4) * 3600000)     /* to this; a fifth more or less */
#define TW_OUTBOX_GIVE_UP_MS (INT64_C(4) * 86400000) /* after the first try (RFC 5321 section 4.5.4.1), and not before */
#define TW_OUTBOX_TRIES_MIN 12                       /* so many: a clock that was put right gives nothing up */

extern const char *const tw_outbox_kinds[]; /* "mail", "webhook" */

/* chance: any byte */
int64_t tw_outbox_backoff_ms(int64_t tries, uint8_t chance);
/* When nothing is being sent: whatever is said to be waits again, since what came of it is not known. */
tw_err tw_outbox_recover(tw_store *s, int64_t now_ms);
/*
 * The next of a kind that waits: of what is due the highest class, of that what was due first; else what is due first. *ret_number 0: none.
 * *ret_ms: in how long it is due, 0: now. A clock that was put back keeps nothing waiting longer than any wait may be.
 */
tw_err tw_outbox_next(tw_store *s, enum tw_outbox_kind kind, int64_t now_ms, int64_t *ret_number, int64_t *ret_ms);
/* Durable: it is being sent. The job for the role goes into ret. */
tw_err tw_outbox_take(tw_store *s, int64_t number, int64_t now_ms, struct tw_buf *ret);
tw_err tw_outbox_untried(tw_store *s, int64_t number); /* it was not sent after all; the try does not count */
/* What came of it, and the event that tells of it: one transaction. */
tw_err tw_outbox_end(struct tw_context *c, int64_t number, const struct tw_mail_done *d, int64_t now_ms);
#endif
