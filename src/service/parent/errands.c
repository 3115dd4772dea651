/* SPDX-License-Identifier: Apache-2.0 */
#include "service/parent/errands.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/parent/os.h"

#include <fcntl.h>
#include <string.h>

#define BOX_MS 2000 /* a start takes milliseconds; a loaded machine some hundred */
#define MINUTE_MS 60000
#define PATH_SIZE 4096

void tw_errands_init(const struct tw_sys *sys, const struct tw_errand_row rows[TW_ERRANDS], int null, const char *program,
	struct tw_errands *ret)
{
	memset(ret, 0, sizeof *ret);
	ret->sys = sys;
	ret->rows = rows;
	ret->null = null;
	ret->program = program;
	for (size_t i = 0; i < TW_ERRANDS; i++)
		ret->of[i].core_end = -1;
}

static bool within_budget(struct tw_errand_run *r, int64_t now_ms)
{
	if (r->starts == 0 || now_ms - r->minute_ms >= MINUTE_MS) {
		r->minute_ms = now_ms;
		r->starts = 0;
	}
	if (r->starts >= TW_ERRAND_BUDGET_MAX)
		return false;
	r->starts++;
	return true;
}

static tw_err program_path(const struct tw_errands *e, unsigned which, char ret[PATH_SIZE])
{
	const char *slash = strrchr(e->program, '/');
	int folder = slash ? (int)(slash - e->program) + 1 : 0, n;

	if (e->rows[which].program)
		n = snprintf(ret, PATH_SIZE, "%.*s%s", folder, e->program, e->rows[which].program);
	else
		n = snprintf(ret, PATH_SIZE, "%s", e->program);
	return n < 0 || n >= PATH_SIZE ? TW_RAISE(LIMIT, "the path of %s is too long", tw_errand_names[which]) : TW_OK;
}

struct files {
	int of[1 + TW_ERRAND_MORE];
};

static void files_done(struct files *f)
{
	for (size_t i = 0; i < TW_COUNT(f->of); i++)
		tw_closep(&f->of[i]);
}

static void open_files(const struct tw_sys *sys, const struct tw_errand_row *row, struct files *ret)
{
	for (size_t i = 0; i < TW_COUNT(ret->of); i++) {
		const char *name = i == 0 ? row->file : i <= row->more_count ? row->more[i - 1] : NULL;

		const int how = i == 0 && row->writes ? O_RDWR | O_NONBLOCK : O_RDONLY;

		ret->of[i] = name ? sys->open_path(sys, name, how | O_CLOEXEC, 0) : -1;
	}
}

/* Born with: null, null, log, hands, core, and the row's files or directories. */
static tw_err spawn(struct tw_errands *e, unsigned which, int hands, int core)
{
	const struct tw_sys *sys = e->sys;
	const struct tw_errand_row *row = &e->rows[which];
	TW_CLEANUP(files_done) struct files files;
	const int null = e->null;
	int fds[8 + TW_ERRAND_MORE] = { null, null, STDERR_FILENO, hands, core, null };
	size_t count = 6;

	open_files(sys, row, &files);
	for (size_t i = 0; i < (row->dir_count ? row->dir_count : 1 + row->more_count); i++, count++)
		fds[count] = row->dir_count ? row->dirs[i] : files.of[i] < 0 ? null : files.of[i];
	if (row->listener)
		fds[count++] = row->listener;
	char path[PATH_SIZE], uid[16], gid[16], stream[128], *journal = getenv("JOURNAL_STREAM");
	char *argv[] = { path, (char *)(uintptr_t)tw_errand_names[which], uid, gid, NULL }, *envp[] = { NULL, NULL };
	const struct tw_spawn what = { path, argv, envp, fds, count };

	TW_TRY(program_path(e, which, path));
	(void)snprintf(uid, sizeof uid, "%u", row->uid);
	(void)snprintf(gid, sizeof gid, "%u", row->gid);
	if (journal && snprintf(stream, sizeof stream, "JOURNAL_STREAM=%s", journal) < (int)sizeof stream)
		envp[0] = stream;
	return sys->spawn(sys, &what, &e->of[which].pid) ? TW_RAISE_ERRNO("starting %s", path) : TW_OK;
}

