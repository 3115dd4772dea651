/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingward-wifi: the only one to speak with wpa_supplicant. Core says which network is to be joined, this says how it goes.
 *
 * Its lines to wpa_supplicant were opened before the sandbox, in which it opens no file, makes no socket and has no capability. It has the
 * passphrase or key of one network for as long as telling it takes. What wpa_supplicant says is read here, and reaches core as fields of known size.
 *
 * When wpa_supplicant has ended, or has come since, this ends too and is begun again by core: only who begins anew can open a line.
 */
#include "base/cursor.h"
#include "base/log.h"
#include "base/mem.h"
#include "device/wifi/line.h"
#include "device/wifi/wifi-row.h"
#include "service/errand.h"
#include "sys/clock.h"

#include <poll.h>
#include <string.h>

#define LOOK_MS 15000 /* the signal, and whatever was said in vain */

static struct tw_wifi_lines lines; /* from before the sandbox */

struct role {
	const struct tw_sys *sys;
	struct tw_wifi_talk talk; /* to that link's, fd -1: to none */
	tw_channel *core;         /* while it may be told */
	struct tw_wpa_ours ours;  /* what is to be joined */
	struct tw_wifi_state said;
	int64_t looked_ms;
	bool stands, owed, ends; /* a network is to be joined; something was heard since the last look; wpa_supplicant says that it ends */
};

static tw_err say(tw_channel *core, uint16_t type, uint32_t tag, const char *words)
{
	const size_t size = strlen(words);

	return tw_channel_send(core, type, tag, words, size < TW_WIFI_WORDS_MAX ? size : TW_WIFI_WORDS_MAX, NULL, 0);
}

/* An event becomes a message; whether that could be sent shows with the next one. */
static void on_heard(void *user, struct tw_slice said)
{
	struct role *r = user;
	struct tw_wpa_event e;
	uint8_t message[1 + TW_WIFI_WORDS_MAX];

	r->owed = true;
	if (tw_failed(tw_wpa_event_read(said, &e)) || e.event == TW_WIFI_OTHER)
		return;
	r->ends = r->ends || e.event == TW_WIFI_ENDS;
	const size_t size = strlen(e.words);
	message[0] = (uint8_t)e.event;
	memcpy(message + 1, e.words, size);
	tw_err sent = tw_channel_send(r->core, TW_WIFI_EVENT, 0, message, 1 + size, NULL, 0);
	if (tw_failed(sent))
		tw_log_err(sent, "telling core");
}

static tw_err tell_state(struct role *r, bool again)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_wifi_state now;

	r->looked_ms = tw_boot_ms(r->sys);
	r->owed = false;
	TW_TRY(tw_wifi_state(&r->talk, &r->ours, &now));
	if (!again && memcmp(&now, &r->said, sizeof now) == 0)
		return TW_OK;
	r->said = now;
	tw_buf_init(&b, r->sys, 256);
	TW_TRY(tw_wifi_state_write(&now, &b));
	return tw_channel_send(r->core, TW_WIFI_STATE, 0, b.data, b.size, NULL, 0);
}

/* --- What core asks --- */

static tw_err read_order(struct tw_slice payload, struct tw_slice *link, struct tw_slice *network, struct tw_wifi_network *ret)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);

	TW_TRY(tw_cursor_block16(&c, TW_WIFI_LINK_MAX, link));
	TW_TRY(tw_cursor_block16(&c, TW_WIFI_NETWORK_MAX, network));
	TW_TRY(tw_cursor_end(&c));
	return network->size ? tw_wifi_network_read(*network, ret) : TW_OK;
}

/* One that stands already goes on: a start of the device's software cuts nobody off. */
static tw_err put(struct role *r, const struct tw_wifi_network *n)
{
	bool stands = false;

	TW_TRY(tw_wifi_order(&r->talk, tw_slice_of("ATTACH")));
	if (!r->stands)
		return tw_wifi_leave(&r->talk);
	TW_TRY(tw_wifi_stands(&r->talk, n->mark, &stands));
	return stands ? tw_wifi_order(&r->talk, tw_slice_of("SELECT_NETWORK 0")) : tw_wifi_join(&r->talk, n);
}

