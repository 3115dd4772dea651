/* SPDX-License-Identifier: Apache-2.0 */
/* Logging in by password, and what it takes: the owner's own is GOOD, the hash role is played, and the authenticator is in hand. */
#ifndef TW_TEST_UNIT_LOGINS_H
#define TW_TEST_UNIT_LOGINS_H
#include "authenticator.h"
#include "one-world.h"
#include "played-hash.h"

#define GOOD "nine quiet herons wade"
#define BETTER "seven loud geese march"
#define LOGINS "/api/v1/logins"

static char token[64], client[64], handle[64];

/* The answer, also when it came later. */
static inline int settle(int status)
{
	while (played_step())
		;
	return status ? status : tw_unit_later(w.unit);
}

static inline int ask(const char *method, const char *target, const char *body)
{
	return settle(tw_unit_request(w.unit, method, target, NULL, body));
}

static inline int ask_as(const char *who, const char *method, const char *target, const char *body)
{
	return settle(tw_unit_request_as(w.unit, who, method, target, body));
}

#define SAYS(text)                                                                                \
	do {                                                                                      \
		if (!strstr(tw_unit_body(w.unit), (text)))                                        \
			fail_msg("line %d: %s, want %s", __LINE__, tw_unit_body(w.unit), (text)); \
	} while (0)

static inline int login_begin(const char *name, const char *password)
{
	char body[512];

	(void)snprintf(body, sizeof body, "{\"account\":\"%s\",\"password\":\"%s\"%s%s%s}", name, password,
		client[0] ? ",\"client\":\"" : "", client, client[0] ? "\"" : "");
	return tw_unit_request_as(w.unit, NULL, "POST", LOGINS, body);
}

static inline int login(const char *name, const char *password)
{
	int status = settle(login_begin(name, password));

	token[0] = '\0';
	if (status == 201)
		world_text(&w, "token", token, sizeof token);
	if (status == 200)
		world_text(&w, "login", handle, sizeof handle);
	return status;
}

static inline int go_on(const char *key, const char *value)
{
	char body[256];

	(void)snprintf(body, sizeof body, "{\"login\":\"%s\",\"%s\":\"%s\"}", handle, key, value);
	int status = ask_as(NULL, "POST", LOGINS, body);
	if (status == 201)
		world_text(&w, "token", token, sizeof token);
	return status;
}

/* The owner's own account, a1, with the password GOOD, and bob's, a2, who has none yet. */
static inline int set_up_logins(void **state)
{
	if (set_up_owned(state))
		return -1;
	memset(&played, 0, sizeof played);
	client[0] = token[0] = handle[0] = '\0';
	CHECK_INT(ask("PUT", "/api/v1/password", "{\"password\":\"" GOOD "\"}"), 204);
	CHECK_INT(ask("POST", "/api/v1/accounts", "{\"name\":\"bob\",\"kind\":\"person\"}"), 201);
	return 0;
}

static uint8_t secret[TW_TOTP_SECRET];
static int64_t step_used;

static inline void take_secret(uint8_t ret[TW_TOTP_SECRET])
{
	char uri[512];

	world_text(&w, "uri", uri, sizeof uri);
	secret_in(uri, ret);
}

/* The next one that was not used. */
static inline const char *next_code(const uint8_t of[TW_TOTP_SECRET])
{
	step_used = step_used ? step_used + 1 : WORLD_WALL / TW_TOTP_STEP_MS;
	world_at(&w, step_used * TW_TOTP_STEP_MS, tw_time_boot_ms(&device()->time));
	return code_at(of, step_used);
}

static inline int with_code(const char *method, const char *target, const char *code)
{
	char body[32];

	(void)snprintf(body, sizeof body, "{\"code\":\"%s\"}", code);
	return ask(method, target, body);
}

static inline void enrol(void)
{
	step_used = 0;
	CHECK_INT(ask("POST", "/api/v1/authenticator", "{}"), 201);
	SAYS("otpauth://totp/");
	take_secret(secret);
	CHECK_INT(with_code("PUT", "/api/v1/authenticator", next_code(secret)), 204);
}

static inline void set(const char *key, const char *version, const char *value, int want)
{
	char target[96], body[96];

	(void)snprintf(target, sizeof target, "/api/v1/settings/%s", key);
	(void)snprintf(body, sizeof body, "{\"value\":\"%s\"}", value);
	CHECK_INT(tw_unit_request(w.unit, "PUT", target, version, body), want);
}
#endif
