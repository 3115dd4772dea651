/* SPDX-License-Identifier: Apache-2.0 */
/*
 * App's side of signing: one document at a time goes to the sign role, as sealed memory, and only right behind the question whether two persons have
 * approved these very bytes and no embargo holds them. The same is asked again when the signature comes back.
 */
#include "support/advisories/signing.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "service/errand-line.h"
#include "support/platform/app.h"
#include "support/sign/sign-wire.h"
#include "support/sql-support.h"
#include "sys/durable.h"

#include <stdio.h>
#include <string.h>

#define START_MS 10000 /* beside the role's own deadline: its start, and a slow machine */
#define BY_SERVICE "service"

enum state { IDLE, STARTING, RUNNING };
struct tw_signing {
	struct tw_app *app;
	enum state state;
	enum tw_sign_kind kind;
	char name[TW_ADVISORY_NAME_MAX];    /* the advisory that is being signed */
	char digest[65], fingerprint[65];   /* of what was handed out, and the key */
	struct tw_buf job, key, text;       /* the text: of the document */
	bool is_public;                     /* it is out already, without a signature */
	char offered[TW_ADVISORY_NAME_MAX]; /* what a person has signed; "": nothing waits to be checked */
	struct tw_buf signature;            /* of that */
	struct event *due, *deadline;
	int64_t later_ms; /* of the boot clock: not before */
	unsigned failures;
	char missing[TW_SIGN_WORDS_MAX + 1]; /* without the advisory's name, which not everybody may know */
	uint32_t tag;
};

static int64_t boot_ms(const struct tw_signing *s)
{
	return tw_time_boot_ms(&s->app->time);
}

static void idle(struct tw_signing *s)
{
	(void)event_del(s->deadline);
	s->state = IDLE;
	s->kind = TW_SIGN_MAKE;
}

static void well(struct tw_signing *s)
{
	s->failures = 0;
	s->later_ms = 0;
	s->missing[0] = '\0';
}

/* What waits stays where it is, and is tried again. */
static void failed(struct tw_signing *s, const char *name, struct tw_slice why)
{
	int64_t ms = TW_SIGNING_FIRST_MS;

	for (unsigned i = 0; i < s->failures && ms < TW_SIGNING_AGAIN_MAX_MS; i++)
		ms *= 2;
	s->failures++;
	s->later_ms = boot_ms(s) + (ms < TW_SIGNING_AGAIN_MAX_MS ? ms : TW_SIGNING_AGAIN_MAX_MS);
	(void)snprintf(s->missing, sizeof s->missing, TW_SLICE_FMT, TW_SLICE_ARG(why));
	tw_utf8_mend(s->missing);
	tw_warn("%s is not signed and published: %s", name, s->missing);
}

static void failed_by(struct tw_signing *s, tw_err e)
{
	char why[TW_DETAIL_MAX];

	(void)snprintf(why, sizeof why, "%s", tw_err_detail());
	tw_log_err(e, "signing %s", s->name);
	failed(s, s->name, tw_slice_of(why));
}

/* --- It is signed --- */

/* Once more before it is out; what may not go is approved again, and the signature over it is of no use to anybody. */
static tw_err publish(struct tw_context *c, struct tw_advisory_row *row)
{
	struct tw_reply aside = { 0 };
	tw_err e = tw_advisory_ask_again(c, &aside, row, BY_SERVICE);
	const bool held = aside.problem[0];

	if (!tw_failed(e) && held)
		tw_warn("%s was signed, and is not published: %s", row->name, aside.rule);
	tw_reply_done(&aside);
	TW_TRY(e);
	return held ? TW_OK : tw_advisory_release(c, row, BY_SERVICE);
}

