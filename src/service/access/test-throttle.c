/* SPDX-License-Identifier: Apache-2.0 */
#include "service/access/throttle.h"

#include "base/mem.h"
#include "check.h"

#include <string.h>

#define MINUTE 60000LL
#define POLICY                                                         \
	{                                                              \
		.limit = 5, .first_ms = MINUTE, .most_ms = 15 * MINUTE \
	}

static void fail_at(struct tw_throttle *t, const char *source, int times, int64_t now)
{
	for (int i = 0; i < times; i++)
		tw_throttle_failed(t, source, now);
}

static void test_five_then_wait(void **state)
{
	struct tw_throttle t = POLICY;

	for (int i = 0; i < 5; i++) {
		CHECK_INT(tw_throttle_wait_s(&t, "192.0.2.1", 1000 + i), 0);
		tw_throttle_failed(&t, "192.0.2.1", 1000 + i);
	}
	CHECK_INT(tw_throttle_wait_s(&t, "192.0.2.1", 1004), 60);
	CHECK_INT(tw_throttle_wait_s(&t, "192.0.2.1", 61003), 1);
	CHECK_INT(tw_throttle_wait_s(&t, "192.0.2.1", 61004), 0);
	CHECK_INT(tw_throttle_wait_s(&t, "192.0.2.2", 1100), 0);
}

/* Each failure after a wait makes the next twice as long, up to the most, and a good while without any ends it. */
static void test_waits_grow(void **state)
{
	static const int rows[] = { 60, 120, 240, 480, 900, 900, 900 };
	struct tw_throttle t = POLICY;
	int64_t now = 0;

	fail_at(&t, "a", 4, now);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_throttle_failed(&t, "a", now);
		CHECK_INT(tw_throttle_wait_s(&t, "a", now), rows[i]);
		now += rows[i] * 1000LL;
		CHECK_INT(tw_throttle_wait_s(&t, "a", now), 0);
	}
	now += TW_THROTTLE_MEMORY_MS - 1;
	tw_throttle_failed(&t, "a", now);
	CHECK_INT(tw_throttle_wait_s(&t, "a", now), 900);
	now += 900000 + TW_THROTTLE_MEMORY_MS;
	fail_at(&t, "a", 4, now);
	CHECK_INT(tw_throttle_wait_s(&t, "a", now), 0);
	tw_throttle_failed(&t, "a", now);
	CHECK_INT(tw_throttle_wait_s(&t, "a", now), 60);
	fail_at(&t, "a", 5000, now); /* no number of them wraps around */
	CHECK_INT(tw_throttle_wait_s(&t, "a", now), 900);
}

/* Who mistypes now and then never waits; who guesses slowly does. */
static void test_a_quiet_hour_forgives(void **state)
{
	struct tw_throttle t = POLICY;

	fail_at(&t, "a", 4, 0);
	tw_throttle_failed(&t, "a", TW_THROTTLE_MEMORY_MS - 1);
	CHECK_INT(tw_throttle_wait_s(&t, "a", TW_THROTTLE_MEMORY_MS - 1), 60);
	fail_at(&t, "b", 4, 0);
	fail_at(&t, "b", 4, TW_THROTTLE_MEMORY_MS);
	CHECK_INT(tw_throttle_wait_s(&t, "b", TW_THROTTLE_MEMORY_MS), 0);
}

/* Settings count at once, and switched off nobody waits and nothing is counted. */
static void test_policy(void **state)
{
	struct tw_throttle t = { .limit = 3, .first_ms = 5000, .most_ms = 7000 };

	fail_at(&t, "a", 3, 0);
	CHECK_INT(tw_throttle_wait_s(&t, "a", 0), 5);
	tw_throttle_failed(&t, "a", 5000);
	CHECK_INT(tw_throttle_wait_s(&t, "a", 5000), 7);
	t.off = true;
	CHECK_INT(tw_throttle_wait_s(&t, "a", 5000), 0);
	fail_at(&t, "b", 10, 5000);
	t.off = false;
	CHECK_INT(tw_throttle_wait_s(&t, "a", 5000), 7);
	CHECK_INT(tw_throttle_wait_s(&t, "b", 5000), 0);
	t.most_ms = 1000; /* below the first */
	fail_at(&t, "c", 3, 5000);
	CHECK_INT(tw_throttle_wait_s(&t, "c", 5000), 1);
}

