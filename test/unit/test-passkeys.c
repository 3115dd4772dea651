/* SPDX-License-Identifier: Apache-2.0 */
/* A token that this test plays enrols and logs in; whatever is replayed, foreign, or of another page, login or account opens nothing. */
#include "lacking.h"
#include "logins.h"
#include "played-passkey.h"
#include "token.h"

#include "base/text.h"
#include "device/logical-access/passkey.h"
#include "device/rows-logical-access.h"

#define SITE "pump.example"
#define ELSEWHERE "x." SITE
#define HOST SITE ":8443"
#define ORIGIN "https://" HOST
#define KEYS "/api/v1/passkeys"
#define CHALLENGES "/api/v1/passkey-challenges"

static struct token mine, others;

static int answered(int status)
{
	status = settle(status);
	while (passkey_step())
		;
	return status ? status : tw_unit_later(w.unit);
}

static int set_up(void **state)
{
	const struct tw_dns_names names = { .count = 2, .of = { SITE, "other.example" } };

	if (set_up_logins(state))
		return -1;
	memset(&passkey_is, 0, sizeof passkey_is);
	tw_device_named(device(), NULL, &names);
	tw_unit_under(w.unit, HOST);
	token_make(&mine, false, 'm');
	token_make(&others, false, 'o');
	return 0;
}

static int end(void **state)
{
	token_done(&mine);
	token_done(&others);
	return tear_down(state);
}

/* --- What a browser makes of it --- */

struct page {
	const char *type, *origin;
	char challenge[64];
	char more[64];
};

static void encode(const void *data, size_t size, char *ret, size_t max)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), max - 1);
	CHECK_OK(tw_buf_base64url(&b, data, size));
	(void)snprintf(ret, max, "%s", tw_buf_cstr(&b));
}

static char client_text[600], client_64[900], data_64[1700], signature_64[200], body[4000];

static void client_data(const struct page *p, uint8_t ret_hash[32])
{
	(void)snprintf(client_text, sizeof client_text, "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\"%s}", p->type,
		p->challenge, p->origin, p->more);
	CHECK_OK(tw_sha256(client_text, strlen(client_text), ret_hash));
	encode(client_text, strlen(client_text), client_64, sizeof client_64);
}

static struct page page_of(const char *type)
{
	struct page p = { .type = type, .origin = ORIGIN };

	world_text(&w, "challenge", p.challenge, sizeof p.challenge);
	return p;
}

/* The challenge of a login stands one object further in. */
static struct page page_of_login(void)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	struct page p = { .type = "webauthn.get", .origin = ORIGIN };

	CHECK_OK(tw_json_parse(tw_slice_of(tw_unit_body(w.unit)), 65536, &j));
	(void)snprintf(p.challenge, sizeof p.challenge, "%s", tw_json_text(tw_json_get(j, "passkey"), "challenge"));
	return p;
}

/* --- Enrolling --- */

/* What goes to the device for a new one. */
static void make(const struct token *t, const struct page *p, const char *site, uint8_t flags, uint32_t counter)
{
	struct token_bytes data;
	uint8_t hash[32];

	client_data(p, hash);
	token_made(t, site, flags, counter, &data);
	encode(data.at, data.size, data_64, sizeof data_64);
	(void)snprintf(body, sizeof body, "{\"label\":\"a key\",\"client_data\":\"%s\",\"authenticator_data\":\"%s\"}", client_64, data_64);
}

static int add(const struct token *t, const struct page *p, const char *site, uint8_t flags)
{
	make(t, p, site, flags, 5);
	return answered(tw_unit_request(w.unit, "POST", KEYS, NULL, body));
}

static struct page begin_enrolling(void)
{
	CHECK_INT(tw_unit_request(w.unit, "POST", CHALLENGES, NULL, NULL), 201);
	SAYS("\"site\":\"" SITE "\"");
	return page_of("webauthn.create");
}

static void enrol_token(const struct token *t)
{
	struct page p = begin_enrolling();

	CHECK_INT(add(t, &p, SITE, TOKEN_PRESENT | TOKEN_MADE), 201);
}

static void store(const char *statement)
{
	CHECK_OK(tw_store_run(device()->context.store, statement, NULL, 0, NULL, NULL));
}

static void test_enrolled_listed_and_removed(void **state)
{
	char id[16];

	CHECK_INT(ask("GET", KEYS, NULL), 200);
	SAYS("[]");
	enrol_token(&mine);
	world_text(&w, "credential", id, sizeof id);
	CHECK_INT(ask("GET", KEYS, NULL), 200);
	SAYS("\"label\":\"a key\"");
	SAYS("\"site\":\"" SITE "\"");
	CHECK_INT(ask("GET", "/api/v1/credentials", NULL), 200);
	SAYS("\"kind\":\"passkey\"");
	CHECK(world_log_says(&w, "enrolled the passkey a key"));
	(void)snprintf(body, sizeof body, KEYS "/x%s", id + 1);
	CHECK_INT(ask("DELETE", body, NULL), 404);
	(void)snprintf(body, sizeof body, KEYS "/%s", id);
	CHECK_INT(ask("DELETE", body, NULL), 204);
	CHECK_INT(ask("DELETE", body, NULL), 404);
	CHECK_INT(ask("DELETE", KEYS "/x1", NULL), 404);
	CHECK_INT(ask("DELETE", KEYS "/c1", NULL), 404); /* the certificate */
	CHECK_INT(ask("GET", KEYS, NULL), 200);
	SAYS("[]");
	CHECK_INT(login("alice", GOOD), 201); /* and nothing more is asked for */
}

