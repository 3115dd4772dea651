/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First byte: which allocation fails (0: none). The rest: a document. What is accepted must write, read again and write the same
 * bytes, and Jansson must read it as the same value; with a failing allocation it must be refused or come out the same.
 */
#include "base/json.h"
#include "sys/fake.h"

#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct tw_shape shape[] = {
	{ "name", TW_JSON_TEXT, true, 1, 8 },
	{ "n", TW_JSON_INT, false, -1, 10 },
	{ "on", TW_JSON_BOOL, false, 0, 0 },
	{ "list", TW_JSON_ARRAY, false, 0, 0 },
	{ "any", TW_JSON_ANY, false, 0, 0 },
	{ 0 },
};

static void must(bool good)
{
	if (!good)
		abort();
}

static tw_err rewrite(struct tw_slice text, struct tw_buf *b)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	TW_TRY(tw_json_parse(text, 64 * 1024, &j));
	tw_ignore(tw_json_check(j, shape));
	return tw_json_write(j, b);
}

/* Jansson's own reader as the second opinion. Ours refuses more: depth, numbers of many digits, a NUL behind a number. */
static void compare(struct tw_slice text)
{
	TW_CLEANUP(tw_jsonp) json_t *ours = NULL;
	TW_CLEANUP(tw_jsonp) json_t *theirs = NULL;
	json_error_t error;
	tw_err e = tw_json_parse(text, 64 * 1024, &ours);

	if (tw_is(e, TW_CODE_LIMIT) || (tw_failed(e) && (strstr(tw_err_detail(), "digits") || memchr(text.at, 0, text.size))))
		return;
	theirs = json_loadb(text.at, text.size, JSON_REJECT_DUPLICATES, &error);
	must(!ours == !theirs);
	must(!ours || json_equal(ours, theirs));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static tw_fake *f;
	struct tw_buf once, again, failed;
	struct tw_slice text;

	if (size < 1)
		return 0;
	if (!f)
		f = tw_fake_new();
	tw_fake_fail(f, 0, 0, false);
	tw_json_use(tw_fake_sys(f));
	tw_buf_init(&once, tw_fake_sys(f), SIZE_MAX);
	tw_buf_init(&again, tw_fake_sys(f), SIZE_MAX);
	tw_buf_init(&failed, tw_fake_sys(f), SIZE_MAX);
	text = (struct tw_slice){ (const char *)data + 1, size - 1 };
	if (!tw_failed(rewrite(text, &once))) {
		must(!tw_failed(rewrite(tw_buf_slice(&once), &again)));
		must(once.size == again.size && memcmp(once.data, again.data, once.size) == 0);
	}
	compare(text);
	tw_fake_fail(f, data[0], ENOMEM, false);
	if (!tw_failed(rewrite(text, &failed)))
		must(failed.size == once.size && memcmp(failed.data, once.data, once.size) == 0);
	tw_buf_done(&once);
	tw_buf_done(&again);
	tw_buf_done(&failed);
	return 0;
}
