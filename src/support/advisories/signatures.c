/* SPDX-License-Identifier: Apache-2.0 */
/* What the store knows of signatures: over which bytes there is one, and what still lacks one. */
#include "base/json.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "formats/csaf-site.h"
#include "formats/csaf.h"
#include "support/advisories/signing.h"
#include "support/platform/app.h"
#include "support/sign/sign-wire.h"
#include "support/sql-support.h"

#include <stdio.h>
#include <string.h>

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static tw_err take_any(void *user, const tw_row *row)
{
	*(bool *)user = true;
	return TW_OK;
}

static tw_err any_key(struct tw_context *c, bool *ret)
{
	*ret = false;
	return tw_store_run(c->store, tw_sql_advisory_keys, NULL, 0, take_any, ret);
}

tw_err tw_signing_needed(struct tw_context *c, bool *ret)
{
	*ret = true;
	return tw_app_of(c)->desk.signing_key[0] ? TW_OK : any_key(c, ret);
}

tw_err tw_signing_unsigned(struct tw_context *c, int64_t *ret_public)
{
	*ret_public = 0;
	return tw_store_run(c->store, tw_sql_advisory_unsigned_count, NULL, 0, take_number, ret_public);
}

tw_err tw_signing_trusted(struct tw_context *c, bool *ret)
{
	int64_t lack = 0;

	TW_TRY(any_key(c, ret));
	TW_TRY(tw_signing_unsigned(c, &lack));
	*ret = *ret && lack == 0;
	return TW_OK;
}

tw_err tw_signing_digest(struct tw_slice bytes, char ret[65])
{
	uint8_t hash[TW_SHA256_SIZE];

	TW_TRY(tw_sha256(bytes.at, bytes.size, hash));
	for (size_t i = 0; i < sizeof hash; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", hash[i]);
	return TW_OK;
}

static tw_err take_text(void *user, const tw_row *row)
{
	const struct tw_slice text = tw_row_bytes(row, 0);

	return tw_buf_add(user, text.at, text.size);
}

tw_err tw_signing_signature(struct tw_context *c, struct tw_slice bytes, struct tw_buf *ret)
{
	char digest[65];

	TW_TRY(tw_signing_digest(bytes, digest));
	return tw_store_run(c->store, tw_sql_advisory_signature_one, &TW_V_TEXT(digest), 1, take_text, ret);
}

struct keeping {
	struct tw_context *c;
	const struct tw_signing_found *f;
};

struct others {
	struct tw_slice fingerprint;
	size_t count;
};

static tw_err count_other(void *user, const tw_row *row)
{
	struct others *o = user;
	const struct tw_slice one = tw_row_bytes(row, 0);

	o->count += one.size != o->fingerprint.size || memcmp(one.at, o->fingerprint.at, one.size) != 0;
	return TW_OK;
}

/* One that the tree has no room for would be in the store for good. */
static tw_err check_room(tw_store *s, const char *fingerprint)
{
	struct others o = { tw_slice_of(fingerprint), 0 };

	TW_TRY(tw_store_run(s, tw_sql_advisory_keys, NULL, 0, count_other, &o));
	return o.count < TW_CSAF_KEYS_MAX ? TW_OK : TW_RAISE(LIMIT, "more than %d signing keys", TW_CSAF_KEYS_MAX);
}

static tw_err keep(tw_store *s, void *user)
{
	const struct keeping *k = user;
	const struct tw_signing_found *f = k->f;
	const struct tw_value key[] = { TW_V_TEXT(f->fingerprint), TW_V_INT(tw_time_wall_ms(k->c->time)), TW_V_SLICE(f->key) };
	const struct tw_value row[] = { TW_V_TEXT(f->digest), TW_V_INT(f->row->id), TW_V_TEXT(f->fingerprint), TW_V_SLICE(f->signature) };
	const struct tw_value out[] = { TW_V_INT(f->row->id), TW_V_TEXT(f->digest) };

	TW_TRY(check_room(s, f->fingerprint));
	TW_TRY(tw_store_run(s, tw_sql_advisory_key_put, key, TW_COUNT(key), NULL, NULL));
	TW_TRY(tw_store_run(s, tw_sql_advisory_signature_put, row, TW_COUNT(row), NULL, NULL));
	return f->is_public ? tw_store_run(s, tw_sql_advisory_signed, out, TW_COUNT(out), NULL, NULL) : TW_OK;
}

tw_err tw_signing_keep(struct tw_context *c, const struct tw_signing_found *f)
{
	struct keeping k = { c, f };

	return tw_store_transaction(c->store, keep, &k);
}

/* --- What lacks one --- */

struct lacking {
	struct tw_context *c;
	struct tw_buf *ret;
	bool is_public;
};

static tw_err take_if_lacking(struct lacking *l, struct tw_slice bytes, bool is_public)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf signature = { 0 };

	if (!bytes.size || l->ret->size)
		return TW_OK;
	tw_buf_init(&signature, l->c->sys, TW_SIGNATURE_MAX);
	TW_TRY(tw_signing_signature(l->c, bytes, &signature));
	l->is_public = is_public;
	return signature.size ? TW_OK : tw_buf_add(l->ret, bytes.at, bytes.size);
}

static tw_err take_lacking(void *user, const tw_row *row)
{
	TW_TRY(take_if_lacking(user, tw_row_bytes(row, 2), false));
	return take_if_lacking(user, tw_row_bytes(row, 1), true);
}

tw_err tw_signing_lacks(struct tw_context *c, const struct tw_advisory_row *row, struct tw_buf *ret, bool *ret_public)
{
	struct lacking l = { c, ret, false };
	const struct tw_value v = TW_V_INT(row->id);

	tw_buf_init(ret, c->sys, TW_CSAF_MAX);
	TW_TRY(tw_store_run(c->store, tw_sql_advisory_bytes, &v, 1, take_lacking, &l));
	*ret_public = l.is_public;
	return TW_OK;
}

static tw_err take_first(char *ret, struct tw_slice name)
{
	if (!*ret)
		(void)snprintf(ret, TW_ADVISORY_NAME_MAX, TW_SLICE_FMT, TW_SLICE_ARG(name));
	return TW_OK;
}

static tw_err take_waiting(void *user, const tw_row *row)
{
	return take_first(user, tw_row_bytes(row, 1));
}

static tw_err take_public(void *user, const tw_row *row)
{
	return take_first(user, tw_row_bytes(row, 0));
}

tw_err tw_signing_next(struct tw_context *c, char ret[TW_ADVISORY_NAME_MAX])
{
	const struct tw_value all = TW_V_INT(0);

	ret[0] = '\0';
	TW_TRY(tw_store_run(c->store, tw_sql_advisory_waiting, &all, 1, take_waiting, ret));
	return tw_store_run(c->store, tw_sql_advisory_unsigned, NULL, 0, take_public, ret);
}

tw_err tw_signing_state(struct tw_context *c, const struct tw_advisory_row *row, const char **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf bytes = { 0 };
	bool needed = false, is_public = false;

	*ret = "none";
	TW_TRY(tw_signing_needed(c, &needed));
	if (!needed || (!row->pending.size && !row->published))
		return TW_OK;
	TW_TRY(tw_signing_lacks(c, row, &bytes, &is_public));
	*ret = bytes.size ? "waits" : "signed";
	return TW_OK;
}
