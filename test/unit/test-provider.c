/* SPDX-License-Identifier: Apache-2.0 */
/* Logins that a program of the product's judges: who may be it, what is a verdict, and that nothing else lets anybody in. */
#include "lacking.h"
#include "logins.h"

#include "device/logical-access/login-factor.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "device/rows-platform.h"

#include <sys/socket.h>

#define PROVIDERS "/api/v1/login-providers"
#define HERS PROVIDERS "/a1"
#define READER 64020
#define KEYSWITCH 64021
#define BADGE 64022
#define WAIT_MS 20000

/* A connection of a provider, both ends of it. */
struct line {
	tw_channel *here, *there;
	uint8_t challenge[TW_APP_CHALLENGE];
};
static struct line reader, other;

static void connect_line(struct line *l)
{
	int ends[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	CHECK_OK(tw_channel_new(tw_sys_real(), ends[0], tw_rows_device_from_app, &l->here));
	CHECK_OK(tw_channel_new(tw_sys_real(), ends[1], tw_rows_app_from_device, &l->there));
}

static void hang_up(struct line *l)
{
	if (l->here && w.unit)
		tw_provider_leave(device(), l->here);
	l->here = tw_channel_free(l->here);
	l->there = tw_channel_free(l->there);
}

/* NULL: it was taken. */
static const char *join(struct line *l, uid_t uid, const char *name, bool simulated)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf payload = { 0 };
	const char *rule = "nothing";

	tw_buf_init(&payload, tw_sys_real(), 64);
	CHECK_OK(tw_buf_u8(&payload, simulated));
	CHECK_OK(tw_buf_block16(&payload, name, strlen(name)));
	CHECK_OK(tw_provider_join(device(), l->here, uid, tw_buf_slice(&payload), &rule));
	return rule;
}

/* What the device says on it next; 0: nothing. */
static uint16_t hears(struct line *l, char account[TW_APP_ACCOUNT_MAX + 1])
{
	struct tw_message m;

	account[0] = '\0';
	if (tw_failed(tw_channel_receive(l->there, &m)))
		return 0;
	memcpy(l->challenge, m.payload.at, sizeof l->challenge);
	if (m.type == TW_APP_ASKED)
		(void)snprintf(account, TW_APP_ACCOUNT_MAX + 1, "%.*s", (int)(m.payload.size - TW_APP_CHALLENGE - 2),
			m.payload.at + TW_APP_CHALLENGE + 2);
	return m.type;
}

/* The rule that it is refused by; NULL: it was taken. */
static const char *says(const struct line *by, const uint8_t challenge[TW_APP_CHALLENGE], int verdict)
{
	const char *rule = "nothing";
	char payload[TW_APP_CHALLENGE + 1];

	memcpy(payload, challenge, TW_APP_CHALLENGE);
	payload[TW_APP_CHALLENGE] = (char)verdict;
	tw_err e = tw_provider_verdict(device(), by->here, (struct tw_slice){ payload, sizeof payload }, &rule);
	return tw_failed(e) ? tw_code_name(e.code) : rule;
}

static void use(const char *target, const char *name, int want)
{
	char body[64];

	(void)snprintf(body, sizeof body, "{\"provider\":\"%s\"}", name);
	CHECK_INT(ask("PUT", target, body), want);
}

static int set_up(void **state)
{
	if (set_up_logins(state))
		return -1;
	connect_line(&reader);
	connect_line(&other);
	CHECK(!join(&reader, READER, "reader", false));
	use(HERS, "reader", 204);
	return 0;
}

static int end(void **state)
{
	hang_up(&reader);
	hang_up(&other);
	return tear_down(state);
}

static void log_in(void)
{
	CHECK_INT(login("alice", GOOD), 200);
	SAYS("\"needed\":[\"biometric\"]");
	CHECK(!strstr(tw_unit_body(w.unit), "\"token\""));
}

/* The step names it: the provider is asked, and nobody is answered yet. */
static void ask_reader(void)
{
	char account[TW_APP_ACCOUNT_MAX + 1];

	CHECK_INT(go_on("factor", "biometric"), 0);
	CHECK_INT(hears(&reader, account), TW_APP_ASKED);
	CHECK_TEXT(account, "a1");
}

static void late(void)
{
	CHECK_OK(tw_provider_job_late(&device()->context));
}

static int64_t due(void)
{
	return tw_provider_due_ms(&device()->context);
}

