/* SPDX-License-Identifier: Apache-2.0 */
#include "support/outbox/outbox.h"

#include "base/text.h"
#include "formats/mailmessage.h"
#include "support/sql-support.h"

#include <string.h>

bool tw_outbox_url_valid(struct tw_slice url)
{
	static const char scheme[] = "https://";
	const size_t head = sizeof scheme - 1;

	if (url.size <= head || url.size > TW_OUTBOX_TO_MAX || memcmp(url.at, scheme, head) != 0)
		return false;
	for (size_t i = 0; i < url.size; i++)
		if (url.at[i] <= ' ' || url.at[i] > '~' || strchr("\"<>\\^`{|}#@", url.at[i]))
			return false;
	return !strchr("/:?", url.at[head]);
}

static bool key_valid(const char *key)
{
	const size_t size = strlen(key);

	return size > 0 && size <= TW_OUTBOX_KEY_MAX &&
		strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-") == size;
}

/* Lines and tabs are all that a text may have of control characters. */
static bool text_valid(struct tw_slice s)
{
	for (size_t i = 0; i < s.size; i++)
		if (((unsigned char)s.at[i] < ' ' && s.at[i] != '\n' && s.at[i] != '\t') || s.at[i] == 0x7f)
			return false;
	return s.size > 0 && s.size <= TW_OUTBOX_TEXT_MAX && tw_utf8_valid(s);
}

static tw_err check(const struct tw_outbox_message *m)
{
	const struct tw_slice to = tw_slice_of(m->to), subject = tw_slice_of(m->subject);
	const bool mail = m->kind == TW_OUTBOX_MAIL;

	if (!key_valid(m->key))
		return TW_RAISE(SYNTAX, "outbox: the key is none");
	if (mail ? !tw_mail_address_valid(to) : !tw_outbox_url_valid(to))
		return TW_RAISE(SYNTAX, "outbox: the recipient is no %s", mail ? "mail address" : "https address");
	if (subject.size == 0 || subject.size > TW_OUTBOX_SUBJECT_MAX || !tw_text_printable(subject))
		return TW_RAISE(SYNTAX, "outbox: the subject is one line of 1 to %d bytes", TW_OUTBOX_SUBJECT_MAX);
	if (!text_valid(tw_slice_of(m->text)))
		return TW_RAISE(SYNTAX, "outbox: the text is UTF-8 of 1 to %d bytes", TW_OUTBOX_TEXT_MAX);
	if (m->unsubscribe && (!mail || !tw_outbox_url_valid(tw_slice_of(m->unsubscribe))))
		return TW_RAISE(SYNTAX, "outbox: the way to unsubscribe is no https address, or not for mail");
	if (mail ? m->secret.size > 0 : m->secret.size < TW_OUTBOX_SECRET_MIN || m->secret.size > TW_OUTBOX_SECRET_MAX)
		return TW_RAISE(SYNTAX, "outbox: a webhook has a secret of %d to %d bytes, mail none", TW_OUTBOX_SECRET_MIN,
			TW_OUTBOX_SECRET_MAX);
	return TW_OK;
}

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

struct waiting {
	int64_t all, asks;
};

static tw_err take_waiting(void *user, const tw_row *row)
{
	*(struct waiting *)user = (struct waiting){ tw_row_int(row, 0), tw_row_int(row, 1) };
	return TW_OK;
}

tw_err tw_outbox_add(struct tw_store *s, const struct tw_outbox_message *m, int64_t now)
{
	const struct tw_value v[] = { TW_V_TEXT(m->key), TW_V_INT(m->kind), TW_V_TEXT(m->to), TW_V_TEXT(m->subject),
		TW_V_TEXT(m->text), TW_V_TEXT(m->unsubscribe ? m->unsubscribe : ""),
		TW_V_BLOB(m->secret.at ? m->secret.at : "", m->secret.size), TW_V_INT(now), TW_V_INT(m->class) };
	struct waiting waiting = { 0 };
	int64_t there = 0;

	TW_TRY(check(m));
	TW_TRY(tw_store_run(s, tw_sql_outbox_has, v, 1, take_number, &there));
	if (there)
		return TW_OK;
	TW_TRY(tw_store_run(s, tw_sql_outbox_waiting, NULL, 0, take_waiting, &waiting));
	if (waiting.all >= (m->class == TW_OUTBOX_ALARM ? TW_OUTBOX_WAITING_MAX : TW_OUTBOX_OTHERS_MAX))
		return TW_RAISE(LIMIT, "outbox: %lld messages wait already", (long long)waiting.all);
	if (m->class == TW_OUTBOX_ASK && waiting.asks >= TW_OUTBOX_ASKS_MAX)
		return TW_RAISE(LIMIT, "outbox: %d messages that ask wait already", TW_OUTBOX_ASKS_MAX);
	return tw_store_run(s, tw_sql_outbox_add, v, TW_COUNT(v), NULL, NULL);
}

/* --- Forgetting --- */

tw_err tw_outbox_withdraw(struct tw_store *s, const char *key)
{
	return tw_store_run(s, tw_sql_outbox_withdraw, (struct tw_value[]){ TW_V_TEXT(key) }, 1, NULL, NULL);
}

static tw_err forget(struct tw_store *s, const char *sql, int64_t until, bool *ret_more)
{
	const struct tw_value v[] = { TW_V_INT(until), TW_V_INT(TW_OUTBOX_STEP) };

	TW_TRY(tw_store_run(s, sql, v, TW_COUNT(v), NULL, NULL));
	*ret_more = *ret_more || tw_store_changes(s) >= TW_OUTBOX_STEP;
	return TW_OK;
}

tw_err tw_outbox_forget_asks(struct tw_store *s, int64_t now)
{
	bool more = false;

	return forget(s, tw_sql_outbox_forget_asks, now - TW_OUTBOX_ASK_MS, &more);
}

struct forgetting {
	int64_t now;
	bool more;
};

static tw_err forget_body(struct tw_store *s, void *user)
{
	struct forgetting *f = user;

	TW_TRY(forget(s, tw_sql_outbox_forget_asks, f->now - TW_OUTBOX_ASK_MS, &f->more));
	TW_TRY(forget(s, tw_sql_outbox_forget_failed, f->now - TW_OUTBOX_FAILED_MS, &f->more));
	return forget(s, tw_sql_outbox_forget_over, f->now - TW_OUTBOX_KEPT_MS, &f->more);
}

tw_err tw_outbox_forget(struct tw_store *s, int64_t now, bool *ret_more)
{
	struct forgetting f = { .now = now };

	TW_TRY(tw_store_transaction(s, forget_body, &f));
	*ret_more = f.more;
	return TW_OK;
}
