/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keystore on a token: a vault that holds names, public halves and handles, none of them secret, and a token that holds or opens what is.
 *
 * A change of names is a change of the vault, so it is one durable step whatever the token is. What the vault does not name any more is
 * destroyed on the token afterwards; cut in between, the next opening sweeps it away. Data is sealed under a storage key that the token
 * wraps, one for each generation; it is unwrapped for each use and wiped.
 *
 * The vault is sealed under a root secret that the token wraps; the note before the seal says how to ask for it. So whoever writes to this disk
 * can neither read nor exchange names and handles, nor show this unit's vault to another keystore on the token; one that is not sealed is
 * refused, before anything on the token is destroyed because it does not name it. With each rotation of the storage key the root is another, and
 * the token forgets the one before: a vault of before that opens nothing any more, where the token can forget (a TPM opens every blob that it
 * ever made). An earlier pair of copies of the same root is what this cannot see, as with the sealed file.
 *
 * @nist DP.CKM.1, DP.CKM.2, DP.CKM.3
 */
#include "service/keys/keystore.h"

#include "base/cursor.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/aead.h"
#include "service/keys/vault.h"
#include "sys/durable.h"

#include <string.h>

enum { KIND_KEY = 1, KIND_STORAGE = 2 };
#define ROOT_SIZE 32
#define TOKEN_NAME_MAX 128    /* as the token says it: maker and serial number, or the hash of a TPM's key */
#define REFUSED "pin.refused" /* which PIN file the token refused */

struct token_store {
	tw_keystore base;
	const struct tw_token_kind_row *row;
	tw_vault *vault;
	tw_token *token;
	uint8_t owner[TW_TOKEN_OWNER];
	uint32_t newest, oldest;
	int dir, pin;
	bool sweep_due; /* the token still has what no name leads to */
	struct {
		struct tw_buf note;
		tw_secret *root;
	} read; /* while it opens: both copies have the same note, and the token is asked once */
	bool owed; /* the older copy of the vault may still name what was destroyed (a TPM would open it); nothing is swept meanwhile */
	struct {
		uint32_t generation;
		tw_secret *key;
	} held[2]; /* storage keys of a call that may pause: unwrapped once for all of its turns */
	size_t next_held;
};

static struct token_store *of(tw_keystore *k)
{
	return (struct token_store *)k;
}

static void token_rest(tw_keystore *k)
{
	struct token_store *s = of(k);
	for (size_t i = 0; i < TW_COUNT(s->held); i++)
		s->held[i].key = tw_secret_free(s->held[i].key);
}

static void forget_read(struct token_store *s)
{
	tw_buf_done(&s->read.note);
	s->read.root = tw_secret_free(s->read.root);
}

static void token_close(tw_keystore *k)
{
	token_rest(k);
	forget_read(of(k));
	(void)tw_vault_free(of(k)->vault);
	free(k);
}

/* --- The PIN --- */

/* Which PIN file it is: its inode and when it was last written. Nothing of the PIN. */
static tw_err pin_file(const struct token_store *s, char ret[64])
{
	struct stat st;
	if (s->base.sys->fstat(s->base.sys, s->pin, &st))
		return TW_RAISE_ERRNO("looking at the file with the PIN");
	(void)snprintf(ret, 64, "%llu %lld.%09ld\n", (unsigned long long)st.st_ino, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	return TW_OK;
}

/* A PIN that was refused is not said again, also not by the next start: a few wrong ones lock a token for good. */
static tw_err check_pin(const struct token_store *s)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf was = { 0 };
	char now[64];
	if (s->pin < 0)
		return TW_OK;
	tw_buf_init(&was, s->base.sys, sizeof now);
	tw_err e = tw_durable_read(s->base.sys, s->dir, REFUSED, sizeof now, &was);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	TW_TRY(pin_file(s, now));
	if (tw_slice_is(tw_buf_slice(&was), now))
		return TW_RAISE(DENIED,
			"the token refused the PIN in this file before, and it is not tried again: write the right PIN into the file, then "
			"start again");
	return tw_durable_remove(s->base.sys, s->dir, REFUSED);
}

