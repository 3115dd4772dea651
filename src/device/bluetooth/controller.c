/* SPDX-License-Identifier: Apache-2.0 */
#include "device/bluetooth/controller.h"

#include "base/mem.h"
#include "sys/clock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define ANSWER_MS 12000 /* a controller has 2 s for each of its commands, and switching one on takes many */
#define HEARD_MAX 64    /* in one go: others get their turn */

/* As the kernel's bluetooth.h and hci_sock.h have them, of which Debian has no package for programs without BlueZ's library. */
#define PROTOCOL_HCI 1
#define NO_CONTROLLER 0xffff
#define CHANNEL_CONTROL 3
struct address {
	sa_family_t family;
	uint16_t controller, channel;
};

tw_err tw_bt_open(const struct tw_sys *sys, int *ret)
{
	union {
		struct address of;
		struct sockaddr any;
	} to = { .of = { AF_BLUETOOTH, NO_CONTROLLER, CHANNEL_CONTROL } };
	const int fd = sys->socket(sys, AF_BLUETOOTH, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, PROTOCOL_HCI);

	*ret = -1;
	if (fd < 0 && (errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT))
		return TW_OK;
	if (fd < 0)
		return TW_RAISE_ERRNO("a line to the kernel's Bluetooth");
	if (sys->bind(sys, fd, &to.any, sizeof to.of)) {
		const tw_err e = TW_RAISE_ERRNO("the kernel's management of Bluetooth");

		(void)sys->close(sys, fd);
		return e;
	}
	*ret = fd;
	return TW_OK;
}

/* --- Talking --- */

/* TIMEOUT: nothing is there. */
static tw_err receive(const struct tw_bt_talk *t, char *buffer, struct tw_mgmt_said *ret)
{
	struct iovec part = { buffer, TW_MGMT_MAX };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	const ssize_t n = t->sys->recvmsg(t->sys, t->fd, &m, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return TW_RAISE(TIMEOUT, "the kernel says nothing");
	if (n < 0)
		return TW_RAISE_ERRNO("hearing the kernel's Bluetooth");
	if (m.msg_flags & MSG_TRUNC)
		return TW_RAISE(LIMIT, "the kernel says more than %d bytes of Bluetooth at once", TW_MGMT_MAX);
	return tw_mgmt_read((struct tw_slice){ buffer, (size_t)n }, ret);
}

static void tell(const struct tw_bt_talk *t, const struct tw_mgmt_said *said)
{
	if (said->index == t->index && said->kind != TW_MGMT_ANSWER)
		t->heard(t->user, said);
}

tw_err tw_bt_hear(const struct tw_bt_talk *t)
{
	char buffer[TW_MGMT_MAX];
	tw_err e = TW_OK;

	for (size_t i = 0; i < HEARD_MAX && !tw_failed(e); i++) {
		struct tw_mgmt_said said = { 0 };

		e = receive(t, buffer, &said);
		if (!tw_failed(e))
			tell(t, &said);
		tw_wipe(&said, sizeof said);
	}
	tw_wipe(buffer, sizeof buffer);
	return tw_is(e, TW_CODE_TIMEOUT) ? TW_OK : e;
}

static uint16_t code_of(struct tw_slice packet)
{
	return (uint16_t)((uint8_t)packet.at[0] | (uint8_t)packet.at[1] << 8);
}

tw_err tw_bt_ask(const struct tw_bt_talk *t, struct tw_slice command, char *answer, struct tw_mgmt_said *ret)
{
	struct iovec part = { (char *)(uintptr_t)command.at, command.size };
	const struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	const int64_t until = tw_boot_ms(t->sys) + ANSWER_MS;

	if (t->sys->sendmsg(t->sys, t->fd, &m, 0) != (ssize_t)command.size)
		return TW_RAISE_ERRNO("telling the kernel's Bluetooth");
	for (;;) {
		struct pollfd p = { .fd = t->fd, .events = POLLIN };
		const int64_t left = until - tw_boot_ms(t->sys);
		tw_err e = receive(t, answer, ret);

		if (!tw_failed(e) && ret->kind == TW_MGMT_ANSWER && ret->command == code_of(command))
			return TW_OK;
		if (!tw_failed(e)) {
			tell(t, ret);
			tw_wipe(answer, TW_MGMT_MAX); /* it may have been a key */
		} else if (!tw_is(e, TW_CODE_TIMEOUT)) {
			return e;
		}
		if (left <= 0)
			return TW_RAISE(CLOSED, "the kernel does not answer: %s", tw_mgmt_doing(code_of(command)));
		if (tw_failed(e) && t->sys->poll(t->sys, &p, 1, (int)left) < 0 && errno != EINTR)
			return TW_RAISE_ERRNO("waiting for the kernel's Bluetooth");
	}
}

static tw_err refused(uint16_t command, uint8_t status)
{
	return TW_RAISE(DENIED, "the kernel refuses %s: %s (status %u)", tw_mgmt_doing(command), tw_bt_why(status), status);
}

static tw_err order(const struct tw_bt_talk *t, const struct tw_buf *command)
{
	char answer[TW_MGMT_MAX];
	struct tw_mgmt_said said;

	TW_TRY(tw_bt_ask(t, tw_buf_slice(command), answer, &said));
	return said.status ? refused(said.command, said.status) : TW_OK;
}

tw_err tw_bt_set(const struct tw_bt_talk *t, uint16_t command, uint8_t value)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, t->sys, TW_MGMT_MAX);
	TW_TRY(tw_mgmt_byte(command, t->index, value, &b));
	return order(t, &b);
}

