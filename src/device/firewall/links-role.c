/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The links role, of the program thingward-firewall: switches network links and radios off, and keeps them so.
 *
 * It has the firewall role's one capability and its user, since the kernel knows no smaller right than CAP_NET_ADMIN for taking a link down:
 * two users would keep nothing apart. It starts no program and makes no socket; its two lines to the kernel and /dev/rfkill were opened before
 * the sandbox. From core come words that name interfaces (service/firewall/off.h), and nothing else.
 *
 * While something is to be off it stays, and hears from the kernel of every change; it looks then, and once a minute in any case. What is on
 * again is switched off again, and core is told.
 */
#include "base/cursor.h"
#include "base/log.h"
#include "base/mem.h"
#include "device/firewall/links-row.h"
#include "device/firewall/radios.h"
#include "device/watch/lines.h"
#include "service/errand.h"
#include "service/firewall/links-wire.h"
#include "service/firewall/off.h"
#include "sys/clock.h"

#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <string.h>

#define LOOK_MS 60000
#define QUIET_MS 200 /* a flood of changes is looked at so often at most */
#define LINKS_MAX 64 /* to be switched in one look; what is beyond is found by the next */
#define LINES 2

struct role {
	const struct tw_sys *sys;
	int changes, links; /* lines to the kernel */
	struct tw_radios radios;
	char text[2][TW_LINKS_OFF_MAX + 1]; /* what off and was are read from */
	struct tw_off off, was;
	int64_t looked_ms;
	bool stands, owed; /* something is to be off; something changed since */
};
struct link {
	uint32_t index;
	bool to_off;
	char name[TW_LINK_NAME_MAX + 1];
};
struct look {
	const struct role *role;
	size_t count, off; /* off: those that are, as they are to be */
	size_t differ;     /* count, and those that have no room */
	struct link of[LINKS_MAX];
};

static tw_err say(tw_channel *core, uint16_t type, uint32_t tag, const char *words)
{
	const size_t size = strlen(words);

	return tw_channel_send(core, type, tag, words, size < TW_LINKS_WORDS_MAX ? size : TW_LINKS_WORDS_MAX, NULL, 0);
}

/* --- What went wrong first --- */

/* One that does not go keeps no other from going. */
struct first {
	tw_err e;
	char why[TW_DETAIL_MAX];
};

static void note(struct first *f, tw_err e)
{
	if (!tw_failed(e) || tw_failed(f->e))
		return;
	f->e = e;
	(void)snprintf(f->why, sizeof f->why, "%s", tw_err_detail());
}

static tw_err noted(const struct first *f)
{
	return tw_failed(f->e) ? tw_raise(f->e.code, __func__, __LINE__, "%s", f->why) : TW_OK;
}

/* --- Links --- */

static tw_err each(void *user, const struct tw_netlink_message *m)
{
	struct look *l = user;
	struct tw_netlink_link link;

	if (m->type != RTM_NEWLINK)
		return TW_OK;
	TW_TRY(tw_netlink_link(m->payload, &link));
	if (link.type == ARPHRD_LOOPBACK)
		return TW_OK;
	const bool to_off = tw_off_has(&l->role->off, TW_OFF_LINK, link.name), is_up = link.flags & IFF_UP;

	l->off += to_off && !is_up;
	if (to_off ? !is_up : is_up || !tw_off_has(&l->role->was, TW_OFF_LINK, link.name))
		return TW_OK;
	if (l->differ++ >= LINKS_MAX)
		return TW_OK;
	l->of[l->count] = (struct link){ .index = link.index, .to_off = to_off };
	memcpy(l->of[l->count++].name, link.name, sizeof link.name);
	return TW_OK;
}

/* What differs from what is to be. */
static tw_err look_at_links(const struct role *r, struct look *ret)
{
	const struct ifinfomsg all = { .ifi_family = AF_UNSPEC };
	const struct tw_watch_question q = { RTM_GETLINK, &all, sizeof all };

	*ret = (struct look){ .role = r };
	return tw_watch_ask(r->sys, r->links, &q, each, ret);
}