/* @nist LA.AS.2.1.3: a match goes on, and its session is one of two factors */
static void test_yes(void **state)
{
	log_in();
	ask_reader();
	CHECK_INT(due(), WAIT_MS);
	CHECK(!says(&reader, reader.challenge, TW_APP_YES));
	CHECK_INT(tw_unit_later(w.unit), 201);
	CHECK_INT(due(), -1);
	world_text(&w, "token", token, sizeof token);
	CHECK_INT(world_reads(&w, token), 200);
	CHECK(world_log_says(&w, "session of a1 alice by password+biometric"));
	CHECK(world_log_says(&w, "\"provider\":\"reader\",\"rule\":\"biometric\",\"verdict\":\"yes\""));
	CHECK_INT(ask("GET", "/api/v1/credentials", NULL), 200);
	SAYS("\"kind\":\"biometric\",\"label\":\"reader\"");
	set("logical-access.network-methods", "\"0\"", "two-factors", 200);
	CHECK_INT(world_reads(&w, token), 200);
}

/* It is asked also when the step says nothing, and a code is none of its. */
static void test_asked_by_itself(void **state)
{
	char account[TW_APP_ACCOUNT_MAX + 1];

	log_in();
	CHECK_INT(go_on("code", "123456"), 0);
	CHECK_INT(hears(&reader, account), TW_APP_ASKED);
	CHECK(!says(&reader, reader.challenge, TW_APP_NO));
	CHECK_INT(tw_unit_later(w.unit), 403);
	SAYS("access.biometric");
}

/* @nist LA.AS.2.1.3: no match is a failure: told, counted, and whoever goes on so waits */
static void test_no(void **state)
{
	for (int i = 0; i < 5; i++) {
		log_in();
		ask_reader();
		CHECK(!says(&reader, reader.challenge, TW_APP_NO));
		CHECK_INT(tw_unit_later(w.unit), 403);
		SAYS("\"access.biometric\"");
	}
	CHECK(world_log_says(&w, "\"verdict\":\"no\""));
	CHECK_INT(login("alice", GOOD), 429);
}

enum ends_by { ERROR, HANGS_UP, SILENCE, NONSENSE };

static void end_by(enum ends_by how)
{
	switch (how) {
	case ERROR:
		CHECK(!says(&reader, reader.challenge, TW_APP_CANNOT));
		break;
	case HANGS_UP:
		hang_up(&reader);
		connect_line(&reader);
		CHECK(!join(&reader, READER, "reader", false));
		break;
	case SILENCE:
		later(WAIT_MS);
		late();
		break;
	case NONSENSE:
		CHECK_TEXT(says(&reader, reader.challenge, TW_APP_VERDICTS), "SYNTAX");
		break;
	}
}

/* @nist LA.AS.2.1.3 LA.AS.2.1.6: an error, a crash, silence and nonsense let nobody in, by their names */
static void test_no_verdict(void **state)
{
	static const char *const rules[] = {
		[ERROR] = "provider.error", [HANGS_UP] = "provider.gone", [SILENCE] = "provider.late", [NONSENSE] = "provider.malformed"
	};
	char account[TW_APP_ACCOUNT_MAX + 1];

	for (int i = 0; i < 8; i++) {
		log_in();
		ask_reader();
		end_by((enum ends_by)(i % 4));
		CHECK_INT(tw_unit_later(w.unit), 503);
		SAYS(rules[i % 4]);
		CHECK(world_log_says(&w, rules[i % 4]));
		world_at(&w, WORLD_WALL, WORLD_BOOT);
		while (hears(&reader, account))
			;
	}
	CHECK(!world_log_says(&w, "\"verdict\":\"yes\""));
	log_in();
	ask_reader();
	CHECK(!says(&reader, reader.challenge, TW_APP_YES));
	CHECK_INT(tw_unit_later(w.unit), 201);
}

static void fail_by(enum ends_by how, int status)
{
	char account[TW_APP_ACCOUNT_MAX + 1];

	for (int i = 0; i < 5; i++) {
		log_in();
		ask_reader();
		end_by(how);
		CHECK_INT(tw_unit_later(w.unit), 503);
		world_at(&w, WORLD_WALL, WORLD_BOOT);
		while (hears(&reader, account))
			;
	}
	CHECK_INT(login("alice", GOOD), status);
	tw_unit_from(w.unit, "192.0.2.9");
	CHECK_INT(login("alice", GOOD), status);
}

/* @nist LA.AS.2.1.3: who keeps the reader asked until somebody answers it pays for it, by source and account */
static void test_silence_counts(void **state)
{
	fail_by(SILENCE, 429);
}

