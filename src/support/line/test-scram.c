/* SPDX-License-Identifier: Apache-2.0 */
/* The vector is that of RFC 7677 section 3, which is not bound to a channel; what differs with a binding is what goes into c=. */
#include "support/line/scram.h"

#include "base/mem.h"
#include "check.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>
#include <string.h>

#define FIRST "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"

static struct tw_scram vector(void)
{
	return (struct tw_scram){ .sys = tw_sys_real(), .header = "n,,", .nonce = "rOprNGfwEbeRWgbNEkqO" };
}

static void test_gives_what_the_standard_says(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_scram s = vector();

	/* The RFC has a name in the first message, which is empty to PostgreSQL. These are by another implementation (Python's hashlib), which gives the
	   RFC's for its name. */
	tw_buf_init(&b, tw_sys_real(), TW_SCRAM_MAX);
	CHECK_OK(tw_scram_answer(&s, TW_SLICE(FIRST), TW_SLICE("pencil"), TW_SLICE(""), &b));
	CHECK_TEXT(tw_buf_cstr(&b),
		"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=qvT2SWdEH5Q06albL+hjSYuUhCG7VndFyzIb7CK4n9k=");
	CHECK_OK(tw_scram_judge(&s, TW_SLICE("v=3HO6Qt1M4MKJrmlKaoOqLAI0/0TV0HZe7J9H3MBtSOg=")));
}

static void test_binds_to_the_channel(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_scram s = vector();

	s.header = TW_SCRAM_BINDING;
	tw_buf_init(&b, tw_sys_real(), TW_SCRAM_MAX);
	CHECK_OK(tw_scram_answer(&s, TW_SLICE(FIRST), TW_SLICE("pencil"), TW_SLICE("\1\2\3"), &b));
	CHECK(strstr(tw_buf_cstr(&b), "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsAQID,") == tw_buf_cstr(&b));
	CHECK(strstr(tw_buf_cstr(&b), "qvT2SWdEH5Q06albL+hjSYuUhCG7VndFyzIb7CK4n9k=") == NULL);
	CHECK_ERR(tw_scram_judge(&s, TW_SLICE("v=3HO6Qt1M4MKJrmlKaoOqLAI0/0TV0HZe7J9H3MBtSOg=")), UNTRUSTED); /* of another channel */
}

static void test_refuses_what_a_server_may_say(void **state)
{
	static const struct {
		const char *said;
		enum tw_code code;
		const char *why;
	} rows[] = {
		{ "", TW_CODE_SYNTAX, "no r=" },
		{ "e=other-error", TW_CODE_SYNTAX, "no r=" },
		{ "r=rOprNGfwEbeRWgbNEkqO,s=W22Z,i=4096", TW_CODE_UNTRUSTED, "go on from ours" },
		{ "r=xOprNGfwEbeRWgbNEkqOx,s=W22Z,i=4096", TW_CODE_UNTRUSTED, "go on from ours" },
		{ "r=rOprNGfwEbeRWgbNEkqOx,i=4096", TW_CODE_SYNTAX, "no s=" },
		{ "r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096", TW_CODE_LIMIT, "0 bytes of salt" },
		{ "r=rOprNGfwEbeRWgbNEkqOx,s=W22,i=4096", TW_CODE_SYNTAX, "" },
		{ "r=rOprNGfwEbeRWgbNEkqOx,s,i=4096", TW_CODE_SYNTAX, "no s=" },
		{ "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z", TW_CODE_SYNTAX, "no i=" },
		{ "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=x", TW_CODE_SYNTAX, "" },
		{ "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=4095", TW_CODE_LIMIT, "rounds" },
		{ "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=200001", TW_CODE_LIMIT, "rounds" },
		{ "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=4096,m=x", TW_CODE_SYNTAX, "goes on" },
	};
	static char longer[TW_SCRAM_MAX + 1];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		struct tw_scram s = vector();

		tw_buf_init(&b, tw_sys_real(), TW_SCRAM_MAX);
		tw_err e = tw_scram_answer(&s, tw_slice_of(rows[i].said), TW_SLICE("pencil"), TW_SLICE(""), &b);
		CHECK_INT(e.code, rows[i].code);
		CHECK(strstr(tw_err_detail(), rows[i].why) != NULL);
		CHECK_ERR(tw_scram_judge(&s, TW_SLICE("v=AAAA")), UNTRUSTED);
	}
	memset(longer, 'r', sizeof longer);
	struct tw_scram s = vector();
	struct tw_buf b = { 0 };
	CHECK_ERR(tw_scram_answer(&s, (struct tw_slice){ longer, sizeof longer }, TW_SLICE("pencil"), TW_SLICE(""), &b), LIMIT);
}

