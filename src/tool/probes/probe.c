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
	[TW_SOURCE_SERVICE] = "stated by service",
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

void tw_found_left(struct tw_finding *f, const char *format, ...)
{
	size_t n = strlen(f->left);
	va_list list;

	if (n > 0 && n + 2 < sizeof f->left) {
		(void)snprintf(f->left + n, sizeof f->left - n, "; ");
		n += 2;
	}
	va_start(list, format);
	(void)vsnprintf(f->left + n, sizeof f->left - n, format, list);
	va_end(list);
}

void tw_found_end(struct tw_finding *f)
{
	char before[sizeof f->reason - sizeof f->left - 2];

	if (!f->left[0])
		return;
	(void)snprintf(before, sizeof before, "%.*s", (int)sizeof before - 1,
		f->verdict == TW_VERDICT_PASS ? "All was as it should be, but not left so." : f->reason);
	(void)snprintf(f->reason, sizeof f->reason, "%s %s.", before, f->left);
	if (f->verdict == TW_VERDICT_PASS)
		f->verdict = TW_VERDICT_INCONCLUSIVE;
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
	return tw_found(f, TW_VERDICT_INCONCLUSIVE, "%s could not be asked: %s. Assess again when it answers.", what, tw_err_detail());
}

int64_t tw_probe_now_us(const struct tw_sys *sys)
{
	struct timespec t = { 0 };

	(void)sys->clock(sys, CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

const struct tw_asker tw_asker_owner = { .kind = TW_ASKER_OWNER }, tw_asker_local = { .kind = TW_ASKER_LOCAL },
		      tw_asker_stranger = { .kind = TW_ASKER_STRANGER };

static tw_err open_listener(struct tw_probe_context *c, struct tw_place *place, tw_client **ret)
{
	const struct tw_device *device = &c->target[0].session.device;

	place->address = device->address;
	place->has_pin = true;
	memcpy(place->pin, device->listener, sizeof place->pin);
	return tw_client_new(c->sys, place, ret);
}

static tw_err call_by(struct tw_probe_context *c, tw_client **kept, const struct tw_call *call, struct tw_answer *ret)
{
	if (!*kept)
		TW_TRY(open_listener(c, &(struct tw_place){ .address = NULL }, kept));
	return tw_client_call(*kept, call, ret);
}

tw_err tw_ask_person(struct tw_probe_context *c, const struct tw_call *call, struct tw_answer *ret)
{
	return call_by(c, &c->people, call, ret);
}

void tw_probe_hang_up(struct tw_probe_context *c)
{
	c->stranger = tw_client_free(c->stranger);
	c->people = tw_client_free(c->people);
}

static tw_err call_anew(struct tw_probe_context *c, const struct tw_asker *who, const struct tw_call *call, struct tw_answer *ret)
{
	struct tw_place place = { .certificate = who->certificate, .key = who->key, .token = who->token };
	TW_CLEANUP(tw_client_freep) tw_client *client = NULL;

	TW_TRY(open_listener(c, &place, &client));
	return tw_client_call(client, call, ret);
}

/* Also by a login, which may have to prove itself anew. */
tw_err tw_ask_call(struct tw_probe_context *c, const struct tw_call *call, struct tw_answer *ret)
{
	TW_TRY(tw_client_call(c->target[0].session.client, call, ret));
	return tw_session_prove(c->tool, c->target[0].session.client, call, ret);
}

/* What each operation answers takes most of the description, and no probe goes by it. */
static void without_answers(json_t *description)
{
	json_t *methods, *operation;
	const char *path, *method;

	json_object_foreach(json_object_get(description, "paths"), path, methods)
		json_object_foreach(methods, method, operation)
			(void)json_object_del(operation, "responses");
}

static struct tw_known *known_of(struct tw_probe_context *c, const char *method, const char *path)
{
	if (strcmp(method, "GET") != 0 || strcmp(path, "/api/v1/openapi.json") != 0)
		return NULL;
	if (!c->operations.max)
		tw_known_init(&c->operations, TW_ANSWER_MAX, without_answers);
	return &c->operations;
}

void tw_probe_forget(struct tw_probe_context *c)
{
	tw_known_done(&c->operations);
}

tw_err tw_ask(struct tw_probe_context *c, const struct tw_asker *who, const char *method, const char *path, struct tw_answer *ret)
{
	const struct tw_call call = { .method = method, .path = path, .known = known_of(c, method, path) };

	tw_answer_done(ret);
	tw_answer_init(ret, c->sys);
	if (who->kind == TW_ASKER_STRANGER)
		return call_by(c, &c->stranger, &call, ret);
	if (who->kind == TW_ASKER_ANEW)
		return call_anew(c, who, &call, ret);
	return who->kind == TW_ASKER_LOCAL ? tw_client_call(c->local, &call, ret) : tw_ask_call(c, &call, ret);
}

static tw_err send_body(struct tw_probe_context *c, const char *method, const char *path, json_t *body, struct tw_answer *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *owned = body;
	const struct tw_call call = { .method = method, .path = path, .body = owned };

	tw_answer_done(ret);
	tw_answer_init(ret, c->sys);
	if (!owned)
		return TW_RAISE(NOMEM, "a request");
	return tw_ask_call(c, &call, ret);
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

#define PAGES_MAX 5000 /* of one entry each, where a policy cuts them so: more than any list of a device has */
#define CURSOR_SET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

static tw_err next_page(const struct tw_answer *page, char ret_cursor[168])
{
	const char *next = tw_json_text(page->body, "next");
	size_t size = strlen(next);

	if (size >= 168 || strspn(next, CURSOR_SET) != size || (*next && !strcmp(next, ret_cursor)))
		return TW_RAISE(SYNTAX, "the device's pages do not follow one another");
	(void)snprintf(ret_cursor, 168, "%s", next);
	return TW_OK;
}

tw_err tw_pages_all(
	struct tw_probe_context *c, tw_ask_page *ask, const void *user, const char *path, const char *list, struct tw_answer *ret)
{
	char cursor[168] = "", full[256];

	TW_TRY(ask(c, user, path, ret));
	TW_TRY(next_page(ret, cursor));
	for (int n = 0; *cursor; n++) {
		TW_CLEANUP(tw_answer_done) struct tw_answer page = { 0 };

		if (n == PAGES_MAX)
			return TW_RAISE(LIMIT, "%s has more pages than can be", path);
		(void)snprintf(full, sizeof full, "%.64s?cursor=%s", path, cursor);
		TW_TRY(ask(c, user, full, &page));
		if (json_array_extend(json_object_get(ret->body, list), json_object_get(page.body, list)))
			return TW_RAISE(SYNTAX, "a page of %s is no list", path);
		TW_TRY(next_page(&page, cursor));
	}
	return TW_OK;
}

static tw_err order_page(struct tw_probe_context *c, const void *user, const char *path, struct tw_answer *ret)
{
	return tw_order(c, "GET", path, ret);
}

tw_err tw_order_all(struct tw_probe_context *c, const char *path, const char *list, struct tw_answer *ret)
{
	return tw_pages_all(c, order_page, NULL, path, list, ret);
}

tw_err tw_order_with(struct tw_probe_context *c, const char *method, const char *path, json_t *body, struct tw_answer *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer unread = { 0 };

	ret = ret ? ret : &unread;
	TW_TRY(send_body(c, method, path, body, ret));
	return tw_answer_check(ret, c->tool->hint, sizeof c->tool->hint);
}

tw_err tw_accept_in(struct tw_probe_context *c, json_t *body)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	const char *notice;

	TW_TRY(tw_ask(c, &tw_asker_stranger, "GET", "/api/v1/notice", &answer));
	notice = answer.status == 200 && json_is_object(answer.body) ? tw_json_text(answer.body, "notice") : "";
	return *notice ? tw_json_set(body, "notice", json_string(notice)) : TW_OK;
}
