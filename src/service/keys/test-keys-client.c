/* SPDX-License-Identifier: Apache-2.0 */
/* core's end of the keys channel, against keys that answer by a script: what it asks, what it makes of an answer, what it refuses. */
#include "service/keys/keys.h"

#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/selftest.h"
#include "check.h"
#include "lay.h"
#include "oom.h"
#include "spill.h"

#include <sys/socket.h>

static const struct tw_sys *sys;
static tw_key *key;
static tw_cert *cert;
static struct tw_buf der;

static int set_up(void **state)
{
	const struct tw_cert_want want = { .common_name = "T-1", .not_before_ms = 1 };
	sys = tw_sys_real();
	tw_crypto_use(sys);
	tw_buf_init(&der, sys, 4096);
	CHECK_OK(tw_key_generate(sys, &key));
	CHECK_OK(tw_cert_make(sys, &want, key, NULL, key, &cert));
	CHECK_OK(tw_cert_der(cert, &der));
	return 0;
}

static int tear_down(void **state)
{
	key = tw_key_free(key);
	cert = tw_cert_free(cert);
	tw_buf_done(&der);
	return 0;
}

/* What keys will have said is there before it is asked. */
struct script {
	tw_keys_client *c;
	tw_channel *theirs;
	uint32_t tag;
};

static tw_err begin_over(const struct tw_sys *s, struct script *ret)
{
	int pair[2];
	*ret = (struct script){ 0 };
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	tw_err e = tw_keys_client_new(s, pair[0], &ret->c);
	CHECK(tw_failed(e) == (ret->c == NULL));
	if (tw_failed(e)) {
		close(pair[0]);
		close(pair[1]);
		return e;
	}
	CHECK_OK(tw_channel_new(sys, pair[1], tw_rows_keys_from_core, &ret->theirs));
	return TW_OK;
}

static void end(struct script *s)
{
	s->c = tw_keys_client_free(s->c);
	s->theirs = tw_channel_free(s->theirs);
}

static void answer(struct script *s, uint16_t type, const void *payload, size_t size)
{
	CHECK_OK(tw_channel_send(s->theirs, type, ++s->tag, payload, size, NULL, 0));
}

static void check_asked(struct script *s, uint16_t type, const void *payload, size_t size)
{
	struct tw_message m;
	CHECK_OK(tw_channel_receive(s->theirs, &m));
	CHECK_INT(m.type, type);
	CHECK_INT(m.tag, s->tag);
	CHECK_INT(m.payload.size, size);
	CHECK_BYTES(m.payload.at, payload, size);
}

/* --- Each question and its answer --- */

