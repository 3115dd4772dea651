/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the management is out of reach of external networks. The assessor's machine has an address in the networks that may manage the
 * device, by which all of this goes, and another that is in none, which is named: from there nothing may answer. That a silence is the
 * device's, and not that of a way that leads nowhere, is known by a port at which nobody listens, or by what the device counts.
 */
#include "tool/probes/reach.h"

#include "base/fd.h"
#include "formats/network.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define FILTER "/api/v1/firewall"
#define SILENT_MS 1000
#define COUNTED_MS 3000

/* SO_ERROR is not of the seam: to connect again says the same. */
static enum tw_came outcome(const struct tw_sys *sys, int fd, const struct addrinfo *to)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	if (sys->connect(sys, fd, to->ai_addr, to->ai_addrlen) == 0)
		return TW_CAME_IN;
	if (errno != EINPROGRESS)
		return errno == ECONNREFUSED ? TW_CAME_REFUSED : TW_CAME_NOWHERE;
	if (sys->poll(sys, &p, 1, SILENT_MS) <= 0)
		return TW_CAME_NOTHING;
	if (sys->connect(sys, fd, to->ai_addr, to->ai_addrlen) == 0 || errno == EISCONN)
		return TW_CAME_IN;
	return errno == ECONNREFUSED ? TW_CAME_REFUSED : TW_CAME_NOWHERE;
}

static tw_err look_up(const char *host, const char *port, int family, struct addrinfo **ret)
{
	const struct addrinfo want = { .ai_family = family, .ai_socktype = SOCK_STREAM };

	return getaddrinfo(host, port, &want, ret) == 0 ? TW_OK : TW_RAISE(CLOSED, "%.80s has no address", host);
}

static tw_err connect_between(const struct tw_sys *sys, const struct addrinfo *from, const struct addrinfo *to, enum tw_came *ret)
{
	TW_CLEANUP(tw_closep) int fd = sys->socket(sys, to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return TW_RAISE_ERRNO("a socket");
	if (sys->bind(sys, fd, from->ai_addr, from->ai_addrlen))
		return TW_RAISE_ERRNO("this machine has no such address");
	*ret = outcome(sys, fd, to);
	return TW_OK;
}

tw_err tw_reach_from(const struct tw_sys *sys, const char *outside, const char *host, const char *port, enum tw_came *ret)
{
	struct addrinfo *from = NULL, *to = NULL;
	tw_err e = look_up(outside, NULL, strchr(outside, ':') ? AF_INET6 : AF_INET, &from);

	if (!tw_failed(e))
		e = look_up(host, port, from->ai_family, &to);
	if (!tw_failed(e))
		e = connect_between(sys, from, to, ret);
	if (from)
		freeaddrinfo(from);
	if (to)
		freeaddrinfo(to);
	return e;
}

/* HOST:PORT in two, the host without the brackets of IPv6. */
void tw_reach_parts(const char *address, char host[256], char port[8])
{
	const char *end = strrchr(address, ':');
	const size_t size = end ? (size_t)(end - address) : strlen(address);
	const bool bracketed = size > 1 && address[0] == '[' && address[size - 1] == ']';

	(void)snprintf(host, 256, "%.*s", (int)(bracketed ? size - 2 : size), address + bracketed);
	(void)snprintf(port, 8, "%s", end ? end + 1 : "443");
}

static bool may_manage(const char *networks, const char *address)
{
	struct tw_network one, all;
	char word[TW_NETWORK_TEXT_MAX];

	if (tw_failed(tw_network_read(address, &one)))
		return false;
	for (const char *at = networks; *at; at += strspn(at, " ")) {
		const size_t size = strcspn(at, " ");

		(void)snprintf(word, sizeof word, "%.*s", (int)(size < sizeof word ? size : 0), at);
		if (!tw_failed(tw_network_read(word, &all)) && tw_network_inside(&one, &all))
			return true;
		at += size;
	}
	return false;
}

/* Does the device count what it drops? How often it looks is a setting; a short time is waited for it. */
static bool counts(struct tw_probe_context *c, int64_t before)
{
	const int64_t until = tw_probe_now_us(c->sys) + COUNTED_MS * INT64_C(1000);
	const struct timespec pause = { 0, 200000000 };

	while (tw_probe_now_us(c->sys) < until) {
		TW_CLEANUP(tw_answer_done) struct tw_answer now = { 0 };

		if (tw_failed(tw_order(c, "GET", FILTER, &now)))
			return false;
		if (tw_json_int(now.body, "dropped_in") > before)
			return true;
		(void)nanosleep(&pause, NULL);
	}
	return false;
}

static tw_err judge_silence(struct tw_probe_context *c, const char *host, const json_t *filter, struct tw_finding *f)
{
	enum tw_came other = TW_CAME_NOTHING;

	TW_TRY(tw_reach_from(c->sys, c->outside, host, TW_REACH_CLOSED_PORT, &other));
	if (other != TW_CAME_REFUSED && !counts(c, tw_json_int(filter, "dropped_in")))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"From %.60s nothing answers at all, and the device has not counted what it dropped: it may be that nothing gets there. "
			"See to the way, and set firewall.period to 1.",
			c->outside);
	if (strcmp(tw_json_text(filter, "mode"), "enforce") != 0 || !tw_json_bool(filter, "holds"))
		return tw_found(f, TW_VERDICT_FAIL, "From %.60s nothing answers, but it is not the device that sees to it: %.300s",
			c->outside, tw_json_text(filter, "why")[0] ? tw_json_text(filter, "why") : "its packet filter is off.");
	return tw_found(f, TW_VERDICT_PASS,
		"The device answers this machine in the networks of its management, and from %.60s, which is in none of them, its port does not answer; %s.",
		c->outside, other == TW_CAME_REFUSED ? "one at which nobody listens refuses" : "the device counts what it dropped");
}

/* @nist LA.IC.8: from elsewhere its port is filtered, from the networks of the management it answers */
static tw_err is_out_of_reach(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer filter = { 0 };
	enum tw_came came = TW_CAME_NOTHING;
	char host[256], port[8];
	tw_err e = tw_order(c, "GET", FILTER, &filter);

	if (tw_failed(e))
		return tw_found_trouble(f, "The packet filter", e);
	TW_TRY(tw_saw(f, "management", tw_json_text(filter.body, "management")));
	if (!c->outside)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"Who is kept out is seen from outside: give this machine an address in none of the networks of the management, "
			"and name it with --outside-from ADDRESS.");
	if (may_manage(tw_json_text(filter.body, "management"), c->outside))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"%.60s is in a network of the management. Name an address that is in none.", c->outside);
	tw_reach_parts(c->target[0].session.device.address, host, port);
	e = tw_reach_from(c->sys, c->outside, host, port, &came);
	if (tw_failed(e))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "From %.60s: %.200s", c->outside, tw_err_detail());
	if (came == TW_CAME_IN)
		return tw_found(f, TW_VERDICT_FAIL,
			"From %.60s, in no network of the management, the port of the management answers.", c->outside);
	if (came != TW_CAME_NOTHING)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "From %.60s the port is refused or there is no way, and not filtered.",
			c->outside);
	e = judge_silence(c, host, filter.body, f);
	return tw_failed(e) ? tw_found_trouble(f, "The way from outside", e) : TW_OK;
}

const struct tw_probe tw_probes_reach[] = {
	{ "LA.IC.8", "is-out-of-reach", TW_SOURCE_OUTSIDE, "Is the management out of reach of external networks?", is_out_of_reach },
	{},
};
