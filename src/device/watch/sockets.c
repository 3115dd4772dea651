/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening sockets, by sock_diag, with the user they belong to and the unit of the service manager (or other control group) they were made in.
 *
 * Not by the lists of processes: whose descriptor it is only root may see, and a process can pass it on. The kernel keeps with each
 * socket in which control group it was made, and says so to anybody; its number is that of the group's directory.
 */
#include "device/watch/look.h"

#include "base/fd.h"
#include "base/mem.h"

#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>

#define LISTENING (1U << 10) /* as TCP counts its states */
#define UNCONNECTED (1U << 7)
#define QUEUE_MAX 48
#define GROUP_PATH 128
#define KNOWN_MAX 24

/* Groups found before: the same service listens at the next look, too. One that is not found, for it has gone, is looked for once. */
static struct group {
	uint64_t id;
	char name[64];
} known[KNOWN_MAX];
static size_t next_known;

struct search {
	const struct tw_watch_look *l;
	uint64_t id;
	char queue[QUEUE_MAX][GROUP_PATH]; /* groups whose children are looked at */
	size_t at, count;
	char *found;
};

/* Control groups are told from their files by their names: files have a dot and no such end. */
static bool is_group(const char *name)
{
	static const char *const ends[] = { ".service", ".slice", ".scope", ".socket", ".mount" };
	const size_t size = strlen(name);

	if (!strchr(name, '.'))
		return true;
	for (size_t i = 0; i < TW_COUNT(ends); i++)
		if (size > strlen(ends[i]) && strcmp(name + size - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

static bool look_at_group(void *user, const char *name)
{
	struct search *s = user;
	char path[64 + 2 * GROUP_PATH];
	struct stat st;

	if (!is_group(name) || snprintf(path, sizeof path, "%s/%s/%s", s->l->tree, s->queue[s->at], name) >= (int)sizeof path)
		return true;
	TW_CLEANUP(tw_closep) int fd = s->l->sys->open_path(s->l->sys, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0 || s->l->sys->fstat(s->l->sys, fd, &st))
		return true;
	if ((uint64_t)st.st_ino == s->id) {
		tw_plain_text(tw_slice_of(name), s->found, sizeof known->name);
		return false;
	}
	const char *beneath = path + strlen(s->l->tree) + 1;
	if (s->count < QUEUE_MAX && strlen(beneath) < GROUP_PATH)
		(void)snprintf(s->queue[s->count++], GROUP_PATH, "%s", beneath);
	return true;
}

/* Level by level, from the top: services stand in the first three. */
static tw_err search(const struct tw_watch_look *l, uint64_t id, char *ret)
{
	struct search *s = TW_NEW(l->sys, struct search);

	if (!s)
		return TW_RAISE(NOMEM, "control groups");
	*s = (struct search){ .l = l, .id = id, .queue = { "fs/cgroup", "fs/cgroup/unified" }, .count = 2, .found = ret };
	for (; s->at < s->count && !ret[0]; s->at++)
		tw_ignore(tw_watch_names(l, s->queue[s->at], look_at_group, s));
	free(s);
	return TW_OK;
}

static tw_err group_name(const struct tw_watch_look *l, uint64_t id, const char **ret)
{
	struct group *g = &known[next_known];

	*ret = "";
	if (id <= 1) /* 1: the root, which is everybody's */
		return TW_OK;
	for (size_t i = 0; i < KNOWN_MAX; i++)
		if (known[i].id == id) {
			*ret = known[i].name;
			return TW_OK;
		}
	g->name[0] = '\0';
	g->id = 0;
	TW_TRY(search(l, id, g->name));
	g->id = id;
	next_known = (next_known + 1) % KNOWN_MAX;
	*ret = g->name;
	return TW_OK;
}

struct of {
	const struct tw_watch_look *l;
	const char *protocol;
};

static tw_err each(void *user, const struct tw_netlink_message *m)
{
	const struct of *of = user;
	struct tw_netlink_socket s;
	char name[TW_WATCH_NAME_MAX + 1], what[TW_WATCH_WORDS_MAX + 1];
	const char *group;

	if (m->type != SOCK_DIAG_BY_FAMILY)
		return TW_OK;
	TW_TRY(tw_netlink_socket(m->payload, &s));
	TW_TRY(group_name(of->l, s.cgroup, &group));
	(void)snprintf(name, sizeof name, s.family == AF_INET6 ? "%s [%s]:%u" : "%s %s:%u", of->protocol, s.address, s.port);
	(void)snprintf(what, sizeof what, "user %u%s%s", s.uid, group[0] ? ", " : "", group);
	return tw_watch_add(of->l,
		&(struct tw_watch_item){
			.kind = TW_WATCH_SOCKET, .name = tw_slice_of(name), .what = tw_slice_of(what), .state = TW_SLICE("listening") });
}

tw_err tw_watch_look_sockets(const struct tw_watch_look *l)
{
	static const struct {
		uint8_t family, protocol;
		uint32_t states;
		const char *name;
	} rows[] = { { AF_INET, IPPROTO_TCP, LISTENING, "tcp" }, { AF_INET6, IPPROTO_TCP, LISTENING, "tcp" },
		{ AF_INET, IPPROTO_UDP, UNCONNECTED, "udp" }, { AF_INET6, IPPROTO_UDP, UNCONNECTED, "udp" } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const struct inet_diag_req_v2 r = {
			.sdiag_family = rows[i].family, .sdiag_protocol = rows[i].protocol, .idiag_states = rows[i].states
		};
		const struct tw_watch_question q = { SOCK_DIAG_BY_FAMILY, &r, sizeof r };
		struct of of = { l, rows[i].name };

		TW_TRY(tw_watch_ask(l->sys, l->lines->sockets, &q, each, &of));
	}
	return TW_OK;
}
