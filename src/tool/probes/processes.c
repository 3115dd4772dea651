/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of processes, on the device itself: what the kernel says of the process that holds the device's local socket and of all that
 * came from it, and what processes and services of different levels are answered.
 */
#include "tool/probes/people.h"

#include "base/text.h"

#include <fcntl.h>
#include <sys/un.h>

#define PROCESSES_MAX 32
#define STATUS_MAX 4096
#define FIREWALL_CAPABILITIES 0x1000 /* NET_ADMIN, of the role that puts rules for packets */
#define PARENT_CAPABILITIES \
	(0x1e0 | FIREWALL_CAPABILITIES) /* of the one that runs as root: to end the others, and to become them (KILL, SETGID, SETUID, SETPCAP) */

struct process {
	char name[32], role[16]; /* role: its first argument */
	uint64_t pid, parent, uid, rights;
	bool one_uid, no_new_privileges, filtered;
};
struct survey {
	const struct tw_sys *sys;
	uint64_t root; /* the process that the socket belongs to */
	struct process of[PROCESSES_MAX];
	size_t count;
	bool too_many;
};

/* --- What the kernel says --- */

static bool read_file(const struct tw_sys *sys, uint64_t pid, const char *name, char ret[STATUS_MAX], size_t *ret_size)
{
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%llu/%s", (unsigned long long)pid, name);
	TW_CLEANUP(tw_closep) int fd = sys->open_path(sys, path, O_RDONLY | O_CLOEXEC, 0);
	ssize_t n = fd < 0 ? -1 : sys->read(sys, fd, ret, STATUS_MAX - 1);
	if (n < 0)
		return false;
	ret[n] = '\0';
	*ret_size = (size_t)n;
	return true;
}

/* The n-th word behind "\nKey:"; "" when there is none. */
static void word_of(const char *text, const char *key, int n, char ret[32])
{
	char wanted[32];

	ret[0] = '\0';
	(void)snprintf(wanted, sizeof wanted, "\n%s:", key);
	const char *at = strstr(text, wanted);
	if (!at)
		return;
	at += strlen(wanted);
	for (;; n--) {
		at += strspn(at, " \t");
		size_t size = strcspn(at, " \t\n");
		if (n == 0 || size == 0) {
			(void)snprintf(ret, 32, "%.*s", (int)(n == 0 ? size : 0), at);
			return;
		}
		at += size;
	}
}

static uint64_t number_of(const char *text, const char *key, int n)
{
	char word[32];
	uint64_t value = UINT64_MAX;

	word_of(text, key, n, word);
	return tw_failed(tw_parse_u64(tw_slice_of(word), UINT64_MAX - 1, &value)) ? UINT64_MAX : value;
}

/* What it has and may take up, together; what cannot be read counts as all of them. */
static uint64_t rights_of(const char *text)
{
	static const char *const sets[] = { "CapPrm", "CapEff", "CapAmb" };
	uint64_t all = 0;

	for (size_t i = 0; i < TW_COUNT(sets); i++) {
		char word[32];
		uint8_t bytes[8];

		word_of(text, sets[i], 0, word);
		if (tw_failed(tw_parse_hex(tw_slice_of(word), bytes, sizeof bytes)))
			return UINT64_MAX;
		uint64_t set = 0;
		for (size_t k = 0; k < sizeof bytes; k++)
			set = set << 8 | bytes[k];
		all |= set;
	}
	return all;
}

static bool read_process(const struct tw_sys *sys, uint64_t pid, struct process *ret)
{
	char text[STATUS_MAX];
	size_t size;

	*ret = (struct process){ .pid = pid };
	if (!read_file(sys, pid, "status", text, &size))
		return false;
	(void)snprintf(ret->name, sizeof ret->name, "%.*s", (int)strcspn(text + strcspn(text, "\t") + 1, "\n"),
		text + strcspn(text, "\t") + 1);
	ret->parent = number_of(text, "PPid", 0);
	ret->uid = number_of(text, "Uid", 1);
	ret->one_uid = ret->uid == number_of(text, "Uid", 0) && ret->uid == number_of(text, "Uid", 2) &&
		ret->uid == number_of(text, "Uid", 3);
	ret->rights = rights_of(text);
	ret->no_new_privileges = number_of(text, "NoNewPrivs", 0) == 1;
	ret->filtered = number_of(text, "Seccomp", 0) == 2;
	return true;
}

