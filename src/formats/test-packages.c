/* SPDX-License-Identifier: Apache-2.0 */
/* Package databases: every field absent, doubled, of a wrong form, too long; and what a cut file may not pass for. */
#include "formats/packages.h"

#include "sys/real.h"
#include "check.h"
#include "oom.h"

#define HEAD "Package: curl\nStatus: install ok installed\n"
#define REST "Architecture: arm64\nVersion: 8.0-1\n"

static const struct tw_sys *sys;

static int set_up(void **state)
{
	sys = tw_sys_real();
	return 0;
}

static tw_err read_as(const char *word, const char *text, struct tw_packages *ret)
{
	return tw_packages_read(sys, tw_package_system(word), tw_slice_of(text), ret);
}

static void is(struct tw_slice got, const char *want)
{
	if (!tw_slice_is(got, want))
		fail_msg("got \"" TW_SLICE_FMT "\", want \"%s\"", TW_SLICE_ARG(got), want);
}

static void test_debian(void **state)
{
	struct tw_packages p;

	CHECK_OK(read_as("debian",
		"Package: zsh\nStatus: install ok unpacked\nPriority: optional\nMaintainer: Jane Doe <jane@example.org>\nArchitecture: arm64\n"
		"Version: 5.9-4+b1\nDepends: libc6 (>= 2.36), curl | wget\nDescription: a shell\n with more words\n .\n and more: words\n"
		"\n\npackage: curl\nstatus: hold ok installed\nArchitecture: arm64\nVersion: 1:8.0~rc1-1\n\n"
		"Package: gone\nStatus: deinstall ok config-files\nArchitecture: arm64\nVersion: 1\n\n"
		"Package: never\nStatus: purge ok not-installed\n\n"
		"Package: curl\nStatus: install ok installed\nArchitecture: armhf\nVersion: 8.0-1\n",
		&p));
	CHECK_INT(p.count, 3);
	is(p.of[0].name, "curl");
	is(p.of[0].architecture, "arm64");
	is(p.of[0].version, "1:8.0~rc1-1");
	is(p.of[0].supplier, "");
	is(p.of[1].architecture, "armhf");
	is(p.of[2].name, "zsh");
	is(p.of[2].supplier, "Jane Doe");
	is(p.of[2].version, "5.9-4+b1");
	tw_packages_done(&p);
}

static void test_opkg(void **state)
{
	struct tw_packages p;

	CHECK_OK(read_as("opkg",
		"Package: busybox\nVersion: 1.36.1-r0\nDepends: libc6 (>= 2.38), update-alternatives-opkg\nStatus: install user installed\n"
		"Architecture: cortexa7t2hf-neon\nInstalled-Time: 1700000000\n\n"
		"Package: libc6\nVersion: 2.38-r0\nStatus: install ok installed\nLicense: LGPL-2.1-only\nArchitecture: cortexa7t2hf-neon\n\n",
		&p));
	CHECK_INT(p.count, 2);
	is(p.of[0].name, "busybox");
	is(p.of[1].licence, "LGPL-2.1-only");
	tw_packages_done(&p);
}

static void test_apk(void **state)
{
	struct tw_packages p;

	CHECK_OK(read_as("alpine",
		"C:Q1abc=\nP:musl\nV:1.2.4-r2\nA:aarch64\nS:407\nT:the musl c library\nL:MIT\nm:Timo <timo@example.org>\nF:lib\nR:l.so\na:0:0:755\n"
		"R:m.so\na:0:0:777\nF:etc\n\nC:Q1xyz=\nP:busybox\nV:1.36.1-r5\nA:aarch64\nL:GPL-2.0-only\n"
		"D:so:libc.musl-aarch64.so.1 musl>=1.2 !uclibc\n\n",
		&p));
	CHECK_INT(p.count, 2);
	is(p.of[0].name, "busybox");
	is(p.of[0].licence, "GPL-2.0-only");
	is(p.of[1].version, "1.2.4-r2");
	is(p.of[1].supplier, "Timo");
	size_t at = 0;
	CHECK(tw_packages_needs(&p, &p.of[0], &at) == &p.of[1]);
	CHECK(tw_packages_needs(&p, &p.of[0], &at) == NULL);
	tw_packages_done(&p);
}

