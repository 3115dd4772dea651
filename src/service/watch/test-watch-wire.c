/* SPDX-License-Identifier: Apache-2.0 */
/* What core and the watch role say: written and read back, and every byte of it missing or wrong. */
#include "service/watch/watch-wire.h"

#include "base/mem.h"
#include "sys/real.h"
#include "check.h"

static const struct tw_watch_item items[] = {
	{ TW_WATCH_LINK, TW_SLICE("eth0"), TW_SLICE("ethernet"), TW_SLICE("virtio_net"), TW_SLICE("02:fc:00:00:00:01"), TW_SLICE("up") },
	{ TW_WATCH_STORAGE, TW_SLICE("vda"), { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 } },
};

static void make(struct tw_buf *b)
{
	tw_buf_init(b, tw_sys_real(), 4096);
	for (size_t i = 0; i < TW_COUNT(items); i++)
		CHECK_OK(tw_watch_item_write(&items[i], b));
}

static void test_items(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_watch_item got;

	make(&b);
	struct tw_slice rest = tw_buf_slice(&b);
	CHECK_OK(tw_watch_item_read(&rest, &got));
	CHECK(got.kind == TW_WATCH_LINK && tw_slice_is(got.name, "eth0") && tw_slice_is(got.what, "ethernet") &&
		tw_slice_is(got.driver, "virtio_net") && tw_slice_is(got.address, "02:fc:00:00:00:01") && tw_slice_is(got.state, "up"));
	const size_t first = b.size - rest.size;
	CHECK_OK(tw_watch_item_read(&rest, &got));
	CHECK(got.kind == TW_WATCH_STORAGE && tw_slice_is(got.name, "vda") && got.what.size == 0 && rest.size == 0);
	for (size_t size = 0; size < first; size++) {
		rest = (struct tw_slice){ b.data, size };
		CHECK_ERR(tw_watch_item_read(&rest, &got), SYNTAX);
		CHECK_INT(rest.size, size);
	}
}

static void test_refused(void **state)
{
	static const struct {
		size_t at;
		char byte;
	} rows[] = { { 0, 0 }, { 0, TW_WATCH_KINDS }, { 0, '\xff' }, { 3, '\n' }, { 3, '\x7f' }, { 3, '\xc3' }, { 1, 1 } };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_watch_item got;

	make(&b);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const char before = b.data[rows[i].at];
		struct tw_slice rest = tw_buf_slice(&b);

		b.data[rows[i].at] = rows[i].byte;
		tw_err e = tw_watch_item_read(&rest, &got);
		CHECK(tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT));
		b.data[rows[i].at] = before;
	}
	struct tw_slice nameless = TW_SLICE("\1\0\0\0\0\0\0\0\0\0\0");
	CHECK_ERR(tw_watch_item_read(&nameless, &got), SYNTAX);
}

static void test_kinds(void **state)
{
	for (size_t i = 1; i < TW_WATCH_KINDS; i++)
		CHECK(tw_watch_kinds[i] && tw_watch_kinds[i][0]);
}

CHECK_MAIN(cmocka_unit_test(test_items), cmocka_unit_test(test_refused), cmocka_unit_test(test_kinds))
