/* SPDX-License-Identifier: Apache-2.0 */
/* Every order of the board, with every filter and page, beside the same rows sorted here; of a store that an older build made, too. */
#include "check.h"
#include "service/test-dir.h"
#include "support/desk/board-order.h"
#include "support/sql-support.h"
#include "sys/fake.h"

#include <stdlib.h>
#include <strings.h>

#define CASES 60
#define NOW 1000

struct one {
	int64_t id, next_ms, embargo_ms;
	const char *state, *whose; /* "-": nobody */
	char title[16];
};

static struct {
	tw_fake *fake;
	struct test_dir dir;
	tw_store *store;
	struct one all[CASES];
	const char *sort; /* by which `order` compares */
} world;

/* Few values of each, so that there are ties everywhere. */
static struct one make(int64_t i)
{
	static const char *const titles[] = { "Pump", "lamp", "Lamp", "door" }, *const people[] = { "-", "a1", "a2", "a10" };
	struct one c = { .id = i, .state = tw_case_states[(i * 5 + i / 7) % TW_CASE_STATES], .whose = people[(i * 3 + i / 5) % 4] };

	c.next_ms = i % 3 ? INT64_MAX : 500 + 100 * (i % 7);
	c.embargo_ms = i % 4 == 0 ? NOW + 1 : i % 4 == 1 ? NOW : 0;
	(void)snprintf(c.title, sizeof c.title, "%s %d", titles[i % 4], (int)(i % 5));
	return c;
}

static void put(const struct one *c)
{
	char doc[160];

	if (*c->whose == '-')
		(void)snprintf(doc, sizeof doc, "{\"title\":\"%s\"}", c->title);
	else
		(void)snprintf(doc, sizeof doc, "{\"assigned\":\"%s\",\"title\":\"%s\"}", c->whose, c->title);
	const struct tw_value v[] = { TW_V_INT(c->id), TW_V_TEXT(c->state), TW_V_INT(c->next_ms), TW_V_INT(c->embargo_ms),
		TW_V_TEXT(doc), TW_V_TEXT(c->title), TW_V_TEXT(c->whose) };
	const struct tw_value may[] = { TW_V_INT(c->id), TW_V_TEXT("a1") };

	CHECK_OK(tw_store_run(world.store, tw_sql_case_put, v, TW_COUNT(v), NULL, NULL));
	if (c->id % 8 == 0)
		CHECK_OK(tw_store_run(world.store, tw_sql_case_access_put, may, TW_COUNT(may), NULL, NULL));
}

static int begin(void **state)
{
	static const struct tw_store_step steps[] = { { 1, tw_sql_cases_format_1 }, { 0, NULL } };
	static const struct tw_store_formats formats = { steps, 1, 1 };

	memset(&world, 0, sizeof world);
	world.fake = tw_fake_new();
	world.dir = test_dir_new();
	CHECK_OK(tw_store_open(tw_fake_sys(world.fake), world.dir.fd, "board.db", &formats, &world.store));
	for (int64_t i = 1; i <= CASES; i++) {
		world.all[i - 1] = make(i);
		put(&world.all[i - 1]);
	}
	return 0;
}

static int end(void **state)
{
	(void)tw_store_free(world.store);
	test_dir_done(&world.dir);
	tw_fake_free(world.fake);
	return 0;
}

static int64_t place_of(const char *state)
{
	for (size_t i = 0; i < TW_CASE_STATES; i++)
		if (strcmp(tw_case_states[i], state) == 0)
			return (int64_t)i;
	return -1;
}

