/* SPDX-License-Identifier: Apache-2.0 */
#include "service/firewall/cellular-wire.h"

#include "base/cursor.h"
#include "base/mem.h"

#include <string.h>

#define WISH_MIN 6
#define TEXTS 11
#define STATE_MIN (6 + 2 * TEXTS)

const char *const tw_cellular_uses[TW_CELLULAR_USES] = { "left", "on", "off" };
const char *const tw_cellular_technologies[TW_CELLULAR_TECHNOLOGIES] = { "any", "no-2g", "4g-up" };

const struct tw_channel_row tw_rows_cellular_from_core[] = {
	{ TW_CELLULAR_PUT, 0, WISH_MIN, WISH_MIN + TW_CELLULAR_PIN_MAX, "put" },
	{ 0 },
};
const struct tw_channel_row tw_rows_core_from_cellular[] = {
	{ TW_CELLULAR_STATE, 0, STATE_MIN, STATE_MIN + sizeof(struct tw_cellular_state), "state" },
	{ TW_CELLULAR_FAILED, 0, 1, TW_CELLULAR_WORDS_MAX, "failed" },
	{ 0 },
};

tw_err tw_cellular_pin_check(struct tw_slice pin)
{
	if (pin.size < TW_CELLULAR_PIN_MIN || pin.size > TW_CELLULAR_PIN_MAX)
		return TW_RAISE(SYNTAX, "a SIM's PIN has %d to %d digits", TW_CELLULAR_PIN_MIN, TW_CELLULAR_PIN_MAX);
	for (size_t i = 0; i < pin.size; i++)
		if (pin.at[i] < '0' || pin.at[i] > '9')
			return TW_RAISE(SYNTAX, "a SIM's PIN has digits alone");
	return TW_OK;
}

tw_err tw_cellular_wish_write(const struct tw_cellular_wish *w, struct tw_buf *ret)
{
	TW_TRY(tw_buf_u8(ret, (uint8_t)w->use));
	TW_TRY(tw_buf_u8(ret, (uint8_t)w->technologies));
	TW_TRY(tw_buf_u8(ret, w->roaming));
	TW_TRY(tw_buf_u8(ret, w->tried));
	return tw_buf_block16(ret, w->pin.at, w->pin.size);
}

tw_err tw_cellular_wish_read(struct tw_slice s, struct tw_cellular_wish *ret)
{
	struct tw_cursor c = tw_cursor_of(s.at, s.size);
	uint8_t n[4] = { 0 };
	struct tw_slice pin;

	for (size_t i = 0; i < sizeof n; i++)
		TW_TRY(tw_cursor_u8(&c, &n[i]));
	TW_TRY(tw_cursor_block16(&c, TW_CELLULAR_PIN_MAX, &pin));
	TW_TRY(tw_cursor_end(&c));
	if (n[0] >= TW_CELLULAR_USES || n[1] >= TW_CELLULAR_TECHNOLOGIES || n[2] > 1 || n[3] > 1)
		return TW_RAISE(SYNTAX, "a wish with a number beyond its range");
	if (pin.size)
		TW_TRY(tw_cellular_pin_check(pin));
	*ret = (struct tw_cellular_wish){ (enum tw_cellular_use)n[0], (enum tw_cellular_technologies)n[1], n[2], n[3], pin };
	return TW_OK;
}

/* --- A state --- */

struct text {
	char *at;
	size_t size;
};

static void texts_of(struct tw_cellular_state *s, struct text ret[TEXTS])
{
	const struct text all[TEXTS] = { { s->state, sizeof s->state }, { s->lock, sizeof s->lock },
		{ s->registration, sizeof s->registration }, { s->technology, sizeof s->technology }, { s->allowed, sizeof s->allowed },
		{ s->maker, sizeof s->maker }, { s->model, sizeof s->model }, { s->revision, sizeof s->revision },
		{ s->network, sizeof s->network }, { s->code, sizeof s->code }, { s->why, sizeof s->why } };

	memcpy(ret, all, sizeof all);
}

tw_err tw_cellular_state_write(const struct tw_cellular_state *s, struct tw_buf *ret)
{
	struct tw_cellular_state copy = *s;
	const uint8_t n[] = { s->present, s->settled, s->roams, s->pin, s->signal, s->tries };
	struct text t[TEXTS];

	texts_of(&copy, t);
	for (size_t i = 0; i < sizeof n; i++)
		TW_TRY(tw_buf_u8(ret, n[i]));
	for (size_t i = 0; i < TEXTS; i++)
		TW_TRY(tw_buf_block16(ret, t[i].at, strnlen(t[i].at, t[i].size - 1)));
	return TW_OK;
}

static tw_err read_text(struct tw_cursor *c, const struct text *to)
{
	struct tw_slice t;

	TW_TRY(tw_cursor_block16(c, to->size - 1, &t));
	for (size_t i = 0; i < t.size; i++)
		if (t.at[i] < ' ' || t.at[i] > '~')
			return TW_RAISE(SYNTAX, "a state with a text that cannot be shown");
	memcpy(to->at, t.at, t.size);
	return TW_OK;
}

tw_err tw_cellular_state_read(struct tw_slice s, struct tw_cellular_state *ret)
{
	struct tw_cellular_state v = { 0 };
	struct tw_cursor c = tw_cursor_of(s.at, s.size);
	struct text t[TEXTS];
	uint8_t n[6] = { 0 };

	texts_of(&v, t);
	for (size_t i = 0; i < sizeof n; i++)
		TW_TRY(tw_cursor_u8(&c, &n[i]));
	for (size_t i = 0; i < TEXTS; i++)
		TW_TRY(read_text(&c, &t[i]));
	TW_TRY(tw_cursor_end(&c));
	if (n[0] > 1 || n[1] > 1 || n[2] > 1 || n[3] >= TW_CELLULAR_PINS || (n[4] > 100 && n[4] != TW_CELLULAR_UNKNOWN))
		return TW_RAISE(SYNTAX, "a state with a number beyond its range");
	v.present = n[0];
	v.settled = n[1];
	v.roams = n[2];
	v.pin = n[3];
	v.signal = n[4];
	v.tries = n[5];
	*ret = v;
	return TW_OK;
}
