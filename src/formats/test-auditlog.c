/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log against everybody who may write to the disk: fourteen kinds of tampering, on every record of logs of several
 * sizes. Each must be found and located to the record; only a tail that no signature and no anchor covers may go, and then the
 * report says from where on nothing is proven.
 */
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

static int set_up(void **state)
{
	sys = tw_sys_real();
	tw_crypto_use(sys);
	tw_json_use(sys);
	CHECK_OK(tw_key_generate(sys, &device_key));
	CHECK_OK(tw_key_generate(sys, &other_key));
	return 0;
}

static int tear_down(void **state)
{
	device_key = tw_key_free(device_key);
	other_key = tw_key_free(other_key);
	return 0;
}

/* --- A device in miniature --- */

static tw_err epoch_key(void *user, uint64_t epoch, uint8_t ret[32])
{
	uint8_t from[2] = { *(uint8_t *)user, (uint8_t)epoch };
	return tw_sha256(from, sizeof from, ret);
}

static void begin_segment(struct log *l)
{
	size_t i = l->segments++;
	CHECK(i < SEGMENTS);
	CHECK_OK(tw_log_segment_begin(&l->state, &l->header, l->bytes[i]));
	l->used[i] = TW_LOG_HEADER_SIZE;
	l->size[i] = SEGMENT;
}

static void append(struct log *l, enum tw_log_type type, const char *body)
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

static void checkpoint(struct log *l)
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

static void begin_epoch(struct log *l)
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

static void one_more(struct log *l)
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

static void make(struct log *l, size_t records)
{
	*l = (struct log){ .state.next_seq = 1, .header.segment_size = SEGMENT, .secret = 1 };
	CHECK_OK(tw_key_fingerprint(device_key, l->header.device));
	while (l->records < records)
		one_more(l);
}

/* --- Verifying --- */

enum trust { KEYS = 1, DEVICE = 2, BOTH = 3 };

static tw_err verify_with(struct log *l, enum trust trust, const struct tw_log_anchor *anchor, struct tw_log_report *report)
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
static bool names(const char *fault, size_t seq)
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

static void must_find(const char *what, enum trust trust, size_t seq)
{
	struct tw_log_report r;
	tw_err e = verify_with(&bad, trust, NULL, &r);
	if (!tw_is(e, TW_CODE_UNTRUSTED))
		fail_msg("%s at record %zu of %zu: %s", what, seq, good.records, tw_failed(e) ? tw_err_detail() : "not found");
	if (seq && !names(r.fault, seq))
		fail_msg("%s at record %zu of %zu is located elsewhere: %s", what, seq, good.records, r.fault);
}

/* A shorter log is what it is: whole, and proven as far as a signature reaches. An anchor finds it out. */
static void must_be_unproven(const char *what, size_t left)
{
	struct tw_log_report r;
	struct tw_log_anchor anchor = { .seq = good.records };
	memcpy(anchor.chain, good.state.chain, sizeof anchor.chain);
	tw_err e = verify_with(&bad, BOTH, NULL, &r);
	if (tw_failed(e))
		fail_msg("%s to %zu records: %s", what, left, tw_err_detail());
	CHECK_INT(r.last_seq, left);
	CHECK(r.proven_seq <= left && left - r.proven_seq <= EPOCH_EVERY);
	CHECK(r.keys_used);
	CHECK_ERR(verify_with(&bad, BOTH, &anchor, &r), UNTRUSTED);
	CHECK(names(r.fault, good.records));
}

/* The bytes from `at` on move to `to`, what becomes free is zero. */
static void move_rest(size_t segment, size_t at, size_t to)
{
	uint8_t *b = bad.bytes[segment];
	size_t rest = bad.used[segment] - at;
	CHECK(to + rest <= SEGMENT);
	memmove(b + to, b + at, rest);
	if (to < at)
		memset(b + to + rest, 0, at - to);
	bad.used[segment] = to + rest;
}

static void for_all_logs(void (*tamper)(void))
{
	for (size_t i = 0; i < TW_COUNT(sizes); i++) {
		make(&good, sizes[i]);
		bad = good;
		tamper();
	}
}

/* --- What is right --- */

static void test_good_logs(void **state)
{
	for (size_t n = 1; n <= 120; n++) {
		struct tw_log_report r;
		make(&good, n);
		CHECK_OK(verify_with(&good, BOTH, NULL, &r));
		CHECK_INT(r.records, n);
		CHECK_INT(r.first_seq, 1);
		CHECK_INT(r.last_seq, n);
		CHECK_INT(r.segments, good.segments);
		CHECK_INT(r.last_epoch, good.header.epoch);
		CHECK_INT(r.tail, good.used[good.segments - 1]);
		CHECK_INT(r.leftover, 0);
		CHECK(r.keys_used && !r.torn);
		CHECK_INT(r.open_intents, n % 4 == 2 ? 1 : 0);
		CHECK_BYTES(r.chain, good.state.chain, 32);
		CHECK_OK(verify_with(&good, DEVICE, NULL, &r));
		CHECK(!r.keys_used);
	}
}

