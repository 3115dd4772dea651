/* SPDX-License-Identifier: Apache-2.0 */
/* The library against a door that the test itself holds: each answer, a lost connection, too many questions. */
#include "thingward/thingward.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "check.h"
#include "sys/application.h"
#include "sys/real.h"

#include <poll.h>
#include <pthread.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct door {
	char path[64];
	int fd;
	tw_channel *peer;
	thingward *t;
	bool ticket; /* authorize has counted one */
};

static void open_door(struct door *d)
{
	const struct tw_sys *sys = tw_sys_real();
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void)snprintf(d->path, sizeof d->path, "/tmp/tw-lib-%d", (int)getpid());
	(void)unlink(d->path);
	memcpy(at.sun_path, d->path, strlen(d->path));
	d->fd = sys->socket(sys, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	CHECK_INT(sys->bind(sys, d->fd, (struct sockaddr *)&at, sizeof at), 0);
	CHECK_INT(sys->listen(sys, d->fd, 1), 0);
	CHECK_INT(thingward_open(d->path, &d->t), THINGWARD_OK);
	CHECK_OK(tw_channel_new(sys, sys->accept(sys, d->fd, NULL, NULL), tw_rows_device_from_app, &d->peer));
}

static void close_door(struct door *d)
{
	d->t = thingward_close(d->t);
	d->peer = tw_channel_free(d->peer);
	(void)close(d->fd);
	(void)unlink(d->path);
}

struct seen {
	uint32_t ticket;
	int result;
	char value[64], why[64];
};

static void note(void *user, uint32_t ticket, int result, const char *value, const char *why)
{
	struct seen *s = user;

	s->ticket = ticket;
	s->result = result;
	(void)snprintf(s->value, sizeof s->value, "%s", value);
	(void)snprintf(s->why, sizeof s->why, "%s", why);
}

static void test_posts_and_answers(void **state)
{
	static const char refusal[] = "\0\4rule\0\3why", value[] = "\0\2on";
	struct door d;
	struct seen s = { 0 };
	struct tw_message m;
	uint32_t ticket = 0;

	open_door(&d);
	thingward_on_answer(d.t, note, &s);
	CHECK_INT(thingward_post_event(d.t, "application.x", "{\"a\":1}", &ticket), THINGWARD_OK);
	CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK_INT(m.type, TW_APP_EVENT);
	CHECK_INT(m.tag, ticket);
	CHECK_BYTES(m.payload.at, "\0\15application.x\0\7{\"a\":1}", 24);
	CHECK_INT(thingward_pending(d.t), 1);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_ACK, ticket, NULL, 0, NULL, 0));
	CHECK_INT(thingward_dispatch(d.t), THINGWARD_OK);
	CHECK_INT(s.ticket, ticket);
	CHECK_INT(s.result, THINGWARD_OK);
	CHECK_INT(thingward_pending(d.t), 0);

	CHECK_INT(thingward_post_health(d.t, "sensor", 0, "cold", &ticket), THINGWARD_OK);
	CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK_BYTES(m.payload.at, "\0\6sensor\0\0\4cold", 15);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_REFUSED, ticket, refusal, sizeof refusal - 1, NULL, 0));
	CHECK_INT(thingward_dispatch(d.t), THINGWARD_OK);
	CHECK_INT(s.result, THINGWARD_REFUSED);
	CHECK_TEXT(s.why, "rule: why");

	CHECK_INT(thingward_post_setting(d.t, "application.y", &ticket), THINGWARD_OK);
	CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK_OK(tw_channel_send(d.peer, TW_APP_SETTING_IS, ticket, value, sizeof value - 1, NULL, 0));
	CHECK_INT(thingward_dispatch(d.t), THINGWARD_OK);
	CHECK_TEXT(s.value, "on");
	close_door(&d);
}

/* One question that waits, its answer there already. */
static int authorize(struct door *d, uint16_t type, const char *answer, size_t size, char *account)
{
	static uint32_t ticket;

	ticket = d->ticket ? ticket : 0;
	d->ticket = true;
	CHECK_OK(tw_channel_send(d->peer, type, ++ticket, answer, size, NULL, 0));
	return thingward_authorize(d->t, "pass", "application.a.b", account);
}

