/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingward-bluetooth: the role that speaks with the kernel's management of Bluetooth controllers. What other devices have a say in is read here, and
 * reaches core as fields of known size.
 *
 * Nobody pairs while the window is closed: the kernel is told so, what it asks then is answered no, and a key that comes all the same is forgotten.
 */
#include "base/log.h"
#include "base/mem.h"
#include "device/bluetooth/bluetooth-row.h"
#include "device/bluetooth/controller.h"
#include "service/errand.h"
#include "sys/clock.h"

#include <poll.h>
#include <string.h>

#define LOOK_MS 15000 /* that it is still so, and that pairing is held to Secure Connections, which nothing reads back */
#define OWED_MAX 8

static int line = -1; /* from before the sandbox */

/* What is to be said to the kernel, which no command is from within what it says. */
enum debt { OWED_NO, OWED_DROP };
struct owed {
	enum debt what;
	struct tw_bt_address address;
};
struct role {
	const struct tw_sys *sys;
	struct tw_bt_talk talk;
	tw_channel *core;         /* while it may be told */
	struct tw_bt_order order; /* with the keys of those that are paired */
	struct tw_bt_peer irk;    /* that came before the key of its peer */
	struct tw_bt_state said;
	struct tw_bt_address shown; /* whose number was told core: its Secure Connections have come so far */
	enum { GRIP_STAYS, GRIP_LOOSENS, GRIP_TIGHTENS } grip;
	bool loose; /* it may be encrypted (controller.h) */
	struct owed owed[OWED_MAX];
	size_t owed_count;
	int64_t looked_ms, window_until_ms;
	bool stands, changed, gone, closes; /* it is as ordered; something was heard since the last look; the controller has gone; the window is to */
};

static tw_err say(tw_channel *core, uint16_t type, uint32_t tag, const char *words)
{
	const size_t size = strlen(words);

	return tw_channel_send(core, type, tag, words, size < TW_BT_WORDS_MAX ? size : TW_BT_WORDS_MAX, NULL, 0);
}

static bool is_open(const struct role *r)
{
	return r->order.window_s != 0 && !r->closes;
}

/* --- What the kernel says --- */

static void tell_event(struct role *r, const struct tw_bt_event *e)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, r->sys, 64);
	tw_err sent = tw_bt_event_write(e, &b);
	if (!tw_failed(sent))
		sent = tw_channel_send(r->core, TW_BT_EVENT, 0, b.data, b.size, NULL, 0);
	if (tw_failed(sent))
		tw_log_err(sent, "telling core of Bluetooth");
}

static void tell_refused(struct role *r, const struct tw_bt_address *a, uint32_t why)
{
	const struct tw_bt_event e = { TW_BT_REFUSED, *a, why };

	tell_event(r, &e);
}

/* Where too many are owed the kernel has it refused by itself: it waits 30 s for an answer. */
static void owe(struct role *r, enum debt what, const struct tw_bt_address *a)
{
	if (r->owed_count == OWED_MAX)
		return;
	r->owed[r->owed_count].what = what;
	r->owed[r->owed_count++].address = *a;
}

static struct tw_bt_peer *find(struct role *r, const struct tw_bt_address *a)
{
	for (size_t i = 0; i < r->order.count; i++)
		if (tw_bt_same(&r->order.of[i].address, a))
			return &r->order.of[i];
	return NULL;
}

/* Its place among those that are paired; NULL: there is none left. */
static struct tw_bt_peer *place(struct role *r, const struct tw_bt_address *a)
{
	struct tw_bt_peer *p = find(r, a);

	return p || r->order.count == TW_BT_PEERS_MAX ? p : &r->order.of[r->order.count++];
}

static tw_err tell_paired(struct role *r, const struct tw_bt_peer *p)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };

	tw_buf_init(&b, r->sys, TW_BT_PEER_MAX);
	TW_TRY(tw_buf_reserve(&b, TW_BT_PEER_MAX));
	TW_TRY(tw_bt_peer_write(p, &b));
	return tw_channel_send(r->core, TW_BT_PAIRED, 0, b.data, b.size, NULL, 0);
}

/* @nist LA.IC.14.2: a pairing counts when it was by Secure Connections, with a number that was compared, while one may pair */
static void on_key(struct role *r, const struct tw_bt_peer *said, bool good)
{
	struct tw_bt_peer *p = good && is_open(r) ? place(r, &said->address) : NULL;

	if (!p) {
		owe(r, OWED_DROP, &said->address);
		tell_refused(r, &said->address, !good ? TW_BT_WHY_KEY : is_open(r) ? TW_BT_WHY_FULL : TW_BT_WHY_WINDOW);
		return;
	}
	*p = *said;
	if (r->irk.has_irk && tw_bt_same(&r->irk.address, &said->address)) {
		p->has_irk = 1;
		memcpy(p->irk, r->irk.irk, sizeof p->irk);
	}
	tw_wipe(&r->irk, sizeof r->irk);
	r->closes = true;
	tw_err sent = tell_paired(r, p);
	if (tw_failed(sent)) {
		tw_log_err(sent, "telling core who is paired");
		owe(r, OWED_DROP, &said->address);
	}
}

