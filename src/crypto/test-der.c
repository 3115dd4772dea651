/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/der.h"

#include "base/mem.h"
#include "check.h"

static const struct {
	const char *bytes;
	size_t size;
	bool good;
} rows[] = {
#define ROW(text, good)                      \
	{                                    \
		text, sizeof(text) - 1, good \
	}
	ROW("\x30\x00", true),
	ROW("", false),
	ROW("\x30", false),
	ROW("\x30\x01", false),
	ROW("\x30\x00\x00", false),
	ROW("\x30\x80\x00\x00", false), /* indefinite */
	ROW("\x30\x80", false),
	ROW("\x30\x81\x00", false), /* longer form of a short length */
	ROW("\x04\x81\x7f", false),
	ROW("\x04\x82\x01", false),
	ROW("\x00\x00", false),     /* end of contents */
	ROW("\x1f\x20\x00", false), /* long tag */
	ROW("\x9f\x00", false),
	ROW("\x30\x03\x02\x01\x00", true),
	ROW("\x30\x04\x02\x01\x00\x00", false), /* an end of contents inside */
	ROW("\x30\x02\x02\x01", false),         /* the part is longer than the whole */
	ROW("\x02\x00", false),
	ROW("\x02\x02\x00\x7f", false),
	ROW("\x02\x02\x00\x80", true),
	ROW("\x02\x02\xff\x80", false),
	ROW("\x02\x02\xff\x7f", true),
	ROW("\x0a\x02\x00\x01", false),
	ROW("\x01\x01\xff", true),
	ROW("\x01\x01\x01", false),
	ROW("\x01\x01\x00", false), /* a default that is written */
	ROW("\x01\x02\xff\xff", false),
	ROW("\x01\x00", false),
	ROW("\x03\x01\x00", true),
	ROW("\x03\x00", false),
	ROW("\x03\x01\x01", false),
	ROW("\x03\x02\x01\x02", true),
	ROW("\x03\x02\x01\x01", false), /* an unused bit is set */
	ROW("\x03\x02\x08\x00", false),
	ROW("\x03\x02\x07\x80", true),
	ROW("\x05\x00", true),
	ROW("\x05\x01\x00", false),
	ROW("\x06\x01\x2a", true),
	ROW("\x06\x00", false),
	ROW("\x06\x01\x80", false),
	ROW("\x06\x02\x2a\x86", false),
	ROW("\x06\x03\x2a\x80\x01", false), /* a needless zero */
	ROW("\x06\x04\x2a\x86\x80\x01", true),
	ROW("\x24\x03\x04\x01\x61", false), /* a string in pieces */
	ROW("\x10\x00", false),             /* a SEQUENCE without parts */
	ROW("\x0c\x02\xc3\xa4", true),
	ROW("\x0c\x01\xc3", false),
	ROW("\x13\x02"
	    "A?",
		true),
	ROW("\x13\x01*", false),
	ROW("\x13\x01\x00", false),
	ROW("\x16\x01*", true),
	ROW("\x16\x01\x00", false),
	ROW("\x16\x01\x7f", true),
	ROW("\x16\x01\x80", false),
	ROW("\x17\x0d"
	    "260921120000Z",
		true),
	ROW("\x17\x0b"
	    "2609211200Z",
		false),
	ROW("\x17\x0d"
	    "26092112000aZ",
		false),
	ROW("\x17\x0d"
	    "26092112000/Z",
		false),
	ROW("\x17\x0d"
	    "2609211200000",
		false),
	ROW("\x17\x11"
	    "260921120000+0000",
		false),
	ROW("\x18\x0f"
	    "20260921120000Z",
		true),
	ROW("\x18\x11"
	    "20260921120000.5Z",
		false),
	ROW("\x1e\x02"
	    "aa",
		true),
	ROW("\x1e\x01"
	    "a",
		false),
	ROW("\x1c\x04"
	    "aaaa",
		true),
	ROW("\x1c\x02"
	    "aa",
		false),
	ROW("\x09\x01"
	    "a",
		false), /* REAL */
	ROW("\x31\x00", false),
	ROW("\x31\x06\x02\x01\x01\x02\x01\x02", true),
	ROW("\x31\x06\x02\x01\x02\x02\x01\x01", false), /* out of order */
	ROW("\x31\x06\x02\x01\x01\x02\x01\x01", false), /* the same twice */
	ROW("\x31\x07\x02\x01\x01\x02\x02\x01\x01", true),
	ROW("\x31\x07\x02\x02\x01\x01\x02\x01\x01", false),
	ROW("\x30\x06\x02\x01\x02\x02\x01\x01", true),
	ROW("\xa0\x03\x02\x01\x02", true),
	ROW("\xa0\x03\x02\x01", false),
	ROW("\x80\x03"
	    "abc",
		true),
#undef ROW
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		char *exact = malloc(1 + rows[i].size); /* AddressSanitizer sees what is read behind it, also of none */
		CHECK(exact);
		memcpy(exact + 1, rows[i].bytes, rows[i].size);
		tw_err e = tw_der_exact((struct tw_slice){ exact + 1, rows[i].size });
		free(exact);

		if (tw_failed(e) == rows[i].good || (tw_failed(e) && !tw_is(e, TW_CODE_SYNTAX)))
			fail_msg("row %zu: %s", i, tw_failed(e) ? tw_err_detail() : "taken");
	}
}

