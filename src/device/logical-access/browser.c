/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking over from a browser: it cannot hold a key of ours and cannot see the listener key, so a person at the device has to type the code that the
 * browser shows at its console, or to press its button where it has one. The owner is made when the browser collects its session; a browser whose answer
 * was lost asks again.
 */
#include "base/text.h"
#include "crypto/hash.h"
#include "device/logical-access/state.h"
#include "service/access/throttle-store.h"
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

tw_err tw_code_digits(struct tw_device *d, char ret[7])
{
	uint32_t number = 0;

	if (d->context.sys->random(d->context.sys, &number, sizeof number))
		return TW_RAISE_ERRNO("randomness");
	(void)snprintf(ret, 7, "%06u", number % 1000000U);
	return TW_OK;
}

static tw_err make_code(struct tw_device *d, char ret[7])
{
	const struct tw_access *a = d->access;
	bool taken;

	do {
		TW_TRY(tw_code_digits(d, ret));
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
	const int64_t now = tw_time_boot_ms(&d->time);
	struct tw_browser b = { .began_ms = now, .expires_ms = now + TW_BROWSER_MS };
	struct tw_takeover t;

	TW_TRY(tw_takeover_check(d, rq, NULL, &t, rp));
	if (rp->problem[0])
		return TW_OK;
	tw_buf_init(&text, c->sys, 64);
	memcpy(b.client_nonce, t.client_nonce, sizeof b.client_nonce);
	(void)snprintf(b.owner, sizeof b.owner, "%s", tw_json_text(rq->input, "owner_name"));
	TW_TRY(make_code(d, b.code));
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
	int wait = tw_throttle_wait_s(tw_access_throttle(&d->context), rq->subject.source, now);

	if (wait)
		return tw_access_wait(rq, wait, rp);
	for (size_t i = 0; i < TW_BROWSER_MAX; i++) {
		struct tw_browser *b = &d->access->browsers[i];

		if (b->expires_ms <= now || !same_code(b, tw_json_text(rq->input, "code")))
			continue;
		b->confirmed = true;
		b->pressed_until_ms = 0;
		rp->body = json_pack("{s:s}", "owner_name", b->owner);
		return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
	}
	tw_throttle_failed(tw_access_throttle(&d->context), rq->subject.source, now);
	return tw_reply_problem(rp, 404, "code", "commissioning.code", "No browser waits with this code",
		"Compare the digits with the browser's.", "It was mistyped, or is older than five minutes.");
}

static bool waits(const struct tw_browser *b, int64_t now_ms)
{
	return b->expires_ms > now_ms && !b->collected && (!b->confirmed || (b->pressed_until_ms && b->pressed_until_ms <= now_ms));
}

static tw_err refuse_press(bool old, struct tw_reply *rp)
{
	if (old)
		return tw_reply_problem(rp, 409, "presence", "presence.old",
			"It was asked for too long before the button went down", "Start again in the browser, then press it.",
			"A press counts for what was asked for within %d seconds.", TW_PRESENT_WITHIN_MS / 1000);
	return tw_reply_problem(rp, 409, "presence", "presence.nothing", "Nothing waits for the button",
		"Ask to take the device over from a browser first.", "No browser waits to be confirmed.");
}

/* A press says which browser it means by there being one alone that asked within the last minute: it shows no code. */
tw_err tw_browser_by_button(struct tw_device *d, int64_t down_ms, struct tw_reply *rp)
{
	const int64_t now = tw_time_boot_ms(&d->time);
	struct tw_browser *one = NULL;
	size_t count = 0;
	bool old = false;

	for (size_t i = 0; i < TW_BROWSER_MAX; i++) {
		struct tw_browser *b = &d->access->browsers[i];

		if (!waits(b, now))
			continue;
		if (b->began_ms <= down_ms - TW_PRESENT_WITHIN_MS) {
			old = true;
			continue;
		}
		one = b;
		count++;
	}
	if (!one)
		return refuse_press(old, rp);
	if (count > 1)
		return tw_reply_problem(rp, 409, "presence", "presence.several", "More than one browser waits",
			"Type your browser's code at the console, or start again in a minute.",
			"A press does not say which one it means.");
	if (one->began_ms >= down_ms)
		return tw_reply_problem(rp, 409, "presence", "presence.before", "It was asked for after the button went down",
			"Press it again, now.", "A press counts for what waited before it.");
	one->confirmed = true;
	one->pressed_until_ms = now + TW_PRESENT_COUNTS_MS;
	(void)snprintf(rp->note, sizeof rp->note, "take-over by %s", one->owner);
	return TW_OK;
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
	const struct tw_new_owner owner = { kept.owner, kept.pressed_until_ms ? "secret+button" : "secret+console", NULL, NULL };

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
	struct tw_opening o = { .how = b->pressed_until_ms ? TW_HOW_BUTTON : TW_HOW_BROWSER, .rq = rq };

	const char *event = b->collected ? "ownership.claimed-again" : "ownership.claiming";

	TW_TRY(tw_event(&d->context, event, json_pack("{s:s}", "owner", b->owner)));
	TW_TRY(tw_audit_commit(d->context.audit));
	if (b->collected)
		TW_TRY(tw_access_session_end(&d->context, b->session));
	else
		TW_TRY(make_owner(d, b));
	o.account = d->access->owners.of[0].id; /* of the ownership that this request began, nobody else has joined yet */
	TW_TRY(tw_access_session(&d->context, &o, ret_token));
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
	if (waits(b, tw_time_boot_ms(&d->time))) {
		rp->status = 202;
		rp->body = json_pack("{s:s}", "state", "waiting");
		return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
	}
	rp->close_connections = !b->collected; /* the listener key is new */
	tw_err e = claim(d, rq, b, token);
	if (!tw_failed(e))
		rp->body = json_pack("{s:s, s:i}", "token", token, "expires_in_s", (int)(d->access->guard.limit_ms / 1000));
	tw_wipe(token, sizeof token);
	TW_TRY(e);
	rp->status = 201;
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}