/* Yes is one answer, and nothing else is. */
static void test_who_may_what(void **state)
{
	char account[THINGWARD_ACCOUNT_MAX] = "before", longest[2 + 24];
	struct door d = { .fd = -1 };
	struct tw_message m;

	open_door(&d);
	CHECK_INT(authorize(&d, TW_APP_ALLOWED, "\0\3a17", 5, account), THINGWARD_OK);
	CHECK_TEXT(account, "a17");
	CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK_INT(m.type, TW_APP_AUTHORIZE);
	CHECK_BYTES(m.payload.at, "\0\17application.a.b\0\4pass", 23);
	CHECK_INT(authorize(&d, TW_APP_ALLOWED, "\0\0", 2, account), THINGWARD_OK);
	CHECK_TEXT(account, "");
	memset(longest, 'a', sizeof longest);
	longest[0] = 0;
	longest[1] = 24;
	CHECK_INT(authorize(&d, TW_APP_ALLOWED, longest, sizeof longest, account), THINGWARD_OK);
	CHECK_INT(strlen(account), 24);
	CHECK_INT(authorize(&d, TW_APP_ALLOWED, "\0\1a", 3, NULL), THINGWARD_OK);
	CHECK_INT(authorize(&d, TW_APP_REFUSED, "\0\17gate.permission\0\2no", 21, account), THINGWARD_REFUSED);
	CHECK_TEXT(thingward_why(d.t), "gate.permission: no");
	CHECK_INT(strlen(account), 24);
	CHECK_INT(authorize(&d, TW_APP_ACK, NULL, 0, account), THINGWARD_GONE);
	CHECK_INT(authorize(&d, TW_APP_SETTING_IS, "\0\1a", 3, account), THINGWARD_GONE);
	CHECK_INT(authorize(&d, TW_APP_RESULT, "\1", 1, account), THINGWARD_GONE);
	CHECK_INT(strlen(account), 24);
	close_door(&d);
}

/* What the device is asked, and answers: by a thread, since an answer that is there before its question is none. */
struct step {
	uint16_t asked, type;
	const char *words, *answer; /* in the payload, behind its lengths; of a setting its value */
};
struct script {
	tw_channel *peer;
	const struct step *steps;
	size_t count, good;
};

static bool play(tw_channel *peer, const struct step *s)
{
	struct pollfd p = { .fd = tw_channel_fd(peer), .events = POLLIN };
	char payload[64] = { 0 };
	struct tw_message m;

	if (poll(&p, 1, 4000) != 1 || tw_failed(tw_channel_receive(peer, &m)) || m.type != s->asked ||
		!memmem(m.payload.at, m.payload.size, s->words, strlen(s->words)))
		return false;
	payload[1] = (char)strlen(s->answer);
	memcpy(payload + 2, s->answer, strlen(s->answer));
	return !tw_failed(tw_channel_send(peer, s->type, m.tag, payload,
		s->type == TW_APP_ACK                  ? 0
			: s->type == TW_APP_SETTING_IS ? 2 + strlen(s->answer)
						       : 4 + strlen(s->answer),
		NULL, 0));
}

static void *play_all(void *user)
{
	struct script *s = user;

	for (size_t i = 0; i < s->count && play(s->peer, &s->steps[i]); i++)
		s->good++;
	return NULL;
}

/* @nist LA.IC.11: what is out of its range, or comes too often, does not get through, and that is told once */
static void test_inputs_and_outputs(void **state)
{
	static const struct step steps[] = {
		{ TW_APP_SETTING, TW_APP_SETTING_IS, "application.output.heating.min", "-5" },
		{ TW_APP_SETTING, TW_APP_SETTING_IS, "application.output.heating.max", "30" },
		{ TW_APP_SETTING, TW_APP_SETTING_IS, "application.output.heating.rate", "10" },
		/* What is remembered is not asked for again; the first refusal is told, and no other within the minute. */
		{ TW_APP_EVENT, TW_APP_ACK, "{\"name\":\"output.heating\",\"rule\":\"output.range\",\"value\":31,\"count\":1}", "" },
		/* An input of that name is another one. */
		{ TW_APP_SETTING, TW_APP_SETTING_IS, "application.input.heating.min", "0" },
		{ TW_APP_SETTING, TW_APP_SETTING_IS, "application.input.heating.max", "1" },
		{ TW_APP_SETTING, TW_APP_SETTING_IS, "application.input.heating.rate", "60000" },
		/* What the owner changed is asked for a moment later; a refusal is one whether or not the log takes it. */
		{ TW_APP_SETTING, TW_APP_SETTING_IS, "application.input.heating.min", "0" },
		{ TW_APP_SETTING, TW_APP_SETTING_IS, "application.input.heating.max", "0" },
		{ TW_APP_SETTING, TW_APP_SETTING_IS, "application.input.heating.rate", "60000" },
		{ TW_APP_EVENT, TW_APP_REFUSED, "\"rule\":\"input.range\",\"value\":1,\"count\":1}", "application.budget" },
	};
	struct script script = { .steps = steps, .count = TW_COUNT(steps) };
	struct door d = { .fd = -1 };
	pthread_t device;

	open_door(&d);
	script.peer = d.peer;
	CHECK_INT(pthread_create(&device, NULL, play_all, &script), 0);
	CHECK_INT(thingward_output(d.t, "heating", 30), THINGWARD_OK);
	CHECK_INT(thingward_output(d.t, "heating", 31), THINGWARD_REFUSED);
	CHECK_TEXT(thingward_why(d.t), "output.range: 'heating' may be -5 to 30, not 31");
	CHECK_INT(thingward_output(d.t, "heating", -6), THINGWARD_REFUSED);
	CHECK_INT(thingward_output(d.t, "heating", -5), THINGWARD_OK);
	CHECK_INT(thingward_output(d.t, "heating", -5), THINGWARD_REFUSED);
	CHECK_TEXT(thingward_why(d.t), "output.rate: 'heating' may come 10 times a minute");
	CHECK_INT(thingward_input(d.t, "heating", 1), THINGWARD_OK);
	CHECK_INT(usleep(550000), 0);
	CHECK_INT(thingward_input(d.t, "heating", 1), THINGWARD_REFUSED);
	CHECK_TEXT(thingward_why(d.t), "input.range: 'heating' may be 0 to 0, not 1");
	CHECK_INT(pthread_join(device, NULL), 0);
	CHECK_INT(script.good, TW_COUNT(steps));
	close_door(&d);
}

