/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where items of a triage go: rules in the order of the table, decisions, the queue. A rule takes away only what it can show; what it has
 * no input for it leaves alone.
 */
#include "base/text.h"
#include "crypto/hash.h"
#include "product/triage-inside.h"

#include <inttypes.h>

#define EVIDENCE_MAX 20 /* lines kept of one item */

/* Takes the text, also when it fails. */
static tw_err add_evidence(struct tw_triage_item *i, json_t *text)
{
	json_t *list = json_object_get(i->o, "evidence");
	tw_err e = TW_OK;

	if (!list) {
		list = json_array();
		e = tw_json_set(i->o, "evidence", list);
	}
	if (!tw_failed(e) && json_array_size(list) < EVIDENCE_MAX)
		return tw_json_append(list, text);
	json_decref(text);
	return e;
}

/* --- The kernel --- */

/* By the names that kernels usually have. */
static bool named_kernel(const struct tw_vuln_subject *s)
{
	static const char *const names[] = { "linux", "kernel", "linux-kernel", "linux_kernel" };

	for (size_t k = 0; k < TW_COUNT(names); k++)
		if (!strcmp(s->name, names[k]))
			return true;
	return !strncmp(s->name, "linux-yocto", 11) || !strncmp(s->name, "linux-image-", 12) ||
		(s->has_cpe && tw_slice_is_nocase(s->cpe.of[TW_CPE_PRODUCT], "linux_kernel"));
}

static bool is_kernel(const struct tw_triage *t, const struct tw_triage_rules *r, const struct tw_triage_item *i)
{
	const struct tw_vuln_subject *s = &t->subjects[i->part];

	return r->kernel ? !strcmp(s->name, r->kernel) : named_kernel(s);
}

/* A kernel boots from beside the image or is in packages of other names: no list of packages shows that there is none. */
static bool may_be_kernel(const struct tw_triage *t, const struct tw_triage_rules *r, const struct tw_triage_item *i)
{
	const char *name = t->subjects[i->part].name;

	return is_kernel(t, r, i) || named_kernel(&t->subjects[i->part]) || !strncmp(name, "linux-", 6) || !strncmp(name, "kernel-", 7);
}

/* --- The rules: each says whether it takes the item, and adds its evidence --- */

struct context {
	tw_triage *t;
	const struct tw_triage_rules *r;
	struct tw_triage_item *i;
};

static tw_err not_present(const struct context *c, bool *ret)
{
	const char *name = tw_json_text(c->i->o, "name");

	*ret = c->r->installed && !json_object_get(c->r->installed, name) && !may_be_kernel(c->t, c->r, c->i);
	return *ret
		? add_evidence(c->i, json_sprintf("%s is none of the %zu names on the image", name, json_object_size(c->r->installed)))
		: TW_OK;
}

/* Records that say so, with their places. */
static tw_err add_records(struct tw_triage_item *i, const char *verdict)
{
	const json_t *one;
	size_t k;

	json_array_foreach(json_object_get(i->o, "records"), k, one)
		if (!strcmp(tw_json_text(one, "verdict"), verdict))
			TW_TRY(add_evidence(i,
				json_sprintf("%s %s: %s (%s)", tw_json_text(one, "id"), tw_json_text(one, "place"),
					tw_json_text(one, "reason"), tw_json_text(one, "file"))));
	return TW_OK;
}

static tw_err outside_range(const struct context *c, bool *ret)
{
	const struct tw_triage_item *i = c->i;

	*ret = i->records && !i->affected && !i->undecided && !i->said_affected;
	return *ret ? add_records(c->i, "unaffected") : TW_OK;
}

static tw_err corrected_by_distribution(const struct context *c, bool *ret)
{
	const struct tw_triage_item *i = c->i;

	*ret = i->own_unaffected && !i->own_other && !i->said_affected;
	return *ret ? add_records(c->i, "unaffected") : TW_OK;
}

