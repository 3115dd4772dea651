/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a local identity's tasks leave behind however they end, and when it is renewed by itself. Store, keystore, log, tasks and the path
 * are played here, so that each of them can fail at the one moment that counts.
 */
#include "device/identification/local.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "device/identification/identity.h"
#include "device/identification/local-inside.h"
#include "device/identification/renewal.h"
#include "device/platform/fetch.h"
#include "device/rows-identification.h"
#include "service/task/task.h"
#include "sys/fake.h"
#include "sys/real.h"
#include "check.h"
#include "oom.h"

#define WALL INT64_C(1900000000000)
#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)
#define LOCAL TW_KEPT_OF_OWNER "local-identity"
#define WANTED TW_KEPT_OF_OWNER "local-identity.wanted"
#define PERIOD HOUR /* of the job, as its row has it */

static struct tw_device device;
static struct tw_context *c = &device.context;
static tw_fake *fake;
static int64_t passed_ms;
static tw_key *old_key, *new_key;
static tw_cert *old_cert, *new_cert;

static void pass(int64_t ms)
{
	passed_ms += ms;
	tw_fake_clock(fake, true, WALL + passed_ms, 1000 + passed_ms);
}

/* --- What is played --- */

static struct {
	char name[64], *value;
} store[4];
static const char *full, *stuck; /* the name that cannot be kept; that cannot be forgotten */
static tw_key *slots[2];         /* local.a, local.b */
static bool keys_hang, log_broken, no_tasks, busy;
static char events[4][64];
static size_t events_count, asked;
static struct tw_path_reply answer;
static const char *answer_body;

static size_t place_of(const char *name)
{
	size_t i = 0;

	while (i < TW_COUNT(store) && store[i].value && strcmp(store[i].name, name) != 0)
		i++;
	CHECK(i < TW_COUNT(store));
	return i;
}

static bool kept(const char *name)
{
	for (size_t i = 0; i < TW_COUNT(store); i++)
		if (store[i].value && strcmp(store[i].name, name) == 0)
			return true;
	return false;
}

tw_err tw_device_keep(struct tw_device *d, const char *name, const char *value)
{
	if (full && strcmp(full, name) == 0)
		return TW_RAISE(LIMIT, "a full disk");
	size_t i = place_of(name);
	free(store[i].value);
	(void)snprintf(store[i].name, sizeof store[i].name, "%s", name);
	store[i].value = strdup(value);
	CHECK(store[i].value);
	return TW_OK;
}

tw_err tw_device_kept(struct tw_device *d, const char *name, struct tw_buf *ret)
{
	return kept(name) ? tw_buf_text(ret, store[place_of(name)].value) : TW_RAISE(NOTFOUND, "%s", name);
}

tw_err tw_device_forget(struct tw_device *d, const char *name)
{
	if (stuck && strcmp(stuck, name) == 0)
		return TW_RAISE(LIMIT, "a full disk");
	if (!kept(name))
		return TW_OK;
	size_t i = place_of(name), last = i;
	free(store[i].value);
	while (last + 1 < TW_COUNT(store) && store[last + 1].value)
		last++;
	store[i] = store[last];
	store[last].value = NULL;
	return TW_OK;
}

static tw_key **slot_of(const char *slot)
{
	CHECK(strcmp(slot, TW_KEYS_LOCAL "a") == 0 || strcmp(slot, TW_KEYS_LOCAL "b") == 0);
	return &slots[slot[strlen(slot) - 1] == 'b'];
}

tw_err tw_keys_client_slot_point(tw_keys_client *k, const char *slot, uint8_t ret[TW_POINT_SIZE])
{
	if (keys_hang)
		return TW_RAISE(TIMEOUT, "keys does not answer");
	return *slot_of(slot) ? tw_key_point(*slot_of(slot), ret) : TW_RAISE(NOTFOUND, "%s", slot);
}

tw_err tw_keys_client_slot_remove(tw_keys_client *k, const char *slot)
{
	if (keys_hang)
		return TW_RAISE(TIMEOUT, "keys does not answer");
	if (!*slot_of(slot))
		return TW_RAISE(NOTFOUND, "%s", slot);
	*slot_of(slot) = NULL;
	return TW_OK;
}

