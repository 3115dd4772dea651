/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entering the sandbox, step by step in the order that works: the bounding set needs privileges, so it goes before the ids; a
 * change of ids clears the parent-death signal and restores "dumpable", so those come after; the filters come last, since they
 * forbid everything above them.
 *
 * @nist LA.RSM.5.2: each process gives up what its task does not need
 *
 * Nothing here is believed: prove() tries what must fail, with the calls an intruder would use.
 */
#include "sys/sandbox.h"
#include "sys/landlock.h"
#include "sys/sandbox-rows.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <malloc.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The one capability that a role may keep: to change the kernel's packet filter, or its links. */
static bool keeps(const struct tw_sandbox *box, int cap)
{
	return box->want & (TW_WANT_FILTER | TW_WANT_LINKS) && cap == CAP_NET_ADMIN;
}

static tw_err drop_bounding_set(const struct tw_sandbox *box)
{
	/* Without CAP_SETPCAP there is nothing that could be gained from the set either: no_new_privs follows. */
	if (geteuid() != 0)
		return TW_OK;
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!keeps(box, cap) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0)
			return TW_RAISE_ERRNO("dropping capability %d from the bounding set", cap);
	return TW_OK;
}

static tw_err drop_ids(const struct tw_sandbox *box, bool *ret_dropped)
{
	*ret_dropped = box->uid != geteuid() || box->gid != getegid();
	if (!*ret_dropped)
		return TW_OK;
	if (box->want & (TW_WANT_FILTER | TW_WANT_LINKS | TW_WANT_PARTS) && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
		return TW_RAISE_ERRNO("keeping a capability");
	if (setgroups(0, NULL) != 0)
		return TW_RAISE_ERRNO("dropping the groups");
	if (setresgid(box->gid, box->gid, box->gid) != 0)
		return TW_RAISE_ERRNO("becoming group %u", (unsigned)box->gid);
	if (setresuid(box->uid, box->uid, box->uid) != 0)
		return TW_RAISE_ERRNO("becoming user %u", (unsigned)box->uid);
	return TW_OK;
}

/* Root for files, which takes a capability once. Its ids stay what they are: whom it may end or look into goes by these. */
static tw_err become_root_for_files(const struct tw_sandbox *box, struct __user_cap_header_struct *head, uint32_t permitted)
{
	struct __user_cap_data_struct one[2] = { { 1u << CAP_SETUID, permitted, 0 } };

	if (!(box->want & TW_WANT_PARTS) || box->uid == 0)
		return TW_OK;
	if (syscall(SYS_capset, head, one) != 0)
		return TW_RAISE_ERRNO("keeping a capability");
	(void)setfsuid(0); /* says nothing of how it went: asking again does */
	return setfsuid((uid_t)-1) == 0 ? TW_OK : TW_RAISE(DENIED, "root's files cannot be had");
}

/* @nist LA.RSM.5: none is left, whatever started it: no task of a worker needs one, but for the packet filter's and the links', which keep that one */
static tw_err drop_capabilities(const struct tw_sandbox *box)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct left[2] = { { 0 } };

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		return TW_RAISE_ERRNO("clearing the ambient capabilities");
	if (syscall(SYS_capget, &head, left) != 0)
		return TW_RAISE_ERRNO("reading capabilities");
	TW_TRY(become_root_for_files(box, &head, left[0].permitted));
	const uint32_t keep = keeps(box, CAP_NET_ADMIN) ? left[0].permitted & (1u << CAP_NET_ADMIN) : 0;

	left[0] = (struct __user_cap_data_struct){ keep, keep, keep };
	left[1] = (struct __user_cap_data_struct){ 0 };
	if (syscall(SYS_capset, &head, left) != 0)
		return TW_RAISE_ERRNO("dropping capabilities");
	/* The program that it starts is nobody's with rights of its own. */
	if (keep && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0) != 0)
		return TW_RAISE_ERRNO("keeping a capability");
	return TW_OK;
}

/* A parent that died before the signal was set cannot send it. */
static tw_err tie_to_parent(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		return TW_RAISE_ERRNO("setting the parent-death signal");
	if (getppid() != parent)
		return TW_RAISE(CLOSED, "the parent has gone already");
	return TW_OK;
}

static tw_err lock_down(bool *ret_not_dumpable)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return TW_RAISE_ERRNO("setting no_new_privs");
	/* A change of ids has taken it away already; the leak checker of a sanitizer build cannot do without. */
	if (prctl(PR_SET_DUMPABLE, tw_sandbox_san ? 1 : 0, 0, 0, 0) != 0)
		return TW_RAISE_ERRNO("becoming not dumpable");
	*ret_not_dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
	return TW_OK;
}

static tw_err drop_everything(const struct tw_sandbox *box, struct tw_sandbox_state *state)
{
	pid_t parent = getppid();

	if (close_range((unsigned)box->keep_fds, ~0U, 0) != 0)
		return TW_RAISE_ERRNO("closing what was not given");
	TW_TRY(drop_bounding_set(box));
	TW_TRY(drop_ids(box, &state->ids_dropped));
	TW_TRY(drop_capabilities(box));
	return tie_to_parent(parent);
}

static int add_row(scmp_filter_ctx filter, const struct tw_call_row *row)
{
	struct scmp_arg_cmp tests[2];
	unsigned count = 0;

	for (; count < 2 && row->test[count].mask != 0; count++)
		tests[count] = (struct scmp_arg_cmp){ row->test[count].argument, SCMP_CMP_MASKED_EQ, row->test[count].mask,
			row->test[count].value };
	return seccomp_rule_add_array(filter, row->rule == TW_CALL_KILL ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ALLOW, row->number, count, tests);
}