static void test_account(void **state)
{
	struct tw_throttle t = POLICY;
	char source[32];
	struct tw_throttle_try stranger = { source, "alice", false }, owner = { "192.0.2.1", "alice", true },
			       elsewhere = { "198.51.100.1", "alice", false };

	for (int i = 0; i < 5; i++) { /* each from a place of his own, so that no source waits */
		(void)snprintf(source, sizeof source, "203.0.113.%d", i);
		CHECK_INT(tw_throttle_login_wait_s(&t, &stranger, 0), 0);
		tw_throttle_login_failed(&t, &stranger, 0);
		CHECK_INT(tw_throttle_wait_s(&t, source, 0), 0);
	}
	CHECK_INT(tw_throttle_login_wait_s(&t, &elsewhere, 0), 60);
	CHECK_INT(tw_throttle_login_wait_s(&t, &owner, 0), 0); /* he is known there */
	for (int i = 0; i < 5; i++)
		tw_throttle_login_failed(&t, &owner, 0);
	CHECK_INT(tw_throttle_login_wait_s(&t, &owner, 0), 60);     /* but his own failures count, against his place */
	CHECK_INT(tw_throttle_login_wait_s(&t, &elsewhere, 0), 60); /* and not against the account */
	CHECK_INT(tw_throttle_login_wait_s(&t, &(struct tw_throttle_try){ "198.51.100.1", "bob", false }, 0), 0);
	CHECK_INT(tw_throttle_wait_s(&t, "alice", 0), 0); /* an account's name is no source's */
	tw_throttle_login_passed(&t, &owner);
	CHECK_INT(tw_throttle_login_wait_s(&t, &owner, 0), 0);
	CHECK_INT(tw_throttle_login_wait_s(&t, &elsewhere, 0), 0);
}

static void fill(struct tw_throttle *t, int times, int64_t now)
{
	char name[32];

	for (int s = 0; s < TW_THROTTLE_PLACES; s++) {
		(void)snprintf(name, sizeof name, "source %d", s);
		fail_at(t, name, times, now + s);
	}
}

/* Nobody who waits is driven out, however many fail once. */
static void test_full_table(void **state)
{
	struct tw_throttle t = POLICY;
	char name[32];

	fill(&t, 2, 0);
	fail_at(&t, "source 7", 4, 100);
	for (int s = 0; s < 10 * TW_THROTTLE_PLACES; s++) {
		(void)snprintf(name, sizeof name, "passer-by %d", s);
		tw_throttle_failed(&t, name, 200);
	}
	CHECK_INT(tw_throttle_wait_s(&t, "source 7", 200), 120);
}

/* Two who take turns at the last place are newcomers no more; neither are sixty who take turns at all of them. */
static void test_turns(void **state)
{
	static const int sources[] = { 2, TW_THROTTLE_PLACES + 1, 3 * TW_THROTTLE_PLACES };
	char name[32];

	for (size_t k = 0; k < TW_COUNT(sources); k++) {
		struct tw_throttle t = POLICY;
		int tried = 0;

		fill(&t, 2, 0);
		for (int i = 0; i < 10000; i++) {
			(void)snprintf(name, sizeof name, "turn %d", i % sources[k]);
			if (tw_throttle_wait_s(&t, name, 100) == 0) {
				tw_throttle_failed(&t, name, 100);
				tried++;
			}
		}
		/* three more at each place, and those of all who are left without one */
		CHECK(tried <= 3 * TW_THROTTLE_PLACES + 5);
		CHECK(sources[k] > 2 || tried <= 6);
	}
}

