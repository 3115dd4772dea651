/* SPDX-License-Identifier: Apache-2.0 */
/* A passkey as the second factor of a login: what it is asked, and what its answer is worth. */
#include "device/logical-access/passkey.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "device/logical-access/state.h"
#include "formats/clientdata.h"

#include <inttypes.h>

static const struct tw_shape shown_shape[] = {
	{ "credential", TW_JSON_TEXT, true, 1, 2 * TW_PASSKEY_ID_MAX },
	{ "client_data", TW_JSON_TEXT, true, 1, 2 * TW_CLIENT_DATA_MAX },
	{ "authenticator_data", TW_JSON_TEXT, true, 1, 2 * TW_PASSKEY_DATA_MAX },
	{ "signature", TW_JSON_TEXT, true, 1, 2 * TW_PASSKEY_SIGNATURE_MAX },
	{},
};

static tw_err found(void *user, const struct tw_passkey *p)
{
	*(bool *)user = true;
	return TW_OK;
}

tw_err tw_passkey_wanted(struct tw_device *d, int64_t account, bool *ret)
{
	*ret = false;
	return tw_passkey_each(&d->context, account, found, ret);
}

/* --- Asked --- */

static tw_err ask(const struct tw_factor_step *t, const struct tw_passkey_site *site, json_t *credentials)
{
	TW_CLEANUP(tw_token_done) struct tw_token challenge = { .text = "" };

	TW_TRY(tw_token_make(t->c->sys, &challenge));
	TW_TRY(tw_json_set(t->rp->body, "challenge", json_string(challenge.text)));
	TW_TRY(tw_json_set(t->rp->body, "site", json_string(site->name)));
	TW_TRY(tw_json_set(t->rp->body, "credentials", json_incref(credentials)));
	memcpy(t->s->challenge, challenge.text, sizeof t->s->challenge);
	return TW_OK;
}

/* Behind the password the request's head is gone: the client says when it wants to be asked. */
tw_err tw_passkey_begin(const struct tw_factor_step *t)
{
	struct tw_device *d = tw_device_of(t->c);
	TW_CLEANUP(tw_jsonp) json_t *credentials = NULL;
	struct tw_passkey_site site;

	if (!t->rq->head)
		return TW_OK;
	if (!tw_passkey_site(d, t->rq, &site))
		return tw_passkey_elsewhere(d, t->rp);
	credentials = json_array();
	TW_TRY(tw_passkey_handles(t->c, t->s->account, site.name, credentials));
	if (json_array_size(credentials) == 0)
		return tw_reply_problem(t->rp, 409, "name", "passkey.other-name", "Your passkeys are of another name of this device",
			"Open the device's page under the name that you enrolled them under.",
			"A passkey is of one name, and this account has none of %s.", site.name);
	t->rp->body = json_object();
	return t->rp->body ? ask(t, &site, credentials) : TW_RAISE(NOMEM, "reply");
}

/* --- Answered --- */

static tw_err read_shown(const struct tw_request *rq, struct tw_passkey_shown *ret)
{
	const json_t *j = tw_json_get(rq->input, "passkey");

	TW_TRY(tw_json_check(j, shown_shape));
	return tw_passkey_shown_read(j, ret);
}

static tw_err refuse(struct tw_device *d, const struct tw_login_who *who, struct tw_reply *rp)
{
	tw_login_failed(&d->context, who);
	return tw_reply_problem(rp, 403, "login", "access.passkey", "This passkey opens nothing here",
		"Begin again, with a passkey of this account.", "It is of another account or site, or it has not signed this challenge.");
}

/*
 * The challenge of this login, once; from the page of this name; a key of this account. NOTFOUND, DENIED, SYNTAX, LIMIT: no
 * @nist LA.AS.2.1.5: so nothing that was signed before, for another or for another page is looked at any further
 */
static tw_err match(const struct tw_factor_step *t, const struct tw_passkey_shown *shown, struct tw_passkey *ret)
{
	struct tw_device *d = tw_device_of(t->c);
	struct tw_passkey_site site = { .name = "" };
	char challenge[sizeof t->s->challenge];

	memcpy(challenge, t->s->challenge, sizeof challenge);
	memset(t->s->challenge, 0, sizeof t->s->challenge);
	if (!challenge[0] || !tw_passkey_site(d, t->rq, &site))
		return TW_RAISE(DENIED, "nothing was asked of a passkey under this name");
	const struct tw_client_data_want want = { TW_CLIENT_GET, challenge, site.origin };
	TW_TRY(tw_passkey_shown_by(t->c, shown, &want, ret));
	if (!ret->id || ret->account != t->s->account || strcmp(ret->site, site.name) != 0)
		return TW_RAISE(NOTFOUND, "no passkey of this account and name");
	return TW_OK;
}

/*
 * Durable before anybody is let in: no power cut takes a counter back.
 * @nist LA.AS.2.1.5: behind the role's yes to the signature; of two tokens with one key the one that is behind opens nothing
 */
static tw_err signed_well(struct tw_login_work *w, struct tw_reply *rp)
{
	struct tw_passkey p;

	TW_TRY(tw_passkey_by_id(&w->d->context, w->passkey.id, &p));
	if (!p.id)
		return refuse(w->d, &w->who, rp);
	tw_err e = tw_passkey_counted(&w->d->context, &p, w->passkey.counter);
	if (tw_is(e, TW_CODE_DENIED)) {
		TW_TRY(tw_passkey_tell_counter(&w->d->context, w->account, w->passkey.id));
		return refuse(w->d, &w->who, rp);
	}
	TW_TRY(e);
	return tw_login_passed(w, rp);
}

static void on_judged(struct tw_login_work *w, const struct tw_hash_answer *a)
{
	struct tw_reply rp = { .status = 200 };
	tw_err e = a->outcome == TW_HASH_YES ? signed_well(w, &rp) : refuse(w->d, &w->who, &rp);

	tw_login_finish(w, &rp, e);
}

/* All that the answer needs; the handle, to be said again where something else is wanted still. */
static tw_err fill(struct tw_login_work *w, const struct tw_factor_step *t)
{
	const char *handle = tw_json_text(t->rq->input, "login");

	w->who = t->s->who;
	w->account = t->s->account;
	w->step = t->s->number;
	w->factor = tw_factor_of_how(TW_HOW_PASSWORD_PASSKEY);
	w->next = on_judged;
	return tw_secret_new(t->c->sys, handle, strlen(handle) + 1, &w->fresh);
}

tw_err tw_passkey_verify(const struct tw_factor_step *t)
{
	struct tw_device *d = tw_device_of(t->c);
	struct tw_login_work *w = NULL;
	struct tw_passkey p = { .id = 0 };
	struct tw_passkey_shown shown;
	struct tw_passkey_assert q;

	tw_err e = read_shown(t->rq, &shown);
	if (!tw_failed(e))
		e = match(t, &shown, &p);
	if (tw_passkey_is_no(e))
		return refuse(d, &t->s->who, t->rp);
	TW_TRY(e);
	TW_TRY(tw_passkey_question(&p, &shown, &q));
	TW_TRY(tw_login_work(t->c, t->rq, t->rp, &(struct tw_login_want){ &t->s->who, t->s->account }, &w));
	if (t->rp->problem[0])
		return TW_OK;
	w->passkey.id = p.id;
	w->passkey.counter = tw_passkey_counter(&shown.data);
	e = fill(w, t);
	return tw_failed(e) ? tw_login_cannot(w, e, t->rp) : tw_login_assert(w, &q, t->rp);
}