/* One without display and keyboard has no number: nobody could tell whether somebody is in between, so that it is no pairing here. */
static void on_event(struct role *r, const struct tw_bt_event *e, bool has_number)
{
	if (e->event == TW_BT_SHOWS && !is_open(r))
		return; /* nobody sees the number, so that nobody can type it */
	if (e->event == TW_BT_SHOWS) {
		r->shown = e->address;
		r->grip = GRIP_LOOSENS;
	} else if (e->event != TW_BT_ASKS && tw_bt_same(&e->address, &r->shown)) {
		r->grip = GRIP_TIGHTENS; /* it has ended */
	}
	if (e->event != TW_BT_ASKS || (is_open(r) && has_number)) {
		tell_event(r, e);
		return;
	}
	owe(r, OWED_NO, &e->address);
	tell_refused(r, &e->address, is_open(r) ? TW_BT_WHY_NUMBER : TW_BT_WHY_WINDOW);
}

static void on_heard(void *user, const struct tw_mgmt_said *said)
{
	struct role *r = user;

	r->changed = r->changed || said->kind == TW_MGMT_SETTINGS || said->kind == TW_MGMT_CAME;
	r->gone = r->gone || said->kind == TW_MGMT_GONE;
	if (!r->order.on)
		return;
	if (said->kind == TW_MGMT_EVENT)
		on_event(r, &said->event, said->good);
	else if (said->kind == TW_MGMT_IRK)
		r->irk = said->peer;
	else if (said->kind == TW_MGMT_KEY)
		on_key(r, &said->peer, said->good);
}

/* --- What is done of it --- */

static tw_err do_owed(struct role *r)
{
	while (r->owed_count) {
		const struct owed o = r->owed[--r->owed_count];
		uint8_t status = 0;

		TW_TRY(o.what == OWED_DROP ? tw_bt_unpair(&r->talk, &o.address) : tw_bt_confirm(&r->talk, &o.address, false, &status));
	}
	return TW_OK;
}

static bool is_strict(const struct role *r)
{
	return !r->loose && (r->order.window_s || !r->order.count);
}

static tw_err set_grip(struct role *r)
{
	if (r->grip == GRIP_STAYS)
		return TW_OK;
	r->loose = r->grip == GRIP_LOOSENS;
	r->grip = GRIP_STAYS;
	return tw_bt_strict(&r->talk, is_strict(r));
}

static tw_err close_window(struct role *r)
{
	TW_TRY(tw_bt_window(&r->talk, 0, r->order.count));
	r->order.window_s = 0;
	r->grip = GRIP_STAYS;
	r->closes = r->loose = false;
	r->changed = true;
	return TW_OK;
}

/* How strict it is is said each time: it changes nothing where it is so, and cannot be read. */
static tw_err look(struct role *r, bool again)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_bt_state now;

	r->looked_ms = tw_boot_ms(r->sys);
	r->changed = false;
	TW_TRY(tw_bt_look(&r->talk, &now));
	if (!tw_bt_holds(now.settings) || (!r->order.window_s && (now.settings & TW_BT_BONDABLE)))
		return TW_RAISE(DENIED, "somebody else has set hci%u otherwise: its settings are 0x%x", r->talk.index, now.settings);
	TW_TRY(tw_bt_strict(&r->talk, is_strict(r)));
	now.window = r->order.window_s != 0;
	if (!again && memcmp(&now, &r->said, sizeof now) == 0)
		return TW_OK;
	r->said = now;
	tw_buf_init(&b, r->sys, 64);
	TW_TRY(tw_bt_state_write(&now, &b));
	return tw_channel_send(r->core, TW_BT_STATE, 0, b.data, b.size, NULL, 0);
}

static tw_err go_on(struct role *r)
{
	TW_TRY(tw_bt_hear(&r->talk));
	if (r->gone)
		return TW_RAISE(NOTFOUND, "the Bluetooth controller hci%u has gone", r->talk.index);
	TW_TRY(do_owed(r));
	TW_TRY(set_grip(r));
	if (r->order.window_s && tw_boot_ms(r->sys) >= r->window_until_ms)
		r->closes = true;
	if (r->closes)
		TW_TRY(close_window(r));
	return r->changed || tw_boot_ms(r->sys) - r->looked_ms >= LOOK_MS ? look(r, false) : TW_OK;
}

/* --- What core asks --- */

