/* SPDX-License-Identifier: Apache-2.0 */
/* The words of verdicts, and what every probe asks and says in the same way. */
#include "tool/probes/probe.h"

#include <stdarg.h>

const char *const tw_verdict_words[TW_VERDICTS] = {
	[TW_VERDICT_PASS] = "pass",
	[TW_VERDICT_FAIL] = "fail",
	[TW_VERDICT_INCONCLUSIVE] = "inconclusive",
	[TW_VERDICT_NOT_APPLICABLE] = "not applicable",
};
const char *const tw_source_words[TW_SOURCES] = {
	[TW_SOURCE_OUTSIDE] = "observed outside",
	[TW_SOURCE_INSIDE] = "observed inside",
	[TW_SOURCE_DEVICE] = "stated by device",
	[TW_SOURCE_PERSON] = "stated by person",
};

tw_err tw_found(struct tw_finding *f, enum tw_verdict verdict, const char *format, ...)
{
	va_list list;

	f->verdict = verdict;
	va_start(list, format);
	(void)vsnprintf(f->reason, sizeof(f->reason), format, list);
	va_end(list);
	return TW_OK;
}

tw_err tw_saw(struct tw_finding *f, const char *key, const char *value)
{
	if (!f->seen)
		f->seen = json_object();
	if (!f->seen)
		return TW_RAISE(NOMEM, "what was seen");
	return tw_json_set(f->seen, key, json_string(value));
}

tw_err tw_found_trouble(struct tw_finding *f, const char *what, tw_err e)
{
	if (tw_is(e, TW_CODE_NOMEM) || tw_is(e, TW_CODE_INTERNAL))
		return e;
	if (tw_is(e, TW_CODE_DENIED))
		return tw_found(f, TW_VERDICT_FAIL, "%s was refused: %s.", what, tw_err_detail());
	if (tw_is(e, TW_CODE_UNTRUSTED) || tw_is(e, TW_CODE_SYNTAX))
		return tw_found(f, TW_VERDICT_FAIL, "%s does not hold: %s.", what, tw_err_detail());
	return tw_found(f, TW_VERDICT_INCONCLUSIVE, "%s could not be asked: %s. Assess again when the device answers.", what,
		tw_err_detail());
}

int64_t tw_probe_now_us(const struct tw_sys *sys)
{
	struct timespec t = { 0 };

	(void)sys->clock(sys, CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

const struct tw_asker tw_asker_owner = { .kind = TW_ASKER_OWNER }, tw_asker_local = { .kind = TW_ASKER_LOCAL },
		      tw_asker_stranger = { .kind = TW_ASKER_ANEW };

static tw_err call_anew(struct tw_probe_context *c, const struct tw_asker *who, const struct tw_call *call, struct tw_answer *ret)
{
	const struct tw_device *device = &c->target[0].session.device;
	struct tw_place place = { .address = device->address, .has_pin = true, .certificate = who->certificate, .key = who->key };
	TW_CLEANUP(tw_client_freep) tw_client *client = NULL;

	memcpy(place.pin, device->listener, sizeof place.pin);
	TW_TRY(tw_client_new(c->sys, &place, &client));
	return tw_client_call(client, call, ret);
}

tw_err tw_ask(struct tw_probe_context *c, const struct tw_asker *who, const char *method, const char *path, struct tw_answer *ret)
{
	const struct tw_call call = { .method = method, .path = path };

	tw_answer_done(ret);
	tw_answer_init(ret, c->sys);
	if (who->kind == TW_ASKER_ANEW)
		return call_anew(c, who, &call, ret);
	return tw_client_call(who->kind == TW_ASKER_LOCAL ? c->local : c->target[0].session.client, &call, ret);
}

static tw_err send_body(struct tw_probe_context *c, const char *method, const char *path, json_t *body, struct tw_answer *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *owned = body;
	const struct tw_call call = { .method = method, .path = path, .body = owned };

	tw_answer_done(ret);
	tw_answer_init(ret, c->sys);
	if (!owned)
		return TW_RAISE(NOMEM, "a request");
	return tw_client_call(c->target[0].session.client, &call, ret);
}

tw_err tw_ask_with(struct tw_probe_context *c, const char *method, const char *path, json_t *body, struct tw_answer *ret)
{
	return send_body(c, method, path, body, ret);
}

tw_err tw_ask_post(struct tw_probe_context *c, const char *path, json_t *body, struct tw_answer *ret)
{
	return send_body(c, "POST", path, body, ret);
}

tw_err tw_order(struct tw_probe_context *c, const char *method, const char *path, struct tw_answer *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer unread = { 0 };

	ret = ret ? ret : &unread;
	TW_TRY(tw_ask(c, &tw_asker_owner, method, path, ret));
	return tw_answer_check(ret, c->tool->hint, sizeof c->tool->hint);
}

tw_err tw_order_with(struct tw_probe_context *c, const char *method, const char *path, json_t *body, struct tw_answer *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer unread = { 0 };

	ret = ret ? ret : &unread;
	TW_TRY(send_body(c, method, path, body, ret));
	return tw_answer_check(ret, c->tool->hint, sizeof c->tool->hint);
}
