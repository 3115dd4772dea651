/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about passwords, two at a time and each answered once, whatever becomes of the roles. Roles and loop are played here. */
#include "service/hash/hashing.h"

#include "check.h"
#include "oom.h"
#include "sys/real.h"

#include <sys/socket.h>

#define GOOD "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$gYJZtjEAJqjg26xdLmknq8/bB7MiWPrE9hsYuA+SkIU"
#define COST ((struct tw_hash_cost){ TW_HASH_KIB_MIN, TW_HASH_PASSES_MIN })

static struct tw_context context;
static struct tw_time clock_of;
static struct event_base *loop;
static tw_hashing *hashing;
static tw_fake *world;
static tw_channel *lines[TW_ERRANDS], *far[TW_ERRANDS];
static struct tw_errand_user role[TW_ERRANDS];
static bool at_work[TW_ERRANDS], unlisted, unwilling;
static unsigned begun[TW_ERRANDS], ended_at_once;
static char heard[1024]; /* the channel's memory of the last message */

struct timeval tw_errand_ms(int64_t ms)
{
	return (struct timeval){ .tv_sec = ms == TW_HASH_DEADLINE_MS ? 0 : ms / 1000, .tv_usec = ms == TW_HASH_DEADLINE_MS ? 50000 : 0 };
}

static void settle(void *user)
{
}

tw_err tw_errand_begin(tw_errands *e, enum tw_errand which, const struct tw_channel_row *rows, const struct tw_errand_user *user)
{
	CHECK(!at_work[which] && rows == tw_rows_core_from_hash);
	if (unwilling)
		return TW_RAISE(STATE, "at work");
	at_work[which] = true;
	begun[which]++;
	role[which] = *user;
	return TW_OK;
}

void tw_errand_finish(tw_errands *e, enum tw_errand which, bool at_once)
{
	at_work[which] = false;
	ended_at_once += at_once;
	if (at_once) /* the line goes, and what was heard by it */
		memset(heard, 0, sizeof heard);
}

bool tw_errand_listed(const tw_errands *e, enum tw_errand which)
{
	return !unlisted && which == TW_ERRAND_HASH;
}

struct told {
	unsigned times;
	enum tw_hash_outcome outcome;
	char words[128];
};

static void done(void *user, const struct tw_hash_answer *a)
{
	struct told *t = user;

	t->times++;
	t->outcome = a->outcome;
	(void)snprintf(t->words, sizeof t->words, "%.*s", a->why ? (int)strlen(a->why) : (int)a->phc.size,
		a->why                ? a->why
			: a->phc.size ? a->phc.at
				      : "");
}

static int set_up(void **state)
{
	world = tw_fake_new();
	tw_fake_clock(world, true, 0, 1000);
	loop = event_base_new();
	context = (struct tw_context){ .sys = tw_fake_sys(world), .time = &clock_of };
	tw_time_init(&clock_of, context.sys, 0);
	const struct tw_errands_side side = { .sys = context.sys, .loop = loop, .context = &context, .settle = settle };
	CHECK_OK(tw_hashing_new(&side, (tw_errands *)&context /* never looked into */, &hashing));
	for (unsigned i = TW_ERRAND_HASH; i <= TW_ERRAND_HASH_2; i++) {
		int pair[2];

		CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair) == 0);
		CHECK_OK(tw_channel_new(tw_sys_real(), pair[0], tw_rows_core_from_hash, &lines[i]));
		CHECK_OK(tw_channel_new(tw_sys_real(), pair[1], tw_rows_hash_from_core, &far[i]));
		at_work[i] = false;
		begun[i] = 0;
	}
	unlisted = unwilling = false;
	ended_at_once = 0;
	return 0;
}

static int tear_down(void **state)
{
	hashing = tw_hashing_free(hashing);
	for (unsigned i = TW_ERRAND_HASH; i <= TW_ERRAND_HASH_2; i++) {
		lines[i] = tw_channel_free(lines[i]);
		far[i] = tw_channel_free(far[i]);
	}
	event_base_free(loop);
	world = tw_fake_free(world);
	return 0;
}

