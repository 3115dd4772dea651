/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of files: what each kind of line names, and what is refused. */
#include "formats/filelist.h"

#include "base/mem.h"
#include "check.h"

#define MD5 "d41d8cd98f00b204e9800998ecf8427e"
#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct row {
	enum tw_filelist_form form;
	const char *text; /* its last line is the one that is looked at */
	const char *path; /* NULL: names none */
	enum tw_checksum_kind how;
	enum tw_code code;
} rows[] = {
	{ TW_FILELIST_PATHS, "/.", NULL, 0, TW_CODE_OK },
	{ TW_FILELIST_PATHS, "/", NULL, 0, TW_CODE_OK },
	{ TW_FILELIST_PATHS, "", NULL, 0, TW_CODE_OK },
	{ TW_FILELIST_PATHS, "/usr/bin/a b", "usr/bin/a b", TW_CHECKSUM_NONE, TW_CODE_OK },
	{ TW_FILELIST_PATHS, "/usr/sbin/x\t0100755\t", "usr/sbin/x", TW_CHECKSUM_NONE, TW_CODE_OK },
	{ TW_FILELIST_PATHS, "/\xff\xfe", "\xff\xfe", TW_CHECKSUM_NONE, TW_CODE_OK },
	{ TW_FILELIST_PATHS, "/a..b/..c/d..", "a..b/..c/d..", TW_CHECKSUM_NONE, TW_CODE_OK },
	{ TW_FILELIST_PATHS, "usr/bin", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_PATHS, "/usr/../etc/shadow", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_PATHS, "/usr/./a", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_PATHS, "/usr//a", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_PATHS, "/usr/", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_PATHS, "/..", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_MD5SUMS, MD5 "  usr/bin/a", "usr/bin/a", TW_CHECKSUM_MD5, TW_CODE_OK },
	{ TW_FILELIST_MD5SUMS, MD5 " *usr/bin/a", "usr/bin/a", TW_CHECKSUM_MD5, TW_CODE_OK },
	{ TW_FILELIST_MD5SUMS, MD5 " usr/bin/a", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_MD5SUMS, MD5 "  ", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_MD5SUMS, MD5 "  /usr/bin/a", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_MD5SUMS, "g" MD5 "  usr", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_MD5SUMS, "x41d8cd98f00b204e9800998ecf8427e  usr", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_MD5SUMS, MD5, NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_MD5SUMS, MD5 "_ usr", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_MD5SUMS, MD5 "  .", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_SHA256, SHA256 "  ./usr/a", "usr/a", TW_CHECKSUM_SHA256, TW_CODE_OK },
	{ TW_FILELIST_SHA256, "# busybox", NULL, 0, TW_CODE_OK },
	{ TW_FILELIST_SHA256, MD5 "  usr/a", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_SHA256, SHA256 "  ../a", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_APK, "P:musl\nF:lib\nR:l.so", "lib/l.so", TW_CHECKSUM_NONE, TW_CODE_OK },
	{ TW_FILELIST_APK, "P:musl\nF:\nR:l.so", "l.so", TW_CHECKSUM_NONE, TW_CODE_OK },
	{ TW_FILELIST_APK, "P:musl\nF:lib\nR:l.so\na:0:0:755", NULL, 0, TW_CODE_OK },
	{ TW_FILELIST_APK, "F:lib\nR:l.so\nZ:Q12jmj7l5rSw0yVb/vlWAYkK/YBwk=", "lib/l.so", TW_CHECKSUM_SHA1, TW_CODE_OK },
	{ TW_FILELIST_APK, "F:lib\nZ:Q12jmj7l5rSw0yVb/vlWAYkK/YBwk=", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_APK, "F:lib\nR:a\nZ:Q12jmj7l5rSw0yVb/vlWAYkK", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_APK, "F:lib\nR:a\nZ:2jmj7l5rSw0yVb/vlWAYkK/YBwk=", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_APK, "F:lib\nR:a\nZ:Q22jmj7l5rSw0yVb/vlWAYkK/YBwk=", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_APK, "F:lib\nR:a\nZ:Q12jmj7l5rSw0yVb/vlWAYkK/Y", NULL, 0, TW_CODE_SYNTAX }, /* 18 bytes */
	{ TW_FILELIST_APK, "F:lib\nR:a\nZ:Q1", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_APK, "F:lib\nR:a\nZ:Q", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_APK, "F:lib\nR:a\nZ:", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_APK, "F", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_APK, "F:../lib", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_APK, "F:lib\nR:a/../b", NULL, 0, TW_CODE_SYNTAX },
	{ TW_FILELIST_APK, "F:lib\nP:next\nR:a", "a", TW_CHECKSUM_NONE, TW_CODE_OK },
	{ TW_FILELIST_APK, "lib", NULL, 0, TW_CODE_SYNTAX },
};

