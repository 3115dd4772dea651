/* SPDX-License-Identifier: Apache-2.0 */
#include "device/logical-access/message.h"

#include "base/log.h"
#include "base/text.h"
#include "device/logical-access/state.h"
#include "device/platform/fetch.h"
#include "device/rows-logical-access.h"

#define DEADLINE_S 15
#define BUSY_MS 250     /* how often a role that does something else is asked again */
#define ANSWER_MAX 4096 /* nothing of it is read */
#define BODY_MAX 1024
#define CODES 100000000 /* of eight digits */

static int64_t now_of(const struct tw_device *d)
{
	return tw_time_boot_ms(&d->time);
}

static struct tw_messages *messages(const struct tw_device *d)
{
	return &d->access->messages;
}

/* --- Asked for --- */

tw_err tw_message_wanted(struct tw_device *d, int64_t account, bool *ret)
{
	char to[TW_MESSAGE_TO_MAX + 1];

	return tw_destination_of(d, account, ret, to);
}

/* The place of one more that is sent in this hour; -1: there were enough. */
static int free_send(struct tw_messages *m, int64_t account, int64_t now_ms)
{
	int place = -1, own = 0;

	for (int i = 0; i < TW_MESSAGE_ALL_PER_HOUR; i++) {
		bool counts = m->sent[i].account && now_ms - m->sent[i].at_ms < TW_MESSAGE_HOUR_MS;

		own += counts && m->sent[i].account == account;
		place = counts ? place : i;
	}
	return own < TW_MESSAGE_PER_HOUR ? place : -1;
}

static struct tw_message_wait *free_wait(struct tw_messages *m)
{
	for (size_t i = 0; i < TW_MESSAGE_WAITING; i++)
		if (!m->waiting[i].account)
			return &m->waiting[i];
	return NULL;
}

static tw_err cannot(struct tw_reply *rp, const char *rule, const char *why)
{
	return tw_reply_problem(rp, 503, "message", rule, "No code can be sent now",
		"Use another second factor if the account has one, or a client certificate.", "%s", why);
}

/* What would keep it from being sent, as far as that is known beforehand. */
static tw_err check_way(struct tw_device *d, int64_t account, struct tw_reply *rp)
{
	struct tw_gateway g = { .url = "" };
	char to[TW_MESSAGE_TO_MAX + 1];
	bool is = false;

	tw_err e = tw_gateway_read(d, &g);
	tw_gateway_done(&g);
	if (tw_is(e, TW_CODE_NOTFOUND) || tw_fetch_missing(d))
		return cannot(rp, "access.message-gateway", "The device has no gateway to send codes by, or cannot connect to others.");
	TW_TRY(e);
	TW_TRY(tw_destination_of(d, account, &is, to));
	return *to ? TW_OK
		   : cannot(rp, "access.message-none",
			     "Whoever said where codes go may not do as much as the account may now; it has to be said anew.");
}

static tw_err make_code(const struct tw_sys *sys, char ret[TW_MESSAGE_DIGITS + 1])
{
	uint64_t drawn = 0; /* so much longer than the code that no code is more likely than another */

	if (sys->random(sys, &drawn, sizeof drawn))
		return TW_RAISE_ERRNO("randomness");
	(void)snprintf(ret, TW_MESSAGE_DIGITS + 1, "%0*u", TW_MESSAGE_DIGITS, (unsigned)(drawn % CODES));
	tw_wipe(&drawn, sizeof drawn);
	return TW_OK;
}