static tw_err take_good(struct tw_signing *s, struct tw_slice signature)
{
	struct tw_context *c = &s->app->context;
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };

	TW_TRY(tw_advisory_load_name(c, s->name, &row));
	const struct tw_signing_found f = { &row, s->digest, s->fingerprint, signature, tw_buf_slice(&s->key), s->is_public };
	char now[65] = "";

	if (!s->is_public)
		TW_TRY(tw_signing_digest(tw_buf_slice(&row.pending), now));
	if (!s->is_public && strcmp(now, s->digest) != 0)
		return TW_OK; /* it was taken back meanwhile */
	TW_TRY(tw_signing_keep(c, &f));
	return s->is_public ? tw_advisories_settle(c) : publish(c, &row);
}

static void over(struct tw_signing *s, const struct tw_sign_done *done, bool at_once)
{
	tw_err e = TW_OK;

	if (done->end == TW_SIGN_GOOD)
		e = take_good(s, done->signature);
	if (done->end != TW_SIGN_GOOD)
		failed(s, s->name, done->words);
	else if (tw_failed(e))
		failed_by(s, e);
	else
		well(s);
	/* What could not be looked at is kept, and looked at again. */
	if (s->kind == TW_SIGN_CHECK && (done->end == TW_SIGN_REFUSED || (done->end == TW_SIGN_GOOD && !tw_failed(e))))
		s->offered[0] = '\0';
	if (done->end == TW_SIGN_REFUSED)
		s->later_ms = 0; /* the role works: what was offered is at fault */
	idle(s);
	tw_errand_finish(s->app->errands, TW_ERRAND_SIGN, at_once);
	tw_signing_due(s->app);
}

static void cannot(struct tw_signing *s, const char *words, bool at_once)
{
	over(s, &(struct tw_sign_done){ .end = TW_SIGN_UNABLE, .words = tw_slice_of(words) }, at_once);
}

/* --- The role --- */

static void on_here(void *user, tw_channel *line)
{
	struct tw_signing *s = user;
	TW_CLEANUP(tw_closep) int fd = s->app->sys->memfd(s->app->sys, "advisory", s->text.data, s->text.size);

	s->state = RUNNING;
	if (fd < 0) {
		cannot(s, "there is no memory to hand it over.", true);
		return;
	}
	tw_err e = tw_channel_send(line, TW_SIGN_JOB, ++s->tag, s->job.data, s->job.size, &fd, 1);
	/* A line that is closed is seen as such by whoever reads it. */
	if (tw_failed(e) && !tw_is(e, TW_CODE_CLOSED))
		cannot(s, "the role that signs does not listen.", true);
}

static void on_heard(void *user, tw_channel *line, const struct tw_message *m)
{
	struct tw_signing *s = user;
	TW_CLEANUP(tw_buf_done) struct tw_buf kept = { 0 };
	struct tw_sign_done done;

	if (s->state != RUNNING || m->tag != s->tag)
		return;                                  /* of one that was given up */
	tw_buf_init(&kept, s->app->sys, TW_CHANNEL_MAX); /* the line goes before it is read the last time */
	if (tw_failed(tw_buf_add(&kept, m->payload.at, m->payload.size)) || tw_failed(tw_sign_done_read(tw_buf_slice(&kept), &done)))
		cannot(s, "the role that signs answers in a way that makes no sense.", true);
	else
		over(s, &done, false);
}

static void on_gone(void *user, const char *why)
{
	struct tw_signing *s = user;
	char words[TW_SIGN_WORDS_MAX];

	(void)snprintf(words, sizeof words, "%s", s->state == RUNNING ? "the role that signs ended before it was done." : why);
	cannot(s, words, false);
}

static void on_deadline(int fd, short what, void *user)
{
	struct tw_signing *s = user;
	struct tw_app *a = s->app;

	cannot(s, "the role that signs did not answer in time and was ended.", true);
	a->errand_settle(a);
}

/* --- What is next --- */

