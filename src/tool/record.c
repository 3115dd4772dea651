/* SPDX-License-Identifier: Apache-2.0 */
/* `thingward provision verify`: the manufacturer's signed records, each judged by itself; the first that does not hold is named. */
#include "formats/provisioning.h"
#include "tool/commands.h"
#include "tool/files.h"

#include "base/text.h"

const struct tw_option tw_options_provision_verify[] = {
	{ "anchor", "FILE", true, "the manufacturer's certificate (ca.crt)" },
	{},
};

static tw_err verify(struct tw_tool *t, const char *path, const tw_cert *anchor, struct tw_provisioning *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, t->sys, TW_PROVISIONING_MAX);
	tw_err e = tw_file_read(t->sys, path, TW_PROVISIONING_MAX, &text);
	struct tw_slice s = tw_buf_slice(&text);
	if (s.size && s.at[s.size - 1] == '\n')
		s.size--;
	if (!tw_failed(e))
		e = tw_provisioning_verify(t->sys, s, anchor, tw_now_ms(t->sys), ret);
	if (!tw_failed(e))
		return TW_OK;
	return tw_fail(t, TW_EXIT_FAILED, "the record as `thingward provision` wrote it, and the ca.crt of its time",
		tw_file_named(path, e));
}

static tw_err show(struct tw_tool *t, const struct tw_provisioning *p)
{
	char time[TW_TIME_TEXT_MAX];

	tw_time_text(p->time_ms, time);
	TW_CLEANUP(tw_jsonp)
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "identifier", p->identifier, "model", p->model, "physical_id",
		p->physical_id, "certificate", p->certificate, "time", time, "tool", p->tool);
	return o ? tw_print_value(t, o) : TW_RAISE(NOMEM, "answer");
}

tw_err tw_cmd_provision_verify(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *anchor = NULL;
	struct tw_provisioning p = { .time_ms = 0 };

	TW_TRY(tw_file_cert(t->sys, tw_arg(a, "anchor"), &anchor));
	for (int i = 0; i < a->rest_count; i++)
		TW_TRY(verify(t, a->rest[i], anchor, &p));
	if (a->rest_count == 1)
		return show(t, &p);
	if (t->json) {
		TW_CLEANUP(tw_jsonp) json_t *o = json_pack("{s:i}", "verified", a->rest_count);
		return o ? tw_print_value(t, o) : TW_RAISE(NOMEM, "answer");
	}
	return tw_print(t, "%d records hold.\n", a->rest_count);
}
