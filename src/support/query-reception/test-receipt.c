/* SPDX-License-Identifier: Apache-2.0 */
#include "support/query-reception/receipt.h"

#include "check.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>
#include <string.h>

static void test_made_and_read(void **state)
{
	struct tw_receipt a, b;

	CHECK_OK(tw_receipt_make(tw_sys_real(), &a));
	CHECK_OK(tw_receipt_make(tw_sys_real(), &b));
	CHECK_INT(strlen(a.text), TW_RECEIPT_TEXT);
	CHECK(strcmp(a.text, b.text) != 0 && memcmp(a.hash, b.hash, sizeof a.hash) != 0);
	CHECK_OK(tw_receipt_parse(tw_slice_of(a.text), &b));
	CHECK_TEXT(b.text, a.text);
	CHECK_BYTES(b.hash, a.hash, sizeof a.hash);
}

/* As people write: small, without hyphens, with letters that look like digits. */
static void test_read_as_people_write(void **state)
{
	struct tw_receipt a, b;
	char text[100];

	do
		CHECK_OK(tw_receipt_make(tw_sys_real(), &a));
	while (!strchr(a.text, '0') || !strchr(a.text, '1'));
	size_t n = 0;
	for (const char *c = a.text; *c; c++)
		if (*c != '-') {
			text[n++] = *c == '0' ? 'o' : *c == '1' ? 'l' : *c >= 'A' ? (char)(*c - 'A' + 'a') : *c;
			text[n++] = ' ';
		}
	CHECK_OK(tw_receipt_parse((struct tw_slice){ text, n }, &b));
	CHECK_TEXT(b.text, a.text);
}

static void test_slips_are_told(void **state)
{
	struct tw_receipt a, b;
	unsigned passed = 0;

	CHECK_OK(tw_receipt_make(tw_sys_real(), &a));
	for (size_t i = 0; a.text[i]; i++) {
		char text[TW_RECEIPT_TEXT + 1];

		memcpy(text, a.text, sizeof text);
		if (text[i] == '-')
			continue;
		text[i] = text[i] == '7' ? '8' : '7';
		passed += !tw_failed(tw_receipt_parse(tw_slice_of(text), &b));
	}
	CHECK(passed <= 1); /* one in 1024 passes; two of 28 would be one in 2700 runs */
	CHECK_ERR(tw_receipt_parse((struct tw_slice){ a.text, TW_RECEIPT_TEXT - 1 }, &b), SYNTAX);
	CHECK_ERR(tw_receipt_parse(TW_SLICE(""), &b), SYNTAX);
	CHECK_ERR(tw_receipt_parse(TW_SLICE("UUUU-UUUU-UUUU-UUUU-UUUU-UUUU-UUUU"), &b), SYNTAX);
	CHECK_ERR(tw_receipt_parse(TW_SLICE("0000-0000-0000-0000-0000-0000-0000-0"), &b), SYNTAX);
	CHECK_ERR(tw_receipt_parse((struct tw_slice){ "\0\0\0\0", 4 }, &b), SYNTAX);
}

static void test_no_random_numbers(void **state)
{
	struct tw_receipt a;
	tw_fake *f = tw_fake_new();

	tw_fake_fail(f, 1, EIO, false);
	CHECK_ERR(tw_receipt_make(tw_fake_sys(f), &a), IO);
	tw_fake_free(f);
}

CHECK_MAIN(cmocka_unit_test(test_made_and_read), cmocka_unit_test(test_read_as_people_write), cmocka_unit_test(test_slips_are_told),
	cmocka_unit_test(test_no_random_numbers))
