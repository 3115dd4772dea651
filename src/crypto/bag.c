/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One fixed form, read value by value; nothing is left to a library that takes more. Each certificate is read from its own bytes.
 *
 * What may vary is what a writer in use writes (RFC 5652 section 5.1 allows it):
 * - empty content in place of none: OpenSSL's PKCS7_content_new, python3-cryptography of bookworm;
 * - an empty set of lists of revoked certificates: the pkcs7 package most Go servers have;
 * - wrappings of indefinite length (BER): BouncyCastle, and with it EJBCA. Other lengths are DER's, and so is each certificate;
 * - certificates in any order: OpenSSL, cryptography and Java keep the one they were given.
 */
#include "crypto/bag.h"

#include "crypto/der.h"

#define WRAPPINGS 4 /* ContentInfo, its [0], SignedData, and what lies in that */
enum { SEQUENCE = 0x30, TAG_0 = 0xa0, INDEFINITE = 0x80 };

struct reader {
	const uint8_t *at, *end; /* of the innermost definite length */
	struct {
		const uint8_t *end_before;
		bool is_open; /* ends with two zeros */
	} in[WRAPPINGS];
	size_t depth;
};

#define ID(last) 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, last
static const uint8_t signed_data[] = { ID(2) }, data[] = { ID(1) };
static const uint8_t version_1[] = { 0x02, 1, 1 }, empty_set[] = { 0x31, 0 };
static const uint8_t empty_content[] = { TAG_0, 2, 0x04, 0 }, no_lists[] = { 0xa1, 0 };

static bool take(struct reader *r, const uint8_t *bytes, size_t size)
{
	if ((size_t)(r->end - r->at) < size || memcmp(r->at, bytes, size) != 0)
		return false;
	r->at += size;
	return true;
}
#define TAKE(r, what) take(r, what, sizeof(what))

static bool enter(struct reader *r, uint8_t tag)
{
	size_t size = 0;

	if (r->end - r->at < 2 || *r->at++ != tag)
		return false;
	bool is_open = *r->at == INDEFINITE;
	r->in[r->depth].end_before = r->end;
	r->in[r->depth++].is_open = is_open;
	if (is_open) {
		r->at++;
		return true;
	}
	if (!tw_der_length(&r->at, r->end, &size) || (size_t)(r->end - r->at) < size)
		return false;
	r->end = r->at + size;
	return true;
}

static bool at_end(const struct reader *r)
{
	if (!r->in[r->depth - 1].is_open)
		return r->at == r->end;
	return r->end - r->at >= 2 && r->at[0] == 0 && r->at[1] == 0;
}

static bool leave(struct reader *r)
{
	if (!at_end(r))
		return false;
	r->depth--;
	r->at += r->in[r->depth].is_open ? 2 : 0;
	r->end = r->in[r->depth].end_before;
	return true;
}

/* To the first certificate. No digest algorithm is named, as nobody signs. */
static bool begin(struct reader *r)
{
	if (!enter(r, SEQUENCE) || !TAKE(r, signed_data) || !enter(r, TAG_0) || !enter(r, SEQUENCE))
		return false;
	if (!TAKE(r, version_1) || !TAKE(r, empty_set) || !enter(r, SEQUENCE) || !TAKE(r, data))
		return false;
	(void)TAKE(r, empty_content);
	return leave(r) && enter(r, TAG_0);
}

/* From the last certificate. */
static bool finish(struct reader *r)
{
	if (!leave(r))
		return false;
	(void)TAKE(r, no_lists);
	return TAKE(r, empty_set) && leave(r) && leave(r) && leave(r) && r->at == r->end;
}

/* The bytes of the next one, and behind them. */
static bool next(struct reader *r, struct tw_slice *ret)
{
	const uint8_t *at = r->at + 1;
	size_t size = 0;

	if (r->at == r->end || *r->at != SEQUENCE || !tw_der_length(&at, r->end, &size) || (size_t)(r->end - at) < size)
		return false;
	*ret = (struct tw_slice){ (const char *)r->at, (size_t)(at + size - r->at) };
	r->at = at + size;
	return true;
}

static bool is_among(struct tw_slice one, const struct tw_slice *others, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (others[i].size == one.size && memcmp(others[i].at, one.at, one.size) == 0)
			return true;
	return false;
}

tw_err tw_bag_read(const struct tw_sys *sys, struct tw_slice der, size_t most, struct tw_certs *ret)
{
	TW_CLEANUP(tw_certs_done) struct tw_certs read = { 0 };
	const uint8_t *start = (const uint8_t *)der.at;
	struct tw_slice all[TW_COUNT(read.of)];
	struct reader r = { .at = start, .end = start + der.size };

	if (der.size == 0 || der.size > TW_BAG_MAX)
		return TW_RAISE(LIMIT, "%zu bytes of certificates, at most %d are read", der.size, TW_BAG_MAX);
	if (!begin(&r))
		return TW_RAISE(SYNTAX, "this is no bag of certificates and nothing else");
	for (; !at_end(&r); read.count++) {
		if (read.count == most || read.count == TW_COUNT(all))
			return TW_RAISE(LIMIT, "more certificates than the %zu that are wanted", read.count);
		if (!next(&r, &all[read.count]) || is_among(all[read.count], all, read.count))
			return TW_RAISE(SYNTAX, "no certificate, or the same twice, at byte %zu", (size_t)(r.at - start));
		TW_TRY(tw_cert_load(sys, all[read.count], &read.of[read.count]));
	}
	if (read.count == 0)
		return TW_RAISE(LIMIT, "no certificate in it");
	if (!finish(&r))
		return TW_RAISE(SYNTAX, "more than certificates, or less than a whole bag, at byte %zu", (size_t)(r.at - start));
	*ret = read;
	read.count = 0;
	return TW_OK;
}
