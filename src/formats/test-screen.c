/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/screen.h"

#include "base/text.h"
#include "check.h"
#include "oom.h"
#include "sys/real.h"

#define W "\xe4\xbd\xa0"   /* two columns */
#define E_ACUTE "\xc3\xa9" /* one */

static void test_pages(void **state)
{
	static const struct {
		const char *text;
		size_t columns, lines;
		const char *want;
		size_t pages;
	} rows[] = {
		{ "", 16, 2, "", 0 },
		{ "Only for staff.", 16, 2, "Only for staff.", 1 },
		{ "Only for staff.\n", 16, 2, "Only for staff.", 1 },
		{ "One\n\ntwo", 16, 2, "One\n\ftwo", 2 },
		{ "1\n2\n3\n4\n5", 16, 2, "1\n2\f3\n4\f5", 3 },
		{ "1\n2", 16, 1, "1\f2", 2 },
		{ "Use is recorded and watched.", 16, 2, "Use is recorded\nand watched.", 1 },
		{ "1234567890123456", 16, 2, "1234567890123456", 1 },
		{ "12345678901234567", 16, 2, "1234567890123456\n7", 1 },  /* no blank to break it at */
		{ "1234567890123456 8", 16, 2, "1234567890123456\n8", 1 }, /* the blank is just behind the last column */
		{ "a 1234567890123456", 16, 2, "a\n1234567890123456", 1 },
		{ " 1234567890123456", 16, 2, " 123456789012345\n6", 1 }, /* no line of nothing for a blank at the front */
		{ "12345678901234  7", 16, 2, "12345678901234 \n7", 1 },  /* one blank goes with the break */
		{ W W W, 4, 2, W W "\n" W, 1 },
		{ "x" W W, 4, 2, "x" W "\n" W, 1 }, /* half a wide one does not fit */
		{ E_ACUTE E_ACUTE E_ACUTE E_ACUTE "x", 4, 2, E_ACUTE E_ACUTE E_ACUTE E_ACUTE "\nx", 1 },
	};
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), 100);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const struct tw_screen screen = { rows[i].columns, rows[i].lines };
		size_t pages = 99;

		tw_buf_clear(&b);
		CHECK_OK(tw_screen_wrap(tw_slice_of(rows[i].text), &screen, &b, &pages));
		if (strcmp(tw_buf_cstr(&b), rows[i].want) != 0 || pages != rows[i].pages)
			fail_msg("row %zu: '%s', %zu pages", i, tw_buf_cstr(&b), pages);
	}
}

static void test_refuses(void **state)
{
	static const char *const bad[] = { "\xff", "a\xe2\x80", "a\nb\x80" };
	const struct tw_screen screen = { 16, 2 };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	size_t pages = 99;

	tw_buf_init(&b, tw_sys_real(), 17);
	for (size_t i = 0; i < TW_COUNT(bad); i++)
		CHECK_ERR(tw_screen_wrap(tw_slice_of(bad[i]), &screen, &b, &pages), SYNTAX);
	tw_buf_clear(&b);
	CHECK_ERR(tw_screen_wrap(TW_SLICE("12345678901234567"), &screen, &b, &pages), LIMIT); /* with its break it has 18 */
	CHECK_INT(pages, 99);
}

/* So many of these, as the seed says. */
static void draw(int count, struct tw_buf *ret)
{
	static const char *const parts[] = { "a", " ", "\n", "word", W, E_ACUTE, "\xf0\x9f\x94\x92" };
	static uint32_t seed = 1;

	tw_buf_clear(ret);
	for (int i = 0; i < count; i++) {
		seed = seed * 1664525 + 1013904223;
		CHECK_OK(tw_buf_text(ret, parts[(seed >> 16) % TW_COUNT(parts)]));
	}
}

/* Without blanks and breaks. */
static void words_of(const struct tw_buf *b, struct tw_buf *ret)
{
	tw_buf_clear(ret);
	for (size_t i = 0; i < b->size; i++)
		if (!strchr(" \n\f", b->data[i]))
			CHECK_OK(tw_buf_add(ret, b->data + i, 1));
}

/* Each line fits, no page has more of them than may be; how many pages there are. */
static size_t check_pages(struct tw_slice all, const struct tw_screen *screen)
{
	size_t pages = all.size ? 1 : 0, lines = 1, wide = 0;

	for (size_t at = 0, size; at < all.size; at += size) {
		size = tw_utf8_size((struct tw_slice){ all.at + at, all.size - at });
		wide = strchr("\n\f", all.at[at]) ? 0 : wide + (size >= 3 ? 2 : 1);
		lines = all.at[at] == '\f' ? 1 : lines + (all.at[at] == '\n');
		pages += all.at[at] == '\f';
		CHECK(wide <= screen->columns && lines <= screen->lines);
	}
	return pages;
}

/* Whatever the text: nothing is lost but blanks and breaks. */
static void test_any_text(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, cut = { 0 }, kept = { 0 }, got = { 0 };

	tw_buf_init(&text, tw_sys_real(), 4096);
	tw_buf_init(&cut, tw_sys_real(), 4096);
	tw_buf_init(&kept, tw_sys_real(), 4096);
	tw_buf_init(&got, tw_sys_real(), 4096);
	for (int round = 0; round < 2000; round++) {
		const struct tw_screen screen = { 2 + (size_t)round % 19, 1 + (size_t)round % 5 };
		size_t pages = 0;

		draw(round % 80, &text);
		tw_buf_clear(&cut);
		CHECK_OK(tw_screen_wrap(tw_buf_slice(&text), &screen, &cut, &pages));
		words_of(&text, &kept);
		words_of(&cut, &got);
		CHECK_TEXT(tw_buf_cstr(&got), tw_buf_cstr(&kept));
		if (cut.size)
			CHECK_INT(pages, check_pages(tw_buf_slice(&cut), &screen));
	}
}

static tw_err wrap(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const struct tw_screen screen = { 16, 2 };
	size_t pages = 0;

	tw_buf_init(&b, sys, 100);
	return tw_screen_wrap(TW_SLICE("Only for staff. Use is recorded."), &screen, &b, &pages);
}

static void test_without_memory(void **state)
{
	oom_sweep(wrap, NULL);
}

CHECK_MAIN(cmocka_unit_test(test_pages), cmocka_unit_test(test_refuses), cmocka_unit_test(test_any_text),
	cmocka_unit_test(test_without_memory))
