/* SPDX-License-Identifier: Apache-2.0 */
/* Triage: see triage.h. Here how items come to be; triage-rules.c says where they go. */
#include "product/triage.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "formats/bom-link.h"
#include "product/triage-inside.h"

#include <stdarg.h>

#define RECORDS_MAX 32 /* kept of one item; the verdict counts all */
#define FILES_MAX 1000 /* program files of one item */
#define SUMMARY_MAX 200
#define PROBLEMS_MAX 100
#define ENTRY_MAX (16 * 1024 * 1024)

/* --- Components --- */

static tw_err problem(tw_triage *t, size_t part)
{
	char why[TW_DETAIL_MAX], name[128];

	if (json_array_size(t->problems) == PROBLEMS_MAX)
		return TW_OK;
	(void)snprintf(why, sizeof why, "%s", tw_err_detail());
	(void)snprintf(name, sizeof name, "%s", t->bom->of[part].c.name);
	tw_utf8_mend(name);
	tw_utf8_mend(why);
	return tw_json_append(t->problems, json_sprintf("%s: %s", name, why));
}

static bool blamed(tw_err e)
{
	return tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT);
}

/* What is wrong with one of its names costs that name, not the component. */
static tw_err make_subject(tw_triage *t, size_t part)
{
	struct tw_vuln_component c = t->bom->of[part].c;
	const char **names[] = { &c.purl, &c.cpe };
	tw_err e = tw_vuln_subject_init(t->sys, &c, &t->subjects[part]);

	for (size_t i = 0; i < TW_COUNT(names) && tw_failed(e) && blamed(e); i++) {
		const bool this = strncmp(tw_err_detail(), i ? "CPE" : "purl", i ? 3 : 4) == 0;

		if (!this)
			continue;
		TW_TRY(problem(t, part));
		*names[i] = NULL;
		e = tw_vuln_subject_init(t->sys, &c, &t->subjects[part]);
	}
	if (tw_failed(e) && blamed(e))
		return problem(t, part);
	return e;
}

/* Its purl without version and what comes behind, else its name. */
static tw_err name_part(tw_triage *t, size_t part)
{
	const struct tw_vuln_subject *s = &t->subjects[part];
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	if (t->bom->of[part].again)
		return tw_json_append(t->names, json_incref(json_array_get(t->names, part - 1)));
	tw_buf_init(&b, t->sys, 2 * TW_PURL_MAX);
	if (s->has_purl) {
		struct tw_purl bare = s->purl;

		bare.version = bare.subpath = "";
		bare.qualifiers = "\0";
		TW_TRY(tw_purl_write(&bare, &b));
	} else {
		TW_TRY(tw_buf_text(&b, t->bom->of[part].c.name));
	}
	return tw_json_append(t->names, json_string(tw_buf_cstr(&b)));
}

static tw_err fill(tw_triage *t)
{
	if (!t->by_key || !t->by_vulnerability || !t->problems || !t->names || !t->sorted)
		return TW_RAISE(NOMEM, "a triage");
	t->subjects = tw_alloc_array(t->sys, t->bom->count ? t->bom->count : 1, sizeof *t->subjects);
	if (!t->subjects)
		return TW_RAISE(NOMEM, "%zu components", t->bom->count);
	for (size_t i = 0; i < t->bom->count; i++) {
		TW_TRY(make_subject(t, i));
		TW_TRY(name_part(t, i));
	}
	return tw_vuln_index_new(t->sys, t->subjects, t->bom->count, &t->index);
}

tw_err tw_triage_new(const struct tw_sys *sys, const struct tw_bom *bom, tw_triage **ret)
{
	TW_CLEANUP(tw_triage_freep) tw_triage *t = TW_NEW(sys, tw_triage);

	if (!t)
		return TW_RAISE(NOMEM, "a triage");
	t->sys = sys;
	t->bom = bom;
	t->by_key = json_object();
	t->by_vulnerability = json_object();
	t->problems = json_array();
	t->names = json_array();
	t->sorted = json_array();
	TW_TRY(fill(t));
	*ret = TW_STEAL(t);
	return TW_OK;
}