/* @nist LA.AS.2.1.4: made here, known to the gateway alone; one asked for before is good no more */
tw_err tw_message_begin(const struct tw_factor_step *t)
{
	struct tw_device *d = tw_device_of(t->c);
	struct tw_messages *m = messages(d);
	struct tw_message_wait *wait = free_wait(m);
	const int64_t now = now_of(d);
	int send = free_send(m, t->s->account, now);

	TW_TRY(check_way(d, t->s->account, t->rp));
	if (t->rp->problem[0])
		return TW_OK;
	if (send < 0 || !wait)
		return tw_reply_problem(t->rp, 429, "wait", "access.message-often", "Too many codes were sent",
			"Use another second factor if the account has one, or try again in an hour.",
			"An account is sent %d codes an hour, and all of them together %d.", TW_MESSAGE_PER_HOUR, TW_MESSAGE_ALL_PER_HOUR);
	TW_TRY(make_code(t->c->sys, t->s->code));
	t->s->tries = TW_MESSAGE_TRIES;
	*wait = (struct tw_message_wait){ .account = t->s->account, .until_ms = t->s->expires_ms };
	memcpy(wait->code, t->s->code, sizeof wait->code);
	m->sent[send].account = t->s->account;
	m->sent[send].at_ms = now;
	return TW_OK;
}

/* @nist LA.AS.2.1.1: good once, three tries, and gone with the login that asked for it */
tw_err tw_message_verify(const struct tw_factor_step *t)
{
	struct tw_slice code = tw_slice_of(tw_json_text(t->rq->input, "code"));
	struct tw_login_step *s = t->s;
	bool right = s->tries > 0 && code.size == TW_MESSAGE_DIGITS && tw_equal_secret(s->code, code.at, TW_MESSAGE_DIGITS);

	if (right || s->tries <= 1) {
		tw_wipe(s->code, sizeof s->code);
		s->tries = 0;
	} else {
		s->tries--;
	}
	if (right)
		return TW_OK;
	tw_login_failed(t->c, &s->who);
	return tw_reply_problem(t->rp, 403, "login", "access.message", "This is not the code that was sent",
		"Look at it, or ask for another one by naming the factor without a code.",
		"It was mistyped, used, or is not the last one that was sent for this login.");
}

/* --- Sent --- */

static void first_done(struct tw_messages *m)
{
	memmove(&m->waiting[0], &m->waiting[1], sizeof m->waiting - sizeof m->waiting[0]);
	tw_wipe(&m->waiting[TW_MESSAGE_WAITING - 1], sizeof m->waiting[0]);
	m->sending = false;
}

static tw_err failed(struct tw_device *d, const char *rule)
{
	struct tw_messages *m = messages(d);
	char id[TW_ACCOUNT_ID_MAX + 2];

	tw_account_id(m->waiting[0].account, id);
	first_done(m);
	return tw_event(&d->context, "login.message-failed", json_pack("{s:s, s:s}", "account", id, "rule", rule));
}

/* The code is put in behind what is escaped, so that no value of JSON ever holds it. */
static tw_err write_body(struct tw_device *d, const char *to, const char *code, struct tw_buf *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *plain = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, own = { 0 };

	tw_buf_init(&text, d->context.sys, BODY_MAX);
	tw_buf_init(&own, d->context.sys, BODY_MAX);
	if (d->certificate)
		TW_TRY(tw_cert_uri(d->certificate, &own));
	plain = json_pack("{s:s, s:s, s:s}", "to", to, "device", tw_buf_cstr(&own), "product", d->manifest->product);
	if (!plain)
		return TW_RAISE(NOMEM, "a message");
	TW_TRY(tw_json_write(plain, &text));
	TW_TRY(tw_buf_reserve(ret, BODY_MAX)); /* one that grows leaves copies of what is in it */
	return tw_buf_format(ret, "{\"code\":\"%s\",\"text\":\"%s is the code for your login. Tell it to nobody.\",%s", code, code,
		tw_buf_cstr(&text) + 1);
}

