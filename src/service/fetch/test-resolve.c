/* SPDX-License-Identifier: Apache-2.0 */
/* The resolver's configuration, names that nobody has to be asked about, and name servers that say nothing. */
#include "service/fetch/resolve.h"

#include "base/mem.h"
#include "check.h"
#include "sys/real.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <unistd.h>

static const struct {
	const char *text;
	size_t count;
	const char *first; /* NULL: there is none */
} rows[] = {
	{ "", 0, NULL },
	{ "nameserver 192.0.2.1\n", 1, "192.0.2.1" },
	{ "nameserver 192.0.2.1", 1, "192.0.2.1" },
	{ "  nameserver\t192.0.2.1  # ours\r\nsearch example\n", 1, "192.0.2.1" },
	{ "nameserver 2001:db8::53\nnameserver 192.0.2.2\n", 2, "2001:db8::53" },
	{ "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n", TW_NAME_SERVERS_MAX, "192.0.2.1" },
	{ "#nameserver 192.0.2.1\n;nameserver 192.0.2.1\nnameservers 192.0.2.1\n", 0, NULL },
	{ "nameserver\nnameserver \nnameserver dns.example\nnameserver 300.1.1.1\nnameserver 1.2.3\n", 0, NULL },
	{ "nameserver fe80::1%eth0\n", 0, NULL },
	{ "nameserver 1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc\n", 0, NULL },
};

static void test_configuration(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_name_servers s;
		char text[INET6_ADDRSTRLEN] = "";

		tw_name_servers_parse(tw_slice_of(rows[i].text), &s);
		CHECK_INT(s.count, rows[i].count);
		if (!rows[i].first)
			continue;
		if (s.of[0].sin6_family == AF_INET)
			(void)inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)&s.of[0])->sin_addr, text, sizeof text);
		else
			(void)inet_ntop(AF_INET6, &s.of[0].sin6_addr, text, sizeof text);
		CHECK_TEXT(text, rows[i].first);
		CHECK_INT(ntohs(s.of[0].sin6_port), 53);
	}
}

static tw_err resolve(const char *host)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const struct tw_name_servers none = { 0 };

	tw_buf_init(&b, tw_sys_real(), 100);
	TW_TRY(tw_resolve(tw_sys_real(), &none, host, &b));
	CHECK_TEXT(tw_buf_cstr(&b), "127.0.0.1,::1");
	return TW_OK;
}

static void test_names(void **state)
{
	char big[255];

	CHECK_OK(resolve("localhost"));
	CHECK_ERR(resolve("est.example"), NOTFOUND); /* there is nobody to ask */
	CHECK_ERR(resolve(""), SYNTAX);
	CHECK_ERR(resolve("a b"), SYNTAX);
	CHECK_ERR(resolve("a_b"), SYNTAX);
	CHECK_ERR(resolve("-a"), SYNTAX);
	CHECK_ERR(resolve(".a"), SYNTAX);
	CHECK_ERR(resolve("a\n"), SYNTAX);
	memset(big, 'a', sizeof big);
	big[254] = '\0';
	CHECK_ERR(resolve(big), SYNTAX);
	big[253] = '\0';
	CHECK_ERR(resolve(big), NOTFOUND);
	CHECK(tw_host_is_number("127.0.0.1") && tw_host_is_number("::1") && tw_host_is_number("2001:db8::1"));
	CHECK(!tw_host_is_number("localhost") && !tw_host_is_number("1.2.3") && !tw_host_is_number("[::1]"));
}

/* --- Name servers --- */

enum { SILENT, HELPFUL, UNSURE, EMPTY, OLD }; /* OLD: knows no EDNS */
struct name_server {
	int fd, what;
	pthread_t thread;
};

