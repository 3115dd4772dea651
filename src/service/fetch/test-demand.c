/* SPDX-License-Identifier: Apache-2.0 */
/* The words of policy about other systems, and whom an address leads to. */
#include "service/fetch/demand.h"

#include "base/mem.h"
#include "check.h"

static void test_words(void **state)
{
	uint16_t suites = 0;
	uint8_t groups = 0;

	CHECK_OK(tw_demand_suites_read("", &suites));
	CHECK_INT(suites, TW_DEMAND_ALL_SUITES);
	CHECK_OK(tw_demand_suites_read("TLS_AES_128_GCM_SHA256", &suites));
	CHECK_INT(suites, 1 << 2);
	CHECK_OK(tw_demand_suites_read("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384", &suites));
	CHECK_INT(suites, (1 << 8) | 1);
	CHECK_OK(tw_demand_groups_read("", &groups));
	CHECK_INT(groups, TW_DEMAND_ALL_GROUPS);
	CHECK_OK(tw_demand_groups_read("P-384 X25519", &groups));
	CHECK_INT(groups, 5);
	CHECK_ERR(tw_demand_suites_read("TLS_RSA_WITH_AES_128_CBC_SHA", &suites), SYNTAX);
	CHECK_ERR(tw_demand_suites_read("TLS_AES_128_GCM_SHA256 ", &suites), SYNTAX);
	CHECK_ERR(tw_demand_suites_read(" ", &suites), SYNTAX);
	CHECK_ERR(tw_demand_groups_read("P-256  P-384", &groups), SYNTAX);
	CHECK_ERR(tw_demand_groups_read("p-256", &groups), SYNTAX);
}

static void test_places(void **state)
{
	static const struct {
		const char *url, *place; /* "": it is none */
	} rows[] = {
		{ "https://a.example", "a.example:443" },
		{ "HTTPS://A.Example/x", "a.example:443" },
		{ "https://a.example.:8443?x", "a.example:8443" },
		{ "https://a.example:00443/", "" },
		{ "https://a.example#x", "a.example:443" },
		{ "https://192.0.2.1:1/", "192.0.2.1:1" },
		{ "https://[2001:DB8::1]/", "[2001:db8::1]:443" },
		{ "https://[2001:db8::1]:8443/a@b%20", "[2001:db8::1]:8443" },
		{ "http://a.example/", "" },
		{ "https://", "" },
		{ "https:///x", "" },
		{ "https://:443/", "" },
		{ "https://a.example:/", "" },
		{ "https://a.example:65536/", "" },
		{ "https://a.example:x/", "" },
		{ "https://me@a.example/", "" },
		{ "https://%61.example/", "" },
		{ "https://a.example\\@b/", "" },
		{ "https://[2001:db8::1/", "" },
		{ "https://[2001:db8::1]x/", "" },
		{ "https://a b/", "" },
		{ "", "" },
	};
	char place[TW_DEMAND_PLACE_MAX + 1], url[400] = "https://";

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const bool is = tw_demand_place(tw_slice_of(rows[i].url), place);

		if (is != (*rows[i].place != '\0') || (is && strcmp(place, rows[i].place) != 0))
			fail_msg("row %zu: %s", i, rows[i].url);
	}
	memset(url + 8, 'a', TW_DEMAND_PLACE_MAX - 8);
	CHECK(tw_demand_place(tw_slice_of(url), place));
	url[TW_DEMAND_PLACE_MAX] = 'a';
	CHECK(!tw_demand_place(tw_slice_of(url), place));
}

CHECK_MAIN(cmocka_unit_test(test_words), cmocka_unit_test(test_places))
