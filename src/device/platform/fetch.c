/* SPDX-License-Identifier: Apache-2.0 */
#include "device/platform/fetch.h"

#include "base/log.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "device/platform/core.h"
#include "device/platform/outside.h"
#include "service/errand-line.h"
#include "service/task/task.h"

#define START_MS 5000 /* beside the job's own deadline, which the role keeps: its start, and a slow machine */

#define RECORDED 24       /* as many as there may be entries and parties */
#define RECORD_MS 3600000 /* a refusal by the same system for the same reason is recorded so often */
#define LEAVING_MS 100    /* a role that was leaving when it was given a job is seen to be gone by then */

enum state { IDLE, STARTING, RUNNING, OVER };
struct tw_fetch {
	struct tw_core *core;
	enum state state;
	struct tw_buf job, body, answer;
	size_t expected;
	bool has_head;
	bool again;       /* it was tried with a role that was about to leave */
	int64_t given_ms; /* when the role was given the job */
	char slot[TW_KEYS_SLOT_NAME_MAX + 1];
	uint8_t point[TW_POINT_SIZE];
	bool as_unit, yields, is_plain;      /* plain: nothing holds it to mutual TLS with home systems */
	char place[TW_DEMAND_PLACE_MAX + 1]; /* whom it is asked of */
	struct tw_fetch_answer result;
	struct event *deadline;
	uint32_t tag;
	struct {
		uint8_t what[TW_SHA256_SIZE]; /* of place and rule */
		int64_t at_ms;                /* of the record; 0: none */
		unsigned count;               /* that came since */
	} recorded[RECORDED];
};

static void over(tw_fetch *f, bool at_once)
{
	(void)event_del(f->deadline);
	f->state = OVER;
	f->result.body = tw_buf_slice(&f->answer);
	tw_errand_finish(f->core->device.errands, TW_ERRAND_FETCH, at_once);
	tw_tasks_wake(&f->core->device.context);
}

static void fail(tw_fetch *f, enum tw_fetch_failure what, const char *words, bool at_once)
{
	f->result.failure = what;
	(void)snprintf(f->result.words, sizeof f->result.words, "%s", words);
	tw_utf8_mend(f->result.words);
	over(f, at_once);
}

static void on_here(void *user, tw_channel *line)
{
	tw_fetch *f = user;
	tw_err e = tw_channel_send(line, TW_FETCH_JOB, ++f->tag, f->job.data, f->job.size, NULL, 0);

	if (!tw_failed(e) && f->body.size)
		e = tw_channel_send(line, TW_FETCH_BODY, f->tag, f->body.data, f->body.size, NULL, 0);
	f->state = RUNNING;
	f->given_ms = tw_time_boot_ms(&f->core->device.time);
	/* A line that is closed is seen as such by whoever reads it. */
	if (tw_failed(e) && !tw_is(e, TW_CODE_CLOSED))
		fail(f, TW_FETCH_INTERNAL, tw_err_detail(), true);
}

static tw_err sign_text(const tw_fetch *f, struct tw_slice text, uint8_t ret[TW_SIGNATURE_SIZE])
{
	tw_keys_client *keys = f->core->device.context.keys;
	uint8_t digest[TW_SHA256_SIZE];

	if (f->as_unit)
		return tw_keys_client_sign(keys, TW_SIGN_TLS_CLIENT, text, ret);
	TW_TRY(tw_sha256(text.at, text.size, digest));
	return tw_keys_client_slot_sign(keys, f->slot, f->point, digest, ret);
}

/* An empty answer is a refusal, and the handshake there fails. */
static void sign(tw_fetch *f, tw_channel *line, const struct tw_message *m)
{
	uint8_t raw[TW_SIGNATURE_SIZE], der[TW_SIGNATURE_DER_MAX];
	size_t size = 0;
	tw_err e = TW_OK;

	if ((f->slot[0] || f->as_unit) && tw_fetch_sign_valid(m->payload)) {
		e = sign_text(f, m->payload, raw);
		if (!tw_failed(e))
			size = tw_signature_to_der(raw, der);
	}
	if (tw_failed(e))
		tw_log_err(e, "signing for fetch");
	f->result.signed_with_key = size > 0;
	tw_ignore(tw_channel_send(line, TW_FETCH_SIGNED, m->tag, der, size, NULL, 0));
}

static bool take_head(tw_fetch *f, const struct tw_message *m)
{
	struct tw_fetch_head h;

	if (f->has_head || tw_failed(tw_fetch_head_read(m->payload, &h)) || h.size > f->answer.max)
		return false;
	f->has_head = true;
	f->expected = h.size;
	f->result.status = h.status;
	f->result.retry_after_s = h.retry_after_s;
	(void)snprintf(f->result.type, sizeof f->result.type, TW_SLICE_FMT, TW_SLICE_ARG(h.type));
	return true;
}

static bool take_piece(tw_fetch *f, const struct tw_message *m)
{
	return f->has_head && m->payload.size <= f->expected - f->answer.size &&
		!tw_failed(tw_buf_add(&f->answer, m->payload.at, m->payload.size));
}

