/* SPDX-License-Identifier: Apache-2.0 */
/* What a mail server says, what app and the role that takes mail say to one another, and inmail.json. The rest is tried with a real server: test/run/test_inmail.py. */
#include "support/mail/collect-wire.h"
#include "support/mail/config.h"
#include "support/mail/imap.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

#include <stdio.h>

#define LITERAL_MAX 20

static void test_responses(void **state)
{
	static const struct {
		const char *have;
		size_t size; /* 0: not whole */
		const char *literal;
	} rows[] = {
		{ "", 0, NULL }, { "* OK", 0, NULL }, { "* OK\r\n* more", 6, NULL }, { "* 1 FETCH (BODY[] {5}\r\nab\r\n", 0, NULL },
		{ "* 1 FETCH (BODY[] {5}\r\nab\r\nc", 0, NULL }, { "* 1 FETCH (BODY[] {5}\r\nab\r\nc UID 7)\r\nt1 OK\r\n", 37, "ab\r\nc" },
		{ "* 1 FETCH (BODY[] {0}\r\n)\r\n", 26, "" }, { "* 1 FETCH (A {1}\r\nx BODY[] {2}\r\nyz)\r\n", 37, "x" },
		{ "* OK {a}\r\n", 10, NULL }, { "* OK {}\r\n", 9, NULL }, { "}\r\n", 3, NULL },
		{ "* FETCH (BODY[] {11}\r\nt1 OK done\r\n)\r\n", 0, NULL }, /* what a mail says is never the server's word: 11 bytes, then the line */
	};
	struct tw_imap_response r;

	for (size_t i = 0; i + 1 < TW_COUNT(rows); i++) {
		CHECK_OK(tw_imap_response(tw_slice_of(rows[i].have), LITERAL_MAX, &r));
		if (r.size != rows[i].size || r.has_literal != (rows[i].literal != NULL) ||
			(r.has_literal && !tw_slice_is(r.literal, rows[i].literal)))
			fail_msg("row %zu: size %zu", i, r.size);
	}
	CHECK_OK(tw_imap_response(TW_SLICE("* 1 FETCH (BODY[] {12}\r\nt1 OK done\r\n)\r\nt1 NO\r\n"), LITERAL_MAX, &r));
	CHECK(tw_slice_is(r.literal, "t1 OK done\r\n") && tw_slice_is(r.end, ")\r\n"));
	CHECK_ERR(tw_imap_response(TW_SLICE("* 1 FETCH (BODY[] {21}\r\n"), LITERAL_MAX, &r), LIMIT);
	CHECK_ERR(tw_imap_response(TW_SLICE("* {99999999999999999999999}\r\n"), LITERAL_MAX, &r), LIMIT);
	static char line[TW_IMAP_LINE_MAX + 2];
	memset(line, 'x', sizeof line - 1);
	CHECK_ERR(tw_imap_response(tw_slice_of(line), LITERAL_MAX, &r), LIMIT);
}

static struct tw_imap_response of(const char *text)
{
	struct tw_imap_response r;

	CHECK_OK(tw_imap_response(tw_slice_of(text), LITERAL_MAX, &r));
	CHECK(r.size == strlen(text));
	return r;
}

