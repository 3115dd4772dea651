/* SPDX-License-Identifier: Apache-2.0 */
#include "service/hash/phc.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define HEAD "$argon2id$v=19$m="

bool tw_hash_cost_valid(struct tw_hash_cost c)
{
	return c.memory_kib >= TW_HASH_KIB_MIN && c.memory_kib <= TW_HASH_KIB_MAX && c.passes >= TW_HASH_PASSES_MIN &&
		c.passes <= TW_HASH_PASSES_MAX;
}

/* What stands before the next end, which is taken too. */
static tw_err cut(struct tw_slice *rest, const char *end, struct tw_slice *ret)
{
	const char *at = memmem(rest->at, rest->size, end, strlen(end));

	if (!at)
		return TW_RAISE(SYNTAX, "a hash without '%s'", end);
	*ret = (struct tw_slice){ rest->at, (size_t)(at - rest->at) };
	rest->size -= ret->size + strlen(end);
	rest->at = at + strlen(end);
	return TW_OK;
}

static tw_err number(struct tw_slice *rest, const char *end, uint32_t *ret)
{
	struct tw_slice digits;
	uint64_t n = 0;

	TW_TRY(cut(rest, end, &digits));
	TW_TRY(tw_parse_u64(digits, UINT32_MAX, &n));
	*ret = (uint32_t)n;
	return TW_OK;
}

/* PHC's base64 is the common one without its padding. size: of the bytes, of which the text has exactly as many as they need. */
static tw_err bytes(struct tw_slice text, size_t size, uint8_t *ret)
{
	char padded[(TW_HASH_TAG_SIZE + 2) / 3 * 4];
	const size_t whole = (size + 2) / 3 * 4, pad = (3 - size % 3) % 3;
	size_t got = 0;

	if (text.size != whole - pad)
		return TW_RAISE(SYNTAX, "%zu characters of base64 where %zu are wanted", text.size, whole - pad);
	memset(padded, '=', sizeof padded);
	memcpy(padded, text.at, text.size);
	return tw_parse_base64((struct tw_slice){ padded, whole }, size, ret, &got);
}

tw_err tw_phc_read(struct tw_slice text, struct tw_phc *ret)
{
	struct tw_phc h = { 0 };
	struct tw_slice rest = text, salt;

	if (text.size <= strlen(HEAD) || memcmp(text.at, HEAD, strlen(HEAD)) != 0)
		return TW_RAISE(SYNTAX, "not a hash of Argon2id, version 19");
	rest.at += strlen(HEAD);
	rest.size -= strlen(HEAD);
	TW_TRY(number(&rest, ",t=", &h.cost.memory_kib));
	TW_TRY(number(&rest, ",p=1$", &h.cost.passes));
	if (!tw_hash_cost_valid(h.cost))
		return TW_RAISE(LIMIT, "a hash of %u KiB and %u passes", h.cost.memory_kib, h.cost.passes);
	TW_TRY(cut(&rest, "$", &salt));
	TW_TRY(bytes(salt, sizeof h.salt, h.salt));
	TW_TRY(bytes(rest, sizeof h.tag, h.tag));
	*ret = h;
	return TW_OK;
}

bool tw_phc_same(const struct tw_phc *a, const struct tw_phc *b)
{
	return tw_equal_secret(a->tag, b->tag, sizeof a->tag);
}

static tw_err unpadded(struct tw_buf *b, const uint8_t *of, size_t size)
{
	TW_TRY(tw_buf_base64(b, of, size));
	while (b->data[b->size - 1] == '=')
		b->data[--b->size] = '\0';
	return TW_OK;
}

tw_err tw_phc_write(const struct tw_phc *h, struct tw_buf *ret)
{
	TW_TRY(tw_buf_format(ret, HEAD "%u,t=%u,p=1$", h->cost.memory_kib, h->cost.passes));
	TW_TRY(unpadded(ret, h->salt, sizeof h->salt));
	TW_TRY(tw_buf_u8(ret, '$'));
	return unpadded(ret, h->tag, sizeof h->tag);
}
