/* SPDX-License-Identifier: Apache-2.0 */
#include "device/logical-access/throttle.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <string.h>

#define NETWORK 8 /* bytes of a /64 */

void tw_throttle_source(const char *address, char ret[64])
{
	struct in6_addr six;
	char network[INET6_ADDRSTRLEN] = "";

	if (inet_pton(AF_INET6, address, &six) != 1) {
		(void)snprintf(ret, 64, "%s", address);
		return;
	}
	memset(six.s6_addr + NETWORK, 0, sizeof six.s6_addr - NETWORK);
	(void)inet_ntop(AF_INET6, &six, network, sizeof network); /* it has room for any */
	(void)snprintf(ret, 64, "%s/64", network);
}

static const struct tw_throttled *find(const struct tw_throttle *t, const char *source)
{
	for (size_t i = 0; i < TW_COUNT(t->of); i++)
		if (t->of[i].failures && strcmp(t->of[i].source, source) == 0)
			return &t->of[i];
	return NULL;
}

int tw_throttle_wait_s(const struct tw_throttle *t, const char *source, int64_t now_ms)
{
	const struct tw_throttled *s = find(t, source);
	int64_t left = s ? s->since_ms + TW_THROTTLE_WINDOW_MS - now_ms : 0;

	if (!s || s->failures < TW_THROTTLE_FAILURES || left <= 0)
		return 0;
	return (int)((left + 999) / 1000);
}

/* The place of a new source: a free one, else the one that began longest ago. */
static struct tw_throttled *place(struct tw_throttle *t)
{
	struct tw_throttled *oldest = &t->of[0];

	for (size_t i = 0; i < TW_COUNT(t->of); i++) {
		if (!t->of[i].failures)
			return &t->of[i];
		if (t->of[i].since_ms < oldest->since_ms)
			oldest = &t->of[i];
	}
	return oldest;
}

void tw_throttle_failed(struct tw_throttle *t, const char *source, int64_t now_ms)
{
	struct tw_throttled *s = (struct tw_throttled *)(uintptr_t)find(t, source);

	if (!s) {
		s = place(t);
		s->failures = 0;
		(void)snprintf(s->source, sizeof s->source, "%s", source);
	}
	if (s->failures == 0 || now_ms - s->since_ms >= TW_THROTTLE_WINDOW_MS) {
		s->since_ms = now_ms;
		s->failures = 0;
	}
	s->failures++;
}
