/* SPDX-License-Identifier: Apache-2.0 */
#include "service/firewall/off.h"

#include "base/mem.h"

#include <string.h>

#define LINK_NAME_MAX 15 /* the kernel's */

const char *const tw_off_radios[TW_OFF_RADIOS] = { "", "wlan", "bluetooth", "ultrawideband", "wimax", "wwan", "gps", "fm", "nfc" };

static const struct {
	const char *word;
	size_t size;
	enum tw_off_kind kind;
} kinds[] = { { "link:", 5, TW_OFF_LINK }, { "radio:", 6, TW_OFF_RADIO } };

static bool is_name(struct tw_slice s)
{
	for (size_t i = 0; i < s.size; i++) {
		const char c = s.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'))
			return false;
	}
	return true;
}

static tw_err check_link(const struct tw_off_word *w)
{
	if (w->name.size > LINK_NAME_MAX || (!w->name.size && !w->any) || !is_name(w->name))
		return TW_RAISE(SYNTAX, "'link:" TW_SLICE_FMT "' is no name of a link", TW_SLICE_ARG(w->name));
	if (!w->any && tw_slice_is(w->name, "lo"))
		return TW_RAISE(DENIED, "lo is the device's way to itself, and is never off");
	return TW_OK;
}

static tw_err check_radio(const struct tw_off_word *w)
{
	if (w->any && !w->name.size)
		return TW_OK;
	for (size_t i = 1; !w->any && i < TW_OFF_RADIOS; i++)
		if (tw_slice_is(w->name, tw_off_radios[i]))
			return TW_OK;
	return TW_RAISE(SYNTAX, "a radio is wlan, bluetooth, ultrawideband, wimax, wwan, gps, fm, nfc or *, not '%.*s'",
		(int)(w->name.size < 40 ? w->name.size : 40), w->name.at);
}

static tw_err read_word(struct tw_slice s, struct tw_off_word *ret)
{
	for (size_t i = 0; i < TW_COUNT(kinds); i++) {
		if (s.size < kinds[i].size || memcmp(s.at, kinds[i].word, kinds[i].size) != 0)
			continue;
		ret->kind = kinds[i].kind;
		ret->name = (struct tw_slice){ s.at + kinds[i].size, s.size - kinds[i].size };
		ret->any = ret->name.size && ret->name.at[ret->name.size - 1] == '*';
		ret->name.size -= ret->any;
		return ret->kind == TW_OFF_LINK ? check_link(ret) : check_radio(ret);
	}
	return TW_RAISE(SYNTAX, "'%.*s' is not link:NAME or radio:NAME", (int)(s.size < 40 ? s.size : 40), s.at);
}

tw_err tw_off_read(struct tw_slice text, struct tw_off *ret)
{
	ret->count = 0;
	while (text.size) {
		const char *blank = memchr(text.at, ' ', text.size);
		const struct tw_slice word = { text.at, blank ? (size_t)(blank - text.at) : text.size };

		if (ret->count == TW_OFF_MAX)
			return TW_RAISE(LIMIT, "more than %d interfaces", TW_OFF_MAX);
		TW_TRY(read_word(word, &ret->words[ret->count++]));
		text = (struct tw_slice){ text.at + word.size, text.size - word.size };
		if (blank && text.size == 1)
			return TW_RAISE(SYNTAX, "a blank behind the last interface");
		if (blank)
			text = (struct tw_slice){ text.at + 1, text.size - 1 };
	}
	return TW_OK;
}

bool tw_off_has(const struct tw_off *o, enum tw_off_kind kind, const char *name)
{
	const size_t size = strlen(name);

	for (size_t i = 0; i < o->count; i++) {
		const struct tw_off_word *w = &o->words[i];

		if (w->kind == kind && (w->any ? size >= w->name.size : size == w->name.size) &&
			(w->name.size == 0 || memcmp(w->name.at, name, w->name.size) == 0))
			return true;
	}
	return false;
}
