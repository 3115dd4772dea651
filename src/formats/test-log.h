/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log as a device writes it, in memory: segments, epochs, checkpoints, and where each record lies. For the tests of its format,
 * each of which has a good one and a bad one at hand.
 */
#ifndef TW_FORMATS_TEST_LOG_H
#define TW_FORMATS_TEST_LOG_H
#include "formats/auditlog.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "formats/logkey.h"
#include "sys/real.h"
#include "check.h"
#include "oom.h"

#define SEGMENT 4096
#define SEGMENTS 24
#define RECORDS 200
#define CHECKPOINT_EVERY 8
#define EPOCH_EVERY 40 /* records between two starts of the device */

struct place {
	size_t segment, at, size;
};
struct log {
	uint8_t bytes[SEGMENTS][SEGMENT];
	size_t size[SEGMENTS], used[SEGMENTS];
	size_t segments, records;
	struct place place[RECORDS + 1]; /* by sequence number */
	struct tw_log_header header;
	struct tw_log_state state;
	uint8_t secret; /* another one: another device */
};

static const struct tw_sys *sys;
static tw_key *device_key, *other_key;
static const size_t sizes[] = { 1, 2, 10, 100 };
static struct log good, bad;

static inline int set_up(void **state)
{
	sys = tw_sys_real();
	tw_crypto_use(sys);
	tw_json_use(sys);
	CHECK_OK(tw_key_generate(sys, &device_key));
	CHECK_OK(tw_key_generate(sys, &other_key));
	return 0;
}

static inline int tear_down(void **state)
{
	device_key = tw_key_free(device_key);
	other_key = tw_key_free(other_key);
	return 0;
}

/* --- A device in miniature --- */

static inline tw_err epoch_key(void *user, uint64_t epoch, uint8_t ret[32])
{
	uint8_t from[2] = { *(uint8_t *)user, (uint8_t)epoch };
	return tw_sha256(from, sizeof from, ret);
}

static inline void begin_segment(struct log *l)
{
	size_t i = l->segments++;
	CHECK(i < SEGMENTS);
	CHECK_OK(tw_log_segment_begin(&l->state, &l->header, l->bytes[i]));
	l->used[i] = TW_LOG_HEADER_SIZE;
	l->size[i] = SEGMENT;
}

static inline void append(struct log *l, enum tw_log_type type, const char *body)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_log_record r = {
		.type = type, .wall_ms = 1790000000000 + (int64_t)l->records, .boot_ms = (int64_t)l->records, .body = tw_slice_of(body)
	};
	size_t i = l->segments - 1;
	tw_buf_init(&b, sys, TW_LOG_RECORD_MAX);
	memset(r.salt, (int)(7 * l->records + 1), sizeof r.salt);
	CHECK_OK(tw_log_record_write(&l->state, &r, &b));
	CHECK(l->used[i] + b.size <= SEGMENT);
	memcpy(l->bytes[i] + l->used[i], b.data, b.size);
	l->records++;
	CHECK_INT(r.seq, l->state.next_seq - 1);
	l->place[l->records] = (struct place){ i, l->used[i], b.size };
	l->used[i] += b.size;
}

static inline void checkpoint(struct log *l)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf message = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf body = { 0 };
	uint8_t signature[TW_SIGNATURE_SIZE];
	uint64_t seq = l->state.next_seq - 1;
	tw_buf_init(&message, sys, TW_LOG_CHECKPOINT_MESSAGE);
	tw_buf_init(&body, sys, TW_LOG_BODY_MAX);
	CHECK_OK(tw_log_checkpoint_message(l->header.device, l->header.epoch, seq, l->state.chain, &message));
	CHECK_INT(message.size, TW_LOG_CHECKPOINT_MESSAGE);
	CHECK_OK(tw_key_sign(device_key, &(struct tw_slice){ message.data, message.size }, 1, signature));
	CHECK_OK(tw_log_checkpoint_body(l->header.epoch, seq, l->state.chain, signature, &body));
	append(l, TW_LOG_CHECKPOINT, tw_buf_cstr(&body));
}

static inline void begin_epoch(struct log *l)
{
	uint8_t key[32];
	l->header.epoch++;
	l->header.boot_count++;
	memset(l->header.boot_id, (int)l->header.boot_count, sizeof l->header.boot_id);
	CHECK_OK(epoch_key(&l->secret, l->header.epoch, key));
	tw_log_epoch_begin(&l->state, key);
	begin_segment(l);
	append(l, TW_LOG_OPEN, "{\"why\":\"start\"}");
}

static inline void one_more(struct log *l)
{
	char body[128];
	size_t n = l->records + 1;
	if (l->records == 0 || n % EPOCH_EVERY == 0) {
		begin_epoch(l);
		return;
	}
	if (l->used[l->segments - 1] + 400 > SEGMENT)
		begin_segment(l);
	if (n % CHECKPOINT_EVERY == 0) {
		checkpoint(l);
	} else if (n % 4 == 2) {
		append(l, TW_LOG_INTENT, "{\"operation\":\"settings.change\"}");
	} else if (n % 4 == 3) {
		(void)snprintf(body, sizeof body, "{\"intent\":%zu,\"result\":\"done\"}", n - 1);
		append(l, TW_LOG_OUTCOME, body);
	} else {
		(void)snprintf(body, sizeof body, "{\"event\":\"sensor\",\"value\":%zu,\"text\":\"\xc3\xa4\"}", n);
		append(l, TW_LOG_EVENT, body);
	}
}

static inline void make(struct log *l, size_t records)
{
	*l = (struct log){ .state.next_seq = 1, .header.segment_size = SEGMENT, .secret = 1 };
	CHECK_OK(tw_key_fingerprint(device_key, l->header.device));
	while (l->records < records)
		one_more(l);
}

/* --- Verifying --- */

enum trust { KEYS = 1, DEVICE = 2, BOTH = 3 };

static inline tw_err verify_with(struct log *l, enum trust trust, const struct tw_log_anchor *anchor, struct tw_log_report *report)
{
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = NULL;
	struct tw_log_verify how = { .epoch_key = trust & KEYS ? epoch_key : NULL,
		.device = trust & DEVICE ? device_key : NULL,
		.user = &l->secret,
		.anchors = anchor,
		.anchor_count = anchor ? 1 : 0 };
	tw_err e = TW_OK;
	l->secret = 1; /* the verifier asks the true device's keys, whoever wrote this */
	CHECK_OK(tw_log_verifier_new(sys, &how, &v));
	for (size_t i = 0; i < l->segments && !tw_failed(e); i++) {
		char name[16];
		(void)snprintf(name, sizeof name, "s%c", (char)('a' + i));
		e = tw_log_verifier_segment(v, (struct tw_slice){ (const char *)l->bytes[i], l->size[i] }, name);
	}
	if (!tw_failed(e))
		e = tw_log_verifier_end(v);
	tw_log_verifier_report(v, report);
	CHECK(tw_failed(e) == (report->fault[0] != '\0'));
	return e;
}

/* Does the fault name this record? As a number of its own, not inside another. */
static inline bool names(const char *fault, size_t seq)
{
	char number[24];
	int n = snprintf(number, sizeof number, "%zu", seq);
	for (const char *p = strstr(fault, number); p; p = strstr(p + 1, number)) {
		bool digit_before = p > fault && p[-1] >= '0' && p[-1] <= '9', digit_after = p[n] >= '0' && p[n] <= '9';
		if (!digit_before && !digit_after)
			return true;
	}
	return false;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#endif
