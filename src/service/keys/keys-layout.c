/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the role's own secrets lie: in plain files, as `thingward provision` leaves them, or in the keystore.
 *
 * What decides is one name: as long as identity.key is there, the plain files count, and nothing else. A boot that is confirmed
 * takes them over: key into its slot, secrets sealed beside, and then identity.key loses its name in one step. Before that step the
 * release before this one still reads everything; after it, what is left of the plain files is overwritten and removed, by the next
 * start if need be. So a cut anywhere leaves one layout that is whole.
 *
 * A step whose outcome nobody knows (its sync failed) is one more case: both layouts are kept up to date then, so that it does not matter.
 *
 * @nist DP.CKM.2: no private key and no secret of the device lies on its disk in plain
 */
#include "base/log.h"
#include "base/mem.h"
#include "formats/keydir.h"
#include "service/keys/keys-inside.h"
#include "sys/durable.h"

#include <string.h>

#define IDENTITY "identity"
#define GONE "identity.gone" /* identity.key between losing its name and being destroyed */

static const struct {
	const char *plain, *sealed; /* sealed is also what the seal is bound to */
} files[TW_KEYS_SECRETS] = {
	[TW_KEYS_OF_LISTENER] = { TW_KEYS_LISTENER, "listener.sealed" },
	[TW_KEYS_OF_TAKEOVER] = { TW_KEYS_SECRET, "takeover.sealed" },
	[TW_KEYS_OF_LOG] = { TW_KEYS_LOG_MASTER, "log.sealed" },
};

tw_err tw_keys_need_store(tw_keys *k)
{
	return k->store ? TW_OK : tw_keystore_open(k->sys, k->dir, k->root, k->words, &k->store);
}

/* For what core asks: a keystore that is another's is nobody's attack, which is what UNTRUSTED would say of core. */
tw_err tw_keys_ask_store(tw_keys *k)
{
	tw_err e = tw_keys_need_store(k);
	char detail[TW_DETAIL_MAX];
	if (!tw_is(e, TW_CODE_UNTRUSTED))
		return e;
	(void)snprintf(detail, sizeof detail, "%s", tw_err_detail());
	return TW_RAISE(STATE, "%s", detail);
}

/* --- One secret --- */

static tw_err read_file(const tw_keys *k, const char *name, struct tw_buf *b)
{
	tw_buf_init(b, k->sys, TW_KEYS_FILE_MAX);
	TW_TRY(tw_buf_reserve(b, TW_KEYS_FILE_MAX));
	return tw_durable_read(k->sys, k->dir, name, TW_KEYS_FILE_MAX, b);
}

/* Not in plain layout: then the keystore is open. */
static tw_err unseal(tw_keys *k, const char *name, tw_secret **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_TRY(read_file(k, name, &b));
	return tw_keystore_unseal(k->store, tw_slice_of(name), tw_buf_slice(&b), ret);
}

/* Likewise, or after the keystore was opened for a take-over. */
static tw_err seal(tw_keys *k, const char *name, struct tw_slice plain)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	tw_buf_init(&b, k->sys, TW_KEYS_FILE_MAX);
	TW_TRY(tw_keystore_seal(k->store, tw_slice_of(name), plain, &b));
	return tw_durable_replace(k->sys, k->dir, name, b.data, b.size, 0600);
}

static tw_err read_plain(const tw_keys *k, const char *name, tw_secret **ret)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	TW_TRY(read_file(k, name, &b));
	return tw_secret_new(k->sys, b.data, b.size, ret);
}

tw_err tw_keys_secret_read(tw_keys *k, enum tw_keys_secret which, tw_secret **ret)
{
	return k->plain ? read_plain(k, files[which].plain, ret) : unseal(k, files[which].sealed, ret);
}

tw_err tw_keys_secret_write(tw_keys *k, enum tw_keys_secret which, struct tw_slice content)
{
	if (!k->plain || k->unsure)
		TW_TRY(seal(k, files[which].sealed, content));
	if (k->plain)
		TW_TRY(tw_durable_replace(k->sys, k->dir, files[which].plain, content.at, content.size, 0600));
	return TW_OK;
}

/* --- The identity --- */

static tw_err read_identity_key(tw_keys *k)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf key = { 0 };
	tw_err e = read_file(k, TW_KEYS_IDENTITY_KEY, &key);
	k->plain = !tw_is(e, TW_CODE_NOTFOUND);
	if (!k->plain)
		return tw_keys_need_store(k);
	TW_TRY(e);
	return tw_key_load(k->sys, tw_buf_slice(&key), &k->identity);
}

tw_err tw_keys_identity_open(tw_keys *k, uint8_t ret_point[TW_POINT_SIZE])
{
	TW_TRY(read_identity_key(k));
	return k->plain ? tw_key_point(k->identity, ret_point) : tw_keystore_point(k->store, IDENTITY, ret_point);
}

