/* SPDX-License-Identifier: Apache-2.0 */
/* core's end of the keys channel: one question, one answer, at most TW_KEYS_TIMEOUT_MS. What was secret is wiped on the way. */
#include "service/keys/keys.h"

#include "base/cursor.h"

#include <string.h>

struct tw_keys_client {
	const struct tw_sys *sys;
	tw_channel *channel;
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
static tw_err failed(const struct tw_message *m)
{
	unsigned code = (uint8_t)m->payload.at[0];
	if (code == TW_CODE_OK || code > TW_CODE_INTERNAL)
		return TW_RAISE(UNTRUSTED, "keys failed with code %u, which is none", code);
	return tw_raise((enum tw_code)code, __func__, __LINE__, "keys: %.*s", (int)m->payload.size - 1, m->payload.at + 1);
}

static tw_err ask(tw_keys_client *k, uint16_t type, const void *payload, size_t size, uint16_t answer, struct tw_message *ret)
{
	ret->type = 0;
	tw_err e = tw_channel_call(k->channel, type, payload, size, answer, TW_KEYS_TIMEOUT_MS, ret);
	if (tw_failed(e) && ret->type == TW_WIRE_KEYS_FAILED)
		return failed(ret);
	return e;
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
