/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CVSS objects as the official JSON schemas have them, held against their own vector: see cvss.h. The schemas are lists of the same
 * metrics and values that vectors have, so they are made from the tables of cvss-metrics.c.
 */
#include "formats/cvss-inside.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdarg.h>
#include <stddef.h>

/* What a schema has besides metrics, by the version that has it first; 4.0 in CSAF has but one score. */
static const struct score_member {
	const char *name;
	size_t from; /* in struct tw_cvss_scores */
	bool severity, required;
	unsigned versions;
} score_members[] = {
#define IN_2 (1U << TW_CVSS_20)
#define IN_3 (1U << TW_CVSS_30 | 1U << TW_CVSS_31)
#define IN_4 (1U << TW_CVSS_40)
	{ "baseScore", offsetof(struct tw_cvss_scores, base), false, true, IN_2 | IN_3 | IN_4 },
	{ "baseSeverity", offsetof(struct tw_cvss_scores, base), true, true, IN_3 | IN_4 },
	{ "temporalScore", offsetof(struct tw_cvss_scores, temporal), false, false, IN_2 | IN_3 },
	{ "temporalSeverity", offsetof(struct tw_cvss_scores, temporal), true, false, IN_3 },
	{ "environmentalScore", offsetof(struct tw_cvss_scores, environmental), false, false, IN_2 | IN_3 },
	{ "environmentalSeverity", offsetof(struct tw_cvss_scores, environmental), true, false, IN_3 },
};

struct check {
	const json_t *object;
	const struct tw_cvss_check *how;
	enum tw_cvss_version version;
	const struct tw_cvss_metric *metrics;
};

__attribute__((format(printf, 4, 5))) static tw_err tell(
	const struct check *k, enum tw_cvss_fault fault, const char *member, const char *format, ...)
{
	char detail[TW_DETAIL_MAX];
	va_list list;

	va_start(list, format);
	(void)vsnprintf(detail, sizeof(detail), format, list);
	va_end(list);
	tw_utf8_mend(detail); /* a text of the document may have been cut in a character */
	return k->how->found(k->how->user, &(struct tw_cvss_finding){ fault, member, detail });
}

static const char *text_of(const struct check *k, const char *member)
{
	return json_string_value(json_object_get(k->object, member)); /* NULL: absent, or no text */
}

static bool is_text(const json_t *v, const char *text)
{
	return json_is_string(v) && tw_slice_is((struct tw_slice){ json_string_value(v), json_string_length(v) }, text);
}

/* Of the versions that may be there; where it is one, that one, whatever the object calls itself. */
static bool version_of(struct check *k)
{
	const json_t *said = json_object_get(k->object, "version");
	unsigned may = k->how->versions;

	for (unsigned i = TW_CVSS_20; i <= TW_CVSS_40; i++) {
		if (!(may & 1U << i) || (may != 1U << i && !is_text(said, tw_cvss_version_text((enum tw_cvss_version)i))))
			continue;
		k->version = (enum tw_cvss_version)i;
		k->metrics = tw_cvss_metrics(k->version);
		return true;
	}
	return false;
}

static bool has_member(const struct check *k, const struct score_member *m)
{
	return m->versions & 1U << k->version;
}

/* Not in between: 9.8 is the one number that "9.8" is read as. */
static bool is_tenths(double v, int tenths)
{
	return v >= tenths / 10.0 && v <= tenths / 10.0;
}

/* The schema of 4.0 wants score and severity from one band. */
static tw_err check_band(const struct check *k)
{
	const json_t *score = json_object_get(k->object, "baseScore");
	const char *severity = text_of(k, "baseSeverity");
	double v = json_number_value(score);

	if (k->version != TW_CVSS_40 || !json_is_number(score) || !severity || v < 0 || v > 10)
		return TW_OK;
	int tenths = (int)(v * 10 + 0.5);
	if (!is_tenths(v, tenths) || strcmp(severity, tw_cvss_severity(tenths)) != 0)
		return tell(k, TW_CVSS_SCHEMA, "baseSeverity", "baseScore %.10g and baseSeverity %.16s are no pair of CVSS 4.0", v, severity);
	return TW_OK;
}