/* The word behind the program's: which of our roles it is. */
static void read_role(const struct tw_sys *sys, struct process *p)
{
	char text[STATUS_MAX];
	size_t size;

	if (read_file(sys, p->pid, "cmdline", text, &size) && strlen(text) + 1 < size)
		(void)snprintf(p->role, sizeof p->role, "%.15s", text + strlen(text) + 1);
}

static bool belongs(const struct survey *s, const struct process *p)
{
	struct process above = *p;

	for (int depth = 0; depth < 4; depth++) {
		if (above.pid == s->root)
			return true;
		if (above.parent <= 1 || !read_process(s->sys, above.parent, &above))
			return false;
	}
	return false;
}

static bool look_at(void *user, const char *name)
{
	struct survey *s = user;
	struct process p;
	uint64_t pid;

	if (tw_failed(tw_parse_u64(tw_slice_of(name), INT32_MAX, &pid)) || !read_process(s->sys, pid, &p) || !belongs(s, &p))
		return true;
	read_role(s->sys, &p);
	s->too_many = s->count == PROCESSES_MAX;
	if (!s->too_many)
		s->of[s->count++] = p;
	return !s->too_many;
}

static tw_err find_root(struct tw_probe_context *c, uint64_t *ret)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const struct tw_sys *sys = c->sys;
	pid_t pid = 0;
	uid_t uid;
	gid_t gid;

	(void)snprintf(a.sun_path, sizeof a.sun_path, "%s", c->local_path);
	TW_CLEANUP(tw_closep) int fd = sys->socket(sys, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sys->connect(sys, fd, (const struct sockaddr *)&a, sizeof a) || sys->peer(sys, fd, &pid, &uid, &gid))
		return TW_RAISE_ERRNO("asking whose socket %s is", c->local_path);
	*ret = (uint64_t)pid;
	return pid > 0 ? TW_OK : TW_RAISE(NOTFOUND, "the process behind %s cannot be seen from here", c->local_path);
}

/* False, and a finding: it could not be looked. */
static tw_err survey(struct tw_probe_context *c, struct survey *ret, struct tw_finding *f, bool *ret_good)
{
	*ret = (struct survey){ .sys = c->sys };
	*ret_good = false;
	if (!c->local)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "It takes a look from inside: run this on the device, with --local.");
	tw_err e = find_root(c, &ret->root);
	if (tw_failed(e))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "It could not be looked: %s.", tw_err_detail());
	TW_CLEANUP(tw_closep) int proc = c->sys->open_path(c->sys, "/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (proc < 0 || c->sys->list(c->sys, proc, look_at, ret))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "The processes of this machine cannot be listed.");
	for (size_t i = 0; i < ret->count; i++) {
		char what[96];

		(void)snprintf(what, sizeof what, "user %llu, capabilities %llx", (unsigned long long)ret->of[i].uid,
			(unsigned long long)ret->of[i].rights);
		TW_TRY(tw_saw(f, ret->of[i].role[0] ? ret->of[i].role : ret->of[i].name, what));
	}
	*ret_good = ret->count > 0 && !ret->too_many;
	return *ret_good
		? TW_OK
		: tw_found(f, TW_VERDICT_INCONCLUSIVE, "%zu processes of the device were found, which cannot be all.", ret->count);
}

/* --- Judging it --- */

static bool hashes(const struct process *p)
{
	return !strcmp(p->role, "hash") || !strcmp(p->role, "hash-2");
}

static bool connects(const struct process *p)
{
	return !strcmp(p->role, "fetch") || !strcmp(p->role, "ask");
}

