/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The role over a slow token: each question takes so long that a second one does not fit into the time core waits. Every operation then takes
 * its turns, one question in each, and comes to the same end as with a quick one. The role's clock says so; where the process that speaks to the
 * token looks at a clock of its own, the token does take its time.
 */
#include "service/keys/test-keys.h"

#include "service/keys/test-softhsm.h"

static struct tw_sys counting;
static int questions;
static struct tw_role_start start;
static char word[600];
static char *words[1] = { word };
static tw_token *token;
static bool has_softhsm;

static ssize_t count_sendmsg(const struct tw_sys *s, int fd, const struct msghdr *m, int flags)
{
	questions++;
	return sys->sendmsg(sys, fd, m, flags);
}

/* As if every question had taken longer than TW_TOKEN_QUICK_MS. */
static int clock_of_slow(const struct tw_sys *s, clockid_t clock, struct timespec *ret)
{
	int r = sys->clock(sys, clock, ret);
	int64_t ms = (int64_t)questions * (TW_TOKEN_QUICK_MS + 10);
	ret->tv_sec += (time_t)(ms / 1000);
	ret->tv_nsec += (long)(ms % 1000) * 1000000;
	ret->tv_sec += ret->tv_nsec / 1000000000;
	ret->tv_nsec %= 1000000000;
	return r;
}

static int set_up_slow(void **state)
{
	struct tw_token_plan plan;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CHECK_INT(dup2(fd, TW_FD_TOKEN), TW_FD_TOKEN); /* before anything else takes the number, where the role's descriptor of the PIN is */
	if (fd != TW_FD_TOKEN)
		close(fd);
	int r = set_up(state);
	has_softhsm = tokens_new();
	write_file(&tokens, "pin", PIN);
	fd = openat(tokens.fd, "pin", O_RDONLY | O_CLOEXEC);
	CHECK_INT(dup2(fd, TW_FD_TOKEN), TW_FD_TOKEN);
	close(fd);
	(void)snprintf(word, sizeof word, "keystore=");
	token_words(ODD_MODULE, "unit", word + strlen(word));
	CHECK_OK(tw_token_parse(word + sizeof "keystore=" - 1, &plan));
	plan.fd = TW_FD_TOKEN;
	odd("");
	counting = *sys;
	counting.sendmsg = count_sendmsg;
	counting.clock = clock_of_slow;
	CHECK_OK(tw_token_start(&counting, &plan, &token));
	start = (struct tw_role_start){ .word_count = 1, .words = words, .token = token };
	return r;
}

static int tear_down_slow(void **state)
{
	token = tw_token_free(token);
	close(TW_FD_TOKEN);
	return tokens_done() || tear_down(state);
}

static void begin_slow(struct bench *b)
{
	int pair[2];
	if (!has_softhsm) {
		print_message("softhsm2 is not installed\n");
		skip();
	}
	provision();
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	*b = (struct bench){ 0 };
	odd("");
	CHECK_OK(tw_keys_open(sys, dir.fd, NULL, &start, &b->keys));
	CHECK_OK(tw_channel_new(sys, pair[0], tw_rows_core_from_keys, &b->mine));
	CHECK_OK(tw_channel_new(sys, pair[1], tw_rows_keys_from_core, &b->theirs));
}

static int at_once = 1; /* so many questions in a turn */

/* In how many turns. */
static int ask_in_turns(struct bench *b, uint16_t type, const char *text, struct tw_message *m)
{
	int turns = 0;
	size_t size = strlen(text);
	do {
		const int before = questions;
		CHECK(turns < 100);
		CHECK_OK(ask(b, turns++ ? TW_WIRE_KEYS_GO_ON : type, text, size, m));
		CHECK(questions - before <= at_once);
		size = 0;
	} while (m->type == TW_WIRE_KEYS_MORE);
	return turns;
}

static void check_asked(struct bench *b, uint16_t type, const char *text, uint16_t answer, int turns)
{
	struct tw_message m;
	CHECK_INT(ask_in_turns(b, type, text, &m), turns);
	CHECK_INT(m.type, answer);
}

static void names_are(struct bench *b, const char *want)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf names = { 0 };
	tw_buf_init(&names, sys, 4096);
	CHECK_OK(tw_keystore_list(b->keys->store, &names));
	CHECK_TEXT(tw_buf_cstr(&names), want);
}