static void test_no_such_input(void **state)
{
	static const char refusal[] = "\0\33application.setting-unknown\0\2no";
	struct door d = { .fd = -1 };
	static struct step steps[32 * 3];
	struct script script = { .steps = steps, .count = TW_COUNT(steps) };
	struct tw_message m;
	pthread_t device;
	char name[8];

	open_door(&d);
	script.peer = d.peer;
	struct pollfd waiting = { .fd = tw_channel_fd(d.peer), .events = POLLIN };
	CHECK_OK(tw_channel_send(d.peer, TW_APP_REFUSED, 1, refusal, sizeof refusal - 1, NULL, 0));
	CHECK_INT(thingward_input(d.t, "wish", 1), THINGWARD_REFUSED);
	CHECK_TEXT(thingward_why(d.t), "input.unknown: the product declares no input 'wish'");
	CHECK_INT(thingward_input(d.t, "", 1), THINGWARD_INVALID);
	CHECK_INT(thingward_input(d.t, NULL, 1), THINGWARD_INVALID);
	CHECK_INT(thingward_output(d.t, "a.b", 1), THINGWARD_INVALID);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_SETTING_IS, 2, "\0\2on", 4, NULL, 0));
	CHECK_INT(thingward_input(d.t, "wish", 1), THINGWARD_GONE);
	/* However many are asked for that there are not: all that there can be have their place. */
	for (uint32_t i = 0; i < 40; i++) {
		(void)snprintf(name, sizeof name, "no%u", i);
		CHECK_OK(tw_channel_send(d.peer, TW_APP_REFUSED, 3 + i, refusal, sizeof refusal - 1, NULL, 0));
		CHECK_INT(thingward_input(d.t, name, 1), THINGWARD_REFUSED);
	}
	for (size_t i = 0; i < TW_COUNT(steps); i++)
		steps[i] = (struct step){ TW_APP_SETTING, TW_APP_SETTING_IS, "application.input.n", "60000" };
	while (poll(&waiting, 1, 0) == 1) /* what was answered before it was asked */
		CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK_INT(pthread_create(&device, NULL, play_all, &script), 0);
	for (int i = 0; i < 32; i++) {
		(void)snprintf(name, sizeof name, "n%d", i);
		CHECK_INT(thingward_input(d.t, name, 60000), THINGWARD_OK);
	}
	CHECK_INT(pthread_join(device, NULL), 0);
	CHECK_INT(script.good, script.count);
	CHECK_INT(thingward_input(d.t, "more", 1), THINGWARD_INVALID);
	close_door(&d);
	open_door(&d);
	d.peer = tw_channel_free(d.peer);
	CHECK_INT(thingward_input(d.t, "wish", 1), THINGWARD_GONE);
	close_door(&d);
}

struct question {
	uint8_t challenge[THINGWARD_CHALLENGE_SIZE];
	char account[THINGWARD_ACCOUNT_MAX];
	int asked, over;
};

static void take_question(void *user, const uint8_t challenge[THINGWARD_CHALLENGE_SIZE], const char *account)
{
	struct question *q = user;

	memcpy(q->challenge, challenge, sizeof q->challenge);
	(void)snprintf(q->account, sizeof q->account, "%s", account ? account : "");
	q->asked += account != NULL;
	q->over += account == NULL;
}

