/* SPDX-License-Identifier: Apache-2.0 */
/*
 * @nist LA.AS.2.1.2: logins by the provider beside others, and what fails on the way: whose turn it is, whose an answer is, and that what failed counts
 * for nothing, whatever it left. Linked with --wrap=tw_oidc_account,--wrap=tw_sha256,--wrap=tw_event as well.
 */
#include "played-oidc.h"

static struct {
	bool account;     /* whose it is cannot be told, after it was found */
	const char *hash; /* nor can the hash of this text be made, after it was, */
	int nth;          /* the time that it is asked for so often */
} fails;
static struct {
	unsigned yes, nameless; /* logins that were told as good; a stranger whom an account belongs to, without either */
} told;

tw_err __real_tw_oidc_account(struct tw_device *d, const struct tw_oidc_config *o, const char *subject, int64_t *ret);
tw_err __wrap_tw_oidc_account(struct tw_device *d, const struct tw_oidc_config *o, const char *subject, int64_t *ret);
tw_err __wrap_tw_oidc_account(struct tw_device *d, const struct tw_oidc_config *o, const char *subject, int64_t *ret)
{
	TW_TRY(__real_tw_oidc_account(d, o, subject, ret));
	return fails.account ? TW_RAISE(IO, "the store") : TW_OK;
}

tw_err __real_tw_sha256(const void *data, size_t size, uint8_t ret[TW_SHA256_SIZE]);
tw_err __wrap_tw_sha256(const void *data, size_t size, uint8_t ret[TW_SHA256_SIZE]);
tw_err __wrap_tw_sha256(const void *data, size_t size, uint8_t ret[TW_SHA256_SIZE])
{
	TW_TRY(__real_tw_sha256(data, size, ret));
	if (!fails.hash || strlen(fails.hash) != size || memcmp(fails.hash, data, size) != 0 || --fails.nth != 0)
		return TW_OK;
	return TW_RAISE(IO, "a hash");
}

tw_err __real_tw_event(struct tw_context *c, const char *name, json_t *fields);
tw_err __wrap_tw_event(struct tw_context *c, const char *name, json_t *fields);
tw_err __wrap_tw_event(struct tw_context *c, const char *name, json_t *fields)
{
	if (!strcmp(name, "login.outside")) {
		told.yes += !strcmp(tw_json_text(fields, "verdict"), "yes");
		told.nameless += !strcmp(tw_json_text(fields, "rule"), "oidc.stranger") &&
			(strcmp(tw_json_text(fields, "account"), "a2") != 0 || strcmp(tw_json_text(fields, "subject"), "u-bob") != 0);
	}
	return __real_tw_event(c, name, fields);
}

static int set_up_amiss(void **unused)
{
	memset(&fails, 0, sizeof fails);
	memset(&told, 0, sizeof told);
	return set_up(unused);
}

/* --- Beside others --- */

/* The one that came first, in whatever place; and none waits for a role that is busy for longer than its time. */
static void test_in_turn(void **unused)
{
	fetched.refuses = TW_CODE_STATE;
	CHECK_INT(ask_begin(), 0);
	pass_ms(1000);
	tw_unit_from(w.unit, "198.51.100.7");
	CHECK_INT(ask_begin(), 0);
	pass_ms(TW_OIDC_WAIT_MS - 1100);
	job();
	CHECK_INT(due(), 100);
	pass_ms(100);
	job();
	CHECK_INT(tw_unit_later(w.unit), 503);
	SAYS("oidc.silent");
	tw_unit_from(w.unit, "192.0.2.50");
	CHECK_INT(ask_begin(), 0); /* takes the place of the first, and comes behind the second */
	pass_ms(800);
	job();
	CHECK_INT(due(), 200);
	pass_ms(200);
	job();
	CHECK_INT(tw_unit_later(w.unit), 503);
	CHECK_INT(due(), 50);
}

static void test_beside_a_password(void **unused)
{
	tw_unit_from(w.unit, "198.51.100.7");
	CHECK_INT(login_begin("alice", GOOD), 0);
	CHECK_INT(due(), -1); /* it is nothing of the provider's */
	tw_unit_from(w.unit, "192.0.2.50");
	CHECK_INT(come(), 201);
	CHECK_INT(settle(0), 201);
	CHECK(world_log_says(&w, "session of a1 alice by password"));
}

