/* SPDX-License-Identifier: Apache-2.0 */
/* Buildroot's legal-info: what packages come out of rows as Buildroot writes them, and each fault with its line. */
#include "formats/bom-manifest.h"

#include "base/mem.h"
#include "check.h"
#include "formats/bom.h"
#include "oom.h"

#define HEAD \
	"\"PACKAGE\",\"VERSION\",\"LICENSE\",\"LICENSE FILES\",\"SOURCE ARCHIVE\",\"SOURCE SITE\",\"DEPENDENCIES WITH LICENSES\"\n"
#define TARGET                                                                                                                                                              \
	HEAD "\"busybox\",\"1.36.1\",\"GPL-2.0, bzip2-1.0.4\",\"LICENSE archival/libarchive/bz/LICENSE\",\"busybox-1.36.1.tar.bz2\",\"https://www.busybox.net/downloads\"," \
	     "\"skeleton-init-common [unknown] toolchain-external-bootlin [unknown]\"\n"                                                                                    \
	     "\"skeleton-init-common\",\"\",\"unknown\",\"not saved\",\"not saved\",\"not saved\",\"\"\n"                                                                   \
	     "\"linux\",\"6.6.40\",\"GPL-2.0\",\"COPYING\",\"linux-6.6.40.tar.xz\",\"https://cdn.kernel.org/pub/linux/kernel/v6.x\",\"\"\n"
#define HOST                                                                                           \
	HEAD "\"buildroot\",\"2024.02.3\",\"GPL-2.0+\",\"COPYING\",\"not saved\",\"not saved\",\"\"\n" \
	     "\"cmake\",\"3.28.1\",\"BSD-3-Clause\",\"Copyright.txt\",\"cmake-3.28.1.tar.gz\",\"https://cmake.org/files/v3.28\",\"host-pkgconf [pkgconf license]\"\n"

static tw_err list(const struct tw_sys *sys, const char *const *texts, struct tw_buf *b)
{
	TW_CLEANUP(tw_bom_done) struct tw_bom bom = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *document = json_object();

	if (!document)
		return TW_RAISE(NOMEM, "a document");
	for (; *texts; texts++)
		TW_TRY(tw_bom_manifest(sys, tw_slice_of(*texts), document));
	TW_TRY(tw_bom_of(sys, document, &bom));
	for (size_t i = 0; i < bom.count; i++) {
		TW_TRY(tw_bom_place(&bom, i, b));
		TW_TRY(tw_buf_format(b, " %s|%s|%s\n", bom.of[i].kind, bom.of[i].c.name, bom.of[i].c.version));
	}
	return bom.of_host ? tw_buf_format(b, "of the host %zu\n", bom.of_host) : TW_OK;
}

#define PACKAGES "/busybox target|busybox|1.36.1\n/skeleton-init-common target|skeleton-init-common|\n/linux target|linux|6.6.40\n"

static const struct {
	const char *texts[3], *want;
} rows[] = {
	{ { TARGET }, PACKAGES },
	{ { TARGET, HOST }, PACKAGES "of the host 2\n" },
	{ { HOST, TARGET }, PACKAGES "of the host 2\n" },
	{ { HOST }, "of the host 2\n" },
	/* The same package for both machines; before 2018.11 without the last column; edited, by a program that quotes only where it has to. */
	{ { "\xef\xbb\xbf"
	    "PACKAGE,VERSION,LICENSE,LICENSE FILES\r\nzlib,1.3,\"Zlib, \"\"free\"\"\",README\r\n",
		  "PACKAGE,VERSION,LICENSE\nbuildroot,2018.08,GPL-2.0+\nzlib,1.3,Zlib\n" },
		"/zlib target|zlib|1.3\nof the host 2\n" },
	/* Columns go by their names. */
	{ { "PACKAGE,LICENSE,VERSION\na,MIT,1\n" }, "/a target|a|1\n" },
	/* Dependencies alone say whose it is. */
	{ { "PACKAGE,VERSION,DEPENDENCIES WITH LICENSES\na,1,b [MIT] host-c [MIT]\nb,1,\n" }, "of the host 2\n" },
	{ { "PACKAGE,VERSION,DEPENDENCIES WITH LICENSES\na,1,ghost-c [MIT [host-x]]\n" }, "/a target|a|1\n" },
};

