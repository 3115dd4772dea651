/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers, records and checkpoints as bytes; doc/spec/audit-log.md has the layout. The rules between records are logverify.c's.
 *
 * A record is chained by a salted digest of its body, not by the body, so that a later version can erase a body and leave the
 * chain whole. The key moves on after every record and the old one is wiped: who takes the device over can forge what comes,
 * and nothing that was.
 */
#include "formats/auditlog.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "formats/logkey.h"

#include <string.h>

static const char MAGIC[8] = "TWAUDIT";
#define VERSION 1
#define START_OFFSET 480 /* the header's last 32 bytes are the digest of the others, and the start of the chain */
#define CHECKED_SIZE 136 /* what key_check covers: everything it follows */
static const char SEGMENT_LABEL[] = "thingward-log-segment-1", KEY_CHECK_LABEL[] = "thingward-log-header-1",
		  KEY_LABEL[] = "thingward-log-key-1", CHECKPOINT_LABEL[] = "thingward-checkpoint-1";
#define RECORD_FIXED 112 /* a record without its body */
#define RECORD_HEAD 48   /* before the body */

static struct tw_slice slice(const void *at, size_t size)
{
	return (struct tw_slice){ at, size };
}

static void put(uint8_t **at, uint64_t v, unsigned bytes)
{
	for (unsigned i = bytes; i-- > 0; v >>= 8)
		(*at)[i] = (uint8_t)v;
	*at += bytes;
}

static void put_bytes(uint8_t **at, const void *from, size_t size)
{
	memcpy(*at, from, size);
	*at += size;
}

/* --- Headers --- */

static tw_err header_seal(const uint8_t bytes[TW_LOG_HEADER_SIZE], const uint8_t key[32], uint8_t ret[32])
{
	const struct tw_slice parts[] = { slice(KEY_CHECK_LABEL, sizeof KEY_CHECK_LABEL), slice(bytes, CHECKED_SIZE) };
	return tw_hmac_sha256(key, 32, parts, TW_COUNT(parts), ret);
}

static tw_err header_start(const uint8_t bytes[TW_LOG_HEADER_SIZE], uint8_t ret[32])
{
	const struct tw_slice parts[] = { slice(SEGMENT_LABEL, sizeof SEGMENT_LABEL), slice(bytes, START_OFFSET) };
	return tw_sha256_of(parts, TW_COUNT(parts), ret);
}

/* Everything before key_check. */
static void header_fields(const struct tw_log_header *h, uint8_t bytes[TW_LOG_HEADER_SIZE])
{
	uint8_t *at = bytes;
	memset(bytes, 0, TW_LOG_HEADER_SIZE);
	put_bytes(&at, MAGIC, sizeof MAGIC);
	put(&at, VERSION, 2);
	put(&at, TW_LOG_HEADER_SIZE, 2);
	put(&at, h->segment_size, 4);
	put(&at, h->epoch, 8);
	put(&at, h->boot_count, 8);
	put(&at, h->first_seq, 8);
	put(&at, h->key_index, 8);
	put(&at, (uint64_t)h->created_ms, 8);
	put_bytes(&at, h->boot_id, sizeof h->boot_id);
	put_bytes(&at, h->device, sizeof h->device);
	put_bytes(&at, h->previous, sizeof h->previous);
}

void tw_log_epoch_begin(struct tw_log_state *s, const uint8_t key[32])
{
	memcpy(s->key, key, sizeof s->key);
	s->key_index = 0;
	s->has_key = true;
}

tw_err tw_log_segment_begin(struct tw_log_state *s, struct tw_log_header *h, uint8_t ret[TW_LOG_HEADER_SIZE])
{
	if (!s->has_key || s->next_seq == 0)
		return TW_RAISE(STATE, "a segment begins with a key and a sequence number");
	h->first_seq = s->next_seq;
	h->key_index = s->key_index;
	memcpy(h->previous, s->chain, sizeof h->previous);
	header_fields(h, ret);
	TW_TRY(header_seal(ret, s->key, h->key_check));
	memcpy(ret + CHECKED_SIZE, h->key_check, sizeof h->key_check);
	TW_TRY(header_start(ret, h->start));
	memcpy(ret + START_OFFSET, h->start, sizeof h->start);
	memcpy(s->chain, h->start, sizeof s->chain);
	return TW_OK;
}

