/* SPDX-License-Identifier: Apache-2.0 */
/* What is a vector and what is not, and what is told of CVSS objects. The scores are in test-cvss-scores.c. */
#include "formats/cvss.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

#define B2 "AV:N/AC:L/Au:N/C:P/I:P/A:P"
#define B3 "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
#define B4 "AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"

/* As read, and as it is written. */
static const char *const accepted[][2] = {
	{ B2, B2 },
	{ B2 "/RL:W/CDP:LM/TD:ND/AR:H", B2 "/RL:W/CDP:LM/AR:H" },
	{ B2 "/E:ND/RL:ND/RC:ND/CDP:ND/TD:ND/CR:ND/IR:ND/AR:ND", B2 },
	{ "CVSS:3.0/" B3, "CVSS:3.0/" B3 },
	{ "CVSS:3.1/" B3 "/E:X/MS:X", "CVSS:3.1/" B3 },
	{ "CVSS:3.1/MA:L/A:H/I:H/C:H/RC:R/S:U/UI:N/PR:N/AC:L/AV:N", "CVSS:3.1/" B3 "/RC:R/MA:L" },
	{ "CVSS:4.0/" B4, "CVSS:4.0/" B4 },
	{ "CVSS:4.0/" B4 "/E:X/CR:X/MSA:S/U:Clear", "CVSS:4.0/" B4 "/MSA:S/U:Clear" },
};

static void test_read_and_written(void **state)
{
	for (size_t i = 0; i < TW_COUNT(accepted); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		struct tw_cvss c;

		tw_buf_init(&b, tw_sys_real(), TW_CVSS_TEXT_MAX);
		CHECK_OK(tw_cvss_parse(tw_slice_of(accepted[i][0]), &c));
		CHECK_OK(tw_cvss_write(&c, &b));
		CHECK_TEXT(tw_buf_cstr(&b), accepted[i][1]);
	}
}

