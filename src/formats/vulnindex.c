/* SPDX-License-Identifier: Apache-2.0 */
/* Which components a record may mean: see vulnindex.h. A sorted list of keys, each with its component. */
#include "formats/vulnindex.h"

#include "formats/vulnmatch-inside.h"

#define KEY_MAX 64 /* what is longer is told apart by vulnmatch.h */

struct row {
	char key[KEY_MAX];
	size_t subject;
};
struct tw_vuln_index {
	const struct tw_sys *sys;
	struct row *rows;
	size_t count, subjects;
	uint64_t *asked; /* by subject: the number of the call that named it */
	uint64_t call;
	struct tw_buf scratch;
};

/* Small letters and digits. */
static void key_of(struct tw_slice text, char ret[KEY_MAX])
{
	size_t size = 0;

	for (size_t i = 0; i < text.size && size < KEY_MAX - 1; i++) {
		char c = text.at[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			ret[size++] = c;
	}
	memset(ret + size, 0, KEY_MAX - size);
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->key, ((const struct row *)b)->key);
}

static void add(tw_vuln_index *i, struct tw_slice text, size_t subject)
{
	key_of(text, i->rows[i->count].key);
	i->rows[i->count++].subject = subject;
}

static tw_err fill(tw_vuln_index *i, const struct tw_vuln_subject *of)
{
	for (size_t k = 0; k < i->subjects; k++) {
		const struct tw_vuln_subject *s = &of[k];

		if (!s->name)
			continue;
		add(i, tw_slice_of(s->name), k);
		if (s->has_purl)
			add(i, tw_slice_of(s->purl.name), k);
		if (tw_vuln_source(s).size)
			add(i, tw_vuln_source(s), k);
		if (!s->has_cpe)
			continue;
		tw_buf_clear(&i->scratch);
		TW_TRY(tw_cpe_value(&s->cpe, TW_CPE_PRODUCT, &i->scratch));
		add(i, tw_buf_slice(&i->scratch), k);
	}
	if (i->count)
		qsort(i->rows, i->count, sizeof *i->rows, by_key);
	return TW_OK;
}

tw_err tw_vuln_index_new(const struct tw_sys *sys, const struct tw_vuln_subject *of, size_t count, tw_vuln_index **ret)
{
	TW_CLEANUP(tw_vuln_index_freep) tw_vuln_index *i = TW_NEW(sys, tw_vuln_index);

	if (!i)
		return TW_RAISE(NOMEM, "an index");
	i->sys = sys;
	i->subjects = count;
	tw_buf_init(&i->scratch, sys, 2 * TW_PURL_MAX);
	i->rows = tw_alloc_array(sys, count ? 4 * count : 1, sizeof *i->rows);
	i->asked = tw_alloc_array(sys, count ? count : 1, sizeof *i->asked);
	if (!i->rows || !i->asked)
		return TW_RAISE(NOMEM, "an index of %zu components", count);
	TW_TRY(fill(i, of));
	*ret = TW_STEAL(i);
	return TW_OK;
}

tw_vuln_index *tw_vuln_index_free(tw_vuln_index *i)
{
	if (!i)
		return NULL;
	free(i->rows);
	free(i->asked);
	tw_buf_done(&i->scratch);
	free(i);
	return NULL;
}

/* --- Asking --- */

struct asking {
	tw_vuln_index *i;
	tw_vuln_candidate visit;
	void *user;
};

static tw_err offer(const struct asking *a, size_t subject)
{
	if (a->i->asked[subject] == a->i->call)
		return TW_OK;
	a->i->asked[subject] = a->i->call;
	return a->visit(a->user, subject);
}

