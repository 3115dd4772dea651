/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward cvss`: what CVSS vectors say and how high they score. Several are told one after the other, also those that are none:
 * the others' scores are wanted all the same, and the exit code says that there was one.
 */
#include "formats/cvss.h"

#include "base/text.h"
#include "tool/commands.h"

#include <ctype.h>

#define WORDS_MAX 32
#define SHOWN_MAX 4096 /* of an argument that may be anything */

static const struct score_row {
	const char *score, *severity, *words; /* as the official schemas name them; for people */
	enum tw_cvss_group group;
} score_rows[] = {
	{ "baseScore", "baseSeverity", "base score", TW_CVSS_BASE },
	{ "temporalScore", "temporalSeverity", "temporal score", TW_CVSS_TEMPORAL },
	{ "environmentalScore", "environmentalSeverity", "environmental score", TW_CVSS_ENVIRONMENTAL },
};

/* 4.0 has one score, the others one for each group that the vector says something of. */
static bool has_score(const struct tw_cvss *c, const struct score_row *row)
{
	return row->group == TW_CVSS_BASE || (c->version != TW_CVSS_40 && tw_cvss_defines(c, row->group));
}

static int tenths_of(const struct tw_cvss *c, const struct score_row *row)
{
	struct tw_cvss_scores s;

	tw_cvss_score(c, &s);
	return row->group == TW_CVSS_BASE ? s.base : row->group == TW_CVSS_TEMPORAL ? s.temporal : s.environmental;
}

/* "PROOF_OF_CONCEPT" as people write it. */
static void words_of(const char *name, char ret[WORDS_MAX])
{
	size_t i = 0;

	for (; name[i] && i < WORDS_MAX - 1; i++)
		ret[i] = name[i] == '_' ? ' ' : (char)tolower((unsigned char)name[i]);
	ret[i] = '\0';
}

/* The CVSS object of an advisory, with each metric that the vector gives. */
static tw_err add_object(const struct tw_cvss *c, const char *vector, json_t *o)
{
	const struct tw_cvss_metric *m = tw_cvss_metrics(c->version);

	TW_TRY(tw_json_set(o, "version", json_string(tw_cvss_version_text(c->version))));
	TW_TRY(tw_json_set(o, "vectorString", json_string(vector)));
	for (size_t i = 0; i < TW_COUNT(score_rows); i++) {
		const struct score_row *row = &score_rows[i];

		if (!has_score(c, row))
			continue;
		TW_TRY(tw_json_set(o, row->score, json_real(tenths_of(c, row) / 10.0)));
		if (c->version != TW_CVSS_20)
			TW_TRY(tw_json_set(o, row->severity, json_string(tw_cvss_severity(tenths_of(c, row)))));
	}
	for (size_t i = 0; m[i].code; i++)
		if (c->given[i])
			TW_TRY(tw_json_set(o, m[i].name, json_string(tw_cvss_value(c, i)->name)));
	return TW_OK;
}

static tw_err print_scores(const struct tw_tool *t, const struct tw_cvss *c)
{
	for (size_t i = 0; i < TW_COUNT(score_rows); i++) {
		const struct score_row *row = &score_rows[i];
		int tenths = tenths_of(c, row);
		char severity[WORDS_MAX] = ""; /* 2.0 has none */

		if (!has_score(c, row))
			continue;
		if (c->version != TW_CVSS_20)
			words_of(tw_cvss_severity(tenths), severity);
		TW_TRY(tw_print(t, "%s %d.%d%s%s\n", c->version == TW_CVSS_40 ? tw_cvss_nomenclature(c) : row->words, tenths / 10,
			tenths % 10, *severity ? ", " : "", severity));
	}
	return TW_OK;
}

static tw_err print_metrics(const struct tw_tool *t, const struct tw_cvss *c)
{
	const struct tw_cvss_metric *m = tw_cvss_metrics(c->version);
	TW_CLEANUP(tw_jsonp) json_t *rows = json_array();

	if (!rows)
		return TW_RAISE(NOMEM, "metrics");
	for (size_t i = 0; m[i].code; i++) {
		char words[WORDS_MAX];

		if (!c->given[i])
			continue;
		words_of(tw_cvss_value(c, i)->name, words);
		TW_TRY(tw_json_append(rows,
			json_pack("[o, s, s]", json_sprintf("  %s:%s", m[i].code, tw_cvss_value(c, i)->code), m[i].words, words)));
	}
	return tw_print_table(t, NULL, rows);
}

struct run {
	struct tw_tool *t;
	json_t *answers;
	size_t told, wrong;
	char first[TW_DETAIL_MAX]; /* of those that are wrong */
};

static tw_err tell(struct run *r, const struct tw_cvss *c, json_t *o)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf vector = { 0 };

	tw_buf_init(&vector, r->t->sys, TW_CVSS_TEXT_MAX);
	TW_TRY(tw_cvss_write(c, &vector));
	json_t *object = json_object();
	TW_TRY(tw_json_set(o, "cvss", object));
	TW_TRY(add_object(c, tw_buf_cstr(&vector), object));
	if (c->version == TW_CVSS_40)
		TW_TRY(tw_json_set(o, "nomenclature", json_string(tw_cvss_nomenclature(c))));
	TW_TRY(tw_print(r->t, "%s%s\n", r->told ? "\n" : "", tw_buf_cstr(&vector)));
	TW_TRY(print_scores(r->t, c));
	return print_metrics(r->t, c);
}

static tw_err tell_wrong(struct run *r, const char *shown, json_t *o)
{
	char why[TW_DETAIL_MAX];

	(void)snprintf(why, sizeof(why), "%s", tw_err_detail());
	if (!r->wrong++)
		(void)snprintf(r->first, sizeof(r->first), "%.60s is no vector: %.160s", shown, why);
	TW_TRY(tw_json_set(o, "error", json_string(why)));
	return tw_print(r->t, "%s%.512s\nno vector: %s\n", r->told ? "\n" : "", shown, why);
}

static tw_err one(struct run *r, const char *argument)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf shown = { 0 };
	struct tw_slice text = tw_slice_of(argument);
	struct tw_cvss c;
	json_t *o = json_object();

	TW_TRY(tw_json_append(r->answers, o));
	tw_buf_init(&shown, r->t->sys, SHOWN_MAX);
	TW_TRY(tw_buf_terminal(&shown, (struct tw_slice){ text.at, text.size < TW_CVSS_TEXT_MAX ? text.size : TW_CVSS_TEXT_MAX }));
	TW_TRY(tw_json_set(o, "given", json_string(tw_buf_cstr(&shown))));
	tw_err e = tw_cvss_parse(text, &c);
	e = tw_failed(e) ? tell_wrong(r, tw_buf_cstr(&shown), o) : tell(r, &c, o);
	r->told++;
	return e;
}

tw_err tw_cmd_cvss(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_jsonp) json_t *answers = json_array();
	struct run r = { .t = t, .answers = answers };

	if (!answers)
		return TW_RAISE(NOMEM, "answers");
	for (int i = 0; i < a->rest_count; i++)
		TW_TRY(one(&r, a->rest[i]));
	if (t->json)
		TW_TRY(tw_print_value(t, answers));
	if (!r.wrong)
		return TW_OK;
	return tw_fail(t, TW_EXIT_FAILED, "a vector as its specification writes it: CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		TW_RAISE(SYNTAX, "%s", r.first));
}