static void test_anchor(void **state)
{
	struct tw_log_report r;
	struct tw_log_anchor anchor = { 0 };
	make(&good, 30);
	for (size_t i = 1; i <= 30; i++) {
		anchor.seq = i;
		memcpy(anchor.chain, good.bytes[good.place[i].segment] + good.place[i].at + good.place[i].size - 64, 32);
		CHECK_OK(verify_with(&good, BOTH, &anchor, &r));
		CHECK(r.proven_seq >= i);
		anchor.chain[0] ^= 1;
		CHECK_ERR(verify_with(&good, BOTH, &anchor, &r), UNTRUSTED);
		CHECK(names(r.fault, i));
	}
}

/* --- Tampering --- */

static void flip_each_byte(void)
{
	/* Signatures cost 80 us each, and the keys find every one of these by themselves. */
	enum trust trust = good.records > 10 ? KEYS : BOTH;
	for (size_t s = 0; s < bad.segments; s++) {
		for (size_t at = 0; at < TW_LOG_HEADER_SIZE; at++) {
			bad.bytes[s][at] ^= 0x10;
			must_find("flip in a header", trust, 0);
			bad.bytes[s][at] ^= 0x10;
		}
	}
	for (size_t i = 1; i <= good.records; i++) {
		const struct place *p = &good.place[i];
		for (size_t k = 0; k < p->size; k++) {
			uint8_t mask = (uint8_t)(1 << (i + k) % 8);
			bad.bytes[p->segment][p->at + k] ^= mask;
			must_find("flip", trust, i);
			bad.bytes[p->segment][p->at + k] ^= mask;
		}
	}
}

static void test_flip(void **state)
{
	for_all_logs(flip_each_byte);
}

static void delete_each(void)
{
	for (size_t i = 1; i < good.records; i++) { /* the last: see drop */
		const struct place *p = &good.place[i];
		move_rest(p->segment, p->at + p->size, p->at);
		must_find("delete", BOTH, i);
		bad = good;
	}
}

static void test_delete(void **state)
{
	for_all_logs(delete_each);
}

static void duplicate_each(void)
{
	for (size_t i = 1; i <= good.records; i++) {
		const struct place *p = &good.place[i];
		if (bad.used[p->segment] + p->size > SEGMENT)
			continue;
		move_rest(p->segment, p->at, p->at + p->size);
		memcpy(bad.bytes[p->segment] + p->at, good.bytes[p->segment] + p->at, p->size);
		must_find("duplicate", BOTH, i + 1);
		bad = good;
	}
}

static void test_duplicate(void **state)
{
	for_all_logs(duplicate_each);
}

static void swap_each(void)
{
	for (size_t i = 1; i < good.records; i++) {
		const struct place *a = &good.place[i], *b = &good.place[i + 1];
		if (a->segment != b->segment)
			continue;
		memcpy(bad.bytes[a->segment] + a->at, good.bytes[a->segment] + b->at, b->size);
		memcpy(bad.bytes[a->segment] + a->at + b->size, good.bytes[a->segment] + a->at, a->size);
		must_find("swap", BOTH, i);
		bad = good;
	}
}

static void test_swap(void **state)
{
	for_all_logs(swap_each);
}

/* Reads a log up to record i, so that its state is the one of a writer there; with key, the keys too. */
static struct tw_log_state state_at(const struct log *l, size_t i, struct tw_log_header *h)
{
	struct tw_log_state s = { 0 };
	uint64_t epoch = 0;
	for (size_t segment = 0; segment <= l->place[i].segment; segment++) {
		struct tw_log_record r;
		struct tw_slice bytes = { (const char *)l->bytes[segment], l->size[segment] };
		struct tw_cursor c = tw_cursor_of(bytes.at, bytes.size);
		uint8_t key[32], secret = 1;
		CHECK_OK(tw_log_header_read(bytes, h));
		CHECK_OK(epoch_key(&secret, h->epoch, key));
		if (h->epoch != epoch)
			tw_log_epoch_begin(&s, key);
		epoch = h->epoch;
		s.next_seq = h->first_seq;
		memcpy(s.chain, h->start, sizeof s.chain);
		CHECK_OK(tw_cursor_slice(&c, TW_LOG_HEADER_SIZE, &bytes));
		while (s.next_seq < i && !tw_failed(tw_log_record_read(&s, &c, &r))) {
		}
	}
	CHECK_INT(s.next_seq, i);
	return s;
}

/* Writes record i anew, with other words and a proper chain, and every later one of its segment on top of it. */
static void rewrite_from(size_t i, struct tw_log_state s, bool key_stays)
{
	const struct place *p = &good.place[i];
	size_t at = p->at;
	uint8_t key[32];
	memcpy(key, s.key, sizeof key);
	for (size_t k = i; k <= good.records && good.place[k].segment == p->segment; k++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		const uint8_t *old = good.bytes[p->segment] + good.place[k].at;
		struct tw_log_record r = { .type = (enum tw_log_type)old[7], .body = { (const char *)old + 48, good.place[k].size - 112 } };
		char body[TW_LOG_BODY_MAX];
		memcpy(body, r.body.at, r.body.size);
		if (k == i)
			body[r.body.size - 3] ^= 1; /* a letter or digit inside */
		r.body.at = body;
		memcpy(r.salt, old + 32, sizeof r.salt);
		tw_buf_init(&b, sys, TW_LOG_RECORD_MAX);
		if (key_stays)
			memcpy(s.key, key, sizeof key);
		CHECK_OK(tw_log_record_write(&s, &r, &b));
		memcpy(bad.bytes[p->segment] + at, b.data, b.size);
		at += b.size;
	}
}