/* Read anew each time: whoever puts it right need not start anything. */
static tw_err read_key(const struct tw_app *a, struct tw_buf *ret)
{
	tw_buf_done(ret);
	tw_buf_init(ret, a->sys, TW_SIGN_KEY_MAX);
	tw_err e = tw_durable_read(a->sys, a->dir, TW_DESK_SIGNING_KEY_FILE, TW_SIGN_KEY_MAX, ret);

	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_RAISE(STATE, "there is no public key in app/" TW_DESK_SIGNING_KEY_FILE);
	TW_TRY(e);
	return tw_public_key_armored(tw_buf_slice(ret))
		? TW_OK
		: TW_RAISE(STATE, "app/" TW_DESK_SIGNING_KEY_FILE " is not one public key, as gpg --armor --export writes it");
}

tw_err tw_signing_renew(struct tw_app *a)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf key = { 0 };

	if (!a->desk.signing_key[0])
		return TW_OK;
	TW_TRY(read_key(a, &key));
	const struct tw_value v[] = { TW_V_TEXT(a->desk.signing_key), TW_V_SLICE(tw_buf_slice(&key)) };
	return tw_store_run(a->context.store, tw_sql_advisory_key_renew, v, TW_COUNT(v), NULL, NULL);
}

/* Nothing is signed that two persons did not approve as it is. False: it was held. */
static tw_err may_be_signed(struct tw_signing *s, struct tw_advisory_row *row, bool *ret)
{
	struct tw_reply aside = { 0 };

	*ret = true;
	if (!row->pending.size)
		return TW_OK;
	tw_err e = tw_advisory_ask_again(&s->app->context, &aside, row, BY_SERVICE);
	*ret = !tw_failed(e) && !aside.problem[0];
	if (!tw_failed(e) && aside.problem[0])
		tw_warn("%s is not signed: %s", row->name, aside.rule);
	tw_reply_done(&aside);
	return e;
}

static tw_err write_job(struct tw_signing *s)
{
	const struct tw_sign_job j = { s->kind, (uint32_t)s->text.size, tw_slice_of(s->fingerprint), tw_buf_slice(&s->key),
		s->kind == TW_SIGN_CHECK ? tw_buf_slice(&s->signature) : (struct tw_slice){ "", 0 } };

	TW_TRY(tw_signing_digest(tw_buf_slice(&s->text), s->digest));
	tw_buf_done(&s->job);
	tw_buf_init(&s->job, s->app->sys, TW_CHANNEL_MAX);
	return tw_sign_job_write(&j, &s->job);
}

/* False: there is nothing to be signed of it. What has its signature and waits still could not be exchanged when that came: now it is. */
static tw_err prepare(struct tw_signing *s, bool *ret)
{
	struct tw_context *c = &s->app->context;
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };

	(void)snprintf(s->fingerprint, sizeof s->fingerprint, "%s", s->app->desk.signing_key);
	TW_TRY(read_key(s->app, &s->key));
	TW_TRY(tw_advisory_load_name(c, s->name, &row));
	TW_TRY(may_be_signed(s, &row, ret));
	tw_buf_done(&s->text);
	if (!*ret)
		return TW_OK;
	TW_TRY(tw_signing_lacks(c, &row, &s->text, &s->is_public));
	*ret = s->text.size > 0;
	if (*ret)
		return write_job(s);
	return row.pending.size ? tw_advisory_release(c, &row, BY_SERVICE) : TW_OK;
}

static tw_err begin(struct tw_signing *s)
{
	const struct tw_errand_user user = { on_here, on_heard, on_gone, s };
	struct timeval t = tw_errand_ms(TW_SIGN_DEADLINE_MS + START_MS);
	bool there = false;

	TW_TRY(prepare(s, &there));
	if (!there) {
		if (s->kind == TW_SIGN_CHECK)
			s->offered[0] = '\0';
		well(s);
		idle(s);
		tw_signing_due(s->app);
		return TW_OK;
	}
	TW_TRY(tw_errand_begin(s->app->errands, TW_ERRAND_SIGN, tw_rows_app_from_sign, &user));
	s->state = STARTING;
	(void)event_add(s->deadline, &t);
	return TW_OK;
}

