/* SPDX-License-Identifier: Apache-2.0 */
/* The resolver's configuration, and names that nobody has to be asked about. */
#include "service/fetch/resolve.h"

#include "base/mem.h"
#include "check.h"
#include "sys/real.h"

#include <arpa/inet.h>

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

CHECK_MAIN(cmocka_unit_test(test_configuration), cmocka_unit_test(test_names))
