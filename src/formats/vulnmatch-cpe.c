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
	char version[101]; /* which of the component's */
	char identifier[TW_CPE_MAX + 1], why[TW_DETAIL_MAX];
};

bool tw_vuln_names(const struct tw_cpe *record, const struct tw_cpe *component, bool versioned)
{
	for (enum tw_cpe_attribute a = 0; a < TW_CPE_ATTRIBUTES; a++) {
		enum tw_cpe_relation x = tw_cpe_compare_attribute(record, component, a);
		bool named = a == TW_CPE_VENDOR || a == TW_CPE_PRODUCT ||
			(a == TW_CPE_PART && tw_cpe_kind(component, TW_CPE_PART) != TW_CPE_ANY);

		if (!versioned && (a == TW_CPE_VERSION || a == TW_CPE_UPDATE))
			continue;
		if (x == TW_CPE_DISJOINT || (named && x != TW_CPE_EQUAL && x != TW_CPE_SUPERSET))
			return false;
	}
	return tw_cpe_kind(record, TW_CPE_PRODUCT) != TW_CPE_ANY;
}

/* --- What the component says of its version: in its own words, and by its CPE name --- */

struct own {
	struct tw_buf version, whole; /* of its CPE name: without and with its update; empty: that says nothing more */
	enum tw_cpe_kind update;
	bool agree; /* its own words say the same */
};
struct look {
	struct tw_vuln_run *r;
	struct own own;
	struct found best;
};

/* The same text, or the same place in the order. SYNTAX, LIMIT: nobody can say, as of a commit's id. */
static tw_err same(const char *a, const char *b, bool *ret)
{
	int order = 1;

	*ret = tw_slice_is_nocase(tw_slice_of(a), b);
	if (*ret)
		return TW_OK;
	TW_TRY(tw_version_decide(TW_VERSION_GENERIC, a, b, &order));
	*ret = !order;
	return TW_OK;
}

/* What may be an update of that version: "p15" of "4.2.8-p15", but not "k" of "1.0.2k", which is a version of its own. NULL: nothing. */
static const char *tail_of(const char *text, const char *version)
{
	size_t size = strlen(version);

	if (!size || strlen(text) <= size || !tw_slice_is_nocase((struct tw_slice){ text, size }, version))
		return NULL;
	const char *tail = text + size + strspn(text + size, ".-_+~");
	if (!*tail || strspn(tail, "0123456789") || (tail == text + size && !tail[1]))
		return NULL;
	return tail;
}

static tw_err read_own(const struct tw_vuln_subject *s, struct own *ret)
{
	bool whole = false;

	TW_TRY(tw_cpe_value(&s->cpe, TW_CPE_VERSION, &ret->version));
	/* Some inventories have the distribution's version there, of which upstream's part is known. */
	if (s->upstream != s->version && strchr(tw_buf_cstr(&ret->version), '-'))
		tw_buf_clear(&ret->version);
	ret->update = tw_cpe_kind(&s->cpe, TW_CPE_UPDATE);
	if (!ret->version.size || (ret->update == TW_CPE_ANY && tail_of(s->upstream, tw_buf_cstr(&ret->version))))
		return TW_OK;
	TW_TRY(tw_buf_add(&ret->whole, ret->version.data, ret->version.size));
	TW_TRY(tw_cpe_value(&s->cpe, TW_CPE_UPDATE, &ret->whole));
	tw_err e = same(s->upstream, tw_buf_cstr(&ret->whole), &whole);
	if (tw_failed(e) && !tw_vuln_undecidable(e))
		return e;
	ret->agree = (!tw_failed(e) && whole) || tw_slice_is_nocase(tw_buf_slice(&ret->version), s->upstream);
	return TW_OK;
}

/* --- One match --- */

static void keep(struct found *f, enum certainty is, const char *version)
{
	if (is <= f->is)
		return;
	f->is = is;
	(void)snprintf(f->version, sizeof f->version, "%s", version);
	(void)snprintf(f->why, sizeof f->why, "%s", is == DOUBT ? tw_err_detail() : "");
}

/* An answer, or an error that says why there is none. */
static tw_err keep_answer(struct found *f, tw_err e, bool within, const char *version)
{
	if (tw_failed(e) && !tw_vuln_undecidable(e))
		return e;
	keep(f, tw_failed(e) ? DOUBT : within ? WITHIN : OUTSIDE, version);
	return TW_OK;
}

