/* SPDX-License-Identifier: Apache-2.0 */
#include "teller.h"
#include "unit.h"

#include "base/json.h"
#include "base/release.h"
#include "base/text.h"
#include "device/logical-access/recovery.h"
#include "device/platform/start.h"
#include "device/rows-logical-access.h"
#include "formats/keydir.h"
#include "sys/durable.h"
#include "sys/real.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROLE_S 7200 /* for which a role is given */
#define BURST 1400  /* reads: more than a segment of the harness holds */

void teller_must(bool good, const char *what, tw_unit *u)
{
	if (good)
		return;
	(void)fprintf(stderr, "story: %s: %s (%s) %s\n", what, tw_err_detail(), tw_err_place(), u ? tw_unit_body(u) : "");
	exit(1);
}

/* What is durable by now. */
static void note_records(struct teller *t)
{
	const tw_audit *a = tw_unit_device(t->unit)->context.audit;

	if (!tw_audit_pending(a))
		t->story->now.records = tw_audit_last(a);
}

/* From then on the oracle's clock runs. */
static void note_time(struct teller *t)
{
	t->story->now.wall_ms = t->unit ? tw_time_wall_ms(&tw_unit_device(t->unit)->time) : 0;
}

void teller_begin(struct teller *t, const char *step, struct side next)
{
	struct promise *p = &t->story->now;

	(void)snprintf(p->step, sizeof p->step, "%s", step);
	p->next = next;
	p->under_way = true;
	note_time(t);
	t->story->mark(t->story);
}

void teller_end(struct teller *t)
{
	struct promise *p = &t->story->now;

	p->now = p->next;
	p->under_way = p->migrating = false;
	p->format = tw_store_format(tw_unit_device(t->unit)->context.store);
	note_records(t);
	note_time(t);
	t->story->mark(t->story);
}

static void name_step(struct teller *t, const char *step)
{
	teller_begin(t, step, t->story->now.now);
}

static void epoch_given(void *user, uint64_t epoch)
{
	struct teller *t = user;

	if (epoch > t->story->now.epoch)
		t->story->now.epoch = epoch;
	t->story->mark(t->story);
}

static void start(struct teller *t, const char *step)
{
	name_step(t, step);
	t->unit = tw_unit_stop(t->unit);
	tw_unit_boot(++t->boot);
	teller_must(!tw_failed(tw_unit_start(t->sys, t->directory, &t->unit)), "starting", NULL);
	teller_end(t);
}

void teller_text(struct teller *t, const char *key, char *ret, size_t size)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	teller_must(!tw_failed(tw_json_parse(tw_slice_of(tw_unit_body(t->unit)), 65536, &j)), "reading an answer", t->unit);
	(void)snprintf(ret, size, "%s", tw_json_text(j, key));
}

static void take(struct teller *t, const char *name)
{
	struct side owned = { .owned = true };
	char listener[80];

	(void)snprintf(owned.owner, sizeof owned.owner, "%s", name);
	teller_begin(t, "take-over", owned);
	teller_must(tw_unit_takeover(t->unit, name) == 201, "taking over", t->unit);
	teller_text(t, "listener", listener, sizeof listener);
	teller_must(!tw_failed(tw_parse_hex(tw_slice_of(listener), t->story->now.listener, 32)), "the new listener", t->unit);
	teller_end(t);
}

static void change(struct teller *t)
{
	struct side next = t->story->now.now;
	char version[16];

	(void)snprintf(version, sizeof version, "\"%d\"", (int)next.version++);
	teller_begin(t, "change", next);
	teller_must(tw_unit_request(t->unit, "PUT", STORY_SETTING, version,
			    next.version % 2 ? "{\"value\":\"off\"}" : "{\"value\":\"on\"}") == 200,
		"changing the setting", t->unit);
	teller_end(t);
}

static void make_key(struct teller *t)
{
	struct side next = t->story->now.now;

	next.key = true;
	teller_begin(t, "key", next);
	teller_must(tw_unit_request(t->unit, "POST", "/api/v1/keys", NULL, "{\"name\":\"one\"}") == 201, "making a key", t->unit);
	teller_end(t);
}

