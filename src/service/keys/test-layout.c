/* SPDX-License-Identifier: Apache-2.0 */
/* From the workshop's plain files into the keystore, and the rotation of its storage key: with a fault or a cut at any moment. */
#include "service/keys/test-keys.h"

#include "base/text.h"

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

/* The next start proves with this secret. */
static void check_proves(const uint8_t secret[16])
{
	const struct tw_takeover t = { .challenge = { 1 }, .owner = { 2 } };
	uint8_t message[TW_TAKEOVER_MESSAGE], want[32];
	struct bench b;
	struct tw_message m;
	tw_takeover_message(&t, message);
	CHECK_OK(tw_takeover_proof(&t, secret, want));
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(ask(&b, TW_WIRE_KEYS_SECRET_MAC, message, sizeof message, &m));
	CHECK_BYTES(m.payload.at, want, sizeof want);
	bench_done(&b);
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
	uint8_t scalar[32], fresh[16];
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
	memcpy(fresh, m.payload.at, sizeof fresh);
	CHECK_OK(ask(&b, TW_WIRE_KEYS_LISTENER, "\1", 1, &m));
	CHECK(!lies_there("PRIVATE", 7));
	bench_done(&b);
	check_proves(fresh);
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

static bool there(const char *name)
{
	return faccessat(dir.fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool any_plain(void)
{
	return there(TW_KEYS_IDENTITY_KEY) || there("identity.gone") || there(TW_KEYS_LISTENER) || there(TW_KEYS_SECRET) ||
		there(TW_KEYS_LOG_MASTER);
}

/* Done means: no plain file, and each secret sealed under the newest generation. */
static void check_adopted(uint32_t generation)
{
	static const char *const sealed[] = { "listener.sealed", "takeover.sealed", "log.sealed" };
	CHECK(!any_plain());
	for (size_t i = 0; i < TW_COUNT(sealed); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		tw_buf_init(&b, sys, TW_KEYS_FILE_MAX);
		CHECK_OK(tw_durable_read(sys, dir.fd, sealed[i], b.max, &b));
		CHECK_INT(tw_keystore_sealed_generation(tw_buf_slice(&b)), generation);
	}
}

static tw_err adopt_over(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(channel_freep) tw_channel *mine = NULL;
	struct tw_message m;
	provision();
	TW_TRY(ask_over(s, TW_WIRE_KEYS_ADOPT, TW_SLICE(""), &m, &mine));
	check_adopted(1);
	return TW_OK;
}

static void adopted(void)
{
	struct bench b;
	provision();
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(adopt(&b));
	bench_done(&b);
}

static tw_err rotate_over(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(channel_freep) tw_channel *mine = NULL;
	struct tw_message m;
	adopted();
	TW_TRY(ask_over(s, TW_WIRE_KEYS_STORE_ROTATE, TW_SLICE(""), &m, &mine));
	check_adopted(2);
	return TW_OK;
}

/* A new secret is what is on the disk, and what the next start proves with. */
static tw_err new_secret_over(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(channel_freep) tw_channel *mine = NULL;
	struct tw_message m;
	uint8_t fresh[16];
	adopted();
	TW_TRY(ask_over(s, TW_WIRE_KEYS_SECRET_NEW, TW_SLICE(""), &m, &mine));
	memcpy(fresh, m.payload.at, sizeof fresh);
	check_proves(fresh);
	return TW_OK;
}

/* Whatever call fails: it is told as what it was, or what was asked for is whole all the same. The bodies judge that. */
static void sweep(int error_number, tw_err (*body)(const struct tw_sys *s, void *user))
{
	tw_fake *f = tw_fake_new();
	bool fired = true;
	long told = 0;
	for (long n = 1; fired; n++) {
		tw_fake_fail(f, n, error_number, false);
		tw_err e = body(tw_fake_sys(f), NULL);
		fired = tw_fake_fired(f);
		told += tw_failed(e);
		if (tw_failed(e) && (!fired || tw_is(e, TW_CODE_UNTRUSTED) || tw_is(e, TW_CODE_SYNTAX)))
			fail_msg("call %ld (%s): %s", n, fired ? tw_fake_name(f, n) : "none", tw_err_detail());
	}
	CHECK(told > 20);
	tw_fake_free(f);
}

static void test_every_failure_is_told(void **state)
{
	static tw_err (*const bodies[])(const struct tw_sys *s, void *user) = { adopt_over, rotate_over, new_secret_over };
	for (size_t i = 0; i < TW_COUNT(bodies); i++) {
		sweep(EIO, bodies[i]);
		sweep(ENOMEM, bodies[i]);
	}
}

/* What was cut short is finished by the next start, and by being asked again. */
static void test_tidies_up(void **state)
{
	struct bench b;
	tw_keystore *k = NULL;
	adopted();
	put(TW_KEYS_SECRET, "0123456789abcdef", 16);
	put("identity.gone", "x", 1);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK(!any_plain());
	put(TW_KEYS_LOG_MASTER, "0123456789abcdef", 16);
	CHECK_OK(adopt(&b));
	CHECK(!any_plain());
	bench_done(&b);
	CHECK_OK(tw_keystore_file(sys, dir.fd, NULL, &k));
	CHECK_OK(tw_keystore_rotate(k)); /* and no further */
	tw_keystore_close(k);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	check_adopted(2);
	bench_done(&b);
}

/* A start that has nothing to tidy up writes nothing: each one would wear the medium, and could be the one that is cut. */
static void test_a_start_writes_nothing(void **state)
{
	tw_fake *f = tw_fake_new();
	const struct tw_sys *real = sys;
	struct bench b;
	adopted();
	sys = tw_fake_sys(f);
	tw_fake_fail(f, 0, 0, false);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	for (long i = 1; i <= tw_fake_calls(f); i++)
		CHECK(strcmp(tw_fake_name(f, i), "rename") != 0 && strcmp(tw_fake_name(f, i), "write") != 0);
	bench_done(&b);
	sys = real;
	tw_fake_free(f);
}

/* A rotation that was given up after its first step is the one that whoever asks again gets, in either layout; the next one is another. */
static void test_rotation_asked_again(void **state)
{
	for (int in_store = 0; in_store < 2; in_store++) {
		struct bench b;
		uint32_t newest, oldest;
		if (in_store)
			adopted();
		else
			provision();
		bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
		generations(&b, &newest, &oldest);
		CHECK(newest == 1 && oldest == 1);
		CHECK_OK(tw_keystore_rotate(b.keys->store));
		CHECK_OK(rotate_store(&b));
		generations(&b, &newest, &oldest);
		CHECK(newest == 2 && oldest == 2);
		if (in_store)
			check_adopted(2);
		CHECK_OK(rotate_store(&b));
		generations(&b, &newest, &oldest);
		CHECK(newest == 3 && oldest == 3);
		bench_done(&b);
	}
}

/* Before the take-over there is nothing that the storage key seals: it is rotated all the same, also when nobody has used it. */
static void test_rotation_in_plain_layout(void **state)
{
	struct bench b;
	uint32_t newest, oldest;
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(rotate_store(&b));
	generations(&b, &newest, &oldest);
	CHECK(newest == 2 && oldest == 2);
	CHECK(there(TW_KEYS_IDENTITY_KEY) && !there("log.sealed"));
	bench_done(&b);
}

static long renames(void)
{
	tw_fake *f = tw_fake_new();
	const struct tw_sys *real = sys;
	struct bench b;
	long n = 0;
	sys = tw_fake_sys(f);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	tw_fake_fail(f, 0, 0, false);
	CHECK_OK(adopt(&b));
	for (long i = 1; i <= tw_fake_calls(f); i++)
		n += strcmp(tw_fake_name(f, i), "rename") == 0;
	bench_done(&b);
	sys = real;
	tw_fake_free(f);
	return n;
}

/* A workshop that gives the unit another identity: its key replaces the one in the keystore. The same one again is not written again. */
static void test_another_identity(void **state)
{
	const struct tw_cert_want want = { .common_name = "T-1", .uri = ID, .is_client = true, .not_before_ms = 1 };
	struct effects now;
	adopted();
	put(TW_KEYS_EPOCH, "4\n", 2);
	put_unit();
	CHECK_INT(renames(), 4); /* three secrets, and identity.key */
	effects_of(&now);
	tw_key_free(identity);
	tw_cert_free(cert);
	CHECK_OK(tw_key_generate(sys, &identity));
	CHECK_OK(tw_cert_make(sys, &want, identity, ca, ca_key, &cert));
	put_unit();
	CHECK_INT(renames(), 8); /* the old one goes from two copies, the new one comes into two */
	effects_of(&now);        /* signs with the new one */
}

static bool fail_next_sync;

static int rename_identity(const struct tw_sys *s, int from_dir, const char *from, int to_dir, const char *to)
{
	fail_next_sync = strcmp(from, TW_KEYS_IDENTITY_KEY) == 0;
	return tw_sys_real()->rename(s, from_dir, from, to_dir, to);
}

static int sync_once_less(const struct tw_sys *s, int fd)
{
	if (!fail_next_sync)
		return tw_sys_real()->fsync(s, fd);
	fail_next_sync = false;
	errno = EIO;
	return -1;
}

/* The sync of the deciding name failed: nobody knows which layout the next start finds, so what changes is written in both. */
static void test_unsure(void **state)
{
	struct tw_sys failing = *tw_sys_real();
	const struct tw_sys *real = sys;
	struct tw_takeover t = { .challenge = { 1 }, .owner = { 2 } };
	uint8_t message[TW_TAKEOVER_MESSAGE], fresh[16], want[32];
	struct bench b;
	struct tw_message m;
	tw_takeover_message(&t, message);
	for (int taken_back = 0; taken_back < 2; taken_back++) {
		provision();
		failing.rename = rename_identity;
		failing.fsync = sync_once_less;
		sys = &failing;
		bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
		CHECK(tw_failed(adopt(&b)));
		CHECK_OK(ask(&b, TW_WIRE_KEYS_SECRET_NEW, NULL, 0, &m));
		CHECK_INT(m.type, TW_WIRE_KEYS_SECRET_IS);
		memcpy(fresh, m.payload.at, sizeof fresh);
		bench_done(&b);
		sys = real;
		if (taken_back) /* by the power cut */
			CHECK_OK(tw_durable_rename(sys, dir.fd, "identity.gone", TW_KEYS_IDENTITY_KEY));
		CHECK_OK(tw_takeover_proof(&t, fresh, want));
		bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
		CHECK_OK(ask(&b, TW_WIRE_KEYS_SECRET_MAC, message, sizeof message, &m));
		CHECK_BYTES(m.payload.at, want, sizeof want);
		bench_done(&b);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_adopt), TEST(test_adopt_cuts), TEST(test_adopt_faults), TEST(test_store_rotation),
	TEST(test_every_failure_is_told), TEST(test_tidies_up), TEST(test_a_start_writes_nothing), TEST(test_rotation_asked_again),
	TEST(test_rotation_in_plain_layout), TEST(test_another_identity), TEST(test_unsure))
