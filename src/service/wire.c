/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of the channels between front, core and keys, and the two payloads with an inside: REQUEST and REPLY.
 *
 * Both are read as if the other side were hostile. front is the role that outsiders reach first, and core's texts become
 * header lines: what could break a line does not pass the reader.
 */
#include "service/wire.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/sitechain.h"

#include <string.h>

#define CERTIFICATE_MAX 2048 /* a P-256 certificate of ours is about 500 bytes */
#define SIGN_MAX (16 * 1024) /* a statement's signing input is under 2 KiB, a checkpoint under 200 bytes, a report under 8 KiB */
#define SIGNATURE_DER_MAX 80 /* ECDSA over P-256 is at most 72 */
#define MAC_INPUT_MAX 512    /* take-over binds 20 + 6 + 4 * 32 bytes */
#define FAILED_MAX (1 + TW_DETAIL_MAX)
#define TYPE_MAX 96
#define ETAG_MAX 72
#define LOCATION_MAX 128
#define ALLOW_MAX 32
#define EPOCH 8 /* u64 */
#define POINT 65
#define SLOT_MIN 3 /* the shortest prefix, and something behind it */
#define SLOT_MAX 48
#define WHOSE_MAX 96
#define SEAL_MAX 1024
#define SEAL_MORE 28 /* nonce and tag */
#define SLOTS_MAX (16 * (2 + SLOT_MAX + POINT))
#define KIND_MAX 15
#define ALGORITHM_MAX 24

