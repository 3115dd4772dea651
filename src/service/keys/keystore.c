/* SPDX-License-Identifier: Apache-2.0 */
/* What all backends have in common: names, sizes, and the head of a sealed secret. */
#include "service/keys/keystore.h"

#include "base/cursor.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "service/role.h"

#include <string.h>

bool tw_slot_valid(const char *slot)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz", rest[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
	size_t n = strlen(slot);
	return n <= TW_SLOT_MAX && strspn(slot, first) > 0 && strspn(slot, rest) == n;
}

static tw_err valid(const char *slot)
{
	return tw_slot_valid(slot)
		? TW_OK
		: TW_RAISE(SYNTAX, "a key's name has a-z, 0-9, '.' and '-', begins with a letter, and %d at most", TW_SLOT_MAX);
}

static tw_err open_file(const struct tw_sys *sys, int dir, const tw_secret *root, const struct tw_role_start *words, tw_keystore **ret)
{
	return tw_keystore_file(sys, dir, root, ret);
}

/* The role has started what speaks to the token. */
static tw_err open_token(const struct tw_sys *sys, int dir, const tw_secret *root, const struct tw_role_start *words, tw_keystore **ret)
{
	struct tw_token_plan plan;
	TW_TRY(tw_token_parse(tw_role_word(words, "keystore"), &plan));
	if (!words->token)
		return TW_RAISE(STATE, "nothing was started that speaks to a token");
	return tw_keystore_token(sys, dir, plan.kind, words->token, plan.kind == TW_TOKEN_PKCS11 ? TW_FD_TOKEN : -1, ret);
}

/* Each kind with what opens it. A kind that is asked for and not here is an error: falling back would move keys in silence. */
static const struct {
	const char *kind;
	tw_err (*open)(const struct tw_sys *sys, int dir, const tw_secret *root, const struct tw_role_start *words, tw_keystore **ret);
} kinds[] = {
	{ "file", open_file },
	{ "tpm:", open_token },
	{ "pkcs11:", open_token },
};

/* What ends with a colon goes on. */
static bool is_kind(const char *kind, const char *word)
{
	size_t size = strlen(kind);
	return kind[size - 1] == ':' ? strncmp(kind, word, size) == 0 : strcmp(kind, word) == 0;
}

tw_err tw_keystore_open(const struct tw_sys *sys, int dir, const tw_secret *root, const struct tw_role_start *words, tw_keystore **ret)
{
	const char *word = words ? tw_role_word(words, "keystore") : NULL;
	const char *kind = word ? word : "file";
	for (size_t i = 0; i < TW_COUNT(kinds); i++) {
		if (is_kind(kinds[i].kind, kind))
			return kinds[i].open(sys, dir, root, words, ret);
	}
	return TW_RAISE(UNSUPPORTED, "this software has no keystore of the kind '%.40s'", kind);
}

tw_keystore *tw_keystore_close(tw_keystore *k)
{
	if (k)
		k->ops->close(k);
	return NULL;
}

tw_err tw_keystore_generate(tw_keystore *k, const char *slot, uint8_t ret_point[TW_POINT_SIZE])
{
	TW_TRY(valid(slot));
	return k->ops->generate(k, slot, ret_point);
}

tw_err tw_keystore_import(tw_keystore *k, const char *slot, const tw_key *key)
{
	TW_TRY(valid(slot));
	return k->ops->import(k, slot, key);
}

tw_err tw_keystore_point(tw_keystore *k, const char *slot, uint8_t ret_point[TW_POINT_SIZE])
{
	TW_TRY(valid(slot));
	return k->ops->point(k, slot, ret_point);
}

tw_err tw_keystore_sign_digest(tw_keystore *k, const char *slot, const uint8_t digest[32], uint8_t ret[TW_SIGNATURE_SIZE])
{
	TW_TRY(valid(slot));
	return k->ops->sign(k, slot, digest, ret);
}

tw_err tw_keystore_sign(tw_keystore *k, const char *slot, const struct tw_slice *parts, size_t count, uint8_t ret[TW_SIGNATURE_SIZE])
{
	uint8_t digest[TW_SHA256_SIZE];
	TW_TRY(tw_sha256_of(parts, count, digest));
	return tw_keystore_sign_digest(k, slot, digest, ret);
}

