/* SPDX-License-Identifier: Apache-2.0 */
/* CPE names: read and bound again, refused with the place, and every row of 7696's table 6-2. */
#include "formats/cpe.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

#define F "cpe:2.3:"

static const char *const accepted[][2] = {
	{ F "a:microsoft:internet_explorer:8.0.6001:beta:*:*:*:*:*:*", NULL },
	{ F "*:*:*:*:*:*:*:*:*:*:*", NULL },
	{ F "-:-:-:-:-:-:-:-:-:-:-", NULL },
	{ "CPE:2.3:A:Hp:Insight_Diagnostics:7.4.0.1570:-:*:*:Online:Win2003:x64:*",
		F "a:hp:insight_diagnostics:7.4.0.1570:-:*:*:online:win2003:x64:*" },
	{ F "a:foo\\\\bar:big\\$money_manager_2010:*:*:*:*:special:ipod_touch:80gb:*", NULL },
	{ F "a:a\\:b:c\\?\\*:8.*:sp?:*:en-us:??x:*y*:*:*", NULL },
	{ "cpe:/a:microsoft:internet_explorer:8.0.6001:beta", F "a:microsoft:internet_explorer:8.0.6001:beta:*:*:*:*:*:*" },
	{ "cpe:/a:microsoft:internet_explorer:8.%02:sp%01", F "a:microsoft:internet_explorer:8.*:sp?:*:*:*:*:*:*" },
	{ "cpe:/a:hp:insight_diagnostics:7.4.0.1570::~~online~win2003~x64~", F "a:hp:insight_diagnostics:7.4.0.1570:*:*:*:online:win2003:x64:*" },
	{ "cpe:/a:hp:openview_network_manager:7.51:-:~~~linux~~", F "a:hp:openview_network_manager:7.51:-:*:*:*:linux:*:*" },
	{ "cpe:/a:foo%5cbar:big%24money_2010:::~~special~ipod_touch~80gb~", F "a:foo\\\\bar:big\\$money_2010:*:*:*:*:special:ipod_touch:80gb:*" },
	{ "cpe:/a:foo~bar:big%7emoney_2010", F "a:foo\\~bar:big\\~money_2010:*:*:*:*:*:*:*:*" },
	{ "cpe:/", F "*:*:*:*:*:*:*:*:*:*:*" },
	{ "cpe:/%02:a", F "*:a:*:*:*:*:*:*:*:*:*" },
	{ "cpe:/o:a:b::::", F "o:a:b:*:*:*:*:*:*:*:*" },
	{ "cpe:/o:a:b:-::ed:de", F "o:a:b:-:*:ed:de:*:*:*:*" },
};

static void test_read_and_written(void **state)
{
	for (size_t i = 0; i < TW_COUNT(accepted); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		const char *want = accepted[i][1] ? accepted[i][1] : accepted[i][0];
		struct tw_cpe c, back;

		tw_buf_init(&b, tw_sys_real(), 4 * TW_CPE_MAX);
		CHECK_OK(tw_cpe_parse(tw_slice_of(accepted[i][0]), &c));
		CHECK_OK(tw_cpe_write(&c, &b));
		CHECK_TEXT(tw_buf_cstr(&b), want);
		CHECK_OK(tw_cpe_parse(tw_buf_slice(&b), &back));
		for (size_t a = 0; a < TW_CPE_ATTRIBUTES; a++)
			CHECK_INT(tw_cpe_kind(&back, (enum tw_cpe_attribute)a), tw_cpe_kind(&c, (enum tw_cpe_attribute)a));
	}
}

