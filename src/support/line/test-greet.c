/* SPDX-License-Identifier: Apache-2.0 */
#include "support/line/greet.h"

#include "base/mem.h"
#include "check.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>
#include <string.h>

#define BYTES(literal)                         \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}
#define REFUSAL "E\0\0\0\x15SFATAL\0Mno\nroom\0\0"

static void test_reads_what_a_server_says(void **state)
{
	static const struct {
		struct tw_slice at;
		enum tw_greet_kind kind;
		bool bound;
		const char *text;
	} rows[] = {
		{ BYTES("R\0\0\0\x08\0\0\0\0"), TW_GREET_IN, false, "" },
		{ BYTES("R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0"), TW_GREET_SASL, false, "" },
		{ BYTES("R\0\0\0\x2a\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"), TW_GREET_SASL, true, "" },
		{ BYTES("R\0\0\0\x0b\0\0\0\x0br=x"), TW_GREET_CHALLENGE, false, "r=x" },
		{ BYTES("R\0\0\0\x0b\0\0\0\x0cv=x"), TW_GREET_FINAL, false, "v=x" },
		{ BYTES(REFUSAL), TW_GREET_REFUSED, false, "" },
		{ BYTES("N\0\0\0\x0bMword\0\0"), TW_GREET_OTHER, false, "" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct tw_greet g;
		size_t size;

		CHECK_OK(tw_greet_read(rows[i].at, &g, &size));
		CHECK_INT(size, rows[i].at.size);
		CHECK_INT(g.kind, rows[i].kind);
		CHECK_INT(g.bound, rows[i].bound);
		CHECK(tw_slice_is(g.data, rows[i].text));
		for (size_t cut = 0; cut < rows[i].at.size; cut++) {
			CHECK_OK(tw_greet_read((struct tw_slice){ rows[i].at.at, cut }, &g, &size));
			CHECK_INT(size, 0);
		}
	}
	struct tw_greet g;
	size_t size;
	CHECK_OK(tw_greet_read((struct tw_slice)BYTES(REFUSAL), &g, &size));
	CHECK(strstr(g.words, "no") == g.words && !strchr(g.words, '\n'));
}

static void test_refuses_what_is_none(void **state)
{
	static const struct {
		struct tw_slice at;
		enum tw_code code;
		const char *why;
	} rows[] = {
		{ BYTES("R\0\0\0\x03"), TW_CODE_LIMIT, "3 bytes" },
		{ BYTES("R\0\0\x20\x01"), TW_CODE_LIMIT, "8193 bytes" },
		{ BYTES("R\xff\xff\xff\xff"), TW_CODE_LIMIT, "bytes" },
		{ BYTES("R\0\0\0\x07\0\0\0"), TW_CODE_SYNTAX, "" },
		{ BYTES("R\0\0\0\x09\0\0\0\0x"), TW_CODE_SYNTAX, "" },
		{ BYTES("R\0\0\0\x08\0\0\0\x03"), TW_CODE_UNSUPPORTED, "store.binding" },     /* the password in the clear */
		{ BYTES("R\0\0\0\x0c\0\0\0\x05salt"), TW_CODE_UNSUPPORTED, "store.binding" }, /* by MD5 */
		{ BYTES("R\0\0\0\x0a\0\0\0\x0aSC"), TW_CODE_SYNTAX, "does not end" },
		{ BYTES("R\0\0\0\x0b\0\0\0\x0aSC\0"), TW_CODE_SYNTAX, "does not end" },
		{ BYTES("R\0\0\0\x0d\0\0\0\x0aSC\0\0x"), TW_CODE_SYNTAX, "" },
		{ BYTES("E\0\0\0\x06Mx"), TW_CODE_SYNTAX, "does not end" },
		{ BYTES("E\0\0\0\x07Mx\0"), TW_CODE_SYNTAX, "" },
		{ BYTES("T\0\0\0\x04"), TW_CODE_SYNTAX, "0x54" },
		{ BYTES("HTTP/1.1 400"), TW_CODE_LIMIT, "bytes" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct tw_greet g;
		size_t size;
		const tw_err e = tw_greet_read(rows[i].at, &g, &size);

		CHECK_INT(e.code, rows[i].code);
		CHECK(strstr(tw_err_detail(), rows[i].why) != NULL);
	}
}

static void test_knows_a_session_of_ours(void **state)
{
	static const char first[] = "\0\0\0\x10\0\3\0\0user\0u\0";
	size_t size = 1;

	CHECK_OK(tw_greet_client((struct tw_slice){ first, 16 }, &size));
	CHECK_INT(size, 16);
	CHECK_OK(tw_greet_client((struct tw_slice){ first, 15 }, &size));
	CHECK_INT(size, 0);
	CHECK_OK(tw_greet_client((struct tw_slice){ first, 7 }, &size));
	CHECK_INT(size, 0);
	CHECK_ERR(tw_greet_client((struct tw_slice){ TW_GREET_TLS, 8 }, &size), UNSUPPORTED);
	CHECK_ERR(tw_greet_client((struct tw_slice)BYTES("\0\0\0\x07\0\3\0\0"), &size), LIMIT);
	CHECK_ERR(tw_greet_client((struct tw_slice)BYTES("\0\0\x10\x01\0\3\0\0"), &size), LIMIT);
}

static tw_err say_all(const struct tw_sys *sys, struct tw_buf *b)
{
	tw_buf_init(b, sys, 4096);
	TW_TRY(tw_greet_begin("u", "d", b));
	TW_TRY(tw_greet_scram(TW_SLICE("first"), b));
	TW_TRY(tw_greet_answer(TW_SLICE("last"), b));
	TW_TRY(tw_greet_in(b));
	return tw_greet_refuse("why", b);
}

static void test_says_what_the_protocol_has(void **state)
{
	static const char all[] = "\0\0\0\x53\0\3\0\0user\0u\0database\0d\0application_name\0thingward-support\0client_encoding\0UTF8\0\0"
				  "p\0\0\0\x20SCRAM-SHA-256-PLUS\0\0\0\0\5first"
				  "p\0\0\0\x08last"
				  "R\0\0\0\x08\0\0\0\0"
				  "E\0\0\0\x1fSFATAL\0VFATAL\0C08001\0Mwhy\0";
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	CHECK_OK(say_all(tw_sys_real(), &b));
	CHECK_INT(b.size, sizeof all);
	CHECK_BYTES(b.data, all, sizeof all);
}

static void test_every_call_may_fail(void **state)
{
	bool fired = true;

	for (long n = 1; fired; n++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		tw_fake *f = tw_fake_new();

		tw_fake_fail(f, n, ENOMEM, false);
		const tw_err e = say_all(tw_fake_sys(f), &b);
		fired = tw_fake_fired(f);
		CHECK_INT(tw_failed(e), fired);
		tw_buf_done(&b);
		tw_fake_free(f);
		CHECK(n < 1000);
	}
}

CHECK_MAIN(cmocka_unit_test(test_reads_what_a_server_says), cmocka_unit_test(test_refuses_what_is_none),
	cmocka_unit_test(test_knows_a_session_of_ours), cmocka_unit_test(test_says_what_the_protocol_has),
	cmocka_unit_test(test_every_call_may_fail))