static void test_enrols_for_this_page_and_challenge_alone(void **state)
{
	static const struct {
		const char *type, *origin, *site, *more;
		uint8_t flags;
	} rows[] = {
		{ "webauthn.get", ORIGIN, SITE, "", TOKEN_PRESENT | TOKEN_MADE },
		{ "webauthn.create", "https://" SITE, SITE, "", TOKEN_PRESENT | TOKEN_MADE },
		{ "webauthn.create", "https://other.example:8443", SITE, "", TOKEN_PRESENT | TOKEN_MADE },
		{ "webauthn.create", "", SITE, "", TOKEN_PRESENT | TOKEN_MADE },
		{ "webauthn.create", ORIGIN, "other.example", "", TOKEN_PRESENT | TOKEN_MADE },
		{ "webauthn.create", ORIGIN, SITE, ",\"crossOrigin\":true", TOKEN_PRESENT | TOKEN_MADE },
		{ "webauthn.create", ORIGIN, SITE, "", TOKEN_MADE },
		{ "webauthn.create", ORIGIN, SITE, "", TOKEN_PRESENT },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		int64_t boot = WORLD_BOOT + (int64_t)(i + 1) * 60 * MINUTE; /* an hour: nobody waits for the one before */

		world_at(&w, WORLD_WALL, boot);
		struct page p = begin_enrolling();
		p.type = rows[i].type;
		p.origin = rows[i].origin;
		(void)snprintf(p.more, sizeof p.more, "%s", rows[i].more);
		if (add(&mine, &p, rows[i].site, rows[i].flags) != 403 || !strstr(tw_unit_body(w.unit), "access.passkey"))
			fail_msg("row %zu: %s", i, tw_unit_body(w.unit));
		p = (struct page){ .type = "webauthn.create", .origin = ORIGIN };
		CHECK_INT(add(&mine, &p, SITE, TOKEN_PRESENT | TOKEN_MADE), 409); /* the challenge is used up */
		SAYS("passkey.none");
	}
	CHECK_INT(ask("GET", KEYS, NULL), 200);
	SAYS("[]");
}

static void test_enrols_in_time_and_once(void **state)
{
	struct page p = begin_enrolling(), first = p;

	later(TW_PASSKEY_MS);
	CHECK_INT(add(&mine, &p, SITE, TOKEN_PRESENT | TOKEN_MADE), 409);
	p = begin_enrolling();
	CHECK_INT(add(&mine, &first, SITE, TOKEN_PRESENT | TOKEN_MADE), 403); /* of the one before */
	enrol_token(&mine);
	p = begin_enrolling();
	SAYS("\"credentials\":[\"bW1tbW1t"); /* so that a browser makes none twice */
	CHECK_INT(add(&mine, &p, SITE, TOKEN_PRESENT | TOKEN_MADE), 409);
	SAYS("passkey.exists");
	p = begin_enrolling();
	tw_unit_under(w.unit, "other.example:8443");
	p.origin = "https://other.example:8443";
	CHECK_INT(add(&others, &p, "other.example", TOKEN_PRESENT | TOKEN_MADE), 403); /* begun under another name */
	tw_unit_under(w.unit, HOST);
	p = begin_enrolling();
	tw_unit_under(w.unit, "other.example:8443");
	p.origin = "https://other.example:8443";
	CHECK_INT(add(&others, &p, SITE, TOKEN_PRESENT | TOKEN_MADE), 403); /* though made for that one */
}

/* What cannot be read is a failure of whoever sent it, and no fault of the device's. */
static void test_enrols_nothing_of_no_form(void **state)
{
	char longer[1401];

	for (int i = 0; i < 2; i++) {
		world_at(&w, WORLD_WALL, WORLD_BOOT + (i + 1) * 60 * MINUTE);
		memset(longer, 'A', sizeof longer - 1);
		longer[i == 0 ? 1 : sizeof longer - 1] = '\0'; /* one character, which is no base64url, and 1050 bytes */
		(void)begin_enrolling();
		(void)snprintf(body, sizeof body, "{\"label\":\"a key\",\"client_data\":\"%s\",\"authenticator_data\":\"AA\"}", longer);
		CHECK_INT(answered(tw_unit_request(w.unit, "POST", KEYS, NULL, body)), 403);
		SAYS("access.passkey");
	}
	CHECK_INT(passkey_is.asked, 0);
}

/* --- Enrolling beside somebody, or while something is taken away --- */

static const struct tw_unit_way by_key = { .has_key = true, .key = { 7 } };