static void note_refused(const struct token_store *s)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf was = { 0 };
	char now[64] = "";
	if (s->pin < 0)
		return;
	tw_buf_init(&was, s->base.sys, sizeof now);
	tw_ignore(tw_durable_read(s->base.sys, s->dir, REFUSED, sizeof now, &was));
	tw_err e = pin_file(s, now);
	/* Every question after the first is refused too, and none of them has to wear the medium. */
	if (!tw_failed(e) && !tw_slice_is(tw_buf_slice(&was), now))
		e = tw_durable_replace(s->base.sys, s->dir, REFUSED, now, strlen(now), 0600);
	if (tw_failed(e))
		tw_log_err(e, "that the PIN was refused could not be written down; the next start tries it once more");
}

/* --- Asking --- */

static tw_err ask(struct token_store *s, enum tw_token_op op, struct tw_slice handle, struct tw_slice in, struct tw_token_answer *ret)
{
	struct tw_token_question q = { .op = (uint8_t)op, .handle = handle, .in = in };
	char detail[TW_DETAIL_MAX];
	memcpy(q.owner, s->owner, sizeof q.owner);
	tw_token_answer_init(s->base.sys, ret);
	tw_err e = tw_token_ask(s->token, &q, ret);
	if (!tw_is(e, TW_CODE_DENIED))
		return e;
	(void)snprintf(detail, sizeof detail, "%s", tw_err_detail());
	note_refused(s);
	return TW_RAISE(DENIED, "%s", detail);
}

static const struct tw_slice nothing = { NULL, 0 };

static tw_err destroy(struct token_store *s, struct tw_slice handle)
{
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	tw_err e = ask(s, TW_TOKEN_DESTROY, handle, nothing, &a);
	s->sweep_due = s->sweep_due || tw_failed(e);
	return e;
}

/* --- The note: u32 generation of the storage key when the root was made, owner, block16 name of the token, handle of the root --- */

struct note {
	uint32_t generation;
	struct tw_slice owner, token, handle;
};

static tw_err read_note(struct tw_slice text, struct note *ret)
{
	struct tw_cursor c = tw_cursor_of(text.at, text.size);
	TW_TRY(tw_cursor_u32(&c, &ret->generation));
	TW_TRY(tw_cursor_slice(&c, TW_TOKEN_OWNER, &ret->owner));
	TW_TRY(tw_cursor_block16(&c, TOKEN_NAME_MAX, &ret->token));
	TW_TRY(tw_cursor_slice(&c, tw_cursor_left(&c), &ret->handle));
	return ret->handle.size > 0 && ret->handle.size <= TW_TOKEN_HANDLE_MAX
		? TW_OK
		: TW_RAISE(SYNTAX, "the note's handle has %zu bytes", ret->handle.size);
}

static tw_err write_note(const struct token_store *s, struct tw_slice token, struct tw_slice handle, struct tw_buf *ret)
{
	tw_buf_init(ret, s->base.sys, TW_VAULT_NOTE_MAX);
	TW_TRY(tw_buf_u32(ret, s->newest));
	TW_TRY(tw_buf_add(ret, s->owner, sizeof s->owner));
	TW_TRY(tw_buf_block16(ret, token.at, token.size));
	return tw_buf_add(ret, handle.at, handle.size);
}

/* Whatever of ours the token has and the vault does not name; it is due on where one question does not destroy it all. */
static tw_err sweep(struct token_store *s)
{
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf known = { 0 };
	struct tw_vault_entry e;
	struct note n;
	tw_buf_init(&known, s->base.sys, TW_VAULT_MAX);
	TW_TRY(read_note(tw_vault_note(s->vault), &n));
	TW_TRY(tw_buf_block16(&known, n.handle.at, n.handle.size));
	for (size_t i = 0; tw_vault_at(s->vault, i, &e); i++) {
		size_t skip = e.kind == KIND_KEY ? TW_POINT_SIZE : 0;
		if (e.kind == KIND_KEY || e.kind == KIND_STORAGE)
			TW_TRY(tw_buf_block16(&known, e.data.at + skip, e.data.size - skip));
	}
	TW_TRY(ask(s, TW_TOKEN_SWEEP, nothing, tw_buf_slice(&known), &a));
	s->sweep_due = a.out.size > 0;
	return TW_OK;
}

