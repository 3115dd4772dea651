/* SPDX-License-Identifier: Apache-2.0 */
/* Who takes gzip, by rows. */
#include "service/http/http.h"

#include "check.h"

#define A "Accept-Encoding:"
static const struct {
	const char *fields;
	bool takes;
} rows[] = {
	{ "", true },
	{ "Accept: text/html\r\n", true },
	{ A " gzip\r\n", true },
	{ "ACCEPT-ENCODING: GZip\r\n", true },
	{ A " x-gzip\r\n", true },
	{ A " gzip, deflate, br, zstd\r\n", true },
	{ A " deflate ,\tgzip\r\n", true },
	{ A " ,,gzip,\r\n", true },
	{ A " *\r\n", true },
	{ A " br, *;q=0.1\r\n", true },
	{ A " gzip;q=1\r\n", true },
	{ A " gzip;q=1.000\r\n", true },
	{ A " gzip ; Q=0.001\r\n", true },
	{ A " gzip;q=0.\r\n", false },
	{ A " gzip;q=0.5, *;q=0\r\n", true },
	{ A " *;q=0, gzip\r\n", true },
	{ A " br\r\n" A " gzip\r\n", true },
	{ A " gzip;q=0, x-gzip\r\n", true },
	{ A "\r\n", false },
	{ A " identity\r\n", false },
	{ A " br, deflate\r\n", false },
	{ A " gzip;q=0\r\n", false },
	{ A " gzip;q=0.000\r\n", false },
	{ A " *;q=0\r\n", false },
	{ A " gzip;q=0, *\r\n", false },
	{ A " *, gzip;q=0\r\n", false },
	{ A " br\r\n" A " identity\r\n", false },
	{ A " gzipped\r\n", false },
	{ A " gzi\r\n", false },
	{ A " gzip deflate\r\n", false },
	{ A " **\r\n", false },
	/* Not of the form: the element says nothing. */
	{ A " gzip;q=\r\n", false },
	{ A " gzip;\r\n", false },
	{ A " gzip;q=2\r\n", false },
	{ A " gzip;q=1.001\r\n", false },
	{ A " gzip;q=0.0001\r\n", false },
	{ A " gzip;q=11\r\n", false },
	{ A " gzip;q=0:5\r\n", false },
	{ A " gzip;q=0.x\r\n", false },
	{ A " gzip;q=.5\r\n", false },
	{ A " gzip;r=1\r\n", false },
	{ A " gzip;q:1\r\n", false },
	{ A " gzip;q=1;q=1\r\n", false },
	{ A " gzip;level=9\r\n", false },
	{ A " gzip;q=0x, *\r\n", true },
	{ A " ;q=1\r\n", false },
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[256];
		struct tw_http_head h;
		struct tw_http_fault f = { 0 };

		(void)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n%s\r\n", rows[i].fields);
		CHECK_OK(tw_http_parse((struct tw_slice){ text, strlen(text) }, &h, &f));
		if (tw_http_takes_gzip(&h) != rows[i].takes)
			fail_msg("%s: want %d", rows[i].fields, rows[i].takes);
	}
}

CHECK_MAIN(cmocka_unit_test(test_rows))
