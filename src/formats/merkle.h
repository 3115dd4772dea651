/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Merkle tree of RFC 9162, 2.1: roots, inclusion and consistency proofs, over SHA-256. Pure.
 *
 * Whoever writes keeps the hashes of complete subtrees, two for each leaf in the long run, and gives them by level and place: a leaf has level 0, and
 * the node (l, i) is over the leaves from i << l on. So a root or a proof of a large tree needs a few dozen of them, and never all leaves.
 */
#ifndef TW_FORMATS_MERKLE_H
#define TW_FORMATS_MERKLE_H
#include "base/buf.h"
#include "base/err.h"

#define TW_MERKLE_HASH 32
#define TW_MERKLE_LEAVES_MAX (UINT64_C(1) << 40) /* nothing of ours grows so far, and shifts stay defined */
#define TW_MERKLE_PROOF_MAX 82                   /* hashes: two for each level of the largest tree, of a consistency proof */
struct tw_merkle_nodes {
	tw_err (*get)(void *user, unsigned level, uint64_t index, uint8_t ret[TW_MERKLE_HASH]); /* of a complete subtree */
	void *user;
};
struct tw_merkle_proof {
	size_t count;
	uint8_t of[TW_MERKLE_PROOF_MAX][TW_MERKLE_HASH];
};
tw_err tw_merkle_leaf(struct tw_slice entry, uint8_t ret[TW_MERKLE_HASH]);
/* Adds the leaf with that number (from 0): its own node and those that it completes are given to put, lowest first. */
tw_err tw_merkle_add(const struct tw_merkle_nodes *n, uint64_t number, const uint8_t leaf[TW_MERKLE_HASH],
	tw_err (*put)(void *user, unsigned level, uint64_t index, const uint8_t hash[TW_MERKLE_HASH]), void *user);
tw_err tw_merkle_root(const struct tw_merkle_nodes *n, uint64_t size, uint8_t ret[TW_MERKLE_HASH]);
/* LIMIT: there is no such leaf, or no such smaller tree. */
tw_err tw_merkle_inclusion(const struct tw_merkle_nodes *n, uint64_t leaf, uint64_t size, struct tw_merkle_proof *ret);
tw_err tw_merkle_consistency(const struct tw_merkle_nodes *n, uint64_t before, uint64_t size, struct tw_merkle_proof *ret);

/* UNTRUSTED: it is not so, or the proof is not of this form. */
tw_err tw_merkle_check_inclusion(uint64_t leaf, uint64_t size, const uint8_t hash[TW_MERKLE_HASH], const struct tw_merkle_proof *p,
	const uint8_t root[TW_MERKLE_HASH]);
struct tw_merkle_head {
	uint64_t size;
	uint8_t root[TW_MERKLE_HASH];
};
tw_err tw_merkle_check_consistency(
	const struct tw_merkle_head *before, const struct tw_merkle_head *after, const struct tw_merkle_proof *p);
#endif