/* A provider says who it is, is asked, and answers; questions that come by on the way are not answers. */
static void test_a_provider(void **state)
{
	static const char asked[] = "0123456789abcdef\0\3a17", long_name[] = "abcdefghijklmnopqrstuvwxyz0123456";
	struct door d = { .fd = -1 };
	struct question q = { .asked = 0 };
	struct tw_message m;

	open_door(&d);
	CHECK_INT(thingward_provide(d.t, "", 0, take_question, &q), THINGWARD_INVALID);
	CHECK_INT(thingward_provide(d.t, NULL, 0, take_question, &q), THINGWARD_INVALID);
	CHECK_INT(thingward_provide(d.t, long_name, 0, take_question, &q), THINGWARD_INVALID);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_ASKED, 0, asked, sizeof asked - 1, NULL, 0));
	CHECK_OK(tw_channel_send(d.peer, TW_APP_ACK, 1, NULL, 0, NULL, 0));
	CHECK_INT(thingward_provide(d.t, "reader", 1, take_question, &q), THINGWARD_OK);
	CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK_INT(m.type, TW_APP_PROVIDE);
	CHECK_BYTES(m.payload.at, "\1\0\6reader", 9);
	CHECK_INT(q.asked, 1);
	CHECK_TEXT(q.account, "a17");
	CHECK_BYTES(q.challenge, asked, sizeof q.challenge);
	CHECK_INT(thingward_pending(d.t), 0);

	CHECK_OK(tw_channel_send(d.peer, TW_APP_REFUSED, 2, "\0\1r\0\1w", 6, NULL, 0));
	CHECK_INT(thingward_verdict(d.t, q.challenge, THINGWARD_YES), THINGWARD_REFUSED);
	CHECK_TEXT(thingward_why(d.t), "r: w");
	CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK_INT(m.type, TW_APP_VERDICT);
	CHECK_BYTES(m.payload.at, "0123456789abcdef\1", 17);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_OVER, 0, asked, THINGWARD_CHALLENGE_SIZE, NULL, 0));
	CHECK_INT(thingward_dispatch(d.t), THINGWARD_OK);
	CHECK_INT(q.over, 1);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_ACK, 3, NULL, 0, NULL, 0));
	CHECK_INT(thingward_verdict(d.t, q.challenge, THINGWARD_CANNOT), THINGWARD_OK);
	CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK_INT(m.payload.at[THINGWARD_CHALLENGE_SIZE], 2);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_ASKED, 0, "0123456789abcdef\0\4a17", 21, NULL, 0));
	CHECK_INT(thingward_dispatch(d.t), THINGWARD_GONE);
	CHECK_INT(q.asked, 1);
	close_door(&d);
}

/* A press is said by when the button went down, which the device's clock knows. */
static void test_a_button(void **state)
{
	struct door d = { .fd = -1 };
	struct timespec at;
	struct tw_message m;
	uint64_t down = 0;
	uint32_t held = 0;

	open_door(&d);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_ACK, 1, NULL, 0, NULL, 0));
	CHECK_INT(thingward_present(d.t, THINGWARD_HOLD_MS, 20), THINGWARD_OK);
	CHECK_INT(clock_gettime(CLOCK_BOOTTIME, &at), 0);
	CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK_INT(m.type, TW_APP_PRESENT);
	struct tw_cursor in = tw_cursor_of(m.payload.at, m.payload.size);
	CHECK_OK(tw_cursor_u64(&in, &down));
	CHECK_OK(tw_cursor_u32(&in, &held));
	CHECK_INT(held, 5000);
	const int64_t ago = (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000 - (int64_t)down;
	CHECK(ago >= 5020 && ago < 10000);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_REFUSED, 2, "\0\1r\0\1w", 6, NULL, 0));
	CHECK_INT(thingward_present(d.t, 0, 0), THINGWARD_REFUSED);
	CHECK_TEXT(thingward_why(d.t), "r: w");
	if (at.tv_sec < UINT32_MAX / 1000) /* nobody held it before there was a boot */
		CHECK_INT(thingward_present(d.t, UINT32_MAX, 0), THINGWARD_INVALID);
	close_door(&d);
}

struct page {
	uint8_t notice[THINGWARD_NOTICE_ID];
	char text[TW_APP_NOTICE_MAX + 1];
	int times;
};

static void take_page(void *user, const uint8_t notice[THINGWARD_NOTICE_ID], const char *text)
{
	struct page *p = user;

	memcpy(p->notice, notice, sizeof p->notice);
	(void)snprintf(p->text, sizeof p->text, "%s", text);
	p->times++;
}

