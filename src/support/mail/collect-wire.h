/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What app and the role that takes mail say to one another: which message app has last, and the next one. Integers big-endian, blocks length-prefixed.
 *
 * app -> mail-in  COLLECT
 * mail-in -> app  COLLECTED, with the message as it came in a parcel beside it (sys/parcel.h)
 * Both sides read what the other writes as if it were hostile.
 */
#ifndef TW_SUPPORT_MAIL_COLLECT_WIRE_H
#define TW_SUPPORT_MAIL_COLLECT_WIRE_H
#include "formats/mailread.h"
#include "sys/channel.h"

#define TW_COLLECT_WORDS_MAX 200
#define TW_COLLECT_CONNECT_S 30
#define TW_COLLECT_DEADLINE_S 120
enum tw_collect_wire { TW_COLLECT = 0x0d01, TW_COLLECTED = 0x0d11 };
extern const struct tw_channel_row tw_rows_mail_in_from_app[], tw_rows_app_from_mail_in[];

struct tw_collect_job {
	int64_t now_ms;
	uint32_t validity, after; /* UIDVALIDITY and UID of the last message that app has; 0: none */
	bool seen;                /* that message is to be marked as seen: app has committed what came of it */
	bool unread;              /* the next one is not to be read, only brought: reading it has ended the role */
};
enum tw_collect_end {
	TW_COLLECT_MESSAGE,      /* here is the next one */
	TW_COLLECT_NOTHING,      /* there is none after it; uid says up to where it was looked */
	TW_COLLECT_SERVER,       /* not now: the server, the way there or the login */
	TW_COLLECT_UNCONFIGURED, /* no mailbox is named */
	TW_COLLECT_WRONG,        /* what is configured is not right */
	TW_COLLECT_ENDS
};
enum tw_collect_flag {
	TW_COLLECT_SEALED = 1, /* encrypted for somebody */
	TW_COLLECT_CUT = 2,    /* something of its text was left out */
	TW_COLLECT_LOSSY = 4,  /* some characters could not be read */
	TW_COLLECT_OWN = 8,    /* from the mailbox's own address */
	TW_COLLECT_LARGE = 16, /* not all of it was fetched: the whole lies in the mailbox alone */
	TW_COLLECT_UNREAD = 32,
	TW_COLLECT_FLAGS = 63
};
struct tw_collected {
	enum tw_collect_end end;
	uint32_t validity, uid;
	unsigned every_s;  /* how long to wait before it is looked again; 0: as long as when nothing is said */
	unsigned canary_h; /* how often the service sends a message to itself; 0: never */
	/* Of a message. */
	enum tw_mailread_kind kind;
	unsigned flags, files;
	uint32_t size;                                           /* of the parcel; 0: there is none */
	struct tw_slice words, address, from, id, subject, text; /* words: what went wrong; address: the mailbox's own */
};
#define TW_COLLECTED_MAX                                                                                                       \
	(1 + 4 + 4 + 4 + 2 + 1 + 1 + 4 + 4 + 5 * 2 + 4 + TW_COLLECT_WORDS_MAX + 2 * TW_MAIL_ADDRESS_MAX + TW_MAILREAD_ID_MAX + \
		TW_MAILREAD_SUBJECT_MAX + TW_MAILREAD_TEXT_MAX)
tw_err tw_collect_job_write(const struct tw_collect_job *j, struct tw_buf *b);
tw_err tw_collect_job_read(struct tw_slice payload, struct tw_collect_job *ret);
tw_err tw_collected_write(const struct tw_collected *d, struct tw_buf *b);
tw_err tw_collected_read(struct tw_slice payload, struct tw_collected *ret); /* SYNTAX, LIMIT; slices point into payload */
#endif