/* bob's requests from here on are by a certificate of his: nothing more is asked of him. */
static void be_bob(void)
{
	int64_t id = 0;

	CHECK_OK(tw_credential_put(device(), &(struct tw_new_credential){ 2, "bob's", by_key.key, NULL }, &id));
	tw_unit_by(w.unit, &by_key);
}

static int as_bob(const char *method, const char *target, const char *what)
{
	return tw_unit_request_as(w.unit, NULL, method, target, what);
}

static void test_an_offer_is_of_one_account(void **state)
{
	be_bob();
	CHECK_INT(as_bob("POST", CHALLENGES, NULL), 201);
	struct page p = page_of("webauthn.create");
	CHECK_INT(add(&mine, &p, SITE, TOKEN_PRESENT | TOKEN_MADE), 409); /* alice's */
	SAYS("passkey.none");
	make(&others, &p, SITE, TOKEN_PRESENT | TOKEN_MADE, 5);
	CHECK_INT(answered(as_bob("POST", KEYS, body)), 201);
	CHECK_INT(as_bob("GET", KEYS, NULL), 200);
	SAYS("a key");
	CHECK_INT(ask("GET", KEYS, NULL), 200);
	SAYS("[]");
}

static void test_nobody_removes_anothers(void **state)
{
	char id[16], target[64];

	enrol_token(&mine);
	world_text(&w, "credential", id, sizeof id);
	(void)snprintf(target, sizeof target, KEYS "/%s", id);
	be_bob();
	CHECK_INT(as_bob("DELETE", target, NULL), 404);
	SAYS("passkey.unknown");
	CHECK_INT(ask("GET", KEYS, NULL), 200);
	SAYS("a key");
	CHECK_INT(ask("DELETE", target, NULL), 204);
}

/* Who is suspended while the role is asked enrols nothing. */
static void test_suspended_meanwhile(void **state)
{
	be_bob();
	CHECK_INT(as_bob("POST", CHALLENGES, NULL), 201);
	struct page p = page_of("webauthn.create");
	make(&others, &p, SITE, TOKEN_PRESENT | TOKEN_MADE, 5);
	CHECK_INT(as_bob("POST", KEYS, body), 0);
	store("UPDATE account SET state = 'suspended' WHERE id = 2");
	CHECK(passkey_step());
	CHECK_INT(tw_unit_later(w.unit), 403);
	SAYS("gate.permission");
	store("UPDATE account SET state = 'active' WHERE id = 2");
	CHECK_INT(as_bob("GET", KEYS, NULL), 200);
	SAYS("[]");
}

/* What fills the account while the role is asked is what is told, whatever else there is to say. */
static void test_full_meanwhile(void **state)
{
	enrol_token(&mine);
	struct page p = begin_enrolling();
	make(&mine, &p, SITE, TOKEN_PRESENT | TOKEN_MADE, 5);
	CHECK_INT(tw_unit_request(w.unit, "POST", KEYS, NULL, body), 0);
	for (int i = 1; i < TW_PASSKEYS_OWN; i++)
		store("INSERT INTO credential (account, kind, label, data, made_ms) "
		      "SELECT account, kind, label, data, made_ms FROM credential WHERE kind = 'passkey' LIMIT 1");
	CHECK(passkey_step());
	CHECK_INT(tw_unit_later(w.unit), 409);
	SAYS("passkey.limit");
}

static void test_one_at_a_time(void **state)
{
	struct page p = begin_enrolling();

	make(&mine, &p, SITE, TOKEN_PRESENT | TOKEN_MADE, 5);
	CHECK_INT(tw_unit_request(w.unit, "POST", KEYS, NULL, body), 0);
	p = begin_enrolling();
	make(&others, &p, SITE, TOKEN_PRESENT | TOKEN_MADE, 5);
	CHECK_INT(tw_unit_request(w.unit, "POST", KEYS, NULL, body), 503);
	SAYS("access.one-at-a-time");
	CHECK(passkey_step());
	CHECK_INT(tw_unit_later(w.unit), 201);
}

/* Whose account is none for this is told so, whatever else there were to tell; as when a role comes between. */
static void test_whose_account_is_none_for_it(void **state)
{
	static const struct {
		tw_err (*handler)(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
		const char *account, *parameter, *rule;
	} rows[] = {
		{ tw_access_passkey_begin, "a1", "", "account.owner" },    /* who would have to wait, */
		{ tw_access_passkey_begin, "a3", "", "shared.own-proof" }, /* and comes under no name */
		{ tw_access_passkey_add, "a3", "", "shared.own-proof" },
		{ tw_access_passkeys, "a1", "", "account.owner" },
		{ tw_access_passkey_remove, "a1", "x1", "account.owner" },
	};
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s}", "label", "a key");

	CHECK_INT(ask("POST", "/api/v1/accounts", "{\"name\":\"night\",\"kind\":\"shared\"}"), 201);
	for (int i = 0; i < 5; i++) {
		struct page p = begin_enrolling();
		p.origin = "https://evil.example";
		CHECK_INT(add(&mine, &p, SITE, TOKEN_PRESENT | TOKEN_MADE), 403);
	}
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_request rq = { .subject = { .kind = TW_SUBJECT_ACCOUNT }, .parameter = tw_slice_of(rows[i].parameter), .input = input };
		struct tw_reply rp = { .status = 200 };

		(void)snprintf(rq.subject.account, sizeof rq.subject.account, "%s", rows[i].account);
		CHECK_OK(rows[i].handler(&device()->context, &rq, &rp));
		CHECK_TEXT(rp.rule, rows[i].rule);
		CHECK(!rp.body);
		tw_reply_done(&rp);
	}
}

