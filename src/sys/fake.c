/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every member does the same three things: count, perhaps fail, else pass on to the real instance and tell the journal. Failing
 * comes before the call, so a call that failed has had no effect; the one exception is close, which never leaves a descriptor.
 */
#include "sys/fake.h"
#include "sys/fake-journal.h"
#include "sys/real.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

struct tw_fake {
	struct tw_sys sys;
	const struct tw_sys *real;
	long calls, transfers;
	long fail_at, short_at;
	int error_number;
	bool sticky, fired;
	const char **names;
	size_t name_capacity;
	bool own_clock, frozen;
	int64_t wall_ms, boot_ms, begun_ms;
	struct tw_journal *journal;
};

static tw_fake *of(const struct tw_sys *s)
{
	return s->self;
}

/* Counts the call; true: it is to fail, and errno says how. */
static bool fails(tw_fake *f, const char *name)
{
	f->calls++;
	if ((size_t)f->calls > f->name_capacity) {
		f->name_capacity = f->name_capacity ? f->name_capacity * 2 : 256;
		f->names = tw_journal_grow(f->names, f->name_capacity, sizeof *f->names);
	}
	f->names[f->calls - 1] = name;
	if (f->fail_at == 0 || f->calls < f->fail_at || (f->calls > f->fail_at && !f->sticky))
		return false;
	f->fired = true;
	errno = f->error_number;
	return true;
}

/* How much of a read or write is moved. */
static size_t shortened(tw_fake *f, size_t size)
{
	if (++f->transfers != f->short_at || size < 2)
		return size;
	f->fired = true;
	return size - 1;
}

static void *fake_alloc(const struct tw_sys *s, size_t size)
{
	tw_fake *f = of(s);

	if (fails(f, "alloc")) {
		errno = ENOMEM;
		return NULL;
	}
	return f->real->alloc(f->real, size);
}

static void *fake_resize(const struct tw_sys *s, void *p, size_t size)
{
	tw_fake *f = of(s);

	if (fails(f, "resize")) {
		errno = ENOMEM;
		return NULL;
	}
	return f->real->resize(f->real, p, size);
}

static int fake_pin(const struct tw_sys *s, void *p, size_t size)
{
	return fails(of(s), "pin") ? -1 : of(s)->real->pin(of(s)->real, p, size);
}

static int fake_open(tw_fake *f, bool beneath, int dir, const char *path, int flags, mode_t mode)
{
	struct tw_before_open before = { 0 };
	int fd;

	if (f->journal)
		before = tw_journal_before_open(f->journal, dir, path);
	fd = beneath ? f->real->open_beneath(f->real, dir, path, flags, mode) : f->real->open_path(f->real, path, flags, mode);
	if (fd >= 0 && f->journal)
		tw_journal_open(f->journal, &before, fd, flags);
	return fd;
}

static int fake_open_beneath(const struct tw_sys *s, int dir, const char *path, int flags, mode_t mode)
{
	return fails(of(s), "open_beneath") ? -1 : fake_open(of(s), true, dir, path, flags, mode);
}

static int fake_open_path(const struct tw_sys *s, const char *path, int flags, mode_t mode)
{
	return fails(of(s), "open_path") ? -1 : fake_open(of(s), false, AT_FDCWD, path, flags, mode);
}

static int fake_close(const struct tw_sys *s, int fd)
{
	bool failing = fails(of(s), "close");
	int number = errno, r = of(s)->real->close(of(s)->real, fd);

	if (failing)
		errno = number;
	return failing ? -1 : r;
}

static ssize_t fake_read(const struct tw_sys *s, int fd, void *buffer, size_t size)
{
	return fails(of(s), "read") ? -1 : of(s)->real->read(of(s)->real, fd, buffer, shortened(of(s), size));
}

static ssize_t fake_write(const struct tw_sys *s, int fd, const void *data, size_t size)
{
	tw_fake *f = of(s);
	ssize_t n;

	if (fails(f, "write"))
		return -1;
	n = f->real->write(f->real, fd, data, shortened(f, size));
	if (n > 0 && f->journal)
		tw_journal_write(f->journal, fd, data, (size_t)n, -1);
	return n;
}

static ssize_t fake_pread(const struct tw_sys *s, int fd, void *buffer, size_t size, off_t offset)
{
	return fails(of(s), "pread") ? -1 : of(s)->real->pread(of(s)->real, fd, buffer, shortened(of(s), size), offset);
}

