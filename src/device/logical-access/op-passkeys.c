/* SPDX-License-Identifier: Apache-2.0 */
/* One's own passkeys: enrolled under the name that the page has, listed, removed. */
#include "base/text.h"
#include "crypto/hash.h"
#include "device/logical-access/passkey.h"
#include "device/logical-access/shared.h"
#include "device/logical-access/state.h"
#include "service/access/throttle-store.h"
#include "device/rows-logical-access.h"
#include "service/sql-service.h"
#include "formats/clientdata.h"

#include <inttypes.h>

/* --- Who --- */

static void own_source(const struct tw_account *a, char ret[64])
{
	(void)snprintf(ret, 64, "own:a%" PRId64, a->id);
}

static tw_err mine(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_account *ret)
{
	struct tw_device *d = tw_device_of(c);
	char source[64];

	TW_TRY(tw_account_wanted(c, rq, tw_slice_of(rq->subject.account), rp, ret));
	if (rp->problem[0])
		return TW_OK;
	if (ret->kind == TW_ACCOUNT_SHARED)
		return tw_shared_refuse_own(rp);
	own_source(ret, source);
	int wait = tw_throttle_wait_s(tw_access_throttle(&d->context), source, tw_time_boot_ms(&d->time));
	return wait ? tw_access_wait(rq, wait, rp) : TW_OK;
}

static tw_err refuse(struct tw_device *d, const struct tw_account *a, struct tw_reply *rp)
{
	char source[64];

	own_source(a, source);
	tw_throttle_failed(tw_access_throttle(&d->context), source, tw_time_boot_ms(&d->time));
	return tw_reply_problem(rp, 403, "login", "access.passkey", "This is no new passkey for here", "Begin again.",
		"It was made for another page or another challenge, nobody touched it, or its kind of key is not taken (P-256 and Ed25519 are).");
}

/* --- Listed --- */

struct list {
	json_t *to;
};

static tw_err add(void *user, const struct tw_passkey *p)
{
	struct list *l = user;
	char id[TW_ACCOUNT_ID_MAX + 2], made[TW_TIME_TEXT_MAX];

	(void)snprintf(id, sizeof id, "c%" PRId64, p->id);
	tw_time_text(p->made_ms, made);
	return tw_json_append(l->to, json_pack("{s:s, s:s, s:s, s:s}", "credential", id, "label", p->label, "site", p->site, "made", made));
}

tw_err tw_access_passkeys(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct list l = { NULL };
	struct tw_account a;

	TW_TRY(tw_account_wanted(c, rq, tw_slice_of(rq->subject.account), rp, &a));
	if (rp->problem[0])
		return TW_OK;
	l.to = json_array();
	rp->body = json_pack("{s:o}", "passkeys", l.to);
	return rp->body ? tw_passkey_each(c, a.id, add, &l) : TW_RAISE(NOMEM, "reply");
}

static tw_err count_one(void *user, const struct tw_passkey *p)
{
	++*(size_t *)user;
	return TW_OK;
}

static tw_err check_room(struct tw_device *d, const struct tw_account *a, struct tw_reply *rp)
{
	size_t count = 0;

	TW_TRY(tw_passkey_each(&d->context, a->id, count_one, &count));
	return count < TW_PASSKEYS_OWN ? TW_OK
				       : tw_reply_problem(rp, 409, "full", "passkey.limit", "You have too many passkeys",
						 "Remove one first.", "An account has at most %d.", TW_PASSKEYS_OWN);
}

/* --- Enrolled --- */

static struct tw_passkey_offer *place(struct tw_device *d, int64_t account)
{
	struct tw_places places = { .most = 1 };

	for (size_t i = 0; i < TW_PLACES_MAX; i++) {
		places.of[i].account = d->access->passkey_offers[i].account;
		places.of[i].expires_ms = d->access->passkey_offers[i].expires_ms;
	}
	return &d->access->passkey_offers[tw_places_pick(&places, account, tw_time_boot_ms(&d->time))];
}