static tw_err stated(const struct context *c, bool *ret)
{
	const json_t *one;
	size_t k;

	*ret = c->i->said_settled && !c->i->said_affected;
	json_array_foreach(json_object_get(c->i->o, "statements"), k, one)
		if (*ret)
			TW_TRY(add_evidence(c->i,
				json_sprintf("%s%s%s: %s%s", tw_json_text(one, "status"), *tw_json_text(one, "justification") ? ", " : "",
					tw_json_text(one, "justification"), tw_json_text(one, "file"), tw_json_text(one, "place"))));
	return TW_OK;
}

/* Every file that the record names is certainly not compiled; documentation beside them says nothing. */
static tw_err not_compiled(const struct context *c, bool *ret)
{
	struct tw_built *b = tw_triage_tree_of(c->t, c->r, c->i);
	TW_CLEANUP(tw_jsonp) json_t *lines = json_array();
	char why[TW_DETAIL_MAX];
	const char *file;
	json_t *value;
	size_t k;

	if (!lines)
		return TW_RAISE(NOMEM, "evidence");
	if (!b || !c->i->files || c->i->open_files || c->i->said_affected)
		return TW_OK;
	json_object_foreach(c->i->files, file, value) {
		enum tw_compiled compiled;

		TW_TRY(tw_built_ask(c->t->sys, b, file, &compiled, why));
		if (compiled == TW_COMPILED_MAYBE)
			return TW_OK;
		if (compiled == TW_COMPILED_NOT)
			TW_TRY(tw_json_append(lines, json_sprintf("%s is not compiled: %s", file, why)));
	}
	*ret = json_array_size(lines) > 0;
	json_array_foreach(lines, k, value)
		if (*ret)
			TW_TRY(add_evidence(c->i, json_incref(value)));
	return TW_OK;
}

static const struct {
	const char *name, *because;
	tw_err (*takes)(const struct context *c, bool *ret);
} rules[] = {
	{ "not-present", "the component is not on the image", not_present },
	{ "outside-range", "no record means this version", outside_range },
	{ "corrected", "the distribution's own record says that this version of its package has the correction", corrected_by_distribution },
	{ "stated", "who makes the component, or who built it, says that it is fixed or not affected", stated },
	{ "not-compiled", "the files that the vulnerability is in are not compiled", not_compiled },
};

tw_err tw_triage_apply(tw_triage *t, const struct tw_triage_rules *r, struct tw_triage_item *i)
{
	const struct context c = { t, r, i };
	bool takes = false;

	for (size_t k = 0; k < TW_COUNT(rules) && !takes; k++) {
		TW_TRY(rules[k].takes(&c, &takes));
		if (!takes)
			continue;
		TW_TRY(tw_json_set(i->o, "state", json_string("ruled")));
		TW_TRY(tw_json_set(i->o, "rule", json_string(rules[k].name)));
		TW_TRY(tw_json_set(i->o, "because", json_string(rules[k].because)));
	}
	return TW_OK;
}

/* --- What was built --- */

struct tw_built *tw_triage_tree_of(const struct tw_triage *t, const struct tw_triage_rules *r, const struct tw_triage_item *i)
{
	for (size_t k = 0; k < r->tree_count; k++) {
		const char *component = r->trees[k].component;

		if (component ? !strcmp(component, t->subjects[i->part].name) : is_kernel(t, r, i))
			return &r->trees[k].built;
	}
	return NULL;
}

/* Of the source files that records name of a component, some are in the list of what was built of it: else its paths begin elsewhere. */
static tw_err check_list(const tw_triage *t, const struct tw_triage_rules *r, const struct tw_built *b)
{
	size_t named = 0;
	const char *file;
	json_t *value;

	for (size_t k = 0; k < t->count; k++)
		if (t->of[k].files && tw_triage_tree_of(t, r, &t->of[k]) == b)
			json_object_foreach(t->of[k].files, file, value) {
				if (json_object_get(b->files, file))
					return TW_OK;
				named += tw_built_source(file);
			}
	return named ? TW_RAISE(SYNTAX, "the list of built files has none of the %zu files that records name: want paths from the root of the source",
			       named)
		     : TW_OK;
}

/* --- Facts --- */

