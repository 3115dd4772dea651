/* SPDX-License-Identifier: Apache-2.0 */
#include "support/platform/admission.h"

#include "crypto/hash.h"
#include "support/platform/app.h"
#include "support/subscriptions/pages.h"

#include <arpa/inet.h>
#include <string.h>

#define NETWORK 8 /* bytes of a /64 */

/* An allowance of `most`, of which one comes back every `each_ms`. */
struct allowance {
	int most;
	int64_t each_ms;
};
static const struct allowance sends = { TW_ADMISSION_SENDS, TW_ADMISSION_SEND_MS };
static const struct allowance all = { TW_ADMISSION_ALL, TW_ADMISSION_ALL_MS };
static const struct allowance guesses = { TW_ADMISSION_GUESSES, TW_ADMISSION_GUESS_MS };

tw_err tw_admission_begin(const struct tw_sys *sys, struct tw_admission *ret)
{
	*ret = (struct tw_admission){ 0 };
	if (sys->random(sys, ret->key, sizeof ret->key) < 0)
		return TW_RAISE(IO, "no random numbers");
	return TW_OK;
}

static tw_err place_of(const struct tw_admission *a, const char *source, size_t *ret)
{
	struct tw_slice parts[] = { { (const char *)a->key, sizeof a->key }, tw_slice_of(source) };
	uint8_t digest[TW_SHA256_SIZE];
	struct in6_addr six;

	if (inet_pton(AF_INET6, source, &six) == 1)
		parts[1] = (struct tw_slice){ (const char *)six.s6_addr, NETWORK };
	TW_TRY(tw_sha256_of(parts, 2, digest));
	*ret = (size_t)(digest[0] << 8 | digest[1]) % TW_ADMISSION_PLACES;
	return TW_OK;
}

static int wait_s(const struct allowance *of, int64_t whole_ms, int64_t now_ms)
{
	int64_t wait = whole_ms - now_ms - (of->most - 1) * of->each_ms;

	return wait > 0 ? (int)((wait + 999) / 1000) : 0;
}

static void take(const struct allowance *of, int64_t *whole_ms, int64_t now_ms)
{
	*whole_ms = (*whole_ms > now_ms ? *whole_ms : now_ms) + of->each_ms;
}

static bool comes_back(const struct tw_admission *a, int64_t now_ms)
{
	return a->all_ms - now_ms <= (all.most - TW_ADMISSION_AGAIN) * all.each_ms;
}

int64_t tw_admission_used_up_ms(const struct tw_admission *a, int64_t now_ms)
{
	return a->used_up_ms && !comes_back(a, now_ms) ? now_ms - a->used_up_ms : 0;
}

tw_err tw_admission_send(struct tw_admission *a, const char *source, int64_t now_ms, int *ret_wait_s)
{
	size_t place;
	int own, everybody;

	TW_TRY(place_of(a, source, &place));
	own = wait_s(&sends, a->sends_ms[place], now_ms);
	everybody = wait_s(&all, a->all_ms, now_ms);
	*ret_wait_s = own > everybody ? own : everybody;
	if (comes_back(a, now_ms))
		a->used_up_ms = 0;
	else if (everybody && !a->used_up_ms)
		a->used_up_ms = now_ms;
	if (*ret_wait_s == 0) {
		take(&sends, &a->sends_ms[place], now_ms);
		take(&all, &a->all_ms, now_ms);
	}
	return TW_OK;
}

tw_err tw_admission_return(struct tw_admission *a, const char *source)
{
	size_t place;

	TW_TRY(place_of(a, source, &place));
	a->sends_ms[place] -= sends.each_ms;
	a->all_ms -= all.each_ms;
	return TW_OK;
}

tw_err tw_admission_guess(struct tw_admission *a, const char *source, int64_t now_ms, int *ret_wait_s)
{
	size_t place;

	TW_TRY(place_of(a, source, &place));
	*ret_wait_s = wait_s(&guesses, a->guesses_ms[place], now_ms);
	if (*ret_wait_s == 0)
		take(&guesses, &a->guesses_ms[place], now_ms);
	return TW_OK;
}

tw_err tw_admission_refuse(struct tw_reply *rp, int wait)
{
	TW_TRY(tw_reply_problem(rp, 429, "too-many", "admission.network", "Too much in a short time", "Wait as long as Retry-After says.",
		"What strangers may send or guess is limited for each network, and for all together."));
	rp->retry_after_s = wait;
	return TW_OK;
}

tw_err tw_admit(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	bool known;
	int wait = 0;

	TW_TRY(tw_subs_admit(c, rq, &known));
	if (known)
		return TW_OK;
	TW_TRY(tw_admission_send(&tw_app_of(c)->admission, rq->subject.source, tw_time_boot_ms(c->time), &wait));
	return wait ? tw_admission_refuse(rp, wait) : TW_OK;
}