/* What a call before left is gone from the token and from both copies; till then nobody is told that a key is destroyed or not there. */
static tw_err token_settle(tw_keystore *k)
{
	struct token_store *s = of(k);
	if (s->owed)
		TW_TRY(tw_vault_pair(s->vault)); /* first, so that what it still named goes from the token only then */
	s->owed = false;
	while (s->sweep_due) {
		TW_TRY(tw_token_pause(s->token));
		TW_TRY(sweep(s));
		if (s->sweep_due && !tw_token_in_turn(s->token)) /* where nothing pauses, a token that always has more would hold us for good */
			return TW_RAISE(TIMEOUT, "the token has not destroyed all of what no name leads to; asked again it goes on");
	}
	return TW_OK;
}

static tw_err in_both(struct token_store *s)
{
	s->owed = tw_vault_single(s->vault);
	return s->owed ? TW_RAISE(IO, "the second copy of the keystore could not be written and still names it") : TW_OK;
}

/* What makes something on the token; where that fails it may have been made all the same. */
static tw_err ask_to_make(struct token_store *s, enum tw_token_op op, struct tw_slice in, struct tw_token_answer *ret)
{
	TW_TRY(tw_token_pause(s->token));
	tw_err e = ask(s, op, nothing, in, ret);
	s->sweep_due = s->sweep_due || tw_failed(e);
	return e;
}

/* --- Keys --- */

static tw_err find(struct token_store *s, const char *slot, uint8_t ret_point[TW_POINT_SIZE], struct tw_slice *ret_handle)
{
	struct tw_slice data;
	TW_TRY(tw_vault_get(s->vault, KIND_KEY, slot, &data));
	memcpy(ret_point, data.at, TW_POINT_SIZE); /* its size was checked when it was opened */
	*ret_handle = (struct tw_slice){ data.at + TW_POINT_SIZE, data.size - TW_POINT_SIZE };
	return TW_OK;
}

static tw_err absent(struct token_store *s, const char *slot)
{
	struct tw_slice there;
	tw_err e = tw_vault_get(s->vault, KIND_KEY, slot, &there);
	if (!tw_failed(e))
		return TW_RAISE(EXISTS, "there is a key named %s", slot);
	return tw_is(e, TW_CODE_NOTFOUND) ? TW_OK : e;
}

static tw_err name_key(struct token_store *s, const char *slot, const struct tw_token_answer *a)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf data = { 0 };
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	if (a->out.size != TW_POINT_SIZE || a->more.size == 0)
		return TW_RAISE(CRYPTO, "the token made a key with a public half of %zu bytes", a->out.size);
	TW_TRY(tw_key_of_point(s->base.sys, (const uint8_t *)a->out.data, &key));
	tw_buf_init(&data, s->base.sys, TW_VAULT_DATA_MAX);
	TW_TRY(tw_buf_add(&data, a->out.data, a->out.size));
	TW_TRY(tw_buf_add(&data, a->more.data, a->more.size));
	const struct tw_vault_edit edit = { KIND_KEY, slot, tw_buf_slice(&data) };
	return tw_vault_change(s->vault, &edit, 1);
}

static tw_err make(struct token_store *s, const char *slot, struct tw_slice key, uint8_t ret_point[TW_POINT_SIZE])
{
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	TW_TRY(absent(s, slot));
	TW_TRY(token_settle(&s->base));
	TW_TRY(ask_to_make(s, TW_TOKEN_MAKE, key, &a));
	tw_err e = name_key(s, slot, &a);
	if (tw_failed(e)) {
		s->sweep_due = true; /* the disk may have the name or not: the next opening knows */
		return e;
	}
	memcpy(ret_point, a.out.data, TW_POINT_SIZE);
	return TW_OK;
}

static tw_err token_generate(tw_keystore *k, const char *slot, uint8_t ret_point[TW_POINT_SIZE])
{
	return make(of(k), slot, nothing, ret_point);
}

