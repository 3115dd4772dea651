/* SPDX-License-Identifier: Apache-2.0 */
/* The keys role: what it answers, what it refuses, and what a fault or a power cut at any moment leaves behind. */
#include "service/keys/test-keys.h"

#include "crypto/aead.h"
#include "formats/export.h"
#include "formats/sbom.h"
#include "lay.h"

static void test_epochs(void **state)
{
	struct bench b;
	struct tw_message m;
	uint8_t first[32], second[32];
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(ask_epoch(&b, TW_WIRE_KEYS_OLD_EPOCH, 1, &m));
	CHECK_INT(failed_with(&m), TW_CODE_DENIED);
	CHECK_OK(ask_epoch(&b, TW_WIRE_KEYS_EPOCH, 0, &m));
	CHECK_INT(failed_with(&m), TW_CODE_STATE);
	CHECK_OK(ask_epoch(&b, TW_WIRE_KEYS_EPOCH, 5, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_EPOCH_KEY);
	memcpy(first, m.payload.at, 32);
	for (uint64_t n = 0; n <= 5; n++) { /* never twice, never back */
		CHECK_OK(ask_epoch(&b, TW_WIRE_KEYS_EPOCH, n, &m));
		CHECK_INT(failed_with(&m), TW_CODE_STATE);
	}
	CHECK_OK(ask_epoch(&b, TW_WIRE_KEYS_EPOCH, UINT64_MAX, &m));
	CHECK_INT(failed_with(&m), TW_CODE_STATE);
	CHECK_OK(ask_epoch(&b, TW_WIRE_KEYS_OLD_EPOCH, 5, &m)); /* it is being written with */
	CHECK_INT(failed_with(&m), TW_CODE_DENIED);
	CHECK_OK(ask_epoch(&b, TW_WIRE_KEYS_OLD_EPOCH, 0, &m)); /* there is none */
	CHECK_INT(failed_with(&m), TW_CODE_DENIED);
	CHECK_OK(ask_epoch(&b, TW_WIRE_KEYS_EPOCH, 6, &m));
	memcpy(second, m.payload.at, 32);
	CHECK(memcmp(first, second, 32) != 0);
	CHECK_OK(ask_epoch(&b, TW_WIRE_KEYS_OLD_EPOCH, 5, &m));
	CHECK_BYTES(m.payload.at, first, 32);
	bench_done(&b);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys); /* after a restart */
	CHECK_OK(ask_epoch(&b, TW_WIRE_KEYS_EPOCH, 6, &m));
	CHECK_INT(failed_with(&m), TW_CODE_STATE);
	CHECK_OK(ask_epoch(&b, TW_WIRE_KEYS_EPOCH, 7, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_EPOCH_KEY);
	bench_done(&b);
}

static tw_err ask_checkpoint(struct bench *b, const uint8_t device[32], uint64_t epoch, uint64_t seq, uint8_t chain, struct tw_message *m)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf p = { 0 };
	uint8_t value[32] = { chain };
	tw_buf_init(&p, sys, 200);
	CHECK_OK(tw_log_checkpoint_message(device, epoch, seq, value, &p));
	TW_TRY(ask_sign(b, TW_SIGN_CHECKPOINT, tw_buf_slice(&p), m));
	if (m->type == TW_WIRE_KEYS_SIGNED)
		CHECK_OK(tw_key_verify(identity, &(struct tw_slice){ p.data, p.size }, 1, (const uint8_t *)m->payload.at));
	return TW_OK;
}

