/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an account is given and loses: a role, a password, an authenticator, a passkey. The owner's own, so that each request is one that a person
 * makes, with what he was told before: the code of now, what his token made.
 */
#include "scenario.h"

#include "authenticator.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "device/logical-access/passkey.h"
#include "device/logical-access/state.h"
#include "sys/real.h"

#include <stdio.h>
#include <string.h>

#define OWNER 1
#define SITE "pump.example"
#define KEYS "/api/v1/passkeys"

static char input[900];

/* --- A role --- */

static bool make_account(tw_unit *u)
{
	return ask(u, "POST", "/api/v1/accounts", "{\"name\":\"sue\",\"kind\":\"person\"}") == 201;
}

static int give_role(tw_unit *u)
{
	return ask(u, "POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"operator\"}");
}

static bool is_role_given(tw_unit *u)
{
	return ask(u, "GET", "/api/v1/accounts/a2", NULL) == 200 && strstr(tw_unit_body(u), "\"operator\"");
}

/* --- A password --- */

static int give_password(tw_unit *u)
{
	return ask(u, "PUT", "/api/v1/password", "{\"password\":\"nine quiet herons wade\"}");
}

static bool is_password(tw_unit *u)
{
	struct tw_password_kept kept = { .is = false };

	return !tw_failed(tw_password_of(&tw_unit_device(u)->context, OWNER, &kept)) && kept.is;
}

static bool make_password(tw_unit *u)
{
	return has_password(u, OWNER);
}

static int change_password(tw_unit *u)
{
	return ask(u, "PUT", "/api/v1/password", "{\"old\":\"nine quiet herons wade\",\"password\":\"seven loud geese march\"}");
}

/* The tag of the one that was there before is of zeros. */
static bool is_password_changed(tw_unit *u)
{
	struct tw_password_kept kept = { .is = false };

	return !tw_failed(tw_password_of(&tw_unit_device(u)->context, OWNER, &kept)) && kept.is && kept.hash.tag[0] == 1;
}

/* --- An authenticator --- */

static int64_t step_now; /* of the code that was written last */

static void write_code(tw_unit *u, const uint8_t secret[TW_TOTP_SECRET], int steps_on)
{
	step_now = tw_time_wall_ms(&tw_unit_device(u)->time) / TW_TOTP_STEP_MS + steps_on;
	(void)snprintf(input, sizeof input, "{\"code\":\"%s\"}", code_at(secret, step_now));
}

static bool begin_authenticator(tw_unit *u, uint8_t ret_secret[TW_TOTP_SECRET])
{
	char uri[TW_TOTP_URI_MAX];

	if (ask(u, "POST", "/api/v1/authenticator", "{}") != 201)
		return false;
	text_of(u, "uri", uri, sizeof uri);
	secret_in(uri, ret_secret);
	return true;
}

static bool make_authenticator(tw_unit *u)
{
	uint8_t secret[TW_TOTP_SECRET];

	if (!begin_authenticator(u, secret))
		return false;
	write_code(u, secret, 0);
	return true;
}

static int confirm_authenticator(tw_unit *u)
{
	return ask(u, "PUT", "/api/v1/authenticator", input);
}

static bool is_authenticator(tw_unit *u)
{
	bool is = false;

	return !tw_failed(tw_totp_wanted(&tw_unit_device(u)->context, OWNER, &is)) && is;
}

/* By the code of now; the next one is good too, and both are if a step goes by meanwhile. */
static bool has_authenticator(tw_unit *u)
{
	uint8_t secret[TW_TOTP_SECRET];

	if (!begin_authenticator(u, secret))
		return false;
	write_code(u, secret, 0);
	bool good = confirm_authenticator(u) == 204;
	write_code(u, secret, 1);
	return good;
}

static int remove_authenticator(tw_unit *u)
{
	return ask(u, "POST", "/api/v1/authenticator/removal", input);
}

static bool is_authenticator_removed(tw_unit *u)
{
	bool is = true;

	return !tw_failed(tw_totp_wanted(&tw_unit_device(u)->context, OWNER, &is)) && !is;
}

/* From the password to the session, by the code of now. */
static bool make_login(tw_unit *u)
{
	return has_password(u, OWNER) && has_authenticator(u);
}

static int log_in_by_code(tw_unit *u)
{
	static const char begin[] = "{\"account\":\"alice\",\"password\":\"nine quiet herons wade\"}";
	char handle[64], body[160];
	int status = settle(u, tw_unit_request_as(u, NULL, "POST", "/api/v1/logins", begin));

	if (status != 200)
		return status;
	text_of(u, "login", handle, sizeof handle);
	(void)snprintf(body, sizeof body, "{\"login\":\"%s\",%.16s", handle, input + 1); /* "code":"123456"} */
	return settle(u, tw_unit_request_as(u, NULL, "POST", "/api/v1/logins", body));
}

