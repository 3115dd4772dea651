/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of the approved algorithms as a whole: strong enough, and fast enough.
 *
 * The device is asked to try all it uses, and must name each that is approved and none besides. What can be asked of it with vectors of
 * our own is: published ones other than its own, computed here too, and each with one bit changed. HMAC and HKDF it uses inside only,
 * under its own keys: of those its word is all there is, and the verdict says so.
 */
#include "tool/probes/probe.h"

#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/hash.h"
#include "crypto/selftest.h"
#include "crypto/verify.h"

#define SELF_TEST "/api/v1/crypto/self-test"
#define HASH "/api/v1/crypto/hash"
#define VERIFY "/api/v1/crypto/verify"
#define BULK 45000 /* the longest that the device hashes at a time */

static const json_t *entry_of(const json_t *list, const char *name)
{
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
		if (strcmp(tw_json_text(one, "name"), name) == 0)
			return one;
	return NULL;
}

/* The list in an answer of the self-test; ret NULL: f has been told. */
static tw_err self_test(struct tw_probe_context *c, struct tw_answer *answer, struct tw_finding *f, const json_t **ret)
{
	*ret = NULL;
	tw_err e = tw_order_with(c, "POST", SELF_TEST, json_object(), answer);
	if (tw_failed(e))
		return tw_found_trouble(f, "Having the device try its algorithms", e);
	*ret = json_object_get(answer->body, "algorithms");
	if (json_is_array(*ret))
		return TW_OK;
	*ret = NULL;
	return tw_found(f, TW_VERDICT_FAIL, "The device does not say which algorithms it tried.");
}

/* @nist DP.CCS.1: each that is approved, none besides, and all passed */
static tw_err all_named(struct tw_probe_context *c, struct tw_finding *f, bool *ret_good)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	const json_t *list;

	*ret_good = false;
	TW_TRY(self_test(c, &answer, f, &list));
	if (!list)
		return TW_OK;
	for (const struct tw_algorithm *row = tw_algorithms; row->name; row++) {
		const json_t *one = entry_of(list, row->name);

		if (!one)
			return tw_found(f, TW_VERDICT_FAIL, "The device does not say that it tried %s.", row->name);
		if (!tw_json_bool(one, "passed"))
			return tw_found(f, TW_VERDICT_FAIL, "By its own word the device's %s does not give what its standard says.",
				row->name);
	}
	if (json_array_size(list) != TW_ALGORITHMS)
		return tw_found(f, TW_VERDICT_FAIL, "The device uses algorithms that are not approved: it names %zu, approved are %d.",
			json_array_size(list), TW_ALGORITHMS);
	if (!tw_json_bool(answer.body, "passed"))
		return tw_found(f, TW_VERDICT_FAIL, "The device says that not all of its algorithms passed.");
	*ret_good = true;
	return TW_OK;
}