/* @nist DP.CKM.3: what ends with an ownership is destroyed to the last, however slow the token is */
static void test_purge(void **state)
{
	struct bench b;
	begin_slow(&b);
	check_asked(&b, TW_WIRE_KEYS_SLOT_NEW, "owner.one", TW_WIRE_KEYS_POINT_IS, 1);
	check_asked(&b, TW_WIRE_KEYS_SLOT_NEW, "local.two", TW_WIRE_KEYS_POINT_IS, 1);
	check_asked(&b, TW_WIRE_KEYS_SLOT_NEW, "application.three", TW_WIRE_KEYS_POINT_IS, 1);
	int before = counted("destroy");
	check_asked(&b, TW_WIRE_KEYS_PURGE, "", TW_WIRE_KEYS_DONE, 3);
	CHECK_INT(counted("destroy"), before + 3);
	names_are(&b, "");
	bench_done(&b);
}

static void test_slots_of_a_slow_token(void **state)
{
	uint8_t old[TW_POINT_SIZE];
	struct tw_message m;
	struct bench b;
	begin_slow(&b);
	CHECK_INT(ask_in_turns(&b, TW_WIRE_KEYS_SLOT_NEW, "owner.one", &m), 1);
	memcpy(old, m.payload.at, sizeof old);
	int before = counted("destroy");
	CHECK_INT(ask_in_turns(&b, TW_WIRE_KEYS_SLOT_ROTATE, "owner.one", &m), 2); /* made; then the old one destroyed */
	CHECK_INT(m.type, TW_WIRE_KEYS_POINT_IS);
	CHECK(memcmp(m.payload.at, old, sizeof old) != 0);
	CHECK_INT(counted("destroy"), before + 2); /* the public half of the new one, and the old one */
	check_asked(&b, TW_WIRE_KEYS_SLOTS, "owner.", TW_WIRE_KEYS_SLOTS_ARE, 1);
	check_asked(&b, TW_WIRE_KEYS_STATE, "", TW_WIRE_KEYS_STATE_IS, 1);
	/* A rotation that was given up after its first turn: the key under the name is the new one, and the old one goes with what is asked next. */
	CHECK_OK(ask(&b, TW_WIRE_KEYS_SLOT_ROTATE, "owner.one", 9, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_MORE);
	before = counted("destroy");
	check_asked(&b, TW_WIRE_KEYS_SLOTS, "owner.", TW_WIRE_KEYS_SLOTS_ARE, 1);
	CHECK_INT(counted("destroy"), before + 1);
	names_are(&b, "owner.one\n");
	check_asked(&b, TW_WIRE_KEYS_SLOT_REMOVE, "owner.one", TW_WIRE_KEYS_DONE, 1);
	CHECK_ERR(ask(&b, TW_WIRE_KEYS_GO_ON, NULL, 0, &m), UNTRUSTED); /* with nothing */
	bench_done(&b);
}

/* @nist DP.CKM.3: the storage key goes through all its steps, and each secret is sealed under the new one */
static void test_taking_over_and_storage_key(void **state)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *s = NULL;
	uint32_t oldest, newest;
	struct tw_message m;
	struct bench b;
	begin_slow(&b);
	check_asked(&b, TW_WIRE_KEYS_ADOPT, "", TW_WIRE_KEYS_DONE, 2); /* the key taken in; the storage key unwrapped */
	CHECK(!b.keys->plain);
	check_asked(&b, TW_WIRE_KEYS_STORE_ROTATE, "", TW_WIRE_KEYS_DONE,
		5); /* wrapped; the old one unwrapped; the vault's root made anew; the old ones destroyed, each */
	tw_keystore_generations(b.keys->store, &oldest, &newest);
	CHECK(oldest == 2 && newest == 2);
	/* Given up by core after its first turn, and asked anew: it goes on with that one, and every turn of it is of that one. */
	CHECK_OK(ask(&b, TW_WIRE_KEYS_STORE_ROTATE, NULL, 0, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_MORE);
	check_asked(&b, TW_WIRE_KEYS_STORE_ROTATE, "", TW_WIRE_KEYS_DONE, 5); /* both unwrapped; the root; the old ones destroyed, each */
	tw_keystore_generations(b.keys->store, &oldest, &newest);
	CHECK(oldest == 3 && newest == 3);
	odd("");
	for (int i = 0; i < TW_KEYS_SECRETS; i++) {
		CHECK_OK(tw_keys_secret_read(b.keys, (enum tw_keys_secret)i, &s));
		s = tw_secret_free(s);
	}
	bench_done(&b);
}

/* Found at the start or left by a failure: several that no name leads to, and the token takes longer for them than a turn has. */
static void test_sweep_in_turns(void **state)
{
	enum { KEYS = 12 };
	static const char *const copies[] = { "pkcs11.a", "pkcs11.b" };
	TW_CLEANUP(tw_buf_done) struct tw_buf vault = { 0 };
	struct bench b;
	char name[16];
	begin_slow(&b);
	odd("");
	tw_buf_init(&vault, sys, 64 * 1024);
	CHECK_OK(tw_durable_read(sys, dir.fd, copies[0], 64 * 1024, &vault));
	for (int i = 0; i < KEYS; i++) {
		(void)snprintf(name, sizeof name, "owner.k%d", i);
		check_asked(&b, TW_WIRE_KEYS_SLOT_NEW, name, TW_WIRE_KEYS_POINT_IS, 1);
	}
	b.keys = tw_keys_free(b.keys);
	for (size_t i = 0; i < TW_COUNT(copies); i++) /* the vault of before they were made */
		put(copies[i], vault.data, vault.size);
	int before = counted("destroy");
	odd("lag");
	CHECK_OK(tw_keys_open(sys, dir.fd, NULL, &start, &b.keys));
	CHECK(counted("destroy") > before && counted("destroy") < before + KEYS); /* as many as there was time for */
	const int asked = questions; /* outside a turn too: one question, and no more until it is asked again */
	CHECK_ERR(tw_keystore_settle(b.keys->store), TIMEOUT);
	CHECK_INT(questions, asked + 1);
	struct tw_message m;
	CHECK(ask_in_turns(&b, TW_WIRE_KEYS_SLOTS, "owner.", &m) > 1);
	CHECK_INT(m.type, TW_WIRE_KEYS_SLOTS_ARE);
	CHECK_INT(m.payload.size, 0);
	CHECK_INT(counted("destroy"), before + KEYS);
	bench_done(&b);
}

/* Opened only when core asks, with all that a first opening makes. */
static void test_opened_when_asked(void **state)
{
	struct tw_message m;
	struct bench b;
	begin_slow(&b);
	b.keys->store = tw_keystore_close(b.keys->store);
	provision();
	at_once = 2; /* what it is, and a key for the vault, before there is anything to go on from */
	check_asked(&b, TW_WIRE_KEYS_STATE, "", TW_WIRE_KEYS_STATE_IS, 3); /* opened; a storage key made; described */
	at_once = 1;
	CHECK_OK(ask(&b, TW_WIRE_KEYS_STATE, NULL, 0, &m));
	CHECK_BYTES(m.payload.at + 1, "\0\0\0\1\0\0\0\1", 8);
	bench_done(&b);
}

/* A failure says that it is of a token; what pauses keeps nothing of a question that was given up. */
static void test_failures_are_of_the_token(void **state)
{
	struct tw_message m;
	struct bench b;
	begin_slow(&b);
	odd("");
	CHECK_OK(ask(&b, TW_WIRE_KEYS_SLOT_REMOVE, "owner.none", 10, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_FAILED);
	CHECK_INT((uint8_t)m.payload.at[0], TW_CODE_NOTFOUND | TW_KEYS_OF_TOKEN);
	odd("out");
	CHECK_OK(ask(&b, TW_WIRE_KEYS_STATE, NULL, 0, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_FAILED);
	CHECK_INT((uint8_t)m.payload.at[0], TW_CODE_CLOSED | TW_KEYS_OF_TOKEN);
	bench_done(&b);
}

CHECK_MAIN_IN(set_up_slow, tear_down_slow, cmocka_unit_test(test_purge), cmocka_unit_test(test_slots_of_a_slow_token),
	cmocka_unit_test(test_taking_over_and_storage_key), cmocka_unit_test(test_sweep_in_turns),
	cmocka_unit_test(test_opened_when_asked), cmocka_unit_test(test_failures_are_of_the_token))