static tw_err take_used(void *user, const tw_row *row)
{
	*(bool *)user = tw_row_int(row, 0) == 1;
	return TW_OK;
}

/* The account remembers it, and the code is kept as used: the step of now, in front of the secret. */
static bool is_logged_in_by_code(tw_unit *u)
{
	static const char used[] = "SELECT count(*) FROM credential WHERE kind = 'totp' AND CAST(data AS INTEGER) = ?1";
	const struct tw_value v[] = { TW_V_INT(step_now) };
	bool is = false;

	return !tw_failed(tw_store_run(tw_unit_device(u)->context.store, used, v, TW_COUNT(v), take_used, &is)) && is &&
		ask(u, "GET", "/api/v1/accounts/a1", NULL) == 200 && strstr(tw_unit_body(u), "\"password+totp\"");
}

/* --- A passkey --- */

static bool encode(const void *data, size_t size, char *ret, size_t max)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), max - 1);
	if (tw_failed(tw_buf_base64url(&b, data, size)))
		return false;
	(void)snprintf(ret, max, "%s", tw_buf_cstr(&b));
	return true;
}

/* What browser and token would say to the challenge: who asks, that somebody touched it, a counter of 5. */
static bool make_passkey(tw_unit *u)
{
	const struct tw_dns_names names = { .count = 1, .of = { SITE } };
	uint8_t said[TW_PASSKEY_DATA_MIN] = { 0 };
	char challenge[64], client[300], client_64[420], data[80];

	tw_device_named(tw_unit_device(u), NULL, &names);
	tw_unit_under(u, SITE);
	if (ask(u, "POST", "/api/v1/passkey-challenges", NULL) != 201 || tw_failed(tw_sha256(SITE, sizeof SITE - 1, said)))
		return false;
	text_of(u, "challenge", challenge, sizeof challenge);
	said[32] = 0x41;
	said[TW_PASSKEY_COUNTER_AT + 3] = 5;
	(void)snprintf(client, sizeof client, "{\"type\":\"webauthn.create\",\"challenge\":\"%s\",\"origin\":\"https://" SITE "\"}",
		challenge);
	if (!encode(client, strlen(client), client_64, sizeof client_64) || !encode(said, sizeof said, data, sizeof data))
		return false;
	(void)snprintf(input, sizeof input, "{\"label\":\"a key\",\"client_data\":\"%s\",\"authenticator_data\":\"%s\"}", client_64, data);
	return true;
}

static int enrol_passkey(tw_unit *u)
{
	return ask(u, "POST", KEYS, input);
}

static tw_err take_counter(void *user, const struct tw_passkey *p)
{
	*(uint32_t *)user = p->counter;
	return TW_OK;
}

static bool is_passkey(tw_unit *u)
{
	uint32_t counter = 0;

	return !tw_failed(tw_passkey_each(&tw_unit_device(u)->context, OWNER, take_counter, &counter)) && counter == 5;
}

static bool has_passkey(tw_unit *u)
{
	char id[32];

	if (!make_passkey(u) || enrol_passkey(u) != 201)
		return false;
	text_of(u, "credential", id, sizeof id);
	(void)snprintf(input, sizeof input, KEYS "/%s", id);
	return true;
}

static int remove_passkey(tw_unit *u)
{
	return ask(u, "DELETE", input, NULL);
}

static bool is_passkey_removed(tw_unit *u)
{
	uint32_t counter = 0;

	return !tw_failed(tw_passkey_each(&tw_unit_device(u)->context, OWNER, take_counter, &counter)) && counter == 0;
}

const struct scenario scenarios_of_credentials[] = {
	{ "role given", "owned", false, give_role, 201, is_role_given, 2, .before = make_account },
	{ "password given", "owned", false, give_password, 204, is_password, 1 },
	{ "password changed", "owned", false, change_password, 204, is_password_changed, 1, .before = make_password },
	{ "authenticator confirmed", "owned", false, confirm_authenticator, 204, is_authenticator, 2, .before = make_authenticator },
	{ "authenticator removed", "owned", false, remove_authenticator, 204, is_authenticator_removed, 3, .before = has_authenticator },
	{ "login by code", "owned", false, log_in_by_code, 201, is_logged_in_by_code, 3, .before = make_login },
	{ "passkey enrolled", "owned", false, enrol_passkey, 201, is_passkey, 1, .before = make_passkey },
	{ "passkey removed", "owned", false, remove_passkey, 204, is_passkey_removed, 2, .before = has_passkey },
	{},
};
