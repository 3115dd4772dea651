/* SPDX-License-Identifier: Apache-2.0 */
#include "support/line/scram.h"

#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"

#include <string.h>

#define NONCE_BYTES 18 /* as libpq */

tw_err tw_scram_begin(const struct tw_sys *sys, struct tw_scram *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	uint8_t bytes[NONCE_BYTES];

	*ret = (struct tw_scram){ .sys = sys, .header = TW_SCRAM_BINDING };
	if (sys->random(sys, bytes, sizeof bytes))
		return TW_RAISE_ERRNO("a nonce");
	tw_buf_init(&text, sys, sizeof ret->nonce - 1);
	TW_TRY(tw_buf_base64(&text, bytes, sizeof bytes));
	memcpy(ret->nonce, tw_buf_cstr(&text), text.size + 1);
	return TW_OK;
}

/* PostgreSQL takes the user from what began the session, and nothing from here. */
tw_err tw_scram_first(const struct tw_scram *s, struct tw_buf *ret)
{
	return tw_buf_format(ret, "%sn=,r=%s", s->header, s->nonce);
}

struct challenge {
	struct tw_slice nonce;
	uint8_t salt[TW_SCRAM_SALT_MAX];
	size_t salt_size;
	uint64_t rounds;
};

static struct tw_slice cut(struct tw_slice *rest)
{
	const char *comma = rest->size ? memchr(rest->at, ',', rest->size) : NULL;
	const struct tw_slice first = { rest->at, comma ? (size_t)(comma - rest->at) : rest->size };
	const size_t gone = first.size + (comma ? 1 : 0);

	*rest = (struct tw_slice){ rest->at + gone, rest->size - gone };
	return first;
}

static tw_err take(struct tw_slice *rest, char name, struct tw_slice *ret)
{
	const struct tw_slice part = cut(rest);

	if (part.size < 2 || part.at[0] != name || part.at[1] != '=')
		return TW_RAISE(SYNTAX, "SCRAM: the server's message has no %c= at its place", name);
	*ret = (struct tw_slice){ part.at + 2, part.size - 2 };
	return TW_OK;
}

static tw_err read_challenge(const struct tw_scram *s, struct tw_slice said, struct challenge *ret)
{
	const size_t own = strlen(s->nonce);
	struct tw_slice rest = said, salt, rounds;

	if (said.size > TW_SCRAM_MAX)
		return TW_RAISE(LIMIT, "SCRAM: a message of %zu bytes", said.size);
	TW_TRY(take(&rest, 'r', &ret->nonce));
	TW_TRY(take(&rest, 's', &salt));
	TW_TRY(take(&rest, 'i', &rounds));
	if (rest.size)
		return TW_RAISE(SYNTAX, "SCRAM: the server's message goes on behind i=");
	if (ret->nonce.size <= own || ret->nonce.size > TW_SCRAM_NONCE_MAX || memcmp(ret->nonce.at, s->nonce, own) != 0)
		return TW_RAISE(UNTRUSTED, "SCRAM: the server's nonce does not go on from ours");
	TW_TRY(tw_parse_base64(salt, sizeof ret->salt, ret->salt, &ret->salt_size));
	TW_TRY(tw_parse_u64(rounds, UINT32_MAX, &ret->rounds));
	if (!ret->salt_size || ret->rounds < TW_SCRAM_ROUNDS_MIN || ret->rounds > TW_SCRAM_ROUNDS_MAX)
		return TW_RAISE(LIMIT, "SCRAM: %zu bytes of salt and %u rounds; between %d and %d rounds are taken", ret->salt_size,
			(unsigned)ret->rounds, TW_SCRAM_ROUNDS_MIN, TW_SCRAM_ROUNDS_MAX);
	return TW_OK;
}

/* PBKDF2 of one block (RFC 8018 section 5.2). */
static tw_err salted(struct tw_slice password, const struct challenge *c, uint8_t ret[TW_SHA256_SIZE])
{
	const struct tw_slice first[] = { { (const char *)c->salt, c->salt_size }, { "\0\0\0\1", 4 } };
	uint8_t u[TW_SHA256_SIZE];
	tw_err e = tw_hmac_sha256(password.at, password.size, first, 2, u);

	memcpy(ret, u, sizeof u);
	for (uint64_t i = 1; i < c->rounds && !tw_failed(e); i++) {
		const struct tw_slice before = { (const char *)u, sizeof u };

		e = tw_hmac_sha256(password.at, password.size, &before, 1, u);
		for (size_t k = 0; k < sizeof u; k++)
			ret[k] ^= u[k];
	}
	tw_wipe(u, sizeof u);
	return e;
}

