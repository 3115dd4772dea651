/* SPDX-License-Identifier: Apache-2.0 */
/* Coming in, being told, going out: each once, whatever fails, and with the same answer whoever is there already. */
#include "base/mem.h"
#include "base/text.h"
#include "check.h"
#include "service/test-dir.h"
#include "support/sql-support.h"
#include "support/subscriptions/subscription.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>
#include <string.h>

#define NOW INT64_C(1790000000000)
#define CALLS_MAX 3000
#define ALL_KINDS ((1u << TW_NOTICE_KINDS) - 1)

static struct {
	struct test_dir dir;
	struct tw_subscriptions of;
} world;

static void reopen(const struct tw_sys *sys)
{
	static const struct tw_store_step steps[] = { { 1, tw_sql_outbox_format_1 }, { 1, tw_sql_subscriptions_format_1 }, { 0, NULL } };
	static const struct tw_store_formats formats = { steps, 1, 1 };

	world.of.store = tw_store_free(world.of.store);
	world.of.sys = sys;
	CHECK_OK(tw_store_open(sys, world.dir.fd, "t.db", &formats, &world.of.store));
}

static int begin(void **state)
{
	memset(&world, 0, sizeof world);
	world.dir = test_dir_new();
	world.of.site = "https://security.example.com";
	world.of.now_ms = NOW;
	reopen(tw_sys_real());
	return 0;
}

static int end(void **state)
{
	world.of.store = tw_store_free(world.of.store);
	test_dir_done(&world.dir);
	return 0;
}

