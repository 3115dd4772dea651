/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys made on the device for its owner, for the product's application and for the local identity: slots of the keystore under a prefix each.
 *
 * Nothing outside these prefixes can be named here, so whatever else lives in the keystore is out of core's reach. A private half
 * has no way out: no answer carries one, and the keystore has no call for it.
 *
 * A rotation makes the new key beside the old one and commits by one rename. Cut before that the old key is there and the new
 * one, which nobody has seen, is destroyed by the next rotation; cut after it the old one is gone.
 */
#include "service/keys/keys-inside.h"

#include "base/cursor.h"
#include "base/log.h"
#include "base/mem.h"

#include <string.h>

#define ROTATING "rotating" /* where a key lies until it takes the old one's name: no prefix leads there */
#define DIGEST 32

static const char *const prefixes[] = { TW_KEYS_OWNER, TW_KEYS_APPLICATION, TW_KEYS_LOCAL };

static const char *prefix_of(struct tw_slice name)
{
	for (size_t i = 0; i < TW_COUNT(prefixes); i++) {
		size_t size = strlen(prefixes[i]);
		if (name.size > size && memcmp(name.at, prefixes[i], size) == 0)
			return prefixes[i];
	}
	return NULL;
}

static tw_err read_name(struct tw_slice in, char ret[TW_KEYS_SLOT_NAME_MAX + 1])
{
	if (!prefix_of(in) || memchr(in.at, '\0', in.size))
		return TW_RAISE(UNTRUSTED, "core asks for a key that is nobody's");
	if (in.size > TW_KEYS_SLOT_NAME_MAX)
		return TW_RAISE(SYNTAX, "a key's name of %zu bytes, at most %d", in.size, TW_KEYS_SLOT_NAME_MAX);
	memcpy(ret, in.at, in.size);
	ret[in.size] = '\0';
	if (!tw_slot_valid(ret + strlen(prefix_of(in))))
		return TW_RAISE(SYNTAX, "a key's name has a-z, 0-9, '.' and '-' and begins with a letter");
	return TW_OK;
}

static tw_err begin(tw_keys *k, struct tw_slice in, char ret_name[TW_KEYS_SLOT_NAME_MAX + 1])
{
	TW_TRY(read_name(in, ret_name));
	return tw_keys_ask_store(k);
}

/* The next line that begins with the prefix; false at the end. */
static bool next_line(struct tw_slice *rest, const char *prefix, struct tw_slice *ret)
{
	size_t size = strlen(prefix);
	const char *end;
	while (rest->size && (end = memchr(rest->at, '\n', rest->size))) {
		struct tw_slice line = { rest->at, (size_t)(end - rest->at) };
		*rest = (struct tw_slice){ end + 1, rest->size - line.size - 1 };
		if (line.size > size && memcmp(line.at, prefix, size) == 0) {
			*ret = line;
			return true;
		}
	}
	return false;
}

static tw_err list(tw_keys *k, struct tw_buf *ret)
{
	tw_buf_init(ret, k->sys, TW_CHANNEL_MAX);
	TW_TRY(tw_keys_ask_store(k));
	return tw_keystore_list(k->store, ret);
}

static tw_err room_for(tw_keys *k, const char *prefix)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf names = { 0 };
	struct tw_slice rest, line;
	size_t count = 0;
	TW_TRY(list(k, &names));
	for (rest = tw_buf_slice(&names); next_line(&rest, prefix, &line);)
		count++;
	return count < TW_KEYS_SLOTS_MAX ? TW_OK : TW_RAISE(LIMIT, "there are %zu keys, which is as many as there may be", count);
}

/* @nist DP.CKM.1: made in the keystore; the public half is all that leaves it */
tw_err tw_keys_slot_new(tw_keys *k, struct tw_slice in, struct tw_buf *out)
{
	char name[TW_KEYS_SLOT_NAME_MAX + 1];
	uint8_t point[TW_POINT_SIZE];
	TW_TRY(begin(k, in, name));
	TW_TRY(room_for(k, prefix_of(in)));
	TW_TRY(tw_keystore_generate(k->store, name, point));
	return tw_buf_add(out, point, sizeof point);
}

static tw_err renew(tw_keys *k, const char *name)
{
	uint8_t point[TW_POINT_SIZE];
	tw_err e = tw_keystore_remove(k->store, ROTATING); /* of a rotation that was cut short */
	if (tw_failed(e) && !tw_is(e, TW_CODE_NOTFOUND))
		return e;
	TW_TRY(tw_keystore_generate(k->store, ROTATING, point));
	return tw_keystore_rename(k->store, ROTATING, name);
}

/* @nist DP.CKM.3: the new key takes the name in one step, and with it the old one is destroyed */
tw_err tw_keys_slot_rotate(tw_keys *k, struct tw_slice in, struct tw_buf *out)
{
	char name[TW_KEYS_SLOT_NAME_MAX + 1];
	uint8_t point[TW_POINT_SIZE];
	TW_TRY(begin(k, in, name));
	TW_TRY(tw_keystore_point(k->store, name, point));
	if (k->paused.stage == 0)
		TW_TRY(renew(k, name));
	k->paused.stage = 1;
	tw_err e = tw_keystore_settle(k->store);
	if (tw_keys_paused(k))
		return e;
	if (tw_failed(e)) /* the new key has the name, and that is what was asked for */
		tw_log_err(e, "the key that %s was is not destroyed yet; it is with the next list, or when a key is made", name);
	TW_TRY(tw_keystore_point(k->store, name, point));
	return tw_buf_add(out, point, sizeof point);
}

