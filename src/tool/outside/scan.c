/* SPDX-License-Identifier: Apache-2.0 */
/* Connections by the hundred: each is begun, and what poll says of it is the answer. Nothing is ever sent over one. */
#include "tool/outside/scan.h"

#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#define AT_ONCE 256
#define ANSWER_MS 1000

struct asked {
	uint16_t port;
	int64_t end;
};
struct scanning {
	const struct tw_sys *sys;
	const struct tw_host *host;
	struct pollfd line[AT_ONCE];
	struct asked about[AT_ONCE];
	size_t count;
	struct tw_scan *ret;
	struct tw_port_set silent;
};

bool tw_port_has(const struct tw_port_set *s, uint16_t port)
{
	return s->bits[port / 8] >> (port % 8) & 1;
}

void tw_port_add(struct tw_port_set *s, uint16_t port)
{
	s->bits[port / 8] |= (uint8_t)(1u << (port % 8));
}

size_t tw_ports_count(const struct tw_port_set *s)
{
	size_t n = 0;

	for (size_t p = 0; p < TW_PORTS; p++)
		n += tw_port_has(s, (uint16_t)p);
	return n;
}

/* FROM, or FROM-TO. */
static tw_err parse_range(struct tw_slice word, struct tw_port_set *ret)
{
	const char *dash = word.size ? memchr(word.at, '-', word.size) : NULL;
	struct tw_slice from = { word.at, dash ? (size_t)(dash - word.at) : word.size };
	uint64_t first, last;

	TW_TRY(tw_parse_u64(from, TW_PORTS - 1, &first));
	last = first;
	if (dash)
		TW_TRY(tw_parse_u64((struct tw_slice){ dash + 1, word.size - from.size - 1 }, TW_PORTS - 1, &last));
	if (!first || last < first)
		return TW_RAISE(SYNTAX, "no ports");
	for (uint64_t p = first; p <= last; p++)
		tw_port_add(ret, (uint16_t)p);
	return TW_OK;
}

tw_err tw_ports_parse(const char *text, struct tw_port_set *ret)
{
	*ret = (struct tw_port_set){ .bits = { 0 } };
	if (!strcmp(text, "all"))
		return parse_range(TW_SLICE("1-65535"), ret);
	for (;;) {
		const char *comma = strchr(text, ',');
		struct tw_slice word = { text, comma ? (size_t)(comma - text) : strlen(text) };
		if (tw_failed(parse_range(word, ret)))
			return TW_RAISE(SYNTAX, "'%.40s' is no list of ports such as 22,80,8000-8100", text);
		if (!comma)
			return TW_OK;
		text = comma + 1;
	}
}

/* why: 0, or the errno that the connection ended with. A host that cannot be reached is silent, and not closed. */
static void count(struct scanning *s, uint16_t port, int why)
{
	if (!why) {
		tw_port_add(&s->ret->open, port);
		s->ret->opened++;
	} else if (why == ECONNREFUSED || why == ECONNRESET) {
		s->ret->closed++;
	} else {
		s->ret->silent++;
		tw_port_add(&s->silent, port);
	}
}

/* A free port of this very machine can be met by the connection itself, when it is given that number at its own end. */
static bool is_itself(const struct tw_host *to, int fd)
{
	union tw_place_ip here = { .any = { 0 } };
	socklen_t size = sizeof here;

	return getsockname(fd, &here.any, &size) == 0 && size == to->size && memcmp(&here, &to->at, size) == 0;
}

