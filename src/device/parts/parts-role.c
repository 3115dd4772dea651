/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingward-parts: switches off what is plugged in or built in (USB, serial lines, cameras, microphones, other components), and keeps it so.
 *
 * What does that are attributes of the kernel's tree that belong to root. The role has an id of its own and no capability; it has root's id for
 * files alone (fsid), and Landlock leaves it of all files to read what of /sys is of devices, and to write beneath the USB buses that were there
 * when it began, and /sys/bus, where drivers are given and taken (sys/landlock.c). A bus that comes later ends it, and it is begun
 * again. It links neither OpenSSL nor Jansson, and from core come words that name interfaces, and nothing else.
 *
 * While something is to be off it stays, and hears from the kernel of every change; it looks then, and once a minute in any case. What is on
 * again is switched off again, and core is told.
 */
#include "base/cursor.h"
#include "base/log.h"
#include "base/mem.h"
#include "device/parts/drivers.h"
#include "device/parts/parts-row.h"
#include "device/parts/usb.h"
#include "service/errand.h"
#include "service/firewall/parts-wire.h"
#include "sys/clock.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>

#define TREE "/sys"
#define LOOK_MS 60000
#define QUIET_MS 200 /* a flood of changes is looked at so often at most */

struct role {
	const struct tw_sys *sys;
	struct tw_watch_look tree;
	int uevents, mounts;
	char text[2][TW_PARTS_OFF_MAX + 1], stays[TW_PARTS_STAYS_MAX + 1], taken_text[TW_PARTS_TAKEN_MAX + 1]; /* what the rest is read from */
	struct tw_off off, was;
	struct tw_taken taken;
	int64_t looked_ms;
	bool is_trial;       /* this list may go back, so that what works by a part is spared */
	bool stands, owed;   /* something is to be off; something changed since */
	bool holding, later; /* this list has held: what is on was switched on; what is put next has come since */
};

static tw_err say(tw_channel *core, uint16_t type, uint32_t tag, const char *words)
{
	const size_t size = strlen(words);

	return tw_channel_send(core, type, tag, words, size < TW_PARTS_WORDS_MAX ? size : TW_PARTS_WORDS_MAX, NULL, 0);
}

static tw_err held(void *user, const char *kind, const char *name)
{
	char words[160];

	(void)snprintf(words, sizeof words, "%s %s", kind, name);
	return say(user, TW_PARTS_HELD, 0, words);
}

/* core: told of those that were on, NULL: they had not been off yet. takes: drivers that core has to keep first. */
static tw_err put(struct role *r, tw_channel *core, struct tw_buf *takes)
{
	const struct tw_parts_to to = { core ? held : NULL, core };
	const struct tw_in_use in_use = { &r->tree, r->mounts }, *spared = r->is_trial ? &in_use : NULL;
	const struct tw_usb usb = { &r->tree, &r->off, &r->was, &r->taken, r->stays, spared, to };
	const struct tw_drivers drivers = { &r->tree, &r->off, &r->taken, spared, to };
	struct tw_tree_first first = { 0 };

	tw_tree_note(&first, tw_usb_put(&usb));
	tw_tree_note(&first, tw_drivers_put(&drivers, takes));
	return tw_tree_raise(&first);
}

static tw_err read_back(struct role *r, uint32_t *ret)
{
	const struct tw_usb usb = { &r->tree, &r->off, &r->was, &r->taken, r->stays, NULL, { NULL, NULL } };
	const struct tw_drivers drivers = { &r->tree, &r->off, &r->taken, NULL, { NULL, NULL } };

	TW_TRY(tw_usb_check(&usb, ret));
	return tw_drivers_check(&drivers, ret);
}

/* Before anything else that is answered: core forgets these, and may be told of what has come in their place. */
static tw_err say_gone(struct role *r, tw_channel *core, uint32_t tag)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf gone = { 0 };
	const struct tw_drivers drivers = { &r->tree, &r->off, &r->taken, NULL, { NULL, NULL } };

	tw_buf_init(&gone, r->sys, TW_PARTS_TAKEN_MAX);
	TW_TRY(tw_drivers_gone(&drivers, &gone));
	return gone.size ? tw_channel_send(core, TW_PARTS_GONE, tag, gone.data, gone.size, NULL, 0) : TW_OK;
}

/* --- What core asks --- */

static tw_err words_of(struct tw_cursor *c, char *text, size_t max)
{
	struct tw_slice s = { NULL, 0 };

	TW_TRY(tw_cursor_block16(c, max, &s));
	if (s.size)
		memcpy(text, s.at, s.size);
	text[s.size] = '\0';
	return strlen(text) == s.size ? TW_OK : TW_RAISE(SYNTAX, "a zero among words");
}

static tw_err read_order(struct role *r, struct tw_slice payload)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);
	uint8_t trial = 0;
	char before[TW_PARTS_OFF_MAX + 1];

	memcpy(before, r->text[0], sizeof before);
	TW_TRY(words_of(&c, r->text[0], TW_PARTS_OFF_MAX));
	r->holding = r->holding && strcmp(before, r->text[0]) == 0;
	TW_TRY(words_of(&c, r->text[1], TW_PARTS_OFF_MAX));
	TW_TRY(words_of(&c, r->stays, TW_PARTS_STAYS_MAX));
	TW_TRY(words_of(&c, r->taken_text, TW_PARTS_TAKEN_MAX));
	TW_TRY(tw_cursor_u8(&c, &trial));
	r->is_trial = trial != 0;
	TW_TRY(tw_off_read(tw_slice_of(r->text[0]), &r->off));
	TW_TRY(tw_off_read(tw_slice_of(r->text[1]), &r->was));
	TW_TRY(tw_taken_read(tw_slice_of(r->taken_text), &r->taken));
	return tw_cursor_left(&c) ? TW_RAISE(SYNTAX, "more than four blocks and a byte") : TW_OK;
}

