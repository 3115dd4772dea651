/* SPDX-License-Identifier: Apache-2.0 */
/* For programs: releases, components across them, and what was decided of a product, as decisions.yaml has it. */
#include "base/mem.h"
#include "base/text.h"
#include "service/path/page.h"
#include "support/components/components.h"
#include "support/rows-components.h"
#include "support/sql-support.h"

#include <stdio.h>
#include <string.h>

static tw_err put(json_t *j, const char *key, struct tw_slice text)
{
	return text.size ? tw_json_set(j, key, json_stringn(text.at, text.size)) : TW_OK;
}

static tw_err put_id(json_t *j, const char *key, char letter, int64_t id)
{
	char name[24];

	tw_components_id(letter, id, name);
	return tw_json_set(j, key, json_string(name));
}

/* --- Releases --- */

static tw_err describe_release(const struct tw_release_shown *r, json_t *j)
{
	TW_TRY(put_id(j, "id", 'v', r->id));
	TW_TRY(put(j, "product", r->product));
	TW_TRY(put(j, "version", r->version));
	TW_TRY(tw_json_set(j, "components", json_integer(r->components)));
	TW_TRY(tw_json_set(j, "findings", json_integer(r->findings)));
	TW_TRY(tw_json_set(j, "waiting", json_integer(r->waiting)));
	if (r->components_ms)
		TW_TRY(tw_case_set_time(j, "components_at", r->components_ms));
	return r->findings_ms ? tw_case_set_time(j, "findings_at", r->findings_ms) : TW_OK;
}

static tw_err list_release(void *user, const struct tw_release_shown *r)
{
	struct tw_page *p = user;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	if (!tw_page_takes(p))
		return TW_OK;
	j = json_object();
	TW_TRY(describe_release(r, j));
	return tw_page_add_at(p, (uint64_t)r->id, TW_STEAL(j));
}

tw_err tw_op_releases_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	uint64_t after = 0;
	struct tw_page p;
	const struct tw_release_reader to = { list_release, &p };

	TW_TRY(tw_page_begin(c, rq, rp, &p));
	if (!rp->problem[0])
		TW_TRY(tw_page_after(&p, rp, &after));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_releases_read(c, (int64_t)after, p.limit + 1, &to));
	return tw_page_end(&p, rp);
}

/* --- Components --- */

static tw_err list_component(void *user, const struct tw_component_found *f)
{
	struct tw_page *p = user;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	if (!tw_page_takes(p))
		return TW_OK;
	j = json_object();
	TW_TRY(put(j, "name", f->name));
	TW_TRY(put(j, "version", f->version));
	TW_TRY(put(j, "purl", f->purl));
	TW_TRY(put(j, "cpe", f->cpe));
	TW_TRY(put(j, "supplier", f->supplier));
	TW_TRY(put_id(j, "id", 'v', f->release));
	TW_TRY(put(j, "product", f->product));
	TW_TRY(put(j, "release", f->release_version));
	return tw_page_add_at(p, (uint64_t)f->id, TW_STEAL(j));
}

struct place {
	char key[TW_PART_PURL_MAX + 1], version[TW_PART_VERSION_MAX + 1];
	bool there;
};

static tw_err take_place(void *user, const tw_row *row)
{
	struct place *p = user;

	p->there = true;
	(void)snprintf(p->key, sizeof p->key, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 0)));
	(void)snprintf(p->version, sizeof p->version, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 1)));
	return TW_OK;
}

