/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A local identity is renewed before it ends, by itself: the job reckons the moment (renewal.h), and when it has come asks for
 * local-identity.renew on the one path, as the device itself. Core asks for the moment after everything that happens, so it is kept
 * in memory and reckoned again when the identity has changed, and once an hour, in case somebody set the clock.
 *
 * While the clock is not trusted nothing is renewed: neither is it known whether the time has come, nor could the server and the new
 * certificate be judged.
 */
#include "base/text.h"
#include "device/identification/local-inside.h"
#include "device/identification/renewal.h"
#include "device/platform/fetch.h"
#include "device/rows-identification.h"
#include "service/task/task.h"

#define OPERATION "local-identity.renew"
#define ANSWER_MAX 4096

struct tw_local {
	bool reckoned;
	int64_t at_ms;                  /* wall; TW_RENEWAL_NEVER */
	int64_t pause_ms;               /* once it was asked for; what comes of it says sooner that there is something to reckon */
	int64_t rests_until_ms;         /* since boot: also a clock that leaps back and forth does not make it ask sooner */
	char since[TW_TIME_TEXT_MAX];   /* of the identity that rests; another one does not */
	char told[TW_TASK_ID_SIZE + 1]; /* of which task the end was told last: the next one begins when this one's is done */
};

/* --- Tries that came to nothing --- */

static const struct tw_shape tries_shape[] = {
	{ "since", TW_JSON_TEXT, true, 1, TW_TIME_TEXT_MAX }, /* of the identity that was to be renewed; of another one it says nothing */
	{ "failures", TW_JSON_INT, true, 1, UINT32_MAX },
	{ "failed_ms", TW_JSON_INT, true, 0, INT64_MAX },
	{ "rule", TW_JSON_TEXT, true, 1, 64 },
	{},
};

/* ret stays NULL when there were none. */
static tw_err tries_of(struct tw_device *d, const char *since, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	tw_err e = tw_device_kept_json(d, TW_LOCAL_KEPT_TRIES, tries_shape, &j);

	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	if (strcmp(tw_json_text(j, "since"), since) == 0)
		*ret = TW_STEAL(j);
	return TW_OK;
}

static tw_err count_failure(struct tw_device *d, const char *since, const char *rule, int64_t at_ms)
{
	TW_CLEANUP(tw_jsonp) json_t *before = NULL, *j = json_object();
	json_int_t failures = 0;

	TW_TRY(tries_of(d, since, &before));
	if (before)
		failures = tw_json_int(before, "failures");
	if (!before || (tw_json_int(before, "failed_ms") != at_ms && failures < UINT32_MAX))
		failures++;
	TW_TRY(tw_json_set(j, "since", json_string(since)));
	TW_TRY(tw_json_set(j, "failures", json_integer(failures)));
	TW_TRY(tw_json_set(j, "failed_ms", json_integer(at_ms)));
	TW_TRY(tw_json_set(j, "rule", json_string(rule)));
	return tw_device_keep_json(d, TW_LOCAL_KEPT_TRIES, j);
}

tw_err tw_local_tell(struct tw_device *d, const char *task, const char *event, json_t *fields)
{
	if (d->local && task && strcmp(d->local->told, task) == 0) {
		json_decref(fields);
		return TW_OK;
	}
	TW_TRY(tw_event(&d->context, event, fields));
	if (d->local && task)
		(void)snprintf(d->local->told, sizeof d->local->told, "%s", task);
	return TW_OK;
}

/* Told whether or not it could be counted: a full store may be the very thing that failed it. */
tw_err tw_local_renewal_failed(struct tw_device *d, const char *since, const char *rule, int64_t at_ms, const char *task)
{
	tw_err counted = count_failure(d, since, rule, at_ms);

	TW_TRY(tw_local_tell(d, task, "identity.local-renewal-failed", json_pack("{s:s}", "rule", rule)));
	return counted;
}

void tw_local_changed(struct tw_device *d)
{
	if (d->local)
		d->local->reckoned = false;
}

/* --- The moment --- */

struct moment {
	struct tw_renewal r;
	char since[TW_TIME_TEXT_MAX];
	json_t *tries; /* owned, NULL: none failed */
};

static void moment_done(struct moment *m)
{
	json_decref(m->tries);
}

/* NOTFOUND: there is no local identity. */
static tw_err read_moment(struct tw_device *d, struct moment *ret)
{
	TW_CLEANUP(tw_certs_done) struct tw_certs chain = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	uint8_t fingerprint[32];

	TW_TRY(tw_local_stored(d, &j, &chain));
	TW_TRY(tw_parse_time(tw_slice_of(tw_json_text(j, "since")), &ret->r.since_ms));
	TW_TRY(tw_cert_fingerprint(chain.of[0], fingerprint));
	TW_TRY(tries_of(d, tw_json_text(j, "since"), &ret->tries));
	(void)snprintf(ret->since, sizeof ret->since, "%s", tw_json_text(j, "since"));
	ret->r.not_before_ms = tw_cert_not_before_ms(chain.of[0]);
	ret->r.not_after_ms = tw_cert_not_after_ms(chain.of[0]);
	ret->r.now_ms = tw_time_wall_ms(&d->time);
	ret->r.share = (uint16_t)(fingerprint[0] << 8 | fingerprint[1]); /* each renewal makes a new key */
	ret->r.failures = ret->tries ? (unsigned)tw_json_int(ret->tries, "failures") : 0;
	ret->r.failed_ms = ret->tries ? tw_json_int(ret->tries, "failed_ms") : 0;
	return TW_OK;
}

