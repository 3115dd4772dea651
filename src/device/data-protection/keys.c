/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key pairs for the owner. They live in the keys role's keystore; what core ever sees of one is its name and its public half, and
 * so no answer can hold more.
 *
 * A rotation destroys the old key when the new one has its name. Whoever asks for a proof says which key is meant, by its public
 * half, so that the answer for a key that is gone is a refusal and never another key's signature.
 */
#include "base/text.h"
#include "crypto/hash.h"
#include "device/data-protection/unwell.h"
#include "device/platform/device.h"
#include "device/rows-data-protection.h"
#include "formats/keyproof.h"

#include <string.h>

#define NAME_MAX (TW_KEYS_SLOT_NAME_MAX - (sizeof TW_KEYS_OWNER - 1))

/* The slot of a name that the owner gave; false when it is too long or has a NUL. What it may hold else, keys says. */
static bool slot_of(struct tw_slice name, char ret[TW_KEYS_SLOT_NAME_MAX + 1])
{
	if (name.size == 0 || name.size > NAME_MAX || memchr(name.at, '\0', name.size))
		return false;
	(void)snprintf(ret, TW_KEYS_SLOT_NAME_MAX + 1, TW_KEYS_OWNER TW_SLICE_FMT, TW_SLICE_ARG(name));
	return true;
}

static tw_err bad_name(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 400, "input", "keys.name", "This is no name for a key",
		"Use a-z, 0-9, '.' and '-', beginning with a letter.", "A key's name has 1 to %zu of these characters.", NAME_MAX);
}

static tw_err no_such(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 404, "not-found", "keys.unknown", "There is no such key", "List the keys to see their names.",
		"No key has this name.");
}

/* What keys refused, in the words of the owner's request; what else went wrong goes up. */
static tw_err refused(struct tw_context *c, struct tw_reply *rp, tw_err e)
{
	switch ((int)e.code) {
	case TW_CODE_SYNTAX:
		return bad_name(rp);
	case TW_CODE_NOTFOUND:
		return no_such(rp);
	case TW_CODE_EXISTS:
		return tw_reply_problem(rp, 409, "exists", "keys.exists", "There is a key of this name",
			"Choose another name, or rotate the key.", "The name is taken.");
	case TW_CODE_LIMIT:
		return tw_reply_problem(rp, 409, "limit", "keys.room", "There is no room for another key", "Remove one that nobody needs.",
			"At most %d keys are kept, and no more than the disk has room for.", TW_KEYS_SLOTS_MAX);
	default:
		return tw_keystore_unwell(c, rp, e);
	}
}

static tw_err describe(struct tw_context *c, struct tw_slice name, const uint8_t point[TW_POINT_SIZE], json_t **ret)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf spki = { 0 }, text = { 0 }, hex = { 0 };
	uint8_t fingerprint[32];

	tw_buf_init(&spki, c->sys, 128);
	tw_buf_init(&text, c->sys, 256);
	tw_buf_init(&hex, c->sys, 64);
	TW_TRY(tw_key_of_point(c->sys, point, &key));
	TW_TRY(tw_key_spki(key, &spki));
	TW_TRY(tw_key_fingerprint(key, fingerprint));
	TW_TRY(tw_buf_base64url(&text, spki.data, spki.size));
	TW_TRY(tw_buf_hex(&hex, fingerprint, sizeof fingerprint));
	*ret = json_pack("{s:s%, s:s, s:s}", "name", name.at, name.size, "public", tw_buf_cstr(&text), "fingerprint", tw_buf_cstr(&hex));
	return *ret ? TW_OK : TW_RAISE(NOMEM, "a key's description");
}

/* @nist DP.CKM.1: public halves, and there is nothing else to be had */
tw_err tw_keys_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_keys_slot slots[TW_KEYS_SLOTS_MAX];
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	size_t count = 0;

	tw_err e = tw_keys_client_slots(c->keys, TW_KEYS_OWNER, slots, &count);
	if (tw_failed(e))
		return tw_keystore_unwell(c, rp, e);
	for (size_t i = 0; i < count; i++) {
		json_t *one = NULL;

		TW_TRY(describe(c, tw_slice_of(slots[i].name + sizeof TW_KEYS_OWNER - 1), slots[i].point, &one));
		TW_TRY(tw_json_append(list, one));
	}
	rp->body = json_object();
	return tw_json_set(rp->body, "keys", TW_STEAL(list));
}

