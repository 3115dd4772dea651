/* SPDX-License-Identifier: Apache-2.0 */
/* The vault: what it keeps, what it refuses, and that a fault or a power cut at any moment leaves the table of before or after. */
#include "service/keys/vault.h"

#include "crypto/hash.h"
#include "service/test-dir.h"
#include "sys/durable.h"
#include "oom.h"

#define KIND 1

static const struct tw_sys *sys;
static struct test_dir dir;
static tw_secret *root, *other_root;

static int set_up(void **state)
{
	sys = tw_sys_real();
	tw_crypto_use(sys);
	sweep_is_strict = true;
	dir = test_dir_new();
	CHECK_OK(tw_secret_new(sys, "0123456789abcdef0123456789abcdef", 32, &root));
	CHECK_OK(tw_secret_new(sys, "another root of the same length.", 32, &other_root));
	return 0;
}

static int tear_down(void **state)
{
	test_dir_done(&dir);
	root = tw_secret_free(root);
	other_root = tw_secret_free(other_root);
	return 0;
}

static tw_err put(tw_vault *v, const char *name, const char *data)
{
	const struct tw_vault_edit edit = { KIND, name, tw_slice_of(data) };
	return tw_vault_change(v, &edit, 1);
}

static void check_has(const tw_vault *v, const char *name, const char *data)
{
	struct tw_slice got;
	CHECK_OK(tw_vault_get(v, KIND, name, &got));
	CHECK_INT(got.size, strlen(data));
	CHECK_BYTES(got.at, data, got.size);
}

static void check_lacks(const tw_vault *v, const char *name)
{
	struct tw_slice got;
	CHECK_ERR(tw_vault_get(v, KIND, name, &got), NOTFOUND);
}

static size_t count(const tw_vault *v)
{
	struct tw_vault_entry e;
	size_t n = 0;
	while (tw_vault_at(v, n, &e))
		n++;
	return n;
}

static void read_file(const char *name, struct tw_buf *b)
{
	tw_buf_init(b, sys, 64 * 1024);
	CHECK_OK(tw_durable_read(sys, dir.fd, name, 64 * 1024, b));
}

static void test_keeps(void **state)
{
	for (int sealed = 0; sealed < 2; sealed++) {
		const tw_secret *r = sealed ? root : NULL;
		tw_vault *v = NULL;
		test_dir_empty(&dir);
		CHECK_ERR(tw_vault_open(sys, dir.fd, "keys", r, &v), NOTFOUND);
		CHECK_OK(tw_vault_create(sys, dir.fd, "keys", r, &v));
		CHECK_INT(count(v), 0);
		CHECK_OK(put(v, "one", "first"));
		CHECK_OK(put(v, "two", "second"));
		CHECK_OK(put(v, "one", "first again"));
		v = tw_vault_free(v);
		CHECK_ERR(tw_vault_create(sys, dir.fd, "keys", r, &v), EXISTS);
		CHECK_OK(tw_vault_open(sys, dir.fd, "keys", r, &v));
		CHECK_INT(count(v), 2);
		CHECK_INT(tw_vault_generation(v), 4);
		CHECK(!tw_vault_single(v));
		check_has(v, "one", "first again");
		check_has(v, "two", "second");
		v = tw_vault_free(v);
	}
}

/* What rotation stands on: one name goes and another comes, in one step. */
static void test_changes_are_whole(void **state)
{
	const struct tw_vault_edit move[] = { { KIND, "next", { NULL, 0 } }, { KIND, "present", tw_slice_of("new") } };
	const struct tw_vault_edit too_much[] = { { KIND, "x", tw_slice_of("y") }, { KIND, "big", { "", TW_VAULT_DATA_MAX + 1 } } };
	const struct tw_vault_edit twice[] = { { KIND, "x", tw_slice_of("y") }, { KIND, "x", tw_slice_of("z") } };
	tw_vault *v = NULL;
	test_dir_empty(&dir);
	CHECK_OK(tw_vault_create(sys, dir.fd, "keys", root, &v));
	CHECK_OK(put(v, "present", "old"));
	CHECK_OK(put(v, "next", "new"));
	CHECK_OK(tw_vault_change(v, move, 2));
	check_has(v, "present", "new");
	check_lacks(v, "next");
	CHECK_ERR(tw_vault_change(v, too_much, 2), LIMIT);
	CHECK_ERR(tw_vault_change(v, twice, 2), INTERNAL);
	check_lacks(v, "x");
	CHECK_INT(count(v), 1);
	tw_vault_free(v);
}

