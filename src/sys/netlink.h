/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel says of its links, listening sockets and devices, as bytes in and rows out: rtnetlink, sock_diag, uevents.
 *
 * Pure. Whoever reads a socket has made sure that the kernel sent it; what is in it may still come from outside (a USB device chooses its
 * name, a program that of its link), so every length is held against what is there, and texts come out printable. Integers are the machine's own.
 */
#ifndef TW_SYS_NETLINK_H
#define TW_SYS_NETLINK_H
#include "base/buf.h"
#include "base/err.h"

#define TW_NETLINK_MESSAGE_MAX (32 * 1024) /* of one datagram: what the kernel fills at most when it is given so much room */

/* One message of a datagram, or a failure the kernel tells. */
struct tw_netlink_message {
	uint16_t type, flags;
	uint32_t sequence;
	struct tw_slice payload;
};
/* The next of *rest, which it moves on. False: there is none. SYNTAX: its length cannot be. */
tw_err tw_netlink_next(struct tw_slice *rest, struct tw_netlink_message *ret, bool *ret_any);
/* errno of an NLMSG_ERROR, positive; 0: it is an acknowledgement. */
tw_err tw_netlink_error(struct tw_slice payload, int *ret);

#define TW_LINK_NAME_MAX 15
struct tw_netlink_link {
	uint32_t index;
	uint16_t type;  /* ARPHRD_ */
	uint32_t flags; /* IFF_ */
	uint8_t state;  /* IF_OPER_ */
	char name[TW_LINK_NAME_MAX + 1];
	char kind[TW_LINK_NAME_MAX + 1]; /* "veth"; "" for what has a device, or none */
	char address[3 * 32];            /* "02:fc:.."; "" when it has none */
};
tw_err tw_netlink_link(struct tw_slice payload, struct tw_netlink_link *ret); /* of RTM_NEWLINK and RTM_DELLINK. SYNTAX */

#define TW_SOCKET_ADDRESS_MAX 72
struct tw_netlink_socket {
	uint8_t family, state; /* AF_INET or AF_INET6; as in TCP */
	uint32_t uid;
	uint64_t cgroup; /* whose socket it is; 0: the kernel does not say */
	uint16_t port;
	char address[TW_SOCKET_ADDRESS_MAX]; /* "0.0.0.0", "fe80::1%3" */
};
tw_err tw_netlink_socket(struct tw_slice payload, struct tw_netlink_socket *ret); /* of SOCK_DIAG_BY_FAMILY. SYNTAX */

struct tw_uevent {
	struct tw_slice action, path, subsystem; /* "add", "/devices/...", "usb": borrowed, and each printable */
};
tw_err tw_uevent_read(struct tw_slice datagram, struct tw_uevent *ret); /* SYNTAX */

/* Outside text, cut to its room: what is no printable ASCII becomes '?', blanks at the ends go. */
void tw_plain_text(struct tw_slice s, char *ret, size_t room);
#endif
