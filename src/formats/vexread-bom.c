/* SPDX-License-Identifier: Apache-2.0 */
/* What an inventory says of vulnerabilities in its own components: see vexread.h. */
#include "base/mem.h"
#include "formats/bom-link.h"
#include "formats/vexread.h"
#include "formats/vulnfeed.h"

#define IGNORED "IGNORE_CVES" /* fixed by a patch of Buildroot's, or of something that is not built: which, a comment there says */

struct inventory {
	const struct tw_bom *bom;
	json_t *parts; /* id of a component -> its number, or numbers: of an id that several have */
};
struct telling {
	const struct tw_bom *bom;
	struct inventory own, other; /* other: without a document where there is none */
	tw_vex_visit visit;
	void *user;
	size_t count;
	char place[128];
};

static bool settles(enum tw_vex_status s)
{
	return s == TW_VEX_FIXED || s == TW_VEX_NOT_AFFECTED;
}

static tw_err say_of(struct telling *t, const struct inventory *in, size_t number, const char *vulnerability, struct tw_vex_statement s)
{
	const struct tw_vuln_component *c = &in->bom->of[number].c;

	if (t->count++ == TW_VEX_STATEMENTS_MAX)
		return TW_RAISE(LIMIT, "a document of more than %d statements", TW_VEX_STATEMENTS_MAX);
	s.vulnerability = vulnerability;
	s.purl = c->purl ? c->purl : "";
	s.cpe = c->cpe ? c->cpe : "";
	s.name = c->name;
	s.version = c->version;
	s.justification = s.justification ? s.justification : "";
	s.place = t->place;
	s.linked = in == &t->other;
	return t->visit(t->user, &s);
}

/* Of an id that several components have nobody knows which is meant: what may be affected is each of them, what is settled is none. */
static tw_err say_in(struct telling *t, const struct inventory *in, const char *id, const char *vulnerability, struct tw_vex_statement s)
{
	const json_t *number = json_object_get(in->parts, id), *one;
	size_t i;

	if (!number || !*vulnerability) /* of the product as a whole, or of what is no component here */
		return TW_OK;
	if (json_is_integer(number))
		return say_of(t, in, (size_t)json_integer_value(number), vulnerability, s);
	json_array_foreach(number, i, one)
		if (!settles(s.status))
			TW_TRY(say_of(t, in, (size_t)json_integer_value(one), vulnerability, s));
	return TW_OK;
}

static tw_err say(struct telling *t, const char *id, const char *vulnerability, struct tw_vex_statement s)
{
	return say_in(t, &t->own, id, vulnerability, s);
}

static tw_err list_in(const json_t *object, const char *key, const char *place, const json_t **ret)
{
	*ret = json_object_get(object, key);
	if (*ret && !json_is_array(*ret))
		return TW_RAISE(SYNTAX, "%s/%s: is no list", place, key);
	return TW_OK;
}

/* --- CycloneDX --- */

static tw_err state_of(const json_t *analysis, const char *place, enum tw_vex_status *ret)
{
	static const struct {
		const char *name;
		enum tw_vex_status status;
	} rows[] = {
		{ "exploitable", TW_VEX_AFFECTED },
		{ "in_triage", TW_VEX_INVESTIGATED },
		{ "false_positive", TW_VEX_NOT_AFFECTED },
		{ "not_affected", TW_VEX_NOT_AFFECTED },
		{ "resolved", TW_VEX_FIXED },
		{ "resolved_with_pedigree", TW_VEX_FIXED },
	};
	const char *name = tw_json_text(analysis, "state");

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (!strcmp(name, rows[i].name)) {
			*ret = rows[i].status;
			return TW_OK;
		}
	return TW_RAISE(SYNTAX, "%s/analysis/state: '%.40s' is none of its words", place, name);
}

/* Buildroot's generate-cyclonedx writes so what a package's IGNORE_CVES name, without the comment that says why. */
static bool ignored_by_buildroot(const json_t *analysis)
{
	return strstr(tw_json_text(analysis, "detail"), "marked as ignored by Buildroot") != NULL;
}