static void test_full(void **state)
{
	static const char data[TW_VAULT_DATA_MAX];
	char name[16];
	tw_vault *v = NULL;
	tw_err e = TW_OK;
	size_t n = 0;
	test_dir_empty(&dir);
	CHECK_OK(tw_vault_create(sys, dir.fd, "keys", root, &v));
	while (!tw_failed(e)) {
		(void)snprintf(name, sizeof name, "n%zu", n++);
		const struct tw_vault_edit edit = { KIND, name, { data, sizeof data } };
		e = tw_vault_change(v, &edit, 1);
	}
	CHECK(tw_is(e, TW_CODE_LIMIT));
	CHECK_INT(count(v), n - 1);
	CHECK_INT(n - 1, TW_VAULT_MAX / (TW_VAULT_DATA_MAX + 6));
	v = tw_vault_free(v);
	CHECK_OK(tw_vault_open(sys, dir.fd, "keys", root, &v));
	CHECK_INT(count(v), n - 1);
	tw_vault_free(v);
}

/* @nist DP.CKM.2: nothing of a secret stands in either file, and without the root neither opens */
static void test_sealed(void **state)
{
	static const char *const files[] = { "keys.a", "keys.b" };
	tw_vault *v = NULL;
	test_dir_empty(&dir);
	CHECK_OK(tw_vault_create(sys, dir.fd, "keys", root, &v));
	CHECK_OK(put(v, "conspicuous", "needle in a haystack"));
	v = tw_vault_free(v);
	for (size_t i = 0; i < 2; i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		read_file(files[i], &b);
		CHECK(memmem(b.data, b.size, "needle", 6) == NULL);
		CHECK(memmem(b.data, b.size, "conspicuous", 11) == NULL);
	}
	CHECK_ERR(tw_vault_open(sys, dir.fd, "keys", other_root, &v), UNTRUSTED);
	CHECK_ERR(tw_vault_open(sys, dir.fd, "keys", NULL, &v), UNTRUSTED);
	CHECK_OK(tw_durable_rename(sys, dir.fd, "keys.a", "others.a"));
	CHECK_ERR(tw_vault_open(sys, dir.fd, "others", root, &v), UNTRUSTED); /* one table is not another */
	CHECK_OK(tw_vault_open(sys, dir.fd, "keys", root, &v));
	check_has(v, "conspicuous", "needle in a haystack");
	tw_vault_free(v);
}

/* Of one copy this byte, then whole again. What is sealed is mended with other bytes. */
static void damage(const tw_secret *r, const char *file, struct tw_buf *good, size_t at)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf mended = { 0 };
	tw_vault *v = NULL;
	good->data[at] ^= 0x20;
	CHECK_OK(tw_durable_replace(sys, dir.fd, file, good->data, good->size, 0600));
	good->data[at] ^= 0x20;
	CHECK_OK(tw_vault_open(sys, dir.fd, "keys", r, &v));
	check_has(v, "name", "data");
	tw_vault_free(v);
	read_file(file, &mended);
	CHECK_INT(mended.size, good->size);
	if (!r)
		CHECK_BYTES(mended.data, good->data, good->size);
	CHECK_OK(tw_durable_replace(sys, dir.fd, file, good->data, good->size, 0600));
}

/* Any byte of one copy changed: the other serves, and the damage is mended. Of both: nothing opens. */
static void test_damage(void **state)
{
	static const char *const files[] = { "keys.a", "keys.b" };
	for (int sealed = 0; sealed < 2; sealed++) {
		const tw_secret *r = sealed ? root : NULL;
		TW_CLEANUP(tw_buf_done) struct tw_buf good = { 0 };
		tw_vault *v = NULL;
		test_dir_empty(&dir);
		CHECK_OK(tw_vault_create(sys, dir.fd, "keys", r, &v));
		CHECK_OK(put(v, "name", "data"));
		v = tw_vault_free(v);
		read_file("keys.a", &good);
		for (size_t i = 0; i < good.size; i++)
			for (size_t copy = 0; copy < 2; copy++)
				damage(r, files[copy], &good, i);
		for (size_t size = 0; size < good.size; size++) {
			CHECK_OK(tw_durable_replace(sys, dir.fd, files[0], good.data, size, 0600));
			CHECK_OK(tw_durable_replace(sys, dir.fd, files[1], good.data, size, 0600));
			CHECK_ERR(tw_vault_open(sys, dir.fd, "keys", r, &v), UNTRUSTED);
		}
	}
}

/* An older copy never wins over a newer one, and is brought up. */
static void test_older_copy(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf old = { 0 };
	tw_vault *v = NULL;
	test_dir_empty(&dir);
	CHECK_OK(tw_vault_create(sys, dir.fd, "keys", root, &v));
	CHECK_OK(put(v, "name", "old"));
	read_file("keys.b", &old);
	CHECK_OK(put(v, "name", "new"));
	v = tw_vault_free(v);
	CHECK_OK(tw_durable_replace(sys, dir.fd, "keys.b", old.data, old.size, 0600));
	CHECK_OK(tw_vault_open(sys, dir.fd, "keys", root, &v));
	check_has(v, "name", "new");
	v = tw_vault_free(v);
	CHECK_OK(tw_durable_remove(sys, dir.fd, "keys.a"));
	CHECK_OK(tw_vault_open(sys, dir.fd, "keys", root, &v));
	check_has(v, "name", "new");
	tw_vault_free(v);
}

