/* SPDX-License-Identifier: Apache-2.0 */
/* What an administrator does with the modem: sees how it is, and makes its SIM's PIN known. */
#include "device/interfaces/cellular.h"

#include "base/mem.h"
#include "device/rows-interfaces.h"

static tw_err say_text(json_t *o, const char *key, const char *text)
{
	return *text ? tw_json_set(o, key, json_string(text)) : TW_OK;
}

static tw_err say_state(const struct tw_cellular_state *s, json_t *o)
{
	TW_TRY(say_text(o, "state", s->state));
	TW_TRY(say_text(o, "lock", s->lock));
	TW_TRY(say_text(o, "registration", s->registration));
	TW_TRY(say_text(o, "technology", s->technology));
	TW_TRY(say_text(o, "allowed", s->allowed));
	TW_TRY(say_text(o, "network", s->network));
	TW_TRY(say_text(o, "code", s->code));
	TW_TRY(say_text(o, "maker", s->maker));
	TW_TRY(say_text(o, "model", s->model));
	TW_TRY(say_text(o, "revision", s->revision));
	TW_TRY(tw_json_set(o, "roams", json_boolean(s->roams)));
	if (s->signal != TW_CELLULAR_UNKNOWN)
		TW_TRY(tw_json_set(o, "signal", json_integer(s->signal)));
	return s->tries == TW_CELLULAR_UNKNOWN ? TW_OK : tw_json_set(o, "tries", json_integer(s->tries));
}

/* @nist LA.IC.14: what the modem says of itself and of its network, as ModemManager said last */
tw_err tw_cellular_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_cellular_state *s = tw_cellular_known(c);
	const char *why = tw_cellular_why(c);
	struct tw_setting_state use;
	bool known = false;

	TW_TRY(tw_setting_state(c, tw_setting_find(c, TW_CELLULAR_SETTING), &use));
	TW_TRY(tw_cellular_pin_is_known(tw_device_of(c), &known));
	rp->body = json_object();
	TW_TRY(tw_json_set(rp->body, "modem", json_string(use.value)));
	TW_TRY(tw_json_set(rp->body, "present", json_boolean(s && s->present)));
	TW_TRY(tw_json_set(rp->body, "settled", json_boolean(!why)));
	TW_TRY(tw_json_set(rp->body, "pin_known", json_boolean(known)));
	if (why)
		TW_TRY(tw_json_set(rp->body, "why", json_string(why)));
	return s && s->present ? say_state(s, rp->body) : TW_OK;
}

tw_err tw_cellular_pin(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_slice pin = tw_slice_of(tw_json_text(rq->input, "pin"));

	if (tw_failed(tw_cellular_pin_check(pin)))
		return tw_reply_problem(rp, 400, "input", "cellular.pin", "This is no SIM's PIN", "Send four to eight digits.",
			"Nothing was kept.");
	TW_TRY(tw_cellular_pin_keep(tw_device_of(c), pin));
	tw_cellular_again(c);
	rp->status = 204;
	return TW_OK;
}

tw_err tw_cellular_forget(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_TRY(tw_cellular_pin_forget(tw_device_of(c)));
	tw_cellular_again(c);
	rp->status = 204;
	return TW_OK;
}
