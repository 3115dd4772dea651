/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/passphrase.h"

#include "crypto/keyfile.h"
#include "tool/files.h"
#include "tool/terminal.h"

#include "base/text.h"

static tw_err check(struct tw_tool *t, const struct tw_passphrase_ask *ask, struct tw_slice text)
{
	if (!text.size || memchr(text.at, '\n', text.size) || memchr(text.at, '\0', text.size))
		return tw_fail(t, TW_EXIT_USAGE, "a file with the passphrase as its only line",
			TW_RAISE(SYNTAX, "%s: line %d: no secret of one line", ask->file ? ask->file : "the terminal", text.size ? 2 : 1));
	if (ask->fresh && text.size < TW_PASSPHRASE_MIN)
		return tw_fail(t, TW_EXIT_USAGE, "several words are easier to keep in mind, and longer",
			TW_RAISE(SYNTAX, "a passphrase of %zu characters; at least %d", text.size, TW_PASSPHRASE_MIN));
	return TW_OK;
}

static tw_err from_file(struct tw_tool *t, const struct tw_passphrase_ask *ask, tw_secret **ret)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };

	tw_buf_init(&b, t->sys, TW_PASSPHRASE_MAX + 2);
	TW_TRY(tw_buf_reserve(&b, TW_PASSPHRASE_MAX + 2));
	TW_TRY(!strcmp(ask->file, "-") ? tw_input_read(t->sys, TW_PASSPHRASE_MAX + 2, &b)
				       : tw_file_read(t->sys, ask->file, TW_PASSPHRASE_MAX + 2, &b));
	if (b.size && b.data[b.size - 1] == '\n')
		b.size--;
	if (b.size && b.data[b.size - 1] == '\r')
		b.size--;
	TW_TRY(check(t, ask, tw_buf_slice(&b)));
	return tw_secret_new(t->sys, b.data, b.size, ret);
}

static tw_err type(struct tw_tool *t, const struct tw_passphrase_ask *ask, const char *before, struct tw_buf *ret)
{
	char prompt[300], hint[96];

	(void)snprintf(hint, sizeof(hint), "%s FILE", ask->option);
	(void)snprintf(prompt, sizeof(prompt), "%s%.255s: ", before, ask->prompt);
	tw_buf_init(ret, t->sys, TW_TERMINAL_LINE_MAX);
	TW_TRY(tw_buf_reserve(ret, TW_TERMINAL_LINE_MAX));
	tw_err e = tw_terminal_secret(t->sys, prompt, ret);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return tw_fail(t, TW_EXIT_USAGE, hint, TW_RAISE(NOTFOUND, "%.200s: there is no terminal to ask at", ask->prompt));
	return e;
}

static bool same(const struct tw_buf *a, const struct tw_buf *b)
{
	return a->size == b->size && (!a->size || tw_equal_secret(a->data, b->data, a->size));
}

static tw_err from_terminal(struct tw_tool *t, const struct tw_passphrase_ask *ask, tw_secret **ret)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_buf_wipe) struct tw_buf again = { 0 };

	TW_TRY(type(t, ask, "", &text));
	if (ask->fresh || ask->twice)
		TW_TRY(type(t, ask, "Verifying - ", &again));
	if ((ask->fresh || ask->twice) && !same(&text, &again))
		return tw_fail(t, TW_EXIT_FAILED, "type it once more", TW_RAISE(SYNTAX, "not the same was typed twice"));
	TW_TRY(check(t, ask, tw_buf_slice(&text)));
	return tw_secret_new(t->sys, text.data, text.size, ret);
}

tw_err tw_passphrase_get(struct tw_tool *t, const struct tw_passphrase_ask *ask, tw_secret **ret)
{
	return ask->file ? from_file(t, ask, ret) : from_terminal(t, ask, ret);
}

tw_err tw_passphrase_put(struct tw_tool *t, const struct tw_passphrase_ask *ask, json_t *body, const char *key)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *secret = NULL;

	TW_TRY(tw_passphrase_get(t, ask, &secret));
	const struct tw_slice text = { (const char *)tw_secret_bytes(secret), tw_secret_size(secret) };
	if (!tw_utf8_valid(text))
		return tw_fail(t, TW_EXIT_USAGE, "text in UTF-8, as a terminal of today sends it",
			TW_RAISE(SYNTAX, "the secret is no text"));
	return tw_json_set(body, key, json_stringn(text.at, text.size));
}
