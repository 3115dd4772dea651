/* SPDX-License-Identifier: Apache-2.0 */
/* Paired devices as they are kept: one document of the owner's, gone with him, whose keys only the keys role opens. */
#include "device/interfaces/bluetooth.h"

#include "base/mem.h"
#include "base/text.h"

#define KEPT TW_KEPT_OF_OWNER "bluetooth"
#define WHOSE "bluetooth"
#define KEYS_MAX (2 * TW_BT_KEY_SIZE) /* that of the connection, and perhaps that of the identity */
#define SEALED_MAX 512
#define SEALED_TEXT_MAX 700 /* as base64url */

const char *const tw_bluetooth_kinds[TW_BT_KINDS] = { "none", "public", "random" };

static const struct tw_shape kept_shape[] = { { "devices", TW_JSON_ARRAY, true, 0, 0 }, {} };
static const struct tw_shape device_shape[] = {
	{ "address", TW_JSON_TEXT, true, TW_BLUETOOTH_ADDRESS_SIZE - 1, TW_BLUETOOTH_ADDRESS_SIZE - 1 },
	{ "kind", TW_JSON_TEXT, true, 6, 6 },
	{ "paired", TW_JSON_TEXT, true, 1, TW_TIME_TEXT_MAX },
	{ "keys", TW_JSON_TEXT, true, 1, SEALED_TEXT_MAX }, /* sealed, base64url */
	{},
};

void tw_bluetooth_text(const uint8_t address[TW_BT_ADDRESS_SIZE], char ret[TW_BLUETOOTH_ADDRESS_SIZE])
{
	const uint8_t *a = address;

	(void)snprintf(ret, TW_BLUETOOTH_ADDRESS_SIZE, "%02X:%02X:%02X:%02X:%02X:%02X", a[5], a[4], a[3], a[2], a[1], a[0]);
}

tw_err tw_bluetooth_parse(struct tw_slice text, uint8_t ret[TW_BT_ADDRESS_SIZE])
{
	if (text.size != TW_BLUETOOTH_ADDRESS_SIZE - 1)
		return TW_RAISE(SYNTAX, "an address is 12 hex digits, with a colon after each second");
	for (size_t i = 0; i < TW_BT_ADDRESS_SIZE; i++) {
		const struct tw_slice pair = { text.at + 3 * i, 2 };

		if (i + 1 < TW_BT_ADDRESS_SIZE && pair.at[2] != ':')
			return TW_RAISE(SYNTAX, "an address has a colon at character %zu", 3 * i + 3);
		TW_TRY(tw_parse_hex(pair, &ret[TW_BT_ADDRESS_SIZE - 1 - i], 1));
	}
	return TW_OK;
}

tw_err tw_bluetooth_kept(struct tw_device *d, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	tw_err e = tw_device_kept_json(d, KEPT, kept_shape, &j);

	if (tw_is(e, TW_CODE_NOTFOUND)) {
		*ret = json_array();
		return *ret ? TW_OK : TW_RAISE(NOMEM, "paired devices");
	}
	TW_TRY(e);
	json_t *devices = json_object_get(j, "devices");
	TW_TRY(tw_json_check_each(devices, device_shape, TW_BT_PEERS_MAX));
	*ret = json_incref(devices);
	return TW_OK;
}

static tw_err keep(struct tw_device *d, json_t *devices)
{
	TW_CLEANUP(tw_jsonp) json_t *j = json_object();

	TW_TRY(tw_json_set(j, "devices", json_incref(devices)));
	return tw_device_keep_json(d, KEPT, j);
}

static bool is_of(const json_t *one, const struct tw_bt_address *a)
{
	char text[TW_BLUETOOTH_ADDRESS_SIZE];

	tw_bluetooth_text(a->of, text);
	return strcmp(tw_json_text(one, "address"), text) == 0 && strcmp(tw_json_text(one, "kind"), tw_bluetooth_kinds[a->kind]) == 0;
}

/* All but this one. */
static tw_err others(struct tw_device *d, const struct tw_bt_address *a, json_t **ret, bool *ret_had)
{
	TW_CLEANUP(tw_jsonp) json_t *devices = NULL, *left = json_array();
	size_t i;
	json_t *one;

	TW_TRY(tw_bluetooth_kept(d, &devices));
	*ret_had = false;
	json_array_foreach(devices, i, one)
		if (is_of(one, a))
			*ret_had = true;
		else
			TW_TRY(tw_json_append(left, json_incref(one)));
	*ret = TW_STEAL(left);
	return TW_OK;
}

