/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/probes/talk.h"

#include "base/text.h"

#include <string.h>

tw_err tw_talk_begin(struct tw_talk *d, struct tw_probe_context *c, const char *role, struct tw_finding *f)
{
	*d = (struct tw_talk){ .c = c, .f = f };
	tw_answer_init(&d->answer, c->sys);
	for (size_t i = 0; i < c->staff_count && !d->token; i++)
		if (!strcmp(c->staff[i].role, role))
			d->token = c->staff[i].token;
	d->goes_on = d->token != NULL;
	return d->token
		? TW_OK
		: tw_found(f, TW_VERDICT_INCONCLUSIVE,
			  "Not tried: this is seen from inside alone. With --staff FILE, a session of somebody who is %s there, it is.",
			  role);
}

void tw_talk_done(struct tw_talk *d)
{
	tw_answer_done(&d->answer);
}

static tw_err put(struct tw_talk *d, const char *method, const char *path, const json_t *body)
{
	const struct tw_call call = { .method = method, .path = path, .body = body, .token = d->token };

	tw_answer_done(&d->answer);
	tw_answer_init(&d->answer, d->c->sys);
	return tw_client_call(d->c->target[0].session.client, &call, &d->answer);
}

static tw_err ends(struct tw_talk *d, enum tw_verdict verdict, const char *what, const char *path)
{
	d->goes_on = false;
	return tw_found(d->f, verdict, "%s: %s was answered with %ld%s%s.", what, path, d->answer.status,
		*tw_json_text(d->answer.body, "rule") ? ", by the rule " : "", tw_json_text(d->answer.body, "rule"));
}

/* What says nothing about the feature is no failure of it. */
static tw_err judge(struct tw_talk *d, const char *path)
{
	if (d->answer.status == 401)
		return ends(d, TW_VERDICT_INCONCLUSIVE, "The session of --staff is over", path);
	if (d->answer.status == 429 || d->answer.status == 503)
		return ends(d, TW_VERDICT_INCONCLUSIVE, "The server takes nothing at the moment", path);
	return d->answer.status >= 200 && d->answer.status < 300 ? TW_OK : ends(d, TW_VERDICT_FAIL, "It was refused", path);
}

static tw_err ask(struct tw_talk *d, const char *method, const char *path, const json_t *body)
{
	tw_err e = put(d, method, path, body);

	if (!tw_failed(e))
		return judge(d, path);
	d->goes_on = false;
	return tw_found_trouble(d->f, path, e);
}

tw_err tw_talk_send(struct tw_talk *d, const char *method, const char *path, json_t *body)
{
	TW_CLEANUP(tw_jsonp) json_t *owned = body;

	if (!owned)
		return TW_RAISE(NOMEM, "a request");
	return d->goes_on ? ask(d, method, path, body) : TW_OK;
}

tw_err tw_talk_post(struct tw_talk *d, const char *path, json_t *body)
{
	return tw_talk_send(d, "POST", path, body);
}

tw_err tw_talk_get(struct tw_talk *d, const char *path)
{
	return d->goes_on ? ask(d, "GET", path, NULL) : TW_OK;
}

static bool is_cursor(const char *text)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	return strlen(text) < 168 && text[strspn(text, set)] == '\0';
}

/* One page more; *cursor "" behind the last. */
static tw_err add_page(struct tw_talk *d, const char *path, const char *list, json_t *all, char cursor[168])
{
	char full[320];

	(void)snprintf(full, sizeof full, "%.100s?limit=100%s%s", path, *cursor ? "&cursor=" : "", cursor);
	TW_TRY(tw_talk_get(d, full));
	if (!d->goes_on)
		return TW_OK;
	const char *next = tw_json_text(d->answer.body, "next");
	if (json_array_extend(all, tw_json_get(d->answer.body, list)) || !is_cursor(next) || (*next && !strcmp(next, cursor)))
		return ends(d, TW_VERDICT_FAIL, "Its pages are no list that goes on", path);
	(void)snprintf(cursor, 168, "%s", next);
	return TW_OK;
}

