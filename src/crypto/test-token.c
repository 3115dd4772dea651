/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a token, and answers of whoever speaks to one. What tokens themselves do is in src/service/keys/test-keystore-*.c. */
#include "crypto/token.h"

#include "sys/fake.h"
#include "sys/real.h"
#include "check.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
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
		{ "pkcs11:module=/m.so;serial=1", true },
		{ "pkcs11:module=/m.so;token=;serial=1", false },
		{ "pkcs11:module=;token=A", false },
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
	CHECK_ERR(tw_token_parse("pkcs11:module=/m.so;token", &p), SYNTAX);
	CHECK(strstr(tw_err_detail(), "'token' wants KEY=VALUE") != NULL);
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

/* Words that are each short enough may be too many together. */
static void test_words_have_an_end(void **state)
{
	char words[2000];
	struct tw_token_plan p;
	for (int size = TW_TOKEN_PATH_MAX - 60; size < TW_TOKEN_PATH_MAX; size++) {
		(void)snprintf(words, sizeof words, "pkcs11:token=A;module=/%0*d;files=/%0*d;reads=/%0*d;env=x=%0*d", size, 0, size,
			0, size, 0, size - 1, 0);
		tw_err e = tw_token_parse(words, &p);
		CHECK_INT(e.code, strlen(words) > TW_TOKEN_WORDS_MAX ? TW_CODE_SYNTAX : TW_CODE_OK);
	}
	CHECK(strlen(words) > TW_TOKEN_WORDS_MAX);
}

static void test_whose_words_they_are(void **state)
{
	CHECK(tw_token_is("tpm:") && tw_token_is("tpm:device:/x") && tw_token_is("pkcs11:") && tw_token_is("pkcs11:module=/x"));
	CHECK(!tw_token_is("") && !tw_token_is("file") && !tw_token_is("tpm") && !tw_token_is("pkcs11") && !tw_token_is("tpmx:"));
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
		{ "\0\0\2ab", 5, 2, TW_CODE_CLOSED },
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
	CHECK(strstr(tw_err_detail(), "has ended") != NULL);
}

static void test_no_memory_for_the_way(void **state)
{
	tw_fake *f = tw_fake_new();
	int pair[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	for (long n = 1; n <= 2; n++) {
		tw_token *t = NULL;
		tw_fake_fail(f, n, ENOMEM, false);
		CHECK_ERR(tw_token_new(tw_fake_sys(f), pair[0], &t), NOMEM);
		CHECK(t == NULL);
	}
	close(pair[0]);
	close(pair[1]);
	tw_fake_free(f);
}

/* --- Turns --- */

static int64_t clock_ms; /* -1: it fails */

static int set_clock(const struct tw_sys *s, clockid_t id, struct timespec *ret)
{
	if (clock_ms < 0)
		return -1;
	*ret = (struct timespec){ .tv_sec = clock_ms / 1000, .tv_nsec = clock_ms % 1000 * 1000000 };
	return 0;
}

/* The first question of a turn is always asked, a further one only while it fits; where no clock says so, it does not. */
static void test_turns(void **state)
{
	struct tw_sys sys = *tw_sys_real(); /* what is given back below goes by it */
	TW_CLEANUP(tw_token_freep) tw_token *t = NULL;
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	const struct tw_token_question q = { .op = TW_TOKEN_DESTROY };
	char answer[12 + 5] = { 0, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 5 };
	int pair[2];
	sys.clock = set_clock;
	clock_ms = 1000;
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	CHECK_OK(tw_token_new(&sys, pair[0], &t));
	tw_token_answer_init(&sys, &a);
	CHECK(tw_token_fits(t) && !tw_token_in_turn(t));
	tw_token_turn(t);
	clock_ms += 5000;
	CHECK(tw_token_fits(t) && tw_token_in_turn(t)); /* nothing was asked yet */
	CHECK_OK(tw_token_pause(t));
	tw_token_turn(t);
	CHECK(write(pair[1], answer, sizeof answer) == sizeof answer);
	CHECK_OK(tw_token_ask(t, &q, &a));
	CHECK_OK(tw_token_pause(t));
	clock_ms += TW_TOKEN_QUICK_MS;
	CHECK_OK(tw_token_pause(t));
	CHECK(!tw_token_paused(t));
	clock_ms = -1;
	CHECK(!tw_token_fits(t));
	clock_ms = 6000 + TW_TOKEN_QUICK_MS + 1;
	CHECK_ERR(tw_token_pause(t), TIMEOUT);
	CHECK(tw_token_paused(t));
	tw_token_turn_end(t);
	CHECK(tw_token_fits(t) && !tw_token_paused(t));
	clock_ms = -1; /* a turn that nobody can measure has one question */
	tw_token_turn(t);
	clock_ms = 10000;
	answer[7] = 2;
	CHECK(tw_token_fits(t) && write(pair[1], answer, sizeof answer) == sizeof answer);
	CHECK_OK(tw_token_ask(t, &q, &a));
	CHECK(!tw_token_fits(t));
	close(pair[1]);
}

/* --- Waiting --- */

static int poll_interrupted(const struct tw_sys *s, struct pollfd *p, nfds_t n, int timeout_ms)
{
	static int polls;
	if (polls++ % 2)
		return tw_sys_real()->poll(s, p, n, timeout_ms);
	errno = EINTR;
	return -1;
}

/* A signal ends neither whoever speaks to the token nor the question; each still serves the next one. */
static void test_interrupted_while_waiting(void **state)
{
	struct tw_sys sys = *tw_sys_real();
	TW_CLEANUP(tw_token_freep) tw_token *t = NULL;
	const struct tw_token_question q = { .op = TW_TOKEN_OPS };
	struct tw_token_plan plan;
	sys.poll = poll_interrupted;
	CHECK_OK(tw_token_parse("tpm:device:/dev/none", &plan));
	CHECK_OK(tw_token_start(&sys, &plan, &t));
	for (int i = 0; i < 4; i++) {
		TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
		tw_token_answer_init(&sys, &a);
		tw_err e = tw_token_ask(t, &q, &a);
		CHECK(tw_is(e, TW_CODE_INTERNAL) || tw_is(e, TW_CODE_UNSUPPORTED)); /* asked for what it does not do, or built without */
	}
}

CHECK_MAIN(cmocka_unit_test(test_words), cmocka_unit_test(test_answers_that_are_none), cmocka_unit_test(test_nobody_answers),
	cmocka_unit_test(test_words_have_an_end), cmocka_unit_test(test_whose_words_they_are),
	cmocka_unit_test(test_no_memory_for_the_way), cmocka_unit_test(test_turns), cmocka_unit_test(test_interrupted_while_waiting))
