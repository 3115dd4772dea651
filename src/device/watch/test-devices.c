/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that the machine of the tests does not have, as files that stand as the kernel's tree does; and that tree with calls that fail. */
#include "device/watch/look.h"

#include "base/mem.h"
#include "sys/fake.h"
#include "sys/real.h"
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/if_arp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char place[64];

static void put(const char *path, const char *content)
{
	char all[256];

	(void)snprintf(all, sizeof all, "%s/%s", place, path);
	for (char *slash = strchr(all + strlen(place) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(all, 0755);
		*slash = '/';
	}
	FILE *f = fopen(all, "we");
	CHECK(f && fputs(content, f) >= 0 && fclose(f) == 0);
}

static int set_up(void **state)
{
	static const char *const files[][2] = {
		{ "class/rfkill/rfkill0/type", "wlan\n" },
		{ "class/rfkill/rfkill0/name", "phy0\n" },
		{ "class/rfkill/rfkill0/soft", "1\n" },
		{ "class/rfkill/rfkill0/hard", "0\n" },
		{ "class/rfkill/rfkill0/device/device/uevent", "DRIVER=brcmfmac\n" },
		{ "class/rfkill/rfkill1/type", "bluetooth\n" },
		{ "class/rfkill/rfkill1/soft", "0\n" },
		{ "class/rfkill/rfkill1/hard", "1\n" },
		{ "class/bluetooth/hci0/device/uevent", "OF_NAME=bt\nDRIVER=hci_uart_bcm\n" },
		{ "class/bluetooth/hci0:11/x", "" },
		{ "bus/usb/devices/usb1/product", "xHCI\n" },
		{ "bus/usb/devices/1-1:1.0/x", "" },
		{ "bus/usb/devices/1-1/product", "Stick\x1b[2J\n" },
		{ "bus/usb/devices/1-1/manufacturer", "Maker\n" },
		{ "bus/usb/devices/1-1/idVendor", "0781\n" },
		{ "bus/usb/devices/1-1/idProduct", "5567\n" },
		{ "bus/usb/devices/1-1/authorized", "0\n" },
		{ "bus/usb/devices/1-1/uevent", "DEVTYPE=usb_device\nDRIVER=usb\n" },
		{ "class/tty/ttyS0/device/uevent", "DRIVER=serial8250\n" },
		{ "class/tty/ttyS0/type", "4\n" },
		{ "class/tty/ttyS1/device/uevent", "DRIVER=serial8250\n" },
		{ "class/tty/ttyS1/type", "0\n" },
		{ "class/tty/tty7/active", "" },
		{ "class/video4linux/video0/name", "Camera\n" },
		{ "class/video4linux/video0/device/uevent", "DRIVER=uvcvideo\n" },
		{ "class/video4linux/v4l-subdev0/name", "lens\n" },
		{ "class/sound/pcmC0D0c/device/id", "Mic\n" },
		{ "class/sound/pcmC0D0c/device/device/uevent", "DRIVER=snd\n" },
		{ "class/sound/pcmC0D0p/device/id", "Mic\n" },
		{ "class/input/input3/name", "Keys\n" },
		{ "class/input/input3/id/vendor", "046d\n" },
		{ "class/input/input3/id/product", "c31c\n" },
		{ "class/input/event3/x", "" },
		{ "block/sda/removable", "1\n" },
		{ "block/sda/device/model", "Disk 1  \n" },
		{ "block/sda/device/uevent", "DRIVER=sd\n" },
		{ "block/loop0/removable", "0\n" },
	};

	(void)snprintf(place, sizeof place, "/dev/shm/tw-test-XXXXXX");
	CHECK(mkdtemp(place) != NULL);
	for (size_t i = 0; i < TW_COUNT(files); i++)
		put(files[i][0], files[i][1]);
	return 0;
}

static int tear_down(void **state)
{
	pid_t pid = fork();

	if (pid == 0)
		(void)execlp("rm", "rm", "-rf", place, NULL);
	return pid > 0 && waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

static tw_err devices(const struct tw_sys *sys, size_t max, struct tw_buf *ret)
{
	const struct tw_watch_look l = { .sys = sys, .tree = place, .ret = ret };

	tw_buf_init(ret, sys, max);
	return tw_watch_look_devices(&l);
}

static void test_devices(void **state)
{
	static const char *const want[] = { "radio rfkill0|wlan|brcmfmac|phy0|blocked", "radio rfkill1|bluetooth|||switched off",
		"bluetooth hci0|controller|hci_uart_bcm||present", "usb 1-1|Maker Stick?[2J|usb|0781:5567|not authorized",
		"serial ttyS0|serial line|serial8250||present", "camera video0|Camera|uvcvideo||present",
		"microphone pcmC0D0c|Mic|snd||present", "input input3|Keys||046d:c31c|present", "storage sda|Disk 1|sd||removable" };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_watch_item i;
	size_t found = 0;

	CHECK_OK(devices(tw_sys_real(), TW_WATCH_SEEN_MAX, &b));
	for (struct tw_slice rest = tw_buf_slice(&b); rest.size; found++) {
		char got[512];
		bool is_wanted = false;

		CHECK_OK(tw_watch_item_read(&rest, &i));
		(void)snprintf(got, sizeof got, "%s " TW_SLICE_FMT "|" TW_SLICE_FMT "|" TW_SLICE_FMT "|" TW_SLICE_FMT "|" TW_SLICE_FMT,
			tw_watch_kinds[i.kind], TW_SLICE_ARG(i.name), TW_SLICE_ARG(i.what), TW_SLICE_ARG(i.driver),
			TW_SLICE_ARG(i.address), TW_SLICE_ARG(i.state));
		for (size_t n = 0; n < TW_COUNT(want); n++)
			is_wanted = is_wanted || strcmp(want[n], got) == 0;
		if (!is_wanted)
			fail_msg("not wanted: %s", got);
	}
	CHECK_INT(found, TW_COUNT(want));
}

static void test_full(void **state)
{
	for (size_t max = 0; max < 300; max++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		struct tw_watch_item i;

		CHECK_ERR(devices(tw_sys_real(), max, &b), LIMIT);
		for (struct tw_slice rest = tw_buf_slice(&b); rest.size;) /* whole ones only */
			CHECK_OK(tw_watch_item_read(&rest, &i));
	}
}

/* Each call fails once: what is then told is of its form, and nothing is lost of what was open. */
static void test_failures(void **state)
{
	static const int numbers[] = { ENOMEM, EIO, EACCES };
	tw_fake *f = tw_fake_new();

	for (size_t k = 0; k < TW_COUNT(numbers); k++) {
		bool fired = true;

		for (long n = 1; fired; n++) {
			TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
			struct tw_watch_item i;

			tw_fake_fail(f, n, numbers[k], false);
			(void)devices(tw_fake_sys(f), TW_WATCH_SEEN_MAX, &b);
			fired = tw_fake_fired(f);
			for (struct tw_slice rest = tw_buf_slice(&b); rest.size;)
				CHECK_OK(tw_watch_item_read(&rest, &i));
		}
	}
	tw_fake_free(f);
}

/* --- What the kernel answers, said by this test --- */

static struct {
	int end_errno; /* in the end of each list of UDP sockets */
	unsigned torn; /* so many lists are said to have changed meanwhile */
	bool is_udp;   /* was asked for last */
	bool is_link;
	size_t told;    /* of the links below, to this question */
	unsigned asked; /* questions about sockets */
} kernel;

static ssize_t hear_question(const struct tw_sys *sys, int fd, const struct msghdr *m, int flags)
{
	const struct nlmsghdr *h = m->msg_iov[0].iov_base;
	const struct inet_diag_req_v2 *r = m->msg_iov[1].iov_base;

	kernel.is_link = h->nlmsg_type == RTM_GETLINK;
	kernel.told = 0;
	kernel.is_udp = h->nlmsg_type == SOCK_DIAG_BY_FAMILY && r->sdiag_protocol == IPPROTO_UDP;
	kernel.asked += h->nlmsg_type == SOCK_DIAG_BY_FAMILY;
	return (ssize_t)(m->msg_iov[0].iov_len + m->msg_iov[1].iov_len);
}

static ssize_t say_end(const struct tw_sys *sys, int fd, struct msghdr *m, int flags)
{
	struct {
		struct nlmsghdr head;
		int32_t number;
	} end = { { sizeof end, NLMSG_DONE, NLM_F_MULTI, 1, 0 }, kernel.is_udp ? -kernel.end_errno : 0 };
	const struct sockaddr_nl from = { .nl_family = AF_NETLINK };

	if (kernel.torn) {
		kernel.torn--;
		end.head.nlmsg_flags |= NLM_F_DUMP_INTR;
	}
	memcpy(m->msg_name, &from, sizeof from);
	m->msg_namelen = sizeof from;
	memcpy(m->msg_iov[0].iov_base, &end, sizeof end);
	return sizeof end;
}

static int at_once(const struct tw_sys *sys, struct pollfd *fds, nfds_t count, int ms)
{
	return 1;
}

static unsigned missed(int end_errno, unsigned torn, size_t max)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_sys sys = *tw_sys_real();
	const struct tw_watch_lines lines = { -1, -1, -1, -1 };
	const struct tw_watch_look l = { .sys = &sys, .tree = place, .lines = &lines, .ret = &b };

	memset(&kernel, 0, sizeof kernel);
	kernel.end_errno = end_errno;
	kernel.torn = torn;
	sys.sendmsg = hear_question;
	sys.recvmsg = say_end;
	sys.poll = at_once;
	tw_buf_init(&b, tw_sys_real(), max);
	CHECK_OK(tw_watch_look(&l));
	return (uint8_t)b.data[0];
}

/* A list that ends by an error is not an empty one, one that changed meanwhile is asked for again, and what is full is full of one source. */
static void test_what_is_missed(void **state)
{
	CHECK_INT(missed(0, 0, TW_WATCH_SEEN_MAX), 0);
	CHECK_INT(kernel.asked, 4);
	CHECK_INT(missed(ENOENT, 0, TW_WATCH_SEEN_MAX), TW_WATCH_NO_SOCKETS);
	CHECK_INT(missed(0, 2, TW_WATCH_SEEN_MAX), 0);
	CHECK_INT(missed(0, 3, TW_WATCH_SEEN_MAX), TW_WATCH_NO_LINKS);
	CHECK_INT(missed(0, 0, 300), TW_WATCH_FULL | TW_WATCH_NO_DEVICES);
}

/* Links that the machine of the tests does not have: what the kernel says of each, and its tree. */
static const struct {
	const char *name, *kind;
	unsigned short type;
	const char *want;
} links[] = {
	{ "eth0", "", ARPHRD_ETHER, "eth0|ethernet|virtio_net|up" },
	{ "wlan0", "", ARPHRD_ETHER, "wlan0|wireless|brcmfmac|up" },
	{ "wwan0", "", ARPHRD_NONE, "wwan0|cellular|qmi_wwan|up" },
	{ "wwan1", "wwan", ARPHRD_NONE, "wwan1|cellular|wwan|up" },
	{ "bnep0", "", ARPHRD_ETHER, "bnep0|bluetooth|hci_uart_bcm|up" },
	{ "usb0", "", ARPHRD_ETHER, "usb0|usb|g_ether|up" },
	{ "can0", "", ARPHRD_CAN, "can0|can|mcp251x|up" },
	{ "vcan0", "vcan", ARPHRD_CAN, "vcan0|can|vcan|up" },
	{ "wpan0", "", ARPHRD_IEEE802154, "wpan0|ieee 802.15.4||up" },
	{ "tun0", "tun", ARPHRD_NONE, "tun0|tun|tun|up" },
};

static size_t attribute(char *at, unsigned short type, const void *bytes, size_t size)
{
	const struct rtattr a = { (unsigned short)RTA_LENGTH(size), type };

	memset(at, 0, RTA_SPACE(size));
	memcpy(at, &a, sizeof a);
	memcpy(at + RTA_LENGTH(0), bytes, size);
	return RTA_SPACE(size);
}

static ssize_t say_links(const struct tw_sys *sys, int fd, struct msghdr *m, int flags)
{
	if (!kernel.is_link || kernel.told == TW_COUNT(links))
		return say_end(sys, fd, m, flags);
	const size_t i = kernel.told++;
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_type = links[i].type, .ifi_index = (int)i + 1, .ifi_flags = 1 | 64 };
	const struct sockaddr_nl from = { .nl_family = AF_NETLINK };
	char bytes[256], kind[64];
	size_t size = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof info);
	const uint8_t up = 6;

	memcpy(bytes + NLMSG_HDRLEN, &info, sizeof info);
	size += attribute(bytes + size, IFLA_IFNAME, links[i].name, strlen(links[i].name) + 1);
	size += attribute(bytes + size, IFLA_OPERSTATE, &up, 1);
	if (links[i].kind[0])
		size += attribute(bytes + size, IFLA_LINKINFO, kind,
			attribute(kind, IFLA_INFO_KIND, links[i].kind, strlen(links[i].kind) + 1));
	const struct nlmsghdr head = { (uint32_t)size, RTM_NEWLINK, NLM_F_MULTI, 1, 0 };
	memcpy(bytes, &head, sizeof head);
	memcpy(m->msg_name, &from, sizeof from);
	m->msg_namelen = sizeof from;
	memcpy(m->msg_iov[0].iov_base, bytes, size);
	return (ssize_t)size;
}