tw_triage *tw_triage_free(tw_triage *t)
{
	if (!t)
		return NULL;
	(void)tw_vuln_index_free(t->index);
	for (size_t i = 0; t->subjects && i < t->bom->count; i++)
		tw_vuln_subject_done(&t->subjects[i]);
	for (size_t i = 0; i < t->count; i++) {
		json_decref(t->of[i].o);
		json_decref(t->of[i].files);
	}
	free(t->subjects);
	free(t->of);
	json_decref(t->by_key);
	json_decref(t->by_vulnerability);
	json_decref(t->problems);
	json_decref(t->names);
	json_decref(t->sorted);
	free(t);
	return NULL;
}

const json_t *tw_triage_items(const tw_triage *t)
{
	return t->sorted;
}

const json_t *tw_triage_problems(const tw_triage *t)
{
	return t->problems;
}

/* --- Items --- */

static tw_err key_of(struct tw_buf *b, const char *vulnerability, const char *component, const char *version)
{
	return tw_buf_format(b, "%s %s %s", vulnerability, component, version);
}

tw_err tw_triage_key(const json_t *item, struct tw_buf *ret)
{
	return key_of(ret, tw_json_text(item, "vulnerability"), tw_json_text(item, "component"), tw_json_text(item, "version"));
}

static tw_err grow(tw_triage *t)
{
	if (t->count == TW_TRIAGE_ITEMS_MAX)
		return TW_RAISE(LIMIT, "more than %d pairs of a vulnerability and a component", TW_TRIAGE_ITEMS_MAX);
	if (t->count < t->capacity)
		return TW_OK;
	size_t capacity = t->capacity ? 2 * t->capacity : 256;
	struct tw_triage_item *more = t->sys->resize(t->sys, t->of, capacity * sizeof *more);
	if (!more)
		return TW_RAISE(NOMEM, "%zu items", capacity);
	t->of = more;
	t->capacity = capacity;
	return TW_OK;
}

static tw_err note_number(json_t *map, const char *vulnerability, size_t number)
{
	json_t *list = json_object_get(map, vulnerability);

	if (!list) {
		list = json_array();
		TW_TRY(tw_json_set(map, vulnerability, list));
	}
	return tw_json_append(list, json_integer((json_int_t)number));
}

static tw_err make_item(tw_triage *t, const char *vulnerability, const char *version, size_t part, struct tw_triage_item *i)
{
	const struct tw_vuln_component *c = &t->bom->of[part].c;

	*i = (struct tw_triage_item){ .part = part };
	i->o = json_pack("{s:s, s:O, s:s, s:[], s:s}", "vulnerability", vulnerability, "component", json_array_get(t->names, part),
		"version", version, "records", "state", "open");
	if (!i->o)
		return TW_RAISE(NOMEM, "an item");
	t->count++;
	if (c->purl && *c->purl)
		TW_TRY(tw_json_set(i->o, "purl", json_string(c->purl)));
	if (c->cpe && *c->cpe)
		TW_TRY(tw_json_set(i->o, "cpe", json_string(c->cpe)));
	return tw_json_set(i->o, "name", json_string(t->subjects[part].name));
}

tw_err tw_triage_find(tw_triage *t, const char *vulnerability, size_t part, size_t *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const char *version = t->subjects[part].version;

	tw_buf_init(&b, t->sys, 65536);
	TW_TRY(key_of(&b, vulnerability, json_string_value(json_array_get(t->names, part)), version));
	const json_t *number = json_object_get(t->by_key, tw_buf_cstr(&b));
	if (number) {
		*ret = (size_t)json_integer_value(number);
		return TW_OK;
	}
	TW_TRY(grow(t));
	TW_TRY(make_item(t, vulnerability, version, part, &t->of[t->count]));
	TW_TRY(tw_json_set(t->by_key, tw_buf_cstr(&b), json_integer((json_int_t)t->count - 1)));
	TW_TRY(note_number(t->by_vulnerability, vulnerability, t->count - 1));
	*ret = t->count - 1;
	return TW_OK;
}

/* --- Records --- */

