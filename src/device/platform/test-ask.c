/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to others, several at a time and each ended once, whatever becomes of the role. Role and loop are played here. */
#include "device/platform/ask.h"

#include "check.h"
#include "device/platform/core.h"
#include "service/errand-line.h"
#include "oom.h"
#include "sys/real.h"

#include <sys/socket.h>

static struct tw_core core;
static struct tw_device *const d = &core.device;
static tw_fake *world;
static tw_channel *line, *far;
static struct tw_errand_user role;
static bool at_work, unlisted, unwilling, soon;
static unsigned begun, ended_at_once;

/* soon: a question's deadline is over at once */
struct timeval tw_core_ms(int64_t ms)
{
	return (struct timeval){ .tv_sec = soon ? 0 : ms / 1000 };
}

struct event *tw_core_watch(struct tw_core *c, int fd, short what, event_callback_fn call, void *user)
{
	return event_new(c->loop, fd, what, call, user);
}

void tw_core_settle(struct tw_core *c)
{
}

tw_err tw_errand_begin(tw_errands *e, enum tw_errand which, const struct tw_channel_row *rows, const struct tw_errand_user *user)
{
	CHECK(!at_work && which == TW_ERRAND_ASK && rows == tw_rows_core_from_ask);
	if (unwilling)
		return TW_RAISE(STATE, "at work");
	at_work = true;
	begun++;
	role = *user;
	return TW_OK;
}

void tw_errand_finish(tw_errands *e, enum tw_errand which, bool at_once)
{
	CHECK(at_work);
	at_work = false;
	ended_at_once += at_once;
}

bool tw_errand_listed(const tw_errands *e, enum tw_errand which)
{
	return !unlisted && which == TW_ERRAND_ASK;
}

struct told {
	unsigned heard, ended;
	enum tw_ask_end how;
	bool suffices; /* what it hears */
	bool asks_anew;
};

static struct tw_ask_want want(struct told *t);

static bool heard(void *user, struct tw_slice datagram)
{
	struct told *t = user;

	t->heard++;
	CHECK(tw_slice_is(datagram, "somebody"));
	return t->suffices;
}

static void ended(void *user, enum tw_ask_end how)
{
	struct told *t = user;
	const struct tw_ask_want again = want(t);

	t->ended++;
	t->how = how;
	if (t->asks_anew) {
		t->asks_anew = false;
		CHECK_OK(tw_ask_begin(d, &again));
	}
}

static struct tw_ask_want want(struct told *t)
{
	struct tw_ask_want w = {
		.ask = { .deadline_ms = 3000, .again_ms = 1000, .packet = TW_SLICE("who?") }, .heard = heard, .ended = ended, .user = t
	};

	CHECK_OK(tw_place_read("192.0.2.1:1812", &w.ask.to));
	return w;
}

static int set_up(void **state)
{
	int pair[2];

	world = tw_fake_new();
	tw_fake_clock(world, true, 0, 1000);
	core = (struct tw_core){ .sys = tw_fake_sys(world), .loop = event_base_new() };
	d->context.sys = core.sys;
	d->errands = (struct tw_errands *)&core; /* never looked into */
	tw_time_init(&d->time, core.sys, 0);
	CHECK_OK(tw_asking_new(&core, &d->asking));
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair) == 0);
	CHECK_OK(tw_channel_new(tw_sys_real(), pair[0], tw_rows_core_from_ask, &line));
	CHECK_OK(tw_channel_new(tw_sys_real(), pair[1], tw_rows_ask_from_core, &far));
	at_work = unlisted = unwilling = soon = false;
	begun = ended_at_once = 0;
	return 0;
}

static int tear_down(void **state)
{
	d->asking = tw_asking_free(d->asking);
	line = tw_channel_free(line);
	far = tw_channel_free(far);
	event_base_free(core.loop);
	world = tw_fake_free(world);
	return 0;
}

static void asks(struct told *t)
{
	const struct tw_ask_want w = want(t);

	CHECK_OK(tw_ask_begin(d, &w));
}

