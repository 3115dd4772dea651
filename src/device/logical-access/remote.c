/* SPDX-License-Identifier: Apache-2.0 */
/*
 * @nist LA.IC.7: one place asks, of everybody and at every door, before anything of a request is done
 *
 * What the gate allows, these rules may still refuse. Who somebody is, from where and for what is asked with each permission, so that what an
 * operation asks for besides, what the product's application asks about and what goes on by itself obey them too; the connection itself is
 * asked when a request comes over it.
 */
#include "device/logical-access/remote.h"

#include "base/log.h"
#include "base/text.h"
#include "device/logical-access/shared.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "service/path/change.h"

#define MANAGEMENT "firewall.management"

static struct tw_remote_state *of(struct tw_device *d)
{
	return d->remote;
}

/* --- What counts --- */

tw_err tw_remote_kept(struct tw_device *d, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, d->context.sys, 2 * TW_REMOTE_POLICY_MAX + 256);
	tw_err e = tw_device_kept(d, TW_KEPT_REMOTE, &text);
	if (tw_is(e, TW_CODE_NOTFOUND))
		*ret = json_object();
	if (tw_is(e, TW_CODE_NOTFOUND))
		return *ret ? TW_OK : TW_RAISE(NOMEM, "rules of access");
	TW_TRY(e);
	return tw_json_parse(tw_buf_slice(&text), 2 * TW_REMOTE_POLICY_MAX + 256, ret);
}

/* What cannot be read is no leave: it is told once, and only who stands at the device comes in until it can. */
static tw_err load(struct tw_device *d, const char *id)
{
	struct tw_remote_state *s = of(d);
	TW_CLEANUP(tw_jsonp) json_t *kept = NULL;
	TW_CLEANUP(tw_remote_freep) tw_remote *p = NULL;
	tw_err e = TW_OK;

	if (strcmp(id, TW_REMOTE_OFF) != 0) {
		e = tw_remote_kept(d, &kept);
		if (!tw_failed(e))
			e = tw_remote_read(d->context.sys, json_object_get(kept, id), &p);
	}
	if (tw_is(e, TW_CODE_NOMEM) || tw_is(e, TW_CODE_IO))
		return e;
	if (tw_failed(e))
		tw_log_err(e, "the rules of access cannot be read; nobody comes in over the network");
	(void)tw_remote_free(s->policy);
	s->policy = TW_STEAL(p);
	s->lost = tw_failed(e);
	(void)snprintf(s->id, sizeof s->id, "%s", id);
	return TW_OK;
}

tw_err tw_remote_policy(struct tw_device *d, const tw_remote **ret, bool *ret_lost)
{
	struct tw_remote_state *s = of(d);
	struct tw_setting_state now;

	if (!tw_setting_is(&d->context, TW_REMOTE_KEY, s->id)) {
		TW_TRY(tw_setting_state(&d->context, tw_setting_find(&d->context, TW_REMOTE_KEY), &now));
		TW_TRY(load(d, now.value));
	}
	*ret = s->policy;
	*ret_lost = s->lost;
	return TW_OK;
}

/* --- The manufacturer's --- */

static tw_err copy_row(const json_t *row, json_t *list)
{
	static const char *const keys[] = { "name", "doors", "permissions", "certificate", "networks" };
	TW_CLEANUP(tw_jsonp) json_t *copy = json_object();

	for (size_t i = 0; copy && i < TW_COUNT(keys); i++) {
		json_t *value = json_object_get(row, keys[i]);

		if (value)
			TW_TRY(tw_json_set(copy, keys[i], json_incref(value)));
	}
	return tw_json_append(list, TW_STEAL(copy));
}

/* @nist LA.IC.1.4: rows of the signed manifest, which stays as it is while core runs */
static tw_err read_product(struct tw_device *d)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();

	for (size_t i = 0; list && i < json_array_size(d->manifest->remote); i++)
		TW_TRY(copy_row(json_array_get(d->manifest->remote, i), list));
	return list ? tw_remote_read_rows(d->context.sys, TW_REMOTE_PRODUCT, list, &of(d)->product) : TW_RAISE(NOMEM, "rules of access");
}

