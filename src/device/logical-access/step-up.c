/* SPDX-License-Identifier: Apache-2.0 */
/*
 * @nist LA.RSM.5.4: who may reach privileged settings reaches them, once he has proven anew who he is
 *
 * See step-up.h. The proof is a login as any other, so whatever a login asks for is asked here too; it counts for logical-access.step-up-age. A code that
 * somebody asks for in his own session proves nothing that the session did not. The token is bound to method, target and body, by their SHA-256.
 */
#include "device/logical-access/step-up.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "device/logical-access/login.h"
#include "device/logical-access/oidc.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"

/* --- Whether it is wanted --- */

static const struct tw_session *session_of(struct tw_device *d, const struct tw_request *rq)
{
	return strcmp(rq->subject.how, "session") == 0 ? tw_access_session_of(&d->context, tw_access_bearer(rq)) : NULL;
}

static int64_t who_of(const struct tw_session *s)
{
	return s->member ? s->member : s->account;
}

/* Of one operation for many things: a setting that is not privileged, a code for oneself. */
static bool is_dangerous(struct tw_context *c, const struct tw_request *rq)
{
	const char *account = rq->input ? tw_json_text(rq->input, "account") : "", *more = NULL;
	char key[128];

	if (!strcmp(rq->operation->name, "session.code"))
		return *account && strcmp(account, rq->subject.account) != 0;
	if (strcmp(rq->operation->name, "settings.change") != 0)
		return true;
	(void)snprintf(key, sizeof key, TW_SLICE_FMT, TW_SLICE_ARG(rq->parameter));
	const struct tw_setting_row *row = tw_setting_find(c, key);
	if (row && c->besides && tw_failed(c->besides(c, row, &more)))
		return true;
	return row && (more || strcmp(row->permission, rq->operation->permission) != 0);
}

static tw_err is_wanted(struct tw_context *c, const struct tw_request *rq, const struct tw_session *s, bool *ret)
{
	struct tw_password_kept kept;

	*ret = false;
	if (!s || !strcmp(s->how, TW_HOW_CERTIFICATE) || tw_setting_is(c, "logical-access.step-up", "off") || !is_dangerous(c, rq))
		return TW_OK;
	TW_TRY(tw_password_of(c, who_of(s), &kept));
	if (kept.is) {
		*ret = strcmp(rq->operation->name, "password.change") != 0; /* the old one proves it */
		return TW_OK;
	}
	tw_err e = tw_oidc_first(tw_device_of(c), who_of(s), &kept); /* a login by the provider proves it as well */
	*ret = kept.is;
	return tw_is(e, TW_CODE_NOTFOUND) ? TW_OK : e;
}

/* --- Using one --- */

/* Method, a blank, the target as it was sent, a line feed, the body. */
static tw_err digest_of(struct tw_context *c, const struct tw_request *rq, uint8_t ret[32])
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf text = { 0 };

	tw_buf_init(&text, c->sys, TW_LONG_BODY_MAX + 16384);
	TW_TRY(tw_buf_add(&text, rq->head->method.at, rq->head->method.size));
	TW_TRY(tw_buf_text(&text, " "));
	TW_TRY(tw_buf_add(&text, rq->head->target.at, rq->head->target.size));
	TW_TRY(tw_buf_text(&text, "\n"));
	TW_TRY(tw_buf_add(&text, rq->body.at, rq->body.size));
	return tw_sha256(text.data, text.size, ret);
}

tw_err tw_step_up_find(struct tw_device *d, struct tw_slice token, struct tw_step_up **ret)
{
	uint8_t hash[32];

	*ret = NULL;
	TW_TRY(tw_sha256(token.at, token.size, hash));
	for (size_t i = 0; i < TW_STEP_UPS_MAX; i++) {
		struct tw_step_up *u = &d->access->step_ups[i];

		if (u->expires_ms > tw_time_boot_ms(&d->time) && tw_equal_secret(u->hash, hash, sizeof hash))
			*ret = u;
	}
	return TW_OK;
}

