/* SPDX-License-Identifier: Apache-2.0 */
/*
 * @nist LA.RSM.6.4: the conditions of a shared account are set by whoever may do all that it may
 * @nist LA.RSM.6.5: and changed later, at once
 *
 * Being a member is as good as having the account's roles: so nobody lets others into more than he may do himself, and nobody but an owner lets
 * himself in; and what a lesser one said ends when the account comes to do more, as all that he placed does (placed.h). A session of it remembers
 * by whose hand it was opened, and ends with the session that he opened it in, whatever ends that one.
 */
#include "base/text.h"
#include "device/logical-access/shared.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"

/* --- Reading --- */

static tw_err none(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 404, "not-found", "shared.none", "Nothing has been said of this", "Say who its members are.",
		"Without conditions a shared account is used by nobody.");
}

static tw_err list_of(const char *words, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();

	while (*words) {
		size_t size = strcspn(words, " ");

		TW_TRY(tw_json_append(list, json_stringn(words, size)));
		words += size + (words[size] == ' ');
	}
	*ret = TW_STEAL(list);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "members");
}

static tw_err show(struct tw_context *c, const struct tw_account *a, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *members = NULL, *conditions = NULL;
	char id[TW_ACCOUNT_ID_MAX + 2], said[TW_TIME_TEXT_MAX];
	struct tw_shared s;

	TW_TRY(tw_shared_get(tw_device_of(c), a->id, &s));
	if (!s.said)
		return none(rp);
	tw_account_id(a->id, id);
	tw_time_text(s.said_ms, said);
	TW_TRY(list_of(s.members, &members));
	TW_TRY(tw_json_parse(tw_slice_of(s.conditions), TW_CONDITIONS_MAX, &conditions));
	rp->body = json_pack("{s:s, s:s, s:O, s:O, s:s, s:s}", "account", id, "name", a->name, "members", members, "conditions",
		conditions, "said", said, "by", s.said_by);
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

tw_err tw_access_shared(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account a = { .id = 0 };
	int64_t id = 0;

	if (!tw_account_id_read(rq->parameter, &id))
		return none(rp);
	tw_err e = tw_account_get(c, id, &a);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return none(rp);
	TW_TRY(e);
	return show(c, &a, rp);
}

/* --- Setting --- */

static tw_err refuse(struct tw_reply *rp, const char *rule, const char *detail)
{
	return tw_reply_problem(rp, 400, "input", rule, "This cannot be said of it", "See /api/v1/openapi.json for the form.", "%s", detail);
}

/* Of a shared account, by somebody who may do, whenever it may, all that it may. */
static tw_err wanted(struct tw_account_work *w)
{
	bool reached = false;

	TW_TRY(tw_account_wanted(w->c, w->rq, w->rq->parameter, w->rp, &w->account));
	if (w->rp->problem[0])
		return TW_OK;
	if (w->account.kind != TW_ACCOUNT_SHARED)
		return tw_reply_problem(w->rp, 409, "account-state", "shared.kind", "This is no shared account",
			"Make one of the kind shared.", "Only an account of the kind shared is used by several.");
	TW_TRY(tw_placed_reaches(w->c, &w->rq->subject, w->account.id, &reached));
	if (reached)
		return TW_OK;
	return tw_reply_problem(w->rp, 403, "forbidden", "account.cover", "Not permitted", "Ask an owner.",
		"This account may do more than you, and its members may do what it may.");
}

/* Somebody's own account, and not one's own unless it was a member before or an owner says so. */
static tw_err check_member(const struct tw_account_work *w, const char *id, const struct tw_shared *before)
{
	struct tw_account a = { .kind = TW_ACCOUNT_SHARED };
	int64_t number = 0;

	if (!tw_account_id_read(tw_slice_of(id), &number))
		return refuse(w->rp, "shared.member", "Members are ids of accounts, as a17, with blanks between.");
	tw_err e = tw_account_get(w->c, number, &a);
	if (tw_failed(e) && !tw_is(e, TW_CODE_NOTFOUND))
		return e;
	if (a.kind == TW_ACCOUNT_SHARED)
		return refuse(w->rp, "shared.member", "A member is an account that there is, and none that is shared itself.");
	if (w->rq->subject.kind != TW_SUBJECT_OWNER && !strcmp(w->rq->subject.account, id) && !tw_account_has(before->members, id))
		return tw_reply_problem(w->rp, 403, "forbidden", "account.self", "Not permitted",
			"Ask somebody else who may change accounts.", "Nobody makes himself a member.");
	return TW_OK;
}

/* As they are kept: each once. */
static tw_err read_members(const struct tw_account_work *w, char ret[TW_SHARED_WORDS_MAX])
{
	char words[TW_SHARED_WORDS_MAX], *rest = NULL;
	struct tw_shared before;
	size_t size = 0, count = 0;

	ret[0] = '\0';
	TW_TRY(tw_shared_get(tw_device_of(w->c), w->account.id, &before));
	(void)snprintf(words, sizeof words, "%s", tw_json_text(w->rq->input, "members"));
	for (char *id = strtok_r(words, " ", &rest); id; id = strtok_r(NULL, " ", &rest)) {
		TW_TRY(check_member(w, id, &before));
		if (w->rp->problem[0])
			return TW_OK;
		if (tw_account_has(ret, id))
			continue;
		size += (size_t)snprintf(ret + size, TW_SHARED_WORDS_MAX - size, "%s%s", size ? " " : "", id);
		count++;
	}
	if (count == 0 || count > TW_SHARED_MEMBERS_MAX)
		return refuse(w->rp, "shared.member", "A shared account has 1 to 32 members.");
	return TW_OK;
}

static tw_err read_conditions(struct tw_account_work *w, struct tw_buf *text)
{
	const json_t *conditions = json_object_get(w->rq->input, "conditions");
	tw_err e = conditions ? tw_condition_read(conditions, &w->condition) : TW_OK;

	if (!tw_failed(e))
		e = conditions ? tw_json_write(conditions, text) : tw_buf_text(text, "{}");
	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT))
		return refuse(w->rp, "shared.conditions", tw_err_detail());
	return e;
}

