/* SPDX-License-Identifier: Apache-2.0 */
/* Mail as strangers write it. test/run/test_inmail.py has Python's writer write what is read here. */
#include "formats/mailread.h"

#include "base/mem.h"
#include "base/text.h"
#include "check.h"
#include "formats/mailcharset.h"
#include "formats/mailcode.h"
#include "oom.h"

#include <stdio.h>

#define HEAD "From: Ann <ann@lamps.example>\r\nSubject: A\r\nMessage-ID: <1@lamps.example>\r\n"
#define FF "\xef\xbf\xbd"

static tw_err read_it(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_mailread_done) struct tw_mailread m = { .files = 0 };

	return tw_mailread(sys, tw_slice_of(user), &m);
}

/* What is said, of what kind: P person, A automatic, R reply, B bounce; and s sealed, c cut, l lossy, and how many files. */
static const char *told(const struct tw_mailread *m)
{
	static char text[4096];

	(void)snprintf(text, sizeof text, "%c%s%s%s%u %s", "PARB"[m->kind], m -> sealed ? "s" : "", m->cut ? "c" : "",
		m->lossy ? "l" : "", m->files, tw_buf_cstr(&m->text));
	return text;
}

static void test_messages(void **state)
{
	static const struct {
		const char *mail, *want;
	} rows[] = {
		{ "", "P0 " },
		{ HEAD "\r\nHello\r\nyou\r\n", "P0 Hello\nyou\n" },
		{ HEAD "\nbare\nlines", "P0 bare\nlines" },
		{ HEAD "no field\r\n", "P0 no field\n" },
		{ HEAD "Content-Transfer-Encoding: base64\r\n\r\nSGVs\r\nbG8=\r\nignored", "P0 Hello" },
		{ HEAD "Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; charset=\"UTF-8\"\r\n\r\nGr=C3=BC=C3=9Fe=\r\n =3d =zz",
			"P0 Gr\xc3\xbc\xc3\x9f"
			"e = =zz" },
		{ HEAD "Content-Type: text/plain; charset=iso-8859-1\r\n\r\n\xfc \x93", "P0 \xc3\xbc \xe2\x80\x9c" },
		{ HEAD "Content-Type: text/plain; charset=KOI8-R\r\n\r\n\xc1", "P0 \xd0\xb0" },
		{ HEAD "Content-Type: text/plain; charset=iso-2022-jp\r\n\r\na\xfc", "Pl0 a" FF },
		{ HEAD "\r\na\xfc\xc2\x85\x01\x7f\r.", "Pl0 a" FF FF FF "\n." },
		{ HEAD "Content-Type: text/html\r\n\r\n<title>x</title><p>A &lt;b&gt;&amp;amp;</p><script>if (a</b) </script >c<br>d<!-- e -->  f",
			"P0 A <b>&amp;\nc\nd f" },
		{ HEAD "Content-Type: multipart/alternative; boundary=b\r\n\r\npreamble\r\n--b\r\n\r\nplain\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>no</p>\r\n--b--\r\nepilogue",
			"P0 plain\n" },
		{ HEAD "Content-Type: multipart/mixed; boundary=\"o b\"\r\n\r\n--o b\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n--i\r\n\r\n"
		       "inner\r\n--i--\r\n"
		       "--o b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--o b\r\nContent-Type: text/plain\r\n"
		       "Content-Disposition: attachment; filename=a.txt\r\n\r\nfile\r\n--o b\r\n\r\nlast\r\n--o b--\r\n",
			"P2 inner\nlast\n" },
		/* the outer boundary ends the inner parts; an end that is missing is the end of the message */
		{ HEAD "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\n"
		       "inner\r\n--o\r\n\r\nout",
			"P0 inner\nout" },
		{ HEAD "Content-Type: multipart/mixed\r\n\r\n--b\r\n", "P1 " },
		{ HEAD "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: x\r\n\r\ny\r\n--b--", "P1 " },
		{ HEAD "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n--b\r\nContent-Type: application/pgp-encrypted\r\n\r\n"
		       "Version: 1\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n--b--",
			"Ps2 " },
		{ HEAD "\r\nHello\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nhQ\r\n-----END PGP MESSAGE-----\r\n", "Ps0 " },
		{ HEAD "Content-Transfer-Encoding: base64\r\n\r\nLS0tLS1CRUdJTiBQR1AgTUVTU0FHRS0tLS0t", "Ps0 " },
		{ HEAD "\r\n> -----BEGIN PGP MESSAGE-----\r\n", "P0 > -----BEGIN PGP MESSAGE-----\n" },
		{ HEAD "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nMIA", "Ps1 " },
		{ HEAD "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nsaid\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--b--",
			"P0 said\n" },
		{ HEAD "Auto-Submitted: no\r\n\r\na", "P0 a" },
		{ HEAD "Auto-Submitted: auto-generated\r\n\r\na", "A0 a" },
		{ HEAD "auto-submitted: Auto-Replied; owner-email=\"a\"\r\n\r\na", "R0 a" },
		{ HEAD "Precedence: bulk\r\n\r\na", "A0 a" },
		{ HEAD "List-Id: <l.lamps.example>\r\n\r\na", "A0 a" },
		{ HEAD "Return-Path: <>\r\n\r\na", "B0 a" },
		{ HEAD "Return-Path: <ann@lamps.example>\r\n\r\na", "P0 a" },
		{ HEAD "X-Failed-Recipients: b@lamps.example\r\n\r\na", "B0 a" },
		{ HEAD "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nsorry\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nx\r\n--b--",
			"B1 sorry\n" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_mailread_done) struct tw_mailread m = { .files = 0 };

		CHECK_OK(tw_mailread(tw_sys_real(), tw_slice_of(rows[i].mail), &m));
		if (strcmp(told(&m), rows[i].want) != 0)
			fail_msg("row %zu: %s", i, told(&m));
		if (i && (strcmp(m.from, "ann@lamps.example") != 0 || strcmp(m.id, "1@lamps.example") != 0 || strcmp(m.subject, "A") != 0))
			fail_msg("row %zu: from %s, id %s, subject %s", i, m.from, m.id, m.subject);
	}
}

