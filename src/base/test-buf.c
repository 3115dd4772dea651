/* SPDX-License-Identifier: Apache-2.0 */
/* The buffer, what is written into it, and the cursor that reads it back. */
#include "base/buf.h"
#include "base/cursor.h"
#include "base/mem.h"
#include "base/text.h"
#include "sys/fake.h"
#include "sys/real.h"
#include "check.h"

#include <errno.h>

static void test_slices(void **state)
{
	CHECK(tw_slice_is(TW_SLICE("abc"), "abc") && !tw_slice_is(TW_SLICE("abc"), "ab") && !tw_slice_is(TW_SLICE("ab"), "abc"));
	CHECK(tw_slice_is(tw_slice_of(NULL), "") && tw_slice_is((struct tw_slice){ NULL, 0 }, ""));
	CHECK(tw_slice_is_nocase(TW_SLICE("HoSt"), "host") && !tw_slice_is_nocase(TW_SLICE("host"), "hos"));
	CHECK(!tw_slice_is_nocase(TW_SLICE("\xc4"), "\xe4")); /* ASCII only */
}

static void test_limit_leaves_it_as_it_was(void **state)
{
	struct tw_buf b;

	tw_buf_init(&b, tw_sys_real(), 5);
	CHECK_TEXT(tw_buf_cstr(&b), "");
	CHECK_OK(tw_buf_text(&b, "abc"));
	CHECK_ERR(tw_buf_text(&b, "def"), LIMIT);
	CHECK_ERR(tw_buf_format(&b, "%d", 1234), LIMIT);
	CHECK_ERR(tw_buf_block16(&b, "d", 1), LIMIT);
	CHECK_ERR(tw_buf_hex(&b, "12", 2), LIMIT);
	CHECK_ERR(tw_buf_base64url(&b, "12", 2), LIMIT);
	CHECK_ERR(tw_buf_json_string(&b, TW_SLICE("d")), LIMIT);
	CHECK_ERR(tw_buf_html(&b, TW_SLICE("d<")), LIMIT);
	CHECK_ERR(tw_buf_percent(&b, TW_SLICE(" ")), LIMIT);
	CHECK_ERR(tw_buf_terminal(&b, TW_SLICE("\033")), LIMIT);
	CHECK_TEXT(tw_buf_cstr(&b), "abc");
	CHECK_INT(b.size, 3);
	CHECK_OK(tw_buf_text(&b, "de"));
	CHECK_ERR(tw_buf_u8(&b, 0), LIMIT);
	CHECK_OK(tw_buf_add(&b, NULL, 0));
	CHECK_TEXT(tw_buf_cstr(&b), "abcde");
	tw_buf_done(&b);
	tw_buf_init(&b, tw_sys_real(), SIZE_MAX);
	CHECK_ERR(tw_buf_add(&b, "x", SIZE_MAX), LIMIT);
	tw_buf_done(&b);
}

static void test_take_and_clear(void **state)
{
	struct tw_buf b;
	char *taken;

	tw_buf_init(&b, tw_sys_real(), 1000);
	CHECK(tw_buf_take(&b) == NULL);
	for (int i = 0; i < 100; i++)
		CHECK_OK(tw_buf_format(&b, "%02d", i));
	taken = tw_buf_take(&b);
	CHECK_INT(strlen(taken), 200);
	CHECK_BYTES(taken + 190, "9596979899", 10);
	free(taken);
	CHECK_OK(tw_buf_text(&b, "again"));
	tw_buf_clear(&b);
	CHECK_TEXT(tw_buf_cstr(&b), "");
	CHECK(tw_buf_take(&b) == NULL);
	tw_buf_done(&b);
}

static tw_err write_numbers(struct tw_buf *b)
{
	TW_TRY(tw_buf_u8(b, 0x12));
	TW_TRY(tw_buf_u16(b, 0x1234));
	TW_TRY(tw_buf_u32(b, 0x12345678));
	TW_TRY(tw_buf_u64(b, UINT64_C(0x123456789abcdef0)));
	TW_TRY(tw_buf_block16(b, "abc", 3));
	return tw_buf_block32(b, "", 0);
}

