/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a token, and answers of whoever speaks to one. What tokens themselves do is in src/service/keys/test-keystore-*.c. */
#include "crypto/token.h"

#include "sys/real.h"
#include "check.h"

#include <sys/socket.h>

static void test_words(void **state)
{
	static const struct {
		const char *words;
		bool good;
	} rows[] = {
		{ "tpm:device:/dev/tpmrm0", true },
		{ "tpm:swtpm:path=/run/tpm.sock", true },
		{ "pkcs11:module=/m.so;token=A", true },
		{ "pkcs11:module=/m.so;serial=1;token=A;files=/var/t;reads=/etc/t;env=A=B=C", true },
		{ "pkcs11:module=/m.so;token=A;", true },
		{ "", false },
		{ "file", false },
		{ "tpm:", false },
		{ "tpm:device:", false },
		{ "tpm:device:tpmrm0", false },
		{ "tpm:swtpm:path=x", false },
		{ "tpm:swtpm:port=1", false },
		{ "pkcs11:", false },
		{ "pkcs11:module=/m.so", false },
		{ "pkcs11:token=A", false },
		{ "pkcs11:module=m.so;token=A", false },
		{ "pkcs11:module=/m.so;token=", false },
		{ "pkcs11:module=/m.so;token=A;token=B", false },
		{ "pkcs11:module=/m.so;token=A;pin=1234", false },
		{ "pkcs11:module=/m.so;token=A;;", false },
		{ "pkcs11:module=/m.so;token", false },
		{ "pkcs11:module=/m.so;token=A;env=B", false },
		{ "pkcs11:module=/m.so;token=A;env==B", false },
		{ "pkcs11:module=/m.so;token=\tA", false },
		{ "pkcs11:module=/m.so;token=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
		{ "pkcs11:module=/m.so;serial=12345678901234567", false },
	};
	char longest[TW_TOKEN_WORDS_MAX + 2] = "tpm:device:/";
	struct tw_token_plan p;
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_err e = tw_token_parse(rows[i].words, &p);
		if (tw_failed(e) == rows[i].good || (tw_failed(e) && !tw_is(e, TW_CODE_SYNTAX)))
			fail_msg("'%s': %s", rows[i].words, tw_code_name(e.code));
	}
	memset(longest + strlen(longest), 'x', sizeof longest - 1 - strlen(longest));
	CHECK_ERR(tw_token_parse(longest, &p), SYNTAX);
	longest[sizeof "tpm:device:" - 1 + TW_TOKEN_PATH_MAX] = '\0';
	CHECK_OK(tw_token_parse(longest, &p));
	CHECK_OK(tw_token_parse("pkcs11:module=/m.so;token=A B;serial=07;files=/t;reads=/r;env=X=/y", &p));
	CHECK(p.kind == TW_TOKEN_PKCS11 && !p.is_socket && p.fd == -1 && !p.refused);
	CHECK_TEXT(p.path, "/m.so");
	CHECK_TEXT(p.label, "A B");
	CHECK_TEXT(p.serial, "07");
	CHECK_TEXT(p.files, "/t");
	CHECK_TEXT(p.reads, "/r");
	CHECK_TEXT(p.env, "X=/y");
	CHECK_OK(tw_token_parse("tpm:swtpm:path=/s", &p));
	CHECK(p.kind == TW_TOKEN_TPM && p.is_socket);
	CHECK_TEXT(p.path, "/s");
}

/* Whoever runs other people's code is not believed: what is no answer is a token that is gone, and never an attack of core's. */
static void test_answers_that_are_none(void **state)
{
	static const struct {
		const char *payload;
		size_t size;
		uint8_t type;
		enum tw_code want;
	} rows[] = {
		{ "\0\0\2ab\0\0", 7, 2, TW_CODE_OK },
		{ "\0\0\2ab\0", 6, 2, TW_CODE_CLOSED },
		{ "\0\0\2ab\0\0x", 8, 2, TW_CODE_CLOSED },
		{ "\0\0\3ab\0\0", 7, 2, TW_CODE_CLOSED },
		{ "\0\377\377ab\0\0", 7, 2, TW_CODE_CLOSED },
		{ "\0", 1, 2, TW_CODE_CLOSED },
		{ "", 0, 2, TW_CODE_CLOSED },
		{ "\377why", 4, 2, TW_CODE_CLOSED },
		{ "\0\0\2ab\0\0", 7, 3, TW_CODE_CLOSED },
		{ "\10why", 4, 2, TW_CODE_DENIED },
		{ "\13why", 4, 2, TW_CODE_TIMEOUT },
	};
	const struct tw_sys *sys = tw_sys_real();
	const struct tw_token_question q = { .op = TW_TOKEN_DESCRIBE };
	CHECK(TW_CODE_DENIED == 8 && TW_CODE_TIMEOUT == 11);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_token_freep) tw_token *t = NULL;
		TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
		char message[32] = { 0, (char)rows[i].type, 0, 0, 0, 0, 0, 1, 0, 0, 0, (char)rows[i].size };
		int pair[2];
		memcpy(message + 12, rows[i].payload, rows[i].size);
		CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
		CHECK_OK(tw_token_new(sys, pair[0], &t));
		CHECK(write(pair[1], message, 12 + rows[i].size) == (ssize_t)(12 + rows[i].size));
		tw_token_answer_init(sys, &a);
		tw_err e = tw_token_ask(t, &q, &a);
		if (!tw_is(e, rows[i].want))
			fail_msg("row %zu: %s", i, tw_code_name(e.code));
		if (!tw_failed(e))
			CHECK(a.out.size == 2 && memcmp(a.out.data, "ab", 2) == 0 && a.more.size == 0);
		else if (rows[i].want != TW_CODE_CLOSED)
			CHECK_TEXT(tw_err_detail(), "why");
		close(pair[1]);
	}
}

/* The other side has gone: told at once. */
static void test_nobody_answers(void **state)
{
	TW_CLEANUP(tw_token_freep) tw_token *t = NULL;
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	const struct tw_token_question q = { .op = TW_TOKEN_DESCRIBE };
	int pair[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	CHECK_OK(tw_token_new(tw_sys_real(), pair[0], &t));
	close(pair[1]);
	tw_token_answer_init(tw_sys_real(), &a);
	CHECK_ERR(tw_token_ask(t, &q, &a), CLOSED);
}

CHECK_MAIN(cmocka_unit_test(test_words), cmocka_unit_test(test_answers_that_are_none), cmocka_unit_test(test_nobody_answers))
