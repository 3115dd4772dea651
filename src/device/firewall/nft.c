/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Its input is sealed memory and its output a socket, so that no file is made; it has no environment, and no shell is near.
 */
#include "device/firewall/nft.h"

#include "base/fd.h"
#include "base/mem.h"
#include "sys/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define SAID_MAX 160

static tw_err start(const struct tw_sys *sys, const char *const *words, int input, pid_t *ret_pid, int *ret_fd)
{
	TW_CLEANUP(tw_closep) int theirs = -1;
	TW_CLEANUP(tw_closep) int ours = -1;
	char *argv[8] = { (char *)(uintptr_t) "nft" }, *envp[] = { NULL };
	int pair[2];

	for (size_t i = 0; words[i] && i < TW_COUNT(argv) - 2; i++)
		argv[i + 1] = (char *)(uintptr_t)words[i];
	if (sys->socketpair(sys, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, pair))
		return TW_RAISE_ERRNO("a channel to nft");
	ours = pair[0];
	theirs = pair[1];
	const int fds[] = { input, theirs, theirs };
	const struct tw_spawn what = { TW_NFT_PROGRAM, argv, envp, fds, TW_COUNT(fds) };

	if (sys->spawn(sys, &what, ret_pid))
		return TW_RAISE_ERRNO("starting %s", TW_NFT_PROGRAM);
	*ret_fd = tw_take_fd(&ours);
	return TW_OK;
}

static tw_err hear(const struct tw_sys *sys, int fd, struct tw_buf *ret)
{
	const int64_t until = tw_boot_ms(sys) + TW_NFT_MS;
	char piece[4096];

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		const int64_t left = until - tw_boot_ms(sys);

		if (left <= 0)
			return TW_RAISE(TIMEOUT, "nft does not end");
		if (sys->poll(sys, &p, 1, (int)left) < 0 && errno != EINTR)
			return TW_RAISE_ERRNO("waiting for nft");
		if (!p.revents)
			continue;
		const ssize_t n = sys->read(sys, fd, piece, sizeof piece);

		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return TW_OK;
		if (n < 0 && errno != EINTR)
			return TW_RAISE_ERRNO("hearing nft");
		if (n > 0)
			TW_TRY(tw_buf_add(ret, piece, (size_t)n));
	}
}

static int end_status(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static tw_err refused(const struct tw_buf *said)
{
	char line[SAID_MAX];
	const size_t size = strcspn(tw_buf_cstr(said), "\n");

	(void)snprintf(line, sizeof line, "%.*s", (int)(size < sizeof line ? size : sizeof line - 1), tw_buf_cstr(said));
	return TW_RAISE(DENIED, "nft says: %s", line[0] ? line : "nothing");
}

tw_err tw_nft_run(const struct tw_sys *sys, const char *const *words, struct tw_slice input, struct tw_buf *ret)
{
	TW_CLEANUP(tw_closep) int in = sys->memfd(sys, "rules", input.size ? input.at : "\n", input.size ? input.size : 1);
	TW_CLEANUP(tw_closep) int out = -1;
	pid_t pid = 0;

	if (in < 0)
		return TW_RAISE_ERRNO("memory for rules");
	TW_TRY(start(sys, words, in, &pid, &out));
	tw_err e = hear(sys, out, ret);

	if (tw_failed(e))
		(void)kill(pid, SIGKILL);
	const int status = end_status(pid);

	TW_TRY(e);
	return status == 0 ? TW_OK : refused(ret);
}

tw_err tw_nft_apply(const struct tw_sys *sys, const struct tw_ruleset *r)
{
	static const char *const words[] = { "-j", "-f", "-", NULL };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, said = { 0 };

	tw_buf_init(&text, sys, TW_RULESET_MAX);
	tw_buf_init(&said, sys, TW_RULESET_MAX);
	TW_TRY(tw_ruleset_commands(r, &text));
	return tw_nft_run(sys, words, tw_buf_slice(&text), &said);
}

tw_err tw_nft_check(const struct tw_sys *sys, const struct tw_ruleset *r, struct tw_ruleset_counts *ret_counts, bool *ret_holds)
{
	static const char *const words[] = { "-j", "-p", "list", "table", "inet", "thingward", NULL };
	TW_CLEANUP(tw_buf_done) struct tw_buf said = { 0 };

	tw_buf_init(&said, sys, TW_RULESET_MAX);
	*ret_counts = (struct tw_ruleset_counts){ 0 };
	tw_err e = tw_nft_run(sys, words, (struct tw_slice){ 0 }, &said);

	if (tw_is(e, TW_CODE_DENIED) && strstr(tw_buf_cstr(&said), "No such file or directory")) {
		*ret_holds = !r->enforce;
		return TW_OK;
	}
	TW_TRY(e);
	*ret_holds = false;
	return r->enforce ? tw_ruleset_holds(r, sys, tw_buf_slice(&said), ret_counts, ret_holds) : TW_OK;
}
