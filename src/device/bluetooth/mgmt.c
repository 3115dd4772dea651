/* SPDX-License-Identifier: Apache-2.0 */
#include "device/bluetooth/mgmt.h"

#include "base/cursor.h"
#include "base/mem.h"

#include <string.h>

#define LTK_SIZE 36
#define IRK_SIZE 23
#define KEY_P256_AUTHENTICATED 3 /* of an LTK: Secure Connections, and somebody compared the number */

enum event {
	EV_COMPLETE = 0x0001,
	EV_STATUS = 0x0002,
	EV_ADDED = 0x0004,
	EV_REMOVED = 0x0005,
	EV_SETTINGS = 0x0006,
	EV_LTK = 0x000a,
	EV_DISCONNECTED = 0x000c,
	EV_CONFIRM = 0x000f,
	EV_AUTH_FAILED = 0x0011,
	EV_PASSKEY = 0x0017,
	EV_IRK = 0x0018,
};

const char *tw_mgmt_doing(uint16_t command)
{
	static const struct {
		uint16_t command;
		const char *words;
	} rows[] = {
		{ TW_MGMT_READ_LIST, "listing controllers" },
		{ TW_MGMT_READ_INFO, "reading the controller's state" },
		{ TW_MGMT_SET_POWERED, "switching it on or off" },
		{ TW_MGMT_SET_DISCOVERABLE, "letting it be found" },
		{ TW_MGMT_SET_CONNECTABLE, "letting others connect" },
		{ TW_MGMT_SET_BONDABLE, "letting others pair" },
		{ TW_MGMT_SET_LE, "Bluetooth Low Energy" },
		{ TW_MGMT_LOAD_LTKS, "loading keys" },
		{ TW_MGMT_SET_IO, "how numbers are compared" },
		{ TW_MGMT_UNPAIR, "forgetting a device" },
		{ TW_MGMT_CONFIRM, "confirming a number" },
		{ TW_MGMT_CONFIRM_NOT, "refusing a number" },
		{ TW_MGMT_SET_ADVERTISING, "advertising" },
		{ TW_MGMT_SET_BREDR, "switching Bluetooth Classic off" },
		{ TW_MGMT_SET_SECURE, "Secure Connections only" },
		{ TW_MGMT_SET_DEBUG_KEYS, "refusing keys of debuggers" },
		{ TW_MGMT_LOAD_IRKS, "loading identities" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (rows[i].command == command)
			return rows[i].words;
	return "a command";
}

/* --- Little-endian, as the kernel has it --- */

static tw_err put16(struct tw_buf *b, uint16_t v)
{
	TW_TRY(tw_buf_u8(b, (uint8_t)v));
	return tw_buf_u8(b, (uint8_t)(v >> 8));
}

static tw_err get16(struct tw_cursor *c, uint16_t *ret)
{
	uint8_t b[2];

	TW_TRY(tw_cursor_bytes(c, b, sizeof b));
	*ret = (uint16_t)(b[0] | b[1] << 8);
	return TW_OK;
}

static tw_err get32(struct tw_cursor *c, uint32_t *ret)
{
	uint8_t b[4];

	TW_TRY(tw_cursor_bytes(c, b, sizeof b));
	*ret = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
	return TW_OK;
}

/* --- What is said --- */

static tw_err head(uint16_t command, uint16_t index, size_t size, struct tw_buf *ret)
{
	TW_TRY(put16(ret, command));
	TW_TRY(put16(ret, index));
	return put16(ret, (uint16_t)size);
}

tw_err tw_mgmt_bare(uint16_t command, uint16_t index, struct tw_buf *ret)
{
	return head(command, index, 0, ret);
}

tw_err tw_mgmt_byte(uint16_t command, uint16_t index, uint8_t value, struct tw_buf *ret)
{
	TW_TRY(head(command, index, 1, ret));
	return tw_buf_u8(ret, value);
}

tw_err tw_mgmt_discoverable(uint16_t index, uint16_t seconds, struct tw_buf *ret)
{
	TW_TRY(head(TW_MGMT_SET_DISCOVERABLE, index, 3, ret));
	TW_TRY(tw_buf_u8(ret, seconds ? TW_MGMT_DISCOVERABLE : 0));
	return put16(ret, seconds);
}

/* UNPAIR takes one byte more: that it is disconnected too. */
tw_err tw_mgmt_of_peer(uint16_t command, uint16_t index, const struct tw_bt_address *a, struct tw_buf *ret)
{
	const bool more = command == TW_MGMT_UNPAIR;

	TW_TRY(head(command, index, TW_BT_ADDRESS_SIZE + 1 + more, ret));
	TW_TRY(tw_bt_address_write(a, ret));
	return more ? tw_buf_u8(ret, 1) : TW_OK;
}

tw_err tw_mgmt_ltks(const struct tw_bt_order *o, struct tw_buf *ret)
{
	TW_TRY(head(TW_MGMT_LOAD_LTKS, o->index, 2 + o->count * LTK_SIZE, ret));
	TW_TRY(put16(ret, (uint16_t)o->count));
	for (size_t i = 0; i < o->count; i++) {
		/* type, central, size of the key; then what Secure Connections has none of: a diversifier and a random number */
		static const uint8_t kind[3 + 10] = { KEY_P256_AUTHENTICATED, 0, TW_BT_KEY_SIZE };

		TW_TRY(tw_bt_address_write(&o->of[i].address, ret));
		TW_TRY(tw_buf_add(ret, kind, sizeof kind));
		TW_TRY(tw_buf_add(ret, o->of[i].key, TW_BT_KEY_SIZE));
	}
	return TW_OK;
}

tw_err tw_mgmt_irks(const struct tw_bt_order *o, struct tw_buf *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < o->count; i++)
		count += o->of[i].has_irk;
	TW_TRY(head(TW_MGMT_LOAD_IRKS, o->index, 2 + count * IRK_SIZE, ret));
	TW_TRY(put16(ret, (uint16_t)count));
	for (size_t i = 0; i < o->count; i++) {
		if (!o->of[i].has_irk)
			continue;
		TW_TRY(tw_bt_address_write(&o->of[i].address, ret));
		TW_TRY(tw_buf_add(ret, o->of[i].irk, TW_BT_KEY_SIZE));
	}
	return TW_OK;
}

/* --- What it says --- */

/* One of Bluetooth Classic, whose kind is 0, is nobody's here: ret is false. */
static tw_err take_address(struct tw_cursor *c, struct tw_bt_address *a, bool *ret)
{
	TW_TRY(tw_cursor_bytes(c, a->of, sizeof a->of));
	TW_TRY(tw_cursor_u8(c, &a->kind));
	*ret = a->kind == TW_BT_PUBLIC || a->kind == TW_BT_RANDOM;
	return a->kind < TW_BT_KINDS ? TW_OK : TW_RAISE(SYNTAX, "an address of kind %u", a->kind);
}

static tw_err read_answer(struct tw_cursor *c, struct tw_mgmt_said *ret)
{
	TW_TRY(get16(c, &ret->command));
	TW_TRY(tw_cursor_u8(c, &ret->status));
	TW_TRY(tw_cursor_slice(c, tw_cursor_left(c), &ret->rest));
	ret->kind = TW_MGMT_ANSWER;
	return TW_OK;
}

/* What follows the address. */
static tw_err read_number(struct tw_cursor *c, uint16_t code, struct tw_mgmt_said *ret)
{
	uint8_t one = 0;

	switch (code) {
	case EV_CONFIRM:
		TW_TRY(tw_cursor_u8(c, &one));
		ret->good = one == 0;
		return get32(c, &ret->event.number);
	case EV_PASSKEY:
		TW_TRY(get32(c, &ret->event.number));
		return tw_cursor_u8(c, &one);
	default:
		TW_TRY(tw_cursor_u8(c, &one));
		ret->event.number = one;
		return TW_OK;
	}
}

static tw_err read_event(struct tw_cursor *c, uint16_t code, enum tw_bt_event_of event, struct tw_mgmt_said *ret)
{
	bool ours = false;

	TW_TRY(take_address(c, &ret->event.address, &ours));
	TW_TRY(read_number(c, code, ret));
	TW_TRY(tw_cursor_end(c));
	if ((event == TW_BT_ASKS || event == TW_BT_SHOWS) && ret->event.number > TW_BT_NUMBER_MAX)
		return TW_RAISE(SYNTAX, "a number of more than six digits");
	ret->event.event = event;
	ret->kind = ours ? TW_MGMT_EVENT : TW_MGMT_OTHER;
	return TW_OK;
}

static tw_err read_key(struct tw_cursor *c, struct tw_mgmt_said *ret)
{
	uint8_t store = 0, type = 0, central = 0, size = 0, unused[10];
	bool ours = false;

	TW_TRY(tw_cursor_u8(c, &store));
	TW_TRY(take_address(c, &ret->peer.address, &ours));
	TW_TRY(tw_cursor_u8(c, &type));
	TW_TRY(tw_cursor_u8(c, &central));
	TW_TRY(tw_cursor_u8(c, &size));
	TW_TRY(tw_cursor_bytes(c, unused, sizeof unused));
	TW_TRY(tw_cursor_bytes(c, ret->peer.key, TW_BT_KEY_SIZE));
	TW_TRY(tw_cursor_end(c));
	ret->good = store == 1 && type == KEY_P256_AUTHENTICATED && size == TW_BT_KEY_SIZE;
	ret->kind = ours ? TW_MGMT_KEY : TW_MGMT_OTHER;
	return TW_OK;
}

static tw_err read_irk(struct tw_cursor *c, struct tw_mgmt_said *ret)
{
	uint8_t store = 0, random[TW_BT_ADDRESS_SIZE];
	bool ours = false;

	TW_TRY(tw_cursor_u8(c, &store));
	TW_TRY(tw_cursor_bytes(c, random, sizeof random));
	TW_TRY(take_address(c, &ret->peer.address, &ours));
	TW_TRY(tw_cursor_bytes(c, ret->peer.irk, TW_BT_KEY_SIZE));
	TW_TRY(tw_cursor_end(c));
	ret->peer.has_irk = 1;
	ret->good = store == 1;
	ret->kind = ours ? TW_MGMT_IRK : TW_MGMT_OTHER;
	return TW_OK;
}

static tw_err read_body(struct tw_cursor *c, uint16_t code, struct tw_mgmt_said *ret)
{
	switch (code) {
	case EV_COMPLETE:
	case EV_STATUS:
		return read_answer(c, ret);
	case EV_ADDED:
	case EV_REMOVED:
		ret->kind = code == EV_ADDED ? TW_MGMT_CAME : TW_MGMT_GONE;
		return tw_cursor_end(c);
	case EV_SETTINGS:
		TW_TRY(get32(c, &ret->settings));
		ret->kind = TW_MGMT_SETTINGS;
		return tw_cursor_end(c);
	case EV_LTK:
		return read_key(c, ret);
	case EV_IRK:
		return read_irk(c, ret);
	case EV_DISCONNECTED:
		return read_event(c, code, TW_BT_DISCONNECTED, ret);
	case EV_CONFIRM:
		return read_event(c, code, TW_BT_ASKS, ret);
	case EV_PASSKEY:
		return read_event(c, code, TW_BT_SHOWS, ret);
	case EV_AUTH_FAILED:
		return read_event(c, code, TW_BT_REFUSED, ret);
	default:
		ret->kind = TW_MGMT_OTHER;
		return TW_OK;
	}
}

tw_err tw_mgmt_read(struct tw_slice packet, struct tw_mgmt_said *ret)
{
	struct tw_cursor c = tw_cursor_of(packet.at, packet.size);
	uint16_t code = 0, size = 0;

	*ret = (struct tw_mgmt_said){ 0 };
	TW_TRY(get16(&c, &code));
	TW_TRY(get16(&c, &ret->index));
	TW_TRY(get16(&c, &size));
	if (size != tw_cursor_left(&c))
		return TW_RAISE(SYNTAX, "packet 0x%04x says that it has %u bytes, and has %zu", code, size, tw_cursor_left(&c));
	tw_err e = read_body(&c, code, ret);
	if (!tw_failed(e))
		return e;
	return TW_RAISE(SYNTAX, "packet 0x%04x is wrong at byte %zu of %zu", code, tw_cursor_offset(&c), packet.size);
}

tw_err tw_mgmt_list_read(struct tw_slice rest, uint16_t ret[TW_MGMT_CONTROLLERS_MAX], size_t *ret_count)
{
	struct tw_cursor c = tw_cursor_of(rest.at, rest.size);
	uint16_t count = 0;

	TW_TRY(get16(&c, &count));
	if (tw_cursor_left(&c) != 2U * count)
		return TW_RAISE(SYNTAX, "a list of %u controllers in %zu bytes", count, rest.size);
	for (*ret_count = 0; *ret_count < count && *ret_count < TW_MGMT_CONTROLLERS_MAX; ++*ret_count)
		TW_TRY(get16(&c, &ret[*ret_count]));
	return TW_OK;
}

/* What follows (class and names) is nobody's here, and longer in later kernels perhaps. */
tw_err tw_mgmt_info_read(struct tw_slice rest, struct tw_mgmt_info *ret)
{
	struct tw_cursor c = tw_cursor_of(rest.at, rest.size);
	uint8_t made[3];

	TW_TRY(tw_cursor_bytes(&c, ret->address, sizeof ret->address));
	TW_TRY(tw_cursor_bytes(&c, made, sizeof made)); /* version and maker */
	TW_TRY(get32(&c, &ret->supported));
	return get32(&c, &ret->current);
}

tw_err tw_mgmt_settings_read(struct tw_slice rest, uint32_t *ret)
{
	struct tw_cursor c = tw_cursor_of(rest.at, rest.size);

	TW_TRY(get32(&c, ret));
	return tw_cursor_end(&c);
}
