/* SPDX-License-Identifier: Apache-2.0 */
#include "support/attachments/attachments.h"

#include "base/cursor.h"
#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/digest.h"
#include "crypto/hash.h"
#include "service/keys/keys.h"
#include "support/sql-support.h"

#include <string.h>

#define PART TW_ATTACHMENT_PIECE /* below what the store takes as one value, and what is in memory at a time */
#define ABOUT 0xffffffffu        /* stands for the number of a piece where name and kind are sealed */
#define NONCE 16
#define LABEL "thingward-attachment-1"
#define AAD_MAX 64
#define SEALED_MAX (TW_KEYS_SEAL_MAX + TW_AEAD_OVERHEAD) /* the client makes room for the longest answer there is */
#define ABOUT_MAX (TW_SHA256_SIZE + 4 + TW_ATTACHMENT_NAME + TW_ATTACHMENT_TYPE)

static tw_err seal_by_keys(void *user, const char *whose, struct tw_slice plain, struct tw_buf *ret)
{
	return tw_keys_client_seal(user, whose, plain, ret);
}

static tw_err unseal_by_keys(void *user, const char *whose, struct tw_slice sealed, struct tw_buf *ret)
{
	return tw_keys_client_unseal(user, whose, sealed, ret);
}

struct tw_attachments tw_attachments_of(const struct tw_context *c)
{
	return (struct tw_attachments){ c->sys, c->store, { seal_by_keys, unseal_by_keys, c->keys }, TW_ATTACHMENT_FORM };
}

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static tw_err take_bytes(void *user, const tw_row *row)
{
	struct tw_slice s = tw_row_bytes(row, 0);

	return tw_buf_add(user, s.at, s.size);
}

/* --- The key of a report's files --- */

static void whose(int64_t report, char ret[40])
{
	(void)snprintf(ret, 40, "attachments.r%lld", (long long)report);
}

/* ret NULL: there is none. */
static tw_err open_key(const struct tw_attachments *a, int64_t report, tw_secret **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 };
	TW_CLEANUP(tw_buf_wipe) struct tw_buf plain = { 0 };
	char name[40];

	*ret = NULL;
	whose(report, name);
	tw_buf_init(&sealed, a->sys, SEALED_MAX);
	tw_buf_init(&plain, a->sys, SEALED_MAX);
	TW_TRY(tw_buf_reserve(&plain, SEALED_MAX));
	TW_TRY(tw_store_run(a->store, tw_sql_attachment_key_get, &TW_V_INT(report), 1, take_bytes, &sealed));
	if (!sealed.size)
		return TW_OK;
	tw_err e = a->keys.unseal(a->keys.user, name, tw_buf_slice(&sealed), &plain);
	if (tw_is(e, TW_CODE_SYNTAX))
		return TW_RAISE(UNTRUSTED, "the key of report %lld is not as it was stored", (long long)report);
	TW_TRY(e);
	return tw_secret_new(a->sys, plain.data, plain.size, ret);
}

static tw_err make_key(const struct tw_attachments *a, int64_t report, tw_secret **ret)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *key = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 };
	char name[40];

	whose(report, name);
	tw_buf_init(&sealed, a->sys, SEALED_MAX);
	TW_TRY(tw_secret_random(a->sys, TW_AEAD_KEY, &key));
	TW_TRY(a->keys.seal(a->keys.user, name, (struct tw_slice){ (const char *)tw_secret_bytes(key), TW_AEAD_KEY }, &sealed));
	const struct tw_value v[] = { TW_V_INT(report), TW_V_BLOB(sealed.data, sealed.size) };
	TW_TRY(tw_store_run(a->store, tw_sql_attachment_key_put, v, TW_COUNT(v), NULL, NULL));
	*ret = TW_STEAL(key);
	return TW_OK;
}

/* --- What is sealed of a file --- */

struct one {
	struct tw_attachment_about about;
	uint8_t nonce[NONCE];
};

static struct tw_slice place_of(const struct one *o, uint32_t part, char ret[AAD_MAX])
{
	const uint64_t report = (uint64_t)o->about.report;
	size_t n = sizeof LABEL;

