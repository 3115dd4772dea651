/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the device alone, by datagrams: what it offers by DNS-SD and by UPnP. */
#include "tool/outside/look.h"
#include "tool/outside/told.h"

#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#define MDNS_PORT 5353
#define SSDP_PORT 1900
#define WAIT_MS 700
#define DATAGRAM_MAX 9000 /* of mDNS, RFC 6762 section 17 */
#define ANSWERS_MAX 32
#define SSDP_SEARCH "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n"

struct asking {
	const struct tw_sys *sys;
	struct tw_seen *seen;
	struct tw_services services;
	char answer[DATAGRAM_MAX];
	int fd;
	uint16_t port;
};

static void asking_free(struct asking **a)
{
	if (*a && (*a)->fd >= 0)
		(void)(*a)->sys->close((*a)->sys, (*a)->fd);
	free(*a);
}

static tw_err begin(const struct tw_sys *sys, struct tw_seen *s, uint16_t port, struct asking **ret)
{
	struct asking *a = TW_NEW(sys, struct asking);

	if (!a)
		return TW_RAISE(NOMEM, "questions");
	*ret = a;
	a->sys = sys;
	a->seen = s;
	a->port = port;
	a->fd = sys->socket(sys, s->host.at.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return a->fd < 0 ? TW_RAISE_ERRNO("a socket") : TW_OK;
}

/* Whoever answers SSDP may do so from any port; from another address it is not the device that was asked. */
static bool is_host(const struct tw_host *h, const union tw_place_ip *from)
{
	if (from->any.sa_family != h->at.any.sa_family)
		return false;
	return h->at.any.sa_family == AF_INET ? from->v4.sin_addr.s_addr == h->at.v4.sin_addr.s_addr
					      : !memcmp(&from->v6.sin6_addr, &h->at.v6.sin6_addr, sizeof from->v6.sin6_addr);
}

static tw_err read_one(struct asking *a, struct tw_slice got)
{
	tw_err e = a->port == MDNS_PORT ? tw_mdns_read(got, &a->seen->told, &a->services) : tw_ssdp_read(got, &a->seen->told);

	a->seen->told_cut |= tw_is(e, TW_CODE_LIMIT);
	return tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT) ? TW_OK : e; /* what is broken or too much tells no more */
}

/* Sends one question and takes what comes until it is quiet. */
static tw_err ask(struct asking *a, const char *words, struct tw_slice question)
{
	struct iovec out = { (void *)question.at, question.size };
	struct tw_host to = tw_host_at(&a->seen->host, a->port);
	struct msghdr send = { .msg_name = &to.at, .msg_namelen = to.size, .msg_iov = &out, .msg_iovlen = 1 };
	struct pollfd p = { .fd = a->fd, .events = POLLIN };

	if (a->sys->sendmsg(a->sys, a->fd, &send, 0) < 0)
		return TW_OK;
	for (size_t n = 0; n < ANSWERS_MAX && a->sys->poll(a->sys, &p, 1, n ? WAIT_MS / 4 : WAIT_MS) > 0; n++) {
		struct iovec in = { a->answer, sizeof a->answer };
		union tw_place_ip from = { .any = { 0 } };
		struct msghdr receive = { .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &in, .msg_iovlen = 1 };
		ssize_t size = a->sys->recvmsg(a->sys, a->fd, &receive, 0);
		if (size < 0)
			break; /* refused: nobody is there */
		if (!is_host(&a->seen->host, &from))
			continue;
		struct tw_slice got = { a->answer, (size_t)size };
		TW_TRY(tw_seen_log(a->seen, "told", a->port == MDNS_PORT ? "mDNS" : "SSDP", a->port, words, got));
		TW_TRY(read_one(a, got));
	}
	return TW_OK;
}

static tw_err ask_mdns(const struct tw_sys *sys, struct tw_seen *s)
{
	TW_CLEANUP(asking_free) struct asking *a = NULL;

	TW_TRY(begin(sys, s, MDNS_PORT, &a));
	(void)snprintf(a->services.name[a->services.count++], TW_DNS_NAME_MAX, "_services._dns-sd._udp.local");
	for (size_t i = 0; i < a->services.count; i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf question = { 0 };
		tw_buf_init(&question, sys, 512);
		if (tw_failed(tw_mdns_question(a->services.name[i], &question)))
			continue; /* a name that its own device made up, and that cannot be asked for */
		TW_TRY(ask(a, a->services.name[i], tw_buf_slice(&question)));
		if (i == 0 && a->services.count == 1)
			break;
	}
	return TW_OK;
}

tw_err tw_ask_services(const struct tw_sys *sys, struct tw_seen *s)
{
	TW_CLEANUP(asking_free) struct asking *a = NULL;

	TW_TRY(ask_mdns(sys, s));
	TW_TRY(begin(sys, s, SSDP_PORT, &a));
	return ask(a, "M-SEARCH", TW_SLICE(SSDP_SEARCH));
}