/* --- Cuts and faults --- */

static tw_err story(const struct tw_sys *s, tw_fake *marks)
{
	TW_CLEANUP(tw_vault_freep) tw_vault *v = NULL;
	const struct tw_vault_edit move[] = { { KIND, "next", { NULL, 0 } }, { KIND, "key", tw_slice_of("rotated") } };
	TW_TRY(tw_vault_create(s, dir.fd, "keys", root, &v));
	if (marks)
		tw_fake_mark(marks, 1);
	TW_TRY(put(v, "key", "first"));
	if (marks)
		tw_fake_mark(marks, 2);
	TW_TRY(put(v, "next", "rotated"));
	if (marks)
		tw_fake_mark(marks, 3);
	TW_TRY(tw_vault_change(v, move, 2));
	if (marks)
		tw_fake_mark(marks, 4);
	return TW_OK;
}

static void check_stage(const tw_vault *v, uint64_t acked)
{
	struct tw_slice key, next;
	bool has_key = !tw_failed(tw_vault_get(v, KIND, "key", &key)), has_next = !tw_failed(tw_vault_get(v, KIND, "next", &next));
	uint64_t stage = !has_key ? 1 : tw_slice_is(key, "rotated") ? 4 : has_next ? 3 : 2;
	CHECK(stage == tw_vault_generation(v));
	CHECK(stage >= acked && stage <= acked + 1);
	CHECK(has_next == (stage == 3));
	if (has_key)
		CHECK(tw_slice_is(key, stage == 4 ? "rotated" : "first"));
}

/* @nist DP.CKM.3: a cut at any write leaves the table of before or of after, and the next start mends both copies */
static void test_power_cut(void **state)
{
	tw_fake *f = tw_fake_new();
	struct test_dir there = test_dir_new();
	long states = 0;
	test_dir_empty(&dir);
	tw_fake_record(f, dir.path);
	CHECK_OK(story(tw_fake_sys(f), f));
	for (size_t point = 0; point < tw_fake_points(f); point++) {
		for (unsigned variant = 0; variant < 12; variant++, states++) {
			tw_vault *v = NULL;
			test_dir_empty(&there);
			CHECK_OK(tw_fake_rebuild(f, point, variant, there.path));
			tw_err e = tw_vault_open(sys, there.fd, "keys", root, &v);
			if (tw_is(e, TW_CODE_NOTFOUND) && tw_fake_acked(f, point) == 0)
				continue;
			CHECK_OK(e);
			check_stage(v, tw_fake_acked(f, point));
			CHECK(!tw_vault_single(v));
			v = tw_vault_free(v);
		}
	}
	CHECK(states > 300);
	test_dir_done(&there);
	tw_fake_free(f);
}

/* False: there was no n-th call. */
static bool fail_once(int error_number, long n)
{
	tw_fake *f = tw_fake_new();
	tw_vault *v = NULL;
	test_dir_empty(&dir);
	tw_crypto_use(tw_fake_sys(f));
	tw_fake_fail(f, n, error_number, false);
	tw_err e = story(tw_fake_sys(f), NULL);
	bool fired = tw_fake_fired(f);
	tw_fake_fail(f, 0, 0, false);
	tw_crypto_use(sys);
	tw_err opened = tw_vault_open(sys, dir.fd, "keys", root, &v);
	if (tw_failed(opened))
		CHECK(tw_failed(e) && tw_is(opened, TW_CODE_NOTFOUND));
	else
		check_stage(v, tw_failed(e) ? tw_vault_generation(v) : 4);
	tw_vault_free(v);
	tw_fake_free(f);
	return fired;
}

/* Every call that can fail, fails: what opens afterwards is the table of some stage, whole. */
static void test_faults(void **state)
{
	static const int errors[] = { ENOMEM, EIO, ENOSPC };
	for (size_t k = 0; k < TW_COUNT(errors); k++) {
		bool fired = true;
		for (long n = 1; fired; n++)
			fired = fail_once(errors[k], n);
	}
}

/* --- The parser's rows --- */

