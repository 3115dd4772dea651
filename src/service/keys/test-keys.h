/* SPDX-License-Identifier: Apache-2.0 */
/* A provisioned directory of keys and the role over it, asked by a channel in one process: what the tests of the role share. */
#ifndef TW_SERVICE_TEST_KEYS_H
#define TW_SERVICE_TEST_KEYS_H
#include "service/keys/keys-inside.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/selftest.h"
#include "formats/auditlog.h"
#include "formats/statement.h"
#include "formats/takeover.h"
#include "service/test-dir.h"
#include "sys/durable.h"
#include "oom.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define NOW 1790000000000
#define ID "urn:dev:ops:32473-T.1-0001"

static const struct tw_sys *sys;
static struct test_dir dir;
static tw_key *identity, *ca_key;
static tw_cert *cert, *ca;

static inline void put(const char *name, const void *data, size_t size)
{
	CHECK_OK(tw_durable_replace(sys, dir.fd, name, data, size, 0600));
}

/* What `thingward provision` leaves. */
static inline void put_unit(void)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *listener = NULL;
	uint8_t secret[32] = { 1, 2, 3 };
	tw_buf_init(&b, sys, TW_KEYS_FILE_MAX);
	CHECK_OK(tw_key_save(identity, &b));
	put(TW_KEYS_IDENTITY_KEY, b.data, b.size);
	tw_buf_clear(&b);
	CHECK_OK(tw_cert_pem(cert, &b));
	put(TW_KEYS_IDENTITY_CERT, b.data, b.size);
	tw_buf_clear(&b);
	CHECK_OK(tw_listener_make(sys, &key, &listener));
	CHECK_OK(tw_listener_write(key, listener, &b));
	put(TW_KEYS_LISTENER, b.data, b.size);
	put(TW_KEYS_SECRET, secret, 16);
	put(TW_KEYS_LOG_MASTER, secret, 32);
}

static inline void provision(void)
{
	test_dir_empty(&dir);
	put_unit();
}

static inline int set_up(void **state)
{
	const struct tw_cert_want ca_want = { .common_name = "CA", .is_ca = true, .not_before_ms = 1 };
	const struct tw_cert_want want = { .common_name = "T-1", .uri = ID, .is_client = true, .not_before_ms = 1 };
	sys = tw_sys_real();
	tw_crypto_use(sys);
	tw_json_use(sys);
	dir = test_dir_new();
	CHECK_OK(tw_key_generate(sys, &ca_key));
	CHECK_OK(tw_key_generate(sys, &identity));
	CHECK_OK(tw_cert_make(sys, &ca_want, ca_key, NULL, ca_key, &ca));
	CHECK_OK(tw_cert_make(sys, &want, identity, ca, ca_key, &cert));
	provision();
	return 0;
}

static inline int tear_down(void **state)
{
	test_dir_done(&dir);
	ca = tw_cert_free(ca);
	cert = tw_cert_free(cert);
	ca_key = tw_key_free(ca_key);
	identity = tw_key_free(identity);
	return 0;
}

/* --- One process: the role's functions between two ends of a channel --- */

struct bench {
	tw_keys *keys;
	tw_channel *mine, *theirs;
};

static inline void bench_init(struct bench *b, const struct tw_channel_row *to_keys, const struct tw_channel_row *from_keys)
{
	int pair[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	*b = (struct bench){ 0 };
	CHECK_OK(tw_keys_open(sys, dir.fd, NULL, NULL, &b->keys));
	CHECK_OK(tw_channel_new(sys, pair[0], from_keys, &b->mine));
	CHECK_OK(tw_channel_new(sys, pair[1], to_keys, &b->theirs));
}

static inline void bench_done(struct bench *b)
{
	tw_keys_free(b->keys);
	tw_channel_free(b->mine);
	tw_channel_free(b->theirs);
}

/* Asks as core; what serving returned. On OK, m is the answer. */
static inline tw_err ask(struct bench *b, uint16_t type, const void *payload, size_t size, struct tw_message *m)
{
	CHECK_OK(tw_channel_send(b->mine, type, 7, payload, size, NULL, 0));
	TW_TRY(tw_channel_receive(b->theirs, m));
	TW_TRY(tw_keys_serve_core(b->keys, b->theirs, m));
	CHECK_OK(tw_channel_receive(b->mine, m));
	CHECK_INT(m->tag, 7);
	return TW_OK;
}

static inline enum tw_code failed_with(const struct tw_message *m)
{
	CHECK_INT(m->type, TW_WIRE_KEYS_FAILED);
	return (enum tw_code)(uint8_t)m->payload.at[0];
}

static inline tw_err ask_epoch(struct bench *b, uint16_t type, uint64_t epoch, struct tw_message *m)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf n = { 0 };
	tw_buf_init(&n, sys, 8);
	CHECK_OK(tw_buf_u64(&n, epoch));
	return ask(b, type, n.data, n.size, m);
}

static inline tw_err ask_sign(struct bench *b, uint8_t purpose, struct tw_slice message, struct tw_message *m)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf p = { 0 };
	tw_buf_init(&p, sys, TW_CHANNEL_MAX);
	CHECK_OK(tw_buf_u8(&p, purpose));
	CHECK_OK(tw_buf_add(&p, message.at, message.size));
	return ask(b, TW_WIRE_KEYS_SIGN, p.data, p.size, m);
}

static inline void channel_freep(tw_channel **c)
{
	*c = tw_channel_free(*c);
}

/* One request to a role over a system that may fail. Its answer, or why there is none. */
static inline tw_err ask_over(const struct tw_sys *s, uint16_t type, struct tw_slice payload, struct tw_message *m, tw_channel **ret)
{
	TW_CLEANUP(tw_keys_freep) tw_keys *k = NULL;
	TW_CLEANUP(channel_freep) tw_channel *theirs = NULL;
	int pair[2];
	tw_err e = tw_keys_open(s, dir.fd, NULL, NULL, &k);
	CHECK(tw_failed(e) == (k == NULL));
	TW_TRY(e);
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	CHECK_OK(tw_channel_new(sys, pair[0], tw_rows_core_from_keys, ret));
	e = tw_channel_new(s, pair[1], tw_rows_keys_from_core, &theirs);
	if (tw_failed(e))
		close(pair[1]);
	TW_TRY(e);
	CHECK_OK(tw_channel_send(*ret, type, 7, payload.at, payload.size, NULL, 0));
	TW_TRY(tw_channel_receive(theirs, m));
	TW_TRY(tw_keys_serve_core(k, theirs, m));
	CHECK_OK(tw_channel_receive(*ret, m));
	if (m->type == TW_WIRE_KEYS_FAILED)
		return tw_raise(failed_with(m), __func__, __LINE__, "%.*s", (int)m->payload.size - 1, m->payload.at + 1);
	struct tw_keystore_state state = { 0 };
	if (k->store)
		CHECK_OK(tw_keystore_state(k->store, &state));
	return state.single ? TW_RAISE(IO, "in one copy only") : TW_OK;
}
#endif