tw_err tw_event(struct tw_context *context, const char *id, json_t *fields)
{
	if (!fields)
		return TW_RAISE(NOMEM, "%s", id);
	json_decref(fields);
	if (log_broken)
		return TW_RAISE(IO, "a broken log");
	CHECK(events_count < TW_COUNT(events));
	(void)snprintf(events[events_count++], sizeof events[0], "%s", id);
	return TW_OK;
}

const char *tw_fetch_missing(const struct tw_device *d)
{
	return NULL;
}

bool tw_task_storable(const struct tw_context *context)
{
	return !no_tasks;
}

bool tw_task_busy(const struct tw_context *context, const struct tw_operation_row *row)
{
	CHECK_TEXT(row->name, "local-identity.renew");
	return busy;
}

void tw_path_walk(struct tw_context *context, struct tw_request *rq, struct tw_buf *body, struct tw_path_reply *ret)
{
	CHECK_INT(rq->subject.kind, TW_SUBJECT_DEVICE);
	CHECK_TEXT(rq->operation->name, "local-identity.renew");
	asked++;
	*ret = answer;
	CHECK_OK(tw_buf_text(body, answer_body));
}

/* What only a talk with a server needs, which none of these tests has; each of them says so. */
#define NOT_HERE TW_RAISE(INTERNAL, "%s", __func__)

tw_err tw_keys_client_slot_new(tw_keys_client *k, const char *slot, uint8_t ret[TW_POINT_SIZE])
{
	return NOT_HERE;
}

tw_err tw_keys_client_slot_sign(tw_keys_client *k, const char *slot, const uint8_t point[TW_POINT_SIZE], const uint8_t digest[32],
	uint8_t ret[TW_SIGNATURE_SIZE])
{
	return NOT_HERE;
}

tw_err tw_keys_client_seal(tw_keys_client *k, const char *whose, struct tw_slice plain, struct tw_buf *ret)
{
	return NOT_HERE;
}

tw_err tw_keys_client_unseal(tw_keys_client *k, const char *whose, struct tw_slice sealed, struct tw_buf *ret)
{
	return NOT_HERE;
}

tw_err tw_fetch_begin(struct tw_device *d, const struct tw_fetch_want *w)
{
	return NOT_HERE;
}

bool tw_fetch_ended(struct tw_device *d, struct tw_fetch_answer *ret)
{
	return false;
}

void tw_fetch_end(struct tw_device *d)
{
}

const char *tw_identity_own(const struct tw_device *d)
{
	return "";
}

tw_err tw_identity_missing(const struct tw_device *d, struct tw_reply *rp)
{
	return TW_OK;
}

tw_err tw_identity_refuse(struct tw_context *context, const struct tw_request *rq, struct tw_reply *rp)
{
	return TW_OK;
}

/* Of the rows only this one's name is looked at. */
static const struct tw_operation_row operations[] = { { .name = "local-identity.read" }, { .name = "local-identity.renew" },
	{ .name = NULL } };
const struct tw_capability tw_capability_identification = { .operations = operations };

/* --- A unit with an identity --- */

static tw_cert *certificate(tw_key *key, int64_t from_ms, int64_t until_ms)
{
	const struct tw_cert_want want = { .common_name = "unit", .is_client = true, .not_before_ms = from_ms, .not_after_ms = until_ms };
	tw_cert *made = NULL;

	CHECK_OK(tw_cert_make(tw_sys_real(), &want, key, NULL, key, &made));
	return made;
}

static int set_up_all(void **state)
{
	tw_crypto_use(tw_sys_real());
	tw_json_use(tw_sys_real());
	CHECK_OK(tw_key_generate(tw_sys_real(), &old_key));
	CHECK_OK(tw_key_generate(tw_sys_real(), &new_key));
	old_cert = certificate(old_key, WALL - 80 * DAY, WALL + 10 * DAY);
	new_cert = certificate(new_key, WALL - 80 * DAY, WALL + 10 * DAY);
	return 0;
}

