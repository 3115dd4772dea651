/* SPDX-License-Identifier: Apache-2.0 */
/* What service managers say, and what is made of it. */
#include "base/mem.h"
#include "check.h"
#include "device/services/units.h"

static struct tw_services got;

/* "ssh=off cron=running" */
static void check_list(const char *want)
{
	char text[512] = "";

	for (size_t i = 0; i < got.count; i++)
		(void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s" TW_SLICE_FMT "=%s", i ? " " : "",
			TW_SLICE_ARG(got.of[i].name), tw_service_states[got.of[i].state]);
	CHECK_TEXT(text, want);
}

#define UNIT(id, load, active) "Id=" id "\nLoadState=" load "\nActiveState=" active "\n"

static void test_units(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" },
		{ UNIT("ssh.service", "loaded", "active"), "ssh=running" },
		{ UNIT("ssh.service", "loaded", "inactive") "\n" UNIT("cron.service", "loaded", "failed"), "ssh=stopped cron=stopped" },
		{ UNIT("ssh.service", "loaded", "activating") "\n" UNIT("cron.service", "loaded", "deactivating"), "ssh=running cron=running" },
		{ UNIT("ssh.service", "masked", "inactive"), "ssh=off" },
		{ UNIT("ssh.service", "masked", "failed"), "ssh=off" },
		/* Masked and still there; its socket still there; its socket could be started. */
		{ UNIT("ssh.service", "masked", "active"), "ssh=running" },
		{ UNIT("ssh.service", "masked", "inactive") "\n" UNIT("ssh.socket", "loaded", "active"), "ssh=running" },
		{ UNIT("ssh.service", "masked", "inactive") "\n" UNIT("ssh.socket", "loaded", "inactive"), "ssh=stopped" },
		{ UNIT("ssh.socket", "loaded", "inactive") "\n" UNIT("ssh.service", "masked", "inactive"), "ssh=stopped" },
		{ UNIT("ssh.service", "masked", "inactive") "\n" UNIT("ssh.socket", "masked", "inactive"), "ssh=off" },
		{ UNIT("ssh.service", "masked", "inactive") "\n" UNIT("ssh.socket", "not-found", "inactive"), "ssh=off" },
		{ UNIT("ssh.service", "not-found", "inactive"), "" },
		{ UNIT("getty@tty1.service", "loaded", "active"), "getty@tty1=running" },
		{ "Other=x\n" UNIT("a.service", "loaded", "active") "More=y", "a=running" },
		{ UNIT("a.service", "loaded", "active") "\n\n\n" UNIT("b.service", "loaded", "active") "\n", "a=running b=running" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_OK(tw_units_read(tw_slice_of(rows[i].text), &got));
		check_list(rows[i].want);
	}
}

static void test_units_refused(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "Id=a.service\n", "a.service has no state" },
		{ "Id=a.service\nLoadState=loaded\n\n" UNIT("b.service", "loaded", "active"), "a.service has no state" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_ERR(tw_units_read(tw_slice_of(rows[i].text), &got), SYNTAX);
		CHECK(strstr(tw_err_detail(), rows[i].want));
	}
}