static bool is_refusal(unsigned what)
{
	return what >= TW_FETCH_VERSION && what <= TW_FETCH_POSTURE;
}

/* Where its record stands; one that has none takes the place of the oldest. */
static size_t recorded_at(const tw_fetch *f, const uint8_t what[TW_SHA256_SIZE])
{
	size_t oldest = 0;

	for (size_t i = 0; i < RECORDED; i++) {
		if (f->recorded[i].at_ms && memcmp(f->recorded[i].what, what, TW_SHA256_SIZE) == 0)
			return i;
		if (f->recorded[i].at_ms < f->recorded[oldest].at_ms)
			oldest = i;
	}
	return oldest;
}

/* How many a record of now is about; 0: there was one within the hour, and the next says it. */
static tw_err count_refusal(tw_fetch *f, const char *rule, unsigned *ret)
{
	const int64_t now = tw_time_boot_ms(&f->core->device.time);
	uint8_t what[TW_SHA256_SIZE];
	char both[TW_DEMAND_PLACE_MAX + 34];

	if (!f->core->device.outside.count) /* none yet, or none of this owner's */
		memset(f->recorded, 0, sizeof f->recorded);
	(void)snprintf(both, sizeof both, "%s %s", rule, f->place);
	TW_TRY(tw_sha256(both, strlen(both), what));
	const size_t i = recorded_at(f, what);
	const bool is_known = f->recorded[i].at_ms && memcmp(f->recorded[i].what, what, sizeof what) == 0;

	*ret = 0;
	if (is_known && now - f->recorded[i].at_ms < RECORD_MS) {
		f->recorded[i].count++;
		return TW_OK;
	}
	*ret = is_known ? f->recorded[i].count + 1 : 1;
	memcpy(f->recorded[i].what, what, sizeof what);
	f->recorded[i].at_ms = now ? now : 1;
	f->recorded[i].count = 0;
	return TW_OK;
}

static void record_refusal(tw_fetch *f, unsigned what, const char *words)
{
	char rule[32];

	(void)snprintf(rule, sizeof rule, "fetch.%s", tw_fetch_failure_names[what]);
	unsigned count = 0;
	tw_err e = count_refusal(f, rule, &count);
	if (!tw_failed(e))
		e = tw_outside_refused(&f->core->device, f->place, rule, words, count);
	if (tw_failed(e))
		tw_log_err(e, "recording that a system outside does not meet what is demanded");
}

static void take_failure(tw_fetch *f, const struct tw_message *m)
{
	unsigned what = (uint8_t)m->payload.at[0];
	char words[TW_FETCH_WORDS_MAX + 1] = "";

	memcpy(words, m->payload.at + 1, m->payload.size - 1);
	tw_utf8_mend(words);
	if (is_refusal(what))
		record_refusal(f, what, words);
	fail(f, what > TW_FETCH_NO_FAILURE && what < TW_FETCH_ENDED ? (enum tw_fetch_failure)what : TW_FETCH_INTERNAL, words, false);
}

static void on_heard(void *user, tw_channel *line, const struct tw_message *m)
{
	tw_fetch *f = user;
	bool good = true;

	if (f->state != RUNNING || (m->type != TW_FETCH_SIGN && m->tag != f->tag))
		return; /* of a job that was given up */
	if (m->type == TW_FETCH_SIGN)
		sign(f, line, m);
	else if (m->type == TW_FETCH_FAILED)
		take_failure(f, m);
	else
		good = m->type == TW_FETCH_HEAD ? take_head(f, m) : take_piece(f, m);
	if (!good)
		fail(f, TW_FETCH_INTERNAL, "The role that fetches answers in a way that makes no sense.", true);
	else if (f->state == RUNNING && f->has_head && f->answer.size == f->expected)
		over(f, false);
}

static tw_err ask_for_role(tw_fetch *f);

/* A role that was idle may have left just when the job came: that is nobody's failure, once. */
static void on_gone(void *user, const char *why)
{
	tw_fetch *f = user;
	bool started = f->state == RUNNING;

	if (started && !f->again && tw_time_boot_ms(&f->core->device.time) - f->given_ms < LEAVING_MS) {
		f->again = true;
		f->state = STARTING;
		if (!tw_failed(ask_for_role(f)))
			return;
	}
	fail(f, started ? TW_FETCH_ENDED : TW_FETCH_UNAVAILABLE, why, false);
}

static void on_deadline(int fd, short what, void *user)
{
	tw_fetch *f = user;

	fail(f, TW_FETCH_TIMEOUT, "The role that fetches did not answer in time and was ended.", true);
	tw_core_settle(f->core);
}

static tw_err ask_for_role(tw_fetch *f)
{
	const struct tw_errand_user user = { on_here, on_heard, on_gone, f };

	return tw_errand_begin(f->core->device.errands, TW_ERRAND_FETCH, tw_rows_core_from_fetch, &user);
}

const char *tw_fetch_missing(const struct tw_device *d)
{
	if (!d->errands || !d->fetch || !tw_errand_listed(d->errands, TW_ERRAND_FETCH))
		return "roles.tab has no line for fetch, the role that connects to others.";
	return NULL;
}