static int tear_down_all(void **state)
{
	old_cert = tw_cert_free(old_cert);
	new_cert = tw_cert_free(new_cert);
	old_key = tw_key_free(old_key);
	new_key = tw_key_free(new_key);
	return 0;
}

static void keep_identity(const tw_cert *cert, const char *slot, int64_t since_ms)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	char since[TW_TIME_TEXT_MAX];

	tw_buf_init(&pem, tw_sys_real(), 8192);
	CHECK_OK(tw_cert_pem(cert, &pem));
	tw_time_text(since_ms, since);
	j = json_pack("{s:s, s:s, s:s, s:s, s:s}", "url", "https://a.example", "anchors", tw_buf_cstr(&pem), "slot", slot,
		"certificate", tw_buf_cstr(&pem), "since", since);
	CHECK_OK(tw_device_keep_json(&device, LOCAL, j));
}

static void keep_wanted(const char *slot, const char *secret)
{
	TW_CLEANUP(tw_jsonp)
	json_t *j = json_pack("{s:s, s:s, s:s, s:s}", "url", "https://a.example", "anchors", "PEM", "slot", slot, "secret", secret);

	CHECK_OK(tw_device_keep_json(&device, WANTED, j));
}

/* Its first identity, in slot a, and a key for another one in slot b. */
static int set_up(void **state)
{
	fake = tw_fake_new();
	passed_ms = 0;
	pass(0);
	device = (struct tw_device){ .certificate = NULL };
	device.context = (struct tw_context){ .sys = tw_fake_sys(fake), .time = &device.time, .side = &device };
	tw_time_init(&device.time, device.context.sys, 0);
	slots[0] = old_key;
	slots[1] = new_key;
	full = stuck = NULL;
	keys_hang = log_broken = no_tasks = busy = false;
	events_count = asked = 0;
	answer = (struct tw_path_reply){ .status = 202 };
	answer_body = "{}";
	keep_identity(old_cert, TW_KEYS_LOCAL "a", WALL - 80 * DAY);
	return 0;
}

static int tear_down(void **state)
{
	for (size_t i = 0; i < TW_COUNT(store); i++) {
		free(store[i].value);
		store[i].value = NULL;
	}
	free(device.local);
	fake = tw_fake_free(fake);
	return 0;
}

static int64_t tries(char ret_rule[64])
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	if (!kept(TW_LOCAL_KEPT_TRIES))
		return 0;
	CHECK_OK(tw_json_parse(tw_slice_of(store[place_of(TW_LOCAL_KEPT_TRIES)].value), 4096, &j));
	(void)snprintf(ret_rule, 64, "%s", tw_json_text(j, "rule"));
	return tw_json_int(j, "failures");
}

static void told(const char *first, const char *second)
{
	CHECK_INT(events_count, second ? 2 : first ? 1 : 0);
	if (first)
		CHECK_TEXT(events[0], first);
	if (second)
		CHECK_TEXT(events[1], second);
}

static void start_job(void)
{
	CHECK_INT(tw_local_renewal_due_ms(c), -1);
	CHECK_OK(tw_local_job_renew(c)); /* the run at the start */
	CHECK_INT(tw_local_renewal_due_ms(c), 0);
	CHECK_INT(asked, 0);
}

/* --- Ends --- */

/* Cut behind the write: the new identity stands, and the old one's key with it. */
static void have_written_the_new(void)
{
	keep_wanted(TW_KEYS_LOCAL "b", "");
	keep_identity(new_cert, TW_KEYS_LOCAL "b", WALL);
}

/* Behind the write that counts nothing makes a failure of it: neither a keystore that hangs nor a log that cannot be written. */
static void test_what_was_written_has_not_failed(void **state)
{
	struct tw_task t = { .id = "1", .state = TW_TASK_FAILED, .ended_ms = WALL };

	start_job();
	have_written_the_new();
	keys_hang = true;
	CHECK_ERR(tw_task_local_renew.ended(c, &t), TIMEOUT);
	told(NULL, NULL);
	keys_hang = false;
	log_broken = true;
	CHECK_ERR(tw_task_local_renew.ended(c, &t), IO);
	CHECK(!slots[0] && slots[1] && kept(WANTED));
	log_broken = false;
	stuck = WANTED;
	for (int i = 0; i < 3; i++)
		CHECK_ERR(tw_task_local_renew.ended(c, &t), LIMIT);
	told("identity.local-enrolled", NULL);
	stuck = NULL;
	CHECK_OK(tw_task_local_renew.ended(c, &t));
	told("identity.local-enrolled", NULL);
	CHECK(!kept(WANTED) && !kept(TW_LOCAL_KEPT_TRIES) && slots[1]);
	CHECK_OK(tw_task_local_renew.ended(c, &t));
	told("identity.local-enrolled", NULL);
}

