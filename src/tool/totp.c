/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward device totp`: one's own authenticator. Its secret is drawn on the terminal as a QR code, beside an output that may be a file, and
 * goes into the output only for whoever asks for it.
 */
#include "tool/label-draw.h"
#include "tool/login.h"
#include "tool/passphrase.h"
#include "tool/terminal.h"

#define AUTHENTICATOR "/api/v1/authenticator"
#define PICTURE_MAX 65536

#define PLACES                                                                                             \
	{ "device", "NAME|HOST:PORT", true, "the device, as your directory names it, or by its address" }, \
	{                                                                                                  \
		"owner", "DIR", true, "your directory"                                                     \
	}
#define CODE                                                                                                                     \
	{                                                                                                                        \
		"code-file", "FILE", false, "its only line is the code, - is standard input; without this the terminal is asked" \
	}
static const struct tw_option enrol_options[] = {
	PLACES,
	{ "replace", NULL, false,
		"an authenticator is there already; its code is asked for first, and it counts until the new one is confirmed" },
	CODE,
	{ "uri", NULL, false, "print the secret as an otpauth URI, and confirm later; whoever reads it can make your codes" },
	{},
};
static const struct tw_option code_options[] = { PLACES, CODE, {} };

static tw_err put_code(struct tw_tool *t, const char *file, const char *prompt, json_t *body)
{
	const struct tw_passphrase_ask ask = { .file = file, .prompt = prompt, .option = "--code-file" };

	return tw_passphrase_put(t, &ask, body, "code");
}

static tw_err send_code(struct tw_tool *t, const struct tw_session *s, const struct tw_call *call)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	tw_answer_init(&answer, t->sys);
	return tw_session_call(t, s->client, call, &answer);
}

static tw_err confirm(struct tw_tool *t, const struct tw_session *s, const char *file)
{
	TW_CLEANUP(tw_jsonp) json_t *body = json_object();
	const struct tw_call call = { .method = "PUT", .path = AUTHENTICATOR, .body = body };

	TW_TRY(put_code(t, file, "The code that it shows", body));
	TW_TRY(send_code(t, s, &call));
	return tw_print(t, "From now on your logins by password need a code of this authenticator.\n");
}

/* --- Enrolling --- */

static tw_err ask_secret(struct tw_tool *t, const struct tw_args *a, const struct tw_session *s, struct tw_answer *answer)
{
	TW_CLEANUP(tw_jsonp) json_t *body = json_object();
	const struct tw_call call = { .method = "POST", .path = AUTHENTICATOR, .body = body };

	if (tw_arg(a, "replace"))
		TW_TRY(put_code(t, tw_arg(a, "code-file"), "Code of the authenticator that is there", body));
	tw_err e = tw_session_call(t, s->client, &call, answer);
	if (tw_failed(e) && !tw_arg(a, "replace") && !strcmp(tw_json_text(answer->body, "rule"), "access.totp"))
		return tw_fail(t, TW_EXIT_REFUSED, "the command with --replace: an authenticator is there, and a code of it is wanted", e);
	TW_TRY(e);
	return *tw_json_text(answer->body, "uri") ? TW_OK : TW_RAISE(SYNTAX, "the device's answer holds no authenticator");
}

static tw_err draw(struct tw_tool *t, const char *uri)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf picture = { 0 };

	tw_buf_init(&picture, t->sys, PICTURE_MAX);
	TW_TRY(tw_buf_reserve(&picture, PICTURE_MAX));
	TW_TRY(tw_buf_text(&picture, "\nScan this with your authenticator app. It is a secret: who sees it can make your codes.\n\n"));
	TW_TRY(tw_label_terminal(uri, &picture));
	TW_TRY(tw_buf_text(&picture, "\n"));
	return tw_terminal_show(t->sys, tw_buf_slice(&picture));
}

static tw_err cmd_enrol(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_session_done) struct tw_session s = { 0 };
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	bool prints = tw_arg(a, "uri") != NULL;

	tw_answer_init(&answer, t->sys);
	TW_TRY(tw_session_open(t, a, &s));
	if (!prints && tw_failed(tw_terminal_show(t->sys, TW_SLICE(""))))
		return tw_fail(t, TW_EXIT_USAGE, "--uri, and then thingward device totp confirm",
			TW_RAISE(NOTFOUND, "there is no terminal to draw the QR code on"));
	TW_TRY(ask_secret(t, a, &s, &answer));
	if (!prints) {
		TW_TRY(draw(t, tw_json_text(answer.body, "uri")));
		return confirm(t, &s, NULL);
	}
	TW_TRY(tw_print_value(t, answer.body));
	tw_progress(t, "This is a secret: whoever reads it can make your codes.\nIt counts after: thingward device totp confirm");
	return TW_OK;
}

/* --- The rest --- */

static tw_err cmd_confirm(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_session_done) struct tw_session s = { 0 };

	TW_TRY(tw_session_open(t, a, &s));
	return confirm(t, &s, tw_arg(a, "code-file"));
}

static tw_err cmd_remove(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_session_done) struct tw_session s = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *body = json_object();
	const struct tw_call call = { .method = "POST", .path = AUTHENTICATOR "/removal", .body = body };

	TW_TRY(tw_session_open(t, a, &s));
	TW_TRY(put_code(t, tw_arg(a, "code-file"), "Code of the authenticator that is there", body));
	TW_TRY(send_code(t, &s, &call));
	return tw_print(t, "Your authenticator is asked for no more.\n");
}

const struct tw_command tw_commands_device_totp[] = {
	{ "device totp enrol", "", 0, 0, enrol_options, cmd_enrol, "give your authenticator app a secret, as a QR code, and confirm it" },
	{ "device totp confirm", "", 0, 0, code_options, cmd_confirm, "confirm the authenticator that you enrolled by its first code" },
	{ "device totp remove", "", 0, 0, code_options, cmd_remove, "be asked for no codes of your authenticator any more" },
	{},
};
