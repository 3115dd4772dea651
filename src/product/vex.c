/* SPDX-License-Identifier: Apache-2.0 */
/* Triage as documents for customers: see vex.h. First what is said of each item, then the two forms of saying it. */
#include "product/vex.h"

#include "base/text.h"
#include "formats/csaf.h"
#include "formats/purl.h"
#include "formats/vexread.h"
#include "formats/vulnfeed.h"

#define WORDS_MAX 4000 /* of an impact: the rule and its evidence */

/* What is said of one vulnerability in one component. */
struct said {
	enum tw_vex_status status;
	const char *justification, *action, *summary; /* "" when absent */
	struct tw_buf impact;
};

static const json_t *decision_of(const struct tw_vex_from *from, const json_t *item)
{
	const json_t *list = json_object_get(from->decisions, tw_json_text(item, "vulnerability")), *one, *found = NULL;
	size_t i;

	json_array_foreach(list, i, one) {
		const char *component = tw_json_text(one, "component");

		if (!strcmp(tw_json_text(one, "facts"), tw_json_text(item, "facts")) &&
			(!strcmp(component, tw_json_text(item, "component")) || !strcmp(component, tw_json_text(item, "name"))))
			found = one;
	}
	return found;
}

static tw_err say_decision(const json_t *d, struct said *s)
{
	const char *status = tw_json_text(d, "status");

	s->status = !strcmp(status, "not_affected") ? TW_VEX_NOT_AFFECTED
		: !strcmp(status, "affected")       ? TW_VEX_AFFECTED
		: !strcmp(status, "fixed")          ? TW_VEX_FIXED
						    : TW_VEX_INVESTIGATED;
	s->justification = tw_json_text(d, "justification");
	s->action = tw_json_text(d, "action");
	return tw_buf_text(&s->impact, tw_json_text(d, "impact"));
}

/* The rule's reason, and as much of its evidence as has room. */
static tw_err say_evidence(const json_t *item, struct said *s)
{
	const json_t *one;
	size_t i;

	TW_TRY(tw_buf_format(&s->impact, "Rule %s: %s.", tw_json_text(item, "rule"), tw_json_text(item, "because")));
	json_array_foreach(json_object_get(item, "evidence"), i, one)
		if (json_is_string(one) && s->impact.size + json_string_length(one) + 2 < WORDS_MAX)
			TW_TRY(tw_buf_format(&s->impact, " %s.", json_string_value(one)));
	return TW_OK;
}

static enum tw_vex_status stated(const json_t *item, const char **ret_justification)
{
	static const char *const labels[] = { "component_not_present", "vulnerable_code_not_present", "vulnerable_code_not_in_execute_path",
		"vulnerable_code_cannot_be_controlled_by_adversary", "inline_mitigations_already_exist" };
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(item, "statements"), i, one) {
		if (!strcmp(tw_json_text(one, "status"), "fixed"))
			return TW_VEX_FIXED;
		for (size_t k = 0; k < TW_COUNT(labels); k++)
			if (!strcmp(tw_json_text(one, "justification"), labels[k]))
				*ret_justification = labels[k];
	}
	return TW_VEX_NOT_AFFECTED;
}

static tw_err say_rule(const json_t *item, struct said *s)
{
	const char *rule = tw_json_text(item, "rule");

	if (!strcmp(rule, "corrected"))
		s->status = TW_VEX_FIXED;
	else if (!strcmp(rule, "stated"))
		s->status = stated(item, &s->justification);
	else
		s->status = TW_VEX_NOT_AFFECTED;
	if (!strcmp(rule, "not-present"))
		s->justification = "component_not_present";
	if (!strcmp(rule, "not-compiled"))
		s->justification = "vulnerable_code_not_present";
	return s->status == TW_VEX_NOT_AFFECTED ? say_evidence(item, s) : TW_OK;
}

