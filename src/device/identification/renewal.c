/* SPDX-License-Identifier: Apache-2.0 */
#include "device/identification/renewal.h"

#define HOUR_MS INT64_C(3600000)
#define GROWS_TO 24       /* times the first pause */
#define FIRST_MIN_MS 5000 /* of a certificate of minutes, which only tests have */

int64_t tw_renewal_pause_ms(int64_t lifetime_ms, unsigned failures)
{
	int64_t first = lifetime_ms / 24, pause;

	first = first > HOUR_MS ? HOUR_MS : first < FIRST_MIN_MS ? FIRST_MIN_MS : first;
	pause = first;
	for (unsigned i = 1; i < failures && pause < GROWS_TO * first; i++)
		pause *= 2;
	return pause < GROWS_TO * first ? pause : GROWS_TO * first;
}

/*
 * Also what has just come rests: a server that hands out certificates near their end is not asked without pause. A pause that is longer
 * than what is left becomes half of that, so that it is tried up to the end, though never sooner than after the first pause.
 */
static int64_t rested_ms(const struct tw_renewal *r, int64_t lifetime)
{
	int64_t mark = r->failures ? r->failed_ms : r->since_ms, pause = tw_renewal_pause_ms(lifetime, r->failures);

	if (mark > r->now_ms)
		return r->now_ms; /* by a clock that was wrong then; it must not hold anything up */
	if (pause >= r->not_after_ms - mark)
		pause = (r->not_after_ms - mark) / 2;
	return pause < tw_renewal_pause_ms(lifetime, 1) ? TW_RENEWAL_NEVER : mark + pause;
}

int64_t tw_renewal_at_ms(const struct tw_renewal *r)
{
	int64_t lifetime, at, rested;

	if (__builtin_sub_overflow(r->not_after_ms, r->not_before_ms, &lifetime) || lifetime <= 0)
		return TW_RENEWAL_NEVER;
	if (r->not_after_ms >= TW_RENEWAL_NO_END_MS || r->now_ms >= r->not_after_ms)
		return TW_RENEWAL_NEVER;
	at = r->not_after_ms - lifetime / 3 + lifetime / 6 * r->share / 65536;
	rested = rested_ms(r, lifetime);
	at = at > rested ? at : rested;
	return at < r->not_after_ms ? at : TW_RENEWAL_NEVER;
}
