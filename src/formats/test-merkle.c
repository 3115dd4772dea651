/* SPDX-License-Identifier: Apache-2.0 */
/* The published roots, every proof of every small tree, and every proof with one thing wrong. */
#include "formats/merkle.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "check.h"

#include <string.h>

#define LEAVES 40
#define LEVELS 8
static uint8_t nodes[LEVELS][LEAVES][TW_MERKLE_HASH], leaves[LEAVES][TW_MERKLE_HASH];
static bool known[LEVELS][LEAVES];

static tw_err get(void *user, unsigned level, uint64_t index, uint8_t ret[TW_MERKLE_HASH])
{
	CHECK(level < LEVELS && index < LEAVES && known[level][index]);
	memcpy(ret, nodes[level][index], TW_MERKLE_HASH);
	return TW_OK;
}

static tw_err put(void *user, unsigned level, uint64_t index, const uint8_t hash[TW_MERKLE_HASH])
{
	CHECK(level < LEVELS && index < LEAVES && !known[level][index]);
	memcpy(nodes[level][index], hash, TW_MERKLE_HASH);
	known[level][index] = true;
	return TW_OK;
}

static const struct tw_merkle_nodes all = { get, NULL };

static void grow(const char *const *hex, size_t count)
{
	memset(known, 0, sizeof known);
	for (size_t i = 0; i < count; i++) {
		uint8_t bytes[16] = { (uint8_t)i };
		size_t size = hex ? strlen(hex[i]) / 2 : 1;

		if (hex)
			CHECK_OK(tw_parse_hex(tw_slice_of(hex[i]), bytes, size));
		CHECK_OK(tw_merkle_leaf((struct tw_slice){ (const char *)bytes, size }, leaves[i]));
		CHECK_OK(tw_merkle_add(&all, i, leaves[i], put, NULL));
	}
}

/* Those of the reference implementation of Certificate Transparency. */
static void test_published_roots(void **state)
{
	static const char *const entries[] = { "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
		"606162636465666768696a6b6c6d6e6f" };
	static const char *const roots[] = {
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	};

	grow(entries, 8);
	for (size_t size = 0; size <= 8; size++) {
		uint8_t want[TW_MERKLE_HASH], got[TW_MERKLE_HASH];

		CHECK_OK(tw_parse_hex(tw_slice_of(roots[size]), want, sizeof want));
		CHECK_OK(tw_merkle_root(&all, size, got));
		assert_memory_equal(got, want, sizeof want);
	}
}

static void one_inclusion(uint64_t leaf, uint64_t size, const uint8_t root[TW_MERKLE_HASH])
{
	struct tw_merkle_proof p;

	CHECK_OK(tw_merkle_inclusion(&all, leaf, size, &p));
	CHECK_OK(tw_merkle_check_inclusion(leaf, size, leaves[leaf], &p, root));
	CHECK_ERR(tw_merkle_check_inclusion(leaf, size, leaves[(leaf + 1) % LEAVES], &p, root), UNTRUSTED);
	CHECK_ERR(tw_merkle_check_inclusion(size, size, leaves[leaf], &p, root), UNTRUSTED);
	for (size_t i = 0; i < p.count; i++) {
		p.of[i][7] ^= 1;
		CHECK_ERR(tw_merkle_check_inclusion(leaf, size, leaves[leaf], &p, root), UNTRUSTED);
		p.of[i][7] ^= 1;
	}
	p.count++;
	CHECK_ERR(tw_merkle_check_inclusion(leaf, size, leaves[leaf], &p, root), UNTRUSTED);
}

static void test_every_inclusion(void **state)
{
	struct tw_merkle_proof p;
	uint8_t root[TW_MERKLE_HASH];

	grow(NULL, LEAVES);
	for (uint64_t size = 1; size <= LEAVES; size++) {
		CHECK_OK(tw_merkle_root(&all, size, root));
		for (uint64_t leaf = 0; leaf < size; leaf++)
			one_inclusion(leaf, size, root);
		CHECK_ERR(tw_merkle_inclusion(&all, size, size, &p), LIMIT);
	}
}

static void heads(uint64_t before, uint64_t after, struct tw_merkle_head ret[2])
{
	ret[0].size = before;
	ret[1].size = after;
	CHECK_OK(tw_merkle_root(&all, before, ret[0].root));
	CHECK_OK(tw_merkle_root(&all, after, ret[1].root));
}

static void one_thing_wrong(struct tw_merkle_head h[2], struct tw_merkle_proof *p)
{
	for (size_t i = 0; i < p->count; i++) {
		p->of[i][31] ^= 0x80;
		CHECK_ERR(tw_merkle_check_consistency(&h[0], &h[1], p), UNTRUSTED);
		p->of[i][31] ^= 0x80;
	}
	for (int i = 0; i < 2; i++) {
		h[i].root[0] ^= 1;
		CHECK_ERR(tw_merkle_check_consistency(&h[0], &h[1], p), UNTRUSTED);
		h[i].root[0] ^= 1;
	}
	p->count++;
	CHECK_ERR(tw_merkle_check_consistency(&h[0], &h[1], p), UNTRUSTED);
	p->count--;
	if (p->count) {
		p->count--;
		CHECK_ERR(tw_merkle_check_consistency(&h[0], &h[1], p), UNTRUSTED);
		p->count++;
	}
}

static void test_every_consistency(void **state)
{
	struct tw_merkle_head h[2];
	struct tw_merkle_proof p = { 0 };

	grow(NULL, LEAVES);
	for (uint64_t after = 1; after <= LEAVES; after++) {
		for (uint64_t before = 1; before <= after; before++) {
			heads(before, after, h);
			CHECK_OK(tw_merkle_consistency(&all, before, after, &p));
			CHECK_OK(tw_merkle_check_consistency(&h[0], &h[1], &p));
			one_thing_wrong(h, &p);
		}
		heads(0, after, h);
		p.count = 0;
		CHECK_OK(tw_merkle_check_consistency(&h[0], &h[1], &p)); /* everything continues nothing */
		if (after > 1) {
			heads(after, after - 1, h);
			CHECK_ERR(tw_merkle_check_consistency(&h[0], &h[1], &p), UNTRUSTED);
		}
		CHECK_ERR(tw_merkle_consistency(&all, 0, after, &p), LIMIT);
		CHECK_ERR(tw_merkle_consistency(&all, after + 1, after, &p), LIMIT);
	}
}

static void test_too_large(void **state)
{
	struct tw_merkle_proof p;
	uint8_t root[TW_MERKLE_HASH];

	CHECK_ERR(tw_merkle_root(&all, TW_MERKLE_LEAVES_MAX + 1, root), LIMIT);
	CHECK_ERR(tw_merkle_inclusion(&all, 0, TW_MERKLE_LEAVES_MAX + 1, &p), LIMIT);
	CHECK_ERR(tw_merkle_consistency(&all, 1, TW_MERKLE_LEAVES_MAX + 1, &p), LIMIT);
}

CHECK_MAIN(cmocka_unit_test(test_published_roots), cmocka_unit_test(test_every_inclusion), cmocka_unit_test(test_every_consistency),
	cmocka_unit_test(test_too_large))
