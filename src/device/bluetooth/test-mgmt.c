/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel's management of Bluetooth says, rows of it, and what is said to it; then a controller that the test plays, with the kernel's rules. */
#include "device/bluetooth/controller.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define A "\x01\x00\x00\x01\xaa\x00"                                                                /* 00:AA:01:00:00:01 */
#define K16 "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f"                      /* a key */
#define LTK(store, type, central, size) store A "\x01" type central size "\0\0\0\0\0\0\0\0\0\0" K16 /* of a public address */
#define PACKET(code, body)                    \
	{                                     \
		code "\x00"                   \
		     "\x00\x00",              \
			body, sizeof body - 1 \
	}

struct packet {
	const char *head, *body;
	size_t size;
};

static struct tw_slice whole(const struct packet *p, char buffer[TW_MGMT_MAX])
{
	memcpy(buffer, p->head, 4);
	buffer[4] = (char)p->size;
	buffer[5] = (char)(p->size >> 8);
	memcpy(buffer + TW_MGMT_HEAD, p->body, p->size);
	return (struct tw_slice){ buffer, TW_MGMT_HEAD + p->size };
}

/* --- Events --- */

static void test_events(void **state)
{
	static const struct {
		struct packet said;
		enum tw_mgmt_kind kind;
		enum tw_bt_event_of event;
		uint32_t number;
	} rows[] = {
		{ PACKET("\x0f", A "\x01\x00\x40\xe2\x01\x00"), TW_MGMT_EVENT, TW_BT_ASKS, 123456 },
		{ PACKET("\x0f", A "\x02\x01\x3f\x42\x0f\x00"), TW_MGMT_EVENT, TW_BT_ASKS, 999999 },
		{ PACKET("\x0f", A "\x00\x00\x40\xe2\x01\x00"), TW_MGMT_OTHER, TW_BT_ASKS, 123456 }, /* Classic */
		{ PACKET("\x17", A "\x01\x07\x00\x00\x00\x03"), TW_MGMT_EVENT, TW_BT_SHOWS, 7 },
		{ PACKET("\x11", A "\x01\x05"), TW_MGMT_EVENT, TW_BT_REFUSED, 5 },
		{ PACKET("\x0c", A "\x02\x03"), TW_MGMT_EVENT, TW_BT_DISCONNECTED, 3 },
		{ PACKET("\x05", ""), TW_MGMT_GONE, TW_BT_OTHER, 0 },
		{ PACKET("\x04", ""), TW_MGMT_CAME, TW_BT_OTHER, 0 },
		{ PACKET("\x12", "whatever"), TW_MGMT_OTHER, TW_BT_OTHER, 0 },
	};
	char buffer[TW_MGMT_MAX];
	struct tw_mgmt_said said;

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const struct tw_slice s = whole(&rows[i].said, buffer);

		CHECK_OK(tw_mgmt_read(s, &said));
		CHECK_INT(said.kind, rows[i].kind);
		CHECK_INT(said.event.event, rows[i].event);
		CHECK_INT(said.event.number, rows[i].number);
		for (size_t cut = 0; cut < s.size; cut++)
			CHECK_ERR(tw_mgmt_read((struct tw_slice){ s.at, cut }, &said), SYNTAX);
	}
}