static tw_err reckon(struct tw_device *d)
{
	TW_CLEANUP(moment_done) struct moment m = { .tries = NULL };

	d->local->reckoned = true; /* also when it cannot be: the next period does it again */
	d->local->at_ms = TW_RENEWAL_NEVER;
	if (tw_fetch_missing(d))
		return TW_OK;
	tw_err e = read_moment(d, &m);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	d->local->at_ms = tw_renewal_at_ms(&m.r);
	if (strcmp(d->local->since, m.since) != 0) {
		(void)snprintf(d->local->since, sizeof d->local->since, "%s", m.since);
		d->local->rests_until_ms = 0;
	}
	if (d->local->at_ms != TW_RENEWAL_NEVER)
		d->local->pause_ms = tw_renewal_pause_ms(m.r.not_after_ms - m.r.not_before_ms, 1);
	return TW_OK;
}

int64_t tw_local_renewal_due_ms(struct tw_context *c)
{
	struct tw_device *d = tw_device_of(c);
	const struct tw_local *l = d->local;

	if (!l || !tw_task_storable(c))
		return -1;
	if (!l->reckoned)
		return 0;
	if (l->at_ms == TW_RENEWAL_NEVER || !tw_time_trusted(c->time))
		return -1;
	int64_t due = l->at_ms - tw_time_wall_ms(c->time), rests = l->rests_until_ms - tw_time_boot_ms(c->time);
	due = due > rests ? due : rests;
	return due > 0 ? due : 0;
}

/* --- The job --- */

static const struct tw_operation_row *renewal_row(void)
{
	const struct tw_operation_row *o = tw_capability_identification.operations;

	while (strcmp(o->name, OPERATION) != 0)
		o++;
	return o;
}

/* Counted and told like one that began and failed, and tried again as that is. */
static tw_err could_not_begin(struct tw_device *d, struct tw_slice answer)
{
	TW_CLEANUP(tw_certs_done) struct tw_certs chain = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *identity = NULL, *problem = NULL;
	const char *rule = NULL;

	TW_TRY(tw_local_stored(d, &identity, &chain));
	if (!tw_failed(tw_json_parse(answer, ANSWER_MAX, &problem)))
		rule = tw_json_text(problem, "rule");
	TW_TRY(tw_local_renewal_failed(
		d, tw_json_text(identity, "since"), rule && *rule ? rule : "path.failure", tw_time_wall_ms(&d->time), NULL));
	tw_local_changed(d);
	return TW_OK;
}

/* What began says itself that it has ended (tw_local_changed), which may take days: it is not asked for again meanwhile. */
static tw_err ask_for_it(struct tw_device *d)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf answer = { 0 };
	struct tw_request rq = { .subject = { .door = TW_DOOR_INTERNAL, .kind = TW_SUBJECT_DEVICE, .name = "device" },
		.operation = renewal_row() };
	struct tw_path_reply reply;

	d->local->rests_until_ms = tw_time_boot_ms(&d->time) + d->local->pause_ms;
	if (tw_task_busy(&d->context, rq.operation))
		return TW_OK;
	tw_buf_init(&answer, d->context.sys, ANSWER_MAX);
	tw_path_walk(&d->context, &rq, &answer, &reply);
	return reply.status == 202 ? TW_OK : could_not_begin(d, tw_buf_slice(&answer));
}

/* The run at the start only says that there is somebody to ask; the loop asks. */
tw_err tw_local_job_renew(struct tw_context *c)
{
	struct tw_device *d = tw_device_of(c);

	if (!d->local) {
		d->local = TW_NEW(c->sys, struct tw_local);
		return d->local ? TW_OK : TW_RAISE(NOMEM, "when the local identity is renewed");
	}
	TW_TRY(reckon(d));
	return tw_local_renewal_due_ms(c) == 0 ? ask_for_it(d) : TW_OK;
}

/* --- In words --- */

static void say_when(struct tw_device *d, const struct moment *m, char *ret, size_t size)
{
	int64_t at = tw_renewal_at_ms(&m->r);
	char when[TW_TIME_TEXT_MAX];

	if (!tw_time_trusted(&d->time)) {
		(void)snprintf(ret, size, "It is not renewed while the clock is not trusted");
		return;
	}
	if (at == TW_RENEWAL_NEVER) {
		(void)snprintf(ret, size,
			m->r.not_after_ms >= TW_RENEWAL_NO_END_MS ? "It has no end" : "It is not renewed by itself any more");
		return;
	}
	tw_time_text(at > m->r.now_ms ? at : m->r.now_ms, when);
	(void)snprintf(ret, size, "It is renewed %s%.10s", at > m->r.now_ms ? "from " : "now, ", when);
}

tw_err tw_local_renewal_text(struct tw_device *d, char *ret, size_t size)
{
	TW_CLEANUP(moment_done) struct moment m = { .tries = NULL };
	char when[96];

	TW_TRY(read_moment(d, &m));
	say_when(d, &m, when, sizeof when);
	(void)snprintf(ret, size, "%s%s%.64s%s", when, m.tries ? "; the last try failed (" : "",
		m.tries ? tw_json_text(m.tries, "rule") : "", m.tries ? ")." : ".");
	return TW_OK;
}
