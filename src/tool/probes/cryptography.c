/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of the device's cryptography.
 *
 * Each sends data of its own, mostly random so that no answer can be known beforehand, computes here what must come back, and then
 * changes one bit and expects the opposite. A device that only says what is wanted cannot pass both.
 */
#include "tool/probes/probe.h"

#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/digest.h"
#include "crypto/hash.h"
#include "crypto/key.h"

#define CHECK_PATH "/api/v1/crypto/check"
#define SEAL_PATH "/api/v1/crypto/seal"
#define UNSEAL_PATH "/api/v1/crypto/unseal"
#define TEXT_SIZE 256
#define VERIFY_PATH "/api/v1/crypto/verify"
#define HASH_PATH "/api/v1/crypto/hash"
#define FILE_SIZE 4096

static tw_err some_data(struct tw_probe_context *c, uint8_t *ret, size_t size)
{
	return c->sys->random(c->sys, ret, size) ? TW_RAISE_ERRNO("randomness") : TW_OK;
}

/* @nist DP.CCS.4: the device's digest of this is ours */
static tw_err same_digest(
	struct tw_probe_context *c, const struct tw_digest_row *row, struct tw_slice data, struct tw_finding *f, bool *ret_good)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, hex = { 0 };
	uint8_t digest[TW_DIGEST_MAX];
	size_t size = 0;

	*ret_good = false;
	tw_buf_init(&text, c->sys, 2 * FILE_SIZE);
	tw_buf_init(&hex, c->sys, (size_t)2 * TW_DIGEST_MAX);
	TW_TRY(tw_digest_of(c->sys, tw_slice_of(row->name), data, digest, &size));
	TW_TRY(tw_buf_base64url(&text, data.at, data.size));
	TW_TRY(tw_buf_hex(&hex, digest, size));
	tw_err e = tw_order_with(c, "POST", HASH_PATH, json_pack("{s:s, s:s}", "algorithm", row->name, "data", tw_buf_cstr(&text)), &answer);
	if (tw_failed(e))
		return tw_found_trouble(f, "Hashing", e);
	*ret_good = strcmp(tw_json_text(answer.body, "digest"), tw_buf_cstr(&hex)) == 0;
	return *ret_good
		? TW_OK
		: tw_found(f, TW_VERDICT_FAIL, "The device's %s of the same %zu bytes is another one than ours.", row->name, data.size);
}

/* The published examples, whose digests tw_digest_try has compared with what is published before ours are believed; and random bytes. */
static tw_err digests_agree(struct tw_probe_context *c, struct tw_finding *f)
{
	uint8_t data[FILE_SIZE];
	bool good = true;

	for (const struct tw_digest_row *row = tw_digests; row->name && good; row++) {
		TW_TRY(tw_digest_try(row));
		TW_TRY(same_digest(c, row, row->example, f, &good));
		TW_TRY(some_data(c, data, sizeof data));
		if (good)
			TW_TRY(same_digest(c, row, (struct tw_slice){ (char *)data, sizeof data }, f, &good));
	}
	if (!good)
		return TW_OK;
	return tw_found(f, TW_VERDICT_PASS,
		"With " TW_DIGEST_APPROVED
		" the device's digests of the examples that NIST publishes and of %d random bytes are the right ones.",
		FILE_SIZE);
}

static const char *const disallowed[] = { "md5", "sha-1", "md4", "crc-32", "none", "sha-224" };

/* @nist DP.CCS.4: an algorithm that is not approved gets an error, and no digest. */
static tw_err others_refused(struct tw_probe_context *c, struct tw_finding *f)
{
	for (size_t i = 0; i < TW_COUNT(disallowed); i++) {
		TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
		tw_err e = tw_ask_post(c, HASH_PATH, json_pack("{s:s, s:s}", "algorithm", disallowed[i], "data", "YWJj"), &answer);

		if (tw_failed(e))
			return tw_found_trouble(f, "Asking for a disallowed function", e);
		if (answer.status == 200)
			return tw_found(f, TW_VERDICT_FAIL, "The device hashes with %s.", disallowed[i]);
		if (strcmp(tw_json_text(answer.body, "rule"), "crypto.approved") != 0)
			return tw_found(f, TW_VERDICT_FAIL, "Asked for %s the device answers %ld, but not because it is not approved.",
				disallowed[i], answer.status);
	}
	return tw_found(f, TW_VERDICT_PASS, "MD5, SHA-1 and %zu others are refused as not approved.", TW_COUNT(disallowed) - 2);
}