static void test_what_it_says(void **state)
{
	struct tw_imap_response r = of("t1 OK done\r\n");
	enum tw_imap_said said;
	uint32_t n = 0;

	CHECK_OK(tw_imap_said(&r, "t1", &said));
	CHECK_INT(said, TW_IMAP_OK);
	CHECK_OK(tw_imap_said(&r, "t", &said));
	CHECK_INT(said, TW_IMAP_MORE);
	r = of("t1 no such\r\n");
	CHECK_OK(tw_imap_said(&r, "t1", &said));
	CHECK_INT(said, TW_IMAP_NO);
	r = of("t1 BAD\r\n");
	CHECK_ERR(tw_imap_said(&r, "t1", &said), SYNTAX);
	r = of("* BYE\r\n");
	CHECK_ERR(tw_imap_said(&r, "t1", &said), SYNTAX);
	r = of("* OK [UIDVALIDITY 17] fine\r\n");
	CHECK(tw_imap_code(&r, "UIDVALIDITY", &n) && n == 17 && !tw_imap_code(&r, "UIDNEXT", &n));
	r = of("* OK [UIDNEXT x]\r\n");
	CHECK(!tw_imap_code(&r, "UIDNEXT", &n));
	r = of("* OK [UIDNEXT 4294967296]\r\n");
	CHECK(!tw_imap_code(&r, "UIDNEXT", &n));
	r = of("* SEARCH 9 4 5 77\r\n");
	n = UINT32_MAX;
	CHECK(tw_imap_found(&r, 4, &n) && n == 5);
	CHECK(!tw_imap_found(&r, 4, &n) && !tw_imap_found(&r, 77, &n));
	r = of("* SEARCH\r\n");
	CHECK(!tw_imap_found(&r, 0, &n));
	r = of("* 1 FETCH (UID 7 RFC822.SIZE 900 BODY[]<0> {1}\r\nx)\r\n");
	CHECK(tw_imap_fetched(&r, 7, &n) && n == 900 && !tw_imap_fetched(&r, 8, &n));
	r = of("* 1 FETCH (BODY[]<0> {7}\r\nUID 8 x UID 7)\r\n");
	CHECK(tw_imap_fetched(&r, 7, &n) && n == 0 && !tw_imap_fetched(&r, 8, &n));
	r = of("* 1 FETCH (UID 7 BODY[]<0> NIL)\r\n"); /* no bytes: collect.c asks again whether it is there */
	CHECK(!tw_imap_fetched(&r, 7, &n));
	r = of("* 1 FETCH (FLAGS (\\Seen) UID 7)\r\n");
	CHECK(!tw_imap_fetched(&r, 7, &n));
}

static struct tw_collected good(void)
{
	return (struct tw_collected){ .end = TW_COLLECT_MESSAGE,
		.validity = 1,
		.uid = 2,
		.every_s = 60,
		.canary_h = 24,
		.kind = TW_MAILREAD_PERSON,
		.flags = TW_COLLECT_SEALED,
		.files = 2,
		.size = 3,
		.words = TW_SLICE(""),
		.address = TW_SLICE("a@b.example"),
		.from = TW_SLICE("c@d.example"),
		.id = TW_SLICE("x@y"),
		.subject = TW_SLICE("Gr\xc3\xbc\xc3\x9f"),
		.text = TW_SLICE("one\n\ttwo") };
}

static tw_err there_and_back(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_collected back;

	tw_buf_init(&b, sys, TW_CHANNEL_MAX);
	TW_TRY(tw_collected_write(user, &b));
	TW_TRY(tw_collected_read(tw_buf_slice(&b), &back));
	const struct tw_collected *d = user;
	CHECK(back.uid == d->uid && back.canary_h == d->canary_h && back.files == d->files && back.flags == d->flags &&
		back.size == d->size);
	CHECK(back.text.size == d->text.size && back.subject.size == d->subject.size && back.from.size == d->from.size);
	return TW_OK;
}

static void test_what_was_collected(void **state)
{
	struct tw_collected bad[14];
	size_t n = 0;

#define BAD(field, value)               \
	do {                            \
		bad[n] = good();        \
		bad[n++].field = value; \
	} while (0)
	BAD(end, TW_COLLECT_ENDS);
	BAD(kind, TW_MAILREAD_KINDS);
	BAD(flags, TW_COLLECT_FLAGS + 1);
	BAD(files, TW_MAILREAD_PARTS + 1);
	BAD(size, TW_MAILREAD_MAX + 1);
	BAD(every_s, 86401);
	BAD(canary_h, 169);
	BAD(validity, 0);
	BAD(uid, 0);
	BAD(from, TW_SLICE("not one"));
	BAD(address, TW_SLICE("a@b.example\n"));
	BAD(subject, TW_SLICE("two\nlines"));
	BAD(text, TW_SLICE("a\0b"));
	BAD(text, TW_SLICE("\xff"));
#undef BAD
	struct tw_collected d = good();
	CHECK_OK(there_and_back(tw_sys_real(), &d));
	for (size_t i = 0; i < n; i++)
		if (!tw_failed(there_and_back(tw_sys_real(), &bad[i])))
			fail_msg("row %zu was taken", i);
	sweep_is_strict = true;
	oom_sweep(there_and_back, &d);
}

