/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cases/document.h"

#include "base/text.h"
#include "crypto/hash.h"

#define SALT_SIZE 16

static tw_err hash_of(struct tw_context *c, const json_t *doc, struct tw_buf *text, struct tw_buf *hex)
{
	uint8_t digest[TW_SHA256_SIZE];

	tw_buf_init(text, c->sys, TW_CASE_DOC_MAX);
	tw_buf_init(hex, c->sys, sizeof digest * 2);
	TW_TRY(tw_json_write(doc, text));
	TW_TRY(tw_sha256(text->data, text->size, digest));
	return tw_buf_hex(hex, digest, sizeof digest);
}

tw_err tw_document_shown(struct tw_context *c, json_t *doc, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = json_object();
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, hex = { 0 };
	const char *key;
	json_t *v;

	TW_TRY(hash_of(c, doc, &text, &hex));
	json_object_foreach(doc, key, v)
		TW_TRY(tw_json_set(j, key, json_incref(v)));
	TW_TRY(tw_json_set(j, "hash", json_string(tw_buf_cstr(&hex))));
	*ret = TW_STEAL(j);
	return TW_OK;
}

tw_err tw_document_salt(struct tw_context *c, json_t *doc)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	uint8_t salt[SALT_SIZE];

	tw_buf_init(&hex, c->sys, sizeof salt * 2);
	if (c->sys->random(c->sys, salt, sizeof salt) < 0)
		return TW_RAISE_ERRNO("random bytes");
	TW_TRY(tw_buf_hex(&hex, salt, sizeof salt));
	return tw_json_set(doc, "salt", json_string(tw_buf_cstr(&hex)));
}

/* The names of the members that are another than before; what they hold is the hashes' matter. */
static tw_err changed(const json_t *before, const json_t *after, json_t *entry)
{
	json_t *names = json_array();
	const char *key;
	json_t *v;

	TW_TRY(tw_json_set(entry, "changed", names));
	json_object_foreach((json_t *)(uintptr_t)after, key, v)
		if (!json_equal(v, json_object_get(before, key)))
			TW_TRY(tw_json_append(names, json_string(key)));
	json_object_foreach((json_t *)(uintptr_t)before, key, v)
		if (!json_object_get(after, key))
			TW_TRY(tw_json_append(names, json_string(key)));
	return TW_OK;
}

static tw_err set_time(json_t *j, const char *key, int64_t ms)
{
	char text[TW_TIME_TEXT_MAX];

	tw_time_text(ms, text);
	return tw_json_set(j, key, json_string(text));
}

tw_err tw_document_prepare(struct tw_document *d)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf old = { 0 }, old_hex = { 0 }, hex = { 0 };

	d->entry = json_object();
	if (d->before)
		TW_TRY(hash_of(d->c, d->before, &old, &old_hex));
	TW_TRY(set_time(d->after, "changed", d->now_ms));
	TW_TRY(hash_of(d->c, d->after, &d->text, &hex));
	TW_TRY(set_time(d->entry, "at", d->now_ms));
	TW_TRY(tw_json_set(d->entry, "who", json_string(d->by)));
	TW_TRY(tw_json_set(d->entry, "what", json_string(d->what)));
	TW_TRY(tw_json_set(d->entry, "case", json_string(d->name)));
	TW_TRY(tw_json_set(d->entry, "drill", json_boolean(tw_json_bool(d->after, "drill"))));
	TW_TRY(tw_json_set(d->entry, "before", json_string(tw_buf_cstr(&old_hex))));
	TW_TRY(tw_json_set(d->entry, "after", json_string(tw_buf_cstr(&hex))));
	return changed(d->before, d->after, d->entry);
}

void tw_document_done(struct tw_document *d)
{
	tw_jsonp(&d->entry);
	tw_buf_done(&d->text);
}
