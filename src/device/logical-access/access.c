/* SPDX-License-Identifier: Apache-2.0 */
#include "device/logical-access/state.h"
#include "service/access/throttle-store.h"

#include "base/log.h"
#include "base/text.h"
#include "device/logical-access/login-factor.h"
#include "device/logical-access/names.h"
#include "device/logical-access/remote.h"
#include "device/logical-access/rights.h"
#include "device/logical-access/shared.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"
#include "service/sql-service.h"
#include "service/path/condition.h"

struct reading {
	struct tw_device *device;
	struct tw_owners *owners;
};

static tw_err take_owner(void *user, const tw_row *row)
{
	const struct reading *r = user;
	struct tw_owners *all = r->owners;
	struct tw_owner *o = &all->of[all->count];
	struct tw_slice name = tw_row_bytes(row, 1), key = tw_row_bytes(row, 2);
	const struct tw_ending end = tw_ending_read(&r->device->context, row, 4); /* by its members: owners are compared as bytes */

	if (all->count == TW_OWNERS_MAX || name.size > TW_ACCOUNT_NAME_MAX)
		return TW_RAISE(LIMIT, "more owners in the store than %d, or a name too long", TW_OWNERS_MAX);
	o->id = tw_row_int(row, 0);
	memcpy(o->name, name.at, name.size);
	o->has_key = key.size == sizeof o->key;
	o->enrolled = tw_row_int(row, 3) > 0;
	o->end.ends_ms = end.ends_ms;
	o->end.boot_ms = end.boot_ms;
	o->end.this_boot = end.this_boot;
	if (o->has_key)
		memcpy(o->key, key.at, key.size);
	all->count++;
	return TW_OK;
}

tw_err tw_access_owners_read(struct tw_device *d, struct tw_owners *ret)
{
	struct reading r = { d, ret };

	*ret = (struct tw_owners){ .count = 0 };
	return tw_store_run(d->context.store, tw_sql_owner_all, NULL, 0, take_owner, &r);
}

static bool can_come_in(const struct tw_device *d, const struct tw_owner *o)
{
	return o->enrolled || tw_access_has_session(&d->context, o->id);
}

/* Whose role has no end has it longest; of equal ends one is the later, whichever. */
static bool is_later(const struct tw_owner *a, const struct tw_owner *b)
{
	if (!a->end.ends_ms || !b->end.ends_ms)
		return b->end.ends_ms;
	return a->end.ends_ms != b->end.ends_ms ? a->end.ends_ms > b->end.ends_ms : a->id > b->id;
}

/* He has what lets him in again (a session ends, and nobody were there then), and his role goes on; or it ended later, which makes him the last of
   those whose ended. */
static bool outlasts(const struct tw_device *d, const struct tw_owner *other, const struct tw_owner *o)
{
	if (other == o || !other->enrolled)
		return false;
	return !tw_ending_counts(&d->context, &other->end) || is_later(other, o);
}

bool tw_access_owner_stays(const struct tw_device *d, const struct tw_owner *o)
{
	const struct tw_owners *all = &d->access->owners;

	for (size_t i = 0; i < all->count; i++)
		if (all->of[i].enrolled && is_later(&all->of[i], o))
			return false;
	return true;
}

/* The role of one may have ended. It counts then only as long as there is no other who could come in. */
static bool is_owner_now(const struct tw_device *d, const struct tw_owner *o)
{
	const struct tw_owners *all = &d->access->owners;

	if (!tw_ending_counts(&d->context, &o->end))
		return true;
	for (size_t i = 0; i < all->count; i++)
		if (outlasts(d, &all->of[i], o))
			return false;
	return true;
}

const struct tw_owner *tw_access_owner(const struct tw_device *d, int64_t account)
{
	const struct tw_owners *all = &d->access->owners;

	for (size_t i = 0; i < all->count; i++)
		if (all->of[i].id == account)
			return is_owner_now(d, &all->of[i]) ? &all->of[i] : NULL;
	return NULL;
}