/* One question: does this digest belong to this data? The answer has to be `wanted` and nothing else. */
struct comparison {
	const char *algorithm, *what, *wanted;
	struct tw_slice data;
	const uint8_t *digest;
	size_t size;
};

static tw_err compare(struct tw_probe_context *c, const struct comparison *one, struct tw_finding *f, bool *ret_good)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, hex = { 0 };

	*ret_good = false;
	tw_buf_init(&text, c->sys, 2 * FILE_SIZE);
	tw_buf_init(&hex, c->sys, (size_t)2 * TW_DIGEST_MAX);
	TW_TRY(tw_buf_base64url(&text, one->data.at, one->data.size));
	TW_TRY(tw_buf_hex(&hex, one->digest, one->size));
	tw_err e = tw_order_with(c, "POST", CHECK_PATH,
		json_pack("{s:s, s:s, s:s}", "algorithm", one->algorithm, "data", tw_buf_cstr(&text), "digest", tw_buf_cstr(&hex)),
		&answer);
	if (tw_failed(e))
		return tw_found_trouble(f, "Comparing a digest", e);
	*ret_good = strcmp(tw_json_text(answer.body, "result"), one->wanted) == 0;
	return *ret_good
		? TW_OK
		: tw_found(f, TW_VERDICT_FAIL, "For %s and %s the device does not say %s.", one->algorithm, one->what, one->wanted);
}

static tw_err compare_three(struct tw_probe_context *c, const char *algorithm, struct tw_finding *f, bool *ret_good)
{
	uint8_t data[FILE_SIZE], digest[TW_DIGEST_MAX], chosen[2];
	struct comparison one = { algorithm, "the right digest", "match", { (char *)data, sizeof data }, digest, 0 };

	TW_TRY(some_data(c, data, sizeof data));
	TW_TRY(some_data(c, chosen, sizeof chosen));
	TW_TRY(tw_digest_of(c->sys, tw_slice_of(algorithm), one.data, digest, &one.size));
	TW_TRY(compare(c, &one, f, ret_good));
	if (!*ret_good)
		return TW_OK;
	uint8_t *bit = &digest[chosen[0] % one.size];
	*bit ^= (uint8_t)(1U << (chosen[1] % 8));
	one.what = "a digest with one bit changed";
	one.wanted = "mismatch";
	TW_TRY(compare(c, &one, f, ret_good));
	*bit ^= (uint8_t)(1U << (chosen[1] % 8));
	if (!*ret_good)
		return TW_OK;
	data[chosen[0] * 16] ^= (uint8_t)(1U << (chosen[1] % 8));
	one.what = "data with one bit changed";
	return compare(c, &one, f, ret_good);
}

/* @nist DP.CCS.6: a file against a right and a wrong digest. */
static tw_err match_and_mismatch(struct tw_probe_context *c, struct tw_finding *f)
{
	bool good = true;

	for (const struct tw_digest_row *row = tw_digests; row->name && good; row++)
		TW_TRY(compare_three(c, row->name, f, &good));
	if (!good)
		return TW_OK;
	return tw_found(f, TW_VERDICT_PASS,
		"With " TW_DIGEST_APPROVED
		" the device says match for %d random bytes and their digest, and mismatch when one bit of either is changed.",
		FILE_SIZE);
}

/* What a file and its signature are on the wire. */
struct signed_file {
	tw_key *key;
	uint8_t data[FILE_SIZE], signature[TW_SIGNATURE_SIZE];
};

static void signed_file_done(struct signed_file *s)
{
	s->key = tw_key_free(s->key);
}

static tw_err sign_some(struct tw_probe_context *c, struct signed_file *s)
{
	const struct tw_slice all = { (char *)s->data, sizeof s->data };

	TW_TRY(some_data(c, s->data, sizeof s->data));
	TW_TRY(tw_key_generate(c->sys, &s->key));
	return tw_key_sign(s->key, &all, 1, s->signature);
}

/* A certificate of its own for the key: it says nothing but the key. */
static tw_err pem_of(struct tw_probe_context *c, const tw_key *key, struct tw_buf *ret)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	const struct tw_cert_want want = { .common_name = "assessment" };

	TW_TRY(tw_cert_make(c->sys, &want, key, NULL, key, &cert));
	return tw_cert_pem(cert, ret);
}

