/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingward-watch: hears the kernel, and tells core what interfaces the device has. What a device that somebody plugs in says of itself is
 * read here, where there is nothing to take: no file but the kernel's own tree, no network, no right to change anything.
 *
 * A program of its own that links neither OpenSSL nor Jansson, for it always runs. It sleeps until the kernel says that something has
 * changed; what listens on a socket is told by nobody, so it looks by itself as often as core says. It remembers the last look that
 * core was told, and says so when the next one is another.
 */
#include "base/mem.h"
#include "device/watch/look.h"
#include "device/watch/watch-row.h"
#include "service/errand.h"

#include "base/cursor.h"
#include "base/log.h"
#include "sys/clock.h"

#include <poll.h>
#include <string.h>

#define TREE "/sys"
#define SETTLE_MS 100 /* what comes together is looked at together, and nobody makes it look more often than that */

struct role {
	const struct tw_sys *sys;
	struct tw_watch_lines lines;
	struct tw_buf seen, now;
	int64_t period_ms, looked_ms; /* period 0: core has not asked yet */
	bool changed, told;           /* told: core knows that it has to ask */
};

static tw_err look(struct role *r, struct tw_buf *ret)
{
	const struct tw_watch_look l = { r->sys, TREE, &r->lines, ret };

	r->changed = false;
	tw_err e = tw_watch_look(&l);
	r->looked_ms = tw_boot_ms(r->sys);
	return e;
}

static tw_err serve(void *user, tw_channel *core, const struct tw_message *m)
{
	struct role *r = user;
	struct tw_cursor c = tw_cursor_of(m->payload.at, m->payload.size);
	char why[TW_DETAIL_MAX];
	uint32_t seconds = 0;

	if (tw_failed(tw_cursor_u32(&c, &seconds)) || seconds == 0 || seconds > TW_WATCH_PERIOD_MAX)
		return TW_RAISE(UNTRUSTED, "core's question is not of its form");
	tw_err e = look(r, &r->seen);
	r->period_ms = (int64_t)seconds * 1000;
	r->told = false;
	if (!tw_failed(e))
		return tw_channel_send(core, TW_WATCH_SEEN, m->tag, r->seen.data, r->seen.size, NULL, 0);
	(void)snprintf(why, sizeof why, "%s: %s", tw_code_name(e.code), tw_err_detail());
	return tw_channel_send(core, TW_WATCH_FAILED, m->tag, why, strlen(why), NULL, 0);
}

/* When the next look is due, -1: only when core asks. */
static int64_t due_ms(const struct role *r)
{
	if (r->period_ms == 0 || r->told)
		return -1;
	const int64_t left = r->looked_ms + (r->changed ? SETTLE_MS : r->period_ms) - tw_boot_ms(r->sys);
	return left > 0 ? left : 0;
}

static size_t waits(void *user, struct pollfd *ret, int *ret_ms)
{
	const struct role *r = user;

	ret[0] = (struct pollfd){ .fd = r->lines.uevents, .events = POLLIN };
	ret[1] = (struct pollfd){ .fd = r->lines.changes, .events = POLLIN };
	*ret_ms = (int)due_ms(r);
	return 2;
}

static tw_err turn(void *user, tw_channel *core)
{
	struct role *r = user;
	bool changed = false;

	TW_TRY(tw_watch_lines_hear(r->sys, &r->lines, &changed));
	r->changed = r->changed || changed;
	if (due_ms(r) != 0)
		return TW_OK;
	TW_TRY(look(r, &r->now));
	const bool same = r->now.size == r->seen.size && memcmp(r->now.data, r->seen.data, r->now.size) == 0;
	tw_buf_done(&r->now);
	if (same)
		return TW_OK;
	r->told = true;
	return tw_channel_send(core, TW_WATCH_CHANGED, 0, NULL, 0, NULL, 0);
}

static int run(const struct tw_sys *sys, const struct tw_role_start *start)
{
	struct role r = { .sys = sys, .lines = tw_watch_lines_at(start->fd_count) };
	const struct tw_errand_work work = { .rows = tw_rows_watch_from_core, .serve = serve, .user = &r, .waits = waits, .turn = turn };
	tw_err e = tw_watch_lines_prove(sys, &r.lines);

	if (tw_failed(e)) {
		tw_log_err(e, "the lines to the kernel are not as they should be, so nothing is done");
		return 71;
	}
	tw_buf_init(&r.seen, sys, 1 + TW_WATCH_SEEN_MAX);
	tw_buf_init(&r.now, sys, 1 + TW_WATCH_SEEN_MAX);
	int status = tw_errand_run(sys, &work);
	tw_buf_done(&r.seen);
	tw_buf_done(&r.now);
	return status;
}

/* While there still is a right to make sockets. */
static tw_err open_lines(const struct tw_sys *sys, struct tw_role_start *start, uid_t uid, gid_t gid)
{
	struct tw_watch_lines lines;

	TW_TRY(tw_watch_lines_open(sys, start->fd_count, &lines));
	start->more_fds = TW_WATCH_LINES;
	return TW_OK;
}

static const struct tw_role_row rows[] = {
	{ "watch", TW_WATCH_ROLE_MAY, run, open_lines },
	{ .name = NULL },
};

int main(int argc, char **argv)
{
	return tw_role_bare(rows, NULL, argc, argv);
}
