/* SPDX-License-Identifier: Apache-2.0 */
/* What core and the scan role say: written and read back, and every byte of it missing, too much or wrong. */
#include "service/scan/scan-wire.h"

#include "sys/real.h"
#include "check.h"

static void test_begin(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const struct tw_scan_order order = { tw_package_system("opkg"), TW_SLICE("/usr /opt"), TW_SLICE("/usr/x"), { "\1\0\0\0\0a", 6 } };
	struct tw_scan_order got;

	tw_buf_init(&b, tw_sys_real(), 4096);
	CHECK_OK(tw_scan_begin_write(&order, &b));
	CHECK_OK(tw_scan_begin_read(tw_buf_slice(&b), &got));
	CHECK(got.system == order.system && tw_slice_is(got.folders, "/usr /opt") && tw_slice_is(got.ignored, "/usr/x"));
	CHECK_INT(got.place.size, 6);
	for (size_t size = 0; size < b.size; size++)
		CHECK_ERR(tw_scan_begin_read((struct tw_slice){ b.data, size }, &got), SYNTAX);
	CHECK_OK(tw_buf_u8(&b, 0));
	CHECK_ERR(tw_scan_begin_read(tw_buf_slice(&b), &got), SYNTAX);
	CHECK_ERR(tw_scan_begin_read(TW_SLICE("\0\4rpmx\0\0\0\0\0\0"), &got), SYNTAX);
	CHECK_ERR(tw_scan_begin_read(TW_SLICE("\0\5opkg\0\0\0\0\0\0\0"), &got), SYNTAX);
}

static void make(struct tw_buf *found, struct tw_scan_piece *p)
{
	const struct tw_scan_finding findings[] = { { TW_SCAN_CHANGED, TW_SCAN_BY_MD5, "usr/a" },
		{ TW_SCAN_UNKNOWN, TW_SCAN_SCRIPT, "\xff" } };

	for (size_t i = 0; i < TW_COUNT(findings); i++)
		CHECK_OK(tw_scan_finding_write(&findings[i], found));
	*p = (struct tw_scan_piece){ true, 77, { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, TW_SLICE("words"), TW_SLICE("place"), tw_buf_slice(found) };
}

static void test_piece(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 }, found = { 0 };
	struct tw_scan_piece p, got;
	enum tw_scan_kind kind;
	enum tw_scan_how how;
	struct tw_slice path;

	tw_buf_init(&b, tw_sys_real(), 4096);
	tw_buf_init(&found, tw_sys_real(), 4096);
	make(&found, &p);
	CHECK_OK(tw_scan_piece_write(&p, &b));
	CHECK_OK(tw_scan_piece_read(tw_buf_slice(&b), &got));
	CHECK(got.finished && got.total == 77 && got.counts[0] == 1 && got.counts[TW_SCAN_COUNTS - 1] == 9);
	CHECK(tw_slice_is(got.words, "words") && tw_slice_is(got.place, "place"));
	CHECK(tw_scan_finding_next(&got, &kind, &how, &path) && kind == TW_SCAN_CHANGED && how == TW_SCAN_BY_MD5 &&
		tw_slice_is(path, "usr/a"));
	CHECK(tw_scan_finding_next(&got, &kind, &how, &path) && kind == TW_SCAN_UNKNOWN && tw_slice_is(path, "\xff"));
	CHECK(!tw_scan_finding_next(&got, &kind, &how, &path));
	for (size_t size = 0; size < b.size; size++)
		CHECK_ERR(tw_scan_piece_read((struct tw_slice){ b.data, size }, &got), SYNTAX);
	b.data[0] = 2;
	CHECK_ERR(tw_scan_piece_read(tw_buf_slice(&b), &got), SYNTAX);
	b.data[0] = 0;
	b.data[9] = '\x7f'; /* a count of 2^62 and more */
	CHECK_ERR(tw_scan_piece_read(tw_buf_slice(&b), &got), SYNTAX);
}

/* A finding of no kind, by nothing there is, without a path, with a NUL in it, longer than the block. */
static void test_findings_are_looked_at(void **state)
{
	static const struct tw_slice wrong[] = { { "\0\1\0\1a", 5 }, { "\4\1\0\1a", 5 }, { "\1\7\0\1a", 5 }, { "\1\1\0\0", 4 },
		{ "\1\1\0\1\0", 5 }, { "\1\1\0\2a", 5 }, { "\1", 1 } };

	for (size_t i = 0; i < TW_COUNT(wrong); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		const struct tw_scan_piece p = { .found = wrong[i] };
		struct tw_scan_piece got;

		tw_buf_init(&b, tw_sys_real(), 4096);
		CHECK_OK(tw_scan_piece_write(&p, &b));
		CHECK_ERR(tw_scan_piece_read(tw_buf_slice(&b), &got), SYNTAX);
	}
}

CHECK_MAIN(cmocka_unit_test(test_begin), cmocka_unit_test(test_piece), cmocka_unit_test(test_findings_are_looked_at))
