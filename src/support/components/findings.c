/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings in the store: as an import brings them, and as one of them is read. What people decided counts before any rule, as long as the facts are those that
 * it was decided on; what the tool brings along of decisions.yaml is taken over where nothing was decided at the desk on the same facts.
 */
#include "base/mem.h"
#include "base/text.h"
#include "support/components/components.h"
#include "support/sql-support.h"

#include <string.h>

#define STORED_MAX (64 * 1024)

/* --- Coming in --- */

struct decided {
	int64_t id, import; /* import 0: the desk's own */
	bool same, investigated;
};
struct deciding {
	struct decided *d;
	const char *facts;
};

static tw_err take_decided(void *user, const tw_row *row)
{
	const struct deciding *g = user;
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;

	TW_TRY(tw_json_parse(tw_row_bytes(row, 2), STORED_MAX, &doc));
	*g->d = (struct decided){ tw_row_int(row, 0), tw_row_int(row, 3), tw_slice_is(tw_row_bytes(row, 1), g->facts),
		!strcmp(tw_json_text(doc, "status"), "under_investigation") };
	return TW_OK;
}

static tw_err find_decision(tw_store *s, const struct tw_finding_load *l, const json_t *entry, const char *facts, struct decided *ret)
{
	const struct tw_value v[] = { TW_V_TEXT(tw_json_text(entry, "vulnerability")), TW_V_TEXT(tw_json_text(entry, "component")),
		TW_V_TEXT(l->product), TW_V_TEXT(facts), TW_V_INT(l->import) };
	struct deciding g = { ret, facts };

	*ret = (struct decided){ 0 };
	return tw_store_run(s, tw_sql_finding_decision_one, v, TW_COUNT(v), take_decided, &g);
}

/* What decisions.yaml says of it, unless the desk decided on those facts. Each import has its own, so that what is changed or taken back in git is so here;
   in one import it is there once, whatever versions of the component there are. */
static tw_err take_over(tw_store *s, const struct tw_finding_load *l, const json_t *entry)
{
	const json_t *brought = json_object_get(entry, "decision");
	const char *facts = tw_json_text(brought, "facts");
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct decided here;
	int64_t id = 0;

	if (!brought)
		return TW_OK;
	TW_TRY(find_decision(s, l, entry, facts, &here));
	if (here.id && here.same) /* the desk's, or this import's */
		return TW_OK;
	tw_buf_init(&text, l->c->sys, STORED_MAX);
	TW_TRY(tw_json_write(brought, &text));
	const struct tw_value v[] = { TW_V_TEXT(l->product), TW_V_TEXT(tw_json_text(entry, "vulnerability")),
		TW_V_TEXT(tw_json_text(entry, "component")), TW_V_TEXT(facts), TW_V_INT(l->import), TW_V_INT(l->now_ms),
		TW_V_SLICE(tw_buf_slice(&text)) };
	return tw_store_run(s, tw_sql_finding_decision_add, v, TW_COUNT(v), tw_components_number, &id);
}

static tw_err number_of(tw_store *s, const struct tw_finding_load *l, const json_t *entry, int64_t *ret)
{
	const struct tw_value vulnerability = TW_V_TEXT(tw_json_text(entry, "vulnerability")),
			      component = TW_V_TEXT(tw_json_text(entry, "component")),
			      version = TW_V_TEXT(tw_json_text(entry, "version"));
	const struct tw_value make[] = { TW_V_INT(l->release), vulnerability, component, version, TW_V_INT(l->now_ms) };
	const struct tw_value find[] = { vulnerability, component, version, TW_V_INT(l->release) };

	TW_TRY(tw_store_run(s, tw_sql_finding_find, find, TW_COUNT(find), tw_components_number, ret));
	if (*ret)
		return TW_OK;
	TW_TRY(tw_store_run(s, tw_sql_finding_make, make, TW_COUNT(make), NULL, NULL));
	return tw_store_run(s, tw_sql_finding_find, find, TW_COUNT(find), tw_components_number, ret);
}

static tw_err since_of(tw_store *s, const struct tw_finding_load *l, const json_t *entry, int64_t *ret)
{
	const struct tw_value v[] = { TW_V_TEXT(tw_json_text(entry, "vulnerability")), TW_V_TEXT(tw_json_text(entry, "component")),
		TW_V_TEXT(tw_json_text(entry, "version")), TW_V_TEXT(l->product) };

	TW_TRY(tw_store_run(s, tw_sql_finding_since, v, TW_COUNT(v), tw_components_number, ret));
	if (!*ret)
		*ret = l->import;
	return TW_OK;
}