/* Somebody who holds the disk but no key: the chain is right again, the seals are not. */
static void rewrite_each_without_key(void)
{
	for (size_t i = 1; i <= good.records; i++) {
		struct tw_log_header h;
		struct tw_log_state s = state_at(&good, i, &h);
		memset(s.key, 0x5a, sizeof s.key);
		rewrite_from(i, s, false);
		must_find("rewrite", BOTH, i);
		bad = good;
	}
}

static void test_rewrite_without_key(void **state)
{
	for_all_logs(rewrite_each_without_key);
}

/* CVE-2023-31439: somebody who took the device over at the end, and has the key of now. */
static void reseal_each_with_the_last_key(void)
{
	for (size_t i = 1; i <= good.records; i++) {
		struct tw_log_header h;
		struct tw_log_state s = state_at(&good, i, &h);
		memcpy(s.key, good.state.key, sizeof s.key);
		rewrite_from(i, s, false);
		must_find("seal again with the key of now", BOTH, i);
		rewrite_from(i, s, true);
		must_find("seal again with one key for all", BOTH, i);
		bad = good;
	}
}

static void test_reseal(void **state)
{
	for_all_logs(reseal_each_with_the_last_key);
}

/* The same, and the whole segment with its header made anew under the key of now. */
static void reseal_each_segment(void)
{
	for (size_t segment = 0; segment < good.segments; segment++) {
		struct tw_log_header h, old;
		struct tw_log_state s = { .next_seq = 1 };
		CHECK_OK(tw_log_header_read((struct tw_slice){ (const char *)good.bytes[segment], SEGMENT }, &old));
		h = old;
		tw_log_epoch_begin(&s, good.state.key);
		s.key_index = old.key_index;
		s.next_seq = old.first_seq;
		memcpy(s.chain, old.previous, sizeof s.chain);
		CHECK_OK(tw_log_segment_begin(&s, &h, bad.bytes[segment]));
		CHECK_ERR(tw_log_header_check(&h, (uint8_t[32]){ 1 }), UNTRUSTED);
		must_find("seal a segment again", BOTH, 0);
		struct tw_log_report r;
		CHECK_ERR(verify_with(&bad, BOTH, NULL, &r), UNTRUSTED);
		char name[4] = { 's', (char)('a' + segment), ',', '\0' };
		CHECK(strstr(r.fault, name) != NULL);
		bad = good;
	}
}

static void test_reseal_segment(void **state)
{
	for_all_logs(reseal_each_segment);
}

/* Without any key the signatures still find a rewritten record, at the checkpoint that covers it. */
static void test_checkpoints_prove_without_keys(void **state)
{
	make(&good, 20);
	bad = good;
	for (size_t i = 1; i <= 15; i++) {
		struct tw_log_header h;
		struct tw_log_state s = state_at(&good, i, &h);
		rewrite_from(i, s, false); /* even with the right keys */
		if (i % CHECKPOINT_EVERY != 0)
			must_find("rewrite", DEVICE, (i + CHECKPOINT_EVERY - 1) / CHECKPOINT_EVERY * CHECKPOINT_EVERY);
		bad = good;
	}
}

/* A record between two others, made by somebody without the key. */
static void insert_each(void)
{
	for (size_t i = 1; i <= good.records; i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		struct tw_log_header h;
		struct tw_log_state s = state_at(&good, i, &h);
		struct tw_log_record r = { .type = i == 1 ? TW_LOG_OPEN : TW_LOG_EVENT, .body = TW_SLICE("{}") };
		const struct place *p = &good.place[i];
		if (bad.used[p->segment] + 120 > SEGMENT)
			continue;
		memset(s.key, 0x77, sizeof s.key);
		tw_buf_init(&b, sys, TW_LOG_RECORD_MAX);
		CHECK_OK(tw_log_record_write(&s, &r, &b));
		move_rest(p->segment, p->at, p->at + b.size);
		memcpy(bad.bytes[p->segment] + p->at, b.data, b.size);
		must_find("insert", BOTH, i);
		bad = good;
	}
}

static void test_insert(void **state)
{
	for_all_logs(insert_each);
}

/* Where a record ends, going back from at. The last record before the header's end is 0 when there is none. */
static bool ends_at(size_t segment, size_t at, size_t *ret_left)
{
	if (at == TW_LOG_HEADER_SIZE) {
		*ret_left = good.segments == 1 ? 0 : good.records;
		for (size_t i = good.records; i >= 1; i--) {
			if (good.place[i].segment == segment)
				*ret_left = i - 1;
		}
		return true;
	}
	for (size_t i = 1; i <= good.records; i++) {
		if (good.place[i].segment == segment && good.place[i].at + good.place[i].size == at) {
			*ret_left = i;
			return true;
		}
	}
	return false;
}

/* The first bytes of a record are zero, as is what was never written: a cut behind them looks like one before them. A record may
   itself end in a zero, so every place on the way back is tried. */
