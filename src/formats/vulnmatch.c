/* SPDX-License-Identifier: Apache-2.0 */
/* Components against vulnerability records: see vulnmatch.h. Here components, what is told, and OSV. */
#include "formats/vulnmatch.h"

#include "base/mem.h"
#include "base/text.h"
#include "formats/vulnmatch-inside.h"

#include <stdarg.h>

/* --- Components --- */

static bool of_distribution(const struct tw_vuln_subject *s)
{
	return s->has_purl && (!strcmp(s->purl.type, "deb") || !strcmp(s->purl.type, "rpm") || !strcmp(s->purl.type, "apk"));
}

/* What a text has wrong, behind the name of the text. */
static tw_err of(tw_err e, const char *what)
{
	char detail[TW_DETAIL_MAX];

	(void)snprintf(detail, sizeof detail, "%s", tw_err_detail());
	if (tw_is(e, TW_CODE_SYNTAX))
		return TW_RAISE(SYNTAX, "%s: %s", what, detail);
	return tw_is(e, TW_CODE_LIMIT) ? TW_RAISE(LIMIT, "%s: %s", what, detail) : e;
}

static tw_err set_version(struct tw_vuln_subject *s, const char *version)
{
	const char *epoch = s->has_purl && !strcmp(s->purl.type, "rpm") ? tw_purl_qualifier(&s->purl, "epoch") : NULL;

	if (*version)
		TW_TRY(tw_buf_text(&s->own_version, version));
	else if (s->has_purl)
		TW_TRY(tw_buf_text(&s->own_version, s->purl.version));
	if (!s->own_version.size && s->has_cpe)
		TW_TRY(tw_cpe_value(&s->cpe, TW_CPE_VERSION, &s->own_version));
	s->version = tw_buf_cstr(&s->own_version);
	if (s->has_purl && !strcmp(s->purl.type, "golang") && *s->version == 'v')
		s->version++; /* a module's version begins with it, a record's does not */
	if (!epoch || !*s->version || strchr(s->version, ':'))
		return TW_OK;
	TW_TRY(tw_buf_format(&s->own_upstream, "%s:%s", epoch, s->version));
	tw_buf_clear(&s->own_version);
	TW_TRY(tw_buf_add(&s->own_version, s->own_upstream.data, s->own_upstream.size));
	s->version = tw_buf_cstr(&s->own_version);
	return TW_OK;
}

static tw_err set_upstream(struct tw_vuln_subject *s)
{
	const char *from = s->version, *colon = strchr(from, ':'), *really = strstr(from, "+really"), *dash;

	tw_buf_clear(&s->own_upstream);
	s->upstream = s->version;
	if (!of_distribution(s))
		return TW_OK;
	from = really ? really + 7 : colon ? colon + 1 : from;
	dash = strrchr(from, '-');
	struct tw_slice rest = { from, dash ? (size_t)(dash - from) : strlen(from) };
	/* "+dfsg1", "+git2024", "+deb12u1": what the distribution did to it. */
	const char *plus = rest.size ? memchr(from + 1, '+', rest.size - 1) : NULL;
	TW_TRY(tw_buf_add(&s->own_upstream, from, plus ? (size_t)(plus - from) : rest.size));
	s->upstream = tw_buf_cstr(&s->own_upstream);
	return TW_OK;
}

static tw_err init(const struct tw_vuln_component *c, struct tw_vuln_subject *s)
{
	if (c->purl && *c->purl) {
		TW_TRY(of(tw_purl_parse(s->sys, tw_slice_of(c->purl), &s->purl), "purl"));
		s->has_purl = true;
	}
	if (c->cpe && *c->cpe) {
		TW_TRY(of(tw_cpe_parse(tw_slice_of(c->cpe), &s->cpe), "CPE name"));
		s->has_cpe = true;
	}
	s->name = c->name && *c->name ? c->name : s->has_purl ? s->purl.name : "";
	TW_TRY(set_version(s, c->version ? c->version : ""));
	return set_upstream(s);
}

