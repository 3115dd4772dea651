/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a device, or the support service, and ends one of its roles by SIGKILL at one system call: the K-th of a name, before the kernel has done it or
 * after. Nothing in the program helps: the role is held by ptrace from the fork that made it, all others run free.
 *
 *   killer REPORT-FD ROLE CALL K WHEN -- PROGRAM ARGS...     WHEN: entry, exit; EIO: it is not killed, the call fails so
 *   killer REPORT-FD ROLE list 0 entry -- PROGRAM ARGS...    names every call instead
 *   killer REPORT-FD nobody - 0 entry -- PROGRAM ARGS...     only starts and waits, as a service manager does
 *
 * ROLE is one of hands' children, or one of the lineage behind keys: token and library. As =NAME it is the first child of the program to become one
 * whose first word is NAME, whenever that is: of the support service nobody can say in which order roles on demand are born. Its calls begin behind its exec.
 *
 * Only the first life of a role counts: what is started after the kill is left alone. The calls of a role begin after the fork,
 * those of hands after its exec.
 *
 * Lines written to REPORT-FD: "device PID" at once; "call NAME" of a list; "killed N NAME WHEN", where N counts all calls of the
 * role, also of a call that failed; at the end "end STATUS" (of wait(2)) once hands has ended, and "left PID" for each process of the device that was still
 * there PATIENCE_MS later and was killed here.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 8000 /* hands gives a role 5 s when it stops */
#define NAME_SIZE 40
#define NAMES_MAX 512   /* system calls have numbers below this */
#define WORDS_SIZE 8192 /* of a command line: its first word is a path */

/*
 * In the order hands forks them. What it starts on demand comes behind them: the first is the one that the story asks for; ask is the second, since
 * before a server is asked about a password, hash is.
 */
static const char *const order[] = { "keys", "core", "front" };
enum { RESIDENT = 3, ROLES_MAX = 5 };

/* What is no child of hands: keys, the first of its children, forks token, and that its worker with the token's library. Each is its parent's first. */
static const char *const lineage[] = { "keys", "token", "library" };

enum when { ENTRY, EXIT, FAIL };

static struct {
	int report;
	const char *role, *call;
	long k;
	enum when when;
	bool list, done, failing, in_lineage, by_name;
	pid_t hands, victim, born[ROLES_MAX]; /* hands' first children, as it told of them */
	long roles;                           /* so many of them are told of, the victim among them */
	long forks, n, of_name;
	bool inside; /* the victim is in a call */
} run;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	char line[128];
	va_list args;

	va_start(args, format);
	int size = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (size > 0 && write(run.report, line, (size_t)size) != size)
		_exit(3);
}

static const char *call_name(long number)
{
	static char names[NAMES_MAX][NAME_SIZE];
	char *found;

	if (number < 0 || number >= NAMES_MAX)
		return "none";
	if (names[number][0])
		return names[number];
	found = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)number);
	(void)snprintf(names[number], NAME_SIZE, "%s", found ? found : "none");
	free(found);
	return names[number];
}

static void go_on(pid_t pid, enum __ptrace_request how, int signal_number)
{
	(void)ptrace(how, pid, NULL, (void *)(intptr_t)signal_number); /* it may have been killed meanwhile: its end is reaped */
}

/* Free of us, and with it what it starts later. */
static void release(pid_t pid)
{
	(void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
}

static enum __ptrace_request way_of(pid_t pid)
{
	return pid == run.victim && !run.done ? PTRACE_SYSCALL : PTRACE_CONT;
}

static void strike(pid_t pid, const char *name)
{
	say("killed %ld %s %s\n", run.n, name, run.when == ENTRY ? "entry" : "exit");
	run.done = true;
	(void)kill(pid, SIGKILL);
}

/* Entering: the kernel is given no call to do. */
static void begin_failure(pid_t pid, struct user_regs_struct *regs)
{
	regs->orig_rax = UINT64_MAX;
	run.failing = ptrace(PTRACE_SETREGS, pid, NULL, regs) == 0;
	go_on(pid, PTRACE_SYSCALL, 0);
}

/* Leaving: the caller reads EIO, and is free of us. */
static void end_failure(pid_t pid, struct user_regs_struct *regs)
{
	regs->rax = (uint64_t)-EIO;
	(void)ptrace(PTRACE_SETREGS, pid, NULL, regs);
	say("killed %ld %s EIO\n", run.n, run.call);
	run.done = true;
	release(pid);
}

static void at_call(pid_t pid)
{
	struct user_regs_struct regs;
	const char *name;

	run.inside = !run.inside;
	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) != 0)
		return;
	if (run.failing) {
		end_failure(pid, &regs);
		return;
	}
	name = call_name((long)regs.orig_rax);
	if (run.inside) {
		run.n++;
		if (run.list)
			say("call %s\n", name);
		run.of_name += strcmp(name, run.call) == 0;
	}
	bool there = !run.list && run.of_name == run.k && strcmp(name, run.call) == 0;

	if (there && run.when == FAIL && run.inside)
		begin_failure(pid, &regs);
	else if (there && run.when != FAIL && (run.when == ENTRY) == run.inside)
		strike(pid, name);
	else
		go_on(pid, PTRACE_SYSCALL, 0);
}