static void test_what_is_no_packet(void **state)
{
	static const struct {
		struct packet said;
		const char *why;
	} rows[] = {
		{ PACKET("\x0f", A "\x03\x00\x40\xe2\x01\x00"), "packet 0x000f is wrong at byte 13 of 18" },
		{ PACKET("\x0f", A "\x01\x00\x40\x42\x0f\x00"), "packet 0x000f is wrong at byte 18 of 18" }, /* 1000000 */
		{ PACKET("\x0f", A "\x01\x00\x40\xe2\x01\x00x"), "packet 0x000f is wrong at byte 18 of 19" },
		{ PACKET("\x0f", A "\x01\x00\x40"), "packet 0x000f is wrong at byte 14 of 15" },
		{ PACKET("\x01", "\x04"), "packet 0x0001 is wrong at byte 6 of 7" },
		{ PACKET("\x06", "\x01\x02\x03\x04\x05"), "packet 0x0006 is wrong at byte 10 of 11" },
		{ PACKET("\x0a", A), "packet 0x000a is wrong at byte 7 of 12" },
		{ PACKET("\x18", "\x01" A A), "packet 0x0018 is wrong at byte 19 of 19" },
	};
	char buffer[TW_MGMT_MAX];
	struct tw_mgmt_said said;

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_ERR(tw_mgmt_read(whole(&rows[i].said, buffer), &said), SYNTAX);
		CHECK_TEXT(tw_err_detail(), rows[i].why);
	}
	CHECK_ERR(tw_mgmt_read(TW_SLICE("\x05\x00\x00\x00\x01\x00"), &said), SYNTAX);
	CHECK_TEXT(tw_err_detail(), "packet 0x0005 says that it has 1 bytes, and has 0");
}

/* One that is kept: stored by both, of Secure Connections, after a number was compared, and whole. */
static void test_keys(void **state)
{
	static const struct {
		struct packet said;
		bool good;
	} rows[] = {
		{ PACKET("\x0a", LTK("\x01", "\x03", "\x00", "\x10")), true },
		{ PACKET("\x0a", LTK("\x00", "\x03", "\x00", "\x10")), false }, /* not to be stored */
		{ PACKET("\x0a", LTK("\x01", "\x00", "\x01", "\x10")), false }, /* legacy, and nobody compared */
		{ PACKET("\x0a", LTK("\x01", "\x01", "\x01", "\x10")), false }, /* legacy */
		{ PACKET("\x0a", LTK("\x01", "\x02", "\x00", "\x10")), false }, /* nobody compared */
		{ PACKET("\x0a", LTK("\x01", "\x04", "\x00", "\x10")), false }, /* a debugger's */
		{ PACKET("\x0a", LTK("\x01", "\x03", "\x00", "\x07")), false }, /* short */
	};
	static const struct packet compares = PACKET("\x0f", A "\x01\x00\x40\xe2\x01\x00"),
				   may = PACKET("\x0f", A "\x01\x01\x40\xe2\x01\x00");
	static const struct packet irk = PACKET("\x18", "\x01" A A "\x02" K16);
	char buffer[TW_MGMT_MAX];
	struct tw_mgmt_said said;

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_OK(tw_mgmt_read(whole(&rows[i].said, buffer), &said));
		CHECK_INT(said.kind, TW_MGMT_KEY);
		CHECK_INT(said.good, rows[i].good);
		CHECK(memcmp(said.peer.key, K16, 16) == 0 && memcmp(said.peer.address.of, A, 6) == 0 &&
			said.peer.address.kind == TW_BT_PUBLIC);
	}
	/* Asked is for a number, or only whether it may. */
	CHECK_OK(tw_mgmt_read(whole(&compares, buffer), &said));
	CHECK(said.kind == TW_MGMT_EVENT && said.good);
	CHECK_OK(tw_mgmt_read(whole(&may, buffer), &said));
	CHECK(said.kind == TW_MGMT_EVENT && !said.good);
	CHECK_OK(tw_mgmt_read(whole(&irk, buffer), &said));
	CHECK_INT(said.kind, TW_MGMT_IRK);
	CHECK(said.peer.has_irk && memcmp(said.peer.irk, K16, 16) == 0 && said.peer.address.kind == TW_BT_RANDOM);
}

