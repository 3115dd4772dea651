/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of what a login asks for beside the password. Somebody made up is given a password, chooses his own, and logs in with an authenticator that
 * the probe plays, or with the code that the organization's gateway was sent: whoever assesses says in which file that gateway writes down what it gets.
 * A reader of biometrics, and a method of the manufacturer's, is put on trial: whoever assesses says in which file it reads what to say.
 */
#include "crypto/otp.h"
#include "tool/files.h"
#include "tool/probes/people.h"

#include "base/text.h"

#define GIVEN "quiet otters mend nets"
#define CHOSEN "loud herons count stones"
#define SECRET_SIZE 20
#define STEP_MS 30000
#define ARRIVES_MS 10000
#define LOOK_MS 100
#define MESSAGES_MAX (256 * 1024)

struct entrant {
	struct tw_probe_context *c;
	struct tw_finding *f;
	struct tw_person *p;
	struct tw_answer answer; /* to the last step */
	char handle[64];
	uint8_t secret[SECRET_SIZE];
};

/* --- Logging in --- */

static tw_err step(struct entrant *e, json_t *body)
{
	TW_CLEANUP(tw_jsonp) json_t *owned = body;
	const struct tw_call call = { .method = "POST", .path = "/api/v1/logins", .body = owned };

	if (!owned)
		return TW_RAISE(NOMEM, "a request");
	TW_TRY(tw_accept_in(e->c, owned));
	TW_TRY(tw_person_call(e->c, NULL, &call, &e->answer));
	if (e->answer.status == 200 && e->answer.body)
		(void)snprintf(e->handle, sizeof e->handle, "%s", tw_json_text(e->answer.body, "login"));
	return TW_OK;
}

static tw_err begin(struct entrant *e, const char *password)
{
	return step(e, json_pack("{s:s, s:s}", "account", e->p->name, "password", password));
}

static tw_err go_on(struct entrant *e, const char *key, const char *value)
{
	return step(e, json_pack("{s:s, s:s}", "login", e->handle, key, value));
}

static bool is_in(const struct entrant *e)
{
	return e->answer.status == 201 && e->answer.body && *tw_json_text(e->answer.body, "token");
}

static bool needs(const struct entrant *e, const char *what)
{
	const json_t *needed = e->answer.body ? tw_json_get(e->answer.body, "needed") : NULL;
	const json_t *one;
	size_t i;

	if (e->answer.status != 200)
		return false;
	json_array_foreach(needed, i, one)
		if (json_is_string(one) && !strcmp(json_string_value(one), what))
			return true;
	return false;
}

static tw_err wrong(struct entrant *e, const char *what)
{
	return tw_found(e->f, TW_VERDICT_FAIL, "%s was answered with %ld.", what, e->answer.status);
}

/* Somebody with a password that he chose, and a session of his. */
static tw_err come(struct entrant *e, bool *ret_good)
{
	char path[96];

	*ret_good = false;
	TW_TRY(tw_person_make(e->c, "temporary", 600, e->p));
	(void)snprintf(path, sizeof path, "/api/v1/passwords/%s", e->p->id);
	TW_TRY(tw_order_with(e->c, "PUT", path, json_pack("{s:s}", "password", GIVEN), NULL));
	TW_TRY(begin(e, GIVEN));
	if (!needs(e, "new-password"))
		return wrong(e, "A login with a password that somebody else gave, and that nobody has chosen yet,");
	TW_TRY(go_on(e, "new_password", CHOSEN));
	if (!is_in(e))
		return wrong(e, "A login with the password that was chosen just now");
	(void)snprintf(e->p->token, sizeof e->p->token, "%s", tw_json_text(e->answer.body, "token"));
	*ret_good = true;
	return TW_OK;
}

static tw_err with_entrant(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f, tw_err (*ask)(struct entrant *e))
{
	struct entrant e = { .c = c, .f = f, .p = p };
	bool good = false;

	tw_answer_init(&e.answer, c->sys);
	tw_err failed = come(&e, &good);
	if (!tw_failed(failed) && good)
		failed = ask(&e);
	tw_answer_done(&e.answer);
	tw_wipe(&e, sizeof e);
	return failed;
}

/* --- An authenticator --- */

static bool read_secret(const char *uri, uint8_t ret[SECRET_SIZE])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	const char *at = strstr(uri, "secret=");
	uint64_t bits = 0;
	size_t n = 0;

	for (at = at ? at + strlen("secret=") : ""; *at && strchr(letters, *at) && n < (size_t)SECRET_SIZE * 8 / 5; at++) {
		bits = bits << 5 | (uint64_t)(strchr(letters, *at) - letters);
		if (++n % 8 == 0)
			for (size_t i = 0; i < 5; i++)
				ret[n / 8 * 5 - 1 - i] = (uint8_t)(bits >> 8 * i);
	}
	return n == (size_t)SECRET_SIZE * 8 / 5;
}

