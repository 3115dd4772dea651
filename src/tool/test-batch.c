/* SPDX-License-Identifier: Apache-2.0 */
/*
 * @nist DI.IMS.1: units by the batch. After a power cut at every point, and after failing calls, the same command ends with every unit
 * complete and whole, none given out twice, none of the complete ones touched.
 */
#include "tool/ca.h"
#include "tool/commands.h"
#include "tool/files.h"

#include "check.h"
#include "crypto/hash.h"
#include "formats/provisioning.h"
#include "product/product.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <unistd.h>

#define UNITS 3

static FILE *nowhere;
static char seed[64], work[64], replay[64];

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *f)
{
	return remove(path);
}

static void remove_tree(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static tw_err command(tw_err (*run)(struct tw_tool *, const struct tw_args *), const struct tw_sys *sys,
	const char *const (*options)[2], const char *rest)
{
	struct tw_tool t = { .sys = sys, .out = nowhere, .json = true };
	struct tw_args a = { .given_count = 0 };
	char *words[] = { (char *)rest, NULL };

	for (; options && (*options)[0]; options++) {
		a.given[a.given_count].name = (*options)[0];
		a.given[a.given_count++].value = (*options)[1];
	}
	a.rest = words;
	a.rest_count = rest != NULL;
	return run(&t, &a);
}

static tw_err batch(const struct tw_sys *sys, const char *base)
{
	char ca[96], out[96], roles[96];
	const char *const options[][2] = { { "ca", ca }, { "product", seed }, { "first", "T-1" }, { "count", "3" }, { "out", out },
		{ "roles", roles }, { NULL, NULL } };

	(void)snprintf(ca, sizeof(ca), "%s/ca", base);
	(void)snprintf(out, sizeof(out), "%s/out", base);
	(void)snprintf(roles, sizeof(roles), "%s/roles", seed);
	return command(tw_cmd_provision_batch, sys, options, NULL);
}

/* An empty desk with the CA on it. */
static void lay(const char *base)
{
	static const char *const files[] = { "ca.key", "ca.crt", "manifest.key", "manifest.crt" };
	char from[128], to[128];

	remove_tree(base);
	CHECK(mkdir(base, 0755) == 0);
	(void)snprintf(to, sizeof(to), "%s/ca", base);
	CHECK(mkdir(to, 0700) == 0);
	for (size_t i = 0; i < TW_COUNT(files); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		tw_buf_init(&b, tw_sys_real(), TW_FILE_MAX);
		(void)snprintf(from, sizeof(from), "%s/ca/%s", seed, files[i]);
		(void)snprintf(to, sizeof(to), "%s/ca/%s", base, files[i]);
		CHECK_OK(tw_file_read(tw_sys_real(), from, TW_FILE_MAX, &b));
		CHECK_OK(tw_file_write(tw_sys_real(), to, tw_buf_cstr(&b), b.size, 0600));
	}
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
	TW_CLEANUP(tw_closep) int ca = -1;
	TW_CLEANUP(tw_registry_freep) tw_registry *r = NULL;
	char path[96], urn[64];
	int complete[UNITS] = { 0 };
	size_t i;
	json_t *line;

	*ret = (struct seen){ 0 };
	(void)snprintf(path, sizeof(path), "%s/ca", base);
	CHECK_OK(tw_dir_open(tw_sys_real(), path, &ca));
	CHECK_OK(tw_registry_open(tw_sys_real(), ca, &r));
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

	lay(work);
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

	lay(work);
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

static void write_file(const char *base, const char *name, const char *text)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", base, name);
	CHECK_OK(tw_file_write(tw_sys_real(), path, text, strlen(text), 0600));
}

/* What a cut leaves of this unit's label is replaced; the whole label of another one that has this serial number is not. */
static void test_label_of_another_unit(void **state)
{
	static const char begun[] = "{\"state\":\"begun\",\"identifier\":\"urn:dev:ops:32473-thermostat-T-1\"}\n";
	TW_CLEANUP(tw_buf_done) struct tw_buf label = { 0 }, now = { 0 };

	lay(work);
	CHECK_OK(batch(tw_sys_real(), work));
	read_file(work, 1, ".label.json", &label);
	write_file(work, "ca/units.jsonl", begun);
	char *at = strstr(tw_buf_cstr(&label), "thermostat-T-1");
	memcpy(at, "thermo-eye-T-1", 14);
	write_file(work, "out/T-1.label.json", tw_buf_cstr(&label));
	CHECK_ERR(batch(tw_sys_real(), work), EXISTS);
	read_file(work, 1, ".label.json", &now);
	CHECK_TEXT(tw_buf_cstr(&now), tw_buf_cstr(&label));
	memcpy(at, "thermostat-T-1", 14);
	write_file(work, "out/T-1.label.json", tw_buf_cstr(&label));
	CHECK(unlink_two(work) == 0);
	CHECK_OK(batch(tw_sys_real(), work));

	label.data[label.size / 2] = '\0';
	write_file(work, "ca/units.jsonl", begun);
	write_file(work, "out/T-1.label.json", tw_buf_cstr(&label));
	CHECK(unlink_two(work) == 0);
	CHECK_OK(batch(tw_sys_real(), work));
}

/* Another authority's unit of the same identifier is another unit. */
static void test_label_of_another_authority(void **state)
{
	static const char begun[] = "{\"state\":\"begun\",\"identifier\":\"urn:dev:ops:32473-thermostat-T-1\"}\n";
	static const char *const plain[][2] = { { "unprotected", "" }, { NULL, NULL } };
	char path[96];

	lay(work);
	CHECK_OK(batch(tw_sys_real(), work));
	(void)snprintf(path, sizeof(path), "%s/ca", work);
	remove_tree(path);
	CHECK_OK(command(tw_cmd_ca_init, tw_sys_real(), plain, path));
	write_file(work, "ca/units.jsonl", begun);
	CHECK_ERR(batch(tw_sys_real(), work), EXISTS);
}

static void test_power_cuts(void **state)
{
	tw_fake *f = tw_fake_new();
	size_t whole = 0;

	lay(work);
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

	lay(work);
	tw_fake_fail(f, 0, 0, false);
	CHECK_OK(batch(tw_fake_sys(f), work));
	long calls = tw_fake_calls(f);
	for (long i = 1; i <= calls; i += 5) {
		struct seen seen;

		lay(work);
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
	char path[96], roles[256];
	static const char *const plain[][2] = { { "unprotected", "" }, { NULL, NULL } };

	nowhere = fopen("/dev/null", "w");
	if (!nowhere)
		return -1;
	tw_crypto_use(tw_sys_real());
	tw_json_use(tw_sys_real());
	/* In memory where there is some: what a cut leaves is computed from the journal, and a real disk would only be slow. */
	const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	(void)snprintf(seed, sizeof(seed), "%s/tw-batch-seed-XXXXXX", base);
	(void)snprintf(work, sizeof(work), "%s/tw-batch-work-XXXXXX", base);
	(void)snprintf(replay, sizeof(replay), "%s/tw-batch-cut-XXXXXX", base);
	if (!mkdtemp(seed) || !mkdtemp(work) || !mkdtemp(replay))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/ca", seed);
	CHECK_OK(command(tw_cmd_ca_init, tw_sys_real(), plain, path));
	(void)snprintf(path, sizeof(path), "%s/" TW_PRODUCT_FILE, seed);
	CHECK_OK(tw_file_write(tw_sys_real(), path, tw_product_example, strlen(tw_product_example), 0644));
	(void)snprintf(path, sizeof(path), "%s/roles", seed);
	(void)snprintf(roles, sizeof(roles), "core 991 991\nfront 992 992\nkeys 993 993\napplication 994 994\n");
	CHECK_OK(tw_file_write(tw_sys_real(), path, roles, strlen(roles), 0644));
	return 0;
}

static int teardown(void **state)
{
	remove_tree(seed);
	remove_tree(work);
	remove_tree(replay);
	return fclose(nowhere);
}

CHECK_MAIN_IN(setup, teardown, cmocka_unit_test(test_plain), cmocka_unit_test(test_lost_registry),
	cmocka_unit_test(test_label_of_another_unit), cmocka_unit_test(test_label_of_another_authority),
	cmocka_unit_test(test_power_cuts), cmocka_unit_test(test_failed_calls))
