/* SPDX-License-Identifier: Apache-2.0 */
#include "support/query-reception/report.h"

#include "base/mem.h"
#include "support/sql-support.h"

#include <string.h>

#define THANKS_MAX 500 /* names on the page, the newest first */

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

struct adding {
	const struct tw_receipt *receipt;
	const struct tw_report *report;
	const struct tw_report_beside *beside; /* NULL: nothing */
	int64_t id;
	enum tw_kept kept;
};

static tw_err compare(void *user, const tw_row *row)
{
	struct adding *a = user;
	const struct tw_report *r = a->report;
	const char *const texts[] = { r->kind, r->description, r->product, r->version, r->flaw, r->traits, r->fix, r->contact, r->credit };

	a->kept = TW_KEPT_BEFORE;
	a->id = tw_row_int(row, 0);
	for (int i = 0; i < (int)TW_COUNT(texts); i++)
		if (!tw_slice_is(tw_row_bytes(row, 3 + i), texts[i]))
			a->kept = TW_KEPT_OTHER;
	return TW_OK;
}

static tw_err add_alone(tw_store *s, struct adding *a)
{
	const struct tw_report *r = a->report;
	const struct tw_value values[] = { TW_V_BLOB(a->receipt->hash, TW_RECEIPT_HASH), TW_V_INT(r->received_ms),
		TW_V_TEXT(r->language), TW_V_TEXT(r->kind), TW_V_TEXT(r->description), TW_V_TEXT(r->product), TW_V_TEXT(r->version),
		TW_V_TEXT(r->flaw), TW_V_TEXT(r->traits), TW_V_TEXT(r->fix), TW_V_TEXT(r->contact), TW_V_TEXT(r->credit) };
	int64_t count = 0;

	a->kept = TW_KEPT;
	TW_TRY(tw_store_run(s, tw_sql_report_by_receipt, values, 1, compare, a));
	if (a->kept != TW_KEPT)
		return TW_OK;
	TW_TRY(tw_store_run(s, tw_sql_report_count, NULL, 0, take_number, &count));
	if (count >= TW_REPORTS_MAX) {
		a->kept = TW_KEPT_FULL;
		return TW_OK;
	}
	return tw_store_run(s, tw_sql_report_add, values, TW_COUNT(values), take_number, &a->id);
}

static tw_err add(tw_store *s, void *user)
{
	struct adding *a = user;

	TW_TRY(add_alone(s, a));
	return a->beside && (a->kept == TW_KEPT || a->kept == TW_KEPT_BEFORE) ? a->beside->run(s, a->beside->user, a->id) : TW_OK;
}

tw_err tw_report_add(tw_store *s, const struct tw_receipt *receipt, const struct tw_report *r, enum tw_kept *ret)
{
	return tw_report_add_with(s, receipt, r, NULL, ret);
}

tw_err tw_report_add_with(tw_store *s, const struct tw_receipt *receipt, const struct tw_report *r,
	const struct tw_report_beside *beside, enum tw_kept *ret)
{
	struct adding a = { .receipt = receipt, .report = r, .beside = beside };

	TW_TRY(tw_store_transaction(s, add, &a));
	*ret = a.kept;
	return TW_OK;
}

tw_err tw_report_put(tw_store *s, const struct tw_receipt *receipt, const struct tw_report *r, enum tw_kept *ret, int64_t *ret_id)
{
	struct adding a = { .receipt = receipt, .report = r };

	TW_TRY(add(s, &a));
	*ret = a.kept;
	*ret_id = a.id;
	return TW_OK;
}

tw_err tw_report_count(tw_store *s, int64_t *ret)
{
	int64_t count = 0;

	TW_TRY(tw_store_run(s, tw_sql_report_count, NULL, 0, take_number, &count));
	*ret = count;
	return TW_OK;
}

struct finding {
	tw_err (*visit)(void *user, const struct tw_report *r);
	void *user;
};

/* SQLite ends each text with a NUL, and none of ours holds one. */
static const char *text(const tw_row *row, int column)
{
	struct tw_slice s = tw_row_bytes(row, column);

	return s.size ? s.at : "";
}

static tw_err found(void *user, const tw_row *row)
{
	const struct finding *f = user;

	return f->visit(f->user,
		&(struct tw_report){ .id = tw_row_int(row, 0),
			.received_ms = tw_row_int(row, 1),
			.published_ms = tw_row_int(row, 2),
			.kind = text(row, 3),
			.description = text(row, 4),
			.product = text(row, 5),
			.version = text(row, 6),
			.flaw = text(row, 7),
			.traits = text(row, 8),
			.fix = text(row, 9),
			.erased_ms = tw_row_int(row, 12),
			.contact_erased_ms = tw_row_int(row, 13) });
}

tw_err tw_report_find(tw_store *s, const uint8_t hash[TW_RECEIPT_HASH], tw_err (*visit)(void *user, const struct tw_report *r), void *user)
{
	struct finding f = { visit, user };

	return tw_store_run(s, tw_sql_report_by_receipt, (struct tw_value[]){ TW_V_BLOB(hash, TW_RECEIPT_HASH) }, 1, found, &f);
}