static tw_err code_of(const struct entrant *e, int64_t steps, char ret[8])
{
	struct timespec now = { 0 };
	uint32_t code = 0;

	(void)e->c->sys->clock(e->c->sys, CLOCK_REALTIME, &now);
	const int64_t at = ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000) / STEP_MS + steps;
	TW_TRY(tw_otp(e->secret, sizeof e->secret, (uint64_t)at, 6, &code));
	(void)snprintf(ret, 8, "%06u", code);
	return TW_OK;
}

/* Confirmed by the code of the step before, so that the one of now is still good. */
static tw_err enrol(struct entrant *e, bool *ret_good)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *nothing = json_object(), *body = NULL;
	const struct tw_call ask = { .method = "POST", .path = "/api/v1/authenticator", .body = nothing };
	char code[8];

	*ret_good = false;
	TW_TRY(tw_person_call(e->c, e->p->token, &ask, &answer));
	if (answer.status != 201 || !answer.body || !read_secret(tw_json_text(answer.body, "uri"), e->secret))
		return tw_found(e->f, TW_VERDICT_FAIL, "Enrolling an authenticator was answered with %ld and no secret for one.",
			answer.status);
	TW_TRY(code_of(e, -1, code));
	body = json_pack("{s:s}", "code", code);
	const struct tw_call confirm = { .method = "PUT", .path = "/api/v1/authenticator", .body = body };
	if (!body)
		return TW_RAISE(NOMEM, "a request");
	TW_TRY(tw_person_call(e->c, e->p->token, &confirm, &answer));
	*ret_good = answer.status == 204;
	return *ret_good
		? TW_OK
		: tw_found(e->f, TW_VERDICT_INCONCLUSIVE,
			  "The device did not take the code of a new authenticator (%ld). Its clock and this machine's must agree within half a minute.",
			  answer.status);
}

/* In by a code of the authenticator, after the password alone and a wrong code were refused. */
static tw_err enter_by_code(struct entrant *e, char ret_code[8], bool *ret_good)
{
	char other[8];

	*ret_good = false;
	TW_TRY(begin(e, CHOSEN));
	if (!needs(e, "totp") || is_in(e))
		return wrong(e, "The password alone, where a second factor is enrolled,");
	TW_TRY(code_of(e, 0, ret_code));
	(void)snprintf(other, sizeof other, "%s", ret_code);
	other[5] = other[5] == '0' ? '1' : '0';
	TW_TRY(go_on(e, "code", other));
	if (e->answer.status != 403)
		return wrong(e, "A wrong code");
	TW_TRY(go_on(e, "code", ret_code));
	*ret_good = is_in(e);
	return *ret_good ? TW_OK : wrong(e, "The password with the code of now");
}

/* @nist LA.AS.2.1: the password alone does not open, with a code that came another way it does */
static tw_err asks_for_more(struct entrant *e)
{
	bool good = false;
	char code[8];

	TW_TRY(enrol(e, &good));
	if (good)
		TW_TRY(enter_by_code(e, code, &good));
	return good ? tw_found(e->f, TW_VERDICT_PASS,
			      "With an authenticator enrolled, the password alone and with a wrong code was refused; with the code that the "
			      "authenticator showed it opened a session.")
		    : TW_OK;
}

/* @nist LA.AS.2.1.1: a code works once, and never again, and one whose time is over does not */
static tw_err takes_once(struct entrant *e)
{
	char code[8], old[8];
	bool good = false;

	TW_TRY(enrol(e, &good));
	if (good)
		TW_TRY(enter_by_code(e, code, &good));
	if (!good)
		return TW_OK;
	TW_TRY(begin(e, CHOSEN));
	TW_TRY(go_on(e, "code", code));
	if (e->answer.status != 403)
		return wrong(e, "A code that was used a moment ago");
	TW_TRY(code_of(e, -3, old));
	TW_TRY(go_on(e, "code", old));
	if (e->answer.status != 403)
		return wrong(e, "A code whose time was over");
	return tw_found(e->f, TW_VERDICT_PASS, "A one-time code opened a session once; used again, and after its time, it was refused.");
}

/* --- The gateway --- */

/* The code in the last line for that place. */
static bool code_in(struct tw_slice text, const char *to, char ret[16])
{
	bool found = false;

	while (text.size) {
		const char *end = memchr(text.at, '\n', text.size);
		size_t size = end ? (size_t)(end - text.at) : text.size;
		TW_CLEANUP(tw_jsonp) json_t *line = NULL;

		if (!tw_failed(tw_json_parse((struct tw_slice){ text.at, size }, MESSAGES_MAX, &line)) && json_is_object(line) &&
			!strcmp(tw_json_text(line, "to"), to) && strlen(tw_json_text(line, "code")) < 16) {
			(void)snprintf(ret, 16, "%s", tw_json_text(line, "code"));
			found = *ret != '\0';
		}
		size += end != NULL;
		text = (struct tw_slice){ text.at + size, text.size - size };
	}
	return found;
}