static void test_file_rows(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		enum tw_code want;
	} rows[] = {
		{ "", 0, TW_CODE_SYNTAX },
		{ "TWVAULT", 7, TW_CODE_SYNTAX },
		{ "TWVAULT2\0\0\0\0\0\0\0\0\0iiiiiiiiiiiiiiii", 33, TW_CODE_SYNTAX },
		{ "TWVAULT1\3\0\0\0\0\0\0\0\0iiiiiiiiiiiiiiii\0\0", 35, TW_CODE_SYNTAX },
		{ "TWVAULT1\2\0\0\0\0\0\0\0\0iiiiiiiiiiiiiiii", 33, TW_CODE_SYNTAX },
		{ "TWVAULT1\2\0\0\0\0\0\0\0\0iiiiiiiiiiiiiiii\0\2x", 36, TW_CODE_SYNTAX },
		{ "TWVAULT1\2\0\0\0\0\0\0\0\0iiiiiiiiiiiiiiii\0\2xy", 37, TW_CODE_OK },
		{ "TWVAULT1\1\0\0\0\0\0\0\0\0iiiiiiiiiiiiiii", 32, TW_CODE_SYNTAX },
		{ "TWVAULT1\1\0\0\0\0\0\0\0\7iiiiiiiiiiiiiiii", 33, TW_CODE_OK },
	};
	struct tw_vault_file f;
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		CHECK_INT(tw_vault_file_parse((struct tw_slice){ rows[i].text, rows[i].size }, &f).code, rows[i].want);
	CHECK_INT(f.generation, 7);
	CHECK_INT(f.body.size, 0);
	CHECK_INT(f.form, TW_VAULT_SEALED);
}

static void test_payload_rows(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		enum tw_code want;
	} rows[] = {
		{ "", 0, TW_CODE_OK },
		{ "\1\1a\0\1x", 6, TW_CODE_OK },
		{ "\1\1a\0\1x\2\1a\0\1x", 12, TW_CODE_OK },     /* of another kind */
		{ "\1\1a\0\1x\1\1a\0\1y", 12, TW_CODE_SYNTAX }, /* twice */
		{ "\1\0\0\1x", 5, TW_CODE_SYNTAX },             /* no name */
		{ "\1\101a", 3, TW_CODE_SYNTAX },               /* too long a name */
		{ "\1\1a\0\2x", 6, TW_CODE_SYNTAX },            /* cut */
		{ "\1\1a\20\1x", 6, TW_CODE_LIMIT },            /* 4097 bytes */
		{ "\1\1a\0\1x\1", 7, TW_CODE_SYNTAX },          /* something after the last */
		{ "\1\5\0\0", 4, TW_CODE_SYNTAX },              /* the name is cut */
		{ "\1\100nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\0\1x", 69, TW_CODE_OK },
		{ "\1\101nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\0\1x", 70, TW_CODE_SYNTAX },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		CHECK_INT(tw_vault_payload_check((struct tw_slice){ rows[i].text, rows[i].size }).code, rows[i].want);
}

/* --- At the edges --- */

static void test_names_and_data_have_an_end(void **state)
{
	static char data[TW_VAULT_DATA_MAX + 1];
	char name[TW_VAULT_NAME_MAX + 2];
	struct tw_slice got;
	tw_vault *v = NULL;
	memset(data, 'd', sizeof data);
	memset(name, 'n', sizeof name);
	name[TW_VAULT_NAME_MAX] = '\0';
	struct tw_vault_edit edit = { KIND, name, { data, TW_VAULT_DATA_MAX } };
	test_dir_empty(&dir);
	CHECK_OK(tw_vault_create(sys, dir.fd, "keys", root, &v));
	CHECK_OK(tw_vault_change(v, &edit, 1));
	edit.data.size = TW_VAULT_DATA_MAX + 1;
	CHECK_ERR(tw_vault_change(v, &edit, 1), LIMIT);
	edit.data.size = 1;
	edit.name = "";
	CHECK_ERR(tw_vault_change(v, &edit, 1), LIMIT);
	name[TW_VAULT_NAME_MAX] = 'n';
	name[TW_VAULT_NAME_MAX + 1] = '\0';
	edit.name = name;
	CHECK_ERR(tw_vault_change(v, &edit, 1), LIMIT);
	CHECK_INT(tw_vault_generation(v), 2);
	v = tw_vault_free(v);
	CHECK_OK(tw_vault_open(sys, dir.fd, "keys", root, &v));
	name[TW_VAULT_NAME_MAX] = '\0';
	CHECK_OK(tw_vault_get(v, KIND, name, &got));
	CHECK_INT(got.size, TW_VAULT_DATA_MAX);
	CHECK_BYTES(got.at, data, got.size);
	CHECK_ERR(tw_vault_get(v, KIND + 1, name, &got), NOTFOUND);
	tw_vault_free(v);
}

/* The last byte that fits, and the one that does not. */
static void test_full_to_the_byte(void **state)
{
	static char data[TW_VAULT_DATA_MAX];
	const size_t whole = TW_VAULT_DATA_MAX + 4 + 1, left = TW_VAULT_MAX % whole - 4 - 1;
	char name[2] = "a";
	tw_vault *v = NULL;
	test_dir_empty(&dir);
	CHECK_OK(tw_vault_create(sys, dir.fd, "keys", root, &v));
	for (size_t used = 0; used + whole <= TW_VAULT_MAX; used += whole, name[0]++) {
		const struct tw_vault_edit edit = { KIND, name, { data, sizeof data } };
		CHECK_OK(tw_vault_change(v, &edit, 1));
	}
	struct tw_vault_edit last = { KIND, name, { data, left + 1 } };
	CHECK_ERR(tw_vault_change(v, &last, 1), LIMIT);
	CHECK_TEXT(tw_err_detail(), "keys would have 49153 bytes, at most 49152");
	last.data.size = left;
	CHECK_OK(tw_vault_change(v, &last, 1));
	v = tw_vault_free(v);
	CHECK_OK(tw_vault_open(sys, dir.fd, "keys", root, &v));
	CHECK_INT(count(v), TW_VAULT_MAX / whole + 1);
	CHECK_ERR(tw_vault_payload_check((struct tw_slice){ data, TW_VAULT_MAX + 1 }), LIMIT); /* before a byte of it is read */
	tw_vault_free(v);
}

