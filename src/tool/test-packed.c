/* SPDX-License-Identifier: Apache-2.0 */
/* What comes out of packed files, and what is refused: bombs, paths, links, pieces that are missing. */
#include "tool/packed.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"
#include "tool/tar.h"

#define FILE_MAX (24 * 1024 * 1024)

#define GZIP "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\xe7\x02\x00\x20\x30\x3a\x36\x06\x00\x00\x00"
#define XZ \
	"\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x16\x00\x00\x00\x74\x2f\xe5\xa3\x01\x00\x05\x68\x65\x6c\x6c\x6f\x0a\x00\x00\x00\xa5\x60\x97\xf1\x94\xf6\xfd\xe0\x00\x01\x1e\x06\xc1\x2f\xa4\x1d\x1f\xb6\xf3\x7d\x01\x00\x00\x00\x00\x04\x59\x5a"
#define ZSTD "\x28\xb5\x2f\xfd\x04\x68\x31\x00\x00\x68\x65\x6c\x6c\x6f\x0a\x53\x88\xbd\x91"
#define BYTES(text)                      \
	{                                \
		(text), sizeof(text) - 1 \
	}

static const struct tw_slice alone[] = { BYTES(GZIP), BYTES(XZ), BYTES(ZSTD) };

static void test_alone(void **state)
{
	for (size_t i = 0; i < TW_COUNT(alone); i++) {
		struct tw_unpacked u;

		CHECK(tw_is_packed(alone[i]));
		CHECK_OK(tw_unpack(tw_sys_real(), alone[i], FILE_MAX, &u));
		CHECK(!u.many && u.count == 1);
		CHECK_TEXT(tw_buf_cstr(&u.of[0].text), "hello\n");
		tw_unpacked_done(&u);
	}
	CHECK(!tw_is_packed(TW_SLICE("")));
	CHECK(!tw_is_packed(TW_SLICE("{\"bomFormat\":\"CycloneDX\"}")));
	CHECK(!tw_is_packed(TW_SLICE("\x1f\x8b")));
}

/* Every beginning of each is refused, and leaves nothing behind. */
static void test_torn(void **state)
{
	for (size_t i = 0; i < TW_COUNT(alone); i++)
		for (size_t size = 0; size < alone[i].size; size++) {
			struct tw_unpacked u;

			CHECK_ERR(tw_unpack(tw_sys_real(), (struct tw_slice){ alone[i].at, size }, FILE_MAX, &u), SYNTAX);
			CHECK(!u.of && !u.count && !u.names);
		}
}

static void add(struct tw_buf *b, const char *path, const char *content)
{
	CHECK_OK(tw_tar_add(b, &(struct tw_tar_entry){ .path = path, .mode = 0644 }, tw_slice_of(content)));
}

static void test_tar(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_unpacked u;

	tw_buf_init(&b, tw_sys_real(), 65536);
	add(&b, "./", "");
	add(&b, "./a", "one");
	add(&b, "b", "");
	CHECK_OK(tw_tar_end(&b));
	CHECK(tw_is_packed(tw_buf_slice(&b)));
	CHECK_OK(tw_unpack(tw_sys_real(), tw_buf_slice(&b), FILE_MAX, &u));
	CHECK(u.many && u.count == 2 && u.bytes == 3);
	CHECK_TEXT(tw_buf_cstr(&tw_unpacked_named(&u, "a")->text), "one");
	CHECK_TEXT(tw_buf_cstr(&tw_unpacked_named(&u, "b")->text), "");
	CHECK(!tw_unpacked_named(&u, "c") && !tw_unpacked_named(&u, ""));
	tw_unpacked_done(&u);
}

static const struct {
	const char *path, *again, *detail;
} refused[] = {
	{ "../a", "", "'../a' is no name of a file at its top, where Yocto packs its documents" },
	{ "/a", "", "'/a' is no name of a file at its top, where Yocto packs its documents" },
	{ "spdx/a", "", "'spdx/a' is no name of a file at its top, where Yocto packs its documents" },
	{ "spdx/", "", "'spdx/' is no name of a file at its top, where Yocto packs its documents" },
	{ "a\nb", "", "has a file whose name is none" },
	{ "a", "./a", "has 'a' twice" },
};

