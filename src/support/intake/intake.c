/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intake/intake.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "support/intake/canary.h"
#include "support/outbox/outbox.h"
#include "support/page/words.h"
#include "support/query-reception/report.h"
#include "support/sql-support.h"

#include <stdio.h>
#include <string.h>

#define CODE_PURPOSE "thingward reply 1"
#define CODE_LETTERS 16

/* --- Codes --- */

tw_err tw_intake_code(const uint8_t hash[TW_RECEIPT_HASH], char ret[TW_INTAKE_CODE + 1])
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	const struct tw_slice parts[] = { TW_SLICE(CODE_PURPOSE), { (const char *)hash, TW_RECEIPT_HASH } };
	uint8_t digest[TW_SHA256_SIZE];
	size_t n = 0;

	TW_TRY(tw_sha256_of(parts, TW_COUNT(parts), digest));
	for (size_t i = 0; i < CODE_LETTERS; i++) {
		if (i && i % 4 == 0)
			ret[n++] = '-';
		ret[n++] = alphabet[digest[i] & 31];
	}
	ret[n] = '\0';
	return TW_OK;
}

bool tw_intake_tag(const char *subject, int64_t *ret_report, char ret_code[TW_INTAKE_CODE + 1])
{
	for (const char *at = strstr(subject, "[r"); at; at = strstr(at + 1, "[r")) {
		const size_t digits = strspn(at + 2, "0123456789");
		const char *code = at + 2 + digits + 1;
		uint64_t report = 0;

		if (!digits || at[2 + digits] != ' ' || strspn(code, "0123456789ABCDEFGHJKMNPQRSTVWXYZ-") != TW_INTAKE_CODE ||
			code[TW_INTAKE_CODE] != ']' ||
			tw_failed(tw_parse_u64((struct tw_slice){ at + 2, digits }, INT64_MAX - 1, &report)))
			continue;
		*ret_report = (int64_t)report;
		(void)snprintf(ret_code, TW_INTAKE_CODE + 1, "%.*s", TW_INTAKE_CODE, code);
		return true;
	}
	return false;
}

/* --- The mailbox --- */

struct box {
	uint32_t validity, uid;
};

static tw_err take_box(void *user, const tw_row *row)
{
	*(struct box *)user = (struct box){ (uint32_t)tw_row_int(row, 0), (uint32_t)tw_row_int(row, 1) };
	return TW_OK;
}

tw_err tw_intake_box(struct tw_store *s, uint32_t *ret_validity, uint32_t *ret_uid)
{
	struct box box = { 0, 0 };

	TW_TRY(tw_store_run(s, tw_sql_intake_box_read, NULL, 0, take_box, &box));
	*ret_validity = box.validity;
	*ret_uid = box.uid;
	return TW_OK;
}

tw_err tw_intake_looked(struct tw_store *s, uint32_t validity, uint32_t uid)
{
	return tw_store_run(s, tw_sql_intake_box_put, (struct tw_value[]){ TW_V_INT(validity), TW_V_INT(uid) }, 2, NULL, NULL);
}

tw_err tw_intake_forget(struct tw_store *s, int64_t now_ms)
{
	TW_TRY(tw_canary_forget(s, now_ms));
	return tw_store_run(s, tw_sql_intake_forget, &TW_V_INT(now_ms - TW_INTAKE_DROPPED_MS), 1, NULL, NULL);
}

/* --- One message --- */

struct taking {
	const struct tw_intake *in;
	const struct tw_collected *m;
	struct tw_slice raw;
	struct tw_intake_done *done;
	uint8_t key[TW_SHA256_SIZE], sender[TW_SHA256_SIZE];
	struct tw_receipt receipt; /* of a new report */
	struct tw_buf text;
	bool answered;
	const char *what;
};

static void taking_done(struct taking *t)
{
	tw_buf_done(&t->text);
}

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