static bool at_boundary(size_t segment, size_t at, size_t *ret_left)
{
	while (!ends_at(segment, at, ret_left)) {
		if (at <= TW_LOG_HEADER_SIZE || good.bytes[segment][at - 1] != 0)
			return false;
		at--;
	}
	return true;
}

static size_t record_at(size_t segment, size_t at)
{
	for (size_t i = 1; i <= good.records; i++) {
		const struct place *p = &good.place[i];
		if (p->segment == segment && at > p->at && at < p->at + p->size)
			return i;
	}
	return 0;
}

static void truncate_at_each_byte(void)
{
	size_t last = good.segments - 1, left = 0;
	for (size_t at = 0; at < good.used[last]; at++) {
		bad.size[last] = at;
		if (at >= TW_LOG_HEADER_SIZE && at_boundary(last, at, &left))
			must_be_unproven("cut", left);
		else
			must_find("cut", BOTH, record_at(last, at));
	}
	bad = good;
	if (good.segments > 1) { /* an earlier segment is not the end: every cut is found */
		for (size_t at = 0; at < good.used[0]; at++) {
			bad.size[0] = at;
			must_find("cut of the first segment", KEYS, record_at(0, at));
		}
	}
}

static void test_truncate(void **state)
{
	for_all_logs(truncate_at_each_byte);
}

/* Also rolling back to every earlier snapshot. */
static void drop_the_last(void)
{
	for (size_t k = 1; k < good.records; k++) {
		const struct place *p = &good.place[good.records - k + 1];
		size_t keep = p->segment + 1;
		bad.segments = keep;
		memset(bad.bytes[p->segment] + p->at, 0, SEGMENT - p->at);
		must_be_unproven("drop", good.records - k);
		bad = good;
	}
}

static void test_drop(void **state)
{
	for_all_logs(drop_the_last);
}

static void zero_each(void)
{
	for (size_t i = 1; i < good.records; i++) {
		const struct place *p = &good.place[i];
		memset(bad.bytes[p->segment] + p->at, 0, p->size);
		must_find("zero fill", BOTH, good.place[i + 1].segment == p->segment || p->segment + 1 < good.segments ? i : 0);
		bad = good;
	}
}

static void test_zero_fill(void **state)
{
	for_all_logs(zero_each);
}

/* Records and segments of another device, and of this one's other boots. */
static void splice_each(void)
{
	static struct log other;
	tw_key *mine = device_key;
	device_key = other_key;
	make(&other, good.records);
	device_key = mine;
	for (size_t i = 1; i <= good.records; i++) {
		const struct place *p = &good.place[i], *q = &other.place[i];
		memcpy(bad.bytes[p->segment] + p->at, other.bytes[q->segment] + q->at, p->size < q->size ? p->size : q->size);
		must_find("splice from another device", BOTH, i);
		bad = good;
	}
	for (size_t s = 0; s < good.segments; s++) {
		memcpy(bad.bytes[s], other.bytes[s], SEGMENT);
		must_find("segment of another device", BOTH, 0);
		bad = good;
		for (size_t t = 0; t < good.segments; t++) {
			if (s == t)
				continue;
			memcpy(bad.bytes[s], good.bytes[t], SEGMENT);
			must_find("segment from elsewhere in the log", BOTH, 0);
			bad = good;
		}
	}
}

static void test_splice(void **state)
{
	for_all_logs(splice_each);
}

/* CVE-2023-31438: cut, then go on as if nothing had been, with the key of now. */
static void truncate_and_resume(void)
{
	for (size_t k = 1; k < good.records; k++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		struct tw_log_header h;
		size_t i = good.records - k + 1;
		struct tw_log_state s = state_at(&good, i, &h);
		struct tw_log_record r = { .type = TW_LOG_EVENT, .body = TW_SLICE("{}") };
		const struct place *p = &good.place[i];
		if (good.place[i - 1].segment != p->segment)
			continue; /* the first of a segment: see reseal_each_segment */
		memcpy(s.key, good.state.key, sizeof s.key);
		tw_buf_init(&b, sys, TW_LOG_RECORD_MAX);
		CHECK_OK(tw_log_record_write(&s, &r, &b));
		bad.segments = p->segment + 1;
		memset(bad.bytes[p->segment] + p->at, 0, SEGMENT - p->at);
		memcpy(bad.bytes[p->segment] + p->at, b.data, b.size);
		must_find("cut and resume", BOTH, i);
		bad = good;
	}
}

static void test_truncate_and_resume(void **state)
{
	for_all_logs(truncate_and_resume);
}

static void remove_each_segment(void)
{
	struct tw_log_report r;
	for (size_t s = 0; s < good.segments && good.segments > 1; s++) {
		size_t first = 0;
		for (size_t i = good.records; i >= 1; i--)
			first = good.place[i].segment == s ? i : first;
		memmove(bad.bytes[s], bad.bytes[s + 1], (good.segments - s - 1) * SEGMENT);
		bad.segments--;
		if (s == 0) { /* old segments may be given up, and the report says where the log now begins */
			CHECK_OK(verify_with(&bad, BOTH, NULL, &r));
			CHECK(r.first_seq > 1);
		} else if (s == good.segments - 1) {
			must_be_unproven("remove the last segment", first - 1);
		} else {
			must_find("remove a segment", BOTH, first);
		}
		bad = good;
	}
}