static void test_refuses_a_server_that_does_not_know_the_password(void **state)
{
	static const char *const ends[] = { "v=3HO6Qt1M4MKJrmlKaoOqLAI0/0TV0HZe7J9H3MBtSOg=,x=y", "v=AAAA", "e=invalid-proof", "",
		"v=", "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" };

	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		struct tw_scram s = vector();

		tw_buf_init(&b, tw_sys_real(), TW_SCRAM_MAX);
		CHECK_OK(tw_scram_answer(&s, TW_SLICE(FIRST), TW_SLICE("pencil"), TW_SLICE(""), &b));
		CHECK(tw_failed(tw_scram_judge(&s, tw_slice_of(ends[i]))));
	}
}

static void test_takes_a_password(void **state)
{
	struct tw_slice p;
	char longer[TW_SCRAM_PASSWORD_MAX + 1];

	CHECK_OK(tw_scram_password(TW_SLICE("with spaces ~\n"), &p));
	CHECK(tw_slice_is(p, "with spaces ~"));
	CHECK_ERR(tw_scram_password(TW_SLICE(""), &p), SYNTAX);
	CHECK_ERR(tw_scram_password(TW_SLICE("\n"), &p), SYNTAX);
	CHECK_ERR(tw_scram_password(TW_SLICE("a\nb\n"), &p), SYNTAX);
	CHECK_ERR(tw_scram_password(TW_SLICE("gr\xc3\xbc\xc3\x9f"), &p), SYNTAX);
	memset(longer, 'a', sizeof longer);
	CHECK_ERR(tw_scram_password((struct tw_slice){ longer, sizeof longer }, &p), SYNTAX);
	CHECK_OK(tw_scram_password((struct tw_slice){ longer, sizeof longer - 1 }, &p));
}

static tw_err whole(const struct tw_sys *sys)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_scram s;
	char said[128];

	tw_buf_init(&b, sys, TW_SCRAM_MAX);
	TW_TRY(tw_scram_begin(sys, &s));
	TW_TRY(tw_scram_first(&s, &b));
	(void)snprintf(said, sizeof said, "r=%sx,s=W22Z,i=4096", s.nonce);
	tw_buf_clear(&b);
	return tw_scram_answer(&s, tw_slice_of(said), TW_SLICE("pencil"), TW_SLICE("\1\2"), &b);
}

/* Each call of the seam fails once: random numbers, memory. */
static void test_every_call_may_fail(void **state)
{
	long n = 0;
	bool fired = true;

	for (n = 1; fired; n++) {
		tw_fake *f = tw_fake_new();

		tw_fake_fail(f, n, ENOMEM, false);
		const tw_err e = whole(tw_fake_sys(f));
		fired = tw_fake_fired(f);
		CHECK_INT(tw_failed(e), fired);
		tw_fake_free(f);
	}
	CHECK(n > 4);
}

CHECK_MAIN(cmocka_unit_test(test_gives_what_the_standard_says), cmocka_unit_test(test_binds_to_the_channel),
	cmocka_unit_test(test_refuses_what_a_server_may_say), cmocka_unit_test(test_refuses_a_server_that_does_not_know_the_password),
	cmocka_unit_test(test_takes_a_password), cmocka_unit_test(test_every_call_may_fail))
