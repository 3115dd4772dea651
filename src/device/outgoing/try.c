/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a system outside meets what is demanded of it, by one connection that asks for its address alone; and what the element is now. */
#include "base/text.h"
#include "device/platform/fetch.h"
#include "device/platform/outside.h"
#include "device/rows-outgoing.h"
#include "service/task/task.h"

#define KEPT_TRIAL TW_KEPT_OF_OWNER "outside.trial"
#define DEADLINE_S 20
#define BUSY_MS 500

static const struct tw_shape trial_shape[] = {
	{ "url", TW_JSON_TEXT, true, 1, TW_FETCH_URL_MAX },
	{ "anchors", TW_JSON_TEXT, true, 1, TW_FETCH_ANCHORS_MAX },
	{ "certificate", TW_JSON_BOOL, true, 0, 0 },
	{},
};

struct trial {
	bool is_fetching;
};

static tw_err try_prepare(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *trial = json_object();
	char place[TW_DEMAND_PLACE_MAX + 1];

	if (!tw_demand_place(tw_slice_of(tw_json_text(rq->input, "url")), place))
		return tw_reply_problem(rp, 400, "input", "outside.url", "This is no address of a system outside",
			"Send https://HOST:PORT/PATH.", "It is connected to by HTTPS alone, and the address holds no name or password.");
	TW_TRY(tw_json_set(trial, "url", json_incref(tw_json_get(rq->input, "url"))));
	TW_TRY(tw_json_set(trial, "anchors", json_incref(tw_json_get(rq->input, "anchors"))));
	TW_TRY(tw_json_set(trial, "certificate", json_boolean(tw_json_bool(rq->input, "certificate"))));
	return tw_device_keep_json(tw_device_of(c), KEPT_TRIAL, trial);
}

static tw_err try_begin(struct tw_context *c, struct tw_task *t)
{
	t->work = TW_NEW(c->sys, struct trial);
	t->total = 1;
	return t->work ? TW_OK : TW_RAISE(NOMEM, "a trial");
}

static tw_err try_ask(struct tw_context *c, struct tw_task *t)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf own = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	struct tw_device *d = tw_device_of(c);
	struct trial *trial = t->work;

	tw_buf_init(&own, c->sys, TW_FETCH_CERTIFICATE_MAX);
	TW_TRY(tw_device_kept_json(d, KEPT_TRIAL, trial_shape, &j));
	const bool shows = tw_json_bool(j, "certificate") && d->certificate;
	if (shows)
		TW_TRY(tw_cert_pem(d->certificate, &own));
	const struct tw_fetch_want want = { .as_unit = shows,
		.job = { .method = TW_FETCH_GET,
			.deadline_s = DEADLINE_S,
			.answer_max = TW_FETCH_PIECE_MAX,
			.url = tw_slice_of(tw_json_text(j, "url")),
			.certificate = tw_buf_slice(&own),
			.anchors = tw_slice_of(tw_json_text(j, "anchors")) } };
	tw_err e = tw_fetch_begin(d, &want);
	trial->is_fetching = !tw_failed(e);
	t->not_before_ms = tw_time_boot_ms(c->time) + (trial->is_fetching ? TW_TASK_PAUSE_MAX_MS : BUSY_MS);
	return tw_is(e, TW_CODE_STATE) ? TW_OK : e;
}

static tw_err try_take(struct tw_task *t, const struct tw_fetch_answer *a)
{
	t->failed = a->failure != TW_FETCH_NO_FAILURE;
	t->result = a->failure ? json_pack("{s:s++}", "verdict", "fetch.", tw_fetch_failure_names[a->failure], "")
			       : json_pack("{s:s, s:i}", "verdict", "met", "status", (int)a->status);
	(void)snprintf(t->words, sizeof t->words, "%.150s", a->failure ? a->words : "It meets what is demanded of it.");
	return t->result ? TW_OK : TW_RAISE(NOMEM, "a verdict");
}

static tw_err try_step(struct tw_context *c, struct tw_task *t, bool *ret_finished)
{
	struct trial *trial = t->work;
	struct tw_fetch_answer a;

	if (!trial->is_fetching)
		return try_ask(c, t);
	if (!tw_fetch_ended(tw_device_of(c), &a)) {
		t->not_before_ms = tw_time_boot_ms(c->time) + TW_TASK_PAUSE_MAX_MS;
		return TW_OK;
	}
	trial->is_fetching = false;
	*ret_finished = true;
	t->done = 1;
	tw_err e = try_take(t, &a);
	tw_fetch_end(tw_device_of(c));
	return e;
}

static void try_end(struct tw_context *c, struct tw_task *t)
{
	struct trial *trial = t->work;

	if (trial && trial->is_fetching)
		tw_fetch_end(tw_device_of(c));
	free(trial);
}

static tw_err try_ended(struct tw_context *c, struct tw_task *t)
{
	return tw_device_forget(tw_device_of(c), KEPT_TRIAL);
}

const struct tw_task_kind tw_task_outside_try = {
	.resumable = false, .at_once = 1, .prepare = try_prepare, .begin = try_begin, .step = try_step, .end = try_end, .ended = try_ended
};

/* --- Status --- */

/* @nist LA.EC.4: who the organization's systems are is for whoever may list them, not for everybody who may read this */
tw_err tw_outgoing_status_demands(struct tw_context *c, struct tw_element_status *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	struct tw_device *d = tw_device_of(c);
	const char *missing = tw_fetch_missing(d);
	struct tw_fetch_demand all;

	(void)snprintf(ret->setting, sizeof ret->setting, "outside.tls");
	ret->status = missing ? TW_STATUS_NOT_PROVIDED : TW_STATUS_PROVIDED;
	if (missing) {
		(void)snprintf(ret->reason, sizeof ret->reason, "%s", missing);
		return TW_OK;
	}
	TW_TRY(tw_outside_least(c, &all));
	TW_TRY(tw_outside_read(d, &document));
	(void)snprintf(ret->reason, sizeof ret->reason,
		"Before anything is said to a system outside it has to speak TLS %s or newer, and suites and groups that are allowed; of %zu "
		"more is demanded. Refused since the start: %u.",
		all.tls == TW_DEMAND_TLS_1_3 ? "1.3" : "1.2", json_array_size(tw_json_get(document, "systems")), d->outside.count);
	return TW_OK;
}