static tw_err switch_link(const struct role *r, const struct link *l)
{
	const struct ifinfomsg what = {
		.ifi_family = AF_UNSPEC, .ifi_index = (int)l->index, .ifi_flags = l->to_off ? 0 : IFF_UP, .ifi_change = IFF_UP
	};
	const struct tw_watch_question q = { RTM_NEWLINK, &what, sizeof what };

	return tw_watch_order(r->sys, r->links, &q);
}

/* core: told of those that were on, NULL: they had not been off yet. */
static tw_err put_link(struct role *r, const struct link *l, tw_channel *core)
{
	char words[64];

	TW_TRY(switch_link(r, l));
	if (!core || !l->to_off)
		return TW_OK;
	(void)snprintf(words, sizeof words, "link %s", l->name);
	return say(core, TW_LINKS_HELD, 0, words);
}

static tw_err put_found(struct role *r, const struct look *l, tw_channel *core)
{
	struct first f = { .e = TW_OK };

	for (size_t i = 0; i < l->count; i++)
		note(&f, put_link(r, &l->of[i], core));
	return noted(&f);
}

/* Whoever fights for a link has it on between two looks, and no longer. Those of one look that do not go leave no room for those beyond. */
static tw_err put_links(struct role *r, tw_channel *core)
{
	tw_err e = TW_OK;
	struct look l;

	for (size_t before = SIZE_MAX;; before = l.differ) {
		TW_TRY(look_at_links(r, &l));
		if (l.differ >= before)
			return tw_failed(e) ? e : TW_RAISE(LIMIT, "%zu links do not go as they are to", l.differ);
		e = put_found(r, &l, core);
		if (l.differ == l.count)
			return e;
	}
}

/* --- Radios --- */

static tw_err put_radio(struct role *r, const struct tw_radio *one, tw_channel *core)
{
	const bool to_off = tw_off_has(&r->off, TW_OFF_RADIO, tw_radio_name(one));
	char words[64];

	if (to_off ? one->is_off : !one->is_off || !tw_off_has(&r->was, TW_OFF_RADIO, tw_radio_name(one)))
		return TW_OK;
	TW_TRY(tw_radios_switch(r->sys, &r->radios, one, to_off));
	if (!core || !to_off)
		return TW_OK;
	(void)snprintf(words, sizeof words, "radio %s", tw_radio_name(one));
	return say(core, TW_LINKS_HELD, 0, words);
}

static tw_err put_radios(struct role *r, tw_channel *core)
{
	struct first f = { .e = TW_OK };
	bool any = false;

	TW_TRY(tw_radios_hear(r->sys, &r->radios, &any));
	for (size_t i = 0; i < r->radios.count; i++)
		note(&f, put_radio(r, &r->radios.of[i], core));
	return noted(&f);
}

/* Radios first: the kernel brings up no link whose radio is blocked. */
static tw_err put_all(struct role *r, tw_channel *core)
{
	struct first f = { .e = TW_OK };

	note(&f, put_radios(r, core));
	note(&f, put_links(r, core));
	return noted(&f);
}

static tw_err check_radios(struct role *r, uint32_t *count)
{
	bool any = false;

	TW_TRY(tw_radios_hear(r->sys, &r->radios, &any));
	for (size_t i = 0; i < r->radios.count; i++) {
		if (!tw_off_has(&r->off, TW_OFF_RADIO, tw_radio_name(&r->radios.of[i])))
			continue;
		if (!r->radios.of[i].is_off)
			return TW_RAISE(STATE, "radio %s does not go off", tw_radio_name(&r->radios.of[i]));
		(*count)++;
	}
	return TW_OK;
}

/* --- What core asks --- */

/* The kernel's word for it, and not ours. */
static tw_err read_back(struct role *r, uint32_t *ret)
{
	struct look l;

	TW_TRY(look_at_links(r, &l));
	if (l.count)
		return TW_RAISE(STATE, "link %s does not go %s", l.of[0].name, l.of[0].to_off ? "off" : "on");
	*ret = (uint32_t)l.off;
	return check_radios(r, ret);
}

static tw_err put(struct role *r, uint32_t *ret)
{
	TW_TRY(put_all(r, NULL));
	return read_back(r, ret);
}

