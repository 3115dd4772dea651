/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks a device in one process for every operation that has a path, in a session of an account with each role, in each state that account and
 * session can come to, and prints what it answered:
 *
 *   OPERATION ROLE STATE STATUS RULE CHANGES
 *
 * CHANGES is how many rows of the store the request has changed. What the answers should be, `run` takes from the oracle.
 *
 * A session is bound to the door it was opened at and to the client key of that connection, if there was one; so among the states are its token at
 * another door, without its key, and with another one.
 *
 * Two more kinds of states: what the session was opened by ("by password+totp", and that where the organization asks for more, "by code under
 * two-factors"), or a connection with a client certificate; and sessions of a shared account, which live on with their member's alone ("shared",
 * and "shared, ...": what has happened to member or account since). What another server judges of a password opens a session "by password" too.
 */
#include "one-world.h"
#include "played-hash.h"

#include "service/access/password.h"

#include <string.h>

#define HOUR (60 * MINUTE)
#define TRIES_END_S "3600" /* of a temporary account */

static const char *const roles[] = { "guest", "user", "operator", "admin", "auditor", "emergency", "supporting-party" };
static int64_t now = WORLD_BOOT;
static unsigned made;

static void pass(int64_t ms)
{
	now += ms;
	world_at(&w, WORLD_WALL + now, now);
}

/* Each time to another value, by the version that it has. */
static void set(const char *key, const char *value)
{
	char target[96], body[64];

	(void)snprintf(target, sizeof target, "/api/v1/settings/%s", key);
	(void)snprintf(body, sizeof body, "{\"value\":\"%s\"}", value);
	check_as(NULL, "GET", target, NULL, 200, NULL);
	TW_CLEANUP(tw_jsonp) json_t *is = NULL;
	char version[24];
	CHECK_OK(tw_json_parse(tw_slice_of(tw_unit_body(w.unit)), 65536, &is));
	(void)snprintf(version, sizeof version, "\"%lld\"", (long long)tw_json_int(is, "version"));
	CHECK_INT(tw_unit_request(w.unit, "PUT", target, version, body), 200);
}

static void ask_owner(const char *method, const char *place, const char *id, const char *rest, const char *body, int want)
{
	char path[128];

	(void)snprintf(path, sizeof path, "/api/v1/%s%s%s", place, id, rest);
	check_as(NULL, method, path, body, want, NULL);
}

/* --- States, of an account that has just come in --- */

static void stay(const char *id, const char *role)
{
}

static void suspend(const char *id, const char *role)
{
	ask_owner("PUT", "suspensions/", id, "", NULL, 204);
}

static void resume_too(const char *id, const char *role)
{
	suspend(id, role);
	ask_owner("DELETE", "suspensions/", id, "", NULL, 204);
}

static void take_out(const char *id, const char *role)
{
	ask_owner("DELETE", "accounts/", id, "", NULL, 204);
}

static void expire(const char *id, const char *role)
{
	pass(2 * HOUR);
}

static void end_sessions(const char *id, const char *role)
{
	ask_owner("DELETE", "account-sessions/", id, "", NULL, 204);
}

static void take_role(const char *id, const char *role)
{
	char rest[40];

	(void)snprintf(rest, sizeof rest, ".%s", role);
	ask_owner("DELETE", "role-assignments/", id, rest, NULL, 204);
}

static void idle(const char *id, const char *role)
{
	pass(25 * HOUR);
}

/* The session could live on for hours; the account was not used for longer than it may be. */
static void disable(const char *id, const char *role)
{
	set("logical-access.inactive", "3600");
	pass(2 * HOUR);
}

static void enable(void)
{
	set("logical-access.inactive", "7776000");
}

static void change_password(const char *id, const char *role)
{
	ask_owner("PUT", "passwords/", id, "", "{\"password\":\"nine quiet herons wade\"}", 0);
	CHECK(played_step());
	CHECK_INT(tw_unit_later(w.unit), 204);
}

