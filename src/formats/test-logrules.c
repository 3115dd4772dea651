/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log's rules where nobody tampers: what a writer refuses, what no writer of ours would have written, and a verification
 * in pieces, kept and taken up again.
 */
#include "formats/test-log.h"

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
	static const char *const bodies[] = { "", "{", "[]", "x", "{x", "x}", "{\"a\":\"\xff\"}" };
	for (size_t i = 0; i < TW_COUNT(bodies); i++) {
		r.body = tw_slice_of(bodies[i]);
		CHECK_ERR(tw_log_record_write(&s, &r, &b), SYNTAX);
	}
	r.body = (struct tw_slice){ &"}{"[1], 0 }; /* nothing, between what may pass for its end and its beginning */
	CHECK_ERR(tw_log_record_write(&s, &r, &b), SYNTAX);
	s.next_seq = 0;
	CHECK_ERR(tw_log_segment_begin(&s, &h, bytes), STATE);
	s.next_seq = 1;
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

#define D16 "[[[[[[[[[[[[[[[["
/* A writer of ours that breaks the rules is found by them, even with every key in hand. */
static void test_rules(void **state)
{
	static const struct {
		enum tw_log_type type;
		const char *body;
	} rows[] = {
		{ TW_LOG_OPEN, "{}" }, { TW_LOG_OUTCOME, "{}" }, { TW_LOG_OUTCOME, "{\"intent\":99}" },
		{ TW_LOG_OUTCOME, "{\"intent\":1}" }, { TW_LOG_OUTCOME, "{\"intent\":\"1\"}" }, { TW_LOG_OUTCOME, "{\"intent\":-1}" },
		{ TW_LOG_OUTCOME, "{intent}" }, { TW_LOG_CHECKPOINT, "{}" }, { TW_LOG_CHECKPOINT, "{\"seq\":3}" },
		{ TW_LOG_OUTCOME, "{\"intent\":" D16 D16 D16 D16 "}" }, /* deeper than a text may be */
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
	CHECK(!r.keys_used); /* where nothing was read, nothing was proven */
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
	tw_err e = TW_OK;
	CHECK_OK(tw_log_verifier_new(sys, &how, &whole));
	CHECK_OK(tw_log_verifier_new(sys, &how, &v));
	for (size_t i = 0; i < l->segments && !tw_failed(e); i++) {
		const struct tw_slice bytes = { (const char *)l->bytes[i], i + 1 == l->segments ? l->size[i] : l->used[i] };
		struct tw_buf saved;
		bool end = false;
		tw_err wanted = tw_log_verifier_segment(whole, bytes, "s");
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
	saved.data[1 + 12 * 8 + 32 + 16 + 32] &= 7;
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

CHECK_MAIN(TEST(test_writer_refusals), TEST(test_vector), TEST(test_rules), TEST(test_header_rules), TEST(test_first_header),
	TEST(test_header_form), TEST(test_keys_that_fail), TEST(test_checkpoint_parse), TEST(test_in_pieces),
	TEST(test_kept_runs_that_are_none), TEST(test_out_of_memory))
