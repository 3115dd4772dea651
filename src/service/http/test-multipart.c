/* SPDX-License-Identifier: Apache-2.0 */
#include "service/http/multipart.h"

#include "base/mem.h"
#include "check.h"
#include "sys/real.h"

#include <stdlib.h>
#include <string.h>

#define TYPE "multipart/form-data; boundary=xyz"
#define NAME "Content-Disposition: form-data; name=\"a\""

static const struct {
	const char *body;
	const char *wanted; /* name[!file[!type]]=bytes of each, with blanks between; NULL: refused */
	const char *detail;
} rows[] = {
	{ "--xyz--", "", NULL },
	{ "--xyz--\r\n", "", NULL },
	{ "--xyz\r\n" NAME "\r\n\r\nv\r\n--xyz--\r\n", "a=v ", NULL },
	{ "--xyz\r\n" NAME "\r\n\r\n\r\n--xyz--\r\n", "a= ", NULL },
	{ "--xyz\r\n" NAME "\r\n\r\n\r\n--xy\r\n--xyz--\r\n", "a=\r\n--xy ", NULL },
	{ "--xyz\r\n" NAME "\r\n\r\n--xyz\r\n--xyz--\r\n", "a=--xyz ", NULL },
	{ "--xyz\r\n" NAME "; filename=\"f.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\r\n--xyz--\r\n",
		"a!f.png!image/png=\x89PNG\r\n ", NULL },
	{ "--xyz\r\ncontent-type:text/x\r\nCONTENT-disposition : Form-Data ; filename=\"\" ; NAME=\"b\"\r\n\r\n1\r\n--xyz\r\n" NAME
	  "\r\nX-More: 1\r\n\r\n2\r\n--xyz--",
		"b!!text/x=1 a=2 ", NULL },
	{ "--xyz\r\n" NAME "; filename=\"q\\\"q;x\"\r\n\r\n1\r\n--xyz--", "a!q\\\"q;x!=1 ", NULL },
	{ "", NULL, "byte 1: not the delimiter" },
	{ "before\r\n--xyz--", NULL, "byte 1: not the delimiter" },
	{ "--xyz", NULL, "byte 6: the delimiter goes on" },
	{ "--xyzz\r\n", NULL, "byte 6: the delimiter goes on" },
	{ "--xyz \r\n", NULL, "byte 6: the delimiter goes on" },
	{ "--xyz--\r\n\r\n", NULL, "byte 10: something behind the end" },
	{ "--xyz--x", NULL, "byte 8: something behind the end" },
	{ "--xyz\r\n", NULL, "byte 8: the head of a part does not end" },
	{ "--xyz\r\n" NAME "\r\n", NULL, "byte 8: the head of a part does not end" },
	{ "--xyz\r\n" NAME "\r\n\r\n", NULL, "a part does not end" },
	{ "--xyz\r\n" NAME "\r\n\r\nv\r\n--xyz", NULL, "the delimiter goes on" },
	{ "--xyz\r\n" NAME "\r\n\r\nv\n--xyz--\r\n", NULL, "a part does not end" },
	{ "--xyz\r\n\r\nv\r\n--xyz--", NULL, "byte 8: a part without a name" },
	{ "--xyz\r\nContent-Disposition: form-data\r\n\r\nv\r\n--xyz--", NULL, "byte 8: a part without a name" },
	{ "--xyz\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nv\r\n--xyz--", NULL, "byte 29: a part is form-data" },
	{ "--xyz\r\n" NAME "\r\n" NAME "\r\n\r\nv\r\n--xyz--", NULL, "a part is form-data, said once" },
	{ "--xyz\r\n" NAME "; name=\"b\"\r\n\r\nv\r\n--xyz--", NULL, "one name and at most one" },
	{ "--xyz\r\n" NAME "; filename=\"b\"; filename=\"c\"\r\n\r\nv\r\n--xyz--", NULL, "one name and at most one" },
	{ "--xyz\r\n" NAME "; filename*=UTF-8''b\r\n\r\nv\r\n--xyz--", NULL, "a name stands between quotes" },
	{ "--xyz\r\n" NAME "; filename*=\"b\"\r\n\r\nv\r\n--xyz--", NULL, "one name and at most one" },
	{ "--xyz\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n--xyz--", NULL, "a name stands between quotes" },
	{ "--xyz\r\nContent-Disposition: form-data; name=\"a\r\n\r\nv\r\n--xyz--", NULL, "a name stands between quotes" },
	{ "--xyz\r\n" NAME " filename=\"b\"\r\n\r\nv\r\n--xyz--", NULL, "no semicolon" },
	{ "--xyz\r\n" NAME "\r\n folded: 1\r\n\r\nv\r\n--xyz--", NULL, "no header of a part" },
	{ "--xyz\r\nnothing\r\n\r\nv\r\n--xyz--", NULL, "no header of a part" },
	{ "--xyz\r\n" NAME "\nX: 1\r\n\r\nv\r\n--xyz--", NULL, "no header of a part" },
	{ "--xyz\r\n" NAME "\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n\r\nv\r\n--xyz--", NULL, "a second Content-Type" },
	{ "--xyz\r\n" NAME "\r\nContent-Transfer-Encoding: base64\r\n\r\nv\r\n--xyz--", NULL, "without coding" },
};

