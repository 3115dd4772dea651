/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rebuilds what a power cut may leave of a disk recorded by recfs, mounts each state and asks a judge.
 *
 *   powercut-replay BASE LOG POINTS VARIANTS JOBS SEED DOUBLES JUDGE [ARGUMENT...]
 *
 * At each of POINTS places spread over the log (0: every place), beginning where SEED says, the states are: everything written
 * so far, then VARIANTS random subsets of the writes since the last flush, some of them torn. JUDGE stays running: it reads
 * "DIRECTORY ACKED CUT" lines and answers each with "ok" or one line of complaint; a state that cannot be mounted is a complaint
 * too. One of DOUBLES states (0: none) is cut twice: with a CUT above 0 the judge begins to recover, stops dead at its CUTth write
 * or sync and answers "cut"; what had reached the disk by then, and not what the kernel still kept, is the next state. JOBS workers, each with its own mount namespace, loop device and judge, share the places. The same arguments give the
 * same states. Exit status: 0 no complaint, 1 some, 2 the replay itself failed.
 *
 * What a state costs is mount and umount (grace periods in the kernel, not processor time), so the disk is a memfd behind one
 * loop device that stays, only blocks that differ are copied, and more workers than processors pay.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WRITE = 1, FLUSH = 2, MARK = 3, BLOCK = 4096 };

/* Tear no finer: ext4 rewrites its 1 KiB superblock in place, and one torn at 512 bytes needs e2fsck, whatever the program did. */
enum { TEAR = 1024 };

/* Writes and syncs of a start: a second cut comes after one of them. */
enum { CUTS = 60 };

struct op {
	uint64_t kind, a, b; /* as recfs wrote them */
	const unsigned char *data;
};

struct disk {
	unsigned char *bytes; /* what the loop device shows */
	char device[32], directory[64];
};

struct tally {
	long places, states, twice, bad;
};

static struct {
	size_t step;
	int variants, jobs;
	unsigned seed, doubles;
	char **judge;
} plan;

static struct op *ops;
static size_t op_count, disk_size;
static unsigned char *base;

static void must(bool good, const char *what)
{
	if (!good) {
		(void)fprintf(stderr, "powercut-replay: ");
		perror(what);
		exit(2);
	}
}

static unsigned char *load(const char *path, size_t *size)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char *p;

	must(fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0, path);
	*size = (size_t)st.st_size;
	p = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
	must(p != MAP_FAILED, path);
	(void)close(fd);
	return p;
}

static void parse_log(const unsigned char *log, size_t size)
{
	size_t at = 0;

	ops = calloc(size / 24 + 1, sizeof *ops);
	must(ops != NULL, "memory");
	while (size - at >= 24) {
		struct op *o = &ops[op_count++];

		memcpy(o, log + at, 24);
		at += 24;
		if (o->kind != WRITE)
			continue;
		must(o->b <= size - at && o->a <= disk_size && o->b <= disk_size - o->a, "log does not fit the disk");
		o->data = log + at;
		at += o->b;
	}
}

/* Another process may take the number first. */
static int attach(struct disk *d, int memory)
{
	struct loop_config config = { .fd = (unsigned)memory, .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), fd = -1;

	must(control >= 0, "/dev/loop-control");
	for (int attempt = 0; fd < 0 && attempt < 100; attempt++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);

		must(number >= 0, "LOOP_CTL_GET_FREE");
		(void)snprintf(d->device, sizeof d->device, "/dev/loop%d", number);
		fd = open(d->device, O_RDWR | O_CLOEXEC);
		if (fd >= 0 && ioctl(fd, LOOP_CONFIGURE, &config)) {
			(void)close(fd);
			fd = -1;
		}
	}
	(void)close(control);
	return fd;
}

