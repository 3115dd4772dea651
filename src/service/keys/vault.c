/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table is held as its own serialization, in one secret: a change builds the next one beside it and then takes its place.
 *
 * File: "TWVAULT1", u8 form (0 checked, 1 sealed, 2 sealed with a note), u64 generation, 16 bytes id of this table, block16 note in form 2, then
 * the body. The seal covers all of that and the name of the table, not of the copy: the copies are to be the same.
 * Payload: entries of u8 kind, u8 length and name, u16 length and data; each (kind, name) once.
 */
#include "service/keys/vault.h"

#include "base/cursor.h"
#include "base/log.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "sys/durable.h"

#include <stdio.h>
#include <string.h>

#define ID_SIZE 16
#define MAGIC_SIZE 8
#define HEAD_SIZE (MAGIC_SIZE + 1 + 8 + ID_SIZE)
#define HEAD_MAX (HEAD_SIZE + 2 + TW_VAULT_NOTE_MAX)
#define FILE_MAX (HEAD_MAX + TW_VAULT_MAX + TW_SHA256_SIZE)
#define BASE_MAX 32
#define ENTRY_HEAD 4
static const char MAGIC[] = "TWVAULT1";
static const char LABEL[] = "thingward-vault-1";

struct tw_vault {
	const struct tw_sys *sys;
	int dir;
	char base[BASE_MAX + 1];
	uint8_t id[ID_SIZE];
	uint64_t generation;
	tw_secret *key;     /* NULL: not sealed */
	tw_secret *payload; /* the entries */
	struct tw_buf note; /* empty: none */
	bool single;
};
/* Where the root comes from: from the caller, from the caller by the note, or there is none. */
struct how {
	const tw_secret *root;
	tw_vault_root_of *root_of;
	void *user;
};
static const char *const copies[] = { "a", "b" };

tw_vault *tw_vault_free(tw_vault *v)
{
	if (v) {
		(void)tw_secret_free(v->key);
		(void)tw_secret_free(v->payload);
		tw_buf_done(&v->note);
	}
	free(v);
	return NULL;
}

static struct tw_slice payload_of(const tw_secret *s)
{
	return (struct tw_slice){ (const char *)tw_secret_bytes(s), tw_secret_size(s) };
}

/* --- Bytes in, entries out --- */

tw_err tw_vault_file_parse(struct tw_slice text, struct tw_vault_file *ret)
{
	struct tw_cursor c = tw_cursor_of(text.at, text.size);
	struct tw_slice magic;
	uint8_t form;
	TW_TRY(tw_cursor_slice(&c, MAGIC_SIZE, &magic));
	if (!tw_slice_is(magic, MAGIC))
		return TW_RAISE(SYNTAX, "it does not begin with %s", MAGIC);
	TW_TRY(tw_cursor_u8(&c, &form));
	if (form > TW_VAULT_NOTED)
		return TW_RAISE(SYNTAX, "byte %d says neither sealed nor not", MAGIC_SIZE);
	ret->form = (enum tw_vault_form)form;
	TW_TRY(tw_cursor_u64(&c, &ret->generation));
	TW_TRY(tw_cursor_slice(&c, ID_SIZE, &ret->id));
	ret->note = (struct tw_slice){ NULL, 0 };
	if (form == TW_VAULT_NOTED)
		TW_TRY(tw_cursor_block16(&c, TW_VAULT_NOTE_MAX, &ret->note));
	if (tw_cursor_left(&c) > TW_VAULT_MAX + TW_SHA256_SIZE)
		return TW_RAISE(LIMIT, "a body of %zu bytes", tw_cursor_left(&c));
	ret->head = (struct tw_slice){ text.at, tw_cursor_offset(&c) };
	return tw_cursor_slice(&c, tw_cursor_left(&c), &ret->body);
}

static tw_err take_entry(struct tw_cursor *c, struct tw_vault_entry *ret)
{
	uint8_t size;
	TW_TRY(tw_cursor_u8(c, &ret->kind));
	TW_TRY(tw_cursor_u8(c, &size));
	if (size == 0 || size > TW_VAULT_NAME_MAX)
		return TW_RAISE(SYNTAX, "entry with a name of %u bytes at offset %zu", size, tw_cursor_offset(c));
	TW_TRY(tw_cursor_slice(c, size, &ret->name));
	return tw_cursor_block16(c, TW_VAULT_DATA_MAX, &ret->data);
}

static bool same_name(const struct tw_vault_entry *a, const struct tw_vault_entry *b)
{
	return a->kind == b->kind && a->name.size == b->name.size && memcmp(a->name.at, b->name.at, a->name.size) == 0;
}