bool tw_remote_counts(const struct tw_device *d, const tw_remote *p, size_t i)
{
	const json_t *row = json_array_get(d->manifest->remote, i);
	bool counts = !tw_json_bool(row, "optional");

	for (size_t k = 0; p && k < p->optional_count; k++)
		counts |= !strcmp(p->optional[k], tw_json_text(row, "name"));
	return counts;
}

/* --- Where somebody stands --- */

static bool is_management(struct tw_device *d, const char *source)
{
	struct tw_setting_state state;
	struct tw_net from, net;
	char *at, *save = NULL;

	if (tw_failed(tw_net_read(source, &from)) ||
		tw_failed(tw_setting_state(&d->context, tw_setting_find(&d->context, MANAGEMENT), &state)))
		return false;
	for (at = strtok_r(state.value, " ", &save); at; at = strtok_r(NULL, " ", &save))
		if (!tw_failed(tw_net_read(at, &net)) && tw_net_has(&net, &from))
			return true;
	return false;
}

enum tw_remote_door tw_remote_door_of(struct tw_device *d, const struct tw_subject *s)
{
	switch (s->door) {
	case TW_DOOR_LOCAL:
		return TW_REMOTE_LOCAL;
	case TW_DOOR_CONSOLE:
		return TW_REMOTE_CONSOLE;
	case TW_DOOR_EVENT:
		return TW_REMOTE_APPLICATION;
	case TW_DOOR_HTTPS:
		return is_management(d, s->source) ? TW_REMOTE_MANAGEMENT : TW_REMOTE_ELSEWHERE;
	case TW_DOOR_INTERNAL:
	case TW_DOOR_BUTTON:
		break;
	}
	return TW_REMOTE_DOORS; /* of no door that rules name */
}

/* A task that goes on after a start no longer knows from where it was begun: one of the network's two doors has to be open to its owner. A
   request always comes from somewhere. */
static bool is_placeless(const struct tw_subject *s)
{
	return s->door == TW_DOOR_HTTPS && !s->source[0];
}

/* Whether it answers says nothing of it, and core asks that of itself; what only presence proves has to stay possible at the console. */
static bool is_spared(const struct tw_context *c, const struct tw_subject *s, const char *permission)
{
	return !strcmp(permission, "health.read") || (s->door == TW_DOOR_CONSOLE && tw_gate_unruled(c->gate, permission));
}

struct asking {
	struct tw_now now;
	struct tw_role_set roles;
	struct tw_remote_ask ask;
};

static void asking_done(struct asking *a)
{
	tw_now_done(&a->now);
}

static void begin(struct tw_device *d, const struct tw_subject *s, enum tw_remote_door door, struct asking *a)
{
	tw_access_now(d, s, &(struct tw_proof){ .methods = s->methods, .factors = s->factors }, &a->now);
	a->roles = tw_subject_roles(s);
	a->ask = (struct tw_remote_ask){ .door = door,
		.gate = d->context.gate,
		.roles = &a->roles,
		.proven = s->kind != TW_SUBJECT_ANYONE,
		.moment = &a->now.moment,
		.certificate = s->methods & 1u << TW_METHOD_CERTIFICATE };
}

static bool is_network(enum tw_remote_door door)
{
	return door == TW_REMOTE_MANAGEMENT || door == TW_REMOTE_ELSEWHERE;
}

static bool product_holds(struct tw_device *d, const tw_remote *p, const struct tw_remote_ask *a)
{
	const struct tw_remote_rows *rows = &of(d)->product;
	bool holds = true;

	for (size_t i = 0; holds && i < rows->count; i++)
		if (tw_remote_counts(d, p, i))
			holds = tw_remote_holds(&(struct tw_remote_rows){ 1, &rows->of[i] }, TW_REMOTE_PRODUCT, a, &of(d)->said);
	return holds;
}

static bool holds_at(struct tw_device *d, const tw_remote *p, enum tw_remote_door door, struct tw_remote_ask *a)
{
	a->door = door;
	return (!p || tw_remote_admits(p, a, &of(d)->said)) && product_holds(d, p, a);
}

