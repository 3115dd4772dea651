/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of { input, wanted }, then small spaces completely: all inputs of up to two bytes, and of three where an independent
 * definition is cheap. TW_DEEP=1 takes all 2^24 three-byte inputs for base64 and UTF-8; otherwise every 37th.
 */
#include "base/text.h"
#include "base/mem.h"
#include "sys/real.h"
#include "check.h"

#include <iconv.h>

static const char *code_of(tw_err e)
{
	return tw_code_name(e.code);
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		const char *code;
		uint64_t value;
	} rows[] = {
		{ "0", 0, "OK", 0 },
		{ "10", 10, "OK", 10 },
		{ "11", 10, "LIMIT", 0 },
		{ "18446744073709551615", UINT64_MAX, "OK", UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, "LIMIT", 0 },
		{ "99999999999999999999999", UINT64_MAX, "LIMIT", 0 },
		{ "", 9, "SYNTAX", 0 },
		{ "+5", 9, "SYNTAX", 0 },
		{ "-5", 9, "SYNTAX", 0 },
		{ " 5", 9, "SYNTAX", 0 },
		{ "5 ", 9, "SYNTAX", 0 },
		{ "05", 9, "SYNTAX", 0 },
		{ "00", 9, "SYNTAX", 0 },
		{ "0x5", 9, "SYNTAX", 0 },
		{ "5.", 9, "SYNTAX", 0 },
		{ "1x", 0, "SYNTAX", 0 },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		uint64_t v = 77;

		CHECK_TEXT(code_of(tw_parse_u64(tw_slice_of(rows[i].text), rows[i].max, &v)), rows[i].code);
		CHECK(v == (strcmp(rows[i].code, "OK") == 0 ? rows[i].value : 77));
	}
}

static void test_hex(void **state)
{
	uint8_t bytes[3] = { 0 };

	CHECK_OK(tw_parse_hex(TW_SLICE("00fFA9"), bytes, 3));
	CHECK_BYTES(bytes, "\x00\xff\xa9", 3);
	CHECK_OK(tw_parse_hex(TW_SLICE(""), NULL, 0));
	CHECK_ERR(tw_parse_hex(TW_SLICE("00ff"), bytes, 3), SYNTAX);
	CHECK_ERR(tw_parse_hex(TW_SLICE("00fff"), bytes, 2), SYNTAX);
	CHECK_ERR(tw_parse_hex(TW_SLICE("0g"), bytes, 1), SYNTAX);
	CHECK_ERR(tw_parse_hex(TW_SLICE("0 "), bytes, 1), SYNTAX);
}

static void test_base64(void **state)
{
	static const struct {
		const char *text, *url, *padded; /* wanted of each reader: the value, or NULL for SYNTAX */
	} rows[] = {
		{ "", "", "" },
		{ "Zg", "f", NULL },
		{ "Zg==", NULL, "f" },
		{ "Zm8", "fo", NULL },
		{ "Zm8=", NULL, "fo" },
		{ "Zm9v", "foo", "foo" },
		{ "Z", NULL, NULL },
		{ "Zh", NULL, NULL },
		{ "Zh==", NULL, NULL },
		{ "Zm9", NULL, NULL },
		{ "-_8", "\xfb\xff", NULL },
		{ "+/8=", NULL, "\xfb\xff" },
		{ "-_8=", NULL, NULL },
		{ "Zm9v\n", NULL, NULL },
		{ "Zm 9v", NULL, NULL },
		{ "Zg=", NULL, NULL },
		{ "=", NULL, NULL },
		{ "====", NULL, NULL },
		{ "Z===", NULL, NULL },
		{ "Zg==Zg==", NULL, NULL },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_slice s = tw_slice_of(rows[i].text);
		uint8_t got[8];
		size_t size;

		CHECK_TEXT(code_of(tw_parse_base64url(s, sizeof got, got, &size)), rows[i].url ? "OK" : "SYNTAX");
		if (rows[i].url)
			CHECK(size == strlen(rows[i].url) && memcmp(got, rows[i].url, size) == 0);
		CHECK_TEXT(code_of(tw_parse_base64(s, sizeof got, got, &size)), rows[i].padded ? "OK" : "SYNTAX");
		if (rows[i].padded)
			CHECK(size == strlen(rows[i].padded) && memcmp(got, rows[i].padded, size) == 0);
	}
}

static void test_base64_limit(void **state)
{
	uint8_t got[2];
	size_t size = 9;

	CHECK_ERR(tw_parse_base64url(TW_SLICE("Zm9v"), 2, got, &size), LIMIT);
	CHECK_INT(size, 9);
	CHECK_OK(tw_parse_base64url(TW_SLICE("Zm8"), 2, got, &size));
}

static uint32_t step_of_space(void)
{
	return getenv("TW_DEEP") ? 1 : 37;
}

