/* SPDX-License-Identifier: Apache-2.0 */
/* When approved parties are sent what is theirs, by a clock that is turned here. Store, log, gate, keys and the role that fetches are played. */
#include "device/outgoing/shares.h"

#include "device/platform/fetch.h"
#include "device/platform/home.h"
#include "device/platform/outputs.h"
#include "device/rows-outgoing.h"
#include "formats/test-maker.h"
#include "service/path/gate.h"
#include "sys/fake.h"

#define SECOND 1000
#define WALL INT64_C(1900000000000)

static struct tw_device device;
static struct tw_context *c = &device.context;
static tw_fake *fake;
static int64_t passed_ms, wall_ms;
static bool wall_stands;

static void pass(int64_t ms)
{
	passed_ms += ms;
	tw_fake_clock(fake, true, wall_ms + (wall_stands ? 0 : passed_ms), 1000 + passed_ms);
}

/* --- What is played --- */

static char *store;
static json_t *sent; /* what the last transfer had in it */
static enum { IDLE, RUNNING, OVER } fetch;
static struct tw_fetch_answer answer;
static bool others, yields; /* somebody else has the role; this job would give it up */
static unsigned begun, delivered, failures, reads;

tw_err tw_device_keep(struct tw_device *d, const char *name, const char *value)
{
	free(store);
	store = strdup(value);
	CHECK(store);
	return TW_OK;
}

tw_err tw_device_kept(struct tw_device *d, const char *name, struct tw_buf *ret)
{
	return store ? tw_buf_text(ret, store) : TW_RAISE(NOTFOUND, "%s", name);
}

tw_err tw_event(struct tw_context *context, const char *id, json_t *fields)
{
	CHECK(fields);
	json_decref(fields);
	if (strcmp(id, "share.delivered") == 0)
		delivered++;
	else
		failures++;
	return TW_OK;
}

tw_err tw_path_decide(
	struct tw_context *context, const struct tw_subject *s, const char *permission, enum tw_when when, struct tw_decision *ret)
{
	*ret = (struct tw_decision){ .verdict = TW_ALLOW, .rule = "" };
	return TW_OK;
}

tw_err tw_keys_client_sign(tw_keys_client *k, enum tw_sign_purpose purpose, struct tw_slice input, uint8_t ret[TW_SIGNATURE_SIZE])
{
	return signer.sign(signer.user, input, ret);
}

const char *tw_fetch_missing(const struct tw_device *d)
{
	return NULL;
}

tw_err tw_fetch_begin(struct tw_device *d, const struct tw_fetch_want *w)
{
	if (others || fetch != IDLE)
		return TW_RAISE(STATE, "something else is being fetched");
	json_decref(sent);
	sent = NULL;
	CHECK_OK(tw_json_parse(w->body, TW_FETCH_BODY_MAX, &sent));
	CHECK(w->job.deadline_s <= 8);
	yields = w->yields;
	fetch = RUNNING;
	begun++;
	return TW_OK;
}

bool tw_fetch_ended(struct tw_device *d, struct tw_fetch_answer *ret)
{
	if (fetch != OVER)
		return false;
	*ret = answer;
	return true;
}

void tw_fetch_end(struct tw_device *d)
{
	fetch = IDLE;
}

static unsigned narrowed; /* contents that were looked at for what is withheld from their party */

tw_err tw_outputs_for_party(
	struct tw_context *context, const struct tw_subject *s, const char *party, const struct tw_operation_row *o, json_t **body)
{
	CHECK(!s && *party && strcmp(o->name, "identity.read") == 0 && json_object_get(*body, "read"));
	narrowed++;
	return TW_OK;
}

void tw_home_forget(struct tw_device *d)
{
}

static tw_err read_identity(struct tw_context *context, const struct tw_request *rq, struct tw_reply *rp)
{
	rp->body = json_pack("{s:i}", "read", (int)reads);
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "a body");
}