static void is_here(void)
{
	CHECK(at_work);
	role.here(role.user, line);
}

static struct tw_message hears(uint16_t type)
{
	struct tw_message m;

	CHECK_OK(tw_channel_receive(far, &m));
	CHECK_INT(m.type, type);
	return m;
}

static bool hears_nothing(void)
{
	struct tw_message m;

	return tw_is(tw_channel_receive(far, &m), TW_CODE_TIMEOUT);
}

static void says(uint16_t type, uint32_t tag, const char *payload, size_t size)
{
	struct tw_message m = { .type = type, .tag = tag, .payload = { payload, size } };

	role.heard(role.user, line, &m);
}

#define SAYS_SOMEBODY(tag) says(TW_ASK_HEARD, tag, "somebody", 8)

static void test_answered(void **state)
{
	struct told first = { 0 }, second = { .suffices = true };
	struct tw_ask_job a;

	asks(&first);
	CHECK(hears_nothing()); /* before it is there */
	is_here();
	struct tw_message m = hears(TW_ASK_ASK);
	CHECK_OK(tw_ask_job_read(m.payload, &a));
	CHECK(tw_slice_is(a.packet, "who?"));
	asks(&second); /* while the first goes on */
	struct tw_message n = hears(TW_ASK_ASK);
	CHECK(n.tag != m.tag && begun == 1);
	SAYS_SOMEBODY(n.tag);
	CHECK(second.heard == 1 && second.ended == 0 && first.heard == 0);
	CHECK_INT(hears(TW_ASK_ENOUGH).tag, n.tag);
	CHECK(at_work);
	SAYS_SOMEBODY(n.tag); /* late */
	CHECK_INT(second.heard, 1);
	SAYS_SOMEBODY(m.tag);
	SAYS_SOMEBODY(m.tag); /* the first sufficed not */
	CHECK(first.heard == 2 && at_work && hears_nothing());
	says(TW_ASK_ENDED, m.tag, "\1", 1);
	CHECK(first.ended == 1 && first.how == TW_ASK_SILENT);
	CHECK(!at_work && ended_at_once == 0); /* it may stay for the next */
	says(TW_ASK_ENDED, m.tag, "\1", 1);
	CHECK_INT(first.ended, 1);
}

static void test_how_it_ends(void **state)
{
	static const struct {
		const char *says;
		enum tw_ask_end how;
	} rows[] = { { "\1", TW_ASK_SILENT }, { "\2", TW_ASK_UNREACHABLE }, { "\3", TW_ASK_FAILED }, { "\4", TW_ASK_FAILED },
		{ "\0", TW_ASK_FAILED }, { "\xff", TW_ASK_FAILED } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct told t = { 0 };

		asks(&t);
		is_here();
		says(TW_ASK_ENDED, hears(TW_ASK_ASK).tag, rows[i].says, 1);
		CHECK(t.ended == 1 && t.how == rows[i].how);
	}
}

static void test_refused_at_once(void **state)
{
	struct told t[TW_ASK_AT_ONCE + 1] = { { 0 } };
	struct tw_ask_want w = want(&t[0]);

	unlisted = true;
	CHECK_ERR(tw_ask_begin(d, &w), STATE);
	unlisted = false;
	w.ask.packet.size = 0;
	CHECK_ERR(tw_ask_begin(d, &w), SYNTAX);
	w = want(&t[0]);
	unwilling = true;
	CHECK_ERR(tw_ask_begin(d, &w), STATE);
	unwilling = false;
	CHECK(begun == 0 && !at_work);
	for (size_t i = 0; i < TW_ASK_AT_ONCE; i++)
		asks(&t[i]);
	CHECK_ERR(tw_ask_begin(d, &w), LIMIT);
	is_here();
	says(TW_ASK_ENDED, hears(TW_ASK_ASK).tag, "\1", 1);
	CHECK_INT(t[0].ended, 1);
	asks(&t[TW_ASK_AT_ONCE]);
	for (size_t i = 0; i <= TW_ASK_AT_ONCE; i++)
		CHECK_INT(t[i].heard, 0);
}

