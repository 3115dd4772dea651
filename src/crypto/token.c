/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to a token: question and answer over a channel, twice. The keystore asks the supervisor, the supervisor asks its worker.
 *
 * Question: u8 op, 8 bytes owner, block16 handle, block16 in. Answer: u8 code; 0: block16 out, block16 more; else what a person reads.
 */
#include "crypto/token.h"

#include "base/cursor.h"
#include "base/log.h"
#include "sys/channel.h"
#include "sys/sandbox.h"
#include "sys/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#define MESSAGE_MAX (16 * 1024)
enum { ASK = 1, ANSWER = 2 };
static const struct tw_channel_row asks[] = { { ASK, 0, 1 + TW_TOKEN_OWNER + 4, MESSAGE_MAX, "question", 0 }, { 0 } };
static const struct tw_channel_row answers[] = { { ANSWER, 0, 1, MESSAGE_MAX, "answer", 0 }, { 0 } };

const struct tw_token_kind_row *tw_token_row(enum tw_token_kind kind)
{
	static const struct tw_token_kind_row *const rows[] = { [TW_TOKEN_TPM] = &tw_token_tpm, [TW_TOKEN_PKCS11] = &tw_token_pkcs11 };
	return rows[kind];
}

/* --- Bytes --- */

void tw_token_answer_init(const struct tw_sys *sys, struct tw_token_answer *a)
{
	tw_buf_init(&a->out, sys, TW_TOKEN_HANDLE_MAX);
	tw_buf_init(&a->more, sys, TW_TOKEN_HANDLE_MAX);
}

void tw_token_answer_done(struct tw_token_answer *a)
{
	tw_buf_wipe(&a->out);
	tw_buf_wipe(&a->more);
}

static tw_err write_question(const struct tw_token_question *q, struct tw_buf *b)
{
	TW_TRY(tw_buf_reserve(b, 1 + sizeof q->owner + 4 + q->handle.size + q->in.size));
	TW_TRY(tw_buf_u8(b, q->op));
	TW_TRY(tw_buf_add(b, q->owner, sizeof q->owner));
	TW_TRY(tw_buf_block16(b, q->handle.at, q->handle.size));
	return tw_buf_block16(b, q->in.at, q->in.size);
}

static tw_err read_question(struct tw_slice text, struct tw_token_question *ret)
{
	struct tw_cursor c = tw_cursor_of(text.at, text.size);
	TW_TRY(tw_cursor_u8(&c, &ret->op));
	TW_TRY(tw_cursor_bytes(&c, ret->owner, sizeof ret->owner));
	TW_TRY(tw_cursor_block16(&c, TW_TOKEN_HANDLE_MAX, &ret->handle));
	TW_TRY(tw_cursor_block16(&c, MESSAGE_MAX, &ret->in));
	return tw_cursor_end(&c);
}

static tw_err write_failure(tw_err why, struct tw_buf *b)
{
	tw_buf_clear(b);
	TW_TRY(tw_buf_u8(b, (uint8_t)why.code));
	return tw_buf_text(b, tw_err_detail());
}

static tw_err write_answer(const struct tw_token_answer *a, struct tw_buf *b)
{
	TW_TRY(tw_buf_u8(b, TW_CODE_OK));
	TW_TRY(tw_buf_block16(b, a->out.data, a->out.size));
	return tw_buf_block16(b, a->more.data, a->more.size);
}

/* What the token's software made of it is not believed: sizes are checked, and the callers check what they know. */
static tw_err read_answer(struct tw_slice text, struct tw_token_answer *ret)
{
	struct tw_cursor c = tw_cursor_of(text.at, text.size);
	struct tw_slice out, more;
	uint8_t code;
	TW_TRY(tw_cursor_u8(&c, &code));
	if (code > TW_CODE_INTERNAL)
		return TW_RAISE(CLOSED, "the token's process answers with code %u, which is none", code);
	if (code != TW_CODE_OK)
		return tw_raise((enum tw_code)code, __func__, __LINE__, "%.*s", (int)(text.size - 1), text.at + 1);
	if (tw_failed(tw_cursor_block16(&c, TW_TOKEN_HANDLE_MAX, &out)) ||
		tw_failed(tw_cursor_block16(&c, TW_TOKEN_HANDLE_MAX, &more)) || tw_failed(tw_cursor_end(&c)))
		return TW_RAISE(CLOSED, "the token's process answers %zu bytes that are none", text.size);
	TW_TRY(tw_buf_reserve(&ret->out, out.size + 1));
	TW_TRY(tw_buf_add(&ret->out, out.at, out.size));
	TW_TRY(tw_buf_reserve(&ret->more, more.size + 1));
	return tw_buf_add(&ret->more, more.at, more.size);
}

