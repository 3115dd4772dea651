/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/probes/moment.h"

#include "base/text.h"

tw_err tw_moment_begin(struct tw_moment *m, struct tw_probe_context *c, struct tw_finding *f)
{
	static const int held[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
	tw_client *client = c->target[0].session.client;
	tw_err e = tw_session_fresh(c->tool, client); /* who is asked later could not get out of the question */
	sigset_t set;

	*m = (struct tw_moment){ .c = c, .f = f, .kept = tw_client_kept(client) };
	tw_client_keep(client, NULL);
	(void)sigemptyset(&set);
	for (size_t i = 0; i < TW_COUNT(held); i++)
		(void)sigaddset(&set, held[i]);
	(void)sigprocmask(SIG_BLOCK, &set, &m->mask);
	return e;
}

static tw_err get(struct tw_moment *m, const char *key, char path[128], struct tw_answer *ret)
{
	(void)snprintf(path, 128, "/api/v1/settings/%s", key);
	return tw_order(m->c, "GET", path, ret);
}

tw_err tw_moment_read(struct tw_moment *m, const char *key, char ret_value[TW_MOMENT_VALUE])
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char path[128];

	TW_TRY(get(m, key, path, &answer));
	(void)snprintf(ret_value, TW_MOMENT_VALUE, "%s", tw_json_text(answer.body, "value"));
	return TW_OK;
}

static tw_err put(struct tw_moment *m, const char *key, const char *value, char ret_before[TW_MOMENT_VALUE])
{
	TW_CLEANUP(tw_answer_done) struct tw_answer before = { 0 }, answer = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *body = json_pack("{s:s}", "value", value);
	char path[128];

	if (!body)
		return TW_RAISE(NOMEM, "a request");
	TW_TRY(get(m, key, path, &before));
	const char *was = tw_json_text(before.body, "value");
	if (strlen(was) >= TW_MOMENT_VALUE)
		return TW_RAISE(LIMIT, "%s is too long to be set back", key);
	(void)snprintf(ret_before, TW_MOMENT_VALUE, "%s", was);
	if (!strcmp(was, value))
		return TW_OK;
	const struct tw_call call = { .method = "PUT", .path = path, .body = body, .if_match = before.etag };
	tw_answer_init(&answer, m->c->sys);
	TW_TRY(tw_ask_call(m->c, &call, &answer));
	return tw_answer_check(&answer, m->c->tool->hint, sizeof m->c->tool->hint);
}

tw_err tw_moment_set(struct tw_moment *m, const char *key, const char *value)
{
	char before[TW_MOMENT_VALUE];

	for (size_t i = 0; i < m->count; i++)
		if (!strcmp(m->of[i].key, key))
			return put(m, key, value, before);
	if (m->count == TW_MOMENT_MAX)
		return TW_RAISE(LIMIT, "more than %d settings for a moment", TW_MOMENT_MAX);
	TW_TRY(put(m, key, value, m->of[m->count].before));
	m->of[m->count++].key = key;
	return TW_OK;
}

void tw_moment_back(struct tw_moment *m)
{
	char unused[TW_MOMENT_VALUE];

	while (m->count-- > 0)
		if (tw_failed(put(m, m->of[m->count].key, m->of[m->count].before, unused)))
			tw_found_left(m->f, "%s could not be set back to '%s': %s", m->of[m->count].key, m->of[m->count].before,
				tw_err_detail());
	m->count = 0;
}

void tw_moment_end(struct tw_moment *m)
{
	tw_client_keep(m->c->target[0].session.client, m->kept);
	(void)sigprocmask(SIG_SETMASK, &m->mask, NULL);
}

void tw_probe_pause_ms(const struct tw_probe_context *c, int64_t ms)
{
	int64_t end = tw_probe_now_us(c->sys) + ms * 1000;

	for (int64_t now; (now = tw_probe_now_us(c->sys)) < end;)
		(void)c->sys->poll(c->sys, NULL, 0, (int)((end - now) / 1000) + 1);
}