/* Taken up after a cut, its last step needs nobody. */
static void test_goes_on_behind_the_write(void **state)
{
	struct tw_task t = { .state = TW_TASK_RUNNING };
	bool finished = false;

	have_written_the_new();
	CHECK_OK(tw_task_local_renew.begin(c, &t));
	keys_hang = log_broken = true;
	CHECK_OK(tw_task_local_renew.step(c, &t, &finished));
	CHECK(finished && !t.failed);
	CHECK_TEXT(tw_json_text(t.result, "verdict"), "enrolled");
	tw_task_local_renew.end(c, &t);
	json_decref(t.result);
	t = (struct tw_task){ .state = TW_TASK_DONE, .ended_ms = WALL };
	CHECK(tw_failed(tw_task_local_renew.ended(c, &t)));
	keys_hang = log_broken = false;
	CHECK_OK(tw_task_local_renew.ended(c, &t));
	told("identity.local-enrolled", NULL);
	CHECK(!slots[0] && slots[1] && !kept(WANTED));
}

/* The end is done again every few seconds until all of it works, which must not fill the log. */
static void test_a_failure_is_noted_once(void **state)
{
	struct tw_task t = { .id = "1", .state = TW_TASK_FAILED, .ended_ms = WALL, .result = json_pack("{s:s}", "verdict", "est.refused") };
	char rule[64];

	start_job();
	keep_wanted(TW_KEYS_LOCAL "b", "");
	full = TW_LOCAL_KEPT_TRIES;
	log_broken = true;
	CHECK_ERR(tw_task_local_renew.ended(c, &t), IO);
	told(NULL, NULL);
	log_broken = false;
	for (int i = 0; i < 3; i++)
		CHECK_ERR(tw_task_local_renew.ended(c, &t), LIMIT);
	told("identity.local-renewal-failed", NULL); /* what cannot be kept is told nevertheless */
	CHECK(kept(WANTED));                         /* else nobody would know any more that there is something to note */
	full = NULL;
	stuck = WANTED;
	for (int i = 0; i < 3; i++)
		CHECK_ERR(tw_task_local_renew.ended(c, &t), LIMIT);
	told("identity.local-renewal-failed", NULL);
	free(device.local); /* a restart knows nothing of it */
	device.local = NULL;
	start_job();
	CHECK_ERR(tw_task_local_renew.ended(c, &t), LIMIT);
	stuck = NULL;
	CHECK_OK(tw_task_local_renew.ended(c, &t));
	CHECK_INT(tries(rule), 1);
	CHECK_TEXT(rule, "est.refused");
	told("identity.local-renewal-failed", "identity.local-renewal-failed");
	CHECK(slots[0] && !slots[1] && !kept(WANTED));
	json_decref(t.result);
}

static void test_each_failure_counts(void **state)
{
	static const struct {
		enum tw_task_state state;
		const char *rule;
	} rows[] = { { TW_TASK_FAILED, "task.failed" }, { TW_TASK_CANCELLED, "task.cancelled" }, { TW_TASK_ABORTED, "task.aborted" } };
	char rule[64];

	start_job();
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_task t = { .id = { (char)('1' + i) }, .state = rows[i].state, .ended_ms = WALL + (int64_t)i };

		keep_wanted(TW_KEYS_LOCAL "b", "");
		CHECK_OK(tw_task_local_renew.ended(c, &t));
		CHECK_INT(tries(rule), i + 1);
		CHECK_TEXT(rule, rows[i].rule);
		CHECK_INT(events_count, i + 1);
	}
}

