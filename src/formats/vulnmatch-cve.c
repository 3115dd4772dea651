/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Components against CVE records: see vulnmatch.h. A product of a record may name itself by purl, CPE names, vendor and product, or a
 * package's name; the first of these that ties it to the component is told, each product once. What vulnmatch-cpe.c finds is told beside it.
 */
#include "base/mem.h"
#include "base/text.h"
#include "formats/vulnmatch-inside.h"

static tw_err by_purl(struct tw_vuln_run *r, const json_t *product, bool *ret, bool *ret_other)
{
	const char *text = tw_json_text(product, "packageURL");
	struct tw_purl p;

	if (!r->s->has_purl || !*text)
		return TW_OK;
	tw_err e = tw_purl_parse(r->s->sys, tw_slice_of(text), &p);
	if (tw_failed(e))
		return tw_vuln_undecidable(e) ? TW_OK : e; /* what is no purl names no package */
	*ret = tw_purl_same_package(&r->s->purl, &p);
	/* Another package of one namespace; projects of a forge, and generic ones, are known by several. */
	*ret_other = !*ret && !strcmp(r->s->purl.type, p.type) && !strcmp(r->s->purl.namespace, p.namespace) &&
		strcmp(p.type, "generic") != 0 && strcmp(p.type, "github") != 0;
	tw_purl_done(&p);
	tw_vuln_identify(r, TW_VULN_BY_PURL, "%s", text);
	return TW_OK;
}

static bool by_cpe(struct tw_vuln_run *r, const json_t *product)
{
	const json_t *one;
	size_t i;

	if (!r->s->has_cpe)
		return false;
	json_array_foreach(json_object_get(product, "cpes"), i, one) {
		struct tw_cpe c;

		if (tw_failed(tw_cpe_parse(tw_slice_of(json_string_value(one)), &c)) || !tw_vuln_names(&c, &r->s->cpe, true))
			continue;
		tw_vuln_identify(r, TW_VULN_BY_CPE, "%s", json_string_value(one));
		return true;
	}
	return false;
}

/* As people write it and as a CPE name has it: "HAXX Inc" and "haxx_inc". */
static bool same_words(const char *text, struct tw_slice value)
{
	size_t i = 0;

	for (; text[i] && i < value.size; i++) {
		char c = text[i] == ' ' ? '_' : text[i];

		if (!tw_slice_is_nocase((struct tw_slice){ &value.at[i], 1 }, (const char[]){ c, '\0' }))
			return false;
	}
	return i && !text[i] && i == value.size;
}

bool tw_vuln_kernel(const json_t *product)
{
	return !strcmp(tw_json_text(product, "vendor"), "Linux") && !strcmp(tw_json_text(product, "product"), "Linux");
}

static tw_err by_vendor(struct tw_vuln_run *r, const json_t *product, bool *ret)
{
	static const enum tw_cpe_attribute attributes[] = { TW_CPE_VENDOR, TW_CPE_PRODUCT };
	const char *texts[] = { tw_json_text(product, "vendor"),
		tw_vuln_kernel(product) ? "linux_kernel" : tw_json_text(product, "product") };

	*ret = r->s->has_cpe;
	for (size_t i = 0; i < TW_COUNT(attributes) && *ret; i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		tw_buf_init(&b, r->s->sys, TW_CPE_MAX);
		TW_TRY(tw_cpe_value(&r->s->cpe, attributes[i], &b));
		*ret = same_words(texts[i], tw_buf_slice(&b));
	}
	if (*ret)
		tw_vuln_identify(r, TW_VULN_BY_VENDOR, "%s %s", texts[0], tw_json_text(product, "product"));
	return TW_OK;
}

/* Its own name, or the product of a CPE name of any vendor, which says no more. */
static tw_err by_name(struct tw_vuln_run *r, const json_t *product, bool *ret)
{
	static const char *const keys[] = { "packageName", "product" };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, r->s->sys, TW_CPE_MAX);
	if (r->s->has_cpe && tw_cpe_kind(&r->s->cpe, TW_CPE_VENDOR) == TW_CPE_ANY)
		TW_TRY(tw_cpe_value(&r->s->cpe, TW_CPE_PRODUCT, &b));
	for (size_t i = 0; i < TW_COUNT(keys) && !*ret; i++) {
		const char *text = tw_json_text(product, keys[i]);

		*ret = *text && (tw_slice_is_nocase(tw_slice_of(text), r->s->name) || same_words(text, tw_buf_slice(&b)));
		if (*ret)
			tw_vuln_identify(r, TW_VULN_BY_NAME, "%s", text);
	}
	return TW_OK;
}

static tw_err identify(struct tw_vuln_run *r, const json_t *product, bool *ret)
{
	bool other = false;

	*ret = false;
	TW_TRY(by_purl(r, product, ret, &other));
	if (*ret || other) /* of one ecosystem, and another package of it */
		return TW_OK;
	*ret = by_cpe(r, product);
	if (!*ret)
		TW_TRY(by_vendor(r, product, ret));
	return *ret ? TW_OK : by_name(r, product, ret);
}