static void test_packages(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		CHECK(tw_bom_is_manifest(tw_slice_of(rows[i].texts[0])));
		tw_buf_init(&b, tw_sys_real(), 4096);
		CHECK_OK(list(tw_sys_real(), rows[i].texts, &b));
		CHECK_TEXT(tw_buf_cstr(&b), rows[i].want);
	}
	CHECK(!tw_bom_is_manifest(TW_SLICE("")));
	CHECK(!tw_bom_is_manifest(TW_SLICE("PACKAGE")));
	CHECK(!tw_bom_is_manifest(TW_SLICE("\xef\xbb\xbf")));
	CHECK(!tw_bom_is_manifest(TW_SLICE("{\"PACKAGE\",")));
	CHECK(!tw_bom_is_manifest(TW_SLICE("#model_version:v2023.03.01\ncve,epss,percentile\n")));
}

static const struct {
	const char *texts[3], *detail;
} refused[] = {
	{ { "" }, "line 1: no column PACKAGE" },
	{ { "PACKAGE,LICENSE\n" }, "line 1: no column VERSION" },
	{ { "PACKAGE,VERSION,VERSION\n" }, "line 1: two columns VERSION" },
	{ { "PACKAGE,VERSION\na,1\nb\n" }, "line 3: 1 fields where 2 are named" },
	{ { "PACKAGE,VERSION\na,1,2\n" }, "line 2: 3 fields where 2 are named" },
	{ { "PACKAGE,VERSION\n\n,1\n" }, "line 3: a package without a name" },
	{ { "PACKAGE,VERSION\na,1\na,2\n" }, "line 3: the package a once more" },
	{ { "PACKAGE,VERSION\n\"a\nb\",1\n" }, "line 2: a name with a control character" },
	{ { "PACKAGE,VERSION\na,1\t\n" }, "line 2: a version with a control character" },
	{ { "PACKAGE,VERSION\na,\"1\n" }, "line 2: a quote that nothing closes" },
	{ { TARGET, TARGET }, "the package busybox is in two lists" },
	{ { HOST, HOST }, "the package host-buildroot is in two lists" },
};

static void test_refused(void **state)
{
	for (size_t i = 0; i < TW_COUNT(refused); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		tw_buf_init(&b, tw_sys_real(), 4096);
		CHECK_ERR(list(tw_sys_real(), refused[i].texts, &b), SYNTAX);
		CHECK_TEXT(tw_err_detail(), refused[i].detail);
	}
}

static void test_limits(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *document = json_object();

	tw_buf_init(&text, tw_sys_real(), 1 << 20);
	CHECK_OK(tw_buf_text(&text, "PACKAGE,VERSION\n"));
	for (size_t i = 0; i <= TW_MANIFEST_ROWS_MAX; i++)
		CHECK_OK(tw_buf_format(&text, "p%zu,1\n", i));
	CHECK_ERR(tw_bom_manifest(tw_sys_real(), tw_buf_slice(&text), document), LIMIT);
	CHECK_TEXT(tw_err_detail(), "line 20002: more than 20000 packages");
	tw_buf_clear(&text);
	CHECK_OK(tw_buf_text(&text, "PACKAGE,VERSION\n"));
	for (size_t i = 0; i < 1025; i++)
		CHECK_OK(tw_buf_text(&text, "a"));
	CHECK_OK(tw_buf_text(&text, ",1\n"));
	CHECK_ERR(tw_bom_manifest(tw_sys_real(), tw_buf_slice(&text), document), LIMIT);
	CHECK_TEXT(tw_err_detail(), "line 2: a name of more than 1024 bytes");
	CHECK_INT(json_object_size(document), 0);
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		tw_buf_init(&b, sys, 4096);
		TW_TRY(list(sys, rows[i].texts, &b));
	}
	return TW_OK;
}

static void test_without_memory(void **state)
{
	oom_sweep(sweep, NULL);
}

CHECK_MAIN(cmocka_unit_test(test_packages), cmocka_unit_test(test_refused), cmocka_unit_test(test_limits),
	cmocka_unit_test(test_without_memory))
