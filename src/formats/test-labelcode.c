/* SPDX-License-Identifier: Apache-2.0 */
/* @nist DI.PI.1: the code says which unit it is on, and what is not exactly such a code is refused. */
#include "formats/labelcode.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

#define UNIT "urn:dev:ops:32473-thermostat-0001"
#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define SECRET "8PHy8_T19vf4-fr7_P3-_w"

static tw_err write_of(const struct tw_labelcode *c, char ret[TW_LABELCODE_MAX + 1])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), TW_LABELCODE_MAX);
	TW_TRY(tw_labelcode_write(c, &b));
	(void)snprintf(ret, TW_LABELCODE_MAX + 1, "%s", tw_buf_cstr(&b));
	return TW_OK;
}

static struct tw_labelcode full(void)
{
	struct tw_labelcode c = { .identifier = UNIT, .has_listener = true, .has_secret = true };

	for (size_t i = 0; i < 32; i++)
		c.listener[i] = (uint8_t)i;
	for (size_t i = 0; i < TW_LABELCODE_SECRET; i++)
		c.secret[i] = (uint8_t)(0xf0 + i);
	return c;
}

static void test_there_and_back(void **state)
{
	static const char *const wanted[] = { "TW1:32473-thermostat-0001:", "TW1:32473-thermostat-0001:" KEY ":",
		"TW1:32473-thermostat-0001:" KEY ":" SECRET ":" };

	for (size_t i = 0; i < TW_COUNT(wanted); i++) {
		struct tw_labelcode c = full(), back = { 0 };
		char text[TW_LABELCODE_MAX + 1];

		c.has_listener = i > 0;
		c.has_secret = i > 1;
		CHECK_OK(write_of(&c, text));
		CHECK(!strncmp(text, wanted[i], strlen(wanted[i])));
		CHECK_INT(strlen(text), strlen(wanted[i]) + 8);
		CHECK_OK(tw_labelcode_read(tw_slice_of(text), &back));
		assert_string_equal(back.identifier, UNIT);
		CHECK_INT(back.has_listener, i > 0);
		CHECK_INT(back.has_secret, i > 1);
		CHECK(!back.has_listener || !memcmp(back.listener, c.listener, 32));
		CHECK(!back.has_secret || !memcmp(back.secret, c.secret, TW_LABELCODE_SECRET));
	}
}

static void test_each_changed_character_is_refused(void **state)
{
	struct tw_labelcode c = full(), back;
	char text[TW_LABELCODE_MAX + 1];
	static const char others[] = "0Zz:-_. \n";

	CHECK_OK(write_of(&c, text));
	for (size_t i = 0; text[i]; i++)
		for (const char *o = others; *o; o++) {
			char was = text[i];

			if (was == *o)
				continue;
			text[i] = *o;
			CHECK(tw_failed(tw_labelcode_read(tw_slice_of(text), &back)));
			text[i] = was;
		}
	for (size_t size = 0; size < strlen(text); size++)
		CHECK(tw_failed(tw_labelcode_read((struct tw_slice){ text, size }, &back)));
}

/* With a check that fits, so that it is the form that is refused. */
#define S10 "0123456789"
#define S100 S10 S10 S10 S10 S10 S10 S10 S10 S10 S10
static const char *const forms[] = { "TW1:", "TW1::", "TW2:32473-thermostat-0001:", "tw1:32473-thermostat-0001:",
	"TW1:32473-thermostat:", "TW1:0-thermostat-0001:", "TW1:32473-thermostat-0001:" KEY ":" SECRET ":extra:",
	"TW1:32473-thermostat-0001::", "TW1:32473-thermostat-0001::" SECRET ":", "TW1:32473-thermostat-0001:" SECRET ":",
	"TW1:32473-thermostat-0001:" KEY ":" KEY ":", "TW1:32473-thermostat-0001:" KEY "=:", "TW1:32473-thermostat-0001:" KEY "::",
	"TW1:urn:dev:ops:32473-thermostat-0001:", " TW1:32473-thermostat-0001:", "TW1", "",
	"TW1:32473-thermostat-0001:" KEY "?:", "TW1:32473-thermostat-0001:?" KEY ":", "TW1:32473-" S100 "-" S100 S10 S10 "0:" };

static void test_forms(void **state)
{
	for (size_t i = 0; i < TW_COUNT(forms); i++) {
		char text[TW_LABELCODE_MAX + 1];
		uint8_t digest[32];
		struct tw_labelcode back;

		CHECK_OK(tw_sha256(forms[i], strlen(forms[i]), digest));
		(void)snprintf(text, sizeof text, "%s%02X%02X%02X%02X", forms[i], digest[0], digest[1], digest[2], digest[3]);
		CHECK_ERR(tw_labelcode_read(tw_slice_of(text), &back), SYNTAX);
	}
}

static void test_what_is_not_written(void **state)
{
	struct tw_labelcode c = full();
	char text[TW_LABELCODE_MAX + 1];

	c.has_listener = false;
	CHECK_ERR(write_of(&c, text), SYNTAX);
	c = (struct tw_labelcode){ .identifier = "0001" };
	CHECK_ERR(write_of(&c, text), SYNTAX);
	memset(c.identifier, 'x', TW_IDENTIFIER_MAX);
	CHECK_ERR(write_of(&c, text), SYNTAX);
}