/* Passwords are hashed by two processes of one kind, and others are asked by two; and where a token keeps the keys, its library runs in a child
   of the keys role. */
static bool may_share(const struct process *a, const struct process *b)
{
	bool keys = !strcmp(a->role, "keys") && !strcmp(b->role, "keys");

	return (hashes(a) && hashes(b)) || (connects(a) && connects(b)) || (keys && (a->parent == b->pid || b->parent == a->pid));
}

static const struct process *sharing(const struct survey *s, const struct process *p)
{
	for (const struct process *q = s->of; q < p; q++)
		if (q->uid == p->uid && !may_share(p, q))
			return q;
	return NULL;
}

static size_t users_of(const struct survey *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		n += !sharing(s, &s->of[i]);
	return n;
}

#define PARTS_MIN 4 /* the one that starts the others, and those for the network, for decisions and for keys */

/* @nist LA.RSM.5.2: of each process, its user, that it can gain nothing, and that its system calls are filtered */
static tw_err confined(struct tw_probe_context *c, struct tw_finding *f)
{
	struct survey s;
	bool good;

	TW_TRY(survey(c, &s, f, &good));
	if (!good)
		return TW_OK;
	for (size_t i = 0; i < s.count; i++) {
		const struct process *p = &s.of[i], *other = sharing(&s, p);

		if (!p->no_new_privileges || !p->filtered || !p->one_uid)
			return tw_found(f, TW_VERDICT_FAIL, "Process %llu (%s %s) %s.", (unsigned long long)p->pid, p->name, p->role,
				!p->no_new_privileges  ? "may gain privileges"
					: !p->filtered ? "may make every system call"
						       : "has more than one user id");
		if (other)
			return tw_found(f, TW_VERDICT_FAIL, "Processes %llu and %llu (%s and %s) have one user id.",
				(unsigned long long)other->pid, (unsigned long long)p->pid, other->role, p->role);
	}
	if (s.count < PARTS_MIN)
		return tw_found(f, TW_VERDICT_FAIL, "The device's software is %zu processes: it is not divided.", s.count);
	return tw_found(f, TW_VERDICT_PASS,
		"%zu processes of the device have %zu users, which only those that hash share, and a token's library with the keys; each can gain no "
		"privilege, and may make only the system calls of its list.",
		s.count, users_of(&s));
}

/* @nist LA.RSM.5: root only for the one process that starts the others, and for it no more than that takes; for the others, and for a new
   account, nothing */
static tw_err least(struct tw_probe_context *c, struct tw_person *person, struct tw_finding *f)
{
	struct survey s;
	long status = 0;
	bool good;

	TW_TRY(survey(c, &s, f, &good));
	if (!good)
		return TW_OK;
	for (size_t i = 0; i < s.count; i++) {
		const struct process *p = &s.of[i];
		bool rules = strncmp(p->name, "thingward-fire", 14) == 0; /* the kernel keeps 15 characters of a name */
		uint64_t declared = p->pid == s.root ? PARENT_CAPABILITIES : rules ? FIREWALL_CAPABILITIES : 0;

		if ((p->uid == 0 && p->pid != s.root) || p->rights & ~declared)
			return tw_found(f, TW_VERDICT_FAIL,
				"Process %llu (%s %s) runs as user %llu with the capabilities %llx; declared are %llx.",
				(unsigned long long)p->pid, p->name, p->role, (unsigned long long)p->uid,
				(unsigned long long)p->rights, (unsigned long long)declared);
	}
	TW_TRY(tw_person_make(c, "service", 0, person));
	TW_TRY(tw_person_comes(c, person));
	TW_TRY(tw_person_look(c, person, f, "a new account", &status));
	if (status != 403)
		return tw_found(f, TW_VERDICT_FAIL, "A new account without a role was answered with %ld.", status);
	return tw_found(f, TW_VERDICT_PASS,
		"Of %zu processes, the one that starts the others has the capabilities for that, no other has any but the one for rules of packets, and "
		"none is root; a new account may nothing.",
		s.count);
}