/* --- The controller --- */

static tw_err read_info(const struct tw_bt_talk *t, struct tw_mgmt_info *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	char answer[TW_MGMT_MAX];
	struct tw_mgmt_said said;

	tw_buf_init(&b, t->sys, TW_MGMT_MAX);
	TW_TRY(tw_mgmt_bare(TW_MGMT_READ_INFO, t->index, &b));
	TW_TRY(tw_bt_ask(t, tw_buf_slice(&b), answer, &said));
	if (said.status == TW_MGMT_NO_INDEX)
		return TW_RAISE(NOTFOUND, "there is no Bluetooth controller hci%u", t->index);
	return said.status ? refused(said.command, said.status) : tw_mgmt_info_read(said.rest, ret);
}

bool tw_bt_holds(uint32_t settings)
{
	const uint32_t want = TW_BT_POWERED | TW_BT_LE | TW_BT_SECURE;

	return (settings & want) == want && !(settings & (TW_BT_BREDR | TW_BT_DEBUG_KEYS));
}

static tw_err load_keys(const struct tw_bt_talk *t, const struct tw_bt_order *o)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };

	tw_buf_init(&b, t->sys, TW_MGMT_MAX);
	TW_TRY(tw_buf_reserve(&b, TW_MGMT_MAX));
	TW_TRY(tw_mgmt_irks(o, &b));
	TW_TRY(order(t, &b));
	tw_buf_clear(&b);
	TW_TRY(tw_mgmt_ltks(o, &b));
	return order(t, &b);
}

static tw_err switch_off(const struct tw_bt_talk *t, const struct tw_bt_order *o, const struct tw_mgmt_info *is)
{
	TW_TRY(tw_bt_set(t, TW_MGMT_SET_POWERED, 0));
	TW_TRY(tw_bt_set(t, TW_MGMT_SET_BONDABLE, 0));
	return is->supported & TW_BT_LE ? load_keys(t, o) : TW_OK;
}

/* @nist LA.IC.14.2: nothing but Secure Connections, which the kernel holds pairing to on both sides */
static tw_err secure(const struct tw_bt_talk *t, const struct tw_mgmt_info *is)
{
	TW_TRY(tw_bt_set(t, TW_MGMT_SET_LE, 1));
	if (is->supported & TW_BT_BREDR)
		TW_TRY(tw_bt_set(t, TW_MGMT_SET_BREDR, 0));
	TW_TRY(tw_bt_strict(t, true));
	TW_TRY(tw_bt_set(t, TW_MGMT_SET_DEBUG_KEYS, 0));
	return tw_bt_set(t, TW_MGMT_SET_IO, TW_MGMT_DISPLAY_YES_NO);
}