static void test_edits_are_told_apart(void **state)
{
	const struct tw_vault_edit edits[] = { { KIND, "x", tw_slice_of("1") }, { KIND, "y", tw_slice_of("2") },
		{ KIND + 1, "x", tw_slice_of("") }, { KIND, "none", { NULL, 0 } } };
	struct tw_slice got;
	tw_vault *v = NULL;
	test_dir_empty(&dir);
	CHECK_OK(tw_vault_create(sys, dir.fd, "keys", root, &v));
	CHECK_OK(tw_vault_change(v, edits, TW_COUNT(edits)));
	CHECK_INT(count(v), 3); /* what is empty is there, what goes without having been is no fault */
	CHECK_OK(tw_vault_get(v, KIND + 1, "x", &got));
	CHECK_INT(got.size, 0);
	CHECK_OK(tw_vault_change(v, &(struct tw_vault_edit){ KIND + 1, "x", { NULL, 0 } }, 1));
	CHECK_ERR(tw_vault_get(v, KIND + 1, "x", &got), NOTFOUND);
	check_has(v, "x", "1");
	check_has(v, "y", "2");
	tw_vault_free(v);
}

/* Every prefix of a head is too short, and a file that is too long is not looked at. */
static void test_file_ends(void **state)
{
	static char text[33 + TW_VAULT_MAX + 32 + 1] = "TWVAULT1\0";
	struct tw_vault_file f;
	for (size_t n = 0; n < 33; n++)
		CHECK_ERR(tw_vault_file_parse((struct tw_slice){ text, n }, &f), SYNTAX);
	CHECK_OK(tw_vault_file_parse((struct tw_slice){ text, sizeof text - 1 }, &f));
	CHECK_INT(f.body.size, sizeof text - 1 - 33);
	CHECK_INT(f.head.size, 33);
	CHECK_INT(f.form, TW_VAULT_CHECKED);
	CHECK_ERR(tw_vault_file_parse((struct tw_slice){ text, sizeof text }, &f), LIMIT);
}

/* A note is between head and seal, and has an end of its own. */
static void test_file_with_a_note(void **state)
{
	static char text[35 + TW_VAULT_NOTE_MAX + 1 + TW_VAULT_MAX + 32] = "TWVAULT1\2\0\0\0\0\0\0\0\0iiiiiiiiiiiiiiii\0\2xybody";
	struct tw_vault_file f;
	CHECK_OK(tw_vault_file_parse((struct tw_slice){ text, 41 }, &f));
	CHECK_INT(f.form, TW_VAULT_NOTED);
	CHECK(tw_slice_is(f.note, "xy") && tw_slice_is(f.body, "body"));
	CHECK_INT(f.head.size, 37);
	text[33] = (char)(TW_VAULT_NOTE_MAX >> 8);
	text[34] = (char)(TW_VAULT_NOTE_MAX & 0xff);
	CHECK_OK(tw_vault_file_parse((struct tw_slice){ text, 35 + TW_VAULT_NOTE_MAX + TW_VAULT_MAX + 32 }, &f));
	CHECK_INT(f.note.size, TW_VAULT_NOTE_MAX);
	CHECK_INT(f.body.size, TW_VAULT_MAX + 32);
	text[34]++;
	CHECK(tw_failed(tw_vault_file_parse((struct tw_slice){ text, sizeof text - 1 }, &f)));
}

/* The root is what the note says, each time; what stands for the token may refuse. */
struct noted {
	char want[8];
	enum tw_code refuse;
	bool refuse_once;
	int asked;
};

static tw_err root_by_note(void *user, struct tw_slice note, tw_secret **ret)
{
	struct noted *n = user;
	n->asked++;
	if (n->refuse && (!n->refuse_once || n->asked == 1))
		return tw_raise(n->refuse, __func__, __LINE__, "refused");
	if (!tw_slice_is(note, n->want))
		return TW_RAISE(STATE, "another note");
	return tw_secret_new(sys, "a root of sixteen", 17, ret);
}

static void make_noted(const char *note)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *r = NULL;
	tw_vault *v = NULL;
	test_dir_empty(&dir);
	CHECK_OK(tw_secret_new(sys, "a root of sixteen", 17, &r));
	CHECK_OK(tw_vault_create_noted(sys, dir.fd, "keys", r, tw_slice_of(note), &v));
	CHECK_OK(put(v, "key", "first"));
	CHECK(tw_slice_is(tw_vault_note(v), note));
	tw_vault_free(v);
}