/* The record's version, without and with its update; the component's as one text. */
static tw_err same_release(const struct tw_cpe *c, const char *record, const char *whole, const char *text, bool *ret)
{
	const bool updated = tw_cpe_kind(c, TW_CPE_UPDATE) == TW_CPE_TEXT;

	/* An update that the component does not say may be the one that is meant. */
	if (updated && !tw_failed(same(text, record, ret)) && *ret)
		return TW_OK;
	TW_TRY(same(text, whole, ret));
	if (!*ret && !updated && tail_of(text, record))
		return TW_RAISE(SYNTAX, "'%.60s' may be an update of %.60s, which the record names", text, record);
	return TW_OK;
}

/* Both name the version, and the component's CPE name says of which update it is, or that it is of none. */
static bool updates_meet(const struct look *l, const struct tw_cpe *c)
{
	return tw_cpe_compare_attribute(c, &l->r->s->cpe, TW_CPE_UPDATE) != TW_CPE_DISJOINT;
}

/* By the component's CPE name. False: that does not say of which update it is, or the versions alone do not tell. */
static bool by_name(const struct look *l, const struct tw_cpe *c, const char *record, struct found *f)
{
	bool within = false;

	if (l->own.update == TW_CPE_ANY || (l->own.update == TW_CPE_TEXT && tw_cpe_kind(c, TW_CPE_UPDATE) == TW_CPE_TEXT))
		return false;
	if (!l->own.whole.size || tw_failed(same(tw_buf_cstr(&l->own.version), record, &within)) || !within)
		return false;
	keep(f, updates_meet(l, c) ? WITHIN : OUTSIDE, tw_buf_cstr(&l->own.whole));
	return true;
}

/* Of a criteria with a version of its own. */
static tw_err weigh_release(const struct look *l, const struct tw_cpe *c, struct tw_buf *record, struct tw_buf *whole, struct found *f)
{
	const char *version = l->r->s->upstream, *both = tw_buf_cstr(&l->own.whole);
	bool within = false;
	tw_err e = TW_OK;

	TW_TRY(tw_cpe_value(c, TW_CPE_VERSION, record));
	TW_TRY(tw_buf_add(whole, record->data, record->size));
	TW_TRY(tw_cpe_value(c, TW_CPE_UPDATE, whole));
	if (*both && !by_name(l, c, tw_buf_cstr(record), f)) {
		if (l->own.update == TW_CPE_TEXT && tw_cpe_kind(c, TW_CPE_UPDATE) == TW_CPE_TEXT)
			e = same(both, tw_buf_cstr(whole), &within);
		else
			e = same_release(c, tw_buf_cstr(record), tw_buf_cstr(whole), both, &within);
		TW_TRY(keep_answer(f, e, within, both));
	}
	if (*both && l->own.agree) /* its own words say the same, or less */
		return TW_OK;
	e = same_release(c, tw_buf_cstr(record), tw_buf_cstr(whole), version, &within);
	return keep_answer(f, e, within, version);
}

/* Of bounds: by its own words, and as CPE names are compared, where versions have no updates; the most counts. */
static tw_err weigh_range(const struct look *l, const json_t *match, const struct tw_cpe *c, struct found *f)
{
	const char *texts[] = { tw_buf_cstr(&l->own.whole), l->r->s->upstream, tw_buf_cstr(&l->own.version) };

	for (size_t i = 0; i < TW_COUNT(texts); i++) {
		/* Another of them says more: without the update it shows only what is within. */
		const bool bare = l->own.whole.size != l->own.version.size && tw_slice_is_nocase(tw_slice_of(texts[i]), texts[2]);
		bool within = false;

		if (!*texts[i])
			continue;
		tw_err e = tw_range_cpe(match, texts[i], &within);
		if (!bare || (!tw_failed(e) && within))
			TW_TRY(keep_answer(f, e, within && updates_meet(l, c), texts[i]));
	}
	return TW_OK;
}