static int do_begin(const void *what)
{
	return tw_unit_request(w.unit, "POST", CHALLENGES, NULL, NULL);
}

static void test_begins_without_memory(void **state)
{
	for (long nth = 1; nth == 1 || memory.fired; nth++) {
		int status = ask_without(do_begin, NULL, nth);

		if (status < 500 && (status != 201 || !strstr(tw_unit_body(w.unit), "challenge")))
			fail_msg("block %ld: %d %s", nth, status, tw_unit_body(w.unit));
	}
	CHECK_INT(do_begin(NULL), 201);
}

static void test_enrols_so_many(void **state)
{
	for (uint8_t i = 0; i < TW_PASSKEYS_OWN; i++) {
		token_done(&others);
		token_make(&others, i % 2, i);
		enrol_token(&others);
	}
	CHECK_INT(tw_unit_request(w.unit, "POST", CHALLENGES, NULL, NULL), 409);
	SAYS("passkey.limit");
}

static void test_guessing_waits(void **state)
{
	for (int i = 0; i < 5; i++) {
		struct page p = begin_enrolling();
		p.origin = "https://evil.example";
		CHECK_INT(add(&mine, &p, SITE, TOKEN_PRESENT | TOKEN_MADE), 403);
	}
	CHECK_INT(tw_unit_request(w.unit, "POST", CHALLENGES, NULL, NULL), 429);
	struct page p = { .type = "webauthn.create", .origin = ORIGIN };
	CHECK_INT(add(&mine, &p, SITE, TOKEN_PRESENT | TOKEN_MADE), 429);
	tw_unit_under(w.unit, "[::1]");
	CHECK_INT(tw_unit_request(w.unit, "POST", CHALLENGES, NULL, NULL), 429); /* whatever else is wrong */
}

static void test_only_under_a_name(void **state)
{
	static const char *const hosts[] = { "[::1]", "[::1]:8443", "192.0.2.7", "localhost", "evil.example", ELSEWHERE };
	const struct tw_dns_names none = { .count = 0 };

	for (size_t i = 0; i < TW_COUNT(hosts); i++) {
		tw_unit_under(w.unit, hosts[i]);
		CHECK_INT(tw_unit_request(w.unit, "POST", CHALLENGES, NULL, NULL), 409);
		SAYS("passkey.name");
		SAYS("https://" SITE);
	}
	tw_unit_under(w.unit, HOST);
	tw_device_named(device(), NULL, &none);
	CHECK_INT(tw_unit_request(w.unit, "POST", CHALLENGES, NULL, NULL), 409);
	SAYS("passkey.name");
}

/* Of whoever has sent no head, or one without a name, and of no port that is one: under none. */
static void test_under_no_name(void **state)
{
	static const char *const hosts[] = { HOST, SITE ":65535", SITE ":065535" };
	const struct tw_http_head bare = { .field_count = 0 };
	const struct tw_request asks[] = { { .head = NULL }, { .head = &bare } };
	struct tw_passkey_site site;

	for (size_t i = 0; i < TW_COUNT(asks); i++)
		CHECK(!tw_passkey_site(device(), &asks[i], &site));
	for (size_t i = 0; i < TW_COUNT(hosts); i++) {
		const struct tw_http_head head = { .field_count = 1, .fields = { { TW_SLICE("host"), tw_slice_of(hosts[i]) } } };

		CHECK(tw_passkey_site(device(), &(struct tw_request){ .head = &head }, &site) == (i < 2));
	}
}

static void test_labels(void **state)
{
	(void)begin_enrolling();
	CHECK_INT(ask("POST", KEYS, "{\"label\":\" x\",\"client_data\":\"AA\",\"authenticator_data\":\"AA\"}"), 400);
	SAYS("credential.label");
}

/* --- Logging in --- */

static struct page begin_login(void)
{
	CHECK_INT(login("alice", GOOD), 200);
	SAYS("\"needed\":[\"passkey\"]");
	CHECK(!strstr(tw_unit_body(w.unit), "challenge"));
	CHECK_INT(go_on("factor", "passkey"), 200);
	SAYS("\"site\":\"" SITE "\"");
	return page_of_login();
}

struct shows {
	const struct token *by, *as; /* who signs, whose id it bears */
	const char *site;
	uint8_t flags;
	uint32_t counter;
	bool garbled;
};