static void test_error_counts(void **state)
{
	fail_by(ERROR, 429);
}

/* The fault of what judges is not whose login it judges. */
static void test_crash_counts_not(void **state)
{
	fail_by(HANGS_UP, 200);
}

static void test_nonsense_counts_not(void **state)
{
	fail_by(NONSENSE, 200);
}

/* Two logins of alice's have come as far as the reader; it is asked for the first, whose answer is pending. */
static void contest(int status)
{
	log_in();
	ask_reader();
	tw_unit_from(w.unit, "192.0.2.9");
	log_in();
	CHECK_INT(go_on("factor", "biometric"), status);
}

/* @nist LA.AS.2.1.3: whose finger it is cannot be known, so it opens neither */
static void test_two_of_one_account(void **state)
{
	char account[TW_APP_ACCOUNT_MAX + 1];

	contest(503);
	SAYS("provider.contested");
	CHECK(world_log_says(&w, "\"provider\":\"reader\",\"rule\":\"provider.contested\",\"verdict\":\"none\""));
	CHECK_INT(hears(&reader, account), TW_APP_OVER);
	CHECK_TEXT(says(&reader, reader.challenge, TW_APP_YES), "provider.challenge");
	CHECK_INT(due(), 0);
	late();
	CHECK_INT(hears(&reader, account), 0); /* it was told already */
	CHECK_INT(tw_unit_later(w.unit), 503);
	SAYS("provider.contested");
	CHECK(!world_log_says(&w, "\"verdict\":\"yes\""));
	log_in();
	ask_reader();
	CHECK(!says(&reader, reader.challenge, TW_APP_YES));
	CHECK_INT(tw_unit_later(w.unit), 201);
}

/* Who shares an address with the other one, or is as known as he, comes as far as to end his question. */
static void test_two_of_one_source(void **state)
{
	log_in();
	ask_reader();
	log_in();
	CHECK_INT(go_on("factor", "biometric"), 503);
	SAYS("provider.contested");
	CHECK_TEXT(says(&reader, reader.challenge, TW_APP_YES), "provider.challenge");
	late();
	CHECK_INT(tw_unit_later(w.unit), 503);
	SAYS("provider.contested");
}

static void test_two_known_clients(void **state)
{
	char account[TW_APP_ACCOUNT_MAX + 1], first[sizeof client];

	for (int i = 0; i < 2; i++) {
		client[0] = '\0';
		log_in();
		ask_reader();
		CHECK(!says(&reader, reader.challenge, TW_APP_YES));
		CHECK_INT(tw_unit_later(w.unit), 201);
		world_text(&w, "client", client, sizeof client);
		if (i == 0)
			memcpy(first, client, sizeof first);
	}
	log_in();
	ask_reader();
	memcpy(client, first, sizeof client);
	log_in();
	CHECK_INT(go_on("factor", "biometric"), 503);
	SAYS("provider.contested");
	CHECK_INT(hears(&reader, account), TW_APP_OVER);
	late();
	CHECK_INT(tw_unit_later(w.unit), 503);
	SAYS("provider.contested");
}

/* What is computed of a passkey is nothing that a provider is asked: it ends nobody's question, and makes others wait. */
static void test_no_provider_but_a_passkey(void **state)
{
	static int nothing;
	struct tw_login_work *slot = &device()->access->works[0];

	CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" BETTER "\"}"), 204);
	use(PROVIDERS "/a2", "reader", 204);
	tw_unit_from(w.unit, "192.0.2.9");
	CHECK_INT(login("bob", BETTER), 200);
	*slot = (struct tw_login_work){
		.later = (void *)&nothing, .factor = tw_factor_of_how("password+passkey"), .account = 2, .who = { .source = "192.0.2.7" }
	};
	char his[sizeof handle];
	memcpy(his, handle, sizeof his);
	tw_unit_from(w.unit, "192.0.2.8");
	log_in();
	ask_reader();
	memcpy(handle, his, sizeof handle);
	CHECK_INT(go_on("factor", "biometric"), 503);
	SAYS("provider.busy");
	tw_unit_from(w.unit, "192.0.2.7");
	CHECK_INT(login("carol", GOOD), 429);
	*slot = (struct tw_login_work){ .later = NULL };
	CHECK(!says(&reader, reader.challenge, TW_APP_YES));
	CHECK_INT(tw_unit_later(w.unit), 201);
}