tw_err tw_talk_all(struct tw_talk *d, const char *path, const char *list)
{
	TW_CLEANUP(tw_jsonp) json_t *all = json_array();
	char cursor[168] = "";

	if (!all)
		return TW_RAISE(NOMEM, "a list");
	for (int n = 0; d->goes_on && (n == 0 || *cursor); n++) {
		if (n == TW_TALK_PAGES_MAX)
			return ends(d, TW_VERDICT_INCONCLUSIVE, "It has more pages than are read here", path);
		TW_TRY(add_page(d, path, list, all, cursor));
	}
	return d->goes_on ? tw_json_set(d->answer.body, list, TW_STEAL(all)) : TW_OK;
}

tw_err tw_talk_made(struct tw_talk *d, const char *path, json_t *body)
{
	d->id[0] = '\0';
	TW_TRY(tw_talk_post(d, path, body));
	if (d->goes_on)
		(void)snprintf(d->id, sizeof d->id, "%s", tw_json_text(d->answer.body, "id"));
	return d->goes_on ? tw_talk_wants(d, "id", NULL) : TW_OK;
}

tw_err tw_talk_refused(struct tw_talk *d, const char *method, const char *path, json_t *body, const char *rule, const char *else_what)
{
	TW_CLEANUP(tw_jsonp) json_t *owned = body;

	if (!owned)
		return TW_RAISE(NOMEM, "a request");
	if (!d->goes_on)
		return TW_OK;
	tw_err e = put(d, method, path, body);
	if (tw_failed(e)) {
		d->goes_on = false;
		return tw_found_trouble(d->f, path, e);
	}
	if (d->answer.status >= 400 && !strcmp(tw_json_text(d->answer.body, "rule"), rule))
		return TW_OK;
	return d->answer.status == 401 || d->answer.status == 429 || d->answer.status == 503
		? judge(d, path)
		: ends(d, TW_VERDICT_FAIL, else_what, path);
}

const char *tw_talk_text(const struct tw_talk *d, const char *place)
{
	const json_t *j = d->answer.body;
	char key[64];

	while (*place) {
		const size_t size = strcspn(place, ".");
		uint64_t n = 0;

		(void)snprintf(key, sizeof key, "%.*s", (int)size, place);
		place += size + (place[size] == '.');
		j = json_is_array(j) && !tw_failed(tw_parse_u64(tw_slice_of(key), 1000, &n)) ? json_array_get(j, n)
											     : json_object_get(j, key);
	}
	return json_is_string(j) ? json_string_value(j) : "";
}

tw_err tw_talk_wants(struct tw_talk *d, const char *place, const char *text)
{
	if (!d->goes_on)
		return TW_OK;
	const char *there = tw_talk_text(d, place);
	if (text ? !strcmp(there, text) : *there != '\0')
		return TW_OK;
	d->goes_on = false;
	return tw_found(d->f, TW_VERDICT_FAIL, "%s is not there as it was noted: %s.", place, *there ? there : "it is missing");
}

tw_err tw_talk_put_away(struct tw_talk *d, const char *path, json_t *body)
{
	TW_CLEANUP(tw_jsonp) json_t *owned = body;

	if (!owned)
		return TW_RAISE(NOMEM, "a request");
	if (!d->token || !d->id[0])
		return TW_OK;
	tw_err e = put(d, "POST", path, body);
	if (tw_failed(e) || d->answer.status >= 300)
		tw_found_left(d->f, "%s, made as a test, could not be closed", d->id);
	return TW_OK;
}

const char *tw_talk_path(const struct tw_talk *d, const char *base, char ret[96])
{
	(void)snprintf(ret, 96, "%.60s/%s", base, d->id);
	return ret;
}