static bool arrives(struct tw_probe_context *c, const char *to, char ret[16])
{
	const int64_t until = tw_probe_now_us(c->sys) + ARRIVES_MS * INT64_C(1000);
	bool found = false;

	do {
		TW_CLEANUP(tw_buf_wipe) struct tw_buf text = { 0 };

		tw_buf_init(&text, c->sys, MESSAGES_MAX);
		found = !tw_failed(tw_file_read(c->sys, c->messages, MESSAGES_MAX, &text)) && code_in(tw_buf_slice(&text), to, ret);
		if (!found)
			(void)c->sys->poll(c->sys, NULL, 0, LOOK_MS);
	} while (!found && tw_probe_now_us(c->sys) < until);
	return found;
}

/* @nist LA.AS.2.1.4: the gateway gets the code; a wrong one, and one of a login that is over, is refused */
static tw_err sends(struct entrant *e)
{
	char path[96], code[16] = "", other[16];

	(void)snprintf(path, sizeof path, "/api/v1/destinations/%s", e->p->id);
	TW_TRY(tw_order_with(e->c, "PUT", path, json_pack("{s:s}", "to", e->p->name), NULL));
	TW_TRY(begin(e, CHOSEN));
	if (!needs(e, "message"))
		return wrong(e, "The password alone, where codes are sent to the account,");
	if (!arrives(e->c, e->p->name, code))
		return tw_found(e->f, TW_VERDICT_FAIL, "The gateway got no code within %d s.", ARRIVES_MS / 1000);
	(void)snprintf(other, sizeof other, "%s", code);
	other[0] = other[0] == '0' ? '1' : '0';
	TW_TRY(go_on(e, "code", other));
	if (e->answer.status != 403)
		return wrong(e, "A code that was not sent");
	TW_TRY(go_on(e, "code", code));
	if (!is_in(e))
		return wrong(e, "The code that the gateway got");
	TW_TRY(begin(e, CHOSEN));
	TW_TRY(go_on(e, "code", code));
	if (e->answer.status != 403)
		return wrong(e, "The code of a login that is over");
	return tw_found(e->f, TW_VERDICT_PASS,
		"The gateway got the code of a login, which opened a session with it; another code was refused, and so was that one in a later login. "
		"That it is good for five minutes alone was not waited for.");
}

/* --- Providers --- */

struct says {
	const char *word, *what;
	bool opens;
};

static tw_err write_word(struct tw_probe_context *c, const char *word)
{
	return tw_file_write(c->sys, c->verdicts, word, strlen(word), 0644); /* another user reads it */
}

/* One login, in which the provider says that. */
static tw_err try_word(struct entrant *e, const char *kind, const struct says *s, bool *ret_good)
{
	*ret_good = false;
	TW_TRY(write_word(e->c, s->word));
	TW_TRY(begin(e, CHOSEN));
	if (!needs(e, kind) || is_in(e))
		return wrong(e, "The password alone, where a provider judges the account's logins,");
	TW_TRY(go_on(e, "factor", kind));
	TW_TRY(tw_saw(e->f, s->what, tw_json_text(e->answer.body, s->opens ? "name" : "rule")));
	*ret_good = s->opens ? is_in(e) : e->answer.status >= 400;
	return *ret_good
		? TW_OK
		: tw_found(e->f, TW_VERDICT_FAIL, "The provider %s, and the login was answered with %ld.", s->what, e->answer.status);
}

/* The first of that kind that is there. */
static tw_err find_provider(struct tw_probe_context *c, const char *kind, char ret_name[40], bool *ret_declared)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	const json_t *one;
	size_t i;

	TW_TRY(tw_order(c, "GET", "/api/v1/login-providers", &answer));
	json_array_foreach(tw_json_get(answer.body, "providers"), i, one) {
		if (!json_is_object(one) || strcmp(tw_json_text(one, "kind"), kind) != 0)
			continue;
		*ret_declared = true;
		if (tw_json_bool(one, "connected") && !*ret_name)
			(void)snprintf(ret_name, 40, "%s", tw_json_text(one, "provider"));
	}
	return TW_OK;
}