static void test_the_devices_own(void **state)
{
	static const char signature[64] = { 1, 2 }, epoch_key[32] = { 3, 4 }, mac[32] = { 5, 6 }, secret[16] = { 7, 8 };
	static const char number[8] = { 1, 2, 3, 4, 5, 6, 7, (char)0x88 };
	TW_CLEANUP(tw_cert_freep) tw_cert *identity = NULL, *listener = NULL, *next = NULL;
	struct script s;
	uint8_t got[64];
	CHECK_OK(begin_over(sys, &s));
	answer(&s, TW_WIRE_KEYS_SIGNED, signature, sizeof signature);
	CHECK_OK(tw_keys_client_sign(s.c, TW_SIGN_INVENTORY, TW_SLICE("text"), got));
	check_asked(&s, TW_WIRE_KEYS_SIGN, (const char[]){ TW_SIGN_INVENTORY, 't', 'e', 'x', 't' }, 5);
	CHECK_BYTES(got, signature, sizeof signature);
	answer(&s, TW_WIRE_KEYS_EPOCH_KEY, epoch_key, sizeof epoch_key);
	CHECK_OK(tw_keys_client_epoch(s.c, 0x0102030405060788, got));
	check_asked(&s, TW_WIRE_KEYS_EPOCH, number, sizeof number);
	CHECK_BYTES(got, epoch_key, sizeof epoch_key);
	answer(&s, TW_WIRE_KEYS_EPOCH_KEY, mac, sizeof mac);
	CHECK_OK(tw_keys_client_old_epoch(s.c, 0x0102030405060788, got));
	check_asked(&s, TW_WIRE_KEYS_OLD_EPOCH, number, sizeof number);
	CHECK_BYTES(got, mac, sizeof mac);
	answer(&s, TW_WIRE_KEYS_SECRET_MAC_IS, mac, sizeof mac);
	CHECK_OK(tw_keys_client_secret_mac(s.c, TW_SLICE("what is proven"), got));
	check_asked(&s, TW_WIRE_KEYS_SECRET_MAC, "what is proven", 14);
	CHECK_BYTES(got, mac, sizeof mac);
	answer(&s, TW_WIRE_KEYS_SECRET_IS, secret, sizeof secret);
	CHECK_OK(tw_keys_client_secret_new(s.c, got));
	check_asked(&s, TW_WIRE_KEYS_SECRET_NEW, "", 0);
	CHECK_BYTES(got, secret, sizeof secret);
	answer(&s, TW_WIRE_KEYS_IDENTITY_CERT, der.data, der.size);
	CHECK_OK(tw_keys_client_identity(s.c, &identity));
	check_asked(&s, TW_WIRE_KEYS_IDENTITY, "", 0);
	answer(&s, TW_WIRE_KEYS_LISTENER_CERT, der.data, der.size);
	CHECK_OK(tw_keys_client_listener(s.c, false, &listener));
	check_asked(&s, TW_WIRE_KEYS_LISTENER, "", 0);
	answer(&s, TW_WIRE_KEYS_LISTENER_CERT, der.data, der.size);
	CHECK_OK(tw_keys_client_listener(s.c, true, &next));
	check_asked(&s, TW_WIRE_KEYS_LISTENER, "\1", 1);
	CHECK(identity && listener && next);
	end(&s);
}

static void test_slots(void **state)
{
	static tw_err (*const points[])(tw_keys_client * k, const char *slot,
		uint8_t ret[TW_POINT_SIZE]) = { tw_keys_client_slot_new, tw_keys_client_slot_rotate, tw_keys_client_slot_point };
	static const uint16_t types[] = { TW_WIRE_KEYS_SLOT_NEW, TW_WIRE_KEYS_SLOT_ROTATE, TW_WIRE_KEYS_SLOT_POINT };
	static const char signature[64] = { 1, 2 };
	uint8_t point[TW_POINT_SIZE] = { 4, 9 }, digest[32] = { 8 }, got[TW_POINT_SIZE], question[TW_POINT_SIZE + 32 + 9];
	struct script s;
	CHECK_OK(begin_over(sys, &s));
	for (size_t i = 0; i < TW_COUNT(points); i++) {
		point[5] = (uint8_t)i;
		answer(&s, TW_WIRE_KEYS_POINT_IS, point, sizeof point);
		CHECK_OK(points[i](s.c, "owner.one", got));
		check_asked(&s, types[i], "owner.one", 9);
		CHECK_BYTES(got, point, sizeof point);
	}
	answer(&s, TW_WIRE_KEYS_DONE, NULL, 0);
	CHECK_OK(tw_keys_client_slot_remove(s.c, "owner.one"));
	check_asked(&s, TW_WIRE_KEYS_SLOT_REMOVE, "owner.one", 9);
	answer(&s, TW_WIRE_KEYS_FAILED, "\2no", 3);
	CHECK_INT(tw_keys_client_slot_remove(s.c, "owner.one").code, 2);
	check_asked(&s, TW_WIRE_KEYS_SLOT_REMOVE, "owner.one", 9);
	answer(&s, TW_WIRE_KEYS_SIGNED, signature, sizeof signature);
	CHECK_OK(tw_keys_client_slot_sign(s.c, "owner.one", point, digest, got));
	memcpy(question, point, sizeof point);
	memcpy(question + sizeof point, digest, sizeof digest);
	lay_text(question + sizeof point + sizeof digest, "owner.one");
	check_asked(&s, TW_WIRE_KEYS_SLOT_SIGN, question, sizeof question);
	CHECK_BYTES(got, signature, sizeof signature);
	CHECK_ERR(tw_keys_client_slot_sign(s.c, "owner.a-name-that-is-longer-than-forty-four-x", point, digest, got), LIMIT);
	end(&s);
}