/* What goes to the device, for this page. */
static void sign(const struct page *p, const struct shows *s)
{
	struct token_bytes data, signature;
	char id[200];
	uint8_t hash[32];

	client_data(p, hash);
	token_head(&data, s->site, s->flags, s->counter);
	token_sign(s->by, &data, hash, &signature);
	if (s->garbled)
		signature.at[10] ^= 1;
	encode(data.at, data.size, data_64, sizeof data_64);
	encode(signature.at, signature.size, signature_64, sizeof signature_64);
	encode(s->as->id, s->as->id_size, id, sizeof id);
	(void)snprintf(body, sizeof body,
		"{\"login\":\"%s\",\"factor\":\"passkey\",\"passkey\":{\"credential\":\"%s\",\"client_data\":\"%s\",\"authenticator_data\":\"%s\",\"signature\":\"%s\"}}",
		handle, id, client_64, data_64, signature_64);
}

static int show(void)
{
	int status = answered(tw_unit_request_as(w.unit, NULL, "POST", LOGINS, body));

	if (status == 201)
		world_text(&w, "token", token, sizeof token);
	return status;
}

#define RIGHT(count) ((struct shows){ .by = &mine, .as = &mine, .site = SITE, .flags = TOKEN_PRESENT, .counter = (count) })

static void test_opens(void **state)
{
	enrol_token(&mine);
	struct page p = begin_login();
	sign(&p, &RIGHT(6));
	CHECK_INT(show(), 201);
	SAYS("\"account\":\"a1\"");
	CHECK_INT(world_reads(&w, token), 200);
	CHECK(world_log_says(&w, "session of a1 alice by password+passkey"));
	CHECK_INT(show(), 403); /* the login is over */
	SAYS("access.login-step");
	p = begin_login();
	sign(&p, &RIGHT(7));
	world_start(&w); /* a core that was started again knows no login of before */
	tw_unit_under(w.unit, HOST);
	CHECK_INT(show(), 403);
}

static void test_opens_by_ed25519(void **state)
{
	struct shows s = RIGHT(6);

	token_done(&mine);
	token_make(&mine, true, 'm');
	enrol_token(&mine);
	struct page p = begin_login();
	sign(&p, &s);
	CHECK_INT(show(), 201);
}

static void test_no_lie_opens(void **state)
{
	const struct {
		const char *type, *origin, *more;
		struct shows shows;
	} rows[] = {
		{ "webauthn.get", ORIGIN, "", { &others, &mine, SITE, TOKEN_PRESENT, 6, false } },
		{ "webauthn.get", ORIGIN, "", { &others, &others, SITE, TOKEN_PRESENT, 6, false } },
		{ "webauthn.get", ORIGIN, "", { &mine, &mine, "other.example", TOKEN_PRESENT, 6, false } },
		{ "webauthn.get", ORIGIN, "", { &mine, &mine, SITE, 0, 6, false } },
		{ "webauthn.get", ORIGIN, "", { &mine, &mine, SITE, TOKEN_PRESENT, 6, true } },
		{ "webauthn.create", ORIGIN, "", { &mine, &mine, SITE, TOKEN_PRESENT, 6, false } },
		{ "webauthn.get", "https://" SITE, "", { &mine, &mine, SITE, TOKEN_PRESENT, 6, false } },
		{ "webauthn.get", "https://evil.example:8443", "", { &mine, &mine, SITE, TOKEN_PRESENT, 6, false } },
		{ "webauthn.get", ORIGIN, ",\"crossOrigin\":true", { &mine, &mine, SITE, TOKEN_PRESENT, 6, false } },
	};

	enrol_token(&mine);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		world_at(&w, WORLD_WALL, WORLD_BOOT + (int64_t)(i + 1) * 60 * MINUTE);
		struct page p = begin_login();
		p.type = rows[i].type;
		p.origin = rows[i].origin;
		(void)snprintf(p.more, sizeof p.more, "%s", rows[i].more);
		sign(&p, &rows[i].shows);
		if (show() != 403 || !strstr(tw_unit_body(w.unit), "access.passkey"))
			fail_msg("row %zu: %s", i, tw_unit_body(w.unit));
		p = page_of_login();
		sign(&p, &RIGHT(6)); /* nothing is asked now */
		CHECK_INT(show(), 403);
	}
	struct page p = begin_login();
	sign(&p, &RIGHT(6));
	CHECK_INT(show(), 201);
}

/* What a login was shown is worth nothing in another, and nothing a second time. */
static void test_replays(void **state)
{
	char kept[sizeof body], was[sizeof handle];

	enrol_token(&mine);
	struct page p = begin_login();
	sign(&p, &RIGHT(6));
	memcpy(kept, body, sizeof kept);
	memcpy(was, handle, sizeof was);
	CHECK_INT(go_on("factor", "passkey"), 200); /* asked anew: the challenge of before is none */
	CHECK_INT(show(), 403);
	p = begin_login();
	(void)memcpy(strstr(kept, was), handle, strlen(was)); /* the same for another login */
	memcpy(body, kept, sizeof body);
	CHECK_INT(show(), 403);
	SAYS("access.passkey");
	p = begin_login();
	sign(&p, &RIGHT(6));
	CHECK_INT(show(), 201);
}