/* False: there is no descriptor for it now; it is asked when others are done. */
static tw_err ask(struct scanning *s, uint16_t port, bool *ret_asked)
{
	struct tw_host to = tw_host_at(s->host, port);
	int fd = s->sys->socket(s->sys, to.at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*ret_asked = fd >= 0;
	if (fd < 0)
		return s->count ? TW_OK : TW_RAISE_ERRNO("a socket");
	s->ret->asked++;
	int why = s->sys->connect(s->sys, fd, &to.at.any, to.size) == 0 ? 0 : errno;
	if (why == EINPROGRESS) {
		s->line[s->count] = (struct pollfd){ .fd = fd, .events = POLLOUT };
		s->about[s->count++] = (struct asked){ port, tw_mono_ms(s->sys) + ANSWER_MS };
		return TW_OK;
	}
	(void)s->sys->close(s->sys, fd);
	if (why && why != ECONNREFUSED)
		return TW_RAISE(CLOSED, "%s: %s", s->host->text, strerror(why)); /* no way there: no port of it can be asked */
	count(s, port, why);
	return TW_OK;
}

static bool decided(struct scanning *s, size_t i, int64_t now)
{
	struct tw_host to = tw_host_at(s->host, s->about[i].port);
	int why = ETIMEDOUT;

	if (!s->line[i].revents && now < s->about[i].end)
		return false;
	if (s->line[i].revents) /* asked again, the kernel tells how it ended */
		why = s->sys->connect(s->sys, s->line[i].fd, &to.at.any, to.size) == 0 || errno == EISCONN ? 0 : errno;
	if (!why && is_itself(&to, s->line[i].fd))
		why = ECONNREFUSED;
	count(s, s->about[i].port, why);
	return true;
}

static void gather(struct scanning *s)
{
	int64_t now = tw_mono_ms(s->sys);
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		if (decided(s, i, now)) {
			(void)s->sys->close(s->sys, s->line[i].fd);
			continue;
		}
		s->line[kept] = s->line[i];
		s->about[kept++] = s->about[i];
	}
	s->count = kept;
}

static tw_err wait_some(struct scanning *s)
{
	int64_t left = s->about[0].end - tw_mono_ms(s->sys); /* the first was asked first */

	for (size_t i = 0; i < s->count; i++)
		s->line[i].revents = 0;
	if (s->sys->poll(s->sys, s->line, s->count, left > 0 ? (int)left : 0) < 0 && errno != EINTR)
		return TW_RAISE_ERRNO("waiting");
	gather(s);
	return TW_OK;
}

static tw_err run(struct scanning *s, const struct tw_port_set *wanted, void (*told)(void *user, int percent), void *user)
{
	size_t all = tw_ports_count(wanted), begun = 0;

	for (uint32_t p = 1; p < TW_PORTS; p++) {
		bool asked = false;

		while (tw_port_has(wanted, (uint16_t)p) && !asked) {
			if (s->count < AT_ONCE)
				TW_TRY(ask(s, (uint16_t)p, &asked));
			if (!asked)
				TW_TRY(wait_some(s));
		}
		begun += asked;
		if (asked && begun % AT_ONCE == 0 && told)
			told(user, (int)(begun * 100 / all));
	}
	while (s->count)
		TW_TRY(wait_some(s));
	return TW_OK;
}

/* What was lost on the way is not what is filtered: the silent ones are asked once more. */
static tw_err again(struct scanning *s)
{
	struct tw_port_set silent = s->silent;

	s->silent = (struct tw_port_set){ .bits = { 0 } };
	s->ret->asked -= s->ret->silent;
	s->ret->silent = 0;
	return run(s, &silent, NULL, NULL);
}

tw_err tw_scan_ports(const struct tw_sys *sys, const struct tw_host *host, const struct tw_port_set *wanted,
	void (*told)(void *user, int percent), void *user, struct tw_scan *ret)
{
	TW_CLEANUP(tw_freep) struct scanning *s = TW_NEW(sys, struct scanning);

	*ret = (struct tw_scan){ .asked = 0 };
	if (!s)
		return TW_RAISE(NOMEM, "ports");
	s->sys = sys;
	s->host = host;
	s->ret = ret;
	tw_err e = run(s, wanted, told, user);
	if (!tw_failed(e) && ret->silent && ret->opened + ret->closed)
		e = again(s);
	for (size_t i = 0; i < s->count; i++)
		(void)sys->close(sys, s->line[i].fd);
	return e;
}
