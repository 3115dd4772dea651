/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driven by its machine interface (--status-fd): gpgme would start half a dozen programs to find out what there is, none of which our sandbox
 * lets run. The home is named by its descriptor, since nobody but the parent may walk down to it.
 *
 * gpg's agent makes no socket and no process of its own (--supervised): both are ours, so that the kernel ends it with us, whatever ends us.
 */
#include "support/sign/gpg.h"

#include "base/fd.h"
#include "base/mem.h"
#include "support/sign/gpg-status.h"
#include "support/sign/sign-wire.h"
#include "sys/clock.h"
#include "sys/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define SOCKET_NAME "S.gpg-agent"
#define KEYRING_NAME "registered.gpg"
#define KEYRING_PATH HOME_PATH "/" KEYRING_NAME
/* Of what we start: where its home stands, where it tells its status, what it holds open until it ends, and what else it reads. */
enum { HOME = 3, STATUS, ALIVE, MORE, FDS };
#define HOME_PATH "/proc/self/fd/3"
_Static_assert(HOME == 3, "HOME_PATH names it");

/* Nothing that was started stays. */
static void end_now(pid_t *pid)
{
	int status;

	if (*pid <= 0)
		return;
	(void)kill(*pid, SIGKILL);
	while (waitpid(*pid, &status, 0) < 0 && errno == EINTR)
		;
}

