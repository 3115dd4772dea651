/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the organization asks of those who log in: which methods are strong enough, and for which roles a password needs a second factor. At the other
 * doors there is nothing to choose, while nobody logs in: the kernel says who is at the local socket, and at the console somebody stands.
 *
 * Asked when somebody logs in, and again at each request of the session that came of it
 */
#include "base/text.h"
#include "device/logical-access/login-factor.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"

static const char *const strengths[] = { [TW_STRENGTH_ANY] = "any", [TW_STRENGTH_TWO] = "two-factors", [TW_STRENGTH_CERTIFICATE] = "certificate" };

/* One that cannot be read is the strictest. */
enum tw_strength tw_policy_strength(struct tw_device *d)
{
	for (size_t i = 0; i < TW_COUNT(strengths); i++)
		if (tw_setting_is(&d->context, "logical-access.network-methods", strengths[i]))
			return (enum tw_strength)i;
	return TW_STRENGTH_CERTIFICATE;
}

/* @nist LA.AS.2: of a session, by what opened it. Taking over by a browser proves the label's secret and that somebody stands at the device. */
bool tw_policy_takes(struct tw_device *d, const char *how)
{
	const bool key = !strcmp(how, TW_HOW_CERTIFICATE); /* each connection of that session shows it */
	const bool two = tw_factor_of_how(how) || !strcmp(how, TW_HOW_BROWSER) || !strcmp(how, TW_HOW_BUTTON);
	enum tw_strength wanted = tw_policy_strength(d);

	return key || wanted == TW_STRENGTH_ANY || (wanted == TW_STRENGTH_TWO && two);
}

tw_err tw_policy_refuse(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 403, "method", "LA.AS.2", "This way of coming in is not strong enough here",
		"Use a client certificate, or log in with an authenticator.",
		"The organization asks for more (logical-access.network-methods).");
}

static bool names_one_of(const char *roles, const char *held)
{
	char words[512] = "", *at, *save = NULL;

	(void)snprintf(words, sizeof words, "%s", roles);
	for (at = strtok_r(words, " ", &save); at; at = strtok_r(NULL, " ", &save))
		if (tw_account_has(held, at))
			return true;
	return false;
}

bool tw_policy_second(struct tw_device *d, const struct tw_account *a)
{
	struct tw_setting_state state = { .version = 0 };

	if (tw_failed(tw_setting_state(&d->context, tw_setting_find(&d->context, "logical-access.second-factor"), &state)))
		return true;
	return tw_policy_strength(d) != TW_STRENGTH_ANY || names_one_of(state.value, a->roles);
}

/* With what he has enrolled, once accounts of these roles need a second factor: a certificate is enough by itself, a password is not. */
static tw_err keeps_way(struct tw_device *d, const struct tw_owner *o, const char *roles, bool *ret_asked, bool *ret)
{
	struct tw_account a;
	unsigned factors = 0;

	TW_TRY(tw_account_get(&d->context, o->id, &a));
	TW_TRY(tw_factors_of(d, o->id, &factors));
	*ret_asked = names_one_of(roles, a.roles);
	*ret = o->has_key || (o->enrolled && (factors || !*ret_asked));
	return TW_OK;
}

/* Whoever says it may be in a session that ends: nobody could then come in to take it back. */
static tw_err check_owners_stay(struct tw_device *d, const char *roles)
{
	const struct tw_owners *all = &d->access->owners;
	bool asked = false;

	for (size_t i = 0; i < all->count; i++) {
		bool is_asked = false, keeps = false;

		TW_TRY(keeps_way(d, &all->of[i], roles, &is_asked, &keeps));
		if (keeps && tw_access_owner_stays(d, &all->of[i]))
			return TW_OK;
		asked = asked || is_asked;
	}
	if (!asked)
		return TW_OK;
	return TW_RAISE(DENIED,
		"no owner who stays one has a client certificate, or a password with a second factor, so none could come in; enrol one first");
}

/* Each word is a role that accounts are assigned: a word that is none would ask nobody for anything. */
static tw_err check_roles(const struct tw_context *c, const char *value)
{
	char roles[512] = "", *at, *save = NULL;

	(void)snprintf(roles, sizeof roles, "%s", value);
	for (at = strtok_r(roles, " ", &save); at; at = strtok_r(NULL, " ", &save))
		if (!tw_gate_assignable(c->gate, tw_gate_role(c->gate, at)))
			return TW_RAISE(DENIED, "%s is no role that accounts are assigned", at);
	return TW_OK;
}

tw_err tw_access_apply_privileged(struct tw_context *c, const char *value)
{
	return check_roles(c, value);
}

tw_err tw_access_apply_second(struct tw_context *c, const char *value)
{
	TW_TRY(check_roles(c, value));
	return check_owners_stay(tw_device_of(c), value);
}

/* Not by somebody who could then not come in to take it back. */
tw_err tw_access_apply_methods(struct tw_context *c, const char *value)
{
	const struct tw_device *d = tw_device_of(c);
	const struct tw_owners *all = &d->access->owners;

	if (!strcmp(value, strengths[TW_STRENGTH_ANY]))
		return TW_OK;
	for (size_t i = 0; i < all->count; i++)
		if (all->of[i].has_key && tw_access_owner_stays(d, &all->of[i]))
			return TW_OK;
	return TW_RAISE(DENIED, "no owner who stays one has a client certificate, so none could come in; enrol one first");
}
