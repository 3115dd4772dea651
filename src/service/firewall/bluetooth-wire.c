/* SPDX-License-Identifier: Apache-2.0 */
#include "service/firewall/bluetooth-wire.h"

#include "base/cursor.h"
#include "base/mem.h"

#include <string.h>

#define ADDRESS_SIZE (TW_BT_ADDRESS_SIZE + 1)
#define STATE_SIZE (4 + TW_BT_ADDRESS_SIZE + 1)
#define EVENT_SIZE (1 + ADDRESS_SIZE + 4)
#define NUMBER_MOST 0xffffU /* of a status or a reason */

const struct tw_channel_row tw_rows_bluetooth_from_core[] = {
	{ TW_BT_PUT, 0, 6, TW_BT_ORDER_MAX, "put" },
	{ TW_BT_ANSWER, 0, ADDRESS_SIZE + 1, ADDRESS_SIZE + 1, "answer" },
	{ TW_BT_DROP, 0, ADDRESS_SIZE, ADDRESS_SIZE, "drop" },
	{ 0 },
};
const struct tw_channel_row tw_rows_core_from_bluetooth[] = {
	{ TW_BT_TAKEN, 0, 0, 0, "taken" },
	{ TW_BT_FAILED, 0, 1, TW_BT_WORDS_MAX, "failed" },
	{ TW_BT_STATE, 0, STATE_SIZE, STATE_SIZE, "state" },
	{ TW_BT_EVENT, 0, EVENT_SIZE, EVENT_SIZE, "event" },
	{ TW_BT_PAIRED, 0, TW_BT_PEER_MAX - TW_BT_KEY_SIZE, TW_BT_PEER_MAX, "paired" },
	{ 0 },
};

bool tw_bt_same(const struct tw_bt_address *a, const struct tw_bt_address *b)
{
	return a->kind == b->kind && memcmp(a->of, b->of, sizeof a->of) == 0;
}

/* --- Addresses and peers --- */

tw_err tw_bt_address_write(const struct tw_bt_address *a, struct tw_buf *ret)
{
	TW_TRY(tw_buf_add(ret, a->of, sizeof a->of));
	return tw_buf_u8(ret, a->kind);
}

static tw_err take_address(struct tw_cursor *c, struct tw_bt_address *ret)
{
	TW_TRY(tw_cursor_bytes(c, ret->of, sizeof ret->of));
	TW_TRY(tw_cursor_u8(c, &ret->kind));
	return ret->kind == TW_BT_PUBLIC || ret->kind == TW_BT_RANDOM ? TW_OK
								      : TW_RAISE(SYNTAX, "there is no kind %u of address", ret->kind);
}

tw_err tw_bt_peer_write(const struct tw_bt_peer *p, struct tw_buf *ret)
{
	TW_TRY(tw_bt_address_write(&p->address, ret));
	TW_TRY(tw_buf_add(ret, p->key, sizeof p->key));
	TW_TRY(tw_buf_u8(ret, p->has_irk));
	return p->has_irk ? tw_buf_add(ret, p->irk, sizeof p->irk) : TW_OK;
}

static tw_err take_peer(struct tw_cursor *c, struct tw_bt_peer *ret)
{
	TW_TRY(take_address(c, &ret->address));
	TW_TRY(tw_cursor_bytes(c, ret->key, sizeof ret->key));
	TW_TRY(tw_cursor_u8(c, &ret->has_irk));
	if (ret->has_irk > 1)
		return TW_RAISE(SYNTAX, "a peer that has %u identity keys", ret->has_irk);
	return ret->has_irk ? tw_cursor_bytes(c, ret->irk, sizeof ret->irk) : TW_OK;
}

tw_err tw_bt_peer_read(struct tw_slice s, struct tw_bt_peer *ret)
{
	struct tw_cursor c = tw_cursor_of(s.at, s.size);

	*ret = (struct tw_bt_peer){ 0 };
	TW_TRY(take_peer(&c, ret));
	return tw_cursor_end(&c);
}

/* --- Orders --- */

tw_err tw_bt_order_write(const struct tw_bt_order *o, struct tw_buf *ret)
{
	TW_TRY(tw_buf_u16(ret, o->index));
	TW_TRY(tw_buf_u8(ret, o->on));
	TW_TRY(tw_buf_u16(ret, o->window_s));
	TW_TRY(tw_buf_u8(ret, (uint8_t)o->count));
	for (size_t i = 0; i < o->count; i++)
		TW_TRY(tw_bt_peer_write(&o->of[i], ret));
	return TW_OK;
}