static void add_slot(struct tw_buf *b, const char *name, size_t name_size, uint8_t mark)
{
	const uint8_t point[TW_POINT_SIZE] = { 4, mark };
	CHECK_OK(tw_buf_block16(b, name, name_size));
	CHECK_OK(tw_buf_add(b, point, sizeof point));
}

static void test_list_of_slots(void **state)
{
	static const char longest[] = "owner.a-name-of-forty-four-bytes-in-all-0123";
	struct tw_keys_slot slots[TW_KEYS_SLOTS_MAX] = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	size_t n = 99;
	struct script s;
	CHECK_INT(strlen(longest), TW_KEYS_SLOT_NAME_MAX);
	tw_buf_init(&b, sys, 8192);
	CHECK_OK(begin_over(sys, &s));
	answer(&s, TW_WIRE_KEYS_SLOTS_ARE, NULL, 0);
	CHECK_OK(tw_keys_client_slots(s.c, "owner.", slots, &n));
	check_asked(&s, TW_WIRE_KEYS_SLOTS, "owner.", 6);
	CHECK_INT(n, 0);
	for (int i = 0; i < TW_KEYS_SLOTS_MAX; i++)
		add_slot(&b, longest, i % 2 ? sizeof longest - 1 : 7, (uint8_t)i);
	answer(&s, TW_WIRE_KEYS_SLOTS_ARE, b.data, b.size);
	CHECK_OK(tw_keys_client_slots(s.c, "owner.", slots, &n));
	CHECK_INT(n, TW_KEYS_SLOTS_MAX);
	for (int i = 0; i < TW_KEYS_SLOTS_MAX; i++) {
		CHECK_TEXT(slots[i].name, i % 2 ? longest : "owner.a");
		CHECK(slots[i].point[0] == 4 && slots[i].point[1] == i);
	}
	n = 99;
	for (size_t cut = 1; cut < 7 + 2 + TW_POINT_SIZE; cut++) { /* every prefix of one */
		answer(&s, TW_WIRE_KEYS_SLOTS_ARE, b.data, cut);
		CHECK_ERR(tw_keys_client_slots(s.c, "owner.", slots, &n), SYNTAX);
	}
	tw_buf_clear(&b);
	add_slot(&b, "owner.a-name-of-forty-five-bytes-in-all-01234", 45, 1);
	answer(&s, TW_WIRE_KEYS_SLOTS_ARE, b.data, b.size);
	CHECK_ERR(tw_keys_client_slots(s.c, "owner.", slots, &n), LIMIT);
	tw_buf_clear(&b);
	for (int i = 0; i <= TW_KEYS_SLOTS_MAX; i++)
		add_slot(&b, "owner.a", 7, 1);
	answer(&s, TW_WIRE_KEYS_SLOTS_ARE, b.data, b.size);
	CHECK_ERR(tw_keys_client_slots(s.c, "owner.", slots, &n), UNTRUSTED);
	answer(&s, TW_WIRE_KEYS_FAILED, "\2no", 3);
	CHECK_INT(tw_keys_client_slots(s.c, "owner.", slots, &n).code, 2);
	CHECK_INT(n, 99);
	end(&s);
}