tw_err tw_access_passkey_begin(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_token_done) struct tw_token challenge = { .text = "" };
	struct tw_device *d = tw_device_of(c);
	struct tw_passkey_site site;
	struct tw_account a;

	TW_TRY(mine(c, rq, rp, &a));
	if (!rp->problem[0] && !tw_passkey_site(d, rq, &site))
		TW_TRY(tw_passkey_elsewhere(d, rp));
	if (!rp->problem[0])
		TW_TRY(check_room(d, &a, rp));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_token_make(c->sys, &challenge));
	json_t *credentials = json_array();
	rp->body = json_pack("{s:o, s:s, s:s, s:s, s:s, s:i}", "credentials", credentials, "challenge", challenge.text, "site",
		site.name, "name", a.name, "user", rq->subject.account, "expires_in_s", TW_PASSKEY_MS / 1000);
	if (!rp->body)
		return TW_RAISE(NOMEM, "reply");
	TW_TRY(tw_passkey_handles(c, a.id, site.name, credentials));
	struct tw_passkey_offer *o = place(d, a.id);
	*o = (struct tw_passkey_offer){ .expires_ms = tw_time_boot_ms(&d->time) + TW_PASSKEY_MS, .account = a.id };
	(void)snprintf(o->challenge, sizeof o->challenge, "%s", challenge.text);
	(void)snprintf(o->site, sizeof o->site, "%s", site.name);
	rp->status = 201;
	return TW_OK;
}

/* The one that waits for this account, which is used up by it. */
static bool take_offer(struct tw_device *d, int64_t account, struct tw_passkey_offer *ret)
{
	for (size_t i = 0; i < TW_PLACES_MAX; i++) {
		struct tw_passkey_offer *o = &d->access->passkey_offers[i];

		if (o->account != account || o->expires_ms <= tw_time_boot_ms(&d->time))
			continue;
		*ret = *o;
		*o = (struct tw_passkey_offer){ .account = 0 };
		return true;
	}
	return false;
}

/* What the browser says it asked: DENIED, SYNTAX, LIMIT: it is none of this offer's. */
static tw_err match(struct tw_context *c, const struct tw_request *rq, const struct tw_passkey_offer *o, struct tw_passkey_bytes *ret_data)
{
	struct tw_passkey_site site = { .name = "" };

	if (!tw_passkey_site(tw_device_of(c), rq, &site) || strcmp(site.name, o->site) != 0)
		return TW_RAISE(DENIED, "another name than it was begun under");
	const struct tw_client_data_want want = { TW_CLIENT_CREATE, o->challenge, site.origin };
	return tw_passkey_made_read(rq->input, &want, ret_data);
}

struct enrolling {
	struct tw_account_work work; /* first: the account's work finds it */
	struct tw_passkey passkey;
};

static tw_err put(struct tw_account_work *w)
{
	struct enrolling *e = (struct enrolling *)w;

	TW_TRY(tw_passkey_put(w->c, &e->passkey, &w->number));
	w->rp->body = json_pack("{s:o, s:s}", "credential", json_sprintf("c%" PRId64, w->number), "name", w->account.name);
	return w->rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

static void fill(struct tw_passkey *p, const struct tw_login_work *w, const struct tw_passkey_enrolled *made)
{
	*p = (struct tw_passkey){ .account = w->account, .counter = w->passkey.counter };
	(void)snprintf(p->label, sizeof p->label, "%s", w->passkey.label);
	(void)snprintf(p->site, sizeof p->site, "%s", w->passkey.site);
	tw_passkey_made(p, made);
}

static tw_err enrol(struct tw_login_work *w, const struct tw_passkey_enrolled *made, struct tw_reply *rp)
{
	struct tw_context *c = &w->d->context;
	struct tw_request *rq = tw_later_request(w->later);
	struct enrolling e = { .work = { .c = c, .rq = rq, .rp = rp, .act = put } };
	struct tw_passkey other;

	if (!tw_login_still_may(c, rq))
		return tw_reply_problem(rp, 403, "forbidden", "gate.permission", "Not permitted", "Ask somebody who holds it.",
			"You do not hold the permission this operation needs any more.");
	TW_TRY(tw_account_wanted(c, rq, tw_slice_of(rq->subject.account), rp, &e.work.account));
	if (!rp->problem[0])
		TW_TRY(check_room(w->d, &e.work.account, rp));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_passkey_by_handle(c, made->id, &other));
	if (other.id)
		return tw_reply_problem(rp, 409, "exists", "passkey.exists", "This passkey is enrolled already",
			"Use another authenticator.", "One passkey is one account's.");
	fill(&e.passkey, w, made);
	(void)snprintf(e.work.what, sizeof e.work.what, "enrolled the passkey %s", e.passkey.label);
	TW_TRY(tw_account_do(&e.work));
	rp->status = 201;
	return TW_OK;
}

