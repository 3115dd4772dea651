/* SPDX-License-Identifier: Apache-2.0 */
/* Walks a device through every state of an account's sessions and of what hangs on them (doc/model/sessions.pml). */
#include "played-hash.h"
#include "walk.h"

#include "base/text.h"

#define UNIT (10 * MINUTE)
#define IDLE "1200" /* seconds: two of them */
#define LIMIT 3
#define LOGINS "/api/v1/logins"

static char id[24];                /* of the account: each that is made is another */
static char token[64], handle[64]; /* the last that were given */
static char given[48], own[48];    /* its passwords, each another than those before */
static unsigned number, boot;
static int64_t now = WORLD_BOOT;
static uint8_t had[32], has[32]; /* the hash of its session before the event, and behind it; zeros: there is none */

static int settle(int status)
{
	while (played_step())
		;
	return status ? status : tw_unit_later(w.unit);
}

/* By the owner. */
static int ask(const char *method, const char *target, const char *rest, const char *body)
{
	char path[96];

	(void)snprintf(path, sizeof path, "/api/v1/%s%s", target, rest);
	return settle(tw_unit_request(w.unit, method, path, NULL, body));
}

static int taken(int status)
{
	if (status == 201)
		world_text(&w, "token", token, sizeof token);
	return status;
}

/* --- Events --- */

static int make(void)
{
	int status = ask("POST", "accounts", "", "{\"name\":\"bob\",\"kind\":\"person\"}");

	if (status == 201)
		world_text(&w, "account", id, sizeof id);
	return status;
}

static int take_out(void)
{
	return ask("DELETE", "accounts/", id, NULL);
}

static int suspend(void)
{
	return ask("PUT", "suspensions/", id, NULL);
}

static int resume(void)
{
	return ask("DELETE", "suspensions/", id, NULL);
}

static int role_give(void)
{
	char body[64];

	(void)snprintf(body, sizeof body, "{\"account\":\"%s\",\"role\":\"operator\"}", id);
	return ask("POST", "role-assignments", "", body);
}

static int role_take(void)
{
	char rest[48];

	(void)snprintf(rest, sizeof rest, "%s.operator", id);
	return ask("DELETE", "role-assignments/", rest, NULL);
}

static int password_give(void)
{
	char body[96];

	(void)snprintf(given, sizeof given, "seven loud geese %u", ++number);
	(void)snprintf(body, sizeof body, "{\"password\":\"%s\"}", given);
	return ask("PUT", "passwords/", id, body);
}

static int password_remove(void)
{
	return ask("DELETE", "passwords/", id, NULL);
}

static struct tw_password_kept kept(void)
{
	struct tw_password_kept k;
	uint64_t n = 0;

	CHECK_OK(tw_parse_u64(tw_slice_of(id + 1), INT64_MAX, &n));
	CHECK_OK(tw_password_of(&device()->context, (int64_t)n, &k));
	return k;
}

static int login_by(const char *password)
{
	char body[160];

	(void)snprintf(body, sizeof body, "{\"account\":\"bob\",\"password\":\"%s\"}", password);
	int status = settle(tw_unit_request_as(w.unit, NULL, "POST", LOGINS, body));
	if (status == 200)
		world_text(&w, "login", handle, sizeof handle);
	return taken(status);
}

static int login(void)
{
	return login_by(kept().must_change ? given : own);
}

static int login_wrong(void)
{
	return login_by("guess number one");
}

static int renew(void)
{
	char body[200], next[sizeof own];

	(void)snprintf(next, sizeof next, "nine quiet herons %u", ++number);
	(void)snprintf(body, sizeof body, "{\"login\":\"%s\",\"new_password\":\"%s\"}", handle, next);
	int status = taken(settle(tw_unit_request_as(w.unit, NULL, "POST", LOGINS, body)));
	if (status == 201)
		memcpy(own, next, sizeof own);
	return status;
}

static int code(void)
{
	char body[64], text[16];

	(void)snprintf(body, sizeof body, "{\"account\":\"%s\"}", id);
	int status = ask("POST", "session-codes", "", body);
	if (status != 201)
		return status;
	world_text(&w, "code", text, sizeof text);
	(void)snprintf(body, sizeof body, "{\"code\":\"%s\"}", text);
	return taken(world_open(&w, body));
}

static int use(void)
{
	return world_reads(&w, token);
}

static int change_own(void)
{
	char body[160], next[sizeof own];

	(void)snprintf(next, sizeof next, "nine quiet herons %u", ++number);
	(void)snprintf(body, sizeof body, "{\"old\":\"%s\",\"password\":\"%s\"}", own, next);
	int status = settle(tw_unit_request_as(w.unit, token, "PUT", "/api/v1/password", body));
	if (status == 204)
		memcpy(own, next, sizeof own);
	return status;
}