static void test_addresses(void **state)
{
	static const struct {
		const char *value, *want;
	} rows[] = {
		{ "ann@lamps.example", "ann@lamps.example" },
		{ " Ann <ann@lamps.example> ", "ann@lamps.example" },
		{ "\"a <x@y.example>\" (c <d@e.example>) <ann@lamps.example>", "ann@lamps.example" },
		{ "\"b\\\"<x@y.example>\" <ann@lamps.example>", "ann@lamps.example" },
		{ "=?utf-8?Q?=3Cx=40y.example=3E?= <ann@lamps.example>", "ann@lamps.example" },
		{ "a@b.example, c@d.example", "" },
		{ "<a@b.example> <c@d.example>", "" },
		{ "<a@b.example", "" },
		{ "undisclosed:;", "" },
		{ "<root@localhost>", "" },
		{ "<a\r\nb@c.example>", "" },
		{ "", "" },
	};
	char got[TW_MAIL_ADDRESS_MAX + 1];

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_mailread_address(tw_slice_of(rows[i].value), got);
		CHECK_TEXT(got, rows[i].want);
	}
}

static void test_header(void **state)
{
	TW_CLEANUP(tw_mailread_done) struct tw_mailread m = { .files = 0 };

	CHECK_OK(tw_mailread(tw_sys_real(),
		TW_SLICE("Subject: =?ISO-8859-1?Q?Gr=FC=DFe_?= =?utf-8*de?b?4oCT?=\r\n\t=?x?y and =? on\r\nSubject: second\r\n"
			 "From: a@b.example\r\nFrom: c@d.example\r\nMessage-ID: <a\x01 b@c>\r\n\r\n"),
		&m));
	CHECK_TEXT(m.subject,
		"Gr\xc3\xbc\xc3\x9f"
		"e \xe2\x80\x93 =?x?y and =? on");
	CHECK_TEXT(m.from, "");
	CHECK_TEXT(m.id, "ab@c");
	CHECK(!m.lossy);
	tw_mailread_done(&m);
	/* What reorders or breaks a line is none of a subject, raw or encoded, and stays in the text. */
	CHECK_OK(tw_mailread(tw_sys_real(), TW_SLICE("Subject: a\xe2\x80\xa8 =?utf-8?Q?=E2=80=AEb=E2=81=A9?=\r\n\r\n\xe2\x80\xae."), &m));
	CHECK_TEXT(m.subject, "a" FF " " FF "b" FF);
	CHECK(m.lossy && tw_text_printable(tw_slice_of(m.subject)));
	CHECK_TEXT(tw_buf_cstr(&m.text), "\xe2\x80\xae.");
}

/* A thousand levels, a thousand parts, a line without an end, a text too long: each is bounded, and says so. */
static void test_bounds(void **state)
{
	TW_CLEANUP(tw_mailread_done) struct tw_mailread m = { .files = 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), TW_MAILREAD_MAX + 10);
	for (int i = 0; i < 1000; i++)
		CHECK_OK(tw_buf_format(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i));
	CHECK_OK(tw_mailread(tw_sys_real(), tw_buf_slice(&b), &m));
	CHECK_INT(m.files, 1);
	tw_mailread_done(&m);
	tw_buf_clear(&b);
	CHECK_OK(tw_buf_text(&b, "Content-Type: multipart/mixed; boundary=b\r\n\r\n"));
	for (int i = 0; i < 1000; i++)
		CHECK_OK(tw_buf_text(&b, "--b\r\n\r\nx\r\n"));
	CHECK_OK(tw_mailread(tw_sys_real(), tw_buf_slice(&b), &m));
	CHECK(m.cut && m.text.size == 2 * (TW_MAILREAD_PARTS - 1));
	tw_mailread_done(&m);
	tw_buf_clear(&b);
	CHECK_OK(tw_buf_text(&b, "\r\n"));
	while (b.size < TW_MAILREAD_MAX + 5)
		CHECK_OK(tw_buf_text(&b, "\xc3\xbc"));
	CHECK_OK(tw_mailread(tw_sys_real(), tw_buf_slice(&b), &m));
	CHECK(m.cut && m.text.size == TW_MAILREAD_TEXT_MAX && tw_utf8_valid(tw_buf_slice(&m.text)));
	tw_mailread_done(&m);
	memset(b.data, 'x', b.size);
	CHECK_OK(tw_mailread(tw_sys_real(), tw_buf_slice(&b), &m));
	CHECK(m.cut && m.text.size == TW_MAILREAD_TEXT_MAX);
}

static void test_without_memory(void **state)
{
	static char mail[] = HEAD
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVsbG8=\r\n--b\r\n"
		"Content-Type: text/html\r\n\r\n<p>x\r\n--b--";

	sweep_is_strict = true;
	oom_sweep(read_it, mail);
}

CHECK_MAIN(cmocka_unit_test(test_messages), cmocka_unit_test(test_addresses), cmocka_unit_test(test_header),
	cmocka_unit_test(test_bounds), cmocka_unit_test(test_without_memory))
