/* SPDX-License-Identifier: Apache-2.0 */
/* What --keystore says of a token: whatever is taken has ends within its fields, paths that begin at the root, and says the same of itself again. */
#include "crypto/token-words.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void text(const char *field, size_t size)
{
	size_t n = strnlen(field, size);

	if (n == size)
		abort();
	for (size_t i = 0; i < n; i++)
		if ((uint8_t)field[i] < ' ' || field[i] == 0x7f)
			abort();
}

static void place(const char *field, size_t size, bool wanted)
{
	text(field, size);
	if (*field ? *field != '/' : wanted)
		abort();
}

static void look(const struct tw_token_plan *p)
{
	place(p->path, sizeof p->path, true);
	place(p->files, sizeof p->files, false);
	place(p->reads, sizeof p->reads, false);
	text(p->label, sizeof p->label);
	text(p->serial, sizeof p->serial);
	text(p->env, sizeof p->env);
	if (p->fd != -1 || p->refused || p->doubt || p->pin)
		abort();
	if (p->kind == TW_TOKEN_PKCS11 ? p->is_socket || (!*p->label && !*p->serial) : *p->label || *p->serial || *p->env)
		abort();
	if (*p->env && (*p->env == '=' || !strchr(p->env, '=')))
		abort();
}

static void add(char *words, size_t size, const char *name, const char *value)
{
	size_t used = strlen(words);

	if (*value)
		(void)snprintf(words + used, size - used, ";%s=%s", name, value);
}

/* In the order of our own choice. */
static void write_words(const struct tw_token_plan *p, char *words, size_t size)
{
	if (p->kind == TW_TOKEN_TPM) {
		(void)snprintf(words, size, "%s%s", p->is_socket ? "tpm:swtpm:path=" : "tpm:device:", p->path);
		return;
	}
	(void)snprintf(words, size, "pkcs11:module=%s", p->path);
	add(words, size, "env", p->env);
	add(words, size, "reads", p->reads);
	add(words, size, "files", p->files);
	add(words, size, "serial", p->serial);
	add(words, size, "token", p->label);
}

static bool same(const struct tw_token_plan *a, const struct tw_token_plan *b)
{
	return a->kind == b->kind && a->is_socket == b->is_socket && !strcmp(a->path, b->path) && !strcmp(a->label, b->label) &&
		!strcmp(a->serial, b->serial) && !strcmp(a->files, b->files) && !strcmp(a->reads, b->reads) && !strcmp(a->env, b->env);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char words[TW_TOKEN_WORDS_MAX + 64], again[TW_TOKEN_WORDS_MAX + 64];
	struct tw_token_plan p, q;

	if (size >= sizeof words)
		return 0;
	memcpy(words, data, size);
	words[size] = '\0';
	memset(&p, 0xa5, sizeof p);
	if (tw_failed(tw_token_parse(words, &p)))
		return 0;
	if (!tw_token_is(words))
		abort();
	look(&p);
	write_words(&p, again, sizeof again);
	if (strlen(again) <= TW_TOKEN_WORDS_MAX && (tw_failed(tw_token_parse(again, &q)) || !same(&p, &q)))
		abort();
	return 0;
}
