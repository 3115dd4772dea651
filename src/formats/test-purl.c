/* SPDX-License-Identifier: Apache-2.0 */
/* Package URLs: parts and canonical form of what is read, the reason and place of what is not. */
#include "formats/purl.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

static const struct {
	const char *text, *type, *namespace, *name, *version, *subpath, *canonical; /* NULL: as it was read */
} accepted[] = {
	{ "pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=jessie", "deb", "debian", "curl", "7.50.3-1", "", NULL },
	{ "pkg:DEB/Debian/Curl@1:2.4-2%2Bb1", "deb", "debian", "curl", "1:2.4-2+b1", "", "pkg:deb/debian/curl@1:2.4-2%2Bb1" },
	{ "pkg:deb/curl@1+2", "deb", "", "curl", "1+2", "", "pkg:deb/curl@1%2B2" },
	{ "PKG://npm//%40angular//animation//", "npm", "@angular", "animation", "", "", "pkg:npm/%40angular/animation" },
	{ "pkg:npm/@babel/core#/a//./b/../", "npm", "@babel", "core", "", "a/b", "pkg:npm/%40babel/core#a/b" },
	{ "pkg:golang/google.golang.org/genproto@v1.2#googleapis/api", "golang", "google.golang.org", "genproto", "v1.2",
		"googleapis/api", NULL },
	{ "pkg:maven/g/a@1.0%20Final?k=b%20c&empty=&A=1", "maven", "g", "a", "1.0 Final", "", "pkg:maven/g/a@1.0%20Final?a=1&k=b%20c" },
	{ "pkg:pypi/Django_Package@1.0RC1", "pypi", "", "django-package", "1.0rc1", "", "pkg:pypi/django-package@1.0rc1" },
	{ "pkg:pub/A.b-9@1", "pub", "", "a_b_9", "1", "", "pkg:pub/a_b_9@1" },
	{ "pkg:github/Foo/Bar@AbC", "github", "foo", "bar", "AbC", "", "pkg:github/foo/bar@AbC" },
	{ "pkg:oci/Debian@sha256:24AF", "oci", "", "debian", "sha256:24af", "", "pkg:oci/debian@sha256:24af" },
	{ "pkg:cpan/drolsky/DateTime@1.55", "cpan", "DROLSKY", "DateTime", "1.55", "", "pkg:cpan/DROLSKY/DateTime@1.55" },
	{ "pkg:mlflow/CreditFraud@3?repository_url=https://a.databricks.com/x", "mlflow", "", "creditfraud", "3", "",
		"pkg:mlflow/creditfraud@3?repository_url=https:%2F%2Fa.databricks.com%2Fx" },
	{ "pkg:mlflow/CreditFraud@3", "mlflow", "", "CreditFraud", "3", "", NULL },
	{ "pkg:generic/a%2Fb@x/y", "generic", "", "a/b", "x/y", "", "pkg:generic/a%2Fb@x%2Fy" },
	{ "pkg:generic/\xc3\xa4?a=b=c,d", "generic", "", "\xc3\xa4", "", "", "pkg:generic/%C3%A4?a=b%3Dc%2Cd" },
	{ "pkg:julia/Dates?uuid=ade2", "julia", "", "Dates", "", "", NULL },
	{ "pkg:chrome-extension/dlpngalgnefjeiefhmpklpfiohadpglk@1.2.3.4", "chrome-extension", "",
		"dlpngalgnefjeiefhmpklpfiohadpglk", "1.2.3.4", "", NULL },
	{ "pkg:generic/a?&&b=c&", "generic", "", "a", "", "", "pkg:generic/a?b=c" },
	{ "pkg:generic/a~b_c.d-e", "generic", "", "a~b_c.d-e", "", "", NULL },
};

static void write_again(const struct tw_purl *p, const char *want)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), 4 * TW_PURL_MAX);
	CHECK_OK(tw_purl_write(p, &b));
	CHECK_TEXT(tw_buf_cstr(&b), want);
}