static int end_status(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int64_t tw_gpg_now_ms(const struct tw_sys *sys)
{
	return tw_boot_ms(sys);
}

/* It holds the other end until it ends. */
static bool ends_in_time(const struct tw_gpg *g, int alive)
{
	struct pollfd p = { .fd = alive, .events = POLLIN };
	int n;

	do {
		const int64_t left = g->until_ms - tw_gpg_now_ms(g->sys);

		n = g->sys->poll(g->sys, &p, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

static tw_err take(const struct tw_sys *sys, int fd, struct tw_buf *ret)
{
	char piece[4096];
	ssize_t n;

	for (off_t at = 0;; at += n) {
		n = sys->pread(sys, fd, piece, sizeof piece, at);
		if (n < 0)
			return TW_RAISE_ERRNO("reading what gpg wrote");
		if (n == 0)
			return TW_OK;
		TW_TRY(tw_buf_add(ret, piece, (size_t)n));
	}
}

struct run {
	const struct tw_gpg *g;
	const char *const *words; /* of this call; NULL behind the last */
	struct tw_slice in, more;
	struct tw_buf out, status;
	int code; /* how it ended */
};

static void run_done(struct run *r)
{
	tw_buf_done(&r->out);
	tw_buf_done(&r->status);
}

static void run_init(struct run *r, const struct tw_gpg *g, const char *const *words)
{
	*r = (struct run){ .g = g, .words = words };
	tw_buf_init(&r->out, g->sys, TW_SIGN_KEY_MAX);
	tw_buf_init(&r->status, g->sys, TW_GPG_STATUS_MAX);
}

struct descriptors {
	int in, more, out, status, ours, theirs;
};

static void descriptors_done(struct descriptors *d)
{
	int *const all[] = { &d->in, &d->more, &d->out, &d->status, &d->ours, &d->theirs };

	for (size_t i = 0; i < TW_COUNT(all); i++)
		tw_closep(all[i]);
}

static tw_err make_descriptors(const struct run *r, struct descriptors *d)
{
	const struct tw_sys *sys = r->g->sys;
	int pair[2];

	d->in = sys->memfd(sys, "text", r->in.size ? r->in.at : "", r->in.size);
	d->more = sys->memfd(sys, "more", r->more.size ? r->more.at : "", r->more.size);
	d->out = sys->spool(sys, "out");
	d->status = sys->spool(sys, "status");
	if (d->in < 0 || d->more < 0 || d->out < 0 || d->status < 0)
		return TW_RAISE_ERRNO("memory for gpg");
	if (lseek(d->in, 0, SEEK_SET) < 0 || lseek(d->more, 0, SEEK_SET) < 0) /* who wrote them left the position at the end */
		return TW_RAISE_ERRNO("memory for gpg");
	if (sys->socketpair(sys, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, pair))
		return TW_RAISE_ERRNO("a line to gpg");
	d->ours = pair[0];
	d->theirs = pair[1];
	return TW_OK;
}

/* What every call says: nothing is asked, looked up, locked or kept, and no option of a file counts. */
static const char *const always[] = { "gpg", "--homedir", HOME_PATH, "--batch", "--no-tty", "--no-options", "--no-autostart",
	"--lock-never", "--no-random-seed-file", "--no-auto-check-trustdb", "--trust-model", "always", "--quiet", "--status-fd",
	"4", "--enable-special-filenames" };
#define WORDS_MAX 12

static tw_err start(const struct run *r, const struct descriptors *d, pid_t *ret)
{
	char *argv[TW_COUNT(always) + WORDS_MAX + 1] = { NULL }, *envp[] = { NULL };
	const int fds[FDS] = { d->in, d->out,
		STDERR_FILENO, [HOME] = r->g->home, [STATUS] = d->status, [ALIVE] = d->theirs, [MORE] = d->more };
	const struct tw_spawn what = { .program = r->g->program, .argv = argv, .envp = envp, .fds = fds, .fd_count = FDS, .dies_with_us = true };
	size_t n = 0;

	for (; n < TW_COUNT(always); n++)
		argv[n] = (char *)(uintptr_t)always[n];
	for (size_t i = 0; r->words[i] && i < WORDS_MAX; i++)
		argv[n++] = (char *)(uintptr_t)r->words[i];
	return r->g->sys->spawn(r->g->sys, &what, ret) ? TW_RAISE_ERRNO("starting %s", r->g->program) : TW_OK;
}

static tw_err run(struct run *r)
{
	TW_CLEANUP(descriptors_done) struct descriptors d = { -1, -1, -1, -1, -1, -1 };
	pid_t pid = 0;

	TW_TRY(make_descriptors(r, &d));
	TW_TRY(start(r, &d, &pid));
	tw_closep(&d.theirs);
	if (!ends_in_time(r->g, d.ours)) {
		end_now(&pid);
		return TW_RAISE(TIMEOUT, "gpg does not end");
	}
	r->code = end_status(pid);
	TW_TRY(take(r->g->sys, d.out, &r->out));
	return take(r->g->sys, d.status, &r->status);
}

/* --- The agent --- */

static tw_err listen_at(const struct tw_gpg *g, int *ret)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	TW_CLEANUP(tw_closep) int fd = -1;

	if (g->sys->unlink(g->sys, g->home, SOCKET_NAME) && errno != ENOENT) /* one of a run that was cut */
		return TW_RAISE_ERRNO("removing " SOCKET_NAME);
	(void)snprintf(a.sun_path, sizeof a.sun_path, "/proc/self/fd/%d/" SOCKET_NAME, g->home);
	fd = g->sys->socket(g->sys, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || g->sys->bind(g->sys, fd, (const struct sockaddr *)&a, sizeof a) || g->sys->listen(g->sys, fd, 4))
		return TW_RAISE_ERRNO("a socket for gpg's agent");
	*ret = tw_take_fd(&fd);
	return TW_OK;
}

/* Its home has another descriptor, since it looks for its socket at the third. */
static tw_err start_agent(const struct tw_gpg *g, pid_t *ret)
{
	TW_CLEANUP(tw_closep) int listener = -1;
	char own[] = "LISTEN_PID=0000000000000000000", count[] = "LISTEN_FDS=1";
	char *argv[] = { (char *)(uintptr_t) "gpg-agent", (char *)(uintptr_t) "--homedir", (char *)(uintptr_t) "/proc/self/fd/4",
		(char *)(uintptr_t) "--no-options", (char *)(uintptr_t) "--quiet", (char *)(uintptr_t) "--supervised", NULL };
	char *envp[] = { own, count, NULL };

	TW_TRY(listen_at(g, &listener));
	/* It says what it misses of the calls that its sandbox refuses; what went wrong gpg says. */
	const int fds[] = { STDIN_FILENO, STDOUT_FILENO, STDOUT_FILENO, listener, g->home };
	const struct tw_spawn what = { .program = g->agent,
		.argv = argv,
		.envp = envp,
		.fds = fds,
		.fd_count = TW_COUNT(fds),
		.dies_with_us = true,
		.own_id = own + sizeof "LISTEN_PID=" - 1 };

	_Static_assert(sizeof own - sizeof "LISTEN_PID=" + 1 >= TW_SPAWN_ID_SIZE, "room for its id");
	return g->sys->spawn(g->sys, &what, ret) ? TW_RAISE_ERRNO("starting %s", g->agent) : TW_OK;
}

/* --- What is asked of them --- */

tw_err tw_gpg_sign(const struct tw_gpg *g, struct tw_slice fingerprint, struct tw_slice text, struct tw_buf *ret)
{
	TW_CLEANUP(end_now) pid_t agent = 0;
	TW_CLEANUP(run_done) struct run r;
	char name[TW_SIGN_FINGERPRINT_MAX + 1];
	const char *const words[] = { "--local-user", name, "--digest-algo", "SHA512", "--armor", "--detach-sign", NULL };

	run_init(&r, g, words);
	(void)snprintf(name, sizeof name, TW_SLICE_FMT, TW_SLICE_ARG(fingerprint));
	r.in = text;
	TW_TRY(start_agent(g, &agent));
	TW_TRY(run(&r));
	if (r.code != 0 || !tw_gpg_status_made(tw_buf_slice(&r.status)))
		return TW_RAISE(NOTFOUND, "gpg makes no signature with %s: has its home this secret key, without a passphrase?", name);
	return tw_buf_add(ret, r.out.data, r.out.size);
}

/* The registered key alone, as gpg reads keys from a file. It is made anew for each check, and is nobody's secret. */
static tw_err write_keyring(const struct tw_gpg *g, struct tw_slice key)
{
	static const char *const words[] = { "--dearmor", NULL };
	TW_CLEANUP(run_done) struct run r;

	run_init(&r, g, words);
	r.in = key;
	TW_TRY(run(&r));
	if (r.code != 0 || r.out.size == 0)
		return TW_RAISE(SYNTAX, "the registered public key is none in ASCII armor");
	return tw_durable_place(g->sys, g->home, KEYRING_NAME, r.out.data, r.out.size, 0600);
}

tw_err tw_gpg_check(const struct tw_gpg *g, struct tw_slice fingerprint, struct tw_slice key, struct tw_slice text,
	struct tw_slice signature, int64_t now_s)
{
	static const char *const words[] = { "--no-default-keyring", "--keyring", KEYRING_PATH, "--verify", "--", "-&6", "-", NULL };
	TW_CLEANUP(run_done) struct run r;

	_Static_assert(MORE == 6, "the words name it");
	TW_TRY(write_keyring(g, key));
	run_init(&r, g, words);
	r.in = text;
	r.more = signature;
	TW_TRY(run(&r));
	TW_TRY(tw_gpg_status_check(tw_buf_slice(&r.status), fingerprint, now_s));
	return r.code == 0 ? TW_OK : TW_RAISE(UNTRUSTED, "gpg ends with %d", r.code);
}
