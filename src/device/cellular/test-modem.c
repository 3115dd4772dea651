/* SPDX-License-Identifier: Apache-2.0 */
/* What is done with a modem next, what is told of it, and both directions of the wire. */
#include "device/cellular/bus.h"

#include "base/mem.h"
#include "check.h"
#include "sys/real.h"

#include <string.h>

enum { M2G = 3, M3G = 4, M4G = 8 };

static struct tw_modem_seen modem(int32_t state)
{
	return (struct tw_modem_seen){ .modems = 1,
		.state = state,
		.lock = 1,
		.power = 3,
		.registration = 1,
		.tries = 3,
		.modes = { M3G | M4G, 0 },
		.supported = { { M2G, 0 }, { M4G, 0 }, { M3G | M4G, M4G }, { M3G | M4G, 0 }, { M2G | M3G | M4G, 0 } },
		.supported_count = 5 };
}

static const struct tw_cellular_wish on = { TW_CELLULAR_ON, TW_CELLULAR_NO_2G, false, false, { "1234", 4 } };

/* --- What is next --- */

struct row {
	int32_t state;
	uint32_t registration;
	enum tw_cellular_use use;
	enum tw_modem_step step;
	const char *why; /* a part; NULL: it is as it is to be */
};
static const struct row rows[] = {
	{ -1, 0, TW_CELLULAR_ON, TW_MODEM_NOTHING, "failed" },
	{ 1, 0, TW_CELLULAR_ON, TW_MODEM_NOTHING, "on its way" },
	{ 3, 0, TW_CELLULAR_ON, TW_MODEM_ENABLE, "enabled" },
	{ 4, 0, TW_CELLULAR_ON, TW_MODEM_NOTHING, "on its way" },
	{ 7, 2, TW_CELLULAR_ON, TW_MODEM_NOTHING, "looks for a network" },
	{ 7, 3, TW_CELLULAR_ON, TW_MODEM_NOTHING, "refuses" },
	{ 8, 1, TW_CELLULAR_ON, TW_MODEM_NOTHING, NULL },
	{ 8, 5, TW_CELLULAR_ON, TW_MODEM_NOTHING, NULL },
	{ 10, 5, TW_CELLULAR_ON, TW_MODEM_DISCONNECT, "roams" },
	{ 11, 5, TW_CELLULAR_ON, TW_MODEM_DISCONNECT, "roams" },
	{ 11, 10, TW_CELLULAR_ON, TW_MODEM_DISCONNECT, "roams" },
	{ 11, 1, TW_CELLULAR_ON, TW_MODEM_NOTHING, NULL },
	{ 2, 0, TW_CELLULAR_OFF, TW_MODEM_NOTHING, NULL },
	{ 3, 0, TW_CELLULAR_OFF, TW_MODEM_POWER_DOWN, "switched off" },
	{ 4, 0, TW_CELLULAR_OFF, TW_MODEM_NOTHING, "on its way" },
	{ 8, 1, TW_CELLULAR_OFF, TW_MODEM_DISABLE, "switched off" },
	{ 11, 5, TW_CELLULAR_LEFT, TW_MODEM_NOTHING, NULL },
	{ 2, 0, TW_CELLULAR_LEFT, TW_MODEM_NOTHING, NULL },
};

static void one_step_after_the_other(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_cellular_wish w = on;
		struct tw_modem_seen s = modem(rows[i].state);

		w.use = rows[i].use;
		s.registration = rows[i].registration;
		const struct tw_modem_next n = tw_modem_next(&w, &s);
		if (n.step != rows[i].step || !n.why != !rows[i].why || (n.why && !strstr(n.why, rows[i].why)))
			fail_msg("row %zu: %s, %s", i, tw_modem_step_word(n.step), n.why ? n.why : "settled");
	}
}

