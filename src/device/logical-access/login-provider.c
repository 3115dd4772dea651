/* SPDX-License-Identifier: Apache-2.0 */
#include "device/logical-access/login-provider.h"

#include "base/text.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"

/* --- Which provider an account uses --- */

struct found {
	bool is;
	char name[TW_MANIFEST_PROVIDER_NAME_MAX + 1];
};

static tw_err take_name(void *user, const tw_row *row)
{
	struct found *f = user;

	f->is = true;
	(void)snprintf(f->name, sizeof f->name, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 0)));
	return TW_OK;
}

static tw_err provider_of(struct tw_device *d, int64_t account, const char *kind, struct found *ret)
{
	const struct tw_value v[] = { TW_V_INT(account), TW_V_TEXT(kind) };

	*ret = (struct found){ .is = false };
	return tw_store_run(d->context.store, tw_sql_provider_of, v, TW_COUNT(v), take_name, ret);
}

static tw_err wanted(struct tw_device *d, int64_t account, enum tw_manifest_provider_kind kind, bool *ret)
{
	struct found f;

	TW_TRY(provider_of(d, account, tw_manifest_provider_kinds[kind], &f));
	*ret = f.is;
	return TW_OK;
}

bool tw_login_asks_provider(const struct tw_login_work *w)
{
	return w->factor && w->factor->ask == tw_login_provider_ask;
}

tw_err tw_login_biometric_wanted(struct tw_device *d, int64_t account, bool *ret)
{
	return wanted(d, account, TW_MANIFEST_BIOMETRIC, ret);
}

tw_err tw_login_plugin_wanted(struct tw_device *d, int64_t account, bool *ret)
{
	return wanted(d, account, TW_MANIFEST_AUTH_PLUGIN, ret);
}

/* Its place in the manifest; -1: the product has no such any more, or it is of another kind now. */
static tw_err place_of(struct tw_device *d, int64_t account, const struct tw_login_factor *f, int *ret)
{
	struct found used;

	TW_TRY(provider_of(d, account, f->name, &used));
	*ret = used.is ? tw_provider_named(d, tw_slice_of(used.name)) : -1;
	if (*ret >= 0 && strcmp(tw_manifest_provider_kinds[d->manifest->providers[*ret].kind], f->name) != 0)
		*ret = -1;
	return TW_OK;
}

/* --- What it said, or did not --- */

static const struct {
	int status;
	const char *rule, *next, *detail;
} lacks[TW_PROVIDER_ENDS] = {
	[TW_PROVIDER_CANNOT] = { 503, "provider.error", "Try again, or use another second factor if the account has one.",
		"What judges it says that it could not find out." },
	[TW_PROVIDER_GONE] = { 503, "provider.gone", "Try again in a while, or use another second factor if the account has one.",
		"What judges it is not there, or ended before it had answered." },
	[TW_PROVIDER_LATE] = { 503, "provider.late", "Try again, or use another second factor if the account has one.",
		"What judges it did not answer in time." },
	[TW_PROVIDER_MALFORMED] = { 503, "provider.malformed", "Tell whoever looks after this device.",
		"What judges it answered something that is no answer." },
	[TW_PROVIDER_CONTESTED] = { 503, "provider.contested",
		"If the other login was not yours, somebody knows your password: change it. Else wait, and log in once.",
		"Two logins of this account asked for it at once; both ended." },
};

static tw_err say_lack(struct tw_reply *rp, enum tw_provider_end how)
{
	return tw_reply_problem(rp, lacks[how].status, "verifier", lacks[how].rule, "There is no verdict about who you are",
		lacks[how].next, "%s", lacks[how].detail);
}

/* For whoever reads the log. */
static tw_err tell(const struct tw_login_work *w, const char *verdict, const char *rule)
{
	char id[TW_ACCOUNT_ID_MAX + 2];

	tw_account_id(w->account, id);
	return tw_event(&w->d->context, "login.verdict",
		json_pack("{s:s, s:s, s:s, s:s}", "account", id, "verdict", verdict, "rule", rule, "provider",
			w->d->manifest->providers[w->provider].name));
}

/* What was said for the account meanwhile counts: the yes of a provider that it does not use any more is none. What cannot be told is not done. */
static tw_err take_yes(struct tw_login_work *w, bool *ret_same)
{
	int place = -1;

	TW_TRY(place_of(w->d, w->account, w->factor, &place));
	*ret_same = place == (int)w->provider;
	return *ret_same ? tell(w, "yes", w->factor->name) : TW_OK;
}

