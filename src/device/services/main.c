/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingward-services: speaks to the system's service manager for the device, as a provider of the product's (kind services).
 *
 *     thingward-services [--socket PATH] [--name NAME] [--user UID] [--program PATH]
 *
 * Started by the system and not by the device: whoever may stop services may do anything, which none of the device's roles is to. Core says which
 * services are to be off; this says which there are and whether it is so, looks every few seconds, and does it again when one is on again.
 *
 * --user: it is started as root, and goes on as that user, whom the manifest names for it. Of root it keeps its id for systemctl alone, and no
 * capability, neither for itself nor for that: to systemd whoever asks has to be root and nothing more. --program: what the product has in the place of
 * systemctl (manager.h); its rights are those that this was started with.
 */
#include "base/cursor.h"
#include "base/log.h"
#include "base/mem.h"
#include "device/services/manager.h"
#include "sys/application.h"
#include "sys/channel.h"
#include "sys/clock.h"
#include "sys/real.h"

#include <errno.h>
#include <getopt.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#define SOCKET "/run/thingward/events.sock"
#define NAME "services"
#define LOOK_MS 5000
#define AGAIN_MS 1000
#define STOPS_MS 4000 /* what is asked to stop may take so long, of the time that core waits */
#define TURN_MS 200

struct state {
	const struct tw_sys *sys;
	struct tw_manager manager;
	const char *socket, *name;
	tw_channel *core;
	char text[2][TW_APP_OFF_MAX + 1]; /* what the next two are read from */
	struct tw_off off, was;
	struct tw_buf said, told; /* the list that there is; the words of it that core was told */
	bool told_more;           /* and that there are others */
	struct tw_services there;
	int64_t looked_ms;
	bool stands, failing; /* core has asked; it was told that it is not so */
};

/* --- What core is told --- */

static tw_err say(struct state *s, uint16_t type, uint32_t tag, const char *words)
{
	const size_t size = strlen(words);

	return tw_channel_send(s->core, type, tag, words, size < TW_APP_WHY_MAX ? size : TW_APP_WHY_MAX, NULL, 0);
}

static bool is_to_be_off(const struct state *s, struct tw_slice name)
{
	for (size_t i = 0; i < s->off.count; i++)
		if (s->off.words[i].name.size == name.size && memcmp(s->off.words[i].name.at, name.at, name.size) == 0)
			return true;
	return false;
}

/* Those that are to be off come first, then what runs: core lists as many as it has room for. */
static int rank(const struct state *s, const struct tw_service *one)
{
	return is_to_be_off(s, one->name) ? 0 : one->state == TW_SERVICE_RUNNING ? 1 : 2;
}

static tw_err list_words(const struct state *s, struct tw_buf *ret)
{
	for (int r = 0; r < 3; r++)
		for (size_t i = 0; i < s->there.count; i++) {
			const struct tw_service *one = &s->there.of[i];

			if (rank(s, one) != r || (r == 2 && one->state == TW_SERVICE_STOPPED && !s->manager.program))
				continue; /* units of systemd that are loaded and do nothing are of no interest */
			if (ret->size + one->name.size + 10 > ret->max)
				return TW_OK;
			TW_TRY(tw_buf_format(ret, "%s" TW_SLICE_FMT "=%s", ret->size ? " " : "", TW_SLICE_ARG(one->name),
				tw_service_states[one->state]));
		}
	return TW_OK;
}

/* A part ends with a whole word. */
static size_t part_size(struct tw_slice rest)
{
	size_t size = rest.size;

	if (size <= TW_APP_SERVICES_MAX)
		return size;
	size = TW_APP_SERVICES_MAX;
	while (rest.at[size] != ' ')
		size--;
	return size;
}

static tw_err tell_list(struct state *s)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf words = { 0 };
	char part[1 + TW_APP_SERVICES_MAX];
	bool first = true;

	tw_buf_init(&words, s->sys, (TW_APP_SERVICES_PARTS - 1) * TW_APP_SERVICES_MAX);
	TW_TRY(list_words(s, &words));
	if (s->told.size && s->told_more == s->there.more && strcmp(tw_buf_cstr(&s->told), tw_buf_cstr(&words)) == 0)
		return TW_OK;
	struct tw_slice rest = tw_buf_slice(&words);
	do {
		const size_t size = part_size(rest);

		part[0] = (char)((first ? 1 : 0) | (size == rest.size ? 2 : 0) | (s->there.more ? 4 : 0));
		if (size)
			memcpy(part + 1, rest.at, size);
		TW_TRY(tw_channel_send(s->core, TW_APP_SERVICES, 0, part, 1 + size, NULL, 0));
		first = false;
		rest = (struct tw_slice){ rest.at + size, rest.size - size };
		if (rest.size)
			rest = (struct tw_slice){ rest.at + 1, rest.size - 1 };
	} while (rest.size);
	tw_buf_clear(&s->told);
	s->told_more = s->there.more;
	return tw_buf_text(&s->told, tw_buf_cstr(&words));
}

/* --- What is done --- */