struct matching {
	tw_triage *t;
	const json_t *record;
	const char *id, *file, *summary;
	size_t part;
	enum tw_feed_kind kind;
};

/* The number behind a word of a place; 0 where there is none, which no place of ours comes to. */
static size_t number_behind(const char *place, const char *word)
{
	const char *at = strstr(place, word);
	uint64_t n = 0;

	if (at)
		at += strlen(word);
	if (at && tw_failed(tw_parse_u64((struct tw_slice){ at, strspn(at, "0123456789") }, SIZE_MAX, &n)))
		return 0;
	return (size_t)n;
}

/* The element of `affected`, or of `cpeApplicability`, that a place lies in. */
static const json_t *entry_of(const struct matching *m, const char *place)
{
	const json_t *containers = json_object_get(m->record, "containers"), *from = m->record;

	if (!strncmp(place, "/containers/adp/", 16))
		from = json_array_get(json_object_get(containers, "adp"), number_behind(place, "/adp/"));
	else if (m->kind == TW_FEED_CVE)
		from = json_object_get(containers, "cna");
	if (strstr(place, "/cpeApplicability/"))
		return json_array_get(json_object_get(from, "cpeApplicability"), number_behind(place, "/cpeApplicability/"));
	return json_array_get(json_object_get(from, "affected"), number_behind(place, "/affected/"));
}

/* Of what a verdict rests on: not of what a database says besides. */
static tw_err hash_entry(const struct matching *m, const json_t *entry, char ret[17])
{
	static const char *const keys[] = { "package", "ranges", "versions", "defaultStatus", "cpes", "vendor", "product",
		"packageName", "packageURL", "programFiles", "nodes", "operator", "negate" };
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	uint8_t hash[TW_SHA256_SIZE];

	if (!o)
		return TW_RAISE(NOMEM, "an entry");
	for (size_t i = 0; i < TW_COUNT(keys); i++)
		if (json_object_get(entry, keys[i]))
			TW_TRY(tw_json_set(o, keys[i], json_incref(json_object_get(entry, keys[i]))));
	tw_buf_init(&b, m->t->sys, ENTRY_MAX);
	TW_TRY(tw_json_write(o, &b));
	TW_TRY(tw_sha256(b.data, b.size, hash));
	for (size_t i = 0; i < 8; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", hash[i]);
	return TW_OK;
}

static tw_err add_files(struct tw_triage_item *i, const json_t *entry)
{
	const json_t *list = json_object_get(entry, "programFiles"), *one;
	size_t k;

	if (!json_is_array(list) || !json_array_size(list))
		i->open_files = true;
	json_array_foreach(list, k, one) {
		if (!json_is_string(one) || json_array_size(i->files) == FILES_MAX) {
			i->open_files = true;
			continue;
		}
		if (!i->files && !(i->files = json_object()))
			return TW_RAISE(NOMEM, "files");
		TW_TRY(tw_json_set(i->files, json_string_value(one), json_true()));
	}
	return TW_OK;
}

/* What a decision rests on of one record or statement, however many there are. */
static tw_err add_said(struct tw_triage_item *i, const char *format, ...) __attribute__((format(printf, 2, 3)));
static tw_err add_said(struct tw_triage_item *i, const char *format, ...)
{
	char text[1024];
	uint8_t hash[TW_SHA256_SIZE];
	va_list list;

	va_start(list, format);
	(void)vsnprintf(text, sizeof text, format, list);
	va_end(list);
	TW_TRY(tw_sha256(text, strlen(text), hash));
	for (size_t k = 0; k < TW_COUNT(i->said); k++) {
		uint64_t n = 0;

		for (size_t byte = 0; byte < 8; byte++)
			n = n << 8 | hash[8 * k + byte];
		i->said[k] += n;
	}
	return TW_OK;
}

static void weigh(const struct matching *m, struct tw_triage_item *i, const struct tw_vuln_match *v)
{
	const struct tw_vuln_subject *s = &m->t->subjects[m->part];
	bool distribution = s->has_purl && (!strcmp(s->purl.type, "deb") || !strcmp(s->purl.type, "rpm") || !strcmp(s->purl.type, "apk"));
	bool own = distribution && m->kind == TW_FEED_OSV && (v->by == TW_VULN_BY_PURL || v->by == TW_VULN_BY_PACKAGE);

	i->affected = i->affected || v->verdict == TW_VULN_AFFECTED;
	i->undecided = i->undecided || v->verdict == TW_VULN_UNDECIDED;
	i->own_unaffected = i->own_unaffected || (own && v->verdict == TW_VULN_UNAFFECTED);
	i->own_other = i->own_other || (own && v->verdict != TW_VULN_UNAFFECTED);
}

static tw_err note(const struct matching *m, const char *vulnerability, const struct tw_vuln_match *v)
{
	static const char *const verdicts[] = { "affected", "unaffected", "undecided" };
	const json_t *entry = entry_of(m, v->place);
	size_t number = 0;
	char hash[17];

	TW_TRY(tw_triage_find(m->t, vulnerability, m->part, &number));
	struct tw_triage_item *i = &m->t->of[number];
	weigh(m, i, v);
	if (m->kind == TW_FEED_CVE && v->verdict != TW_VULN_UNAFFECTED && !strncmp(v->place, "/containers/cna/affected/", 25))
		TW_TRY(add_files(i, entry));
	if (*m->summary && !json_object_get(i->o, "summary")) {
		char cut[SUMMARY_MAX + 1];

		(void)snprintf(cut, sizeof cut, "%s", m->summary);
		tw_utf8_mend(cut);
		TW_TRY(tw_json_set(i->o, "summary", json_string(cut)));
	}
	TW_TRY(tw_triage_score(m->record, entry, i->o));
	TW_TRY(hash_entry(m, entry, hash));
	TW_TRY(add_said(i, "record %.300s %s %s %s", m->id, tw_vuln_by_name(v->by), verdicts[v->verdict], hash));
	if (i->records++ >= RECORDS_MAX)
		return TW_OK;
	return tw_json_append(json_object_get(i->o, "records"),
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", m->id, "file", m->file, "by", tw_vuln_by_name(v->by), "verdict",
			verdicts[v->verdict], "identifier", v->identifier, "place", v->place, "reason", v->reason, "entry", hash));
}

