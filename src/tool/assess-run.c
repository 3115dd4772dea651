/* SPDX-License-Identifier: Apache-2.0 */
/* What every assessment does with its probes: runs those that are wanted, writes down what each found, and says what that means for the claims. */
#include "formats/evidence.h"
#include "tool/assess-inside.h"
#include "tool/files.h"
#include "tool/verdict.h"

#include "base/text.h"

#define STATUS_PROBE "live-status"

static const char *thing(const struct assessment *a)
{
	return a->support ? "service" : "device";
}

static const json_t *live_status(const struct assessment *a, const char *element)
{
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(a->c.target[0].capabilities.body, "elements"), i, row)
		if (!strcmp(tw_json_text(row, "id"), element))
			return row;
	return NULL;
}

static bool claimed(const struct assessment *a, const char *element)
{
	size_t i;
	json_t *id;

	json_array_foreach(a->claims, i, id)
		if (!strcmp(json_string_value(id), element))
			return true;
	return false;
}

tw_err tw_assess_result(
	struct assessment *a, const char *element, const char *probe, const char *title, bool intrusive, struct tw_finding *f)
{
	const json_t *status = live_status(a, element);
	char now[TW_TIME_TEXT_MAX];
	TW_CLEANUP(tw_jsonp) json_t *r = json_object();

	if (!r)
		return TW_RAISE(NOMEM, "result");
	tw_time_text(tw_now_ms(a->sys), now);
	TW_TRY(tw_json_set(r, "element", json_string(element)));
	TW_TRY(tw_json_set(r, "probe", json_string(probe)));
	TW_TRY(tw_json_set(r, "title", json_string(title)));
	TW_TRY(tw_json_set(r, "claimed", json_boolean(claimed(a, element))));
	if (status)
		TW_TRY(tw_json_set(r, "status", json_string(tw_json_text(status, "status"))));
	TW_TRY(tw_json_set(r, "verdict", json_string(tw_verdict_words[f->verdict])));
	TW_TRY(tw_json_set(r, "source", json_string(tw_source_words[f->source])));
	TW_TRY(tw_json_set(r, "reason", json_string_nocheck(f->reason)));
	TW_TRY(tw_json_set(r, "time", json_string(now)));
	if (f->seen)
		TW_TRY(tw_json_set(r, "seen", json_incref(f->seen)));
	TW_TRY(tw_json_set(r, "intrusive", json_boolean(intrusive)));
	TW_TRY(tw_transcript_end(&a->transcript, r));
	tw_progress(a->t, "  %-9s %-24s %s", element, probe, tw_verdict_words[f->verdict]);
	TW_TRY(tw_json_append(a->results, TW_STEAL(r)));
	return tw_assess_part(a);
}

/* What is said of itself stands beside what was seen, never instead of it. */
static tw_err judge_status(struct assessment *a, const char *element)
{
	const json_t *row = live_status(a, element);
	struct tw_finding f = { .source = a->support ? TW_SOURCE_SERVICE : TW_SOURCE_DEVICE };

	if (!row)
		TW_TRY(tw_found(&f, TW_VERDICT_INCONCLUSIVE, "The %s says nothing about this element.", thing(a)));
	else
		TW_TRY(tw_found(&f, strcmp(tw_json_text(row, "status"), "provided") ? TW_VERDICT_FAIL : TW_VERDICT_PASS,
			"It says \xe2\x80\x9c%s\xe2\x80\x9d: %s%s%s%s%s%s", tw_json_text(row, "status"), tw_json_text(row, "reason"),
			*tw_json_text(row, "changed_by") ? " Changed by " : "", tw_json_text(row, "changed_by"),
			*tw_json_text(row, "changed_by") && *tw_json_text(row, "setting") ? ", by the setting " : "",
			*tw_json_text(row, "changed_by") ? tw_json_text(row, "setting") : "", *tw_json_text(row, "changed_by") ? "." : ""));
	return tw_assess_result(a, element, STATUS_PROBE,
		a->support ? "What does the service say of itself?" : "What does the device say of itself?", false, &f);
}

static void finding_done(struct tw_finding *f)
{
	json_decref(f->seen);
}

