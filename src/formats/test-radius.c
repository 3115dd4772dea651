/* SPDX-License-Identifier: Apache-2.0 */
/* A server of ours answers rightly, and then wrongly in one thing after another. A real one answers in test/run/test_radius.py. */
#include "formats/radius.h"

#include "base/mem.h"
#include "base/text.h"
#include "crypto/md5.h"
#include "check.h"
#include "oom.h"

#define SECRET "a secret shared with the server"
#define PACKET 512

static struct tw_radius_question question(void)
{
	return (struct tw_radius_question){ .id = 7,
		.authenticator = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
		.secret = TW_SLICE(SECRET),
		.user = TW_SLICE("alice"),
		.password = TW_SLICE("correct horse battery"),
		.device = TW_SLICE("urn:dev:ops:32473-lock-7") };
}

struct reply {
	uint8_t bytes[PACKET];
	size_t size;
};

static void put(struct reply *r, uint8_t what, const void *value, size_t size)
{
	r->bytes[r->size] = what;
	r->bytes[r->size + 1] = (uint8_t)(2 + size);
	memcpy(r->bytes + r->size + 2, value, size);
	r->size += 2 + size;
}

static void begin(struct reply *r, uint8_t code)
{
	const uint8_t none[16] = { 0 };

	*r = (struct reply){ .bytes = { code, 7 }, .size = TW_RADIUS_HEAD };
	put(r, 80, none, sizeof none);
}

static struct tw_slice slice(const struct reply *r)
{
	return (struct tw_slice){ (const char *)r->bytes, r->size };
}

/* The answer's own authenticator, over what is there now. */
static void seal(const struct tw_radius_question *q, struct reply *r)
{
	uint8_t got[16];

	memcpy(r->bytes + 4, q->authenticator, 16);
	CHECK_OK(tw_md5_of((const struct tw_slice[]){ slice(r), q->secret }, 2, got));
	memcpy(r->bytes + 4, got, 16);
}

static void end(const struct tw_radius_question *q, struct reply *r)
{
	uint8_t mac[16];

	r->bytes[2] = (uint8_t)(r->size >> 8);
	r->bytes[3] = (uint8_t)r->size;
	memcpy(r->bytes + 4, q->authenticator, 16);
	CHECK_OK(tw_hmac_md5(q->secret.at, q->secret.size, slice(r), mac));
	memcpy(r->bytes + TW_RADIUS_HEAD + 2, mac, 16);
	seal(q, r);
}

static void test_question(void **state)
{
	struct tw_radius_question q = question();
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	uint8_t mac[16], hidden[16];

	tw_buf_init(&b, tw_sys_real(), TW_RADIUS_PACKET_MAX + 8);
	q.station = TW_SLICE("192.0.2.7");
	CHECK_OK(tw_buf_text(&b, "before"));
	CHECK_OK(tw_radius_ask(&q, &b));
	uint8_t *at = (uint8_t *)b.data + 6;
	const size_t size = b.size - 6;
	/* head; Message-Authenticator 18; User-Name 7; User-Password 2 + 32; NAS-Identifier 2 + 24; Service-Type 6; Calling-Station-Id 11 */
	CHECK_INT(size, 20 + 18 + 7 + 34 + 26 + 6 + 11);
	CHECK(at[0] == 1 && at[1] == 7 && at[2] == 0 && at[3] == size && memcmp(at + 4, q.authenticator, 16) == 0);
	CHECK(at[20] == 80 && at[21] == 18);
	memcpy(mac, at + 22, 16);
	memset(at + 22, 0, 16);
	uint8_t want[16];
	CHECK_OK(tw_hmac_md5(q.secret.at, q.secret.size, (struct tw_slice){ (const char *)at, size }, want));
	CHECK(memcmp(mac, want, 16) == 0);
	CHECK(memcmp(at + 38, "\1\7alice\2\42", 9) == 0);
	CHECK_OK(tw_md5_of((const struct tw_slice[]){ q.secret, { (const char *)at + 4, 16 } }, 2, hidden));
	for (size_t i = 0; i < 16; i++)
		CHECK_INT(at[47 + i] ^ hidden[i], q.password.at[i]);
	CHECK_OK(tw_md5_of((const struct tw_slice[]){ q.secret, { (const char *)at + 47, 16 } }, 2, hidden));
	for (size_t i = 16; i < 32; i++)
		CHECK_INT(at[47 + i] ^ hidden[i - 16], i < q.password.size ? q.password.at[i] : 0);
	CHECK(memcmp(at + 79,
		      "\40\32urn:dev:ops:32473-lock-7\6\6\0\0\0\10\37\13"
		      "192.0.2.7",
		      43) == 0);
}