static void test_read_and_written(void **state)
{
	for (size_t i = 0; i < TW_COUNT(accepted); i++) {
		const char *canonical = accepted[i].canonical ? accepted[i].canonical : accepted[i].text;
		struct tw_purl p, again;

		CHECK_OK(tw_purl_parse(tw_sys_real(), tw_slice_of(accepted[i].text), &p));
		CHECK_TEXT(p.type, accepted[i].type);
		CHECK_TEXT(p.namespace, accepted[i].namespace);
		CHECK_TEXT(p.name, accepted[i].name);
		CHECK_TEXT(p.version, accepted[i].version);
		CHECK_TEXT(p.subpath, accepted[i].subpath);
		write_again(&p, canonical);
		CHECK_OK(tw_purl_parse(tw_sys_real(), tw_slice_of(canonical), &again));
		write_again(&again, canonical);
		CHECK(tw_purl_same_package(&p, &again));
		tw_purl_done(&p);
		tw_purl_done(&again);
	}
}

static const struct {
	const char *text, *detail;
} refused[] = {
	{ "", "character 1: a package URL begins with pkg:" },
	{ "curl@1", "character 1: a package URL begins with pkg:" },
	{ "pkg%3Amaven/org.apache.commons/io", "character 1: a package URL begins with pkg:" },
	{ "pkg:", "character 5: no type" },
	{ "pkg:curl@1", "character 9: a type has letters, digits, '.', '+' and '-', and begins with no digit" },
	{ "pkg:3nginx/nginx", "character 5: a type has letters, digits, '.', '+' and '-', and begins with no digit" },
	{ "pkg:n&g/nginx", "character 6: a type has letters, digits, '.', '+' and '-', and begins with no digit" },
	{ "pkg:nginx:a/nginx", "character 10: a type has letters, digits, '.', '+' and '-', and begins with no digit" },
	{ "pkg:hackage", "character 12: no name" },
	{ "pkg:maven/@1.3", "character 11: no name" },
	{ "pkg:swift/github.com/Alamofire/@5.4.3", "character 32: no name" },
	{ "pkg:npm/a b", "character 10: a blank or a control character" },
	{ "pkg:npm/a\n", "character 10: a blank or a control character" },
	{ "pkg:npm/a%0a", "character 9: the name is not UTF-8, or has a control character" },
	{ "pkg:npm/a%00", "character 9: the name is not UTF-8, or has a control character" },
	{ "pkg:npm/a@%ff", "character 11: the version is not UTF-8, or has a control character" },
	{ "pkg:npm/a%4", "character 10: a '%' in the name encodes nothing" },
	{ "pkg:generic/a%2Fb/c", "character 13: a segment of the namespace has a '/' in it" },
	{ "pkg:generic/c#x/a%2fb", "character 17: a segment of the subpath has a '/' in it" },
	{ "pkg:npm/a?in%20production=true", "character 13: the key of a qualifier has letters, digits, '.', '-' and '_'" },
	{ "pkg:npm/a?1=2", "character 11: a qualifier without a key, or one that begins with a digit" },
	{ "pkg:npm/a?=2", "character 11: a qualifier without a key, or one that begins with a digit" },
	{ "pkg:npm/a?b=1&B=2", "character 15: the qualifier 'b' stands there twice" },
	{ "pkg:maven/io", "a package of type 'maven' has a namespace" },
	{ "pkg:swift/Alamofire@5.4.3", "a package of type 'swift' has a namespace" },
	{ "pkg:vcpkg/boost/asio@1.84.0", "a package of type 'vcpkg' has no namespace" },
	{ "pkg:julia/Dates", "a package of type 'julia' has the qualifier uuid" },
	{ "pkg:cpan/LWP::UserAgent@6.7.6", "a CPAN package is named by its distribution, not by a module" },
	{ "pkg:chrome-extension/dogs", "an extension of Chrome has 32 letters from a to p, and a version of up to four numbers" },
	{ "pkg:chrome-extension/dlpngalgnefjeiefhmpklpfiohadpglk@1.2.3.4.5",
		"an extension of Chrome has 32 letters from a to p, and a version of up to four numbers" },
	{ "pkg:chrome-extension/dlpngalgnefjeiefhmpklpfiohadpglk@1..3",
		"an extension of Chrome has 32 letters from a to p, and a version of up to four numbers" },
};

