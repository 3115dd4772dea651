/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says, read; and every length of it wrong. Real messages are the seeds of the fuzz target, and test/run/test_watch.py. */
#include "sys/netlink.h"

#include "base/mem.h"
#include "sys/real.h"
#include "check.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

static void attribute(struct tw_buf *b, uint16_t type, const void *value, size_t size)
{
	const struct rtattr head = { (uint16_t)(sizeof head + size), type };

	CHECK_OK(tw_buf_add(b, &head, sizeof head));
	CHECK_OK(tw_buf_add(b, value, size));
	while (b->size % 4)
		CHECK_OK(tw_buf_u8(b, 0));
}

static void make_link(struct tw_buf *b)
{
	const struct ifinfomsg head = { .ifi_type = 1, .ifi_index = 7, .ifi_flags = IFF_UP };
	const uint8_t state = 6;

	CHECK_OK(tw_buf_add(b, &head, sizeof head));
	attribute(b, IFLA_IFNAME, "veth\n0\xff", 8);
	attribute(b, IFLA_ADDRESS, "\x02\xfc\x00\x0a\xff\x01", 6);
	attribute(b, IFLA_OPERSTATE, &state, 1);
	attribute(b, IFLA_LINKINFO | 0x8000, "\x09\x00\x01\x00veth\0\0\0", 12);
}

static void test_link(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_netlink_link l;

	tw_buf_init(&b, tw_sys_real(), 4096);
	make_link(&b);
	CHECK_OK(tw_netlink_link(tw_buf_slice(&b), &l));
	CHECK_INT(l.index, 7);
	CHECK_INT(l.type, 1);
	CHECK_INT(l.state, 6);
	CHECK(l.flags & IFF_UP);
	CHECK_TEXT(l.name, "veth0?");
	CHECK_TEXT(l.kind, "veth");
	CHECK_TEXT(l.address, "02:fc:00:0a:ff:01");
	for (size_t size = 0; size < b.size; size++) { /* cut at an attribute's end it is a shorter message */
		struct tw_netlink_link cut;
		tw_err e = tw_netlink_link((struct tw_slice){ b.data, size }, &cut);

		CHECK(!tw_failed(e) || tw_is(e, TW_CODE_SYNTAX));
		CHECK(size > sizeof(struct ifinfomsg) + 8 || tw_failed(e));
	}
	b.data[sizeof(struct ifinfomsg)] = 3; /* an attribute shorter than its head */
	CHECK_ERR(tw_netlink_link(tw_buf_slice(&b), &l), SYNTAX);
	b.data[sizeof(struct ifinfomsg)] = 127;
	CHECK_ERR(tw_netlink_link(tw_buf_slice(&b), &l), SYNTAX);
	tw_buf_clear(&b);
	CHECK_OK(tw_buf_add(&b, &(struct ifinfomsg){ .ifi_index = 1 }, sizeof(struct ifinfomsg)));
	CHECK_ERR(tw_netlink_link(tw_buf_slice(&b), &l), SYNTAX);
}

static void test_long_address(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const struct ifinfomsg head = { .ifi_index = 1 };
	char address[200] = "";
	struct tw_netlink_link l;

	tw_buf_init(&b, tw_sys_real(), 4096);
	CHECK_OK(tw_buf_add(&b, &head, sizeof head));
	attribute(&b, IFLA_ADDRESS, address, sizeof address);
	attribute(&b, IFLA_IFNAME, address, 0);
	CHECK_ERR(tw_netlink_link(tw_buf_slice(&b), &l), SYNTAX);
	attribute(&b, IFLA_IFNAME, "a-name-of-more-than-fifteen", 27);
	CHECK_OK(tw_netlink_link(tw_buf_slice(&b), &l));
	CHECK_TEXT(l.name, "a-name-of-more-");
	CHECK_INT(strlen(l.address), 32 * 3 - 1);
}

static void make_socket(struct tw_buf *b, int family, const char *address, uint32_t link)
{
	struct inet_diag_msg m = { .idiag_family = (uint8_t)family, .idiag_state = 10, .idiag_uid = 58712 };
	const uint64_t cgroup = 4711;

	m.id.idiag_sport = htons(8443);
	m.id.idiag_if = link;
	CHECK(inet_pton(family, address, m.id.idiag_src) == 1);
	CHECK_OK(tw_buf_add(b, &m, sizeof m));
	attribute(b, 21, &cgroup, sizeof cgroup);
}