tw_err tw_keystore_rename(tw_keystore *k, const char *from, const char *to)
{
	TW_TRY(valid(from));
	TW_TRY(valid(to));
	return k->ops->rename(k, from, to);
}

tw_err tw_keystore_remove(tw_keystore *k, const char *slot)
{
	TW_TRY(valid(slot));
	return k->ops->remove(k, slot);
}

tw_err tw_keystore_list(tw_keystore *k, struct tw_buf *ret)
{
	return k->ops->list(k, ret);
}

/* The head is part of what is authenticated, so nobody can claim another generation. */
static tw_err bind_head(struct tw_slice head, struct tw_slice aad, struct tw_buf *ret)
{
	TW_TRY(tw_buf_add(ret, head.at, head.size));
	return tw_buf_add(ret, aad.at, aad.size);
}

tw_err tw_sealed_write(const struct tw_sys *sys, const tw_secret *storage_key, uint32_t generation, struct tw_slice aad,
	struct tw_slice plain, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf head = { 0 }, bound = { 0 };
	tw_buf_init(&head, sys, TW_SEALED_HEAD);
	tw_buf_init(&bound, sys, TW_SEALED_HEAD + aad.size);
	TW_TRY(tw_buf_u8(&head, TW_SEALED_VERSION));
	TW_TRY(tw_buf_u32(&head, generation));
	TW_TRY(bind_head(tw_buf_slice(&head), aad, &bound));
	TW_TRY(tw_buf_reserve(ret, TW_SEALED_HEAD + plain.size + TW_AEAD_OVERHEAD));
	TW_TRY(tw_buf_add(ret, head.data, head.size));
	return tw_aead_seal(storage_key, tw_buf_slice(&bound), plain, ret);
}

tw_err tw_sealed_read(const struct tw_sys *sys, const tw_secret *storage_key, struct tw_slice aad, struct tw_slice sealed, tw_secret **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf bound = { 0 };
	tw_buf_init(&bound, sys, TW_SEALED_HEAD + aad.size);
	TW_TRY(bind_head((struct tw_slice){ sealed.at, TW_SEALED_HEAD }, aad, &bound));
	return tw_aead_open(sys, storage_key, tw_buf_slice(&bound),
		(struct tw_slice){ sealed.at + TW_SEALED_HEAD, sealed.size - TW_SEALED_HEAD }, ret);
}

uint32_t tw_keystore_sealed_generation(struct tw_slice sealed)
{
	struct tw_cursor c = tw_cursor_of(sealed.at, sealed.size);
	uint8_t version = 0;
	uint32_t generation = 0;
	tw_ignore(tw_cursor_u8(&c, &version));
	tw_ignore(tw_cursor_u32(&c, &generation)); /* what is too short leaves 0 */
	return version == TW_SEALED_VERSION ? generation : 0;
}

tw_err tw_keystore_seal(tw_keystore *k, struct tw_slice aad, struct tw_slice plain, struct tw_buf *ret)
{
	if (plain.size > TW_SEALED_SECRET_MAX)
		return TW_RAISE(LIMIT, "a secret of %zu bytes, at most %d are sealed", plain.size, TW_SEALED_SECRET_MAX);
	return k->ops->seal(k, aad, plain, ret);
}

tw_err tw_keystore_unseal(tw_keystore *k, struct tw_slice aad, struct tw_slice sealed, tw_secret **ret)
{
	if (tw_keystore_sealed_generation(sealed) == 0)
		return TW_RAISE(SYNTAX, "%zu bytes that are no sealed secret", sealed.size);
	return k->ops->unseal(k, aad, sealed, ret);
}

tw_err tw_keystore_rotate(tw_keystore *k)
{
	return k->ops->rotate(k);
}

tw_err tw_keystore_forget(tw_keystore *k)
{
	return k->ops->forget(k);
}

tw_err tw_keystore_settle(tw_keystore *k)
{
	return k->ops->settle(k);
}

void tw_keystore_generations(const tw_keystore *k, uint32_t *ret_oldest, uint32_t *ret_newest)
{
	k->ops->generations(k, ret_oldest, ret_newest);
}

void tw_keystore_rest(tw_keystore *k)
{
	k->ops->rest(k);
}

tw_err tw_keystore_state(tw_keystore *k, struct tw_keystore_state *ret)
{
	*ret = (struct tw_keystore_state){ 0 };
	return k->ops->state(k, ret);
}
