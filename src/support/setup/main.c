/* SPDX-License-Identifier: Apache-2.0 */
#include "support/setup/setup.h"

#include "base/json.h"
#include "base/log.h"
#include "crypto/hash.h"
#include "sys/real.h"
#include "sys/sandbox-rows.h"

#include <sys/prctl.h>
#include <sys/resource.h>

/* It reads a password and the listener's key: nobody looks into it while it runs, and nothing of it is left when it fails. */
static tw_err close_up(void)
{
	/* The leak checker of a sanitizer build cannot do without. */
	if (prctl(PR_SET_DUMPABLE, tw_sandbox_san ? 1 : 0, 0, 0, 0) || setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 }))
		return TW_RAISE_ERRNO("becoming not dumpable");
	return TW_OK;
}

int main(int argc, char **argv)
{
	const struct tw_sys *sys = tw_sys_real();
	struct tw_setup s = { .sys = sys, .options = { .role_program = TW_ROLE_PROGRAM }, .in = STDIN_FILENO };
	tw_setup_run *run = NULL;
	struct timespec now = { 0 };

	tw_log_setup("thingward-support", TW_LEVEL_INFO);
	tw_crypto_use(sys);
	tw_json_use(sys);
	tw_err e = close_up();
	if (tw_failed(e)) {
		tw_log_err(e, "start");
		return 1;
	}
	(void)sys->clock(sys, CLOCK_REALTIME, &now);
	s.now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	tw_support_places_init(&s.places);
	e = tw_setup_parse(argc, argv, &s, &run);
	if (tw_failed(e)) {
		tw_log_err(e, "command line");
		return 2;
	}
	e = run(&s);
	tw_support_places_done(&s.places);
	if (tw_failed(e))
		tw_log_err(e, "%s", argv[1]);
	return tw_failed(e) || fflush(stdout) ? 1 : 0;
}