static void test_a_counter_that_does_not_rise(void **state)
{
	static const uint32_t rows[] = { 5, 4, 0 }; /* it was 5 when it was enrolled */

	enrol_token(&mine);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct page p = begin_login();
		sign(&p, &RIGHT(rows[i]));
		CHECK_INT(show(), 403);
		CHECK(world_log_says(&w, "login.passkey-counter"));
	}
	struct page p = begin_login();
	sign(&p, &RIGHT(6));
	CHECK_INT(show(), 201);
	world_start(&w);
	const struct tw_dns_names names = { .count = 1, .of = { SITE } };
	tw_device_named(device(), NULL, &names);
	tw_unit_under(w.unit, HOST);
	p = begin_login();
	sign(&p, &RIGHT(6)); /* it is durable */
	CHECK_INT(show(), 403);
}

/* Many authenticators do not count at all. */
static void test_one_that_does_not_count(void **state)
{
	struct page p = begin_enrolling();

	make(&mine, &p, SITE, TOKEN_PRESENT | TOKEN_MADE, 0);
	CHECK_INT(answered(tw_unit_request(w.unit, "POST", KEYS, NULL, body)), 201);
	for (int i = 0; i < 2; i++) {
		p = begin_login();
		sign(&p, &RIGHT(0));
		CHECK_INT(show(), 201);
	}
	CHECK(!world_log_says(&w, "login.passkey-counter"));
}

static void test_only_under_its_name(void **state)
{
	enrol_token(&mine);
	CHECK_INT(login("alice", GOOD), 200);
	tw_unit_under(w.unit, "[::1]");
	CHECK_INT(go_on("factor", "passkey"), 409);
	SAYS("passkey.name");
	tw_unit_under(w.unit, "other.example");
	CHECK_INT(go_on("factor", "passkey"), 409);
	SAYS("passkey.other-name");
	tw_unit_under(w.unit, HOST);
	CHECK_INT(go_on("factor", "passkey"), 200);
	struct page p = page_of_login();
	tw_unit_under(w.unit, "other.example:8443");
	p.origin = "https://other.example:8443";
	sign(&p, &RIGHT(6));
	CHECK_INT(show(), 403);
}

/* Who was not asked anything has no challenge, and an empty one is none. */
static void test_nothing_was_asked(void **state)
{
	static const char *const origins[] = { ORIGIN, "" };

	enrol_token(&mine);
	for (size_t i = 0; i < TW_COUNT(origins); i++) {
		const struct page p = { .type = "webauthn.get", .origin = origins[i] };

		CHECK_INT(login("alice", GOOD), 200);
		sign(&p, &RIGHT(6));
		CHECK_INT(show(), 403);
		SAYS("access.passkey");
	}
	struct page p = begin_login();
	tw_unit_under(w.unit, "[::1]:8443");
	p.origin = "";
	sign(&p, &RIGHT(6));
	CHECK_INT(show(), 403);
	SAYS("access.passkey");
}

/* Two clients that the device knows, of one account: the second waits for what is computed for the first. */
static void test_two_known_clients(void **state)
{
	static int nothing;
	struct tw_login_work *slot = &device()->access->works[0];

	enrol_token(&mine);
	struct page p = begin_login();
	sign(&p, &RIGHT(6));
	CHECK_INT(show(), 201);
	world_text(&w, "client", client, sizeof client);
	p = begin_login();
	sign(&p, &RIGHT(7));
	*slot = (struct tw_login_work){ .later = (void *)&nothing, .account = 1, .who = { .known = true, .source = "192.0.2.7" } };
	int status = tw_unit_request_as(w.unit, NULL, "POST", LOGINS, body);
	*slot = (struct tw_login_work){ .later = NULL };
	CHECK_INT(status, 503);
	SAYS("access.one-at-a-time");
}

/* Another's passkey, of the same site, signs the challenge of a login whose password is right. */
static void test_anothers_passkey_opens_nothing(void **state)
{
	struct shows s = { .by = &others, .as = &others, .site = SITE, .flags = TOKEN_PRESENT, .counter = 6 };

	CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" BETTER "\"}"), 204);
	enrol_token(&others);
	store("UPDATE credential SET account = 2 WHERE kind = 'passkey'");
	enrol_token(&mine);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(login("bob", BETTER), 200);
		CHECK_INT(go_on("factor", "passkey"), 200);
		struct page p = page_of_login();
		sign(&p, i ? &s : &RIGHT(6));
		CHECK_INT(show(), i ? 200 : 403);
		SAYS(i ? "new-password" : "access.passkey");
	}
}