/* Line by line, each with nothing behind it that could be read. */
static tw_err read_lines(const struct row *row, struct tw_filelist *l, struct tw_filelist_entry *ret)
{
	const char *at = row->text;

	for (;;) {
		size_t size = strcspn(at, "\n");
		TW_CLEANUP(tw_freep) char *line = malloc(size + 1);

		assert_non_null(line);
		memcpy(line + 1, at, size);
		tw_err e = tw_filelist_line(l, row->form, (struct tw_slice){ line + 1, size }, ret);
		if (tw_failed(e) || !at[size])
			return e;
		at += size + 1;
	}
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_filelist l = { 0 };
		struct tw_filelist_entry got;
		tw_err e = read_lines(&rows[i], &l, &got);

		if (e.code != rows[i].code)
			fail_msg("row %zu: got %s", i, tw_code_name(e.code));
		if (!rows[i].path) {
			CHECK(!got.is || tw_failed(e));
			continue;
		}
		CHECK(got.is);
		CHECK_TEXT(got.path, rows[i].path);
		CHECK_INT(got.how, rows[i].how);
	}
}

static void test_digests(void **state)
{
	static const uint8_t md5[] = { 0xd4, 0x1d, 0x8c, 0xd9 }, sha1[] = { 0xda, 0x39, 0xa3, 0xee };
	struct tw_filelist l = { 0 };
	struct tw_filelist_entry got;

	CHECK_OK(tw_filelist_line(&l, TW_FILELIST_MD5SUMS, TW_SLICE(MD5 "  a"), &got));
	CHECK_BYTES(got.digest, md5, sizeof md5);
	CHECK_OK(tw_filelist_line(&l, TW_FILELIST_APK, TW_SLICE("R:a"), &got));
	CHECK_OK(tw_filelist_line(&l, TW_FILELIST_APK, TW_SLICE("Z:Q12jmj7l5rSw0yVb/vlWAYkK/YBwk="), &got));
	CHECK_BYTES(got.digest, sha1, sizeof sha1);
	CHECK_INT(l.line, 3);
}

/* The longest path and line, and one byte more. */
static void test_lengths(void **state)
{
	char line[TW_FILELIST_LINE_MAX + 2];
	struct tw_filelist l = { 0 };
	struct tw_filelist_entry got;

	memset(line, 'a', sizeof line);
	line[0] = '/';
	CHECK_OK(tw_filelist_line(&l, TW_FILELIST_PATHS, (struct tw_slice){ line, TW_FILELIST_PATH_MAX + 1 }, &got));
	CHECK_INT(strlen(got.path), TW_FILELIST_PATH_MAX);
	CHECK_ERR(tw_filelist_line(&l, TW_FILELIST_PATHS, (struct tw_slice){ line, TW_FILELIST_PATH_MAX + 2 }, &got), LIMIT);
	CHECK(!got.is);
	line[0] = 'T';
	line[1] = ':';
	CHECK_OK(tw_filelist_line(&l, TW_FILELIST_APK, (struct tw_slice){ line, TW_FILELIST_LINE_MAX }, &got));
	CHECK_ERR(tw_filelist_line(&l, TW_FILELIST_APK, (struct tw_slice){ line, TW_FILELIST_LINE_MAX + 1 }, &got), LIMIT);
	CHECK_ERR(tw_filelist_line(&l, TW_FILELIST_PATHS, TW_SLICE("/a\0b"), &got), SYNTAX);
	CHECK_ERR(tw_filelist_line(&l, TW_FILELIST_APK, TW_SLICE("F:a\0b"), &got), SYNTAX);
	line[0] = 'F';
	CHECK_OK(tw_filelist_line(&l, TW_FILELIST_APK, (struct tw_slice){ line, TW_FILELIST_PATH_MAX + 2 }, &got));
	CHECK_ERR(tw_filelist_line(&l, TW_FILELIST_APK, (struct tw_slice){ line, TW_FILELIST_PATH_MAX + 3 }, &got), SYNTAX);
	CHECK(!tw_filelist_path_valid((struct tw_slice){ line, 0 }));
}

static void test_systems(void **state)
{
	for (const struct tw_package_system *s = tw_package_systems; s->word; s++) {
		const struct tw_filelist_row *row = tw_filelist_of(s);

		CHECK(row && (row->of[0].file || row->of[0].suffix));
	}
}

CHECK_MAIN(cmocka_unit_test(test_rows), cmocka_unit_test(test_digests), cmocka_unit_test(test_lengths), cmocka_unit_test(test_systems))