static tw_err header_begin(struct tw_cursor *c, struct tw_log_header *h)
{
	uint8_t magic[sizeof MAGIC];
	uint16_t version, size;
	TW_TRY(tw_cursor_bytes(c, magic, sizeof magic));
	if (memcmp(magic, MAGIC, sizeof magic) != 0)
		return TW_RAISE(SYNTAX, "not a segment of an audit log");
	TW_TRY(tw_cursor_u16(c, &version));
	if (version != VERSION)
		return TW_RAISE(UNSUPPORTED, "audit log version %u, this program knows %d", version, VERSION);
	TW_TRY(tw_cursor_u16(c, &size));
	if (size != TW_LOG_HEADER_SIZE)
		return TW_RAISE(SYNTAX, "a segment header of %u bytes, wanted %d", size, TW_LOG_HEADER_SIZE);
	return tw_cursor_u32(c, &h->segment_size);
}

static tw_err header_numbers(struct tw_cursor *c, struct tw_log_header *h)
{
	uint64_t created;
	TW_TRY(tw_cursor_u64(c, &h->epoch));
	TW_TRY(tw_cursor_u64(c, &h->boot_count));
	TW_TRY(tw_cursor_u64(c, &h->first_seq));
	TW_TRY(tw_cursor_u64(c, &h->key_index));
	TW_TRY(tw_cursor_u64(c, &created));
	h->created_ms = (int64_t)created;
	return h->first_seq ? TW_OK : TW_RAISE(SYNTAX, "sequence numbers begin with 1");
}

tw_err tw_log_header_read(struct tw_slice bytes, struct tw_log_header *ret)
{
	struct tw_log_header h = { 0 };
	uint8_t start[32];
	struct tw_cursor c = tw_cursor_of(bytes.at, bytes.size < TW_LOG_HEADER_SIZE ? bytes.size : TW_LOG_HEADER_SIZE);
	TW_TRY(header_begin(&c, &h));
	TW_TRY(header_numbers(&c, &h));
	TW_TRY(tw_cursor_bytes(&c, h.boot_id, sizeof h.boot_id));
	TW_TRY(tw_cursor_bytes(&c, h.device, sizeof h.device));
	TW_TRY(tw_cursor_bytes(&c, h.previous, sizeof h.previous));
	TW_TRY(tw_cursor_bytes(&c, h.key_check, sizeof h.key_check));
	while (tw_cursor_offset(&c) < START_OFFSET) {
		uint8_t zero;
		TW_TRY(tw_cursor_u8(&c, &zero));
		if (zero)
			return TW_RAISE(SYNTAX, "byte %zu of the segment header must be zero", tw_cursor_offset(&c) - 1);
	}
	TW_TRY(tw_cursor_bytes(&c, h.start, sizeof h.start));
	TW_TRY(header_start((const uint8_t *)bytes.at, start));
	if (memcmp(start, h.start, sizeof start) != 0)
		return TW_RAISE(UNTRUSTED, "the segment header's digest differs");
	*ret = h;
	return TW_OK;
}

tw_err tw_log_header_check(const struct tw_log_header *h, const uint8_t key[32])
{
	uint8_t bytes[TW_LOG_HEADER_SIZE], seal[32];
	header_fields(h, bytes);
	TW_TRY(header_seal(bytes, key, seal));
	return tw_equal_secret(seal, h->key_check, sizeof seal) ? TW_OK : TW_RAISE(UNTRUSTED, "the segment was sealed with another key");
}

/* --- Records --- */

static bool known_type(unsigned type)
{
	return type >= TW_LOG_INTENT && type < TW_LOG_TYPE_USED;
}

/* chain' = SHA-256(chain || seq || type || wall || boot || SHA-256(salt || body)) */
static tw_err chain_on(const uint8_t before[32], const struct tw_log_record *r, uint8_t ret[32])
{
	uint8_t fields[26], leaf[32], *at = fields;
	const struct tw_slice salted[] = { slice(r->salt, sizeof r->salt), r->body };
	put(&at, r->seq, 8);
	put(&at, r->type, 2);
	put(&at, (uint64_t)r->wall_ms, 8);
	put(&at, (uint64_t)r->boot_ms, 8);
	TW_TRY(tw_sha256_of(salted, TW_COUNT(salted), leaf));
	const struct tw_slice parts[] = { slice(before, 32), slice(fields, sizeof fields), slice(leaf, sizeof leaf) };
	return tw_sha256_of(parts, TW_COUNT(parts), ret);
}