static tw_err on_put(struct role *r, const struct tw_message *m)
{
	if (tw_failed(tw_bt_order_read(m->payload, &r->order)))
		return TW_RAISE(UNTRUSTED, "core orders what is no order");
	r->stands = r->gone = r->closes = r->loose = false;
	r->grip = GRIP_STAYS;
	r->owed_count = 0;
	r->window_until_ms = tw_boot_ms(r->sys) + 1000LL * r->order.window_s;
	r->talk = (struct tw_bt_talk){ r->sys, line, r->order.index, on_heard, r };
	tw_err e = line < 0 ? TW_RAISE(NOTFOUND, "the kernel has no Bluetooth") : tw_bt_apply(&r->talk, &r->order);
	/* Where there is no controller there is nothing to be switched off. */
	if (!r->order.on && tw_is(e, TW_CODE_NOTFOUND))
		e = TW_OK;
	if (!tw_failed(e)) {
		r->stands = r->order.on;
		TW_TRY(say(r->core, TW_BT_TAKEN, m->tag, ""));
		e = r->stands ? look(r, true) : TW_OK;
	}
	if (!tw_failed(e))
		return TW_OK;
	const uint32_t tag = r->stands ? 0 : m->tag;
	r->stands = false;
	return say(r->core, TW_BT_FAILED, tag, tw_err_detail());
}

static tw_err on_answer(struct role *r, const struct tw_message *m)
{
	struct tw_bt_address a;
	uint8_t status = 0;
	bool yes = false;

	if (tw_failed(tw_bt_answer_read(m->payload, &a, &yes)))
		return TW_RAISE(UNTRUSTED, "core answers what nobody asks");
	if (!r->stands)
		return TW_OK;
	if (yes && is_open(r)) {
		r->shown = a;
		r->grip = GRIP_LOOSENS;
		TW_TRY(set_grip(r));
	}
	TW_TRY(tw_bt_confirm(&r->talk, &a, yes, &status));
	if (status)
		tell_refused(r, &a, status);
	return TW_OK;
}

static tw_err on_drop(struct role *r, const struct tw_message *m)
{
	struct tw_bt_address a;

	if (tw_failed(tw_bt_drop_read(m->payload, &a)))
		return TW_RAISE(UNTRUSTED, "core forgets what is no device");
	struct tw_bt_peer *p = find(r, &a);
	if (p) {
		*p = r->order.of[--r->order.count];
		tw_wipe(&r->order.of[r->order.count], sizeof *p);
	}
	if (!r->stands)
		return TW_OK;
	TW_TRY(tw_bt_unpair(&r->talk, &a));
	return r->order.count || r->order.window_s ? TW_OK : tw_bt_window(&r->talk, 0, 0); /* nobody is left who may connect */
}

static tw_err failed(struct role *r, tw_err e)
{
	if (!tw_failed(e) || tw_is(e, TW_CODE_UNTRUSTED))
		return e;
	r->stands = false;
	TW_TRY(say(r->core, TW_BT_FAILED, 0, tw_err_detail()));
	return tw_is(e, TW_CODE_CLOSED) ? e : TW_OK;
}

static tw_err serve(void *user, tw_channel *core, const struct tw_message *m)
{
	struct role *r = user;

	r->core = core;
	if (m->type == TW_BT_PUT)
		return on_put(r, m);
	return failed(r, m->type == TW_BT_ANSWER ? on_answer(r, m) : on_drop(r, m));
}

static size_t waits(void *user, struct pollfd *ret, int *ret_ms)
{
	const struct role *r = user;
	const int64_t now = tw_boot_ms(r->sys);
	int64_t left = r->looked_ms + LOOK_MS - now;

	if (!r->stands)
		return 0;
	if (r->order.window_s && r->window_until_ms - now < left)
		left = r->window_until_ms - now;
	if (r->closes || r->changed || r->grip != GRIP_STAYS || r->owed_count || r->gone)
		left = 0; /* heard while a command was answered */
	ret[0] = (struct pollfd){ .fd = r->talk.fd, .events = POLLIN };
	*ret_ms = left > 0 ? (int)left : 0;
	return 1;
}

static tw_err turn(void *user, tw_channel *core)
{
	struct role *r = user;

	r->core = core;
	return r->stands ? failed(r, go_on(r)) : TW_OK;
}

static int run(const struct tw_sys *sys, const struct tw_role_start *start)
{
	static struct role r;
	const struct tw_errand_work w = { .rows = tw_rows_bluetooth_from_core, .serve = serve, .user = &r, .waits = waits, .turn = turn };

	r = (struct role){ .sys = sys };
	return tw_errand_run(sys, &w);
}

/* As root, since the kernel takes orders from a socket that was bound by such, and while there still is a right to make any. */
static tw_err open_line(const struct tw_sys *sys, struct tw_role_start *start, uid_t uid, gid_t gid)
{
	TW_TRY(tw_bt_open(sys, &line));
	start->more_fds = line >= 0;
	return line < 0 || line == start->fd_count
		? TW_OK
		: TW_RAISE(INTERNAL, "the line to the kernel's Bluetooth is descriptor %d and not %d", line, start->fd_count);
}

static const struct tw_role_row rows[] = {
	{ "bluetooth", TW_BLUETOOTH_ROLE_MAY, run, open_line },
	{ .name = NULL },
};

int main(int argc, char **argv)
{
	return tw_role_bare(rows, NULL, argc, argv);
}