static tw_err token_import(tw_keystore *k, const char *slot, const tw_key *key)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf in = { 0 };
	TW_CLEANUP(tw_secret_freep) tw_secret *scalar = NULL;
	uint8_t point[TW_POINT_SIZE], made[TW_POINT_SIZE];
	tw_buf_init(&in, k->sys, 256);
	TW_TRY(tw_key_scalar(key, &scalar));
	TW_TRY(tw_key_point(key, point));
	TW_TRY(tw_buf_reserve(&in, tw_secret_size(scalar) + sizeof point));
	TW_TRY(tw_buf_add(&in, tw_secret_bytes(scalar), tw_secret_size(scalar)));
	TW_TRY(tw_buf_add(&in, point, sizeof point));
	return make(of(k), slot, tw_buf_slice(&in), made);
}

static tw_err token_point(tw_keystore *k, const char *slot, uint8_t ret_point[TW_POINT_SIZE])
{
	struct tw_slice handle;
	return find(of(k), slot, ret_point, &handle);
}

/* Checked before it leaves: neither a broken token nor a name on another key's handle makes a signature that is not the key's. */
static tw_err check_signature(const tw_keystore *k, const uint8_t point[TW_POINT_SIZE], const uint8_t digest[32], const uint8_t *signature)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_TRY(tw_key_of_point(k->sys, point, &key));
	return tw_failed(tw_key_verify_digest(key, digest, signature))
		? TW_RAISE(CRYPTO, "the token signs with another key than the one that was made under this name")
		: TW_OK;
}

static tw_err token_sign(tw_keystore *k, const char *slot, const uint8_t digest[32], uint8_t ret[TW_SIGNATURE_SIZE])
{
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	uint8_t point[TW_POINT_SIZE];
	struct tw_slice handle;
	TW_TRY(find(of(k), slot, point, &handle));
	TW_TRY(tw_token_pause(of(k)->token));
	TW_TRY(ask(of(k), TW_TOKEN_SIGN, handle, (struct tw_slice){ (const char *)digest, 32 }, &a));
	if (a.out.size != TW_SIGNATURE_SIZE)
		return TW_RAISE(CRYPTO, "the token's signature has %zu bytes", a.out.size);
	TW_TRY(check_signature(k, point, digest, (const uint8_t *)a.out.data));
	memcpy(ret, a.out.data, TW_SIGNATURE_SIZE);
	return TW_OK;
}

/* A handle that outlives a change of the vault. */
static tw_err copy_handle(const struct token_store *s, const char *slot, struct tw_buf *ret)
{
	struct tw_slice data;
	tw_buf_init(ret, s->base.sys, TW_VAULT_DATA_MAX);
	TW_TRY(tw_vault_get(s->vault, KIND_KEY, slot, &data));
	return tw_buf_add(ret, data.at, data.size);
}

static struct tw_slice handle_of(const struct tw_buf *data)
{
	return (struct tw_slice){ data->data + TW_POINT_SIZE, data->size - TW_POINT_SIZE };
}

static tw_err token_rename(tw_keystore *k, const char *from, const char *to)
{
	struct token_store *s = of(k);
	TW_CLEANUP(tw_buf_done) struct tw_buf moving = { 0 }, gone = { 0 };
	if (strcmp(from, to) == 0)
		return TW_RAISE(STATE, "%s is its name already", to);
	TW_TRY(copy_handle(s, from, &moving));
	tw_err there = copy_handle(s, to, &gone);
	if (tw_failed(there) && !tw_is(there, TW_CODE_NOTFOUND))
		return there;
	const struct tw_vault_edit edits[] = { { KIND_KEY, from, nothing }, { KIND_KEY, to, tw_buf_slice(&moving) } };
	TW_TRY(tw_vault_change(s->vault, edits, TW_COUNT(edits)));
	/* From here the new key has the name, and that is what was asked for. */
	s->owed = tw_vault_single(s->vault);
	if (tw_failed(there))
		return TW_OK;
	if (!tw_token_fits(s->token)) {
		s->sweep_due = true;
		return TW_OK;
	}
	tw_err e = destroy(s, handle_of(&gone));
	if (tw_failed(e))
		tw_log_err(e, "the token still holds the key that %s was; it is destroyed with the next list, state or key", to);
	return TW_OK;
}