/* The question is sent back with what is said to it: for an IPv4 address 192.0.2.7, for others nothing. */
static size_t word(int what, uint8_t *m, size_t size)
{
	static const uint8_t address[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 7 };
	size_t end = 12;

	while (end < size && m[end])
		end += m[end] + 1U;
	const bool refuses = what == OLD && m[11], found = (what == HELPFUL || what == OLD) && !refuses && m[end + 2] == 1;
	end += 5;
	m[2] = 0x81;
	m[3] = what == UNSURE ? 0x82 : refuses ? 0x81 : 0x80;
	memset(m + 6, 0, 6);
	m[7] = found;
	if (found)
		memcpy(m + end, address, sizeof address);
	return end + (found ? sizeof address : 0);
}

/* Until it is sent a packet of one byte. */
static void *serve(void *user)
{
	const struct name_server *s = user;
	uint8_t m[2048];
	struct sockaddr_in from;

	for (;;) {
		socklen_t width = sizeof from;
		const ssize_t size = recvfrom(s->fd, m, 1024, 0, (struct sockaddr *)&from, &width);

		if (size < 17)
			return NULL;
		if (s->what != SILENT)
			(void)sendto(s->fd, m, word(s->what, m, (size_t)size), 0, (struct sockaddr *)&from, width);
	}
}

static void start(struct name_server *s, int what, struct sockaddr_in6 *ret)
{
	struct sockaddr_in *a = (struct sockaddr_in *)(void *)ret;
	socklen_t width = sizeof *a;

	*a = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	s->what = what;
	s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK(s->fd >= 0 && bind(s->fd, (struct sockaddr *)a, width) == 0 && getsockname(s->fd, (struct sockaddr *)a, &width) == 0);
	CHECK_INT(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop(struct name_server *s, const struct sockaddr_in6 *at)
{
	CHECK_INT(sendto(s->fd, "", 1, 0, (const struct sockaddr *)at, sizeof(struct sockaddr_in)), 1);
	CHECK_INT(pthread_join(s->thread, NULL), 0);
	close(s->fd);
}

static int64_t now_ms(void)
{
	struct timespec t;

	CHECK_INT(clock_gettime(CLOCK_BOOTTIME, &t), 0);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A server that drops packets costs its time once, not for each kind of address; and all of them together no more than they may. */
static void test_servers(void **state)
{
	static const struct {
		int what[TW_NAME_SERVERS_MAX];
		size_t count;
		const char *found; /* else why not */
		int64_t ms;        /* no more than that, and less than another wait for a busy machine */
	} asked[] = {
		{ { HELPFUL }, 1, "192.0.2.7", 0 },
		{ { OLD }, 1, "192.0.2.7", 0 },
		{ { UNSURE, HELPFUL }, 2, "192.0.2.7", 0 },
		{ { SILENT, HELPFUL }, 2, "192.0.2.7", 2000 },
		{ { SILENT, SILENT, HELPFUL }, 3, "192.0.2.7", 4000 },
		{ { EMPTY, HELPFUL }, 2, "no name server has an address", 0 },
		{ { UNSURE }, 1, "no name server answers", 0 },
		{ { SILENT, SILENT, SILENT }, 3, "no name server answers", TW_RESOLVE_MS },
	};

	for (size_t i = 0; i < TW_COUNT(asked); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		struct tw_name_servers servers = { .count = asked[i].count };
		struct name_server all[TW_NAME_SERVERS_MAX];

		tw_buf_init(&b, tw_sys_real(), 100);
		for (size_t k = 0; k < asked[i].count; k++)
			start(&all[k], asked[i].what[k], &servers.of[k]);
		const int64_t begun = now_ms();
		const bool failed = tw_failed(tw_resolve(tw_sys_real(), &servers, "store.example", &b));
		CHECK(now_ms() - begun >= asked[i].ms * 4 / 5 && now_ms() - begun < asked[i].ms + 1900);
		if (failed)
			CHECK(strstr(tw_err_detail(), asked[i].found));
		else
			CHECK_TEXT(tw_buf_cstr(&b), asked[i].found);
		for (size_t k = 0; k < asked[i].count; k++)
			stop(&all[k], &servers.of[k]);
	}
}

CHECK_MAIN(cmocka_unit_test(test_configuration), cmocka_unit_test(test_names), cmocka_unit_test(test_servers))
