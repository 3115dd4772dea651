/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of the kernel's: a uevent when the first byte is even, else a datagram of netlink messages, each read as all that it could be. */
#include "sys/netlink.h"

#include <stdlib.h>
#include <string.h>

static void plain(const char *text, size_t room)
{
	if (memchr(text, '\0', room) == NULL)
		abort();
	for (; *text; text++)
		if (*text < ' ' || *text >= 127)
			abort();
}

static void uevent(struct tw_slice bytes)
{
	struct tw_uevent u;

	if (!tw_failed(tw_uevent_read(bytes, &u)) &&
		(u.action.at < bytes.at || u.subsystem.size == 0 || u.subsystem.at + u.subsystem.size > bytes.at + bytes.size))
		abort();
}

static void datagram(struct tw_slice bytes)
{
	struct tw_netlink_message m;
	struct tw_netlink_link link;
	struct tw_netlink_socket s;
	int number;
	bool any = true;

	while (!tw_failed(tw_netlink_next(&bytes, &m, &any)) && any) {
		if (!tw_failed(tw_netlink_link(m.payload, &link))) {
			plain(link.name, sizeof link.name);
			plain(link.kind, sizeof link.kind);
			plain(link.address, sizeof link.address);
		}
		if (!tw_failed(tw_netlink_socket(m.payload, &s)))
			plain(s.address, sizeof s.address);
		if (!tw_failed(tw_netlink_error(m.payload, &number)) && number < 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tw_slice bytes = { (const char *)data + 1, size - 1 };

	if (size == 0)
		return 0;
	if (data[0] & 1)
		datagram(bytes);
	else
		uevent(bytes);
	return 0;
}