static ssize_t fake_pwrite(const struct tw_sys *s, int fd, const void *data, size_t size, off_t offset)
{
	tw_fake *f = of(s);
	ssize_t n;

	if (fails(f, "pwrite"))
		return -1;
	n = f->real->pwrite(f->real, fd, data, shortened(f, size), offset);
	if (n > 0 && f->journal)
		tw_journal_write(f->journal, fd, data, (size_t)n, offset);
	return n;
}

static int synced(tw_fake *f, int fd, int r, const char *call)
{
	if (r == 0 && f->journal)
		tw_journal_sync(f->journal, fd, call);
	return r;
}

static int fake_fsync(const struct tw_sys *s, int fd)
{
	return fails(of(s), "fsync") ? -1 : synced(of(s), fd, of(s)->real->fsync(of(s)->real, fd), "fsync");
}

static int fake_fdatasync(const struct tw_sys *s, int fd)
{
	return fails(of(s), "fdatasync") ? -1 : synced(of(s), fd, of(s)->real->fdatasync(of(s)->real, fd), "fdatasync");
}

static int fake_syncfs(const struct tw_sys *s, int fd)
{
	int r = fails(of(s), "syncfs") ? -1 : of(s)->real->syncfs(of(s)->real, fd);

	if (r == 0 && of(s)->journal)
		tw_journal_sync_all(of(s)->journal);
	return r;
}

static int fake_ftruncate(const struct tw_sys *s, int fd, off_t size)
{
	int r = fails(of(s), "ftruncate") ? -1 : of(s)->real->ftruncate(of(s)->real, fd, size);

	if (r == 0 && of(s)->journal)
		tw_journal_size(of(s)->journal, fd, size);
	return r;
}

static int fake_allocate(const struct tw_sys *s, int fd, off_t offset, off_t size)
{
	int r = fails(of(s), "allocate") ? -1 : of(s)->real->allocate(of(s)->real, fd, offset, size);

	if (r == 0 && of(s)->journal)
		tw_journal_grow_file(of(s)->journal, fd, offset + size);
	return r;
}

static int fake_rename(const struct tw_sys *s, int from_dir, const char *from, int to_dir, const char *to)
{
	size_t victim = of(s)->journal ? tw_journal_victim(of(s)->journal, to_dir, to) : TW_NOTHING;
	int r = fails(of(s), "rename") ? -1 : of(s)->real->rename(of(s)->real, from_dir, from, to_dir, to);

	if (r == 0 && of(s)->journal)
		tw_journal_rename(of(s)->journal, from_dir, from, to_dir, to, victim);
	return r;
}

static int fake_exchange(const struct tw_sys *s, int dir, const char *a, const char *b)
{
	int r = fails(of(s), "exchange") ? -1 : of(s)->real->exchange(of(s)->real, dir, a, b);

	if (r == 0 && of(s)->journal)
		tw_journal_exchange(of(s)->journal, dir, a, b);
	return r;
}

static int fake_unlink(const struct tw_sys *s, int dir, const char *path)
{
	size_t victim = of(s)->journal ? tw_journal_victim(of(s)->journal, dir, path) : TW_NOTHING;
	int r = fails(of(s), "unlink") ? -1 : of(s)->real->unlink(of(s)->real, dir, path);

	if (r == 0 && of(s)->journal)
		tw_journal_unlink(of(s)->journal, dir, path, victim);
	return r;
}

static int fake_rmdir(const struct tw_sys *s, int dir, const char *path)
{
	size_t victim = of(s)->journal ? tw_journal_victim(of(s)->journal, dir, path) : TW_NOTHING;
	int r = fails(of(s), "rmdir") ? -1 : of(s)->real->rmdir(of(s)->real, dir, path);

	if (r == 0 && of(s)->journal)
		tw_journal_unlink(of(s)->journal, dir, path, victim);
	return r;
}

static int fake_mkdir(const struct tw_sys *s, int dir, const char *path, mode_t mode)
{
	int r = fails(of(s), "mkdir") ? -1 : of(s)->real->mkdir(of(s)->real, dir, path, mode);

	if (r == 0 && of(s)->journal)
		tw_journal_mkdir(of(s)->journal, dir, path);
	return r;
}

static int fake_fstat(const struct tw_sys *s, int fd, struct stat *ret)
{
	return fails(of(s), "fstat") ? -1 : of(s)->real->fstat(of(s)->real, fd, ret);
}

static int fake_fchown(const struct tw_sys *s, int fd, uid_t uid, gid_t gid)
{
	return fails(of(s), "fchown") ? -1 : of(s)->real->fchown(of(s)->real, fd, uid, gid);
}

