/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward provision batch`: thousands of units, in groups.
 *
 * For each group the registry says "begun" of all its units, durably; then their files are written, and made durable at once; then the
 * registry says "complete". So each unit is begun and complete in the registry as with `thingward provision`, at a fiftieth of the waiting for
 * the disk. What a cut leaves half-made is begun there and made anew, with fresh keys, by the same command; what is complete is left alone.
 *
 *   SERIAL.tar          what goes onto the unit: its configuration and keys, with owners and modes; secret
 *   SERIAL.label.json   what goes beside it: `thingward label --batch DIR` draws from it; secret
 *   SERIAL.record.json  the signed word of what was made, for the maker's files and whoever asks
 *
 * @nist DI.IMS.1: no two units of a batch, or of two, get the same identifier
 */
#include "formats/keydir.h"
#include "sys/durable.h"
#include "tool/commands.h"
#include "tool/files.h"
#include "tool/serials.h"
#include "tool/session.h"
#include "tool/tar.h"
#include "tool/unit.h"

#include "base/text.h"

#include <limits.h>

#define GROUP 64 /* units whose files wait for the disk together */
#define ARCHIVE_MAX (2 * 1024 * 1024)
#define NAME_MAX_ 128

const struct tw_option tw_options_provision_batch[] = {
	TW_OPTIONS_DESK,
	{ "serials", "FILE", false, "one serial number to a line" },
	{ "first", "SERIAL", false, "in its place: the first one; its last digits are counted up" },
	{ "count", "N", false, "with --first: how many" },
	{ "out", "DIR", true, "where archives, label files and records go" },
	{ "roles", "FILE", true, "`name uid gid` lines: who owns what on the units" },
	{ "state", "PATH", false, "of the unit (/var/lib/thingward)" },
	{ "config", "PATH", false, "of the unit (/etc/thingward)" },
	{},
};

struct batch {
	struct tw_tool *t;
	const struct tw_sys *sys;
	struct tw_desk desk;
	struct tw_serials serials;
	struct tw_roles roles;
	struct tw_buf roles_text, anchor;
	const char *state, *config, *out_path;
	int out;
	size_t done, made, again, before, elsewhere;
	int percent; /* last told */
};

static void batch_done(struct batch *b)
{
	tw_desk_done(&b->desk);
	tw_serials_done(&b->serials);
	tw_buf_done(&b->roles_text);
	tw_buf_done(&b->anchor);
	tw_closep(&b->out);
}

static tw_err read_serials(struct batch *b, const struct tw_args *a)
{
	const char *path = tw_arg(a, "serials"), *first = tw_arg(a, "first"), *count = tw_arg(a, "count");
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	uint64_t n = 0;

	if (!path == !first || !first != !count)
		return tw_fail(b->t, TW_EXIT_USAGE, "--serials FILE, or --first SERIAL --count N",
			TW_RAISE(SYNTAX, "which serial numbers?"));
	if (path) {
		tw_buf_init(&text, b->sys, TW_SERIALS_FILE_MAX);
		tw_err e = tw_file_read(b->sys, path, TW_SERIALS_FILE_MAX, &text);
		if (!tw_failed(e))
			e = tw_serials_read(b->sys, tw_buf_slice(&text), &b->serials);
		if (!tw_is(e, TW_CODE_SYNTAX) && !tw_is(e, TW_CODE_LIMIT))
			return e;
		return tw_fail(b->t, TW_EXIT_FAILED, "a file with one serial number to a line, and nothing else", tw_file_named(path, e));
	}
	if (tw_failed(tw_parse_u64(tw_slice_of(count), TW_SERIALS_MAX, &n)))
		return tw_fail(b->t, TW_EXIT_USAGE, "--count 1000",
			TW_RAISE(SYNTAX, "--count: '%.32s' is no number up to %d", count, TW_SERIALS_MAX));
	tw_err e = tw_serials_count(b->sys, first, n, &b->serials);
	return tw_failed(e) ? tw_fail(b->t, TW_EXIT_USAGE, "--first T-0001 --count 1000", e) : TW_OK;
}

/* Without the first slash: an archive's names are relative. */
static tw_err read_path(struct batch *b, const char *given, const char *usual, const char **ret)
{
	const char *path = given ? given : usual;
	size_t size = strlen(path);

	if (path[0] != '/' || size < 2 || size > 60 || path[size - 1] == '/' || strstr(path, "//") || strstr(path, "/.") ||
		!tw_text_printable(tw_slice_of(path)))
		return tw_fail(b->t, TW_EXIT_USAGE, "a path on the unit, such as /var/lib/thingward",
			TW_RAISE(SYNTAX, "'%.100s' is no plain absolute path of at most 60 bytes", path));
	*ret = path + 1;
	return TW_OK;
}

static tw_err prepare(struct batch *b, const struct tw_args *a)
{
	TW_TRY(read_serials(b, a));
	TW_TRY(read_path(b, tw_arg(a, "state"), "/var/lib/thingward", &b->state));
	TW_TRY(read_path(b, tw_arg(a, "config"), "/etc/thingward", &b->config));
	TW_TRY(tw_unit_roles(b->t, a, -1, &b->roles));
	tw_buf_init(&b->roles_text, b->sys, TW_ROLES_MAX);
	tw_buf_init(&b->anchor, b->sys, TW_KEYS_FILE_MAX);
	TW_TRY(tw_roles_write(&b->roles, &b->roles_text));
	TW_TRY(tw_desk_open(b->t, a, &b->desk));
	TW_TRY(tw_cert_pem(b->desk.anchor, &b->anchor));
	b->out_path = tw_arg(a, "out");
	return tw_dir_make(b->sys, b->out_path, 0700, &b->out);
}

/* --- One unit --- */

static void file_name(const struct tw_unit *u, const char *end, char ret[NAME_MAX_])
{
	(void)snprintf(ret, NAME_MAX_, "%s%s", u->serial, end);
}

/* Replaced only when it is of the same unit, which was never finished; a cut leaves labels torn here. */
static tw_err check_label(struct batch *b, const struct tw_unit *u)
{
	const struct tw_label_claim claim = {
		.identifier = u->is == TW_UNIT_BEGUN ? u->record.identifier : NULL, .anchor = b->desk.anchor, .torn = true
	};
	TW_CLEANUP(tw_buf_done) struct tw_buf path = { 0 };
	char name[NAME_MAX_];

	file_name(u, ".label.json", name);
	if (!tw_file_exists(b->sys, b->out, name))
		return TW_OK;
	tw_buf_init(&path, b->sys, PATH_MAX);
	TW_TRY(tw_buf_format(&path, "%s/%s", b->out_path, name));
	return tw_unit_label_check(b->t, tw_buf_cstr(&path), &claim);
}

static tw_err add_file(const struct batch *b, struct tw_buf *archive, const char *dir, const char *name, enum tw_role_name role,
	struct tw_slice content)
{
	char path[128];
	bool own = role != TW_ROLE_COUNT;
	struct tw_tar_entry e = { .path = path,
		.mode = own ? 0600 : 0644,
		.uid = own ? b->roles.row[role].uid : 0,
		.gid = own ? b->roles.row[role].gid : 0,
		.time_ms = tw_now_ms(b->sys) };

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (name[strlen(name) - 1] == '/')
		e.mode = 0700;
	return tw_tar_add(archive, &e, content);
}

static struct tw_slice bytes_of(const tw_secret *s)
{
	return (struct tw_slice){ (const char *)tw_secret_bytes(s), tw_secret_size(s) };
}

/* The certificate last, as everywhere: a unit on which unpacking was cut off has no identity yet. */
static tw_err write_archive(const struct batch *b, const struct tw_unit *u, struct tw_buf *archive)
{
	const struct {
		const char *dir, *name;
		enum tw_role_name role; /* TW_ROLE_COUNT: root, and everybody may read it */
		struct tw_slice content;
	} files[] = {
		{ b->config, "product.manifest", TW_ROLE_COUNT, tw_buf_slice(&b->desk.manifest) },
		{ b->config, "manufacturer.crt", TW_ROLE_COUNT, tw_buf_slice(&b->anchor) },
		{ b->config, TW_ROLES_FILE, TW_ROLE_COUNT, tw_buf_slice(&b->roles_text) },
		{ b->state, "core/", TW_ROLE_CORE, { NULL, 0 } },
		{ b->state, "log/", TW_ROLE_CORE, { NULL, 0 } },
		{ b->state, "boot/", TW_ROLE_COUNT, { NULL, 0 } },
		{ b->state, "keys/", TW_ROLE_KEYS, { NULL, 0 } },
		{ b->state, "keys/" TW_KEYS_SECRET, TW_ROLE_KEYS, bytes_of(u->secret) },
		{ b->state, "keys/" TW_KEYS_LOG_MASTER, TW_ROLE_KEYS, bytes_of(u->master) },
		{ b->state, "keys/" TW_KEYS_LISTENER, TW_ROLE_KEYS, tw_buf_slice(&u->listener) },
		{ b->state, "keys/" TW_KEYS_IDENTITY_KEY, TW_ROLE_KEYS, tw_buf_slice(&u->key) },
		{ b->state, "keys/" TW_KEYS_IDENTITY_CERT, TW_ROLE_KEYS, tw_buf_slice(&u->cert) },
	};

	for (size_t i = 0; i < TW_COUNT(files); i++)
		TW_TRY(add_file(b, archive, files[i].dir, files[i].name, files[i].role, files[i].content));
	return tw_tar_end(archive);
}

static tw_err place(const struct batch *b, const struct tw_unit *u, const char *end, const struct tw_buf *content, mode_t mode)
{
	char name[NAME_MAX_];

	file_name(u, end, name);
	return tw_durable_place(b->sys, b->out, name, content->data, content->size, mode);
}

static tw_err write_unit(struct batch *b, struct tw_unit *u)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf archive = { 0 }, label = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf record = { 0 };

	tw_buf_init(&archive, b->sys, ARCHIVE_MAX);
	tw_buf_init(&label, b->sys, TW_UNIT_LABEL_MAX);
	tw_buf_init(&record, b->sys, TW_PROVISIONING_MAX);
	TW_TRY(tw_buf_reserve(&archive, b->desk.manifest.size + 32 * 1024));
	TW_TRY(tw_buf_reserve(&label, TW_UNIT_LABEL_MAX));
	TW_TRY(tw_unit_secrets(b->sys, u));
	TW_TRY(tw_unit_identity(&b->desk, u));
	TW_TRY(write_archive(b, u, &archive));
	TW_TRY(tw_unit_label(u, b->desk.anchor, NULL, &label));
	TW_TRY(tw_unit_record(&b->desk, u, &record));
	TW_TRY(place(b, u, ".tar", &archive, 0600));
	TW_TRY(place(b, u, ".label.json", &label, 0600));
	return place(b, u, ".record.json", &record, 0644);
}

/* --- A group --- */

struct group {
	struct tw_unit unit[GROUP];
	size_t count;
};

static void group_done(struct group *g)
{
	for (size_t i = 0; i < g->count; i++)
		tw_unit_done(&g->unit[i]);
	g->count = 0;
}

/* Takes serial numbers until the group is full; units that are complete are passed over. */
static tw_err fill(struct batch *b, struct group *g)
{
	char name[NAME_MAX_];

	while (g->count < GROUP && b->done < b->serials.count) {
		struct tw_unit *u = &g->unit[g->count];

		tw_unit_init(b->sys, u);
		TW_TRY(tw_unit_name(&b->desk, b->serials.row[b->done], u));
		b->done++;
		if (u->is == TW_UNIT_COMPLETE) {
			file_name(u, ".record.json", name);
			b->before++;
			b->elsewhere += !tw_file_exists(b->sys, b->out, name);
			continue;
		}
		TW_TRY(check_label(b, u));
		g->count++;
	}
	return TW_OK;
}

static tw_err note_all(struct batch *b, struct group *g, const char *state)
{
	for (size_t i = 0; i < g->count; i++)
		TW_TRY(tw_unit_note(&b->desk, &g->unit[i], state));
	return tw_registry_sync(b->desk.registry);
}

static tw_err make_group(struct batch *b, struct group *g)
{
	TW_TRY(note_all(b, g, "begun"));
	for (size_t i = 0; i < g->count; i++)
		TW_TRY(write_unit(b, &g->unit[i]));
	TW_TRY(tw_durable_sync_all(b->sys, b->out));
	TW_TRY(note_all(b, g, "complete"));
	for (size_t i = 0; i < g->count; i++)
		b->again += g->unit[i].is == TW_UNIT_BEGUN;
	b->made += g->count;
	return TW_OK;
}

/* A bar on a terminal; elsewhere a line for each tenth. */
static void show(struct batch *b)
{
	int percent = (int)(b->done * 100 / b->serials.count);
	char words[64];

	(void)snprintf(words, sizeof(words), "%zu of %zu units", b->done, b->serials.count);
	if (!tw_progress_bar(b->t, percent, words) && percent / 10 != b->percent / 10)
		tw_progress(b->t, "%s", words);
	b->percent = percent;
}

static tw_err make_all(struct batch *b)
{
	tw_err e = TW_OK;

	while (!tw_failed(e) && b->done < b->serials.count) {
		TW_CLEANUP(group_done) struct group g = { .count = 0 };

		e = fill(b, &g);
		if (!tw_failed(e) && g.count)
			e = make_group(b, &g);
		if (!tw_failed(e))
			show(b);
	}
	tw_progress_bar_end(b->t);
	return e;
}

static tw_err tell(const struct batch *b, const char *out)
{
	if (b->t->json) {
		TW_CLEANUP(tw_jsonp)
		json_t *o = json_pack("{s:s, s:I, s:I, s:I, s:I}", "wrote", out, "made", (json_int_t)b->made, "made_again",
			(json_int_t)b->again, "complete_before", (json_int_t)b->before, "without_files", (json_int_t)b->elsewhere);

		return o ? tw_print_value(b->t, o) : TW_RAISE(NOMEM, "answer");
	}
	TW_TRY(tw_print(b->t, "Provisioned %zu units: %s. The archives and label files hold secrets.\n", b->made, out));
	if (b->again)
		TW_TRY(tw_print(b->t, "%zu of them had been begun by a run that was cut off.\n", b->again));
	if (b->before)
		TW_TRY(tw_print(b->t, "%zu more were complete before; %zu of these have no record in %s.\n", b->before, b->elsewhere, out));
	return TW_OK;
}

tw_err tw_cmd_provision_batch(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(batch_done) struct batch b = { .t = t, .sys = t->sys, .desk = { .ca = -1 }, .out = -1 };

	TW_TRY(prepare(&b, a));
	TW_TRY(make_all(&b));
	return tell(&b, tw_arg(a, "out"));
}
