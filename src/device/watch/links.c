/* SPDX-License-Identifier: Apache-2.0 */
/* Links, by rtnetlink; their drivers, and which of them are more than their frames say, by the kernel's tree. */
#include "device/watch/look.h"

#include "base/mem.h"

#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <linux/if.h>
#include <string.h>

#define STATE_UP 6 /* IF_OPER_UP */
#define STATE_UNKNOWN 0

/* A link that has no way to know, as the loopback, says that it is unknown, and works. */
static const char *state_of(const struct tw_netlink_link *l)
{
	if (!(l->flags & IFF_UP))
		return "off";
	return l->state == STATE_UP || (l->state == STATE_UNKNOWN && l->flags & IFF_RUNNING) ? "up" : "down";
}

/* What carries Ethernet's frames, or none, and is another technology: by the kernel's word for it (DEVTYPE). NULL: none of these. */
static const char *what_of_type(const char *type)
{
	static const char *const rows[][2] = { { "wlan", "wireless" }, { "wwan", "cellular" }, { "bluetooth", "bluetooth" },
		{ "gadget", "usb" } };

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (strcmp(rows[i][0], type) == 0)
			return rows[i][1];
	return NULL;
}

/* @nist LA.IC.14: which technology it is */
static const char *what_of(const struct tw_netlink_link *l, const char *type)
{
	const char *what = what_of_type(type);

	if (what)
		return what;
	switch (l->type) {
	case ARPHRD_ETHER:
		return "ethernet";
	case ARPHRD_LOOPBACK:
		return "loopback";
	case ARPHRD_CAN:
		return "can";
	case ARPHRD_PPP:
		return "ppp";
	case ARPHRD_IEEE802154:
		return "ieee 802.15.4";
	default:
		return l->kind[0] ? l->kind : "other";
	}
}

static tw_err each(void *user, const struct tw_netlink_message *m)
{
	const struct tw_watch_look *l = user;
	struct tw_netlink_link link;
	char type[TW_WATCH_TEXT], driver[TW_WATCH_TEXT];

	if (m->type != RTM_NEWLINK)
		return TW_OK;
	TW_TRY(tw_netlink_link(m->payload, &link));
	tw_watch_value(l, "DEVTYPE", type, "class/net/%s/uevent", link.name);
	tw_watch_value(l, "DRIVER", driver, "class/net/%s/device/uevent", link.name);
	const struct tw_watch_item i = { TW_WATCH_LINK, tw_slice_of(link.name), tw_slice_of(what_of(&link, type)),
		tw_slice_of(driver[0] ? driver : link.kind), tw_slice_of(link.address), tw_slice_of(state_of(&link)) };
	return tw_watch_add(l, &i);
}

tw_err tw_watch_look_links(const struct tw_watch_look *l)
{
	const struct ifinfomsg all = { .ifi_family = AF_UNSPEC };
	const struct tw_watch_question q = { RTM_GETLINK, &all, sizeof all };

	return tw_watch_ask(l->sys, l->lines->links, &q, each, (void *)(uintptr_t)l);
}