static int close_it(void)
{
	return tw_unit_request_as(w.unit, token, "DELETE", "/api/v1/sessions/current", NULL);
}

static int end_all(void)
{
	return ask("DELETE", "account-sessions/", id, NULL);
}

static int ten_minutes(void)
{
	now += UNIT;
	world_at(&w, WORLD_WALL + now, now);
	return 0;
}

static int restart(void)
{
	world_start(&w);
	return 0;
}

static int power_cut(void)
{
	tw_unit_boot(++boot);
	return restart();
}

/* --- States --- */

static const struct tw_session *open_session(int64_t account)
{
	const struct tw_session *found = NULL;

	for (size_t i = 0; i < TW_SESSIONS_MAX; i++) {
		const struct tw_session *s = &device()->access->guard.sessions[i];

		if (s->account != account || !tw_access_session_lives(&device()->context, s))
			continue;
		walk_broken |= found != NULL; /* more than there may be */
		found = s;
	}
	return found;
}

/* A login that waits, and has waited for what the account has still. */
static bool waits(int64_t account)
{
	struct tw_password_kept k = kept();

	for (size_t i = 0; i < TW_LOGIN_STEPS; i++) {
		const struct tw_login_step *s = &device()->access->steps[i];

		if (s->account == account && s->expires_ms > now && tw_phc_same(&s->began, &k.hash))
			return true;
	}
	return false;
}

static void observe(char ret[WALK_TEXT])
{
	struct tw_account a = { .id = 0 };
	struct tw_password_kept k = kept();
	char session[16] = "none";
	uint64_t n = 0;

	CHECK_OK(tw_parse_u64(tw_slice_of(id + 1), INT64_MAX, &n));
	bool there = !tw_failed(tw_account_get(&device()->context, (int64_t)n, &a));
	const struct tw_session *s = there ? open_session(a.id) : NULL;
	memcpy(had, has, sizeof had);
	memset(has, 0, sizeof has);
	if (s) {
		memcpy(has, s->hash, sizeof has);
		(void)snprintf(session, sizeof session, "%d/%d", (int)((now - s->expires_ms) / UNIT + LIMIT),
			(int)((now - s->used_ms) / UNIT));
	}
	(void)snprintf(ret, WALK_TEXT, "%s %s %s %d %s",
		!there                                 ? "nobody"
			: a.state == TW_ACCOUNT_ACTIVE ? "active"
						       : "suspended",
		there && tw_account_has(a.roles, "operator") ? "operator" : "-",
		!k.is                   ? "none"
			: k.must_change ? "given"
					: "own",
		there && waits(a.id), session);
}

static const char *what(void)
{
	static const uint8_t none[sizeof has];

	return memcmp(has, none, sizeof has) == 0 ? "none" : memcmp(has, had, sizeof has) == 0 ? "same" : "new";
}

static void begin(void)
{
	static const char nothing[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

	(void)take_out();
	(void)snprintf(token, sizeof token, "%s", nothing);
	(void)snprintf(handle, sizeof handle, "%s", nothing);
}

static void set(const char *target, const char *version, const char *body)
{
	if (tw_unit_request(w.unit, "PUT", target, version, body) != 200)
		fail_msg("%s: %s", target, tw_unit_body(w.unit));
}

static void set_up(void)
{
	set("/api/v1/settings/logical-access.session-idle", "\"0\"", "{\"value\":\"" IDLE "\"}");
	set("/api/v1/settings/logical-access.throttle", "\"0\"", "{\"value\":\"off\"}");
	set("/api/v1/session-caps/account.each", NULL, "{\"most\":1}");
	(void)snprintf(id, sizeof id, "a999");
	(void)snprintf(own, sizeof own, "nine quiet herons wade");
}

/* --- The walk --- */

static bool has_own(const char *state)
{
	return strstr(state, " own ") != NULL;
}

static const struct walk_event events[] = {
	{ "make", make, NULL },
	{ "remove", take_out, NULL },
	{ "suspend", suspend, NULL },
	{ "resume", resume, NULL },
	{ "role-give", role_give, NULL },
	{ "role-take", role_take, NULL },
	{ "password-give", password_give, NULL },
	{ "password-remove", password_remove, NULL },
	{ "login", login, NULL },
	{ "login-wrong", login_wrong, NULL },
	{ "renew", renew, NULL },
	{ "code", code, NULL },
	{ "use", use, NULL },
	{ "change-own", change_own, has_own },
	{ "close", close_it, NULL },
	{ "end-all", end_all, NULL },
	{ "ten-minutes", ten_minutes, NULL },
	{ "restart", restart, NULL },
	{ "power-cut", power_cut, NULL },
};

int main(void)
{
	const struct walk walk = { .events = events, .count = TW_COUNT(events), .begin = begin, .observe = observe, .what = what };

	return walk_main(&walk, set_up);
}
