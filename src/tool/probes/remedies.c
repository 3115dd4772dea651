/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of whether whoever reported, and everybody else, is kept informed of what is done. A report that says that it is a test is sent as a stranger, and
 * an analyst says that it is no vulnerability, which is what it is.
 */
#include "tool/probes/portal.h"
#include "tool/probes/talk.h"

#include "base/text.h"

#include <string.h>

/* What the receipt's page says of the report's state. */
static tw_err state_of(struct tw_talk *d, const struct tw_test_report *r, struct tw_buf *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer page = { 0 };

	tw_buf_init(ret, d->c->sys, TW_ANSWER_MAX);
	if (!d->goes_on)
		return TW_OK;
	tw_err e = tw_test_report_follow(d->c, r, &page);
	if (!tw_failed(e)) {
		tw_buf_done(ret);
		e = tw_portal_by_id(d->c, &page, "report-state", ret);
	}
	d->goes_on = !tw_failed(e) && ret->size;
	if (tw_failed(e))
		return tw_found_trouble(d->f, "The page behind the receipt", e);
	return ret->size ? TW_OK
			 : tw_found(d->f, TW_VERDICT_FAIL, "The page behind the receipt does not say what the state of the report is.");
}

/* It is found by the mark that its product bears, among the newest. */
static tw_err find_it(struct tw_talk *d, const struct tw_test_report *r)
{
	const json_t *one;
	size_t i;

	TW_TRY(tw_talk_get(d, "/api/v1/reports"));
	d->id[0] = '\0';
	json_array_foreach(tw_json_get(d->answer.body, "reports"), i, one)
		if (strstr(tw_json_text(one, "product"), r->mark))
			(void)snprintf(d->id, sizeof d->id, "%s", tw_json_text(one, "id"));
	if (!d->goes_on || d->id[0])
		return TW_OK;
	d->goes_on = false;
	return tw_found(d->f, TW_VERDICT_FAIL, "The report was taken, and the desk does not have it among the newest.");
}

static tw_err send_it(struct tw_talk *d, struct tw_test_report *r)
{
	if (!d->goes_on)
		return TW_OK;
	tw_err e = tw_test_report_send(d->c, r);

	d->goes_on = !tw_failed(e) && r->receipt[0];
	if (tw_failed(e))
		return tw_found_trouble(d->f, "What the probe sent", e);
	return r->receipt[0] ? TW_OK : tw_test_report_refused(r, d->f);
}

/* @nist QR.1.a.1.4: what the desk says of a report stands behind its receipt at once */
static tw_err state_follows(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf before = { 0 }, after = { 0 };
	TW_CLEANUP(tw_talk_done) struct tw_talk d = { .c = c };
	struct tw_test_report r = { .kind = "flaw", .flaw = "other", .whole = true };
	char path[96];

	TW_TRY(tw_talk_begin(&d, c, TW_TALK_ANALYST, f));
	TW_TRY(send_it(&d, &r));
	TW_TRY(state_of(&d, &r, &before));
	TW_TRY(find_it(&d, &r));
	TW_TRY(tw_talk_post(&d, tw_talk_path(&d, "/api/v1/report-rejections", path), json_pack("{s:s}", "reason", TW_TALK_TEST)));
	TW_TRY(state_of(&d, &r, &after));
	if (!d.goes_on)
		return TW_OK;
	TW_TRY(tw_saw(f, "before", tw_buf_cstr(&before)));
	TW_TRY(tw_saw(f, "after", tw_buf_cstr(&after)));
	if (!strcmp(tw_buf_cstr(&before), tw_buf_cstr(&after)))
		return tw_found(f, TW_VERDICT_FAIL,
			"The desk said what the report is, and its page says the same as before: %.100s.", tw_buf_cstr(&after));
	return tw_found(f, TW_VERDICT_PASS,
		"When the desk had said what a report is, the page behind its receipt said so. The other states were not tried.");
}

const struct tw_probe tw_probes_remedies[] = {
	{ "QR.1.a.1.4", "state-follows", TW_SOURCE_INSIDE, "Does the page behind a receipt follow the state of its report?",
		state_follows, true },
	{ "QR.1.a.1.4", "feed-follows", TW_SOURCE_OUTSIDE, "Does the feed say when each of its advisories was changed last?",
		tw_probe_feed_follows, false },
	{ .element = NULL },
};