/* Rows the sanitizers need replace those of the same call. */
static bool overruled(const struct tw_call_row *row)
{
	for (const struct tw_call_row *san = tw_call_rows_san; san->name; san++)
		if (san->number == row->number)
			return true;
	return false;
}

static int add_rows(scmp_filter_ctx filter, const struct tw_call_row *rows, unsigned want)
{
	for (const struct tw_call_row *row = rows; row->name; row++) {
		int r;

		if (!tw_call_wanted(row, want) || (rows == tw_call_rows && overruled(row)))
			continue;
		r = add_row(filter, row);
		if (r != 0)
			return r;
	}
	return 0;
}

static tw_err filter_calls(unsigned want)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r;

	if (!filter)
		return TW_RAISE(NOMEM, "system call filter");
	/* Calls of another architecture (32-bit, x32) mean something else under the same number. */
	r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (r == 0)
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree: the filter runs before every call */
	if (r == 0)
		r = add_rows(filter, tw_call_rows, want);
	if (r == 0)
		r = add_rows(filter, tw_call_rows_san, want);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	(void)malloc_trim(0); /* the filter's trees were larger than all that hands will ever hold */
	errno = -r;
	return r == 0 ? TW_OK : TW_RAISE_ERRNO("loading the system call filter");
}

/* Closes what should not have been had. */
static bool opened(int fd)
{
	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

/* Without Landlock openat2 of a role with files goes anywhere its ids may; the status says which it is. */
static tw_err prove_files(const struct tw_sandbox *box, int landlock_abi)
{
	bool confined = landlock_abi > 0;

	if ((confined || !(tw_sandbox_san || box->want & (TW_WANT_MODULE | TW_WANT_PATHS | TW_WANT_FILTER | TW_WANT_OPENPGP))) &&
		opened(open("/etc/passwd", O_RDONLY | O_CLOEXEC)))
		return TW_RAISE(INTERNAL, "the sandbox of %s let open through", box->role);
	if (!confined && box->want & TW_WANT_PARTS)
		return TW_RAISE(DENIED, "this kernel has no Landlock, and without it %s might write all that is root's", box->role);
	if (box->want & TW_WANT_PARTS && opened(tw_sys_open_outside("/dev/null", O_WRONLY)))
		return TW_RAISE(INTERNAL, "the sandbox of %s let something be written", box->role);
	if (confined && box->want & TW_WANT_DISK)
		return opened(tw_sys_open_outside("/dev/null", O_WRONLY))
			? TW_RAISE(INTERNAL, "the sandbox of %s let something be written", box->role)
			: TW_OK;
	if ((confined || !(box->want & (TW_WANT_FILES | TW_WANT_PATHS))) && opened(tw_sys_open_outside("/etc/passwd", O_RDONLY)))
		return TW_RAISE(INTERNAL, "the sandbox of %s let openat2 leave its directories", box->role);
	return TW_OK;
}

static tw_err prove(const struct tw_sandbox *box, int landlock_abi)
{
	void *code;

	if (setuid(0) == 0)
		return TW_RAISE(INTERNAL, "the sandbox of %s let setuid(0) through", box->role);
	if ((!(box->want & TW_WANT_CONNECT) && opened(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))) ||
		opened(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)))
		return TW_RAISE(INTERNAL, "the sandbox of %s let socket through", box->role);
	if (!(box->want & (TW_WANT_FILTER | TW_WANT_OPENPGP)) && (bind(-1, NULL, 0) == 0 || errno != EPERM)) /* without the filter it were EBADF */
		return TW_RAISE(INTERNAL, "the sandbox of %s let bind through", box->role);
	TW_TRY(prove_files(box, landlock_abi));
	if (tw_sandbox_san)
		return TW_OK; /* a sanitizer's memory is its own affair */
	code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (code != MAP_FAILED)
		return TW_RAISE(INTERNAL, "the sandbox of %s let executable memory through", box->role);
	return TW_OK;
}

static tw_err enter_parent(struct tw_sandbox_state *state)
{
	TW_TRY(lock_down(&state->not_dumpable));
	TW_TRY(filter_calls(TW_WANT_PARENT));
	state->seccomp = true;
	return TW_OK;
}

/* Who starts a program cannot have that kill it. */
static unsigned as_role(unsigned want)
{
	return want & (TW_WANT_FILTER | TW_WANT_OPENPGP) ? want : want | TW_WANT_ROLE;
}

tw_err tw_sandbox_enter(const struct tw_sandbox *box, struct tw_sandbox_state *ret)
{
	struct tw_sandbox_state state = { 0 };

	if (box->want & TW_WANT_PARENT) {
		TW_TRY(enter_parent(&state));
		*ret = state;
		return TW_OK;
	}
	TW_TRY(drop_everything(box, &state));
	TW_TRY(lock_down(&state.not_dumpable));
	TW_TRY(tw_landlock_enter(box, &state.landlock_abi));
	TW_TRY(filter_calls(as_role(box->want)));
	state.seccomp = true;
	TW_TRY(prove(box, state.landlock_abi));
	*ret = state;
	return TW_OK;
}

const char *tw_sandbox_call(unsigned want, size_t i)
{
	size_t n = 0;

	want = want & TW_WANT_PARENT ? want : as_role(want);
	for (const struct tw_call_row *row = tw_call_rows; row->name; row++)
		if (tw_call_wanted(row, want) && row->rule != TW_CALL_KILL && n++ == i)
			return row->name;
	return NULL;
}