static void test_answers(void **state)
{
	static const struct packet complete = PACKET("\x01", "\x05\x00\x00\x81\x0a\x00\x00"),
				   settings = PACKET("\x06", "\x81\x0a\x00\x00");
	uint16_t of[TW_MGMT_CONTROLLERS_MAX];
	char buffer[TW_MGMT_MAX], many[2 + 40] = { 20 };
	struct tw_mgmt_said said;
	struct tw_mgmt_info info;
	uint32_t now = 0;
	size_t count = 0;

	CHECK_OK(tw_mgmt_read(whole(&complete, buffer), &said));
	CHECK(said.kind == TW_MGMT_ANSWER && said.command == TW_MGMT_SET_POWERED && said.status == 0);
	CHECK_OK(tw_mgmt_settings_read(said.rest, &now));
	CHECK_INT(now, 0xa81);
	CHECK_ERR(tw_mgmt_settings_read(TW_SLICE("\1\2\3"), &now), SYNTAX);
	CHECK_OK(tw_mgmt_read(whole(&settings, buffer), &said));
	CHECK(said.kind == TW_MGMT_SETTINGS && said.settings == 0xa81);
	CHECK_OK(tw_mgmt_info_read(TW_SLICE(A "\x09\xf1\x05\xff\x0f\x00\x00\x81\x0a\x00\x00"
					      "and more"),
		&info));
	CHECK(info.supported == 0xfff && info.current == 0xa81 && memcmp(info.address, A, 6) == 0);
	CHECK_ERR(tw_mgmt_info_read(TW_SLICE(A "\x09\xf1\x05\xff\x0f\x00\x00\x81\x0a\x00"), &info), SYNTAX);
	CHECK_OK(tw_mgmt_list_read(TW_SLICE("\x02\x00\x00\x00\x07\x00"), of, &count));
	CHECK(count == 2 && of[0] == 0 && of[1] == 7);
	CHECK_ERR(tw_mgmt_list_read(TW_SLICE("\x02\x00\x00\x00\x07"), of, &count), SYNTAX);
	CHECK_OK(tw_mgmt_list_read((struct tw_slice){ many, sizeof many }, of, &count));
	CHECK_INT(count, TW_MGMT_CONTROLLERS_MAX);
}

/* --- What is said --- */

static const struct tw_bt_order paired = { .index = 3,
	.on = true,
	.count = 2,
	.of = { { .address = { A, TW_BT_PUBLIC }, .key = K16 },
		{ .address = { "\x02\x00\x00\x00\x00\xc0", TW_BT_RANDOM }, .key = K16, .has_irk = 1, .irk = K16 } } };

static tw_err say_all(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, TW_MGMT_MAX);
	TW_TRY(tw_mgmt_ltks(&paired, &b));
	TW_TRY(tw_mgmt_irks(&paired, &b));
	TW_TRY(tw_mgmt_discoverable(3, 120, &b));
	TW_TRY(tw_mgmt_of_peer(TW_MGMT_UNPAIR, 3, &paired.of[0].address, &b));
	TW_TRY(tw_mgmt_of_peer(TW_MGMT_CONFIRM, 3, &paired.of[0].address, &b));
	TW_TRY(tw_mgmt_byte(TW_MGMT_SET_SECURE, 3, TW_MGMT_SECURE_ONLY, &b));
	TW_TRY(tw_mgmt_bare(TW_MGMT_READ_LIST, TW_MGMT_NOBODY, &b));
	if (!user)
		return TW_OK;
	*(size_t *)user = b.size;
	static const char want[] = "\x13\x00\x03\x00\x4a\x00"
				   "\x02\x00" A "\x01\x03\x00\x10"
				   "\0\0\0\0\0\0\0\0\0\0" K16 "\x02\x00\x00\x00\x00\xc0\x02\x03\x00\x10"
				   "\0\0\0\0\0\0\0\0\0\0" K16 "\x30\x00\x03\x00\x19\x00"
				   "\x01\x00"
				   "\x02\x00\x00\x00\x00\xc0\x02" K16 "\x06\x00\x03\x00\x03\x00"
				   "\x01\x78\x00"
				   "\x1b\x00\x03\x00\x08\x00" A "\x01\x01"
				   "\x1c\x00\x03\x00\x07\x00" A "\x01"
				   "\x2d\x00\x03\x00\x01\x00"
				   "\x02"
				   "\x03\x00\xff\xff\x00\x00";
	CHECK_INT(b.size, sizeof want - 1);
	CHECK(memcmp(b.data, want, b.size) == 0);
	return TW_OK;
}

