/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What time does to ownership and sessions, with both clocks in hand. Whatever has a term ends by boot time, which never steps;
 * setting the wall clock ends nothing and revives nothing. A wall clock behind the known floor is said to be untrusted.
 */
#include "world.h"

#include "device/platform/start.h"

#include <dirent.h>
#include <sys/wait.h>

#define WALL WORLD_WALL
#define BOOT WORLD_BOOT
#define MINUTE 60000LL
#define YEAR (365 * 24 * 60 * MINUTE)

static struct world world;

static void empty_folder(const char *directory, const char *folder)
{
	char path[400];

	(void)snprintf(path, sizeof path, "%s/%s", directory, folder);
	DIR *d = opendir(path);
	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
		(void)snprintf(path, sizeof path, "%s/%s/%s", directory, folder, e->d_name);
		(void)unlink(path);
	}
	if (d)
		(void)closedir(d);
}

static int setup(void **state)
{
	*state = &world;
	if (world_make(&world))
		return -1;
	world_start_owned(&world);
	return 0;
}

static int teardown(void **state)
{
	return world_end(&world);
}

static void test_session_lasts_thirty_minutes_of_boot_time(void **state)
{
	struct world *w = *state;
	char token[64];

	world_session(w, token);
	world_at(w, WALL, BOOT + 30 * MINUTE - 1);
	CHECK_INT(world_reads(w, token), 200);
	world_at(w, WALL, BOOT + 30 * MINUTE);
	CHECK_INT(world_reads(w, token), 401);
	world_at(w, WALL - YEAR, BOOT + 30 * MINUTE);
	CHECK_INT(world_reads(w, token), 401);
}

static void test_wall_clock_ends_and_revives_nothing(void **state)
{
	struct world *w = *state;
	char token[64];

	world_session(w, token);
	world_at(w, WALL + 10 * YEAR, BOOT + 1);
	CHECK_INT(world_reads(w, token), 200);
	world_at(w, 0, BOOT + 2);
	CHECK_INT(world_reads(w, token), 200);
}

static void test_code_lasts_five_minutes(void **state)
{
	struct world *w = *state;
	char body[64];

	world_code(w, body);
	world_at(w, WALL, BOOT + 5 * MINUTE);
	CHECK_INT(world_open(w, body), 403);
	world_code(w, body);
	world_at(w, WALL, BOOT + 10 * MINUTE - 1);
	CHECK_INT(world_open(w, body), 201);
}

static void test_throttle_ends_with_its_minute(void **state)
{
	struct world *w = *state;
	char body[64];

	for (int i = 0; i < 5; i++)
		CHECK_INT(world_open(w, "{\"code\":\"00000-00000\"}"), 403);
	world_code(w, body);
	CHECK_INT(world_open(w, body), 429);
	world_at(w, WALL, BOOT + MINUTE - 1);
	CHECK_INT(world_open(w, body), 429);
	world_at(w, WALL, BOOT + MINUTE);
	CHECK_INT(world_open(w, body), 201);
}

/* The unit names its boot after its process, so a child is another boot. */
static void test_sessions_end_with_the_boot(void **state)
{
	struct world *w = *state;
	char token[64];
	int status = 0;

	world_session(w, token);
	w->unit = tw_unit_stop(w->unit);
	pid_t child = fork();
	if (child == 0) {
		if (tw_failed(tw_unit_start(tw_fake_sys(w->fake), w->directory, &w->unit)))
			_exit(1);
		_exit(world_reads(w, token) == 401 && tw_unit_request(w->unit, "GET", "/api/v1/identity", NULL, NULL) == 200 ? 0 : 2);
	}
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK_INT(status, 0);
	CHECK_OK(tw_unit_start(tw_fake_sys(w->fake), w->directory, &w->unit));
	CHECK_INT(world_reads(w, token), 401); /* the other boot has swept it away */
}

static void test_sessions_outlive_a_restart(void **state)
{
	struct world *w = *state;
	char token[64];

	world_session(w, token);
	w->unit = tw_unit_stop(w->unit);
	CHECK_OK(tw_unit_start(tw_fake_sys(w->fake), w->directory, &w->unit));
	CHECK_INT(world_reads(w, token), 200);
}

static bool time_trusted(struct world *w)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	CHECK_INT(tw_unit_request(w->unit, "GET", "/api/v1/capabilities", NULL, NULL), 200);
	CHECK_OK(tw_json_parse(tw_slice_of(tw_unit_body(w->unit)), 65536, &j));
	return tw_json_bool(tw_json_get(j, "time"), "trusted");
}

static void test_clock_behind_the_floor_is_not_trusted(void **state)
{
	struct world *w = *state;

	CHECK(time_trusted(w));
	CHECK_OK(tw_start_keep_time(tw_unit_device(w->unit)));
	world_at(w, WALL - 1000, BOOT + 1);
	CHECK(!time_trusted(w));
	/* The floor outlives the start; identity and ownership go on without trusted time. */
	w->unit = tw_unit_stop(w->unit);
	world_at(w, WALL - YEAR, BOOT + 2);
	CHECK_OK(tw_unit_start(tw_fake_sys(w->fake), w->directory, &w->unit));
	CHECK(!time_trusted(w));
	CHECK_INT(tw_unit_request(w->unit, "GET", "/api/v1/identity", NULL, NULL), 200);
	CHECK_OK(tw_start_keep_time(tw_unit_device(w->unit)));
	CHECK_INT(tw_unit_request(w->unit, "GET", "/api/v1/log", NULL, NULL), 200);
	CHECK(strstr(tw_unit_body(w->unit), "\"time.untrusted\"") != NULL);
	world_at(w, WALL + 1, BOOT + 3);
	CHECK(time_trusted(w));
}

/* As a device without a clock of its own after a power cut, before it has kept any time. */
static void test_first_start_without_a_clock(void **state)
{
	struct world *w = *state;

	w->unit = tw_unit_stop(w->unit);
	empty_folder(w->directory, "core");
	world_at(w, 0, 1);
	CHECK_OK(tw_unit_start(tw_fake_sys(w->fake), w->directory, &w->unit));
	CHECK_INT(tw_unit_takeover(w->unit, "bob"), 201);
	CHECK(!time_trusted(w));
	CHECK_INT(tw_unit_request(w->unit, "GET", "/api/v1/identity", NULL, NULL), 200);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
CHECK_MAIN(TEST(test_session_lasts_thirty_minutes_of_boot_time), TEST(test_wall_clock_ends_and_revives_nothing),
	TEST(test_code_lasts_five_minutes), TEST(test_throttle_ends_with_its_minute), TEST(test_sessions_end_with_the_boot),
	TEST(test_sessions_outlive_a_restart), TEST(test_clock_behind_the_floor_is_not_trusted), TEST(test_first_start_without_a_clock))