static void test_noted(void **state)
{
	static const enum tw_code through[] = { TW_CODE_TIMEOUT, TW_CODE_DENIED, TW_CODE_NOMEM, TW_CODE_IO, TW_CODE_UNSUPPORTED };
	static const enum tw_code said[] = { TW_CODE_STATE, TW_CODE_CRYPTO, TW_CODE_CLOSED };
	TW_CLEANUP(tw_secret_freep) tw_secret *other = NULL;
	struct noted n = { .want = "note" };
	tw_vault *v = NULL;
	make_noted("note");
	CHECK_OK(tw_vault_open_noted(sys, dir.fd, "keys", root_by_note, &n, &v));
	check_has(v, "key", "first");
	CHECK_INT(n.asked, 2);
	CHECK_OK(tw_secret_new(sys, "a root of eighteen", 18, &other));
	CHECK_OK(tw_vault_reroot(v, other, TW_SLICE("more")));
	CHECK(tw_slice_is(tw_vault_note(v), "more"));
	v = tw_vault_free(v);
	CHECK_ERR(tw_vault_open_noted(sys, dir.fd, "keys", root_by_note, &n, &v), STATE); /* of another note */
	(void)snprintf(n.want, sizeof n.want, "more");
	CHECK_ERR(tw_vault_open_noted(sys, dir.fd, "keys", root_by_note, &n, &v), UNTRUSTED); /* its root is another one */
	CHECK_ERR(tw_vault_open(sys, dir.fd, "keys", root, &v), UNTRUSTED);
	CHECK_ERR(tw_vault_open(sys, dir.fd, "keys", NULL, &v), UNTRUSTED);
	make_noted("note");
	(void)snprintf(n.want, sizeof n.want, "note");
	for (size_t i = 0; i < TW_COUNT(through); i++) { /* says nothing of a copy: the other one is not even looked at */
		n.refuse = through[i];
		n.asked = 0;
		CHECK_INT(tw_vault_open_noted(sys, dir.fd, "keys", root_by_note, &n, &v).code, through[i]);
		CHECK_INT(n.asked, 1);
	}
	for (size_t i = 0; i < TW_COUNT(said); i++) {
		n.refuse = said[i];
		CHECK_INT(tw_vault_open_noted(sys, dir.fd, "keys", root_by_note, &n, &v).code, said[i]);
		CHECK_TEXT(tw_err_detail(), "refused");
		n.refuse_once = true; /* of the first copy, and the other one opens */
		n.asked = 0;
		CHECK_OK(tw_vault_open_noted(sys, dir.fd, "keys", root_by_note, &n, &v));
		check_has(v, "key", "first");
		v = tw_vault_free(v);
		n.refuse_once = false;
	}
	n.refuse = TW_CODE_OK;
	CHECK_OK(tw_durable_remove(sys, dir.fd, "keys.a"));
	CHECK_OK(tw_vault_open_noted(sys, dir.fd, "keys", root_by_note, &n, &v));
	check_has(v, "key", "first");
	tw_vault_free(v);
}

/* What is not sealed is not believed where it should be, whatever is beside it. */
static void test_not_sealed_where_it_should_be(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf old = { 0 };
	struct noted n = { .want = "note" };
	tw_vault *v = NULL;
	test_dir_empty(&dir);
	CHECK_ERR(tw_vault_open_noted(sys, dir.fd, "keys", root_by_note, &n, &v), NOTFOUND);
	CHECK_OK(tw_vault_create(sys, dir.fd, "keys", NULL, &v));
	v = tw_vault_free(v);
	CHECK_ERR(tw_vault_open_noted(sys, dir.fd, "keys", root_by_note, &n, &v), UNTRUSTED);
	CHECK_OK(tw_durable_remove(sys, dir.fd, "keys.b"));
	CHECK_ERR(tw_vault_open_noted(sys, dir.fd, "keys", root_by_note, &n, &v), UNTRUSTED);
	CHECK_INT(n.asked, 0);
	read_file("keys.a", &old);
	make_noted("note");
	CHECK_OK(tw_durable_replace(sys, dir.fd, "keys.a", old.data, old.size, 0600));
	CHECK_OK(tw_vault_open_noted(sys, dir.fd, "keys", root_by_note, &n, &v));
	check_has(v, "key", "first");
	v = tw_vault_free(v);
	CHECK_OK(tw_durable_replace(sys, dir.fd, "keys.a", old.data, old.size, 0600));
	n.want[0] = 'x'; /* the sealed one does not open: then neither counts */
	CHECK_ERR(tw_vault_open_noted(sys, dir.fd, "keys", root_by_note, &n, &v), STATE);
	CHECK_OK(tw_durable_replace(sys, dir.fd, "keys.b", "rubbish", 7, 0600));
	CHECK_ERR(tw_vault_open_noted(sys, dir.fd, "keys", root_by_note, &n, &v), UNTRUSTED);
}

