/* SPDX-License-Identifier: Apache-2.0 */
/* Comma-separated values: rows with the line that each begins in, "|" between fields, and each fault with its line. */
#include "formats/csv.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

static tw_err list(const struct tw_sys *sys, struct tw_slice text, struct tw_buf *b)
{
	TW_CLEANUP(tw_csv_done) struct tw_csv c = { 0 };
	struct tw_csv_row row;

	tw_csv_init(&c, sys, text);
	for (;;) {
		TW_TRY(tw_csv_next(&c, &row));
		if (!row.count)
			return TW_OK;
		TW_TRY(tw_buf_format(b, "%zu:", row.line));
		for (size_t i = 0; i < row.count; i++)
			TW_TRY(tw_buf_format(b, "|%s", row.of[i]));
		TW_TRY(tw_buf_text(b, "\n"));
	}
}

static const struct {
	const char *text, *want;
} rows[] = {
	{ "", "" },
	{ "\n\r\n", "" },
	{ "a", "1:|a\n" },
	{ "a,b\n", "1:|a|b\n" },
	{ ",\n,", "1:||\n2:||\n" },
	{ "\xef\xbb\xbf\"a\",b\r\n\r\n c ,\xc3\xa4\r\n", "1:|a|b\n3:| c |\xc3\xa4\n" },
	/* As Python's csv writes it: quotes where they have to be, CRLF. */
	{ "a,\"b, c\",\"d \"\"e\"\"\",\"\"\r\nf\r\n", "1:|a|b, c|d \"e\"|\n2:|f\n" },
	{ "\"a\nb\r\nc\",d\ne", "1:|a\nb\r\nc|d\n4:|e\n" },
	{ "\"\"\"\"", "1:|\"\n" },
	{ "'a','b'", "1:|'a'|'b'\n" },
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		tw_buf_init(&b, tw_sys_real(), 4096);
		CHECK_OK(list(tw_sys_real(), tw_slice_of(rows[i].text), &b));
		CHECK_TEXT(tw_buf_cstr(&b), rows[i].want);
	}
}

static const struct {
	struct tw_slice text;
	const char *detail;
} refused[] = {
	{ TW_SLICE("a\nb,c\"d\n"), "line 2: a quote within a field that has none around it" },
	{ TW_SLICE("a\n\"b\"c\n"), "line 2: a field is followed by neither a comma nor the line's end" },
	{ TW_SLICE("\"b\" ,c"), "line 1: a field is followed by neither a comma nor the line's end" },
	{ TW_SLICE("a\rb"), "line 1: a field is followed by neither a comma nor the line's end" },
	{ TW_SLICE("a\r"), "line 1: a field is followed by neither a comma nor the line's end" },
	{ TW_SLICE("a,b\0c"), "line 1: a field is followed by neither a comma nor the line's end" },
	{ TW_SLICE("\"a\0\""), "line 1: a quote that nothing closes" },
	{ TW_SLICE("a\n\"b\nc\n"), "line 2: a quote that nothing closes" },
	{ TW_SLICE("\""), "line 1: a quote that nothing closes" },
	{ TW_SLICE("a\n\"b\xff\"\n"), "line 2: a field that is no UTF-8" },
	{ TW_SLICE("\xc3"), "line 1: a field that is no UTF-8" },
};

static void test_refused(void **state)
{
	for (size_t i = 0; i < TW_COUNT(refused); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		tw_buf_init(&b, tw_sys_real(), 4096);
		CHECK_ERR(list(tw_sys_real(), refused[i].text, &b), SYNTAX);
		CHECK_TEXT(tw_err_detail(), refused[i].detail);
	}
}

/* The most that is taken, and one more. */
static void test_limits(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_csv_done) struct tw_csv c = { 0 };
	struct tw_csv_row row;

	tw_buf_init(&text, tw_sys_real(), TW_CSV_ROW_MAX + 64);
	for (size_t i = 1; i < TW_CSV_FIELDS_MAX; i++)
		CHECK_OK(tw_buf_text(&text, ","));
	tw_csv_init(&c, tw_sys_real(), tw_buf_slice(&text));
	CHECK_OK(tw_csv_next(&c, &row));
	CHECK_INT(row.count, TW_CSV_FIELDS_MAX);
	tw_csv_done(&c);
	CHECK_OK(tw_buf_text(&text, ","));
	tw_csv_init(&c, tw_sys_real(), tw_buf_slice(&text));
	CHECK_ERR(tw_csv_next(&c, &row), LIMIT);
	CHECK_TEXT(tw_err_detail(), "line 1: a row of more than 64 fields");
	tw_csv_done(&c);
	tw_buf_clear(&text);
	while (text.size < TW_CSV_ROW_MAX - 1)
		CHECK_OK(tw_buf_text(&text, "a"));
	tw_csv_init(&c, tw_sys_real(), tw_buf_slice(&text));
	CHECK_OK(tw_csv_next(&c, &row));
	CHECK_INT(strlen(row.of[0]), TW_CSV_ROW_MAX - 1);
	tw_csv_done(&c);
	CHECK_OK(tw_buf_text(&text, "a"));
	tw_csv_init(&c, tw_sys_real(), tw_buf_slice(&text));
	CHECK_ERR(tw_csv_next(&c, &row), LIMIT);
	CHECK_TEXT(tw_err_detail(), "line 1: a row of more than 262144 bytes");
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		tw_buf_init(&b, sys, 4096);
		TW_TRY(list(sys, tw_slice_of(rows[i].text), &b));
	}
	return TW_OK;
}

static void test_without_memory(void **state)
{
	oom_sweep(sweep, NULL);
}

CHECK_MAIN(cmocka_unit_test(test_rows), cmocka_unit_test(test_refused), cmocka_unit_test(test_limits), cmocka_unit_test(test_without_memory))
