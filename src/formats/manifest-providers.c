/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The product's providers, as the manifest has them: who they are is signed, so that nobody on the device can put another program in the
 * place of a reader than one that runs as the user whom the manufacturer named.
 */
#include "base/text.h"
#include "formats/manifest-inside.h"

#include <string.h>

const char *const tw_manifest_provider_kinds[TW_MANIFEST_PROVIDER_KINDS] = {
	[TW_MANIFEST_BIOMETRIC] = "biometric",
	[TW_MANIFEST_AUTH_PLUGIN] = "auth-plugin",
	[TW_MANIFEST_BUTTON] = "button",
	[TW_MANIFEST_DISPLAY] = "display",
	[TW_MANIFEST_LINK] = "link",
	[TW_MANIFEST_SERVICES] = "services",
};

/* One lower case word, with hyphens inside. */
static bool is_name(const char *text)
{
	const size_t size = strlen(text);

	return text[0] >= 'a' && text[0] <= 'z' && text[size - 1] != '-' && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == size;
}

/* Names of services, one blank between. */
static bool is_words(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@-";

	for (;;) {
		const size_t size = strspn(text, letters);

		if (!size || (text[size] && text[size] != ' '))
			return false;
		if (!text[size])
			return true;
		text += size + 1;
	}
}

static tw_err kind_read(const char *word, enum tw_manifest_provider_kind *ret)
{
	for (size_t i = 0; i < TW_MANIFEST_PROVIDER_KINDS; i++) {
		if (strcmp(word, tw_manifest_provider_kinds[i]) == 0) {
			*ret = (enum tw_manifest_provider_kind)i;
			return TW_OK;
		}
	}
	return TW_RAISE(SYNTAX, "'%s' is no kind of provider", word);
}

static tw_err provider_read(const json_t *o, struct tw_manifest_provider *p)
{
	static const struct tw_shape shape[] = { { "name", TW_JSON_TEXT, true, 1, TW_MANIFEST_PROVIDER_NAME_MAX },
		{ "help", TW_JSON_TEXT, true, 1, TW_MANIFEST_HELP_MAX }, { "kind", TW_JSON_TEXT, true, 1, 16 },
		{ "uid", TW_JSON_INT, true, 1, UINT32_MAX - 1 }, { "keeps", TW_JSON_TEXT, false, 1, TW_MANIFEST_KEEPS_MAX }, { 0 } };

	TW_TRY(tw_json_check(o, shape));
	p->name = tw_json_text(o, "name");
	p->help = tw_json_text(o, "help");
	p->uid = (uint32_t)tw_json_int(o, "uid");
	if (!is_name(p->name))
		return TW_RAISE(SYNTAX, "'%s' is not a name of a provider: a lower case word", p->name);
	if (!tw_text_printable(tw_slice_of(p->help)))
		return TW_RAISE(SYNTAX, "%s: its help has characters that cannot be printed", p->name);
	TW_TRY(kind_read(tw_json_text(o, "kind"), &p->kind));
	p->keeps = tw_json_text(o, "keeps");
	if (*p->keeps && (p->kind != TW_MANIFEST_SERVICES || !is_words(p->keeps)))
		return TW_RAISE(SYNTAX,
			"%s: keeps has names of services, one blank between, and only a provider of services has it", p->name);
	return TW_OK;
}

/* Button, display, link or services: the device knows by its user alone whose word it hears. */
static const char *is_alone(const struct tw_manifest_provider *a, const struct tw_manifest_provider *b)
{
	if (a->kind == TW_MANIFEST_DISPLAY || b->kind == TW_MANIFEST_DISPLAY)
		return "display";
	if (a->kind == TW_MANIFEST_LINK || b->kind == TW_MANIFEST_LINK)
		return "link";
	if (a->kind == TW_MANIFEST_SERVICES || b->kind == TW_MANIFEST_SERVICES)
		return "services provider";
	return a->kind != b->kind && (a->kind == TW_MANIFEST_BUTTON || b->kind == TW_MANIFEST_BUTTON) ? "button" : NULL;
}

static tw_err check_pair(const struct tw_manifest_provider *a, const struct tw_manifest_provider *b)
{
	if (strcmp(a->name, b->name) == 0)
		return TW_RAISE(SYNTAX, "provider %s is there twice", a->name);
	if (a->kind == TW_MANIFEST_SERVICES && b->kind == TW_MANIFEST_SERVICES)
		return TW_RAISE(SYNTAX, "%s and %s both are of services; there is one service manager", a->name, b->name);
	if (a->uid == b->uid && is_alone(a, b))
		return TW_RAISE(SYNTAX, "%s and %s run as one user; a %s has one of its own", a->name, b->name, is_alone(a, b));
	return TW_OK;
}

tw_err tw_manifest_providers_read(const json_t *list, struct tw_manifest_provider *ret, size_t *ret_count)
{
	const size_t count = json_array_size(list);

	if (count > TW_MANIFEST_PROVIDERS)
		return TW_RAISE(LIMIT, "%zu providers of the product, limit %d", count, TW_MANIFEST_PROVIDERS);
	for (size_t i = 0; i < count; i++) {
		TW_TRY(provider_read(json_array_get(list, i), &ret[i]));
		for (size_t j = 0; j < i; j++)
			TW_TRY(check_pair(&ret[i], &ret[j]));
	}
	*ret_count = count;
	return TW_OK;
}