static tw_err all(const char *type, const char *body, size_t size, struct tw_buf *ret)
{
	struct tw_multipart m;
	struct tw_multipart_part p;
	char *copy = malloc(size ? size : 1); /* of its own, so that a sanitizer sees a step behind the end */

	memcpy(copy, body, size);
	tw_err e = tw_multipart_begin(tw_slice_of(type), (struct tw_slice){ copy, size }, &m);
	while (!tw_failed(e) && !tw_failed(e = tw_multipart_next(&m, &p))) {
		CHECK_OK(tw_buf_add(ret, p.name.at, p.name.size));
		if (p.is_file)
			CHECK_OK(tw_buf_format(ret, "!" TW_SLICE_FMT "!" TW_SLICE_FMT, TW_SLICE_ARG(p.file), TW_SLICE_ARG(p.type)));
		CHECK_OK(tw_buf_text(ret, "="));
		CHECK_OK(tw_buf_add(ret, p.bytes.at, p.bytes.size));
		CHECK_OK(tw_buf_text(ret, " "));
	}
	if (tw_is(e, TW_CODE_NOTFOUND))
		CHECK_ERR(tw_multipart_next(&m, &p), NOTFOUND); /* and stays so */
	free(copy);
	return e;
}

static void test_bodies(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_buf b;

		tw_buf_init(&b, tw_sys_real(), 4096);
		tw_err e = all(TYPE, rows[i].body, strlen(rows[i].body), &b);
		if (rows[i].wanted) {
			CHECK_ERR(e, NOTFOUND);
			CHECK_TEXT(tw_buf_cstr(&b), rows[i].wanted);
		} else {
			CHECK_ERR(e, SYNTAX);
			if (!strstr(tw_err_detail(), rows[i].detail))
				fail_msg("row %zu: %s", i, tw_err_detail());
		}
		tw_buf_done(&b);
	}
}

static void test_types(void **state)
{
	static const struct {
		const char *type, *end;
		bool good;
	} types[] = {
		{ "multipart/form-data; boundary=b", "--b--", true },
		{ "Multipart/Form-Data;boundary=\"b\"", "--b--", true },
		{ "multipart/form-data; BOUNDARY = b ", "--b--", true },
		{ "multipart/form-data; boundary=-.'()+_,/:=?", "---.'()+_,/:=?--", true },
		{ "multipart/form-data", "--b--", false },
		{ "multipart/form-data; boundary=", "----", false },
		{ "multipart/form-data; boundary=\"\"", "----", false },
		{ "multipart/form-data; boundary=b; charset=x", "--b--", false },
		{ "multipart/form-data; charset=x; boundary=b", "--b--", false },
		{ "multipart/form-data; boundary=a b", "--a b--", false },
		{ "multipart/form-data; boundary=1234567890123456789012345678901234567890123456789012345678901234567890x",
			"--1234567890123456789012345678901234567890123456789012345678901234567890x--", false },
	};
	struct tw_buf b;

	tw_buf_init(&b, tw_sys_real(), 4096);
	for (size_t i = 0; i < TW_COUNT(types); i++) {
		tw_err e = all(types[i].type, types[i].end, strlen(types[i].end), &b);

		CHECK(tw_is(e, types[i].good ? TW_CODE_NOTFOUND : TW_CODE_SYNTAX));
	}
	CHECK_ERR(all("multipart/mixed; boundary=b", "--b--", 5, &b), UNSUPPORTED);
	CHECK_ERR(all("", "--b--", 5, &b), UNSUPPORTED);
	tw_buf_done(&b);
}

static void test_bounds(void **state)
{
	static const char part[] = "\r\n" NAME "\r\n\r\nv\r\n--xyz", end[] = "--\r\n";
	struct tw_buf text, out;

	tw_buf_init(&text, tw_sys_real(), 65536);
	tw_buf_init(&out, tw_sys_real(), 65536);
	CHECK_OK(tw_buf_text(&text, "--xyz"));
	for (int i = 0; i < TW_MULTIPART_PARTS_MAX; i++)
		CHECK_OK(tw_buf_text(&text, part));
	const size_t most = text.size;
	CHECK_OK(tw_buf_text(&text, end));
	CHECK_ERR(all(TYPE, text.data, text.size, &out), NOTFOUND);
	text.size = most;
	CHECK_OK(tw_buf_text(&text, part));
	CHECK_OK(tw_buf_text(&text, end));
	CHECK_ERR(all(TYPE, text.data, text.size, &out), LIMIT);
	tw_buf_clear(&text);
	CHECK_OK(tw_buf_text(&text, "--xyz\r\n" NAME "\r\nX: "));
	for (int i = 0; i < TW_MULTIPART_HEAD_MAX; i++)
		CHECK_OK(tw_buf_text(&text, "x"));
	CHECK_OK(tw_buf_text(&text, "\r\n\r\nv\r\n--xyz--"));
	CHECK_ERR(all(TYPE, text.data, text.size, &out), LIMIT);
	tw_buf_done(&text);
	tw_buf_done(&out);
}

/* Whatever is cut off: refused, never read on. */
static void test_every_beginning(void **state)
{
	static const char body[] = "--xyz\r\n" NAME "; filename=\"f\"\r\nContent-Type: a/b\r\n\r\nsome\r\n--bytes\r\n--xyz\r\n" NAME
				   "\r\n\r\nv\r\n--xyz--";
	struct tw_buf out;

	tw_buf_init(&out, tw_sys_real(), 65536);
	for (size_t size = 0; size < sizeof body - 1; size++)
		CHECK_ERR(all(TYPE, body, size, &out), SYNTAX);
	CHECK_ERR(all(TYPE, body, sizeof body - 1, &out), NOTFOUND);
	tw_buf_done(&out);
}

CHECK_MAIN(cmocka_unit_test(test_bodies), cmocka_unit_test(test_types), cmocka_unit_test(test_bounds), cmocka_unit_test(test_every_beginning))
