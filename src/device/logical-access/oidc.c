/* SPDX-License-Identifier: Apache-2.0 */
/* Which provider of OpenID Connect the organization has, and which account belongs to whom there. See oidc.h. */
#include "device/logical-access/oidc.h"

#include "base/text.h"
#include "crypto/chain.h"
#include "crypto/hash.h"
#include "device/logical-access/shared.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"
#include "service/sql-service.h"

#define KEPT TW_KEPT_OF_OWNER "oidc"
#define WHOSE "oidc"
#define SEALED_MAX 512
#define ANCHORS_MAX 8

static const struct tw_shape kept_shape[] = {
	{ "issuer", TW_JSON_TEXT, true, 1, TW_OIDC_URL_MAX },
	{ "client", TW_JSON_TEXT, true, 1, TW_OIDC_CLIENT_MAX },
	{ "address", TW_JSON_TEXT, true, 1, TW_OIDC_URL_MAX },
	{ "name", TW_JSON_TEXT, true, 1, TW_OIDC_NAME_MAX },
	{ "claim", TW_JSON_TEXT, true, 1, TW_OIDC_CLAIM_MAX },
	{ "anchors", TW_JSON_TEXT, true, 1, TW_FETCH_ANCHORS_MAX },
	{ "secret", TW_JSON_TEXT, true, 0, 2 * SEALED_MAX }, /* sealed, base64url; "": none */
	{},
};

/* --- The provider --- */

static tw_err unseal(struct tw_device *d, const char *text, struct tw_buf *ret)
{
	uint8_t sealed[SEALED_MAX];
	size_t size = 0;

	TW_TRY(tw_buf_reserve(ret, TW_OIDC_SECRET_MAX));
	if (!*text)
		return TW_OK;
	TW_TRY(tw_parse_base64url(tw_slice_of(text), sizeof sealed, sealed, &size));
	return tw_keys_client_unseal(d->context.keys, WHOSE, (struct tw_slice){ (const char *)sealed, size }, ret);
}

tw_err tw_oidc_config_read(struct tw_device *d, struct tw_oidc_config *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	tw_buf_init(&ret->anchors, d->context.sys, TW_FETCH_ANCHORS_MAX);
	TW_TRY(tw_device_kept_json(d, KEPT, kept_shape, &j));
	(void)snprintf(ret->issuer, sizeof ret->issuer, "%s", tw_json_text(j, "issuer"));
	(void)snprintf(ret->client, sizeof ret->client, "%s", tw_json_text(j, "client"));
	(void)snprintf(ret->back, sizeof ret->back, "%s/", tw_json_text(j, "address"));
	(void)snprintf(ret->name, sizeof ret->name, "%s", tw_json_text(j, "name"));
	(void)snprintf(ret->claim, sizeof ret->claim, "%s", tw_json_text(j, "claim"));
	return tw_buf_text(&ret->anchors, tw_json_text(j, "anchors"));
}

/* Apart from the rest, so that it is open nowhere but where the provider is asked for a token. */
tw_err tw_oidc_secret(struct tw_device *d, struct tw_buf *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	tw_buf_init(ret, d->context.sys, TW_OIDC_SECRET_MAX);
	TW_TRY(tw_device_kept_json(d, KEPT, kept_shape, &j));
	return unseal(d, tw_json_text(j, "secret"), ret);
}

void tw_oidc_config_done(struct tw_oidc_config *o)
{
	tw_buf_done(&o->anchors);
}

tw_err tw_oidc_name(struct tw_device *d, char ret[TW_OIDC_NAME_MAX + 1])
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	tw_err e = tw_device_kept_json(d, KEPT, kept_shape, &j);

	if (!tw_is(e, TW_CODE_NOTFOUND))
		TW_TRY(e);
	(void)snprintf(ret, TW_OIDC_NAME_MAX + 1, "%s", j ? tw_json_text(j, "name") : "");
	return TW_OK;
}