/* --- The keystore's end --- */

struct tw_token {
	const struct tw_sys *sys;
	tw_channel *channel;
	bool in_turn, asked, paused;
	struct timespec turn; /* when it began */
};

tw_err tw_token_new(const struct tw_sys *sys, int fd, tw_token **ret)
{
	TW_CLEANUP(tw_token_freep) tw_token *t = TW_NEW(sys, tw_token);
	if (!t)
		return TW_RAISE(NOMEM, "the way to the token");
	t->sys = sys;
	TW_TRY(tw_channel_new(sys, fd, answers, &t->channel));
	*ret = TW_STEAL(t);
	return TW_OK;
}

tw_token *tw_token_free(tw_token *t)
{
	if (t)
		(void)tw_channel_free(t->channel);
	free(t);
	return NULL;
}

int tw_token_fd(const tw_token *t)
{
	return tw_channel_fd(t->channel);
}

void tw_token_turn(tw_token *t)
{
	t->in_turn = true;
	t->asked = t->paused = false;
	if (t->sys->clock(t->sys, CLOCK_BOOTTIME, &t->turn))
		t->turn = (struct timespec){ 0 }; /* then only one question fits */
}

void tw_token_turn_end(tw_token *t)
{
	t->in_turn = t->paused = false;
}

bool tw_token_in_turn(const tw_token *t)
{
	return t->in_turn;
}

bool tw_token_fits(const tw_token *t)
{
	struct timespec now = { 0 };
	if (!t->in_turn || !t->asked)
		return true;
	if (t->sys->clock(t->sys, CLOCK_BOOTTIME, &now))
		return false;
	return (now.tv_sec - t->turn.tv_sec) * 1000 + (now.tv_nsec - t->turn.tv_nsec) / 1000000 <= TW_TOKEN_QUICK_MS;
}

tw_err tw_token_pause(tw_token *t)
{
	if (tw_token_fits(t))
		return TW_OK;
	t->paused = true;
	return TW_RAISE(TIMEOUT, "the token is slow, and what was asked is not done yet; asked again it goes on");
}

bool tw_token_paused(const tw_token *t)
{
	return t->paused;
}

tw_err tw_token_ask(tw_token *t, const struct tw_token_question *q, struct tw_token_answer *ret)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	struct tw_message m;
	t->asked = true;
	tw_buf_init(&b, t->sys, MESSAGE_MAX);
	TW_TRY(write_question(q, &b));
	tw_err e = tw_channel_call(t->channel, ASK, b.data, b.size, ANSWER, TW_TOKEN_TIMEOUT_MS, &m);
	if (tw_is(e, TW_CODE_CLOSED))
		return TW_RAISE(CLOSED, "the process that speaks to the token has ended; it starts again with the keys role");
	if (tw_is(e, TW_CODE_UNTRUSTED)) /* it broke the channel's rules, nobody else did */
		return TW_RAISE(CLOSED, "the process that speaks to the token does not answer as it should");
	TW_TRY(e);
	e = read_answer(m.payload, ret);
	tw_wipe((void *)(uintptr_t)m.payload.at, m.payload.size);
	return e;
}

/* --- The worker --- */

struct work {
	const struct tw_sys *sys;
	struct tw_token_plan *plan;
	int outer; /* the supervisor's own channel */
};

static tw_err do_question(const struct work *w, const struct tw_message *m, struct tw_buf *b)
{
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	struct tw_token_question q;
	tw_token_answer_init(w->sys, &a);
	TW_TRY(read_question(m->payload, &q));
	TW_TRY(tw_token_row(w->plan->kind)->ask(w->sys, w->plan, &q, &a));
	return write_answer(&a, b);
}

static tw_err answer(const struct work *w, tw_channel *c, const struct tw_message *m)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	tw_buf_init(&b, w->sys, MESSAGE_MAX);
	tw_err e = do_question(w, m, &b);
	if (tw_failed(e))
		e = write_failure(e, &b);
	tw_wipe((void *)(uintptr_t)m->payload.at, m->payload.size);
	TW_TRY(e);
	return tw_channel_send(c, ANSWER, m->tag, b.data, b.size, NULL, 0);
}

static void work(void *user, int fd)
{
	const struct work *w = user;
	tw_channel *c = NULL;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct tw_message m;
	tw_closep(&(int){ w->outer });
	tw_err e = tw_channel_new(w->sys, fd, asks, &c);
	while (!tw_failed(e)) {
		e = tw_channel_receive(c, &m);
		if (tw_is(e, TW_CODE_TIMEOUT))
			e = w->sys->poll(w->sys, &p, 1, -1) < 0 && errno != EINTR ? TW_RAISE_ERRNO("waiting for a question") : TW_OK;
		else if (!tw_failed(e))
			e = answer(w, c, &m);
	}
	(void)tw_channel_free(c);
}

