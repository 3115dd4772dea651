/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forms with files. The first line is the Content-Type, the rest the body. Parts lie in the body, in their order and apart from one another, and
 * hold no delimiter; written again by the rules of RFC 7578 they are read as the same.
 */
#include "base/text.h"
#include "service/http/multipart.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MOST (64 * 1024)
#define TYPE "multipart/form-data; boundary=0123456789012345678901234567890123456789012345678901234567890123456789"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void write_part(struct tw_buf *b, const struct tw_multipart_part *p)
{
	must(!tw_failed(tw_buf_format(b, "--%s\r\nContent-Disposition: form-data; name=\"", strchr(TYPE, '=') + 1)));
	must(!tw_failed(tw_buf_add(b, p->name.at, p->name.size)));
	if (p->is_file) {
		must(!tw_failed(tw_buf_text(b, "\"; filename=\"")));
		must(!tw_failed(tw_buf_add(b, p->file.at, p->file.size)));
	}
	must(!tw_failed(tw_buf_text(b, "\"\r\nContent-Type: ")));
	must(!tw_failed(tw_buf_add(b, p->type.at, p->type.size)));
	must(!tw_failed(tw_buf_text(b, "\r\n\r\n")));
	must(!tw_failed(tw_buf_add(b, p->bytes.at, p->bytes.size)));
	must(!tw_failed(tw_buf_text(b, "\r\n")));
}

static bool same(struct tw_slice a, struct tw_slice b)
{
	return a.size == b.size && memcmp(a.at, b.at, a.size) == 0;
}

static void read_again(const struct tw_buf *b, struct tw_multipart first)
{
	struct tw_multipart m;
	struct tw_multipart_part p, q;

	must(!tw_failed(tw_multipart_begin(TW_SLICE(TYPE), tw_buf_slice(b), &m)));
	while (!tw_failed(tw_multipart_next(&first, &p))) {
		must(!tw_failed(tw_multipart_next(&m, &q)));
		must(p.is_file == q.is_file && same(p.name, q.name) && same(p.file, q.file) && same(p.type, q.type) &&
			same(p.bytes, q.bytes));
	}
	must(tw_is(tw_multipart_next(&m, &q), TW_CODE_NOTFOUND));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *line = size ? memchr(text, '\n', size) : NULL;
	const struct tw_slice type = { text, line ? (size_t)(line - text) : 0 };
	const struct tw_slice body = { line ? line + 1 : text, line ? size - type.size - 1 : size };
	struct tw_multipart m, first;
	struct tw_multipart_part p;
	struct tw_buf b;
	const char *behind = body.at;

	tw_err e = tw_multipart_begin(type, body, &m);
	must(!tw_failed(e) || *tw_err_detail());
	if (tw_failed(e))
		return 0;
	first = m;
	tw_buf_init(&b, tw_sys_real(), 4 * MOST);
	while (!tw_failed(e = tw_multipart_next(&m, &p))) {
		must(p.name.at > behind && p.bytes.at > p.name.at && p.bytes.at + p.bytes.size <= body.at + body.size);
		must(!memmem(p.bytes.at, p.bytes.size, m.delimiter, m.delimiter_size));
		behind = p.bytes.at + p.bytes.size;
		if (size < MOST)
			write_part(&b, &p);
	}
	must(*tw_err_detail());
	if (tw_is(e, TW_CODE_NOTFOUND) && size < MOST && !(b.size && memmem(text, size, strchr(TYPE, '=') + 1, 70))) {
		must(!tw_failed(tw_buf_format(&b, "--%s--", strchr(TYPE, '=') + 1)));
		read_again(&b, first);
	}
	tw_buf_done(&b);
	return 0;
}