tw_err tw_vuln_subject_init(const struct tw_sys *sys, const struct tw_vuln_component *c, struct tw_vuln_subject *ret)
{
	*ret = (struct tw_vuln_subject){ .sys = sys };
	tw_buf_init(&ret->own_version, sys, 8192);
	tw_buf_init(&ret->own_upstream, sys, 8192);
	tw_err e = init(c, ret);
	if (tw_failed(e))
		tw_vuln_subject_done(ret);
	return e;
}

void tw_vuln_subject_done(struct tw_vuln_subject *s)
{
	tw_purl_done(&s->purl);
	tw_buf_done(&s->own_version);
	tw_buf_done(&s->own_upstream);
	*s = (struct tw_vuln_subject){ 0 };
}

/* --- What is told --- */

const char *tw_vuln_by_name(enum tw_vuln_by by)
{
	static const char *const names[] = { "purl", "package", "cpe", "vendor", "name" };

	return names[by];
}

void tw_vuln_place(struct tw_vuln_run *r, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	(void)vsnprintf(r->place, sizeof r->place, format, list);
	va_end(list);
}

void tw_vuln_identify(struct tw_vuln_run *r, enum tw_vuln_by by, const char *format, ...)
{
	va_list list;

	r->m.by = by;
	va_start(list, format);
	(void)vsnprintf(r->identifier, sizeof r->identifier, format, list);
	va_end(list);
	tw_utf8_mend(r->identifier);
}

tw_err tw_vuln_say(struct tw_vuln_run *r, enum tw_vuln_verdict verdict, const char *format, ...)
{
	size_t size;
	va_list list;

	size = (size_t)snprintf(r->reason, sizeof r->reason, "%s", r->m.by == TW_VULN_BY_NAME ? "only the name is the same; " : "");
	va_start(list, format);
	(void)vsnprintf(r->reason + size, sizeof r->reason - size, format, list);
	va_end(list);
	tw_utf8_mend(r->reason);
	r->m.verdict = verdict;
	r->m.identifier = r->identifier;
	r->m.place = r->place;
	r->m.reason = r->reason;
	return r->tell(r->user, &r->m);
}

bool tw_vuln_undecidable(tw_err e)
{
	return tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT) || tw_is(e, TW_CODE_UNSUPPORTED);
}

/* --- OSV --- */

/* Ecosystems of OSV whose packages have purls, and how. */
static const struct ecosystem {
	const char *name, *type, *space;
	char sign; /* between namespace and name, besides '/' */
} ecosystems[] = {
	{ "AlmaLinux", "rpm", "almalinux" },
	{ "Alpine", "apk", "alpine" },
	{ "Chainguard", "apk", "chainguard" },
	{ "ConanCenter", "conan" },
	{ "CRAN", "cran" },
	{ "Debian", "deb", "debian" },
	{ "GitHub Actions", "github" },
	{ "Go", "golang" },
	{ "Hackage", "hackage" },
	{ "Hex", "hex" },
	{ "Mageia", "rpm", "mageia" },
	{ "Maven", "maven", NULL, ':' },
	{ "NuGet", "nuget" },
	{ "Packagist", "composer" },
	{ "Pub", "pub" },
	{ "PyPI", "pypi" },
	{ "Red Hat", "rpm", "redhat" },
	{ "Rocky Linux", "rpm", "rocky-linux" },
	{ "RubyGems", "gem" },
	{ "SUSE", "rpm", "suse" },
	{ "SwiftURL", "swift" },
	{ "Ubuntu", "deb", "ubuntu" },
	{ "Wolfi", "apk", "wolfi" },
	{ "crates.io", "cargo" },
	{ "npm", "npm" },
	{ "openEuler", "rpm", "openeuler" },
	{ "openSUSE", "rpm", "opensuse" },
};

