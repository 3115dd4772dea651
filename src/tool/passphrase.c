/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL asks at the terminal: it restores the echo also when Ctrl-C ends the question. */
#include "tool/passphrase.h"

#include "crypto/keyfile.h"
#include "tool/files.h"

#include "base/text.h"

#include <fcntl.h>
#include <openssl/ui.h>

static tw_err check(struct tw_tool *t, const struct tw_passphrase_ask *ask, struct tw_slice text)
{
	if (!text.size || memchr(text.at, '\n', text.size) || memchr(text.at, '\0', text.size))
		return tw_fail(t, TW_EXIT_USAGE, "a file with the passphrase as its only line",
			TW_RAISE(SYNTAX, "%s: line %d: no passphrase of one line", ask->file ? ask->file : "the terminal",
				text.size ? 2 : 1));
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
	TW_TRY(tw_file_read(t->sys, ask->file, TW_PASSPHRASE_MAX + 2, &b));
	if (b.size && b.data[b.size - 1] == '\n')
		b.size--;
	if (b.size && b.data[b.size - 1] == '\r')
		b.size--;
	TW_TRY(check(t, ask, tw_buf_slice(&b)));
	return tw_secret_new(t->sys, b.data, b.size, ret);
}

static tw_err from_terminal(struct tw_tool *t, const struct tw_passphrase_ask *ask, tw_secret **ret)
{
	char text[TW_PASSPHRASE_MAX], again[TW_PASSPHRASE_MAX], prompt[300], hint[96];
	int tty = t->sys->open_path(t->sys, "/dev/tty", O_RDWR | O_NOCTTY, 0);

	(void)snprintf(hint, sizeof(hint), "%s FILE", ask->option);
	if (tty < 0)
		return tw_fail(t, TW_EXIT_USAGE, hint, TW_RAISE(NOTFOUND, "%.200s: there is no terminal to ask at", ask->prompt));
	(void)t->sys->close(t->sys, tty);
	(void)snprintf(prompt, sizeof(prompt), "%.255s: ", ask->prompt);
	int r = UI_UTIL_read_pw(text, ask->fresh ? again : NULL, sizeof(text), prompt, ask->fresh);
	tw_err e = r ? tw_fail(t, TW_EXIT_FAILED, hint, TW_RAISE(SYNTAX, "no passphrase was typed, or not the same one twice"))
		     : check(t, ask, tw_slice_of(text));
	if (!tw_failed(e))
		e = tw_secret_new(t->sys, text, strlen(text), ret);
	tw_wipe(text, sizeof(text));
	tw_wipe(again, sizeof(again));
	return e;
}

tw_err tw_passphrase_get(struct tw_tool *t, const struct tw_passphrase_ask *ask, tw_secret **ret)
{
	return ask->file ? from_file(t, ask, ret) : from_terminal(t, ask, ret);
}
