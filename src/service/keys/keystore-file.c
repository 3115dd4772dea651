/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keystore in a sealed file: a vault whose entries are private keys and the generations of the storage key.
 *
 * As strong as the root secret's place. Where that is a fuse, a credential of the service manager or anything else off this
 * disk, a copy of the disk opens nothing; where it lies beside (keystore.root), the seal keeps other programs out and no more,
 * and the state says so.
 *
 * @nist DP.CKM.1, DP.CKM.2, DP.CKM.3
 */
#include "service/keys/keystore.h"

#include "base/text.h"
#include "crypto/aead.h"
#include "service/keys/vault.h"
#include "sys/durable.h"

#include <stdio.h>
#include <string.h>

#define BASE "keystore"
#define ROOT_BESIDE "keystore.root"
#define ROOT_SIZE 32
#define ROOT_MIN 16 /* bytes: less is no secret */
#define ROOT_MAX 4096
#define CACHED 8 /* keys ready to sign; more are loaded when they are used */
enum { KIND_KEY = 1, KIND_STORAGE = 2 };

struct ready_key {
	char slot[TW_SLOT_MAX + 1];
	tw_key *key;
};
struct file_store {
	tw_keystore base;
	tw_vault *vault;
	struct ready_key ready[CACHED];
	size_t next; /* in ready, to be given up first */
	uint32_t newest, oldest;
	bool outside;
	bool owed; /* the older copy may still hold what was destroyed */
};

static struct file_store *of(tw_keystore *k)
{
	return (struct file_store *)k;
}

static void file_close(tw_keystore *k)
{
	struct file_store *s = of(k);
	for (size_t i = 0; i < CACHED; i++)
		(void)tw_key_free(s->ready[i].key);
	(void)tw_vault_free(s->vault);
	free(s);
}

/* --- Keys --- */

static void drop_ready(struct file_store *s, const char *slot)
{
	for (size_t i = 0; i < CACHED; i++) {
		if (strcmp(s->ready[i].slot, slot) == 0)
			s->ready[i].key = tw_key_free(s->ready[i].key);
	}
}

static void keep_ready(struct file_store *s, const char *slot, tw_key *key)
{
	struct ready_key *r = &s->ready[s->next];
	s->next = (s->next + 1) % CACHED;
	(void)tw_key_free(r->key);
	(void)snprintf(r->slot, sizeof r->slot, "%s", slot);
	r->key = key;
}

static tw_err find(struct file_store *s, const char *slot, const tw_key **ret)
{
	struct tw_slice pem;
	tw_key *key = NULL;
	for (size_t i = 0; i < CACHED; i++) {
		if (s->ready[i].key && strcmp(s->ready[i].slot, slot) == 0) {
			*ret = s->ready[i].key;
			return TW_OK;
		}
	}
	TW_TRY(tw_vault_get(s->vault, KIND_KEY, slot, &pem));
	TW_TRY(tw_key_load(s->base.sys, pem, &key));
	keep_ready(s, slot, key);
	*ret = key;
	return TW_OK;
}

static tw_err absent(struct file_store *s, const char *slot)
{
	struct tw_slice there;
	tw_err e = tw_vault_get(s->vault, KIND_KEY, slot, &there);
	if (!tw_failed(e))
		return TW_RAISE(EXISTS, "there is a key named %s", slot);
	return tw_is(e, TW_CODE_NOTFOUND) ? TW_OK : e;
}

static tw_err file_import(tw_keystore *k, const char *slot, const tw_key *key)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf pem = { 0 };
	TW_TRY(absent(of(k), slot));
	tw_buf_init(&pem, k->sys, TW_VAULT_DATA_MAX);
	TW_TRY(tw_key_save(key, &pem));
	const struct tw_vault_edit edit = { KIND_KEY, slot, tw_buf_slice(&pem) };
	return tw_vault_change(of(k)->vault, &edit, 1);
}

