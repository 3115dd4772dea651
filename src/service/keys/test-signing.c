/* SPDX-License-Identifier: Apache-2.0 */
/* The purpose of a signature that core asks for, held against the bytes: reports; what the role tries of itself; sealing; the listener's key. */
#include "formats/cose.h"
#include "formats/journal.h"
#include "formats/report.h"
#include "service/fetch/fetch-wire.h"
#include "service/keys/test-keys.h"
#include "sys/durable.h"
#include "lay.h"

/* @nist DI.IMS.2: of reports too, envelope and form are this device's, or nothing is signed */
static void test_report_refusals(void **state)
{
	static const char *const typs[] = { TW_REPORT_CWT_TYP, "application/eat+cwt" };
	const struct tw_cert *const certs[] = { cert, ca };
	struct bench b;
	struct tw_message m;
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	for (int i = 0; i < 8; i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf p = { 0 };
		const char *payload = i & 4 ? "\x41\x20" : "\x42\x20\x20"; /* one item; or two, which are no document */
		tw_buf_init(&p, sys, 8192);
		CHECK_OK(tw_cose_signed_head(sys, typs[i & 1], certs[i >> 1 & 1], &p));
		CHECK_OK(tw_buf_text(&p, payload));
		if (i != 4) {
			CHECK_ERR(ask_sign(&b, TW_SIGN_REPORT, tw_buf_slice(&p), &m), UNTRUSTED);
			continue;
		}
		CHECK_OK(ask_sign(&b, TW_SIGN_REPORT, tw_buf_slice(&p), &m));
		CHECK_OK(tw_key_verify(identity, &(struct tw_slice){ p.data, p.size }, 1, (const uint8_t *)m.payload.at));
		for (unsigned purpose = 0; purpose < 256; purpose++)
			if (purpose != TW_SIGN_REPORT)
				CHECK_ERR(ask_sign(&b, (uint8_t)purpose, tw_buf_slice(&p), &m), UNTRUSTED);
		CHECK_ERR(ask_sign(&b, TW_SIGN_REPORT, (struct tw_slice){ p.data, p.size - 1 }, &m), UNTRUSTED);
		CHECK_OK(tw_buf_u8(&p, 0x20));
		CHECK_ERR(ask_sign(&b, TW_SIGN_REPORT, tw_buf_slice(&p), &m), UNTRUSTED);
	}
	for (int i = 0; i < 4; i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf p = { 0 };
		tw_buf_init(&p, sys, 8192);
		CHECK_OK(tw_jws_protected(sys, i & 1 ? TW_REPORT_JWT_TYP : TW_JWS_STATEMENT, cert, &p));
		CHECK_OK(tw_buf_text(&p, i & 2 ? ".e30" : ".e30."));
		if (i == 3)
			CHECK_OK(ask_sign(&b, TW_SIGN_REPORT, tw_buf_slice(&p), &m));
		else
			CHECK_ERR(ask_sign(&b, TW_SIGN_REPORT, tw_buf_slice(&p), &m), UNTRUSTED);
	}
	bench_done(&b);
}

/* @nist DI.IMS.2: of handshakes the client's alone, in TLS 1.3, and under this purpose only */
static void test_handshake_refusals(void **state)
{
	static const char context[] = "TLS 1.3, client CertificateVerify";
	char text[TW_FETCH_SIGN_MAX + 1];
	struct tw_slice whole = { text, TW_FETCH_SIGN_MIN };
	struct bench b;
	struct tw_message m;
	memset(text, ' ', 64);
	memset(text + 64, 0x5a, sizeof text - 64);
	memcpy(text + 64, context, sizeof context);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	for (unsigned purpose = 0; purpose < 256; purpose++)
		if (purpose != TW_SIGN_TLS_CLIENT)
			CHECK_ERR(ask_sign(&b, (uint8_t)purpose, whole, &m), UNTRUSTED);
	for (size_t size = 1; size < sizeof text; size++) {
		tw_err e = ask_sign(&b, TW_SIGN_TLS_CLIENT, (struct tw_slice){ text, size }, &m);
		if (size != TW_FETCH_SIGN_MIN && size != TW_FETCH_SIGN_MAX) {
			CHECK_ERR(e, UNTRUSTED);
			continue;
		}
		CHECK_OK(e);
		CHECK_OK(tw_key_verify(identity, &(struct tw_slice){ text, size }, 1, (const uint8_t *)m.payload.at));
	}
	lay_text(text + 64, "TLS 1.3, server");
	CHECK_ERR(ask_sign(&b, TW_SIGN_TLS_CLIENT, whole, &m), UNTRUSTED);
	memcpy(text + 64, context, sizeof context);
	text[0] = 'x';
	CHECK_ERR(ask_sign(&b, TW_SIGN_TLS_CLIENT, whole, &m), UNTRUSTED);
	bench_done(&b);
}

