/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libthingward, over the channel that core's event door speaks. Small on purpose: no OpenSSL, no thread, no background work.
 *
 * A waiting call is a posted one followed by taking answers until its own has come; answers to earlier posts that come by on
 * the way go to the callback as they would have.
 */
#include "thingward/thingward.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "base/release.h"
#include "lib/limits.h"
#include "sys/application.h"
#include "sys/real.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/un.h>

struct thingward {
	const struct tw_sys *sys;
	tw_channel *channel;
	uint32_t last_ticket;
	unsigned pending;
	uint32_t awaited; /* ticket a waiting call is after; 0: none */
	int awaited_result;
	uint16_t awaited_type; /* of the answer that came */
	char value[THINGWARD_VALUE_MAX];
	uint8_t bytes[THINGWARD_SEALED_MAX]; /* of a digest, a public point, a signature, a text sealed or opened */
	size_t bytes_size;
	char why[TW_APP_NAME_MAX + TW_DETAIL_MAX + 4];
	thingward_answer *call;
	void *user;
	thingward_question *question; /* of a provider */
	void *question_user;
	thingward_notice *notice; /* of a display */
	void *notice_user;
	thingward_link_may *link_may; /* of what drives a link */
	void *link_user;
	struct tw_limit limits[TW_LIMITS_MAX]; /* of those that were asked about */
	size_t limit_count;
};

static int say(thingward *t, int result, const char *why)
{
	(void)snprintf(t->why, sizeof t->why, "%s", why);
	return result;
}

static int of_error(thingward *t, tw_err e)
{
	switch (e.code) {
	case TW_CODE_OK:
		return THINGWARD_OK;
	case TW_CODE_NOMEM:
		return say(t, THINGWARD_NO_MEMORY, "out of memory");
	case TW_CODE_LIMIT:
	case TW_CODE_SYNTAX:
		return say(t, THINGWARD_INVALID, tw_err_detail());
	case TW_CODE_TIMEOUT:
		return say(t, THINGWARD_BUSY, "the device does not read");
	case TW_CODE_CLOSED:
	case TW_CODE_IO:
	case TW_CODE_UNTRUSTED:
	case TW_CODE_NOTFOUND:
	case TW_CODE_EXISTS:
	case TW_CODE_STATE:
	case TW_CODE_DENIED:
	case TW_CODE_CRYPTO:
	case TW_CODE_UNSUPPORTED:
	case TW_CODE_INTERNAL:
	default:
		return say(t, THINGWARD_GONE, tw_err_detail());
	}
}

static int connect_to(const struct tw_sys *sys, const char *path, int *ret_fd)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof at.sun_path)
		return THINGWARD_INVALID;
	memcpy(at.sun_path, path, strlen(path));
	fd = sys->socket(sys, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return THINGWARD_ABSENT;
	if (sys->connect(sys, fd, (struct sockaddr *)&at, sizeof at)) {
		(void)sys->close(sys, fd);
		return THINGWARD_ABSENT;
	}
	*ret_fd = fd;
	return THINGWARD_OK;
}

int thingward_open(const char *path, thingward **ret)
{
	const struct tw_sys *sys = tw_sys_real();
	thingward *t = TW_NEW(sys, thingward);
	int fd = -1, result;

	if (!t)
		return THINGWARD_NO_MEMORY;
	t->sys = sys;
	result = connect_to(sys, path ? path : THINGWARD_SOCKET, &fd);
	if (result == THINGWARD_OK && tw_failed(tw_channel_new(sys, fd, tw_rows_app_from_device, &t->channel))) {
		(void)sys->close(sys, fd);
		result = THINGWARD_NO_MEMORY;
	}
	if (result != THINGWARD_OK) {
		free(t);
		return result;
	}
	*ret = t;
	return THINGWARD_OK;
}

thingward *thingward_close(thingward *t)
{
	if (t) {
		(void)tw_channel_free(t->channel);
		tw_wipe(t, sizeof *t); /* an answer may hold what was sealed */
	}
	free(t);
	return NULL;
}

static int post(thingward *t, uint16_t type, const struct tw_buf *payload, uint32_t *ret_ticket)
{
	int result;

	if (t->pending >= THINGWARD_PENDING_MAX)
		return say(t, THINGWARD_BUSY, "too many questions wait for their answers");
	t->last_ticket = t->last_ticket == UINT32_MAX ? 1 : t->last_ticket + 1;
	result = of_error(t, tw_channel_send(t->channel, type, t->last_ticket, payload->data, payload->size, NULL, 0));
	if (result != THINGWARD_OK)
		return result;
	t->pending++;
	if (ret_ticket)
		*ret_ticket = t->last_ticket;
	return THINGWARD_OK;
}

