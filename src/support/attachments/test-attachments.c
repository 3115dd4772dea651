/* SPDX-License-Identifier: Apache-2.0 */
#include "support/attachments/attachments.h"

#include "base/mem.h"
#include "base/text.h"
#include "check.h"
#include "crypto/aead.h"
#include "service/test-dir.h"
#include "support/sql-support.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define CALLS_MAX 3000
#define LONG (600 * 1024) /* three pieces */
#define WORD "pineapple-on-the-wall"

static const struct tw_store_step steps[] = { { 1, tw_sql_reception_format_1 }, { 1, tw_sql_attachments_format_1 }, { 0, NULL } };
static const struct tw_store_formats formats = { steps, 1, 1 };

static struct test_dir dir;
static tw_store *store;
static tw_secret *master;
static char long_text[LONG];
static bool refusing;

/* As the keys role does it: bound to whose it is. */
static tw_err seal(void *user, const char *whose, struct tw_slice plain, struct tw_buf *ret)
{
	return refusing ? TW_RAISE(TIMEOUT, "keys is silent") : tw_aead_seal(master, tw_slice_of(whose), plain, ret);
}

static tw_err unseal(void *user, const char *whose, struct tw_slice sealed, struct tw_buf *ret)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *plain = NULL;

	if (refusing)
		return TW_RAISE(TIMEOUT, "keys is silent");
	if (tw_failed(tw_aead_open(tw_sys_real(), master, tw_slice_of(whose), sealed, &plain)))
		return TW_RAISE(SYNTAX, "not of here");
	return tw_buf_add(ret, tw_secret_bytes(plain), tw_secret_size(plain));
}

static struct tw_attachments with(const struct tw_sys *sys)
{
	return (struct tw_attachments){ sys, store, { seal, unseal, NULL } };
}

static void reopen(const struct tw_sys *sys)
{
	store = tw_store_free(store);
	CHECK_OK(tw_store_open(sys, dir.fd, "t.db", &formats, &store));
}

static const char two_reports[] =
	"INSERT INTO report (receipt, received_ms, language, kind, description, product, version, flaw, traits, fix, contact, credit) "
	"VALUES (?1, 1, '', '', '', '', '', '', '', '', '', ''), (?2, 1, '', '', '', '', '', '', '', '', '', '')";

static int set_up(void **state)
{
	static const char receipts[2][32] = { "one", "other" };
	const struct tw_value v[] = { TW_V_BLOB(receipts[0], sizeof receipts[0]), TW_V_BLOB(receipts[1], sizeof receipts[1]) };

	dir = test_dir_new();
	refusing = false;
	for (size_t i = 0; i < LONG; i++)
		long_text[i] = WORD[i % (sizeof WORD - 1)];
	CHECK_OK(tw_secret_random(tw_sys_real(), TW_AEAD_KEY, &master));
	reopen(tw_sys_real());
	CHECK_OK(tw_store_run(store, two_reports, v, TW_COUNT(v), NULL, NULL));
	return 0;
}

static int tear_down(void **state)
{
	store = tw_store_free(store);
	master = tw_secret_free(master);
	test_dir_done(&dir);
	return 0;
}

struct seen {
	size_t count;
	struct tw_attachment_about last;
};

static tw_err see(void *user, const struct tw_attachment_about *about)
{
	struct seen *s = user;

	s->count++;
	s->last = *about;
	return TW_OK;
}

static struct seen seen(int64_t report)
{
	const struct tw_attachments a = with(tw_sys_real());
	struct seen s = { 0 };

	CHECK_OK(tw_attachments_list(&a, report, see, &s));
	return s;
}

static enum tw_attached add(int64_t report, const char *name, struct tw_slice bytes)
{
	const struct tw_attachments a = with(tw_sys_real());
	const struct tw_attachment f = { tw_slice_of(name), TW_SLICE("Text/Plain; charset=utf-8"), bytes };
	enum tw_attached said;

	CHECK_OK(tw_attachments_add(&a, report, &f, 1, 5, &said));
	return said;
}