tw_err tw_component_search_of(struct tw_context *c, const json_t *in, struct tw_reply *rp, struct tw_component_search *ret)
{
	const char *release = tw_json_text(in, "release"), *by = tw_json_text(in, "by");

	*ret = (struct tw_component_search){ .by = *by ? by : "name",
		.text = tw_json_text(in, "text"),
		.version = tw_json_text(in, "version"),
		.after_key = "",
		.after_version = "" };
	if (strcmp(ret->by, "name") != 0 && strcmp(ret->by, "purl") != 0 && strcmp(ret->by, "cpe") != 0)
		return tw_reply_problem(rp, 422, "component", "component.by", "There is no such search", "name, purl or cpe.",
			"Components are found by one of three.");
	if (*release && !tw_components_id_read(tw_slice_of(release), 'v', &ret->release))
		return tw_reply_problem(rp, 422, "component", "component.release", "That is no release",
			"Name it as releases.list does: v1.", "Releases are named v1, v2 and so on.");
	if ((*release || *ret->version) && strcmp(ret->by, "name") != 0)
		return tw_reply_problem(rp, 422, "component", "component.name", "That is asked of names alone", "Search by name.",
			"A package URL or a CPE name has its version in it, and is searched across all releases.");
	if (*ret->version && !*ret->text)
		return tw_reply_problem(rp, 422, "component", "component.version", "A version of what?",
			"Write the component's whole name too.", "With a version the name is the whole one, and not how it begins.");
	return TW_OK;
}

/* The cursor has the number of the last component; where that stands in the order, its row says. One that is gone by now begins anew. */
static tw_err go_on(struct tw_context *c, uint64_t after, struct tw_component_search *q, struct place *p)
{
	const struct tw_value v[] = { TW_V_INT((int64_t)after), TW_V_TEXT(q->by) };

	if (!after)
		return TW_OK;
	TW_TRY(tw_store_run(c->store, tw_sql_component_place, v, TW_COUNT(v), take_place, p));
	if (!p->there)
		return TW_OK;
	q->after = (int64_t)after;
	q->after_key = p->key;
	q->after_version = p->version;
	return TW_OK;
}

tw_err tw_component_search_after(
	struct tw_context *c, uint64_t after, const struct tw_component_search *q, const struct tw_component_reader *to)
{
	struct tw_component_search from = *q;
	struct place p = { .there = false };

	TW_TRY(go_on(c, after, &from, &p));
	return tw_component_search(c, &from, to);
}

tw_err tw_op_components_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_component_search q;
	uint64_t after = 0;
	struct tw_page p;
	const struct tw_component_reader to = { list_component, &p };

	TW_TRY(tw_component_search_of(c, rq->input, rp, &q));
	if (!rp->problem[0])
		TW_TRY(tw_page_begin(c, rq, rp, &p));
	if (!rp->problem[0])
		TW_TRY(tw_page_after(&p, rp, &after));
	if (rp->problem[0])
		return TW_OK;
	q.limit = p.limit + 1;
	TW_TRY(tw_component_search_after(c, after, &q, &to));
	return tw_page_end(&p, rp);
}

/* --- Decisions --- */

static tw_err list_decision(void *user, const tw_row *row)
{
	struct tw_page *p = user;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	if (!tw_page_takes(p))
		return TW_OK;
	TW_TRY(tw_json_parse(tw_row_bytes(row, 1), TW_CASE_DOC_MAX, &j));
	TW_TRY(put(j, "vulnerability", tw_row_bytes(row, 2)));
	TW_TRY(put(j, "component", tw_row_bytes(row, 3)));
	return tw_page_add_at(p, (uint64_t)tw_row_int(row, 0), TW_STEAL(j));
}

tw_err tw_op_decisions_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	uint64_t after = 0;
	struct tw_page p;

	TW_TRY(tw_page_begin(c, rq, rp, &p));
	if (!rp->problem[0])
		TW_TRY(tw_page_after(&p, rp, &after));
	if (rp->problem[0])
		return TW_OK;
	const struct tw_value v[] = { TW_V_TEXT(tw_json_text(rq->input, "product")), TW_V_INT((int64_t)after),
		TW_V_INT((int64_t)p.limit + 1) };
	TW_TRY(tw_store_run(c->store, tw_sql_finding_decisions, v, TW_COUNT(v), list_decision, &p));
	return tw_page_end(&p, rp);
}