static void test_commands(void **state)
{
	size_t size = 0;

	CHECK_OK(say_all(tw_sys_real(), &size));
	CHECK(size > 0);
	CHECK(told_sweep(ENOMEM, say_all, NULL, "") > 0);
	CHECK_TEXT(tw_mgmt_doing(TW_MGMT_SET_SECURE), "Secure Connections only");
	CHECK_TEXT(tw_mgmt_doing(0xffff), "a command");
	CHECK_TEXT(tw_bt_why(0x12), "blocked by rfkill");
	CHECK_TEXT(tw_bt_why(0xff), "for a reason that the kernel has no word for");
	CHECK_TEXT(tw_bt_why(TW_BT_WHY_WINDOW), "nobody may pair now");
}

/* --- The wire --- */

static void test_orders_travel(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 }, again = { 0 };
	struct tw_bt_order o;

	tw_buf_init(&b, tw_sys_real(), TW_BT_ORDER_MAX);
	tw_buf_init(&again, tw_sys_real(), TW_BT_ORDER_MAX);
	CHECK_OK(tw_bt_order_write(&paired, &b));
	CHECK_OK(tw_bt_order_read(tw_buf_slice(&b), &o));
	CHECK_OK(tw_bt_order_write(&o, &again));
	CHECK(again.size == b.size && memcmp(again.data, b.data, b.size) == 0);
	for (size_t cut = 0; cut < b.size; cut++)
		CHECK_ERR(tw_bt_order_read((struct tw_slice){ b.data, cut }, &o), SYNTAX);
	static const struct {
		size_t at;
		uint8_t is;
	} wrong[] = { { 0, 1 }, { 2, 2 }, { 2, 0 }, { 3, 9 }, { 5, 9 }, { 12, 3 }, { 29, 2 } };
	for (size_t i = 0; i < TW_COUNT(wrong); i++) {
		const char was = b.data[wrong[i].at];

		b.data[wrong[i].at] = (char)wrong[i].is;
		CHECK_ERR(tw_bt_order_read(tw_buf_slice(&b), &o), SYNTAX);
		b.data[wrong[i].at] = was;
	}
	CHECK_OK(tw_buf_u8(&b, 0));
	CHECK_ERR(tw_bt_order_read(tw_buf_slice(&b), &o), SYNTAX);
}

static void test_the_rest_travels(void **state)
{
	static const struct tw_bt_state is = { .settings = 0xa81, .address = A, .window = 1 };
	static const struct tw_bt_event event = { TW_BT_ASKS, { A, TW_BT_PUBLIC }, 999999 };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_bt_state state_again;
	struct tw_bt_event event_again;
	struct tw_bt_address a;
	bool yes = false;

	tw_buf_init(&b, tw_sys_real(), 64);
	CHECK_OK(tw_bt_state_write(&is, &b));
	CHECK_OK(tw_bt_state_read(tw_buf_slice(&b), &state_again));
	CHECK(memcmp(&is, &state_again, sizeof is) == 0);
	b.data[b.size - 1] = 2;
	CHECK_ERR(tw_bt_state_read(tw_buf_slice(&b), &state_again), SYNTAX);
	tw_buf_clear(&b);
	CHECK_OK(tw_bt_event_write(&event, &b));
	CHECK_OK(tw_bt_event_read(tw_buf_slice(&b), &event_again));
	CHECK(event_again.event == event.event && tw_bt_same(&event_again.address, &event.address) && event_again.number == event.number);
	b.data[b.size - 1]++; /* 1000000 */
	CHECK_ERR(tw_bt_event_read(tw_buf_slice(&b), &event_again), SYNTAX);
	b.data[0] = TW_BT_EVENTS;
	CHECK_ERR(tw_bt_event_read(tw_buf_slice(&b), &event_again), SYNTAX);
	CHECK_OK(tw_bt_answer_read(TW_SLICE(A "\x02\x01"), &a, &yes));
	CHECK(yes && a.kind == TW_BT_RANDOM);
	CHECK_ERR(tw_bt_answer_read(TW_SLICE(A "\x02\x02"), &a, &yes), SYNTAX);
	CHECK_ERR(tw_bt_answer_read(TW_SLICE(A "\x00\x01"), &a, &yes), SYNTAX);
	CHECK_OK(tw_bt_drop_read(TW_SLICE(A "\x01"), &a));
	CHECK_ERR(tw_bt_drop_read(TW_SLICE(A), &a), SYNTAX);
}