/* While all places wait, who has none waits with the others; as soon as one does not, he is a source of his own. */
static void test_others(void **state)
{
	struct tw_throttle t = POLICY;

	fill(&t, 5, 0);
	CHECK_INT(tw_throttle_wait_s(&t, "a", 100), 0);
	fail_at(&t, "a", 4, 100);
	CHECK_INT(tw_throttle_wait_s(&t, "b", 100), 0);
	tw_throttle_failed(&t, "b", 100);
	CHECK_INT(tw_throttle_wait_s(&t, "b", 100), 60);
	CHECK_INT(tw_throttle_wait_s(&t, "c", 100), 60);
	CHECK_INT(tw_throttle_wait_s(&t, "source 3", 100), 60);
	CHECK_INT(tw_throttle_wait_s(&t, "c", MINUTE - 1), 1);
	CHECK_INT(tw_throttle_wait_s(&t, "c", MINUTE), 0); /* the first of them waits no more */
	tw_throttle_failed(&t, "c", MINUTE);
	CHECK_INT(tw_throttle_wait_s(&t, "c", MINUTE), 120); /* and had failed five times */
	CHECK_INT(tw_throttle_wait_s(&t, "d", MINUTE), 1);
}

/* However many strangers wait: who is known does not, and what he fails himself counts at a place of his own, also of a stolen client. */
static void test_strangers_keep_no_known_client_waiting(void **state)
{
	const struct tw_throttle_try known = { "client:0011", "alice", true }, other = { "client:2233", "alice", true };
	struct tw_throttle t = POLICY;

	fill(&t, 5, 0);
	fail_at(&t, "one more", 5, 100);
	CHECK_INT(tw_throttle_wait_s(&t, "another", 100), 60);
	CHECK_INT(tw_throttle_login_wait_s(&t, &known, 100), 0);
	for (int i = 0; i < 5; i++)
		tw_throttle_login_failed(&t, &known, 100);
	CHECK_INT(tw_throttle_login_wait_s(&t, &known, 100), 60);
	CHECK_INT(tw_throttle_login_wait_s(&t, &other, 100), 0);
	tw_throttle_login_failed(&t, &known, 100 + MINUTE);
	CHECK_INT(tw_throttle_login_wait_s(&t, &known, 100 + MINUTE), 120);
	tw_throttle_login_passed(&t, &known);
	CHECK_INT(tw_throttle_login_wait_s(&t, &known, 100 + MINUTE), 0);
	CHECK_INT(tw_throttle_wait_s(&t, "another", 59000), 2); /* and what he passed forgives no stranger */
}

/* The place of one whose failures are over is free, and they are not the newcomer's; of two, of who failed less, then of the older. */
static void test_places(void **state)
{
	struct tw_throttle t = POLICY;
	const int64_t later = 30 * MINUTE;

	fill(&t, 4, later);
	t.of[TW_THROTTLE_SOURCE][7].last_ms = 0;
	tw_throttle_failed(&t, "a", TW_THROTTLE_MEMORY_MS);
	CHECK_INT(t.of[TW_THROTTLE_SOURCE][7].failures, 1);
	CHECK_TEXT(t.of[TW_THROTTLE_SOURCE][7].who, "a");
	fail_at(&t, "a", 3, TW_THROTTLE_MEMORY_MS);
	t.of[TW_THROTTLE_SOURCE][9].failures = 3;
	tw_throttle_failed(&t, "b", TW_THROTTLE_MEMORY_MS);
	CHECK_TEXT(t.of[TW_THROTTLE_SOURCE][9].who, "b");
	CHECK_INT(t.of[TW_THROTTLE_SOURCE][9].failures, 4);
	tw_throttle_failed(&t, "c", TW_THROTTLE_MEMORY_MS);
	CHECK_TEXT(t.of[TW_THROTTLE_SOURCE][0].who, "c");
	CHECK_INT(tw_throttle_wait_s(&t, "c", TW_THROTTLE_MEMORY_MS), 60);
}

/* Who failed less gives way, however late he did. */
static void test_the_least_gives_way(void **state)
{
	struct tw_throttle full = POLICY;

	fill(&full, 2, 0);
	full.of[TW_THROTTLE_SOURCE][0].failures = 1;
	full.of[TW_THROTTLE_SOURCE][0].last_ms = 100;
	tw_throttle_failed(&full, "d", 200);
	CHECK_TEXT(full.of[TW_THROTTLE_SOURCE][0].who, "d");
}