/* Without a root only what says that it is not sealed is read, though its hash be right. */
static void test_a_claim_to_be_sealed(void **state)
{
	static const char head[33] = "TWVAULT1\1\0\0\0\0\0\0\0\5";
	const struct tw_slice parts[] = { { head, sizeof head }, TW_SLICE("keys") };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	uint8_t digest[32];
	tw_vault *v = NULL;
	test_dir_empty(&dir);
	tw_buf_init(&b, sys, 4096);
	CHECK_OK(tw_sha256_of(parts, 2, digest));
	CHECK_OK(tw_buf_add(&b, head, sizeof head));
	CHECK_OK(tw_buf_add(&b, digest, sizeof digest));
	CHECK_OK(tw_durable_replace(sys, dir.fd, "keys.a", b.data, b.size, 0600));
	CHECK_ERR(tw_vault_open(sys, dir.fd, "keys", NULL, &v), UNTRUSTED);
}

/* One copy lost and the other damaged is not the same as none: nothing new is begun over it. */
static void test_one_lost_one_damaged(void **state)
{
	static const char *const files[] = { "keys.a", "keys.b" };
	tw_vault *v = NULL;
	for (size_t i = 0; i < 2; i++) {
		test_dir_empty(&dir);
		CHECK_OK(tw_durable_replace(sys, dir.fd, files[i], "rubbish", 7, 0600));
		CHECK_ERR(tw_vault_open(sys, dir.fd, "keys", root, &v), UNTRUSTED);
		CHECK(v == NULL);
	}
}

/* A copy whose hash is right and whose entries are not is no copy. */
static void test_entries_are_checked(void **state)
{
	static const struct {
		const char *payload;
		size_t size;
		bool good;
	} rows[] = { { "\1\1a\0\1x", 6, true }, { "\1\1a\0\2x", 6, false }, { "\1\1a\0\1x\1\1a\0\1y", 12, false }, { "\1", 1, false } };
	static const char head[33] = "TWVAULT1\0\0\0\0\0\0\0\0\5";
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		TW_CLEANUP(tw_vault_freep) tw_vault *v = NULL;
		uint8_t digest[32];
		const struct tw_slice parts[] = { { head, sizeof head }, TW_SLICE("keys"), { rows[i].payload, rows[i].size } };
		test_dir_empty(&dir);
		tw_buf_init(&b, sys, 4096);
		CHECK_OK(tw_sha256_of(parts, 3, digest));
		CHECK_OK(tw_buf_add(&b, head, sizeof head));
		CHECK_OK(tw_buf_add(&b, rows[i].payload, rows[i].size));
		CHECK_OK(tw_buf_add(&b, digest, sizeof digest));
		CHECK_OK(tw_durable_replace(sys, dir.fd, "keys.a", b.data, b.size, 0600));
		if (!rows[i].good) {
			CHECK_ERR(tw_vault_open(sys, dir.fd, "keys", NULL, &v), UNTRUSTED);
			CHECK(v == NULL);
			continue;
		}
		CHECK_OK(tw_vault_open(sys, dir.fd, "keys", NULL, &v));
		CHECK_INT(tw_vault_generation(v), 5);
		check_has(v, "a", "x");
	}
}

/* Whichever copy is the newer one serves; one that is too long or not there is mended like one that is damaged. */
static void test_either_copy(void **state)
{
	static const char *const files[] = { "keys.a", "keys.b" };
	static char long_one[33 + 2 + TW_VAULT_NOTE_MAX + TW_VAULT_MAX + 32 + 1]; /* than any */
	TW_CLEANUP(tw_buf_done) struct tw_buf old = { 0 }, good = { 0 };
	tw_vault *v = NULL;
	test_dir_empty(&dir);
	CHECK_OK(tw_vault_create(sys, dir.fd, "keys", NULL, &v));
	CHECK_OK(put(v, "name", "old"));
	read_file("keys.a", &old);
	CHECK_OK(put(v, "name", "new"));
	v = tw_vault_free(v);
	read_file("keys.a", &good);
	for (size_t i = 0; i < 6; i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf now = { 0 };
		const char *file = files[i % 2];
		if (i < 2)
			CHECK_OK(tw_durable_replace(sys, dir.fd, file, old.data, old.size, 0600));
		else if (i < 4)
			CHECK_OK(tw_durable_replace(sys, dir.fd, file, long_one, sizeof long_one, 0600));
		else
			CHECK_OK(tw_durable_remove(sys, dir.fd, file));
		if (i >= 4)
			CHECK_ERR(tw_vault_create(sys, dir.fd, "keys", NULL, &v), EXISTS); /* one is enough */
		CHECK_OK(tw_vault_open(sys, dir.fd, "keys", NULL, &v));
		check_has(v, "name", "new");
		CHECK(!tw_vault_single(v));
		v = tw_vault_free(v);
		read_file(file, &now);
		CHECK_INT(now.size, good.size);
		CHECK_BYTES(now.data, good.data, good.size);
	}
}

