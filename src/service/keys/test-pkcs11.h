/* SPDX-License-Identifier: Apache-2.0 */
/* One SoftHSM token, or the module of the test's own in its place, and the processes in front of it. */
#ifndef TW_SERVICE_KEYS_TEST_PKCS11_H
#define TW_SERVICE_KEYS_TEST_PKCS11_H
#include "service/keys/test-keystore.h"

#include "crypto/hash.h"
#include "service/keys/test-softhsm.h"

static const struct tw_sys *sys;
static struct test_dir dir;
static struct tw_token_plan plan;
static tw_token *token;
static bool has_softhsm;

static void use_pin(const char *pin)
{
	write_file(&tokens, "pin", pin);
	if (plan.fd >= 0)
		close(plan.fd);
	plan.fd = openat(tokens.fd, "pin", O_RDONLY | O_CLOEXEC);
	CHECK(plan.fd >= 0);
}

/* The processes in front of the token begin anew, as with a start of the device. */
static void restart(void)
{
	token = tw_token_free(token);
	CHECK_OK(tw_token_start(sys, &plan, &token));
}

static void fresh_words(const char *module, const char *label)
{
	char words[512];
	int fd = plan.fd;
	token_words(module, label, words);
	CHECK_OK(tw_token_parse(words, &plan));
	plan.fd = fd;
	restart();
}

static int set_up(void **state)
{
	sys = tw_sys_real();
	tw_crypto_use(sys);
	dir = test_dir_new();
	plan.fd = -1;
	has_softhsm = tokens_new();
	use_pin(PIN "\n");
	fresh_words(SOFTHSM, "unit");
	return 0;
}

static int tear_down(void **state)
{
	token = tw_token_free(token);
	test_dir_done(&dir);
	(void)close(plan.fd);
	return tokens_done();
}

static tw_err open_token_in(const struct tw_sys *s, int directory, tw_keystore **ret)
{
	return tw_keystore_token(s, directory, TW_TOKEN_PKCS11, token, plan.fd, ret);
}

static tw_err open_token(tw_keystore **ret)
{
	return open_token_in(sys, dir.fd, ret);
}

static void need_softhsm(void)
{
	if (!has_softhsm) {
		print_message("softhsm2 is not installed\n");
		skip();
	}
	test_dir_empty(&dir);
}

static void use_odd(void)
{
	need_softhsm();
	(void)unlinkat(tokens.fd, "odd.log", 0);
	odd("");
	fresh_words(ODD_MODULE, "unit");
}
#endif