/* From a store with more who wait than there are places, those who find one. */
static void test_more_than_there_are_places(void **state)
{
	struct tw_throttle t = POLICY;
	char name[32];

	for (int s = 0; s <= TW_THROTTLE_PLACES; s++) {
		(void)snprintf(name, sizeof name, "source %d", s);
		tw_throttle_put(&t, TW_THROTTLE_SOURCE, name, 5, MINUTE, 0);
	}
	CHECK_TEXT(t.of[TW_THROTTLE_SOURCE][TW_THROTTLE_PLACES - 1].who, "source 63");
	CHECK_TEXT(t.of[TW_THROTTLE_SOURCE][TW_THROTTLE_PLACES].who, "");
}

/* What is kept is taken out when it is over, so that no start brings it back. */
static void test_forgotten(void **state)
{
	struct tw_throttle t = POLICY;
	size_t at = 0;

	CHECK_INT(tw_throttle_forget(&t, 0), -1);
	fail_at(&t, "a", 4, 0);
	CHECK_INT(tw_throttle_forget(&t, 10 * TW_THROTTLE_MEMORY_MS), -1);
	CHECK(!t.changed);
	fail_at(&t, "b", 5, 1000);
	tw_throttle_login_failed(&t, &(struct tw_throttle_try){ "c", "alice", false }, 0);
	t.of[TW_THROTTLE_ACCOUNT][0].failures = 5;
	t.changed = false;
	CHECK_INT(tw_throttle_forget(&t, 1000), TW_THROTTLE_MEMORY_MS - 1000);
	CHECK(!t.changed);
	CHECK_INT(tw_throttle_forget(&t, TW_THROTTLE_MEMORY_MS), MINUTE + 1000);
	CHECK(t.changed);
	t.changed = false;
	CHECK_INT(tw_throttle_forget(&t, TW_THROTTLE_MEMORY_MS + MINUTE + 1000), -1);
	CHECK(t.changed && !tw_throttle_next(&t, TW_THROTTLE_SOURCE, &at));
}

static bool has_place(const struct tw_throttle *t, const char *who)
{
	for (size_t i = 0; i < TW_THROTTLE_PLACES; i++)
		if (!strcmp(t->of[TW_THROTTLE_SOURCE][i].who, who))
			return true;
	return false;
}

static void check_same(const struct tw_throttled *a, const struct tw_throttled *b)
{
	CHECK_TEXT(a->who, b->who);
	CHECK_INT(a->last_ms, b->last_ms);
	CHECK_INT(a->until_ms, b->until_ms);
	CHECK_INT(a->failures, b->failures);
}

/* Of those who failed least the one longest ago gives way, and only for somebody who failed. */
static void test_who_gives_way(void **state)
{
	struct tw_throttle t = POLICY;
	char name[32];

	for (int s = 0; s < TW_THROTTLE_PLACES; s++) { /* the first one last */
		(void)snprintf(name, sizeof name, "source %d", s);
		tw_throttle_failed(&t, name, s ? s : TW_THROTTLE_PLACES);
	}
	const struct tw_throttle before = t;
	tw_throttle_put(&t, TW_THROTTLE_SOURCE, "nothing to wait for", 0, 1000, 70);
	tw_throttle_put(&t, TW_THROTTLE_SOURCE, "source 7", 9, 1000, 70); /* is there already */
	for (size_t i = 0; i <= TW_THROTTLE_PLACES; i++)
		check_same(&t.of[TW_THROTTLE_SOURCE][i], &before.of[TW_THROTTLE_SOURCE][i]);
	CHECK_INT(t.changed, before.changed);
	tw_throttle_failed(&t, "another", 100);
	CHECK(has_place(&t, "source 0") && has_place(&t, name) && has_place(&t, "source 2") && has_place(&t, "another"));
	CHECK(!has_place(&t, "source 1"));
}