static void test_question_bounds(void **state)
{
	static char longer[TW_RADIUS_TEXT_MAX + 2];
	const struct {
		size_t secret, user, password, device, station, stated;
		bool good;
	} rows[] = {
		{ 16, 1, 1, 1, 0, 0, true },
		{ 128, 253, 128, 253, 253, 253, true },
		{ 15, 1, 1, 1, 0, 0, false },
		{ 129, 1, 1, 1, 0, 0, false },
		{ 22, 0, 1, 1, 0, 0, false },
		{ 22, 254, 1, 1, 0, 0, false },
		{ 22, 1, 0, 1, 0, 0, false },
		{ 22, 1, 129, 1, 0, 0, false },
		{ 22, 1, 1, 0, 0, 0, false },
		{ 22, 1, 1, 254, 0, 0, false },
		{ 22, 1, 1, 1, 254, 0, false },
		{ 22, 1, 1, 1, 0, 254, false },
	};

	memset(longer, 'x', sizeof longer);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
		const struct tw_radius_question q = { .secret = { longer, rows[i].secret },
			.user = { longer, rows[i].user },
			.password = { longer, rows[i].password },
			.device = { longer, rows[i].device },
			.station = { longer, rows[i].station },
			.state = { longer, rows[i].stated } };

		tw_buf_init(&b, tw_sys_real(), TW_RADIUS_PACKET_MAX);
		if (rows[i].good)
			CHECK_OK(tw_radius_ask(&q, &b));
		else
			CHECK_ERR(tw_radius_ask(&q, &b), LIMIT);
	}
}

static void test_answers(void **state)
{
	const struct tw_radius_question q = question();
	struct tw_radius_answer a;
	struct reply r;

	begin(&r, 2);
	end(&q, &r);
	CHECK_OK(tw_radius_read(&q, slice(&r), &a));
	CHECK(a.verdict == TW_RADIUS_ACCEPT && a.words.size == 0 && a.state.size == 0);
	memset(r.bytes + r.size, 0xff, 9); /* padding */
	CHECK_OK(tw_radius_read(&q, (struct tw_slice){ (const char *)r.bytes, r.size + 9 }, &a));

	begin(&r, 2);
	put(&r, 25, "a class, which is no word to anybody", 36);
	end(&q, &r);
	CHECK_OK(tw_radius_read(&q, slice(&r), &a));
	CHECK(a.words.size == 0 && a.state.size == 0);
	begin(&r, 3);
	put(&r, 18, "No.", 3);
	put(&r, 18, "Not today.", 10);
	put(&r, 26, "\0\0\1\67 of a vendor", 16);
	end(&q, &r);
	CHECK_OK(tw_radius_read(&q, slice(&r), &a));
	CHECK(a.verdict == TW_RADIUS_REJECT && tw_slice_is(a.words, "No."));

	begin(&r, 11);
	put(&r, 24, "state\0", 6);
	put(&r, 18, "Code?\n", 6);
	end(&q, &r);
	CHECK_OK(tw_radius_read(&q, slice(&r), &a));
	CHECK(a.verdict == TW_RADIUS_CHALLENGE && a.state.size == 6 && memcmp(a.state.at, "state\0", 6) == 0 && a.words.size == 0);
	begin(&r, 2);
	put(&r, 18, "\xff", 1);
	end(&q, &r);
	CHECK_OK(tw_radius_read(&q, slice(&r), &a));
	CHECK_INT(a.words.size, 0);
	begin(&r, 2);
	put(&r, 18, "a\x7f", 2);
	end(&q, &r);
	CHECK_OK(tw_radius_read(&q, slice(&r), &a));
	CHECK_INT(a.words.size, 0);
}

