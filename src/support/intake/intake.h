/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a message that came by mail: a report, something more on one, or nothing. Each is one transaction: the report, the mail as it came
 * (encrypted, among the files of the report), the receipt in the outbox, the message's key and how far the mailbox is taken are there together or not at all.
 * So whatever ends the service, each message is taken exactly once.
 *
 * A message belongs to a report only by the code that our receipt carried in its subject; who it says it is from is no proof of anything. The code lets
 * whoever has it add to the report, and no more: it comes from the receipt's digest, and the receipt does not come from it.
 */
#ifndef TW_SUPPORT_INTAKE_H
#define TW_SUPPORT_INTAKE_H
#include "support/attachments/attachments.h"
#include "support/intake/ways.h"
#include "support/mail/collect-wire.h"
#include "support/query-reception/receipt.h"

#define TW_INTAKE_DAY_MS INT64_C(86400000)
#define TW_INTAKE_DAY_MAX 500      /* messages of a day; what is more waits in the mailbox */
#define TW_INTAKE_RECEIPTS_MAX 200 /* of a day, */
#define TW_INTAKE_RECEIPTS_ONE 5   /* and to one address: nobody has us write to somebody else all day */
#define TW_INTAKE_PIECE 4500       /* characters, as the form takes them; a longer text goes on in messages */
#define TW_INTAKE_PIECES 6
#define TW_INTAKE_DROPPED_MS (INT64_C(90) * 86400000) /* as long it is known what was dropped */
#define TW_INTAKE_CODE 19                             /* letters of a code, its hyphens with them */

enum tw_intake_end {
	TW_INTAKE_REPORT,
	TW_INTAKE_ADDED,   /* to the report that its code names */
	TW_INTAKE_DROPPED, /* a bounce, what somebody's program answered, or our own mail */
	TW_INTAKE_CANARY,
	TW_INTAKE_BEFORE, /* this one was taken already */
	TW_INTAKE_WAIT    /* not now: too many came today, or there is no room; nothing was written */
};
struct tw_intake {
	struct tw_context *c;
	struct tw_attachments files;
	const char *site; /* without a slash behind it; "" */
	int64_t now_ms;
	struct tw_way_receivers alarms;
};
struct tw_intake_done {
	enum tw_intake_end end;
	int64_t report;
	bool kept; /* the mail as it came is among the report's files */
};
tw_err tw_intake_take(const struct tw_intake *in, const struct tw_collected *m, struct tw_slice raw, struct tw_intake_done *ret);
/* There is nothing up to there. */
tw_err tw_intake_looked(struct tw_store *s, uint32_t validity, uint32_t uid);
tw_err tw_intake_box(struct tw_store *s, uint32_t *ret_validity, uint32_t *ret_uid);
tw_err tw_intake_forget(struct tw_store *s, int64_t now_ms);

/* The code of the report whose receipt has this digest. */
tw_err tw_intake_code(const uint8_t hash[TW_RECEIPT_HASH], char ret[TW_INTAKE_CODE + 1]);
/* "[r12 0123-4567-89AB-CDEF]" anywhere in a subject. */
bool tw_intake_tag(const char *subject, int64_t *ret_report, char ret_code[TW_INTAKE_CODE + 1]);
#endif