static tw_err file_generate(tw_keystore *k, const char *slot, uint8_t ret_point[TW_POINT_SIZE])
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_TRY(tw_key_generate(k->sys, &key));
	TW_TRY(tw_key_point(key, ret_point));
	return file_import(k, slot, key);
}

static tw_err file_point(tw_keystore *k, const char *slot, uint8_t ret_point[TW_POINT_SIZE])
{
	const tw_key *key;
	TW_TRY(find(of(k), slot, &key));
	return tw_key_point(key, ret_point);
}

static tw_err file_sign(tw_keystore *k, const char *slot, const uint8_t digest[32], uint8_t ret[TW_SIGNATURE_SIZE])
{
	const tw_key *key;
	TW_TRY(find(of(k), slot, &key));
	return tw_key_sign_digest(key, digest, ret);
}

static tw_err file_rename(tw_keystore *k, const char *from, const char *to)
{
	struct file_store *s = of(k);
	TW_CLEANUP(tw_secret_freep) tw_secret *copy = NULL;
	struct tw_slice pem;
	if (strcmp(from, to) == 0)
		return TW_RAISE(STATE, "%s is its name already", to);
	TW_TRY(tw_vault_get(s->vault, KIND_KEY, from, &pem));
	TW_TRY(tw_secret_new(k->sys, pem.at, pem.size, &copy));
	const struct tw_vault_edit edits[] = {
		{ KIND_KEY, from, { NULL, 0 } },
		{ KIND_KEY, to, { (const char *)tw_secret_bytes(copy), tw_secret_size(copy) } },
	};
	TW_TRY(tw_vault_change(s->vault, edits, TW_COUNT(edits)));
	s->owed = tw_vault_single(s->vault); /* the new key has the name, and that is what was asked for */
	drop_ready(s, from);
	drop_ready(s, to);
	return TW_OK;
}

/* A key that is still in the older copy is not destroyed, whoever asks again and however: till then nobody is told that it is, or is not there. */
static tw_err file_settle(tw_keystore *k)
{
	struct file_store *s = of(k);
	if (s->owed)
		TW_TRY(tw_vault_pair(s->vault));
	s->owed = false;
	return TW_OK;
}

static tw_err in_both(struct file_store *s)
{
	s->owed = tw_vault_single(s->vault);
	return s->owed ? TW_RAISE(IO, "the second copy of the keystore could not be written and still holds it") : TW_OK;
}

static tw_err file_remove(tw_keystore *k, const char *slot)
{
	struct file_store *s = of(k);
	struct tw_slice there;
	const struct tw_vault_edit edit = { KIND_KEY, slot, { NULL, 0 } };
	TW_TRY(file_settle(k));
	TW_TRY(tw_vault_get(s->vault, KIND_KEY, slot, &there));
	TW_TRY(tw_vault_change(s->vault, &edit, 1));
	drop_ready(s, slot);
	return in_both(s);
}

static tw_err file_list(tw_keystore *k, struct tw_buf *ret)
{
	struct tw_vault_entry e;
	TW_TRY(file_settle(k)); /* whoever destroys what is listed would be told that nothing is left */
	for (size_t i = 0; tw_vault_at(of(k)->vault, i, &e); i++) {
		if (e.kind != KIND_KEY)
			continue;
		TW_TRY(tw_buf_add(ret, e.name.at, e.name.size));
		TW_TRY(tw_buf_u8(ret, '\n'));
	}
	return TW_OK;
}

/* --- Sealing --- */

static tw_err storage_key(const struct file_store *s, uint32_t generation, tw_secret **ret)
{
	char name[16];
	struct tw_slice bytes;
	(void)snprintf(name, sizeof name, "%u", generation);
	if (tw_failed(tw_vault_get(s->vault, KIND_STORAGE, name, &bytes)))
		return TW_RAISE(UNTRUSTED, "sealed under generation %u of the storage key, and there are %u to %u", generation,
			s->oldest, s->newest);
	return tw_secret_new(s->base.sys, bytes.at, bytes.size, ret);
}