static void test_remove_segment(void **state)
{
	for_all_logs(remove_each_segment);
}

/* --- What power cuts leave is not tampering --- */

static void test_torn_writes(void **state)
{
	make(&good, 30); /* the last segment takes one more batch of five records */
	for (size_t batch = 1; batch <= 12; batch++) {
		size_t from = good.place[good.records - batch + 1].at, segment = good.place[good.records].segment;
		if (good.place[good.records - batch + 1].segment != segment)
			break;
		size_t first = from / 512, count = (good.used[segment] + 511) / 512 - first;
		for (size_t lost = 0; lost < (size_t)1 << count; lost++) {
			TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = NULL;
			struct tw_log_verify how = { .epoch_key = epoch_key, .user = &good.secret };
			struct tw_log_report r;
			bad = good;
			for (size_t k = 0; k < count; k++) {
				size_t at = (first + k) * 512;
				if (lost >> k & 1) /* the sector has what it had before: zeroes behind `from` */
					memset(bad.bytes[segment] + (at < from ? from : at), 0, at < from ? at + 512 - from : 512);
			}
			CHECK_OK(tw_log_verifier_new(sys, &how, &v));
			for (size_t s = 0; s < bad.segments; s++)
				CHECK_OK(tw_log_verifier_segment(v, (struct tw_slice){ (const char *)bad.bytes[s], SEGMENT }, "s"));
			tw_log_verifier_report(v, &r);
			CHECK(r.last_seq >= good.records - batch);
			CHECK_INT(r.torn, r.leftover > 0);
			CHECK(lost || !r.torn);
			CHECK(tw_failed(tw_log_verifier_end(v)) == r.torn);
		}
	}
}

/* --- The writer's refusals --- */

static void test_writer_refusals(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_log_state s = { .next_seq = 1 };
	struct tw_log_header h = { 0 };
	uint8_t bytes[TW_LOG_HEADER_SIZE];
	static char large[TW_LOG_BODY_MAX + 2];
	struct tw_log_record r = { .type = TW_LOG_EVENT, .body = TW_SLICE("{}") };
	tw_buf_init(&b, sys, TW_LOG_RECORD_MAX);
	CHECK_ERR(tw_log_record_write(&s, &r, &b), STATE);
	CHECK_ERR(tw_log_segment_begin(&s, &h, bytes), STATE);
	tw_log_epoch_begin(&s, (uint8_t[32]){ 1 });
	for (unsigned type = 0; type < 70; type++) {
		r.type = (enum tw_log_type)type;
		if (type >= TW_LOG_INTENT && type < TW_LOG_TYPE_USED)
			continue;
		CHECK_ERR(tw_log_record_write(&s, &r, &b), SYNTAX);
	}
	r.type = TW_LOG_EVENT;
	static const char *const bodies[] = { "", "{", "[]", "x", "{\"a\":\"\xff\"}" };
	for (size_t i = 0; i < TW_COUNT(bodies); i++) {
		r.body = tw_slice_of(bodies[i]);
		CHECK_ERR(tw_log_record_write(&s, &r, &b), SYNTAX);
	}
	memset(large, ' ', sizeof large);
	large[0] = '{';
	large[TW_LOG_BODY_MAX] = '}';
	r.body = (struct tw_slice){ large, TW_LOG_BODY_MAX + 1 };
	CHECK_ERR(tw_log_record_write(&s, &r, &b), LIMIT);
	CHECK_INT(b.size, 0);
	CHECK_INT(s.next_seq, 1);
	large[TW_LOG_BODY_MAX - 1] = '}';
	r.body.size = TW_LOG_BODY_MAX;
	CHECK_OK(tw_log_record_write(&s, &r, &b));
	CHECK_ERR(tw_log_record_write(&s, &r, &b), LIMIT); /* no room: and nothing of it is there */
	CHECK_INT(s.next_seq, 2);
	CHECK_INT(b.size, r.size);
}

/* The example of doc/spec/audit-log.md. */
static void test_vector(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_log_state s = { .next_seq = 1 };
	struct tw_log_header h = { .epoch = 1, .boot_count = 1, .segment_size = 4096, .created_ms = 1790000000000 };
	struct tw_log_record r = { .type = TW_LOG_OPEN, .wall_ms = 1790000000001, .boot_ms = 5, .body = TW_SLICE("{\"why\":\"start\"}") };
	uint8_t bytes[TW_LOG_HEADER_SIZE], key[32], want[32];
	memset(key, 1, sizeof key);
	memset(h.boot_id, 2, sizeof h.boot_id);
	memset(h.device, 3, sizeof h.device);
	memset(r.salt, 4, sizeof r.salt);
	tw_buf_init(&b, sys, TW_LOG_RECORD_MAX);
	tw_log_epoch_begin(&s, key);
	CHECK_OK(tw_log_segment_begin(&s, &h, bytes));
	CHECK_OK(tw_parse_hex(TW_SLICE("1b94c459deba202d3e17d507f77a64d30b260a6b9d7370a44428a19d38d1c563"), want, 32));
	CHECK_BYTES(h.key_check, want, 32);
	CHECK_OK(tw_parse_hex(TW_SLICE("8de28ac3722475c143e88f9fd3990c04b114abd7b8e8f00761777fab711510e7"), want, 32));
	CHECK_BYTES(h.start, want, 32);
	CHECK_OK(tw_log_record_write(&s, &r, &b));
	CHECK_OK(tw_parse_hex(TW_SLICE("ee59418dc2fb25722702247d71438bd38cf4a122f06b48cc03686e3d7e6ccc83"), want, 32));
	CHECK_BYTES(r.chain, want, 32);
	CHECK_OK(tw_parse_hex(TW_SLICE("080c877a54379203d83bc6337c36e539dedc65ad1e86968410089da0b4b3a2d2"), want, 32));
	CHECK_BYTES(r.mac, want, 32);
	CHECK_OK(tw_parse_hex(TW_SLICE("fc81226b75fd8709ced0a2dce479763972f7833c16fcde6a96426d3ecd486b66"), want, 32));
	CHECK_BYTES(s.key, want, 32);
}