/* A display says how large it is, is told the notice, and says what it shows. */
static void test_a_display(void **state)
{
	static char longest[THINGWARD_NOTICE_ID + TW_APP_NOTICE_MAX] = "0123456789abcdef0123456789abcdefa\fb";
	struct door d = { .fd = -1 };
	struct page p = { .times = 0 };
	struct tw_message m;

	open_door(&d);
	CHECK_INT(thingward_display(d.t, 65536, 4, take_page, &p), THINGWARD_INVALID);
	CHECK_INT(thingward_display(d.t, 20, 65536, take_page, &p), THINGWARD_INVALID);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_NOTICE, 0, longest, THINGWARD_NOTICE_ID + 3, NULL, 0));
	CHECK_OK(tw_channel_send(d.peer, TW_APP_ACK, 1, NULL, 0, NULL, 0));
	CHECK_INT(thingward_display(d.t, 20, 260, take_page, &p), THINGWARD_OK);
	CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK_INT(m.type, TW_APP_SCREEN);
	CHECK_BYTES(m.payload.at, "\0\24\1\4", 4);
	CHECK_INT(p.times, 1);
	CHECK_TEXT(p.text, "a\fb");
	CHECK_BYTES(p.notice, longest, sizeof p.notice);

	CHECK_OK(tw_channel_send(d.peer, TW_APP_ACK, 2, NULL, 0, NULL, 0));
	CHECK_INT(thingward_shows(d.t, p.notice, 0), THINGWARD_OK);
	CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK_INT(m.type, TW_APP_SHOWS);
	CHECK_BYTES(m.payload.at, "0123456789abcdef0123456789abcdef\0", 33);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_REFUSED, 3, "\0\1r\0\1w", 6, NULL, 0));
	CHECK_INT(thingward_shows(d.t, p.notice, 7), THINGWARD_REFUSED);
	CHECK_TEXT(thingward_why(d.t), "r: w");
	CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK_INT(m.payload.at[THINGWARD_NOTICE_ID], 1);

	memset(longest + THINGWARD_NOTICE_ID, 'x', TW_APP_NOTICE_MAX);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_NOTICE, 0, longest, sizeof longest, NULL, 0));
	CHECK_INT(thingward_dispatch(d.t), THINGWARD_OK);
	CHECK_INT(strlen(p.text), TW_APP_NOTICE_MAX);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_NOTICE, 0, longest, THINGWARD_NOTICE_ID, NULL, 0)); /* there is none */
	CHECK_INT(thingward_dispatch(d.t), THINGWARD_OK);
	CHECK_TEXT(p.text, "");
	CHECK_INT(p.times, 3);
	CHECK_INT(thingward_pending(d.t), 0);
	close_door(&d);
}

static void take_may(void *user, int may)
{
	char *told = user;

	told[strlen(told)] = may ? '1' : '0';
}

/* What drives a link says what it is, and is told whether it may be on. */
static void test_a_link(void **state)
{
	char longest[TW_APP_DRIVER_MAX + 2] = "", told[8] = "";
	struct door d = { .fd = -1 };
	struct tw_message m;

	open_door(&d);
	memset(longest, 'd', sizeof longest - 1);
	CHECK_INT(thingward_link(d.t, "", "d", THINGWARD_LINK_UP), THINGWARD_INVALID);
	CHECK_INT(thingward_link(d.t, NULL, "d", THINGWARD_LINK_UP), THINGWARD_INVALID);
	CHECK_INT(thingward_link(d.t, "t", NULL, THINGWARD_LINK_UP), THINGWARD_INVALID);
	CHECK_INT(thingward_link(d.t, "t", longest, THINGWARD_LINK_UP), THINGWARD_INVALID);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_LINK_MAY, 0, "\0", 1, NULL, 0)); /* nobody listens yet */
	CHECK_INT(thingward_dispatch(d.t), THINGWARD_OK);
	thingward_on_link_may(d.t, take_may, told);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_LINK_MAY, 0, "\1", 1, NULL, 0));
	CHECK_OK(tw_channel_send(d.peer, TW_APP_ACK, 1, NULL, 0, NULL, 0));
	longest[TW_APP_DRIVER_MAX] = '\0';
	CHECK_INT(thingward_link(d.t, "t", longest, THINGWARD_LINK_UP), THINGWARD_OK);
	CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK_INT(m.type, TW_APP_LINK);
	CHECK_INT(m.payload.size, 5 + 1 + TW_APP_DRIVER_MAX);
	CHECK_BYTES(m.payload.at, "\2\0\1t\0\100d", 7);
	CHECK_TEXT(told, "1");
	CHECK_OK(tw_channel_send(d.peer, TW_APP_LINK_MAY, 0, "\0", 1, NULL, 0));
	CHECK_INT(thingward_dispatch(d.t), THINGWARD_OK);
	CHECK_TEXT(told, "10");
	CHECK_OK(tw_channel_send(d.peer, TW_APP_REFUSED, 2, "\0\1r\0\1w", 6, NULL, 0));
	CHECK_INT(thingward_link(d.t, "t", "d", THINGWARD_LINK_OFF), THINGWARD_REFUSED);
	CHECK_TEXT(thingward_why(d.t), "r: w");
	CHECK_INT(thingward_pending(d.t), 0);
	close_door(&d);
}