static tw_err ask_try(struct bench *b, uint8_t measure, const char *name, struct tw_message *m)
{
	uint8_t payload[1 + TW_ALGORITHM_NAME_MAX] = { measure };
	lay_text(payload + 1, name);
	return ask(b, TW_WIRE_KEYS_TRY, payload, 1 + strlen(name), m);
}

/* Only what this role uses, and a rate only of what is measured. */
static void check_try(struct bench *b, uint8_t measure, const struct tw_algorithm *row)
{
	static const uint8_t zero[8];
	struct tw_message m;
	if (!row->in_keys || measure > 1) {
		CHECK_ERR(ask_try(b, measure, row->name, &m), UNTRUSTED);
		return;
	}
	CHECK_OK(ask_try(b, measure, row->name, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_TRIED);
	CHECK(measure == (memcmp(m.payload.at, zero, sizeof zero) != 0));
}

/* @nist DP.CCS.1: what this role uses it tries itself, and nothing else */
static void test_algorithms(void **state)
{
	struct bench b;
	struct tw_message m;
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	for (const struct tw_algorithm *row = tw_algorithms; row->name; row++)
		for (uint8_t measure = 0; measure < 3; measure++)
			check_try(&b, measure, row);
	CHECK_ERR(ask_try(&b, 0, "md5", &m), UNTRUSTED);
	CHECK_ERR(ask_try(&b, 0, "", &m), UNTRUSTED);
	CHECK_ERR(ask(&b, TW_WIRE_KEYS_TRY, "\0longer-than-any-algorithm", 26, &m), UNTRUSTED);
	bench_done(&b);
}

static tw_err ask_sealing(struct bench *b, uint16_t type, const char *whose, const char *text, size_t size, struct tw_message *m)
{
	uint8_t payload[256] = { 0, (uint8_t)strlen(whose) };
	lay_text(payload + 2, whose);
	memcpy(payload + 2 + strlen(whose), text, size);
	return ask(b, type, payload, 2 + strlen(whose) + size, m);
}

/* @nist DP.CCS.5: for whom it was sealed, and unchanged */
static void test_sealing(void **state)
{
	struct bench b;
	struct tw_message m;
	char sealed[64];
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(ask_sealing(&b, TW_WIRE_KEYS_SEAL, "1 owner:alice", "text", 4, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_SEALED);
	CHECK_INT(m.payload.size, 4 + 28);
	memcpy(sealed, m.payload.at, 32);
	CHECK_OK(ask_sealing(&b, TW_WIRE_KEYS_UNSEAL, "1 owner:alice", sealed, 32, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_UNSEALED);
	CHECK_INT(m.payload.size, 4);
	CHECK_BYTES(m.payload.at, "text", 4);
	static const char *const others[] = { "", "2 owner:alice", "1 owner:alic", "1 owner:alice ", "1 owner:bob" };
	for (size_t i = 0; i < TW_COUNT(others); i++) {
		CHECK_OK(ask_sealing(&b, TW_WIRE_KEYS_UNSEAL, others[i], sealed, 32, &m));
		CHECK_INT(failed_with(&m), TW_CODE_SYNTAX);
	}
	for (size_t bit = 0; bit < (size_t)8 * 32; bit++) {
		sealed[bit / 8] = (char)(sealed[bit / 8] ^ (1 << bit % 8));
		CHECK_OK(ask_sealing(&b, TW_WIRE_KEYS_UNSEAL, "1 owner:alice", sealed, 32, &m));
		CHECK_INT(failed_with(&m), TW_CODE_SYNTAX);
		sealed[bit / 8] = (char)(sealed[bit / 8] ^ (1 << bit % 8));
	}
	CHECK_ERR(ask(&b, TW_WIRE_KEYS_SEAL, "\0\377x", 3, &m), UNTRUSTED);
	bench_done(&b);
}

static tw_err ask_journal(struct bench *b, uint8_t first, uint64_t size, struct tw_message *m)
{
	struct tw_journal_head h = { .size = size };
	TW_CLEANUP(tw_buf_done) struct tw_buf message = { 0 };

	tw_buf_init(&message, sys, TW_JOURNAL_MESSAGE);
	CHECK_OK(tw_cert_fingerprint(cert, h.service));
	h.service[0] ^= first;
	CHECK_OK(tw_journal_message(&h, &message));
	return ask_sign(b, TW_SIGN_JOURNAL, tw_buf_slice(&message), m);
}

static void test_heads_of_a_journal(void **state)
{
	struct bench b;
	struct tw_message m;

	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(ask_journal(&b, 0, 5, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_SIGNED);
	CHECK_OK(ask_journal(&b, 0, 5, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_SIGNED);
	CHECK_OK(ask_journal(&b, 0, 4, &m)); /* some of it is gone */
	CHECK_INT(failed_with(&m), TW_CODE_DENIED);
	CHECK_ERR(ask_journal(&b, 1, 6, &m), UNTRUSTED);
	CHECK_ERR(ask_sign(&b, TW_SIGN_JOURNAL, TW_SLICE("thingward-case-journal-1"), &m), UNTRUSTED);
	bench_done(&b);
}

/* Put there by somebody else: taken when it is a pair, and a handshake that began before ends under the old key. */
static void test_listener_read_again(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *old = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *fresh = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *fresh_cert = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *shown = NULL;
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	uint8_t ask_for[64] = { 7 }, raw[TW_SIGNATURE_SIZE];
	struct bench c, f = { 0 };
	struct tw_message m;
	int pair[2];

	bench_init(&c, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(ask(&c, TW_WIRE_KEYS_LISTENER, NULL, 0, &m));
	CHECK_OK(tw_cert_load(sys, m.payload, &shown));
	CHECK_OK(tw_cert_key(shown, &old));
	CHECK_OK(tw_durable_replace(sys, dir.fd, TW_KEYS_LISTENER, "torn", 4, 0600));
	CHECK_OK(ask(&c, TW_WIRE_KEYS_LISTENER, "\2", 1, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_FAILED);
	CHECK_OK(tw_listener_make(sys, &fresh, &fresh_cert));
	tw_buf_init(&b, sys, TW_KEYS_FILE_MAX);
	CHECK_OK(tw_listener_write(fresh, fresh_cert, &b));
	CHECK_OK(tw_durable_replace(sys, dir.fd, TW_KEYS_LISTENER, b.data, b.size, 0600));
	CHECK_OK(ask(&c, TW_WIRE_KEYS_LISTENER, "\2", 1, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_LISTENER_CERT);
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	CHECK_OK(tw_channel_new(sys, pair[0], tw_rows_front_from_keys, &f.mine));
	CHECK_OK(tw_channel_new(sys, pair[1], tw_rows_keys_from_front, &f.theirs));
	const tw_key *const meant[] = { old, fresh };
	for (size_t i = 0; i < TW_COUNT(meant); i++) {
		CHECK_OK(tw_key_fingerprint(meant[i], ask_for + 32));
		CHECK_OK(tw_channel_send(f.mine, TW_WIRE_TLS_SIGN, 1, ask_for, sizeof ask_for, NULL, 0));
		CHECK_OK(tw_channel_receive(f.theirs, &m));
		CHECK_OK(tw_keys_serve_front(c.keys, f.theirs, &m));
		CHECK_OK(tw_channel_receive(f.mine, &m));
		CHECK_OK(tw_signature_of_der(m.payload, raw));
		CHECK_OK(tw_key_verify_digest(meant[i], ask_for, raw));
	}
	(void)tw_channel_free(f.mine);
	(void)tw_channel_free(f.theirs);
	bench_done(&c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_report_refusals), TEST(test_handshake_refusals), TEST(test_heads_of_a_journal), TEST(test_algorithms),
	TEST(test_sealing), TEST(test_listener_read_again))