/* A known client waits for what is computed for another one of the account. */
static void test_a_password_meanwhile(void **state)
{
	static int nothing;
	struct tw_login_work *slot = &device()->access->works[TW_LOGIN_WORKS - 1];
	char account[TW_APP_ACCOUNT_MAX + 1];

	log_in();
	ask_reader();
	CHECK(!says(&reader, reader.challenge, TW_APP_YES));
	CHECK_INT(tw_unit_later(w.unit), 201);
	world_text(&w, "client", client, sizeof client);
	log_in();
	*slot = (struct tw_login_work){ .later = (void *)&nothing, .account = 1, .who = { .known = true, .source = "192.0.2.7" } };
	int status = go_on("factor", "biometric");
	*slot = (struct tw_login_work){ .later = NULL };
	CHECK_INT(status, 503);
	SAYS("access.one-at-a-time");
	CHECK_INT(hears(&reader, account), 0);
}

/* Sent twice it is the same login still, and no other's. */
static void test_one_login_twice(void **state)
{
	log_in();
	ask_reader();
	CHECK_INT(go_on("factor", "biometric"), 503);
	SAYS("provider.busy");
	CHECK(!says(&reader, reader.challenge, TW_APP_YES));
	CHECK_INT(tw_unit_later(w.unit), 201);
}

/* Both pay: three times two are more than five. */
static void test_contest_counts(void **state)
{
	char account[TW_APP_ACCOUNT_MAX + 1];

	for (int i = 0; i < 3; i++) {
		tw_unit_from(w.unit, "192.0.2.8");
		contest(503);
		late();
		while (hears(&reader, account))
			;
	}
	tw_unit_from(w.unit, "192.0.2.10");
	CHECK_INT(login("alice", GOOD), 429);
}

/* Who comes and goes too often keeps himself away, and nobody else; and nobody does it in another's name. */
static void test_coming_and_going(void **state)
{
	const char *rule = NULL;
	int times = 0;

	for (int i = 0; i < TW_BUDGET_AT_ONCE; i++)
		CHECK_TEXT(join(&other, KEYSWITCH, "badge", false), "provider.user");
	CHECK(!join(&other, BADGE, "badge", false));
	for (int i = 0; i < TW_BUDGET_AT_ONCE; i++)
		CHECK_TEXT(join(&other, BADGE, "badge", false), "provider.taken");
	for (; !rule && times < TW_BUDGET_AT_ONCE; times++) {
		tw_provider_leave(device(), other.here);
		rule = join(&other, BADGE, "badge", false);
	}
	CHECK_TEXT(rule, "provider.budget");
	CHECK_INT(times, TW_BUDGET_AT_ONCE / 2);
	tw_provider_leave(device(), reader.here);
	CHECK(!join(&reader, READER, "reader", false));
}

/* What a provider is asked computes nothing: who comes from the same place meanwhile is looked at, and so is whoever is known to the same account. */
static void test_asked_keeps_nobody_away(void **state)
{
	log_in();
	ask_reader();
	CHECK_INT(login("bob", GOOD), 403); /* as if nothing else went on */
	SAYS("access.login");
}

/* An owner whom nobody real judges has to have another way in. */
static void test_owner_keeps_a_way(void **state)
{
	static const char *const factors[] = {
		"INSERT INTO credential (account, kind, label, data, made_ms) VALUES (2, 'totp', 'another', '0 AA', 0)",
		"INSERT INTO credential (account, kind, label, data, made_ms) VALUES (2, 'message', 'another', '+49 30 12345', 0)",
	};

	CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" BETTER "\"}"), 204);
	use(PROVIDERS "/a2", "badge", 204);
	CHECK_INT(ask("DELETE", PROVIDERS "/a2", NULL), 204);
	CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"owner\"}"), 201);
	use(PROVIDERS "/a2", "badge", 409);
	SAYS("provider.owner");
	SAYS("not connected");
	CHECK(!join(&other, BADGE, "badge", true));
	use(PROVIDERS "/a2", "badge", 409);
	SAYS("simulated");
	for (size_t i = 0; i < TW_COUNT(factors); i++) {
		CHECK_OK(tw_store_run(device()->context.store, factors[i], NULL, 0, NULL, NULL));
		use(PROVIDERS "/a2", "badge", 204); /* another second factor is a way in as well */
		CHECK_INT(ask("DELETE", PROVIDERS "/a2", NULL), 204);
		CHECK_OK(tw_store_run(device()->context.store, "DELETE FROM credential WHERE label = 'another'", NULL, 0, NULL, NULL));
		use(PROVIDERS "/a2", "badge", 409);
	}
	use(HERS, "badge", 204); /* she has a certificate */
	use(PROVIDERS "/a2", "reader", 204);
}