static void test_numbers_there_and_back(void **state)
{
	struct tw_buf b;
	struct tw_cursor c;
	struct tw_slice s;
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	tw_buf_init(&b, tw_sys_real(), 100);
	CHECK_OK(write_numbers(&b));
	c = tw_cursor_of(b.data, b.size);
	CHECK_OK(tw_cursor_u8(&c, &u8));
	CHECK_OK(tw_cursor_u16(&c, &u16));
	CHECK_OK(tw_cursor_u32(&c, &u32));
	CHECK_OK(tw_cursor_u64(&c, &u64));
	CHECK(u8 == 0x12 && u16 == 0x1234 && u32 == 0x12345678 && u64 == UINT64_C(0x123456789abcdef0));
	CHECK_ERR(tw_cursor_block16(&c, 2, &s), LIMIT);
	CHECK_INT(tw_cursor_offset(&c), 15); /* nothing moved */
	CHECK_OK(tw_cursor_block16(&c, 3, &s));
	CHECK(tw_slice_is(s, "abc"));
	CHECK_ERR(tw_cursor_end(&c), SYNTAX);
	CHECK_OK(tw_cursor_block32(&c, 0, &s));
	CHECK_OK(tw_cursor_end(&c));
	CHECK_ERR(tw_cursor_u8(&c, &u8), SYNTAX);
	tw_buf_done(&b);
}

/* Every take at every length that is too short: SYNTAX, and the cursor stands still. */
static void test_cursor_never_passes_the_end(void **state)
{
	static const uint8_t bytes[16] = { 0, 0, 0, 12, 1, 2, 3 };
	uint8_t out[16];
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;
	struct tw_slice s;

	for (size_t size = 0; size <= sizeof bytes; size++) {
		struct tw_cursor c = tw_cursor_of(bytes, size);

		CHECK_INT(tw_failed(tw_cursor_bytes(&c, out, 9)), size < 9);
		c = tw_cursor_of(bytes, size);
		CHECK_INT(tw_failed(tw_cursor_u64(&c, &u64)), size < 8);
		CHECK_INT(tw_cursor_left(&c), size < 8 ? size : size - 8);
		c = tw_cursor_of(bytes, size);
		CHECK_INT(tw_failed(tw_cursor_u32(&c, &u32)), size < 4);
		c = tw_cursor_of(bytes, size);
		CHECK_INT(tw_failed(tw_cursor_u16(&c, &u16)), size < 2);
		c = tw_cursor_of(bytes, size);
		CHECK_INT(tw_failed(tw_cursor_block32(&c, 12, &s)), size < 16);
		CHECK_INT(tw_cursor_offset(&c), size < 16 ? 0 : 16);
		c = tw_cursor_of(bytes, size);
		CHECK_INT(tw_failed(tw_cursor_slice(&c, SIZE_MAX, &s)), 1);
	}
}

static void test_encodings(void **state)
{
	/* By letters: as a literal it would turn the text behind it around, for compilers that look for that. */
	static const char override[] = { 'a', '\xe2', '\x80', '\xae', 'b', '\0' };
	static const struct {
		const char *plain, *hex, *base64url, *json, *html, *terminal;
	} rows[] = {
		{ "", "", "", "\"\"", "", "" },
		{ "f", "66", "Zg", "\"f\"", "f", "f" },
		{ "fo", "666f", "Zm8", "\"fo\"", "fo", "fo" },
		{ "foo", "666f6f", "Zm9v", "\"foo\"", "foo", "foo" },
		{ "\xfb\xff", "fbff", "-_8", NULL, NULL, "\\xfb\\xff" },
		{ "\"\\\n\001/", "225c0a012f", "IlwKAS8", "\"\\\"\\\\\\n\\u0001/\"", "&quot;\\\n\001/", "\"\\\\x0a\\x01/" },
		{ "<a b='&'>", NULL, NULL, "\"<a b='&'>\"", "&lt;a b=&#39;&amp;&#39;&gt;", "<a b='&'>" },
		{ "\xc3\xa4\033[0m", NULL, NULL, "\"\xc3\xa4\\u001b[0m\"", "\xc3\xa4\033[0m", "\xc3\xa4\\x1b[0m" },
		{ "\xc2\x9b"
		  "2J",
			NULL, NULL, NULL, NULL, "\\xc2\\x9b2J" },
		{ override, NULL, NULL, NULL, NULL,
			"a\\xe2\\x80\\xae"
			"b" },
	};
	struct tw_buf b;

	tw_buf_init(&b, tw_sys_real(), 100);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const char *wants[] = { rows[i].hex, rows[i].base64url, rows[i].json, rows[i].html, rows[i].terminal };
		struct tw_slice s = tw_slice_of(rows[i].plain);

		for (size_t k = 0; k < TW_COUNT(wants); k++) {
			tw_buf_clear(&b);
			if (k == 0)
				CHECK_OK(tw_buf_hex(&b, s.at, s.size));
			else if (k == 1)
				CHECK_OK(tw_buf_base64url(&b, s.at, s.size));
			else if (k == 2)
				CHECK_OK(tw_buf_json_string(&b, s));
			else if (k == 3)
				CHECK_OK(tw_buf_html(&b, s));
			else
				CHECK_OK(tw_buf_terminal(&b, s));
			if (wants[k])
				CHECK_TEXT(tw_buf_cstr(&b), wants[k]);
		}
	}
	tw_buf_done(&b);
}

