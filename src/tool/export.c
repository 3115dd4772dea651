/* SPDX-License-Identifier: Apache-2.0 */
/* `thingward export open`: what a device shared with whoever holds this key, and whether it is the device's. */
#include "formats/export.h"

#include "base/text.h"
#include "tool/commands.h"
#include "tool/files.h"

const struct tw_option tw_options_export_open[] = {
	{ "key", "FILE", true, "your private key, whose certificate the device was given" },
	{ "anchor", "FILE", true, "the manufacturer's certificate, which must have issued the device's" },
	{},
};

static tw_err read_key(struct tw_tool *t, const char *path, tw_key **ret)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf text = { 0 };

	tw_buf_init(&text, t->sys, TW_FILE_MAX);
	TW_TRY(tw_file_read(t->sys, path, TW_FILE_MAX, &text));
	tw_err e = tw_key_load(t->sys, tw_buf_slice(&text), ret);
	return tw_failed(e) ? tw_file_named(path, e) : TW_OK;
}

/* As `recipients share` prints it with --json, or the sealed text alone; a line's end behind it is no part of it. */
static tw_err read_sealed(struct tw_tool *t, const char *path, struct tw_buf *text, json_t **ret_answer, struct tw_slice *ret)
{
	TW_TRY(tw_file_read(t->sys, path, TW_FILE_MAX, text));
	*ret = tw_buf_slice(text);
	while (ret->size > 0 && strchr("\r\n", ret->at[ret->size - 1]))
		ret->size--;
	if (ret->size == 0 || ret->at[0] != '{')
		return TW_OK;
	tw_err e = tw_json_parse(*ret, TW_FILE_MAX, ret_answer);
	*ret = tw_slice_of(tw_json_text(*ret_answer, "sealed"));
	return tw_failed(e) ? tw_file_named(path, e) : TW_OK;
}

static tw_err print(struct tw_tool *t, const struct tw_export *e, json_t *content)
{
	char when[TW_TIME_TEXT_MAX];

	tw_time_text(e->made_ms, when);
	TW_CLEANUP(tw_jsonp)
	json_t *all = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:O}", "unit", e->identifier, "recipient", e->recipient, "data",
		e->data, "by", e->by, "made", when, "time_trusted", e->time_trusted, "content", content);
	return all ? tw_print_value(t, all) : TW_RAISE(NOMEM, "an export");
}

tw_err tw_cmd_export_open(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *anchor = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *answer = NULL, *content = NULL;
	struct tw_slice sealed;
	struct tw_export e;

	tw_buf_init(&text, t->sys, TW_FILE_MAX);
	TW_TRY(read_key(t, tw_arg(a, "key"), &key));
	TW_TRY(tw_file_cert(t->sys, tw_arg(a, "anchor"), &anchor));
	TW_TRY(read_sealed(t, a->rest[0], &text, &answer, &sealed));
	const struct tw_export_expect expect = { .own = key, .anchor = anchor, .now_ms = tw_now_ms(t->sys) };
	tw_err failed = tw_export_open(t->sys, sealed, &expect, &e, &content);
	if (tw_failed(failed))
		return tw_fail(t, TW_EXIT_FAILED, "what `thingward device recipients share` gave for your certificate, and your key for it",
			tw_file_named(a->rest[0], failed));
	return print(t, &e, content);
}
