/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingward-cellular: the only one to speak with ModemManager. Core says how the modem is to be, this brings it there step by step and says how it goes.
 *
 * Its line to the system's bus was opened before the sandbox, as its own user; in the sandbox it opens no file, makes no socket and has no capability. What
 * modems and networks say is read here, and reaches core as fields of known size. It has the SIM's PIN for as long as it may be needed.
 */
#include "base/log.h"
#include "base/mem.h"
#include "device/cellular/bus.h"
#include "device/cellular/cellular-row.h"
#include "service/errand.h"
#include "sys/clock.h"

#include <poll.h>
#include <string.h>

#define LOOK_MS 15000 /* the signal, and whatever was refused is tried again */
#define SOON_MS 1000  /* while it is on its way */

static sd_bus *bus; /* from before the sandbox */
static char no_bus[TW_CELLULAR_WORDS_MAX];

struct role {
	const struct tw_sys *sys;
	struct tw_cellular_wish wish;
	char pin[TW_CELLULAR_PIN_MAX];
	struct tw_cellular_state said;
	int64_t looked_ms, again_ms; /* again: what was refused is not tried before */
	char refused[TW_CELLULAR_WORDS_MAX + 1];
	enum tw_modem_step refused_step;
	bool told, tells, owed;
};

static tw_err say(tw_channel *core, uint32_t tag, const char *words)
{
	const size_t size = strlen(words);

	return tw_channel_send(core, TW_CELLULAR_FAILED, tag, words, size < TW_CELLULAR_WORDS_MAX ? size : TW_CELLULAR_WORDS_MAX, NULL, 0);
}

static tw_err tell(struct role *r, tw_channel *core, const struct tw_cellular_state *now)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	if (!r->tells && memcmp(now, &r->said, sizeof *now) == 0)
		return TW_OK;
	tw_buf_init(&b, r->sys, 1024);
	TW_TRY(tw_cellular_state_write(now, &b));
	TW_TRY(tw_channel_send(core, TW_CELLULAR_STATE, 0, b.data, b.size, NULL, 0));
	memcpy(&r->said, now, sizeof r->said);
	r->tells = false;
	return TW_OK;
}

/* What is refused is no reason to end: ModemManager's words go to core, and it is tried again after a while. */
static tw_err step(struct role *r, const struct tw_modem_seen *seen, const struct tw_modem_next *n)
{
	if (n->step == TW_MODEM_NOTHING || (r->refused_step == n->step && tw_boot_ms(r->sys) < r->again_ms))
		return TW_OK;
	if (n->step == TW_MODEM_UNLOCK)
		r->wish.tried = true; /* whatever comes of it */
	r->refused_step = TW_MODEM_NOTHING;
	tw_err e = tw_modem_bus_step(bus, seen, n, r->wish.pin);
	r->owed = true;
	if (!tw_is(e, TW_CODE_DENIED))
		return tw_is(e, TW_CODE_NOTFOUND) ? TW_OK : e;
	(void)snprintf(r->refused, sizeof r->refused, "%s", tw_err_detail());
	r->refused_step = n->step;
	r->again_ms = tw_boot_ms(r->sys) + LOOK_MS;
	return TW_OK;
}

static void plain(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static tw_err look(struct role *r, tw_channel *core)
{
	struct tw_modem_seen seen;
	struct tw_cellular_state now;

	r->owed = false;
	r->looked_ms = tw_boot_ms(r->sys);
	TW_TRY(tw_modem_bus_look(bus, &seen));
	const struct tw_modem_next n = tw_modem_next(&r->wish, &seen);
	tw_modem_tell(&seen, &n, &now);
	if (n.step != TW_MODEM_NOTHING && n.step == r->refused_step)
		(void)snprintf(now.why, sizeof now.why, "%s", r->refused);
	plain(now.why);
	TW_TRY(tell(r, core, &now));
	return step(r, &seen, &n);
}

static tw_err lost(tw_channel *core)
{
	TW_TRY(say(core, 0, tw_err_detail()));
	return TW_RAISE(CLOSED, "core begins this again");
}

static tw_err serve(void *user, tw_channel *core, const struct tw_message *m)
{
	struct role *r = user;
	struct tw_cellular_wish w;

	if (tw_failed(tw_cellular_wish_read(m->payload, &w)))
		return TW_RAISE(UNTRUSTED, "core wishes what is no wish");
	if (!bus) {
		TW_TRY(say(core, m->tag, no_bus));
		return TW_RAISE(CLOSED, "there may be a bus when this begins again");
	}
	memset(r->pin, 0, sizeof r->pin);
	memcpy(r->pin, w.pin.at, w.pin.size);
	r->wish = w;
	r->wish.pin = (struct tw_slice){ r->pin, w.pin.size };
	r->told = r->tells = r->owed = true;
	r->refused_step = TW_MODEM_NOTHING;
	return TW_OK;
}

static size_t waits(void *user, struct pollfd *ret, int *ret_ms)
{
	const struct role *r = user;
	uint64_t until = UINT64_MAX;

	if (!r->told)
		return 0;
	const int64_t left = r->looked_ms + (r->said.settled || r->refused_step != TW_MODEM_NOTHING ? LOOK_MS : SOON_MS) -
		tw_boot_ms(r->sys);
	const int events = sd_bus_get_events(bus);
	const bool now = r->owed || (sd_bus_get_timeout(bus, &until) >= 0 && until == 0);

	ret[0] = (struct pollfd){ .fd = sd_bus_get_fd(bus), .events = (short)(events < 0 ? POLLIN : events) };
	*ret_ms = now || left < 0 ? 0 : (int)left;
	return 1;
}

static tw_err turn(void *user, tw_channel *core)
{
	struct role *r = user;

	if (!r->told)
		return TW_OK;
	tw_err e = tw_modem_bus_hear(bus);
	if (!tw_failed(e) && (r->owed || tw_boot_ms(r->sys) - r->looked_ms >= SOON_MS))
		e = look(r, core);
	return tw_failed(e) ? lost(core) : TW_OK;
}

static int run(const struct tw_sys *sys, const struct tw_role_start *start)
{
	static struct role r;
	const struct tw_errand_work w = { .rows = tw_rows_cellular_from_core, .serve = serve, .user = &r, .waits = waits, .turn = turn };

	r = (struct role){ .sys = sys };
	if (bus && tw_failed(tw_modem_bus_watch(bus, &r.owed)))
		bus = NULL;
	const int status = tw_errand_run(sys, &w);
	tw_wipe(r.pin, sizeof r.pin);
	return status;
}

/* While there still is a right to make a socket. No bus is no reason not to begin: core is told, and says so. */
static tw_err open_bus(const struct tw_sys *sys, struct tw_role_start *start, uid_t uid, gid_t gid)
{
	tw_err e = tw_modem_bus_open(TW_MODEM_BUS, uid, start->fd_count, &bus);

	if (tw_is(e, TW_CODE_CLOSED)) {
		(void)snprintf(no_bus, sizeof no_bus, "%s", tw_err_detail());
		return TW_OK;
	}
	TW_TRY(e);
	start->more_fds = 1;
	return TW_OK;
}

static const struct tw_role_row rows[] = {
	{ "cellular", TW_CELLULAR_ROLE_MAY, run, open_bus },
	{ .name = NULL },
};

int main(int argc, char **argv)
{
	return tw_role_bare(rows, NULL, argc, argv);
}
