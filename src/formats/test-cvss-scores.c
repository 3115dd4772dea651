/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agreement with other implementations on whole sets of vectors: every base vector of each version, every product and sum that the
 * equations of 2.0 and 3.x can come to, and ten thousand vectors of each by a generator. The vectors are counted through here; of
 * the scores there are only digests, each a SHA-256 over one byte of tenths per vector. They were made by programs that are not
 * part of this project: 2.0 and 3.0 by Red Hat's `cvss` 3.6, 3.1 and 4.0 by FIRST's calculators (cvsscalc31.js, cvss40.js), after all
 * vectors with scores that Red Hat and FIRST publish for their own tests had been seen to agree. `test/cvss/run` asks such programs
 * anew, and names the vector where a digest only says that there is one.
 */
#include "formats/cvss.h"

#include "base/mem.h"
#include "base/text.h"
#include "check.h"
#include "crypto/hash.h"
#include "sys/real.h"

#define PARTS_MAX 11
#define AT_ONCE 80000 /* scores of the largest set */
#define RANDOM 10000
#define SEED 2026

static const struct set {
	const char *name, *head, *metrics; /* metrics: with all their values, or with those behind the colon; the last one turns fastest */
	enum tw_cvss_group score;
	size_t count;
	const char *sha256;
} sets[] = {
	{ "2.0 base", "", "AV AC Au C I A", TW_CVSS_BASE, 729, "efdfa6e3c67bdec124cd83c7a3945367b8779adcb8004de021ef940eba62f875" },
	{ "2.0 requirements", "", "AV AC Au C I A CR IR AR", TW_CVSS_ENVIRONMENTAL, 46656,
		"19bba686eeb8350a5f8b8de7904e0b0b7f67cfd20a84a8d373e61281e5f652cf" },
	{ "2.0 time and place, worst", "AV:N/AC:L/Au:N/C:C/I:C/A:C/", "E RL RC CDP TD", TW_CVSS_ENVIRONMENTAL, 3000,
		"28393ea592bfb64a93c5b29cbcca0eb7f815734150ac2a71b327d2e116fa514f" },
	{ "2.0 time and place, below nothing", "AV:L/AC:H/Au:M/C:P/I:N/A:N/", "E RL RC CDP TD CR", TW_CVSS_ENVIRONMENTAL, 12000,
		"5095f9b3d4b215eb65d01c154830ef902e8115e529a566e52bcdcc426a991f4b" },
	{ "3.0 base", "CVSS:3.0/", "AV AC PR UI S C I A", TW_CVSS_BASE, 2592,
		"d2e9bd423d8d55d46ddb9d13fe07115ce2f62917b92212dda4b98621a21474b2" },
	{ "3.0 time, of 10.0", "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H/", "E RL RC", TW_CVSS_TEMPORAL, 100,
		"1f0193511269d6eaae24dc9d644a95fda5d069bbab615c7a501ad3495c1a97b9" },
	{ "3.0 time, of 5.0", "CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:N/A:N/", "E RL RC", TW_CVSS_TEMPORAL, 100,
		"9001091e3a9e73527f630c7cd5b79c5ba6ad6d0d56ad4a78da337788734532e9" },
	{ "3.0 environment", "CVSS:3.0/AV:P/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N/",
		"CR:LMH IR:LMH AR:LMH MAV:NALP MAC:LH MPR:NLH MUI:NR MS:UC MC:NLH MI:NLH MA:NLH", TW_CVSS_ENVIRONMENTAL, 69984,
		"49ee381afc1ee8b030d72ff2aafbbb94c24515e4cf17bee18c870081f08de3bc" },
	{ "3.1 base", "CVSS:3.1/", "AV AC PR UI S C I A", TW_CVSS_BASE, 2592,
		"d2e9bd423d8d55d46ddb9d13fe07115ce2f62917b92212dda4b98621a21474b2" },
	{ "3.1 time, of 10.0", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H/", "E RL RC", TW_CVSS_TEMPORAL, 100,
		"1f0193511269d6eaae24dc9d644a95fda5d069bbab615c7a501ad3495c1a97b9" },
	{ "3.1 time, of 5.0", "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:N/A:N/", "E RL RC", TW_CVSS_TEMPORAL, 100,
		"9001091e3a9e73527f630c7cd5b79c5ba6ad6d0d56ad4a78da337788734532e9" },
	{ "3.1 environment", "CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N/",
		"CR:LMH IR:LMH AR:LMH MAV:NALP MAC:LH MPR:NLH MUI:NR MS:UC MC:NLH MI:NLH MA:NLH", TW_CVSS_ENVIRONMENTAL, 69984,
		"c134abc0abefaa242e5fb5b9dcb1a8e94d1f0efc5ed2cf77b2d9a7de497bab40" },
	{ "4.0 base, AV:N", "CVSS:4.0/AV:N/", "AC AT PR UI VC VI VA SC SI SA", TW_CVSS_BASE, 26244,
		"edea74fe648e2bcc3997f8f95550fa916b4561bc7a340ee1656180d734dcb738" },
	{ "4.0 base, AV:A", "CVSS:4.0/AV:A/", "AC AT PR UI VC VI VA SC SI SA", TW_CVSS_BASE, 26244,
		"e81e1e9614d5cd45fa29fb3e89d325f04192c3d6a3979144694822fffe5dfffa" },
	{ "4.0 base, AV:L", "CVSS:4.0/AV:L/", "AC AT PR UI VC VI VA SC SI SA", TW_CVSS_BASE, 26244,
		"76544edfeea60e68c4a5f06b9d3d5df11f3f9689bb50edde2801d02b219afc86" },
	{ "4.0 base, AV:P", "CVSS:4.0/AV:P/", "AC AT PR UI VC VI VA SC SI SA", TW_CVSS_BASE, 26244,
		"75d5b37d8a92646b6a78462f780ce4a0bcd04dc8cf5417f7fc8764b031b0cf9f" },
	{ "4.0 every macro vector", "CVSS:4.0/AC:L/PR:N/UI:N/SI:L/SA:L/", "AV:NAP AT:NP VC:HL VI:HL VA:HL SC:HL MSI:XS E:APU CR:HM IR:HM AR:HM",
		TW_CVSS_BASE, 4608, "2bb246b3300ac1c661105be593b729558e3505e7e7b20094cd626d21e78a05c8" },
	{ "4.0 threat and requirements", "CVSS:4.0/AV:N/AC:L/AT:P/PR:L/UI:P/", "VC VI VA SC:L SI:L SA:L E CR IR AR", TW_CVSS_BASE,
		6912, "6058904f683560e025ef5259838b7575b2d03ec590574bebd8ff30d4239a64da" },
	{ "4.0 safety", "CVSS:4.0/AV:L/AC:H/AT:N/PR:L/UI:N/VC:L/VI:L/VA:H/", "SC SI SA MSC MSI MSA", TW_CVSS_BASE, 2700,
		"f9bbcb791146a7a59e32c7d4b445f5daabcdb9199b98cebd5f41afc82d8cc2b3" },
	{ "4.0 modified", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N/", "MAV MAC MAT MPR MUI MVC MVA",
		TW_CVSS_BASE, 11520, "23ae3e6397424f9cc16b42d5a3cc2dfa4b4a8a9726941dd3ddc750e75265ccce" },
	{ "4.0 supplemental, lowest", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N/", "S AU R V RE U",
		TW_CVSS_BASE, 2160, "72642567c6d5dfe031174a2690df4f0be1501921e353d923c934ca7f10e07d79" },
	{ "4.0 supplemental, physical", "CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/", "S AU R V RE U",
		TW_CVSS_BASE, 2160, "f8df13d942755d075f216cd497ffbff6079caf1baf56004fed1af784cd149060" },
};