static tw_err check_score_member(const struct check *k, const struct score_member *m)
{
	static const int bands[] = { 0, 1, 40, 70, 90 }; /* a score of each severity */
	const json_t *v = json_object_get(k->object, m->name);

	if (!v)
		return m->required ? tell(k, TW_CVSS_SCHEMA, m->name, "%s is missing", m->name) : TW_OK;
	if (!m->severity)
		return json_is_number(v) && json_number_value(v) >= 0 && json_number_value(v) <= 10
			? TW_OK
			: tell(k, TW_CVSS_SCHEMA, m->name, "%s is no number from 0 to 10", m->name);
	for (size_t i = 0; i < TW_COUNT(bands); i++)
		if (is_text(v, tw_cvss_severity(bands[i])))
			return TW_OK;
	return tell(k, TW_CVSS_SCHEMA, m->name, "%s is none of NONE, LOW, MEDIUM, HIGH, CRITICAL", m->name);
}

static tw_err check_metric_member(const struct check *k, const struct tw_cvss_metric *m)
{
	const json_t *v = json_object_get(k->object, m->name);

	if (!v)
		return TW_OK;
	for (const struct tw_cvss_value *value = m->values; value->code; value++)
		if (is_text(v, value->name))
			return TW_OK;
	return tell(k, TW_CVSS_SCHEMA, m->name, "%s has a value that CVSS %s does not know", m->name, tw_cvss_version_text(k->version));
}

static bool known(const struct check *k, const char *member)
{
	if (!strcmp(member, "version") || !strcmp(member, "vectorString"))
		return true;
	for (size_t i = 0; i < TW_COUNT(score_members); i++)
		if (has_member(k, &score_members[i]) && !strcmp(score_members[i].name, member))
			return true;
	for (size_t i = 0; k->metrics[i].code; i++)
		if (!strcmp(k->metrics[i].name, member))
			return true;
	return false;
}

static tw_err check_known(const struct check *k)
{
	const char *member;
	json_t *v;

	json_object_foreach((json_t *)k->object, member, v)
		if (!known(k, member))
			TW_TRY(tell(k, TW_CVSS_SCHEMA, member, "CVSS %s has no member of this name", tw_cvss_version_text(k->version)));
	return TW_OK;
}

/* ret: whether the vector is one to the schema. */
static tw_err check_vector(const struct check *k, bool *ret)
{
	const json_t *v = json_object_get(k->object, "vectorString");
	struct tw_cvss ignored;

	*ret = false;
	if (!json_is_string(v))
		return tell(k, TW_CVSS_SCHEMA, "vectorString", "vectorString is missing, or no text");
	tw_err e = tw_cvss_read((struct tw_slice){ json_string_value(v), json_string_length(v) }, k->version, TW_CVSS_BY_SCHEMA, &ignored);
	*ret = !tw_failed(e);
	if (*ret)
		return TW_OK;
	char why[TW_DETAIL_MAX];
	(void)snprintf(why, sizeof(why), "%s", tw_err_detail()); /* the next error of anybody takes its place */
	return tell(k, TW_CVSS_SCHEMA, "vectorString", "%s", why);
}

static tw_err check_schema(const struct check *k, bool *ret_vector)
{
	const char *version = tw_cvss_version_text(k->version);

	if (!is_text(json_object_get(k->object, "version"), version))
		TW_TRY(tell(k, TW_CVSS_SCHEMA, "version", "version is not %s", version));
	TW_TRY(check_vector(k, ret_vector));
	for (size_t i = 0; i < TW_COUNT(score_members); i++)
		if (has_member(k, &score_members[i]))
			TW_TRY(check_score_member(k, &score_members[i]));
	for (size_t i = 0; k->metrics[i].code; i++)
		TW_TRY(check_metric_member(k, &k->metrics[i]));
	TW_TRY(check_band(k));
	return k->how->strict ? check_known(k) : TW_OK;
}

static int tenths_of(const struct tw_cvss_scores *s, const struct score_member *m)
{
	return *(const int *)(const void *)((const char *)s + m->from);
}