static tw_err token_remove(tw_keystore *k, const char *slot)
{
	struct token_store *s = of(k);
	TW_CLEANUP(tw_buf_done) struct tw_buf gone = { 0 };
	const struct tw_vault_edit edit = { KIND_KEY, slot, nothing };
	TW_TRY(token_settle(k));
	TW_TRY(copy_handle(s, slot, &gone));
	TW_TRY(tw_token_pause(s->token)); /* not between the two: who asked again would be told that there is no such key */
	TW_TRY(tw_vault_change(s->vault, &edit, 1));
	TW_TRY(destroy(s, handle_of(&gone)));
	return in_both(s);
}

static tw_err token_list(tw_keystore *k, struct tw_buf *ret)
{
	struct tw_vault_entry e;
	TW_TRY(token_settle(k)); /* whoever destroys what is listed would be told that nothing is left */
	for (size_t i = 0; tw_vault_at(of(k)->vault, i, &e); i++) {
		if (e.kind != KIND_KEY)
			continue;
		TW_TRY(tw_buf_add(ret, e.name.at, e.name.size));
		TW_TRY(tw_buf_u8(ret, '\n'));
	}
	return TW_OK;
}

/* --- Sealing --- */

static void generation_name(uint32_t generation, char ret[16])
{
	(void)snprintf(ret, 16, "%u", generation);
}

/* Only within a turn: outside there is nothing that pauses, and nobody who says when it may be wiped. */
static tw_err hold(struct token_store *s, uint32_t generation, const tw_secret *key)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *copy = NULL;
	if (!tw_token_in_turn(s->token))
		return TW_OK;
	TW_TRY(tw_secret_new(s->base.sys, tw_secret_bytes(key), tw_secret_size(key), &copy));
	(void)tw_secret_free(s->held[s->next_held].key);
	s->held[s->next_held].generation = generation;
	s->held[s->next_held].key = TW_STEAL(copy);
	s->next_held = (s->next_held + 1) % TW_COUNT(s->held);
	return TW_OK;
}

static const tw_secret *held(const struct token_store *s, uint32_t generation)
{
	for (size_t i = 0; i < TW_COUNT(s->held); i++) {
		if (s->held[i].key && s->held[i].generation == generation)
			return s->held[i].key;
	}
	return NULL;
}

static tw_err storage_key(struct token_store *s, uint32_t generation, tw_secret **ret)
{
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	TW_CLEANUP(tw_secret_freep) tw_secret *key = NULL;
	struct tw_slice handle;
	char name[16];
	generation_name(generation, name);
	tw_err e = tw_vault_get(s->vault, KIND_STORAGE, name, &handle);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_RAISE(UNTRUSTED, "sealed under generation %u of the storage key, and there are %u to %u", generation,
			s->oldest, s->newest);
	TW_TRY(e);
	const tw_secret *ready = held(s, generation);
	if (ready)
		return tw_secret_new(s->base.sys, tw_secret_bytes(ready), tw_secret_size(ready), ret);
	TW_TRY(tw_token_pause(s->token));
	TW_TRY(ask(s, TW_TOKEN_UNWRAP, handle, nothing, &a));
	if (a.out.size != TW_AEAD_KEY)
		return TW_RAISE(CRYPTO, "the token unwraps a storage key of %zu bytes", a.out.size);
	TW_TRY(tw_secret_new(s->base.sys, a.out.data, a.out.size, &key));
	TW_TRY(hold(s, generation, key));
	*ret = TW_STEAL(key);
	return TW_OK;
}

static tw_err token_rotate(tw_keystore *k)
{
	struct token_store *s = of(k);
	TW_CLEANUP(tw_secret_freep) tw_secret *fresh = NULL;
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	char name[16];
	if (s->newest == UINT32_MAX)
		return TW_RAISE(LIMIT, "no generation is left");
	TW_TRY(tw_secret_random(k->sys, TW_AEAD_KEY, &fresh));
	TW_TRY(ask_to_make(s, TW_TOKEN_WRAP, (struct tw_slice){ (const char *)tw_secret_bytes(fresh), tw_secret_size(fresh) }, &a));
	generation_name(s->newest + 1, name);
	const struct tw_vault_edit edit = { KIND_STORAGE, name, tw_buf_slice(&a.out) };
	tw_err e = tw_vault_change(s->vault, &edit, 1);
	if (tw_failed(e)) {
		s->sweep_due = true;
		return e;
	}
	s->newest++;
	s->oldest = s->oldest ? s->oldest : s->newest;
	return hold(s, s->newest, fresh);
}