/* --- A controller that the test plays --- */

static struct {
	uint32_t supported, current;
	bool secure_only;
	size_t keys;
	uint16_t silent, refuses; /* commands */
} kernel;

static void set_bit(uint32_t bit, uint8_t value)
{
	kernel.current = value ? kernel.current | bit : kernel.current & ~bit;
}

/* The kernel's rules, as far as an order of commands can break them. */
static uint8_t obey(uint16_t command, const uint8_t *body)
{
	const uint8_t rejected = 0x0b, unsupported = 0x0c;

	switch (command) {
	case TW_MGMT_SET_POWERED:
		set_bit(TW_BT_POWERED, body[0]);
		return 0;
	case TW_MGMT_SET_LE:
		set_bit(TW_BT_LE, body[0]);
		return kernel.supported & TW_BT_LE ? 0 : unsupported;
	case TW_MGMT_SET_BREDR:
		if (!(kernel.current & TW_BT_LE) || (kernel.current & TW_BT_POWERED && kernel.current & TW_BT_BREDR))
			return rejected;
		set_bit(TW_BT_BREDR, body[0]);
		return 0;
	case TW_MGMT_SET_SECURE:
		if (!(kernel.current & TW_BT_LE))
			return unsupported;
		set_bit(TW_BT_SECURE, body[0]);
		kernel.secure_only = body[0] == TW_MGMT_SECURE_ONLY;
		return 0;
	case TW_MGMT_SET_CONNECTABLE:
		set_bit(TW_BT_CONNECTABLE, body[0]);
		set_bit(TW_BT_DISCOVERABLE, kernel.current & TW_BT_DISCOVERABLE && body[0]);
		return 0;
	case TW_MGMT_SET_DISCOVERABLE:
		if (!(kernel.current & TW_BT_CONNECTABLE))
			return rejected;
		set_bit(TW_BT_DISCOVERABLE, body[0]);
		return 0;
	case TW_MGMT_SET_BONDABLE:
		set_bit(TW_BT_BONDABLE, body[0]);
		return 0;
	case TW_MGMT_SET_ADVERTISING:
		set_bit(TW_BT_ADVERTISING, body[0]);
		return 0;
	case TW_MGMT_LOAD_LTKS:
		kernel.keys = body[0];
		return 0;
	case TW_MGMT_UNPAIR:
		return TW_MGMT_NOT_PAIRED;
	default:
		return 0;
	}
}

static size_t put_info(char *to)
{
	for (int i = 0; i < 9; i++)
		to[i] = (A "\x09\xf1\x05")[i];
	for (int i = 0; i < 4; i++) {
		to[9 + i] = (char)(kernel.supported >> (8 * i));
		to[13 + i] = (char)(kernel.current >> (8 * i));
	}
	return 17;
}

static int64_t clock_ms;

/* Answers what is there; before an answer comes an event, and one of another controller. */
static void answer_one(int fd)
{
	static const char noise[] = "\x0c\x00\x03\x00\x08\x00" A "\x01\x03", other[] = "\x05\x00\x09\x00\x00\x00";
	uint8_t packet[TW_MGMT_MAX];
	char answer[64] = "\x01\x00\x03\x00";

	if (recv(fd, packet, sizeof packet, MSG_DONTWAIT) < TW_MGMT_HEAD)
		return;
	const uint16_t command = (uint16_t)(packet[0] | packet[1] << 8);
	if (command == kernel.silent) {
		clock_ms += 60000; /* nobody waits in a test */
		return;
	}
	const uint8_t status = packet[2] != 3 ? TW_MGMT_NO_INDEX
		: command == kernel.refuses   ? 0x12
					      : obey(command, packet + TW_MGMT_HEAD);
	const size_t more = command == TW_MGMT_READ_INFO && !status ? put_info(answer + 9) : 0;
	answer[2] = (char)packet[2];
	answer[4] = (char)(3 + more);
	memcpy(answer + 6, packet, 2);
	answer[8] = (char)status;
	CHECK(send(fd, other, sizeof other - 1, 0) > 0 && send(fd, noise, sizeof noise - 1, 0) > 0);
	CHECK(send(fd, answer, 9 + more, 0) == (ssize_t)(9 + more));
}