static const struct tw_operation_row operations[] = { { .name = "identity.read", .handler = read_identity }, { .name = NULL } };
static const struct tw_capability capability = { .operations = operations };
static const struct tw_capability *const capabilities[] = { &capability, NULL };

/* --- Parties --- */

static void approve(const char *name, int every)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	char hex[65] = "";

	memset(hex, 'a', 64);
	tw_buf_init(&pem, sys, 8192);
	CHECK_OK(tw_cert_pem(cert, &pem));
	CHECK_OK(tw_shares_read(&device, &document));
	json_t *share = json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:i, s:i, s:i}", "name", name, "url",
		"https://a.example/", "anchors", "PEM", "certificate", tw_buf_cstr(&pem), "data", "identity", "every", every, "by",
		"a1", "key", hex, "approved", 0, "acknowledged", 0, "delivered", 0);
	CHECK(share && !json_array_append_new(tw_json_get(document, "shares"), share));
	CHECK_OK(tw_shares_write(&device, document));
	tw_shares_look(&device);
}

static int64_t acknowledged(void)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;

	CHECK_OK(tw_shares_read(&device, &document));
	return tw_json_int(json_array_get(tw_json_get(document, "shares"), 0), "acknowledged");
}

/* The loop: the job runs when it says that it is due, and not before; how long that took. */
static int64_t run_until_begun(void)
{
	const unsigned before = begun;
	const int64_t from = passed_ms;

	while (begun == before) {
		const int64_t due = tw_outgoing_shares_due_ms(c);

		CHECK(due >= 0);
		pass(due);
		CHECK_OK(tw_outgoing_job_shares(c));
	}
	return passed_ms - from;
}

static void end_with(enum tw_fetch_failure failure, unsigned status)
{
	CHECK_INT(fetch, RUNNING);
	answer = (struct tw_fetch_answer){ .failure = failure, .status = status };
	fetch = OVER;
	CHECK_INT(tw_outgoing_shares_due_ms(c), 0);
	CHECK_OK(tw_outgoing_job_shares(c));
	CHECK_INT(fetch, IDLE);
}

static int set_up_all(void **state)
{
	make_maker();
	return 0;
}

static int tear_down_all(void **state)
{
	maker_done();
	return 0;
}

static int set_up(void **state)
{
	fake = tw_fake_new();
	passed_ms = 0;
	wall_ms = WALL;
	wall_stands = false;
	pass(0);
	device = (struct tw_device){ .certificate = cert };
	device.context = (struct tw_context){ .sys = tw_fake_sys(fake), .time = &device.time, .side = &device, .capabilities = capabilities };
	tw_time_init(&device.time, device.context.sys, 0);
	fetch = IDLE;
	others = yields = false;
	begun = delivered = failures = reads = 0;
	CHECK_OK(tw_outgoing_job_shares(c)); /* the run at the start */
	return 0;
}

static int tear_down(void **state)
{
	tw_outgoing_stop(&device);
	CHECK_INT(fetch, IDLE);
	free(store);
	store = NULL;
	json_decref(sent);
	sent = NULL;
	fake = tw_fake_free(fake);
	return 0;
}

/* --- Tests --- */

/* @nist LA.EC.3: on its schedule, which is neither sooner nor later */
static void test_as_often_as_was_said(void **state)
{
	approve("a", 60);
	CHECK_INT(run_until_begun(), 0);
	for (int i = 1; i <= 3; i++) {
		pass(SECOND); /* so long it takes */
		end_with(TW_FETCH_NO_FAILURE, 204);
		CHECK_INT(acknowledged(), i);
		CHECK_INT(run_until_begun(), 60 * SECOND);
	}
	CHECK_INT(delivered, 3);
	end_with(TW_FETCH_NO_FAILURE, 204);
}