/* T: made by another program from the standard's rule, which also gives the M of the published GRid A12425GABC1234002. */
static void test_physical_id(void **state)
{
	char id[TW_PHYSICAL_ID_MAX + 1], other[TW_PHYSICAL_ID_MAX + 1], text[64];

	CHECK_OK(tw_physical_id("urn:dev:ops:1-2425GABC-1234002", id));
	CHECK_OK(tw_physical_id("urn:dev:ops:1-2425gabc-1234002", other));
	assert_string_equal(id, other);
	CHECK_OK(tw_physical_id(UNIT, id));
	assert_string_equal(id, "0001/T");
	CHECK_OK(tw_physical_id("urn:dev:ops:32473-thermostat-0010", other));
	CHECK(id[5] != other[5]);
	CHECK_OK(tw_physical_id("urn:dev:ops:32473-thermostat2-0001", other));
	CHECK(id[5] != other[5]);
	for (int i = 0; i < 10; i++)
		for (int j = 0; j < i; j++) {
			(void)snprintf(text, sizeof text, "urn:dev:ops:32473-t-%d1%d", i, j);
			CHECK_OK(tw_physical_id(text, id));
			(void)snprintf(text, sizeof text, "urn:dev:ops:32473-t-%d1%d", j, j);
			CHECK_OK(tw_physical_id(text, other));
			CHECK(id[4] != other[4]);
		}
	CHECK_ERR(tw_physical_id("0001", id), SYNTAX);
}

/* Every letter and digit counts, small or large; what is neither counts nothing. */
static void test_what_a_physical_id_is_made_of(void **state)
{
	char id[TW_PHYSICAL_ID_MAX + 1], other[TW_PHYSICAL_ID_MAX + 1], text[64];

	CHECK_OK(tw_physical_id("urn:dev:ops:1-t-azAZ09", id));
	CHECK_OK(tw_physical_id("urn:dev:ops:1-t-AZaz09", other));
	CHECK(id[7] == other[7]);
	CHECK_OK(tw_physical_id("urn:dev:ops:1-t-a.z-A.Z-0.9", other));
	CHECK(id[7] == other[12]);
	for (unsigned digit = 1; digit <= 9; digit++) {
		(void)snprintf(text, sizeof text, "urn:dev:ops:1-t-azAZ%u9", digit);
		CHECK_OK(tw_physical_id(text, other));
		CHECK(id[7] != other[7]);
	}
	CHECK_OK(tw_physical_id("urn:dev:ops:1-t-ayAZ09", other));
	CHECK(id[7] != other[7]);
	CHECK_OK(tw_physical_id("urn:dev:ops:1-t-azAY09", other));
	CHECK(id[7] != other[7]);
}

static tw_err write_full(struct tw_buf *b, void *user)
{
	struct tw_labelcode c = full();

	return tw_labelcode_write(&c, b);
}

static void test_writing_without_memory(void **state)
{
	write_sweep(write_full, NULL);
}

static void test_how_long_a_code_may_be(void **state)
{
	static char text[TW_LABELCODE_MAX + 1];
	struct tw_labelcode back;

	memset(text, 'x', sizeof text);
	CHECK_ERR(tw_labelcode_read((struct tw_slice){ text, sizeof text }, &back), SYNTAX);
	CHECK(strstr(tw_err_detail(), "a code has 8 to 400 characters"));
	CHECK_ERR(tw_labelcode_read((struct tw_slice){ text, 7 }, &back), SYNTAX);
	CHECK(strstr(tw_err_detail(), "a code has 8 to 400 characters"));
	CHECK_ERR(tw_labelcode_read((struct tw_slice){ text, sizeof text - 1 }, &back), SYNTAX);
	CHECK(strstr(tw_err_detail(), "this is no code of a label"));
	CHECK_ERR(tw_labelcode_read((struct tw_slice){ text, 8 }, &back), SYNTAX);
	CHECK(strstr(tw_err_detail(), "this is no code of a label"));
	CHECK_ERR(tw_labelcode_read(TW_SLICE("TW1:00000000"), &back), SYNTAX); /* without a unit, whatever its check */
	CHECK(strstr(tw_err_detail(), "this is no code of a label"));
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_labelcode c = full(), back;

	tw_buf_init(&b, sys, TW_LABELCODE_MAX);
	TW_TRY(tw_labelcode_write(&c, &b));
	return tw_labelcode_read(tw_buf_slice(&b), &back);
}

static void test_out_of_memory(void **state)
{
	oom_sweep(sweep, NULL);
}

CHECK_MAIN(cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_each_changed_character_is_refused),
	cmocka_unit_test(test_forms), cmocka_unit_test(test_what_is_not_written), cmocka_unit_test(test_physical_id),
	cmocka_unit_test(test_what_a_physical_id_is_made_of), cmocka_unit_test(test_writing_without_memory),
	cmocka_unit_test(test_how_long_a_code_may_be), cmocka_unit_test(test_out_of_memory))