static tw_err begin_fetch(struct tw_device *d, const struct tw_gateway *g, const char *to, const char *code)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf body = { 0 }, bearer = { 0 };
	struct tw_fetch_want want = { .job = { .method = TW_FETCH_POST,
					      .deadline_s = DEADLINE_S,
					      .answer_max = ANSWER_MAX,
					      .url = tw_slice_of(g->url),
					      .type = TW_SLICE("application/json"),
					      .anchors = tw_buf_slice(&g->anchors) } };

	tw_buf_init(&body, d->context.sys, BODY_MAX);
	tw_buf_init(&bearer, d->context.sys, TW_FETCH_AUTHORIZATION_MAX);
	TW_TRY(write_body(d, to, code, &body));
	want.body = tw_buf_slice(&body);
	if (g->secret.size) {
		TW_TRY(tw_buf_reserve(&bearer, TW_FETCH_AUTHORIZATION_MAX));
		TW_TRY(tw_buf_format(&bearer, "Bearer " TW_SLICE_FMT, TW_SLICE_ARG(tw_buf_slice(&g->secret))));
		want.job.authorization = tw_buf_slice(&bearer);
	}
	return tw_fetch_begin(d, &want);
}

/* A gateway that was removed meanwhile, or a destination, is nobody to send to. */
static tw_err send_first(struct tw_device *d)
{
	struct tw_messages *m = messages(d);
	struct tw_gateway g = { .url = "" };
	char to[TW_MESSAGE_TO_MAX + 1];
	bool is = false;

	tw_err e = tw_destination_of(d, m->waiting[0].account, &is, to);
	if (!tw_failed(e) && !*to)
		return failed(d, "access.message-none");
	if (!tw_failed(e))
		e = tw_gateway_read(d, &g);
	if (!tw_failed(e))
		e = begin_fetch(d, &g, to, m->waiting[0].code);
	tw_gateway_done(&g);
	m->sending = !tw_failed(e);
	if (tw_is(e, TW_CODE_STATE)) {
		m->again_ms = now_of(d) + BUSY_MS;
		return TW_OK;
	}
	if (!tw_failed(e))
		return TW_OK;
	if (tw_is(e, TW_CODE_NOTFOUND))
		return failed(d, "access.message-gateway");
	tw_log_err(e, "sending the code of a login");
	return failed(d, "access.message-internal");
}

static tw_err take_answer(struct tw_device *d, const struct tw_fetch_answer *a)
{
	char rule[32];

	if (!a->failure && a->status >= 200 && a->status <= 299) {
		first_done(messages(d));
		return TW_OK;
	}
	if (a->failure)
		(void)snprintf(rule, sizeof rule, "fetch.%s", tw_fetch_failure_names[a->failure]);
	else
		(void)snprintf(rule, sizeof rule, "gateway.%u", a->status);
	return failed(d, rule);
}

int64_t tw_access_messages_due_ms(struct tw_context *c)
{
	struct tw_device *d = tw_device_of(c);
	const struct tw_messages *m = messages(d);
	struct tw_fetch_answer a;

	if (!m->waiting[0].account)
		return -1;
	if (m->sending)
		return tw_fetch_ended(d, &a) ? 0 : -1; /* the role's answer, or its deadline, is an event of the loop */
	return m->again_ms > now_of(d) ? m->again_ms - now_of(d) : 0;
}

tw_err tw_access_job_messages(struct tw_context *c)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_messages *m = messages(d);
	struct tw_fetch_answer a;
	tw_err e = TW_OK;

	if (m->sending && tw_fetch_ended(d, &a)) {
		e = take_answer(d, &a);
		tw_fetch_end(d);
	}
	while (!tw_failed(e) && !m->sending && m->waiting[0].account && m->waiting[0].until_ms <= now_of(d))
		e = failed(d, "access.message-late");
	if (!tw_failed(e) && !m->sending && m->waiting[0].account && m->again_ms <= now_of(d))
		e = send_first(d);
	return e;
}

void tw_messages_stop(struct tw_device *d)
{
	if (messages(d)->sending)
		tw_fetch_end(d);
	tw_wipe(messages(d), sizeof *messages(d));
}