static tw_err tell_status(struct tw_vuln_run *r, const char *version, const struct tw_range_found *found)
{
	static const enum tw_vuln_verdict verdicts[] = {
		[TW_RANGE_AFFECTED] = TW_VULN_AFFECTED, [TW_RANGE_UNAFFECTED] = TW_VULN_UNAFFECTED, [TW_RANGE_UNKNOWN] = TW_VULN_UNDECIDED
	};
	static const char *const words[] = {
		[TW_RANGE_AFFECTED] = "affected", [TW_RANGE_UNAFFECTED] = "unaffected", [TW_RANGE_UNKNOWN] = "of unknown status"
	};
	const char *note = version == r->s->version ? "" : "; the distribution's package may have the correction";

	if (found->entry == SIZE_MAX)
		return tw_vuln_say(r, verdicts[found->status], "version %.100s is in none of the record's versions; all others are %s%s",
			version, words[found->status], found->status == TW_RANGE_UNAFFECTED ? "" : note);
	size_t size = strlen(r->place);
	(void)snprintf(r->place + size, sizeof r->place - size, "/versions/%zu", found->entry);
	return tw_vuln_say(r, verdicts[found->status], "version %.100s is %s by this entry (order of versions: %s)%s", version,
		words[found->status], tw_version_scheme_name(found->scheme), found->status == TW_RANGE_UNAFFECTED ? "" : note);
}

/* Of commits a record speaks in an entry of its own, beside one of versions: then this one decides, and the other is not told. */
struct container {
	json_t *decided; /* vendor and product of entries that gave an answer */
	bool commits;    /* those of commits are looked at, after all others */
};

static tw_err key_of(const json_t *product, struct tw_buf *ret)
{
	static const char *const keys[] = { "vendor", "product", "packageName", "packageURL" };

	for (size_t i = 0; i < TW_COUNT(keys); i++)
		TW_TRY(tw_buf_format(ret, "%s\n", tw_json_text(product, keys[i])));
	return TW_OK;
}

/* "_p2" and "_git2024" come after the version that they follow; in upstream's own versions, and so in records, what is written so may come before. */
bool tw_vuln_later_by_apk(const struct tw_vuln_subject *s, const char *version)
{
	static const char *const early[] = { "_alpha", "_beta", "_pre", "_rc" };
	const char *at = s->has_purl && !strcmp(s->purl.type, "apk") ? strchr(version, '_') : NULL;
	bool known = true;

	for (; at && known; at = strchr(at + 1, '_')) {
		known = false;
		for (size_t i = 0; i < TW_COUNT(early); i++)
			known = known || !strncmp(at, early[i], strlen(early[i]));
	}
	return !known;
}

static tw_err match_product(struct tw_vuln_run *r, const json_t *product, const struct container *c)
{
	/* A CVE record has the versions of who wrote the software, but where it names the distribution's own package. */
	const char *version = r->m.by == TW_VULN_BY_PURL ? r->s->version : r->s->upstream;
	TW_CLEANUP(tw_buf_done) struct tw_buf key = { 0 };
	struct tw_range_found found;

	if (!*version)
		return c->commits ? TW_OK : tw_vuln_say(r, TW_VULN_UNDECIDED, "the component has no version");
	tw_err e = tw_range_cve(product, version, &found);
	if (tw_failed(e) && !tw_vuln_undecidable(e))
		return e;
	if (tw_is(e, TW_CODE_UNSUPPORTED) != c->commits)
		return TW_OK;
	tw_buf_init(&key, r->s->sys, 16384);
	TW_TRY(key_of(product, &key));
	if (!tw_failed(e) && tw_vuln_later_by_apk(r->s, version))
		e = TW_RAISE(SYNTAX, "'%.100s' has a suffix of apk that upstream's versions do not have", version);
	if (tw_failed(e)) /* beside versions that decided, commits alone are not told: another range of versions may be the one that counts */
		return c->commits && json_object_get(c->decided, tw_buf_cstr(&key))
			? TW_OK
			: tw_vuln_say(r, TW_VULN_UNDECIDED, "%s", tw_err_detail());
	TW_TRY(tw_json_set(c->decided, tw_buf_cstr(&key), json_true()));
	return tell_status(r, version, &found);
}

static tw_err match_entries(struct tw_vuln_run *r, const json_t *container, const char *place, const struct container *c)
{
	const json_t *product;
	bool means;
	size_t i;

	json_array_foreach(json_object_get(container, "affected"), i, product) {
		TW_TRY(identify(r, product, &means));
		if (!means)
			continue;
		tw_vuln_place(r, "%s/affected/%zu", place, i);
		TW_TRY(match_product(r, product, c));
	}
	return TW_OK;
}

static tw_err match_container(struct tw_vuln_run *r, const json_t *container, const char *place)
{
	TW_CLEANUP(tw_jsonp) json_t *decided = json_object();
	struct container c = { .decided = decided };

	if (!decided)
		return TW_RAISE(NOMEM, "entries of a record");
	TW_TRY(match_entries(r, container, place, &c));
	c.commits = true;
	TW_TRY(match_entries(r, container, place, &c));
	return tw_vuln_applies(r, container, place);
}

tw_err tw_vuln_match_cve(const struct tw_vuln_subject *s, const json_t *record, tw_vuln_tell tell, void *user)
{
	struct tw_vuln_run r = { .s = s, .tell = tell, .user = user };
	const json_t *containers = json_object_get(record, "containers"), *one;
	char place[64];
	size_t i;

	if (!strcmp(tw_json_text(json_object_get(record, "cveMetadata"), "state"), "REJECTED"))
		return TW_OK;
	TW_TRY(match_container(&r, json_object_get(containers, "cna"), "/containers/cna"));
	json_array_foreach(json_object_get(containers, "adp"), i, one) {
		(void)snprintf(place, sizeof place, "/containers/adp/%zu", i);
		TW_TRY(match_container(&r, one, place));
	}
	return TW_OK;
}