/* The time is what the setting says, no sooner; the provider is told that nobody waits, and its verdict then is none. */
static void test_late(void **state)
{
	char account[TW_APP_ACCOUNT_MAX + 1];
	uint8_t old[TW_APP_CHALLENGE];

	set("logical-access.provider-timeout", "\"0\"", "3", 200);
	log_in();
	ask_reader();
	memcpy(old, reader.challenge, sizeof old);
	CHECK_INT(due(), 3000);
	later(2999);
	late();
	CHECK_INT(due(), 1);
	CHECK_INT(tw_unit_later(w.unit), 0);
	later(3000);
	CHECK_INT(due(), 0);
	late();
	CHECK_INT(tw_unit_later(w.unit), 503);
	CHECK_INT(hears(&reader, account), TW_APP_OVER);
	CHECK_BYTES(reader.challenge, old, sizeof old);
	CHECK_TEXT(says(&reader, old, TW_APP_YES), "provider.challenge");
	CHECK_INT(tw_unit_later(w.unit), 503);
	log_in();
	ask_reader();
	CHECK(memcmp(reader.challenge, old, sizeof old) != 0);
	CHECK_TEXT(says(&reader, old, TW_APP_YES), "provider.challenge"); /* the old one is not this one's */
	CHECK_INT(tw_unit_later(w.unit), 0);
	CHECK(!says(&reader, reader.challenge, TW_APP_NO));
	CHECK_INT(tw_unit_later(w.unit), 403);
	CHECK_TEXT(says(&reader, reader.challenge, TW_APP_YES), "provider.challenge"); /* once */
}

/* Each answers what it was asked itself. */
static void test_foreign_challenge(void **state)
{
	log_in();
	ask_reader();
	CHECK_TEXT(says(&other, reader.challenge, TW_APP_YES), "provider.challenge"); /* nobody yet */
	CHECK(!join(&other, KEYSWITCH, "keyswitch", false));
	CHECK_TEXT(says(&other, reader.challenge, TW_APP_YES), "provider.challenge");
	CHECK_INT(tw_unit_later(w.unit), 0);
	CHECK_TEXT(says(&other, reader.challenge, TW_APP_VERDICTS), "SYNTAX"); /* nonsense ends what its own are asked */
	CHECK_INT(tw_unit_later(w.unit), 0);
	tw_provider_leave(device(), other.here);
	CHECK_INT(tw_unit_later(w.unit), 0);
	CHECK(!says(&reader, reader.challenge, TW_APP_YES));
	CHECK_INT(tw_unit_later(w.unit), 201);
}

/* @nist LA.AS.2.1.6: who it is, the kernel says; each is there once */
static void test_who_may_be_it(void **state)
{
	static const struct {
		uid_t uid;
		const char *name, *rule;
	} rows[] = { { KEYSWITCH, "nothing", "provider.unknown" }, { KEYSWITCH, "keyswitc", "provider.unknown" },
		{ READER, "keyswitch", "provider.user" }, { 0, "keyswitch", "provider.user" }, { READER, "reader", "provider.taken" } };

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		CHECK_TEXT(join(&other, rows[i].uid, rows[i].name, false), rows[i].rule);
	CHECK(tw_provider_of_user(device(), READER) && tw_provider_of_user(device(), BADGE) && !tw_provider_of_user(device(), 0) &&
		!tw_provider_of_user(device(), 64023));
	CHECK(!join(&other, KEYSWITCH, "keyswitch", true));
	CHECK(world_log_says(&w, "\"name\":\"keyswitch\",\"simulated\":true"));
	CHECK_INT(ask("GET", PROVIDERS, NULL), 200);
	SAYS("{\"connected\":true,\"help\":\"Reads fingers.\",\"kind\":\"biometric\",\"provider\":\"reader\",\"simulated\":false}");
	SAYS("{\"connected\":true,\"help\":\"The key switch beside the door.\",\"kind\":\"auth-plugin\",\"provider\":\"keyswitch\",\"simulated\":true}");
	SAYS("{\"connected\":false,\"help\":\"Reads badges.\",\"kind\":\"auth-plugin\",\"provider\":\"badge\",\"simulated\":false}");
	tw_provider_leave(device(), other.here);
	CHECK(world_log_says(&w, "provider.gone"));
	CHECK_INT(ask("GET", PROVIDERS, NULL), 200);
	SAYS("\"provider\":\"keyswitch\",\"simulated\":false}");
	CHECK(!join(&other, KEYSWITCH, "keyswitch", false));
	const char *rule = NULL;
	CHECK_ERR(tw_provider_join(device(), other.here, KEYSWITCH, TW_SLICE("\2\0\1x"), &rule), SYNTAX);
}

