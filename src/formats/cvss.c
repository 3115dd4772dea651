/* SPDX-License-Identifier: Apache-2.0 */
/* CVSS vectors, read and written: see cvss.h. What a vector may hold is in cvss-metrics.c. */
#include "formats/cvss-inside.h"

#include "base/mem.h"

#define SHOWN 16 /* characters of a field that is wrong */
#define SHOWN_ARG(s) (int)((s).size < SHOWN ? (s).size : SHOWN), (s).at

static const struct {
	const char *text, *prefix;
} versions[] = {
	[TW_CVSS_20] = { "2.0", "" },
	[TW_CVSS_30] = { "3.0", "CVSS:3.0/" },
	[TW_CVSS_31] = { "3.1", "CVSS:3.1/" },
	[TW_CVSS_40] = { "4.0", "CVSS:4.0/" },
};

const char *tw_cvss_version_text(enum tw_cvss_version version)
{
	return versions[version].text;
}

const char *tw_cvss_prefix(enum tw_cvss_version version)
{
	return versions[version].prefix;
}

bool tw_cvss_field(struct tw_slice *rest, bool *done, struct tw_slice *ret)
{
	const char *slash = rest->size ? memchr(rest->at, '/', rest->size) : NULL;

	if (*done)
		return false;
	*ret = (struct tw_slice){ rest->at, slash ? (size_t)(slash - rest->at) : rest->size };
	*done = !slash;
	if (slash)
		*rest = (struct tw_slice){ slash + 1, rest->size - ret->size - 1 };
	return true;
}

bool tw_cvss_metric_at(const struct tw_cvss_metric *list, struct tw_slice code, size_t *ret)
{
	for (size_t i = 0; list[i].code; i++)
		if (tw_slice_is(code, list[i].code)) {
			*ret = i;
			return true;
		}
	return false;
}

bool tw_cvss_value_at(const struct tw_cvss_metric *m, struct tw_slice code, size_t *ret)
{
	for (size_t i = 0; m->values[i].code; i++)
		if (tw_slice_is(code, m->values[i].code)) {
			*ret = i;
			return true;
		}
	return false;
}

struct reader {
	struct tw_slice text;
	const struct tw_cvss_metric *metrics;
	bool ordered, once; /* what of it is asked */
	size_t next;        /* in an ordered vector: the place of the first metric that may come now */
	struct tw_cvss c;
};

static tw_err take(struct reader *r, struct tw_slice field)
{
	const char *colon = field.size ? memchr(field.at, ':', field.size) : NULL;
	size_t where = (size_t)(field.at - r->text.at) + 1, metric, value;

	if (!colon)
		return TW_RAISE(SYNTAX, "character %zu: '%.*s' is no metric with a value", where, SHOWN_ARG(field));
	struct tw_slice name = { field.at, (size_t)(colon - field.at) }, code = { colon + 1, field.size - name.size - 1 };
	if (!tw_cvss_metric_at(r->metrics, name, &metric))
		return TW_RAISE(SYNTAX, "character %zu: CVSS %s has no metric '%.*s'", where, tw_cvss_version_text(r->c.version),
			SHOWN_ARG(name));
	const struct tw_cvss_metric *m = &r->metrics[metric];
	if (!tw_cvss_value_at(m, code, &value))
		return TW_RAISE(SYNTAX, "character %zu: %s has no value '%.*s'", where + name.size + 1, m->code, SHOWN_ARG(code));
	if (r->once && r->c.given[metric])
		return TW_RAISE(SYNTAX, "character %zu: %s stands there twice", where, m->code);
	if (r->ordered && metric < r->next)
		return TW_RAISE(SYNTAX, "character %zu: %s comes before %s in CVSS %s", where, m->code,
			r->metrics[r->next - 1].code, tw_cvss_version_text(r->c.version));
	r->next = metric + 1;
	r->c.given[metric] = (uint8_t)(value + 1);
	return TW_OK;
}

/* What comes later stands in messages; no code has anything else. */
static tw_err check_characters(struct tw_slice text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.at[i] <= ' ' || text.at[i] > '~')
			return TW_RAISE(SYNTAX, "character %zu: a blank, or no character of a vector", i + 1);
	return TW_OK;
}

static tw_err check_complete(const struct reader *r)
{
	for (size_t i = 0; r->metrics[i].code; i++)
		if (!tw_cvss_optional(&r->metrics[i]) && !r->c.given[i])
			return TW_RAISE(SYNTAX, "character %zu: the vector ends without %s, which every vector of CVSS %s has",
				r->text.size + 1, r->metrics[i].code, tw_cvss_version_text(r->c.version));
	return TW_OK;
}

