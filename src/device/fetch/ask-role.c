/* SPDX-License-Identifier: Apache-2.0 */
#include "device/fetch/ask-role.h"

#include "base/mem.h"
#include "device/fetch/question.h"
#include "service/errand.h"

struct ask_role {
	struct tw_questions questions;
	tw_channel *core;
};

/* Core that does not take it in time has its own deadline, and ends this role. */
static tw_err say(struct ask_role *r, uint16_t type, uint32_t tag, const void *payload, size_t size)
{
	tw_err e = tw_channel_send(r->core, type, tag, payload, size, NULL, 0);

	return tw_is(e, TW_CODE_TIMEOUT) ? TW_OK : e;
}

static tw_err heard(void *user, uint32_t tag, struct tw_slice datagram)
{
	return say(user, TW_ASK_HEARD, tag, datagram.at, datagram.size);
}

static tw_err ended(void *user, uint32_t tag, enum tw_ask_end end)
{
	const uint8_t how = (uint8_t)end;

	return say(user, TW_ASK_ENDED, tag, &how, 1);
}

static tw_err serve(void *user, tw_channel *core, const struct tw_message *m)
{
	struct ask_role *r = user;
	struct tw_ask_job a;

	r->core = core;
	if (m->type == TW_ASK_ENOUGH) {
		tw_questions_enough(&r->questions, m->tag);
		return TW_OK;
	}
	if (tw_failed(tw_ask_job_read(m->payload, &a)))
		return TW_RAISE(UNTRUSTED, "core asks what is no question: %s", tw_err_detail());
	tw_err e = tw_questions_begin(&r->questions, m->tag, &a);
	tw_wipe((void *)(uintptr_t)m->payload.at, m->payload.size); /* the channel's own memory, used again for the next */
	return tw_is(e, TW_CODE_LIMIT) || tw_is(e, TW_CODE_STATE) ? TW_RAISE(UNTRUSTED, "core asks too much, or twice") : e;
}

static size_t waits(void *user, struct pollfd *ret, int *ret_ms)
{
	struct ask_role *r = user;
	int ms = 0;
	const size_t count = tw_questions_wait(&r->questions, ret, &ms);

	if (count)
		*ret_ms = ms;
	return count;
}

static tw_err turn(void *user, tw_channel *core)
{
	struct ask_role *r = user;

	r->core = core;
	return tw_questions_turn(&r->questions);
}

_Static_assert(TW_ASK_AT_ONCE <= TW_ERRAND_WAITS, "a role waits for all its questions");

int tw_ask_run(const struct tw_sys *sys, const struct tw_role_start *start)
{
	struct ask_role r = { .questions = { .sys = sys, .heard = heard, .ended = ended } };
	const struct tw_errand_work w = { .rows = tw_rows_ask_from_core, .serve = serve, .user = &r, .waits = waits, .turn = turn };

	r.questions.user = &r;
	int status = tw_errand_run(sys, &w);
	tw_questions_done(&r.questions);
	return status;
}