static const struct {
	const char *text, *detail;
} refused[] = {
	{ "", "character 1: a CPE name begins with cpe:2.3: or cpe:/" },
	{ "cpe:2.4:a", "character 1: a CPE name begins with cpe:2.3: or cpe:/" },
	{ F, "character 9: no part; a name has eleven values, '*' for any" },
	{ F "a:b:c", "character 14: no version; a name has eleven values, '*' for any" },
	{ F "a:b::1:*:*:*:*:*:*:*", "character 13: no product; a name has eleven values, '*' for any" },
	{ F "a:b:c:1:*:*:*:*:*:*:", "character 29: no other; a name has eleven values, '*' for any" },
	{ F "a:b:c:1:*:*:*:*:*:*:*:", "character 31: more than eleven values" },
	{ F "a:b:c:1:*:*:*:*:*:*:*:*", "character 31: more than eleven values" },
	{ F "x:b:c:1:*:*:*:*:*:*:*", "character 9: the part is a, h or o" },
	{ F "a?:b:c:1:*:*:*:*:*:*:*", "character 9: the part is a, h or o" },
	{ F "ah:b:c:1:*:*:*:*:*:*:*", "character 9: the part is a, h or o" },
	{ F "a:b$:c:1:*:*:*:*:*:*:*", "character 12: the vendor has a character there that may not stand so" },
	{ F "a:b\\-:c:1:*:*:*:*:*:*:*", "character 12: the vendor has a character there that may not stand so" },
	{ F "a:b c:c:1:*:*:*:*:*:*:*", "character 12: the vendor has a character there that may not stand so" },
	{ F "a:b:c:1:*:*:*:*:*:*:x\\", "character 30: the other has a character there that may not stand so" },
	{ F "a:b:c:1.*.2:*:*:*:*:*:*:*", "character 18: wildcards stand at the ends of a value, one '*' or some '?'" },
	{ F "a:b:c:**:*:*:*:*:*:*:*", "character 16: wildcards stand at the ends of a value, one '*' or some '?'" },
	{ F "a:b:c:1?*:*:*:*:*:*:*:*", "character 17: wildcards stand at the ends of a value, one '*' or some '?'" },
	{ F "a:b:c:*?1:*:*:*:*:*:*:*", "character 16: wildcards stand at the ends of a value, one '*' or some '?'" },
	{ "cpe:/b:c", "character 6: the part is a, h or o" },
	{ "cpe:/a:foo%07", "character 11: the vendor has a character there that may not stand so" },
	{ "cpe:/a:foo%2d", "character 11: the vendor has a character there that may not stand so" },
	{ "cpe:/a:foo%2", "character 11: the vendor has a character there that may not stand so" },
	{ "cpe:/a:foo*", "character 11: the vendor has a character there that may not stand so" },
	{ "cpe:/a:1:2:3:4:5:6:7", "character 20: more than seven values" },
	{ "cpe:/a:1:2:3:4:5:6:", "character 20: more than seven values" },
	{ "cpe:/a:1:2:3:4:~1~2~3~4~5~6", "character 25: more than five values in the edition" },
};

static void test_refused(void **state)
{
	static char text[TW_CPE_MAX + 2];
	struct tw_cpe c;

	for (size_t i = 0; i < TW_COUNT(refused); i++) {
		CHECK_ERR(tw_cpe_parse(tw_slice_of(refused[i].text), &c), SYNTAX);
		CHECK_TEXT(tw_err_detail(), refused[i].detail);
	}
	memset(text, 'x', TW_CPE_MAX + 1);
	CHECK_ERR(tw_cpe_parse(tw_slice_of(text), &c), LIMIT);
	memcpy(text, "cpe:/a:", 7);
	text[TW_CPE_MAX] = '\0';
	CHECK_OK(tw_cpe_parse(tw_slice_of(text), &c));
	CHECK_INT(tw_cpe_compare(&c, &c), TW_CPE_EQUAL);
}

static enum tw_cpe_relation versions(const char *source, const char *target)
{
	char a[128], b[128];
	struct tw_cpe s, t;

	(void)snprintf(a, sizeof a, F "a:v:p:%s:*:*:*:*:*:*:*", source);
	(void)snprintf(b, sizeof b, F "a:v:p:%s:*:*:*:*:*:*:*", target);
	CHECK_OK(tw_cpe_parse(tw_slice_of(a), &s));
	CHECK_OK(tw_cpe_parse(tw_slice_of(b), &t));
	CHECK_INT(tw_cpe_compare(&s, &t), tw_cpe_compare_attribute(&s, &t, TW_CPE_VERSION)); /* the others are equal */
	return tw_cpe_compare_attribute(&s, &t, TW_CPE_VERSION);
}