static void test_refused(void **state)
{
	for (size_t i = 0; i < TW_COUNT(refused); i++) {
		struct tw_purl p;

		CHECK_ERR(tw_purl_parse(tw_sys_real(), tw_slice_of(refused[i].text), &p), SYNTAX);
		CHECK_TEXT(tw_err_detail(), refused[i].detail);
		CHECK(!p.type && !p.own.data);
	}
}

static void test_limits(void **state)
{
	static char text[TW_PURL_MAX + 2] = "pkg:npm/";
	struct tw_purl p;

	memset(text + 8, 'x', TW_PURL_MAX - 7);
	CHECK_ERR(tw_purl_parse(tw_sys_real(), tw_slice_of(text), &p), LIMIT);
	text[TW_PURL_MAX] = '\0';
	CHECK_OK(tw_purl_parse(tw_sys_real(), tw_slice_of(text), &p));
	CHECK_INT(strlen(p.name), TW_PURL_MAX - 8);
	tw_purl_done(&p);
	char *at = text + 9;
	*at++ = '?';
	for (int i = 0; i < 65; i++)
		at += snprintf(at, 16, "k%d=v&", 99 - i);
	CHECK_ERR(tw_purl_parse(tw_sys_real(), tw_slice_of(text), &p), LIMIT);
	at[-6] = '\0';
	CHECK_OK(tw_purl_parse(tw_sys_real(), tw_slice_of(text), &p));
	CHECK_TEXT(p.qualifiers, "k36");
	tw_purl_done(&p);
}

static void test_qualifiers(void **state)
{
	struct tw_purl p;

	CHECK_OK(tw_purl_parse(tw_sys_real(), TW_SLICE("pkg:rpm/fedora/curl@7?Distro=f25&arch=i%26386"), &p));
	CHECK_TEXT(tw_purl_qualifier(&p, "arch"), "i&386");
	CHECK_TEXT(tw_purl_qualifier(&p, "distro"), "f25");
	CHECK(tw_purl_qualifier(&p, "f25") == NULL && tw_purl_qualifier(&p, "") == NULL);
	tw_purl_done(&p);
	CHECK(tw_purl_qualifier(&p, "arch") == NULL);
}

static void test_same_package(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{ "pkg:npm/a/b@1", "pkg:npm/a/b@2?c=d", true },
		{ "pkg:npm/a/b", "pkg:npm/A/b", false },
		{ "pkg:npm/a/b", "pkg:npm/a/B", false },
		{ "pkg:npm/a", "pkg:gem/a", false },
		{ "pkg:pypi/A_b", "pkg:pypi/a-B", true },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_purl a, b;

		CHECK_OK(tw_purl_parse(tw_sys_real(), tw_slice_of(rows[i].a), &a));
		CHECK_OK(tw_purl_parse(tw_sys_real(), tw_slice_of(rows[i].b), &b));
		CHECK_INT(tw_purl_same_package(&a, &b), rows[i].same);
		tw_purl_done(&a);
		tw_purl_done(&b);
	}
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	struct tw_purl p;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, 4096);
	TW_TRY(tw_purl_parse(
		sys, TW_SLICE("pkg:maven/a.long.namespace/and-a-long-name@and-a-version?b=another&a=some-value#where/it/is"), &p));
	tw_err e = tw_purl_write(&p, &b);
	tw_purl_done(&p);
	return e;
}

static void test_without_memory(void **state)
{
	oom_sweep(sweep, NULL);
}

CHECK_MAIN(cmocka_unit_test(test_read_and_written), cmocka_unit_test(test_refused), cmocka_unit_test(test_limits),
	cmocka_unit_test(test_qualifiers), cmocka_unit_test(test_same_package), cmocka_unit_test(test_without_memory))