static void test_socket(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_netlink_socket s;

	tw_buf_init(&b, tw_sys_real(), 4096);
	make_socket(&b, AF_INET, "192.0.2.1", 0);
	CHECK_OK(tw_netlink_socket(tw_buf_slice(&b), &s));
	CHECK_TEXT(s.address, "192.0.2.1");
	CHECK(s.port == 8443 && s.uid == 58712 && s.cgroup == 4711 && s.state == 10);
	for (size_t size = 0; size < b.size; size++) {
		tw_err e = tw_netlink_socket((struct tw_slice){ b.data, size }, &s);

		CHECK(size == sizeof(struct inet_diag_msg) ? !tw_failed(e) && s.cgroup == 0 : tw_is(e, TW_CODE_SYNTAX));
	}
	b.data[0] = AF_UNIX;
	CHECK_ERR(tw_netlink_socket(tw_buf_slice(&b), &s), SYNTAX);
	tw_buf_clear(&b);
	make_socket(&b, AF_INET6, "fe80::1", 3);
	CHECK_OK(tw_netlink_socket(tw_buf_slice(&b), &s));
	CHECK_TEXT(s.address, "fe80::1%3");
}

static void put(struct tw_buf *b, uint16_t type, const void *payload, uint32_t size)
{
	const struct nlmsghdr head = { .nlmsg_len = (uint32_t)sizeof head + size, .nlmsg_type = type, .nlmsg_seq = 5 };

	CHECK_OK(tw_buf_add(b, &head, sizeof head));
	CHECK_OK(tw_buf_add(b, payload, size));
	while (b->size % 4)
		CHECK_OK(tw_buf_u8(b, 0));
}

static void test_messages(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const int32_t denied = -1, wrong = 1;
	struct tw_netlink_message m;
	struct tw_slice rest;
	int number;
	bool any;

	tw_buf_init(&b, tw_sys_real(), 4096);
	put(&b, 16, "abcde", 5);
	put(&b, NLMSG_ERROR, &denied, sizeof denied);
	rest = tw_buf_slice(&b);
	CHECK_OK(tw_netlink_next(&rest, &m, &any));
	CHECK(any && m.type == 16 && m.sequence == 5 && m.payload.size == 5 && m.payload.at[4] == 'e');
	CHECK_OK(tw_netlink_next(&rest, &m, &any));
	CHECK(any && m.type == NLMSG_ERROR);
	CHECK_OK(tw_netlink_error(m.payload, &number));
	CHECK_INT(number, 1);
	CHECK_OK(tw_netlink_next(&rest, &m, &any));
	CHECK(!any);
	for (size_t size = 1; size < 16 + 5; size++) {
		rest = (struct tw_slice){ b.data, size };
		CHECK_ERR(tw_netlink_next(&rest, &m, &any), SYNTAX);
	}
	rest = tw_buf_slice(&b);
	b.data[0] = 15; /* shorter than its own head */
	CHECK_ERR(tw_netlink_next(&rest, &m, &any), SYNTAX);
	CHECK_ERR(tw_netlink_error(TW_SLICE("abc"), &number), SYNTAX);
	CHECK_ERR(tw_netlink_error((struct tw_slice){ (const char *)&wrong, sizeof wrong }, &number), SYNTAX);
}

static void test_uevents(void **state)
{
	static const struct tw_slice wrong[] = { { NULL, 0 }, TW_SLICE("libudev"), TW_SLICE("@/a\0SUBSYSTEM=b"),
		TW_SLICE("add@\0SUBSYSTEM=b"), TW_SLICE("add@a\0SUBSYSTEM=b"), TW_SLICE("add@/a"), TW_SLICE("add@/a\0SUBSYSTEM="),
		TW_SLICE("add@/a\0SUBSYSTEM=a b"), TW_SLICE("a\xff@/a\0SUBSYSTEM=b"), TW_SLICE("add@/\n\0SUBSYSTEM=b") };
	struct tw_uevent u;

	CHECK_OK(tw_uevent_read(TW_SLICE("add@/devices/x\0ACTION=add\0SUBSYSTEM=usb\0SEQNUM=1"), &u));
	CHECK(tw_slice_is(u.action, "add") && tw_slice_is(u.path, "/devices/x") && tw_slice_is(u.subsystem, "usb"));
	for (size_t i = 0; i < TW_COUNT(wrong); i++)
		CHECK_ERR(tw_uevent_read(wrong[i], &u), SYNTAX);
}

static void test_plain(void **state)
{
	static const struct {
		struct tw_slice in;
		const char *out;
	} rows[] = { { TW_SLICE("  Keyboard  \n"), "Keyboard" }, { TW_SLICE("a\x1b[2Jb"), "a?[2Jb" }, { TW_SLICE("a\0b"), "a" },
		{ TW_SLICE("\xc3\xa4"), "??" }, { TW_SLICE("0123456789abcdefg"), "0123456789abcde" }, { TW_SLICE(" "), "" } };
	char text[16];

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_plain_text(rows[i].in, text, sizeof text);
		CHECK_TEXT(text, rows[i].out);
	}
}

CHECK_MAIN(cmocka_unit_test(test_link), cmocka_unit_test(test_long_address), cmocka_unit_test(test_socket),
	cmocka_unit_test(test_messages), cmocka_unit_test(test_uevents), cmocka_unit_test(test_plain))
