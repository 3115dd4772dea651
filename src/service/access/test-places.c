/* SPDX-License-Identifier: Apache-2.0 */
#include "service/access/places.h"

#include "base/mem.h"
#include "check.h"

#define NOW 1000

/* Account by letter, '.' free; the next row how long each lasts, by digit, 0: it ends now. Then who comes, and whose he takes. */
static const struct {
	const char *accounts, *ends;
	char who;
	size_t most, want;
} rows[] = {
	{ "................", "0000000000000000", 'a', 2, 0 },
	{ "bb..............", "9900000000000000", 'a', 2, 2 },  /* a free one */
	{ "bbbbbobbbbbbbbbb", "9999909999999999", 'a', 16, 5 }, /* one whose time is over, though others hold more */
	{ "ab.a............", "5309000000000000", 'a', 2, 0 }, /* his own oldest, when he has his most, though there are free ones */
	{ "aa..............", "0900000000000000", 'a', 2, 0 }, /* what is over does not count as his */
	{ "aa..............", "9100000000000000", 'a', 2, 1 },
	{ "aaa.............", "0530000000000000", 'a', 2, 2 },  /* nor as his oldest */
	{ "obbccddeeffgghhi", "1987654329876541", 'j', 2, 8 },  /* of those who hold the most, the oldest; not the oldest of all */
	{ "abcdefghijklmnop", "9876543219999999", 'z', 2, 8 },  /* all hold one: the oldest */
	{ "obbbbbbbbbbbbbbb", "1999999999999998", 'o', 2, 15 }, /* who comes a second time takes the greatest's too */
	{ "bbbbbbbbobbbbbbb", "9999999919999998", 'z', 16, 15 },
};

static void test_whose_place(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_places p = { .most = rows[i].most };

		for (size_t k = 0; k < TW_PLACES_MAX; k++) {
			p.of[k].account = rows[i].accounts[k] == '.' ? 0 : rows[i].accounts[k];
			p.of[k].expires_ms = rows[i].accounts[k] == '.' ? 0 : NOW + rows[i].ends[k] - '0';
		}
		size_t got = tw_places_pick(&p, rows[i].who, NOW);
		if (got != rows[i].want)
			fail_msg("row %zu: %zu, want %zu", i, got, rows[i].want);
	}
}

CHECK_MAIN(cmocka_unit_test(test_whose_place))
