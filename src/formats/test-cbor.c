/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/cbor.h"

#include "base/text.h"
#include "sys/real.h"
#include "check.h"
#include "oom.h"

/* Documents as hex: what is taken, and what each rule refuses. */
static const struct {
	const char *hex;
	enum tw_code code;
} forms[] = {
	{ "00", TW_CODE_OK },
	{ "17", TW_CODE_OK },
	{ "1818", TW_CODE_OK },
	{ "1817", TW_CODE_SYNTAX }, /* each longer form of a shorter value */
	{ "1900ff", TW_CODE_SYNTAX },
	{ "190100", TW_CODE_OK },
	{ "1a0000ffff", TW_CODE_SYNTAX },
	{ "1a00010000", TW_CODE_OK },
	{ "1b00000000ffffffff", TW_CODE_SYNTAX },
	{ "1b0000000100000000", TW_CODE_OK },
	{ "3817", TW_CODE_SYNTAX },
	{ "3bffffffffffffffff", TW_CODE_OK },
	{ "1c", TW_CODE_SYNTAX }, /* reserved */
	{ "1d", TW_CODE_SYNTAX },
	{ "1e", TW_CODE_SYNTAX },
	{ "1f", TW_CODE_SYNTAX },
	{ "1cffffffffffffffffffffffffffffffff", TW_CODE_SYNTAX }, /* also when enough follows */
	{ "19ff", TW_CODE_SYNTAX },
	{ "1bffffffff", TW_CODE_SYNTAX },
	{ "", TW_CODE_SYNTAX },
	{ "18", TW_CODE_SYNTAX },
	{ "0000", TW_CODE_SYNTAX }, /* trailing */
	{ "40", TW_CODE_OK },
	{ "4101", TW_CODE_OK },
	{ "41", TW_CODE_SYNTAX },
	{ "580101", TW_CODE_SYNTAX },
	{ "5f4101ff", TW_CODE_SYNTAX }, /* indefinite */
	{ "7f6161ff", TW_CODE_SYNTAX },
	{ "9f00ff", TW_CODE_SYNTAX },
	{ "bf0000ff", TW_CODE_SYNTAX },
	{ "5bffffffffffffffff", TW_CODE_SYNTAX },
	{ "9bffffffffffffffff", TW_CODE_SYNTAX },
	{ "bbffffffffffffffff", TW_CODE_SYNTAX },
	{ "bb8000000000000001", TW_CODE_SYNTAX },
	{ "bb80000000000000010000", TW_CODE_SYNTAX }, /* also when what is left of it, twice, is there */
	{ "bb8000000000000000", TW_CODE_SYNTAX },
	{ "6161", TW_CODE_OK },
	{ "61ff", TW_CODE_SYNTAX }, /* not UTF-8 */
	{ "6100", TW_CODE_SYNTAX },
	{ "62c080", TW_CODE_SYNTAX },
	{ "80", TW_CODE_OK },
	{ "820001", TW_CODE_OK },
	{ "8200", TW_CODE_SYNTAX },
	{ "a0", TW_CODE_OK },
	{ "a10000", TW_CODE_OK },
	{ "a100", TW_CODE_SYNTAX },
	{ "a200000100", TW_CODE_OK },
	{ "a201000000", TW_CODE_SYNTAX }, /* falling */
	{ "a200000000", TW_CODE_SYNTAX }, /* twice */
	{ "a2200000 00", TW_CODE_SYNTAX },
	{ "a218180017 00", TW_CODE_SYNTAX },
	{ "a261620061 6100", TW_CODE_SYNTAX },
	{ "a2616100626161 00", TW_CODE_OK },
	{ "a2626161006162 00", TW_CODE_SYNTAX }, /* the longer first */
	{ "a14000", TW_CODE_SYNTAX },            /* keys of other kinds */
	{ "a18000", TW_CODE_SYNTAX },
	{ "a1f400", TW_CODE_SYNTAX },
	{ "a1a00000", TW_CODE_SYNTAX },
	{ "a100a10000", TW_CODE_OK },
	{ "a200a1000001a10000", TW_CODE_OK }, /* the outer map's order is its own */
	{ "a201a1000000a10000", TW_CODE_SYNTAX },
	{ "f4", TW_CODE_OK },
	{ "f5", TW_CODE_OK },
	{ "f6", TW_CODE_SYNTAX }, /* null, undefined, other simple values, floating point */
	{ "f7", TW_CODE_SYNTAX },
	{ "f0", TW_CODE_SYNTAX },
	{ "f814", TW_CODE_SYNTAX },
	{ "f93c00", TW_CODE_SYNTAX },
	{ "fa3f800000", TW_CODE_SYNTAX },
	{ "ff", TW_CODE_SYNTAX },
	{ "c100", TW_CODE_OK },
	{ "c1", TW_CODE_SYNTAX },
	{ "d83d00", TW_CODE_OK },
	{ "d80100", TW_CODE_SYNTAX },
	{ "818181818181818100", TW_CODE_OK }, /* eight deep */
	{ "81818181818181818100", TW_CODE_LIMIT },
	{ "818181818181818182", TW_CODE_SYNTAX }, /* what cannot be there is seen before how deep it would be */
	{ "c1c1c1c1c1c1c1c1c100", TW_CODE_LIMIT },
	{ "a100a100a100a100a100a100a100a100a10000", TW_CODE_LIMIT },
	{ "8080", TW_CODE_SYNTAX },
};

