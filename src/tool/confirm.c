/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/confirm.h"

#define PAUSE_MS 300

const struct tw_option tw_confirm_options[] = {
	{ "confirm", NULL, false, "wait until the device lives by it and can still be reached, and confirm it" },
	{},
};

static tw_err not_confirmed(struct tw_tool *t, const char *why)
{
	return tw_fail(t, TW_EXIT_FAILED, "the device goes back to the old value by itself", TW_RAISE(STATE, "%s", why));
}

static tw_err say_word(struct tw_tool *t, tw_client *c, const json_t *change)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *body = json_pack("{s:s}", "word", tw_json_text(change, "word"));
	const struct tw_call call = { .method = "POST", .path = "/api/v1/change/confirm", .body = body };

	tw_answer_init(&answer, t->sys);
	if (!body)
		return TW_RAISE(NOMEM, "request");
	TW_TRY(tw_session_call(t, c, &call, &answer));
	tw_progress(t, "Confirmed: it stays.");
	return TW_OK;
}

/* One look: true when there is nothing to wait for any more. */
static tw_err look(struct tw_tool *t, tw_client *c, bool *ret_over)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	const struct tw_call call = { .method = "GET", .path = "/api/v1/change" };

	tw_answer_init(&answer, t->sys);
	TW_TRY(tw_session_call(t, c, &call, &answer));
	*ret_over = true;
	if (!tw_json_bool(answer.body, "waiting"))
		return not_confirmed(t, "the device has taken it back already");
	if (tw_json_bool(answer.body, "holds"))
		return say_word(t, c, answer.body);
	tw_progress(t, "%lld s left  %s", (long long)tw_json_int(answer.body, "seconds_left"), tw_json_text(answer.body, "why"));
	*ret_over = false;
	return TW_OK;
}

tw_err tw_confirm(struct tw_tool *t, const struct tw_args *a, const json_t *changed)
{
	TW_CLEANUP(tw_session_done) struct tw_session s = { 0 };
	int64_t left = tw_json_int(changed, "confirm_within");
	bool over = false;

	if (!tw_json_get(changed, "confirm_within"))
		return TW_OK;
	if (!tw_arg(a, "confirm")) {
		tw_progress(t, "The device takes it back in %lld s unless you confirm it: device change read, device change confirm WORD.",
			(long long)left);
		return TW_OK;
	}
	TW_TRY(tw_session_open(t, a, &s));
	for (int64_t waited_ms = 0; !over && waited_ms / 1000 <= left; waited_ms += PAUSE_MS) {
		TW_TRY(look(t, s.client, &over));
		if (!over)
			(void)t->sys->poll(t->sys, NULL, 0, PAUSE_MS);
	}
	return over ? TW_OK : not_confirmed(t, "the device did not come to live by it in time");
}
