/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle.h"
#include "unit.h"

#include "base/json.h"
#include "base/text.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "formats/keydir.h"
#include "sys/durable.h"
#include "sys/real.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BOOTS 1000 /* after those of the story */
#define LATER_MS 2000

struct seen {
	struct side side;
	uint64_t epoch;
	int format;
	struct tw_unit_log log;
	uint8_t listener[32];
};

static char complaint[512];

static bool complain(const char *what, const char *detail)
{
	(void)snprintf(complaint, sizeof complaint, "%s%s%.300s", what, *detail ? ": " : "", detail);
	return false;
}

/* An owner may always read settings; without one there is nobody to ask. */
static bool read_version(tw_unit *u, int64_t *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	bool off;

	if (tw_unit_request(u, "GET", STORY_SETTING, NULL, NULL) != 200)
		return complain("the setting cannot be read", tw_unit_body(u));
	if (tw_failed(tw_json_parse(tw_slice_of(tw_unit_body(u)), 65536, &j)))
		return complain("the setting's form", tw_err_detail());
	*ret = tw_json_int(j, "version");
	off = strcmp(tw_json_text(j, "value"), "off") == 0;
	return off == (*ret % 2 == 1) || complain("the setting is not what its version was", tw_unit_body(u));
}

static bool keys_sign(tw_unit *u, const struct side *s)
{
	static const char nonce[] = "{\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}";

	if (!s->owned || s->version % 2 != 0 || tw_unit_request(u, "POST", "/api/v1/identity/statement", NULL, nonce) == 200)
		return true; /* switched off, it is not asked */
	return complain("keys do not sign", tw_unit_body(u));
}

/* A keystore that does not open answers nobody. */
static bool read_key(tw_unit *u, bool *ret)
{
	if (tw_unit_request(u, "GET", "/api/v1/keys", NULL, NULL) != 200)
		return complain("the keystore does not open", tw_unit_body(u));
	*ret = strstr(tw_unit_body(u), "\"one\"") != NULL;
	return true;
}

static bool read_suspected(tw_unit *u, bool *ret)
{
	if (tw_unit_request(u, "GET", "/api/v1/peers", NULL, NULL) != 200)
		return complain("the other devices cannot be read", tw_unit_body(u));
	*ret = strstr(tw_unit_body(u), STORY_SUSPECT) != NULL;
	return true;
}

/* The list that is shown has to be the one that counts: a broken or forged one would judge by another rule, or not at all. */
static bool list_counts(tw_unit *u, const struct promise *p, int number)
{
	for (int i = 0; i < STORY_SERVERS && p->check[i][0]; i++) {
		TW_CLEANUP(tw_jsonp) json_t *j = NULL;
		const char *want = number && number % STORY_SERVERS == i ? "chain.revoked" : "";

		if (tw_unit_request(u, "POST", "/api/v1/certificates/check", NULL, p->check[i]) != 200)
			return complain("a certificate cannot be checked", tw_unit_body(u));
		if (tw_failed(tw_json_parse(tw_slice_of(tw_unit_body(u)), 65536, &j)))
			return complain("the form of a verdict", tw_err_detail());
		if (strcmp(tw_json_text(j, "rule"), want) != 0)
			return complain("the list that is kept does not count", tw_unit_body(u));
	}
	return true;
}

static bool read_list(tw_unit *u, const struct promise *p, int *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	if (tw_unit_request(u, "GET", STORY_LISTS, NULL, NULL) != 200)
		return complain("lists cannot be read", tw_unit_body(u));
	if (tw_failed(tw_json_parse(tw_slice_of(tw_unit_body(u)), 65536, &j)))
		return complain("the form of lists", tw_err_detail());
	const json_t *lists = tw_json_get(j, "lists");
	if (json_array_size(lists) > 1)
		return complain("two lists of one authority", tw_unit_body(u));
	*ret = (int)tw_json_int(json_array_get(lists, 0), "number");
	return list_counts(u, p, *ret);
}

/* Its one role; that it ends stands beside it or the device would never end it. */
static bool read_role(tw_unit *u, const char *id, unsigned *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	char path[64];

	(void)snprintf(path, sizeof path, "/api/v1/accounts/%s", id);
	if (tw_unit_request(u, "GET", path, NULL, NULL) != 200 || tw_failed(tw_json_parse(tw_slice_of(tw_unit_body(u)), 65536, &j)))
		return complain("the account cannot be read", tw_unit_body(u));
	const json_t *roles = tw_json_get(j, "assignments");
	*ret |= json_array_size(roles) ? STORY_ROLE : 0;
	*ret |= *tw_json_text(json_array_get(roles, 0), "ends") ? STORY_ENDS : 0;
	return true;
}