static int fake_lock(const struct tw_sys *s, int fd)
{
	return fails(of(s), "lock") ? -1 : of(s)->real->lock(of(s)->real, fd);
}

static int fake_list(const struct tw_sys *s, int dir, bool (*visit)(void *user, const char *name), void *user)
{
	return fails(of(s), "list") ? -1 : of(s)->real->list(of(s)->real, dir, visit, user);
}

static int fake_memfd(const struct tw_sys *s, const char *name, const void *data, size_t size)
{
	return fails(of(s), "memfd") ? -1 : of(s)->real->memfd(of(s)->real, name, data, size);
}

static int fake_spool(const struct tw_sys *s, const char *name)
{
	return fails(of(s), "spool") ? -1 : of(s)->real->spool(of(s)->real, name);
}

static int fake_seal(const struct tw_sys *s, int fd)
{
	return fails(of(s), "seal") ? -1 : of(s)->real->seal(of(s)->real, fd);
}

static int fake_fixed(const struct tw_sys *s, int fd, uint64_t *ret_size)
{
	return fails(of(s), "fixed") ? -1 : of(s)->real->fixed(of(s)->real, fd, ret_size);
}

static void *fake_map(const struct tw_sys *s, int fd, size_t size)
{
	return fails(of(s), "map") ? NULL : of(s)->real->map(of(s)->real, fd, size);
}

static void fake_unmap(const struct tw_sys *s, void *p, size_t size)
{
	of(s)->real->unmap(of(s)->real, p, size);
}

static int fake_socket(const struct tw_sys *s, int domain, int type, int protocol)
{
	return fails(of(s), "socket") ? -1 : of(s)->real->socket(of(s)->real, domain, type, protocol);
}

static int fake_socketpair(const struct tw_sys *s, int domain, int type, int ret[2])
{
	return fails(of(s), "socketpair") ? -1 : of(s)->real->socketpair(of(s)->real, domain, type, ret);
}

static int fake_bind(const struct tw_sys *s, int fd, const struct sockaddr *a, socklen_t size)
{
	return fails(of(s), "bind") ? -1 : of(s)->real->bind(of(s)->real, fd, a, size);
}

static int fake_listen(const struct tw_sys *s, int fd, int backlog)
{
	return fails(of(s), "listen") ? -1 : of(s)->real->listen(of(s)->real, fd, backlog);
}

static int fake_accept(const struct tw_sys *s, int fd, struct sockaddr *a, socklen_t *size)
{
	return fails(of(s), "accept") ? -1 : of(s)->real->accept(of(s)->real, fd, a, size);
}

static int fake_connect(const struct tw_sys *s, int fd, const struct sockaddr *a, socklen_t size)
{
	return fails(of(s), "connect") ? -1 : of(s)->real->connect(of(s)->real, fd, a, size);
}

static ssize_t fake_sendmsg(const struct tw_sys *s, int fd, const struct msghdr *m, int flags)
{
	return fails(of(s), "sendmsg") ? -1 : of(s)->real->sendmsg(of(s)->real, fd, m, flags);
}

static ssize_t fake_recvmsg(const struct tw_sys *s, int fd, struct msghdr *m, int flags)
{
	return fails(of(s), "recvmsg") ? -1 : of(s)->real->recvmsg(of(s)->real, fd, m, flags);
}

static int fake_recvmmsg(const struct tw_sys *s, int fd, struct mmsghdr *m, unsigned n, int flags)
{
	return fails(of(s), "recvmmsg") ? -1 : of(s)->real->recvmmsg(of(s)->real, fd, m, n, flags);
}

static int fake_poll(const struct tw_sys *s, struct pollfd *p, size_t n, int timeout_ms)
{
	return fails(of(s), "poll") ? -1 : of(s)->real->poll(of(s)->real, p, n, timeout_ms);
}

static int fake_peer(const struct tw_sys *s, int fd, pid_t *ret_pid, uid_t *ret_uid, gid_t *ret_gid)
{
	return fails(of(s), "peer") ? -1 : of(s)->real->peer(of(s)->real, fd, ret_pid, ret_uid, ret_gid);
}

static int64_t real_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int fake_clock(const struct tw_sys *s, clockid_t id, struct timespec *ret)
{
	tw_fake *f = of(s);
	int64_t ms;

	if (fails(f, "clock"))
		return -1;
	if (!f->own_clock)
		return f->real->clock(f->real, id, ret);
	ms = (id == CLOCK_REALTIME ? f->wall_ms : f->boot_ms) + (f->frozen ? 0 : real_ms() - f->begun_ms);
	ret->tv_sec = ms / 1000 - (ms % 1000 < 0 ? 1 : 0);
	ret->tv_nsec = (ms % 1000 + (ms % 1000 < 0 ? 1000 : 0)) * 1000000;
	return 0;
}