/* A writer of ours that breaks the rules is found by them, even with every key in hand. */
static void test_rules(void **state)
{
	static const struct {
		enum tw_log_type type;
		const char *body;
	} rows[] = {
		{ TW_LOG_OPEN, "{}" },
		{ TW_LOG_OUTCOME, "{}" },
		{ TW_LOG_OUTCOME, "{\"intent\":99}" },
		{ TW_LOG_OUTCOME, "{\"intent\":1}" },
		{ TW_LOG_OUTCOME, "{\"intent\":\"1\"}" },
		{ TW_LOG_OUTCOME, "{\"intent\":-1}" },
		{ TW_LOG_OUTCOME, "{intent}" },
		{ TW_LOG_CHECKPOINT, "{}" },
		{ TW_LOG_CHECKPOINT, "{\"seq\":3}" },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_log_report r;
		make(&bad, 3);
		append(&bad, rows[i].type, rows[i].body);
		CHECK_ERR(verify_with(&bad, BOTH, NULL, &r), UNTRUSTED);
		CHECK(names(r.fault, 4));
	}
}

/* A segment more, whose header says what no device of ours would write, under keys that fit it. */
static void go_on_with(struct log *l, const struct tw_log_header *h)
{
	bool new_epoch = h->epoch != l->header.epoch;
	uint8_t key[32];
	l->header = *h;
	CHECK_OK(epoch_key(&l->secret, h->epoch, key));
	if (new_epoch)
		tw_log_epoch_begin(&l->state, key);
	begin_segment(l);
	append(l, new_epoch ? TW_LOG_OPEN : TW_LOG_EVENT, "{\"why\":\"start\"}");
}

static void test_header_rules(void **state)
{
	static const struct {
		int epoch, boot_count, boot_id, device;
		const char *fault; /* NULL: as it should be */
	} rows[] = {
		{ 0, 0, 0, 0, NULL },
		{ 1, 1, 1, 0, NULL },
		{ 1, 0, 0, 0, NULL },
		{ -1, 1, 1, 0, "goes back" },
		{ 1, -1, 1, 0, "goes back" },
		{ 0, -1, 0, 0, "goes back" },
		{ 0, 1, 1, 0, "do not agree" },
		{ 1, 1, 0, 0, "do not agree" },
		{ 1, 0, 1, 0, "do not agree" },
		{ 0, 0, 0, 1, "another device" },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_log_header h;
		struct tw_log_report r;
		make(&bad, 3);
		begin_epoch(&bad);
		h = bad.header;
		h.epoch += (uint64_t)(int64_t)rows[i].epoch;
		h.boot_count += (uint64_t)(int64_t)rows[i].boot_count;
		h.boot_id[0] ^= (uint8_t)rows[i].boot_id;
		h.device[31] ^= (uint8_t)rows[i].device;
		go_on_with(&bad, &h);
		CHECK_INT(tw_failed(verify_with(&bad, KEYS, NULL, &r)), rows[i].fault != NULL);
		CHECK(!rows[i].fault || (strstr(r.fault, "sc") && strstr(r.fault, rows[i].fault)));
	}
}

/* What the first segment of a log, or of what is left of one, may say about those before it. */
static void test_first_header(void **state)
{
	struct tw_log_report r;
	bad = (struct log){ .state.next_seq = 1, .state.chain[31] = 1, .header.segment_size = SEGMENT, .secret = 1 };
	begin_epoch(&bad);
	CHECK_ERR(verify_with(&bad, KEYS, NULL, &r), UNTRUSTED);
	CHECK(strstr(r.fault, "names one before it") != NULL);
	bad = (struct log){ .state.next_seq = 2, .state.chain[31] = 1, .header.segment_size = SEGMENT, .secret = 1 };
	begin_epoch(&bad); /* the ones before it are not here: nothing is wrong with that */
	CHECK_OK(verify_with(&bad, KEYS, NULL, &r));
	bad = (struct log){ .state.next_seq = 1, .header.segment_size = SEGMENT, .header.epoch = 1, .secret = 1 };
	CHECK_OK(epoch_key(&bad.secret, 1, bad.state.key));
	bad.state.has_key = true;
	bad.state.key_index = UINT64_MAX; /* steps that a verifier would take for ever */
	begin_segment(&bad);
	CHECK_ERR(verify_with(&bad, KEYS, NULL, &r), UNTRUSTED);
	CHECK(strstr(r.fault, "counts 18446744073709551615 earlier records") != NULL);
}

