/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks a device in one process for every operation that has a path, in a session of an account with each role, in each state that account and
 * session can come to, and prints what it answered:
 *
 *   OPERATION ROLE STATE STATUS RULE CHANGES
 *
 * CHANGES is how many rows of the store the request has changed. What the answers should be, `run` takes from the oracle.
 */
#include "one-world.h"

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

static void power_cut(const char *id, const char *role)
{
	static unsigned boot;

	tw_unit_boot(++boot);
	world_start(&w);
}

static const struct state {
	const char *name;
	void (*come)(const char *id, const char *role);
	bool temporary;
} states[] = {
	{ "live", stay, false },
	{ "suspended", suspend, false },
	{ "resumed", resume_too, false },
	{ "removed", take_out, false },
	{ "expired", expire, true },
	{ "revoked", end_sessions, false },
	{ "role-taken", take_role, false },
	{ "idle", idle, false },
	{ "power-cut", power_cut, false },
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

static void make(const char *role, bool temporary, char ret_id[24])
{
	char body[128];

	(void)snprintf(body, sizeof body, "{\"name\":\"somebody%u\",\"kind\":\"%s\"%s}", ++made, temporary ? "temporary" : "person",
		temporary ? ",\"lifetime\":" TRIES_END_S : "");
	check_as(NULL, "POST", "/api/v1/accounts", body, 201, NULL);
	world_text(&w, "account", ret_id, 24);
	(void)snprintf(body, sizeof body, "{\"account\":\"%s\",\"role\":\"%s\"}", ret_id, role);
	check_as(NULL, "POST", "/api/v1/role-assignments", body, 201, NULL);
}

static void ask_all(const char *role, const struct state *s)
{
	char id[24], token[64];

	make(role, s->temporary, id);
	CHECK_INT(open_for(id, token), 201);
	CHECK(world_reads(&w, token) != 401);
	s->come(id, role);
	for (const struct tw_part *p = tw_parts; p->capability; p++)
		for (const struct tw_operation_row *o = p->capability->operations; o->name; o++) {
			if (!o->path || !*o->path || !strcmp(o->name, "log.stream")) /* a stream has no end */
				continue;
			if (s->come == stay)
				CHECK_INT(open_for(id, token), 201); /* one of them ends it */
			ask(o, role, s->name, token);
		}
}

static void set(const char *key, const char *value)
{
	char target[96], body[64];

	(void)snprintf(target, sizeof target, "/api/v1/settings/%s", key);
	(void)snprintf(body, sizeof body, "{\"value\":\"%s\"}", value);
	CHECK_INT(tw_unit_request(w.unit, "PUT", target, "\"0\"", body), 200);
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
	return world_end(&w);
}