static tw_err take_count(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static bool read_ended(tw_unit *u, int64_t *ret)
{
	static const char sql[] = "SELECT count(*) FROM account_change WHERE what = '" STORY_ENDED "'";

	*ret = 0;
	return !tw_failed(tw_store_run(tw_unit_device(u)->context.store, sql, NULL, 0, take_count, ret)) ||
		complain("the report of accounts cannot be read", tw_err_detail());
}

static bool find_ended(void *user, const struct tw_log_record *r)
{
	bool *found = user;

	*found |= memmem(r->body.at, r->body.size, STORY_ENDED, strlen(STORY_ENDED)) != NULL;
	return true;
}

/* What ended has its event, and what is to end by now ends. */
static bool role_ends(tw_unit *u, const struct promise *p, const struct side *s)
{
	struct tw_device *d = tw_unit_device(u);
	const bool over = p->wall_ms >= p->ends_ms;
	struct side then = { .owned = true };
	bool found = false;

	if (tw_failed(tw_access_job_accounts(&d->context)) || !read_ended(u, &then.ended))
		return complain("a role does not end", tw_err_detail());
	if (then.ended != (over ? 1 : s->ended))
		return complain("a role that has an end is held beyond it, or not until then", "");
	if (tw_failed(tw_audit_recent(d->context.audit, 0, 300, find_ended, &found)))
		return complain("the log cannot be read", tw_err_detail());
	return found == (then.ended == 1) ||
		complain(found ? "a role has not ended, and there is its event" : "a role has ended without an event", p->step);
}

/* Not the owner's; in nobody's place, and whole. */
static bool read_account(tw_unit *u, unsigned *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	size_t i;
	const json_t *one;

	if (tw_unit_request(u, "GET", "/api/v1/accounts", NULL, NULL) != 200)
		return complain("accounts cannot be read", tw_unit_body(u));
	if (tw_failed(tw_json_parse(tw_slice_of(tw_unit_body(u)), 65536, &j)))
		return complain("the form of accounts", tw_err_detail());
	const json_t *accounts = tw_json_get(j, "accounts");
	if (json_array_size(accounts) > 3)
		return complain("more accounts than were made", tw_unit_body(u));
	*ret = 0;
	json_array_foreach(accounts, i, one) {
		if (strcmp(tw_json_text(one, "name"), STORY_NAME) != 0)
			continue;
		*ret = STORY_ACCOUNT;
		if (!read_role(u, tw_json_text(one, "account"), ret))
			return false;
		*ret |= strcmp(tw_json_text(one, "state"), "suspended") == 0 ? STORY_SUSPENDED : 0;
		*ret |= *tw_json_text(one, "login") ? STORY_CAME : 0;
	}
	return true;
}

/* A word in what the owner is shown: that something was said, or was not. */
static bool read_word(tw_unit *u, const char *path, const char *word, unsigned bit, unsigned *ret)
{
	if (tw_unit_request(u, "GET", path, NULL, NULL) != 200)
		return complain(path, tw_unit_body(u));
	*ret |= strstr(tw_unit_body(u), word) ? bit : 0;
	return true;
}

/* Where there is a notice, whoever comes accepts it, or nothing else is answered. */
static bool read_notice(tw_unit *u, unsigned *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	char body[128];

	if (tw_unit_request(u, "GET", "/api/v1/notice", NULL, NULL) != 200)
		return complain("the notice cannot be read", tw_unit_body(u));
	if (tw_failed(tw_json_parse(tw_slice_of(tw_unit_body(u)), 65536, &j)))
		return complain("the form of the notice", tw_err_detail());
	*ret = *tw_json_text(j, "text") ? STORY_NOTICE : 0;
	(void)snprintf(body, sizeof body, "{\"notice\":\"%s\"}", tw_json_text(j, "notice"));
	return !*ret || tw_unit_request(u, "POST", "/api/v1/notice-acceptances", NULL, body) == 204 ||
		complain("the notice cannot be accepted", tw_unit_body(u));
}

static bool read_members(tw_unit *u, unsigned *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	char path[96] = "";
	size_t i;
	const json_t *one;

	if (tw_unit_request(u, "GET", "/api/v1/accounts", NULL, NULL) != 200)
		return complain("accounts cannot be read", tw_unit_body(u));
	if (tw_failed(tw_json_parse(tw_slice_of(tw_unit_body(u)), 65536, &j)))
		return complain("the form of accounts", tw_err_detail());
	json_array_foreach(tw_json_get(j, "accounts"), i, one)
		if (strcmp(tw_json_text(one, "name"), STORY_SHARED_NAME) == 0)
			(void)snprintf(path, sizeof path, "/api/v1/shared-accounts/%s", tw_json_text(one, "account"));
	if (!path[0])
		return true;
	*ret |= STORY_SHARED;
	if (tw_unit_request(u, "GET", path, NULL, NULL) == 200)
		*ret |= STORY_MEMBERS;
	return (*ret & STORY_MEMBERS) || strstr(tw_unit_body(u), "shared.none") ||
		complain("who uses a shared account", tw_unit_body(u));
}

static bool read_said(tw_unit *u, unsigned *ret)
{
	return read_notice(u, ret) && read_members(u, ret) &&
		read_word(u, "/api/v1/message-gateway", "\"set\":true", STORY_GATEWAY, ret) &&
		read_word(u, "/api/v1/radius-secret", "\"secret\":true", STORY_SECRET, ret) &&
		read_word(u, "/api/v1/credentials", "\"kind\":\"message\"", STORY_DESTINATION, ret) &&
		read_word(u, "/api/v1/credentials", "\"kind\":\"server\"", STORY_DELEGATED, ret);
}

static bool read_ways(tw_unit *u, const struct promise *p, struct ways *ret)
{
	const char *bad = ways_read(u, &p->ways, ret);

	return !bad || complain(bad, tw_err_detail());
}

static bool look_as_owner(tw_unit *u, const struct promise *p, struct side *ret)
{
	return read_said(u, &ret->said) && read_version(u, &ret->version) && read_key(u, &ret->key) &&
		read_suspected(u, &ret->suspected) && read_list(u, p, &ret->list) && read_account(u, &ret->account) &&
		read_ended(u, &ret->ended) && read_ways(u, p, &ret->ways);
}

static bool look(tw_unit *u, const struct promise *p, struct seen *ret)
{
	const struct tw_device *d = tw_unit_device(u);

	if (*tw_unit_log_fault(u))
		return complain("the log was set aside", tw_unit_log_fault(u));
	if (tw_failed(tw_unit_verify_log(u, &ret->log)))
		return complain("the log does not verify", tw_err_detail());
	if (ret->log.open_intents)
		return complain("an intent stays open", "");
	ret->epoch = tw_audit_epoch(d->context.audit);
	ret->format = tw_store_format(d->context.store);
	memcpy(ret->listener, d->listener_key, sizeof ret->listener);
	ret->side.owned = tw_unit_owned(u);
	if (d->access->owners.count > 1)
		return complain("two owners", "");
	(void)snprintf(ret->side.owner, sizeof ret->side.owner, "%.15s", d->access->owners.of[0].name);
	return (!ret->side.owned || look_as_owner(u, p, &ret->side)) && keys_sign(u, &ret->side);
}

/* What is found, and what was promised. */
static bool same_side(const struct side *a, const struct side *b)
{
	return a->owned == b->owned && a->version == b->version && a->key == b->key && a->suspected == b->suspected &&
		a->list == b->list && a->account == b->account && a->ended == b->ended && a->said == b->said &&
		ways_kept(&a->ways, &b->ways) && strcmp(a->owner, b->owner) == 0;
}

static bool secret_is(const char *directory, const uint8_t secret[16])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b;
	TW_CLEANUP(tw_closep) int dir = -1;
	char path[700];

	(void)snprintf(path, sizeof path, "%s/keys", directory);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tw_buf_init(&b, tw_sys_real(), 64);
	return dir >= 0 && !tw_failed(tw_durable_read(tw_sys_real(), dir, TW_KEYS_SECRET, 64, &b)) && b.size == 16 &&
		memcmp(b.data, secret, 16) == 0;
}

