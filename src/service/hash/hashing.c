/* SPDX-License-Identifier: Apache-2.0 */
#include "service/hash/hashing.h"

#define WORKERS 2
#define OF_PASSKEYS 1 /* the worker that judges them, beside passwords */
#define QUESTIONS (WORKERS + TW_HASH_WAITING)
#define LEAVING_MS 100 /* a role that was leaving when it was asked is seen to be gone by then */

struct question {
	uint32_t order; /* 0: free */
	bool first;     /* before all that are not */
	uint16_t type;
	struct tw_buf message; /* it has the password in it */
	tw_hash_done *done;    /* NULL: cancelled */
	void *user;
};
struct worker {
	tw_hashing *all;
	enum tw_errand which;
	struct question *at; /* NULL: idle */
	bool asked, again;   /* again: it was tried with a role that was about to leave */
	int64_t asked_ms;
	struct event *deadline;
};
struct tw_hashing {
	struct tw_errands_side side;
	tw_errands *errands;
	struct question of[QUESTIONS];
	struct worker workers[WORKERS];
	uint32_t last_order;
};

static tw_err ask_for_role(struct worker *w);

static void forget(struct question *q)
{
	tw_buf_wipe(&q->message);
	*q = (struct question){ 0 };
}

static bool is_passkey(const struct question *q)
{
	return q->type == TW_HASH_ENROL || q->type == TW_HASH_ASSERT;
}

static bool is_before(const struct question *a, const struct question *b)
{
	return a->first != b->first ? a->first : a->order < b->order;
}

/* Of those that go first, or else of the others, the one that has waited longest. */
static struct question *next_waiting(tw_hashing *h, bool passkeys)
{
	struct question *best = NULL;

	for (size_t i = 0; i < QUESTIONS; i++) {
		struct question *q = &h->of[i];
		bool taken = q->order == 0 || (is_passkey(q) && !passkeys);

		for (size_t w = 0; w < WORKERS; w++)
			taken = taken || h->workers[w].at == q;
		if (!taken && (!best || is_before(q, best)))
			best = q;
	}
	return best;
}

static void answer(struct worker *w, const struct tw_hash_answer *a, bool at_once)
{
	struct question q = *w->at;

	(void)event_del(w->deadline);
	tw_errand_finish(w->all->errands, w->which, at_once);
	forget(w->at);
	w->at = NULL;
	if (q.done)
		q.done(q.user, a);
}

static void refuse(struct worker *w, const char *why, bool at_once)
{
	answer(w, &(struct tw_hash_answer){ .why = why }, at_once);
}

/* One that cannot even be asked for is late at once: whoever asks here is told when his call has returned. */
static void begin(struct worker *w, struct question *q)
{
	w->at = q;
	w->asked = w->again = false;
	struct timeval t = tw_errand_ms(tw_failed(ask_for_role(w)) ? 0 : TW_HASH_DEADLINE_MS);
	(void)event_add(w->deadline, &t);
}

/* The first worker before the second: logins that come one by one need one process. */
static void give_work(tw_hashing *h)
{
	for (size_t i = 0; i < WORKERS; i++) {
		struct question *q = h->workers[i].at ? NULL : next_waiting(h, i == OF_PASSKEYS);

		if (q)
			begin(&h->workers[i], q);
	}
}

static void on_here(void *user, tw_channel *line)
{
	struct worker *w = user;
	tw_err e = tw_channel_send(line, w->at->type, w->at->order, w->at->message.data, w->at->message.size, NULL, 0);

	w->asked = true;
	w->asked_ms = tw_time_boot_ms(w->all->side.context->time);
	/* A line that is closed is seen as such by whoever reads it. */
	if (tw_failed(e) && !tw_is(e, TW_CODE_CLOSED)) {
		refuse(w, "The role that hashes does not listen.", true);
		give_work(w->all);
	}
}