const struct tw_channel_row tw_rows_core_from_front[] = {
	{ TW_WIRE_REQUEST, 0, 16, TW_CHANNEL_MAX, "request", 1 },
	{ TW_WIRE_GONE, 0, 4, 4, "gone" },
	{ TW_WIRE_DRAINED, 0, 8, 8, "drained" },
	{ TW_WIRE_FRONT_READY, TW_CHANNEL_ONCE, 0, 0, "front ready" },
	{ 0 },
};
const struct tw_channel_row tw_rows_front_from_core[] = {
	{ TW_WIRE_REPLY, 0, 17, TW_CHANNEL_MAX, "reply", 1 },
	{ TW_WIRE_LISTENER, 0, 64, TW_SITE_DER_MAX, "listener" },
	{ TW_WIRE_NAMED, 0, 0, TW_WIRE_NAMED_MAX, "named" },
	{ TW_WIRE_STREAM, 0, 5, 5 + TW_WIRE_STREAM_WINDOW, "stream" },
	{ 0 },
};
const struct tw_channel_row tw_rows_keys_from_front[] = {
	{ TW_WIRE_TLS_SIGN, 0, 32, 64, "tls sign" },
	{ 0 },
};
const struct tw_channel_row tw_rows_front_from_keys[] = {
	{ TW_WIRE_TLS_SIGNED, 0, 0, SIGNATURE_DER_MAX, "tls signed" },
	{ 0 },
};
const struct tw_channel_row tw_rows_keys_from_core[] = {
	{ TW_WIRE_KEYS_SIGN, 0, 2, SIGN_MAX, "sign" },
	{ TW_WIRE_KEYS_EPOCH, 0, EPOCH, EPOCH, "epoch" },
	{ TW_WIRE_KEYS_OLD_EPOCH, 0, EPOCH, EPOCH, "old epoch" },
	{ TW_WIRE_KEYS_LISTENER, 0, 0, 1, "listener" },
	{ TW_WIRE_KEYS_SECRET_MAC, 0, 1, MAC_INPUT_MAX, "secret mac" },
	{ TW_WIRE_KEYS_SECRET_NEW, 0, 0, 0, "secret new" },
	{ TW_WIRE_KEYS_IDENTITY, 0, 0, 0, "identity" },
	{ TW_WIRE_KEYS_SLOT_NEW, 0, SLOT_MIN, SLOT_MAX, "slot new" },
	{ TW_WIRE_KEYS_SLOT_ROTATE, 0, SLOT_MIN, SLOT_MAX, "slot rotate" },
	{ TW_WIRE_KEYS_SLOT_POINT, 0, SLOT_MIN, SLOT_MAX, "slot point" },
	{ TW_WIRE_KEYS_SLOT_REMOVE, 0, SLOT_MIN, SLOT_MAX, "slot remove" },
	{ TW_WIRE_KEYS_SLOT_SIGN, 0, POINT + 32 + SLOT_MIN, POINT + 32 + SLOT_MAX, "slot sign" },
	{ TW_WIRE_KEYS_SLOTS, 0, 1, SLOT_MAX, "slots" },
	{ TW_WIRE_KEYS_STATE, 0, 0, 0, "state" },
	{ TW_WIRE_KEYS_STORE_ROTATE, 0, 0, 0, "store rotate" },
	{ TW_WIRE_KEYS_ADOPT, 0, 0, 0, "adopt" },
	{ TW_WIRE_KEYS_PURGE, 0, 0, 0, "purge" },
	{ TW_WIRE_KEYS_SEAL, 0, 2, 2 + WHOSE_MAX + SEAL_MAX, "seal" },
	{ TW_WIRE_KEYS_UNSEAL, 0, 2, 2 + WHOSE_MAX + SEAL_MAX + SEAL_MORE, "unseal" },
	{ TW_WIRE_KEYS_TRY, 0, 2, 1 + ALGORITHM_MAX, "try" },
	{ TW_WIRE_KEYS_GO_ON, 0, 0, 0, "go on" },
	{ 0 },
};
const struct tw_channel_row tw_rows_core_from_keys[] = {
	{ TW_WIRE_KEYS_SIGNED, 0, 64, 64, "signed" },
	{ TW_WIRE_KEYS_EPOCH_KEY, 0, 32, 32, "epoch key" },
	{ TW_WIRE_KEYS_LISTENER_CERT, 0, 64, TW_SITE_DER_MAX, "listener certificate" },
	{ TW_WIRE_KEYS_SECRET_MAC_IS, 0, 32, 32, "secret mac" },
	{ TW_WIRE_KEYS_SECRET_IS, 0, 16, 16, "secret" },
	{ TW_WIRE_KEYS_IDENTITY_CERT, 0, 64, CERTIFICATE_MAX, "identity certificate" },
	{ TW_WIRE_KEYS_FAILED, 0, 1, FAILED_MAX, "failed" },
	{ TW_WIRE_KEYS_SLOTS_ARE, 0, 0, SLOTS_MAX, "slots are" },
	{ TW_WIRE_KEYS_POINT_IS, 0, POINT, POINT, "point is" },
	{ TW_WIRE_KEYS_DONE, 0, 0, 0, "done" },
	{ TW_WIRE_KEYS_STATE_IS, 0, 13, 13 + KIND_MAX + TW_DETAIL_MAX, "state is" },
	{ TW_WIRE_KEYS_SEALED, 0, SEAL_MORE, SEAL_MAX + SEAL_MORE, "sealed" },
	{ TW_WIRE_KEYS_UNSEALED, 0, 0, SEAL_MAX, "unsealed" },
	{ TW_WIRE_KEYS_TRIED, 0, 8, 8, "tried" },
	{ TW_WIRE_KEYS_MORE, 0, 0, 0, "more" },
	{ 0 },
};

enum {
	REQUEST_EXPORTER = 1,
	REQUEST_CLIENT_KEY = 2,
	REQUEST_FILE = 4,
	REQUEST_CERTIFICATE = 8,
	REQUEST_TLS = 16,
	REQUEST_FLAGS = 31
};
enum {
	REPLY_CLOSE = 1,
	REPLY_KNOWN = 2,
	REPLY_FILE = 4,
	REPLY_STREAM = 8,
	REPLY_COOKIES = 16,
	REPLY_SCRIPT = 32,
	REPLY_FLAGS = 63
};

/* REQUEST: u32 connection, u8 flags, [u64 size of the file], block16 source, [32 exporter], [32 client key], [block16 certificate],
   [u16 suite, u16 group], block16 head, block32 body. */