tw_err tw_vault_payload_check(struct tw_slice payload)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);
	struct tw_vault_entry e, other;
	if (payload.size > TW_VAULT_MAX)
		return TW_RAISE(LIMIT, "entries of %zu bytes, at most %d", payload.size, TW_VAULT_MAX);
	while (tw_cursor_left(&c)) {
		TW_TRY(take_entry(&c, &e));
		for (struct tw_cursor rest = c; tw_cursor_left(&rest);) {
			TW_TRY(take_entry(&rest, &other));
			if (same_name(&e, &other))
				return TW_RAISE(SYNTAX, "entry \"" TW_SLICE_FMT "\" twice", TW_SLICE_ARG(e.name));
		}
	}
	return TW_OK;
}

bool tw_vault_at(const tw_vault *v, size_t index, struct tw_vault_entry *ret)
{
	struct tw_cursor c = tw_cursor_of(tw_secret_bytes(v->payload), tw_secret_size(v->payload));
	while (tw_cursor_left(&c)) {
		if (tw_failed(take_entry(&c, ret)))
			return false; /* cannot be: it was checked when it came in */
		if (index-- == 0)
			return true;
	}
	return false;
}

static bool is_named(const struct tw_vault_entry *e, uint8_t kind, const char *name)
{
	return e->kind == kind && tw_slice_is(e->name, name);
}

tw_err tw_vault_get(const tw_vault *v, uint8_t kind, const char *name, struct tw_slice *ret)
{
	struct tw_vault_entry e;
	for (size_t i = 0; tw_vault_at(v, i, &e); i++) {
		if (is_named(&e, kind, name)) {
			*ret = e.data;
			return TW_OK;
		}
	}
	return TW_RAISE(NOTFOUND, "%s holds nothing named %s", v->base, name);
}

uint64_t tw_vault_generation(const tw_vault *v)
{
	return v->generation;
}

bool tw_vault_single(const tw_vault *v)
{
	return v->single;
}

/* --- One copy --- */

static void copy_name(const tw_vault *v, size_t copy, char ret[BASE_MAX + 4])
{
	(void)snprintf(ret, BASE_MAX + 4, "%s.%s", v->base, copies[copy]);
}

/* The table's name belongs to what is sealed, so that one table cannot be shown as another of the same root. */
static tw_err add_name(const tw_vault *v, struct tw_slice head, struct tw_buf *ret)
{
	TW_TRY(tw_buf_add(ret, head.at, head.size));
	return tw_buf_text(ret, v->base);
}

static tw_err write_content(const tw_vault *v, uint64_t generation, const tw_secret *payload, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf aad = { 0 };
	uint8_t digest[TW_SHA256_SIZE];
	TW_TRY(tw_buf_reserve(ret, HEAD_MAX + tw_secret_size(payload) + TW_SHA256_SIZE));
	TW_TRY(tw_buf_text(ret, MAGIC));
	TW_TRY(tw_buf_u8(ret, (uint8_t)(v->note.size ? TW_VAULT_NOTED : v->key ? TW_VAULT_SEALED : TW_VAULT_CHECKED)));
	TW_TRY(tw_buf_u64(ret, generation));
	TW_TRY(tw_buf_add(ret, v->id, sizeof v->id));
	if (v->note.size)
		TW_TRY(tw_buf_block16(ret, v->note.data, v->note.size));
	tw_buf_init(&aad, v->sys, HEAD_MAX + BASE_MAX);
	TW_TRY(add_name(v, tw_buf_slice(ret), &aad));
	if (v->key)
		return tw_aead_seal(v->key, tw_buf_slice(&aad), payload_of(payload), ret);
	const struct tw_slice parts[] = { tw_buf_slice(&aad), payload_of(payload) };
	TW_TRY(tw_sha256_of(parts, TW_COUNT(parts), digest));
	TW_TRY(tw_buf_add(ret, tw_secret_bytes(payload), tw_secret_size(payload)));
	return tw_buf_add(ret, digest, sizeof digest);
}

static tw_err open_checked(const tw_vault *v, struct tw_slice aad, struct tw_slice body, tw_secret **ret)
{
	uint8_t digest[TW_SHA256_SIZE];
	if (body.size < sizeof digest)
		return TW_RAISE(SYNTAX, "its end is missing");
	const struct tw_slice payload = { body.at, body.size - sizeof digest };
	const struct tw_slice parts[] = { aad, payload };
	TW_TRY(tw_sha256_of(parts, TW_COUNT(parts), digest));
	if (memcmp(digest, body.at + payload.size, sizeof digest) != 0)
		return TW_RAISE(UNTRUSTED, "its bytes do not agree with their hash");
	return tw_secret_new(v->sys, payload.at, payload.size, ret);
}