static tw_err run_probe(struct assessment *a, const struct tw_probe *p)
{
	TW_CLEANUP(finding_done) struct tw_finding f = { .verdict = TW_VERDICT_INCONCLUSIVE, .source = p->source };

	if (p->intrusive && tw_arg(a->args, "not-intrusive")) {
		TW_TRY(tw_found(&f, TW_VERDICT_INCONCLUSIVE,
			a->support ? "Not tried: it sends or notes something, marked as a test. Without --not-intrusive it is."
				   : "Not tried: it changes something on the device for a moment. Without --not-intrusive it is."));
		return tw_assess_result(a, p->element, p->name, p->title, false, &f);
	}
	if (p->waits && tw_arg(a->args, "no-waiting")) {
		TW_TRY(tw_found(&f, TW_VERDICT_INCONCLUSIVE, "Not tried: time has to go by for it. Without --no-waiting it is."));
		return tw_assess_result(a, p->element, p->name, p->title, false, &f);
	}
	TW_TRY(tw_transcript_begin(&a->transcript));
	TW_TRY(p->run(&a->c, &f));
	tw_found_end(&f);
	return tw_assess_result(a, p->element, p->name, p->title, p->intrusive, &f);
}

static bool has_probe(const struct assessment *a, const char *element)
{
	for (size_t i = 0; a->tables[i]; i++)
		for (const struct tw_probe *p = a->tables[i]; p->element; p++)
			if (!strcmp(p->element, element))
				return true;
	return false;
}

/* What `--element` names: ID, or ID/CHECK. */
static bool names(const char *word, const char *element, const char *probe)
{
	size_t size = strlen(element);

	return !strncmp(word, element, size) && (!word[size] || (word[size] == '/' && !strcmp(word + size + 1, probe)));
}

static bool wanted(const struct assessment *a, const char *element, const char *probe)
{
	const char *word;

	if (tw_arg(a->args, "resume") && tw_assess_kept(a, element, probe))
		return false;
	if (!tw_arg(a->args, "element"))
		return true;
	for (size_t i = 0; (word = tw_arg_nth(a->args, "element", i)); i++)
		if (names(word, element, probe))
			return true;
	return false;
}

/* A word that nothing is tried for would make evidence of nothing: it is refused before anything is asked. */
static tw_err check_wanted(struct assessment *a)
{
	const char *word;

	for (size_t i = 0; (word = tw_arg_nth(a->args, "element", i)); i++) {
		bool known = false;

		for (size_t k = 0; a->tables[k]; k++)
			for (const struct tw_probe *p = a->tables[k]; p->element; p++)
				known |= names(word, p->element, p->name) || names(word, p->element, STATUS_PROBE);
		if (!known)
			return tw_fail(a->t, TW_EXIT_USAGE,
				"an element that this tool has a check for, as a run without --element names them",
				TW_RAISE(NOTFOUND, "no check is %s", word));
	}
	return TW_OK;
}

/* A claim without a probe is not passed over in silence. */
static tw_err claims_without_probe(struct assessment *a)
{
	size_t i;
	json_t *id;

	json_array_foreach(a->claims, i, id) {
		struct tw_finding f = { .source = TW_SOURCE_PERSON };

		if (has_probe(a, json_string_value(id)))
			continue;
		if (!wanted(a, json_string_value(id), "none")) {
			if (tw_assess_kept(a, json_string_value(id), "none"))
				TW_TRY(tw_assess_keep(a, tw_assess_kept(a, json_string_value(id), "none")));
			continue;
		}
		TW_TRY(tw_found(&f, TW_VERDICT_INCONCLUSIVE, "This tool has no probe for it; a person has to look."));
		TW_TRY(tw_assess_result(a, json_string_value(id), "none", "Is the claim true?", false, &f));
	}
	return TW_OK;
}

/* Once for each check, in the order of the tables: tried, or taken over, or neither. */
static tw_err status_of(struct assessment *a, const char *element)
{
	const json_t *kept = tw_assess_kept(a, element, STATUS_PROBE);

	if (wanted(a, element, STATUS_PROBE))
		return judge_status(a, element);
	return kept ? tw_assess_keep(a, kept) : TW_OK;
}

static tw_err try_check(struct assessment *a, const struct tw_probe *p)
{
	const json_t *kept = tw_assess_kept(a, p->element, p->name);

	if (wanted(a, p->element, p->name))
		return run_probe(a, p);
	return kept ? tw_assess_keep(a, kept) : TW_OK;
}

static tw_err run_all(struct assessment *a)
{
	const char *element = "";

	for (size_t i = 0; a->tables[i]; i++)
		for (const struct tw_probe *p = a->tables[i]; p->element; p++) {
			if (strcmp(p->element, element) != 0)
				TW_TRY(status_of(a, p->element));
			element = p->element;
			TW_TRY(try_check(a, p));
		}
	return claims_without_probe(a);
}