/* The first one comes with the first opening, or with what first needs it when there was no time then. */
static tw_err need_storage_key(struct token_store *s)
{
	return s->newest ? TW_OK : token_rotate(&s->base);
}

static tw_err token_seal(tw_keystore *k, struct tw_slice aad, struct tw_slice plain, struct tw_buf *ret)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *key = NULL;
	TW_TRY(need_storage_key(of(k)));
	TW_TRY(storage_key(of(k), of(k)->newest, &key));
	return tw_sealed_write(k->sys, key, of(k)->newest, aad, plain, ret);
}

static tw_err token_unseal(tw_keystore *k, struct tw_slice aad, struct tw_slice sealed, tw_secret **ret)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *key = NULL;
	TW_TRY(storage_key(of(k), tw_keystore_sealed_generation(sealed), &key));
	return tw_sealed_read(k->sys, key, aad, sealed, ret);
}

/* The handle goes from the vault first; where wrapping keys lie on the token, what was sealed under it is then lost for everybody. */
static tw_err forget_one(struct token_store *s, uint32_t generation)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf gone = { 0 };
	struct tw_slice handle;
	char name[16];
	generation_name(generation, name);
	tw_err e = tw_vault_get(s->vault, KIND_STORAGE, name, &handle);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	tw_buf_init(&gone, s->base.sys, TW_VAULT_DATA_MAX);
	TW_TRY(tw_buf_add(&gone, handle.at, handle.size));
	const struct tw_vault_edit edit = { KIND_STORAGE, name, nothing };
	TW_TRY(tw_vault_change(s->vault, &edit, 1));
	s->owed = tw_vault_single(s->vault);
	return destroy(s, tw_buf_slice(&gone));
}

/* A root of the vault, wrapped by the token, and the note that leads to it. */
static tw_err make_root(struct token_store *s, struct tw_slice token, tw_secret **ret, struct tw_buf *ret_note)
{
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	TW_CLEANUP(tw_secret_freep) tw_secret *root = NULL;
	TW_TRY(tw_secret_random(s->base.sys, ROOT_SIZE, &root));
	TW_TRY(ask(s, TW_TOKEN_WRAP, nothing, (struct tw_slice){ (const char *)tw_secret_bytes(root), ROOT_SIZE }, &a));
	TW_TRY(write_note(s, token, tw_buf_slice(&a.out), ret_note));
	*ret = TW_STEAL(root);
	return TW_OK;
}

/* Once for each generation of the storage key. */
static tw_err renew_root(struct token_store *s)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf note = { 0 };
	TW_CLEANUP(tw_secret_freep) tw_secret *root = NULL;
	struct note was;
	TW_TRY(read_note(tw_vault_note(s->vault), &was));
	if (was.generation == s->newest)
		return TW_OK;
	TW_TRY(tw_token_pause(s->token));
	s->sweep_due = true; /* of what is made, or of what it takes the place of */
	TW_TRY(make_root(s, was.token, &root, &note));
	TW_TRY(tw_vault_reroot(s->vault, root, tw_buf_slice(&note)));
	s->owed = tw_vault_single(s->vault);
	return TW_OK;
}

static tw_err token_forget(tw_keystore *k)
{
	struct token_store *s = of(k);
	TW_TRY(renew_root(s));
	for (; s->oldest < s->newest; s->oldest++) {
		TW_TRY(tw_token_pause(s->token));
		TW_TRY(forget_one(s, s->oldest));
	}
	TW_TRY(token_settle(k));
	return in_both(s);
}

static void token_generations(const tw_keystore *k, uint32_t *ret_oldest, uint32_t *ret_newest)
{
	const struct token_store *s = (const struct token_store *)k;
	*ret_oldest = s->oldest;
	*ret_newest = s->newest;
}

/* --- State --- */

