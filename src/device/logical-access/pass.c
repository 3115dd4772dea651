/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passes: what somebody shows to the product's application, so that it can ask the device what he may do.
 *
 * The application never gets a session: with one it could do whatever its user may do with the device. A pass opens nothing at any
 * door; only the application can use it, and only to ask about permissions of the product. It is good for five minutes, in this boot,
 * kept by SHA-256 and in memory only. It hangs on what its owner had proven when he asked for it, his session or the key of his
 * certificate: when that is gone, so is the pass. And like a session it remembers whose it is, never what that may do.
 */
#include "base/text.h"
#include "crypto/hash.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "service/path/condition.h"

#define PASS_MS 300000
#define PASSES_OF_ONE 4 /* the oldest goes for a fifth: a few screens and a telephone */

static bool lives(const struct tw_device *d, const struct tw_pass *p)
{
	return p->expires_ms > tw_time_boot_ms(&d->time);
}

/* A place of the account's own once it has as many as one may have, else a free one. NULL: all are taken, by others. */
static struct tw_pass *place_for(struct tw_device *d, int64_t account)
{
	struct tw_pass *free_place = NULL, *oldest = NULL;
	size_t own = 0;

	for (size_t i = 0; i < TW_PASSES_MAX; i++) {
		struct tw_pass *p = &d->access->passes[i];

		if (!lives(d, p)) {
			free_place = p;
		} else if (p->account == account) {
			own++;
			oldest = !oldest || p->expires_ms < oldest->expires_ms ? p : oldest;
		}
	}
	return own < PASSES_OF_ONE ? free_place : oldest;
}

tw_err tw_access_pass(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	const struct tw_session *s = strcmp(rq->subject.how, "session") == 0 ? tw_access_session_of(&d->context, tw_access_bearer(rq))
									     : NULL;
	struct tw_pass fresh = { .expires_ms = tw_time_boot_ms(&d->time) + PASS_MS, .door = rq->subject.door, .of_session = s != NULL };
	TW_CLEANUP(tw_token_done) struct tw_token token = { .text = "" };
	struct tw_pass *place;

	if (!tw_account_id_read(tw_slice_of(rq->subject.account), &fresh.account))
		return TW_RAISE(INTERNAL, "a pass for whoever has no account");
	place = place_for(d, fresh.account);
	if (!place)
		return tw_reply_problem(rp, 409, "full", "access.passes", "Too many passes at a time", "Wait five minutes at most.",
			"%d may be good at a time.", TW_PASSES_MAX);
	(void)snprintf(fresh.source, sizeof fresh.source, "%s", rq->subject.source);
	memcpy(fresh.proven_by, s ? s->hash : rq->client_key, sizeof fresh.proven_by);
	TW_TRY(tw_token_make(d->context.sys, &token));
	memcpy(fresh.hash, token.hash, sizeof fresh.hash);
	rp->status = 201;
	rp->body = json_pack("{s:s, s:i}", "pass", token.text, "expires_in_s", PASS_MS / 1000);
	if (!rp->body)
		return TW_RAISE(NOMEM, "reply");
	*place = fresh;
	return TW_OK;
}

static const struct tw_pass *pass_of(struct tw_device *d, struct tw_slice token)
{
	uint8_t hash[32];

	if (token.size != TW_TOKEN_TEXT || tw_failed(tw_sha256(token.at, token.size, hash)))
		return NULL;
	for (size_t i = 0; i < TW_PASSES_MAX; i++) {
		const struct tw_pass *p = &d->access->passes[i];

		if (lives(d, p) && tw_equal_secret(p->hash, hash, sizeof p->hash))
			return p;
	}
	return NULL;
}

/* Whether what it was given for still holds, and for the same account. */
static tw_err still_proven(struct tw_device *d, const struct tw_pass *p, struct tw_proof *ret)
{
	struct tw_request shown = { .has_client_key = true };

	if (p->of_session) {
		const struct tw_session *s = tw_access_session_by_hash(&d->context, p->proven_by);

		if (!s || !tw_access_session_lives(&d->context, s))
			return TW_RAISE(DENIED, "the session it was given for is over");
		TW_TRY(tw_access_session_prove(d, s, ret));
	} else {
		memcpy(shown.client_key, p->proven_by, sizeof shown.client_key);
		*ret = (struct tw_proof){ .methods = 1U << TW_METHOD_CERTIFICATE, .factors = 1 };
		TW_TRY(tw_access_account_of_key(d, &shown, &ret->account));
	}
	return ret->account == p->account ? TW_OK : TW_RAISE(DENIED, "it was given to another");
}

tw_err tw_access_by_pass(struct tw_device *d, struct tw_request *rq)
{
	const struct tw_pass *p = pass_of(d, rq->pass);
	struct tw_proof proof = { .account = 0 };

	if (!p)
		return TW_RAISE(DENIED, "no such pass, or no longer");
	TW_TRY(still_proven(d, p, &proof));
	/* Where he came in, and from where: conditions of his roles may ask. */
	rq->subject.door = p->door;
	(void)snprintf(rq->subject.source, sizeof rq->subject.source, "%s", p->source);
	(void)snprintf(rq->subject.how, sizeof rq->subject.how, "pass");
	return tw_access_become(d, &rq->subject, &proof);
}
