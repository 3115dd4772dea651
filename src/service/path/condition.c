/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions: read strictly, so that none says less than its author meant, and judged from a moment alone. See condition.h. */
#include "service/path/condition.h"

#include "base/text.h"

#include <arpa/inet.h>

#define DAY_MINUTES 1440
#define MINUTE_MS 60000
#define ZONE_MAX (14 * 60)

static const char *const days[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
static const char *const doors[] = { [TW_DOOR_HTTPS] = "https", [TW_DOOR_LOCAL] = "local", [TW_DOOR_CONSOLE] = "console" };
static const char *const methods[] = {
#define WORD(name, word) [TW_METHOD_##name] = (word),
	TW_METHOD_LIST(WORD)
#undef WORD
};

/* --- Networks --- */

static bool read_bits(const char *text, uint8_t most, uint8_t *ret)
{
	uint64_t n;

	if ((text[0] == '0' && text[1]) || tw_failed(tw_parse_u64(tw_slice_of(text), most, &n)))
		return false;
	*ret = (uint8_t)n;
	return true;
}

static bool rest_is_zero(const struct tw_net *n)
{
	for (unsigned i = n->bits; i < 128; i++)
		if (n->at[i / 8] >> (7 - i % 8) & 1)
			return false;
	return true;
}

tw_err tw_net_read(const char *text, struct tw_net *ret)
{
	struct tw_net n = { .bits = 128 };
	char address[INET6_ADDRSTRLEN];
	size_t size = strcspn(text, "/");
	bool four = !memchr(text, ':', size), good = size < sizeof address;
	uint8_t bits = four ? 32 : 128;

	if (good) {
		memcpy(address, text, size);
		address[size] = '\0';
		good = inet_pton(four ? AF_INET : AF_INET6, address, four ? n.at + 12 : n.at) == 1;
	}
	if (four)
		n.at[10] = n.at[11] = 0xff;
	if (good && text[size])
		good = read_bits(text + size + 1, bits, &bits);
	n.bits = four ? (uint8_t)(bits + 96) : bits;
	if (!good || !rest_is_zero(&n))
		return TW_RAISE(SYNTAX, "'%.60s' is not a network as in 192.0.2.0/24 or 2001:db8::/32", text);
	*ret = n;
	return TW_OK;
}

bool tw_net_has(const struct tw_net *n, const struct tw_net *address)
{
	unsigned whole = n->bits / 8, rest = n->bits % 8;

	if (memcmp(n->at, address->at, whole) != 0)
		return false;
	return rest == 0 || (n->at[whole] ^ address->at[whole]) >> (8 - rest) == 0;
}

/* --- Reading --- */

/* A list of texts under key; NULL when it is not there. An empty one would say that nothing will do. */
static tw_err list_of(const json_t *j, const char *key, size_t most, const json_t **ret)
{
	const json_t *list = tw_json_get(j, key);

	*ret = list;
	if (!list)
		return TW_OK;
	if (json_array_size(list) == 0)
		return TW_RAISE(SYNTAX, "'%s' is empty", key);
	if (json_array_size(list) > most)
		return TW_RAISE(LIMIT, "'%s' has more than %zu entries", key, most);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!json_is_string(json_array_get(list, i)))
			return TW_RAISE(SYNTAX, "'%s' holds what is no text", key);
	return TW_OK;
}

static const char *text_at(const json_t *list, size_t i)
{
	return json_string_value(json_array_get(list, i));
}

static tw_err read_words(const json_t *j, const char *key, const char *const *words, size_t count, unsigned *ret)
{
	const json_t *list;

	TW_TRY(list_of(j, key, count, &list));
	for (size_t i = 0; i < json_array_size(list); i++) {
		size_t w = 0;

		while (w < count && strcmp(words[w], text_at(list, i)) != 0)
			w++;
		if (w == count || *ret & 1u << w)
			return TW_RAISE(SYNTAX, "'%s': '%.40s' is %s", key, text_at(list, i), w == count ? "not known" : "there twice");
		*ret |= 1u << w;
	}
	return TW_OK;
}

static tw_err read_texts(const json_t *j, const char *key, size_t size, void *ret, uint8_t *ret_count)
{
	const json_t *list;

	TW_TRY(list_of(j, key, TW_CONDITION_WORDS, &list));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = text_at(list, i);

		if (!text[0] || strlen(text) >= size || !tw_text_printable(tw_slice_of(text)))
			return TW_RAISE(SYNTAX, "'%s': a text of 1 to %zu bytes that can be printed", key, size - 1);
		memcpy((char *)ret + i * size, text, strlen(text) + 1);
		(*ret_count)++;
	}
	return TW_OK;
}