static tw_err key_of(const struct tw_sys *sys, const tw_secret *root, const void *id, tw_secret **ret)
{
	return tw_hkdf_sha256(root, LABEL, id, ID_SIZE, TW_AEAD_KEY, sys, ret);
}

static tw_err set_note(tw_vault *v, struct tw_slice note)
{
	tw_buf_done(&v->note);
	tw_buf_init(&v->note, v->sys, TW_VAULT_NOTE_MAX);
	return tw_buf_add(&v->note, note.at, note.size);
}

static tw_err check_form(const struct how *how, const char *name, enum tw_vault_form form)
{
	static const char *const words[] = { "not sealed", "sealed, and there is no root secret", "sealed by a token" };
	const enum tw_vault_form want = how->root_of ? TW_VAULT_NOTED : how->root ? TW_VAULT_SEALED : TW_VAULT_CHECKED;
	if (form == want)
		return TW_OK;
	return TW_RAISE(UNTRUSTED, "%s is %s", name, words[form]);
}

static tw_err open_sealed(tw_vault *v, const struct how *how, const struct tw_vault_file *f, struct tw_slice aad)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *root = NULL;
	if (how->root_of) {
		TW_TRY(how->root_of(how->user, f->note, &root));
		TW_TRY(set_note(v, f->note));
	}
	TW_TRY(key_of(v->sys, root ? root : how->root, f->id.at, &v->key));
	return tw_aead_open(v->sys, v->key, aad, f->body, &v->payload);
}

/* One copy into v, whose base, dir and sys are set. NOTFOUND; UNTRUSTED and SYNTAX: it is there and no good. */
static tw_err read_copy(tw_vault *v, size_t copy, const struct how *how)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, aad = { 0 };
	struct tw_vault_file f;
	char name[BASE_MAX + 4];
	tw_buf_init(&text, v->sys, FILE_MAX);
	tw_buf_init(&aad, v->sys, HEAD_MAX + BASE_MAX);
	copy_name(v, copy, name);
	TW_TRY(tw_durable_read(v->sys, v->dir, name, FILE_MAX, &text));
	TW_TRY(tw_vault_file_parse(tw_buf_slice(&text), &f));
	TW_TRY(check_form(how, name, f.form));
	memcpy(v->id, f.id.at, ID_SIZE);
	v->generation = f.generation;
	TW_TRY(add_name(v, f.head, &aad));
	if (f.form == TW_VAULT_CHECKED)
		TW_TRY(open_checked(v, tw_buf_slice(&aad), f.body, &v->payload));
	else
		TW_TRY(open_sealed(v, how, &f, tw_buf_slice(&aad)));
	return tw_vault_payload_check(payload_of(v->payload));
}

static tw_err write_copy(const tw_vault *v, size_t copy, const struct tw_buf *content)
{
	char name[BASE_MAX + 4];
	copy_name(v, copy, name);
	return tw_durable_replace(v->sys, v->dir, name, content->data, content->size, 0600);
}

/* --- Both --- */

static tw_err vault_new(const struct tw_sys *sys, int dir, const char *base, tw_vault **ret)
{
	tw_vault *v = TW_NEW(sys, tw_vault);
	if (!v)
		return TW_RAISE(NOMEM, "a vault");
	v->sys = sys;
	v->dir = dir;
	(void)snprintf(v->base, sizeof v->base, "%s", base);
	*ret = v;
	return TW_OK;
}

/* The second copy again, from the first; without it one worn block would be one too many. */
static void mend(tw_vault *v, size_t copy)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf content = { 0 };
	tw_buf_init(&content, v->sys, FILE_MAX);
	tw_err e = write_content(v, v->generation, v->payload, &content);
	if (!tw_failed(e))
		e = write_copy(v, copy, &content);
	v->single = tw_failed(e);
	if (tw_failed(e))
		tw_log_err(e, "%s stands in one copy only", v->base);
	else
		tw_info("%s.%s was behind or damaged, and has been written again", v->base, copies[copy]);
}

/* Whether a failure says something of this copy, rather than of the machine. With a note it may be what the token says of the note. */
static bool is_bad_copy(const struct how *how, tw_err e)
{
	return tw_is(e, TW_CODE_NOTFOUND) || tw_is(e, TW_CODE_UNTRUSTED) || tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT) ||
		(how->root_of && (tw_is(e, TW_CODE_STATE) || tw_is(e, TW_CODE_CRYPTO) || tw_is(e, TW_CODE_CLOSED)));
}

