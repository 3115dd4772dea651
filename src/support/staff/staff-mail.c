/* SPDX-License-Identifier: Apache-2.0 */
#include "support/staff/staff-mail.h"

#include "base/log.h"
#include "formats/mailmessage.h"
#include "support/outbox/outbox.h"
#include "support/page/words.h"
#include "support/platform/app.h"
#include "support/rows-staff.h"
#include "support/sql-support.h"
#include "support/staff/staff.h"

#include <stdio.h>
#include <string.h>

static void take(const tw_row *row, struct tw_staff_mail *ret)
{
	struct tw_slice address = tw_row_bytes(row, 1), language = tw_row_bytes(row, 2);

	*ret = (struct tw_staff_mail){ .account = tw_row_int(row, 0), .assigned = tw_row_int(row, 3) != 0, .alarms = tw_row_int(row, 4) != 0 };
	(void)snprintf(ret->address, sizeof ret->address, TW_SLICE_FMT, TW_SLICE_ARG(address));
	(void)snprintf(ret->language, sizeof ret->language, TW_SLICE_FMT, TW_SLICE_ARG(language));
}

static tw_err take_one(void *user, const tw_row *row)
{
	take(row, user);
	return TW_OK;
}

tw_err tw_staff_mail_of(struct tw_context *c, int64_t account, struct tw_staff_mail *ret)
{
	*ret = (struct tw_staff_mail){ .account = account };
	return tw_store_run(c->store, tw_sql_staff_mail_get, &TW_V_INT(account), 1, take_one, ret);
}

struct each {
	struct tw_context *c;
	tw_err (*visit)(void *user, const struct tw_staff_mail *m);
	void *user;
	size_t visited;
};

bool tw_staff_reads_cases(const struct tw_context *c, const char *roles)
{
	const int count = (int)tw_gate_role_count(c->gate);
	bool reads = false;

	for (int i = 0; i < count && !reads; i++)
		reads = tw_gate_assignable(c->gate, i) && tw_account_has(roles, tw_gate_role_name(c->gate, i)) &&
			tw_gate_role_may(c->gate, i, "cases.read");
	return reads;
}

/* What the store has of an account does not know that it was not used for too long. */
static tw_err visit_row(void *user, const tw_row *row)
{
	struct each *e = user;
	struct tw_staff_mail m;
	struct tw_account a;

	take(row, &m);
	TW_TRY(tw_account_get(e->c, m.account, &a));
	if (e->visited == TW_STAFF_ON_CALL_MAX || a.state != TW_ACCOUNT_ACTIVE || !tw_staff_reads_cases(e->c, a.roles))
		return TW_OK;
	e->visited++;
	return e->visit(e->user, &m);
}

tw_err tw_staff_mail_each(struct tw_context *c, tw_err (*visit)(void *user, const struct tw_staff_mail *m), void *user)
{
	return tw_store_run(
		c->store, tw_sql_staff_mail_on_call, &TW_V_INT(TW_ACCOUNTS_MAX), 1, visit_row, &(struct each){ c, visit, user });
}

static tw_err count_one(void *user, const struct tw_staff_mail *m)
{
	(*(int64_t *)user)++;
	return TW_OK;
}

tw_err tw_staff_mail_on_call(struct tw_context *c, int64_t *ret)
{
	*ret = 0;
	return tw_staff_mail_each(c, count_one, ret);
}

struct last {
	int64_t account;
	bool himself, others;
};

static tw_err look_for_last(void *user, const struct tw_staff_mail *m)
{
	struct last *l = user;

	l->himself = l->himself || m->account == l->account;
	l->others = l->others || m->account != l->account;
	return TW_OK;
}

tw_err tw_staff_mail_last(struct tw_context *c, int64_t account, bool *ret)
{
	struct last l = { .account = account };

	TW_TRY(tw_staff_mail_each(c, look_for_last, &l));
	*ret = l.himself && !l.others && !tw_app_of(c)->desk.alarm_count;
	return TW_OK;
}

tw_err tw_staff_mail_last_problem(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 409, "on-call", "staff.on-call", "Nobody else is told of alarms",
		"Let somebody else be on call first, or name an address for alarms in app/desk.json.",
		"Alarms of the clocks of Article 14 are not turned off for everybody.");
}

/* --- Telling --- */

static void say(char *ret, size_t size, enum tw_word w, enum tw_language l, const char *case_id)
{
	const char *row = tw_word(w, l), *mark = strstr(row, "%c");

	if (mark)
		(void)snprintf(ret, size, "%.*s%s%s", (int)(mark - row), row, case_id, mark + 2);
	else
		(void)snprintf(ret, size, "%s", row);
}