static tw_err put(struct tw_account_work *w)
{
	struct tw_device *d = tw_device_of(w->c);
	const struct tw_value v[] = { TW_V_INT(w->account.id), TW_V_TEXT(w->word), TW_V_TEXT(w->text),
		TW_V_INT(tw_time_wall_ms(&d->time)), TW_V_TEXT(w->rq->subject.name), TW_V_TEXT(w->hands) };

	TW_TRY(tw_store_run(d->context.store, tw_sql_shared_put, v, TW_COUNT(v), NULL, NULL));
	return show(w->c, &w->account, w->rp);
}

/* Sessions of who is a member no more end, and all of them where more are open than there may be now: which of them goes is not for us to say. */
static bool ends(const struct tw_account_work *w)
{
	const struct tw_device *d = tw_device_of(w->c);
	bool gone = false;
	int open = 0;

	for (size_t i = 0; i < TW_SESSIONS_MAX; i++) {
		const struct tw_session *s = &d->access->guard.sessions[i];
		char id[TW_ACCOUNT_ID_MAX + 2];

		if (!tw_access_session_lives(&d->context, s) || s->account != w->account.id)
			continue;
		tw_account_id(s->member, id);
		gone = gone || !tw_account_has(w->word, id);
		open++;
	}
	return gone || (w->condition.sessions && open > w->condition.sessions);
}

tw_err tw_access_shared_set(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = put };
	char members[TW_SHARED_WORDS_MAX];
	struct tw_placer by;

	tw_buf_init(&text, c->sys, TW_CONDITIONS_MAX - 1);
	TW_TRY(wanted(&w));
	if (!rp->problem[0])
		TW_TRY(read_members(&w, members));
	if (!rp->problem[0])
		TW_TRY(read_conditions(&w, &text));
	if (!rp->problem[0])
		TW_TRY(tw_placed_by(tw_device_of(c), rq, w.account.id, rp, &by));
	if (rp->problem[0])
		return TW_OK;
	w.word = members;
	w.hands = by.hands;
	w.text = tw_buf_cstr(&text);
	w.ends_sessions = ends(&w);
	(void)snprintf(w.what, sizeof w.what, "shared by %.50s, under %.50s", members, w.text);
	tw_utf8_mend(w.what);
	return tw_account_do(&w);
}