/* Digests of "abc" (FIPS 180-4, appendix examples), which are other ones than those the device tries itself with. */
static const struct {
	const char *function, *digest;
} abc[] = {
	{ "sha-256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "sha-384", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7" },
	{ "sha-512", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
};

/* "abc", and "abb", which differs by a bit and whose digest is computed here. */
static tw_err hashes_right(struct tw_probe_context *c, struct tw_finding *f, bool *ret_good)
{
	for (size_t i = 0; i < TW_COUNT(abc); i++) {
		TW_CLEANUP(tw_answer_done) struct tw_answer right = { 0 }, other = { 0 };
		TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
		uint8_t digest[TW_DIGEST_MAX];
		size_t size = 0;

		*ret_good = false;
		tw_buf_init(&hex, c->sys, (size_t)2 * TW_DIGEST_MAX);
		TW_TRY(tw_digest_of(c->sys, tw_slice_of(abc[i].function), TW_SLICE("abb"), digest, &size));
		TW_TRY(tw_buf_hex(&hex, digest, size));
		tw_err e = tw_ask_post(c, HASH, json_pack("{s:s, s:s}", "algorithm", abc[i].function, "data", "YWJj"), &right);
		if (!tw_failed(e))
			e = tw_ask_post(c, HASH, json_pack("{s:s, s:s}", "algorithm", abc[i].function, "data", "YWJi"), &other);
		if (tw_failed(e))
			return tw_found_trouble(f, "Hashing", e);
		if (strcmp(tw_json_text(right.body, "digest"), abc[i].digest) != 0)
			return tw_found(f, TW_VERDICT_FAIL, "The device's %s of a published example is not the published one.",
				abc[i].function);
		if (strcmp(tw_json_text(other.body, "digest"), tw_buf_cstr(&hex)) != 0)
			return tw_found(f, TW_VERDICT_FAIL,
				"With one bit of the example changed the device's %s is another one than ours.", abc[i].function);
		*ret_good = true;
	}
	return TW_OK;
}

/* RFC 6979 A.2.5, "test": the signature in base64url, whole and with its last bit changed. */
static const char sample_key[] = "-----BEGIN PUBLIC KEY-----\n"
				 "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7\n"
				 "Yfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==\n"
				 "-----END PUBLIC KEY-----\n";
static const char right_signature[] = "8auwI1GDUc1x2IFWex6mY-0-_PbFEys1TyjTsLfTg2cBn0ETdCorFL0lkmtJxkkVXyZ-YNOBS0wMyEJQ5G8Agw";
static const char wrong_signature[] = "8auwI1GDUc1x2IFWex6mY-0-_PbFEys1TyjTsLfTg2cBn0ETdCorFL0lkmtJxkkVXyZ-YNOBS0wMyEJQ5G8Agg";

static tw_err signatures_right(struct tw_probe_context *c, struct tw_finding *f, bool *ret_good)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer right = { 0 }, wrong = { 0 };

	*ret_good = false;
	tw_err e = tw_ask_post(
		c, VERIFY, json_pack("{s:s, s:s, s:s}", "key", sample_key, "data", "dGVzdA", "signature", right_signature), &right);
	if (!tw_failed(e))
		e = tw_ask_post(c, VERIFY,
			json_pack("{s:s, s:s, s:s}", "key", sample_key, "data", "dGVzdA", "signature", wrong_signature), &wrong);
	if (tw_failed(e))
		return tw_found_trouble(f, "Verifying", e);
	if (strcmp(tw_json_text(right.body, "result"), "verified") != 0)
		return tw_found(f, TW_VERDICT_FAIL, "The device does not verify a published signature.");
	if (wrong.status < 400 || strcmp(tw_json_text(wrong.body, "rule"), "crypto.signature") != 0)
		return tw_found(f, TW_VERDICT_FAIL, "The device does not refuse a published signature with one bit changed.");
	*ret_good = true;
	return TW_OK;
}

/* @nist DP.CCS.1: known answers, ours and its own. */
static tw_err known_answers(struct tw_probe_context *c, struct tw_finding *f)
{
	bool good = false;

	TW_TRY(all_named(c, f, &good));
	if (good)
		TW_TRY(hashes_right(c, f, &good));
	if (good)
		TW_TRY(signatures_right(c, f, &good));
	if (!good)
		return TW_OK;
	return tw_found(f, TW_VERDICT_PASS,
		"The device tried %d approved algorithms and all passed; published vectors of ours for SHA-2 and ECDSA come out, and with one bit "
		"changed they do not. Of HMAC, HKDF and signing its own test is all that is seen here; DP.CCS.5 and DP.CKM.1 try sealing and keys.",
		TW_ALGORITHMS);
}

static const char *const disallowed[] = { "md5", "sha-1", "des-ede3-cbc", "rc4", "rsa-1024", "aes-256-ecb" };

/* @nist DP.CCS.1: what is not approved is refused, and for that reason. */
static tw_err weak_ones_refused(struct tw_probe_context *c, struct tw_finding *f)
{
	for (size_t i = 0; i < TW_COUNT(disallowed); i++) {
		TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
		tw_err e = tw_ask_post(c, SELF_TEST, json_pack("{s:s}", "algorithm", disallowed[i]), &answer);

		if (tw_failed(e))
			return tw_found_trouble(f, "Asking for a disallowed algorithm", e);
		if (answer.status == 200)
			return tw_found(f, TW_VERDICT_FAIL, "The device has %s.", disallowed[i]);
		if (strcmp(tw_json_text(answer.body, "rule"), "crypto.approved") != 0)
			return tw_found(f, TW_VERDICT_FAIL, "Asked for %s the device answers %ld, but not because it is not approved.",
				disallowed[i], answer.status);
	}
	return tw_found(f, TW_VERDICT_PASS, "%s, %s and %zu others are refused as not approved.", disallowed[0], disallowed[1],
		TW_COUNT(disallowed) - 2);
}

/* What the device hashes in a second as seen from here, with all that lies between: it is at least as fast as that. */
static tw_err seen_from_here(struct tw_probe_context *c, int64_t *ret_kib)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	static const uint8_t data[BULK];

	tw_buf_init(&text, c->sys, (size_t)2 * BULK);
	TW_TRY(tw_buf_base64url(&text, data, sizeof data));
	*ret_kib = 0;
	for (int i = 0; i < 3; i++) {
		TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
		int64_t begin = tw_probe_now_us(c->sys);

		TW_TRY(tw_order_with(c, "POST", HASH, json_pack("{s:s, s:s}", "algorithm", "sha-256", "data", tw_buf_cstr(&text)), &answer));
		int64_t passed = tw_probe_now_us(c->sys) - begin;
		if (passed > 0 && BULK * (int64_t)1000000 / 1024 / passed > *ret_kib)
			*ret_kib = BULK * (int64_t)1000000 / 1024 / passed;
	}
	return TW_OK;
}

