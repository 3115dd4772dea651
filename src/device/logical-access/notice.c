/* SPDX-License-Identifier: Apache-2.0 */
/* The use notice: its text, who has accepted it, and its operations. See notice.h. */
#include "base/text.h"
#include "crypto/hash.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"
#include "formats/screen.h"
#include "service/path/page.h"

#define DIGEST_TEXT 64

/* --- Its text --- */

const char *tw_notice_wrong(struct tw_slice text)
{
	bool shows = false;

	while (text.size > 0) {
		struct tw_slice line = tw_screen_cut(&text);

		if (!tw_text_printable(line))
			return "It holds control characters, or such as turn the order of others around. Lines end with a line feed alone.";
		for (size_t i = 0; i < line.size; i++)
			shows |= line.at[i] != ' ';
	}
	return shows ? NULL : "There is nothing in it to read.";
}

static size_t columns(struct tw_slice line)
{
	size_t n = 0;

	for (size_t i = 0, size; i < line.size; i += size) {
		size = tw_utf8_size((struct tw_slice){ line.at + i, line.size - i });
		if (size == 0)
			return TW_NOTICE_MAX; /* of no text that can be shown */
		n += size >= TW_SCREEN_WIDE_FROM ? 2 : 1;
	}
	return n;
}

/* @nist LA.SUN.2.2: a line that is longer than the display is wide goes on in the next */
size_t tw_notice_lines(struct tw_slice text)
{
	size_t lines = 0;

	while (text.size > 0) {
		size_t wide = columns(tw_screen_cut(&text));

		lines += wide ? (wide + TW_NOTICE_COLUMNS - 1) / TW_NOTICE_COLUMNS : 1;
	}
	return lines;
}

static tw_err take_text(void *user, const tw_row *row)
{
	struct tw_notice *n = user;
	struct tw_slice text = tw_row_bytes(row, 0);

	*n = (struct tw_notice){ .text = "" };
	if (text.size == 0)
		return TW_OK;
	if (text.size > TW_NOTICE_MAX)
		return TW_RAISE(LIMIT, "the notice in the store has %zu bytes", text.size);
	memcpy(n->text, text.at, text.size);
	return tw_sha256(text.at, text.size, n->digest);
}

tw_err tw_notice_load(struct tw_device *d, struct tw_notice *ret)
{
	*ret = (struct tw_notice){ .text = "" };
	return tw_store_run(d->context.store, tw_sql_notice_last, NULL, 0, take_text, ret);
}

static bool in_force(const struct tw_device *d)
{
	return d->access->notice.text[0] != '\0';
}

static tw_err hex_of(const struct tw_sys *sys, const uint8_t digest[32], char ret[DIGEST_TEXT + 1])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, DIGEST_TEXT);
	TW_TRY(tw_buf_hex(&b, digest, 32));
	(void)snprintf(ret, DIGEST_TEXT + 1, "%s", tw_buf_cstr(&b));
	return TW_OK;
}

/* "" when there is none. */
static tw_err digest_of(const struct tw_sys *sys, const struct tw_notice *n, char ret[DIGEST_TEXT + 1])
{
	ret[0] = '\0';
	return n->text[0] ? hex_of(sys, n->digest, ret) : TW_OK;
}

/* --- Who has accepted it --- */

bool tw_notice_given(struct tw_device *d, const struct tw_request *rq)
{
	const char *given = rq->input ? tw_json_text(rq->input, "notice") : rq->terms;
	uint8_t digest[32];

	if (!in_force(d))
		return true;
	return !tw_failed(tw_parse_hex(tw_slice_of(given), digest, sizeof digest)) &&
		memcmp(digest, d->access->notice.digest, sizeof digest) == 0;
}

void tw_notice_keep(const struct tw_request *rq, struct tw_request *later)
{
	(void)snprintf(later->terms, sizeof later->terms, "%s", tw_json_text(rq->input, "notice"));
}

static tw_err refuse(struct tw_reply *rp, const char *next)
{
	TW_TRY(tw_reply_problem(rp, 409, "notice", "LA.SUN.3", "The use notice has to be accepted first", next,
		"What is to be accepted is the SHA-256 of the notice that counts now, and this was not it."));
	(void)snprintf(rp->see, sizeof rp->see, "/api/v1/notice");
	return TW_OK;
}

