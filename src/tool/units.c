/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward units`: the list of an owner's devices for his own inventory, each with its identifier and whom it is assigned to.
 *
 * Every line is what the device itself answers now, over its pinned key. One that does not answer, or says that it is another
 * unit than the one taken over, keeps its line with the trouble in it, and the command ends with a failure: a list that left
 * devices out without a word would be taken for the whole.
 */
#include "tool/units.h"

#include "tool/commands.h"
#include "tool/files.h"
#include "tool/notice.h"
#include "tool/session.h"

#define CSV_MAX (16 * 1024 * 1024)

const struct tw_option tw_options_units[] = {
	{ "owner", "DIR", true, "your directory" },
	{ "device", "NAME", false, "only this one; again for more" },
	{ "csv", "FILE", false, "write the list there, for a spreadsheet" },
	TW_OPTION_ACCEPT_NOTICE,
	{},
};

static const char *const columns[] = { "device", "identifier", "model", "product_version", "address" };
static const char *const assigned[] = { "kind", "name", "contact", "reference", "since", "by" };

tw_err tw_units_line(const struct tw_device *d, const json_t *identity, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *line = json_object();
	json_t *to = json_object_get(identity, "assigned_to");

	TW_TRY(tw_json_set(line, "device", json_string(d->name)));
	TW_TRY(tw_json_set(line, "address", json_string(d->address)));
	TW_TRY(tw_json_set(line, "identifier", json_string(tw_json_text(identity, "identifier"))));
	TW_TRY(tw_json_set(line, "model", json_string(tw_json_text(identity, "model"))));
	TW_TRY(tw_json_set(line, "product_version", json_string(tw_json_text(identity, "product_version"))));
	if (json_is_object(to))
		TW_TRY(tw_json_set(line, "assigned_to", json_incref(to)));
	*ret = TW_STEAL(line);
	return TW_OK;
}

static tw_err read_identity(struct tw_tool *t, struct tw_session *s, struct tw_answer *ret)
{
	struct tw_call call = { .method = "GET", .path = "/api/v1/identity" };

	TW_TRY(tw_session_call(t, s->client, &call, ret));
	if (strcmp(tw_json_text(ret->body, "identifier"), s->device.identifier) != 0)
		return TW_RAISE(UNTRUSTED, "it says that it is %.255s, and not %s", tw_json_text(ret->body, "identifier"),
			s->device.identifier);
	return TW_OK;
}

/* What stands against a device's answer stands in its line. */
static tw_err in_trouble(struct tw_tool *t, const struct tw_session *s, tw_err e, json_t **ret)
{
	char why[TW_DETAIL_MAX];

	(void)snprintf(why, sizeof(why), "%s", tw_err_detail());
	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	t->exit = TW_EXIT_FAILED;
	t->hint[0] = '\0';
	TW_CLEANUP(tw_jsonp)
	json_t *known = json_pack("{s:s, s:s}", "identifier", s->device.identifier, "model", tw_json_text(s->device.data, "model"));
	TW_TRY(tw_units_line(&s->device, known, ret));
	return tw_json_set(*ret, "trouble", json_string(why));
}

static tw_err add_unit(struct tw_tool *t, const char *owner, const char *name, json_t *list)
{
	TW_CLEANUP(tw_session_done) struct tw_session s = { 0 };
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	json_t *line = NULL;

	tw_answer_init(&answer, t->sys);
	TW_TRY(tw_session_with(t, owner, name, &s));
	tw_progress(t, "asking %s at %s", s.device.name, s.device.address);
	tw_err e = read_identity(t, &s, &answer);
	TW_TRY(tw_failed(e) ? in_trouble(t, &s, e, &line) : tw_units_line(&s.device, answer.body, &line));
	return tw_json_append(list, line);
}

static tw_err gather(struct tw_tool *t, const struct tw_args *a, json_t *list)
{
	TW_CLEANUP(tw_owner_freep) tw_owner *owner = NULL;
	TW_CLEANUP(tw_jsonp) json_t *names = NULL;
	const char *dir = tw_arg(a, "owner");
	size_t i;
	json_t *name;

	TW_TRY(tw_owner_open(t, dir, &owner));
	TW_TRY(tw_owner_names(owner, &names));
	for (i = 0; tw_arg_nth(a, "device", i); i++)
		TW_TRY(add_unit(t, dir, tw_arg_nth(a, "device", i), list));
	if (i > 0)
		return TW_OK;
	json_array_foreach(names, i, name)
		TW_TRY(add_unit(t, dir, json_string_value(name), list));
	return TW_OK;
}

/* RFC 4180, every field quoted; what a spreadsheet would take for a formula gets an apostrophe before it. */
static tw_err csv_field(struct tw_buf *b, const char *text, const char *end)
{
	TW_TRY(tw_buf_text(b, *text && strchr("=+-@\t", *text) ? "\"'" : "\""));
	for (const char *c = text; *c; c++)
		TW_TRY(*c == '"' ? tw_buf_text(b, "\"\"") : tw_buf_add(b, c, 1));
	TW_TRY(tw_buf_text(b, "\""));
	return tw_buf_text(b, end);
}

static tw_err csv_line(struct tw_buf *b, const json_t *line)
{
	const json_t *to = json_object_get(line, "assigned_to");

	for (size_t i = 0; i < TW_COUNT(columns); i++)
		TW_TRY(csv_field(b, tw_json_text(line, columns[i]), ","));
	for (size_t i = 0; i < TW_COUNT(assigned); i++)
		TW_TRY(csv_field(b, tw_json_text(to, assigned[i]), ","));
	return csv_field(b, tw_json_text(line, "trouble"), "\r\n");
}

static tw_err write_csv(struct tw_tool *t, const char *path, const json_t *list)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	size_t i;
	json_t *line;

	tw_buf_init(&b, t->sys, CSV_MAX);
	for (i = 0; i < TW_COUNT(columns); i++)
		TW_TRY(csv_field(&b, columns[i], ","));
	for (i = 0; i < TW_COUNT(assigned); i++)
		TW_TRY(tw_buf_format(&b, "\"assigned_%s\",", assigned[i]));
	TW_TRY(csv_field(&b, "trouble", "\r\n"));
	json_array_foreach(list, i, line)
		TW_TRY(csv_line(&b, line));
	return tw_file_write(t->sys, path, b.data, b.size, 0600);
}

static tw_err show(struct tw_tool *t, const json_t *list)
{
	static const char *const heads[] = { "device", "identifier", "assigned to", "trouble", NULL };
	TW_CLEANUP(tw_jsonp) json_t *rows = json_array();
	size_t i;
	json_t *line;

	json_array_foreach(list, i, line) {
		const json_t *to = json_object_get(line, "assigned_to");

		TW_TRY(tw_json_append(rows,
			json_pack("[s, s, s, s]", tw_json_text(line, "device"), tw_json_text(line, "identifier"),
				to ? tw_json_text(to, "name") : "nobody", tw_json_text(line, "trouble"))));
	}
	return tw_print_table(t, heads, rows);
}

static tw_err tell(struct tw_tool *t, const char *csv, json_t *list)
{
	if (csv)
		TW_TRY(write_csv(t, csv, list));
	if (!t->json)
		return csv ? tw_print(t, "%zu devices: %s\n", json_array_size(list), csv) : show(t, list);
	TW_CLEANUP(tw_jsonp) json_t *o = json_pack("{s:O}", "units", list);
	return o ? tw_print_value(t, o) : TW_RAISE(NOMEM, "answer");
}

/* @nist DI.IMS.3: the export says of each identifier whom the device is assigned to */
tw_err tw_cmd_units(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	size_t i, troubled = 0;
	json_t *line;

	if (!list)
		return TW_RAISE(NOMEM, "the list");
	TW_TRY(gather(t, a, list));
	TW_TRY(tell(t, tw_arg(a, "csv"), list));
	json_array_foreach(list, i, line)
		troubled += json_object_get(line, "trouble") != NULL;
	if (!troubled)
		return TW_OK;
	return tw_fail(t, TW_EXIT_UNREACHABLE, "the column 'trouble': are these devices on, and still yours?",
		TW_RAISE(STATE, "%zu of %zu devices did not answer as they should", troubled, json_array_size(list)));
}