static void put_links(void)
{
	static const char *const files[][2] = {
		{ "class/net/eth0/device/uevent", "DRIVER=virtio_net\n" },
		{ "class/net/wlan0/uevent", "DEVTYPE=wlan\nINTERFACE=wlan0\n" },
		{ "class/net/wlan0/device/uevent", "DRIVER=brcmfmac\n" },
		{ "class/net/wwan0/uevent", "DEVTYPE=wwan\n" },
		{ "class/net/wwan0/device/uevent", "DRIVER=qmi_wwan\n" },
		{ "class/net/wwan1/uevent", "DEVTYPE=wwan\n" },
		{ "class/net/bnep0/uevent", "DEVTYPE=bluetooth\n" },
		{ "class/net/bnep0/device/uevent", "DRIVER=hci_uart_bcm\n" },
		{ "class/net/usb0/uevent", "DEVTYPE=gadget\n" },
		{ "class/net/usb0/device/uevent", "DRIVER=g_ether\n" },
		{ "class/net/can0/device/uevent", "DRIVER=mcp251x\n" },
	};

	for (size_t i = 0; i < TW_COUNT(files); i++)
		put(files[i][0], files[i][1]);
}

/* @nist LA.IC.14: each technology with its driver and its state */
static void test_technologies(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_sys sys = *tw_sys_real();
	const struct tw_watch_lines lines = { -1, -1, -1, -1 };
	const struct tw_watch_look l = { .sys = &sys, .tree = place, .lines = &lines, .ret = &b };
	struct tw_watch_item i;
	size_t found = 0;

	memset(&kernel, 0, sizeof kernel);
	put_links();
	sys.sendmsg = hear_question;
	sys.recvmsg = say_links;
	sys.poll = at_once;
	tw_buf_init(&b, tw_sys_real(), TW_WATCH_SEEN_MAX);
	CHECK_OK(tw_watch_look_links(&l));
	for (struct tw_slice rest = tw_buf_slice(&b); rest.size; found++) {
		char got[256];

		CHECK_OK(tw_watch_item_read(&rest, &i));
		(void)snprintf(got, sizeof got, TW_SLICE_FMT "|" TW_SLICE_FMT "|" TW_SLICE_FMT "|" TW_SLICE_FMT,
			TW_SLICE_ARG(i.name), TW_SLICE_ARG(i.what), TW_SLICE_ARG(i.driver), TW_SLICE_ARG(i.state));
		CHECK(found < TW_COUNT(links));
		CHECK_TEXT(got, links[found].want);
	}
	CHECK_INT(found, TW_COUNT(links));
}

CHECK_MAIN(cmocka_unit_test_setup_teardown(test_technologies, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_devices, set_up, tear_down), cmocka_unit_test_setup_teardown(test_full, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_failures, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_what_is_missed, set_up, tear_down))