/* As deep as the stack is, and one level more. */
static void test_depth(void **state)
{
	uint8_t nested[2 * TW_DER_DEPTH + 2];

	for (size_t i = 0; i <= TW_DER_DEPTH; i++) {
		nested[2 * i] = 0x30;
		nested[2 * i + 1] = (uint8_t)(2 * (TW_DER_DEPTH - i));
	}
	CHECK_ERR(tw_der_exact((struct tw_slice){ (char *)nested, sizeof nested }), LIMIT);
	CHECK_OK(tw_der_exact((struct tw_slice){ (char *)nested + 2, sizeof nested - 2 }));
	nested[2 * TW_DER_DEPTH] = 0x05; /* a NULL, which has no parts */
	CHECK_OK(tw_der_exact((struct tw_slice){ (char *)nested, sizeof nested }));
}

/* Lengths in their one form; no allocation, so there is nothing to run out of. */
static void test_lengths(void **state)
{
	static const struct {
		const char *head; /* of an octet string */
		size_t head_size, size;
		bool good;
	} lengths[] = {
		{ "\x04\x7f", 2, 0x7f, true }, { "\x04\x80", 2, 0x80, false }, { "\x04\x81\x80", 3, 0x80, true },
		{ "\x04\x82\x00\x80", 4, 0x80, false }, { "\x04\x89\x01\x00\x00\x00\x00\x00\x00\x00\x80", 11, 0x80, false },
		{ "\x04\x82\x01\x2c", 4, 300, true }, { "\x04\x82\x01\x2c", 4, 299, false }, { "\x04\x82\x01\x2c", 4, 301, false },
		{ "\x04\x83\xff\xff\xff", 5, 0xffffff, true }, { "\x04\x84\x01\x00\x00\x00", 6, 0x1000000, false }, /* more than anybody takes here */
	};

	for (size_t i = 0; i < TW_COUNT(lengths); i++) {
		char *whole = calloc(1, lengths[i].head_size + lengths[i].size);
		CHECK(whole);
		memcpy(whole, lengths[i].head, lengths[i].head_size);
		tw_err e = tw_der_exact((struct tw_slice){ whole, lengths[i].head_size + lengths[i].size });
		free(whole);
		if (tw_failed(e) == lengths[i].good || (tw_failed(e) && !tw_is(e, TW_CODE_SYNTAX)))
			fail_msg("length %zu: %s", i, tw_failed(e) ? tw_err_detail() : "taken");
	}
}

CHECK_MAIN(cmocka_unit_test(test_rows), cmocka_unit_test(test_depth), cmocka_unit_test(test_lengths))