/* What a person offers first; the role's own work only where desk.json gives it any. */
static tw_err find_next(struct tw_signing *s, bool *ret)
{
	char next[TW_ADVISORY_NAME_MAX] = "";

	if (s->offered[0])
		(void)snprintf(next, sizeof next, "%s", s->offered);
	else if (!s->app->desk.signed_by_person)
		TW_TRY(tw_signing_next(&s->app->context, next));
	*ret = next[0] != '\0';
	if (*ret)
		(void)snprintf(s->name, sizeof s->name, "%s", next);
	s->kind = s->offered[0] ? TW_SIGN_CHECK : TW_SIGN_MAKE;
	return TW_OK;
}

static bool can_sign(const struct tw_app *a)
{
	return a->signing && a->signing->state == IDLE && !a->draining && a->desk.signing_key[0] && !tw_store_broken(a->context.store);
}

static void on_due(int fd, short what, void *user)
{
	struct tw_signing *s = user;
	bool there = false;

	if (!can_sign(s->app))
		return;
	tw_err e = find_next(s, &there);
	if (!tw_failed(e) && there && !tw_errand_listed(s->app->errands, TW_ERRAND_SIGN))
		e = TW_RAISE(STATE, "roles.tab has no line for sign, the role that signs and checks");
	else if (!tw_failed(e) && there)
		e = begin(s);
	if (tw_failed(e)) {
		failed_by(s, e);
		idle(s);
		tw_signing_due(s->app);
	}
	s->app->errand_settle(s->app);
}

void tw_signing_due(struct tw_app *a)
{
	bool there = false;

	if (!can_sign(a))
		return;
	const int64_t left = a->signing->later_ms - boot_ms(a->signing);
	tw_err e = find_next(a->signing, &there);

	(void)event_del(a->signing->due);
	if (tw_failed(e))
		tw_log_err(e, "looking what is to be signed");
	if (!there && !tw_failed(e))
		return;
	struct timeval t = tw_errand_ms(tw_failed(e) ? TW_SIGNING_FIRST_MS : left > 0 ? left : 0);
	(void)event_add(a->signing->due, &t);
}

void tw_signing_hurry(struct tw_app *a)
{
	if (a->signing)
		a->signing->later_ms = 0;
}

tw_err tw_signing_offer(struct tw_app *a, const char *name, struct tw_slice signature)
{
	struct tw_signing *s = a->signing;

	if (!s || (s->offered[0] && (s->state != IDLE || !s->failures))) /* one that failed gives way to a newer one */
		return TW_RAISE(STATE, "another signature is being looked at");
	tw_buf_done(&s->signature);
	tw_buf_init(&s->signature, a->sys, TW_SIGNATURE_MAX);
	TW_TRY(tw_buf_add(&s->signature, signature.at, signature.size));
	(void)snprintf(s->offered, sizeof s->offered, "%s", name);
	well(s);
	return TW_OK;
}

const char *tw_signing_missing(const struct tw_app *a)
{
	return a->signing ? a->signing->missing : "";
}

tw_err tw_signing_new(struct tw_app *a)
{
	struct tw_signing *s = TW_NEW(a->sys, struct tw_signing);

	if (!s)
		return TW_RAISE(NOMEM, "signatures");
	s->app = a;
	a->signing = s;
	s->due = event_new(a->loop, -1, 0, on_due, s);
	s->deadline = event_new(a->loop, -1, 0, on_deadline, s);
	return s->due && s->deadline ? TW_OK : TW_RAISE(NOMEM, "signatures");
}

struct tw_signing *tw_signing_free(struct tw_signing *s)
{
	if (s) {
		struct tw_buf *const all[] = { &s->job, &s->key, &s->text, &s->signature };

		for (size_t i = 0; i < TW_COUNT(all); i++)
			tw_buf_done(all[i]);
		if (s->due)
			event_free(s->due);
		if (s->deadline)
			event_free(s->deadline);
	}
	free(s);
	return NULL;
}
