/* SPDX-License-Identifier: Apache-2.0 */
#include "service/firewall/off.h"

#include "base/mem.h"

#include <string.h>

#define LINK_NAME_MAX 15 /* the kernel's */
#define NAME_MAX_SIZE 63
#define MODEL 9 /* "0781:5567" */

const char *const tw_off_radios[TW_OFF_RADIOS] = { "", "wlan", "bluetooth", "ultrawideband", "wimax", "wwan", "gps", "fm", "nfc" };

const char *const tw_off_kinds[TW_OFF_KINDS] = { "link", "radio", "usb", "serial", "camera", "microphone", "component", "service" };

/* What an interface of USB is, by the numbers of its specification. */
static const struct {
	const char *word;
	int number;
} classes[] = { { "audio", 0x01 }, { "communication", 0x02 }, { "hid", 0x03 }, { "image", 0x06 }, { "printer", 0x07 },
	{ "storage", 0x08 }, { "hub", 0x09 }, { "smartcard", 0x0b }, { "video", 0x0e }, { "wireless", 0xe0 }, { "vendor", 0xff } };

static bool is_name(struct tw_slice s)
{
	for (size_t i = 0; i < s.size; i++) {
		const char c = s.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'))
			return false;
	}
	return true;
}

static tw_err check_link(struct tw_off_word *w)
{
	if (w->name.size > LINK_NAME_MAX || (!w->name.size && !w->any) || !is_name(w->name))
		return TW_RAISE(SYNTAX, "'link:" TW_SLICE_FMT "' is no name of a link", TW_SLICE_ARG(w->name));
	if (!w->any && tw_slice_is(w->name, "lo"))
		return TW_RAISE(DENIED, "lo is the device's way to itself, and is never off");
	return TW_OK;
}

