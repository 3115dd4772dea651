/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log against everybody who may write to the disk: fourteen kinds of tampering, on every record of logs of several
 * sizes. Each must be found and located to the record; only a tail that no signature and no anchor covers may go, and then the
 * report says from where on nothing is proven.
 */
#include "formats/test-log.h"

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

CHECK_MAIN(TEST(test_good_logs), TEST(test_anchor), TEST(test_flip), TEST(test_delete), TEST(test_duplicate), TEST(test_swap),
	TEST(test_rewrite_without_key), TEST(test_reseal), TEST(test_reseal_segment), TEST(test_checkpoints_prove_without_keys),
	TEST(test_insert), TEST(test_truncate), TEST(test_drop), TEST(test_zero_fill), TEST(test_splice),
	TEST(test_truncate_and_resume), TEST(test_remove_segment), TEST(test_torn_writes))
