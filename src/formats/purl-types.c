/* SPDX-License-Identifier: Apache-2.0 */
/* What single types of package URLs ask for: one row each. Types that are not there have nothing of their own. */
#include "base/mem.h"
#include "formats/purl-inside.h"

enum {
	SMALL_NAMESPACE = 1,
	SMALL_NAME = 2,
	SMALL_VERSION = 4,
	LARGE_NAMESPACE = 8,
	DASHES = 16,      /* '_' in a name becomes '-' */
	UNDERSCORES = 32, /* whatever is no letter or digit in a name becomes '_' */
	WITH_NAMESPACE = 64,
	WITHOUT_NAMESPACE = 128,
};

static const struct type {
	const char *name;
	unsigned rules;
	const char *qualifier; /* that must be there */
} types[] = {
	{ "alpm", SMALL_NAMESPACE | SMALL_NAME },
	{ "apk", SMALL_NAMESPACE | SMALL_NAME },
	{ "bazel", WITHOUT_NAMESPACE },
	{ "bitbucket", SMALL_NAMESPACE | SMALL_NAME },
	{ "bitnami", SMALL_NAME | WITHOUT_NAMESPACE },
	{ "brew", SMALL_NAMESPACE | SMALL_NAME },
	{ "cargo", WITHOUT_NAMESPACE },
	{ "chrome-extension", SMALL_NAME | WITHOUT_NAMESPACE },
	{ "cocoapods", WITHOUT_NAMESPACE },
	{ "composer", SMALL_NAMESPACE | SMALL_NAME },
	{ "conda", WITHOUT_NAMESPACE },
	{ "cpan", LARGE_NAMESPACE },
	{ "cran", WITHOUT_NAMESPACE },
	{ "deb", SMALL_NAMESPACE | SMALL_NAME },
	{ "gem", WITHOUT_NAMESPACE },
	{ "github", SMALL_NAMESPACE | SMALL_NAME },
	{ "hackage", WITHOUT_NAMESPACE },
	{ "hex", SMALL_NAMESPACE | SMALL_NAME },
	{ "huggingface", SMALL_VERSION },
	{ "julia", WITHOUT_NAMESPACE, "uuid" },
	{ "luarocks", SMALL_NAMESPACE | SMALL_NAME },
	{ "maven", WITH_NAMESPACE },
	{ "mlflow", WITHOUT_NAMESPACE },
	{ "nuget", WITHOUT_NAMESPACE },
	{ "oci", SMALL_NAME | SMALL_VERSION | WITHOUT_NAMESPACE },
	{ "opam", WITHOUT_NAMESPACE },
	{ "otp", SMALL_NAME | WITHOUT_NAMESPACE },
	{ "pub", SMALL_NAME | UNDERSCORES | WITHOUT_NAMESPACE },
	{ "pypi", SMALL_NAME | DASHES | SMALL_VERSION | WITHOUT_NAMESPACE },
	{ "qpkg", SMALL_NAMESPACE },
	{ "rpm", SMALL_NAMESPACE },
	{ "swid", 0, "tag_id" },
	{ "swift", WITH_NAMESPACE },
	{ "vcpkg", WITHOUT_NAMESPACE },
	{ "vscode-extension", SMALL_NAMESPACE | SMALL_NAME | SMALL_VERSION | WITH_NAMESPACE },
	{ "yocto", SMALL_NAMESPACE },
};

static const struct type *type_of(const char *name)
{
	static const struct type other;

	for (size_t i = 0; i < TW_COUNT(types); i++)
		if (!strcmp(types[i].name, name))
			return &types[i];
	return &other;
}

static bool is_small(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static char large(char c)
{
	return is_small(c) ? (char)(c - ('a' - 'A')) : c;
}

static void each(char *text, char (*change)(char c))
{
	for (; *text; text++)
		*text = change(*text);
}

static char dash(char c)
{
	return c == '_' ? '-' : c;
}

static char underscore(char c)
{
	return is_small(c) || is_digit(c) ? c : '_';
}

static bool has(const char *text, const char *what)
{
	return text && strstr(text, what);
}

/* A text of the purl, to be changed in its place. */
static char *text_of(struct tw_purl *p, const char *text)
{
	return p->own.data + (text - p->own.data);
}

static void normalize(struct tw_purl *p)
{
	unsigned rules = type_of(p->type)->rules;
	char *namespace = text_of(p, p->namespace), *name = text_of(p, p->name);

	if (rules & SMALL_NAMESPACE)
		each(namespace, small);
	if (rules & LARGE_NAMESPACE)
		each(namespace, large);
	if (rules & SMALL_NAME || (!strcmp(p->type, "mlflow") && has(tw_purl_qualifier(p, "repository_url"), "databricks")))
		each(name, small); /* Databricks finds models by any spelling, Azure by one */
	if (rules & SMALL_VERSION)
		each(text_of(p, p->version), small);
	if (rules & DASHES)
		each(name, dash);
	if (rules & UNDERSCORES)
		each(name, underscore);
}

static bool is_extension(const struct tw_purl *p)
{
	size_t numbers = 1;

	for (const char *v = p->version; *v; v++) {
		if (*v == '.' ? !is_digit(v[1]) || v == p->version : !is_digit(*v))
			return false;
		numbers += *v == '.';
	}
	return numbers <= 4 && strlen(p->name) == 32 && strspn(p->name, "abcdefghijklmnop") == 32;
}

static tw_err check_type(const struct tw_purl *p)
{
	const struct type *t = type_of(p->type);

	if (t->rules & WITH_NAMESPACE && !*p->namespace)
		return TW_RAISE(SYNTAX, "a package of type '%s' has a namespace", t->name);
	if (t->rules & WITHOUT_NAMESPACE && *p->namespace)
		return TW_RAISE(SYNTAX, "a package of type '%s' has no namespace", t->name);
	if (t->qualifier && !tw_purl_qualifier(p, t->qualifier))
		return TW_RAISE(SYNTAX, "a package of type '%s' has the qualifier %s", t->name, t->qualifier);
	if (!strcmp(p->type, "cpan") && strstr(p->name, "::"))
		return TW_RAISE(SYNTAX, "a CPAN package is named by its distribution, not by a module");
	if (!strcmp(p->type, "chrome-extension") && !is_extension(p))
		return TW_RAISE(SYNTAX, "an extension of Chrome has 32 letters from a to p, and a version of up to four numbers");
	return TW_OK;
}

tw_err tw_purl_finish(struct tw_purl *p)
{
	normalize(p);
	return check_type(p);
}
