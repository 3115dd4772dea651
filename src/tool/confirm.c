/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/confirm.h"

#include "base/text.h"

#define PAUSE_MS 300
#define PORT_SETTING "interfaces.https-port" /* where the device is reached from then on */
#define FIRST_PORT "first_port"              /* of the device's file: where it was before it was moved */

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

/* --- A device that moves to another port --- */

struct moving {
	bool is;
	char address[sizeof(((struct tw_device *)0)->address)];
};

static const char *port_of(const char *address)
{
	const char *colon = strrchr(address, ':');

	return colon ? colon + 1 : "443";
}

/* Whoever goes back to where it was has it from the file, where the first move left it. */
static tw_err go_along(struct tw_tool *t, struct tw_session *s, const json_t *changed, struct moving *ret)
{
	const char *port = tw_json_text(changed, "value"), *now = s->device.address, *colon = strrchr(now, ':');

	*ret = (struct moving){ .is = !s->local && !strcmp(tw_json_text(changed, "key"), PORT_SETTING) };
	if (!ret->is)
		return TW_OK;
	if (!strcmp(port, "0"))
		port = tw_json_text(s->device.data, FIRST_PORT);
	else if (!*tw_json_text(s->device.data, FIRST_PORT))
		TW_TRY(tw_json_set(s->device.data, FIRST_PORT, json_string(port_of(now))));
	if (!*port)
		return tw_fail(t, TW_EXIT_FAILED, "name the port in place of 0, or confirm it at the device itself (--local)",
			TW_RAISE(NOTFOUND, "nothing here says at which port the device was at first"));
	(void)snprintf(ret->address, sizeof ret->address, "%.*s:%s", colon ? (int)(colon - now) : (int)strlen(now), now, port);
	return tw_session_move(t, s, ret->address);
}

static tw_err keep_address(const struct tw_session *s, const struct moving *m)
{
	if (!m->is)
		return TW_OK;
	TW_TRY(tw_json_set(s->device.data, "address", json_string(m->address)));
	return tw_owner_keep(s->owner, s->device.name, s->device.data);
}

/* The new port is not there at once. */
static tw_err look_there(struct tw_tool *t, const struct tw_session *s, const struct moving *m, bool *ret_over)
{
	tw_err e = look(t, s->client, ret_over);

	if (!m->is || !tw_is(e, TW_CODE_CLOSED))
		return e;
	t->exit = TW_EXIT_OK;
	t->hint[0] = '\0';
	*ret_over = false;
	return TW_OK;
}

tw_err tw_confirm(struct tw_tool *t, const struct tw_args *a, const json_t *changed)
{
	TW_CLEANUP(tw_session_done) struct tw_session s = { 0 };
	int64_t left = tw_json_int(changed, "confirm_within");
	struct moving moving = { .is = false };
	bool over = false;

	if (!tw_json_get(changed, "confirm_within"))
		return TW_OK;
	if (!tw_arg(a, "confirm")) {
		tw_progress(t, "The device takes it back in %lld s unless you confirm it: device change read, device change confirm WORD.",
			(long long)left);
		return TW_OK;
	}
	TW_TRY(tw_session_open(t, a, &s));
	TW_TRY(go_along(t, &s, changed, &moving));
	for (int64_t waited_ms = 0; !over && waited_ms / 1000 <= left; waited_ms += PAUSE_MS) {
		TW_TRY(look_there(t, &s, &moving, &over));
		if (!over)
			(void)t->sys->poll(t->sys, NULL, 0, PAUSE_MS);
	}
	if (over)
		return keep_address(&s, &moving);
	return not_confirmed(t, "the device did not come to live by it in time");
}
