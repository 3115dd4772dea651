/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/netlink.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#define ALIGN 4U
#define CGROUP_ID 21 /* INET_DIAG_CGROUP_ID, of Linux 5.8; an older header has no name for it */
#define TYPE_MASK 0x3fffU

/* Moves on by what is taken and what aligns it; the last one need not be aligned. */
static struct tw_slice take(struct tw_slice *rest, size_t size)
{
	const struct tw_slice piece = { rest->at, size };
	size_t padded = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);

	padded = padded < rest->size ? padded : rest->size;
	rest->at += padded;
	rest->size -= padded;
	return piece;
}

tw_err tw_netlink_next(struct tw_slice *rest, struct tw_netlink_message *ret, bool *ret_any)
{
	struct nlmsghdr head;

	*ret_any = false;
	if (rest->size == 0)
		return TW_OK;
	if (rest->size < sizeof head)
		return TW_RAISE(SYNTAX, "netlink: %zu bytes are no message", rest->size);
	memcpy(&head, rest->at, sizeof head);
	if (head.nlmsg_len < sizeof head || head.nlmsg_len > rest->size)
		return TW_RAISE(SYNTAX, "netlink: a message of %u bytes where there are %zu", head.nlmsg_len, rest->size);
	struct tw_slice all = take(rest, head.nlmsg_len);
	*ret = (struct tw_netlink_message){ head.nlmsg_type, head.nlmsg_flags, head.nlmsg_seq,
		{ all.at + sizeof head, all.size - sizeof head } };
	*ret_any = true;
	return TW_OK;
}

tw_err tw_netlink_error(struct tw_slice payload, int *ret)
{
	int32_t number;

	if (payload.size < sizeof number)
		return TW_RAISE(SYNTAX, "netlink: an error of %zu bytes", payload.size);
	memcpy(&number, payload.at, sizeof number);
	if (number > 0 || number < -4095)
		return TW_RAISE(SYNTAX, "netlink: an error that is no number of one");
	*ret = -number;
	return TW_OK;
}

/* The next attribute; false: there is none. */
static tw_err next_attribute(struct tw_slice *rest, uint16_t *ret_type, struct tw_slice *ret, bool *ret_any)
{
	struct rtattr head;

	*ret_any = false;
	if (rest->size == 0)
		return TW_OK;
	if (rest->size < sizeof head)
		return TW_RAISE(SYNTAX, "netlink: %zu bytes are no attribute", rest->size);
	memcpy(&head, rest->at, sizeof head);
	if (head.rta_len < sizeof head || head.rta_len > rest->size)
		return TW_RAISE(SYNTAX, "netlink: an attribute of %u bytes where there are %zu", head.rta_len, rest->size);
	struct tw_slice all = take(rest, head.rta_len);
	*ret_type = head.rta_type & TYPE_MASK;
	*ret = (struct tw_slice){ all.at + sizeof head, all.size - sizeof head };
	*ret_any = true;
	return TW_OK;
}

void tw_plain_text(struct tw_slice s, char *ret, size_t room)
{
	size_t n = 0, end = 0;

	for (size_t i = 0; i < s.size && s.at[i] && n + 1 < room; i++) {
		unsigned char c = (unsigned char)s.at[i];

		if (c == '\n' || (c == ' ' && n == 0))
			continue;
		ret[n++] = c >= ' ' && c < 127 ? (char)c : '?';
		end = c == ' ' ? end : n;
	}
	ret[end] = '\0';
}

static void address_text(struct tw_slice bytes, char *ret, size_t room)
{
	size_t n = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < bytes.size && n + 4 <= room; i++)
		n += (size_t)snprintf(ret + n, room - n, "%s%02x", i ? ":" : "", (unsigned)(uint8_t)bytes.at[i]);
}

static tw_err read_kind(struct tw_slice nested, struct tw_netlink_link *ret)
{
	struct tw_slice value;
	uint16_t type;
	bool any = true;

	for (;;) {
		TW_TRY(next_attribute(&nested, &type, &value, &any));
		if (!any)
			return TW_OK;
		if (type == IFLA_INFO_KIND)
			tw_plain_text(value, ret->kind, sizeof ret->kind);
	}
}

static tw_err link_attribute(uint16_t type, struct tw_slice value, struct tw_netlink_link *ret)
{
	if (type == IFLA_IFNAME)
		tw_plain_text(value, ret->name, sizeof ret->name);
	else if (type == IFLA_ADDRESS)
		address_text(value, ret->address, sizeof ret->address);
	else if (type == IFLA_OPERSTATE && value.size == 1)
		ret->state = (uint8_t)value.at[0];
	else if (type == IFLA_LINKINFO)
		return read_kind(value, ret);
	return TW_OK;
}