static const struct refusal {
	const char *text;
	enum tw_code code;
} refusals[] = {
	{ HEAD "Architecture: arm64\n\n", TW_CODE_SYNTAX },
	{ HEAD "Version: 8.0-1\n\n", TW_CODE_SYNTAX },
	{ "Package: curl\n" REST, TW_CODE_SYNTAX },
	{ "Status: install ok installed\n" REST, TW_CODE_SYNTAX },
	{ HEAD "Package: curl\n" REST, TW_CODE_SYNTAX },
	{ HEAD "package: other\n" REST, TW_CODE_SYNTAX },
	{ HEAD "Status: install ok installed\n" REST, TW_CODE_SYNTAX },
	{ HEAD REST "Version: 9\n", TW_CODE_SYNTAX },
	{ HEAD REST "Architecture: arm64\n", TW_CODE_SYNTAX },
	{ HEAD REST "Depends: a\nDepends: b\n", TW_CODE_SYNTAX },
	{ HEAD REST "Maintainer: a\nMaintainer: b\n", TW_CODE_SYNTAX },
	{ HEAD "Architecture: arm64\nVersion: 8 0\n", TW_CODE_SYNTAX },
	{ HEAD "Architecture: arm64\nVersion: 8\"0\n", TW_CODE_SYNTAX },
	{ HEAD "Architecture: arm64\nVersion:\n", TW_CODE_SYNTAX },
	{ HEAD "Architecture: arm64\nVersion: 1\n 2\n", TW_CODE_SYNTAX },
	{ HEAD "Architecture: arm/64\nVersion: 1\n", TW_CODE_SYNTAX },
	{ HEAD REST "Maintainer: a\033[31m\n", TW_CODE_SYNTAX },
	{ HEAD REST "Maintainer: \xff\n", TW_CODE_SYNTAX },
	{ "Package: -curl\nStatus: install ok installed\n" REST, TW_CODE_SYNTAX },
	{ "Package: ../curl\nStatus: install ok installed\n" REST, TW_CODE_SYNTAX },
	{ "Package: curl\nStatus: installed\n" REST, TW_CODE_SYNTAX },
	{ "Package: curl\nStatus: install ok borrowed\n" REST, TW_CODE_SYNTAX },
	{ " continues nothing\n" HEAD REST, TW_CODE_SYNTAX },
	{ HEAD REST "no field\n", TW_CODE_SYNTAX },
	{ HEAD REST ": no name\n", TW_CODE_SYNTAX },
	{ HEAD REST "\n" HEAD REST, TW_CODE_SYNTAX },
	{ HEAD "Architecture: arm64\nVersion: 8.0-1", TW_CODE_SYNTAX },
	{ HEAD REST "\r\n", TW_CODE_SYNTAX },
};

/* What else is right: tabs for blanks, large letters, fields that are there and empty, an address without a name. */
static void test_other_spellings(void **state)
{
	struct tw_packages p;

	CHECK_OK(read_as("debian",
		"Package:\tlibX11\t\nStatus: install ok installed\nVersion: \t1.0-Beta \t\nArchitecture: AMD64\nMaintainer: <a@example.org>\n"
		"Depends:\nLicense: \nDescription: a library\n\tand more of it\n",
		&p));
	CHECK_INT(p.count, 1);
	is(p.of[0].name, "libX11");
	is(p.of[0].version, "1.0-Beta");
	is(p.of[0].architecture, "AMD64");
	is(p.of[0].supplier, "<a@example.org>");
	is(p.of[0].depends, "");
	tw_packages_done(&p);
}

static void test_refusals(void **state)
{
	struct tw_packages p;

	CHECK_OK(read_as("debian", HEAD REST, &p));
	tw_packages_done(&p);
	for (size_t i = 0; i < TW_COUNT(refusals); i++) {
		tw_err e = read_as("debian", refusals[i].text, &p);
		if (e.code != refusals[i].code)
			fail_msg("row %zu: got %s", i, tw_code_name(e.code));
		CHECK(p.of == NULL && p.count == 0);
	}
	CHECK_ERR(read_as("alpine", "P:a\nV:1\nA:x\n continues\n\n", &p), SYNTAX);
	CHECK_ERR(read_as("alpine", "P:a\nV:1\nA:x\nT:a text\n continues\n\n", &p), SYNTAX);
	CHECK_ERR(tw_packages_read(sys, tw_package_system("debian"), TW_SLICE(HEAD "Architecture: a\nVersion: 1\0002\n"), &p), SYNTAX);
	CHECK_ERR(read_as("alpine", "P:a\nV:1\nV:2\nA:x\n\n", &p), SYNTAX);
	CHECK_ERR(read_as("alpine", "V:1\nA:x\n\n", &p), SYNTAX);
}