static tw_err file_seal(tw_keystore *k, struct tw_slice aad, struct tw_slice plain, struct tw_buf *ret)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *key = NULL;
	TW_TRY(storage_key(of(k), of(k)->newest, &key));
	return tw_sealed_write(k->sys, key, of(k)->newest, aad, plain, ret);
}

static tw_err file_unseal(tw_keystore *k, struct tw_slice aad, struct tw_slice sealed, tw_secret **ret)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *key = NULL;
	TW_TRY(storage_key(of(k), tw_keystore_sealed_generation(sealed), &key));
	return tw_sealed_read(k->sys, key, aad, sealed, ret);
}

static tw_err file_rotate(tw_keystore *k)
{
	struct file_store *s = of(k);
	TW_CLEANUP(tw_secret_freep) tw_secret *fresh = NULL;
	char name[16];
	if (s->newest == UINT32_MAX)
		return TW_RAISE(LIMIT, "no generation is left");
	TW_TRY(tw_secret_random(k->sys, TW_AEAD_KEY, &fresh));
	(void)snprintf(name, sizeof name, "%u", s->newest + 1);
	const struct tw_vault_edit edit = { KIND_STORAGE, name, { (const char *)tw_secret_bytes(fresh), tw_secret_size(fresh) } };
	TW_TRY(tw_vault_change(s->vault, &edit, 1));
	s->newest++;
	return TW_OK;
}

static tw_err file_forget(tw_keystore *k)
{
	struct file_store *s = of(k);
	for (; s->oldest < s->newest; s->oldest++) {
		char name[16];
		(void)snprintf(name, sizeof name, "%u", s->oldest);
		const struct tw_vault_edit edit = { KIND_STORAGE, name, { NULL, 0 } };
		TW_TRY(tw_vault_change(s->vault, &edit, 1));
	}
	return in_both(s);
}

static void file_generations(const tw_keystore *k, uint32_t *ret_oldest, uint32_t *ret_newest)
{
	const struct file_store *s = (const struct file_store *)k;
	*ret_oldest = s->oldest;
	*ret_newest = s->newest;
}

/* Nothing pauses here. */
static void file_rest(tw_keystore *k)
{
}

static tw_err file_state(tw_keystore *k, struct tw_keystore_state *ret)
{
	const struct file_store *s = of(k);
	ret->kind = "file";
	ret->outside = s->outside;
	ret->single = tw_vault_single(s->vault);
	ret->generation = s->newest;
	ret->oldest = s->oldest;
	(void)snprintf(ret->detail, sizeof ret->detail, "%s",
		s->outside ? "A file sealed under a root secret from outside this disk."
			   : "A file sealed under a root secret that lies beside it: a copy of the disk opens it.");
	return TW_OK;
}

static const struct tw_keystore_ops file_ops = { file_generate, file_import, file_point, file_sign, file_rename, file_remove, file_list,
	file_seal, file_unseal, file_rotate, file_forget, file_settle, file_generations, file_rest, file_state, file_close };

/* --- Opening --- */

/* NOTFOUND: none lies beside. */
static tw_err read_beside(const struct tw_sys *sys, int dir, tw_secret **ret)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	tw_buf_init(&b, sys, ROOT_MAX);
	TW_TRY(tw_buf_reserve(&b, ROOT_MAX));
	TW_TRY(tw_durable_read(sys, dir, ROOT_BESIDE, ROOT_MAX, &b));
	return tw_secret_new(sys, b.data, b.size, ret);
}