/* Of another account it opens nothing, also when that one has asked. */
static void test_of_another_account(void **state)
{
	CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" BETTER "\"}"), 204);
	enrol_token(&mine); /* alice's */
	CHECK_INT(login("bob", BETTER), 200);
	CHECK_INT(go_on("new_password", "six brown bears nod off"), 201);
	char session[64];
	memcpy(session, token, sizeof session);
	CHECK_INT(login("bob", "six brown bears nod off"), 201);
	memcpy(session, token, sizeof session);
	CHECK_INT(tw_unit_request_as(w.unit, session, "POST", CHALLENGES, NULL), 201);
	CHECK_INT(ask_as(session, "DELETE", KEYS "/c1", NULL), 403); /* a step-up is wanted before anything is looked at */
	CHECK_INT(ask_as(session, "GET", KEYS, NULL), 200);
	SAYS("[]");
}

static void test_the_role_fails(void **state)
{
	enrol_token(&mine);
	struct page p = begin_login();
	passkey_is.dies = true;
	sign(&p, &RIGHT(6));
	CHECK_INT(show(), 503);
	passkey_is.dies = false;
	p = begin_login();
	passkey_is.full = true;
	sign(&p, &RIGHT(6));
	CHECK_INT(show(), 503);
	passkey_is.full = false;
	p = begin_login();
	sign(&p, &RIGHT(6));
	CHECK_INT(show(), 201);
	p = begin_enrolling();
	passkey_is.dies = true;
	CHECK_INT(add(&others, &p, SITE, TOKEN_PRESENT | TOKEN_MADE), 503);
}

/* What becomes of the login while the role is asked counts. */
static void test_removed_meanwhile(void **state)
{
	enrol_token(&mine);
	struct page p = begin_login();
	sign(&p, &RIGHT(6));
	CHECK_INT(settle(tw_unit_request_as(w.unit, NULL, "POST", LOGINS, body)), 0);
	const struct tw_value v[] = { TW_V_INT(1) };
	CHECK_OK(tw_store_run(device()->context.store, "DELETE FROM credential WHERE kind = 'passkey' AND account = ?1", v, 1, NULL, NULL));
	CHECK(passkey_step());
	CHECK_INT(tw_unit_later(w.unit), 403);
	SAYS("access.passkey");
	CHECK(!world_log_says(&w, "login.passkey-counter")); /* there is none that could have counted */
}

static void test_password_changed_meanwhile(void **state)
{
	enrol_token(&mine);
	struct page p = begin_login();
	sign(&p, &RIGHT(6));
	CHECK_INT(settle(tw_unit_request_as(w.unit, NULL, "POST", LOGINS, body)), 0);
	const struct tw_value v[] = { TW_V_INT(1) };
	CHECK_OK(tw_store_run(device()->context.store, "DELETE FROM credential WHERE kind = 'password' AND account = ?1", v, 1, NULL, NULL));
	CHECK(passkey_step());
	CHECK_INT(tw_unit_later(w.unit), 403);
	SAYS("access.login-step");
}

/* A row of the store that is none of ours says so, and is nobody's passkey. */
static void test_a_row_that_is_none(void **state)
{
#define KEY_32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_64 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define S50 "aaaaaaaaa.aaaaaaaaa.aaaaaaaaa.aaaaaaaaa.aaaaaaaaa."
	static const struct {
		const char *data;
		int status;
	} rows[] = {
		{ "5 1 " SITE " " KEY_64 " AAAA", 200 },
		{ "5 2 " SITE " " KEY_32 " AAAA", 200 },
		{ "5 1 " S50 S50 S50 S50 S50 "aaa " KEY_64 " AAAA", 200 }, /* 253 */
		{ "5 1 " S50 S50 S50 S50 S50 "aaaa " KEY_64 " AAAA", 500 },
		{ "5 1  " KEY_64 " AAAA", 500 },
		{ "5 1 " SITE " " KEY_32 " AAAA", 500 },
		{ "5 2 " SITE " " KEY_64 " AAAA", 500 },
		{ "5 0 " SITE "  AAAA", 500 }, /* of no kind, and no key */
		{ "5 1 " SITE " " KEY_64, 500 },
		{ "5", 500 },
	};

	enrol_token(&mine);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const struct tw_value v[] = { TW_V_TEXT(rows[i].data) };

		CHECK_OK(tw_store_run(device()->context.store, "UPDATE credential SET data = ?1 WHERE kind = 'passkey'", v, 1, NULL, NULL));
		if (ask("GET", KEYS, NULL) != rows[i].status)
			fail_msg("row %zu: %s", i, tw_unit_body(w.unit));
	}
}

static void test_forms(void **state)
{
#define MUCH "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	static const char *const rows[] = { "{}",
		"{\"credential\":\"" MUCH MUCH MUCH MUCH MUCH MUCH MUCH
		"\",\"client_data\":\"AA\",\"authenticator_data\":\"AA\",\"signature\":\"AA\"}",
		"{\"credential\":\"AA\",\"client_data\":\"AA\",\"authenticator_data\":\"AA\",\"signature\":\"A\"}",
		"{\"credential\":7,\"client_data\":\"AA\",\"authenticator_data\":\"AA\",\"signature\":\"AA\"}",
		"{\"credential\":\"AA\",\"client_data\":\"AA\",\"authenticator_data\":\"AA\",\"signature\":\"AA\",\"more\":1}",
		"{\"credential\":\"AA\",\"client_data\":\"e30\",\"authenticator_data\":\"AA\",\"signature\":\"AA\"}" };

	enrol_token(&mine);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		world_at(&w, WORLD_WALL, WORLD_BOOT + (int64_t)(i + 1) * 60 * MINUTE);
		(void)begin_login();
		(void)snprintf(body, sizeof body, "{\"login\":\"%s\",\"factor\":\"passkey\",\"passkey\":%s}", handle, rows[i]);
		CHECK_INT(show(), 403);
		SAYS("access.passkey");
	}
	CHECK_INT(passkey_is.asked, 1); /* at the enrolment alone */
}