static void take_password(const char *id, const char *role)
{
	static const char phc[] = "$argon2id$v=19$m=19456,t=2,p=1$dGhlcmUgaXMgbm8gb25lIQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	int64_t account = 0;

	CHECK(tw_account_id_read(tw_slice_of(id), &account));
	CHECK_OK(tw_password_put(&device()->context, &(struct tw_password_new){ account, phc, "", false }));
	ask_owner("DELETE", "passwords/", id, "", NULL, 204);
}

static void power_cut(const char *id, const char *role)
{
	static unsigned boot;

	tw_unit_boot(++boot);
	world_start(&w);
}

static const struct tw_unit_way at_local = { .local = true }, with_key = { .has_key = true, .key = { 7 } },
				with_other_key = { .has_key = true, .key = { 8 } };

static const struct state {
	const char *name;
	void (*come)(const char *id, const char *role);
	bool temporary, lives;
	const struct tw_unit_way *opened, *shown; /* how the session was opened, and how its token comes; NULL: over HTTPS, without a key */
	void (*leave)(void);
} states[] = {
	{ "live", stay, .lives = true },
	{ "suspended", suspend },
	{ "resumed", resume_too },
	{ "removed", take_out },
	{ "expired", expire, .temporary = true },
	{ "disabled", disable, .leave = enable },
	{ "revoked", end_sessions },
	{ "role-taken", take_role },
	{ "password-changed", change_password },
	{ "password-taken", take_password },
	{ "idle", idle },
	{ "power-cut", power_cut },
	{ "own-key", stay, .lives = true, .opened = &with_key, .shown = &with_key },
	{ "no-key", stay, .opened = &with_key },
	{ "other-key", stay, .opened = &with_key, .shown = &with_other_key },
	{ "own-local", stay, .lives = true, .opened = &at_local, .shown = &at_local },
	{ "at-local", stay, .shown = &at_local },
	{ "of-local", stay, .opened = &at_local },
};

/* --- Questions --- */

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static int64_t changes(void)
{
	int64_t n = -1;

	CHECK_OK(tw_store_run(device()->context.store, "SELECT total_changes()", NULL, 0, take_number, &n));
	return n;
}

/* A place of that form, and nothing there. */
static void fill(const char *path, char ret[128])
{
	const char *open = strchr(path, '{');
	const char *with = !open               ? ""
		: !strncmp(open, "{key}", 5)   ? "identification.remote-read"
		: !strncmp(open, "{first}", 7) ? "1"
					       : "nobody";

	(void)snprintf(ret, 128, "%.*s%s", open ? (int)(open - path) : 100, path, with);
}

static void ask(const struct tw_operation_row *o, const char *role, const char *state, const char *token)
{
	char path[128], rule[64] = "-";

	fill(o->path, path);
	int64_t before = changes();
	int status = tw_unit_request_as(w.unit, token, o->method, path, o->input ? "{\"no such key\":1}" : NULL);
	int64_t after = changes();
	if (status >= 400)
		world_text(&w, "rule", rule, sizeof rule);
	printf("%s\t%s\t%s\t%d\t%s\t%lld\n", o->name, role, state, status, rule, (long long)(after - before));
}

/* Two roles are given for a time alone. */
static void give_role(const char *id, const char *role)
{
	char body[128];

	(void)snprintf(body, sizeof body, "{\"account\":\"%s\",\"role\":\"%s\"%s}", id, role,
		strstr("emergency supporting-party", role) ? ",\"lifetime\":604800" : "");
	check_as(NULL, "POST", "/api/v1/role-assignments", body, 201, NULL);
}

static void make(const char *role, bool temporary, char ret_id[24])
{
	char body[128];

	(void)snprintf(body, sizeof body, "{\"name\":\"somebody%u\",\"kind\":\"%s\"%s}", ++made, temporary ? "temporary" : "person",
		temporary ? ",\"lifetime\":" TRIES_END_S : "");
	check_as(NULL, "POST", "/api/v1/accounts", body, 201, NULL);
	world_text(&w, "account", ret_id, 24);
	give_role(ret_id, role);
}