/* The handler itself, at a door where no answer can come later: what it says, and that it keeps nothing of a login. */
static void check_handler(const char *login, const char *back, int want, const char *rule)
{
	TW_CLEANUP(tw_jsonp)
	json_t *input = json_pack("{s:b, s:s, s:s, s:s}", "outside", true, "login", login, "state", back, "answer", "c");
	const struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .source = "192.0.2.50" }, .input = input };
	const struct tw_login_work *works = device()->access->works;
	struct tw_reply rp = { .status = 200 };

	CHECK_OK(tw_access_login_open(&device()->context, &rq, &rp));
	CHECK_INT(rp.status, want);
	CHECK_TEXT(rp.rule, rule);
	for (size_t i = 0; i < TW_LOGIN_WORKS; i++)
		CHECK(works[i].later || (!works[i].fresh && !works[i].oidc.turn && !works[i].oidc.words.nonce[0]));
	tw_reply_done(&rp);
}

/* As the path, which lets no second one of a source come so far. */
static void test_one_at_a_time(void **unused)
{
	CHECK_INT(begin(), 200);
	CHECK_INT(ask_begin(), 0);
	check_handler("", "", 503, "access.one-at-a-time");
	check_handler(handle, "x", 403, "oidc.state"); /* which is judged first */
	CHECK_INT(serve(), 200);
}

static void test_at_a_door_that_does_not_wait(void **unused)
{
	CHECK_INT(begin(), 200);
	check_handler("", "", 406, "path.door");
	check_handler(handle, state, 406, "path.door");
}

/* What the role has fetched for something else is no answer to a login. */
static void test_somebody_elses_answer(void **unused)
{
	fetched.running = true;
	say("{}");
	CHECK_INT(ask_begin(), 0);
	job();
	CHECK_INT(tw_unit_later(w.unit), 0);
	CHECK_INT(due(), 250);
	CHECK(fetched.running && !fetched.ended);
	fetched.running = fetched.over = false;
	pass_ms(250);
	CHECK_INT(take_begun(serve()), 200);
}

/* --- What does not fit --- */

static void test_no_such_handle(void **unused)
{
	char body[256];

	CHECK_INT(begin(), 200);
	handle[0] = handle[0] == 'A' ? 'B' : 'A';
	(void)snprintf(body, sizeof body, "{\"outside\":true,\"login\":\"%s\",\"state\":\"%s\",\"answer\":\"c\"}", handle, state);
	CHECK_INT(ask_as(NULL, "POST", LOGINS, body), 400);
	SAYS("access.login-form");
}

/* A login that cannot go on for now is not used up. */
static void test_not_used_up(void **unused)
{
	CHECK_INT(begin(), 200);
	fetched.missing = true;
	CHECK_INT(ask_finish(handle, state, ""), 503);
	SAYS("oidc.off");
	fetched.missing = false;
	CHECK_INT(finish(), 201);
}

/* Whoever waits is told so, and others come in again when there is one. */
static void test_provider_gone_meanwhile(void **unused)
{
	CHECK_INT(begin(), 200);
	CHECK_INT(ask_finish(handle, state, ""), 0);
	CHECK_INT(ask("DELETE", OIDC, NULL), 204);
	CHECK_INT(serve(), 503);
	SAYS("oidc.off");
	CHECK_INT(due(), -1);
	name_provider(ISSUER, "", 204);
	CHECK_INT(come(), 201);
}

/* --- What fails --- */

static void test_what_failed_counts_for_nothing(void **unused)
{
	static const int refused[] = { 500, 403, 400 }; /* is it a step, is it the provider's, and which of these */

	fails.account = true;
	CHECK_INT(come(), 500);
	CHECK_INT(told.yes, 0);
	fails.account = false;
	CHECK_INT(come(), 201);
	CHECK_INT(told.yes, 1);
	for (size_t i = 0; i < TW_COUNT(refused); i++) {
		CHECK_INT(begin(), 200);
		fails.hash = handle;
		fails.nth = (int)i + 2;
		CHECK_INT(ask_finish(handle, state, ""), refused[i]);
		CHECK(fails.nth <= 0);
		fails.hash = NULL;
	}
}