/* The word behind the program's name, within words. */
static const char *second_word(pid_t pid, char words[WORDS_SIZE])
{
	char path[64];
	int fd;
	ssize_t n;

	memset(words, 0, WORDS_SIZE);
	(void)snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, words, WORDS_SIZE - 2);
	(void)close(fd);
	return n > 0 ? words + strlen(words) + 1 : words;
}

/* The children of hands come in a fixed order; the word behind the program's name must say the same once it is there. */
static void check_order(pid_t pid, const char *want)
{
	char words[WORDS_SIZE];
	const char *second = second_word(pid, words);

	if (strcmp(second, want) != 0) {
		say("wrong %.60s\n", second);
		_exit(3);
	}
}

static bool is_victim(long fork)
{
	if (run.in_lineage)
		return fork + 1 == run.roles;
	return fork < RESIDENT ? strcmp(order[fork], run.role) == 0 : fork + 1 == run.roles;
}

static void born(pid_t pid)
{
	if (run.forks == run.roles)
		return;
	if (is_victim(run.forks))
		run.victim = pid;
	run.born[run.forks++] = pid;
}

/* All children of hands are held until one of them is the victim, and none but that from then on. */
static void stopped_by_name(pid_t pid, int signal_number, int event)
{
	char words[WORDS_SIZE];

	if (event == PTRACE_EVENT_EXEC && !run.victim && strcmp(second_word(pid, words), run.role) == 0) {
		run.victim = pid;
		run.inside = true; /* it is in its exec, which counts for nothing */
		go_on(pid, PTRACE_SYSCALL, 0);
	} else if (pid == run.victim && signal_number == (SIGTRAP | 0x80)) {
		at_call(pid);
	} else if (pid != run.victim && (run.victim || event == PTRACE_EVENT_EXEC) &&
		(signal_number == SIGTRAP || signal_number == SIGSTOP)) {
		release(pid);
	} else {
		go_on(pid, way_of(pid), event || signal_number == SIGSTOP || signal_number == SIGTRAP ? 0 : signal_number);
	}
}

static void stopped(pid_t pid, int status)
{
	int signal_number = WSTOPSIG(status), event = status >> 16;
	unsigned long child;

	if (run.by_name) {
		stopped_by_name(pid, signal_number, event);
		return;
	}
	if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
		if (ptrace(PTRACE_GETEVENTMSG, pid, NULL, &child) == 0)
			born((pid_t)child);
		if (pid != run.victim && (run.forks == run.roles || run.in_lineage)) /* in a lineage, each has one child that counts */
			release(pid);
		else
			go_on(pid, way_of(pid), 0);
	} else if (event == PTRACE_EVENT_EXEC) {
		if (run.in_lineage)
			check_order(pid, lineage[0]);
		else if (pid == run.victim && pid != run.hands)
			check_order(pid, run.role);
		go_on(pid, way_of(pid), 0);
	} else if (signal_number == (SIGTRAP | 0x80)) {
		at_call(pid);
	} else if (pid != run.hands && pid != run.victim && !(run.in_lineage && run.forks < run.roles)) {
		release(pid); /* another role, just born */
	} else {
		go_on(pid, way_of(pid), signal_number == SIGSTOP || signal_number == SIGTRAP ? 0 : signal_number);
	}
}