/* A login waits for nobody who is not there, and the password does not become enough. */
static void test_not_there(void **state)
{
	hang_up(&reader);
	log_in();
	CHECK_INT(go_on("factor", "biometric"), 503);
	SAYS("provider.gone");
	connect_line(&reader);
	CHECK(!join(&reader, READER, "reader", false));
	reader.there = tw_channel_free(reader.there); /* it died, and the door has not seen it yet */
	CHECK_INT(go_on("factor", "biometric"), 503);
	SAYS("provider.gone");
	CHECK_INT(due(), -1);
}

static void test_busy(void **state)
{
	char first[sizeof handle];

	CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" BETTER "\"}"), 204);
	use(PROVIDERS "/a2", "reader", 204);
	log_in();
	memcpy(first, handle, sizeof first);
	ask_reader();
	tw_unit_from(w.unit, "192.0.2.9");
	CHECK_INT(login("bob", BETTER), 200);
	CHECK_INT(go_on("factor", "biometric"), 503);
	SAYS("provider.busy");
	CHECK(!says(&reader, reader.challenge, TW_APP_NO));
	CHECK_INT(go_on("factor", "biometric"), 0);
	(void)hears(&reader, first);
	CHECK_TEXT(first, "a2");
	CHECK(!says(&reader, reader.challenge, TW_APP_YES));
	CHECK_INT(tw_unit_later(w.unit), 200);
	SAYS("\"needed\":[\"new-password\"]");
	SAYS(handle);
	CHECK_INT(go_on("new_password", GOOD), 201);
	CHECK(world_log_says(&w, "by password+biometric"));
}

/* What is taken away while it is asked opens nothing. */
static void test_taken_away_meanwhile(void **state)
{
	log_in();
	ask_reader();
	CHECK_INT(tw_unit_request(w.unit, "DELETE", HERS, NULL, NULL), 204);
	CHECK(!says(&reader, reader.challenge, TW_APP_YES));
	CHECK_INT(tw_unit_later(w.unit), 503);
	SAYS("provider.gone");
	CHECK(!world_log_says(&w, "\"verdict\":\"yes\""));
	use(HERS, "reader", 204);
	log_in();
	ask_reader();
	device()->access->steps[0].expires_ms = 0;
	device()->access->steps[1].expires_ms = 0;
	CHECK(!says(&reader, reader.challenge, TW_APP_YES));
	CHECK_INT(tw_unit_later(w.unit), 403);
	SAYS("access.login-step");
	log_in();
	ask_reader();
	device()->access->steps[0].began.tag[0] ^= 1;
	device()->access->steps[1].began.tag[0] ^= 1;
	CHECK(!says(&reader, reader.challenge, TW_APP_YES));
	CHECK_INT(tw_unit_later(w.unit), 403);
	SAYS("access.login-step");
}

/* A provider that the product has no more, or that is of another kind, judges nothing. */
static void test_not_declared(void **state)
{
	struct tw_manifest changed = *device()->manifest;
	const struct tw_manifest *own = device()->manifest;
	struct tw_manifest_provider row = own->providers[0];

	log_in();
	changed.providers = &row;
	changed.provider_count = 1;
	device()->manifest = &changed;
	row.kind = TW_MANIFEST_AUTH_PLUGIN;
	CHECK_INT(go_on("factor", "biometric"), 503);
	SAYS("provider.gone");
	row.kind = TW_MANIFEST_BIOMETRIC;
	row.name = "another";
	CHECK_INT(go_on("factor", "biometric"), 503);
	SAYS("provider.gone");
	device()->manifest = own;
}