tw_err tw_wire_request_write(const struct tw_wire_request *r, struct tw_buf *b)
{
	unsigned flags = (r->has_exporter ? REQUEST_EXPORTER : 0u) | (r->has_client_key ? REQUEST_CLIENT_KEY : 0u) |
		(r->file ? REQUEST_FILE : 0u) | (r->certificate.size ? REQUEST_CERTIFICATE : 0u) | (r->suite ? REQUEST_TLS : 0u);

	TW_TRY(tw_buf_u32(b, r->connection));
	TW_TRY(tw_buf_u8(b, (uint8_t)flags));
	if (r->file)
		TW_TRY(tw_buf_u64(b, r->file));
	TW_TRY(tw_buf_block16(b, r->source, strnlen(r->source, sizeof r->source)));
	if (r->has_exporter)
		TW_TRY(tw_buf_add(b, r->exporter, sizeof r->exporter));
	if (r->has_client_key)
		TW_TRY(tw_buf_add(b, r->client_key, sizeof r->client_key));
	if (r->certificate.size)
		TW_TRY(tw_buf_block16(b, r->certificate.at, r->certificate.size));
	if (r->suite)
		TW_TRY(tw_buf_u16(b, r->suite));
	if (r->suite)
		TW_TRY(tw_buf_u16(b, r->group));
	TW_TRY(tw_buf_block16(b, r->head.at, r->head.size));
	return tw_buf_block32(b, r->body.at, r->body.size);
}

/* A text that a log or a header line may show: ASCII from blank to tilde. */
static bool plain(struct tw_slice s)
{
	for (size_t i = 0; i < s.size; i++)
		if (s.at[i] < ' ' || s.at[i] > '~')
			return false;
	return true;
}

/* Only with the key it was shown for, and never empty: one form for each request. */
static tw_err read_certificate(struct tw_cursor *c, struct tw_wire_request *r)
{
	TW_TRY(tw_cursor_block16(c, TW_WIRE_CLIENT_CERTIFICATE_MAX, &r->certificate));
	if (!r->has_client_key || r->certificate.size == 0)
		return TW_RAISE(SYNTAX, "request: a certificate without its key, or an empty one");
	return TW_OK;
}

/* Never a suite of 0: one form for each request. */
static tw_err read_tls(struct tw_cursor *c, struct tw_wire_request *r)
{
	TW_TRY(tw_cursor_u16(c, &r->suite));
	TW_TRY(tw_cursor_u16(c, &r->group));
	return r->suite ? TW_OK : TW_RAISE(SYNTAX, "request: TLS without a suite");
}

tw_err tw_wire_request_read(struct tw_slice payload, struct tw_wire_request *ret)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);
	struct tw_wire_request r = { 0 };
	struct tw_slice source;
	uint8_t flags;

	TW_TRY(tw_cursor_u32(&c, &r.connection));
	TW_TRY(tw_cursor_u8(&c, &flags));
	if (flags & ~(unsigned)REQUEST_FLAGS)
		return TW_RAISE(SYNTAX, "request flags %02x", flags);
	r.has_exporter = flags & REQUEST_EXPORTER;
	r.has_client_key = flags & REQUEST_CLIENT_KEY;
	if (flags & REQUEST_FILE)
		TW_TRY(tw_cursor_u64(&c, &r.file));
	if ((flags & REQUEST_FILE) && (r.file == 0 || r.file > TW_UPLOAD_MAX))
		return TW_RAISE(SYNTAX, "request: a file of %llu bytes", (unsigned long long)r.file);
	TW_TRY(tw_cursor_block16(&c, sizeof r.source - 1, &source));
	if (!plain(source))
		return TW_RAISE(SYNTAX, "request source is no address");
	if (source.size > 0)
		memcpy(r.source, source.at, source.size);
	if (r.has_exporter)
		TW_TRY(tw_cursor_bytes(&c, r.exporter, sizeof r.exporter));
	if (r.has_client_key)
		TW_TRY(tw_cursor_bytes(&c, r.client_key, sizeof r.client_key));
	if (flags & REQUEST_CERTIFICATE)
		TW_TRY(read_certificate(&c, &r));
	if (flags & REQUEST_TLS)
		TW_TRY(read_tls(&c, &r));
	TW_TRY(tw_cursor_block16(&c, TW_HTTP_HEAD_MAX, &r.head));
	TW_TRY(tw_cursor_block32(&c, TW_BODY_MAX, &r.body));
	TW_TRY(tw_cursor_end(&c));
	if (r.file && r.body.size > 0)
		return TW_RAISE(SYNTAX, "request: a file and a body");
	*ret = r;
	return TW_OK;
}