bool tw_access_other_owner(const struct tw_device *d, int64_t account)
{
	const struct tw_owners *all = &d->access->owners;

	for (size_t i = 0; i < all->count; i++)
		if (all->of[i].id != account && can_come_in(d, &all->of[i]) && is_owner_now(d, &all->of[i]))
			return true;
	return false;
}

tw_err tw_access_load(struct tw_device *d)
{
	struct tw_access *a = d->access;
	TW_CLEANUP(tw_freep) struct tw_access *fresh = TW_NEW(d->context.sys, struct tw_access);

	if (!fresh)
		return TW_RAISE(NOMEM, "owners and sessions");
	TW_TRY(tw_access_owners_read(d, &fresh->owners));
	TW_TRY(tw_access_limits_read(&d->context, &fresh->guard));
	TW_TRY(tw_access_sessions_read(&d->context, &fresh->guard));
	TW_TRY(tw_notice_load(d, &fresh->notice));
	a->owners = fresh->owners;
	a->guard.idle_ms = fresh->guard.idle_ms;
	a->guard.limit_ms = fresh->guard.limit_ms;
	a->guard.inactive_ms = fresh->guard.inactive_ms;
	d->context.list_max = fresh->guard.list_max;
	memcpy(a->guard.sessions, fresh->guard.sessions, sizeof a->guard.sessions);
	a->notice = fresh->notice;
	tw_notice_display(d);
	return TW_OK;
}

static tw_err owned(struct tw_context *c, bool *ret)
{
	*ret = tw_device_of(c)->access->owners.count > 0;
	return TW_OK;
}

/* Whoever uses the session of a browser take-over has got it: its request need not be answered any more, and its owner stays. */
static tw_err end_collecting(struct tw_device *d, const struct tw_session *s)
{
	for (size_t i = 0; i < TW_BROWSER_MAX; i++) {
		struct tw_browser *b = &d->access->browsers[i];

		if (!tw_equal_secret(b->session, s->hash, sizeof s->hash))
			continue;
		TW_TRY(tw_device_forget(d, TW_KEPT_UNCOLLECTED));
		memset(b, 0, sizeof *b);
	}
	return TW_OK;
}

static const struct tw_owner *owner_of_key(const struct tw_access *a, const struct tw_request *rq)
{
	const struct tw_owners *all = &a->owners;

	for (size_t i = 0; rq->has_client_key && i < all->count; i++)
		if (all->of[i].has_key && tw_equal_secret(all->of[i].key, rq->client_key, sizeof rq->client_key))
			return &all->of[i];
	return NULL;
}