static bool kept(const char *directory, const struct promise *p, const struct seen *s)
{
	static const uint8_t none[32];
	bool moving = p->under_way && (p->now.owned != p->next.owned);
	const struct ways *w = &s->side.ways;
	char text[280];

	(void)snprintf(text, sizeof text,
		"owned %d by '%s', version %d, key %d, suspected %d, list %d, account %u, ended %d, said %u, password %d, known %d, step %d, counter %u, waits %d %d %d",
		s->side.owned, s->side.owner, (int)s->side.version, s->side.key, s->side.suspected, s->side.list, s->side.account,
		(int)s->side.ended, s->side.said, w->password, w->known, (int)w->step, w->counter, w->waits[0], w->waits[1],
		w->waits[2]);
	struct side now = p->now;

	now.key = now.key && (s->side.key || !moving); /* recovery destroys an owner's keys before it forgets him */
	if (!same_side(&s->side, &now) && !(p->under_way && same_side(&s->side, &p->next)))
		return complain("neither what was acknowledged nor what was under way", text);
	(void)snprintf(text, sizeof text, "%llu of %llu", (unsigned long long)s->log.earlier, (unsigned long long)p->records);
	if (s->log.earlier < p->records)
		return complain("durable records are gone from the log", text);
	if (p->format && s->format != p->format && !(p->migrating && s->format == p->format + 1))
		return complain("the store has another format", "");
	if (s->epoch <= p->epoch)
		return complain("an epoch begins again", "");
	if (!moving && memcmp(p->listener, none, 32) != 0 && memcmp(p->listener, s->listener, 32) != 0)
		return complain("the listener is not the one that was told", "");
	return moving || secret_is(directory, p->secret) || complain("the secret is not the one that was told", "");
}