static tw_err write_pair(struct tw_buf *b, const char *first, size_t first_max, const uint8_t *between, const char *second, size_t second_max)
{
	if (!first || !*first || strlen(first) > first_max)
		return TW_RAISE(SYNTAX, "a name has 1 to %zu bytes", first_max);
	TW_TRY(tw_buf_block16(b, first, strlen(first)));
	if (between)
		TW_TRY(tw_buf_u8(b, *between));
	if (!second)
		return TW_OK;
	if (strlen(second) > second_max)
		return TW_RAISE(LIMIT, "a text of %zu bytes, at most %zu", strlen(second), second_max);
	return tw_buf_block16(b, second, strlen(second));
}

static int post_pair(thingward *t, uint16_t type, const char *first, const uint8_t *between, const char *second, size_t second_max,
	uint32_t *ret_ticket)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	int result;

	tw_buf_init(&b, t->sys, 8 + TW_APP_NAME_MAX + TW_APP_FIELDS_MAX);
	result = of_error(t, write_pair(&b, first, TW_APP_NAME_MAX, between, second, second_max));
	return result == THINGWARD_OK ? post(t, type, &b, ret_ticket) : result;
}

int thingward_post_event(thingward *t, const char *id, const char *fields, uint32_t *ret_ticket)
{
	return post_pair(t, TW_APP_EVENT, id, NULL, fields ? fields : "{}", TW_APP_FIELDS_MAX, ret_ticket);
}

int thingward_post_health(thingward *t, const char *name, int well, const char *text, uint32_t *ret_ticket)
{
	const uint8_t byte = well != 0;

	return post_pair(t, TW_APP_HEALTH, name, &byte, text ? text : "", TW_APP_TEXT_MAX, ret_ticket);
}

int thingward_post_setting(thingward *t, const char *key, uint32_t *ret_ticket)
{
	return post_pair(t, TW_APP_SETTING, key, NULL, NULL, 0, ret_ticket);
}

static tw_err read_refusal(struct tw_cursor *in, char *ret_why, size_t size)
{
	struct tw_slice rule, detail;

	TW_TRY(tw_cursor_block16(in, TW_APP_NAME_MAX, &rule));
	TW_TRY(tw_cursor_block16(in, TW_DETAIL_MAX, &detail));
	(void)snprintf(ret_why, size, TW_SLICE_FMT ": " TW_SLICE_FMT, TW_SLICE_ARG(rule), TW_SLICE_ARG(detail));
	return TW_OK;
}

static tw_err read_value(struct tw_cursor *in, char *ret, size_t size)
{
	struct tw_slice value;

	TW_TRY(tw_cursor_block16(in, size - 1, &value));
	memcpy(ret, value.at, value.size);
	ret[value.size] = '\0';
	return TW_OK;
}

static bool is_bytes(uint16_t type)
{
	return type == TW_APP_DIGEST || type == TW_APP_KEY_IS || type == TW_APP_SIGNED || type == TW_APP_SEALED || type == TW_APP_UNSEALED;
}

/* Of an answer that nobody waits for any more nothing is kept. */
static tw_err read_bytes(thingward *t, bool awaited, struct tw_cursor *in)
{
	struct tw_slice passed;
	size_t size = tw_cursor_left(in);

	if (!awaited)
		return tw_cursor_slice(in, size, &passed);
	t->bytes_size = size;
	return tw_cursor_bytes(in, t->bytes, size); /* the channel's row has checked that it fits */
}

static tw_err read_result(struct tw_cursor *in, int *ret)
{
	uint8_t agrees = 0;

	TW_TRY(tw_cursor_u8(in, &agrees));
	*ret = agrees == 1 ? THINGWARD_OK : THINGWARD_MISMATCH;
	return TW_OK;
}

/* What the device says unasked. */
static bool is_unasked(uint16_t type)
{
	return type == TW_APP_ASKED || type == TW_APP_OVER || type == TW_APP_NOTICE || type == TW_APP_LINK_MAY;
}

static tw_err take_notice(thingward *t, const struct tw_message *m)
{
	struct tw_cursor in = tw_cursor_of(m->payload.at, m->payload.size);
	uint8_t notice[THINGWARD_NOTICE_ID];
	char text[TW_APP_NOTICE_MAX + 1] = "";

	TW_TRY(tw_cursor_bytes(&in, notice, sizeof notice));
	TW_TRY(tw_cursor_bytes(&in, text, tw_cursor_left(&in)));
	if (t->notice)
		t->notice(t->notice_user, notice, text);
	return TW_OK;
}