/* @nist LA.SUN.3: asked where sessions are opened, whatever opens them */
tw_err tw_notice_wanted(struct tw_device *d, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_notice_given(d, rq) ? TW_OK : refuse(rp, "Read /api/v1/notice, and send its digest as 'notice' when you accept it.");
}

/* @nist LA.SUN.3: acceptance stands in the log, with what was accepted */
tw_err tw_notice_tell_accepted(struct tw_device *d, int64_t account, const char *how)
{
	char id[TW_ACCOUNT_ID_MAX + 2] = "", digest[DIGEST_TEXT + 1];

	if (!in_force(d))
		return TW_OK;
	if (account)
		tw_account_id(account, id);
	TW_TRY(hex_of(d->context.sys, d->access->notice.digest, digest));
	return tw_event(&d->context, "notice.accepted", json_pack("{s:s, s:s, s:s}", "account", id, "how", how, "notice", digest));
}

static void remember(struct tw_access *a, int64_t account)
{
	struct tw_accepted *one = &a->accepted[a->accepted_next++ % TW_ACCEPTED_MAX];

	one->account = account;
	memcpy(one->digest, a->notice.digest, sizeof one->digest);
}

static tw_err take_accepted(void *user, const tw_row *row)
{
	struct tw_accepted *one = user;
	struct tw_slice digest = tw_row_bytes(row, 0);

	if (digest.size == sizeof one->digest)
		memcpy(one->digest, digest.at, sizeof one->digest);
	return TW_OK;
}

static tw_err has_accepted(struct tw_device *d, int64_t account, bool *ret)
{
	struct tw_access *a = d->access;
	const struct tw_value v[] = { TW_V_INT(account) };
	struct tw_accepted stored = { .account = account };

	*ret = true;
	for (size_t i = 0; i < TW_ACCEPTED_MAX; i++)
		if (a->accepted[i].account == account && memcmp(a->accepted[i].digest, a->notice.digest, 32) == 0)
			return TW_OK;
	TW_TRY(tw_store_run(d->context.store, tw_sql_notice_accepted_get, v, TW_COUNT(v), take_accepted, &stored));
	*ret = memcmp(stored.digest, a->notice.digest, sizeof stored.digest) == 0;
	if (*ret)
		remember(a, account);
	return TW_OK;
}

/* What needs no login needs no acceptance, and accepting does not. */
static tw_err is_free(struct tw_context *c, const struct tw_request *rq, bool *ret)
{
	struct tw_subject anyone = rq->subject;
	struct tw_decision decision;

	*ret = !strcmp(rq->operation->permission, "notice.accept");
	if (*ret)
		return TW_OK;
	anyone.kind = TW_SUBJECT_ANYONE;
	TW_TRY(tw_path_decide(c, &anyone, rq->operation->permission, rq->operation->when, &decision));
	*ret = decision.verdict == TW_ALLOW;
	return TW_OK;
}

tw_err tw_notice_agreed(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	bool owner = rq->subject.kind == TW_SUBJECT_OWNER, passes = false;
	int64_t account = 0;

	if (!in_force(d) || (!owner && rq->subject.kind != TW_SUBJECT_ACCOUNT) || strcmp(rq->subject.how, "client-certificate") != 0)
		return TW_OK;
	TW_TRY(is_free(c, rq, &passes));
	if (passes)
		return TW_OK;
	if (!tw_account_id_read(tw_slice_of(rq->subject.account), &account))
		return TW_RAISE(INTERNAL, "an account without an id");
	tw_err e = has_accepted(d, account, &passes);
	if (tw_failed(e))
		return owner ? TW_OK : e; /* no fault of the store keeps an owner out */
	return passes ? TW_OK : refuse(rp, "Read /api/v1/notice, and post its digest to /api/v1/notice-acceptances when you accept it.");
}

/* --- Operations --- */

