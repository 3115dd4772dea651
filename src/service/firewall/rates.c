/* SPDX-License-Identifier: Apache-2.0 */
#include "service/firewall/rates.h"

#include "base/mem.h"
#include "base/text.h"
#include "service/firewall/off.h"

#include <string.h>

#define SHOWN 60

static const struct {
	const char *word;
	size_t name_max; /* 0: it has none */
} kinds[TW_RATE_KINDS] = {
	[TW_RATE_LINK] = { "link", 15 }, /* the kernel's */
	[TW_RATE_OUT] = { "out", 15 },
	[TW_RATE_MANAGEMENT] = { "management", 0 },
	[TW_RATE_FLOW] = { "flow", 63 },
	[TW_RATE_TCP] = { "tcp", 5 },
	[TW_RATE_UDP] = { "udp", 5 },
};
static const struct {
	const char *word;
	bool connections, each;
} units[] = {
	{ "packets", false, false },
	{ "connections", true, false },
	{ "packets-each", false, true },
	{ "connections-each", true, true },
};

static int shown(struct tw_slice s)
{
	return (int)(s.size < SHOWN ? s.size : SHOWN);
}

static tw_err no_word(struct tw_slice s)
{
	return TW_RAISE(SYNTAX,
		"'%.*s' is not WHAT:UNIT=RATE/BURST; WHAT is link:NAME, out:NAME, management, flow:NAME, tcp:PORT or udp:PORT, UNIT is packets, "
		"connections, packets-each or connections-each",
		shown(s), s.at);
}

static const char *last(struct tw_slice s, char c)
{
	for (size_t i = s.size; i > 0; i--)
		if (s.at[i - 1] == c)
			return s.at + i - 1;
	return NULL;
}

/* What stands before and behind a character; false: it is not there. */
static bool cut(struct tw_slice s, const char *at, struct tw_slice *ret_before, struct tw_slice *ret_behind)
{
	if (!at)
		return false;
	*ret_before = (struct tw_slice){ s.at, (size_t)(at - s.at) };
	*ret_behind = (struct tw_slice){ at + 1, s.size - ret_before->size - 1 };
	return true;
}

static bool is_name(struct tw_slice s, bool may_end_in_star)
{
	for (size_t i = 0; i < s.size; i++) {
		const char c = s.at[i];
		const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
			c == '_' || c == '-' || c == ':';

		if (!plain && !(may_end_in_star && c == '*' && i + 1 == s.size))
			return false;
	}
	return s.size > 0;
}

static tw_err read_unit(struct tw_rate_word *w, struct tw_slice unit)
{
	for (size_t i = 0; i < TW_COUNT(units); i++)
		if (tw_slice_is(unit, units[i].word)) {
			w->rate.connections = units[i].connections;
			w->rate.each = units[i].each;
			return TW_OK;
		}
	return no_word(w->text);
}

static tw_err check_name(struct tw_rate_word *w)
{
	const bool is_link = w->kind == TW_RATE_LINK || w->kind == TW_RATE_OUT;
	uint64_t port = 0;

	if (w->name.size > kinds[w->kind].name_max || !is_name(w->name, is_link))
		return no_word(w->text);
	if (is_link && tw_slice_is(w->name, "lo"))
		return TW_RAISE(DENIED, "lo is the device's way to itself, and has no limit");
	if (w->kind != TW_RATE_TCP && w->kind != TW_RATE_UDP)
		return TW_OK;
	if (w->name.at[0] == '0' || tw_failed(tw_parse_u64(w->name, UINT16_MAX, &port)))
		return TW_RAISE(SYNTAX, "'%.*s' names no port of 1 to 65535", shown(w->text), w->text.at);
	w->port = (uint16_t)port;
	return TW_OK;
}

