/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the organization says of logging in, and logging in by it: the use notice, a shared account, the gateway and a code that it is sent, a
 * password that is another server's to judge, a fresh proof before what is dangerous. The role that hashes says yes to all, and the one
 * that connects to others takes what it is given.
 */
#include "scenario.h"

#include "played-fetch.h"

#include "base/json.h"
#include "crypto/hash.h"
#include "service/access/password.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "sys/real.h"

#include <stdio.h>
#include <string.h>

#define PHC_OF(tag) "$argon2id$v=19$m=19456,t=2,p=1$dGhlcmUgaXMgbm8gb25lIQ$" tag
#define PHC PHC_OF("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
#define PHC_MADE PHC_OF("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE")
#define ROLE_PATH "/api/v1/roles/night"
#define ROLE_BODY "{\"permissions\":\"settings.read\"}"

static char token[64], input[6000];

/* --- Roles that are played --- */

static struct {
	tw_hash_done *done; /* NULL: nobody asks */
	void *user;
	struct tw_hash_answer answer;
} hash;

static tw_err asked(tw_hash_done *done, void *user, const struct tw_hash_answer *answer)
{
	hash.done = done;
	hash.user = user;
	hash.answer = *answer;
	return TW_OK;
}

tw_err __wrap_tw_hash_verify(tw_hashing *h, const struct tw_phc *of, struct tw_slice password, tw_hash_done *done, void *user);
tw_err __wrap_tw_hash_verify(tw_hashing *h, const struct tw_phc *of, struct tw_slice password, tw_hash_done *done, void *user)
{
	return asked(done, user, &(struct tw_hash_answer){ .outcome = TW_HASH_YES });
}

tw_err __wrap_tw_hash_make(tw_hashing *h, struct tw_hash_cost cost, struct tw_slice password, tw_hash_done *done, void *user);
tw_err __wrap_tw_hash_make(tw_hashing *h, struct tw_hash_cost cost, struct tw_slice password, tw_hash_done *done, void *user)
{
	return asked(done, user, &(struct tw_hash_answer){ .outcome = TW_HASH_YES, .phc = TW_SLICE(PHC_MADE) });
}

tw_err __wrap_tw_hash_enrol(tw_hashing *h, const struct tw_passkey_enrol *q, tw_hash_done *done, void *user);
tw_err __wrap_tw_hash_enrol(tw_hashing *h, const struct tw_passkey_enrol *q, tw_hash_done *done, void *user)
{
	static const uint8_t key[TW_PASSKEY_KEY_MAX] = { 4 };
	const struct tw_passkey_enrolled made = { TW_PASSKEY_ES256, { (const char *)key, sizeof key }, TW_SLICE("of one token") };

	return asked(done, user, &(struct tw_hash_answer){ .outcome = TW_HASH_YES, .enrolled = made });
}

int settle(tw_unit *u, int status)
{
	while (!status && hash.done) {
		tw_hash_done *done = hash.done;

		hash.done = NULL;
		done(hash.user, &hash.answer);
		status = tw_unit_later(u);
	}
	hash.done = NULL;
	return status ? status : 500;
}

/* --- What is there before --- */

void text_of(tw_unit *u, const char *key, char *ret, size_t size)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	ret[0] = '\0';
	if (!tw_failed(tw_json_parse(tw_slice_of(tw_unit_body(u)), 65536, &j)))
		(void)snprintf(ret, size, "%s", tw_json_text(j, key));
}

int ask(tw_unit *u, const char *method, const char *path, const char *body)
{
	return settle(u, tw_unit_request(u, method, path, NULL, body));
}

static bool shows(tw_unit *u, const char *path, const char *word)
{
	return ask(u, "GET", path, NULL) == 200 && strstr(tw_unit_body(u), word);
}

bool has_password(tw_unit *u, int64_t account)
{
	return !tw_failed(tw_password_put(&tw_unit_device(u)->context, &(struct tw_password_new){ account, PHC, "", false }));
}

static bool make_session(tw_unit *u)
{
	bool good = make_code(u) && log_in(u) == 201;

	text_of(u, "token", token, sizeof token);
	return good && token[0];
}

/* The manufacturer's certificate is as good an anchor as any; as a JSON text has it. */
static bool write_gateway(tw_unit *u)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	size_t n = (size_t)snprintf(input, sizeof input, "{\"url\":\"https://gateway.example/codes\",\"secret\":\"s3cret!\",\"anchors\":\"");

	tw_buf_init(&pem, tw_sys_real(), sizeof input / 2 - 100);
	if (tw_failed(tw_cert_pem(tw_unit_device(u)->manufacturer, &pem)))
		return false;
	for (const char *at = tw_buf_cstr(&pem); *at; at++) {
		if (*at == '\n')
			input[n++] = '\\';
		input[n++] = (char)(*at == '\n' ? 'n' : *at);
	}
	(void)snprintf(input + n, sizeof input - n, "\"}");
	return true;
}

/* --- The use notice --- */

static bool make_notice(tw_unit *u)
{
	char digest[80], opening[64] = "";

	if (!make_code(u))
		return false;
	text_of(u, "code", opening, sizeof opening);
	if (ask(u, "PUT", "/api/v1/notice", "{\"text\":\"Use of this device is recorded.\"}") != 200)
		return false;
	text_of(u, "notice", digest, sizeof digest);
	(void)snprintf(input, sizeof input, "{\"code\":\"%s\",\"notice\":\"%s\"}", opening, digest);
	return true;
}