/* @nist DP.CKM.1: the pair is made inside the keystore */
tw_err tw_keys_create(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_slice name = tw_slice_of(tw_json_text(rq->input, "name"));
	char slot[TW_KEYS_SLOT_NAME_MAX + 1];
	uint8_t point[TW_POINT_SIZE];

	if (!slot_of(name, slot))
		return bad_name(rp);
	tw_err e = tw_keys_client_slot_new(c->keys, slot, point);
	if (tw_failed(e))
		return refused(c, rp, e);
	rp->status = 201;
	(void)snprintf(rp->note, sizeof rp->note, "made key %s", slot + sizeof TW_KEYS_OWNER - 1);
	return describe(c, name, point, &rp->body);
}

/* @nist DP.CKM.3: the old key is destroyed in the step that gives the new one its name */
tw_err tw_keys_rotate(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	char slot[TW_KEYS_SLOT_NAME_MAX + 1];
	uint8_t point[TW_POINT_SIZE];

	if (!slot_of(rq->parameter, slot))
		return no_such(rp);
	tw_err e = tw_keys_client_slot_rotate(c->keys, slot, point);
	if (tw_failed(e))
		return refused(c, rp, e);
	(void)snprintf(rp->note, sizeof rp->note, "made a new key %s and destroyed the old one", slot + sizeof TW_KEYS_OWNER - 1);
	return describe(c, rq->parameter, point, &rp->body);
}

tw_err tw_keys_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	char slot[TW_KEYS_SLOT_NAME_MAX + 1];

	if (!slot_of(rq->parameter, slot))
		return no_such(rp);
	tw_err e = tw_keys_client_slot_remove(c->keys, slot);
	if (tw_failed(e))
		return refused(c, rp, e);
	rp->status = 204;
	(void)snprintf(rp->note, sizeof rp->note, "destroyed key %s", slot + sizeof TW_KEYS_OWNER - 1);
	return TW_OK;
}

static tw_err sign(struct tw_context *c, const char *slot, const uint8_t point[TW_POINT_SIZE], const struct tw_request *rq,
	struct tw_reply *rp)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf message = { 0 }, text = { 0 };
	uint8_t nonce[TW_KEY_PROOF_NONCE_MAX], digest[32], signature[TW_SIGNATURE_SIZE];
	size_t size = 0;

	if (tw_failed(tw_parse_base64url(tw_slice_of(tw_json_text(rq->input, "nonce")), sizeof nonce, nonce, &size)) ||
		size < TW_KEY_PROOF_NONCE_MIN)
		return tw_reply_problem(rp, 400, "input", "keys.nonce", "The nonce is not of the wanted form",
			"Send 16 to 64 random bytes in base64url, without padding.", "It must be base64url of 16 to 64 bytes.");
	tw_buf_init(&message, c->sys, 256);
	tw_buf_init(&text, c->sys, 128);
	TW_TRY(tw_key_proof_message(slot + sizeof TW_KEYS_OWNER - 1, nonce, size, &message));
	TW_TRY(tw_sha256(message.data, message.size, digest));
	tw_err e = tw_keys_client_slot_sign(c->keys, slot, point, digest, signature);
	if (tw_failed(e))
		return tw_keystore_unwell(c, rp, e);
	TW_TRY(tw_buf_base64url(&text, signature, sizeof signature));
	rp->body = json_pack("{s:s}", "signature", tw_buf_cstr(&text));
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

tw_err tw_keys_prove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	char slot[TW_KEYS_SLOT_NAME_MAX + 1];
	uint8_t point[TW_POINT_SIZE], wanted[32], is[32];

	if (!slot_of(tw_slice_of(tw_json_text(rq->input, "name")), slot))
		return no_such(rp);
	if (tw_failed(tw_parse_hex(tw_slice_of(tw_json_text(rq->input, "fingerprint")), wanted, sizeof wanted)))
		return tw_reply_problem(rp, 400, "input", "keys.fingerprint", "The fingerprint is not of the wanted form",
			"List the keys to see it.", "It has 64 hexadecimal digits.");
	tw_err e = tw_keys_client_slot_point(c->keys, slot, point);
	if (tw_failed(e))
		return tw_is(e, TW_CODE_SYNTAX) ? no_such(rp) : refused(c, rp, e);
	TW_TRY(tw_key_of_point(c->sys, point, &key));
	TW_TRY(tw_key_fingerprint(key, is));
	if (memcmp(is, wanted, sizeof is) != 0)
		return tw_reply_problem(rp, 409, "changed", "keys.replaced", "This key has been replaced",
			"List the keys to see which one it is now.", "The key of this name is another one.");
	return sign(c, slot, point, rq, rp);
}
