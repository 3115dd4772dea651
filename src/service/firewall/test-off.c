/* SPDX-License-Identifier: Apache-2.0 */
/* Words that name interfaces: what is taken, what is refused and why, and whom they mean. */
#include "service/firewall/off.h"

#include "base/mem.h"
#include "check.h"

#include <string.h>

static void test_read(void **state)
{
	static const struct {
		const char *text;
		enum tw_code want;
		size_t count;
	} rows[] = { { "", TW_CODE_OK, 0 }, { "link:eth0", TW_CODE_OK, 1 }, { "link:*", TW_CODE_OK, 1 },
		{ "link:can* radio:wlan radio:*", TW_CODE_OK, 3 }, { "link:sixteen-letters-", TW_CODE_SYNTAX, 0 },
		{ "link:abcdefghijklmno", TW_CODE_OK, 1 }, { "link:", TW_CODE_SYNTAX, 0 }, { "link:lo", TW_CODE_DENIED, 0 },
		{ "link:lo*", TW_CODE_OK, 1 }, { "link:a/b", TW_CODE_SYNTAX, 0 }, { "link:a*b", TW_CODE_SYNTAX, 0 },
		{ "link:**", TW_CODE_SYNTAX, 0 }, { "radio:", TW_CODE_SYNTAX, 0 }, { "radio:wl*", TW_CODE_SYNTAX, 0 },
		{ "radio:microwave", TW_CODE_SYNTAX, 0 }, { "usb:1-1", TW_CODE_SYNTAX, 0 },
		{ "usb:* usb:storage usb:08 usb:0781:5567 usb:0781:5567:A1.b-2", TW_CODE_OK, 5 }, { "usb:", TW_CODE_SYNTAX, 0 },
		{ "usb:stor*", TW_CODE_SYNTAX, 0 }, { "usb:0G", TW_CODE_SYNTAX, 0 }, { "usb:008", TW_CODE_SYNTAX, 0 },
		{ "usb:0781", TW_CODE_SYNTAX, 0 }, { "usb:0781:556", TW_CODE_SYNTAX, 0 }, { "usb:0781:55670", TW_CODE_SYNTAX, 0 },
		{ "usb:0781:5567:", TW_CODE_SYNTAX, 0 }, { "usb:0781:5567:a:b", TW_CODE_SYNTAX, 0 },
		{ "usb:07F1:5567", TW_CODE_SYNTAX, 0 }, { "serial:ttyS1 serial:ttyUSB* camera:* microphone:pcmC0D0c", TW_CODE_OK, 4 },
		{ "serial:", TW_CODE_SYNTAX, 0 }, { "camera:a/b", TW_CODE_SYNTAX, 0 },
		{ "component:platform/vivid.0 component:pci/0000:00:1b.0 component:usb/1-*", TW_CODE_OK, 3 },
		{ "component:", TW_CODE_SYNTAX, 0 }, { "component:pci", TW_CODE_SYNTAX, 0 }, { "component:/x", TW_CODE_SYNTAX, 0 },
		{ "component:pci/", TW_CODE_SYNTAX, 0 }, { "component:pci/*", TW_CODE_OK, 1 }, { "component:*", TW_CODE_SYNTAX, 0 },
		{ "component:pci/../x", TW_CODE_SYNTAX, 0 }, { "component:../x", TW_CODE_SYNTAX, 0 },
		{ "service:ssh service:getty@tty1 service:a.b_c-d", TW_CODE_OK, 3 }, { "service:", TW_CODE_SYNTAX, 0 },
		{ "service:*", TW_CODE_SYNTAX, 0 }, { "service:s*", TW_CODE_SYNTAX, 0 }, { "service:--force", TW_CODE_SYNTAX, 0 },
		{ "service:.x", TW_CODE_SYNTAX, 0 }, { "service:@x", TW_CODE_SYNTAX, 0 }, { "service:a/b", TW_CODE_SYNTAX, 0 },
		{ "service:a@b@c", TW_CODE_SYNTAX, 0 }, { "service:thingward-device", TW_CODE_DENIED, 0 },
		{ "service:systemd-journald", TW_CODE_DENIED, 0 }, { "service:dbus", TW_CODE_DENIED, 0 },
		{ "component:a/b/c", TW_CODE_SYNTAX, 0 }, { "eth0", TW_CODE_SYNTAX, 0 }, { " link:eth0", TW_CODE_SYNTAX, 0 },
		{ "link:eth0 ", TW_CODE_SYNTAX, 0 }, { "link:eth0  link:eth1", TW_CODE_SYNTAX, 0 }, { " ", TW_CODE_SYNTAX, 0 },
		{ "link:eth0\nlink:eth1", TW_CODE_SYNTAX, 0 } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_off off;
		tw_err e = tw_off_read(tw_slice_of(rows[i].text), &off);

		CHECK_INT(e.code, rows[i].want);
		if (!tw_failed(e))
			CHECK_INT(off.count, rows[i].count);
	}
}

static void test_so_many(void **state)
{
	char text[TW_OFF_MAX * 8 + 8] = "";
	struct tw_off off;

	for (size_t i = 0; i < TW_OFF_MAX; i++)
		(void)snprintf(text + strlen(text), sizeof text - strlen(text), "%slink:e", i ? " " : "");
	CHECK_OK(tw_off_read(tw_slice_of(text), &off));
	(void)snprintf(text + strlen(text), sizeof text - strlen(text), " link:e");
	CHECK_ERR(tw_off_read(tw_slice_of(text), &off), LIMIT);
}

static void test_meant(void **state)
{
	static const struct {
		const char *name;
		enum tw_off_kind kind;
		bool want;
	} rows[] = { { "eth1", TW_OFF_LINK, true }, { "eth10", TW_OFF_LINK, false }, { "eth", TW_OFF_LINK, false },
		{ "can", TW_OFF_LINK, true }, { "can7", TW_OFF_LINK, true }, { "ca", TW_OFF_LINK, false },
		{ "wlan", TW_OFF_LINK, false }, { "wlan", TW_OFF_RADIO, true }, { "eth1", TW_OFF_RADIO, false },
		{ "nfc", TW_OFF_RADIO, false }, { "", TW_OFF_RADIO, false } };
	struct tw_off off, all, usb;

	CHECK_OK(tw_off_read(TW_SLICE("link:eth1 link:can* radio:wlan"), &off));
	CHECK_OK(tw_off_read(TW_SLICE("radio:*"), &all));
	CHECK_OK(tw_off_read(TW_SLICE("usb:storage usb:0a usb:0781:5567:A1"), &usb));
	CHECK_INT(usb.words[0].usb_class, 8);
	CHECK_INT(usb.words[1].usb_class, 10);
	CHECK(usb.words[2].usb_class < 0 && usb.words[2].is_model && usb.words[2].vendor == 0x781 && usb.words[2].product == 0x5567);
	CHECK(tw_slice_is(usb.words[2].serial, "A1") && tw_off_has_kind(&usb, TW_OFF_USB) && !tw_off_has_kind(&usb, TW_OFF_LINK));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_INT(tw_off_has(&off, rows[i].kind, rows[i].name), rows[i].want);
		CHECK_INT(tw_off_has(&all, rows[i].kind, rows[i].name), rows[i].kind == TW_OFF_RADIO);
	}
}

CHECK_MAIN(cmocka_unit_test(test_read), cmocka_unit_test(test_so_many), cmocka_unit_test(test_meant))