/* What is read writes back the same text: so every value has exactly one text. */
static void test_base64_space(void **state)
{
	struct tw_buf b;

	tw_buf_init(&b, tw_sys_real(), 8);
	for (uint32_t i = 0, accepted = 0; i < 1U << 24; i += step_of_space()) {
		char text[3] = { (char)(i >> 16), (char)(i >> 8), (char)i };
		uint8_t got[2];
		size_t size;

		if (tw_failed(tw_parse_base64url((struct tw_slice){ text, 3 }, 2, got, &size)))
			continue;
		accepted++;
		tw_buf_clear(&b);
		CHECK_OK(tw_buf_base64url(&b, got, size));
		if (b.size != 3 || memcmp(b.data, text, 3) != 0)
			fail_msg("0x%06x is read and written differently", i);
		if (step_of_space() == 1 && i == (1U << 24) - 1)
			CHECK_INT(accepted, 1 << 16);
	}
	tw_buf_done(&b);
}

static void test_utf8(void **state)
{
	/* By letters: as a literal each would turn the text behind it around, for compilers that look for that. */
	static const char override[] = { '\xe2', '\x80', '\xae', '\0' }, isolate[] = { '\xe2', '\x81', '\xa6', '\0' };
	static const struct {
		const char *text;
		bool valid, printable;
	} rows[] = {
		{ "", true, true },
		{ "az~", true, true },
		{ "\x7f", true, false },
		{ "\t", true, false },
		{ "\xc3\xa4", true, true },
		{ "\xe2\x82\xac", true, true },
		{ "\xf0\x9f\x98\x80", true, true },
		{ "\xf4\x8f\xbf\xbf", true, true },
		{ "\xf4\x90\x80\x80", false, false },
		{ "\xc0\x80", false, false },
		{ "\xc1\xbf", false, false },
		{ "\xe0\x9f\xbf", false, false },
		{ "\xe0\xa0\x80", true, true },
		{ "\xed\xa0\x80", false, false },
		{ "\xed\x9f\xbf", true, true },
		{ "\xf0\x8f\xbf\xbf", false, false },
		{ "\xf5\x80\x80\x80", false, false },
		{ "\x80", false, false },
		{ "\xc3", false, false },
		{ "\xe2\x82", false, false },
		{ "\xe2\x82z", false, false },
		{ "\xc2\x85", true, false },
		{ "\xe2\x80\xa8", true, false },
		{ override, true, false },
		{ isolate, true, false },
		{ "\xe2\x81\xa5", true, true },
		{ "\xff", false, false },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		if (tw_utf8_valid(tw_slice_of(rows[i].text)) != rows[i].valid ||
			tw_text_printable(tw_slice_of(rows[i].text)) != rows[i].printable)
			fail_msg("row %zu", i);
	}
	CHECK(!tw_utf8_valid(TW_SLICE("a\0b")));
}

/* Wherever it stands among plain letters, which are looked at eight at a time. */
static void test_utf8_in_plain_text(void **state)
{
	static const struct {
		struct tw_slice text;
		bool valid;
	} rows[] = { { { "\0", 1 }, false }, { { "\x80", 1 }, false }, { { "\xff", 1 }, false }, { { "\xc3", 1 }, false },
		{ { "\xc3\xa4", 2 }, true }, { { "\x01", 1 }, true }, { { "\x7f", 1 }, true }, { { "\xe2\x82\xac", 3 }, true },
		{ { "\xf4\x90\x80\x80", 4 }, false } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		for (size_t at = 0; at + rows[i].text.size <= 40; at++) {
			char text[40];

			memset(text, 'a', sizeof text);
			memcpy(text + at, rows[i].text.at, rows[i].text.size);
			if (tw_utf8_valid((struct tw_slice){ text, sizeof text }) != rows[i].valid)
				fail_msg("row %zu at %zu", i, at);
		}
	}
}

/* Against the C library's own converter, which refuses what RFC 3629 refuses. */
static void test_utf8_space(void **state)
{
	iconv_t cd = iconv_open("UTF-32LE", "UTF-8");

	CHECK(cd != (iconv_t)-1);
	for (uint32_t i = 0; i < 1U << 24; i += step_of_space()) {
		char text[3] = { (char)(i >> 16), (char)(i >> 8), (char)i }, out[16], *in = text, *to = out;
		size_t left = 3, room = sizeof out;
		bool theirs = iconv(cd, &in, &left, &to, &room) != (size_t)-1 && left == 0 && !memchr(text, 0, 3);

		(void)iconv(cd, NULL, NULL, NULL, NULL);
		if (tw_utf8_valid((struct tw_slice){ text, 3 }) != theirs)
			fail_msg("0x%06x: %s here", i, theirs ? "refused" : "accepted");
	}
	(void)iconv_close(cd);
}