/* Asks whether the file verifies. ret_yes: it does. ret_no: it is refused for its signature, and for nothing else. */
static tw_err ask_verify(struct tw_probe_context *c, const struct signed_file *s, bool *ret_yes, bool *ret_no)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 }, text = { 0 }, signature = { 0 };

	tw_buf_init(&pem, c->sys, 4096);
	tw_buf_init(&text, c->sys, 2 * FILE_SIZE);
	tw_buf_init(&signature, c->sys, 128);
	TW_TRY(pem_of(c, s->key, &pem));
	TW_TRY(tw_buf_base64url(&text, s->data, sizeof s->data));
	TW_TRY(tw_buf_base64url(&signature, s->signature, sizeof s->signature));
	TW_TRY(tw_ask_post(c, VERIFY_PATH,
		json_pack("{s:s, s:s, s:s}", "key", tw_buf_cstr(&pem), "data", tw_buf_cstr(&text), "signature", tw_buf_cstr(&signature)),
		&answer));
	*ret_yes = answer.status == 200 && strcmp(tw_json_text(answer.body, "result"), "verified") == 0;
	*ret_no = answer.status >= 400 && strcmp(tw_json_text(answer.body, "rule"), "crypto.signature") == 0;
	return TW_OK;
}

static const char *const changes[] = { "one bit of the data changed", "one bit of the signature changed", "another key" };

static tw_err change(struct tw_probe_context *c, struct signed_file *s, size_t which)
{
	uint8_t at[2];

	TW_TRY(some_data(c, at, sizeof at));
	if (which == 2) {
		s->key = tw_key_free(s->key);
		return tw_key_generate(c->sys, &s->key);
	}
	*(which == 0 ? &s->data[at[0] * 16] : &s->signature[at[0] % TW_SIGNATURE_SIZE]) ^= (uint8_t)(1U << (at[1] % 8));
	return TW_OK;
}

/* @nist DP.CCS.3: the untouched file passes, and with one bit flipped it does not. */
static tw_err signatures_judged(struct tw_probe_context *c, struct tw_finding *f)
{
	for (size_t i = 0; i < TW_COUNT(changes); i++) {
		TW_CLEANUP(signed_file_done) struct signed_file s = { .key = NULL };
		bool yes = false, no = false;

		TW_TRY(sign_some(c, &s));
		tw_err e = ask_verify(c, &s, &yes, &no);
		if (tw_failed(e))
			return tw_found_trouble(f, "Verifying a signature", e);
		if (!yes)
			return tw_found(f, TW_VERDICT_FAIL, "The device does not verify a right signature of a key that was made just now.");
		TW_TRY(change(c, &s, i));
		e = ask_verify(c, &s, &yes, &no);
		if (tw_failed(e))
			return tw_found_trouble(f, "Verifying a signature", e);
		if (yes || !no)
			return tw_found(f, TW_VERDICT_FAIL, "With %s the device does not refuse the data for its signature.", changes[i]);
	}
	return tw_found(f, TW_VERDICT_PASS,
		"Random files of %d bytes, signed by fresh keys, verify; with one bit of data or signature changed, or another key, they are refused.",
		FILE_SIZE);
}

/* One text to the path, one back; nothing when the answer is a refusal, which is the caller's to judge. */
struct way {
	const char *path, *in, *out;
};
static const struct way sealing_way = { SEAL_PATH, "data", "sealed" }, opening_way = { UNSEAL_PATH, "sealed", "data" };
struct room {
	uint8_t *at;
	size_t max, size;
};

static tw_err exchange(struct tw_probe_context *c, const struct way *way, const void *text, size_t size, struct tw_answer *answer,
	struct room *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	ret->size = 0;
	tw_buf_init(&b, c->sys, 2 * FILE_SIZE);
	TW_TRY(tw_buf_base64url(&b, text, size));
	TW_TRY(tw_ask_post(c, way->path, json_pack("{s:s}", way->in, tw_buf_cstr(&b)), answer));
	if (answer->status != 200)
		return TW_OK;
	return tw_parse_base64url(tw_slice_of(tw_json_text(answer->body, way->out)), ret->max, ret->at, &ret->size);
}

struct sealed_text {
	uint8_t text[TEXT_SIZE], sealed[TEXT_SIZE + TW_AEAD_OVERHEAD];
};