/* --- The supervisor --- */

struct supervisor {
	const struct tw_sys *sys;
	struct tw_token_plan *plan;
	tw_channel *keystore, *worker;
	struct tw_buf answer;
	pid_t pid;
};

static void end_worker(struct supervisor *s)
{
	s->worker = tw_channel_free(s->worker);
	tw_worker_end(s->pid);
	s->pid = 0;
}

static tw_err need_worker(struct supervisor *s)
{
	struct work w = { s->sys, s->plan, tw_channel_fd(s->keystore) };
	TW_CLEANUP(tw_closep) int fd = -1;
	if (s->worker)
		return TW_OK;
	TW_TRY(tw_worker_start(s->sys, work, &w, &s->pid, &fd));
	tw_err e = tw_channel_new(s->sys, fd, answers, &s->worker);
	if (tw_failed(e))
		end_worker(s);
	else
		fd = -1;
	return e;
}

static tw_err call_worker(struct supervisor *s, const struct tw_message *question, struct tw_message *ret)
{
	tw_err e = tw_channel_call(s->worker, ASK, question->payload.at, question->payload.size, ANSWER, TW_TOKEN_LIMIT_MS, ret);
	if (tw_failed(e))
		end_worker(s);
	return e;
}

/*
 * A worker that ends while it says the PIN may have been killed by somebody else, and a device whose keys stay out of reach for that would
 * be the worse one: so the PIN is said once more, unless the token counts a wrong one. That is within the same question: the second end
 * is known as such to whoever asks, and written down, before anybody has had the occasion to begin anew. One that hangs was killed by nobody.
 */
static bool may_say_pin_again(struct tw_token_plan *plan, tw_err e)
{
	if (!tw_failed(e) || tw_is(e, TW_CODE_TIMEOUT) || *plan->pin != TW_PIN_TRYING || plan->doubt)
		return false;
	*plan->pin = TW_PIN_UNSAID;
	plan->doubt = true;
	return true;
}

static tw_err relay(struct supervisor *s, const struct tw_message *question, struct tw_message *ret)
{
	TW_TRY(need_worker(s));
	tw_err e = call_worker(s, question, ret);
	if (may_say_pin_again(s->plan, e)) {
		TW_TRY(need_worker(s));
		e = call_worker(s, question, ret);
	}
	if (!tw_failed(e))
		return TW_OK;
	if (*s->plan->pin == TW_PIN_TRYING || *s->plan->pin == TW_PIN_REFUSED) {
		s->plan->refused = true;
		return TW_RAISE(DENIED, "the token's software %s while it was told the PIN, and it is not said again",
			tw_is(e, TW_CODE_TIMEOUT) ? "did not answer" : "crashed");
	}
	if (tw_is(e, TW_CODE_TIMEOUT))
		return TW_RAISE(TIMEOUT, "the token does not answer in %d ms; its software was ended and starts again with the next call",
			TW_TOKEN_LIMIT_MS);
	return TW_RAISE(CLOSED, "the token's software has crashed; it starts again with the next call");
}

/* A worker that is gone forgets that the PIN was refused; the one after it is told. A module that has lost its token is best begun anew. */
static void note(struct supervisor *s, struct tw_slice answer)
{
	if ((uint8_t)answer.at[0] == TW_CODE_DENIED)
		s->plan->refused = true;
	if (*s->plan->pin == TW_PIN_TAKEN)
		s->plan->doubt = false;
	if ((uint8_t)answer.at[0] == TW_CODE_CLOSED)
		end_worker(s);
}

static tw_err serve(struct supervisor *s, const struct tw_message *question)
{
	struct tw_buf *b = &s->answer;
	struct tw_message m;
	tw_err e = relay(s, question, &m);
	tw_wipe((void *)(uintptr_t)question->payload.at, question->payload.size);
	if (tw_failed(e)) {
		TW_TRY(write_failure(e, b));
	} else {
		tw_buf_clear(b);
		TW_TRY(tw_buf_add(b, m.payload.at, m.payload.size));
		tw_wipe((void *)(uintptr_t)m.payload.at, m.payload.size);
	}
	note(s, tw_buf_slice(b));
	e = tw_channel_send(s->keystore, ANSWER, question->tag, b->data, b->size, NULL, 0);
	tw_wipe(b->data, b->size);
	return e;
}