static void open_so(const char *id, const struct state *s, char token[64])
{
	tw_unit_by(w.unit, s->opened);
	CHECK_INT(open_for(id, token), 201);
	CHECK(world_reads(&w, token) != 401); /* it lives where it was opened */
	tw_unit_by(w.unit, NULL);
}

static void ask_all(const char *role, const struct state *s)
{
	char id[24], token[64];

	make(role, s->temporary, id);
	open_so(id, s, token);
	s->come(id, role);
	for (const struct tw_part *p = tw_parts; p->capability; p++)
		for (const struct tw_operation_row *o = p->capability->operations; o->name; o++) {
			if (!o->path || !*o->path || !strcmp(o->name, "log.stream")) /* a stream has no end */
				continue;
			if (s->lives)
				open_so(id, s, token); /* one of them ends it */
			tw_unit_by(w.unit, s->shown);
			ask(o, role, s->name, token);
			tw_unit_by(w.unit, NULL);
		}
	if (s->lives)
		end_sessions(id, role); /* of all accounts together there are only so many */
	if (s->leave)
		s->leave();
}

static void ask_each(const char *role, const char *state, const struct tw_unit_way *way,
	void (*open)(const char *id, char token[64]), const char *id)
{
	char token[64] = "";

	for (const struct tw_part *p = tw_parts; p->capability; p++)
		for (const struct tw_operation_row *o = p->capability->operations; o->name; o++) {
			if (!o->path || !*o->path || !strcmp(o->name, "log.stream"))
				continue;
			if (open)
				open(id, token);
			tw_unit_by(w.unit, way);
			ask(o, role, state, open ? token : NULL);
			tw_unit_by(w.unit, NULL);
		}
}

/* --- What a session was opened by --- */

static const char *const strengths[] = { "any", "two-factors", "certificate" };
static const char *const methods[] = { TW_HOW_CODE, TW_HOW_PASSWORD, TW_HOW_PASSWORD_TOTP, TW_HOW_PASSWORD_MESSAGE,
	TW_HOW_PASSWORD_PASSKEY, TW_HOW_OUTSIDE, TW_HOW_OUTSIDE_TOTP };
static const char *method;

static void open_by(const char *id, char token[64])
{
	const struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .source = "192.0.2.7" } };
	struct tw_opening o = { .how = method, .rq = &rq };

	CHECK(tw_account_id_read(tw_slice_of(id), &o.account));
	CHECK_OK(tw_access_session(&device()->context, &o, token));
}

static void ask_certificate(const char *role, const char *id, const char *state)
{
	struct tw_unit_way own = { .has_key = true };
	int64_t account = 0, credential = 0;

	CHECK(tw_account_id_read(tw_slice_of(id), &account));
	memcpy(own.key, &account, sizeof account);
	own.key[31] = 9;
	CHECK_OK(tw_credential_put(device(), &(struct tw_new_credential){ account, "his", own.key, NULL }, &credential));
	ask_each(role, state, &own, NULL, id);
}

static void ask_methods(const char *role, const char *strength)
{
	const bool any = !strcmp(strength, "any");
	char id[24], state[80];

	if (!any)
		set("logical-access.network-methods", strength);
	for (size_t i = 0; i <= TW_COUNT(methods); i++) {
		method = i < TW_COUNT(methods) ? methods[i] : TW_HOW_CERTIFICATE;
		make(role, false, id);
		(void)snprintf(state, sizeof state, "by %s%s%s", method, any ? "" : " under ", any ? "" : strength);
		if (i < TW_COUNT(methods))
			ask_each(role, state, NULL, open_by, id);
		else
			ask_certificate(role, id, state);
		take_out(id, role); /* with its sessions */
	}
	if (!any)
		set("logical-access.network-methods", "any");
}

/* --- Sessions of shared accounts --- */

static struct {
	char member[24], token[64];
} by;

