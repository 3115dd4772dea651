/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpeApplicability of CVE records (CVE JSON 5.1), which has the form of NVD's configurations: CPE names with bounds, in nodes that are joined. Read is
 * what one component alone decides; where something is negated, or counts only together with something else, the answer is undecided: what else is
 * in the product, or beneath it, is not known here.
 */
#include "base/mem.h"
#include "base/text.h"
#include "formats/vulnmatch-inside.h"

enum certainty { NOTHING, OUTSIDE, DOUBT, WITHIN }; /* of all that is said, what counts most comes last */
struct found {
	enum certainty is;
	char place[160];
	char identifier[TW_CPE_MAX + 1], why[TW_DETAIL_MAX];
};

/* By what says which product it is; versions and updates are looked at apart. A component of any part is of the record's. */
static bool names(const struct tw_cpe *record, const struct tw_cpe *component)
{
	for (size_t a = 0; a < TW_CPE_ATTRIBUTES; a++) {
		enum tw_cpe_relation x = tw_cpe_compare_attribute(record, component, (enum tw_cpe_attribute)a);
		bool named = a == TW_CPE_VENDOR || a == TW_CPE_PRODUCT ||
			(a == TW_CPE_PART && tw_cpe_kind(component, TW_CPE_PART) != TW_CPE_ANY);

		if (a == TW_CPE_VERSION || a == TW_CPE_UPDATE)
			continue;
		if (x == TW_CPE_DISJOINT || (named && x != TW_CPE_EQUAL && x != TW_CPE_SUPERSET))
			return false;
	}
	return tw_cpe_kind(record, TW_CPE_PRODUCT) != TW_CPE_ANY;
}

/* Of a criteria with a version of its own: the same text, or the same place in the order. */
static tw_err same_version(const struct tw_vuln_run *r, const struct tw_cpe *c, const char *version, bool *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf own = { 0 };
	int order = 1;

	tw_buf_init(&own, r->s->sys, TW_CPE_MAX);
	TW_TRY(tw_cpe_value(c, TW_CPE_VERSION, &own));
	tw_err e = tw_version_compare(TW_VERSION_GENERIC, tw_buf_cstr(&own), version, &order);
	if (tw_failed(e) && !tw_vuln_undecidable(e))
		return e;
	*ret = !tw_failed(e) ? order == 0 : !strcmp(tw_buf_cstr(&own), version);
	return TW_OK;
}

/* OUTSIDE, WITHIN, or DOUBT with why. */
static tw_err weigh(const struct tw_vuln_run *r, const json_t *match, const struct tw_cpe *c, const char *version, struct found *f)
{
	enum tw_cpe_kind kind = tw_cpe_kind(c, TW_CPE_VERSION);
	bool within = false;
	tw_err e = TW_OK;

	if (!*version)
		e = TW_RAISE(SYNTAX, "the component has no version");
	else if (tw_vuln_later_by_apk(r->s, version))
		e = TW_RAISE(SYNTAX, "'%.100s' has a suffix of apk that upstream's versions do not have", version);
	else if (kind == TW_CPE_NA || kind == TW_CPE_WILD)
		e = TW_RAISE(SYNTAX, "the record names no single version and no range");
	else
		e = kind == TW_CPE_TEXT ? same_version(r, c, version, &within) : tw_range_cpe(match, version, &within);
	if (tw_failed(e) && !tw_vuln_undecidable(e))
		return e;
	/* An update that the component does not say may be the one that is meant. */
	within = within && tw_cpe_compare_attribute(c, &r->s->cpe, TW_CPE_UPDATE) != TW_CPE_DISJOINT;
	f->is = tw_failed(e) ? DOUBT : within ? WITHIN : OUTSIDE;
	(void)snprintf(f->why, sizeof f->why, "%s", tw_failed(e) ? tw_err_detail() : "");
	return TW_OK;
}

struct node {
	bool negated, joined; /* counts the other way round, or with something else alone */
	char place[120];
};

static tw_err look_at(const struct tw_vuln_run *r, const struct node *n, size_t number, const json_t *match, struct found *best)
{
	const char *criteria = tw_json_text(match, "criteria");
	struct found f = { 0 };
	struct tw_cpe c;

	if (!tw_json_bool(match, "vulnerable") || tw_failed(tw_cpe_parse(tw_slice_of(criteria), &c)) || !names(&c, &r->s->cpe))
		return TW_OK;
	TW_TRY(weigh(r, match, &c, r->s->upstream, &f));
	if (n->negated || (n->joined && f.is == WITHIN)) {
		f.is = DOUBT;
		(void)snprintf(f.why, sizeof f.why, "the record means it %s",
			n->negated ? "where something is not so" : "only together with something else");
	}
	if (f.is <= best->is)
		return TW_OK;
	*best = f;
	(void)snprintf(best->place, sizeof best->place, "%s/cpeMatch/%zu", n->place, number);
	(void)snprintf(best->identifier, sizeof best->identifier, "%s", criteria);
	return TW_OK;
}

static tw_err look_at_configuration(const struct tw_vuln_run *r, const json_t *one, const char *place, struct found *best)
{
	const json_t *nodes = json_object_get(one, "nodes"), *node, *match;
	size_t i, k;

	json_array_foreach(nodes, i, node) {
		const json_t *matches = json_object_get(node, "cpeMatch");
		struct node n = { .negated = tw_json_bool(one, "negate") || tw_json_bool(node, "negate"),
			.joined = (!strcmp(tw_json_text(one, "operator"), "AND") && json_array_size(nodes) > 1) ||
				(!strcmp(tw_json_text(node, "operator"), "AND") && json_array_size(matches) > 1) };

		(void)snprintf(n.place, sizeof n.place, "%s/nodes/%zu", place, i);
		json_array_foreach(matches, k, match)
			TW_TRY(look_at(r, &n, k, match, best));
	}
	return TW_OK;
}

static tw_err tell(struct tw_vuln_run *r, const struct found *f)
{
	const char *version = r->s->upstream;
	const char *note = version == r->s->version ? "" : "; the distribution's package may have the correction";

	tw_vuln_identify(r, TW_VULN_BY_CPE, "%s", f->identifier);
	tw_vuln_place(r, "%s", f->place);
	if (f->is == DOUBT)
		return tw_vuln_say(r, TW_VULN_UNDECIDED, "%s", f->why);
	if (f->is == OUTSIDE)
		return tw_vuln_say(r, TW_VULN_UNAFFECTED, "version %.100s is in none of the record's CPE ranges", version);
	return tw_vuln_say(r, TW_VULN_AFFECTED, "version %.100s is in this CPE range (order of versions: generic)%s", version, note);
}

tw_err tw_vuln_applies(struct tw_vuln_run *r, const json_t *container, const char *place)
{
	struct found best = { .is = NOTHING };
	const json_t *one;
	char at[72];
	size_t i;

	if (!r->s->has_cpe)
		return TW_OK;
	json_array_foreach(json_object_get(container, "cpeApplicability"), i, one) {
		(void)snprintf(at, sizeof at, "%s/cpeApplicability/%zu", place, i);
		TW_TRY(look_at_configuration(r, one, at, &best));
	}
	return best.is == NOTHING ? TW_OK : tell(r, &best);
}
