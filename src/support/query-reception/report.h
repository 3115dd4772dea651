/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports and what is said about them, in the store. What is in there stays as it came, or is erased. Each call that adds is one transaction, durable when
 * it returns OK, and may be made again: who had no answer sends once more, and it is kept once.
 */
#ifndef TW_SUPPORT_QUERY_RECEPTION_REPORT_H
#define TW_SUPPORT_QUERY_RECEPTION_REPORT_H
#include "service/store/store.h"
#include "support/query-reception/receipt.h"

#define TW_REPORTS_MAX \
	20000 /* of strangers' text at most 60 KiB each: 1.2 GiB, which a desk's disk has; then no more are taken; what is erased counts no more */
#define TW_MESSAGES_MAX 30 /* of one report: its page, each text escaped, stays below the 1 MiB of an answer */

struct tw_report {
	int64_t id, received_ms, published_ms; /* 0: not published */
	const char *language, *kind, *description, *product, *version, *flaw, *traits, *fix, *contact, *credit;
	int64_t erased_ms, contact_erased_ms; /* 0: not erased; a new one is not */
};
enum tw_kept { TW_KEPT, TW_KEPT_BEFORE, TW_KEPT_OTHER, TW_KEPT_FULL };
/* KEPT_BEFORE: this very report is there under this receipt. OTHER: another one is. FULL: no more are taken. */
tw_err tw_report_add(tw_store *s, const struct tw_receipt *receipt, const struct tw_report *r, enum tw_kept *ret);
/* The same within the caller's transaction; ret_id: of the report that is there then, 0 when none is. */
tw_err tw_report_put(tw_store *s, const struct tw_receipt *receipt, const struct tw_report *r, enum tw_kept *ret, int64_t *ret_id);
/* Done within the same transaction, of a report that is new or there before; an error undoes all. */
struct tw_report_beside {
	tw_err (*run)(tw_store *s, void *user, int64_t report);
	void *user;
};
tw_err tw_report_add_with(tw_store *s, const struct tw_receipt *receipt, const struct tw_report *r,
	const struct tw_report_beside *beside, enum tw_kept *ret);
tw_err tw_report_count(tw_store *s, int64_t *ret); /* of all that are stored and not erased */
/* visit is called once with what the page of a reporter shows, valid during the call; never when there is none. */
tw_err tw_report_find(tw_store *s, const uint8_t hash[TW_RECEIPT_HASH], tw_err (*visit)(void *user, const struct tw_report *r), void *user);
struct tw_report_message {
	int64_t at_ms;
	bool ours; /* from the manufacturer */
	struct tw_slice text;
};
/* KEPT_BEFORE: it is the last one already. FULL: the report takes no more, since it has so many or is erased. */
tw_err tw_report_message_add(tw_store *s, int64_t report, const struct tw_report_message *m, enum tw_kept *ret);
/* The same within the caller's transaction; and what would become of it, with nothing written. */
tw_err tw_report_message_put(tw_store *s, int64_t report, const struct tw_report_message *m, enum tw_kept *ret);
tw_err tw_report_message_fits(tw_store *s, int64_t report, const struct tw_report_message *m, enum tw_kept *ret);
tw_err tw_report_messages(tw_store *s, int64_t report, tw_err (*visit)(void *user, const struct tw_report_message *m), void *user);
/* From then on it is told to its reporter as published, and he is thanked if he wished and `thanked` says so. Done again, only that changes. */
tw_err tw_report_publish(tw_store *s, int64_t report, bool thanked, int64_t now_ms);
/*
 * Within the caller's transaction, between tw_store_wipe_begin and tw_store_wipe_end: takes out all that was sent and said, or who sent it alone (whole false).
 * What is left is number, dates, kind, language and receipt. Files have keys of their own (attachments.h).
 */
tw_err tw_report_erase(tw_store *s, int64_t report, bool whole, int64_t now_ms);
tw_err tw_report_thanks(tw_store *s, tw_err (*visit)(void *user, struct tw_slice name, int64_t published_ms), void *user);
#endif
