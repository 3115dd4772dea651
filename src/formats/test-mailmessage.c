/* SPDX-License-Identifier: Apache-2.0 */
/* Mail: the bytes, and that no field can become anything but itself. test/run/test_mail.py has Python's reader read what is written here. */
#include "formats/mailmessage.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

#include <stdio.h>

#define DATE INT64_C(1790000000000)

static struct tw_mailmessage good(void)
{
	return (struct tw_mailmessage){
		.from = TW_SLICE("psirt@lamps.example"),
		.to = TW_SLICE("ann.b+c@mail.lamps.example"),
		.name = TW_SLICE("Lamps, \"security\""),
		.subject = TW_SLICE("Your report r12"),
		.text = TW_SLICE("Hello\n\n.dot\nFrom here\nF and f = g \n\ttab\nend"),
		.id = TW_SLICE("0123-ab"),
		.date_ms = DATE,
	};
}

static tw_err write_it(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, TW_MAIL_MAX);
	return tw_mailmessage_write(user, &b);
}

static void test_bytes(void **state)
{
	struct tw_mailmessage m = good();
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	m.unsubscribe = TW_SLICE("https://desk.lamps.example/u?t=1");
	tw_buf_init(&b, tw_sys_real(), TW_MAIL_MAX);
	CHECK_OK(tw_mailmessage_write(&m, &b));
	CHECK_TEXT(tw_buf_cstr(&b),
		"Date: Mon, 21 Sep 2026 14:13:20 +0000\r\n"
		"From: \"Lamps, \\\"security\\\"\"\r\n <psirt@lamps.example>\r\n"
		"To: <ann.b+c@mail.lamps.example>\r\n"
		"Subject: Your report r12\r\n"
		"Message-ID: <0123-ab@lamps.example>\r\n"
		"Auto-Submitted: auto-generated\r\n"
		"List-Unsubscribe: <https://desk.lamps.example/u?t=1>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
		"Hello\r\n\r\n=2Edot\r\n=46rom here\r\nF and f =3D g=20\r\n\ttab\r\nend\r\n");
}

static bool has(struct tw_mailmessage *m, const char *what)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), TW_MAIL_MAX);
	CHECK_OK(tw_mailmessage_write(m, &b));
	return strstr(tw_buf_cstr(&b), what) != NULL;
}

static void test_what_is_beyond_ascii(void **state)
{
	struct tw_mailmessage m = good();

	m.subject = TW_SLICE("Gr\xc3\xbc\xc3\x9f"
			     "e");
	CHECK(has(&m, "\r\nSubject: =?UTF-8?B?R3LDvMOfZQ==?=\r\n"));
	m.subject = TW_SLICE("=?UTF-8?Q?not_one?=");
	CHECK(has(&m, "\r\nSubject: =?UTF-8?B?PT9VVEYtOD9RP25vdF9vbmU/PQ==?=\r\n"));
	m.subject = TW_SLICE(" blank ");
	CHECK(has(&m, "\r\nSubject: =?UTF-8?B?IGJsYW5rIA==?=\r\n"));
	/* 38 letters, and one of two bytes that fits into the next word alone */
	m.subject = TW_SLICE("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xbc");
	CHECK(has(&m, "YWFhYWE=?=\r\n =?UTF-8?B?w7w=?=\r\n"));
	m.name = TW_SLICE("L\xc3\xa4mpchen");
	CHECK(has(&m, "\r\nFrom: =?UTF-8?B?TMOkbXBjaGVu?=\r\n <psirt@lamps.example>\r\n"));
	m.text = TW_SLICE("\xc3\xbc");
	CHECK(has(&m, "\r\n\r\n=C3=BC\r\n"));
}

static void test_lines_are_short(void **state)
{
	static char text[300], subject[TW_MAIL_SUBJECT_MAX + 1];
	struct tw_mailmessage m = good();
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	memset(text, '.', sizeof text - 1);
	memset(subject, 's', sizeof subject - 1);
	m.text = tw_slice_of(text);
	m.subject = tw_slice_of(subject);
	tw_buf_init(&b, tw_sys_real(), TW_MAIL_MAX);
	CHECK_OK(tw_mailmessage_write(&m, &b));
	size_t column = 0;
	for (size_t i = 0; i < b.size; i++) {
		column = b.data[i] == '\n' ? 0 : column + 1;
		CHECK(column <= 77);
	}
	CHECK(!strstr(tw_buf_cstr(&b), "\r\n.")); /* also behind a soft break */
}