static bool product_asks(const struct tw_device *d)
{
	for (size_t i = 0; i < d->remote->product.count; i++)
		if (tw_remote_counts(d, NULL, i))
			return true;
	return false;
}

/* @nist LA.IC.1.1: who, when and for what, with each permission that anybody wants */
static tw_err within(struct tw_context *c, const struct tw_subject *s, const char *permission, struct tw_decision *ret)
{
	struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(asking_done) struct asking a = { .ask = { .permission = permission } };
	const enum tw_remote_door door = tw_remote_door_of(d, s);
	const tw_remote *p = NULL;
	bool lost = false, holds = true;

	if (door == TW_REMOTE_DOORS || is_spared(c, s, permission))
		return TW_OK;
	TW_TRY(tw_remote_policy(d, &p, &lost));
	if (!p && !lost && !product_asks(d))
		return TW_OK;
	begin(d, s, door, &a);
	a.ask.permission = permission;
	of(d)->said = (struct tw_remote_verdict){ "remote.lost", "policy" };
	if (lost && is_network(door))
		holds = false;
	if (holds)
		holds = (is_placeless(s) && holds_at(d, p, TW_REMOTE_MANAGEMENT, &a.ask)) || holds_at(d, p, door, &a.ask);
	if (!holds)
		*ret = (struct tw_decision){ TW_DENY_RULE, of(d)->said.rule, of(d)->said.why };
	return TW_OK;
}

/* Which networks are the management's says which rows of a policy count for whom: while one counts, it is as much as to say the policy. */
static tw_err besides(struct tw_context *c, const struct tw_setting_row *row, const char **ret)
{
	const tw_remote *p = NULL;
	bool lost = false;

	*ret = NULL;
	if (strcmp(row->key, MANAGEMENT) != 0)
		return TW_OK;
	TW_TRY(tw_remote_policy(tw_device_of(c), &p, &lost));
	if (p || lost)
		*ret = tw_setting_find(c, TW_REMOTE_KEY)->permission;
	return TW_OK;
}

/* @nist LA.IC.1.2 LA.IC.1.3: what the session is, and how the connection was made */
static tw_err comes(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(asking_done) struct asking a = { .ask = { .permission = NULL } };
	const enum tw_remote_door door = tw_remote_door_of(d, &rq->subject);
	const struct tw_http_field *host = rq->head ? tw_http_find(rq->head, "Host") : NULL;
	const tw_remote *p = NULL;
	bool lost = false;

	if (!is_network(door) || is_spared(c, &rq->subject, rq->operation->permission))
		return TW_OK;
	TW_TRY(tw_remote_policy(d, &p, &lost));
	if (!p)
		return TW_OK;
	begin(d, &rq->subject, door, &a);
	a.ask.connected = !rq->goes_on;
	a.ask.suite = rq->suite;
	a.ask.group = rq->group;
	if (!a.ask.proven) /* whose it is, is known once he has logged in: till then any key that TLS has proven will do */
		a.ask.certificate = rq->has_client_key;
	a.ask.host = host ? host->value : tw_slice_of("");
	for (int kind = TW_REMOTE_CONNECTION; kind >= TW_REMOTE_SESSION; kind--)
		if (!tw_remote_holds(&p->kinds[kind], (enum tw_remote_kind)kind, &a.ask, &of(d)->said))
			break;
		else if (kind == TW_REMOTE_SESSION)
			return TW_OK;
	(void)snprintf(rp->note, sizeof rp->note, "%s", of(d)->said.why);
	return tw_reply_problem(rp, 403, "forbidden", of(d)->said.rule, "Not in this way",
		"Come as the organization's rules of access want it, or ask somebody who may read them.",
		"A rule of access does not let anybody come like this.");
}

/* --- Sessions --- */