static tw_err take_int(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static int64_t number(const char *sql)
{
	int64_t n = -1;

	CHECK_OK(tw_store_run(world.of.store, sql, NULL, 0, take_int, &n));
	return n;
}

static const char messages[] = "SELECT count(*) FROM outbox";
static const char active[] = "SELECT count(*) FROM subscription WHERE state = 'active'";
static const char asked[] = "SELECT count(*) FROM subscription WHERE state = 'asked'";

static tw_err take_text(void *user, const tw_row *row)
{
	struct tw_slice s = tw_row_bytes(row, 0);

	(void)snprintf(user, 2000, TW_SLICE_FMT, TW_SLICE_ARG(s));
	return TW_OK;
}

static char read_text[2000];
static tw_err try_newest(const char *sql)
{
	read_text[0] = '\0';
	return tw_store_run(world.of.store, sql, NULL, 0, take_text, read_text);
}

static const char *newest(const char *sql)
{
	CHECK_OK(try_newest(sql));
	return read_text;
}
static const char newest_text[] = "SELECT text FROM outbox ORDER BY number DESC LIMIT 1";
static const char newest_way_out[] = "SELECT unsubscribe FROM outbox ORDER BY number DESC LIMIT 1";

/* The token of a message that asks. */
static struct tw_slice token_in(const char *text)
{
	const char *at = strstr(text, "/confirm/");

	if (at)
		return (struct tw_slice){ at + 9, strcspn(at + 9, "?") };
	at = strstr(text, "\"challenge\":\"");
	assert_non_null(at);
	return (struct tw_slice){ at + 13, strcspn(at + 13, "\"") };
}

static struct tw_slice token(void)
{
	return token_in(newest(newest_text));
}

static struct tw_subscription ann(void)
{
	return (struct tw_subscription){
		.channel = TW_OUTBOX_MAIL, .recipient = "ann@example.com", .product = "", .versions = "", .kinds = ALL_KINDS
	};
}

static enum tw_asked ask_from(struct tw_subscription s, const char *source)
{
	enum tw_asked asked_;

	CHECK_OK(tw_subscription_ask(&world.of, &s, source, &asked_));
	return asked_;
}

static enum tw_asked ask(struct tw_subscription s)
{
	return ask_from(s, "192.0.2.1");
}

static enum tw_confirmed confirm(struct tw_slice text)
{
	enum tw_confirmed c;

	CHECK_OK(tw_subscription_confirm(&world.of, text, &c));
	return c;
}

static void join(struct tw_subscription s)
{
	CHECK_INT(ask(s), TW_ASKED);
	CHECK_INT(confirm(token()), TW_CONFIRMED);
}

static bool leave(struct tw_slice text)
{
	bool gone;

	CHECK_OK(tw_subscription_leave(&world.of, text, &gone));
	return gone;
}

static tw_err tell_body(tw_store *s, void *user)
{
	return tw_subscriptions_tell(s, user, NOW);
}

static bool known(struct tw_slice text)
{
	bool is;

	CHECK_OK(tw_subscription_known(&world.of, text, &is));
	return is;
}

static void tell(struct tw_notice n)
{
	CHECK_OK(tw_store_transaction(world.of.store, tell_body, &n));
}

static enum tw_telling slices(void)
{
	enum tw_telling t;

	do
		CHECK_OK(tw_subscriptions_slice(&world.of, &t));
	while (t == TW_TOLD_SOME);
	return t;
}

static const struct tw_notice advisory = {
	.id = "advisory-1", .kind = TW_NOTICE_ADVISORY, .severity = TW_NOTICE_HIGH, .title = "A flaw", .text = "Install 1.2.", .link = "https://security.example.com/a/1"
};

/* --- In and out --- */

static void test_the_states_of_a_subscription(void **state)
{
	char text[TW_OUTBOX_TO_MAX];

	CHECK_INT(ask(ann()), TW_ASKED);
	CHECK_INT(number(asked), 1);
	tell(advisory);
	CHECK_INT(slices(), TW_TOLD_ALL);
	CHECK_INT(number(messages), 1); /* who has not confirmed is told nothing */
	(void)snprintf(text, sizeof text, TW_SLICE_FMT, TW_SLICE_ARG(token()));
	CHECK_INT(confirm(TW_SLICE("0000-0000-0000-0000-0000-0000-0000")), TW_CONFIRM_UNKNOWN);
	CHECK_INT(confirm(TW_SLICE("")), TW_CONFIRM_UNKNOWN);
	CHECK_INT(number(active), 0);
	CHECK(known(tw_slice_of(text)) && !known(TW_SLICE("0000")));
	CHECK_INT(confirm(tw_slice_of(text)), TW_CONFIRMED);
	CHECK(!known(tw_slice_of(text)));
	CHECK_INT(confirm(tw_slice_of(text)), TW_CONFIRMED); /* pressed twice */
	CHECK_INT(number(active), 1);
	CHECK_INT(number(messages), 0); /* what asked holds his address, and needs not be there */
	struct tw_notice second = advisory;
	second.id = "advisory-2";
	tell(second);
	CHECK_INT(slices(), TW_TOLD_ALL);
	CHECK_INT(number(messages), 1);
	(void)snprintf(text, sizeof text, "%s", newest(newest_way_out));
	const char *key = strrchr(text, '/') + 1;
	char wrong[TW_LEAVE_TEXT_MAX];
	(void)snprintf(wrong, sizeof wrong, "%s", key);
	wrong[strlen(wrong) - 1] = wrong[strlen(wrong) - 1] == '0' ? '1' : '0';
	CHECK(!leave(tw_slice_of(wrong)) && !leave(TW_SLICE("")) && !leave(TW_SLICE("1-")) && !leave(TW_SLICE("x-1")));
	CHECK_INT(number(active), 1);
	CHECK(known(tw_slice_of(key)));
	CHECK(leave(tw_slice_of(key)));
	CHECK(!known(tw_slice_of(key)));
	CHECK_INT(number(active), 0);
	CHECK(!leave(tw_slice_of(key)));
}

static void test_out_of_date_is_unknown_and_forgotten(void **state)
{
	char text[64];

	CHECK_INT(ask(ann()), TW_ASKED);
	(void)snprintf(text, sizeof text, TW_SLICE_FMT, TW_SLICE_ARG(token()));
	world.of.now_ms = NOW + TW_ASK_LIVES_MS - 1;
	CHECK_INT(number(asked), 1);
	world.of.now_ms++;
	CHECK_INT(confirm(tw_slice_of(text)), TW_CONFIRM_UNKNOWN);
	struct tw_subscription bob = ann();
	bob.recipient = "bob@example.com";
	CHECK_INT(ask(bob), TW_ASKED);
	CHECK(number(asked) == 1 && number(messages) == 1); /* Ann's address is gone */
}

static void test_nobody_is_mailed_at_will(void **state)
{
	static const char *const same[] = { "ann@example.com", "ANN@Example.COM", "ann+a@example.com", "ann+b@example.com",
		"ann+c@example.com" };
	struct tw_subscription s = ann();
	char address[64];

	for (size_t i = 0; i < TW_COUNT(same); i++) {
		s.recipient = same[i];
		CHECK_INT(ask(s), TW_ASKED); /* the answer is always the same */
	}
	CHECK_INT(number(messages), TW_ASKS_RECIPIENT);
	s.recipient = address;
	for (int i = TW_ASKS_RECIPIENT; i < TW_ASKS_NETWORK; i++) {
		(void)snprintf(address, sizeof address, "a%d@example.com", i);
		CHECK_INT(ask(s), TW_ASKED);
	}
	(void)snprintf(address, sizeof address, "another@example.com");
	CHECK_INT(ask(s), TW_ASKED_HOST);
	CHECK_INT(number(messages), TW_ASKS_NETWORK);
	CHECK_INT(ask_from(s, "192.0.2.2"), TW_ASKED); /* one network shuts nobody else out */
	(void)snprintf(address, sizeof address, "another@example.org");
	CHECK_INT(ask(s), TW_ASKED);
	CHECK_INT(number(messages), TW_ASKS_NETWORK + 2);
	world.of.now_ms += TW_ASK_COUNTS_MS;
	s.recipient = "ann@example.com";
	CHECK_INT(ask(s), TW_ASKED);
	CHECK_INT(number(messages), TW_ASKS_NETWORK + 3);
}

static void asked_so_often(int times)
{
	const struct tw_value v[] = { TW_V_INT(times) };

	CHECK_OK(tw_store_run(world.of.store,
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) "
		"INSERT INTO subscription_ask SELECT who, at_ms FROM subscription_ask, n",
		v, 1, NULL, NULL));
}

static void test_a_host_is_asked_so_often_in_all(void **state)
{
	struct tw_subscription s = ann();

	CHECK_INT(ask_from(s, "2001:db8::1"), TW_ASKED);
	asked_so_often(TW_ASKS_NETWORK - 1);
	s.recipient = "bob@example.com";
	CHECK_INT(ask_from(s, "2001:db8::2"), TW_ASKED_HOST); /* of the same /64 */
	CHECK_INT(ask_from(s, "2001:db8:0:1::2"), TW_ASKED);
	asked_so_often(TW_ASKS_HOST / TW_ASKS_NETWORK);
	s.recipient = "cid@example.com";
	CHECK_INT(ask_from(s, "192.0.2.7"), TW_ASKED_HOST);
	s.recipient = "cid@example.org";
	CHECK_INT(ask_from(s, "192.0.2.7"), TW_ASKED);
}

