/* SPDX-License-Identifier: Apache-2.0 */
/* What core and scan say to one another, by the first byte: what is accepted has one form, the one we write, and every finding in it too. */
#include "service/scan/scan-wire.h"

#include "base/mem.h"
#include "sys/real.h"

#include <stdlib.h>
#include <string.h>

static void same(tw_err e, const struct tw_buf *b, struct tw_slice want)
{
	if (tw_failed(e) || b->size != want.size || (want.size && memcmp(b->data, want.at, want.size) != 0))
		abort();
}

static void order(struct tw_slice in, struct tw_buf *b)
{
	struct tw_scan_order o;

	if (tw_failed(tw_scan_begin_read(in, &o)))
		return;
	if (!o.system || o.folders.size > TW_SCAN_WORDS_MAX || o.ignored.size > TW_SCAN_WORDS_MAX || o.place.size > TW_SCAN_PLACE_MAX)
		abort();
	same(tw_scan_begin_write(&o, b), b, in);
}

/* A finding goes into text of C, so that it may hold no NUL. */
static void findings(struct tw_scan_piece p)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf again = { 0 };
	const struct tw_slice all = p.found;
	char text[TW_SCAN_FOUND_MAX];
	struct tw_scan_finding f = { .path = text };
	struct tw_slice path;

	tw_buf_init(&again, tw_sys_real(), TW_SCAN_FOUND_MAX);
	while (tw_scan_finding_next(&p, &f.kind, &f.how, &path)) {
		if (path.size == 0 || path.size >= sizeof text || memchr(path.at, '\0', path.size))
			abort();
		memcpy(text, path.at, path.size);
		text[path.size] = '\0';
		if (tw_failed(tw_scan_finding_write(&f, &again)))
			abort();
	}
	same(TW_OK, &again, all);
}

static void piece(struct tw_slice in, struct tw_buf *b)
{
	struct tw_scan_piece p;

	if (tw_failed(tw_scan_piece_read(in, &p)))
		return;
	if (p.total > INT64_MAX || p.found.size > TW_SCAN_FOUND_MAX || p.place.size > TW_SCAN_PLACE_MAX)
		abort();
	same(tw_scan_piece_write(&p, b), b, in);
	findings(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	if (size == 0)
		return 0;
	const struct tw_slice in = { (const char *)data + 1, size - 1 };
	tw_buf_init(&b, tw_sys_real(), TW_CHANNEL_MAX);
	if (data[0] % 2)
		piece(in, &b);
	else
		order(in, &b);
	return 0;
}