static void test_checkpoints(void **state)
{
	struct bench b;
	struct tw_message m;
	uint8_t device[32], other[32] = { 9 };
	CHECK_OK(tw_key_fingerprint(identity, device));
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(ask_checkpoint(&b, device, 0, 1, 1, &m)); /* no epoch yet */
	CHECK_INT(failed_with(&m), TW_CODE_DENIED);
	CHECK_OK(ask_epoch(&b, TW_WIRE_KEYS_EPOCH, 3, &m));
	CHECK_ERR(ask_checkpoint(&b, other, 3, 1, 1, &m), UNTRUSTED);
	CHECK_OK(ask_checkpoint(&b, device, 2, 1, 1, &m));
	CHECK_INT(failed_with(&m), TW_CODE_DENIED);
	CHECK_OK(ask_checkpoint(&b, device, 4, 1, 1, &m));
	CHECK_INT(failed_with(&m), TW_CODE_DENIED);
	CHECK_OK(ask_checkpoint(&b, device, 3, 10, 1, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_SIGNED);
	CHECK_OK(ask_checkpoint(&b, device, 3, 10, 1, &m)); /* again */
	CHECK_INT(m.type, TW_WIRE_KEYS_SIGNED);
	CHECK_OK(ask_checkpoint(&b, device, 3, 10, 2, &m)); /* the same record, another chain: a rewritten log */
	CHECK_INT(failed_with(&m), TW_CODE_DENIED);
	CHECK_OK(ask_checkpoint(&b, device, 3, 9, 1, &m));
	CHECK_INT(failed_with(&m), TW_CODE_DENIED);
	CHECK_OK(ask_checkpoint(&b, device, 3, 11, 3, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_SIGNED);
	TW_CLEANUP(tw_buf_done) struct tw_buf more = { 0 };
	tw_buf_init(&more, sys, 200);
	CHECK_OK(tw_log_checkpoint_message(device, 3, 12, (const uint8_t[32]){ 3 }, &more));
	CHECK_OK(tw_buf_u8(&more, 0)); /* a byte too many, and one too few */
	CHECK_ERR(ask_sign(&b, TW_SIGN_CHECKPOINT, tw_buf_slice(&more), &m), UNTRUSTED);
	CHECK_ERR(ask_sign(&b, TW_SIGN_CHECKPOINT, (struct tw_slice){ more.data, more.size - 2 }, &m), UNTRUSTED);
	bench_done(&b);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(ask_checkpoint(&b, device, 3, 12, 3, &m)); /* epoch 3 was another run's */
	CHECK_INT(failed_with(&m), TW_CODE_DENIED);
	bench_done(&b);
}

/* A full disk once kept the next epoch's number from being written, and from then on the log could not be signed. */
static void test_an_epoch_that_could_not_begin(void **state)
{
	const struct tw_sys *real = sys;
	tw_fake *f = tw_fake_new();
	struct bench b;
	struct tw_message m;
	uint8_t device[32];
	long rename_at = 0;
	CHECK_OK(tw_key_fingerprint(identity, device));
	sys = tw_fake_sys(f);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	tw_fake_fail(f, 0, 0, false);
	CHECK_OK(ask_epoch(&b, TW_WIRE_KEYS_EPOCH, 3, &m));
	for (long n = 1; n <= tw_fake_calls(f) && !rename_at; n++)
		rename_at = strcmp(tw_fake_name(f, n), "rename") == 0 ? n : 0;
	CHECK(rename_at > 0);
	tw_fake_fail(f, rename_at, ENOSPC, false);
	CHECK_OK(ask_epoch(&b, TW_WIRE_KEYS_EPOCH, 4, &m));
	CHECK_INT(failed_with(&m), TW_CODE_LIMIT);
	tw_fake_fail(f, 0, 0, false);
	CHECK_OK(ask_checkpoint(&b, device, 3, 10, 1, &m)); /* what is being written is signed on */
	CHECK_INT(m.type, TW_WIRE_KEYS_SIGNED);
	CHECK_OK(ask_epoch(&b, TW_WIRE_KEYS_OLD_EPOCH, 3, &m)); /* and is not closed */
	CHECK_INT(failed_with(&m), TW_CODE_DENIED);
	CHECK_OK(ask_epoch(&b, TW_WIRE_KEYS_EPOCH, 4, &m)); /* may have been written all the same */
	CHECK_INT(failed_with(&m), TW_CODE_STATE);
	CHECK_OK(ask_epoch(&b, TW_WIRE_KEYS_EPOCH, 5, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_EPOCH_KEY);
	CHECK_OK(ask_epoch(&b, TW_WIRE_KEYS_OLD_EPOCH, 3, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_EPOCH_KEY);
	CHECK_OK(ask_checkpoint(&b, device, 3, 11, 1, &m));
	CHECK_INT(failed_with(&m), TW_CODE_DENIED);
	bench_done(&b);
	sys = real;
	tw_fake_free(f);
}

/* @nist DI.IMS.2: nothing that is not this device's statement gets its signature */
static void test_sign_refusals(void **state)
{
	struct bench b;
	struct tw_message m;
	TW_CLEANUP(tw_buf_done) struct tw_buf head = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf foreign = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf inventory = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf manifest = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf export = { 0 };
	tw_buf_init(&head, sys, 8192);
	tw_buf_init(&foreign, sys, 8192);
	tw_buf_init(&manifest, sys, 8192);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(tw_jws_protected(sys, TW_JWS_STATEMENT, cert, &head));
	CHECK_OK(tw_jws_protected(sys, TW_JWS_STATEMENT, ca, &foreign));
	CHECK_OK(tw_jws_protected(sys, TW_JWS_MANIFEST, cert, &manifest));
	tw_buf_init(&inventory, sys, 8192);
	CHECK_OK(tw_jws_protected(sys, TW_JWS_INVENTORY, cert, &inventory));
	CHECK_OK(tw_buf_text(&inventory, ".e30"));
	tw_buf_init(&export, sys, 8192);
	CHECK_OK(tw_jws_protected(sys, TW_JWS_EXPORT, cert, &export));
	CHECK_OK(tw_buf_text(&export, ".e30"));
	CHECK_OK(tw_buf_text(&head, ".e30"));
	CHECK_OK(tw_buf_text(&foreign, ".e30"));
	CHECK_OK(tw_buf_text(&manifest, ".e30"));
	CHECK_OK(ask_sign(&b, TW_SIGN_STATEMENT, tw_buf_slice(&head), &m));
	CHECK_OK(tw_key_verify(identity, &(struct tw_slice){ head.data, head.size }, 1, (const uint8_t *)m.payload.at));
	CHECK_ERR(ask_sign(&b, TW_SIGN_STATEMENT, tw_buf_slice(&foreign), &m), UNTRUSTED);
	CHECK_ERR(ask_sign(&b, TW_SIGN_STATEMENT, tw_buf_slice(&manifest), &m), UNTRUSTED);
	CHECK_ERR(ask_sign(&b, TW_SIGN_STATEMENT, (struct tw_slice){ head.data, head.size - 3 }, &m), UNTRUSTED); /* no payload */
	CHECK_ERR(ask_sign(&b, TW_SIGN_STATEMENT, TW_SLICE("x"), &m), UNTRUSTED);
	for (unsigned purpose = 0; purpose < 256; purpose++) {
		if (purpose != TW_SIGN_STATEMENT)
			CHECK_ERR(ask_sign(&b, (uint8_t)purpose, tw_buf_slice(&head), &m), UNTRUSTED);
		if (purpose != TW_SIGN_INVENTORY)
			CHECK_ERR(ask_sign(&b, (uint8_t)purpose, tw_buf_slice(&inventory), &m), UNTRUSTED);
		if (purpose != TW_SIGN_EXPORT)
			CHECK_ERR(ask_sign(&b, (uint8_t)purpose, tw_buf_slice(&export), &m), UNTRUSTED);
	}
	CHECK_OK(ask_sign(&b, TW_SIGN_INVENTORY, tw_buf_slice(&inventory), &m));
	CHECK_OK(ask_sign(&b, TW_SIGN_EXPORT, tw_buf_slice(&export), &m));
	head.data[head.size - 1] = '.';
	CHECK_ERR(ask_sign(&b, TW_SIGN_STATEMENT, tw_buf_slice(&head), &m), UNTRUSTED);
	CHECK_ERR(ask_sign(&b, TW_SIGN_CHECKPOINT, TW_SLICE("thingward-checkpoint-1"), &m), UNTRUSTED);
	bench_done(&b);
}

static void test_secret(void **state)
{
	struct bench b;
	struct tw_message m;
	struct tw_takeover t = { .challenge = { 1 }, .owner = { 2 } };
	uint8_t message[TW_TAKEOVER_MESSAGE], secret[16] = { 1, 2, 3 }, want[32], fresh[16];
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	tw_takeover_message(&t, message);
	CHECK_OK(ask(&b, TW_WIRE_KEYS_SECRET_MAC, message, sizeof message, &m));
	CHECK_OK(tw_takeover_proof(&t, secret, want));
	CHECK_BYTES(m.payload.at, want, 32);
	CHECK_ERR(ask(&b, TW_WIRE_KEYS_SECRET_MAC, message, sizeof message - 1, &m), UNTRUSTED);
	CHECK_ERR(ask(&b, TW_WIRE_KEYS_SECRET_MAC, message, 1, &m), UNTRUSTED);
	message[3] ^= 1;
	CHECK_ERR(ask(&b, TW_WIRE_KEYS_SECRET_MAC, message, sizeof message, &m), UNTRUSTED);
	message[3] ^= 1;
	CHECK_OK(ask(&b, TW_WIRE_KEYS_SECRET_NEW, NULL, 0, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_SECRET_IS);
	memcpy(fresh, m.payload.at, sizeof fresh);
	CHECK(memcmp(fresh, secret, sizeof fresh) != 0);
	bench_done(&b);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys); /* it stays */
	CHECK_OK(ask(&b, TW_WIRE_KEYS_SECRET_MAC, message, sizeof message, &m));
	CHECK_OK(tw_takeover_proof(&t, fresh, want));
	CHECK_BYTES(m.payload.at, want, 32);
	bench_done(&b);
}

static void test_listener(void **state)
{
	struct bench b;
	struct tw_message m;
	uint8_t before[32], after[32], again[32];
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(ask(&b, TW_WIRE_KEYS_LISTENER, NULL, 0, &m));
	CHECK_OK(tw_sha256(m.payload.at, m.payload.size, before));
	CHECK_OK(ask(&b, TW_WIRE_KEYS_LISTENER, "\1", 1, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_LISTENER_CERT);
	CHECK_OK(tw_sha256(m.payload.at, m.payload.size, after));
	CHECK(memcmp(before, after, 32) != 0);
	CHECK_ERR(ask(&b, TW_WIRE_KEYS_LISTENER, "\3", 1, &m), UNTRUSTED);
	CHECK_ERR(ask(&b, TW_WIRE_KEYS_LISTENER, "\0", 1, &m), UNTRUSTED);
	bench_done(&b);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(ask(&b, TW_WIRE_KEYS_LISTENER, NULL, 0, &m));
	CHECK_OK(tw_sha256(m.payload.at, m.payload.size, again));
	CHECK_BYTES(again, after, 32);
	bench_done(&b);
}

static tw_err ask_slot(struct bench *b, uint16_t type, const char *slot, struct tw_message *m)
{
	return ask(b, type, slot, strlen(slot), m);
}

static void new_slot(struct bench *b, uint16_t type, const char *slot, uint8_t ret[TW_POINT_SIZE])
{
	struct tw_message m;
	CHECK_OK(ask_slot(b, type, slot, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_POINT_IS);
	memcpy(ret, m.payload.at, TW_POINT_SIZE);
}

static tw_err ask_slot_sign(struct bench *b, const char *slot, const uint8_t point[TW_POINT_SIZE], struct tw_message *m)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf p = { 0 };
	const struct tw_slice text = TW_SLICE("what is signed");
	uint8_t digest[32];
	CHECK_OK(tw_sha256(text.at, text.size, digest));
	tw_buf_init(&p, sys, 200);
	CHECK_OK(tw_buf_add(&p, point, TW_POINT_SIZE));
	CHECK_OK(tw_buf_add(&p, digest, sizeof digest));
	CHECK_OK(tw_buf_text(&p, slot));
	TW_TRY(ask(b, TW_WIRE_KEYS_SLOT_SIGN, p.data, p.size, m));
	if (m->type == TW_WIRE_KEYS_SIGNED) {
		TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
		CHECK_OK(tw_key_of_point(sys, point, &key));
		CHECK_OK(tw_key_verify(key, &text, 1, (const uint8_t *)m->payload.at));
	}
	return TW_OK;
}

/* @nist DP.CKM.1: two pairs differ and sign; what comes back is a point, and each prefix sees its own */
static void test_slots(void **state)
{
	struct bench b;
	struct tw_message m;
	uint8_t one[TW_POINT_SIZE], other[TW_POINT_SIZE], applications[TW_POINT_SIZE];
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	new_slot(&b, TW_WIRE_KEYS_SLOT_NEW, "owner.one", one);
	new_slot(&b, TW_WIRE_KEYS_SLOT_NEW, "owner.other", other);
	new_slot(&b, TW_WIRE_KEYS_SLOT_NEW, "application.one", applications);
	CHECK(memcmp(one, other, sizeof one) != 0 && memcmp(one, applications, sizeof one) != 0);
	CHECK_OK(ask_slot(&b, TW_WIRE_KEYS_SLOT_NEW, "owner.one", &m));
	CHECK_INT(failed_with(&m), TW_CODE_EXISTS);
	CHECK_OK(ask_slot_sign(&b, "owner.one", one, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_SIGNED);
	CHECK_OK(ask_slot_sign(&b, "owner.one", other, &m)); /* the caller means another key */
	CHECK_INT(failed_with(&m), TW_CODE_STATE);
	bench_done(&b);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(ask_slot(&b, TW_WIRE_KEYS_SLOTS, "application.", &m));
	CHECK_INT(m.payload.size, 2 + strlen("application.one") + TW_POINT_SIZE);
	CHECK_BYTES(m.payload.at + 2 + strlen("application.one"), applications, TW_POINT_SIZE);
	CHECK_OK(ask_slot(&b, TW_WIRE_KEYS_SLOTS, "owner.", &m));
	CHECK_INT(m.payload.size, 4 + strlen("owner.one") + strlen("owner.other") + 2 * TW_POINT_SIZE);
	CHECK_OK(ask_slot(&b, TW_WIRE_KEYS_SLOT_REMOVE, "owner.one", &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_DONE);
	CHECK_OK(ask_slot_sign(&b, "owner.one", one, &m));
	CHECK_INT(failed_with(&m), TW_CODE_NOTFOUND);
	CHECK_OK(ask_slot(&b, TW_WIRE_KEYS_SLOT_REMOVE, "owner.one", &m));
	CHECK_INT(failed_with(&m), TW_CODE_NOTFOUND);
	CHECK_OK(ask(&b, TW_WIRE_KEYS_STATE, NULL, 0, &m));
	CHECK(m.payload.size > 13 && m.payload.at[0] == TW_KEYSTORE_PLAIN); /* its root lies beside it, and it is software */
	bench_done(&b);
}

/* @nist DP.CKM.3: the name has a new key, the old one is refused */
static void test_slot_rotation(void **state)
{
	struct bench b;
	struct tw_message m;
	uint8_t old[TW_POINT_SIZE], next[TW_POINT_SIZE], now[TW_POINT_SIZE];
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(ask_slot(&b, TW_WIRE_KEYS_SLOT_ROTATE, "owner.one", &m));
	CHECK_INT(failed_with(&m), TW_CODE_NOTFOUND);
	new_slot(&b, TW_WIRE_KEYS_SLOT_NEW, "owner.one", old);
	new_slot(&b, TW_WIRE_KEYS_SLOT_ROTATE, "owner.one", next);
	CHECK(memcmp(old, next, sizeof old) != 0);
	CHECK_OK(ask_slot_sign(&b, "owner.one", old, &m));
	CHECK_INT(failed_with(&m), TW_CODE_STATE);
	CHECK_OK(ask_slot_sign(&b, "owner.one", next, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_SIGNED);
	new_slot(&b, TW_WIRE_KEYS_SLOT_POINT, "owner.one", now);
	CHECK_BYTES(now, next, sizeof now);
	CHECK_OK(ask_slot(&b, TW_WIRE_KEYS_SLOTS, "owner.", &m));
	CHECK_INT(m.payload.size, 2 + strlen("owner.one") + TW_POINT_SIZE); /* nothing of the rotation is left */
	bench_done(&b);
}

static void test_purge(void **state)
{
	struct bench b;
	struct tw_message m;
	uint8_t point[TW_POINT_SIZE];
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	new_slot(&b, TW_WIRE_KEYS_SLOT_NEW, "owner.one", point);
	new_slot(&b, TW_WIRE_KEYS_SLOT_NEW, "owner.two", point);
	new_slot(&b, TW_WIRE_KEYS_SLOT_NEW, "application.one", point);
	CHECK_OK(ask(&b, TW_WIRE_KEYS_ADOPT, NULL, 0, &m));
	CHECK_OK(ask(&b, TW_WIRE_KEYS_PURGE, NULL, 0, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_DONE);
	bench_done(&b);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys); /* with the device's own keys, which stay */
	CHECK_OK(ask_slot(&b, TW_WIRE_KEYS_SLOTS, "owner.", &m));
	CHECK_INT(m.payload.size, 0);
	CHECK_OK(ask_slot(&b, TW_WIRE_KEYS_SLOTS, "application.", &m));
	CHECK_INT(m.payload.size, 0);
	CHECK_OK(ask(&b, TW_WIRE_KEYS_PURGE, NULL, 0, &m)); /* none is fine */
	CHECK_INT(m.type, TW_WIRE_KEYS_DONE);
	bench_done(&b);
}

/* What is nobody's is an attack; a bad name of somebody's is only refused. */
static void test_slot_names(void **state)
{
	static const char *const nobodys[] = { "identity", "owner", "owner.", "rotating", "Owner.one", "application.", "xowner.one",
		"listener" };
	static const char *const bad[] = { "owner.A", "owner.a b", "owner.a/b", "owner.-a", "application.1",
		"owner.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	struct bench b;
	struct tw_message m;
	uint8_t point[TW_POINT_SIZE] = { 4 };
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	for (size_t i = 0; i < TW_COUNT(nobodys); i++) {
		CHECK_ERR(ask_slot(&b, TW_WIRE_KEYS_SLOT_NEW, nobodys[i], &m), UNTRUSTED);
		CHECK_ERR(ask_slot(&b, TW_WIRE_KEYS_SLOT_REMOVE, nobodys[i], &m), UNTRUSTED);
		CHECK_ERR(ask_slot_sign(&b, nobodys[i], point, &m), UNTRUSTED);
	}
	CHECK_ERR(ask(&b, TW_WIRE_KEYS_SLOT_NEW, "owner.a\0b", 9, &m), UNTRUSTED);
	CHECK_ERR(ask_slot(&b, TW_WIRE_KEYS_SLOTS, "owner.o", &m), UNTRUSTED);
	for (size_t i = 0; i < TW_COUNT(bad); i++) {
		CHECK_OK(ask_slot(&b, TW_WIRE_KEYS_SLOT_NEW, bad[i], &m));
		CHECK_INT(failed_with(&m), TW_CODE_SYNTAX);
	}
	for (int i = 0; i < TW_KEYS_SLOTS_MAX; i++) {
		char name[16];
		(void)snprintf(name, sizeof name, "owner.k%d", i);
		new_slot(&b, TW_WIRE_KEYS_SLOT_NEW, name, point);
	}
	CHECK_OK(ask_slot(&b, TW_WIRE_KEYS_SLOT_NEW, "owner.one-more", &m));
	CHECK_INT(failed_with(&m), TW_CODE_LIMIT);
	new_slot(&b, TW_WIRE_KEYS_SLOT_ROTATE, "owner.k3", point); /* full is no reason not to rotate */
	new_slot(&b, TW_WIRE_KEYS_SLOT_NEW, "application.one", point);
	bench_done(&b);
}

/* Every type that is no row, and every size outside it, is refused before it is looked at. */
static void test_rows(void **state)
{
	static const uint8_t payload[600];
	struct bench b;
	struct tw_message m;
	static const struct {
		uint16_t type;
		size_t size;
	} rows[] = {
		{ TW_WIRE_KEYS_SIGN, 0 },
		{ TW_WIRE_KEYS_SIGN, 1 },
		{ TW_WIRE_KEYS_EPOCH, 7 },
		{ TW_WIRE_KEYS_EPOCH, 9 },
		{ TW_WIRE_KEYS_OLD_EPOCH, 0 },
		{ TW_WIRE_KEYS_LISTENER, 2 },
		{ TW_WIRE_KEYS_SECRET_MAC, 0 },
		{ TW_WIRE_KEYS_SECRET_MAC, 600 },
		{ TW_WIRE_KEYS_SECRET_NEW, 1 },
		{ TW_WIRE_KEYS_IDENTITY, 1 },
		{ TW_WIRE_KEYS_SLOT_NEW, 2 },
		{ TW_WIRE_KEYS_SLOT_NEW, 49 },
		{ TW_WIRE_KEYS_SLOT_SIGN, 99 },
		{ TW_WIRE_KEYS_SLOT_SIGN, 146 },
		{ TW_WIRE_KEYS_SLOTS, 0 },
		{ TW_WIRE_KEYS_STATE, 1 },
		{ TW_WIRE_TLS_SIGN, 32 },
		{ TW_WIRE_KEYS_SIGNED, 64 },
		{ TW_WIRE_HANDS_DRAIN, 0 },
		{ 0, 0 },
	};
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		CHECK_ERR(ask(&b, rows[i].type, payload, rows[i].size, &m), UNTRUSTED);
	bench_done(&b);
}

static void test_front(void **state)
{
	struct bench b;
	struct tw_message m;
	uint8_t digest[32] = { 5 };
	bench_init(&b, tw_rows_keys_from_front, tw_rows_front_from_keys);
	CHECK_OK(tw_channel_send(b.mine, TW_WIRE_TLS_SIGN, 1, digest, sizeof digest, NULL, 0));
	CHECK_OK(tw_channel_receive(b.theirs, &m));
	CHECK_OK(tw_keys_serve_front(b.keys, b.theirs, &m));
	CHECK_OK(tw_channel_receive(b.mine, &m));
	CHECK(m.type == TW_WIRE_TLS_SIGNED && m.payload.size >= 68 && m.payload.at[0] == 0x30);
	static const struct {
		uint16_t type;
		size_t size;
	} rows[] = { { TW_WIRE_TLS_SIGN, 31 }, { TW_WIRE_TLS_SIGN, 0 }, { TW_WIRE_KEYS_SIGN, 32 }, { TW_WIRE_KEYS_SECRET_NEW, 0 },
		{ TW_WIRE_KEYS_EPOCH, 8 } };
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_OK(tw_channel_send(b.mine, rows[i].type, 1, digest, rows[i].size, NULL, 0));
		CHECK_ERR(tw_channel_receive(b.theirs, &m), UNTRUSTED);
	}
	/* Nor by a channel whose rows would let it through. */
	m = (struct tw_message){ .type = TW_WIRE_KEYS_SECRET_NEW };
	CHECK_ERR(tw_keys_serve_front(b.keys, b.theirs, &m), UNTRUSTED);
	m = (struct tw_message){ .type = TW_WIRE_TLS_SIGN, .payload = { (char *)digest, 31 } };
	CHECK_ERR(tw_keys_serve_front(b.keys, b.theirs, &m), UNTRUSTED);
	m = (struct tw_message){ .type = TW_WIRE_KEYS_SECRET_NEW, .payload = { (char *)digest, 32 } };
	CHECK_ERR(tw_keys_serve_front(b.keys, b.theirs, &m), UNTRUSTED);
	CHECK_ERR(tw_keys_serve_core(b.keys, b.theirs, &(struct tw_message){ .type = TW_WIRE_TLS_SIGN }), UNTRUSTED);
	bench_done(&b);
}

/* --- Sealing --- */

static tw_err ask_seal(struct bench *b, uint16_t type, const char *whose, struct tw_slice text, struct tw_message *m)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf p = { 0 };
	tw_buf_init(&p, sys, 2048);
	CHECK_OK(tw_buf_block16(&p, whose, strlen(whose)));
	CHECK_OK(tw_buf_add(&p, text.at, text.size));
	return ask(b, type, p.data, p.size, m);
}

static void kept(struct tw_buf *b, const struct tw_message *m)
{
	tw_buf_done(b);
	tw_buf_init(b, sys, 2048);
	CHECK_OK(tw_buf_add(b, m->payload.at, m->payload.size));
}

/* @nist DP.CCS.5: what is sealed for one opens for him, here, and after every restart; nothing else does */
static void test_sealing(void **state)
{
	char whose[TW_KEYS_WHOSE_MAX + 2];
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 };
	struct bench b;
	struct tw_message m;
	memset(whose, 'w', sizeof whose);
	whose[TW_KEYS_WHOSE_MAX] = '\0';
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(ask_seal(&b, TW_WIRE_KEYS_SEAL, whose, TW_SLICE("a text"), &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_SEALED);
	CHECK_INT(m.payload.size, 6 + TW_AEAD_OVERHEAD);
	CHECK(memmem(m.payload.at, m.payload.size, "text", 4) == NULL);
	kept(&sealed, &m);
	bench_done(&b);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(ask_seal(&b, TW_WIRE_KEYS_UNSEAL, whose, tw_buf_slice(&sealed), &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_UNSEALED);
	CHECK_INT(m.payload.size, 6);
	CHECK_BYTES(m.payload.at, "a text", 6);
	CHECK_OK(ask_seal(&b, TW_WIRE_KEYS_UNSEAL, "other", tw_buf_slice(&sealed), &m));
	CHECK_INT(failed_with(&m), TW_CODE_SYNTAX);
	CHECK_OK(ask_seal(&b, TW_WIRE_KEYS_UNSEAL, whose, TW_SLICE("short"), &m));
	CHECK_INT(failed_with(&m), TW_CODE_SYNTAX);
	sealed.data[3] ^= 1;
	CHECK_OK(ask_seal(&b, TW_WIRE_KEYS_UNSEAL, whose, tw_buf_slice(&sealed), &m));
	CHECK_INT(failed_with(&m), TW_CODE_SYNTAX); /* core broke no rule: whoever asked it brought that */
	CHECK_ERR(ask(&b, TW_WIRE_KEYS_SEAL, "\0\5me", 4, &m), UNTRUSTED);
	CHECK_ERR(ask(&b, TW_WIRE_KEYS_UNSEAL, "\0\5me", 4, &m), UNTRUSTED);
	whose[TW_KEYS_WHOSE_MAX] = 'w';
	whose[TW_KEYS_WHOSE_MAX + 1] = '\0';
	CHECK_ERR(ask_seal(&b, TW_WIRE_KEYS_SEAL, whose, TW_SLICE("a text"), &m), UNTRUSTED);
	bench_done(&b);
}

/* --- Slots, closer --- */

/* Names that only look like an owner's are nobody's; they are neither listed nor destroyed with his. */
static void test_slots_of_nobody(void **state)
{
	static const char *const names[] = { "owner", "owner.", "ownerx", "application." };
	tw_keystore *k = NULL;
	uint8_t point[TW_POINT_SIZE];
	struct bench b;
	struct tw_message m;
	CHECK_OK(tw_keystore_file(sys, dir.fd, NULL, &k));
	for (size_t i = 0; i < TW_COUNT(names); i++)
		CHECK_OK(tw_keystore_generate(k, names[i], point));
	tw_keystore_close(k);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(ask_slot(&b, TW_WIRE_KEYS_SLOTS, "owner.", &m));
	CHECK_INT(m.payload.size, 0);
	CHECK_OK(ask(&b, TW_WIRE_KEYS_PURGE, NULL, 0, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_DONE);
	bench_done(&b);
	CHECK_OK(tw_keystore_file(sys, dir.fd, NULL, &k));
	for (size_t i = 0; i < TW_COUNT(names); i++)
		CHECK_OK(tw_keystore_point(k, names[i], point));
	tw_keystore_close(k);
}

/* A question that is too short for its point, its digest or its name is refused, also by itself. */
static void test_slot_questions_have_a_size(void **state)
{
	char payload[TW_POINT_SIZE + 32 + 9] = { 4 };
	struct bench b;
	struct tw_message m;
	lay_text(payload + TW_POINT_SIZE + 32, "owner.one");
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	for (size_t n = 0; n < TW_POINT_SIZE + 32; n++) {
		m = (struct tw_message){ .type = TW_WIRE_KEYS_SLOT_SIGN, .payload = { payload, n } };
		CHECK_OK(tw_keys_serve_core(b.keys, b.theirs, &m));
		CHECK_OK(tw_channel_receive(b.mine, &m));
		CHECK_INT(failed_with(&m), TW_CODE_SYNTAX);
	}
	bench_done(&b);
}

static tw_err list_and_sign(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(channel_freep) tw_channel *mine = NULL, *other = NULL;
	uint8_t question[TW_POINT_SIZE + 32 + 9];
	struct tw_message m;
	TW_TRY(ask_over(s, TW_WIRE_KEYS_SLOTS, TW_SLICE("owner."), &m, &mine));
	CHECK_INT(m.payload.size, 2 + 9 + TW_POINT_SIZE);
	CHECK_BYTES(m.payload.at + 2 + 9, user, TW_POINT_SIZE);
	memset(question, 7, sizeof question);
	memcpy(question, user, TW_POINT_SIZE);
	lay_text(question + TW_POINT_SIZE + 32, "owner.one");
	TW_TRY(ask_over(s, TW_WIRE_KEYS_SLOT_SIGN, (struct tw_slice){ (char *)question, sizeof question }, &m, &other));
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	CHECK_OK(tw_key_of_point(sys, user, &key));
	CHECK_OK(tw_key_verify_digest(key, question + TW_POINT_SIZE, (const uint8_t *)m.payload.at));
	return TW_OK;
}

static tw_err tell_state(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(channel_freep) tw_channel *mine = NULL;
	struct tw_message m;
	TW_TRY(ask_over(s, TW_WIRE_KEYS_STATE, TW_SLICE(""), &m, &mine));
	CHECK(memmem(m.payload.at, m.payload.size, "\0\4file", 6) != NULL);
	return TW_OK;
}

static void test_slots_tell_every_failure(void **state)
{
	uint8_t point[TW_POINT_SIZE];
	struct bench b;
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	new_slot(&b, TW_WIRE_KEYS_SLOT_NEW, "owner.one", point);
	bench_done(&b);
	CHECK(told_sweep(ENOMEM, list_and_sign, point, "close unlink pin") > 40);
	CHECK(told_sweep(EIO, list_and_sign, point, "close unlink pin") > 40);
	CHECK(told_sweep(ENOMEM, tell_state, NULL, "close unlink pin") > 20);
}

/* What a rotation that was cut short left is destroyed, and is nobody's new key. */
static void test_rotation_begun_before(void **state)
{
	uint8_t left[TW_POINT_SIZE], old[TW_POINT_SIZE], now[TW_POINT_SIZE];
	tw_keystore *k = NULL;
	struct bench b;
	CHECK_OK(tw_keystore_file(sys, dir.fd, NULL, &k));
	CHECK_OK(tw_keystore_generate(k, "rotating", left));
	CHECK_OK(tw_keystore_generate(k, "owner.one", old));
	tw_keystore_close(k);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	new_slot(&b, TW_WIRE_KEYS_SLOT_ROTATE, "owner.one", now);
	CHECK(memcmp(now, old, sizeof now) != 0 && memcmp(now, left, sizeof now) != 0);
	CHECK_ERR(tw_keystore_point(b.keys->store, "rotating", left), NOTFOUND);
	bench_done(&b);
}

static bool no_second_copy;

static int rename_but_b(const struct tw_sys *s, int from_dir, const char *from, int to_dir, const char *to)
{
	if (!no_second_copy || !strstr(to, ".b"))
		return tw_sys_real()->rename(s, from_dir, from, to_dir, to);
	errno = ENOSPC;
	return -1;
}

/* As long as something that was destroyed lies in a copy that cannot be written, no rotation is begun over it. */
static void test_no_rotation_over_what_is_owed(void **state)
{
	struct tw_sys full = *sys;
	const struct tw_sys *real = sys;
	uint8_t one[TW_POINT_SIZE], now[TW_POINT_SIZE];
	struct bench b;
	struct tw_message m;
	full.rename = rename_but_b;
	sys = &full;
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	new_slot(&b, TW_WIRE_KEYS_SLOT_NEW, "owner.one", one);
	new_slot(&b, TW_WIRE_KEYS_SLOT_NEW, "owner.two", now);
	no_second_copy = true;
	CHECK_OK(ask_slot(&b, TW_WIRE_KEYS_SLOT_REMOVE, "owner.two", &m));
	CHECK_INT(failed_with(&m), TW_CODE_IO);
	CHECK_OK(ask_slot(&b, TW_WIRE_KEYS_SLOT_ROTATE, "owner.one", &m));
	CHECK_INT(failed_with(&m), TW_CODE_IO);
	no_second_copy = false;
	new_slot(&b, TW_WIRE_KEYS_SLOT_POINT, "owner.one", now);
	CHECK_BYTES(now, one, sizeof now);
	bench_done(&b);
	sys = real;
}

/* --- Files that are not as they should be --- */

static void test_bad_files(void **state)
{
	static const struct {
		const char *name, *text;
		enum tw_code code;
	} rows[] = {
		{ TW_KEYS_IDENTITY_KEY, NULL, TW_CODE_NOTFOUND },
		{ TW_KEYS_IDENTITY_KEY, "", TW_CODE_SYNTAX },
		{ TW_KEYS_IDENTITY_CERT, NULL, TW_CODE_NOTFOUND },
		{ TW_KEYS_IDENTITY_CERT, "x", TW_CODE_SYNTAX },
		{ TW_KEYS_LISTENER, NULL, TW_CODE_NOTFOUND },
		{ TW_KEYS_LISTENER, "x", TW_CODE_SYNTAX },
		{ TW_KEYS_SECRET, NULL, TW_CODE_NOTFOUND },
		{ TW_KEYS_SECRET, "", TW_CODE_SYNTAX },
		{ TW_KEYS_SECRET, "0123456789abcde", TW_CODE_SYNTAX },
		{ TW_KEYS_SECRET, "0123456789abcdef0", TW_CODE_SYNTAX },
		{ TW_KEYS_LOG_MASTER, NULL, TW_CODE_NOTFOUND },
		{ TW_KEYS_LOG_MASTER, "short", TW_CODE_SYNTAX },
		{ TW_KEYS_EPOCH, "", TW_CODE_SYNTAX },
		{ TW_KEYS_EPOCH, "5", TW_CODE_SYNTAX },
		{ TW_KEYS_EPOCH, "51", TW_CODE_SYNTAX },
		{ TW_KEYS_EPOCH, "x\n", TW_CODE_SYNTAX },
		{ TW_KEYS_EPOCH, "-1\n", TW_CODE_SYNTAX },
		{ TW_KEYS_EPOCH, "18446744073709551615\n", TW_CODE_LIMIT },
		{ TW_KEYS_EPOCH, "5\n", TW_CODE_OK },
	};
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	tw_buf_init(&b, sys, TW_KEYS_FILE_MAX);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_keys_freep) tw_keys *k = NULL;
		provision();
		if (rows[i].text)
			put(rows[i].name, rows[i].text, strlen(rows[i].text));
		else
			CHECK_OK(tw_durable_remove(sys, dir.fd, rows[i].name));
		tw_err e = tw_keys_open(sys, dir.fd, NULL, NULL, &k);
		if (e.code != rows[i].code)
			fail_msg("%s with \"%s\": %s", rows[i].name, rows[i].text ? rows[i].text : "(none)", tw_code_name(e.code));
	}
	provision(); /* another device's certificate */
	CHECK_OK(tw_cert_pem(ca, &b));
	put(TW_KEYS_IDENTITY_CERT, b.data, b.size);
	tw_keys *k = NULL;
	CHECK_ERR(tw_keys_open(sys, dir.fd, NULL, NULL, &k), UNTRUSTED);
	provision(); /* another listener's certificate */
	TW_CLEANUP(tw_key_freep) tw_key *one = NULL, *two = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *of_one = NULL, *of_two = NULL;
	CHECK_OK(tw_listener_make(sys, &one, &of_one));
	CHECK_OK(tw_listener_make(sys, &two, &of_two));
	tw_buf_clear(&b);
	CHECK_OK(tw_listener_write(one, of_two, &b));
	put(TW_KEYS_LISTENER, b.data, b.size);
	CHECK_ERR(tw_keys_open(sys, dir.fd, NULL, NULL, &k), UNTRUSTED);
	CHECK(k == NULL);
	provision(); /* the last number that is one, and what comes after it is none */
	put(TW_KEYS_EPOCH, "18446744073709551614\n", 21);
	CHECK_OK(tw_keys_open(sys, dir.fd, NULL, NULL, &k));
	tw_keys_free(k);
}

/* --- Faults and power cuts --- */

static tw_err use_all(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_keys_freep) tw_keys *k = NULL;
	return tw_keys_open(s, dir.fd, NULL, NULL, &k);
}

static int no_sync(const struct tw_sys *s, int fd)
{
	errno = EIO;
	return -1;
}

static void test_open_faults(void **state)
{
	(void)oom_sweep_with(EIO, use_all, NULL); /* allocations fail with ENOMEM all the same */
}

/* One change through a role whose n-th call fails; true when something failed. What is there afterwards must open, and be old or new. */
static bool change_with_fault(tw_fake *f, long n, int error_number, uint16_t type, const void *payload, size_t size)
{
	const struct tw_sys *real = sys;
	struct bench b;
	struct tw_message m;
	bool fired;
	sys = tw_fake_sys(f);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(tw_channel_send(b.mine, type, 7, payload, size, NULL, 0));
	CHECK_OK(tw_channel_receive(b.theirs, &m));
	tw_fake_fail(f, n, error_number, false);
	tw_err e = tw_keys_serve_core(b.keys, b.theirs, &m);
	fired = tw_fake_fired(f);
	tw_fake_fail(f, 0, 0, false);
	if (!tw_failed(e))
		CHECK_OK(tw_channel_receive(b.mine, &m));
	if (type == TW_WIRE_KEYS_EPOCH && (tw_failed(e) || m.type == TW_WIRE_KEYS_FAILED) && fired) {
		/* Whatever failed, the number may be used up, but its key is not given out later by the same role. */
		CHECK_OK(ask(&b, type, payload, size, &m));
		CHECK(m.type == TW_WIRE_KEYS_EPOCH_KEY || failed_with(&m) == TW_CODE_STATE);
	}
	bench_done(&b);
	sys = real;
	tw_keys *k = NULL;
	CHECK_OK(tw_keys_open(sys, dir.fd, NULL, NULL, &k));
	tw_keys_free(k);
	return fired;
}

static void test_change_faults(void **state)
{
	static const int errors[] = { ENOMEM, EIO, ENOSPC, EINTR };
	static const uint8_t epoch[8] = { 0, 0, 0, 0, 0, 0, 0, 9 };
	tw_fake *f = tw_fake_new();
	tw_crypto_use(tw_fake_sys(f));
	tw_json_use(tw_fake_sys(f));
	for (size_t i = 0; i < TW_COUNT(errors); i++) {
		for (long n = 1; n == 1 || change_with_fault(f, n - 1, errors[i], TW_WIRE_KEYS_EPOCH, epoch, 8); n++)
			CHECK_OK(tw_durable_remove(sys, dir.fd, TW_KEYS_EPOCH));
		for (long n = 1; change_with_fault(f, n, errors[i], TW_WIRE_KEYS_SECRET_NEW, NULL, 0); n++) {
		}
	}
	for (long n = 1; change_with_fault(f, n, EIO, TW_WIRE_KEYS_LISTENER, "\1", 1); n += 7) { /* 1,400 allocations of OpenSSL among them */
	}
	tw_crypto_use(sys);
	tw_json_use(sys);
	tw_fake_free(f);
}

/* @nist DP.CKM.3: whatever call fails in a rotation, the name has one key, which signs; and the next rotation goes through */
static void test_slot_faults(void **state)
{
	tw_fake *f = tw_fake_new();
	struct bench b;
	struct tw_message m;
	uint8_t point[TW_POINT_SIZE];
	provision();
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	new_slot(&b, TW_WIRE_KEYS_SLOT_NEW, "owner.one", point);
	bench_done(&b);
	tw_crypto_use(tw_fake_sys(f));
	for (long n = 1; change_with_fault(f, n, EIO, TW_WIRE_KEYS_SLOT_ROTATE, "owner.one", 9); n += 3) {
		bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
		new_slot(&b, TW_WIRE_KEYS_SLOT_POINT, "owner.one", point);
		CHECK_OK(ask_slot_sign(&b, "owner.one", point, &m));
		CHECK_INT(m.type, TW_WIRE_KEYS_SIGNED);
		bench_done(&b);
	}
	tw_crypto_use(sys);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	new_slot(&b, TW_WIRE_KEYS_SLOT_ROTATE, "owner.one", point);
	CHECK_OK(ask_slot_sign(&b, "owner.one", point, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_SIGNED);
	CHECK_OK(ask_slot(&b, TW_WIRE_KEYS_SLOTS, "owner.", &m));
	CHECK_INT(m.payload.size, 2 + strlen("owner.one") + TW_POINT_SIZE);
	bench_done(&b);
	tw_fake_free(f);
}

static void check_after_cut(tw_fake *f, size_t point, struct test_dir *there)
{
	struct test_dir mine = dir;
	TW_CLEANUP(tw_keys_freep) tw_keys *k = NULL;
	struct bench b;
	struct tw_message m;
	dir = *there;
	CHECK_OK(tw_keys_open(sys, dir.fd, NULL, NULL, &k)); /* pair, secret and epoch are whole */
	uint64_t acked = tw_fake_acked(f, point);
	if (acked) {
		bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
		CHECK_OK(ask_epoch(&b, TW_WIRE_KEYS_EPOCH, acked, &m)); /* given out before the cut: never again */
		CHECK_INT(failed_with(&m), TW_CODE_STATE);
		bench_done(&b);
	}
	dir = mine;
}

static void test_power_cuts(void **state)
{
	tw_fake *f = tw_fake_new();
	const struct tw_sys *real = sys;
	struct test_dir there = test_dir_new();
	struct bench b;
	struct tw_message m;
	sys = tw_fake_sys(f);
	tw_fake_record(f, dir.path);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	for (uint64_t n = 1; n <= 3; n++) {
		CHECK_OK(ask_epoch(&b, TW_WIRE_KEYS_EPOCH, n, &m));
		tw_fake_mark(f, n);
		CHECK_OK(ask(&b, TW_WIRE_KEYS_LISTENER, "\1", 1, &m));
		CHECK_OK(ask(&b, TW_WIRE_KEYS_SECRET_NEW, NULL, 0, &m));
	}
	bench_done(&b);
	sys = real;
	size_t states = 0;
	for (size_t point = 0; point < tw_fake_points(f); point++) {
		for (unsigned variant = 0; variant < 8; variant++, states++) {
			test_dir_empty(&there);
			CHECK_OK(tw_fake_rebuild(f, point, variant, there.path));
			check_after_cut(f, point, &there);
		}
	}
	CHECK(states > 100);
	test_dir_done(&there);
	tw_fake_free(f);
}

/* --- Every failure is told --- */

static bool same_bytes(const char *name, struct tw_slice want)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	tw_buf_init(&b, sys, TW_KEYS_FILE_MAX);
	CHECK_OK(tw_durable_read(sys, dir.fd, name, TW_KEYS_FILE_MAX, &b));
	return b.size == want.size && memcmp(b.data, want.at, want.size) == 0;
}

static tw_err new_secret(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(channel_freep) tw_channel *mine = NULL;
	struct tw_message m;
	TW_TRY(ask_over(s, TW_WIRE_KEYS_SECRET_NEW, TW_SLICE(""), &m, &mine));
	CHECK(same_bytes(TW_KEYS_SECRET, m.payload)); /* what is told is what is on disk */
	return TW_OK;
}

static tw_err prove_secret(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(channel_freep) tw_channel *mine = NULL;
	static const struct tw_takeover t = { .challenge = { 1 }, .owner = { 2 } };
	uint8_t message[TW_TAKEOVER_MESSAGE], want[32];
	struct tw_message m;
	tw_takeover_message(&t, message);
	TW_TRY(ask_over(s, TW_WIRE_KEYS_SECRET_MAC, (struct tw_slice){ (char *)message, sizeof message }, &m, &mine));
	CHECK_OK(tw_takeover_proof(&t, (const uint8_t[16]){ 1, 2, 3 }, want));
	CHECK_BYTES(m.payload.at, want, sizeof want);
	return TW_OK;
}

static tw_err next_epoch(const struct tw_sys *s, void *user)
{
	static const char nine[8] = { 0, 0, 0, 0, 0, 0, 0, 9 };
	TW_CLEANUP(channel_freep) tw_channel *mine = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *master = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *want = NULL;
	struct tw_message m;
	CHECK_OK(tw_durable_remove(sys, dir.fd, TW_KEYS_EPOCH));
	TW_TRY(ask_over(s, TW_WIRE_KEYS_EPOCH, (struct tw_slice){ nine, 8 }, &m, &mine));
	CHECK(same_bytes(TW_KEYS_EPOCH, TW_SLICE("9\n")));
	CHECK_OK(tw_secret_new(sys, (const uint8_t[32]){ 1, 2, 3 }, 32, &master));
	CHECK_OK(tw_hkdf_sha256(master, "thingward-log-epoch-1", nine, 8, 32, sys, &want));
	CHECK_BYTES(m.payload.at, tw_secret_bytes(want), 32);
	return TW_OK;
}

static tw_err next_listener(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(channel_freep) tw_channel *mine = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *told = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *stored = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	uint8_t one[32], two[32];
	struct tw_message m;
	TW_TRY(ask_over(s, TW_WIRE_KEYS_LISTENER, TW_SLICE("\1"), &m, &mine));
	CHECK_OK(tw_cert_load(sys, m.payload, &told));
	tw_buf_init(&b, sys, TW_KEYS_FILE_MAX);
	CHECK_OK(tw_durable_read(sys, dir.fd, TW_KEYS_LISTENER, TW_KEYS_FILE_MAX, &b));
	CHECK_OK(tw_listener_read(sys, tw_buf_slice(&b), &key, &stored));
	CHECK_OK(tw_cert_fingerprint(told, one));
	CHECK_OK(tw_cert_fingerprint(stored, two));
	CHECK_BYTES(one, two, 32);
	return TW_OK;
}

static tw_err sign_statement(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(channel_freep) tw_channel *mine = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct tw_message m;
	tw_buf_init(&text, sys, 8192);
	CHECK_OK(tw_buf_u8(&text, TW_SIGN_STATEMENT));
	CHECK_OK(tw_jws_protected(sys, TW_JWS_STATEMENT, cert, &text));
	CHECK_OK(tw_buf_text(&text, ".e30"));
	TW_TRY(ask_over(s, TW_WIRE_KEYS_SIGN, tw_buf_slice(&text), &m, &mine));
	const struct tw_slice signed_part = { text.data + 1, text.size - 1 };
	CHECK_OK(tw_key_verify(identity, &signed_part, 1, (const uint8_t *)m.payload.at));
	return TW_OK;
}

static tw_err tell_identity(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(channel_freep) tw_channel *mine = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	struct tw_message m;
	TW_TRY(ask_over(s, TW_WIRE_KEYS_IDENTITY, TW_SLICE(""), &m, &mine));
	tw_buf_init(&der, sys, 4096);
	CHECK_OK(tw_cert_der(cert, &der));
	CHECK_INT(m.payload.size, der.size);
	CHECK_BYTES(m.payload.at, der.data, der.size);
	return TW_OK;
}

static void test_every_failure_is_told(void **state)
{
	static tw_err (*const bodies[])(const struct tw_sys *s, void *user) = { prove_secret, new_secret, next_epoch, next_listener,
		sign_statement, tell_identity };
	static const int errors[] = { ENOMEM, EIO };
	for (size_t i = 0; i < TW_COUNT(bodies); i++)
		for (size_t k = 0; k < TW_COUNT(errors); k++)
			CHECK(told_sweep(errors[k], bodies[i], NULL, "close unlink pin") > 20);
	provision();
}

/* A role whose disk fails keeps what it had: the secret, the listener, and a checkpoint's place. */
static void test_what_failed_changed_nothing(void **state)
{
	static const uint16_t types[] = { TW_WIRE_KEYS_SECRET_NEW, TW_WIRE_KEYS_LISTENER };
	struct tw_takeover t = { .challenge = { 1 }, .owner = { 2 } };
	uint8_t message[TW_TAKEOVER_MESSAGE], before[32], now[32], want[32];
	struct tw_sys failing = *sys;
	const struct tw_sys *real = sys;
	struct bench b;
	struct tw_message m;
	tw_takeover_message(&t, message);
	CHECK_OK(tw_takeover_proof(&t, (const uint8_t[16]){ 1, 2, 3 }, want));
	sys = &failing;
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(ask(&b, TW_WIRE_KEYS_LISTENER, NULL, 0, &m));
	CHECK_OK(tw_sha256(m.payload.at, m.payload.size, before));
	failing.fsync = no_sync;
	for (size_t i = 0; i < TW_COUNT(types); i++) {
		CHECK_OK(ask(&b, types[i], "\1", i, &m));
		CHECK_INT(failed_with(&m), TW_CODE_IO);
	}
	failing.fsync = real->fsync;
	CHECK_OK(ask(&b, TW_WIRE_KEYS_LISTENER, NULL, 0, &m));
	CHECK_OK(tw_sha256(m.payload.at, m.payload.size, now));
	CHECK_BYTES(now, before, 32);
	CHECK_OK(ask(&b, TW_WIRE_KEYS_SECRET_MAC, message, sizeof message, &m));
	CHECK_BYTES(m.payload.at, want, 32);
	bench_done(&b);
	sys = real;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_epochs), TEST(test_checkpoints), TEST(test_an_epoch_that_could_not_begin), TEST(test_sign_refusals),
	TEST(test_secret), TEST(test_listener), TEST(test_rows), TEST(test_slots), TEST(test_slot_rotation), TEST(test_slot_names),
	TEST(test_purge), TEST(test_front), TEST(test_bad_files), TEST(test_open_faults), TEST(test_change_faults),
	TEST(test_slot_faults), TEST(test_every_failure_is_told), TEST(test_what_failed_changed_nothing), TEST(test_power_cuts),
	TEST(test_sealing), TEST(test_slots_of_nobody), TEST(test_slot_questions_have_a_size), TEST(test_slots_tell_every_failure),
	TEST(test_rotation_begun_before), TEST(test_no_rotation_over_what_is_owed))
