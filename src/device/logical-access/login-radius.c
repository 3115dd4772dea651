/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A login whose password the organization's server judges. The hash is computed as for all others, and comes to no; then the server is asked,
 * and its answer takes the hash's place in the one way that a login goes.
 */
#include "device/logical-access/radius.h"

#include "base/text.h"
#include "device/logical-access/state.h"
#include "device/platform/ask.h"
#include "device/rows-logical-access.h"

static struct tw_slice slice_of(const tw_secret *s)
{
	return (struct tw_slice){ (const char *)tw_secret_bytes(s), tw_secret_size(s) };
}

/* What the server said, or did not: for whoever reads the log, with the account and never with what was typed. */
static tw_err tell(const struct tw_login_work *w, const char *verdict, const char *rule)
{
	char id[TW_ACCOUNT_ID_MAX + 2];

	tw_account_id(w->account, id);
	return tw_event(&w->d->context, "login.verdict", json_pack("{s:s, s:s, s:s}", "account", id, "verdict", verdict, "rule", rule));
}

/* --- No verdict --- */

enum lack { OFF, SILENT, FORGED, ASKS_MORE };
static const struct {
	int status;
	const char *rule, *next, *detail;
} lacks[] = {
	[OFF] = { 503, "radius.off", "Tell whoever looks after this device.",
		"No server is named that judges this account's password, or no secret is shared with it." },
	[SILENT] = { 503, "radius.silent", "Try again in a while.", "The server that judges this account's password did not answer in time." },
	[FORGED] = { 503, "radius.untrusted", "Tell whoever looks after this device.",
		"What came was not by the server that judges this account's password, or the secrets differ. No other answer came in time." },
	[ASKS_MORE] = { 403, "radius.challenge", "Let the server ask for a password alone; a second factor can be this device's.",
		"The server wants more than a password, which this device does not pass on." },
};

/* It counts against nobody: nothing was found to be wrong. */
static void refuse(struct tw_login_work *w, enum lack why)
{
	struct tw_reply rp = { .status = 200 };
	tw_err e = tell(w, "none", lacks[why].rule);

	if (!tw_failed(e))
		e = tw_reply_problem(&rp, lacks[why].status, "verifier", lacks[why].rule, "There is no verdict about this password",
			lacks[why].next, "%s", lacks[why].detail);
	tw_login_finish(w, &rp, e);
}

/* --- The server's answer --- */

static void judged(struct tw_login_work *w, bool right)
{
	struct tw_reply rp = { .status = 200 };
	tw_err e = tell(w, right ? "yes" : "no", "LA.AS.2.1.2");

	if (tw_failed(e))
		tw_login_finish(w, &rp, e); /* what cannot be told is not done */
	else
		tw_login_judged(w, right);
}

/* @nist LA.AS.2.1.2: only a yes by who knows the secret, to this question and in time, lets anybody in */
/* Whatever is no answer of who knows the secret to this question is passed over: anybody can send it, and the right one may come yet. */
static bool on_heard(void *user, struct tw_slice datagram)
{
	struct tw_login_work *w = user;
	struct tw_radius_question q = { .id = w->asked.id, .secret = slice_of(w->fresh) };
	struct tw_radius_answer a;

	memcpy(q.authenticator, w->asked.authenticator, sizeof q.authenticator);
	if (tw_failed(tw_radius_read(&q, datagram, &a))) {
		w->asked.forged = true;
		return false;
	}
	if (a.verdict == TW_RADIUS_CHALLENGE)
		refuse(w, ASKS_MORE);
	else
		judged(w, a.verdict == TW_RADIUS_ACCEPT);
	return true;
}

static void on_ended(void *user, enum tw_ask_end how)
{
	struct tw_login_work *w = user;

	if (how == TW_ASK_FAILED)
		tw_login_finish_busy(w, "The role that asks other servers could not do it.");
	else
		refuse(w, w->asked.forged ? FORGED : SILENT);
}

/* --- The question --- */