static tw_err read_back(int64_t id, struct tw_slice wanted)
{
	const struct tw_attachments a = with(tw_sys_real());
	struct tw_attachment_about about;
	struct tw_slice got = { 0 };
	struct tw_parcel p;
	int fd = -1;

	TW_TRY(tw_attachment_find(&a, id, &about));
	tw_parcel_init(&p, tw_sys_real(), TW_ATTACHMENT_SIZE);
	tw_err e = tw_attachment_read(&a, &about, &p);
	if (tw_failed(e) || !wanted.size) {
		tw_parcel_done(&p);
		return e;
	}
	CHECK_OK(tw_parcel_seal(&p, &fd));
	CHECK_OK(tw_parcel_open(tw_sys_real(), fd, wanted.size, &got));
	assert_memory_equal(got.at, wanted.at, wanted.size);
	tw_parcel_close(tw_sys_real(), got);
	return TW_OK;
}

static void kept_and_read(void **state)
{
	const struct tw_slice text = { long_text, LONG };
	struct seen s;

	CHECK_INT(seen(1).count, 0);
	CHECK_INT(add(1, "C:\\temp\\trace.txt", text), TW_ATTACHED);
	CHECK_INT(add(1, "empty", TW_SLICE("")), TW_ATTACHED);
	s = seen(1);
	CHECK_INT(s.count, 2);
	CHECK_TEXT(s.last.name, "empty");
	CHECK_TEXT(s.last.sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	CHECK_OK(read_back(2, TW_SLICE("")));
	reopen(tw_sys_real());
	CHECK_OK(read_back(1, text));
	CHECK_INT(add(1, "trace.txt", text), TW_ATTACHED); /* once more: kept once */
	CHECK_INT(seen(1).count, 2);
	CHECK_INT(add(1, "other.txt", text), TW_ATTACHED);
	CHECK_INT(add(2, "trace.txt", text), TW_ATTACHED);
	CHECK_INT(seen(1).count, 3);
	s = seen(2);
	CHECK_INT(s.count, 1);
	CHECK_INT(s.last.size, LONG);
	CHECK_TEXT(s.last.name, "trace.txt");
	CHECK_TEXT(s.last.type, "text/plain");
}

static void in_pieces(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const struct tw_attachments a = with(tw_sys_real());
	struct tw_attachment_about about;

	tw_buf_init(&b, tw_sys_real(), TW_ATTACHMENT_PIECE);
	CHECK_INT(add(1, "a", (struct tw_slice){ long_text, LONG }), TW_ATTACHED);
	CHECK_OK(tw_attachment_find(&a, 1, &about));
	for (uint32_t i = 0; i < 3; i++) {
		CHECK_OK(tw_attachment_piece(&a, &about, i, &b));
		CHECK_INT(b.size, i < 2 ? TW_ATTACHMENT_PIECE : LONG - 2 * TW_ATTACHMENT_PIECE);
		assert_memory_equal(b.data, long_text + i * TW_ATTACHMENT_PIECE, b.size);
	}
	CHECK_ERR(tw_attachment_piece(&a, &about, 3, &b), NOTFOUND);
	CHECK_ERR(tw_attachment_piece(&a, &about, UINT32_MAX, &b), NOTFOUND);
	about.report = 2;
	CHECK_ERR(tw_attachment_piece(&a, &about, 0, &b), NOTFOUND);
	about.id = 9;
	CHECK_ERR(tw_attachment_piece(&a, &about, 0, &b), NOTFOUND);
	CHECK_ERR(tw_attachment_read(&a, &about, NULL), NOTFOUND);
}

static void bounded(void **state)
{
	static char big[TW_ATTACHMENT_SIZE + 1];
	const struct tw_slice most = { big, TW_ATTACHMENT_SIZE };
	char name[16];

	CHECK_INT(add(1, "a", (struct tw_slice){ big, sizeof big }), TW_ATTACHED_LARGE);
	CHECK_INT(seen(1).count, 0);
	for (int i = 0; i < TW_ATTACHMENTS_SIZE / TW_ATTACHMENT_SIZE; i++) {
		(void)snprintf(name, sizeof name, "%d", i);
		CHECK_INT(add(1, name, most), TW_ATTACHED);
	}
	CHECK_INT(add(1, "more", TW_SLICE("x")), TW_ATTACHED_LARGE);
	CHECK_INT(add(1, "0", most), TW_ATTACHED); /* has it */
	for (int i = 0; i < TW_ATTACHMENTS_MAX; i++) {
		(void)snprintf(name, sizeof name, "%d", i);
		CHECK_INT(add(2, name, TW_SLICE("x")), TW_ATTACHED);
	}
	CHECK_INT(add(2, "more", TW_SLICE("x")), TW_ATTACHED_MANY);
	CHECK_INT(seen(2).count, TW_ATTACHMENTS_MAX);
	CHECK_OK(tw_store_run(store, "UPDATE attachment SET size = 1073741824 WHERE id = 1", NULL, 0, NULL, NULL));
	CHECK_OK(tw_attachments_destroy(store, 2));
	CHECK_INT(add(2, "b", TW_SLICE("x")), TW_ATTACHED_FULL);
	struct tw_attachments by_mail = with(tw_sys_real()); /* what came by one way leaves the other its room */
	enum tw_attached said = TW_ATTACHED_FULL;
	by_mail.way = TW_ATTACHMENT_MAIL;
	CHECK_OK(tw_attachments_add(
		&by_mail, 2, &(struct tw_attachment){ TW_SLICE("b"), TW_SLICE("text/plain"), TW_SLICE("x") }, 1, 5, &said));
	CHECK_INT(said, TW_ATTACHED);
	CHECK_OK(tw_store_run(store, "UPDATE attachment SET size = 402653184 WHERE way = 1", NULL, 0, NULL, NULL));
	CHECK_OK(tw_attachments_add(
		&by_mail, 3, &(struct tw_attachment){ TW_SLICE("c"), TW_SLICE("text/plain"), TW_SLICE("x") }, 1, 5, &said));
	CHECK_INT(said, TW_ATTACHED_FULL);
	CHECK_OK(tw_store_run(store, "UPDATE attachment SET size = 0 WHERE id = 1", NULL, 0, NULL, NULL));
	CHECK_OK(tw_attachments_destroy(store, 2));
	CHECK_INT(add(2, "c", TW_SLICE("x")), TW_ATTACHED);
}

static bool is_file(void)
{
	return faccessat(dir.fd, "t.db", F_OK, 0) == 0; /* and else in PostgreSQL, whose files are another's */
}

static bool on_disk(const char *what, size_t size)
{
	static const char *const names[] = { "t.db", "t.db-wal" };
	static char bytes[8 * 1024 * 1024];
	bool found = false;

	for (size_t i = 0; i < TW_COUNT(names); i++) {
		TW_CLEANUP(tw_closep) int fd = openat(dir.fd, names[i], O_RDONLY | O_CLOEXEC);
		ssize_t n = fd >= 0 ? read(fd, bytes, sizeof bytes) : 0;

		assert_true(n < (ssize_t)sizeof bytes);
		found = found || (n > 0 && memmem(bytes, (size_t)n, what, size));
	}
	return found;
}

struct looked_for {
	struct tw_slice what;
	bool found;
	size_t rows;
};

static tw_err look_into(void *user, const tw_row *row)
{
	struct looked_for *l = user;
	struct tw_slice s = tw_row_bytes(row, 0);

	l->rows++;
	l->found = l->found || memmem(s.at, s.size, l->what.at, l->what.size);
	return TW_OK;
}

/* Of all that is stored of files, whichever store it is; rows, so that nobody finds nothing in nothing. */
static bool stored(const char *what, size_t size, size_t *ret_rows)
{
	static const char *const all[] = { "SELECT bytes FROM attachment_part", "SELECT about FROM attachment",
		"SELECT nonce FROM attachment", "SELECT sealed FROM attachment_key" };
	struct looked_for l = { .what = { what, size } };

	for (size_t i = 0; i < TW_COUNT(all); i++)
		CHECK_OK(tw_store_run(store, all[i], NULL, 0, look_into, &l));
	*ret_rows = l.rows;
	return l.found;
}

static tw_err take_sealed(void *user, const tw_row *row)
{
	struct tw_slice s = tw_row_bytes(row, 0);

	return tw_buf_add(user, s.at, s.size);
}

static tw_err destroy(tw_store *s, void *user)
{
	return tw_attachments_destroy(s, 1);
}

/* Neither bytes nor names are in the store; after the destruction the key's sealed bytes are in none of its rows, and of a file, nowhere in it. PostgreSQL keeps
   what was deleted for a while, and so nobody is told that it is gone. */
static void nothing_in_the_clear_and_nothing_left(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf key = { 0 };
	size_t rows = 0;

	tw_buf_init(&key, tw_sys_real(), 200);
	CHECK_INT(add(1, WORD ".txt", (struct tw_slice){ long_text, LONG }), TW_ATTACHED);
	CHECK_INT(add(2, "stays", TW_SLICE(WORD)), TW_ATTACHED);
	CHECK_INT(is_file(), on_disk("CREATE TABLE attachment", 23));
	assert_false(on_disk(WORD, sizeof WORD - 1));
	assert_false(stored(WORD, sizeof WORD - 1, &rows));
	CHECK_INT(rows, 4 + 2 + 2 + 2); /* of two files, one of them in three pieces */
	CHECK_OK(tw_store_run(store, tw_sql_attachment_key_get, &TW_V_INT(1), 1, take_sealed, &key));
	CHECK_INT(is_file(), on_disk(key.data, key.size));
	assert_true(stored(key.data, key.size, &rows));
	if (is_file())
		CHECK_OK(tw_store_wipe_begin(store));
	else
		CHECK_ERR(tw_store_wipe_begin(store), UNSUPPORTED);
	CHECK_OK(tw_store_transaction(store, destroy, NULL));
	if (is_file())
		CHECK_OK(tw_store_wipe_end(store));
	assert_false(on_disk(key.data, key.size));
	assert_false(stored(key.data, key.size, &rows));
	CHECK_INT(seen(1).count, 0);
	CHECK_INT(seen(2).count, 1);
	CHECK_OK(read_back(2, TW_SLICE(WORD)));
	CHECK_INT(add(1, "new", TW_SLICE("x")), TW_ATTACHED);
	CHECK_INT(seen(1).count, 1);
}

/* Whoever can write to the database can spoil it, but not make us hand out anything but what came. */
static void tampering_is_seen(void **state)
{
	static const char nothing[TW_ATTACHMENT_PIECE + TW_AEAD_OVERHEAD];
	static const struct {
		const char *sql;
		size_t size; /* of its value of zeros */
	} ways[] = {
		{ "UPDATE attachment_part SET bytes = ?1 WHERE attachment = 1 AND part = 1", sizeof nothing },
		{ "DELETE FROM attachment_part WHERE attachment = 1 AND part = 2", 0 },
		{ "UPDATE attachment_part SET part = 5 - part WHERE attachment = 1", 0 },
		{ "UPDATE attachment SET size = size - 1 WHERE id = 1", 0 },
		{ "UPDATE attachment SET about = (SELECT about FROM attachment WHERE id = 2) WHERE id = 1", 0 },
		{ "UPDATE attachment SET nonce = ?1 WHERE id = 1", 16 },
		{ "UPDATE attachment SET nonce = x'00' WHERE id = 1", 0 },
		{ "UPDATE attachment SET size = -1 WHERE id = 1", 0 },
		{ "UPDATE attachment SET report = 2 WHERE id = 1", 0 },
		{ "UPDATE attachment_key SET sealed = (SELECT sealed FROM attachment_key WHERE report = 2) WHERE report = 1", 0 },
	};

	for (size_t i = 0; i < TW_COUNT(ways); i++) {
		(void)tear_down(state);
		(void)set_up(state);
		CHECK_INT(add(1, "long", (struct tw_slice){ long_text, LONG }), TW_ATTACHED);
		CHECK_INT(add(1, "second", (struct tw_slice){ long_text, LONG - 1 }), TW_ATTACHED);
		CHECK_INT(add(2, "other", TW_SLICE("x")), TW_ATTACHED);
		CHECK_OK(tw_store_run(store, ways[i].sql, &TW_V_BLOB(nothing, ways[i].size), ways[i].size ? 1 : 0, NULL, NULL));
		CHECK(tw_store_changes(store) > 0);
		CHECK_ERR(read_back(1, TW_SLICE("")), UNTRUSTED);
	}
}

static void without_keys_nothing(void **state)
{
	const struct tw_attachments a = with(tw_sys_real());
	const struct tw_attachment f = { TW_SLICE("a"), TW_SLICE(""), TW_SLICE("x") };
	struct seen s = { 0 };
	enum tw_attached said;

	refusing = true;
	CHECK_ERR(tw_attachments_add(&a, 1, &f, 1, 5, &said), TIMEOUT);
	refusing = false;
	CHECK_INT(seen(1).count, 0);
	CHECK_INT(add(1, "a", TW_SLICE("x")), TW_ATTACHED);
	refusing = true;
	CHECK_ERR(tw_attachments_list(&a, 1, see, &s), TIMEOUT);
	CHECK_INT(s.count, 0);
}

static tw_err take_id(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

/* Each call of the seam fails once: what was acknowledged is there whole after a start, and what was not may be sent again. */
static void any_call_may_fail(void **state)
{
	const struct tw_attachment files[] = { { TW_SLICE("a"), TW_SLICE(""), { long_text, LONG / 2 } },
		{ TW_SLICE("b"), TW_SLICE(""), TW_SLICE("x") } };
	bool fired = true;
	int64_t id = 0;

	for (long k = 1; fired && k < CALLS_MAX; k += k < 40 ? 1 : 7) {
		tw_fake *fake = tw_fake_new();
		enum tw_attached said = TW_ATTACHED_FULL;

		(void)tear_down(state);
		(void)set_up(state);
		reopen(tw_fake_sys(fake));
		const struct tw_attachments a = with(tw_fake_sys(fake));
		tw_fake_fail(fake, k, k % 2 ? ENOSPC : EIO, false);
		tw_err e = tw_attachments_add(&a, 1, files, TW_COUNT(files), 5, &said);
		fired = tw_fake_fired(fake);
		tw_fake_fail(fake, 0, 0, false);
		reopen(tw_sys_real());
		tw_fake_free(fake);
		const size_t there = seen(1).count;
		CHECK(there == 2 || (there == 0 && tw_failed(e)));
		CHECK_INT(add(1, "a", (struct tw_slice){ long_text, LONG / 2 }), TW_ATTACHED);
		CHECK_OK(tw_store_run(store, "SELECT min(id) FROM attachment", NULL, 0, take_id, &id)); /* a number may have gone with what was undone */
		CHECK_OK(read_back(id, (struct tw_slice){ long_text, LONG / 2 }));
	}
	CHECK(!fired);
}

static void names_are_text(void **state)
{
	static const struct {
		const char *sent, *kept;
	} rows[] = {
		{ "a.txt", "a.txt" },
		{ "/etc/passwd", "passwd" },
		{ "..\\..\\boot.ini", "boot.ini" },
		{ "..", "_" },
		{ ".bashrc", "_bashrc" },
		{ "-rf", "_rf" },
		{ "", "file" },
		{ "a/", "file" },
		{ "a\r\nSet-Cookie: x", "a__Set-Cookie_ x" },
		{ "\"q\";filename=x", "_q__filename=x" },
		{ "gpj.\xe2\x80\xae"
		  "exe\xe2\x80\xac",
			"gpj._exe_" },
		{ "\xc3\xa4.png", "\xc3\xa4.png" },
		{ "\xff\xfe.png", "__.png" },
		{ "50%2f", "50_2f" },
		{ "x. . ", "x" },
		{ "\x01\x7f", "__" },
		{ "\xc2\x85"
		  "a\xef\xbb\xbf",
			"_a_" },
	};
	static const struct {
		const char *sent, *kept;
	} types[] = {
		{ "image/PNG", "image/png" },
		{ "text/plain; charset=utf-8", "text/plain" },
		{ "", "application/octet-stream" },
		{ "text", "application/octet-stream" },
		{ "a/b/c", "application/octet-stream" },
		{ "a/", "application/octet-stream" },
		{ "/b", "application/octet-stream" },
		{ "a/b\r\nX: y", "application/octet-stream" },
	};
	char long_name[300], name[TW_ATTACHMENT_NAME + 1], type[TW_ATTACHMENT_TYPE + 1];

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_attachment_name(tw_slice_of(rows[i].sent), name);
		CHECK_TEXT(name, rows[i].kept);
	}
	for (size_t i = 0; i < TW_COUNT(types); i++) {
		tw_attachment_type(tw_slice_of(types[i].sent), type);
		CHECK_TEXT(type, types[i].kept);
	}
	for (size_t i = 0; i < sizeof long_name; i++)
		long_name[i] = "\xe2\x82\xac"[i % 3];
	tw_attachment_name((struct tw_slice){ long_name, sizeof long_name }, name);
	CHECK_INT(strlen(name), TW_ATTACHMENT_NAME);
	assert_true(tw_utf8_valid(tw_slice_of(name)));
	memset(long_name, 'a', sizeof long_name);
	long_name[1] = '/';
	tw_attachment_type((struct tw_slice){ long_name, sizeof long_name }, type);
	CHECK_TEXT(type, "application/octet-stream");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

CHECK_MAIN(TEST(kept_and_read), TEST(in_pieces), TEST(bounded), TEST(nothing_in_the_clear_and_nothing_left),
	TEST(tampering_is_seen), TEST(without_keys_nothing), TEST(any_call_may_fail), TEST(names_are_text))