static bool judge(const struct question *q, const struct tw_message *m, struct tw_hash_answer *ret)
{
	struct tw_phc made;

	if (m->type == TW_HASH_FAILED) {
		ret->why = "The device has not enough memory for it now.";
		return true;
	}
	if (q->type == TW_HASH_MAKE) {
		ret->outcome = TW_HASH_YES;
		ret->phc = m->payload;
		return m->type == TW_HASH_MADE && !tw_failed(tw_phc_read(m->payload, &made));
	}
	if (q->type == TW_HASH_ENROL && m->type == TW_HASH_ENROLLED) {
		ret->outcome = TW_HASH_YES;
		return !tw_failed(tw_passkey_enrolled_read(m->payload, &ret->enrolled));
	}
	if (m->type != TW_HASH_VERIFIED || (uint8_t)m->payload.at[0] > (q->type != TW_HASH_ENROL))
		return false;
	ret->outcome = m->payload.at[0] == 1 ? TW_HASH_YES : TW_HASH_NO;
	return true;
}

static void on_heard(void *user, tw_channel *line, const struct tw_message *m)
{
	struct worker *w = user;
	struct tw_hash_answer a = { 0 };
	struct tw_message said = *m;
	char kept[TW_PASSKEY_ENROLLED_MAX];

	if (!w->asked || m->tag != w->at->order)
		return;                                            /* to a question that was given up */
	if (is_passkey(w->at) && m->payload.size <= sizeof kept) { /* its line, and what came by it, goes before the answer is told */
		memcpy(kept, m->payload.at, m->payload.size);
		said.payload.at = kept;
	}
	if (judge(w->at, &said, &a))
		answer(w, &a, is_passkey(w->at));
	else
		refuse(w, "The role that hashes answers in a way that makes no sense.", true);
	give_work(w->all);
}

/* A role that was idle may have left just when it was asked: that is nobody's failure, once. */
static void on_gone(void *user, const char *why)
{
	struct worker *w = user;
	bool leaving = w->asked && !w->again && tw_time_boot_ms(w->all->side.context->time) - w->asked_ms < LEAVING_MS;

	if (leaving) {
		w->again = true;
		w->asked = false;
		if (!tw_failed(ask_for_role(w)))
			return;
	}
	refuse(w, why, false);
	give_work(w->all);
}

static void on_deadline(int fd, short what, void *user)
{
	struct worker *w = user;
	tw_hashing *h = w->all;

	refuse(w, "The role that hashes did not answer in time and was ended.", true);
	give_work(h);
	h->side.settle(h->side.user);
}

static tw_err ask_for_role(struct worker *w)
{
	const struct tw_errand_user user = { on_here, on_heard, on_gone, w };

	return tw_errand_begin(w->all->errands, w->which, tw_rows_core_from_hash, &user);
}

const char *tw_hash_missing(const tw_hashing *h)
{
	if (!h || !tw_errand_listed(h->errands, TW_ERRAND_HASH))
		return "roles.tab has no line for hash, the role that computes hashes of passwords.";
	return NULL;
}

static tw_err free_place(tw_hashing *h, struct question **ret)
{
	if (tw_hash_missing(h))
		return TW_RAISE(STATE, "%s", tw_hash_missing(h));
	for (size_t i = 0; i < QUESTIONS; i++) {
		*ret = &h->of[i];
		if ((*ret)->order == 0)
			return TW_OK;
	}
	return TW_RAISE(LIMIT, "%d questions wait for the role that hashes", TW_HASH_WAITING);
}

static tw_err check_password(struct tw_slice password)
{
	if (password.size == 0)
		return TW_RAISE(SYNTAX, "no password");
	if (password.size > TW_HASH_PASSWORD_MAX)
		return TW_RAISE(LIMIT, "a password of %zu bytes, at most %d are hashed", password.size, TW_HASH_PASSWORD_MAX);
	return TW_OK;
}

/* One of these is asked. */
struct asking {
	const struct tw_hash_make *make;
	const struct tw_hash_verify *verify;
	const struct tw_passkey_enrol *enrol;
	const struct tw_passkey_assert *assert;
	tw_hash_done *done;
	void *user;
};

#define MESSAGE_MAX (TW_HASH_QUESTION_MAX > TW_PASSKEY_QUESTION_MAX ? TW_HASH_QUESTION_MAX : TW_PASSKEY_QUESTION_MAX)