/* What is no header of ours is told from one that was changed. */
static void test_header_form(void **state)
{
	struct tw_log_header h;
	struct tw_slice bytes = { (const char *)good.bytes[0], TW_LOG_HEADER_SIZE };
	make(&good, 1);
	CHECK_OK(tw_log_header_read(bytes, &h));
	good.bytes[0][0] ^= 1;
	CHECK_ERR(tw_log_header_read(bytes, &h), SYNTAX);
	good.bytes[0][0] ^= 1;
	good.bytes[0][TW_LOG_HEADER_SIZE - 1] ^= 1;
	CHECK_ERR(tw_log_header_read(bytes, &h), UNTRUSTED);
	for (size_t n = 0; n < TW_LOG_HEADER_SIZE; n++)
		CHECK_ERR(tw_log_header_read((struct tw_slice){ bytes.at, n }, &h), SYNTAX);
}

static tw_err no_key_now(void *user, uint64_t epoch, uint8_t ret[32])
{
	return TW_RAISE(TIMEOUT, "keys does not answer");
}

/* A key that cannot be had now is not the log's fault. */
static void test_keys_that_fail(void **state)
{
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = NULL;
	struct tw_log_verify how = { .epoch_key = no_key_now };
	struct tw_log_report r;
	make(&good, 3);
	CHECK_OK(tw_log_verifier_new(sys, &how, &v));
	CHECK_ERR(tw_log_verifier_segment(v, (struct tw_slice){ (const char *)good.bytes[0], SEGMENT }, "s"), TIMEOUT);
	tw_log_verifier_report(v, &r);
	CHECK_TEXT(r.fault, "");
}

static void test_checkpoint_parse(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf m = { 0 };
	struct tw_log_checkpoint c;
	uint8_t device[32] = { 1 }, chain[32] = { 2 };
	tw_buf_init(&m, sys, 200);
	CHECK_OK(tw_log_checkpoint_message(device, 3, 4, chain, &m));
	CHECK_OK(tw_log_checkpoint_parse(tw_buf_slice(&m), &c));
	CHECK(c.epoch == 3 && c.seq == 4 && c.device[0] == 1 && c.chain[0] == 2);
	for (size_t n = 0; n < m.size; n++)
		CHECK_ERR(tw_log_checkpoint_parse((struct tw_slice){ m.data, n }, &c), SYNTAX);
	m.data[0] ^= 1;
	CHECK_ERR(tw_log_checkpoint_parse(tw_buf_slice(&m), &c), SYNTAX);
	m.data[0] ^= 1;
	CHECK_OK(tw_buf_u8(&m, 0));
	CHECK_ERR(tw_log_checkpoint_parse(tw_buf_slice(&m), &c), SYNTAX);
}

static tw_err verify_good(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = NULL;
	struct tw_log_verify how = { .epoch_key = epoch_key, .device = device_key, .user = &good.secret };
	TW_TRY(tw_log_verifier_new(s, &how, &v));
	for (size_t i = 0; i < good.segments; i++)
		TW_TRY(tw_log_verifier_segment(v, (struct tw_slice){ (const char *)good.bytes[i], SEGMENT }, "s"));
	return tw_log_verifier_end(v);
}

static void check_same_report(const tw_log_verifier *a, const tw_log_verifier *b)
{
	struct tw_log_report x, y;
	tw_log_verifier_report(a, &x);
	tw_log_verifier_report(b, &y);
	CHECK_INT(x.records, y.records);
	CHECK_INT(x.segments, y.segments);
	CHECK_INT(x.checkpoints, y.checkpoints);
	CHECK_INT(x.first_seq, y.first_seq);
	CHECK_INT(x.last_seq, y.last_seq);
	CHECK_INT(x.proven_seq, y.proven_seq);
	CHECK_INT(x.open_intents, y.open_intents);
	CHECK_INT(x.keys_used, y.keys_used);
	CHECK(memcmp(x.chain, y.chain, sizeof x.chain) == 0);
	CHECK_TEXT(x.fault, y.fault);
}

/* In small pieces, and taken up by a fresh verifier between any two segments. fault: of what stands in bad. */
static void in_pieces(const struct log *l, unsigned steps, bool taken_up)
{
	const struct tw_log_verify how = { .epoch_key = epoch_key, .device = device_key, .user = &good.secret };
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *whole = NULL, *v = NULL;
	tw_err e = TW_OK, wanted = TW_OK;
	CHECK_OK(tw_log_verifier_new(sys, &how, &whole));
	CHECK_OK(tw_log_verifier_new(sys, &how, &v));
	for (size_t i = 0; i < l->segments && !tw_failed(e); i++) {
		const struct tw_slice bytes = { (const char *)l->bytes[i], i + 1 == l->segments ? l->size[i] : l->used[i] };
		struct tw_buf saved;
		bool end = false;
		wanted = tw_log_verifier_segment(whole, bytes, "s");
		e = tw_log_verifier_begin(v, bytes, "s");
		tw_buf_init(&saved, sys, TW_LOG_VERIFIER_SAVED_MAX);
		if (!tw_failed(e))
			CHECK_ERR(tw_log_verifier_save(v, &saved), STATE);
		while (!end && !tw_failed(e))
			e = tw_log_verifier_some(v, bytes, steps, &end);
		CHECK_INT(e.code, wanted.code);
		if (taken_up && !tw_failed(e) && i + 1 < l->segments) {
			CHECK_OK(tw_log_verifier_save(v, &saved));
			v = tw_log_verifier_free(v);
			CHECK_OK(tw_log_verifier_new(sys, &how, &v));
			CHECK_OK(tw_log_verifier_restore(v, tw_buf_slice(&saved)));
			CHECK_ERR(tw_log_verifier_restore(v, tw_buf_slice(&saved)), STATE);
		}
		tw_buf_done(&saved);
	}
	check_same_report(whole, v);
}

