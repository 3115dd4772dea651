/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cases/draft.h"

#include "formats/cvss.h"

#include <stdio.h>
#include <string.h>

#define E (1u << TW_A14_EXPLOITED)
#define I (1u << TW_A14_INCIDENT)
#define W (1u << TW_A14_WARNING)
#define N (1u << TW_A14_NOTIFICATION)
#define F (1u << TW_A14_FINAL)

const struct tw_a14_field tw_a14_fields[] = {
	{ "manufacturer", "Manufacturer", E | I, W | N | F, W | N | F },
	{ "contact", "Contact for questions", E | I, W | N | F, W | N | F },
	{ "product", "Product with digital elements concerned", E | I, W | N | F, W | N | F },
	{ "versions", "Versions concerned", E | I, W | N | F, N | F },
	{ "member_states", "Member States on whose territory the product has been made available", E | I, W | N, 0 },
	{ "cve", "Identifier of the vulnerability", E, W | N | F, 0 },
	{ "malicious", "Suspected of being caused by unlawful or malicious acts", I, W | N, W },
	{ "nature", "General nature of the vulnerability or incident", E | I, N, N },
	{ "exploit", "General nature of the exploit", E, N, N },
	{ "assessment", "Initial assessment of the incident", I, N, N },
	{ "measures_taken", "Corrective or mitigating measures taken", E | I, N, N },
	{ "measures_users", "Corrective or mitigating measures that users can take", E | I, N, N },
	{ "sensitivity", "How sensitive the notified information is considered to be", E | I, N, 0 },
	{ "description", "Detailed description", E | I, F, F },
	{ "severity", "Severity", E | I, N | F, F },
	{ "impact", "Impact", E | I, F, F },
	{ "actor", "Malicious actor that has exploited or is exploiting the vulnerability", E, F, 0 },
	{ "remedy", "Security update or other corrective measures made available", E, F, F },
	{ "threat", "Type of threat or root cause that is likely to have triggered the incident", I, F, F },
	{ "mitigations", "Applied and ongoing mitigation measures", I, F, F },
	{ .key = NULL },
};

static const char *const titles[TW_A14_STEPS] = { "Early warning", "Notification", "Final report" };
static const char *const of_what[TW_A14_KINDS] = { "an actively exploited vulnerability", "a severe incident" };

/* Severity is the CVSS vector's word when the case has one. */
static void severity(const json_t *of, char *ret, size_t size)
{
	const char *vector = tw_json_text(of, "cvss");
	struct tw_cvss c;
	struct tw_cvss_scores s;

	(void)snprintf(ret, size, "%s", tw_json_text(of, "severity"));
	if (!*vector || tw_failed(tw_cvss_parse(tw_slice_of(vector), &c)))
		return;
	tw_cvss_score(&c, &s);
	(void)snprintf(ret, size, "%s%s%s, score %d.%d (%s)", tw_json_text(of, "severity"),
		*tw_json_text(of, "severity") ? "; " : "", vector, s.base / 10, s.base % 10, tw_cvss_version_text(c.version));
}

#define SEVERITY_MAX 5000
static bool asked(const struct tw_a14_draft *d, const struct tw_a14_field *f)
{
	return (f->kinds & (1u << d->a14->kind)) && (f->steps & (1u << d->clock->step));
}

static bool needed(const struct tw_a14_draft *d, const struct tw_a14_field *f)
{
	return f->needed & (1u << d->clock->step);
}

static const char *value_of(const struct tw_a14_draft *d, const struct tw_a14_field *f, char *room, size_t size)
{
	if (strcmp(f->key, "severity") != 0)
		return tw_json_text(d->of, f->key);
	severity(d->of, room, size);
	return room;
}

static const char *rule_of(const struct tw_a14_draft *d)
{
	return d->intermediate ? "Art. 14(6)" : d->clock->rule;
}

/* --- As JSON --- */

static tw_err add_fields(const struct tw_a14_draft *d, json_t *filled, json_t *missing)
{
	char room[SEVERITY_MAX];

	for (const struct tw_a14_field *f = tw_a14_fields; f->key; f++) {
		const char *value = asked(d, f) ? value_of(d, f, room, sizeof room) : NULL;

		if (value && *value)
			TW_TRY(tw_json_append(filled, json_pack("{s:s, s:s, s:s}", "key", f->key, "heading", f->heading, "value", value)));
		else if (value)
			TW_TRY(tw_json_append(missing,
				json_pack("{s:s, s:s, s:b}", "key", f->key, "heading", f->heading, "required", needed(d, f))));
	}
	return TW_OK;
}

static tw_err add_time(json_t *j, const char *key, const struct tw_zone *z, int64_t ms)
{
	char utc[TW_TIME_TEXT_MAX], there[TW_TIME_TEXT_MAX];

	if (ms == TW_A14_NEVER)
		return TW_OK;
	tw_time_text(ms, utc);
	tw_zone_text(z, ms, there);
	return tw_json_set(j, key, json_pack("{s:s, s:s, s:s}", "utc", utc, "local", there, "zone", z->name));
}