static tw_err seal_some(struct tw_probe_context *c, struct sealed_text *s, struct tw_finding *f, bool *ret_good)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer sealing = { 0 }, opening = { 0 };
	uint8_t back[TEXT_SIZE];
	struct room sealed = { s->sealed, sizeof s->sealed, 0 }, opened = { back, sizeof back, 0 };

	*ret_good = false;
	TW_TRY(some_data(c, s->text, sizeof s->text));
	tw_err e = exchange(c, &sealing_way, s->text, TEXT_SIZE, &sealing, &sealed);
	if (!tw_failed(e))
		e = tw_answer_check(&sealing, c->tool->hint, sizeof c->tool->hint);
	if (tw_failed(e))
		return tw_found_trouble(f, "Sealing", e);
	if (sealed.size != sizeof s->sealed || memmem(s->sealed, sealed.size, s->text, 16))
		return tw_found(f, TW_VERDICT_FAIL, "What the device calls sealed is no ciphertext with nonce and tag.");
	e = exchange(c, &opening_way, s->sealed, sizeof s->sealed, &opening, &opened);
	if (!tw_failed(e))
		e = tw_answer_check(&opening, c->tool->hint, sizeof c->tool->hint);
	if (tw_failed(e))
		return tw_found_trouble(f, "Opening what was sealed", e);
	*ret_good = opened.size == TEXT_SIZE && memcmp(back, s->text, TEXT_SIZE) == 0;
	return *ret_good ? TW_OK : tw_found(f, TW_VERDICT_FAIL, "What the device sealed opens to something else.");
}

/* Refused, by that rule, and with nothing of the text in the answer. */
static tw_err opens_not(struct tw_probe_context *c, const struct sealed_text *s, const char *what, struct tw_finding *f, bool *ret_good)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	uint8_t back[TEXT_SIZE + TW_AEAD_OVERHEAD];
	struct room opened = { back, sizeof back, 0 };
	tw_err e = exchange(c, &opening_way, s->sealed, sizeof s->sealed, &answer, &opened);

	*ret_good = false;
	if (tw_failed(e))
		return tw_found_trouble(f, "Opening what was changed", e);
	*ret_good = answer.status >= 400 && !json_object_get(answer.body, "data") &&
		strcmp(tw_json_text(answer.body, "rule"), "crypto.sealed") == 0;
	return *ret_good ? TW_OK
			 : tw_found(f, TW_VERDICT_FAIL, "With one bit of the %s changed the device does not refuse to open.", what);
}

static const struct {
	const char *what;
	size_t from, size;
} regions[] = {
	{ "nonce", 0, TW_AEAD_NONCE },
	{ "ciphertext", TW_AEAD_NONCE, TEXT_SIZE },
	{ "tag", TW_AEAD_NONCE + TEXT_SIZE, TW_AEAD_TAG },
};

/* @nist DP.CCS.5: one byte of ciphertext or tag altered, and nothing comes out. */
static tw_err changes_refused(struct tw_probe_context *c, struct tw_finding *f)
{
	struct sealed_text s;
	uint8_t at[2];
	bool good = false;

	TW_TRY(seal_some(c, &s, f, &good));
	for (size_t i = 0; i < TW_COUNT(regions) && good; i++) {
		TW_TRY(some_data(c, at, sizeof at));
		uint8_t *byte = &s.sealed[regions[i].from + at[0] % regions[i].size];
		*byte ^= (uint8_t)(1U << (at[1] % 8));
		TW_TRY(opens_not(c, &s, regions[i].what, f, &good));
		*byte ^= (uint8_t)(1U << (at[1] % 8));
	}
	if (!good)
		return TW_OK;
	return tw_found(f, TW_VERDICT_PASS,
		"%d random bytes were sealed and opened again; with one bit of nonce, ciphertext or tag changed they do not open, and nothing comes out.",
		TEXT_SIZE);
}

const struct tw_probe tw_probes_cryptography[] = {
	{ "DP.CCS.5", "changes-refused", TW_SOURCE_INSIDE, "Does what was sealed open unchanged only?", changes_refused },
	{ "DP.CCS.3", "signatures-judged", TW_SOURCE_INSIDE, "Does the device refuse data whose signature fails?", signatures_judged },
	{ "DP.CCS.4", "digests-agree", TW_SOURCE_INSIDE, "Are the device's digests the right ones?", digests_agree },
	{ "DP.CCS.4", "others-refused", TW_SOURCE_INSIDE, "Is a function that is not approved refused?", others_refused },
	{ "DP.CCS.6", "match-and-mismatch", TW_SOURCE_INSIDE, "Does the device tell a right digest from a wrong one?", match_and_mismatch },
	{},
};