/* Neither copy opens. last: the error of the second one, whose detail is still there. */
static tw_err none_opens(const char *base, tw_err first, tw_err last)
{
	if (tw_is(first, TW_CODE_NOTFOUND) && tw_is(last, TW_CODE_NOTFOUND))
		return TW_RAISE(NOTFOUND, "there is no %s", base);
	if (tw_is(last, TW_CODE_STATE) || tw_is(last, TW_CODE_CRYPTO) || tw_is(last, TW_CODE_CLOSED))
		return last;
	return TW_RAISE(UNTRUSTED, "no copy of %s opens: it is damaged or was changed, or sealed under another root secret", base);
}

static tw_err open_with(const struct tw_sys *sys, int dir, const char *base, const struct how *how, tw_vault **ret)
{
	TW_CLEANUP(tw_vault_freep) tw_vault *a = NULL;
	TW_CLEANUP(tw_vault_freep) tw_vault *b = NULL;
	TW_TRY(vault_new(sys, dir, base, &a));
	TW_TRY(vault_new(sys, dir, base, &b));
	tw_err of_a = read_copy(a, 0, how);
	if (tw_failed(of_a) && !is_bad_copy(how, of_a))
		return of_a;
	tw_err of_b = read_copy(b, 1, how);
	if (tw_failed(of_b) && !is_bad_copy(how, of_b))
		return of_b;
	if (tw_failed(of_a) && tw_failed(of_b))
		return none_opens(base, of_a, of_b);
	bool a_is_newer = !tw_failed(of_a) && (tw_failed(of_b) || a->generation >= b->generation);
	bool alike = !tw_failed(of_a) && !tw_failed(of_b) && a->generation == b->generation;
	if (!alike)
		mend(a_is_newer ? a : b, a_is_newer ? 1 : 0);
	*ret = a_is_newer ? TW_STEAL(a) : TW_STEAL(b);
	return TW_OK;
}

tw_err tw_vault_open(const struct tw_sys *sys, int dir, const char *base, const tw_secret *root, tw_vault **ret)
{
	return open_with(sys, dir, base, &(struct how){ .root = root }, ret);
}

tw_err tw_vault_open_noted(const struct tw_sys *sys, int dir, const char *base, tw_vault_root_of *root_of, void *user, tw_vault **ret)
{
	return open_with(sys, dir, base, &(struct how){ .root_of = root_of, .user = user }, ret);
}

static tw_err commit(tw_vault *v, uint64_t generation, tw_secret *payload)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf content = { 0 };
	tw_buf_init(&content, v->sys, FILE_MAX);
	TW_TRY(write_content(v, generation, payload, &content));
	TW_TRY(write_copy(v, 0, &content));
	/* The change has happened: at the next start this copy is the newer one. */
	tw_err e = write_copy(v, 1, &content);
	v->single = tw_failed(e);
	if (tw_failed(e))
		tw_log_err(e, "%s stands in one copy only", v->base);
	return TW_OK;
}

tw_err tw_vault_pair(tw_vault *v)
{
	if (v->single)
		TW_TRY(commit(v, v->generation, v->payload));
	return v->single ? TW_RAISE(IO, "the second copy of %s could not be written, and still holds what was before", v->base) : TW_OK;
}

static tw_err both_absent(const struct tw_sys *sys, int dir, const char *base)
{
	TW_CLEANUP(tw_vault_freep) tw_vault *v = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	char name[BASE_MAX + 4];
	TW_TRY(vault_new(sys, dir, base, &v));
	tw_buf_init(&text, sys, FILE_MAX);
	for (size_t i = 0; i < TW_COUNT(copies); i++) {
		copy_name(v, i, name);
		tw_err e = tw_durable_read(sys, dir, name, FILE_MAX, &text);
		if (!tw_failed(e))
			return TW_RAISE(EXISTS, "%s is there already", name);
		if (!tw_is(e, TW_CODE_NOTFOUND))
			return e;
	}
	return TW_OK;
}

tw_err tw_vault_create(const struct tw_sys *sys, int dir, const char *base, const tw_secret *root, tw_vault **ret)
{
	return tw_vault_create_noted(sys, dir, base, root, (struct tw_slice){ NULL, 0 }, ret);
}