/* Written before the first vault: a vault without its root would be lost, a root without a vault is nothing. */
static tw_err root_beside(const struct tw_sys *sys, int dir, tw_secret **ret)
{
	tw_err e = read_beside(sys, dir, ret);
	if (!tw_is(e, TW_CODE_NOTFOUND))
		return e;
	TW_CLEANUP(tw_secret_freep) tw_secret *fresh = NULL;
	TW_TRY(tw_secret_random(sys, ROOT_SIZE, &fresh));
	TW_TRY(tw_durable_replace(sys, dir, ROOT_BESIDE, tw_secret_bytes(fresh), tw_secret_size(fresh), 0600));
	*ret = TW_STEAL(fresh);
	return TW_OK;
}

/* The generations that are there; none only in a vault whose creation was cut short. */
static tw_err read_generations(struct file_store *s)
{
	struct tw_vault_entry e;
	for (size_t i = 0; tw_vault_at(s->vault, i, &e); i++) {
		uint64_t n;
		if (e.kind != KIND_STORAGE)
			continue;
		TW_TRY(tw_parse_u64(e.name, UINT32_MAX, &n));
		if (n == 0 || e.data.size != TW_AEAD_KEY)
			return TW_RAISE(SYNTAX, "a storage key of generation %llu and %zu bytes", (unsigned long long)n, e.data.size);
		s->newest = n > s->newest ? (uint32_t)n : s->newest;
		s->oldest = s->oldest == 0 || n < s->oldest ? (uint32_t)n : s->oldest;
	}
	if (s->newest)
		return TW_OK;
	TW_TRY(file_rotate(&s->base));
	s->oldest = s->newest;
	return TW_OK;
}

/* A device that gets its root from outside only now: what the root beside opens is sealed anew. */
static tw_err move_to_root(struct file_store *s, int dir, const tw_secret *root, tw_err why)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *beside = NULL;
	char detail[TW_DETAIL_MAX];
	(void)snprintf(detail, sizeof detail, "%s", tw_err_detail());
	tw_err e = read_beside(s->base.sys, dir, &beside);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return tw_raise(why.code, __func__, __LINE__, "%s", detail);
	TW_TRY(e);
	TW_TRY(tw_vault_open(s->base.sys, dir, BASE, beside, &s->vault));
	return tw_vault_reroot(s->vault, root, (struct tw_slice){ NULL, 0 });
}

static tw_err open_vault(struct file_store *s, int dir, const tw_secret *root)
{
	tw_err e = tw_vault_open(s->base.sys, dir, BASE, root, &s->vault);
	if (tw_is(e, TW_CODE_NOTFOUND))
		e = tw_vault_create(s->base.sys, dir, BASE, root, &s->vault);
	else if (s->outside && tw_is(e, TW_CODE_UNTRUSTED))
		e = move_to_root(s, dir, root, e);
	TW_TRY(e);
	s->owed = tw_vault_single(s->vault); /* what was destroyed before the last end may be in the copy that is behind */
	if (s->outside)                      /* it opens nothing any more, and only would have opened what it lay beside */
		TW_TRY(tw_durable_destroy(s->base.sys, dir, ROOT_BESIDE));
	return read_generations(s);
}

tw_err tw_keystore_file(const struct tw_sys *sys, int dir, const tw_secret *root, tw_keystore **ret)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *beside = NULL;
	if (!root)
		TW_TRY(root_beside(sys, dir, &beside));
	const tw_secret *use = root ? root : beside;
	if (tw_secret_size(use) < ROOT_MIN)
		return TW_RAISE(UNTRUSTED, "a root secret of %zu bytes; at least %d are wanted", tw_secret_size(use), ROOT_MIN);
	struct file_store *s = TW_NEW(sys, struct file_store);
	if (!s)
		return TW_RAISE(NOMEM, "the keystore");
	s->base = (tw_keystore){ &file_ops, sys };
	s->outside = root != NULL;
	tw_err e = open_vault(s, dir, use);
	if (tw_failed(e)) {
		file_close(&s->base);
		return e;
	}
	*ret = &s->base;
	return TW_OK;
}
