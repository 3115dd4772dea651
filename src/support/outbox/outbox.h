/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes out: mail and webhooks. Whoever has something to say adds it here, in the transaction of its cause, so that the message is there exactly
 * when its cause is; the role `mail` sends it later, and as often as it takes.
 *
 * A key names a message. It is made from the cause ("report-12-received"), not from the moment, so whatever is done again adds nothing: a key keeps
 * its first message, also when that was sent, for TW_OUTBOX_KEPT_MS; when it was given up, for TW_OUTBOX_FAILED_MS; one that asks for TW_OUTBOX_ASK_MS.
 *
 * What strangers can cause has a share of its own, so that it takes neither the place nor the turn of what the staff has to know.
 */
#ifndef TW_SUPPORT_OUTBOX_OUTBOX_H
#define TW_SUPPORT_OUTBOX_OUTBOX_H
#include "service/store/store.h"

#define TW_OUTBOX_KEY_MAX 100 /* letters, digits and . _ : - */
#define TW_OUTBOX_TO_MAX 500
#define TW_OUTBOX_SUBJECT_MAX 200 /* bytes; one line */
#define TW_OUTBOX_TEXT_MAX 32768  /* bytes */
#define TW_OUTBOX_SECRET_MIN 24   /* bytes, as Standard Webhooks has it */
#define TW_OUTBOX_SECRET_MAX 64
#define TW_OUTBOX_WAITING_MAX 20000 /* not sent yet: 700 MiB at the very most */
#define TW_OUTBOX_OTHERS_MAX 19000  /* of these for all but alarms */
#define TW_OUTBOX_ASKS_MAX 2000     /* of these for what asks */
#define TW_OUTBOX_FAILED_MAX 2000   /* given up, of each class; 200 MiB together at the very most */
#define TW_OUTBOX_STEP 1000         /* so many are forgotten of a kind at once */
#define TW_OUTBOX_KEPT_MS (INT64_C(400) * 86400000)
#define TW_OUTBOX_FAILED_MS (INT64_C(30) * 86400000)
#define TW_OUTBOX_ASK_MS (INT64_C(2) * 86400000) /* as long as what is asked can be answered */

enum tw_outbox_kind { TW_OUTBOX_MAIL, TW_OUTBOX_WEBHOOK };
/* Of what is due the highest goes first. NOTICE: to whoever wanted it. ASK: to whomever a stranger named. ALARM: to the staff. */
enum tw_outbox_class { TW_OUTBOX_NOTICE, TW_OUTBOX_ASK, TW_OUTBOX_ALARM, TW_OUTBOX_CLASSES };
struct tw_outbox_message {
	enum tw_outbox_kind kind;
	const char *to;          /* a mail address (tw_mail_address_valid), or an https address */
	const char *subject;     /* of mail, UTF-8; of a webhook the event's name, for the staff's list */
	const char *text;        /* of mail plain text, UTF-8, lines ending in \n; of a webhook the body, JSON */
	const char *key;         /* see above */
	const char *unsubscribe; /* of mail, or NULL: the https address that ends a subscription by POST (RFC 8058) */
	struct tw_slice secret;  /* of a webhook: the key of its signature, which the receiver has too; of mail empty */
	enum tw_outbox_class class;
};
/*
 * Within the caller's transaction; durable with it. now: wall time in milliseconds. A key that is there already: OK, and nothing is added.
 * SYNTAX: a field is none that could be sent, the detail says which; nothing is added. LIMIT: too many of its class wait; nothing is added, and the caller says
 * what that means for its cause.
 */
tw_err tw_outbox_add(struct tw_store *s, const struct tw_outbox_message *m, int64_t now);
/* Within the caller's transaction: the message of class ASK with this key goes, text and address; one that is being sent right now goes with its age. */
tw_err tw_outbox_withdraw(struct tw_store *s, const char *key);
/* What asked is deleted when it can be answered no more. */
tw_err tw_outbox_forget_asks(struct tw_store *s, int64_t now);
/* A step of forgetting what is over for long; one transaction. *ret_more: there may be more. */
tw_err tw_outbox_forget(struct tw_store *s, int64_t now, bool *ret_more);
/* An https address with a host, printable ASCII, without a user, password or fragment: one that may be given as `to` or `unsubscribe`. */
bool tw_outbox_url_valid(struct tw_slice url);
#endif
