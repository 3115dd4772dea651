/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/clientdata.h"

#include "check.h"
#include "oom.h"

#define GOOD "{\"type\":\"webauthn.get\",\"challenge\":\"abc\",\"origin\":\"https://pump.example\"}"
#define WITH(more) "{\"type\":\"webauthn.get\",\"challenge\":\"abc\",\"origin\":\"https://pump.example\"," more "}"

static const struct tw_client_data_want want = { TW_CLIENT_GET, "abc", "https://pump.example" };

static void test_rows(void **state)
{
	static const struct {
		const char *text;
		enum tw_code code;
	} rows[] = {
		{ GOOD, TW_CODE_OK },
		{ WITH("\"crossOrigin\":false"), TW_CODE_OK },
		{ WITH("\"other_keys_can_be_added_here\":\"do not compare\""), TW_CODE_OK },
		{ WITH("\"crossOrigin\":true"), TW_CODE_DENIED },
		{ WITH("\"crossOrigin\":\"false\""), TW_CODE_DENIED },
		{ WITH("\"topOrigin\":\"https://pump.example\""), TW_CODE_DENIED },
		{ WITH("\"type\":\"webauthn.get\""), TW_CODE_SYNTAX },
		{ "{\"type\":\"webauthn.create\",\"challenge\":\"abc\",\"origin\":\"https://pump.example\"}", TW_CODE_DENIED },
		{ "{\"type\":\"webauthn.get\",\"challenge\":\"abd\",\"origin\":\"https://pump.example\"}", TW_CODE_DENIED },
		{ "{\"type\":\"webauthn.get\",\"challenge\":\"abc\\u0000\",\"origin\":\"https://pump.example\"}", TW_CODE_SYNTAX },
		{ "{\"type\":\"webauthn.get\",\"challenge\":\"\",\"origin\":\"https://pump.example\"}", TW_CODE_DENIED },
		{ "{\"type\":\"webauthn.get\",\"challenge\":7,\"origin\":\"https://pump.example\"}", TW_CODE_DENIED },
		{ "{\"type\":\"webauthn.get\",\"challenge\":\"abc\",\"origin\":\"https://pump.example:8443\"}", TW_CODE_DENIED },
		{ "{\"type\":\"webauthn.get\",\"challenge\":\"abc\",\"origin\":\"http://pump.example\"}", TW_CODE_DENIED },
		{ "{\"type\":\"webauthn.get\",\"challenge\":\"abc\",\"origin\":\"https://pump.example.evil\"}", TW_CODE_DENIED },
		{ "{\"challenge\":\"abc\",\"origin\":\"https://pump.example\"}", TW_CODE_DENIED },
		{ "{\"type\":\"webauthn.get\",\"origin\":\"https://pump.example\"}", TW_CODE_DENIED },
		{ "{\"type\":\"webauthn.get\",\"challenge\":\"abc\"}", TW_CODE_DENIED },
		{ "[]", TW_CODE_SYNTAX },
		{ "", TW_CODE_SYNTAX },
		{ GOOD "x", TW_CODE_SYNTAX },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_err e = tw_client_data_check(tw_slice_of(rows[i].text), &want);

		if (e.code != rows[i].code)
			fail_msg("%s: %s", rows[i].text, tw_code_name(e.code));
	}
}

static void test_is_bounded(void **state)
{
	static char text[TW_CLIENT_DATA_MAX + 2];

	memset(text, ' ', sizeof text - 1);
	memcpy(text, GOOD, sizeof GOOD - 1);
	text[TW_CLIENT_DATA_MAX] = '\0';
	CHECK_OK(tw_client_data_check(tw_slice_of(text), &want));
	text[TW_CLIENT_DATA_MAX] = ' ';
	CHECK_ERR(tw_client_data_check(tw_slice_of(text), &want), LIMIT);
}

static tw_err one(const struct tw_sys *sys, void *user)
{
	return tw_client_data_check(TW_SLICE(GOOD), &want);
}

static void test_without_memory(void **state)
{
	CHECK(oom_sweep(one, NULL) > 0);
}

CHECK_MAIN(cmocka_unit_test(test_rows), cmocka_unit_test(test_is_bounded), cmocka_unit_test(test_without_memory))
