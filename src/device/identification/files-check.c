/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The task inventory.check. Core never opens a file for it: it asks the scan role for a piece, notes what came and where that was, and
 * asks for the next. What it has noted is all that a restart needs to go on.
 */
#include "base/cursor.h"
#include "base/log.h"
#include "base/text.h"
#include "device/identification/files.h"
#include "device/identification/identity.h"
#include "service/errand-line.h"
#include "device/rows-identification.h"
#include "service/task/task.h"

#include <string.h>

#define FOLDERS "identification.inventory-folders"
#define IGNORED "identification.inventory-ignored"
#define LOOK_MS 2000        /* while scan is at work: its word comes sooner, and this is how often the place is saved */
#define SILENT_MAX_MS 60000 /* scan says something every 40 ms, and a disk that has to wake takes seconds */
#define SHOWN_MAX (4 * 2 * TW_FILELIST_PATH_MAX + 16) /* each byte may be shown as four */
#define TOLD_PATH_MAX 200                             /* of a path in an event */

struct check {
	struct tw_context *c;
	struct tw_task *task;
	tw_channel *line;               /* to scan; NULL until it is here */
	struct tw_buf folders, ignored; /* as they were when it began */
	struct tw_buf place;
	struct tw_files files;           /* all that is noted */
	uint64_t before[TW_SCAN_COUNTS]; /* of that, what came before this process of scan was asked */
	bool asked, finished;
	int64_t silent_ms, looked_ms; /* how long nothing was heard, when that was last looked at */
	unsigned told[TW_SCAN_UNKNOWN + 1];
	char fault[TW_DETAIL_MAX];
};

static struct check *check_free(struct check *k)
{
	if (k) {
		tw_buf_done(&k->folders);
		tw_buf_done(&k->ignored);
		tw_buf_done(&k->place);
		tw_files_done(&k->files);
	}
	free(k);
	return NULL;
}
TW_DEFINE_FREEP(struct check, check_free)

/* --- What a restart goes on from --- */

#define SAVED_VERSION 1

static tw_err save(const struct check *k)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf noted = { 0 };
	struct tw_buf *to = &k->task->saved;

	tw_buf_init(&noted, k->c->sys, TW_FILES_STATE_MAX);
	TW_TRY(tw_files_write(&k->files, &noted));
	tw_buf_clear(to);
	TW_TRY(tw_buf_u8(to, SAVED_VERSION));
	TW_TRY(tw_buf_block16(to, tw_buf_cstr(&k->folders), k->folders.size));
	TW_TRY(tw_buf_block16(to, tw_buf_cstr(&k->ignored), k->ignored.size));
	TW_TRY(tw_buf_block16(to, tw_buf_cstr(&k->place), k->place.size));
	TW_TRY(tw_buf_add(to, noted.data, noted.size));
	k->task->moved = true;
	return TW_OK;
}

static tw_err take_block(struct tw_cursor *c, size_t max, struct tw_buf *ret)
{
	struct tw_slice s;

	TW_TRY(tw_cursor_block16(c, max, &s));
	return tw_buf_add(ret, s.at, s.size);
}

static tw_err restore(struct check *k)
{
	struct tw_cursor c = tw_cursor_of(k->task->saved.data, k->task->saved.size);
	struct tw_slice rest;
	uint8_t version = 0;

	TW_TRY(tw_cursor_u8(&c, &version));
	if (version != SAVED_VERSION)
		return TW_RAISE(SYNTAX, "a kept check of version %u", version);
	TW_TRY(take_block(&c, TW_SCAN_WORDS_MAX, &k->folders));
	TW_TRY(take_block(&c, TW_SCAN_WORDS_MAX, &k->ignored));
	TW_TRY(take_block(&c, TW_SCAN_PLACE_MAX, &k->place));
	TW_TRY(tw_cursor_slice(&c, tw_cursor_left(&c), &rest));
	TW_TRY(tw_files_read(k->c->sys, rest, &k->files));
	memcpy(k->before, k->files.counts, sizeof k->before);
	return TW_OK;
}

static tw_err set_out(struct check *k)
{
	TW_TRY(tw_setting_get(k->c, FOLDERS, &k->folders));
	TW_TRY(tw_setting_get(k->c, IGNORED, &k->ignored));
	return tw_files_new(k->c->sys, &k->files);
}

/* --- What scan says --- */

static void stop_with(struct check *k, const char *fault)
{
	(void)snprintf(k->fault, sizeof k->fault, "%s", fault);
	tw_tasks_wake(k->c);
}