static tw_err take_id(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

/* Whose client key it is: an owner's as memory has it, so that no fault of the store keeps him out, or another credential's. 0: nobody's. */
tw_err tw_access_account_of_key(struct tw_device *d, const struct tw_request *rq, int64_t *ret)
{
	const struct tw_owner *o = owner_of_key(d->access, rq);
	const struct tw_value v[] = { TW_V_BLOB(rq->client_key, sizeof rq->client_key) };

	*ret = o ? o->id : 0;
	if (o || !rq->has_client_key)
		return TW_OK;
	return tw_store_run(d->context.store, tw_sql_credential_of_key, v, TW_COUNT(v), take_id, ret);
}

/* By what it was opened, while that is strong enough. */
tw_err tw_access_session_prove(struct tw_device *d, const struct tw_session *s, struct tw_proof *ret)
{
	const struct tw_login_factor *second = tw_factor_of_how(s->how);

	*ret = (struct tw_proof){ s->account, 1U << TW_METHOD_CODE, 1 };
	if (!strcmp(s->how, TW_HOW_PASSWORD))
		*ret = (struct tw_proof){ s->account, 1U << TW_METHOD_PASSWORD, 1 };
	if (!strcmp(s->how, TW_HOW_OUTSIDE))
		*ret = (struct tw_proof){ s->account, 1U << TW_METHOD_OUTSIDE, 1 };
	if (second)
		*ret = (struct tw_proof){ s->account,
			1U << (strcmp(s->how, second->how) ? TW_METHOD_OUTSIDE : TW_METHOD_PASSWORD) | 1U << second->method, 2 };
	if (!strcmp(s->how, TW_HOW_CERTIFICATE))
		*ret = (struct tw_proof){ s->account, 1U << TW_METHOD_CERTIFICATE, 1 };
	ret->member = s->member;
	return tw_policy_takes(d, s->how) ? TW_OK : TW_RAISE(DENIED, "what opened the session is not strong enough now");
}

static tw_err by_session(struct tw_device *d, struct tw_request *rq, struct tw_slice token, struct tw_proof *ret)
{
	struct tw_session *s = tw_access_session_of(&d->context, token);

	if (!s || !tw_access_session_fits(s, rq))
		return TW_RAISE(DENIED, "no such session, or no longer");
	tw_session_id(s->hash, rq->subject.session);
	TW_TRY(end_collecting(d, s));
	if (!rq->goes_on)
		s->used_ms = tw_time_boot_ms(&d->time);
	tw_err e = tw_access_session_prove(d, s, ret);
	if (tw_is(e, TW_CODE_DENIED))
		rq->refused_rule = "LA.AS.2";
	return e;
}

/* Whoever comes by a certificate may use a session of a shared account on that connection. */
static bool is_shared(struct tw_device *d, struct tw_slice token)
{
	const struct tw_session *s = tw_access_session_of(&d->context, token);

	return s && s->member;
}

/*
 * The application's door has a pass to show. Who stands at the others the kernel has said already: at the local one that is root or nobody, and who
 * logged in there is from then on the account whose session he shows, and no more root. A session that was opened at another door is none.
 */
static tw_err authenticate(struct tw_context *c, struct tw_request *rq)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_proof p = { .methods = 1U << TW_METHOD_CERTIFICATE, .factors = 1 };
	const char *how = "client-certificate";
	struct tw_slice token = tw_access_bearer(rq);

	if (rq->subject.door == TW_DOOR_EVENT && rq->pass.size)
		return tw_access_by_pass(d, rq);
	if (rq->subject.door != TW_DOOR_HTTPS && rq->subject.door != TW_DOOR_LOCAL)
		return TW_OK;
	if (rq->subject.door == TW_DOOR_HTTPS)
		TW_TRY(tw_access_account_of_key(d, rq, &p.account));
	if (p.account == 0 && token.size == 0)
		return TW_OK;
	if (p.account == 0 || is_shared(d, token)) {
		TW_TRY(by_session(d, rq, token, &p));
		how = "session";
	}
	d->access->refused = NULL;
	tw_err e = tw_access_become(d, &rq->subject, &p);
	if (tw_is(e, TW_CODE_DENIED))
		rq->refused_rule = d->access->refused;
	TW_TRY(e);
	(void)snprintf(rq->subject.how, sizeof rq->subject.how, "%s", how);
	return TW_OK;
}

static tw_err agreed(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_TRY(tw_shared_passes(c, rq, rp));
	return rp->problem[0] ? TW_OK : tw_notice_agreed(c, rq, rp);
}

/* A local user makes as many processes as he likes, so it is the user who has to wait. */
const char *tw_access_where(const struct tw_request *rq)
{
	return rq->subject.door == TW_DOOR_LOCAL ? rq->subject.name : rq->subject.source;
}

void tw_access_source(const struct tw_request *rq, char ret[64])
{
	tw_throttle_source(tw_access_where(rq), ret);
}

/* Whoever has proven nothing may fail a few times a minute; what a failure is does not matter, since each leaves records. */
static tw_err admit(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	char source[64];

	d->access->proven = false;
	if (tw_login_is(rq))
		return tw_login_admit(c, rq, rp);
	tw_access_source(rq, source);
	int wait = tw_throttle_wait_s(tw_access_throttle(&d->context), source, tw_time_boot_ms(&d->time));
	if (wait)
		return tw_access_wait(rq, wait, rp);
	return tw_recovery_asks(rq) ? tw_recovery_admit(c, rq, rp) : TW_OK;
}