static const struct ecosystem *ecosystem_of(const char *text)
{
	struct tw_slice name = { text, strcspn(text, ":") };

	for (size_t i = 0; i < TW_COUNT(ecosystems); i++)
		if (tw_slice_is(name, ecosystems[i].name))
			return &ecosystems[i];
	return NULL;
}

static tw_err write_package(const struct ecosystem *e, const char *name, struct tw_buf *b)
{
	TW_TRY(tw_buf_format(b, "pkg:%s/%s%s", e->type, e->space ? e->space : "", e->space ? "/" : ""));
	while (*name) {
		size_t size = 0;

		while (name[size] && name[size] != '/' && name[size] != e->sign)
			size++;
		TW_TRY(tw_buf_percent(b, (struct tw_slice){ name, size }));
		name += size;
		if (*name) {
			TW_TRY(tw_buf_text(b, "/"));
			name++;
		}
	}
	return TW_OK;
}

/* A text that is no purl names no package. */
static tw_err names_subject(const struct tw_vuln_subject *s, struct tw_slice text, bool *ret)
{
	struct tw_purl p;
	tw_err e = tw_purl_parse(s->sys, text, &p);

	*ret = false;
	if (tw_failed(e))
		return tw_vuln_undecidable(e) ? TW_OK : e;
	*ret = tw_purl_same_package(&s->purl, &p);
	tw_purl_done(&p);
	return TW_OK;
}

enum release { RELEASE_SAME, RELEASE_OTHER, RELEASE_UNKNOWN };

/* "12" of "debian-12", "22.03" of "22.03-LTS-SP1", whose rest counts too; empty where no number is. */
static struct tw_slice release_number(const char *text, const char **ret_rest)
{
	while (*text && (*text < '0' || *text > '9'))
		text++;
	struct tw_slice number = { text, strspn(text, "0123456789.") };
	*ret_rest = text + number.size;
	return number;
}

/* Of 12.5 and 12 one is a part of the other. */
static enum release compare_releases(struct tw_slice component, struct tw_slice record)
{
	size_t size = component.size < record.size ? component.size : record.size;

	if (!size)
		return RELEASE_UNKNOWN;
	if (memcmp(component.at, record.at, size) != 0 || (component.size > size && component.at[size] != '.') ||
		(record.size > size && record.at[size] != '.'))
		return RELEASE_OTHER;
	return record.size > size ? RELEASE_UNKNOWN : RELEASE_SAME;
}

/* Is a record's ecosystem of the release of the distribution that the component is of? What has no releases is of the same. */
static enum release release_of(const struct tw_vuln_subject *s, const struct ecosystem *known, const char *ecosystem, const char *purl)
{
	const char *distro = s->has_purl ? tw_purl_qualifier(&s->purl, "distro") : NULL, *colon = strchr(ecosystem, ':'), *ours, *theirs;

	if (!known)
		return *purl && of_distribution(s) ? RELEASE_UNKNOWN : RELEASE_SAME; /* somebody else's word on the distribution's package */
	if ((strcmp(known->type, "deb") != 0 && strcmp(known->type, "rpm") != 0 && strcmp(known->type, "apk") != 0) ||
		!strcmp(known->space, "wolfi") || !strcmp(known->space, "chainguard"))
		return RELEASE_SAME;
	if (!colon || !distro)
		return RELEASE_UNKNOWN;
	struct tw_slice component = release_number(distro, &ours), record = release_number(colon + 1, &theirs);
	enum release r = compare_releases(component, record);
	bool rest = *ours || (*theirs && *theirs != ':');
	/* "22.03-LTS" and "22.03-LTS-SP1": the numbers alone do not tell. */
	return r == RELEASE_SAME && rest && strcmp(ours, theirs) != 0 ? RELEASE_UNKNOWN : r;
}