tw_err tw_log_key_next(uint8_t key[32])
{
	uint8_t next[32];
	const struct tw_slice parts[] = { slice(KEY_LABEL, sizeof KEY_LABEL), slice(key, 32) };
	TW_TRY(tw_sha256_of(parts, TW_COUNT(parts), next));
	memcpy(key, next, sizeof next);
	tw_wipe(next, sizeof next);
	return TW_OK;
}

static tw_err move_on(struct tw_log_state *s, const uint8_t chain[32])
{
	if (s->has_key)
		TW_TRY(tw_log_key_next(s->key));
	memcpy(s->chain, chain, sizeof s->chain);
	s->next_seq++;
	s->key_index++;
	return TW_OK;
}

static tw_err record_bytes(const struct tw_log_record *r, struct tw_buf *b)
{
	uint8_t head[RECORD_HEAD], *at = head;
	put(&at, r->size, 4);
	put(&at, r->body.size, 2);
	put(&at, r->type, 2);
	put(&at, r->seq, 8);
	put(&at, (uint64_t)r->wall_ms, 8);
	put(&at, (uint64_t)r->boot_ms, 8);
	put_bytes(&at, r->salt, sizeof r->salt);
	TW_TRY(tw_buf_add(b, head, sizeof head));
	TW_TRY(tw_buf_add(b, r->body.at, r->body.size));
	TW_TRY(tw_buf_add(b, r->chain, sizeof r->chain));
	return tw_buf_add(b, r->mac, sizeof r->mac);
}

static tw_err body_valid(unsigned type, struct tw_slice body)
{
	if (!known_type(type))
		return TW_RAISE(SYNTAX, "record type %u is reserved", type);
	if (body.size > TW_LOG_BODY_MAX)
		return TW_RAISE(LIMIT, "a record body of %zu bytes, limit %d", body.size, TW_LOG_BODY_MAX);
	if (body.size < 2 || body.at[0] != '{' || body.at[body.size - 1] != '}' || !tw_utf8_valid(body))
		return TW_RAISE(SYNTAX, "a record body is a JSON object in UTF-8");
	return TW_OK;
}

tw_err tw_log_record_write(struct tw_log_state *s, struct tw_log_record *r, struct tw_buf *b)
{
	size_t before = b->size;
	if (!s->has_key)
		return TW_RAISE(STATE, "a record is written with a key");
	TW_TRY(body_valid(r->type, r->body));
	r->seq = s->next_seq;
	r->size = RECORD_FIXED + r->body.size;
	TW_TRY(chain_on(s->chain, r, r->chain));
	TW_TRY(tw_hmac_sha256(s->key, sizeof s->key, &(struct tw_slice){ (const char *)r->chain, sizeof r->chain }, 1, r->mac));
	tw_err e = record_bytes(r, b);
	if (!tw_failed(e))
		e = move_on(s, r->chain);
	if (tw_failed(e))
		b->size = before; /* half a record must not be followed by another */
	return e;
}

static tw_err record_head(struct tw_cursor *c, struct tw_log_record *r)
{
	uint32_t size;
	uint16_t body_size, type;
	uint64_t wall, boot;
	TW_TRY(tw_cursor_u32(c, &size));
	TW_TRY(tw_cursor_u16(c, &body_size));
	TW_TRY(tw_cursor_u16(c, &type));
	TW_TRY(tw_cursor_u64(c, &r->seq));
	TW_TRY(tw_cursor_u64(c, &wall));
	TW_TRY(tw_cursor_u64(c, &boot));
	TW_TRY(tw_cursor_bytes(c, r->salt, sizeof r->salt));
	if (size != RECORD_FIXED + (uint32_t)body_size)
		return TW_RAISE(SYNTAX, "a record of %u bytes cannot have a body of %u", size, body_size);
	TW_TRY(tw_cursor_slice(c, body_size, &r->body));
	TW_TRY(tw_cursor_bytes(c, r->chain, sizeof r->chain));
	TW_TRY(tw_cursor_bytes(c, r->mac, sizeof r->mac));
	TW_TRY(body_valid(type, r->body));
	r->type = (enum tw_log_type)type;
	r->wall_ms = (int64_t)wall;
	r->boot_ms = (int64_t)boot;
	r->size = size;
	return TW_OK;
}