static int by_number(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* As the page says it: by what was chosen, then what ends first, then the older one. */
static int order(const void *left, const void *right)
{
	const struct one *a = left, *b = right;
	const bool down = *world.sort == '-';
	const char *by = world.sort + down;
	int c = 0;

	if (strcmp(by, "clock") == 0)
		c = by_number(a->next_ms, b->next_ms);
	else if (strcmp(by, "case") == 0)
		c = by_number(a->id, b->id);
	else if (strcmp(by, "title") == 0)
		c = strcasecmp(a->title, b->title);
	else if (strcmp(by, "whose") == 0)
		c = strcmp(a->whose, b->whose);
	else
		c = by_number(place_of(a->state), place_of(b->state));
	if (down)
		c = -c;
	if (!c)
		c = by_number(a->next_ms, b->next_ms);
	return c ? c : by_number(a->id, b->id);
}

static bool belongs(const struct one *c, const struct tw_board_query *q)
{
	return (!*q->state || !strcmp(c->state, q->state)) && (!*q->whose || !strcmp(c->whose, q->whose)) &&
		(c->embargo_ms <= NOW || !*q->key || (!strcmp(q->key, "a1") && c->id % 8 == 0));
}

/* Every page of these, by pages of seven. */
static void check_pages(struct tw_board_query q)
{
	struct one wanted[CASES];
	size_t count = 0;

	world.sort = q.sort;
	for (size_t i = 0; i < CASES; i++)
		if (belongs(&world.all[i], &q))
			wanted[count++] = world.all[i];
	qsort(wanted, count, sizeof *wanted, order);
	for (q.skip = 0; (size_t)q.skip <= count + 7; q.skip += 7) {
		struct tw_board_found found = { .most = 7 };
		const size_t left = (size_t)q.skip < count ? count - (size_t)q.skip : 0;

		CHECK_OK(tw_board_find(world.store, &q, &found));
		CHECK_INT(found.count, left < 7 ? left : 7);
		for (size_t i = 0; i < found.count; i++)
			if (found.ids[i] != wanted[(size_t)q.skip + i].id)
				fail_msg("%s state '%s' whose '%s' key '%s' place %zu: c%lld, wanted c%lld", q.sort, q.state, q.whose,
					q.key, (size_t)q.skip + i, (long long)found.ids[i], (long long)wanted[(size_t)q.skip + i].id);
	}
}

static void check_all(void)
{
	static const char *const whose[] = { "", "-", "a1", "a10", "a3" }, *const keys[] = { "", "a1", "a2" };

	for (size_t sort = 0; sort < TW_BOARD_SORTS; sort++)
		for (size_t s = 0; s <= TW_CASE_STATES; s++)
			for (size_t w = 0; w < TW_COUNT(whose); w++)
				for (size_t k = 0; k < TW_COUNT(keys); k++)
					check_pages((struct tw_board_query){ .state = s < TW_CASE_STATES ? tw_case_states[s] : "",
						.whose = whose[w],
						.key = keys[k],
						.sort = tw_board_sorts[sort],
						.now_ms = NOW });
}

static void test_orders(void **state)
{
	check_all();
}

/* What changes is found at its new place. */
static void test_changes(void **state)
{
	for (size_t i = 0; i < CASES; i += 3) {
		struct one *c = &world.all[i];

		(void)snprintf(c->title, sizeof c->title, "Moved %d", (int)(i % 4));
		c->whose = *c->whose == '-' ? "a2" : "-";
		c->next_ms = 400 + (int64_t)i;
		put(c);
	}
	check_all();
}

static const char before[] = "CREATE TABLE older (id INTEGER PRIMARY KEY, state TEXT NOT NULL, next_ms INTEGER NOT NULL, embargo_ms INTEGER NOT NULL, "
			     "doc TEXT NOT NULL) STRICT",
		  moved[] = "INSERT INTO older (id, state, next_ms, embargo_ms, doc) SELECT id, state, next_ms, embargo_ms, doc FROM desk_case",
		  gone[] = "DROP TABLE desk_case", named[] = "ALTER TABLE older RENAME TO desk_case",
		  by_next[] = "CREATE INDEX desk_case_next ON desk_case (next_ms, id)";

/* The table as it was before title and whose stood beside the documents. */
static void test_a_store_of_before(void **state)
{
	static const char *const older[] = { before, moved, gone, named, by_next };

	for (size_t i = 0; i < TW_COUNT(older); i++)
		CHECK_OK(tw_store_run(world.store, older[i], NULL, 0, NULL, NULL));
	CHECK(tw_failed(tw_store_run(world.store, tw_sql_case_columns, NULL, 0, NULL, NULL)));
	for (int start = 0; start < 2; start++)
		CHECK_OK(tw_cases_settle(world.store));
	check_all();
	test_changes(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
CHECK_MAIN(TEST(test_orders), TEST(test_changes), TEST(test_a_store_of_before))
