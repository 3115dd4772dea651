/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sweep every parser and constructor goes through: run it, run it again with its first call of the seam failing, with its
 * second, and so on until nothing is left to fail. It must say so each time (leaks are the sanitizer build's to see), must not
 * be worse for it afterwards, and the last run must succeed. Allocations of OpenSSL and Jansson count too.
 *
 * TW_OOM_STEP=n lets one call in n fail after the first forty, where an emulator makes each of them dear.
 */
#ifndef TW_TEST_OOM_H
#define TW_TEST_OOM_H
#include "base/json.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "sys/fake.h"
#include "sys/real.h"
#include "check.h"

#include <errno.h>
#include <openssl/crypto.h>

static inline long sweep_step(void)
{
	uint64_t step = 1;
	const char *text = getenv("TW_OOM_STEP");
	if (text)
		CHECK_OK(tw_parse_u64(tw_slice_of(text), 1000, &step));
	return step ? (long)step : 1;
}

/* The call to fail after the nth. What makes only a few is swept whole. */
static inline long next_call(long n)
{
	return n + (n < 40 ? 1 : sweep_step());
}

/* Set by tests whose input is always right: then no failure may be blamed on it. */
static bool sweep_is_strict;

/* The stricter sweep, for what is ours alone: a call that failed is told to the caller, or is one of `quiet` ("close unlink").
   OpenSSL's allocations are left out: it copes with the loss of some. Returns how many were told, those left out by the step with them. */
static inline long told_sweep(int error_number, tw_err (*body)(const struct tw_sys *sys, void *user), void *user, const char *quiet)
{
	tw_fake *f = tw_fake_new();
	long told = 0;
	bool fired = true;
	tw_crypto_use(tw_sys_real());
	tw_json_use(tw_fake_sys(f));
	CHECK_OK(body(tw_fake_sys(f), user));
	for (long n = 1; fired; n = next_call(n)) {
		tw_json_use(tw_fake_sys(f));
		tw_fake_fail(f, n, error_number, false);
		tw_err e = body(tw_fake_sys(f), user);
		const char *failed = tw_fake_name(f, n); /* asked now: the next line forgets it */
		fired = tw_fake_fired(f);
		tw_fake_fail(f, 0, 0, false);
		if (fired && !tw_failed(e) && !strstr(quiet, failed))
			fail_msg("call %ld (%s) failed and nobody was told", n, failed);
		if (fired && sweep_is_strict && (tw_is(e, TW_CODE_UNTRUSTED) || tw_is(e, TW_CODE_SYNTAX)))
			fail_msg("call %ld (%s) failed, and the input was blamed: %s", n, failed, tw_err_detail());
		told += fired && tw_failed(e) ? next_call(n) - n : 0;
		if (!fired)
			CHECK_OK(e);
	}
	tw_json_use(tw_sys_real());
	tw_fake_free(f);
	return told;
}

/* Returns how many points there were. error_number as for tw_fake_fail. */
static inline long loose_sweep_with(int error_number, tw_err (*body)(const struct tw_sys *sys, void *user), void *user)
{
	tw_fake *f = tw_fake_new();
	const struct tw_sys *sys = tw_fake_sys(f);
	long n = 0, refused = 0;
	bool fired = true;
	tw_crypto_use(sys);
	tw_json_use(sys);
	CHECK_OK(body(sys, user)); /* what libraries keep for ever is allocated now */
	while (fired) {
		n = next_call(n);
		tw_fake_fail(f, n, error_number, false);
		tw_err e = body(sys, user);
		fired = tw_fake_fired(f);
		tw_fake_fail(f, 0, 0, false);
		if (fired && tw_failed(e))
			refused++;
		if (tw_failed(e) && (!fired || tw_is(e, TW_CODE_UNTRUSTED) || tw_is(e, TW_CODE_SYNTAX)))
			fail_msg("call %ld (%s): %s, %s", n, fired ? tw_fake_name(f, n) : "none failed", tw_code_name(e.code),
				tw_err_detail());
	}
	CHECK_OK(body(sys, user));
	CHECK(refused > 0);
	tw_crypto_use(tw_sys_real()); /* OpenSSL frees and allocates until the process ends */
	tw_json_use(tw_sys_real());
	tw_fake_free(f);
	return n - 1;
}

static inline long oom_sweep_with(int error_number, tw_err (*body)(const struct tw_sys *sys, void *user), void *user)
{
	long points = loose_sweep_with(error_number, body, user);
	(void)told_sweep(error_number, body, user, "close unlink pin clock");
	return points;
}

/* OpenSSL asked for memory, had none, and went on without: nobody was told. */
static inline void lack_memory_once(void)
{
	tw_fake *f = tw_fake_new();
	tw_crypto_use(tw_fake_sys(f));
	tw_fake_fail(f, 1, ENOMEM, false);
	CHECK(OPENSSL_malloc(1) == NULL);
	tw_crypto_use(tw_sys_real());
	tw_fake_free(f);
}

/* The sweep with a judge, for what OpenSSL makes: it gets over some failures, and then what it made must be whole. The judge is
   called whenever the body succeeded, with nothing failing; what the body made is in user, for the judge to free. Else: NOMEM. */
static inline void judged_sweep(tw_err (*body)(const struct tw_sys *sys, void *user), void (*judge)(void *user), void *user)
{
	tw_fake *f = tw_fake_new();
	bool fired = true;
	for (long n = 1; fired; n = next_call(n)) {
		tw_crypto_use(tw_fake_sys(f));
		tw_fake_fail(f, n, ENOMEM, false);
		tw_err e = body(tw_fake_sys(f), user);
		fired = tw_fake_fired(f);
		if (tw_failed(e) && !tw_is(e, TW_CODE_NOMEM))
			fail_msg("call %ld (%s): %s, %s", n, fired ? tw_fake_name(f, n) : "none failed", tw_code_name(e.code),
				tw_err_detail());
		tw_fake_fail(f, 0, 0, false);
		tw_crypto_use(tw_sys_real());
		if (!tw_failed(e))
			judge(user);
	}
	tw_fake_free(f);
}

static inline long oom_sweep(tw_err (*body)(const struct tw_sys *sys, void *user), void *user)
{
	return oom_sweep_with(ENOMEM, body, user);
}

/*
 * A writer into a buffer, with memory missing at each place in its text: the buffer begins with ever more bytes, so that where it has
 * to grow moves through all of what is written. A loss that is passed over would leave a gap in the middle.
 */
static inline void write_sweep(tw_err (*write)(struct tw_buf *b, void *user), void *user)
{
	static const char before[512];
	tw_fake *f = tw_fake_new();
	long told = 0;
	for (size_t n = 0; n <= sizeof before; n += (size_t)sweep_step()) {
		bool fired = true;
		for (long nth = 1; fired; nth++) {
			TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
			tw_buf_init(&b, tw_fake_sys(f), 1 << 20);
			CHECK_OK(tw_buf_add(&b, before, n));
			tw_fake_fail(f, nth, ENOMEM, false);
			tw_err e = write(&b, user);
			fired = tw_fake_fired(f);
			tw_fake_fail(f, 0, 0, false);
			if (fired && !tw_failed(e))
				fail_msg("with %zu bytes before it, loss %ld was told to nobody", n, nth);
			told += fired;
			if (!fired)
				CHECK_OK(e);
		}
	}
	CHECK(told > 0);
	tw_fake_free(f);
}
#endif