/* The owner, who gave a secret, reads what came of it; nothing was renewed. */
static void test_an_enrolment_that_fails_is_no_renewal(void **state)
{
	struct tw_task t = { .state = TW_TASK_FAILED, .ended_ms = WALL };

	keep_wanted(TW_KEYS_LOCAL "b", "c2VhbGVk");
	CHECK_OK(tw_task_local_enrol.ended(c, &t));
	told(NULL, NULL);
	CHECK(slots[0] && !slots[1] && !kept(WANTED) && !kept(TW_LOCAL_KEPT_TRIES));
	CHECK_OK(tw_device_forget(&device, LOCAL));
	keep_wanted(TW_KEYS_LOCAL "a", "c2VhbGVk");
	CHECK_OK(tw_task_local_enrol.ended(c, &t));
	CHECK(!slots[0] && !slots[1]);
}

/* --- By itself --- */

/* As the loop does it: the job runs when it is due, at most so often. */
static void run_job(int most)
{
	for (; tw_local_renewal_due_ms(c) == 0 && most; most--)
		CHECK_OK(tw_local_job_renew(c));
	CHECK(tw_local_renewal_due_ms(c) != 0);
}

static void test_nothing_to_renew(void **state)
{
	start_job();
	no_tasks = true;
	CHECK_INT(tw_local_renewal_due_ms(c), -1);
	no_tasks = false;
	keep_identity(new_cert, TW_KEYS_LOCAL "b", WALL); /* too new to be replaced */
	run_job(1);
	CHECK_INT(tw_local_renewal_due_ms(c), HOUR);
	CHECK_OK(tw_device_forget(&device, LOCAL));
	tw_local_changed(&device);
	run_job(1);
	CHECK_INT(tw_local_renewal_due_ms(c), -1);
	CHECK_INT(asked, 0);
}

/* A server may take days over it; who has been asked is not asked again, and the job that looks writes no record. */
static void test_what_runs_is_not_asked_for_again(void **state)
{
	start_job();
	run_job(1);
	CHECK_INT(asked, 1);
	busy = true;
	for (int i = 0; i < 72; i++) {
		CHECK(tw_local_renewal_due_ms(c) > 0 && tw_local_renewal_due_ms(c) <= HOUR);
		pass(PERIOD);
		run_job(1);
	}
	CHECK_INT(asked, 1);
	busy = false;
	tw_local_changed(&device); /* as its end says; nothing came of it, and nobody noted a failure */
	run_job(1);
	CHECK_INT(asked, 1);
	pass(HOUR);
	run_job(1);
	CHECK_INT(asked, 2);
}

/* Whatever stands against its beginning is told, counted, and tried again as a failure is. */
static void test_what_cannot_begin_is_a_failure(void **state)
{
	char rule[64], text[160];

	answer.status = 503;
	answer_body = "{\"type\":\"x\", \"rule\":\"task.limit\"}";
	start_job();
	run_job(2);
	told("identity.local-renewal-failed", NULL);
	CHECK_INT(tries(rule), 1);
	CHECK_TEXT(rule, "task.limit");
	CHECK_INT(tw_local_renewal_due_ms(c), HOUR);
	CHECK_OK(tw_local_renewal_text(&device, text, sizeof text));
	CHECK(strstr(text, "the last try failed (task.limit)"));
	pass(HOUR - 1);
	run_job(0);
	answer_body = ""; /* no memory for words */
	pass(1);
	run_job(2);
	CHECK_INT(asked, 2);
	CHECK_INT(tries(rule), 2);
	CHECK_TEXT(rule, "path.failure");
	CHECK_INT(tw_local_renewal_due_ms(c), 2 * HOUR);
	answer.status = 202;
	pass(2 * HOUR);
	run_job(1);
	CHECK_INT(asked, 3);
	CHECK_INT(tries(rule), 2);
}

