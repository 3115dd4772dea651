/* SPDX-License-Identifier: Apache-2.0 */
/* @nist DI.IMS.1: what was entered stays entered: across runs, torn ends and cuts; what is damaged stops everything. */
#include "tool/ca.h"

#include "check.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define NAME "units.jsonl"

struct place {
	char path[64];
	int dir;
};

static void place_make(struct place *p)
{
	(void)snprintf(p->path, sizeof(p->path), "/tmp/tw-registry-XXXXXX");
	CHECK(mkdtemp(p->path) != NULL);
	p->dir = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(p->dir >= 0);
}

static void place_done(struct place *p)
{
	(void)unlinkat(p->dir, NAME, 0);
	(void)close(p->dir);
	(void)rmdir(p->path);
}

static void write_text(const struct place *p, const char *text)
{
	int fd = openat(p->dir, NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	(void)close(fd);
}

static tw_err append(const struct tw_sys *sys, int dir, const char *identifier, const char *state)
{
	TW_CLEANUP(tw_registry_freep) tw_registry *r = NULL;
	TW_CLEANUP(tw_jsonp) json_t *line = json_pack("{s:s, s:s}", "identifier", identifier, "state", state);

	TW_TRY(tw_registry_open(sys, dir, &r));
	return tw_registry_append(r, line);
}

static const char *state_of(int dir, const char *identifier)
{
	static char word[32];
	TW_CLEANUP(tw_registry_freep) tw_registry *r = NULL;

	CHECK_OK(tw_registry_open(tw_sys_real(), dir, &r));
	const json_t *line = tw_registry_find(r, identifier);
	(void)snprintf(word, sizeof(word), "%s", line ? tw_json_text(line, "state") : "");
	return word;
}

static void test_grows(void **state)
{
	TW_CLEANUP(place_done) struct place p = { .dir = -1 };

	place_make(&p);
	CHECK_TEXT(state_of(p.dir, "u:1"), "");
	CHECK_OK(append(tw_sys_real(), p.dir, "u:1", "begun"));
	CHECK_OK(append(tw_sys_real(), p.dir, "u:2", "begun"));
	CHECK_OK(append(tw_sys_real(), p.dir, "u:1", "complete"));
	CHECK_TEXT(state_of(p.dir, "u:1"), "complete");
	CHECK_TEXT(state_of(p.dir, "u:2"), "begun");
}

static void test_one_at_a_time(void **state)
{
	TW_CLEANUP(place_done) struct place p = { .dir = -1 };
	TW_CLEANUP(tw_registry_freep) tw_registry *first = NULL, *second = NULL;

	place_make(&p);
	CHECK_OK(tw_registry_open(tw_sys_real(), p.dir, &first));
	CHECK_ERR(tw_registry_open(tw_sys_real(), p.dir, &second), STATE);
}

static const struct {
	const char *text;
	bool good;
} rows[] = {
	{ "{\"identifier\":\"u:1\",\"state\":\"begun\"}\n", true },
	{ "{\"identifier\":\"u:1\",\"state\":\"begun\"}\n{\"identifier\":\"u:2\",\"st", true }, /* torn: never acknowledged */
	{ "{\"identifier\":\"u:1\",\"state\":\"begun\"}\n{}", true },
	{ "{\"identifier\":\"u:1\"}\n", false },
	{ "{\"identifier\":\"u:1\",\"state\":\"begun\",\"state\":\"x\"}\n", false },
	{ "\n", false },
	{ "{\"identifier\":\"u:1\",\"state\":\"begun\"}\nx\n{\"identifier\":\"u:2\",\"state\":\"begun\"}\n", false },
};

static void test_damage(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(place_done) struct place p = { .dir = -1 };
		TW_CLEANUP(tw_registry_freep) tw_registry *r = NULL;

		place_make(&p);
		write_text(&p, rows[i].text);
		tw_err e = tw_registry_open(tw_sys_real(), p.dir, &r);
		if (tw_failed(e) == rows[i].good || (tw_failed(e) && !tw_is(e, TW_CODE_SYNTAX)))
			fail_msg("row %zu: %s", i, tw_code_name(e.code));
		if (!rows[i].good)
			continue;
		r = tw_registry_free(r);
		CHECK_OK(append(tw_sys_real(), p.dir, "u:3", "begun")); /* takes the place of the torn end */
		CHECK_TEXT(state_of(p.dir, "u:3"), "begun");
		CHECK_TEXT(state_of(p.dir, "u:1"), "begun");
	}
}

/* At each call that fails: what was entered before is still there, and the registry works again afterwards. */
static void test_faults(void **state)
{
	tw_fake *f = tw_fake_new();
	bool fired = true;

	for (long k = 1; fired; k++) {
		TW_CLEANUP(place_done) struct place p = { .dir = -1 };

		place_make(&p);
		CHECK_OK(append(tw_sys_real(), p.dir, "u:1", "complete"));
		tw_fake_fail(f, k, EIO, false);
		tw_err e = append(tw_fake_sys(f), p.dir, "u:2", "begun");
		fired = tw_fake_fired(f);
		tw_fake_fail(f, 0, 0, false);
		CHECK_TEXT(state_of(p.dir, "u:1"), "complete");
		if (!tw_failed(e))
			CHECK_TEXT(state_of(p.dir, "u:2"), "begun");
		CHECK_OK(append(tw_sys_real(), p.dir, "u:3", "begun"));
	}
	tw_fake_free(f);
}

CHECK_MAIN(cmocka_unit_test(test_grows), cmocka_unit_test(test_one_at_a_time), cmocka_unit_test(test_damage), cmocka_unit_test(test_faults))