/* An OSV record goes by the CVE ids that it is an alias of, or that stand upstream of it; without any by its own. */
static tw_err on_match(void *user, const struct tw_vuln_match *v)
{
	static const char *const keys[] = { "aliases", "upstream" };
	const struct matching *m = user;
	const json_t *one;
	bool any = tw_cve_id(tw_slice_of(m->id));
	size_t i;

	if (any || m->kind != TW_FEED_OSV)
		return note(m, m->id, v);
	for (size_t k = 0; k < TW_COUNT(keys); k++)
		json_array_foreach(json_object_get(m->record, keys[k]), i, one)
			if (json_is_string(one) && tw_cve_id(tw_slice_of(json_string_value(one)))) {
				any = true;
				TW_TRY(note(m, json_string_value(one), v));
			}
	return any ? TW_OK : note(m, m->id, v);
}

static tw_err on_candidate(void *user, size_t subject)
{
	struct matching *m = user;
	const struct tw_vuln_subject *s = &m->t->subjects[subject];

	m->part = subject;
	return m->kind == TW_FEED_OSV ? tw_vuln_match_osv(s, m->record, on_match, m) : tw_vuln_match_cve(s, m->record, on_match, m);
}

tw_err tw_triage_record(tw_triage *t, enum tw_feed_kind kind, const json_t *record, const char *file)
{
	struct matching m = { .t = t, .record = record, .file = file, .kind = kind };

	t->records++;
	if (kind == TW_FEED_OSV) {
		m.id = tw_json_text(record, "id");
		m.summary = tw_json_text(record, "summary");
		return tw_vuln_index_osv(t->index, record, on_candidate, &m);
	}
	m.id = tw_json_text(json_object_get(record, "cveMetadata"), "cveId");
	m.summary = tw_json_text(json_object_get(json_object_get(record, "containers"), "cna"), "title");
	return tw_vuln_index_cve(t->index, record, on_candidate, &m);
}

/* --- Statements --- */

