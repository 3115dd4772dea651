/* SPDX-License-Identifier: Apache-2.0 */
/* By what gateway codes are sent, and where to: the one is the organization's to name, by an owner, the other is said for each account. */
#include "base/text.h"
#include "crypto/chain.h"
#include "device/logical-access/message.h"
#include "device/logical-access/state.h"
#include "device/platform/fetch.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"

#define KEPT TW_KEPT_OF_OWNER "message-gateway"
#define SEALED_MAX 1024
#define ANCHORS_MAX 8
#define WHOSE "message-gateway"

static const struct tw_shape kept_shape[] = {
	{ "url", TW_JSON_TEXT, true, 1, TW_GATEWAY_URL_MAX },
	{ "anchors", TW_JSON_TEXT, true, 1, TW_FETCH_ANCHORS_MAX },
	{ "secret", TW_JSON_TEXT, true, 0, 2 * SEALED_MAX }, /* sealed, base64url; "": none */
	{},
};

/* --- The gateway --- */

static tw_err unseal(struct tw_device *d, const char *text, struct tw_buf *ret)
{
	uint8_t sealed[SEALED_MAX];
	size_t size = 0;

	TW_TRY(tw_buf_reserve(ret, TW_GATEWAY_SECRET_MAX));
	if (!*text)
		return TW_OK;
	TW_TRY(tw_parse_base64url(tw_slice_of(text), sizeof sealed, sealed, &size));
	return tw_keys_client_unseal(d->context.keys, WHOSE, (struct tw_slice){ (const char *)sealed, size }, ret);
}

tw_err tw_gateway_read(struct tw_device *d, struct tw_gateway *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	tw_buf_init(&ret->anchors, d->context.sys, TW_FETCH_ANCHORS_MAX);
	tw_buf_init(&ret->secret, d->context.sys, TW_GATEWAY_SECRET_MAX);
	TW_TRY(tw_device_kept_json(d, KEPT, kept_shape, &j));
	(void)snprintf(ret->url, sizeof ret->url, "%s", tw_json_text(j, "url"));
	TW_TRY(tw_buf_text(&ret->anchors, tw_json_text(j, "anchors")));
	return unseal(d, tw_json_text(j, "secret"), &ret->secret);
}

void tw_gateway_done(struct tw_gateway *g)
{
	tw_buf_done(&g->anchors);
	tw_buf_wipe(&g->secret);
}

