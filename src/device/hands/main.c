/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingward-device: the privileged parent ("hands").
 *
 * It opens what needs privilege, gives the privilege up as far as starting roles allows, starts the roles with exactly the
 * descriptors their row names, and stays to notice when one dies. It parses nothing from outside but its own command line and
 * roles.tab, and links nothing but the C library and libseccomp.
 */
#include "base/log.h"
#include "base/mem.h"
#include "device/hands/move.h"
#include "device/hands/plan.h"
#include "service/parent/loop.h"
#include "service/parent/os.h"
#include "sys/real.h"
#include "sys/sandbox.h"

#include <fcntl.h>

static tw_err open_watchdog(const struct tw_sys *sys, const char *path, int *ret)
{
	if (!path)
		return TW_OK;
	*ret = sys->open_path(sys, path, O_WRONLY | O_CLOEXEC, 0);
	return *ret < 0 ? TW_RAISE_ERRNO("opening the watchdog %s", path) : TW_OK;
}

#define FDS_MAX 64 /* all of ours are below; what is above is somebody's leak */

/* Ours is the widest box, since roles are made inside it, but a box it is: no module, mount, trace or key ring for anybody. */
static tw_err box_self(void)
{
	const struct tw_sandbox box = { .role = "hands", .uid = geteuid(), .gid = getegid(), .keep_fds = FDS_MAX, .want = TW_WANT_PARENT };
	struct tw_sandbox_state state;

	return tw_sandbox_enter(&box, &state);
}

static tw_err serve(const struct tw_sys *sys, const struct tw_hands_options *o, int ready_fd)
{
	TW_CLEANUP(tw_places_done) struct tw_places places;
	TW_CLEANUP(tw_closep) int signals = -1;
	TW_CLEANUP(tw_closep) int watchdog = -1;
	struct tw_notify notify;
	struct tw_plan plan;
	struct tw_crew crew;
	struct tw_errands errands;
	TW_CLEANUP(tw_move_done) struct tw_move move = { .sys = sys, .at = &places, .front = &plan.crew[TW_CREW_FRONT] };

	tw_places_init(&places);
	TW_TRY(tw_notify_open(sys, getenv("NOTIFY_SOCKET"), getenv("WATCHDOG_USEC"), &notify));
	TW_TRY(tw_places_open(sys, o, &places));
	TW_TRY(open_watchdog(sys, o->watchdog, &watchdog));
	TW_TRY(tw_os_signals(&signals));
	tw_plan_make(&places, &plan);
	move.base.to = tw_move_to;
	TW_TRY(tw_crew_init(sys, plan.crew, places.null, o->role_program, &crew));
	tw_errands_init(sys, plan.errands, places.null, o->role_program, &errands);
	if (geteuid() != 0)
		tw_warn("not root: all roles share user %u, which keeps them apart less; the statuses say so", geteuid());
	TW_TRY(tw_os_drop(places.tab.of[TW_TAB_FIREWALL].uid != 0 || places.tab.of[TW_TAB_BLUETOOTH].uid != 0));
	TW_TRY(box_self());
	const struct tw_loop loop = { sys, &crew, &errands, &notify, signals, places.boot, watchdog, places.tcp, places.tcp_count,
		ready_fd, &move.base };
	return tw_loop_run(&loop);
}

static tw_err check(const struct tw_sys *sys, const struct tw_hands_options *o)
{
	TW_CLEANUP(tw_places_done) struct tw_places places;

	tw_places_init(&places);
	return tw_places_check(sys, o, &places);
}

static int help(const struct tw_sys *sys)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, sys, 8192);
	if (tw_failed(tw_hands_options_help(&text)))
		return 1;
	(void)fputs(tw_buf_cstr(&text), stdout);
	return 0;
}

/* The parent of a background start: ends well once the doors answer, badly when the child ends before. */
static int wait_ready(const struct tw_sys *sys, int fd)
{
	char byte;

	return sys->read(sys, fd, &byte, 1) == 1 ? 0 : 1;
}

int main(int argc, char **argv)
{
	const struct tw_sys *sys = tw_sys_real();
	struct tw_hands_options o;
	bool is_parent = false;
	int ready_fd = -1;
	tw_err e;

	tw_log_setup("thingward-device", TW_LEVEL_INFO);
	e = tw_hands_options_parse(argc, argv, &o);
	if (tw_failed(e)) {
		tw_log_err(e, "command line");
		return 2;
	}
	if (o.help)
		return help(sys);
	if (!o.check && !o.foreground)
		e = tw_os_background(&is_parent, &ready_fd);
	if (!tw_failed(e) && is_parent)
		return wait_ready(sys, ready_fd);
	if (!tw_failed(e))
		e = o.check ? check(sys, &o) : serve(sys, &o, ready_fd);
	if (tw_failed(e))
		tw_log_err(e, o.check ? "the check failed" : "cannot go on");
	return tw_failed(e) ? 1 : 0;
}