	memcpy(ret, LABEL, sizeof LABEL);
	for (int i = 7; i >= 0; i--)
		ret[n++] = (char)(report >> (8 * i));
	memcpy(ret + n, o->nonce, NONCE);
	n += NONCE;
	for (int i = 3; i >= 0; i--)
		ret[n++] = (char)(part >> (8 * i));
	return (struct tw_slice){ ret, n };
}

static tw_err seal_about(const struct one *o, const tw_secret *key, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf plain = { 0 };
	uint8_t digest[TW_SHA256_SIZE];
	char aad[AAD_MAX];

	tw_buf_init(&plain, ret->sys, ABOUT_MAX);
	TW_TRY(tw_parse_hex(tw_slice_of(o->about.sha256), digest, sizeof digest));
	TW_TRY(tw_buf_add(&plain, digest, sizeof digest));
	TW_TRY(tw_buf_block16(&plain, o->about.name, strlen(o->about.name)));
	TW_TRY(tw_buf_block16(&plain, o->about.type, strlen(o->about.type)));
	return tw_aead_seal(key, place_of(o, ABOUT, aad), tw_buf_slice(&plain), ret);
}

static void hex_of(const uint8_t digest[TW_SHA256_SIZE], char ret[65])
{
	for (size_t i = 0; i < TW_SHA256_SIZE; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}

static tw_err take_text(struct tw_cursor *c, size_t max, char *ret)
{
	struct tw_slice s;

	TW_TRY(tw_cursor_block16(c, max, &s));
	memcpy(ret, s.at, s.size);
	ret[s.size] = '\0';
	return TW_OK;
}

static tw_err open_about(struct one *o, const struct tw_sys *sys, const tw_secret *key, struct tw_slice sealed)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *plain = NULL;
	uint8_t digest[TW_SHA256_SIZE];
	char aad[AAD_MAX];

	TW_TRY(tw_aead_open(sys, key, place_of(o, ABOUT, aad), sealed, &plain));
	struct tw_cursor c = tw_cursor_of(tw_secret_bytes(plain), tw_secret_size(plain));
	TW_TRY(tw_cursor_bytes(&c, digest, sizeof digest));
	hex_of(digest, o->about.sha256);
	TW_TRY(take_text(&c, TW_ATTACHMENT_NAME, o->about.name));
	TW_TRY(take_text(&c, TW_ATTACHMENT_TYPE, o->about.type));
	return tw_cursor_end(&c);
}

struct reading {
	const struct tw_attachments *a;
	const tw_secret *key; /* NULL: not asked for yet */
	tw_secret *own;
	tw_err (*visit)(void *user, const struct one *o);
	void *user;
};

static void reading_done(struct reading *r)
{
	r->own = tw_secret_free(r->own);
}

/* A row may come from anybody who could write to the store: nothing of it is believed but what the key vouches for. */
static tw_err take_row(void *user, const tw_row *row)
{
	struct reading *r = user;
	struct one o = { .about = { .id = tw_row_int(row, 0),
				 .report = tw_row_int(row, 1),
				 .at_ms = tw_row_int(row, 2),
				 .size = (uint64_t)tw_row_int(row, 3) } };
	struct tw_slice nonce = tw_row_bytes(row, 4);

	if (nonce.size != NONCE || o.about.size > TW_ATTACHMENT_SIZE)
		return TW_RAISE(UNTRUSTED, "file %lld is not as it was stored", (long long)o.about.id);
	memcpy(o.nonce, nonce.at, NONCE);
	if (!r->key)
		TW_TRY(open_key(r->a, o.about.report, &r->own));
	if (!r->key && !r->own)
		return TW_RAISE(UNTRUSTED, "file %lld has no key", (long long)o.about.id);
	r->key = r->key ? r->key : r->own;
	TW_TRY(open_about(&o, r->a->sys, r->key, tw_row_bytes(row, 5)));
	return r->visit(r->user, &o);
}

/* --- Storing --- */

struct put {
	const struct tw_attachments *a;
	int64_t report, now_ms;
	const struct tw_attachment *files;
	size_t count;
	tw_secret *key;
	int64_t there; /* how many it has, and how long they are together */
	uint64_t size;
	char (*names)[TW_ATTACHMENT_NAME + 1];
	char (*digests)[65];
	bool *known;
	enum tw_attached *said;
};

