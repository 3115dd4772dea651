/* SPDX-License-Identifier: Apache-2.0 */
/* Radios as the kernel's device tells of them, here by a socket in its place: they come, change and go, and are switched; and what is no such device. */
#include "device/firewall/radios.h"

#include "base/fd.h"
#include "base/mem.h"
#include "check.h"
#include "sys/real.h"

#include <fcntl.h>
#include <linux/rfkill.h>
#include <sys/socket.h>
#include <unistd.h>

static int pair[2] = { -1, -1 };
static struct tw_radios radios;

static int begin(void **state)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		return -1;
	radios = (struct tw_radios){ .fd = pair[1], .there = true };
	return 0;
}

static int end(void **state)
{
	tw_closep(&pair[0]);
	tw_closep(&pair[1]);
	return 0;
}

static void tells(uint32_t index, uint8_t type, uint8_t op, uint8_t soft)
{
	const struct rfkill_event e = { .idx = index, .type = type, .op = op, .soft = soft };

	CHECK_INT(write(pair[0], &e, sizeof e), sizeof e);
}

static bool hear(void)
{
	bool any = false;

	CHECK_OK(tw_radios_hear(tw_sys_real(), &radios, &any));
	return any;
}

static void test_they_come_change_and_go(void **state)
{
	CHECK(!hear() && radios.there && radios.count == 0);
	tells(0, RFKILL_TYPE_WLAN, RFKILL_OP_ADD, 0);
	tells(7, RFKILL_TYPE_BLUETOOTH, RFKILL_OP_ADD, 1);
	CHECK(hear() && radios.count == 2);
	CHECK_TEXT(tw_radio_name(&radios.of[0]), "wlan");
	CHECK_TEXT(tw_radio_name(&radios.of[1]), "bluetooth");
	CHECK(!radios.of[0].is_off && radios.of[1].is_off);
	tells(0, RFKILL_TYPE_WLAN, RFKILL_OP_CHANGE, 1);
	CHECK(hear() && radios.count == 2 && radios.of[0].is_off);
	tells(0, RFKILL_TYPE_WLAN, RFKILL_OP_DEL, 0);
	tells(9, RFKILL_TYPE_WLAN, RFKILL_OP_DEL, 0);
	tells(9, RFKILL_TYPE_WLAN, 77, 0);
	CHECK(hear() && radios.count == 1 && radios.of[0].index == 7);
	tells(8, 200, RFKILL_OP_ADD, 0);
	CHECK(hear() && radios.count == 2);
	CHECK_TEXT(tw_radio_name(&radios.of[1]), "");
}

static void test_switched(void **state)
{
	struct rfkill_event got = { 0 };

	tells(3, RFKILL_TYPE_NFC, RFKILL_OP_ADD, 0);
	CHECK(hear());
	CHECK_OK(tw_radios_switch(tw_sys_real(), &radios, &radios.of[0], true));
	CHECK_INT(read(pair[0], &got, sizeof got), sizeof got);
	CHECK(got.idx == 3 && got.type == RFKILL_TYPE_NFC && got.op == RFKILL_OP_CHANGE && got.soft == 1);
	tw_closep(&pair[0]);
	CHECK_ERR(tw_radios_switch(tw_sys_real(), &radios, &radios.of[0], false), IO);
}

static void test_too_many(void **state)
{
	bool any = false;

	for (uint32_t i = 0; i <= TW_RADIOS_MAX; i++)
		tells(i, RFKILL_TYPE_WLAN, RFKILL_OP_ADD, 0);
	CHECK_ERR(tw_radios_hear(tw_sys_real(), &radios, &any), LIMIT);
	CHECK_INT(radios.count, TW_RADIOS_MAX);
}

static void test_no_such_device(void **state)
{
	bool any = true;

	tw_closep(&pair[1]);
	pair[1] = radios.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	CHECK_OK(tw_radios_hear(tw_sys_real(), &radios, &any));
	CHECK(!any && !radios.there);
	tw_closep(&pair[1]);
	radios.there = true;
	CHECK_ERR(tw_radios_hear(tw_sys_real(), &radios, &any), IO);
}

CHECK_MAIN(cmocka_unit_test_setup_teardown(test_they_come_change_and_go, begin, end),
	cmocka_unit_test_setup_teardown(test_switched, begin, end), cmocka_unit_test_setup_teardown(test_too_many, begin, end),
	cmocka_unit_test_setup_teardown(test_no_such_device, begin, end))