/* As a value of a query: whoever decodes it has what was written, and no reader takes a part of it for something else. */
static void test_percent(void **state)
{
	static const struct {
		const char *plain, *want;
	} rows[] = {
		{ "", "" },
		{ "abzABZ019-._~", "abzABZ019-._~" },
		{ "control room", "control%20room" },
		{ "Kr\xc3\xb6te", "Kr%C3%B6te" },
		{ "100 %", "100%20%25" },
		{ "%20", "%2520" },
		{ "a&b", "a%26b" },
		{ "a=b", "a%3Db" },
		{ "a+b", "a%2Bb" },
		{ "urn:dev:ops:1", "urn%3Adev%3Aops%3A1" },
		{ "/?#[]@!$'()*,;", "%2F%3F%23%5B%5D%40%21%24%27%28%29%2A%2C%3B" },
		{ "\001\177\xff\"<>\\^`{|}", "%01%7F%FF%22%3C%3E%5C%5E%60%7B%7C%7D" },
	};
	struct tw_buf b;

	tw_buf_init(&b, tw_sys_real(), 60);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_buf_clear(&b);
		CHECK_OK(tw_buf_percent(&b, tw_slice_of(rows[i].plain)));
		CHECK_TEXT(tw_buf_cstr(&b), rows[i].want);
	}
	tw_buf_clear(&b);
	CHECK_OK(tw_buf_percent(&b, (struct tw_slice){ "a\0b", 3 }));
	CHECK_TEXT(tw_buf_cstr(&b), "a%00b");
	tw_buf_done(&b);
}

static void test_out_of_memory(void **state)
{
	tw_fake *f = tw_fake_new();
	struct tw_buf b;
	tw_secret *s = NULL;
	bool fired = true;

	for (long k = 1; fired; k++) {
		tw_err e;

		tw_fake_fail(f, k, ENOMEM, false);
		tw_buf_init(&b, tw_fake_sys(f), 1000);
		e = write_numbers(&b);
		if (!tw_failed(e))
			e = tw_buf_percent(&b, TW_SLICE("control room, control room, control room"));
		for (int i = 0; i < 100 && !tw_failed(e); i++)
			e = tw_buf_text(&b, "12345");
		fired = tw_fake_fired(f);
		CHECK(fired ? tw_is(e, TW_CODE_NOMEM) : !tw_failed(e));
		tw_buf_done(&b);
	}
	tw_fake_fail(f, 1, ENOMEM, false);
	CHECK_ERR(tw_secret_random(tw_fake_sys(f), 16, &s), NOMEM);
	tw_fake_fail(f, 2, ENOMEM, false); /* pinning is a wish */
	CHECK_OK(tw_secret_random(tw_fake_sys(f), 16, &s));
	s = tw_secret_free(s);
	tw_fake_fail(f, 3, EIO, false);
	CHECK_ERR(tw_secret_random(tw_fake_sys(f), 16, &s), IO);
	CHECK(s == NULL);
	tw_fake_fail(f, 1, ENOMEM, false);
	CHECK(tw_strdup(tw_fake_sys(f), "x") == NULL);
	(void)tw_fake_free(f);
}

static void test_allocation_helpers(void **state)
{
	TW_CLEANUP(tw_freep) char *text = tw_strndup(tw_sys_real(), "abcdef", 3);
	TW_CLEANUP(tw_freep) uint32_t *numbers = tw_alloc_array(tw_sys_real(), 4, sizeof *numbers);
	TW_CLEANUP(tw_secret_freep) tw_secret *s = NULL;

	CHECK_TEXT(text, "abc");
	CHECK(numbers && numbers[3] == 0);
	CHECK(tw_alloc_array(tw_sys_real(), SIZE_MAX / 2, 3) == NULL);
	CHECK(tw_strndup(tw_sys_real(), "x", SIZE_MAX) == NULL);
	CHECK_OK(tw_secret_new(tw_sys_real(), "secret", 6, &s));
	CHECK_INT(tw_secret_size(s), 6);
	CHECK_BYTES(tw_secret_bytes(s), "secret", 6);
	tw_secret_mutable(s)[0] = 'S';
	CHECK_BYTES(tw_secret_bytes(s), "Secret", 6);
	CHECK_ERR(tw_secret_new(tw_sys_real(), NULL, 1024 * 1024, &s), LIMIT);
}

CHECK_MAIN(cmocka_unit_test(test_slices), cmocka_unit_test(test_limit_leaves_it_as_it_was), cmocka_unit_test(test_take_and_clear),
	cmocka_unit_test(test_numbers_there_and_back), cmocka_unit_test(test_cursor_never_passes_the_end),
	cmocka_unit_test(test_encodings), cmocka_unit_test(test_percent), cmocka_unit_test(test_out_of_memory),
	cmocka_unit_test(test_allocation_helpers))