static void put_done(struct put *p)
{
	p->key = tw_secret_free(p->key);
	tw_freep(&p->names);
	tw_freep(&p->digests);
	tw_freep(&p->known);
}

static tw_err know(void *user, const struct one *o)
{
	struct put *p = user;

	p->there++;
	p->size += o->about.size;
	for (size_t i = 0; i < p->count; i++)
		if (!strcmp(p->digests[i], o->about.sha256) && !strcmp(p->names[i], o->about.name))
			p->known[i] = true;
	return TW_OK;
}

static tw_err describe(struct put *p)
{
	const struct tw_sys *sys = p->a->sys;

	p->names = tw_alloc_array(sys, p->count, sizeof *p->names);
	p->digests = tw_alloc_array(sys, p->count, sizeof *p->digests);
	p->known = tw_alloc_array(sys, p->count, sizeof *p->known);
	if (!p->names || !p->digests || !p->known)
		return TW_RAISE(NOMEM, "files");
	for (size_t i = 0; i < p->count; i++) {
		uint8_t digest[TW_SHA256_SIZE];

		TW_TRY(tw_sha256(p->files[i].bytes.at, p->files[i].bytes.size, digest));
		hex_of(digest, p->digests[i]);
		tw_attachment_name(p->files[i].name, p->names[i]);
		for (size_t j = 0; j < i; j++) /* twice in one sending */
			p->known[i] = p->known[i] || (!strcmp(p->digests[i], p->digests[j]) && !strcmp(p->names[i], p->names[j]));
	}
	return TW_OK;
}

const int64_t tw_attachments_shares[TW_ATTACHMENT_WAYS] = { [TW_ATTACHMENT_FORM] = TW_ATTACHMENTS_FORM, [TW_ATTACHMENT_MAIL] = TW_ATTACHMENTS_MAIL };

tw_err tw_attachments_used(tw_store *s, enum tw_attachment_way way, int64_t *ret)
{
	*ret = 0;
	return tw_store_run(s, tw_sql_attachments_sum, &TW_V_INT(way), 1, take_number, ret);
}

static tw_err judge(struct put *p)
{
	int64_t all = 0, fresh = 0, more = 0;

	*p->said = TW_ATTACHED;
	for (size_t i = 0; i < p->count; i++) {
		const size_t size = p->files[i].bytes.size;

		if (size > TW_ATTACHMENT_SIZE)
			*p->said = TW_ATTACHED_LARGE;
		fresh += !p->known[i];
		more += p->known[i] ? 0 : (int64_t)size;
	}
	TW_TRY(tw_attachments_used(p->a->store, p->a->way, &all));
	if (p->there + fresh > TW_ATTACHMENTS_MAX)
		*p->said = TW_ATTACHED_MANY;
	else if ((int64_t)p->size + more > TW_ATTACHMENTS_SIZE)
		*p->said = TW_ATTACHED_LARGE;
	else if (*p->said == TW_ATTACHED && fresh && all + more > tw_attachments_shares[p->a->way])
		*p->said = TW_ATTACHED_FULL;
	return TW_OK;
}

static tw_err write_parts(const struct put *p, const struct one *o, struct tw_slice bytes)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 };
	char aad[AAD_MAX];

	tw_buf_init(&sealed, p->a->sys, PART + TW_AEAD_OVERHEAD);
	for (uint32_t part = 0; bytes.size; part++) {
		const struct tw_slice piece = { bytes.at, bytes.size < PART ? bytes.size : PART };

		tw_buf_clear(&sealed);
		TW_TRY(tw_aead_seal(p->key, place_of(o, part, aad), piece, &sealed));
		const struct tw_value v[] = { TW_V_INT(o->about.id), TW_V_INT(part), TW_V_BLOB(sealed.data, sealed.size) };
		TW_TRY(tw_store_run(p->a->store, tw_sql_attachment_part_add, v, TW_COUNT(v), NULL, NULL));
		bytes = (struct tw_slice){ bytes.at + piece.size, bytes.size - piece.size };
	}
	return TW_OK;
}

