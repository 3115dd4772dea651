/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "service/store/postgresql/where.h"
#include "support/platform/app.h"

static const struct tw_channel_row nothing[] = { { 0 } };

static void begin(struct tw_app *a);

static void later(struct tw_app *a)
{
	const struct timeval t = tw_errand_ms(TW_APP_LINE_MS);

	(void)event_add(a->line_timer, &t);
}

static void on_here(void *user, tw_channel *line)
{
}

static void on_heard(void *user, tw_channel *line, const struct tw_message *m)
{
}

/* Meanwhile the store is away, and each statement says so. */
static void on_gone(void *user, const char *why)
{
	struct tw_app *a = user;

	tw_warn("the line to the store: %s; it is tried again", why);
	later(a);
}

static void on_later(int fd, short what, void *user)
{
	begin(user);
}

static void begin(struct tw_app *a)
{
	const struct tw_errand_user user = { on_here, on_heard, on_gone, a };
	const tw_err e = tw_errand_begin(a->errands, TW_ERRAND_STORE, nothing, &user);

	if (!tw_failed(e))
		return;
	tw_log_err(e, "the line to the store");
	later(a);
}

/* Asked for before the store is opened: who comes by its socket meanwhile waits there. */
tw_err tw_app_line_new(struct tw_app *a, const char *address)
{
	struct tw_pg_where where;

	if (!address)
		return TW_OK;
	TW_TRY(tw_pg_where_parse(tw_slice_of(address), &where));
	if (!where.network)
		return TW_OK;
	a->line_timer = event_new(a->loop, -1, 0, on_later, a);
	if (!a->line_timer)
		return TW_RAISE(NOMEM, "event loop");
	begin(a);
	/* Asked for in one turn of the loop, in which nothing else is due yet: opening the store waits for whoever comes by that. */
	return event_base_loop(a->loop, EVLOOP_ONCE | EVLOOP_NONBLOCK) < 0 ? TW_RAISE(INTERNAL, "event loop") : TW_OK;
}