/* ret: whether anything is said of it. */
static tw_err say(const struct tw_vex_from *from, const json_t *item, struct said *s, bool *ret)
{
	const json_t *d = decision_of(from, item);

	s->status = TW_VEX_INVESTIGATED;
	s->justification = s->action = "";
	s->summary = tw_json_text(item, "summary");
	*ret = strcmp(tw_json_text(item, "rule"), "outside-range") != 0 || d;
	if (d)
		return say_decision(d, s);
	return !strcmp(tw_json_text(item, "state"), "ruled") ? say_rule(item, s) : TW_OK;
}

/* A package URL of its own, with the version that it may lack, or one of the type generic; canonical in any case. */
static tw_err write_purl(const struct tw_sys *sys, const char *purl, const char *name, const char *version, struct tw_buf *ret)
{
	struct tw_purl p = { 0 };
	tw_err e = tw_purl_parse(sys, tw_slice_of(purl), &p);

	if (tw_failed(e) && !tw_is(e, TW_CODE_SYNTAX) && !tw_is(e, TW_CODE_LIMIT))
		return e;
	if (tw_failed(e))
		p = (struct tw_purl){
			.type = "generic", .namespace = "", .name = *name ? name : "unnamed", .version = "", .subpath = "", .qualifiers = "\0"
		};
	if (!*p.version)
		p.version = version;
	e = tw_purl_write(&p, ret);
	tw_purl_done(&p);
	return e;
}

static tw_err item_purl(const struct tw_sys *sys, const json_t *item, struct tw_buf *ret)
{
	tw_buf_init(ret, sys, 65536);
	return write_purl(sys, tw_json_text(item, "purl"), tw_json_text(item, "name"), tw_json_text(item, "version"), ret);
}

/* The publisher's place on the web: what CSAF calls its namespace, and what OpenVEX's identifiers begin with. */
static tw_err find_namespace(const json_t *product, const char **ret)
{
	static const char *const keys[] = { "policy-url", "security-url", "support-url" };

	for (size_t i = 0; i < TW_COUNT(keys); i++) {
		*ret = tw_json_text(json_object_get(product, "contacts"), keys[i]);
		if (**ret)
			return TW_OK;
	}
	return TW_RAISE(STATE, "product.yaml has no policy-url among its contacts, by which a document names its publisher");
}

/* --- CSAF --- */

struct csaf {
	const struct tw_sys *sys;
	const struct tw_vex_from *from;
	json_t *names, *relationships; /* of the product tree */
	json_t *ids;                   /* component and version -> its number */
	json_t *vulnerabilities, *by_vulnerability;
};

/* The id of a component as a part of the product. */
static tw_err product_id(struct csaf *c, const json_t *item, char ret[32])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf key = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf purl = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf name = { 0 };
	const char *version = tw_json_text(item, "version");
	char own[16];

	tw_buf_init(&key, c->sys, 65536);
	tw_buf_init(&name, c->sys, 65536);
	TW_TRY(tw_buf_format(&key, "%s %s", tw_json_text(item, "component"), version));
	const json_t *number = json_object_get(c->ids, tw_buf_cstr(&key));
	size_t n = number ? (size_t)json_integer_value(number) : json_object_size(c->ids) + 1;
	(void)snprintf(own, sizeof own, "C%zu", n);
	(void)snprintf(ret, 32, "P:C%zu", n);
	if (number)
		return TW_OK;
	TW_TRY(tw_json_set(c->ids, tw_buf_cstr(&key), json_integer((json_int_t)n)));
	TW_TRY(item_purl(c->sys, item, &purl));
	TW_TRY(tw_buf_format(&name, "%s%s%s", *tw_json_text(item, "name") ? tw_json_text(item, "name") : "unnamed",
		*version ? " " : "", version));
	TW_TRY(tw_json_append(c->names,
		json_pack("{s:s, s:s, s:{s:s}}", "name", tw_buf_cstr(&name), "product_id", own, "product_identification_helper",
			"purl", tw_buf_cstr(&purl))));
	TW_TRY(tw_buf_format(&name, " in %s %s", tw_json_text(json_object_get(c->from->product, "product"), "name"), c->from->version));
	return tw_json_append(c->relationships,
		json_pack("{s:s, s:s, s:s, s:{s:s, s:s}}", "category", "default_component_of", "product_reference", own,
			"relates_to_product_reference", "P", "full_product_name", "name", tw_buf_cstr(&name), "product_id", ret));
}

