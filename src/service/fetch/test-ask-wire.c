/* SPDX-License-Identifier: Apache-2.0 */
/* What core and the ask role say to one another goes round, and every other form is refused; and which places can be asked. */
#include "service/fetch/ask-wire.h"

#include "base/mem.h"
#include "check.h"
#include "sys/real.h"

static struct tw_ask_job good(void)
{
	struct tw_ask_job a = { .deadline_ms = TW_ASK_DEADLINE_MAX_MS, .again_ms = 2000, .packet = TW_SLICE("who?") };

	CHECK_OK(tw_place_read("192.0.2.1:1812", &a.to));
	return a;
}

static tw_err round_trip(const struct tw_ask_job *a, struct tw_buf *b, struct tw_ask_job *ret)
{
	tw_buf_done(b);
	tw_buf_init(b, tw_sys_real(), TW_CHANNEL_MAX);
	CHECK_OK(tw_ask_job_write(a, b));
	return tw_ask_job_read(tw_buf_slice(b), ret);
}

static void test_goes_round(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_ask_job a = good(), got;

	CHECK_OK(round_trip(&a, &b, &got));
	CHECK(memcmp(&got.to.address, &a.to.address, 16) == 0);
	CHECK_INT(got.to.port, 1812);
	CHECK_INT(got.deadline_ms, TW_ASK_DEADLINE_MAX_MS);
	CHECK_INT(got.again_ms, 2000);
	CHECK(tw_slice_is(got.packet, "who?"));
	for (size_t size = 0; size < b.size; size++)
		CHECK(tw_failed(tw_ask_job_read((struct tw_slice){ b.data, size }, &got)));
	CHECK_OK(tw_buf_u8(&b, 0));
	CHECK_ERR(tw_ask_job_read(tw_buf_slice(&b), &got), SYNTAX);
	a.deadline_ms = a.again_ms = 1;
	CHECK_OK(round_trip(&a, &b, &got));
}

#define REFUSED(change, code)                              \
	do {                                               \
		struct tw_ask_job a = good(), got;         \
		change;                                    \
		CHECK_ERR(round_trip(&a, &b, &got), code); \
	} while (0)

static void test_refused(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	static char big[TW_ASK_PACKET_MAX + 1];

	REFUSED(memset(a.to.address, 0, 16), SYNTAX);
	REFUSED(a.to.address[12] = 0, SYNTAX);
	REFUSED(a.to.address[12] = 224, SYNTAX);
	REFUSED(a.to.port = 0, SYNTAX);
	REFUSED(a.packet.size = 0, SYNTAX);
	REFUSED(a.packet = ((struct tw_slice){ big, sizeof big }), LIMIT);
	REFUSED(a.deadline_ms++, SYNTAX);
	REFUSED(a.again_ms = 0, SYNTAX);
	REFUSED((a.deadline_ms = 0, a.again_ms = 0), SYNTAX);
	REFUSED((a.deadline_ms = 5, a.again_ms = 6), SYNTAX);
}

static void test_places(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint8_t last;
		uint16_t port;
	} rows[] = {
		{ "192.0.2.7:1812", true, 7, 1812 },
		{ "127.0.0.1:1", true, 1, 1 },
		{ "[2001:db8::9]:65535", true, 9, 65535 },
		{ "[::1]:1812", true, 1, 1812 },
		{ "[::ffff:192.0.2.7]:1812", true, 7, 1812 },
		{ "", false },
		{ "192.0.2.7", false },
		{ "192.0.2.7:", false },
		{ "192.0.2.7:0", false },
		{ "192.0.2.7:65536", false },
		{ "192.0.2.7:01812", false },
		{ "192.0.2.7:18x", false },
		{ "192.0.2:1812", false },
		{ "192.0.2.300:1812", false },
		{ ":1812", false },
		{ "[]:1812", false },
		{ "[2001:db8::9]", false },
		{ "2001:db8::9:1812", false },
		{ "[192.0.2.7]:1812", false },
		{ "[2001:db8::9:1812", false },
		{ "[2001:db8::9%eth0]:1812", false },
		{ "radius.example:1812", false },
		{ "0.0.0.0:1812", false },
		{ "0.1.2.3:1812", false },
		{ "224.0.0.1:1812", false },
		{ "255.255.255.255:1812", false },
		{ "[::]:1812", false },
		{ "[ff02::1]:1812", false },
		{ "[fe80::1]:1812", false },
		{ "[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc]:1812", false },
		{ "1111111111111111111111111111111111111111111111111.2.3.4:1812", false },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_place p;
		tw_err e = tw_place_read(rows[i].text, &p);

		if (tw_failed(e) == rows[i].good)
			fail_msg("%s: %s", rows[i].text, rows[i].good ? "refused" : "taken");
		if (!rows[i].good)
			CHECK(tw_is(e, TW_CODE_SYNTAX));
		if (rows[i].good)
			CHECK(p.address[15] == rows[i].last && p.port == rows[i].port);
	}
}

CHECK_MAIN(cmocka_unit_test(test_goes_round), cmocka_unit_test(test_refused), cmocka_unit_test(test_places))