static void on_judged(struct tw_login_work *w, const struct tw_hash_answer *a)
{
	const struct tw_account account = { .id = w->account };
	struct tw_reply rp = { .status = 200 };
	tw_err e = a->outcome == TW_HASH_YES ? enrol(w, &a->enrolled, &rp) : refuse(w->d, &account, &rp);

	tw_login_finish(w, &rp, e);
}

tw_err tw_access_passkey_add(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *label = tw_json_text(rq->input, "label");
	struct tw_passkey_offer o = { .account = 0 };
	struct tw_device *d = tw_device_of(c);
	struct tw_login_who who = { .known = false };
	struct tw_login_work *w = NULL;
	struct tw_passkey_bytes data;
	struct tw_account a;

	if (!tw_account_name_valid(label))
		return tw_reply_problem(rp, 400, "input", "credential.label", "This is no label", "Choose another.",
			"A label is 1 to 48 printable characters, without blanks at its ends.");
	TW_TRY(mine(c, rq, rp, &a));
	if (rp->problem[0])
		return TW_OK;
	if (!take_offer(d, a.id, &o))
		return tw_reply_problem(rp, 409, "passkey", "passkey.none", "No passkey is being enrolled", "Begin again.",
			"It was begun more than five minutes ago, or is done.");
	tw_err e = match(c, rq, &o, &data);
	if (tw_passkey_is_no(e))
		return refuse(d, &a, rp);
	TW_TRY(e);
	own_source(&a, who.source);
	TW_TRY(tw_login_work(c, rq, rp, &(struct tw_login_want){ &who, a.id }, &w));
	if (rp->problem[0])
		return TW_OK;
	w->passkey.counter = tw_passkey_counter(&data);
	(void)snprintf(w->passkey.label, sizeof w->passkey.label, "%s", label);
	(void)snprintf(w->passkey.site, sizeof w->passkey.site, "%s", o.site);
	w->next = on_judged;
	return tw_login_enrol(w, &(struct tw_passkey_enrol){ tw_slice_of(w->passkey.site), { (const char *)data.at, data.size } }, rp);
}

/* --- Removed --- */

static tw_err drop(struct tw_account_work *w)
{
	const struct tw_value v[] = { TW_V_INT(w->number) };

	return tw_store_run(w->c->store, tw_sql_credential_drop, v, TW_COUNT(v), NULL, NULL);
}

tw_err tw_access_passkey_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = drop };
	struct tw_passkey p = { .id = 0 };
	uint64_t number = 0;

	TW_TRY(tw_account_wanted(c, rq, tw_slice_of(rq->subject.account), rp, &w.account));
	if (rp->problem[0])
		return TW_OK;
	if (rq->parameter.size > 1 && rq->parameter.at[0] == 'c' &&
		!tw_failed(tw_parse_u64((struct tw_slice){ rq->parameter.at + 1, rq->parameter.size - 1 }, INT64_MAX, &number)))
		TW_TRY(tw_passkey_by_id(c, (int64_t)number, &p));
	if (!p.id || p.account != w.account.id)
		return tw_reply_problem(rp, 404, "not-found", "passkey.unknown", "You have no such passkey",
			"List them to see what there is.", "None of yours has this id.");
	w.number = p.id;
	(void)snprintf(w.what, sizeof w.what, "removed the passkey %s", p.label);
	return tw_account_do(&w);
}