/*
 * Where it names versions, what is settled is settled for these, but for those that it calls affected or of unknown status. A status that is absent
 * is "affected" by the schema; beside an analysis that says otherwise it counts as left out, unless versions or ranges beside it have one of these.
 */
static bool names_version(const struct inventory *in, const json_t *affects, const char *id)
{
	const json_t *list = json_object_get(affects, "versions"), *one, *number = json_object_get(in->parts, id);
	bool named = false, absent = false, other = false;
	size_t i;

	if (!json_is_integer(number) || !list)
		return true;
	json_array_foreach(list, i, one) {
		const json_t *status = json_object_get(one, "status");
		const bool unaffected = !strcmp(tw_json_text(one, "status"), "unaffected");

		other = other || (status && !unaffected);
		if (strcmp(tw_json_text(one, "version"), in->bom->of[json_integer_value(number)].c.version) != 0)
			continue;
		if (status && !unaffected)
			return false;
		named = named || unaffected;
		absent = absent || !status;
	}
	return (named || absent) && !(absent && other);
}

/*
 * Whose component is meant; NULL: of no inventory that is given. *id becomes what it is called there, room holds that. A link is also what somebody may call a
 * component.
 */
static const struct inventory *find_inventory(const struct telling *t, const char **id, char room[TW_BOM_REF_MAX + 1])
{
	const struct inventory *const all[] = { &t->own, &t->other };
	struct tw_bom_link l;

	if (json_object_get(t->own.parts, *id) || !tw_bom_is_link(*id))
		return &t->own;
	if (tw_failed(tw_bom_link_parse(*id, &l)) || !tw_bom_link_ref(&l, room))
		return NULL;
	*id = room;
	for (size_t i = 0; i < TW_COUNT(all); i++)
		if (all[i]->bom && tw_bom_link_means(&l, all[i]->bom->document))
			return all[i];
	return NULL;
}

static tw_err read_affects(struct telling *t, const json_t *vulnerability, const char *place, const struct tw_vex_statement *s)
{
	const json_t *list, *one;
	size_t i;

	TW_TRY(list_in(vulnerability, "affects", place, &list));
	json_array_foreach(list, i, one) {
		const char *id = tw_json_text(one, "ref");
		char room[TW_BOM_REF_MAX + 1];

		(void)snprintf(t->place, sizeof t->place, "%s/affects/%zu", place, i);
		if (!*id)
			return TW_RAISE(SYNTAX, "%s/ref: is missing", t->place);
		const struct inventory *in = find_inventory(t, &id, room);
		if (in && (!settles(s->status) || names_version(in, one, id)))
			TW_TRY(say_in(t, in, id, tw_json_text(vulnerability, "id"), *s));
	}
	return TW_OK;
}

static tw_err read_cyclonedx(struct telling *t)
{
	const json_t *list, *one;
	char place[64];
	size_t i;

	TW_TRY(list_in(t->bom->document, "vulnerabilities", "", &list));
	json_array_foreach(list, i, one) {
		const json_t *analysis = json_object_get(one, "analysis");
		struct tw_vex_statement s = { .justification = tw_json_text(analysis, "justification") };

		(void)snprintf(place, sizeof place, "/vulnerabilities/%zu", i);
		if (!json_object_get(analysis, "state"))
			continue; /* what somebody's search found is no statement yet */
		TW_TRY(state_of(analysis, place, &s.status));
		if (s.status == TW_VEX_INVESTIGATED && ignored_by_buildroot(analysis)) {
			s.status = TW_VEX_NOT_AFFECTED;
			s.justification = IGNORED;
		}
		TW_TRY(read_affects(t, one, place, &s));
	}
	return TW_OK;
}

/* --- SPDX 2 --- */

