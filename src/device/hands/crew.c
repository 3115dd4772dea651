/* SPDX-License-Identifier: Apache-2.0 */
#include "device/hands/crew.h"

#include "base/mem.h"
#include "device/hands/errands.h"
#include "crypto/token-words.h"

#include <fcntl.h>
#include <string.h>

const char *const tw_crew_names[TW_CREW_SIZE] = { "front", "core", "keys" };
static const struct tw_channel_row *const rows[TW_CREW_SIZE] = { tw_rows_hands_from_role, tw_rows_hands_from_core, tw_rows_hands_from_role };
static const int tab_name[TW_CREW_SIZE] = { TW_TAB_FRONT, TW_TAB_CORE, TW_TAB_KEYS };

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

tw_err tw_crew_init(const struct tw_sys *sys, const struct tw_places *places, const char *program, struct tw_crew *ret)
{
	memset(ret, 0, sizeof *ret);
	ret->sys = sys;
	ret->places = places;
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

#define FDS_MAX (6 + 6 + TW_LISTEN_MAX)
struct birth {
	int fds[FDS_MAX];
	size_t count;
};

static void give(struct birth *b, int fd)
{
	b->fds[b->count++] = fd;
}

static void births(const struct tw_places *at, const struct pairs *p, struct birth b[TW_CREW_SIZE])
{
	const int first[TW_CREW_SIZE][3] = {
		[TW_CREW_FRONT] = { p->hands_front[1], p->core_front[1], p->front_keys[0] },
		[TW_CREW_CORE] = { p->hands_core[1], p->core_front[0], p->core_keys[0] },
		[TW_CREW_KEYS] = { p->hands_keys[1], p->core_keys[1], p->front_keys[1] },
	};
	const int core[] = { at->core, at->log, at->config, at->packages < 0 ? at->config : at->packages, at->admin, at->events,
		at->console };

	for (size_t r = 0; r < TW_CREW_SIZE; r++) {
		b[r].count = 0;
		give(&b[r], at->null);
		give(&b[r], at->null);
		give(&b[r], STDERR_FILENO);
		for (size_t i = 0; i < 3; i++)
			give(&b[r], first[r][i]);
	}
	for (size_t i = 0; i < TW_COUNT(core); i++)
		give(&b[TW_CREW_CORE], core[i]);
	for (size_t i = 0; i < at->tcp_count; i++)
		give(&b[TW_CREW_FRONT], at->tcp[i]);
	give(&b[TW_CREW_KEYS], at->keys);
	give(&b[TW_CREW_KEYS], at->root);
	give(&b[TW_CREW_KEYS], at->token);
}

#define KEYSTORE_WORD (TW_TOKEN_WORDS_MAX + 16)
#define KEYS_WORDS 4 /* with the NULL at the end */
static void add_keys_words(const struct tw_places *at, char keystore[KEYSTORE_WORD], char *words[KEYS_WORDS])
{
	size_t n = 0;

	if (at->keystore && snprintf(keystore, KEYSTORE_WORD, "keystore=%s", at->keystore) < KEYSTORE_WORD)
		words[n++] = keystore;
	if (at->has_root)
		words[n++] = (char *)(uintptr_t) "root=yes";
	words[n] = NULL;
}

/* Which roles on demand roles.tab has a line for: core says so without having to start one. */
static void add_errands(const struct tw_places *at, char *ret, size_t size)
{
	size_t n = (size_t)snprintf(ret, size, "errands=");

	for (unsigned i = 0; i < TW_ERRANDS; i++)
		if (tw_errand_in_tab(&at->tab, i))
			n += (size_t)snprintf(ret + n, size - n, "%s,", tw_errand_names[i]);
}

static tw_err start_one(struct tw_crew *c, int role, const struct birth *b)
{
	const struct tw_tab *tab = &c->places->tab;
	char uid[16], gid[16], boot[48], application[32], died[32], keystore[KEYSTORE_WORD], packages[32], errands[64];
	char *argv[] = { (char *)(uintptr_t)c->program, (char *)(uintptr_t)tw_crew_names[role], uid, gid, boot, application, died,
		packages, errands, NULL, NULL };
	char *journal = getenv("JOURNAL_STREAM"), stream[128];
	char *envp[] = { NULL, NULL };
	struct tw_spawn what = { c->program, argv, envp, b->fds, b->count };

	(void)snprintf(uid, sizeof uid, "%u", tab->of[tab_name[role]].uid);
	(void)snprintf(gid, sizeof gid, "%u", tab->of[tab_name[role]].gid);
	(void)snprintf(boot, sizeof boot, "boot_id=%s", c->boot_id);
	(void)snprintf(application, sizeof application, "app_uid=%u", tab->of[TW_TAB_APPLICATION].uid);
	(void)snprintf(died, sizeof died, "died=%s", c->died);
	(void)snprintf(packages, sizeof packages, "%s=%s", c->places->packages < 0 ? "no-packages" : "packages", c->places->packages_kind);
	add_errands(c->places, errands, sizeof errands);
	if (role != TW_CREW_CORE)
		argv[4] = NULL;
	else if (c->places->has_console)
		argv[9] = (char *)(uintptr_t) "console=yes";
	if (role == TW_CREW_KEYS)
		add_keys_words(c->places, keystore, argv + 4);
	if (journal && snprintf(stream, sizeof stream, "JOURNAL_STREAM=%s", journal) < (int)sizeof stream)
		envp[0] = stream;
	if (c->sys->spawn(c->sys, &what, &c->of[role].pid))
		return TW_RAISE_ERRNO("starting %s", c->program);
	return TW_OK;
}

tw_err tw_crew_start(struct tw_crew *c)
{
	TW_CLEANUP(close_pairs) struct pairs p = { { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 } };
	int *const mine[TW_CREW_SIZE] = { &p.hands_front[0], &p.hands_core[0], &p.hands_keys[0] };
	struct birth b[TW_CREW_SIZE];

	TW_TRY(open_pairs(c->sys, &p));
	births(c->places, &p, b);
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