/* As long as products.json may have one, and nobody else. */
#define LONGEST "2026.11-release-candidate-of-the-second-line-for-export+build12"

static void test_versions_hold_no_words_of_a_stranger(void **state)
{
	static const struct {
		const char *text, *kept; /* NULL: refused */
	} rows[] = { { "", "" }, { " 1.0.0,\n v2.0-rc.1+b_3~4 ", "1.0.0 v2.0-rc.1+b_3~4" }, { "latest", NULL },
		{ "1.0 you have won", NULL }, { "https://evil.example/1", NULL }, { "1/2", NULL }, { "1:2", NULL },
		{ "1\xc3\xa4", NULL }, { "1<b>", NULL }, { "1a2a3a4a5a6a7a8a9a0a1a2a3a4a5a6a", "1a2a3a4a5a6a7a8a9a0a1a2a3a4a5a6a" },
		{ "1a2a3a4a5a6a7a8a9a0a1a2a3a4a5a6a7", NULL }, { "1 2 3 4 5 6 7 8 9 10", "1 2 3 4 5 6 7 8 9 10" },
		{ "1 2 3 4 5 6 7 8 9 10 11", NULL },
		/* What a mail program would make a link of: names and addresses of hosts, telephone numbers. */
		{ "evil2.com", NULL }, { "1.evil.example", NULL }, { "1.com", NULL }, { "1.0.com-2", NULL }, { "1.xn--p1ai", NULL },
		{ "www1", NULL }, { "v1-WWW.2", NULL }, { "1.", NULL }, { "1..2", NULL }, { "192.0.2.1", NULL },
		{ "1.0-192.0.2.1+x", NULL }, { "192.0.2.1_2", NULL }, { "800-555-0199", NULL }, { "+49.30.123456.7", NULL },
		{ "1234567890", NULL }, { "+1 800 555 0199", NULL },
		{ "v192.0.2.1 192.0.2.256 1.2.3.4.5 1.2.3", "v192.0.2.1 192.0.2.256 1.2.3.4.5 1.2.3" },
		{ "1.0.post1 2.0.0.M1 R3.2 1.0.rc2", "1.0.post1 2.0.0.M1 R3.2 1.0.rc2" },
		{ "20261123 1.10.3-14-g0123456", "20261123 1.10.3-14-g0123456" },
		/* The manufacturer's own words are his. */
		{ "4.2.8.1 2.0.0.RELEASE Beta", "4.2.8.1 2.0.0.RELEASE Beta" }, { "4.2.8.2", NULL }, { LONGEST, LONGEST },
		{ LONGEST " " LONGEST " " LONGEST " " LONGEST " " LONGEST " " LONGEST " " LONGEST " " LONGEST " " LONGEST " " LONGEST,
			LONGEST " " LONGEST " " LONGEST " " LONGEST " " LONGEST " " LONGEST " " LONGEST " " LONGEST " " LONGEST " " LONGEST },
		{ LONGEST "4", NULL } };
	TW_CLEANUP(tw_jsonp) json_t *known = NULL;
	char kept[TW_SUBSCRIPTION_VERSIONS_TEXT];

	CHECK_OK(tw_json_parse(
		TW_SLICE("[{\"version\":\"4.2.8.1\"},{\"version\":\"2.0.0.RELEASE\"},{\"version\":\"Beta\"},{\"version\":\"" LONGEST "\"}]"),
		300, &known));
	CHECK(tw_subscription_versions("1.0", NULL, kept) && !tw_subscription_versions("4.2.8.1", NULL, kept));
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (tw_subscription_versions(rows[i].text, known, kept) != (rows[i].kept != NULL) ||
			(rows[i].kept && strcmp(rows[i].kept, kept) != 0))
			fail_msg("row %zu: %s", i, kept);
}

/* Beside one another two versions may be what neither is alone. */
static void test_a_mail_has_each_version_on_its_line(void **state)
{
	static const struct {
		const char *versions, *lines;
	} rows[] = { { "CALL0800 5550199", "\nVersion of its software: CALL0800\nVersion of its software: 5550199\n- " },
		{ "1 800 555 0199", "\nVersion of its software: 1\nVersion of its software: 800\nVersion of its software: 555\nVersion of its software: 0199\n- " },
		{ "1.2.0", "\nVersion of its software: 1.2.0\n- " }, { "", "\nProduct: lamp\n- " } };
	struct tw_subscription s = ann();
	char kept[TW_SUBSCRIPTION_VERSIONS_TEXT], to[32];

	s.product = "lamp";
	s.versions = kept;
	s.recipient = to;
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		(void)snprintf(to, sizeof to, "a%zu@example.com", i);
		CHECK(tw_subscription_versions(rows[i].versions, NULL, kept));
		CHECK_INT(ask(s), TW_ASKED);
		if (!strstr(newest(newest_text), rows[i].lines) || (strchr(kept, ' ') && strstr(read_text, kept)))
			fail_msg("row %zu: %s", i, read_text);
	}
}