static void none_or_two_are_not_governed(void **state)
{
	struct tw_modem_seen s = modem(3);

	s.modems = 2;
	CHECK(tw_modem_next(&on, &s).step == TW_MODEM_NOTHING && strstr(tw_modem_next(&on, &s).why, "more than one"));
	s = (struct tw_modem_seen){ 0 };
	CHECK(strstr(tw_modem_next(&on, &s).why, "no modem"));
	s = modem(3);
	s.power = 2;
	struct tw_cellular_wish off = on;
	off.use = TW_CELLULAR_OFF;
	CHECK(!tw_modem_next(&off, &s).why);
}

/* @nist LA.IC.14: a PIN that may be wrong is not told twice, and never as the last try */
static void a_pin_is_told_once(void **state)
{
	static const struct {
		uint32_t lock, tries;
		enum tw_modem_step step;
		uint8_t pin;
		bool tried, known;
	} pins[] = {
		{ 2, 3, TW_MODEM_UNLOCK, TW_CELLULAR_PIN_UNASKED, false, true },
		{ 2, 2, TW_MODEM_UNLOCK, TW_CELLULAR_PIN_UNASKED, false, true },
		{ 2, 1, TW_MODEM_NOTHING, TW_CELLULAR_PIN_WITHHELD, false, true },
		{ 2, 0, TW_MODEM_NOTHING, TW_CELLULAR_PIN_WITHHELD, false, true },
		{ 2, TW_CELLULAR_UNKNOWN, TW_MODEM_UNLOCK, TW_CELLULAR_PIN_UNASKED, false, true },
		{ 2, 3, TW_MODEM_UNLOCK, TW_CELLULAR_PIN_UNASKED, true, true },
		{ 2, 2, TW_MODEM_NOTHING, TW_CELLULAR_PIN_REFUSED, true, true },
		{ 2, TW_CELLULAR_UNKNOWN, TW_MODEM_NOTHING, TW_CELLULAR_PIN_REFUSED, true, true },
		{ 2, 3, TW_MODEM_NOTHING, TW_CELLULAR_PIN_MISSING, false, false },
		{ 4, 3, TW_MODEM_NOTHING, TW_CELLULAR_PIN_UNASKED, false, true },
	};

	for (size_t i = 0; i < TW_COUNT(pins); i++) {
		struct tw_cellular_wish w = on;
		struct tw_modem_seen s = modem(2);

		s.lock = pins[i].lock;
		s.tries = pins[i].tries;
		w.tried = pins[i].tried;
		w.pin.size = pins[i].known ? 4 : 0;
		const struct tw_modem_next n = tw_modem_next(&w, &s);
		if (n.step != pins[i].step || n.pin != pins[i].pin || !n.why)
			fail_msg("row %zu: %s, %u", i, tw_modem_step_word(n.step), n.pin);
	}
}

/* @nist LA.IC.14: what is not allowed is not used; a modem that cannot do without stays off */
static void technologies_are_held(void **state)
{
	struct tw_modem_seen s = modem(3);
	struct tw_cellular_wish w = on;
	struct tw_modem_next n;

	s.modes.allowed = M2G | M3G | M4G;
	n = tw_modem_next(&w, &s);
	CHECK(n.step == TW_MODEM_SET_MODES && n.modes.allowed == (M3G | M4G) && n.modes.preferred == 0);
	w.technologies = TW_CELLULAR_4G_UP;
	n = tw_modem_next(&w, &s);
	CHECK(n.step == TW_MODEM_SET_MODES && n.modes.allowed == M4G);
	w.technologies = TW_CELLULAR_ANY;
	CHECK(tw_modem_next(&w, &s).step == TW_MODEM_ENABLE);

	w.technologies = TW_CELLULAR_NO_2G;
	s.supported[0] = (struct tw_modem_modes){ M2G | M3G | M4G, 0 };
	s.supported_count = 1;
	n = tw_modem_next(&w, &s);
	CHECK(n.step == TW_MODEM_NOTHING && strstr(n.why, "stays off"));
	s.state = 8;
	n = tw_modem_next(&w, &s);
	CHECK(n.step == TW_MODEM_DISABLE && strstr(n.why, "stays off"));
	s.modes.allowed = UINT32_MAX; /* "any", as a modem says that can say nothing else */
	s.supported_count = 0;
	CHECK(tw_modem_next(&w, &s).step == TW_MODEM_DISABLE);
}