static void test_names(void **state)
{
	for (size_t i = 0; i < TW_COUNT(refused); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		struct tw_unpacked u;

		tw_buf_init(&b, tw_sys_real(), 65536);
		add(&b, refused[i].path, "");
		if (*refused[i].again)
			add(&b, refused[i].again, "");
		CHECK_OK(tw_tar_end(&b));
		CHECK_ERR(tw_unpack(tw_sys_real(), tw_buf_slice(&b), FILE_MAX, &u), SYNTAX);
		CHECK_TEXT(tw_err_detail(), refused[i].detail);
	}
}

/* A symbolic link, as no writer of ours makes it. */
static void test_link(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_unpacked u;
	unsigned sum = 0;

	tw_buf_init(&b, tw_sys_real(), 65536);
	add(&b, "a", "");
	b.data[156] = '2';
	b.data[157] = 'b';
	memset(b.data + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)b.data[i];
	(void)snprintf(b.data + 148, 8, "%06o", sum);
	CHECK_OK(tw_tar_end(&b));
	CHECK_ERR(tw_unpack(tw_sys_real(), tw_buf_slice(&b), FILE_MAX, &u), SYNTAX);
	CHECK_TEXT(tw_err_detail(), "'a' is a link or no file");
}

/* Spaces (zeros would be a tar without files): blocks of 128 KiB in four bytes each (RFC 8878, 3.1.1.2). */
static void spaces(struct tw_buf *b, size_t blocks)
{
	CHECK_OK(tw_buf_add(b, "\x28\xb5\x2f\xfd\x00\x50", 6));
	for (size_t i = 0; i < blocks; i++) {
		const uint32_t head = (uint32_t)(i + 1 == blocks) | 1U << 1 | 0x20000U << 3;

		CHECK_OK(tw_buf_add(b, (const uint8_t[]){ (uint8_t)head, (uint8_t)(head >> 8), (uint8_t)(head >> 16), ' ' }, 4));
	}
}

static void test_bombs(void **state)
{
	static const struct {
		size_t blocks;
		const char *detail; /* NULL: taken */
	} rows[] = {
		{ 128, NULL },
		{ 129, "becomes more than 200 times its size, as no inventory does" },
		{ 100000, "becomes more than 25165824 bytes" },
	};
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_unpacked u;

	tw_buf_init(&b, tw_sys_real(), 1 << 20);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_buf_clear(&b);
		spaces(&b, rows[i].blocks);
		tw_err e = tw_unpack(tw_sys_real(), tw_buf_slice(&b), FILE_MAX, &u);
		if (!rows[i].detail)
			CHECK_OK(e);
		else
			CHECK_ERR(e, LIMIT);
		if (rows[i].detail)
			CHECK_TEXT(tw_err_detail(), rows[i].detail);
		else
			CHECK_INT(u.bytes, 128 * 131072);
		tw_unpacked_done(&u);
	}
	/* As much as one file may become, and one byte more. */
	tw_buf_clear(&b);
	spaces(&b, 8);
	CHECK_ERR(tw_unpack(tw_sys_real(), tw_buf_slice(&b), 1048575, &u), LIMIT);
	CHECK_TEXT(tw_err_detail(), "becomes more than 1048575 bytes");
	CHECK_OK(tw_unpack(tw_sys_real(), tw_buf_slice(&b), 1048576, &u));
	tw_unpacked_done(&u);
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	struct tw_unpacked u;

	TW_TRY(tw_unpack(sys, tw_buf_slice(user), FILE_MAX, &u));
	tw_unpacked_done(&u);
	return TW_OK;
}

static void test_without_memory(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_unpacked u;
	char name[16];

	tw_buf_init(&b, tw_sys_real(), 65536);
	for (int i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof name, "file-%d", i);
		add(&b, name, name);
	}
	CHECK_OK(tw_tar_end(&b));
	CHECK_OK(tw_unpack(tw_sys_real(), tw_buf_slice(&b), FILE_MAX, &u)); /* the library stays loaded */
	tw_unpacked_done(&u);
	CHECK(oom_sweep(sweep, &b) > 20);
}

CHECK_MAIN(cmocka_unit_test(test_alone), cmocka_unit_test(test_torn), cmocka_unit_test(test_tar), cmocka_unit_test(test_names),
	cmocka_unit_test(test_link), cmocka_unit_test(test_bombs), cmocka_unit_test(test_without_memory))