static tw_err write_question(struct tw_login_work *w, const struct tw_radius_server *s, const char *user, struct tw_buf *ret)
{
	const struct tw_sys *sys = w->d->context.sys;
	struct tw_radius_question q = { .secret = slice_of(s->secret),
		.user = tw_slice_of(user),
		.password = slice_of(w->fresh),
		.device = tw_slice_of(w->d->manifest->product), /* not its identifier: anybody on the way reads it */
		.station = tw_slice_of(tw_later_request(w->later)->subject.source) };

	if (sys->random(sys, &w->asked.id, sizeof w->asked.id) || sys->random(sys, w->asked.authenticator, sizeof w->asked.authenticator))
		return TW_RAISE_ERRNO("random bytes");
	q.id = w->asked.id;
	memcpy(q.authenticator, w->asked.authenticator, sizeof q.authenticator);
	tw_buf_init(ret, sys, TW_RADIUS_PACKET_MAX);
	return tw_radius_ask(&q, ret);
}

/* From here on what is kept is what the answer is judged by, and the password no more. */
static tw_err ask(struct tw_login_work *w, struct tw_radius_server *s, const char *user)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf packet = { 0 };

	TW_TRY(write_question(w, s, user, &packet));
	w->fresh = tw_secret_free(w->fresh);
	w->fresh = TW_STEAL(s->secret);
	const struct tw_ask_want want = { .ask = { s->place, s->deadline_ms,
						  s->deadline_ms < TW_RADIUS_AGAIN_MS ? s->deadline_ms : TW_RADIUS_AGAIN_MS,
						  tw_buf_slice(&packet) },
		.heard = on_heard,
		.ended = on_ended,
		.user = w };
	return tw_ask_begin(w->d, &want);
}

/* As the account is now: one that was suspended, removed or taken back meanwhile is no business of the server's. ret->user "": it is not. */
static tw_err look_again(struct tw_login_work *w, struct tw_password_kept *ret)
{
	struct tw_account a;

	TW_TRY(tw_password_of(&w->d->context, w->account, ret));
	if (!ret->user[0])
		return TW_OK;
	TW_TRY(tw_account_get(&w->d->context, w->account, &a));
	if (a.state != TW_ACCOUNT_ACTIVE)
		ret->user[0] = '\0';
	return TW_OK;
}

enum next { NEXT_WAIT, NEXT_NO, NEXT_OFF };

static tw_err ask_server(struct tw_login_work *w, enum next *ret)
{
	struct tw_radius_server server = { .secret = NULL };
	struct tw_password_kept kept;

	TW_TRY(look_again(w, &kept));
	*ret = NEXT_NO;
	if (!kept.user[0] || tw_secret_size(w->fresh) > TW_RADIUS_PASSWORD_MAX) /* longer ones nobody has there */
		return TW_OK;
	*ret = NEXT_OFF;
	tw_err e = tw_radius_server(w->d, &server);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	*ret = NEXT_WAIT;
	e = ask(w, &server, kept.user);
	server.secret = tw_secret_free(server.secret);
	return e;
}

static void on_hashed(struct tw_login_work *w, const struct tw_hash_answer *hashed)
{
	struct tw_reply rp = { .status = 200 };
	enum next next = NEXT_NO;
	tw_err e = ask_server(w, &next);

	if (tw_is(e, TW_CODE_LIMIT) || tw_is(e, TW_CODE_STATE))
		tw_login_finish_busy(w, "So many passwords are being asked about, or the device has nothing to ask with.");
	else if (tw_failed(e))
		tw_login_finish(w, &rp, e);
	else if (next == NEXT_OFF)
		refuse(w, OFF);
	else if (next == NEXT_NO)
		tw_login_judged(w, false);
}

tw_err tw_radius_takes(struct tw_login_work *w, struct tw_slice password)
{
	struct tw_password_kept kept;

	TW_TRY(tw_password_of(&w->d->context, w->account, &kept));
	if (!kept.user[0])
		return TW_OK;
	w->too_short = false; /* how long it has to be is said where it is kept */
	w->next = on_hashed;
	return tw_secret_new(w->d->context.sys, password.at, password.size, &w->fresh);
}