static tw_err vulnerability_of(struct csaf *c, const json_t *item, const struct said *s, json_t **ret)
{
	const char *id = tw_json_text(item, "vulnerability");
	json_t *o = json_object_get(c->by_vulnerability, id);

	*ret = o;
	if (o)
		return TW_OK;
	o = json_pack("{s:[{s:s, s:s}], s:{}}", "notes", "category", "summary", "text", *s->summary ? s->summary : id, "product_status");
	TW_TRY(tw_json_append(c->vulnerabilities, o));
	TW_TRY(tw_json_set(c->by_vulnerability, id, json_incref(o)));
	*ret = o;
	if (tw_cve_id(tw_slice_of(id)))
		return tw_json_set(o, "cve", json_string(id));
	return tw_json_set(o, "ids", json_pack("[{s:s, s:s}]", "system_name", "OSV", "text", id));
}

static tw_err append_to(json_t *object, const char *key, json_t *value)
{
	json_t *list = json_object_get(object, key);
	tw_err e = TW_OK;

	if (!list) {
		list = json_array();
		e = tw_json_set(object, key, list);
	}
	if (!tw_failed(e))
		return tw_json_append(list, value);
	json_decref(value);
	return e;
}

static tw_err add_csaf_item(struct csaf *c, const json_t *item, const struct said *s)
{
	static const char *const statuses[] = {
		[TW_VEX_AFFECTED] = "known_affected",
		[TW_VEX_NOT_AFFECTED] = "known_not_affected",
		[TW_VEX_FIXED] = "fixed",
		[TW_VEX_INVESTIGATED] = "under_investigation",
	};
	json_t *o;
	char id[32];

	TW_TRY(product_id(c, item, id));
	TW_TRY(vulnerability_of(c, item, s, &o));
	TW_TRY(append_to(json_object_get(o, "product_status"), statuses[s->status], json_string(id)));
	if (s->status == TW_VEX_NOT_AFFECTED && *s->justification)
		TW_TRY(append_to(o, "flags", json_pack("{s:s, s:[s]}", "label", s->justification, "product_ids", id)));
	if (s->impact.size)
		TW_TRY(append_to(o, "threats",
			json_pack("{s:s, s:s, s:[s]}", "category", "impact", "details", tw_buf_cstr(&s->impact), "product_ids", id)));
	if (s->status == TW_VEX_AFFECTED)
		TW_TRY(append_to(o, "remediations",
			json_pack("{s:s, s:s, s:[s]}", "category", "mitigation", "details", s->action, "product_ids", id)));
	return TW_OK;
}

static tw_err each_item(const struct tw_sys *sys, const struct tw_vex_from *from,
	tw_err (*add)(void *to, const json_t *item, const struct said *s), void *to)
{
	const char *key;
	json_t *item;
	size_t count = 0;

	json_object_foreach((json_t *)(uintptr_t)from->items, key, item) {
		struct said s;
		bool speaks;

		tw_buf_init(&s.impact, sys, 4 * WORDS_MAX);
		tw_err e = say(from, item, &s, &speaks);
		if (!tw_failed(e) && speaks)
			e = add(to, item, &s);
		count += speaks;
		tw_buf_done(&s.impact);
		TW_TRY(e);
	}
	return count ? TW_OK : TW_RAISE(STATE, "triage found nothing that a document would say");
}

static tw_err to_csaf(void *to, const json_t *item, const struct said *s)
{
	return add_csaf_item(to, item, s);
}