static tw_err describe(struct token_store *s, struct tw_token_answer *a)
{
	TW_TRY(ask(s, TW_TOKEN_DESCRIBE, nothing, nothing, a));
	return a->out.size > 1 ? TW_OK : TW_RAISE(CLOSED, "the token does not say what it is");
}

/* Asked each time: that a token was taken out is seen at once. */
static tw_err token_state(tw_keystore *k, struct tw_keystore_state *ret)
{
	struct token_store *s = of(k);
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	TW_TRY(need_storage_key(s));
	TW_TRY(tw_token_pause(s->token));
	TW_TRY(describe(s, &a));
	/* It is asked for again and again, so what failed once is not left until a key is made; and says what is so, whatever comes of that. */
	if (s->sweep_due && !s->owed && tw_token_fits(s->token)) {
		tw_err e = sweep(s);
		if (tw_failed(e))
			tw_log_err(e, "the token still holds keys that no name leads to");
	}
	ret->kind = s->row->name;
	ret->hardware = a.out.data[0] == 1;
	ret->outside = ret->hardware; /* a stand-in in software keeps its keys in files, and those may be on this disk */
	ret->single = tw_vault_single(s->vault);
	ret->generation = s->newest;
	ret->oldest = s->oldest;
	(void)snprintf(ret->detail, sizeof ret->detail, "%.200s%s", tw_buf_cstr(&a.more),
		ret->hardware ? "" : ": software, which protects keys no better than a file");
	tw_utf8_mend(ret->detail);
	return TW_OK;
}

static const struct tw_keystore_ops token_ops = { token_generate, token_import, token_point, token_sign, token_rename, token_remove,
	token_list, token_seal, token_unseal, token_rotate, token_forget, token_settle, token_generations, token_rest, token_state,
	token_close };

/* --- Opening --- */

static tw_err check_entry(struct token_store *s, const struct tw_vault_entry *e)
{
	uint64_t n;
	if (e->kind == KIND_KEY)
		return e->data.size > TW_POINT_SIZE && e->data.size <= TW_POINT_SIZE + TW_TOKEN_HANDLE_MAX
			? TW_OK
			: TW_RAISE(SYNTAX, "key " TW_SLICE_FMT " has %zu bytes", TW_SLICE_ARG(e->name), e->data.size);
	if (e->kind != KIND_STORAGE)
		return TW_OK;
	TW_TRY(tw_parse_u64(e->name, UINT32_MAX, &n));
	if (n == 0 || e->data.size == 0 || e->data.size > TW_TOKEN_HANDLE_MAX)
		return TW_RAISE(SYNTAX, "a storage key of generation %llu and %zu bytes", (unsigned long long)n, e->data.size);
	s->newest = n > s->newest ? (uint32_t)n : s->newest;
	s->oldest = s->oldest == 0 || n < s->oldest ? (uint32_t)n : s->oldest;
	return TW_OK;
}

/* Opened in a turn and slow, it leaves the rest to what is asked first. */
static tw_err read_entries(struct token_store *s)
{
	struct tw_vault_entry e;
	for (size_t i = 0; tw_vault_at(s->vault, i, &e); i++)
		TW_TRY(check_entry(s, &e));
	s->sweep_due = true; /* of a call that was cut short */
	s->owed = tw_vault_single(s->vault);
	if (!s->owed && tw_token_fits(s->token)) /* owed: that copy alone has to open with what the token holds */
		TW_TRY(sweep(s));
	return tw_token_fits(s->token) ? need_storage_key(s) : TW_OK;
}

static bool is_slice(struct tw_slice a, struct tw_slice b)
{
	return a.size == b.size && memcmp(a.at, b.at, a.size) == 0;
}

static tw_err token_name(struct token_store *s, struct tw_token_answer *a, struct tw_slice *ret)
{
	TW_TRY(describe(s, a));
	*ret = (struct tw_slice){ a->out.data + 1, a->out.size - 1 };
	return ret->size <= TOKEN_NAME_MAX ? TW_OK : TW_RAISE(CRYPTO, "the token's name has %zu bytes", ret->size);
}

static tw_err another(const struct token_store *s)
{
	return TW_RAISE(UNTRUSTED, "another %s than the one this device's keys were made in", s->row->name);
}

