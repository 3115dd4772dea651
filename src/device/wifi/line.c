/* SPDX-License-Identifier: Apache-2.0 */
#include "device/wifi/line.h"

#include "base/mem.h"
#include "base/text.h"
#include "sys/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/un.h>

#define ANSWER_MS 2000 /* it answers at once, but for a machine that is busy */
#define HEARD_MAX 64   /* in one go: others get their turn */
#define COMMAND_MAX TW_WPA_MAX

/* --- Opening --- */

struct listing {
	char names[TW_WIFI_LINES_MAX][TW_WIFI_LINK_MAX + 1];
	size_t count;
	bool more;
};

/* Its sockets have their link's name; those of its own for Wi-Fi Direct are none of ours. */
static bool take_name(void *user, const char *name)
{
	struct listing *l = user;

	if (strncmp(name, "p2p-dev-", 8) == 0 || strlen(name) > TW_WIFI_LINK_MAX || strcmp(name, "global") == 0)
		return true;
	l->more = l->count == TW_WIFI_LINES_MAX;
	if (!l->more)
		(void)snprintf(l->names[l->count++], sizeof l->names[0], "%s", name);
	return !l->more;
}

/* CLOSED: nobody listens there. */
static tw_err open_line(const struct tw_sys *sys, const char *place, const char *link, int *ret)
{
	const struct sockaddr_un own = { .sun_family = AF_UNIX };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const int fd = sys->socket(sys, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return TW_RAISE_ERRNO("a line to wpa_supplicant");
	*ret = fd;
	if (snprintf(to.sun_path, sizeof to.sun_path, "%s/%s", place, link) >= (int)sizeof to.sun_path)
		return TW_RAISE(LIMIT, "the name of wpa_supplicant's socket for %s is too long", link);
	if (sys->bind(sys, fd, (const struct sockaddr *)(const void *)&own, sizeof own.sun_family))
		return TW_RAISE_ERRNO("a name for the line to wpa_supplicant");
	if (sys->connect(sys, fd, (const struct sockaddr *)(const void *)&to, sizeof to))
		return TW_RAISE(CLOSED, "nobody listens at %s/%s", place, link);
	return TW_OK;
}

tw_err tw_wifi_lines_open(const struct tw_sys *sys, const char *place, int first, struct tw_wifi_lines *ret)
{
	struct listing l = { .count = 0 };
	int dir = sys->open_path(sys, place, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

	*ret = (struct tw_wifi_lines){ .count = 0 };
	if (dir < 0)
		return TW_OK; /* it does not run */
	const int listed = sys->list(sys, dir, take_name, &l);
	const tw_err e = listed ? TW_RAISE_ERRNO("listing %s", place) : TW_OK;
	(void)sys->close(sys, dir);
	TW_TRY(e);
	ret->more = l.more;
	for (size_t i = 0; i < l.count; i++) {
		int fd = -1;
		tw_err got = open_line(sys, place, l.names[i], &fd);

		if (tw_failed(got) && fd >= 0)
			(void)sys->close(sys, fd);
		if (tw_is(got, TW_CODE_CLOSED))
			continue; /* a socket that was left behind */
		TW_TRY(got);
		if (fd != first + (int)ret->count)
			return TW_RAISE(INTERNAL, "the line to wpa_supplicant is descriptor %d and not %d", fd, first + (int)ret->count);
		ret->of[ret->count].fd = fd;
		memcpy(ret->of[ret->count++].link, l.names[i], sizeof l.names[i]);
	}
	return TW_OK;
}

const struct tw_wifi_line *tw_wifi_lines_find(const struct tw_wifi_lines *l, struct tw_slice link)
{
	for (size_t i = 0; i < l->count; i++)
		if (tw_slice_is(link, l->of[i].link))
			return &l->of[i];
	return NULL;
}

/* --- Talking --- */

/* TIMEOUT: nothing is there. */
static tw_err receive(const struct tw_wifi_talk *t, char *buffer, struct tw_slice *ret)
{
	struct iovec part = { buffer, TW_WPA_MAX };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	const ssize_t n = t->sys->recvmsg(t->sys, t->fd, &m, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return TW_RAISE(TIMEOUT, "wpa_supplicant says nothing");
	if (n < 0 && errno == ECONNREFUSED)
		return TW_RAISE(CLOSED, "wpa_supplicant has ended");
	if (n < 0)
		return TW_RAISE_ERRNO("hearing wpa_supplicant");
	if (m.msg_flags & MSG_TRUNC)
		return TW_RAISE(LIMIT, "wpa_supplicant says more than %d bytes at once", TW_WPA_MAX);
	*ret = (struct tw_slice){ buffer, (size_t)n };
	return TW_OK;
}

tw_err tw_wifi_hear(const struct tw_wifi_talk *t)
{
	char buffer[TW_WPA_MAX];

	for (size_t i = 0; i < HEARD_MAX; i++) {
		struct tw_slice said;
		tw_err e = receive(t, buffer, &said);

		if (tw_is(e, TW_CODE_TIMEOUT))
			return TW_OK;
		TW_TRY(e);
		if (tw_wpa_is_event(said))
			t->heard(t->user, said);
	}
	return TW_OK;
}

static tw_err send_to(const struct tw_wifi_talk *t, struct tw_slice command)
{
	struct iovec part = { (char *)(uintptr_t)command.at, command.size };
	const struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };

	if (t->sys->sendmsg(t->sys, t->fd, &m, 0) == (ssize_t)command.size)
		return TW_OK;
	return errno == ECONNREFUSED || errno == ENOTCONN ? TW_RAISE(CLOSED, "wpa_supplicant has ended")
							  : TW_RAISE_ERRNO("telling wpa_supplicant");
}

tw_err tw_wifi_ask(const struct tw_wifi_talk *t, struct tw_slice command, char *ret, struct tw_slice *ret_answer)
{
	const int64_t until = tw_boot_ms(t->sys) + ANSWER_MS;

	TW_TRY(send_to(t, command));
	for (;;) {
		struct pollfd p = { .fd = t->fd, .events = POLLIN };
		const int64_t left = until - tw_boot_ms(t->sys);
		tw_err e = receive(t, ret, ret_answer);

		if (!tw_failed(e) && !tw_wpa_is_event(*ret_answer))
			return TW_OK;
		if (!tw_failed(e))
			t->heard(t->user, *ret_answer);
		else if (!tw_is(e, TW_CODE_TIMEOUT))
			return e;
		if (left <= 0)
			return TW_RAISE(CLOSED, "wpa_supplicant does not answer");
		if (tw_failed(e) && t->sys->poll(t->sys, &p, 1, (int)left) < 0 && errno != EINTR)
			return TW_RAISE_ERRNO("waiting for wpa_supplicant");
	}
}

tw_err tw_wifi_order(const struct tw_wifi_talk *t, struct tw_slice command)
{
	char buffer[TW_WPA_MAX];
	struct tw_slice answer;

	TW_TRY(tw_wifi_ask(t, command, buffer, &answer));
	if (tw_slice_is(answer, "OK\n") || tw_slice_is(answer, "OK"))
		return TW_OK;
	/* Of a setting its key alone: behind that stands what may be a secret. */
	size_t words = 0, size = 0;
	while (size < command.size && size < 60 && (words += command.at[size] == ' ') < 3)
		size++;
	return TW_RAISE(DENIED, "wpa_supplicant does not take %.*s", (int)size, command.at);
}

static tw_err say(const struct tw_wifi_talk *t, const char *command)
{
	return tw_wifi_order(t, tw_slice_of(command));
}

/* Blobs outlive the networks that use them, and nothing takes them out: they are overwritten. One that takes none has none. */
static tw_err clear(const struct tw_wifi_talk *t)
{
	TW_TRY(say(t, "REMOVE_NETWORK all"));
	for (size_t i = 0; i < TW_WPA_BLOBS; i++) {
		char command[64];

		(void)snprintf(command, sizeof command, "SET blob %s 00", tw_wpa_blobs[i]);
		tw_err e = say(t, command);
		if (!tw_is(e, TW_CODE_DENIED))
			TW_TRY(e);
	}
	return TW_OK;
}

tw_err tw_wifi_leave(const struct tw_wifi_talk *t)
{
	TW_TRY(clear(t));
	return say(t, "DISCONNECT");
}

/* Each in the same memory, which is wiped. */
static tw_err set_all(const struct tw_wifi_talk *t, const struct tw_wifi_network *n, unsigned id)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf command = { 0 };
	bool any = true;

	tw_buf_init(&command, t->sys, COMMAND_MAX);
	TW_TRY(tw_buf_reserve(&command, COMMAND_MAX));
	for (size_t place = 0; any; place++) {
		tw_buf_clear(&command);
		TW_TRY(tw_wpa_command(n, id, place, &command, &any));
		if (any && command.size)
			TW_TRY(tw_wifi_order(t, tw_buf_slice(&command)));
	}
	return TW_OK;
}

tw_err tw_wifi_join(const struct tw_wifi_talk *t, const struct tw_wifi_network *n)
{
	char buffer[TW_WPA_MAX], select[48], why[TW_WIFI_WORDS_MAX];
	struct tw_slice answer;
	unsigned id = 0;

	TW_TRY(clear(t));
	if (n->kind == TW_WIFI_SAE)
		TW_TRY(say(t, "SET sae_pwe 2")); /* hash to element where the access point has it */
	TW_TRY(tw_wifi_ask(t, tw_slice_of("ADD_NETWORK"), buffer, &answer));
	TW_TRY(tw_wpa_id_read(answer, &id));
	tw_err e = set_all(t, n, id);
	if (!tw_failed(e)) {
		(void)snprintf(select, sizeof select, "SELECT_NETWORK %u", id);
		e = say(t, select);
	}
	if (!tw_failed(e) || tw_is(e, TW_CODE_CLOSED))
		return e;
	(void)snprintf(why, sizeof why, "%s", tw_err_detail());
	tw_ignore(clear(t)); /* half of it is no network, and has secrets */
	return TW_RAISE(DENIED, "%s", why);
}

tw_err tw_wifi_stands(const struct tw_wifi_talk *t, struct tw_slice mark, bool *ret)
{
	char buffer[TW_WPA_MAX];
	struct tw_slice answer;

	TW_TRY(tw_wifi_ask(t, tw_slice_of("GET_NETWORK 0 id_str"), buffer, &answer));
	*ret = answer.size >= mark.size + 2 && answer.at[0] == '"' && memcmp(answer.at + 1, mark.at, mark.size) == 0;
	return TW_OK;
}

tw_err tw_wifi_state(const struct tw_wifi_talk *t, const struct tw_wpa_ours *ours, struct tw_wifi_state *ret)
{
	char buffer[TW_WPA_MAX];
	struct tw_slice answer;

	TW_TRY(tw_wifi_ask(t, tw_slice_of("STATUS"), buffer, &answer));
	TW_TRY(tw_wpa_status_read(answer, ours, ret));
	if (!ret->joined)
		return TW_OK;
	TW_TRY(tw_wifi_ask(t, tw_slice_of("SIGNAL_POLL"), buffer, &answer));
	if (tw_failed(tw_wpa_signal_read(answer, &ret->dbm)))
		ret->dbm = 0; /* a driver that does not say */
	return TW_OK;
}