static const struct {
	enum tw_cvss_version version;
	enum tw_cvss_group score;
	const char *sha256;
} random_sets[] = {
	{ TW_CVSS_20, TW_CVSS_TEMPORAL, "5b80b1a039b0b335485029e506c873876a9fae9fd2e975495e3ec699b67cf90b" },
	{ TW_CVSS_20, TW_CVSS_ENVIRONMENTAL, "d24a48064cadd949f4fc8c73ad7a05b25542710613b517e1aad01770b56a28ab" },
	{ TW_CVSS_30, TW_CVSS_TEMPORAL, "9f78afd37de5ccb84cb1632bd29e47e79382674114a1faba95b17c93a5b742fb" },
	{ TW_CVSS_30, TW_CVSS_ENVIRONMENTAL, "d8d9c8a349a351fa0cf8c245ca1cc1d8935fc6eab6f9da0b1e004e9e68e62204" },
	{ TW_CVSS_31, TW_CVSS_TEMPORAL, "9f78afd37de5ccb84cb1632bd29e47e79382674114a1faba95b17c93a5b742fb" },
	{ TW_CVSS_31, TW_CVSS_ENVIRONMENTAL, "982a87897c5acfcb3f6ea6f212f9f032326f1353fc0efb991b0510a8cf6e9be3" },
	{ TW_CVSS_40, TW_CVSS_BASE, "3d8215af3c477d988d3a5946baa0697b962d3a92b77c8d43d7aed378636dac06" },
};

static const char *const prefixes[] = { "", "CVSS:3.0/", "CVSS:3.1/", "CVSS:4.0/" };
static uint8_t scores[AT_ONCE];