static void state_of(struct tw_buf *b, uint8_t flags, size_t kind, size_t detail)
{
	static const char letters[TW_DETAIL_MAX] = "tpmxxxxxxxxxxxxxx";
	tw_buf_clear(b);
	CHECK_OK(tw_buf_u8(b, flags));
	CHECK_OK(tw_buf_u32(b, 7));
	CHECK_OK(tw_buf_u32(b, 5));
	CHECK_OK(tw_buf_block16(b, letters, kind));
	CHECK_OK(tw_buf_block16(b, letters, detail));
}

static void test_state(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_keys_state got = { .generation = 99 };
	struct script s;
	tw_buf_init(&b, sys, 1024);
	CHECK_OK(begin_over(sys, &s));
	for (unsigned flag = 1; flag <= 8; flag *= 2) {
		state_of(&b, (uint8_t)flag, 3, 2);
		answer(&s, TW_WIRE_KEYS_STATE_IS, b.data, b.size);
		CHECK_OK(tw_keys_client_state(s.c, &got));
		check_asked(&s, TW_WIRE_KEYS_STATE, "", 0);
		CHECK(got.hardware == (flag == TW_KEYSTORE_HARDWARE) && got.outside == (flag == TW_KEYSTORE_OUTSIDE));
		CHECK(got.single == (flag == TW_KEYSTORE_SINGLE) && got.plain == (flag == TW_KEYSTORE_PLAIN));
		CHECK(got.generation == 7 && got.oldest == 5);
		CHECK_TEXT(got.kind, "tpm");
		CHECK_TEXT(got.detail, "tp");
	}
	got.generation = 99;
	state_of(&b, 0, 15, TW_DETAIL_MAX - 1);
	for (size_t cut = 13; cut < b.size; cut++) {
		answer(&s, TW_WIRE_KEYS_STATE_IS, b.data, cut);
		CHECK_ERR(tw_keys_client_state(s.c, &got), SYNTAX);
	}
	state_of(&b, 0, 3, 2);
	CHECK_OK(tw_buf_u8(&b, 0));
	answer(&s, TW_WIRE_KEYS_STATE_IS, b.data, b.size);
	CHECK_ERR(tw_keys_client_state(s.c, &got), SYNTAX); /* something follows */
	state_of(&b, 0, 16, 2);
	answer(&s, TW_WIRE_KEYS_STATE_IS, b.data, b.size);
	CHECK_ERR(tw_keys_client_state(s.c, &got), LIMIT);
	state_of(&b, 0, 3, TW_DETAIL_MAX);
	answer(&s, TW_WIRE_KEYS_STATE_IS, b.data, b.size);
	CHECK_ERR(tw_keys_client_state(s.c, &got), LIMIT);
	answer(&s, TW_WIRE_KEYS_FAILED, "\2no", 3);
	CHECK_INT(tw_keys_client_state(s.c, &got).code, 2);
	CHECK_INT(got.generation, 99); /* nothing of a bad answer is handed out */
	end(&s);
}

static void test_what_is_only_done(void **state)
{
	static const struct {
		tw_err (*call)(tw_keys_client *k);
		uint16_t type;
	} rows[] = { { tw_keys_client_store_rotate, TW_WIRE_KEYS_STORE_ROTATE }, { tw_keys_client_adopt, TW_WIRE_KEYS_ADOPT },
		{ tw_keys_client_purge, TW_WIRE_KEYS_PURGE } };
	struct script s;
	CHECK_OK(begin_over(sys, &s));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		answer(&s, TW_WIRE_KEYS_DONE, NULL, 0);
		CHECK_OK(rows[i].call(s.c));
		check_asked(&s, rows[i].type, "", 0);
		answer(&s, TW_WIRE_KEYS_FAILED, "\2no", 3);
		CHECK_INT(rows[i].call(s.c).code, 2);
		check_asked(&s, rows[i].type, "", 0);
	}
	end(&s);
}

