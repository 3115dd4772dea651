/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking over from a browser: it cannot hold a key of ours and cannot see the listener key, so a person at the device's console
 * has to type the code that the browser shows. The owner is made when the browser collects its session; a browser whose answer
 * was lost asks again.
 */
#include "base/text.h"
#include "crypto/hash.h"
#include "device/logical-access/state.h"
#include "device/logical-access/throttle-store.h"
#include "device/logical-access/takeover.h"
#include "device/rows-logical-access.h"

/* The place of the oldest; a free one is older than any. */
static struct tw_browser *place(struct tw_access *a)
{
	struct tw_browser *oldest = &a->browsers[0];

	for (size_t i = 1; i < TW_BROWSER_MAX; i++)
		if (a->browsers[i].expires_ms < oldest->expires_ms)
			oldest = &a->browsers[i];
	return oldest;
}

static void notify_console(struct tw_device *d, const struct tw_request *rq, const char *owner)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, d->context.sys, sizeof d->console_notice - 1);
	tw_ignore(tw_buf_terminal(&text, tw_slice_of(rq->subject.source)));
	tw_ignore(tw_buf_text(&text, " wants to own this device as "));
	tw_ignore(tw_buf_terminal(&text, tw_slice_of(owner)));
	tw_ignore(tw_buf_text(&text, ". If it is you: confirm and its 6 digits."));
	(void)snprintf(d->console_notice, sizeof d->console_notice, "%s", tw_buf_cstr(&text));
}

static tw_err make_code(const struct tw_access *a, const struct tw_sys *sys, char ret[7])
{
	uint32_t number = 0;
	bool taken;

	do {
		if (sys->random(sys, &number, sizeof number))
			return TW_RAISE_ERRNO("randomness");
		(void)snprintf(ret, 7, "%06u", number % 1000000U);
		taken = false;
		for (size_t i = 0; i < TW_BROWSER_MAX; i++)
			taken |= strcmp(a->browsers[i].code, ret) == 0;
	} while (taken);
	return TW_OK;
}

tw_err tw_access_browser(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct tw_browser b = { .expires_ms = tw_time_boot_ms(&d->time) + TW_BROWSER_MS };
	struct tw_takeover t;

	TW_TRY(tw_takeover_check(d, rq, NULL, &t, rp));
	if (rp->problem[0])
		return TW_OK;
	tw_buf_init(&text, c->sys, 64);
	memcpy(b.client_nonce, t.client_nonce, sizeof b.client_nonce);
	(void)snprintf(b.owner, sizeof b.owner, "%s", tw_json_text(rq->input, "owner_name"));
	TW_TRY(make_code(d->access, c->sys, b.code));
	if (c->sys->random(c->sys, b.request, sizeof b.request))
		return TW_RAISE_ERRNO("randomness");
	TW_TRY(tw_buf_base64url(&text, b.request, sizeof b.request));
	rp->body = json_pack("{s:s, s:s, s:i}", "request", tw_buf_cstr(&text), "code", b.code, "expires_in_s", TW_BROWSER_MS / 1000);
	if (!rp->body)
		return TW_RAISE(NOMEM, "reply");
	*place(d->access) = b;
	notify_console(d, rq, b.owner);
	rp->status = 202;
	return TW_OK;
}

/* How long what was typed is, is no secret. */
static bool same_code(const struct tw_browser *b, const char *typed)
{
	return strlen(typed) == sizeof b->code - 1 && tw_equal_secret(b->code, typed, sizeof b->code - 1);
}

