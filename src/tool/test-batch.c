/* SPDX-License-Identifier: Apache-2.0 */
/*
 * @nist DI.IMS.1: units by the batch. After a power cut at every point, and after failing calls, the same command ends with every unit
 * complete and whole, none given out twice, none of the complete ones touched.
 */
#include "tool/test-desk.h"

#include "formats/provisioning.h"
#include "sys/fake.h"
#include "lay.h"

#include <errno.h>

#define UNITS 3

static char seed[64], work[64], replay[64];

static tw_err batch(const struct tw_sys *sys, const char *base)
{
	char ca[96], out[96], roles[96];
	const char *const options[][2] = { { "ca", ca }, { "product", seed }, { "first", "T-1" }, { "count", "3" }, { "out", out },
		{ "roles", roles }, { NULL, NULL } };

	(void)snprintf(ca, sizeof(ca), "%s/ca", base);
	(void)snprintf(out, sizeof(out), "%s/out", base);
	(void)snprintf(roles, sizeof(roles), "%s/roles", seed);
	return desk_run(tw_cmd_provision_batch, sys, options, NULL, NULL);
}

static void read_file(const char *base, int unit, const char *end, struct tw_buf *ret)
{
	char path[128];

	tw_buf_init(ret, tw_sys_real(), TW_FILE_MAX);
	(void)snprintf(path, sizeof(path), "%s/out/T-%d%s", base, unit, end);
	CHECK_OK(tw_file_read(tw_sys_real(), path, TW_FILE_MAX, ret));
}

struct seen {
	bool complete[UNITS];
	char certificate[UNITS][TW_CERT_NUMBER_MAX + 1];
};

/* A complete unit has its three files whole, and they are of the certificate that the registry names. */
static void check_unit(const char *base, int unit, const char *certificate)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf tar = { 0 }, label = { 0 }, record = { 0 };
	TW_CLEANUP(tw_cert_freep) tw_cert *anchor = NULL;
	TW_CLEANUP(tw_jsonp) json_t *said = NULL;
	struct tw_provisioning p;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/ca/ca.crt", base);
	CHECK_OK(tw_file_cert(tw_sys_real(), path, &anchor));
	read_file(base, unit, ".record.json", &record);
	CHECK_OK(tw_provisioning_verify(
		tw_sys_real(), (struct tw_slice){ record.data, record.size - 1 }, anchor, tw_now_ms(tw_sys_real()), &p));
	CHECK_TEXT(p.certificate, certificate);
	read_file(base, unit, ".label.json", &label);
	CHECK_OK(tw_json_parse(tw_buf_slice(&label), TW_FILE_MAX, &said));
	CHECK_TEXT(tw_json_text(said, "identifier"), p.identifier);
	read_file(base, unit, ".tar", &tar);
	CHECK(tar.size % 512 == 0 && tar.size > 8192);
	CHECK(memmem(tar.data, tar.size, "keys/identity.crt", 17) != NULL);
}

static void look(const char *base, struct seen *ret)
{
	TW_CLEANUP(tw_registry_freep) tw_registry *r = NULL;
	char urn[64];
	int complete[UNITS] = { 0 };
	size_t i;
	json_t *line;

	*ret = (struct seen){ 0 };
	desk_registry(base, &r);
	json_array_foreach(tw_registry_lines(r), i, line)
		for (int u = 0; u < UNITS; u++) {
			(void)snprintf(urn, sizeof(urn), "urn:dev:ops:32473-thermostat-T-%d", u + 1);
			if (!strcmp(tw_json_text(line, "identifier"), urn) && !strcmp(tw_json_text(line, "state"), "complete")) {
				complete[u]++;
				(void)snprintf(ret->certificate[u], sizeof(ret->certificate[u]), "%s", tw_json_text(line, "certificate"));
			}
		}
	for (int u = 0; u < UNITS; u++) {
		CHECK(complete[u] <= 1);
		ret->complete[u] = complete[u];
		if (complete[u])
			check_unit(base, u + 1, ret->certificate[u]);
	}
}

/* Whatever is there now, the same command ends it well, and leaves alone what was complete. */
static void check_converges(const char *base)
{
	struct seen before, after;

	look(base, &before);
	CHECK_OK(batch(tw_sys_real(), base));
	look(base, &after);
	for (int u = 0; u < UNITS; u++) {
		CHECK(after.complete[u]);
		if (before.complete[u])
			CHECK_TEXT(after.certificate[u], before.certificate[u]);
	}
}

static void test_plain(void **state)
{
	struct seen seen, again;

	desk_lay(seed, work);
	CHECK_OK(batch(tw_sys_real(), work));
	look(work, &seen);
	CHECK(seen.complete[0] && seen.complete[1] && seen.complete[2]);
	CHECK(strcmp(seen.certificate[0], seen.certificate[1]) != 0 && strcmp(seen.certificate[1], seen.certificate[2]) != 0);
	CHECK_OK(batch(tw_sys_real(), work));
	look(work, &again);
	CHECK(!memcmp(&seen, &again, sizeof(seen)));
}

/* When the registry was lost, a label that is there still is the only copy of its unit's secret. */
static void test_lost_registry(void **state)
{
	char path[128];

	desk_lay(seed, work);
	CHECK_OK(batch(tw_sys_real(), work));
	(void)snprintf(path, sizeof(path), "%s/ca/units.jsonl", work);
	CHECK(unlink(path) == 0);
	CHECK_ERR(batch(tw_sys_real(), work), EXISTS);
}

