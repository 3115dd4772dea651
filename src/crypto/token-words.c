/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/token-words.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define TPM "tpm:"
#define TPM_DEVICE "tpm:device:"
#define TPM_SOCKET "tpm:swtpm:path="
#define PKCS11 "pkcs11:"

bool tw_token_is(const char *words)
{
	return strncmp(words, TPM, sizeof TPM - 1) == 0 || strncmp(words, PKCS11, sizeof PKCS11 - 1) == 0;
}

static tw_err put(char *to, size_t size, const char *what, struct tw_slice value)
{
	if (*to)
		return TW_RAISE(SYNTAX, "keystore: %s stands twice", what);
	if (value.size == 0 || value.size >= size || !tw_text_printable(value))
		return TW_RAISE(SYNTAX, "keystore: %s has %zu bytes, and wants 1 to %zu printable ones", what, value.size, size - 1);
	memcpy(to, value.at, value.size);
	to[value.size] = '\0';
	return TW_OK;
}

static tw_err put_path(char *to, size_t size, const char *what, struct tw_slice value)
{
	TW_TRY(put(to, size, what, value));
	return *to == '/' ? TW_OK : TW_RAISE(SYNTAX, "keystore: %s wants a path that begins with /", what);
}

static tw_err put_word(struct tw_token_plan *p, struct tw_slice key, struct tw_slice value)
{
	const struct {
		const char *name;
		char *to;
		size_t size;
		bool path;
	} rows[] = { { "module", p->path, sizeof p->path, true }, { "token", p->label, sizeof p->label, false },
		{ "serial", p->serial, sizeof p->serial, false }, { "files", p->files, sizeof p->files, true },
		{ "reads", p->reads, sizeof p->reads, true }, { "env", p->env, sizeof p->env, false } };
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		if (tw_slice_is(key, rows[i].name))
			return (rows[i].path ? put_path : put)(rows[i].to, rows[i].size, rows[i].name, value);
	}
	return TW_RAISE(SYNTAX, "keystore: '" TW_SLICE_FMT "' is not one of module, token, serial, files, reads, env", TW_SLICE_ARG(key));
}

static tw_err parse_pkcs11(const char *at, struct tw_token_plan *p)
{
	while (*at) {
		size_t size = strcspn(at, ";"), key = strcspn(at, "=");
		if (key >= size)
			return TW_RAISE(SYNTAX, "keystore: '%.*s' wants KEY=VALUE", (int)size, at);
		TW_TRY(put_word(p, (struct tw_slice){ at, key }, (struct tw_slice){ at + key + 1, size - key - 1 }));
		at += size + (at[size] == ';' ? 1 : 0);
	}
	if (!*p->path || (!*p->label && !*p->serial))
		return TW_RAISE(SYNTAX, "keystore: pkcs11 wants module=PATH and token=LABEL or serial=S");
	if (*p->env && (!strchr(p->env, '=') || p->env[0] == '='))
		return TW_RAISE(SYNTAX, "keystore: env wants NAME=VALUE");
	return TW_OK;
}

tw_err tw_token_parse(const char *words, struct tw_token_plan *ret)
{
	struct tw_token_plan p = { .kind = TW_TOKEN_TPM, .fd = -1 };
	if (strlen(words) > TW_TOKEN_WORDS_MAX)
		return TW_RAISE(SYNTAX, "keystore: at most %d bytes are taken", TW_TOKEN_WORDS_MAX);
	if (strncmp(words, PKCS11, sizeof PKCS11 - 1) == 0) {
		p.kind = TW_TOKEN_PKCS11;
		TW_TRY(parse_pkcs11(words + sizeof PKCS11 - 1, &p));
	} else if (strncmp(words, TPM_DEVICE, sizeof TPM_DEVICE - 1) == 0) {
		TW_TRY(put_path(p.path, sizeof p.path, "tpm:device", tw_slice_of(words + sizeof TPM_DEVICE - 1)));
	} else if (strncmp(words, TPM_SOCKET, sizeof TPM_SOCKET - 1) == 0) {
		p.is_socket = true;
		TW_TRY(put_path(p.path, sizeof p.path, "tpm:swtpm:path", tw_slice_of(words + sizeof TPM_SOCKET - 1)));
	} else {
		return TW_RAISE(SYNTAX,
			"keystore: '%.40s' is not tpm:device:PATH, tpm:swtpm:path=PATH or pkcs11:module=PATH;token=LABEL", words);
	}
	*ret = p;
	return TW_OK;
}
