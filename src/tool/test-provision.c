/* SPDX-License-Identifier: Apache-2.0 */
/*
 * @nist DI.IMS.1: one unit, one identity, whatever happens while it is made. After every power cut and every failed call, either
 * the unit is complete and its serial number is never given out again, or the next run makes it anew, whole.
 */
#include "tool/test-desk.h"

#include "formats/keydir.h"
#include "sys/fake.h"

#include <errno.h>

#define URN "urn:dev:ops:32473-thermostat-T-1"

static char seed[64], work[64], replay[64]; /* seed: a CA and a product, made once */

/* Everything is beneath one directory, so that the journal sees all of it. */
static tw_err provision(const struct tw_sys *sys, const char *base)
{
	char ca[96], product[96], state[96], config[96], label[96], roles[96];
	const char *const options[][2] = { { "ca", ca }, { "product", product }, { "serial", "T-1" }, { "state", state },
		{ "config", config }, { "label", label }, { "roles", roles }, { NULL, NULL } };

	(void)snprintf(ca, sizeof(ca), "%s/ca", base);
	(void)snprintf(product, sizeof(product), "%s", seed);
	(void)snprintf(state, sizeof(state), "%s/state", base);
	(void)snprintf(config, sizeof(config), "%s/config", base);
	(void)snprintf(label, sizeof(label), "%s/label.json", base);
	(void)snprintf(roles, sizeof(roles), "%s/roles", seed);
	return desk_run(tw_cmd_provision, sys, options, NULL, NULL);
}

static bool is_complete(const char *base)
{
	TW_CLEANUP(tw_registry_freep) tw_registry *r = NULL;

	desk_registry(base, &r);
	const json_t *line = tw_registry_find(r, URN);
	return line && !strcmp(tw_json_text(line, "state"), "complete");
}

/* What the device and its owner will need is all there and fits together. */
static void check_whole(const char *base)
{
	TW_CLEANUP(tw_closep) int keys = -1;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL, *anchor = NULL, *listener_cert = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL, *listener = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 }, uri = { 0 };
	uint8_t of_key[32], of_cert[32];
	char path[128];

	tw_buf_init(&b, tw_sys_real(), TW_FILE_MAX);
	tw_buf_init(&uri, tw_sys_real(), 300);
	(void)snprintf(path, sizeof(path), "%s/state/keys", base);
	CHECK_OK(tw_dir_open(tw_sys_real(), path, &keys));
	CHECK_OK(tw_key_fetch(tw_sys_real(), keys, TW_KEYS_IDENTITY_KEY, &key));
	CHECK_OK(tw_cert_fetch(tw_sys_real(), keys, TW_KEYS_IDENTITY_CERT, &cert));
	CHECK_OK(tw_key_fingerprint(key, of_key));
	CHECK_OK(tw_cert_fingerprint(cert, of_cert));
	CHECK_BYTES(of_key, of_cert, 32);
	CHECK_OK(tw_cert_uri(cert, &uri));
	CHECK_TEXT(tw_buf_cstr(&uri), URN);
	(void)snprintf(path, sizeof(path), "%s/config/manufacturer.crt", base);
	CHECK_OK(tw_file_cert(tw_sys_real(), path, &anchor));
	CHECK_OK(tw_cert_verify(cert, anchor, tw_now_ms(tw_sys_real())));
	(void)snprintf(path, sizeof(path), "%s/state/keys/" TW_KEYS_LISTENER, base);
	CHECK_OK(tw_file_read(tw_sys_real(), path, TW_KEYS_FILE_MAX, &b));
	CHECK_OK(tw_listener_read(tw_sys_real(), tw_buf_slice(&b), &listener, &listener_cert));
	(void)snprintf(path, sizeof(path), "%s/label.json", base);
	tw_buf_clear(&b);
	CHECK_OK(tw_file_read(tw_sys_real(), path, TW_FILE_MAX, &b));
	CHECK(strstr(tw_buf_cstr(&b), URN) != NULL);
}

/* Whatever is there now: complete and whole, or made anew by the next run; never twice. */
static void check_converges(const char *base)
{
	if (is_complete(base)) {
		check_whole(base);
	} else {
		CHECK_OK(provision(tw_sys_real(), base));
		check_whole(base);
	}
	CHECK_ERR(provision(tw_sys_real(), base), EXISTS);
}

static void test_plain(void **state)
{
	desk_lay(seed, work);
	CHECK_OK(provision(tw_sys_real(), work));
	check_whole(work);
	CHECK_ERR(provision(tw_sys_real(), work), EXISTS);
}

/* The state of another unit is never overwritten, even when the registry was lost. */
static void test_foreign_state(void **state)
{
	char path[128];

	desk_lay(seed, work);
	CHECK_OK(provision(tw_sys_real(), work));
	(void)snprintf(path, sizeof(path), "%s/ca/units.jsonl", work);
	CHECK(unlink(path) == 0);
	CHECK_ERR(provision(tw_sys_real(), work), EXISTS);
}

static void test_power_cuts(void **state)
{
	tw_fake *f = tw_fake_new();

	desk_lay(seed, work);
	tw_fake_record(f, work);
	CHECK_OK(provision(tw_fake_sys(f), work));
	size_t points = tw_fake_points(f);
	CHECK(points > 40);
	for (size_t point = 0; point < points; point++)
		for (unsigned variant = 0; variant < 2; variant++) {
			CHECK_OK(tw_fake_rebuild(f, point, variant, replay));
			check_converges(replay);
		}
	tw_fake_free(f);
}

static void test_failed_calls(void **state)
{
	tw_fake *f = tw_fake_new();

	desk_lay(seed, work);
	tw_fake_fail(f, 0, 0, false);
	CHECK_OK(provision(tw_fake_sys(f), work));
	long calls = tw_fake_calls(f);
	for (long i = 1; i <= calls; i += 3) { /* 3 and the period of the loops inside have nothing in common */
		desk_lay(seed, work);
		tw_fake_fail(f, i, i % 2 ? EIO : ENOSPC, false);
		tw_err e = provision(tw_fake_sys(f), work);
		if (!tw_failed(e))
			CHECK(is_complete(work));
		tw_fake_fail(f, 0, 0, false);
		check_converges(work);
	}
	tw_fake_free(f);
}

static int setup(void **state)
{
	char roles[256];

	if (desk_open() || desk_place("provision-seed", seed) || desk_place("provision-work", work) || desk_place("provision-cut", replay))
		return -1;
	(void)snprintf(roles, sizeof(roles), "core %u %u\nfront %u %u\nkeys %u %u\napplication %u %u\n", geteuid(), getegid(),
		geteuid(), getegid(), geteuid(), getegid(), geteuid(), getegid());
	desk_seed(seed, roles);
	return 0;
}

static int teardown(void **state)
{
	desk_remove(seed);
	desk_remove(work);
	desk_remove(replay);
	return desk_close();
}

CHECK_MAIN_IN(setup, teardown, cmocka_unit_test(test_plain), cmocka_unit_test(test_foreign_state),
	cmocka_unit_test(test_power_cuts), cmocka_unit_test(test_failed_calls))