/* Of each file whether it is compiled, so that another configuration is another fact only where it matters. */
static tw_err add_file_facts(tw_triage *t, const struct tw_triage_rules *r, struct tw_triage_item *i, json_t *facts)
{
	struct tw_built *b = tw_triage_tree_of(t, r, i);
	TW_CLEANUP(tw_jsonp) json_t *files = json_object();
	char why[TW_DETAIL_MAX];
	const char *file;
	json_t *value;

	if (!files)
		return TW_RAISE(NOMEM, "facts");
	if (b && i->files)
		json_object_foreach(i->files, file, value) {
			enum tw_compiled compiled;

			TW_TRY(tw_built_ask(t->sys, b, file, &compiled, why));
			TW_TRY(tw_json_set(files, file, json_integer(compiled)));
		}
	return tw_json_set(facts, "files", json_incref(files));
}

tw_err tw_triage_facts(tw_triage *t, const struct tw_triage_rules *r, struct tw_triage_item *i)
{
	static const char *const keys[] = { "vulnerability", "component", "version" };
	TW_CLEANUP(tw_jsonp) json_t *facts = json_object();
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	uint8_t hash[TW_SHA256_SIZE];
	char text[33];

	if (!facts)
		return TW_RAISE(NOMEM, "facts");
	for (size_t k = 0; k < TW_COUNT(keys); k++)
		TW_TRY(tw_json_set(facts, keys[k], json_incref(json_object_get(i->o, keys[k]))));
	TW_TRY(tw_json_set(facts, "count", json_integer((json_int_t)i->records)));
	if (r->installed)
		TW_TRY(tw_json_set(facts, "installed", json_boolean(json_object_get(r->installed, tw_json_text(i->o, "name")) != NULL)));
	TW_TRY(tw_json_set(facts, "said", json_sprintf("%016" PRIx64 "%016" PRIx64, i->said[0], i->said[1])));
	TW_TRY(add_file_facts(t, r, i, facts));
	tw_buf_init(&b, t->sys, 16 * 1024 * 1024);
	TW_TRY(tw_json_write(facts, &b));
	TW_TRY(tw_sha256(b.data, b.size, hash));
	for (size_t k = 0; k < 16; k++)
		(void)snprintf(text + 2 * k, 3, "%02x", hash[k]);
	return tw_json_set(i->o, "facts", json_string(text));
}

/* --- Decisions, and what was there before --- */

static const json_t *decision_of(const struct tw_triage_rules *r, const struct tw_triage_item *i)
{
	const char *vulnerability = tw_json_text(i->o, "vulnerability"), *component = tw_json_text(i->o, "component"),
		   *facts = tw_json_text(i->o, "facts");
	const json_t *found = NULL, *one;
	size_t k;

	json_array_foreach(json_object_get(r->decisions, vulnerability), k, one) {
		if (strcmp(tw_json_text(one, "component"), component) != 0 &&
			strcmp(tw_json_text(one, "component"), tw_json_text(i->o, "name")) != 0)
			continue;
		/* The last one on these facts counts, else the last. */
		if (!found || !strcmp(tw_json_text(one, "facts"), facts) || strcmp(tw_json_text(found, "facts"), facts) != 0)
			found = one;
	}
	return found;
}

static tw_err decide(const struct tw_triage_rules *r, struct tw_triage_item *i, bool *ret_same)
{
	const json_t *d = decision_of(r, i);

	*ret_same = d && !strcmp(tw_json_text(d, "facts"), tw_json_text(i->o, "facts"));
	if (!d)
		return TW_OK;
	TW_TRY(tw_json_set(i->o, "decision", json_incref((json_t *)(uintptr_t)d)));
	if (*ret_same && strcmp(tw_json_text(d, "status"), "under_investigation") != 0)
		return tw_json_set(i->o, "state", json_string("decided"));
	return *ret_same ? TW_OK : tw_json_set(i->o, "state", json_string("again"));
}

static bool for_people(const json_t *item)
{
	const char *state = tw_json_text(item, "state");

	return !strcmp(state, "open") || !strcmp(state, "again");
}

