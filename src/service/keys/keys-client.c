/* SPDX-License-Identifier: Apache-2.0 */
/* core's end of the keys channel: one question, one answer, or as many turns as the answer takes. What was secret is wiped on the way. */
#include "service/keys/keys.h"

#include "base/cursor.h"
#include "crypto/aead.h"
#include "crypto/selftest.h"

#include <string.h>

struct tw_keys_client {
	const struct tw_sys *sys;
	tw_channel *channel;
	enum tw_keys_fault fault;
};
TW_DEFINE_FREEP(tw_keys_client, tw_keys_client_free)

tw_err tw_keys_client_new(const struct tw_sys *sys, int fd, tw_keys_client **ret)
{
	TW_CLEANUP(tw_keys_client_freep) tw_keys_client *k = TW_NEW(sys, tw_keys_client);
	if (!k)
		return TW_RAISE(NOMEM, "the way to keys");
	k->sys = sys;
	TW_TRY(tw_channel_new(sys, fd, tw_rows_core_from_keys, &k->channel));
	*ret = TW_STEAL(k);
	return TW_OK;
}

tw_keys_client *tw_keys_client_free(tw_keys_client *k)
{
	if (k)
		(void)tw_channel_free(k->channel);
	free(k);
	return NULL;
}

/* The code and words of a KEYS_FAILED become an error here, as if keys were a function. */
static tw_err failed(tw_keys_client *k, const struct tw_message *m)
{
	const unsigned byte = (uint8_t)m->payload.at[0], code = byte & ~TW_KEYS_OF_TOKEN;
	if (code == TW_CODE_OK || code > TW_CODE_INTERNAL)
		return TW_RAISE(UNTRUSTED, "keys failed with code %u, which is none", code);
	k->fault = byte & TW_KEYS_OF_TOKEN ? TW_KEYS_FAULT_TOKEN : TW_KEYS_FAULT_STORE;
	return tw_raise((enum tw_code)code, __func__, __LINE__, "keys: %.*s", (int)m->payload.size - 1, m->payload.at + 1);
}

static tw_err now_ms(const struct tw_sys *sys, int64_t *ret)
{
	struct timespec t;
	if (sys->clock(sys, CLOCK_BOOTTIME, &t))
		return TW_RAISE_ERRNO("reading the clock");
	*ret = t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
	return TW_OK;
}

static tw_err ask(tw_keys_client *k, uint16_t type, const void *payload, size_t size, uint16_t answer, struct tw_message *ret)
{
	int64_t from, now;
	k->fault = TW_KEYS_FAULT_ROLE;
	TW_TRY(now_ms(k->sys, &from));
	for (now = from; now - from < TW_KEYS_LONG_MS; type = TW_WIRE_KEYS_GO_ON, size = 0) {
		ret->type = 0;
		tw_err e = tw_channel_call(k->channel, type, payload, size, answer, TW_KEYS_TIMEOUT_MS, ret);
		if (ret->type == TW_WIRE_KEYS_FAILED)
			return failed(k, ret);
		if (ret->type != TW_WIRE_KEYS_MORE)
			return e;
		TW_TRY(now_ms(k->sys, &now));
	}
	k->fault = TW_KEYS_FAULT_LONG;
	return TW_RAISE(TIMEOUT, "the token was not done in %d s; asked again it goes on where it was", TW_KEYS_LONG_MS / 1000);
}

enum tw_keys_fault tw_keys_client_fault(const tw_keys_client *k)
{
	return k->fault;
}

/* For answers of a fixed size. The channel's rows have checked it; the channel's copy is wiped. */
static tw_err ask_bytes(tw_keys_client *k, uint16_t type, const void *payload, size_t size, uint16_t answer, struct tw_slice *ret)
{
	struct tw_message m;
	TW_TRY(ask(k, type, payload, size, answer, &m));
	if (m.payload.size != ret->size)
		return TW_RAISE(UNTRUSTED, "keys answered %zu bytes, wanted %zu", m.payload.size, ret->size);
	memcpy((void *)(uintptr_t)ret->at, m.payload.at, ret->size);
	tw_wipe((void *)(uintptr_t)m.payload.at, m.payload.size);
	return TW_OK;
}