static tw_err take_link_may(thingward *t, const struct tw_message *m)
{
	struct tw_cursor in = tw_cursor_of(m->payload.at, m->payload.size);
	uint8_t may = 0;

	TW_TRY(tw_cursor_u8(&in, &may));
	TW_TRY(tw_cursor_end(&in));
	if (t->link_may)
		t->link_may(t->link_user, may == 1);
	return TW_OK;
}

/* Of a provider: what the device asks, or asks no more; of a display, what it is to show; of a link, whether it may be on. */
static tw_err take_unasked(thingward *t, const struct tw_message *m)
{
	struct tw_cursor in = tw_cursor_of(m->payload.at, m->payload.size);
	uint8_t challenge[THINGWARD_CHALLENGE_SIZE];
	char account[THINGWARD_ACCOUNT_MAX] = "";
	struct tw_slice id = { "", 0 };

	if (m->type == TW_APP_NOTICE)
		return take_notice(t, m);
	if (m->type == TW_APP_LINK_MAY)
		return take_link_may(t, m);
	TW_TRY(tw_cursor_bytes(&in, challenge, sizeof challenge));
	if (m->type == TW_APP_ASKED)
		TW_TRY(tw_cursor_block16(&in, TW_APP_ACCOUNT_MAX, &id));
	TW_TRY(tw_cursor_end(&in));
	memcpy(account, id.at, id.size);
	if (t->question)
		t->question(t->question_user, challenge, m->type == TW_APP_ASKED ? account : NULL);
	return TW_OK;
}

/* One answer: to the call that waits for it, or to the callback. */
static tw_err take(thingward *t, const struct tw_message *m)
{
	struct tw_cursor in = tw_cursor_of(m->payload.at, m->payload.size);
	char value[THINGWARD_VALUE_MAX] = "", why[sizeof t->why] = "";
	bool awaited = t->awaited && m->tag == t->awaited;
	int result = m->type == TW_APP_REFUSED ? THINGWARD_REFUSED : THINGWARD_OK;

	if (m->type == TW_APP_REFUSED)
		TW_TRY(read_refusal(&in, why, sizeof why));
	else if (m->type == TW_APP_SETTING_IS || m->type == TW_APP_ALLOWED)
		TW_TRY(read_value(&in, value, sizeof value));
	else if (is_bytes(m->type))
		TW_TRY(read_bytes(t, awaited, &in));
	else if (m->type == TW_APP_RESULT)
		TW_TRY(read_result(&in, &result));
	TW_TRY(tw_cursor_end(&in));
	if (t->pending)
		t->pending--;
	if (awaited) {
		t->awaited = 0;
		t->awaited_result = result;
		t->awaited_type = m->type;
		memcpy(t->value, value, sizeof value);
		if (result != THINGWARD_OK)
			(void)say(t, result, result == THINGWARD_MISMATCH ? "it does not agree" : why);
	} else if (t->call) {
		t->call(t->user, m->tag, result, value, why);
	}
	return TW_OK;
}

/* A malformed answer is the end: what follows could not be believed either. */
static int take_all(thingward *t)
{
	struct tw_message m;
	tw_err e;

	while (!tw_failed(e = tw_channel_receive(t->channel, &m))) {
		tw_err taken = is_unasked(m.type) ? take_unasked(t, &m) : take(t, &m);

		tw_wipe((void *)(uintptr_t)m.payload.at, m.payload.size);
		if (tw_failed(taken))
			return say(t, THINGWARD_GONE, "the device's answer cannot be read");
	}
	return tw_is(e, TW_CODE_TIMEOUT) ? THINGWARD_OK : say(t, THINGWARD_GONE, "the device has ended the connection");
}