/* A child's first stop may come before the word of its fork: it waits until then. */
static bool too_early(pid_t pid)
{
	for (long i = 0; i < run.forks; i++)
		if (run.born[i] == pid)
			return false;
	return pid != run.hands && run.forks < run.roles;
}

/* The decimal number at *at, 0 when there is none; *at is moved behind it and the blank that follows. */
static long number(const char **at)
{
	long n = 0;

	for (; **at >= '0' && **at <= '9' && n < INT_MAX; ++*at)
		n = n * 10 + (**at - '0');
	*at += **at == ' ';
	return n;
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What hands leaves becomes ours. */
static void await_rest(void)
{
	int64_t until = now_ms() + PATIENCE_MS;
	char path[64], pids[256] = "";
	int fd, status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) >= 0 && now_ms() < until)
		if (pid == 0)
			(void)usleep(2000);
		else if (WIFSTOPPED(status)) /* what hands does not know ends a moment later, and is held until then */
			stopped(pid, status);
	if (pid < 0)
		return;
	(void)snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, pids, sizeof pids - 1) > 0)
		for (const char *at = pids; (pid = (pid_t)number(&at)) > 0;) {
			say("left %d\n", pid);
			(void)kill(pid, SIGKILL);
		}
	(void)close(fd);
}

static int watch(void)
{
	pid_t early = 0;

	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0)
			return errno == EINTR ? 0 : 3;
		if (pid == run.hands && (WIFEXITED(status) || WIFSIGNALED(status))) {
			await_rest();
			say("end %d\n", status);
			return 0;
		}
		if (!WIFSTOPPED(status))
			continue;
		if (too_early(pid)) {
			early = pid;
			continue;
		}
		stopped(pid, status);
		if (early && !too_early(early)) { /* the word has come */
			stopped(early, SIGSTOP << 8 | 0x7f);
			early = 0;
		}
	}
}

static void become(char **argv)
{
	if (strcmp(run.role, "nobody") != 0)
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	(void)execv(argv[0], argv);
	_exit(127);
}

static bool is_resident(const char *role)
{
	for (size_t i = 0; i < RESIDENT; i++)
		if (strcmp(order[i], role) == 0)
			return true;
	return strcmp(role, "hands") == 0;
}

/* So many births are waited for. */
static long births(const char *role)
{
	if (run.by_name)
		return 0;
	for (size_t i = 1; i < sizeof lineage / sizeof *lineage; i++) {
		run.in_lineage |= strcmp(lineage[i], role) == 0;
		if (run.in_lineage)
			return (long)i + 1;
	}
	return is_resident(role) ? RESIDENT : strcmp(role, "ask") == 0 ? RESIDENT + 2 : RESIDENT + 1;
}

static bool begin(char **argv)
{
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
	int status;

	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	run.hands = fork();
	if (run.hands == 0)
		become(argv);
	say("device %d\n", run.hands);
	if (strcmp(run.role, "nobody") == 0)
		return true;
	if (waitpid(run.hands, &status, 0) != run.hands || !WIFSTOPPED(status))
		return false;
	if (strcmp(run.role, "hands") == 0)
		run.victim = run.hands;
	else
		options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
	if (ptrace(PTRACE_SETOPTIONS, run.hands, NULL, (void *)options) != 0)
		return false;
	go_on(run.hands, way_of(run.hands), 0);
	return true;
}

int main(int argc, char **argv)
{
	if (argc < 8 || strcmp(argv[6], "--") != 0) {
		(void)fprintf(stderr, "usage: killer REPORT-FD ROLE CALL K entry|exit|EIO -- PROGRAM ARGS...\n");
		return 2;
	}
	const char *at[] = { argv[1], argv[4] };

	run.report = (int)number(&at[0]);
	run.by_name = argv[2][0] == '=';
	run.role = argv[2] + run.by_name;
	run.call = argv[3];
	run.k = number(&at[1]);
	run.when = strcmp(argv[5], "exit") == 0 ? EXIT : strcmp(argv[5], "EIO") == 0 ? FAIL : ENTRY;
	run.list = strcmp(run.call, "list") == 0;
	run.roles = births(run.role);
	(void)fcntl(run.report, F_SETFD, FD_CLOEXEC);
	if (!begin(argv + 7))
		return 3;
	return watch();
}