/* A vault may serve from one copy, and says so; else whatever fails is told and nothing is handed out. */
static tw_err story_or_single(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_vault_freep) tw_vault *v = NULL;
	test_dir_empty(&dir);
	tw_err e = tw_vault_create(s, dir.fd, "keys", user, &v);
	CHECK(tw_failed(e) == (v == NULL));
	TW_TRY(e);
	bool single = tw_vault_single(v);
	uint64_t before = tw_vault_generation(v);
	e = put(v, "key", "first");
	CHECK_INT(tw_vault_generation(v), before + !tw_failed(e));
	if (tw_failed(e))
		check_lacks(v, "key");
	else
		check_has(v, "key", "first");
	TW_TRY(e);
	if (single)
		CHECK(!tw_vault_single(v)); /* the next change has written both */
	return single || tw_vault_single(v) ? TW_RAISE(IO, "in one copy only") : TW_OK;
}

static tw_err open_or_single(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_vault_freep) tw_vault *v = NULL;
	CHECK_OK(tw_durable_remove(sys, dir.fd, user));
	tw_err e = tw_vault_open(s, dir.fd, "keys", root, &v);
	CHECK(tw_failed(e) == (v == NULL));
	TW_TRY(e);
	check_has(v, "key", "first");
	return tw_vault_single(v) ? TW_RAISE(IO, "in one copy only") : TW_OK;
}

/* What fails in the cipher's own library says nothing of a copy: neither is written again for it. */
static void test_cipher_that_fails(void **state)
{
	tw_fake *f = tw_fake_new();
	tw_vault *v = NULL;
	bool fired = true;
	CHECK_OK(story_or_single(sys, root));
	for (long n = 1; fired; n++) {
		struct stat before[2], after[2];
		CHECK(fstatat(dir.fd, "keys.a", &before[0], 0) == 0 && fstatat(dir.fd, "keys.b", &before[1], 0) == 0);
		tw_crypto_use(tw_fake_sys(f));
		tw_fake_fail(f, n, ENOMEM, false);
		tw_err e = tw_vault_open(sys, dir.fd, "keys", root, &v);
		fired = tw_fake_fired(f);
		tw_fake_fail(f, 0, 0, false);
		tw_crypto_use(sys);
		CHECK(!tw_is(e, TW_CODE_UNTRUSTED) && (fired || !tw_failed(e)));
		v = tw_vault_free(v);
		CHECK(fstatat(dir.fd, "keys.a", &after[0], 0) == 0 && fstatat(dir.fd, "keys.b", &after[1], 0) == 0);
		CHECK(after[0].st_ino == before[0].st_ino && after[1].st_ino == before[1].st_ino);
	}
	tw_fake_free(f);
}

/* Mends what a failed attempt to mend has left. */
static tw_err mend_and_open(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_vault_freep) tw_vault *v = NULL;
	CHECK_OK(tw_vault_open(sys, dir.fd, "keys", root, &v));
	return open_or_single(s, user);
}

static void test_every_failure_is_told(void **state)
{
	static const int errors[] = { ENOMEM, EIO };
	for (size_t i = 0; i < TW_COUNT(errors); i++) {
		CHECK(told_sweep(errors[i], story_or_single, root, "close unlink pin") > 20);
		CHECK(told_sweep(errors[i], story_or_single, NULL, "close unlink pin") > 20);
		CHECK_OK(story_or_single(sys, root));
		CHECK(told_sweep(errors[i], mend_and_open, "keys.a", "close unlink pin") > 10);
		CHECK(told_sweep(errors[i], mend_and_open, "keys.b", "close unlink pin") > 10);
	}
}

CHECK_MAIN_IN(set_up, tear_down, cmocka_unit_test(test_keeps), cmocka_unit_test(test_changes_are_whole),
	cmocka_unit_test(test_full), cmocka_unit_test(test_sealed), cmocka_unit_test(test_damage),
	cmocka_unit_test(test_older_copy), cmocka_unit_test(test_power_cut), cmocka_unit_test(test_faults),
	cmocka_unit_test(test_file_rows), cmocka_unit_test(test_payload_rows), cmocka_unit_test(test_names_and_data_have_an_end),
	cmocka_unit_test(test_full_to_the_byte), cmocka_unit_test(test_edits_are_told_apart), cmocka_unit_test(test_file_ends),
	cmocka_unit_test(test_entries_are_checked), cmocka_unit_test(test_either_copy), cmocka_unit_test(test_every_failure_is_told),
	cmocka_unit_test(test_file_with_a_note), cmocka_unit_test(test_noted), cmocka_unit_test(test_not_sealed_where_it_should_be),
	cmocka_unit_test(test_a_claim_to_be_sealed), cmocka_unit_test(test_one_lost_one_damaged), cmocka_unit_test(test_cipher_that_fails))