static int64_t now_ms(const struct tw_sys *sys)
{
	struct timespec at = { 0 };

	(void)sys->clock(sys, CLOCK_MONOTONIC, &at);
	return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

static int await(thingward *t, uint32_t ticket)
{
	int64_t end = now_ms(t->sys) + THINGWARD_WAIT_MS;

	t->awaited = ticket;
	while (t->awaited) {
		struct pollfd p = { .fd = tw_channel_fd(t->channel), .events = POLLIN };
		int64_t left = end - now_ms(t->sys);
		int ready = left <= 0 ? 0 : t->sys->poll(t->sys, &p, 1, (int)left);
		int result = THINGWARD_OK;

		if (ready == 0)
			result = say(t, THINGWARD_LATE, "no answer in time");
		else if (ready > 0)
			result = take_all(t);
		else if (errno != EINTR)
			result = say(t, THINGWARD_GONE, "waiting failed");
		if (result != THINGWARD_OK) {
			t->awaited = 0;
			return result;
		}
	}
	return t->awaited_result;
}

int thingward_event(thingward *t, const char *id, const char *fields)
{
	uint32_t ticket = 0;
	int result = thingward_post_event(t, id, fields, &ticket);

	return result == THINGWARD_OK ? await(t, ticket) : result;
}

int thingward_health(thingward *t, const char *name, int well, const char *text)
{
	uint32_t ticket = 0;
	int result = thingward_post_health(t, name, well, text, &ticket);

	return result == THINGWARD_OK ? await(t, ticket) : result;
}

int thingward_setting(thingward *t, const char *key, char *ret, size_t size)
{
	uint32_t ticket = 0;
	int result = thingward_post_setting(t, key, &ticket);

	if (result == THINGWARD_OK)
		result = await(t, ticket);
	if (result != THINGWARD_OK)
		return result;
	if (strlen(t->value) >= size)
		return say(t, THINGWARD_INVALID, "the value is longer than the place for it");
	memcpy(ret, t->value, strlen(t->value) + 1);
	return THINGWARD_OK;
}

static tw_err write_authorize(struct tw_buf *b, const char *pass, const char *permission)
{
	TW_TRY(tw_buf_reserve(b, b->max)); /* so that no copy of a pass is left where it grew */
	return write_pair(b, permission, TW_APP_NAME_MAX, NULL, pass ? pass : "", TW_APP_PASS_MAX);
}

int thingward_post_authorize(thingward *t, const char *pass, const char *permission, uint32_t *ret_ticket)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	int result;

	tw_buf_init(&b, t->sys, 4 + TW_APP_NAME_MAX + TW_APP_PASS_MAX);
	if (pass && !*pass) /* what is missing must not be taken for nobody */
		return say(t, THINGWARD_INVALID, "an empty pass; anyone is NULL");
	result = of_error(t, write_authorize(&b, pass, permission));
	return result == THINGWARD_OK ? post(t, TW_APP_AUTHORIZE, &b, ret_ticket) : result;
}

/* Nothing is a yes but the answer that says so. */
int thingward_authorize(thingward *t, const char *pass, const char *permission, char ret_account[THINGWARD_ACCOUNT_MAX])
{
	uint32_t ticket = 0;
	int result = thingward_post_authorize(t, pass, permission, &ticket);

	if (result == THINGWARD_OK)
		result = await(t, ticket);
	if (result == THINGWARD_OK && (t->awaited_type != TW_APP_ALLOWED || strlen(t->value) >= THINGWARD_ACCOUNT_MAX))
		result = say(t, THINGWARD_GONE, "the device's answer cannot be read");
	if (result == THINGWARD_OK && ret_account)
		memcpy(ret_account, t->value, strlen(t->value) + 1);
	return result;
}

_Static_assert(THINGWARD_ACCOUNT_MAX == TW_APP_ACCOUNT_MAX + 1, "one size at both ends");
_Static_assert(THINGWARD_CHALLENGE_SIZE == TW_APP_CHALLENGE, "one size at both ends");
_Static_assert((int)THINGWARD_NO == TW_APP_NO && (int)THINGWARD_YES == TW_APP_YES && (int)THINGWARD_CANNOT == TW_APP_CANNOT,
	"one verdict at both ends");

static tw_err write_provide(struct tw_buf *b, const char *name, bool simulated)
{
	if (!name || !*name || strlen(name) > TW_APP_PROVIDER_MAX)
		return TW_RAISE(SYNTAX, "a provider's name has 1 to %d bytes", TW_APP_PROVIDER_MAX);
	TW_TRY(tw_buf_u8(b, simulated));
	return tw_buf_block16(b, name, strlen(name));
}

int thingward_provide(thingward *t, const char *name, int simulated, thingward_question *call, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	uint32_t ticket = 0;
	int result;

	t->question = call;
	t->question_user = user;
	tw_buf_init(&b, t->sys, 3 + TW_APP_PROVIDER_MAX);
	result = of_error(t, write_provide(&b, name, simulated != 0));
	if (result == THINGWARD_OK)
		result = post(t, TW_APP_PROVIDE, &b, &ticket);
	return result == THINGWARD_OK ? await(t, ticket) : result;
}

