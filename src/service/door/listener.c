/* SPDX-License-Identifier: Apache-2.0 */
#include "service/door/listener.h"

#include <errno.h>
#include <event2/event.h>

static void rest(struct tw_listener *l)
{
	const struct timeval later = { .tv_sec = TW_LISTENER_RETRY_MS / 1000, .tv_usec = TW_LISTENER_RETRY_MS % 1000 * 1000 };

	/* Only what is sure to be taken up again is laid down. */
	if (event_add(l->retry, &later))
		return;
	l->resting = true;
	(void)event_del(l->readable);
}

static void on_readable(int fd, short what, void *user)
{
	struct tw_listener *l = user;

	for (int i = 0; i < TW_LISTENER_AT_ONCE; i++) {
		int peer = l->sys->accept(l->sys, fd, NULL, NULL);

		if (peer >= 0)
			l->take(l->user, peer);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			rest(l);
		if (peer < 0 && (l->resting || (errno != EINTR && errno != ECONNABORTED)))
			return;
	}
}

void tw_listener_resume(struct tw_listener *l)
{
	if (!l->resting || event_add(l->readable, NULL))
		return; /* the retry stays, and tries again */
	l->resting = false;
	(void)event_del(l->retry);
}

static void on_retry(int fd, short what, void *user)
{
	struct tw_listener *l = user;

	tw_listener_resume(l);
	if (l->resting)
		rest(l);
}

tw_err tw_listener_start(struct tw_listener *l, struct event_base *loop)
{
	l->readable = event_new(loop, l->fd, EV_READ | EV_PERSIST, on_readable, l);
	l->retry = event_new(loop, -1, 0, on_retry, l);
	if (!l->readable || !l->retry || event_add(l->readable, NULL))
		return TW_RAISE(NOMEM, "a listener");
	return TW_OK;
}

void tw_listener_stop(struct tw_listener *l)
{
	if (l->readable)
		event_free(l->readable);
	if (l->retry)
		event_free(l->retry);
	l->readable = l->retry = NULL;
	l->resting = false;
}