static tw_err look(struct state *s)
{
	s->looked_ms = tw_boot_ms(s->sys);
	tw_buf_clear(&s->said);
	return tw_manager_list(&s->manager, &(struct tw_manager_ask){ &s->off, &s->was }, &s->said, &s->there);
}

/* One that a program does not list is off: there is nothing to stop, and nothing that would start; unless the list is not all there are. */
static bool is_off(const struct state *s, struct tw_slice name)
{
	const struct tw_service *one = tw_services_find(&s->there, name);

	return one ? one->state == TW_SERVICE_OFF : s->manager.program != NULL && !s->there.more;
}

static const struct tw_off_word *first_on(const struct state *s)
{
	for (size_t i = 0; i < s->off.count; i++)
		if (!is_off(s, s->off.words[i].name))
			return &s->off.words[i];
	return NULL;
}

/* Those that are on go off; core is told of each, when they had been off. */
static tw_err switch_off(struct state *s, bool tells)
{
	char words[160];

	for (size_t i = 0; i < s->off.count; i++) {
		const struct tw_slice name = s->off.words[i].name;

		if (is_off(s, name))
			continue;
		TW_TRY(tw_manager_off(&s->manager, name));
		(void)snprintf(words, sizeof words, "service " TW_SLICE_FMT, TW_SLICE_ARG(name));
		if (tells)
			TW_TRY(say(s, TW_APP_HELD, 0, words));
	}
	return TW_OK;
}

/* Those that there are: what the system has no more, or never had, needs nothing back. */
static tw_err switch_on(struct state *s)
{
	for (size_t i = 0; i < s->was.count; i++) {
		const struct tw_slice name = s->was.words[i].name;

		if (!is_to_be_off(s, name) && tw_services_find(&s->there, name))
			TW_TRY(tw_manager_on(&s->manager, name));
	}
	return TW_OK;
}

/* What was asked to stop may take its time. */
static tw_err await_off(struct state *s)
{
	const int64_t until = tw_boot_ms(s->sys) + STOPS_MS;

	TW_TRY(look(s));
	while (first_on(s) && tw_boot_ms(s->sys) < until) {
		(void)s->sys->poll(s->sys, NULL, 0, TURN_MS);
		TW_TRY(look(s));
	}
	const struct tw_off_word *one = first_on(s);
	return one ? TW_RAISE(STATE, TW_SLICE_FMT " has not stopped", TW_SLICE_ARG(one->text)) : TW_OK;
}

static tw_err words_of(struct tw_cursor *c, char *text)
{
	struct tw_slice s = { NULL, 0 };

	TW_TRY(tw_cursor_block16(c, TW_APP_OFF_MAX, &s));
	if (s.size)
		memcpy(text, s.at, s.size);
	text[s.size] = '\0';
	return strlen(text) == s.size ? TW_OK : TW_RAISE(SYNTAX, "a zero among words");
}

static tw_err read_order(struct state *s, struct tw_slice payload)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);

	TW_TRY(words_of(&c, s->text[0]));
	TW_TRY(words_of(&c, s->text[1]));
	TW_TRY(tw_cursor_end(&c));
	TW_TRY(tw_off_read(tw_slice_of(s->text[0]), &s->off));
	return tw_off_read(tw_slice_of(s->text[1]), &s->was);
}

static tw_err obey(struct state *s, const struct tw_message *m)
{
	TW_TRY(read_order(s, m->payload));
	tw_err e = look(s);
	if (!tw_failed(e))
		e = switch_on(s);
	if (!tw_failed(e))
		e = switch_off(s, false);
	if (!tw_failed(e))
		e = await_off(s);
	s->failing = tw_failed(e);
	s->stands = true;
	s->was.count = 0;
	if (s->failing)
		return say(s, TW_APP_FAILED, m->tag, tw_err_detail());
	const uint32_t n = (uint32_t)s->off.count;
	const uint8_t count[4] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };
	TW_TRY(tell_list(s));
	return tw_channel_send(s->core, TW_APP_HOLDS, m->tag, count, sizeof count, NULL, 0);
}

/* Now and then: somebody may have started one, and others come and go. */
static tw_err turn(struct state *s)
{
	if (tw_boot_ms(s->sys) - s->looked_ms < LOOK_MS)
		return TW_OK;
	tw_err e = look(s);

	if (!tw_failed(e) && first_on(s)) {
		e = switch_off(s, !s->failing);
		if (!tw_failed(e))
			e = await_off(s);
	}
	if (tw_failed(e)) {
		tw_log_err(e, "services");
		if (!s->stands || s->failing)
			return TW_OK;
		s->failing = true;
		return say(s, TW_APP_FAILED, 0, tw_err_detail());
	}
	return tell_list(s);
}

/* --- The line to core --- */