/* REPLY: u32 connection, u16 status, u8 flags, u32 retry after, [u64 size of the file], block16 type, etag, location, allow, [block16 session, client],
   block32 body. */
tw_err tw_wire_reply_write(const struct tw_wire_reply *r, struct tw_buf *b)
{
	unsigned flags = (r->close ? REPLY_CLOSE : 0u) | (r->known ? REPLY_KNOWN : 0u) | (r->file ? REPLY_FILE : 0u) |
		(r->stream ? REPLY_STREAM : 0u) | (r->cookies.session.size || r->cookies.client.size ? REPLY_COOKIES : 0u) |
		(r->script ? REPLY_SCRIPT : 0u);

	TW_TRY(tw_buf_u32(b, r->connection));
	TW_TRY(tw_buf_u16(b, r->status));
	TW_TRY(tw_buf_u8(b, (uint8_t)flags));
	TW_TRY(tw_buf_u32(b, r->retry_after_s));
	if (r->file)
		TW_TRY(tw_buf_u64(b, r->file));
	if (r->file)
		TW_TRY(tw_buf_block16(b, r->name.at, r->name.size));
	TW_TRY(tw_buf_block16(b, r->type.at, r->type.size));
	TW_TRY(tw_buf_block16(b, r->etag.at, r->etag.size));
	TW_TRY(tw_buf_block16(b, r->location.at, r->location.size));
	TW_TRY(tw_buf_block16(b, r->allow.at, r->allow.size));
	if (flags & REPLY_COOKIES) {
		TW_TRY(tw_buf_block16(b, r->cookies.session.at, r->cookies.session.size));
		TW_TRY(tw_buf_block16(b, r->cookies.client.at, r->cookies.client.size));
	}
	return tw_buf_block32(b, r->body.at, r->body.size);
}

static tw_err read_line(struct tw_cursor *c, size_t max, struct tw_slice *ret)
{
	TW_TRY(tw_cursor_block16(c, max, ret));
	if (!plain(*ret))
		return TW_RAISE(SYNTAX, "reply: a header text that would break its line");
	return TW_OK;
}

/* It goes between quotes in a header, so nothing but what RFC 3986 leaves as it is, and %XX. */
static tw_err read_name(struct tw_cursor *c, struct tw_slice *ret)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%";

	TW_TRY(tw_cursor_block16(c, TW_FILE_NAME_MAX, ret));
	for (size_t i = 0; i < ret->size; i++)
		if (!ret->at[i] || !strchr(letters, ret->at[i]))
			return TW_RAISE(SYNTAX, "reply: a file's name that would break its line");
	return TW_OK;
}

/* Never two empty ones: one form for each reply. */
static tw_err read_cookies(struct tw_cursor *c, struct tw_cookies *ret)
{
	TW_TRY(tw_cursor_block16(c, TW_COOKIE_TEXT, &ret->session));
	TW_TRY(tw_cursor_block16(c, TW_COOKIE_TEXT, &ret->client));
	if (!tw_cookies_valid(ret) || ret->session.size + ret->client.size == 0)
		return TW_RAISE(SYNTAX, "reply: cookies of another form than ours");
	return TW_OK;
}

