/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward device login`: by name and password, and whatever else the device then asks for. The session is kept, and the commands after it
 * show it instead of a certificate, until `device logout`.
 *
 * A secret is typed without echo or read from a file, never an argument. One that was typed wrong is asked for again, where the device still
 * holds the login open; one from a file is not.
 */
#include "tool/login.h"

#include "tool/files.h"
#include "tool/kept-login.h"
#include "tool/notice.h"
#include "tool/passphrase.h"
#include "tool/session.h"
#include "tool/terminal.h"

#define ACCOUNT_MAX 48
#define STEPS_MAX 8 /* more are no login any more */
#define TRIES 3
#define LOGINS "/api/v1/logins"

static const struct tw_option login_options[] = {
	{ "device", "NAME|HOST:PORT", false, "the device, as your directory names it, or by its address" },
	{ "local", "SOCKET", false, "in its place, on the device itself: its local socket" },
	{ "owner", "DIR", true, "your directory" },
	{ "account", "NAME", false, "whose login; without this the terminal is asked" },
	{ "password-file", "FILE", false, "its only line is the password, - is standard input; without this the terminal is asked" },
	{ "code-file", "FILE", false, "the same with a code, where the device asks for one" },
	{ "factor", "NAME", false, "which second factor, where the account has several: totp, message, biometric, auth-plugin" },
	{ "new-password-file", "FILE", false, "the same with a new password, where the device wants one" },
	{ "known", "FILE", false, "the first time: devices/NAME.json of somebody who knows the device; nothing in it is secret" },
	TW_OPTION_ACCEPT_NOTICE,
	{},
};
static const struct tw_option logout_options[] = {
	{ "device", "NAME|HOST:PORT", false, "the device, as your directory names it, or by its address" },
	{ "local", "SOCKET", false, "in its place, on the device itself: its local socket" },
	{ "owner", "DIR", true, "your directory" },
	{},
};

struct login {
	struct tw_tool *t;
	const struct tw_args *a;
	tw_owner *owner;
	struct tw_device device;
	const char *local; /* the local socket; NULL: HTTPS */
	tw_client *client;
	json_t *kept;
	struct tw_answer answer;
	json_t *agreed; /* the use notice, as each step says that it is accepted */
	char account[ACCOUNT_MAX + 1];
};

static void login_done(struct login *l)
{
	tw_answer_done(&l->answer);
	json_decref(l->agreed);
	json_decref(l->kept);
	tw_client_free(l->client);
	tw_device_done(&l->device);
	tw_owner_free(l->owner);
}

/* --- Which device, and whose login --- */

/* What somebody else's directory holds of the device, taken over under the name that is asked for. */
static tw_err take_known(struct login *l, const char *path)
{
	TW_CLEANUP(tw_jsonp) json_t *data = NULL;
	const char *name = tw_arg(l->a, "device");

	TW_TRY(tw_owner_enter(l->t, tw_arg(l->a, "owner"), &l->owner));
	if (!tw_device_name_valid(name))
		return tw_fail(l->t, TW_EXIT_USAGE, "--device NAME: what you want to call it",
			TW_RAISE(SYNTAX, "'%.64s' is no name for a device; letters, digits, '.', '_', '-'", name));
	TW_TRY(tw_file_json(l->t->sys, path, &data));
	tw_err e = tw_device_check(data);
	if (tw_failed(e))
		return tw_fail(l->t, TW_EXIT_USAGE, "the file devices/NAME.json of somebody who took the device over",
			tw_file_named(path, e));
	return tw_owner_keep(l->owner, name, data);
}

/* As the session that it makes is kept, and called. */
static struct tw_session session_of(const struct login *l)
{
	return (struct tw_session){ .owner = l->owner, .device = l->device, .local = l->local };
}

static const char *kept_as(const struct login *l)
{
	return l->local ? TW_KEPT_LOCAL : l->device.name;
}

static const char *called(const struct tw_session *s)
{
	return s->local ? "the local socket" : s->device.name;
}

static tw_err connect_to(struct login *l)
{
	struct tw_place place = { .socket = l->local };

	if (!l->local) {
		place.has_pin = true;
		place.address = l->device.address;
		memcpy(place.pin, l->device.listener, sizeof(place.pin));
	}
	return tw_client_new(l->t->sys, &place, &l->client);
}

static tw_err begin(struct login *l)
{
	const char *known = tw_arg(l->a, "known"), *device = tw_arg(l->a, "device");

	l->local = tw_arg(l->a, "local");
	if (!device == !l->local || (known && l->local))
		return tw_fail(l->t, TW_EXIT_USAGE, "--device NAME, or on the device itself --local /run/thingward/admin.sock",
			TW_RAISE(SYNTAX, "at which device? The one or the other"));
	if (known)
		TW_TRY(take_known(l, known));
	else if (l->local)
		TW_TRY(tw_owner_enter(l->t, tw_arg(l->a, "owner"), &l->owner)); /* made when it is not there: nothing in it has to be known */
	else
		TW_TRY(tw_owner_open(l->t, tw_arg(l->a, "owner"), &l->owner));
	if (device)
		TW_TRY(tw_owner_device(l->t, l->owner, device, &l->device));
	TW_TRY(tw_kept_login_read(l->owner, kept_as(l), &l->kept));
	return connect_to(l);
}

static tw_err ask_account(struct login *l)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf typed = { 0 };
	const char *given = tw_arg(l->a, "account");

	if (!given) {
		tw_buf_init(&typed, l->t->sys, TW_TERMINAL_LINE_MAX);
		tw_err e = tw_terminal_line(l->t->sys, "Account: ", &typed);
		if (tw_is(e, TW_CODE_NOTFOUND))
			return tw_fail(l->t, TW_EXIT_USAGE, "--account NAME", e);
		TW_TRY(e);
		given = tw_buf_cstr(&typed);
	}
	if (!*given || strlen(given) > ACCOUNT_MAX)
		return tw_fail(l->t, TW_EXIT_USAGE, "--account NAME", TW_RAISE(SYNTAX, "an account's name has 1 to %d bytes", ACCOUNT_MAX));
	(void)snprintf(l->account, sizeof l->account, "%s", given);
	return TW_OK;
}

/* --- Secrets --- */

/* What a login can need after name and password. Of second factors an account may have several: one is enough. */
struct step {
	const char *needed; /* as the device names it */
	const char *key;    /* the input that answers it; NULL: none, the device asks somebody else, and waits for him */
	const char *option, *prompt;
	bool twice, factor;
};
static const struct step steps[] = {
	{ "totp", "code", "code-file", "Code of your authenticator", .factor = true },
	{ "message", "code", "code-file", "Code that was sent to you", .factor = true },
	{ "biometric", NULL, "code-file", "Show the device's reader who you are", .factor = true },
	{ "auth-plugin", NULL, "code-file", "Do at the device what its maker's own method wants", .factor = true },
	{ "new-password", "new_password", "new-password-file", "New password", .twice = true },
};
static const struct step first_step = { "", "password", "password-file", "Password" };

static tw_err give(struct login *l, const struct step *s, json_t *body)
{
	char option[40], prompt[96];

	if (!s->key) {
		tw_progress(l->t, "%s; it waits.\n", s->prompt);
		return TW_OK;
	}
	const struct tw_passphrase_ask ask = { .file = tw_arg(l->a, s->option), .prompt = prompt, .option = option, .twice = s->twice };

	(void)snprintf(option, sizeof option, "--%s", s->option);
	(void)snprintf(prompt, sizeof prompt, "%s%s%s", s->prompt, *s->needed ? "" : " of ", *s->needed ? "" : l->account);
	return tw_passphrase_put(l->t, &ask, body, s->key);
}

/* --- The device's answers --- */

static tw_err call(struct login *l, const json_t *body)
{
	const struct tw_call c = { .method = "POST", .path = LOGINS, .body = body };

	tw_answer_done(&l->answer);
	tw_answer_init(&l->answer, l->t->sys);
	return tw_session_call(l->t, l->client, &c, &l->answer);
}

/* Whether the device still holds the login open, and the one who typed may do so again. */
static bool may_retry(const struct login *l, const struct step *s)
{
	return s->key && !tw_arg(l->a, s->option) && (l->answer.status == 400 || l->answer.status == 403) &&
		strcmp(tw_json_text(l->answer.body, "rule"), "access.login-step") != 0;
}

static tw_err answer_step(struct login *l, const struct step *s, const char *handle)
{
	tw_err e = TW_OK;

	for (int i = 0; i < TRIES; i++) {
		TW_CLEANUP(tw_jsonp) json_t *body = json_copy(l->agreed);

		TW_TRY(tw_json_set(body, "login", json_string(handle)));
		if (s->factor)
			TW_TRY(tw_json_set(body, "factor", json_string(s->needed)));
		TW_TRY(give(l, s, body));
		e = call(l, body);
		if (!tw_failed(e) || !may_retry(l, s) || i + 1 == TRIES)
			return e;
		tw_progress(l->t, "%s\n%s", tw_err_detail(), l->t->hint);
	}
	return e;
}

/* --- Which of several --- */

static const struct step *step_named(const char *needed)
{
	for (size_t i = 0; i < TW_COUNT(steps); i++)
		if (!strcmp(steps[i].needed, needed))
			return &steps[i];
	return NULL;
}

static bool is_needed(const json_t *needed, const char *name)
{
	size_t i;
	json_t *one;

	json_array_foreach(needed, i, one)
		if (json_is_string(one) && !strcmp(json_string_value(one), name))
			return true;
	return false;
}

/* The first that this tool knows, and their names; NULL: none. */
static const struct step *first_known(const json_t *needed, char ret_names[128])
{
	const struct step *first = NULL;
	size_t i, used = 0;
	json_t *one;

	ret_names[0] = '\0';
	json_array_foreach(needed, i, one) {
		const struct step *s = json_is_string(one) ? step_named(json_string_value(one)) : NULL;

		if (!s || used + 40 > 128)
			continue;
		used += (size_t)snprintf(ret_names + used, 128 - used, "%s%s", first ? " or " : "", s->needed);
		first = first ? first : s;
	}
	return first;
}

static tw_err unknown_step(struct login *l, const json_t *needed)
{
	const char *name = json_string_value(json_array_get(needed, 0));

	return tw_fail(l->t, TW_EXIT_FAILED, "log in at the device's own page, or with a newer thingward",
		TW_RAISE(UNSUPPORTED, "the device asks for '%.40s', which this thingward does not know", name ? name : ""));
}

/* By --factor; by whoever sits there; by the device's order. */
static tw_err choose(struct login *l, const json_t *needed, const struct step **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf typed = { 0 };
	const char *name = tw_arg(l->a, "factor");
	char names[128], prompt[160];
	const struct step *first = first_known(needed, names);

	*ret = first;
	if (!first || !strchr(names, ' ') || (!name && tw_arg(l->a, "code-file")))
		return first ? TW_OK : unknown_step(l, needed);
	tw_buf_init(&typed, l->t->sys, TW_TERMINAL_LINE_MAX);
	(void)snprintf(prompt, sizeof prompt, "Log in by %s: ", names);
	if (!name && !tw_terminal_there(l->t->sys))
		return tw_fail(l->t, TW_EXIT_USAGE, "--factor NAME",
			TW_RAISE(NOTFOUND, "the account has several second factors: %s", names));
	if (!name)
		TW_TRY(tw_terminal_line(l->t->sys, prompt, &typed));
	*ret = step_named(name ? name : tw_buf_cstr(&typed));
	if (!*ret || !is_needed(needed, (*ret)->needed))
		return tw_fail(l->t, TW_EXIT_USAGE, "--factor NAME", TW_RAISE(SYNTAX, "this account logs in by %s", names));
	return TW_OK;
}

/* Where there is one kind only, the device has begun with it already. */
static tw_err begin_factor(struct login *l, const struct step *s, const char *handle)
{
	TW_CLEANUP(tw_jsonp) json_t *body = json_pack("{s:s, s:s}", "login", handle, "factor", s->needed);

	if (!s->factor || !s->key || json_array_size(json_object_get(l->answer.body, "needed")) < 2)
		return TW_OK;
	return body ? call(l, body) : TW_RAISE(NOMEM, "request");
}

static tw_err answer_steps(struct login *l)
{
	char handle[64];

	for (int i = 0; i < STEPS_MAX; i++) {
		const json_t *needed = json_object_get(l->answer.body, "needed");
		const struct step *s = NULL;

		if (!json_array_size(needed))
			return TW_OK;
		TW_TRY(choose(l, needed, &s));
		(void)snprintf(handle, sizeof handle, "%s", tw_json_text(l->answer.body, "login"));
		TW_TRY(begin_factor(l, s, handle));
		TW_TRY(answer_step(l, s, handle));
	}
	return TW_RAISE(LIMIT, "the device asks for more and more");
}

static tw_err open_session(struct login *l)
{
	TW_CLEANUP(tw_jsonp) json_t *body = json_copy(l->agreed);
	const char *client = tw_kept_login_client(l->kept, l->account);

	TW_TRY(tw_json_set(body, "account", json_string(l->account)));
	if (client)
		TW_TRY(tw_json_set(body, "client", json_string(client)));
	TW_TRY(give(l, &first_step, body));
	TW_TRY(call(l, body));
	TW_TRY(answer_steps(l));
	if (!*tw_json_text(l->answer.body, "token") || !*tw_json_text(l->answer.body, "name"))
		return TW_RAISE(SYNTAX, "the device's answer holds no session");
	return TW_OK;
}

/* --- What is said --- */

static tw_err say_json(struct login *l)
{
	TW_CLEANUP(tw_jsonp) json_t *said = json_deep_copy(l->answer.body);

	if (!said)
		return TW_RAISE(NOMEM, "answer");
	(void)json_object_del(said, "token");
	(void)json_object_del(said, "client");
	return tw_print_value(l->t, said);
}

static tw_err say(struct login *l)
{
	const json_t *b = l->answer.body;

	if (l->t->json)
		return say_json(l);
	const struct tw_session s = session_of(l);

	TW_TRY(tw_print(l->t, "You are logged in at %s as %s (%s), for %lld minutes; unused, for %lld.\n", called(&s),
		tw_json_text(b, "name"), tw_json_text(b, "account"), (long long)(tw_json_int(b, "expires_in_s") / 60),
		(long long)(tw_json_int(b, "idle_s") / 60)));
	if (*tw_json_text(b, "previous"))
		TW_TRY(tw_print(l->t, "Before: %s, by %s, from %s. Was that not you, change the password now.\n",
			tw_json_text(b, "previous"), tw_json_text(b, "previous_how"), tw_json_text(b, "previous_from")));
	else
		TW_TRY(tw_print(l->t, "Nobody had logged in to this account before.\n"));
	return tw_print(l->t, "Every command for %s with this --owner goes by it until: thingward device logout --%s %s --owner DIR\n",
		called(&s), s.local ? "local" : "device", s.local ? s.local : s.device.name);
}

/* @nist LA.SUN.1: it is shown, and accepted, before anything is asked for */
static tw_err read_notice(struct login *l)
{
	l->agreed = json_object();
	return l->agreed ? tw_notice_agree_in(l->t, l->client, l->agreed) : TW_RAISE(NOMEM, "request");
}

static tw_err cmd_login(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(login_done) struct login l = { .t = t, .a = a };

	tw_answer_init(&l.answer, t->sys);
	TW_TRY(begin(&l));
	TW_TRY(read_notice(&l));
	TW_TRY(ask_account(&l));
	TW_TRY(open_session(&l));
	TW_TRY(tw_kept_login_take(l.kept, l.answer.body));
	TW_TRY(tw_kept_login_write(l.owner, kept_as(&l), l.kept));
	return say(&l);
}

/* --- Once more --- */

/* @nist LA.RSM.5.4: in the words of the page */
static const char again_words[] = "Once more, who you are.\nWhat you are about to do is too dangerous for a session that somebody may have left open. "
				  "Log in again, and it is done.\n";

/* Whatever the device says of it, it ends by itself. */
static void end_session(const struct tw_sys *sys, tw_client *c, const json_t *token)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	const struct tw_call close = { .method = "DELETE", .path = "/api/v1/sessions/current", .token = json_string_value(token) };

	tw_answer_init(&answer, sys);
	if (close.token)
		tw_ignore(tw_client_call(c, &close, &answer));
}

static tw_err again(struct login *l, tw_client *c)
{
	TW_CLEANUP(tw_jsonp) json_t *out = NULL;

	TW_TRY(tw_kept_login_read(l->owner, kept_as(l), &l->kept));
	if (!*tw_json_text(l->kept, "account") || !*tw_json_text(l->kept, "token"))
		return tw_fail(l->t, TW_EXIT_FAILED, "thingward device login", TW_RAISE(STATE, "what was kept of the login is gone"));
	(void)snprintf(l->account, sizeof l->account, "%s", tw_json_text(l->kept, "account"));
	TW_TRY(tw_terminal_show(l->t->sys, tw_slice_of(again_words)));
	TW_TRY(connect_to(l));
	TW_TRY(read_notice(l));
	TW_TRY(open_session(l));
	TW_TRY(tw_kept_login_renew(l->kept, l->answer.body, &out));
	TW_TRY(tw_kept_login_write(l->owner, kept_as(l), l->kept));
	tw_client_token(c, tw_json_text(l->answer.body, "token"));
	end_session(l->t->sys, c, out);
	tw_progress(l->t, "The device knows you; what you asked for is done now.\n");
	return TW_OK;
}

tw_err tw_login_again(struct tw_tool *t, const struct tw_session *s)
{
	static const struct tw_args none_given = { .given_count = 0 };
	struct login l = { .t = t, .a = &none_given, .owner = s->owner, .device = s->device, .local = s->local };

	tw_answer_init(&l.answer, t->sys);
	tw_err e = again(&l, s->client);
	l.owner = NULL; /* both are the session's */
	l.device = (struct tw_device){ .data = NULL };
	login_done(&l);
	return e;
}

/* --- Out again --- */

tw_err tw_login_forget(const struct tw_session *s)
{
	TW_CLEANUP(tw_jsonp) json_t *kept = NULL;

	if (!s->owner)
		return TW_OK;
	TW_TRY(tw_kept_login_read(s->owner, tw_session_kept(s), &kept));
	if (!*tw_json_text(kept, "token"))
		return TW_OK;
	tw_kept_login_forget(kept);
	return tw_kept_login_write(s->owner, tw_session_kept(s), kept);
}

/* First it is forgotten here, and those that it took the place of, whatever the device then says: what is not kept cannot be taken. */
static tw_err cmd_logout(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_session_done) struct tw_session s = { 0 };
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *kept = NULL;
	const struct tw_call close = { .method = "DELETE", .path = "/api/v1/sessions/current" };
	json_t *token;
	size_t i;

	tw_answer_init(&answer, t->sys);
	TW_TRY(tw_session_open(t, a, &s));
	if (!s.by_login)
		return tw_fail(t, TW_EXIT_FAILED, "thingward device login", TW_RAISE(STATE, "you are not logged in at %s", called(&s)));
	TW_TRY(tw_kept_login_read(s.owner, tw_session_kept(&s), &kept));
	TW_TRY(tw_login_forget(&s));
	json_array_foreach(json_object_get(kept, "before"), i, token)
		end_session(t->sys, s.client, token);
	tw_err e = tw_session_call(t, s.client, &close, &answer);
	if (tw_is(e, TW_CODE_CLOSED))
		return tw_fail(t, TW_EXIT_UNREACHABLE, "nothing: it ends there by itself when it is not used", e);
	if (tw_failed(e) && answer.status == 401) {
		t->hint[0] = '\0';
		return tw_print(t, "The session was over already.\n");
	}
	TW_TRY(e);
	return tw_print(t, "You are logged out at %s.\n", called(&s));
}

const struct tw_command tw_commands_device_login[] = {
	{ "device login", "", 0, 0, login_options, cmd_login, "log in at a device by name and password, and by what else it asks for",
		"thingward device login --device kitchen --owner ./me --account alice" },
	{ "device logout", "", 0, 0, logout_options, cmd_logout, "end the session that the login opened" },
	{},
};
