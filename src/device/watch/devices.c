/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices that are ways in or out, as the kernel's tree has them by class. Which driver one has stands in its device's uevent.
 */
#include "device/watch/look.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>

#define DEVICES_MAX 128 /* of one class */

struct found {
	const struct tw_watch_look *l;
	const struct row *row;
	const char *name;
	char what[2 * TW_WATCH_TEXT], driver[TW_WATCH_TEXT], address[2 * TW_WATCH_TEXT], state[TW_WATCH_TEXT];
};
struct row {
	enum tw_watch_kind kind;
	const char *directory;
	bool (*fill)(struct found *f); /* false: it is none */
};
struct walk {
	const struct tw_watch_look *l;
	const struct row *row;
	size_t count;
	tw_err result;
};

static void text(struct found *f, const char *file, char ret[TW_WATCH_TEXT])
{
	tw_watch_text(f->l, ret, "%s/%s/%s", f->row->directory, f->name, file);
}

/* Of the device itself, or of the one that it is on. */
static void driver(struct found *f, const char *device)
{
	tw_watch_value(f->l, "DRIVER", f->driver, "%s/%s/%s/uevent", f->row->directory, f->name, device);
}

static bool is_numbered(const char *name, const char *word)
{
	const size_t size = strlen(word);

	return strncmp(name, word, size) == 0 && isdigit((unsigned char)name[size]);
}

static void pair(struct found *f, const char *vendor, const char *product)
{
	char a[TW_WATCH_TEXT], b[TW_WATCH_TEXT];

	text(f, vendor, a);
	text(f, product, b);
	if (a[0] && b[0])
		(void)snprintf(f->address, sizeof f->address, "%.16s:%.16s", a, b);
}

static bool fill_radio(struct found *f)
{
	char soft[TW_WATCH_TEXT], hard[TW_WATCH_TEXT], phy[TW_WATCH_TEXT];

	text(f, "type", f->what);
	text(f, "name", phy);
	(void)snprintf(f->address, sizeof f->address, "%s", phy);
	text(f, "soft", soft);
	text(f, "hard", hard);
	driver(f, "device/device");
	(void)snprintf(f->state, sizeof f->state, "%s", hard[0] == '1' ? "switched off" : soft[0] == '1' ? "blocked" : "on");
	return true;
}

static bool fill_bluetooth(struct found *f)
{
	driver(f, "device");
	(void)snprintf(f->what, sizeof f->what, "controller");
	return is_numbered(f->name, "hci") && !strchr(f->name, ':');
}

/* What is plugged in, not its interfaces, nor the hubs that are part of the device. */
static bool fill_usb(struct found *f)
{
	char maker[TW_WATCH_TEXT], product[TW_WATCH_TEXT], authorized[TW_WATCH_TEXT];

	if (strchr(f->name, ':') || strncmp(f->name, "usb", 3) == 0)
		return false;
	text(f, "manufacturer", maker);
	text(f, "product", product);
	text(f, "authorized", authorized);
	(void)snprintf(f->what, sizeof f->what, "%.60s%s%.60s", maker, maker[0] && product[0] ? " " : "", product);
	pair(f, "idVendor", "idProduct");
	tw_watch_value(f->l, "DRIVER", f->driver, "%s/%s/uevent", f->row->directory, f->name);
	(void)snprintf(f->state, sizeof f->state, "%s", authorized[0] == '0' ? "not authorized" : "authorized");
	return true;
}

/* A line that is wired: one that has a device, and, of those that the kernel keeps ready, a chip behind it. */
static bool fill_serial(struct found *f)
{
	char type[TW_WATCH_TEXT];

	driver(f, "device");
	if (strcmp(f->driver, "port") == 0) /* newer kernels put a device of their own in between */
		driver(f, "device/../..");
	text(f, "type", type);
	(void)snprintf(f->what, sizeof f->what, "serial line");
	return f->driver[0] && strcmp(type, "0") != 0;
}

static bool fill_camera(struct found *f)
{
	text(f, "name", f->what);
	driver(f, "device");
	return is_numbered(f->name, "video");
}

/* What records sound: a capture stream ends with c. */
static bool fill_microphone(struct found *f)
{
	const size_t size = strlen(f->name);

	text(f, "device/id", f->what);
	driver(f, "device/device");
	return size > 4 && strncmp(f->name, "pcmC", 4) == 0 && f->name[size - 1] == 'c';
}

static bool fill_input(struct found *f)
{
	text(f, "name", f->what);
	pair(f, "id/vendor", "id/product");
	driver(f, "device");
	return is_numbered(f->name, "input");
}

/* Disks and cards; not what is made of memory or of files. */
static bool fill_storage(struct found *f)
{
	char removable[TW_WATCH_TEXT], device[TW_WATCH_TEXT];

	text(f, "removable", removable);
	text(f, "device/model", f->what);
	driver(f, "device");
	if (!f->driver[0])
		driver(f, "device/device");
	tw_watch_text(f->l, device, "%s/%s/device/uevent", f->row->directory, f->name);
	(void)snprintf(f->state, sizeof f->state, "%s", removable[0] == '1' ? "removable" : "built in");
	return f->driver[0] || device[0];
}

static tw_err add(struct found *f)
{
	f->what[TW_WATCH_WORDS_MAX] = '\0';
	return tw_watch_add(f->l,
		&(struct tw_watch_item){ f->row->kind, tw_slice_of(f->name), tw_slice_of(f->what), tw_slice_of(f->driver),
			tw_slice_of(f->address), tw_slice_of(f->state[0] ? f->state : "present") });
}

static bool visit(void *user, const char *name)
{
	struct walk *w = user;
	char plain[TW_WATCH_NAME_MAX + 1];
	struct found f = { .l = w->l, .row = w->row, .name = plain };

	tw_plain_text(tw_slice_of(name), plain, sizeof plain);
	if (!plain[0] || strcmp(plain, name) != 0 || !w->row->fill(&f))
		return true;
	w->result = w->count++ < DEVICES_MAX ? add(&f) : TW_RAISE(LIMIT, "more than %d in %s", DEVICES_MAX, w->row->directory);
	return !tw_failed(w->result);
}

tw_err tw_watch_look_devices(const struct tw_watch_look *l)
{
	static const struct row rows[] = {
		{ TW_WATCH_RADIO, "class/rfkill", fill_radio },
		{ TW_WATCH_BLUETOOTH, "class/bluetooth", fill_bluetooth },
		{ TW_WATCH_USB, "bus/usb/devices", fill_usb },
		{ TW_WATCH_SERIAL, "class/tty", fill_serial },
		{ TW_WATCH_CAMERA, "class/video4linux", fill_camera },
		{ TW_WATCH_MICROPHONE, "class/sound", fill_microphone },
		{ TW_WATCH_INPUT, "class/input", fill_input },
		{ TW_WATCH_STORAGE, "block", fill_storage },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct walk w = { .l = l, .row = &rows[i], .result = TW_OK };

		TW_TRY(tw_watch_names(l, rows[i].directory, visit, &w));
		TW_TRY(w.result);
	}
	return TW_OK;
}