tw_err tw_vault_create_noted(
	const struct tw_sys *sys, int dir, const char *base, const tw_secret *root, struct tw_slice note, tw_vault **ret)
{
	TW_CLEANUP(tw_vault_freep) tw_vault *v = NULL;
	TW_TRY(both_absent(sys, dir, base));
	TW_TRY(vault_new(sys, dir, base, &v));
	if (sys->random(sys, v->id, sizeof v->id) < 0)
		return TW_RAISE_ERRNO("the id of %s", base);
	if (root)
		TW_TRY(key_of(sys, root, v->id, &v->key));
	TW_TRY(set_note(v, note));
	TW_TRY(tw_secret_new(sys, NULL, 0, &v->payload));
	v->generation = 1;
	TW_TRY(commit(v, v->generation, v->payload));
	*ret = TW_STEAL(v);
	return TW_OK;
}

/* --- Changing --- */

static const struct tw_vault_edit *edit_of(const struct tw_vault_edit *edits, size_t count, const struct tw_vault_entry *e)
{
	for (size_t i = 0; i < count; i++) {
		if (is_named(e, edits[i].kind, edits[i].name))
			return &edits[i];
	}
	return NULL;
}

static uint8_t *put_entry(uint8_t *at, uint8_t kind, struct tw_slice name, struct tw_slice data)
{
	*at++ = kind;
	*at++ = (uint8_t)name.size;
	memcpy(at, name.at, name.size);
	at += name.size;
	*at++ = (uint8_t)(data.size >> 8);
	*at++ = (uint8_t)data.size;
	if (data.size)
		memcpy(at, data.at, data.size);
	return at + data.size;
}

static tw_err check_edits(const struct tw_vault_edit *edits, size_t count, size_t *ret_size)
{
	size_t size = 0;
	for (size_t i = 0; i < count; i++) {
		size_t name = strlen(edits[i].name);
		if (name == 0 || name > TW_VAULT_NAME_MAX || edits[i].data.size > TW_VAULT_DATA_MAX)
			return TW_RAISE(LIMIT, "a name of %zu and data of %zu bytes; at most %d and %d", name, edits[i].data.size,
				TW_VAULT_NAME_MAX, TW_VAULT_DATA_MAX);
		size += ENTRY_HEAD + name + edits[i].data.size;
		for (size_t k = 0; k < i; k++) {
			if (edits[k].kind == edits[i].kind && strcmp(edits[k].name, edits[i].name) == 0)
				return TW_RAISE(INTERNAL, "%s is changed twice at once", edits[i].name);
		}
	}
	*ret_size = size;
	return TW_OK;
}

/* What stays, then what comes. */
static uint8_t *build(const tw_vault *v, const struct tw_vault_edit *edits, size_t count, uint8_t *at)
{
	struct tw_vault_entry e;
	for (size_t i = 0; tw_vault_at(v, i, &e); i++) {
		if (!edit_of(edits, count, &e))
			at = put_entry(at, e.kind, e.name, e.data);
	}
	for (size_t i = 0; i < count; i++) {
		if (edits[i].data.at)
			at = put_entry(at, edits[i].kind, tw_slice_of(edits[i].name), edits[i].data);
	}
	return at;
}

tw_err tw_vault_change(tw_vault *v, const struct tw_vault_edit *edits, size_t count)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *room = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *next = NULL;
	size_t more = 0;
	TW_TRY(check_edits(edits, count, &more));
	TW_TRY(tw_secret_new(v->sys, NULL, tw_secret_size(v->payload) + more, &room));
	size_t size = (size_t)(build(v, edits, count, tw_secret_mutable(room)) - tw_secret_bytes(room));
	if (size > TW_VAULT_MAX)
		return TW_RAISE(LIMIT, "%s would have %zu bytes, at most %d", v->base, size, TW_VAULT_MAX);
	TW_TRY(tw_secret_new(v->sys, tw_secret_bytes(room), size, &next));
	TW_TRY(commit(v, v->generation + 1, next));
	v->generation++;
	(void)tw_secret_free(v->payload);
	v->payload = TW_STEAL(next);
	return TW_OK;
}

tw_err tw_vault_reroot(tw_vault *v, const tw_secret *root, struct tw_slice note)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *old = v->key;
	struct tw_buf old_note = v->note;
	v->key = NULL;
	v->note = (struct tw_buf){ 0 };
	tw_err e = key_of(v->sys, root, v->id, &v->key);
	if (!tw_failed(e))
		e = set_note(v, note);
	if (!tw_failed(e))
		e = commit(v, v->generation + 1, v->payload);
	if (tw_failed(e)) {
		(void)tw_secret_free(v->key);
		v->key = TW_STEAL(old);
		tw_buf_done(&v->note);
		v->note = old_note;
		return e;
	}
	tw_buf_done(&old_note);
	v->generation++;
	return TW_OK;
}

struct tw_slice tw_vault_note(const tw_vault *v)
{
	return tw_buf_slice(&v->note);
}
