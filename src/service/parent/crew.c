/* SPDX-License-Identifier: Apache-2.0 */
#include "service/parent/crew.h"

#include "base/mem.h"

#include <fcntl.h>
#include <string.h>

#define PATH_SIZE 4096

static const struct tw_channel_row *const rows[TW_CREW_SIZE] = { tw_rows_hands_from_role, tw_rows_hands_from_core, tw_rows_hands_from_role };

/* The boot's name, as the kernel gives it, without its hyphens. */
static tw_err read_boot_id(const struct tw_sys *sys, char ret[33])
{
	TW_CLEANUP(tw_closep) int fd = sys->open_path(sys, "/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC, 0);
	char text[64];
	ssize_t size = fd < 0 ? -1 : sys->read(sys, fd, text, sizeof text);
	size_t n = 0;

	if (size < 0)
		return TW_RAISE_ERRNO("reading the boot id");
	for (ssize_t i = 0; i < size && n < 32; i++)
		if (text[i] != '-' && text[i] != '\n')
			ret[n++] = text[i];
	ret[n] = '\0';
	return n == 32 ? TW_OK : TW_RAISE(SYNTAX, "the kernel's boot id has %zu digits", n);
}

tw_err tw_crew_init(
	const struct tw_sys *sys, const struct tw_crew_plan plan[TW_CREW_SIZE], int null, const char *program, struct tw_crew *ret)
{
	memset(ret, 0, sizeof *ret);
	ret->sys = sys;
	ret->plan = plan;
	ret->null = null;
	ret->program = program;
	return read_boot_id(sys, ret->boot_id);
}

/* The six pairs: [0] is the first named, [1] the second. */
struct pairs {
	int hands_front[2], hands_core[2], hands_keys[2], core_front[2], core_keys[2], front_keys[2];
};

static void close_pairs(struct pairs *p)
{
	int *all = (int *)p;

	for (size_t i = 0; i < sizeof *p / sizeof *all; i++)
		tw_closep(&all[i]);
}

static tw_err open_pairs(const struct tw_sys *sys, struct pairs *p)
{
	int *all = (int *)p;

	for (size_t i = 0; i < sizeof *p / sizeof *all; i += 2)
		if (sys->socketpair(sys, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, all + i))
			return TW_RAISE_ERRNO("a channel between roles");
	return TW_OK;
}

#define FDS_MAX (6 + TW_CREW_OWN_MAX)
struct birth {
	int fds[FDS_MAX];
	size_t count;
};

static void give(struct birth *b, int fd)
{
	b->fds[b->count++] = fd;
}

static void births(const struct tw_crew *c, const struct pairs *p, struct birth b[TW_CREW_SIZE])
{
	const int first[TW_CREW_SIZE][3] = {
		[TW_CREW_FRONT] = { p->hands_front[1], p->core_front[1], p->front_keys[0] },
		[TW_CREW_CORE] = { p->hands_core[1], p->core_front[0], p->core_keys[0] },
		[TW_CREW_KEYS] = { p->hands_keys[1], p->core_keys[1], p->front_keys[1] },
	};

	for (size_t r = 0; r < TW_CREW_SIZE; r++) {
		b[r].count = 0;
		give(&b[r], c->null);
		give(&b[r], c->null);
		give(&b[r], STDERR_FILENO);
		for (size_t i = 0; i < 3; i++)
			give(&b[r], first[r][i]);
		for (size_t i = 0; i < c->plan[r].own_count; i++)
			give(&b[r], c->plan[r].own[i]);
	}
}

static tw_err program_of(const struct tw_crew *c, const struct tw_crew_plan *plan, char ret[PATH_SIZE])
{
	const char *slash = strrchr(c->program, '/');
	const int folder = slash && plan->program ? (int)(slash - c->program) + 1 : 0;
	const int n = snprintf(ret, PATH_SIZE, "%.*s%s", folder, c->program, plan->program ? plan->program : c->program);

	return n < PATH_SIZE ? TW_OK : TW_RAISE(LIMIT, "the roles' program has a path of %d bytes", n);
}

static tw_err start_one(struct tw_crew *c, int role, const struct birth *b)
{
	const struct tw_crew_plan *plan = &c->plan[role];
	char uid[16], gid[16], boot[48], died[32], program[PATH_SIZE];
	char *argv[6 + TW_CREW_WORDS_MAX + 1] = { program, (char *)(uintptr_t)plan->name, uid, gid };
	char *journal = getenv("JOURNAL_STREAM"), stream[128];
	char *envp[] = { NULL, NULL };
	struct tw_spawn what = { program, argv, envp, b->fds, b->count };
	size_t n = 4;

	TW_TRY(program_of(c, plan, program));
	(void)snprintf(uid, sizeof uid, "%u", plan->uid);
	(void)snprintf(gid, sizeof gid, "%u", plan->gid);
	(void)snprintf(boot, sizeof boot, "boot_id=%s", c->boot_id);
	(void)snprintf(died, sizeof died, "died=%s", c->died);
	if (role == TW_CREW_CORE) {
		argv[n++] = boot;
		argv[n++] = died;
	}
	for (size_t i = 0; i < plan->word_count; i++)
		argv[n++] = (char *)(uintptr_t)plan->words[i];
	if (journal && snprintf(stream, sizeof stream, "JOURNAL_STREAM=%s", journal) < (int)sizeof stream)
		envp[0] = stream;
	if (c->sys->spawn(c->sys, &what, &c->of[role].pid))
		return TW_RAISE_ERRNO("starting %s", program);
	return TW_OK;
}

tw_err tw_crew_start(struct tw_crew *c)
{
	TW_CLEANUP(close_pairs) struct pairs p = { { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 } };
	int *const mine[TW_CREW_SIZE] = { &p.hands_front[0], &p.hands_core[0], &p.hands_keys[0] };
	struct birth b[TW_CREW_SIZE];

	TW_TRY(open_pairs(c->sys, &p));
	births(c, &p, b);
	for (int r = 0; r < TW_CREW_SIZE; r++) {
		TW_TRY(tw_channel_new(c->sys, *mine[r], rows[r], &c->of[r].channel));
		*mine[r] = -1;
	}
	for (int r = TW_CREW_SIZE; r-- > 0;)
		TW_TRY(start_one(c, r, &b[r]));
	c->died[0] = '\0';
	return TW_OK;
}

int tw_crew_find(const struct tw_crew *c, pid_t pid)
{
	for (int r = 0; r < TW_CREW_SIZE; r++)
		if (c->of[r].pid == pid)
			return r;
	return -1;
}

void tw_crew_gone(struct tw_crew *c, int role)
{
	c->of[role].pid = 0;
	c->of[role].channel = tw_channel_free(c->of[role].channel);
}

bool tw_crew_say(struct tw_crew *c, int role, uint16_t type, const void *payload, size_t size)
{
	return c->of[role].channel && !tw_failed(tw_channel_send(c->of[role].channel, type, 0, payload, size, NULL, 0));
}