/* OUTSIDE, WITHIN, or DOUBT with why. */
static tw_err weigh(const struct look *l, const json_t *match, const struct tw_cpe *c, struct found *f)
{
	const struct tw_vuln_subject *s = l->r->s;
	enum tw_cpe_kind kind = tw_cpe_kind(c, TW_CPE_VERSION);
	TW_CLEANUP(tw_buf_done) struct tw_buf record = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf whole = { 0 };

	if (!*s->upstream)
		return keep_answer(f, TW_RAISE(SYNTAX, "the component has no version"), false, "");
	if (tw_vuln_later_by_apk(s, s->upstream))
		return keep_answer(f,
			TW_RAISE(SYNTAX, "'%.100s' has a suffix of apk that upstream's versions do not have", s->upstream), false, "");
	if (kind == TW_CPE_NA || kind == TW_CPE_WILD)
		return keep_answer(f, TW_RAISE(SYNTAX, "the record names no single version and no range"), false, "");
	if (kind == TW_CPE_ANY)
		return weigh_range(l, match, c, f);
	tw_buf_init(&record, s->sys, TW_CPE_MAX + 1);
	tw_buf_init(&whole, s->sys, 2 * TW_CPE_MAX);
	return weigh_release(l, c, &record, &whole, f);
}

struct node {
	bool negated, joined; /* counts the other way round, or with something else alone */
	char place[120];
};

static tw_err look_at(struct look *l, const struct node *n, size_t number, const json_t *match)
{
	const char *criteria = tw_json_text(match, "criteria");
	struct found f = { 0 };
	struct tw_cpe c;

	if (!tw_json_bool(match, "vulnerable") || tw_failed(tw_cpe_parse(tw_slice_of(criteria), &c)) ||
		!tw_vuln_names(&c, &l->r->s->cpe, false))
		return TW_OK;
	TW_TRY(weigh(l, match, &c, &f));
	if (n->negated || (n->joined && f.is == WITHIN)) {
		f.is = DOUBT;
		(void)snprintf(f.why, sizeof f.why, "the record means it %s",
			n->negated ? "where something is not so" : "only together with something else");
	}
	if (f.is <= l->best.is)
		return TW_OK;
	l->best = f;
	(void)snprintf(l->best.place, sizeof l->best.place, "%s/cpeMatch/%zu", n->place, number);
	(void)snprintf(l->best.identifier, sizeof l->best.identifier, "%s", criteria);
	return TW_OK;
}

static tw_err look_at_configuration(struct look *l, const json_t *one, const char *place)
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
			TW_TRY(look_at(l, &n, k, match));
	}
	return TW_OK;
}

static tw_err tell(struct tw_vuln_run *r, const struct found *f)
{
	const char *version = f->version;
	const char *note = r->s->upstream == r->s->version ? "" : "; the distribution's package may have the correction";

	tw_vuln_identify(r, TW_VULN_BY_CPE, "%s", f->identifier);
	tw_vuln_place(r, "%s", f->place);
	if (f->is == DOUBT)
		return tw_vuln_say(r, TW_VULN_UNDECIDED, "%s", f->why);
	if (f->is == OUTSIDE)
		return tw_vuln_say(r, TW_VULN_UNAFFECTED, "version %.100s is in none of the record's CPE ranges", version);
	return tw_vuln_say(r, TW_VULN_AFFECTED, "version %.100s is in this CPE range (order of versions: generic)%s", version, note);
}

static tw_err look_at_all(struct look *l, const json_t *container, const char *place)
{
	const json_t *one;
	char at[72];
	size_t i;

	TW_TRY(read_own(l->r->s, &l->own));
	json_array_foreach(json_object_get(container, "cpeApplicability"), i, one) {
		(void)snprintf(at, sizeof at, "%s/cpeApplicability/%zu", place, i);
		TW_TRY(look_at_configuration(l, one, at));
	}
	return l->best.is == NOTHING ? TW_OK : tell(l->r, &l->best);
}

tw_err tw_vuln_applies(struct tw_vuln_run *r, const json_t *container, const char *place)
{
	struct look l = { .r = r, .best = { .is = NOTHING } };

	if (!r->s->has_cpe || !json_array_size(json_object_get(container, "cpeApplicability")))
		return TW_OK;
	tw_buf_init(&l.own.version, r->s->sys, TW_CPE_MAX + 1);
	tw_buf_init(&l.own.whole, r->s->sys, 2 * TW_CPE_MAX);
	tw_err e = look_at_all(&l, container, place);
	tw_buf_done(&l.own.version);
	tw_buf_done(&l.own.whole);
	return e;
}