static int far = -1;
static size_t heard_count;

/* The kernel's turn comes where the role waits. */
static int turn(const struct tw_sys *s, struct pollfd *p, size_t n, int ms)
{
	answer_one(far);
	return tw_sys_real()->poll(tw_sys_real(), p, n, 20);
}

static int count_ms(const struct tw_sys *s, clockid_t which, struct timespec *ret)
{
	clock_ms++;
	*ret = (struct timespec){ .tv_sec = clock_ms / 1000, .tv_nsec = clock_ms % 1000 * 1000000 };
	return 0;
}

static void on_heard(void *user, const struct tw_mgmt_said *said)
{
	heard_count++;
	CHECK(said->index == 3 && said->kind == TW_MGMT_EVENT);
}

static struct tw_sys seam;

static struct tw_bt_talk play(uint32_t supported, uint32_t current)
{
	int pair[2];

	seam = *tw_sys_real();
	seam.poll = turn;
	seam.clock = count_ms;
	memset(&kernel, 0, sizeof kernel);
	kernel.supported = supported;
	kernel.current = current;
	heard_count = 0;
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	far = pair[1];
	return (struct tw_bt_talk){ &seam, pair[0], 3, on_heard, NULL };
}

static void played(const struct tw_bt_talk *t)
{
	(void)close(t->fd);
	(void)close(far);
}

#define ALL (TW_BT_POWERED | TW_BT_CONNECTABLE | TW_BT_BONDABLE | TW_BT_BREDR | TW_BT_LE | TW_BT_ADVERTISING | TW_BT_SECURE)
#define HELD (TW_BT_POWERED | TW_BT_LE | TW_BT_SECURE)

/* @nist LA.IC.14.2: whatever it was before, it is Low Energy with Secure Connections alone, and nobody may pair */
static void test_becomes_secure(void **state)
{
	static const uint32_t before[] = { 0, TW_BT_POWERED | TW_BT_BREDR, TW_BT_POWERED | TW_BT_BREDR | TW_BT_LE | TW_BT_BONDABLE,
		HELD | TW_BT_BONDABLE };
	struct tw_bt_order none = { .index = 3, .on = true };

	for (size_t i = 0; i < TW_COUNT(before); i++) {
		struct tw_bt_talk t = play(ALL, before[i]);

		kernel.keys = 99;
		CHECK_OK(tw_bt_apply(&t, &none));
		CHECK_INT(kernel.current, HELD);
		CHECK(kernel.secure_only);
		CHECK_INT(kernel.keys, 0);
		CHECK(heard_count > 0);
		CHECK_OK(tw_bt_apply(&t, &paired));
		CHECK_INT(kernel.current, HELD | TW_BT_CONNECTABLE | TW_BT_ADVERTISING);
		CHECK(!kernel.secure_only); /* those that are paired can be encrypted */
		CHECK_INT(kernel.keys, 2);
		none.on = false;
		CHECK_OK(tw_bt_apply(&t, &none));
		CHECK(!(kernel.current & (TW_BT_POWERED | TW_BT_BONDABLE)));
		CHECK_INT(kernel.keys, 0);
		none.on = true;
		played(&t);
	}
}