/* Not the Message-ID alone: whoever knew one could have another's message taken for it. Addresses count without case. */
static tw_err make_keys(struct taking *t)
{
	const struct tw_collected *m = t->m;
	char from[TW_MAIL_ADDRESS_MAX + 1];
	/* What cannot be read is told apart by its bytes. */
	const struct tw_slice said = m->flags & (TW_COLLECT_SEALED | TW_COLLECT_UNREAD) ? t->raw : m->text;
	const struct tw_slice parts[] = { m->id, TW_SLICE("\n"), m->from, TW_SLICE("\n"), m->subject, TW_SLICE("\n"), said };

	TW_TRY(tw_sha256_of(parts, TW_COUNT(parts), t->key));
	(void)snprintf(from, sizeof from, TW_SLICE_FMT, TW_SLICE_ARG(m->from));
	for (char *c = from; *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
	return tw_sha256(from, strlen(from), t->sender);
}

static tw_err notes(const struct tw_collected *m, struct tw_buf *b)
{
	static const struct {
		unsigned flag;
		const char *text;
	} rows[] = {
		{ TW_COLLECT_SEALED, "[This mail is encrypted. It was not opened here; it is kept as it came, in the file mail.eml.]\n" },
		{ TW_COLLECT_UNREAD, "[This mail could not be read. It is kept as it came, in the file mail.eml.]\n" },
		{ TW_COLLECT_LOSSY, "[Some characters could not be read; the file mail.eml has them as they came.]\n" },
		{ TW_COLLECT_CUT, "[The text is longer than this; the file mail.eml has all of it.]\n" },
		{ TW_COLLECT_LARGE, "[The mail is larger than what is kept of it; all of it lies in the mailbox alone.]\n" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (m->flags & rows[i].flag)
			TW_TRY(tw_buf_text(b, rows[i].text));
	if (m->files)
		TW_TRY(tw_buf_format(b, "[%u %s sent along; the file mail.eml has %s.]\n", m->files,
			m->files == 1 ? "file was" : "files were", m->files == 1 ? "it" : "them"));
	return TW_OK;
}

/* What the staff reads: subject, what we have to say of it, and the text, of which a new report or message never is empty. */
static tw_err make_text(struct taking *t)
{
	tw_buf_init(&t->text, t->in->c->sys, TW_MAILREAD_TEXT_MAX + TW_MAILREAD_SUBJECT_MAX + 1024);
	TW_TRY(tw_buf_format(&t->text, TW_SLICE_FMT "\n\n", TW_SLICE_ARG(t->m->subject.size ? t->m->subject : TW_SLICE("(no subject)"))));
	TW_TRY(notes(t->m, &t->text));
	return tw_buf_add(&t->text, t->m->text.at, t->m->text.size);
}

/* As many characters as browsers count: two for each that UTF-16 writes so. */
static struct tw_slice piece_of(struct tw_slice *rest)
{
	size_t used = 0, count = 0;

	while (used < rest->size) {
		const size_t size = tw_utf8_size((struct tw_slice){ rest->at + used, rest->size - used });

		count += size == 4 ? 2 : 1;
		if (!size || count > TW_INTAKE_PIECE)
			break;
		used += size;
	}
	const struct tw_slice piece = { rest->at, used };
	*rest = (struct tw_slice){ rest->at + used, rest->size - used };
	return piece;
}

static tw_err add_messages(struct taking *t, struct tw_slice rest, int most, enum tw_kept *ret)
{
	tw_store *s = t->in->c->store;

	*ret = TW_KEPT;
	for (int i = 0; i < most && rest.size && *ret != TW_KEPT_FULL; i++) {
		const struct tw_report_message m = { .at_ms = t->in->now_ms, .text = piece_of(&rest) };

		if (m.text.size == 0)
			break;
		TW_TRY(tw_report_message_put(s, t->done->report, &m, ret));
	}
	return TW_OK;
}

/* The mail as it came. What does not fit is in the mailbox, which nothing is taken out of. */
static tw_err keep_raw(struct taking *t)
{
	const struct tw_attachment file = { TW_SLICE("mail.eml"), TW_SLICE("message/rfc822"), t->raw };
	enum tw_attached attached = TW_ATTACHED_MANY;
	struct tw_attachments files = t->in->files;

	files.way = TW_ATTACHMENT_MAIL;
	if (t->raw.size) {
		const tw_err e = tw_attachments_put(&files, t->done->report, &file, 1, t->in->now_ms, &attached);

		/* Somebody changed what the report has already, which is no reason to take no mail any more. Nothing was stored. */
		if (!tw_is(e, TW_CODE_UNTRUSTED)) {
			TW_TRY(e);
		} else {
			tw_log_err(e, "keeping a mail as it came; it is in the mailbox");
			attached = TW_ATTACHED_MANY;
		}
	}
	t->done->kept = attached == TW_ATTACHED;
	return TW_OK;
}

/* --- The receipt --- */

/* Nobody reads mail at these, or a program does. */
static bool nobodys(struct tw_slice from)
{
	static const char *const names[] = { "mailer-daemon", "postmaster", "noreply", "no-reply", "donotreply", "do-not-reply",
		"bounce", "bounces", "owner", "root", "abuse" };
	const char *at = from.size ? memchr(from.at, '@', from.size) : NULL;

	for (size_t i = 0; at && i < TW_COUNT(names); i++)
		if (tw_slice_is_nocase((struct tw_slice){ from.at, (size_t)(at - from.at) }, names[i]))
			return true;
	return !at;
}

struct counts {
	int64_t all, receipts, to_one;
};

static tw_err take_counts(void *user, const tw_row *row)
{
	*(struct counts *)user = (struct counts){ tw_row_int(row, 0), tw_row_int(row, 1), tw_row_int(row, 2) };
	return TW_OK;
}

static tw_err count_day(const struct taking *t, struct counts *ret)
{
	const struct tw_value v[] = { TW_V_INT(t->in->now_ms - TW_INTAKE_DAY_MS), TW_V_BLOB(t->sender, sizeof t->sender) };

	*ret = (struct counts){ 0 };
	return tw_store_run(t->in->c->store, tw_sql_intake_counts, v, TW_COUNT(v), take_counts, ret);
}

/* Nobody knows yet what he reads: both languages, one after the other. */
static tw_err write_receipt(const struct taking *t, const char *code, struct tw_buf *b)
{
	for (enum tw_language l = TW_ENGLISH; l < TW_LANGUAGES; l++) {
		TW_TRY(tw_buf_format(b, "%s\n\n%s\n\n    %s\n\n", tw_word(TW_W_INMAIL_ARRIVED, l), tw_word(TW_W_INMAIL_RECEIPT, l),
			t->receipt.text));
		if (*t->in->site)
			TW_TRY(tw_buf_format(b, "%s/report/status\n\n", t->in->site));
		TW_TRY(tw_buf_format(b, "%s\n\n    [r%lld %s]\n\n", tw_word(TW_W_INMAIL_ANSWER, l), (long long)t->done->report, code));
	}
	return TW_OK;
}

/* RFC 3834: only to a person's message, never to a list, a program or a bounce, and not without end. A full outbox is no reason to lose the report. */
static tw_err answer(struct taking *t)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	char code[TW_INTAKE_CODE + 1], key[TW_OUTBOX_KEY_MAX + 1], subject[TW_OUTBOX_SUBJECT_MAX + 1], to[TW_MAIL_ADDRESS_MAX + 1];
	struct counts counts;

	if (t->m->kind != TW_MAILREAD_PERSON || nobodys(t->m->from))
		return TW_OK;
	TW_TRY(count_day(t, &counts));
	if (counts.receipts >= TW_INTAKE_RECEIPTS_MAX || counts.to_one >= TW_INTAKE_RECEIPTS_ONE)
		return TW_OK;
	TW_TRY(tw_intake_code(t->receipt.hash, code));
	tw_buf_init(&b, t->in->c->sys, TW_OUTBOX_TEXT_MAX);
	TW_TRY(write_receipt(t, code, &b));
	(void)snprintf(key, sizeof key, "intake-r%lld", (long long)t->done->report);
	(void)snprintf(subject, sizeof subject, "%s [r%lld %s]", tw_word(TW_W_INMAIL_SUBJECT, TW_ENGLISH), (long long)t->done->report, code);
	(void)snprintf(to, sizeof to, TW_SLICE_FMT, TW_SLICE_ARG(t->m->from));
	const struct tw_outbox_message o = {
		.kind = TW_OUTBOX_MAIL, .to = to, .subject = subject, .text = tw_buf_cstr(&b), .key = key, .class = TW_OUTBOX_ASK
	};
	const tw_err e = tw_outbox_add(t->in->c->store, &o, t->in->now_ms);
	t->answered = !tw_failed(e);
	return tw_is(e, TW_CODE_LIMIT) && tw_store_fault(t->in->c->store) == TW_STORE_WELL ? TW_OK : e;
}

/* --- What it becomes --- */

static tw_err new_report(struct taking *t)
{
	struct tw_slice rest = tw_buf_slice(&t->text);
	const struct tw_slice first = piece_of(&rest);
	char description[4 * TW_INTAKE_PIECE + 1], contact[TW_MAIL_ADDRESS_MAX + 1];
	const struct tw_report r = { .received_ms = t->in->now_ms,
		.language = "en",
		.kind = "flaw",
		.description = description,
		.product = "",
		.version = "",
		.flaw = "",
		.traits = "",
		.fix = "",
		.contact = contact,
		.credit = "" };
	enum tw_kept kept;

	(void)snprintf(description, sizeof description, TW_SLICE_FMT, TW_SLICE_ARG(first));
	(void)snprintf(contact, sizeof contact, TW_SLICE_FMT, TW_SLICE_ARG(t->m->from));
	TW_TRY(tw_report_put(t->in->c->store, &t->receipt, &r, &kept, &t->done->report));
	if (kept == TW_KEPT_FULL) {
		t->done->end = TW_INTAKE_WAIT;
		return TW_OK;
	}
	TW_TRY(add_messages(t, rest, TW_INTAKE_PIECES - 1, &kept));
	TW_TRY(keep_raw(t));
	t->done->end = TW_INTAKE_REPORT;
	t->what = "report";
	return answer(t);
}

static tw_err take_hash(void *user, const tw_row *row)
{
	const struct tw_slice s = tw_row_bytes(row, 0);

	if (s.size == TW_RECEIPT_HASH)
		memcpy(user, s.at, TW_RECEIPT_HASH);
	return TW_OK;
}

/* The report that the subject's code names; 0: none, or the code is another one's. */
static tw_err find_report(const struct taking *t, int64_t *ret)
{
	char subject[TW_MAILREAD_SUBJECT_MAX + 1], code[TW_INTAKE_CODE + 1], wanted[TW_INTAKE_CODE + 1];
	uint8_t hash[TW_RECEIPT_HASH] = { 0 };
	int64_t report = 0;

	*ret = 0;
	(void)snprintf(subject, sizeof subject, TW_SLICE_FMT, TW_SLICE_ARG(t->m->subject));
	if (!tw_intake_tag(subject, &report, code))
		return TW_OK;
	TW_TRY(tw_store_run(t->in->c->store, tw_sql_intake_receipt_of, &TW_V_INT(report), 1, take_hash, hash));
	TW_TRY(tw_intake_code(hash, wanted));
	*ret = tw_equal_secret(code, wanted, TW_INTAKE_CODE) ? report : 0;
	return TW_OK;
}

/* A report whose messages are full gets no more of them: what comes then is a report of its own, and its subject says of which. */
static tw_err add_or_new(struct taking *t)
{
	const struct tw_report_message probe = { .at_ms = t->in->now_ms, .text = tw_buf_slice(&t->text) };
	enum tw_kept kept = TW_KEPT_FULL;

	TW_TRY(find_report(t, &t->done->report));
	if (t->done->report)
		TW_TRY(tw_report_message_fits(t->in->c->store, t->done->report, &probe, &kept));
	if (kept == TW_KEPT_FULL)
		return new_report(t);
	TW_TRY(add_messages(t, tw_buf_slice(&t->text), TW_INTAKE_PIECES, &kept));
	TW_TRY(keep_raw(t));
	t->done->end = TW_INTAKE_ADDED;
	t->what = "message";
	return TW_OK;
}

static tw_err decide(struct taking *t)
{
	const struct tw_collected *m = t->m;
	const struct tw_canary_plan plan = { .channel = TW_WAY_MAIL, .to = "", .receivers = t->in->alarms };
	const bool answers = m->kind == TW_MAILREAD_BOUNCE || m->kind == TW_MAILREAD_REPLY;
	struct counts counts;
	bool canary = false;

	if (!answers) /* what says that a canary did not arrive has its subject too */
		TW_TRY(tw_canary_arrived(t->in->c, &plan, m->subject, t->in->now_ms, &canary));
	if (canary) {
		t->done->end = TW_INTAKE_CANARY;
		t->what = "canary";
		return TW_OK;
	}
	if (answers || m->flags & TW_COLLECT_OWN) {
		t->done->end = TW_INTAKE_DROPPED;
		t->what = "dropped";
		return TW_OK;
	}
	TW_TRY(count_day(t, &counts));
	if (counts.all >= TW_INTAKE_DAY_MAX) {
		t->done->end = TW_INTAKE_WAIT;
		return TW_OK;
	}
	return add_or_new(t);
}

static tw_err record(struct taking *t)
{
	static const char *const words[] = { [TW_INTAKE_REPORT] = "report", [TW_INTAKE_ADDED] = "message" };
	const struct tw_value v[] = { TW_V_BLOB(t->key, sizeof t->key), TW_V_INT(t->in->now_ms), TW_V_TEXT(t->what),
		TW_V_INT(t->done->report), TW_V_BLOB(t->sender, sizeof t->sender), TW_V_INT(t->answered) };
	char name[24];

	TW_TRY(tw_store_run(t->in->c->store, tw_sql_intake_put, v, TW_COUNT(v), NULL, NULL));
	if (t->done->end > TW_INTAKE_ADDED)
		return TW_OK;
	(void)snprintf(name, sizeof name, "r%lld", (long long)t->done->report);
	return tw_event(t->in->c, "intake.taken",
		json_pack("{s:s, s:s, s:b, s:b}", "what", words[t->done->end], "report", name, "kept", t->done->kept, "answered",
			t->answered));
}

static tw_err take(tw_store *s, void *user)
{
	struct taking *t = user;
	uint32_t validity = 0, uid = 0;
	int64_t before = 0;

	TW_TRY(tw_intake_box(s, &validity, &uid));
	t->done->end = TW_INTAKE_BEFORE;
	if (validity == t->m->validity && t->m->uid <= uid)
		return TW_OK;
	TW_TRY(tw_store_run(s, tw_sql_intake_has, &TW_V_BLOB(t->key, sizeof t->key), 1, take_number, &before));
	if (!before) {
		TW_TRY(decide(t));
		if (t->done->end == TW_INTAKE_WAIT)
			return TW_OK;
		TW_TRY(record(t));
	}
	return tw_intake_looked(s, t->m->validity, t->m->uid);
}

tw_err tw_intake_take(const struct tw_intake *in, const struct tw_collected *m, struct tw_slice raw, struct tw_intake_done *ret)
{
	TW_CLEANUP(taking_done) struct taking t = { .in = in, .m = m, .raw = raw, .done = ret };

	*ret = (struct tw_intake_done){ .end = TW_INTAKE_WAIT };
	TW_TRY(tw_receipt_make(in->c->sys, &t.receipt));
	TW_TRY(make_keys(&t));
	TW_TRY(make_text(&t));
	return tw_store_transaction(in->c->store, take, &t);
}
