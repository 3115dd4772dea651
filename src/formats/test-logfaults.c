/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only a writer with the keys could do, and is found all the same: each rule between records broken alone, with every seal and
 * digest as it ought to be. And the edges of what counts as an interrupted write.
 */
#include "formats/test-log.h"
#include "lay.h"

static tw_log_verifier *verifier(enum trust trust)
{
	struct tw_log_verify how = {
		.epoch_key = trust & KEYS ? epoch_key : NULL, .device = trust & DEVICE ? device_key : NULL, .user = &good.secret
	};
	tw_log_verifier *v = NULL;

	good.secret = 1;
	CHECK_OK(tw_log_verifier_new(sys, &how, &v));
	return v;
}

static void check_fault(enum trust trust, const char *words)
{
	struct tw_log_report r;

	CHECK_ERR(verify_with(&bad, trust, NULL, &r), UNTRUSTED);
	if (!strstr(r.fault, words))
		fail_msg("got '%s', want '%s' in it", r.fault, words);
}

/* --- By the specification: what a record is, made without the code under test --- */

static void put_number(uint8_t *at, uint64_t v, int bytes)
{
	for (int i = bytes; i-- > 0; v >>= 8)
		at[i] = (uint8_t)v;
}

/* Appends a record of any type and number, chained and sealed for the place it stands at. */
static void forge(struct log *l, unsigned type, uint64_t seq, const char *body)
{
	size_t n = strlen(body), segment = l->segments - 1;
	uint8_t *at = l->bytes[segment] + l->used[segment], leaf[32], fields[26];
	struct tw_slice salted[] = { { (const char *)at + 32, 16 }, { body, n } };
	struct tw_slice chained[] = { { (const char *)l->state.chain, 32 }, { (const char *)fields, sizeof fields },
		{ (const char *)leaf, 32 } };

	put_number(at, 112 + n, 4);
	put_number(at + 4, n, 2);
	put_number(at + 6, type, 2);
	put_number(at + 8, seq, 8);
	put_number(at + 16, 1, 8);
	put_number(at + 24, 1, 8);
	memset(at + 32, 9, 16);
	lay_text(at + 48, body);
	put_number(fields, seq, 8);
	put_number(fields + 8, type, 2);
	put_number(fields + 10, 1, 8);
	put_number(fields + 18, 1, 8);
	CHECK_OK(tw_sha256_of(salted, 2, leaf));
	CHECK_OK(tw_sha256_of(chained, 3, at + 48 + n));
	CHECK_OK(tw_hmac_sha256(l->state.key, 32, &(struct tw_slice){ (const char *)at + 48 + n, 32 }, 1, at + 80 + n));
	l->used[segment] += 112 + n;
}