static tw_err seal(struct tw_device *d, const struct tw_bt_peer *p, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 };
	uint8_t keys[KEYS_MAX];

	memcpy(keys, p->key, TW_BT_KEY_SIZE);
	memcpy(keys + TW_BT_KEY_SIZE, p->irk, TW_BT_KEY_SIZE);
	tw_buf_init(&sealed, d->context.sys, SEALED_MAX);
	const struct tw_slice plain = { (const char *)keys, p->has_irk ? KEYS_MAX : TW_BT_KEY_SIZE };
	const tw_err e = tw_keys_client_seal(d->context.keys, WHOSE, plain, &sealed);
	tw_wipe(keys, sizeof keys);
	TW_TRY(e);
	return tw_buf_base64url(ret, sealed.data, sealed.size);
}

tw_err tw_bluetooth_keep_peer(struct tw_device *d, const struct tw_bt_peer *p)
{
	TW_CLEANUP(tw_jsonp) json_t *devices = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf keys = { 0 };
	char address[TW_BLUETOOTH_ADDRESS_SIZE], now[TW_TIME_TEXT_MAX];
	bool had = false;

	TW_TRY(others(d, &p->address, &devices, &had));
	if (json_array_size(devices) >= TW_BT_PEERS_MAX)
		return TW_RAISE(LIMIT, "%d devices are paired, and no more are kept", TW_BT_PEERS_MAX);
	tw_buf_init(&keys, d->context.sys, SEALED_TEXT_MAX + 1);
	TW_TRY(seal(d, p, &keys));
	tw_bluetooth_text(p->address.of, address);
	tw_time_text(tw_time_wall_ms(&d->time), now);
	TW_TRY(tw_json_append(devices,
		json_pack("{s:s, s:s, s:s, s:s}", "address", address, "kind", tw_bluetooth_kinds[p->address.kind], "paired", now,
			"keys", tw_buf_cstr(&keys))));
	return keep(d, devices);
}

tw_err tw_bluetooth_forget_peer(struct tw_device *d, const struct tw_bt_address *a)
{
	TW_CLEANUP(tw_jsonp) json_t *devices = NULL;
	bool had = false;

	TW_TRY(others(d, a, &devices, &had));
	return had ? keep(d, devices) : TW_RAISE(NOTFOUND, "no device of this address is paired");
}

static tw_err open_one(struct tw_device *d, const json_t *one, struct tw_bt_peer *p)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf keys = { 0 };
	uint8_t sealed[SEALED_MAX];
	size_t size = 0;

	TW_TRY(tw_bluetooth_parse(tw_slice_of(tw_json_text(one, "address")), p->address.of));
	p->address.kind = strcmp(tw_json_text(one, "kind"), tw_bluetooth_kinds[TW_BT_RANDOM]) == 0 ? TW_BT_RANDOM : TW_BT_PUBLIC;
	TW_TRY(tw_parse_base64url(tw_slice_of(tw_json_text(one, "keys")), sizeof sealed, sealed, &size));
	tw_buf_init(&keys, d->context.sys, TW_KEYS_SEAL_MAX);
	TW_TRY(tw_buf_reserve(&keys, TW_KEYS_SEAL_MAX));
	TW_TRY(tw_keys_client_unseal(d->context.keys, WHOSE, (struct tw_slice){ (const char *)sealed, size }, &keys));
	if (keys.size != TW_BT_KEY_SIZE && keys.size != KEYS_MAX)
		return TW_RAISE(SYNTAX, "the keys of a paired device have %zu bytes", keys.size);
	memcpy(p->key, keys.data, TW_BT_KEY_SIZE);
	p->has_irk = keys.size == KEYS_MAX;
	if (p->has_irk)
		memcpy(p->irk, keys.data + TW_BT_KEY_SIZE, TW_BT_KEY_SIZE);
	return TW_OK;
}

tw_err tw_bluetooth_open_all(struct tw_device *d, struct tw_bt_order *o)
{
	TW_CLEANUP(tw_jsonp) json_t *devices = NULL;
	size_t i;
	json_t *one;

	TW_TRY(tw_bluetooth_kept(d, &devices));
	o->count = 0;
	json_array_foreach(devices, i, one)
		TW_TRY(open_one(d, one, &o->of[o->count++]));
	return TW_OK;
}