static void let_use(const char *id, const char *member)
{
	char body[128];

	(void)snprintf(body, sizeof body, "{\"members\":\"%s\",\"conditions\":{\"sessions\":2}}", member);
	ask_owner("PUT", "shared-accounts/", id, "", body, 200);
}

/* Of the one before nothing is left, so that there are never more than may be. */
static void open_shared(const char *id, char token[64])
{
	char body[64];

	if (token[0])
		(void)tw_unit_request_as(w.unit, token, "DELETE", "/api/v1/sessions/current", NULL);
	(void)snprintf(body, sizeof body, "{\"account\":\"%s\"}", id);
	check_as(by.token, "POST", "/api/v1/shared-sessions", body, 201, NULL);
	world_text(&w, "token", token, 64);
}

static void make_shared(const char *role, char ret_id[24])
{
	char body[128];

	make("guest", false, by.member);
	CHECK_INT(open_for(by.member, by.token), 201);
	(void)snprintf(body, sizeof body, "{\"name\":\"shared%u\",\"kind\":\"shared\"}", ++made);
	check_as(NULL, "POST", "/api/v1/accounts", body, 201, NULL);
	world_text(&w, "account", ret_id, 24);
	give_role(ret_id, role);
	let_use(ret_id, by.member);
}

static void leave_out(const char *id, const char *role)
{
	let_use(id, "a1");
}

static void say_nothing(const char *id, const char *role)
{
	ask_owner("DELETE", "shared-accounts/", id, "", NULL, 204);
}

static void suspend_member(const char *id, const char *role)
{
	suspend(by.member, role);
}

static void take_member_out(const char *id, const char *role)
{
	take_out(by.member, role);
}

static void end_members(const char *id, const char *role)
{
	end_sessions(by.member, role);
}

static void take_members_role(const char *id, const char *role)
{
	take_role(by.member, "guest");
}

static void change_members_password(const char *id, const char *role)
{
	change_password(by.member, role);
}

static void sign_member_out(const char *id, const char *role)
{
	CHECK_INT(tw_unit_request_as(w.unit, by.token, "DELETE", "/api/v1/sessions/current", NULL), 204);
}

static const struct {
	const char *name;
	void (*come)(const char *id, const char *role);
} ends[] = {
	{ "shared, membership ended", leave_out },
	{ "shared, nobody's", say_nothing },
	{ "shared, suspended", suspend },
	{ "shared, removed", take_out },
	{ "shared, role taken", take_role },
	{ "shared, member suspended", suspend_member },
	{ "shared, member removed", take_member_out },
	{ "shared, member's sessions ended", end_members },
	{ "shared, member's role taken", take_members_role },
	{ "shared, member's password changed", change_members_password },
	{ "shared, member signed out", sign_member_out },
};

/* The one session that there was. */
static char over[64];

static void still(const char *id, char token[64])
{
	memcpy(token, over, sizeof over);
}

static void ask_shared(const char *role)
{
	char id[24];

	make_shared(role, id);
	ask_each(role, "shared", NULL, open_shared, id);
	for (size_t i = 0; i < TW_COUNT(ends); i++) {
		make_shared(role, id);
		over[0] = '\0';
		open_shared(id, over);
		CHECK(world_reads(&w, over) != 401);
		ends[i].come(id, role);
		ask_each(role, ends[i].name, NULL, still, id);
	}
}

int main(void)
{
	if (world_make(&w))
		return 2;
	world_start_owned(&w);
	set("logical-access.throttle", "off");
	set("logical-access.session-idle", "86400");
	set("logical-access.session-limit", "604800");
	for (size_t r = 0; r < TW_COUNT(roles); r++)
		for (size_t s = 0; s < TW_COUNT(states); s++)
			ask_all(roles[r], &states[s]);
	for (size_t r = 0; r < TW_COUNT(roles); r++) {
		ask_methods(roles[r], "any");
		ask_shared(roles[r]);
	}
	for (size_t s = 1; s < TW_COUNT(strengths); s++)
		ask_methods("admin", strengths[s]);
	return world_end(&w);
}