/* Of Yocto's recipes: what patches correct without another version. */
static tw_err read_source_info(struct telling *t, size_t number)
{
	static const char begin[] = "CVEs fixed: ";
	const struct tw_bom_part *part = &t->bom->of[number];
	const char *at = tw_json_text(part->object, "sourceInfo");

	if (part->again || strncmp(at, begin, sizeof begin - 1) != 0)
		return TW_OK;
	(void)snprintf(t->place, sizeof t->place, "/packages/%zu/sourceInfo", part->index);
	for (at += sizeof begin - 1; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
		const struct tw_slice word = { at, strcspn(at, " ") };
		char id[TW_CVE_ID_MAX + 1];

		if (!tw_cve_id(word))
			continue;
		(void)snprintf(id, sizeof id, TW_SLICE_FMT, TW_SLICE_ARG(word));
		/* Of this package, and not of its id: packages of several documents in one list may have the same. */
		TW_TRY(say_of(t, &t->own, number, id, (struct tw_vex_statement){ .status = TW_VEX_FIXED }));
	}
	return TW_OK;
}

static tw_err read_spdx2(struct telling *t)
{
	for (size_t i = 0; i < t->bom->count; i++)
		TW_TRY(read_source_info(t, i));
	return TW_OK;
}

/* --- SPDX 3 --- */

/* The CVE id among its external identifiers, else its name; of one that another document has, what its address ends with. */
static const char *vulnerability_of(const json_t *known, const char *id)
{
	const json_t *element = json_object_get(known, id), *one;
	const char *end = strrchr(id, '/') ? strrchr(id, '/') + 1 : id;
	size_t i;

	json_array_foreach(json_object_get(element, "externalIdentifier"), i, one)
		if (!strcmp(tw_json_text(one, "externalIdentifierType"), "cve") && *tw_json_text(one, "identifier"))
			return tw_json_text(one, "identifier");
	if (*tw_json_text(element, "name"))
		return tw_json_text(element, "name");
	return tw_cve_id(tw_slice_of(end)) ? end : "";
}

/* False: it is no VEX, was withdrawn, or says nothing that takes a match away or brings one. */
static bool relationship(const json_t *element, struct tw_vex_statement *ret)
{
	static const struct {
		const char *type;
		enum tw_vex_status status;
	} rows[] = {
		{ "security_VexAffectedVulnAssessmentRelationship", TW_VEX_AFFECTED },
		{ "security_VexFixedVulnAssessmentRelationship", TW_VEX_FIXED },
		{ "security_VexNotAffectedVulnAssessmentRelationship", TW_VEX_NOT_AFFECTED },
		{ "security_VexUnderInvestigationVulnAssessmentRelationship", TW_VEX_INVESTIGATED },
	};
	static const struct {
		const char *spdx, *label;
	} words[] = {
		{ "componentNotPresent", "component_not_present" },
		{ "inlineMitigationsAlreadyExist", "inline_mitigations_already_exist" },
		{ "vulnerableCodeCannotBeControlledByAdversary", "vulnerable_code_cannot_be_controlled_by_adversary" },
		{ "vulnerableCodeNotInExecutePath", "vulnerable_code_not_in_execute_path" },
		{ "vulnerableCodeNotPresent", "vulnerable_code_not_present" },
	};
	const char *type = tw_json_text(element, "type"), *why = tw_json_text(element, "security_justificationType");
	size_t i = 0;

	while (i < TW_COUNT(rows) && strcmp(type, rows[i].type) != 0)
		i++;
	if (i == TW_COUNT(rows) || json_object_get(element, "security_withdrawnTime"))
		return false;
	*ret = (struct tw_vex_statement){ .status = rows[i].status, .part = json_object_get(element, "security_assessedElement") != NULL };
	for (size_t k = 0; k < TW_COUNT(words); k++)
		if (!strcmp(why, words[k].spdx))
			ret->justification = words[k].label;
	return ret->status != TW_VEX_NOT_AFFECTED || ret->justification;
}

static tw_err read_relationship(struct telling *t, const json_t *element, size_t number, const json_t *known)
{
	const char *vulnerability = vulnerability_of(known, tw_json_text(element, "from"));
	const char *assessed = tw_json_text(element, "security_assessedElement");
	struct tw_vex_statement s;
	const json_t *one;
	size_t i;

	if (!relationship(element, &s))
		return TW_OK;
	(void)snprintf(t->place, sizeof t->place, "/@graph/%zu", number);
	if (*assessed) /* a part of the product that it is said to */
		return say(t, assessed, vulnerability, s);
	json_array_foreach(json_object_get(element, "to"), i, one) {
		(void)snprintf(t->place, sizeof t->place, "/@graph/%zu/to/%zu", number, i);
		TW_TRY(say(t, json_string_value(one), vulnerability, s));
	}
	return TW_OK;
}