struct saying {
	int64_t report;
	const struct tw_report_message *message;
	enum tw_kept kept;
};

static tw_err compare_last(void *user, const tw_row *row)
{
	struct saying *w = user;
	struct tw_slice last = tw_row_bytes(row, 1);

	if ((tw_row_int(row, 0) != 0) == w->message->ours && last.size == w->message->text.size &&
		memcmp(last.at, w->message->text.at, last.size) == 0)
		w->kept = TW_KEPT_BEFORE;
	return TW_OK;
}

/* What becomes of it now. */
static tw_err fits(tw_store *s, struct saying *w)
{
	int64_t count = 0, erased = 0;

	w->kept = TW_KEPT;
	TW_TRY(tw_store_run(s, tw_sql_report_erased, &TW_V_INT(w->report), 1, take_number, &erased));
	if (erased) {
		w->kept = TW_KEPT_FULL;
		return TW_OK;
	}
	TW_TRY(tw_store_run(s, tw_sql_report_message_last, &TW_V_INT(w->report), 1, compare_last, w));
	TW_TRY(tw_store_run(s, tw_sql_report_messages_count, &TW_V_INT(w->report), 1, take_number, &count));
	if (w->kept == TW_KEPT && count >= TW_MESSAGES_MAX)
		w->kept = TW_KEPT_FULL;
	return TW_OK;
}

tw_err tw_report_message_fits(tw_store *s, int64_t report, const struct tw_report_message *m, enum tw_kept *ret)
{
	struct saying w = { .report = report, .message = m };

	TW_TRY(fits(s, &w));
	*ret = w.kept;
	return TW_OK;
}

static tw_err say(tw_store *s, void *user)
{
	struct saying *w = user;
	const struct tw_value values[] = { TW_V_INT(w->report), TW_V_INT(w->message->at_ms), TW_V_INT(w->message->ours),
		TW_V_SLICE(w->message->text) };

	TW_TRY(fits(s, w));
	return w->kept == TW_KEPT ? tw_store_run(s, tw_sql_report_message_add, values, TW_COUNT(values), NULL, NULL) : TW_OK;
}

tw_err tw_report_message_put(tw_store *s, int64_t report, const struct tw_report_message *m, enum tw_kept *ret)
{
	struct saying w = { .report = report, .message = m };

	TW_TRY(say(s, &w));
	*ret = w.kept;
	return TW_OK;
}

tw_err tw_report_message_add(tw_store *s, int64_t report, const struct tw_report_message *m, enum tw_kept *ret)
{
	struct saying w = { .report = report, .message = m };

	TW_TRY(tw_store_transaction(s, say, &w));
	*ret = w.kept;
	return TW_OK;
}

struct reading {
	tw_err (*message)(void *user, const struct tw_report_message *m);
	tw_err (*thanked)(void *user, struct tw_slice name, int64_t published_ms);
	void *user;
};

static tw_err one_message(void *user, const tw_row *row)
{
	const struct reading *r = user;

	return r->message(r->user,
		&(struct tw_report_message){ .at_ms = tw_row_int(row, 0), .ours = tw_row_int(row, 1) != 0, .text = tw_row_bytes(row, 2) });
}

tw_err tw_report_messages(tw_store *s, int64_t report, tw_err (*visit)(void *user, const struct tw_report_message *m), void *user)
{
	struct reading r = { .message = visit, .user = user };

	return tw_store_run(
		s, tw_sql_report_messages, (struct tw_value[]){ TW_V_INT(report), TW_V_INT(TW_MESSAGES_MAX) }, 2, one_message, &r);
}

tw_err tw_report_publish(tw_store *s, int64_t report, bool thanked, int64_t now_ms)
{
	return tw_store_run(s, tw_sql_report_publish, (struct tw_value[]){ TW_V_INT(report), TW_V_INT(now_ms), TW_V_INT(thanked) },
		3, NULL, NULL);
}

tw_err tw_report_erase(tw_store *s, int64_t report, bool whole, int64_t now_ms)
{
	const struct tw_value v[] = { TW_V_INT(report), TW_V_INT(now_ms) };

	if (!whole)
		return tw_store_run(s, tw_sql_report_contact_erase, v, TW_COUNT(v), NULL, NULL);
	TW_TRY(tw_store_run(s, tw_sql_report_erase, v, TW_COUNT(v), NULL, NULL));
	return tw_store_run(s, tw_sql_report_messages_erase, v, 1, NULL, NULL);
}

static tw_err one_name(void *user, const tw_row *row)
{
	const struct reading *r = user;

	return r->thanked(r->user, tw_row_bytes(row, 0), tw_row_int(row, 1));
}

tw_err tw_report_thanks(tw_store *s, tw_err (*visit)(void *user, struct tw_slice name, int64_t published_ms), void *user)
{
	struct reading r = { .thanked = visit, .user = user };

	return tw_store_run(s, tw_sql_report_thanks, (struct tw_value[]){ TW_V_INT(THANKS_MAX) }, 1, one_name, &r);
}