/* Who has to wait is told so, and the log does not say that he came in. */
static void test_told_when_it_is_so(void **unused)
{
	tw_unit_from(w.unit, NULL);
	enrol();
	bind_to("/api/v1/oidc-subjects/a1", "u-alice", 204);
	tw_unit_from(w.unit, "192.0.2.50");
	idp.subject = "u-alice";
	for (int i = 0; i < 5; i++) {
		CHECK_INT(come(), 200);
		CHECK_INT(go_on("code", "000000"), 403);
	}
	CHECK_INT(told.yes, 5);
	tw_unit_from(w.unit, "198.51.100.7");
	CHECK_INT(come(), 429);
	CHECK_INT(told.yes, 5);
}

/* --- Without memory --- */

static int do_finish(const void *more)
{
	int status = ask_finish(handle, state, more);

	return status ? status : serve();
}

static int do_serve(const void *unused)
{
	return serve();
}

/* From a source of its own, where nobody has failed yet. */
static int finish_without(long nth, const char *more)
{
	char source[64];

	(void)snprintf(source, sizeof source, "10.0.%ld.%ld", nth / 200, nth % 200);
	tw_unit_from(w.unit, source);
	CHECK_INT(begin(), 200);
	return ask_without(do_finish, more, nth);
}

/* Whose account it would be is told with the rest, or nothing is. */
static void test_told_whole(void **unused)
{
	int refused = 0;

	CHECK_INT(come(), 201); /* from here on its keys are known */
	CHECK_INT(ask("PUT", "/api/v1/suspensions/a2", NULL), 204);
	for (long nth = 1; nth == 1 || memory.fired; nth++) {
		int status = finish_without(nth, "");

		CHECK(status == 403 || status >= 500);
		refused += status == 403;
		device()->access->oidc.down_ms = 0;
	}
	CHECK(refused > 0);
	CHECK(told.nameless == 0 && told.yes == 1);
}

static void test_from_elsewhere(void **unused)
{
	for (long nth = 1; nth == 1 || memory.fired; nth++) {
		int status = finish_without(nth, ",\"issuer\":\"https://evil.example\"");

		CHECK(status == 403 || status >= 500);
		CHECK_INT(due(), -1);
	}
	CHECK_INT(told.yes, 0);
}

/* A lack of memory says nothing of the provider's keys. */
static void test_keys_are_believed(void **unused)
{
	CHECK_INT(come(), 201);
	for (long nth = 1; nth == 1 || memory.fired; nth++) {
		int status = finish_without(nth, "");

		CHECK(status == 201 || status >= 500);
		device()->access->oidc.down_ms = 0;
	}
	CHECK_INT(asked_keys, 1);
}

/* Without its configuration nothing is decided: neither that the provider is another now, nor that it was silent. */
static void test_first_of_all(void **unused)
{
	CHECK_INT(begin(), 200);
	CHECK_INT(ask_finish(handle, state, ""), 0);
	tw_oidc_forget(device());
	CHECK_INT(ask_without(do_serve, NULL, 1), 503);
	SAYS("path.memory");
	CHECK_INT(begin(), 200);
	CHECK_INT(ask_finish(handle, state, ""), 0);
	pass_ms(TW_OIDC_WAIT_MS);
	CHECK_INT(ask_without(do_serve, NULL, 1), 503);
	SAYS("path.memory");
	CHECK_INT(come(), 201);
}

#define AMISS(f) cmocka_unit_test_setup_teardown(f, set_up_amiss, tear_down_all)
CHECK_MAIN(AMISS(test_in_turn), AMISS(test_beside_a_password), AMISS(test_one_at_a_time), AMISS(test_somebody_elses_answer),
	AMISS(test_no_such_handle), AMISS(test_not_used_up), AMISS(test_at_a_door_that_does_not_wait),
	AMISS(test_provider_gone_meanwhile), AMISS(test_what_failed_counts_for_nothing), AMISS(test_told_when_it_is_so),
	AMISS(test_told_whole), AMISS(test_from_elsewhere), AMISS(test_keys_are_believed), AMISS(test_first_of_all))