tw_err tw_wire_reply_read(struct tw_slice payload, struct tw_wire_reply *ret)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);
	struct tw_wire_reply r = { 0 };
	uint8_t flags;

	TW_TRY(tw_cursor_u32(&c, &r.connection));
	TW_TRY(tw_cursor_u16(&c, &r.status));
	TW_TRY(tw_cursor_u8(&c, &flags));
	if (flags & ~(unsigned)REPLY_FLAGS)
		return TW_RAISE(SYNTAX, "reply flags %02x", flags);
	if (r.status < 200 || r.status > 599)
		return TW_RAISE(SYNTAX, "reply status %u", r.status);
	r.close = flags & REPLY_CLOSE;
	r.known = flags & REPLY_KNOWN;
	r.stream = flags & REPLY_STREAM;
	r.script = flags & REPLY_SCRIPT;
	TW_TRY(tw_cursor_u32(&c, &r.retry_after_s));
	if (flags & REPLY_FILE)
		TW_TRY(tw_cursor_u64(&c, &r.file));
	if (flags & REPLY_FILE)
		TW_TRY(read_name(&c, &r.name));
	if ((flags & REPLY_FILE) && (r.file == 0 || r.file > TW_WIRE_FILE_MAX))
		return TW_RAISE(SYNTAX, "reply: a file of %llu bytes", (unsigned long long)r.file);
	TW_TRY(read_line(&c, TYPE_MAX, &r.type));
	TW_TRY(read_line(&c, ETAG_MAX, &r.etag));
	TW_TRY(read_line(&c, LOCATION_MAX, &r.location));
	TW_TRY(read_line(&c, ALLOW_MAX, &r.allow));
	if (flags & REPLY_COOKIES)
		TW_TRY(read_cookies(&c, &r.cookies));
	TW_TRY(tw_cursor_block32(&c, TW_WIRE_REPLY_BODY_MAX, &r.body));
	if ((r.file > 0) + (r.body.size > 0) + r.stream > 1)
		return TW_RAISE(SYNTAX, "reply: more than one body");
	TW_TRY(tw_cursor_end(&c));
	*ret = r;
	return TW_OK;
}

/* STREAM: u32 connection, u8 whether it ends, the rest is bytes. */
tw_err tw_wire_stream_write(const struct tw_wire_stream *s, struct tw_buf *b)
{
	TW_TRY(tw_buf_u32(b, s->connection));
	TW_TRY(tw_buf_u8(b, s->end));
	return tw_buf_add(b, s->bytes.at, s->bytes.size);
}

tw_err tw_wire_stream_read(struct tw_slice payload, struct tw_wire_stream *ret)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);
	struct tw_wire_stream s = { 0 };
	uint8_t end;

	TW_TRY(tw_cursor_u32(&c, &s.connection));
	TW_TRY(tw_cursor_u8(&c, &end));
	if (end > 1 || (!end && tw_cursor_left(&c) == 0) || tw_cursor_left(&c) > TW_WIRE_STREAM_WINDOW)
		return TW_RAISE(SYNTAX, "stream: end %u with %zu bytes", end, tw_cursor_left(&c));
	s.end = end;
	TW_TRY(tw_cursor_slice(&c, tw_cursor_left(&c), &s.bytes));
	*ret = s;
	return TW_OK;
}

tw_err tw_wire_drained_write(const struct tw_wire_drained *d, struct tw_buf *b)
{
	TW_TRY(tw_buf_u32(b, d->connection));
	return tw_buf_u32(b, d->bytes);
}

tw_err tw_wire_drained_read(struct tw_slice payload, struct tw_wire_drained *ret)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);
	struct tw_wire_drained d;

	TW_TRY(tw_cursor_u32(&c, &d.connection));
	TW_TRY(tw_cursor_u32(&c, &d.bytes));
	if (d.bytes == 0 || d.bytes > TW_WIRE_STREAM_WINDOW)
		return TW_RAISE(SYNTAX, "drained: %u bytes", d.bytes);
	TW_TRY(tw_cursor_end(&c));
	*ret = d;
	return TW_OK;
}