tw_err tw_access_gateway(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	tw_err e = tw_device_kept_json(tw_device_of(c), KEPT, kept_shape, &j);

	if (!tw_is(e, TW_CODE_NOTFOUND))
		TW_TRY(e);
	rp->body = j ? json_pack("{s:b, s:s, s:s, s:b}", "set", true, "url", tw_json_text(j, "url"), "anchors",
			       tw_json_text(j, "anchors"), "secret", *tw_json_text(j, "secret") != '\0')
		     : json_pack("{s:b}", "set", false);
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

/* What becomes part of a line of a request must not end it; whether it leads anywhere shows when a code is sent. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

static tw_err check(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	static const char scheme[] = "https://";
	TW_CLEANUP(tw_certs_done) struct tw_certs anchors = { 0 };
	const char *url = tw_json_text(rq->input, "url");

	if (strncmp(url, scheme, strlen(scheme)) != 0 || !url[strlen(scheme)] || !is_plain(url) || strchr(url, '@'))
		return tw_reply_problem(rp, 400, "input", "gateway.url", "This is no address of a gateway",
			"Use https://HOST/PATH.", "Codes are sent by HTTPS alone, and the address holds no name or password.");
	if (!is_plain(tw_json_text(rq->input, "secret")))
		return tw_reply_problem(rp, 400, "input", "gateway.secret", "This is no secret of a gateway",
			"Send letters, digits and signs.",
			"It is sent as a line of a request, in which there are no blanks and nothing else than ASCII.");
	tw_err e = tw_certs_read(c->sys, tw_slice_of(tw_json_text(rq->input, "anchors")), ANCHORS_MAX, &anchors);
	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_UNSUPPORTED) || tw_is(e, TW_CODE_LIMIT))
		return tw_reply_problem(rp, 400, "input", "gateway.anchors", "These are no certificates",
			"Send the gateway's own certificate, or those of authorities that it comes from, in PEM.", "%s", tw_err_detail());
	return e;
}

static tw_err seal(struct tw_device *d, const char *secret, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 };

	tw_buf_init(&sealed, d->context.sys, SEALED_MAX);
	TW_TRY(tw_keys_client_seal(d->context.keys, WHOSE, tw_slice_of(secret), &sealed));
	return tw_buf_base64url(ret, sealed.data, sealed.size);
}

tw_err tw_access_gateway_set(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf secret = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	struct tw_device *d = tw_device_of(c);

	TW_TRY(check(c, rq, rp));
	if (rp->problem[0])
		return TW_OK;
	tw_buf_init(&secret, c->sys, 2 * SEALED_MAX);
	if (*tw_json_text(rq->input, "secret"))
		TW_TRY(seal(d, tw_json_text(rq->input, "secret"), &secret));
	j = json_pack("{s:s, s:s, s:s}", "url", tw_json_text(rq->input, "url"), "anchors", tw_json_text(rq->input, "anchors"),
		"secret", tw_buf_cstr(&secret));
	if (!j)
		return TW_RAISE(NOMEM, "a gateway");
	return tw_device_keep_json(d, KEPT, j);
}

tw_err tw_access_gateway_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_device_forget(tw_device_of(c), KEPT);
}

/* --- Where to --- */

struct found {
	bool is;
	char *to;
};

static tw_err take_to(void *user, const tw_row *row)
{
	struct found *f = user;

	f->is = true;
	(void)snprintf(f->to, TW_MESSAGE_TO_MAX + 1, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 0)));
	return TW_OK;
}

tw_err tw_destination_of(struct tw_device *d, int64_t account, bool *ret_is, char ret[TW_MESSAGE_TO_MAX + 1])
{
	const struct tw_value v[] = { TW_V_INT(account) };
	struct found f = { .to = ret };

	*ret = '\0';
	TW_TRY(tw_store_run(d->context.store, tw_sql_message_of, v, TW_COUNT(v), take_to, &f));
	*ret_is = f.is;
	return TW_OK;
}

static tw_err drop(struct tw_account_work *w)
{
	const struct tw_value v[] = { TW_V_INT(w->account.id) };

	return tw_store_run(w->c->store, tw_sql_message_drop, v, TW_COUNT(v), NULL, NULL);
}

static tw_err put(struct tw_account_work *w)
{
	const struct tw_value v[] = { TW_V_INT(w->account.id), TW_V_TEXT(w->text),
		TW_V_INT(tw_time_wall_ms(&tw_device_of(w->c)->time)), TW_V_TEXT(w->hands) };

	TW_TRY(drop(w));
	return tw_store_run(w->c->store, tw_sql_message_put, v, TW_COUNT(v), NULL, NULL);
}

tw_err tw_access_destination_set(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = put, .what = "given a place that codes are sent to" };
	struct tw_placer by = { .hands = "" };

	w.text = tw_json_text(rq->input, "to");
	w.hands = by.hands;
	if (!tw_text_printable(tw_slice_of(w.text)))
		return tw_reply_problem(rp, 400, "input", "message.to", "This is no place that codes are sent to",
			"Send a number or an address.", "At most %d bytes of printable text are taken.", TW_MESSAGE_TO_MAX);
	TW_TRY(tw_factor_wanted(c, rq, rp, &w.account));
	if (!rp->problem[0])
		TW_TRY(tw_placed_by(tw_device_of(c), rq, w.account.id, rp, &by));
	return rp->problem[0] ? TW_OK : tw_account_do(&w);
}

tw_err tw_access_destination_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = drop, .what = "lost the place that codes were sent to" };

	TW_TRY(tw_factor_wanted(c, rq, rp, &w.account));
	return rp->problem[0] ? TW_OK : tw_account_do(&w);
}
