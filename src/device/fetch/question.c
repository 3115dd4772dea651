/* SPDX-License-Identifier: Apache-2.0 */
#include "device/fetch/question.h"

#include "base/fd.h"
#include "base/mem.h"
#include "sys/clock.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define MOST_MS 16000 /* between two times: RFC 5080 section 2.2.1 */
#define AT_A_TURN 4   /* datagrams of one question, so that a flood of them keeps no other waiting */

static void end(struct tw_questions *q, struct tw_question *one)
{
	if (one->fd >= 0)
		(void)q->sys->close(q->sys, one->fd);
	tw_buf_wipe(&one->packet); /* it may have a password in it */
	*one = (struct tw_question){ .fd = -1 };
}

void tw_questions_done(struct tw_questions *q)
{
	for (size_t i = 0; i < TW_ASK_AT_ONCE; i++)
		if (q->of[i].used)
			end(q, &q->of[i]);
}

/* A tenth more or less, so that devices that lost their server together do not come back together. */
static int64_t about(const struct tw_sys *sys, int64_t ms)
{
	uint8_t random = 127;

	(void)sys->random(sys, &random, sizeof random);
	return ms + ms * (random - 127) / 1280;
}

static tw_err open_socket(const struct tw_sys *sys, const struct tw_place *to, int *ret)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(to->port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(to->port) };
	TW_CLEANUP(tw_closep) int fd = -1;

	memcpy(&v6.sin6_addr, to->address, sizeof v6.sin6_addr);
	memcpy(&v4.sin_addr, to->address + 12, sizeof v4.sin_addr);
	const bool four = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);
	fd = sys->socket(sys, four ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
	if (fd < 0 || sys->connect(sys, fd, four ? (const void *)&v4 : (const void *)&v6, four ? sizeof v4 : sizeof v6) != 0)
		return TW_RAISE_ERRNO("a way to where the question goes");
	*ret = tw_take_fd(&fd);
	return TW_OK;
}

/* What the network says to one try is no verdict: whoever can forge that cannot end the question by it. */
static void send_once(struct tw_questions *q, struct tw_question *one)
{
	struct iovec part = { one->packet.data, one->packet.size };
	const struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };

	one->refused = q->sys->sendmsg(q->sys, one->fd, &m, MSG_DONTWAIT) < 0;
	if (one->refused) /* it may have been about the time before */
		one->refused = q->sys->sendmsg(q->sys, one->fd, &m, MSG_DONTWAIT) < 0;
}

static void wait_longer(struct tw_questions *q, struct tw_question *one, int64_t now)
{
	one->wait_ms = about(q->sys, one->wait_ms < MOST_MS / 2 ? one->wait_ms * 2 : MOST_MS);
	one->next_ms = now + one->wait_ms;
}

static tw_err fill(struct tw_questions *q, struct tw_question *one, const struct tw_ask_job *a)
{
	const int64_t now = tw_boot_ms(q->sys);

	tw_buf_init(&one->packet, q->sys, TW_ASK_PACKET_MAX);
	TW_TRY(tw_buf_reserve(&one->packet, a->packet.size)); /* one that grows leaves copies of what is in it */
	TW_TRY(tw_buf_add(&one->packet, a->packet.at, a->packet.size));
	TW_TRY(open_socket(q->sys, &a->to, &one->fd));
	one->until_ms = now + a->deadline_ms;
	one->wait_ms = about(q->sys, a->again_ms);
	one->next_ms = now + one->wait_ms;
	send_once(q, one);
	return TW_OK;
}

static struct tw_question *of_tag(struct tw_questions *q, uint32_t tag)
{
	for (size_t i = 0; i < TW_ASK_AT_ONCE; i++)
		if (q->of[i].used && q->of[i].tag == tag)
			return &q->of[i];
	return NULL;
}

tw_err tw_questions_begin(struct tw_questions *q, uint32_t tag, const struct tw_ask_job *a)
{
	size_t i = 0;

	if (of_tag(q, tag))
		return TW_RAISE(STATE, "a question of this tag is there");
	while (i < TW_ASK_AT_ONCE && q->of[i].used)
		i++;
	if (i == TW_ASK_AT_ONCE)
		return TW_RAISE(LIMIT, "%d questions are there", TW_ASK_AT_ONCE);
	q->of[i] = (struct tw_question){ .used = true, .fd = -1, .tag = tag };
	if (!tw_failed(fill(q, &q->of[i], a)))
		return TW_OK;
	end(q, &q->of[i]);
	return q->ended(q->user, tag, TW_ASK_FAILED);
}

void tw_questions_enough(struct tw_questions *q, uint32_t tag)
{
	struct tw_question *one = of_tag(q, tag);

	if (one)
		end(q, one);
}

size_t tw_questions_wait(struct tw_questions *q, struct pollfd ret[TW_ASK_AT_ONCE], int *ret_ms)
{
	const int64_t now = tw_boot_ms(q->sys);
	int64_t least = INT_MAX;
	size_t count = 0;

	for (size_t i = 0; i < TW_ASK_AT_ONCE; i++) {
		const struct tw_question *one = &q->of[i];
		const int64_t due = one->next_ms < one->until_ms ? one->next_ms : one->until_ms;

		if (!one->used)
			continue;
		ret[count++] = (struct pollfd){ .fd = one->fd, .events = POLLIN };
		if (due - now < least)
			least = due - now;
	}
	*ret_ms = least > 0 ? (int)least : 0;
	return count;
}

/* True: there may be more. What is longer than any answer is none. */
static tw_err take(struct tw_questions *q, struct tw_question *one, bool *ret_more)
{
	uint8_t bytes[TW_ASK_PACKET_MAX];
	struct iovec part = { bytes, sizeof bytes };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t size = q->sys->recvmsg(q->sys, one->fd, &m, MSG_DONTWAIT);

	*ret_more = size >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
	if (size < 0) {
		one->refused = one->refused || *ret_more;
		return TW_OK;
	}
	if (m.msg_flags & MSG_TRUNC || one->answers++ >= TW_ASK_ANSWERS_MAX)
		return TW_OK;
	return q->heard(q->user, one->tag, (struct tw_slice){ (const char *)bytes, (size_t)size });
}

static tw_err turn_one(struct tw_questions *q, struct tw_question *one)
{
	const int64_t now = tw_boot_ms(q->sys);
	const uint32_t tag = one->tag;
	bool more = true;

	for (int i = 0; i < AT_A_TURN && more; i++)
		TW_TRY(take(q, one, &more));
	if (now >= one->until_ms) {
		const enum tw_ask_end how = one->refused ? TW_ASK_UNREACHABLE : TW_ASK_SILENT;

		end(q, one);
		return q->ended(q->user, tag, how);
	}
	if (now < one->next_ms)
		return TW_OK;
	send_once(q, one);
	wait_longer(q, one, now);
	return TW_OK;
}

tw_err tw_questions_turn(struct tw_questions *q)
{
	for (size_t i = 0; i < TW_ASK_AT_ONCE; i++)
		if (q->of[i].used)
			TW_TRY(turn_one(q, &q->of[i]));
	return TW_OK;
}