/* The package that a distribution's package was built from: "openssl" or "openssl@3.0.11-1", in rpm "openssl-3.0.7-1.src.rpm". */
static struct tw_slice source_of(const struct tw_vuln_subject *s, const char **ret_version)
{
	const char *text = of_distribution(s) ? tw_purl_qualifier(&s->purl, "upstream") : NULL, *at = text ? strchr(text, '@') : NULL;
	struct tw_slice name = { text ? text : "", text ? strcspn(text, "@") : 0 };

	*ret_version = at && at[1] ? at + 1 : s->version;
	if (name.size < 8 || strcmp(name.at + name.size - 8, ".src.rpm") != 0)
		return name;
	for (int dashes = 0; name.size && dashes < 2; name.size--)
		dashes += name.at[name.size - 1] == '-';
	return name;
}

struct tw_slice tw_vuln_source(const struct tw_vuln_subject *s)
{
	const char *version;

	return source_of(s, &version);
}

/* The ecosystem's package is what the component was built from. */
static tw_err names_source(struct tw_vuln_run *r, struct tw_slice package, bool *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf name = { 0 };
	const char *version;
	struct tw_slice source = source_of(r->s, &version);
	struct tw_vuln_subject of = *r->s;

	*ret = false;
	if (!source.size)
		return TW_OK;
	tw_buf_init(&name, r->s->sys, TW_PURL_MAX + 1);
	TW_TRY(tw_buf_add(&name, source.at, source.size));
	of.purl.name = tw_buf_cstr(&name);
	TW_TRY(names_subject(&of, package, ret));
	if (*ret)
		r->version = version;
	return TW_OK;
}

static tw_err identify_package(struct tw_vuln_run *r, const struct ecosystem *known, const char *name, bool *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, r->s->sys, 2 * TW_PURL_MAX);
	TW_TRY(write_package(known, name, &b));
	TW_TRY(names_subject(r->s, tw_buf_slice(&b), ret));
	return *ret ? TW_OK : names_source(r, tw_buf_slice(&b), ret);
}

static tw_err identify_osv(struct tw_vuln_run *r, const json_t *package, bool *ret)
{
	const char *ecosystem = tw_json_text(package, "ecosystem"), *name = tw_json_text(package, "name"),
		   *purl = tw_json_text(package, "purl");
	const struct ecosystem *known = ecosystem_of(ecosystem);
	enum release release = release_of(r->s, known, ecosystem, purl);

	*ret = false;
	if (!package || release == RELEASE_OTHER)
		return TW_OK;
	r->version = r->s->version;
	r->other_release = release == RELEASE_UNKNOWN;
	if (r->s->has_purl && *purl) {
		TW_TRY(names_subject(r->s, tw_slice_of(purl), ret));
		tw_vuln_identify(r, TW_VULN_BY_PURL, "%s", purl);
	}
	if (!*ret && r->s->has_purl && known) {
		TW_TRY(identify_package(r, known, name, ret));
		tw_vuln_identify(r, TW_VULN_BY_PACKAGE, "%s %s", ecosystem, name);
	}
	/* Of two packages that both have purls the name says nothing more. */
	if (!*ret && *r->s->name && !(r->s->has_purl && (*purl || known)) && tw_slice_is_nocase(tw_slice_of(name), r->s->name)) {
		*ret = true;
		tw_vuln_identify(r, TW_VULN_BY_NAME, "%s %s", ecosystem, name);
	}
	return TW_OK;
}

struct osv_state {
	const json_t *one; /* of affected */
	size_t i;
	enum tw_version_scheme scheme;
	bool compared;               /* a range gave an answer */
	char why[TW_DETAIL_MAX];     /* of a range of versions that gave none */
	char commits[TW_DETAIL_MAX]; /* of one of commits, which counts only where nothing else does */
};

