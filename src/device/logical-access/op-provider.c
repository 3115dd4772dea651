/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the product's providers there are, and which of them judges the logins of an account. */
#include "device/logical-access/login-provider.h"
#include "device/logical-access/message.h"
#include "device/logical-access/state.h"
#include "service/access/totp.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"

tw_err tw_access_providers(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();

	for (size_t i = 0; i < d->manifest->provider_count; i++) {
		const struct tw_manifest_provider *p = &d->manifest->providers[i];
		const struct tw_provider_seat *s = &d->providers.of[i];

		if (!tw_provider_judges(p))
			continue;
		TW_TRY(tw_json_append(list,
			json_pack("{s:s, s:s, s:s, s:b, s:b}", "provider", p->name, "kind", tw_manifest_provider_kinds[p->kind],
				"help", p->help, "connected", s->line != NULL, "simulated", s->line && s->simulated)));
	}
	rp->body = json_pack("{s:O}", "providers", list);
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

/* w->word: of which kind; NULL: all of them. */
static tw_err drop(struct tw_account_work *w)
{
	const struct tw_value v[] = { TW_V_INT(w->account.id), TW_V_TEXT(w->word ? w->word : "") };

	return tw_store_run(w->c->store, w->word ? tw_sql_provider_drop_kind : tw_sql_provider_drop, v, w->word ? 2 : 1, NULL, NULL);
}

static tw_err put(struct tw_account_work *w)
{
	const struct tw_value v[] = { TW_V_INT(w->account.id), TW_V_TEXT(w->word), TW_V_TEXT(w->text),
		TW_V_INT(tw_time_wall_ms(&tw_device_of(w->c)->time)) };

	TW_TRY(drop(w));
	return tw_store_run(w->c->store, tw_sql_provider_put, v, TW_COUNT(v), NULL, NULL);
}

/* An owner without a certificate comes in by his password and this: by nothing, or by what anybody can turn, when nobody real judges. */
static tw_err check_owner(struct tw_device *d, const struct tw_account *a, int place, struct tw_reply *rp)
{
	const struct tw_provider_seat *s = &d->providers.of[place];
	const struct tw_owner *owner = tw_access_owner(d, a->id);
	bool totp = false, message = false;

	if (!owner || owner->has_key || (s->line && !s->simulated))
		return TW_OK;
	TW_TRY(tw_totp_wanted(&d->context, a->id, &totp));
	TW_TRY(tw_message_wanted(d, a->id, &message));
	if (totp || message)
		return TW_OK;
	return tw_reply_problem(rp, 409, "last-owner", "provider.owner", "Nobody real would judge this owner's logins",
		"Start the provider, or enrol a client certificate or an authenticator for this account first.",
		"The provider is %s, and this owner has neither a certificate nor another second factor.",
		s->line ? "simulated" : "not connected");
}

/* Through whose hands it came is not kept: he gives no secret away, and what takes it back makes the password enough. */
tw_err tw_access_provider_set(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = put, .what = "given a provider that judges its logins" };
	const struct tw_device *d = tw_device_of(c);
	const int place = tw_provider_named(d, tw_slice_of(tw_json_text(rq->input, "provider")));

	if (place < 0 || !tw_provider_judges(&d->manifest->providers[place]))
		return tw_reply_problem(rp, 400, "input", "provider.unknown", "There is no such provider",
			"Choose one of those that GET /api/v1/login-providers names.", "The product declares none of this name.");
	w.text = d->manifest->providers[place].name;
	w.word = tw_manifest_provider_kinds[d->manifest->providers[place].kind];
	TW_TRY(tw_factor_wanted(c, rq, rp, &w.account));
	if (!rp->problem[0])
		TW_TRY(check_owner(tw_device_of(c), &w.account, place, rp));
	return rp->problem[0] ? TW_OK : tw_account_do(&w);
}

tw_err tw_access_provider_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = drop, .what = "lost the providers that judged its logins" };

	TW_TRY(tw_factor_wanted(c, rq, rp, &w.account));
	return rp->problem[0] ? TW_OK : tw_account_do(&w);
}