tw_err tw_assess_tell(struct assessment *a, const json_t *evidence)
{
	TW_CLEANUP(tw_jsonp) json_t *claims = NULL;
	static const char *const heads[] = { "element", "claim", "verdict", "why", NULL };
	TW_CLEANUP(tw_jsonp) json_t *rows = json_array();
	size_t i;
	json_t *c;

	TW_TRY(tw_verdict_elements(evidence, &claims));
	if (a->t->json)
		return tw_print_value(a->t, claims);
	json_array_foreach(claims, i, c)
		TW_TRY(tw_json_append(rows,
			json_pack("[s, s, s, s]", tw_json_text(c, "element"), tw_json_text(c, "claim"), tw_json_text(c, "verdict"),
				tw_json_text(c, "reason"))));
	TW_TRY(tw_print_table(a->t, heads, rows));
	return tw_print(a->t, "\nEvidence: %s. For people: thingward report %s --html report.html\n", tw_arg(a->args, "out"),
		tw_arg(a->args, "out"));
}

/* A script that gates a release wants to know: a claim that was contradicted is a failure, one left open is not. */
static tw_err judge_claims(struct assessment *a, const json_t *evidence)
{
	TW_CLEANUP(tw_jsonp) json_t *elements = NULL;
	size_t i, contradicted = 0;
	json_t *e;

	TW_TRY(tw_verdict_elements(evidence, &elements));
	json_array_foreach(elements, i, e)
		contradicted += !strcmp(tw_json_text(e, "claim"), "contradicted");
	if (!contradicted)
		return TW_OK;
	return tw_fail(a->t, TW_EXIT_FAILED, "the reasons above; what was switched off can be switched on again",
		TW_RAISE(STATE, "%zu of the claims %s contradicted", contradicted, contradicted == 1 ? "is" : "are"));
}

static void target_done(struct tw_target *g)
{
	tw_answer_done(&g->identity);
	tw_answer_done(&g->capabilities);
	tw_stated_done(&g->stated);
	tw_cert_free(g->anchor);
	tw_session_done(&g->session);
}

void tw_assess_done(struct assessment *a)
{
	for (size_t i = 0; i < a->c.target_count; i++)
		target_done(&a->c.target[i]);
	tw_client_free(a->c.local);
	tw_probe_hang_up(&a->c);
	tw_probe_forget(&a->c);
	explicit_bzero(a->c.staff, sizeof a->c.staff);
	json_decref(a->product);
	json_decref(a->before);
	json_decref(a->results);
	json_decref(a->into);
	json_decref(a->about);
	json_decref(a->claims);
	tw_transcript_done(&a->transcript);
	tw_buf_done(&a->earlier_lines);
	if (a->scan.data)
		tw_buf_wipe(&a->scan); /* of a sealed label it holds the secret */
	tw_registry_free(a->registry);
	tw_rows_free(a->rows);
}

tw_err tw_assess_begin(struct tw_tool *t, const struct tw_args *args, struct assessment *ret)
{
	*ret = (struct assessment){ .t = t, .sys = t->sys, .args = args, .results = json_array() };
	tw_transcript_init(&ret->transcript, t->sys);
	tw_buf_init(&ret->earlier_lines, t->sys, TW_TRANSCRIPT_MAX);
	ret->c.tool = t;
	ret->c.sys = t->sys;
	tw_time_text(tw_now_ms(t->sys), ret->created);
	return ret->results ? TW_OK : TW_RAISE(NOMEM, "results");
}

tw_err tw_assess_over(struct assessment *a, const struct tw_probe *const *tables)
{
	a->tables = tables;
	TW_TRY(check_wanted(a));
	if (tw_arg(a->args, "into") && (!tw_arg(a->args, "element") || tw_arg(a->args, "resume")))
		return tw_fail(a->t, TW_EXIT_USAGE, "--into EVIDENCE --element ID, or --resume alone",
			TW_RAISE(SYNTAX, "--into wants --element, and no --resume"));
	return TW_OK;
}

tw_err tw_assess_run(struct assessment *a)
{
	TW_CLEANUP(tw_jsonp) json_t *evidence = NULL;

	TW_TRY(tw_assess_into(a));
	TW_TRY(run_all(a));
	TW_TRY(tw_assess_finish(a, &evidence));
	TW_TRY(tw_assess_tell(a, evidence));
	return judge_claims(a, evidence);
}