tw_err tw_keys_identity_sign(tw_keys *k, struct tw_slice text, uint8_t ret[TW_SIGNATURE_SIZE])
{
	return k->plain ? tw_key_sign(k->identity, &text, 1, ret) : tw_keystore_sign(k->store, IDENTITY, &text, 1, ret);
}

/* --- Taking over --- */

/* The keystore may hold another one: of a take-over that was cut, or of files that were put there anew since. */
static tw_err take_identity(tw_keys *k)
{
	uint8_t mine[TW_POINT_SIZE], there[TW_POINT_SIZE];
	TW_TRY(tw_key_point(k->identity, mine));
	tw_err e = tw_keystore_point(k->store, IDENTITY, there);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return tw_keystore_import(k->store, IDENTITY, k->identity);
	TW_TRY(e);
	if (memcmp(mine, there, sizeof mine) == 0)
		return TW_OK;
	TW_TRY(tw_keystore_remove(k->store, IDENTITY));
	return tw_keystore_import(k->store, IDENTITY, k->identity);
}

static tw_err take_secrets(tw_keys *k)
{
	for (size_t i = 0; i < TW_KEYS_SECRETS; i++) {
		TW_CLEANUP(tw_secret_freep) tw_secret *s = NULL;
		TW_TRY(read_plain(k, files[i].plain, &s));
		TW_TRY(seal(k, files[i].sealed, (struct tw_slice){ (const char *)tw_secret_bytes(s), tw_secret_size(s) }));
	}
	return TW_OK;
}

static tw_err destroy_plain(const tw_keys *k)
{
	TW_TRY(tw_durable_destroy(k->sys, k->dir, GONE));
	for (size_t i = 0; i < TW_KEYS_SECRETS; i++)
		TW_TRY(tw_durable_destroy(k->sys, k->dir, files[i].plain));
	return TW_OK;
}

tw_err tw_keys_adopt(tw_keys *k, struct tw_slice in, struct tw_buf *out)
{
	if (!k->plain)
		return destroy_plain(k);
	TW_TRY(tw_keys_ask_store(k));
	TW_TRY(take_identity(k));
	TW_TRY(take_secrets(k));
	k->unsure = true;
	TW_TRY(tw_durable_rename(k->sys, k->dir, TW_KEYS_IDENTITY_KEY, GONE));
	k->plain = k->unsure = false;
	k->identity = tw_key_free(k->identity);
	return destroy_plain(k);
}

/* --- Rotation of the storage key --- */

static tw_err seal_again(tw_keys *k, const char *name, uint32_t generation)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *s = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_TRY(read_file(k, name, &b));
	if (tw_keystore_sealed_generation(tw_buf_slice(&b)) == generation)
		return TW_OK;
	TW_TRY(tw_keystore_unseal(k->store, tw_slice_of(name), tw_buf_slice(&b), &s));
	return seal(k, name, (struct tw_slice){ (const char *)tw_secret_bytes(s), tw_secret_size(s) });
}

/* In plain layout there may be sealed files of a take-over that was cut; the next one writes them anew. */
static tw_err finish_rotation(tw_keys *k)
{
	uint32_t oldest, newest;
	tw_keystore_generations(k->store, &oldest, &newest);
	for (size_t i = 0; i < TW_KEYS_SECRETS && !k->plain; i++)
		TW_TRY(seal_again(k, files[i].sealed, newest));
	return oldest < newest ? tw_keystore_forget(k->store) : tw_keystore_settle(k->store);
}

/*
 * @nist DP.CKM.3: a new storage key; what it seals is sealed again, then the old one is forgotten. Cut anywhere, the next start goes on. Given up
 * while the token was slow, whoever asks again gets the one that was made for him, and no further one.
 */
tw_err tw_keys_store_rotate(tw_keys *k, struct tw_slice in, struct tw_buf *out)
{
	uint32_t oldest, newest;
	TW_TRY(tw_keys_ask_store(k));
	if (k->paused.stage == 0) {
		tw_keystore_generations(k->store, &oldest, &newest);
		if (oldest == newest) /* what was sealed under one before it, or is still to be destroyed */
			TW_TRY(finish_rotation(k));
		k->paused.stage = oldest == newest ? 1 : 2;
	}
	if (k->paused.stage == 1)
		TW_TRY(tw_keystore_rotate(k->store));
	k->paused.stage = 2;
	return finish_rotation(k);
}

void tw_keys_tidy(tw_keys *k)
{
	if (k->plain)
		return;
	tw_err e = destroy_plain(k);
	if (!tw_failed(e))
		e = finish_rotation(k);
	if (tw_failed(e))
		tw_log_err(e, "finishing what was cut short in the keystore; the next start tries again");
}