static int come_accepting(tw_unit *u)
{
	return tw_unit_request_as(u, NULL, "POST", "/api/v1/sessions", input);
}

/* The owner is asked for his own acceptance first; the digest is that of the one text. */
static bool has_come(tw_unit *u)
{
	char digest[80], body[96];

	if (ask(u, "GET", "/api/v1/notice", NULL) != 200)
		return false;
	text_of(u, "notice", digest, sizeof digest);
	(void)snprintf(body, sizeof body, "{\"notice\":\"%s\"}", digest);
	return ask(u, "POST", "/api/v1/notice-acceptances", body) == 204 && is_logged_in(u);
}

/* --- A shared account --- */

static bool make_shared(tw_unit *u)
{
	return make_session(u) && ask(u, "POST", "/api/v1/accounts", "{\"name\":\"night\",\"kind\":\"shared\"}") == 201 &&
		ask(u, "PUT", "/api/v1/shared-accounts/a3", "{\"members\":\"a2\",\"conditions\":{\"sessions\":2}}") == 200;
}

static int open_shared(tw_unit *u)
{
	return tw_unit_request_as(u, token, "POST", "/api/v1/shared-sessions", "{\"account\":\"a3\"}");
}

static bool is_shared_open(tw_unit *u)
{
	return shows(u, "/api/v1/accounts/a3", "\"login\":");
}

/* --- A code by message --- */

static int name_gateway(tw_unit *u)
{
	return ask(u, "PUT", "/api/v1/message-gateway", input);
}

static bool is_gateway(tw_unit *u)
{
	return shows(u, "/api/v1/message-gateway", "\"set\":true");
}

static bool make_destination(tw_unit *u)
{
	memset(&fetched, 0, sizeof fetched);
	return has_password(u, 1) && write_gateway(u) && name_gateway(u) == 204 &&
		ask(u, "PUT", "/api/v1/destinations/a1", "{\"to\":\"+49 30 12345\"}") == 204;
}

/* From the password to the session, with all that lies between. */
static int log_in_by_message(tw_unit *u)
{
	static const char begin[] = "{\"account\":\"alice\",\"password\":\"nine quiet herons wade\"}";
	struct tw_context *c = &tw_unit_device(u)->context;
	char handle[64], body[160];
	int status = settle(u, tw_unit_request_as(u, NULL, "POST", "/api/v1/logins", begin));

	if (status != 200)
		return status;
	text_of(u, "login", handle, sizeof handle);
	if (tw_failed(tw_access_job_messages(c)) || !fetched.running)
		return 500; /* it is told of in an event, not in the answer */
	(void)snprintf(body, sizeof body, "{\"login\":\"%s\",%.17s}", handle, fetched.body + 1); /* "code":"12345678" */
	fetched_answers(TW_FETCH_NO_FAILURE, 204);
	if (tw_failed(tw_access_job_messages(c)))
		return 500;
	return tw_unit_request_as(u, NULL, "POST", "/api/v1/logins", body);
}

static bool is_logged_in_by_message(tw_unit *u)
{
	return shows(u, "/api/v1/accounts/a1", "\"password+message\"");
}

/* --- Another server's word --- */

static int delegate(tw_unit *u)
{
	return ask(u, "PUT", "/api/v1/server-passwords/a2", "{}");
}

static bool is_delegated(tw_unit *u)
{
	struct tw_password_kept kept = { .is = false };

	return !tw_failed(tw_password_of(&tw_unit_device(u)->context, 2, &kept)) && kept.user[0];
}

/* --- A fresh proof --- */

static bool make_step_up(tw_unit *u)
{
	static const char request[] = "PUT " ROLE_PATH "\n" ROLE_BODY;
	char body[96] = "{\"digest\":\"", own[64];
	uint8_t digest[32];

	if (!make_code(u) || ask(u, "POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"admin\"}") != 201)
		return false;
	if (log_in(u) != 201 || !has_password(u, 2) || tw_failed(tw_sha256(request, sizeof request - 1, digest)))
		return false;
	text_of(u, "token", token, sizeof token);
	for (size_t i = 0; i < sizeof digest; i++)
		(void)snprintf(body + strlen(body), 3, "%02x", digest[i]);
	(void)snprintf(body + strlen(body), 3, "\"}");
	if (tw_unit_request_as(u, token, "POST", "/api/v1/step-ups", body) != 201)
		return false;
	text_of(u, "token", own, sizeof own);
	(void)snprintf(input, sizeof input, "%s\r\n" TW_STEP_UP_FIELD ": %s", token, own);
	return true;
}

static int make_role(tw_unit *u)
{
	return tw_unit_request_as(u, input, "PUT", ROLE_PATH, ROLE_BODY);
}

static bool is_role_made(tw_unit *u)
{
	return shows(u, "/api/v1/roles", "\"night\"");
}

const struct scenario scenarios_of_logins[] = {
	{ "notice accepted", "owned", false, come_accepting, 201, has_come, 5, .before = make_notice },
	{ "shared session", "owned", false, open_shared, 201, is_shared_open, 7, .before = make_shared },
	{ "gateway", "owned", false, name_gateway, 204, is_gateway, 1, .before = write_gateway },
	{ "message", "owned", false, log_in_by_message, 201, is_logged_in_by_message, 3, .before = make_destination },
	{ "delegation", "owned", false, delegate, 204, is_delegated, 3, .before = make_sue },
	{ "step-up", "owned", false, make_role, 201, is_role_made, 7, .before = make_step_up },
	{},
};