/* @nist LA.SUN.1 LA.SUN.2.2: for whoever is about to come in, and how long it may be */
tw_err tw_access_notice(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_notice *n = &tw_device_of(c)->access->notice;
	char digest[DIGEST_TEXT + 1];

	TW_TRY(digest_of(c->sys, n, digest));
	rp->body = json_pack("{s:s, s:s, s:i, s:i, s:i}", "text", n->text, "notice", digest, "most_bytes", TW_NOTICE_MAX,
		"most_lines", TW_NOTICE_LINES, "columns", TW_NOTICE_COLUMNS);
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "the notice");
}

struct change {
	struct tw_device *device;
	const char *text; /* NULL: withdrawn */
	const char *by;
	char before[DIGEST_TEXT + 1], after[DIGEST_TEXT + 1];
};

/* @nist LA.SUN.2.1: the new text, the history and the record with both digests come together or not at all */
static tw_err write_change(tw_store *s, void *user)
{
	struct change *w = user;
	const struct tw_value row[] = { w->text ? TW_V_TEXT(w->text) : (struct tw_value){ .kind = TW_VALUE_NULL },
		TW_V_INT(tw_time_wall_ms(&w->device->time)), TW_V_TEXT(w->by) };
	const struct tw_value most[] = { TW_V_INT(TW_NOTICE_KEPT) };

	TW_TRY(tw_store_run(s, tw_sql_notice_put, row, TW_COUNT(row), NULL, NULL));
	TW_TRY(tw_store_run(s, tw_sql_notice_trim, most, TW_COUNT(most), NULL, NULL));
	return tw_event(&w->device->context, "notice.changed",
		json_pack("{s:s, s:s, s:s}", "what", w->text ? "written" : "withdrawn", "before", w->before, "after", w->after));
}

static tw_err change(struct tw_context *c, const struct tw_request *rq, const char *text, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_notice next = { .text = "" };
	struct change w = { .device = d, .text = text, .by = rq->subject.name };

	(void)snprintf(next.text, sizeof next.text, "%s", text ? text : "");
	TW_TRY(tw_sha256(next.text, strlen(next.text), next.digest));
	TW_TRY(digest_of(c->sys, &d->access->notice, w.before));
	TW_TRY(digest_of(c->sys, &next, w.after));
	(void)snprintf(rp->note, sizeof rp->note, "notice %s, was %s", text ? w.after : "withdrawn", w.before[0] ? w.before : "none");
	TW_TRY(tw_store_transaction(c->store, write_change, &w));
	d->access->notice = next;
	tw_notice_display(d);
	return TW_OK;
}

/* @nist LA.SUN.2 LA.SUN.2.2 */
tw_err tw_access_notice_change(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_slice text = tw_slice_of(tw_json_text(rq->input, "text"));
	const char *wrong = tw_notice_wrong(text);

	if (text.size > TW_NOTICE_MAX)
		return tw_reply_problem(rp, 400, "input", "LA.SUN.2.2", "The notice is longer than the display can hold",
			"Write less.", "It has %zu bytes, and %d are the most.", text.size, TW_NOTICE_MAX);
	if (wrong)
		return tw_reply_problem(rp, 400, "input", "notice.text", "This cannot be shown", "Write it as plain text.", "%s", wrong);
	if (tw_notice_lines(text) > TW_NOTICE_LINES)
		return tw_reply_problem(rp, 400, "input", "LA.SUN.2.2", "The notice is longer than the display can hold",
			"Write less.", "It takes %zu lines of %d columns, and %d are the most.", tw_notice_lines(text),
			TW_NOTICE_COLUMNS, TW_NOTICE_LINES);
	TW_TRY(change(c, rq, text.at, rp));
	return tw_access_notice(c, rq, rp);
}

static tw_err none(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 409, "notice", "notice.none", "There is no notice", "Nothing has to be accepted.",
		"Nobody has written one, or it was withdrawn.");
}

tw_err tw_access_notice_withdraw(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	if (!in_force(tw_device_of(c)))
		return none(rp);
	rp->status = 204;
	return change(c, rq, NULL, rp);
}