static tw_err ask_text(const struct asking *a, struct tw_slice text)
{
	struct row wanted;
	size_t low = 0, high = a->i->count;

	key_of(text, wanted.key);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_key(&a->i->rows[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < a->i->count && !by_key(&a->i->rows[low], &wanted); low++)
		TW_TRY(offer(a, a->i->rows[low].subject));
	return TW_OK;
}

static tw_err ask_purl(const struct asking *a, const char *text)
{
	struct tw_purl p;

	if (!*text)
		return TW_OK;
	tw_err e = tw_purl_parse(a->i->sys, tw_slice_of(text), &p);
	if (tw_failed(e))
		return tw_vuln_undecidable(e) ? TW_OK : e;
	e = ask_text(a, tw_slice_of(p.name));
	tw_purl_done(&p);
	return e;
}

static tw_err ask_cpe(const struct asking *a, const char *text)
{
	struct tw_cpe c;

	if (!*text || tw_failed(tw_cpe_parse(tw_slice_of(text), &c)))
		return TW_OK;
	if (tw_cpe_kind(&c, TW_CPE_PRODUCT) == TW_CPE_WILD) {
		for (size_t k = 0; k < a->i->count; k++)
			TW_TRY(offer(a, a->i->rows[k].subject));
		return TW_OK;
	}
	tw_buf_clear(&a->i->scratch);
	TW_TRY(tw_cpe_value(&c, TW_CPE_PRODUCT, &a->i->scratch));
	return ask_text(a, tw_buf_slice(&a->i->scratch));
}

static tw_err ask_behind(const struct asking *a, const char *name, char sign)
{
	const char *last = strrchr(name, sign);

	return last ? ask_text(a, tw_slice_of(last + 1)) : TW_OK;
}

/* The whole name, and what stands behind a sign that an ecosystem puts between namespace and name. */
static tw_err ask_package(const struct asking *a, const char *name)
{
	TW_TRY(ask_text(a, tw_slice_of(name)));
	TW_TRY(ask_behind(a, name, '/'));
	return ask_behind(a, name, ':');
}

tw_err tw_vuln_index_osv(tw_vuln_index *i, const json_t *record, tw_vuln_candidate visit, void *user)
{
	const struct asking a = { i, visit, user };
	const json_t *one;
	size_t k;

	i->call++;
	json_array_foreach(json_object_get(record, "affected"), k, one) {
		const json_t *package = json_object_get(one, "package");

		TW_TRY(ask_package(&a, tw_json_text(package, "name")));
		TW_TRY(ask_purl(&a, tw_json_text(package, "purl")));
	}
	return TW_OK;
}

static tw_err ask_applicability(const struct asking *a, const json_t *one)
{
	const json_t *node, *match;
	size_t i, k;

	json_array_foreach(json_object_get(one, "nodes"), i, node)
		json_array_foreach(json_object_get(node, "cpeMatch"), k, match)
			TW_TRY(ask_cpe(a, tw_json_text(match, "criteria")));
	return TW_OK;
}

static tw_err ask_container(const struct asking *a, const json_t *container)
{
	const json_t *product, *cpe;
	size_t i, k;

	json_array_foreach(json_object_get(container, "affected"), i, product) {
		TW_TRY(ask_text(a, tw_slice_of(tw_json_text(product, "product"))));
		TW_TRY(ask_text(a, tw_slice_of(tw_json_text(product, "packageName"))));
		if (tw_vuln_kernel(product))
			TW_TRY(ask_text(a, TW_SLICE("linux_kernel")));
		TW_TRY(ask_purl(a, tw_json_text(product, "packageURL")));
		json_array_foreach(json_object_get(product, "cpes"), k, cpe)
			TW_TRY(ask_cpe(a, json_string_value(cpe)));
	}
	json_array_foreach(json_object_get(container, "cpeApplicability"), i, product)
		TW_TRY(ask_applicability(a, product));
	return TW_OK;
}

tw_err tw_vuln_index_cve(tw_vuln_index *i, const json_t *record, tw_vuln_candidate visit, void *user)
{
	const struct asking a = { i, visit, user };
	const json_t *containers = json_object_get(record, "containers"), *one;
	size_t k;

	i->call++;
	TW_TRY(ask_container(&a, json_object_get(containers, "cna")));
	json_array_foreach(json_object_get(containers, "adp"), k, one)
		TW_TRY(ask_container(&a, one));
	return TW_OK;
}

tw_err tw_vuln_index_named(tw_vuln_index *i, const char *name, const char *purl, const char *cpe, tw_vuln_candidate visit, void *user)
{
	const struct asking a = { i, visit, user };

	i->call++;
	if (*name)
		TW_TRY(ask_text(&a, tw_slice_of(name)));
	TW_TRY(ask_purl(&a, purl));
	return ask_cpe(&a, cpe);
}
