/* SPDX-License-Identifier: Apache-2.0 */
/* From the workshop's plain files into the keystore, and the rotation of its storage key: with a fault or a cut at any moment. */
#include "service/keys/test-keys.h"

#include "base/text.h"
#include "spill.h"

static tw_err adopt(struct bench *b)
{
	struct tw_message m;
	TW_TRY(ask(b, TW_WIRE_KEYS_ADOPT, NULL, 0, &m));
	return m.type == TW_WIRE_KEYS_DONE ? TW_OK : TW_RAISE(IO, "code %u", (uint8_t)m.payload.at[0]);
}

/* What the role does with each of its secrets, so that two layouts can be compared. */
struct effects {
	uint8_t listener[32], mac[32], epoch[32];
};

static void effects_of(struct effects *ret)
{
	struct bench b;
	struct tw_message m;
	struct tw_takeover t = { .challenge = { 1 }, .owner = { 2 } };
	uint8_t message[TW_TAKEOVER_MESSAGE];
	TW_CLEANUP(tw_buf_done) struct tw_buf head = { 0 };
	tw_buf_init(&head, sys, 8192);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	tw_takeover_message(&t, message);
	CHECK_OK(ask(&b, TW_WIRE_KEYS_SECRET_MAC, message, sizeof message, &m));
	memcpy(ret->mac, m.payload.at, 32);
	CHECK_OK(ask(&b, TW_WIRE_KEYS_LISTENER, NULL, 0, &m));
	CHECK_OK(tw_sha256(m.payload.at, m.payload.size, ret->listener));
	CHECK_OK(ask_epoch(&b, TW_WIRE_KEYS_OLD_EPOCH, 1, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_EPOCH_KEY);
	memcpy(ret->epoch, m.payload.at, 32);
	CHECK_OK(tw_jws_protected(sys, TW_JWS_STATEMENT, cert, &head));
	CHECK_OK(tw_buf_text(&head, ".e30"));
	CHECK_OK(ask_sign(&b, TW_SIGN_STATEMENT, tw_buf_slice(&head), &m)); /* with the key of the certificate */
	CHECK_OK(tw_key_verify(identity, &(struct tw_slice){ head.data, head.size }, 1, (const uint8_t *)m.payload.at));
	bench_done(&b);
}

/* Whether any file has these bytes in it. */
static bool lies_there(const void *bytes, size_t size)
{
	bool found = false;
	DIR *list = opendir(dir.path);
	CHECK(list != NULL);
	for (struct dirent *e = readdir(list); e; e = readdir(list)) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		tw_buf_init(&b, sys, 1 << 20);
		if (e->d_name[0] != '.' && !tw_failed(tw_durable_read(sys, dir.fd, e->d_name, b.max, &b)))
			found = found || (b.size && memmem(b.data, b.size, bytes, size));
	}
	closedir(list);
	return found;
}

static void scalar_of(const tw_key *key, struct tw_buf *pem, uint8_t ret[32])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf line = { 0 };
	uint8_t der[200];
	size_t size = 0;
	tw_buf_init(&line, sys, 400);
	CHECK_OK(tw_key_save(key, pem));
	for (const char *at = strchr(tw_buf_cstr(pem), '\n'); *at && *at != '-'; at++) {
		if (*at != '\n')
			CHECK_OK(tw_buf_u8(&line, (uint8_t)*at));
	}
	CHECK_OK(tw_parse_base64(tw_buf_slice(&line), sizeof der, der, &size));
	CHECK_INT(size, 138);
	memcpy(ret, der + 36, 32);
}