static void test_every_bit_counts(void **state)
{
	const struct tw_radius_question q = question();
	struct tw_radius_answer a;
	struct reply r;

	begin(&r, 3);
	put(&r, 18, "No.", 3);
	end(&q, &r);
	for (size_t i = 0; i < 8 * r.size; i++) {
		r.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		tw_err e = tw_radius_read(&q, slice(&r), &a);
		CHECK(tw_is(e, TW_CODE_UNTRUSTED) || tw_is(e, TW_CODE_SYNTAX));
		r.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t size = 0; size < r.size; size++)
		CHECK_ERR(tw_radius_read(&q, (struct tw_slice){ (const char *)r.bytes, size }, &a), SYNTAX);
	CHECK_OK(tw_radius_read(&q, slice(&r), &a));
}

/* What the flaw of 2024 makes: the outer authenticator holds, the inner one is not there, twice there, or of another answer. */
static void test_bare_hash_is_not_enough(void **state)
{
	const struct tw_radius_question q = question();
	struct tw_radius_answer a;
	struct reply r;

	r = (struct reply){ .bytes = { 2, 7, 0, TW_RADIUS_HEAD }, .size = TW_RADIUS_HEAD };
	seal(&q, &r);
	CHECK_ERR(tw_radius_read(&q, slice(&r), &a), UNTRUSTED);
	begin(&r, 2);
	put(&r, 80, r.bytes + TW_RADIUS_HEAD + 2, 16);
	end(&q, &r);
	CHECK_ERR(tw_radius_read(&q, slice(&r), &a), UNTRUSTED);
	begin(&r, 3);
	end(&q, &r);
	r.bytes[0] = 2;
	seal(&q, &r);
	CHECK_ERR(tw_radius_read(&q, slice(&r), &a), UNTRUSTED);
	begin(&r, 2);
	end(&q, &r);
	r.bytes[4] ^= 1;
	CHECK_ERR(tw_radius_read(&q, slice(&r), &a), UNTRUSTED);
	/* Of another size, though it begins with the right bytes. */
	const uint8_t longer[17] = { 0 };
	uint8_t mac[16];
	r = (struct reply){ .bytes = { 2, 7, 0, TW_RADIUS_HEAD + 19 }, .size = TW_RADIUS_HEAD };
	put(&r, 80, longer, sizeof longer);
	memcpy(r.bytes + 4, q.authenticator, 16);
	CHECK_OK(tw_hmac_md5(q.secret.at, q.secret.size, slice(&r), mac));
	memcpy(r.bytes + TW_RADIUS_HEAD + 2, mac, 16);
	seal(&q, &r);
	CHECK_ERR(tw_radius_read(&q, slice(&r), &a), UNTRUSTED);
	/* Of another size, so that what is compared would lie beyond it. */
	r = (struct reply){ .bytes = { 2, 7, 0, TW_RADIUS_HEAD + 17 }, .size = TW_RADIUS_HEAD };
	put(&r, 80, q.authenticator, 15);
	seal(&q, &r);
	CHECK_ERR(tw_radius_read(&q, slice(&r), &a), UNTRUSTED);
}

static void test_another_question(void **state)
{
	struct tw_radius_question q = question();
	struct tw_radius_answer a;
	struct reply r;

	begin(&r, 2);
	end(&q, &r);
	q.id = 8;
	CHECK_ERR(tw_radius_read(&q, slice(&r), &a), UNTRUSTED);
	q = question();
	q.authenticator[0]++;
	CHECK_ERR(tw_radius_read(&q, slice(&r), &a), UNTRUSTED);
	q = question();
	q.secret = TW_SLICE("the secret of somebody else");
	CHECK_ERR(tw_radius_read(&q, slice(&r), &a), UNTRUSTED);
}

