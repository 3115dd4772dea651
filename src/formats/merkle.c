/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/merkle.h"

#include "base/mem.h"
#include "crypto/hash.h"

#include <string.h>

typedef uint8_t hash_t[TW_MERKLE_HASH];

tw_err tw_merkle_leaf(struct tw_slice entry, uint8_t ret[TW_MERKLE_HASH])
{
	const struct tw_slice parts[] = { { "\0", 1 }, entry };

	return tw_sha256_of(parts, TW_COUNT(parts), ret);
}

static tw_err node(const hash_t left, const hash_t right, hash_t ret)
{
	const struct tw_slice parts[] = { { "\1", 1 }, { (const char *)left, TW_MERKLE_HASH }, { (const char *)right, TW_MERKLE_HASH } };

	return tw_sha256_of(parts, TW_COUNT(parts), ret);
}

tw_err tw_merkle_add(const struct tw_merkle_nodes *n, uint64_t number, const uint8_t leaf[TW_MERKLE_HASH],
	tw_err (*put)(void *user, unsigned level, uint64_t index, const uint8_t hash[TW_MERKLE_HASH]), void *user)
{
	hash_t hash, left;
	unsigned level = 0;

	memcpy(hash, leaf, sizeof hash);
	TW_TRY(put(user, level, number, hash));
	while (number & 1) {
		TW_TRY(n->get(n->user, level, number - 1, left));
		TW_TRY(node(left, hash, hash));
		number >>= 1;
		TW_TRY(put(user, ++level, number, hash));
	}
	return TW_OK;
}

/* The largest level whose subtree fits into so many leaves; at least one. */
static unsigned level_of(uint64_t leaves)
{
	unsigned l = 0;

	while (leaves >> (l + 1))
		l++;
	return l;
}

/* Of the leaves from `from` to `to`, where `from` is a multiple of the largest subtree that begins there: complete subtrees from the left, joined
   from the right. */
static tw_err range(const struct tw_merkle_nodes *n, uint64_t from, uint64_t to, hash_t ret)
{
	unsigned levels[64], count = 0;
	uint64_t at = from;
	hash_t part;

	for (; at < to; at += UINT64_C(1) << levels[count++])
		levels[count] = level_of(to - at);
	while (count--) {
		at -= UINT64_C(1) << levels[count];
		TW_TRY(n->get(n->user, levels[count], at >> levels[count], part));
		if (at + (UINT64_C(1) << levels[count]) == to)
			memcpy(ret, part, TW_MERKLE_HASH);
		else
			TW_TRY(node(part, ret, ret));
	}
	return TW_OK;
}

tw_err tw_merkle_root(const struct tw_merkle_nodes *n, uint64_t size, uint8_t ret[TW_MERKLE_HASH])
{
	if (size > TW_MERKLE_LEAVES_MAX)
		return TW_RAISE(LIMIT, "a tree of more leaves than any of ours");
	return size ? range(n, 0, size, ret) : tw_sha256("", 0, ret);
}

/* Where a tree of so many leaves is split: the largest power of two below. */
static uint64_t split(uint64_t leaves)
{
	return UINT64_C(1) << level_of(leaves - 1);
}

static void turn(struct tw_merkle_proof *p)
{
	hash_t keep;

	for (size_t i = 0; i < p->count / 2; i++) {
		memcpy(keep, p->of[i], sizeof keep);
		memcpy(p->of[i], p->of[p->count - 1 - i], sizeof keep);
		memcpy(p->of[p->count - 1 - i], keep, sizeof keep);
	}
}

/* From the root down, so the proof comes out upside down. */
tw_err tw_merkle_inclusion(const struct tw_merkle_nodes *n, uint64_t leaf, uint64_t size, struct tw_merkle_proof *ret)
{
	uint64_t from = 0, to = size;

	ret->count = 0;
	if (leaf >= size || size > TW_MERKLE_LEAVES_MAX)
		return TW_RAISE(LIMIT, "no leaf %llu in a tree of %llu", (unsigned long long)leaf, (unsigned long long)size);
	while (to - from > 1) {
		uint64_t middle = from + split(to - from);
		bool right = leaf >= middle;

		TW_TRY(right ? range(n, from, middle, ret->of[ret->count]) : range(n, middle, to, ret->of[ret->count]));
		ret->count++;
		*(right ? &from : &to) = middle;
	}
	turn(ret);
	return TW_OK;
}