static tw_err check_radio(struct tw_off_word *w)
{
	if (w->any && !w->name.size)
		return TW_OK;
	for (size_t i = 1; !w->any && i < TW_OFF_RADIOS; i++)
		if (tw_slice_is(w->name, tw_off_radios[i]))
			return TW_OK;
	return TW_RAISE(SYNTAX, "a radio is wlan, bluetooth, ultrawideband, wimax, wwan, gps, fm, nfc or *, not '%.*s'",
		(int)(w->name.size < 40 ? w->name.size : 40), w->name.at);
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Of just so many digits, as the kernel writes it; -1: it is none. */
static int hex(struct tw_slice s, size_t digits)
{
	int n = 0;

	if (s.size != digits)
		return -1;
	for (size_t i = 0; i < s.size; i++) {
		const int d = digit(s.at[i]);

		if (d < 0)
			return -1;
		n = n * 16 + d;
	}
	return n;
}

static int class_of(struct tw_slice s)
{
	for (size_t i = 0; i < TW_COUNT(classes); i++)
		if (tw_slice_is(s, classes[i].word))
			return classes[i].number;
	return hex(s, 2);
}

static bool read_model(struct tw_off_word *w)
{
	const struct tw_slice s = w->name;

	if (s.size < MODEL || s.at[4] != ':')
		return false;
	const int vendor = hex((struct tw_slice){ s.at, 4 }, 4), product = hex((struct tw_slice){ s.at + 5, 4 }, 4);

	if (vendor < 0 || product < 0)
		return false;
	w->is_model = true;
	w->vendor = (uint16_t)vendor;
	w->product = (uint16_t)product;
	if (s.size == MODEL)
		return true;
	w->serial = (struct tw_slice){ s.at + MODEL + 1, s.size - MODEL - 1 };
	return s.at[MODEL] == ':' && w->serial.size && w->serial.size <= NAME_MAX_SIZE && is_name(w->serial);
}

static tw_err check_usb(struct tw_off_word *w)
{
	if (w->any && !w->name.size)
		return TW_OK;
	if (w->any || (!read_model(w) && (w->usb_class = class_of(w->name)) < 0))
		return TW_RAISE(SYNTAX,
			"'usb:%.*s' is not usb:*, usb:CLASS, usb:VVVV:PPPP or usb:VVVV:PPPP:SERIAL; a class is storage, hid, audio, video, "
			"communication, image, printer, hub, smartcard, wireless, vendor, or two digits as in 08",
			(int)(w->name.size < 40 ? w->name.size : 40), w->name.at);
	return TW_OK;
}

static tw_err check_device(struct tw_off_word *w)
{
	if (w->name.size > NAME_MAX_SIZE || (!w->name.size && !w->any) || !is_name(w->name))
		return TW_RAISE(SYNTAX, "'" TW_SLICE_FMT "' is no name of a %s", TW_SLICE_ARG(w->text), tw_off_kinds[w->kind]);
	return TW_OK;
}

/* "platform/vivid.0", "pci/0000:00:1b.0", "usb/1-1:1.0": two names, of which neither leads elsewhere. */
static tw_err check_component(struct tw_off_word *w)
{
	const char *slash = memchr(w->name.at, '/', w->name.size);
	const size_t bus = slash ? (size_t)(slash - w->name.at) : 0;
	struct tw_slice rest = { w->name.at + bus + 1, slash ? w->name.size - bus - 1 : 0 };
	bool good = bus && w->name.size <= NAME_MAX_SIZE && is_name((struct tw_slice){ w->name.at, bus }) && w->name.at[0] != '.' &&
		(rest.size ? rest.at[0] != '.' : w->any);

	while (good && rest.size) {
		const char *colon = memchr(rest.at, ':', rest.size);
		const size_t size = colon ? (size_t)(colon - rest.at) : rest.size;

		good = is_name((struct tw_slice){ rest.at, size });
		rest = (struct tw_slice){ rest.at + size + (colon != NULL), rest.size - size - (colon != NULL) };
	}
	return good ? TW_OK
		    : TW_RAISE(SYNTAX, "'%.*s' is not component:BUS/DEVICE", (int)(w->text.size < 60 ? w->text.size : 60), w->text.at);
}

/* Of the device's own, and what every other service needs: a list with these could not be taken back. */
static bool is_needed(struct tw_slice name)
{
	static const char *const beginnings[] = { "thingward", "systemd-", "dbus", "init" };

	for (size_t i = 0; i < TW_COUNT(beginnings); i++) {
		const size_t size = strlen(beginnings[i]);

		if (name.size >= size && memcmp(name.at, beginnings[i], size) == 0)
			return true;
	}
	return false;
}

/* "ssh", "getty@tty1": it becomes an argument of a program, so that it begins with a letter or digit. Never several: of these nobody sees which. */
static tw_err check_service(struct tw_off_word *w)
{
	const char *at = memchr(w->name.at, '@', w->name.size);
	const struct tw_slice first = { w->name.at, at ? (size_t)(at - w->name.at) : w->name.size };
	const struct tw_slice rest = { first.at + first.size + (at != NULL), w->name.size - first.size - (at != NULL) };

	if (w->any || !first.size || w->name.size > NAME_MAX_SIZE || !is_name(first) || !is_name(rest) || strchr(".-_", first.at[0]))
		return TW_RAISE(SYNTAX, "'%.*s' is no name of a service", (int)(w->text.size < 60 ? w->text.size : 60), w->text.at);
	if (is_needed(w->name))
		return TW_RAISE(DENIED, "interfaces.service-needed: " TW_SLICE_FMT " is what the device itself lives by, and is never off",
			TW_SLICE_ARG(w->name));
	return TW_OK;
}

static tw_err (*const checks[TW_OFF_KINDS])(struct tw_off_word *) = { check_link, check_radio, check_usb, check_device,
	check_device, check_device, check_component, check_service };

static tw_err read_word(struct tw_slice s, struct tw_off_word *ret)
{
	for (size_t i = 0; i < TW_OFF_KINDS; i++) {
		const size_t size = strlen(tw_off_kinds[i]);

		if (s.size <= size || memcmp(s.at, tw_off_kinds[i], size) != 0 || s.at[size] != ':')
			continue;
		*ret = (struct tw_off_word){ .kind = (enum tw_off_kind)i, .text = s, .usb_class = -1 };
		ret->name = (struct tw_slice){ s.at + size + 1, s.size - size - 1 };
		ret->any = ret->name.size && ret->name.at[ret->name.size - 1] == '*';
		ret->name.size -= ret->any;
		return checks[i](ret);
	}
	return TW_RAISE(SYNTAX,
		"'%.*s' is not link:NAME, radio:TYPE, usb:WHAT, serial:NAME, camera:NAME, microphone:NAME, component:BUS/DEVICE or service:NAME",
		(int)(s.size < 40 ? s.size : 40), s.at);
}

tw_err tw_off_next(struct tw_slice *text, struct tw_slice *ret)
{
	const char *blank = memchr(text->at, ' ', text->size);

	*ret = (struct tw_slice){ text->at, blank ? (size_t)(blank - text->at) : text->size };
	if (blank && ret->size + 1 == text->size)
		return TW_RAISE(SYNTAX, "a blank behind the last word");
	*text = (struct tw_slice){ text->at + ret->size + (blank != NULL), text->size - ret->size - (blank != NULL) };
	return TW_OK;
}

tw_err tw_off_read(struct tw_slice text, struct tw_off *ret)
{
	ret->count = 0;
	while (text.size) {
		struct tw_slice word;

		if (ret->count == TW_OFF_MAX)
			return TW_RAISE(LIMIT, "more than %d interfaces", TW_OFF_MAX);
		TW_TRY(tw_off_next(&text, &word));
		TW_TRY(read_word(word, &ret->words[ret->count++]));
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

bool tw_off_has_kind(const struct tw_off *o, enum tw_off_kind kind)
{
	for (size_t i = 0; i < o->count; i++)
		if (o->words[i].kind == kind)
			return true;
	return false;
}