tw_err tw_keys_slot_point(tw_keys *k, struct tw_slice in, struct tw_buf *out)
{
	char name[TW_KEYS_SLOT_NAME_MAX + 1];
	uint8_t point[TW_POINT_SIZE];
	TW_TRY(begin(k, in, name));
	TW_TRY(tw_keystore_point(k->store, name, point));
	return tw_buf_add(out, point, sizeof point);
}

tw_err tw_keys_slot_remove(tw_keys *k, struct tw_slice in, struct tw_buf *out)
{
	char name[TW_KEYS_SLOT_NAME_MAX + 1];
	TW_TRY(begin(k, in, name));
	return tw_keystore_remove(k->store, name);
}

/* The caller says which key he means by its public half, so that nobody signs with another one than he knows. */
tw_err tw_keys_slot_sign(tw_keys *k, struct tw_slice in, struct tw_buf *out)
{
	struct tw_cursor c = tw_cursor_of(in.at, in.size);
	char name[TW_KEYS_SLOT_NAME_MAX + 1];
	uint8_t meant[TW_POINT_SIZE], point[TW_POINT_SIZE], digest[DIGEST], signature[TW_SIGNATURE_SIZE];
	TW_TRY(tw_cursor_bytes(&c, meant, sizeof meant));
	TW_TRY(tw_cursor_bytes(&c, digest, sizeof digest));
	TW_TRY(begin(k, (struct tw_slice){ in.at + sizeof meant + sizeof digest, tw_cursor_left(&c) }, name));
	TW_TRY(tw_keystore_point(k->store, name, point));
	if (memcmp(point, meant, sizeof point) != 0)
		return TW_RAISE(STATE, "%s has another key now", name);
	TW_TRY(tw_keystore_sign_digest(k->store, name, digest, signature));
	return tw_buf_add(out, signature, sizeof signature);
}

tw_err tw_keys_slots(tw_keys *k, struct tw_slice in, struct tw_buf *out)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf names = { 0 };
	struct tw_slice rest, line;
	for (size_t i = 0; i < TW_COUNT(prefixes); i++) {
		if (!tw_slice_is(in, prefixes[i]))
			continue;
		TW_TRY(list(k, &names));
		for (rest = tw_buf_slice(&names); next_line(&rest, prefixes[i], &line);) {
			TW_TRY(tw_buf_block16(out, line.at, line.size));
			TW_TRY(tw_keys_slot_point(k, line, out));
		}
		return TW_OK;
	}
	return TW_RAISE(UNTRUSTED, "core asks for keys that are nobody's");
}

void tw_keys_root_is_near(tw_keys *k)
{
	k->root_near = true;
}

tw_err tw_keys_state(tw_keys *k, struct tw_slice in, struct tw_buf *out)
{
	struct tw_keystore_state s;
	TW_TRY(tw_keys_ask_store(k));
	TW_TRY(tw_keystore_state(k->store, &s));
	unsigned flags = (s.hardware ? TW_KEYSTORE_HARDWARE : 0u) | (s.outside ? TW_KEYSTORE_OUTSIDE : 0u) |
		(s.single ? TW_KEYSTORE_SINGLE : 0u) | (k->plain ? TW_KEYSTORE_PLAIN : 0u);
	if (k->root_near) {
		flags &= ~(unsigned)TW_KEYSTORE_OUTSIDE;
		(void)snprintf(s.detail, sizeof s.detail, "A file sealed under a root secret on the same disk: a copy of the disk opens it.");
	}
	TW_TRY(tw_buf_u8(out, (uint8_t)flags));
	TW_TRY(tw_buf_u32(out, s.generation));
	TW_TRY(tw_buf_u32(out, s.oldest));
	TW_TRY(tw_buf_block16(out, s.kind, strlen(s.kind)));
	return tw_buf_block16(out, s.detail, strlen(s.detail));
}

/* @nist DP.CKM.3: what was made under an owner ends with the ownership. A cut or a pause leaves some of them; it is asked again then. */
tw_err tw_keys_purge(tw_keys *k, struct tw_slice in, struct tw_buf *out)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf names = { 0 };
	struct tw_slice rest, line;
	TW_TRY(list(k, &names));
	for (size_t i = 0; i < TW_COUNT(prefixes); i++) {
		for (rest = tw_buf_slice(&names); next_line(&rest, prefixes[i], &line);) {
			char name[TW_SLOT_MAX + 1];
			(void)snprintf(name, sizeof name, TW_SLICE_FMT, TW_SLICE_ARG(line));
			TW_TRY(tw_keystore_remove(k->store, name));
		}
	}
	return TW_OK;
}
