/* SPDX-License-Identifier: Apache-2.0 */
#include "service/access/throttle.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <string.h>

#define NETWORK 8        /* bytes of a /64 */
#define DOUBLINGS_MAX 20 /* beyond it any wait is the most that there is */

void tw_throttle_source(const char *address, char ret[64])
{
	struct in6_addr six;
	char network[INET6_ADDRSTRLEN];
	bool is_six = inet_pton(AF_INET6, address, &six) == 1;

	if (is_six)
		memset(six.s6_addr + NETWORK, 0, sizeof six.s6_addr - NETWORK);
	if (is_six && inet_ntop(AF_INET6, &six, network, sizeof network))
		(void)snprintf(ret, 64, "%s/64", network);
	else
		(void)snprintf(ret, 64, "%s", address);
}

#define OTHERS TW_THROTTLE_PLACES /* the place of all who found none of their own */

static struct tw_throttled *find(struct tw_throttled of[TW_THROTTLE_PLACES + 1], const char *who)
{
	for (size_t i = 0; i < TW_THROTTLE_PLACES; i++)
		if (of[i].failures && strcmp(of[i].who, who) == 0)
			return &of[i];
	return NULL;
}

/* @nist LA.AC.1.1: the waits grow from the limit on: first, twice, four times, ... */
static int64_t wait_of(const struct tw_throttle *t, unsigned failures)
{
	unsigned beyond = failures - t->limit;
	int64_t wait = t->first_ms << (beyond < DOUBLINGS_MAX ? beyond : DOUBLINGS_MAX);

	return wait < t->most_ms ? wait : t->most_ms;
}

/* A good while of quiet, behind the last wait if there was one. */
static int64_t over_ms(const struct tw_throttled *s)
{
	return (s->until_ms > s->last_ms ? s->until_ms : s->last_ms) + TW_THROTTLE_MEMORY_MS;
}

static bool is_over(const struct tw_throttled *s, int64_t now_ms)
{
	return now_ms >= over_ms(s);
}

/* A free place, or one that is over; else that of who failed least and does not wait. NULL: all wait. */
static struct tw_throttled *place(struct tw_throttled of[TW_THROTTLE_PLACES + 1], int64_t now_ms)
{
	struct tw_throttled *least = NULL;

	for (size_t i = 0; i < TW_THROTTLE_PLACES; i++) {
		struct tw_throttled *s = &of[i];

		if (s->failures == 0 || is_over(s, now_ms))
			return s;
		if (s->until_ms > now_ms)
			continue;
		if (!least || s->failures < least->failures || (s->failures == least->failures && s->last_ms < least->last_ms))
			least = s;
	}
	return least;
}

/* Who has no place of his own waits with the others who have none, while all places are taken by some who wait. */
static int left_s(const struct tw_throttle *t, enum tw_throttle_kind kind, const char *who, int64_t now_ms)
{
	struct tw_throttled *of = ((struct tw_throttle *)(uintptr_t)t)->of[kind];
	const struct tw_throttled *s = find(of, who);

	if (!s && !place(of, now_ms))
		s = &of[OTHERS];
	/* @nist LA.X.1: switched off, nobody waits, also not for what he failed before */
	int64_t left = s && !t->off ? s->until_ms - now_ms : 0;

	return left > 0 ? (int)((left + 999) / 1000) : 0;
}

/*
 * A newcomer takes the failures of the one he drives out for his own: so no two who take turns at one place remain newcomers for ever. And
 * nobody who waits is driven out.
 */
static struct tw_throttled *newcomer(struct tw_throttle *t, enum tw_throttle_kind kind, const char *who, int64_t now_ms)
{
	struct tw_throttled *s = place(t->of[kind], now_ms);

	if (!s)
		return &t->of[kind][OTHERS];
	t->changed = t->changed || s->failures >= t->limit;
	*s = (struct tw_throttled){ .failures = is_over(s, now_ms) ? 0 : s->failures, .last_ms = now_ms };
	(void)snprintf(s->who, sizeof s->who, "%s", who);
	return s;
}