static void test_window(void **state)
{
	struct tw_bt_talk t = play(ALL, 0);
	struct tw_bt_order o = { .index = 3, .on = true, .window_s = 120 };
	struct tw_bt_state is;

	CHECK_OK(tw_bt_apply(&t, &o));
	CHECK_OK(tw_bt_look(&t, &is));
	CHECK_INT(is.settings, HELD | TW_BT_CONNECTABLE | TW_BT_ADVERTISING | TW_BT_BONDABLE | TW_BT_DISCOVERABLE);
	CHECK_OK(tw_bt_window(&t, 0, 1));
	CHECK_INT(kernel.current, HELD | TW_BT_CONNECTABLE | TW_BT_ADVERTISING);
	CHECK(!kernel.secure_only);
	CHECK_OK(tw_bt_window(&t, 60, 1));
	CHECK(kernel.current & TW_BT_BONDABLE && kernel.secure_only);
	CHECK_OK(tw_bt_strict(&t, false));
	CHECK(!kernel.secure_only);
	CHECK_OK(tw_bt_window(&t, 0, 0));
	CHECK(kernel.secure_only);
	CHECK_INT(kernel.current, HELD);
	CHECK_OK(tw_bt_unpair(&t, &paired.of[0].address)); /* it is not paired: that is what is wanted */
	CHECK_OK(tw_bt_hear(&t));
	played(&t);
}

static void test_what_cannot_be(void **state)
{
	struct tw_bt_order o = { .index = 3, .on = true };
	struct tw_bt_talk t = play(ALL & ~TW_BT_SECURE, 0);

	CHECK_ERR(tw_bt_apply(&t, &o), DENIED);
	CHECK_TEXT(tw_err_detail(), "hci3 has no Low Energy, or no Secure Connections");
	CHECK_INT(kernel.current, 0);
	played(&t);
	t = play(ALL, 0);
	kernel.refuses = TW_MGMT_SET_POWERED;
	CHECK_ERR(tw_bt_apply(&t, &o), DENIED);
	CHECK_TEXT(tw_err_detail(), "the kernel refuses switching it on or off: blocked by rfkill (status 18)");
	played(&t);
	t = play(ALL, 0);
	t.index = 4;
	CHECK_ERR(tw_bt_apply(&t, &o), NOTFOUND);
	CHECK_TEXT(tw_err_detail(), "there is no Bluetooth controller hci4");
	played(&t);
	t = play(ALL, 0);
	kernel.silent = TW_MGMT_SET_SECURE;
	CHECK_ERR(tw_bt_apply(&t, &o), CLOSED);
	CHECK_TEXT(tw_err_detail(), "the kernel does not answer: Secure Connections only");
	played(&t);
}

/* What is not Secure Connections alone does not count as held. */
static void test_holds(void **state)
{
	CHECK(tw_bt_holds(HELD) && tw_bt_holds(HELD | TW_BT_CONNECTABLE));
	CHECK(!tw_bt_holds(0) && !tw_bt_holds(HELD & ~TW_BT_POWERED) && !tw_bt_holds(HELD & ~TW_BT_LE) &&
		!tw_bt_holds(HELD & ~TW_BT_SECURE));
	CHECK(!tw_bt_holds(HELD | TW_BT_BREDR) && !tw_bt_holds(HELD | TW_BT_DEBUG_KEYS));
}

static int no_bluetooth(const struct tw_sys *s, int domain, int type, int protocol)
{
	errno = EAFNOSUPPORT;
	return -1;
}

static int no_descriptors(const struct tw_sys *s, int domain, int type, int protocol)
{
	errno = EMFILE;
	return -1;
}

static void test_opens(void **state)
{
	struct tw_sys s = *tw_sys_real();
	int fd = 7;

	s.socket = no_bluetooth;
	CHECK_OK(tw_bt_open(&s, &fd));
	CHECK_INT(fd, -1);
	s.socket = no_descriptors;
	CHECK(tw_failed(tw_bt_open(&s, &fd)));
	CHECK_INT(fd, -1);
}

CHECK_MAIN(cmocka_unit_test(test_events), cmocka_unit_test(test_what_is_no_packet), cmocka_unit_test(test_keys),
	cmocka_unit_test(test_answers), cmocka_unit_test(test_commands), cmocka_unit_test(test_orders_travel),
	cmocka_unit_test(test_the_rest_travels), cmocka_unit_test(test_becomes_secure), cmocka_unit_test(test_window),
	cmocka_unit_test(test_what_cannot_be), cmocka_unit_test(test_holds), cmocka_unit_test(test_opens))