/* Where no control socket was left out, there is nobody who could have a network. */
static tw_err without_line(tw_channel *core, uint32_t tag, struct tw_slice link, bool joins)
{
	char words[TW_WIFI_WORDS_MAX];

	if (!joins && !lines.more)
		return say(core, TW_WIFI_TAKEN, tag, "");
	(void)snprintf(words, sizeof words, "wpa_supplicant has no control socket for " TW_SLICE_FMT " in " TW_WPA_PLACE "%s",
		TW_SLICE_ARG(link), lines.more ? " among those that are taken; there are more" : "");
	TW_TRY(say(core, TW_WIFI_FAILED, tag, words));
	return TW_RAISE(CLOSED, "there may be one when this begins again");
}

static tw_err serve(void *user, tw_channel *core, const struct tw_message *m)
{
	struct role *r = user;
	struct tw_wifi_network n = { 0 };
	struct tw_slice link, network;

	if (tw_failed(read_order(m->payload, &link, &network, &n)))
		return TW_RAISE(UNTRUSTED, "core names what is no network");
	const struct tw_wifi_line *line = tw_wifi_lines_find(&lines, link);

	r->core = core;
	r->stands = false;
	if (!line)
		return without_line(core, m->tag, link, network.size > 0);
	r->talk = (struct tw_wifi_talk){ r->sys, line->fd, on_heard, r };
	r->stands = network.size > 0;
	r->ours = (struct tw_wpa_ours){ .kind = n.kind };
	(void)snprintf(r->ours.mark, sizeof r->ours.mark, TW_SLICE_FMT, TW_SLICE_ARG(n.mark));
	tw_err e = put(r, &n);
	if (tw_failed(e)) {
		r->stands = false;
		TW_TRY(say(core, TW_WIFI_FAILED, m->tag, tw_err_detail()));
		return tw_is(e, TW_CODE_CLOSED) ? e : TW_OK;
	}
	TW_TRY(say(core, TW_WIFI_TAKEN, m->tag, ""));
	return r->stands ? tell_state(r, true) : TW_OK;
}

static size_t waits(void *user, struct pollfd *ret, int *ret_ms)
{
	const struct role *r = user;

	if (!r->stands)
		return 0;
	const int64_t left = r->looked_ms + LOOK_MS - tw_boot_ms(r->sys);

	ret[0] = (struct pollfd){ .fd = r->talk.fd, .events = POLLIN };
	*ret_ms = left > 0 ? (int)left : 0;
	return 1;
}

static tw_err turn(void *user, tw_channel *core)
{
	struct role *r = user;

	if (!r->stands)
		return TW_OK;
	r->core = core;
	tw_err e = tw_wifi_hear(&r->talk);
	if (!tw_failed(e) && r->ends)
		e = TW_RAISE(CLOSED, "wpa_supplicant has ended");
	if (!tw_failed(e) && (r->owed || tw_boot_ms(r->sys) - r->looked_ms >= LOOK_MS))
		e = tell_state(r, false);
	if (!tw_failed(e))
		return TW_OK;
	r->stands = false;
	TW_TRY(say(core, TW_WIFI_FAILED, 0, tw_err_detail()));
	return TW_RAISE(CLOSED, "core begins this again");
}

static int run(const struct tw_sys *sys, const struct tw_role_start *start)
{
	static struct role r;
	const struct tw_errand_work w = { .rows = tw_rows_wifi_from_core, .serve = serve, .user = &r, .waits = waits, .turn = turn };

	r = (struct role){ .sys = sys };
	return tw_errand_run(sys, &w);
}

/* As root, whose sockets they are, and while there still is a right to make any. */
static tw_err open_lines(const struct tw_sys *sys, struct tw_role_start *start, uid_t uid, gid_t gid)
{
	TW_TRY(tw_wifi_lines_open(sys, TW_WPA_PLACE, start->fd_count, &lines));
	start->more_fds = (int)lines.count;
	return TW_OK;
}

static const struct tw_role_row rows[] = {
	{ "wifi", TW_WIFI_ROLE_MAY, run, open_lines },
	{ .name = NULL },
};

int main(int argc, char **argv)
{
	return tw_role_bare(rows, NULL, argc, argv);
}