static tw_err verify(struct told *t, const char *password)
{
	struct tw_phc h;

	CHECK_OK(tw_phc_read(TW_SLICE(GOOD), &h));
	return tw_hash_verify(hashing, &h, tw_slice_of(password), done, t);
}

/* The role is there, and hears a question. */
static struct tw_message hears(enum tw_errand which)
{
	struct tw_message m;

	CHECK(at_work[which]);
	role[which].here(role[which].user, lines[which]);
	CHECK_OK(tw_channel_receive(far[which], &m));
	return m;
}

static void says(enum tw_errand which, uint16_t type, uint32_t tag, const char *payload, size_t size)
{
	struct tw_message m = { .type = type, .tag = tag, .payload = { heard, size } };

	memcpy(heard, payload, size);
	role[which].heard(role[which].user, lines[which], &m);
}

static char told_key[64], told_id[64];

static void enrolled(void *user, const struct tw_hash_answer *a)
{
	done(user, a);
	if (a->outcome == TW_HASH_YES) {
		memcpy(told_key, a->enrolled.key.at, a->enrolled.key.size);
		(void)snprintf(told_id, sizeof told_id, TW_SLICE_FMT, TW_SLICE_ARG(a->enrolled.id));
	}
}

/* Of passkeys the second process alone is asked, and it ends with the answer, also when the first has nothing to do. */
static void test_passkeys(void **state)
{
	static char data[TW_PASSKEY_DATA_MIN], key[64], big[TW_PASSKEY_ENROLLED_MAX];
	TW_CLEANUP(tw_buf_done) struct tw_buf said = { 0 };
	const struct tw_passkey_enrol q = { TW_SLICE("pump.example"), { data, sizeof data } };
	const struct tw_passkey_enrolled made = { TW_PASSKEY_ES256, { key, sizeof key }, TW_SLICE("an id") };
	const struct tw_passkey_assert p = { .site = TW_SLICE("pump.example"),
		.kind = TW_PASSKEY_ES256,
		.key = { key, sizeof key },
		.data = { data, sizeof data },
		.signature = TW_SLICE("signed") };
	struct told t = { 0 }, other = { 0 };

	memset(key, 'k', sizeof key);
	tw_buf_init(&said, tw_sys_real(), sizeof big);
	CHECK_OK(tw_passkey_enrolled_write(&made, &said));
	CHECK_OK(tw_hash_enrol(hashing, &q, enrolled, &t));
	CHECK(!at_work[TW_ERRAND_HASH]);
	struct tw_message m = hears(TW_ERRAND_HASH_2);
	CHECK_INT(m.type, TW_HASH_ENROL);
	says(TW_ERRAND_HASH_2, TW_HASH_ENROLLED, m.tag, said.data, said.size);
	CHECK(t.times == 1 && t.outcome == TW_HASH_YES && ended_at_once == 1);
	CHECK(!memcmp(told_key, key, sizeof key) && !strcmp(told_id, "an id"));
	for (uint8_t yes = 0; yes < 2; yes++) {
		CHECK_OK(tw_hash_assert(hashing, &p, done, &t));
		CHECK_OK(verify(&other, "x")); /* the first is free for it */
		m = hears(TW_ERRAND_HASH_2);
		CHECK_INT(m.type, TW_HASH_ASSERT);
		says(TW_ERRAND_HASH_2, TW_HASH_VERIFIED, m.tag, (const char *)&yes, 1);
		CHECK(t.outcome == (yes ? TW_HASH_YES : TW_HASH_NO) && ended_at_once == 2u + yes);
		m = hears(TW_ERRAND_HASH);
		says(TW_ERRAND_HASH, TW_HASH_VERIFIED, m.tag, "\1", 1);
	}
	CHECK_INT(other.times, 2);
	CHECK_OK(tw_hash_enrol(hashing, &q, done, &t));
	m = hears(TW_ERRAND_HASH_2);
	says(TW_ERRAND_HASH_2, TW_HASH_VERIFIED, m.tag, "\1", 1); /* no answer to that */
	CHECK_INT(t.outcome, TW_HASH_REFUSED);
	CHECK_OK(tw_hash_enrol(hashing, &q, done, &t));
	m = hears(TW_ERRAND_HASH_2);
	says(TW_ERRAND_HASH_2, TW_HASH_VERIFIED, m.tag, "\0", 1);
	CHECK_INT(t.outcome, TW_HASH_NO);
}