static void test_who_is_asked_about(void **state)
{
	char longest[TW_APP_PASS_MAX + 2] = "", name[TW_APP_NAME_MAX + 2] = "";
	struct seen s = { 0 };
	uint32_t ticket = 0;
	struct tw_message m;
	struct door d;

	open_door(&d);
	thingward_on_answer(d.t, note, &s);
	memset(longest, 'p', TW_APP_PASS_MAX + 1);
	memset(name, 'n', TW_APP_NAME_MAX + 1);
	CHECK_INT(thingward_post_authorize(d.t, "", "application.a.b", NULL), THINGWARD_INVALID); /* none that was lost becomes anyone */
	CHECK_INT(thingward_post_authorize(d.t, longest, "application.a.b", NULL), THINGWARD_INVALID);
	CHECK_INT(thingward_post_authorize(d.t, NULL, "", NULL), THINGWARD_INVALID);
	CHECK_INT(thingward_post_authorize(d.t, NULL, NULL, NULL), THINGWARD_INVALID);
	CHECK_INT(thingward_post_authorize(d.t, NULL, name, NULL), THINGWARD_INVALID);
	CHECK_INT(thingward_pending(d.t), 0);
	CHECK_INT(thingward_post_authorize(d.t, NULL, "application.a.b", &ticket), THINGWARD_OK);
	CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK_BYTES(m.payload.at, "\0\17application.a.b\0\0", 19);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_ALLOWED, ticket, "\0\2a7", 4, NULL, 0));
	CHECK_INT(thingward_dispatch(d.t), THINGWARD_OK);
	CHECK(s.ticket == ticket && s.result == THINGWARD_OK);
	CHECK_TEXT(s.value, "a7");
	longest[TW_APP_PASS_MAX] = name[TW_APP_NAME_MAX] = '\0';
	CHECK_INT(thingward_post_authorize(d.t, longest, name, NULL), THINGWARD_OK);
	close_door(&d);
	open_door(&d);
	d.peer = tw_channel_free(d.peer);
	CHECK_INT(thingward_authorize(d.t, NULL, "application.a.b", NULL), THINGWARD_GONE);
	close_door(&d);
}

static void test_waits_for_its_own_answer(void **state)
{
	struct door d;
	struct seen s = { 0 };
	uint32_t first = 0;

	open_door(&d);
	thingward_on_answer(d.t, note, &s);
	CHECK_INT(thingward_post_event(d.t, "application.x", "{}", &first), THINGWARD_OK);
	/* Answers are there already: to the post, then to the question that is about to be asked. */
	CHECK_OK(tw_channel_send(d.peer, TW_APP_ACK, first, NULL, 0, NULL, 0));
	CHECK_OK(tw_channel_send(d.peer, TW_APP_SETTING_IS, first + 1, "\0\1a", 3, NULL, 0));
	char value[THINGWARD_VALUE_MAX], small[1];
	CHECK_INT(thingward_setting(d.t, "application.y", value, sizeof value), THINGWARD_OK);
	CHECK_TEXT(value, "a");
	CHECK_INT(s.ticket, first);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_SETTING_IS, first + 2, "\0\1a", 3, NULL, 0));
	CHECK_INT(thingward_setting(d.t, "application.y", small, sizeof small), THINGWARD_INVALID);
	close_door(&d);
}