static void test_refused(void **state)
{
	static char long_text[TW_MAIL_TEXT_MAX + 2], long_name[TW_MAIL_NAME_MAX + 2], long_subject[TW_MAIL_SUBJECT_MAX + 2],
		long_id[TW_MAIL_ID_MAX + 2];
	struct tw_mailmessage m[32];
	size_t n = 0;

	memset(long_text, 't', sizeof long_text - 1);
	memset(long_name, 'n', sizeof long_name - 1);
	memset(long_subject, 's', sizeof long_subject - 1);
	memset(long_id, 'i', sizeof long_id - 1);
#define BAD(field, value)             \
	do {                          \
		m[n] = good();        \
		m[n++].field = value; \
	} while (0)
	BAD(from, TW_SLICE(""));
	BAD(from, TW_SLICE("a@b.example\r\nBcc: c@d.example"));
	BAD(to, TW_SLICE("a@b.example>,<c@d.example"));
	BAD(to, TW_SLICE("a@b.example\n"));
	BAD(name, TW_SLICE("a\r\nBcc: c@d.example"));
	BAD(name, TW_SLICE("a\x7f"));
	BAD(name, TW_SLICE("\xff"));
	BAD(name, tw_slice_of(long_name));
	BAD(subject, TW_SLICE(""));
	BAD(subject, TW_SLICE("a\nb"));
	BAD(subject, TW_SLICE("a\rb"));
	BAD(subject, TW_SLICE("a\0b"));
	BAD(subject, TW_SLICE("\xc3"));
	BAD(subject, tw_slice_of(long_subject));
	BAD(text, TW_SLICE(""));
	BAD(text, TW_SLICE("a\r\nb"));
	BAD(text, TW_SLICE("a\0b"));
	BAD(text, TW_SLICE("\xff"));
	BAD(text, tw_slice_of(long_text));
	BAD(id, TW_SLICE(""));
	BAD(id, TW_SLICE("a b"));
	BAD(id, TW_SLICE("a>"));
	BAD(id, TW_SLICE(".a"));
	BAD(id, tw_slice_of(long_id));
	BAD(unsubscribe, TW_SLICE("http://lamps.example/"));
	BAD(unsubscribe, TW_SLICE("https://lamps.example/>\r\nBcc: c@d.example"));
	BAD(unsubscribe, TW_SLICE("https://"));
	BAD(date_ms, -1);
	BAD(date_ms, TW_MAIL_DATE_MAX_MS + 1);
#undef BAD
	for (size_t i = 0; i < n; i++)
		if (!tw_is(write_it(tw_sys_real(), &m[i]), TW_CODE_SYNTAX))
			fail_msg("row %zu was not refused", i);
}

static void test_addresses(void **state)
{
	static const struct {
		const char *address;
		bool valid;
	} rows[] = {
		{ "a@b.example", true },
		{ "a.b+c/d'e@b-c.xn--p1ai", true },
		{ "a@3com.example", true },
		{ "", false },
		{ "a", false },
		{ "@b.example", false },
		{ "a@", false },
		{ "a@localhost", false },
		{ "a@192.0.2.1", false },
		{ "a@[192.0.2.1]", false },
		{ "a@b@c.example", false },
		{ ".a@b.example", false },
		{ "a.@b.example", false },
		{ "a..b@c.example", false },
		{ "\"a b\"@c.example", false },
		{ "a b@c.example", false },
		{ "a@b..example", false },
		{ "a@b.example.", false },
		{ "a@-b.example", false },
		{ "a@b-.example", false },
		{ "a@b.example\n", false },
		{ "a@b_c.example", false },
		{ "\xc3\xa4@b.example", false },
		{ "1234567890123456789012345678901234567890123456789012345678901234@b.example", true },
		{ "12345678901234567890123456789012345678901234567890123456789012345@b.example", false },
		{ "a@b.1234567890123456789012345678901234567890123456789012345678901234", false },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (tw_mail_address_valid(tw_slice_of(rows[i].address)) != rows[i].valid)
			fail_msg("row %zu: %s", i, rows[i].address);
	CHECK(tw_slice_is(tw_mail_address_host(TW_SLICE("a@b.example")), "b.example"));
	CHECK_INT(tw_mail_address_host(TW_SLICE("a")).size, 0);
}

static void test_without_memory(void **state)
{
	struct tw_mailmessage m = good();

	sweep_is_strict = true;
	oom_sweep(write_it, &m);
}

CHECK_MAIN(cmocka_unit_test(test_bytes), cmocka_unit_test(test_what_is_beyond_ascii), cmocka_unit_test(test_lines_are_short),
	cmocka_unit_test(test_refused), cmocka_unit_test(test_addresses), cmocka_unit_test(test_without_memory))