tw_err tw_cvss_read(struct tw_slice text, enum tw_cvss_version version, enum tw_cvss_rules rules, struct tw_cvss *ret)
{
	size_t prefix = strlen(tw_cvss_prefix(version));
	bool whole = rules == TW_CVSS_BY_SPECIFICATION || version == TW_CVSS_40, done = false;
	struct reader r = { .text = text, .metrics = tw_cvss_metrics(version), .c = { .version = version } };
	struct tw_slice rest, field;

	if (text.size > TW_CVSS_TEXT_MAX)
		return TW_RAISE(LIMIT, "a vector has at most %d characters", TW_CVSS_TEXT_MAX);
	TW_TRY(check_characters(text));
	if (text.size < prefix || (prefix && memcmp(text.at, tw_cvss_prefix(version), prefix) != 0))
		return TW_RAISE(SYNTAX, "character 1: a vector of CVSS %s begins with %s", tw_cvss_version_text(version),
			tw_cvss_prefix(version));
	r.once = whole;
	r.ordered = whole && (version == TW_CVSS_20 || version == TW_CVSS_40);
	rest = (struct tw_slice){ text.at + prefix, text.size - prefix };
	while (tw_cvss_field(&rest, &done, &field))
		TW_TRY(take(&r, field));
	if (whole)
		TW_TRY(check_complete(&r));
	*ret = r.c;
	return TW_OK;
}

/* By its prefix; a vector of 2.0 has none. */
static tw_err version_of(struct tw_slice text, enum tw_cvss_version *ret)
{
	for (size_t i = TW_CVSS_30; i < TW_COUNT(versions); i++)
		if (text.size >= TW_CVSS_PREFIX_MAX && !memcmp(text.at, versions[i].prefix, TW_CVSS_PREFIX_MAX)) {
			*ret = (enum tw_cvss_version)i;
			return TW_OK;
		}
	if (text.size >= 5 && !memcmp(text.at, "CVSS:", 5))
		return TW_RAISE(SYNTAX, "character 1: not CVSS:3.0/, CVSS:3.1/ or CVSS:4.0/");
	*ret = TW_CVSS_20;
	return TW_OK;
}

tw_err tw_cvss_parse(struct tw_slice text, struct tw_cvss *ret)
{
	enum tw_cvss_version version;

	if (!text.size)
		return TW_RAISE(SYNTAX, "character 1: the vector is empty");
	TW_TRY(version_of(text, &version));
	return tw_cvss_read(text, version, TW_CVSS_BY_SPECIFICATION, ret);
}

const struct tw_cvss_value *tw_cvss_value(const struct tw_cvss *c, size_t metric)
{
	const struct tw_cvss_value *values = tw_cvss_metrics(c->version)[metric].values;

	return c->given[metric] ? &values[c->given[metric] - 1] : values;
}

static bool defined(const struct tw_cvss *c, const struct tw_cvss_metric *metrics, size_t i)
{
	return tw_cvss_optional(&metrics[i]) ? c->given[i] > 1 : c->given[i] > 0;
}

bool tw_cvss_defines(const struct tw_cvss *c, enum tw_cvss_group group)
{
	const struct tw_cvss_metric *metrics = tw_cvss_metrics(c->version);

	for (size_t i = 0; metrics[i].code; i++)
		if (metrics[i].group == group && defined(c, metrics, i))
			return true;
	return false;
}

tw_err tw_cvss_write(const struct tw_cvss *c, struct tw_buf *ret)
{
	const struct tw_cvss_metric *metrics = tw_cvss_metrics(c->version);
	const char *between = "";

	TW_TRY(tw_buf_text(ret, tw_cvss_prefix(c->version)));
	for (size_t i = 0; metrics[i].code; i++) {
		if (!defined(c, metrics, i))
			continue;
		TW_TRY(tw_buf_format(ret, "%s%s:%s", between, metrics[i].code, tw_cvss_value(c, i)->code));
		between = "/";
	}
	return TW_OK;
}

void tw_cvss_score(const struct tw_cvss *c, struct tw_cvss_scores *ret)
{
	int one;

	switch (c->version) {
	case TW_CVSS_20:
		tw_cvss2_score(c, ret);
		break;
	case TW_CVSS_30:
	case TW_CVSS_31:
		tw_cvss3_score(c, ret);
		break;
	case TW_CVSS_40:
		one = tw_cvss4_score(c);
		*ret = (struct tw_cvss_scores){ one, one, one };
		break;
	}
}

const char *tw_cvss_nomenclature(const struct tw_cvss *c)
{
	static const char *const names[2][2] = { { "CVSS-B", "CVSS-BE" }, { "CVSS-BT", "CVSS-BTE" } };

	return c->version == TW_CVSS_40 ? names[tw_cvss_defines(c, TW_CVSS_TEMPORAL)][tw_cvss_defines(c, TW_CVSS_ENVIRONMENTAL)] : "";
}

const char *tw_cvss_severity(int tenths)
{
	return tenths == 0 ? "NONE" : tenths < 40 ? "LOW" : tenths < 70 ? "MEDIUM" : tenths < 90 ? "HIGH" : "CRITICAL";
}
