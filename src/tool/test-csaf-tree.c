/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One publishing is one step: after every call that fails and every cut of power, who looks at the tree sees all of the old one or all of the
 * new one, byte for byte, and the next run publishes as if nothing had been.
 */
#include "product/csaf-tree.h"

#include "formats/test-csaf-docs.h"
#include "sys/durable.h"
#include "sys/fake.h"
#include "tool/test-desk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

static char work[64], replay[64];

static void fill(struct tw_csaf_draft *d, const char *version, const char *id)
{
	json_t *document = json_of(ADVISORY), *tracking = json_object_get(json_object_get(document, "document"), "tracking");

	*d = (struct tw_csaf_draft){ .name = id, .document = document };
	CHECK_OK(tw_json_set(tracking, "version", json_string(version)));
	CHECK_OK(tw_json_set(tracking, "id", json_string(id)));
	tw_buf_init(&d->text, tw_sys_real(), TW_CSAF_MAX);
	tw_buf_init(&d->signature, tw_sys_real(), 64);
	CHECK_OK(tw_json_pretty(document, &d->text));
}

static void drafts_done(struct tw_csaf_draft (*d)[2])
{
	tw_csaf_draft_done(&(*d)[0]);
	tw_csaf_draft_done(&(*d)[1]);
}

/* Documents LAMPS-1 of this version and, from 3 on, LAMPS-2. */
static tw_err publish(const struct tw_sys *sys, const char *base, const char *version)
{
	TW_CLEANUP(tw_csaf_tree_done) struct tw_csaf_tree t = { .parent = -1, .dir = -1 };
	TW_CLEANUP(drafts_done) struct tw_csaf_draft drafts[2] = { 0 };
	size_t count = *version < '3' ? 1 : 2;
	char path[128];

	fill(&drafts[0], version, "LAMPS-1");
	fill(&drafts[1], version, "LAMPS-2");
	(void)snprintf(path, sizeof(path), "%s/tree", base);
	TW_TRY(tw_csaf_tree_open(sys, path, true, &t));
	TW_TRY(tw_csaf_site_url(&t.site, "https://lamps.example/csaf"));
	(void)snprintf(t.site.updated, sizeof(t.site.updated), "2026-01-0%sT00:00:00Z", version);
	for (size_t i = 0; i < count; i++)
		TW_TRY(tw_csaf_tree_add(&t, &drafts[i]));
	return tw_csaf_tree_publish(&t, drafts, count);
}

/* Of all names and bytes beneath a directory; 0: it is not there. Names are added up, so their order means nothing. */
static uint64_t digest(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t sum = 5381;
	struct stat st;
	char piece[4096];
	ssize_t n;

	if (fd < 0)
		return 0;
	CHECK(fstat(fd, &st) == 0);
	if (!S_ISDIR(st.st_mode)) {
		while ((n = read(fd, piece, sizeof(piece))) > 0)
			for (ssize_t i = 0; i < n; i++)
				sum = sum * 33 + (unsigned char)piece[i];
		(void)close(fd);
		return sum;
	}
	DIR *d = fdopendir(fd);
	for (const struct dirent *e; (e = readdir(d));) {
		char below[512];
		uint64_t name = 7;

		if (*e->d_name == '.')
			continue;
		(void)snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
		for (const char *c = e->d_name; *c; c++)
			name = name * 31 + (unsigned char)*c;
		sum += name * digest(below);
	}
	(void)closedir(d);
	return sum;
}

static uint64_t tree_of(const char *base)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/tree", base);
	return digest(path);
}

static void lay(bool with_tree)
{
	desk_remove(work);
	CHECK(mkdir(work, 0755) == 0);
	if (with_tree)
		CHECK_OK(publish(tw_sys_real(), work, "2"));
}

