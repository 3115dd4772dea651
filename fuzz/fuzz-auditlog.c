/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First byte even: a segment as it is, verified without keys (no search finds a seal). Odd: u16 place, u8 mask, then records as
 * {u8 type, u8 length, body}: they are written with a key, one byte is changed by the mask, and the verifier must find it.
 */
#include "formats/auditlog.h"
#include "signed.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static tw_err epoch_key(void *user, uint64_t epoch, uint8_t ret[32])
{
	memset(ret, (int)epoch, 32);
	return TW_OK;
}

static tw_err verify(struct tw_slice bytes, bool keys, struct tw_log_report *report)
{
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = NULL;
	struct tw_log_verify how = { .epoch_key = keys ? epoch_key : NULL };
	fuzz_must(!tw_failed(tw_log_verifier_new(tw_sys_real(), &how, &v)));
	tw_err e = tw_log_verifier_segment(v, bytes, "s");
	if (!tw_failed(e))
		e = tw_log_verifier_end(v);
	tw_log_verifier_report(v, report);
	fuzz_must(tw_failed(e) == (report->fault[0] != '\0'));
	return e;
}

static void write_segment(const uint8_t *data, size_t size, struct tw_buf *b)
{
	struct tw_log_state s = { .next_seq = 1 };
	struct tw_log_header h = { .epoch = 1, .boot_count = 1 };
	uint8_t header[TW_LOG_HEADER_SIZE], key[32];
	tw_ignore(epoch_key(NULL, 1, key));
	tw_log_epoch_begin(&s, key);
	fuzz_must(!tw_failed(tw_log_segment_begin(&s, &h, header)) && !tw_failed(tw_buf_add(b, header, sizeof header)));
	struct tw_cursor c = tw_cursor_of(data, size);
	uint8_t type, length;
	struct tw_slice body;
	while (!tw_failed(tw_cursor_u8(&c, &type)) && !tw_failed(tw_cursor_u8(&c, &length)) &&
		!tw_failed(tw_cursor_slice(&c, length, &body))) {
		struct tw_log_record r = { .type = (enum tw_log_type)(type % 10), .body = body, .wall_ms = (int64_t)s.next_seq };
		size_t before = b->size;
		if (tw_failed(tw_log_record_write(&s, &r, b)))
			fuzz_must(b->size == before);
	}
}

static void structured(const uint8_t *data, size_t size)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_log_report good, bad;
	if (size < 3)
		return;
	tw_buf_init(&b, tw_sys_real(), SIZE_MAX);
	write_segment(data + 3, size - 3, &b);
	bool was_good = !tw_failed(verify(tw_buf_slice(&b), true, &good));
	size_t at = (size_t)(data[0] << 8 | data[1]) % b.size;
	b.data[at] = (char)(b.data[at] ^ data[2]);
	tw_err e = verify(tw_buf_slice(&b), true, &bad);
	fuzz_must(tw_failed(e) || (data[2] == 0 && was_good));
	fuzz_must(bad.records <= good.records || !was_good);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_log_report report;
	fuzz_begin();
	if (size < 1)
		return 0;
	if (data[0] % 2)
		structured(data + 1, size - 1);
	else
		tw_ignore(verify((struct tw_slice){ (const char *)data + 1, size - 1 }, false, &report));
	return 0;
}