/* @nist DP.CKM.2: after the take-over no file has a scalar or a secret in it, and everything works as before */
static void test_adopt(void **state)
{
	struct bench b;
	struct effects before, after;
	struct tw_message m;
	TW_CLEANUP(tw_buf_wipe) struct tw_buf pem = { 0 }, listener = { 0 };
	uint8_t scalar[32];
	tw_buf_init(&pem, sys, 8192);
	tw_buf_init(&listener, sys, 8192);
	put(TW_KEYS_EPOCH, "4\n", 2);
	scalar_of(identity, &pem, scalar);
	CHECK_OK(tw_durable_read(sys, dir.fd, TW_KEYS_LISTENER, 8192, &listener));
	effects_of(&before);
	CHECK(lies_there(pem.data + 40, 64)); /* what is looked for is found when it is there */
	put("planted", scalar, sizeof scalar);
	CHECK(lies_there(scalar, sizeof scalar));
	CHECK_OK(tw_durable_destroy(sys, dir.fd, "planted"));
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(ask(&b, TW_WIRE_KEYS_STATE, NULL, 0, &m));
	CHECK(m.payload.at[0] & TW_KEYSTORE_PLAIN);
	CHECK_OK(adopt(&b));
	CHECK_OK(adopt(&b)); /* again is nothing */
	CHECK_OK(ask(&b, TW_WIRE_KEYS_STATE, NULL, 0, &m));
	CHECK(!(m.payload.at[0] & TW_KEYSTORE_PLAIN));
	bench_done(&b);
	effects_of(&after);
	CHECK_BYTES(&after, &before, sizeof before);
	CHECK(!lies_there(scalar, sizeof scalar) && !lies_there(pem.data + 40, 64));
	CHECK(!lies_there(listener.data + 40, 64));
	CHECK(!lies_there((const uint8_t[16]){ 1, 2, 3 }, 16));
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys); /* what is written from now on is sealed too */
	CHECK_OK(ask(&b, TW_WIRE_KEYS_SECRET_NEW, NULL, 0, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_SECRET_IS);
	CHECK(!lies_there(m.payload.at, 16));
	CHECK_OK(ask(&b, TW_WIRE_KEYS_LISTENER, "\1", 1, &m));
	CHECK(!lies_there("PRIVATE", 7));
	bench_done(&b);
	put_unit(); /* files that a workshop puts there anew count, whatever the keystore still has */
	effects_of(&after);
	CHECK(memcmp(after.mac, before.mac, 32) == 0);
}

static void adopt_cut(tw_fake *f, struct test_dir *there, const struct effects *before)
{
	struct test_dir mine = dir;
	for (size_t point = 0; point < tw_fake_points(f); point++) {
		for (unsigned variant = 0; variant < 4; variant++) {
			struct effects after;
			struct bench b;
			dir = *there;
			test_dir_empty(&dir);
			CHECK_OK(tw_fake_rebuild(f, point, variant, dir.path));
			effects_of(&after);
			CHECK_BYTES(&after, before, sizeof after);
			bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
			CHECK_OK(adopt(&b)); /* the next confirmed boot goes on with it */
			bench_done(&b);
			effects_of(&after);
			CHECK_BYTES(&after, before, sizeof after);
			CHECK(!lies_there("PRIVATE", 7) && !lies_there((const uint8_t[16]){ 1, 2, 3 }, 16));
			dir = mine;
		}
	}
}

/* @nist DP.CKM.2: a cut anywhere in the take-over leaves one layout that is whole, and it is finished later */
static void test_adopt_cuts(void **state)
{
	tw_fake *f = tw_fake_new();
	const struct tw_sys *real = sys;
	struct test_dir there = test_dir_new();
	struct effects before;
	struct bench b;
	put(TW_KEYS_EPOCH, "4\n", 2);
	effects_of(&before);
	tw_fake_record(f, dir.path);
	sys = tw_fake_sys(f);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(adopt(&b));
	bench_done(&b);
	sys = real;
	CHECK(tw_fake_points(f) > 30);
	adopt_cut(f, &there, &before);
	test_dir_done(&there);
	tw_fake_free(f);
}

