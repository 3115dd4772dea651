/* SPDX-License-Identifier: Apache-2.0 */
/* Which server judges passwords, the secret shared with it, and whose passwords these are. */
#include "device/logical-access/radius.h"

#include "base/text.h"
#include "device/logical-access/oidc.h"
#include "device/logical-access/shared.h"
#include "device/logical-access/state.h"
#include "device/platform/ask.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"

#define SERVER "logical-access.radius-server"
#define SECRET "owner.radius-secret" /* what an owner kept goes with the ownership */
#define WHOSE "radius"
#define SEALED_MAX 512
#define TEXT_MAX 1024

/* --- The secret --- */

static tw_err keep_secret(struct tw_device *d, struct tw_slice secret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 }, text = { 0 };

	tw_buf_init(&sealed, d->context.sys, SEALED_MAX);
	tw_buf_init(&text, d->context.sys, TEXT_MAX);
	TW_TRY(tw_keys_client_seal(d->context.keys, WHOSE, secret, &sealed));
	TW_TRY(tw_buf_base64url(&text, sealed.data, sealed.size));
	return tw_device_keep(d, SECRET, tw_buf_cstr(&text));
}

static tw_err unseal(struct tw_device *d, struct tw_slice text, tw_secret **ret)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf plain = { 0 };
	uint8_t sealed[SEALED_MAX];
	size_t size = 0;

	tw_buf_init(&plain, d->context.sys, SEALED_MAX);
	TW_TRY(tw_buf_reserve(&plain, SEALED_MAX));
	TW_TRY(tw_parse_base64url(text, sizeof sealed, sealed, &size));
	TW_TRY(tw_keys_client_unseal(d->context.keys, WHOSE, (struct tw_slice){ (const char *)sealed, size }, &plain));
	return tw_secret_new(d->context.sys, plain.data, plain.size, ret);
}

tw_err tw_radius_secret_is(struct tw_device *d, bool *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, d->context.sys, TEXT_MAX);
	tw_err e = tw_device_kept(d, SECRET, &text);
	*ret = !tw_failed(e);
	return tw_is(e, TW_CODE_NOTFOUND) ? TW_OK : e;
}

tw_err tw_access_radius_secret(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_slice secret = tw_slice_of(tw_json_text(rq->input, "secret"));

	/* What cannot be shown is a line end that was copied with it. */
	if (secret.size < TW_RADIUS_SECRET_MIN || secret.size > TW_RADIUS_SECRET_MAX || !tw_text_printable(secret))
		return tw_reply_problem(rp, 400, "input", "radius.secret", "This can be no shared secret",
			"Choose a random one of 22 characters or more.", "It has %d to %d bytes, and no control characters.",
			TW_RADIUS_SECRET_MIN, TW_RADIUS_SECRET_MAX);
	TW_TRY(keep_secret(tw_device_of(c), secret));
	(void)snprintf(rp->note, sizeof rp->note, "the secret shared with the RADIUS server was set");
	rp->status = 204;
	return TW_OK;
}

tw_err tw_access_radius_forget(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_TRY(tw_device_forget(tw_device_of(c), SECRET));
	(void)snprintf(rp->note, sizeof rp->note, "the secret shared with the RADIUS server was forgotten");
	rp->status = 204;
	return TW_OK;
}

tw_err tw_access_radius_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	bool is = false;

	TW_TRY(tw_radius_secret_is(tw_device_of(c), &is));
	rp->body = json_pack("{s:b}", "secret", is);
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

/* --- The server --- */

tw_err tw_access_apply_radius(struct tw_context *c, const char *value)
{
	struct tw_place place;

	if (!*value)
		return TW_OK;
	return tw_failed(tw_place_read(value, &place)) ? TW_RAISE(DENIED, "%s", tw_err_detail()) : TW_OK;
}

static tw_err state_of(struct tw_context *c, const char *key, struct tw_setting_state *ret)
{
	return tw_setting_state(c, tw_setting_find(c, key), ret);
}

tw_err tw_radius_server(struct tw_device *d, struct tw_radius_server *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct tw_setting_state server, timeout;
	uint64_t seconds = 0;

	TW_TRY(state_of(&d->context, SERVER, &server));
	TW_TRY(state_of(&d->context, "logical-access.radius-timeout", &timeout));
	if (!server.value[0])
		return TW_RAISE(NOTFOUND, "no server is named");
	TW_TRY(tw_place_read(server.value, &ret->place));
	TW_TRY(tw_parse_u64(tw_slice_of(timeout.value), TW_ASK_DEADLINE_MAX_MS / 1000, &seconds));
	ret->deadline_ms = (uint16_t)(seconds * 1000);
	tw_buf_init(&text, d->context.sys, TEXT_MAX);
	TW_TRY(tw_device_kept(d, SECRET, &text));
	return unseal(d, tw_buf_slice(&text), &ret->secret);
}