int thingward_verdict(thingward *t, const uint8_t challenge[THINGWARD_CHALLENGE_SIZE], enum thingward_verdict verdict)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	uint32_t ticket = 0;

	tw_buf_init(&b, t->sys, TW_APP_CHALLENGE + 1);
	tw_err e = tw_buf_add(&b, challenge, THINGWARD_CHALLENGE_SIZE);
	if (!tw_failed(e))
		e = tw_buf_u8(&b, (uint8_t)verdict);
	int result = of_error(t, e);
	if (result == THINGWARD_OK)
		result = post(t, TW_APP_VERDICT, &b, &ticket);
	return result == THINGWARD_OK ? await(t, ticket) : result;
}

/* When it went down, by the clock that the device has too: it counts for nothing that was asked later, however long this message lies. */
static tw_err write_present(struct tw_buf *b, int64_t down_ms, uint32_t held_ms)
{
	if (down_ms < 0)
		return TW_RAISE(LIMIT, "it was pressed before the machine was started");
	TW_TRY(tw_buf_u64(b, (uint64_t)down_ms));
	return tw_buf_u32(b, held_ms);
}

int thingward_present(thingward *t, uint32_t held_ms, uint32_t ago_ms)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct timespec at = { 0 };
	uint32_t ticket = 0;

	if (t->sys->clock(t->sys, CLOCK_BOOTTIME, &at))
		return say(t, THINGWARD_GONE, "the clock cannot be read");
	tw_buf_init(&b, t->sys, 12);
	int result = of_error(t, write_present(&b, (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000 - ago_ms - held_ms, held_ms));
	if (result == THINGWARD_OK)
		result = post(t, TW_APP_PRESENT, &b, &ticket);
	return result == THINGWARD_OK ? await(t, ticket) : result;
}

_Static_assert(THINGWARD_NOTICE_ID == TW_APP_NOTICE_ID && THINGWARD_COLUMNS_LEAST == TW_APP_COLUMNS_LEAST &&
		THINGWARD_LINES_LEAST == TW_APP_LINES_LEAST,
	"one size at both ends");

static tw_err write_screen(struct tw_buf *b, unsigned columns, unsigned lines)
{
	if (columns > UINT16_MAX || lines > UINT16_MAX)
		return TW_RAISE(LIMIT, "no display has %u columns and %u lines", columns, lines);
	TW_TRY(tw_buf_u16(b, (uint16_t)columns));
	return tw_buf_u16(b, (uint16_t)lines);
}

int thingward_display(thingward *t, unsigned columns, unsigned lines, thingward_notice *call, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	uint32_t ticket = 0;

	t->notice = call;
	t->notice_user = user;
	tw_buf_init(&b, t->sys, 4);
	int result = of_error(t, write_screen(&b, columns, lines));
	if (result == THINGWARD_OK)
		result = post(t, TW_APP_SCREEN, &b, &ticket);
	return result == THINGWARD_OK ? await(t, ticket) : result;
}

int thingward_shows(thingward *t, const uint8_t notice[THINGWARD_NOTICE_ID], int accepted)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	uint32_t ticket = 0;

	tw_buf_init(&b, t->sys, TW_APP_NOTICE_ID + 1);
	tw_err e = tw_buf_add(&b, notice, THINGWARD_NOTICE_ID);
	if (!tw_failed(e))
		e = tw_buf_u8(&b, accepted != 0);
	int result = of_error(t, e);
	if (result == THINGWARD_OK)
		result = post(t, TW_APP_SHOWS, &b, &ticket);
	return result == THINGWARD_OK ? await(t, ticket) : result;
}

_Static_assert((int)THINGWARD_LINK_OFF == TW_APP_LINK_OFF && (int)THINGWARD_LINK_DOWN == TW_APP_LINK_DOWN &&
		(int)THINGWARD_LINK_UP == TW_APP_LINK_UP,
	"one state at both ends");

void thingward_on_link_may(thingward *t, thingward_link_may *call, void *user)
{
	t->link_may = call;
	t->link_user = user;
}

static tw_err write_link(struct tw_buf *b, const char *technology, const char *driver, enum thingward_link_state state)
{
	TW_TRY(tw_buf_u8(b, (uint8_t)state));
	TW_TRY(write_pair(b, technology ? technology : "", TW_APP_TECHNOLOGY_MAX, NULL, NULL, 0));
	return write_pair(b, driver ? driver : "", TW_APP_DRIVER_MAX, NULL, NULL, 0);
}