static tw_err ask_cert(tw_keys_client *k, uint16_t type, const void *payload, size_t size, uint16_t answer, tw_cert **ret)
{
	struct tw_message m;
	TW_TRY(ask(k, type, payload, size, answer, &m));
	return tw_cert_load(k->sys, m.payload, ret);
}

tw_err tw_keys_client_sign(tw_keys_client *k, enum tw_sign_purpose purpose, struct tw_slice message, uint8_t ret[TW_SIGNATURE_SIZE])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_slice out = { (const char *)ret, TW_SIGNATURE_SIZE };
	tw_buf_init(&b, k->sys, TW_CHANNEL_MAX);
	TW_TRY(tw_buf_u8(&b, (uint8_t)purpose));
	TW_TRY(tw_buf_add(&b, message.at, message.size));
	return ask_bytes(k, TW_WIRE_KEYS_SIGN, b.data, b.size, TW_WIRE_KEYS_SIGNED, &out);
}

static tw_err ask_epoch(tw_keys_client *k, uint16_t type, uint64_t epoch, uint8_t ret[32])
{
	uint8_t number[8];
	struct tw_slice out = { (const char *)ret, 32 };
	for (unsigned i = 0; i < sizeof number; i++)
		number[i] = (uint8_t)(epoch >> (56 - 8 * i));
	return ask_bytes(k, type, number, sizeof number, TW_WIRE_KEYS_EPOCH_KEY, &out);
}

tw_err tw_keys_client_epoch(tw_keys_client *k, uint64_t epoch, uint8_t ret[32])
{
	return ask_epoch(k, TW_WIRE_KEYS_EPOCH, epoch, ret);
}

tw_err tw_keys_client_old_epoch(tw_keys_client *k, uint64_t epoch, uint8_t ret[32])
{
	return ask_epoch(k, TW_WIRE_KEYS_OLD_EPOCH, epoch, ret);
}

tw_err tw_keys_client_identity(tw_keys_client *k, tw_cert **ret)
{
	return ask_cert(k, TW_WIRE_KEYS_IDENTITY, NULL, 0, TW_WIRE_KEYS_IDENTITY_CERT, ret);
}

tw_err tw_keys_client_listener(tw_keys_client *k, bool replace, tw_cert **ret)
{
	static const uint8_t new_one = 1;
	return ask_cert(k, TW_WIRE_KEYS_LISTENER, &new_one, replace ? 1 : 0, TW_WIRE_KEYS_LISTENER_CERT, ret);
}

tw_err tw_keys_client_listener_chain(tw_keys_client *k, bool again, struct tw_site_chain *ret)
{
	static const uint8_t read_again = 2;
	struct tw_message m;
	TW_TRY(ask(k, TW_WIRE_KEYS_LISTENER, &read_again, again ? 1 : 0, TW_WIRE_KEYS_LISTENER_CERT, &m));
	return tw_site_chain_der(k->sys, m.payload, ret);
}

tw_err tw_keys_client_secret_mac(tw_keys_client *k, struct tw_slice message, uint8_t ret[32])
{
	struct tw_slice out = { (const char *)ret, 32 };
	return ask_bytes(k, TW_WIRE_KEYS_SECRET_MAC, message.at, message.size, TW_WIRE_KEYS_SECRET_MAC_IS, &out);
}

tw_err tw_keys_client_secret_new(tw_keys_client *k, uint8_t ret[16])
{
	struct tw_slice out = { (const char *)ret, 16 };
	return ask_bytes(k, TW_WIRE_KEYS_SECRET_NEW, NULL, 0, TW_WIRE_KEYS_SECRET_IS, &out);
}

/* --- Slots of the keystore --- */

static tw_err ask_point(tw_keys_client *k, uint16_t type, const char *slot, uint8_t ret[TW_POINT_SIZE])
{
	struct tw_slice out = { (const char *)ret, TW_POINT_SIZE };
	return ask_bytes(k, type, slot, strlen(slot), TW_WIRE_KEYS_POINT_IS, &out);
}