static int score_of(const struct tw_cvss *c, enum tw_cvss_group which)
{
	struct tw_cvss_scores s;

	tw_cvss_score(c, &s);
	return which == TW_CVSS_BASE ? s.base : which == TW_CVSS_TEMPORAL ? s.temporal : s.environmental;
}

/* The vector as text, read again: the counted one is what a reader would have made. */
static void check_text(const struct tw_cvss *c, enum tw_cvss_group which)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct tw_cvss again;

	tw_buf_init(&text, tw_sys_real(), TW_CVSS_TEXT_MAX);
	CHECK_OK(tw_cvss_write(c, &text));
	CHECK_OK(tw_cvss_parse(tw_buf_slice(&text), &again));
	CHECK_INT(score_of(&again, which), score_of(c, which));
}

static void take(const struct tw_cvss *c, enum tw_cvss_group which, size_t at)
{
	int score = score_of(c, which);

	CHECK(score >= 0 && score <= 100);
	CHECK(at < AT_ONCE);
	scores[at] = (uint8_t)score;
	if (at % 61 == 0)
		check_text(c, which);
}

static void check_digest(const char *name, size_t count, const char *wanted)
{
	uint8_t digest[32];
	char hex[65];

	CHECK_OK(tw_sha256(scores, count, digest));
	for (size_t i = 0; i < 32; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	if (strcmp(hex, wanted) != 0)
		fail_msg("%s: the scores of %zu vectors are not those of the other program; test/cvss/run names them", name, count);
}

/* What one metric of a set goes through. */
struct part {
	size_t metric, count, now;
	uint8_t given[8];
};

static void read_part(enum tw_cvss_version version, struct tw_slice text, struct part *ret)
{
	const struct tw_cvss_metric *list = tw_cvss_metrics(version), *m = list;
	const char *colon = memchr(text.at, ':', text.size);
	struct tw_slice code = { text.at, colon ? (size_t)(colon - text.at) : text.size };

	while (m->code && !tw_slice_is(code, m->code))
		m++;
	CHECK(m->code);
	*ret = (struct part){ .metric = (size_t)(m - list) };
	for (uint8_t i = 0; m->values[i].code; i++)
		for (size_t k = code.size + (colon ? 1 : 0); k < text.size || (!colon && k == text.size); k++)
			if (!colon || text.at[k] == *m->values[i].code)
				ret->given[ret->count++] = (uint8_t)(i + 1);
	CHECK(ret->count > 0);
}

static size_t read_parts(enum tw_cvss_version version, const char *metrics, struct part ret[PARTS_MAX])
{
	size_t n = 0;

	while (*metrics) {
		size_t size = strcspn(metrics, " ");

		CHECK(n < PARTS_MAX);
		read_part(version, (struct tw_slice){ metrics, size }, &ret[n++]);
		metrics += size + (metrics[size] == ' ');
	}
	return n;
}

static bool turn(struct part *parts, size_t n)
{
	while (n--) {
		if (++parts[n].now < parts[n].count)
			return true;
		parts[n].now = 0;
	}
	return false;
}

/* The head of a set, whatever it leaves out: its metrics are no vector yet. */
static void read_head(const char *head, struct tw_cvss *ret)
{
	size_t version = 0;

	for (size_t i = 1; i < TW_COUNT(prefixes); i++)
		if (!strncmp(head, prefixes[i], strlen(prefixes[i])))
			version = i;
	*ret = (struct tw_cvss){ .version = (enum tw_cvss_version)version };
	for (head += strlen(prefixes[version]); *head; head += strcspn(head, "/") + 1) {
		struct part p;
		char text[16];

		(void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(head, "/"), head);
		read_part(ret->version, tw_slice_of(text), &p);
		CHECK_INT(p.count, 1);
		ret->given[p.metric] = p.given[0];
	}
}

static void test_whole_sets(void **state)
{
	for (size_t i = 0; i < TW_COUNT(sets); i++) {
		struct part parts[PARTS_MAX];
		struct tw_cvss c;
		size_t count = 0;

		read_head(sets[i].head, &c);
		size_t n = read_parts(c.version, sets[i].metrics, parts);
		do {
			for (size_t k = 0; k < n; k++)
				c.given[parts[k].metric] = parts[k].given[parts[k].now];
			take(&c, sets[i].score, count++);
		} while (turn(parts, n));
		CHECK_INT(count, sets[i].count);
		check_digest(sets[i].name, count, sets[i].sha256);
	}
}

/* A generator that any language has in one line; an optional metric is left out as often as it has any of its values. */
static void next(uint32_t *seed, struct tw_cvss *c)
{
	const struct tw_cvss_metric *m = tw_cvss_metrics(c->version);

	for (size_t i = 0; m[i].code; i++) {
		uint32_t values = 1; /* each has some */

		while (m[i].values[values].code)
			values++;
		*seed = *seed * 1664525 + 1013904223;
		uint32_t drawn = (*seed >> 16) % (values + (m[i].group != TW_CVSS_BASE));
		c->given[i] = drawn < values ? (uint8_t)(drawn + 1) : 0;
	}
}

static void test_vectors_by_a_generator(void **state)
{
	for (size_t i = 0; i < TW_COUNT(random_sets); i++) {
		struct tw_cvss c = { .version = random_sets[i].version };
		uint32_t seed = SEED;

		for (size_t k = 0; k < RANDOM; k++) {
			next(&seed, &c);
			take(&c, random_sets[i].score, k);
		}
		check_digest(tw_cvss_version_text(c.version), RANDOM, random_sets[i].sha256);
	}
}

/* From the documents themselves. */
static const struct {
	const char *vector;
	int base, temporal, environmental;
	const char *nomenclature;
} examples[] = {
	/* A Complete Guide to CVSS 2.0, section 3.3 */
	{ "AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C/CDP:N/TD:N/CR:M/IR:M/AR:H", 78, 64, 0, "" },
	{ "AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:H", 78, 64, 92, "" },
	{ "AV:N/AC:L/Au:N/C:C/I:C/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:L", 100, 83, 90, "" },
	{ "AV:L/AC:H/Au:N/C:C/I:C/A:C/E:POC/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:M", 62, 49, 75, "" },
	/* what a vector of 2.0 leaves out influences nothing, whatever its adjusted impact would be cut to */
	{ "AV:L/AC:L/Au:N/C:C/I:C/A:C", 72, 72, 72, "" },
	{ "AV:L/AC:L/Au:N/C:C/I:C/A:C/TD:H", 72, 72, 71, "" },
	/* an adjusted base below nothing, before and after the damage */
	{ "AV:L/AC:H/Au:M/C:P/I:N/A:N/CR:L", 8, 8, 0, "" },
	{ "AV:L/AC:H/Au:M/C:P/I:N/A:N/CDP:L/CR:L", 8, 8, 8, "" },
	/* CVSS 3.1 Examples */
	{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 61, 61, 61, "" },
	{ "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 99, 99, 100, "" },
	{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 75, 75, 75, "" },
	{ "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 31, 31, 31, "" },
	{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0, 0, 0, "" },
	/* who has privileges in another scope needs them less */
	{ "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H/MS:C", 88, 88, 100, "" },
	/* the impact of a changed scope is another in the environment of 3.1, also where the environment says nothing */
	{ "CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 99, 99, 99, "" },
	{ "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:N/I:H/A:H/IR:L", 100, 100, 96, "" },
	{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:N/I:H/A:H/IR:L", 100, 100, 95, "" },
	/* ten times 0.92 */
	{ "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H/RC:U", 100, 92, 92, "" },
	/* CVSS 4.0 Examples, and the vectors that FIRST's calculator begins and ends with */
	{ "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 93, 93, 93, "CVSS-B" },
	{ "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/E:A", 100, 100, 100, "CVSS-BT" },
	{ "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N/CR:H", 0, 0, 0, "CVSS-BE" },
	{ "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N/E:X/MAV:X/U:Red", 0, 0, 0, "CVSS-B" },
	{ "CVSS:4.0/AV:P/AC:H/AT:P/PR:L/UI:P/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/E:U/MSA:S", 58, 58, 58, "CVSS-BTE" },
};

static void test_examples(void **state)
{
	for (size_t i = 0; i < TW_COUNT(examples); i++) {
		struct tw_cvss_scores s;
		struct tw_cvss c;

		CHECK_OK(tw_cvss_parse(tw_slice_of(examples[i].vector), &c));
		tw_cvss_score(&c, &s);
		if (s.base != examples[i].base || s.temporal != examples[i].temporal || s.environmental != examples[i].environmental)
			fail_msg("%s: %d %d %d", examples[i].vector, s.base, s.temporal, s.environmental);
		CHECK_TEXT(tw_cvss_nomenclature(&c), examples[i].nomenclature);
	}
}

static void test_severities(void **state)
{
	static const struct {
		int tenths;
		const char *name;
	} rows[] = { { 0, "NONE" }, { 1, "LOW" }, { 39, "LOW" }, { 40, "MEDIUM" }, { 69, "MEDIUM" }, { 70, "HIGH" }, { 89, "HIGH" },
		{ 90, "CRITICAL" }, { 100, "CRITICAL" } };

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		CHECK_TEXT(tw_cvss_severity(rows[i].tenths), rows[i].name);
}

CHECK_MAIN(cmocka_unit_test(test_whole_sets), cmocka_unit_test(test_vectors_by_a_generator), cmocka_unit_test(test_examples),
	cmocka_unit_test(test_severities))