static void test_sealing(void **state)
{
	static const char big[TW_KEYS_SEAL_MAX + TW_AEAD_OVERHEAD + 1] = "a text";
	char whose[TW_KEYS_WHOSE_MAX + 2];
	TW_CLEANUP(tw_buf_done) struct tw_buf got = { 0 }, question = { 0 };
	struct script s;
	memset(whose, 'w', sizeof whose);
	whose[TW_KEYS_WHOSE_MAX] = '\0';
	tw_buf_init(&got, sys, 4096);
	tw_buf_init(&question, sys, 4096);
	CHECK_OK(begin_over(sys, &s));
	answer(&s, TW_WIRE_KEYS_SEALED, big, TW_AEAD_OVERHEAD);
	CHECK_OK(tw_buf_text(&got, "before "));
	CHECK_OK(tw_keys_client_seal(s.c, "me", TW_SLICE("text"), &got));
	check_asked(&s, TW_WIRE_KEYS_SEAL, "\0\2metext", 8);
	CHECK_INT(got.size, 7 + TW_AEAD_OVERHEAD);
	CHECK_BYTES(got.data, "before a text", 13);
	answer(&s, TW_WIRE_KEYS_UNSEALED, NULL, 0);
	CHECK_OK(tw_keys_client_unseal(s.c, "me", TW_SLICE("sealed"), &got));
	check_asked(&s, TW_WIRE_KEYS_UNSEAL, "\0\2mesealed", 10);
	CHECK_INT(got.size, 7 + TW_AEAD_OVERHEAD); /* an empty text */
	/* The largest of each, to the byte. */
	answer(&s, TW_WIRE_KEYS_SEALED, big, TW_KEYS_SEAL_MAX + TW_AEAD_OVERHEAD);
	CHECK_OK(tw_keys_client_seal(s.c, whose, (struct tw_slice){ big, TW_KEYS_SEAL_MAX }, &got));
	CHECK_OK(tw_buf_block16(&question, whose, TW_KEYS_WHOSE_MAX));
	CHECK_OK(tw_buf_add(&question, big, TW_KEYS_SEAL_MAX));
	check_asked(&s, TW_WIRE_KEYS_SEAL, question.data, question.size);
	answer(&s, TW_WIRE_KEYS_UNSEALED, big, TW_KEYS_SEAL_MAX);
	CHECK_OK(tw_keys_client_unseal(s.c, whose, (struct tw_slice){ big, TW_KEYS_SEAL_MAX + TW_AEAD_OVERHEAD }, &got));
	CHECK_ERR(tw_keys_client_seal(s.c, whose, (struct tw_slice){ big, TW_KEYS_SEAL_MAX + 1 }, &got), LIMIT);
	CHECK_ERR(tw_keys_client_unseal(s.c, whose, (struct tw_slice){ big, sizeof big }, &got), LIMIT);
	CHECK_ERR(tw_keys_client_unseal(s.c, "me", (struct tw_slice){ big, sizeof big }, &got), LIMIT);
	whose[TW_KEYS_WHOSE_MAX] = 'w';
	whose[TW_KEYS_WHOSE_MAX + 1] = '\0';
	CHECK_ERR(tw_keys_client_seal(s.c, whose, TW_SLICE("text"), &got), LIMIT);
	answer(&s, TW_WIRE_KEYS_FAILED, "\2no", 3);
	CHECK_INT(tw_keys_client_unseal(s.c, "me", TW_SLICE("sealed"), &got).code, 2);
	end(&s);
}

static void test_trying(void **state)
{
	char name[TW_ALGORITHM_NAME_MAX + 2];
	uint64_t rate = 0;
	struct script s;
	memset(name, 'n', sizeof name);
	name[TW_ALGORITHM_NAME_MAX] = '\0';
	CHECK_OK(begin_over(sys, &s));
	answer(&s, TW_WIRE_KEYS_TRIED, "\0\0\0\0\0\0\1\2", 8);
	CHECK_OK(tw_keys_client_try(s.c, "aes", true, &rate));
	check_asked(&s, TW_WIRE_KEYS_TRY, "\1aes", 4);
	CHECK_INT(rate, 258);
	answer(&s, TW_WIRE_KEYS_TRIED, "\0\0\0\0\0\0\0\0", 8);
	CHECK_OK(tw_keys_client_try(s.c, name, false, &rate));
	name[TW_ALGORITHM_NAME_MAX] = 'n';
	name[TW_ALGORITHM_NAME_MAX + 1] = '\0';
	CHECK_ERR(tw_keys_client_try(s.c, name, false, &rate), LIMIT);
	end(&s);
}