/* @nist LA.AC.1.2: from the limit on, each failure makes him wait */
static void count(struct tw_throttle *t, enum tw_throttle_kind kind, const char *who, int64_t now_ms)
{
	struct tw_throttled *s = find(t->of[kind], who);

	/* @nist LA.X.1: what is failed while it is off makes nobody wait when it is on again */
	if (t->off)
		return;
	if (!s)
		s = newcomer(t, kind, who, now_ms);
	if (is_over(s, now_ms))
		s->failures = 0;
	s->failures += s->failures < UINT32_MAX;
	s->last_ms = now_ms;
	if (s->failures >= t->limit) {
		s->until_ms = now_ms + wait_of(t, s->failures);
		t->changed = true;
	}
}

static void forgive(struct tw_throttle *t, enum tw_throttle_kind kind, const char *who)
{
	struct tw_throttled *s = find(t->of[kind], who);

	if (!s)
		return;
	t->changed = t->changed || s->failures >= t->limit;
	*s = (struct tw_throttled){ 0 };
}

int tw_throttle_wait_s(const struct tw_throttle *t, const char *source, int64_t now_ms)
{
	return left_s(t, TW_THROTTLE_SOURCE, source, now_ms);
}

void tw_throttle_failed(struct tw_throttle *t, const char *source, int64_t now_ms)
{
	count(t, TW_THROTTLE_SOURCE, source, now_ms);
}

/* Strangers who fill all places of sources keep no known client waiting; whoever has stolen what makes one known waits at its own. */
static enum tw_throttle_kind own_kind(const struct tw_throttle_try *login)
{
	return login->known ? TW_THROTTLE_CLIENT : TW_THROTTLE_SOURCE;
}

int tw_throttle_login_wait_s(const struct tw_throttle *t, const struct tw_throttle_try *login, int64_t now_ms)
{
	int source = left_s(t, own_kind(login), login->source, now_ms);
	int account = login->known ? 0 : left_s(t, TW_THROTTLE_ACCOUNT, login->account, now_ms);

	return source > account ? source : account;
}

/* What a known client mistypes is not counted against the account: he would make others wait there, who may be himself elsewhere. */
void tw_throttle_login_failed(struct tw_throttle *t, const struct tw_throttle_try *login, int64_t now_ms)
{
	count(t, own_kind(login), login->source, now_ms);
	if (!login->known)
		count(t, TW_THROTTLE_ACCOUNT, login->account, now_ms);
}

void tw_throttle_login_passed(struct tw_throttle *t, const struct tw_throttle_try *login)
{
	forgive(t, own_kind(login), login->source);
	forgive(t, TW_THROTTLE_ACCOUNT, login->account);
}

int64_t tw_throttle_forget(struct tw_throttle *t, int64_t now_ms)
{
	int64_t next = -1;

	for (size_t kind = 0; kind < TW_THROTTLE_KINDS; kind++)
		for (size_t i = 0; i < TW_THROTTLE_PLACES; i++) {
			struct tw_throttled *s = &t->of[kind][i];

			if (s->failures < t->limit || s->failures == 0)
				continue;
			if (is_over(s, now_ms)) {
				*s = (struct tw_throttled){ 0 };
				t->changed = true;
			} else if (next < 0 || over_ms(s) - now_ms < next) {
				next = over_ms(s) - now_ms;
			}
		}
	return next;
}

const struct tw_throttled *tw_throttle_next(const struct tw_throttle *t, enum tw_throttle_kind kind, size_t *at)
{
	while (*at < TW_THROTTLE_PLACES) {
		const struct tw_throttled *s = &t->of[kind][(*at)++];

		if (s->failures && s->failures >= t->limit)
			return s;
	}
	return NULL;
}

void tw_throttle_put(struct tw_throttle *t, enum tw_throttle_kind kind, const char *who, unsigned failures, int64_t wait_ms, int64_t now_ms)
{
	struct tw_throttled *s = place(t->of[kind], now_ms);

	if (failures == 0 || !s || find(t->of[kind], who))
		return;
	*s = (struct tw_throttled){ .last_ms = now_ms, .until_ms = now_ms + wait_ms, .failures = failures };
	(void)snprintf(s->who, sizeof s->who, "%s", who);
}