static tw_err words_of(struct tw_cursor *c, char text[TW_LINKS_OFF_MAX + 1], struct tw_off *ret)
{
	struct tw_slice s = { NULL, 0 };

	TW_TRY(tw_cursor_block16(c, TW_LINKS_OFF_MAX, &s));
	if (s.size)
		memcpy(text, s.at, s.size);
	text[s.size] = '\0';
	return tw_off_read((struct tw_slice){ text, s.size }, ret);
}

static tw_err serve(void *user, tw_channel *core, const struct tw_message *m)
{
	struct role *r = user;
	struct tw_cursor c = tw_cursor_of(m->payload.at, m->payload.size);
	uint32_t count = 0;

	if (tw_failed(words_of(&c, r->text[0], &r->off)) || tw_failed(words_of(&c, r->text[1], &r->was)) || tw_cursor_left(&c))
		return TW_RAISE(UNTRUSTED, "core names what is no interface");
	tw_err e = put(r, &count);
	r->looked_ms = tw_boot_ms(r->sys);
	r->owed = false;
	r->stands = r->off.count > 0;
	r->was.count = 0;
	if (tw_failed(e))
		return say(core, TW_LINKS_FAILED, m->tag, tw_err_detail());
	const uint8_t said[4] = { (uint8_t)(count >> 24), (uint8_t)(count >> 16), (uint8_t)(count >> 8), (uint8_t)count };
	return tw_channel_send(core, TW_LINKS_HOLDS, m->tag, said, sizeof said, NULL, 0);
}

static size_t waits(void *user, struct pollfd *ret, int *ret_ms)
{
	const struct role *r = user;

	if (!r->stands)
		return 0;
	const int64_t left = r->looked_ms + LOOK_MS - tw_boot_ms(r->sys);

	ret[0] = (struct pollfd){ .fd = r->changes, .events = POLLIN };
	ret[1] = (struct pollfd){ .fd = r->radios.there ? r->radios.fd : -1, .events = POLLIN };
	*ret_ms = r->owed ? QUIET_MS : left > 0 ? (int)left : 0;
	return LINES;
}

/* Core puts it again, after a pause, when it is told that it failed. */
static tw_err turn(void *user, tw_channel *core)
{
	struct role *r = user;
	bool links = false, radios = false;

	if (!r->stands)
		return TW_OK;
	tw_err e = tw_watch_line_hear(r->sys, r->changes, &links);
	if (!tw_failed(e))
		e = tw_radios_hear(r->sys, &r->radios, &radios);
	r->owed = r->owed || links || radios;
	const int64_t since = tw_boot_ms(r->sys) - r->looked_ms;

	if (!tw_failed(e) && (since < QUIET_MS || (!r->owed && since < LOOK_MS)))
		return TW_OK;
	r->owed = false;
	r->looked_ms = tw_boot_ms(r->sys);
	if (!tw_failed(e))
		e = put_all(r, core);
	if (!tw_failed(e))
		return TW_OK;
	r->stands = false;
	return say(core, TW_LINKS_FAILED, 0, tw_err_detail());
}

static int run(const struct tw_sys *sys, const struct tw_role_start *start)
{
	struct role r = { .sys = sys, .changes = start->fd_count, .links = start->fd_count + 1, .radios = { .fd = TW_FD_OWN, .there = true } };
	const struct tw_errand_work w = { .rows = tw_rows_links_from_core, .serve = serve, .user = &r, .waits = waits, .turn = turn };

	return tw_errand_run(sys, &w);
}

/* While there still is a right to make sockets. */
static tw_err open_lines(const struct tw_sys *sys, struct tw_role_start *start, uid_t uid, gid_t gid)
{
	TW_TRY(tw_watch_line_open(sys, NETLINK_ROUTE, RTMGRP_LINK, start->fd_count));
	TW_TRY(tw_watch_line_open(sys, NETLINK_ROUTE, 0, start->fd_count + 1));
	start->more_fds = LINES;
	return TW_OK;
}

const struct tw_role_row tw_links_role = { "links", TW_LINKS_ROLE_MAY, run, open_lines };
