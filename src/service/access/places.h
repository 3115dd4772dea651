/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of a few places that all accounts share goes to a new holder, so that nobody's use of them takes away what others hold.
 *
 * A free place, or one whose time is over; an account that has its most already gives up its own oldest. When all are held, the account that holds
 * the most gives up its oldest. To answer "busy" instead would let a few insiders keep everybody out for as long as a place lasts; so nobody is
 * refused, and who holds one place loses it only when no account holds two.
 */
#ifndef TW_SERVICE_ACCESS_PLACES_H
#define TW_SERVICE_ACCESS_PLACES_H
#include <stddef.h>
#include <stdint.h>

#define TW_PLACES_MAX 16
struct tw_places {
	struct {
		int64_t account, expires_ms; /* all last equally long: what ends first is the oldest */
	} of[TW_PLACES_MAX];
	size_t most; /* of one account */
};

size_t tw_places_pick(const struct tw_places *p, int64_t account, int64_t now_ms);
#endif