static const struct level {
	const char *role, *method, *own, *above;
} levels[] = {
	{ "guest", "GET", "/api/v1/capabilities?limit=1", "/api/v1/settings?limit=1" },
	{ "operator", "GET", "/api/v1/settings?limit=1", "/api/v1/log?limit=1" },
	{ "auditor", "GET", "/api/v1/log?limit=1", "/api/v1/keys?limit=1" },
};

static tw_err stand_at(struct tw_probe_context *c, struct tw_person *p, const struct level *l, struct tw_finding *f, bool *ret_good)
{
	char assignment[64];
	long own = 0, above = 0;

	TW_TRY(tw_person_give(c, p, l->role));
	TW_TRY(tw_person_comes(c, p));
	TW_TRY(tw_person_asks(c, p, l->method, l->own, &own));
	TW_TRY(tw_person_asks(c, p, l->method, l->above, &above));
	(void)snprintf(assignment, sizeof assignment, "%s.%s", p->id, l->role);
	TW_TRY(tw_probe_at(c, "DELETE", "role-assignments", assignment));
	*ret_good = own == 200 && above == 403;
	return *ret_good
		? TW_OK
		: tw_found(f, TW_VERDICT_FAIL, "A service at the level of %s was answered with %ld at its level and with %ld above.",
			  l->role, own, above);
}

/* @nist LA.RSM.4.4: services at three levels, and processes on the device: root, and one that is nobody */
static tw_err several(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer reads = { 0 }, changes = { 0 };
	struct survey s;
	long stranger = 0;
	bool good = false;

	TW_TRY(survey(c, &s, f, &good));
	if (good)
		TW_TRY(tw_person_make(c, "service", 0, p));
	for (size_t i = 0; good && i < TW_COUNT(levels); i++)
		TW_TRY(stand_at(c, p, &levels[i], f, &good));
	if (!good)
		return TW_OK;
	TW_TRY(tw_ask(c, &tw_asker_local, "GET", "/api/v1/settings?limit=1", &reads));
	TW_TRY(tw_ask(c, &tw_asker_local, "GET", "/api/v1/keys?limit=1", &changes));
	tw_err e = tw_person_stranger_asks(c, "/api/v1/settings?limit=1", &stranger);
	if (tw_is(e, TW_CODE_DENIED))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "It could not be tried as somebody else: %s. Run this as root.",
			tw_err_detail());
	TW_TRY(e);
	if (reads.status != 200 || changes.status != 403 || stranger != 401 || users_of(&s) < PARTS_MIN)
		return tw_found(f, TW_VERDICT_FAIL,
			"On the device, root was answered with %ld at its level and %ld above, and a process of nobody with %ld; the device's own processes "
			"have %zu users.",
			reads.status, changes.status, stranger, users_of(&s));
	return tw_found(f, TW_VERDICT_PASS,
		"Services at %zu levels, and on the device root and a process of nobody, each got what is at its level and was refused what is above; "
		"the device's own processes have %zu users.",
		TW_COUNT(levels), users_of(&s));
}

static tw_err ask_least(struct tw_probe_context *c, struct tw_finding *ret)
{
	return tw_person_with(c, ret, least);
}

static tw_err ask_several(struct tw_probe_context *c, struct tw_finding *ret)
{
	return tw_person_with(c, ret, several);
}

const struct tw_probe tw_probes_processes[] = {
	{ "LA.RSM.4.4", "several-levels", TW_SOURCE_INSIDE, "Do services and processes reach their own level and no more?",
		ask_several, true },
	{ "LA.RSM.5", "least", TW_SOURCE_INSIDE, "Has each process, and a new account, no more privilege than declared?", ask_least, true },
	{ "LA.RSM.5.2", "confined", TW_SOURCE_INSIDE, "Is each of the device's processes confined?", confined },
	{ .element = NULL },
};