tw_err tw_access_oidc(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	tw_err e = tw_device_kept_json(tw_device_of(c), KEPT, kept_shape, &j);

	if (!tw_is(e, TW_CODE_NOTFOUND))
		TW_TRY(e);
	rp->body = json_pack("{s:b}", "set", j != NULL);
	for (const struct tw_shape *row = kept_shape; j && row->key; row++) {
		const char *text = tw_json_text(j, row->key);

		TW_TRY(tw_json_set(rp->body, row->key, strcmp(row->key, "secret") != 0 ? json_string(text) : json_boolean(*text != '\0')));
	}
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

/* An origin: the page is at its root, and comes back there. */
static bool is_address(const char *url)
{
	return tw_oidc_url_valid(url) && !strpbrk(url + strlen("https://"), "/?");
}

static tw_err no_form(struct tw_reply *rp, const char *rule, const char *next, const char *why)
{
	return tw_reply_problem(rp, 400, "input", rule, "This is no provider that can be asked", next, "%s", why);
}

static tw_err check_words(const struct tw_request *rq, struct tw_reply *rp)
{
	const char *issuer = tw_json_text(rq->input, "issuer"), *secret = tw_json_text(rq->input, "secret");

	if (!tw_oidc_url_valid(issuer) || strchr(issuer, '?'))
		return no_form(rp, "oidc.form", "Give the issuer as https://HOST/PATH, as the provider writes it.",
			"An issuer is an address by HTTPS, without a query, a name or a password in it.");
	if (!is_address(tw_json_text(rq->input, "address")))
		return no_form(rp, "oidc.address", "Give it as https://HOST or https://HOST:PORT.",
			"Browsers come back to this device by its address, which has no path and no slash at its end.");
	if (!tw_text_printable(tw_slice_of(tw_json_text(rq->input, "client"))) || !tw_text_printable(tw_slice_of(secret)) ||
		!tw_text_printable(tw_slice_of(tw_json_text(rq->input, "claim"))))
		return no_form(rp, "oidc.client", "Copy them from the provider, without line ends.",
			"The client's id and secret and the claim's name have no control characters.");
	return tw_account_name_valid(tw_json_text(rq->input, "name"))
		? TW_OK
		: no_form(rp, "oidc.name", "Choose another.", "A name is 1 to 48 printable characters, without blanks at its ends.");
}

static tw_err check(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_certs_done) struct tw_certs anchors = { 0 };

	TW_TRY(check_words(rq, rp));
	if (rp->problem[0])
		return TW_OK;
	tw_err e = tw_certs_read(c->sys, tw_slice_of(tw_json_text(rq->input, "anchors")), ANCHORS_MAX, &anchors);
	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_UNSUPPORTED) || tw_is(e, TW_CODE_LIMIT))
		return tw_reply_problem(rp, 400, "input", "oidc.anchors", "These are no certificates",
			"Send the provider's own certificate, or those of authorities that it comes from, in PEM.", "%s",
			tw_err_detail());
	return e;
}

static tw_err seal(struct tw_device *d, const char *secret, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 };

	if (!*secret)
		return TW_OK;
	tw_buf_init(&sealed, d->context.sys, SEALED_MAX);
	TW_TRY(tw_keys_client_seal(d->context.keys, WHOSE, tw_slice_of(secret), &sealed));
	return tw_buf_base64url(ret, sealed.data, sealed.size);
}

static bool is_by_provider(const struct tw_session *s)
{
	return s->used && !strncmp(s->how, TW_HOW_OUTSIDE, strlen(TW_HOW_OUTSIDE));
}

struct change {
	struct tw_device *d;
	const json_t *provider; /* NULL: none any more */
};
static tw_err write_change(tw_store *store, void *user)
{
	const struct change *g = user;

	TW_TRY(g->provider ? tw_device_keep_json(g->d, KEPT, g->provider) : tw_device_forget(g->d, KEPT));
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++) {
		const struct tw_session *s = &g->d->access->guard.sessions[i];
		const struct tw_value v[] = { TW_V_BLOB(s->hash, sizeof s->hash) };

		if (!is_by_provider(s))
			continue;
		TW_TRY(tw_store_run(store, tw_sql_session_drop, v, TW_COUNT(v), NULL, NULL));
		TW_TRY(tw_access_session_told(&g->d->context, s));
	}
	return TW_OK;
}