tw_err tw_bt_order_read(struct tw_slice s, struct tw_bt_order *ret)
{
	struct tw_cursor c = tw_cursor_of(s.at, s.size);
	uint8_t on = 0, count = 0;

	*ret = (struct tw_bt_order){ 0 };
	TW_TRY(tw_cursor_u16(&c, &ret->index));
	TW_TRY(tw_cursor_u8(&c, &on));
	TW_TRY(tw_cursor_u16(&c, &ret->window_s));
	TW_TRY(tw_cursor_u8(&c, &count));
	if (ret->index > TW_BT_INDEX_MAX || on > 1 || ret->window_s > TW_BT_WINDOW_MAX || count > TW_BT_PEERS_MAX)
		return TW_RAISE(SYNTAX, "an order with a number beyond its range");
	if (!on && (ret->window_s || count))
		return TW_RAISE(SYNTAX, "an order that has it off and somebody pair or paired");
	ret->on = on;
	for (ret->count = 0; ret->count < count; ret->count++)
		TW_TRY(take_peer(&c, &ret->of[ret->count]));
	return tw_cursor_end(&c);
}

tw_err tw_bt_answer_read(struct tw_slice s, struct tw_bt_address *ret, bool *ret_yes)
{
	struct tw_cursor c = tw_cursor_of(s.at, s.size);
	uint8_t yes = 0;

	TW_TRY(take_address(&c, ret));
	TW_TRY(tw_cursor_u8(&c, &yes));
	if (yes > 1)
		return TW_RAISE(SYNTAX, "an answer that is neither yes nor no");
	*ret_yes = yes;
	return tw_cursor_end(&c);
}

tw_err tw_bt_drop_read(struct tw_slice s, struct tw_bt_address *ret)
{
	struct tw_cursor c = tw_cursor_of(s.at, s.size);

	TW_TRY(take_address(&c, ret));
	return tw_cursor_end(&c);
}

/* --- States and events --- */

tw_err tw_bt_state_write(const struct tw_bt_state *s, struct tw_buf *ret)
{
	TW_TRY(tw_buf_u32(ret, s->settings));
	TW_TRY(tw_buf_add(ret, s->address, sizeof s->address));
	return tw_buf_u8(ret, s->window);
}

tw_err tw_bt_state_read(struct tw_slice s, struct tw_bt_state *ret)
{
	struct tw_cursor c = tw_cursor_of(s.at, s.size);

	*ret = (struct tw_bt_state){ 0 };
	TW_TRY(tw_cursor_u32(&c, &ret->settings));
	TW_TRY(tw_cursor_bytes(&c, ret->address, sizeof ret->address));
	TW_TRY(tw_cursor_u8(&c, &ret->window));
	if (ret->window > 1)
		return TW_RAISE(SYNTAX, "a window that is neither open nor closed");
	return tw_cursor_end(&c);
}

tw_err tw_bt_event_write(const struct tw_bt_event *e, struct tw_buf *ret)
{
	TW_TRY(tw_buf_u8(ret, (uint8_t)e->event));
	TW_TRY(tw_bt_address_write(&e->address, ret));
	return tw_buf_u32(ret, e->number);
}

tw_err tw_bt_event_read(struct tw_slice s, struct tw_bt_event *ret)
{
	struct tw_cursor c = tw_cursor_of(s.at, s.size);
	uint8_t event = 0;

	*ret = (struct tw_bt_event){ 0 };
	TW_TRY(tw_cursor_u8(&c, &event));
	if (event == TW_BT_OTHER || event >= TW_BT_EVENTS)
		return TW_RAISE(SYNTAX, "there is no event %u", event);
	ret->event = (enum tw_bt_event_of)event;
	TW_TRY(take_address(&c, &ret->address));
	TW_TRY(tw_cursor_u32(&c, &ret->number));
	if (ret->number > (event == TW_BT_ASKS || event == TW_BT_SHOWS ? TW_BT_NUMBER_MAX : NUMBER_MOST))
		return TW_RAISE(SYNTAX, "the number of event %u is beyond its range", event);
	return tw_cursor_end(&c);
}

const char *tw_bt_why(uint32_t status)
{
	static const char *const words[] = { "no error", "it does not know the command", "not connected", "failed", "connecting failed",
		"authentication failed, or what the other device wants is not permitted here", "not paired", "no resources",
		"timed out", "already connected", "busy", "rejected", "not supported", "invalid parameters", "disconnected",
		"not powered", "cancelled", "there is no such controller", "blocked by rfkill", "already paired", "permission denied" };

	if (status == TW_BT_WHY_KEY)
		return "its key is not one of Secure Connections that somebody compared a number for and both keep";
	if (status == TW_BT_WHY_WINDOW)
		return "nobody may pair now";
	if (status == TW_BT_WHY_NUMBER)
		return "it has no number to compare";
	if (status == TW_BT_WHY_FULL)
		return "as many devices are paired as this one keeps";
	return status < TW_COUNT(words) ? words[status] : "for a reason that the kernel has no word for";
}