static void suspect(struct teller *t)
{
	struct side next = t->story->now.now;

	next.suspected = true;
	teller_begin(t, "suspicion", next);
	teller_must(!tw_failed(tw_unit_suspect(t->unit, STORY_SUSPECT)), "suspecting a device", NULL);
	teller_end(t);
}

static void clear_suspect(struct teller *t)
{
	struct side next = t->story->now.now;

	next.suspected = false;
	teller_begin(t, "clearing", next);
	teller_must(tw_unit_request(t->unit, "DELETE", "/api/v1/peer-suspicions/" STORY_SUSPECT, NULL, NULL) == 204,
		"clearing a suspicion", t->unit);
	teller_end(t);
}

/* An authority that the owner trusts, and what it certifies; its lists are judged by it alone. */
static void trust(struct teller *t)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body;

	tw_buf_init(&body, tw_sys_real(), 8192);
	teller_must(!tw_failed(tw_unit_authority_make(
			    tw_sys_real(), "authority", tw_time_wall_ms(&tw_unit_device(t->unit)->time), &t->authority)),
		"an authority", NULL);
	for (size_t i = 0; i < STORY_SERVERS; i++) {
		tw_buf_clear(&body);
		teller_must(!tw_failed(tw_unit_authority_server(&t->authority, &t->server[i])) &&
				!tw_failed(tw_unit_authority_check(&t->authority, t->server[i], &body)) && body.size < STORY_CHECK_MAX,
			"a server", NULL);
		memcpy(t->story->now.check[i], tw_buf_cstr(&body), body.size + 1);
	}
	tw_buf_clear(&body);
	teller_must(!tw_failed(tw_unit_authority_trust(&t->authority, &body)), "a certificate", NULL);
	name_step(t, "trust");
	teller_must(tw_unit_request(t->unit, "POST", "/api/v1/peer-anchors", NULL, tw_buf_cstr(&body)) == 201, "trusting", t->unit);
	teller_end(t);
}

static void take_list(struct teller *t, int number)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body;
	struct side next = t->story->now.now;
	char fingerprint[65];

	tw_buf_init(&body, tw_sys_real(), 8192);
	teller_must(!tw_failed(tw_unit_authority_list(&t->authority, (uint64_t)number, t->server[number % STORY_SERVERS], &body)),
		"a list", NULL);
	next.list = number;
	teller_begin(t, "list", next);
	teller_must(tw_unit_request(t->unit, "POST", STORY_LISTS, NULL, tw_buf_cstr(&body)) == 201, "keeping a list", t->unit);
	teller_text(t, "fingerprint", fingerprint, sizeof fingerprint);
	(void)snprintf(t->list, sizeof t->list, STORY_LISTS "/%s", fingerprint);
	teller_end(t);
}

static void remove_list(struct teller *t)
{
	struct side next = t->story->now.now;

	next.list = 0;
	teller_begin(t, "list removed", next);
	teller_must(tw_unit_request(t->unit, "DELETE", t->list, NULL, NULL) == 204, "removing a list", t->unit);
	teller_end(t);
}

static void open_session(struct teller *t)
{
	char code[16], body[64];

	name_step(t, "session");
	teller_must(tw_unit_request(t->unit, "POST", "/api/v1/session-codes", NULL, NULL) == 201, "a code", t->unit);
	teller_text(t, "code", code, sizeof code);
	(void)snprintf(body, sizeof body, "{\"code\":\"%s\"}", code);
	teller_must(tw_unit_request_as(t->unit, NULL, "POST", "/api/v1/sessions", body) == 201, "a session", t->unit);
	teller_text(t, "token", t->story->now.token, sizeof t->story->now.token);
	teller_end(t);
}

static const char *of_account(const struct teller *t, const char *place, const char *rest)
{
	static char path[96];

	(void)snprintf(path, sizeof path, "/api/v1/%s/%s%s", place, t->account, rest);
	return path;
}