struct stating {
	tw_triage *t;
	const struct tw_vex_statement *s;
	const char *file;
	bool foreign; /* said of the components of another product */
};

static bool same_release(const struct tw_purl *a, const struct tw_purl *b)
{
	const char *x = tw_purl_qualifier(a, "distro"), *y = tw_purl_qualifier(b, "distro");

	return !x || !y || !strcmp(x, y);
}

/* ret_version: what the statement says of the version; "" for nothing. */
static tw_err means_purl(const struct tw_vuln_subject *subject, const struct tw_vex_statement *s, struct tw_buf *ret_version, bool *ret)
{
	/* Its version as a component's is read: with an epoch, without the v of Go. */
	TW_CLEANUP(tw_vuln_subject_done) struct tw_vuln_subject other = { 0 };
	tw_err e = tw_vuln_subject_init(subject->sys, &(struct tw_vuln_component){ .purl = s->purl, .version = s->version }, &other);

	*ret = false;
	if (tw_failed(e))
		return blamed(e) ? TW_OK : e;
	*ret = subject->has_purl && tw_purl_same_package(&subject->purl, &other.purl) && same_release(&subject->purl, &other.purl);
	return tw_buf_text(ret_version, other.version);
}

static tw_err means_cpe(const struct tw_vuln_subject *subject, const struct tw_vex_statement *s, struct tw_buf *ret_version, bool *ret)
{
	struct tw_cpe c;

	*ret = false;
	if (!subject->has_cpe || tw_failed(tw_cpe_parse(tw_slice_of(s->cpe), &c)))
		return TW_OK;
	enum tw_cpe_relation x = tw_cpe_compare(&c, &subject->cpe);
	*ret = x == TW_CPE_EQUAL || x == TW_CPE_SUPERSET;
	if (*s->version)
		return tw_buf_text(ret_version, s->version);
	if (tw_cpe_kind(&c, TW_CPE_VERSION) == TW_CPE_TEXT)
		return tw_buf_text(ret_version, subject->version); /* it is equal, or it would not be a superset */
	return TW_OK;
}

/* What is fixed or not affected is so in one version; a purl without one says it of none, and a whole product is believed only if it is affected. */
static tw_err means(const struct stating *g, const struct tw_vuln_subject *subject, bool *ret)
{
	const struct tw_vex_statement *s = g->s;
	TW_CLEANUP(tw_buf_done) struct tw_buf version = { 0 };

	*ret = false;
	if (*s->name && !tw_slice_is_nocase(tw_slice_of(s->name), subject->name))
		return TW_OK;
	tw_buf_init(&version, g->t->sys, 2 * TW_PURL_MAX);
	if (*s->purl) {
		TW_TRY(means_purl(subject, s, &version, ret));
	} else if (*s->cpe) {
		TW_TRY(means_cpe(subject, s, &version, ret));
	} else {
		*ret = *s->name;
		TW_TRY(tw_buf_text(&version, s->version));
	}
	if (version.size)
		*ret = *ret && !strcmp(tw_buf_cstr(&version), subject->version);
	else
		*ret = *ret && s->status != TW_VEX_FIXED && s->status != TW_VEX_NOT_AFFECTED;
	return TW_OK;
}

static tw_err on_named(void *user, size_t part)
{
	const struct stating *g = user;
	const bool settles = g->s->status == TW_VEX_FIXED || g->s->status == TW_VEX_NOT_AFFECTED;
	size_t number = 0;
	bool meant;

	/* In another product something else may keep it from being reached; in ours, what we said ourselves is no news. */
	if ((g->s->part || (g->foreign && !g->s->linked)) && settles)
		return TW_OK;
	TW_TRY(means(g, &g->t->subjects[part], &meant));
	if (!meant)
		return TW_OK;
	TW_TRY(tw_triage_find(g->t, g->s->vulnerability, part, &number));
	struct tw_triage_item *i = &g->t->of[number];
	i->said_affected = i->said_affected || !settles;
	i->said_settled = i->said_settled || settles;
	TW_TRY(add_said(i, "statement %s %.100s", tw_vex_status_name(g->s->status), g->s->justification));
	json_t *list = json_object_get(i->o, "statements");
	if (!list) {
		list = json_array();
		TW_TRY(tw_json_set(i->o, "statements", list));
	}
	if (json_array_size(list) == RECORDS_MAX)
		return TW_OK;
	return tw_json_append(list,
		json_pack("{s:s, s:s, s:s, s:s}", "status", tw_vex_status_name(g->s->status), "justification", g->s->justification,
			"file", g->file, "place", g->s->place));
}