/* --- What is refused --- */

static void test_refuses_answers(void **state)
{
	static const struct {
		const char *payload;
		size_t size;
		enum tw_code want;
		uint16_t type;
	} rows[] = {
		{ "\0why", 4, TW_CODE_UNTRUSTED, TW_WIRE_KEYS_FAILED },   /* fails with OK */
		{ "\377why", 4, TW_CODE_UNTRUSTED, TW_WIRE_KEYS_FAILED }, /* with no code */
		{ NULL, 64, TW_CODE_DENIED, TW_WIRE_KEYS_SIGNED },        /* another question's answer */
		{ NULL, 15, TW_CODE_UNTRUSTED, TW_WIRE_KEYS_SECRET_IS },
	};
	static const char zeros[64];
	uint8_t secret[16] = { 0 };
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct script s;
		CHECK_OK(begin_over(sys, &s));
		answer(&s, rows[i].type, rows[i].payload ? rows[i].payload : zeros, rows[i].size);
		CHECK_INT(tw_keys_client_secret_new(s.c, secret).code, rows[i].want);
		CHECK_BYTES(secret, zeros, sizeof secret);
		end(&s);
	}
	for (int code = TW_CODE_OK + 1; code <= TW_CODE_INTERNAL; code++) { /* each code comes over as it is, with its words */
		const char payload[4] = { (char)code, 'w', 'h', 'y' };
		struct script s;
		CHECK_OK(begin_over(sys, &s));
		answer(&s, TW_WIRE_KEYS_FAILED, payload, sizeof payload);
		CHECK_INT(tw_keys_client_secret_new(s.c, secret).code, code);
		CHECK_TEXT(tw_err_detail(), "keys: why");
		end(&s);
	}
	const char after[2] = { TW_CODE_INTERNAL + 1, 'x' };
	struct script s;
	CHECK_OK(begin_over(sys, &s));
	answer(&s, TW_WIRE_KEYS_FAILED, after, sizeof after);
	CHECK_ERR(tw_keys_client_secret_new(s.c, secret), UNTRUSTED);
	end(&s);
}

/* --- More --- */

static int64_t hurry_ms; /* each look at the clock is so much later */

