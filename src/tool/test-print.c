/* SPDX-License-Identifier: Apache-2.0 */
/* Tables fit 80 columns, nothing gets lost in them, and nothing in them can act on a terminal. */
#include "tool/tool.h"

#include "check.h"
#include "crypto/hash.h"
#include "sys/real.h"

struct paper {
	struct tw_tool t;
	char *text;
	size_t size;
};

static void paper_make(struct paper *p, bool json)
{
	*p = (struct paper){ .t = { .sys = tw_sys_real(), .json = json } };
	p->t.out = open_memstream(&p->text, &p->size);
	CHECK(p->t.out != NULL);
}

static const char *paper_read(struct paper *p)
{
	CHECK(fflush(p->t.out) == 0);
	return p->text;
}

static void paper_done(struct paper *p)
{
	(void)fclose(p->t.out);
	free(p->text);
}

static size_t widest(const char *text)
{
	size_t most = 0, now = 0;

	for (; *text; text++) {
		now = *text == '\n' ? 0 : now + (((unsigned char)*text & 0xc0) != 0x80);
		most = now > most ? now : most;
	}
	return most;
}

static void test_plain(void **state)
{
	static const char *const heads[] = { "element", "why", NULL };
	TW_CLEANUP(paper_done) struct paper p;
	TW_CLEANUP(tw_jsonp) json_t *rows = json_pack("[[s, s], [s, s]]", "a", "b", "longer", "");

	paper_make(&p, false);
	CHECK_OK(tw_print_table(&p.t, heads, rows));
	CHECK_TEXT(paper_read(&p), "element  why\na        b\nlonger\n");
}

static void test_wraps(void **state)
{
	TW_CLEANUP(paper_done) struct paper p;
	char words[400], solid[200];

	for (size_t i = 0; i < sizeof(words) - 1; i++)
		words[i] = i % 6 == 5 ? ' ' : 'w';
	words[sizeof(words) - 1] = '\0';
	memset(solid, 's', sizeof(solid) - 1);
	solid[sizeof(solid) - 1] = '\0';
	TW_CLEANUP(tw_jsonp) json_t *rows = json_pack("[[s, s, s], [s, s, s]]", "id", words, solid, "i", "\xc3\xa9\xc3\xa9", "");
	paper_make(&p, false);
	CHECK_OK(tw_print_table(&p.t, NULL, rows));
	CHECK(widest(paper_read(&p)) <= 80);
	size_t w = 0, s = 0;
	for (const char *c = p.text; *c; c++) {
		w += *c == 'w';
		s += *c == 's';
	}
	CHECK_INT(w, 333); /* none lost */
	CHECK_INT(s, sizeof(solid) - 1);
}

static const struct {
	const char *in, *out;
} escapes[] = {
	{ "a\x1b[2Jb", "a\\x1b[2Jb\n" },
	{ "a\rb", "a\\x0db\n" },
	{ "a\tb", "a\\x09b\n" },
	{ "a\x7f", "a\\x7f\n" },
	{ "\xc2\x9b"
	  "31m",
		"\\xc2\\x9b31m\n" },
	{ "a\nb", "a\nb\n" },
	{ "\xc3\xa9", "\xc3\xa9\n" },
};

static void test_escapes(void **state)
{
	for (size_t i = 0; i < TW_COUNT(escapes); i++) {
		TW_CLEANUP(paper_done) struct paper p;
		TW_CLEANUP(tw_jsonp) json_t *value = json_string(escapes[i].in);

		paper_make(&p, false);
		CHECK_OK(tw_print_value(&p.t, value));
		CHECK_TEXT(paper_read(&p), escapes[i].out);
	}
}

static void test_values(void **state)
{
	TW_CLEANUP(paper_done) struct paper people, machines;
	TW_CLEANUP(tw_jsonp)
	json_t *value = json_pack("{s:s, s:b, s:n, s:[{s:i, s:s}, {s:i, s:s}]}", "name", "x", "owned", 1, "none", "list", "seq", 1,
		"what", "a", "seq", 22, "what", "b");

	paper_make(&people, false);
	paper_make(&machines, true);
	CHECK_OK(tw_print_value(&people.t, value));
	CHECK_TEXT(paper_read(&people), "name   x\nowned  yes\nnone\n\nlist:\nseq  what\n1    a\n22   b\n");
	CHECK_OK(tw_print_value(&machines.t, value));
	CHECK_OK(tw_print(&machines.t, "for people only\n"));
	TW_CLEANUP(tw_jsonp) json_t *again = NULL;
	CHECK_OK(tw_json_parse(tw_slice_of(paper_read(&machines)), 4096, &again));
	CHECK(json_equal(again, value));
	CHECK(machines.t.answered);
}

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* A word is cut only where the columns have nothing else to give. */
static void test_words_stay_whole(void **state)
{
	TW_CLEANUP(paper_done) struct paper p;
	TW_CLEANUP(tw_jsonp)
	json_t *rows = json_pack("[[s, s, s]]", "a b c d e f g h i j k l m n o p", HEX64,
		"some words that go on and on until they have to give way");

	paper_make(&p, false);
	CHECK_OK(tw_print_table(&p.t, NULL, rows));
	CHECK(strstr(paper_read(&p), HEX64) != NULL);
	CHECK(widest(p.text) <= 80);
}

/* What a person copies stands by itself, byte for byte. */
static void test_blocks(void **state)
{
	static const char pem[] = "-----BEGIN CERTIFICATE-----\n" HEX64 "\n-----END CERTIFICATE-----\n";
	TW_CLEANUP(paper_done) struct paper p;
	TW_CLEANUP(tw_jsonp)
	json_t *value = json_pack("{s:s, s:s, s:s, s:s}", "model", "x", "certificate", pem, "token", HEX64 HEX64, "listener", HEX64);

	paper_make(&p, false);
	CHECK_OK(tw_print_value(&p.t, value));
	CHECK_TEXT(paper_read(&p),
		"model     x\nlistener  " HEX64 "\n\ncertificate:\n-----BEGIN CERTIFICATE-----\n" HEX64
		"\n-----END CERTIFICATE-----\n\ntoken:\n" HEX64 HEX64 "\n");
}

static void test_block_alone(void **state)
{
	TW_CLEANUP(paper_done) struct paper p;
	TW_CLEANUP(tw_jsonp) json_t *value = json_pack("{s:s}", "statement", "a\x1b[2J\nb");

	paper_make(&p, false);
	CHECK_OK(tw_print_value(&p.t, value));
	CHECK_TEXT(paper_read(&p), "statement:\na\\x1b[2J\nb\n");
}

static void test_no_end(void **state)
{
	TW_CLEANUP(paper_done) struct paper people, machines;
	TW_CLEANUP(tw_jsonp) json_t *value = json_pack("{s:s}", "certificate_not_after", "9999-12-31T23:59:59.000Z");

	paper_make(&people, false);
	paper_make(&machines, true);
	CHECK_OK(tw_print_value(&people.t, value));
	CHECK_TEXT(paper_read(&people), "certificate_not_after  no end\n");
	CHECK_OK(tw_print_value(&machines.t, value));
	CHECK(strstr(paper_read(&machines), "9999-12-31T23:59:59.000Z") != NULL);
}

CHECK_MAIN(cmocka_unit_test(test_plain), cmocka_unit_test(test_wraps), cmocka_unit_test(test_words_stay_whole),
	cmocka_unit_test(test_blocks), cmocka_unit_test(test_block_alone), cmocka_unit_test(test_no_end),
	cmocka_unit_test(test_escapes), cmocka_unit_test(test_values))