static void forget(tw_fetch *f)
{
	tw_buf_wipe(&f->job);    /* it may have a password in it */
	tw_buf_wipe(&f->body);   /* likewise a code */
	tw_buf_wipe(&f->answer); /* or a token */
	memset(&f->result, 0, sizeof f->result);
	memset(f->slot, 0, sizeof f->slot);
	f->as_unit = f->yields = false;
	f->state = IDLE;
}

/* An address whose place cannot be told is the role's to refuse. */
static tw_err add_demand(tw_fetch *f, struct tw_fetch_job *job, struct tw_outside *ret)
{
	if (!tw_demand_place(job->url, f->place)) {
		f->place[0] = '\0';
		job->demand = (struct tw_fetch_demand)TW_FETCH_DEMAND_LEAST;
		return TW_OK;
	}
	TW_TRY(tw_outside_at(&f->core->device, f->place, ret));
	job->demand = ret->demand;
	return TW_OK;
}

static tw_err keep_job(tw_fetch *f, const struct tw_fetch_want *w)
{
	struct tw_fetch_job job = w->job;
	struct tw_outside outside;

	if (w->body.size > TW_FETCH_BODY_MAX)
		return TW_RAISE(LIMIT, "a body of %zu bytes", w->body.size);
	job.body_size = (uint32_t)w->body.size;
	job.now_ms = tw_time_wall_ms(&f->core->device.time);
	TW_TRY(add_demand(f, &job, &outside));
	if (w->home_key.size)
		job.demand.keys = w->home_key;
	tw_buf_init(&f->job, f->core->sys, TW_CHANNEL_MAX);
	tw_buf_init(&f->body, f->core->sys, TW_FETCH_BODY_MAX);
	tw_buf_init(&f->answer, f->core->sys, job.answer_max);
	TW_TRY(tw_buf_reserve(&f->job, TW_FETCH_JOB_MAX)); /* one that grows leaves copies of what is in it */
	TW_TRY(tw_fetch_job_write(&job, &f->job));
	TW_TRY(tw_fetch_job_read(tw_buf_slice(&f->job), &job)); /* what the role would refuse is refused here, with words */
	if (w->slot)
		TW_TRY(tw_keys_client_slot_point(f->core->device.context.keys, w->slot, f->point));
	(void)snprintf(f->slot, sizeof f->slot, "%s", w->slot ? w->slot : "");
	f->as_unit = w->as_unit;
	f->yields = w->yields;
	f->is_plain = !job.demand.home.size;
	TW_TRY(tw_buf_reserve(&f->body, w->body.size));
	return tw_buf_add(&f->body, w->body.at, w->body.size);
}

static void give_way(tw_fetch *f)
{
	f->result.gave_way = true;
	fail(f, TW_FETCH_ENDED, "Something else is to be fetched.", true);
}

void tw_fetch_drop_plain(struct tw_device *d)
{
	tw_fetch *f = d->fetch;

	if (f && f->is_plain && (f->state == STARTING || f->state == RUNNING))
		fail(f, TW_FETCH_HOME, "This device has left home meanwhile.", true);
}

tw_err tw_fetch_begin(struct tw_device *d, const struct tw_fetch_want *w)
{
	tw_fetch *f = d->fetch;
	struct timeval t = tw_core_ms((int64_t)w->job.deadline_s * 1000 + START_MS);

	if (f && f->yields && !w->yields && (f->state == STARTING || f->state == RUNNING))
		give_way(f);
	if (!f || f->state != IDLE)
		return TW_RAISE(STATE, "something else is being fetched");
	forget(f);
	f->has_head = f->again = false;
	tw_err e = keep_job(f, w);
	if (!tw_failed(e))
		e = ask_for_role(f);
	if (tw_failed(e)) {
		forget(f);
		return e;
	}
	f->state = STARTING;
	(void)event_add(f->deadline, &t);
	return TW_OK;
}

bool tw_fetch_ended(struct tw_device *d, struct tw_fetch_answer *ret)
{
	if (!d->fetch || d->fetch->state != OVER)
		return false;
	*ret = d->fetch->result;
	return true;
}

void tw_fetch_end(struct tw_device *d)
{
	tw_fetch *f = d->fetch;

	if (!f)
		return;
	(void)event_del(f->deadline);
	if (f->state == STARTING || f->state == RUNNING)
		tw_errand_finish(d->errands, TW_ERRAND_FETCH, true);
	forget(f);
}

tw_err tw_fetch_new(struct tw_core *c, tw_fetch **ret)
{
	tw_fetch *f = TW_NEW(c->sys, tw_fetch);

	if (!f)
		return TW_RAISE(NOMEM, "fetching");
	f->core = c;
	*ret = f;
	f->deadline = tw_core_watch(c, -1, 0, on_deadline, f);
	return f->deadline ? TW_OK : TW_RAISE(NOMEM, "fetching");
}

tw_fetch *tw_fetch_free(tw_fetch *f)
{
	if (f) {
		forget(f);
		if (f->deadline)
			event_free(f->deadline);
	}
	free(f);
	return NULL;
}