/* The labels of the units that the registry does not know then. */
static int unlink_two(const char *base)
{
	char path[128];
	int r = 0;

	for (int i = 2; i <= UNITS; i++) {
		(void)snprintf(path, sizeof(path), "%s/out/T-%d.label.json", base, i);
		r |= unlink(path);
	}
	return r;
}

/* What a cut leaves of this unit's label is replaced; the whole label of another one that has this serial number is not. */
static void test_label_of_another_unit(void **state)
{
	static const char begun[] = "{\"state\":\"begun\",\"identifier\":\"urn:dev:ops:32473-thermostat-T-1\"}\n";
	TW_CLEANUP(tw_buf_done) struct tw_buf label = { 0 }, now = { 0 };

	desk_lay(seed, work);
	CHECK_OK(batch(tw_sys_real(), work));
	read_file(work, 1, ".label.json", &label);
	desk_write(work, "ca/units.jsonl", begun);
	char *at = strstr(tw_buf_cstr(&label), "thermostat-T-1");
	lay_text(at, "thermo-eye-T-1");
	desk_write(work, "out/T-1.label.json", tw_buf_cstr(&label));
	CHECK_ERR(batch(tw_sys_real(), work), EXISTS);
	read_file(work, 1, ".label.json", &now);
	CHECK_TEXT(tw_buf_cstr(&now), tw_buf_cstr(&label));
	lay_text(at, "thermostat-T-1");
	desk_write(work, "out/T-1.label.json", tw_buf_cstr(&label));
	CHECK(unlink_two(work) == 0);
	CHECK_OK(batch(tw_sys_real(), work));

	label.data[label.size / 2] = '\0';
	desk_write(work, "ca/units.jsonl", begun);
	desk_write(work, "out/T-1.label.json", tw_buf_cstr(&label));
	CHECK(unlink_two(work) == 0);
	CHECK_OK(batch(tw_sys_real(), work));
}

/* Another authority's unit of the same identifier is another unit. */
static void test_label_of_another_authority(void **state)
{
	static const char begun[] = "{\"state\":\"begun\",\"identifier\":\"urn:dev:ops:32473-thermostat-T-1\"}\n";
	char path[96];

	desk_lay(seed, work);
	CHECK_OK(batch(tw_sys_real(), work));
	(void)snprintf(path, sizeof(path), "%s/ca", work);
	desk_remove(path);
	desk_make_ca(path);
	desk_write(work, "ca/units.jsonl", begun);
	CHECK_ERR(batch(tw_sys_real(), work), EXISTS);
}

static void test_power_cuts(void **state)
{
	tw_fake *f = tw_fake_new();
	size_t whole = 0;

	desk_lay(seed, work);
	tw_fake_record(f, work);
	CHECK_OK(batch(tw_fake_sys(f), work));
	size_t points = tw_fake_points(f);
	CHECK(points > 20);
	for (size_t point = 0; point < points; point++)
		for (unsigned variant = 0; variant < 4; variant++) {
			struct seen seen;

			CHECK_OK(tw_fake_rebuild(f, point, variant, replay));
			look(replay, &seen);
			whole += seen.complete[0] && seen.complete[1] && seen.complete[2];
			check_converges(replay);
		}
	CHECK(whole > 0 && whole < points * 4);
	/* Without the sync of all, units would be complete whose files are not there. */
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/out/T-1.tar", replay);
	CHECK_INT(tw_fake_spoil(f, "syncfs"), 1);
	CHECK_OK(tw_fake_rebuild(f, points - 1, 1, replay));
	CHECK(access(path, F_OK) != 0);
	tw_fake_free(f);
}

static void test_failed_calls(void **state)
{
	tw_fake *f = tw_fake_new();

	desk_lay(seed, work);
	tw_fake_fail(f, 0, 0, false);
	CHECK_OK(batch(tw_fake_sys(f), work));
	long calls = tw_fake_calls(f);
	for (long i = 1; i <= calls; i += 5) {
		struct seen seen;

		desk_lay(seed, work);
		tw_fake_fail(f, i, i % 2 ? EIO : ENOSPC, false);
		tw_err e = batch(tw_fake_sys(f), work);
		tw_fake_fail(f, 0, 0, false);
		look(work, &seen);
		if (!tw_failed(e))
			CHECK(seen.complete[0] && seen.complete[1] && seen.complete[2]);
		check_converges(work);
	}
	tw_fake_free(f);
}

static int setup(void **state)
{
	if (desk_open() || desk_place("batch-seed", seed) || desk_place("batch-work", work) || desk_place("batch-cut", replay))
		return -1;
	desk_seed(seed, "core 991 991\nfront 992 992\nkeys 993 993\napplication 994 994\n");
	return 0;
}

static int teardown(void **state)
{
	desk_remove(seed);
	desk_remove(work);
	desk_remove(replay);
	return desk_close();
}

CHECK_MAIN_IN(setup, teardown, cmocka_unit_test(test_plain), cmocka_unit_test(test_lost_registry),
	cmocka_unit_test(test_label_of_another_unit), cmocka_unit_test(test_label_of_another_authority),
	cmocka_unit_test(test_power_cuts), cmocka_unit_test(test_failed_calls))