static void test_the_same_is_kept_once_and_many_are_bounded(void **state)
{
	static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q" };
	struct tw_subscription s = ann();

	join(s);
	join(s);
	CHECK_INT(number(active), 1);
	for (size_t i = 0; i < TW_COUNT(names); i++) {
		world.of.now_ms += TW_ASK_COUNTS_MS;
		s.product = names[i];
		CHECK_INT(ask(s), TW_ASKED);
		CHECK_INT(confirm(token()), i + 1 < TW_SUBSCRIPTIONS_OF_ONE ? TW_CONFIRMED : TW_CONFIRM_MANY);
	}
	CHECK_INT(number(active), TW_SUBSCRIPTIONS_OF_ONE);
	CHECK_INT(number(asked), 0); /* a token that is good for nothing admits nobody */
}

static void test_a_webhook_echoes_its_challenge(void **state)
{
	struct tw_subscription s = ann();

	s.channel = TW_OUTBOX_WEBHOOK;
	s.recipient = "https://hooks.example.com/in?x=1";
	CHECK_INT(ask(s), TW_ASKED);
	assert_non_null(strstr(newest(newest_text), "\"confirm\":\"https://security.example.com/subscriptions/confirm\""));
	assert_non_null(strstr(newest(newest_text), "\"secret\":\"whsec_"));
	CHECK_INT(number("SELECT count(*) FROM outbox o, subscription s WHERE o.secret = s.secret AND length(s.secret) = 24"), 1);
	CHECK_INT(confirm(token()), TW_CONFIRMED);
	tell(advisory);
	CHECK_INT(slices(), TW_TOLD_ALL);
	assert_non_null(strstr(newest(newest_text), "\"severity\":\"high\""));
	assert_non_null(strstr(newest(newest_text), "\"products\":[{\"name\":\"\",\"versions\":\"\"}]"));
}

static void test_a_webhook_that_is_gone_ends(void **state)
{
	struct tw_subscription s = ann();

	join(s);
	s.channel = TW_OUTBOX_WEBHOOK;
	s.recipient = "https://hooks.example.com/in";
	join(s);
	tell(advisory);
	CHECK_INT(slices(), TW_TOLD_ALL);
	CHECK_OK(tw_store_run(world.of.store,
		"UPDATE outbox SET state = 'failed', reason = 'HTTP status 404', next_ms = next_ms + 1", NULL, 0, NULL, NULL));
	CHECK_OK(tw_subscriptions_forget(&world.of));
	CHECK_INT(number(active), 2);
	CHECK_OK(tw_store_run(world.of.store, "UPDATE outbox SET reason = 'HTTP status 410'", NULL, 0, NULL, NULL));
	CHECK_OK(tw_subscriptions_forget(&world.of));
	CHECK(number(active) == 1 && number("SELECT count(*) FROM subscription WHERE channel = 0") == 1);
	world.of.now_ms += 2;
	join(s); /* anew: what was answered before says nothing of it */
	CHECK_OK(tw_subscriptions_forget(&world.of));
	CHECK_INT(number(active), 2);
}

static void test_addresses_of_webhooks(void **state)
{
	static const struct {
		const char *url;
		bool valid;
	} rows[] = { { "https://hooks.example.com/in", true }, { "https://HOOKS.example.com", true },
		{ "https://a.example:443/x", true }, { "https://a.example:8443?x", true }, { "https://a.example:22/", false },
		{ "https://a.example:/", false }, { "http://a.example/", false }, { "https://localhost/", false },
		{ "https://127.0.0.1/", false }, { "https://[::1]/", false }, { "https://0x7f.1/", false },
		{ "https://2130706433/", false }, { "https://a@b.example/", false }, { "https://a.example/#f", false },
		{ "https://-a.example/", false }, { "https://a..example/", false }, { "https://a.example./", false },
		{ "https://", false }, { "", false }, { "https://a_b.example/", false } };

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (tw_subscription_hook_valid(tw_slice_of(rows[i].url)) != rows[i].valid)
			fail_msg("%s", rows[i].url);
}

/* --- Whom it concerns --- */

