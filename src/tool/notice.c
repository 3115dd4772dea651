/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The use notice is shown whole before anybody is asked for it, and only the words of a person, or of a script that names the digest of
 * what somebody has read, accept it. OpenSSL asks at the terminal itself, so that neither input nor output may be piped past it.
 */
#include "tool/notice.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "tool/session.h"

#include <fcntl.h>
#include <openssl/ui.h>

#define ANSWER_SIZE 16

bool tw_notice_stops(const struct tw_answer *a)
{
	return a->status == 409 && json_is_object(a->body) && !strcmp(tw_json_text(a->body, "rule"), "LA.SUN.3");
}

tw_err tw_notice_digest(const struct tw_sys *sys, const char *text, char ret[TW_NOTICE_DIGEST + 1])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	uint8_t digest[32];

	tw_buf_init(&hex, sys, TW_NOTICE_DIGEST);
	TW_TRY(tw_sha256(text, strlen(text), digest));
	TW_TRY(tw_buf_hex(&hex, digest, sizeof digest));
	(void)snprintf(ret, TW_NOTICE_DIGEST + 1, "%s", tw_buf_cstr(&hex));
	return TW_OK;
}

static tw_err not_accepted(struct tw_tool *t, const char *digest, const char *why)
{
	char hint[160];

	(void)snprintf(hint, sizeof hint, "read it above; a script accepts it with --accept-notice %s", digest);
	return tw_fail(t, TW_EXIT_REFUSED, hint, TW_RAISE(DENIED, "the device's use notice was not accepted: %s", why));
}

static tw_err ask(struct tw_tool *t, const char *digest)
{
	char typed[ANSWER_SIZE] = "";
	int tty = t->sys->open_path(t->sys, "/dev/tty", O_RDWR | O_NOCTTY, 0);
	UI *ui;

	if (tty < 0)
		return not_accepted(t, digest, "there is no terminal to ask at");
	(void)t->sys->close(t->sys, tty);
	ui = UI_new();
	if (!ui)
		return TW_RAISE(NOMEM, "a question");
	bool asked = UI_add_input_string(ui, "Type yes to accept this notice: ", UI_INPUT_FLAG_ECHO, typed, 0, ANSWER_SIZE - 1) > 0 &&
		UI_process(ui) == 0;
	UI_free(ui);
	return asked && !strcmp(typed, "yes") ? TW_OK : not_accepted(t, digest, "yes was not typed");
}

/* "": there is none. */
static tw_err agree(struct tw_tool *t, tw_client *c, char ret_digest[TW_NOTICE_DIGEST + 1])
{
	TW_CLEANUP(tw_answer_done) struct tw_answer notice = { 0 };
	const struct tw_call read = { .method = "GET", .path = "/api/v1/notice" };

	ret_digest[0] = '\0';
	tw_answer_init(&notice, t->sys);
	TW_TRY(tw_session_call_once(t, c, &read, &notice));
	const char *text = tw_json_text(notice.body, "text");
	if (!*text)
		return TW_OK;
	TW_TRY(tw_notice_digest(t->sys, text, ret_digest)); /* of what is shown, whatever the device says it is */
	TW_TRY(tw_show(t, "Before you go on, this device asks you to read and accept:\n"));
	TW_TRY(tw_show(t, text));
	if (t->accept_notice && strcmp(t->accept_notice, ret_digest) != 0)
		return not_accepted(t, ret_digest, "it is another one than --accept-notice names");
	return t->accept_notice ? TW_OK : ask(t, ret_digest);
}

bool tw_notice_in_body(const struct tw_call *c)
{
	static const char *const openers[] = { "/api/v1/logins", "/api/v1/sessions", "/api/v1/shared-sessions" };
	bool opens = false;

	for (size_t i = 0; i < TW_COUNT(openers); i++)
		opens = opens || (c->body && !strcmp(c->path, openers[i]));
	return opens && !strcmp(c->method, "POST");
}

tw_err tw_notice_agree_in(struct tw_tool *t, tw_client *c, json_t *body)
{
	char digest[TW_NOTICE_DIGEST + 1];

	TW_TRY(agree(t, c, digest));
	return digest[0] ? tw_json_set(body, "notice", json_string(digest)) : TW_OK;
}

tw_err tw_notice_accept(struct tw_tool *t, tw_client *c)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer accepted = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *body = NULL;
	struct tw_call accept = { .method = "POST", .path = "/api/v1/notice-acceptances" };
	char digest[TW_NOTICE_DIGEST + 1];

	tw_answer_init(&accepted, t->sys);
	TW_TRY(agree(t, c, digest));
	if (!digest[0])
		return TW_OK; /* withdrawn meanwhile */
	body = json_pack("{s:s}", "notice", digest);
	if (!body)
		return TW_RAISE(NOMEM, "a request");
	accept.body = body;
	return tw_session_call_once(t, c, &accept, &accepted);
}