static void test_yes_and_no(void **state)
{
	struct told t = { 0 };
	struct tw_hash_verify q;
	struct tw_message m;

	for (int yes = 0; yes <= 1; yes++) {
		CHECK_OK(verify(&t, "open sesame"));
		m = hears(TW_ERRAND_HASH);
		CHECK_INT(m.type, TW_HASH_VERIFY);
		CHECK_OK(tw_hash_verify_read(m.payload, &q));
		CHECK(tw_slice_is(q.password, "open sesame"));
		says(TW_ERRAND_HASH, TW_HASH_VERIFIED, m.tag, yes ? "\1" : "\0", 1);
		CHECK_INT(t.times, yes + 1);
		CHECK_INT(t.outcome, yes ? TW_HASH_YES : TW_HASH_NO);
		CHECK(!at_work[TW_ERRAND_HASH]);
	}
	CHECK_OK(tw_hash_make(hashing, COST, TW_SLICE("open sesame"), done, &t));
	m = hears(TW_ERRAND_HASH);
	CHECK_INT(m.type, TW_HASH_MAKE);
	says(TW_ERRAND_HASH, TW_HASH_MADE, m.tag, GOOD, strlen(GOOD));
	CHECK_INT(t.times, 3);
	CHECK_INT(t.outcome, TW_HASH_YES);
	CHECK_TEXT(t.words, GOOD);
	CHECK_INT(ended_at_once, 0);
	CHECK_INT(begun[TW_ERRAND_HASH_2], 0); /* one by one they need one process */
}

static void test_two_at_a_time_and_the_rest_in_order(void **state)
{
	struct told t[2 + TW_HASH_WAITING] = { 0 }, beyond = { 0 };
	struct tw_message first, second;

	for (size_t i = 0; i < TW_COUNT(t); i++)
		CHECK_OK(verify(&t[i], "x"));
	CHECK_ERR(verify(&beyond, "x"), LIMIT);
	first = hears(TW_ERRAND_HASH);
	second = hears(TW_ERRAND_HASH_2);
	says(TW_ERRAND_HASH_2, TW_HASH_VERIFIED, second.tag, "\1", 1);
	CHECK_INT(t[1].outcome, TW_HASH_YES);
	CHECK_INT(t[0].times, 0);
	CHECK_OK(verify(&beyond, "x")); /* behind all others */
	for (size_t i = 2; i < TW_COUNT(t); i++) {
		second = hears(TW_ERRAND_HASH_2);
		says(TW_ERRAND_HASH_2, TW_HASH_VERIFIED, second.tag, "\1", 1);
		CHECK_INT(t[i].times, 1);
		CHECK_INT(beyond.times, 0);
	}
	says(TW_ERRAND_HASH, TW_HASH_VERIFIED, first.tag, "\0", 1);
	CHECK(t[0].times == 1 && t[0].outcome == TW_HASH_NO);
	second = hears(TW_ERRAND_HASH_2);
	says(TW_ERRAND_HASH_2, TW_HASH_VERIFIED, second.tag, "\1", 1);
	CHECK(beyond.times == 1 && !at_work[TW_ERRAND_HASH] && !at_work[TW_ERRAND_HASH_2]);
}