tw_err tw_merkle_consistency(const struct tw_merkle_nodes *n, uint64_t before, uint64_t size, struct tw_merkle_proof *ret)
{
	uint64_t from = 0, to = size;

	ret->count = 0;
	if (before == 0 || before > size || size > TW_MERKLE_LEAVES_MAX)
		return TW_RAISE(LIMIT, "no tree of %llu leaves before one of %llu", (unsigned long long)before, (unsigned long long)size);
	while (before < to) {
		uint64_t middle = from + split(to - from);
		bool right = before > middle;

		TW_TRY(right ? range(n, from, middle, ret->of[ret->count]) : range(n, middle, to, ret->of[ret->count]));
		ret->count++;
		*(right ? &from : &to) = middle;
	}
	if (from > 0) /* else it is the whole of the smaller tree, whose root is known */
		TW_TRY(range(n, from, to, ret->of[ret->count++]));
	turn(ret);
	return TW_OK;
}

/* --- RFC 9162, 2.1.3.2 and 2.1.4.2 --- */

static tw_err wrong(const char *what)
{
	return TW_RAISE(UNTRUSTED, "RFC 9162: %s", what);
}

tw_err tw_merkle_check_inclusion(uint64_t leaf, uint64_t size, const uint8_t hash[TW_MERKLE_HASH], const struct tw_merkle_proof *p,
	const uint8_t root[TW_MERKLE_HASH])
{
	uint64_t f = leaf, s = size - 1;
	hash_t r;

	if (leaf >= size)
		return wrong("the leaf lies beyond the tree");
	memcpy(r, hash, sizeof r);
	for (size_t i = 0; i < p->count; i++) {
		if (s == 0)
			return wrong("the proof of inclusion is too long");
		if ((f & 1) || f == s) {
			TW_TRY(node(p->of[i], r, r));
			while (!(f & 1) && f) {
				f >>= 1;
				s >>= 1;
			}
		} else {
			TW_TRY(node(r, p->of[i], r));
		}
		f >>= 1;
		s >>= 1;
	}
	return s == 0 && !memcmp(r, root, sizeof r) ? TW_OK : wrong("the leaf is not in this tree");
}

static tw_err climb(uint64_t f, uint64_t s, const struct tw_merkle_proof *p, size_t first, hash_t fr, hash_t sr)
{
	for (size_t i = first; i < p->count; i++) {
		if (s == 0)
			return wrong("the proof of consistency is too long");
		if ((f & 1) || f == s) {
			TW_TRY(node(p->of[i], fr, fr));
			TW_TRY(node(p->of[i], sr, sr));
			while (!(f & 1) && f) {
				f >>= 1;
				s >>= 1;
			}
		} else {
			TW_TRY(node(sr, p->of[i], sr));
		}
		f >>= 1;
		s >>= 1;
	}
	return s == 0 ? TW_OK : wrong("the proof of consistency is too short");
}

tw_err tw_merkle_check_consistency(const struct tw_merkle_head *before, const struct tw_merkle_head *after, const struct tw_merkle_proof *p)
{
	uint64_t f = before->size - 1, s = after->size - 1;
	bool power = before->size && !(before->size & f);
	hash_t fr, sr;

	if (before->size > after->size)
		return wrong("the tree has become smaller");
	if (before->size == 0 || before->size == after->size) {
		if (p->count)
			return wrong("the proof of consistency is too long");
		return before->size == 0 || !memcmp(before->root, after->root, sizeof fr) ? TW_OK : wrong("another tree of the same size");
	}
	if (!power && p->count == 0)
		return wrong("the proof of consistency is too short");
	while (f & 1) {
		f >>= 1;
		s >>= 1;
	}
	memcpy(fr, power ? before->root : p->of[0], sizeof fr);
	memcpy(sr, fr, sizeof sr);
	TW_TRY(climb(f, s, p, power ? 0 : 1, fr, sr));
	return !memcmp(fr, before->root, sizeof fr) && !memcmp(sr, after->root, sizeof sr) ? TW_OK : wrong("the tree is no continuation");
}