static void test_in_pieces(void **state)
{
	for (size_t i = 0; i < TW_COUNT(sizes); i++) {
		make(&good, sizes[i]);
		for (unsigned steps = 1; steps < 40; steps += 7) {
			in_pieces(&good, steps, false);
			in_pieces(&good, steps, true);
		}
	}
	for (size_t k = 1; k <= good.records; k += 9) { /* a broken one breaks at the same place */
		bad = good;
		bad.bytes[bad.place[k].segment][bad.place[k].at + 50] ^= 1;
		in_pieces(&bad, 3, true);
	}
}

/* What is kept of a run: cut anywhere, another version, unknown marks, another device. */
static void test_kept_runs_that_are_none(void **state)
{
	const struct tw_log_verify how = { .epoch_key = epoch_key, .device = device_key, .user = &good.secret };
	const struct tw_log_verify foreign = { .epoch_key = epoch_key, .device = other_key, .user = &good.secret };
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf saved = { 0 };
	make(&good, 100);
	CHECK_OK(tw_log_verifier_new(sys, &how, &v));
	CHECK_OK(tw_log_verifier_segment(v, (struct tw_slice){ (const char *)good.bytes[0], good.used[0] }, "s"));
	tw_buf_init(&saved, sys, TW_LOG_VERIFIER_SAVED_MAX);
	CHECK_OK(tw_log_verifier_save(v, &saved));
	for (size_t size = 0; size <= saved.size + 1; size++) {
		TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *other = NULL;
		char bytes[2048] = { 0 };
		CHECK(saved.size + 1 < sizeof bytes);
		memcpy(bytes, saved.data, saved.size);
		CHECK_OK(tw_log_verifier_new(sys, &how, &other));
		tw_err e = tw_log_verifier_restore(other, (struct tw_slice){ bytes, size });
		CHECK(tw_failed(e) == (size != saved.size));
	}
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *newer = NULL, *marks = NULL, *device = NULL;
	CHECK_OK(tw_log_verifier_new(sys, &foreign, &device));
	CHECK_ERR(tw_log_verifier_restore(device, tw_buf_slice(&saved)), SYNTAX);
	CHECK_OK(tw_log_verifier_new(sys, &how, &marks));
	saved.data[1 + 12 * 8 + 32 + 16 + 32] |= 8;
	CHECK_ERR(tw_log_verifier_restore(marks, tw_buf_slice(&saved)), SYNTAX);
	CHECK_OK(tw_log_verifier_new(sys, &how, &newer));
	saved.data[0]++;
	CHECK_ERR(tw_log_verifier_restore(newer, tw_buf_slice(&saved)), SYNTAX);
}

static tw_err keep_and_restore(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = NULL, *again = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf saved = { 0 };
	struct tw_log_verify how = { .epoch_key = epoch_key, .device = device_key, .user = &good.secret };
	tw_buf_init(&saved, s, TW_LOG_VERIFIER_SAVED_MAX);
	TW_TRY(tw_log_verifier_new(s, &how, &v));
	TW_TRY(tw_log_verifier_segment(v, (struct tw_slice){ (const char *)good.bytes[0], good.used[0] }, "s"));
	TW_TRY(tw_log_verifier_save(v, &saved));
	TW_TRY(tw_log_verifier_new(s, &how, &again));
	return tw_log_verifier_restore(again, tw_buf_slice(&saved));
}

static void test_out_of_memory(void **state)
{
	make(&good, 18);
	(void)oom_sweep(verify_good, NULL);
	make(&good, 100);
	(void)oom_sweep(keep_and_restore, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_good_logs), TEST(test_anchor), TEST(test_flip), TEST(test_delete), TEST(test_duplicate), TEST(test_swap),
	TEST(test_rewrite_without_key), TEST(test_reseal), TEST(test_reseal_segment), TEST(test_checkpoints_prove_without_keys),
	TEST(test_insert), TEST(test_truncate), TEST(test_drop), TEST(test_zero_fill), TEST(test_splice),
	TEST(test_truncate_and_resume), TEST(test_remove_segment), TEST(test_torn_writes), TEST(test_writer_refusals),
	TEST(test_vector), TEST(test_rules), TEST(test_header_rules), TEST(test_first_header), TEST(test_header_form),
	TEST(test_keys_that_fail), TEST(test_checkpoint_parse), TEST(test_in_pieces),
	TEST(test_kept_runs_that_are_none), TEST(test_out_of_memory))