static const struct {
	const char *text, *detail;
} refused[] = {
	{ "", "character 1: the vector is empty" },
	{ "x", "character 1: 'x' is no metric with a value" },
	{ "~", "character 1: '~' is no metric with a value" },
	{ "/" B2, "character 1: '' is no metric with a value" },
	{ B2 "/", "character 28: '' is no metric with a value" },
	{ "AV:N//AC:L/Au:N/C:P/I:P/A:P", "character 6: '' is no metric with a value" },
	{ "(" B2 ")", "character 1: CVSS 2.0 has no metric '(AV'" },
	{ "av:N/AC:L/Au:N/C:P/I:P/A:P", "character 1: CVSS 2.0 has no metric 'av'" },
	{ "AV:n/AC:L/Au:N/C:P/I:P/A:P", "character 4: AV has no value 'n'" },
	{ "AV:/AC:L/Au:N/C:P/I:P/A:P", "character 4: AV has no value ''" },
	{ "AV:N:N/AC:L/Au:N/C:P/I:P/A:P", "character 4: AV has no value 'N:N'" },
	{ ":N", "character 1: CVSS 2.0 has no metric ''" },
	{ "AC:L/AV:N/Au:N/C:P/I:P/A:P", "character 6: AV comes before AC in CVSS 2.0" },
	{ "E:F/" B2, "character 5: AV comes before E in CVSS 2.0" },
	{ "AV:N/AV:N/AC:L/Au:N/C:P/I:P/A:P", "character 6: AV stands there twice" },
	{ "AV:N/AC:L/Au:N/C:P/I:P", "character 23: the vector ends without A, which every vector of CVSS 2.0 has" },
	{ B2 "/E:X", "character 30: E has no value 'X'" },
	{ B3, "character 11: CVSS 2.0 has no metric 'PR'" },
	{ "CVSS:2.0/" B2, "character 1: not CVSS:3.0/, CVSS:3.1/ or CVSS:4.0/" },
	{ "CVSS:3.2/" B3, "character 1: not CVSS:3.0/, CVSS:3.1/ or CVSS:4.0/" },
	{ "CVSS:3.1", "character 1: not CVSS:3.0/, CVSS:3.1/ or CVSS:4.0/" },
	{ "CVSS:3.1/", "character 10: '' is no metric with a value" },
	{ "cvss:3.1/" B3, "character 1: CVSS 2.0 has no metric 'cvss'" },
	{ "CVSS:3.1/" B3 "/S:U", "character 46: S stands there twice" },
	{ "CVSS:3.1/" B3 "/MAV:Q", "character 50: MAV has no value 'Q'" },
	{ "CVSS:3.1/" B3 "/AT:N", "character 46: CVSS 3.1 has no metric 'AT'" },
	{ "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H", "character 41: the vector ends without A, which every vector of CVSS 3.0 has" },
	{ "CVSS:3.1/" B3 "/averyveryverylongname:X", "character 46: CVSS 3.1 has no metric 'averyveryverylon'" },
	{ "CVSS:4.0/AC:L/AV:N/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "character 15: AV comes before AC in CVSS 4.0" },
	{ "CVSS:4.0/" B4 "/CR:H/E:A", "character 70: E comes before CR in CVSS 4.0" },
	{ "CVSS:4.0/" B4 "/E:A/E:A", "character 69: E stands there twice" },
	{ "CVSS:4.0/" B4 "/MSC:S", "character 69: MSC has no value 'S'" },
	{ "CVSS:4.0/" B4 "/U:clear", "character 67: U has no value 'clear'" },
	{ "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/E:A",
		"character 63: the vector ends without SA, which every vector of CVSS 4.0 has" },
	{ "CVSS:3.1/" B3 " ", "character 45: a blank, or no character of a vector" },
	{ " CVSS:3.1/" B3, "character 1: a blank, or no character of a vector" },
	{ "CVSS:3.1/" B3 "\n", "character 45: a blank, or no character of a vector" },
	{ "CVSS:3.1/" B3 "/E:\xc3\xa4", "character 48: a blank, or no character of a vector" },
	{ "CVSS:3.1/" B3 "/E:\x7f", "character 48: a blank, or no character of a vector" },
};

static void test_refused(void **state)
{
	for (size_t i = 0; i < TW_COUNT(refused); i++) {
		struct tw_cvss c;

		CHECK_ERR(tw_cvss_parse(tw_slice_of(refused[i].text), &c), SYNTAX);
		CHECK_TEXT(tw_err_detail(), refused[i].detail);
	}
}

/* Nothing but a whole vector is one: 2.0 apart, whose optional metrics end anywhere. */
static void test_every_cut_is_refused(void **state)
{
	static const char *const whole[] = { B2, "CVSS:3.1/" B3, "CVSS:4.0/" B4 };

	for (size_t i = 0; i < TW_COUNT(whole); i++)
		for (size_t size = 0; size < strlen(whole[i]); size++) {
			struct tw_cvss c;

			CHECK_ERR(tw_cvss_parse((struct tw_slice){ whole[i], size }, &c), SYNTAX);
		}
}

static void test_how_long_a_vector_may_be(void **state)
{
	static char text[TW_CVSS_TEXT_MAX + 2];
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_cvss c = { .version = TW_CVSS_40 };

	memset(text, 'x', sizeof(text) - 1);
	CHECK_ERR(tw_cvss_parse((struct tw_slice){ text, TW_CVSS_TEXT_MAX + 1 }, &c), LIMIT);
	CHECK_ERR(tw_cvss_parse((struct tw_slice){ text, TW_CVSS_TEXT_MAX }, &c), SYNTAX);
	c = (struct tw_cvss){ .version = TW_CVSS_40 };
	for (size_t i = 0; i < TW_CVSS_METRICS_MAX; i++)
		c.given[i] = 3; /* exists of 28; two have fewer values */
	c.given[1] = c.given[2] = 2;
	tw_buf_init(&b, tw_sys_real(), TW_CVSS_TEXT_MAX);
	CHECK_OK(tw_cvss_write(&c, &b));
	CHECK(b.size <= TW_CVSS_TEXT_MAX);
	CHECK_OK(tw_cvss_parse(tw_buf_slice(&b), &c));
}

/* Each value of the metric, which is behind the base vector. */
static void each_value_of(const char *base, const struct tw_cvss_metric *metrics, size_t i)
{
	for (const struct tw_cvss_value *value = metrics[i].values; value->code; value++) {
		char text[TW_CVSS_TEXT_MAX];
		struct tw_cvss c;

		(void)snprintf(text, sizeof(text), "%s/%s:%s", base, metrics[i].code, value->code);
		CHECK_OK(tw_cvss_parse(tw_slice_of(text), &c));
		CHECK_TEXT(tw_cvss_value(&c, i)->name, value->name);
		CHECK_INT(tw_cvss_defines(&c, metrics[i].group), value != metrics[i].values);
	}
}

/* Each value of each metric is read as itself and has the name that it has in JSON; what is left out is not defined. */
static void test_each_value(void **state)
{
	static const char *const bases[] = { B2, "CVSS:3.0/" B3, "CVSS:3.1/" B3, "CVSS:4.0/" B4 };

	for (size_t v = 0; v < TW_COUNT(bases); v++) {
		const struct tw_cvss_metric *m = tw_cvss_metrics((enum tw_cvss_version)v);
		struct tw_cvss base;

		CHECK_OK(tw_cvss_parse(tw_slice_of(bases[v]), &base));
		for (size_t i = 0; m[i].code; i++) {
			if (m[i].group == TW_CVSS_BASE)
				continue;
			CHECK_TEXT(tw_cvss_value(&base, i)->name, "NOT_DEFINED");
			each_value_of(bases[v], m, i);
		}
		CHECK(tw_cvss_defines(&base, TW_CVSS_BASE));
	}
}

/* What is found of each row, "test:member" each, sorted by when it is told. */
#define V2 (1U << TW_CVSS_20)
#define V3 (1U << TW_CVSS_30 | 1U << TW_CVSS_31)
#define V4 (1U << TW_CVSS_40)
#define S2 "'version':'2.0','vectorString':'" B2 "','baseScore':7.5"
#define S31 "'version':'3.1','vectorString':'CVSS:3.1/" B3 "','baseScore':9.8,'baseSeverity':'CRITICAL'"
#define S4 "'version':'4.0','vectorString':'CVSS:4.0/" B4 "','baseScore':9.3,'baseSeverity':'CRITICAL'"
#define OF(version, vector, score, severity) \
	"'version':'" version "','vectorString':'CVSS:" version "/" vector "','baseScore':" score ",'baseSeverity':'" severity "'"

static const struct {
	unsigned versions;
	bool strict;
	const char *json, *found;
} objects[] = {
	{ V2, true, "{" S2 "}", "" },
	{ V3, true, "{" S31 "}", "" },
	{ V4, true, "{" S4 "}", "" },
	{ V3, true, "{" OF("3.0", B3, "9.8", "CRITICAL") "}", "" },
	/* 6.1.8 */
	{ V3, false, "[]", "schema:" },
	{ V3, false, "{}", "schema:version" },
	{ V3, false, "{'version':'2.0'}", "schema:version" },
	{ V3, false, "{'version':3.1}", "schema:version" },
	{ V3, false, "{'version':'3.1'}", "schema:vectorString schema:baseScore schema:baseSeverity" },
	{ V2, false, "{'vectorString':'" B2 "','baseScore':7.5}", "schema:version" },
	{ V2, false, "{'version':'3.1','vectorString':'" B2 "','baseScore':7.4,'accessVector':'LOCAL'}",
		"schema:version scores:baseScore metric:accessVector" },
	{ V2, false, "{'version':'2.0','vectorString':7,'baseScore':'7.5'}", "schema:vectorString schema:baseScore" },
	{ V2, false, "{'version':'2.0','vectorString':'" B2 "/E:X','baseScore':7.5}", "schema:vectorString" },
	{ V2, false, "{'version':'2.0','vectorString':'','baseScore':7.5}", "schema:vectorString" },
	{ V3, false, "{'version':'3.1','vectorString':'CVSS:3.0/" B3 "','baseScore':9.8,'baseSeverity':'CRITICAL'}", "schema:vectorString" },
	{ V3, false, "{" OF("3.1", B3 "\\u0000", "9.8", "CRITICAL") "}", "schema:vectorString" },
	{ V3, false, "{" OF("3.1", B3, "10.1", "critical") "}", "schema:baseScore schema:baseSeverity scores:baseScore scores:baseSeverity" },
	{ V3, false, "{" OF("3.1", B3, "-0.1", "CRITICAL") "}", "schema:baseScore scores:baseScore" },
	{ V3, false, "{" S31 ",'temporalSeverity':1,'attackVector':'ADJACENT'}",
		"schema:temporalSeverity schema:attackVector metric:attackVector" },
	{ V3, false, "{" S31 ",'scope':null}", "schema:scope" },
	{ V3, false, "{" S31 ",'attackVector':'NETWORK\\u0000'}", "schema:attackVector metric:attackVector" },
	{ V3, false, "{" S31 ",'more':1,'accessVector':'LOCAL'}", "" },
	{ V3, true, "{" S31 ",'more':1,'accessVector':'LOCAL'}", "schema:more schema:accessVector" },
	{ V2, true, "{" S2 ",'baseSeverity':'HIGH'}", "schema:baseSeverity" },
	{ V4, true, "{" S4 ",'threatScore':9.3}", "schema:threatScore" },
	{ V4, false, "{" OF("4.0", B4, "9.3", "HIGH") "}", "schema:baseSeverity scores:baseSeverity" },
	{ V4, false, "{" OF("4.0", B4, "9.25", "CRITICAL") "}", "schema:baseSeverity scores:baseScore" },
	{ V4, false, "{" OF("4.0", B4, "-1e300", "CRITICAL") "}", "schema:baseScore scores:baseScore" },
	/* 6.1.9 */
	{ V2, false, "{" S2 ",'temporalScore':7.5,'environmentalScore':7.4}", "scores:environmentalScore" },
	{ V3, false, "{" OF("3.1", B3, "9.7", "HIGH") "}", "scores:baseScore scores:baseSeverity" },
	{ V3, false, "{" OF("3.1", B3, "9.80000001", "CRITICAL") "}", "scores:baseScore" },
	{ V3, false, "{" OF("3.1", "AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", "10", "CRITICAL") "}", "" },
	{ V3, false, "{" S31 ",'temporalScore':9.8,'temporalSeverity':'CRITICAL','environmentalScore':9.8,'environmentalSeverity':'CRITICAL'}",
		"" },
	{ V3, false, "{" S31 ",'temporalScore':9.7,'temporalSeverity':'LOW','environmentalScore':0,'environmentalSeverity':'NONE'}",
		"scores:temporalScore scores:temporalSeverity scores:environmentalScore scores:environmentalSeverity" },
	{ V3, false, "{" OF("3.1", B3 "/E:P/CR:L", "9.8", "CRITICAL") ",'temporalScore':9.3,'environmentalScore':9}", "" },
	/* of 3.0, what the specification says and what FIRST's calculator says: but not of 3.1, nor anything else */
	{ V3, false, "{" OF("3.0", "AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H/RC:U", "10.0", "CRITICAL") ",'temporalScore':9.2}", "" },
	{ V3, false, "{" OF("3.0", "AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H/RC:U", "10.0", "CRITICAL") ",'temporalScore':9.3}", "" },
	{ V3, false, "{" OF("3.0", "AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H/RC:U", "10.0", "CRITICAL") ",'environmentalScore':9.3}", "" },
	{ V3, false, "{" OF("3.0", "AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H/RC:U", "10.0", "CRITICAL") ",'temporalScore':9.4}",
		"scores:temporalScore" },
	{ V3, false, "{" OF("3.1", "AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H/RC:U", "10.0", "CRITICAL") ",'temporalScore':9.3}",
		"scores:temporalScore" },
	/* of 2.0, a half either way */
	{ V2, false, "{'version':'2.0','vectorString':'AV:N/AC:M/Au:N/C:C/I:P/A:C/E:F','baseScore':9,'temporalScore':8.6}", "" },
	{ V2, false, "{'version':'2.0','vectorString':'AV:N/AC:M/Au:N/C:C/I:P/A:C/E:F','baseScore':9,'temporalScore':8.5}", "" },
	{ V2, false, "{'version':'2.0','vectorString':'AV:N/AC:M/Au:N/C:C/I:P/A:C/E:F','baseScore':9,'temporalScore':8.4}",
		"scores:temporalScore" },
	{ V2, false, "{'version':'2.0','vectorString':'AV:N/AC:M/Au:N/C:C/I:P/A:C/E:F','baseScore':8.9,'temporalScore':8.6}",
		"scores:baseScore" },
	/* the one score of 4.0 */
	{ V4, false, "{" OF("4.0", "AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/E:P", "9.3", "CRITICAL") "}", "" },
	{ V4, false, "{" OF("4.0", "AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/E:P", "10", "CRITICAL") "}", "scores:baseScore" },
	/* 6.1.10 */
	{ V3, true, "{" S31 ",'attackVector':'LOCAL','attackComplexity':'LOW','scope':'CHANGED','availabilityImpact':'LOW'}",
		"metric:attackVector metric:scope metric:availabilityImpact" },
	{ V2, true, "{" S2 ",'authentication':'NONE','accessVector':'LOCAL'}", "metric:accessVector" },
	{ V4, true, "{" S4 ",'attackRequirements':'NONE','subIntegrityImpact':'HIGH'}", "metric:subIntegrityImpact" },
	{ V3, false, "{" OF("3.1", B3 "/MAV:X", "9.8", "CRITICAL") ",'modifiedAttackVector':'NETWORK'}", "metric:modifiedAttackVector" },
	{ V3, false, "{'version':'3.1','vectorString':'AV:N/AV:P/nonsense/AC:Q','attackVector':'NETWORK'}",
		"schema:vectorString schema:baseScore schema:baseSeverity metric:attackVector" },
	/* what no test of CSAF asks for: the schema's pattern takes these vectors, which have no score */
	{ V2, false, "{'version':'2.0','vectorString':'AC:L/AV:N/Au:N/C:P/I:P/A:P','baseScore':1}", "specification:vectorString" },
	{ V2, false, "{'version':'2.0','vectorString':'" B2 "/AV:L','baseScore':1,'accessVector':'LOCAL'}",
		"specification:vectorString metric:accessVector" },
	{ V3, false, "{'version':'3.1','vectorString':'CVSS:3.1/AV:N','baseScore':1,'baseSeverity':'LOW'}", "specification:vectorString" },
	{ V4, false, "{'version':'4.0','vectorString':'CVSS:4.0/AV:N','baseScore':1,'baseSeverity':'LOW'}", "schema:vectorString" },
	{ V3, false, "{" S31 ",'exploitCodeMaturity':'HIGH','modifiedScope':'NOT_DEFINED'}", "specification:exploitCodeMaturity" },
};

struct told {
	char text[512];
	size_t most; /* findings, then an error; 0: no end */
	size_t count;
};

static tw_err note(void *user, const struct tw_cvss_finding *f)
{
	static const char *const names[] = {
		[TW_CVSS_SCHEMA] = "schema",
		[TW_CVSS_SCORES] = "scores",
		[TW_CVSS_METRIC] = "metric",
		[TW_CVSS_SPECIFICATION] = "specification",
	};
	struct told *t = user;
	size_t size = strlen(t->text);

	CHECK(*f->detail);
	CHECK(tw_utf8_valid(tw_slice_of(f->detail)));
	(void)snprintf(t->text + size, sizeof(t->text) - size, "%s%s:%s", size ? " " : "", names[f->fault], f->member);
	return ++t->count == t->most ? TW_RAISE(STATE, "enough") : TW_OK;
}

static json_t *object_of(const char *text)
{
	char json[1024];
	json_t *o = NULL;

	(void)snprintf(json, sizeof(json), "%s", text);
	for (char *at = json; *at; at++)
		*at = *at == '\'' ? '"' : *at;
	/* a reader of ours would refuse what Jansson may hold all the same */
	o = json_loads(json, JSON_ALLOW_NUL, NULL);
	CHECK(o);
	return o;
}

static void test_objects(void **state)
{
	for (size_t i = 0; i < TW_COUNT(objects); i++) {
		TW_CLEANUP(tw_jsonp) json_t *o = object_of(objects[i].json);
		struct told t = { .most = 0 };
		struct tw_cvss_check how = { objects[i].versions, objects[i].strict, note, &t };

		CHECK_OK(tw_cvss_check_json(o, &how));
		if (strcmp(t.text, objects[i].found) != 0)
			fail_msg("%s: '%s', want '%s'", objects[i].json, t.text, objects[i].found);
	}
}

/* What whoever is told raises comes out, after any of them. */
static void test_whoever_is_told_may_end_it(void **state)
{
	for (size_t i = 0; i < TW_COUNT(objects); i++) {
		TW_CLEANUP(tw_jsonp) json_t *o = object_of(objects[i].json);
		struct told all = { .most = 0 };
		struct tw_cvss_check how = { objects[i].versions, objects[i].strict, note, &all };

		CHECK_OK(tw_cvss_check_json(o, &how));
		for (size_t most = 1; most <= all.count; most++) {
			struct told t = { .most = most };

			how.user = &t;
			CHECK_ERR(tw_cvss_check_json(o, &how), STATE);
			CHECK_INT(t.count, most);
		}
	}
}

static tw_err keep_detail(void *user, const struct tw_cvss_finding *f)
{
	(void)snprintf(user, TW_DETAIL_MAX, "%s", f->detail);
	return TW_OK;
}

static void test_what_is_told(void **state)
{
	static const char *const rows[][2] = {
		{ "{" OF("3.1", B3, "6.5", "CRITICAL") "}", "baseScore is 6.5; the vector's is 9.8" },
		{ "{" OF("3.1", B3, "9.8", "LOW") "}", "baseSeverity is LOW; the vector's is CRITICAL" },
		{ "{" S31 ",'attackVector':'LOCAL'}", "attackVector is LOCAL; the vector says AV:N, NETWORK" },
		{ "{" S31 ",'reportConfidence':'UNKNOWN'}", "reportConfidence is UNKNOWN; the vector leaves RC undefined" },
		{ "{" OF("3.1", "AV:N", "9.8", "CRITICAL") "}", "character 14: the vector ends without AC, which every vector of CVSS 3.1 has" },
		{ "{" OF("3.1", B3 "/S:V", "9.8", "CRITICAL") "}", "character 48: S has no value 'V'" },
		{ "{" OF("3.1", B3, "9.8", "aaaaaaaaaaaaaaa\xc3\xa4") "}", "baseSeverity is aaaaaaaaaaaaaaa?; the vector's is CRITICAL" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *o = object_of(rows[i][0]);
		char detail[TW_DETAIL_MAX] = "";
		struct tw_cvss_check how = { V3, false, keep_detail, detail };

		CHECK_OK(tw_cvss_check_json(o, &how));
		CHECK_TEXT(detail, rows[i][1]);
	}
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;
	struct told t = { .most = 0 };
	struct tw_cvss_check how = { V3, true, note, &t };
	struct tw_cvss c;

	tw_buf_init(&b, sys, TW_CVSS_TEXT_MAX);
	TW_TRY(tw_cvss_parse(TW_SLICE("CVSS:4.0/" B4 "/E:A/MSI:S/U:Amber"), &c));
	TW_TRY(tw_cvss_write(&c, &b));
	TW_TRY(tw_json_parse(TW_SLICE("{\"version\":\"3.1\",\"vectorString\":\"CVSS:3.1/" B3 "\",\"baseScore\":1.5}"), 1024, &o));
	TW_TRY(tw_cvss_check_json(o, &how));
	CHECK_TEXT(t.text, "schema:baseSeverity scores:baseScore");
	return TW_OK;
}

static void test_out_of_memory(void **state)
{
	oom_sweep(sweep, NULL);
}

CHECK_MAIN(cmocka_unit_test(test_read_and_written), cmocka_unit_test(test_refused), cmocka_unit_test(test_every_cut_is_refused),
	cmocka_unit_test(test_how_long_a_vector_may_be), cmocka_unit_test(test_each_value), cmocka_unit_test(test_objects),
	cmocka_unit_test(test_whoever_is_told_may_end_it), cmocka_unit_test(test_what_is_told), cmocka_unit_test(test_out_of_memory))
