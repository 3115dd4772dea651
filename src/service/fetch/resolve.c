/* SPDX-License-Identifier: Apache-2.0 */
#include "service/fetch/resolve.h"

#include "base/mem.h"
#include "base/text.h"
#include "sys/clock.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <string.h>

#define PORT 53
#define ANSWER_MAX 4096
#define WAIT_S 2 /* for a server's word; one that has none is not asked for the other kind of address as well */
#define ROUNDS 2
#define HOST_MAX 253

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct tw_slice *s)
{
	while (s->size && is_blank(*s->at)) {
		s->at++;
		s->size--;
	}
}

static struct tw_slice take_word(struct tw_slice *s)
{
	struct tw_slice w = { s->at, 0 };

	while (w.size < s->size && !is_blank(w.at[w.size]))
		w.size++;
	s->at += w.size;
	s->size -= w.size;
	return w;
}

static bool parse_address(struct tw_slice word, struct sockaddr_in6 *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)ret;
	char text[INET6_ADDRSTRLEN];

	memset(ret, 0, sizeof *ret);
	if (word.size == 0 || word.size >= sizeof text)
		return false;
	memcpy(text, word.at, word.size);
	text[word.size] = '\0';
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(PORT);
		return true;
	}
	ret->sin6_family = AF_INET6;
	ret->sin6_port = htons(PORT);
	return inet_pton(AF_INET6, text, &ret->sin6_addr) == 1;
}

void tw_name_servers_parse(struct tw_slice text, struct tw_name_servers *ret)
{
	memset(ret, 0, sizeof *ret);
	while (text.size && ret->count < TW_NAME_SERVERS_MAX) {
		const char *end = memchr(text.at, '\n', text.size);
		struct tw_slice line = { text.at, end ? (size_t)(end - text.at) : text.size };

		text.at += end ? line.size + 1 : line.size;
		text.size -= end ? line.size + 1 : line.size;
		skip_blanks(&line);
		if (!tw_slice_is(take_word(&line), "nameserver"))
			continue;
		skip_blanks(&line);
		if (parse_address(take_word(&line), &ret->of[ret->count]))
			ret->count++;
	}
}

bool tw_host_is_number(const char *host)
{
	struct in6_addr a;

	return inet_pton(AF_INET, host, &a) == 1 || inet_pton(AF_INET6, host, &a) == 1;
}

static bool host_valid(const char *host)
{
	size_t size = strlen(host);

	for (const char *c = host; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '-' || *c == '.'))
			return false;
	return size > 0 && size <= HOST_MAX && host[0] != '.' && host[0] != '-';
}

struct question {
	const struct tw_sys *sys;
	const char *host;
	int64_t until;
	struct tw_buf *found;
	size_t count;
	unsigned options;
};

/* The library waits for whole seconds. */
static int wait_s(const struct question *q)
{
	const int64_t left = (q->until - tw_boot_ms(q->sys)) / 1000;

	return left < 0 ? 0 : left < WAIT_S ? (int)left : WAIT_S;
}

/*
 * One server, once: with several the library would wait for each that is silent anew at each question. An answer that is too long for a packet is taken as
 * far as it came (and EDNS leaves it room for all that we take), since over TCP the library waits for as long as the server likes. The library frees what it
 * is given here, in res_nclose.
 */
static tw_err give_server(const struct question *q, const struct sockaddr_in6 *server, struct __res_state *state)
{
	if (server->sin6_family == AF_INET) {
		memcpy(&state->nsaddr_list[0], server, sizeof state->nsaddr_list[0]);
	} else {
		struct sockaddr_in6 *v6 = TW_NEW(q->sys, struct sockaddr_in6);

		if (!v6)
			return TW_RAISE(NOMEM, "a name server's address");
		*v6 = *server;
		memset(&state->nsaddr_list[0], 0, sizeof state->nsaddr_list[0]);
		state->_u._ext.nsaddrs[0] = v6;
	}
	state->nscount = 1;
	state->retry = 1;
	state->options |= RES_NOALIASES | RES_IGNTC | q->options;
	return TW_OK;
}