/* More than any packet may have, whatever came of it. */
static void test_too_long(void **state)
{
	static uint8_t bytes[TW_RADIUS_PACKET_MAX + 1];
	const struct tw_radius_question q = question();
	struct tw_radius_answer a;
	struct reply r;

	begin(&r, 2);
	end(&q, &r);
	memcpy(bytes, r.bytes, r.size);
	for (size_t at = r.size; at + 3 <= sizeof bytes; at += bytes[at + 1]) { /* attributes of a vendor to its end */
		const size_t left = sizeof bytes - at;

		bytes[at] = 26;
		bytes[at + 1] = (uint8_t)(left > 200 ? 100 : left > 100 ? left - 50 : left);
	}
	bytes[2] = (uint8_t)(sizeof bytes >> 8);
	bytes[3] = (uint8_t)sizeof bytes;
	CHECK_ERR(tw_radius_read(&q, (struct tw_slice){ (const char *)bytes, sizeof bytes }, &a), SYNTAX);
}

/* By who knows the secret, and still no good. */
static void test_wrong_from_the_server(void **state)
{
	const struct tw_radius_question q = question();
	struct tw_radius_answer a;
	struct reply r;

	begin(&r, 5);
	end(&q, &r);
	CHECK_ERR(tw_radius_read(&q, slice(&r), &a), SYNTAX);
	begin(&r, 11);
	end(&q, &r);
	CHECK_ERR(tw_radius_read(&q, slice(&r), &a), SYNTAX);
	begin(&r, 11);
	put(&r, 24, "a", 1);
	put(&r, 24, "b", 1);
	end(&q, &r);
	CHECK_ERR(tw_radius_read(&q, slice(&r), &a), SYNTAX);
	for (uint8_t size = 0; size < 2; size++) { /* an attribute that does not even cover its own head, and would never end */
		begin(&r, 2);
		r.bytes[r.size++] = 18;
		r.bytes[r.size++] = size;
		end(&q, &r);
		CHECK_ERR(tw_radius_read(&q, slice(&r), &a), SYNTAX);
	}
	begin(&r, 2);
	put(&r, 18, "xyz", 3);
	r.size--;
	end(&q, &r);
	CHECK_ERR(tw_radius_read(&q, slice(&r), &a), SYNTAX);
}

static struct reply whole; /* the question as it is with all the memory it wants */

static tw_err ask_and_read(const struct tw_sys *sys, void *user)
{
	struct tw_radius_question q = question();
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	struct tw_radius_answer a;

	tw_buf_init(&b, sys, TW_RADIUS_PACKET_MAX);
	TW_TRY(tw_radius_ask(&q, &b));
	/* Not half of it: a password whose mask could not be made would go over the wire as it is. */
	CHECK(b.size == whole.size && memcmp(b.data, whole.bytes, b.size) == 0);
	TW_TRY(tw_radius_read(&q, *(const struct tw_slice *)user, &a));
	CHECK(a.verdict == TW_RADIUS_ACCEPT);
	return TW_OK;
}

static void test_without_memory(void **state)
{
	const struct tw_radius_question q = question();
	struct reply r;

	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };

	tw_crypto_use(tw_sys_real());
	tw_buf_init(&b, tw_sys_real(), TW_RADIUS_PACKET_MAX);
	CHECK_OK(tw_radius_ask(&q, &b));
	CHECK(b.size <= sizeof whole.bytes);
	memcpy(whole.bytes, b.data, b.size);
	whole.size = b.size;
	begin(&r, 2);
	end(&q, &r);
	struct tw_slice s = slice(&r);
	sweep_is_strict = true;
	CHECK(oom_sweep(ask_and_read, &s) > 0);
}

/* The first decides whose memory OpenSSL takes. */
CHECK_MAIN(cmocka_unit_test(test_without_memory), cmocka_unit_test(test_question), cmocka_unit_test(test_question_bounds),
	cmocka_unit_test(test_answers), cmocka_unit_test(test_every_bit_counts), cmocka_unit_test(test_bare_hash_is_not_enough),
	cmocka_unit_test(test_another_question), cmocka_unit_test(test_too_long), cmocka_unit_test(test_wrong_from_the_server))
