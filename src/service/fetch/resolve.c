/* SPDX-License-Identifier: Apache-2.0 */
#include "service/fetch/resolve.h"

#include "base/mem.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <resolv.h>
#include <string.h>

#define PORT 53
#define ANSWER_MAX 4096
#define WAIT_S 2 /* for each server, doubling with each round */
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

/* The library frees what it is given here, in res_nclose. */
static tw_err give_servers(const struct tw_sys *sys, const struct tw_name_servers *servers, struct __res_state *state)
{
	state->nscount = 0;
	for (size_t i = 0; i < servers->count; i++) {
		if (servers->of[i].sin6_family == AF_INET) {
			memcpy(&state->nsaddr_list[i], &servers->of[i], sizeof state->nsaddr_list[i]);
		} else {
			struct sockaddr_in6 *v6 = TW_NEW(sys, struct sockaddr_in6);

			if (!v6)
				return TW_RAISE(NOMEM, "a name server's address");
			*v6 = servers->of[i];
			memset(&state->nsaddr_list[i], 0, sizeof state->nsaddr_list[i]);
			state->_u._ext.nsaddrs[i] = v6;
		}
		state->nscount++;
	}
	state->retrans = WAIT_S;
	state->retry = ROUNDS;
	state->options |= RES_NOALIASES;
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

static tw_err ask(struct __res_state *state, const char *host, struct tw_buf *ret, size_t *count)
{
	static const int types[] = { ns_t_a, ns_t_aaaa };
	uint8_t answer[ANSWER_MAX];

	for (size_t i = 0; i < TW_COUNT(types); i++) {
		int size = res_nquery(state, host, ns_c_in, types[i], answer, sizeof answer);

		if (size > 0)
			TW_TRY(take_answer(answer, size < (int)sizeof answer ? size : (int)sizeof answer, (ns_type)types[i], ret, count));
	}
	return TW_OK;
}

tw_err tw_resolve(const struct tw_sys *sys, const struct tw_name_servers *servers, const char *host, struct tw_buf *ret)
{
	struct __res_state state = { 0 };
	size_t count = 0;

	if (!host_valid(host))
		return TW_RAISE(SYNTAX, "no name of a host");
	if (strcmp(host, "localhost") == 0)
		return tw_buf_text(ret, "127.0.0.1,::1");
	if (servers->count == 0)
		return TW_RAISE(NOTFOUND, "the resolver configuration names no server to ask");
	if (res_ninit(&state) != 0)
		return TW_RAISE(NOMEM, "asking for a name");
	tw_err e = give_servers(sys, servers, &state);
	if (!tw_failed(e))
		e = ask(&state, host, ret, &count);
	res_nclose(&state);
	TW_TRY(e);
	return count ? TW_OK : TW_RAISE(NOTFOUND, "no name server has an address for %s", host);
}