/* A loop device over memory. LO_FLAGS_AUTOCLEAR frees it when the last user, which is us, has gone, however we go. */
static void make_disk(struct disk *d)
{
	int memory = memfd_create("replay", MFD_CLOEXEC);

	must(memory >= 0 && ftruncate(memory, (off_t)disk_size) == 0, "disk");
	d->bytes = mmap(NULL, disk_size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	must(d->bytes != MAP_FAILED, "memory");
	must(attach(d, memory) >= 0, "loop device"); /* stays open: AUTOCLEAR waits for it */
	(void)snprintf(d->directory, sizeof d->directory, "/tmp/replay-XXXXXX");
	must(mkdtemp(d->directory) != NULL, "mkdtemp");
}

/* Undoes the last state, and what mounting it wrote: recovery writes too. */
static void restore(struct disk *d, const unsigned char *stable)
{
	for (size_t at = 0; at < disk_size; at += BLOCK) {
		size_t n = disk_size - at < BLOCK ? disk_size - at : BLOCK;

		if (memcmp(d->bytes + at, stable + at, n) != 0)
			memcpy(d->bytes + at, stable + at, n);
	}
}

/* Makes the kernel forget what the device showed before. */
static void forget(const struct disk *d)
{
	int fd = open(d->device, O_RDONLY | O_CLOEXEC);

	must(fd >= 0 && ioctl(fd, BLKFLSBUF, 0) == 0, "BLKFLSBUF");
	(void)close(fd);
}

static void start_judge(FILE **ask, FILE **answer)
{
	int in[2], out[2];

	must(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0, "pipe");
	if (fork() == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(in[0], 0);
		(void)dup2(out[1], 1);
		(void)execvp(plan.judge[0], plan.judge);
		_exit(127);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	*ask = fdopen(in[1], "w");
	*answer = fdopen(out[0], "r");
	must(*ask && *answer, "judge");
}

static bool mount_it(const struct disk *d, char *line, size_t size)
{
	if (mount(d->device, d->directory, "ext4", MS_NOATIME, NULL) == 0)
		return true;
	(void)snprintf(line, size, "cannot be mounted: %m");
	return false;
}

static void ask_judge(const struct disk *d, FILE *ask, FILE *answer, uint64_t acked, unsigned cut, char *line, size_t size)
{
	(void)fprintf(ask, "%s %llu %u\n", d->directory, (unsigned long long)acked, cut);
	(void)fflush(ask);
	must(fgets(line, (int)size, answer) != NULL, "judge ended");
	line[strcspn(line, "\n")] = '\0';
}

static void unmount(const struct disk *d)
{
	must(umount2(d->directory, 0) == 0, "umount (does the judge keep a file open?)");
}

static bool judge(const struct disk *d, FILE *ask, FILE *answer, uint64_t acked, char *line, size_t size)
{
	if (!mount_it(d, line, size))
		return false;
	ask_judge(d, ask, answer, acked, 0, line, size);
	unmount(d);
	return strcmp(line, "ok") == 0;
}

/* Every state depends on its place, variant and seed only, so that a complaint can be reproduced. */
static void build(struct disk *d, const unsigned char *stable, size_t flushed, size_t end, int variant)
{
	unsigned random = (unsigned)(end * 65537 + (size_t)variant) ^ plan.seed * 2654435761U;

	restore(d, stable);
	for (size_t i = flushed; i < end; i++) {
		uint64_t n = ops[i].b;

		if (ops[i].kind != WRITE)
			continue;
		if (variant > 0 && rand_r(&random) / 7 % 2)
			continue;
		if (variant > 0 && rand_r(&random) / 7 % 3 == 0)
			n = (uint64_t)rand_r(&random) % (n / TEAR + 1) * TEAR;
		memcpy(d->bytes + ops[i].a, ops[i].data, n);
	}
	forget(d);
}

struct worker {
	struct disk disk;
	unsigned char *stable; /* the disk up to the last flush */
	unsigned char *spare;
	FILE *ask, *answer;
	struct tally tally;
	uint64_t acked;
	size_t flushed; /* the operation after the last flush */
};

static void complain(struct worker *w, size_t end, int variant, unsigned cut, const char *line)
{
	w->tally.bad++;
	printf("BAD place %zu variant %d cut again at %u acknowledged %llu: %s\n", end, variant, cut, (unsigned long long)w->acked, line);
}

/* The disk as it is in the middle of the recovery. Unmounting would write what the power's loss takes, so it is put back after. */
static void cut_again(struct worker *w, size_t end, int variant)
{
	unsigned cut = 1 + (unsigned)(end * 31 + (size_t)variant * 7) % CUTS;
	char line[512];

	build(&w->disk, w->stable, w->flushed, end, variant);
	w->tally.twice++;
	if (!mount_it(&w->disk, line, sizeof line)) {
		complain(w, end, variant, cut, line);
		return;
	}
	ask_judge(&w->disk, w->ask, w->answer, w->acked, cut, line, sizeof line);
	memcpy(w->spare, w->disk.bytes, disk_size);
	unmount(&w->disk);
	if (strcmp(line, "cut") == 0) {
		memcpy(w->disk.bytes, w->spare, disk_size);
		forget(&w->disk);
		if (judge(&w->disk, w->ask, w->answer, w->acked, line, sizeof line))
			return;
	}
	complain(w, end, variant, cut, line);
}

static void try_place(struct worker *w, size_t end)
{
	char line[512];

	w->tally.places++;
	for (int v = 0; v <= plan.variants; v++) {
		if (v > 0 && w->flushed == end)
			break; /* nothing is in flight */
		build(&w->disk, w->stable, w->flushed, end, v);
		w->tally.states++;
		if (!judge(&w->disk, w->ask, w->answer, w->acked, line, sizeof line))
			complain(w, end, v, 0, line);
		if (plan.doubles && w->tally.states % plan.doubles == 0)
			cut_again(w, end, v);
	}
}

static void pass_over(struct worker *w, size_t at)
{
	if (ops[at].kind == MARK && ops[at].a > w->acked)
		w->acked = ops[at].a;
	if (ops[at].kind != FLUSH)
		return;
	for (size_t i = w->flushed; i < at; i++)
		if (ops[i].kind == WRITE)
			memcpy(w->stable + ops[i].a, ops[i].data, ops[i].b);
	w->flushed = at + 1;
}

static struct tally work(int job)
{
	struct worker w = { .stable = malloc(disk_size), .spare = malloc(disk_size) };

	must(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "mount namespace (needs root)");
	start_judge(&w.ask, &w.answer); /* after unshare: it must see our mounts */
	make_disk(&w.disk);
	must(w.stable != NULL && w.spare != NULL, "memory");
	memcpy(w.stable, base, disk_size);
	for (size_t end = 0; end <= op_count; end++) {
		if (end % plan.step == plan.seed % plan.step && (int)(end / plan.step % (size_t)plan.jobs) == job)
			try_place(&w, end);
		if (end < op_count)
			pass_over(&w, end);
	}
	(void)rmdir(w.disk.directory);
	(void)fflush(stdout);
	return w.tally;
}

static size_t number(const char *text)
{
	size_t n = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		n = n * 10 + (size_t)(*text - '0');
	return n;
}

static bool run_jobs(struct tally *total)
{
	int pipes[2], status;
	bool good = true;
	struct tally t;

	must(pipe2(pipes, O_CLOEXEC) == 0, "pipe");
	for (int job = 0; job < plan.jobs; job++)
		if (fork() == 0) {
			t = work(job);
			_exit(write(pipes[1], &t, sizeof t) != sizeof t);
		}
	(void)close(pipes[1]);
	while (read(pipes[0], &t, sizeof t) == sizeof t) {
		total->places += t.places;
		total->states += t.states;
		total->twice += t.twice;
		total->bad += t.bad;
	}
	while (wait(&status) > 0)
		good = good && status == 0;
	return good;
}

int main(int argc, char **argv)
{
	struct timespec from, to;
	struct tally total = { 0 };
	const unsigned char *log;
	size_t log_size, points;
	double seconds;
	bool good;

	if (argc < 9) {
		(void)fprintf(stderr, "usage: powercut-replay BASE LOG POINTS VARIANTS JOBS SEED DOUBLES JUDGE [ARGUMENT...]\n");
		return 2;
	}
	base = load(argv[1], &disk_size);
	log = load(argv[2], &log_size);
	parse_log(log, log_size);
	points = number(argv[3]);
	plan.step = points && op_count > points ? op_count / points : 1;
	plan.variants = (int)number(argv[4]);
	plan.jobs = number(argv[5]) > 0 ? (int)number(argv[5]) : 1;
	plan.seed = (unsigned)number(argv[6]);
	plan.doubles = (unsigned)number(argv[7]);
	plan.judge = argv + 8;
	(void)setvbuf(stdout, NULL, _IOLBF, 0); /* whole lines, though several workers write */
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	good = run_jobs(&total);
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	printf("%zu operations, %ld places, %ld states, %ld of them cut twice, %ld bad, %.1f s, %.0f states/s\n", op_count, total.places,
		total.states + total.twice, total.twice, total.bad, seconds, (double)(total.states + total.twice) / seconds);
	return good ? total.bad > 0 : 2;
}
