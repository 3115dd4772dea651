/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of revoked certificates that are kept: taken, replaced and removed, each in its place, and gone with the owner. */
#include "lists.h"
#include "world.h"

#include <errno.h>

#define LISTS "/api/v1/certificates/crls"
#define AUTHORITIES 5 /* one more than there are places */

static struct world w;
static struct tw_unit_authority authority[AUTHORITIES];
static tw_cert *server;

static int set_up(void **state)
{
	char name[2] = "a";

	if (world_make(&w))
		return -1;
	world_start_owned(&w);
	for (size_t i = 0; i < AUTHORITIES; i++, name[0]++)
		CHECK_OK(tw_unit_authority_make(tw_sys_real(), name, WORLD_WALL, &authority[i]));
	CHECK_OK(tw_unit_authority_server(&authority[0], &server));
	return 0;
}

static int tear_down(void **state)
{
	server = tw_cert_free(server);
	for (size_t i = 0; i < AUTHORITIES; i++)
		tw_unit_authority_done(&authority[i]);
	return world_end(&w);
}

static int give(size_t who, uint64_t number, const tw_cert *gone)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body = { 0 };

	tw_buf_init(&body, tw_sys_real(), 16384);
	CHECK_OK(tw_unit_authority_list(&authority[who], number, gone, &body));
	return tw_unit_request(w.unit, "POST", LISTS, NULL, tw_buf_cstr(&body));
}

/* "a1 b1": who and number, in the order of their places. */
static void check_kept(const char *want)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf got = { 0 };
	size_t i;
	json_t *one;

	tw_buf_init(&got, tw_sys_real(), 200);
	CHECK_INT(tw_unit_request(w.unit, "GET", LISTS, NULL, NULL), 200);
	CHECK_OK(tw_json_parse(tw_slice_of(tw_unit_body(w.unit)), 65536, &j));
	json_array_foreach(tw_json_get(j, "lists"), i, one)
		CHECK_OK(tw_buf_format(&got, "%s%s%d", i ? " " : "", tw_json_text(one, "issuer"), (int)tw_json_int(one, "number")));
	CHECK_TEXT(tw_buf_cstr(&got), want);
}

static void path_of(size_t at, char ret[128])
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	CHECK_INT(tw_unit_request(w.unit, "GET", LISTS, NULL, NULL), 200);
	CHECK_OK(tw_json_parse(tw_slice_of(tw_unit_body(w.unit)), 65536, &j));
	(void)snprintf(ret, 128, LISTS "/%s", tw_json_text(json_array_get(tw_json_get(j, "lists"), at), "fingerprint"));
}

static int take_away(size_t at)
{
	char path[128];

	path_of(at, path);
	return tw_unit_request(w.unit, "DELETE", path, NULL, NULL);
}

static void check_verdict(const char *want)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body = { 0 };
	char rule[64];

	tw_buf_init(&body, tw_sys_real(), 16384);
	CHECK_OK(tw_unit_authority_check(&authority[0], server, &body));
	CHECK_INT(tw_unit_request(w.unit, "POST", "/api/v1/certificates/check", NULL, tw_buf_cstr(&body)), 200);
	world_text(&w, "rule", rule, sizeof rule);
	CHECK_TEXT(rule, want);
}

static void test_places(void **state)
{
	for (size_t i = 0; i < AUTHORITIES; i++)
		CHECK_INT(give(i, 1, NULL), i < AUTHORITIES - 1 ? 201 : 409);
	CHECK_INT(give(2, 2, NULL), 201);
	CHECK_INT(give(2, 2, NULL), 409);
	check_kept("a1 b1 c2 d1");
	CHECK_INT(take_away(1), 204);
	CHECK_INT(take_away(0), 204);
	check_kept("c2 d1");
	CHECK_INT(give(3, 7, NULL), 201); /* where its older one is, though there are free places before it */
	world_start(&w);
	check_kept("c2 d7");
	CHECK_INT(give(4, 1, NULL), 201);
	CHECK_INT(give(1, 1, NULL), 201);
	check_kept("e1 b1 c2 d7");
	CHECK_INT(give(0, 1, NULL), 409);
	for (size_t i = 0; i < AUTHORITIES - 1; i++)
		CHECK_INT(take_away(0), 204);
	check_kept("");
	CHECK_INT(take_away(0), 404);
}

/* What it takes back counts as long as it is kept, and from then on until the next owner. */
static void test_what_counts(void **state)
{
	uint8_t secret[16];

	check_verdict("");
	CHECK_INT(give(1, 1, NULL), 201);
	CHECK_INT(give(0, 2, server), 201);
	check_verdict("chain.revoked");
	CHECK_INT(take_away(0), 204);
	check_verdict("chain.revoked");
	CHECK_INT(take_away(0), 204);
	CHECK(world_log_says(&w, "removed list 2 with 1 entries of a"));
	check_verdict("");
	CHECK_INT(give(0, 1, server), 201);
	check_verdict("chain.revoked");
	CHECK_INT(tw_unit_recover(w.unit, secret), 200);
	CHECK_INT(tw_unit_takeover(w.unit, "bob"), 201);
	check_kept("");
	check_verdict("");
}

/* False: nothing failed, since there are fewer calls. A disk that fails once: the list is kept and counts, or is gone and does not. */
static bool fails_at(long nth)
{
	char path[128];

	CHECK_INT(give(0, 1, server), 201);
	path_of(0, path);
	tw_fake_fail(w.fake, nth, EIO, false);
	int status = tw_unit_request(w.unit, "DELETE", path, NULL, NULL);
	bool fired = tw_fake_fired(w.fake);
	tw_fake_fail(w.fake, 0, 0, false);
	CHECK(status == 204 || (fired && (status >= 500 || status == 0)));
	world_start(&w);
	path_of(0, path);
	bool is_kept = path[strlen(LISTS "/")] != '\0';
	CHECK(!is_kept || status != 204);
	check_verdict(is_kept ? "chain.revoked" : "");
	if (is_kept)
		CHECK_INT(take_away(0), 204);
	return fired;
}

static void test_failing_disk(void **state)
{
	long nth = 1;

	while (fails_at(nth))
		nth++;
	CHECK(nth > 10);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
CHECK_MAIN(EACH(test_places), EACH(test_what_counts), EACH(test_failing_disk))