tw_err tw_bt_apply(const struct tw_bt_talk *t, const struct tw_bt_order *o)
{
	const uint32_t needs = TW_BT_LE | TW_BT_SECURE;
	struct tw_mgmt_info is;

	TW_TRY(read_info(t, &is));
	if (!o->on)
		return switch_off(t, o, &is);
	if ((is.supported & needs) != needs)
		return TW_RAISE(DENIED, "hci%u has no Low Energy, or no Secure Connections", t->index);
	/* Classic can only be taken away from one that is off; and whoever is connected in another way than ours has to come anew. */
	if ((is.current & TW_BT_POWERED) && !tw_bt_holds(is.current))
		TW_TRY(tw_bt_set(t, TW_MGMT_SET_POWERED, 0));
	TW_TRY(secure(t, &is));
	TW_TRY(load_keys(t, o));
	TW_TRY(tw_bt_set(t, TW_MGMT_SET_POWERED, 1));
	TW_TRY(tw_bt_window(t, o->window_s, o->count));
	TW_TRY(read_info(t, &is));
	return tw_bt_holds(is.current)
		? TW_OK
		: TW_RAISE(DENIED, "hci%u has not become what it was set to: its settings are 0x%x", t->index, is.current);
}

static tw_err let_find(const struct tw_bt_talk *t, uint16_t seconds)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, t->sys, TW_MGMT_MAX);
	TW_TRY(tw_mgmt_discoverable(t->index, seconds, &b));
	return order(t, &b);
}

tw_err tw_bt_strict(const struct tw_bt_talk *t, bool strict)
{
	return tw_bt_set(t, TW_MGMT_SET_SECURE, strict ? TW_MGMT_SECURE_ONLY : TW_MGMT_SECURE);
}

/* Whether it can be found is set only while others may connect: where none may, it cannot be. */
tw_err tw_bt_window(const struct tw_bt_talk *t, uint16_t seconds, size_t paired)
{
	const bool comes = seconds || paired;

	if (!seconds)
		TW_TRY(tw_bt_set(t, TW_MGMT_SET_BONDABLE, 0));
	TW_TRY(tw_bt_strict(t, seconds || !paired));
	if (!comes)
		TW_TRY(tw_bt_set(t, TW_MGMT_SET_ADVERTISING, 0));
	TW_TRY(tw_bt_set(t, TW_MGMT_SET_CONNECTABLE, comes));
	if (seconds)
		TW_TRY(tw_bt_set(t, TW_MGMT_SET_BONDABLE, 1));
	if (!comes)
		return TW_OK;
	TW_TRY(let_find(t, seconds));
	return tw_bt_set(t, TW_MGMT_SET_ADVERTISING, 1);
}

tw_err tw_bt_look(const struct tw_bt_talk *t, struct tw_bt_state *ret)
{
	struct tw_mgmt_info is;

	*ret = (struct tw_bt_state){ 0 };
	TW_TRY(read_info(t, &is));
	memcpy(ret->address, is.address, sizeof ret->address);
	ret->settings = is.current;
	return TW_OK;
}

/* --- Peers --- */

static tw_err of_peer(const struct tw_bt_talk *t, uint16_t command, const struct tw_bt_address *a, uint8_t *ret_status)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	char answer[TW_MGMT_MAX];
	struct tw_mgmt_said said;

	tw_buf_init(&b, t->sys, TW_MGMT_MAX);
	TW_TRY(tw_mgmt_of_peer(command, t->index, a, &b));
	TW_TRY(tw_bt_ask(t, tw_buf_slice(&b), answer, &said));
	*ret_status = said.status;
	return TW_OK;
}

tw_err tw_bt_unpair(const struct tw_bt_talk *t, const struct tw_bt_address *a)
{
	uint8_t status = 0;

	TW_TRY(of_peer(t, TW_MGMT_UNPAIR, a, &status));
	return status && status != TW_MGMT_NOT_PAIRED && status != TW_MGMT_NOT_CONNECTED ? refused(TW_MGMT_UNPAIR, status) : TW_OK;
}

tw_err tw_bt_confirm(const struct tw_bt_talk *t, const struct tw_bt_address *a, bool yes, uint8_t *ret_status)
{
	return of_peer(t, yes ? TW_MGMT_CONFIRM : TW_MGMT_CONFIRM_NOT, a, ret_status);
}
