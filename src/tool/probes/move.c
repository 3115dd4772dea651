/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device's HTTPS at another port: the new one answers, the old one is closed, and taken back it is the other way round. The change waits to be
 * confirmed and never is; were this tool to end in between, the device would take it back by itself.
 */
#include "tool/probes/people.h"

#define HEALTH "/api/v1/health"
#define WAIT_MS 6000
#define TURN_MS 200

struct move {
	struct tw_probe_context *c;
	char here[320], there[320]; /* addresses */
};

/* Does the device, by its key, answer at this address? Nobody there, or somebody else, is no. */
static tw_err answers(const struct move *m, const char *address, bool *ret)
{
	struct tw_place place = { .address = address, .has_pin = true };
	const struct tw_call call = { .method = "GET", .path = HEALTH };
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_client_freep) tw_client *client = NULL;

	memcpy(place.pin, m->c->target[0].session.device.listener, sizeof place.pin);
	tw_answer_init(&answer, m->c->sys);
	TW_TRY(tw_client_new(m->c->sys, &place, &client));
	tw_err e = tw_client_call(client, &call, &answer);
	*ret = !tw_failed(e) && answer.status == 200;
	return tw_is(e, TW_CODE_NOMEM) ? e : TW_OK;
}

/* Until the one answers and the other does not. */
static tw_err becomes(const struct move *m, const char *open, const char *closed, bool *ret_open, bool *ret_closed)
{
	const int64_t until = tw_probe_now_us(m->c->sys) + WAIT_MS * INT64_C(1000);

	for (;;) {
		bool still = true;

		TW_TRY(answers(m, open, ret_open));
		TW_TRY(answers(m, closed, &still));
		*ret_closed = !still;
		if ((*ret_open && *ret_closed) || tw_probe_now_us(m->c->sys) > until)
			return TW_OK;
		(void)m->c->sys->poll(m->c->sys, NULL, 0, TURN_MS);
	}
}

/* At whichever port it is. */
static tw_err take_back(const struct move *m, bool moved)
{
	struct tw_session *s = &m->c->target[0].session;
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	tw_err e;

	tw_answer_init(&answer, m->c->sys);
	if (moved)
		TW_TRY(tw_session_move(m->c->tool, s, m->there));
	e = tw_session_call(m->c->tool, s->client, &(struct tw_call){ .method = "DELETE", .path = "/api/v1/change" }, &answer);
	if (moved)
		TW_TRY(tw_session_move(m->c->tool, s, m->here));
	return e;
}

static tw_err judge(const struct move *m, struct tw_finding *f)
{
	bool open = false, closed = false, back = false, gone = false;

	tw_err e = becomes(m, m->there, m->here, &open, &closed);
	tw_err undone = take_back(m, open);
	if (tw_failed(undone))
		tw_found_left(f, "what was changed could not be taken back, which the device does by itself: %s", tw_err_detail());
	TW_TRY(e);
	if (!open || !closed)
		return tw_found(f, TW_VERDICT_FAIL, "interfaces.https-port was changed, and %s.",
			!open ? "the device does not answer at the new port" : "it goes on answering at the old one");
	TW_TRY(becomes(m, m->here, m->there, &back, &gone));
	if (!back || !gone)
		return tw_found(f, TW_VERDICT_FAIL, "What was moved was taken back, and %s.",
			!back ? "the old port does not answer" : "the new one goes on answering");
	return tw_found(f, TW_VERDICT_PASS,
		"The device moved its HTTPS: the new port answered and the old one was closed, and taken back it was the other way round.");
}

/* @nist LA.IC.10: a new port answers, the old one closes */
static tw_err moves(struct tw_probe_context *c, struct tw_finding *f)
{
	struct move m = { .c = c };
	const char *colon = strrchr(c->target[0].session.device.address, ':');

	if (!c->move)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"It takes a port that is free at the device and that this machine can reach there: name one with --move-to PORT.");
	(void)snprintf(m.here, sizeof m.here, "%s", c->target[0].session.device.address);
	(void)snprintf(m.there, sizeof m.there, "%.*s:%s",
		colon ? (int)(colon - c->target[0].session.device.address) : (int)strlen(m.here), m.here, c->move);
	tw_err e = tw_probe_set(c, "interfaces.https-port", c->move);
	if (tw_failed(e))
		return tw_found_trouble(f, "Changing interfaces.https-port", e);
	return judge(&m, f);
}

const struct tw_probe tw_probes_move[] = {
	{ "LA.IC.10", "moves-its-port", TW_SOURCE_INSIDE, "Does its HTTPS move to another port, and close the one before?", moves,
		.intrusive = true, .waits = true },
	{},
};
