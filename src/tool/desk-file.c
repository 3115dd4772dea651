/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward desk file save`: takes a file of a report from the server, piece by piece, and keeps it when all of it has come and has the SHA-256 that it came
 * with. It is written with mode 600, under the name that was asked for and no other: what its sender called it decides nothing here.
 */
#include "base/text.h"
#include "crypto/hash.h"
#include "tool/commands.h"
#include "tool/files.h"
#include "tool/session.h"

#include <fcntl.h>

#define FILE_MAX (8 * 1024 * 1024) /* as the server takes them */
#define PIECE_MAX (256 * 1024)
#define PIECES (FILE_MAX / PIECE_MAX)

static const struct tw_option options[] = {
	{ "local", "SOCKET", true, "the server's socket: desk.sock in its directory" },
	{ "out", "PATH", true, "where to keep it; nothing may be there" },
	{},
};

static tw_err wrong(struct tw_tool *t, tw_err e)
{
	return tw_fail(t, TW_EXIT_FAILED, "nothing was written; ask again, and then whoever looks after the server", e);
}

static tw_err add_piece(struct tw_tool *t, const json_t *answer, struct tw_buf *into)
{
	static char piece[PIECE_MAX];
	size_t size = 0;

	tw_err e = tw_parse_base64(tw_slice_of(tw_json_text(answer, "data")), sizeof(piece), piece, &size);
	if (!tw_failed(e))
		e = tw_buf_add(into, piece, size);
	return tw_failed(e) ? wrong(t, e) : TW_OK;
}

static tw_err check(struct tw_tool *t, const json_t *about, const struct tw_buf *bytes)
{
	uint8_t wanted[TW_SHA256_SIZE], is[TW_SHA256_SIZE];

	TW_TRY(tw_sha256(tw_buf_cstr(bytes), bytes->size, is));
	if ((json_int_t)bytes->size != tw_json_int(about, "size"))
		return wrong(t,
			TW_RAISE(UNTRUSTED, "%zu bytes came, and it has %lld", bytes->size, (long long)tw_json_int(about, "size")));
	if (tw_failed(tw_parse_hex(tw_slice_of(tw_json_text(about, "sha256")), wanted, sizeof(wanted))) ||
		memcmp(wanted, is, sizeof(is)) != 0)
		return wrong(t, TW_RAISE(UNTRUSTED, "what came has not the SHA-256 that it should have"));
	return TW_OK;
}

/* ret_about: what the server says of it. */
static tw_err read_all(struct tw_tool *t, struct tw_session *s, const char *name, struct tw_buf *into, json_t **ret_about)
{
	for (int i = 0; i < PIECES; i++) {
		TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
		char path[128];
		const struct tw_call call = { .method = "GET", .path = path };

		(void)snprintf(path, sizeof(path), "/api/v1/files/%s?piece=%d", name, i);
		tw_answer_init(&answer, t->sys);
		TW_TRY(tw_session_call(t, s->client, &call, &answer));
		const size_t before = into->size;
		TW_TRY(add_piece(t, answer.body, into));
		if (!*ret_about)
			*ret_about = json_incref(answer.body);
		if (into->size == before || (json_int_t)into->size >= tw_json_int(*ret_about, "size"))
			break;
	}
	return check(t, *ret_about, into);
}

static tw_err save(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_session_done) struct tw_session s = { 0 };
	TW_CLEANUP(tw_buf_wipe) struct tw_buf bytes = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *about = NULL;
	const char *name = a->rest[0];

	if (name[0] != 'f' || !name[1] || name[1 + strspn(name + 1, "0123456789")] || strlen(name) > 20)
		return tw_fail(t, TW_EXIT_USAGE, "as report files lists it: f1", TW_RAISE(SYNTAX, "'%.40s' is no file's name", name));
	if (tw_file_exists(t->sys, AT_FDCWD, tw_arg(a, "out")))
		return tw_fail(t, TW_EXIT_USAGE, "another --out", TW_RAISE(EXISTS, "%s is there already", tw_arg(a, "out")));
	tw_buf_init(&bytes, t->sys, FILE_MAX);
	TW_TRY(tw_session_open(t, a, &s));
	TW_TRY(read_all(t, &s, name, &bytes, &about));
	TW_TRY(tw_file_write(t->sys, tw_arg(a, "out"), tw_buf_cstr(&bytes), bytes.size, 0600));
	(void)json_object_del(about, "data");
	return tw_print_value(t, about);
}

const struct tw_command tw_commands_desk_file[] = {
	{ "desk file save", "ID", 1, 1, options, save, "keep a file of a report, whole and checked",
		"thingward desk file save f1 --local ./desk/desk.sock --out trace.bin" },
	{},
};