/* One byte more than each field may have. */
static void test_lengths(void **state)
{
	static const struct {
		const char *field;
		size_t max;
	} rows[] = { { "Package", TW_PACKAGE_NAME_MAX }, { "Version", TW_PACKAGE_VERSION_MAX },
		{ "Architecture", TW_PACKAGE_ARCHITECTURE_MAX }, { "Maintainer", TW_PACKAGE_WORDS_MAX },
		{ "License", TW_PACKAGE_WORDS_MAX } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		for (size_t over = 0; over < 2; over++) {
			char text[1024], value[300];
			struct tw_packages p;

			memset(value, 'a', sizeof value);
			value[rows[i].max + over] = '\0';
			(void)snprintf(text, sizeof text, "Status: install ok installed\n%s%s%s%s: %s\n", i == 0 ? "" : "Package: a\n",
				i == 1 ? "" : "Version: 1\n", i == 2 ? "" : "Architecture: x\n", rows[i].field, value);
			tw_err e = read_as("debian", text, &p);
			if (!tw_is(e, over ? TW_CODE_LIMIT : TW_CODE_OK))
				fail_msg("%s with %zu: %s", rows[i].field, rows[i].max + over, tw_code_name(e.code));
			tw_packages_done(&p);
		}
	}
}

static void test_too_many(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct tw_packages p;

	tw_buf_init(&text, sys, TW_PACKAGES_TEXT_MAX + 1);
	for (int i = 0; i < TW_PACKAGES_MAX; i++)
		CHECK_OK(tw_buf_format(&text, "P:p%d\nV:1\nA:x\n\n", i));
	CHECK_OK(tw_packages_read(sys, tw_package_system("alpine"), tw_buf_slice(&text), &p));
	CHECK_INT(p.count, TW_PACKAGES_MAX);
	for (size_t i = 1; i < p.count; i++)
		CHECK(tw_package_compare(&p.of[i - 1], &p.of[i]) < 0);
	tw_packages_done(&p);
	CHECK_OK(tw_buf_text(&text, "P:q\nV:1\nA:x\n\n"));
	CHECK_ERR(tw_packages_read(sys, tw_package_system("alpine"), tw_buf_slice(&text), &p), LIMIT);
	for (tw_buf_clear(&text); text.size < TW_PACKAGES_TEXT_MAX;)
		CHECK_OK(tw_buf_u8(&text, '\n'));
	CHECK_OK(tw_packages_read(sys, tw_package_system("alpine"), tw_buf_slice(&text), &p));
	CHECK_INT(p.count, 0);
	CHECK_OK(tw_buf_u8(&text, '\n'));
	CHECK_ERR(tw_packages_read(sys, tw_package_system("alpine"), tw_buf_slice(&text), &p), LIMIT);
}

/* What p needs of all, one after another. Its list has nothing behind it that could be read. */
static void needs_of(const struct tw_packages *all, struct tw_package *p, struct tw_buf *ret)
{
	TW_CLEANUP(tw_freep) char *depends = malloc(p->depends.size + 1);
	size_t at = 0;

	assert_non_null(depends);
	memcpy(depends + 1, p->depends.at, p->depends.size);
	p->depends.at = depends + 1;
	for (const struct tw_package *n; (n = tw_packages_needs(all, p, &at));)
		CHECK_OK(tw_buf_format(ret, "%s" TW_SLICE_FMT, ret->size ? " " : "", TW_SLICE_ARG(n->name)));
}

static void test_needs(void **state)
{
	static const struct {
		const char *depends, *want;
		const char *alpine; /* the same words there, where a blank begins the next name; NULL: as want */
	} rows[] = {
		{ "a", "a", NULL },
		{ "a, b", "a b", NULL },
		{ "a (>= 1.0), b (<< 2)", "a b", NULL },
		{ "a|b,c:any [arm64]", "a b c", NULL },
		{ "nothing, b", "b", NULL },
		{ "curl", "", NULL }, /* itself */
		{ ",, | a ,", "a", NULL },
		{ "(a), (b)", "", NULL },
		{ "a (= b)", "a", "a b" },
		{ "", "", NULL },
		{ "aa", "", NULL },
		{ "b a", "b", "b a" },
		{ "so:a b>=c !a", "", "b" },
		{ "a  b=1 c~2", "a", "a b c" },
	};

	for (size_t i = 0; i < 2 * TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
		TW_CLEANUP(tw_buf_done) struct tw_buf got = { 0 };
		bool alpine = i % 2;
		struct tw_packages p;

		tw_buf_init(&text, sys, 4096);
		tw_buf_init(&got, sys, 4096);
		for (const char *name = "abc"; *name; name++)
			CHECK_OK(tw_buf_format(&text,
				alpine ? "P:%c\nV:1\nA:x\n\n" : "Package: %c\nStatus: install ok installed\nVersion: 1\nArchitecture: x\n\n",
				*name));
		CHECK_OK(tw_buf_format(&text, alpine ? "P:curl\nV:1\nA:x\nD:%s\n" : HEAD REST "Depends: %s\n", rows[i / 2].depends));
		CHECK_OK(tw_packages_read(sys, tw_package_system(alpine ? "alpine" : "debian"), tw_buf_slice(&text), &p));
		needs_of(&p, &p.of[3], &got);
		CHECK_TEXT(tw_buf_cstr(&got), alpine && rows[i / 2].alpine ? rows[i / 2].alpine : rows[i / 2].want);
		tw_packages_done(&p);
	}
}