static void ask(struct check *k, tw_channel *line)
{
	tw_err e = tw_channel_send(line, TW_SCAN_MORE, 0, NULL, 0, NULL, 0);

	k->silent_ms = 0;
	if (tw_failed(e))
		stop_with(k, tw_err_detail());
}

static void here(void *user, tw_channel *line)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf order = { 0 };
	struct check *k = user;
	const struct tw_scan_order o = { tw_package_system(tw_device_of(k->c)->packages), tw_buf_slice(&k->folders),
		tw_buf_slice(&k->ignored), tw_buf_slice(&k->place) };

	tw_buf_init(&order, k->c->sys, TW_CHANNEL_MAX);
	tw_err e = tw_scan_begin_write(&o, &order);
	if (!tw_failed(e))
		e = tw_channel_send(line, TW_SCAN_BEGIN, 0, order.data, order.size, NULL, 0);
	if (tw_failed(e))
		stop_with(k, tw_err_detail());
	else
		ask(k, line);
}

/* A few events say that it is so; the findings say where else. */
static tw_err tell(struct check *k, enum tw_scan_kind kind, enum tw_scan_how how, const char *shown)
{
	char path[TOLD_PATH_MAX + 1];

	if (k->told[kind]++ >= TW_FILES_TOLD_MAX)
		return TW_OK;
	(void)snprintf(path, sizeof path, "%s", shown);
	tw_utf8_mend(path);
	if (kind == TW_SCAN_UNKNOWN)
		return tw_event(k->c, "inventory.unknown-executable", json_pack("{s:s, s:s}", "path", path, "by", tw_scan_hows[how]));
	return tw_event(k->c, "inventory.changed-file",
		json_pack("{s:s, s:s, s:s}", "path", path, "what", tw_scan_kinds[kind], "by", tw_scan_hows[how]));
}

static tw_err note(struct check *k, struct tw_scan_piece *p)
{
	enum tw_scan_kind kind;
	enum tw_scan_how how;
	struct tw_slice path;

	while (tw_scan_finding_next(p, &kind, &how, &path)) {
		TW_CLEANUP(tw_buf_done) struct tw_buf shown = { 0 };

		tw_buf_init(&shown, k->c->sys, SHOWN_MAX);
		TW_TRY(tw_files_add(&k->files, kind, how, path, &shown));
		TW_TRY(tell(k, kind, how, tw_buf_cstr(&shown)));
	}
	for (size_t i = 0; i < TW_SCAN_COUNTS; i++)
		k->files.counts[i] = p->counts[i] + (i == TW_FILES_OWNED ? 0 : k->before[i]);
	tw_buf_clear(&k->place);
	return tw_buf_add(&k->place, p->place.at, p->place.size);
}

static tw_err take_piece(struct check *k, struct tw_slice payload)
{
	struct tw_scan_piece p;
	struct tw_task *t = k->task;

	TW_TRY(tw_scan_piece_read(payload, &p));
	TW_TRY(note(k, &p));
	t->total = p.total;
	t->done = k->files.counts[TW_FILES_CHECKED] < p.total ? k->files.counts[TW_FILES_CHECKED] : p.total;
	(void)snprintf(t->words, sizeof t->words, TW_SLICE_FMT, TW_SLICE_ARG(p.words));
	for (char *at = t->words; *at; at++)
		*at = (unsigned char)*at < ' ' ? '?' : *at;
	tw_utf8_mend(t->words);
	k->finished = p.finished;
	return save(k);
}

static void let_go(struct check *k, bool at_once)
{
	if (k->asked)
		tw_errand_finish(tw_device_of(k->c)->errands, TW_ERRAND_SCAN, at_once);
	k->asked = false;
}

static void heard(void *user, tw_channel *line, const struct tw_message *m)
{
	struct check *k = user;
	char fault[TW_DETAIL_MAX];

	if (m->type == TW_SCAN_FAILED) {
		(void)snprintf(fault, sizeof fault, TW_SLICE_FMT, TW_SLICE_ARG(m->payload));
		stop_with(k, fault);
		return;
	}
	tw_err e = take_piece(k, m->payload);
	if (tw_failed(e)) {
		(void)snprintf(fault, sizeof fault, "%s", tw_err_detail());
		stop_with(k, fault);
	} else if (k->finished) {
		tw_tasks_wake(k->c);
	} else {
		ask(k, line);
	}
}

static void gone(void *user, const char *why)
{
	struct check *k = user;

	k->asked = false;
	stop_with(k, why);
}

/* --- The task --- */

