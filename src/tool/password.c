/* SPDX-License-Identifier: Apache-2.0 */
/* `thingward device password` and `passwords set`: one's own password, and one for somebody else's account. */
#include "tool/login.h"
#include "tool/passphrase.h"

#define OWN "/api/v1/password"
#define PATH_SIZE 128

#define PLACES                                                                                             \
	{ "device", "NAME|HOST:PORT", true, "the device, as your directory names it, or by its address" }, \
	{                                                                                                  \
		"owner", "DIR", true, "your directory"                                                     \
	}
#define NEW                                                                                                                                  \
	{                                                                                                                                    \
		"password-file", "FILE", false, "its only line is the new password, - is standard input; without this the terminal is asked" \
	}
#define OLD                                                                                    \
	{                                                                                      \
		"old-password-file", "FILE", false, "the same with the password that is there" \
	}
static const struct tw_option set_options[] = { PLACES, NEW, {} };
static const struct tw_option change_options[] = { PLACES, OLD, NEW, {} };
static const struct tw_option remove_options[] = { PLACES, OLD, {} };
static const struct tw_option give_options[] = {
	{ "device", "NAME|HOST:PORT", false, "the device, as your directory names it, or by its address" },
	{ "owner", "DIR", false, "your directory" },
	{ "local", "SOCKET", false, "on the device itself: its local socket" },
	NEW,
	{},
};

static const struct tw_option secret_options[] = {
	PLACES,
	{ "secret-file", "FILE", false, "its only line is the secret, - is standard input; without this the terminal is asked" },
	{},
};

static tw_err put_old(struct tw_tool *t, const struct tw_args *a, json_t *body)
{
	const struct tw_passphrase_ask ask = {
		.file = tw_arg(a, "old-password-file"), .prompt = "Present password", .option = "--old-password-file"
	};

	return tw_passphrase_put(t, &ask, body, "old");
}

static tw_err put_new(struct tw_tool *t, const struct tw_args *a, json_t *body)
{
	const struct tw_passphrase_ask ask = {
		.file = tw_arg(a, "password-file"), .prompt = "New password", .option = "--password-file", .twice = true
	};

	return tw_passphrase_put(t, &ask, body, "password");
}

/* All sessions of the account have ended with its password, that of the login too. */
static tw_err change(struct tw_tool *t, const struct tw_args *a, const json_t *body, const char *done)
{
	TW_CLEANUP(tw_session_done) struct tw_session s = { 0 };
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	const struct tw_call call = { .method = "PUT", .path = OWN, .body = body };

	tw_answer_init(&answer, t->sys);
	TW_TRY(tw_session_open(t, a, &s));
	TW_TRY(tw_session_call(t, s.client, &call, &answer));
	if (s.by_login)
		TW_TRY(tw_login_forget(&s));
	return tw_print(t, "%s All sessions of the account have ended%s.\n", done, s.by_login ? "; log in again" : "");
}

static tw_err cmd_set(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_jsonp) json_t *body = json_object();

	TW_TRY(put_new(t, a, body));
	return change(t, a, body, "You have a password now.");
}

static tw_err cmd_change(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_jsonp) json_t *body = json_object();

	TW_TRY(put_old(t, a, body));
	TW_TRY(put_new(t, a, body));
	return change(t, a, body, "Your password is changed.");
}

static tw_err cmd_remove(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_jsonp) json_t *body = json_object();

	TW_TRY(put_old(t, a, body));
	return change(t, a, body, "You have no password any more.");
}

static tw_err cmd_give(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_session_done) struct tw_session s = { 0 };
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *body = json_object();
	char path[PATH_SIZE];
	const struct tw_call call = { .method = "PUT", .path = path, .body = body };
	const char *account = a->rest[0];

	if (account[0] != 'a' || !account[1] || strlen(account) > 24 || account[1 + strspn(account + 1, "0123456789")])
		return tw_fail(t, TW_EXIT_USAGE, "thingward device accounts list",
			TW_RAISE(SYNTAX, "'%.40s' is no account's id, which is like a17", account));
	(void)snprintf(path, sizeof path, "/api/v1/passwords/%s", account);
	tw_answer_init(&answer, t->sys);
	TW_TRY(tw_session_open(t, a, &s));
	TW_TRY(put_new(t, a, body));
	TW_TRY(tw_session_call(t, s.client, &call, &answer));
	return tw_print(t, "%s has this password now, and has to choose another at the next login. Its sessions have ended.\n", account);
}

/* What a file holds is often made by a program; it is no passphrase of a person's. */
static tw_err cmd_secret(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_session_done) struct tw_session s = { 0 };
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *body = json_object();
	const struct tw_passphrase_ask ask = {
		.file = tw_arg(a, "secret-file"), .prompt = "Secret shared with the server", .option = "--secret-file", .twice = true
	};
	const struct tw_call call = { .method = "PUT", .path = "/api/v1/radius-secret", .body = body };

	tw_answer_init(&answer, t->sys);
	TW_TRY(tw_session_open(t, a, &s));
	TW_TRY(tw_passphrase_put(t, &ask, body, "secret"));
	TW_TRY(tw_session_call(t, s.client, &call, &answer));
	return tw_print(t, "The device shares this secret with the RADIUS server now.\n");
}

const struct tw_command tw_commands_device_password[] = {
	{ "device password set", "", 0, 0, set_options, cmd_set, "give yourself a first password" },
	{ "device password change", "", 0, 0, change_options, cmd_change, "change your password" },
	{ "device password remove", "", 0, 0, remove_options, cmd_remove, "have no password any more" },
	{ "device passwords set", "ACCOUNT", 1, 1, give_options, cmd_give, "give another's account a password, to be changed at the next login",
		"thingward device passwords set a17 --device kitchen --owner ./owner" },
	{ "device radius secret", "", 0, 0, secret_options, cmd_secret, "say which secret the device shares with the RADIUS server" },
	{},
};