static void test_whom_a_notice_concerns(void **state)
{
	static const struct {
		enum tw_notice_kind kind;
		enum tw_notice_severity severity;
		const char *name, *range;
		const char *product, *versions;
		enum tw_notice_severity lowest;
		unsigned kinds;
		enum tw_concern concerns;
	} rows[] = {
		{ TW_NOTICE_ADVISORY, TW_NOTICE_HIGH, "lamp", "", "", "", 0, ALL_KINDS, TW_CONCERNS },
		{ TW_NOTICE_ADVISORY, TW_NOTICE_HIGH, "lamp", "", "lamp", "", 0, ALL_KINDS, TW_CONCERNS },
		{ TW_NOTICE_ADVISORY, TW_NOTICE_HIGH, "lamp", "", "lock", "", 0, ALL_KINDS, TW_CONCERNS_NOT },
		{ TW_NOTICE_ADVISORY, TW_NOTICE_HIGH, "", "", "lock", "", 0, ALL_KINDS, TW_CONCERNS },
		{ TW_NOTICE_ADVISORY, TW_NOTICE_LOW, "lamp", "", "", "", TW_NOTICE_MEDIUM, ALL_KINDS, TW_CONCERNS_NOT },
		{ TW_NOTICE_ADVISORY, TW_NOTICE_UNRATED, "lamp", "", "", "", TW_NOTICE_CRITICAL, ALL_KINDS, TW_CONCERNS },
		{ TW_NOTICE_MAINTENANCE, TW_NOTICE_LOW, "lamp", "", "", "", TW_NOTICE_CRITICAL, ALL_KINDS, TW_CONCERNS },
		{ TW_NOTICE_UPDATE, TW_NOTICE_HIGH, "lamp", "", "", "", 0, 1u << TW_NOTICE_ADVISORY, TW_CONCERNS_NOT },
		{ TW_NOTICE_UPDATE, TW_NOTICE_HIGH, "lamp", "", "", "", 0, 1u << TW_NOTICE_UPDATE, TW_CONCERNS },
		{ TW_NOTICE_ADVISORY, TW_NOTICE_HIGH, "lamp", "vers:semver/<1.2.0", "lamp", "1.1.0", 0, ALL_KINDS, TW_CONCERNS },
		{ TW_NOTICE_ADVISORY, TW_NOTICE_HIGH, "lamp", "vers:semver/<1.2.0", "lamp", "1.2.0", 0, ALL_KINDS, TW_CONCERNS_NOT },
		{ TW_NOTICE_ADVISORY, TW_NOTICE_HIGH, "lamp", "vers:semver/<1.2.0", "lamp", "1.2.0 1.0.0", 0, ALL_KINDS, TW_CONCERNS },
		{ TW_NOTICE_ADVISORY, TW_NOTICE_HIGH, "lamp", "vers:semver/<1.2.0", "lamp", "", 0, ALL_KINDS, TW_CONCERNS },
		{ TW_NOTICE_ADVISORY, TW_NOTICE_HIGH, "lamp", "all before 1.2", "lamp", "1.3.0", 0, ALL_KINDS, TW_CONCERN_UNDECIDED }, /* nobody can tell */
		{ TW_NOTICE_ADVISORY, TW_NOTICE_HIGH, "lamp", "vers:semver/<1.2.0", "lamp", "latest", 0, ALL_KINDS, TW_CONCERN_UNDECIDED },
		{ TW_NOTICE_ADVISORY, TW_NOTICE_HIGH, "lamp", "vers:semver/<1.2.0", "lamp", "latest 1.1.0", 0, ALL_KINDS, TW_CONCERNS },
		{ TW_NOTICE_ADVISORY, TW_NOTICE_HIGH, "lamp", TW_NOTICE_VERSIONS_NONE, "lamp", "1.0", 0, ALL_KINDS, TW_CONCERNS_NOT },
		{ TW_NOTICE_ADVISORY, TW_NOTICE_HIGH, "lamp", TW_NOTICE_VERSIONS_NONE, "lamp", "", 0, ALL_KINDS, TW_CONCERNS },
		{ TW_NOTICE_ADVISORY, TW_NOTICE_HIGH, "lamp", TW_NOTICE_VERSIONS_UNSAID, "lamp", "1.0", 0, ALL_KINDS, TW_CONCERN_UNDECIDED },
		{ TW_NOTICE_ADVISORY, TW_NOTICE_HIGH, "lamp", "", "lamp", "1.0", 0, ALL_KINDS, TW_CONCERNS },
		{ TW_NOTICE_ADVISORY, TW_NOTICE_HIGH, "", "", "lamp", "1.0", 0, ALL_KINDS, TW_CONCERN_UNDECIDED }, /* it names no product of ours */
		{ TW_NOTICE_CHANGE, TW_NOTICE_HIGH, "", "", "lamp", "1.0", 0, ALL_KINDS, TW_CONCERNS },
		{ TW_NOTICE_END, 0, "lamp", "vers:generic/1.0", "lamp", "1.0.0", 0, ALL_KINDS, TW_CONCERNS },
		{ TW_NOTICE_END, 0, "lamp", "vers:generic/1.0", "lamp", "2.0", 0, ALL_KINDS, TW_CONCERNS_NOT },
		{ TW_NOTICE_MAINTENANCE, 0, "lamp", "vers:generic/<2.0", "lamp", "2.0", 0, ALL_KINDS, TW_CONCERNS_NOT },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const struct tw_notice_product p = { rows[i].name, rows[i].range };
		const struct tw_notice n = {
			.id = "x", .kind = rows[i].kind, .severity = rows[i].severity, .title = "t", .products = &p, .product_count = 1
		};
		struct tw_subscription s = ann();

		s.product = rows[i].product;
		s.versions = rows[i].versions;
		s.lowest = rows[i].lowest;
		s.kinds = rows[i].kinds;
		if (tw_notice_concerns(tw_sys_real(), &n, &s) != rows[i].concerns)
			fail_msg("row %zu", i);
	}
}

/* Words and spans in the place of a version, as an advisory's names and ranges have them: nobody who may have one goes untold. */
static void test_words_for_versions_are_undecided(void **state)
{
	static const struct {
		const char *range, *version;
		enum tw_concern concerns;
	} rows[] = { { "vers:generic/1.x", "1.2.0", TW_CONCERN_UNDECIDED }, { "vers:generic/1.0.x", "1.0.3", TW_CONCERN_UNDECIDED },
		{ "vers:generic/1.0%20-%201.4", "1.2.0", TW_CONCERN_UNDECIDED },
		{ "vers:generic/1.2%20to%201.5", "1.3", TW_CONCERN_UNDECIDED },
		{ "vers:generic/2.1%2A", "2.1.7", TW_CONCERN_UNDECIDED }, { "vers:generic/~1.2", "1.2.5", TW_CONCERN_UNDECIDED },
		{ "vers:generic/<=1.x", "1.4", TW_CONCERN_UNDECIDED }, { "vers:generic/<=2.4.x", "2.4.3", TW_CONCERN_UNDECIDED },
		{ "vers:generic/<=1.2.*", "1.2.5", TW_CONCERN_UNDECIDED }, { "vers:generic/>=1.0,<=1.4", "1.0", TW_CONCERN_UNDECIDED },
		{ "vers:generic/<3.0", "20240501", TW_CONCERN_UNDECIDED }, { "vers:generic/1.0-1.4", "1.2", TW_CONCERN_UNDECIDED },
		{ "vers:generic/1.2", "1.x", TW_CONCERN_UNDECIDED }, { "vers:generic/1.x", "1.2.0 latest", TW_CONCERN_UNDECIDED },
		{ "vers:generic/<3.0", "2.9", TW_CONCERNS }, { "vers:generic/<3.0", "3.0", TW_CONCERNS_NOT } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const struct tw_notice_product p = { "lamp", rows[i].range };
		const struct tw_notice n = { .id = "x", .kind = TW_NOTICE_ADVISORY, .title = "t", .products = &p, .product_count = 1 };
		struct tw_subscription s = ann();

		s.product = "lamp";
		s.versions = rows[i].version;
		if (tw_notice_concerns(tw_sys_real(), &n, &s) != rows[i].concerns)
			fail_msg("%s, %s", rows[i].range, rows[i].version);
	}
}