/* The history of the document before, and one entry more. */
static tw_err make_tracking(const struct csaf *c, const char *id, json_t **ret)
{
	const json_t *before = json_object_get(json_object_get(c->from->previous, "document"), "tracking"),
		     *history = json_object_get(before, "revision_history");
	const char *initial = tw_json_text(before, "initial_release_date");
	TW_CLEANUP(tw_jsonp) json_t *list = history ? json_deep_copy(history) : json_array();
	char number[24];

	if (!list)
		return TW_RAISE(NOMEM, "a history");
	if (c->from->previous && strcmp(tw_json_text(before, "id"), id) != 0)
		return TW_RAISE(UNTRUSTED, "the document before is '%.80s' and not '%.80s': write to another file",
			tw_json_text(before, "id"), id);
	(void)snprintf(number, sizeof number, "%zu", json_array_size(list) + 1);
	TW_TRY(tw_json_append(list,
		json_pack("{s:s, s:s, s:s}", "date", c->from->now, "number", number, "summary",
			json_array_size(list) ? "Triage of the same release again." : "First triage of this release.")));
	*ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:O}", "id", id, "status", "final", "version", number, "initial_release_date",
		*initial ? initial : c->from->now, "current_release_date", c->from->now, "revision_history", list);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "a document");
}

static tw_err make_document(const struct csaf *c, json_t **ret)
{
	const json_t *product = json_object_get(c->from->product, "product"),
		     *organization = json_object_get(c->from->product, "organization");
	const char *space;
	TW_CLEANUP(tw_jsonp) json_t *tracking = NULL;
	char id[256], title[256];

	TW_TRY(find_namespace(c->from->product, &space));
	(void)snprintf(id, sizeof id, "%s-%s-vex", tw_json_text(product, "code"), c->from->version);
	(void)snprintf(title, sizeof title, "Known vulnerabilities and %s %s", tw_json_text(product, "name"), c->from->version);
	TW_TRY(make_tracking(c, id, &tracking));
	*ret = json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s}, s:O}", "category", "csaf_vex", "csaf_version", "2.0", "lang",
		"en", "title", title, "publisher", "category", "vendor", "name", tw_json_text(organization, "name"), "namespace",
		space, "tracking", tracking);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "a document");
}

static tw_err make_tree(const struct csaf *c, json_t **ret)
{
	const json_t *product = json_object_get(c->from->product, "product"),
		     *organization = json_object_get(c->from->product, "organization");
	char name[256];

	(void)snprintf(name, sizeof name, "%s %s", tw_json_text(product, "name"), c->from->version);
	*ret = json_pack("{s:[{s:s, s:s, s:[{s:s, s:s, s:[{s:s, s:s, s:{s:s, s:s}}]}]}], s:O, s:O}", "branches", "category",
		"vendor", "name", tw_json_text(organization, "name"), "branches", "category", "product_name", "name",
		tw_json_text(product, "name"), "branches", "category", "product_version", "name", c->from->version, "product",
		"name", name, "product_id", "P", "full_product_names", c->names, "relationships", c->relationships);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "a product tree");
}

static tw_err on_finding(void *user, const struct tw_csaf_finding *f)
{
	char *first = user;

	if (!*first)
		(void)snprintf(first, TW_DETAIL_MAX, "%s %.80s: %.140s", tw_csaf_test_id(f->test), f->path, f->message);
	return TW_OK;
}

/* Nothing leaves that our own validator would not let pass. */
static tw_err check_csaf(const struct tw_sys *sys, const json_t *document)
{
	char first[TW_DETAIL_MAX] = "";
	const struct tw_csaf_check how = { .strict = true, .tell = on_finding, .user = first };
	struct tw_csaf_counts counts;

	TW_TRY(tw_csaf_check_json(sys, document, &how, &counts));
	return counts.all ? TW_RAISE(STATE, "the document would not be valid: %s", first) : TW_OK;
}