/* "link:eth0", "management" */
static tw_err read_thing(struct tw_rate_word *w, struct tw_slice thing)
{
	struct tw_slice kind = thing;
	const bool named = cut(thing, thing.size ? memchr(thing.at, ':', thing.size) : NULL, &kind, &w->name);

	for (size_t i = 0; i < TW_RATE_KINDS; i++)
		if (tw_slice_is(kind, kinds[i].word) && named == (kinds[i].name_max > 0)) {
			w->kind = (enum tw_rate_kind)i;
			return named ? check_name(w) : TW_OK;
		}
	return no_word(w->text);
}

bool tw_rate_valid(const struct tw_rate *r)
{
	return r->rate && r->rate <= TW_RATE_MAX && r->burst && r->burst <= TW_RATE_MAX &&
		r->burst <= (uint64_t)r->rate * TW_RATE_REMEMBERED_S;
}

static bool read_number(struct tw_slice s, uint32_t *ret)
{
	uint64_t n = 0;

	if (!s.size || s.at[0] == '0' || tw_failed(tw_parse_u64(s, TW_RATE_MAX, &n)))
		return false;
	*ret = (uint32_t)n;
	return true;
}

static tw_err read_rate(struct tw_rate_word *w, struct tw_slice numbers)
{
	struct tw_slice rate, burst;

	if (!cut(numbers, numbers.size ? memchr(numbers.at, '/', numbers.size) : NULL, &rate, &burst))
		return no_word(w->text);
	if (!read_number(rate, &w->rate.rate) || !read_number(burst, &w->rate.burst) || !tw_rate_valid(&w->rate))
		return TW_RAISE(LIMIT, "'%.*s': a rate and a burst are 1 to %d, and a burst is at most that of %d seconds",
			shown(w->text), w->text.at, TW_RATE_MAX, TW_RATE_REMEMBERED_S);
	return TW_OK;
}

tw_err tw_rate_floor(const struct tw_rate_word *w)
{
	const uint32_t rate = w->rate.connections ? TW_RATE_FLOOR_CONNECTIONS : TW_RATE_FLOOR_PACKETS;
	const uint32_t burst = w->rate.connections ? TW_RATE_FLOOR_CONNECTIONS_BURST : TW_RATE_FLOOR_PACKETS_BURST;

	if (w->rate.rate >= rate && w->rate.burst >= burst)
		return TW_OK;
	return TW_RAISE(DENIED, "'%.*s' would cut off who administrates the device: at least %u/%u, since he comes by it",
		shown(w->text), w->text.at, rate, burst);
}

static tw_err read_word(struct tw_slice s, struct tw_rate_word *ret)
{
	struct tw_slice thing, unit, numbers;

	*ret = (struct tw_rate_word){ .text = s };
	if (!cut(s, last(s, '='), &ret->what, &numbers) || !cut(ret->what, last(ret->what, ':'), &thing, &unit))
		return no_word(s);
	TW_TRY(read_unit(ret, unit));
	TW_TRY(read_thing(ret, thing));
	TW_TRY(read_rate(ret, numbers));
	return ret->kind <= TW_RATE_MANAGEMENT ? tw_rate_floor(ret) : TW_OK;
}

tw_err tw_rates_read(struct tw_slice text, struct tw_rates *ret)
{
	ret->count = 0;
	while (text.size) {
		struct tw_slice word;

		if (ret->count == TW_RATES_MAX)
			return TW_RAISE(LIMIT, "more than %d limits", TW_RATES_MAX);
		TW_TRY(tw_off_next(&text, &word));
		TW_TRY(read_word(word, &ret->words[ret->count]));
		for (size_t i = 0; i < ret->count; i++)
			if (ret->words[i].what.size == ret->words[ret->count].what.size &&
				memcmp(ret->words[i].what.at, ret->words[ret->count].what.at, ret->words[i].what.size) == 0)
				return TW_RAISE(SYNTAX, "'%.*s' a second time", shown(ret->words[i].what), ret->words[i].what.at);
		ret->count++;
	}
	return TW_OK;
}
