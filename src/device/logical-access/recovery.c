/* SPDX-License-Identifier: Apache-2.0 */
/* What a browser may ask for when nobody can come in any more, and what it is told; and what the console is told of it. */
#include "device/logical-access/recovery.h"

#include "base/text.h"
#include "device/logical-access/state.h"
#include "device/logical-access/takeover.h"
#include "device/platform/presence.h"
#include "device/rows-logical-access.h"

static bool lives(struct tw_device *d)
{
	return d->access->recovery.expires_ms > tw_time_boot_ms(&d->time);
}

bool tw_recovery_stands(struct tw_device *d)
{
	return lives(d) && !d->access->recovery.done;
}

/* Switching it off stops what waits, too. */
bool tw_recovery_waits(struct tw_device *d)
{
	return tw_recovery_stands(d) && tw_setting_is(&d->context, TW_RECOVERY_SETTING, "on");
}

static int seconds_until(struct tw_device *d, int64_t ms)
{
	return (int)((ms - tw_time_boot_ms(&d->time) + 999) / 1000);
}

static tw_err refuse_for(struct tw_device *d, int64_t until_ms, struct tw_reply *rp)
{
	rp->retry_after_s = seconds_until(d, until_ms);
	return TW_OK;
}

/* One at a time; and whoever asked last waits as long again, so that nobody keeps the place by asking. */
static tw_err check_turn(struct tw_device *d, const char *source, struct tw_reply *rp)
{
	const struct tw_recovery *r = &d->access->recovery;
	const int64_t again = r->expires_ms + TW_RECOVERY_MS;

	if (r->done)
		return TW_OK;
	if (lives(d)) {
		TW_TRY(tw_reply_problem(rp, 409, "recovery", "recovery.pending", "Somebody has asked for this already",
			"Confirm it at the device, where it is the same whoever asked; or wait.",
			"A request waits for five minutes, one at a time."));
		return refuse_for(d, r->expires_ms, rp);
	}
	if (!r->expires_ms || strcmp(source, r->source) != 0 || again <= tw_time_boot_ms(&d->time))
		return TW_OK;
	TW_TRY(tw_reply_problem(rp, 429, "throttled", "recovery.again", "You have asked a moment ago",
		"Wait, or type recover at the device's console, which asks nobody.",
		"Whoever asked last lets others have their turn for five minutes."));
	return refuse_for(d, again, rp);
}

static tw_err make(struct tw_device *d, const char *source, struct tw_recovery *ret)
{
	const int64_t now = tw_time_boot_ms(&d->time);

	*ret = (struct tw_recovery){ .began_ms = now, .expires_ms = now + TW_RECOVERY_MS };
	(void)snprintf(ret->source, sizeof ret->source, "%s", source);
	if (d->context.sys->random(d->context.sys, ret->request, sizeof ret->request))
		return TW_RAISE_ERRNO("randomness");
	return tw_code_digits(d, ret->code);
}

static tw_err answer(struct tw_device *d, const struct tw_recovery *r, struct tw_reply *rp)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, d->context.sys, 64);
	TW_TRY(tw_buf_base64url(&text, r->request, sizeof r->request));
	rp->body = json_pack("{s:s, s:s, s:i, s:b, s:b}", "request", tw_buf_cstr(&text), "code", r->code, "expires_in_s",
		TW_RECOVERY_MS / 1000, "console", d->console_there, "button", d->console_there && tw_presence_there(d));
	rp->status = 202;
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

static void tell_console(struct tw_device *d, const struct tw_request *rq, const char *code)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, d->context.sys, sizeof d->console_notice - 1);
	tw_ignore(tw_buf_terminal(&text, tw_slice_of(rq->subject.source)));
	tw_ignore(tw_buf_format(&text, " asks to end ownership of this device, with the code %s. If it is you: recover.", code));
	(void)snprintf(d->console_notice, sizeof d->console_notice, "%s", tw_buf_cstr(&text));
}

bool tw_recovery_asks(const struct tw_request *rq)
{
	return rq->operation && !strcmp(rq->operation->name, "recovery.ask");
}

tw_err tw_recovery_admit(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	char source[64];

	if (rq->subject.door != TW_DOOR_HTTPS)
		return tw_reply_problem(rp, 403, "forbidden", "recovery.door", "Only a browser asks for this",
			"Type recover at the device's console.", "A program of the device's own is nobody who stands before it.");
	if (!tw_setting_is(c, TW_RECOVERY_SETTING, "on"))
		return tw_reply_problem(rp, 403, "forbidden", "recovery.off", "This device takes no such request",
			"Type recover at the device's console.", "Its owner switched it off (" TW_RECOVERY_SETTING ").");
	tw_access_source(rq, source);
	return check_turn(tw_device_of(c), source, rp);
}

/* Nothing has changed when this is answered, and nothing does until somebody at the device says so. */
tw_err tw_access_recovery_ask(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	char source[64];
	struct tw_recovery r;

	tw_access_source(rq, source);
	TW_TRY(make(d, source, &r));
	TW_TRY(answer(d, &r, rp));
	TW_TRY(tw_event(c, "ownership.recovery-asked", json_pack("{s:s}", "source", rq->subject.source)));
	d->access->recovery = r;
	tell_console(d, rq, r.code);
	return TW_OK;
}

/* Whoever asked is told that it is done; the new secret he reads at the device. */
tw_err tw_access_recovery_state(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	const struct tw_recovery *r = &d->access->recovery;
	uint8_t request[sizeof r->request] = { 0 };

	if (!tw_takeover_bytes(rq->input, "request", request, sizeof request) || !lives(d) || (!r->done && !tw_recovery_waits(d)) ||
		!tw_equal_secret(r->request, request, sizeof request))
		return tw_reply_problem(rp, 404, "not-found", "recovery.request", "Nothing waits under this request", "Begin again.",
			"It is older than five minutes, was declined at the device or switched off, or the device was started since.");
	rp->body = json_pack("{s:s}", "state", r->done ? "recovered" : "waiting");
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

tw_err tw_access_recovery_waiting(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	const struct tw_recovery *r = &d->access->recovery;

	rp->body = tw_recovery_waits(d) ? json_pack("{s:s, s:s}", "code", r->code, "source", r->source) : json_object();
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

/* Whoever stands at the console was shown the code and typed something else: a later request is not what he declined. */
tw_err tw_access_recovery_decline(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_recovery *r = &d->access->recovery;
	const char *code = tw_json_text(rq->input, "code");

	if (!tw_recovery_stands(d) || strlen(code) != sizeof r->code - 1 || !tw_equal_secret(r->code, code, sizeof r->code - 1))
		return TW_OK;
	(void)snprintf(rp->note, sizeof rp->note, "recovery asked for from %s", r->source);
	r->expires_ms = tw_time_boot_ms(&d->time);
	return TW_OK;
}