static void test_times(void **state)
{
	static const struct {
		const char *text;
		int64_t ms; /* INT64_MIN: SYNTAX */
	} rows[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01T00:00:00.001Z", 1 },
		{ "1969-12-31T23:59:59.999Z", -1 },
		{ "2026-11-21T09:30:00.123Z", 1795253400123 },
		{ "2026-11-21T09:30:00.1239999Z", 1795253400123 },
		{ "2026-11-21T10:30:00+01:00", 1795253400000 },
		{ "2026-11-21T08:00:00-01:30", 1795253400000 },
		{ "2038-01-19T03:14:08Z", 2147483648000 },
		{ "2000-02-29T00:00:00Z", 951782400000 },
		{ "0001-01-01T00:00:00Z", -62135596800000 },
		{ "9999-12-31T23:59:59.999Z", 253402300799999 },
		{ "0001-01-01T00:00:00+00:01", INT64_MIN },
		{ "9999-12-31T23:59:59-00:01", INT64_MIN },
		{ "1900-02-29T00:00:00Z", INT64_MIN },
		{ "2025-02-29T00:00:00Z", INT64_MIN },
		{ "2026-04-31T00:00:00Z", INT64_MIN },
		{ "2026-00-01T00:00:00Z", INT64_MIN },
		{ "2026-13-01T00:00:00Z", INT64_MIN },
		{ "2026-01-00T00:00:00Z", INT64_MIN },
		{ "2026-01-01T24:00:00Z", INT64_MIN },
		{ "2026-01-01T00:60:00Z", INT64_MIN },
		{ "2026-06-30T23:59:60Z", INT64_MIN },
		{ "2026-01-01T00:00:00", INT64_MIN },
		{ "2026-01-01 00:00:00Z", INT64_MIN },
		{ "2026-01-01t00:00:00z", INT64_MIN },
		{ "2026-01-01T00:00:00.Z", INT64_MIN },
		{ "2026-01-01T00:00:00.1234567890Z", INT64_MIN },
		{ "2026-01-01T00:00:00-00:00", INT64_MIN },
		{ "2026-01-01T00:00:00+24:00", INT64_MIN },
		{ "2026-01-01T00:00:00+0100", INT64_MIN },
		{ "2026-01-01T00:00:00Z ", INT64_MIN },
		{ "+026-01-01T00:00:00Z", INT64_MIN },
		{ "0000-01-01T00:00:00Z", INT64_MIN },
		{ "", INT64_MIN },
		{ "2026-1-01T00:00:00Z", INT64_MIN },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		int64_t ms = INT64_MIN;
		tw_err e = tw_parse_time(tw_slice_of(rows[i].text), &ms);

		if (tw_failed(e) != (rows[i].ms == INT64_MIN) || ms != rows[i].ms)
			fail_msg("'%s': %s, %lld", rows[i].text, code_of(e), (long long)ms);
	}
}

/* Every day of the years 0001 to 9999 there and back, and against the C library's calendar. */
static void test_every_day(void **state)
{
	for (int64_t day = -719162; day <= 2932896; day += step_of_space() == 1 ? 1 : 7) {
		char text[TW_TIME_TEXT_MAX], want[TW_TIME_TEXT_MAX];
		time_t t = (time_t)(day * 86400 + 3661);
		struct tm tm;
		int64_t ms;

		tw_time_text(day * 86400000 + 3661007, text);
		CHECK(gmtime_r(&t, &tm) != NULL);
		(void)snprintf(want, sizeof want, "%04u-%02u-%02uT01:01:01.007Z", (unsigned)(tm.tm_year + 1900) % 10000,
			(unsigned)(tm.tm_mon + 1) % 100, (unsigned)tm.tm_mday % 100);
		CHECK_TEXT(text, want);
		CHECK_OK(tw_parse_time(tw_slice_of(text), &ms));
		CHECK_INT(ms, day * 86400000 + 3661007);
	}
}

static void test_time_text_bounds(void **state)
{
	char text[TW_TIME_TEXT_MAX];

	tw_time_text(INT64_MIN, text);
	CHECK_TEXT(text, "0001-01-01T00:00:00.000Z");
	tw_time_text(INT64_MAX, text);
	CHECK_TEXT(text, "9999-12-31T23:59:59.999Z");
}

static void test_equal_secret(void **state)
{
	CHECK(tw_equal_secret("abc", "abc", 3) && !tw_equal_secret("abc", "abd", 3) && tw_equal_secret("a", "b", 0));
	for (int i = 0; i < 1 << 16; i++) {
		uint8_t a = (uint8_t)(i >> 8), b = (uint8_t)i;

		CHECK(tw_equal_secret(&a, &b, 1) == (a == b));
	}
}

CHECK_MAIN(cmocka_unit_test(test_numbers), cmocka_unit_test(test_hex), cmocka_unit_test(test_base64),
	cmocka_unit_test(test_base64_limit), cmocka_unit_test(test_base64_space), cmocka_unit_test(test_utf8),
	cmocka_unit_test(test_utf8_in_plain_text), cmocka_unit_test(test_utf8_space), cmocka_unit_test(test_times),
	cmocka_unit_test(test_every_day), cmocka_unit_test(test_time_text_bounds), cmocka_unit_test(test_equal_secret))