/* What is to be kept stays so, whatever comes next; somebody who waited once and gives way is a change too. */
static void test_what_is_to_be_kept(void **state)
{
	struct tw_throttle t = POLICY;

	fail_at(&t, "a", 5, 0);
	tw_throttle_failed(&t, "b", 0);
	CHECK(t.changed);
	tw_throttle_login_passed(&t, &(struct tw_throttle_try){ "b", "x", false });
	CHECK(t.changed);
	t.changed = false;
	tw_throttle_failed(&t, "c", MINUTE + TW_THROTTLE_MEMORY_MS);
	CHECK(!has_place(&t, "a") && t.changed);
}

/* Across a start: who waited waits for all of it again, and the next failure counts on. */
static void test_kept(void **state)
{
	struct tw_throttle t = POLICY, after = POLICY;
	const struct tw_throttled *one;
	size_t at = 0, count = 0;

	fail_at(&t, "a", 6, 1000);
	CHECK(t.changed);
	t.changed = false;
	fail_at(&t, "b", 4, 1000);
	CHECK(!t.changed); /* nobody waits for these, and nothing is written for them */
	while ((one = tw_throttle_next(&t, TW_THROTTLE_SOURCE, &at)) != NULL) {
		CHECK_TEXT(one->who, "a");
		tw_throttle_put(&after, TW_THROTTLE_SOURCE, one->who, one->failures, one->until_ms - one->last_ms, 50);
		count++;
	}
	CHECK_INT(count, 1);
	CHECK_INT(tw_throttle_wait_s(&after, "a", 50), 120);
	CHECK_INT(tw_throttle_wait_s(&after, "a", 50 + 120000), 0);
	tw_throttle_failed(&after, "a", 50 + 120000);
	CHECK_INT(tw_throttle_wait_s(&after, "a", 50 + 120000), 240);
	tw_throttle_put(&after, TW_THROTTLE_SOURCE, "a", 1, 1, 50); /* is there already */
	tw_throttle_put(&after, TW_THROTTLE_SOURCE, "c", 0, 1000, 50);
	CHECK_INT(tw_throttle_wait_s(&after, "a", 50 + 120000), 240);
	CHECK_INT(tw_throttle_wait_s(&after, "c", 50), 0);
	t.changed = false;
	tw_throttle_login_passed(&t, &(struct tw_throttle_try){ "b", "x", false });
	CHECK(!t.changed);
	tw_throttle_login_passed(&t, &(struct tw_throttle_try){ "a", "x", false });
	CHECK(t.changed);
	at = 0;
	CHECK(tw_throttle_next(&t, TW_THROTTLE_SOURCE, &at) == NULL);
}

static void test_whom_to_count_against(void **state)
{
	static const struct {
		const char *address, *source;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64" },
		{ "2001:db8:1:2::1", "2001:db8:1:2::/64" },
		{ "2001:db8:1:3::1", "2001:db8:1:3::/64" },
		{ "::1", "::/64" },
		{ "uid:1000", "uid:1000" },
		{ "console", "console" },
		{ "", "" },
	};
	char source[64];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		tw_throttle_source(rows[i].address, source);
		CHECK_TEXT(source, rows[i].source);
	}
}

CHECK_MAIN(cmocka_unit_test(test_whom_to_count_against), cmocka_unit_test(test_five_then_wait), cmocka_unit_test(test_waits_grow),
	cmocka_unit_test(test_a_quiet_hour_forgives), cmocka_unit_test(test_policy), cmocka_unit_test(test_account),
	cmocka_unit_test(test_full_table), cmocka_unit_test(test_turns), cmocka_unit_test(test_others),
	cmocka_unit_test(test_strangers_keep_no_known_client_waiting), cmocka_unit_test(test_places),
	cmocka_unit_test(test_the_least_gives_way), cmocka_unit_test(test_more_than_there_are_places), cmocka_unit_test(test_forgotten),
	cmocka_unit_test(test_kept), cmocka_unit_test(test_who_gives_way), cmocka_unit_test(test_what_is_to_be_kept))