/* What the parser makes of a mail is something that app can read, whatever the mail is. */
static void test_what_was_read_can_be_told(void **state)
{
	TW_CLEANUP(tw_mailread_done) struct tw_mailread m = { .files = 0 };
	struct tw_collected d = good();

	CHECK_OK(tw_mailread(tw_sys_real(),
		TW_SLICE("From: c@d.example\r\nMessage-ID: <\xe2\x80\xa8x@y>\r\nSubject: \xe2\x80\xa8\xe2\x81\xa6=?utf-8?B?4oCuYQ==?=\x85\r\n\r\n\xe2\x80\xa8"),
		&m));
	d.from = tw_slice_of(m.from);
	d.id = tw_slice_of(m.id);
	d.subject = tw_slice_of(m.subject);
	d.text = tw_buf_slice(&m.text);
	CHECK(m.subject[0] && m.text.size == 3);
	CHECK_OK(there_and_back(tw_sys_real(), &d));
}

static void test_jobs(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_collect_job j = { 1790000000000, 7, 9, true, false }, back;

	tw_buf_init(&b, tw_sys_real(), 100);
	CHECK_OK(tw_collect_job_write(&j, &b));
	CHECK_OK(tw_collect_job_read(tw_buf_slice(&b), &back));
	CHECK(back.now_ms == j.now_ms && back.validity == 7 && back.after == 9 && back.seen && !back.unread);
	b.data[b.size - 1] = 4;
	CHECK_ERR(tw_collect_job_read(tw_buf_slice(&b), &back), SYNTAX);
	CHECK_ERR(tw_collect_job_read((struct tw_slice){ b.data, b.size - 1 }, &back), SYNTAX);
	j.now_ms = -1;
	tw_buf_clear(&b);
	CHECK_OK(tw_collect_job_write(&j, &b));
	CHECK_ERR(tw_collect_job_read(tw_buf_slice(&b), &back), SYNTAX);
}

#define NEEDED "'server':'imap.lamps.example','port':993,'tls':'implicit','user':'desk','address':'r@lamps.example'"

static void test_config(void **state)
{
	static const struct {
		const char *text, *why; /* NULL: it is right */
	} rows[] = {
		{ "", NULL },
		{ "{" NEEDED "}", NULL },
		{ "{" NEEDED ",'mailbox':'Reports/in','every':5,'canary':24}", NULL },
		{ "{'server':'a'}", "port" },
		{ "{" NEEDED ",'mailbox':'a\\\"b'}", "mailbox" },
		{ "{" NEEDED ",'mailbox':'a\\\\\\\\b'}", "mailbox" },
		{ "{" NEEDED ",'mailbox':'a\\r\\nt1 DELETE'}", "mailbox" },
		{ "{" NEEDED ",'every':4}", "every" },
		{ "{" NEEDED ",'canary':0}", "canary" },
		{ "{" NEEDED ",'password':'x'}", "password" },
		{ "{'server':'a/b','port':993,'tls':'implicit','user':'desk','address':'r@lamps.example'}", "host" },
		{ "{'server':'a','port':993,'tls':'none','user':'desk','address':'r@lamps.example'}", "inmail.json: tls may be none" },
		{ "{'server':'a','port':993,'tls':'implicit','user':'desk','address':'r'}", "address" },
		{ "{'server':'a','port':993,'tls':'implicit','user':'d\\n','address':'r@lamps.example'}", "user" },
	};
	struct tw_inmail_config c;

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		char text[400];

		(void)snprintf(text, sizeof text, "%s", rows[i].text);
		for (char *at = text; *at; at++)
			*at = *at == '\'' ? '"' : *at;
		tw_err e = tw_inmail_config_parse(tw_slice_of(text), &c);
		if (tw_failed(e) != (rows[i].why != NULL) || (rows[i].why && !strstr(tw_err_detail(), rows[i].why)))
			fail_msg("row %zu: %s", i, tw_failed(e) ? tw_err_detail() : "it was taken");
		if (i == 1)
			CHECK(c.every_s == 60 && c.canary_h == 0 && !strcmp(c.mailbox, "INBOX") && c.port == 993);
		if (i == 2)
			CHECK(c.every_s == 5 && c.canary_h == 24 && !strcmp(c.mailbox, "Reports/in"));
	}
}

CHECK_MAIN(cmocka_unit_test(test_responses), cmocka_unit_test(test_what_it_says), cmocka_unit_test(test_what_was_collected),
	cmocka_unit_test(test_what_was_read_can_be_told), cmocka_unit_test(test_jobs), cmocka_unit_test(test_config))