/* @nist LA.AS.2.1.6: a method of the manufacturer's, one beside another factor; its name is one's that conditions know */
static void test_plugin(void **state)
{
	char account[TW_APP_ACCOUNT_MAX + 1];

	use(HERS, "badge", 204);
	use(HERS, "keyswitch", 204); /* one of a kind */
	CHECK(!join(&other, KEYSWITCH, "keyswitch", false));
	CHECK_INT(login("alice", GOOD), 200);
	SAYS("\"needed\":[\"biometric\",\"auth-plugin\"]");
	CHECK_INT(go_on("factor", "auth-plugin"), 0);
	CHECK_INT(hears(&reader, account), 0);
	CHECK_INT(hears(&other, account), TW_APP_ASKED);
	CHECK(!says(&other, other.challenge, TW_APP_YES));
	CHECK_INT(tw_unit_later(w.unit), 201);
	CHECK(world_log_says(&w, "by password+auth-plugin"));
	CHECK_INT(ask("GET", "/api/v1/credentials", NULL), 200);
	CHECK(!strstr(tw_unit_body(w.unit), "badge"));
	CHECK_INT(ask("DELETE", HERS, NULL), 204);
	CHECK_INT(login("alice", GOOD), 201);
	CHECK_TEXT(tw_factor_of_how("password+biometric")->name, "biometric");
	CHECK_INT(tw_factor_of_how("password+biometric")->method, TW_METHOD_BIOMETRIC);
	CHECK_INT(tw_factor_of_how("password+auth-plugin")->method, TW_METHOD_PROVIDER);
}

/* Who may say it: nobody for an account that may do more than he. */
static void test_who_says_it(void **state)
{
	char admin[64];

	use(HERS, "nothing", 400);
	SAYS("provider.unknown");
	struct tw_manifest changed = *device()->manifest;
	const struct tw_manifest *own = device()->manifest;
	changed.providers++; /* what lies before the first is none of them */
	changed.provider_count--;
	device()->manifest = &changed;
	use(HERS, "nothing", 400);
	use(HERS, "reader", 400);
	device()->manifest = own;
	use(PROVIDERS "/a9", "reader", 404);
	CHECK_INT(ask("DELETE", PROVIDERS "/a9", NULL), 404);
	CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"admin\"}"), 201);
	CHECK_INT(open_for("a2", admin), 201);
	CHECK_INT(ask_as(admin, "PUT", HERS, "{\"provider\":\"badge\"}"), 403);
	SAYS("account.owner");
	CHECK_INT(ask_as(admin, "DELETE", HERS, NULL), 403);
	SAYS("account.owner");
	CHECK_INT(ask("POST", "/api/v1/accounts", "{\"name\":\"kim\",\"kind\":\"person\"}"), 201);
	CHECK_INT(ask_as(admin, "PUT", PROVIDERS "/a3", "{\"provider\":\"badge\"}"), 204);
	CHECK_INT(ask_as(admin, "DELETE", PROVIDERS "/a3", NULL), 204);
	CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a3\",\"role\":\"auditor\"}"), 201);
	CHECK_INT(ask_as(admin, "PUT", PROVIDERS "/a3", "{\"provider\":\"badge\"}"), 403);
	SAYS("account.cover");
	CHECK_INT(ask_as(admin, "DELETE", PROVIDERS "/a3", NULL), 403);
	SAYS("account.cover");
	log_in();
	CHECK_INT(ask_as(admin, "GET", PROVIDERS, NULL), 200);
	CHECK_INT(ask_as(NULL, "GET", PROVIDERS, NULL), 401);
}

/* What the statuses say is what is so. */
static void test_statuses(void **state)
{
	struct tw_element_status s = { .status = TW_STATUS_OFF };
	struct tw_context *c = &device()->context;

	CHECK_OK(tw_access_status_biometric(c, &s));
	CHECK(s.status == TW_STATUS_PROVIDED && strstr(s.reason, "reader, judges"));
	CHECK_OK(tw_access_status_plugin(c, &s));
	CHECK(s.status == TW_STATUS_NEEDS_PART && strstr(s.reason, "keyswitch, is not connected"));
	CHECK(!join(&other, BADGE, "badge", true));
	CHECK_OK(tw_access_status_plugin(c, &s));
	CHECK(s.status == TW_STATUS_NEEDS_PART && strstr(s.reason, "badge, is simulated"));
	hang_up(&reader);
	connect_line(&reader);
	CHECK(!join(&reader, KEYSWITCH, "keyswitch", false));
	CHECK_OK(tw_access_status_plugin(c, &s));
	CHECK(s.status == TW_STATUS_PROVIDED && strstr(s.reason, "keyswitch, judges"));
	CHECK_OK(tw_access_status_biometric(c, &s));
	CHECK(s.status == TW_STATUS_NEEDS_PART && strstr(s.reason, "reader, is not connected"));
	struct tw_manifest none = *device()->manifest;
	const struct tw_manifest *own = device()->manifest;
	none.provider_count = 0;
	device()->manifest = &none;
	CHECK_OK(tw_access_status_biometric(c, &s));
	CHECK(s.status == TW_STATUS_NEEDS_PART && strstr(s.reason, "declares no"));
	device()->manifest = own;
	set("logical-access.network-methods", "\"0\"", "certificate", 200);
	CHECK_OK(tw_access_status_plugin(c, &s));
	CHECK(s.status == TW_STATUS_OFF);
}