static void check_cuts(bool with_tree)
{
	tw_fake *f = tw_fake_new();
	size_t seen[2] = { 0 };

	lay(with_tree);
	uint64_t old = tree_of(work);
	tw_fake_record(f, work);
	CHECK_OK(publish(tw_fake_sys(f), work, "3"));
	tw_fake_mark(f, 1);
	uint64_t new = tree_of(work);
	CHECK(old != new);
	for (size_t point = 0; point < tw_fake_points(f); point++)
		for (unsigned variant = 0; variant < 2; variant++) {
			CHECK_OK(tw_fake_rebuild(f, point, variant, replay));
			uint64_t now = tree_of(replay);
			if (now != old && now != new)
				fail_msg("point %zu, variant %u: neither the old tree nor the new one", point, variant);
			CHECK(now == new || !tw_fake_acked(f, point));
			seen[now == new]++;
			if (variant && now == old && point % 8 == 0) {
				CHECK_OK(publish(tw_sys_real(), replay, "3"));
				CHECK(tree_of(replay) == new);
			}
		}
	CHECK(seen[0] && seen[1]);
	tw_fake_free(f);
}

static void test_cuts(void **state)
{
	check_cuts(true);
}

static void test_cuts_of_the_first(void **state)
{
	check_cuts(false);
}

static void test_failed_calls(void **state)
{
	tw_fake *f = tw_fake_new();
	long told = 0;
	bool fired = true;

	lay(true);
	uint64_t old = tree_of(work);
	CHECK_OK(publish(tw_sys_real(), work, "3"));
	uint64_t new = tree_of(work);
	for (long n = 1; fired; n += 3) { /* 3 and the period of the loops inside have nothing in common */
		lay(true);
		tw_fake_fail(f, n, n % 2 ? EIO : ENOSPC, false);
		tw_err e = publish(tw_fake_sys(f), work, "3");
		fired = tw_fake_fired(f);
		tw_fake_fail(f, 0, 0, false);
		uint64_t now = tree_of(work);
		CHECK(now == new || (now == old && tw_failed(e)));
		told += tw_failed(e);
		if (now == old)
			CHECK_OK(publish(tw_sys_real(), work, "3"));
		CHECK(tree_of(work) == new);
	}
	CHECK(told > 50);
	tw_fake_free(f);
}

static void test_one_at_a_time(void **state)
{
	TW_CLEANUP(tw_csaf_tree_done) struct tw_csaf_tree t = { .parent = -1, .dir = -1 };
	char path[128];

	lay(true);
	(void)snprintf(path, sizeof(path), "%s/tree", work);
	CHECK_OK(tw_csaf_tree_open(tw_sys_real(), path, true, &t));
	CHECK_ERR(publish(tw_sys_real(), work, "3"), STATE);
}

static void test_refusals(void **state)
{
	TW_CLEANUP(tw_csaf_tree_done) struct tw_csaf_tree t = { .parent = -1, .dir = -1 };
	TW_CLEANUP(drafts_done) struct tw_csaf_draft drafts[2] = { 0 };
	char path[128];

	lay(true);
	CHECK_ERR(publish(tw_sys_real(), work, "1"), DENIED);
	CHECK_OK(publish(tw_sys_real(), work, "2")); /* the same bytes */
	(void)snprintf(path, sizeof(path), "%s/tree/", work);
	CHECK_OK(tw_csaf_tree_open(tw_sys_real(), path, false, &t));
	fill(&drafts[0], "3", "LAMPS-1");
	fill(&drafts[1], "4", "LAMPS-1");
	CHECK_OK(tw_csaf_tree_add(&t, &drafts[0]));
	CHECK_ERR(tw_csaf_tree_add(&t, &drafts[1]), DENIED); /* twice in one run */
	tw_jsonp(&drafts[1].entry);
	json_object_set_new(json_object_get(json_object_get(drafts[1].document, "document"), "publisher"), "namespace",
		json_string("https://other.example"));
	CHECK_ERR(tw_csaf_tree_add(&t, &drafts[1]), DENIED);
	CHECK(strstr(tw_err_detail(), "7.1.1") != NULL);
}

static int setup(void **state)
{
	return desk_open() || desk_place("csaf-tree", work) || desk_place("csaf-cut", replay) ? -1 : 0;
}

static int teardown(void **state)
{
	desk_remove(work);
	desk_remove(replay);
	return desk_close();
}

#define AT_DESK(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

CHECK_MAIN(AT_DESK(test_cuts), AT_DESK(test_cuts_of_the_first), AT_DESK(test_failed_calls), AT_DESK(test_one_at_a_time),
	AT_DESK(test_refusals))