static tw_err no_verdict(struct tw_login_work *w, struct tw_reply *rp, enum tw_provider_end how)
{
	/* Whoever could ask at no cost would ask until somebody answers who meant another login. */
	if (how == TW_PROVIDER_LATE || how == TW_PROVIDER_CANNOT || how == TW_PROVIDER_CONTESTED)
		tw_login_failed(&w->d->context, &w->who);
	TW_TRY(tell(w, "none", lacks[how].rule));
	return say_lack(rp, how);
}

static tw_err turn_away(struct tw_login_work *w, struct tw_reply *rp)
{
	char rule[32];

	TW_TRY(tell(w, "no", w->factor->name));
	tw_login_failed(&w->d->context, &w->who);
	(void)snprintf(rule, sizeof rule, "access.%s", w->factor->name);
	return tw_reply_problem(rp, 403, "login", rule, "You were not recognized",
		"Try again, or use another second factor if the account has one.",
		"What judges it says that you are not the one whose account this is.");
}

/* @nist LA.AS.2.1.3 LA.AS.2.1.6: a yes alone goes on; no, an error, silence and a crash do not */
static void on_ended(void *user, enum tw_provider_end how)
{
	struct tw_login_work *w = user;
	struct tw_reply rp = { .status = 200 };
	bool same = false;
	tw_err e = how == TW_PROVIDER_YES ? take_yes(w, &same) : TW_OK;

	if (!tw_failed(e) && same) {
		tw_login_shown(w);
		return;
	}
	if (!tw_failed(e))
		e = how == TW_PROVIDER_NO ? turn_away(w, &rp) : no_verdict(w, &rp, how == TW_PROVIDER_YES ? TW_PROVIDER_GONE : how);
	tw_login_finish(w, &rp, e);
}

/* --- The question --- */

static tw_err wait_ms(struct tw_device *d, int64_t *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	uint64_t s = 0;

	tw_buf_init(&text, d->context.sys, 16);
	TW_TRY(tw_setting_get(&d->context, "logical-access.provider-timeout", &text));
	TW_TRY(tw_parse_u64(tw_buf_slice(&text), 3600, &s));
	*ret = (int64_t)s * 1000;
	return TW_OK;
}

/* All that the answer needs; the handle, to be said again where something else is wanted still. */
static tw_err fill(struct tw_login_work *w, const struct tw_factor_step *t, size_t provider)
{
	const char *handle = tw_json_text(t->rq->input, "login");

	w->who = t->s->who;
	w->account = t->s->account;
	w->step = t->s->number;
	w->factor = t->s->asked;
	w->provider = provider;
	return tw_secret_new(t->c->sys, handle, strlen(handle) + 1, &w->fresh);
}

static tw_err ask(struct tw_login_work *w, const struct tw_factor_step *t, size_t provider)
{
	struct tw_provider_question q = { .account = t->s->account, .ended = on_ended, .user = w };

	TW_TRY(fill(w, t, provider));
	TW_TRY(wait_ms(w->d, &q.wait_ms));
	return tw_provider_ask(w->d, provider, &q);
}

/*
 * @nist LA.AS.2.1.3: whoever stands at the reader cannot see which login it is asked for. So of two of one account neither goes on; the same
 * login, sent once more, only waits.
 */
static tw_err say_taken(const struct tw_factor_step *t, size_t provider)
{
	struct tw_device *d = tw_device_of(t->c);
	const struct tw_login_work *first = d->providers.of[provider].asked.user;

	if (first->account == t->s->account && first->step != t->s->number) {
		struct tw_login_work second = { .d = d, .account = t->s->account, .who = t->s->who, .provider = provider };

		tw_provider_contest(d, provider);
		return no_verdict(&second, t->rp, TW_PROVIDER_CONTESTED);
	}
	TW_TRY(tw_reply_problem(t->rp, 503, "busy", "provider.busy", "Somebody else is being looked at", "Try again in a moment.",
		"What judges it is asked about one login at a time."));
	t->rp->retry_after_s = 1;
	return TW_OK;
}

tw_err tw_login_provider_ask(const struct tw_factor_step *t)
{
	struct tw_device *d = tw_device_of(t->c);
	struct tw_login_work *w = NULL;
	int place = -1;

	TW_TRY(place_of(d, t->s->account, t->s->asked, &place));
	if (place < 0)
		return say_lack(t->rp, TW_PROVIDER_GONE);
	if (tw_provider_busy(d, (size_t)place))
		return say_taken(t, (size_t)place);
	TW_TRY(tw_login_work(t->c, t->rq, t->rp, &(struct tw_login_want){ &t->s->who, t->s->account }, &w));
	if (t->rp->problem[0])
		return TW_OK;
	tw_err e = ask(w, t, (size_t)place);
	if (!tw_failed(e))
		return TW_OK;
	if (tw_is(e, TW_CODE_NOTFOUND))
		e = say_lack(t->rp, TW_PROVIDER_GONE);
	return tw_login_cannot(w, e, t->rp);
}
