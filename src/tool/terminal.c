/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As readpassphrase(3) of OpenBSD does it: signals are noted while the question stands there, and sent to ourselves once the echo is back.
 * What notes them wakes the one poll that waits for the answer, so that none comes too early or too late.
 */
#include "tool/terminal.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <termios.h>

static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT };
static volatile sig_atomic_t noted[TW_COUNT(signals)];
static const struct tw_sys *wake_sys;
static int wake_fd = -1;

struct asking {
	const struct tw_sys *sys;
	int tty, wake[2];
	bool hides; /* what is typed */
	struct termios before;
	struct sigaction theirs[TW_COUNT(signals)];
};

static void asking_done(struct asking *a)
{
	wake_fd = -1;
	tw_closep(&a->wake[0]);
	tw_closep(&a->wake[1]);
	tw_closep(&a->tty);
}

static void note(int number)
{
	int saved = errno;

	for (size_t i = 0; i < TW_COUNT(signals); i++)
		noted[i] = noted[i] || signals[i] == number;
	(void)wake_sys->write(wake_sys, wake_fd, "", 1); /* a full pair wakes as well */
	errno = saved;
}

static tw_err open_terminal(struct asking *a)
{
	a->tty = a->sys->open_path(a->sys, "/dev/tty", O_RDWR | O_NOCTTY, 0);
	if (a->tty < 0)
		return TW_RAISE(NOTFOUND, "there is no terminal to ask at");
	if (tcgetattr(a->tty, &a->before) != 0)
		return TW_RAISE_ERRNO("the terminal");
	if (a->sys->socketpair(a->sys, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, a->wake) != 0)
		return TW_RAISE_ERRNO("a question");
	wake_sys = a->sys;
	wake_fd = a->wake[1];
	return TW_OK;
}

static void catch_signals(struct asking *a)
{
	const struct sigaction ours = { .sa_handler = note };

	for (size_t i = 0; i < TW_COUNT(signals); i++) {
		noted[i] = 0;
		(void)sigaction(signals[i], &ours, &a->theirs[i]);
	}
}

static void release_signals(const struct asking *a)
{
	for (size_t i = 0; i < TW_COUNT(signals); i++)
		(void)sigaction(signals[i], &a->theirs[i], NULL);
}

static bool was_noted(void)
{
	for (size_t i = 0; i < TW_COUNT(signals); i++)
		if (noted[i])
			return true;
	return false;
}

static bool in_background(void)
{
	for (size_t i = 0; i < TW_COUNT(signals); i++)
		if (signals[i] == SIGTTOU && noted[i])
			return true;
	return false;
}

/* @nist LA.AS.3: nothing shows. TCSAFLUSH: what was typed before, with echo, is no secret's beginning; what is left of one reaches nobody else. */
static tw_err set_echo(const struct asking *a, bool echo)
{
	struct termios t = a->before;
	int r;

	if (!a->hides)
		return TW_OK;
	if (!echo)
		t.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	do
		r = tcsetattr(a->tty, TCSAFLUSH, &t);
	while (r != 0 && errno == EINTR && !in_background());
	return r == 0 || in_background() ? TW_OK : TW_RAISE_ERRNO("the echo of the terminal");
}

static tw_err take_line(const struct asking *a, struct tw_buf *ret)
{
	char line[TW_TERMINAL_LINE_MAX];
	ssize_t n = a->sys->read(a->sys, a->tty, line, sizeof line);
	tw_err e = TW_OK;

	if (n < 0)
		return was_noted() ? TW_OK : TW_RAISE_ERRNO("reading from the terminal");
	if (n == sizeof line && line[n - 1] != '\n')
		e = TW_RAISE(LIMIT, "more than %d characters were typed", TW_TERMINAL_LINE_MAX - 1);
	else if (n > 0)
		e = tw_buf_add(ret, line, (size_t)(line[n - 1] == '\n' ? n - 1 : n));
	tw_wipe(line, sizeof line);
	return e;
}

/* The question, and the answer or a signal. */
static tw_err ask_once(const struct asking *a, const char *prompt, struct tw_buf *ret)
{
	struct pollfd p[] = { { .fd = a->tty, .events = POLLIN }, { .fd = a->wake[0], .events = POLLIN } };
	char drained[64];

	if (was_noted())
		return TW_OK;
	(void)a->sys->write(a->sys, a->tty, prompt, strlen(prompt));
	while (!was_noted() && a->sys->poll(a->sys, p, TW_COUNT(p), -1) < 0)
		if (errno != EINTR)
			return TW_RAISE_ERRNO("waiting at the terminal");
	tw_err e = was_noted() ? TW_OK : take_line(a, ret);
	while (a->sys->read(a->sys, a->wake[0], drained, sizeof drained) > 0)
		;
	if (a->hides || was_noted())
		(void)a->sys->write(a->sys, a->tty, "\n", 1);
	return e;
}

/* Sends what was noted to ourselves, as if nobody had held it back. Whether the question is asked anew: we were stopped, and go on. */
static bool pass_on(void)
{
	bool again = false, ended = false;

	for (size_t i = 0; i < TW_COUNT(signals); i++) {
		int number = signals[i];

		if (!noted[i])
			continue;
		if (number != SIGCONT)
			(void)raise(number);
		if (number == SIGTSTP || number == SIGTTIN || number == SIGTTOU || number == SIGCONT)
			again = true;
		else
			ended = true;
	}
	return again && !ended;
}

static tw_err ask(const struct tw_sys *sys, const char *prompt, bool hides, struct tw_buf *ret)
{
	TW_CLEANUP(asking_done) struct asking a = { .sys = sys, .tty = -1, .wake = { -1, -1 }, .hides = hides };
	tw_err e;

	TW_TRY(open_terminal(&a));
	do {
		tw_buf_clear(ret);
		catch_signals(&a);
		e = set_echo(&a, false);
		if (!tw_failed(e))
			e = ask_once(&a, prompt, ret);
		tw_ignore(set_echo(&a, true)); /* where it cannot be, there is no terminal any more */
		release_signals(&a);
		TW_TRY(e);
		if (!was_noted())
			return TW_OK;
	} while (pass_on());
	return TW_RAISE(STATE, "interrupted");
}

tw_err tw_terminal_secret(const struct tw_sys *sys, const char *prompt, struct tw_buf *ret)
{
	return ask(sys, prompt, true, ret);
}

tw_err tw_terminal_line(const struct tw_sys *sys, const char *prompt, struct tw_buf *ret)
{
	return ask(sys, prompt, false, ret);
}

bool tw_terminal_there(const struct tw_sys *sys)
{
	TW_CLEANUP(tw_closep) int tty = sys->open_path(sys, "/dev/tty", O_RDWR | O_NOCTTY, 0);

	return tty >= 0;
}

tw_err tw_terminal_show(const struct tw_sys *sys, struct tw_slice text)
{
	TW_CLEANUP(tw_closep) int tty = sys->open_path(sys, "/dev/tty", O_WRONLY | O_NOCTTY, 0);

	if (tty < 0)
		return TW_RAISE(NOTFOUND, "there is no terminal");
	while (text.size) {
		ssize_t n = sys->write(sys, tty, text.at, text.size);

		if (n < 0 && errno != EINTR)
			return TW_RAISE_ERRNO("writing to the terminal");
		text.at += n > 0 ? n : 0;
		text.size -= n > 0 ? (size_t)n : 0;
	}
	return TW_OK;
}