static enum tw_waits waits_of(const struct decided *d, const json_t *entry)
{
	if (d->same)
		return d->investigated ? TW_WAITS_FOR_PEOPLE : TW_WAITS_DECIDED;
	return strcmp(tw_json_text(entry, "state"), "ruled") == 0 ? TW_WAITS_NOT : TW_WAITS_FOR_PEOPLE;
}

tw_err tw_finding_store(tw_store *s, const struct tw_finding_load *l, const json_t *entry)
{
	const char *facts = tw_json_text(entry, "facts");
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	int64_t number = 0, since = 0;
	struct tw_urgency u;
	struct decided d;

	TW_TRY(take_over(s, l, entry));
	TW_TRY(find_decision(s, l, entry, facts, &d));
	TW_TRY(number_of(s, l, entry, &number));
	TW_TRY(since_of(s, l, entry, &since));
	tw_finding_urgency(entry, &u);
	tw_buf_init(&text, l->c->sys, TW_ENTRY_MAX);
	TW_TRY(tw_json_write(entry, &text));
	const struct tw_value v[] = { TW_V_INT(number), TW_V_INT(l->import), TW_V_INT(waits_of(&d, entry)), TW_V_INT(since),
		TW_V_INT(tw_urgency_number(&u)), TW_V_INT(u.score), TW_V_INT(u.exploited), TW_V_TEXT(tw_json_text(entry, "rule")),
		TW_V_TEXT(facts), TW_V_INT(d.id), TW_V_SLICE(tw_buf_slice(&text)) };
	tw_err e = tw_store_run(s, tw_sql_finding_seen_put, v, TW_COUNT(v), NULL, NULL);
	return tw_is(e, TW_CODE_EXISTS) ? TW_RAISE(EXISTS, "a finding comes twice") : e;
}

/* --- One --- */

void tw_finding_done(struct tw_finding *f)
{
	tw_jsonp(&f->entry);
	tw_jsonp(&f->decided);
	tw_jsonp(&f->doc);
}

const char *tw_finding_state(int waits, int64_t decision, bool same)
{
	if (waits == TW_WAITS_DECIDED)
		return "decided";
	if (waits == TW_WAITS_NOT)
		return "ruled";
	return decision && !same ? "again" : "open";
}

static void copy(struct tw_slice s, char *ret, size_t room)
{
	(void)snprintf(ret, room, TW_SLICE_FMT, TW_SLICE_ARG(s));
}

static tw_err parse(const tw_row *row, int column, json_t **ret)
{
	return tw_row_bytes(row, column).size ? tw_json_parse(tw_row_bytes(row, column), STORED_MAX, ret) : TW_OK;
}

static tw_err take_finding(void *user, const tw_row *row)
{
	struct tw_finding *f = user;

	f->id = tw_row_int(row, 0);
	f->release = tw_row_int(row, 1);
	copy(tw_row_bytes(row, 2), f->product, sizeof f->product);
	copy(tw_row_bytes(row, 3), f->release_version, sizeof f->release_version);
	copy(tw_row_bytes(row, 4), f->vulnerability, sizeof f->vulnerability);
	copy(tw_row_bytes(row, 5), f->component, sizeof f->component);
	copy(tw_row_bytes(row, 6), f->version, sizeof f->version);
	f->first_ms = tw_row_int(row, 7);
	f->case_id = tw_row_int(row, 8);
	TW_TRY(parse(row, 9, &f->doc));
	f->waits = (int)tw_row_int(row, 10);
	f->since = tw_row_int(row, 11);
	f->score = tw_row_int(row, 12);
	f->exploited = tw_row_int(row, 13) != 0;
	copy(tw_row_bytes(row, 14), f->rule, sizeof f->rule);
	copy(tw_row_bytes(row, 15), f->facts, sizeof f->facts);
	f->decision = tw_row_int(row, 16);
	TW_TRY(parse(row, 17, &f->entry));
	if (tw_row_null(row, 18))
		return TW_OK;
	f->same = tw_slice_is(tw_row_bytes(row, 18), f->facts);
	return parse(row, 19, &f->decided);
}

tw_err tw_finding_load(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_finding *ret)
{
	int64_t id = 0;

	*ret = (struct tw_finding){ .id = 0 };
	if (tw_components_id_read(rq->parameter, 't', &id))
		TW_TRY(tw_store_run(c->store, tw_sql_finding_one, &TW_V_INT(id), 1, take_finding, ret));
	return ret->id ? TW_OK
		       : tw_reply_problem(rp, 404, "not-found", "finding.unknown", "There is no such finding",
				 "List the findings to see those there are.",
				 "No finding of a release as it was imported last has this name.");
}