/* A device that ends waits for nobody, and says so. */
static void test_device_ends(void **state)
{
	char account[TW_APP_ACCOUNT_MAX + 1];

	log_in();
	ask_reader();
	tw_login_stop(device());
	CHECK_INT(due(), -1);
	CHECK_INT(hears(&reader, account), TW_APP_OVER);
	log_in();
	ask_reader();
	tw_provider_stop(device());
	CHECK_INT(due(), -1);
	tw_provider_leave(device(), reader.here);
	CHECK_INT(tw_unit_later(w.unit), 0);
	tw_login_stop(device());
}

/* --- Without memory --- */

static int do_set(const void *what)
{
	return ask("PUT", HERS, "{\"provider\":\"reader\"}");
}

static int do_list(const void *what)
{
	return ask("GET", PROVIDERS, NULL);
}

static int do_ask(const void *what)
{
	char account[TW_APP_ACCOUNT_MAX + 1];
	int status = go_on("factor", "biometric");

	if (status == 0 && !tw_provider_busy(device(), 0))
		return tw_unit_later(w.unit); /* what came of the one before */
	while (hears(&reader, account))
		;
	if (status == 0)
		(void)says(&reader, reader.challenge, TW_APP_CANNOT);
	return status == 0 ? tw_unit_later(w.unit) : status;
}

static int do_yes(const void *what)
{
	(void)says(&reader, reader.challenge, TW_APP_YES);
	return tw_unit_later(w.unit);
}

/* @nist LA.AS.2.1.3: a yes that cannot be told lets nobody in */
static void test_a_yes_without_memory(void **state)
{
	set("logical-access.throttle", "\"0\"", "off", 200);
	for (long nth = 1; nth == 1 || memory.fired; nth++) {
		log_in();
		ask_reader();
		int status = ask_without(do_yes, NULL, nth);
		CHECK_INT(status, memory.fired ? 503 : 201);
	}
	CHECK(world_log_says(&w, "\"verdict\":\"yes\""));
}

static void test_without_memory(void **state)
{
	static int (*const asks[])(const void *) = { do_set, do_list, do_ask };
	static const int want[] = { 204, 200, 503 };

	set("logical-access.throttle", "\"0\"", "off", 200);
	log_in();
	for (size_t i = 0; i < TW_COUNT(asks); i++) {
		for (long nth = 1; nth == 1 || memory.fired; nth++) {
			int status = ask_without(asks[i], NULL, nth);

			if (status != want[i] && status < 500)
				fail_msg("row %zu, block %ld: %d %s", i, nth, status, tw_unit_body(w.unit));
			CHECK_INT(due(), -1);
		}
		CHECK_INT(asks[i](NULL), want[i]);
	}
	SAYS("provider.error");
}

#define PROVIDER(f) cmocka_unit_test_setup_teardown(f, set_up, end)
CHECK_MAIN(PROVIDER(test_yes), PROVIDER(test_asked_by_itself), PROVIDER(test_no), PROVIDER(test_no_verdict),
	PROVIDER(test_silence_counts), PROVIDER(test_error_counts), PROVIDER(test_crash_counts_not),
	PROVIDER(test_nonsense_counts_not), PROVIDER(test_two_of_one_account), PROVIDER(test_two_of_one_source),
	PROVIDER(test_two_known_clients), PROVIDER(test_no_provider_but_a_passkey), PROVIDER(test_a_password_meanwhile),
	PROVIDER(test_one_login_twice), PROVIDER(test_contest_counts), PROVIDER(test_coming_and_going),
	PROVIDER(test_asked_keeps_nobody_away), PROVIDER(test_owner_keeps_a_way), PROVIDER(test_late),
	PROVIDER(test_foreign_challenge), PROVIDER(test_who_may_be_it), PROVIDER(test_not_there), PROVIDER(test_busy),
	PROVIDER(test_taken_away_meanwhile), PROVIDER(test_not_declared), PROVIDER(test_plugin), PROVIDER(test_who_says_it),
	PROVIDER(test_statuses), PROVIDER(test_device_ends), PROVIDER(test_a_yes_without_memory), PROVIDER(test_without_memory))
