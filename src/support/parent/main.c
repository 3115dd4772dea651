/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingward-support: the parent of the support service's roles. It binds the listener, opens each role's directory, gives its privileges up
 * as far as starting roles allows, and stays to notice when one dies. It parses its command line and roles.tab, and nothing else.
 */
#include "base/log.h"
#include "base/mem.h"
#include "service/parent/loop.h"
#include "service/parent/os.h"
#include "support/parent/places.h"
#include "sys/real.h"
#include "sys/sandbox.h"

#define FDS_MAX 64 /* all of ours are below; what is above is somebody's leak */

static tw_err box_self(void)
{
	const struct tw_sandbox box = { .role = "hands", .uid = geteuid(), .gid = getegid(), .keep_fds = FDS_MAX, .want = TW_WANT_PARENT };
	struct tw_sandbox_state state;

	return tw_sandbox_enter(&box, &state);
}

static tw_err serve(const struct tw_sys *sys, const struct tw_support_options *o)
{
	TW_CLEANUP(tw_support_places_done) struct tw_support_places places;
	TW_CLEANUP(tw_closep) int signals = -1;
	struct tw_notify notify;
	struct tw_crew crew;
	struct tw_errands errands;

	tw_support_places_init(&places);
	if (o->check)
		return tw_support_places_open(sys, o, &places);
	TW_TRY(tw_notify_open(sys, getenv("NOTIFY_SOCKET"), getenv("WATCHDOG_USEC"), &notify));
	TW_TRY(tw_support_places_open(sys, o, &places));
	TW_TRY(tw_os_signals(&signals));
	TW_TRY(tw_crew_init(sys, places.crew, places.null, o->role_program, &crew));
	tw_errands_init(sys, places.errands, places.null, o->role_program, &errands);
	if (geteuid() != 0)
		tw_warn("not root: app, front and keys share user %u. Their sandboxes hold, but no user ids keep their files and memory apart; "
			"start as root with roles.tab for that",
			geteuid());
	TW_TRY(tw_os_drop(false));
	TW_TRY(box_self());
	const struct tw_loop loop = { sys, &crew, &errands, &notify, signals, -1, -1, NULL, 0, -1, NULL };
	return tw_loop_run(&loop);
}

/* What reads certificates and answers is a program of its own, beside this one where it was built, so that the parent stays small. */
static int set_up(char **argv)
{
	static const char name[] = "/thingward-support-setup";
	char beside[4096];
	ssize_t size = readlink("/proc/self/exe", beside, sizeof beside - sizeof name);

	for (beside[size > 0 ? size : 0] = '\0'; size > 0 && beside[size] != '/';)
		size--;
	if (size > 0) {
		memcpy(beside + size, name, sizeof name);
		(void)execve(beside, argv, environ);
	}
	(void)execve(TW_SETUP_PROGRAM, argv, environ);
	tw_error("%s cannot be started", TW_SETUP_PROGRAM);
	return 1;
}

int main(int argc, char **argv)
{
	struct tw_support_options o;
	tw_err e;

	tw_log_setup("thingward-support", TW_LEVEL_INFO);
	if (argc > 1 && tw_support_sets_up(argv[1]))
		return set_up(argv);
	e = tw_support_options_parse(argc, argv, &o);
	if (tw_failed(e)) {
		tw_log_err(e, "command line");
		return 2;
	}
	if (o.help)
		return fputs(tw_support_help, stdout) < 0 ? 1 : 0;
	e = serve(tw_sys_real(), &o);
	if (tw_failed(e))
		tw_log_err(e, o.check ? "the check failed" : "cannot go on");
	return tw_failed(e) ? 1 : 0;
}