static const struct {
	const char *source, *target;
	enum tw_cpe_relation want;
} pairs[] = {
	{ "*", "*", TW_CPE_EQUAL },
	{ "*", "-", TW_CPE_SUPERSET },
	{ "*", "1", TW_CPE_SUPERSET },
	{ "*", "1*", TW_CPE_UNDEFINED },
	{ "-", "*", TW_CPE_SUBSET },
	{ "-", "-", TW_CPE_EQUAL },
	{ "-", "1", TW_CPE_DISJOINT },
	{ "-", "1*", TW_CPE_UNDEFINED },
	{ "1", "*", TW_CPE_SUBSET },
	{ "1", "-", TW_CPE_DISJOINT },
	{ "1", "1", TW_CPE_EQUAL },
	{ "1", "2", TW_CPE_DISJOINT },
	{ "1", "1*", TW_CPE_UNDEFINED },
	{ "1*", "*", TW_CPE_SUBSET },
	{ "1*", "-", TW_CPE_DISJOINT },
	{ "1*", "1.2", TW_CPE_SUPERSET },
	{ "1*", "2.1", TW_CPE_DISJOINT },
	{ "1*", "1*", TW_CPE_UNDEFINED },
	{ "1?", "1", TW_CPE_SUPERSET },
	{ "1?", "12", TW_CPE_SUPERSET },
	{ "1?", "123", TW_CPE_DISJOINT },
	{ "1??", "123", TW_CPE_SUPERSET },
	{ "?1", "21", TW_CPE_SUPERSET },
	{ "?1", "221", TW_CPE_DISJOINT },
	{ "*1", "2221", TW_CPE_SUPERSET },
	{ "*1", "2212", TW_CPE_DISJOINT },
	{ "*1?", "11112", TW_CPE_SUPERSET },
	{ "*a*", "bab", TW_CPE_SUPERSET },
	{ "?", "1", TW_CPE_SUPERSET },
	{ "?", "12", TW_CPE_DISJOINT },
	{ "RC1", "rc1", TW_CPE_EQUAL },
	{ "1\\*", "1\\*", TW_CPE_EQUAL },
	{ "1\\*", "12", TW_CPE_DISJOINT },
	{ "1*", "1\\*", TW_CPE_SUPERSET },
	{ "1", "12", TW_CPE_DISJOINT },
};

static void test_attributes(void **state)
{
	for (size_t i = 0; i < TW_COUNT(pairs); i++)
		if (versions(pairs[i].source, pairs[i].target) != pairs[i].want)
			fail_msg("%s and %s: got %d, want %d", pairs[i].source, pairs[i].target,
				(int)versions(pairs[i].source, pairs[i].target), (int)pairs[i].want);
}

static void test_names(void **state)
{
	static const struct {
		const char *source, *target;
		enum tw_cpe_relation want;
	} rows[] = {
		{ "cpe:/a:microsoft:ie:8", F "a:Microsoft:IE:8:*:*:*:*:*:*:*", TW_CPE_EQUAL },
		{ "cpe:/a:microsoft:ie", "cpe:/a:microsoft:ie:8:sp1", TW_CPE_SUPERSET },
		{ "cpe:/a:microsoft:ie:8:sp1", "cpe:/a:microsoft:ie", TW_CPE_SUBSET },
		{ "cpe:/a:microsoft:ie:8", "cpe:/a:microsoft:ie::sp1", TW_CPE_UNDEFINED },
		{ "cpe:/a:microsoft:ie:8", "cpe:/o:microsoft:ie:8", TW_CPE_DISJOINT },
		{ "cpe:/a:microsoft:ie:8", "cpe:/a:microsoft:ie:9%02", TW_CPE_UNDEFINED },
		{ "cpe:/a:microsoft:ie:8", "cpe:/a:mozilla:ie:9%02", TW_CPE_DISJOINT },
		{ "cpe:/a:x%21", F "a:x\\!:*:*:*:*:*:*:*:*:*", TW_CPE_EQUAL },
	};
	struct tw_cpe s, t;

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_OK(tw_cpe_parse(tw_slice_of(rows[i].source), &s));
		CHECK_OK(tw_cpe_parse(tw_slice_of(rows[i].target), &t));
		CHECK_INT(tw_cpe_compare(&s, &t), rows[i].want);
	}
	CHECK_TEXT(tw_cpe_attribute_name(TW_CPE_TARGET_SW), "target_sw");
}

static void test_values(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_cpe c;

	tw_buf_init(&b, tw_sys_real(), TW_CPE_MAX);
	CHECK_OK(tw_cpe_parse(TW_SLICE(F "a:v:p:1.0\\+RC1:*:-:*:*:*:*:x*"), &c));
	CHECK_OK(tw_cpe_value(&c, TW_CPE_UPDATE, &b));
	CHECK_OK(tw_cpe_value(&c, TW_CPE_EDITION, &b));
	CHECK_OK(tw_cpe_value(&c, TW_CPE_OTHER, &b));
	CHECK_INT(b.size, 0);
	CHECK_OK(tw_cpe_value(&c, TW_CPE_VERSION, &b));
	CHECK_TEXT(tw_buf_cstr(&b), "1.0+rc1");
}

static tw_err write_one(struct tw_buf *b, void *user)
{
	return tw_cpe_write(user, b);
}

static void test_without_memory(void **state)
{
	struct tw_cpe c;

	CHECK_OK(tw_cpe_parse(TW_SLICE(F "a:v:p\\!:1.0\\+RC1:*:-:*:*:*:*:x*"), &c));
	write_sweep(write_one, &c);
}

CHECK_MAIN(cmocka_unit_test(test_read_and_written), cmocka_unit_test(test_refused), cmocka_unit_test(test_attributes),
	cmocka_unit_test(test_names), cmocka_unit_test(test_values), cmocka_unit_test(test_without_memory))