static tw_err saw_rate(struct tw_finding *f, const json_t *one)
{
	char words[96];

	(void)snprintf(words, sizeof words, "%lld %.8s, at least %lld", (long long)tw_json_int(one, "rate"),
		tw_json_text(one, "unit"), (long long)tw_json_int(one, "floor"));
	return tw_saw(f, tw_json_text(one, "name"), words);
}

/* The product's word, and not what the device says of it; 0: it declares none. */
static int64_t declared(struct tw_probe_context *c, const struct tw_algorithm *row)
{
	static const char *const keys[TW_ALGORITHM_KINDS] = {
		[TW_ALGORITHM_HASH] = "hash-kib-per-second",
		[TW_ALGORITHM_SEAL] = "seal-kib-per-second",
		[TW_ALGORITHM_SIGN] = "signatures-per-second",
		[TW_ALGORITHM_VERIFY] = "verifications-per-second",
	};

	return keys[row->kind] ? tw_json_int(tw_json_get(c->product, "cryptography"), keys[row->kind]) : 0;
}

/* Held against what the product declares; ret_good false: f has been told. */
static tw_err fast(struct tw_probe_context *c, const json_t *list, const struct tw_algorithm *row, struct tw_finding *f, bool *ret_good)
{
	const json_t *one = entry_of(list, row->name);
	const int64_t rate = tw_json_int(one, "rate"), floor = tw_json_int(one, "floor"), least = declared(c, row);

	*ret_good = false;
	if (!one)
		return tw_found(f, TW_VERDICT_FAIL, "The device does not measure %s.", row->name);
	TW_TRY(saw_rate(f, one));
	if (row->kind != TW_ALGORITHM_DERIVE && least <= 0)
		return tw_found(f, TW_VERDICT_FAIL, "The product declares no speed for %s.", row->name);
	if (row->kind != TW_ALGORITHM_DERIVE && floor != least)
		return tw_found(f, TW_VERDICT_FAIL, "The product declares at least %lld for %s, and the device measures itself against %lld.",
			(long long)least, row->name, (long long)floor);
	if (rate <= 0 || rate < least)
		return tw_found(f, TW_VERDICT_FAIL, "%s does %lld %.8s, declared are at least %lld.", row->name, (long long)rate,
			tw_json_text(one, "unit"), (long long)least);
	*ret_good = true;
	return TW_OK;
}

/* @nist DP.CCS.1: what was measured meets what the product declares. */
static tw_err fast_enough(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	const json_t *list;
	int64_t seen = 0;
	bool good = true;

	TW_TRY(self_test(c, &answer, f, &list));
	for (const struct tw_algorithm *row = tw_algorithms; list && row->name && good; row++)
		TW_TRY(fast(c, list, row, f, &good));
	if (!list || !good)
		return TW_OK;
	tw_err e = seen_from_here(c, &seen);
	if (tw_failed(e))
		return tw_found_trouble(f, "Having the device hash", e);
	/* What is measured inside cannot be slower than what is seen through the network. */
	if (tw_json_int(entry_of(list, "sha-256"), "rate") < seen)
		return tw_found(f, TW_VERDICT_FAIL, "The device says that it hashes %lld KiB/s, but %lld were seen from here.",
			(long long)tw_json_int(entry_of(list, "sha-256"), "rate"), (long long)seen);
	return tw_found(f, TW_VERDICT_PASS,
		"By its own measure each algorithm is as fast as the product declares. Only SHA-256 can be seen from outside: "
		"through the network %lld KiB/s of hashing were seen, "
		"%s.",
		(long long)seen,
		seen >= tw_json_int(entry_of(list, "sha-256"), "floor") ? "which alone meets what is declared"
									: "less than is declared, as the way there takes its time");
}

const struct tw_probe tw_probes_algorithms[] = {
	{ "DP.CCS.1", "known-answers", TW_SOURCE_INSIDE, "Does every approved algorithm give what its standard says?", known_answers },
	{ "DP.CCS.1", "weak-ones-refused", TW_SOURCE_INSIDE, "Is an algorithm that is not approved refused?", weak_ones_refused },
	{ "DP.CCS.1", "fast-enough", TW_SOURCE_DEVICE, "Are they as fast as the product declares?", fast_enough },
	{},
};