static void test_real(void **state)
{
	static const struct {
		const char *name, *text;
		enum tw_code code;
		const char *why;
	} rows[] = {
		{ "ssh", "Id=ssh.service\n\nId=ssh.socket\n", TW_CODE_OK, "" },
		{ "nfs-kernel-server", "Id=nfs-server.service\n\nId=nfs-kernel-server.socket\n", TW_CODE_DENIED,
			"nfs-kernel-server.service is another name of 'nfs-server.service', which is to be named instead" },
		{ "udev", "Id=systemd-udevd.service\n\nId=udev.socket", TW_CODE_DENIED, "another name of 'systemd-udevd.service'" },
		{ "udev", "Id=udev.service\n\nId=systemd-udevd-control.socket", TW_CODE_DENIED,
			"udev.socket is another name of 'systemd-udevd-control.socket'" },
		{ "ssh", "Id=ssh.socket\n\nId=ssh.service", TW_CODE_DENIED, "'ssh.socket'" },
		{ "ssh", "Id=sshd.service\n\nId=ssh.socket", TW_CODE_DENIED, "'sshd.service'" },
		{ "ssh", "Id=ssh.service\n\nId=ssh.socket\n\nId=a.service", TW_CODE_DENIED, "'a.service'" },
		{ "ssh", "Id=ssh.service\n", TW_CODE_SYNTAX, "ssh is another unit's name is not said" },
		{ "ssh", "", TW_CODE_SYNTAX, "is not said" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const tw_err e = tw_units_real(tw_slice_of(rows[i].text), tw_slice_of(rows[i].name));

		if (e.code != rows[i].code || (tw_failed(e) && !strstr(tw_err_detail(), rows[i].why)))
			fail_msg("row %zu: %s", i, tw_failed(e) ? tw_err_detail() : "taken");
	}
}

static void test_lines(void **state)
{
	CHECK_OK(tw_services_read(TW_SLICE("ssh running\nmodem off\nupdate stopped"), &got));
	check_list("ssh=running modem=off update=stopped");
	CHECK_OK(tw_services_read(TW_SLICE(""), &got));
	check_list("");
	CHECK_OK(tw_services_read(TW_SLICE("ssh running\nssh off\n"), &got));
	check_list("ssh=off");
	CHECK_ERR(tw_services_read(TW_SLICE("ssh running\n\n"), &got), SYNTAX);
	CHECK_ERR(tw_services_read(TW_SLICE("ssh\n"), &got), SYNTAX);
	CHECK_ERR(tw_services_read(TW_SLICE("ssh on\n"), &got), SYNTAX);
	CHECK_ERR(tw_services_read(TW_SLICE("ssh running \n"), &got), SYNTAX);
	CHECK_ERR(tw_services_read(TW_SLICE("s\x1bh running\n"), &got), SYNTAX);
}

#define BETWEEN "2001:0db8:1111:2222:3333:4444:5555:6666"
#define LONG "sshd@123-" BETWEEN ":22-" BETWEEN ":51234"

/* What no list can name, as systemd has it of a connection between two addresses, takes none of the others with it, and is not kept quiet. */
static void test_nameless(void **state)
{
	static const char *const names[] = { LONG ".service", "ssh", ".service", "a b.service", "a=b.service", "a.mount" };

	assert_int_equal(sizeof LONG - 1, 97);
	for (size_t i = 0; i < TW_COUNT(names); i++) {
		char text[512];

		(void)snprintf(text, sizeof text, "Id=%s\nLoadState=loaded\nActiveState=active\n\n%s", names[i],
			UNIT("cron.service", "masked", "inactive"));
		CHECK_OK(tw_units_read(tw_slice_of(text), &got));
		check_list("cron=off");
		CHECK(got.more);
	}
	CHECK_OK(tw_units_read(TW_SLICE(UNIT("cron.service", "masked", "inactive")), &got));
	CHECK(!got.more);
	CHECK_OK(tw_services_read(TW_SLICE(LONG " running\ncron off\n"), &got));
	check_list("cron=off");
	CHECK(got.more);
	CHECK_ERR(tw_services_read(TW_SLICE(LONG " here\n"), &got), SYNTAX);
}

/* More than there is room for is said, and nothing is written beyond. */
static void test_many(void **state)
{
	static char text[TW_SERVICES_MAX * 24 + 64];
	size_t at = 0;

	for (int i = 0; i <= TW_SERVICES_MAX; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "s%d running\n", i);
	CHECK_OK(tw_services_read((struct tw_slice){ text, at }, &got));
	CHECK_INT(got.count, TW_SERVICES_MAX);
	CHECK(got.more);
	CHECK(tw_services_find(&got, TW_SLICE("s0")) && !tw_services_find(&got, TW_SLICE("s256")) &&
		!tw_services_find(&got, TW_SLICE("s")));
}

CHECK_MAIN(cmocka_unit_test(test_units), cmocka_unit_test(test_units_refused), cmocka_unit_test(test_nameless),
	cmocka_unit_test(test_real), cmocka_unit_test(test_lines), cmocka_unit_test(test_many))