static tw_err drop(struct tw_account_work *w)
{
	const struct tw_value v[] = { TW_V_INT(w->account.id) };

	return tw_store_run(w->c->store, tw_sql_shared_drop, v, TW_COUNT(v), NULL, NULL);
}

tw_err tw_access_shared_clear(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = drop, .what = "shared by nobody", .ends_sessions = true };

	TW_TRY(wanted(&w));
	return rp->problem[0] ? TW_OK : tw_account_do(&w);
}

/* --- Using --- */

/* What whoever asks has proven: by the session that he asks in, or by his certificate. */
static tw_err prove(struct tw_device *d, const struct tw_request *rq, struct tw_proof *ret, struct tw_entering *e)
{
	const struct tw_session *s = strcmp(rq->subject.how, "session") == 0 ? tw_access_session_of(&d->context, tw_access_bearer(rq))
									     : NULL;

	*ret = (struct tw_proof){ .methods = 1U << TW_METHOD_CERTIFICATE, .factors = 1 };
	e->how = s ? s->how : TW_HOW_CERTIFICATE;
	e->proven_ms = s ? s->proven_ms : 0;
	e->in = s;
	return s ? tw_access_session_prove(d, s, ret) : TW_OK;
}

/* In one's own name alone: a session of a shared account opens no other. */
static tw_err judge(struct tw_device *d, const struct tw_request *rq, const struct tw_account *a, struct tw_proof *p, struct tw_reply *rp)
{
	TW_CLEANUP(tw_now_done) struct tw_now now = { .moment = { .door = rq->subject.door } };
	const char *rule = NULL;

	p->account = a->id;
	if (rq->subject.member[0] || !tw_account_id_read(tw_slice_of(rq->subject.account), &p->member))
		rule = "shared.members";
	tw_access_now(d, &rq->subject, p, &now);
	now.moment.sessions++; /* the one that is to be */
	if (!rule)
		TW_TRY(tw_shared_judge(d, p, &now.moment, &rule));
	if (!rule && !(p->methods & 1U << TW_METHOD_CERTIFICATE) && p->factors < 2 && tw_policy_second(d, a)) /* of its roles; a member's own may need none */
		return tw_reply_problem(rp, 403, "second-factor", "LA.AS.2.1", "A second factor is needed",
			"Log in with a second factor, or use a client certificate.",
			"For this shared account neither a password nor a code suffices.");
	if (!rule)
		return TW_OK;
	return tw_reply_problem(rp, 403, "forbidden", rule, "This shared account is not yours to use now", "Ask whoever looks after it.",
		"There is no such shared account, you are none of its members, or its conditions do not hold now.");
}

/* Whoever gave the member a way in may have kept it, and comes to no more by it than he could let others into himself. */
static tw_err judge_hands(
	struct tw_device *d, const struct tw_request *rq, const struct tw_account *a, struct tw_reply *rp, struct tw_entering *e)
{
	bool within = false;

	TW_TRY(tw_placed_by(d, rq, a->id, rp, &e->by));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_placed_within(d, &e->by, e->member, a->roles, &within));
	if (within)
		return TW_OK;
	return tw_reply_problem(rp, 403, "forbidden", "shared.hands", "This shared account is not yours to use now",
		"Have an owner give you a way in, and come in by that.",
		"Whoever gave you the code, password or certificate that you came by may not do what this account may.");
}

/* Nobody learns here which shared accounts there are. */
tw_err tw_access_shared_open(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_account a = { .id = 0 };
	struct tw_entering e = { .account = &a, .rq = rq };
	struct tw_proof p;
	int64_t id = 0;

	if (tw_account_id_read(tw_slice_of(tw_json_text(rq->input, "account")), &id)) {
		tw_err failed = tw_account_get(&d->context, id, &a);
		if (tw_failed(failed) && !tw_is(failed, TW_CODE_NOTFOUND))
			return failed;
	}
	TW_TRY(prove(d, rq, &p, &e));
	if (a.kind != TW_ACCOUNT_SHARED || a.state != TW_ACCOUNT_ACTIVE)
		a.id = 0;
	TW_TRY(judge(d, rq, &a, &p, rp));
	e.member = p.member;
	if (!rp->problem[0])
		TW_TRY(judge_hands(d, rq, &a, rp, &e));
	if (rp->problem[0])
		return TW_OK;
	return tw_access_enter(d, &e, rp);
}