/* One step in the life of the account: what it has then, and what the answer has to be. */
static void account(struct teller *t, unsigned then, const char *method, const char *path, const char *body, int want)
{
	struct side next = t->story->now.now;

	next.account = then;
	teller_begin(t, "account", next);
	teller_must(tw_unit_request(t->unit, method, path, NULL, body) == want, path, t->unit);
	teller_end(t);
}

/* It comes in by a code that the owner asked for, and is remembered to have. */
static void account_comes(struct teller *t, unsigned then)
{
	struct side next = t->story->now.now;
	char code[16], body[64];

	(void)snprintf(body, sizeof body, "{\"account\":\"%s\"}", t->account);
	name_step(t, "code");
	teller_must(tw_unit_request(t->unit, "POST", "/api/v1/session-codes", NULL, body) == 201, "a code", t->unit);
	teller_text(t, "code", code, sizeof code);
	teller_end(t);
	(void)snprintf(body, sizeof body, "{\"code\":\"%s\"}", code);
	next.account = then;
	teller_begin(t, "login", next);
	teller_must(tw_unit_request_as(t->unit, NULL, "POST", "/api/v1/sessions", body) == 201, "logging in", t->unit);
	teller_text(t, "token", t->story->now.token, sizeof t->story->now.token);
	teller_end(t);
}

static void account_made(struct teller *t)
{
	account(t, STORY_ACCOUNT, "POST", "/api/v1/accounts", "{\"name\":\"" STORY_NAME "\",\"kind\":\"person\"}", 201);
	teller_text(t, "account", t->account, sizeof t->account);
}

static void account_life(struct teller *t)
{
	char role[96];

	account_made(t);
	(void)snprintf(role, sizeof role, "{\"account\":\"%s\",\"role\":\"operator\"}", t->account);
	account(t, STORY_ACCOUNT | STORY_ROLE, "POST", "/api/v1/role-assignments", role, 201);
	account_comes(t, STORY_ACCOUNT | STORY_ROLE | STORY_CAME);
	account(t, STORY_ACCOUNT | STORY_CAME, "DELETE", of_account(t, "role-assignments", ".operator"), NULL, 204);
	account_comes(t, STORY_ACCOUNT | STORY_CAME);
	account(t, STORY_ACCOUNT | STORY_CAME, "DELETE", of_account(t, "account-sessions", ""), NULL, 204);
	account(t, STORY_ACCOUNT | STORY_CAME | STORY_SUSPENDED, "PUT", of_account(t, "suspensions", ""), NULL, 204);
	account(t, STORY_ACCOUNT | STORY_CAME, "DELETE", of_account(t, "suspensions", ""), NULL, 204);
	account(t, 0, "DELETE", of_account(t, "accounts", ""), NULL, 204);
	account_made(t); /* until the owner goes */
}

/* A role for a time: a while into it, and when its time is up, before the job that takes it away and in its midst. */
static void role_for_a_time(struct teller *t)
{
	struct promise *p = &t->story->now;
	struct tw_context *c = &tw_unit_device(t->unit)->context;
	struct side next = p->now;
	char role[96];

	p->ends_ms = tw_time_wall_ms(c->time) + ROLE_S * 1000;
	(void)snprintf(role, sizeof role, "{\"account\":\"%s\",\"role\":\"operator\",\"lifetime\":%d}", t->account, ROLE_S);
	p->ending = true;
	account(t, STORY_ACCOUNT | STORY_ROLE | STORY_ENDS, "POST", "/api/v1/role-assignments", role, 201);
	teller_later(t, ROLE_S * 500);
	change(t);
	change(t);
	teller_later(t, ROLE_S * 500 + 1000);
	next = p->now;
	next.account = STORY_ACCOUNT;
	next.ended = 1;
	teller_begin(t, "role's end", next);
	teller_must(!tw_failed(tw_access_job_accounts(c)), "ending a role", t->unit);
	teller_end(t);
	change(t);
	change(t);
	p->ending = false;
}