/* It dies in the middle: each is told, once, and that it could not be asked. */
static void test_the_role_dies(void **state)
{
	struct told first = { 0 }, second = { 0 };

	asks(&first);
	is_here();
	tw_fake_clock(world, true, 0, 5000);
	asks(&second);
	at_work = false;
	role.gone(role.user, "It ended.");
	CHECK(first.ended == 1 && first.how == TW_ASK_FAILED && second.ended == 1 && begun == 1);
	asks(&first);
	CHECK(begun == 2 && at_work); /* and the next is started */
	at_work = false;
	role.gone(role.user, "It could not be started.");
	CHECK(first.ended == 2 && first.how == TW_ASK_FAILED);
}

/* It was leaving just then: asked once more, and no oftener. */
static void test_the_role_was_leaving(void **state)
{
	struct told t = { .suffices = true };

	asks(&t);
	is_here();
	(void)hears(TW_ASK_ASK);
	at_work = false;
	role.gone(role.user, "It ended.");
	CHECK(t.ended == 0 && begun == 2);
	is_here();
	SAYS_SOMEBODY(hears(TW_ASK_ASK).tag);
	CHECK(t.heard == 1 && !at_work);
	asks(&t);
	is_here();
	at_work = false;
	role.gone(role.user, "It ended.");
	is_here();
	at_work = false;
	role.gone(role.user, "It ended.");
	CHECK(t.ended == 1 && begun == 4);
	t = (struct told){ 0 };
	asks(&t);
	is_here();
	at_work = false;
	unwilling = true; /* to come once more */
	role.gone(role.user, "It ended.");
	CHECK(t.ended == 1 && t.how == TW_ASK_FAILED);
}

/* It says nothing beyond the time: it is ended, and all it was asked with it; whoever is told may ask anew. */
static void test_the_role_is_late(void **state)
{
	struct told first = { .asks_anew = true }, second = { 0 };

	asks(&first);
	is_here();
	soon = true;
	asks(&second);
	soon = false;
	CHECK(event_base_loop(core.loop, EVLOOP_ONCE) == 0);
	CHECK(first.ended == 1 && first.how == TW_ASK_FAILED && second.ended == 1);
	CHECK(ended_at_once == 1 && at_work && begun == 2); /* for the one that asked anew */
}

static void test_cancelled(void **state)
{
	struct told first = { 0 }, second = { 0 };

	asks(&first);
	tw_ask_cancel(d, &first);
	CHECK(!at_work && ended_at_once == 0);
	asks(&first);
	is_here();
	asks(&second);
	const uint32_t tag = hears(TW_ASK_ASK).tag;
	(void)hears(TW_ASK_ASK);
	tw_ask_cancel(d, &first);
	CHECK_INT(hears(TW_ASK_ENOUGH).tag, tag);
	SAYS_SOMEBODY(tag);
	says(TW_ASK_ENDED, tag, "\1", 1);
	CHECK(first.heard == 0 && first.ended == 0 && second.ended == 0 && at_work);
}

static tw_err asked(const struct tw_sys *sys, void *user)
{
	struct told t = { 0 };
	const struct tw_ask_want w = want(&t);

	d->asking = tw_asking_free(d->asking);
	core.sys = d->context.sys = sys;
	at_work = false;
	TW_TRY(tw_asking_new(&core, &d->asking));
	TW_TRY(tw_ask_begin(d, &w));
	tw_ask_cancel(d, &t);
	return TW_OK;
}

static void test_without_memory(void **state)
{
	CHECK(oom_sweep(asked, NULL) > 0);
	core.sys = d->context.sys = tw_sys_real();
}

#define PLAYED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
CHECK_MAIN(PLAYED(test_answered), PLAYED(test_how_it_ends), PLAYED(test_refused_at_once), PLAYED(test_the_role_dies),
	PLAYED(test_the_role_was_leaving), PLAYED(test_the_role_is_late), PLAYED(test_cancelled), PLAYED(test_without_memory))