/* Those that are preferred come before all that wait, in their own order; what has begun is not taken back. */
static void test_preferred_ones_first(void **state)
{
	struct told t[2 + TW_HASH_WAITING] = { 0 };
	static const size_t order[] = { 7, 9, 2, 3, 4, 5, 6, 8 };
	struct tw_message m;

	for (size_t i = 0; i < TW_COUNT(t); i++)
		CHECK_OK(verify(&t[i], "x"));
	tw_hash_prefer(hashing, &t[9]);
	tw_hash_prefer(hashing, &t[7]);
	(void)hears(TW_ERRAND_HASH);
	m = hears(TW_ERRAND_HASH_2); /* the second, which has begun */
	says(TW_ERRAND_HASH_2, TW_HASH_VERIFIED, m.tag, "\1", 1);
	CHECK_INT(t[1].times, 1);
	for (size_t i = 0; i < TW_COUNT(order); i++) {
		m = hears(TW_ERRAND_HASH_2);
		says(TW_ERRAND_HASH_2, TW_HASH_VERIFIED, m.tag, "\1", 1);
		CHECK_INT(t[order[i]].times, 1);
	}
	CHECK_INT(t[0].times, 0);
}

/* What makes no sense is no answer, and never a yes. */
static void test_nonsense_is_refused(void **state)
{
	static const struct {
		uint16_t type;
		bool making;
		const char *payload;
		size_t size;
	} rows[] = { { TW_HASH_VERIFIED, false, "\2", 1 }, { TW_HASH_MADE, false, GOOD, sizeof GOOD - 1 },
		{ TW_HASH_VERIFIED, true, "\1", 1 },
		{ TW_HASH_MADE, true,
			"$argon2id$v=19$m=4194304,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$gYJZtjEAJqjg26xdLmknq8/bB7MiWPrE9hsYuA+SkIU", 96 } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct told t = { 0 };

		CHECK_OK(rows[i].making ? tw_hash_make(hashing, COST, TW_SLICE("x"), done, &t) : verify(&t, "x"));
		struct tw_message m = hears(TW_ERRAND_HASH);
		says(TW_ERRAND_HASH, rows[i].type, m.tag + 1, rows[i].payload, rows[i].size); /* to a question long gone */
		CHECK_INT(t.times, 0);
		says(TW_ERRAND_HASH, rows[i].type, m.tag, rows[i].payload, rows[i].size);
		CHECK(t.times == 1 && t.outcome == TW_HASH_REFUSED);
		CHECK_INT(ended_at_once, i + 1);
	}
}

static void test_failure_is_refused(void **state)
{
	struct told t = { 0 };

	CHECK_OK(verify(&t, "x"));
	struct tw_message m = hears(TW_ERRAND_HASH);
	says(TW_ERRAND_HASH, TW_HASH_FAILED, m.tag, "", 0);
	CHECK(t.times == 1 && t.outcome == TW_HASH_REFUSED && !at_work[TW_ERRAND_HASH]);
	CHECK_TEXT(t.words, "The device has not enough memory for it now.");
}

/* A death refuses; one just as the role was asked may have been an idle role's own end, and the next is asked, once. */
static void test_death(void **state)
{
	struct told t = { 0 };

	CHECK_OK(verify(&t, "x"));
	role[TW_ERRAND_HASH].gone(role[TW_ERRAND_HASH].user, "It could not be started.");
	CHECK(t.times == 1 && t.outcome == TW_HASH_REFUSED);
	CHECK_TEXT(t.words, "It could not be started.");
	CHECK_OK(verify(&t, "x"));
	at_work[TW_ERRAND_HASH] = true;
	(void)hears(TW_ERRAND_HASH);
	at_work[TW_ERRAND_HASH] = false;
	role[TW_ERRAND_HASH].gone(role[TW_ERRAND_HASH].user, "It ended.");
	CHECK_INT(t.times, 1);
	(void)hears(TW_ERRAND_HASH);
	at_work[TW_ERRAND_HASH] = false;
	role[TW_ERRAND_HASH].gone(role[TW_ERRAND_HASH].user, "It ended.");
	CHECK(t.times == 2 && t.outcome == TW_HASH_REFUSED);
	CHECK_OK(verify(&t, "x"));
	(void)hears(TW_ERRAND_HASH);
	tw_fake_clock(world, true, 0, 1100);
	at_work[TW_ERRAND_HASH] = false;
	role[TW_ERRAND_HASH].gone(role[TW_ERRAND_HASH].user, "It ended.");
	CHECK_INT(t.times, 3);
}