int thingward_link(thingward *t, const char *technology, const char *driver, enum thingward_link_state state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	uint32_t ticket = 0;

	tw_buf_init(&b, t->sys, 5 + TW_APP_TECHNOLOGY_MAX + TW_APP_DRIVER_MAX);
	int result = of_error(t, write_link(&b, technology, driver, state));
	if (result == THINGWARD_OK)
		result = post(t, TW_APP_LINK, &b, &ticket);
	return result == THINGWARD_OK ? await(t, ticket) : result;
}

/* A message without an answer, which waits until the device has room for it. */
static int push(thingward *t, uint16_t type, const void *payload, size_t size)
{
	int64_t end = now_ms(t->sys) + THINGWARD_WAIT_MS, left = THINGWARD_WAIT_MS;
	tw_err e = tw_channel_send(t->channel, type, 0, payload, size, NULL, 0);

	while (tw_is(e, TW_CODE_TIMEOUT) && left > 0) {
		struct pollfd p = { .fd = tw_channel_fd(t->channel), .events = POLLOUT };

		(void)t->sys->poll(t->sys, &p, 1, (int)left);
		e = tw_channel_send(t->channel, type, 0, payload, size, NULL, 0);
		left = end - now_ms(t->sys);
	}
	return of_error(t, e);
}

int thingward_hash_begin(thingward *t, const char *function)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	int result;

	tw_buf_init(&b, t->sys, 2 + TW_APP_FUNCTION_MAX);
	result = of_error(t, write_pair(&b, function, TW_APP_FUNCTION_MAX, NULL, NULL, 0));
	return result == THINGWARD_OK ? push(t, TW_APP_HASH, b.data, b.size) : result;
}

int thingward_hash_add(thingward *t, const void *data, size_t size_bytes)
{
	const uint8_t *at = data;
	int result = THINGWARD_OK;

	for (size_t left = size_bytes; left && result == THINGWARD_OK;) {
		size_t n = left < TW_APP_DATA_MAX ? left : TW_APP_DATA_MAX;

		result = push(t, TW_APP_HASH_DATA, at, n);
		at += n;
		left -= n;
	}
	return result;
}

/* The last message of a hash, and its answer. */
static int end_hash(thingward *t, uint16_t type, const struct tw_buf *payload)
{
	uint32_t ticket = 0;
	int result = post(t, type, payload, &ticket);

	return result == THINGWARD_OK ? await(t, ticket) : result;
}

int thingward_hash_end(thingward *t, void *ret, size_t max_bytes, size_t *ret_size_bytes)
{
	const struct tw_buf none = { 0 };
	int result = end_hash(t, TW_APP_HASH_END, &none);

	if (result != THINGWARD_OK)
		return result;
	if (t->bytes_size > max_bytes)
		return say(t, THINGWARD_INVALID, "the digest is longer than the place for it");
	memcpy(ret, t->bytes, t->bytes_size);
	*ret_size_bytes = t->bytes_size;
	return THINGWARD_OK;
}

int thingward_hash_check(thingward *t, const void *digest, size_t size_bytes)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	int result;

	tw_buf_init(&b, t->sys, TW_APP_DIGEST_MAX);
	if (!size_bytes)
		return say(t, THINGWARD_INVALID, "a digest has some bytes");
	result = of_error(t, tw_buf_add(&b, digest, size_bytes));
	return result == THINGWARD_OK ? end_hash(t, TW_APP_HASH_CHECK, &b) : result;
}

static tw_err write_verify(struct tw_buf *b, const void *key, size_t key_size, const void *signature, size_t signature_size)
{
	if (!key_size || key_size > TW_APP_KEY_MAX || !signature_size || signature_size > TW_APP_SIGNATURE_MAX)
		return TW_RAISE(LIMIT, "a key has up to %d bytes, a signature up to %d", TW_APP_KEY_MAX, TW_APP_SIGNATURE_MAX);
	TW_TRY(tw_buf_block16(b, key, key_size));
	return tw_buf_block16(b, signature, signature_size);
}

int thingward_hash_verify(thingward *t, const void *key, size_t key_bytes, const void *signature, size_t signature_bytes)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	int result;

	tw_buf_init(&b, t->sys, 4 + TW_APP_KEY_MAX + TW_APP_SIGNATURE_MAX);
	result = of_error(t, write_verify(&b, key, key_bytes, signature, signature_bytes));
	return result == THINGWARD_OK ? end_hash(t, TW_APP_HASH_VERIFY, &b) : result;
}