/* Told also when not even that can be noted, and not asked without pause. */
static void test_what_cannot_be_noted_rests(void **state)
{
	char rule[64];

	answer.status = 503;
	answer_body = "{\"rule\":\"store.space\"}";
	full = TW_LOCAL_KEPT_TRIES;
	start_job();
	CHECK_ERR(tw_local_job_renew(c), LIMIT);
	told("identity.local-renewal-failed", NULL);
	CHECK_INT(asked, 1);
	CHECK_INT(tw_local_renewal_due_ms(c), HOUR);
	full = NULL;
	log_broken = true;
	pass(HOUR);
	CHECK_ERR(tw_local_job_renew(c), IO);
	CHECK_INT(tries(rule), 1);
	CHECK_INT(tw_local_renewal_due_ms(c), HOUR);
	log_broken = false;
	pass(HOUR);
	run_job(2);
	CHECK_INT(asked, 3);
	told("identity.local-renewal-failed", "identity.local-renewal-failed");
	CHECK_INT(tw_local_renewal_due_ms(c), 2 * HOUR);
}

/* --- Wrong clocks --- */

#define LIFE (9 * DAY) /* so that two thirds are 144 hours, what is for spreading ends at 180, and the first pause is an hour */
#define STEP (10 * 60 * INT64_C(1000))
#define YEAR (365 * DAY)
#define END_OF_32 INT64_C(2147483647000)    /* 2038-01-19 */
#define BEFORE_BUILD INT64_C(1704067200000) /* 2024 */
#define NOT_ONCE 0, 0

/* The wall clock is wrong from one hour of the certificate's life to another, and right before and after. */
static const struct clock {
	const char *name;
	int64_t wrong_from, wrong_to;
	bool stands; /* it stands at that time all the while; else it goes, so far beside the true time */
	bool flaps;  /* it is wrong in every second step only */
	bool kept;   /* each hour the time becomes the floor, if it is trusted */
	int64_t ms;
	int64_t renewed_from, renewed_to; /* the first hour and the last, of a server that gives one */
	size_t refused_most; /* of one that refuses: how often it is asked, and no sooner than an hour after the last time */
} clocks[] = {
	{ "right", 0, 0, false, false, true, 0, 144, 181, 16 },
	{ "1970 at first", 0, 170, true, false, true, 0, 170, 181, 16 },
	{ "1970 until shortly before the end", 24, 215, true, false, true, 0, 215, 215, 2 },
	{ "before the build", 24, 170, true, false, true, BEFORE_BUILD, 170, 181, 16 },
	{ "1970 and right in turn", 24, 216, true, true, true, 0, 144, 181, 16 },
	{ "2038", 24, 170, true, false, false, END_OF_32, 170, 181, 16 },
	{ "2038 while its time comes", 100, 214, true, false, false, END_OF_32, 214, 215, 2 },
	{ "2038 and right in turn", 24, 216, true, true, false, END_OF_32, 144, 181, 16 },
	{ "thirty years ahead", 24, 170, false, false, false, 30 * YEAR, 170, 181, 16 },
	{ "thirty years ahead, and kept: nothing tells this floor from a good one", 24, 26, false, false, true, 30 * YEAR, NOT_ONCE, 0 },
	{ "an hour back", 100, 230, false, false, true, -HOUR, 144, 182, 16 },
	{ "an hour back, and not kept", 150, 152, false, false, false, -HOUR, 144, 181, 18 },
	{ "three days ahead", 24, 230, false, false, false, 3 * DAY, 72, 109, 16 },
	{ "three days ahead and right in turn", 24, 216, false, true, false, 3 * DAY, 72, 181, 145 },
	{ "standing", 24, 170, true, false, false, WALL + DAY, 170, 181, 16 },
};

static void set_clock(const struct clock *k, int64_t t)
{
	bool wrong = t >= k->wrong_from * HOUR && t < k->wrong_to * HOUR && (!k->flaps || t / STEP % 2);

	tw_fake_clock(fake, true, wrong && k->stands ? k->ms : WALL + t + (wrong ? k->ms : 0), 1000 + t);
}

/* As the loop does it: the job once an hour, and when it is due. The hour at which it was asked, -1: it was not. */
static bool asks_now(const struct clock *k, int64_t t)
{
	size_t before = asked;

	set_clock(k, t);
	if (t % HOUR == 0)
		CHECK_OK(tw_local_job_renew(c));
	if (t % HOUR == 0 && k->kept && tw_time_trusted(c->time))
		tw_time_raise(&device.time, tw_time_wall_ms(c->time));
	run_job(2);
	if (asked == before)
		return false;
	CHECK_INT(asked, before + 1);
	CHECK(tw_time_trusted(c->time) && tw_time_wall_ms(c->time) < WALL + LIFE);
	return true;
}