/* other: what calculators of the version say where they differ. */
static tw_err check_score(const struct check *k, const struct score_member *m, int right, int other)
{
	const json_t *v = json_object_get(k->object, m->name);

	if (m->severity && json_is_string(v) && !is_text(v, tw_cvss_severity(right)) && !is_text(v, tw_cvss_severity(other)))
		return tell(k, TW_CVSS_SCORES, m->name, "%s is %.16s; the vector's is %s", m->name, json_string_value(v),
			tw_cvss_severity(right));
	if (!m->severity && json_is_number(v) && !is_tenths(json_number_value(v), right) && !is_tenths(json_number_value(v), other))
		return tell(k, TW_CVSS_SCORES, m->name, "%s is %.10g; the vector's is %d.%d", m->name, json_number_value(v),
			right / 10, right % 10);
	return TW_OK;
}

static tw_err check_scores(const struct check *k, const struct tw_cvss *c)
{
	struct tw_cvss_scores right, other;

	tw_cvss_score(c, &right);
	other = right;
	if (k->version == TW_CVSS_20)
		tw_cvss2_score_low(c, &other);
	if (k->version == TW_CVSS_30)
		tw_cvss3_score_calculator(c, &other);
	for (size_t i = 0; i < TW_COUNT(score_members); i++)
		if (has_member(k, &score_members[i]))
			TW_TRY(check_score(
				k, &score_members[i], tenths_of(&right, &score_members[i]), tenths_of(&other, &score_members[i])));
	return TW_OK;
}

/* Every field of the vector that is understood, also of a vector that is none as a whole. */
static tw_err check_metrics(const struct check *k, struct tw_slice vector)
{
	struct tw_slice rest = vector, field;
	bool done = false;

	while (tw_cvss_field(&rest, &done, &field)) {
		const char *colon = field.size ? memchr(field.at, ':', field.size) : NULL;
		size_t metric, value;

		if (!colon)
			continue;
		struct tw_slice code = { field.at, (size_t)(colon - field.at) };
		if (!tw_cvss_metric_at(k->metrics, code, &metric) ||
			!tw_cvss_value_at(&k->metrics[metric], (struct tw_slice){ colon + 1, field.size - code.size - 1 }, &value))
			continue;
		const struct tw_cvss_metric *m = &k->metrics[metric];
		const json_t *v = json_object_get(k->object, m->name);
		if (json_is_string(v) && !is_text(v, m->values[value].name))
			TW_TRY(tell(k, TW_CVSS_METRIC, m->name, "%s is %.32s; the vector says %s:%s, %s", m->name,
				json_string_value(v), m->code, m->values[value].code, m->values[value].name));
	}
	return TW_OK;
}

static tw_err check_undefined(const struct check *k, const struct tw_cvss *c)
{
	for (size_t i = 0; k->metrics[i].code; i++) {
		const struct tw_cvss_metric *m = &k->metrics[i];
		const json_t *v = json_object_get(k->object, m->name);

		if (!c->given[i] && json_is_string(v) && !is_text(v, "NOT_DEFINED"))
			TW_TRY(tell(k, TW_CVSS_SPECIFICATION, m->name, "%s is %.32s; the vector leaves %s undefined", m->name,
				json_string_value(v), m->code));
	}
	return TW_OK;
}

static tw_err check_against_vector(const struct check *k, bool by_schema)
{
	const json_t *v = json_object_get(k->object, "vectorString");
	struct tw_slice vector = { json_string_value(v), json_string_length(v) };
	struct tw_cvss c;

	if (!json_is_string(v))
		return TW_OK;
	tw_err e = tw_cvss_read(vector, k->version, TW_CVSS_BY_SPECIFICATION, &c);
	if (tw_failed(e) && by_schema) {
		char why[TW_DETAIL_MAX];

		(void)snprintf(why, sizeof(why), "%s", tw_err_detail());
		TW_TRY(tell(k, TW_CVSS_SPECIFICATION, "vectorString", "%s", why));
	}
	if (!tw_failed(e)) {
		TW_TRY(check_scores(k, &c));
		TW_TRY(check_undefined(k, &c));
	}
	return check_metrics(k, vector);
}

tw_err tw_cvss_check_json(const json_t *object, const struct tw_cvss_check *how)
{
	struct check k = { .object = object, .how = how };
	bool by_schema;

	if (!json_is_object(object))
		return tell(&k, TW_CVSS_SCHEMA, "", "this is no object");
	if (!version_of(&k))
		return tell(&k, TW_CVSS_SCHEMA, "version", "version is none that may stand here");
	TW_TRY(check_schema(&k, &by_schema));
	return check_against_vector(&k, by_schema);
}