static int hurried_clock(const struct tw_sys *s, clockid_t id, struct timespec *ret)
{
	static int64_t ms;
	ms += hurry_ms;
	*ret = (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	return 0;
}

/* What a slow token makes of one question: core asks on until it is done, or until it has waited long enough. */
static void test_asks_on(void **state)
{
	static const uint8_t point[TW_POINT_SIZE] = { 4, 7 };
	uint8_t got[TW_POINT_SIZE];
	struct tw_sys hurried = *sys;
	struct script s;
	hurried.clock = hurried_clock;
	hurry_ms = 0;
	CHECK_OK(begin_over(&hurried, &s));
	answer(&s, TW_WIRE_KEYS_MORE, NULL, 0);
	answer(&s, TW_WIRE_KEYS_MORE, NULL, 0);
	answer(&s, TW_WIRE_KEYS_POINT_IS, point, sizeof point);
	CHECK_OK(tw_keys_client_slot_rotate(s.c, "owner.one", got));
	CHECK_BYTES(got, point, sizeof point);
	s.tag = 1;
	check_asked(&s, TW_WIRE_KEYS_SLOT_ROTATE, "owner.one", 9);
	for (s.tag = 2; s.tag <= 3; s.tag++)
		check_asked(&s, TW_WIRE_KEYS_GO_ON, "", 0);
	s.tag = 3;
	answer(&s, TW_WIRE_KEYS_MORE, NULL, 0);
	answer(&s, TW_WIRE_KEYS_FAILED, (const char[]){ (char)(TW_CODE_CLOSED | TW_KEYS_OF_TOKEN), 'x' }, 2);
	CHECK_ERR(tw_keys_client_purge(s.c), CLOSED);
	CHECK_INT(tw_keys_client_fault(s.c), TW_KEYS_FAULT_TOKEN);
	end(&s);
	CHECK_OK(begin_over(&hurried, &s));
	for (int i = 0; i < 3; i++)
		answer(&s, TW_WIRE_KEYS_MORE, NULL, 0);
	hurry_ms = TW_KEYS_LONG_MS / 4; /* looked at twice for each question */
	CHECK_ERR(tw_keys_client_purge(s.c), TIMEOUT);
	CHECK_INT(tw_keys_client_fault(s.c), TW_KEYS_FAULT_LONG);
	s.tag = 1;
	check_asked(&s, TW_WIRE_KEYS_PURGE, "", 0);
	s.tag = 2;
	check_asked(&s, TW_WIRE_KEYS_GO_ON, "", 0);
	struct tw_message m;
	CHECK_ERR(tw_channel_receive(s.theirs, &m), TIMEOUT); /* and no third */
	end(&s);
}

/* Whose fault it is: nobody looks for a token where there is none, or where the way to keys is broken. */
static void test_whose_fault(void **state)
{
	struct tw_keys_state st;
	struct script s;
	CHECK_OK(begin_over(sys, &s));
	answer(&s, TW_WIRE_KEYS_FAILED, (const char[]){ TW_CODE_STATE, 'x' }, 2);
	CHECK_ERR(tw_keys_client_state(s.c, &st), STATE);
	CHECK_INT(tw_keys_client_fault(s.c), TW_KEYS_FAULT_STORE);
	answer(&s, TW_WIRE_KEYS_FAILED, (const char[]){ (char)(TW_CODE_DENIED | TW_KEYS_OF_TOKEN), 'x' }, 2);
	CHECK_ERR(tw_keys_client_state(s.c, &st), DENIED);
	CHECK_INT(tw_keys_client_fault(s.c), TW_KEYS_FAULT_TOKEN);
	answer(&s, TW_WIRE_KEYS_DONE, NULL, 0); /* to another question */
	CHECK_ERR(tw_keys_client_state(s.c, &st), DENIED);
	CHECK_INT(tw_keys_client_fault(s.c), TW_KEYS_FAULT_ROLE);
	s.theirs = tw_channel_free(s.theirs);
	CHECK_ERR(tw_keys_client_state(s.c, &st), CLOSED);
	CHECK_INT(tw_keys_client_fault(s.c), TW_KEYS_FAULT_ROLE);
	end(&s);
}

/* A secret passes through and stays with the caller alone. */
static void test_wipes_what_it_passed_on(void **state)
{
	static const char zeros[TW_AEAD_OVERHEAD],
		secret[] = "sixteen bytes 16", text[] = "a text that only its owner may see, and longer than what a buffer begins with";
	TW_CLEANUP(tw_buf_wipe) struct tw_buf got = { 0 };
	uint8_t mine[16];
	struct script s;
	tw_buf_init(&got, sys, 4096);
	CHECK_OK(tw_buf_reserve(&got, 2000)); /* what moves when it grows is its owner's affair */
	spill_watch(secret, 16);
	CHECK_OK(begin_over(sys, &s));
	answer(&s, TW_WIRE_KEYS_SECRET_IS, secret, 16);
	CHECK_OK(tw_keys_client_secret_new(s.c, mine));
	CHECK_INT(spill_held(), 0); /* nor in the channel, which lives on */
	end(&s);
	CHECK_INT(spill_seen(), 0);
	spill_watch(text, sizeof text);
	CHECK_OK(begin_over(sys, &s));
	answer(&s, TW_WIRE_KEYS_UNSEALED, text, sizeof text);
	CHECK_OK(tw_keys_client_unseal(s.c, "me", TW_SLICE("sealed"), &got));
	CHECK_INT(spill_held(), 0);
	answer(&s, TW_WIRE_KEYS_SEALED, zeros, sizeof zeros);
	CHECK_OK(tw_keys_client_seal(s.c, "me", (struct tw_slice){ text, sizeof text }, &got));
	tw_buf_wipe(&got);
	end(&s);
	CHECK_INT(spill_seen(), 0);
}

static tw_err each_question(const struct tw_sys *sys_that_fails, void *user)
{
	static const char zeros[64], epoch_key[32] = { 1, 2, 3 }, signature[64] = { 4, 5 };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 }, got = { 0 };
	TW_CLEANUP(tw_cert_freep) tw_cert *listener = NULL;
	TW_CLEANUP(end) struct script s = { 0 };
	uint8_t out[TW_POINT_SIZE];
	TW_TRY(begin_over(sys_that_fails, &s));
	tw_buf_init(&b, sys, 256);
	tw_buf_init(&got, sys_that_fails, 4096);
	state_of(&b, 0, 3, 2);
	answer(&s, TW_WIRE_KEYS_EPOCH_KEY, epoch_key, sizeof epoch_key);
	answer(&s, TW_WIRE_KEYS_SIGNED, signature, sizeof signature);
	answer(&s, TW_WIRE_KEYS_LISTENER_CERT, der.data, der.size);
	answer(&s, TW_WIRE_KEYS_SIGNED, signature, sizeof signature);
	answer(&s, TW_WIRE_KEYS_STATE_IS, b.data, b.size);
	answer(&s, TW_WIRE_KEYS_SEALED, zeros, 40);
	answer(&s, TW_WIRE_KEYS_DONE, NULL, 0);
	TW_TRY(tw_keys_client_epoch(s.c, 1, out));
	CHECK_BYTES(out, epoch_key, sizeof epoch_key);
	TW_TRY(tw_keys_client_sign(s.c, TW_SIGN_STATEMENT, TW_SLICE("x"), out));
	CHECK_BYTES(out, signature, sizeof signature);
	TW_TRY(tw_keys_client_listener(s.c, true, &listener));
	CHECK(listener != NULL);
	memset(out, 0, sizeof out);
	TW_TRY(tw_keys_client_slot_sign(s.c, "owner.one", out, (const uint8_t *)zeros, out));
	CHECK_BYTES(out, signature, sizeof signature);
	TW_TRY(tw_keys_client_state(s.c, &(struct tw_keys_state){ 0 }));
	TW_TRY(tw_keys_client_seal(s.c, "me", TW_SLICE("text"), &got));
	CHECK_INT(got.size, 40);
	return tw_keys_client_purge(s.c);
}

static void test_tells_every_failure(void **state)
{
	CHECK(told_sweep(EIO, each_question, NULL, "close pin") >= 10);
	CHECK(told_sweep(ENOMEM, each_question, NULL, "close pin") >= 10);
}

CHECK_MAIN_IN(set_up, tear_down, cmocka_unit_test(test_the_devices_own), cmocka_unit_test(test_slots),
	cmocka_unit_test(test_list_of_slots), cmocka_unit_test(test_state), cmocka_unit_test(test_what_is_only_done),
	cmocka_unit_test(test_sealing), cmocka_unit_test(test_trying), cmocka_unit_test(test_refuses_answers),
	cmocka_unit_test(test_asks_on), cmocka_unit_test(test_whose_fault), cmocka_unit_test(test_wipes_what_it_passed_on),
	cmocka_unit_test(test_tells_every_failure))
