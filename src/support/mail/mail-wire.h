/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What app and the mail role say to one another: one message to send, and what came of it. Integers big-endian, blocks length-prefixed.
 *
 * app -> mail  JOB
 * mail -> app  DONE: u8 enum tw_mail_end, u16 what the other side answered (0: nothing), then words
 * Both sides read what the other writes as if it were hostile.
 */
#ifndef TW_SUPPORT_MAIL_WIRE_H
#define TW_SUPPORT_MAIL_WIRE_H
#include "formats/mailmessage.h"
#include "sys/channel.h"

#define TW_MAIL_SIGNATURE_MAX 64 /* "v1," and HMAC-SHA-256 in base64 */
#define TW_MAIL_WORDS_MAX 200
#define TW_MAIL_CONNECT_S 30   /* of one message, to greeting, TLS and login; */
#define TW_MAIL_DEADLINE_S 600 /* of all of it: whoever goes before the last answer sends it twice (RFC 5321 section 4.5.3.2.6) */
#define TW_MAIL_HOOK_DEADLINE_S 20 /* of a webhook */

enum tw_mail_wire { TW_MAIL_JOB = 0x0c01, TW_MAIL_DONE = 0x0c11 };
extern const struct tw_channel_row tw_rows_mail_from_app[], tw_rows_app_from_mail[];

enum tw_mail_kind {
	TW_MAIL_LETTER,
	TW_MAIL_HOOK,
	TW_MAIL_FORM,  /* a report by the form of the site in `to`, as a stranger sends one; of the role canary alone */
	TW_MAIL_CHECK, /* nothing is sent: only whether mail could be (SENT), and why not; it has no texts */
	TW_MAIL_KINDS
};
struct tw_mail_job {
	enum tw_mail_kind kind;
	int64_t now_ms;                  /* by app's clock: the date, and what certificates are judged by */
	struct tw_slice to, subject;     /* of a webhook the subject is empty */
	struct tw_slice id, unsubscribe; /* left of the @ of Message-ID; of a webhook webhook-id */
	struct tw_slice signature;       /* of a webhook alone */
	struct tw_slice text;
};
tw_err tw_mail_job_write(const struct tw_mail_job *j, struct tw_buf *b);
tw_err tw_mail_job_read(struct tw_slice payload, struct tw_mail_job *ret); /* SYNTAX, LIMIT; slices point into payload */
#define TW_MAIL_JOB_MAX \
	(1 + 8 + 6 * 2 + 2 * TW_MAIL_URL_MAX + TW_MAIL_SUBJECT_MAX + TW_MAIL_ID_MAX + TW_MAIL_SIGNATURE_MAX + TW_MAIL_TEXT_MAX)

/* What became of one. */
enum tw_mail_end {
	TW_MAIL_SENT,         /* the other side has taken it */
	TW_MAIL_LATER,        /* not now: this message alone */
	TW_MAIL_SERVER,       /* not now, and no other mail either: the server, the way there or the login */
	TW_MAIL_REFUSED,      /* never: the other side says so for good, or a rule of ours does */
	TW_MAIL_UNCONFIGURED, /* no mail server is named; it was not tried */
	TW_MAIL_WRONG,        /* what is configured is not right; it was not tried */
	TW_MAIL_ENDS
};
struct tw_mail_done {
	enum tw_mail_end end;
	unsigned code;
	struct tw_slice words; /* one line, printable */
};
tw_err tw_mail_done_write(const struct tw_mail_done *d, struct tw_buf *b);
tw_err tw_mail_done_read(struct tw_slice payload, struct tw_mail_done *ret);
#endif
