/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forms. First byte: which allocation fails (0: none). What is accepted has the shape's keys alone, holds nothing that no page can show, and,
 * written by the rules of RFC 3986, is read again as the same.
 */
#include "base/text.h"
#include "service/path/form.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>
#include <string.h>

#define MOST 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct tw_shape shape[] = { { "text", TW_JSON_TEXT, false, 0, 3 * MOST }, { "more", TW_JSON_TEXT, false, 0, 3 * MOST },
	{ "n", TW_JSON_INT, false, 0, INT64_MAX }, { "on", TW_JSON_BOOL, false, 0, 0 }, { .key = NULL } };

static void must(bool good)
{
	if (!good)
		abort();
}

static void shows(const char *text)
{
	for (; *text; text++)
		must((unsigned char)*text >= ' ' || *text == '\n' || *text == '\t');
}

static void same_again(const json_t *j)
{
	TW_CLEANUP(tw_jsonp) json_t *back = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const char *key;
	json_t *value;
	const size_t most = MOST * 16;

	tw_buf_init(&b, tw_sys_real(), most);
	json_object_foreach((json_t *)(uintptr_t)j, key, value) {
		must(!tw_failed(tw_buf_format(&b, "%s%s=", b.size ? "&" : "", key)));
		if (json_is_integer(value))
			must(!tw_failed(tw_buf_format(&b, "%lld", (long long)json_integer_value(value))));
		else
			must(!tw_failed(tw_buf_percent(&b, tw_slice_of(json_is_true(value) ? "on" : json_string_value(value)))));
	}
	must(!tw_failed(tw_form_parse(tw_sys_real(), tw_buf_slice(&b), most, shape, &back)));
	must(json_equal(j, back));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	tw_fake *f = tw_fake_new();

	if (size > 0) {
		tw_json_use(tw_fake_sys(f));
		tw_fake_fail(f, data[0], ENOMEM, false);
		tw_err e = tw_form_parse(tw_fake_sys(f), (struct tw_slice){ (const char *)data + 1, size - 1 }, MOST, shape, &j);
		bool fired = tw_fake_fired(f);
		tw_fake_fail(f, 0, 0, false);
		must(tw_failed(e) == !j && (!fired || tw_failed(e)));
		must(!tw_failed(e) || *tw_err_detail());
		if (j) {
			must(!tw_failed(tw_json_check(j, shape)));
			shows(tw_json_text(j, "text"));
			shows(tw_json_text(j, "more"));
			same_again(j);
		}
		json_decref(j);
		j = NULL;
		tw_json_use(tw_sys_real());
	}
	(void)tw_fake_free(f);
	return 0;
}
