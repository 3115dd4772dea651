/* SPDX-License-Identifier: Apache-2.0 */
/*
 * @nist LA.RSM.2: roles are what an account may do
 * @nist LA.RSM.4.1: and all that it may do
 * @nist LA.RSM.7.1: found anew at each request
 *
 * From an account that somebody has proven to be his, to a subject with the roles that count now: those of its assignments whose
 * conditions all hold at this moment. Found anew at each request, so that what was taken away is gone with the next one.
 */
#include "base/text.h"
#include "device/logical-access/role-end.h"
#include "device/logical-access/shared.h"
#include "device/logical-access/state.h"
#include "service/sql-service.h"
#include "service/path/condition.h"

#define ACTIVE_MS 3600000 /* that an account is in use is written down this often at most, and not at every request */

struct collecting {
	struct tw_context *c;
	struct tw_role_set roles, given;
	struct tw_moment moment;
};

tw_err tw_access_conditions_read(struct tw_slice text, struct tw_condition *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	*ret = (struct tw_condition){ 0 };
	if (text.size == 0)
		return TW_OK;
	TW_TRY(tw_json_parse(text, TW_CONDITIONS_MAX, &j));
	return tw_condition_read(j, ret);
}

static tw_err take_role(void *user, const tw_row *row)
{
	struct collecting *g = user;
	struct tw_slice role = tw_row_bytes(row, 0);
	struct tw_condition condition;
	char name[TW_ROLE_NAME_MAX + 1];

	if (role.size > TW_ROLE_NAME_MAX || tw_role_ended(tw_device_of(g->c), row))
		return TW_OK;
	(void)snprintf(name, sizeof name, TW_SLICE_FMT, TW_SLICE_ARG(role));
	tw_role_set_add(&g->given, tw_gate_role(g->c->gate, name));
	tw_err e = tw_access_conditions_read(tw_row_bytes(row, 1), &condition);
	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	if (!tw_failed(e) && !tw_condition_fails(&condition, &g->moment)) /* what cannot be read does not hold */
		tw_role_set_add(&g->roles, tw_gate_role(g->c->gate, name));
	return TW_OK;
}

static int sessions_of(const struct tw_device *d, int64_t account)
{
	int n = 0;

	for (size_t i = 0; i < TW_SESSIONS_MAX; i++)
		n += tw_access_session_lives(&d->context, &d->access->guard.sessions[i]) && d->access->guard.sessions[i].account == account;
	return n;
}

void tw_access_now(struct tw_device *d, const struct tw_subject *s, const struct tw_proof *p, struct tw_now *ret)
{
	struct tw_moment *m = &ret->moment;

	*m = (struct tw_moment){ .wall_ms = tw_time_wall_ms(&d->time),
		.time_trusted = tw_time_trusted(&d->time),
		.door = s->door,
		.methods = p->methods,
		.factors = p->factors,
		.sessions = sessions_of(d, p->account) };
	tw_buf_init(&ret->mode, d->context.sys, 512);
	tw_buf_init(&ret->place, d->context.sys, 512);
	if (!tw_failed(tw_setting_get(&d->context, "logical-access.mode", &ret->mode)))
		m->mode = tw_buf_cstr(&ret->mode);
	if (!tw_failed(tw_setting_get(&d->context, "logical-access.place", &ret->place)))
		m->place = tw_buf_cstr(&ret->place);
	if (tw_failed(tw_net_read(s->source, &m->source)))
		m->source = (struct tw_net){ .bits = 0 };
}

void tw_now_done(struct tw_now *n)
{
	tw_buf_done(&n->mode);
	tw_buf_done(&n->place);
}

static tw_err collect(struct tw_device *d, const struct tw_proof *p, const struct tw_account *a, struct tw_subject *s)
{
	TW_CLEANUP(tw_now_done) struct tw_now now = { .moment = { .door = s->door } };
	const struct tw_value v[] = { TW_V_INT(p->account) };
	struct collecting g = { .c = &d->context };

	tw_access_now(d, s, p, &now);
	g.moment = now.moment;
	if (a->kind == TW_ACCOUNT_SHARED)
		TW_TRY(tw_shared_admits(d, p, &g.moment));
	TW_TRY(tw_store_run(d->context.store, tw_sql_role_of, v, TW_COUNT(v), take_role, &g));
	s->roles = g.roles;
	s->given = g.given;
	return TW_OK;
}

/* @nist LA.AC.1.4: where accounts are disabled sooner, so much oftener that one in use is not */
static void note_use(struct tw_device *d, const struct tw_account *a)
{
	int64_t now = tw_time_wall_ms(&d->time), part = d->access->guard.inactive_ms / 4;
	int64_t often = part > 0 && part < ACTIVE_MS ? part : ACTIVE_MS;
	const struct tw_value v[] = { TW_V_INT(a->id), TW_V_INT(now) };

	if (now - a->active_ms >= often)
		tw_ignore(tw_store_run(d->context.store, tw_sql_account_active, v, TW_COUNT(v), NULL, NULL)); /* the next request tries again */
}

void tw_access_become_owner(struct tw_subject *s, const struct tw_owner *o)
{
	s->kind = TW_SUBJECT_OWNER;
	tw_account_id(o->id, s->account);
	(void)snprintf(s->name, sizeof s->name, "owner:%s", o->name);
}

/* comes: he is here, and uses his account. */
static tw_err become(struct tw_device *d, struct tw_subject *s, const struct tw_proof *p, bool comes)
{
	const struct tw_owner *o = tw_access_owner(d, p->account);
	struct tw_account a;

	s->methods = p->methods;
	s->factors = p->factors;
	if (o) {
		tw_access_become_owner(s, o);
		return TW_OK;
	}
	tw_err e = tw_account_get(&d->context, p->account, &a);
	if (tw_is(e, TW_CODE_NOTFOUND) || (!tw_failed(e) && a.state != TW_ACCOUNT_ACTIVE))
		return TW_RAISE(DENIED, "the account is not active, or gone");
	TW_TRY(e);
	tw_account_id(a.id, s->account); /* the log names them in a refusal too */
	if (p->member)
		tw_account_id(p->member, s->member);
	TW_TRY(collect(d, p, &a, s));
	if (comes)
		note_use(d, &a);
	s->kind = TW_SUBJECT_ACCOUNT;
	(void)snprintf(s->name, sizeof s->name, "account:%s", a.name);
	return TW_OK;
}

tw_err tw_access_become(struct tw_device *d, struct tw_subject *s, const struct tw_proof *p)
{
	return become(d, s, p, true);
}

tw_err tw_access_would_be(struct tw_device *d, struct tw_subject *s, const struct tw_proof *p)
{
	return become(d, s, p, false);
}

/* Of what goes on after its request: how somebody had proven who he is, is not asked again, so what depends on that does not hold. */
bool tw_access_known(struct tw_context *c, struct tw_subject *s)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_proof p = { .account = 0 };
	struct tw_subject now = *s;

	if (s->kind == TW_SUBJECT_OWNER)
		return tw_account_id_read(tw_slice_of(s->account), &p.account) && tw_access_owner(d, p.account);
	if (s->kind != TW_SUBJECT_ACCOUNT)
		return true;
	s->roles = s->given = (struct tw_role_set){ 0 };
	if (s->member[0] && !tw_account_id_read(tw_slice_of(s->member), &p.member))
		return false;
	if (!tw_account_id_read(tw_slice_of(s->account), &p.account) || tw_failed(tw_access_become(d, &now, &p)) || now.kind != TW_SUBJECT_ACCOUNT)
		return false;
	s->roles = now.roles;
	s->given = now.given;
	return true;
}