static void begin_life(const struct clock *k)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = certificate(old_key, WALL, WALL + LIFE);

	tw_time_init(&device.time, device.context.sys, 0);
	free(device.local);
	device.local = NULL;
	slots[0] = old_key;
	(void)tw_device_forget(&device, TW_LOCAL_KEPT_TRIES);
	keep_identity(cert, TW_KEYS_LOCAL "a", WALL);
	set_clock(k, 0);
	CHECK_OK(tw_local_job_renew(c)); /* the run at the start */
	asked = 0;
}

/* @nist DI.DAS.1: whatever the clock does, it is renewed in time, unless the clock is right too late for that */
static void test_no_clock_lets_it_lapse(void **state)
{
	for (size_t i = 0; i < TW_COUNT(clocks); i++) {
		const struct clock *k = &clocks[i];
		int64_t t = 0;

		begin_life(k);
		while (t < LIFE + DAY && !asks_now(k, t))
			t += STEP;
		if (t < LIFE + DAY ? t / HOUR < k->renewed_from || t / HOUR > k->renewed_to : k->renewed_to > 0)
			fail_msg("%s: asked for in hour %d", k->name, (int)(t / HOUR));
	}
}

static void refuse(void)
{
	struct tw_task t = { .state = TW_TASK_FAILED, .ended_ms = tw_time_wall_ms(c->time) };

	keep_wanted(TW_KEYS_LOCAL "b", "");
	CHECK_OK(tw_task_local_renew.ended(c, &t));
	events_count = 0;
}

static void test_no_clock_makes_it_hammer(void **state)
{
	for (size_t i = 0; i < TW_COUNT(clocks); i++) {
		const struct clock *k = &clocks[i];
		int64_t last = -HOUR;

		begin_life(k);
		for (int64_t t = 0; t < LIFE + DAY; t += STEP) {
			if (!asks_now(k, t))
				continue;
			if (t - last < HOUR)
				fail_msg("%s: asked for twice within an hour, at %d", k->name, (int)(t / HOUR));
			last = t;
			refuse();
		}
		if (asked > k->refused_most || (asked == 0) != (k->refused_most == 0))
			fail_msg("%s: asked for %zu times", k->name, asked);
	}
}

/* The floor alone says that it is due; by what clock would the server be judged, and its certificate? */
static void test_a_clock_that_is_lost_asks_nobody(void **state)
{
	char text[160];

	begin_life(&clocks[0]);
	tw_time_raise(&device.time, WALL + 200 * HOUR);
	tw_fake_clock(fake, true, 0, 1000);
	CHECK_OK(tw_local_job_renew(c));
	CHECK_INT(tw_local_renewal_due_ms(c), -1);
	CHECK_OK(tw_local_renewal_text(&device, text, sizeof text));
	CHECK(strstr(text, "while the clock is not trusted"));
	CHECK_INT(asked, 0);
	set_clock(&clocks[0], 201 * HOUR);
	run_job(2);
	CHECK_INT(asked, 1);
}

/* --- No memory --- */

static char *identity_text, *wanted_text;

/* Without an allocation that could fail. */
static void restore(void)
{
	slots[0] = old_key;
	slots[1] = new_key;
	events_count = 0;
	free(device.local); /* it would remember what was told */
	device.local = NULL;
	(void)tw_device_forget(&device, TW_LOCAL_KEPT_TRIES);
	CHECK_OK(tw_device_keep(&device, LOCAL, identity_text));
	CHECK_OK(tw_device_keep(&device, WANTED, wanted_text));
}

static tw_err job_without(const struct tw_sys *sys, void *user)
{
	device.context.sys = sys;
	restore();
	TW_TRY(tw_local_job_renew(c));
	return tw_local_job_renew(c);
}