tw_err tw_staff_mail_assigned(struct tw_context *c, const json_t *doc, int64_t now_ms)
{
	const char *who = tw_json_text(doc, "assigned"), *case_id = tw_json_text(doc, "id"), *site;
	const char *drill = tw_json_bool(doc, "drill") ? "DRILL: " : "";
	char told[TW_OUTBOX_SUBJECT_MAX - 16], subject[TW_OUTBOX_SUBJECT_MAX + 1], lead[400], text[1024], key[TW_OUTBOX_KEY_MAX + 1];
	enum tw_language l = TW_ENGLISH;
	struct tw_staff_mail m;
	int64_t account = 0;

	if (!tw_account_id_read(tw_slice_of(who), &account))
		return TW_OK;
	TW_TRY(tw_staff_mail_of(c, account, &m));
	if (!m.address[0] || !m.assigned)
		return TW_OK;
	(void)tw_language_find(tw_slice_of(m.language), &l);
	site = tw_app_of(c)->desk.site;
	say(told, sizeof told, TW_W_MAIL_ASSIGNED, l, case_id);
	(void)snprintf(subject, sizeof subject, "%s%s", drill, told);
	say(lead, sizeof lead, TW_W_MAIL_ASSIGNED_TEXT, l, case_id);
	(void)snprintf(text, sizeof text, "%s%s\n\n%s%s%s%s%s\n", drill, lead, site, *site ? "/desk/cases/" : "",
		*site ? case_id : "", *site ? "\n\n" : "", tw_word(TW_W_MAIL_WHY, l));
	(void)snprintf(key, sizeof key, "assigned-%.24s-%.24s-%lld", case_id, who, (long long)now_ms);
	tw_err e = tw_outbox_add(c->store,
		&(struct tw_outbox_message){
			.kind = TW_OUTBOX_MAIL, .to = m.address, .subject = subject, .text = text, .key = key, .class = TW_OUTBOX_NOTICE },
		now_ms);
	if (!tw_is(e, TW_CODE_LIMIT) || tw_store_fault(c->store) != TW_STORE_WELL)
		return e;
	tw_log_err(e, "no mail tells of a case that was given to somebody, who has it all the same");
	return TW_OK;
}

/* --- What somebody wants --- */

static tw_err own(struct tw_context *c, const struct tw_request *rq, struct tw_staff_mail *ret)
{
	int64_t account = 0;

	if (!tw_account_id_read(tw_slice_of(rq->subject.account), &account))
		return TW_RAISE(INTERNAL, "whoever asks for himself has an account");
	return tw_staff_mail_of(c, account, ret);
}

tw_err tw_staff_mail_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_staff_mail m;

	TW_TRY(own(c, rq, &m));
	if (!m.language[0])
		(void)snprintf(m.language, sizeof m.language, "%s", tw_language_tag(TW_ENGLISH));
	rp->body = json_pack(
		"{s:s, s:s, s:b, s:b}", "address", m.address, "language", m.language, "assigned", m.assigned, "alarms", m.alarms);
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

struct want {
	struct tw_context *c;
	const struct tw_request *rq;
	struct tw_reply *rp;
	const struct tw_staff_mail *m;
	bool reached; /* before */
};

/* Whether anybody is reached is asked behind the change, in its transaction, which a refusal takes back. */
static tw_err put(tw_store *s, void *user)
{
	const struct want *w = user;
	const struct tw_staff_mail *m = w->m;
	const struct tw_value v[] = { TW_V_INT(m->account), TW_V_TEXT(m->address), TW_V_TEXT(m->language), TW_V_INT(m->assigned),
		TW_V_INT(m->alarms) };
	int64_t people = 0;

	TW_TRY(tw_store_run(s, tw_sql_staff_mail_put, v, TW_COUNT(v), NULL, NULL));
	TW_TRY(tw_staff_mail_on_call(w->c, &people));
	if (people || !w->reached || tw_app_of(w->c)->desk.alarm_count)
		return TW_OK;
	TW_TRY(tw_staff_mail_last_problem(w->rp));
	return TW_RAISE(STATE, "the last that alarms reach");
}

tw_err tw_staff_mail_set(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *address = tw_json_text(rq->input, "address");
	enum tw_language l = TW_ENGLISH;
	struct tw_staff_mail m;
	int64_t people = 0;

	TW_TRY(own(c, rq, &m));
	(void)tw_language_find(tw_slice_of(tw_json_text(rq->input, "language")), &l);
	if (*address && (strlen(address) > TW_STAFF_MAIL_MAX || !tw_mail_address_valid(tw_slice_of(address))))
		return tw_reply_problem(rp, 422, "input", "staff.mail", "Mail cannot be sent there",
			"Write it as in ann@example.com.", "An address has a name, an at sign and a host, in ASCII.");
	TW_TRY(tw_staff_mail_on_call(c, &people));
	(void)snprintf(m.address, sizeof m.address, "%s", address);
	(void)snprintf(m.language, sizeof m.language, "%s", tw_language_tag(l));
	m.assigned = tw_json_bool(rq->input, "assigned");
	m.alarms = tw_json_bool(rq->input, "alarms");
	tw_err e = tw_store_transaction(c->store, put, &(struct want){ c, rq, rp, &m, people > 0 });
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(e);
	rp->status = 204;
	return TW_OK;
}