tw_err tw_a14_draft_json(const struct tw_a14_draft *d, json_t **ret)
{
	TW_CLEANUP(tw_jsonp)
	json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "format", TW_A14_DRAFT_FORMAT, "kind", tw_a14_kinds[d->a14->kind],
		"step", d->intermediate ? "intermediate-report" : tw_a14_steps[d->clock->step], "rule", rule_of(d), "case",
		tw_json_text(d->of, "id"), "drill", tw_json_bool(d->of, "drill"));
	json_t *filled = json_array(), *missing = json_array();

	tw_err e = filled && missing ? add_fields(d, filled, missing) : TW_RAISE(NOMEM, "a draft");
	tw_err put = tw_json_set(j, "fields", filled), put_too = tw_json_set(j, "missing", missing);
	TW_TRY(e);
	TW_TRY(put);
	TW_TRY(put_too);
	TW_TRY(tw_json_set(j, "title", json_string(tw_json_text(d->of, "title"))));
	TW_TRY(add_time(j, "aware", d->a14->zone, d->a14->aware_ms));
	if (!d->intermediate)
		TW_TRY(add_time(j, "due", d->a14->zone, d->clock->due_ms));
	if (*d->ground)
		TW_TRY(tw_json_set(j, "delay", json_pack("{s:s, s:s}", "ground", d->ground, "why", d->why)));
	*ret = TW_STEAL(j);
	return TW_OK;
}

/* --- As text --- */

/* Each line of it begins with two blanks, so that nothing in a value looks like a heading. */
static tw_err indented(struct tw_buf *b, const char *value)
{
	while (*value) {
		size_t size = strcspn(value, "\r\n");

		if (size)
			TW_TRY(tw_buf_format(b, "  %.*s\n", (int)size, value));
		value += size;
		value += strspn(value, "\r\n");
	}
	return TW_OK;
}

static tw_err time_line(struct tw_buf *b, const char *what, const struct tw_zone *z, int64_t ms)
{
	char utc[TW_TIME_TEXT_MAX], there[TW_TIME_TEXT_MAX];

	if (ms == TW_A14_NEVER)
		return TW_OK;
	tw_time_text(ms, utc);
	tw_zone_text(z, ms, there);
	return tw_buf_format(b, "%s: %.19sZ (%s %s)\n", what, utc, there, z->name);
}

static tw_err head(const struct tw_a14_draft *d, struct tw_buf *b)
{
	const struct tw_a14 *a = d->a14;

	if (tw_json_bool(d->of, "drill"))
		TW_TRY(tw_buf_text(b, "DRILL. THIS IS AN EXERCISE: DO NOT SUBMIT.\n\n"));
	TW_TRY(tw_buf_format(b, "%s of %s\n", d->intermediate ? "Intermediate report" : titles[d->clock->step], of_what[a->kind]));
	TW_TRY(tw_buf_format(b, "Regulation (EU) 2024/2847, %s\n", rule_of(d)));
	TW_TRY(tw_buf_format(b, "Our reference: %s, ", tw_json_text(d->of, "id")));
	TW_TRY(tw_buf_text(b, tw_json_text(d->of, "title")));
	TW_TRY(tw_buf_text(b, "\n"));
	TW_TRY(time_line(b, "Became aware", a->zone, a->aware_ms));
	return d->intermediate ? TW_OK : time_line(b, "To be submitted by", a->zone, d->clock->due_ms);
}

static tw_err delay(const struct tw_a14_draft *d, struct tw_buf *b)
{
	const struct tw_a14_ground *g = tw_a14_ground_find(tw_slice_of(d->ground));

	if (!g || !(g->steps & (1u << d->clock->step)))
		return TW_OK;
	TW_TRY(tw_buf_text(b, "\nDelayed dissemination is asked for\n"));
	TW_TRY(indented(b, g->words));
	return indented(b, d->why);
}

tw_err tw_a14_draft_text(const struct tw_a14_draft *d, struct tw_buf *ret)
{
	char room[SEVERITY_MAX];
	bool missing = false;

	TW_TRY(head(d, ret));
	for (const struct tw_a14_field *f = tw_a14_fields; f->key; f++) {
		const char *value = asked(d, f) ? value_of(d, f, room, sizeof room) : "";

		if (!*value)
			continue;
		TW_TRY(tw_buf_format(ret, "\n%s\n", f->heading));
		TW_TRY(indented(ret, value));
	}
	TW_TRY(delay(d, ret));
	for (const struct tw_a14_field *f = tw_a14_fields; f->key; f++) {
		if (!asked(d, f) || *value_of(d, f, room, sizeof room))
			continue;
		TW_TRY(tw_buf_format(ret, "%s  %s%s\n", missing ? "" : "\nSTILL MISSING\n", f->heading,
			needed(d, f) ? "" : " (where applicable, or as available)"));
		missing = true;
	}
	return TW_OK;
}