static tw_err write_one(const struct put *p, size_t i)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf about = { 0 };
	struct one o = { .about = { .report = p->report, .at_ms = p->now_ms, .size = p->files[i].bytes.size } };

	if (p->a->sys->random(p->a->sys, o.nonce, NONCE) < 0)
		return TW_RAISE(IO, "no random numbers");
	memcpy(o.about.name, p->names[i], sizeof o.about.name);
	memcpy(o.about.sha256, p->digests[i], sizeof o.about.sha256);
	tw_attachment_type(p->files[i].type, o.about.type);
	tw_buf_init(&about, p->a->sys, ABOUT_MAX + TW_AEAD_OVERHEAD);
	TW_TRY(seal_about(&o, p->key, &about));
	const struct tw_value v[] = { TW_V_INT(p->report), TW_V_INT(p->now_ms), TW_V_INT((int64_t)o.about.size),
		TW_V_BLOB(o.nonce, NONCE), TW_V_BLOB(about.data, about.size), TW_V_INT(p->a->way) };
	TW_TRY(tw_store_run(p->a->store, tw_sql_attachment_add, v, TW_COUNT(v), take_number, &o.about.id));
	return write_parts(p, &o, p->files[i].bytes);
}

static tw_err put_all(struct put *p)
{
	TW_TRY(describe(p));
	TW_TRY(open_key(p->a, p->report, &p->key));
	struct reading r = { .a = p->a, .key = p->key, .visit = know, .user = p };
	if (p->key)
		TW_TRY(tw_store_run(p->a->store, tw_sql_attachments_of, &TW_V_INT(p->report), 1, take_row, &r));
	TW_TRY(judge(p));
	if (*p->said != TW_ATTACHED)
		return TW_OK;
	if (!p->key)
		TW_TRY(make_key(p->a, p->report, &p->key));
	for (size_t i = 0; i < p->count; i++)
		if (!p->known[i])
			TW_TRY(write_one(p, i));
	return TW_OK;
}

tw_err tw_attachments_put(const struct tw_attachments *a, int64_t report, const struct tw_attachment *files, size_t count,
	int64_t now_ms, enum tw_attached *ret)
{
	TW_CLEANUP(put_done)
	struct put p = { .a = a, .report = report, .now_ms = now_ms, .files = files, .count = count, .said = ret };

	*ret = count > TW_ATTACHMENTS_MAX ? TW_ATTACHED_MANY : TW_ATTACHED;
	return count && *ret == TW_ATTACHED ? put_all(&p) : TW_OK;
}

struct adding {
	const struct tw_attachments *a;
	int64_t report, now_ms;
	const struct tw_attachment *files;
	size_t count;
	enum tw_attached said;
};

static tw_err add(tw_store *s, void *user)
{
	struct adding *d = user;

	return tw_attachments_put(d->a, d->report, d->files, d->count, d->now_ms, &d->said);
}

tw_err tw_attachments_add(const struct tw_attachments *a, int64_t report, const struct tw_attachment *files, size_t count,
	int64_t now_ms, enum tw_attached *ret)
{
	struct adding d = { a, report, now_ms, files, count, TW_ATTACHED };

	TW_TRY(tw_store_transaction(a->store, add, &d));
	*ret = d.said;
	return TW_OK;
}

/* --- Reading --- */

struct listing {
	tw_err (*visit)(void *user, const struct tw_attachment_about *about);
	void *user;
};

static tw_err show(void *user, const struct one *o)
{
	const struct listing *l = user;

	return l->visit(l->user, &o->about);
}

tw_err tw_attachments_list(const struct tw_attachments *a, int64_t report,
	tw_err (*visit)(void *user, const struct tw_attachment_about *about), void *user)
{
	struct listing l = { visit, user };
	TW_CLEANUP(reading_done) struct reading r = { .a = a, .visit = show, .user = &l };

	return tw_store_run(a->store, tw_sql_attachments_of, &TW_V_INT(report), 1, take_row, &r);
}

static tw_err keep(void *user, const struct one *o)
{
	*(struct one *)user = *o;
	return TW_OK;
}

