/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward device log follow` and `log fetch`: the device's log as it is written, and as it lies there.
 *
 * To follow is to come again: whenever the line is cut, the device is asked to go on behind the last record that was shown, so
 * that none is missed and none comes twice. What is fetched is the segments' very bytes, so that `thingward log verify` judges
 * them on this desk, away from the device.
 */
#include "base/text.h"
#include "sys/durable.h"
#include "tool/commands.h"
#include "tool/events.h"
#include "tool/files.h"
#include "tool/notice.h"
#include "tool/pages.h"
#include "tool/session.h"

#include <inttypes.h>
#include <poll.h>

#define PATH_SIZE 512
#define SEGMENT_MAX (16 * 1024 * 1024) /* what a device makes at most */
#define WAIT_FIRST_MS 500
#define WAIT_LAST_MS 30000
#define QUIET_S 60 /* a device says something every 20 s */

#define PLACES                                                                                               \
	{ "device", "NAME|HOST:PORT", true, "the device, as you named it at take-over, or by its address" }, \
		{ "owner", "DIR", true, "your directory" }, TW_OPTION_ACCEPT_NOTICE
static const struct tw_option follow_options[] = {
	PLACES,
	{ "after", "RECORD", false, "begin behind this record; 0 is the whole log (what comes from now on)" },
	{ "limit", "COUNT", false, "end after so many records (never)" },
	{},
};
static const struct tw_option fetch_options[] = { PLACES, {} };

/* --- Following --- */

struct following {
	struct tw_tool *t;
	struct tw_events events;
	uint64_t left; /* records to show; 0 at first: all */
	bool limited, done, heard;
};

static tw_err show_line(const struct tw_tool *t, const json_t *record)
{
	const char *what = tw_json_text(record, "operation");

	if (!*what)
		what = tw_json_text(record, "event");
	if (!*what)
		what = tw_json_text(record, "result");
	return tw_print(t, "%s  %8lld  %-10s  %-24s  %s%s%s\n", tw_json_text(record, "time"), (long long)tw_json_int(record, "seq"),
		tw_json_text(record, "type"), what, tw_json_text(record, "subject"), *tw_json_text(record, "parameter") ? "  " : "",
		tw_json_text(record, "parameter"));
}

static tw_err show_json(struct tw_tool *t, const json_t *record)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf line = { 0 };

	tw_buf_init(&line, t->sys, 2 * TW_EVENT_LINE_MAX);
	TW_TRY(tw_json_write(record, &line));
	TW_TRY(tw_buf_text(&line, "\n"));
	t->answered = true;
	return tw_print_text(t, tw_buf_cstr(&line));
}

static tw_err on_event(void *user, const char *id, struct tw_slice data)
{
	struct following *f = user;
	TW_CLEANUP(tw_jsonp) json_t *record = NULL;

	TW_TRY(tw_json_parse(data, TW_EVENT_LINE_MAX, &record));
	f->heard = true;
	TW_TRY(f->t->json ? show_json(f->t, record) : show_line(f->t, record));
	if (fflush(f->t->out) != 0)
		return TW_RAISE_ERRNO("writing the output");
	f->done = f->limited && --f->left == 0;
	return f->done ? TW_RAISE(STATE, "as many as were wanted") : TW_OK;
}

static tw_err take_bytes(void *user, struct tw_slice bytes)
{
	struct following *f = user;

	return tw_events_feed(&f->events, bytes);
}

/* Busy or too many: worth another try. Everything else that is refused stays so. */
static bool passing(long status)
{
	return status == 429 || status == 503;
}

static tw_err follow_once(struct following *f, tw_client *c, const char *after, bool *ret_again)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char path[PATH_SIZE];
	const bool placed = *f->events.id != '\0';
	const struct tw_call call = {
		.method = "GET", .path = path, .last_id = placed ? f->events.id : NULL, .take = take_bytes, .user = f, .quiet_s = QUIET_S
	};

	(void)snprintf(path, sizeof(path), "/api/v1/log/stream%s%s", after ? "?after=" : "", after ? after : "");
	tw_answer_init(&answer, f->t->sys);
	tw_events_reset(&f->events);
	tw_err e = tw_client_call(c, &call, &answer);
	*ret_again = tw_is(e, TW_CODE_CLOSED) || (!tw_failed(e) && (answer.status == 200 || passing(answer.status)));
	if (f->done)
		return TW_OK;
	if (tw_failed(e) || *ret_again)
		return e;
	f->t->exit = TW_EXIT_REFUSED;
	return tw_answer_check(&answer, f->t->hint, sizeof(f->t->hint));
}

static void wait_ms(const struct tw_sys *sys, int ms)
{
	(void)sys->poll(sys, NULL, 0, ms);
}

/* A device that has never answered is not waited for; one that has is probably starting again. */
static tw_err follow(struct following *f, tw_client *c, const char *after)
{
	int wait = WAIT_FIRST_MS;
	bool again = true, ever = false;

	for (;;) {
		f->heard = false;
		tw_err e = follow_once(f, c, after, &again);
		ever |= f->heard || !tw_failed(e);
		if (f->done || (!tw_failed(e) && !again))
			return TW_OK;
		if (!again || !ever)
			return tw_is(e, TW_CODE_CLOSED)
				? tw_fail(f->t, TW_EXIT_UNREACHABLE, "is the device on, and the address right?", e)
				: e;
		wait = f->heard ? WAIT_FIRST_MS : wait * 2 < WAIT_LAST_MS ? wait * 2 : WAIT_LAST_MS;
		tw_progress(f->t, "The line was cut; asking again in %d ms.", wait);
		wait_ms(f->t->sys, wait);
	}
}

static tw_err number_given(struct tw_tool *t, const struct tw_args *a, const char *name, uint64_t *ret)
{
	const char *text = tw_arg(a, name);

	if (text && tw_failed(tw_parse_u64(tw_slice_of(text), INT64_MAX, ret)))
		return tw_fail(t, TW_EXIT_USAGE, "a whole number", TW_RAISE(SYNTAX, "'%.40s' is no number", text));
	return TW_OK;
}

static tw_err cmd_follow(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_session_done) struct tw_session s = { 0 };
	struct following f = { .t = t, .limited = tw_arg(a, "limit") != NULL };
	uint64_t after = 0;

	TW_TRY(number_given(t, a, "after", &after));
	TW_TRY(number_given(t, a, "limit", &f.left));
	if (f.limited && f.left == 0)
		return TW_OK;
	TW_TRY(tw_session_open(t, a, &s));
	tw_events_init(&f.events, t->sys, on_event, &f);
	tw_err e = follow(&f, s.client, tw_arg(a, "after"));
	tw_events_done(&f.events);
	return e;
}

/* --- Fetching --- */

struct fetching {
	struct tw_tool *t;
	tw_client *client;
	int dir;
	struct tw_buf bytes;
	int64_t fetched, kept;
};

static void fetching_done(struct fetching *f)
{
	tw_closep(&f->dir);
	tw_buf_done(&f->bytes);
}

static tw_err take_segment(void *user, struct tw_slice bytes)
{
	struct fetching *f = user;

	return tw_buf_add(&f->bytes, bytes.at, bytes.size);
}

static void name_of(const json_t *segment, char ret[40])
{
	(void)snprintf(ret, 40, "%020lld.twlog", (long long)tw_json_int(segment, "first"));
}

static tw_err fetch_one(struct fetching *f, const json_t *segment)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char path[PATH_SIZE], name[40];
	const struct tw_call call = { .method = "GET", .path = path, .take = take_segment, .user = f, .quiet_s = QUIET_S };

	name_of(segment, name);
	(void)snprintf(path, sizeof(path), "/api/v1/log/segments/%lld", (long long)tw_json_int(segment, "first"));
	tw_answer_init(&answer, f->t->sys);
	tw_buf_clear(&f->bytes);
	TW_TRY(tw_session_call(f->t, f->client, &call, &answer));
	if (f->bytes.size == 0)
		return TW_RAISE(SYNTAX, "the device gave a segment without a byte");
	TW_TRY(tw_durable_replace(f->t->sys, f->dir, name, f->bytes.data, f->bytes.size, 0600));
	f->fetched++;
	tw_progress(f->t, "%s  %zu KiB", name, (f->bytes.size + 1023) / 1024);
	return TW_OK;
}

/* What lies here already and was closed when it came: it is, when one that comes after it lies here too. */
static bool have(const struct fetching *f, const json_t *list, size_t i)
{
	char name[40], next[40];

	if (i + 1 >= json_array_size(list))
		return false;
	name_of(json_array_get(list, i), name);
	name_of(json_array_get(list, i + 1), next);
	return tw_file_exists(f->t->sys, f->dir, name) && tw_file_exists(f->t->sys, f->dir, next);
}

static tw_err fetch_all(struct fetching *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	const struct tw_call call = { .method = "GET", .path = "/api/v1/log/segments" };
	const struct tw_pages pages = { .method = "GET", .path = call.path, .list = "segments" };
	size_t i;
	json_t *segment;

	tw_answer_init(&answer, f->t->sys);
	TW_TRY(tw_session_call(f->t, f->client, &call, &answer));
	TW_TRY(tw_pages_rest(f->t, f->client, &pages, &answer));
	const json_t *list = json_object_get(answer.body, "segments");
	json_array_foreach(list, i, segment) {
		if (tw_json_int(segment, "first") <= 0)
			return TW_RAISE(SYNTAX, "the device names a segment that is none");
		if (have(f, list, i))
			f->kept++;
		else
			TW_TRY(fetch_one(f, segment));
	}
	return TW_OK;
}

static tw_err cmd_fetch(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_session_done) struct tw_session s = { 0 };
	TW_CLEANUP(fetching_done) struct fetching f = { .t = t, .dir = -1 };
	TW_CLEANUP(tw_jsonp) json_t *said = NULL;

	tw_buf_init(&f.bytes, t->sys, SEGMENT_MAX);
	TW_TRY(tw_session_open(t, a, &s));
	f.client = s.client;
	TW_TRY(tw_dir_make(t->sys, a->rest[0], 0700, &f.dir));
	TW_TRY(fetch_all(&f));
	said = json_pack("{s:s, s:I, s:I}", "directory", a->rest[0], "fetched", (json_int_t)f.fetched, "kept", (json_int_t)f.kept);
	if (!said)
		return TW_RAISE(NOMEM, "the answer");
	if (t->json)
		return tw_print_value(t, said);
	TW_TRY(tw_print(t, "%lld segments fetched, %lld were here already.\n", (long long)f.fetched, (long long)f.kept));
	return tw_print(t, "Now: thingward log verify %s\n", a->rest[0]);
}

const struct tw_command tw_commands_device_log[] = {
	{ "device log follow", "", 0, 0, follow_options, cmd_follow, "show the records of a device's log as they are written",
		"thingward device log follow --device kitchen --owner ./owner" },
	{ "device log fetch", "DIR", 1, 1, fetch_options, cmd_fetch, "copy a device's log to a directory, to verify it there",
		"thingward device log fetch ./log --device kitchen --owner ./owner" },
	{},
};