static void count_refused(struct tw_context *c, const struct tw_request *rq)
{
	struct tw_device *d = tw_device_of(c);
	bool proven = d->access->proven;
	char source[64];

	d->access->proven = false;
	if (proven)
		return;
	tw_access_source(rq, source);
	tw_throttle_failed(tw_access_throttle(&d->context), source, tw_time_boot_ms(&d->time));
}

/* A change of ownership that was cut short owes a new listener key: whoever held the device before knows the old one. */
static tw_err pay_listener(struct tw_device *d)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf kept = { 0 };

	tw_buf_init(&kept, d->context.sys, 64);
	tw_err e = tw_device_kept(d, TW_KEPT_LISTENER, &kept);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	TW_TRY(tw_event(&d->context, "ownership.listener-replaced", json_object()));
	return tw_access_listener(d);
}

tw_err tw_access_ownership_end(tw_store *s)
{
	static const char *const statements[] = { tw_sql_ownership_end, tw_sql_ownership_forget, tw_sql_account_drop_all,
		tw_sql_account_change_drop_all, tw_sql_cap_drop_all, tw_sql_notice_drop_all };

	for (size_t i = 0; i < TW_COUNT(statements); i++)
		TW_TRY(tw_store_run(s, statements[i], NULL, 0, NULL, NULL));
	return TW_OK;
}

static tw_err drop_uncollected(tw_store *s, void *user)
{
	TW_TRY(tw_access_ownership_end(s)); /* and his session with him */
	return tw_device_forget(user, TW_KEPT_UNCOLLECTED);
}

/* An owner without a key whose session nobody has used could never come in: who may collect it was known in memory only. */
static tw_err end_uncollected(struct tw_device *d)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf name = { 0 };

	tw_buf_init(&name, d->context.sys, TW_ACCOUNT_NAME_MAX);
	tw_err e = tw_device_kept(d, TW_KEPT_UNCOLLECTED, &name);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	TW_TRY(tw_event(&d->context, "ownership.uncollected", json_pack("{s:s}", "owner", tw_buf_cstr(&name))));
	TW_TRY(tw_audit_commit(d->context.audit));
	return tw_store_transaction(d->context.store, drop_uncollected, d);
}

static bool given(struct tw_context *c, const struct tw_request *rq)
{
	return tw_notice_given(tw_device_of(c), rq);
}

static tw_err judge(struct tw_context *c, struct tw_session *s)
{
	return tw_support_judge(tw_device_of(c), s);
}

static tw_err begins(struct tw_context *c, int64_t account, const char *how)
{
	return tw_notice_tell_accepted(tw_device_of(c), account, how);
}

static tw_err began(struct tw_context *c, const struct tw_session *s)
{
	return tw_support_began(tw_device_of(c), s);
}

void tw_access_guard(struct tw_device *d)
{
	static const struct tw_guard_side side = { tw_account_owns, given, judge, begins, began };
	struct tw_guard *g = &d->access->guard;

	g->side = &side;
	g->product = d->manifest->product;
	g->maker = d->manifest->organization;
	memcpy(g->boot_id, d->boot_id, sizeof g->boot_id);
	d->context.guard = g;
}

tw_err tw_access_start(struct tw_device *d)
{
	const struct tw_value now[] = { TW_V_BLOB(d->boot_id, sizeof d->boot_id), TW_V_INT(tw_time_boot_ms(&d->time)) };

	d->access = TW_NEW(d->context.sys, struct tw_access);
	if (!d->access)
		return TW_RAISE(NOMEM, "logical access");
	tw_access_guard(d);
	d->context.authenticate = authenticate;
	d->context.owned = owned;
	d->context.known = tw_access_known;
	d->context.admit = admit;
	d->context.refused = count_refused;
	d->context.agreed = agreed;
	d->context.step_up = tw_access_step_up_asked;
	d->context.unrecorded = tw_audit_unrecorded;
	TW_TRY(tw_remote_start(d));
	TW_TRY(tw_support_left(d));
	TW_TRY(tw_store_run(d->context.store, tw_sql_session_drop_old, now, TW_COUNT(now), NULL, NULL));
	TW_TRY(tw_store_run(d->context.store, tw_sql_code_drop_old, now, TW_COUNT(now), NULL, NULL));
	TW_TRY(end_uncollected(d));
	TW_TRY(tw_access_load(d));
	TW_TRY(tw_rights_fit_product(d));
	TW_TRY(tw_rights_load(d));
	TW_TRY(tw_throttle_load(&d->context));
	TW_TRY(tw_names_load(d));
	return pay_listener(d);
}