static void test_forms(void **state)
{
	for (size_t i = 0; i < TW_COUNT(forms); i++) {
		uint8_t data[64];
		char hex[129];
		size_t n = 0;
		for (const char *c = forms[i].hex; *c; c++)
			if (*c != ' ')
				hex[n++] = *c;
		CHECK_OK(tw_parse_hex((struct tw_slice){ hex, n }, data, n / 2));
		tw_err e = tw_cbor_check((struct tw_slice){ (char *)data, n / 2 });
		if (e.code != forms[i].code)
			fail_msg("%s: %s, %s", forms[i].hex, tw_code_name(e.code), tw_err_detail());
	}
}

static tw_err write_all(const struct tw_sys *sys, struct tw_buf *b)
{
	static const int64_t numbers[] = { 0, 23, 24, 255, 256, 65535, 65536, UINT32_MAX, UINT32_MAX + 1LL, INT64_MAX, -1, -24, -25,
		-256, -257, INT64_MIN };
	tw_buf_init(b, sys, 4096);
	TW_TRY(tw_cbor_put_head(b, TW_CBOR_ARRAY, TW_COUNT(numbers) + 4));
	for (size_t i = 0; i < TW_COUNT(numbers); i++)
		TW_TRY(tw_cbor_put_int(b, numbers[i]));
	TW_TRY(tw_cbor_put_bytes(b, "\0\1", 2));
	TW_TRY(tw_cbor_put_text(b, TW_SLICE("text")));
	TW_TRY(tw_cbor_put_bool(b, true));
	TW_TRY(tw_cbor_put_head(b, TW_CBOR_TAG, 18));
	TW_TRY(tw_cbor_put_bool(b, false));
	TW_TRY(tw_cbor_check(tw_buf_slice(b)));
	struct tw_cursor c = tw_cursor_of(b->data, b->size);
	uint64_t count, tag;
	TW_TRY(tw_cbor_array(&c, &count));
	CHECK_INT(count, TW_COUNT(numbers) + 4);
	for (size_t i = 0; i < TW_COUNT(numbers); i++) {
		int64_t v;
		TW_TRY(tw_cbor_int(&c, &v));
		CHECK_INT(v, numbers[i]);
	}
	struct tw_slice s;
	bool yes, no;
	CHECK(tw_failed(tw_cbor_text(&c, &s)) && tw_failed(tw_cbor_bool(&c, &yes)) && tw_failed(tw_cbor_tag(&c, &tag)) &&
		tw_failed(tw_cbor_map(&c, &count))); /* another kind moves nothing */
	TW_TRY(tw_cbor_bytes(&c, &s));
	CHECK(s.size == 2 && s.at[1] == 1);
	TW_TRY(tw_cbor_text(&c, &s));
	CHECK(tw_slice_is(s, "text"));
	TW_TRY(tw_cbor_bool(&c, &yes));
	TW_TRY(tw_cbor_tag(&c, &tag));
	TW_TRY(tw_cbor_bool(&c, &no));
	CHECK(yes && !no && tag == 18);
	return tw_cursor_end(&c);
}

static void test_written_is_read(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	CHECK_OK(write_all(tw_sys_real(), &b));
	for (size_t i = 0; i < b.size; i++) /* no cut is a document */
		CHECK(tw_failed(tw_cbor_check((struct tw_slice){ b.data, i })));
}