static tw_err add(struct tw_buf *ret, int family, const void *address, size_t *count)
{
	char text[INET6_ADDRSTRLEN];

	if (*count == TW_ADDRESSES_MAX || !inet_ntop(family, address, text, sizeof text))
		return TW_OK;
	if (ret->size)
		TW_TRY(tw_buf_text(ret, ","));
	(*count)++;
	return tw_buf_text(ret, text);
}

/* What an answer says beside addresses of that type is not wanted; one that does not parse says nothing. */
static tw_err take_answer(const uint8_t *answer, int size, ns_type type, struct tw_buf *ret, size_t *count)
{
	const size_t want = type == ns_t_a ? 4 : 16;
	ns_msg m;
	ns_rr rr;

	if (ns_initparse(answer, size, &m) != 0)
		return TW_OK;
	for (int i = 0; i < ns_msg_count(m, ns_s_an); i++)
		if (ns_parserr(&m, ns_s_an, i, &rr) == 0 && ns_rr_type(rr) == type && ns_rr_class(rr) == ns_c_in && ns_rr_rdlen(rr) == want)
			TW_TRY(add(ret, type == ns_t_a ? AF_INET : AF_INET6, ns_rr_rdata(rr), count));
	return TW_OK;
}

/* That there is nothing is a word as well; that it cannot say, or will not, is none. */
static bool has_spoken(const struct __res_state *state, int size)
{
	return size > 0 || state->res_h_errno == HOST_NOT_FOUND || state->res_h_errno == NO_DATA;
}

static tw_err ask(struct question *q, struct __res_state *state, bool *ret_spoken)
{
	static const int types[] = { ns_t_a, ns_t_aaaa };
	uint8_t answer[ANSWER_MAX];

	*ret_spoken = true;
	for (size_t i = 0; i < TW_COUNT(types) && *ret_spoken; i++) {
		state->retrans = wait_s(q);
		int size = state->retrans ? res_nquery(state, q->host, ns_c_in, types[i], answer, sizeof answer) : 0;

		*ret_spoken = state->retrans && has_spoken(state, size);
		if (size > 0)
			TW_TRY(take_answer(answer, size < (int)sizeof answer ? size : (int)sizeof answer, (ns_type)types[i],
				q->found, &q->count));
	}
	return TW_OK;
}

static tw_err ask_server(struct question *q, const struct sockaddr_in6 *server, bool *ret_spoken)
{
	struct __res_state state = { 0 };

	if (res_ninit(&state) != 0)
		return TW_RAISE(NOMEM, "asking for a name");
	tw_err e = give_server(q, server, &state);
	if (!tw_failed(e))
		e = ask(q, &state, ret_spoken);
	res_nclose(&state);
	return e;
}

tw_err tw_resolve(const struct tw_sys *sys, const struct tw_name_servers *servers, const char *host, struct tw_buf *ret)
{
	struct question q = { .sys = sys, .host = host, .until = tw_boot_ms(sys) + TW_RESOLVE_MS, .found = ret };
	bool spoken = false;

	if (!host_valid(host))
		return TW_RAISE(SYNTAX, "no name of a host");
	if (strcmp(host, "localhost") == 0)
		return tw_buf_text(ret, "127.0.0.1,::1");
	if (servers->count == 0)
		return TW_RAISE(NOTFOUND, "the resolver configuration names no server to ask");
	for (size_t i = 0; i < ROUNDS * servers->count && !spoken && !q.count; i++) {
		q.options = i < servers->count ? RES_USE_EDNS0 : 0U; /* an old one refuses it, or drops it */
		TW_TRY(ask_server(&q, &servers->of[i % servers->count], &spoken));
	}
	if (q.count)
		return TW_OK;
	return spoken ? TW_RAISE(NOTFOUND, "no name server has an address for %s", host)
		      : TW_RAISE(NOTFOUND, "no name server answers what the address of %s is", host);
}
