/* SPDX-License-Identifier: Apache-2.0 */
/* One question to a running service, at its administrator's socket. */
#include "base/json.h"
#include "base/text.h"
#include "support/setup/setup.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/un.h>

#define REPLY_MAX 65536
#define WAIT_MS 10000

/* What it refused, in its own words. */
static tw_err refused(struct tw_slice body)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	if (tw_failed(tw_json_parse(body, REPLY_MAX, &j)) || !json_is_object(j) || !tw_json_get(j, "title"))
		return TW_RAISE(STATE, "the running service refused it");
	return TW_RAISE(STATE, "the running service refused it: %s. %s", tw_json_text(j, "title"), tw_json_text(j, "detail"));
}

tw_err tw_setup_answer(struct tw_slice reply, struct tw_buf *ret_body)
{
	static const char start[] = "HTTP/1.1 ";
	const size_t size = sizeof start - 1;
	const char *end = reply.size ? memmem(reply.at, reply.size, "\r\n\r\n", 4) : NULL;
	uint64_t status = 0;

	if (!end || (size_t)(end - reply.at) < size + 3 || memcmp(reply.at, start, size) != 0 ||
		tw_failed(tw_parse_u64((struct tw_slice){ reply.at + size, 3 }, 999, &status)))
		return TW_RAISE(SYNTAX, "the running service gave no answer that can be read");
	const struct tw_slice body = { end + 4, reply.size - (size_t)(end + 4 - reply.at) };
	if (status != 200)
		return refused(body);
	return tw_buf_add(ret_body, body.at, body.size);
}

/* Named by our descriptor of DIR, since a socket's name may be no longer than 107 bytes. */
static tw_err reach(const struct tw_setup *s, int fd)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	(void)snprintf(a.sun_path, sizeof a.sun_path, "/proc/self/fd/%d/desk.sock", s->places.dir);
	if (s->sys->connect(s->sys, fd, (const struct sockaddr *)&a, sizeof a) == 0)
		return TW_OK;
	if (errno == ENOENT || errno == ECONNREFUSED)
		return TW_RAISE(CLOSED, "the service does not run");
	return TW_RAISE_ERRNO("reaching the running service");
}

static tw_err send_all(const struct tw_setup *s, int fd, char *text, size_t size)
{
	while (size) {
		struct iovec part = { text, size };
		const struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
		ssize_t n = s->sys->sendmsg(s->sys, fd, &m, 0);

		if (n < 0)
			return TW_RAISE_ERRNO("asking the running service");
		text += n;
		size -= (size_t)n;
	}
	return TW_OK;
}

static tw_err receive_all(const struct tw_setup *s, int fd, struct tw_buf *ret)
{
	char piece[4096];
	ssize_t n = 1;

	while (n > 0) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		struct iovec part = { piece, sizeof piece };
		struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };

		if (s->sys->poll(s->sys, &p, 1, WAIT_MS) == 0)
			return TW_RAISE(TIMEOUT, "the running service does not answer");
		n = s->sys->recvmsg(s->sys, fd, &m, 0);
		if (n < 0)
			return TW_RAISE_ERRNO("hearing the running service");
		TW_TRY(tw_buf_add(ret, piece, (size_t)n));
	}
	return TW_OK;
}

static tw_err ask(const struct tw_setup *s, char *text, size_t size, struct tw_buf *ret_body)
{
	TW_CLEANUP(tw_closep) int fd = s->sys->socket(s->sys, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	TW_CLEANUP(tw_buf_done) struct tw_buf reply = { 0 };

	if (fd < 0)
		return TW_RAISE_ERRNO("a socket");
	tw_buf_init(&reply, s->sys, REPLY_MAX);
	TW_TRY(reach(s, fd));
	TW_TRY(send_all(s, fd, text, size));
	TW_TRY(receive_all(s, fd, &reply));
	return tw_setup_answer(tw_buf_slice(&reply), ret_body);
}

tw_err tw_setup_ask(const struct tw_setup *s, const char *method, const char *path, struct tw_buf *ret_body)
{
	char text[256];
	int size = snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", method, path);

	return ask(s, text, (size_t)size, ret_body);
}

tw_err tw_setup_post(const struct tw_setup *s, const char *path, const char *json, struct tw_buf *ret_body)
{
	char text[512];
	int size = snprintf(text, sizeof text,
		"POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		path, strlen(json), json);

	return ask(s, text, (size_t)size, ret_body);
}