/* What it needs to answer it has from the start: a moment without memory is no reason for it to end. */
static tw_err prepare(struct supervisor *s, int fd)
{
	void *pin;
	TW_TRY(tw_worker_shared(sizeof *s->plan->pin, &pin));
	s->plan->pin = pin;
	tw_buf_init(&s->answer, s->sys, MESSAGE_MAX);
	TW_TRY(tw_buf_reserve(&s->answer, MESSAGE_MAX - 1));
	return tw_channel_new(s->sys, fd, asks, &s->keystore);
}

void tw_token_supervise(const struct tw_sys *sys, struct tw_token_plan *plan, int fd)
{
	struct supervisor s = { .sys = sys, .plan = plan };
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct tw_message m;
	tw_err e = prepare(&s, fd);
	while (!tw_failed(e)) {
		e = tw_channel_receive(s.keystore, &m);
		if (tw_is(e, TW_CODE_TIMEOUT))
			e = sys->poll(sys, &p, 1, -1) < 0 && errno != EINTR ? TW_RAISE_ERRNO("waiting for a question") : TW_OK;
		else if (!tw_failed(e))
			e = serve(&s, &m);
	}
	if (!tw_is(e, TW_CODE_CLOSED))
		tw_log_err(e, "the process that speaks to the token ends");
	end_worker(&s);
	tw_buf_wipe(&s.answer);
	(void)tw_channel_free(s.keystore);
}

/* --- Starting --- */

struct start {
	const struct tw_sys *sys;
	struct tw_token_plan plan;
	uid_t uid;
	gid_t gid;
};

static void run_plain(void *user, int fd)
{
	struct start *s = user;
	tw_token_supervise(s->sys, &s->plan, fd);
}

tw_err tw_token_start(const struct tw_sys *sys, const struct tw_token_plan *plan, tw_token **ret)
{
	struct start s = { .sys = sys, .plan = *plan };
	TW_CLEANUP(tw_closep) int fd = -1;
	pid_t pid;
	TW_TRY(tw_worker_start(sys, run_plain, &s, &pid, &fd));
	TW_TRY(tw_token_new(sys, fd, ret));
	fd = -1;
	return TW_OK;
}

/* --- In a box --- */

/* What every module needs to be loaded: the C library, others, and where they are. */
static const char *const loaded_from[] = { "/usr/lib", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/ssl/openssl.cnf" };
#define PATHS_MAX (2 + TW_COUNT(loaded_from) + 1)

struct box {
	int fds[PATHS_MAX];
	size_t count, writable;
};

/* A path that is not there is one that nobody opens. */
static void allow(const struct tw_sys *sys, struct box *b, const char *path)
{
	int fd = *path ? sys->open_path(sys, path, O_PATH | O_CLOEXEC, 0) : -1;
	if (fd >= 0)
		b->fds[b->count++] = fd;
}

/* @nist DP.CKM.2: beneath `files` it may write, read what is named, and load libraries; nothing else of the disk is its */
static void open_paths(const struct tw_sys *sys, const struct tw_token_plan *plan, struct box *b)
{
	allow(sys, b, plan->files);
	b->writable = b->count;
	allow(sys, b, plan->reads);
	if (plan->kind == TW_TOKEN_PKCS11)
		allow(sys, b, plan->path);
	for (size_t i = 0; i < TW_COUNT(loaded_from); i++)
		allow(sys, b, loaded_from[i]);
}

static void run_boxed(void *user, int fd)
{
	struct start *s = user;
	struct box b = { .count = 0 };
	struct tw_sandbox_state state;
	tw_err e = tw_worker_keep(fd, s->plan.fd);
	if (!tw_failed(e)) {
		s->plan.fd = TW_WORKER_SECOND;
		open_paths(s->sys, &s->plan, &b);
		const struct tw_sandbox box = { .role = "token",
			.uid = s->uid,
			.gid = s->gid,
			.keep_fds = TW_WORKER_SECOND + 1 + (int)b.count,
			.want = TW_WANT_FILES | TW_WANT_MODULE,
			.dirs = b.fds,
			.dir_count = b.count,
			.read_only = b.count - b.writable };
		e = tw_sandbox_enter(&box, &state);
	}
	for (size_t i = 0; i < b.count; i++)
		(void)s->sys->close(s->sys, b.fds[i]);
	if (tw_failed(e))
		tw_log_err(e, "the sandbox of what speaks to the token does not stand, so nothing is done");
	else
		tw_token_supervise(s->sys, &s->plan, TW_WORKER_FIRST);
}

tw_err tw_token_begin(const struct tw_sys *sys, const struct tw_token_plan *plan, uid_t uid, gid_t gid, int *ret_fd)
{
	struct start s = { .sys = sys, .plan = *plan, .uid = uid, .gid = gid };
	pid_t pid;
	return tw_worker_start(sys, run_boxed, &s, &pid, ret_fd);
}
