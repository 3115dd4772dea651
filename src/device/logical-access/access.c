/* SPDX-License-Identifier: Apache-2.0 */
#include "device/logical-access/state.h"

#include "base/log.h"
#include "base/text.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"

static tw_err take_owner(void *user, const tw_row *row)
{
	struct tw_access *a = user;
	struct tw_owner *o = &a->owners[a->owner_count];
	struct tw_slice name = tw_row_bytes(row, 0), key = tw_row_bytes(row, 1);

	if (a->owner_count == TW_OWNERS_MAX || name.size > TW_OWNER_NAME_MAX)
		return TW_RAISE(LIMIT, "more owners in the store than %d, or a name too long", TW_OWNERS_MAX);
	memcpy(o->name, name.at, name.size);
	o->has_key = key.size == sizeof o->key;
	if (o->has_key)
		memcpy(o->key, key.at, key.size);
	a->owner_count++;
	return TW_OK;
}

static tw_err take_session(void *user, const tw_row *row)
{
	struct tw_access *a = user;
	struct tw_slice hash = tw_row_bytes(row, 0), owner = tw_row_bytes(row, 1);

	for (size_t i = 0; i < TW_SESSIONS_MAX; i++) {
		struct tw_session *s = &a->sessions[i];

		if (s->used || hash.size != sizeof s->hash || owner.size > TW_OWNER_NAME_MAX)
			continue;
		s->used = true;
		memcpy(s->hash, hash.at, hash.size);
		memcpy(s->owner, owner.at, owner.size);
		s->expires_ms = tw_row_int(row, 2);
		break;
	}
	return TW_OK;
}

tw_err tw_access_load(struct tw_device *d)
{
	struct tw_access *a = d->access;
	TW_CLEANUP(tw_freep) struct tw_access *fresh = TW_NEW(d->context.sys, struct tw_access);
	const struct tw_value now[] = { TW_V_BLOB(d->boot_id, sizeof d->boot_id), TW_V_INT(tw_time_boot_ms(&d->time)) };

	if (!fresh)
		return TW_RAISE(NOMEM, "owners and sessions");
	TW_TRY(tw_store_run(d->context.store, tw_sql_owner_all, NULL, 0, take_owner, fresh));
	TW_TRY(tw_store_run(d->context.store, tw_sql_session_all, now, TW_COUNT(now), take_session, fresh));
	a->owner_count = fresh->owner_count;
	memcpy(a->owners, fresh->owners, sizeof a->owners);
	memcpy(a->sessions, fresh->sessions, sizeof a->sessions);
	return TW_OK;
}

static tw_err owned(struct tw_context *c, bool *ret)
{
	*ret = tw_device_of(c)->access->owner_count > 0;
	return TW_OK;
}

static bool known(struct tw_context *c, const struct tw_subject *s)
{
	const struct tw_access *a = tw_device_of(c)->access;

	if (s->kind != TW_SUBJECT_OWNER)
		return true;
	for (size_t i = 0; i < a->owner_count; i++)
		if (!strncmp(s->name, "owner:", 6) && !strcmp(s->name + 6, a->owners[i].name))
			return true;
	return false;
}

static void become(struct tw_request *rq, const char *owner, const char *how)
{
	rq->subject.kind = TW_SUBJECT_OWNER;
	(void)snprintf(rq->subject.name, sizeof rq->subject.name, "owner:%s", owner);
	(void)snprintf(rq->subject.how, sizeof rq->subject.how, "%s", how);
}

struct tw_slice tw_access_bearer(const struct tw_request *rq)
{
	const struct tw_http_field *f = rq->head ? tw_http_find(rq->head, "Authorization") : NULL;

	if (!f || f->value.size <= 7 || !tw_slice_is_nocase((struct tw_slice){ f->value.at, 7 }, "Bearer "))
		return TW_SLICE("");
	return (struct tw_slice){ f->value.at + 7, f->value.size - 7 };
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

/* Only the network door has credentials to show: who stands at the others the kernel has said already. */
static tw_err authenticate(struct tw_context *c, struct tw_request *rq)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_access *a = d->access;
	struct tw_slice token;
	const struct tw_session *s;

	if (rq->subject.door != TW_DOOR_HTTPS)
		return TW_OK;
	for (size_t i = 0; rq->has_client_key && i < a->owner_count; i++) {
		if (a->owners[i].has_key && tw_equal_secret(a->owners[i].key, rq->client_key, sizeof rq->client_key)) {
			become(rq, a->owners[i].name, "client-certificate");
			return TW_OK;
		}
	}
	token = tw_access_bearer(rq);
	if (token.size == 0)
		return TW_OK;
	s = tw_access_session_of(d, token);
	if (!s)
		return TW_RAISE(DENIED, "no such session, or no longer");
	TW_TRY(end_collecting(d, s));
	become(rq, s->owner, "session");
	return TW_OK;
}

/* A local user makes as many processes as he likes, so it is the user who has to wait. */
static void source_of(const struct tw_request *rq, char ret[64])
{
	tw_throttle_source(rq->subject.door == TW_DOOR_LOCAL ? rq->subject.name : rq->subject.source, ret);
}

/* Whoever has proven nothing may fail a few times a minute; what a failure is does not matter, since each leaves records. */
static tw_err admit(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	char source[64];

	source_of(rq, source);
	int wait = tw_throttle_wait_s(&d->access->throttle, source, tw_time_boot_ms(&d->time));
	return wait ? tw_access_wait(rq, wait, rp) : TW_OK;
}