static tw_err compare_before(tw_triage *t, const struct tw_triage_rules *r, const struct tw_triage_item *i)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, t->sys, 65536);
	TW_TRY(tw_triage_key(i->o, &b));
	const json_t *before = json_object_get(r->before, tw_buf_cstr(&b));
	bool fresh = for_people(i->o) &&
		(!before || !for_people(before) || strcmp(tw_json_text(before, "state"), tw_json_text(i->o, "state")) != 0);
	return tw_json_set(i->o, "new", json_boolean(fresh));
}

/* --- The queue --- */

static int64_t epss_of(const json_t *o)
{
	return json_object_get(o, "epss") ? tw_json_int(o, "epss") : -1;
}

/* The weakest ties last: a name alone. */
static int certainty(const json_t *o)
{
	const json_t *one;
	int best = 0;
	size_t k;

	if (json_object_get(o, "statements"))
		return 3;
	json_array_foreach(json_object_get(o, "records"), k, one) {
		int is = !strcmp(tw_json_text(one, "verdict"), "affected") ? 2 : !strcmp(tw_json_text(one, "verdict"), "undecided");

		if (is && strcmp(tw_json_text(one, "by"), "name") != 0)
			is++;
		best = is > best ? is : best;
	}
	return best;
}

static int by_urgency(const void *x, const void *y)
{
	const json_t *a = *(const json_t *const *)x, *b = *(const json_t *const *)y;
	int kev = !!json_object_get(b, "kev") - !!json_object_get(a, "kev"), sure = certainty(b) - certainty(a), names;
	int64_t more = epss_of(b) - epss_of(a);

	if (kev || more)
		return kev ? kev : more > 0 ? 1 : -1;
	if (sure)
		return sure;
	names = strcmp(tw_json_text(a, "vulnerability"), tw_json_text(b, "vulnerability"));
	if (!names)
		names = strcmp(tw_json_text(a, "component"), tw_json_text(b, "component"));
	return names ? names : strcmp(tw_json_text(a, "version"), tw_json_text(b, "version"));
}

static tw_err sort(tw_triage *t)
{
	TW_CLEANUP(tw_freep) json_t **list = tw_alloc_array(t->sys, t->count ? t->count : 1, sizeof *list);

	if (!list)
		return TW_RAISE(NOMEM, "a queue");
	for (size_t k = 0; k < t->count; k++)
		list[k] = t->of[k].o;
	if (t->count)
		qsort(list, t->count, sizeof(json_t *), by_urgency);
	for (size_t k = 0; k < t->count; k++)
		TW_TRY(tw_json_append(t->sorted, json_incref(list[k])));
	return TW_OK;
}

size_t tw_triage_unnamed(const tw_triage *t, const json_t *installed, size_t *ret_all)
{
	size_t unnamed = 0;

	*ret_all = 0;
	for (size_t k = 0; k < t->bom->count; k++) {
		*ret_all += !t->bom->of[k].again;
		unnamed += !t->bom->of[k].again && (!t->subjects[k].name || !json_object_get(installed, t->subjects[k].name));
	}
	return unnamed;
}

tw_err tw_triage_settle(tw_triage *t, const struct tw_triage_rules *r)
{
	for (size_t k = 0; k < r->tree_count; k++)
		if (r->trees[k].built.files)
			TW_TRY(check_list(t, r, &r->trees[k].built));
	for (size_t k = 0; k < t->count; k++) {
		struct tw_triage_item *i = &t->of[k];
		bool same;

		TW_TRY(tw_triage_facts(t, r, i));
		TW_TRY(decide(r, i, &same));
		if (!same)
			TW_TRY(tw_triage_apply(t, r, i));
		TW_TRY(compare_before(t, r, i));
	}
	return sort(t);
}

void tw_triage_count(const tw_triage *t, struct tw_triage_counts *ret)
{
	*ret = (struct tw_triage_counts){ .all = t->count, .components = t->bom->count, .records = t->records };
	for (size_t k = 0; k < t->count; k++) {
		const char *state = tw_json_text(t->of[k].o, "state");

		ret->open += !strcmp(state, "open");
		ret->again += !strcmp(state, "again");
		ret->decided += !strcmp(state, "decided");
		ret->ruled += !strcmp(state, "ruled");
		ret->fresh += json_is_true(json_object_get(t->of[k].o, "new"));
	}
}