static int fake_random(const struct tw_sys *s, void *buffer, size_t size)
{
	return fails(of(s), "random") ? -1 : of(s)->real->random(of(s)->real, buffer, size);
}

static int fake_spawn(const struct tw_sys *s, const struct tw_spawn *what, pid_t *ret)
{
	return fails(of(s), "spawn") ? -1 : of(s)->real->spawn(of(s)->real, what, ret);
}

static const struct tw_sys members = {
	.alloc = fake_alloc,
	.resize = fake_resize,
	.pin = fake_pin,
	.open_beneath = fake_open_beneath,
	.open_path = fake_open_path,
	.close = fake_close,
	.read = fake_read,
	.write = fake_write,
	.pread = fake_pread,
	.pwrite = fake_pwrite,
	.fsync = fake_fsync,
	.fdatasync = fake_fdatasync,
	.syncfs = fake_syncfs,
	.ftruncate = fake_ftruncate,
	.allocate = fake_allocate,
	.rename = fake_rename,
	.exchange = fake_exchange,
	.unlink = fake_unlink,
	.rmdir = fake_rmdir,
	.mkdir = fake_mkdir,
	.fstat = fake_fstat,
	.fchown = fake_fchown,
	.lock = fake_lock,
	.list = fake_list,
	.memfd = fake_memfd,
	.spool = fake_spool,
	.seal = fake_seal,
	.fixed = fake_fixed,
	.map = fake_map,
	.unmap = fake_unmap,
	.socket = fake_socket,
	.socketpair = fake_socketpair,
	.bind = fake_bind,
	.listen = fake_listen,
	.accept = fake_accept,
	.connect = fake_connect,
	.sendmsg = fake_sendmsg,
	.recvmsg = fake_recvmsg,
	.recvmmsg = fake_recvmmsg,
	.poll = fake_poll,
	.peer = fake_peer,
	.clock = fake_clock,
	.random = fake_random,
	.spawn = fake_spawn,
};

tw_fake *tw_fake_new(void)
{
	tw_fake *f = tw_journal_grow(NULL, 1, sizeof *f);

	*f = (tw_fake){ .sys = members, .real = tw_sys_real() };
	f->sys.self = f;
	return f;
}

tw_fake *tw_fake_free(tw_fake *f)
{
	if (f) {
		(void)tw_journal_free(f->journal);
		free(f->names);
	}
	free(f);
	return NULL;
}

const struct tw_sys *tw_fake_sys(tw_fake *f)
{
	return &f->sys;
}

static void reset(tw_fake *f)
{
	f->calls = f->transfers = f->fail_at = f->short_at = 0;
	f->sticky = f->fired = false;
}

void tw_fake_fail(tw_fake *f, long nth, int error_number, bool sticky)
{
	reset(f);
	f->fail_at = nth;
	f->error_number = error_number;
	f->sticky = sticky && error_number != EINTR;
}

void tw_fake_short(tw_fake *f, long nth)
{
	reset(f);
	f->short_at = nth;
}

long tw_fake_calls(const tw_fake *f)
{
	return f->calls;
}

bool tw_fake_fired(const tw_fake *f)
{
	return f->fired;
}

const char *tw_fake_name(const tw_fake *f, long nth)
{
	return nth >= 1 && nth <= f->calls ? f->names[nth - 1] : "";
}

void tw_fake_clock(tw_fake *f, bool frozen, int64_t wall_ms, int64_t boot_ms)
{
	f->own_clock = true;
	f->frozen = frozen;
	f->wall_ms = wall_ms;
	f->boot_ms = boot_ms;
	f->begun_ms = real_ms();
}

void tw_fake_record(tw_fake *f, const char *directory)
{
	(void)tw_journal_free(f->journal);
	f->journal = tw_journal_new(directory);
}

void tw_fake_mark(tw_fake *f, uint64_t acknowledged)
{
	tw_journal_mark(f->journal, acknowledged);
}

size_t tw_fake_points(const tw_fake *f)
{
	return f->journal->op_count + 1;
}

uint64_t tw_fake_acked(const tw_fake *f, size_t point)
{
	uint64_t acked = 0;

	for (size_t i = 0; i < point; i++)
		if (f->journal->ops[i].kind == TW_OP_MARK)
			acked = f->journal->ops[i].object;
	return acked;
}

const struct tw_journal *tw_fake_journal(const tw_fake *f)
{
	return f->journal;
}
