/* SPDX-License-Identifier: Apache-2.0 */
/* First byte: which small parser. What it accepts must write back as the same text, or as one that reads the same. */
#include "base/text.h"
#include "sys/real.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void number(struct tw_slice s)
{
	char text[32];
	uint64_t v;

	if (tw_failed(tw_parse_u64(s, UINT64_MAX, &v)))
		return;
	(void)snprintf(text, sizeof text, "%llu", (unsigned long long)v);
	must(tw_slice_is(s, text));
}

static void when(struct tw_slice s)
{
	char text[TW_TIME_TEXT_MAX];
	int64_t v, again;

	if (tw_failed(tw_parse_time(s, &v)))
		return;
	tw_time_text(v, text);
	must(!tw_failed(tw_parse_time(tw_slice_of(text), &again)) && again == v);
}

static void base64(struct tw_slice s)
{
	uint8_t bytes[256];
	struct tw_buf b;
	size_t n;

	tw_ignore(tw_parse_base64(s, sizeof bytes, bytes, &n));
	if (tw_failed(tw_parse_base64url(s, sizeof bytes, bytes, &n)))
		return;
	tw_buf_init(&b, tw_sys_real(), 1024);
	must(!tw_failed(tw_buf_base64url(&b, bytes, n)) && b.size == s.size && (s.size == 0 || memcmp(b.data, s.at, s.size) == 0));
	tw_buf_done(&b);
}

static void hex(struct tw_slice s)
{
	uint8_t bytes[64];
	struct tw_buf b;

	if (s.size / 2 > sizeof bytes || tw_failed(tw_parse_hex(s, bytes, s.size / 2)))
		return;
	tw_buf_init(&b, tw_sys_real(), 1024);
	must(!tw_failed(tw_buf_hex(&b, bytes, s.size / 2)) && b.size == s.size);
	tw_buf_done(&b);
}

/* Whatever goes in, what comes out can be shown. */
static void shown(struct tw_slice s)
{
	struct tw_buf b;

	tw_buf_init(&b, tw_sys_real(), SIZE_MAX);
	must(!tw_failed(tw_buf_terminal(&b, s)) && tw_text_printable(tw_buf_slice(&b)));
	tw_buf_clear(&b);
	must(!tw_failed(tw_buf_html(&b, s)) && !strpbrk(tw_buf_cstr(&b), "<>\"'"));
	tw_buf_clear(&b);
	must(!tw_failed(tw_buf_json_string(&b, s)) && b.size >= 2);
	if (tw_text_printable(s))
		must(tw_utf8_valid(s));
	tw_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const rows[])(struct tw_slice s) = { number, when, base64, hex, shown };

	if (size >= 1)
		rows[data[0] % (sizeof rows / sizeof *rows)]((struct tw_slice){ (const char *)data + 1, size - 1 });
	return 0;
}