static void what_others_chose_is_printable(void **state)
{
	struct tw_modem_seen s = modem(8);
	struct tw_cellular_state t, again;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	(void)snprintf(s.network, sizeof s.network, "Caf\xc3\xa9\x1b[2J %s", "and a name that is longer than any that is shown here");
	(void)snprintf(s.code, sizeof s.code, "001012345");
	s.access = 1U << 14;
	s.signal = 64;
	s.signal_known = true;
	const struct tw_modem_next n = tw_modem_next(&on, &s);
	tw_modem_tell(&s, &n, &t);
	CHECK(strncmp(t.network, "Caf???[2J and", 13) == 0 && strlen(t.network) == 32 && strcmp(t.code, "001012") == 0);
	CHECK(t.settled && t.present && t.signal == 64 && t.tries == 3 && strcmp(t.technology, "4g") == 0 &&
		strcmp(t.allowed, "3g 4g") == 0);
	CHECK(strcmp(t.state, "registered") == 0 && strcmp(t.registration, "home") == 0 && strcmp(t.lock, "none") == 0);
	tw_buf_init(&b, tw_sys_real(), 1024);
	CHECK_OK(tw_cellular_state_write(&t, &b));
	CHECK_OK(tw_cellular_state_read(tw_buf_slice(&b), &again));
	CHECK(memcmp(&t, &again, sizeof t) == 0);
	for (size_t i = 0; i < b.size; i++)
		CHECK_ERR(tw_cellular_state_read((struct tw_slice){ (const char *)b.data, i }, &again), SYNTAX);
	b.data[0] = 2;
	CHECK_ERR(tw_cellular_state_read(tw_buf_slice(&b), &again), SYNTAX);

	s.state = 99;
	s.lock = 99;
	s.registration = 99;
	tw_modem_tell(&s, &n, &t);
	CHECK(strcmp(t.state, "other") == 0 && strcmp(t.lock, "other") == 0 && strcmp(t.registration, "other") == 0);
}

/* --- The wire --- */

static void wishes_are_checked(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		bool good;
	} wishes[] = {
		{ "\1\1\0\0\0\4"
		  "1234",
			10, true },
		{ "\0\0\1\1\0\0", 6, true },
		{ "\3\1\0\0\0\0", 6, false },
		{ "\1\3\0\0\0\0", 6, false },
		{ "\1\1\2\0\0\0", 6, false },
		{ "\1\1\0\2\0\0", 6, false },
		{ "\1\1\0\0\0\3"
		  "123",
			9, false },
		{ "\1\1\0\0\0\4"
		  "12a4",
			10, false },
		{ "\1\1\0\0\0\4"
		  "12345",
			11, false },
		{ "\1\1\0\0\0\4"
		  "123",
			9, false },
		{ "\1\1\0\0\0\11"
		  "123456789",
			15, false },
	};
	struct tw_cellular_wish w;

	for (size_t i = 0; i < TW_COUNT(wishes); i++) {
		tw_err e = tw_cellular_wish_read((struct tw_slice){ wishes[i].bytes, wishes[i].size }, &w);

		if (tw_failed(e) == wishes[i].good)
			fail_msg("wish %zu", i);
	}
	CHECK_ERR(tw_cellular_pin_check(tw_slice_of("12 4")), SYNTAX);
	CHECK_OK(tw_cellular_pin_check(tw_slice_of("00000000")));
}

static void no_bus_is_said(void **state)
{
	sd_bus *bus = NULL;

	CHECK_ERR(tw_modem_bus_open("unix:path=/nonexistent/bus", geteuid(), 99, &bus), CLOSED);
	CHECK(!bus && strstr(tw_err_detail(), "does not answer"));
}

CHECK_MAIN(cmocka_unit_test(one_step_after_the_other), cmocka_unit_test(none_or_two_are_not_governed),
	cmocka_unit_test(a_pin_is_told_once), cmocka_unit_test(technologies_are_held),
	cmocka_unit_test(what_others_chose_is_printable), cmocka_unit_test(wishes_are_checked), cmocka_unit_test(no_bus_is_said))