/* The root of one copy, as its note has it. */
static tw_err root_of(void *user, struct tw_slice text, tw_secret **ret)
{
	struct token_store *s = user;
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	struct note n;
	if (!s->read.root || !is_slice(tw_buf_slice(&s->read.note), text)) {
		forget_read(s);
		TW_TRY(read_note(text, &n));
		memcpy(s->owner, n.owner.at, sizeof s->owner);
		tw_buf_init(&s->read.note, s->base.sys, TW_VAULT_NOTE_MAX);
		TW_TRY(tw_buf_add(&s->read.note, text.at, text.size));
		TW_TRY(ask(s, TW_TOKEN_UNWRAP, n.handle, nothing, &a));
		if (a.out.size != ROOT_SIZE)
			return TW_RAISE(CRYPTO, "the token unwraps a root of %zu bytes", a.out.size);
		TW_TRY(tw_secret_new(s->base.sys, a.out.data, a.out.size, &s->read.root));
	}
	return tw_secret_new(s->base.sys, tw_secret_bytes(s->read.root), tw_secret_size(s->read.root), ret);
}

/* @nist DP.CKM.2: the vault belongs to one token. Another one is refused as that, rather than as one that has lost its keys. */
static tw_err blame(struct token_store *s, tw_err why)
{
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	char detail[TW_DETAIL_MAX];
	struct tw_slice is = { NULL, 0 };
	struct note was;
	if (!tw_is(why, TW_CODE_STATE) && !tw_is(why, TW_CODE_CRYPTO) && !tw_is(why, TW_CODE_CLOSED))
		return why;
	(void)snprintf(detail, sizeof detail, "%s", tw_err_detail());
	TW_TRY(read_note(tw_buf_slice(&s->read.note), &was)); /* as it was before the token was asked */
	if (tw_token_fits(s->token) && !tw_failed(token_name(s, &a, &is)) && !is_slice(was.token, is))
		return another(s);
	return tw_raise(why.code, __func__, __LINE__, "%s", detail);
}

static tw_err new_owner(struct token_store *s)
{
	return s->base.sys->random(s->base.sys, s->owner, sizeof s->owner) < 0 ? TW_RAISE_ERRNO("the keystore's own name") : TW_OK;
}

/* Cut off before the vault is there, it leaves a wrapping key on the token that no owner asks for; the next opening is of another owner. */
static tw_err make_vault(struct token_store *s)
{
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf note = { 0 };
	TW_CLEANUP(tw_secret_freep) tw_secret *root = NULL;
	struct tw_slice name;
	TW_TRY(token_name(s, &a, &name));
	TW_TRY(new_owner(s));
	TW_TRY(make_root(s, name, &root, &note));
	return tw_vault_create_noted(s->base.sys, s->dir, s->row->base, root, tw_buf_slice(&note), &s->vault);
}

static tw_err open_store(struct token_store *s)
{
	struct note n;
	TW_TRY(check_pin(s));
	tw_err e = tw_vault_open_noted(s->base.sys, s->dir, s->row->base, root_of, s, &s->vault);
	if (tw_is(e, TW_CODE_NOTFOUND))
		e = make_vault(s);
	else if (tw_failed(e))
		e = blame(s, e);
	forget_read(s);
	TW_TRY(e);
	TW_TRY(read_note(tw_vault_note(s->vault), &n));
	memcpy(s->owner, n.owner.at, sizeof s->owner);
	return read_entries(s);
}

tw_err tw_keystore_token(const struct tw_sys *sys, int dir, enum tw_token_kind kind, tw_token *token, int pin, tw_keystore **ret)
{
	struct token_store *s = TW_NEW(sys, struct token_store);
	if (!s)
		return TW_RAISE(NOMEM, "the keystore");
	s->base = (tw_keystore){ &token_ops, sys };
	s->row = tw_token_row(kind);
	s->token = token;
	s->dir = dir;
	s->pin = pin;
	tw_err e = open_store(s);
	if (tw_failed(e)) {
		token_close(&s->base);
		return e;
	}
	*ret = &s->base;
	return TW_OK;
}
