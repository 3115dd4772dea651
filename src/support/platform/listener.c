/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listener's certificate on app's side: what it says, when it ends, and taking another one that was put into the keys' directory.
 * app never sees the key.
 */
#include "base/log.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/dnsnames.h"
#include "service/keys/keys.h"
#include "support/platform/app.h"
#include "support/rows-platform.h"

#define DAY_MS (24 * 60 * 60 * 1000LL)
#define SOON_MS (30 * DAY_MS)

static tw_err names(const tw_cert *leaf, json_t *ret)
{
	struct tw_dns_names n = { .count = 0 };

	if (tw_failed(tw_cert_dns_names(leaf, &n)))
		n.count = 0;
	for (size_t i = 0; i < n.count; i++)
		TW_TRY(tw_json_append(ret, json_string(n.of[i])));
	return TW_OK;
}

/* As `openssl x509 -fingerprint -sha256` says it, but for the colons: what a browser shows of a certificate. */
static tw_err fingerprint(const struct tw_app *a, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	uint8_t digest[32];

	tw_buf_init(&der, a->sys, TW_SITE_DER_MAX);
	TW_TRY(tw_cert_der(a->listener.leaf, &der));
	TW_TRY(tw_sha256(der.data, der.size, digest));
	return tw_buf_hex(ret, digest, sizeof digest);
}

static int64_t left_ms(const struct tw_app *a)
{
	return tw_cert_not_after_ms(a->listener.leaf) - tw_time_wall_ms(&a->time);
}

static tw_err describe(const struct tw_app *a, json_t *j)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf print = { 0 };
	json_t *list = json_array();
	char until[TW_TIME_TEXT_MAX];
	bool self = tw_cert_self_signed(a->listener.leaf);

	TW_TRY(tw_json_set(j, "names", list));
	TW_TRY(names(a->listener.leaf, list));
	tw_buf_init(&print, a->sys, 80);
	TW_TRY(fingerprint(a, &print));
	TW_TRY(tw_json_set(j, "fingerprint", json_string(print.data)));
	TW_TRY(tw_json_set(j, "self_signed", json_boolean(self)));
	TW_TRY(tw_json_set(j, "certificates", json_integer((json_int_t)a->listener.count)));
	tw_time_text(tw_cert_not_after_ms(a->listener.leaf), until);
	TW_TRY(tw_json_set(j, "until", json_string(until)));
	TW_TRY(tw_json_set(j, "days", json_integer(left_ms(a) > 0 ? left_ms(a) / DAY_MS : 0)));
	return tw_json_set(j, "ends_soon", json_boolean(left_ms(a) < SOON_MS));
}

tw_err tw_listener_show(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	rp->body = json_object();
	return rp->body ? describe(tw_app_of(c), rp->body) : TW_RAISE(NOMEM, "the listener");
}

/* Connections that are there go on under the certificate they began with. */
tw_err tw_listener_reload(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_app *a = tw_app_of(c);
	struct tw_site_chain fresh;
	tw_err e = tw_keys_client_listener_chain(c->keys, true, &fresh);

	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT) || tw_is(e, TW_CODE_UNSUPPORTED) || tw_is(e, TW_CODE_NOTFOUND))
		return tw_reply_problem(rp, 409, "listener", "listener.form", "The certificate that lies there cannot be taken",
			"Put it there by: thingward-support certificate import", "%s", tw_err_detail());
	TW_TRY(e);
	tw_site_chain_done(&a->listener);
	a->listener = fresh;
	a->listener_generation++;
	tw_door_front_announce(a->front);
	tw_app_listener_due(a);
	return tw_listener_show(c, rq, rp);
}

static void on_ends(int fd, short what, void *user)
{
	struct tw_app *a = user;
	char until[TW_TIME_TEXT_MAX];

	if (left_ms(a) < SOON_MS) {
		tw_time_text(tw_cert_not_after_ms(a->listener.leaf), until);
		tw_warn("the listener's certificate ends at %s; renew it: thingward-support certificate import", until);
		tw_err e = tw_event(&a->context, "listener.ends",
			json_pack("{s:s, s:I}", "until", until, "days", (json_int_t)(left_ms(a) > 0 ? left_ms(a) / DAY_MS : 0)));
		if (tw_failed(e))
			tw_log_err(e, "recording that the listener's certificate ends");
	}
	const struct timeval day = { .tv_sec = DAY_MS / 1000 };
	(void)event_add(a->listener_timer, &day);
}

tw_err tw_app_listener_new(struct tw_app *a)
{
	a->listener_timer = event_new(a->loop, -1, 0, on_ends, a);
	return a->listener_timer ? TW_OK : TW_RAISE(NOMEM, "event loop");
}

void tw_app_listener_due(struct tw_app *a)
{
	const struct timeval soon = { .tv_sec = 0 };

	/* One that never ends is looked at no more: nothing wakes an idle service for it. */
	(void)event_del(a->listener_timer);
	if (left_ms(a) < 100 * 365 * DAY_MS)
		(void)event_add(a->listener_timer, &soon);
}