/* Asks about one key; the answer has exactly size bytes. */
static int ask_key(thingward *t, uint16_t type, const char *name, const uint8_t *digest, void *ret, size_t size)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	uint32_t ticket = 0;

	tw_buf_init(&b, t->sys, 2 + TW_APP_KEY_NAME_MAX + TW_APP_SIGN_DIGEST);
	tw_err e = write_pair(&b, name, TW_APP_KEY_NAME_MAX, NULL, NULL, 0);
	if (!tw_failed(e) && digest)
		e = tw_buf_add(&b, digest, TW_APP_SIGN_DIGEST);
	int result = of_error(t, e);
	if (result == THINGWARD_OK)
		result = post(t, type, &b, &ticket);
	if (result == THINGWARD_OK)
		result = await(t, ticket);
	if (result != THINGWARD_OK)
		return result;
	if (t->bytes_size != size)
		return say(t, THINGWARD_GONE, "the device's answer cannot be read");
	memcpy(ret, t->bytes, size);
	return THINGWARD_OK;
}

int thingward_key_create(thingward *t, const char *name, uint8_t ret_point[THINGWARD_POINT_SIZE])
{
	return ask_key(t, TW_APP_KEY_NEW, name, NULL, ret_point, THINGWARD_POINT_SIZE);
}

int thingward_key_public(thingward *t, const char *name, uint8_t ret_point[THINGWARD_POINT_SIZE])
{
	return ask_key(t, TW_APP_KEY_PUBLIC, name, NULL, ret_point, THINGWARD_POINT_SIZE);
}

int thingward_key_sign(thingward *t, const char *name, const uint8_t digest[32], uint8_t ret_signature[THINGWARD_SIGNATURE_SIZE])
{
	return ask_key(t, TW_APP_KEY_SIGN, name, digest, ret_signature, THINGWARD_SIGNATURE_SIZE);
}

_Static_assert(THINGWARD_SEAL_MAX == TW_APP_SEAL_MAX && THINGWARD_SEALED_MAX - TW_APP_SEAL_MORE == TW_APP_SEAL_MAX, "one size at both ends");
_Static_assert((int)THINGWARD_UNIT == TW_APP_SCOPE_UNIT && (int)THINGWARD_OWNERSHIP == TW_APP_SCOPE_OWNERSHIP, "one scope at both ends");

/* What goes out and what comes in. */
struct sealing {
	uint16_t type;
	uint8_t scope;
	struct tw_slice in;
	size_t in_max;
};

static tw_err write_sealing(const struct sealing *s, struct tw_buf *b)
{
	if (s->scope >= TW_APP_SCOPES || s->in.size > s->in_max)
		return TW_RAISE(LIMIT, "a scope that is none, or more than %zu bytes", s->in_max);
	TW_TRY(tw_buf_reserve(b, 1 + s->in.size)); /* so that no copy is left where it grew */
	TW_TRY(tw_buf_u8(b, s->scope));
	return tw_buf_add(b, s->in.at, s->in.size);
}

/* The answer has a length that the question gives, or it is none. */
static int exchange(thingward *t, const struct sealing *s, size_t size, void *ret)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	uint32_t ticket = 0;

	tw_buf_init(&b, t->sys, 1 + THINGWARD_SEALED_MAX);
	int result = of_error(t, write_sealing(s, &b));
	if (result == THINGWARD_OK)
		result = post(t, s->type, &b, &ticket);
	if (result == THINGWARD_OK)
		result = await(t, ticket);
	if (result != THINGWARD_OK)
		return result;
	if (t->bytes_size == size)
		memcpy(ret, t->bytes, size);
	else
		result = say(t, THINGWARD_GONE, "the device's answer cannot be read");
	tw_wipe(t->bytes, sizeof t->bytes);
	return result;
}

int thingward_seal(thingward *t, enum thingward_scope scope, const void *data, size_t size_bytes, void *ret)
{
	const struct sealing s = { TW_APP_SEAL, (uint8_t)scope, { data, size_bytes }, THINGWARD_SEAL_MAX };

	return exchange(t, &s, size_bytes + TW_APP_SEAL_MORE, ret);
}

int thingward_unseal(thingward *t, enum thingward_scope scope, const void *sealed, size_t size_bytes, void *ret)
{
	const struct sealing s = { TW_APP_UNSEAL, (uint8_t)scope, { sealed, size_bytes }, THINGWARD_SEALED_MAX };

	return exchange(t, &s, size_bytes - TW_APP_SEAL_MORE, ret);
}

/* --- Inputs and outputs --- */

static const char *kind_of(const struct tw_limit *l)
{
	return l->out ? "output" : "input";
}