static void test_late_is_refused_and_ended(void **state)
{
	struct told t = { 0 }, next = { 0 };

	CHECK_OK(verify(&t, "x"));
	(void)hears(TW_ERRAND_HASH);
	CHECK(event_base_loop(loop, EVLOOP_ONCE) == 0);
	CHECK(t.times == 1 && t.outcome == TW_HASH_REFUSED);
	CHECK_TEXT(t.words, "The role that hashes did not answer in time and was ended.");
	CHECK_INT(ended_at_once, 1);
	unwilling = true; /* then he is told from the loop too, not in his call */
	CHECK_OK(verify(&next, "x"));
	CHECK_INT(next.times, 0);
	CHECK(event_base_loop(loop, EVLOOP_ONCE) == 0);
	CHECK(next.times == 1 && next.outcome == TW_HASH_REFUSED);
}

static void test_cancelled(void **state)
{
	struct told t = { 0 }, other = { 0 };

	CHECK_OK(verify(&t, "x"));
	CHECK_OK(verify(&other, "x"));
	struct tw_message m = hears(TW_ERRAND_HASH), n = hears(TW_ERRAND_HASH_2);
	tw_hash_cancel(hashing, &t);
	says(TW_ERRAND_HASH, TW_HASH_VERIFIED, m.tag, "\1", 1);
	says(TW_ERRAND_HASH_2, TW_HASH_VERIFIED, n.tag, "\1", 1);
	CHECK(t.times == 0 && other.times == 1);
}

static void test_what_is_not_asked(void **state)
{
	static char big[TW_HASH_PASSWORD_MAX + 1];
	struct told t = { 0 };

	memset(big, 'x', sizeof big);
	CHECK_ERR(verify(&t, ""), SYNTAX);
	CHECK_ERR(tw_hash_make(hashing, COST, (struct tw_slice){ big, sizeof big }, done, &t), LIMIT);
	CHECK_ERR(tw_hash_make(hashing, ((struct tw_hash_cost){ TW_HASH_KIB_MAX + 1, 2 }), TW_SLICE("x"), done, &t), LIMIT);
	CHECK_OK(tw_hash_make(hashing, COST, (struct tw_slice){ big, TW_HASH_PASSWORD_MAX }, done, &t));
	unlisted = true;
	CHECK_ERR(verify(&t, "x"), STATE);
	CHECK(tw_hash_missing(hashing) != NULL);
	unlisted = false;
	CHECK(tw_hash_missing(hashing) == NULL);
}

static void test_without_memory(void **state)
{
	struct told t = { 0 };

	tw_fake_fail(world, 1, ENOMEM, true);
	for (int i = 0; i < 4 * TW_HASH_WAITING; i++)
		CHECK_ERR(verify(&t, "x"), NOMEM); /* and no place is lost */
	tw_fake_fail(world, 0, 0, false);
	CHECK_OK(verify(&t, "x"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
CHECK_MAIN(T(test_yes_and_no), T(test_passkeys), T(test_two_at_a_time_and_the_rest_in_order), T(test_preferred_ones_first),
	T(test_nonsense_is_refused), T(test_failure_is_refused), T(test_death), T(test_late_is_refused_and_ended),
	T(test_cancelled), T(test_what_is_not_asked), T(test_without_memory))
