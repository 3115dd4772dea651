/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USB and drivers that go off and on, on a tree of files that stands as the kernel's does: what is written where, what is left alone, what is read
 * back, and what is said when a file cannot be written. A file does not do what an attribute does, so unbind and bind only show what was asked.
 */
#include "device/parts/drivers.h"
#include "device/parts/in-use.h"
#include "device/parts/usb.h"

#include "base/mem.h"
#include "sys/fake.h"
#include "sys/real.h"
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char place[64];
static struct tw_watch_look tree;
static char told[256]; /* by held */

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

static void check_file(const char *path, const char *want)
{
	char all[256], got[64] = "";

	(void)snprintf(all, sizeof all, "%s/%s", place, path);
	FILE *f = fopen(all, "re");
	CHECK(f != NULL);
	(void)!fgets(got, sizeof got, f);
	(void)fclose(f);
	got[strcspn(got, "\n")] = '\0';
	if (strcmp(got, want) != 0)
		fail_msg("%s has '%s', wanted '%s'", path, got, want);
}

static int forget(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	return remove(path);
}

static void drop(const char *path)
{
	char all[256];

	(void)snprintf(all, sizeof all, "%s/%s", place, path);
	CHECK_INT(nftw(all, forget, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static int set_up(void **state)
{
	static const char *const files[][2] = {
		{ "module/usbcore/parameters/authorized_default", "-1\n" },
		{ "bus/usb/drivers_probe", "" },
		{ "bus/usb/devices/usb1/authorized", "1\n" },
		{ "bus/usb/devices/usb1/authorized_default", "1\n" },
		{ "bus/usb/devices/usb1/interface_authorized_default", "1\n" },
		{ "bus/usb/devices/1-0:1.0/authorized", "1\n" },
		{ "bus/usb/devices/1-0:1.0/bInterfaceClass", "09\n" },
		{ "bus/usb/devices/1-1/authorized", "1\n" },
		{ "bus/usb/devices/1-1/idVendor", "0781\n" },
		{ "bus/usb/devices/1-1/idProduct", "5567\n" },
		{ "bus/usb/devices/1-1/serial", "A1\n" },
		{ "bus/usb/devices/1-1:1.0/authorized", "1\n" },
		{ "bus/usb/devices/1-1:1.0/bInterfaceClass", "08\n" },
		{ "bus/usb/devices/1-1:1.0/uevent", "DRIVER=usb-storage\n" },
		{ "bus/usb/devices/1-2/authorized", "1\n" },
		{ "bus/usb/devices/1-2/idVendor", "05e3\n" },
		{ "bus/usb/devices/1-2/idProduct", "0608\n" },
		{ "bus/usb/devices/1-2.4/authorized", "1\n" },
		{ "bus/usb/devices/1-2.4/idVendor", "046d\n" },
		{ "bus/usb/devices/1-2.4/idProduct", "0825\n" },
		{ "bus/usb/devices/1-2.4:1.0/authorized", "1\n" },
		{ "bus/usb/devices/1-2.4:1.0/bInterfaceClass", "0e\n" },
		{ "bus/usb/devices/1-2.4:1.0/uevent", "DRIVER=uvcvideo\n" },
		{ "bus/usb/devices/1-2.4:1.0/video4linux/video0/name", "Eye\n" },
		{ "bus/usb/drivers/uvcvideo/unbind", "" },
		{ "bus/usb/drivers/uvcvideo/bind", "" },
		{ "class/video4linux/video0/device/uevent", "" },
		{ "class/video4linux/radio0/device/uevent", "" },
		{ "bus/pnp/devices/00:05/uevent", "DRIVER=serial\n" },
		{ "bus/pnp/devices/00:05/00:05:0/00:05:0.0/tty/ttyS1/type", "4\n" },
		{ "bus/pnp/drivers/serial/unbind", "" },
		{ "bus/pnp/drivers/serial/bind", "" },
		{ "bus/serial-base/devices/00:05:0.0/uevent", "DRIVER=port\n" },
		{ "bus/serial-base/devices/00:05:0.0/tty/ttyS1/type", "4\n" },
		{ "bus/platform/devices/serial8250/uevent", "DRIVER=serial8250\n" },
		{ "bus/platform/devices/serial8250/tty/ttyS2/type", "0\n" },
		{ "class/tty/ttyS2/type", "0\n" },
		{ "class/tty/ttyS2/device/uevent", "" },
		{ "bus/pci/devices/0000:00:1b.0/uevent", "DRIVER=snd_hda_intel\n" },
		{ "bus/pci/devices/0000:00:1b.0/sound/card0/pcmC0D0c/x", "" },
		{ "bus/pci/devices/0000:00:1b.0/sound/card0/pcmC0D0p/x", "" },
		{ "bus/pci/devices/0000:00:1b.0/sound/card0/controlC0/x", "" },
		{ "bus/pci/drivers/snd_hda_intel/unbind", "" },
		{ "bus/pci/drivers/snd_hda_intel/bind", "" },
		{ "bus/pci/devices/0000:00:02.0/uevent", "PCI_ID=1\n" },
	};

	(void)snprintf(place, sizeof place, "/tmp/tw-parts-XXXXXX");
	CHECK(mkdtemp(place) != NULL);
	for (size_t i = 0; i < TW_COUNT(files); i++)
		put(files[i][0], files[i][1]);
	tree = (struct tw_watch_look){ .sys = tw_sys_real(), .tree = place };
	told[0] = '\0';
	return 0;
}

static int tear_down(void **state)
{
	drop("");
	return 0;
}

static tw_err hears(void *user, const char *kind, const char *name)
{
	const size_t at = strlen(told);

	(void)snprintf(told + at, sizeof told - at, "%s%s %s", at ? "," : "", kind, name);
	return TW_OK;
}

static struct tw_off off, was;
static struct tw_taken taken;
static const struct tw_in_use *spared; /* NULL: the list holds for good */

static struct tw_usb usb(const char *words, const char *before, const char *stays)
{
	CHECK_OK(tw_off_read(tw_slice_of(words), &off));
	CHECK_OK(tw_off_read(tw_slice_of(before), &was));
	taken.count = 0;
	return (struct tw_usb){ &tree, &off, &was, &taken, stays, spared, { hears, NULL } };
}

static void check_usb(const struct tw_usb *u, uint32_t want)
{
	uint32_t count = 0;

	CHECK_OK(tw_usb_put(u));
	CHECK_OK(tw_usb_check(u, &count));
	CHECK_INT(count, want);
}

static void check_authorized(const char *want) /* 1-1, 1-1:1.0, 1-2, 1-2.4, 1-2.4:1.0 */
{
	static const char *const names[] = { "1-1", "1-1:1.0", "1-2", "1-2.4", "1-2.4:1.0" };
	char path[96];

	for (size_t i = 0; i < TW_COUNT(names); i++) {
		(void)snprintf(path, sizeof path, "bus/usb/devices/%s/authorized", names[i]);
		check_file(path, (const char[]){ want[i], '\0' });
	}
	check_file("bus/usb/devices/1-0:1.0/authorized", "1");
	check_file("bus/usb/devices/usb1/authorized", "1");
}

static void test_nothing_of_usb_touches_nothing(void **state)
{
	const struct tw_usb u = usb("camera:*", "", "");

	drop("bus/usb/devices/usb1/authorized_default");
	check_usb(&u, 0);
	check_authorized("11111");
}

static void test_all_but_what_is_declared(void **state)
{
	const struct tw_usb u = usb("usb:*", "", "1-7 1-2.4");

	check_usb(&u, 1);
	check_authorized("01111"); /* the hub that it is behind stays as well */
	check_file("bus/usb/devices/usb1/authorized_default", "0");
	check_file("bus/usb/devices/usb1/interface_authorized_default", "1");
	CHECK_TEXT(told, "usb 1-1");

	const struct tw_usb all = usb("usb:*", "", "1-3* 1-2.44");
	check_usb(&all, 2);
	check_authorized("01101");
	const struct tw_usb begins = usb("usb:*", "usb:*", "1-*");
	check_usb(&begins, 0);
	check_authorized("11111");
}

static void test_a_class_is_of_an_interface(void **state)
{
	const struct tw_usb u = usb("usb:storage", "", "1-1");

	check_usb(&u, 1);
	check_authorized("10111");
	check_file("bus/usb/devices/usb1/authorized_default", "0");
	check_file("bus/usb/devices/usb1/interface_authorized_default", "0");
	put("bus/usb/devices/1-2.4:1.0/authorized", "0\n"); /* as what is new comes */
	put("bus/usb/devices/1-2/authorized", "0\n");
	put("bus/usb/devices/1-2.4:1.0/uevent", "TYPE=0\n");
	check_usb(&u, 1);
	check_authorized("10111");
	check_file("bus/usb/drivers_probe", "1-2.4:1.0");

	const struct tw_usb none = usb("", "usb:storage", "");
	check_usb(&none, 0);
	check_authorized("11111");
	check_file("bus/usb/devices/usb1/authorized_default", "1");
	check_file("bus/usb/devices/usb1/interface_authorized_default", "1");
}

/* A camera whose driver is taken away does not get it back because something else is plugged in. */
static void test_whose_driver_is_taken_away_is_not_asked_for(void **state)
{
	const struct tw_usb u = usb("usb:storage", "", "");

	CHECK_OK(tw_taken_read(tw_slice_of("camera:video0=usb/uvcvideo/1-2.4:1.0"), &taken));
	put("bus/usb/devices/1-2.4:1.0/uevent", "TYPE=0\n");
	check_usb(&u, 1);
	check_authorized("10111");
	check_file("bus/usb/drivers_probe", "");
}

static void test_a_model_and_its_serial_number(void **state)
{
	static const struct {
		const char *words, *want;
	} rows[] = { { "usb:0781:5567", "01111" }, { "usb:0781:5567:A1", "01111" }, { "usb:0781:5567:A2", "11111" },
		{ "usb:046d:0825:X", "11101" }, /* it says no number, and so may be that one */
		{ "usb:046d:0826", "11111" } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const struct tw_usb u = usb(rows[i].words, "usb:*", "1-1");

		check_usb(&u, strcmp(rows[i].want, "11111") != 0);
		check_authorized(rows[i].want);
	}
}

/* A system that authorizes nothing by itself gets that back, and what another program has not authorized stays so. */
static void test_what_the_system_wants_otherwise(void **state)
{
	put("module/usbcore/parameters/authorized_default", "0\n");
	put("bus/usb/devices/1-2.4/authorized", "0\n");
	put("bus/usb/devices/1-1/authorized", "0\n");
	const struct tw_usb u = usb("", "usb:0781:5567", "");

	check_usb(&u, 0);
	check_authorized("11101");
	check_file("bus/usb/devices/usb1/authorized_default", "0");
}

static void test_what_does_not_go(void **state)
{
	uint32_t count = 0;
	const struct tw_usb u = usb("usb:*", "", "");

	CHECK_ERR(tw_usb_check(&u, &count), STATE);
	CHECK(strstr(tw_err_detail(), "usb1 does not take"));
	put("bus/usb/devices/usb1/authorized_default", "0\n");
	CHECK_ERR(tw_usb_check(&u, &count), STATE);
	CHECK(strstr(tw_err_detail(), "does not go off"));
	check_usb(&u, 3);
	drop("bus/usb/devices/1-1/authorized");
	CHECK_ERR(tw_usb_check(&u, &count), STATE);
	CHECK(strstr(tw_err_detail(), "does not say whether usb 1-1 is off"));
	drop("bus/usb/devices/1-1");
	CHECK_OK(tw_usb_check(&u, &count));
}

/* One call that fails keeps nothing else from going, and what it kept is seen when it is read back. */
static void test_calls_that_fail(void **state)
{
	tw_fake *f = tw_fake_new();
	long n = 1;

	for (bool fired = true; fired; n++) {
		uint32_t count = 0;
		const struct tw_usb u = usb("usb:* camera:*", "", "");

		tear_down(state);
		set_up(state);
		tree.sys = tw_fake_sys(f);
		tw_fake_fail(f, n, EIO, false);
		tw_err e = tw_usb_put(&u);
		fired = tw_fake_fired(f);
		tw_fake_fail(f, 0, 0, false);
		if (tw_failed(tw_usb_check(&u, &count)))
			CHECK(tw_failed(e) || fired);
		CHECK_OK(tw_usb_put(&u));
		CHECK_OK(tw_usb_check(&u, &count));
	}
	CHECK(n > 20);
	tree.sys = tw_sys_real();
	(void)tw_fake_free(f);
}

/* --- Drivers --- */

static tw_err put_drivers(const char *words, const char *away, char ret[512])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf takes = { 0 };
	const struct tw_drivers d = { &tree, &off, &taken, spared, { hears, NULL } };

	CHECK_OK(tw_off_read(tw_slice_of(words), &off));
	CHECK_OK(tw_taken_read(tw_slice_of(away), &taken));
	tw_buf_init(&takes, tw_sys_real(), 511);
	tw_err e = tw_drivers_put(&d, &takes);
	(void)snprintf(ret, 512, "%s", tw_buf_cstr(&takes));
	return e;
}

static tw_err check_drivers(uint32_t *ret)
{
	const struct tw_drivers d = { &tree, &off, &taken, spared, { hears, NULL } };

	*ret = 0;
	return tw_drivers_check(&d, ret);
}

static void test_said_before_it_is_done(void **state)
{
	static const struct {
		const char *words, *want;
	} rows[] = { { "camera:*", "camera:video0=usb/uvcvideo/1-2.4:1.0" }, { "camera:video1", "" },
		{ "serial:ttyS*", "serial:ttyS1=pnp/serial/00:05" },
		{ "microphone:*", "microphone:pcmC0D0c=pci/snd_hda_intel/0000:00:1b.0" }, { "microphone:pcmC0D0p", "" },
		{ "component:pci/*", "component:pci/0000:00:1b.0=pci/snd_hda_intel/0000:00:1b.0" }, { "link:eth0 usb:*", "" } };
	char takes[512];

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_OK(put_drivers(rows[i].words, "", takes));
		CHECK_TEXT(takes, rows[i].want);
	}
	check_file("bus/usb/drivers/uvcvideo/unbind", "");
	check_file("bus/pnp/drivers/serial/unbind", "");
	check_file("bus/pci/drivers/snd_hda_intel/unbind", "");
	CHECK_TEXT(told, "");
}

static void test_taken_away_read_back_and_given_back(void **state)
{
	static const char word[] = "camera:video0=usb/uvcvideo/1-2.4:1.0";
	char takes[512];
	uint32_t count;

	CHECK_OK(put_drivers("camera:*", word, takes));
	CHECK_TEXT(takes, "");
	CHECK_TEXT(told, "camera video0");
	check_file("bus/usb/drivers/uvcvideo/unbind", "1-2.4:1.0");
	CHECK_ERR(check_drivers(&count), STATE); /* files do nothing: it has its driver still */
	CHECK(strstr(tw_err_detail(), "camera video0 does not go off"));
	put("bus/usb/devices/1-2.4:1.0/uevent", "TYPE=0\n");
	drop("bus/usb/devices/1-2.4:1.0/video4linux");
	CHECK_ERR(check_drivers(&count), STATE);
	CHECK(strstr(tw_err_detail(), "cannot be switched off on this kernel"));
	drop("class/video4linux/video0");
	CHECK_OK(check_drivers(&count));
	CHECK_INT(count, 1);
	check_file("bus/usb/drivers/uvcvideo/bind", "");

	CHECK_OK(put_drivers("serial:ttyS9", word, takes));
	check_file("bus/usb/drivers/uvcvideo/bind", "1-2.4:1.0");
	CHECK_ERR(check_drivers(&count), STATE);
	CHECK(strstr(tw_err_detail(), "camera video0 does not go on"));
	put("bus/usb/devices/1-2.4:1.0/uevent", "DRIVER=uvcvideo\n");
	CHECK_OK(check_drivers(&count));
	CHECK_INT(count, 0);
	drop("bus/usb/devices/1-2.4:1.0");
	CHECK_OK(check_drivers(&count)); /* whoever has been unplugged gets nothing back */
}

/* Another device stands where it was, and the driver does not want that: for ever nothing could be confirmed. */
static void test_what_nobody_can_give_back(void **state)
{
	static const char words[] = "camera:video0=usb/uvcvideo/1-2.4:1.0 serial:ttyS1=pnp/serial/00:05";
	char takes[512];
	uint32_t count;

	put("bus/usb/devices/1-2.4:1.0/uevent", "TYPE=0\n");
	put("bus/pnp/devices/00:05/uevent", "TYPE=0\n");
	drop("bus/usb/drivers/uvcvideo/bind"); /* answers as the kernel does: there is none */
	CHECK_OK(put_drivers("", words, takes));
	check_file("bus/pnp/drivers/serial/bind", "00:05");
	CHECK_ERR(check_drivers(&count), STATE);
	CHECK(strstr(tw_err_detail(), "serial ttyS1 does not go on"));
	put("bus/pnp/devices/00:05/uevent", "DRIVER=serial\n");
	CHECK_OK(check_drivers(&count));

	/* One that fails otherwise is told, and keeps no other waiting. */
	put("bus/usb/drivers/uvcvideo/bind/x", "");
	put("bus/pnp/drivers/serial/bind", "");
	put("bus/pnp/devices/00:05/uevent", "TYPE=0\n");
	CHECK_ERR(put_drivers("", words, takes), IO);
	CHECK(strstr(tw_err_detail(), "uvcvideo/bind"));
	check_file("bus/pnp/drivers/serial/bind", "00:05");
	CHECK_ERR(check_drivers(&count), STATE);
	CHECK(strstr(tw_err_detail(), "camera video0 does not go on"));
}

/* A driver with a blank in its name, a name that is too long, a bus with too many devices: the others go off all the same. */
static void test_one_that_fails_keeps_no_other_on(void **state)
{
	char takes[512], words[512], path[96];
	uint32_t count;

	put("bus/a/devices/x/uevent", "DRIVER=a driver\n");
	put("bus/a/devices/x/tty/ttyS0/type", "4\n");
	for (int i = 0; i < TW_TREE_NAMES_MAX + 8; i++) {
		(void)snprintf(path, sizeof path, "bus/b/devices/d%d/uevent", i);
		put(path, "");
	}
	CHECK(tw_failed(put_drivers("serial:* camera:*", "", takes)));
	CHECK(strstr(tw_err_detail(), "a name that nothing is done with") || strstr(tw_err_detail(), "more than 512"));
	CHECK(strstr(takes, "camera:video0=usb/uvcvideo/1-2.4:1.0") && strstr(takes, "serial:ttyS1=pnp/serial/00:05"));
	memcpy(words, takes, sizeof words);
	CHECK(tw_failed(put_drivers("serial:* camera:*", words, takes)));
	CHECK_TEXT(takes, "");
	check_file("bus/usb/drivers/uvcvideo/unbind", "1-2.4:1.0");
	check_file("bus/pnp/drivers/serial/unbind", "00:05");
	CHECK(tw_failed(check_drivers(&count)));
	drop("bus/a");
	CHECK_ERR(put_drivers("camera:*", "", takes), LIMIT);
	CHECK_TEXT(takes, "camera:video0=usb/uvcvideo/1-2.4:1.0");
}

static void test_too_many_on_usb(void **state)
{
	char path[96];
	const struct tw_usb u = usb("usb:*", "", "");

	for (int i = 0; i < TW_TREE_NAMES_MAX + 8; i++) {
		(void)snprintf(path, sizeof path, "bus/usb/devices/9-%d/authorized", i);
		put(path, "1\n");
	}
	CHECK_ERR(tw_usb_put(&u), LIMIT);
	CHECK(strstr(told, "usb 9-")); /* those that are named go off */
}

static tw_err both(enum tw_code one, enum tw_code other)
{
	struct tw_tree_first f = { 0 };

	tw_tree_note(&f, TW_OK);
	tw_tree_note(&f, one ? tw_raise(one, "t", 1, "one") : TW_OK);
	tw_tree_note(&f, other ? tw_raise(other, "t", 1, "other") : TW_OK);
	return tw_tree_raise(&f);
}

static void test_which_error_is_told(void **state)
{
	static const struct {
		enum tw_code one, other, want;
		const char *why;
	} rows[] = { { TW_CODE_IO, TW_CODE_LIMIT, TW_CODE_IO, "one" }, { TW_CODE_OK, TW_CODE_LIMIT, TW_CODE_LIMIT, "other" },
		{ TW_CODE_IO, TW_CODE_DENIED, TW_CODE_DENIED, "other" }, { TW_CODE_DENIED, TW_CODE_IO, TW_CODE_DENIED, "one" },
		{ TW_CODE_DENIED, TW_CODE_DENIED, TW_CODE_DENIED, "one" } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_INT(both(rows[i].one, rows[i].other).code, rows[i].want);
		CHECK_TEXT(tw_err_detail(), rows[i].why);
	}
	CHECK_OK(both(TW_CODE_OK, TW_CODE_OK));
}

static void link_to(const char *path, const char *target)
{
	char from[256], to[256];

	(void)snprintf(from, sizeof from, "%s/%s", place, path);
	(void)snprintf(to, sizeof to, "%s/%s", place, target);
	CHECK_INT(symlink(to, from), 0);
}

static int mounts_of(const char *text)
{
	char path[128];

	put("mounts", text);
	(void)snprintf(path, sizeof path, "%s/mounts", place);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	return fd;
}

/* A link, a disk and the TPM do not come back as they were: while the change may go back, they are not switched off. */
static void test_what_is_in_use_is_spared(void **state)
{
	static const struct {
		const char *path, *content, *mounts, *why; /* NULL: it goes */
	} rows[] = {
		{ "class/net/eth0/operstate", "up\n", "", "pci 0000:00:1b.0 is not switched off while the change may go back: the link eth0" },
		{ "class/net/eth0/operstate", "down\n", "", NULL },
		{ "class/net/eth0/flags", "0x1002\n", "", NULL },
		{ "class/net/eth0/flags", "0x1003\n", "", "link eth0" },
		{ "class/block/sda2/dev", "8:2\n", "21 1 8:2 / / rw - ext4 /dev/root rw\n", "the disk sda2" },
		{ "class/block/sda2/dev", "8:2\n", "21 1 8:20 / / rw - ext4 /dev/sdb rw\n", NULL },
		{ "class/block/sda2/dev", "8:2\n", "21 1 0:33 / /a rw - tmpfs x rw\n22 1 0:32 / / rw - btrfs /dev/sda2 rw\n", "the disk sda2" },
		{ "class/block/sda2/dev", "8:2\n", "", "the disk sda2" }, /* it is not said what is mounted */
		{ "class/block/sda2/holders/dm-0/x", "", "21 1 0:33 / /a rw - tmpfs x rw\n", "the disk sda2" },
		{ "class/tpm/tpm0/x", "", "", "the TPM tpm0" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		char takes[512], folder[16] = "";

		tear_down(state);
		set_up(state);
		put("bus/pci/devices/0000:00:1b.0/net/eth0/operstate", "unknown\n");
		put("bus/pci/devices/0000:00:1b.0/ata1/block/sda/sda2/x", "");
		put("bus/pci/devices/0000:00:1b.0/tpm/tpm0/x", "");
		put("class/net/x/operstate", "up\n"); /* of another device */
		put("class/block/x/dev", "8:2\n");
		put("class/tpm/x/y", "");
		(void)snprintf(folder, sizeof folder, "%.*s", (int)strcspn(rows[i].path + 6, "/"), rows[i].path + 6);
		if (!strcmp(folder, "net"))
			link_to("class/net/eth0", "bus/pci/devices/0000:00:1b.0/net/eth0");
		else if (!strcmp(folder, "block"))
			link_to("class/block/sda2", "bus/pci/devices/0000:00:1b.0/ata1/block/sda/sda2");
		else
			link_to("class/tpm/tpm0", "bus/pci/devices/0000:00:1b.0/tpm/tpm0");
		put(rows[i].path, rows[i].content);
		const struct tw_in_use use = { &tree, mounts_of(rows[i].mounts) };

		spared = &use;
		tw_err e = put_drivers("component:pci/0000:00:1b.0", "", takes);
		spared = NULL;
		(void)close(use.mounts);
		if (tw_failed(e) != (rows[i].why != NULL) || (rows[i].why && !strstr(tw_err_detail(), rows[i].why)))
			fail_msg("row %zu: %s", i, tw_failed(e) ? tw_err_detail() : "it goes");
		CHECK_INT(takes[0] == '\0', rows[i].why != NULL);
		CHECK_OK(put_drivers("component:pci/0000:00:1b.0", "", takes)); /* the list is confirmed */
		CHECK(takes[0]);
	}
}

static void test_what_is_in_use_on_usb_is_spared(void **state)
{
	uint32_t count = 0;
	struct tw_in_use use = { &tree, mounts_of("21 1 8:1 / / rw - ext4 /dev/root rw\n") };
	struct tw_usb u = usb("usb:storage", "", "");

	put("bus/usb/devices/1-1:1.0/host0/block/sda/sda1/dev", "8:1\n");
	put("class/block/x/dev", "7:0\n");
	link_to("class/block/sda1", "bus/usb/devices/1-1:1.0/host0/block/sda/sda1");
	u.in_use = &use;
	CHECK_ERR(tw_usb_put(&u), STATE);
	CHECK(strstr(tw_err_detail(), "usb 1-1:1.0 is not switched off while the change may go back: the disk sda1"));
	check_authorized("11111");
	CHECK_ERR(tw_usb_check(&u, &count), STATE);
	(void)close(use.mounts);
	use.mounts = mounts_of("21 1 8:9 / / rw - ext4 /dev/root rw\n");
	check_usb(&u, 1);
	check_authorized("10111");
	(void)close(use.mounts);
}

static void check_gone(const char *want)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf gone = { 0 };
	const struct tw_drivers d = { &tree, &off, &taken, spared, { hears, NULL } };

	tw_buf_init(&gone, tw_sys_real(), 511);
	CHECK_OK(tw_drivers_gone(&d, &gone));
	CHECK_TEXT(tw_buf_cstr(&gone), want);
}

/* What is kept of it would be full one day, and what comes then would stay on. */
static void test_what_is_kept_of_what_has_gone(void **state)
{
	static const char still[] = "camera:video0=usb/uvcvideo/1-2.4:1.0", elsewhere[] = "camera:video3=usb/uvcvideo/1-2.4:1.0",
			  away[] = "camera:video1=usb/uvcvideo/1-9:1.0", off_no_more[] = "serial:ttyS7=pnp/serial/00:09";
	char words[512], takes[512];

	(void)snprintf(words, sizeof words, "%s %s %s %s", elsewhere, still, off_no_more, away);
	CHECK_OK(put_drivers("camera:*", words, takes));
	CHECK_TEXT(takes, "");
	(void)snprintf(words, sizeof words, "%s %s", elsewhere, away);
	check_gone(words); /* re-plugged it has another name; and a change may go back to a list with that line */
	CHECK_INT(taken.count, 2);
	check_gone("");
	put("bus/usb/devices/1-2.4:1.0/uevent", "TYPE=0\n");
	CHECK_OK(put_drivers("camera:*", still, takes));
	check_gone(""); /* it is off by that */
}

static void test_words_of_whom_a_driver_is_taken(void **state)
{
	static const struct {
		const char *text;
		enum tw_code want;
	} rows[] = { { "", TW_CODE_OK }, { "camera:video0=usb/uvcvideo/1-2.4:1.0", TW_CODE_OK },
		{ "component:pci/0000:00:1b.0=pci/snd_hda_intel/0000:00:1b.0 serial:ttyS1=pnp/serial/00:05", TW_CODE_OK },
		{ "camera:video0", TW_CODE_SYNTAX }, { "camera:video0=usb/uvcvideo", TW_CODE_SYNTAX },
		{ "camera:*=usb/a/b", TW_CODE_SYNTAX }, { "usb:*=usb/usb/1-1", TW_CODE_SYNTAX }, { "link:eth0=pci/a/b", TW_CODE_SYNTAX },
		{ "camera:video0=../a/b", TW_CODE_SYNTAX }, { "camera:video0=usb/../b", TW_CODE_SYNTAX },
		{ "camera:video0=usb/a/..", TW_CODE_SYNTAX }, { "camera:video0=usb/a/b/c", TW_CODE_SYNTAX },
		{ "camera:video0=usb//b", TW_CODE_SYNTAX }, { "camera:video0=usb/a/b ", TW_CODE_SYNTAX }, { " ", TW_CODE_SYNTAX } };
	char many[TW_TAKEN_MAX * 24 + 24] = "";

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		CHECK_INT(tw_taken_read(tw_slice_of(rows[i].text), &taken).code, rows[i].want);
	for (int i = 0; i <= TW_TAKEN_MAX; i++)
		(void)snprintf(many + strlen(many), sizeof many - strlen(many), "%sserial:s=a/b/c", i ? " " : "");
	CHECK_ERR(tw_taken_read(tw_slice_of(many), &taken), LIMIT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_nothing_of_usb_touches_nothing), TEST(test_all_but_what_is_declared), TEST(test_a_class_is_of_an_interface),
	TEST(test_whose_driver_is_taken_away_is_not_asked_for), TEST(test_a_model_and_its_serial_number),
	TEST(test_what_the_system_wants_otherwise), TEST(test_what_does_not_go), TEST(test_calls_that_fail),
	TEST(test_said_before_it_is_done), TEST(test_taken_away_read_back_and_given_back), TEST(test_what_nobody_can_give_back),
	TEST(test_which_error_is_told), TEST(test_one_that_fails_keeps_no_other_on), TEST(test_too_many_on_usb),
	TEST(test_what_is_in_use_is_spared), TEST(test_what_is_in_use_on_usb_is_spared), TEST(test_what_is_kept_of_what_has_gone),
	TEST(test_words_of_whom_a_driver_is_taken))
