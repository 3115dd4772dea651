/* SPDX-License-Identifier: Apache-2.0 */
#include "service/access/places.h"

#include <stdbool.h>

static bool is_held(const struct tw_places *p, size_t i, int64_t now_ms)
{
	return p->of[i].expires_ms > now_ms;
}

static size_t held_by(const struct tw_places *p, int64_t account, int64_t now_ms)
{
	size_t n = 0;

	for (size_t i = 0; i < TW_PLACES_MAX; i++)
		n += is_held(p, i, now_ms) && p->of[i].account == account;
	return n;
}

/* Of those that are held; TW_PLACES_MAX: the account has none. */
static size_t oldest_of(const struct tw_places *p, int64_t account, int64_t now_ms)
{
	size_t first = TW_PLACES_MAX;

	for (size_t i = 0; i < TW_PLACES_MAX; i++)
		if (is_held(p, i, now_ms) && p->of[i].account == account &&
			(first == TW_PLACES_MAX || p->of[i].expires_ms < p->of[first].expires_ms))
			first = i;
	return first;
}

/* All places are held. Of accounts that hold as many as each other, the one that has the oldest. */
static size_t oldest_of_greatest(const struct tw_places *p, int64_t now_ms)
{
	size_t best = oldest_of(p, p->of[0].account, now_ms), most = held_by(p, p->of[0].account, now_ms);

	for (size_t i = 1; i < TW_PLACES_MAX; i++) {
		size_t held = held_by(p, p->of[i].account, now_ms), oldest = oldest_of(p, p->of[i].account, now_ms);

		if (held > most || (held == most && p->of[oldest].expires_ms < p->of[best].expires_ms)) {
			best = oldest;
			most = held;
		}
	}
	return best;
}

size_t tw_places_pick(const struct tw_places *p, int64_t account, int64_t now_ms)
{
	if (held_by(p, account, now_ms) >= p->most)
		return oldest_of(p, account, now_ms);
	for (size_t i = 0; i < TW_PLACES_MAX; i++)
		if (!is_held(p, i, now_ms))
			return i;
	return oldest_of_greatest(p, now_ms);
}