static tw_err see(void *user, const struct tw_subscription *s)
{
	((struct tw_subscription *)user)->kinds = s->kinds;
	(void)snprintf(read_text, sizeof read_text, "%s %s", s->product, s->versions);
	return TW_OK;
}

/* One mail each; who has none of the versions gets none, and whoever nobody can decide for is told that. */
static void test_each_is_told_by_his_version(void **state)
{
	static const struct tw_notice_product of[] = { { "lamp", "vers:generic/1.0" }, { "lamp", "vers:generic/1.2" },
		{ "lock", TW_NOTICE_VERSIONS_NONE } };
	static const struct {
		const char *who, *product, *versions;
	} rows[] = { { "a@example.com", "lamp", "1.0" }, { "b@example.com", "lamp", "1.1" }, { "c@example.com", "lamp", "1.2.p1" },
		{ "d@example.com", "lamp", "" }, { "e@example.com", "lock", "1.0" }, { "f@example.com", "lock", "" } };
	struct tw_notice n = advisory;
	struct tw_subscription s = ann();
	char text[64], path[TW_LEAVE_TEXT_MAX];
	struct tw_subscription seen;

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		s.recipient = rows[i].who;
		s.product = rows[i].product;
		s.versions = rows[i].versions;
		CHECK_INT(ask(s), TW_ASKED);
		(void)snprintf(text, sizeof text, "\nVersion of its software: %s\n", rows[i].versions);
		CHECK(!*rows[i].versions == !strstr(newest(newest_text), text));
		CHECK_INT(confirm(token()), TW_CONFIRMED);
	}
	n.products = of;
	n.product_count = TW_COUNT(of);
	tell(n);
	CHECK_INT(slices(), TW_TOLD_ALL);
	CHECK_INT(number(messages), 4);
	CHECK_INT(number("SELECT count(*) FROM outbox WHERE recipient IN ('a@example.com', 'c@example.com', 'd@example.com', 'f@example.com')"),
		4);
	CHECK(strstr(newest("SELECT text FROM outbox WHERE recipient = 'c@example.com'"), "could not be decided") &&
		strstr(read_text, "You have: 1.2.p1\n"));
	CHECK(!strstr(newest("SELECT text FROM outbox WHERE recipient = 'a@example.com'"), "could not be decided"));
	CHECK(strstr(read_text, "Product: lamp (1.0)\n") && strstr(read_text, "Product: lock\n"));
	CHECK(!strstr(newest("SELECT text FROM outbox WHERE recipient = 'd@example.com'"), "could not be decided"));
	(void)newest("SELECT unsubscribe FROM outbox WHERE recipient = 'c@example.com'");
	(void)snprintf(path, sizeof path, "%s", strrchr(read_text, '/') + 1);
	seen = (struct tw_subscription){ .id = 0 };
	CHECK_OK(tw_subscription_of_way_out(&world.of, tw_slice_of(path), see, &seen));
	CHECK(seen.kinds == ALL_KINDS && !strcmp(read_text, "lamp 1.2.p1"));
	path[strlen(path) - 1] ^= 1;
	seen.kinds = 0;
	CHECK_OK(tw_subscription_of_way_out(&world.of, tw_slice_of(path), see, &seen));
	CHECK_INT(seen.kinds, 0);
}

/* People read a version as it is written, programs a range in its code. */
static void test_people_read_no_code(void **state)
{
	static const struct {
		const char *versions, *line;
	} rows[] = { { "vers:generic/1.0%2Bb", "\nProduct: lamp (1.0+b)\n" },
		{ "vers:deb/>=1.0|<1.2%2bb1", "\nProduct: lamp (>=1.0|<1.2+b1)\n" },
		{ "vers:generic/1%C3%A4%20rc", "\nProduct: lamp (1\xc3\xa4 rc)\n" }, { "vers:generic/1%07", "\nProduct: lamp (1%07)\n" },
		{ "vers:generic/1%0AProduct", "\nProduct: lamp (1%0AProduct)\n" }, { "vers:generic/1%00", "\nProduct: lamp (1%00)\n" },
		{ "vers:generic/1%FF", "\nProduct: lamp (1%FF)\n" }, { "vers:generic/1%2", "\nProduct: lamp (1%2)\n" },
		{ "vers:generic/1%", "\nProduct: lamp (1%)\n" }, { "50%25 of them", "\nProduct: lamp (50%25 of them)\n" },
		{ "vers:none/*", "\nProduct: lamp\n" }, { "", "\nProduct: lamp\n" } };
	const struct tw_subscription s = ann();
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), TW_OUTBOX_TEXT_MAX);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const struct tw_notice_product of = { "lamp", rows[i].versions };
		struct tw_notice n = advisory;
		const struct tw_notice_sent sent = { .notice = &n, .leave = "https://security.example.com/l" };

		n.products = &of;
		n.product_count = 1;
		CHECK_OK(tw_notice_text(&world.of, &s, &sent, &b));
		if (!strstr(tw_buf_cstr(&b), rows[i].line))
			fail_msg("row %zu: %s", i, tw_buf_cstr(&b));
	}
}