tw_err tw_netlink_link(struct tw_slice payload, struct tw_netlink_link *ret)
{
	struct ifinfomsg head;
	struct tw_netlink_link link = { 0 };
	struct tw_slice value;
	uint16_t type;
	bool any = true;

	if (payload.size < sizeof head)
		return TW_RAISE(SYNTAX, "netlink: %zu bytes are no link", payload.size);
	memcpy(&head, payload.at, sizeof head);
	(void)take(&payload, sizeof head);
	link.index = (uint32_t)head.ifi_index;
	link.type = head.ifi_type;
	link.flags = head.ifi_flags;
	while (any) {
		TW_TRY(next_attribute(&payload, &type, &value, &any));
		if (any)
			TW_TRY(link_attribute(type, value, &link));
	}
	if (!link.name[0])
		return TW_RAISE(SYNTAX, "netlink: a link without a name");
	*ret = link;
	return TW_OK;
}

/* On which link a local address counts is part of it. */
static tw_err socket_address(const struct inet_diag_msg *m, char *ret, size_t room)
{
	struct in6_addr six;
	struct in_addr four;
	char text[INET6_ADDRSTRLEN] = "";

	memcpy(&six, m->id.idiag_src, sizeof six);
	memcpy(&four, m->id.idiag_src, sizeof four);
	if (m->idiag_family != AF_INET && m->idiag_family != AF_INET6)
		return TW_RAISE(SYNTAX, "netlink: a socket of family %u", m->idiag_family);
	if (!inet_ntop(m->idiag_family, m->idiag_family == AF_INET ? (void *)&four : (void *)&six, text, sizeof text))
		return TW_RAISE(SYNTAX, "netlink: an address without a form");
	if (m->id.idiag_if)
		(void)snprintf(ret, room, "%s%%%u", text, m->id.idiag_if);
	else
		(void)snprintf(ret, room, "%s", text);
	return TW_OK;
}

tw_err tw_netlink_socket(struct tw_slice payload, struct tw_netlink_socket *ret)
{
	struct inet_diag_msg m;
	struct tw_slice value;
	uint16_t type;
	bool any = true;

	if (payload.size < sizeof m)
		return TW_RAISE(SYNTAX, "netlink: %zu bytes are no socket", payload.size);
	memcpy(&m, payload.at, sizeof m);
	(void)take(&payload, sizeof m);
	struct tw_netlink_socket s = { .family = m.idiag_family, .state = m.idiag_state, .uid = m.idiag_uid, .port = ntohs(m.id.idiag_sport) };
	TW_TRY(socket_address(&m, s.address, sizeof s.address));
	while (any) {
		TW_TRY(next_attribute(&payload, &type, &value, &any));
		if (any && type == CGROUP_ID && value.size == sizeof s.cgroup)
			memcpy(&s.cgroup, value.at, sizeof s.cgroup);
	}
	*ret = s;
	return TW_OK;
}

static bool printable(struct tw_slice s)
{
	for (size_t i = 0; i < s.size; i++)
		if (s.at[i] <= ' ' || s.at[i] >= 127)
			return false;
	return s.size > 0;
}

/* Off *rest, up to a NUL. */
static struct tw_slice next_text(struct tw_slice *rest)
{
	const char *end = memchr(rest->at, '\0', rest->size);
	const size_t size = end ? (size_t)(end - rest->at) : rest->size, all = size + (end ? 1 : 0);
	const struct tw_slice text = { rest->at, size };

	rest->at += all;
	rest->size -= all;
	return text;
}

/* "add@/devices/x", then texts KEY=VALUE, each with a NUL behind it. */
tw_err tw_uevent_read(struct tw_slice datagram, struct tw_uevent *ret)
{
	static const char key[] = "SUBSYSTEM=";
	struct tw_slice head = datagram.size ? next_text(&datagram) : datagram;
	const char *sign = head.size ? memchr(head.at, '@', head.size) : NULL;
	struct tw_uevent u = { 0 };

	if (!sign)
		return TW_RAISE(SYNTAX, "uevent: it does not begin with an action and a path");
	u.action = (struct tw_slice){ head.at, (size_t)(sign - head.at) };
	u.path = (struct tw_slice){ sign + 1, head.size - u.action.size - 1 };
	while (datagram.size) {
		struct tw_slice text = next_text(&datagram);

		if (text.size >= sizeof key && memcmp(text.at, key, sizeof key - 1) == 0)
			u.subsystem = (struct tw_slice){ text.at + sizeof key - 1, text.size - (sizeof key - 1) };
	}
	if (!printable(u.action) || !printable(u.path) || u.path.at[0] != '/' || !printable(u.subsystem))
		return TW_RAISE(SYNTAX, "uevent: its action, its path or its subsystem is no word");
	*ret = u;
	return TW_OK;
}
