/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of cases as it crosses between programs: entries, which are the leaves of a Merkle tree, and its head, signed by the service's
 * identity. doc/spec/case-journal.md has it, so that a stranger can write a verifier from the page. Pure.
 */
#ifndef TW_FORMATS_JOURNAL_H
#define TW_FORMATS_JOURNAL_H
#include "base/json.h"
#include "crypto/cert.h"
#include "formats/merkle.h"

#define TW_JOURNAL_FORMAT "thingward-case-journal-1"
#define TW_JOURNAL_ENTRY_MAX 4096
#define TW_JOURNAL_MESSAGE 256
struct tw_journal_head {
	uint8_t service[32]; /* fingerprint of the key of the service's identity */
	uint64_t size;       /* entries */
	int64_t at_ms;
	uint8_t root[TW_MERKLE_HASH];
};
/* What is signed: a label with its NUL, then the fields above in their order, numbers as 8 bytes, big-endian. */
tw_err tw_journal_message(const struct tw_journal_head *h, struct tw_buf *ret);
tw_err tw_journal_message_parse(struct tw_slice message, struct tw_journal_head *ret); /* what keys reads before it signs. SYNTAX */

tw_err tw_journal_head_json(
	const struct tw_sys *sys, const struct tw_journal_head *h, const uint8_t signature[TW_SIGNATURE_SIZE], json_t **ret);
/* SYNTAX: it is none. UNTRUSTED: another service's, or not signed by that certificate's key. */
tw_err tw_journal_head_check(const struct tw_sys *sys, const json_t *head, const tw_cert *service, struct tw_journal_head *ret);

/* Proofs in JSON: texts of 64 hexadecimal digits. SYNTAX, LIMIT */
tw_err tw_journal_proof_json(const struct tw_sys *sys, const struct tw_merkle_proof *p, json_t **ret);
tw_err tw_journal_proof_read(const json_t *array, struct tw_merkle_proof *ret);

/* One entry's text, checked: it is JSON of this shape and has that number. SYNTAX */
tw_err tw_journal_entry_read(struct tw_slice text, uint64_t number, json_t **ret);
#endif