void tw_access_stop(struct tw_device *d)
{
	tw_remote_stop(d);
	if (d->access) {
		tw_login_stop(d);
		tw_messages_stop(d);
	}
	if (d->access)
		tw_wipe(d->access, sizeof *d->access);
	free(d->access);
	d->access = NULL;
	d->context.guard = NULL;
}

tw_err tw_access_listener(struct tw_device *d)
{
	d->listener_owed = true;
	TW_TRY(tw_device_listener(d, true));
	TW_TRY(tw_device_forget(d, TW_KEPT_LISTENER));
	d->listener_owed = false;
	return TW_OK;
}

tw_err tw_access_mend(struct tw_device *d)
{
	return d->listener_owed ? pay_listener(d) : TW_OK;
}

struct owning {
	struct tw_device *device;
	const struct tw_new_owner *owner;
	struct tw_owners owners; /* as they are then */
};

static tw_err put_owner(tw_store *s, void *user)
{
	struct owning *o = user;
	struct tw_device *d = o->device;
	const int64_t now = tw_time_wall_ms(&d->time);
	const struct tw_new_account account = { .name = o->owner->name, .made_by = o->owner->how, .kind = TW_ACCOUNT_PERSON, .made_ms = now };
	const struct tw_value since[] = { TW_V_INT(now) };
	int64_t id = 0;

	TW_TRY(tw_store_run(s, tw_sql_ownership_begin, since, TW_COUNT(since), NULL, NULL));
	TW_TRY(tw_account_put(&d->context, &account, &id));
	TW_TRY(tw_account_note(&d->context,
		&(struct tw_account_note){ .account = id, .name = o->owner->name, .what = "made, as owner", .who = o->owner->how }));
	TW_TRY(tw_account_role_put(&d->context, id, TW_ROLE_OWNER, NULL, o->owner->how));
	if (o->owner->key)
		TW_TRY(tw_credential_put(
			d, &(struct tw_new_credential){ id, "taken over with", o->owner->key, o->owner->certificate }, &id));
	else
		TW_TRY(tw_device_keep(d, TW_KEPT_UNCOLLECTED, o->owner->name));
	TW_TRY(tw_access_owners_read(d, &o->owners));
	return tw_device_keep(d, TW_KEPT_LISTENER, "owed");
}

tw_err tw_access_own(struct tw_device *d, const struct tw_new_owner *o)
{
	struct owning owning = { .device = d, .owner = o };

	TW_TRY(tw_store_transaction(d->context.store, put_owner, &owning));
	d->access->owners = owning.owners; /* from here on there is an owner, whatever fails */
	memset(d->access->challenges, 0, sizeof d->access->challenges);
	memset(d->access->browsers, 0, sizeof d->access->browsers);
	TW_TRY(tw_event(&d->context, "ownership.taken", json_pack("{s:s, s:s}", "owner", o->name, "how", o->how)));
	return tw_access_listener(d);
}

tw_err tw_access_fact_owner(struct tw_context *c, json_t **ret)
{
	*ret = json_boolean(tw_device_of(c)->access->owners.count > 0);
	return TW_OK;
}

static tw_err take_since(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

/* No two ownerships of one unit have the same, also when its clock was set back in between: it takes a number above that of
   the last one that ended. */
tw_err tw_access_fact_since(struct tw_context *c, json_t **ret)
{
	int64_t since = 0;

	TW_TRY(tw_store_run(c->store, tw_sql_ownership_since, NULL, 0, take_since, &since));
	*ret = json_integer(since);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "owner.since");
}