static tw_err assemble(struct csaf *c, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL, *tree = NULL, *whole = NULL;

	if (!c->names || !c->relationships || !c->ids || !c->vulnerabilities || !c->by_vulnerability)
		return TW_RAISE(NOMEM, "a document");
	TW_TRY(make_document(c, &document));
	TW_TRY(each_item(c->sys, c->from, to_csaf, c));
	TW_TRY(make_tree(c, &tree));
	whole = json_pack("{s:O, s:O, s:O}", "document", document, "product_tree", tree, "vulnerabilities", c->vulnerabilities);
	if (!whole)
		return TW_RAISE(NOMEM, "a document");
	TW_TRY(check_csaf(c->sys, whole));
	*ret = TW_STEAL(whole);
	return TW_OK;
}

tw_err tw_vex_csaf(const struct tw_sys *sys, const struct tw_vex_from *from, json_t **ret)
{
	struct csaf c = { sys, from, json_array(), json_array(), json_object(), json_array(), json_object() };
	tw_err e = assemble(&c, ret);

	json_decref(c.names);
	json_decref(c.relationships);
	json_decref(c.ids);
	json_decref(c.vulnerabilities);
	json_decref(c.by_vulnerability);
	return e;
}

/* --- OpenVEX --- */

struct openvex {
	const struct tw_sys *sys;
	const char *product; /* its package URL */
	json_t *statements;
};

static tw_err to_openvex(void *to, const json_t *item, const struct said *s)
{
	struct openvex *v = to;
	TW_CLEANUP(tw_buf_done) struct tw_buf purl = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;

	TW_TRY(item_purl(v->sys, item, &purl));
	o = json_pack("{s:{s:s}, s:[{s:s, s:[{s:s}]}], s:s}", "vulnerability", "name", tw_json_text(item, "vulnerability"),
		"products", "@id", v->product, "subcomponents", "@id", tw_buf_cstr(&purl), "status", tw_vex_status_name(s->status));
	if (!o)
		return TW_RAISE(NOMEM, "a statement");
	if (s->status == TW_VEX_NOT_AFFECTED && *s->justification)
		TW_TRY(tw_json_set(o, "justification", json_string(s->justification)));
	if (s->status == TW_VEX_NOT_AFFECTED && s->impact.size)
		TW_TRY(tw_json_set(o, "impact_statement", json_string(tw_buf_cstr(&s->impact))));
	if (s->status == TW_VEX_AFFECTED)
		TW_TRY(tw_json_set(o, "action_statement", json_string(s->action)));
	return tw_json_append(v->statements, json_incref(o));
}

tw_err tw_vex_openvex(const struct tw_sys *sys, const struct tw_vex_from *from, json_t **ret)
{
	const json_t *product = json_object_get(from->product, "product");
	TW_CLEANUP(tw_buf_done) struct tw_buf purl = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *statements = json_array();
	int64_t version = tw_json_int(from->previous, "version") + 1;
	const char *space;
	char id[1024];

	if (!statements)
		return TW_RAISE(NOMEM, "statements");
	TW_TRY(find_namespace(from->product, &space));
	tw_buf_init(&purl, sys, 65536);
	TW_TRY(write_purl(sys, "", tw_json_text(product, "code"), from->version, &purl));
	struct openvex v = { sys, tw_buf_cstr(&purl), statements };
	TW_TRY(each_item(sys, from, to_openvex, &v));
	(void)snprintf(id, sizeof id, "%s%svex/%s-%s", space, space[strlen(space) - 1] == '/' ? "" : "/",
		tw_json_text(product, "code"), from->version);
	if (from->previous && strcmp(tw_json_text(from->previous, "@id"), id) != 0)
		return TW_RAISE(UNTRUSTED, "the document before is another one: write to another file");
	*ret = json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:O}", "@context", "https://openvex.dev/ns/v0.2.0", "@id", id, "author",
		tw_json_text(json_object_get(from->product, "organization"), "name"), "timestamp", from->now, "version",
		(json_int_t)version, "tooling", "thingward triage vex", "statements", statements);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "a document");
}