struct keys {
	uint8_t salted[TW_SHA256_SIZE], client[TW_SHA256_SIZE], stored[TW_SHA256_SIZE], server[TW_SHA256_SIZE], proof[TW_SHA256_SIZE];
};

static void wipe_keys(struct keys *k)
{
	tw_wipe(k, sizeof *k);
}

static tw_err compute(struct tw_slice password, const struct challenge *c, struct tw_slice whole, struct tw_scram *s, struct keys *k)
{
	TW_TRY(salted(password, c, k->salted));
	TW_TRY(tw_hmac_sha256(k->salted, sizeof k->salted, &TW_SLICE("Client Key"), 1, k->client));
	TW_TRY(tw_sha256(k->client, sizeof k->client, k->stored));
	TW_TRY(tw_hmac_sha256(k->stored, sizeof k->stored, &whole, 1, k->proof));
	for (size_t i = 0; i < sizeof k->proof; i++)
		k->proof[i] ^= k->client[i];
	TW_TRY(tw_hmac_sha256(k->salted, sizeof k->salted, &TW_SLICE("Server Key"), 1, k->server));
	return tw_hmac_sha256(k->server, sizeof k->server, &whole, 1, s->server);
}

tw_err tw_scram_answer(struct tw_scram *s, struct tw_slice said, struct tw_slice password, struct tw_slice binding, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf whole = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf bound = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf last = { 0 };
	TW_CLEANUP(wipe_keys) struct keys k;
	struct challenge c;

	TW_TRY(read_challenge(s, said, &c));
	tw_buf_init(&whole, s->sys, 4 * TW_SCRAM_MAX);
	tw_buf_init(&bound, s->sys, TW_SCRAM_MAX);
	tw_buf_init(&last, s->sys, TW_SCRAM_MAX);
	TW_TRY(tw_buf_text(&bound, s->header));
	TW_TRY(tw_buf_add(&bound, binding.at, binding.size));
	TW_TRY(tw_buf_text(&last, "c="));
	TW_TRY(tw_buf_base64(&last, bound.data, bound.size));
	TW_TRY(tw_buf_format(&last, ",r=" TW_SLICE_FMT, TW_SLICE_ARG(c.nonce)));
	TW_TRY(tw_buf_format(&whole, "n=,r=%s," TW_SLICE_FMT ",%s", s->nonce, TW_SLICE_ARG(said), tw_buf_cstr(&last)));
	TW_TRY(compute(password, &c, tw_buf_slice(&whole), s, &k));
	TW_TRY(tw_buf_format(ret, "%s,p=", tw_buf_cstr(&last)));
	TW_TRY(tw_buf_base64(ret, k.proof, sizeof k.proof));
	s->answered = true;
	return TW_OK;
}

tw_err tw_scram_judge(const struct tw_scram *s, struct tw_slice said)
{
	struct tw_slice rest = said, value;
	uint8_t got[TW_SHA256_SIZE];
	size_t size = 0;

	if (!s->answered)
		return TW_RAISE(UNTRUSTED, "SCRAM: the server ends it before we have answered");
	TW_TRY(take(&rest, 'v', &value));
	TW_TRY(tw_parse_base64(value, sizeof got, got, &size));
	if (rest.size || size != sizeof got || !tw_equal_secret(got, s->server, sizeof got))
		return TW_RAISE(UNTRUSTED, "SCRAM: the server does not know the password");
	return TW_OK;
}

tw_err tw_scram_password(struct tw_slice text, struct tw_slice *ret)
{
	struct tw_slice line = text;

	if (line.size && line.at[line.size - 1] == '\n')
		line.size--;
	if (!line.size || line.size > TW_SCRAM_PASSWORD_MAX)
		return TW_RAISE(SYNTAX, "one line of up to %d signs is wanted", TW_SCRAM_PASSWORD_MAX);
	for (size_t i = 0; i < line.size; i++)
		if (line.at[i] < ' ' || line.at[i] > '~')
			return TW_RAISE(SYNTAX, "sign %zu is none of ASCII that can be printed", i + 1);
	*ret = line;
	return TW_OK;
}
