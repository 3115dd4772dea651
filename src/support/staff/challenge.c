/* SPDX-License-Identifier: Apache-2.0 */
#include "support/staff/challenge.h"

#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "service/access/passkey.h"

#include <string.h>

#define NONCE 16
#define CODE 16
struct parts {
	uint8_t ends[8], nonce[NONCE], code[CODE];
};
_Static_assert(sizeof(struct parts) == 40, "as long as its text says");

static int64_t ends_of(const struct parts *p)
{
	uint64_t v = 0;

	for (size_t i = 0; i < sizeof p->ends; i++)
		v = v << 8 | p->ends[i];
	return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

static tw_err code_of(const struct tw_challenges *g, const struct parts *p, const char *purpose, uint8_t ret[CODE])
{
	const struct tw_slice said[] = { { (const char *)p->ends, sizeof p->ends }, { (const char *)p->nonce, sizeof p->nonce },
		tw_slice_of(purpose) };
	uint8_t mac[TW_SHA256_SIZE];

	TW_TRY(tw_hmac_sha256(g->key, sizeof g->key, said, TW_COUNT(said), mac));
	memcpy(ret, mac, CODE);
	return TW_OK;
}

tw_err tw_challenges_begin(const struct tw_sys *sys, struct tw_challenges *ret)
{
	*ret = (struct tw_challenges){ { 0 } };
	return sys->random(sys, ret->key, sizeof ret->key) ? TW_RAISE_ERRNO("randomness") : TW_OK;
}

tw_err tw_challenge_make(const struct tw_challenges *g, const struct tw_sys *sys, int64_t now_ms, const char *purpose,
	char ret[TW_CHALLENGE_TEXT + 1])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const uint64_t ends = (uint64_t)(now_ms + TW_PASSKEY_MS);
	struct parts p;

	for (size_t i = 0; i < sizeof p.ends; i++)
		p.ends[i] = (uint8_t)(ends >> (56 - 8 * i));
	if (sys->random(sys, p.nonce, sizeof p.nonce))
		return TW_RAISE_ERRNO("randomness");
	TW_TRY(code_of(g, &p, purpose, p.code));
	tw_buf_init(&text, sys, TW_CHALLENGE_TEXT);
	TW_TRY(tw_buf_base64url(&text, &p, sizeof p));
	(void)snprintf(ret, TW_CHALLENGE_TEXT + 1, "%s", tw_buf_cstr(&text));
	return TW_OK;
}

static tw_err read_parts(const char *text, struct parts *ret)
{
	size_t size = 0;
	tw_err e = tw_parse_base64url(tw_slice_of(text), sizeof *ret, ret, &size);

	return tw_failed(e) || size != sizeof *ret ? TW_RAISE(DENIED, "no challenge of this server's") : TW_OK;
}

/* The code first: what it does not vouch for says nothing. */
static tw_err check(const struct tw_challenges *g, int64_t now_ms, const char *purpose, const struct parts *p)
{
	uint8_t code[CODE];

	TW_TRY(code_of(g, p, purpose, code));
	if (!tw_equal_secret(code, p->code, sizeof code))
		return TW_RAISE(DENIED, "a challenge for something else, or from before the last start");
	if (ends_of(p) <= now_ms)
		return TW_RAISE(DENIED, "a challenge that is too old");
	for (size_t i = 0; i < TW_CHALLENGES_USED; i++)
		if (g->used[i].ends_ms > now_ms && memcmp(g->used[i].code, p->code, sizeof p->code) == 0)
			return TW_RAISE(DENIED, "a challenge that was used");
	return TW_OK;
}

tw_err tw_challenge_check(const struct tw_challenges *g, int64_t now_ms, const char *purpose, const char *text)
{
	struct parts p;

	TW_TRY(read_parts(text, &p));
	return check(g, now_ms, purpose, &p);
}

tw_err tw_challenge_use(struct tw_challenges *g, int64_t now_ms, const struct tw_challenge_used *u)
{
	size_t own = 0, room = TW_CHALLENGES_USED;
	struct parts p;

	TW_TRY(read_parts(u->text, &p));
	TW_TRY(check(g, now_ms, u->purpose, &p));
	for (size_t i = 0; i < TW_CHALLENGES_USED; i++) {
		if (g->used[i].ends_ms <= now_ms)
			room = i;
		else
			own += g->used[i].account == u->account;
	}
	if (own >= TW_CHALLENGES_OWN)
		return TW_RAISE(LIMIT, "%d challenges were used by one within five minutes", TW_CHALLENGES_OWN);
	if (room == TW_CHALLENGES_USED)
		return TW_RAISE(LIMIT, "%d challenges were used within five minutes", TW_CHALLENGES_USED);
	g->used[room].account = u->account;
	g->used[room].ends_ms = ends_of(&p);
	memcpy(g->used[room].code, p.code, sizeof p.code);
	return TW_OK;
}