static tw_err start(struct tw_errands *e, unsigned which)
{
	const int type = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK;
	TW_CLEANUP(tw_closep) int mine = -1;
	TW_CLEANUP(tw_closep) int its_hands = -1;
	TW_CLEANUP(tw_closep) int cores = -1;
	TW_CLEANUP(tw_closep) int its_core = -1;
	struct tw_errand_run *r = &e->of[which];
	int pair[2];

	if (e->sys->socketpair(e->sys, AF_UNIX, type, pair))
		return TW_RAISE_ERRNO("a channel to %s", tw_errand_names[which]);
	mine = pair[0];
	its_hands = pair[1];
	if (e->sys->socketpair(e->sys, AF_UNIX, type, pair))
		return TW_RAISE_ERRNO("a channel to %s", tw_errand_names[which]);
	cores = pair[0];
	its_core = pair[1];
	TW_TRY(tw_channel_new(e->sys, mine, tw_rows_hands_from_role, &r->channel));
	(void)tw_take_fd(&mine);
	tw_err failed = spawn(e, which, its_hands, its_core);
	if (tw_failed(failed)) {
		r->channel = tw_channel_free(r->channel);
		return failed;
	}
	r->core_end = tw_take_fd(&cores);
	return TW_OK;
}

void tw_errands_start(struct tw_errands *e, unsigned which, int64_t now_ms, enum tw_errand_not *ret_not)
{
	struct tw_errand_run *r = &e->of[which];

	*ret_not = 0;
	if (!r->pid)
		r->unwanted = false;
	if (!e->rows || !e->rows[which].uid)
		*ret_not = TW_ERRAND_NO_LINE;
	else if (r->pid)
		*ret_not = TW_ERRAND_RUNS;
	else if (!within_budget(r, now_ms))
		*ret_not = TW_ERRAND_BUDGET;
	if (*ret_not)
		return;
	tw_err failed = start(e, which);
	if (tw_failed(failed)) {
		tw_log_err(failed, "starting %s", tw_errand_names[which]);
		*ret_not = TW_ERRAND_FAILED;
		return;
	}
	r->boxed_by_ms = now_ms + BOX_MS;
}

int tw_errands_boxed(struct tw_errands *e, unsigned which)
{
	int fd = e->of[which].core_end;

	e->of[which].core_end = -1;
	e->of[which].boxed_by_ms = 0;
	return fd;
}

int tw_errands_find(const struct tw_errands *e, pid_t pid)
{
	for (int i = 0; i < TW_ERRANDS; i++)
		if (e->of[i].pid == pid)
			return i;
	return -1;
}

bool tw_errands_gone(struct tw_errands *e, unsigned which)
{
	struct tw_errand_run *r = &e->of[which];
	bool waited_for = r->core_end >= 0;

	r->pid = 0;
	r->boxed_by_ms = 0;
	r->channel = tw_channel_free(r->channel);
	tw_closep(&r->core_end);
	return waited_for;
}

void tw_errands_end(struct tw_errands *e, unsigned which)
{
	if (e->of[which].pid)
		tw_os_kill(e->of[which].pid);
}

void tw_errands_end_all(struct tw_errands *e)
{
	for (unsigned i = 0; i < TW_ERRANDS; i++) {
		tw_errands_end(e, i);
		tw_closep(&e->of[i].core_end); /* who asked for it is about to end */
	}
}

int64_t tw_errands_late(struct tw_errands *e, int64_t now_ms)
{
	int64_t next = INT64_MAX;

	for (unsigned i = 0; i < TW_ERRANDS; i++) {
		struct tw_errand_run *r = &e->of[i];

		if (r->pid && r->boxed_by_ms && now_ms >= r->boxed_by_ms) {
			tw_warn("%s did not stand in its sandbox in time and is killed", tw_errand_names[i]);
			tw_errands_end(e, i);
			r->boxed_by_ms = now_ms + BOX_MS;
		}
		if (r->pid && r->boxed_by_ms && r->boxed_by_ms < next)
			next = r->boxed_by_ms;
	}
	return next;
}