/* A device that was not told the time believes when it was built, and goes on. */
static void test_a_clock_that_stands(void **state)
{
	wall_ms = 0;
	wall_stands = true;
	approve("a", 60);
	run_until_begun();
	end_with(TW_FETCH_NO_FAILURE, 204);
	CHECK_INT(run_until_begun(), 60 * SECOND);
	end_with(TW_FETCH_NO_FAILURE, 204);
}

/* From the start before it is known when the last one went. */
static void test_after_a_restart(void **state)
{
	approve("a", 60);
	run_until_begun();
	end_with(TW_FETCH_NO_FAILURE, 204);
	pass(20 * SECOND);
	tw_outgoing_stop(&device);
	CHECK_OK(tw_outgoing_job_shares(c));
	CHECK_INT(run_until_begun(), 40 * SECOND);
	end_with(TW_FETCH_NO_FAILURE, 204);
}

/* Two that never answer leave the role to others, longer from time to time. */
static void test_who_is_silent_holds_up_nobody(void **state)
{
	int64_t busy_ms = 0;

	approve("a", 60);
	approve("b", 60);
	run_until_begun();
	for (int i = 0; i < 40; i++) {
		CHECK(yields);
		pass(8 * SECOND);
		busy_ms += 8 * SECOND;
		end_with(TW_FETCH_TIMEOUT, 0);
		CHECK(run_until_begun() >= 2 * SECOND);
	}
	CHECK(passed_ms > 12 * 3600 * SECOND && passed_ms < 16 * 3600 * SECOND); /* an hour for each pair, once it is that long */
	CHECK(busy_ms < passed_ms / 100);
	CHECK_INT(failures, 2);
	end_with(TW_FETCH_NO_FAILURE, 204);
	CHECK_TEXT(tw_share_waits(&device, tw_json_text(sent, "party")), "");
}

/* Once it was reached, the next failure is the first again. */
static void test_a_party_that_is_back_is_not_kept_waiting(void **state)
{
	approve("a", 60);
	run_until_begun();
	for (int64_t wait = 30 * SECOND; wait < 3600 * SECOND; wait *= 2) {
		end_with(TW_FETCH_UNREACHABLE, 0);
		CHECK_INT(run_until_begun(), wait);
	}
	end_with(TW_FETCH_NO_FAILURE, 200);
	CHECK_INT(run_until_begun(), 60 * SECOND);
	end_with(TW_FETCH_UNREACHABLE, 0);
	CHECK_INT(run_until_begun(), 30 * SECOND);
	end_with(TW_FETCH_UNREACHABLE, 0);
}

/* What was given up for another's sake failed for nobody, and comes when that has had his turn. */
static void test_it_gives_way(void **state)
{
	approve("a", 60);
	run_until_begun();
	answer = (struct tw_fetch_answer){ .failure = TW_FETCH_ENDED, .gave_way = true };
	fetch = OVER;
	CHECK_OK(tw_outgoing_job_shares(c));
	CHECK_INT(fetch, IDLE);
	CHECK_INT(failures, 0);
	CHECK_TEXT(tw_share_waits(&device, "a"), "");
	CHECK_INT(tw_outgoing_shares_due_ms(c), 2 * SECOND);
	others = true;
	pass(2 * SECOND);
	CHECK_OK(tw_outgoing_job_shares(c));
	CHECK_INT(begun, 1);
	CHECK(narrowed > 0);
	others = false;
	CHECK_INT(run_until_begun(), SECOND / 2);
	end_with(TW_FETCH_NO_FAILURE, 204);
	CHECK_INT(acknowledged(), 1);
}

#define EACH(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
CHECK_MAIN_IN(set_up_all, tear_down_all, EACH(test_as_often_as_was_said), EACH(test_a_clock_that_stands), EACH(test_after_a_restart),
	EACH(test_who_is_silent_holds_up_nobody), EACH(test_a_party_that_is_back_is_not_kept_waiting), EACH(test_it_gives_way))