static tw_err on_statement(void *user, const struct tw_vex_statement *s)
{
	struct stating *g = user;

	g->s = s;
	if (strlen(s->vulnerability) > 256)
		return TW_RAISE(LIMIT, "%s: a name of more than 256 bytes", s->place);
	return tw_vuln_index_named(g->t->index, s->name, s->purl, s->cpe, on_named, g);
}

tw_err tw_triage_statements(tw_triage *t, const json_t *document, const char *file)
{
	struct stating g = { .t = t, .file = file };

	return tw_vex_read(document, on_statement, &g);
}

struct linking {
	tw_triage *t;
	const char *file;
	json_t *told; /* documents */
};

/* Once of each document, with the place of the first. */
static tw_err on_link(void *user, const char *place, const char *link)
{
	const struct linking *g = user;
	struct tw_bom_link l = { 0 };
	char document[128], why[512];

	if (tw_failed(tw_bom_link_parse(link, &l)))
		(void)snprintf(why, sizeof why, "%.200s: %.100s: %.160s", g->file, place, tw_err_detail());
	else if (tw_bom_link_means(&l, g->t->bom->document))
		return TW_OK;
	else
		(void)snprintf(why, sizeof why, "%.200s: %.100s: the inventory that %.120s names is not given", g->file, place, link);
	tw_utf8_mend(why);
	(void)snprintf(document, sizeof document, "%.*s", (int)(l.ref.size ? (size_t)(l.ref.at - 1 - link) : sizeof document - 1), link);
	tw_utf8_mend(document);
	if (json_object_get(g->told, document) || json_array_size(g->t->problems) == PROBLEMS_MAX)
		return TW_OK;
	TW_TRY(tw_json_set(g->told, document, json_true()));
	return tw_json_append(g->t->problems, json_string(why));
}

tw_err tw_triage_inventory(tw_triage *t, const struct tw_bom *said, const char *file)
{
	struct stating g = { .t = t, .file = file, .foreign = said != t->bom };
	TW_CLEANUP(tw_jsonp) json_t *told = json_object();
	struct linking links = { t, file, told };

	if (!told)
		return TW_RAISE(NOMEM, "inventories");
	TW_TRY(tw_vex_bom(said, t->bom, on_statement, &g));
	return tw_bom_links(t->sys, said, on_link, &links);
}

/* --- Lists --- */

static tw_err on_kev(void *user, const struct tw_kev *one)
{
	tw_triage *t = user;
	const json_t *number;
	size_t i;

	json_array_foreach(json_object_get(t->by_vulnerability, one->cve), i, number)
		TW_TRY(tw_json_set(t->of[json_integer_value(number)].o, "kev",
			json_pack("{s:s, s:s, s:b}", "added", one->added, "due", one->due, "ransomware", one->ransomware)));
	return TW_OK;
}

tw_err tw_triage_kev(tw_triage *t, struct tw_slice text)
{
	return tw_kev_read(text, on_kev, t);
}

static tw_err on_epss(void *user, const struct tw_epss *one)
{
	tw_triage *t = user;
	const json_t *number;
	size_t i;
	char cve[TW_CVE_ID_MAX + 1];

	(void)snprintf(cve, sizeof cve, TW_SLICE_FMT, TW_SLICE_ARG(one->cve));
	json_array_foreach(json_object_get(t->by_vulnerability, cve), i, number)
		TW_TRY(tw_json_set(t->of[json_integer_value(number)].o, "epss", json_integer(one->probability)));
	return TW_OK;
}

tw_err tw_triage_epss(tw_triage *t, struct tw_slice text)
{
	return tw_epss_read(text, on_epss, t);
}