/* One thing more that the organization says, or less. */
static void say(struct teller *t, unsigned then, const char *method, const char *path, const char *body, int want)
{
	struct side next = t->story->now.now;

	next.said = then;
	teller_begin(t, "organization", next);
	teller_must(tw_unit_request(t->unit, method, path, NULL, body) == want, path, t->unit);
	teller_end(t);
}

/* The manufacturer's certificate is as good an anchor as any; as a JSON text has it. */
static void gateway(const struct teller *t, char ret[6000])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	size_t n = (size_t)snprintf(ret, 6000, "{\"url\":\"https://gateway.example/codes\",\"secret\":\"s3cret!\",\"anchors\":\"");

	tw_buf_init(&pem, tw_sys_real(), 2500);
	teller_must(!tw_failed(tw_cert_pem(tw_unit_device(t->unit)->manufacturer, &pem)), "an anchor", NULL);
	for (const char *at = tw_buf_cstr(&pem); *at; at++) {
		if (*at == '\n')
			ret[n++] = '\\';
		ret[n++] = (char)(*at == '\n' ? 'n' : *at);
	}
	(void)snprintf(ret + n, 6000 - n, "\"}");
}

/* Who accepts nothing is asked again; the notice itself is there or is not. */
static void notice(struct teller *t, unsigned said)
{
	char digest[80], body[128];

	say(t, said | STORY_NOTICE, "PUT", "/api/v1/notice", "{\"text\":\"Use of this device is recorded.\"}", 200);
	teller_text(t, "notice", digest, sizeof digest);
	(void)snprintf(body, sizeof body, "{\"notice\":\"%s\"}", digest);
	say(t, said | STORY_NOTICE, "POST", "/api/v1/notice-acceptances", body, 204);
	say(t, said, "DELETE", "/api/v1/notice", NULL, 204);
}

/* sue is there; what stays stays until the owner goes. */
static void organization(struct teller *t)
{
	unsigned said = STORY_GATEWAY;
	char body[6000], path[64], members[96];

	gateway(t, body);
	say(t, said, "PUT", "/api/v1/message-gateway", body, 204);
	say(t, said |= STORY_DESTINATION, "PUT", of_account(t, "destinations", ""), "{\"to\":\"+49 30 12345\"}", 204);
	say(t, said |= STORY_SECRET, "PUT", "/api/v1/radius-secret", "{\"secret\":\"a secret shared with the server\"}", 204);
	say(t, said |= STORY_DELEGATED, "PUT", of_account(t, "server-passwords", ""), "{}", 204);
	say(t, said |= STORY_SHARED, "POST", "/api/v1/accounts", "{\"name\":\"" STORY_SHARED_NAME "\",\"kind\":\"shared\"}", 201);
	(void)snprintf(path, sizeof path, "/api/v1/shared-accounts/");
	teller_text(t, "account", path + strlen(path), sizeof path - strlen(path));
	(void)snprintf(members, sizeof members, "{\"members\":\"%s\",\"conditions\":{\"sessions\":2}}", t->account);
	say(t, said |= STORY_MEMBERS, "PUT", path, members, 200);
	notice(t, said);
	say(t, said &= ~(unsigned)STORY_GATEWAY, "DELETE", "/api/v1/message-gateway", NULL, 204);
}

static void burst(struct teller *t)
{
	uint64_t first = tw_audit_last(tw_unit_device(t->unit)->context.audit);

	name_step(t, "burst");
	for (int i = 0; i < BURST; i++)
		teller_must(tw_unit_request(t->unit, "GET", "/api/v1/identity", NULL, NULL) == 200, "reading", t->unit);
	teller_must(tw_audit_last(tw_unit_device(t->unit)->context.audit) >= first + BURST, "recording reads", t->unit);
	teller_end(t);
}

static void checkpoint(struct teller *t)
{
	name_step(t, "checkpoint");
	teller_must(!tw_failed(tw_unit_settle(t->unit)), "a checkpoint", NULL);
	teller_end(t);
}