/* Whatever becomes of the request, a token that was shown for it is good for nothing any more. */
static tw_err use(struct tw_context *c, const struct tw_request *rq, int64_t account, struct tw_slice token, bool *ret)
{
	struct tw_step_up *u = NULL;
	uint8_t digest[32];

	*ret = false;
	TW_TRY(digest_of(c, rq, digest));
	TW_TRY(tw_step_up_find(tw_device_of(c), token, &u));
	if (!u)
		return TW_OK;
	*ret = u->account == account && memcmp(u->digest, digest, sizeof digest) == 0;
	tw_wipe(u, sizeof *u);
	return TW_OK;
}

tw_err tw_access_step_up_asked(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_session *s = session_of(tw_device_of(c), rq);
	const struct tw_http_field *token = rq->head ? tw_http_find(rq->head, TW_STEP_UP_FIELD) : NULL;
	bool wanted = false, good = false;

	TW_TRY(is_wanted(c, rq, s, &wanted));
	if (!wanted)
		return TW_OK;
	if (token)
		TW_TRY(use(c, rq, who_of(s), token->value, &good));
	if (good)
		return TW_OK;
	return tw_reply_problem(rp, 403, "step-up", "step-up", "Prove once more who you are",
		"Log in again, ask for a step-up of this very request (POST /api/v1/step-ups), and send it again with the token as " TW_STEP_UP_FIELD
		".",
		token ? "The step-up that came with it is over, was used, or is for another request."
		      : "This is too dangerous for a session that somebody may have left open.");
}

/* --- Asking for one --- */

static struct tw_step_up *place(struct tw_device *d, int64_t account)
{
	struct tw_places places = { .most = TW_STEP_UPS_OWN };

	for (size_t i = 0; i < TW_STEP_UPS_MAX; i++) {
		places.of[i].account = d->access->step_ups[i].account;
		places.of[i].expires_ms = d->access->step_ups[i].expires_ms;
	}
	return &d->access->step_ups[tw_places_pick(&places, account, tw_time_boot_ms(&d->time))];
}

/* One that cannot be read is none at all. */
static int64_t age_ms(struct tw_context *c)
{
	struct tw_setting_state state = { .value = "" };
	uint64_t s = 0;

	if (tw_failed(tw_setting_state(c, tw_setting_find(c, "logical-access.step-up-age"), &state)) ||
		tw_failed(tw_parse_u64(tw_slice_of(state.value), INT32_MAX, &s)))
		return 0;
	return (int64_t)s * 1000;
}

static tw_err give(struct tw_context *c, struct tw_step_up *fresh, struct tw_reply *rp)
{
	TW_CLEANUP(tw_token_done) struct tw_token token = { .text = "" };

	TW_TRY(tw_token_make(c->sys, &token));
	memcpy(fresh->hash, token.hash, sizeof fresh->hash);
	rp->status = 201;
	rp->body = json_pack("{s:s, s:i}", "token", token.text, "expires_in_s", TW_STEP_UP_MS / 1000);
	if (!rp->body)
		return TW_RAISE(NOMEM, "reply");
	*place(tw_device_of(c), fresh->account) = *fresh;
	return TW_OK;
}

tw_err tw_access_step_up(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	const struct tw_session *s = session_of(d, rq);
	const int64_t now = tw_time_boot_ms(&d->time);
	struct tw_step_up fresh = { .expires_ms = now + TW_STEP_UP_MS };

	if (!s)
		return tw_reply_problem(rp, 409, "no-session", "step-up.session", "Nothing more is asked of you",
			"Send the request as it is.", "A client certificate proves who you are at each connection.");
	if (tw_failed(tw_parse_hex(tw_slice_of(tw_json_text(rq->input, "digest")), fresh.digest, sizeof fresh.digest)))
		return tw_reply_problem(rp, 400, "input", "step-up.digest", "The request is not of the wanted form",
			"See /api/v1/openapi.json for the form.", "The digest is 64 hexadecimal digits.");
	if (!s->proven_ms || now - s->proven_ms >= age_ms(c))
		return tw_reply_problem(rp, 403, "step-up", "step-up.login", "Log in again first",
			"Log in, and ask for it in the new session.",
			"This session was opened too long ago, or by a code that an older one asked for (logical-access.step-up-age).");
	fresh.account = who_of(s);
	return give(c, &fresh, rp);
}