/* They are settings of the product's, which the owner changes as he does others; the device lets him set none that the product does not have. */
static int ask_limit(thingward *t, struct tw_limit *l)
{
	static const char *const ends[] = { "min", "max", "rate" };
	char key[TW_LIMIT_NAME_MAX + 32], value[THINGWARD_VALUE_MAX];
	int64_t now[TW_COUNT(ends)];

	for (size_t i = 0; i < TW_COUNT(ends); i++) {
		(void)snprintf(key, sizeof key, "application.%s.%s.%s", kind_of(l), l->name, ends[i]);
		const int result = thingward_setting(t, key, value, sizeof value);

		if (result == THINGWARD_REFUSED && strncmp(t->why, "application.setting-unknown", 27) == 0)
			(void)snprintf(t->why, sizeof t->why, "%s.unknown: the product declares no %s '%s'", kind_of(l), kind_of(l),
				l->name);
		if (result != THINGWARD_OK)
			return result;
		if (tw_failed(tw_limit_number(value, &now[i])))
			return say(t, THINGWARD_GONE, "the device's answer cannot be read");
	}
	tw_limit_learn(l, now, now_ms(t->sys));
	return THINGWARD_OK;
}

/* One that the device does not know takes no place of one that it does. */
static int find_limit(thingward *t, bool out, const char *name, struct tw_limit **ret)
{
	struct tw_limit wanted = { .out = out };
	int result = of_error(t, tw_limit_name(name, wanted.name));

	if (result != THINGWARD_OK)
		return result;
	for (size_t i = 0; i < t->limit_count; i++)
		if (t->limits[i].out == out && strcmp(t->limits[i].name, name) == 0) {
			*ret = &t->limits[i];
			return now_ms(t->sys) - (*ret)->asked_ms < TW_LIMIT_AGE_MS ? THINGWARD_OK : ask_limit(t, *ret);
		}
	if (t->limit_count == TW_LIMITS_MAX)
		return say(t, THINGWARD_INVALID, "no product has so many inputs and outputs");
	result = ask_limit(t, &wanted);
	if (result != THINGWARD_OK)
		return result;
	t->limits[t->limit_count] = wanted;
	*ret = &t->limits[t->limit_count++];
	return THINGWARD_OK;
}

/* A record at once and then one a minute at most, for each. One that the device does not take is not sent anew before. */
static void tell_refused(thingward *t)
{
	const int64_t now = now_ms(t->sys);
	char fields[192];

	for (size_t i = 0; i < t->limit_count; i++) {
		struct tw_limit *l = &t->limits[i];

		if (!tw_limit_tells(l, now))
			continue;
		l->told_ms = now ? now : 1;
		(void)snprintf(fields, sizeof fields, "{\"name\":\"%s.%s\",\"rule\":\"%s.%s\",\"value\":%lld,\"count\":%lld}",
			kind_of(l), l->name, kind_of(l), l->rule, (long long)l->value, (long long)l->refused);
		if (thingward_event(t, "application.limit-refused", fields) == THINGWARD_OK)
			l->refused = 0;
	}
}

/* @nist LA.IC.11: what is outside the product's ranges and rates, as the owner has narrowed them, is refused before the application acts on it */
static int hold_to_limit(thingward *t, bool out, const char *name, int64_t value)
{
	struct tw_limit *l = NULL;
	int result = find_limit(t, out, name, &l);

	if (result != THINGWARD_OK)
		return result;
	const char *rule = tw_limit_judge(l, value, now_ms(t->sys));

	tell_refused(t);
	if (!rule)
		return THINGWARD_OK;
	if (strcmp(rule, "range") == 0)
		(void)snprintf(t->why, sizeof t->why, "%s.range: '%s' may be %lld to %lld, not %lld", kind_of(l), l->name,
			(long long)l->min, (long long)l->max, (long long)value);
	else
		(void)snprintf(t->why, sizeof t->why, "%s.rate: '%s' may come %lld times a minute", kind_of(l), l->name,
			(long long)l->per_minute);
	return THINGWARD_REFUSED;
}

int thingward_input(thingward *t, const char *name, int64_t value)
{
	return hold_to_limit(t, false, name, value);
}

int thingward_output(thingward *t, const char *name, int64_t value)
{
	return hold_to_limit(t, true, name, value);
}

void thingward_on_answer(thingward *t, thingward_answer *call, void *user)
{
	t->call = call;
	t->user = user;
}

int thingward_fd(const thingward *t)
{
	return tw_channel_fd(t->channel);
}

int thingward_dispatch(thingward *t)
{
	return take_all(t);
}

unsigned thingward_pending(const thingward *t)
{
	return t->pending;
}

const char *thingward_why(const thingward *t)
{
	return t->why;
}

const char *thingward_version(void)
{
	return TW_VERSION;
}