/* As core does when the boot is confirmed. */
static void migrate(struct teller *t)
{
	int before = t->story->now.format;

	t->story->now.migrating = true;
	name_step(t, "migration");
	teller_must(!tw_failed(tw_start_migrate(tw_unit_device(t->unit))), "the store's next format", NULL);
	teller_must(TW_STORE_FORMAT == 1 || tw_store_format(tw_unit_device(t->unit)->context.store) == before + 1, "another format", NULL);
	teller_must(!tw_failed(tw_audit_commit(tw_unit_device(t->unit)->context.audit)), "recording the other format", NULL);
	teller_end(t);
}

/* What the console tells of it. */
static void recover_there(struct teller *t)
{
	char listener[80];

	teller_must(tw_unit_recover(t->unit, t->story->now.secret) == 200, "recovering ownership", t->unit);
	teller_text(t, "listener", listener, sizeof listener);
	teller_must(!tw_failed(tw_parse_hex(tw_slice_of(listener), t->story->now.listener, 32)), "the new listener", t->unit);
}

static void recover(struct teller *t)
{
	struct side nobody = { .owned = false };

	teller_begin(t, "recovery", nobody);
	recover_there(t);
	teller_end(t);
}

/* As a browser asked, and somebody holds the button; then the console tells a new secret. */
static void recover_by_button(struct teller *t)
{
	struct side nobody = { .owned = false };

	name_step(t, "recovery is asked for");
	teller_must(tw_unit_ask_recovery(t->unit) == 202, "asking for recovery", t->unit);
	teller_end(t);
	teller_begin(t, "recovery by the button", nobody);
	teller_must(tw_unit_press(t->unit, TW_HOLD_MS) < 300 && !tw_unit_owned(t->unit), "holding the button", t->unit);
	recover_there(t);
	teller_end(t);
}

static void finish(struct teller *t)
{
	name_step(t, "end");
	teller_must(!tw_failed(tw_unit_end(t->unit)), "ending", NULL);
	teller_end(t);
}

static void read_secret(struct teller *t)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b;
	char path[400];
	int dir;

	(void)snprintf(path, sizeof path, "%s/keys", t->directory);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tw_buf_init(&b, tw_sys_real(), 64);
	teller_must(dir >= 0 && !tw_failed(tw_durable_read(tw_sys_real(), dir, TW_KEYS_SECRET, 64, &b)) && b.size == 16, "the secret", NULL);
	memcpy(t->story->now.secret, b.data, 16);
	(void)close(dir);
}

void story_run(struct story *s, const struct tw_sys *sys, const char *directory)
{
	struct teller t = { .story = s, .sys = sys, .directory = directory };

	tw_unit_on_epoch(epoch_given, &t);
	read_secret(&t);
	s->now.provisioned = true;
	s->mark(s);
	start(&t, "first start");
	memcpy(s->now.listener, tw_unit_device(t.unit)->listener_key, 32);
	s->mark(s);
	take(&t, "alice");
	change(&t);
	change(&t);
	make_key(&t);
	trust(&t);
	take_list(&t, 1);
	take_list(&t, 2);
	remove_list(&t);
	take_list(&t, 3); /* until the owner goes */
	suspect(&t);
	open_session(&t);
	account_life(&t);
	role_for_a_time(&t);
	s->now.closely = true;
	teller_ways(&t);
	s->now.closely = false;
	organization(&t);
	checkpoint(&t);
	s->now.closely = true;
	migrate(&t);
	s->now.closely = false;
	change(&t);
	change(&t);
	start(&t, "second boot");
	change(&t);
	clear_suspect(&t);
	suspect(&t);
	change(&t); /* on again: the burst reads what it switches */
	burst(&t);
	checkpoint(&t);
	change(&t);
	recover(&t);
	take(&t, "bob");
	change(&t);
	recover_by_button(&t);
	take(&t, "carol");
	change(&t);
	finish(&t);
	start(&t, "third boot");
	change(&t);
	change(&t);
	finish(&t);
	(void)tw_unit_stop(t.unit);
	for (size_t i = 0; i < STORY_SERVERS; i++)
		(void)tw_cert_free(t.server[i]);
	tw_unit_authority_done(&t.authority);
	tw_unit_on_epoch(NULL, NULL);
}