static tw_err message_of(struct question *q, const struct tw_sys *sys, const struct asking *a)
{
	tw_buf_init(&q->message, sys, MESSAGE_MAX);
	TW_TRY(tw_buf_reserve(&q->message, MESSAGE_MAX)); /* one that grows leaves copies of what is in it */
	if (a->make)
		return tw_hash_make_write(a->make, &q->message);
	if (a->verify)
		return tw_hash_verify_write(a->verify, &q->message);
	return a->enrol ? tw_passkey_enrol_write(a->enrol, &q->message) : tw_passkey_assert_write(a->assert, &q->message);
}

static tw_err ask(tw_hashing *h, const struct asking *a)
{
	struct question *q = NULL;

	TW_TRY(free_place(h, &q));
	tw_err e = message_of(q, h->side.sys, a);
	if (tw_failed(e)) {
		forget(q);
		return e;
	}
	if (++h->last_order == 0)
		h->last_order = 1;
	q->order = h->last_order;
	q->type = a->make ? TW_HASH_MAKE : a->verify ? TW_HASH_VERIFY : a->enrol ? TW_HASH_ENROL : TW_HASH_ASSERT;
	q->done = a->done;
	q->user = a->user;
	give_work(h);
	return TW_OK;
}

tw_err tw_hash_make(tw_hashing *h, struct tw_hash_cost cost, struct tw_slice password, tw_hash_done *done, void *user)
{
	const struct tw_hash_make m = { cost, password };

	TW_TRY(check_password(password));
	if (!tw_hash_cost_valid(cost))
		return TW_RAISE(LIMIT, "a hash of %u KiB and %u passes", cost.memory_kib, cost.passes);
	return ask(h, &(struct asking){ .make = &m, .done = done, .user = user });
}

tw_err tw_hash_verify(tw_hashing *h, const struct tw_phc *hash, struct tw_slice password, tw_hash_done *done, void *user)
{
	const struct tw_hash_verify v = { *hash, password };

	TW_TRY(check_password(password));
	return ask(h, &(struct asking){ .verify = &v, .done = done, .user = user });
}

tw_err tw_hash_enrol(tw_hashing *h, const struct tw_passkey_enrol *q, tw_hash_done *done, void *user)
{
	return ask(h, &(struct asking){ .enrol = q, .done = done, .user = user });
}

tw_err tw_hash_assert(tw_hashing *h, const struct tw_passkey_assert *q, tw_hash_done *done, void *user)
{
	return ask(h, &(struct asking){ .assert = q, .done = done, .user = user });
}

void tw_hash_prefer(tw_hashing *h, const void *user)
{
	for (size_t i = 0; h && i < QUESTIONS; i++)
		if (h->of[i].order && h->of[i].user == user)
			h->of[i].first = true;
}

void tw_hash_cancel(tw_hashing *h, const void *user)
{
	for (size_t i = 0; h && i < QUESTIONS; i++)
		if (h->of[i].order && h->of[i].user == user)
			h->of[i].done = NULL;
}

tw_err tw_hashing_new(const struct tw_errands_side *side, tw_errands *errands, tw_hashing **ret)
{
	static const enum tw_errand which[WORKERS] = { TW_ERRAND_HASH, TW_ERRAND_HASH_2 };
	tw_hashing *h = TW_NEW(side->sys, tw_hashing);

	if (!h)
		return TW_RAISE(NOMEM, "hashing");
	h->side = *side;
	h->errands = errands;
	*ret = h;
	for (size_t i = 0; i < WORKERS; i++) {
		h->workers[i] = (struct worker){ .all = h, .which = which[i] };
		h->workers[i].deadline = event_new(side->loop, -1, 0, on_deadline, &h->workers[i]);
		if (!h->workers[i].deadline)
			return TW_RAISE(NOMEM, "hashing");
	}
	return TW_OK;
}

tw_hashing *tw_hashing_free(tw_hashing *h)
{
	for (size_t i = 0; h && i < WORKERS; i++)
		if (h->workers[i].deadline)
			event_free(h->workers[i].deadline);
	for (size_t i = 0; h && i < QUESTIONS; i++)
		forget(&h->of[i]);
	free(h);
	return NULL;
}