/* --- Whose passwords --- */

static tw_err take_count(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

/* A session ends, so it is no way that is left. */
static bool other_owner_stays(const struct tw_device *d, int64_t account)
{
	const struct tw_owners *all = &d->access->owners;

	for (size_t i = 0; i < all->count; i++)
		if (all->of[i].id != account && all->of[i].enrolled)
			return true;
	return false;
}

/* The owner who is the last to come in does not come in by another's word alone. */
static tw_err check_owner(struct tw_context *c, const struct tw_account *a, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	const struct tw_value v[] = { TW_V_INT(a->id) };
	int64_t count = 0;

	TW_TRY(tw_store_run(c->store, tw_sql_credential_beside_password, v, TW_COUNT(v), take_count, &count));
	if (count || !tw_access_owner(d, a->id) || other_owner_stays(d, a->id))
		return TW_OK;
	return tw_reply_problem(rp, 409, "last-owner", "password.last-owner", "No owner could come in without that server",
		"Enrol a client certificate for this account first.",
		"None of the other owners, if there are any, has a credential of the device's own.");
}

static tw_err put_server(struct tw_account_work *w)
{
	struct tw_device *d = tw_device_of(w->c);
	const struct tw_value v[] = { TW_V_INT(w->account.id), TW_V_TEXT(w->text), TW_V_INT(tw_time_wall_ms(&d->time)),
		TW_V_TEXT(w->hands) };

	TW_TRY(tw_password_drop(&d->context, w->account.id));
	return tw_store_run(w->c->store, tw_sql_password_delegate, v, TW_COUNT(v), NULL, NULL);
}

/* By the name it has now, unless it is said: who renames an account makes nobody else of it at the server. */
tw_err tw_access_password_delegate(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = put_server, .ends_sessions = true };
	const char *user = tw_json_text(rq->input, "user");
	struct tw_placer by;

	TW_TRY(tw_password_wanted(c, rq, rp, &w.account));
	if (rp->problem[0])
		return TW_OK;
	if (w.account.kind == TW_ACCOUNT_SHARED)
		return tw_shared_refuse_own(rp);
	TW_TRY(check_owner(c, &w.account, rp));
	if (!rp->problem[0])
		TW_TRY(tw_placed_by(tw_device_of(c), rq, w.account.id, rp, &by));
	if (rp->problem[0])
		return TW_OK;
	w.text = *user ? user : w.account.name;
	w.hands = by.hands;
	(void)snprintf(w.what, sizeof w.what, "given to the organization's server to judge its password");
	return tw_account_do(&w);
}

/* Either of the two is enough: a server that judges passwords, or a provider of OpenID Connect. */
static tw_err named(struct tw_context *c, bool *ret_server, bool *ret_provider)
{
	char provider[TW_OIDC_NAME_MAX + 1];
	struct tw_setting_state server;
	bool secret = false;

	TW_TRY(state_of(c, SERVER, &server));
	TW_TRY(tw_radius_secret_is(tw_device_of(c), &secret));
	TW_TRY(tw_oidc_name(tw_device_of(c), provider));
	*ret_server = server.value[0] && secret;
	*ret_provider = *provider;
	return TW_OK;
}

/* @nist LA.AS.2.1.2 */
tw_err tw_access_status_server(struct tw_context *c, struct tw_element_status *ret)
{
	const char *no_ask = tw_ask_missing(tw_device_of(c)), *no_fetch = tw_fetch_missing(tw_device_of(c));
	bool server = false, provider = false;

	TW_TRY(named(c, &server, &provider));
	(void)snprintf(ret->setting, sizeof ret->setting, SERVER);
	server = server && !no_ask;
	if (!server && (provider ? no_fetch : no_ask)) {
		ret->status = TW_STATUS_NEEDS_PART;
		(void)snprintf(ret->reason, sizeof ret->reason, "%s", provider ? no_fetch : no_ask);
		return TW_OK;
	}
	ret->status = server || provider ? TW_STATUS_PROVIDED : TW_STATUS_OFF;
	(void)snprintf(ret->reason, sizeof ret->reason, "%s",
		server ? "The organization's server judges the passwords of the accounts that were given to it; without its yes nobody comes in to them."
			: provider
			? "The organization's OpenID Connect provider says who comes in to the accounts that belong to somebody there."
			: "The organization has named no server that judges passwords, or shares no secret with one, and no provider.");
	return TW_OK;
}