static bool read_two(const char *at, unsigned most, unsigned *ret)
{
	*ret = (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
	return at[0] >= '0' && at[0] <= '9' && at[1] >= '0' && at[1] <= '9' && *ret <= most;
}

/* "HH:MM" */
static bool read_clock(const char *at, unsigned hours_max, unsigned *ret)
{
	unsigned hours, minutes;

	if (at[2] != ':' || !read_two(at, hours_max, &hours) || !read_two(at + 3, 59, &minutes))
		return false;
	*ret = hours * 60 + minutes;
	return true;
}

static tw_err read_hours(const json_t *j, struct tw_condition *c)
{
	const json_t *list;

	TW_TRY(list_of(j, "hours", TW_CONDITION_WORDS, &list));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = text_at(list, i);
		unsigned from, until;

		if (strlen(text) != 11 || text[5] != '-' || !read_clock(text, 23, &from) || !read_clock(text + 6, 24, &until) ||
			until > DAY_MINUTES || from == until)
			return TW_RAISE(SYNTAX, "'hours': '%.20s' is not a window as in 08:00-17:30", text);
		c->hours[c->hour_count].from = (uint16_t)from;
		c->hours[c->hour_count++].until = (uint16_t)until;
	}
	return TW_OK;
}

static tw_err read_zone(const json_t *j, struct tw_condition *c)
{
	const char *text = tw_json_text(j, "zone");
	unsigned minutes = 0;

	if (!tw_json_get(j, "zone"))
		return TW_OK;
	if (strlen(text) != 6 || (text[0] != '+' && text[0] != '-') || !read_clock(text + 1, 14, &minutes) || minutes > ZONE_MAX)
		return TW_RAISE(SYNTAX, "'zone': '%.10s' is not an offset as in +01:00", text);
	if (!c->hour_count && !c->days)
		return TW_RAISE(SYNTAX, "'zone' belongs to hours or days");
	c->zone = (int16_t)(text[0] == '-' ? -(int)minutes : (int)minutes);
	return TW_OK;
}

static tw_err read_date(const json_t *j, const char *key, int64_t *ret)
{
	if (!tw_json_get(j, key))
		return TW_OK;
	TW_TRY(tw_parse_time(tw_slice_of(tw_json_text(j, key)), ret));
	return *ret > 0 ? TW_OK : TW_RAISE(SYNTAX, "'%s' is before 1970", key);
}

static tw_err read_time(const json_t *j, struct tw_condition *c)
{
	unsigned found = 0;

	TW_TRY(read_words(j, "days", days, TW_COUNT(days), &found));
	c->days = (uint8_t)found;
	TW_TRY(read_hours(j, c));
	TW_TRY(read_zone(j, c));
	TW_TRY(read_date(j, "from", &c->from_ms));
	TW_TRY(read_date(j, "until", &c->until_ms));
	if (c->until_ms && c->until_ms <= c->from_ms)
		return TW_RAISE(SYNTAX, "'until' is not after 'from'");
	return TW_OK;
}

static tw_err read_networks(const json_t *j, struct tw_condition *c)
{
	const json_t *list;

	TW_TRY(list_of(j, "networks", TW_CONDITION_NETWORKS, &list));
	for (size_t i = 0; i < json_array_size(list); i++)
		TW_TRY(tw_net_read(text_at(list, i), &c->networks[c->network_count++]));
	return TW_OK;
}

tw_err tw_condition_read(const json_t *j, struct tw_condition *ret)
{
	static const struct tw_shape shape[] = { { "modes", TW_JSON_ARRAY }, { "days", TW_JSON_ARRAY }, { "hours", TW_JSON_ARRAY },
		{ "zone", TW_JSON_TEXT }, { "from", TW_JSON_TEXT }, { "until", TW_JSON_TEXT }, { "networks", TW_JSON_ARRAY },
		{ "places", TW_JSON_ARRAY }, { "doors", TW_JSON_ARRAY }, { "methods", TW_JSON_ARRAY },
		{ "factors", TW_JSON_INT, false, 1, 3 }, { "sessions", TW_JSON_INT, false, 1, TW_CONDITION_SESSIONS_MAX },
		{ .key = NULL } };
	struct tw_condition c = { .days = 0 };

	if (j) {
		TW_TRY(tw_json_check(j, shape));
		TW_TRY(read_time(j, &c));
		TW_TRY(read_networks(j, &c));
		TW_TRY(read_texts(j, "modes", sizeof c.modes[0], c.modes, &c.mode_count));
		TW_TRY(read_texts(j, "places", sizeof c.places[0], c.places, &c.place_count));
		TW_TRY(read_words(j, "doors", doors, TW_COUNT(doors), &c.doors));
		TW_TRY(read_words(j, "methods", methods, TW_COUNT(methods), &c.methods));
		c.factors = (int)tw_json_int(j, "factors");
		c.sessions = (int)tw_json_int(j, "sessions");
	}
	*ret = c;
	return TW_OK;
}

/* --- Judging --- */

static bool time_fits(const struct tw_condition *c, const struct tw_moment *m)
{
	int64_t minute = (m->wall_ms >= 0 ? m->wall_ms : 0) / MINUTE_MS + c->zone;
	unsigned of_day = (unsigned)((minute + 2 * DAY_MINUTES) % DAY_MINUTES);
	unsigned day = (unsigned)((minute + 2 * DAY_MINUTES) / DAY_MINUTES - 2 + 7 + 3) % 7; /* 1970 began on a Thursday */
	unsigned today = c->days ? c->days >> day & 1u : 1, yesterday = c->days ? c->days >> (day + 6) % 7 & 1u : 1;

	if (!c->hour_count)
		return today;
	for (size_t i = 0; i < c->hour_count; i++) {
		unsigned from = c->hours[i].from, until = c->hours[i].until;

		if (from < until ? today && of_day >= from && of_day < until : (today && of_day >= from) || (yesterday && of_day < until))
			return true;
	}
	return false;
}

