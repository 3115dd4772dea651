/* SPDX-License-Identifier: Apache-2.0 */
#include "service/store/postgresql/where.h"

#include "check.h"

#include <string.h>

static void test_reads_an_address(void **state)
{
	struct tw_pg_where w;

	CHECK_OK(tw_pg_where_parse(TW_SLICE("postgresql:///desk?host=/run/postgresql&user=thingward-app\n"), &w));
	CHECK_TEXT(w.database, "desk");
	CHECK_TEXT(w.host, "/run/postgresql");
	CHECK_TEXT(w.user, "thingward-app");
	CHECK_TEXT(w.port, "5432");
	CHECK_TEXT(w.schema, "thingward");
	CHECK_OK(tw_pg_where_parse(TW_SLICE("postgresql:///d?user=u&port=5433&schema=s_1&host=/a"), &w));
	CHECK_TEXT(w.port, "5433");
	CHECK_TEXT(w.schema, "s_1");
	CHECK(!w.network);
}

static void test_reads_an_address_of_the_network(void **state)
{
	static const struct {
		const char *line, *host, *port;
	} rows[] = {
		{ "postgresql://db.example.com/desk?user=u", "db.example.com", "5432" },
		{ "postgresql://db.example.com:5433/desk?user=u\n", "db.example.com", "5433" },
		{ "postgresql://192.0.2.1:1/desk?user=u&schema=s", "192.0.2.1", "1" },
		{ "postgresql://[2001:db8::1]/desk?user=u", "2001:db8::1", "5432" },
		{ "postgresql://[2001:db8::1]:65535/desk?user=u", "2001:db8::1", "65535" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct tw_pg_where w;

		CHECK_OK(tw_pg_where_parse(tw_slice_of(rows[i].line), &w));
		CHECK(w.network);
		CHECK_TEXT(w.host, rows[i].host);
		CHECK_TEXT(w.port, rows[i].port);
		CHECK_TEXT(w.database, "desk");
	}
}

static void test_refuses(void **state)
{
	static const struct {
		const char *line;
		enum tw_code code;
		const char *why;
	} rows[] = {
		{ "", TW_CODE_SYNTAX, "postgresql:///DATABASE" },
		{ "postgresql:", TW_CODE_SYNTAX, "postgresql:///DATABASE" },
		{ "sqlite:///x", TW_CODE_SYNTAX, "postgresql:///DATABASE" },
		{ "postgresql://db.example.com/desk?user=u&sslmode=disable", TW_CODE_UNSUPPORTED, "store.tls" },
		{ "postgresql://db.example.com/desk?user=u&sslrootcert=/a", TW_CODE_UNSUPPORTED, "store.tls" },
		{ "postgresql://db.example.com/desk?user=u&password=x", TW_CODE_UNSUPPORTED, "store.password" },
		{ "postgresql://u:x@db.example.com/desk?user=u", TW_CODE_SYNTAX, "port is a number" },
		{ "postgresql://u@db.example.com/desk?user=u", TW_CODE_SYNTAX, "the server's name may have" },
		{ "postgresql://db.example.com/desk?user=u&host=/a", TW_CODE_SYNTAX, "between // and /" },
		{ "postgresql://db.example.com/desk?user=u&port=1", TW_CODE_SYNTAX, "'port' is none of" },
		{ "postgresql://db.example.com:/desk?user=u", TW_CODE_SYNTAX, "port" },
		{ "postgresql://db.example.com:x/desk?user=u", TW_CODE_SYNTAX, "port" },
		{ "postgresql://db.example.com:0/desk?user=u", TW_CODE_SYNTAX, "port" },
		{ "postgresql://[::1/desk?user=u", TW_CODE_SYNTAX, "behind [" },
		{ "postgresql://[::1]5/desk?user=u", TW_CODE_SYNTAX, "behind ]" },
		{ "postgresql://db.example.com/?user=u", TW_CODE_SYNTAX, "the database" },
		{ "postgresql://db.example.com/desk", TW_CODE_SYNTAX, "wants host" },
		{ "postgresql:///desk?host=db.example.com&user=u", TW_CODE_SYNTAX, "one of the network is" },
		{ "postgresql:///?host=/a&user=u", TW_CODE_SYNTAX, "the database" },
		{ "postgresql:///d", TW_CODE_SYNTAX, "wants host" },
		{ "postgresql:///d?host=/a", TW_CODE_SYNTAX, "wants host" },
		{ "postgresql:///d?host=/a&user=u'", TW_CODE_SYNTAX, "user may have" },
		{ "postgresql:///d\";?host=/a&user=u", TW_CODE_SYNTAX, "the database may have" },
		{ "postgresql:///d?host=/a&user=u&schema=s-1", TW_CODE_SYNTAX, "schema may have" },
		{ "postgresql:///d?host=/a&user=u&schema=", TW_CODE_SYNTAX, "schema may have" },
		{ "postgresql:///d?host=/a&user=u&port=0", TW_CODE_SYNTAX, "port" },
		{ "postgresql:///d?host=/a&user=u&port=65536", TW_CODE_SYNTAX, "port" },
		{ "postgresql:///d?host=/a&user=u&password=x", TW_CODE_UNSUPPORTED, "store.password" },
		{ "postgresql:///d?host=/a&user=u&options=x", TW_CODE_SYNTAX, "'options' is none of" },
		{ "postgresql:///d?host=/a&user=abcdefghijklmnopqrstuvwxyz0123456", TW_CODE_SYNTAX, "more than 32 bytes" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct tw_pg_where w;
		tw_err e = tw_pg_where_parse(tw_slice_of(rows[i].line), &w);

		CHECK_INT(e.code, rows[i].code);
		CHECK(strstr(tw_err_detail(), rows[i].why) != NULL);
	}
}

static void test_refuses_a_line_that_is_too_long(void **state)
{
	char line[TW_PG_WHERE_MAX + 2];
	struct tw_pg_where w;

	memset(line, 'a', sizeof line);
	CHECK_ERR(tw_pg_where_parse((struct tw_slice){ line, sizeof line }, &w), SYNTAX);
	CHECK_ERR(tw_pg_where_parse((struct tw_slice){ "a\0b", 3 }, &w), SYNTAX);
}

CHECK_MAIN(cmocka_unit_test(test_reads_an_address), cmocka_unit_test(test_reads_an_address_of_the_network),
	cmocka_unit_test(test_refuses), cmocka_unit_test(test_refuses_a_line_that_is_too_long))