tw_err tw_keys_client_slot_new(tw_keys_client *k, const char *slot, uint8_t ret[TW_POINT_SIZE])
{
	return ask_point(k, TW_WIRE_KEYS_SLOT_NEW, slot, ret);
}

tw_err tw_keys_client_slot_rotate(tw_keys_client *k, const char *slot, uint8_t ret[TW_POINT_SIZE])
{
	return ask_point(k, TW_WIRE_KEYS_SLOT_ROTATE, slot, ret);
}

tw_err tw_keys_client_slot_point(tw_keys_client *k, const char *slot, uint8_t ret[TW_POINT_SIZE])
{
	return ask_point(k, TW_WIRE_KEYS_SLOT_POINT, slot, ret);
}

tw_err tw_keys_client_slot_remove(tw_keys_client *k, const char *slot)
{
	struct tw_message m;
	return ask(k, TW_WIRE_KEYS_SLOT_REMOVE, slot, strlen(slot), TW_WIRE_KEYS_DONE, &m);
}

tw_err tw_keys_client_slot_sign(tw_keys_client *k, const char *slot, const uint8_t point[TW_POINT_SIZE], const uint8_t digest[32],
	uint8_t ret[TW_SIGNATURE_SIZE])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_slice out = { (const char *)ret, TW_SIGNATURE_SIZE };
	tw_buf_init(&b, k->sys, TW_POINT_SIZE + 32 + TW_KEYS_SLOT_NAME_MAX);
	TW_TRY(tw_buf_add(&b, point, TW_POINT_SIZE));
	TW_TRY(tw_buf_add(&b, digest, 32));
	TW_TRY(tw_buf_text(&b, slot));
	return ask_bytes(k, TW_WIRE_KEYS_SLOT_SIGN, b.data, b.size, TW_WIRE_KEYS_SIGNED, &out);
}

static tw_err read_slot(struct tw_cursor *c, struct tw_keys_slot *ret)
{
	struct tw_slice name;
	TW_TRY(tw_cursor_block16(c, TW_KEYS_SLOT_NAME_MAX, &name));
	(void)snprintf(ret->name, sizeof ret->name, TW_SLICE_FMT, TW_SLICE_ARG(name));
	return tw_cursor_bytes(c, ret->point, sizeof ret->point);
}

tw_err tw_keys_client_slots(tw_keys_client *k, const char *prefix, struct tw_keys_slot ret[TW_KEYS_SLOTS_MAX], size_t *ret_count)
{
	struct tw_message m;
	size_t n = 0;
	TW_TRY(ask(k, TW_WIRE_KEYS_SLOTS, prefix, strlen(prefix), TW_WIRE_KEYS_SLOTS_ARE, &m));
	struct tw_cursor c = tw_cursor_of(m.payload.at, m.payload.size);
	while (tw_cursor_left(&c)) {
		if (n == TW_KEYS_SLOTS_MAX)
			return TW_RAISE(UNTRUSTED, "keys name more than %d keys", TW_KEYS_SLOTS_MAX);
		TW_TRY(read_slot(&c, &ret[n++]));
	}
	*ret_count = n;
	return TW_OK;
}

tw_err tw_keys_client_state(tw_keys_client *k, struct tw_keys_state *ret)
{
	struct tw_keys_state s = { 0 };
	struct tw_slice kind, detail;
	struct tw_message m;
	uint8_t flags;
	TW_TRY(ask(k, TW_WIRE_KEYS_STATE, NULL, 0, TW_WIRE_KEYS_STATE_IS, &m));
	struct tw_cursor c = tw_cursor_of(m.payload.at, m.payload.size);
	TW_TRY(tw_cursor_u8(&c, &flags));
	TW_TRY(tw_cursor_u32(&c, &s.generation));
	TW_TRY(tw_cursor_u32(&c, &s.oldest));
	TW_TRY(tw_cursor_block16(&c, sizeof s.kind - 1, &kind));
	TW_TRY(tw_cursor_block16(&c, sizeof s.detail - 1, &detail));
	TW_TRY(tw_cursor_end(&c));
	s.hardware = flags & TW_KEYSTORE_HARDWARE;
	s.outside = flags & TW_KEYSTORE_OUTSIDE;
	s.single = flags & TW_KEYSTORE_SINGLE;
	s.plain = flags & TW_KEYSTORE_PLAIN;
	(void)snprintf(s.kind, sizeof s.kind, TW_SLICE_FMT, TW_SLICE_ARG(kind));
	(void)snprintf(s.detail, sizeof s.detail, TW_SLICE_FMT, TW_SLICE_ARG(detail));
	*ret = s;
	return TW_OK;
}

