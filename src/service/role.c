/* SPDX-License-Identifier: Apache-2.0 */
#include "service/role.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "service/wire.h"
#include "sys/real.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define FDS_MAX 64 /* more listeners than hands takes */

const char *tw_role_word(const struct tw_role_start *s, const char *key)
{
	size_t size = strlen(key);

	for (size_t i = 0; i < s->word_count; i++)
		if (strncmp(s->words[i], key, size) == 0 && s->words[i][size] == '=')
			return s->words[i] + size + 1;
	return NULL;
}

/* hands gives them without a gap, so the first that is not open ends them. */
static int count_fds(void)
{
	int n = 0;

	while (n < FDS_MAX && fcntl(n, F_GETFD) >= 0)
		n++;
	return n;
}

/* Ending is hands' business: what a terminal sends to the whole group must not take roles away from under it. */
static void leave_signals_to_hands(void)
{
	static const int theirs[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };

	for (size_t i = 0; i < TW_COUNT(theirs); i++)
		(void)signal(theirs[i], SIG_IGN);
}

static tw_err parse_id(const char *text, uint32_t *ret)
{
	uint64_t id = 0;

	TW_TRY(tw_parse_u64(tw_slice_of(text), UINT32_MAX - 1, &id));
	*ret = (uint32_t)id;
	return TW_OK;
}

static tw_err enter(const struct tw_role_row *row, char **argv, struct tw_role_start *start)
{
	int dirs[4];
	struct tw_sandbox box = {
		.role = row->name, .want = row->want, .keep_fds = start->fd_count, .dirs = dirs, .read_only = (size_t)row->read_only
	};

	TW_TRY(parse_id(argv[2], &box.uid));
	TW_TRY(parse_id(argv[3], &box.gid));
	if (start->fd_count < TW_FD_OWN + row->own_fds)
		return TW_RAISE(STATE, "started with %d descriptors, wants %d: only thingward-device starts roles", start->fd_count,
			TW_FD_OWN + row->own_fds);
	/* What it opens comes right behind what was given, and not behind somebody's leak. */
	if (row->beside && close_range((unsigned)start->fd_count, ~0U, 0) != 0)
		return TW_RAISE_ERRNO("closing what was not given");
	if (row->beside)
		TW_TRY(row->beside(tw_sys_real(), start, box.uid, box.gid));
	box.keep_fds += start->more_fds + (start->beside_fd > 0 ? 1 : 0);
	for (int i = 0; i < row->dirs && i < (int)TW_COUNT(dirs); i++)
		dirs[box.dir_count++] = TW_FD_OWN + i;
	return tw_sandbox_enter(&box, &start->box);
}

/* The first word a role says, and only once it is true. */
static tw_err say_boxed(const struct tw_sys *sys, const struct tw_sandbox_state *box)
{
	const uint8_t payload[2] = { (uint8_t)box->landlock_abi,
		(uint8_t)((box->seccomp ? TW_BOXED_SECCOMP : 0) | (box->ids_dropped ? TW_BOXED_IDS_DROPPED : 0) |
			(box->not_dumpable ? TW_BOXED_NOT_DUMPABLE : 0)) };
	uint8_t message[TW_CHANNEL_HEAD + sizeof payload] = { TW_WIRE_HANDS_BOXED >> 8, TW_WIRE_HANDS_BOXED & 0xff };
	struct iovec part = { message, sizeof message };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };

	message[TW_CHANNEL_HEAD - 1] = sizeof payload;
	memcpy(message + TW_CHANNEL_HEAD, payload, sizeof payload);
	if (sys->sendmsg(sys, TW_FD_HANDS, &m, 0) != (ssize_t)sizeof message)
		return TW_RAISE_ERRNO("telling hands that the sandbox stands");
	return TW_OK;
}

int tw_role_bare(const struct tw_role_row *rows, void (*prepare)(const struct tw_sys *sys), int argc, char **argv)
{
	const struct tw_sys *sys = tw_sys_real();
	struct tw_role_start start = { .fd_count = count_fds() };
	const struct tw_role_row *row = rows;

	tw_log_setup(argc > 1 ? argv[1] : "thingward-role", TW_LEVEL_INFO);
	while (row->name && (argc < 4 || strcmp(row->name, argv[1]) != 0))
		row++;
	if (!row->name) {
		tw_error("%s is started by thingward-device, as ROLE UID GID", argc > 0 ? argv[0] : "a role");
		return 2;
	}
	leave_signals_to_hands();
	start.words = argv + 4;
	start.word_count = (size_t)argc - 4;
	tw_err e = enter(row, argv, &start);
	if (!tw_failed(e))
		e = say_boxed(sys, &start.box);
	if (tw_failed(e)) {
		tw_log_err(e, "the sandbox does not stand, so nothing is done");
		return 71;
	}
	if (prepare)
		prepare(sys);
	return row->run(sys, &start);
}