/* That it was accepted, the log says, and memory knows; the store only spares asking again after a start. So a full disk locks nobody out. */
tw_err tw_access_notice_accept(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_access *a = d->access;
	int64_t account = 0;

	if (!in_force(d))
		return none(rp);
	TW_TRY(tw_notice_wanted(d, rq, rp));
	if (rp->problem[0])
		return TW_OK;
	(void)tw_account_id_read(tw_slice_of(rq->subject.account), &account); /* 0: the console, which has none */
	TW_TRY(tw_notice_tell_accepted(d, account, rq->subject.how));
	rp->status = 204;
	if (!account)
		return TW_OK;
	const struct tw_value v[] = { TW_V_INT(account), TW_V_BLOB(a->notice.digest, sizeof a->notice.digest),
		TW_V_INT(tw_time_wall_ms(&d->time)) };
	tw_ignore(tw_store_run(c->store, tw_sql_notice_accept, v, TW_COUNT(v), NULL, NULL));
	remember(a, account);
	return TW_OK;
}

static tw_err add_version(void *user, const tw_row *row)
{
	struct tw_page *p = user;
	struct tw_slice by = tw_row_bytes(row, 3);
	char digest[DIGEST_TEXT + 1], changed[TW_TIME_TEXT_MAX];
	struct tw_notice n;

	if (!tw_page_takes(p))
		return TW_OK;
	TW_TRY(take_text(&n, row));
	TW_TRY(digest_of(p->c->sys, &n, digest));
	tw_time_text(tw_row_int(row, 2), changed);
	return tw_page_add_at(p, (uint64_t)tw_row_int(row, 1),
		json_pack("{s:I, s:s, s:s, s:s, s:s%}", "version", (json_int_t)tw_row_int(row, 1), "text", n.text, "notice", digest,
			"changed", changed, "by", by.at, by.size));
}

tw_err tw_access_notice_history(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_page p;
	uint64_t after = 0;

	TW_TRY(tw_page_begin(c, rq, rp, &p));
	TW_TRY(tw_page_after(&p, rp, &after));
	if (rp->problem[0])
		return TW_OK;
	const struct tw_value v[] = { TW_V_INT(after ? (int64_t)after : INT64_MAX), TW_V_INT((int64_t)p.limit + 1) };
	TW_TRY(tw_store_run(c->store, tw_sql_notice_page, v, TW_COUNT(v), add_version, &p));
	return tw_page_end(&p, rp);
}

/* --- What its elements are now --- */

static tw_err take_count(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static void say(struct tw_context *c, struct tw_element_status *ret, const char *rest)
{
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason, "%s %s",
		in_force(tw_device_of(c)) ? "A use notice is in force." : "No use notice is written.", rest);
}

/* @nist LA.SUN.1 */
tw_err tw_access_status_notice(struct tw_context *c, struct tw_element_status *ret)
{
	say(c, ret, "Anybody can read it before he logs in, on the page and at the console too.");
	return TW_OK;
}

/* @nist LA.SUN.2 */
tw_err tw_access_status_notice_change(struct tw_context *c, struct tw_element_status *ret)
{
	say(c, ret, "Who holds notice.change writes, edits and withdraws it; the log has the digests before and after.");
	return TW_OK;
}

/* @nist LA.SUN.2.2 */
tw_err tw_access_status_notice_size(struct tw_context *c, struct tw_element_status *ret)
{
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason, "The display holds %d bytes in %d lines of %d columns; a longer one is refused.",
		TW_NOTICE_MAX, TW_NOTICE_LINES, TW_NOTICE_COLUMNS);
	return TW_OK;
}

/* @nist LA.SUN.3 */
tw_err tw_access_status_notice_accepted(struct tw_context *c, struct tw_element_status *ret)
{
	const struct tw_notice *n = &tw_device_of(c)->access->notice;
	const struct tw_value v[] = { TW_V_BLOB(n->digest, sizeof n->digest) };
	int64_t count = 0;

	ret->status = TW_STATUS_PROVIDED;
	if (in_force(tw_device_of(c)))
		TW_TRY(tw_store_run(c->store, tw_sql_notice_accepted_count, v, TW_COUNT(v), take_count, &count));
	(void)snprintf(ret->reason, sizeof ret->reason,
		"No session is opened without accepting it. Accounts that accepted it for their certificates: %lld.", (long long)count);
	return TW_OK;
}