/* @nist DP.CKM.2: whatever call fails, all of it works on in one layout, and trying again finishes it; changes in between are kept */
static void test_adopt_faults(void **state)
{
	static const int errors[] = { EIO, ENOSPC };
	tw_fake *f = tw_fake_new();
	const struct tw_sys *real = sys;
	bool fired = true;
	for (size_t i = 0; i < TW_COUNT(errors); i++) {
		for (long n = 1; n == 1 || fired; n += 3) {
			struct effects before, after;
			struct bench b;
			struct tw_message m;
			provision();
			put(TW_KEYS_EPOCH, "4\n", 2);
			sys = tw_fake_sys(f);
			bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
			CHECK_OK(tw_channel_send(b.mine, TW_WIRE_KEYS_ADOPT, 7, NULL, 0, NULL, 0));
			CHECK_OK(tw_channel_receive(b.theirs, &m));
			tw_fake_fail(f, n, errors[i], false);
			tw_err e = tw_keys_serve_core(b.keys, b.theirs, &m);
			fired = tw_fake_fired(f);
			tw_fake_fail(f, 0, 0, false);
			if (!tw_failed(e))
				CHECK_OK(tw_channel_receive(b.mine, &m));
			CHECK(fired || m.type == TW_WIRE_KEYS_DONE);
			CHECK_OK(ask(&b, TW_WIRE_KEYS_SECRET_NEW, NULL, 0, &m));
			CHECK_INT(m.type, TW_WIRE_KEYS_SECRET_IS);
			bench_done(&b);
			sys = real;
			effects_of(&before); /* as the next start finds it */
			bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
			CHECK_OK(adopt(&b));
			bench_done(&b);
			effects_of(&after);
			CHECK_BYTES(&after, &before, sizeof after);
			CHECK(!lies_there("PRIVATE", 7));
		}
	}
	tw_fake_free(f);
}

static tw_err rotate_store(struct bench *b)
{
	struct tw_message m;
	TW_TRY(ask(b, TW_WIRE_KEYS_STORE_ROTATE, NULL, 0, &m));
	return m.type == TW_WIRE_KEYS_DONE ? TW_OK : TW_RAISE(IO, "code %u", (uint8_t)m.payload.at[0]);
}

static void generations(struct bench *b, uint32_t *ret_newest, uint32_t *ret_oldest)
{
	struct tw_message m;
	CHECK_OK(ask(b, TW_WIRE_KEYS_STATE, NULL, 0, &m));
	const uint8_t *at = (const uint8_t *)m.payload.at;
	*ret_newest = at[4];
	*ret_oldest = at[8];
}

/* @nist DP.CKM.3: cut anywhere in the rotation of the storage key, everything is there, and the next start has one generation */
static void test_store_rotation(void **state)
{
	tw_fake *f = tw_fake_new();
	const struct tw_sys *real = sys;
	struct test_dir there = test_dir_new(), mine;
	struct effects before, after;
	struct bench b;
	uint32_t newest, oldest;
	put(TW_KEYS_EPOCH, "4\n", 2);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(adopt(&b));
	bench_done(&b);
	effects_of(&before);
	tw_fake_record(f, dir.path);
	sys = tw_fake_sys(f);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(rotate_store(&b));
	tw_fake_mark(f, 2);
	generations(&b, &newest, &oldest);
	CHECK(newest == 2 && oldest == 2);
	bench_done(&b);
	sys = real;
	mine = dir;
	for (size_t point = 0; point < tw_fake_points(f); point++) {
		for (unsigned variant = 0; variant < 4; variant++) {
			dir = there;
			test_dir_empty(&dir);
			CHECK_OK(tw_fake_rebuild(f, point, variant, dir.path));
			effects_of(&after);
			CHECK_BYTES(&after, &before, sizeof after);
			bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
			generations(&b, &newest, &oldest);
			CHECK(newest == oldest && (newest == 2 || (newest == 1 && tw_fake_acked(f, point) == 0)));
			CHECK_OK(rotate_store(&b));
			bench_done(&b);
			dir = mine;
		}
	}
	effects_of(&after);
	CHECK_BYTES(&after, &before, sizeof after);
	test_dir_done(&there);
	tw_fake_free(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_adopt), TEST(test_adopt_cuts), TEST(test_adopt_faults), TEST(test_store_rotation))