/* @nist DP.CCS.4 @nist DP.CCS.6: what the application asks goes out in steps, and each answer means what it says. */
static void test_hashes(void **state)
{
	static const uint8_t yes = 1, no = 0;
	static char data[TW_APP_DATA_MAX + 1];
	struct door d;
	struct tw_message m;
	uint8_t digest[THINGWARD_DIGEST_MAX], small[31];
	size_t size = 0;

	open_door(&d);
	/* Each answer is there before its question: the test has one thread. */
	CHECK_OK(tw_channel_send(d.peer, TW_APP_DIGEST, 1, data, 32, NULL, 0));
	CHECK_INT(thingward_hash_begin(d.t, "sha-256"), THINGWARD_OK);
	CHECK_INT(thingward_hash_add(d.t, data, sizeof data), THINGWARD_OK);
	CHECK_INT(thingward_hash_add(d.t, NULL, 0), THINGWARD_OK);
	CHECK_INT(thingward_hash_end(d.t, digest, sizeof digest, &size), THINGWARD_OK);
	CHECK_INT(size, 32);
	CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK_INT(m.type, TW_APP_HASH);
	CHECK_BYTES(m.payload.at, "\0\7sha-256", 9);
	CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK_INT(m.type, TW_APP_HASH_DATA);
	CHECK_INT(m.payload.size, TW_APP_DATA_MAX);
	CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK_INT(m.payload.size, 1);
	CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK_INT(m.type, TW_APP_HASH_END);
	CHECK_INT(m.tag, 1);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_RESULT, 2, &yes, 1, NULL, 0));
	CHECK_INT(thingward_hash_check(d.t, digest, 32), THINGWARD_OK);
	CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK_INT(m.type, TW_APP_HASH_CHECK);
	CHECK_INT(m.payload.size, 32);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_RESULT, 3, &no, 1, NULL, 0));
	CHECK_INT(thingward_hash_check(d.t, digest, 32), THINGWARD_MISMATCH);
	CHECK(*thingward_why(d.t));
	CHECK_OK(tw_channel_send(d.peer, TW_APP_REFUSED, 4, "\0\1r\0\1w", 6, NULL, 0));
	CHECK_INT(thingward_hash_check(d.t, digest, 32), THINGWARD_REFUSED);
	CHECK_TEXT(thingward_why(d.t), "r: w");
	CHECK_OK(tw_channel_send(d.peer, TW_APP_DIGEST, 5, data, 32, NULL, 0));
	CHECK_INT(thingward_hash_end(d.t, small, sizeof small, &size), THINGWARD_INVALID);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_RESULT, 6, &yes, 1, NULL, 0));
	CHECK_INT(thingward_hash_verify(d.t, "key", 3, "sig", 3), THINGWARD_OK);
	do
		CHECK_OK(tw_channel_receive(d.peer, &m));
	while (m.type != TW_APP_HASH_VERIFY);
	CHECK_BYTES(m.payload.at, "\0\3key\0\3sig", 10);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_RESULT, 7, &no, 1, NULL, 0));
	CHECK_INT(thingward_hash_verify(d.t, "key", 3, "sig", 3), THINGWARD_MISMATCH);
	CHECK_INT(thingward_hash_verify(d.t, "key", 0, "sig", 3), THINGWARD_INVALID);
	CHECK_INT(thingward_hash_verify(d.t, "key", 3, data, TW_APP_SIGNATURE_MAX + 1), THINGWARD_INVALID);
	CHECK_INT(thingward_hash_begin(d.t, "a-function-whose-name-is-longer-than-any"), THINGWARD_INVALID);
	CHECK_INT(thingward_hash_begin(d.t, ""), THINGWARD_INVALID);
	CHECK_INT(thingward_hash_check(d.t, data, TW_APP_DIGEST_MAX + 1), THINGWARD_INVALID);
	CHECK_INT(thingward_hash_check(d.t, data, 0), THINGWARD_INVALID);
	close_door(&d);
}

/* @nist DP.CKM.1: the application's keys, by their names; what comes back has its length or is no answer */
static void test_keys(void **state)
{
	static uint8_t bytes[THINGWARD_POINT_SIZE] = { 4, 1, 2 };
	struct door d;
	struct tw_message m;
	uint8_t point[THINGWARD_POINT_SIZE], signature[THINGWARD_SIGNATURE_SIZE], digest[32] = { 7 };

	open_door(&d);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_KEY_IS, 1, bytes, sizeof bytes, NULL, 0));
	CHECK_INT(thingward_key_create(d.t, "data", point), THINGWARD_OK);
	CHECK_BYTES(point, bytes, sizeof bytes);
	CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK_INT(m.type, TW_APP_KEY_NEW);
	CHECK_BYTES(m.payload.at, "\0\4data", 6);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_SIGNED, 2, bytes, 64, NULL, 0));
	CHECK_INT(thingward_key_sign(d.t, "data", digest, signature), THINGWARD_OK);
	CHECK_BYTES(signature, bytes, 64);
	CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK_INT(m.type, TW_APP_KEY_SIGN);
	CHECK_INT(m.payload.size, 6 + 32);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_REFUSED, 3, "\0\1r\0\1w", 6, NULL, 0));
	CHECK_INT(thingward_key_public(d.t, "data", point), THINGWARD_REFUSED);
	CHECK_TEXT(thingward_why(d.t), "r: w");
	CHECK_OK(tw_channel_send(d.peer, TW_APP_SIGNED, 4, bytes, 64, NULL, 0)); /* a signature is no point */
	CHECK_INT(thingward_key_public(d.t, "data", point), THINGWARD_GONE);
	CHECK_INT(thingward_key_create(d.t, "", point), THINGWARD_INVALID);
	CHECK_INT(thingward_key_create(d.t, "a-name-that-is-longer-than-32-bytes", point), THINGWARD_INVALID);
	close_door(&d);
}

