/* SPDX-License-Identifier: Apache-2.0 */
#include "service/errand.h"

#include "base/log.h"
#include "base/mem.h"
#include "service/wire.h"

#include <errno.h>
#include <poll.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_ATTACK = 70 };

struct errand {
	const struct tw_sys *sys;
	const struct tw_errand_work *work;
	tw_channel *hands, *core;
	bool over;
};

static void errand_done(struct errand *e)
{
	(void)tw_channel_free(e->hands);
	(void)tw_channel_free(e->core);
}

/* All that hands can say is DRAIN, and a closed channel says the same. */
static tw_err hear_hands(struct errand *e)
{
	struct tw_message m;
	tw_err r = tw_channel_receive(e->hands, &m);

	if (tw_is(r, TW_CODE_TIMEOUT))
		return TW_OK;
	e->over = true;
	return tw_is(r, TW_CODE_CLOSED) ? TW_OK : r;
}

static tw_err hear_core(struct errand *e)
{
	struct tw_message m;
	tw_err r = tw_channel_receive(e->core, &m);

	if (tw_is(r, TW_CODE_TIMEOUT))
		return TW_OK;
	if (!tw_failed(r))
		r = e->work->serve(e->work->user, e->core, &m);
	if (tw_is(r, TW_CODE_CLOSED)) {
		e->over = true; /* core does not want it any more, or has gone itself */
		return TW_OK;
	}
	return r;
}

static tw_err turn(struct errand *e)
{
	struct pollfd p[2 + TW_ERRAND_WAITS] = { { .fd = tw_channel_fd(e->hands), .events = POLLIN },
		{ .fd = tw_channel_fd(e->core), .events = POLLIN } };
	int ms = e->work->idle_ms ? e->work->idle_ms : TW_ERRAND_IDLE_MS;
	const size_t more = e->work->waits ? e->work->waits(e->work->user, p + 2, &ms) : 0;
	int n = e->sys->poll(e->sys, p, 2 + more, ms);

	if (n < 0)
		return errno == EINTR ? TW_OK : TW_RAISE_ERRNO("waiting for work");
	e->over = n == 0 && more == 0;
	if (p[0].revents)
		TW_TRY(hear_hands(e));
	if (p[1].revents && !e->over)
		TW_TRY(hear_core(e));
	return more && !e->over ? e->work->turn(e->work->user, e->core) : TW_OK;
}

int tw_errand_run(const struct tw_sys *sys, const struct tw_errand_work *w)
{
	TW_CLEANUP(errand_done) struct errand e = { .sys = sys, .work = w };
	tw_err r = tw_channel_new(sys, TW_FD_HANDS, tw_rows_role_from_hands, &e.hands);

	if (!tw_failed(r))
		r = tw_channel_new(sys, TW_FD_PEER1, w->rows, &e.core);
	while (!tw_failed(r) && !e.over)
		r = turn(&e);
	if (tw_failed(r))
		tw_log_err(r, "this errand ends");
	return tw_is(r, TW_CODE_UNTRUSTED) ? EXIT_ATTACK : tw_failed(r) ? EXIT_FAILED : EXIT_DONE;
}

tw_err tw_errand_read(const struct tw_sys *sys, int fd, size_t max, struct tw_buf *b)
{
	char piece[4096];
	ssize_t got;

	tw_buf_init(b, sys, max);
	TW_TRY(tw_buf_reserve(b, max < sizeof piece ? max : sizeof piece)); /* a password is read without a copy left behind */
	while ((got = sys->pread(sys, fd, piece, sizeof piece, (off_t)b->size)) > 0) {
		tw_err e = tw_buf_add(b, piece, (size_t)got);

		tw_wipe(piece, (size_t)got);
		TW_TRY(e);
	}
	return got == 0 ? TW_OK : TW_RAISE_ERRNO("reading what is configured");
}