/* Whom one let in that counts no more is out, with what he has begun. */
static tw_err change(struct tw_device *d, const json_t *provider)
{
	struct change g = { d, provider };

	TW_TRY(tw_access_sessions_sweep(&d->context));
	TW_TRY(tw_store_transaction(d->context.store, write_change, &g));
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++)
		if (is_by_provider(&d->access->guard.sessions[i]))
			tw_wipe(&d->access->guard.sessions[i], sizeof d->access->guard.sessions[i]);
	tw_oidc_forget(d);
	return TW_OK;
}

tw_err tw_access_oidc_set(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf secret = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	struct tw_device *d = tw_device_of(c);
	const char *claim = tw_json_text(rq->input, "claim");

	TW_TRY(check(c, rq, rp));
	if (rp->problem[0])
		return TW_OK;
	tw_buf_init(&secret, c->sys, 2 * SEALED_MAX);
	TW_TRY(seal(d, tw_json_text(rq->input, "secret"), &secret));
	j = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "issuer", tw_json_text(rq->input, "issuer"), "client",
		tw_json_text(rq->input, "client"), "address", tw_json_text(rq->input, "address"), "name", tw_json_text(rq->input, "name"),
		"claim", *claim ? claim : "sub", "anchors", tw_json_text(rq->input, "anchors"), "secret", tw_buf_cstr(&secret));
	if (!j)
		return TW_RAISE(NOMEM, "a provider");
	return change(d, j);
}

tw_err tw_access_oidc_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return change(tw_device_of(c), NULL);
}

/* --- Who is who --- */

/* The same word is somebody else at another provider, and under another claim. */
static tw_err lookup_of(const struct tw_oidc_config *o, const char *subject, uint8_t ret[32])
{
	const struct tw_slice parts[] = { { "oidc", 5 }, { o->issuer, strlen(o->issuer) + 1 }, { o->claim, strlen(o->claim) + 1 },
		tw_slice_of(subject) };

	return tw_sha256_of(parts, TW_COUNT(parts), ret);
}