static tw_err judged_by(struct entrant *e, const char *kind, const char *name)
{
	static const struct says rows[] = { { "on", "said yes", true }, { "off", "said no", false },
		{ "error", "said that it could not find out", false }, { "leave", "ended without a word", false } };
	char path[96];
	bool good = true;

	(void)snprintf(path, sizeof path, "/api/v1/login-providers/%s", e->p->id);
	TW_TRY(tw_order_with(e->c, "PUT", path, json_pack("{s:s}", "provider", name), NULL));
	for (size_t i = 0; i < TW_COUNT(rows) && good; i++)
		TW_TRY(try_word(e, kind, &rows[i], &good));
	return good ? tw_found(e->f, TW_VERDICT_PASS,
			      "With the provider %s on trial, the password alone was refused; with its yes the login opened, and it did not when it said no, "
			      "when it could not find out, and when it ended without a word.",
			      name)
		    : TW_OK;
}

/* @nist LA.AS.2.1.3: the reader says match, no match and error: the login follows the match alone */
static tw_err judged_by_reader(struct entrant *e)
{
	char name[40] = "";
	bool declared = false;

	TW_TRY(find_provider(e->c, "biometric", name, &declared));
	return judged_by(e, "biometric", name);
}

/* @nist LA.AS.2.1.6: what the plug-in says is honoured, and when it crashes nobody comes in */
static tw_err judged_by_plugin(struct entrant *e)
{
	char name[40] = "";
	bool declared = false;

	TW_TRY(find_provider(e->c, "auth-plugin", name, &declared));
	return judged_by(e, "auth-plugin", name);
}

static tw_err ask_reader(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	return with_entrant(c, p, f, judged_by_reader);
}

static tw_err ask_plugin(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	return with_entrant(c, p, f, judged_by_plugin);
}

static tw_err provider(struct tw_probe_context *c, struct tw_finding *ret, const char *kind,
	tw_err (*ask)(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f))
{
	char name[40] = "";
	bool declared = false;

	tw_err e = find_provider(c, kind, name, &declared);
	if (tw_failed(e))
		return tw_found_trouble(ret, "Reading which providers there are", e);
	if (!*name)
		return tw_found(ret, TW_VERDICT_INCONCLUSIVE,
			declared ? "The product's provider of this kind is not connected."
				 : "The product declares no provider of this kind.");
	if (!c->verdicts)
		return tw_found(ret, TW_VERDICT_INCONCLUSIVE,
			"Nobody said where the provider, on trial, reads what to say. Assess with --verdicts FILE, as examples/keyswitch reads one.");
	return tw_person_with(c, ret, ask);
}

static tw_err reader(struct tw_probe_context *c, struct tw_finding *ret)
{
	return provider(c, ret, "biometric", ask_reader);
}

static tw_err plugin(struct tw_probe_context *c, struct tw_finding *ret)
{
	return provider(c, ret, "auth-plugin", ask_plugin);
}

static tw_err ask_more(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	return with_entrant(c, p, f, asks_for_more);
}

static tw_err ask_once(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	return with_entrant(c, p, f, takes_once);
}

static tw_err ask_sends(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	return with_entrant(c, p, f, sends);
}

static tw_err second_factor(struct tw_probe_context *c, struct tw_finding *ret)
{
	return tw_person_with(c, ret, ask_more);
}

static tw_err one_time(struct tw_probe_context *c, struct tw_finding *ret)
{
	return tw_person_with(c, ret, ask_once);
}

static tw_err message(struct tw_probe_context *c, struct tw_finding *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	if (!c->messages)
		return tw_found(ret, TW_VERDICT_INCONCLUSIVE,
			"Nobody said where the gateway writes down what it is sent. Assess with --messages FILE, a line of JSON for each.");
	tw_err e = tw_order(c, "GET", "/api/v1/message-gateway", &answer);
	if (tw_failed(e))
		return tw_found_trouble(ret, "Reading which gateway is set", e);
	if (!tw_json_bool(answer.body, "set"))
		return tw_found(ret, TW_VERDICT_INCONCLUSIVE, "The device has no gateway for codes. Name one, then assess again.");
	return tw_person_with(c, ret, ask_sends);
}

const struct tw_probe tw_probes_factors[] = {
	{ "LA.AS.2.1", "second-factor", TW_SOURCE_OUTSIDE, "Is the password not enough where a second factor is enrolled?",
		second_factor, true },
	{ "LA.AS.2.1.1", "one-time-code", TW_SOURCE_OUTSIDE, "Is a one-time code good once, and not after its time?", one_time, true },
	{ "LA.AS.2.1.3", "biometric-match", TW_SOURCE_OUTSIDE, "Does a login follow the reader's match, and nothing else?", reader, true },
	{ "LA.AS.2.1.6", "plugged-in-method", TW_SOURCE_OUTSIDE,
		"Are the manufacturer's own method's verdicts honoured, and is nobody let in when it ends?", plugin, true },
	{ "LA.AS.2.1.4", "code-by-message", TW_SOURCE_OUTSIDE, "Does the gateway get the code, and is no other taken?", message, true },
	{ .element = NULL },
};