static void test_purl(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const struct tw_package p = { TW_SLICE("libstdc++6"), TW_SLICE("1:12.2.0-14+deb12u1~x"), TW_SLICE("arm64"), { 0 }, { 0 },
		{ 0 }, { 0 } };

	tw_buf_init(&b, sys, 512);
	CHECK_OK(tw_package_purl(tw_package_system("debian"), &p, &b));
	CHECK_TEXT(tw_buf_cstr(&b), "pkg:deb/debian/libstdc%2B%2B6@1:12.2.0-14%2Bdeb12u1~x?arch=arm64");
	CHECK(tw_package_system("rpm") == NULL);
}

static void test_image(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_packages p;

	tw_buf_init(&b, sys, 512);
	CHECK_OK(read_as("image",
		"Package: lamp\nVersion: 2.1\nArchitecture: armv7\nMaintainer: Lamps Inc\nLicense: MIT\nPurl: pkg:github/lamps/lamp@2.1\n\n"
		"Package: musl\nVersion: 1\nArchitecture: armv7\n\n",
		&p));
	CHECK_INT(p.count, 2);
	is(p.of[0].supplier, "Lamps Inc");
	CHECK_OK(tw_package_purl(tw_package_system("image"), &p.of[0], &b));
	CHECK_TEXT(tw_buf_cstr(&b), "pkg:github/lamps/lamp@2.1");
	tw_buf_clear(&b);
	CHECK_OK(tw_package_purl(tw_package_system("image"), &p.of[1], &b));
	CHECK_TEXT(tw_buf_cstr(&b), "pkg:generic/musl@1?arch=armv7");
	tw_packages_done(&p);
	CHECK_ERR(read_as("image", "Package: a\nVersion: 1\nArchitecture: x\nPurl: gen/a\n", &p), SYNTAX);
	CHECK_ERR(read_as("image", "Package: a\nVersion: 1\nArchitecture: x\nPurl: pkg:\n", &p), SYNTAX);
	CHECK_OK(read_as("image", "Package: a\nVersion: 1\nArchitecture: x\nPurl:\n", &p)); /* it has none of its own */
	tw_buf_clear(&b);
	CHECK_OK(tw_package_purl(tw_package_system("image"), &p.of[0], &b));
	CHECK_TEXT(tw_buf_cstr(&b), "pkg:generic/a@1?arch=x");
	tw_packages_done(&p);
	CHECK_ERR(read_as("image", "Package: a\nVersion: 1\nArchitecture: x\nPurl: pkg:a b\n", &p), SYNTAX);
}

static tw_err sweep(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_packages_done) struct tw_packages p = { 0 };

	return tw_packages_read(s, tw_package_system("debian"), TW_SLICE(HEAD REST), &p);
}

static void test_out_of_memory(void **state)
{
	oom_sweep(sweep, NULL);
}

CHECK_MAIN(cmocka_unit_test_setup(test_debian, set_up), cmocka_unit_test_setup(test_opkg, set_up),
	cmocka_unit_test_setup(test_apk, set_up), cmocka_unit_test_setup(test_other_spellings, set_up),
	cmocka_unit_test_setup(test_refusals, set_up), cmocka_unit_test_setup(test_lengths, set_up),
	cmocka_unit_test_setup(test_too_many, set_up), cmocka_unit_test_setup(test_needs, set_up),
	cmocka_unit_test_setup(test_purl, set_up), cmocka_unit_test_setup(test_image, set_up),
	cmocka_unit_test_setup(test_out_of_memory, set_up))