/* Root's files that are not to be written: a bus has come since Landlock was entered. Only who begins anew can have it. */
static bool is_shut_out(tw_err e)
{
	return tw_is(e, TW_CODE_DENIED);
}

static tw_err begin_anew(void)
{
	return TW_RAISE(CLOSED, "there is a bus that this role may not write to yet, so it ends");
}

static tw_err answer(struct role *r, tw_channel *core, uint32_t tag, const struct tw_buf *takes, tw_err e)
{
	uint32_t count = 0;

	if (takes->size) /* also where something else failed, which is told when these are off */
		return tw_channel_send(core, TW_PARTS_TAKES, tag, takes->data, takes->size, NULL, 0);
	if (!tw_failed(e))
		e = read_back(r, &count);
	if (tw_failed(e))
		return say(core, TW_PARTS_FAILED, tag, tw_err_detail());
	r->holding = true;
	const uint8_t said[4] = { (uint8_t)(count >> 24), (uint8_t)(count >> 16), (uint8_t)(count >> 8), (uint8_t)count };
	return tw_channel_send(core, TW_PARTS_HOLDS, tag, said, sizeof said, NULL, 0);
}

static tw_err serve(void *user, tw_channel *core, const struct tw_message *m)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf takes = { 0 };
	struct role *r = user;

	if (tw_failed(read_order(r, m->payload)))
		return TW_RAISE(UNTRUSTED, "core names what is no interface");
	tw_buf_init(&takes, r->sys, TW_PARTS_TAKEN_MAX);
	tw_err e = put(r, r->holding || r->later ? core : NULL, &takes);
	r->looked_ms = tw_boot_ms(r->sys);
	r->owed = false;
	r->later = false;
	r->stands = r->off.count > 0;
	if (is_shut_out(e) && !takes.size)
		return begin_anew();
	TW_TRY(say_gone(r, core, m->tag));
	e = answer(r, core, m->tag, &takes, e);
	r->was.count = 0;
	return e;
}

static size_t waits(void *user, struct pollfd *ret, int *ret_ms)
{
	const struct role *r = user;

	if (!r->stands)
		return 0;
	const int64_t left = r->looked_ms + LOOK_MS - tw_boot_ms(r->sys);

	ret[0] = (struct pollfd){ .fd = r->uevents, .events = POLLIN };
	*ret_ms = r->owed ? QUIET_MS : left > 0 ? (int)left : 0;
	return 1;
}

/*
 * Core puts it again, after a pause, when it is told that it failed; at once, when a driver has to be kept first. Until then this goes on looking:
 * whoever waited in vain would end, which is one more thing that went wrong, and nobody kept the rest off meanwhile.
 */
static tw_err turn(void *user, tw_channel *core)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf takes = { 0 };
	struct role *r = user;
	uint32_t count = 0;
	bool told = false;

	if (!r->stands)
		return TW_OK;
	TW_TRY(tw_watch_line_hear(r->sys, r->uevents, &told)); /* deaf it is of no use, and is begun again */
	r->owed = r->owed || told;
	const int64_t since = tw_boot_ms(r->sys) - r->looked_ms;

	if (since < QUIET_MS || (!r->owed && since < LOOK_MS))
		return TW_OK;
	r->owed = false;
	r->looked_ms = tw_boot_ms(r->sys);
	tw_buf_init(&takes, r->sys, TW_PARTS_TAKEN_MAX);
	tw_err e = put(r, core, &takes);
	if (!is_shut_out(e) || takes.size)
		TW_TRY(say_gone(r, core, 0));
	r->later = takes.size > 0;
	if (r->later)
		return tw_channel_send(core, TW_PARTS_TAKES, 0, takes.data, takes.size, NULL, 0);
	if (!tw_failed(e))
		e = read_back(r, &count);
	if (!tw_failed(e))
		return TW_OK;
	if (is_shut_out(e))
		return begin_anew();
	return say(core, TW_PARTS_FAILED, 0, tw_err_detail());
}

static int run(const struct tw_sys *sys, const struct tw_role_start *start)
{
	static struct role r; /* 20 KiB, not on the stack */
	const struct tw_errand_work w = { .rows = tw_rows_parts_from_core, .serve = serve, .user = &r, .waits = waits, .turn = turn };

	r = (struct role){ .sys = sys, .tree = { .sys = sys, .tree = TREE }, .uevents = start->fd_count, .mounts = start->fd_count + 1 };
	return tw_errand_run(sys, &w);
}

/* While there still is a right to make sockets, and to see what is mounted: without that, every disk counts as in use. */
static tw_err open_lines(const struct tw_sys *sys, struct tw_role_start *start, uid_t uid, gid_t gid)
{
	TW_TRY(tw_watch_line_open(sys, NETLINK_KOBJECT_UEVENT, 1, start->fd_count));
	const int mounts = sys->open_path(sys, "/proc/self/mountinfo", O_RDONLY | O_CLOEXEC, 0);
	start->more_fds = mounts == start->fd_count + 1 ? 2 : 1;
	return TW_OK;
}

static const struct tw_role_row rows[] = {
	{ "parts", TW_PARTS_ROLE_MAY, run, open_lines },
	{ .name = NULL },
};

int main(int argc, char **argv)
{
	return tw_role_bare(rows, NULL, argc, argv);
}