/* @nist DP.CCS.5: what goes to the door and what comes back; nothing of a refused text */
static void test_sealing(void **state)
{
	static const uint8_t long_data[THINGWARD_SEALED_MAX + 1] = { 9, 8 };
	struct door d;
	struct tw_message m;
	uint8_t back[THINGWARD_SEALED_MAX];

	open_door(&d);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_SEALED, 1, long_data, THINGWARD_SEALED_MAX, NULL, 0));
	CHECK_INT(thingward_seal(d.t, THINGWARD_OWNERSHIP, long_data, THINGWARD_SEAL_MAX, back), THINGWARD_OK);
	CHECK_BYTES(back, long_data, sizeof back);
	CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK_INT(m.type, TW_APP_SEAL);
	CHECK_INT(m.payload.size, 1 + THINGWARD_SEAL_MAX);
	CHECK_BYTES(m.payload.at, "\1\11\10", 3);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_UNSEALED, 2, "text", 4, NULL, 0));
	CHECK_INT(thingward_unseal(d.t, THINGWARD_UNIT, long_data, 32, back), THINGWARD_OK);
	CHECK_BYTES(back, "text", 4);
	CHECK_OK(tw_channel_receive(d.peer, &m));
	CHECK(m.type == TW_APP_UNSEAL && m.payload.size == 33 && m.payload.at[0] == 0);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_UNSEALED, 3, "text", 4, NULL, 0));
	CHECK_INT(thingward_unseal(d.t, THINGWARD_UNIT, long_data, 33, back), THINGWARD_GONE);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_REFUSED, 4, "\0\15crypto.sealed\0\1w", 18, NULL, 0));
	CHECK_INT(thingward_unseal(d.t, THINGWARD_UNIT, long_data, 32, back), THINGWARD_REFUSED);
	CHECK_TEXT(thingward_why(d.t), "crypto.sealed: w");
	CHECK_INT(thingward_seal(d.t, THINGWARD_UNIT, long_data, THINGWARD_SEAL_MAX + 1, back), THINGWARD_INVALID);
	CHECK_INT(thingward_unseal(d.t, THINGWARD_UNIT, long_data, THINGWARD_SEALED_MAX + 1, back), THINGWARD_INVALID);
	CHECK_INT(thingward_seal(d.t, (enum thingward_scope)2, long_data, 1, back), THINGWARD_INVALID);
	CHECK_BYTES(back, "text", 4);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_UNSEALED, 5, "next", 4, NULL, 0));
	CHECK_OK(tw_channel_send(d.peer, TW_APP_UNSEALED, 3, "late", 4, NULL, 0)); /* to a call that has given up: nobody's */
	CHECK_INT(thingward_unseal(d.t, THINGWARD_UNIT, long_data, 32, back), THINGWARD_OK);
	CHECK_BYTES(back, "next", 4);
	close_door(&d);
}

static void test_refuses_what_cannot_be_sent(void **state)
{
	struct door d;
	char name[TW_APP_NAME_MAX + 2], fields[TW_APP_FIELDS_MAX + 2];

	open_door(&d);
	memset(name, 'a', sizeof name);
	name[sizeof name - 1] = '\0';
	memset(fields, 'a', sizeof fields);
	fields[sizeof fields - 1] = '\0';
	CHECK_INT(thingward_post_event(d.t, name, "{}", NULL), THINGWARD_INVALID);
	CHECK_INT(thingward_post_event(d.t, "", "{}", NULL), THINGWARD_INVALID);
	CHECK_INT(thingward_post_event(d.t, NULL, "{}", NULL), THINGWARD_INVALID);
	CHECK_INT(thingward_post_event(d.t, "a", fields, NULL), THINGWARD_INVALID);
	CHECK(thingward_why(d.t)[0] != '\0');
	for (int i = 0; i < THINGWARD_PENDING_MAX; i++)
		CHECK_INT(thingward_post_event(d.t, "a", "{}", NULL), THINGWARD_OK);
	CHECK_INT(thingward_post_event(d.t, "a", "{}", NULL), THINGWARD_BUSY);
	close_door(&d);
}

static void test_a_lost_or_lying_device(void **state)
{
	struct door d;
	thingward *none = NULL;

	CHECK_INT(thingward_open("/tmp/tw-lib-nobody", &none), THINGWARD_ABSENT);
	open_door(&d);
	CHECK_INT(thingward_post_event(d.t, "a", "{}", NULL), THINGWARD_OK);
	d.peer = tw_channel_free(d.peer);
	CHECK_INT(thingward_dispatch(d.t), THINGWARD_GONE);
	CHECK_INT(thingward_event(d.t, "a", "{}"), THINGWARD_GONE);
	close_door(&d);
	open_door(&d);
	CHECK_OK(tw_channel_send(d.peer, TW_APP_SETTING_IS, 1, "\0\7on", 4, NULL, 0));
	CHECK_INT(thingward_dispatch(d.t), THINGWARD_GONE);
	close_door(&d);
}

CHECK_MAIN(cmocka_unit_test(test_posts_and_answers), cmocka_unit_test(test_who_may_what), cmocka_unit_test(test_inputs_and_outputs),
	cmocka_unit_test(test_no_such_input), cmocka_unit_test(test_a_provider), cmocka_unit_test(test_a_button),
	cmocka_unit_test(test_a_display), cmocka_unit_test(test_a_link), cmocka_unit_test(test_who_is_asked_about),
	cmocka_unit_test(test_waits_for_its_own_answer), cmocka_unit_test(test_hashes), cmocka_unit_test(test_keys),
	cmocka_unit_test(test_sealing), cmocka_unit_test(test_refuses_what_cannot_be_sent), cmocka_unit_test(test_a_lost_or_lying_device))