static tw_err begin(struct tw_context *c, struct tw_task *t)
{
	TW_CLEANUP(check_freep) struct check *k = TW_NEW(c->sys, struct check);
	const char *not = tw_files_unavailable(tw_device_of(c));

	if (!k)
		return TW_RAISE(NOMEM, "a check of files");
	if (*not ) {
		(void)snprintf(t->why, sizeof t->why, "%s", not );
		return TW_RAISE(STATE, "%s", not );
	}
	k->c = c;
	k->task = t;
	tw_buf_init(&k->folders, c->sys, TW_SCAN_WORDS_MAX);
	tw_buf_init(&k->ignored, c->sys, TW_SCAN_WORDS_MAX);
	tw_buf_init(&k->place, c->sys, TW_SCAN_PLACE_MAX);
	TW_TRY(t->saved.size ? restore(k) : set_out(k));
	t->work = TW_STEAL(k);
	return TW_OK;
}

static void end(struct tw_context *c, struct tw_task *t)
{
	struct check *k = t->work;

	if (k)
		let_go(k, true);
	(void)check_free(k);
}

static tw_err answer(const struct tw_files *f, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = json_object();

	TW_TRY(tw_json_set(j, "verdict", json_string(tw_files_verdict(f))));
	for (size_t i = 0; i < TW_SCAN_COUNTS; i++)
		TW_TRY(tw_json_set(j, tw_scan_count_names[i], json_integer((json_int_t)f->counts[i])));
	*ret = TW_STEAL(j);
	return TW_OK;
}

static void say_counts(const uint64_t *n, char *ret, size_t size)
{
	char broken[64] = "";

	if (n[TW_FILES_BROKEN])
		(void)snprintf(broken, sizeof broken, " %llu cannot be read: is the disk failing?", (unsigned long long)n[TW_FILES_BROKEN]);
	(void)snprintf(ret, size, "%llu changed, %llu missing, %llu unknown executables.%s", (unsigned long long)n[TW_FILES_CHANGED],
		(unsigned long long)n[TW_FILES_MISSING], (unsigned long long)n[TW_FILES_UNKNOWN], broken);
}

static tw_err finish(struct check *k)
{
	struct tw_task *t = k->task;
	const uint64_t *n = k->files.counts;

	let_go(k, false); /* it has forgotten the check by itself, and ends when nothing else comes */
	k->files.ended_ms = tw_time_wall_ms(k->c->time);
	if (n[TW_FILES_BROKEN])
		TW_TRY(tw_event(k->c, "inventory.incomplete", json_pack("{s:I}", "broken", (json_int_t)n[TW_FILES_BROKEN])));
	TW_TRY(tw_files_keep(tw_device_of(k->c), &k->files));
	t->done = t->total;
	say_counts(n, t->words, sizeof t->words);
	return answer(&k->files, &t->result);
}

static tw_err begin_errand(struct check *k)
{
	const struct tw_errand_user user = { here, heard, gone, k };

	TW_TRY(tw_errand_begin(tw_device_of(k->c)->errands, TW_ERRAND_SCAN, tw_rows_core_from_scan, &user));
	k->asked = true;
	k->silent_ms = 0;
	k->looked_ms = tw_time_boot_ms(k->c->time);
	return TW_OK;
}

/* As it does before a mount whose server is dead. A long time between two looks is the sleep of the whole device, not scan's silence. */
static bool hangs(struct check *k)
{
	int64_t now = tw_time_boot_ms(k->c->time), since = now - k->looked_ms;

	k->looked_ms = now;
	k->silent_ms += since < LOOK_MS ? since : LOOK_MS;
	return k->silent_ms >= SILENT_MAX_MS;
}

static tw_err step(struct tw_context *c, struct tw_task *t, bool *ret_finished)
{
	struct check *k = t->work;

	if (k->asked && !k->finished && !k->fault[0] && hangs(k)) {
		let_go(k, true);
		stop_with(k, "scan does not answer and was ended; does a disk or a mount hang?");
	}
	if (k->fault[0]) {
		(void)snprintf(t->why, sizeof t->why, "The check could not go on: %.120s", k->fault);
		return TW_RAISE(IO, "%s", k->fault);
	}
	if (k->finished) {
		*ret_finished = true;
		return finish(k);
	}
	if (!k->asked)
		TW_TRY(begin_errand(k));
	t->not_before_ms = tw_time_boot_ms(c->time) + LOOK_MS;
	return TW_OK;
}

/* One at a time: there is one scan role. */
const struct tw_task_kind tw_task_inventory_check = {
	.resumable = true, .at_once = 1, .prepare = tw_identity_refuse, .begin = begin, .step = step, .end = end
};