static tw_err tell_listed(struct tw_vuln_run *r, const struct osv_state *o, bool *ret)
{
	const json_t *version;
	size_t k;

	json_array_foreach(json_object_get(o->one, "versions"), k, version)
		if (!*ret && !strcmp(json_string_value(version), r->version)) {
			*ret = true;
			tw_vuln_place(r, "/affected/%zu/versions/%zu", o->i, k);
			TW_TRY(tw_vuln_say(r, TW_VULN_AFFECTED, "version %.100s is listed", r->version));
		}
	return TW_OK;
}

static tw_err tell_ranges(struct tw_vuln_run *r, struct osv_state *o, bool *ret)
{
	const json_t *range;
	bool within;
	size_t k;

	json_array_foreach(json_object_get(o->one, "ranges"), k, range) {
		enum tw_version_scheme s = !strcmp(tw_json_text(range, "type"), "SEMVER") ? TW_VERSION_SEMVER : o->scheme;
		tw_err e = tw_range_osv(range, o->scheme, r->version, &within);

		if (tw_failed(e) && !tw_vuln_undecidable(e))
			return e;
		if (tw_failed(e)) {
			(void)snprintf(tw_is(e, TW_CODE_UNSUPPORTED) ? o->commits : o->why, TW_DETAIL_MAX, "%s", tw_err_detail());
			continue;
		}
		o->compared = true;
		if (!within)
			continue;
		*ret = true;
		tw_vuln_place(r, "/affected/%zu/ranges/%zu", o->i, k);
		return tw_vuln_say(r, TW_VULN_AFFECTED, "version %.100s is in this range (order of versions: %s)", r->version,
			tw_version_scheme_name(s));
	}
	return TW_OK;
}

static tw_err match_affected(struct tw_vuln_run *r, struct osv_state *o)
{
	bool told = false;

	tw_vuln_place(r, "/affected/%zu", o->i);
	if (!*r->version)
		return tw_vuln_say(r, TW_VULN_UNDECIDED, "the component has no version");
	TW_TRY(tell_listed(r, o, &told));
	if (!told)
		TW_TRY(tell_ranges(r, o, &told));
	if (told)
		return TW_OK;
	tw_vuln_place(r, "/affected/%zu", o->i);
	if (*o->why || (*o->commits && !o->compared))
		return tw_vuln_say(r, TW_VULN_UNDECIDED, "%s", *o->why ? o->why : o->commits);
	if (!json_array_size(json_object_get(o->one, "ranges")) && !json_array_size(json_object_get(o->one, "versions")))
		return tw_vuln_say(r, TW_VULN_UNDECIDED, "the record names no versions");
	/* Affected in one release is worth a look in another; unaffected says nothing of it. */
	if (r->other_release)
		return tw_vuln_say(r, TW_VULN_UNDECIDED,
			"version %.100s is not listed, and in no range, but this may be of another release of the distribution",
			r->version);
	return tw_vuln_say(r, TW_VULN_UNAFFECTED, "version %.100s is not listed, and in no range", r->version);
}

static enum tw_version_scheme scheme_of(const char *ecosystem)
{
	const struct ecosystem *known = ecosystem_of(ecosystem);
	enum tw_version_scheme s = TW_VERSION_GENERIC;

	if (known)
		(void)tw_version_scheme_named(known->type, &s);
	return s;
}

tw_err tw_vuln_match_osv(const struct tw_vuln_subject *s, const json_t *record, tw_vuln_tell tell, void *user)
{
	struct tw_vuln_run r = { .s = s, .tell = tell, .user = user };
	const json_t *list = json_object_get(record, "affected"), *one;
	bool means;
	size_t i;

	if (json_object_get(record, "withdrawn"))
		return TW_OK;
	json_array_foreach(list, i, one) {
		const json_t *package = json_object_get(one, "package");
		struct osv_state o = { .one = one, .i = i, .scheme = scheme_of(tw_json_text(package, "ecosystem")) };

		TW_TRY(identify_osv(&r, package, &means));
		if (means)
			TW_TRY(match_affected(&r, &o));
	}
	return TW_OK;
}