static void test_a_record_whose_seals_hold(void **state)
{
	static const struct {
		unsigned type;
		int64_t later; /* than the number that belongs there */
		const char *body, *words;
	} rows[] = {
		{ TW_LOG_EVENT, 1, "{}", "stands where 4 belongs" },
		{ TW_LOG_EVENT, -1, "{}", "stands where 4 belongs" },
		{ 0, 0, "{}", "record type 0 is reserved" },
		{ TW_LOG_TYPE_USED, 0, "{}", "is reserved" },
		{ TW_LOG_EVENT, 0, "", "is a JSON object" },
		{ TW_LOG_EVENT, 0, "[]", "is a JSON object" },
		{ TW_LOG_EVENT, 0, "{\"a\":\"\xff\"}", "is a JSON object" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		make(&bad, 3);
		forge(&bad, rows[i].type, (uint64_t)(4 + rows[i].later), rows[i].body);
		check_fault(KEYS, rows[i].words);
	}
	struct tw_log_report r;
	make(&bad, 3);
	forge(&bad, TW_LOG_EVENT, 4, "{}"); /* as it should be: the forger and the reader agree on what a record is */
	CHECK_OK(verify_with(&bad, KEYS, NULL, &r));
	CHECK_INT(r.last_seq, 4);
	bad.bytes[0][bad.place[3].at + bad.place[3].size + 3]++; /* its size, which no seal covers: it follows from the body's */
	check_fault(KEYS, "a record of 115 bytes cannot have a body of 2");
	make(&bad, 3);
	bad.bytes[0][bad.used[0] - 33] ^= 1; /* its last chain value, which the seal covers as it should be */
	check_fault(KEYS, "the chain breaks here");
}

static void check_not_moved(const struct tw_log_state *s, const struct tw_log_state *before)
{
	CHECK_INT(s->next_seq, before->next_seq);
	CHECK_INT(s->key_index, before->key_index);
	CHECK_INT(s->has_key, before->has_key);
	CHECK_BYTES(s->chain, before->chain, sizeof s->chain);
	CHECK_BYTES(s->key, before->key, sizeof s->key);
}

/* A record that is cut is malformed, not forged; nothing of it moves the reader. */
static void test_a_record_that_is_cut(void **state)
{
	make(&good, 2);
	const struct place *p = &good.place[2];
	struct tw_log_state s = good.state, before;
	struct tw_log_record r;

	make(&bad, 1);
	before = s = bad.state;
	for (size_t n = 4; n < p->size; n++) {
		struct tw_cursor c = tw_cursor_of(good.bytes[0] + p->at, n);
		CHECK_ERR(tw_log_record_read(&s, &c, &r), SYNTAX);
		CHECK_INT(tw_cursor_left(&c), n);
		check_not_moved(&s, &before);
	}
	for (size_t n = 0; n < 4; n++) {
		struct tw_cursor c = tw_cursor_of("\0\0\0", n);
		CHECK_ERR(tw_log_record_read(&s, &c, &r), NOTFOUND);
	}
}

/* --- Headers --- */

/* The header's last 32 bytes are the digest of the others: doc/spec/audit-log.md. */
static void seal_header(uint8_t *bytes)
{
	const struct tw_slice parts[] = { { "thingward-log-segment-1", 24 }, { (const char *)bytes, 480 } };

	CHECK_OK(tw_sha256_of(parts, 2, bytes + 480));
}

static void test_headers_whose_digest_holds(void **state)
{
	struct tw_log_header h;
	uint8_t *bytes = good.bytes[0];
	const struct tw_slice header = { (const char *)bytes, TW_LOG_HEADER_SIZE };

	make(&good, 1);
	bytes[9]++;
	seal_header(bytes);
	CHECK_ERR(tw_log_header_read(header, &h), UNSUPPORTED);
	bytes[9]--;
	bytes[11]++; /* another size of header */
	seal_header(bytes);
	CHECK_ERR(tw_log_header_read(header, &h), SYNTAX);
	bytes[11]--;
	for (size_t at = 168; at < 480; at++) { /* what must be zero */
		bytes[at] = 1;
		seal_header(bytes);
		CHECK_ERR(tw_log_header_read(header, &h), SYNTAX);
		bytes[at] = 0;
	}
	memset(bytes + 32, 0, 8); /* no record has the number 0 */
	seal_header(bytes);
	CHECK_ERR(tw_log_header_read(header, &h), SYNTAX);
	bytes[39] = 1;
	seal_header(bytes);
	CHECK_OK(tw_log_header_read(header, &h));
}

static void test_a_segment_that_follows_another_chain(void **state)
{
	make(&bad, 3);
	bad.state.chain[0] ^= 1;
	begin_segment(&bad);
	check_fault(KEYS, "does not follow the segment before");
}

static void test_a_new_epoch_begins_without_records(void **state)
{
	make(&bad, 3);
	bad.header.epoch++;
	CHECK_OK(epoch_key(&bad.secret, bad.header.epoch, bad.state.key));
	bad.state.key_index = 1;
	begin_segment(&bad);
	check_fault(KEYS, "begins with a count of records");
}

static void first_with_count(uint64_t count)
{
	bad = (struct log){ .state.next_seq = 2, .state.chain[31] = 1, .header.segment_size = SEGMENT, .header.epoch = 1, .secret = 1 };
	CHECK_OK(epoch_key(&bad.secret, 1, bad.state.key));
	bad.state.has_key = true;
	bad.state.key_index = count;
	begin_segment(&bad);
}

/* What is left of an epoch may begin late in it, but not so late that a reader hashes for ever. */
static void test_how_late_in_its_epoch(void **state)
{
	const struct tw_slice bytes = { (const char *)bad.bytes[0], SEGMENT };
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = verifier(KEYS), *other = verifier(KEYS);

	first_with_count(100000000);
	CHECK_OK(tw_log_verifier_begin(v, bytes, "s"));
	first_with_count(100000001);
	CHECK_ERR(tw_log_verifier_begin(other, bytes, "s"), UNTRUSTED);
}

/* A step is a record, or 64 keys on the way to the first. */
static void test_steps(void **state)
{
	static const struct {
		uint64_t count;
		unsigned steps; /* until the first record is read */
	} rows[] = { { 0, 2 }, { 1, 2 }, { 63, 2 }, { 64, 2 }, { 65, 3 }, { 128, 3 }, { 129, 4 } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = verifier(KEYS);
		bool end = true;
		first_with_count(rows[i].count);
		for (uint64_t k = 0; k < rows[i].count; k++)
			CHECK_OK(tw_log_key_next(bad.state.key));
		bad.segments = 0; /* now that the key is the segment's own */
		bad.state = (struct tw_log_state){ .next_seq = 2, .key_index = rows[i].count, .has_key = true };
		CHECK_OK(epoch_key(&bad.secret, 1, bad.state.key));
		for (uint64_t k = 0; k < rows[i].count; k++)
			CHECK_OK(tw_log_key_next(bad.state.key));
		bad.state.chain[31] = 1;
		begin_segment(&bad);
		append(&bad, rows[i].count ? TW_LOG_EVENT : TW_LOG_OPEN, "{}");
		const struct tw_slice bytes = { (const char *)bad.bytes[0], SEGMENT };
		CHECK_ERR(tw_log_verifier_some(v, bytes, 1, &end), STATE);
		CHECK_OK(tw_log_verifier_begin(v, bytes, "s"));
		CHECK_OK(tw_log_verifier_some(v, bytes, 0, &end));
		CHECK(!end);
		for (unsigned step = 1; step <= rows[i].steps; step++) {
			CHECK_INT(tw_log_verifier_at(v), TW_LOG_HEADER_SIZE);
			CHECK_OK(tw_log_verifier_some(v, bytes, 1, &end));
		}
		CHECK_INT(tw_log_verifier_at(v), bad.used[0]);
		CHECK(!end);
		CHECK_OK(tw_log_verifier_some(v, bytes, 1, &end));
		CHECK(end);
	}
}

/* Where it stopped, it stays, whatever it is given. */
static void test_a_run_that_has_stopped(void **state)
{
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = verifier(KEYS);
	struct tw_log_report r;
	bool end;

	make(&good, 3);
	bad = good;
	CHECK_OK(epoch_key(&bad.secret, 9, bad.state.key)); /* sealed with another epoch's key */
	bad.state = (struct tw_log_state){ .next_seq = 1, .has_key = true, .key = { 5 } };
	bad.segments = 0;
	begin_segment(&bad);
	const struct tw_slice wrong = { (const char *)bad.bytes[0], SEGMENT }, right = { (const char *)good.bytes[0], SEGMENT };
	CHECK_ERR(tw_log_verifier_segment(v, wrong, "wrong"), UNTRUSTED);
	tw_log_verifier_report(v, &r);
	CHECK_TEXT(r.fault, "segment wrong, header: the segment was sealed with another key");
	CHECK_ERR(tw_log_verifier_begin(v, right, "right"), UNTRUSTED);
	CHECK_ERR(tw_log_verifier_some(v, right, 1, &end), UNTRUSTED);
	tw_log_verifier_report(v, &r);
	CHECK_TEXT(r.fault, "segment wrong, header: the segment was sealed with another key");
	CHECK_INT(r.records, 0);
}

/* Epochs may begin with 0: its key is asked for like any other's. */
static void test_an_epoch_0_sealed_with_another_key(void **state)
{
	struct tw_log_report r;

	for (uint8_t other = 0; other < 2; other++) {
		bad = (struct log){ .state.next_seq = 1, .header.segment_size = SEGMENT, .secret = 1 };
		CHECK_OK(epoch_key(&bad.secret, 0, bad.state.key));
		bad.state.key[0] ^= other;
		bad.state.has_key = true;
		begin_segment(&bad);
		append(&bad, TW_LOG_OPEN, "{}");
		if (other) {
			check_fault(KEYS, "sealed with another key");
			continue;
		}
		CHECK_OK(verify_with(&bad, KEYS, NULL, &r));
		CHECK(r.keys_used);
	}
}

static void test_a_segment_that_counts_otherwise(void **state)
{
	make(&bad, 3);
	bad.state.key_index++;
	begin_segment(&bad);
	check_fault(KEYS, "the count of records in this epoch differs");
}

/* A segment that ends in an unfinished write is the last. */
static void test_a_segment_behind_an_unfinished_one(void **state)
{
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = verifier(KEYS);
	struct tw_log_report r;

	make(&bad, 3);
	bad.bytes[0][bad.used[0] + 2] = 8; /* a record of 2048 bytes, of which nothing more came */
	bad.size[0] = bad.used[0] + 4;
	begin_segment(&bad);
	append(&bad, TW_LOG_EVENT, "{}");
	check_fault(KEYS, "the segment before is unfinished at record 4");
	CHECK_OK(tw_log_verifier_segment(v, (struct tw_slice){ (const char *)bad.bytes[0], bad.size[0] }, "s"));
	CHECK_ERR(tw_log_verifier_segment(v, (struct tw_slice){ (const char *)bad.bytes[1], SEGMENT }, "t"), UNTRUSTED);
	CHECK_ERR(tw_log_verifier_end(v), UNTRUSTED); /* and what is said stays the first fault */
	tw_log_verifier_report(v, &r);
	CHECK(strstr(r.fault, "segment t, header: the segment before is unfinished"));
}

/* Also where an anchor beyond the end would have something to say. */
static void test_the_first_fault_stays(void **state)
{
	struct tw_log_anchor anchor = { .seq = 9 };
	struct tw_log_report r;

	make(&bad, 3);
	append(&bad, TW_LOG_OPEN, "{}");
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = NULL;
	struct tw_log_verify how = { .epoch_key = epoch_key, .user = &bad.secret, .anchors = &anchor, .anchor_count = 1 };
	CHECK_OK(tw_log_verifier_new(sys, &how, &v));
	CHECK_ERR(tw_log_verifier_segment(v, (struct tw_slice){ (const char *)bad.bytes[0], SEGMENT }, "s"), UNTRUSTED);
	CHECK_ERR(tw_log_verifier_end(v), UNTRUSTED);
	tw_log_verifier_report(v, &r);
	CHECK(strstr(r.fault, "an epoch is opened inside another"));
}

/* --- Intents --- */

static void test_outcomes(void **state)
{
	struct tw_log_report r;

	make(&bad, 1);
	append(&bad, TW_LOG_OUTCOME, "{\"intent\":0}");
	check_fault(KEYS, "names no intent");
	make(&bad, 1);
	append(&bad, TW_LOG_OUTCOME, "{\"intent\":-1}");
	check_fault(KEYS, "names no intent");
	make(&bad, 1);
	append(&bad, TW_LOG_OUTCOME, "{\"intent\":1}");
	check_fault(KEYS, "is no open intent");
	make(&bad, 1);
	append(&bad, TW_LOG_INTENT, "{}");
	append(&bad, TW_LOG_INTENT, "{}");
	append(&bad, TW_LOG_OUTCOME, "{\"intent\":3}");
	append(&bad, TW_LOG_OUTCOME, "{\"intent\":3}");
	check_fault(KEYS, "is no open intent");
	/* What is left of a log: the intent may stand in what is gone. */
	bad = (struct log){ .state.next_seq = 50, .state.chain[31] = 1, .header.segment_size = SEGMENT, .secret = 1 };
	begin_epoch(&bad);
	append(&bad, TW_LOG_OUTCOME, "{\"intent\":49}");
	CHECK_OK(verify_with(&bad, KEYS, NULL, &r));
	append(&bad, TW_LOG_OUTCOME, "{\"intent\":50}");
	check_fault(KEYS, "is no open intent");
}

static void test_which_intents_are_open(void **state)
{
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = verifier(KEYS);
	uint64_t seq = 0;

	make(&bad, 1);
	for (int i = 0; i < 3; i++)
		append(&bad, TW_LOG_INTENT, "{}");
	append(&bad, TW_LOG_OUTCOME, "{\"intent\":2}");
	CHECK_OK(tw_log_verifier_segment(v, (struct tw_slice){ (const char *)bad.bytes[0], SEGMENT }, "s"));
	CHECK(tw_log_verifier_open_intent(v, 0, &seq) && seq == 3);
	CHECK(tw_log_verifier_open_intent(v, 1, &seq) && seq == 4);
	CHECK(!tw_log_verifier_open_intent(v, 2, &seq));
}

/* As many as a verifier keeps, and one more. */
static void many_intents(size_t count, struct tw_buf *ret)
{
	struct tw_log_state s = { .next_seq = 1 };
	struct tw_log_header h = { .epoch = 1, .boot_count = 1, .segment_size = 1 << 20 };
	uint8_t key[32], bytes[TW_LOG_HEADER_SIZE], secret = 1;

	CHECK_OK(tw_key_fingerprint(device_key, h.device));
	CHECK_OK(epoch_key(&secret, 1, key));
	tw_log_epoch_begin(&s, key);
	CHECK_OK(tw_log_segment_begin(&s, &h, bytes));
	tw_buf_init(ret, sys, 1 << 20);
	CHECK_OK(tw_buf_add(ret, bytes, sizeof bytes));
	for (size_t i = 0; i <= count; i++) {
		struct tw_log_record r = { .type = i ? TW_LOG_INTENT : TW_LOG_OPEN, .body = TW_SLICE("{}") };
		CHECK_OK(tw_log_record_write(&s, &r, ret));
	}
}

static void test_how_many_intents(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf most = { 0 }, more = { 0 }, saved = { 0 };
	TW_CLEANUP(tw_log_verifier_freep)
	tw_log_verifier *v = verifier(BOTH), *other = verifier(BOTH), *again = verifier(BOTH), *last = verifier(BOTH);
	struct tw_log_report r;

	many_intents(TW_LOG_OPEN_INTENTS_MAX, &most);
	CHECK_OK(tw_log_verifier_segment(v, tw_buf_slice(&most), "s"));
	many_intents(TW_LOG_OPEN_INTENTS_MAX + 1, &more);
	CHECK_ERR(tw_log_verifier_segment(other, tw_buf_slice(&more), "s"), UNTRUSTED);
	tw_buf_init(&saved, sys, TW_LOG_VERIFIER_SAVED_MAX + 8);
	CHECK_OK(tw_log_verifier_save(v, &saved));
	CHECK_OK(tw_log_verifier_restore(again, tw_buf_slice(&saved)));
	tw_log_verifier_report(again, &r);
	CHECK_INT(r.open_intents, TW_LOG_OPEN_INTENTS_MAX);
	CHECK_OK(tw_buf_u64(&saved, 1));
	put_number((uint8_t *)saved.data + 1 + 12 * 8 + 32 + 16 + 32 + 1, TW_LOG_OPEN_INTENTS_MAX + 1, 4);
	CHECK_ERR(tw_log_verifier_restore(last, tw_buf_slice(&saved)), LIMIT);
}

/* --- Checkpoints --- */

static void test_checkpoints_that_name_something_else(void **state)
{
	static const struct {
		int seq, epoch, chain, key;
		enum trust trust;
		const char *words;
	} rows[] = {
		{ 1, 0, 0, 0, KEYS, "another record, epoch or chain" },
		{ -1, 0, 0, 0, KEYS, "another record, epoch or chain" },
		{ 0, 1, 0, 0, KEYS, "another record, epoch or chain" },
		{ 0, 0, 1, 0, KEYS, "another record, epoch or chain" },
		{ 0, 0, 0, 1, DEVICE, "" },
		{ 0, 0, 0, 0, DEVICE, NULL },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf message = { 0 }, body = { 0 };
		uint8_t signature[TW_SIGNATURE_SIZE], chain[32];
		struct tw_log_report r;
		make(&bad, 3);
		uint64_t seq = 3 + (uint64_t)rows[i].seq, epoch = bad.header.epoch + (uint64_t)rows[i].epoch;
		memcpy(chain, bad.state.chain, 32);
		chain[31] ^= (uint8_t)rows[i].chain;
		tw_buf_init(&message, sys, TW_LOG_CHECKPOINT_MESSAGE);
		tw_buf_init(&body, sys, TW_LOG_BODY_MAX);
		CHECK_OK(tw_log_checkpoint_message(bad.header.device, epoch, seq, chain, &message));
		CHECK_OK(tw_key_sign(rows[i].key ? other_key : device_key, &(struct tw_slice){ message.data, message.size }, 1, signature));
		CHECK_OK(tw_log_checkpoint_body(epoch, seq, chain, signature, &body));
		append(&bad, TW_LOG_CHECKPOINT, tw_buf_cstr(&body));
		if (rows[i].words) {
			check_fault(rows[i].trust, rows[i].words);
			continue;
		}
		CHECK_OK(verify_with(&bad, rows[i].trust, NULL, &r));
		CHECK_INT(r.proven_seq, 3);
	}
}

#define D16 "0123456789abcdef"
static void test_checkpoints_without_form(void **state)
{
	make(&bad, 3);
	append(&bad, TW_LOG_CHECKPOINT, "{\"chain\":\"" D16 D16 D16 D16 "\",\"epoch\":1,\"seq\":3}");
	check_fault(KEYS, "signature");
	make(&bad, 3);
	append(&bad, TW_LOG_CHECKPOINT,
		"{\"chain\":\"" D16 D16 D16 "0123456789abcdeg\",\"epoch\":1,\"seq\":3,\"signature\":\"" D16 D16 D16 D16 D16 "012345\"}");
	check_fault(KEYS, "");
	char body[512], hex[65];
	make(&bad, 3);
	for (size_t i = 0; i < 32; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", bad.state.chain[i]);
	(void)snprintf(body, sizeof body, "{\"chain\":\"%s\",\"epoch\":1,\"seq\":3,\"signature\":\"" D16 D16 D16 D16 D16 "01234?\"}", hex);
	append(&bad, TW_LOG_CHECKPOINT, body);
	check_fault(DEVICE, "is not 64 bytes of base64url");
}

/* --- A run that is taken up again --- */

static void test_what_a_kept_run_knows(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf saved = { 0 };
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = verifier(KEYS), *without = verifier(0), *with = verifier(BOTH);
	struct tw_log_report r;

	make(&good, 3);
	CHECK_OK(tw_log_verifier_segment(v, (struct tw_slice){ (const char *)good.bytes[0], good.used[0] }, "s"));
	tw_buf_init(&saved, sys, TW_LOG_VERIFIER_SAVED_MAX);
	CHECK_OK(tw_log_verifier_save(v, &saved));
	CHECK_OK(tw_log_verifier_restore(without, tw_buf_slice(&saved))); /* without the device's key, another may be meant */
	tw_log_verifier_report(without, &r);
	CHECK(!r.keys_used);
	char *known = &saved.data[1 + 12 * 8 + 32 + 16 + 32];
	*known = (char)(*known & ~2); /* bytes that say no device was known do not make it forget its own */
	CHECK_OK(tw_log_verifier_restore(with, tw_buf_slice(&saved)));
	begin_segment(&good);
	good.bytes[1][64 + 31] ^= 1; /* of another device */
	seal_header(good.bytes[1]);
	CHECK_ERR(tw_log_verifier_segment(with, (struct tw_slice){ (const char *)good.bytes[1], SEGMENT }, "s"), UNTRUSTED);
	tw_log_verifier_report(with, &r);
	CHECK(strstr(r.fault, "another device"));
}

/* A run that stopped, or whose last segment is unfinished, is not kept; and none is taken up by one that has begun. */
static void test_what_is_not_kept(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf saved = { 0 };
	struct tw_log_anchor anchor = { .seq = 9 };
	struct tw_log_verify how = { .epoch_key = epoch_key, .user = &good.secret, .anchors = &anchor, .anchor_count = 1 };
	TW_CLEANUP(tw_log_verifier_freep)
	tw_log_verifier *short_of = NULL, *cut = verifier(KEYS), *whole = verifier(KEYS), *begun = verifier(KEYS);

	make(&good, 3);
	const char *bytes = (const char *)good.bytes[0];
	tw_buf_init(&saved, sys, TW_LOG_VERIFIER_SAVED_MAX);
	CHECK_OK(tw_log_verifier_new(sys, &how, &short_of));
	CHECK_OK(tw_log_verifier_segment(short_of, (struct tw_slice){ bytes, SEGMENT }, "s"));
	CHECK_ERR(tw_log_verifier_end(short_of), UNTRUSTED);
	CHECK_ERR(tw_log_verifier_save(short_of, &saved), STATE);
	CHECK_OK(tw_log_verifier_segment(cut, (struct tw_slice){ bytes, good.used[0] - 1 }, "s"));
	CHECK_ERR(tw_log_verifier_save(cut, &saved), STATE);
	CHECK_INT(saved.size, 0);
	CHECK_OK(tw_log_verifier_segment(whole, (struct tw_slice){ bytes, SEGMENT }, "s"));
	CHECK_OK(tw_log_verifier_save(whole, &saved));
	CHECK_ERR(tw_log_verifier_begin(begun, (struct tw_slice){ bytes, 1 }, "s"), UNTRUSTED);
	CHECK_ERR(tw_log_verifier_restore(begun, tw_buf_slice(&saved)), STATE);
}

/* Which device it is, learnt from a log or told; that keys were missing once is not forgotten. */
static void test_what_is_taken_over(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf saved = { 0 }, keyless = { 0 };
	TW_CLEANUP(tw_log_verifier_freep)
	tw_log_verifier *v = verifier(KEYS), *again = verifier(KEYS), *without = verifier(0), *later = verifier(KEYS),
			*keyed = verifier(KEYS);
	struct tw_log_report r;

	make(&good, 3);
	const struct tw_slice bytes = { (const char *)good.bytes[0], good.used[0] };
	tw_buf_init(&saved, sys, TW_LOG_VERIFIER_SAVED_MAX);
	tw_buf_init(&keyless, sys, TW_LOG_VERIFIER_SAVED_MAX);
	CHECK_OK(tw_log_verifier_segment(v, bytes, "s"));
	CHECK_OK(tw_log_verifier_save(v, &saved));
	CHECK_OK(tw_log_verifier_restore(again, tw_buf_slice(&saved)));
	tw_log_verifier_report(again, &r);
	CHECK(r.keys_used);
	CHECK_OK(tw_log_verifier_restore(keyed, tw_buf_slice(&saved)));
	bad = good;
	begin_segment(&good);
	good.bytes[1][64 + 31] ^= 1; /* of another device */
	seal_header(good.bytes[1]);
	CHECK_ERR(tw_log_verifier_segment(again, (struct tw_slice){ (const char *)good.bytes[1], SEGMENT }, "s"), UNTRUSTED);
	tw_log_verifier_report(again, &r);
	CHECK(strstr(r.fault, "another device"));
	CHECK_OK(tw_log_verifier_segment(without, bytes, "s"));
	CHECK_OK(tw_log_verifier_save(without, &keyless));
	CHECK_OK(tw_log_verifier_restore(later, tw_buf_slice(&keyless)));
	tw_log_verifier_report(later, &r);
	CHECK(!r.keys_used);
	bad.state.key[0] ^= 1;
	bad.segments = 1;
	begin_segment(&bad);
	CHECK_ERR(tw_log_verifier_segment(keyed, (struct tw_slice){ (const char *)bad.bytes[1], SEGMENT }, "s"), UNTRUSTED);
	tw_log_verifier_report(keyed, &r);
	CHECK(strstr(r.fault, "sealed with another key"));
}

/* --- The edges of a torn end --- */

#define SECTOR 512
#define BIG (TW_LOG_HEADER_SIZE + TW_LOG_BATCH_MAX + 4 * 1024)

/* A log of one record, whose end stands at `tail`; behind it `stated`, then ones up to `end`, and zeros from `from` to `to`. */
static bool torn(size_t tail, uint32_t stated, size_t size, size_t end, size_t from, size_t to)
{
	static uint8_t bytes[BIG];
	static char body[TW_LOG_BODY_MAX];
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = verifier(KEYS);
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_log_report r;
	struct tw_log_record one = { .type = TW_LOG_OPEN };
	size_t body_size = tail - TW_LOG_HEADER_SIZE - 112;

	make(&bad, 1);
	bad.state = (struct tw_log_state){ .next_seq = 1 };
	CHECK_OK(epoch_key(&bad.secret, 1, bad.state.key));
	bad.state.has_key = true;
	bad.segments = 0;
	begin_segment(&bad);
	memset(body, ' ', body_size);
	body[0] = '{';
	body[body_size - 1] = '}';
	one.body = (struct tw_slice){ body, body_size };
	tw_buf_init(&b, sys, TW_LOG_RECORD_MAX);
	CHECK_OK(tw_log_record_write(&bad.state, &one, &b));
	memset(bytes, 0, sizeof bytes);
	memcpy(bytes, bad.bytes[0], TW_LOG_HEADER_SIZE);
	memcpy(bytes + TW_LOG_HEADER_SIZE, b.data, b.size);
	memset(bytes + tail, 1, end - tail);
	put_number(bytes + tail, stated, 4);
	memset(bytes + from, 0, to - from);
	CHECK(size <= sizeof bytes);
	tw_err e = tw_log_verifier_segment(v, (struct tw_slice){ (const char *)bytes, size }, "s");
	tw_log_verifier_report(v, &r);
	CHECK_INT(r.tail, tail);
	CHECK(tw_failed(e) == !r.torn);
	return r.torn;
}

static void test_torn_at_the_edges(void **state)
{
	const size_t at = 1024, sector = SECTOR, far = at + 10 * sector;

	/* A sector that never came counts within the record that is announced, not behind it. */
	CHECK(torn(at, 2000, far, far, at + sector, at + 2 * sector));
	CHECK(!torn(at, 1000, far, far, at + 2 * sector, at + 3 * sector));
	CHECK(!torn(at, 2000, far, far, far, far));
	/* A size that no record has is itself a sign: then all of it is looked at. */
	CHECK(!torn(at, TW_LOG_RECORD_MIN, far, far, at + 2 * sector, at + 3 * sector));
	CHECK(torn(at, TW_LOG_RECORD_MIN - 1, far, far, at + 2 * sector, at + 3 * sector));
	CHECK(!torn(at, TW_LOG_RECORD_MAX, far, far, at + 9 * sector, at + 9 * sector + 511));
	CHECK(torn(at, TW_LOG_RECORD_MAX + 1, at + 12 * sector, at + 12 * sector, at + 9 * sector, at + 10 * sector));
	CHECK(!torn(at, TW_LOG_RECORD_MAX, at + 12 * sector, at + 12 * sector, at + 9 * sector, at + 10 * sector));
	/* The file ends before the record does. */
	CHECK(!torn(at, 2000, at + 2000, at + 2000, far, far));
	CHECK(torn(at, 2001, at + 2000, at + 2000, far, far));
	for (size_t n = 1; n < 4; n++) /* or even the number that says how long it is */
		CHECK(torn(at, 0x01010101, at + n, at + 4, far, far));
	/* The end of a sector inside the size: its high bytes are zero anyway, unless they cannot be. */
	CHECK(!torn(2 * sector + 510, 2000, far + sector, far + sector, far + sector, far + sector));
	CHECK(torn(2 * sector + 510, 5, far + sector, far + sector, far + sector, far + sector));
	CHECK(torn(at, sector * 2 + 2, far, far, at + 2 * sector, at + 2 * sector + 2)); /* two bytes in the last sector */
	/* No power cut takes more than a writer has on its way. */
	CHECK(torn(at, 2000, BIG, at + TW_LOG_BATCH_MAX, at + sector, at + 2 * sector));
	CHECK(!torn(at, 2000, BIG, at + TW_LOG_BATCH_MAX + 1, at + sector, at + 2 * sector));
}

/* The last byte of a record may be zero: it is the record's, and not the beginning of the empty part. */
static void test_an_end_that_is_zero(void **state)
{
	struct tw_log_report r;
	char body[32];
	size_t n = 0;

	do {
		make(&bad, 1);
		(void)snprintf(body, sizeof body, "{\"n\":%zu}", n++);
		append(&bad, TW_LOG_EVENT, body);
	} while (bad.bytes[0][bad.used[0] - 1]); /* one of 256 */
	CHECK_OK(verify_with(&bad, KEYS, NULL, &r));
	CHECK_INT(r.leftover, 0);
	CHECK_INT(r.tail, bad.used[0]);
}

/* A log whose last record ends in a sector of its own, with a zero. */
static void make_a_lonely_zero(void)
{
	char body[512];
	int n = 0;

	do {
		make(&bad, 1);
		int size = (int)(2 * SECTOR + 1 - bad.used[0] - 112);
		(void)snprintf(body, sizeof body, "{\"n\":%-*d}", size - 6, n++);
		append(&bad, TW_LOG_EVENT, body);
		CHECK_INT(bad.used[0], 2 * SECTOR + 1);
	} while (bad.bytes[0][bad.used[0] - 1]); /* one of 256 */
}

static tw_err read_the_lonely_zero(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = NULL;
	const struct tw_log_verify how = { .epoch_key = epoch_key, .user = &bad.secret };
	struct tw_log_report r;

	TW_TRY(tw_log_verifier_new(s, &how, &v));
	TW_TRY(tw_log_verifier_segment(v, (struct tw_slice){ (const char *)bad.bytes[0], SEGMENT }, "s"));
	tw_log_verifier_report(v, &r);
	return r.records == 2 ? TW_OK : TW_RAISE(SYNTAX, "a record that could not be checked was taken for an unfinished write");
}

/* Without memory a record cannot be judged: it is not an unfinished write, even where it looks like one. */
static void test_no_memory_for_a_record(void **state)
{
	make_a_lonely_zero();
	(void)oom_sweep(read_the_lonely_zero, NULL);
}

CHECK_MAIN(TEST(test_a_record_whose_seals_hold), TEST(test_a_record_that_is_cut), TEST(test_headers_whose_digest_holds),
	TEST(test_a_segment_that_follows_another_chain), TEST(test_a_new_epoch_begins_without_records), TEST(test_how_late_in_its_epoch),
	TEST(test_steps), TEST(test_a_run_that_has_stopped), TEST(test_outcomes), TEST(test_which_intents_are_open),
	TEST(test_how_many_intents), TEST(test_checkpoints_that_name_something_else), TEST(test_checkpoints_without_form),
	TEST(test_what_a_kept_run_knows), TEST(test_what_is_not_kept), TEST(test_what_is_taken_over), TEST(test_torn_at_the_edges),
	TEST(test_an_end_that_is_zero), TEST(test_no_memory_for_a_record), TEST(test_an_epoch_0_sealed_with_another_key),
	TEST(test_a_segment_that_counts_otherwise), TEST(test_a_segment_behind_an_unfinished_one), TEST(test_the_first_fault_stays))