static tw_err ask_done(tw_keys_client *k, uint16_t type)
{
	struct tw_message m;
	return ask(k, type, NULL, 0, TW_WIRE_KEYS_DONE, &m);
}

tw_err tw_keys_client_store_rotate(tw_keys_client *k)
{
	return ask_done(k, TW_WIRE_KEYS_STORE_ROTATE);
}

tw_err tw_keys_client_adopt(tw_keys_client *k)
{
	return ask_done(k, TW_WIRE_KEYS_ADOPT);
}

tw_err tw_keys_client_purge(tw_keys_client *k)
{
	return ask_done(k, TW_WIRE_KEYS_PURGE);
}

tw_err tw_keys_client_try(tw_keys_client *k, const char *algorithm, bool measure, uint64_t *ret_rate)
{
	uint8_t payload[1 + TW_ALGORITHM_NAME_MAX];
	const struct tw_slice name = tw_slice_of(algorithm);
	struct tw_message m;
	if (name.size > TW_ALGORITHM_NAME_MAX)
		return TW_RAISE(LIMIT, "an algorithm's name of %zu bytes", name.size);
	payload[0] = measure;
	memcpy(payload + 1, name.at, name.size);
	TW_TRY(ask(k, TW_WIRE_KEYS_TRY, payload, 1 + name.size, TW_WIRE_KEYS_TRIED, &m));
	struct tw_cursor c = tw_cursor_of(m.payload.at, m.payload.size);
	return tw_cursor_u64(&c, ret_rate);
}

static tw_err ask_sealing(tw_keys_client *k, uint16_t type, uint16_t answer, const char *whose, struct tw_slice text, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	struct tw_message m;
	if (strlen(whose) > TW_KEYS_WHOSE_MAX || text.size > TW_KEYS_SEAL_MAX + TW_AEAD_OVERHEAD)
		return TW_RAISE(LIMIT, "a text of %zu bytes, at most %d", text.size, TW_KEYS_SEAL_MAX);
	tw_buf_init(&b, k->sys, 2 + TW_KEYS_WHOSE_MAX + TW_KEYS_SEAL_MAX + TW_AEAD_OVERHEAD);
	TW_TRY(tw_buf_reserve(&b, 2 + strlen(whose) + text.size));
	TW_TRY(tw_buf_block16(&b, whose, strlen(whose)));
	TW_TRY(tw_buf_add(&b, text.at, text.size));
	TW_TRY(ask(k, type, b.data, b.size, answer, &m));
	tw_err e = tw_buf_reserve(ret, m.payload.size + 1);
	if (!tw_failed(e))
		e = tw_buf_add(ret, m.payload.at, m.payload.size);
	tw_wipe((void *)(uintptr_t)m.payload.at, m.payload.size);
	return e;
}

tw_err tw_keys_client_seal(tw_keys_client *k, const char *whose, struct tw_slice plain, struct tw_buf *ret)
{
	if (plain.size > TW_KEYS_SEAL_MAX)
		return TW_RAISE(LIMIT, "a text of %zu bytes, at most %d", plain.size, TW_KEYS_SEAL_MAX);
	return ask_sealing(k, TW_WIRE_KEYS_SEAL, TW_WIRE_KEYS_SEALED, whose, plain, ret);
}

tw_err tw_keys_client_unseal(tw_keys_client *k, const char *whose, struct tw_slice sealed, struct tw_buf *ret)
{
	return ask_sealing(k, TW_WIRE_KEYS_UNSEAL, TW_WIRE_KEYS_UNSEALED, whose, sealed, ret);
}