static tw_err find(const struct tw_attachments *a, int64_t id, struct one *ret, tw_secret **ret_key)
{
	TW_CLEANUP(reading_done) struct reading r = { .a = a, .visit = keep, .user = ret };

	*ret = (struct one){ .about = { .id = 0 } };
	TW_TRY(tw_store_run(a->store, tw_sql_attachment_one, &TW_V_INT(id), 1, take_row, &r));
	*ret_key = TW_STEAL(r.own);
	return TW_OK;
}

tw_err tw_attachment_find(const struct tw_attachments *a, int64_t id, struct tw_attachment_about *ret)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *key = NULL;
	struct one o;

	TW_TRY(find(a, id, &o, &key));
	*ret = o.about;
	return TW_OK;
}

static tw_err read_part(const struct tw_attachments *a, const struct one *o, const tw_secret *key, uint32_t part, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 };
	const struct tw_value v[] = { TW_V_INT(o->about.id), TW_V_INT(part) };
	char aad[AAD_MAX];

	tw_buf_clear(ret);
	tw_buf_init(&sealed, a->sys, PART + TW_AEAD_OVERHEAD);
	TW_TRY(tw_store_run(a->store, tw_sql_attachment_part_get, v, TW_COUNT(v), take_bytes, &sealed));
	if (!sealed.size)
		return TW_RAISE(UNTRUSTED, "file %lld lacks piece %u", (long long)o->about.id, part);
	return tw_aead_open_long(key, place_of(o, part, aad), tw_buf_slice(&sealed), ret);
}

static tw_err read_all(const struct tw_attachments *a, const struct one *o, const tw_secret *key, struct tw_parcel *into)
{
	TW_CLEANUP(tw_digest_freep) tw_digest *digest = NULL;
	TW_CLEANUP(tw_buf_wipe) struct tw_buf piece = { 0 };
	uint8_t sum[TW_DIGEST_MAX];
	char hex[65];
	size_t size = 0;

	tw_buf_init(&piece, a->sys, PART);
	TW_TRY(tw_buf_reserve(&piece, PART));
	TW_TRY(tw_digest_begin(a->sys, TW_SLICE("sha-256"), &digest));
	for (uint32_t part = 0; into->size < o->about.size; part++) {
		TW_TRY(read_part(a, o, key, part, &piece));
		TW_TRY(tw_digest_add(digest, piece.data, piece.size));
		TW_TRY(tw_parcel_add(into, piece.data, piece.size));
	}
	TW_TRY(tw_digest_end(digest, sum, &size));
	hex_of(sum, hex);
	if (into->size != o->about.size || strcmp(hex, o->about.sha256) != 0)
		return TW_RAISE(UNTRUSTED, "file %lld is not what came", (long long)o->about.id);
	return TW_OK;
}

tw_err tw_attachment_read(const struct tw_attachments *a, const struct tw_attachment_about *about, struct tw_parcel *into)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *key = NULL;
	struct one o;

	TW_TRY(find(a, about->id, &o, &key));
	if (!key || o.about.report != about->report)
		return TW_RAISE(NOTFOUND, "file %lld has gone", (long long)about->id);
	return read_all(a, &o, key, into);
}

tw_err tw_attachment_piece(const struct tw_attachments *a, const struct tw_attachment_about *about, uint32_t piece, struct tw_buf *ret)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *key = NULL;
	struct one o;

	TW_TRY(find(a, about->id, &o, &key));
	if (!key || o.about.report != about->report || (uint64_t)piece * PART >= o.about.size)
		return TW_RAISE(NOTFOUND, "file %lld has no piece %u", (long long)about->id, piece);
	return read_part(a, &o, key, piece, ret);
}

tw_err tw_attachments_destroy(tw_store *s, int64_t report)
{
	const struct tw_value of = TW_V_INT(report);

	TW_TRY(tw_store_run(s, tw_sql_attachment_parts_destroy, &of, 1, NULL, NULL));
	TW_TRY(tw_store_run(s, tw_sql_attachments_destroy, &of, 1, NULL, NULL));
	return tw_store_run(s, tw_sql_attachment_key_destroy, &of, 1, NULL, NULL);
}