static void count_refused(struct tw_context *c, const struct tw_request *rq)
{
	struct tw_device *d = tw_device_of(c);
	char source[64];

	source_of(rq, source);
	tw_throttle_failed(&d->access->throttle, source, tw_time_boot_ms(&d->time));
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

static tw_err drop_uncollected(tw_store *s, void *user)
{
	TW_TRY(tw_store_run(s, tw_sql_owner_ended, NULL, 0, NULL, NULL));
	TW_TRY(tw_store_run(s, tw_sql_owner_drop_all, NULL, 0, NULL, NULL)); /* and his session with him */
	return tw_device_forget(user, TW_KEPT_UNCOLLECTED);
}

/* An owner without a key whose session nobody has used could never come in: who may collect it was known in memory only. */
static tw_err end_uncollected(struct tw_device *d)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf name = { 0 };

	tw_buf_init(&name, d->context.sys, TW_OWNER_NAME_MAX);
	tw_err e = tw_device_kept(d, TW_KEPT_UNCOLLECTED, &name);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	TW_TRY(tw_event(&d->context, "ownership.uncollected", json_pack("{s:s}", "owner", tw_buf_cstr(&name))));
	TW_TRY(tw_audit_commit(d->context.audit));
	return tw_store_transaction(d->context.store, drop_uncollected, d);
}

tw_err tw_access_start(struct tw_device *d)
{
	const struct tw_value now[] = { TW_V_BLOB(d->boot_id, sizeof d->boot_id), TW_V_INT(tw_time_boot_ms(&d->time)) };

	d->access = TW_NEW(d->context.sys, struct tw_access);
	if (!d->access)
		return TW_RAISE(NOMEM, "logical access");
	d->context.authenticate = authenticate;
	d->context.owned = owned;
	d->context.known = known;
	d->context.admit = admit;
	d->context.refused = count_refused;
	TW_TRY(tw_store_run(d->context.store, tw_sql_session_drop_old, now, TW_COUNT(now), NULL, NULL));
	TW_TRY(tw_store_run(d->context.store, tw_sql_code_drop_old, now, TW_COUNT(now), NULL, NULL));
	TW_TRY(end_uncollected(d));
	TW_TRY(tw_access_load(d));
	return pay_listener(d);
}

void tw_access_stop(struct tw_device *d)
{
	if (d->access)
		tw_wipe(d->access, sizeof *d->access);
	free(d->access);
	d->access = NULL;
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
};

static tw_err put_owner(tw_store *s, void *user)
{
	const struct owning *o = user;
	const struct tw_value v[] = {
		TW_V_TEXT(o->owner->name),
		o->owner->key ? TW_V_BLOB(o->owner->key, 32) : (struct tw_value){ .kind = TW_VALUE_NULL },
		o->owner->certificate ? TW_V_TEXT(o->owner->certificate) : (struct tw_value){ .kind = TW_VALUE_NULL },
		TW_V_INT(tw_time_wall_ms(&o->device->time)),
		TW_V_TEXT(o->owner->how),
	};

	TW_TRY(tw_store_run(s, tw_sql_owner_put, v, TW_COUNT(v), NULL, NULL));
	if (!o->owner->key)
		TW_TRY(tw_device_keep(o->device, TW_KEPT_UNCOLLECTED, o->owner->name));
	return tw_device_keep(o->device, TW_KEPT_LISTENER, "owed");
}

static void know_owner(struct tw_access *a, const struct tw_new_owner *o)
{
	struct tw_owner *owner = &a->owners[a->owner_count++];

	*owner = (struct tw_owner){ .has_key = o->key != NULL };
	(void)snprintf(owner->name, sizeof owner->name, "%s", o->name);
	if (o->key)
		memcpy(owner->key, o->key, sizeof owner->key);
}

tw_err tw_access_own(struct tw_device *d, const struct tw_new_owner *o)
{
	struct owning owning = { d, o };

	if (d->access->owner_count == TW_OWNERS_MAX)
		return TW_RAISE(LIMIT, "more owners than %d", TW_OWNERS_MAX);
	TW_TRY(tw_store_transaction(d->context.store, put_owner, &owning));
	know_owner(d->access, o); /* without reading it back, which may fail: from here on there is an owner */
	memset(d->access->challenges, 0, sizeof d->access->challenges);
	memset(d->access->browsers, 0, sizeof d->access->browsers);
	TW_TRY(tw_event(&d->context, "ownership.taken", json_pack("{s:s, s:s}", "owner", o->name, "how", o->how)));
	return tw_access_listener(d);
}

bool tw_access_name_valid(const char *name)
{
	size_t size = strlen(name);

	return size > 0 && size <= TW_OWNER_NAME_MAX && tw_text_printable(tw_slice_of(name)) && name[0] != ' ' && name[size - 1] != ' ';
}

tw_err tw_access_wait(const struct tw_request *rq, int seconds, struct tw_reply *rp)
{
	TW_TRY(tw_reply_problem(rp, 429, "throttled", "access.throttle", "Too many failed attempts", "Wait, then try again.",
		"Attempts from %s have to wait %d seconds.", rq->subject.source, seconds));
	rp->retry_after_s = seconds;
	return TW_OK;
}

tw_err tw_access_fact_owner(struct tw_context *c, json_t **ret)
{
	*ret = json_boolean(tw_device_of(c)->access->owner_count > 0);
	return TW_OK;
}

static tw_err take_since(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

/* No two ownerships of one unit have the same, also when its clock was set back in between: an owner's row takes a number above
   that of the last ownership that ended. */
tw_err tw_access_fact_since(struct tw_context *c, json_t **ret)
{
	int64_t since = 0;

	TW_TRY(tw_store_run(c->store, tw_sql_owner_since, NULL, 0, take_since, &since));
	*ret = json_integer(since);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "owner.since");
}