static void test_a_webhook_says_the_version(void **state)
{
	static const struct tw_notice_product of = { "lamp", "before the second" };
	struct tw_notice n = advisory;
	struct tw_subscription s = ann();

	s.channel = TW_OUTBOX_WEBHOOK;
	s.recipient = "https://hooks.example.com/in?x=1";
	s.product = "lamp";
	s.versions = "1.0";
	CHECK_INT(ask(s), TW_ASKED);
	assert_non_null(strstr(newest(newest_text), "\"versions\":\"1.0\""));
	CHECK_INT(confirm(token()), TW_CONFIRMED);
	n.products = &of;
	n.product_count = 1;
	tell(n);
	CHECK_INT(slices(), TW_TOLD_ALL);
	assert_non_null(strstr(newest(newest_text), "\"undecided\":true"));
}

static void test_what_cannot_be_told_is_refused(void **state)
{
	static const struct tw_notice_product nameless = { "a\nb", "" };
	struct tw_notice rows[8];

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		rows[i] = advisory;
	rows[0].id = "";
	rows[1].title = "";
	rows[2].title = "a\nb";
	rows[3].text = "a\x01";
	rows[4].link = "http://example.com";
	rows[5].products = &nameless;
	rows[5].product_count = 1;
	rows[6].product_count = TW_NOTICE_PRODUCTS_MAX + 1;
	rows[7].id = "\xff";
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		CHECK_ERR(tw_store_transaction(world.of.store, tell_body, &rows[i]), SYNTAX);
	CHECK_INT(number("SELECT count(*) FROM notice"), 0);
}

/* --- Many, and restarts --- */

#define MANY 1200
static void many(int count)
{
	const struct tw_value v[] = { TW_V_INT(count) };

	CHECK_OK(tw_store_run(world.of.store,
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) "
		"INSERT INTO subscription (state, token, channel, recipient, secret, language, product, versions, lowest, kinds, asked_ms, expires_ms) "
		"SELECT 'active', CAST(substr('00000000000000000000000000000000', 1, 32 - length(CAST(i AS TEXT))) || i AS BLOB), 0, 'a' || i || '@example.com', x'', 'en', '', '', 0, 15, 0, 0 FROM n",
		v, 1, NULL, NULL));
}

static void test_many_are_told_in_slices_through_restarts(void **state)
{
	enum tw_telling t;
	int64_t before = 0, count = 0;

	many(MANY);
	tell(advisory);
	tell(advisory); /* the same id: once */
	struct tw_subscription late = ann();
	late.recipient = "late@example.com";
	join(late);
	before = number(messages);
	do {
		CHECK_OK(tw_subscriptions_slice(&world.of, &t));
		count++;
		reopen(tw_sys_real());
	} while (t == TW_TOLD_SOME);
	CHECK_INT(t, TW_TOLD_ALL);
	CHECK(count > 1);
	CHECK_INT(number(messages) - before, MANY); /* who came later is not told of what was before */
	CHECK_INT(number("SELECT count(DISTINCT recipient) FROM outbox WHERE subject LIKE '%A flaw'"), MANY);
}

/* The longest rows of products that a notice may have are more than a message holds; what is behind such a notice must not wait for it. */
static void test_more_products_than_a_message_holds(void **state)
{
	static char names[TW_NOTICE_PRODUCTS_MAX][TW_NOTICE_ID_MAX + 1], versions[TW_NOTICE_VERSIONS_MAX + 1],
		text[TW_NOTICE_TEXT_MAX + 1];
	struct tw_notice_product of[TW_NOTICE_PRODUCTS_MAX];
	struct tw_notice n = advisory, second = advisory;
	struct tw_subscription s = ann();

	memset(versions, '"', TW_NOTICE_VERSIONS_MAX);
	memset(text, '"', TW_NOTICE_TEXT_MAX);
	for (size_t i = 0; i < TW_COUNT(of); i++) {
		(void)snprintf(names[i], sizeof names[i], "%0*zu", TW_NOTICE_ID_MAX, i);
		of[i] = (struct tw_notice_product){ names[i], versions };
	}
	join(s);
	s.product = names[TW_COUNT(of) - 1];
	join(s);
	s.channel = TW_OUTBOX_WEBHOOK;
	s.recipient = "https://hooks.example.com/in";
	join(s);
	n.products = of;
	n.product_count = TW_COUNT(of);
	n.text = text;
	n.link = "";
	second.id = "advisory-2";
	tell(n);
	tell(second);
	CHECK_INT(slices(), TW_TOLD_ALL);
	CHECK_INT(number(messages), 6);
	CHECK_INT(number("SELECT count(*) FROM outbox WHERE kind = 0 AND text LIKE '%than this message has room for. All of it:\nhttps://security.example.com/products\n%'"),
		2);
	CHECK_INT(number("SELECT count(*) FROM outbox WHERE kind = 0 AND text LIKE 'A flaw%Product: %00000 (\"\"%Product: %1 (%'"), 1);
	CHECK_INT(number("SELECT count(*) FROM outbox WHERE kind = 0 AND text LIKE '%Product: %00063 (\"\"%'"), 1); /* his own, though it is the last */
	CHECK_INT(number("SELECT count(*) FROM outbox WHERE kind = 1 AND text LIKE '%\"more\":true%' AND text LIKE '%00063\"%'"), 1);
	CHECK_INT(number("SELECT count(*) FROM outbox WHERE length(text) > 32768"), 0);
}