static const char *time_fails(const struct tw_condition *c, const struct tw_moment *m)
{
	if (!c->days && !c->hour_count && !c->from_ms && !c->until_ms)
		return NULL;
	if (!m->time_trusted)
		return "condition.time-untrusted";
	if (c->from_ms && m->wall_ms < c->from_ms)
		return "condition.from";
	if (c->until_ms && m->wall_ms >= c->until_ms)
		return "condition.until";
	return time_fits(c, m) ? NULL : "condition.hours";
}

static bool network_fits(const struct tw_condition *c, const struct tw_moment *m)
{
	for (size_t i = 0; i < c->network_count; i++)
		if (m->source.bits && tw_net_has(&c->networks[i], &m->source))
			return true;
	return c->network_count == 0;
}

static bool text_fits(const void *texts, size_t size, size_t count, const char *text)
{
	for (size_t i = 0; text && i < count; i++)
		if (!strcmp((const char *)texts + i * size, text))
			return true;
	return count == 0;
}

/* A condition is asked at every use, and what is not known does not hold */
const char *tw_condition_fails(const struct tw_condition *c, const struct tw_moment *m)
{
	const char *late = time_fails(c, m);

	if (late)
		return late;
	if (!network_fits(c, m))
		return "condition.network";
	if (!text_fits(c->modes, sizeof c->modes[0], c->mode_count, m->mode))
		return "condition.mode";
	if (!text_fits(c->places, sizeof c->places[0], c->place_count, m->place))
		return "condition.place";
	if (c->doors && !(c->doors >> m->door & 1u))
		return "condition.door";
	if (c->methods && !(c->methods & m->methods))
		return "condition.method";
	if (m->factors < c->factors)
		return "condition.factors";
	return c->sessions && m->sessions > c->sessions ? "condition.sessions" : NULL;
}

/* --- Comparing --- */

/* A window over midnight belongs to the day it begins on, so it reaches into the next: within days alone it is not. */
static bool window_within(const struct tw_condition *narrow, size_t i, const struct tw_condition *wide)
{
	unsigned from = narrow->hours[i].from, until = narrow->hours[i].until;
	bool over = from > until;

	for (size_t k = 0; k < wide->hour_count; k++)
		if (from >= wide->hours[k].from && until <= wide->hours[k].until && over == (wide->hours[k].from > wide->hours[k].until))
			return true;
	return wide->hour_count == 0 && !over;
}

static bool hours_within(const struct tw_condition *narrow, const struct tw_condition *wide)
{
	if (!wide->days && !wide->hour_count)
		return true;
	if (narrow->zone != wide->zone || (wide->hour_count && !narrow->hour_count))
		return false;
	if (wide->days && (!narrow->days || narrow->days & ~(unsigned)wide->days))
		return false;
	for (size_t i = 0; i < narrow->hour_count; i++)
		if (!window_within(narrow, i, wide))
			return false;
	return true;
}

static bool dates_within(const struct tw_condition *narrow, const struct tw_condition *wide)
{
	return narrow->from_ms >= wide->from_ms && (!wide->until_ms || (narrow->until_ms && narrow->until_ms <= wide->until_ms));
}

static bool networks_within(const struct tw_condition *narrow, const struct tw_condition *wide)
{
	for (size_t i = 0; i < narrow->network_count; i++) {
		bool inside = wide->network_count == 0;

		for (size_t k = 0; k < wide->network_count; k++)
			inside |= wide->networks[k].bits <= narrow->networks[i].bits &&
				tw_net_has(&wide->networks[k], &narrow->networks[i]);
		if (!inside)
			return false;
	}
	return narrow->network_count || !wide->network_count;
}

static bool texts_within(const void *narrow, size_t narrow_count, const void *wide, size_t wide_count, size_t size)
{
	for (size_t i = 0; i < narrow_count; i++)
		if (!text_fits(wide, size, wide_count, (const char *)narrow + i * size))
			return false;
	return narrow_count || !wide_count;
}

static bool bits_within(unsigned narrow, unsigned wide)
{
	return !wide || (narrow && !(narrow & ~wide));
}

bool tw_condition_within(const struct tw_condition *narrow, const struct tw_condition *wide)
{
	return hours_within(narrow, wide) && dates_within(narrow, wide) && networks_within(narrow, wide) &&
		texts_within(narrow->modes, narrow->mode_count, wide->modes, wide->mode_count, sizeof wide->modes[0]) &&
		texts_within(narrow->places, narrow->place_count, wide->places, wide->place_count, sizeof wide->places[0]) &&
		bits_within(narrow->doors, wide->doors) && bits_within(narrow->methods, wide->methods) &&
		narrow->factors >= wide->factors && (!wide->sessions || (narrow->sessions && narrow->sessions <= wide->sessions));
}