static tw_err read_spdx3(struct telling *t)
{
	TW_CLEANUP(tw_jsonp) json_t *known = json_object();
	const json_t *graph = json_object_get(t->bom->document, "@graph");
	json_t *one;
	size_t i;

	if (!known)
		return TW_RAISE(NOMEM, "vulnerabilities");
	json_array_foreach(graph, i, one)
		if (!strcmp(tw_json_text(one, "type"), "security_Vulnerability") && *tw_json_text(one, "spdxId"))
			TW_TRY(tw_json_set(known, tw_json_text(one, "spdxId"), json_incref(one)));
	json_array_foreach(graph, i, one)
		TW_TRY(read_relationship(t, one, i, known));
	return TW_OK;
}

/* --- Buildroot --- */

static tw_err read_ignored(struct telling *t, const struct tw_bom_part *part)
{
	const json_t *list, *one;
	char place[64];
	size_t i;

	(void)snprintf(place, sizeof place, "/%.60s", part->id);
	TW_TRY(list_in(part->object, "ignore_cves", place, &list));
	json_array_foreach(list, i, one) {
		(void)snprintf(t->place, sizeof t->place, "%s/ignore_cves/%zu", place, i);
		if (!json_is_string(one))
			return TW_RAISE(SYNTAX, "%s: is no text", t->place);
		TW_TRY(say(t, part->id, json_string_value(one),
			(struct tw_vex_statement){ .status = TW_VEX_NOT_AFFECTED, .justification = IGNORED }));
	}
	return TW_OK;
}

static tw_err read_buildroot(struct telling *t)
{
	for (size_t i = 0; i < t->bom->count; i++)
		TW_TRY(read_ignored(t, &t->bom->of[i]));
	return TW_OK;
}

/* --- All --- */

static tw_err note_part(const char *id, size_t number, json_t *parts)
{
	json_t *had = json_object_get(parts, id), *list;

	if (!had)
		return tw_json_set(parts, id, json_integer((json_int_t)number));
	if (json_is_array(had))
		return tw_json_append(had, json_integer((json_int_t)number));
	list = json_pack("[O, I]", had, (json_int_t)number);
	return tw_json_set(parts, id, list);
}

static tw_err note_parts(const struct tw_bom *bom, json_t *parts)
{
	for (size_t i = 0; i < bom->count; i++)
		if (*bom->of[i].id && !bom->of[i].again)
			TW_TRY(note_part(bom->of[i].id, i, parts));
	return TW_OK;
}

static tw_err read_kind(struct telling *t)
{
	switch (t->bom->kind) {
	case TW_BOM_CYCLONEDX:
		return read_cyclonedx(t);
	case TW_BOM_SPDX3:
		return read_spdx3(t);
	case TW_BOM_BUILDROOT:
		return read_buildroot(t);
	case TW_BOM_SPDX2:
		return read_spdx2(t);
	case TW_BOM_UNKNOWN:
		break;
	}
	return TW_OK;
}

tw_err tw_vex_bom(const struct tw_bom *bom, const struct tw_bom *other, tw_vex_visit visit, void *user)
{
	TW_CLEANUP(tw_jsonp) json_t *parts = json_object();
	TW_CLEANUP(tw_jsonp) json_t *others = json_object();
	struct telling t = { .bom = bom, .own = { bom, parts }, .visit = visit, .user = user };

	if (!parts || !others)
		return TW_RAISE(NOMEM, "components");
	TW_TRY(note_parts(bom, parts));
	if (other && other != bom && other->kind == TW_BOM_CYCLONEDX) {
		t.other = (struct inventory){ other, others };
		TW_TRY(note_parts(other, others));
	}
	return read_kind(&t);
}