static tw_err judge(struct tw_device *d, const struct tw_session *s, const tw_remote *p, bool *ret)
{
	TW_CLEANUP(asking_done) struct asking a = { .ask = { .permission = NULL } };
	struct tw_subject who = { .door = s->door, .kind = TW_SUBJECT_ANYONE };
	struct tw_proof proof = { .account = 0 };

	*ret = true;
	(void)snprintf(who.source, sizeof who.source, "%s", s->source);
	tw_err e = tw_access_session_prove(d, s, &proof);
	if (!tw_failed(e))
		e = tw_access_would_be(d, &who, &proof);
	if (tw_failed(e)) /* refused for another reason, whoever uses it */
		return tw_is(e, TW_CODE_DENIED) ? TW_OK : e;
	begin(d, &who, tw_remote_door_of(d, &who), &a);
	*ret = tw_remote_admits(p, &a.ask, &of(d)->said) &&
		tw_remote_holds(&p->kinds[TW_REMOTE_CONNECTION], TW_REMOTE_CONNECTION, &a.ask, &of(d)->said) &&
		tw_remote_holds(&p->kinds[TW_REMOTE_SESSION], TW_REMOTE_SESSION, &a.ask, &of(d)->said);
	return TW_OK;
}

/* Durable before it ends, as what somebody lost has to be told. */
static tw_err end(struct tw_device *d, struct tw_session *s)
{
	char account[TW_ACCOUNT_ID_MAX + 2], id[TW_SESSION_ID + 1];

	tw_account_id(s->account, account);
	tw_session_id(s->hash, id);
	TW_TRY(tw_event(&d->context, "remote-access.session-ended",
		json_pack("{s:s, s:s, s:s, s:s}", "account", account, "session", id, "rule", of(d)->said.rule, "why", of(d)->said.why)));
	TW_TRY(tw_audit_commit(d->context.audit));
	return tw_access_session_drop(&d->context, s);
}

/* While a policy waits to be confirmed, it refuses and ends nothing: taken back, everybody goes on. */
tw_err tw_access_job_remote(struct tw_context *c)
{
	struct tw_device *d = tw_device_of(c);
	const tw_remote *p = NULL;
	int64_t left = 0;
	bool lost = false, fits = true;

	TW_TRY(tw_remote_policy(d, &p, &lost));
	for (size_t i = 0; p && !tw_change_waits(c, TW_REMOTE_KEY, &left) && i < TW_SESSIONS_MAX; i++) {
		struct tw_session *s = &d->access->guard.sessions[i];

		if (!s->used || !tw_access_session_lives(c, s) || s->door != TW_DOOR_HTTPS)
			continue;
		TW_TRY(judge(d, s, p, &fits));
		if (!fits)
			TW_TRY(end(d, s));
	}
	if (!tw_change_waits(c, TW_REMOTE_KEY, &left))
		(void)snprintf(of(d)->ended, sizeof of(d)->ended, "%s", of(d)->id);
	return TW_OK;
}

/* At once behind a change that stays. */
int64_t tw_access_remote_due_ms(struct tw_context *c)
{
	struct tw_device *d = tw_device_of(c);
	int64_t left = 0;

	return tw_setting_is(c, TW_REMOTE_KEY, of(d)->ended) || tw_change_waits(c, TW_REMOTE_KEY, &left) ? -1 : 0;
}

tw_err tw_remote_start(struct tw_device *d)
{
	d->remote = TW_NEW(d->context.sys, struct tw_remote_state);
	if (!d->remote)
		return TW_RAISE(NOMEM, "rules of access");
	(void)snprintf(d->remote->id, sizeof d->remote->id, TW_REMOTE_OFF);
	(void)snprintf(d->remote->ended, sizeof d->remote->ended, TW_REMOTE_OFF);
	TW_TRY(read_product(d));
	d->context.within = within;
	d->context.comes = comes;
	d->context.besides = besides;
	return TW_OK;
}

void tw_remote_stop(struct tw_device *d)
{
	d->context.within = NULL;
	d->context.comes = NULL;
	d->context.besides = NULL;
	if (!d->remote)
		return;
	(void)tw_remote_free(d->remote->policy);
	tw_remote_rows_done(&d->remote->product);
	free(d->remote);
	d->remote = NULL;
}