/* One byte less than there is in each: no role is asked about it. */
static void test_data_too_short(void **state)
{
	enrol_token(&mine);
	struct page p = begin_login();
	sign(&p, &RIGHT(6));
	char *at = strstr(body, data_64) + 48; /* four for three bytes */
	memmove(at, at + 2, strlen(at + 2) + 1);
	CHECK_INT(show(), 403);
	SAYS("access.passkey");
	CHECK_INT(passkey_is.asked, 1);
}

/* A password that is to be changed is asked for behind it, under a handle that is new. */
static void test_a_new_password_behind_it(void **state)
{
	enrol_token(&mine);
	set("logical-access.password-min", "\"0\"", "64", 200);
	struct page p = begin_login();
	sign(&p, &RIGHT(6));
	CHECK_INT(show(), 200);
	SAYS("new-password");
	world_text(&w, "login", handle, sizeof handle);
	CHECK_INT(go_on("new_password", "a new one that is long enough, for sixty-four characters are many to type"), 201);
	CHECK(world_log_says(&w, "by password+passkey"));
}

/* @nist LA.AS.2.1.5: it takes a name to have any, in time where that is known; and it is off where nobody logs in by password */
static void test_status(void **state)
{
	static const struct {
		int64_t begins, ends;
		enum tw_status status;
	} rows[] = { { -1, 1, TW_STATUS_PROVIDED }, { -2, -1, TW_STATUS_NEEDS_PART }, { 1, 2, TW_STATUS_NEEDS_PART } };
	const struct tw_dns_names names = { .count = 1, .of = { SITE } };
	struct tw_context *c = &device()->context;
	struct tw_element_status s = { .status = TW_STATUS_NOT_PROVIDED };
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;

	CHECK_OK(tw_access_status_token(c, &s));
	CHECK_INT(s.status, TW_STATUS_PROVIDED);
	CHECK_OK(tw_key_generate(tw_sys_real(), &key));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const struct tw_cert_want want = { .common_name = "x",
			.dns = SITE,
			.is_server = true,
			.not_before_ms = WORLD_WALL + rows[i].begins * 3600000,
			.not_after_ms = WORLD_WALL + rows[i].ends * 3600000 };
		tw_cert *made = NULL;

		CHECK_OK(tw_cert_make(tw_sys_real(), &want, key, NULL, key, &made));
		tw_device_named(device(), made, &names);
		CHECK_OK(tw_access_status_token(c, &s));
		CHECK_INT(s.status, rows[i].status);
		world_at(&w, 1000, WORLD_BOOT); /* no clock that says so */
		CHECK_OK(tw_access_status_token(c, &s));
		CHECK_INT(s.status, TW_STATUS_PROVIDED);
		world_at(&w, WORLD_WALL, WORLD_BOOT);
	}
	tw_device_named(device(), NULL, NULL);
	CHECK_OK(tw_access_status_token(c, &s));
	CHECK_INT(s.status, TW_STATUS_NEEDS_PART);
	set("logical-access.network-methods", "\"0\"", "certificate", 200);
	CHECK_OK(tw_access_status_token(c, &s));
	CHECK_INT(s.status, TW_STATUS_OFF);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, end)
CHECK_MAIN(T(test_enrolled_listed_and_removed), T(test_enrols_for_this_page_and_challenge_alone), T(test_enrols_in_time_and_once),
	T(test_enrols_so_many), T(test_guessing_waits), T(test_only_under_a_name), T(test_under_no_name), T(test_labels),
	T(test_opens), T(test_opens_by_ed25519), T(test_no_lie_opens), T(test_replays), T(test_a_counter_that_does_not_rise),
	T(test_one_that_does_not_count), T(test_only_under_its_name), T(test_of_another_account), T(test_the_role_fails),
	T(test_enrols_nothing_of_no_form), T(test_an_offer_is_of_one_account), T(test_nobody_removes_anothers),
	T(test_suspended_meanwhile), T(test_full_meanwhile), T(test_one_at_a_time), T(test_whose_account_is_none_for_it),
	T(test_begins_without_memory), T(test_nothing_was_asked), T(test_two_known_clients), T(test_anothers_passkey_opens_nothing),
	T(test_a_row_that_is_none), T(test_data_too_short), T(test_removed_meanwhile), T(test_password_changed_meanwhile),
	T(test_forms), T(test_a_new_password_behind_it), T(test_status))