tw_err tw_access_confirm(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	int64_t now = tw_time_boot_ms(&d->time);
	int wait = tw_throttle_wait_s(tw_access_throttle(d), rq->subject.source, now);

	if (wait)
		return tw_access_wait(rq, wait, rp);
	for (size_t i = 0; i < TW_BROWSER_MAX; i++) {
		struct tw_browser *b = &d->access->browsers[i];

		if (b->expires_ms <= now || !same_code(b, tw_json_text(rq->input, "code")))
			continue;
		b->confirmed = true;
		rp->body = json_pack("{s:s}", "owner_name", b->owner);
		return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
	}
	tw_throttle_failed(tw_access_throttle(d), rq->subject.source, now);
	return tw_reply_problem(rp, 404, "code", "commissioning.code", "No browser waits with this code",
		"Compare the digits with the browser's.", "It was mistyped, or is older than five minutes.");
}

static struct tw_browser *find(struct tw_device *d, const json_t *input)
{
	uint8_t request[16] = { 0 }, nonce[32] = { 0 };
	int64_t now = tw_time_boot_ms(&d->time);

	if (!tw_takeover_bytes(input, "request", request, sizeof request) || !tw_takeover_bytes(input, "client_nonce", nonce, sizeof nonce))
		return NULL;
	for (size_t i = 0; i < TW_BROWSER_MAX; i++) {
		struct tw_browser *b = &d->access->browsers[i];

		if (b->expires_ms > now && tw_equal_secret(b->request, request, sizeof request) &&
			tw_equal_secret(b->client_nonce, nonce, sizeof nonce))
			return b;
	}
	return NULL;
}

/* From the owner's row on there is an owner, whatever fails after it: the request stays open, for it is the only way to him. */
static tw_err make_owner(struct tw_device *d, struct tw_browser *b)
{
	struct tw_browser kept = *b; /* making the owner forgets all that wait */
	const struct tw_new_owner owner = { kept.owner, "secret+console", NULL, NULL };

	tw_err e = tw_access_own(d, &owner);
	if (d->access->owners.count == 0)
		return e;
	kept.collected = true;
	kept.expires_ms = tw_time_boot_ms(&d->time) + TW_BROWSER_MS;
	*b = kept;
	return e;
}

/*
 * Asking again and again leaves no record, so the change itself leaves its own: intent durable before, outcome before the answer.
 * An answer may be lost, so the same request is answered again, each time by a new session in place of the one before, until a
 * session of it is used.
 */
static tw_err claim(struct tw_device *d, const struct tw_request *rq, struct tw_browser *b, char ret_token[TW_TOKEN_TEXT + 1])
{
	struct tw_opening o = { .how = TW_HOW_BROWSER, .rq = rq };

	const char *event = b->collected ? "ownership.claimed-again" : "ownership.claiming";

	TW_TRY(tw_event(&d->context, event, json_pack("{s:s}", "owner", b->owner)));
	TW_TRY(tw_audit_commit(d->context.audit));
	if (b->collected)
		TW_TRY(tw_access_session_end(d, b->session));
	else
		TW_TRY(make_owner(d, b));
	o.account = d->access->owners.of[0].id; /* of the ownership that this request began, nobody else has joined yet */
	TW_TRY(tw_access_session(d, &o, ret_token));
	TW_TRY(tw_sha256(ret_token, TW_TOKEN_TEXT, b->session));
	return tw_audit_commit(d->context.audit);
}

tw_err tw_access_claim(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_browser *b = find(d, rq->input);
	char token[TW_TOKEN_TEXT + 1];

	if (!b)
		return tw_reply_problem(rp, 404, "not-found", "commissioning.request", "Nothing waits under this request",
			"Begin again.", "It is older than five minutes, or somebody else has taken the device over.");
	if (!b->confirmed) {
		rp->status = 202;
		rp->body = json_pack("{s:s}", "state", "waiting");
		return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
	}
	rp->close_connections = !b->collected; /* the listener key is new */
	tw_err e = claim(d, rq, b, token);
	if (!tw_failed(e))
		rp->body = json_pack("{s:s, s:i}", "token", token, "expires_in_s", (int)(d->access->limit_ms / 1000));
	tw_wipe(token, sizeof token);
	TW_TRY(e);
	rp->status = 201;
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}