static tw_err take_account(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static tw_err account_of(struct tw_device *d, const uint8_t lookup[32], int64_t *ret)
{
	const struct tw_value v[] = { TW_V_BLOB(lookup, 32) };

	*ret = 0;
	return tw_store_run(d->context.store, tw_sql_oidc_account, v, TW_COUNT(v), take_account, ret);
}

tw_err tw_oidc_account(struct tw_device *d, const struct tw_oidc_config *o, const char *subject, int64_t *ret)
{
	uint8_t lookup[32];

	TW_TRY(lookup_of(o, subject, lookup));
	return account_of(d, lookup, ret);
}

struct bound {
	bool is;
	char subject[TW_OIDC_SUBJECT_MAX + 1];
	struct tw_password_kept *kept;
};

static tw_err take_bound(void *user, const tw_row *row)
{
	struct tw_slice subject = tw_row_bytes(row, 0), hands = tw_row_bytes(row, 1);
	struct bound *b = user;

	b->is = true;
	(void)snprintf(b->subject, sizeof b->subject, TW_SLICE_FMT, TW_SLICE_ARG(subject));
	(void)snprintf(b->kept->by.hands, sizeof b->kept->by.hands, TW_SLICE_FMT, TW_SLICE_ARG(hands));
	return TW_OK;
}

tw_err tw_oidc_first(struct tw_device *d, int64_t account, struct tw_password_kept *ret)
{
	TW_CLEANUP(tw_oidc_config_done) struct tw_oidc_config o = { .issuer = "" };
	const struct tw_value v[] = { TW_V_INT(account) };
	struct bound b = { .kept = ret };

	*ret = (struct tw_password_kept){ .is = false };
	TW_TRY(tw_oidc_config_read(d, &o));
	TW_TRY(tw_store_run(d->context.store, tw_sql_oidc_of, v, TW_COUNT(v), take_bound, &b));
	ret->is = b.is;
	return b.is ? lookup_of(&o, b.subject, ret->hash.tag) : TW_RAISE(NOTFOUND, "nobody of the provider's");
}

static tw_err drop(struct tw_account_work *w)
{
	const struct tw_value v[] = { TW_V_INT(w->account.id) };

	return tw_store_run(w->c->store, tw_sql_oidc_drop, v, TW_COUNT(v), NULL, NULL);
}

static tw_err put(struct tw_account_work *w)
{
	const struct tw_value v[] = { TW_V_INT(w->account.id), TW_V_TEXT(w->text), TW_V_BLOB(w->bytes, 32),
		TW_V_INT(tw_time_wall_ms(&tw_device_of(w->c)->time)), TW_V_TEXT(w->hands) };

	TW_TRY(drop(w));
	return tw_store_run(w->c->store, tw_sql_oidc_put, v, TW_COUNT(v), NULL, NULL);
}

/* Whoever says who at the provider an account is may name himself there, so only who may do what it may. */
static tw_err wanted(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_account *ret)
{
	bool reached = true;

	TW_TRY(tw_account_wanted(c, rq, rq->parameter, rp, ret));
	if (rp->problem[0])
		return TW_OK;
	if (ret->kind == TW_ACCOUNT_SHARED)
		return tw_shared_refuse_own(rp);
	TW_TRY(tw_placed_reaches(c, &rq->subject, ret->id, &reached));
	if (reached)
		return TW_OK;
	return tw_reply_problem(rp, 403, "forbidden", "account.cover", "Not permitted", "Ask an owner.",
		"This account may do more than you, and whoever is named as its person at the provider may do what it may.");
}

static tw_err check_subject(struct tw_context *c, const char *subject, int64_t account, uint8_t ret_lookup[32], struct tw_reply *rp)
{
	TW_CLEANUP(tw_oidc_config_done) struct tw_oidc_config o = { .issuer = "" };
	int64_t other = 0;
	tw_err e = tw_oidc_config_read(tw_device_of(c), &o);

	if (tw_is(e, TW_CODE_NOTFOUND))
		return tw_reply_problem(rp, 409, "state", "oidc.none", "No provider is named", "Name it first (oidc.set).",
			"A subject is somebody of one provider.");
	TW_TRY(e);
	if (!tw_text_printable(tw_slice_of(subject)))
		return tw_reply_problem(rp, 400, "input", "oidc.subject", "This is nobody at a provider",
			"Copy it from the provider, without line ends.", "A subject has no control characters.");
	TW_TRY(lookup_of(&o, subject, ret_lookup));
	TW_TRY(account_of(tw_device_of(c), ret_lookup, &other));
	return !other || other == account
		? TW_OK
		: tw_reply_problem(rp, 409, "exists", "oidc.exists", "This is another account's person",
			  "Take him from that account first.", "One person at the provider is one account's here.");
}

tw_err tw_access_oidc_subject(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = put, .ends_sessions = true };
	struct tw_placer by = { .hands = "" };
	uint8_t lookup[32];

	w.text = tw_json_text(rq->input, "subject");
	w.bytes = lookup;
	w.hands = by.hands;
	(void)snprintf(w.what, sizeof w.what, "given to somebody of the organization's provider");
	TW_TRY(wanted(c, rq, rp, &w.account));
	if (!rp->problem[0])
		TW_TRY(check_subject(c, w.text, w.account.id, lookup, rp));
	if (!rp->problem[0])
		TW_TRY(tw_placed_by(tw_device_of(c), rq, w.account.id, rp, &by));
	return rp->problem[0] ? TW_OK : tw_account_do(&w);
}

tw_err tw_access_oidc_nobody(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = {
		.c = c, .rq = rq, .rp = rp, .act = drop, .what = "is nobody's of the provider any more", .ends_sessions = true
	};

	TW_TRY(wanted(c, rq, rp, &w.account));
	return rp->problem[0] ? TW_OK : tw_account_do(&w);
}