static tw_err words_without(const struct tw_sys *sys, void *user)
{
	char text[160];

	device.context.sys = sys;
	restore();
	TW_TRY(tw_local_renewal_failed(&device, user, "est.refused", WALL, NULL));
	return tw_local_renewal_text(&device, text, sizeof text);
}

static tw_err end_without(const struct tw_sys *sys, void *user)
{
	const struct tw_task_kind *kind = user;
	struct tw_task t = { .state = TW_TASK_FAILED, .ended_ms = WALL };

	device.context.sys = sys;
	restore();
	TW_TRY(kind->ended(c, &t));
	CHECK(!kept(WANTED) && slots[0] && !slots[1]);
	return TW_OK;
}

static tw_err reply_without(const struct tw_sys *sys, void *user)
{
	tw_err (*handler)(struct tw_context *, const struct tw_request *, struct tw_reply *) = *(void **)user;
	struct tw_reply rp = { 0 };

	device.context.sys = sys;
	restore();
	tw_err e = handler(c, &(struct tw_request){ .input = NULL }, &rp);
	json_decref(rp.body);
	return e;
}

static tw_err status_without(const struct tw_sys *sys, void *user)
{
	struct tw_element_status status = { 0 };

	device.context.sys = sys;
	restore();
	return tw_local_status(c, &status);
}

/* The whole of a task that finds its work done. */
static tw_err task_without(const struct tw_sys *sys, void *user)
{
	struct tw_task t = { .state = TW_TASK_RUNNING };
	bool finished = false;

	device.context.sys = sys;
	restore();
	tw_err e = tw_task_local_renew.begin(c, &t);
	if (!tw_failed(e))
		e = tw_task_local_renew.step(c, &t, &finished);
	tw_task_local_renew.end(c, &t);
	json_decref(t.result);
	return e;
}

/* Each allocation of ours fails once: it is told, nothing is kept or forgotten that should not be, and once more it succeeds. */
static void test_no_memory(void **state)
{
	tw_err (*handlers[])(struct tw_context *, const struct tw_request *, struct tw_reply *) = { tw_local_read,
		tw_task_local_renew.prepare, tw_local_remove };
	char since[TW_TIME_TEXT_MAX];

	sweep_is_strict = true;
	answer_body = "";
	keep_wanted(TW_KEYS_LOCAL "b", "");
	identity_text = strdup(store[place_of(LOCAL)].value);
	wanted_text = strdup(store[place_of(WANTED)].value);
	tw_time_text(WALL - 80 * DAY, since);
	CHECK(told_sweep(ENOMEM, job_without, NULL, "pin") > 3);
	CHECK(told_sweep(ENOMEM, words_without, since, "pin") > 3);
	CHECK(told_sweep(ENOMEM, end_without, (void *)(uintptr_t)&tw_task_local_renew, "pin") > 3);
	for (size_t i = 0; i < TW_COUNT(handlers); i++)
		CHECK(told_sweep(ENOMEM, reply_without, &handlers[i], "pin") > 0);
	CHECK(told_sweep(ENOMEM, status_without, NULL, "pin") > 3);
	device.context.sys = tw_fake_sys(fake);
	have_written_the_new();
	free(identity_text);
	identity_text = strdup(store[place_of(LOCAL)].value);
	CHECK(told_sweep(ENOMEM, task_without, NULL, "pin") > 3);
	device.context.sys = tw_fake_sys(fake);
	free(identity_text);
	free(wanted_text);
	sweep_is_strict = false;
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
CHECK_MAIN_IN(set_up_all, tear_down_all, EACH(test_what_was_written_has_not_failed), EACH(test_goes_on_behind_the_write),
	EACH(test_a_failure_is_noted_once), EACH(test_each_failure_counts), EACH(test_an_enrolment_that_fails_is_no_renewal),
	EACH(test_nothing_to_renew), EACH(test_what_runs_is_not_asked_for_again), EACH(test_what_cannot_begin_is_a_failure),
	EACH(test_what_cannot_be_noted_rests), EACH(test_no_clock_lets_it_lapse), EACH(test_no_clock_makes_it_hammer),
	EACH(test_a_clock_that_is_lost_asks_nobody), EACH(test_no_memory))