static void test_integers_beyond(void **state)
{
	static const uint8_t big[] = { 0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0 }, low[] = { 0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0 };
	struct tw_cursor c = tw_cursor_of(big, sizeof big);
	int64_t v;
	CHECK_ERR(tw_cbor_int(&c, &v), SYNTAX);
	c = tw_cursor_of(low, sizeof low);
	CHECK_ERR(tw_cbor_int(&c, &v), SYNTAX);
	CHECK_INT(tw_cursor_offset(&c), 0);
}

/* Each reader takes its own kind, says what is wrong with another, and moves past neither what it refuses nor what is cut. */
static void test_readers_refuse_other_kinds(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		int kind; /* enum tw_cbor_major */
	} items[] = { { "\x05", 1, TW_CBOR_UINT }, { "\x25", 1, TW_CBOR_NEGATIVE }, { "\x41x", 2, TW_CBOR_BYTES },
		{ "\x61x", 2, TW_CBOR_TEXT }, { "\x81\x05", 2, TW_CBOR_ARRAY }, { "\xa0", 1, TW_CBOR_MAP },
		{ "\xc5\x05", 2, TW_CBOR_TAG }, { "\xf5", 1, TW_CBOR_SIMPLE }, { "", 0, -1 }, { "\x59\x01", 2, -1 },
		{ "\x79\x01", 2, -1 }, { "\x1c", 1, -1 }, { "\x61\xff", 2, -1 }, { "\x43xx", 3, -1 }, { "\x63xx", 3, -1 } };
	uint64_t n;
	int64_t i;
	bool yes;
	struct tw_slice s;

	for (size_t k = 0; k < TW_COUNT(items); k++) {
		const struct tw_cursor start = tw_cursor_of(items[k].bytes, items[k].size);
		for (int reader = TW_CBOR_UINT; reader <= TW_CBOR_SIMPLE; reader++) {
			struct tw_cursor c = start;
			tw_err e = reader <= TW_CBOR_NEGATIVE ? tw_cbor_int(&c, &i)
				: reader == TW_CBOR_BYTES     ? tw_cbor_bytes(&c, &s)
				: reader == TW_CBOR_TEXT      ? tw_cbor_text(&c, &s)
				: reader == TW_CBOR_ARRAY     ? tw_cbor_array(&c, &n)
				: reader == TW_CBOR_MAP       ? tw_cbor_map(&c, &n)
				: reader == TW_CBOR_TAG       ? tw_cbor_tag(&c, &n)
							      : tw_cbor_bool(&c, &yes);
			bool takes = reader == items[k].kind ||
				(reader <= TW_CBOR_NEGATIVE && items[k].kind >= 0 && items[k].kind <= TW_CBOR_NEGATIVE);
			if (takes ? tw_failed(e) || tw_cursor_offset(&c) == 0 : !tw_is(e, TW_CODE_SYNTAX) || tw_cursor_offset(&c) != 0)
				fail_msg("item %zu, reader %d: %s", k, reader, tw_code_name(e.code));
		}
	}
	struct tw_cursor c = tw_cursor_of("\x43xx", 3);
	CHECK_ERR(tw_cbor_bytes(&c, &s), SYNTAX);
	CHECK(strstr(tw_err_detail(), "longer than what is left"));
}

static tw_err put_everything(struct tw_buf *b, void *user)
{
	TW_TRY(tw_cbor_put_head(b, TW_CBOR_ARRAY, 300));
	TW_TRY(tw_cbor_put_int(b, -70000));
	TW_TRY(tw_cbor_put_bytes(b, "0123456789", 10));
	TW_TRY(tw_cbor_put_text(b, TW_SLICE("text")));
	return tw_cbor_put_bool(b, true);
}

static void test_writing_without_memory(void **state)
{
	write_sweep(put_everything, NULL);
}

static tw_err write_and_forget(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	return write_all(sys, &b);
}

static void test_out_of_memory(void **state)
{
	CHECK(oom_sweep(write_and_forget, NULL) > 0);
}

CHECK_MAIN(cmocka_unit_test(test_forms), cmocka_unit_test(test_written_is_read), cmocka_unit_test(test_integers_beyond),
	cmocka_unit_test(test_readers_refuse_other_kinds), cmocka_unit_test(test_writing_without_memory),
	cmocka_unit_test(test_out_of_memory))