static tw_err join(struct state *s)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct tw_message answer;

	if (strlen(s->socket) >= sizeof to.sun_path)
		return TW_RAISE(LIMIT, "the path of the socket is too long");
	(void)snprintf(to.sun_path, sizeof to.sun_path, "%s", s->socket);
	const int fd = s->sys->socket(s->sys, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return TW_RAISE_ERRNO("a socket");
	if (s->sys->connect(s->sys, fd, (const struct sockaddr *)&to, sizeof to)) {
		tw_err e = TW_RAISE_ERRNO("%s", s->socket);

		(void)s->sys->close(s->sys, fd);
		return e;
	}
	tw_err e = tw_channel_new(s->sys, fd, tw_rows_app_from_device, &s->core);
	if (tw_failed(e)) {
		(void)s->sys->close(s->sys, fd);
		return e;
	}
	tw_buf_init(&b, s->sys, 3 + TW_APP_PROVIDER_MAX);
	TW_TRY(tw_buf_u8(&b, 0));
	TW_TRY(tw_buf_block16(&b, s->name, strlen(s->name)));
	tw_buf_clear(&s->told);
	s->stands = false;
	return tw_channel_call(s->core, TW_APP_PROVIDE, b.data, b.size, TW_APP_ACK, 10000, &answer);
}

static tw_err hear(struct state *s)
{
	struct tw_message m;

	TW_TRY(tw_channel_receive(s->core, &m));
	return m.type == TW_APP_OFF ? obey(s, &m) : TW_OK;
}

static tw_err serve(struct state *s)
{
	s->looked_ms = tw_boot_ms(s->sys) - LOOK_MS;
	for (;;) {
		const int64_t left = s->looked_ms + LOOK_MS - tw_boot_ms(s->sys);
		struct pollfd p = { .fd = tw_channel_fd(s->core), .events = POLLIN };

		if (s->sys->poll(s->sys, &p, 1, left > 0 ? (int)left : 0) < 0 && errno != EINTR)
			return TW_RAISE_ERRNO("waiting for core");
		tw_err e = p.revents ? hear(s) : TW_OK;
		if (tw_failed(e) && !tw_is(e, TW_CODE_TIMEOUT))
			return e;
		TW_TRY(turn(s));
	}
}

/* --- As whom --- */

static tw_err drop_capabilities(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { 0 };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return TW_RAISE_ERRNO("no_new_privs");
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return TW_RAISE_ERRNO("dropping capability %d", cap);
	return syscall(SYS_capset, &head, none) ? TW_RAISE_ERRNO("capset") : TW_OK;
}

static tw_err become(struct state *s, const char *user)
{
	uint64_t uid = 0;

	if (!user)
		return TW_OK;
	TW_TRY(tw_parse_u64(tw_slice_of(user), UINT32_MAX - 1, &uid));
	if (uid == 0)
		return TW_RAISE(SYNTAX, "the manifest names no root");
	if (setresuid((uid_t)uid, (uid_t)uid, 0))
		return TW_RAISE_ERRNO("user %s", user);
	s->manager.as_root = true;
	if (s->manager.program) /* which may need more than an id */
		return TW_OK;
	if (seteuid(0)) /* dropping is root's */
		return TW_RAISE_ERRNO("root's id");
	TW_TRY(drop_capabilities());
	return seteuid((uid_t)uid) ? TW_RAISE_ERRNO("user %s", user) : TW_OK;
}

static bool read_options(int argc, char **argv, struct state *s, const char **ret_user)
{
	static const struct option options[] = { { "socket", required_argument, NULL, 's' }, { "name", required_argument, NULL, 'n' },
		{ "user", required_argument, NULL, 'u' }, { "program", required_argument, NULL, 'p' }, { 0 } };
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (o == 's')
			s->socket = optarg;
		else if (o == 'n')
			s->name = optarg;
		else if (o == 'u')
			*ret_user = optarg;
		else if (o == 'p')
			s->manager.program = optarg;
		else
			return false;
	}
	return optind == argc && strlen(s->name) <= TW_APP_PROVIDER_MAX;
}

int main(int argc, char **argv)
{
	static struct state s; /* 40 KiB, not on the stack */
	const char *user = NULL;

	s = (struct state){ .sys = tw_sys_real(), .socket = SOCKET, .name = NAME };
	s.manager.sys = s.sys;
	if (!read_options(argc, argv, &s, &user)) {
		(void)fprintf(stderr, "usage: thingward-services [--socket PATH] [--name NAME] [--user UID] [--program PATH]\n");
		return 2;
	}
	tw_err e = become(&s, user);
	if (tw_failed(e)) {
		tw_log_err(e, "thingward-services");
		return 1;
	}
	tw_buf_init(&s.said, s.sys, TW_MANAGER_SAID_MAX);
	tw_buf_init(&s.told, s.sys, TW_APP_SERVICES_PARTS * TW_APP_SERVICES_MAX);
	for (bool is_said = false;;) {
		e = join(&s);
		if (!tw_failed(e)) {
			is_said = false; /* that it is lost is said each time; that there is none yet, once */
			e = serve(&s);
		}
		if (!is_said)
			tw_log_err(e, "the line to the device, which is tried again each second");
		is_said = true;
		s.core = tw_channel_free(s.core);
		(void)s.sys->poll(s.sys, NULL, 0, AGAIN_MS);
	}
}