static bool works(tw_unit *u, const struct seen *s, const struct promise *p)
{
	const char *bad = NULL;
	char version[24];

	if (p->token[0] && tw_unit_request_as(u, p->token, "GET", "/api/v1/identity", NULL) == 200)
		return complain("a session has outlived its boot", "");
	if (!s->side.owned)
		return tw_unit_takeover(u, "carol") == 201 || complain("it cannot be taken over", tw_unit_body(u));
	if (p->closely)
		bad = ways_work(u, &p->ways, &s->side.ways);
	if (bad)
		return complain(bad, tw_unit_body(u));
	if (p->ending && (s->side.account & STORY_ACCOUNT) && !role_ends(u, p, &s->side))
		return false;
	(void)snprintf(version, sizeof version, "\"%lld\"", (long long)s->side.version);
	return tw_unit_request(u, "PUT", STORY_SETTING, version, s->side.version % 2 ? "{\"value\":\"on\"}" : "{\"value\":\"off\"}") == 200 ||
		complain("it takes no change", tw_unit_body(u));
}

/* A little later than the promise, by the story's clock. */
static bool start(const char *directory, unsigned boot, const struct promise *p, tw_unit **ret)
{
	const struct tw_sys *sys = p->wall_ms ? ways_clock(p->wall_ms + LATER_MS) : tw_sys_real();

	tw_unit_boot(BOOTS + boot);
	return !tw_failed(tw_unit_start(sys, directory, ret)) || complain("does not start", tw_err_detail());
}

static bool second_start(const char *directory, const struct promise *p, const struct seen *first)
{
	struct seen second = { 0 };
	tw_unit *u = NULL;
	bool good = start(directory, 2, p, &u) && look(u, p, &second);

	if (good && (!same_side(&first->side, &second.side) || second.log.earlier < first->log.earlier))
		good = complain("a second start finds it otherwise", "");
	if (good && second.format != first->format)
		good = complain("the second start finds another format", "");
	if (good && second.epoch <= first->epoch)
		good = complain("the second start's epoch is not new", "");
	good = good && works(u, &second, p);
	(void)tw_unit_stop(u);
	return good;
}

const char *oracle_judge(const char *directory, const struct promise *p, size_t count)
{
	struct seen first = { 0 };
	tw_unit *u = NULL;
	bool good;

	if (count == 0 || !p[0].provisioned)
		return NULL;
	good = start(directory, 1, &p[count - 1], &u) && look(u, &p[count - 1], &first);
	for (size_t i = 0; good && i < count; i++)
		good = kept(directory, &p[i], &first);
	(void)tw_unit_stop(u);
	return good && second_start(directory, &p[count - 1], &first) ? NULL : complaint;
}