static void test_a_full_outbox_waits(void **state)
{
	const struct tw_value v[] = { TW_V_INT(TW_SLICE_WAITING_MAX) };

	join(ann());
	tell(advisory);
	CHECK_OK(tw_store_run(world.of.store,
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) "
		"INSERT INTO outbox (key, kind, state, recipient, subject, text, unsubscribe, secret, added_ms, next_ms, since_ms, tries, reason, class) "
		"SELECT 'k' || i, 0, 'waiting', 'a@example.com', 's', 't', '', x'', 0, 0, 0, 0, '', 0 FROM n",
		v, 1, NULL, NULL));
	CHECK_INT(slices(), TW_TOLD_WAIT);
	CHECK_OK(tw_store_run(world.of.store, "DELETE FROM outbox WHERE key LIKE 'k%'", NULL, 0, NULL, NULL));
	world.of.site = "";
	CHECK_INT(slices(), TW_TOLD_WAIT);
	world.of.site = "https://security.example.com";
	CHECK_INT(slices(), TW_TOLD_ALL);
	CHECK_INT(number(messages), 1);
}

/* Each call of the seam fails once, as a bad disk has it or as a full one: asked, confirmed, told once and left, or as before. */
static void each_call_fails(tw_fake *f)
{
	bool fired = true;
	int step = 0;

	for (long nth = 1; fired && nth < CALLS_MAX; nth++) {
		struct tw_subscription s = ann();
		struct tw_notice n = advisory;
		enum tw_asked asked_ = TW_ASKED;
		enum tw_confirmed confirmed = TW_CONFIRMED;
		enum tw_telling told = TW_TOLD_ALL;
		char id[32], key[64] = "";
		bool valid;

		CHECK_OK(tw_store_run(world.of.store, "DELETE FROM outbox", NULL, 0, NULL, NULL));
		CHECK_OK(tw_store_run(world.of.store, "DELETE FROM subscription", NULL, 0, NULL, NULL));
		(void)snprintf(id, sizeof id, "n-%ld", nth);
		n.id = id;
		world.of.now_ms += TW_ASK_COUNTS_MS;
		tw_fake_fail(f, nth, nth % 2 ? ENOSPC : EIO, false);
		tw_err e = tw_subscription_ask(&world.of, &s, "192.0.2.1", &asked_);
		const bool in = !tw_failed(e);
		if (!tw_failed(e))
			e = try_newest(newest_text);
		if (!tw_failed(e))
			e = tw_subscription_confirm(&world.of, token_in(read_text), &confirmed);
		if (!tw_failed(e))
			e = tw_store_transaction(world.of.store, tell_body, &n);
		if (!tw_failed(e))
			e = tw_subscriptions_slice(&world.of, &told);
		if (!tw_failed(e))
			e = try_newest(newest_way_out);
		if (!tw_failed(e)) {
			(void)snprintf(key, sizeof key, "%s", strrchr(read_text, '/') + 1);
			e = tw_subscription_leave(&world.of, tw_slice_of(key), &valid);
		}
		fired = tw_fake_fired(f);
		tw_fake_fail(f, 0, 0, false);
		step += tw_failed(e);
		reopen(tw_fake_sys(f));
		CHECK_INT(number(asked) + number(active), !tw_failed(e) ? 0 : in ? 1 : number(messages));
		CHECK_INT(slices(), TW_TOLD_ALL);
		CHECK(number("SELECT count(*) - count(DISTINCT key) FROM outbox") == 0 && number(messages) <= 2);
	}
	CHECK(!fired && step > 20);
}

static void test_every_failure_leaves_it_before_or_after(void **state)
{
	tw_fake *f = tw_fake_new();

	reopen(tw_fake_sys(f));
	each_call_fails(f);
	world.of.store = tw_store_free(world.of.store);
	tw_fake_free(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
CHECK_MAIN(TEST(test_the_states_of_a_subscription), TEST(test_out_of_date_is_unknown_and_forgotten),
	TEST(test_nobody_is_mailed_at_will), TEST(test_a_host_is_asked_so_often_in_all),
	TEST(test_versions_hold_no_words_of_a_stranger), TEST(test_a_mail_has_each_version_on_its_line),
	TEST(test_a_webhook_that_is_gone_ends), TEST(test_the_same_is_kept_once_and_many_are_bounded),
	TEST(test_a_webhook_echoes_its_challenge), TEST(test_addresses_of_webhooks), TEST(test_whom_a_notice_concerns),
	TEST(test_words_for_versions_are_undecided), TEST(test_each_is_told_by_his_version), TEST(test_people_read_no_code),
	TEST(test_a_webhook_says_the_version), TEST(test_what_cannot_be_told_is_refused),
	TEST(test_many_are_told_in_slices_through_restarts), TEST(test_more_products_than_a_message_holds),
	TEST(test_a_full_outbox_waits), TEST(test_every_failure_leaves_it_before_or_after))