static tw_err record_seals(const struct tw_log_state *s, const struct tw_log_record *r)
{
	uint8_t chain[32], mac[32];
	if (r->seq != s->next_seq)
		return TW_RAISE(UNTRUSTED, "sequence number %llu stands where %llu belongs", (unsigned long long)r->seq,
			(unsigned long long)s->next_seq);
	TW_TRY(chain_on(s->chain, r, chain));
	if (memcmp(chain, r->chain, sizeof chain) != 0)
		return TW_RAISE(UNTRUSTED, "the chain breaks here");
	if (!s->has_key)
		return TW_OK;
	TW_TRY(tw_hmac_sha256(s->key, sizeof s->key, &(struct tw_slice){ (const char *)chain, sizeof chain }, 1, mac));
	return tw_equal_secret(mac, r->mac, sizeof mac) ? TW_OK
							: TW_RAISE(UNTRUSTED, "the seal differs: not written with this record's key");
}

tw_err tw_log_record_read(struct tw_log_state *s, struct tw_cursor *c, struct tw_log_record *ret)
{
	struct tw_log_record r = { 0 };
	struct tw_cursor ahead = *c;
	static const uint8_t none[4];
	size_t left = tw_cursor_left(c);
	if (memcmp(c->at, none, left < sizeof none ? left : sizeof none) == 0)
		return TW_RAISE(NOTFOUND, "no further record");
	TW_TRY(record_head(&ahead, &r));
	TW_TRY(record_seals(s, &r));
	TW_TRY(move_on(s, r.chain));
	*c = ahead;
	*ret = r;
	return TW_OK;
}

/* --- Checkpoints --- */

tw_err tw_log_checkpoint_message(const uint8_t device[32], uint64_t epoch, uint64_t seq, const uint8_t chain[32], struct tw_buf *ret)
{
	TW_TRY(tw_buf_add(ret, CHECKPOINT_LABEL, sizeof CHECKPOINT_LABEL));
	TW_TRY(tw_buf_add(ret, device, 32));
	TW_TRY(tw_buf_u64(ret, epoch));
	TW_TRY(tw_buf_u64(ret, seq));
	return tw_buf_add(ret, chain, 32);
}

tw_err tw_log_checkpoint_parse(struct tw_slice message, struct tw_log_checkpoint *ret)
{
	struct tw_cursor c = tw_cursor_of(message.at, message.size);
	uint8_t label[sizeof CHECKPOINT_LABEL];
	TW_TRY(tw_cursor_bytes(&c, label, sizeof label));
	if (memcmp(label, CHECKPOINT_LABEL, sizeof label) != 0)
		return TW_RAISE(SYNTAX, "not a checkpoint");
	TW_TRY(tw_cursor_bytes(&c, ret->device, sizeof ret->device));
	TW_TRY(tw_cursor_u64(&c, &ret->epoch));
	TW_TRY(tw_cursor_u64(&c, &ret->seq));
	TW_TRY(tw_cursor_bytes(&c, ret->chain, sizeof ret->chain));
	return tw_cursor_end(&c);
}

tw_err tw_log_checkpoint_body(
	uint64_t epoch, uint64_t seq, const uint8_t chain[32], const uint8_t signature[TW_SIGNATURE_SIZE], struct tw_buf *ret)
{
	TW_TRY(tw_buf_text(ret, "{\"chain\":\""));
	TW_TRY(tw_buf_hex(ret, chain, 32));
	TW_TRY(tw_buf_format(ret, "\",\"epoch\":%llu,\"seq\":%llu,\"signature\":\"", (unsigned long long)epoch, (unsigned long long)seq));
	TW_TRY(tw_buf_base64url(ret, signature, TW_SIGNATURE_SIZE));
	return tw_buf_text(ret, "\"}");
}
