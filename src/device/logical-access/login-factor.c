/* SPDX-License-Identifier: Apache-2.0 */
#include "device/logical-access/login-factor.h"

#include "base/text.h"
#include "device/logical-access/login-provider.h"
#include "device/logical-access/message.h"
#include "device/logical-access/passkey.h"
#include "device/logical-access/state.h"
#include "service/access/totp.h"

/* --- An authenticator --- */

static tw_err verify_totp(const struct tw_factor_step *t)
{
	struct tw_device *d = tw_device_of(t->c);
	tw_err e = tw_totp_use(&d->context, t->s->account, tw_slice_of(tw_json_text(t->rq->input, "code")));

	if (tw_is(e, TW_CODE_STATE))
		return tw_reply_problem(t->rp, 503, "clock", "access.clock", "The device's clock cannot be trusted now",
			"Use a client certificate, or wait until the clock is set.", "Without the time no code can be judged.");
	if (tw_is(e, TW_CODE_DENIED) || tw_is(e, TW_CODE_NOTFOUND)) {
		tw_login_failed(&d->context, &t->s->who);
		return tw_reply_problem(t->rp, 403, "login", "access.totp", "This is not the code of now",
			"Wait for the next code of the authenticator.", "It was mistyped, used, or is of another time.");
	}
	return e;
}

static tw_err has_totp(struct tw_device *d, int64_t account, bool *ret)
{
	return tw_totp_wanted(&d->context, account, ret);
}

/* --- The table --- */

static const struct tw_login_factor kinds[] = {
	{ "totp", TW_HOW_PASSWORD_TOTP, TW_HOW_OUTSIDE_TOTP, TW_METHOD_TOTP, has_totp, NULL, verify_totp },
	{ "message", TW_HOW_PASSWORD_MESSAGE, TW_HOW_OUTSIDE_MESSAGE, TW_METHOD_MESSAGE, tw_message_wanted, tw_message_begin, tw_message_verify },
	{ "biometric", TW_HOW_PASSWORD_BIOMETRIC, TW_HOW_OUTSIDE_BIOMETRIC, TW_METHOD_BIOMETRIC, tw_login_biometric_wanted,
		.ask = tw_login_provider_ask },
	{ "auth-plugin", TW_HOW_PASSWORD_PLUGIN, TW_HOW_OUTSIDE_PLUGIN, TW_METHOD_PROVIDER, tw_login_plugin_wanted,
		.ask = tw_login_provider_ask },
	{ "passkey", TW_HOW_PASSWORD_PASSKEY, TW_HOW_OUTSIDE_PASSKEY, TW_METHOD_PASSKEY, tw_passkey_wanted, tw_passkey_begin, tw_passkey_verify },
};

tw_err tw_factors_of(struct tw_device *d, int64_t account, unsigned *ret)
{
	*ret = 0;
	for (size_t i = 0; i < TW_COUNT(kinds); i++) {
		bool has = false;

		TW_TRY(kinds[i].has(d, account, &has));
		*ret |= has ? 1U << i : 0;
	}
	return TW_OK;
}

tw_err tw_factors_list(unsigned factors, json_t *needed)
{
	for (size_t i = 0; i < TW_COUNT(kinds); i++)
		if (factors & 1U << i)
			TW_TRY(tw_json_append(needed, json_string(kinds[i].name)));
	return TW_OK;
}

const struct tw_login_factor *tw_factor_of_how(const char *how)
{
	for (size_t i = 0; i < TW_COUNT(kinds); i++)
		if (!strcmp(kinds[i].how, how) || !strcmp(kinds[i].how_outside, how))
			return &kinds[i];
	return NULL;
}

static const struct tw_login_factor *first(unsigned factors)
{
	for (size_t i = 0; i < TW_COUNT(kinds); i++)
		if (factors & 1U << i)
			return &kinds[i];
	return NULL;
}

/* By its name; without one, what was asked for last, or the first. NULL: the account has no such. */
static const struct tw_login_factor *chosen(const struct tw_factor_step *t)
{
	const char *name = tw_json_text(t->rq->input, "factor");

	for (size_t i = 0; *name && i < TW_COUNT(kinds); i++)
		if (!strcmp(kinds[i].name, name))
			return t->s->factors & 1U << i ? &kinds[i] : NULL;
	if (*name)
		return NULL;
	return t->s->asked ? t->s->asked : first(t->s->factors);
}

static tw_err ask_for(const struct tw_factor_step *t, const struct tw_login_factor *f)
{
	if (f->begin)
		TW_TRY(f->begin(t));
	if (!t->rp->problem[0])
		t->s->asked = f;
	return TW_OK;
}

tw_err tw_factor_begin(const struct tw_factor_step *t)
{
	const unsigned all = t->s->factors;

	return all && !(all & (all - 1)) ? ask_for(t, first(all)) : TW_OK;
}

tw_err tw_factor_answer(const struct tw_factor_step *t)
{
	const struct tw_login_factor *f = chosen(t);

	if (!f)
		return tw_reply_problem(t->rp, 400, "input", "access.factor", "This account has no such second factor",
			"Choose one of those that the answer before named.", "It has others, or none is wanted any more.");
	if (f->ask) {
		t->s->asked = f;
		return f->ask(t);
	}
	if (!*tw_json_text(t->rq->input, "code") && !tw_json_get(t->rq->input, "passkey"))
		return t->s->asked && !*tw_json_text(t->rq->input, "factor") ? TW_OK : ask_for(t, f);
	TW_TRY(f->verify(t));
	if (t->rp->problem[0] || t->rp->later)
		return TW_OK;
	t->s->factors = 0;
	t->s->how = t->s->outside ? f->how_outside : f->how;
	return TW_OK;
}

/* Whoever says where another's codes go may read them, and whoever takes a factor away makes the password enough. */
tw_err tw_factor_wanted(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_account *ret)
{
	bool reached = true;

	TW_TRY(tw_account_wanted(c, rq, rq->parameter, rp, ret));
	if (!rp->problem[0])
		TW_TRY(tw_placed_reaches(c, &rq->subject, ret->id, &reached));
	if (reached)
		return TW_OK;
	return tw_reply_problem(rp, 403, "forbidden", "account.cover", "Not permitted", "Ask an owner.",
		"This account may do more than you, and what its logins ask for beside the password is not yours to say.");
}
